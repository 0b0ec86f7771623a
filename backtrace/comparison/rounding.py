"""Whether a figure follows from the printed figures that it depends on, and from their rounding.

A figure that is not right at its digits is recomputed from its nearest printed ancestors; what stands between and is
not printed is recomputed too, and what is given is exact. Each printed value stands for an interval; the result's is
the sum of what each of them moves it by.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice
from itertools import product as cartesian
from typing import Any, Final, NamedTuple

import numpy as np

from backtrace.comparison.ancestry import MOST_NODES, Ancestry, Place, Printed, TooMuchError
from backtrace.comparison.sheets import Sheet
from backtrace.evaluating import evaluated
from backtrace.expressions import Call, Expr, Ref, walk
from backtrace.quantities import Quantity
from backtrace.records import dataclass

EPSILON: Final = float(np.finfo(float).eps)
PRECISE: Final = 15
"""From so many significant digits on a difference may be what computers round."""
NOISE: Final = 1
"""So many times the error that rounding each operation may leave counts as none."""
LARGEST_NOISE: Final = 1e-6
"""A greater difference is no rounding of computers, whatever cancels."""
WIDENED: Final = 0.05
"""The share of a unit by which the span between a printed and the exact value is widened."""
COARSE: Final = 0.25
"""An interval that is a larger share of its value tells nothing."""
FINE: Final = 100
"""An interval of more units of the figure tells nothing."""
LEAST_DIGITS: Final = 3
ANYWHERE: Final = (math.inf, math.inf)
MOST_ROOTS: Final = 20
"""From more wrong figures than these nothing is worked out."""
FEW: Final = 4
"""Of so many operands each may be rounded or not."""
MOST_READINGS: Final = 16
"""The bounds of one examination; beyond them nothing is claimed."""
DECIMALS: Final = range(2, 9)
"""To so many decimals a source may round what it does not print."""
TELLING: Final = 20
"""A figure that is fewer units off is met by chance by one such rounding in a few."""
ALMOST: Final = 0.02
"""The share of a unit by which it must be met then: few decimals give a result of few decimals."""


class Leaf(NamedTuple):
    """A value to compute from: its middle, how far it may be off, and whether it is sound."""

    middle: float
    radius: float
    sound: bool


@dataclass(frozen=True)
class Rounding:
    """Examines figures by what is printed of their ancestry."""

    ancestry: Ancestry

    def number(self, view: Sheet, key: Any) -> float:
        """The exact value of an operand."""
        where, target = self.ancestry.resolved(view, key)
        return where.number(target)

    def readings(self, leaves: Iterable[Place], before: tuple[float, float]) -> Iterator[dict[Place, Leaf]]:
        """The values that the ancestors may have had: as printed, each of several printings, a wrong one as right."""
        places = list(leaves)
        for chosen in islice(cartesian(*(self._choices(place, before) for place in places)), MOST_READINGS):
            yield dict(zip(places, chosen, strict=True))

    def _choices(self, place: Place, before: tuple[float, float]) -> list[Leaf]:
        known = [printed for printed in self.ancestry.printed[place] if printed.order < before]
        wrong = any(not printed.sound for printed in known)
        found = [leaf(printed) for printed in known]
        return [*found, Leaf(known[0].exact, 0.0, True)] if wrong else found

    def radius(self, view: Sheet, formula: Expr, reading: Mapping[Place, Leaf], middle: float) -> float:
        """How far off a result may be that is computed from the ancestors as they are printed."""
        middles = {place: leaf.middle for place, leaf in reading.items()}
        moved = (middles | {place: leaf.middle + leaf.radius} for place, leaf in reading.items() if leaf.radius)
        return sum(abs(self.ancestry.computed(view, formula, fixed) - middle) for fixed in moved)

    # ── verdicts ──

    def follows(self, quantity: Quantity, printed: Printed) -> bool | None:
        """Whether a figure follows from printed ones: True from right ones, False from wrong ones, None not at all."""
        view = self.ancestry.book.sheet(quantity.view)
        self.ancestry.looked_at = 0
        found = None
        for formula in self.ancestry.derivations(view, quantity.target):
            for sound in self._by(view, formula, printed):
                if sound:
                    return True
                found = False
        return False if found is None and self._from_roots(view, quantity.target, printed) else found

    def _from_roots(self, view: Sheet, target: Any, printed: Printed) -> bool:
        """Whether a figure is what the wrong figures alone give, worked out with all digits from there on."""
        self.ancestry.looked_at = 0
        roots = self.ancestry.roots
        try:
            value = self.ancestry.computed(view, Ref(target), roots) if 0 < len(roots) <= MOST_ROOTS else math.nan
        except (TooMuchError, RecursionError):
            return False
        allowed = printed.unit * (1.0 if printed.digits >= LEAST_DIGITS else 0.5) * (1 + 1e-9)
        return abs(value - printed.value) <= allowed

    def is_too_wide(self, quantity: Quantity, printed: Printed) -> bool:
        """Whether right printed values leave a span as wide as the value itself, and the figure within it."""
        view = self.ancestry.book.sheet(quantity.view)
        return any(
            self._leaves_open(view, formula, printed) for formula in self.ancestry.derivations(view, quantity.target)
        )

    def _leaves_open(self, view: Sheet, formula: Expr, printed: Printed) -> bool:
        try:
            leaves = self.ancestry.leaves(view, formula, printed.order)
            for reading in self.readings(leaves, printed.order):
                middles = {place: leaf.middle for place, leaf in reading.items()}
                middle = self.ancestry.computed(view, formula, middles)
                radius = self.radius(view, formula, reading, middle)
                sound = all(leaf.sound for leaf in reading.values())
                if sound and max(abs(middle), abs(printed.value - middle)) <= radius < math.inf:
                    return True
        except (TooMuchError, RecursionError):
            pass
        return False

    def _by(self, view: Sheet, formula: Expr, printed: Printed) -> Iterator[bool]:
        """By one formula: from what stands before the figure, or anywhere, and from operands rounded further."""
        try:
            earlier = self.ancestry.leaves(view, formula, printed.order)
            anywhere = self.ancestry.leaves(view, formula, ANYWHERE)
            for leaves, before in ((earlier, printed.order), *(((anywhere, ANYWHERE),) if anywhere != earlier else ())):
                for reading in self.readings(leaves, before):
                    if self._fits(view, formula, reading, printed):
                        yield all(leaf.sound for leaf in reading.values())
        except (TooMuchError, RecursionError):
            return

    def _fits(self, view: Sheet, formula: Expr, reading: Mapping[Place, Leaf], printed: Printed) -> bool:
        """Whether the figure may be what a reading gives."""
        if reading and self._within(view, formula, reading, printed):
            return True
        return printed.digits >= LEAST_DIGITS and self._by_decimals(view, formula, reading, printed)

    def _within(self, view: Sheet, formula: Expr, reading: Mapping[Place, Leaf], printed: Printed) -> bool:
        """Whether a figure may be what a reading gives, rounded or cut.

        An interval that is wide beside the value tells nothing. Nor does one that is wide beside the figure's last
        digit: who prints more digits than the operands have has computed with the operands as they are printed.
        """
        middle = self.ancestry.computed(view, formula, {place: leaf.middle for place, leaf in reading.items()})
        off = abs(printed.value - middle) - printed.unit * (1.0 if printed.digits >= LEAST_DIGITS else 0.5) * (1 + 1e-9)
        widest = min(COARSE * max(abs(middle), abs(printed.value)), FINE * printed.unit)
        if off <= 0 or not off <= widest:
            return off <= 0
        return off <= self.radius(view, formula, reading, middle) <= widest

    def _by_decimals(self, view: Sheet, formula: Expr, reading: Mapping[Place, Leaf], printed: Printed) -> bool:
        """Whether all operands rounded to some decimals, or some of few, give the figure to its digits."""
        if not isinstance(formula, Call):
            return False
        middles = {place: leaf.middle for place, leaf in reading.items()}
        keys = list(dict.fromkeys(node.key for node in walk(formula) if isinstance(node, Ref)))
        values = {key: self.ancestry.computed(view, Ref(key), middles) for key in keys}
        few = len(keys) <= FEW and printed.digits > LEAST_DIGITS
        chosen = [set(part) for size in range(1, len(keys)) for part in combinations(keys, size)] if few else []
        own = round(-math.log10(printed.unit)) if printed.unit else 0
        far = abs(printed.value - printed.exact) >= TELLING * printed.unit
        allowed = printed.unit * (0.5 if far else ALMOST) * (1 + 1e-9) + 4 * math.ulp(printed.value)
        for decimals in DECIMALS:
            short = {key: round(value, decimals) for key, value in values.items()}
            for part in (set(keys), *(chosen if decimals >= own - 1 else ())):
                found = evaluated(formula, lambda key, part=part, short=short: (short if key in part else values)[key])  # type: ignore[misc]
                if abs(found - printed.value) <= allowed:
                    return True
        return False

    def noise(self, quantity: Quantity) -> float:
        """How far off two computers may be that do the same operations, in the worst case."""
        known: dict[Place, float] = {}

        def error(at: Sheet, target: Any) -> float:
            place = self.ancestry.place(at, target)
            if place not in known:
                value = at.number(target)
                known[place] = EPSILON * abs(value)
                if len(known) > MOST_NODES:
                    raise TooMuchError
                formula = self.ancestry.formula(at, target)
                if formula is not None:
                    known[place] += self._carried(at, formula, error)
            return known[place]

        try:
            return error(self.ancestry.book.sheet(quantity.view), quantity.target)
        except (TooMuchError, RecursionError):
            return 0.0

    def _carried(self, view: Sheet, formula: Expr, error: Any) -> float:
        """What the errors of a formula's operands make of its value."""
        leaves = {node.key for node in walk(formula) if isinstance(node, Ref)}
        values = {key: self.number(view, key) for key in leaves}
        middle = evaluated(formula, values.__getitem__)
        found = 0.0
        for key, value in values.items():
            step = abs(value) * 1e-6 or 1e-6
            moved = evaluated(formula, lambda other, key=key, step=step: values[other] + step * (other == key))  # type: ignore[misc]
            slope = abs(moved - middle) / step
            found += slope * error(*self.ancestry.resolved(view, key)) if math.isfinite(slope) else 0.0
        return found


def leaf(printed: Printed) -> Leaf:
    """The interval that a printed figure stands for."""
    span = abs(printed.value - printed.exact)
    if span <= 4 * math.ulp(printed.exact):
        return Leaf(printed.exact, 0.0, True)
    if printed.right:
        return Leaf(printed.value, span + WIDENED * printed.unit, True)
    return Leaf(printed.value, printed.unit / 2, printed.sound)
