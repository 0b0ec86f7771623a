"""A drawing as data: nodes with their numbers, and edges between them; nothing here knows where they will stand."""

from __future__ import annotations

from enum import Enum

from backtrace.records import dataclass
from backtrace.words import ENGLISH, Words


class Kind(Enum):
    """What a node is; each has its own shape or colour."""

    GIVEN = "given"
    UNIT = "unit"
    ERROR = "error"
    TOTAL = "total"
    GATE = "gate"
    ARRAY = "array"
    MORE = "more"


class Style(Enum):
    """How the edges run."""

    NETWORK = "network"
    CIRCUIT = "circuit"


@dataclass(frozen=True)
class Cell:
    """A quantity as it is drawn: its name, its value above and its gradient below; empty where it has none.

    ``aside`` marks what is given beside the quantity that the node is about: a bias, a target.
    """

    name: str
    value: str = ""
    gradient: str = ""
    about: str = ""
    aside: bool = False


@dataclass(frozen=True)
class Node:
    """What is drawn as one box: a quantity, or several that follow from each other alone.

    ``sign`` is the operation of a gate, ``beside`` the node whose column one without edges stands in.
    """

    kind: Kind
    cells: tuple[Cell, ...]
    group: str = ""
    sign: str = ""
    beside: int | None = None


@dataclass(frozen=True)
class Edge:
    """What one node reads of another, by their numbers; a parameter that multiplies it is the edge's own."""

    source: int
    target: int
    weight: Cell | None = None
    size: float = 0.0
    """The weight as a number."""


@dataclass(frozen=True)
class Drawing:
    """Everything that is drawn; an edge's source always stands before its target."""

    title: str
    style: Style
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    objective: str = ""
    notes: tuple[str, ...] = ()
    words: Words = ENGLISH
    """What the legend is written in."""

    @property
    def has_gradients(self) -> bool:
        """Whether any gradient is drawn."""
        cells = [cell for node in self.nodes for cell in node.cells]
        return any(cell.gradient for cell in (*cells, *(edge.weight for edge in self.edges if edge.weight)))
