"""Several learning rates side by side: the objective by epoch and the final values, a column for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backtrace.graph import RATE
from backtrace.render.formulas import Formulas
from backtrace.render.lines import Grid, Line, Span, grid_lines, rule
from backtrace.report.course import final_values, loss_epochs
from backtrace.trace import Trace

MOST = 24
"""So many final values stand in the table."""


def rate_lines(trace: Trace, writer: Formulas) -> Iterator[Line]:
    """The table; nothing where there is one learning rate."""
    if not trace.rates:
        return
    say = writer.layout.words.say
    yield rule(say("rates"), writer.layout.width, "-" if writer.layout.ascii else "─")
    heads, labels, body = rate_table(trace, writer)
    yield from grid_lines(Grid(heads, labels, body, 0), writer.layout.width)
    hidden = len(final_values(trace)) - MOST
    if hidden > 0:
        yield (Span(f"  {writer.dots} {say('more', n=hidden)}", "dim"),)


def rate_table(trace: Trace, writer: Formulas) -> tuple[list[str], list[str], list[list[str]]]:
    """A heading for each rate, a label and the numbers of each row."""
    traces = list(trace.rates.values())
    heads = [
        writer.equal("eta" if writer.layout.ascii else writer.array(RATE), writer.inline(rate)) for rate in trace.rates
    ]
    rows = [*_losses(trace, traces, writer), *_finals(trace, traces, writer)]
    return heads, [label for label, _ in rows], [cells for _, cells in rows]


def _losses(trace: Trace, traces: Sequence[Trace | None], writer: Formulas) -> Iterator[tuple[str, list[str]]]:
    """The objective of chosen epochs; a dash where a rate left the finite numbers."""
    if not trace.graph.has_loss:
        return
    name = writer.array(trace.graph.objective or "")
    for epoch in loss_epochs(max(len(one.losses) for one in traces if one)):
        found = [one.losses[epoch - 1] if one and epoch <= len(one.losses) else None for one in traces]
        label = writer.phrase("epoch of", name=name, epoch=epoch)
        yield label, ["-" if loss is None else writer.layout.numbers.value(float(loss)) for loss in found]


def _finals(trace: Trace, traces: Sequence[Trace | None], writer: Formulas) -> Iterator[tuple[str, list[str]]]:
    for target in final_values(trace)[:MOST]:
        numbers = [one.epochs[-1].number(target) if one else None for one in traces]
        yield (
            writer.label(target),
            ["-" if number is None else writer.layout.numbers.value(number) for number in numbers],
        )
