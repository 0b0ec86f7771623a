"""Formulas evaluated: of single numbers as Python computes them, and of arrays of numbers with the same bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backtrace.expressions import Call, Expr, Num, Option, Ref
from backtrace.ops import TABLE
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.many import Many
from backtrace.straight import python


@cache
def _function(op: str, options: tuple[Option, ...]) -> Callable[..., float]:
    """A row's computation of one number, from its own text in the table."""
    row = TABLE[op]
    assert isinstance(row, Elementwise)
    return python.function(Call(op, tuple(map(Ref, row.letters)), options), row.letters)[0]


def evaluated(expr: Expr, value: Callable[[Any], float]) -> float:
    """The value of a scalar formula; what overflows or divides by zero is infinite or not a number.

    >>> from backtrace.expressions import parse
    >>> evaluated(parse("1 / (1 + exp(-1))"), lambda key: 0.0)
    0.7310585786300049
    """
    if isinstance(expr, Num):
        return float(expr.value)
    if isinstance(expr, Ref):
        return value(expr.key)
    assert isinstance(expr, Call)
    row = TABLE[expr.op]
    if expr.op == "where":
        return evaluated(expr.args[1] if evaluated(expr.args[0], value) else expr.args[2], value)
    args = [evaluated(arg, value) for arg in expr.args]
    if isinstance(row, Many):
        return row.number(args)
    return applied(expr, args)


def evaluated_all(expr: Expr, value: Callable[[Any], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The values of a formula over arrays: each bit for bit as ``evaluated`` has it."""
    if isinstance(expr, Num):
        return np.asarray(float(expr.value))
    if isinstance(expr, Ref):
        return value(expr.key)
    assert isinstance(expr, Call)
    args = [evaluated_all(arg, value) for arg in expr.args]
    exact = EXACT.get(expr.op)
    with np.errstate(all="ignore"):
        if exact is not None:
            return np.asarray(reduce(exact, args) if len(args) > 1 else exact(*args))
        if expr.op == "where":
            return np.where(args[0] != 0, args[1], args[2])
        one: Callable[..., float] = partial(_number, expr)
        return np.asarray(np.frompyfunc(one, len(args), 1)(*args), dtype=np.float64)


EXACT: Final[Mapping[str, Callable[..., Any]]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "neg": np.negative,
}
"""What numpy computes as Python does, to the last bit."""


def _number(call: Call, *args: float) -> float:
    row, numbers = TABLE[call.op], list(map(float, args))
    return row.number(numbers) if isinstance(row, Many) else applied(call, numbers)


def applied(call: Call, args: Sequence[float]) -> float:
    """An elementwise operation of plain numbers."""
    op = call.op
    try:
        return float(_function(op, call.options)(*args))
    except ZeroDivisionError:
        return math.nan if args[0] == 0 or math.isnan(args[0]) else math.copysign(math.inf, args[0])
    except OverflowError:
        return math.inf
    except ValueError:
        return -math.inf if op == "log" and args[0] == 0 else math.nan
