"""In tests of other projects: an assertion that figures agree, with the comparison as its message."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Unpack

from backtrace.comparison import Tolerated, diff, recorded
from backtrace.comparison.conventions import AS_WRITTEN
from backtrace.comparison.sources import Other, Symbols, figures_of, with_symbols
from backtrace.config import Config
from backtrace.render.differences import difference_text
from backtrace.trace import Trace


def assert_matches(
    trace: Trace | Config | str | os.PathLike[str],
    expected: Other,
    *,
    symbols: Symbols | None = None,
    complete: bool = False,
    conventions: Iterable[str] = (AS_WRITTEN,),
    **tolerated: Unpack[Tolerated],
) -> None:
    """Compare expected figures with a trace, or with that of a config, as ``backtrace.diff`` does.

    No convention is looked for but those that are named: what is asserted must not be right in another sense.

    Raises:
        AssertionError: a figure differs, is missing or is unknown; the message is the comparison.
        ConfigError, FileError, UsageError: as ``backtrace.diff``.

    >>> assert_matches("configs/example.yaml", {"h1": "0.5200", "dE/dU11": "0.02592"})
    """
    figures = with_symbols(figures_of(expected), symbols)
    made = trace if isinstance(trace, Trace) else recorded(trace, figures)
    found = diff(made, figures, complete=complete, conventions=conventions, **tolerated)
    if found.failed:
        raise AssertionError(f"the figures do not match\n{difference_text(found)}")
