"""Training: epochs, what is recorded of them, and the losses."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from backtrace.codegen import pays, scalar_executor
from backtrace.errors import Fault, NumericError
from backtrace.executor import ARITHMETIC, Arrays, Executor, counters
from backtrace.graph import RATE, STOP, Graph
from backtrace.recording import Recording, Records, Stretch
from backtrace.schedule import Batch, Keep, Moment

Progress = Callable[[int], object]
"""Takes the number of epochs done; where it returns True, training ends with an epoch that is recorded."""
Rows = npt.NDArray[np.float64]
MOST = 64
"""Of an epoch of more updates the first so many and the last are recorded."""
SHORT, LONG = 0.02, 0.05
"""Seconds between two calls of the progress function: where it is less, twice as many epochs are made at once from then
on, where it is more, half as many."""


class DivergedError(NumericError):
    """A number stopped being finite; ``epoch`` is the first in which one was, ``recording`` what was made until then.

    ``trace`` is the same as a trace, where a config was run.
    """

    def __init__(self, fault: Fault, epoch: int, recording: Recording) -> None:
        super().__init__(fault)
        self.epoch, self.recording = epoch, recording
        self.trace: Any = None


class _LostError(Exception):
    """An update left the finite numbers: the objective of those before it, and the parameters that it began with."""

    def __init__(self, losses: Sequence[float], state: Arrays, why: str) -> None:
        super().__init__(why)
        self.losses, self.state, self.why = losses, state, why


def executor_for(graph: Graph, updates: int = 1) -> Executor:
    """The executor that is faster for so many updates of the graph at once, by its size alone."""
    executor = scalar_executor(graph)
    if executor is None:
        from backtrace.arrays.executor import ArrayExecutor

        return ArrayExecutor(graph)
    if not pays(executor, updates):
        return executor
    from backtrace.compiled import compiled_or

    return compiled_or(executor)


class Before(NamedTuple):
    """What a training left: the objective before each epoch, the parameters and the optimizer's state."""

    losses: Rows
    state: Arrays


def train(
    graph: Graph,
    epochs: int,
    keep: Iterable[Keep],
    progress: Progress | None = None,
    executor: Executor | None = None,
    make: Callable[[Graph], Executor] = executor_for,
    before: Before | None = None,
) -> Recording:
    """Make the updates of each epoch, and record everything of the kept ones.

    Args:
        graph: what to run.
        epochs: how many, at least 1; fewer are made where the graph's condition ends the training.
        keep: the epochs to record, counted from 1, or single updates of them; the last is always recorded.
        progress: called with the number of epochs done; training ends with the next recorded epoch where it
            returns True.
        executor: the one to use; by ``make`` if not given.
        make: makes an executor for a graph; by its size if not given.
        before: what an earlier training of fewer epochs left, to go on from; what it recorded is not taken over.

    Raises:
        DivergedError: a number stopped being finite; the fault says in which epoch and quantity.
    """
    if graph.schedule is None and make is executor_for:
        executor = executor or executor_for(graph, epochs)
    executor = executor or make(graph)
    with np.errstate(all="ignore"):
        if graph.schedule is None:
            return _AllAtOnce(graph, executor, progress, before).train(epochs, keep)
        return _Batches(graph, executor, make, before).train(epochs, keep, progress)


class _AllAtOnce:
    """Training by one update an epoch, on all samples."""

    def __init__(self, graph: Graph, executor: Executor, progress: Progress | None, before: Before | None) -> None:
        self.graph, self.executor, self.progress = graph, executor, progress
        self.records = Records()
        self.losses = array("d")
        self.done = 0
        self.portions = {"advance": 1, "record": 1}
        self.stopped = self.ended = False
        if before:
            self.losses.frombytes(before.losses.tobytes())
            self.done = len(before.losses)
            executor.resume(before.state, self.done)
        self.state = executor.state()
        self.last = self.state, executor.made
        """Where the last updates that were made began."""

    def train(self, epochs: int, keep: Iterable[Keep]) -> Recording:
        """Epochs that nobody looks at, then some to be recorded, and so on; the last is always recorded."""
        kept = {epochs} | {epoch if isinstance(epoch, int) else epoch[0] for epoch in keep}
        for first, last in _runs(epoch for epoch in kept if self.done < epoch <= epochs):
            self.advance(first - 1)
            self.record(last if self.done == first - 1 and not self.ended else self.done + 1)
            if self.stopped or self.ended:
                break
        return self.recording()

    def recording(self) -> Recording:
        """What was made until now."""
        losses = np.frombuffer(self.losses)
        return Recording(self.records, losses, self.state, self.executor.kind, stopped=self.stopped)

    def advance(self, last: int) -> None:
        """Go on to the end of an epoch; stop before it where the graph's condition holds."""
        while self.done < last and not self.ended:
            count, start = min(self.portions["advance"], last - self.done), perf_counter()
            try:
                made = _advanced(self.executor, count, self.made)
            except _LostError as error:
                self.count(error.losses)
                raise self.diverged(error) from None
            self.adapt("advance", perf_counter() - start)
            self.count(made)
            if len(made) < count:
                break

    def record(self, last: int) -> None:
        """Go on to the end of an epoch, or of the one in which the graph's condition holds, and record all of them."""
        stretch, begun = Stretch.begun(self.executor, last - self.done), self.done
        lost: _LostError | None = None
        while self.done == begun or (self.done < last and not self.stopped and not self.ended):
            part, start = stretch.rows[self.done - begun :][: self.portions["record"]], perf_counter()
            try:
                made = _recorded(self.executor, part, self.made)
            except _LostError as error:
                self.count(error.losses)
                lost = error
                break
            self.adapt("record", perf_counter() - start)
            self.count(made)
            self.stopped = _holds(stretch, part[len(made) - 1])
        if self.done > begun:
            self.records.add(Moment(begun + 1), stretch._replace(rows=stretch.rows[: self.done - begun]))
        if lost:
            raise self.diverged(lost)

    def made(self, executor: Executor, count: int, run: Made) -> Sequence[float]:
        """As ``_made``; one copy of the parameters serves the end of some updates and the beginning of the next."""
        begun = self.state, executor.made
        try:
            losses, self.state = _made_from(executor, count, run, self.state)
        except _LostError as error:
            self.state = error.state
            raise
        finally:
            self.last = begun if executor.made > begun[1] else self.last
        return losses

    def diverged(self, error: _LostError) -> DivergedError:
        """The error of an update that left the finite numbers; the one before it is recorded, to go on from."""
        state, made = self.last
        again = self.executor.made - made
        if again and Moment(self.done) not in self.records:
            self.executor.resume(state, made)
            self.executor.advance(again - 1)
            stretch = Stretch.begun(self.executor, 1)
            with suppress(*ARITHMETIC):
                self.executor.record(stretch.rows)
                self.records.add(Moment(self.done), stretch)
            self.executor.resume(self.state, made + again)
        return _diverged(self.graph, Moment(self.done + 1), error, self.executor, self.recording())

    def adapt(self, what: str, took: float) -> None:
        """The way into the executor is made seldom, but often enough for an answer to who wants to stop."""
        if took < SHORT:
            self.portions[what] *= 2
        elif took > LONG:
            self.portions[what] = max(1, self.portions[what] // 2)

    def count(self, losses: Sequence[float]) -> None:
        """Epochs are done."""
        self.losses.frombytes(np.asarray(losses, dtype=float).tobytes())
        self.done += len(losses)
        if self.progress and self.progress(self.done) is True:
            self.ended = True


class _Batches:
    """Training by batches: several updates an epoch, the last perhaps on fewer samples, with an executor of its own."""

    def __init__(
        self, graph: Graph, executor: Executor, make: Callable[[Graph], Executor], before: Before | None
    ) -> None:
        self.graph = graph
        self.losses = before.losses.tolist() if before else []
        if before:
            executor.resume(before.state, len(self.losses) * graph.updates_per_epoch)
        self.state = executor.state()
        self.executors = [(graph, executor)]
        if graph.rest is not None:
            self.executors.append((graph.rest, make(graph.rest)))
        self.at = 0
        self.records = Records()
        self.batches: dict[Moment, Batch] = {}

    def train(self, epochs: int, keep: Iterable[Keep], progress: Progress | None) -> Recording:
        """Epoch after epoch, update after update."""
        schedule = self.graph.schedule
        assert schedule is not None
        kept = {epochs, *keep}
        done = len(self.losses)
        stopped = False
        last: tuple[Sequence[Batch], tuple[int, Arrays, int]] | None = None
        for epoch, batches in zip(range(done + 1, epochs + 1), schedule.epochs(done), strict=False):
            recorded = wanted(epoch, len(batches), kept, bool(self.graph.until))
            begun = self.begun()
            try:
                found, ended = self.epoch(epoch, batches, recorded, progress, _ran)
            except _LostError:  # once more, to tell in which update
                self.records.forget(epoch, ())
                if last:
                    self.record_end(epoch - 1, *last)
                self.turn_back(*begun)
                found, ended = self.epoch(epoch, batches, recorded, None, _made)
            self.losses.append(self.combined([loss for loss, _ in found], batches))
            stopped = bool(self.graph.until) and all(held for _, held in found)
            if stopped or ended:
                break
            self.forget(epoch, kept)
            last = batches, begun
        return self.recording(stopped)

    def epoch(
        self, epoch: int, batches: Sequence[Batch], recorded: set[int], progress: Progress | None, run: Run
    ) -> tuple[list[tuple[float, bool]], bool]:
        """What each update of an epoch gives, and whether training is to end with it."""
        *first, last = enumerate(batches, start=1)
        found = [self.update(Moment(epoch, u), batch, recorded, run) for u, batch in first]
        ended = progress is not None and progress(epoch) is True
        recorded |= {len(batches)} if ended else set()
        found.append(self.update(Moment(epoch, last[0]), last[1], recorded, run))
        executor = self.executors[self.at][1]
        if run is _ran and not executor.is_finite():
            raise _LostError([], {}, "")
        self.state = executor.state()
        return found, ended

    def begun(self) -> tuple[int, Arrays, int]:
        """Where training stands between two epochs."""
        return self.at, self.state, self.executors[self.at][1].made

    def turn_back(self, at: int, state: Arrays, made: int) -> None:
        """Go back to where it stood."""
        self.at = at
        self.executors[at][1].resume(state, made)

    def record_end(self, epoch: int, batches: Sequence[Batch], begun: tuple[int, Arrays, int]) -> None:
        """Record the last update of an epoch that was made already, to go on from."""
        if Moment(epoch, len(batches)) not in self.records:
            self.turn_back(*begun)
            with suppress(*ARITHMETIC):
                self.epoch(epoch, batches, {len(batches)}, None, _unlooked)

    def recording(self, stopped: bool = False) -> Recording:
        """What was made until now."""
        losses, kind = np.asarray(self.losses), self.executors[0][1].kind
        return Recording(self.records, losses, self.state, kind, self.batches, stopped)

    def update(self, moment: Moment, batch: Batch, recorded: Collection[int], run: Run) -> tuple[float, bool]:
        """One update on a batch: the objective before it, and whether the condition holds."""
        graph, executor = self.turned_to(batch)
        executor.feed(graph.batch(batch, self.graph.data))
        stretch = Stretch.begun(executor, 1) if moment.update in recorded or graph.until else None
        try:
            (loss,) = _recorded(executor, stretch.rows, run) if stretch else _advanced(executor, 1, run)
        except _LostError as error:
            if run is _ran:
                raise
            self.batches[moment] = batch
            raise _diverged(graph, moment, error, executor, self.recording()) from None
        if stretch is None:
            return loss, False
        if moment.update in recorded:
            self.records.add(moment, stretch)
            self.batches[moment] = batch
        return loss, _holds(stretch, stretch.rows[0])

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
            self.records.forget(epoch, kept)
            for moment in [m for m in self.batches if m.epoch == epoch and m not in kept]:
                del self.batches[moment]


def wanted(epoch: int, updates: int, kept: Collection[Keep], whole: bool = False) -> set[int]:
    """Which of an epoch's updates to record; of very many the first and the last, unless they are named."""
    named = {moment[1] for moment in kept if not isinstance(moment, int) and moment[0] == epoch}
    if whole or epoch in kept:
        named |= {*range(1, min(updates, MOST) + 1), updates}
    return named


def _runs(epochs: Iterable[int]) -> list[tuple[int, int]]:
    """Whole numbers as runs, each with its first and its last."""
    found = np.unique(np.fromiter(epochs, dtype=np.int64))
    gaps = np.flatnonzero(np.diff(found) > 1)
    return list(zip(found[[0, *(gaps + 1)]].tolist(), found[[*gaps, -1]].tolist(), strict=True))


Made = Callable[[int, int], tuple[Sequence[float], bool]]
"""Makes the updates from one number up to another: their objectives, and whether what is recorded of them is finite."""
Run = Callable[[Executor, int, Made], Sequence[float]]
"""How updates are made: ``_made``, ``_ran`` or ``_unlooked``."""


def _advanced(executor: Executor, count: int, run: Run | None = None) -> Sequence[float]:
    """The objective before each of some updates. Raises _LostError."""
    return (run or _made)(executor, count, lambda start, stop: (executor.advance(stop - start), True))


def _recorded(executor: Executor, rows: Rows, run: Run | None = None) -> Sequence[float]:
    """The same of updates that are recorded. Raises _LostError."""

    def made(start: int, stop: int) -> tuple[Sequence[float], bool]:
        losses = executor.record(rows[start:stop])
        return losses, bool(np.isfinite(rows[start : start + len(losses)]).all())

    return (run or _made)(executor, len(rows), made)


def _ran(executor: Executor, count: int, run: Made) -> Sequence[float]:
    """All updates at once. Raises _LostError, which does not tell in which, where a number is seen not to be finite."""
    losses, why = _finite(run, 0, count)
    if losses is None:
        raise _LostError([], {}, why)
    return losses


def _unlooked(executor: Executor, count: int, run: Made) -> Sequence[float]:
    """All updates at once, which were made before: what only a record has of them need not be finite."""
    return run(0, count)[0]


def _made(executor: Executor, count: int, run: Made) -> Sequence[float]:
    """All updates at once; where a number is not finite, one by one from where they began, up to the first such."""
    return _made_from(executor, count, run, executor.state())[0]


def _made_from(executor: Executor, count: int, run: Made, before: Arrays) -> tuple[Sequence[float], Arrays]:
    """The same from parameters and states that are copied already, and what those are then. Raises _LostError."""
    made = executor.made
    losses, why = _finite(run, 0, count)
    if losses is not None and executor.is_finite():
        return losses, executor.state()
    executor.resume(before, made)
    good: list[float] = []
    while len(good) < count:
        losses, why = _finite(run, len(good), len(good) + 1)
        if losses is None or not executor.is_finite():
            executor.resume(before, made + len(good))
            raise _LostError(good, before, why)
        good += losses
        before = executor.state()
        if not losses:
            break
    return good, before


def _finite(run: Made, start: int, stop: int) -> tuple[Sequence[float] | None, str]:
    """The objectives of some updates, None where a number is not finite; and what Python said of it, if it did."""
    try:
        losses, finite = run(start, stop)
    except ARITHMETIC as error:
        return None, str(error)
    return (losses if finite and all(map(isfinite, losses)) else None), ""


def _diverged(
    graph: Graph, moment: Moment, error: _LostError, executor: Executor, recording: Recording
) -> DivergedError:
    """The fault of an update that left the finite numbers, with what was made until then."""
    from backtrace.divergence import told

    rate = {RATE: np.asarray(graph.learning_rate or 0.0)}
    given = {**rate, **executor.given, **error.state, **counters(graph, executor.made)}
    fault, found = told(graph, given, moment, error.why, executor.evaluate, executor.advice)
    if found and isinstance(recording.records, Records):
        recording.records.lose(moment, found.arrays)
    lost = (moment, found.element) if found else None
    return DivergedError(fault, moment.epoch, replace(recording, lost=lost))


def _holds(stretch: Stretch, row: npt.NDArray[np.float64]) -> bool:
    """Whether the graph's condition held in an update."""
    return bool(stretch.executor.graph.until) and bool(stretch.executor.views(row)[STOP])
