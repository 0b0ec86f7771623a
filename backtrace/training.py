"""Training: epochs, what is recorded of them, and the losses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from backtrace.codegen import ScalarExecutor, is_small
from backtrace.errors import Fault, NumericError
from backtrace.executor import ArrayExecutor, Arrays, Executor
from backtrace.graph import STOP, Graph
from backtrace.schedule import Batch, Keep, Moment

Progress = Callable[[int], None]
MOST = 64
"""Of an epoch of more updates the first so many and the last are recorded."""
CHUNK = 1000
"""Epochs between two calls of the progress function."""
ARITHMETIC = (OverflowError, ZeroDivisionError, ValueError)
"""What Python's own arithmetic raises where numpy gives infinity or nan: the same fault to a user."""


class DivergedError(NumericError):
    """A number stopped being finite; ``epoch`` is the first in which that was seen."""

    def __init__(self, epoch: int, what: str) -> None:
        hint = "a smaller learning rate or smaller values may help"
        super().__init__(Fault(f"epoch {epoch}: the numbers left the finite range ({what})", hint=hint))
        self.epoch = epoch


@dataclass(frozen=True)
class Recording:
    """What a run leaves: everything of the kept updates, the objective of all epochs, the last parameters.

    ``batches`` are the samples of the kept updates, where an update does not use all; ``stopped`` says that the
    graph's condition ended the training.
    """

    records: dict[Moment, Arrays]
    losses: npt.NDArray[np.float64]
    state: Arrays
    executor: str
    batches: dict[Moment, Batch] = field(default_factory=dict)
    stopped: bool = False


def executor_for(graph: Graph) -> Executor:
    """The executor that is faster for the graph, by its size alone."""
    return ScalarExecutor(graph) if is_small(graph) else ArrayExecutor(graph)


def train(
    graph: Graph,
    epochs: int,
    keep: Iterable[Keep],
    progress: Progress | None = None,
    executor: Executor | None = None,
    make: Callable[[Graph], Executor] = executor_for,
) -> Recording:
    """Make the updates of each epoch, and record everything of the kept ones.

    Args:
        graph: what to run.
        epochs: how many, at least 1; fewer are made where the graph's condition ends the training.
        keep: the epochs to record, counted from 1, or single updates of them; the last is always recorded.
        progress: called with the number of epochs done.
        executor: the one to use; by ``make`` if not given.
        make: makes an executor for a graph; by its size if not given.

    Raises:
        DivergedError: a number stopped being finite; the fault says in which epoch and quantity.
    """
    executor = executor or make(graph)
    with np.errstate(all="ignore"):
        if graph.schedule is None:
            return _all_at_once(graph, executor, epochs, keep, progress)
        return _Batches(graph, executor, make).train(epochs, keep, progress)


def _all_at_once(
    graph: Graph, executor: Executor, epochs: int, keep: Iterable[Keep], progress: Progress | None
) -> Recording:
    """One update an epoch, on all samples."""
    records: dict[Moment, Arrays] = {}
    losses: list[float] = []
    kept = {epoch if isinstance(epoch, int) else epoch[0] for epoch in keep}
    for start, stop in _segments(epochs, kept):
        losses += _advanced(executor, start, stop - 1, progress)
        at = len(losses) + 1
        record = _observed(executor, at)
        records[Moment(at)] = record
        losses.append(_objective(graph, record))
        _check_finite(graph, record, at)
        if progress:
            progress(at)
        if graph.until and record[STOP]:
            return Recording(records, np.asarray(losses), executor.state(), executor.kind, stopped=True)
    return Recording(records, np.asarray(losses), executor.state(), executor.kind)


class _Batches:
    """Training by batches: several updates an epoch, the last perhaps on fewer samples, with an executor of its own."""

    def __init__(self, graph: Graph, executor: Executor, make: Callable[[Graph], Executor]) -> None:
        self.graph = graph
        self.executors = [(graph, executor)]
        if graph.rest is not None:
            self.executors.append((graph.rest, make(graph.rest)))
        self.at = 0
        self.records: dict[Moment, Arrays] = {}
        self.batches: dict[Moment, Batch] = {}

    def train(self, epochs: int, keep: Iterable[Keep], progress: Progress | None) -> Recording:
        """Epoch after epoch, update after update."""
        schedule = self.graph.schedule
        assert schedule is not None
        kept = {epochs, *keep}
        losses = []
        stopped = False
        for epoch, batches in zip(range(1, epochs + 1), schedule.epochs(), strict=False):
            recorded = self.wanted(epoch, len(batches), kept)
            found = [self.update(Moment(epoch, u), batch, recorded) for u, batch in enumerate(batches, start=1)]
            losses.append(self.combined([loss for loss, _ in found], batches))
            if progress:
                progress(epoch)
            stopped = bool(self.graph.until) and all(held for _, held in found)
            if stopped:
                break
            self.forget(epoch, kept)
        state = self.executors[self.at][1].state()
        return Recording(self.records, np.asarray(losses), state, self.executors[0][1].kind, self.batches, stopped)

    def wanted(self, epoch: int, updates: int, kept: Collection[Keep]) -> set[int]:
        """Which updates of an epoch to record; of very many the first and the last, unless they are named."""
        named = {moment[1] for moment in kept if not isinstance(moment, int) and moment[0] == epoch}
        if epoch in kept or self.graph.until:
            named |= {*range(1, min(updates, MOST) + 1), updates}
        return named

    def update(self, moment: Moment, batch: Batch, recorded: Collection[int]) -> tuple[float, bool]:
        """One update on a batch: the objective before it, and whether the condition holds."""
        graph, executor = self.turned_to(batch)
        executor.feed(graph.batch(batch, self.graph.data))
        if moment.update not in recorded and not graph.until:
            (loss,) = _updates(executor, moment.epoch, 1)
            return loss, False
        record = _observed(executor, moment.epoch)
        _check_finite(graph, record, moment.epoch)
        if moment.update in recorded:
            self.records[moment], self.batches[moment] = record, batch
        return _objective(graph, record), bool(graph.until and record[STOP])

    def turned_to(self, batch: Batch) -> tuple[Graph, Executor]:
        """The graph and the executor for a batch of this size, with the parameters as they are."""
        wanted = int(self.graph.of_size(batch) is not self.graph)
        if wanted != self.at:
            before = self.executors[self.at][1]
            self.executors[wanted][1].resume(before.state(), before.made)
            self.at = wanted
        return self.executors[wanted]

    def combined(self, losses: Sequence[float], batches: Sequence[Batch]) -> float:
        """The objective of an epoch: the sum of its updates' or, where samples are averaged, their mean."""
        if self.graph.reduce == "sum":
            return float(sum(losses))
        return float(np.average(losses, weights=[len(batch) for batch in batches]))

    def forget(self, epoch: int, kept: Collection[Keep]) -> None:
        """Drop what was recorded only because the training might have ended here."""
        if self.graph.until and epoch not in kept:
            for moment in [m for m in self.records if m.epoch == epoch and m not in kept]:
                del self.records[moment], self.batches[moment]


def _segments(epochs: int, keep: Iterable[int]) -> list[tuple[int, int]]:
    """The kept epochs, each with the first epoch that comes before it unrecorded; the last is always kept."""
    kept = sorted({epoch for epoch in keep if 1 <= epoch <= epochs} | {epochs})
    return list(zip([1, *(epoch + 1 for epoch in kept[:-1])], kept, strict=True))


def _advanced(executor: Executor, first: int, last: int, progress: Progress | None) -> Sequence[float]:
    losses: list[float] = []
    for at in range(first, last + 1, CHUNK):
        count = min(CHUNK, last + 1 - at)
        made = _updates(executor, at, count)
        losses += made
        if progress:
            progress(at + count - 1)
        if len(made) < count:
            break
        if not np.isfinite(losses[-1]):
            epoch = first + int(np.argmax(~np.isfinite(losses)))
            raise DivergedError(epoch, "the objective")
    return losses


def _updates(executor: Executor, first: int, count: int) -> Sequence[float]:
    """Many updates at once; one by one where they fail, to tell in which epoch."""
    try:
        return executor.advance(count)
    except ARITHMETIC as error:
        if count == 1:
            raise DivergedError(first, str(error)) from None
        return [loss for at in range(count) for loss in _updates(executor, first + at, 1)]


def _observed(executor: Executor, epoch: int) -> Arrays:
    try:
        return executor.observe()
    except ARITHMETIC as error:
        raise DivergedError(epoch, str(error)) from None


def _check_finite(graph: Graph, record: Arrays, epoch: int) -> None:
    for equation in graph.step:
        if not np.all(np.isfinite(record[equation.name])):
            raise DivergedError(epoch, f"{equation.name} is {record[equation.name].ravel()[0]}")


def _objective(graph: Graph, record: Arrays) -> float:
    return float(record[graph.objective]) if graph.objective else float("nan")
