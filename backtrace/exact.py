"""1 less a probability, from what that is computed from: it keeps its digits where the difference loses them.

Only what runs is rewritten; a reader is shown the text-book's form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backtrace.expressions import Call, Expr, Num
from backtrace.ops.base import ONE, ZERO, total
from backtrace.simplify import made

Meaning = Callable[[Expr], Expr | None]
"""What an expression is the result of, over what can be read; None for what says nothing here."""


def exact(expr: Expr, meaning: Meaning) -> Expr:
    """The expression with 1 less a sigmoid, a softmax or the square of a tanh by what these are computed from.

    1 more than an error function is 1 less the negative.

    >>> from backtrace.expressions import Name, parse
    >>> exact(parse("h * (1 - h)"), {Name("h"): parse("sigmoid(z)")}.get)
    <h*complement(h, sigmoid(-z))>
    """
    if not isinstance(expr, Call):
        return expr
    if expr.op == "sub" and ONE in expr.args:
        first, second = expr.args
        found = _complement(second if first == ONE else first, meaning)
        if found is not None:
            return found if first == ONE else made("neg", found)
    args = tuple(exact(arg, meaning) for arg in expr.args)
    if expr.op == "add" and args[0] == ONE and len(args) == 2 and isinstance(args[1], Call) and args[1].op == "erf":
        return made("complement", made("neg", args[1]), made("erfc", made("neg", args[1].args[0])))
    return expr if args == expr.args else Call(expr.op, args, expr.options, at=expr.at, type=expr.type)


def _complement(y: Expr, meaning: Meaning) -> Expr | None:
    squared = isinstance(y, Call) and y.op == "pow" and y.args[1] == Num(2)
    origin = meaning(y.args[0] if squared and isinstance(y, Call) else y)
    found = _LESS.get((origin.op, squared)) if isinstance(origin, Call) else None
    return made("complement", y, found(*origin.args)) if found and isinstance(origin, Call) else None


def _less_sigmoid(x: Expr) -> Expr:
    return made("sigmoid", made("neg", x))


def _less_squared_tanh(x: Expr) -> Expr:
    small = made("exp", made("mul", Num(-2), made("abs", x)))
    return made("div", made("mul", Num(4), small), made("pow", made("add", ONE, small), Num(2)))


def _less_all_others(*others: Expr) -> Expr:
    return total(list(others)) if others else ZERO


OTHERS = "others"
"""The operation that a meaning gives to a probability of several: of the others, which with it sum to 1."""
_LESS: Mapping[tuple[str, bool], Callable[..., Expr]] = {
    ("sigmoid", False): _less_sigmoid,
    ("tanh", True): _less_squared_tanh,
    (OTHERS, False): _less_all_others,
}
"""What is left of 1, by the operation and whether its result is squared."""


_TEXT_BOOK: Mapping[str, Callable[..., Expr]] = {
    "complement": lambda y, c: _one_less(y),
    "settled": lambda v, y: v,
}


def _one_less(y: Expr) -> Expr:
    negative = isinstance(y, Call) and y.op == "neg"
    return made("add", ONE, y.args[0]) if negative and isinstance(y, Call) else made("sub", ONE, y)


_PLAIN: Mapping[str, Callable[..., Expr]] = {
    "complement": lambda y, c: c,
    "settled": lambda v, y: v,
}


def text_book(expr: Expr) -> Expr:
    """The expression as the text-book has it."""
    return _replaced(expr, _TEXT_BOOK)


def plain(expr: Expr) -> Expr:
    """The expression in the form that keeps its digits, everywhere."""
    return _replaced(expr, _PLAIN)


def _replaced(expr: Expr, forms: Mapping[str, Callable[..., Expr]]) -> Expr:
    if not isinstance(expr, Call):
        return expr
    args = tuple(_replaced(arg, forms) for arg in expr.args)
    if expr.op in forms:
        return forms[expr.op](*args)
    return expr if args == expr.args else Call(expr.op, args, expr.options, at=expr.at, type=expr.type)
