"""Layouts in which a sheet has its figures at other places: matrices transposed, samples in columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from functools import cached_property
from typing import Any

from backtrace.comparison.expected import Figure
from backtrace.comparison.symbols import Named
from backtrace.expressions import Element, Type
from backtrace.graph import Graph
from backtrace.keys import Key, Keys, Part, Path, UnknownKeyError
from backtrace.records import dataclass


def members_of(target: Any) -> Iterable[Any]:
    """The named elements or parts that a target is made of."""
    if isinstance(target, Element | Part | Named):
        return (target,)
    return target.nodes if isinstance(target, Path) else target


@dataclass(frozen=True)
class Transposed:
    """Entries of matrices of parameters, of their gradients and their states, with rows for columns."""

    graph: Graph
    _seen: dict[str, Key | None] = field(default_factory=dict)

    def __call__(self, figure: Figure) -> Figure:
        key = self.key(figure.key)
        if key is None:
            return figure
        if not figure.index:
            return replace(figure, key=_text(self.keys, key._replace(target=self.exchanged(key.target))))
        *lead, row, column = (0, *figure.index)
        return replace(figure, index=(*lead[1:], column, row)) if lead else figure

    def key(self, text: str) -> Key | None:
        """What a key of a transposed matrix names; None for all others."""
        if text not in self._seen:
            key = _parsed(self.turned, text)
            found = key is not None and any(_core(part) in self.matrices for part in members_of(key.target))
            self._seen[text] = key if found else None
        return self._seen[text]

    @cached_property
    def keys(self) -> Keys:
        return Keys.of(self.graph)

    @cached_property
    def turned(self) -> Keys:
        """Reads the keys as if every matrix were the other way round."""
        types = self.keys.types
        return replace(self.keys, types={**types, **{name: _turned(types[name]) for name in self.matrices}})

    @cached_property
    def matrices(self) -> frozenset[str]:
        """The parameters that are matrices, and what an optimizer remembers for them."""
        graph = self.graph
        matrices = {name for name in graph.parameters if len(graph.types[name].shape) == 2}
        return frozenset(name for name in (*graph.givens, *graph.states) if name.rpartition(".")[2] in matrices)

    def exchanged(self, target: Any) -> Any:
        """The target with the row and the column of every element of a matrix exchanged."""
        if isinstance(target, Element | Part):
            moves = _core(target) in self.matrices and target.index is not None
            return target._replace(index=target.index[::-1]) if moves else target  # type: ignore[index]
        if isinstance(target, Path):
            return Path(tuple(self.exchanged(node) for node in target.nodes))
        return type(target)(*(self.exchanged(part) for part in target))


@dataclass(frozen=True)
class InColumns:
    """Entries of lists of what several samples have, a sample in a column."""

    graph: Graph
    _seen: dict[str, bool] = field(default_factory=dict)

    def __call__(self, figure: Figure) -> Figure:
        turns = len(figure.index) == 2 and self.is_sampled(figure.key)
        return replace(figure, index=figure.index[::-1]) if turns else figure

    def is_sampled(self, text: str) -> bool:
        """Whether a key names what every sample has."""
        if text not in self._seen:
            key, types = _parsed(self.keys, text), self.graph.types
            parts = [part for part in (members_of(key.target) if key else ()) if isinstance(part, Part)]
            self._seen[text] = any(part.sample is None and types[_core(part)].sampled for part in parts)
        return self._seen[text]

    @cached_property
    def keys(self) -> Keys:
        return Keys.of(self.graph)


def _turned(type: Type) -> Type:
    return type._replace(shape=type.shape[::-1])


def _core(part: Any) -> str:
    return str(part.name.removesuffix("+"))


def _parsed(keys: Keys, text: str) -> Key | None:
    try:
        return keys.parse(text)
    except UnknownKeyError:
        return None


def _text(keys: Keys, key: Key) -> str:
    moment = "" if key.epoch is None else f"@{key.epoch}" + (f".{key.update}" if key.update else "")
    return keys.text(key.target) + moment
