"""The head of a report: title, learning rate, and the conventions that a reader must know to compare."""

from __future__ import annotations

from collections.abc import Iterator

from backtrace.errors import visible
from backtrace.expressions import Call, number_text, walk
from backtrace.graph import RATE, Graph
from backtrace.render.formulas import Formulas
from backtrace.render.lines import Line, Span, cells, wrapped
from backtrace.trace import Trace


def head_lines(trace: Trace, writer: Formulas) -> Iterator[Line]:
    """The title with the learning rate, and the conventions below."""
    graph, width = trace.graph, writer.layout.width
    title, right = visible(graph.title) or "backtrace", _rate(graph, writer)
    room = width - cells(title) - cells(right)
    if room >= 2:
        yield Span(title, "title"), Span(" " * room + right, "dim")
    else:
        for line in wrapped(title, width):
            yield (Span(line, "title"),)
        yield (Span(right, "dim"),)
    for line in wrapped("; ".join(_conventions(trace, writer)), width):
        yield (Span(line, "dim"),)
    for name in writer.view.keys.dropped():
        index = ",".join("1" for _ in graph.types[name].shape)
        yield (Span(f"short keys of {name} would equal other names: write {name}[{index}]", "dim"),)


def _rate(graph: Graph, writer: Formulas) -> str:
    """The learning rate: a number, several, or its equation."""
    if RATE in graph.equations:
        return f"learning rate {writer.equation(graph.equations[RATE])[1]}"
    if graph.learning_rate is None or not graph.trained:
        return ""
    others = f", the first of {len(graph.rates)}" if graph.rates else ""
    return f"learning rate {writer.inline(graph.learning_rate)}{others}"


def _conventions(trace: Trace, writer: Formulas) -> Iterator[str]:
    """How errors are summed, orientation, what is trained, and by what."""
    graph, plain = trace.graph, writer.layout.ascii
    yield from graph.notes
    yield from _at_zero(graph, plain)
    if not graph.trained:
        yield "no learning rate: nothing is updated"
    else:
        rule = graph.optimizer or "update equations of the config's own"
        yield f"{rule}, {_order(graph)}{', uphill' * graph.ascent}"
        frozen = [n for n, g in graph.givens.items() if g.role == "parameter" and n not in graph.trained]
        if frozen:
            yield f"fixed: {', '.join(writer.view.keys.array(name, not plain) for name in frozen)}"
    if trace.rounding is None:
        yield f"executor: {trace.recording.executor}"
    else:
        yield f"every result rounded to {trace.rounding.text} before it is used"


def _order(graph: Graph) -> str:
    if graph.new_weights:
        return "a layer updated before going back to the one below"
    return "all parameters at once from the old values"


def _at_zero(graph: Graph, plain: bool) -> Iterator[str]:
    """The derivative of ReLU at 0, where there is a ReLU."""
    nodes = (node for equation in graph.forward for node in walk(equation.expr))
    chosen = {node.option("at_zero", 0) for node in nodes if isinstance(node, Call) and node.op == "relu"}
    name = "relu'" if plain else "ReLU′"
    for value in sorted(chosen):
        yield f"{name}(0) = {number_text(value)}"
