"""A training step as a straight-line program: its inputs, what it computes, what is wanted of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from backtrace.expressions import Element
from backtrace.graph import EPOCH, RATE, STOP, UPDATE, Graph
from backtrace.records import dataclass
from backtrace.straight.lowering import Lowering
from backtrace.straight.nodes import Node
from backtrace.straight.schedule import Block, block, depending


@dataclass(frozen=True)
class Program:
    """One update as nodes. Each list is in the order of the arrays' elements, one array after another.

    ``constants`` and ``states`` are what goes in: what no update changes, the learning rate last, and what every
    update replaces by ``new``. ``computed`` is all of an update, ``outcome`` the forward pass alone.
    """

    constants: list[Node]
    states: list[Node]
    update: Node
    """The number of the update, counted from ``start``."""
    epoch: Node
    """The number of the epoch, from 1."""
    start: int
    updates_per_epoch: int
    new: list[Node]
    computed: list[Node]
    outcome: list[Node]
    objective: Node
    stop: Node | None
    """A comparison: whether training ends here."""

    @cached_property
    def moving(self) -> set[Node]:
        """All that may differ from update to update."""
        return depending([*self.computed, *self.results], [*self.states, self.update, self.epoch])

    @property
    def results(self) -> list[Node]:
        """What every update has to compute, recorded or not."""
        return [self.objective, *([self.stop] if self.stop else ()), *self.new]

    def loop(self, wanted: Sequence[Node]) -> tuple[Block, Block]:
        """What is computed once before a loop over updates, and in every update."""
        found = block(wanted, self.computed)
        return found.part({*found.nodes} - self.moving), found.part(self.moving)


def program(graph: Graph) -> Program:
    """The program of a graph's updates."""
    lowering = Lowering(graph.samples)
    replaced = [(e.name, e.state) for e in graph.updates if e.state]
    moving = {old for _, old in replaced}

    def elements(name: str) -> list[Node]:
        return lowering.variables(name, graph.types[name])

    states = [node for _, old in replaced for node in elements(old)]
    constants = [node for name in graph.givens if name not in moving for node in elements(name)]
    constants.append(lowering.variable(Element(RATE)))
    update, epoch = lowering.variable(Element(UPDATE)), lowering.variable(Element(EPOCH))
    computed = [node for equation in graph.step for node in lowering.equation(equation)]
    stop = lowering.elements.get(Element(STOP)) if graph.until else None
    return Program(
        constants=constants,
        states=states,
        update=update,
        epoch=epoch,
        start=graph.start,
        updates_per_epoch=graph.updates_per_epoch,
        new=[node for name, _ in replaced for node in elements(name)],
        computed=computed,
        outcome=[node for equation in graph.run for node in elements(equation.name)],
        objective=lowering.elements.get(Element(graph.objective or "")) or lowering.nodes.literal(0.0),
        stop=lowering.nodes.truth(stop) if stop else None,
    )
