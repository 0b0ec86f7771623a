"""Which formula of a number is shown: the text-book's while it gives the number, else the form that is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from backtrace.chains import Chains
from backtrace.exact import OTHERS, exact, plain, text_book
from backtrace.expressions import Call, Element, Expr, Ref, walk
from backtrace.graph import Equation, Graph
from backtrace.keys import Derivative, Short, Target
from backtrace.ops import TABLE
from backtrace.ops.softmax import AlongAxis
from backtrace.scalars import element
from backtrace.straight.lowering import places

BOUNDED: Final = frozenset(["sigmoid", "softmax", "tanh"])
NEAR_BOUND: Final = 0.999
"""Beyond it 1 - y may have fewer than 13 digits."""
TINY: Final = 1e-290
"""Below it a probability may have fewer digits than other numbers."""
CLOSE: Final = 1e-12
"""So much a formula may be off its number, relative to it."""


def is_saturated(graph: Graph, record: Any) -> bool:
    """Whether a probability, or a tanh, is so near its bounds that the text-book's forms may lose digits."""
    for equation in graph.forward:
        for node in walk(equation.expr):
            if isinstance(node, Call) and node.op == "gelu":
                return True
            if isinstance(node, Call) and node.op in BOUNDED:
                found = np.abs(record[equation.name]) if node is equation.expr and equation.name in record else None
                if found is None or (found > NEAR_BOUND).any() or (node.op != "tanh" and (found < TINY).any()):
                    return True
    return False


def exactly(graph: Graph, formula: Expr) -> Expr:
    """A scalar formula with 1 less a probability by what the probability is computed from."""

    def meaning(expr: Expr) -> Expr | None:
        key = expr.key if isinstance(expr, Ref) else None
        equation = graph.equations.get(key.name) if isinstance(key, Element) else None
        if equation is None or not isinstance(key, Element) or not isinstance(equation.expr, Call):
            return None
        if equation.expr.op not in BOUNDED:
            return None
        op = TABLE[equation.expr.op]
        if not isinstance(op, AlongAxis):
            return element(equation.expr, key.index, key.sample)
        line = op.line(equation.expr, key.index)
        return Call(OTHERS, tuple(Ref(key._replace(index=at)) for at in line if at != key.index))

    return exact(formula, meaning)


def has_other_form(chains: Chains, target: Target, written: Expr) -> bool:
    """Whether something else is run than a formula says, which may give another number."""
    return exactly(chains.graph, written) != written or bool(_run(chains, target)) or _is_paired(chains, target)


def other_forms(chains: Chains, target: Target, written: Expr) -> Iterator[Expr]:
    """What gives the number of a formula where that does not, as written, give it."""
    yield plain(exactly(chains.graph, written))
    if _is_paired(chains, target) and isinstance(target, Derivative) and isinstance(target.by, Element):
        yield chains.short_formula(Short(chains.objective, target.by))
    place = target.by if isinstance(target, Derivative) else target
    for equation in _run(chains, target):
        if isinstance(place, Element):
            yield plain(exactly(chains.graph, element(equation.expr, place.index, place.sample)))


def _is_paired(chains: Chains, target: Target) -> bool:
    """Whether a derivative of the objective has a short form."""
    if not isinstance(target, Derivative) or target.of != chains.objective:
        return False
    return isinstance(target.by, Element) and target.by.name in chains.pairs


def _run(chains: Chains, target: Target) -> list[Equation]:
    """The equation that is run for a quantity, where it is another than is shown."""
    graph = chains.graph
    if isinstance(target, Element):
        shown = {equation.name: equation.expr for equation in graph.forward if equation.name == target.name}
        return [e for e in graph.run if e.name == target.name and e.expr != shown.get(e.name)]
    if isinstance(target, Derivative) and target.of == chains.objective and isinstance(target.by, Element):
        name = graph.gradient_of.get(target.by.name, "")
        return [e for e in graph.gradients if e.name == name and text_book(e.expr) != e.expr]
    return []


def pairs_of(graph: Graph, chains: Chains) -> Iterator[Element]:
    """The elements of the pre-activations that have a short derivative."""
    for name in chains.pairs.keys() & graph.gradient_of.keys():
        for place in places(graph.types[name], graph.samples):
            yield Element(name, *place)


def is_close(found: Any, number: Any) -> Any:
    """Whether what a formula gives is its number, to 12 digits."""
    with np.errstate(all="ignore"):
        return (found == number) | (np.abs(found - number) <= CLOSE * np.abs(number))
