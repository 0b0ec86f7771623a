"""A short list of rewritings that make a derived formula look as a person would write it.

Constants are computed with exact fractions; 0, 1 and signs are taken out of sums and products; a product goes
into the branches of a choice between something and 0; nothing else.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from backtrace.expressions import Call, Expr, Num
from backtrace.ops import TABLE, call
from backtrace.ops.base import ONE, ZERO
from backtrace.ops.elementwise import Elementwise


def simplified(expr: Expr) -> Expr:
    """The expression with the rewritings applied from the operands upwards.

    Typed expressions stay typed; a factor or term whose only effect was its shape may go, so that the result
    can have a smaller shape that broadcasts to the same values.

    >>> from backtrace.expressions import parse
    >>> simplified(parse("0.5 * (2 * (y - o)**(2 - 1) * -1)"))
    <-(y - o)>
    """
    if not isinstance(expr, Call):
        return expr
    args = tuple(simplified(arg) for arg in expr.args)
    if not isinstance(TABLE.get(expr.op), Elementwise):
        args = tuple(map(_in_shape, expr.args, args))
    rule = _RULES.get(expr.op)
    if rule is not None:
        found = rule(expr, args)
        if found is not None:
            return found
    return expr if args == expr.args else _rebuilt(expr, args)


def _in_shape(old: Expr, new: Expr) -> Expr:
    """An operand whose shape matters (to sum, to @) stays as it is where its shape would change."""
    if old.type is None or new.type is None:
        return old if isinstance(new, Num) else new
    return new if new.shape == old.shape else old


def _rebuilt(expr: Call, args: tuple[Expr, ...]) -> Expr:
    if expr.type is None or any(arg.type is None for arg in args):
        return Call(expr.op, args, expr.options, at=expr.at)
    return call(expr.op, *args, at=expr.at, **dict(expr.options))


def made(op: str, *args: Expr, **options: Any) -> Expr:
    """A call with a type where its operands have one; simplified no further."""
    if any(arg.type is None for arg in args):
        return Call(op, args, tuple(sorted(options.items())))
    return call(op, *args, **options)


def _fraction(expr: Expr) -> Fraction | None:
    """The exact value of a constant, if its decimal text is short."""
    if isinstance(expr, Call) and expr.op == "div" and all(isinstance(arg, Num) for arg in expr.args):
        top, bottom = map(_fraction, expr.args)
        return top / bottom if top is not None and bottom else None
    if not isinstance(expr, Num):
        return None
    return _exact(float(expr.value))


@lru_cache(maxsize=4096)
def _exact(number: float) -> Fraction | None:
    value = Fraction(repr(number)) if abs(number) < 1e16 else None
    return value if value is not None and value.denominator <= 10**6 else None


def _is_short(value: Fraction) -> bool:
    return abs(value.numerator) < 10**16 and value.denominator < 10**16


def _constant(value: Fraction | int) -> Expr:
    """A constant as a number if it is one exactly, else as a quotient of whole numbers."""
    number = value.numerator / value.denominator
    if value.denominator == 1:
        return Num(value.numerator)
    if Fraction(repr(number)) == value:
        return Num(number)
    return Call("div", (Num(value.numerator), Num(value.denominator)), type=Num(0).type)


def _negated(expr: Expr) -> Expr:
    if isinstance(expr, Call) and expr.op == "neg":
        return expr.args[0]
    value = _fraction(expr)
    return _constant(-value) if value is not None else made("neg", expr)


def _neg(expr: Call, args: tuple[Expr, ...]) -> Expr:
    return _negated(args[0])


def _add(expr: Call, args: tuple[Expr, ...]) -> Expr | None:
    terms = [arg for arg in args if _fraction(arg) != 0]
    constants = [_fraction(arg) for arg in terms]
    if terms and all(value is not None for value in constants):
        return _constant(sum((value for value in constants if value is not None), Fraction(0)))
    if not terms:
        return Num(0)
    if len(terms) == 1:
        return terms[0]
    last = terms[-1]
    if len(terms) == 2 and isinstance(last, Call) and last.op == "neg":
        return made("sub", terms[0], last.args[0])
    return None if len(terms) == len(args) and args == expr.args else made("add", *terms)


def _sub(expr: Call, args: tuple[Expr, ...]) -> Expr | None:
    left, right = args
    a, b = _fraction(left), _fraction(right)
    if a is not None and b is not None:
        return _constant(a - b)
    if b == 0:
        return left
    if a == 0:
        return _negated(right)
    if isinstance(right, Call) and right.op == "neg":
        return made("add", left, right.args[0])
    return None


def _mul(expr: Call, args: tuple[Expr, ...]) -> Expr:
    """One constant in front, the sign before it, the other factors in their order."""
    sign, args = _signs(args)
    constant: Fraction | int = sign
    factors: list[Expr] = []
    for factor in _unexpanded(_factors(args)):
        value = _fraction(factor)
        if value is not None and _is_short(constant * value):
            constant *= value
        else:
            factors.append(factor)
    if constant == 0:
        return Num(0)
    if not factors:
        return _constant(constant)
    for position, factor in enumerate(factors):
        if isinstance(factor, Call) and factor.op == "where" and ZERO in factor.args[1:]:
            return _chosen(factor, [_constant(constant), *factors[:position]], factors[position + 1 :])
    magnitude = [] if constant in (1, -1) else [_constant(max(constant, -constant))]
    body = _over_reciprocals([*magnitude, *factors])
    return made("neg", body) if constant < 0 else body


def _over_reciprocals(parts: list[Expr]) -> Expr:
    """y·(1/p) as y/p."""
    bottoms = [part.args[1] for part in parts if isinstance(part, Call) and part.op == "div" and part.args[0] == ONE]
    tops = [part for part in parts if not (isinstance(part, Call) and part.op == "div" and part.args[0] == ONE)]
    if len(parts) == 1 or not bottoms or not tops:
        return parts[0] if len(parts) == 1 else made("mul", *parts)
    top = tops[0] if len(tops) == 1 else made("mul", *tops)
    return made("div", top, bottoms[0] if len(bottoms) == 1 else made("mul", *bottoms))


def _chosen(choice: Call, before: list[Expr], after: list[Expr]) -> Expr:
    """A product with where(c, a, 0) as where(c, product, 0): 0 times an infinite factor would be no number."""
    condition, *branches = choice.args
    first, second = (b if b == ZERO else _mul(choice, (*before, b, *after)) for b in branches)
    return made("where", condition, first, second)


def _unexpanded(factors: list[Expr]) -> list[Expr]:
    """A single number beside a whole array need not be expanded: multiplication broadcasts it."""
    shapes = [factor.shape for factor in factors if factor.type is not None]
    return [
        factor.args[0]
        if isinstance(factor, Call)
        and factor.op == "expand"
        and factor.type is not None
        and factor.args[0].shape == ()
        and shapes.count(factor.shape) > 1
        else factor
        for factor in factors
    ]


def _signs(args: tuple[Expr, ...]) -> tuple[int, tuple[Expr, ...]]:
    """The product of the signs, and the factors without them."""
    flat = _factors(args)
    bare = [factor.args[0] if isinstance(factor, Call) and factor.op == "neg" else factor for factor in flat]
    changed = sum(a is not b for a, b in zip(flat, bare, strict=True))
    sign, rest = _signs(tuple(bare)) if changed else (1, tuple(flat))
    return -sign if changed % 2 else sign, rest


def _factors(args: tuple[Expr, ...]) -> list[Expr]:
    flat: list[Expr] = []
    for arg in args:
        flat.extend(_factors(arg.args) if isinstance(arg, Call) and arg.op == "mul" else [arg])
    return flat


def _div(expr: Call, args: tuple[Expr, ...]) -> Expr | None:
    top, bottom = args
    a, b = _fraction(top), _fraction(bottom)
    if b is not None and b != 0:
        if a is not None and _is_short(a / b):
            return _constant(a / b)
        if b == 1:
            return top
    if a == 0:
        return Num(0)
    if isinstance(top, Call) and top.op == "neg":
        return _negated(made("div", top.args[0], bottom))
    return None


def _pow(expr: Call, args: tuple[Expr, ...]) -> Expr | None:
    exponent = _fraction(args[1])
    if exponent == 1:
        return args[0]
    if exponent == 0:
        return Num(1)
    return None


def _transpose(expr: Call, args: tuple[Expr, ...]) -> Expr | None:
    (x,) = args
    return x.args[0] if isinstance(x, Call) and x.op == "transpose" else None


def _where(expr: Call, args: tuple[Expr, ...]) -> Expr | None:
    condition, first, second = args
    if isinstance(condition, Call) and condition.op in _COMPARED:
        a, b = (_fraction(arg) for arg in condition.args)
        if a is not None and b is not None:
            return first if _COMPARED[condition.op](a, b) else second
    return first if first == second else None


def _index(expr: Call, args: tuple[Expr, ...]) -> Expr | None:
    """x[0][1] is x[0, 1]."""
    (inner,) = args
    if not isinstance(inner, Call) or inner.op != "index":
        return None
    first, second = inner.option("key"), expr.option("key")
    if not all(isinstance(at, int) for at in first):
        return None
    return made("index", *inner.args, key=first + second)


_COMPARED: Final[dict[str, Callable[[Fraction, Fraction], bool]]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
}
_RULES: Final[dict[str, Callable[[Call, tuple[Expr, ...]], Expr | None]]] = {
    "neg": _neg,
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "pow": _pow,
    "transpose": _transpose,
    "where": _where,
    "index": _index,
}
