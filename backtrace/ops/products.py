"""The products of vectors and matrices; in the rules ``a, b`` are the operands and ``g`` the upstream gradient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product as cartesian
from typing import Any, ClassVar

import numpy as np

from backtrace.expressions import Call, Expr, Index, Shape, substitute
from backtrace.ops.base import Array, Op, Read, ShapeError, product, rule, shape_text, summed
from backtrace.records import dataclass


def _filled(text: str, call: Call, g: Expr, y: Expr) -> Expr:
    letters = dict(zip("ab" if len(call.args) == 2 else "x", call.args, strict=False))
    return substitute(rule(text), {**letters, "g": g, "y": y})


MATMUL_VJP: Mapping[tuple[int, int], tuple[str, str]] = {
    # ranks    to a            to b
    (1, 1): ("g * b", "g * a"),
    (1, 2): ("g @ b.T", "outer(a, g)"),
    (2, 1): ("outer(g, b)", "a.T @ g"),
    (2, 2): ("g @ b.T", "a.T @ g"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class MatMul(Op):
    """The product of vectors and matrices; each element is the sum of a row times a column."""

    by_place: ClassVar[bool] = True

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """Rows of the first by columns of the second."""
        a, b = (arg.shape for arg in args)
        if (len(a), len(b)) not in MATMUL_VJP:
            raise ShapeError(f"@ multiplies vectors and matrices, not {shape_text(a)} by {shape_text(b)}")
        if a[-1] != b[0]:
            raise ShapeError(f"{shape_text(a)} @ {shape_text(b)} does not fit: {a[-1]} is not {b[0]}")
        return a[:-1] + b[1:]

    def contraction(self, call: Call) -> tuple[tuple[str, ...], str]:
        """The last axis of the left and the first of the right are summed over."""
        left, right = ("ik"[2 - len(call.args[0].shape) :], "kj"[: len(call.args[1].shape)])
        return (left, right), f"{left[:-1]}{right[1:]}"

    def compute(self, call: Call, *arrays: Array) -> Array:
        """One BLAS call where only one operand is sampled, else a product for each sample."""
        (a, b), (left, right) = arrays, call.args
        if not left.sampled and not right.sampled:
            return np.asarray(a @ b)
        if not right.sampled and len(left.shape) == 1:
            return np.asarray(a @ b)
        if not left.sampled and len(left.shape) == 2 and len(right.shape) == 1:
            return np.asarray(b @ a.T)
        a = a[..., None, :] if len(left.shape) == 1 else a
        b = b[..., :, None] if len(right.shape) == 1 else b
        out = np.matmul(a, b)
        if len(left.shape) == 1:
            out = out[..., 0, :]
        return np.asarray(out[..., 0] if len(right.shape) == 1 else out)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """By the ranks of the operands."""
        a, b = call.args
        return _filled(MATMUL_VJP[len(a.shape), len(b.shape)][operand], call, g, y)

    def _pair(self, call: Call, index: Index, k: int) -> tuple[Index, Index]:
        left, _ = call.args
        row, column = index[: len(left.shape) - 1], index[len(left.shape) - 1 :]
        return (*row, k), (k, *column)

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """A row times a column."""

        def term(k: int) -> Expr:
            left, right = self._pair(call, index, k)
            return product(read(0, left), read(1, right))

        return summed(call.args[1].shape[0], term, read.most)

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The row of a left element, the column of a right one."""
        left, right = call.args
        if operand == 0:
            free = [range(n) for n in right.shape[1:]]
            return [index[:-1] + rest for rest in cartesian(*free)]
        free = [range(n) for n in left.shape[:-1]]
        return [rest + index[1:] for rest in cartesian(*free)]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """The element it is multiplied by."""
        k = index[-1] if operand == 0 else index[0]
        pair = self._pair(call, out, k)
        return read(1 - operand, pair[1 - operand])


@dataclass(frozen=True, kw_only=True, eq=False)
class Outer(Op):
    """The outer product of two vectors: every element of one times every element of the other."""

    by_place: ClassVar[bool] = True

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """Length of the first by length of the second."""
        a, b = (arg.shape for arg in args)
        if len(a) != 1 or len(b) != 1:
            raise ShapeError(f"outer takes two vectors, not {shape_text(a)} and {shape_text(b)}")
        return a + b

    def contraction(self, call: Call) -> tuple[tuple[str, ...], str]:
        """Nothing is summed over."""
        return ("i", "j"), "ij"

    def compute(self, call: Call, *arrays: Array) -> Array:
        """By broadcasting, so that a sample axis may stand first."""
        a, b = arrays
        return np.asarray(a[..., :, None] * b[..., None, :])

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The gradient times the other vector."""
        return _filled(("g @ b", "a @ g")[operand], call, g, y)

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """One element of each."""
        return product(read(0, index[:1]), read(1, index[1:]))

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """A row of the result, or a column."""
        rows, columns = call.shape
        return [(index[0], j) for j in range(columns)] if operand == 0 else [(i, index[0]) for i in range(rows)]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """The element of the other vector."""
        return read(1 - operand, (out[1 - operand],))


ROWS: tuple[Op, ...] = (
    MatMul(name="matmul", about="the product of vectors and matrices; written a @ b", least=2, most=2),
    Outer(name="outer", about="the outer product of two vectors", least=2, most=2),
)
