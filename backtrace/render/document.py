"""The report as a document: headings, worked lines and tables in order, their formulas in a notation, words as text.

Every page that is typeset (Markdown, LaTeX, HTML) lays out these same items; what stands in them is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from backtrace.errors import visible
from backtrace.expressions import Element, Expr, Num, Ref
from backtrace.graph import RATE
from backtrace.keys import Part, sample_of
from backtrace.ops.base import ELLIPSIS
from backtrace.quantities import Quantity
from backtrace.records import dataclass
from backtrace.render.formulas import Formulas, Layout, is_readable, same_text
from backtrace.render.heads import conventions, dropped_keys
from backtrace.render.notation import Notation
from backtrace.render.rates import rate_table
from backtrace.render.sentences import EXAMPLES, Sentences, chosen_views
from backtrace.render.typeset import Typeset
from backtrace.report import Equations, Rows, Section, Table, sections
from backtrace.report.course import final_values, loss_epochs, updates_made
from backtrace.trace import Trace

MOST_FINAL: Final = 60
"""So many final values are listed."""


@dataclass(frozen=True)
class Figure:
    """A number as the shared rule writes it, with its key; a ``blank`` of a worksheet by its number, from 1."""

    text: str
    key: str = ""
    blank: int = 0


@dataclass(frozen=True)
class Heading:
    """A heading of a level from 1, the title, to 4: words, then formulas, then words."""

    level: int
    text: str
    formulas: tuple[str, ...] = ()
    aside: str = ""

    def line(self, words: Callable[[str], str], formula: Callable[[str], str]) -> str:
        """All of it in one line, words and formulas as a page writes them; of a step its parameters and its layer.

        >>> Heading(3, "Step 1", ("U", "b"), "Output layer").line(str.upper, "${}$".format)
        'STEP 1: $U$, $b$ (OUTPUT LAYER)'
        """
        formulas = ", ".join(map(formula, self.formulas))
        aside = f" ({words(self.aside)})" if self.aside else ""
        return words(self.text) + (f": {formulas}" if formulas else "") + aside


@dataclass(frozen=True)
class Remark:
    """Words below a heading or a table: conventions, what is left out."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Formulas that run on, under a title: given values, array equations, final values."""

    title: str
    formulas: tuple[str, ...]


@dataclass(frozen=True)
class Worked:
    """A worked line: name, formula, formula with numbers (each may be empty), value."""

    label: str
    formula: str
    numbers: str
    value: Figure | None


@dataclass(frozen=True)
class Derivation:
    """Worked lines, aligned at the sign of equality; array equations have no value."""

    lines: tuple[Worked, ...]
    title: str = ""


@dataclass(frozen=True)
class Grid:
    """A table of numbers: a heading a column, a label a row; a formula above, formulas and words below."""

    heads: tuple[str, ...]
    labels: tuple[str, ...]
    body: tuple[tuple[Figure, ...], ...]
    caption: str = ""
    below: tuple[str, ...] = ()
    title: str = ""


Item: TypeAlias = Heading | Remark | Facts | Derivation | Grid


def document(trace: Trace, layout: Layout, notation: Notation) -> Iterator[Item]:
    """The items of a report, in order; a worksheet ends before the training, which would tell what is left blank."""
    pages = Pages(layout, trace.epochs[0], notation=notation)
    yield from pages.opening(trace)
    several = len(trace.epochs) > 1 or (layout.hidden is not None and layout.epochs != ((1, 1),))
    for view, left_out in chosen_views(trace, layout):
        page = replace(pages, view=view)
        if left_out:
            yield Remark(page.say("updates more", n=len(left_out), first=left_out[0].text()))
        yield from page.epoch(several)
    if layout.choice.only or layout.choice.sections or layout.hidden:
        return
    if len(trace.losses) > 1 and trace.graph.has_loss:
        yield from replace(pages, view=trace.epochs[-1]).training(trace)
    if trace.rates:
        yield pages.rates(trace)


@dataclass(frozen=True)
class Pages(Typeset, Sentences):
    """Makes the items of one epoch."""

    @property
    def plainly(self) -> Formulas:
        """Writes formulas within words."""
        return Formulas(self.layout, self.view)

    # ── numbers ──

    def figure(self, quantity: Quantity, given: bool = False) -> Figure:
        """A quantity's number, or its blank; a given one as short as it was given."""
        numbers = self.layout.numbers
        text = numbers.inline(quantity.value) if given else numbers.value(quantity.value)
        return Figure(text, quantity.key, self.blank(quantity))

    def blank(self, quantity: Quantity) -> int:
        """The number of a quantity's blank; 0 where it is shown."""
        return self.layout.hidden(quantity) if self.layout.hidden else 0

    def unsaid(self, quantities: Iterable[Quantity]) -> bool:
        """Whether formulas are left out because some of these are blank."""
        return not self.layout.formulas and any(map(self.blank, quantities))

    def number_leaf(self, leaf: Expr) -> str:
        if self.layout.hidden and isinstance(leaf, Ref) and leaf is not ELLIPSIS:
            blank = self.blank(self.view.quantity(leaf.key))
            if blank:
                return self.notation.blank(blank)
        return super().number_leaf(leaf)

    def worked(self, quantity: Quantity) -> Worked:
        """A quantity as a worked line; what is a single name or number needs no second writing."""
        writer = self.within(self.term_of(quantity.target))
        label, expr = writer.label(quantity.target), self.shown_formula(quantity)
        if expr is None:
            return Worked(label, "", "", self.figure(quantity, given=True))
        if self.unsaid([quantity]):
            return Worked(label, "", "", self.figure(quantity))
        formula = writer.formula(expr)
        numbers = "" if isinstance(expr, Ref | Num) else writer.with_numbers(expr)
        return Worked(label, "" if same_text(formula, label) else formula, numbers, self.figure(quantity))

    # ── the head ──

    def opening(self, trace: Trace) -> Iterator[Item]:
        """The title, which a fragment has not, the learning rate and the conventions."""
        if not self.layout.fragment:
            yield Heading(1, visible(trace.graph.title) or "backtrace")
        yield from (Facts(self.say("rate"), (rate,)) for rate in self.rate())
        yield Remark("; ".join(conventions(trace, self.plainly)))
        yield from map(Remark, dropped_keys(self.plainly))
        if self.layout.note:
            yield Remark(self.layout.note)

    def rate(self) -> Iterator[str]:
        """The learning rate as an equation; none where there is none, or where a list of them is compared."""
        graph = self.view.graph
        if RATE in graph.equations:
            yield self.equal(*self.equation(graph.equations[RATE]))
        elif graph.learning_rate is not None and graph.trained:
            yield self.equal(self.array(RATE), self.inline(graph.learning_rate))

    # ── one epoch ──

    def epoch(self, several: bool) -> Iterator[Item]:
        """The sections of an epoch, under its number where there are several."""
        made = sections(self.view, self.layout.choice)
        if several:
            yield Heading(2, self.moment())
        for section in made:
            yield from self.section(section, 3 if several else 2)

    def section(self, section: Section, level: int) -> Iterator[Item]:
        """A section under a heading of a level."""
        title = self.words.written(section.title)
        layer = self.layer(section.layer)
        yield Heading(level, title, tuple(map(self.array, section.parameters)), layer if section.parameters else "")
        unsaid = self.unsaid(one for block in section.blocks for one in block.quantities())
        for block in section.blocks:
            if isinstance(block, Rows) and section.name == "given":
                yield from self.given(block)
            elif isinstance(block, Rows):
                yield from self.rows(block, level + 1)
            elif isinstance(block, Table):
                yield from self.table(block)
            elif not unsaid:
                yield from self.equations(block)

    def equations(self, block: Equations) -> Iterator[Item]:
        """The array equations of a step."""
        readable = [equation for equation in block.equations if is_readable(self.readable(equation.expr))]
        if readable:
            lines = (Worked(*self.equation(equation), "", None) for equation in readable)
            yield Derivation(tuple(lines), self.say("as arrays"))

    # ── rows ──

    def given(self, block: Rows) -> Iterator[Item]:
        """Given values; with samples a column for each."""
        title = self.words.title(block.title)
        several = [line for line in block.lines if len(line) > 1]
        if several:
            yield self.sample_columns(several, title)
            yield from self.samples_left_out(max(map(len, several)))
        single = [line[0] for line in block.lines if len(line) == 1]
        formulas = [self.equal(self.label(one.target), self.inline(one.value)) for one in single]
        formulas += map(self.given_array, block.arrays)
        if formulas:
            yield Facts("" if several else title, tuple(formulas))

    def given_array(self, name: str) -> str:
        """A given array too large to list: its name and its size."""
        type = self.view.graph.types[name]
        samples = [self.view.graph.samples or 1] if type.sampled else []
        return self.array(name) + self.notation.in_space([*samples, *type.shape])

    def samples_left_out(self, shown: int) -> Iterator[Item]:
        more = self.more_samples(shown)
        if more:
            yield Remark(f"… {self.say('samples more', n=more)}")

    def rows(self, block: Rows, level: int) -> Iterator[Item]:
        """The rows of a block; a layer has a heading of a level."""
        if block.title:
            yield Heading(level, self.layer(block.title))
        texts = () if self.unsaid(block.quantities()) else tuple(self.array_equations(block))
        if texts:
            yield Facts("", texts)
        several = [line for line in block.lines if len(line) > 1]
        if several:
            yield self.sample_columns(several)
            yield from self.samples_left_out(len(several[0]))
            yield from self.example(several[: EXAMPLES if block.more else None])
        single = tuple(self.worked(line[0]) for line in block.lines if len(line) == 1)
        if single:
            yield Derivation(single)
        yield from self.remainder(block)

    def example(self, several: Sequence[Sequence[Quantity]]) -> Iterator[Item]:
        """The worked lines of the first sample, of what has more in its formula than a name."""
        worked = (replace(self, of_any_sample=True).worked(line[0]) for line in several)
        lines = tuple(line for line in worked if line.numbers)
        if lines:
            yield Derivation(lines, self.say("with numbers", number=(self.layout.choice.sample or 0) + 1))

    def remainder(self, block: Rows) -> Iterator[Item]:
        """How many rows are left out."""
        if block.more and block.rest and not self.layout.hidden:
            total = self.layout.numbers.value(block.rest)
            yield Remark(f"… {self.say('rows more with sum', n=block.more, sum=total)}")
        elif block.more:
            yield Remark(f"… {self.say('rows more', n=block.more)}")
        if block.zero:
            yield Remark(self.say("ways more", n=block.zero))
        if block.note:
            yield Remark(self.say(block.note))

    def sample_columns(self, several: Sequence[Sequence[Quantity]], title: str = "") -> Grid:
        """A column for each sample."""
        any_sample = replace(self, of_any_sample=True)
        lefts = [(any_sample.worked(line[0]), self.unsaid(line)) for line in several]
        labels = tuple(
            self.equal(one.label, one.formula) if one.formula and not unsaid else one.label for one, unsaid in lefts
        )
        heads = tuple(self.notation.words(f"#{(sample_of(one.target) or 0) + 1}") for one in several[0])
        given = [self.shown_formula(line[0]) is None for line in several]
        body = (tuple(self.figure(q, short) for q in line) for line, short in zip(several, given, strict=True))
        return Grid(heads, labels, tuple(body), title=title)

    # ── tables ──

    def table(self, table: Table) -> Iterator[Item]:
        """A row a parameter: the factors, the derivative, the old and the new value."""
        heads = [self.head(head.target) for head in table.heads]
        body = [
            tuple(self.figure(one, table.heads[k].target == Part(table.stem)) for k, one in enumerate(row.cells))
            for row in table.rows
        ]
        labels = tuple(self.label(row.label.target) for row in table.rows)
        unsaid = self.unsaid(table.quantities())
        updates = () if unsaid else tuple(self.update_text(equation, table) for equation in table.updates)
        yield Grid(tuple(heads), labels, tuple(body), "" if unsaid else self.product(table, heads), updates)
        if table.each:
            yield from self.samples_left_out(table.factors)
        if table.more:
            yield Remark(f"… {self.say('rows more', n=table.more)}")

    # ── training ──

    def training(self, trace: Trace) -> Iterator[Item]:
        """The loss by epoch, and the final values."""
        epochs = loss_epochs(len(trace.losses))
        name = self.array(trace.graph.objective or "")
        numbers = self.layout.numbers
        yield Heading(2, self.trained(trace))
        losses = tuple((Figure(numbers.value(float(trace.losses[epoch - 1]))),) for epoch in epochs)
        labels = tuple(self.notation.number(str(epoch)) for epoch in epochs)
        yield Grid((name,), labels, losses, caption=self.loss_heading(trace.graph))
        final = final_values(trace)
        shown = (self.equal(self.old_label(key), self.value(self.view.number(key))) for key in final[:MOST_FINAL])
        yield Heading(3, self.say("final values", n=updates_made(trace)))
        yield Facts("", tuple(shown))
        if len(final) > MOST_FINAL:
            yield Remark(f"… {self.say('more', n=len(final) - MOST_FINAL)}")

    def old_label(self, key: Element) -> str:
        """The name of a new value without its mark."""
        return self.label(key._replace(name=key.name.removesuffix("+")))

    def rates(self, trace: Trace) -> Item:
        """Several learning rates side by side."""
        heads, labels, body = rate_table(trace, self)
        figures = (tuple(map(Figure, cells)) for cells in body)
        return Grid(tuple(heads), tuple(labels), tuple(figures), title=self.say("rates"))
