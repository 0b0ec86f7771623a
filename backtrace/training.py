"""Training: epochs, what is recorded of them, and the losses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backtrace.codegen import ScalarExecutor, is_small
from backtrace.errors import Fault, NumericError
from backtrace.executor import ArrayExecutor, Arrays, Executor
from backtrace.graph import Graph

Progress = Callable[[int], None]
CHUNK = 1000
"""Epochs between two calls of the progress function."""
ARITHMETIC = (OverflowError, ZeroDivisionError, ValueError)
"""What Python's own arithmetic raises where numpy gives infinity or nan: the same fault to a user."""


@dataclass(frozen=True)
class Recording:
    """What a run leaves: everything of the kept epochs, the objective of all, the last parameters."""

    records: dict[int, Arrays]
    losses: npt.NDArray[np.float64]
    state: Arrays
    executor: str


def executor_for(graph: Graph) -> Executor:
    """The executor that is faster for the graph, by its size alone."""
    return ScalarExecutor(graph) if is_small(graph) else ArrayExecutor(graph)


def train(
    graph: Graph, epochs: int, keep: Iterable[int], progress: Progress | None = None, executor: Executor | None = None
) -> Recording:
    """Make an update each epoch, and record everything of the kept ones.

    Args:
        graph: what to run.
        epochs: how many, at least 1.
        keep: the epochs to record, counted from 1.
        progress: called with the number of epochs done.
        executor: the one to use; by the graph's size if not given.

    Raises:
        NumericError: a number stopped being finite; the fault says in which epoch and quantity.
    """
    executor = executor or executor_for(graph)
    records: dict[int, Arrays] = {}
    losses: list[float] = []
    with np.errstate(all="ignore"):
        for start, stop in _segments(epochs, keep):
            losses += _advanced(executor, start, stop - 1, progress)
            record = _observed(executor, stop)
            records[stop] = record
            losses.append(_objective(graph, record))
            _check_finite(graph, record, stop)
            if progress:
                progress(stop)
    return Recording(records, np.asarray(losses), executor.state(), executor.kind)


def _segments(epochs: int, keep: Iterable[int]) -> list[tuple[int, int]]:
    """The kept epochs, each with the first epoch that comes before it unrecorded; the last is always kept."""
    kept = sorted({epoch for epoch in keep if 1 <= epoch <= epochs} | {epochs})
    return list(zip([1, *(epoch + 1 for epoch in kept[:-1])], kept, strict=True))


def _advanced(executor: Executor, first: int, last: int, progress: Progress | None) -> Sequence[float]:
    losses: list[float] = []
    for at in range(first, last + 1, CHUNK):
        count = min(CHUNK, last + 1 - at)
        losses += _updates(executor, at, count)
        if progress:
            progress(at + count - 1)
        if not np.isfinite(losses[-1]):
            epoch = first + int(np.argmax(~np.isfinite(losses)))
            raise _left_finite(epoch, "the objective")
    return losses


def _updates(executor: Executor, first: int, count: int) -> Sequence[float]:
    """Many updates at once; one by one where they fail, to tell in which epoch."""
    try:
        return executor.advance(count)
    except ARITHMETIC as error:
        if count == 1:
            raise _left_finite(first, str(error)) from None
        return [loss for at in range(count) for loss in _updates(executor, first + at, 1)]


def _observed(executor: Executor, epoch: int) -> Arrays:
    try:
        return executor.observe()
    except ARITHMETIC as error:
        raise _left_finite(epoch, str(error)) from None


def _left_finite(epoch: int, what: str) -> NumericError:
    hint = "a smaller learning rate or smaller values may help"
    return NumericError(Fault(f"epoch {epoch}: the numbers left the finite range ({what})", hint=hint))


def _check_finite(graph: Graph, record: Arrays, epoch: int) -> None:
    for equation in (*graph.run, *graph.gradients, *graph.updates):
        if not np.all(np.isfinite(record[equation.name])):
            raise _left_finite(epoch, f"{equation.name} is {record[equation.name].ravel()[0]}")


def _objective(graph: Graph, record: Arrays) -> float:
    return float(record[graph.objective]) if graph.objective else float("nan")
