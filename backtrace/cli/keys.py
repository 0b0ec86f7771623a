"""``backtrace keys``: the keys of a trace and their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from backtrace.arguments import parts, yaml_key
from backtrace.cli.app import Config, Debug, Digits, Epochs, Round, Set, app
from backtrace.cli.session import print_out, traced
from backtrace.errors import Fault, UsageError

if TYPE_CHECKING:
    from backtrace.render.lines import Line


@app.command()
def keys(
    config: Config,
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="which keys: 'h*', 'dE_tot/d*'")] = "*",
    epochs: Epochs = None,
    set_: Set = None,
    digits: Digits = None,
    round_: Round = None,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace keys configs/example.yaml 'dE_tot/d*'

    List the keys of a trace with their values, as lines of an expected file.
    """
    from fnmatch import fnmatchcase

    from backtrace.render.lines import Span
    from backtrace.render.numbers import numbers_for
    from backtrace.report import all_targets

    trace = traced(config, epochs, set_, None, None, round_)
    view, numbers = trace.epochs[-1], numbers_for(trace.rounding, digits)

    def lines() -> Iterator[Line]:
        for target in all_targets(view):
            key = view.keys.text(target)
            if any(fnmatchcase(key, part) for part in parts(pattern)):
                yield Span(f'{yaml_key(key)}: "{numbers.value(view.number(target))}"'), Span("")

    found = list(lines())
    if not found:
        raise UsageError(Fault(f'no key matches "{pattern}"', hint=view.keys.suggestion(pattern)))
    print_out(iter(found))
