"""The operations that are not elementwise: products of matrices, movements, reductions, softmax, samples.

Their gradients are equations in the language too; in the rules ``a, b`` (or ``x``) are the operands, ``y`` the
result and ``g`` the upstream gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product as cartesian
from typing import Any, ClassVar

import numpy as np

from backtrace.expressions import Call, Expr, Index, Num, Shape, substitute
from backtrace.ops.base import ONE, ZERO, Array, Op, Read, ShapeError, product, rule, shape_text, total


def _filled(text: str, call: Call, g: Expr, y: Expr) -> Expr:
    letters = dict(zip("ab" if len(call.args) == 2 else "x", call.args, strict=False))
    return substitute(rule(text), {**letters, "g": g, "y": y})


# ── products of vectors and matrices ───────────────────────────────────────────────────────────────────

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

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """Rows of the first by columns of the second."""
        a, b = (arg.shape for arg in args)
        if (len(a), len(b)) not in MATMUL_VJP:
            raise ShapeError(f"@ multiplies vectors and matrices, not {shape_text(a)} by {shape_text(b)}")
        if a[-1] != b[0]:
            raise ShapeError(f"{shape_text(a)} @ {shape_text(b)} does not fit: {a[-1]} is not {b[0]}")
        return a[:-1] + b[1:]

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
        inner = call.args[1].shape[0]
        pairs = (self._pair(call, index, k) for k in range(inner))
        return total([product(read(0, left), read(1, right)) for left, right in pairs])

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

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """Length of the first by length of the second."""
        a, b = (arg.shape for arg in args)
        if len(a) != 1 or len(b) != 1:
            raise ShapeError(f"outer takes two vectors, not {shape_text(a)} and {shape_text(b)}")
        return a + b

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


# ── movements: elements are only carried to another place ──────────────────────────────────────────────


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
        np.arange(start, start + size).reshape(shape)
        for start, size, shape in zip(starts, sizes, shapes, strict=True)
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


MOVEMENTS: tuple[Movement, ...] = (
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
)


def _part(call: Call, operand: int) -> tuple[Any, ...]:
    axis = int(call.option("axis", 0)) % len(call.shape)
    start = sum(arg.shape[axis] for arg in call.args[:operand])
    part = ("slice", start, start + call.args[operand].shape[axis], None)
    return (("slice", None, None, None),) * axis + (part,)


# ── reductions ─────────────────────────────────────────────────────────────────────────────────────────


def _axes(options: Mapping[str, Any], rank: int) -> tuple[int, ...]:
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
class Reduction(Op):
    """A sum over axes, or a mean: the sum divided by the number of elements."""

    mean: bool

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """Without the reduced axes, or with 1 in their place."""
        shape = args[0].shape
        axes = _axes(options, len(shape))
        if options.get("keepdims"):
            return tuple(1 if at in axes else size for at, size in enumerate(shape))
        return tuple(size for at, size in enumerate(shape) if at not in axes)

    def _count(self, call: Call) -> int:
        shape = call.args[0].shape
        return math.prod(shape[at] for at in _axes(dict(call.options), len(shape)))

    def compute(self, call: Call, *arrays: Array) -> Array:
        """By numpy, axes counted from the end so that a sample axis may stand first."""
        rank = len(call.args[0].shape)
        axes = tuple(at - rank for at in _axes(dict(call.options), rank))
        out = np.sum(arrays[0], axis=axes, keepdims=bool(call.option("keepdims")))
        return np.asarray(out / self._count(call) if self.mean else out)

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The gradient again for every element, divided by their number for a mean."""
        x = call.args[0]
        axes = _axes(dict(call.options), len(x.shape))
        if call.option("keepdims"):
            kept = tuple(size for at, size in enumerate(x.shape) if at not in axes)
            g = Call("reshape", (g,), (("shape", kept),))
        if self.mean:
            g = Call("div", (g, Num(self._count(call))))
        return Call("expand", (g,), (("axis", axes), ("shape", x.shape)))

    def _inside(self, call: Call, index: Index) -> list[Index]:
        shape = call.args[0].shape
        axes = _axes(dict(call.options), len(shape))
        kept = iter(index if not call.option("keepdims") else [i for at, i in enumerate(index) if at not in axes])
        ranges = [range(n) if at in axes else (next(kept),) for at, n in enumerate(shape)]
        return list(cartesian(*ranges))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The terms from left to right."""
        result = total([read(0, at) for at in self._inside(call, index)])
        return Call("div", (result, Num(self._count(call)))) if self.mean else result

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The one sum it is a term of."""
        axes = _axes(dict(call.options), len(index))
        if call.option("keepdims"):
            return [tuple(0 if at in axes else i for at, i in enumerate(index))]
        return [tuple(i for at, i in enumerate(index) if at not in axes)]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1 for a sum, 1/n for a mean."""
        return Call("div", (ONE, Num(self._count(call)))) if self.mean else ONE


@dataclass(frozen=True, kw_only=True, eq=False)
class OverSamples(Op):
    """The sum or the mean over the samples; ``count`` is their number."""

    mean: bool
    over_samples: ClassVar[bool] = True

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of one sample."""
        return args[0].shape

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
        result = total([read(0, index, sample) for sample in range(count)])
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


# ── softmax and its relatives ──────────────────────────────────────────────────────────────────────────


def _last(call_options: Mapping[str, Any], rank: int) -> int:
    if rank == 0:
        raise ShapeError("a single number has no axis to run along")
    axes = _axes({"axis": call_options.get("axis", -1)}, rank)
    if len(axes) != 1:
        raise ShapeError("one axis at a time")
    return axes[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class AlongAxis(Op):
    """An operation whose elements each read all elements along one axis (the last, unless ``axis`` says).

    ``run`` is stable: the greatest element is subtracted before exp. ``text_book`` is what a reader is shown.
    """

    kernel: ClassVar[bool] = True
    run: Callable[[Array, int], Any]
    numbers: Callable[[tuple[float, ...]], tuple[float, ...]]
    text_book: Callable[[Expr, list[Expr]], Expr]
    back: str
    by: Callable[[Expr, Expr, bool], Expr]

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The operand's shape."""
        _last(options, len(args[0].shape))
        return args[0].shape

    def axis(self, call: Call) -> int:
        """The axis, counted from 0."""
        return _last(dict(call.options), len(call.shape))

    def compute(self, call: Call, *arrays: Array) -> Array:
        """Along the axis counted from the end, so that a sample axis may stand first."""
        return np.asarray(self.run(arrays[0], self.axis(call) - len(call.shape)))

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """Through all elements along the axis."""
        along = (("axis", self.axis(call)), ("keepdims", True))
        summed = Call("sum", (Call("mul", (g, y)) if self.name == "softmax" else g,), along)
        return substitute(rule(self.back), {"g": g, "y": y, "total": summed})

    def line(self, call: Call, index: Index) -> list[Index]:
        """The indexes along the axis through an element."""
        axis = self.axis(call)
        return [(*index[:axis], k, *index[axis + 1 :]) for k in range(call.shape[axis])]

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


def softmax_numbers(x: tuple[float, ...]) -> tuple[float, ...]:
    """Softmax of plain numbers, for generated code."""
    top = max(x)
    e = [math.exp(v - top) for v in x]
    whole = sum(e)
    return tuple(v / whole for v in e)


def log_softmax_numbers(x: tuple[float, ...]) -> tuple[float, ...]:
    """The logarithm of softmax of plain numbers, for generated code."""
    top = max(x)
    whole = math.log(sum(math.exp(v - top) for v in x))
    return tuple(v - top - whole for v in x)


def _exp(x: Expr) -> Expr:
    return Call("exp", (x,))


def _softmax_by(y: Expr, other: Expr, same: bool) -> Expr:
    factor = Call("sub", (ONE, y)) if same else Call("neg", (other,))
    return Call("mul", (y, factor))


def _log_softmax_by(y: Expr, other: Expr, same: bool) -> Expr:
    return Call("sub", (ONE, _exp(other))) if same else Call("neg", (_exp(other),))


ALONG_AXIS: tuple[AlongAxis, ...] = (
    AlongAxis(
        name="softmax",
        about="exp(x) divided by the sum of exp(x) along an axis (the last)",
        options={"axis": -1},
        run=_softmax,
        numbers=softmax_numbers,
        text_book=lambda x, line: Call("div", (_exp(x), total([_exp(v) for v in line]))),
        back="y * (g - total)",
        by=_softmax_by,
    ),
    AlongAxis(
        name="log_softmax",
        about="the logarithm of softmax, computed without losing small probabilities",
        options={"axis": -1},
        run=_log_softmax,
        numbers=log_softmax_numbers,
        text_book=lambda x, line: Call("sub", (x, Call("log", (total([_exp(v) for v in line]),)))),
        back="g - exp(y) * total",
        by=_log_softmax_by,
    ),
)

PRODUCTS: tuple[Op, ...] = (
    MatMul(name="matmul", about="the product of vectors and matrices; written a @ b", least=2, most=2),
    Outer(name="outer", about="the outer product of two vectors", least=2, most=2),
    Scatter(
        name="scatter",
        about="elements added back at their places",
        options={"places": None, "shape": ()},
        internal=True,
    ),
)
_AXIS = {"axis": None, "keepdims": False}
REDUCTIONS: tuple[Op, ...] = (
    Reduction(name="sum", about="the sum over all elements, or along axes", options=_AXIS, mean=False),
    Reduction(name="mean", about="the mean of all elements, or along axes", options=_AXIS, mean=True),
    OverSamples(name="sum_samples", about="the sum over the samples", options={"count": 1}, mean=False),
    OverSamples(name="mean_samples", about="the mean over the samples", options={"count": 1}, mean=True),
)
ROWS: tuple[Op, ...] = (*PRODUCTS, *MOVEMENTS, *REDUCTIONS, *ALONG_AXIS)
