"""The scalar executor: equations as a straight-line program on single numbers, for graphs that are small."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from backtrace.executor import ARITHMETIC, Arrays, evaluate
from backtrace.expressions import Num, Type, walk
from backtrace.graph import Equation, Graph
from backtrace.ops.base import Array
from backtrace.records import dataclass
from backtrace.straight import python
from backtrace.straight.lowering import places as places
from backtrace.straight.lowering import size
from backtrace.straight.program import program

LIMIT = 400
"""Statements: of more no program is written to see how many operations they are."""
OPERATIONS = 900
"""Up to so many operations an update, generated Python beats numpy, whose calls cost some 260 ns each.

Sigmoid networks of two layers reach them at 8-8-8 with one sample and at 4-4-4 with four.
"""
IMPORT = 2_000_000
"""So many operations take Python as long as llvmlite takes to be imported."""
COMPILE = 18_000
"""So many updates take Python as long as LLVM takes to compile one; measured from 71 operations to 416."""
LONGEST = 1000
"""Sums of so many terms are for numpy."""
MOST_PARTS = 5000
"""Statements of more parts take longer to compile than to run; numpy computes each common part once."""


def statements(graph: Graph) -> int:
    """How many scalar statements one step of the graph takes."""
    return sum(size(e.type, graph.samples) for e in graph.step)


def longest(graph: Graph) -> int:
    """How many elements the largest array has that any statement of the graph can read."""
    read = (node for e in graph.step for node in walk(e.expr) if not isinstance(node, Num))
    return max((size(Type(node.shape, node.sampled), graph.samples) for node in read), default=0)


def is_small(graph: Graph) -> bool:
    """Whether generated Python may be the better way to run a graph, by what is seen before it is generated."""
    if statements(graph) > LIMIT or longest(graph) > LONGEST:
        return False
    return sum(1 for e in graph.step for _ in walk(e.expr)) <= MOST_PARTS


@dataclass(frozen=True)
class Layout:
    """Where the elements of a named array stand in a flat row of numbers."""

    name: str
    shape: tuple[int, ...]
    start: int
    stop: int


def layouts(arrays: Iterable[tuple[str, Type]], samples: int | None) -> list[Layout]:
    """Arrays one after another in a flat row."""
    found, at = list[Layout](), 0
    for name, type in arrays:
        shape = (samples or 1, *type.shape) if type.sampled else type.shape
        found.append(Layout(name, shape, at, at + math.prod(shape)))
        at += math.prod(shape)
    return found


def unpacked(row: Array, parts: Iterable[Layout]) -> Arrays:
    """A flat row of numbers as named arrays, which share its memory."""
    return {part.name: row[part.start : part.stop].reshape(part.shape) for part in parts}


class ScalarExecutor:
    """Trains by generated straight-line Python; the same statements whatever is recorded."""

    kind = "scalars"
    advice = ""

    def __init__(self, graph: Graph) -> None:
        samples = graph.samples
        self.graph, self.made = graph, 0
        self.given: Arrays = {name: given.values for name, given in graph.givens.items()}
        replaced = [(e.name, e.state) for e in graph.updates if e.state]
        self.states = layouts([(old, graph.types[old]) for _, old in replaced], samples)
        self.computed = layouts([(e.name, e.type) for e in graph.step], samples)
        self.outcome = layouts([(f"{e.name}+", e.type) for e in graph.run], samples)
        self.width = sum(part.stop - part.start for part in self.computed)
        self.program = program(graph)
        self.functions: dict[str, Callable[..., Any]] = {}
        self.fixed = [name for name in graph.givens if name not in {part.name for part in self.states}]
        self.fed: dict[str, list[float]] = {}
        self.feed(self.given)
        self.values = self._flat(self.given | dict(graph.states))

    @property
    def source(self) -> str:
        """The generated Python."""
        return "".join(python.source(self.program, name) for name in python.SOURCES)

    @cached_property
    def operations(self) -> int:
        """How many operations an update takes."""
        return len(self.program.loop(self.program.results)[1].nodes)

    def _run(self, name: str, *args: object) -> Any:
        """A function of the program, compiled when it is first called."""
        if name not in self.functions:
            self.functions[name] = python.compiled(self.program, name)
        return self.functions[name](*args)

    def _constants(self, given: Mapping[str, list[float]]) -> list[float]:
        """What no update changes, in the order in which the program takes it."""
        return [*chain.from_iterable(given[name] for name in self.fixed), float(self.graph.learning_rate or 0.0)]

    def _flat(self, arrays: Arrays) -> list[float]:
        """The states among some arrays, in the order in which the program takes them."""
        return [number for part in self.states for number in arrays[part.name].ravel().tolist()]

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates, fewer where the graph's condition holds before; the objective before each."""
        losses: list[float]
        self.values, losses = self._run("advance", self.values, self.constants, self.made, updates)
        self.made += len(losses)
        return losses

    def record(self, rows: Array) -> Sequence[float]:
        """Make an update for each row and write all it computes into it; the objective before each.

        Where the graph's condition holds, that update is the last.
        """
        buffer = rows.reshape(-1).view(np.uint8).data
        losses: list[float]
        self.values, losses = self._run("record", self.values, self.constants, self.made, len(rows), buffer)
        self.made += len(losses)
        return losses

    def views(self, row: Array) -> Arrays:
        """What a row holds, by name."""
        return unpacked(row, self.computed)

    def after(self, given: Arrays) -> Arrays:
        """What the forward pass alone gives from such values and parameters; the names end in ``+``."""
        if not self.states:
            return {}
        fixed = {name: given[name].ravel().tolist() for name in self.fixed}
        try:
            numbers = self._run("forward", self._flat(given), self._constants(fixed))
        except ARITHMETIC:
            found = evaluate(self.graph.run, given, self.graph.samples)
            return {f"{name}+": array for name, array in found.items()}
        return unpacked(np.array(numbers), self.outcome)

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now."""
        return unpacked(np.array(self.values, dtype=np.float64), self.states)

    def evaluate(self, equations: Sequence[Equation], given: Arrays) -> Arrays:
        """What equations give from such values, finite or not."""
        return evaluate(equations, given, self.graph.samples)

    def is_finite(self) -> bool:
        """Whether the trained parameters and the optimiser's state are finite numbers."""
        return all(map(math.isfinite, self.values))

    def resume(self, state: Arrays, made: int) -> None:
        """Go on from such parameters and states, after so many updates."""
        self.values, self.made = self._flat(state), made

    def feed(self, batch: Arrays) -> None:
        """Take other given values for the updates to come."""
        self.given = self.given | batch
        self.fed |= {name: batch[name].ravel().tolist() for name in self.fixed if name in batch}
        self.constants = self._constants(self.fed)


def scalar_executor(graph: Graph) -> ScalarExecutor | None:
    """The executor that runs a graph by generated Python, where that is the better way."""
    if not is_small(graph):
        return None
    found = ScalarExecutor(graph)
    return found if found.operations <= OPERATIONS else None


def pays(executor: ScalarExecutor, updates: int) -> bool:
    """Whether so many updates are worth compiling for by LLVM."""
    return updates > COMPILE and updates > COMPILE + IMPORT / max(executor.operations, 1)
