"""The movements: elements are only carried to another place; one array of places tells everything about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from backtrace.expressions import Call, Expr, Index, Shape
from backtrace.ops.base import ONE, ZERO, Array, Op, Read, ShapeError, shape_text, total


@dataclass(frozen=True)
class Positions:
    """Where each element of a movement's result comes from: places in the operands laid end to end."""

    source: Array
    starts: tuple[int, ...]

    def operand(self, index: Index) -> tuple[int, int]:
        """The operand that an element of the result comes from, and the flat place in it."""
        flat = int(self.source[index])
        k = max(k for k, start in enumerate(self.starts) if start <= flat)
        return k, flat - self.starts[k]


@lru_cache(maxsize=4096)
def positions(op: Movement, shapes: tuple[Shape, ...], options: tuple[tuple[str, Any], ...]) -> Positions:
    """Run a movement once on whole numbers that say where they stand."""
    sizes = [math.prod(shape) for shape in shapes]
    starts = tuple(sum(sizes[:k]) for k in range(len(sizes)))
    arrays = [
        np.arange(start, start + size).reshape(shape) for start, size, shape in zip(starts, sizes, shapes, strict=True)
    ]
    return Positions(np.asarray(op.move(*arrays, **{**op.options, **dict(options)})), starts)


def _unravel(flat: int, shape: Shape) -> Index:
    return tuple(int(at) for at in np.unravel_index(flat, shape)) if shape else ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Movement(Op):
    """An operation that moves elements without changing them.

    The one numpy function ``move``, run on arrays of places, tells where each element goes; forward rule,
    gradient and partial derivatives all follow from that.
    """

    move: Callable[..., Any]
    back: Callable[[Call, int, Expr], Expr] | None = None

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of the moved places."""
        shapes = tuple(arg.shape for arg in args)
        try:
            found = tuple(positions(self, shapes, tuple(sorted(options.items()))).source.shape)
        except (ValueError, IndexError, TypeError) as error:
            text = " and ".join(map(shape_text, shapes))
            raise ShapeError(f"{self.name} does not fit {text}: {error}") from None
        if 0 in found:
            raise ShapeError(f"{self.name} of {' and '.join(map(shape_text, shapes))} leaves no elements")
        return found

    def places(self, call: Call) -> Positions:
        """Where the elements of this call's result come from."""
        return positions(self, tuple(arg.shape for arg in call.args), call.options)

    def compute(self, call: Call, *arrays: Array) -> Array:
        """Move, or with a sample axis take every sample's elements by their places."""
        if not call.sampled:
            return np.asarray(self.move(*arrays, **{**self.options, **dict(call.options)}))
        count = max(a.shape[0] for a, arg in zip(arrays, call.args, strict=True) if arg.sampled)
        flat = [
            np.broadcast_to(a.reshape((a.shape[0] if arg.sampled else 1, -1)), (count, math.prod(arg.shape)))
            for a, arg in zip(arrays, call.args, strict=True)
        ]
        return np.asarray(np.concatenate(flat, axis=1)[:, self.places(call).source])

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The movement back: its own name where there is one, else a scatter of the places."""
        if self.back is not None:
            return self.back(call, operand, g)
        index = PlaceMap(self.places(call).source)
        return Call("scatter", (g,), (("places", index), ("shape", call.args[operand].shape)))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The element it comes from."""
        operand, flat = self.places(call).operand(index)
        return read(operand, _unravel(flat, call.args[operand].shape))

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """All places it goes to."""
        places = self.places(call)
        shape = call.args[operand].shape
        flat = places.starts[operand] + (int(np.ravel_multi_index(index, shape)) if shape else 0)
        return [tuple(int(at) for at in place) for place in np.argwhere(places.source == flat)]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1: the element is the same."""
        return ONE


@dataclass(frozen=True)
class PlaceMap:
    """An array of places that can stand among a call's options: hashed and compared by content."""

    array: Array

    def __hash__(self) -> int:
        return hash((self.array.shape, self.array.tobytes()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PlaceMap) and np.array_equal(self.array, other.array)

    def __str__(self) -> str:
        return "places"


@dataclass(frozen=True, kw_only=True, eq=False)
class Scatter(Op):
    """The adjoint of a movement: each element is added at the place it came from."""

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of the operand that the movement had."""
        return tuple(options["shape"])

    def compute(self, call: Call, *arrays: Array) -> Array:
        """Add at the places, sample by sample."""
        (g,) = arrays
        places = call.option("places").array
        size = math.prod(call.shape)
        lead = g.shape[:1] if call.args[0].sampled else ()
        out = np.zeros((*lead, size), dtype=g.dtype)
        cell: Any = (..., places.ravel())
        np.add.at(out, cell, g.reshape((*lead, -1)))
        return out.reshape(lead + call.shape)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """Gather from the places."""
        return Call("gather", (g,), (("places", call.option("places")),))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The sum of what was carried away from here; 0 where nothing was."""
        flat = int(np.ravel_multi_index(index, call.shape)) if call.shape else 0
        sources = np.argwhere(call.option("places").array == flat)
        return total([read(0, tuple(int(at) for at in place)) for place in sources] or [ZERO])

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The one place it goes back to."""
        return [_unravel(int(call.option("places").array[index]), call.shape)]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1: it is a term of a sum."""
        return ONE


def _slices(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(slice(*item[1:]) if isinstance(item, tuple) else item for item in key)


def _stack(*arrays: Array) -> Array:
    return np.stack(arrays)


def _concat(*arrays: Array, axis: int = 0) -> Array:
    return np.concatenate(arrays, axis=axis)


def _expand(x: Array, axis: tuple[int, ...], shape: Shape) -> Array:
    return np.broadcast_to(np.expand_dims(x, axis), shape)


def _expand_back(call: Call, operand: int, g: Expr) -> Expr:
    return Call("sum", (g,), (("axis", call.option("axis")),))


def _reshape_back(call: Call, operand: int, g: Expr) -> Expr:
    return Call("reshape", (g,), (("shape", call.args[0].shape),))


ROWS: tuple[Op, ...] = (
    Movement(
        name="transpose",
        about="rows and columns exchanged; written x.T",
        move=np.transpose,
        back=lambda call, operand, g: Call("transpose", (g,)),
    ),
    Movement(
        name="reshape",
        about="the same elements, row by row, in another shape",
        options={"shape": ()},
        move=lambda x, shape: np.reshape(x, shape),
        back=_reshape_back,
    ),
    Movement(
        name="index",
        about="an element or a part, counted from 0; written x[0, 1:]",
        options={"key": ()},
        move=lambda x, key: x[_slices(key)],
    ),
    Movement(
        name="stack",
        about="a list of equal shapes as rows of one array; written [a, b]",
        most=None,
        move=_stack,
        back=lambda call, operand, g: Call("index", (g,), (("key", (operand,)),)),
    ),
    Movement(
        name="concat",
        about="arrays laid end to end along an axis",
        most=None,
        options={"axis": 0},
        move=_concat,
        back=lambda call, operand, g: Call("index", (g,), (("key", _part(call, operand)),)),
    ),
    Movement(
        name="expand",
        about="repeated along new axes to a shape: the adjoint of sum",
        internal=True,
        options={"axis": (), "shape": ()},
        move=_expand,
        back=_expand_back,
    ),
    Movement(
        name="gather",
        about="elements taken from their places",
        internal=True,
        options={"places": None},
        move=lambda x, places: np.ravel(x)[places.array],
    ),
    Scatter(
        name="scatter",
        about="elements added back at their places",
        options={"places": None, "shape": ()},
        internal=True,
    ),
)


def _part(call: Call, operand: int) -> tuple[Any, ...]:
    axis = int(call.option("axis", 0)) % len(call.shape)
    start = sum(arg.shape[axis] for arg in call.args[:operand])
    part = ("slice", start, start + call.args[operand].shape[axis], None)
    return (("slice", None, None, None),) * axis + (part,)
