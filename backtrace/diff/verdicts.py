"""Verdicts: what each expected figure is beside the computed one, in the order of computation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import cached_property
from itertools import product as cartesian
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np

from backtrace.diff.expected import Figure
from backtrace.errors import UsageError
from backtrace.expressions import Element, Index, Type
from backtrace.graph import Graph
from backtrace.keys import Derivative, Key, Keys, Part, Short, Target, UnknownKeyError
from backtrace.quantities import Quantity
from backtrace.report import ends
from backtrace.trace import Trace

FLOOR: Final = 4
"""So many ulp count as equal: programs that print every digit still add up in different orders."""
LEAST_DIGITS: Final = 3
"""With fewer significant digits one unit off in the last is a difference like any other."""
UNREAD: Final = (1, 0)
"""What nothing reads comes last among the gradients."""


class Verdict(Enum):
    """What a figure is beside the computed one."""

    MATCH = "match"
    """Equal at the printed digits."""
    LAST_DIGIT = "last digit"
    """Cut instead of rounded, or less than one unit off in the last place."""
    DIFFERS = "differs"
    """Wrong at the printed digits."""
    UNKNOWN = "unknown"
    """Its key names nothing here, or not so many numbers."""


FAILING: Final = frozenset({Verdict.DIFFERS, Verdict.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure with its verdict.

    ``off`` is by how many units of its last place it is printed too large. What is unknown has no quantity,
    the value nan, and in ``hint`` the reason. ``dated``: the figure names its epoch, by its key or a heading.
    """

    figure: Figure
    quantity: Quantity | None = field(repr=False)
    dated: bool
    value: float
    verdict: Verdict
    off: float
    hint: str = ""

    @property
    def target(self) -> Target | None:
        """What the figure is of."""
        return None if self.quantity is None else self.quantity.target

    @property
    def epoch(self) -> int | None:
        """The epoch that it was compared with."""
        return None if self.quantity is None else self.quantity.view.epoch

    @property
    def mark(self) -> str:
        """What follows a key of a certain epoch."""
        return f"@{self.epoch}" if self.dated and self.quantity else ""

    @property
    def key(self) -> str:
        """The key as the program writes it; as it is written where it names nothing."""
        return self.figure.key if self.quantity is None else self.quantity.key + self.mark


@dataclass(frozen=True)
class Diff:
    """All figures of a comparison in the order of computation, the unknown ones last."""

    trace: Trace
    rows: tuple[Judged, ...]

    @cached_property
    def counts(self) -> Mapping[Verdict, int]:
        """How many figures have each verdict."""
        return Counter(row.verdict for row in self.rows)

    @cached_property
    def first(self) -> Judged | None:
        """The first figure that differs; last digits do not count."""
        return next((row for row in self.rows if row.verdict is Verdict.DIFFERS), None)

    @property
    def failed(self) -> bool:
        """Whether any figure differs or is unknown."""
        return any(self.counts[verdict] for verdict in FAILING)


def epochs(figures: Iterable[Figure], keys: Keys) -> set[int]:
    """The epochs that must be recorded to compare with the figures; without an epoch the first is meant."""
    asked = {(figure.key, figure.epoch) for figure in figures}
    found = {(key.epoch or epoch or 1) for text, epoch in asked if (key := _parsed(keys, text)) is not None}
    return found or {1}


def _parsed(keys: Keys, text: str) -> Key | None:
    try:
        return keys.parse(text)
    except UnknownKeyError:
        return None


def judge(trace: Trace, figures: Iterable[Figure]) -> Diff:
    """Compare figures with a trace.

    Raises:
        UsageError: a figure is of an epoch that was not recorded.

    >>> import backtrace
    >>> from backtrace.diff.expected import from_pairs
    >>> diff = judge(backtrace.run("configs/example.yaml"), from_pairs(["h1=0.51", "z1=0.08", "q=0.5"]))
    >>> [(row.key, row.verdict.value) for row in diff.rows]
    [('z1', 'match'), ('h1', 'differs'), ('q', 'unknown')]
    """
    finder = _Finder(trace)
    located = [item for group in _lists(figures) for item in finder.located(group)]
    ranked = sorted(_compared([item for item in located if item.quantity]), key=_rank(Order(trace.graph)))
    return Diff(trace, (*ranked, *(item.unknown() for item in located if item.quantity is None)))


def _rank(order: Order) -> Callable[[Judged], Rank]:
    def rank(row: Judged) -> Rank:
        assert row.quantity is not None
        return order.rank(row.quantity.view.epoch, row.quantity.target)

    return rank


# ── finding the numbers ──


class _Located(NamedTuple):
    """A figure and the number it is compared with; without one, the reason."""

    figure: Figure
    quantity: Quantity | None
    dated: bool = False
    value: float = math.nan
    hint: str = ""

    def unknown(self) -> Judged:
        return Judged(self.figure, None, self.dated, math.nan, Verdict.UNKNOWN, math.nan, self.hint)


def _lists(figures: Iterable[Figure]) -> Iterator[list[Figure]]:
    """The figures of each list together; one that stands alone, alone."""
    group: list[Figure] = []
    for figure in figures:
        if group and not any(figure.index):
            yield group
            group = []
        group.append(figure)
    if group:
        yield group


@dataclass(frozen=True)
class _Finder:
    """Finds the number, or the numbers of an array, that figures are of."""

    trace: Trace
    seen: dict[str, Key | str] = field(default_factory=dict)

    def located(self, group: Sequence[Figure]) -> Iterator[_Located]:
        """The numbers of one key: of a lone figure, or of a list."""
        first = group[0]
        key = self.parsed(first.key)
        if isinstance(key, str):
            return _missing(group, key)
        epoch = key.epoch or first.epoch
        view = self.trace.epoch(epoch)
        try:
            values = np.asarray(view.value(key.target))
        except UsageError as error:
            return _missing(group, error.faults[0].message)
        shape = _shape(group)
        # A row or a column of numbers may be written as a plain list: only the order matters.
        if _squeezed(shape) != _squeezed(values.shape):
            return _missing(group, f"it is {_shape_text(values.shape)}, not {_shape_text(shape)}")
        return (
            _Located(figure, Quantity(view, target), epoch is not None, value)
            for figure, target, value in zip(
                group, _elements(key.target, self.trace.graph), values.ravel().tolist(), strict=True
            )
        )

    def parsed(self, text: str) -> Key | str:
        """What a key names, or the reason why it names nothing; foreign files repeat their keys."""
        if text not in self.seen:
            try:
                self.seen[text] = self.trace.keys.parse(text)
            except UnknownKeyError as error:
                self.seen[text] = error.faults[0].hint
        return self.seen[text]


def _missing(group: Sequence[Figure], hint: str) -> Iterator[_Located]:
    return (_Located(figure, None, hint=hint) for figure in group)


def _shape(group: Sequence[Figure]) -> tuple[int, ...]:
    """The shape of a list whose last figure stands at the end of every axis."""
    return tuple(at + 1 for at in group[-1].index)


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _shape_text(shape: Sequence[int]) -> str:
    """A shape in words.

    >>> _shape_text(()), _shape_text((3,)), _shape_text((2, 3))
    ('a single number', 'a list of 3', '2 by 3 numbers')
    """
    if not shape:
        return "a single number"
    return f"a list of {shape[0]}" if len(shape) == 1 else f"{' by '.join(map(str, shape))} numbers"


def _elements(target: Target, graph: Graph) -> Iterator[Target]:
    """The single numbers that a target names, in the order of its array."""
    if isinstance(target, Part):
        yield from _members(target, graph)
    elif isinstance(target, Derivative):
        of, by = (_members(end, graph) if isinstance(end, Part) else repeat(end) for end in target)
        single = isinstance(target.of, Element) and isinstance(target.by, Element)
        yield from [target] if single else map(Derivative, of, by)
    else:
        yield target


def _members(part: Part, graph: Graph) -> Iterator[Element]:
    """Sample by sample, row by row."""
    type = graph.types.get(part.name) or graph.types.get(part.name.removesuffix("+")) or Type(())
    samples: Iterable[int | None] = [part.sample]
    if type.sampled and part.sample is None:
        samples = range(graph.samples or 1)
    indexes = [part.index] if part.index is not None else list(cartesian(*map(range, type.shape)))
    return (Element(part.name, index, sample) for sample in samples for index in indexes)


# ── comparing ──


def _compared(items: Sequence[_Located]) -> Iterator[Judged]:
    """Every figure with its number at once: files of arrays have a hundred thousand."""
    figures = [item.figure for item in items]
    printed = np.array([figure.value for figure in figures])
    unit = np.array([figure.unit for figure in figures])
    digits = np.array([figure.digits for figure in figures])
    value = np.array([item.value for item in items])
    with np.errstate(all="ignore"):
        distance = np.abs(printed - value)
        floor = FLOOR * np.spacing(np.maximum(np.abs(printed), np.abs(value)))
        match = distance <= unit / 2 + floor
        near = (distance <= unit + floor) & (digits >= LEAST_DIGITS)
        off = np.where(distance <= floor, 0.0, (printed - value) / unit)
    for item, equal, close, units in zip(items, match.tolist(), near.tolist(), off.tolist(), strict=True):
        verdict = Verdict.MATCH if equal else Verdict.LAST_DIGIT if close else Verdict.DIFFERS
        yield Judged(item.figure, item.quantity, item.dated, item.value, verdict, units)


# ── the order of computation ──


class Stage(IntEnum):
    """What comes after what within an epoch; the objective is the end of the forward pass."""

    GIVEN = 0
    FORWARD = 1
    BACKWARD = 2
    UPDATE = 3
    AFTER = 4


class Rank(NamedTuple):
    """A number's place in the order of computation.

    Of what is differentiated by one element, the links and the ways come before the whole derivative.
    """

    epoch: int
    stage: Stage
    position: tuple[int, int]
    sample: int
    place: Index
    whole: bool


@dataclass(frozen=True)
class Order:
    """The order of computation of a graph, without a list of everything it computes."""

    graph: Graph

    @cached_property
    def _forward(self) -> dict[str, int]:
        return {equation.name: at for at, equation in enumerate(self.graph.forward)}

    @cached_property
    def _given(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.graph.givens)}

    @cached_property
    def _updates(self) -> dict[str, int]:
        return {equation.name: at for at, equation in enumerate(self.graph.updates)}

    @cached_property
    def _taken_by(self) -> dict[str, str]:
        """What each gradient array is taken by."""
        return {gradient: name for name, gradient in self.graph.gradient_of.items()}

    @cached_property
    def _backward(self) -> dict[str, tuple[int, int]]:
        """Gradients run against the forward pass; that of a given value follows its first reader's."""
        found = {name: (-at, 0) for name, at in self._forward.items()}
        for name, at in self._given.items():
            readers = [self._forward[equation.name] for equation in self.graph.consumers.get(name, ())]
            found[name] = (-min(readers), 1 + at) if readers else UNREAD
        return found

    def rank(self, epoch: int, target: Target) -> Rank:
        """The place of a single number in the order."""
        if isinstance(target, Element) and target.name not in self._taken_by:
            return self._at(epoch, *self._place(target.name), target, True)
        if isinstance(target, Element):
            whole, by = True, target._replace(name=self._taken_by[target.name])
        else:
            of, by = ends(target)
            whole = of.name == self.graph.objective and isinstance(target, Derivative | Short)
        return self._at(epoch, Stage.BACKWARD, self._backward.get(by.name, UNREAD), by, whole)

    @staticmethod
    def _at(epoch: int, stage: Stage, position: tuple[int, int], element: Element, whole: bool) -> Rank:
        sample = -1 if element.sample is None else element.sample
        return Rank(epoch, stage, position, sample, element.index, whole)

    def _place(self, name: str) -> tuple[Stage, tuple[int, int]]:
        """The stage of a named array and its position there."""
        core = name.removesuffix("+")
        if name in self._updates:
            return Stage.UPDATE, (self._updates[name], 0)
        if core in self._forward:
            return Stage.FORWARD if core == name else Stage.AFTER, (self._forward[core], 0)
        given = self._given.get(core, -1)
        return (Stage.GIVEN, (given, 0)) if core == name else (Stage.UPDATE, (len(self._updates), given))
