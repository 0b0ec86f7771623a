"""``backtrace export``: the calculation as a program of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from backtrace.cli.app import Config, Debug, Epochs, Force, Output, Set, app
from backtrace.cli.session import deliver, ready, traced
from backtrace.errors import Fault, UsageError, did_you_mean, visible

To = Annotated[
    str | None,
    typer.Option("--to", metavar="LANGUAGE", help="python, numpy or c; without it the file's ending says"),
]


@app.command()
def export(
    config: Config,
    to: To = None,
    epochs: Epochs = None,
    set_: Set = None,
    output: Output = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace export configs/example.yaml --to python
             backtrace export configs/xor.yaml --to numpy
             backtrace export configs/xor.yaml -o xor.c --epochs 10

    Write the calculation as a program in the order of the hand calculation: without libraries a variable a number and
    a line a statement, with numpy a line an equation. It prints every number of each epoch as CSV (python and c the
    same bits) and takes another number of epochs as its argument:
    python3 net.py 10 > net.csv; backtrace diff CONFIG net.csv
    """
    from backtrace.export import FORMS, exported

    ready(output, force)
    ending = (output or "").rpartition(".")[2]
    name = to or next((form.name for form in FORMS.values() if form.ending == f".{ending}"), "python")
    if name not in FORMS:
        hint = did_you_mean(name, FORMS) or f"known: {', '.join(FORMS)}"
        raise UsageError(Fault(f'--to: there is no language "{visible(name)}"', hint=hint))
    trace = traced(config, 1, set_, None, None)
    deliver(iter([exported(trace.graph, epochs or 1, FORMS[name])]), output, force)
