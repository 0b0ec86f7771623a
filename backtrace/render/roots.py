"""A figure that is wrong by itself, in full: how it comes about, what was printed, and which slip that looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from decimal import Decimal
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, Final

from backtrace.comparison import Diff, Judged
from backtrace.comparison.slips import Diagnosis, Slip
from backtrace.comparison.slips.steps import Node
from backtrace.errors import shortened
from backtrace.evaluating import evaluated
from backtrace.expressions import Expr, Ref
from backtrace.keys import Path
from backtrace.quantities import Quantity
from backtrace.records import dataclass
from backtrace.render.figure_texts import computed_text, decimals
from backtrace.render.formulas import Formulas, Layout
from backtrace.render.lines import Entry, Line, Span, aligned, cells, natural_edge, padded, wrapped, wrapped_formula
from backtrace.render.numbers import Numbers, ascii_number

TOKEN: Final = re.compile(r"[\w∂⁺₀-₉.#@]+|\s+|.")
"""What counts as one sign where two formulas are told apart."""
MOST_READINGS: Final = 4
"""Of a tie so many are shown."""
RIGHT, FITS = "right", "fits"
IN_ASCII: Final = str.maketrans({"½": "1/2", "δ": "delta", "η": "eta", "−": "-", "·": "*", "×": "*"})


@dataclass(frozen=True)
class Roots:
    """Writes the figures that are wrong by themselves."""

    diff: Diff
    layout: Layout

    @cached_property
    def printed(self) -> Mapping[Node, Judged]:
        """The figures of the sheet by what they are of; of several printings the first."""
        found: dict[Node, Judged] = {}
        for row in self.diff.rows:
            if row.quantity is not None:
                found.setdefault(self.diff.search.workings.node(row), row)
        return found

    def block(self, diagnosis: Diagnosis, title: str, where: str) -> Iterator[Line]:
        """The whole of one: formula, numbers as printed, what they give, what was printed, the slip, what follows."""
        row = diagnosis.root
        heading = f"{title}: {self.label(row)}"
        if cells(heading + where) <= self.layout.width:
            yield Span(heading, "heading"), Span(where, "dim")
        else:
            yield from ((Span(line, "heading"),) for line in wrapped(heading, self.layout.width))
            yield (Span(where, "dim"),)
        yield from self.calculation(row)
        yield from self.slips(diagnosis)
        yield from self.consequences(diagnosis)

    def label(self, row: Judged) -> str:
        """The figure's key as a reader likes it."""
        assert row.quantity is not None
        return self.short(Formulas(self.layout, row.quantity.view).label(row.quantity.target)) + row.mark

    def short(self, label: str) -> str:
        """A name of at most half a line: unnamed nodes are called by their formulas."""
        return self.ascii(shortened(label, self.layout.width // 2))

    # ── how it comes about ──

    def calculation(self, row: Judged) -> Iterator[Line]:
        """The formula, with the numbers of the sheet where it has them, what that gives, and what was printed."""
        assert row.quantity is not None
        writer = self.writer(row)
        formula = spelled_out(row.quantity)
        gives = row.value / row.scale
        if formula is not None:
            gives = self.rounded(evaluated(formula, lambda key: self.number(writer, key)))
        entry = writer.explained(row.quantity, formula)
        entries = [replace(entry, value=self.ascii(computed_text(row.figure, gives)))]
        gives *= row.scale
        if row.scale != 1:
            times = "*" if self.layout.ascii else "×"
            entries.append(Entry("by convention", f"{times} {row.scale:g}", "", computed_text(row.figure, gives)))
        entries.append(Entry("printed", "", "", self.ascii(row.figure.printed)))
        entries.append(Entry("off by", "", "", self.ascii(computed_text(row.figure, row.figure.value - gives))))
        yield from aligned(entries, self.layout.width, natural_edge(entries, self.layout.width))
        if formula is None:
            setting = f"{row.quantity.key}={row.figure.printed}"
            yield from self.text(f"It is given in the config; --set {setting} compares with the other value.", "dim")

    def writer(self, row: Judged) -> Sheet:
        """Writes formulas with the numbers that the sheet has."""
        assert row.quantity is not None
        digits = max(self.layout.numbers.digits, decimals(row.figure) or 0)
        view = self.diff.book.sheet(row.quantity.view)
        return Sheet(replace(self.layout, numbers=Numbers(digits)), view, roots=self, row=row)

    def rounded(self, value: float) -> float:
        """A result as it is used on: who rounds on the way prints it like that."""
        rounding = self.diff.trace.rounding
        return value if rounding is None else rounding.rounded(Decimal(repr(value)))

    def number(self, writer: Sheet, key: Any) -> float:
        """The number of an operand: as the sheet has it, else as it is computed."""
        printed = self.as_printed(writer, key)
        return writer.view.number(key) if printed is None else printed.figure.value / printed.scale

    def as_printed(self, writer: Sheet, key: Any) -> Judged | None:
        """What the sheet prints of an operand; a symbol that is the operand itself prints no other number."""
        steps = self.diff.search.workings.steps
        found = self.printed.get(steps.node(self.diff.book.sheet(writer.view), key))
        return None if found is writer.row else found

    def ascii(self, text: str) -> str:
        return ascii_number(text).replace("…", "...") if self.layout.ascii else text

    # ── slips ──

    def slips(self, diagnosis: Diagnosis) -> Iterator[Line]:
        """The sentence of each reading, and the formula as it should be beside the one that fits."""
        if not diagnosis.slips:
            return
        yield ()
        several = len(diagnosis.slips) > 1
        if several:
            yield from self.text("Consistent with one of these; the figures do not tell them apart:", "layer")
        for slip in diagnosis.slips[:MOST_READINGS]:
            yield from self.sentence(slip, "- " if several else "Consistent with this: ", diagnosis.root)
            yield from self.beside(slip, diagnosis.root)
        if len(diagnosis.slips) > MOST_READINGS:
            yield (Span(f"  {len(diagnosis.slips) - MOST_READINGS} more readings", "dim"),)

    def sentence(self, slip: Slip, before: str, root: Judged) -> Iterator[Line]:
        assert root.quantity is not None
        view = slip.node.view if slip.node else root.quantity.view
        writer = Formulas(self.layout, view)
        yield from self.text(f"{before}{slip.words(lambda target: self.short(writer.label(target)))}.", "layer")

    def text(self, text: str, role: str = "") -> Iterator[Line]:
        """A sentence, indented, with further lines indented more."""
        plain = text.translate(IN_ASCII) if self.layout.ascii else text
        for number, line in enumerate(wrapped(plain, self.layout.width - 4)):
            yield (Span(("    " if number else "  ") + line, role),)

    def beside(self, slip: Slip, root: Judged) -> Iterator[Line]:
        """Both formulas, one above the other, with a mark under what differs; of a slip of the pen there are none."""
        texts = self.formulas(slip, root)
        for name, text, mark in zip((RIGHT, FITS), texts, differing(*texts) if texts else (), strict=False):
            yield from self.marked(name, text, mark)

    def formulas(self, slip: Slip, root: Judged) -> list[str]:
        """The formula as it should be and the one that fits; of a procedure the first equation that differs."""
        assert root.quantity is not None
        if slip.equations:
            writer = Formulas(self.layout, root.quantity.view)
            return [" = ".join(writer.equation(equation)) for equation in slip.equations]
        if slip.node is None or slip.right is None or slip.fits is None:
            return []
        writer = Formulas(self.layout, slip.node.view)
        label = writer.label(slip.node.target)
        return [f"{label} = {writer.formula(expr)}" for expr in (slip.right, slip.fits)]

    def marked(self, name: str, text: str, mark: str) -> Iterator[Line]:
        head = f"    {padded(name, len(RIGHT))}  "
        if len(head) + cells(text) > self.layout.width:
            for number, line in enumerate(wrapped_formula(text, self.layout.width - len(head))):
                yield (Span((" " * len(head) if number else head) + line),)
            return
        yield Span(head, "dim"), Span(text)
        if mark.strip():
            yield (Span(" " * len(head) + mark, "bad"),)

    # ── what follows ──

    def consequences(self, diagnosis: Diagnosis) -> Iterator[Line]:
        """How many later figures it explains."""
        also, carried = len(diagnosis.explains), len(diagnosis.carried)
        if also:
            more = f" and {also - 3:,} more" if also > 3 else ""
            names = ", ".join(map(self.label, diagnosis.explains[:3])) + more
            verb = "differs" if also == 1 else "differ"
            yield from self.text(f"It gives {_figures(also)} that {verb} as well: {names}.")
        if carried == 1:
            yield from self.text("One later figure follows from it: that step is right.")
        elif carried:
            yield from self.text(f"{carried:,} later figures follow from it: those steps are right.")


@dataclass(frozen=True)
class Sheet(Formulas):
    """Writes the numbers within formulas as the sheet has them."""

    roots: Roots = field(kw_only=True)
    row: Judged = field(kw_only=True)

    def explained(self, quantity: Quantity, formula: Expr | None) -> Entry:
        """A quantity by a formula, with the term that it is of as the subject."""
        writer = replace(self, term=self.term_of(quantity.target))
        return writer.written(self.label(quantity.target), formula, quantity.value)

    def number_leaf(self, leaf: Expr) -> str:
        """The printed figure of an operand, else its computed value."""
        printed = (
            self.roots.as_printed(self, leaf.key) if isinstance(leaf, Ref) and isinstance(leaf.key, tuple) else None
        )
        if printed is None or printed.scale != 1:
            return super().number_leaf(leaf)
        return self.roots.ascii(printed.figure.printed.strip())


def spelled_out(quantity: Quantity) -> Expr | None:
    """A quantity's formula; where it is one chain of factors that is called like itself, that of the chain."""
    formula = quantity.formula
    while isinstance(formula, Ref) and isinstance(formula.key, Path):
        formula = Quantity(quantity.view, formula.key).formula
    return formula


def _figures(count: int) -> str:
    return "one later figure" if count == 1 else f"{count} later figures"


def differing(right: str, fits: str) -> tuple[str, str]:
    """Lines of marks: under what is missing in the second text, and under what is there instead.

    >>> differing("z = W·x + b", "z = W·x")
    ('       ^^^^', '')
    >>> differing("a = f(h)", "a = f(z)")
    ('', '      ^')
    """
    old, new = TOKEN.findall(right), TOKEN.findall(fits)
    marks = [[" " * cells(token) for token in tokens] for tokens in (old, new)]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "delete":
            marks[0][a:b] = ["^" * cells(token) for token in old[a:b]]
        elif tag != "equal":
            marks[1][c:d] = ["^" * cells(token) for token in new[c:d]]
    first, second = ("".join(mark).rstrip() for mark in marks)
    return first, second
