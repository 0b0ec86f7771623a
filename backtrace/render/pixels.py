"""The report as a PNG: the picture of a terminal, drawn by matplotlib at twice its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final

from backtrace.errors import Fault, UsageError
from backtrace.render.formulas import Layout
from backtrace.render.lines import Line, cells
from backtrace.render.matplot import families, require, saved, settings
from backtrace.render.screen import (
    BACKGROUND,
    BORDER,
    BUTTONS,
    FOREGROUND,
    GRID,
    Grid,
    Piece,
    pieces,
    report_on_screen,
    widest,
)
from backtrace.trace import Trace

SCALE: Final = 2
INCH: Final = 72
"""Units of the picture: a point each."""
MONO: Final = "DejaVu Sans Mono"
SANS: Final = "DejaVu Sans"
"""Has signs that the other has not."""
MOST_PIXELS: Final = 40_000
"""No side of a picture may be longer."""


def pages(trace: Trace, layout: Layout) -> Iterator[bytes]:
    """The report as a PNG, as wide as the layout says."""
    require()
    lines, title = report_on_screen(trace, layout)
    yield png(lines, layout.width, title)


def png(lines: Sequence[Line], columns: int, title: str, grid: Grid = GRID) -> bytes:
    """Lines as the bytes of a PNG."""
    columns = widest(lines, columns)
    width, height = grid.width(columns), grid.height(len(lines))
    if max(width, height) * SCALE > MOST_PIXELS:
        hint = "--section, --only and --epoch show less; an .svg may be longer"
        raise UsageError(Fault(f"a PNG of {len(lines):,} lines would be too long", hint=hint))
    with settings(families(MONO, SANS)) as library:
        figure = library.figure.Figure(figsize=(width / INCH, height / INCH), facecolor="none")
        frame(library, figure, width, height, title)
        mono = has_letter()
        for row, line in enumerate(lines):
            y = height - (grid.top + (row + 1) * grid.down - grid.down / 4)
            for piece in pieces(line):
                for part in in_fonts(piece, mono):
                    x = grid.side + part.column * grid.across
                    weight = "bold" if part.ink.bold else "normal"
                    figure.text(x / width, y / height, part.text, color=part.ink.colour, size=grid.size, weight=weight)
        return saved(figure, "png", dpi=INCH * SCALE)


def frame(library: Any, figure: Any, width: int, height: int, title: str) -> None:
    """The window with its title, in units of the picture."""
    require()
    from matplotlib.patches import Circle, FancyBboxPatch
    from matplotlib.transforms import Affine2D

    units = Affine2D().scale(1 / width, 1 / height) + figure.transFigure
    style = "round,pad=0,rounding_size=8"
    box = (0.5, 0.5), width - 1, height - 1
    figure.add_artist(FancyBboxPatch(*box, boxstyle=style, facecolor=BACKGROUND, edgecolor=BORDER, transform=units))
    for number, colour in enumerate(BUTTONS):
        figure.add_artist(Circle((20 + 20 * number, height - 20), 6, facecolor=colour, transform=units))
    figure.text(
        0.5, 1 - 25 / height, title, color=FOREGROUND, size=15, weight="bold", ha="center", family=families(SANS)
    )


def has_letter() -> Callable[[str], bool]:
    """Whether the font of equal widths has a letter; what it has not is drawn letter by letter, each in its cell."""
    from matplotlib.font_manager import findfont, get_font

    letters = frozenset(get_font(findfont(MONO)).get_charmap())
    return cache(lambda letter: ord(letter) in letters)


def in_fonts(piece: Piece, mono: Callable[[str], bool]) -> Iterator[Piece]:
    """A piece in parts that keep to the columns, whatever the fonts."""
    column = piece.column
    for own, run in groupby(piece.text, key=mono):
        text = "".join(run)
        for part in [text] if own else text:
            yield Piece(column, cells(part), part, piece.ink)
            column += cells(part)
