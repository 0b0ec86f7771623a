"""Nodes: an update as calls of numpy on arrays, each distinct call once; the sample axis of an array is its last."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import field
from functools import partial

import numpy as np
import numpy.typing as npt

from backtrace.arrays.complement import Rest
from backtrace.arrays.contraction import Array, Contraction, Thunk
from backtrace.records import dataclass


@dataclass(eq=False)
class Node:
    """An array of an update: ``shape`` is that in memory, the samples last."""

    shape: tuple[int, ...]
    operands: tuple[Node, ...] = ()

    @property
    def size(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)


@dataclass(eq=False)
class Given(Node):
    """An array that stands there before the update: a given value, or a parameter or state as it was."""

    name: str = ""
    sampled: bool = False
    samples_first: bool = False
    """Whether it lies in memory as the user gave it, because nothing reads it element by element."""


@dataclass(eq=False)
class Constant(Node):
    """One number."""

    value: float = 0.0


@dataclass(eq=False)
class Moved(Node):
    """The elements of another array at places that steps of constant length lead to: no element is copied.

    ``places`` are the flat places in the ``base``, its first operand, of one sample.
    """

    places: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    sampled: bool = False

    @property
    def base(self) -> Node:
        """The array whose elements they are."""
        return self.operands[0]


@dataclass(eq=False)
class Ending(Node):
    """A matrix with one row more: of ones, or of the vector that is its second operand.

    A product of two such matrices is the product of the matrices and a bias added to it, in one call.
    """


@dataclass(eq=False)
class Computed(Node):
    """What some calls fill: ``prepare`` gives them for the array to be filled and the operands' arrays."""

    prepare: Callable[..., Iterable[Thunk]] = lambda *arrays: ()
    logical: bool = False
    """Whether it is of truth values."""
    ufunc: np.ufunc | None = None
    """The function of the one call that fills it element by element, if that is all."""
    rest: Rest | None = None
    """What fills it element by element where that is 1 less something."""
    contraction: Contraction | None = None
    """What it sums, if it is a sum of products."""

    @property
    def function(self) -> np.ufunc | Rest | None:
        """What computes each element from the operands' elements at the same place, if it is computed so."""
        return self.ufunc or self.rest


def elementwise(ufunc: np.ufunc, operands: Sequence[Node], logical: bool = False) -> Computed:
    """One function of numpy on the operands' elements at the same place; smaller operands are repeated."""
    shape = np.broadcast_shapes(*(operand.shape for operand in operands))
    return Computed(shape, tuple(operands), partial(_called, ufunc), logical, ufunc)


def _called(ufunc: np.ufunc, out: Array, *arrays: Array) -> Iterable[Thunk]:
    by_name = ufunc in (np.maximum, np.minimum)  # these want no third operand that is the result
    yield (partial(ufunc, out=out), arrays) if by_name else (ufunc, (*arrays, out))


def copied(out: Array, array: Array) -> Iterable[Thunk]:
    """The call that copies an array."""
    yield np.copyto, (out, array)


def summed(contraction: Contraction, shape: tuple[int, ...], operands: Sequence[Node]) -> Computed:
    """A sum of products."""
    return Computed(shape, tuple(operands), contraction.calls, contraction=contraction)


def steps(places: npt.NDArray[np.int64]) -> tuple[int, tuple[int, ...]] | None:
    """The first place, and how many places each axis goes on by; None where the steps differ.

    >>> steps(np.arange(6).reshape(2, 3).T)
    (0, (1, 3))
    """
    if places.size == 0 or places.min() < 0:
        return None
    first = int(places.flat[0])
    found = tuple(int(np.take(places, 1, axis).flat[0]) - first if n > 1 else 0 for axis, n in enumerate(places.shape))
    right = sum(
        (np.arange(n).reshape((-1,) + (1,) * (places.ndim - 1 - axis)) * step)
        for axis, (n, step) in enumerate(zip(places.shape, found, strict=True))
    )
    return (first, found) if np.array_equal(places, right + first) else None
