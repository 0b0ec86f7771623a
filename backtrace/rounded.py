"""Works as a careful person with a pocket calculator does: every result is rounded before it is used on.

Each number comes from its own formula as a report shows it, over numbers that are rounded already. Within a formula
nothing is rounded, and decimals are exact: 0.0123·0.45 is 0.005535, not the nearest binary number below it. What is
given stays as it is given.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from decimal import Context, Decimal, localcontext
from functools import cached_property, reduce
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backtrace.chains import Chains
from backtrace.codegen import layouts, places, unpacked
from backtrace.errors import Fault, UsageError
from backtrace.evaluating import applied
from backtrace.exact import text_book
from backtrace.executor import ARITHMETIC, Arrays, counters, evaluate
from backtrace.expressions import Call, Element, Expr, Num, Ref
from backtrace.graph import RATE, STOP, Equation, Graph
from backtrace.keys import Derivative, Short, Target, Via
from backtrace.ops import TABLE
from backtrace.ops.base import Array, total
from backtrace.ops.many import Many
from backtrace.quantities import Value, View
from backtrace.records import dataclass
from backtrace.rounding import Rounding

MOST_NUMBERS: Final = 20_000
"""A step of more single numbers is nothing to do by hand, and would take seconds."""
SHORTEST: Final = Context(prec=15, traps=[])
"""A function of the computer's is right to so many digits."""
BY_HAND: Final = Context(prec=40, traps=[])
"""Decimals at such a length are exact in all sums and products that can occur."""
ON_DECIMALS: Final[Mapping[str, Callable[..., Decimal]]] = {
    "sub": operator.sub,
    "div": operator.truediv,
    "neg": operator.neg,
    "abs": operator.abs,
    "exp": Decimal.exp,
    "log": Decimal.ln,
    "sqrt": Decimal.sqrt,
}


def calculated(expr: Expr, value: Callable[[Any], float]) -> Decimal:
    """The value of a scalar formula in decimals, from the values of what it reads as they are printed.

    >>> from backtrace.expressions import parse
    >>> calculated(parse("0.0123 * 0.45"), lambda key: 0.0)
    Decimal('0.005535')
    """
    with localcontext(BY_HAND):
        return _calculated(expr, value)


def _calculated(expr: Expr, value: Callable[[Any], float]) -> Decimal:
    if isinstance(expr, Num):
        return Decimal(repr(float(expr.value)))
    if isinstance(expr, Ref):
        return Decimal(repr(value(expr.key)))
    assert isinstance(expr, Call)
    if expr.op == "where":
        return _calculated(expr.args[1] if _calculated(expr.args[0], value) else expr.args[2], value)
    args = [_calculated(arg, value) for arg in expr.args]
    row = TABLE[expr.op]
    if isinstance(row, Many):
        if expr.op == "mul" and _is_struck_out(expr, args):
            return Decimal(0)
        joined: Callable[[Any, Any], Any] = row.pair  # sums and products of decimals as of floats
        return Decimal(reduce(joined, args))
    if expr.op in ON_DECIMALS:
        return ON_DECIMALS[expr.op](*args)
    if expr.op == "pow" and args[0] and args[1] == args[1].to_integral_value():
        return args[0] ** args[1]
    return SHORTEST.create_decimal(repr(applied(expr, [float(arg) for arg in args])))


def _is_struck_out(expr: Call, args: Sequence[Decimal]) -> bool:
    """Whether nobody would work out the rest of a product: 0·log(0) is a term that is not there."""
    return not all(args) and not any(
        isinstance(a, Ref) and not v.is_finite() for a, v in zip(expr.args, args, strict=True)
    )


@dataclass(frozen=True)
class RoundedView(View):
    """One update of which every number follows from rounded ones.

    What is in the record is rounded already; everything else is computed when it is asked for. Where a loss and an
    activation make a pair, the derivative by the pre-activation is taken in its short form, as books do: from rounded
    probabilities the long one is far off.
    """

    rounding: Rounding = Rounding(4)
    _known: dict[Target, float] = field(default_factory=dict, repr=False)

    # ── values ──

    @property
    def saturated(self) -> bool:
        """Rounded numbers follow from the text-book's forms."""
        return False

    def value(self, target: Target) -> Value:
        """The value of a target, a number or an array."""
        if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
            return self.number(target)
        return super().value(target)

    def number(self, target: Target) -> float:
        """The value of a single number: what its formula gives, rounded."""
        if isinstance(target, Element) and target.name in self.record:
            return super().number(target)
        if target not in self._known:
            formula = self.formula(target)
            self._known[target] = super().number(target) if formula is None else self.evaluate(formula)
        return self._known[target]

    def evaluate(self, expr: Expr) -> float:
        """The value of a scalar formula, rounded at its end."""
        return self.rounding.rounded(calculated(expr, self.number))

    def total(self, of: Element, by: str) -> npt.NDArray[Any] | None:
        """The derivatives of an element by a whole array, over all ways."""
        if by not in self.graph.types:
            return super().total(of, by)
        found = np.zeros(np.shape(self._array(by)))
        sampled = self.graph.types[by].sampled
        for at in np.ndindex(found.shape):
            place = Element(by, at[1:], at[0]) if sampled else Element(by, at)
            found[at] = self.number(Derivative(of, place))
        return found

    # ── formulas ──

    @cached_property
    def exact(self) -> View:
        """The same update from the same values, with nothing rounded."""
        with np.errstate(all="ignore"):
            found = evaluate((*self.graph.run, *self.graph.gradients), self.record, self.graph.samples)
        return View(self.graph, self.record | found)

    @cached_property
    def paired(self) -> frozenset[str]:
        """The pre-activations whose short derivative is right, for all their elements."""
        if self.graph.gates or self.graph.new_weights:
            return frozenset()
        names = Chains(self.graph, self.objective).pairs
        count = self.graph.samples or 1
        return frozenset(
            name
            for name in names
            if all(self.exact.short(Element(name, *place)) for place in places(self.graph.types[name], count))
        )

    def chains_to(self, of: Element) -> Chains:
        """The chain rule's structure, by steps from layer to layer; towards the objective with the short forms."""
        short = self.paired if of == self.objective else frozenset[str]()
        if (of, short) not in self._chains:
            self._chains[of, short] = Chains(self.graph, of, short, stepwise=True)
        return self._chains[of, short]

    def short(self, by: Element) -> Short | None:
        """Nothing beside a derivative: where there is a short form it is the derivative's own."""
        return None

    def short_equation(self, equation: Equation) -> Equation:
        """A gradient equation as the text-book has it; in its short form, where that gives the same numbers."""
        if equation.wrt in self.paired:
            return self.exact.short_equation(equation)
        return replace(equation, expr=text_book(equation.expr))

    def formula(self, target: Target) -> Expr | None:
        """The formula as it is shown; gate by gate a way is what arrives times what is local."""
        if isinstance(target, Via) and self.graph.gates:
            return self.chains_to(target.of).via_whole(self.checked(target))
        return super().formula(target)

    def _chain_rule(self, of: Element, by: Element) -> Expr:
        """A sum of what a table shows, where it shows the parts: a share of each sample, or gate by gate."""
        chains = self.chains_to(of)
        onward = chains.ways(by) if self.graph.gates else chains.shares(by)
        return total([Ref(Via(of, by, way)) for way in onward]) if onward else super()._chain_rule(of, by)


# ── running ──

Number = Callable[[RoundedView, Target], float]


def _attempted(view: RoundedView, target: Target) -> float:
    """A number of an update, none where Python's own arithmetic refuses it."""
    try:
        return view.number(target)
    except ARITHMETIC:
        return math.nan


def _nothing(view: RoundedView, target: Target) -> float:
    return math.nan


class RoundedExecutor:
    """Trains number by number: a step is a view whose record is what is given."""

    kind = "rounded formulas"

    def __init__(self, graph: Graph, rounding: Rounding) -> None:
        check_size(graph)
        self.graph, self.made = graph, 0
        self.given: Arrays = {name: given.values for name, given in graph.givens.items()}
        self.given[RATE] = np.asarray(graph.learning_rate or 0.0)
        self.given |= graph.states
        self.rounding = rounding
        self.advice = f"with results of {rounding.text} something may have become 0: keep more digits"
        self.chains: dict[tuple[Element, frozenset[str]], Chains] = {}
        self.parts = layouts([(e.name, e.type) for e in graph.step], graph.samples)
        self.width = self.parts[-1].stop

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates, fewer where the graph's condition holds before; the objective before each."""
        losses: list[float] = []
        for _ in range(updates):
            view = self.view()
            if self.graph.until and view.number(Element(STOP)):
                break
            losses.append(view.number(view.objective) if self.graph.objective else 0.0)
            self._renew(self._computed(view, self.graph.updates))
        return losses

    def view(self) -> RoundedView:
        """The next update, nothing of it computed."""
        return self._from(self.given | counters(self.graph, self.made))

    def _from(self, given: Arrays) -> RoundedView:
        record = {name: array for name, array in given.items() if name != RATE or RATE not in self.graph.equations}
        # what leads where does not depend on the values: it is found once for all updates
        return RoundedView(self.graph, record, rounding=self.rounding, _chains=self.chains)

    def _computed(self, view: RoundedView, equations: Iterable[Equation]) -> Arrays:
        """The results of equations; OverflowError where one is not finite, as Python's own arithmetic has it."""
        found: Arrays = {}
        for equation in equations:
            found[equation.name] = self._array(view, equation)
            if not np.isfinite(found[equation.name]).all():
                raise OverflowError
        return found

    def _array(
        self, view: RoundedView, equation: Equation, number: Number = RoundedView.number
    ) -> npt.NDArray[np.float64]:
        targets = [Element(equation.name, *place) for place in places(equation.type, self.graph.samples)]
        lead = (self.graph.samples or 1,) if equation.type.sampled else ()
        return np.array([number(view, each) for each in targets], dtype=float).reshape((*lead, *equation.type.shape))

    def record(self, rows: Array) -> Sequence[float]:
        """Make an update for each row, and fill it; the last is the first in which the graph's condition holds."""
        losses: list[float] = []
        for row in rows:
            view = self.view()
            found = self._computed(view, self.graph.step)
            self._renew(found)
            row[:] = np.concatenate([found[part.name].ravel() for part in self.parts])
            losses.append(float(found[self.graph.objective]) if self.graph.objective else 0.0)
            if self.graph.until and found[STOP]:
                break
        return losses

    def views(self, row: Array) -> Arrays:
        """What a row holds, by name; new values end in ``+``."""
        return unpacked(row, self.parts)

    def after(self, given: Arrays) -> Arrays:
        """What the forward pass alone gives from such values and parameters; the names end in ``+``."""
        found = self.evaluate(self.graph.forward if self.graph.replaced else (), given)
        return {f"{name}+": array for name, array in found.items()}

    def _renew(self, found: Arrays) -> None:
        """Take the new values of an update for the old ones."""
        self.made += 1
        self.given = self.given | {old: found[new] for new, old in self.graph.replaced}

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now."""
        return {old: self.given[old] for _, old in self.graph.replaced}

    def evaluate(self, equations: Sequence[Equation], given: Arrays) -> Arrays:
        """What equations give from such values; nobody goes on after one that is not finite: the rest is no number."""
        view, found, reached = self._from(given), Arrays(), True
        for equation in equations:
            array = found[equation.name] = self._array(view, equation, _attempted if reached else _nothing)
            reached = reached and bool(np.isfinite(array).all())
        return found

    def is_finite(self) -> bool:
        """Yes: a rounded number that is not ends the update in which it arises."""
        return True

    def resume(self, state: Arrays, made: int) -> None:
        """Go on from such parameters and states, after so many updates."""
        self.given, self.made = self.given | state, made

    def feed(self, batch: Arrays) -> None:
        """Take other given values for the updates to come."""
        self.given = self.given | batch


def check_size(graph: Graph) -> None:
    """Refuse a graph of more numbers than anybody rounds.

    Raises:
        UsageError: it is too large.
    """
    samples = graph.samples or 1
    count = sum(math.prod(e.type.shape) * (samples if e.type.sampled else 1) for e in graph.step)
    if count > MOST_NUMBERS:
        message = f"rounding works number by number, and a step of this config has {count:,} of them"
        hint = f"it is meant for networks small enough to do by hand, up to {MOST_NUMBERS:,} numbers"
        raise UsageError(Fault(message, hint=hint))
