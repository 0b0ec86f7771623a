"""Places for the labels of edges: along their own lines, off each other, and where few other lines pass."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

STEPS: Final = 21
"""So many places along a line are tried."""
ROUNDS: Final = 3
TRIALS: Final = 6
"""A label that finds no free place pushes others out; after so many moves for each label the gap is too narrow."""
PUSHED: Final = 4.0
CLEAR: Final = 3.0
"""Between labels."""
END: Final = 14.0
"""Between a label and the columns, so that the ends of its line are seen."""
WANTED: Final = 0.33
"""Where a label stands best: nearer the source, where lines that part from it have not yet met others."""
Point = tuple[float, float]
Line = tuple[Point, ...]


class Label(NamedTuple):
    """A rectangle by its middle and its size, turned by an angle so that it lies along a line."""

    x: float
    y: float
    width: float
    height: float
    angle: float

    def inward(self, point: Point) -> Point:
        """A point as seen from the middle, turned back."""
        x, y = point[0] - self.x, point[1] - self.y
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return x * cos + y * sin, y * cos - x * sin

    def corners(self) -> list[Point]:
        """The four corners."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        halves = [(a * self.width / 2, b * self.height / 2) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        return [(self.x + x * cos - y * sin, self.y + x * sin + y * cos) for x, y in halves]

    def overlaps(self, other: Label, gap: float = 0.0) -> bool:
        """Whether two labels share a point, or come nearer than a gap."""
        reach = (math.hypot(self.width, self.height) + math.hypot(other.width, other.height)) / 2 + gap
        if math.hypot(self.x - other.x, self.y - other.y) > reach:
            return False
        return not (self._beside(other, gap) or other._beside(self, gap))

    def _beside(self, other: Label, gap: float) -> bool:
        """Whether another lies beyond one of the four sides."""
        seen = [self.inward(corner) for corner in other.corners()]
        across, down = self.width / 2 + gap, self.height / 2 + gap
        return (
            all(x > across for x, _ in seen)
            or all(x < -across for x, _ in seen)
            or all(y > down for _, y in seen)
            or all(y < -down for _, y in seen)
        )

    def meets(self, line: Line) -> bool:
        """Whether a straight line passes through."""
        (x, y), (right, lower) = sorted(map(self.inward, line))
        low, high = max(x, -self.width / 2), min(right, self.width / 2)
        if low > high:
            return False
        slope = (lower - y) / (right - x) if right > x else 0.0
        heights = sorted((y + slope * (low - x), y + slope * (high - x) if right > x else lower))
        return heights[0] < self.height / 2 and heights[1] > -self.height / 2


def placed_labels(sizes: Mapping[int, tuple[float, float]], lines: Mapping[int, Line]) -> dict[int, Label] | None:
    """A label on its own line for every edge; None where they do not all find a place.

    Args:
        sizes: the width and height of each label, by the edge's number.
        lines: the straight lines between two columns, those without a label too.
    """
    places = {number: sorted(_candidates(number, size, lines)) for number, size in sizes.items()}
    if not all(places.values()):
        return None
    waiting = sorted(places, key=lambda number: (-len(places[number]), _steepness(lines[number]), number))
    placed: dict[int, Label] = {}
    tried: Counter[Label] = Counter()
    for _ in range(TRIALS * len(sizes)):
        if not waiting:
            return _settled(placed, places)
        number = waiting.pop()
        _, label = min(places[number], key=lambda one: (_worth(one, placed, tried), one))
        tried[label] += 1
        out = [other for other, one in placed.items() if _near(label, one)]
        waiting += out
        placed = {other: one for other, one in placed.items() if other not in out} | {number: label}
    return None


def _worth(place: tuple[float, Label], placed: Mapping[int, Label], tried: Mapping[Label, int]) -> float:
    """What a place costs, where it may push others out; what was in vain before costs more."""
    cost, label = place
    return cost + PUSHED * sum(_near(label, one) for one in placed.values()) + tried.get(label, 0)


def _settled(placed: Mapping[int, Label], places: Mapping[int, list[tuple[float, Label]]]) -> dict[int, Label]:
    """Labels moved to better places that are free."""
    found = dict(placed)
    for _ in range(ROUNDS):
        for number, candidates in places.items():
            others = [one for other, one in found.items() if other != number]
            free = (label for _, label in candidates if not any(_near(label, one) for one in others))
            found[number] = next(free, found[number])
    return {number: found[number] for number in sorted(found)}


@lru_cache(maxsize=1 << 16)
def _near(first: Label, second: Label) -> bool:
    """Whether two labels come too near each other; the same pairs are asked for again and again."""
    return first.overlaps(second, CLEAR)


def _steepness(line: Line) -> float:
    (_, start), (_, end) = line
    return abs(end - start)


def _candidates(number: int, size: tuple[float, float], lines: Mapping[int, Line]) -> list[tuple[float, Label]]:
    """Places along a line, each with what speaks against it: other lines through it, and being far from the best."""
    (left, start), (right, end) = lines[number]
    angle = math.atan2(end - start, right - left)
    others = [line for other, line in lines.items() if other != number]
    found = []
    for step in range(STEPS):
        at = (step + 0.5) / STEPS
        label = Label(left + at * (right - left), start + at * (end - start), *size, angle)
        across = [x for x, _ in label.corners()]
        if min(across) >= left + END and max(across) <= right - END:
            found.append((sum(map(label.meets, others)) + abs(at - WANTED), label))
    return found
