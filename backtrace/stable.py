"""Forms that keep their digits: the equations as they are run, where the text-book's would lose them.

The logarithm of a probability that has rounded to 0 or 1 is lost; the logarithm of its pre-activation is not.
Only what runs is rewritten: a report shows the equations as they were written, while they give the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from backtrace.expressions import MAX_DEPTH, Call, Expr, Name, Num, walk
from backtrace.graph import Equation
from backtrace.ops import call
from backtrace.records import dataclass


def stabilised(forward: Sequence[Equation]) -> tuple[Equation, ...]:
    """The equations with log(sigmoid(z)), log(1 - sigmoid(z)), log(softmax(z)), log(y/softmax(z)) in stable forms.

    The rewriting looks through names: ``o: sigmoid(t)`` and ``E: -log(o)`` give ``E: softplus(-t)``.
    """
    known: dict[str, Expr] = {}
    for equation in forward:
        known[equation.name] = _looked_up(equation.expr, known)
    return tuple(replace(equation, expr=_rewritten(equation.expr, known)) for equation in forward)


@dataclass(frozen=True)
class Pair:
    """A probability and the loss whose logarithm it stands in: together their derivative is short.

    By the pre-activation it is the probability less the target, ``p - y``, times what the objective makes of the
    loss (for softmax if the targets of a sample sum to 1).
    """

    probability: Name
    target: Name
    loss: str


def pairs(forward: Sequence[Equation]) -> dict[str, Pair]:
    """The pairs of sigmoid or softmax with cross-entropy, by the name of the pre-activation."""
    found: dict[str, Pair] = {}
    read: dict[str, list[Equation]] = {}
    for equation in forward:
        for name in equation.reads:
            read.setdefault(name, []).append(equation)
    for equation in forward:
        expr = equation.expr
        if isinstance(expr, Call) and expr.op in ("sigmoid", "softmax") and isinstance(expr.args[0], Name):
            probability = Name(equation.name, equation.type)
            readers = read.get(equation.name, ())
            targets = [t for e in readers for t in _weights_of_log(e.expr, probability)]
            if len(readers) == 1 and len(targets) == 1:
                found[expr.args[0].id] = Pair(probability, targets[0], readers[0].name)
    return found


def _weights_of_log(expr: Expr, probability: Name) -> list[Name]:
    """The names that multiply the logarithm of a probability."""
    wanted = Call("log", (probability,))
    products = [node for node in walk(expr) if isinstance(node, Call) and node.op == "mul" and wanted in node.args]
    return [arg for node in products for arg in node.args if isinstance(arg, Name)]


def _rewritten(expr: Expr, known: Mapping[str, Expr]) -> Expr:
    if not isinstance(expr, Call):
        return expr
    if expr.op == "log":
        found = _log(_looked_up(expr.args[0], known), known)
        if found is not None:
            return found
    args = tuple(_rewritten(arg, known) for arg in expr.args)
    return expr if args == expr.args else call(expr.op, *args, at=expr.at, **dict(expr.options))


def _log(inner: Expr, known: Mapping[str, Expr], left: int = MAX_DEPTH) -> Expr | None:
    """The stable form of the logarithm of an expression, if it has one; ``left`` bounds how deep it may nest."""
    if not isinstance(inner, Call) or not left:
        return None
    if inner.op == "sigmoid":
        return call("neg", call("softplus", call("neg", inner.args[0])))
    if inner.op == "softmax":
        return call("log_softmax", inner.args[0], **dict(inner.options))
    if inner.op in ("index", "reshape", "transpose"):
        moved = _log(_looked_up(inner.args[0], known), known, left - 1)
        return None if moved is None else call(inner.op, moved, **dict(inner.options))
    if inner.op == "div":
        below = _log(_looked_up(inner.args[1], known), known, left - 1)
        return None if below is None else call("sub", call("log", inner.args[0]), below)
    if inner.op == "sub" and inner.args[0] == Num(1):
        other = _looked_up(inner.args[1], known)
        if isinstance(other, Call) and other.op == "sigmoid":
            return call("neg", call("softplus", other.args[0]))
    return None


def _looked_up(expr: Expr, known: Mapping[str, Expr]) -> Expr:
    """What a name stands for; what is known of names is no other known name."""
    return known.get(expr.id, expr) if isinstance(expr, Name) else expr
