"""The course of a training: of which epochs the objective is listed, and the values at the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backtrace.expressions import Element
from backtrace.trace import Trace


def final_values(trace: Trace) -> list[Element]:
    """The trained parameters after the last update; where that left the finite numbers, before it."""
    graph, mark = trace.graph, "" if trace.recording.lost else "+"
    return [Element(f"{name}{mark}", index) for name in graph.trained for index in _indexes(graph.types[name].shape)]


def updates_made(trace: Trace) -> int:
    """How many updates the final values have behind them, with those of an epoch that was not finished."""
    lost = trace.recording.lost
    return len(trace.losses) * trace.graph.updates_per_epoch + (lost[0].update - 1 if lost else 0)


def _indexes(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return (tuple(int(i) for i in index) for index in np.ndindex(shape))


def loss_epochs(count: int) -> list[int]:
    """The epochs of a loss table: the first, the last, and 1, 2, 5 times powers of ten between.

    >>> loss_epochs(300)
    [1, 2, 5, 10, 20, 50, 100, 200, 300]
    """
    steps = (base * 10**power for power in range(10) for base in (1, 2, 5))
    return [*(step for step in steps if step < count), count]
