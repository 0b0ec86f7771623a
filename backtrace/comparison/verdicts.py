"""Verdicts: what each expected figure is beside the computed one, in the order of computation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import Enum
from functools import cached_property
from typing import Final

import numpy as np

from backtrace.comparison.ancestry import Ancestry, Printed
from backtrace.comparison.conventions import Convention
from backtrace.comparison.expected import Expected, Figure
from backtrace.comparison.locating import Finder, Located, lists
from backtrace.comparison.order import NOWHERE, Order, Rank
from backtrace.comparison.rounding import EPSILON, LARGEST_NOISE, NOISE, PRECISE, Rounding
from backtrace.comparison.sheets import Book, Sheet
from backtrace.comparison.symbols import Named, definitions
from backtrace.comparison.tolerances import TYPES, Allowance, Floats, Tolerance
from backtrace.keys import Derivative, Target
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.schedule import Moment
from backtrace.trace import Trace
from backtrace.words import Note

FLOOR: Final = 4
"""So many ulp count as equal: programs that print every digit still add up in different orders."""
MOST_BY_HAND: Final = 10_000
"""A file of more figures comes from a program, which rounds nothing on its way."""
LEAST_DIGITS: Final = 3
"""With fewer significant digits one unit off in the last is a difference like any other."""
TELLING_DIGITS: Final = 2
"""With fewer, less than one unit off may be cut as well as wrong."""
NEGLIGIBLE: Final = 1e-3
"""The share of a unit below which a number may be printed as 0."""


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
    TOO_COARSE = "too coarse to tell"
    """Not refuted at its digits, but they are too few to confirm anything; neither a match nor a difference."""
    MISSING = "missing"
    """Computed here and not among the figures; only where a complete list is asked for."""
    UNKNOWN = "unknown"
    """Its key names nothing here, or not so many numbers."""


Scale = Callable[[Quantity], float]
"""By what a quantity's number is multiplied before a figure is compared with it."""
FAILING: Final = frozenset({Verdict.CARRIED, Verdict.DIFFERS, Verdict.MISSING, Verdict.UNKNOWN})
RIGHT: Final = frozenset({Verdict.MATCH, Verdict.LAST_DIGIT})
SOUND: Final = RIGHT | {Verdict.ROUNDING, Verdict.TOO_COARSE}


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure with its verdict.

    ``off`` is by how many units of its last place it is printed too large. What is unknown has no quantity,
    the value nan, and in ``hint`` the reason. ``dated``: the figure names its epoch, by its key or a heading.
    ``scale`` is what the quantity's number was multiplied by, where a convention of the sheet asks for that;
    ``value`` is the product.
    """

    figure: Figure
    quantity: Quantity | None = field(repr=False)
    dated: bool
    value: float
    verdict: Verdict
    off: float
    hint: str = ""
    scale: float = 1.0

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
class Mark:
    """Of the blanks of a section of a page, how many are right."""

    section: Note
    right: int
    of: int


@dataclass(frozen=True)
class Judgement:
    """All figures of a comparison in the order of computation, the unknown ones last.

    ``trace`` is what they are compared with: where ``conventions`` change the procedure, that of the changed one.
    """

    trace: Trace
    rows: tuple[Judged, ...]
    book: Book = field(repr=False)
    conventions: tuple[Convention, ...] = ()
    without: int = 0
    """How many numbers have no figure, where another program's are compared and a list of them is not asked for."""
    marks: tuple[Mark, ...] = ()
    """Of a worksheet that was filled in, how many of the blanks of each section are right."""

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
        """Whether any figure differs, is missing or is unknown."""
        return any(self.counts[verdict] for verdict in FAILING)


def unscaled(_: Quantity) -> float:
    """Numbers are printed as they are."""
    return 1.0


def judge(
    trace: Trace, figures: Iterable[Figure], tolerances: Sequence[Tolerance] = (), scale: Scale = unscaled
) -> Judgement:
    """Compare figures with a trace, whose numbers are printed times ``scale``: at their digits, or as is tolerated.

    Raises:
        UsageError: a figure is of an epoch that was not recorded.
        ConfigError: a symbol of the expected file is refused.

    >>> import backtrace
    >>> from backtrace.comparison.expected import from_pairs
    >>> diff = judge(backtrace.run("configs/example.yaml"), from_pairs(["h1=0.51", "z1=0.08", "q=0.5"]))
    >>> [(row.key, row.verdict.value) for row in diff.rows]
    [('z1', 'match'), ('h1', 'differs'), ('q', 'unknown')]
    """
    book = _book(trace, figures)
    located = list(_all_located(book, figures, scale))
    allowance = Allowance(tuple(tolerances), trace.graph.objective)
    judged = _compared([item for item in located if item.quantity], allowance)
    settled = _settled(sorted(judged, key=_rank(Order(trace.graph))), Rounding(Ancestry(book)), allowance)
    return Judgement(trace, (*settled, *(_unknown(item) for item in located if item.quantity is None)), book)


def first_look(trace: Trace, figures: Iterable[Figure], allowance: Allowance) -> list[Judged]:
    """The figures in their own order, each by itself: what follows from others is not told from what differs."""
    located = list(_all_located(_book(trace, figures), figures, unscaled))
    known = iter(list(_compared([item for item in located if item.quantity], allowance)))
    return [next(known) if item.quantity else _unknown(item) for item in located]


def rescaled(rows: Iterable[Judged], factors: Iterable[float], allowance: Allowance) -> Iterator[Judged]:
    """Figures of known numbers compared, each by itself, with these numbers times a factor each."""
    pairs = zip(rows, factors, strict=True)
    located = [Located(row.figure, row.quantity, row.dated, row.value * by, scale=by) for row, by in pairs]
    return _compared(located, allowance)


def _book(trace: Trace, figures: Iterable[Figure]) -> Book:
    return Book(trace, definitions(figures.symbols, trace.keys) if isinstance(figures, Expected) else {})


def _all_located(book: Book, figures: Iterable[Figure], scale: Scale) -> Iterator[Located]:
    finder = Finder(book)
    for item in (item for group in lists(figures) for item in finder.located(group)):
        factor = 1.0 if scale is unscaled or item.quantity is None else scale(item.quantity)
        yield item if factor == 1.0 else item._replace(value=item.value * factor, scale=factor)


def _unknown(item: Located) -> Judged:
    return Judged(item.figure, None, item.dated, math.nan, Verdict.UNKNOWN, math.nan, item.hint)


def _settled(rows: Sequence[Judged], rounding: Rounding, allowance: Allowance) -> Iterator[Judged]:
    """The figures with what follows from others told apart from what is wrong by itself, in order."""
    if len(rows) > MOST_BY_HAND:
        yield from rows
        return
    first = next((at for at, row in enumerate(rows) if row.verdict is Verdict.DIFFERS), len(rows))
    for row in rows[:first] if first < len(rows) else ():
        _note(rounding, row)
    yield from rows[:first]
    for row in rows[first:]:
        settled = _examined(row, rounding, allowance) if row.verdict is Verdict.DIFFERS else row
        _note(rounding, settled)
        yield settled


def _note(rounding: Rounding, row: Judged) -> None:
    assert row.quantity is not None
    ancestry, printed = rounding.ancestry, printed_of(row)
    ancestry.add(row.quantity, printed)
    if row.verdict is Verdict.DIFFERS and math.isfinite(printed.value):
        ancestry.roots[ancestry.place(ancestry.book.sheet(row.quantity.view), row.quantity.target)] = printed.value


def printed_of(row: Judged) -> Printed:
    """A figure as the examination of others reads it."""
    right = row.verdict in RIGHT or (row.verdict is Verdict.TOO_COARSE and abs(row.off) <= 0.5)
    figure = row.figure
    order = (figure.place.line, figure.place.column) if figure.place else (0, 0)
    value, unit, exact = figure.value / row.scale, figure.unit / abs(row.scale), row.value / row.scale
    return Printed(value, unit, figure.digits, exact, right, row.verdict in SOUND, order)


def _examined(row: Judged, rounding: Rounding, allowance: Allowance) -> Judged:
    """A figure that is not right at its digits: noise of computing, following from others, or wrong by itself."""
    assert row.quantity is not None
    printed = printed_of(row)
    if not math.isfinite(row.figure.value):
        return row
    if abs(row.figure.value - row.value) <= row.figure.unit / 2 + _noise(row, rounding, allowance) * abs(row.scale):
        return replace(row, verdict=Verdict.MATCH)
    follows = rounding.follows(row.quantity, printed)
    short = row.figure.digits < TELLING_DIGITS and abs(row.off) < 1
    if follows is None and (short or rounding.is_too_wide(row.quantity, printed)):
        return replace(row, verdict=Verdict.TOO_COARSE)
    verdict = {True: Verdict.ROUNDING, False: Verdict.CARRIED, None: Verdict.DIFFERS}[follows]
    return replace(row, verdict=verdict)


def _noise(row: Judged, rounding: Rounding, allowance: Allowance) -> float:
    """How far off a program may be that does the same operations, in the type that it computes in."""
    assert row.quantity is not None
    figure = row.figure
    tolerance = allowance.of((figure.key, row.quantity.key), figure.type)
    if tolerance.dtype and not tolerance.exact:
        return NOISE * rounding.noise(row.quantity) * TYPES[tolerance.dtype].epsilon / EPSILON
    if figure.digits >= PRECISE and abs(figure.value - row.value) <= LARGEST_NOISE:
        return NOISE * rounding.noise(row.quantity)
    return 0.0


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


# ── comparing ──


def _compared(items: Sequence[Located], allowance: Allowance) -> Iterator[Judged]:
    """Every figure with its number at once: files of arrays have a hundred thousand."""
    figures = [item.figure for item in items]
    printed = np.array([figure.value for figure in figures])
    unit = np.array([figure.unit for figure in figures])
    digits = np.array([figure.digits for figure in figures])
    value = np.array([item.value for item in items])
    with np.errstate(all="ignore"):
        # a saved trace may hold what is not finite, and is no other number for that
        same = (printed == value) | (np.isnan(printed) & np.isnan(value))
        distance = np.where(same, 0.0, np.abs(printed - value))
        floor = FLOOR * np.spacing(np.maximum(np.abs(printed), np.abs(value))) + _allowed(items, value, allowance)
        match = same | (distance <= unit / 2 + floor)
        near = (distance <= unit + floor) & (digits >= LEAST_DIGITS)
        off = np.where(same | (distance <= floor), 0.0, (printed - value) / unit)
        # a 0 that is right at its digits says no more than that the number is small
        coarse = match & (printed == 0) & (unit > 0) & (np.abs(value) > NEGLIGIBLE * unit + floor)
    verdicts = np.select([coarse, match, near], [0, 1, 2], 3).tolist()
    for item, verdict, units in zip(items, verdicts, off.tolist(), strict=True):
        yield Judged(item.figure, item.quantity, item.dated, item.value, COMPARED[verdict], units, scale=item.scale)


COMPARED: Final = (Verdict.TOO_COARSE, Verdict.MATCH, Verdict.LAST_DIGIT, Verdict.DIFFERS)


def _allowed(items: Sequence[Located], value: Floats, allowance: Allowance) -> Floats:
    """What each figure may be off by beside its digits."""
    if not allowance.rules and not any(item.figure.type for item in items):
        return np.zeros_like(value)
    chosen = [allowance.of(_names(item, allowance), item.figure.type) for item in items]
    return allowance.sizes(chosen, value, [_array(item) for item in items])


def _names(item: Located, allowance: Allowance) -> tuple[str, ...]:
    """What a figure's key is called where rules go by it: as it is written, and as the program writes it."""
    assert item.quantity is not None
    return (item.figure.key, item.quantity.key) if allowance.by_key else (item.figure.key,)


def _array(item: Located) -> object:
    """The array that a figure is of, in its epoch; what has none stands by itself."""
    assert item.quantity is not None
    target, view = item.quantity.target, item.quantity.view
    if isinstance(target, Derivative):
        target = target.by
    return (view.epoch, view.update, getattr(target, "name", target), isinstance(item.quantity.target, Derivative))
