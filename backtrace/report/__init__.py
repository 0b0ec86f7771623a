"""A report as data: which quantities stand in which section and table, in the order of the hand calculation.

Every renderer writes the same sections. What is too large to print is cut here, so all formats cut alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import Final

from backtrace.expressions import Element, names
from backtrace.graph import Equation
from backtrace.keys import Derivative, Part, Path, Target, Via
from backtrace.quantities import View
from backtrace.report.alike import joined
from backtrace.report.blocks import Block, Choice, Equations, Head, Row, Rows, Section, Table
from backtrace.report.listing import FEW, LARGE, elements
from backtrace.report.lost import until_lost
from backtrace.report.steps import Steps, ends
from backtrace.words import Note

__all__ = ["Block", "Choice", "Equations", "Head", "Row", "Rows", "Section", "Table", "all_targets", "ends", "sections"]


ROLES: Final = tuple((role, str(Note(f"title {role}"))) for role in ("input", "target", "parameter", "gradient"))
"""The roles of given values in the order of a page, each with its title."""


def sections(view: View, choice: Choice | None = None) -> list[Section]:
    """The sections of one epoch that a reader wants to see."""
    chosen = spelled_out(view, choice or Choice())
    made = [section for section in _Report(view, chosen).sections() if chosen.wants(section)]
    kept = [replace(section, blocks=tuple(_kept(section.blocks, chosen))) for section in made]
    shown = [section for section in kept if section.blocks]
    if view.lost:
        return list(until_lost(shown))
    return [*shown, *_asked_for(view, chosen, shown)]


def spelled_out(view: View, choice: Choice) -> Choice:
    """The choice with keys as the report writes them, and whole arrays as all their elements."""
    return replace(choice, only=tuple(key for pattern in choice.only for key in _spellings(view, pattern)))


def _spellings(view: View, pattern: str) -> list[str]:
    target = view.keys.find(pattern)
    if target is None:
        return [pattern]
    if isinstance(target, Derivative) and isinstance(target.by, Part):
        return [view.keys.text(Derivative(target.of, by)) for by in _members(view, target.by)]
    return [view.keys.text(part) for part in (_members(view, target) if isinstance(target, Part) else [target])]


def _members(view: View, part: Part) -> list[Element]:
    """The elements of a whole array, or of one element for every sample."""
    type = view.graph.types[part.name.removesuffix("+") if part.name not in view.graph.types else part.name]
    everything = islice(elements(part.name, type, view.graph.samples), LARGE)
    return [element for element in everything if part.index in (None, element.index)]


def _asked_for(view: View, choice: Choice, shown: Iterable[Section]) -> Iterator[Section]:
    """What was asked for by its key and has no row of its own in any section."""
    if not choice.only:
        return
    seen = {key for section in shown for block in section.blocks for key in _keys(block)}
    found = [(key, view.keys.find(key)) for key in dict.fromkeys(choice.only) if key not in seen]
    lines = tuple((view.quantity(target),) for _, target in found if target is not None)
    if lines and not choice.sections:
        yield Section("asked for", Note("asked for"), (Rows(lines),))


def _keys(block: Block) -> Iterator[str]:
    """The keys of the quantities in a block."""
    if isinstance(block, Rows):
        yield from (quantity.key for line in block.lines for quantity in line)
    elif isinstance(block, Table):
        yield from (quantity.key for row in block.rows for quantity in (row.label, *row.cells))


def _kept(blocks: Iterable[Block], choice: Choice) -> Iterator[Block]:
    """The blocks without the rows that are not wanted."""
    for block in blocks:
        if isinstance(block, Rows) and not block.lines and not block.arrays and not block.note:
            continue
        if not choice.only:
            yield block
        elif isinstance(block, Rows):
            lines = tuple(line for line in block.lines if choice.shows(*(q.key for q in line)))
            if lines:
                yield replace(block, lines=lines, equations=(), arrays=(), more=0, zero=0, note="")
        elif isinstance(block, Table):
            rows = tuple(row for row in block.rows if choice.shows(row.label.key, *(q.key for q in row.cells[-3:])))
            if rows:
                yield replace(block, rows=rows, more=0)


def all_targets(view: View) -> Iterator[Element]:
    """Every single number that a run computes, in the order of computation."""
    graph = view.graph
    for given in graph.givens.values():
        yield from elements(given.name, given.type, graph.samples)
    for equation in (*graph.shown, *graph.gradients, *(e for e in graph.updates if not e.hidden)):
        yield from elements(equation.name, equation.type, graph.samples)
    if graph.trained:
        for equation in graph.shown:
            yield from elements(f"{equation.name}+", equation.type, graph.samples)


class _Report(Steps):
    """Collects the sections of one epoch."""

    def sections(self) -> Iterator[Section]:
        graph = self.view.graph
        yield Section("given", Note("given"), tuple(self.givens()))
        error = self.error_names()
        forward = [e for e in graph.shown if e.name not in error]
        yield Section("forward", Note("forward"), (*self.computed(forward), *self.notes()))
        yield Section("error", Note("error"), tuple(self.computed([e for e in graph.shown if e.name in error])))
        yield Section("rate", Note("rate"), tuple(self.common(gradients=False)))
        if graph.gates:
            yield Section("backward", Note("backward"), tuple(self.gates()))
        else:
            yield from self.steps()
        yield Section("clipping", Note("clipping"), tuple(self.common(gradients=True)))
        if graph.trained:
            yield Section("after", Note("after"), tuple(self.after(error)))

    def notes(self) -> Iterator[Rows]:
        """What the numbers make of the formulas."""
        if self.view.saturated:
            yield Rows((), note="digits lost")

    def givens(self) -> Iterator[Rows]:
        for role, title in ROLES:
            names_ = [name for name, given in self.view.graph.givens.items() if given.role == role]
            listed = [name for name in names_ if self.count(name) <= FEW or self.choice.full or self.choice.only]
            lines = joined(self.lines(name, FEW) for name in listed)
            if names_:
                yield Rows(lines, title, arrays=tuple(name for name in names_ if name not in listed))

    def error_names(self) -> set[str]:
        """The equations that compare with a target, and what follows from them."""
        graph = self.view.graph
        found = {name for name, given in graph.givens.items() if given.role == "target"}
        for equation in graph.forward:
            if not found.isdisjoint(names(equation.expr)):
                found.add(equation.name)
        return found

    def computed(self, equations: Sequence[Equation]) -> Iterator[Rows]:
        """A block for each layer or step, and for equations between them that belong to none."""
        for title, run in groupby(equations, lambda equation: equation.group):
            members = list(run)
            lines = [self.cut_lines(equation.name) for equation in members]
            shown = tuple(e for e in members if e.type.shape)
            more = sum(self.count(e.name) - len(part) for e, part in zip(members, lines, strict=True))
            yield Rows(joined(lines), title, shown, more=more)

    def after(self, error: set[str]) -> Iterator[Rows]:
        """The forward pass and the error once more, with the new parameters."""
        for equations in ([e for e in self.view.graph.shown if (e.name in error) == late] for late in (False, True)):
            lines = [self.cut_lines(f"{e.name}+") for e in equations]
            more = sum(self.count(e.name) - len(part) for e, part in zip(equations, lines, strict=True))
            yield Rows(joined(lines), more=more)

    def gates(self) -> Iterator[Block]:
        """Every gate from the last to the first: its local derivatives, then upstream and downstream gradients."""
        chains, graph = self.view.chains, self.view.graph
        computed = [e.name for e in reversed(graph.forward) if e.name in chains.leading]
        gates = [gate for name in (*computed, *graph.wrt) for gate in self.parameter_elements(name)]
        local = [Path((consumer, gate)) for gate in gates for consumer in chains.ways(gate)]
        yield Rows(tuple(self.line(target) for target in local))
        heads = [str(Note(f"title gate {column}")) for column in ("value", "upstream", "local", "gradient")]
        rows = [
            Row(self.view.quantity(path.nodes[1]), tuple(map(self.view.quantity, self.gate_cells(path))))
            for path in local
        ]
        yield Table("", tuple(map(Head, heads)), tuple(rows), 0)
        joined = [gate for gate in gates if len(chains.ways(gate)) > 1]
        yield Rows(tuple(self.line(Derivative(chains.objective, gate)) for gate in joined))

    def gate_cells(self, path: Path) -> list[Target]:
        """A gate's value, what arrives from its consumer, the local derivative, what goes on to the gate."""
        objective = self.view.chains.objective
        consumer, gate = path.nodes
        upstream = Derivative(objective, consumer)
        return [gate, upstream, path, Via(objective, gate, consumer)]
