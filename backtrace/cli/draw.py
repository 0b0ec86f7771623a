"""``backtrace draw``: the network or the gates as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from backtrace.arguments import Shown
from backtrace.cli.app import Config, Debug, Epochs, Force, Output, Set, app
from backtrace.cli.session import deliver, traced
from backtrace.errors import Fault, UsageError, did_you_mean, visible

ENDINGS: Final = {"svg": "svg", "mmd": "mermaid", "mermaid": "mermaid", "md": "markdown"}
"""What the ending of a file says."""
FORMATS: Final = ("svg", "mermaid", "markdown")


@app.command(short_help="draw the network or the gates, with values and gradients")
def draw(
    config: Config,
    epochs: Epochs = None,
    set_: Set = None,
    epoch: Annotated[
        str | None, typer.Option("--epoch", metavar="E", help="the epoch: 3, last, 1.2 for its second update")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", metavar="S", min=1, help="whose values")] = 1,
    gradients: Annotated[bool, typer.Option("--gradients/--no-gradients", help="with gradients or without")] = True,
    digits: Annotated[int, typer.Option("--digits", metavar="D", min=1, max=17, help="decimals of a result")] = 4,
    format_: Annotated[str | None, typer.Option("--format", metavar="F", help="svg, mermaid or markdown")] = None,
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
    from backtrace.drawing import drawing, fenced, mermaid, svg
    from backtrace.render.numbers import Numbers

    wanted = _format(format_, output)
    chosen = Shown(epoch or ("last" if epochs else "1"), None)
    trace = traced(config, epochs or (None if epoch else 1), set_, chosen, None)
    (moment,) = _single(chosen(len(trace.losses)))
    view = trace.epoch(*([moment] if isinstance(moment, int) else moment))
    samples = view.graph.samples or 1
    if sample > samples:
        raise UsageError(Fault(f"--sample {sample}: there {'is' if samples == 1 else 'are'} {samples}"))
    found = drawing(view, Numbers(digits), sample - 1, gradients)
    if found is None:
        hint = "backtrace run CONFIG prints what is computed"
        raise UsageError(Fault(f"{visible(config)} has nothing that can be drawn", hint=hint))
    text = {"svg": svg, "mermaid": mermaid, "markdown": fenced}[wanted](found)
    deliver(iter([text]), output, force)
    if output not in (None, "-"):
        typer.echo(f"Wrote {visible(str(output))}.")


def _single(moments: Sequence[int | tuple[int, int]]) -> Sequence[int | tuple[int, int]]:
    """The one epoch to draw.

    Raises:
        UsageError: there are several.
    """
    if len(moments) > 1:
        raise UsageError(Fault("--epoch: a drawing is of one epoch", hint="such as --epoch 3, or a file for each"))
    return moments


def _format(name: str | None, output: str | None) -> str:
    """The format of that name, or that of the file's ending; Mermaid where there is no file.

    Raises:
        UsageError: there is no such format, or the ending tells none.
    """
    if name is not None:
        found = ENDINGS.get(name.lower(), name.lower())
        if found not in FORMATS:
            hint = did_you_mean(name, FORMATS) or f"known: {', '.join(FORMATS)}"
            raise UsageError(Fault(f'there is no format "{visible(name)}" of a drawing', hint=hint))
        return found
    if output in (None, "-"):
        return "mermaid"
    assert output is not None
    _, point, ending = output.rpartition(".")
    found = ENDINGS.get(ending.lower() if point else "", "")
    if not found:
        hint = "an ending of .svg, .mmd or .md; or --format. A browser turns an SVG into other kinds"
        raise UsageError(Fault(f"the name {visible(output)} tells no format of a drawing", hint=hint))
    return found
