"""``backtrace diff``: expected figures beside the right ones."""

from __future__ import annotations

from typing import Annotated

import typer

from backtrace.cli.app import Ascii, Config, Debug, Epochs, Set, app
from backtrace.cli.session import expected_figures, layout, report_differences, traced
from backtrace.errors import Fault, UsageError


@app.command(short_help="compare with expected figures")
def diff(
    config: Config,
    expected: Annotated[
        str | None,
        typer.Argument(metavar="[EXPECTED]", help="a YAML or JSON file of keys and figures; an example has its own"),
    ] = None,
    epochs: Epochs = None,
    set_: Set = None,
    ascii_: Ascii = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace diff configs/example.yaml configs/example.expected.yaml

    Compare expected figures with the right ones, at the digits in which they are printed; exit 1 if any differs.
    """
    figures = expected_figures(expected or _own_figures(config))
    trace = traced(config, epochs, set_, None, figures)
    report_differences(trace, figures, layout(8, ascii_, None, None, None, False, trace))


def _own_figures(config: str) -> str:
    """The figures that an example has beside it."""
    from backtrace.gallery import MARK, named

    if not config.startswith(MARK):
        raise UsageError(Fault("the expected figures are missing", hint="backtrace diff CONFIG EXPECTED"))
    return str(named(config).expected)
