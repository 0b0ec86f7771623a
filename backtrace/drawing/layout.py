"""A layered layout, second half: where everything stands, so that nothing overlaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from backtrace.drawing.labels import END, Label, placed_labels
from backtrace.drawing.layering import Layering, Slot, layering, spread
from backtrace.drawing.measure import (
    LINE,
    MARGIN,
    SMALL,
    Box,
    label_size,
    node_size,
    text_width,
)
from backtrace.drawing.parts import Drawing, Kind, Style
from backtrace.records import dataclass

GAP: Final = {Style.NETWORK: 64.0, Style.CIRCUIT: 36.0}
"""Between columns, where the edges have no labels."""
APART: Final = {Style.NETWORK: 22.0, Style.CIRCUIT: 16.0}
"""Between nodes of a column."""
LABELLED: Final = 50.0
"""The same where edges have labels."""
PASSING: Final = 14.0
"""The height that passing edges have for themselves."""
MOST_LABELS: Final = 40
"""With more edges between two columns no label could be told from another."""
FEW: Final = 3
WIDER: Final = (1.0, 1.5, 2.0, 2.6, 3.4, 4.5)
"""Gaps are tried from narrow to wide, in widths of a label, until the labels find their places."""
SWEEPS: Final = 12
Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Where everything of a drawing stands; None in place of a label that is not shown."""

    boxes: tuple[Box, ...]
    paths: tuple[tuple[Point, ...], ...]
    labels: tuple[Label | None, ...]
    titles: tuple[tuple[str, Box], ...]
    width: float
    height: float


def layout(drawing: Drawing) -> Layout:
    """Place a drawing; gaps are widened until their labels fit, or lose them."""
    return _Layout(drawing, layering(drawing)).layout()


class _Layout:
    """The coordinates of one drawing, from an order of its columns."""

    def __init__(self, drawing: Drawing, order: Layering) -> None:
        self.drawing, self.order = drawing, order
        self.sizes = [node_size(node, drawing) for node in drawing.nodes]
        self.slots = {slot.node: slot for column in order.columns for slot in column if not slot.passing}
        self.groups = [self._group(column) for column in order.columns]
        self.top = MARGIN + (LINE + 8 if any(self.groups) else 0.0)
        few = any(0 < len(self._weighted(gap)) <= MOST_LABELS for gap in range(len(order.columns)))
        self.between = LABELLED if few else APART[drawing.style]
        self.heights = self._heights()
        self.found: dict[int, Label] = {}
        self.left: list[float] = []
        self._place()

    # ── columns ──

    def _group(self, column: Sequence[Slot]) -> str:
        """The title that all nodes of a column share."""
        found = {self.drawing.nodes[slot.node].group for slot in column if not slot.passing} - {""}
        return found.pop() if len(found) == 1 else ""

    def column_width(self, layer: int) -> float:
        own = [self.sizes[slot.node][0] for slot in self.order.columns[layer] if not slot.passing]
        return max([*own, text_width(self.groups[layer], SMALL + 1)])

    def _place(self) -> None:
        """Put the columns side by side, with the labels between them."""
        at = MARGIN
        for layer in range(len(self.order.columns)):
            self.left.append(at)
            at += self.column_width(layer)
            gap, labels = self._gap(layer)
            self.found |= {number: label._replace(x=label.x + at) for number, label in labels.items()}
            at += gap

    def _gap(self, layer: int) -> tuple[float, dict[int, Label]]:
        """The width of the gap after a column: the least in which the labels of its edges find their places."""
        cells = {k: cell for k in self._weighted(layer) if (cell := self.drawing.edges[k].weight)}
        plain = GAP[self.drawing.style] * (3 if len(cells) > FEW else 1)
        if not cells or len(cells) > MOST_LABELS:
            return plain, {}
        sizes = {k: label_size(cell) for k, cell in cells.items()}
        widest = max(width for width, _ in sizes.values())
        for factor in WIDER[min(len(cells), FEW) > 1 :]:
            gap = factor * widest + 2 * END + 8
            found = placed_labels(sizes, {k: self._straight(k, gap) for k in self._ending(layer)})
            if found is not None:
                return gap, found
        return plain, {}

    def _ending(self, layer: int) -> list[int]:
        """The edges that end just after a column."""
        return [k for k, route in enumerate(self.order.routes) if route[-2].layer == layer]

    def _weighted(self, layer: int) -> list[int]:
        return [k for k in self._ending(layer) if self.drawing.edges[k].weight]

    def _straight(self, number: int, gap: float) -> tuple[Point, Point]:
        """The last part of an edge, from 0 to the width of its gap."""
        *_, before, last = self.order.routes[number]
        return (0.0, self.heights[before]), (gap, self.heights[last])

    # ── heights ──

    def _size(self, slot: Slot) -> float:
        return PASSING if slot.passing else self.sizes[slot.node][1]

    def _apart(self, upper: Slot, lower: Slot) -> float:
        both = upper.passing and lower.passing
        between = 2.0 if both else self.between / (2 if upper.passing or lower.passing else 1)
        return (self._size(upper) + self._size(lower)) / 2 + between

    def _heights(self) -> dict[Slot, float]:
        """The height of each slot's middle: amid its neighbours on both sides, as far as the order allows."""
        joined: dict[Slot, list[Slot]] = defaultdict(list)
        for source, target in sorted(self.order.links(), key=lambda pair: (pair[0].node, pair[1].node, pair[0].layer)):
            joined[source].append(target)
            joined[target].append(source)
        found: dict[Slot, float] = {}
        for column in self.order.columns:
            stacked = spread(column, lambda slot: 0.0, self._apart)
            centre = (stacked[column[0]] + stacked[column[-1]]) / 2 if column else 0.0
            found |= {slot: height - centre for slot, height in stacked.items()}
        for sweep in range(SWEEPS):
            for column in self.order.columns[:: 1 if sweep % 2 == 0 else -1]:
                wanted = {slot: _mean(joined[slot], found, found[slot]) for slot in column}
                found |= spread(column, wanted.__getitem__, self._apart)
        highest = min((found[slot] - self._size(slot) / 2 for slot in found), default=0.0)
        return {slot: round(height - highest + self.top, 2) for slot, height in found.items()}

    # ── what is drawn ──

    def box(self, number: int) -> Box:
        """The box of a node, as wide as its column."""
        slot = self.slots[number]
        width, height = self.sizes[number]
        full = self.column_width(slot.layer)
        if self.drawing.nodes[number].kind is Kind.MORE:
            return Box(self.left[slot.layer] + (full - width) / 2, self.heights[slot] - height / 2, width, height)
        if self.drawing.nodes[number].kind is Kind.GIVEN and self.drawing.style is Style.NETWORK:
            mates = [s.node for s in self.order.columns[slot.layer] if not s.passing]
            own = max(self.sizes[k][0] for k in mates if self.drawing.nodes[k].kind is Kind.GIVEN)
            return Box(self.left[slot.layer] + full - own, self.heights[slot] - height / 2, own, height)
        return Box(self.left[slot.layer], self.heights[slot] - height / 2, full, height)

    def path(self, number: int) -> tuple[Point, ...]:
        """The points of an edge: out of a node, past the columns between, into a node."""
        first, *between, last = self.order.routes[number]
        points: list[Point] = [(self.left[first.layer] + self.column_width(first.layer), self.heights[first])]
        for slot in between:
            left = self.left[slot.layer]
            points += [(left, self.heights[slot]), (left + self.column_width(slot.layer), self.heights[slot])]
        return (*points, (self.left[last.layer], self.heights[last] + self._shift(number)))

    def _shift(self, number: int) -> float:
        """How far from the middle an edge enters a gate: operands from above enter above."""
        edge = self.drawing.edges[number]
        if self.drawing.style is not Style.CIRCUIT:
            return 0.0
        mates = [k for k, other in enumerate(self.drawing.edges) if other.target == edge.target]
        mates.sort(key=lambda k: (self.heights[self.order.routes[k][-2]], k))
        return (mates.index(number) - (len(mates) - 1) / 2) * min(9.0, 22.0 / len(mates))

    def _titles(self) -> Iterator[tuple[str, Box]]:
        """One title over all columns side by side that share it."""
        for title, run in groupby(range(len(self.groups)), self.groups.__getitem__):
            layers = list(run)
            width = self.left[layers[-1]] + self.column_width(layers[-1]) - self.left[layers[0]]
            if title:
                yield title, Box(self.left[layers[0]], MARGIN, width, LINE)

    def layout(self) -> Layout:
        """Everything in its place."""
        boxes = tuple(self.box(number) for number in range(len(self.drawing.nodes)))
        titles = tuple(self._titles())
        paths = tuple(self.path(number) for number in range(len(self.drawing.edges)))
        width = max((box.right for box in boxes), default=0.0) + MARGIN
        lowest = [box.bottom for box in boxes] + [y for path in paths for _, y in path]
        shown = tuple(self.found.get(number) for number in range(len(self.drawing.edges)))
        return Layout(boxes, paths, shown, titles, width, max(lowest, default=0.0) + MARGIN)


def _mean(neighbours: Sequence[Slot], found: Mapping[Slot, float], own: float) -> float:
    return sum(found[slot] for slot in neighbours) / len(neighbours) if neighbours else own
