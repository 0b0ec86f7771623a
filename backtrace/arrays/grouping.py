"""Grouping: calls of one function on arrays that lie side by side become one call."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Final

import numpy as np

from backtrace.arrays.nodes import Computed, Moved, Node
from backtrace.records import dataclass

Unit = tuple[Node, ...]
"""Nodes that one call fills; of most there is one."""
LOOKS: Final = 64
"""So many times a group is sought among calls that do not lie equally deep, so that a plan takes linear time."""


class Kinds:
    """What a node is, whatever arrays it is of: those of one kind are computed by the same functions."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, int] = {}
        self._found: dict[Node, int] = {}

    def of(self, nodes: Iterable[Node]) -> dict[Node, int]:
        """The kinds of nodes, operands before what reads them; a kind comes after those it is made of."""
        for node in nodes:
            self._found[node] = self._kinds.setdefault(self._description(node), len(self._kinds))
        return self._found

    def _description(self, node: Node) -> Hashable:
        if isinstance(node, Computed) and node.function:
            return (node.function, *(self._found[operand] if operand.shape else operand for operand in node.operands))
        if isinstance(node, Computed) and node.contraction:
            return node.contraction
        return None if node.shape else node


@dataclass
class Grouping:
    """Which nodes share a call, and where nodes begin in memory: a region of it and a place in that.

    ``starts`` has the nodes that have a place before anything is grouped; what a group computes without a name gets
    places beside each other in the region of what has no name.
    """

    nodes: Sequence[Node]
    starts: dict[Node, tuple[str, int]]
    scratch: int = 0
    groups: dict[Node, Unit] = field(default_factory=dict)
    depths: dict[Node, int] = field(default_factory=dict)
    looks: int = LOOKS

    def run(self, kinds: Mapping[Node, int]) -> None:
        """Group what can be grouped, operands before what reads them, and place the rest."""
        classes: dict[int, list[Node]] = {}
        for node in self.nodes:
            if isinstance(node, Computed) and node.function and _is_plain(node):
                classes.setdefault(kinds[node], []).append(node)
        self.find_depths()
        for kind in sorted(classes):
            if not self.joined(classes[kind]):
                levels: dict[int, list[Node]] = {}
                for node in classes[kind]:
                    levels.setdefault(self.depths[node], []).append(node)
                for level in levels.values():
                    self.joined(level)
            self.place(classes[kind])
        self.place(self.nodes)

    def find_depths(self) -> None:
        """How many calls must come before each node at least."""
        for unit in self.order() or ():
            depth = 1 + max((self.depths[operand] for node in unit for operand in node.operands), default=0)
            self.depths.update(dict.fromkeys(unit, depth))

    def place(self, nodes: Iterable[Node]) -> None:
        """Give numbers that have no place one in the region of what has no name."""
        for node in nodes:
            if isinstance(node, Computed) and not node.logical and node not in self.starts:
                self.starts[node] = ("scratch", self.scratch)
                self.scratch += node.size

    def joined(self, nodes: Sequence[Node]) -> bool:
        """Let nodes share a call if their operands lie alike and none needs another."""
        members = sorted(nodes, key=self.first)
        offsets = self.offsets(members)
        if offsets is None or not self.independent(members):
            return False
        if members[0] not in self.starts:
            for member, offset in zip(members, offsets, strict=True):
                self.starts[member] = ("scratch", self.scratch + offset)
            self.scratch += offsets[-1] + members[-1].size
        return True

    def independent(self, members: Sequence[Node]) -> bool:
        """Whether no member waits for another; then they are a group.

        What lies equally deep is: each call comes after less deep ones. To see it of others takes a look at all
        calls, which is done only so often.
        """
        group = dict.fromkeys(members, tuple(members))
        self.groups |= group
        if len({self.depths[member] for member in members}) == 1:
            return True
        self.looks -= 1
        if self.looks < 0 or self.order() is None:
            for member in members:
                del self.groups[member]
            return False
        self.find_depths()
        return True

    def offsets(self, members: Sequence[Node]) -> list[int] | None:
        """How far each member lies from the first, the same in all operands; None where they do not lie like that."""
        if len(members) < 2:
            return None
        arrays = [column for column in zip(*map(_side_by_side, members), strict=True) if column[0].shape]
        results = [members] if any(member in self.starts for member in members) else []
        found = [self.apart(column) for column in (*arrays, *results)]
        first = found[0] if found else None
        if first is None or any(other != first for other in found):
            return None
        span, used = first[-1] + members[-1].size, sum(member.size for member in members)
        ordered = all(a + m.size <= b for a, b, m in zip(first, first[1:], members, strict=False))
        return first if ordered and (span == used or (not results and span < 1.5 * used)) else None

    def first(self, node: Node) -> tuple[str, int]:
        """Where the first operand lies that is an array."""
        return next((start for operand in node.operands if operand.shape and (start := self.start(operand))), ("", 0))

    def apart(self, column: Sequence[Node]) -> list[int] | None:
        """How far nodes lie from the first of them, in one region."""
        found = [start for start in map(self.start, column) if start is not None]
        if len(found) < len(column) or len({region for region, _ in found}) > 1:
            return None
        return [place - found[0][1] for _, place in found]

    def start(self, node: Node) -> tuple[str, int] | None:
        """Where the elements of a node lie one after another; None where they do not."""
        if not isinstance(node, Moved):
            return self.starts.get(node)
        base, first = self.starts.get(node.base), int(node.places.flat[0])
        if base is None or not np.array_equal(node.places.ravel(), first + np.arange(node.places.size)):
            return None
        return base[0], base[1] + first * (node.size // node.places.size)

    def order(self) -> list[Unit] | None:
        """The calls in an order in which all operands come first; None where calls would wait for each other."""
        places = {node: place for place, node in enumerate(self.nodes)}
        # a call goes by its first node: to look up a tuple of many nodes takes as long as they are many
        first = {node: self.groups[node][0] if node in self.groups else node for node in self.nodes}
        units = {head: self.groups.get(head, (head,)) for head in first.values()}
        needs = {head: {first[o] for node in unit for o in node.operands} for head, unit in units.items()}
        last = {head: max(places[node] for node in unit) for head, unit in units.items()}
        readers: dict[Node, list[Node]] = {}
        for head, wanted in needs.items():
            for operand in wanted:
                readers.setdefault(operand, []).append(head)
        waiting = {head: len(wanted) for head, wanted in needs.items()}
        ready = [(last[head], head) for head, count in waiting.items() if not count]
        heapq.heapify(ready)
        found: list[Unit] = []
        while ready:
            head = heapq.heappop(ready)[1]
            found.append(units[head])
            for reader in readers.get(head, ()):
                waiting[reader] -= 1
                if not waiting[reader]:
                    heapq.heappush(ready, (last[reader], reader))
        return found if len(found) == len(needs) else None


def _side_by_side(node: Node) -> Sequence[Node]:
    """The operands that must lie alike: what is seldom read may lie anywhere."""
    return node.operands[:1] if isinstance(node, Computed) and node.rest else node.operands


def _is_plain(node: Node) -> bool:
    """Whether every operand is a single number or has the result's own shape."""
    logical = any(isinstance(n, Computed) and n.logical for n in (node, *node.operands))
    return bool(node.shape) and not logical and all(operand.shape in ((), node.shape) for operand in node.operands)
