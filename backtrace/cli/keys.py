"""``backtrace keys``: the keys of a trace and their values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from backtrace.arguments import parts, yaml_key
from backtrace.cli.app import Config, Debug, Digits, Epochs, Set, app
from backtrace.cli.session import print_out, traced
from backtrace.errors import Fault, UsageError

if TYPE_CHECKING:
    from backtrace.render.lines import Line


@app.command(short_help="list the keys and their values")
def keys(
    config: Config,
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="which keys: 'h*', 'dE_tot/d*'")] = "*",
    epochs: Epochs = None,
    set_: Set = None,
    digits: Digits = 8,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace keys configs/example.yaml 'dE_tot/d*'

    List the keys of a trace with their values, as lines of an expected file.
    """
    from fnmatch import fnmatchcase

    from backtrace.render.lines import Span
    from backtrace.render.numbers import Numbers
    from backtrace.report import all_targets

    view = traced(config, epochs, set_, None, None).epochs[-1]
    numbers = Numbers(digits)

    def lines() -> Iterator[Line]:
        for target in all_targets(view):
            key = view.keys.text(target)
            if any(fnmatchcase(key, part) for part in parts(pattern)):
                yield Span(f'{yaml_key(key)}: "{numbers.value(view.number(target))}"'), Span("")

    found = list(lines())
    if not found:
        raise UsageError(Fault(f'no key matches "{pattern}"', hint=view.keys.suggestion(pattern)))
    print_out(iter(found))
