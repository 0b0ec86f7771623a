"""Formulas, numbers and names as text: how a quantity is written, the same in every place of a report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from backtrace.expressions import PLAIN, UNICODE, Call, Element, Expr, Name, Num, Ref, Style, to_text, walk
from backtrace.graph import Equation
from backtrace.keys import Derivative, Part, Path, Target, Via
from backtrace.labels import derivative_text
from backtrace.ops import TABLE
from backtrace.ops.base import ELLIPSIS
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.render.lines import Entry
from backtrace.render.numbers import Numbers, ascii_number
from backtrace.report import Choice, Rows
from backtrace.report.alike import Run, parts_of
from backtrace.report.listing import SEVERAL
from backtrace.schedule import Keep
from backtrace.words import ENGLISH, Value, Words

READABLE_ASCII = replace(PLAIN, exact=False, first=1)
"""Plain text counted from 1, without the brackets that only reading it back would need."""
ROW_OF_ONES = Ref("a row of ones, which repeats a column")
Hidden: TypeAlias = Callable[[Quantity], int]
"""The number of the blank that a quantity is left as; 0 where it is shown."""


@dataclass(frozen=True)
class Layout:
    """How wide the text may be, how numbers are written, and what is shown."""

    width: int = 80
    numbers: Numbers = field(default_factory=Numbers)
    ascii: bool = False
    choice: Choice = field(default_factory=Choice)
    epochs: tuple[Keep, ...] | None = None
    words: Words = ENGLISH
    fragment: bool = False
    """Of a document only what stands in it, for another document."""
    hidden: Hidden | None = field(default=None, repr=False)
    """What a worksheet leaves blank; without it everything is shown."""
    formulas: bool = True
    """Whether what is left blank has its formula."""
    note: str = ""
    """Words below the title: what is to be done with the page."""


@dataclass(frozen=True)
class Formulas:
    """Writes the quantities of one epoch in one layout.

    Within the formula of a way through one ``term`` of the objective, factors are those of the term: ∂E₁/∂h₁ =
    ∂E₁/∂o₁ · …, which is the same number.
    """

    layout: Layout
    view: View
    term: Element | None = None

    @property
    def style(self) -> Style:
        return READABLE_ASCII if self.layout.ascii else UNICODE

    def label(self, target: Target) -> str:
        """A quantity's name; a way through one term of the objective by that term."""
        if isinstance(target, Via):
            return self.way_label(target)
        if isinstance(target, Path):
            return self.path_label(target)
        return self.write(target)

    def write(self, target: Target) -> str:
        """The key of a target in the layout's signs."""
        keys = self.view.keys
        return keys.text(target) if self.layout.ascii else keys.pretty(target)

    def path_label(self, path: Path) -> str:
        """A factor by its ends; one that begins at the term at hand by that."""
        if self.term in path.nodes[1:-1]:
            return self.write(Path(path.nodes[path.nodes.index(self.term) :]))
        return self.phrase("directly", whole=self.write(path)) if self.is_one_way(path) else self.write(path)

    def is_one_way(self, path: Path) -> bool:
        """Whether a path is not the only one between its ends, so that its name alone would mean all ways."""
        of, through, by = path.nodes[0], path.nodes[-2], path.nodes[-1]
        return self.view.chains.is_one_of_several(of, by, through)

    def way_label(self, via: Via) -> str:
        """A way by the term of the objective it goes through, or else by what it enters first."""
        term = self.term_of(via)
        if term is not None:
            return self.write(Derivative(term, via.by))
        whole = self.write(Derivative(via.of, via.by))
        if via.through == via.of:
            return self.phrase("directly", whole=whole)
        return self.phrase("by way of", whole=whole, through=self.write(via.through))

    def phrase(self, id: str, /, **parts: Value) -> str:
        """Words with formulas between them, by their id."""
        return self.layout.words.say(id, **parts)

    def equal(self, left: str, right: str) -> str:
        """An equation of two written sides."""
        return f"{left} = {right}"

    @property
    def times(self) -> str:
        """The sign between factors that are derivatives."""
        return " * " if self.layout.ascii else " · "

    def array(self, name: str) -> str:
        """The name of a whole array."""
        return self.view.keys.array(name, pretty=not self.layout.ascii)

    def head(self, target: Target | str) -> str:
        """The heading of a column: a text, an array, or a derivative between arrays."""
        if isinstance(target, Derivative):
            return self.derivative(*(self.array(end.name) for end in target))
        if isinstance(target, str):
            return self.layout.words.title(target)
        assert isinstance(target, Part)
        return self.array(target.name)

    def derivative(self, of: str, by: str) -> str:
        """A derivative of two written names."""
        return derivative_text(of, by, "d" if self.layout.ascii else "∂")

    def term_of(self, target: Target) -> Element | None:
        """The term of the objective that a way ends in, where each way has its own."""
        chains = self.view.chains
        return chains.own_term(target) if isinstance(target, Via) and target.of == chains.objective else None

    def leaf(self, leaf: Expr) -> str:
        if leaf is ELLIPSIS:
            return self.dots
        if leaf is ROW_OF_ONES:
            return "ones.T" if self.layout.ascii else "1ᵀ"
        if isinstance(leaf, Ref):
            return self.label(leaf.key)
        keys = self.view.keys
        if isinstance(leaf, Name):
            return self.array(leaf.id)
        return keys.label(leaf) if self.layout.ascii else keys.pretty_label(leaf)

    def formula(self, expr: Expr) -> str:
        return to_text(self.elided(expr), self.style, self.leaf)

    def with_numbers(self, expr: Expr) -> str:
        return to_text(self.elided(expr), self.style, self.number_leaf)

    def number_leaf(self, leaf: Expr) -> str:
        if isinstance(leaf, Ref) and leaf is not ELLIPSIS:
            return self.inline(self.view.number(leaf.key))
        return self.leaf(leaf)

    def inline(self, number: float) -> str:
        text = self.layout.numbers.inline(number)
        return ascii_number(text) if self.layout.ascii else text

    def values(self, numbers: npt.NDArray[np.float64]) -> list[str]:
        """Many results."""
        texts = self.layout.numbers.values(numbers)
        return list(map(ascii_number, texts)) if self.layout.ascii else texts

    def inlines(self, numbers: npt.NDArray[np.float64]) -> list[str]:
        """Many numbers within formulas."""
        texts = self.layout.numbers.inlines(numbers)
        return list(map(ascii_number, texts)) if self.layout.ascii else texts

    def value(self, number: float) -> str:
        text = self.layout.numbers.value(number)
        return ascii_number(text) if self.layout.ascii else text

    def elided(self, expr: Expr) -> Expr:
        """Long sums with their first two terms and the last."""
        if not isinstance(expr, Call):
            return expr
        if self.layout.choice.full:
            return expr
        args = expr.args
        if expr.op == "add" and len(args) > SEVERAL:
            args = (*args[:2], ELLIPSIS, args[-1])
        return Call(expr.op, tuple(map(self.elided, args)), expr.options)

    @property
    def dots(self) -> str:
        return "..." if self.layout.ascii else "…"

    def entry(self, quantity: Quantity) -> Entry:
        """A quantity as text; what is a single name or number needs no second writing."""
        writer = self.within(self.term_of(quantity.target))
        return writer.written(self.label(quantity.target), self.shown_formula(quantity), quantity.value)

    def shown_formula(self, quantity: Quantity) -> Expr | None:
        """The formula of a quantity; its long sums need not be written out where they are not shown."""
        return quantity.formula if self.layout.choice.full else quantity.outline(SEVERAL)

    def within(self, term: Element | None) -> Self:
        """The writer of a formula in which factors are those of one term of the objective."""
        return self if term is self.term else replace(self, term=term)

    def written(self, label: str, expr: Expr | None, number: float) -> Entry:
        """A number as text under a label, by a formula."""
        if expr is None:
            return Entry(label, "", "", self.value(number))
        formula = self.formula(expr)
        numbers = "" if isinstance(expr, Ref | Num) else self.with_numbers(expr)
        return Entry(label, "" if same_text(formula, label) else formula, numbers, self.value(number))

    def array_equations(self, block: Rows) -> Iterator[str]:
        """The array equations above the rows of a block, but for those that say what a row or their own name says."""
        # the rows of a run are named by their places, unlike an array
        listed = (line for part in parts_of(block.lines) if not isinstance(part, Run) for line in part)
        entries = [self.entry(line[0]) for line in listed if len(line) == 1]
        said = {self.equal(entry.label, entry.formula) for entry in entries}
        for equation in block.equations:
            left, right = self.equation(equation)
            text = self.equal(left, right)
            if not same_text(left, right) and text not in said:
                yield text

    def equation(self, equation: Equation) -> tuple[str, str]:
        left = self.array(equation.name)
        return left, to_text(self.readable(equation.expr), self.style, self.leaf)

    def readable(self, expr: Expr) -> Expr:
        """The array equation as a book writes it: sums over samples as products of matrices, xᵀ·g for outer.

        What is repeated to a larger shape is written once, or as a column times a row of ones.
        """
        if not isinstance(expr, Call):
            return expr
        if expr.op == "sum_samples" and isinstance(expr.args[0], Call) and expr.args[0].op == "outer":
            expr = expr.args[0]
        args = tuple(map(self.readable, expr.args))
        if expr.op == "expand":
            return _repeated(expr, args[0])
        if expr.op == "outer":
            left, right = args
            if isinstance(left, Name) and left.id in self.view.keys.differentiated:
                return Call("matmul", (left, Call("transpose", (right,))))
            return Call("matmul", (Call("transpose", (left,)), right))
        unsaid: tuple[str, ...] = ("count", "places", "keepdims")
        if expr.op in ("sum", "mean", "max", "min") and _rank(expr.args[0]) < 2:
            unsaid += ("axis",)
        return Call(expr.op, args, tuple(pair for pair in expr.options if pair[0] not in unsaid))


def is_readable(expr: Expr) -> bool:
    """Whether a reader knows every operation of a readable expression."""
    return not any(isinstance(node, Call) and TABLE[node.op].internal for node in walk(expr))


def same_text(one: str, other: str) -> bool:
    """Whether two texts say the same: alike but for brackets round operands and how a half is written.

    >>> same_text("19 - 14·x", "19 - (14·x)"), same_text("a - (b - c)", "a - b - c")
    (True, True)
    """
    bare, same = (re.sub(r"[()]", "", text).replace("½", "0.5") for text in (one, other))
    return bare == same


def _repeated(expr: Call, once: Expr) -> Expr:
    """What stands beside a larger array and is repeated along its rows is written once, a column times a row of 1."""
    axes, shape = expr.option("axis"), expr.option("shape")
    if max(axes, default=0) < len(axes):  # leading axes: an operation on two arrays repeats it by itself
        return once
    if axes == (1,) and len(shape) == 2:
        return Call("matmul", (once, ROW_OF_ONES))
    return Call(expr.op, (once,), expr.options)


def _rank(expr: Expr) -> int:
    return 2 if expr.type is None else len(expr.shape)
