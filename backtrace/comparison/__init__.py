"""Compares expected figures with a trace and says what each of them is beside the computed one."""

from __future__ import annotations

import os
from collections.abc import Iterable

from backtrace.comparison.expected import Figure, read
from backtrace.comparison.verdicts import Diff, Judged, Verdict, judge
from backtrace.trace import Trace

__all__ = ["Diff", "Figure", "Judged", "Verdict", "compare"]


def compare(trace: Trace, figures: Iterable[Figure] | str | os.PathLike[str]) -> Diff:
    """Compare figures, or those of an expected file, with a trace.

    Args:
        trace: what was computed; with every epoch that the figures are of.
        figures: what is expected, or the path of a file of it.

    Returns:
        Every figure with its verdict, in the order of computation.

    Raises:
        ConfigError: the file is refused.
        FileError: it cannot be read.
        UsageError: a figure is of an epoch that was not recorded.

    >>> import backtrace
    >>> diff = compare(backtrace.run("configs/example.yaml"), "configs/example.expected.yaml")
    >>> diff.failed, {verdict.value: count for verdict, count in diff.counts.items()}
    (False, {'match': 36})
    """
    return judge(trace, read(figures) if isinstance(figures, str | os.PathLike) else figures)
