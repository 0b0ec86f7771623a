"""The derivation of one number as lines of text, block by block, in the signs and columns of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from backtrace.expressions import Element
from backtrace.graph import EPOCH, RATE, UPDATE, Graph
from backtrace.keys import Derivative, Path, Target, Via
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.render.formulas import Formulas, Layout
from backtrace.render.lines import Entry, Line, Span, aligned, cells, natural_edge, padded, run_on, wrapped
from backtrace.render.text import Writer
from backtrace.report import ROLES, ends
from backtrace.report.derivation import Block, Derivation, Page, Step, Way
from backtrace.schedule import Moment

TITLES: Final = (*ROLES, ("rate", "rate"), ("state", "remembered"), ("counter", "counters"))
"""What is given, under its title, in the order of a page."""


def explanation_lines(found: Derivation, layout: Layout, title: str = "") -> Iterator[Line]:
    """A derivation, line by line; ``title`` is what the reader called the number, where it goes by another name."""
    yield from _Explained(layout, found.asked.view).derivation(found, title)


def is_constant(graph: Graph, name: str) -> bool:
    """Whether a name means the same number in every update."""
    changing = name in graph.equations or name in graph.trained or name in graph.states or name in graph.data
    return not changing and name not in (UPDATE, EPOCH)


@dataclass(frozen=True)
class _Run:
    """Lines that stand together, and what is said above and below them."""

    entries: Sequence[Entry]
    above: str = ""
    below: str = ""


@dataclass(frozen=True)
class _Part:
    """A part of a page: its title and its lines."""

    title: str
    runs: Sequence[_Run]


@dataclass(frozen=True)
class _Marked(Formulas):
    """Writes numbers of another update with its epoch, U₁₁@2; what is the same in all of them without."""

    mark: str = ""

    def write(self, target: Target) -> str:
        """A quantity's name with its epoch."""
        same = isinstance(target, Element) and is_constant(self.view.graph, target.name)
        return super().write(target) + ("" if same else self.mark)


@dataclass(frozen=True)
class _Explained(Writer):
    """Writes the pages of a derivation."""

    def derivation(self, found: Derivation, title: str) -> Iterator[Line]:
        yield from self.title_lines(found, title)
        for number, page in enumerate(found.pages):
            writer = replace(self, view=page.view)
            if number:
                yield ()
                yield writer.rule(writer.moment())
            yield from writer.page(page, separated=not number)
        yield from self.read_by(found)
        yield from self.not_derived(found)

    # ── first and last lines ──

    def title_lines(self, found: Derivation, title: str) -> Iterator[Line]:
        """The number, and in which update it is computed."""
        asked = found.asked
        name = self.label(asked.target) if isinstance(asked.target, Path) else self.write(asked.target)
        value = self.inline(asked.value) if found.is_given else self.value(asked.value)
        left, right = f"{title or name} = {value}", self.moment() if self.view.graph.trained else ""
        room = self.layout.width - cells(left) - cells(right)
        if room >= 2:
            yield Span(left, "title"), Span(padded(right, room + cells(right), right=True) if right else "", "dim")
        else:
            yield (Span(left, "title"),)
            yield (Span(right, "dim"),)
        if title:
            made = self.update(Moment(asked.view.epoch, asked.view.update))
            yield (Span(f"{title} is what {made} leaves: its {name}", "dim"),)

    def read_by(self, found: Derivation) -> Iterator[Line]:
        """The lines that read a given value."""
        if not found.is_given:
            return
        entries = [self.step(step) for step in found.readers]
        yield ()
        yield (Span("Read by" if entries else "Read by nothing", "heading"),)
        yield from aligned(entries, self.layout.width, natural_edge(entries, self.layout.width))
        if found.more_readers:
            yield (Span(f"  {self.dots} {found.more_readers} more (--full)", "dim"),)

    def not_derived(self, found: Derivation) -> Iterator[Line]:
        """What is not derived, and how to see it."""
        texts = []
        if found.cut:
            texts.append("what long sums leave out is not derived (--full)")
        if found.more:
            texts.append(f"{found.more} number{'s' * (found.more > 1)} more that these lines read (--full)")
        if found.earlier:
            texts.append(f"{self.before(found.pages[-1].view)} is not derived (--depth {len(found.pages)})")
        if texts:
            yield ()
        for text in texts:
            yield (Span(f"{self.dots} {text}", "dim"),)

    def before(self, view: View) -> str:
        """The update before in words."""
        moment = Moment(view.epoch, view.update).before(view.graph.updates_per_epoch)
        assert moment is not None
        return self.update(moment)

    def update(self, moment: Moment) -> str:
        """An update in words."""
        several = self.view.graph.updates_per_epoch > 1
        return f"update {moment.update} of epoch {moment.epoch}" if several else f"epoch {moment.epoch}"

    # ── a page ──

    def page(self, page: Page, separated: bool) -> Iterator[Line]:
        """The parts of a page, all values ending in one column, then what is given."""
        parts = [part for part in self.parts(page) if any(run.entries for run in part.runs)]
        groups = [run.entries for part in parts for run in part.runs if run.entries]
        width = self.layout.width
        edge = max((natural_edge(entries, width) for entries in groups), default=width)
        for number, part in enumerate(parts):
            if number or separated:
                yield ()
            yield from replace(self, edge=edge).part(part)
        if page.given:
            yield ()
            yield from self.givens(page.given)

    def part(self, part: _Part) -> Iterator[Line]:
        for number, line in enumerate(wrapped(part.title, self.layout.width - 2) if part.title else ()):
            yield (Span(("  " if number else "") + line, "heading"),)
        for run in part.runs:
            for line in wrapped(run.above, self.layout.width - 4) if run.above else ():
                yield (Span(f"  {line}", "dim"),)
            yield from aligned(run.entries, self.layout.width, self.edge)
            if run.below:
                yield (Span(f"  {run.below}", "dim"),)

    def parts(self, page: Page) -> Iterator[_Part]:
        """What a page holds, in its order."""
        yield self.listed("", page.asked)
        yield self.listed("After the update", page.after)
        yield self.listed("Update", page.updates)
        yield from map(self.block, page.blocks)
        yield self.listed("Forward propagation", page.forward)
        if page.left:
            yield _Part(f"Left by {self.before(page.view)}", [_Run(list(map(self.remembered, page.left)))])

    def listed(self, title: str, steps: Sequence[Step]) -> _Part:
        return _Part(title, [_Run(list(map(self.step, steps)))])

    def step(self, step: Step) -> Entry:
        """A line: the label of a number, its formula here, its value."""
        target = step.quantity.target
        writer = replace(self, term=self.term_of(target))
        return writer.written(self.label(target), step.formula, step.quantity.value)

    def remembered(self, step: Step) -> Entry:
        """A value that the update before left, over the numbers of that update."""
        moment = Moment(step.view.epoch, step.view.update)
        several = step.view.graph.updates_per_epoch > 1
        writer = _Marked(self.layout, step.view, mark=f"@{moment.text() if several else moment.epoch}")
        return writer.written(self.write(step.quantity.target), step.formula, step.quantity.value)

    # ── a derivative ──

    def block(self, block: Block) -> _Part:
        """A derivative's product or sum, then its factors, way by way."""
        own = [self.step(block.line), *([self.step(block.short)] if block.short else [])]
        if len(block.ways) == 1 and block.ways[0].step is None:
            own += map(self.step, block.ways[0].factors)
        runs = [_Run(own), *(self.way(way) for way in block.ways if way.step)]
        if block.more:
            rest = f"{ways(block.more)} more, their sum {self.value(block.rest)} (--full)"
            runs.append(_Run((), below=f"{self.dots} {rest}"))
        return _Part(self.heading(block), runs)

    def way(self, way: Way) -> _Run:
        """One way of a junction: its product, then the factors that no line before has."""
        assert way.step is not None
        entry, factors = self.step(way.step), map(self.step, way.factors)
        if way.by_term:
            return _Run([entry, *factors], above=f"the way {self.trail(way.trail)}")
        return _Run([replace(entry, label=f"by way of {self.write(way.trail[1])}"), *factors])

    def heading(self, block: Block) -> str:
        """Which way a derivative goes, or how many."""
        target = block.line.quantity.target
        of, by = map(self.write, ends(target))
        if isinstance(target, Derivative) and not block.ways:
            return f"{of} by itself" if of == by else f"No way leads from {by} to {of}"
        count = len(block.ways) + block.more + block.zero
        if count > 1:
            none = f"; {block.zero} give{'s' * (block.zero == 1)} 0" if block.zero else ""
            return f"From {by} to {of}: {ways(count)}, added up{none}"
        trail = block.ways[0].trail
        path, last = self.trail(trail), self.write(trail[-1])
        if isinstance(target, Via):
            return f"By way of {self.write(target.through)}: {path}"
        if isinstance(target, Path) and self.is_one_way(target):
            return f"Directly: {path}"
        if block.on > 1:
            return f"One way to {last}, where {block.on} begin: {path}"
        if block.on:
            return f"One way to {last}, and on from there: {path}"
        return f"One way: {path}" if last == of else f"One way, which ends at {last}: {path}"

    def trail(self, nodes: Iterable[Element]) -> str:
        return (" -> " if self.layout.ascii else " → ").join(map(self.write, nodes))

    # ── what is given ──

    def givens(self, given: Sequence[Quantity]) -> Iterator[Line]:
        """What a page's lines read that nothing computes, under its titles."""
        yield (Span("Given", "heading"),)
        for role, title in TITLES:
            texts = [f"{self.write(q.target)} = {self.inline(q.value)}" for q in given if self.role(q) == role]
            for number, line in enumerate(run_on(texts, self.layout.width - 14) if texts else ()):
                yield Span(padded("" if number else f"  {title}", 14), "layer"), Span(line)

    def role(self, given: Quantity) -> str:
        assert isinstance(given.target, Element)
        name = given.target.name
        if name in self.view.graph.givens:
            return self.view.graph.givens[name].role
        return "rate" if name == RATE else "state" if name in self.view.graph.states else "counter"


def ways(count: int) -> str:
    """A number of ways in words.

    >>> ways(1), ways(2)
    ('1 way', '2 ways')
    """
    return f"{count} way{'s' * (count != 1)}"
