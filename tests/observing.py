"""One update of an executor, everything of it by name."""

from __future__ import annotations

from backtrace.executor import Arrays, Executor
from backtrace.recording import Stretch


def observed(executor: Executor) -> Arrays:
    """Make one update; everything before it, in it and after it."""
    stretch = Stretch.begun(executor, 1)
    executor.record(stretch.rows)
    return stretch.record(0)
