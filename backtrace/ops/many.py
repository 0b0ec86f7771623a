"""The elementwise operations on any number of operands: sums and products, the greatest and the smallest."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from backtrace.expressions import Call, Expr, Index
from backtrace.ops.base import ONE, ZERO, Read, unbroadcast
from backtrace.ops.elementwise import Elementwise, added, greatest, multiplied, smallest
from backtrace.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Many(Elementwise):
    """An operation on any number of operands, computed from left to right; ``scalar`` says how two are joined."""

    pair: Callable[[float, float], float]

    def number(self, args: list[float]) -> float:
        """The result from plain numbers."""
        return reduce(self.pair, args)

    def derivative(self, call: Call, operand: int, args: tuple[Expr, ...], y: Expr) -> Expr:
        """1 for a sum; the product of the other factors for a product."""
        others = args[:operand] + args[operand + 1 :]
        if self.name == "add" or not others:
            return ONE
        return others[0] if len(others) == 1 else Call("mul", others)

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """The same over the operands' elements; a sum need not read its terms."""
        if self.name == "add":
            return ONE
        args = tuple(read(k, unbroadcast(out, arg.shape)) for k, arg in enumerate(call.args))
        return self.derivative(call, operand, args, ZERO)


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Many):
    """The greatest or the smallest of its operands; a tie goes to the first."""

    ufunc: np.ufunc
    reaches: str
    passes: str

    def derivative(self, call: Call, operand: int, args: tuple[Expr, ...], y: Expr) -> Expr:
        """1 for the operand that is chosen: it passes all before it and reaches all after it."""
        return chosen(self, list(args), operand)


def chosen(row: Choice, args: list[Expr], k: int) -> Expr:
    """1 where an operand is the first of the greatest (or of the smallest), else 0."""
    found: Expr = ONE
    for sign, others in ((row.passes, args[:k]), (row.reaches, args[k + 1 :])):
        if others:
            best = others[0] if len(others) == 1 else Call(row.name, tuple(others))
            found = Call("where", (Call(sign, (args[k], best)), found, ZERO))
    return found


def _many(name: str, about: str, array: Callable[..., Any], scalar: str, pair: Callable[[float, float], float]) -> Many:
    return Many(
        name=name,
        about=about,
        least=2,
        most=None,
        letters="",
        array=array,
        scalar=scalar,
        derivatives=("",),
        pair=pair,
    )


def _choice(
    name: str,
    about: str,
    array: Callable[..., Any],
    scalar: str,
    pair: Callable[[float, float], float],
    ufunc: np.ufunc,
    reaches: str,
    passes: str,
) -> Choice:
    return Choice(
        name=name, about=about, least=2, most=None, letters="", array=array, derivatives=("",),
        scalar=scalar, pair=pair, ufunc=ufunc, reaches=reaches, passes=passes,
    )  # fmt: skip


MAXIMUM = _choice(
    "maximum",
    "the greatest of its operands; a tie goes to the first",
    greatest,
    "b if b > a else a",
    max,
    np.maximum,
    reaches="greater_equal",
    passes="greater",
)
MINIMUM = _choice(
    "minimum",
    "the smallest of its operands; a tie goes to the first",
    smallest,
    "b if b < a else a",
    min,
    np.minimum,
    reaches="less_equal",
    passes="less",
)
ROWS: tuple[Many, ...] = (
    _many("add", "the sum of all operands", added, "a + b", operator.add),
    _many("mul", "the product of all operands", multiplied, "a * b", operator.mul),
    MAXIMUM,
    MINIMUM,
)
