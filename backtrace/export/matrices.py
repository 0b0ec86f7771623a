"""A graph in matrix form: a numpy program, a line an equation, the samples along the first axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from backtrace.export.helpers import HELPERS
from backtrace.export.identifiers import Identifiers
from backtrace.export.matrixforms import Forms
from backtrace.export.sections import sections
from backtrace.expressions import names
from backtrace.graph import EPOCH, RATE, STOP, UPDATE, Equation, Graph
from backtrace.keys import Keys
from backtrace.ops import TABLE
from backtrace.saved.cells import Cells
from backtrace.straight.python import indented

ROWS = """\
def rows(key, array, shape, sampled):
    \"\"\"A line of CSV for every number of an array; the key is a pattern, or a list of one for each element.\"\"\"
    for at, value in np.ndenumerate(np.broadcast_to(array, shape)):
        sample, index = (at[0] + 1, at[1:]) if sampled else ("", at)
        place = np.ravel_multi_index(index, shape[sampled:]) if index else 0
        name = key.format(*(number + 1 for number in index)) if isinstance(key, str) else key[place]
        print(f"{epoch},{update},{sample},{name},{float(value)!r}")
"""
TAKEN = "np math rows epoch epochs update batch batches key array shape sampled value at index place sample name n k"


def matrices(graph: Graph, epochs: int) -> str:
    """The program; it prints every number of each epoch as CSV.

    Raises:
        UsageError: an operation has no form in numpy.
    """
    return "\n".join(_Program(graph, epochs).lines()) + "\n"


class _Program:
    """The lines of a program, and the names of its arrays."""

    def __init__(self, graph: Graph, epochs: int) -> None:
        self.graph, self.epochs = graph, epochs
        self.samples = graph.samples or 1
        identifiers = Identifiers({*TAKEN.split(), *TABLE, *HELPERS})
        arrays = (*graph.givens, *graph.states, RATE, *(equation.name for equation in graph.step))
        self.names = {name: identifiers.of(name) for name in dict.fromkeys(arrays)} | {UPDATE: "n", EPOCH: "k"}
        self.whole = {name: identifiers.of(f"{name}_all") for name in graph.data}
        """What the given values of all samples are called, where each update takes some of them."""
        self.forms = Forms(self.names)
        self.used = {name for equation in graph.step for name in names(equation.expr)}

    def lines(self) -> Iterator[str]:
        """All lines."""
        parts = [(part.title, [self.equation(e) for e in part.equations]) for part in sections(self.graph)]
        yield f'"""{_plain(self.graph.title)}: every number of each epoch as CSV, by backtrace export."""'
        yield from ("", *(["import math"] if self.forms.reads_math else []), "import sys", "", "import numpy as np", "")
        yield from self.forms.definitions()
        yield from ("", *ROWS.splitlines(), "", "# given")
        yield from self.given()
        yield from ("", f"epochs = int(sys.argv[1]) if len(sys.argv) > 1 else {self.epochs}")
        yield from ('np.seterr(over="ignore")', 'print("epoch,step,sample,key,value")')
        schedule, update = self.graph.schedule, list(self.update(parts))
        if schedule is not None and schedule.in_turn:
            yield from ("for epoch, batch in enumerate(batches[:epochs], start=1):", *indented(["update = 1", *update]))
            return
        yield "for epoch in range(1, epochs + 1):"
        loop = ["for update, batch in enumerate(batches, start=1):", *indented(update)]
        yield from indented(loop if schedule else ["update = 1", *update])

    def update(self, parts: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
        """The lines of one update."""
        made = f"(epoch - 1) * {self.graph.updates_per_epoch} + update - 1"
        counters = {UPDATE: f"n = {made} + {self.graph.start}.0", EPOCH: "k = float(epoch)"}
        yield from (line for name, line in counters.items() if name in self.forms.read)
        yield from (f"{self.names[name]} = {whole}[batch]" for name, whole in self.whole.items())
        for title, statements in parts:
            if statements:
                yield from (f"# {title}", *statements, "")
        yield from self.printed()
        yield from (f"{self.names[old]} = {self.names[new]}" for new, old in self.graph.replaced)
        if self.graph.until:
            yield from (f"if {self.names[STOP]}:", "    break")

    def given(self) -> Iterator[str]:
        """What stands before the first update."""
        given = {name: array.values for name, array in self.graph.givens.items()} | dict(self.graph.states)
        for name, values in given.items():
            if name not in self.whole:
                yield f"{self.names[name]} = {_literal(values)}"
        yield from (f"{whole} = {_literal(self.graph.data[name])}" for name, whole in self.whole.items())
        if self.graph.schedule is not None:
            yield f"batches = {self.batches()}"
        if RATE in self.forms.read and RATE not in self.graph.equations:
            yield f"{self.names[RATE]} = {self.graph.learning_rate!r}"

    def batches(self) -> list[int] | list[list[int]]:
        """The samples of each update of an epoch, or of each epoch of one update, counted from 0."""
        schedule = self.graph.schedule
        assert schedule is not None
        epochs = schedule.epochs()
        found = [batch for epoch in epochs for batch in epoch] if schedule.in_turn else next(epochs)
        return [list(batch) for batch in found] if self.graph.samples else [batch[0] for batch in found]

    def equation(self, equation: Equation) -> str:
        """The line of an equation; what is smaller than its name's array is repeated where an equation reads it."""
        made, wanted = equation.expr.type, equation.type
        assert made is not None
        source = self.forms.text(equation.expr)
        if made.sampled and len(made.shape) < len(wanted.shape):
            source = self.forms.aligned(source, len(wanted.shape) - len(made.shape))
        if made != wanted and (equation.state or equation.name in self.used):
            shape = (self.samples, *wanted.shape) if wanted.sampled else wanted.shape
            return f"{self.names[equation.name]} = {source.source} + np.zeros({shape})"
        return f"{self.names[equation.name]} = {source.source}"

    def printed(self) -> Iterator[str]:
        """The lines that print what was computed."""
        keys = Keys.of(self.graph)
        for equation in self.graph.step:
            if equation.name == STOP or equation.hidden:
                continue
            shape, sampled = equation.type
            cells = Cells.of(keys, equation.name, shape, sampled)
            key = list(cells.pieces) if cells.listed else "{}".join(cells.pieces)
            key = key[0] if len(key) == 1 else key
            whole = (self.samples, *shape) if sampled else shape
            yield f"rows({key!r}, {self.names[equation.name]}, {whole}, {sampled})"


def _literal(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """An array as source, row by row."""
    if not values.shape:
        return repr(float(values))
    return f"np.array({_nested(values.tolist())})"


def _nested(values: object) -> str:
    if not isinstance(values, list):
        return repr(values)
    parts = [_nested(value) for value in values]
    joined = ", ".join(parts)
    if len(joined) <= 100 or not isinstance(values[0], list):
        return f"[{joined}]"
    return "[\n    " + ",\n    ".join(part.replace("\n", "\n    ") for part in parts) + ",\n]"


def _plain(title: str) -> str:
    """The title as text that ends no string."""
    return "".join(sign if sign.isalnum() or sign in " ,.()+-=:'^²·" else " " for sign in title) or "A graph"
