"""The movements: elements are only carried to another place; one array of places tells everything about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from backtrace.expressions import Call, Expr, Index, Name, Num, Shape
from backtrace.ops.base import ONE, ZERO, Array, Op, Read, ShapeError, Values, bounded, shape_text, total
from backtrace.records import dataclass


@dataclass(frozen=True)
class Positions:
    """Where each element of a movement's result comes from: places in the operands laid end to end.

    The place -1 is none: there the result is 0.
    """

    source: Array
    starts: tuple[int, ...]

    def operand(self, index: Index) -> tuple[int, int] | None:
        """The operand that an element of the result comes from, and the flat place in it."""
        flat = int(self.source[index])
        if flat < 0:
            return None
        k = max(k for k, start in enumerate(self.starts) if start <= flat)
        return k, flat - self.starts[k]


@lru_cache(maxsize=4096)
def positions(op: Movement, shapes: tuple[Shape, ...], options: tuple[tuple[str, Any], ...]) -> Positions:
    """Run a movement once on whole numbers that say where they stand."""
    sizes = [math.prod(shape) for shape in shapes]
    bounded(op.name, sum(sizes))
    starts = tuple(sum(sizes[:k]) for k in range(len(sizes)))
    arrays = [  # counted from 1: what no element is moved to stays 0
        np.arange(start, start + size).reshape(shape) + 1
        for start, size, shape in zip(starts, sizes, shapes, strict=True)
    ]
    return Positions(np.asarray(op.move(*arrays, **{**op.options, **dict(options)})) - 1, starts)


def unravel(flat: int, shape: Shape) -> Index:
    """The index of a flat place."""
    return tuple(int(at) for at in np.unravel_index(flat, shape)) if shape else ()


REASONS = {
    "reshape": "to {shape} it has another number of elements",
    "concat": "arrays are joined that have as many axes, and the same length along all but one",
    "stack": "the parts of a list have one shape",
}
"""Why a movement fails, where numpy's words speak of other things; ``reshape`` without a shape names its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Movement(Op):
    """An operation that moves elements without changing them.

    The one numpy function ``move``, run on arrays of places, tells where each element goes; forward rule,
    gradient and partial derivatives all follow from that.
    """

    move: Callable[..., Any]
    back: Callable[[Call, int, Expr], Expr | None] | None = None

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of the moved places."""
        shapes = tuple(arg.shape for arg in args)
        try:
            found = tuple(positions(self, shapes, tuple(sorted(options.items()))).source.shape)
        except (ValueError, IndexError, TypeError) as error:
            text = " and ".join(map(shape_text, shapes))
            why = REASONS.get(self.name, str(error))
            raise ShapeError(
                f"{self.name} does not fit {text}: {why.format(**{'shape': '()', **dict(options)})}"
            ) from None
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
        nothing = np.zeros((count, 1))  # stands last, where the place -1 points
        return np.asarray(np.concatenate([*flat, nothing], axis=1)[:, self.places(call).source])

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The movement back: its own name where there is one, else a scatter of the places."""
        moved = self.back(call, operand, g) if self.back is not None else None
        if moved is not None:
            return moved
        index = PlaceMap(self.places(call).source)
        return Call("scatter", (g,), (("places", index), ("shape", call.args[operand].shape)))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The element it comes from."""
        found = self.places(call).operand(index)
        return ZERO if found is None else read(found[0], unravel(found[1], call.args[found[0]].shape))

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
        out = np.zeros((*lead, size + 1), dtype=g.dtype)  # what came from nowhere goes to the last place, -1
        cell: Any = (..., places.ravel())
        np.add.at(out, cell, g.reshape((*lead, -1)))
        return np.asarray(out[..., :-1]).reshape(lead + call.shape)

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
        flat = int(call.option("places").array[index])
        return [] if flat < 0 else [unravel(flat, call.shape)]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1: it is a term of a sum."""
        return ONE


def _part_of(x: Array, key: tuple[Any, ...]) -> Array:
    """A part by whole numbers, ``("slice", start, stop, step)`` and at most one ``("list", ...)`` of numbers."""
    lists = [k for k, item in enumerate(key) if isinstance(item, tuple) and item[0] == "list"]
    if len(lists) > 1:
        raise IndexError("one list of numbers at a time")
    at: list[Any] = [slice(*i[1:]) if isinstance(i, tuple) and i[0] == "slice" else i for i in key]
    if not lists:
        return np.asarray(x[tuple(at)])
    wanted = np.asarray(_nested(at[lists[0]]))
    at[lists[0]] = slice(1)
    bounded("the part", wanted.size * x[tuple(at)].size)
    at[lists[0]] = wanted
    return np.asarray(x[tuple(at)])


def _nested(item: Any) -> Any:
    return [_nested(part) for part in item[1:]] if isinstance(item, tuple) else item


def _stack(*arrays: Array) -> Array:
    return np.stack(arrays)


def _concat(*arrays: Array, axis: int = 0) -> Array:
    return np.concatenate(arrays, axis=axis)


def _expand(x: Array, axis: tuple[int, ...], shape: Shape) -> Array:
    return np.broadcast_to(np.expand_dims(x, axis), shape)


def _expand_back(call: Call, operand: int, g: Expr) -> Expr:
    return Call("sum", (g,), (("axis", call.option("axis")),))


def _diag_back(call: Call, operand: int, g: Expr) -> Expr | None:
    return Call("diag", (g,)) if len(call.args[0].shape) == 1 else None


def _reshape_back(call: Call, operand: int, g: Expr) -> Expr:
    return Call("reshape", (g,), (("shape", call.args[0].shape),))


@dataclass(frozen=True, kw_only=True, eq=False)
class Take(Op):
    """Rows of a table by whole numbers: the numbers, counted from 0, choose; nothing flows back to them."""

    def settled(self, args: tuple[Expr, ...], values: Values | None) -> Call | None:
        """A constant index, where the numbers are the same for all samples."""
        table, ids = args
        if isinstance(ids, Num):
            found, sampled = np.asarray(ids.value), False
        elif values is None:
            return None
        elif not isinstance(ids, Name) or ids.id not in values:
            raise ShapeError("an array in brackets must be given, under inputs: or targets:")
        else:
            found, sampled = values[ids.id], ids.sampled
        whole = np.real(found).astype(int)
        rows = table.shape[0] if table.shape else 0
        for number in np.ravel(found)[np.ravel((found != whole) | (whole < 0) | (whole >= rows))]:
            raise ShapeError(f"{number:g} is no place among {rows} rows, which are counted from 0")
        if sampled or found.shape != ids.shape:  # other numbers in every batch
            return None
        return Call("index", (table,), (("key", (_listed(whole.tolist()),)),))

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of the numbers, then that of a row."""
        table, ids = (arg.shape for arg in args)
        if not table:
            raise ShapeError("a single number has no rows to take")
        return ids + table[1:]

    def compute(self, call: Call, *arrays: Array) -> Array:
        """By numpy; where the table is sampled too, each sample has its own."""
        table, ids = arrays
        at = np.real(ids).astype(int)
        if not call.args[0].sampled:
            return np.asarray(table[at])
        sample = np.arange(table.shape[0]).reshape((-1, *(1,) * len(call.args[1].shape)))
        return np.asarray(table[sample, at])

    def holds(self, operand: int) -> bool:
        """The numbers."""
        return operand == 1

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """To each row what its numbers read: a product with the numbers as rows of 0 and 1."""
        if self.holds(operand):
            return None
        table, ids = call.args
        rows, count = table.shape[0], math.prod(ids.shape)
        numbers = Call("reshape", (ids,), (("shape", (1, count)),))
        places = Call("reshape", (Call("arange", (), (("start", rows),)),), (("shape", (rows, 1)),))
        chosen = Call("equal", (places, numbers))
        flat = Call("reshape", (g,), (("shape", (count, math.prod(table.shape[1:]))),))
        return Call("reshape", (Call("matmul", (chosen, flat)),), (("shape", table.shape),))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The choice written out: the first row if the number is 0, the second if it is 1, ..."""
        at, rest = self._split(call, index)
        rows = call.args[0].shape[0]
        found = read(0, (rows - 1, *rest))
        for row in reversed(range(rows - 1)):
            found = Call("where", (Call("equal", (read(1, at), Num(row))), read(0, (row, *rest)), found))
        return found

    @staticmethod
    def _split(call: Call, index: Index) -> tuple[Index, Index]:
        rank = len(call.args[1].shape)
        return index[:rank], index[rank:]

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """Any place, as the numbers may be: what is structure does not depend on data."""
        if operand == 1:
            return []
        return [(*at, *index[1:]) for at in np.ndindex(call.args[1].shape)]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1 where the number is the row's."""
        at, _ = self._split(call, out)
        return Call("where", (Call("equal", (read(1, at), Num(index[0]))), ONE, ZERO))


def _listed(numbers: Any) -> Any:
    return ("list", *map(_listed, numbers)) if isinstance(numbers, list) else numbers


ROWS: tuple[Op, ...] = (
    Take(name="take", about="rows by given whole numbers, counted from 0; written E[ids]", least=2, most=2),
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
        move=_part_of,
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
        name="diag",
        about="a vector as the diagonal of a matrix, or the diagonal of a matrix as a vector",
        move=np.diag,
        back=_diag_back,
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
        move=lambda x, places: np.append(np.ravel(x), 0)[places.array],
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
