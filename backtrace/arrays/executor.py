"""The array executor: an update as a flat list of numpy calls, all arrays made before the first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from backtrace.arrays.grouping import Unit
from backtrace.arrays.machine import Machine, Row, Step
from backtrace.arrays.plan import Plan
from backtrace.executor import Arrays, counters, evaluate
from backtrace.graph import RATE, STOP, Equation, Graph


class Place(NamedTuple):
    """How a named array lies in a row: the first byte, the shape, the bytes from one element to the next."""

    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def view(self, row: Row) -> Row:
        """The array in a row."""
        return np.ndarray(self.shape, np.float64, row, self.start, self.strides)


class ArrayExecutor:
    """Trains by numpy calls."""

    kind = "arrays"
    advice = ""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.made = graph, 0
        self.plan = Plan(graph)
        self.width = self.plan.rest_width + self.plan.state_width
        self.machine = Machine(self.plan)
        self.given: Arrays = {}
        self.rate = {RATE: np.asarray(graph.learning_rate or 0.0)}
        self.side = 0
        self.feed({name: given.values for name, given in graph.givens.items()})
        self.resume(self.given | dict(graph.states), 0)

    # ── running ──

    @cached_property
    def training(self) -> tuple[Step, Step]:
        """A step from each side of the parameters to the other."""
        return self._steps(self.plan.training)

    @cached_property
    def recorded(self) -> tuple[Step, Step]:
        """The same, with everything that has a name."""
        return self._steps(self.plan.units)

    def _steps(self, units: Sequence[Unit]) -> tuple[Step, Step]:
        one, other = self.machine.sides
        return self.machine.step(units, one, other), self.machine.step(units, other, one)

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates, fewer where the graph's condition holds before; the objective before each."""
        losses: list[float] = []
        for _ in range(updates):
            self.count()
            self.training[self.side]()
            if self.graph.until and self.stop[()]:
                break
            losses.append(self.objective.item())
            self.turn()
        return losses

    def record(self, rows: Row) -> Sequence[float]:
        """Make an update for each row, and fill it; the last is the first in which the graph's condition holds."""
        losses: list[float] = []
        for row in rows:
            self.count()
            self.recorded[self.side]()
            losses.append(self.objective.item())
            self.turn()
            row[: self.machine.rest.size] = self.machine.rest
            row[self.machine.rest.size :] = self.machine.sides[self.side]
            if self.graph.until and self.stop[()]:
                break
        return losses

    def turn(self) -> None:
        """An update is made: what was new is old."""
        self.made += 1
        self.side = 1 - self.side

    def count(self) -> None:
        """Tell the number of the update and the epoch, where an equation reads them."""
        if self.counted:
            self.machine.load(counters(self.graph, self.made))

    # ── reading ──

    @cached_property
    def counted(self) -> bool:
        """Whether an equation reads the number of the update or of the epoch."""
        return not self.machine.given.keys().isdisjoint(counters(self.graph, 0))

    @cached_property
    def objective(self) -> Row:
        """The objective as it is computed; 0 where there is none."""
        return self._scalar(self.graph.objective or "")

    @cached_property
    def stop(self) -> Row:
        """Whether the graph's condition holds, as it is computed."""
        return self._scalar(STOP)

    def _scalar(self, name: str) -> Row:
        return self.places[name].view(self.machine.rest) if name in self.places else np.zeros(())

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where the named arrays lie in a row."""
        row, rest = np.zeros(self.width), self.plan.rest_width
        start, regions = row.ctypes.data, {"rest": row[:rest], "new": row[rest:]}
        named = {e.name: self.machine.array(self.plan.named[e.name], regions) for e in self.graph.step}
        seen = {e.name: self.plan.seen(e, named[e.name]) for e in self.graph.step}
        return {name: Place(array.ctypes.data - start, array.shape, array.strides) for name, array in seen.items()}

    def views(self, row: Row) -> Arrays:
        """What a row holds, by name; new values end in ``+``. No number is copied."""
        return {name: place.view(row) for name, place in self.places.items()}

    @cached_property
    def forward(self) -> tuple[Machine, Step]:
        """The forward pass alone, in memory of its own."""
        machine = Machine(self.plan)
        return machine, machine.step(self.plan.forward, *machine.sides)

    def after(self, given: Arrays) -> Arrays:
        """What the forward pass alone gives from such values and parameters; the names end in ``+``."""
        if not self.graph.replaced:
            return {}
        machine, step = self.forward
        machine.load(given)
        machine.load_states(given)
        step()
        row = np.concatenate([machine.rest, machine.sides[1]])
        return {f"{e.name}+": self.places[e.name].view(row) for e in self.graph.run}

    # ── what it goes on from ──

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now, copied."""
        return dict(self.machine.states(self.machine.sides[self.side].copy()))

    def evaluate(self, equations: Sequence[Equation], given: Arrays) -> Arrays:
        """What equations give from such values, finite or not."""
        return evaluate(equations, given, self.graph.samples)

    def is_finite(self) -> bool:
        """Whether the trained parameters and the optimiser's state are finite numbers."""
        return bool(np.isfinite(self.machine.sides[self.side]).all())

    def resume(self, state: Arrays, made: int) -> None:
        """Go on from such parameters and states, after so many updates."""
        self.made, self.side = made, 0
        self.machine.load_states(state)

    def feed(self, batch: Arrays) -> None:
        """Take other given values for the updates to come."""
        self.given = self.given | batch
        self.machine.load(batch | self.rate)
