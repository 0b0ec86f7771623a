"""Whether a figure follows from the printed figures that it depends on, and from their rounding.

A figure that is not right at its digits is recomputed from its nearest printed ancestors; what stands between and is
not printed is recomputed too, and what is given is exact. Each printed value stands for an interval; the result's is
the sum of what each of them moves it by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, islice
from itertools import product as cartesian
from typing import Any, Final, NamedTuple

import numpy as np

from backtrace.diff.sheets import Book, Sheet
from backtrace.diff.symbols import Named
from backtrace.expressions import Call, Element, Expr, Num, Ref, walk
from backtrace.graph import depends
from backtrace.keys import Derivative, Key, Path, Short, Via
from backtrace.ops.base import total
from backtrace.quantities import Quantity, View, evaluated
from backtrace.schedule import Moment

EPSILON: Final = float(np.finfo(float).eps)
PRECISE: Final = 15
"""From so many significant digits on a difference may be what computers round."""
NOISE: Final = 1
"""So many times the error that rounding each operation may leave counts as none."""
WIDENED: Final = 0.05
"""The share of a unit by which the span between a printed and the exact value is widened."""
COARSE: Final = 0.25
"""An interval that is a larger share of its value tells nothing."""
FINE: Final = 100
"""An interval of more units of the figure tells nothing."""
LEAST_DIGITS: Final = 3
ANYWHERE: Final = (math.inf, math.inf)
FEW: Final = 4
"""Of so many operands each may be rounded or not."""
MOST_NODES: Final = 3000
MOST_LEAVES: Final = 200
MOST_READINGS: Final = 32
MOST_LOOKED_AT: Final = 1_000_000
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
    order: tuple[float, float]
    """Its line and column in the file."""


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
    """The printed figures of a comparison, and what each number is computed from."""

    book: Book
    printed: dict[Place, list[Printed]] = field(default_factory=dict)
    written: dict[tuple[Moment, Expr], Any] = field(default_factory=dict)
    """What is printed, by its formula: a part of another formula may be printed under a name of its own."""
    looked_at: int = 0

    def add(self, quantity: Quantity, printed: Printed) -> None:
        """Take note of a printed figure; of what is a key with the other sign, as one of that key."""
        view = self.book.sheet(quantity.view)
        formula = view.formula(quantity.target) if isinstance(quantity.target, Named | Element) else None
        if isinstance(quantity.target, Named) and isinstance(formula, Call) and formula.op == "neg":
            (inner,) = formula.args
            if isinstance(inner, Ref):
                negated = printed._replace(value=-printed.value, exact=-printed.exact)
                self.printed.setdefault(self.place(*self.resolved(view, inner.key)), []).append(negated)
        place = self.place(view, quantity.target)
        self.printed.setdefault(place, []).append(printed)
        if isinstance(formula, Call):
            self.written.setdefault((place.moment, self._named(view, formula)), quantity.target)

    def _named(self, view: View, expr: Expr) -> Expr:
        """The expression with each part that is printed under a name of its own replaced by that name."""
        if not isinstance(expr, Call):
            return expr
        inner = Call(expr.op, tuple(self._named(view, arg) for arg in expr.args), expr.options)
        found = self.written.get((Moment(view.epoch, view.update), inner))
        return inner if found is None else Ref(found)

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
        where, target = (sheet.of(key), key.target) if isinstance(key, Key) else (sheet, key)
        return where, self._unchanged(where, target)

    def _unchanged(self, view: View, target: Any) -> Any:
        """What no update changes is after the update what it was before."""
        if isinstance(target, Element) and target.name.endswith("+"):
            core = target.name.removesuffix("+")
            if core not in self.changing and core not in view.graph.states:
                return target._replace(name=core)
        return target

    @cached_property
    def changing(self) -> set[str]:
        """The trained parameters and what depends on them."""
        graph = self.book.trace.graph
        return depends(graph.forward, graph.trained)

    # ── what a number is computed from ──

    def formula(self, view: Sheet, target: Any) -> Expr | None:
        """The formula of a number; what an update begins with is what the one before it left.

        A derivative comes from the upstream gradient of its consumers where those are printed.
        """
        upstream = self._from_upstream(view, target)
        if upstream is not None:
            return upstream
        found = self._formula(view, target)
        return found if found is None or isinstance(found, Ref) else self._parts_named(view, found)

    def _parts_named(self, view: Sheet, formula: Expr) -> Expr:
        """The formula with its parts, but not itself, by the names under which they are printed."""
        assert isinstance(formula, Call | Num)
        if isinstance(formula, Num):
            return formula
        return Call(formula.op, tuple(self._named(view, arg) for arg in formula.args), formula.options)

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

    def _from_upstream(self, view: Sheet, target: Any) -> Expr | None:
        place = self.place(view, target)
        if place.moment != Moment(view.epoch, view.update) or not isinstance(place.target, Derivative):
            return None
        of, by = place.target
        if not (isinstance(of, Element) and isinstance(by, Element)):
            return None
        wholes = [self.place(view, Derivative(of, way)) for way in view.chains_to(of).ways(by) if way != of]
        return self._way_by_way(view, of, by) if any(whole in self.printed for whole in wholes) else None

    def _inlined(self, view: Sheet, formula: Expr) -> Expr:
        """The formula with those of its operands written out that are not printed."""
        if isinstance(formula, Ref):
            where, target = self.resolved(view, formula.key)
            known = where is not view or self.place(where, target) in self.printed
            inner = None if known else self.formula(where, target)
            return formula if inner is None else inner
        if isinstance(formula, Call):
            return Call(formula.op, tuple(self._inlined(view, arg) for arg in formula.args), formula.options)
        return formula

    @staticmethod
    def _way_by_way(view: View, of: Element, by: Element) -> Expr:
        """One step down: each consumer's upstream gradient times its local derivative."""
        chains = view.chains_to(of)
        return total([chains.via_whole(Via(of, by, way)) for way in chains.ways(by)])

    def derivations(self, view: Sheet, target: Any) -> Iterator[Expr]:
        """The ways to a number: its formula, and for a derivative one step down, way by way, or the short form."""
        found = self.formula(view, target)
        if found is not None:
            yield found
            yield self._inlined(view, found)
        place = self.place(view, target)
        if place.moment != Moment(view.epoch, view.update) or not isinstance(place.target, Derivative):
            return
        of, by = place.target
        if not (isinstance(of, Element) and isinstance(by, Element)):
            return
        if view.chains_to(of).ways(by):
            yield self._way_by_way(view, of, by)
        if found is not None:
            yield _written_out(found, view)
        short = view.short(by) if of == view.chains.objective else None
        if short is not None:
            yield view.chains.short_formula(short)

    # ── computing from printed values ──

    def leaves(self, view: Sheet, formula: Expr, before: tuple[float, float]) -> dict[Place, tuple[Sheet, Any]]:
        """The nearest ancestors of a formula that are printed before a place in the file."""
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
                    self.spend()
                    if len(seen) > MOST_NODES or len(found) > MOST_LEAVES:
                        raise _TooMuchError
                    inner = self.formula(where, target)
                    if any(printed.order < before for printed in self.printed.get(place, ())):
                        found[place] = (where, target)
                    elif inner is not None:
                        visit(where, inner)

        visit(view, formula)
        return found

    def computed(self, view: Sheet, formula: Expr, fixed: Mapping[Place, float]) -> float:
        """The value of a formula from fixed values; what reads none of them is exact."""
        memo: dict[Place, float] = {}

        def number(at: Sheet, key: Any) -> float:
            where, target = self.resolved(at, key)
            place = self.place(where, target)
            if place in fixed:
                return fixed[place]
            if place not in memo:
                self.spend()
                inner = self.formula(where, target)
                memo[place] = (
                    where.number(target) if inner is None else evaluated(inner, lambda inside: number(where, inside))
                )
            return memo[place]

        return evaluated(formula, lambda key: number(view, key))

    def spend(self) -> None:
        """Count a number that is looked at; a file of many wrong figures is not examined without end."""
        self.looked_at += 1
        if self.looked_at > MOST_LOOKED_AT:
            raise _TooMuchError

    def readings(self, leaves: Iterable[Place], before: tuple[float, float]) -> Iterator[dict[Place, Leaf]]:
        """The values that the ancestors may have had: as printed, each of several printings, a wrong one as right."""
        places = list(leaves)
        for chosen in islice(cartesian(*(self._choices(place, before) for place in places)), MOST_READINGS):
            yield dict(zip(places, chosen, strict=True))

    def _choices(self, place: Place, before: tuple[float, float]) -> list[Leaf]:
        known = [printed for printed in self.printed[place] if printed.order < before]
        wrong = any(not printed.sound for printed in known)
        found = [_leaf(printed) for printed in known]
        return [*found, Leaf(known[0].exact, 0.0, True)] if wrong else found

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
        """By one formula: from what stands before the figure, or anywhere, and from operands rounded further."""
        try:
            for before in (printed.order, ANYWHERE):
                leaves = self.leaves(view, formula, before)
                for reading in self.readings(leaves, before):
                    if self._fits(view, formula, reading, printed):
                        yield all(leaf.sound for leaf in reading.values())
        except (_TooMuchError, RecursionError):
            return

    def _fits(self, view: Sheet, formula: Expr, reading: Mapping[Place, Leaf], printed: Printed) -> bool:
        """Whether the figure may be what a reading gives."""
        if reading and _within(printed, *self.reach(view, formula, reading)):
            return True
        return printed.digits >= LEAST_DIGITS and self._by_decimals(view, formula, reading, printed)

    def _by_decimals(self, view: Sheet, formula: Expr, reading: Mapping[Place, Leaf], printed: Printed) -> bool:
        """Whether all operands rounded to some decimals, or some of few, give the figure to its digits."""
        if not isinstance(formula, Call):
            return False
        middles = {place: leaf.middle for place, leaf in reading.items()}
        keys = list(dict.fromkeys(node.key for node in walk(formula) if isinstance(node, Ref)))
        values = {key: self.computed(view, Ref(key), middles) for key in keys}
        few = len(keys) <= FEW and printed.digits > LEAST_DIGITS
        chosen = [set(part) for size in range(1, len(keys)) for part in combinations(keys, size)] if few else []
        own = round(-math.log10(printed.unit)) if printed.unit else 0
        for decimals in DECIMALS:
            short = {key: round(value, decimals) for key, value in values.items()}
            for part in (set(keys), *(chosen if decimals >= own - 1 else ())):
                found = evaluated(formula, lambda key, part=part, short=short: (short if key in part else values)[key])  # type: ignore[misc]
                if abs(found - printed.value) <= printed.unit / 2 * (1 + 1e-9) + 4 * math.ulp(printed.value):
                    return True
        return False

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


def _written_out(formula: Expr, view: View) -> Expr:
    """The formula of a derivative with the local derivatives in it written out."""
    if isinstance(formula, Ref) and isinstance(formula.key, Path):
        return view.chains_to(formula.key.nodes[0]).path_formula(formula.key)
    if isinstance(formula, Call):
        return Call(formula.op, tuple(_written_out(arg, view) for arg in formula.args), formula.options)
    return formula


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


def _within(printed: Printed, middle: float, radius: float) -> bool:
    """Whether a figure may be what was computed, rounded or cut.

    An interval that is wide beside the value tells nothing. Nor does one that is wide beside the figure's last digit:
    who prints more digits than the operands have has computed with the operands as they are printed.
    """
    allowed = printed.unit * (1.0 if printed.digits >= LEAST_DIGITS else 0.5) * (1 + 1e-9)
    wide = radius > COARSE * max(abs(middle), abs(printed.value)) or radius > FINE * printed.unit
    return abs(printed.value - middle) <= allowed + (0.0 if wide else radius)
