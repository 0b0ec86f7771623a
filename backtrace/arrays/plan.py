"""The plan of an update: its calls in order, and where its arrays lie in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np

from backtrace.arrays.contraction import Array
from backtrace.arrays.grouping import Grouping, Kinds, Unit
from backtrace.arrays.lowering import Lowering
from backtrace.arrays.nodes import Computed, Given, Moved, Node, copied
from backtrace.arrays.reuse import share
from backtrace.graph import STOP, Equation, Graph


class Plan:
    """The nodes of a graph's update, and the order of a row: what has a name, then the new parameters and states.

    Arrays of one kind lie side by side, as far as they can, so that one call can fill them all.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.samples = graph.samples or 1
        lowering = Lowering(graph.samples, {old for _, old in graph.replaced})
        for equation in graph.step:
            lowering.equation(equation)
        self.biases = lowering.biases
        self.named = _recorded(graph, lowering)
        self.nodes = reached(self.named.values())
        kinds = Kinds().of(self.nodes)
        self.states = self._states(kinds)
        self.rest = self._rest(kinds)
        grouping = Grouping(self.nodes, dict(self._starts()))
        grouping.run(kinds)
        self.units = grouping.order() or []
        share(self.units, grouping.starts)
        self.starts, self.scratch = grouping.starts, grouping.scratch
        self._lay_given()

    # ── the order in memory ──

    def _states(self, kinds: dict[Node, int]) -> list[Node]:
        """The new parameters and states by kind, but a bias after its matrix."""
        new = {old: self.named[name] for name, old in self.graph.replaced}
        places = {node: place for place, node in enumerate(new.values())}
        leads = {node: node for node in new.values()}
        leads |= {new[bias.name]: new[weights.name] for weights, bias in self._pairs()}
        return sorted(leads, key=lambda node: (kinds[leads[node]], places[leads[node]], places[node]))

    def _pairs(self) -> Iterator[tuple[Given, Given]]:
        for ending in self.biases.followed.values():
            weights, bias = ending.operands
            assert isinstance(weights, Given)
            assert isinstance(bias, Given)
            yield weights, bias

    def _rest(self, kinds: dict[Node, int]) -> list[Node]:
        """What else has a name, by kind; what the parameters' updates read in the order of the parameters."""
        states = set(self.states)
        # what ones stand after needs a place of its own too
        ending = (node for node in self.biases.ones if isinstance(node, Computed) and node in kinds)
        bases = [node for node in dict.fromkeys([*map(_base, self.named.values()), *ending]) if node not in states]
        order: dict[Node, int] = {}
        seen: set[Node] = set()
        for place, state in enumerate(self.states):
            for node in _leaves(state, seen):
                order.setdefault(_base(node), place)
        return sorted(bases, key=lambda node: (kinds[node], order.get(node, len(order))))

    def _starts(self) -> Iterator[tuple[Node, tuple[str, int]]]:
        """The places of what has a name, and of the parameters and states before the update."""
        at = 0
        for node in self.rest:
            yield node, ("rest", at)
            at += self.span(node)
        before = {node.name: node for node in self.nodes if isinstance(node, Given)}
        old = {self.named[new]: before[name] for new, name in self.graph.replaced if name in before}
        at = 0
        for node in self.states:
            yield node, ("new", at)
            if node in old:
                yield old[node], ("old", at)
            at += node.size

    def span(self, node: Node) -> int:
        """How many numbers an array takes, with the ones after it."""
        return self.biases.ones[node].size if node in self.biases.ones else node.size

    @cached_property
    def rest_width(self) -> int:
        """How many numbers everything takes that has a name and is no new parameter or state."""
        return sum(map(self.span, self.rest))

    @cached_property
    def state_width(self) -> int:
        """How many numbers the parameters and states are."""
        return sum(node.size for node in self.states)

    def _lay_given(self) -> None:
        """Given values lie as the user gave them, the samples first, where only products of matrices read them."""
        computed = (node for node in self.nodes if isinstance(node, Computed) and not node.contraction)
        single = {_base(operand) for node in computed for operand in node.operands}
        for node in self.nodes:
            if isinstance(node, Given):
                node.samples_first = node.sampled and node not in single

    # ── what a step computes ──

    @cached_property
    def training(self) -> list[Unit]:
        """The calls of an update of which nothing is recorded but the objective."""
        asked = [self.named[name] for name in (self.graph.objective, STOP) if name in self.named]
        return self._leading_to([*asked, *self.states])

    @cached_property
    def forward(self) -> list[Unit]:
        """The calls of the forward pass."""
        return self._leading_to(self.named[equation.name] for equation in self.graph.run)

    def _leading_to(self, roots: Iterable[Node]) -> list[Unit]:
        wanted = set(reached(roots))
        return [unit for unit in self.units if not wanted.isdisjoint(unit)]

    def seen(self, equation: Equation, array: Array) -> Array:
        """A named result as users see it: the samples first, repeated where it is the same for all elements."""
        wanted = equation.type
        if not array.ndim:  # a number may stand for any array
            return np.broadcast_to(array, (self.samples, *wanted.shape) if wanted.sampled else wanted.shape)
        return np.moveaxis(array, -1, 0) if wanted.sampled else array


def _recorded(graph: Graph, lowering: Lowering) -> dict[str, Node]:
    """The nodes of all names; a copy where a result would not lie in a row of its own."""
    found, taken = dict[str, Node](), set[Node]()
    for equation in graph.step:
        node = lowering.named[equation.name]
        shape = lowering.full(equation.type) if equation.state else node.shape
        own = isinstance(node, Computed) and node.shape == shape and node not in taken
        if not own if equation.state else not isinstance(_base(node), Computed):
            node = Computed(shape, (node,), copied)
        if equation.state:
            taken.add(node)
        found[equation.name] = node
    return found


def reached(roots: Iterable[Node]) -> list[Node]:
    """Nodes with all that they need, operands before what reads them."""
    found: dict[Node, None] = {}
    stack: list[tuple[Node, Iterator[Node]]] = []
    for root in roots:
        if root not in found:
            stack.append((root, iter(root.operands)))
        while stack:
            node, operands = stack[-1]
            waiting = next((operand for operand in operands if operand not in found), None)
            if waiting is None:
                found[node] = None
                stack.pop()
            else:
                stack.append((waiting, iter(waiting.operands)))
    return list(found)


def _leaves(root: Node, seen: set[Node]) -> Iterator[Node]:
    """What the calls of single functions that lead to a node begin with, without what was seen before."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Computed) and node.function:
            waiting += node.operands
        else:
            yield node


def _base(node: Node) -> Node:
    return node.base if isinstance(node, Moved) else node
