"""Contractions: sums over products of two arrays' elements, axes named by letters, as products of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from backtrace.records import dataclass

Array = npt.NDArray[Any]
Thunk = tuple[Callable[..., Any], tuple[Any, ...]]
"""A call that is ready to be made: a function and its arguments, the array to be filled among them."""
SAMPLE = "s"
"""The letter of the sample axis."""


@dataclass(frozen=True)
class Contraction:
    """What is multiplied and summed: the axes of each operand and of the result.

    A letter that the result does not have is summed over: ``("ij", "jk"), "ik"`` is the product of matrices.
    """

    operands: tuple[str, ...]
    result: str

    def calls(self, out: Array, *arrays: Array) -> Iterator[Thunk]:
        """The calls that fill the result: one of BLAS where the axes can be laid out as two matrices."""
        if len(arrays) == 1:
            yield from _summed(self.operands[0], self.result, out, arrays[0])
            return
        first, second = (Axes(letters, array) for letters, array in zip(self.operands, arrays, strict=True))
        target = Axes(self.result, out)
        for left, right in ((first, second), (second, first)):
            found = _as_matrices(left, right, target)
            if found is not None:
                yield from found
                return
        yield from _in_batches(first, second, target)


@dataclass(frozen=True)
class Axes:
    """An array whose axes have letters."""

    letters: str
    array: Array

    def only(self, *others: Axes) -> str:
        """The letters that no other has."""
        return "".join(letter for letter in self.letters if not any(letter in other.letters for other in others))

    def size(self, letters: str) -> int:
        """How many elements there are along axes."""
        return math.prod(self.array.shape[self.letters.index(letter)] for letter in letters)

    def laid(self, *groups: str) -> Array:
        """The array with each group of axes as one, a group that is missing with the size 1; copied only if it must."""
        ordered = self.array.transpose([self.letters.index(letter) for group in groups for letter in group])
        return ordered.reshape([self.size(group) for group in groups])

    def spread(self, wanted: Iterable[str]) -> Array:
        """The array with these axes in this order, of size 1 where it has none."""
        wanted = tuple(wanted)
        ordered = self.array.transpose(
            [self.letters.index(letter) for letter in wanted if letter and letter in self.letters]
        )
        cell: Any = tuple(slice(None) if letter and letter in self.letters else None for letter in wanted)
        found: Array = ordered[cell]
        return found

    def matrix(self, *groups: str) -> tuple[Array, list[Thunk]]:
        """The same, with the call that copies it anew before each use where no steps lead through it in place."""
        found = self.laid(*groups)
        if not found.size or np.shares_memory(found, self.array):
            return found, []
        ordered = self.array.transpose([self.letters.index(letter) for group in groups for letter in group])
        return found, [(np.copyto, (found.reshape(ordered.shape), ordered))]


def _as_matrices(left: Axes, right: Axes, target: Axes) -> Iterable[Thunk] | None:
    """One product of two matrices, if the result's axes are those of the left and then those of the right."""
    rows, columns = left.only(right), right.only(left)
    inner = "".join(letter for letter in left.letters if letter not in rows)
    if target.letters != rows + columns or set(rows + inner) != set(left.letters):
        return None
    a, copies = left.matrix(rows, inner) if rows else left.matrix(inner)
    b, more = right.matrix(inner, columns) if columns else right.matrix(inner)
    out = target.array.reshape([target.size(group) for group in (rows, columns) if group])
    if not np.shares_memory(out, target.array):
        return None
    return [*copies, *more, (a.dot, (b, out))]


def _in_batches(first: Axes, second: Axes, target: Axes) -> Iterator[Thunk]:
    """A product of matrices for every element along shared axes; element by element where axes do not fit that."""
    left, right = (first, second) if target.letters[-1:] in second.only(first) else (second, first)
    rows, columns = (
        "".join(letter for letter in own if letter in target.letters)[-1:]
        for own in (left.only(right), right.only(left))
    )
    inner = "".join(letter for letter in left.letters if letter in right.letters and letter not in target.letters)
    batch = "".join(letter for letter in target.letters if letter not in (rows, columns))
    if len(inner) != 1 or not {*left.letters, *right.letters} <= {*batch, rows, columns, inner}:
        spec = f"{first.letters},{second.letters}->{target.letters}"
        yield partial(np.einsum, out=target.array), (spec, first.array, second.array)
        return
    groups = ((*batch, rows, inner), (*batch, inner, columns), (*batch, rows, columns))
    yield np.matmul, tuple(axes.spread(group) for axes, group in zip((left, right, target), groups, strict=True))


def _summed(letters: str, result: str, out: Array, array: Array) -> Iterator[Thunk]:
    """A sum over axes as a product with ones: numpy calls BLAS faster than its own sum."""
    inner = "".join(letter for letter in letters if letter not in result)
    if not inner:
        yield np.copyto, (out, array.transpose([letters.index(letter) for letter in result]))
        return
    ones = np.ones([array.shape[letters.index(letter)] for letter in inner])
    yield from Contraction((letters, inner), result).calls(out, array, ones)
