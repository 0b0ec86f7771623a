"""The head of a report: title, learning rate, and the conventions that a reader must know to compare."""

from __future__ import annotations

from collections.abc import Iterator

from backtrace.errors import visible
from backtrace.expressions import Call, number_text, walk
from backtrace.graph import RATE, Graph
from backtrace.render.formulas import Formulas
from backtrace.render.lines import Line, Span, cells, wrapped
from backtrace.trace import Trace
from backtrace.words import Note


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
    for line in wrapped("; ".join([*conventions(trace, writer), *_executor(trace, writer)]), width):
        yield (Span(line, "dim"),)
    for text in dropped_keys(writer):
        yield (Span(text, "dim"),)


def dropped_keys(writer: Formulas) -> Iterator[str]:
    """How to write the keys of arrays whose short keys would mean two things."""
    for name in writer.view.keys.dropped():
        index = ",".join("1" for _ in writer.view.graph.types[name].shape)
        yield writer.layout.words.say("short keys", name=name, example=f"{name}[{index}]")


def _rate(graph: Graph, writer: Formulas) -> str:
    """The learning rate: a number, several, or its equation."""
    say = writer.layout.words.say
    if RATE in graph.equations:
        return say("learning rate", rate=writer.equation(graph.equations[RATE])[1])
    if graph.learning_rate is None or not graph.trained:
        return ""
    rate = writer.inline(graph.learning_rate)
    if graph.rates:
        return say("learning rate of several", rate=rate, n=len(graph.rates))
    return say("learning rate", rate=rate)


def conventions(trace: Trace, writer: Formulas) -> Iterator[str]:
    """How errors are summed, orientation, what is trained, and by what; how numbers are rounded."""
    graph, plain, words = trace.graph, writer.layout.ascii, writer.layout.words
    yield from map(words.written, graph.notes)
    yield from _at_zero(graph, plain)
    if not graph.trained:
        yield words.say("not trained")
    else:
        yield ", ".join(map(words.written, _updates(graph)))
        frozen = [n for n, g in graph.givens.items() if g.role == "parameter" and n not in graph.trained]
        if frozen:
            yield words.say("fixed", names=", ".join(writer.view.keys.array(name, not plain) for name in frozen))
    if trace.rounding is not None:
        yield words.say("rounded", rounding=trace.rounding.note)


def _executor(trace: Trace, writer: Formulas) -> Iterator[str]:
    """Which executor has run it, unless the numbers were rounded by hand's rules."""
    if trace.rounding is None:
        yield writer.layout.words.say(f"executor {trace.recording.executor}")


def _updates(graph: Graph) -> Iterator[Note]:
    """By which rule parameters are updated, in which order and direction."""
    yield from graph.optimizer
    yield Note("layer by layer" if graph.new_weights else "all at once")
    if graph.ascent:
        yield Note("uphill")


def _at_zero(graph: Graph, plain: bool) -> Iterator[str]:
    """The derivative of ReLU at 0, where there is a ReLU."""
    nodes = (node for equation in graph.forward for node in walk(equation.expr))
    chosen = {node.option("at_zero", 0) for node in nodes if isinstance(node, Call) and node.op == "relu"}
    name = "relu'" if plain else "ReLU′"
    for value in sorted(chosen):
        yield f"{name}(0) = {number_text(value)}"
