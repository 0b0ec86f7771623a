"""The array executor: equations as a flat list of numpy calls, every common part computed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from backtrace.expressions import Call, Expr, Name, Num, Type
from backtrace.graph import RATE, Equation, Graph
from backtrace.ops import TABLE
from backtrace.ops.base import Array

Arrays = dict[str, Array]


class Executor(Protocol):
    """Runs a graph: the parameters and optimiser states are its own, everything else follows from them."""

    kind: str

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates; the objective before each."""
        ...

    def observe(self) -> Arrays:
        """Make one update and return everything computed in it; new values end in ``+``."""
        ...

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now."""
        ...


@dataclass(frozen=True)
class Step:
    """One numpy call: the call it computes, where its operands are, where its result goes."""

    call: Call
    operands: tuple[int, ...]
    out: int


class Program:
    """Equations compiled to steps over numbered slots; one slot a distinct expression."""

    def __init__(self, equations: Iterable[Equation], samples: int | None) -> None:
        self.samples = samples
        self.slots: dict[Expr, int] = {}
        self.steps: list[Step] = []
        self.inputs: list[tuple[str, int]] = []
        self.constants: list[tuple[int, float]] = []
        self.outputs: list[tuple[str, int, Type]] = []
        self.named: dict[str, int] = {}
        for equation in equations:
            slot = self.compiled(equation.expr)
            self.outputs.append((equation.name, slot, equation.type))
            self.named[equation.name] = slot

    def compiled(self, expr: Expr) -> int:
        """The slot of an expression, with the steps that fill it."""
        if isinstance(expr, Name) and expr.id in self.named:
            return self.named[expr.id]
        found = self.slots.get(expr)
        if found is not None:
            return found
        operands = tuple(map(self.compiled, expr.args)) if isinstance(expr, Call) else ()
        slot = self.slots[expr] = len(self.slots)
        if isinstance(expr, Call):
            self.steps.append(Step(expr, operands, slot))
        elif isinstance(expr, Num):
            self.constants.append((slot, float(expr.value)))
        elif isinstance(expr, Name):
            self.inputs.append((expr.id, slot))
        return slot

    def run(self, given: Mapping[str, Array]) -> Arrays:
        """All named results, from the given arrays."""
        values: list[Any] = [None] * len(self.slots)
        for slot, number in self.constants:
            values[slot] = np.float64(number)
        for name, slot in self.inputs:
            values[slot] = given[name]
        for step in self.steps:
            values[step.out] = TABLE[step.call.op].compute(step.call, *[values[k] for k in step.operands])
        return {name: self.whole(values[slot], type) for name, slot, type in self.outputs}

    def whole(self, value: Any, type: Type) -> Array:
        """The value in its full shape, where a constant or the same for all samples was computed."""
        shape = (self.samples or 1, *type.shape) if type.sampled else type.shape
        array = np.asarray(value)
        if array.shape == shape:
            return array
        if type.sampled and array.ndim == len(type.shape) and array.shape != shape:
            array = np.broadcast_to(array, type.shape)[None] if array.shape != shape[:1] else array
        if array.ndim < len(shape) and array.ndim and array.shape[0] == shape[0]:
            array = array.reshape(array.shape + (1,) * (len(shape) - array.ndim))
        return np.array(np.broadcast_to(array, shape))


def evaluate(equations: Iterable[Equation], given: Mapping[str, Array], samples: int | None) -> Arrays:
    """The named results of equations on given arrays, real or complex."""
    return Program(equations, samples).run(given)


class ArrayExecutor:
    """Trains by numpy calls."""

    kind = "arrays"

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.given: Arrays = {name: given.values for name, given in graph.givens.items()}
        self.given[RATE] = np.float64(graph.learning_rate or 0.0)  # type: ignore[assignment]
        self.given |= graph.states
        self.replaced = [(e.name, e.state) for e in graph.updates if e.state]
        self.full = Program((*graph.run, *graph.gradients, *graph.updates), graph.samples)
        self.forward = Program(graph.run, graph.samples)

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates; the objective before each."""
        return [float(self._update()[self.graph.objective or ""]) for _ in range(updates)]

    def _update(self) -> Arrays:
        found = self.full.run(self.given)
        self.given = self.given | {old: found[new] for new, old in self.replaced}
        return found

    def observe(self) -> Arrays:
        """Make one update; everything before it, and what the forward pass gives after it."""
        before = dict(self.given)
        found = self._update()
        result = before | found
        if self.replaced:
            after = self.forward.run(self.given)
            result |= {f"{name}+": values for name, values in after.items()}
        return result

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now."""
        return {old: self.given[old] for _, old in self.replaced}
