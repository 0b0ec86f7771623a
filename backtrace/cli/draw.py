"""``backtrace draw``: the network or the gates as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from backtrace.arguments import Shown
from backtrace.cli.app import Config, Debug, Epochs, Force, Lang, Output, Set, app, whole
from backtrace.cli.session import check_sample, deliver, language, ready, traced
from backtrace.errors import Fault, UsageError, visible


@app.command()
def draw(
    config: Config,
    epochs: Epochs = None,
    set_: Set = None,
    epoch: Annotated[
        str | None, typer.Option("--epoch", metavar="E", help="of which epoch: 3, last; 1.2 is an update")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", metavar="S", parser=whole("--sample"), help="whose values")] = 1,
    gradients: Annotated[bool, typer.Option("--gradients/--no-gradients", help="with gradients or without")] = True,
    digits: Annotated[
        int, typer.Option("--digits", metavar="D", parser=whole("--digits", 1, 17), help="decimals of a result")
    ] = 4,
    format_: Annotated[str | None, typer.Option("--format", metavar="F", help="mermaid, svg or markdown")] = None,
    lang: Lang = "en",
    output: Output = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace draw configs/example.yaml -o network.svg
             backtrace draw configs/sigmoid_gate.yaml
             backtrace draw @cs231n-neuron --format svg > gates.svg

    Draw the network, or the gates of a circuit: every node and edge with its name, its value and, below that, its
    gradient. Without --epoch it is the first, with --epochs the last. Into a file as SVG (.svg), as Mermaid text
    (.mmd) or as that on a Markdown page (.md); without a file as Mermaid text. A browser makes any other kind of
    picture of the SVG.
    """
    from backtrace.drawing import FORMATS, WRITERS, drawing
    from backtrace.render.formats import chosen
    from backtrace.render.numbers import Numbers
    from backtrace.schedule import moment_of

    ready(output, force)
    form = chosen(format_, output, FORMATS)
    shown = Shown(epoch or ("last" if epochs else "1"), None)
    trace = traced(config, epochs or (None if epoch else 1), set_, shown, None)
    (moment,) = _single(shown(len(trace.losses)))
    view = trace.epoch(*moment_of(moment))
    check_sample(sample, trace)
    found = drawing(view, Numbers(digits), sample - 1, gradients, language(lang, output))
    if found is None:
        hint = "backtrace run CONFIG prints what is computed"
        raise UsageError(Fault(f"{visible(config)} has nothing that can be drawn", hint=hint))
    deliver(iter([WRITERS[form.name](found)]), output, force)


def _single(moments: Sequence[int | tuple[int, int]]) -> Sequence[int | tuple[int, int]]:
    """The one epoch to draw.

    Raises:
        UsageError: there are several.
    """
    if len(moments) > 1:
        raise UsageError(Fault("--epoch: a drawing is of one epoch", hint="such as --epoch 3, or a file for each"))
    return moments
