"""Curves on the terminal: a page of braille or of letters with its axes, and the figures of each curve below."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from itertools import groupby
from typing import Final

import numpy as np

from backtrace.curves import Curve, Plot
from backtrace.labels import shielded
from backtrace.records import dataclass
from backtrace.render.braille import Dots, Page, braille
from backtrace.render.lines import Line, Span, cells, padded, wrapped
from backtrace.render.numbers import Numbers, ascii_number
from backtrace.render.scales import epoch_scale, value_scale

LETTERS: Final = "abcdefghijkl"
ROLES: Final = 6
"""So many curves have a colour of their own."""
ROWS_A_TICK: Final = 3
COLUMNS_A_TICK: Final = 14
TURN: Final = 4
"""Where curves lie on each other, each is seen for so many columns."""
LEAST_LABEL: Final = 12
"""With less room beside the figures a label has a line of its own."""
BETWEEN: Final = 18
"""Columns from one letter to the next, where letters alone tell curves apart."""


@dataclass(frozen=True)
class Signs:
    """The signs of a plot."""

    side: str
    tick: str
    corner: str
    bottom: str
    notch: str
    ended: str


UNICODE: Final = Signs("│", "┤", "└", "─", "┬", "×")
ASCII: Final = Signs("|", "+", "+", "-", "+", "x")


@dataclass(frozen=True)
class Look:
    """How a plot is laid out: ``height`` lines of curves, ``coloured`` where colours tell them apart."""

    width: int = 80
    height: int = 15
    numbers: Numbers = field(default_factory=Numbers)
    ascii: bool = False
    coloured: bool = False


def pages(plot: Plot, look: Look) -> Iterator[str]:
    """The plot as plain text, line by line."""
    for line in plot_lines(plot, look):
        yield "".join(span.text for span in line).rstrip() + "\n"


def plot_lines(plot: Plot, look: Look) -> Iterator[Line]:
    """The plot: title, curves, axes, legend, remarks."""
    for text in wrapped(plot.title, look.width) if plot.title else ():
        yield (Span(text, "title"),)
    yield from _Drawing(plot, look).lines()
    yield ()
    yield from _legend(plot, look)
    for remark in plot.remarks(look.ascii):
        for number, text in enumerate(wrapped(remark, look.width - 4)):
            yield (Span("    " * bool(number) + text, "dim"),)


def csv_pages(plot: Plot) -> Iterator[str]:
    """The points of the curves: epoch, label, value with every digit."""
    yield "epoch,label,value\n"
    for curve in plot.curves:
        made = io.StringIO()
        rows = csv.writer(made, lineterminator="\n")
        rows.writerows(
            (int(e), shielded(curve.name.plain), repr(float(v)))
            for e, v in zip(curve.epochs, curve.values, strict=True)
        )
        yield made.getvalue()


def _role(number: int) -> str:
    return f"curve {number % ROLES + 1}"


class _Drawing:
    """The curves within their axes: a page of characters, each with its role."""

    def __init__(self, plot: Plot, look: Look) -> None:
        self.plot, self.look = plot, look
        self.signs = ASCII if look.ascii else UNICODE
        self.several = len(plot.curves) > 1
        self.up = value_scale(plot.extent, plot.log, max(2, look.height // ROWS_A_TICK))
        self.margin = max(map(cells, self.up.texts)) + 1
        room = look.width - self.margin - 2
        self.along = epoch_scale(1, plot.last, plot.logx, max(2, room // COLUMNS_A_TICK))
        tail = self.tail(Page(room, look.height))
        self.page = Page(room - tail, look.height, *((1, 1) if look.ascii else (2, 4)))
        self.grid = [[(" ", "")] * (room + 1) for _ in range(look.height)]

    def lines(self) -> Iterator[Line]:
        """The name of the quantity, the curves beside their axis, the epochs below."""
        yield (Span(self.plot.quantity.text(self.look.ascii), "heading"),)
        self.draw()
        ticks = {
            self.row(place): text
            for place, text in zip(self.up.places(np.array(self.up.ticks)), self.up.texts, strict=True)
        }
        for row, characters in enumerate(self.grid):
            text = padded(ticks.get(row, ""), self.margin, right=True)
            side = self.signs.tick if row in ticks else self.signs.side
            yield Span(f"{text} {side}", "dim"), *_spans(characters)
        yield from self.epochs()

    def tail(self, page: Page) -> int:
        """The columns for letters right of the curves: as many as curves end in one line."""
        if not self.several:
            return 0
        rows: dict[int, int] = defaultdict(int)
        for curve in self.plot.curves:
            _, ys = self.places(curve)
            rows[round(float(np.clip(1 - ys[-1], 0, 1)) * (page.height - 1)) if ys.size else 0] += 1
        return 1 + max(rows.values())

    def places(self, curve: Curve) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
        """Where the points are that have a place."""
        xs, ys = self.along.places(curve.epochs.astype(float)), self.up.places(curve.values)
        found = ~np.isnan(ys)
        return xs[found], ys[found]

    def row(self, place: float) -> int:
        """The line of a place on the axis of values."""
        dots = self.page.height * self.page.down - 1
        return int(np.rint(np.clip(1 - place, 0, 1) * dots)) // self.page.down

    def column(self, place: float) -> int:
        """The column of a place on the axis of epochs."""
        return int(np.rint(np.clip(place, 0, 1) * (self.page.width * self.page.across - 1))) // self.page.across

    # ── curves ──

    def draw(self) -> None:
        """The curves, in turn where several share a character, then what tells them apart."""
        pages = [self.page.drawn(*self.gapped(curve)) for curve in self.plot.curves]
        every = self.page.characters(np.logical_or.reduce(pages))
        used = np.stack([self.page.characters(dots) > 0 for dots in pages])
        for row, column in np.argwhere(every):
            sharing = np.flatnonzero(used[:, row, column])
            number = int(sharing[column // TURN % len(sharing)])
            self.grid[row][column] = self.sign(int(every[row, column]), number), _role(number)
        coloured = self.look.coloured and len(pages) <= ROLES
        if self.several and not self.look.ascii and not coloured:
            for number, dots in enumerate(pages):
                self.letters_along(number, dots)
        for number, curve in enumerate(self.plot.curves):
            self.mark_end(number, curve)

    def gapped(self, curve: Curve) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
        return self.along.places(curve.epochs.astype(float)), self.up.places(curve.values)

    def sign(self, number: int, curve: int) -> str:
        if not self.look.ascii:
            return braille(number)
        return LETTERS[curve] if self.several else "*"

    def letters_along(self, number: int, dots: Dots) -> None:
        """The letter of a curve on it, now and then, each curve's at other columns."""
        used = self.page.characters(dots)
        count = len(self.plot.curves)
        for column in range(3 + number * BETWEEN // count, self.page.width, BETWEEN):
            rows = np.flatnonzero(used[:, column])
            if rows.size:
                self.grid[rows[len(rows) // 2]][column] = LETTERS[number], _role(number)

    def mark_end(self, number: int, curve: Curve) -> None:
        """A cross where a curve leaves the finite numbers, else its letter to the right of it."""
        xs, ys = self.places(curve)
        if not ys.size:
            return
        row, column = self.row(float(ys[-1])), self.column(float(xs[-1]))
        if curve.ended:
            self.grid[row][column] = self.signs.ended, "bad"
        if not self.several:
            return
        line = self.grid[row]
        free = (
            at
            for at in range(column + 1, len(line))
            if line[at][0] not in LETTERS or (self.look.ascii and at < self.page.width)
        )
        line[next(free, len(line) - 1)] = LETTERS[number], _role(number)

    # ── axis of epochs ──

    def epochs(self) -> Iterator[Line]:
        """The axis, the numbers below it where they have room, and what they are."""
        ticks = [
            (self.column(float(p)), text)
            for p, text in zip(self.along.places(np.array(self.along.ticks)), self.along.texts, strict=True)
        ]
        notches = {column for column, _ in ticks}
        axis = "".join(self.signs.notch if k in notches else self.signs.bottom for k in range(self.page.width))
        lead = " " * (self.margin + 1)
        yield (Span(lead + self.signs.corner + axis, "dim"),)
        yield (Span(_below(ticks, self.margin + 2, self.look.width), "dim"),)
        yield (Span(lead + " " + "epoch".center(self.page.width), "dim"),)


def _below(ticks: Iterable[tuple[int, str]], lead: int, width: int) -> str:
    """Texts under their columns; one that would touch the text before it is left out."""
    line = ""
    for column, text in ticks:
        start = min(lead + column - (cells(text) - 1) // 2, width - cells(text))
        if not line or start >= cells(line) + 2:
            line = padded(line, start) + text
    return line


def _spans(characters: Sequence[tuple[str, str]]) -> Iterator[Span]:
    """Characters with their roles, those of one role together."""
    for role, run in groupby(characters, key=lambda pair: pair[1]):
        yield Span("".join(character for character, _ in run), role)


# ── legend ──


def _legend(plot: Plot, look: Look) -> Iterator[Line]:
    """A line a curve: its mark and name, its first, last and least value, and the epoch of the least."""
    heads = ("first", "last", "least", "in epoch")
    body = [_figures(curve, look) for curve in plot.curves]
    widths = [max(map(cells, column)) for column in zip(heads, *body, strict=True)]
    names = [curve.name.text(look.ascii) for curve in plot.curves]
    indent = 2 + 3 * (len(names) > 1)
    room = look.width - indent - sum(width + 2 for width in widths)
    label = min(max(map(cells, names)), room)
    apart = room < min(LEAST_LABEL, max(map(cells, names)))
    yield (Span(" " * (2 if apart else indent + label) + _columns(heads, widths), "dim"),)
    for number, (name, figures) in enumerate(zip(names, body, strict=True)):
        mark = f"{LETTERS[number]}  " if len(names) > 1 else ""
        first, *more = wrapped(name, look.width - indent if apart else label)
        begin = Span("  "), Span(mark, _role(number))
        values = Span(_columns(figures, widths), "value")
        yield (*begin, Span(first)) if apart else (*begin, Span(padded(first, label)), values)
        for text in more:
            yield (Span(" " * indent + text),)
        if apart:
            yield Span("  "), values


def _figures(curve: Curve, look: Look) -> tuple[str, ...]:
    finite = np.where(np.isfinite(curve.values), curve.values, np.inf)
    least = int(np.argmin(finite))
    numbers = (curve.values[0], curve.values[-1], curve.values[least])
    texts = (look.numbers.value(float(number)) for number in numbers)
    return (*(ascii_number(text) if look.ascii else text for text in texts), f"{curve.epochs[least]}")


def _columns(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "".join("  " + padded(text, width, right=True) for text, width in zip(texts, widths, strict=True))
