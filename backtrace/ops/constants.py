"""The arrays of constants: no operands, only options that say how large they are and what stands in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from backtrace.expressions import Call, Expr, Index, Num, Shape
from backtrace.ops.base import ZERO, Array, Op, Read, ShapeError, bounded
from backtrace.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Constant(Op):
    """An array whose elements are known when it is written; ``count`` says how many before it is made."""

    count: Callable[..., float]
    make: Callable[..., Array]
    optional: str = ""

    def array(self, options: Mapping[str, Any]) -> Array:
        """The array. Raises ShapeError."""
        given = {**self.options, **options}
        missing = [name for name, value in given.items() if value is None and name != self.optional]
        if missing:
            raise ShapeError(f"{self.name} needs its {missing[0]}")
        try:
            bounded(self.name, self.count(**given))
            found = _made(self, tuple(sorted(given.items())))
        except (TypeError, ValueError, ZeroDivisionError, IndexError) as error:
            stated = ", ".join(f"{name}={value}" for name, value in given.items() if value is not None)
            of_numpy = "integer" in str(error) or "dimensions" in str(error)
            why = f" with {stated}" if of_numpy else f": {error}"
            hint = "whole numbers from 1 on" if of_numpy else ""
            raise ShapeError(f"{self.name} cannot be made{why}", hint) from None
        if not found.size:
            raise ShapeError(f"{self.name} has no elements")
        return found

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of the array."""
        return self.array(options).shape

    def compute(self, call: Call, *arrays: Array) -> Array:
        """The array itself."""
        return self.array(dict(call.options))

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """Nothing: there is no operand."""
        return None

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The number that stands there."""
        value = float(self.array(dict(call.options))[index])
        return Num(int(value) if value.is_integer() else value)

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """Nowhere: there is no operand."""
        return []

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """0: there is no operand."""
        return ZERO


@lru_cache(maxsize=256)
def _made(op: Constant, options: tuple[tuple[str, Any], ...]) -> Array:
    array: Array = np.asarray(op.make(**dict(options)), dtype=np.float64)
    array.flags.writeable = False
    return array


def _filled(value: float) -> Callable[..., Array]:
    return lambda shape: np.full(shape, value)


def _size(shape: Any) -> float:
    return math.prod(shape) if isinstance(shape, tuple) else shape


def _ends(start: float, stop: float | None) -> tuple[float, float]:
    return (0, start) if stop is None else (start, stop)


def _arange(start: float, stop: float | None, step: float) -> Array:
    return np.asarray(np.arange(*_ends(start, stop), step))


def _arange_count(start: float, stop: float | None, step: float) -> float:
    low, high = _ends(start, stop)
    return (high - low) / step


def _onehot(k: int, n: int) -> Array:
    if not 0 <= k < n:
        raise ValueError(f"{k} is no place among {n}, which are counted from 0")
    return np.asarray(np.eye(1, n, k)[0])


def _row(name: str, about: str, count: Callable[..., float], make: Callable[..., Array], **options: Any) -> Constant:
    optional = "stop" if options.get("step") else ""
    return Constant(name=name, about=about, least=0, most=0, options=options, count=count, make=make, optional=optional)


ROWS: tuple[Constant, ...] = (
    _row("zeros", "an array of zeros: zeros(3), zeros((2, 3))", _size, _filled(0.0), shape=None),
    _row("ones", "an array of ones: ones(3), ones((2, 3))", _size, _filled(1.0), shape=None),
    _row("eye", "the unit matrix of n rows", lambda n: n * n, lambda n: np.eye(n), n=None),
    _row(
        "arange",
        "the numbers from start (0) up to, but without, stop: arange(3), arange(1, 3, 0.5)",
        _arange_count,
        _arange,
        start=0,
        stop=None,
        step=1,
    ),
    _row(
        "linspace",
        "num numbers (50) evenly from start to stop, both included",
        lambda start, stop, num: num,
        lambda start, stop, num: np.linspace(start, stop, num),
        start=None,
        stop=None,
        num=50,
    ),
    _row("onehot", "n numbers, all 0 but a 1 at place k, counted from 0", lambda k, n: n, _onehot, k=None, n=None),
)
