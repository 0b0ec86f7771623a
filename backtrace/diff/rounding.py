"""Whether a figure follows from the printed figures that it depends on, and from their rounding.

A figure that is not right at its digits is recomputed from its nearest printed ancestors; what stands between and is
not printed is recomputed too, and what is given is exact. Each printed value stands for an interval; the result's is
the sum of what each of them moves it by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from itertools import product as cartesian
from typing import Any, Final, NamedTuple

import numpy as np

from backtrace.diff.sheets import Book, Sheet
from backtrace.diff.symbols import Named
from backtrace.expressions import Call, Element, Expr, Ref, walk
from backtrace.keys import Derivative, Key, Path, Short, Via
from backtrace.ops.base import total
from backtrace.quantities import Quantity, View, evaluated
from backtrace.schedule import Moment

EPSILON: Final = float(np.finfo(float).eps)
PRECISE: Final = 12
"""From so many significant digits on a difference may be what computers round."""
NOISE: Final = 4
"""So many times the error that rounding each operation may leave counts as none."""
WIDENED: Final = 0.05
"""The share of a unit by which the span between a printed and the exact value is widened."""
COARSE: Final = 0.25
"""An interval that is a larger share of its value tells nothing."""
LEAST_DIGITS: Final = 3
MOST_NODES: Final = 3000
MOST_LEAVES: Final = 200
MOST_READINGS: Final = 32
"""The bounds of one examination; beyond them nothing is claimed."""
DECIMALS: Final = range(2, 9)
"""To so many decimals a source may round what it does not print."""


class Printed(NamedTuple):
    """A printed figure: its value, its unit and digits, the exact value, and whether it is right."""

    value: float
    unit: float
    digits: int
    exact: float
    right: bool
    sound: bool
    """Right, or following from rounded values that are right."""


class Place(NamedTuple):
    """A number by one name of all that it has: the update, and what it is of."""

    moment: Moment
    target: Any


class Leaf(NamedTuple):
    """A value to compute from: its middle, how far it may be off, and whether it is sound."""

    middle: float
    radius: float
    sound: bool


class _TooMuchError(Exception):
    """An examination that grows beyond its bounds."""


@dataclass
class Ancestry:
    """The printed figures of a comparison, and what each number is computed from.

    ``rounded`` are the given arrays whose digits are those of the source's print, with a unit each.
    """

    book: Book
    rounded: Mapping[str, float] = field(default_factory=dict)
    printed: dict[Place, list[Printed]] = field(default_factory=dict)
    _formulas: dict[Place, Expr | None] = field(default_factory=dict)

    def add(self, quantity: Quantity, printed: Printed) -> None:
        """Take note of a printed figure."""
        place = self.place(self.book.sheet(quantity.view), quantity.target)
        self.printed.setdefault(place, []).append(printed)

    # ── one name for each number ──

    def place(self, view: View, target: Any) -> Place:
        """The place of a number: new values are those of the next update, derivatives go by what they are of."""
        moment = Moment(view.epoch, view.update)
        if isinstance(target, Named):
            return self._symbol(view, target)
        if isinstance(target, Path | Short):
            return Place(moment, self._derivative(view, target))
        if isinstance(target, Element):
            by = view.keys.differentiated.get(target.name)
            if by is not None:
                return Place(moment, Derivative(view.chains.objective, target._replace(name=by)))
            if target.name.endswith("+") and self._stays(view, target.name):
                return Place(self._next(view), target._replace(name=target.name.removesuffix("+")))
        return Place(moment, target)

    def _symbol(self, view: View, target: Named) -> Place:
        """A symbol that stands for one key is that key."""
        assert isinstance(view, Sheet)
        formula = view.formula(target)
        if isinstance(formula, Ref):
            return self.place(*self.resolved(view, formula.key))
        return Place(Moment(view.epoch, view.update), target)

    @staticmethod
    def _derivative(view: View, target: Path | Short) -> Any:
        if isinstance(target, Short):
            return Derivative(target.of, target.by)
        of, by = target.nodes[0], target.nodes[-1]
        if len(target.nodes) == 2 and view.chains.is_one_of_several(of, by, of):
            return target
        return Derivative(of, by)

    @staticmethod
    def _stays(view: View, name: str) -> bool:
        """Whether a new value is what the next update begins with; a forward quantity is with the same samples."""
        core = name.removesuffix("+")
        return view.graph.updates_per_epoch == 1 or core in view.graph.trained or core in view.graph.states

    @staticmethod
    def _next(view: View) -> Moment:
        if view.update < view.graph.updates_per_epoch:
            return Moment(view.epoch, view.update + 1)
        return Moment(view.epoch + 1)

    def resolved(self, view: View, key: Any) -> tuple[Sheet, Any]:
        """The update and the target that a leaf of a formula names."""
        sheet = self.book.sheet(view)
        return (sheet.of(key), key.target) if isinstance(key, Key) else (sheet, key)

    # ── what a number is computed from ──

    def formula(self, view: Sheet, target: Any) -> Expr | None:
        """The formula of a number; what an update begins with is what the one before it left."""
        place = Place(Moment(view.epoch, view.update), target)
        if place not in self._formulas:
            self._formulas[place] = self._formula(view, target)
        return self._formulas[place]

    def _formula(self, view: Sheet, target: Any) -> Expr | None:
        found = view.formula(target)
        if found is None and isinstance(target, Element) and target.name in (*view.graph.trained, *view.graph.states):
            before = self._before(view)
            if before is not None:
                renewed = target._replace(name=f"{target.name}+")
                return Ref(Key(renewed, before.epoch, before.update))
        return found

    def _before(self, view: View) -> Moment | None:
        """The recorded update before this one."""
        moments = [Moment(each.epoch, each.update) for each in self.book.trace.epochs]
        return next(
            (m for m, each in zip(moments, self.book.trace.epochs, strict=True) if self._leads(each, view)), None
        )

    def _leads(self, first: View, second: View) -> bool:
        return self._next(first) == Moment(second.epoch, second.update)

    def derivations(self, view: Sheet, target: Any) -> Iterator[Expr]:
        """The ways to a number: its formula, and for a derivative one step down, way by way, or the short form."""
        found = self.formula(view, target)
        if found is not None:
            yield found
        place = self.place(view, target)
        if place.moment != Moment(view.epoch, view.update) or not isinstance(place.target, Derivative):
            return
        of, by = place.target
        if not (isinstance(of, Element) and isinstance(by, Element)):
            return
        chains = view.chains_to(of)
        ways = chains.ways(by)
        if ways:
            yield total([chains.via_whole(Via(of, by, way)) for way in ways])
        short = view.short(by) if of == view.chains.objective else None
        if short is not None:
            yield view.chains.short_formula(short)

    # ── computing from printed values ──

    def leaves(self, view: Sheet, formula: Expr) -> dict[Place, tuple[Sheet, Any]]:
        """The nearest printed ancestors of a formula, and the given values that are rounded."""
        found: dict[Place, tuple[Sheet, Any]] = {}
        seen: set[Place] = set()

        def visit(at: Sheet, expr: Expr) -> None:
            for node in walk(expr):
                if isinstance(node, Ref):
                    where, target = self.resolved(at, node.key)
                    place = self.place(where, target)
                    if place in seen:
                        continue
                    seen.add(place)
                    if len(seen) > MOST_NODES or len(found) > MOST_LEAVES:
                        raise _TooMuchError
                    inner = self.formula(where, target)
                    if place in self.printed or (inner is None and self._unit(target)):
                        found[place] = (where, target)
                    elif inner is not None:
                        visit(where, inner)

        visit(view, formula)
        return found

    def _unit(self, target: Any) -> float:
        return self.rounded.get(target.name, 0.0) if isinstance(target, Element) else 0.0

    def computed(self, view: Sheet, formula: Expr, fixed: Mapping[Place, float]) -> float:
        """The value of a formula from fixed values; what reads none of them is exact."""
        memo: dict[Place, float] = {}

        def number(at: Sheet, key: Any) -> float:
            where, target = self.resolved(at, key)
            place = self.place(where, target)
            if place in fixed:
                return fixed[place]
            if place not in memo:
                inner = self.formula(where, target)
                memo[place] = (
                    where.number(target) if inner is None else evaluated(inner, lambda inside: number(where, inside))
                )
            return memo[place]

        return evaluated(formula, lambda key: number(view, key))

    def readings(self, leaves: Mapping[Place, tuple[Sheet, Any]]) -> Iterator[dict[Place, Leaf]]:
        """The values that the ancestors may have had: as printed, each of several printings, a wrong one as right."""
        choices = [self._choices(place, *where) for place, where in leaves.items()]
        for chosen in islice(cartesian(*choices), MOST_READINGS):
            yield dict(zip(leaves, chosen, strict=True))

    def _choices(self, place: Place, view: Sheet, target: Any) -> list[Leaf]:
        if place not in self.printed:
            return [Leaf(view.number(target), self._unit(target) / 2, True)]
        found = [_leaf(printed) for printed in self.printed[place]]
        wrong = any(not printed.sound for printed in self.printed[place])
        return [*found, Leaf(self.printed[place][0].exact, 0.0, True)] if wrong else found

    def reach(self, view: Sheet, formula: Expr, reading: Mapping[Place, Leaf]) -> tuple[float, float]:
        """The middle and the radius of what a formula gives for a reading of its ancestors."""
        middles = {place: leaf.middle for place, leaf in reading.items()}
        middle = self.computed(view, formula, middles)
        radius = 0.0
        for place, leaf in reading.items():
            if leaf.radius:
                moved = (middles | {place: leaf.middle + sign * leaf.radius} for sign in (1, -1))
                radius += max(abs(self.computed(view, formula, fixed) - middle) for fixed in moved)
        return middle, radius

    # ── verdicts ──

    def follows(self, quantity: Quantity, printed: Printed) -> bool | None:
        """Whether a figure follows from printed ones: True from right ones, False from wrong ones, None not at all."""
        view = self.book.sheet(quantity.view)
        formulas = list(self.derivations(view, quantity.target))
        outcomes = {outcome for formula in formulas for outcome in self._by(view, formula, printed)}
        return True if True in outcomes else False if outcomes else None

    def _by(self, view: Sheet, formula: Expr, printed: Printed) -> Iterator[bool]:
        """By one formula: from each reading that fits, and from operands rounded without being printed."""
        try:
            leaves = self.leaves(view, formula)
            for reading in self.readings(leaves) if leaves else ():
                if _fits(printed, *self.reach(view, formula, reading)):
                    yield all(leaf.sound for leaf in reading.values())
        except (_TooMuchError, RecursionError):
            return
        if printed.digits >= LEAST_DIGITS and self._by_decimals(view, formula, printed):
            yield True

    def _by_decimals(self, view: Sheet, formula: Expr, printed: Printed) -> bool:
        """Whether operands rounded to some decimals give the figure to its digits."""

        def rounded(decimals: int) -> float:
            return evaluated(formula, lambda key: round(_number(*self.resolved(view, key)), decimals))

        if not isinstance(formula, Call):
            return False
        found = (rounded(decimals) for decimals in DECIMALS)
        return any(abs(value - printed.value) <= printed.unit / 2 * (1 + 1e-9) for value in found)

    def noise(self, quantity: Quantity) -> float:
        """How far off two computers may be that do the same operations, in the worst case."""
        known: dict[Place, float] = {}

        def error(at: Sheet, target: Any) -> float:
            place = self.place(at, target)
            if place not in known:
                value = at.number(target)
                known[place] = EPSILON * abs(value)
                if len(known) > MOST_NODES:
                    raise _TooMuchError
                formula = self.formula(at, target)
                if formula is not None:
                    known[place] += self._carried(at, formula, error)
            return known[place]

        try:
            return error(self.book.sheet(quantity.view), quantity.target)
        except (_TooMuchError, RecursionError):
            return 0.0

    def _carried(self, view: Sheet, formula: Expr, error: Any) -> float:
        """What the errors of a formula's operands make of its value."""
        leaves = {node.key for node in walk(formula) if isinstance(node, Ref)}
        values = {key: _number(*self.resolved(view, key)) for key in leaves}
        middle = evaluated(formula, values.__getitem__)
        found = 0.0
        for key, value in values.items():
            step = abs(value) * 1e-6 or 1e-6
            moved = evaluated(formula, lambda other, key=key, step=step: values[other] + step * (other == key))  # type: ignore[misc]
            slope = abs(moved - middle) / step
            found += slope * error(*self.resolved(view, key)) if math.isfinite(slope) else 0.0
        return found


def _number(view: View, target: Any) -> float:
    return view.number(target)


def _leaf(printed: Printed) -> Leaf:
    """The interval that a printed figure stands for."""
    span = abs(printed.value - printed.exact)
    if span <= 4 * math.ulp(printed.exact):
        return Leaf(printed.exact, 0.0, True)
    if printed.right:
        return Leaf(printed.value, span + WIDENED * printed.unit, True)
    return Leaf(printed.value, printed.unit / 2, printed.sound)


def _fits(printed: Printed, middle: float, radius: float) -> bool:
    """Whether a figure may be what was computed, rounded or cut; not where the interval tells nothing."""
    allowed = printed.unit * (1.0 if printed.digits >= LEAST_DIGITS else 0.5) * (1 + 1e-9)
    wide = radius > COARSE * max(abs(middle), abs(printed.value))
    return abs(printed.value - middle) <= allowed + (0.0 if wide else radius)


def sources_unit(values: Sequence[float]) -> float:
    """The unit in which numbers are written: that of the one with the most decimals.

    >>> sources_unit([0.5, 0.47355232])
    1e-08
    """
    decimals = [len(text.partition(".")[2]) for text in (np.format_float_positional(value) for value in values)]
    return float(f"1e-{max(decimals, default=0)}")
