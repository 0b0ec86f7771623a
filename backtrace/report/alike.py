"""Rows that are alike: quantities with lanes stand for all of them, and single ones are made on demand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, product
from typing import TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from backtrace.keys import Target, resampled
from backtrace.keys.lanes import Lane, UnlikeError, elements_of, lanes_of, placed
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.report.blocks import Row

Item = TypeVar("Item")
Scalar = TypeVar("Scalar", bound=np.generic)
Listed: TypeAlias = Sequence[Quantity]
"""A line of rows: a quantity, once for every sample shown."""


@dataclass(frozen=True, eq=False)
class Samples(Sequence[Quantity]):
    """A quantity of several samples, and what stands after it in its row."""

    view: View
    target: Target
    samples: Sequence[int]
    after: tuple[Quantity, ...] = ()

    @cached_property
    def first(self) -> Quantity:
        """The quantity of the first sample, whose formula serves all of them."""
        return self.view.quantity(resampled(self.target, self.samples[0]))

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """The numbers of all, in order."""
        own = self.view.each_sample(self.first.target, self.samples)
        return np.asarray([*own.tolist(), *(quantity.value for quantity in self.after)])

    def short(self, most: int) -> Samples:
        """The same of the first samples and the last, where there are more than those."""
        if len(self.samples) <= most + 1:
            return self
        return Samples(self.view, self.target, [*self.samples[:most], self.samples[-1]], self.after)

    def __len__(self) -> int:
        return len(self.samples) + len(self.after)

    @overload
    def __getitem__(self, number: int) -> Quantity: ...

    @overload
    def __getitem__(self, number: slice) -> tuple[Quantity, ...]: ...

    def __getitem__(self, number: int | slice) -> Quantity | tuple[Quantity, ...]:
        """The quantity of one of them, or of some."""
        if isinstance(number, slice):
            return tuple(self[at] for at in range(len(self))[number])
        count = len(self.samples)
        if 0 <= number < count:
            return self.view.quantity(resampled(self.target, self.samples[number])) if number else self.first
        return self.after[number - count if number >= 0 else number]

    def __iter__(self) -> Iterator[Quantity]:
        targets = (resampled(self.target, sample) for sample in self.samples)
        own = (Quantity(self.view, *each) for each in zip(targets, self.numbers.tolist(), strict=False))
        return chain(own, self.after)


def numbers_of(listed: Listed) -> npt.NDArray[np.float64]:
    """The numbers of a line."""
    return listed.numbers if isinstance(listed, Samples) else np.asarray([quantity.value for quantity in listed])


@dataclass(frozen=True, eq=False)
class Places(Sequence[Mapping[Lane, int]]):
    """All places that lanes stand for, in order; the first lane changes slowest."""

    lanes: tuple[Lane, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many positions each lane stands for."""
        return tuple(lane.size for lane in self.lanes)

    def __len__(self) -> int:
        return math.prod(self.sizes)

    def __getitem__(self, number: int) -> Mapping[Lane, int]:  # type: ignore[override]  # no slices
        if number >= len(self):
            raise IndexError(number)
        at = np.unravel_index(number, self.sizes) if self.sizes else ()
        return dict(zip(self.lanes, map(int, at), strict=True))

    def __iter__(self) -> Iterator[Mapping[Lane, int]]:
        return (dict(zip(self.lanes, at, strict=True)) for at in product(*map(range, self.sizes)))

    def numbers(self, quantity: Quantity) -> npt.NDArray[np.float64]:
        """The values of a quantity with some of the lanes, place by place."""
        return self.spread(lanes_of(quantity.target), quantity.numbers)

    def spread(self, own: Sequence[Lane], values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """An array with an axis for each of some lanes, place by place."""
        axes = {lane: axis for axis, lane in enumerate(own)}
        ordered = values.transpose([axes[lane] for lane in self.lanes if lane in axes])
        shape = [lane.size if lane in axes else 1 for lane in self.lanes]
        return np.broadcast_to(ordered.reshape(shape), self.sizes).reshape(-1)


@dataclass(frozen=True, eq=False)
class Run(Sequence[Listed]):
    """Lines that are alike: at every place a line for each of the quantities."""

    quantities: tuple[Quantity, ...]
    places: Places

    def __len__(self) -> int:
        return len(self.places) * len(self.quantities)

    def __getitem__(self, number: int) -> Listed:  # type: ignore[override]  # no slices
        place, which = divmod(number, len(self.quantities))
        return (single(self.quantities[which], self.places[place]),)

    def __iter__(self) -> Iterator[Listed]:
        return ((single(quantity, place),) for place in self.places for quantity in self.quantities)


@dataclass(frozen=True, eq=False)
class RunOfRows(Sequence[Row]):
    """Rows of a table that are alike, one at every place."""

    label: Quantity
    cells: Listed
    places: Places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, number: int) -> Row:  # type: ignore[override]  # no slices
        return self.row(self.places[number])

    def __iter__(self) -> Iterator[Row]:
        return map(self.row, self.places)

    def row(self, place: Mapping[Lane, int]) -> Row:
        """The row at one place."""
        return Row(single(self.label, place), tuple(single(cell, place) for cell in self.cells))


@dataclass(frozen=True, eq=False)
class RunsOfRows(Sequence[Row]):
    """The rows of a table in runs, one after another."""

    runs: tuple[RunOfRows, ...]

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    def __getitem__(self, number: int) -> Row:  # type: ignore[override]  # no slices
        return _at(self.runs, number)

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(self.runs)


@dataclass(frozen=True, eq=False)
class Lines(Sequence[Listed]):
    """Lines one after another, some of them in runs."""

    parts: tuple[Sequence[Listed], ...]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, number: int) -> Listed:  # type: ignore[override]  # no slices
        return _at(self.parts, number)

    def __iter__(self) -> Iterator[Listed]:
        return chain.from_iterable(self.parts)


def _at(parts: Iterable[Sequence[Item]], number: int) -> Item:
    """The item of a number in parts one after another."""
    for part in parts:
        if number < len(part):
            return part[number]
        number -= len(part)
    raise IndexError(number)


def joined(parts: Iterable[Sequence[Listed]]) -> Sequence[Listed]:
    """Lines one after another; runs among them stay runs."""
    found = [part for part in parts if part]
    if any(isinstance(part, Run | Lines) for part in found):
        return Lines(tuple(inner for part in found for inner in parts_of(part)))
    return tuple(chain.from_iterable(found))


def parts_of(lines: Sequence[Listed]) -> Sequence[Sequence[Listed]]:
    """The runs among lines, and what stands between them."""
    return lines.parts if isinstance(lines, Lines) else (lines,)


def sampled(lines: Sequence[Listed]) -> bool:
    """Whether some lines have a number for each sample; those of runs have not."""
    return any(len(line) > 1 for part in parts_of(lines) if not isinstance(part, Run) for line in part)


def single(quantity: Quantity, place: Mapping[Lane, int]) -> Quantity:
    """The quantity at one place."""
    return quantity.view.quantity(placed(quantity.target, place))


class Known:
    """What has been listed: single targets, and those with lanes for all that they stand for."""

    def __init__(self) -> None:
        self.targets: dict[Target, None] = {}
        self.by_names: dict[object, list[Target]] = {}
        self.runs: dict[object, list[Target]] = {}

    def __len__(self) -> int:
        return len(self.targets)

    def back_to(self, count: int) -> None:
        """Forget all but the first ones that were listed."""
        while len(self.targets) > count:
            target, _ = self.targets.popitem()
            for found in self._found(target):
                found[_names(target)].pop()

    def __contains__(self, target: Target) -> bool:
        if target in self.targets:
            return True
        return bool(self.runs) and any(_covers(run, target) for run in self.runs.get(_names(target), ()))

    def add(self, target: Target) -> None:
        """List a target.

        Raises:
            UnlikeError: some of what it stands for may be listed already.
        """
        if lanes_of(target) and not all(_apart(target, other) for other in self.by_names.get(_names(target), ())):
            raise UnlikeError
        if target not in self.targets:
            self.targets[target] = None
            for found in self._found(target):
                found.setdefault(_names(target), []).append(target)

    def _found(self, target: Target) -> tuple[dict[object, list[Target]], ...]:
        """Where a target is listed by its names."""
        return (self.by_names, self.runs) if lanes_of(target) else (self.by_names,)


def _names(target: Target) -> object:
    return type(target), tuple((element.name, element.sample) for element in elements_of(target))


def _positions(one: Target, other: Target) -> Iterator[tuple[object, object]]:
    """The positions of two targets of the same names, side by side."""
    for a, b in zip(elements_of(one), elements_of(other), strict=True):
        yield from zip(a.index, b.index, strict=True)


def _covers(run: Target, target: Target) -> bool:
    """Whether a target with lanes stands for all that another one names."""
    bound: dict[Lane, object] = {}
    return all(_same(bound.setdefault(a, b) if isinstance(a, Lane) else a, b) for a, b in _positions(run, target))


def _same(one: object, other: object) -> bool:
    """Whether two positions are the same; a lane is the same as itself only."""
    return one is other or not (isinstance(one, Lane) or isinstance(other, Lane) or one != other)


def _apart(one: Target, other: Target) -> bool:
    """Whether two targets name nothing in common for sure."""
    return any(not isinstance(a, Lane) and not isinstance(b, Lane) and a != b for a, b in _positions(one, other))
