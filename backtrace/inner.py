"""Unnamed inner nodes: parts of an equation that become equations of their own, named by their text."""

from __future__ import annotations

from backtrace.expressions import Call, Expr, Name, Type, names, to_text, walk
from backtrace.graph import Equation
from backtrace.ops import TABLE, call
from backtrace.ops.elementwise import Elementwise


def _inner_text(expr: Expr) -> str:
    return to_text(expr).replace(" ", "")


def gates(name: str, expr: Expr, group: str) -> list[Equation]:
    """Every operation on something given as an equation of its own, named by its text."""
    made: list[Equation] = []

    def promoted(node: Expr, top: bool) -> Expr:
        if not isinstance(node, Call):
            return node
        constant = not names(node)
        if not top and _is_plain(node):
            return node
        args = tuple(promoted(arg, False) for arg in node.args)
        gate = call(node.op, *args, at=node.at, **dict(node.options))
        if top:
            made.append(Equation(name, gate, Type(gate.shape, gate.sampled), group))
            return gate
        if constant:
            return gate
        made.append(Equation(_inner_text(node), gate, Type(gate.shape, gate.sampled), group, inner=True))
        return Name(made[-1].name, made[-1].type)

    if not isinstance(expr, Call):
        return [Equation(name, expr, Type(expr.shape, expr.sampled), group)]
    promoted(expr, True)
    return made


PLAIN = frozenset(["stack", "index", "transpose"])
LINEAR = frozenset(["add", "sub", "neg", "mul", "div", "matmul", "outer", "identity"])


def inner_nodes(name: str, expr: Expr, group: str) -> list[Equation]:
    """The equation, and before it what stands unnamed as the argument of a non-linear function or below a line.

    Only what depends on a given value and shares no name with the rest of the equation, so that naming it makes
    no second way from anywhere.
    """
    made: list[Equation] = []
    counts: dict[str, int] = {}
    for node in walk(expr):
        if isinstance(node, Name):
            counts[node.id] = counts.get(node.id, 0) + 1

    def alone(node: Expr) -> bool:
        inside: dict[str, int] = {}
        for leaf in walk(node):
            if isinstance(leaf, Name):
                inside[leaf.id] = inside.get(leaf.id, 0) + 1
        return bool(inside) and all(counts[key] == count for key, count in inside.items())

    def split(node: Expr) -> Expr:
        if not isinstance(node, Call):
            return node
        args = []
        for position, arg in enumerate(node.args):
            inner = split(arg)
            if _hides(node, position) and isinstance(arg, Call) and not _is_signed(arg) and alone(arg):
                made.append(Equation(_inner_text(arg), inner, Type(inner.shape, inner.sampled), group, inner=True))
                inner = Name(made[-1].name, made[-1].type)
            args.append(inner)
        if tuple(args) == node.args:
            return node
        return call(node.op, *args, at=node.at, **dict(node.options))

    whole = split(expr)
    return [*made, Equation(name, whole, Type(whole.shape, whole.sampled), group)]


def _is_plain(node: Call) -> bool:
    """Whether an operation only picks or puts side by side what has names: ``x[0]``, ``[a, b]``."""
    return node.op in PLAIN and all(isinstance(arg, Name) for arg in node.args)


def _is_signed(node: Call) -> bool:
    """Whether a reader sees a node's value by looking at it: ``-z``, ``x[0]``, ``[a, b]``."""
    return node.op in PLAIN or (node.op == "neg" and isinstance(node.args[0], Name))


def _hides(node: Call, position: int) -> bool:
    """Whether an operand is the argument of a non-linear function, or a denominator."""
    if node.op == "div":
        return position == 1
    op = TABLE[node.op]
    return op.kernel or (isinstance(op, Elementwise) and op.most == 1 and node.op not in LINEAR)
