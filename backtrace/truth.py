"""Which formula of a number is shown: the text-book's while it gives the number, else the form that is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from backtrace.chains import Chains
from backtrace.exact import OTHERS, exact, plain, text_book
from backtrace.executor import Arrays, evaluate
from backtrace.expressions import Call, Element, Expr, Index, Name, Ref, Type, names, walk
from backtrace.graph import Equation, Graph
from backtrace.keys import Derivative, Short, Target
from backtrace.ops import TABLE
from backtrace.ops.base import Kernel
from backtrace.ops.softmax import AlongAxis
from backtrace.scalars import element, fitted, renewed
from backtrace.straight.lowering import places

BOUNDED: Final = frozenset(["sigmoid", "softmax", "tanh"])
NEAR_BOUND: Final = 0.9995
"""Beyond it 1 - y may have fewer than 13 digits."""
GREATEST: Final = 700.0
"""Beyond it exp may overflow."""
FAR: Final = -3.0
"""Below it 1 + erf has fewer than 13 digits."""
TINY: Final = 1e-290
"""Below it a probability may have fewer digits than other numbers."""
CLOSE: Final = 1e-12
"""So much a formula may be off its number, relative to it."""


def is_saturated(graph: Graph, record: Arrays) -> bool:
    """Whether a number is so near its bounds, or so great in an exponential, that text-book forms may lose digits."""
    return any(
        isinstance(node, Call) and _may_lose(node, _made(node, equation), graph, record)
        for equation in graph.forward
        for node in walk(equation.expr)
    )


def _made(node: Expr, equation: Equation) -> Expr:
    """What is made by a part of an equation: the equation's own name where it is all of it."""
    return Name(equation.name, equation.type) if node is equation.expr else node


def _may_lose(node: Call, made: Expr, graph: Graph, record: Arrays) -> bool:
    """Whether the text-book's form of a call, or of its derivative, may lose digits."""
    if node.op == "gelu":
        return _holds(lambda x: x < FAR, node.args[0], graph, record)
    if isinstance(TABLE[node.op], Kernel) and _holds(lambda x: np.abs(x) > GREATEST, node.args[0], graph, record):
        return True
    if node.op not in BOUNDED:
        return False
    least = 0.0 if node.op == "tanh" else TINY
    return _holds(lambda y: (np.abs(y) > NEAR_BOUND) | (np.abs(y) < least), made, graph, record)


def _holds(test: Callable[[Any], Any], expr: Expr, graph: Graph, record: Arrays) -> bool:
    """Whether something holds for an element of an expression before or after the update, or may: it is not known."""
    read = set(names(expr))
    if not read <= record.keys():
        return True
    part = Equation("", expr, expr.type or Type(()))
    after = {name: record[f"{name}+"] for name in read if f"{name}+" in record}
    with np.errstate(all="ignore"):
        return any(np.any(test(evaluate([part], values, graph.samples)[""])) for values in (record, record | after))


def exactly(graph: Graph, formula: Expr) -> Expr:
    """A scalar formula with 1 less a probability by what the probability is computed from."""

    def meaning(expr: Expr) -> Expr | None:
        key = expr.key if isinstance(expr, Ref) else None
        if not isinstance(key, Element):
            return None
        equation, after = _forward(graph, key.name)
        if equation is None or not isinstance(equation.expr, Call) or equation.expr.op not in BOUNDED:
            return None
        op = TABLE[equation.expr.op]
        if not isinstance(op, AlongAxis):
            found = element(equation.expr, key.index, key.sample)
            return renewed(found, graph.renewed) if after else found
        line = op.line(equation.expr, key.index)
        return Call(OTHERS, tuple(Ref(key._replace(index=at)) for at in line if at != key.index))

    return exact(formula, meaning)


def _forward(graph: Graph, name: str) -> tuple[Equation | None, bool]:
    """The forward equation of a name, and whether the name is of what it gives after the update."""
    after = name not in graph.equations and name.endswith("+")
    return graph.equations.get(name.removesuffix("+") if after else name), after


def has_other_form(chains: Chains, target: Target, written: Expr) -> bool:
    """Whether something else is run than a formula says, which may give another number."""
    return exactly(chains.graph, written) != written or bool(_run(chains, target)) or _is_paired(chains, target)


def other_forms(chains: Chains, target: Target, written: Expr) -> Iterator[Expr]:
    """What gives the number of a formula where that does not, as written, give it."""
    yield plain(exactly(chains.graph, written))
    if _is_paired(chains, target) and isinstance(target, Derivative) and isinstance(target.by, Element):
        short = Short(chains.objective, target.by)
        yield chains.short_formula(short)
        yield plain(exactly(chains.graph, chains.short_formula(short, of_rests=True)))
    place = target.by if isinstance(target, Derivative) else target
    for equation in _run(chains, target):
        if isinstance(place, Element):
            found = plain(exactly(chains.graph, _stable(equation.expr, place.index, place.sample)))
            after = isinstance(target, Element) and target.name != equation.name
            yield renewed(found, chains.graph.renewed) if after else found


def _stable(expr: Expr, index: Index, sample: int | None) -> Expr:
    """One element of an expression as it is run."""
    if not isinstance(expr, Call):
        return element(expr, index, sample)
    index, op = fitted(index, expr), TABLE[expr.op]
    if not isinstance(op, Kernel):
        return op.element(expr, index, _Reader(expr, sample))
    made, read = next((made, read) for made, read in op.lines(expr) if index in made)
    return op.stable([_stable(expr.args[0], at, sample) for at in read])[made.index(index)]


class _Reader(NamedTuple):
    """Reads elements of a call's operands as they are run."""

    call: Call
    sample: int | None
    most: int | None = None

    def __call__(self, operand: int, index: Index, sample: int | None = None) -> Expr:
        arg = self.call.args[operand]
        return _stable(arg, fitted(index, arg), self.sample if sample is None else sample)


def _is_paired(chains: Chains, target: Target) -> bool:
    """Whether a derivative of the objective has a short form."""
    if not isinstance(target, Derivative) or target.of != chains.objective:
        return False
    return isinstance(target.by, Element) and target.by.name in chains.pairs


def _run(chains: Chains, target: Target) -> list[Equation]:
    """The equation that is run for a quantity, where it is another than is shown."""
    graph = chains.graph
    if isinstance(target, Element):
        shown, _ = _forward(graph, target.name)
        if shown is None or shown.wrt:
            return []
        return [e for e in graph.run if e.name == shown.name and (e.expr != shown.expr or _is_kernel(e.expr))]
    if isinstance(target, Derivative) and target.of == chains.objective and isinstance(target.by, Element):
        name = graph.gradient_of.get(target.by.name, "")
        return [e for e in graph.gradients if e.name == name and text_book(e.expr) != e.expr]
    return []


def _is_kernel(expr: Expr) -> bool:
    return isinstance(expr, Call) and isinstance(TABLE[expr.op], Kernel)


def pairs_of(graph: Graph, chains: Chains) -> Iterator[Element]:
    """The elements of the pre-activations that have a short derivative."""
    for name in chains.pairs.keys() & graph.gradient_of.keys():
        for place in places(graph.types[name], graph.samples):
            yield Element(name, *place)


def is_close(found: Any, number: Any) -> Any:
    """Whether what a formula gives is its number, to 12 digits."""
    with np.errstate(all="ignore"):
        return (found == number) | (np.abs(found - number) <= CLOSE * np.abs(number))
