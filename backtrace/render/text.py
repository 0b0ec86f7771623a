"""The report as lines of text, for the terminal and for ``str(trace)``; pure functions of the sections."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field, replace
from itertools import compress

import numpy as np

from backtrace.expressions import Element
from backtrace.keys import Part, Target
from backtrace.keys.lanes import UnlikeError
from backtrace.quantities import Quantity
from backtrace.records import dataclass
from backtrace.render.columns import run_entries, run_equalities, table_columns
from backtrace.render.formulas import Layout, is_readable, same_text
from backtrace.render.heads import head_lines
from backtrace.render.lines import (
    GAP,
    Entry,
    Grid,
    Line,
    Span,
    aligned,
    cells,
    columns_that_fit,
    grid_lines,
    natural_edge,
    padded,
    rule,
    run_on,
    wrapped,
    wrapped_equation,
    wrapped_formula,
)
from backtrace.render.numbers import at_point, numbers_for
from backtrace.render.rates import rate_lines
from backtrace.render.sentences import EXAMPLES, Sentences, chosen_views
from backtrace.report import ROLES, Equations, Rows, Section, Table, sections
from backtrace.report.alike import Listed, Run, RunsOfRows, Samples, parts_of, sampled
from backtrace.report.course import final_values, loss_epochs, updates_made
from backtrace.schedule import Moment
from backtrace.trace import Trace


def pages(trace: Trace, layout: Layout) -> Iterator[str]:
    """The report as plain text, line by line."""
    for line in report_lines(trace, layout):
        yield "".join([span.text for span in line]).rstrip() + "\n"


def report_text(trace: Trace, layout: Layout | None = None) -> str:
    """The whole report as text without colours."""
    return "".join(pages(trace, layout or Layout(numbers=numbers_for(trace.rounding)))).removesuffix("\n")


def report_lines(trace: Trace, layout: Layout) -> Iterator[Line]:
    """The report of a trace, line by line."""
    writer = Writer(layout, trace.epochs[0])
    yield from head_lines(trace, writer)
    for view, left_out in chosen_views(trace, layout):
        if left_out:
            yield from writer.left_out(left_out)
        yield from replace(writer, view=view, known={}, known_runs={}).epoch(len(trace.epochs) > 1)
    if layout.choice.only or layout.choice.sections:
        return
    if len(trace.losses) > 1 and trace.graph.has_loss:
        yield from replace(writer, view=trace.epochs[-1], known={}).training(trace)
    yield from rate_lines(trace, writer)


@dataclass(frozen=True)
class Writer(Sentences):
    """Writes one epoch's sections as lines."""

    edge: int = 80
    known: dict[Target, Entry] = field(default_factory=dict, repr=False)
    """What has been written of the epoch: the widths of all lines are needed before the first."""
    known_runs: dict[Run, list[Entry]] = field(default_factory=dict, repr=False)

    def entry(self, quantity: Quantity) -> Entry:
        found = self.known.get(quantity.target)
        if found is None:
            found = self.known[quantity.target] = super().entry(quantity)
        return found

    def rule(self, text: str) -> Line:
        return rule(text, self.layout.width, "-" if self.layout.ascii else "─")

    # ── one epoch ──

    def epoch(self, several: bool) -> Iterator[Line]:
        made = sections(self.view, self.layout.choice)
        if several or (made and self.view.graph.trained):
            yield self.rule(self.moment())
        writer = self
        for number, section in enumerate(made):
            if number:
                yield ()
            if writer is self and section.name != "given":  # given values need no edge, and are there at once
                writer = replace(self, edge=self.natural_edge(made))
            yield from writer.section(section)

    def left_out(self, moments: Sequence[Moment]) -> Iterator[Line]:
        """How many updates of an epoch are not shown, and how to see one."""
        text = self.say("updates more", n=len(moments), first=moments[0].text())
        yield (Span(f"{self.dots} {text}", "dim"),)

    def natural_edge(self, made: Sequence[Section]) -> int:
        """The column where all values of an epoch end."""
        width = self.layout.width
        blocks = [b for s in made if s.name != "given" for b in s.blocks if isinstance(b, Rows)]
        groups = (group for block in blocks for group in self.entries(block))
        edge = 0
        for group in groups:
            edge = max(edge, natural_edge(group, width) if group else 0)
            if edge == width:
                break  # no group needs more, and there may be very many rows
        return edge or width

    def entries(self, block: Rows) -> tuple[list[Entry], list[Entry]]:
        """What of a block stands in lines: numbers of the first sample, and what is the same for all samples."""
        first: list[Entry] = []
        if sampled(block.lines):
            several = [line[0] for line in block.lines if len(line) > 1]
            first = [self.unsampled_entry(quantity) for quantity in several[: EXAMPLES if block.more else None]]
        return [entry for entry in first if entry.numbers], self.single_entries(block)

    def single_entries(self, block: Rows) -> list[Entry]:
        """The entries of the lines that are the same for all samples; many that are alike are written at once."""
        found: list[Entry] = []
        for part in parts_of(block.lines):
            if isinstance(part, Run):
                if part not in self.known_runs:
                    self.known_runs[part] = run_entries(self, part)
                found += self.known_runs[part]
            else:
                found += [self.entry(line[0]) for line in part if len(line) == 1]
        return found

    def section(self, section: Section) -> Iterator[Line]:
        for number, line in enumerate(wrapped(self.title(section), self.layout.width - 2)):
            yield (Span(("  " if number else "") + line, "heading"),)
        previous: object = None
        for block in section.blocks:
            if isinstance(previous, Table | Equations) or (isinstance(block, Table) and previous is not None):
                yield ()
            if isinstance(block, Rows) and section.name == "given":
                yield from self.given(block)
            elif isinstance(block, Rows):
                yield from self.rows(block)
            elif isinstance(block, Table):
                yield from self.table(block)
            else:
                yield from self.equations(block)
            previous = block

    def title(self, section: Section) -> str:
        """The title of a section; of a step with its parameters and its layer."""
        names = ", ".join(self.array(name) for name in section.parameters)
        layer = f" ({self.layer(section.layer)})" if section.layer else ""
        title = self.words.written(section.title)
        return f"{title}: {names}{layer}" if names else title

    def equations(self, block: Equations) -> Iterator[Line]:
        """The array equations of a step, aligned at the equals sign."""
        texts = [self.equation(e) for e in block.equations if is_readable(self.readable(e.expr))]
        if not texts:
            return
        yield (Span(f"  {self.say('as arrays')}", "dim"),)
        width = max(cells(left) for left, _ in texts)
        for left, right in texts:
            lines = wrapped_formula(right, self.layout.width - width - 5)
            yield (Span(f"  {padded(left, width)} = {lines[0]}"),)
            for line in lines[1:]:
                yield (Span(" " * (width + 5) + line),)

    # ── rows ──

    def given(self, block: Rows) -> Iterator[Line]:
        """Given values run on in lines; with samples, a column for each."""
        title, widest = self.words.title(block.title), max(cells(self.words.title(role)) for _, role in ROLES)
        if sampled(block.lines):
            yield (Span(f"  {title}", "layer"),)
            yield from self.columns(block)
            yield from self.samples_left_out(max(map(len, block.lines)))
            for name in block.arrays:
                yield (Span(f"  {self.array_text(name)}"),)
            return
        texts = [text for part in parts_of(block.lines) for text in self.equalities(part)]
        texts += [self.array_text(name) for name in block.arrays]
        for number, line in enumerate(run_on(texts, self.layout.width - widest - 4)):
            yield Span(padded("" if number else f"  {title}", widest + 4), "layer"), Span(line)

    def equalities(self, part: Sequence[Listed]) -> Iterator[str]:
        """Given values, each with its name."""
        if isinstance(part, Run):
            yield from run_equalities(self, part)
        else:
            yield from (f"{self.label(q.target)} = {self.inline(q.value)}" for (q,) in part)

    def samples_left_out(self, shown: int) -> Iterator[Line]:
        """How many samples have no column, and how to see one."""
        more = self.more_samples(shown)
        if more:
            yield (Span(f"  {self.dots} {self.say('samples more', n=more)}", "dim"),)

    def array_text(self, name: str) -> str:
        """A given array too large to list: its name and its size."""
        type = self.view.graph.types[name]
        size = " x ".join(map(str, type.shape))
        if type.sampled:
            return self.say("array of samples", name=name, n=self.view.graph.samples or 1, shape=size)
        return self.say("array", name=name, shape=size)

    def rows(self, block: Rows) -> Iterator[Line]:
        if block.title or block.equations:
            yield from self.layer_heading(block)
        if sampled(block.lines):
            yield from self.columns(block)
        else:
            yield from aligned(self.single_entries(block), self.layout.width, self.edge)
        self.forget(block)
        yield from self.remainder(block)

    def forget(self, block: Rows) -> None:
        """Let go of many rows that have been written."""
        for part in parts_of(block.lines):
            if isinstance(part, Run):
                self.known_runs.pop(part, None)

    def layer_heading(self, block: Rows) -> Iterator[Line]:
        """The layer's name, and its array equations beside or below it."""
        texts = list(self.array_equations(block))
        title, notes = f" {self.layer(block.title)}", "   ".join(texts)
        if block.title and cells(title) + 3 + cells(notes) <= self.layout.width:
            yield Span(title, "layer"), Span(f"   {notes}" if notes else "", "dim")
            return
        if block.title:
            yield (Span(title, "layer"),)
        for line in run_on(texts, self.layout.width - 2) if texts else ():
            for part in wrapped_equation(line, self.layout.width - 2):
                yield (Span("  " + part, "dim"),)

    def remainder(self, block: Rows) -> Iterator[Line]:
        yield from self.rows_more(block.more, block.rest)
        if block.zero:
            yield (Span(f"  {self.say('ways more', n=block.zero)}", "dim"),)
        if block.note:
            for line in wrapped(self.say(block.note), self.layout.width - 2):
                yield (Span(f"  {line}", "dim"),)

    def rows_more(self, more: int, rest: float = 0.0) -> Iterator[Line]:
        """How many rows are left out, and their sum where it is not 0."""
        if more and rest:
            yield (Span(f"  {self.dots} {self.say('rows more with sum', n=more, sum=self.value(rest))}", "dim"),)
        elif more:
            yield (Span(f"  {self.dots} {self.say('rows more', n=more)}", "dim"),)

    def columns(self, block: Rows) -> Iterator[Line]:
        """A column for each sample; what is the same for all of them below; then the numbers of one sample."""
        first, single = self.entries(block)
        yield from self.sample_columns([line for line in block.lines if isinstance(line, Samples)])
        if first:
            yield (Span(f"  {self.say('with numbers', number=1)}", "dim"),)
            yield from aligned(first, self.layout.width, self.edge)
        yield from aligned(single, self.layout.width, self.edge)

    def sample_columns(self, lines: Sequence[Samples]) -> Iterator[Line]:
        cut = self.more_samples(len(lines[0])) > 0
        # of many columns only the first ones and the last can have room
        lines = [line.short(self.layout.width // (len(GAP) + 1)) for line in lines]
        lefts = [self.unsampled_entry(line[0]) for line in lines]
        # the first of a line tells for all: to ask each sample for its formula would write it out for each
        writers = [self.inlines if self.shown_formula(line[0]) is None else self.values for line in lines]
        texts = [write(line.numbers) for write, line in zip(writers, lines, strict=True)]
        count = len(texts[0])
        texts = list(map(list, zip(*(at_point(column, " ", " ") for column in zip(*texts, strict=True)), strict=True)))
        heads = [f"#{sample + 1}" for sample in lines[0].samples]
        widths = [max(cells(text) for text in (heads[k], *(row[k] for row in texts))) for k in range(count)]
        widest = max(cells(entry.left) for entry in lefts)
        least = max(cells(entry.label) for entry in lefts)
        room = self.layout.width - 2 - 3 * cut
        shown = columns_that_fit(widths, room - widest)
        if len(shown) < count:
            shown = columns_that_fit(widths, room - min(max(least, 12), 24))
            cut = cut or len(shown) < count
            widest = self.layout.width - 2 - sum(widths[k] + 2 for k in shown) - 3 * cut
        yield Span(" " * (widest + 2)), Span(self.columned(heads, shown, widths, cut), "dim")
        for entry, row in zip(lefts, texts, strict=True):
            values = Span(self.columned(row, shown, widths, cut), "value")
            if cells(entry.left) <= widest:
                yield Span(padded(f"  {entry.left}", widest + 2)), values
                continue
            for number, part in enumerate(wrapped_formula(entry.left, self.layout.width - 6)):
                yield (Span(("      " if number else "  ") + part),)
            yield Span(" " * (widest + 2)), values

    def unsampled_entry(self, quantity: Quantity) -> Entry:
        """A quantity of the first sample, written as that of any."""
        entry = self.entry(quantity)
        mark = f"#{self.sample + 1}"
        own = isinstance(quantity.target, Element) and quantity.target.name.removesuffix("+").endswith("#")
        label = entry.label.replace(mark, "#n" if own else "")
        formula = entry.formula.replace(mark, "")
        return replace(entry, label=label, formula="" if same_text(formula, label) else formula)

    @property
    def sample(self) -> int:
        return self.layout.choice.sample or 0

    def columned(self, row: Sequence[str], shown: Sequence[int], widths: Sequence[int], cut: bool) -> str:
        text = ""
        for k in shown:
            if k == len(widths) - 1 and cut:
                text += f"  {self.dots}"
            text += GAP + padded(row[k], widths[k], right=True)
        return text

    # ── tables ──

    def table(self, table: Table) -> Iterator[Line]:
        """A row a parameter, with the update's equation below."""
        heads = [self.head(head.target) for head in table.heads]
        labels, columns = self.cells_of(table)
        body = [list(row) for row in zip(*(at_point(column, " ", " ") for column in columns), strict=True)]
        yield from self.caption(table, heads)
        cut = bool(table.each) and self.more_samples(table.factors) > 0
        if cut:
            for row in (heads, *body):
                row.insert(table.factors - 1, self.dots)
        yield from grid_lines(Grid(heads, labels, body, table.factors + cut), self.layout.width)
        if cut:
            yield from self.samples_left_out(table.factors)
        yield from self.rows_more(table.more)
        for equation in table.updates:
            for number, line in enumerate(wrapped_formula(self.update_text(equation, table), self.layout.width - 6)):
                yield (Span(" " * (6 if number else 2) + line, "dim"),)

    def caption(self, table: Table, heads: list[str]) -> Iterator[Line]:
        """What is multiplied, or added up, to the derivative."""
        text = self.product(table, heads)
        for number, line in enumerate(wrapped_formula(text, self.layout.width - 6) if text else ()):
            yield (Span(" " * (6 if number else 2) + line, "dim"),)

    def cells_of(self, table: Table) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        """The labels of a table's rows, and its columns."""
        given = [head.target == Part(table.stem) for head in table.heads]
        if isinstance(table.rows, RunsOfRows):
            with suppress(UnlikeError):
                return table_columns(self, table.rows, given)
        columns = zip(*(self.row(row.cells, given) for row in table.rows), strict=True)
        return [self.label(row.label.target) for row in table.rows], columns

    def row(self, cells: Listed, given: Sequence[bool]) -> list[str]:
        """The old value as it was given, everything else as a result."""
        if isinstance(cells, Samples):
            numbers = cells.numbers
            found = self.values(numbers)
            for at in compress(range(len(given)), given):
                found[at] = self.inline(float(numbers[at]))
            return found
        writers = (self.inline if short else self.value for short in given)
        return [write(quantity.value) for write, quantity in zip(writers, cells, strict=True)]

    # ── training ──

    def training(self, trace: Trace) -> Iterator[Line]:
        """The loss by epoch, a sparkline, the final weights."""
        graph = trace.graph
        yield self.rule(self.trained(trace))
        yield (Span(self.loss_heading(graph), "heading"),)
        chosen = loss_epochs(len(trace.losses))
        width = len(str(chosen[-1]))
        for epoch in chosen:
            value = self.value(float(trace.losses[epoch - 1]))
            yield Span(f"  {self.say('epoch', epoch=str(epoch).rjust(width))}  "), Span(value, "value")
        if not self.layout.ascii:
            yield (Span("  " + sparkline(trace.losses, min(60, self.layout.width - 4))),)
        yield ()
        yield (Span(self.say("final values", n=updates_made(trace)), "heading"),)
        final = final_values(trace)
        texts = [f"{self.label(key).rstrip('⁺+')} = {self.value(self.view.number(key))}" for key in final[:60]]
        if len(final) > 60:
            texts.append(f"{self.dots} {self.say('more', n=len(final) - 60)}")
        for line in run_on(texts, self.layout.width - 2):
            yield (Span(f"  {line}"),)


def sparkline(losses: np.ndarray[tuple[int], np.dtype[np.float64]], width: int) -> str:
    """The course of the losses in one line of bars, from the least to the greatest.

    >>> sparkline(np.array([4.0, 3.0, 2.0, 1.0]), 10)
    '█▆▃▁'
    """
    places_ = np.linspace(0, len(losses) - 1, min(width, len(losses))).round().astype(int)
    points = losses[places_]
    low, high = float(points.min()), float(points.max())
    if not math.isfinite(high - low) or high == low:
        return "▁" * len(points)
    return "".join("▁▂▃▄▅▆▇█"[round((float(p) - low) / (high - low) * 7)] for p in points)
