"""What a run leaves: recorded updates as rows of numbers in one array, read by name when somebody asks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backtrace.executor import Arrays, Executor, counters
from backtrace.expressions import Element
from backtrace.records import dataclass
from backtrace.schedule import Batch, Keep, Moment


@dataclass(frozen=True)
class Recording:
    """What a run leaves: everything of the kept updates, the objective of all epochs, the last parameters.

    ``batches`` are the samples of the kept updates, where an update does not use all; ``stopped`` says that the
    graph's condition ended the training. ``lost`` tells where it left the finite numbers: that update is recorded too.
    """

    records: Mapping[Moment, Arrays]
    losses: npt.NDArray[np.float64]
    state: Arrays
    executor: str
    batches: Mapping[Moment, Batch] = field(default_factory=dict)
    stopped: bool = False
    lost: tuple[Moment, Element] | None = None

    @property
    def finite(self) -> Recording:
        """Without the epoch that left the finite numbers, if one did."""
        moments = [moment for moment in self.records if moment.epoch <= len(self.losses)]
        if self.lost is None and len(moments) == len(self.records):
            return self
        batches = {moment: batch for moment, batch in self.batches.items() if moment.epoch <= len(self.losses)}
        return replace(self, records=Chosen(self.records, moments), batches=batches, lost=None)


class Stretch(NamedTuple):
    """Updates recorded one after another: what stood before the first, and a row of numbers for each.

    ``given`` are the values that the updates read, ``state`` the parameters and optimiser states before the first of
    them, ``made`` how many updates came before it; ``rows`` has the shape (updates, the executor's width).
    """

    executor: Executor
    given: Arrays
    state: Arrays
    made: int
    rows: npt.NDArray[np.float64]

    @classmethod
    def begun(cls, executor: Executor, count: int) -> Stretch:
        """So many updates that are about to be made."""
        return cls(executor, executor.given, executor.state(), executor.made, space(count, executor.width))

    def record(self, at: int) -> Arrays:
        """Everything of one of the updates by name: what stood before, what was computed, the forward pass after it."""
        found = self.executor.views(self.rows[at])
        before = self.given | self.state_before(at) | counters(self.executor.graph, self.made + at)
        with np.errstate(all="ignore"):
            return before | found | self.executor.after(self.given | self.renewed(found))

    def state_before(self, at: int) -> Arrays:
        """The parameters and states before an update: those that the update before it left."""
        return self.renewed(self.executor.views(self.rows[at - 1])) if at else self.state

    def renewed(self, found: Arrays) -> Arrays:
        """The new parameters and states among what an update computed."""
        return {old: found[new] for new, old in self.executor.graph.replaced}


class Records(Mapping[Moment, Arrays]):
    """The recorded updates in the order of training; one is made into named arrays when it is looked at.

    A stretch of several updates is one of epochs that make one update each.
    """

    def __init__(self) -> None:
        self._firsts: list[Moment] = []
        self._stretches: list[Stretch] = []
        self._last: tuple[Moment, Arrays] | None = None
        self._lost: dict[Moment, Arrays] = {}

    def lose(self, moment: Moment, found: Arrays) -> None:
        """Take the update that left the finite numbers, after which there is none."""
        self._lost[moment] = found

    def add(self, first: Moment, stretch: Stretch) -> None:
        """Take a stretch that begins with an update, later than all before."""
        self._firsts.append(first)
        self._stretches.append(stretch)

    def forget(self, epoch: int, kept: Collection[Keep]) -> None:
        """Drop the updates of the last epoch, except those to be kept."""
        start = bisect_left(self._firsts, Moment(epoch, 0))
        again = [(m, s) for m, s in zip(self._firsts[start:], self._stretches[start:], strict=True) if m in kept]
        del self._firsts[start:], self._stretches[start:]
        for first, stretch in again:
            self.add(first, stretch)

    def __getitem__(self, moment: Moment) -> Arrays:
        if moment in self._lost:
            return self._lost[moment]
        if self._last is None or self._last[0] != moment:
            self._last = moment, self._made(moment)
        return self._last[1]

    def _made(self, moment: Moment) -> Arrays:
        place = bisect_right(self._firsts, moment) - 1
        at = 0 if place < 0 else moment.epoch - self._firsts[place].epoch
        if place < 0 or moment.update != self._firsts[place].update or at >= len(self._stretches[place].rows):
            raise KeyError(moment)
        return self._stretches[place].record(at)

    def __iter__(self) -> Iterator[Moment]:
        for (epoch, update), stretch in zip(self._firsts, self._stretches, strict=True):
            for at in range(len(stretch.rows)):
                yield Moment(epoch + at, update)
        yield from self._lost

    def __len__(self) -> int:
        return sum(len(stretch.rows) for stretch in self._stretches) + len(self._lost)


class Chosen(Mapping[Moment, Arrays]):
    """Some of the recorded updates."""

    def __init__(self, records: Mapping[Moment, Arrays], moments: Iterable[Moment]) -> None:
        self._records, self._moments = records, dict.fromkeys(moments)

    def __getitem__(self, moment: Moment) -> Arrays:
        if moment not in self._moments:
            raise KeyError(moment)
        return self._records[moment]

    def __iter__(self) -> Iterator[Moment]:
        return iter(self._moments)

    def __len__(self) -> int:
        return len(self._moments)


class Joined(Mapping[Moment, Arrays]):
    """The recorded updates of a training, up to an epoch, and those of the one that went on from there."""

    def __init__(self, before: Mapping[Moment, Arrays], after: Mapping[Moment, Arrays], last: int) -> None:
        self._before, self._after, self._last = before, after, last

    def __getitem__(self, moment: Moment) -> Arrays:
        return (self._after if moment.epoch > self._last else self._before)[moment]

    def __iter__(self) -> Iterator[Moment]:
        yield from self._before
        yield from self._after

    def __len__(self) -> int:
        return len(self._before) + len(self._after)


MOST_IN_MEMORY = 1 << 28
"""Bytes; a longer recording lies in a temporary file, which the system keeps in memory as far as there is room."""


def space(count: int, width: int) -> npt.NDArray[np.float64]:
    """Rows for so many updates, all zero."""
    if count * width * 8 <= MOST_IN_MEMORY:
        return np.zeros((count, width))
    from tempfile import TemporaryFile

    return np.memmap(TemporaryFile(), dtype=np.float64, shape=(count, width))
