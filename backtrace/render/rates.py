"""Several learning rates side by side: the objective by epoch and the final values, a column for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    traces = list(trace.rates.values())
    yield rule("learning rates side by side", writer.layout.width, "-" if writer.layout.ascii else "─")
    heads = [f"{'eta' if writer.layout.ascii else 'η'} = {writer.inline(rate)}" for rate in trace.rates]
    rows = [*_losses(trace, traces, writer), *_finals(trace, traces, writer)]
    labels, body = [label for label, _ in rows], [cells for _, cells in rows]
    yield from grid_lines(Grid(heads, labels, body, 0), writer.layout.width)
    hidden = len(final_values(trace)) - MOST
    if hidden > 0:
        yield (Span(f"  {writer.dots} {hidden} more", "dim"),)


def _losses(trace: Trace, traces: Sequence[Trace | None], writer: Formulas) -> Iterator[tuple[str, list[str]]]:
    """The objective of chosen epochs; a dash where a rate left the finite numbers."""
    if not trace.graph.has_loss:
        return
    name = writer.array(trace.graph.objective or "")
    for epoch in loss_epochs(max(len(one.losses) for one in traces if one)):
        found = [one.losses[epoch - 1] if one and epoch <= len(one.losses) else None for one in traces]
        yield f"{name}, epoch {epoch}", ["-" if loss is None else writer.value(float(loss)) for loss in found]


def _finals(trace: Trace, traces: Sequence[Trace | None], writer: Formulas) -> Iterator[tuple[str, list[str]]]:
    for target in final_values(trace)[:MOST]:
        numbers = [one.epochs[-1].number(target) if one else None for one in traces]
        yield writer.label(target), ["-" if number is None else writer.value(number) for number in numbers]
