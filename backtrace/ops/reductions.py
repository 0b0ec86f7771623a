"""The reductions: sums and means over axes, and over the samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import product as cartesian
from typing import Any, ClassVar, Final

import numpy as np

from backtrace.expressions import Call, Expr, Index, Num, Shape
from backtrace.ops.base import ONE, Array, Op, Read, ShapeError, summed
from backtrace.records import dataclass


def axes_of(options: Mapping[str, Any], rank: int) -> tuple[int, ...]:
    """The reduced axes, counted from 0; all of them if none is named."""
    axis = options.get("axis")
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, tuple) else (axis,)
    if any(not isinstance(at, int) or not -rank <= at < rank for at in given):
        raise ShapeError(f"axis {axis} of an array with {rank} {'axis' if rank == 1 else 'axes'}")
    if len({at % rank for at in given}) < len(given):
        raise ShapeError(f"axis {axis} names an axis twice")
    return tuple(sorted(at % rank for at in given))


@dataclass(frozen=True, kw_only=True, eq=False)
class OverAxes(Op):
    """An operation that makes one element of all elements along some axes, or of all there are."""

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """Without the reduced axes, or with 1 in their place."""
        shape = args[0].shape
        axes = axes_of(options, len(shape))
        if options.get("keepdims"):
            return tuple(1 if at in axes else size for at, size in enumerate(shape))
        return tuple(size for at, size in enumerate(shape) if at not in axes)

    def axes(self, call: Call) -> tuple[int, ...]:
        """The reduced axes, counted from 0."""
        return axes_of(dict(call.options), len(call.args[0].shape))

    def along(self, call: Call) -> dict[str, Any]:
        """The options of numpy, axes counted from the end so that a sample axis may stand first."""
        rank = len(call.args[0].shape)
        axes = tuple(at - rank for at in self.axes(call))
        return {"axis": axes, "keepdims": bool(call.option("keepdims"))}

    def repeated(self, call: Call, result: Expr) -> Expr:
        """An array of the result's shape again for every element."""
        shape, axes = call.args[0].shape, self.axes(call)
        if call.option("keepdims"):
            kept = tuple(size for at, size in enumerate(shape) if at not in axes)
            result = Call("reshape", (result,), (("shape", kept),))
        return Call("expand", (result,), (("axis", axes), ("shape", shape)))

    def inside(self, call: Call, index: Index) -> list[Index]:
        """The elements that one element of the result is made of."""
        shape, axes = call.args[0].shape, self.axes(call)
        kept = iter(index if not call.option("keepdims") else [i for at, i in enumerate(index) if at not in axes])
        ranges = [range(n) if at in axes else (next(kept),) for at, n in enumerate(shape)]
        return list(cartesian(*ranges))

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The one element it goes into."""
        axes = self.axes(call)
        if call.option("keepdims"):
            return [tuple(0 if at in axes else i for at, i in enumerate(index))]
        return [tuple(i for at, i in enumerate(index) if at not in axes)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduction(OverAxes):
    """A sum over axes, or a mean: the sum divided by the number of elements."""

    by_place: ClassVar[bool] = True
    mean: bool

    def _count(self, call: Call) -> int:
        return math.prod(call.args[0].shape[at] for at in self.axes(call))

    def contraction(self, call: Call) -> tuple[tuple[str, ...], str] | None:
        """Of a plain sum: the reduced axes are left out."""
        axes, letters = self.axes(call), LETTERS[: len(call.args[0].shape)]
        if self.mean or call.option("keepdims") or len(letters) < len(call.args[0].shape):
            return None
        return (letters,), "".join(letter for at, letter in enumerate(letters) if at not in axes)

    def for_arrays(self, call: Call) -> Expr | None:
        """A mean is a sum divided; with axes of size 1 it is one without them in another shape."""
        (x,), axis = call.args, ("axis", self.axes(call))
        if self.mean:
            kept = ("keepdims", bool(call.option("keepdims")))
            return Call("div", (Call("sum", (x,), (axis, kept)), Num(self._count(call))))
        if not call.option("keepdims"):
            return None
        return Call("reshape", (Call("sum", (x,), (axis,)),), (("shape", call.shape),))

    def compute(self, call: Call, *arrays: Array) -> Array:
        """By numpy."""
        out = np.sum(arrays[0], **self.along(call))
        return np.asarray(out / self._count(call) if self.mean else out)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The gradient again for every element, divided by their number for a mean."""
        return self.repeated(call, Call("div", (g, Num(self._count(call)))) if self.mean else g)

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The terms from left to right."""
        inside = self.inside(call, index)
        result = summed(len(inside), lambda k: read(0, inside[k]), read.most)
        return Call("div", (result, Num(self._count(call)))) if self.mean else result

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1 for a sum, 1/n for a mean."""
        return Call("div", (ONE, Num(self._count(call)))) if self.mean else ONE


@dataclass(frozen=True, kw_only=True, eq=False)
class OverSamples(Op):
    """The sum or the mean over the samples; ``count`` is their number."""

    by_place: ClassVar[bool] = True
    mean: bool
    over_samples: ClassVar[bool] = True

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of one sample."""
        return args[0].shape

    def contraction(self, call: Call) -> tuple[tuple[str, ...], str] | None:
        """Of a sum over samples: no axis of a sample is left out."""
        letters = LETTERS[: len(call.shape)]
        fits = not self.mean and call.args[0].sampled and len(letters) == len(call.shape)
        return ((letters,), letters) if fits else None

    def for_arrays(self, call: Call) -> Expr | None:
        """A mean is a sum divided; what is the same for every sample counts as often as there are samples."""
        (x,), count = call.args, Num(call.option("count"))
        if self.mean:
            return Call("div", (Call("sum_samples", (x,), call.options), count)) if x.sampled else x
        return None if x.sampled else Call("mul", (x, count))

    def compute(self, call: Call, *arrays: Array) -> Array:
        """What is the same for every sample counts as often as there are samples."""
        (x,), count = arrays, call.option("count")
        if not call.args[0].sampled:
            return x if self.mean else np.asarray(x * count)
        total_ = np.sum(x, axis=0)
        return np.asarray(total_ / count if self.mean else total_)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The gradient for every sample, divided by their number for a mean."""
        count = Num(call.option("count"))
        if not call.args[0].sampled:
            return g if self.mean else Call("mul", (count, g))
        return Call("div", (g, count)) if self.mean else g

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The samples' terms in order."""
        count = call.option("count")
        result = summed(count, lambda sample: read(0, index, sample), read.most)
        return Call("div", (result, Num(count))) if self.mean else result

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The same element of the total."""
        return [index]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1 for a sum, 1/N for a mean; the reverse of what is the same for every sample."""
        count = Num(call.option("count"))
        if not call.args[0].sampled:
            return ONE if self.mean else count
        return Call("div", (ONE, count)) if self.mean else ONE


LETTERS: Final = "ijklmnop"
"""The axes of an array in a contraction."""
AXIS = {"axis": None, "keepdims": False}
ROWS: tuple[Op, ...] = (
    Reduction(name="sum", about="the sum over all elements, or along axes", options=AXIS, mean=False),
    Reduction(name="mean", about="the mean of all elements, or along axes", options=AXIS, mean=True),
    OverSamples(name="sum_samples", about="the sum over the samples", options={"count": 1}, mean=False),
    OverSamples(name="mean_samples", about="the mean over the samples", options={"count": 1}, mean=True),
)
