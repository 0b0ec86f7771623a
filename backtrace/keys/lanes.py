"""Lanes: positions that stand for every position along an axis, so that what is alike for all is found once.

An element whose index has lanes is all those elements at once. Code that moves positions about without looking at them
takes lanes as well; what looks at one is not alike for all, and an ``UnlikeError`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from backtrace.expressions import Element, Index, Shape
from backtrace.keys.targets import Path, Target, moved


class UnlikeError(Exception):
    """Not all elements that a lane stands for are alike: each must be looked at by itself."""


class Lane:
    """Any position along an axis of a size."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size

    def __eq__(self, other: object) -> bool:
        # whether two positions are the same is not alike for all: those on a diagonal are
        if self is other:
            return True
        if isinstance(other, int | Lane):
            raise UnlikeError
        return False

    __hash__ = object.__hash__


def lanes(shape: Shape) -> Index:
    """An index that stands for all of an array; an axis of one position needs no lane."""
    return cast(Index, tuple(Lane(size) if size > 1 else 0 for size in shape))


def lanes_in(index: Iterable[object]) -> tuple[Lane, ...]:
    """The lanes of an index, each once, in their order."""
    found = [at for at in index if isinstance(at, Lane)]
    return tuple(dict.fromkeys(found)) if found else ()


def may_meet(indexes: Iterable[Index]) -> bool:
    """Whether two of several indexes name the same place for some positions of their lanes."""
    return any(lanes_in(column) and len(set(map(id, column))) > 1 for column in zip(*indexes, strict=True))


def elements_of(target: Target) -> tuple[Element, ...]:
    """The elements that a target names, from what is differentiated to the last."""
    if isinstance(target, Element):
        return (target,)
    parts = target.nodes if isinstance(target, Path) else target
    return tuple(part for part in parts if isinstance(part, Element))


def lanes_of(target: Target) -> tuple[Lane, ...]:
    """The lanes of all elements of a target."""
    return lanes_in(at for element in elements_of(target) for at in element.index)


def placed(target: Target, at: Mapping[Lane, int]) -> Target:
    """The target with its lanes at positions."""
    return moved(target, lambda element: element._replace(index=placed_index(element.index, at)))


def placed_index(index: Index, at: Mapping[Lane, int]) -> Index:
    """An index with some of its lanes at positions."""
    return tuple(at.get(cast(Lane, one), one) if isinstance(one, Lane) else one for one in index)


def mesh_of(lanes: Sequence[Lane]) -> Mapping[Lane, npt.NDArray[np.int_]]:
    """All positions of lanes, an axis for each."""
    axes = np.meshgrid(*(np.arange(lane.size) for lane in lanes), indexing="ij", sparse=True)
    return dict(zip(lanes, axes, strict=True))


def alike(found: npt.NDArray[Any]) -> bool:
    """What holds for all or for none.

    Raises:
        UnlikeError: it holds for some.
    """
    if found.all() != found.any():
        raise UnlikeError
    return bool(found.all())
