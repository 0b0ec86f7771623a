"""The functions that are defined by an expression: each is replaced by its text before anything else happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from backtrace.expressions import Expr, Shape, parse
from backtrace.expressions.writing import literal_text
from backtrace.ops.base import ShapeError
from backtrace.ops.losses import LOSSES, Loss
from backtrace.ops.reductions import AXIS, axes_of
from backtrace.records import dataclass

Written = Callable[[Mapping[str, Any], Shape], str]


@dataclass(frozen=True)
class Macro:
    """A function defined by an expression, or by options and the first operand's shape where ``written`` says how."""

    name: str
    parameters: tuple[str, ...]
    text: Expr | Written
    about: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def body(self, options: Mapping[str, Any], shape: Shape) -> Expr:
        """The expression over the parameters. Raises ShapeError."""
        if isinstance(self.text, Expr):
            return self.text
        return parse(self.text({**self.options, **options}, shape))


def _along(options: Mapping[str, Any]) -> str:
    """The options of a reduction as they are written in a call."""
    return "".join(f", {name}={literal_text(options[name])}" for name in AXIS if options[name] != AXIS[name])


def _variance(options: Mapping[str, Any], shape: Shape) -> str:
    axes = axes_of(options, len(shape))
    count = math.prod(shape[at] for at in axes)
    if count <= options["ddof"]:
        raise ShapeError(f"the variance of {count} with ddof={options['ddof']} divides by {count - options['ddof']}")
    mean = _along({"axis": options["axis"], "keepdims": True})
    if not options["ddof"]:
        return f"mean((x - mean(x{mean}))**2{_along(options)})"
    return f"sum((x - mean(x{mean}))**2{_along(options)})/{literal_text(count - options['ddof'])}"


def _norm(options: Mapping[str, Any], shape: Shape) -> str:
    order, along = options["ord"], _along(options)
    if isinstance(order, tuple) or not order > 0:
        raise ShapeError("the order of a norm is a number above 0")
    if order in (1, 2):
        return f"sum(abs(x){along})" if order == 1 else f"sqrt(sum(x**2{along}))"
    return f"sum(abs(x)**{literal_text(order)}{along})**(1/{literal_text(order)})"


def _loss(row: Loss) -> Macro:
    return Macro(row.name, ("y", "o"), lambda options, shape: row.text(options), str(row.about()), row.options)


def _plain(name: str, letters: str, text: str, about: str) -> Macro:
    return Macro(name, tuple(letters), parse(text), about)


ROWS: tuple[Macro, ...] = (
    *map(_loss, LOSSES.values()),
    _plain("dot", "ab", "a @ b", "the product of two vectors; the same as a @ b"),
    _plain("l1", "x", "sum(abs(x))", "the sum of the absolute values, a penalty for weights"),
    _plain("l2", "x", "sum(x**2)", "the sum of the squares, a penalty for weights; without a half"),
    Macro(
        "var",
        ("x",),
        _variance,
        "the variance of all elements, or along axes: the mean squared deviation; ddof=1 divides by n - 1",
        {**AXIS, "ddof": 0},
    ),
    Macro(
        "norm",
        ("x",),
        _norm,
        "the square root of the sum of squares, of all elements or along axes; ord=1 adds absolute values",
        {**AXIS, "ord": 2},
    ),
)
