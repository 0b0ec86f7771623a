"""Checks of one update: every gradient against two numeric derivatives, and what its values say of stability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import Enum
from typing import Final

import numpy as np

from backtrace.backward import gradients
from backtrace.checking.kinks import Kink as Kink
from backtrace.checking.slopes import EPSILON, NOT_FINITE, ROUGH, STEP, Held, Slope, Slopes, held, leading_to
from backtrace.checking.stability import Note as Note
from backtrace.checking.stability import notes
from backtrace.expressions import Element, Index, Shape
from backtrace.graph import Array, Equation, Graph, depends
from backtrace.quantities import View
from backtrace.records import dataclass
from backtrace.trace import Trace

COMPLEX_TOLERANCE: Final = 1e-10
"""Of an array's norm. The complex step has no error of its own; 1e-10 leaves room for long sums that cancel."""
DIFFERENCE_TOLERANCE: Final = 1e-6
"""Of an array's norm. The series is cut at h² = 4e-11 times a third derivative, which may be large."""
ROUNDING: Final = 1e-13
"""Of the greatest derivative of all arrays: what a sum of such numbers loses where it should be 0."""
DIFFERENCE_ROUNDING: Final = 10 * EPSILON / STEP
"""Of the objective: what a difference of two of its values loses."""
ENTRIES: Final = 200
"""Of a larger array so many entries are checked, and one direction in all of them."""


class Verdict(Enum):
    """What a check found."""

    OK = "ok"
    FAILS = "fails"
    UNCHECKED = "not checked"


@dataclass(frozen=True)
class Worst:
    """The entry that is furthest off."""

    target: Element
    analytic: float
    numeric: float

    @property
    def relative(self) -> float:
        """How far off, of the greater of both."""
        size = max(abs(self.analytic), abs(self.numeric))
        return abs(self.analytic - self.numeric) / size if size else 0.0


@dataclass(frozen=True)
class Agreement:
    """One array's gradient beside a numeric derivative.

    ``entries`` were compared, and ``fits`` says that they agree; ``absolute`` is the greatest error, ``relative`` the
    norm of all errors by that of the numeric derivative, 0 where both are 0 but for rounding. ``direction`` is the
    error along one direction in all entries, by the norm, where not all were compared.
    """

    entries: int
    absolute: float
    relative: float
    worst: Worst | None
    fits: bool
    direction: float | None = None
    direction_fits: bool = True

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.fits and self.direction_fits


@dataclass(frozen=True)
class Row:
    """The check of one array: the gradient of the objective by it; ``reason`` says why it was not checked.

    ``shape`` begins with the samples where every sample has its own. ``left_out`` counts the entries that differences
    say nothing of, by the reason: a kink within the step, values that are not finite there, or too rough ones.
    """

    name: str
    shape: Shape
    entries: int
    complex_step: Agreement | None
    differences: Agreement | None
    verdict: Verdict
    reason: str = ""
    kinks: tuple[Kink, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many entries the array has."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Check:
    """All rows, and notes on stability; ``remark`` says what is no gradient here, or that there is none.

    >>> import backtrace
    >>> found = backtrace.check(backtrace.run("configs/example.yaml", epochs=1))
    >>> found.failed, found.row("U").verdict.value, found.row("U").complex_step.relative < 1e-14
    (False, 'ok', True)
    """

    view: View
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]
    remark: str = ""

    @property
    def failed(self) -> bool:
        """Whether a gradient is wrong."""
        return any(row.verdict is Verdict.FAILS for row in self.rows)

    @property
    def roots(self) -> tuple[Row, ...]:
        """Where the way back goes wrong: what fails although nothing that depends on it does."""
        failing = {row.name for row in self.rows if row.verdict is Verdict.FAILS}
        forward = self.view.graph.forward
        return tuple(r for r in self.rows if r.name in failing and depends(forward, [r.name]) & failing == {r.name})

    def row(self, name: str) -> Row:
        """The row of an array by its name."""
        return next(row for row in self.rows if row.name == name)


def check(
    trace: Trace, *, epoch: int | None = None, update: int | None = None, entries: int = ENTRIES, seed: int = 0
) -> Check:
    """Check every gradient of a recorded update, and look at its values for what makes training unstable.

    Args:
        trace: what a run recorded.
        epoch: which epoch; the last that is recorded if not given.
        update: which of its updates; the last of them if not given.
        entries: how many entries of a large array are compared.
        seed: where the choice of these entries starts.

    >>> import backtrace
    >>> found = backtrace.check(backtrace.run("configs/xor.yaml", epochs=1))
    >>> [row.name for row in found.rows][:3], found.failed
    (['W1', 'b1', 'W2'], False)
    """
    view = trace.epochs[-1] if epoch is None else trace.updates(epoch, update)[-1]
    with np.errstate(all="ignore"):
        if view.graph.objective is None:
            return Check(view, (), tuple(notes(view)), NO_OBJECTIVE)
        found = tuple(_Gradients(view, entries, seed).rows())
        return Check(view, found, tuple(notes(view)), _remark(view.graph))


NO_OBJECTIVE: Final = "there is no objective, so nothing is differentiated and there is no gradient to check"
NEW_WEIGHTS: Final = "backward: new_weights: what flows through an updated weight is no gradient, and is not checked"
GIVEN: Final = "what flows back is given: it is held as it is, and what follows from it is checked"
THROUGH_NEW: Final = "flows through new weights"


def _remark(graph: Graph) -> str:
    return NEW_WEIGHTS if graph.new_weights else "" if graph.has_loss else GIVEN


class _Gradients:
    """Compares the gradients of one update, array by array."""

    def __init__(self, view: View, entries: int, seed: int) -> None:
        self.view, self.graph = view, view.graph
        self.objective = view.graph.objective or ""
        self.most = entries
        self.random = np.random.default_rng(seed)
        self.written = held(self.graph.forward, view.record, self.graph.samples)
        self.stable = held(self.graph.run, view.record, self.graph.samples)
        self.no_gradients = _through_new(self.graph) if self.graph.new_weights else frozenset()

    def rows(self) -> Iterator[Row]:
        """A row for each array that the objective depends on: parameters, other givens, then what is computed."""
        analytic = {name: self.analytic(name) for name in self.arrays()}
        finite = [np.abs(a[np.isfinite(a)]) for a in analytic.values()]
        scale = max((float(a.max()) for a in finite if a.size), default=0.0)
        for name, found in analytic.items():
            yield self.row(name, found, scale)

    def arrays(self) -> Iterator[str]:
        """The names of the arrays; a node that has no name only where every gate is shown."""
        reached = leading_to(self.written.equations, self.objective)
        givens = sorted(self.graph.givens.values(), key=lambda given: given.role != "parameter")
        yield from (given.name for given in givens if given.name in reached)
        for equation in self.graph.shown:
            named = self.graph.gates or not equation.inner
            if named and equation.name in reached and equation.name.removesuffix("#") != self.objective:
                yield equation.name

    def analytic(self, name: str) -> Array:
        """The gradient as the program computes it; 0 where it lets nothing flow."""
        found = self.view.total(Element(self.objective), name)
        return np.zeros(np.shape(self.view.record[name])) if found is None else np.asarray(found, dtype=float)

    def row(self, name: str, analytic: Array, scale: float) -> Row:
        """The check of one array."""
        shape = analytic.shape
        if name in self.no_gradients:
            return Row(name, shape, 0, None, None, Verdict.UNCHECKED, THROUGH_NEW)
        if not np.isfinite(analytic).all():
            return Row(name, shape, 0, None, None, Verdict.UNCHECKED, NOT_FINITE)
        # a node that the stable forms pass by has its derivative from the equations as they are written
        forms = self.stable if name in self.graph.gradient_of else self.written
        slopes = Slopes(forms.equations, self.objective, name, self.base(forms), self.graph.samples)
        places = self.places(shape)
        floor = ROUNDING * scale
        imaginary = self.by_complex_step(slopes, name, analytic, places, floor)
        real, left_out = self.by_differences(slopes, name, analytic, places, floor)
        verdicts = [one.holds for one in (imaginary, real) if one.entries]
        verdict = Verdict.UNCHECKED if not verdicts else Verdict.OK if all(verdicts) else Verdict.FAILS
        reason = "" if verdicts else NOT_FINITE
        kinks = tuple(slopes.crossings.kinks())
        return Row(name, shape, len(places), imaginary, real, verdict, reason, kinks, left_out)

    def base(self, forms: Held) -> dict[str, Array]:
        """What was recorded, and what is held."""
        return {**self.view.record, **forms.values}

    def places(self, shape: Shape) -> list[Index]:
        """All entries, or of many a seeded choice, in order."""
        size = int(np.prod(shape))
        many = size > self.most
        flat = sorted(self.random.choice(size, self.most, replace=False).tolist()) if many else range(size)
        return [tuple(map(int, np.unravel_index(at, shape))) for at in flat]

    def by_complex_step(
        self, slopes: Slopes, name: str, analytic: Array, places: Sequence[Index], floor: float
    ) -> Agreement:
        """Entry by entry; of a large array also along a direction that no entry is left out of."""
        found = [(place, slopes.complex_step(place)) for place in places]
        pairs = [(place, value) for place, value in found if np.isfinite(value)]
        agreement = self.agreement(name, analytic, pairs, COMPLEX_TOLERANCE, floor)
        if len(places) == analytic.size:
            return agreement
        direction = self.random.choice([-1.0, 1.0], analytic.shape)
        off = abs(float(np.sum(analytic * direction)) - slopes.along(direction))
        size = float(np.linalg.norm(analytic))
        fits = off <= COMPLEX_TOLERANCE * size + floor * analytic.size**0.5
        return replace(agreement, direction=off / size if size else off, direction_fits=fits)

    def by_differences(
        self, slopes: Slopes, name: str, analytic: Array, places: Sequence[Index], floor: float
    ) -> tuple[Agreement, Mapping[str, int]]:
        """Central differences; where they do not agree at first, extrapolated ones, if these are sure of themselves."""
        floor += DIFFERENCE_ROUNDING * abs(slopes.value)
        found = {place: slopes.central(place) for place in places}
        if not self.agreement(name, analytic, _known(found), DIFFERENCE_TOLERANCE, floor).fits:
            for place, value in _known(found):
                if abs(analytic[place] - value) > DIFFERENCE_TOLERANCE * abs(value) + floor:
                    found[place] = _sure(slopes.extrapolated(place), floor)
        agreement = self.agreement(name, analytic, _known(found), DIFFERENCE_TOLERANCE, floor)
        return agreement, Counter(slope.reason for slope in found.values() if slope.reason)

    def agreement(
        self, name: str, analytic: Array, pairs: Sequence[tuple[Index, float]], tolerance: float, floor: float
    ) -> Agreement:
        """The errors of the entries, and whether all together are small enough."""
        if not pairs:
            return Agreement(0, 0.0, 0.0, None, True)
        numeric = np.asarray([value for _, value in pairs])
        exact = np.asarray([analytic[place] for place, _ in pairs])
        errors = np.abs(exact - numeric)
        error, size = float(np.linalg.norm(errors)), float(np.linalg.norm(numeric))
        at = int(np.argmax(errors))
        worst = Worst(self.element(name, pairs[at][0]), float(exact[at]), float(numeric[at]))
        rounding = floor * len(pairs) ** 0.5
        fits = error <= tolerance * size + rounding
        relative = error / size if size > rounding else 0.0 if fits else float("inf")
        return Agreement(len(pairs), float(errors[at]), relative, worst, fits)

    def element(self, name: str, place: Index) -> Element:
        """The entry of an array as a quantity."""
        sampled = self.graph.types[name].sampled
        return Element(name, place[1:], place[0]) if sampled else Element(name, place)


def _sure(slope: Slope, floor: float) -> Slope:
    """A derivative whose own estimate of its error is small enough to judge by; else none."""
    if slope.value is None or slope.error <= DIFFERENCE_TOLERANCE * abs(slope.value) + floor:
        return slope
    return Slope(None, reason=ROUGH)


def _known(found: dict[Index, Slope]) -> list[tuple[Index, float]]:
    return [(place, slope.value) for place, slope in found.items() if slope.value is not None]


def _through_new(graph: Graph) -> frozenset[str]:
    """The arrays whose derivative reads new values of parameters, by itself or through another derivative."""
    wrt = [*graph.givens, *(equation.name for equation in graph.forward)]
    own = gradients(graph.forward, graph.objective or "", wrt, graph.samples or 1, None, graph.trained)
    return frozenset({*_touched(graph.gradients, graph), *_touched(own, graph)})


def _touched(equations: Sequence[Equation], graph: Graph) -> Iterator[str]:
    new = {f"{name}+" for name in graph.trained}
    for equation in equations:
        if not new.isdisjoint(equation.reads):
            new.add(equation.name)
            if equation.wrt:
                yield equation.wrt
