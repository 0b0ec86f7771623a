"""A layered layout, first half: which column every node stands in, and in what order.

Edges that pass a column have a place of their own in it, one for all edges of the same source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from backtrace.drawing.parts import Drawing, Kind
from backtrace.records import dataclass

SWEEPS: Final = 8
MOST_EDGES: Final = 600
"""With more edges the order stays as written: it would take long, and help little."""


@dataclass(frozen=True)
class Slot:
    """A place in a column: a node's own, or that of the edges of a node which pass by."""

    node: int
    layer: int
    passing: bool = False


@dataclass(frozen=True)
class Layering:
    """The slots of each column from above, and the slots that each edge goes through."""

    columns: tuple[tuple[Slot, ...], ...]
    routes: tuple[tuple[Slot, ...], ...]

    def links(self) -> set[tuple[Slot, Slot]]:
        """The pairs of neighbouring slots that are joined."""
        return {pair for route in self.routes for pair in pairwise(route)}


def layering(drawing: Drawing) -> Layering:
    """Columns by the longest path, in the order with the fewest crossings that was found."""
    layers = _layers(drawing)
    routes = tuple(_route(edge.source, edge.target, layers) for edge in drawing.edges)
    own = [Slot(number, layers[number]) for number in range(len(drawing.nodes))]
    every = dict.fromkeys([*own, *(slot for route in routes for slot in route)])
    columns: list[list[Slot]] = [[] for _ in range(max(layers, default=-1) + 1)]
    for slot in sorted(every, key=lambda slot: (slot.node, slot.passing)):
        columns[slot.layer].append(slot)
    written = Layering(tuple(map(tuple, columns)), routes)
    cut = any(node.kind is Kind.MORE for node in drawing.nodes)
    return written if cut or len(routes) > MOST_EDGES else _ordered(written)


def _layers(drawing: Drawing) -> list[int]:
    """The column of each node: after all that it reads; what is given stands just before its first reader."""
    layers = [0] * len(drawing.nodes)
    fed = {edge.target for edge in drawing.edges}
    for edge in sorted(drawing.edges, key=lambda edge: edge.target):
        layers[edge.target] = max(layers[edge.target], layers[edge.source] + 1)
    for number in range(len(drawing.nodes)):
        readers = [layers[edge.target] for edge in drawing.edges if edge.source == number]
        if number not in fed and readers:
            layers[number] = min(readers) - 1
    for number, node in enumerate(drawing.nodes):
        if node.beside is not None:
            layers[number] = layers[node.beside]
    return layers


def _route(source: int, target: int, layers: Sequence[int]) -> tuple[Slot, ...]:
    between = [Slot(source, layer, True) for layer in range(layers[source] + 1, layers[target])]
    return (Slot(source, layers[source]), *between, Slot(target, layers[target]))


# ── the order within columns ──


def _ordered(written: Layering) -> Layering:
    """The best of the written order and of several sweeps that put each slot amid its neighbours."""
    links = written.links()
    before, after = _neighbours(links, 1), _neighbours(links, 0)
    best, fewest = written.columns, _crossings(written.columns, links)
    columns = [list(column) for column in written.columns]
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        numbers = range(1, len(columns)) if forth else range(len(columns) - 2, -1, -1)
        for number in numbers:
            beside = columns[number - 1 if forth else number + 1]
            columns[number] = _amid(columns[number], beside, before if forth else after)
        count = _crossings(columns, links)
        if count < fewest:
            best, fewest = tuple(map(tuple, columns)), count
    return Layering(best, written.routes)


def _neighbours(links: Iterable[tuple[Slot, Slot]], of: int) -> Mapping[Slot, list[Slot]]:
    found: dict[Slot, list[Slot]] = defaultdict(list)
    for pair in links:
        found[pair[of]].append(pair[1 - of])
    return found


def _amid(column: Sequence[Slot], beside: Sequence[Slot], neighbours: Mapping[Slot, list[Slot]]) -> list[Slot]:
    """A column sorted by the mean place of each slot's neighbours; who has none keeps its own place."""
    place = {slot: at for at, slot in enumerate(beside)}
    scale = len(beside) / max(len(column), 1)

    def mean(numbered: tuple[int, Slot]) -> float:
        at, slot = numbered
        places = [place[other] for other in neighbours.get(slot, ())]
        return sum(places) / len(places) if places else at * scale

    return [slot for _, slot in sorted(enumerate(column), key=mean)]


def _crossings(columns: Sequence[Sequence[Slot]], links: Iterable[tuple[Slot, Slot]]) -> int:
    """How many pairs of joined slots cross."""
    place = {slot: at for column in columns for at, slot in enumerate(column)}
    by_layer: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for source, target in links:
        by_layer[source.layer].append((place[source], place[target]))
    return sum(_inversions([target for _, target in sorted(pairs)]) for pairs in by_layer.values())


def _inversions(numbers: Sequence[int]) -> int:
    """How many pairs stand in the wrong order, as a merge sort counts them."""
    if len(numbers) < 2:
        return 0
    half = len(numbers) // 2
    left, right = sorted(numbers[:half]), sorted(numbers[half:])
    found, at = 0, 0
    for number in right:
        while at < len(left) and left[at] <= number:
            at += 1
        found += len(left) - at
    return found + _inversions(numbers[:half]) + _inversions(numbers[half:])


Wanted = Callable[[Slot], float]


def spread(column: Sequence[Slot], wanted: Wanted, apart: Callable[[Slot, Slot], float]) -> dict[Slot, float]:
    """Heights in a given order as near as can be to those wanted, neighbours so far apart at least.

    Least squares by pooling: those that would come too near move together around the mean of what they want.
    """
    offsets = [0.0]
    for upper, lower in pairwise(column):
        offsets.append(offsets[-1] + apart(upper, lower))
    pools: list[tuple[float, int]] = []
    for slot, offset in zip(column, offsets, strict=False):
        pools.append((wanted(slot) - offset, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (mean, count), (other, more) = pools.pop(), pools.pop()
            pools.append(((mean * count + other * more) / (count + more), count + more))
    levels = [mean for mean, count in pools for _ in range(count)]
    return {slot: level + offset for slot, level, offset in zip(column, levels, offsets, strict=False)}
