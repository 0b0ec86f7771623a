"""``backtrace check``: every gradient beside two numeric derivatives, and what makes training unstable."""

from __future__ import annotations

from typing import Annotated

import typer

from backtrace.cli.app import Ascii, Config, Debug, Epochs, Set, app, whole
from backtrace.cli.session import layout, print_out, refuse_saved, traced


@app.command()
def check(
    config: Config,
    epochs: Epochs = None,
    set_: Set = None,
    entries: Annotated[
        int,
        typer.Option(
            "--entries", metavar="N", parser=whole("--entries"), help="how many entries of a large array are compared"
        ),
    ] = 200,
    full: Annotated[bool, typer.Option("--full", help="leave no line out, however many")] = False,
    ascii_: Ascii = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace check configs/example.yaml
             backtrace check configs/xor.yaml --epochs 100

    Check the gradient by every array with the complex step and central differences, at the given values or in the
    last of so many epochs, and note what makes training unstable; exit 1 if a gradient fails.
    """
    from backtrace import checking
    from backtrace.render.checks import check_lines

    refuse_saved(config)
    trace = traced(config, epochs or 1, set_, None, None)
    view = trace.epochs[-1 if epochs else 0]
    found = checking.check(trace, epoch=view.epoch, update=view.update, entries=entries)
    print_out(check_lines(found, layout(8, ascii_, None, None, None, full, trace)))
    if found.failed:
        raise typer.Exit(1)
