"""Numeric derivatives of the objective by the entries of one array: the complex step, and central differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from backtrace.checking.kinks import Crossings, sites
from backtrace.executor import Arrays, Program, evaluate
from backtrace.expressions import Call, Expr, Index, Name, Type
from backtrace.graph import Array, Equation, depends
from backtrace.ops import TABLE, retyped
from backtrace.records import dataclass

COMPLEX_STEP: Final = 1e-20
"""So small that its square is lost beside any number: nothing is subtracted, so nothing cancels."""
EPSILON: Final = float(np.finfo(float).eps)
STEP: Final[float] = EPSILON ** (1 / 3)
"""Of a number of the size 1: about here the error of the truncated series equals that of rounding."""
WIDER: Final = (64.0, 8.0, 1.0)
"""Where a repeated extrapolation begins, in steps: the widest that crosses no kink."""
SHRINK: Final = 1.6
ROWS: Final = 12


KINK: Final = "kink"
NOT_FINITE: Final = "not finite"
ROUGH: Final = "rough"
"""Why there is no derivative by differences."""


@dataclass(frozen=True)
class Held:
    """Forward equations in which what is only looked at is replaced by its value: it does not move."""

    equations: tuple[Equation, ...]
    values: Mapping[str, Array]


def held(equations: Iterable[Equation], record: Mapping[str, Array], samples: int | None) -> Held:
    """The equations as their derivatives see them: given upstream gradients and row numbers stay as they are."""
    made: list[Equation] = []

    def still(expr: Expr) -> Expr:
        if not isinstance(expr, Call):
            return expr
        row = TABLE[expr.op]
        args = tuple(fixed(arg) if row.holds(k) else still(arg) for k, arg in enumerate(expr.args))
        same = all(new is old for new, old in zip(args, expr.args, strict=True))
        return expr if same else retyped(Call(expr.op, args, expr.options, at=expr.at))

    def fixed(expr: Expr) -> Expr:
        made.append(Equation(f"@held {len(made)}", expr, Type(expr.shape, expr.sampled)))
        return Name(made[-1].name, made[-1].type)

    result = tuple(Equation(e.name, still(e.expr), e.type, inner=e.inner, hidden=e.hidden) for e in equations)
    return Held(result, evaluate(made, record, samples))


def leading_to(equations: Sequence[Equation], objective: str) -> set[str]:
    """The objective and every name that it depends on."""
    found = {objective}
    for equation in reversed(equations):
        if equation.name in found:
            found.update(equation.reads)
    return found


@dataclass(frozen=True)
class Slope:
    """A derivative by differences and how far off it may be; None where there is none, with the reason."""

    value: float | None
    error: float = 0.0
    reason: str = ""


class Slopes:
    """The objective as a function of one array, everything before that array as it was recorded."""

    def __init__(
        self, equations: Sequence[Equation], objective: str, name: str, base: Mapping[str, Array], samples: int | None
    ) -> None:
        moving = depends(equations, [name]) - {name}
        between = moving & leading_to(equations, objective)
        after = [e for e in equations if e.name in between]
        self.objective, self.name = objective, name
        self.crossings = Crossings(sites(after, moving | {name}))
        margins = [site.named(number) for number, site in enumerate(self.crossings.sites)]
        self.plain, self.sided = Program(after, samples), Program([*after, *margins], samples)
        self.given = {key: base[key] for key, _ in (*self.plain.inputs, *self.sided.inputs)}
        self.at = np.asarray(base[name], dtype=float)
        self.here = self.run(self.at)

    def run(self, moved: Array) -> Arrays:
        """Everything from the array on, with margins."""
        return self.sided.run({**self.given, self.name: moved})

    @property
    def value(self) -> float:
        """The objective where nothing is moved."""
        return float(np.real(self.here[self.objective]))

    def along(self, direction: Array) -> float:
        """The complex step along a direction in all entries at once."""
        moved = self.at + 1j * COMPLEX_STEP * direction
        found = self.plain.run({**self.given, self.name: moved})[self.objective]
        return float(np.imag(found) / COMPLEX_STEP)

    def complex_step(self, place: Index) -> float:
        """By the imaginary part of a tiny imaginary step of one entry; a branch is taken by the real part."""
        direction = np.zeros(self.at.shape)
        direction[place] = 1.0
        return self.along(direction)

    def central(self, place: Index) -> Slope:
        """By a step to both sides; none across a kink, and none out of the finite numbers."""
        step = self.step(place)
        ends = [self.moved(place, step), self.moved(place, -step)]
        if self.crossings.crossed(self.here, *ends):
            return Slope(None, reason=KINK)
        high, low = (float(np.real(end[self.objective])) for end in ends)
        if not np.isfinite(high - low):
            return Slope(None, reason=NOT_FINITE)
        # the step that was really made: x + h is rounded
        return Slope((high - low) / float((self.at[place] + step) - (self.at[place] - step)))

    def step(self, place: Index) -> float:
        """The step of an entry, in its own size."""
        return STEP * max(1.0, abs(float(self.at[place])))

    def moved(self, place: Index, by: float) -> Arrays:
        """Everything with one entry moved."""
        moved = self.at.copy()
        moved[place] += by
        return self.run(moved)

    def extrapolated(self, place: Index) -> Slope:
        """By ever smaller steps, extrapolated to none; with an estimate of the error (C. Ridders 1982)."""

        def difference(step: float) -> float:
            high, low = (float(np.real(self.moved(place, by)[self.objective])) for by in (step, -step))
            return (high - low) / (2 * step)

        value, error = ridders(difference, self.step(place) * self.widest(place))
        return Slope(value, error) if np.isfinite(error) else Slope(None, reason=NOT_FINITE)

    def widest(self, place: Index) -> float:
        """The widest step that crosses no kink."""
        for wider in WIDER[:-1]:
            step = self.step(place) * wider
            ends = [self.moved(place, step), self.moved(place, -step)]
            if not Crossings(self.crossings.sites).crossed(self.here, *ends):
                return wider
        return WIDER[-1]


def ridders(difference: Callable[[float], float], step: float) -> tuple[float, float]:
    """A derivative from central differences at shrinking steps, and an estimate of its error.

    Row by row the powers of the step are taken out of the error: ``d + (d - wider)/(r**2 - 1)`` and so on. The best
    is where neighbours agree most; it is never chosen by what it ought to be.

    >>> import math
    >>> value, error = ridders(lambda h: (math.exp(h) - math.exp(-h)) / (2*h), 0.1)
    >>> abs(value - 1) < 1e-12, error < 1e-11
    (True, True)
    """
    best, error = float("nan"), float("inf")
    before: list[float] = []
    for number in range(ROWS):
        row = [difference(step / SHRINK**number)]
        power = SHRINK**2
        for wider in before:
            row.append(row[-1] + (row[-1] - wider) / (power - 1))
            power *= SHRINK**2
            found = max(abs(row[-1] - row[-2]), abs(row[-1] - wider))
            if found < error:
                best, error = row[-1], found
        if before and abs(row[-1] - before[-1]) > 2 * error:
            break
        before = row
    return best, error
