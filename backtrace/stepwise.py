"""Updates made equation by equation, with nothing prepared: the cheapest way to make a few, and the plainest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from backtrace.codegen import layouts, unpacked
from backtrace.executor import Arrays, counters, evaluate
from backtrace.graph import RATE, STOP, Equation, Graph
from backtrace.ops.base import Array


class Stepwise:
    """Trains by arrays that are known by their names."""

    kind = "equation by equation"
    advice = ""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.made = graph, 0
        self.given: Arrays = {name: given.values for name, given in graph.givens.items()}
        self.given |= {RATE: np.asarray(graph.learning_rate or 0.0), **graph.states}
        self.parts = layouts([(e.name, e.type) for e in graph.step], graph.samples)
        self.width = self.parts[-1].stop
        self.needed = graph.step

    def evaluate(self, equations: Sequence[Equation], given: Arrays) -> Arrays:
        """What equations give from such values, finite or not."""
        with np.errstate(all="ignore"):
            return evaluate(equations, given, self.graph.samples)

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates, fewer where the graph's condition holds before; the objective before each."""
        losses: list[float] = []
        for found in self._computed(self.needed, updates):
            if self.graph.until and found[STOP]:
                break
            losses.append(self._renewed(found))
        return losses

    def record(self, rows: Array) -> Sequence[float]:
        """Make an update for each row, and fill it; the last is the first in which the graph's condition holds."""
        losses: list[float] = []
        for row, found in zip(rows, self._computed(self.graph.step, len(rows)), strict=True):
            row[:] = np.concatenate([found[part.name].ravel() for part in self.parts])
            losses.append(self._renewed(found))
            if self.graph.until and found[STOP]:
                break
        return losses

    def _computed(self, equations: Sequence[Equation], updates: int) -> Iterator[Arrays]:
        """What so many updates give, each from what stands when it is asked for."""
        for _ in range(updates):
            yield self.evaluate(equations, self.given | counters(self.graph, self.made))

    def _renewed(self, found: Arrays) -> float:
        """The objective of an update, whose new values are taken for the old ones."""
        self.made += 1
        self.given = self.given | {old: found[new] for new, old in self.graph.replaced}
        return float(found[self.graph.objective]) if self.graph.objective else 0.0

    def views(self, row: Array) -> Arrays:
        """What a row holds, by name; new values end in ``+``."""
        return unpacked(row, self.parts)

    def after(self, given: Arrays) -> Arrays:
        """What the forward pass alone gives from such values and parameters; the names end in ``+``."""
        found = self.evaluate(self.graph.run if self.graph.replaced else (), given)
        return {f"{name}+": array for name, array in found.items()}

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now."""
        return {old: self.given[old] for _, old in self.graph.replaced}

    def is_finite(self) -> bool:
        """Whether the trained parameters and the optimiser's state are finite numbers."""
        return all(bool(np.isfinite(array).all()) for array in self.state().values())

    def resume(self, state: Arrays, made: int) -> None:
        """Go on from such parameters and states, after so many updates."""
        self.given, self.made = self.given | state, made

    def feed(self, batch: Arrays) -> None:
        """Take other given values for the updates to come."""
        self.given = self.given | batch
