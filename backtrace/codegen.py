"""The scalar executor: equations as straight-line Python, one statement a number.

The source holds names made here and float literals only; no text of a user reaches it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product as cartesian
from typing import Any

import numpy as np

from backtrace.executor import Arrays
from backtrace.expressions import Call, Element, Expr, Name, Num, Ref, Type, walk
from backtrace.graph import EPOCH, RATE, STOP, UPDATE, Equation, Graph
from backtrace.ops import TABLE, call
from backtrace.ops.base import Array, Kernel
from backtrace.ops.elementwise import SCALAR_NAMES as ELEMENTWISE_NAMES
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.many import Many
from backtrace.ops.movements import Movement
from backtrace.scalars import element

SCALAR_NAMES: dict[str, Any] = ELEMENTWISE_NAMES | {
    row.name: row.numbers for row in TABLE.values() if isinstance(row, Kernel)
}

LIMIT = 200
"""Up to so many statements a step, generated Python beats numpy, whose calls cost some 260 ns each."""


LONGEST = 1000
"""Python compiles no sum of some three thousand terms."""
MOST_PARTS = 5000
"""Statements of more parts take longer to compile than to run; numpy computes each common part once."""


def statements(graph: Graph) -> int:
    """How many scalar statements one step of the graph takes."""
    return sum(_elements(e.type, graph.samples) for e in graph.step)


def longest(graph: Graph) -> int:
    """How many elements the largest array has that any statement of the graph can read."""
    read = (node for e in graph.step for node in walk(e.expr) if not isinstance(node, Num))
    return max((_elements(Type(node.shape, node.sampled), graph.samples) for node in read), default=0)


def is_small(graph: Graph) -> bool:
    """Whether generated Python is the better way to run a graph."""
    if statements(graph) > LIMIT or longest(graph) > LONGEST:
        return False
    return sum(1 for e in graph.step for _ in walk(e.expr)) <= MOST_PARTS


def _elements(type: Type, samples: int | None) -> int:
    return math.prod(type.shape) * ((samples or 1) if type.sampled else 1)


def places(type: Type, samples: int | None) -> Iterator[tuple[tuple[int, ...], int | None]]:
    """All index and sample pairs of an array, sample by sample, row by row."""
    for sample in range(samples or 1) if type.sampled else (None,):
        for index in cartesian(*map(range, type.shape)):
            yield index, sample


@dataclass
class Source:
    """Statements written so far; every element of every array has a variable."""

    samples: int | None
    types: dict[str, Type]
    lines: list[str] = field(default_factory=list)
    variables: dict[Element, str] = field(default_factory=dict)
    temporaries: int = 0

    def variable(self, key: Element) -> str:
        """The variable of an element, made at its first use."""
        return self.variables.setdefault(key, f"v{len(self.variables)}")

    def equation(self, equation: Equation) -> None:
        """A statement for each element of an equation's result."""
        expr = self.hoisted(equation.expr, equation.expr.type == equation.type)
        if isinstance(expr, Call) and TABLE[expr.op].kernel:
            self.kernel(equation.name, expr)
            return
        for index, sample in places(equation.type, self.samples):
            text = self.text(element(expr, index, sample))
            self.lines.append(f"{self.variable(Element(equation.name, index, sample))} = {text}")

    def hoisted(self, expr: Expr, top: bool = True, often: bool = False, lazy: bool = False) -> Expr:
        """The expression with inner calls under names of their own: those computed together, sums read often.

        A branch of where (``lazy``) is computed only where it is chosen, so its sums stay where they are.
        """
        if not isinstance(expr, Call):
            return expr
        op = TABLE[expr.op]
        single = isinstance(op, Elementwise | Movement)
        args = []
        for operand, arg in enumerate(expr.args):
            branch = lazy or (expr.op == "where" and operand > 0)
            repeated = often or not single or (isinstance(op, Elementwise) and arg.type != expr.type)
            args.append(self.hoisted(arg, False, repeated and not branch, branch))
        if tuple(args) != expr.args:
            expr = call(expr.op, *args, **dict(expr.options))
        if top or not (op.kernel or (often and (op.gathers or isinstance(op, Elementwise)))):
            return expr
        self.temporaries += 1
        type = Type(expr.shape, expr.sampled)
        name = Name(f"%{self.temporaries}", type)
        self.types[name.id] = type
        self.equation(Equation(name.id, expr, type))
        return name

    def kernel(self, name: str, expr: Call) -> None:
        """One statement for each line of elements that are computed together."""
        op = TABLE[expr.op]
        assert isinstance(op, Kernel)
        for sample in range(self.samples or 1) if expr.sampled else (None,):
            for made, read in op.lines(expr):
                targets = ", ".join(self.variable(Element(name, at, sample)) for at in made)
                operands = ", ".join(self.text(element(expr.args[0], at, sample)) for at in read)
                self.lines.append(f"{targets}, = {expr.op}(({operands},))")

    def text(self, expr: Expr) -> str:
        """A scalar expression as Python source."""
        if isinstance(expr, Num):
            return repr(float(expr.value))
        if isinstance(expr, Ref):
            return self.variable(expr.key)
        assert isinstance(expr, Call)
        op = TABLE[expr.op]
        assert isinstance(op, Elementwise)
        operands = [self.text(arg) for arg in expr.args]
        if isinstance(op, Many):
            return op.source(operands)
        values = {key: repr(float(value)) for key, value in {**op.options, **dict(expr.options)}.items()}
        template = op.scalar
        for letter, operand in zip(op.letters, operands, strict=True):
            template = self.kept(template, letter, operand, values)
        return f"({_replaced(template, values)})"

    def kept(self, template: str, letter: str, operand: str, values: dict[str, str]) -> str:
        """Put an operand into ``values``; one that is read more than once is computed where it is read first."""
        values[letter] = operand
        uses = list(re.finditer(rf"\b{letter}\b", template))
        if len(uses) < 2 or re.fullmatch(r"[\w.]+", operand):
            return template
        self.temporaries += 1
        values[letter] = f"t{self.temporaries}"
        values[f"{letter}_"] = f"({values[letter]} := {operand})"
        condition = template.find(" if ")  # of "x if x > 0 else y" the condition is computed first
        first = next(use for use in uses if use.start() > condition)
        return f"{template[: first.start()]}{letter}_{template[first.end() :]}"


def _replaced(template: str, values: dict[str, str]) -> str:
    """The template with its letters, whole words only, replaced by sources."""
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda match: values.get(match[0], match[0]), template)


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


def unpacked(numbers: Sequence[float] | Array, parts: Iterable[Layout]) -> Arrays:
    """A flat row of numbers as named arrays."""
    flat = np.asarray(numbers, dtype=np.float64)
    return {part.name: flat[part.start : part.stop].reshape(part.shape) for part in parts}


class ScalarExecutor:
    """Trains by generated straight-line Python; the same statements whatever is recorded."""

    kind = "scalars"

    def __init__(self, graph: Graph) -> None:
        samples = graph.samples
        self.graph, self.made = graph, 0
        self.given: Arrays = {name: given.values for name, given in graph.givens.items()}
        replaced = [(e.name, e.state) for e in graph.updates if e.state]
        self.states = layouts([(old, graph.types[old]) for _, old in replaced], samples)
        self.computed = layouts([(e.name, e.type) for e in graph.step], samples)
        self.forward_parts = layouts([(f"{e.name}+", e.type) for e in graph.run], samples) if replaced else []
        starts = self.given | dict(graph.states)
        self.values = [number for part in self.states for number in starts[part.name].ravel().tolist()]
        self.width = sum(part.stop - part.start for part in self.computed)
        self.source = _program(graph, replaced)
        self.scope: dict[str, Any] = SCALAR_NAMES | {"constants": self._constants(self.given)}
        exec(compile(self.source, "<generated>", "exec"), self.scope)
        self._advance, self._observe, self._forward = (self.scope[f] for f in ("advance", "observe", "forward"))

    def _constants(self, given: Arrays) -> list[float]:
        """What no update changes, in the order in which the program unpacks it."""
        changing = {part.name for part in self.states}
        names = [name for name in self.graph.givens if name not in changing]
        fixed = [number for name in names for number in given[name].ravel().tolist()]
        return [*fixed, float(self.graph.learning_rate or 0.0)]

    def advance(self, updates: int) -> Sequence[float]:
        """Make so many updates, fewer where the graph's condition holds before; the objective before each."""
        self.values, losses = self._advance(self.values, updates, self.made)
        self.made += len(losses)
        return list(losses)

    def record(self, rows: Array) -> Sequence[float]:
        """Make an update for each row, and fill it; the last is the first in which the graph's condition holds."""
        losses = []
        for row in rows:
            self.values, row[:] = self._observe(self.values, self.made)
            self.made += 1
            views = self.views(row)
            losses.append(float(views[self.graph.objective]) if self.graph.objective in views else 0.0)
            if self.graph.until and views[STOP]:
                break
        return losses

    def views(self, row: Array) -> Arrays:
        """What a row holds, by name; new values end in ``+``. No number is copied."""
        return unpacked(row, self.computed)

    def after(self, given: Arrays) -> Arrays:
        """What the forward pass alone gives from such values and parameters; the names end in ``+``."""
        if not self.forward_parts:
            return {}
        before, self.scope["constants"] = self.scope["constants"], self._constants(given)
        values = [number for part in self.states for number in given[part.name].ravel().tolist()]
        found = unpacked(self._forward(values), self.forward_parts)
        self.scope["constants"] = before
        return found

    def state(self) -> Arrays:
        """The trained parameters and the optimiser's state as they are now."""
        return unpacked(self.values, self.states)

    def resume(self, state: Arrays, made: int) -> None:
        """Go on from such parameters and states, after so many updates."""
        self.values = [number for part in self.states for number in state[part.name].ravel().tolist()]
        self.made = made

    def feed(self, batch: Arrays) -> None:
        """Take other given values for the updates to come."""
        self.given = self.given | batch
        self.scope["constants"] = self._constants(self.given)


def _program(graph: Graph, replaced: Sequence[tuple[str, str]]) -> str:
    """Three functions of the same statements: many updates, one recorded update, the forward pass alone."""
    source = Source(graph.samples, dict(graph.types))

    def variables(name: str) -> list[str]:
        type = source.types[name]
        return [source.variable(Element(name, *place)) for place in places(type, graph.samples)]

    changing = [v for _, old in replaced for v in variables(old)]
    moving = {old for _, old in replaced}
    fixed = [v for name in graph.givens if name not in moving for v in variables(name)]
    fixed.append(source.variable(Element(RATE)))
    for equation in graph.run:
        source.equation(equation)
    forward = list(source.lines)
    for equation in graph.step[len(graph.run) :]:
        source.equation(equation)
    body = [*_counted(graph, source), *source.lines]
    new = [v for name, _ in replaced for v in variables(name)]
    computed = [v for e in graph.step for v in variables(e.name)]
    outcome = [v for e in graph.run for v in variables(e.name)]
    objective = source.variables.get(Element(graph.objective or ""), "0.0")
    stop = source.variables.get(Element(STOP))
    head = [f"    {', '.join(fixed)}, = constants", f"    {', '.join(changing)}, = values" if changing else ""]
    advance = [
        "    losses = []",
        "    for made in range(made, made + count):",
        *_indented(body, 8),
        f"        if {stop}: break" if graph.until else "",
        f"        losses.append({objective})",
        f"        {', '.join(changing)}, = {', '.join(new)}," if changing else "",
        f"    return [{', '.join(changing)}], losses",
    ]
    observe = [*_indented(body, 4), f"    return [{', '.join(new)}], [{', '.join(computed)}]"]
    outcomes = [*_indented(forward, 4), f"    return [{', '.join(outcome)}]"]
    functions = {"advance(values, count, made)": advance, "observe(values, made)": observe, "forward(values)": outcomes}
    return "".join("\n".join((f"def {name}:", *head, *lines, "")) for name, lines in functions.items())


def _indented(lines: Iterable[str], spaces: int) -> list[str]:
    return [" " * spaces + line for line in lines]


def _counted(graph: Graph, source: Source) -> list[str]:
    """The numbers of the update and the epoch, where a statement reads them, after ``made`` updates."""
    texts = {UPDATE: f"made + {float(graph.start)}", EPOCH: f"made // {graph.updates_per_epoch} + 1.0"}
    found = {source.variables.get(Element(name)): text for name, text in texts.items()}
    return [f"{variable} = {text}" for variable, text in found.items() if variable]
