"""What an executor is, and equations computed one by one without a plan, every common part once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from backtrace.expressions import Call, Expr, Name, Num
from backtrace.graph import EPOCH, UPDATE, Equation, Graph
from backtrace.ops import TABLE
from backtrace.ops.base import Array
from backtrace.records import dataclass

Arrays = dict[str, Array]


class Executor(Protocol):
    """Runs a graph: the parameters and optimiser states are its own, everything else follows from them."""

    kind: str
    graph: Graph

    made: int
    """How many updates it has made."""

    given: Arrays
    """The values that its updates read."""

    width: int
    """How many numbers record everything that an update computes."""

    advice: str
    """What may help where its numbers leave the finite range and no parameter has grown; empty: the usual."""

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates, fewer where the graph's condition holds before; the objective before each."""
        ...

    def record(self, rows: Array) -> Sequence[float]:
        """Make an update for each row, and fill it; the last is the first in which the graph's condition holds."""
        ...

    def views(self, row: Array) -> Arrays:
        """What a row holds, by name; new values end in ``+``. No number is copied."""
        ...

    def after(self, given: Arrays) -> Arrays:
        """What the forward pass alone gives from such values and parameters; the names end in ``+``."""
        ...

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now, copied."""
        ...

    def evaluate(self, equations: Sequence[Equation], given: Arrays) -> Arrays:
        """What equations give from such values, as its updates have it, finite or not."""
        ...

    def is_finite(self) -> bool:
        """Whether the trained parameters and the optimiser's state are finite numbers."""
        ...

    def resume(self, state: Arrays, made: int) -> None:
        """Go on from such parameters and states, after so many updates."""
        ...

    def feed(self, batch: Arrays) -> None:
        """Take other given values for the updates to come."""
        ...


@dataclass(frozen=True)
class Step:
    """One call of numpy: what it runs, where its operands are, where its result goes."""

    run: Callable[..., Array]
    operands: tuple[int, ...]
    out: int


class Program:
    """Equations compiled to steps over numbered slots; one slot a distinct expression."""

    def __init__(self, equations: Iterable[Equation], samples: int | None) -> None:
        self.samples = samples
        self.count = 0
        self.slots: dict[Expr, int] = {}
        self.steps: list[Step] = []
        self.inputs: list[tuple[str, int]] = []
        self.constants: list[tuple[int, float]] = []
        self.named: dict[str, int] = {}
        for equation in equations:
            self.named[equation.name] = self.whole(self.compiled(equation.expr), equation)

    def compiled(self, expr: Expr) -> int:
        """The slot of an expression, with the steps that fill it."""
        if isinstance(expr, Name) and expr.id in self.named:
            return self.named[expr.id]
        found = self.slots.get(expr)
        if found is not None:
            return found
        operands = tuple(map(self.compiled, expr.args)) if isinstance(expr, Call) else ()
        slot = self.slots[expr] = self.slot()
        if isinstance(expr, Call):
            self.steps.append(Step(partial(TABLE[expr.op].compute, expr), operands, slot))
        elif isinstance(expr, Num):
            self.constants.append((slot, float(expr.value)))
        elif isinstance(expr, Name):
            self.inputs.append((expr.id, slot))
        return slot

    def run(self, given: Mapping[str, Array]) -> Arrays:
        """All named results, from the given arrays."""
        values: list[Any] = [None] * self.count
        for slot, number in self.constants:
            values[slot] = np.float64(number)
        for name, slot in self.inputs:
            values[slot] = given[name]
        for step in self.steps:
            values[step.out] = step.run(*[values[k] for k in step.operands])
        return {name: np.asarray(values[slot]) for name, slot in self.named.items()}

    def slot(self) -> int:
        """The number of a new slot."""
        self.count += 1
        return self.count - 1

    def whole(self, slot: int, equation: Equation) -> int:
        """The slot of a result in its full shape: a derivative may be the same for all elements."""
        found = equation.expr.type
        assert found is not None
        if found == equation.type:
            return slot
        shape, rank = equation.type.shape, len(equation.type.shape)
        if equation.type.sampled:
            shape = (self.samples or 1, *shape)
        lead = (-1, *(1,) * (rank - len(found.shape)), *found.shape) if found.sampled else found.shape

        def repeated(value: Array) -> Array:
            return np.array(np.broadcast_to(np.reshape(value, lead), shape))

        self.steps.append(Step(repeated, (slot,), self.slot()))
        return self.count - 1


def evaluate(equations: Iterable[Equation], given: Mapping[str, Array], samples: int | None) -> Arrays:
    """The named results of equations on given arrays, real or complex."""
    return Program(equations, samples).run(given)


ARITHMETIC = (OverflowError, ZeroDivisionError, ValueError)
"""What Python's own arithmetic raises where numpy gives infinity or nan: the same fault to a user."""


def counters(graph: Graph, made: int) -> Arrays:
    """The numbers of the next update and its epoch, after so many updates."""
    epoch = made // graph.updates_per_epoch + 1
    return {UPDATE: np.asarray(float(graph.start + made)), EPOCH: np.asarray(float(epoch))}
