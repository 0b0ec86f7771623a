"""Tables that fit a page: labels without their formulas where those take too much room, and wide tables in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from backtrace.render.breaking import SMALL, width
from backtrace.render.document import Grid
from backtrace.render.numbers import power_apart

BETWEEN: Final = 2.6
"""The room between two columns, in digits."""
TEN: Final = 4.0
"""The room that a point and a ten take before an exponent."""
BLANK: Final = 12.0
"""The room that a blank takes."""
EQUAL: Final = " = "


def short_labels(item: Grid, room: float) -> Grid:
    """A table whose rows go by their names alone where formulas would take the room of its columns.

    What cannot stand on one page in any case keeps the room of three columns.
    """
    names = [label.split(EQUAL, 1)[0] for label in item.labels]
    columns = [needed(item, k) for k in range(len(item.heads))]
    fits = max(map(width, names), default=0.0) + sum(columns) <= room
    most = room - sum(columns if fits else columns[:3])
    shown = (label if width(label) <= most else name for label, name in zip(item.labels, names, strict=True))
    return replace(item, labels=tuple(shown))


def parts(item: Grid, room: float) -> Iterator[list[int]]:
    """The columns that stand beside each other, as many as the page has room for."""
    part: list[int] = []
    used = labels = _labels(item)
    for k in range(len(item.heads)):
        if part and used + needed(item, k) > room:
            yield part
            part, used = [], labels
        part.append(k)
        used += needed(item, k)
    if part:
        yield part


def needed(item: Grid, k: int) -> float:
    """The room that a column takes."""
    figures = [row[k] for row in item.body]
    digits, powers = zip(*(power_apart(figure.text) for figure in figures), strict=True)
    numbers = max(map(len, digits)) + (TEN + SMALL * max(map(len, powers))) * any(powers)
    return BETWEEN + max(width(item.heads[k]), numbers, BLANK * any(figure.blank for figure in figures))


def _labels(item: Grid) -> float:
    """The room that the labels take."""
    return max(map(width, item.labels), default=0.0)
