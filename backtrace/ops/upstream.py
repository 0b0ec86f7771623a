"""The objective that stands for given upstream gradients: nobody knows its value, only its derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backtrace.expressions import Call, Expr, Index, Shape
from backtrace.ops.base import ZERO, Array, Op, Read, ShapeError, product, shape_text, total, unbroadcast
from backtrace.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Upstream(Op):
    """``upstream(z, g, ...)``: the linear function of ``z`` whose derivative by each element is that of ``g``.

    ``g`` is held: nothing flows back into it.
    """

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """A single number."""
        for z, g in zip(args[::2], args[1::2], strict=True):
            if g.shape not in ((), z.shape):
                raise ShapeError(f"the upstream gradient is {shape_text(g.shape)}, not {shape_text(z.shape)}")
        return ()

    def compute(self, call: Call, *arrays: Array) -> Array:
        """The sum of the products, sample by sample."""
        terms = [self._term(*pair) for pair in zip(call.args, arrays, strict=True)]
        return np.asarray(sum(np.sum(z * g, axis=-1) for z, g in zip(terms[::2], terms[1::2], strict=True)))

    @staticmethod
    def _term(arg: Expr, array: Array) -> Array:
        return np.reshape(array, (array.shape[0], -1) if arg.sampled else (-1,))

    def holds(self, operand: int) -> bool:
        """The given gradients."""
        return operand % 2 == 1

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The given gradient; the objective's own is 1 or 1/N."""
        return None if self.holds(operand) else Call("mul", (g, call.args[operand + 1]))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The sum of the products."""
        return total(
            [
                product(read(k, at), read(k + 1, unbroadcast(at, call.args[k + 1].shape)))
                for k in range(0, len(call.args), 2)
                for at in np.ndindex(call.args[k].shape)
            ]
        )

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The objective; from what is held nothing reaches it."""
        return () if self.holds(operand) else ((),)

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """The element of the given gradient."""
        if self.holds(operand):
            return ZERO
        return read(operand + 1, unbroadcast(index, call.args[operand + 1].shape))


ROWS: tuple[Op, ...] = (
    Upstream(
        name="upstream",
        about="the objective of given upstream gradients",
        least=2,
        most=None,
        internal=True,
    ),
)
