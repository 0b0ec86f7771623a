"""Many rows that are alike, written at once: the pattern of one, with whole columns of names and numbers put into it.

How a row is written is said in ``formulas.py`` alone: a pattern is what that makes of marks for names and of stand-ins
for numbers. Three rows of every column are held against those that are written by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from backtrace.expressions import Call, Expr, Num, Ref, to_text, walk
from backtrace.keys import FIRST_MARK, LAST_MARK, Target
from backtrace.keys.lanes import UnlikeError, lanes_of
from backtrace.quantities import Quantity
from backtrace.records import dataclass
from backtrace.render.formulas import Formulas, same_text
from backtrace.render.lines import Entry
from backtrace.report.alike import Places, Run, RunsOfRows, single
from backtrace.report.listing import SEVERAL

Texts: TypeAlias = Sequence[str]
Leaf: TypeAlias = Callable[[Expr], str]
STAND_INS: Final = ("7{:04}.2500000007", "-8{:04}.2500000007", "7{:04}.2500000007e-99", "-8{:04}.2500000007e-99")
"""Of numbers in a pattern: positive and negative ones, the same with a power of ten."""
REST, REST_TEXT = Ref("the other terms of a sum"), "x"


def run_entries(writer: Formulas, run: Run) -> list[Entry]:
    """The entries of a run, as ``Formulas.entry`` writes each of them."""
    try:
        columns = [Columns(writer, run.places).entries(quantity) for quantity in run.quantities]
    except UnlikeError:
        return [writer.entry(quantity) for (quantity,) in run]
    return [entry for row in zip(*columns, strict=True) for entry in row]


def run_equalities(writer: Formulas, run: Run) -> list[str]:
    """Names with their values, as they were given."""
    columns, (quantity,) = Columns(writer, run.places), run.quantities
    try:
        labels = columns.labels(quantity.target)
    except UnlikeError:
        labels = [writer.label(one.target) for (one,) in run]
    return list(map(" = ".join, zip(labels, columns.inlines(quantity), strict=True)))


def table_columns(writer: Formulas, rows: RunsOfRows, given: Sequence[bool]) -> tuple[list[str], list[list[str]]]:
    """The labels of a table's rows and its columns; those that are ``given`` as short as they were.

    Raises:
        UnlikeError: they do not look alike.
    """
    labels: list[str] = []
    found: list[list[str]] = [[] for _ in given]
    for run in rows.runs:
        columns = Columns(writer, run.places)
        labels += columns.labels(run.label.target)
        for texts, cell, short in zip(found, run.cells, given, strict=True):
            texts += columns.inlines(cell) if short else columns.values(cell)
    for number in some(len(labels)):
        row = rows[number]
        cells = [writer.inline(q.value) if s else writer.value(q.value) for q, s in zip(row.cells, given, strict=True)]
        if [labels[number], *(texts[number] for texts in found)] != [writer.label(row.label.target), *cells]:
            raise UnlikeError
    return labels, found


@dataclass(frozen=True)
class Columns:
    """Writes what is alike at all places, a column at a time.

    Its methods raise an ``UnlikeError`` where it does not look alike.
    """

    writer: Formulas
    places: Places

    def entries(self, quantity: Quantity) -> list[Entry]:
        """The entries of a quantity at every place."""
        writer = self.writer.within(self.writer.term_of(quantity.target))
        found = Columns(writer, self.places).written(quantity)
        if any(found[k] != self.writer.entry(single(quantity, self.places[k])) for k in some(len(found))):
            raise UnlikeError
        return found

    def written(self, quantity: Quantity) -> list[Entry]:
        """The same, within a term of the objective."""
        labels, expr = self.labels(quantity.target), quantity.formula
        formulas = numbers = [""] * len(labels)
        if expr is not None:
            formulas = self.texts(expr, self.named)
            formulas = [""] * len(labels) if same_text(formulas[0], labels[0]) else formulas
            numbers = numbers if isinstance(expr, Ref | Num) else self.texts(expr, self.numbered)
        return list(map(Entry, labels, formulas, numbers, self.values(quantity)))

    def labels(self, target: Target) -> list[str]:
        """The names of a target."""
        return self.filled(self.writer.label(target))

    def values(self, quantity: Quantity) -> list[str]:
        """The values of a quantity as results."""
        return self.writer.values(self.places.numbers(quantity))

    def inlines(self, quantity: Quantity) -> list[str]:
        """The values of a quantity as short as they were given."""
        return self.writer.inlines(self.places.numbers(quantity))

    # ── formulas ──

    def texts(self, expr: Expr, write: Callable[[Expr], list[str]]) -> list[str]:
        """A formula at every place; a long sum term by term."""
        first, *others = _terms(expr)
        if len(others) < SEVERAL:
            return write(expr)
        sign = self.writer.style.signs["add"]
        start = [text.removesuffix(f"{sign}{REST_TEXT}") for text in write(Call("add", (first, REST)))]
        terms = [[text.removeprefix(REST_TEXT) for text in write(Call("add", (REST, term)))] for term in others]
        return list(map("".join, zip(start, *terms, strict=True)))

    def leaf(self, leaf: Expr) -> str:
        """A name in a pattern; of what has lanes with a mark."""
        return REST_TEXT if leaf is REST else self.writer.leaf(leaf)

    def named(self, expr: Expr) -> list[str]:
        """A formula with names."""
        return self.filled(to_text(expr, self.writer.style, self.leaf))

    def filled(self, text: str) -> list[str]:
        """A text with the names of elements in the place of their marks."""
        keys, places = self.writer.view.keys, self.places
        marks = MARK.findall(text)
        if not marks:
            return [text] * len(places)
        columns = [places.spread(*keys.column(mark, not self.writer.layout.ascii)).tolist() for mark in marks]
        pattern = MARK.sub("%s", text.replace("%", "%%"))
        return list(map(pattern.__mod__, zip(*columns, strict=True)))

    def numbered(self, expr: Expr) -> list[str]:
        """A formula with numbers: a pattern for each way in which their signs fall."""
        leaves = [ref for ref in dict.fromkeys(_refs(expr)) if ref is not REST and lanes_of(ref.key)]
        columns = [self.inlines(self.writer.view.quantity(ref.key)) for ref in leaves]
        if not leaves:
            return [self.pattern(expr, (), ())[0]] * len(self.places)
        kinds = list(zip(*(map(_kind, column) for column in columns), strict=True))
        patterns = {kind: self.pattern(expr, leaves, kind) for kind in set(kinds)}
        rows = zip(*columns, strict=True)
        return [_put(*patterns[kind], row) for kind, row in zip(kinds, rows, strict=True)]

    def pattern(self, expr: Expr, leaves: Sequence[Ref], kinds: Sequence[int]) -> tuple[str, tuple[int, ...]]:
        """A formula with numbers that has places for those of some leaves, and which stands in each."""
        stand_ins = {ref: STAND_INS[kind].format(k) for k, (ref, kind) in enumerate(zip(leaves, kinds, strict=True))}

        def write(leaf: Expr) -> str:
            if leaf is REST:
                return REST_TEXT
            return stand_ins.get(leaf) or self.writer.number_leaf(leaf) if isinstance(leaf, Ref) else self.leaf(leaf)

        text = to_text(expr, self.writer.style, write)
        found = STAND_IN.findall(text) if leaves else []
        return STAND_IN.sub("%s", text.replace("%", "%%")) if found else text, tuple(map(int, found))


STAND_IN: Final = re.compile(r"(?:-8|7)(\d{4})\.2500000007(?:e-99)?")
MARK: Final = re.compile(f"[{FIRST_MARK}-{LAST_MARK}]")


def some(count: int) -> list[int]:
    """The numbers of the rows that are held against single ones."""
    return sorted({0, count // 3, count - 1})


def _terms(expr: Expr) -> list[Expr]:
    """The terms of a sum from left to right."""
    if not isinstance(expr, Call) or expr.op != "add":
        return [expr]
    return [*_terms(expr.args[0]), *expr.args[1:]]


def _put(pattern: str, order: Sequence[int], row: Sequence[str]) -> str:
    """A pattern with the numbers of a row."""
    return pattern % tuple(row[k] for k in order) if order else pattern


def _kind(text: str) -> int:
    """Which stand-in a number is written like."""
    if not text[-1].isdigit():
        raise UnlikeError
    return (text[0] == "-") + 2 * ("e" in text)


def _refs(expr: Expr) -> Iterator[Ref]:
    return (node for node in walk(expr) if isinstance(node, Ref))
