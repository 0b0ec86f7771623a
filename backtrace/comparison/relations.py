"""What a name is to the procedure, by graph relations alone: an error, a bias; never by what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backtrace.expressions import Call, Expr, Name, Num, names
from backtrace.graph import Equation, Graph
from backtrace.ops import TABLE
from backtrace.ops.movements import Movement
from backtrace.ops.reductions import OverSamples, Reduction

SUMS: Final = frozenset({"add", "sub", "neg"})
PRODUCTS: Final = frozenset({"mul", "div"})


def errors(graph: Graph) -> tuple[str, ...]:
    """The objective and what it is summed up from: totals first, single terms last; none without a loss.

    >>> from backtrace.build import build
    >>> from backtrace.config import read
    >>> errors(build(read("configs/multiclass.yaml")))
    ('E_tot', 'E_tot#', 'E')
    """
    if graph.objective is None or not graph.has_loss:
        return ()
    forward = {equation.name: equation for equation in graph.forward}
    found = [graph.objective]
    for name in found:
        for part in _parts(forward[name].expr):
            if part in forward and part not in found and graph.parameters.isdisjoint(names(forward[part].expr)):
                found.append(part)
    return tuple(found)


def terms(graph: Graph) -> tuple[str, ...]:
    """The errors that are summed up from no other: where a factor such as ½ stands."""
    found = errors(graph)
    forward = {equation.name: equation for equation in graph.forward}
    return tuple(name for name in found if not set(_parts(forward[name].expr)) & set(found))


def halved(graph: Graph) -> bool:
    """Whether the terms of the error carry a factor ½."""
    forward = {equation.name: equation for equation in graph.forward}
    factors = {abs(_factor(forward[name].expr)) for name in terms(graph)}
    return factors == {0.5}


def biases(graph: Graph) -> tuple[str, ...]:
    """The parameters that are only ever added: each way from them begins with the local derivative 1."""
    readers = graph.consumers
    return tuple(name for name in graph.givens if name in graph.parameters and _is_bias(name, readers.get(name, ())))


def _is_bias(name: str, readers: tuple[Equation, ...]) -> bool:
    return bool(readers) and all(_only_added(reader.expr, name) for reader in readers)


def _only_added(expr: Expr, name: str) -> bool:
    """Whether a name stands in an expression as a term of its sums, moved about perhaps, and nowhere else.

    A sum that is nothing but the name would make an equation of the parameter alone.
    """
    if isinstance(expr, Call) and (expr.op == "add" or isinstance(TABLE[expr.op], Movement)):
        return all(isinstance(arg, Name) or _only_added(arg, name) for arg in expr.args)
    return name not in names(expr)


def _parts(expr: Expr) -> Iterator[str]:
    """The names that an expression only adds up, with constant factors perhaps."""
    if isinstance(expr, Name):
        yield expr.id
    elif isinstance(expr, Call) and _is_sum(expr):
        for arg in expr.args:
            yield from _parts(arg)


def _is_sum(call: Call) -> bool:
    """Whether a call adds up its operands: their sum, their mean, some of them; or one of them times a number."""
    if call.op in PRODUCTS:
        return sum(not isinstance(arg, Num) for arg in call.args) == 1 and not (
            call.op == "div" and isinstance(call.args[0], Num)
        )
    return call.op in SUMS or isinstance(TABLE[call.op], Reduction | OverSamples | Movement)


def _factor(expr: Expr) -> float:
    """The constant factor of an expression; that of what a sum adds up."""
    if isinstance(expr, Num):
        return expr.value
    if not isinstance(expr, Call):
        return 1.0
    if expr.op == "neg" or isinstance(TABLE[expr.op], Reduction | OverSamples):
        return _factor(expr.args[0])
    if expr.op == "mul":
        return _factor(expr.args[0]) * _factor(expr.args[1])
    if expr.op == "div" and isinstance(expr.args[1], Num):
        return _factor(expr.args[0]) / expr.args[1].value
    return 1.0
