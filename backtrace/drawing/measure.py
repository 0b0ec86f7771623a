"""How large things are: text by a careful estimate, since every reader's fonts differ, and nodes by their texts."""

from __future__ import annotations

import unicodedata
from typing import Final, NamedTuple

from backtrace.drawing.parts import Cell, Drawing, Kind, Node, Style

FONT: Final = 13.0
SMALL: Final = 11.0
LINE: Final = 16.0
PADDING: Final = 8.0
MARGIN: Final = 16.0
GATE: Final = 15.0
"""The radius of a gate with a short sign."""
WIRE: Final = 28.0
"""The least length of a gate's own wire."""


class Box(NamedTuple):
    """A rectangle by its left upper corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The height of the middle."""
        return self.y + self.height / 2

    def overlaps(self, other: Box, gap: float = 0.0) -> bool:
        """Whether two boxes share a point, or come nearer than a gap."""
        return (
            self.x < other.right + gap
            and other.x < self.right + gap
            and self.y < other.bottom + gap
            and other.y < self.bottom + gap
        )


def text_width(text: str, size: float = FONT) -> float:
    """A width that the text will hardly exceed: 0.62 of its size a letter, a whole one for a wide letter.

    >>> text_width("0.25", 10), text_width("은닉층", 10)
    (24.8, 30.0)
    """
    return round(sum(map(_letter_width, text)) * size, 2)


def _letter_width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.85 if letter in "MWmw@—%∂∞" else 0.62


def cell_width(cell: Cell) -> float:
    """The width of a quantity's column of name, value and gradient."""
    return max(text_width(text) for text in (cell.name, cell.value, cell.gradient)) + 2 * PADDING


def label_size(cell: Cell) -> tuple[float, float]:
    """The width and height of an edge's label: name and value above the line, the gradient below it."""
    width = max(text_width(label_head(cell), SMALL), text_width(cell.gradient, SMALL)) + 6
    return width, 2 * (SMALL + 4)


def label_head(cell: Cell) -> str:
    """The first line of an edge's label."""
    return f"{cell.name} {cell.value}"


def lines(drawing: Drawing) -> int:
    """How many lines a node's cells have."""
    return 3 if drawing.has_gradients else 2


def node_size(node: Node, drawing: Drawing) -> tuple[float, float]:
    """The width and height of a node."""
    if node.kind is Kind.MORE:
        return text_width(node.cells[0].name) + 2 * PADDING, LINE + 8
    if drawing.style is Style.CIRCUIT:
        above = 2 if node.cells[0].name and node.kind is not Kind.GIVEN else 1
        return 2 * head_width(node) + wire_width(node), max(2 * GATE, 2 * LINE * above) + 6
    return sum(map(cell_width, node.cells)), lines(drawing) * LINE + 8


def head_width(node: Node) -> float:
    """Half the width of a gate's circle, or of a given value's box."""
    text = node.cells[0].name if node.kind is Kind.GIVEN else node.sign
    return max(GATE, text_width(text) / 2 + 5)


def wire_width(node: Node) -> float:
    """The length of a gate's wire, which its numbers stand on."""
    (cell,) = node.cells
    names = [] if node.kind is Kind.GIVEN else [cell.name]
    return max(WIRE, *(text_width(text) + 2 * PADDING for text in (*names, cell.value, cell.gradient)))
