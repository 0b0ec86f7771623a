"""The names of a graph, and how the elements of each array are numbered: what reading and writing keys share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import Final, Self

from backtrace.config.table import ACTIVATIONS
from backtrace.expressions import Call, Expr, Index, Name, Shape, Type
from backtrace.graph import EPOCH, RATE, UPDATE, Equation, Graph
from backtrace.records import dataclass

BRACKETED: Final = re.compile(r"\[(\d+(?:,\d+)*)\]")
UNDERSCORED: Final = re.compile(r"(_\d+)+")
OBJECTIVE_NAMES: Final = ("E", "L", "J", "C", "loss", "cost")


@dataclass(frozen=True)
class Names:
    """The names of one graph."""

    types: Mapping[str, Type]
    labels: Mapping[str, tuple[str, ...]]
    gradient_of: Mapping[str, str]
    objective: str | None
    samples: int | None
    momentary: frozenset[str] = frozenset()
    """What an update computes on its way: it has no value after the update."""
    trained: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()
    """Arrays of the objective's terms whose name is one of the objective's too."""
    before: Mapping[str, str] = field(default_factory=dict)
    """The pre-activations of each array of activations."""

    @classmethod
    def of(cls, graph: Graph) -> Self:
        """The names of a graph."""
        if cls not in graph.known:
            graph.known[cls] = cls._of(graph)
        found: Self = graph.known[cls]
        return found

    @classmethod
    def _of(cls, graph: Graph) -> Self:
        types = dict(graph.types) | dict.fromkeys((RATE, UPDATE, EPOCH), Type(()))
        momentary = {e.name for e in graph.updates if not e.state} | {RATE, UPDATE, EPOCH}
        terms = {e.name for e in graph.shown if e.name in OBJECTIVE_NAMES and e.type.shape}
        before = {e.name: inner.id for e in graph.forward if (inner := _before(e)) is not None}
        return cls(
            types=types,
            labels=graph.labels,
            gradient_of=graph.gradient_of,
            objective=graph.objective,
            samples=graph.samples,
            momentary=frozenset(momentary),
            trained=frozenset(graph.trained),
            terms=frozenset(terms),
            before=before,
        )

    @cached_property
    def differentiated(self) -> dict[str, str]:
        """The name that each gradient array is taken by."""
        return {gradient: name for name, gradient in self.gradient_of.items()}

    def is_lone(self, name: str) -> bool:
        """A vector of one element goes by its own name."""
        return self._shape(name) == (1,)

    def _shape(self, name: str) -> Shape | None:
        found = self.types.get(name) or self.types.get(name.removesuffix("+"))
        return None if found is None else found.shape

    @cached_property
    def _styles(self) -> dict[str, str]:
        """How the elements of each array are numbered in short keys; none where that would be ambiguous."""
        found = {}
        for name, type in self.types.items():
            if type.shape and name.replace("#", "").replace(".", "").isidentifier():
                digits = name[-1].isalpha() and max(type.shape) < 10
                found[name] = "digits" if digits else "underscores"
        for name in (*self.types, *(label for group in self.labels.values() for label in group)):
            for cut in range(1, len(name)):
                style = found.get(name[:cut])
                if style and (self._index(name[:cut], name[cut:], style) or self._runs_on(name[:cut], name, style)):
                    found.pop(name[:cut])
        return found

    def _runs_on(self, shorter: str, longer: str, style: str) -> bool:
        """Whether elements of both would be written alike: W[1,2] and W_1[2] as W_1_2."""
        tail, inner = longer[len(shorter) :], self._shape(longer)
        if style != "underscores" or inner is None or not UNDERSCORED.fullmatch(tail):
            return False
        return self._index(shorter, tail + "_1" * len(inner), style) is not None

    def dropped(self) -> list[str]:
        """The arrays whose short keys are dropped because they would equal other names."""
        return [
            name
            for name, type in self.types.items()
            if type.shape and name.replace("#", "").isidentifier() and name not in self._styles and "/" not in name
        ]

    def _index(self, name: str, rest: str, style: str | None) -> Index | None:
        shape = self.types[name].shape
        bracket = BRACKETED.fullmatch(rest)
        if bracket:
            numbers = [int(part) for part in bracket[1].split(",")]
        elif style is None:
            return None
        elif UNDERSCORED.fullmatch(rest):
            numbers = [int(part) for part in rest.split("_")[1:]]
        elif rest.isascii() and rest.isdigit() and name[-1].isalpha() and len(rest) == len(shape):
            numbers = [int(digit) for digit in rest]
        elif rest.isascii() and rest.isdigit() and name[-1].isalpha() and len(shape) == 1:
            numbers = [int(rest)]
        else:
            return None
        if len(numbers) != len(shape) or any(not 1 <= n <= size for n, size in zip(numbers, shape, strict=True)):
            return None
        return tuple(number - 1 for number in numbers)

    @cached_property
    def typed(self) -> dict[str, Expr]:
        """Every name as a leaf of a formula, with its shape."""
        return {name: Name(name, type) for name, type in self.types.items()}


def _before(equation: Equation) -> Name | None:
    """The pre-activations that an equation makes activations of."""
    expr: Expr = equation.expr
    if isinstance(expr, Call) and expr.op in ACTIVATIONS and len(expr.args) == 1:
        expr = expr.args[0]
    return expr if isinstance(expr, Name) and expr.id.isidentifier() else None
