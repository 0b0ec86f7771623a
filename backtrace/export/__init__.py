"""A graph as a program of its own, which prints what a run computes and which ``backtrace diff`` reads."""

from __future__ import annotations

import math
from collections.abc import Callable

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
    if graph.schedule is not None:
        message = f"--to {form.name}: a program takes all samples at once, not in batches"
        raise UsageError(Fault(message, hint="take batch_size:, order: and shuffle: out"))
    statements = sum(size(equation.type, graph.samples) for equation in graph.step)
    if statements > form.most:
        message = f"--to {form.name}: this has {statements:,} statements an epoch, a program has at most {MOST:,}"
        raise UsageError(Fault(message, hint="--to numpy writes a line for each array, of any size"))
    return form.write(graph, epochs)
