"""What an operation is: one row of the table, with everything the rest of the program asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import cache
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from backtrace.expressions import Call, Expr, Index, Num, Ref, Shape, parse
from backtrace.records import dataclass

Array = npt.NDArray[Any]


Values = Mapping[str, Array]
"""The values of given arrays that no training changes, by name; a sample axis first where there is one."""


class Read(Protocol):
    """Reads one element of an operand as a scalar expression; of a sum of more than ``most`` terms a few will do."""

    @property
    def most(self) -> int | None:
        """So many terms are written, or all."""
        ...

    def __call__(self, operand: int, index: Index, sample: int | None = None) -> Expr:
        """The element of the operand; the sample only where an operation gathers samples."""
        ...


MOST_AXES = 16
"""numpy has 32, and a derivative of one array by another takes those of both."""


class ShapeError(Exception):
    """Operands whose shapes do not fit; the message says which were got, the hint what would fit."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, kw_only=True, eq=False)
class Op(ABC):
    """One operation. ``call`` is always a typed call of it; ``y`` is its result.

    Arrays come with their sample axis first where their operand is sampled.
    """

    name: str
    about: str
    least: int = 1
    most: int | None = 1
    options: Mapping[str, Any] = field(default_factory=dict)
    internal: bool = False
    """Made by derivatives only; no function of the language."""
    several: str = ""
    """The operation that is meant where there are several operands: max(a, b) is maximum(a, b)."""

    over_samples: ClassVar[bool] = False
    by_place: ClassVar[bool] = False
    """Its rules only pass positions on, so that they hold for every position of an axis at once (``keys/lanes.py``)."""
    kernel: ClassVar[bool] = False
    """A result's elements are computed together (softmax), never one by one: a ``Kernel``."""

    @abstractmethod
    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The shape of the result for one sample. Raises ShapeError."""

    @abstractmethod
    def compute(self, call: Call, *arrays: Array) -> Array:
        """The result from the operands' arrays."""

    @abstractmethod
    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """What the upstream gradient ``g`` sends to an operand; None where nothing flows."""

    def holds(self, operand: int) -> bool:
        """Whether an operand is only looked at, so that nothing ever flows back into it."""
        return False

    @abstractmethod
    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """One element of the result as a scalar expression of the operands' elements."""

    @abstractmethod
    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """The elements of the result that an element of an operand enters."""

    @abstractmethod
    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """The derivative of one element of the result by one element of an operand.

        What it does not mention is not read: an operand's element may be a sum of hundreds of terms.
        """

    def contraction(self, call: Call) -> tuple[tuple[str, ...], str] | None:
        """The axes of operands and result as letters, where it sums products: ``("ij", "jk"), "ik"``; None for most.

        What the result does not have is summed over.
        """
        return None

    def for_arrays(self, call: Call) -> Expr | None:
        """The same in operations that numpy has one call each for; None where it is no such combination."""
        return None

    def settled(self, args: tuple[Expr, ...], values: Values | None) -> Call | None:
        """Another call that says the same now that the given values are known; None for most. Raises ShapeError."""
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class Kernel(Op):
    """An operation whose shown form would lose digits: generated code computes ``stable`` of the operand's elements."""

    kernel: ClassVar[bool] = True
    stable: Callable[[list[Expr]], list[Expr]]

    @abstractmethod
    def lines(self, call: Call) -> Iterable[tuple[list[Index], list[Index]]]:
        """The elements of the result that are computed together, and the operand's elements they are computed from."""


MAX_ELEMENTS = 1_000_000
"""No array of the language is greater: a few characters must not fill the memory."""


def bounded(what: str, count: float) -> None:
    """Refuse an array that is too large. Raises ShapeError."""
    if not count <= MAX_ELEMENTS:
        raise ShapeError(f"{what} has {count:,.0f} elements; {MAX_ELEMENTS:,} are allowed")


@cache
def rule(text: str) -> Expr:
    """A rule of a table, read once."""
    return parse(text)


def broadcast(shapes: Iterable[Shape]) -> Shape:
    """The common shape of elementwise operands. Raises ShapeError."""
    shapes = list(shapes)
    distinct = {shape for shape in shapes if shape}
    if len(distinct) < 2:
        return distinct.pop() if distinct else ()
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError:
        raise ShapeError(f"shapes {' and '.join(map(shape_text, shapes))} do not fit elementwise") from None


def shape_text(shape: Shape) -> str:
    """A shape for a reader: ``2x3``, ``3`` or ``scalar``."""
    return "x".join(map(str, shape)) or "scalar"


def unbroadcast(index: Index, shape: Shape) -> Index:
    """The element of a smaller operand that stands at an index of the broadcast result."""
    tail = index[len(index) - len(shape) :]
    return tuple(0 if size == 1 else at for at, size in zip(tail, shape, strict=True))


def spread(index: Index, shape: Shape, result: Shape) -> list[Index]:
    """All indexes of the result at which a smaller operand's element stands.

    >>> spread((1,), (2,), (3, 2))
    [(0, 1), (1, 1), (2, 1)]
    """
    padded = (1,) * (len(result) - len(shape)) + shape
    place = (0,) * (len(result) - len(shape)) + index
    axes = [range(n) if size != n else (at,) for at, size, n in zip(place, padded, result, strict=True)]
    outcomes: list[Index] = [()]
    for axis in axes:
        outcomes = [(*head, at) for head in outcomes for at in axis]
    return outcomes


def total(terms: list[Expr]) -> Expr:
    """The sum of terms from left to right, as one call."""
    return terms[0] if len(terms) == 1 else Call("add", tuple(terms))


def summed(count: int, term: Callable[[int], Expr], most: int | None = None) -> Expr:
    """The sum of so many terms; of more than ``most`` the first two and the last, with what stands for the others."""
    if most is None or count <= most:
        return total([term(k) for k in range(count)])
    return total([term(0), term(1), ELLIPSIS, term(count - 1)])


def product(*factors: Expr) -> Expr:
    """The product of factors from left to right, as one call."""
    return factors[0] if len(factors) == 1 else Call("mul", factors)


ELLIPSIS = Ref("the terms of a sum that are left out")
ONE = Num(1)
ZERO = Num(0)
