"""What a key names: a single number, an array, a derivative, a way of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from backtrace.expressions import Element, Index


class Part(NamedTuple):
    """A named array, or one element of it for every sample; None stands for all."""

    name: str
    index: Index | None = None  # type: ignore[assignment]  # a tuple's own index() is not called
    sample: int | None = None


class Derivative(NamedTuple):
    """The derivative of one quantity by another, over all ways."""

    of: Element | Part
    by: Element | Part


class Path(NamedTuple):
    """The product of the local derivatives along named elements, from what is differentiated to the last."""

    nodes: tuple[Element, ...]


class Via(NamedTuple):
    """The part of a derivative that leaves ``by`` through its consumer ``through``."""

    of: Element
    by: Element
    through: Element


class Short(NamedTuple):
    """A derivative by its short text-book form, where a loss and an activation make a pair."""

    of: Element
    by: Element


Target = Element | Part | Derivative | Path | Via | Short


def moved(target: Target, move: Callable[[Element], Element]) -> Target:
    """The target with each of its elements replaced by another."""
    if isinstance(target, Element):
        return move(target)
    if isinstance(target, Path):
        return Path(tuple(map(move, target.nodes)))
    if isinstance(target, Via):
        return Via(*map(move, target))
    if isinstance(target, Short):
        return Short(*map(move, target))
    if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
        return Derivative(move(target.of), move(target.by))
    return target


def resampled(target: Target, sample: int) -> Target:
    """The same quantity of another sample."""
    return moved(target, lambda element: element if element.sample is None else element._replace(sample=sample))


def sample_of(target: Target) -> int | None:
    """The sample that a quantity belongs to, counted from 0; None where it belongs to all."""
    if isinstance(target, Element):
        return target.sample
    parts = target.nodes if isinstance(target, Path) else target
    return next((part.sample for part in parts if isinstance(part, Element) and part.sample is not None), None)


class Key(NamedTuple):
    """A parsed key: what it names, of which epoch (None: the one at hand), and of which update of that epoch.

    Without an update, of an epoch with several, it names the list of what it is in each.
    """

    target: Target
    epoch: int | None = None
    update: int | None = None
