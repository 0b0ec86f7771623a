"""``backtrace expect``: the expected file of a config."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from backtrace.arguments import parts, shown_epochs
from backtrace.cli.app import Config, Debug, Epochs, Force, Only, Output, Set, app, whole
from backtrace.cli.session import print_out, ready, traced
from backtrace.errors import Fault, UsageError, visible
from backtrace.outputs import write

if TYPE_CHECKING:
    from backtrace.quantities import View
    from backtrace.trace import Trace


@app.command()
def expect(
    config: Config,
    epochs: Epochs = None,
    set_: Set = None,
    only: Only = None,
    epoch: Annotated[
        str | None, typer.Option("--epoch", metavar="LIST", help="of which epochs: 1,10,last; 1.2 is an update")
    ] = None,
    digits: Annotated[
        int, typer.Option("--digits", metavar="D", parser=whole("--digits", 1, 17), help="decimals of a result")
    ] = 6,
    arrays: Annotated[bool, typer.Option("--arrays", help="arrays as lists, not a key for each element")] = False,
    output: Output = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace expect configs/example.yaml --digits 4
             backtrace expect configs/xor.yaml --epoch 1,last --arrays -o xor.expected.yaml

    Write every figure of a config's report as an expected file: a key for a teacher, golden figures for an engineer.
    Into a file as YAML, or as CSV if its name ends in .csv.
    """
    ready(output, force)
    shown = shown_epochs(epoch, None)
    trace = traced(config, epochs, set_, shown, None)
    lines = _lines(trace, _views(trace, shown(len(trace.losses)) if shown else None), digits, only, arrays, output)
    if output is None:
        from backtrace.render.lines import Span

        print_out((Span(line),) for line in lines)
        return
    text = "".join(f"{line}\n" for line in lines)
    _check_size(text, output)
    write(output, [text], force)
    typer.echo(f"Wrote {visible(output)}. Next: backtrace diff {visible(config)} {visible(output)}")


def _views(trace: Trace, moments: list[int | tuple[int, int]] | None) -> list[View]:
    """The epochs that are asked for, all that are recorded if nobody says."""
    from backtrace.schedule import moment_of

    if moments is None:
        return list(trace.epochs)
    found = [view for each in moments for view in trace.updates(*moment_of(each))]
    return list({(view.epoch, view.update): view for view in found}.values())


def _lines(
    trace: Trace, views: list[View], digits: int, only: str | None, arrays: bool, output: str | None
) -> Iterator[str]:
    from backtrace.render.figures import Sheet, csv_lines, yaml_lines
    from backtrace.render.numbers import Numbers
    from backtrace.report import Choice

    choice = Choice(only=tuple(parts(only or "")), full=True)
    if only and not any(Sheet(view, Numbers(digits), choice).headings() for view in views):
        raise UsageError(Fault(f"--only: nothing matches {visible(only)}", hint=views[0].keys.suggestion(only)))
    if output and output.lower().endswith(".csv"):
        return csv_lines(views, Numbers(digits), choice)
    return yaml_lines(trace.graph.title, views, Numbers(digits), choice, arrays)


def _check_size(text: str, output: str) -> None:
    """Refuse what could not be read again."""
    from backtrace.yamlfile import LARGEST_FILE

    if len(text.encode()) > LARGEST_FILE and not output.lower().endswith(".csv"):
        hint = f"write it as CSV: -o {visible(output.rpartition('.')[0] or output)}.csv; or choose with --only"
        raise UsageError(Fault(f"so many figures are more than {LARGEST_FILE >> 10} kB of YAML", hint=hint))
