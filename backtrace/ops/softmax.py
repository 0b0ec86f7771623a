"""Softmax and its relatives: each element reads all elements along an axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from backtrace.expressions import Call, Expr, Index, Shape, substitute
from backtrace.ops.base import ONE, Array, Kernel, Read, ShapeError, rule, total
from backtrace.ops.reductions import axes_of
from backtrace.records import dataclass


def one_axis(call_options: Mapping[str, Any], rank: int) -> int:
    """The one axis that an operation runs along, counted from 0; the last unless it is named. Raises ShapeError."""
    if rank == 0:
        raise ShapeError("a single number has no axis to run along")
    axes = axes_of({"axis": call_options.get("axis", -1)}, rank)
    if len(axes) != 1:
        raise ShapeError("one axis at a time")
    return axes[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class AlongAxis(Kernel):
    """An operation whose elements each read all elements along one axis (the last, unless ``axis`` says).

    ``run`` is stable: the greatest element is subtracted before exp. ``text_book`` is what a reader is shown, ``array``
    the same of numbers ``x`` with the greatest subtracted, ``total`` the sum of their exp. ``back`` is what flows back
    of a gradient ``g``, ``total`` there the sum of what is ``weighed``; ``probability`` is that of a result.
    """

    by_place: ClassVar[bool] = True
    run: Callable[[Array, int], Any]
    text_book: Callable[[Expr, list[Expr]], Expr]
    array: str
    back: str
    weighed: str
    probability: str
    by: Callable[[Expr, Expr, bool], Expr]

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The operand's shape."""
        one_axis(options, len(args[0].shape))
        return args[0].shape

    def axis(self, call: Call) -> int:
        """The axis, counted from 0."""
        return one_axis(dict(call.options), len(call.shape))

    def compute(self, call: Call, *arrays: Array) -> Array:
        """Along the axis counted from the end, so that a sample axis may stand first."""
        return np.asarray(self.run(arrays[0], self.axis(call) - len(call.shape)))

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """Through all elements along the axis; what flows back sums to 0."""
        axis = ("axis", self.axis(call))
        summed = Call("sum", (substitute(rule(self.weighed), {"g": g, "y": y}),), (axis, ("keepdims", True)))
        back = substitute(rule(self.back), {"g": g, "y": y, "total": summed})
        return Call("settled", (back, substitute(rule(self.probability), {"y": y})), (axis,))

    def for_arrays(self, call: Call) -> Expr | None:
        """By the greatest along the axis and the sum of exp."""
        along = (("axis", self.axis(call)), ("keepdims", True))
        shifted = Call("sub", (call.args[0], Call("max", call.args, along)))
        return substitute(rule(self.array), {"x": shifted, "total": Call("sum", (_exp(shifted),), along)})

    def line(self, call: Call, index: Index) -> list[Index]:
        """The indexes along the axis through an element."""
        axis = self.axis(call)
        return [(*index[:axis], k, *index[axis + 1 :]) for k in range(call.shape[axis])]

    def lines(self, call: Call) -> Iterable[tuple[list[Index], list[Index]]]:
        """Every line along the axis, computed from itself."""
        for index in np.ndindex(call.shape):
            if index[self.axis(call)] == 0:
                yield self.line(call, index), self.line(call, index)

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The text-book form."""
        return self.text_book(read(0, index), [read(0, at) for at in self.line(call, index)])

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """All elements along the axis."""
        return self.line(call, index)

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """By the result's elements at both places."""
        return self.by(read(-1, out), read(-1, index), out == index)


def _softmax(x: Array, axis: int) -> Array:
    e = np.exp(x - np.max(np.real(x), axis=axis, keepdims=True))
    return np.asarray(e / np.sum(e, axis=axis, keepdims=True))


def _log_softmax(x: Array, axis: int) -> Array:
    shifted = x - np.max(np.real(x), axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True)))


def less_greatest(x: list[Expr]) -> tuple[Expr, list[Expr]]:
    """The greatest of some numbers, and all less it."""
    top = x[0] if len(x) == 1 else Call("maximum", tuple(x))
    return top, [Call("sub", (v, top)) for v in x]


def _stable_softmax(x: list[Expr]) -> list[Expr]:
    e = [_exp(v) for v in less_greatest(x)[1]]
    return [Call("div", (v, total(e))) for v in e]


def _stable_log_softmax(x: list[Expr]) -> list[Expr]:
    found = less_greatest(x)[1]
    whole = Call("log", (total([_exp(v) for v in found]),))
    return [Call("sub", (v, whole)) for v in found]


def _exp(x: Expr) -> Expr:
    return Call("exp", (x,))


def _softmax_by(y: Expr, other: Expr, same: bool) -> Expr:
    factor = Call("sub", (ONE, y)) if same else Call("neg", (other,))
    return Call("mul", (y, factor))


def _log_softmax_by(y: Expr, other: Expr, same: bool) -> Expr:
    return Call("sub", (ONE, _exp(other))) if same else Call("neg", (_exp(other),))


ROWS: tuple[AlongAxis, ...] = (
    AlongAxis(
        name="softmax",
        about="exp(x) divided by the sum of exp(x) along an axis (the last)",
        options={"axis": -1},
        run=_softmax,
        stable=_stable_softmax,
        text_book=lambda x, line: Call("div", (_exp(x), total([_exp(v) for v in line]))),
        array="exp(x) / total",
        back="y * (g - total)",
        weighed="g * y",
        probability="y",
        by=_softmax_by,
    ),
    AlongAxis(
        name="log_softmax",
        about="the logarithm of softmax, computed without losing small probabilities",
        options={"axis": -1},
        run=_log_softmax,
        stable=_stable_log_softmax,
        text_book=lambda x, line: Call("sub", (x, Call("log", (total([_exp(v) for v in line]),)))),
        array="x - log(total)",
        back="g - exp(y) * total",
        weighed="g",
        probability="exp(y)",
        by=_log_softmax_by,
    ),
)
