"""Which formula of a number is shown: the text-book's while it gives the number, else the form that is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from backtrace.chains import Chains
from backtrace.exact import OTHERS, exact, plain
from backtrace.expressions import Call, Element, Expr, Ref, walk
from backtrace.graph import Graph
from backtrace.keys import Derivative, Target
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


def forms(chains: Chains, target: Target, written: Expr) -> Iterator[Expr]:
    """A formula as it is written, and what gives its number where that does not."""
    yield written
    yield plain(exactly(chains.graph, written))
    yield from map(plain, _run(chains, target))


def _run(chains: Chains, target: Target) -> Iterator[Expr]:
    """What is run in place of a formula."""
    graph, place = chains.graph, target
    name = target.name if isinstance(target, Element) else ""
    if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
        if target.of != chains.objective:
            return
        short = chains.short(target.by)
        if short is not None:
            yield chains.short_formula(short)
        name, place = graph.gradient_of.get(target.by.name, ""), target.by
    for equation in (*graph.run, *graph.gradients):
        if equation.name == name and isinstance(place, Element):
            yield exactly(graph, element(equation.expr, place.index, place.sample))


def pairs_of(graph: Graph, chains: Chains) -> Iterator[Element]:
    """The elements of the pre-activations that have a short derivative."""
    for name in chains.pairs.keys() & graph.gradient_of.keys():
        for place in places(graph.types[name], graph.samples):
            yield Element(name, *place)


def is_close(found: Any, number: Any) -> Any:
    """Whether what a formula gives is its number, to 12 digits."""
    with np.errstate(all="ignore"):
        return (found == number) | (np.abs(found - number) <= CLOSE * np.abs(number))
