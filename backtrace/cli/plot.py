"""``backtrace plot``: loss, weights and any other quantity over the epochs."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backtrace.arguments import given_values, parts
from backtrace.cli.app import Ascii, Debug, Digits, Epochs, Force, Output, Round, Set, app, whole
from backtrace.cli.session import config_path, deliver, print_out, ready, recorded
from backtrace.errors import Fault, UsageError, visible
from backtrace.records import dataclass

if TYPE_CHECKING:
    from backtrace.curves import Plot
    from backtrace.graph import Graph
    from backtrace.render.plots import Look
    from backtrace.schedule import Keep
    from backtrace.trace import Trace

Configs = Annotated[
    list[str], typer.Argument(metavar="CONFIG...", help="configs such as configs/xor.yaml, or examples such as @mazur")
]
Show = Annotated[str, typer.Option("--show", metavar="KEYS", help="what to draw: loss, weights, 'W11,h*'")]
Rates = Annotated[str | None, typer.Option("--rates", metavar="LIST", help="one training each: 0.1,0.5,1")]
Log = Annotated[bool, typer.Option("--log", help="values on a logarithmic scale")]
LogX = Annotated[bool, typer.Option("--logx", help="epochs on a logarithmic scale")]
Height = Annotated[
    int, typer.Option("--height", metavar="N", parser=whole("--height", 4, 200), help="lines of curves on the terminal")
]
PlotFormat = Annotated[str | None, typer.Option("--format", metavar="F", help="text, csv, svg, png or pdf")]


@app.command()
def plot(
    configs: Configs,
    epochs: Epochs = None,
    show: Show = "loss",
    rates: Rates = None,
    log: Log = False,
    logx: LogX = False,
    set_: Set = None,
    round_: Round = None,
    height: Height = 15,
    digits: Digits = None,
    ascii_: Ascii = False,
    format_: PlotFormat = None,
    output: Output = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace plot configs/xor.yaml --epochs 1000 --log
             backtrace plot configs/example.yaml --epochs 200 --show weights
             backtrace plot configs/example.yaml --epochs 200 --rates 0.1,0.5,2 -o rates.svg

    Draw curves over the epochs: the loss, weights, or any quantity by its key. Several configs and several learning
    rates come into one plot. On the terminal nothing else is needed; svg, png and pdf are drawn by matplotlib.
    """
    from backtrace.render.formats import chosen
    from backtrace.render.matplot import require
    from backtrace.render.pictures import PLOTS, plot_pages
    from backtrace.render.plots import plot_lines

    ready(output, force)
    form = chosen(format_, output, PLOTS)
    if form.binary:
        require()
    drawn = _drawn(configs, parts(show) or ["loss"], rates, Training(epochs, tuple(set_ or ()), round_), log, logx)
    here = output is None
    look = _look(height, digits, round_, ascii_, here)
    if form.name == "text" and here:
        print_out(plot_lines(drawn, look))
    else:
        deliver(plot_pages(form, drawn, look), output, force)
    if drawn.lost:
        raise drawn.lost


@dataclass(frozen=True)
class Training:
    """What the command line says of every training."""

    epochs: int | None
    pairs: tuple[str, ...]
    round: str | None

    def __call__(self, graph: Graph, epochs: int, keep: Iterable[Keep], rate: float | None) -> Trace:
        """Train a graph, at another learning rate if one is given."""
        pairs = self.pairs if rate is None else (*self.pairs, f"learning_rate={rate!r}")
        return recorded(graph, epochs, keep, pairs, self.round)

    @property
    def fixes_rate(self) -> bool:
        """Whether --set gives a learning rate, so that a config's several ones are not drawn."""
        from backtrace.graph import RATE_NAMES

        return any(key in RATE_NAMES for key in given_values(self.pairs))


def _drawn(
    configs: Sequence[str], show: Sequence[str], rates: str | None, training: Training, log: bool, logx: bool
) -> Plot:
    """The configs trained, as curves."""
    from backtrace.curves import plot as plotted
    from backtrace.curves import runs
    from backtrace.loading import build_file

    graphs = [(config, build_file(config_path(config))) for config in configs]
    trainings = runs(graphs, _rates(rates), training.fixes_rate)
    return plotted(trainings, show, training.epochs, training, log, logx)


def _rates(listed: str | None) -> list[float]:
    """The learning rates of a list."""
    found: list[float] = []
    for part in (listed or "").split(",") if listed is not None else ():
        try:
            found.append(float(part))
        except ValueError:
            found.append(math.nan)
        if not math.isfinite(found[-1]):
            raise UsageError(
                Fault(f'--rates: "{visible(part.strip())}" is no number', hint="such as --rates 0.1,0.5,1")
            )
    return list(dict.fromkeys(found))


def _look(height: int, digits: int | None, round_: str | None, ascii_: bool, here: bool) -> Look:
    """How the plot is laid out on this terminal, or in a file."""
    from backtrace.render import terminal
    from backtrace.render.numbers import numbers_for
    from backtrace.render.plots import Look
    from backtrace.rounding import Rounding

    numbers = numbers_for(Rounding.parse(round_) if round_ else None, digits)
    plain = ascii_ or (here and terminal.needs_ascii(sys.stdout))
    return Look(terminal.width(), height, numbers, plain, here and terminal.coloured(sys.stdout))
