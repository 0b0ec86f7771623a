"""What is meant by a function or a name that does not exist, and by operands whose shapes do not fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from backtrace.expressions import Call, Expr, Name, Shape, to_text
from backtrace.ops.base import shape_text

FUNCTIONS: Final = {
    "ln": "log(x)", "power": "x**n", "square": "x**2", "sq": "x**2", "fabs": "abs(x)", "mm": "a @ b",
    "inner": "a @ b", "multiply": "a * b", "subtract": "a - b", "divide": "a / b", "negative": "-x",
    "std": "sqrt(var(x))", "average": "mean(x)", "avg": "mean(x)", "logistic": "sigmoid(x)", "sig": "sigmoid(x)",
    "swish": "silu(x)", "heaviside": "step(x)", "linear": "x", "full": "c * ones(shape)",
    "broadcast_to": "x + zeros(shape)", "array": "[a, b]", "list": "[a, b]", "select": "where(condition, a, b)",
    "len": "its number", "cat": "concat(a, b)", "concatenate": "concat(a, b)", "hstack": "concat(a, b)",
    "vstack": "stack(a, b)",
    "asin": "arctan(x / sqrt(1 - x**2))", "arcsin": "arctan(x / sqrt(1 - x**2))",
    "acos": "pi/2 - arctan(x / sqrt(1 - x**2))", "arccos": "pi/2 - arctan(x / sqrt(1 - x**2))",
    "range": "arange(n)", "\u03c3": "sigmoid(x)", "\u03a3": "sum(x)",
}  # fmt: skip
NAMES: Final = {
    "e": "Euler's number is exp(1)", "\u03c0": "write pi", "inf": "only finite numbers are computed with",
    "nan": "only finite numbers are computed with", "infinity": "only finite numbers are computed with",
    "true": "write 1", "false": "write 0", "i": "the language has real numbers only",
}  # fmt: skip
LONGEST: Final = 120


ELEMENT: Final = re.compile(r"(\w*[^\W\d_])_?([1-9])(?:_?([1-9]))?", re.ASCII)


def element_hint(name: str, known: Mapping[str, Expr]) -> str:
    """How an element is written whose key, W21, stands for its name; "" where it is none."""
    found = ELEMENT.fullmatch(name)
    array = known.get(found[1]) if found else None
    if found is None or array is None or array.type is None:
        return ""
    places = [int(digit) for digit in found.groups()[1:] if digit]
    if len(places) != len(array.shape) or any(map(int.__gt__, places, array.shape)):
        return ""
    return f"an element is written {found[1]}[{', '.join(str(place - 1) for place in places)}], counted from 0"


def function_hint(name: str) -> str:
    """How a function of other languages is written here; "" where nothing is known of it."""
    meant = FUNCTIONS.get(name) or FUNCTIONS.get(name.casefold())
    return f"write {meant}" if meant else ""


def shapes_hint(call: Call, args: tuple[Expr, ...]) -> str:
    """The shapes of the operands by their names, and the product that would fit; "" for those without names."""
    if any(isinstance(raw, Name) and raw.id.isdecimal() for raw in call.args):
        return ""
    pairs = dict(zip(map(to_text, call.args), (_described(arg.shape) for arg in args), strict=False))
    told = ", ".join(f"{text} {shape}" for text, shape in pairs.items())
    fitting = _fitting(call, args) if call.op == "matmul" and len(args) == 2 else ""
    return "; ".join(part for part in (told, fitting) if 0 < len(part) <= LONGEST)


def _described(shape: Shape) -> str:
    if not shape:
        return "is a number"
    return f"has {shape[0]} element{'s' * (shape[0] != 1)}" if len(shape) == 1 else f"is {shape_text(shape)}"


def _fitting(call: Call, args: tuple[Expr, ...]) -> str:
    """The products of the same two operands, swapped or one turned, whose shapes fit."""
    (left, right), (a, b) = call.args, (arg.shape for arg in args)
    if not a or not b:
        return f"write {to_text(Call('mul', (left, right)))}"
    tried = [(right, left, b, a)]
    tried += [(Call("transpose", (left,)), right, a[::-1], b)] if len(a) == 2 else []
    tried += [(left, Call("transpose", (right,)), a, b[::-1])] if len(b) == 2 else []
    found = [to_text(Call("matmul", (x, y))) for x, y, p, q in tried if p[-1] == q[0]]
    return f"did you mean {' or '.join(found)}?" if found else ""
