"""Lines drawn on a page of characters: of braille, eight dots a character, or of one dot a character."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from backtrace.records import dataclass

Dots = npt.NDArray[np.bool_]
"""A page of dots by row and column, the first row at the top."""
Places = npt.NDArray[np.float64]

BITS: Final = np.array(((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80)))
"""What each dot of a braille character adds to its number, by row and column."""
BEYOND: Final = 50.0
"""So many pages up or down is as far as a line is followed."""
EMPTY: Final = 0x2800


@dataclass(frozen=True)
class Page:
    """A page of so many characters, each of ``across`` times ``down`` dots."""

    width: int
    height: int
    across: int = 2
    down: int = 4

    def drawn(self, xs: Places, ys: Places) -> Dots:
        """A curve as dots: places from 0 to 1, up and to the right; a gap where one is nan, cut at the edges."""
        dots = np.zeros((self.height * self.down, self.width * self.across), dtype=bool)
        for columns, rows in self._pieces(xs, ys):
            before: tuple[int, int] | None = None
            for column, low, high, first, last in _by_column(columns, rows):
                _vertical(dots, column, low, high)
                if before:
                    _line(dots, *before, column, first)
                before = column, last
        return dots

    def _pieces(self, xs: Places, ys: Places) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """What is joined, in dots; what is very far off the page is brought near, so that lines to it stay short."""
        columns = np.rint(xs * (self.width * self.across - 1))
        rows = np.rint(np.clip(1 - ys, -BEYOND, BEYOND) * (self.height * self.down - 1))
        usable = ~np.isnan(columns) & ~np.isnan(rows)
        cuts = np.flatnonzero(np.diff(usable.astype(int))) + 1
        parts = np.split(np.arange(len(xs)), cuts)
        return [(columns[p].astype(int), rows[p].astype(int)) for p in parts if len(p) and usable[p[0]]]

    def characters(self, dots: Dots) -> npt.NDArray[np.int64]:
        """By row and column which dots of each character are set: 0 where none is."""
        cells = dots.reshape(self.height, self.down, self.width, self.across).transpose(0, 2, 1, 3)
        return np.asarray((cells * BITS[: self.down, : self.across]).sum(axis=(2, 3)))


def braille(number: int) -> str:
    """The braille character of so many dots; a blank for none.

    >>> braille(0x01 + 0x80)
    '⢁'
    """
    return chr(EMPTY + number) if number else " "


def _by_column(columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> list[tuple[int, int, int, int, int]]:
    """Of points that share a column the least, the greatest, the first and the last row: a million points are few."""
    starts = np.flatnonzero(np.diff(columns, prepend=columns[0] - 1))
    ends = np.append(starts[1:], len(columns)) - 1
    low, high = np.minimum.reduceat(rows, starts), np.maximum.reduceat(rows, starts)
    table = np.stack([columns[starts], low, high, rows[starts], rows[ends]], axis=1)
    return [(int(c), int(a), int(b), int(f), int(t)) for c, a, b, f, t in table]


def _vertical(dots: Dots, column: int, low: int, high: int) -> None:
    if 0 <= column < dots.shape[1]:
        dots[max(low, 0) : max(high + 1, 0), column] = True


def _line(dots: Dots, x0: int, y0: int, x1: int, y1: int) -> None:
    """The dots on the way from one to another, as many as the longer side has."""
    count = max(abs(x1 - x0), abs(y1 - y0)) + 1
    columns = np.rint(np.linspace(x0, x1, count)).astype(int)
    rows = np.rint(np.linspace(y0, y1, count)).astype(int)
    inside = (columns >= 0) & (columns < dots.shape[1]) & (rows >= 0) & (rows < dots.shape[0])
    dots[rows[inside], columns[inside]] = True
