"""Verdicts: what each expected figure is beside the computed one, in the order of computation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from backtrace.comparison.ancestry import Ancestry, Printed
from backtrace.comparison.expected import Expected, Figure
from backtrace.comparison.members import elements
from backtrace.comparison.order import NOWHERE, Order, Rank
from backtrace.comparison.rounding import LARGEST_NOISE, NOISE, PRECISE, Rounding
from backtrace.comparison.sheets import Book, Sheet
from backtrace.comparison.symbols import Definition, Named, definitions
from backtrace.errors import UsageError, did_you_mean
from backtrace.keys import Key, Keys, Target, UnknownKeyError
from backtrace.quantities import Quantity, View
from backtrace.schedule import Keep, Moment
from backtrace.trace import Trace

FLOOR: Final = 4
"""So many ulp count as equal: programs that print every digit still add up in different orders."""
MOST_BY_HAND: Final = 10_000
"""A file of more figures comes from a program, which rounds nothing on its way."""
LEAST_DIGITS: Final = 3
"""With fewer significant digits one unit off in the last is a difference like any other."""


class Verdict(Enum):
    """What a figure is beside the computed one."""

    MATCH = "match"
    """Equal at the printed digits."""
    LAST_DIGIT = "last digit"
    """Cut instead of rounded, or less than one unit off in the last place."""
    ROUNDING = "from rounded values"
    """Not right at its digits, but it follows from the rounded figures it depends on."""
    CARRIED = "carried"
    """Not right, but it follows from an earlier figure that is not: this step is right."""
    DIFFERS = "differs"
    """Wrong at the printed digits."""
    UNKNOWN = "unknown"
    """Its key names nothing here, or not so many numbers."""


FAILING: Final = frozenset({Verdict.CARRIED, Verdict.DIFFERS, Verdict.UNKNOWN})
SOUND: Final = frozenset({Verdict.MATCH, Verdict.LAST_DIGIT, Verdict.ROUNDING})


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
        if not self.dated or self.quantity is None:
            return ""
        view = self.quantity.view
        several = view.graph.updates_per_epoch > 1
        return f"@{Moment(view.epoch, view.update).text() if several else view.epoch}"

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


def epochs(figures: Iterable[Figure], keys: Keys) -> set[Keep]:
    """The epochs that must be recorded to compare with the figures; without an epoch the first is meant.

    Raises:
        ConfigError: a symbol of the expected file names what is not there.
    """
    symbols = definitions(figures.symbols, keys) if isinstance(figures, Expected) else {}
    asked = {(figure.key, figure.epoch, figure.update) for figure in figures}
    dated = (_dated(key, epoch, update) for text, epoch, update in asked if (key := _parsed(keys, text, symbols)))
    return {keep for key in dated for keep in _epochs_of(key, symbols)} or {1}


def _dated(key: Key, epoch: int | None, update: int | None) -> Key:
    """The key with an epoch: its own, that of where it stands, or the first."""
    return key if key.epoch else key._replace(epoch=epoch or 1, update=update)


def _epochs_of(key: Key, symbols: Mapping[str, Definition]) -> Iterator[Keep]:
    """The epochs of a key, or of all that a symbol reads; with the update where one is named."""
    assert key.epoch is not None
    yield (key.epoch, key.update) if key.update else key.epoch
    if isinstance(key.target, Named):
        for operand in symbols[key.target.name].operands.values():
            yield from _epochs_of(_dated(operand, key.epoch, key.update), symbols)


def _parsed(keys: Keys, text: str, symbols: Mapping[str, Definition]) -> Key | None:
    """What a key names: a symbol before anything else."""
    bare, _, epoch = text.rpartition("@")
    if text in symbols:
        return Key(Named(text))  # type: ignore[arg-type]
    number, _, update = epoch.partition(".")
    if bare in symbols and number.isdecimal():
        return Key(Named(bare), int(number), int(update) if update else None)  # type: ignore[arg-type]
    try:
        return keys.parse(text)
    except UnknownKeyError:
        return None


def judge(trace: Trace, figures: Iterable[Figure]) -> Diff:
    """Compare figures with a trace.

    Raises:
        UsageError: a figure is of an epoch that was not recorded.
        ConfigError: a symbol of the expected file is refused.

    >>> import backtrace
    >>> from backtrace.comparison.expected import from_pairs
    >>> diff = judge(backtrace.run("configs/example.yaml"), from_pairs(["h1=0.51", "z1=0.08", "q=0.5"]))
    >>> [(row.key, row.verdict.value) for row in diff.rows]
    [('z1', 'match'), ('h1', 'differs'), ('q', 'unknown')]
    """
    symbols = definitions(figures.symbols, trace.keys) if isinstance(figures, Expected) else {}
    book = Book(trace, symbols)
    finder = _Finder(book)
    located = [item for group in _lists(figures) for item in finder.located(group)]
    ranked = sorted(_compared([item for item in located if item.quantity]), key=_rank(Order(trace.graph)))
    settled = _settled(ranked, Rounding(Ancestry(book)))
    return Diff(trace, (*settled, *(item.unknown() for item in located if item.quantity is None)))


def _settled(rows: Sequence[Judged], rounding: Rounding) -> Iterator[Judged]:
    """The figures with what follows from others told apart from what is wrong by itself, in order."""
    if len(rows) > MOST_BY_HAND:
        yield from rows
        return
    first = next((at for at, row in enumerate(rows) if row.verdict is Verdict.DIFFERS), len(rows))
    for row in rows[:first] if first < len(rows) else ():
        _note(rounding, row)
    yield from rows[:first]
    for row in rows[first:]:
        settled = _examined(row, rounding) if row.verdict is Verdict.DIFFERS else row
        _note(rounding, settled)
        yield settled


def _note(rounding: Rounding, row: Judged) -> None:
    assert row.quantity is not None
    rounding.ancestry.add(row.quantity, _printed(row))


def _printed(row: Judged) -> Printed:
    right = row.verdict in (Verdict.MATCH, Verdict.LAST_DIGIT)
    figure = row.figure
    order = (figure.place.line, figure.place.column) if figure.place else (0, 0)
    return Printed(figure.value, figure.unit, figure.digits, row.value, right, row.verdict in SOUND, order)


def _examined(row: Judged, rounding: Rounding) -> Judged:
    """A figure that is not right at its digits: noise of computing, following from others, or wrong by itself."""
    assert row.quantity is not None
    figure = row.figure
    if figure.digits >= PRECISE and abs(figure.value - row.value) <= LARGEST_NOISE:
        noise = NOISE * rounding.noise(row.quantity)
        if abs(figure.value - row.value) <= figure.unit / 2 + noise:
            return replace(row, verdict=Verdict.MATCH)
    follows = rounding.follows(row.quantity, _printed(row))
    verdict = {True: Verdict.ROUNDING, False: Verdict.CARRIED, None: Verdict.DIFFERS}[follows]
    return replace(row, verdict=verdict)


def _rank(order: Order) -> Callable[[Judged], Rank]:
    """A figure's place in the order; a symbol follows the latest of what it reads."""
    seen: dict[tuple[Moment, str], Rank] = {}

    def rank(view: View, target: Target) -> Rank:
        if not isinstance(target, Named):
            return order.rank(Moment(view.epoch, view.update), target)
        place = (Moment(view.epoch, view.update), target.name)
        if place not in seen:
            assert isinstance(view, Sheet)
            latest = max((rank(*read) for read in view.last_operands(target.name)), default=NOWHERE)
            seen[place] = latest._replace(turn=max(latest.turn, 1) + 1)
        return seen[place]

    def rank_of(row: Judged) -> Rank:
        assert row.quantity is not None
        return rank(row.quantity.view, row.quantity.target)

    return rank_of


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

    book: Book
    seen: dict[str, Key | str] = field(default_factory=dict)

    def located(self, group: Sequence[Figure]) -> Iterator[_Located]:
        """The numbers of one key: of a lone figure, or of a list."""
        first = group[0]
        key = self.parsed(first.key)
        if isinstance(key, str):
            return _missing(group, key)
        views = self.views(key, first)
        try:
            values = np.asarray([view.value(key.target) for view in views])
        except UsageError as error:
            return _missing(group, error.faults[0].message)
        shape = _shape(group)
        # A row or a column of numbers may be written as a plain list: only the order matters.
        if _squeezed(shape) != _squeezed(values.shape):
            whole = values.shape if len(views) > 1 else values.shape[1:]
            return _missing(group, f"it is {_shape_text(whole)}, not {_shape_text(shape)}")
        dated = (key.epoch or first.epoch) is not None
        members = ((view, target) for view in views for target in self.members(view, key.target))
        return (
            _Located(figure, Quantity(view, target), dated, value)
            for figure, (view, target), value in zip(group, members, values.ravel().tolist(), strict=True)
        )

    def views(self, key: Key, figure: Figure) -> Sequence[View]:
        """The recorded epoch that a figure is of; all its updates where it names none of several."""
        found = self.book.views(key, figure.epoch, figure.update)
        return [self.book.sheet(view) for view in found] if isinstance(key.target, Named) else found

    @staticmethod
    def members(view: View, target: Target) -> Iterator[Target]:
        """The single numbers that a key names."""
        if isinstance(target, Named):
            assert isinstance(view, Sheet)
            return view.members(target.name)
        return elements(target, view.graph)

    def parsed(self, text: str) -> Key | str:
        """What a key names, or the reason why it names nothing; foreign files repeat their keys."""
        if text not in self.seen:
            keys = self.book.trace.keys
            self.seen[text] = _parsed(keys, text, self.book.definitions) or self.reason(text)
        return self.seen[text]

    def reason(self, text: str) -> str:
        """Why a text names nothing: the name that may have been meant."""
        return did_you_mean(text, self.book.definitions) or self.book.trace.keys.suggestion("".join(text.split()))


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
