"""A number worked out anew from what is printed or given, with some of the steps on the way rewritten."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

from backtrace.comparison.ancestry import Place
from backtrace.comparison.slips.steps import Node, Steps
from backtrace.evaluating import evaluated
from backtrace.expressions import Expr
from backtrace.records import dataclass
from backtrace.straight import python

MOST_NODES: Final = 1500
"""A number that is worked out from more steps is not examined."""

Group = tuple[Any, ...]


class Function(NamedTuple):
    """A formula as a function of the numbers that it reads."""

    of: Callable[..., float]
    read: tuple[Node, ...]


class TooLongError(Exception):
    """A derivation that grows beyond its bounds."""


_compiled = lru_cache(maxsize=65536)(python.function)


@dataclass
class Derivation:
    """The steps from a number down to what is fixed or given, the nearest first.

    Args:
        steps: the steps of the comparison.
        root: the number.
        printed: values that are taken as they are printed; where none is, a number is worked out.

    Raises:
        TooLongError: it has more than 1,500 steps.
    """

    steps: Steps
    root: Node
    printed: Mapping[Place, float]
    nodes: dict[Node, Function] = field(default_factory=dict)
    """What is worked out on the way, the root first, and how."""
    met: set[Node] = field(default_factory=set)
    """What is taken as it is printed."""
    work: int = 0
    """How many numbers were computed."""
    _readers: dict[Node, list[Node]] = field(default_factory=dict)
    _affected_by: dict[Node, frozenset[Node]] = field(default_factory=dict)
    _fixed: dict[Node, float | None] = field(default_factory=dict)
    _plain: dict[Node, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._fixed[self.root] = None
        other_sign = self.steps.negated(self.root)
        if other_sign is not None:  # it is printed by this very figure
            self._fixed[other_sign] = None
        waiting = deque([self.root])
        while waiting:
            node = waiting.popleft()
            step = None if node in self.nodes else self.steps.step(node)
            if step is None:
                continue
            made = self.nodes[node] = self._function(node, step.formula)
            if len(self.nodes) > MOST_NODES:
                raise TooLongError
            for inner in made.read:
                self._readers.setdefault(inner, []).append(node)
                if self.fixed(inner) is None:
                    waiting.append(inner)
                else:
                    self.met.add(inner)

    def fixed(self, node: Node) -> float | None:
        """The value that a number is taken for as it is printed."""
        if node not in self._fixed:
            self._fixed[node] = self.printed.get(node.place)
        return self._fixed[node]

    @cached_property
    def groups(self) -> dict[Group, list[Node]]:
        """What is worked out on the way, by what it is one of."""
        found: dict[Group, list[Node]] = {}
        for node in self.nodes:
            found.setdefault(self.steps.group(node), []).append(node)
        return found

    # ── values ──

    def value(self, rewritten: Mapping[Node, Expr], moved: Mapping[Node, float] | None = None) -> float:
        """The root's value with the formulas of some numbers rewritten, and some printed values moved."""
        others = moved or {}
        affected = frozenset[Node]().union(*(self._affected(node) for node in (*rewritten, *others)))
        known: dict[Node, float] = dict(others)

        def number(node: Node) -> float:
            if node not in known:
                if node not in affected:
                    return self.plain(node)
                known[node] = self._worked(node, rewritten.get(node), number)
            return known[node]

        return number(self.root)

    def plain(self, node: Node) -> float:
        """The value of a number with nothing rewritten."""
        if node not in self._plain:
            fixed = self.fixed(node)
            if fixed is not None:
                self._plain[node] = fixed
            elif node not in self.nodes:
                self._plain[node] = node.view.number(node.target)
            else:
                self._plain[node] = self._worked(node, None, self.plain)
        return self._plain[node]

    def _worked(self, node: Node, formula: Expr | None, number: Callable[[Node], float]) -> float:
        """A number from what its formula reads; from that of its step if there is no other."""
        self.work += 1
        function, read = self.nodes[node] if formula is None else self._function(node, formula)
        values = [number(inner) for inner in read]
        try:
            return function(*values)
        except (ArithmeticError, ValueError):
            step = self.steps.step(node)
            assert step is not None
            return evaluated(formula or step.formula, lambda key: number(self.steps.node(node.view, key)))

    def _function(self, node: Node, formula: Expr) -> Function:
        function, keys = _compiled(formula)
        return Function(function, tuple(self.steps.node(node.view, key) for key in keys))

    def radius(self, rewritten: Mapping[Node, Expr], halves: Mapping[Place, float]) -> float:
        """By how much the root may be off because what it is worked out from is printed with few digits."""
        middle = self.value(rewritten)
        moved = ({node: self.plain(node) + halves[node.place]} for node in self.met if halves.get(node.place))
        return sum(abs(self.value(rewritten, other) - middle) for other in moved)

    def _affected(self, changed: Node) -> frozenset[Node]:
        """What is computed from a number, itself included if it is worked out."""
        if changed not in self._affected_by:
            found: set[Node] = set()
            waiting = [changed] if changed in self.nodes else list(self._readers.get(changed, ()))
            while waiting:
                node = waiting.pop()
                if node not in found:
                    found.add(node)
                    waiting.extend(self._readers.get(node, ()))
            self._affected_by[changed] = frozenset(found)
        return self._affected_by[changed]
