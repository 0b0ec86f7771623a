"""The operations on images: convolution, as a sum of products, and pooling; ``X`` is (H,W) or (C,H,W).

Convolution is the cross-correlation of all libraries: the kernel is not turned round. What stands in the padding
contributes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from backtrace.expressions import Call, Expr, Index, Num, Shape
from backtrace.ops.base import Array, Op, Read, ShapeError, bounded, product, shape_text, total
from backtrace.ops.many import MAXIMUM, chosen
from backtrace.ops.movements import PlaceMap, unravel
from backtrace.records import dataclass

Pair = tuple[int, int]


def _pair(options: Mapping[str, Any], name: str, least: int) -> Pair:
    value = options[name]
    pair = value if isinstance(value, tuple) else (value, value)
    if len(pair) != 2 or any(isinstance(n, bool) or not isinstance(n, int) or n < least for n in pair):
        raise ShapeError(f"{name} is a whole number from {least} on, or two of them: rows and columns")
    return pair


@lru_cache(maxsize=512)
def windows(shape: Shape, size: Pair, stride: Pair, padding: Pair) -> Array:
    """The flat places that each window of an image covers, -1 in the padding.

    Returns:
        Places by the leading axes, rows and columns of windows, rows and columns within a window.
    """
    (high, wide), (above, beside) = shape[-2:], padding
    if any(n + 2 * pad < k for n, k, pad in zip((high, wide), size, padding, strict=True)):
        raise ShapeError(f"a window of {shape_text(size)} does not fit into an image of {shape_text((high, wide))}")
    bounded("the padded image", math.prod(shape[:-2]) * (high + 2 * above) * (wide + 2 * beside))
    lead = [(0, 0)] * (len(shape) - 2)
    flat = np.arange(math.prod(shape)).reshape(shape)
    padded = np.pad(flat, [*lead, (above, above), (beside, beside)], constant_values=-1)
    found = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(-2, -1))
    return np.asarray(found[..., :: stride[0], :: stride[1], :, :])


@dataclass(frozen=True)
class Products:
    """A sum of products by places: each product adds to a place of the output, one of the image, one of the kernel."""

    places: Mapping[str, Array]
    shapes: Mapping[str, Shape]

    def at(self, role: str, index: Index) -> Array:
        """The numbers of the products that an element takes part in."""
        shape = self.shapes[role]
        flat = int(np.ravel_multi_index(index, shape))
        return np.flatnonzero(self.places[role] == flat)


MOST_PRODUCTS = 5_000_000


@lru_cache(maxsize=64)
def products(image: Shape, kernel: Shape, stride: Pair, padding: Pair) -> Products:
    """The products of a convolution, in the order of the kernel for each element of the output."""
    if (len(image), len(kernel)) not in ((2, 2), (3, 4)) or (len(image) == 3 and image[0] != kernel[1]):
        forms = "X (H,W) with K (kh,kw), or X (C,H,W) with K (F,C,kh,kw)"
        raise ShapeError(f"conv2d takes {forms}, not {shape_text(image)} and {shape_text(kernel)}")
    size = (kernel[-2], kernel[-1])
    found = windows(image, size, stride, padding)
    if len(image) == 3:
        found = np.moveaxis(found, 0, 2)
    rows, columns = found.shape[:2]
    filters = kernel[0] if len(kernel) == 4 else 1
    if rows * columns * math.prod(kernel) > MOST_PRODUCTS:
        raise ShapeError(f"conv2d has more than {MOST_PRODUCTS:,} products")
    whole = (filters, rows * columns, math.prod(kernel) // filters)
    at_image = np.broadcast_to(found.reshape(1, *whole[1:]), whole).ravel()
    at_kernel = np.broadcast_to(np.arange(math.prod(kernel)).reshape(filters, 1, -1), whole).ravel()
    at_output = np.broadcast_to(np.arange(filters * rows * columns).reshape(filters, -1, 1), whole).ravel()
    real = at_image >= 0
    output = (rows, columns) if len(image) == 2 else (filters, rows, columns)
    places = {"image": at_image[real], "kernel": at_kernel[real], "output": at_output[real]}
    return Products(places, {"image": image, "kernel": kernel, "output": output})


# which part of a convolution each operation computes, and which two it is given
ROLES: Mapping[str, tuple[str, tuple[str, str]]] = {
    "conv2d": ("output", ("image", "kernel")),
    "conv2d_input": ("image", ("kernel", "output")),
    "conv2d_kernel": ("kernel", ("image", "output")),
}
COMPUTES = {result: (name, operands) for name, (result, operands) in ROLES.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Convolution(Op):
    """One of the three parts of a convolution from the two others: the sum of the products that meet in an element.

    The same products, read from the output, the image or the kernel, are the operation and its two gradients.
    """

    def parts(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Products:
        """The products of this call. Raises ShapeError."""
        result, operands = ROLES[self.name]
        shapes = dict(zip(operands, (arg.shape for arg in args), strict=True)) | {result: options.get("shape")}
        given = {**self.options, **options}
        return products(shapes["image"], shapes["kernel"], _pair(given, "stride", 1), _pair(given, "padding", 0))

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of the part it computes."""
        found = self.parts(args, options)
        result, operands = ROLES[self.name]
        for role, arg in zip(operands, args, strict=True):
            if found.shapes[role] != arg.shape:
                raise ShapeError(
                    f"{self.name}: {role} of {shape_text(arg.shape)}, not {shape_text(found.shapes[role])}"
                )
        return found.shapes[result]

    def compute(self, call: Call, *arrays: Array) -> Array:
        """All products at once, then those of each element added up."""
        found = self.parts(call.args, dict(call.options))
        result, operands = ROLES[self.name]
        factors = []
        for role, array, arg in zip(operands, arrays, call.args, strict=True):
            flat = array.reshape((*array.shape[:1], -1) if arg.sampled else (-1,))
            factors.append(flat[..., found.places[role]])
        terms = factors[0] * factors[1]
        order, starts, targets = _groups(found.places[result].tobytes(), found.places[result].dtype)
        out = np.zeros((*terms.shape[:-1], math.prod(call.shape)), dtype=terms.dtype)
        out[..., targets] = np.add.reduceat(terms[..., order], starts, axis=-1)
        return out.reshape((*terms.shape[:-1], *call.shape))

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The same products, read from the operand's side."""
        result, roles = ROLES[self.name]
        known = {result: g, roles[1 - operand]: call.args[1 - operand]}
        name, operands = COMPUTES[roles[operand]]
        options = {key: value for key, value in call.options if key != "shape"}
        if roles[operand] != "output":
            options["shape"] = call.args[operand].shape
        return Call(name, tuple(known[role] for role in operands), tuple(sorted(options.items())))

    def _terms(self, call: Call, found: Products, numbers: Array, operand: int) -> list[Index]:
        role = ROLES[self.name][1][operand]
        shape = found.shapes[role]
        return [unravel(int(found.places[role][number]), shape) for number in numbers]

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The sum of its products."""
        found = self.parts(call.args, dict(call.options))
        numbers = found.at(ROLES[self.name][0], index)
        pairs = zip(self._terms(call, found, numbers, 0), self._terms(call, found, numbers, 1), strict=True)
        return total([product(read(0, left), read(1, right)) for left, right in pairs] or [Num(0)])

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """Where its products go."""
        found = self.parts(call.args, dict(call.options))
        result, roles = ROLES[self.name]
        places = np.unique(found.places[result][found.at(roles[operand], index)])
        return [unravel(int(flat), call.shape) for flat in places]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """What it is multiplied by."""
        found = self.parts(call.args, dict(call.options))
        result, roles = ROLES[self.name]
        numbers = np.intersect1d(found.at(result, out), found.at(roles[operand], index))
        return total([read(1 - operand, at) for at in self._terms(call, found, numbers, 1 - operand)])


@lru_cache(maxsize=64)
def _groups(places: bytes, dtype: Any) -> tuple[Array, Array, Array]:
    """An order in which equal places stand together, where each group starts, and its place."""
    flat = np.frombuffer(places, dtype=dtype)
    order = np.argsort(flat, kind="stable")
    targets, starts = np.unique(flat[order], return_index=True)
    return order, starts, targets


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool(Op):
    """The greatest element of each window, or the mean: the sum divided by the window's size, padding included."""

    mean: bool

    def windows(self, shape: Shape, options: Mapping[str, Any]) -> Array:
        """The flat places of each window in one row, -1 in the padding. Raises ShapeError."""
        given = {**self.options, **options}
        if given["stride"] is None:
            given["stride"] = given["size"]
        if len(shape) not in (2, 3):
            raise ShapeError(f"{self.name} takes an image (H,W) or (C,H,W), not {shape_text(shape)}")
        size, padding = _pair(given, "size", 1), _pair(given, "padding", 0)
        if any(2 * pad > n for pad, n in zip(padding, size, strict=True)):
            raise ShapeError("the padding is at most half the window")
        found = windows(shape, size, _pair(given, "stride", 1), padding)
        bounded("all windows together", found.size)
        return found.reshape((*found.shape[:-2], -1))

    def _of(self, call: Call) -> Array:
        return self.windows(call.args[0].shape, dict(call.options))

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The number of windows along both axes."""
        return self.windows(args[0].shape, options).shape[:-1]

    def compute(self, call: Call, *arrays: Array) -> Array:
        """Every window's elements in a row, then the mean or the first of the greatest."""
        (x,), places = arrays, self._of(call)
        flat = x.reshape((*(x.shape[:1] if call.sampled else ()), -1))
        if self.mean:
            taken = np.where(places < 0, 0.0, flat[..., places])
            return np.asarray(np.sum(taken, axis=-1) / places.shape[-1])
        taken = flat[..., _inside(places)]
        at = np.argmax(np.real(taken), axis=-1)[..., None]
        return np.asarray(np.take_along_axis(taken, at, axis=-1)[..., 0])

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """To all elements of a window alike, or to its first of the greatest."""
        (x,), places = call.args, self._of(call)
        rank, count = len(call.shape), places.shape[-1]
        sent = Call("div", (g, Num(count))) if self.mean else g
        spread: Expr = Call("expand", (sent,), (("axis", (rank,)), ("shape", (*call.shape, count))))
        taken = self.taken(call)
        if taken is not None:
            places = _inside(places)
            spread = Call("mul", (spread, Call("first_max", (taken,), (("axis", (rank,)),))))
        return Call("scatter", (spread,), (("places", PlaceMap(places)), ("shape", x.shape)))

    def for_arrays(self, call: Call) -> Expr:
        """Every window's elements along a last axis, then their mean or the greatest."""
        last, places = ("axis", (len(call.shape),)), self._of(call)
        taken = self.taken(call)
        if taken is not None:
            return Call("max", (taken,), (last,))
        elements = Call("gather", call.args, (("places", PlaceMap(places)),))
        return Call("div", (Call("sum", (elements,), (last,)), Num(places.shape[-1])))

    def taken(self, call: Call) -> Call | None:
        """Every window's elements along a last axis, of which the greatest is chosen; None for the mean."""
        if self.mean:
            return None
        return Call("gather", call.args, (("places", PlaceMap(_inside(self._of(call)))),))

    def _window(self, call: Call, out: Index) -> list[Index]:
        return [unravel(int(flat), call.args[0].shape) for flat in self._of(call)[out] if flat >= 0]

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The mean or the greatest of a window's elements."""
        terms = [read(0, at) for at in self._window(call, index)]
        if self.mean:
            return Call("div", (total(terms), Num(self._of(call).shape[-1])))
        return terms[0] if len(terms) == 1 else Call("maximum", tuple(terms))

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The windows it lies in."""
        flat = int(np.ravel_multi_index(index, call.args[0].shape))
        return [tuple(map(int, at)) for at in np.argwhere((self._of(call) == flat).any(axis=-1))]

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """1/n, or 1 for the first of the greatest."""
        if self.mean:
            return Call("div", (Num(1), Num(self._of(call).shape[-1])))
        window = self._window(call, out)
        return chosen(MAXIMUM, [read(0, at) for at in window], window.index(index))


def _inside(places: Array) -> Array:
    """The places with the window's first element instead of padding, which changes neither greatest nor first."""
    first = np.argmax(places >= 0, axis=-1)[..., None]
    return np.where(places < 0, np.take_along_axis(places, first, axis=-1), places)


_STRIDE = {"stride": 1, "padding": 0}
_POOL = {"size": 2, "stride": None, "padding": 0}
ROWS: tuple[Op, ...] = (
    Convolution(
        name="conv2d",
        about="a kernel slid over an image, X (H,W) with K (kh,kw) or X (C,H,W) with K (F,C,kh,kw); not turned round",
        least=2,
        most=2,
        options=_STRIDE,
    ),
    Convolution(
        name="conv2d_input",
        about="what a convolution sends back to its image, from the kernel and the gradient",
        least=2,
        most=2,
        options={**_STRIDE, "shape": ()},
        internal=True,
    ),
    Convolution(
        name="conv2d_kernel",
        about="what a convolution sends back to its kernel, from the image and the gradient",
        least=2,
        most=2,
        options={**_STRIDE, "shape": ()},
        internal=True,
    ),
    Pool(
        name="maxpool2d",
        about="the greatest element of each window, a tie goes to the first; the stride is the size unless given",
        options=_POOL,
        mean=False,
    ),
    Pool(
        name="avgpool2d",
        about="the mean of each window, padding counted as 0; the stride is the size unless given",
        options=_POOL,
        mean=True,
    ),
)
