"""Surgery on scalar formulas: their terms and factors, and the same formula with one place changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from backtrace.expressions import Call, Element, Expr, Num, Ref, walk
from backtrace.ops.base import ONE, ZERO, product, total


def addends(expr: Expr) -> list[Expr]:
    """The terms of a sum, a lone one for what is none; what is subtracted is a term with a minus."""
    if isinstance(expr, Call) and expr.op == "add":
        return [term for arg in expr.args for term in addends(arg)]
    if isinstance(expr, Call) and expr.op == "sub":
        return [*addends(expr.args[0]), *map(negated, addends(expr.args[1]))]
    return [expr]


def summed(terms: Sequence[Expr]) -> Expr:
    """The terms as a sum; what is negative is subtracted."""
    found = terms[0] if terms else ZERO
    for term in terms[1:]:
        if isinstance(term, Call) and term.op == "neg":
            found = Call("sub", (found, term.args[0]))
        else:
            found = total([*(found.args if isinstance(found, Call) and found.op == "add" else (found,)), term])
    return found


def factors(expr: Expr) -> list[Expr]:
    """The factors of a product, a lone one for what is none."""
    if isinstance(expr, Call) and expr.op == "mul":
        return [factor for arg in expr.args for factor in factors(arg)]
    return [expr]


def multiplied(parts: Sequence[Expr]) -> Expr:
    """The product of factors; 1 of none."""
    return product(*parts) if parts else ONE


def scaled(expr: Expr, factor: float) -> Expr:
    """So many times the expression; a number below 1 is what it is divided by, where that is a whole number."""
    if factor < 1 and abs(round(1 / factor) * factor - 1) < 1e-12:
        return Call("div", (expr, Num(round(1 / factor))))
    return Call("mul", (Num(factor), expr))


def negated(expr: Expr) -> Expr:
    """The expression with the other sign."""
    if isinstance(expr, Call) and expr.op == "neg":
        return expr.args[0]
    return Call("neg", (expr,))


def without(items: Sequence[Expr], at: int) -> list[Expr]:
    """The items but one."""
    return [*items[:at], *items[at + 1 :]]


def mapped(expr: Expr, change: Callable[[Ref], Expr]) -> Expr:
    """The formula with every leaf changed."""
    if isinstance(expr, Ref):
        return change(expr)
    if isinstance(expr, Call):
        return Call(expr.op, tuple(mapped(arg, change) for arg in expr.args), expr.options)
    return expr


def everywhere(expr: Expr, change: Callable[[Expr], Iterable[Expr]]) -> Iterator[Expr]:
    """The formula with one node changed, for every node and every change of it."""
    yield from change(expr)
    if isinstance(expr, Call):
        for at, arg in enumerate(expr.args):
            for found in everywhere(arg, change):
                yield Call(expr.op, (*expr.args[:at], found, *expr.args[at + 1 :]), expr.options)


MOST_TERMS: Final = 8
"""Longer sums are not taken apart term by term."""


def sums_changed(expr: Expr, change: Callable[[list[Expr], int], Expr]) -> Iterator[Expr]:
    """The formula with one term of one of its sums changed, for every term."""

    def changed(node: Expr) -> Iterator[Expr]:
        terms = addends(node) if isinstance(node, Call) and node.op in ("add", "sub") else []
        if 2 <= len(terms) <= MOST_TERMS:
            yield from (change(terms, at) for at in range(len(terms)))

    yield from everywhere(expr, changed)


def without_term(terms: Sequence[Expr], at: int) -> Expr:
    """A sum without one of its terms."""
    return summed(without(terms, at))


def with_term_negated(terms: Sequence[Expr], at: int) -> Expr:
    """A sum with one of its terms with the other sign."""
    return summed([*terms[:at], negated(terms[at]), *terms[at + 1 :]])


def leaves(expr: Expr) -> list[Any]:
    """The keys that a formula reads, each once."""
    return list(dict.fromkeys(node.key for node in walk(expr) if isinstance(node, Ref)))


def elements_of(expr: Expr) -> list[Element]:
    """The elements that a formula reads, each once."""
    return [key for key in leaves(expr) if isinstance(key, Element)]
