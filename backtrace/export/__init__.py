"""A graph as a program of its own, which prints what a run computes and which ``backtrace diff`` reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from backtrace.errors import Fault, UsageError
from backtrace.export.c import c
from backtrace.export.matrices import matrices
from backtrace.export.python import python
from backtrace.graph import Graph
from backtrace.records import dataclass
from backtrace.straight.lowering import size

MOST = 5000
"""Programs of more statements are too long to be read."""


@dataclass(frozen=True)
class Form:
    """A language: what it is called and how a graph is written in it."""

    name: str
    ending: str
    write: Callable[[Graph, int], str]
    most: float = MOST


FORMS: dict[str, Form] = {
    form.name: form
    for form in (Form("python", ".py", python), Form("numpy", ".py", matrices, math.inf), Form("c", ".c", c))
}


def exported(graph: Graph, epochs: int, form: Form) -> str:
    """The program of a graph, which makes so many epochs unless it is told otherwise.

    Raises:
        UsageError: it has none.
    """
    for message, hint in _refusals(graph):
        raise UsageError(Fault(f"--to {form.name}: {message}", hint=hint))
    statements = sum(size(equation.type, graph.samples) for equation in graph.step)
    if statements > form.most:
        message = f"--to {form.name}: this has {statements:,} statements an epoch, a program has at most {MOST:,}"
        raise UsageError(Fault(message, hint="--to numpy writes a line for each array, of any size"))
    return form.write(graph, epochs)


def _refusals(graph: Graph) -> Iterator[tuple[str, str]]:
    """Why the epochs of a graph are not all alike, and what to do."""
    schedule = graph.schedule
    if schedule is not None and schedule.seed is not None:
        yield "a program has no generator to shuffle samples", "order: [3, 1, 2] instead of shuffle:"
    if schedule is not None and graph.rest is not None:
        yield "a smaller last batch would need statements of its own", "take a batch_size: that divides the samples"
    if schedule is not None and graph.until:
        yield "until: with batches asks all updates of an epoch", "--epochs instead of until:"
