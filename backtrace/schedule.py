"""The schedule of training: which samples each update of an epoch uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from backtrace.records import dataclass

Batch = tuple[int, ...]
"""The samples of one update, counted from 0."""


Keep = int | tuple[int, int]
"""An epoch, or one update of it."""


def moment_of(kept: Keep) -> tuple[int, int | None]:
    """The epoch, and its update where one is meant.

    >>> moment_of(3), moment_of((3, 2))
    ((3, None), (3, 2))
    """
    return (kept, None) if isinstance(kept, int) else kept


class Moment(NamedTuple):
    """An update: its epoch, and its place among the updates of that epoch; both from 1."""

    epoch: int
    update: int = 1

    def text(self) -> str:
        """As it stands after @ in a key, where an epoch has several updates.

        >>> Moment(3, 2).text()
        '3.2'
        """
        return f"{self.epoch}.{self.update}"

    def before(self, updates: int) -> Moment | None:
        """The update before this one, where an epoch has so many; None before the first.

        >>> Moment(3).before(4), Moment(1).before(4)
        (Moment(epoch=2, update=4), None)
        """
        if self.update > 1:
            return Moment(self.epoch, self.update - 1)
        return Moment(self.epoch - 1, updates) if self.epoch > 1 else None


@dataclass(frozen=True)
class Schedule:
    """How the samples of an epoch are dealt out to its updates.

    ``size`` samples make an update, the last of an epoch may have fewer; ``order`` is the order of the samples, and
    with a ``seed`` each epoch has the next permutation of a numpy Generator (PCG64). With ``in_turn`` an epoch is
    one update on the next sample.
    """

    count: int
    size: int
    order: Batch | None = None
    seed: int | None = None
    in_turn: bool = False

    @property
    def rest(self) -> int:
        """The size of the last batch of an epoch where it is smaller, else 0."""
        return self.count % self.size

    @property
    def updates(self) -> int:
        """How many updates an epoch has.

        >>> Schedule(count=5, size=2).updates
        3
        """
        return 1 if self.in_turn else -(-self.count // self.size)

    def epochs(self, done: int = 0) -> Iterator[list[Batch]]:
        """The batches of one epoch after another, without end; those of so many epochs are passed over.

        >>> next(Schedule(count=3, size=2, order=(2, 0, 1)).epochs())
        [(2, 0), (1,)]
        """
        if self.in_turn:
            for number in range(done, self.count):
                yield [(number,)]
            return
        draw = None if self.seed is None else np.random.default_rng(self.seed)
        order: Sequence[int] = self.order or range(self.count)
        for _ in range(done if draw else 0):
            draw.permutation(self.count)  # type: ignore[union-attr]
        while True:
            if draw is not None:
                order = [int(sample) for sample in draw.permutation(self.count)]
            yield [tuple(order[at : at + self.size]) for at in range(0, self.count, self.size)]
