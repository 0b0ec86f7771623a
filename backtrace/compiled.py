"""The scalar executor as machine code: the same statements, the same bits, the same errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backtrace.codegen import ScalarExecutor, pays
from backtrace.graph import Graph
from backtrace.ops.base import Array
from backtrace.straight.machine import Machine, available

PORTION = 10_000
"""Updates that Python makes again where its arithmetic may have raised an error."""
SHORT = 10
"""So few updates Python makes as fast as machine code is called."""


class CompiledExecutor(ScalarExecutor):
    """Trains by machine code. What Python's arithmetic refuses, Python itself runs again, and says so."""

    kind = "compiled"

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.machines: dict[bool, Machine] = {}
        self.recorded = 0

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates, fewer where the graph's condition holds before; the objective before each."""
        return self._made(updates, None)

    def record(self, rows: Array) -> Sequence[float]:
        """Make an update for each row and write all it computes into it; compiled once there are many."""
        self.recorded += len(rows)
        if not pays(self, self.recorded):
            return super().record(rows)
        return self._made(len(rows), rows)

    def _made(self, updates: int, rows: Array | None) -> Sequence[float]:
        """Portion after portion; an error leaves everything as it was."""
        before, losses = (self.values, self.made), np.empty(updates)
        try:
            for at in range(0, updates, PORTION):
                count = min(PORTION, updates - at)
                made = self._portion(losses[at : at + count], None if rows is None else rows[at : at + count])
                if made < count:
                    return losses[: at + made].data  # a sequence of floats, without a copy
        except (ArithmeticError, ValueError):
            self.values, self.made = before
            raise
        return losses.data

    def _portion(self, losses: Array, rows: Array | None) -> int:
        """How many updates were made of as many as there are places for the objective."""
        if len(losses) < SHORT:
            return self._by_python(losses, rows)
        recorded = rows is not None
        if recorded not in self.machines:
            self.machines[recorded] = Machine(self.program, recorded)
        values, constants = np.array(self.values), np.array(self.constants)
        read, row = (values.ctypes.data, constants.ctypes.data), 0 if rows is None else rows.ctypes.data
        made = self.machines[recorded].run(*read, self.made, len(losses), losses.ctypes.data, row)
        if made is None:
            return self._by_python(losses, rows)
        self.values = values.tolist()
        self.made += made
        return made

    def _by_python(self, losses: Array, rows: Array | None) -> int:
        found = super().advance(len(losses)) if rows is None else super().record(rows)
        losses[: len(found)] = found
        return len(found)


def compiled_or(executor: ScalarExecutor) -> ScalarExecutor:
    """An executor of machine code for the same graph where it can be had, else the one there is."""
    return CompiledExecutor(executor.graph) if available() else executor
