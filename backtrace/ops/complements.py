"""What is 1 less a probability, and what sums to 0, where the text-book's form would lose digits; made by derivatives.

1 - y of a y that has rounded to 1 is lost; what it is computed from is not. A reader is shown the text-book's form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from backtrace.expressions import Call, Expr, Index, Num, Shape
from backtrace.ops.base import ONE, ZERO, Array, Op, Read, ShapeError, shape_text, total
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.softmax import one_axis
from backtrace.records import dataclass

NEAR_ONE: Final = 0.99
"""From here on 1 - y is computed otherwise: up to here it has 14 digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Complement(Elementwise):
    """``complement(p, c)``: 1 - p, where ``c`` is the same from what y is computed from; the text-book has 1 - p.

    ``c`` is looked at only where p is near 1: arrays compute it if one of their elements is.
    """


def _complement(p: Array, c: Array) -> Array:
    return np.where(np.real(p) <= NEAR_ONE, 1 - p, c)


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled(Op):
    """``settled(v, y)``: what sums to 0 along an axis, where ``y`` are probabilities along it; the text-book has v.

    The element of a probability near 1 is what is left of a difference of equals. It is less the sum of the others.
    """

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The operands' shape."""
        v, y = args
        if v.shape != y.shape:
            raise ShapeError(f"shapes {shape_text(v.shape)} and {shape_text(y.shape)} differ")
        one_axis(options, len(v.shape))
        return v.shape

    def compute(self, call: Call, *arrays: Array) -> Array:
        """A sum of the others only where a probability is near 1."""
        v, y = np.broadcast_arrays(*arrays)
        near = np.real(y) > NEAR_ONE
        if not near.any():
            return v
        axis = self.axis(call) - len(call.shape)
        far, rest = (np.sum(np.where(chosen, v, 0.0), axis=axis, keepdims=True) for chosen in (~near, near))
        return np.where(near, -(far + (rest - v)), v)

    def axis(self, call: Call) -> int:
        """The axis, counted from 0."""
        return one_axis(dict(call.options), len(call.shape))

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """What flows into the element near 1 flows out of the others; the probabilities only choose."""
        if operand:
            return None
        near = Call("greater", (call.args[1], Num(NEAR_ONE)))
        along = (("axis", self.axis(call)), ("keepdims", True))
        return Call("sub", (g, Call("sum", (Call("mul", (g, near)),), along)))

    def holds(self, operand: int) -> bool:
        """The probabilities."""
        return operand == 1

    def line(self, call: Call, index: Index) -> list[Index]:
        """The indexes along the axis through an element."""
        axis = self.axis(call)
        return [(*index[:axis], k, *index[axis + 1 :]) for k in range(call.shape[axis])]

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The element itself, or less the sum of the others."""
        others = [read(0, at) for at in self.line(call, index) if at != index]
        left = Call("neg", (total(others),)) if others else ZERO
        return Call("where", (self._near(read, index), left, read(0, index)))

    def _near(self, read: Read, index: Index) -> Expr:
        return Call("greater", (read(1, index), Num(NEAR_ONE)))

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """All elements along the axis; a probability reaches none."""
        return () if operand else self.line(call, index)

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1 by itself and 0 by the others, or 0 and -1."""
        if operand:
            return ZERO
        near, far = (ZERO, ONE) if out == index else (Num(-1), ZERO)
        return Call("where", (self._near(read, out), near, far))


ROWS: tuple[Op, ...] = (
    Complement(
        name="complement",
        about="1 - p, where c is the same without loss",
        least=2,
        most=2,
        internal=True,
        letters="pc",
        array=_complement,
        scalar=f"(1 - p if p <= {NEAR_ONE} else c)",
        derivatives=(f"where(p <= {NEAR_ONE}, -1, 0)", f"where(p <= {NEAR_ONE}, 0, 1)"),
    ),
    Settled(
        name="settled",
        about="what sums to 0 along an axis (the last)",
        least=2,
        most=2,
        options={"axis": -1},
        internal=True,
    ),
)
