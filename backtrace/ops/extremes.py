"""The reductions that are no sums: the greatest, the smallest, the product, the logarithm of a sum of exp."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backtrace.expressions import Call, Expr, Index, Shape
from backtrace.ops.base import ONE, ZERO, Array, Kernel, Op, Read, ShapeError, product, total
from backtrace.ops.many import MAXIMUM, MINIMUM, Choice, chosen
from backtrace.ops.reductions import AXIS, OverAxes
from backtrace.ops.softmax import less_greatest, one_axis
from backtrace.records import dataclass


def first(x: Array, axes: tuple[int, ...], row: Choice) -> Array:
    """True at the first of the greatest (or smallest) elements along axes that are counted from the end."""
    lead = x.ndim - len(axes)
    moved = np.moveaxis(np.real(x), axes, range(lead, x.ndim))
    flat = moved.reshape((*moved.shape[:lead], -1))
    at = np.argmax(flat, axis=-1) if row is MAXIMUM else np.argmin(flat, axis=-1)
    mask = np.arange(flat.shape[-1]) == at[..., None]
    return np.moveaxis(mask.reshape(moved.shape), range(lead, x.ndim), axes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Extreme(OverAxes):
    """The greatest or the smallest element along axes; of equals the first."""

    row: Choice

    def compute(self, call: Call, *arrays: Array) -> Array:
        """The one element that is chosen, as a sum of itself and zeros."""
        along = self.along(call)
        return np.asarray(np.sum(arrays[0], where=first(arrays[0], along["axis"], self.row), **along))

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """All of the gradient to the element that was chosen."""
        mask = Call(f"first_{self.name}", call.args, (("axis", self.axes(call)),))
        return Call("mul", (self.repeated(call, g), mask))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The greatest (or smallest) of the elements, each named once."""
        terms = list(dict.fromkeys(read(0, at) for at in self.inside(call, index)))
        return terms[0] if len(terms) == 1 else Call(self.row.name, tuple(terms))

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1 for the element that is chosen."""
        inside = self.inside(call, out)
        return chosen(self.row, [read(0, at) for at in inside], inside.index(index))


@dataclass(frozen=True, kw_only=True, eq=False)
class First(Op):
    """1 at the first of the greatest (or smallest) elements along axes, else 0; constant, so nothing flows back."""

    row: Choice

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The operand's shape."""
        return args[0].shape

    def compute(self, call: Call, *arrays: Array) -> Array:
        """By the places of the elements that are chosen."""
        rank = len(call.shape)
        return first(arrays[0], tuple(at - rank for at in call.option("axis")), self.row).astype(float)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """Nothing."""
        return None

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """A comparison with all the others."""
        axes = call.option("axis")
        ranges = [range(n) if at in axes else range(index[at], index[at] + 1) for at, n in enumerate(call.shape)]
        starts = [span.start for span in ranges]
        line = [tuple(map(int.__add__, at, starts)) for at in np.ndindex(*map(len, ranges))]
        return chosen(self.row, [read(0, at) for at in line], line.index(index))

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """Nowhere."""
        return []

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """0."""
        return ZERO


@dataclass(frozen=True, kw_only=True, eq=False)
class Product(OverAxes):
    """The product of the elements along one axis, or of all."""

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """As any reduction, over one axis or over all."""
        found = super().shape(args, options)
        if isinstance(options.get("axis"), tuple) and 1 < len(options["axis"]) < len(args[0].shape):
            raise ShapeError(f"{self.name} runs over one axis, or over all")
        return found

    def compute(self, call: Call, *arrays: Array) -> Array:
        """By numpy."""
        return np.asarray(np.prod(arrays[0], **self.along(call)))

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The gradient times the product of the others: no division, for an element may be 0."""
        (x,), axes = call.args, self.axes(call)
        single = len(axes) == 1
        rows, axis = (x, axes[0]) if single else (Call("reshape", (x,), (("shape", (math.prod(x.shape),)),)), 0)
        parts = [_slice(rows, axis, k) for k in range(x.shape[axis] if single else math.prod(x.shape))]
        others = [product(*parts[:k], *parts[k + 1 :]) if len(parts) > 1 else ONE for k in range(len(parts))]
        if len(parts) == 1:
            return self.repeated(call, g)
        joined: Expr = Call("concat", tuple(others), (("axis", axis),))
        if not single:
            joined = Call("reshape", (joined,), (("shape", x.shape),))
        return Call("mul", (self.repeated(call, g), joined))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The factors from left to right."""
        return product(*(read(0, at) for at in self.inside(call, index)))

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """The product of the others."""
        others = [read(0, at) for at in self.inside(call, out) if at != index]
        return product(*others) if others else ONE


def _slice(x: Expr, axis: int, k: int) -> Expr:
    key = (("slice", None, None, None),) * axis + (("slice", k, k + 1, None),)
    return Call("index", (x,), (("key", key),))


@dataclass(frozen=True, kw_only=True, eq=False)
class LogSumExp(OverAxes, Kernel):
    """The logarithm of the sum of exp; the greatest element is taken out before exp."""

    def compute(self, call: Call, *arrays: Array) -> Array:
        """Stable for great and small elements."""
        (x,), along = arrays, self.along(call)
        top = np.max(np.real(x), axis=along["axis"], keepdims=True)
        found = np.log(np.sum(np.exp(x - top), axis=along["axis"], keepdims=True)) + top
        return np.asarray(found if along["keepdims"] else np.squeeze(found, axis=along["axis"]))

    def lines(self, call: Call) -> Iterable[tuple[list[Index], list[Index]]]:
        """Each element of the result from those it is made of."""
        for index in np.ndindex(call.shape):
            yield [index], self.inside(call, index)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The gradient times exp(x - y), which is softmax."""
        difference = Call("sub", (call.args[0], self.repeated(call, y)))
        return Call("mul", (self.repeated(call, g), Call("exp", (difference,))))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The text-book form."""
        terms = [Call("exp", (read(0, at),)) for at in self.inside(call, index)]
        return Call("log", (total(list(terms)),))

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """exp(x - y)."""
        return Call("exp", (Call("sub", (read(0, index), read(-1, out))),))


def _stable_logsumexp(x: list[Expr]) -> list[Expr]:
    top, less = less_greatest(x)
    return [Call("add", (Call("log", (total([Call("exp", (v,)) for v in less]),)), top))]


@dataclass(frozen=True, kw_only=True, eq=False)
class CumulativeSum(Op):
    """The sums of the first elements along an axis: of one, of two, ...; in reverse of the last ones."""

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The operand's shape."""
        one_axis(options, len(args[0].shape))
        return args[0].shape

    def compute(self, call: Call, *arrays: Array) -> Array:
        """By numpy, the axis counted from the end."""
        axis = one_axis(dict(call.options), len(call.shape)) - len(call.shape)
        if not call.option("reverse"):
            return np.cumsum(arrays[0], axis=axis)
        return np.flip(np.cumsum(np.flip(arrays[0], axis), axis=axis), axis)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The same from the other end."""
        axis = one_axis(dict(call.options), len(call.shape))
        return Call("cumsum", (g,), (("axis", axis), ("reverse", not call.option("reverse"))))

    def _line(self, call: Call, index: Index, before: bool) -> list[Index]:
        axis = one_axis(dict(call.options), len(call.shape))
        at = index[axis]
        span = range(at + 1) if before is not bool(call.option("reverse")) else range(at, call.shape[axis])
        return [(*index[:axis], k, *index[axis + 1 :]) for k in span]

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The terms from left to right."""
        return total([read(0, at) for at in self._line(call, index, before=True)])

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """Its own place and all after it."""
        return self._line(call, index, before=False)

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1: it is a term of a sum."""
        return ONE


def _extreme(name: str, about: str, row: Choice) -> Extreme:
    return Extreme(name=name, about=about, options=AXIS, several=row.name, row=row)


def _first(name: str, about: str, row: Choice) -> First:
    return First(name=name, about=about, options={"axis": None}, internal=True, row=row)


ROWS: tuple[Op, ...] = (
    _extreme("max", "the greatest element of all or along axes, a tie goes to the first; of several operands", MAXIMUM),
    _extreme("min", "the smallest element of all or along axes, a tie goes to the first; of several operands", MINIMUM),
    _first("first_max", "1 at the first of the greatest elements, else 0", MAXIMUM),
    _first("first_min", "1 at the first of the smallest elements, else 0", MINIMUM),
    Product(name="prod", about="the product of all elements, or along an axis", options=AXIS),
    LogSumExp(
        name="logsumexp",
        about="the logarithm of the sum of exp(x), of all or along axes, computed without overflow",
        options=AXIS,
        stable=_stable_logsumexp,
    ),
    CumulativeSum(
        name="cumsum",
        about="the running sum along an axis (the last); reverse=True runs from the end",
        options={"axis": -1, "reverse": False},
    ),
)
