"""Formulas, numbers and names in a notation that is typeset: the same rows as on a terminal, in LaTeX or MathML."""

from __future__ import annotations

from string import Formatter

from backtrace.expressions import Element, Expr, Name, Num, Ref, Style, number_text, to_text
from backtrace.keys import Part, Path, Target, Via
from backtrace.keys.symbols import Symbol, symbol
from backtrace.ops.base import ELLIPSIS
from backtrace.records import dataclass
from backtrace.render.formulas import ROW_OF_ONES, Formulas
from backtrace.render.notation import Notation
from backtrace.render.tex import LATEX
from backtrace.words import Note, Value


@dataclass(frozen=True)
class Typeset(Formulas):
    """Writes the quantities of one epoch in a notation.

    ``of_any_sample`` leaves the mark of the sample out, where a row stands for all samples.
    """

    notation: Notation = LATEX
    of_any_sample: bool = False

    @property
    def style(self) -> Style:
        return self.notation.style

    @property
    def dots(self) -> str:
        return self.notation.dots

    def inline(self, number: float) -> str:
        return self.notation.number(self.layout.numbers.inline(number))

    def value(self, number: float) -> str:
        return self.notation.number(self.layout.numbers.value(number))

    def phrase(self, id: str, /, **parts: Value) -> str:
        made = ""
        for words, part, *_ in Formatter().parse(self.layout.words.template(id, parts)):
            made += self.notation.words(words) if words else ""
            made += self.part(parts[part]) if part else ""
        return made

    def part(self, value: Value) -> str:
        """What stands between words: a formula as it is, a number, or words."""
        if isinstance(value, Note):
            return self.notation.words(self.layout.words.written(value))
        return self.notation.number(str(value)) if isinstance(value, int) else value

    def equal(self, left: str, right: str) -> str:
        return left + self.style.signs["equal"] + right

    @property
    def times(self) -> str:
        return self.notation.product

    def head(self, target: Target | str) -> str:
        if isinstance(target, str):
            return self.notation.words(self.layout.words.title(target))
        return super().head(target)

    # ── names ──

    def write(self, target: Target) -> str:
        if isinstance(target, Element):
            return self.element(target)
        if isinstance(target, Part):
            return self.element(Element(target.name, target.index or (), target.sample))
        if isinstance(target, Via):
            return self.way_label(target)
        of, by = (target.nodes[0], target.nodes[-1]) if isinstance(target, Path) else target[:2]
        return self.derivative(self.write(of), self.write(by))

    def element(self, element: Element) -> str:
        """A number by its name; an element of a gradient as a derivative."""
        keys = self.view.keys
        by = keys.differentiated.get(element.name)
        if by is not None and keys.objective is not None:
            return self.derivative(self.array(keys.objective), self.element(element._replace(name=by)))
        shown = element._replace(sample=None) if self.of_any_sample else element
        return self.symbol(symbol(keys, shown))

    def symbol(self, found: Symbol) -> str:
        """A name with its scripts; what an optimiser remembers with its parameter in brackets."""
        notation = self.notation
        upper = ([f"({found.sample})"] if found.sample else []) + ["+"] * found.new
        if found.formula is not None:
            inner = notation.brackets(to_text(found.formula, self.style, self.leaf))
            return notation.scripts(inner, found.below, upper) if found.below or upper else inner
        base = notation.letter(found.stem)
        made = notation.scripts(notation.hat(base) if found.hat else base, found.below, upper)
        return made if found.of is None else made + notation.brackets(self.symbol(found.of))

    def array(self, name: str) -> str:
        return self.element(Element(name))

    def derivative(self, of: str, by: str) -> str:
        return self.notation.derivative(of, by)

    def leaf(self, leaf: Expr) -> str:
        if leaf is ELLIPSIS:
            return self.dots
        if leaf is ROW_OF_ONES:
            return self.notation.ones
        if isinstance(leaf, Ref):
            return self.label(leaf.key)
        if isinstance(leaf, Name):
            return self.array(leaf.id)
        assert isinstance(leaf, Num)
        return self.notation.number(number_text(leaf.value))
