"""The report as a picture of a terminal: on which column each piece of a line stands in which colour, and SVG of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby, islice
from typing import Final, NamedTuple

from backtrace.errors import Fault, UsageError, shortened
from backtrace.records import dataclass
from backtrace.render.formulas import Layout
from backtrace.render.lines import Line, cells
from backtrace.render.text import report_lines
from backtrace.trace import Trace

LONGEST: Final = 2000
"""A picture of more lines cannot be looked at."""
BACKGROUND: Final = "#24272b"
BORDER: Final = "#4a4e54"
FOREGROUND: Final = "#d5d8dc"
BUTTONS: Final = ("#ff5f57", "#febc2e", "#28c840")


class Ink(NamedTuple):
    """The colour of a text, and whether it is bold."""

    colour: str
    bold: bool = False


INKS: Final = {
    "": Ink(FOREGROUND),
    "title": Ink("#ffffff", True),
    "rule": Ink("#8b929b"),
    "heading": Ink("#6cc7dd", True),
    "layer": Ink(FOREGROUND, True),
    "value": Ink("#a5cf6b"),
    "dim": Ink("#9aa1aa"),
    "good": Ink("#a5cf6b"),
    "bad": Ink("#ff7b72", True),
    "warn": Ink("#e8c066"),
    "curve 1": Ink("#6cc7dd"),
    "curve 2": Ink("#e8c066"),
    "curve 3": Ink("#d59be0"),
    "curve 4": Ink("#a5cf6b"),
    "curve 5": Ink("#ff7b72"),
    "curve 6": Ink("#7aa8f0"),
}
"""By role, as the terminal's styles."""


@dataclass(frozen=True)
class Piece:
    """A text on a line: its column, its width in columns, its ink."""

    column: int
    width: int
    text: str
    ink: Ink


@dataclass(frozen=True)
class Grid:
    """A terminal's cell, and the room around the text, in units of a picture."""

    across: float = 9.64
    down: float = 19.5
    size: float = 16.0
    side: float = 14.0
    top: float = 40.0
    bottom: float = 14.0

    def width(self, columns: int) -> int:
        """Of a picture of so many columns."""
        return round(columns * self.across + 2 * self.side)

    def height(self, rows: int) -> int:
        """Of a picture of so many lines."""
        return round(rows * self.down + self.top + self.bottom)


GRID: Final = Grid()


def report_on_screen(trace: Trace, layout: Layout) -> tuple[list[Line], str]:
    """The lines of a report, and its title.

    Raises:
        UsageError: they are too many to be looked at.
    """
    lines = list(islice(report_lines(trace, layout), LONGEST + 1))
    if len(lines) > LONGEST:
        hint = "--section, --only and --epoch show less; .txt and .html take any length"
        raise UsageError(Fault(f"the report has more than {LONGEST:,} lines: too long for a picture", hint=hint))
    return lines, shortened(trace.graph.title or "backtrace", max(20, layout.width - 24))


def pages(trace: Trace, layout: Layout) -> Iterator[str]:
    """The report as SVG, as wide as the layout says."""
    lines, title = report_on_screen(trace, layout)
    yield from svg(lines, layout.width, title)


def pieces(line: Line) -> Iterator[Piece]:
    """What is drawn of a line: its spans without blanks at their ends, wide characters apart from others."""
    column = 0
    for span in line:
        for _, run in groupby(_clusters(span.text), key=cells):
            texts = list(run)
            text, width = "".join(texts), sum(map(cells, texts))
            if text.strip():
                lead = len(text) - len(text.lstrip(" "))
                shown = text.strip(" ")
                yield Piece(column + lead, cells(shown), shown, INKS[span.role])
            column += width


def _clusters(text: str) -> list[str]:
    """Characters with the combining marks on them."""
    found: list[str] = []
    for character in text:
        if found and not cells(character):
            found[-1] += character
        else:
            found.append(character)
    return found


def widest(lines: Iterable[Line], columns: int) -> int:
    """The columns of a picture: those of the layout, or of a line that could not be broken."""
    return max([columns, *(sum(cells(span.text) for span in line) for line in lines)])


def svg(lines: Sequence[Line], columns: int, title: str, grid: Grid = GRID) -> Iterator[str]:
    """Lines as SVG: text that can be copied, in the reader's fonts, each piece as wide as its columns."""
    columns = widest(lines, columns)
    width, height = grid.width(columns), grid.height(len(lines))
    used = {piece.ink for line in lines for piece in pieces(line)}
    inks = [ink for ink in dict.fromkeys(INKS.values()) if ink in used]
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
    yield from _style(inks, grid)
    yield from _frame(width, height, title)
    names = {ink: f"i{number}" for number, ink in enumerate(inks)}
    for row, line in enumerate(lines):
        y = grid.top + (row + 1) * grid.down - grid.down / 4
        yield from (_text(piece, y, names[piece.ink], grid) for piece in pieces(line))
    yield "</svg>\n"


def _style(inks: Iterable[Ink], grid: Grid) -> Iterator[str]:
    fonts = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK KR", monospace'
    yield f"<style>\ntext {{ font: {grid.size:g}px {fonts}; white-space: pre; }}\n"
    for number, ink in enumerate(inks):
        yield f".i{number} {{ fill: {ink.colour};{' font-weight: bold;' * ink.bold} }}\n"
    yield "</style>\n"


def _frame(width: int, height: int, title: str) -> Iterator[str]:
    """The window with its title."""
    yield (
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" '
        f'fill="{BACKGROUND}" stroke="{BORDER}"/>\n'
    )
    for number, colour in enumerate(BUTTONS):
        yield f'<circle cx="{20 + 20 * number}" cy="20" r="6" fill="{colour}"/>\n'
    yield (
        f'<text x="{width / 2:g}" y="25" text-anchor="middle" fill="{FOREGROUND}" '
        f'style="font: bold 15px sans-serif">{escape(title)}</text>\n'
    )


def _text(piece: Piece, y: float, name: str, grid: Grid) -> str:
    x, length = grid.side + piece.column * grid.across, piece.width * grid.across
    place = f'x="{x:.2f}" y="{y:.2f}" textLength="{length:.2f}"'
    return f'<text class="{name}" {place} xml:space="preserve">{escape(piece.text)}</text>\n'
