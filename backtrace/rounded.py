"""Works as a careful person with a pocket calculator does: every result is rounded before it is used on.

Each number comes from its own formula as a report shows it, over numbers that are rounded already. Within a formula
nothing is rounded, and decimals are exact: 0.0123·0.45 is 0.005535, not the nearest binary number below it. What is
given stays as it is given.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from decimal import Context, Decimal, localcontext
from functools import cached_property, reduce
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backtrace.chains import Chains
from backtrace.codegen import places
from backtrace.errors import Fault, UsageError
from backtrace.evaluating import applied
from backtrace.exact import text_book
from backtrace.executor import ARITHMETIC, Arrays, evaluate
from backtrace.expressions import Call, Element, Expr, Num, Ref
from backtrace.graph import RATE, STOP, Equation, Graph
from backtrace.keys import Derivative, Short, Target, Via
from backtrace.ops import TABLE
from backtrace.ops.base import total
from backtrace.ops.many import Many
from backtrace.quantities import Value, View
from backtrace.records import dataclass
from backtrace.rounding import Rounding
from backtrace.stepwise import Stepwise

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


class RoundedExecutor(Stepwise):
    """Trains number by number: a step is a view whose record is what is given."""

    kind = "rounded formulas"

    def __init__(self, graph: Graph, rounding: Rounding) -> None:
        check_size(graph)
        super().__init__(graph)
        self.rounding = rounding
        self.advice = f"with results of {rounding.text} something may have become 0: keep more digits"
        self.chains: dict[tuple[Element, frozenset[str]], Chains] = {}
        # a view computes what these need, and nothing else
        self.needed = tuple(e for e in graph.step if e.state or e.name in (graph.objective, STOP))

    def evaluate(self, equations: Sequence[Equation], given: Arrays) -> Arrays:
        """What equations give from such values; nobody goes on after one that is not finite: the rest is no number."""
        view, found, reached = self.view(given), Arrays(), True
        for equation in equations:
            array = found[equation.name] = self._array(view, equation, _attempted if reached else _nothing)
            reached = reached and bool(np.isfinite(array).all())
        return found

    def view(self, given: Arrays) -> RoundedView:
        """An update from such values, nothing of it computed."""
        record = {name: array for name, array in given.items() if name != RATE or RATE not in self.graph.equations}
        # what leads where does not depend on the values: it is found once for all updates
        return RoundedView(self.graph, record, rounding=self.rounding, _chains=self.chains)

    def _array(self, view: RoundedView, equation: Equation, number: Number) -> npt.NDArray[np.float64]:
        targets = [Element(equation.name, *place) for place in places(equation.type, self.graph.samples)]
        lead = (self.graph.samples or 1,) if equation.type.sampled else ()
        return np.array([number(view, each) for each in targets], dtype=float).reshape((*lead, *equation.type.shape))


Number = Callable[[RoundedView, Target], float]


def _attempted(view: RoundedView, target: Target) -> float:
    """A number of an update, none where Python's own arithmetic refuses it."""
    try:
        return view.number(target)
    except ARITHMETIC:
        return math.nan


def _nothing(view: RoundedView, target: Target) -> float:
    return math.nan


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
