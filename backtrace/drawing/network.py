"""A view of a graph as a network: units with their numbers, and the parameter of each connection on its edge."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import cached_property
from itertools import islice
from typing import Final

from backtrace.codegen import places
from backtrace.drawing.figures import Figures, cut
from backtrace.drawing.parts import Cell, Drawing, Edge, Kind, Node, Style
from backtrace.drawing.terms import Read, reads
from backtrace.expressions import Element, Expr, Type, names
from backtrace.graph import depends
from backtrace.records import dataclass
from backtrace.scalars import element as scalar

MOST_UNITS: Final = 20
"""Of a vector with more elements the first ``HEAD`` and the last are drawn."""
HEAD: Final = 4
MOST_NODES: Final = 120
"""Of matrices, and of vectors after that cut, so many elements are drawn; of more the arrays only."""
MOST_IN_NODE: Final = 3
"""So many quantities that follow from each other alone share a box."""
MOST_TARGETS: Final = 4
"""So many targets stand in the box of the error that reads them."""


@dataclass
class _Unit:
    """A node in the making."""

    kind: Kind
    members: list[Element]
    aside: list[Element] = field(default_factory=list)
    group: str = ""
    hidden: int = 0
    beside: int | None = None


@dataclass
class Network:
    """Collects the units of a view and what each reads."""

    figures: Figures
    units: list[_Unit] = field(default_factory=list)
    number: dict[Element, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def drawing(self) -> Drawing | None:
        """The network; None where it has too many numbers to be drawn one by one."""
        if self._count() > MOST_NODES * (2 if self._vectors else 1):
            return None
        for element in self.elements:
            self._add(element)
        graph = self.figures.view.graph
        nodes = tuple(map(self._node, self.units))
        objective = self.figures.name(self.figures.view.objective) if graph.has_loss else ""
        notes = tuple(self._notes())
        return Drawing(graph.title, Style.NETWORK, nodes, tuple(self.edges), objective, notes, self.figures.words)

    # ── which numbers ──

    @cached_property
    def _vectors(self) -> bool:
        """Whether a cut leaves something to be seen: of matrices it would leave a corner."""
        return all(len(equation.type.shape) <= 1 for equation in self.figures.view.graph.shown)

    def _chosen(self, name: str) -> list[Element]:
        """The elements of an array that are drawn, in order."""
        type = self.figures.view.graph.types[name]
        sample = self.figures.sample if type.sampled else None
        everything = (Element(name, index, sample) for index, _ in places(Type(type.shape), None))
        if not self._is_cut(name):
            return list(everything)
        return [*islice(everything, HEAD), Element(name, tuple(size - 1 for size in type.shape), sample)]

    def _is_cut(self, name: str) -> bool:
        return self._vectors and math.prod(self.figures.view.graph.types[name].shape) > MOST_UNITS

    def _count(self) -> int:
        """How many numbers the computed arrays have after the cut."""
        sizes = ((e.name, math.prod(e.type.shape)) for e in self.figures.view.graph.shown)
        return sum(HEAD + 1 if self._is_cut(name) else size for name, size in sizes)

    @cached_property
    def elements(self) -> list[Element]:
        """The computed numbers that are drawn, in the order of computation."""
        return [element for equation in self.figures.view.graph.shown for element in self._chosen(equation.name)]

    # ── what they read ──

    @cached_property
    def _reads(self) -> dict[Element, list[Read]]:
        """What each number reads, of the numbers that are drawn."""
        parameters, sample = self.figures.view.graph.parameters, self.figures.sample
        shown = set(self.elements)

        def wanted(one: Read) -> bool:
            return one.element.sample in (None, sample) and (self._is_shown(one.element) or one.element in shown)

        equations = self.figures.view.graph.equations
        return {
            e: [one for one in self._of(equations[e.name].expr, e, parameters) if wanted(one)] for e in self.elements
        }

    @staticmethod
    def _of(expr: Expr, e: Element, parameters: frozenset[str]) -> list[Read]:
        return reads(scalar(expr, e.index, e.sample), lambda one: one.name in parameters)

    def _is_shown(self, element: Element) -> bool:
        """Whether what is given is left by the cut."""
        return self._given(element) and (not self._is_cut(element.name) or element in self._chosen(element.name))

    def _given(self, element: Element) -> bool:
        return element.name in self.figures.view.graph.givens

    @cached_property
    def _readers(self) -> Counter[Element]:
        """By how many numbers each is read."""
        return Counter(e for found in self._reads.values() for e in {one.element for one in found})

    @cached_property
    def _weights(self) -> frozenset[str]:
        """The arrays whose elements multiply or are added somewhere: they stand on edges and in boxes."""
        every = [one for found in self._reads.values() for one in found]
        return frozenset(
            [one.weight.name for one in every if one.weight] + [one.element.name for one in every if one.added]
        )

    @cached_property
    def _error(self) -> set[str]:
        """What compares with a target, and what follows from that."""
        graph = self.figures.view.graph
        return depends(graph.forward, [name for name, given in graph.givens.items() if given.role == "target"])

    # ── units ──

    def _add(self, element: Element) -> None:
        """Give a number a box, or a place in that of the one it follows from, with edges from what it reads."""
        found = self._reads[element]
        aside = [one.element for one in found if one.added]
        targets = [one.element for one in found if self._role(one.element) == "target" and not one.weight]
        if len(set(targets)) <= MOST_TARGETS and all(self._readers[one] == 1 for one in targets):
            aside += targets
        main = [one for one in found if one.element not in aside and self._drawn(one)]
        before = self._continued(element, main)
        if before is not None and len(self.units[before].members) < MOST_IN_NODE:
            self._join(element, before, aside)
            return
        sources = [(self._source(one.element), one.weight) for one in main]
        at = self._new(element, self._kind(element), self.figures.view.graph.equations[element.name].group, aside)
        pairs = dict.fromkeys((source, weight) for source, weight in sources if source is not None)
        self.edges += [self._edge(source, at, weight) for source, weight in pairs]
        self._elide(element, at)

    def _drawn(self, one: Read) -> bool:
        """Whether what is read has a box: parameters that stand on edges have none."""
        return not (self._role(one.element) == "parameter" and one.element.name in self._weights)

    def _role(self, element: Element) -> str:
        given = self.figures.view.graph.givens.get(element.name)
        return given.role if given else ""

    def _kind(self, element: Element) -> Kind:
        if element.name.removesuffix("#") == self.figures.view.graph.objective:
            return Kind.TOTAL
        return Kind.ERROR if element.name in self._error else Kind.UNIT

    def _continued(self, element: Element, main: Sequence[Read]) -> int | None:
        """The box of the one number that this one is made of, if nothing else reads that."""
        if len(main) != 1 or main[0].weight or self._given(main[0].element):
            return None
        source = main[0].element
        same = (source.name in self._error) == (element.name in self._error)
        equations = self.figures.view.graph.equations
        same = same and equations[source.name].group == equations[element.name].group
        return self.number[source] if same and self._readers[source] == 1 else None

    def _join(self, element: Element, at: int, aside: Sequence[Element]) -> None:
        unit = self.units[at]
        unit.members.append(element)
        unit.aside += aside
        unit.kind = self._kind(element)
        self.number[element] = at

    def _source(self, element: Element) -> int | None:
        """The box of what is read; a given one's is made when it is first read."""
        if element not in self.number and self._given(element):
            for one in self._chosen(element.name) if self._is_cut(element.name) else [element]:
                self._elide(one, self._new(one, Kind.GIVEN, "", []))
        return self.number.get(element)

    def _new(self, element: Element, kind: Kind, group: str, aside: list[Element]) -> int:
        at = len(self.units)
        self.number[element] = at
        self.units.append(_Unit(kind, [element], aside, group))
        return at

    def _elide(self, element: Element, at: int) -> None:
        """After the first elements of a cut array a box that tells how many are left out."""
        if self._is_cut(element.name) and self._chosen(element.name)[HEAD - 1] == element:
            hidden = math.prod(self.figures.view.graph.types[element.name].shape) - HEAD - 1
            group = self.units[at].group
            self.units.append(_Unit(Kind.MORE, [], group=group, hidden=hidden, beside=at))

    # ── as drawn ──

    def _node(self, unit: _Unit) -> Node:
        group = self.figures.words.title(unit.group)
        if unit.hidden:
            more = self.figures.words.say("more", n=f"{unit.hidden:,}")
            return Node(Kind.MORE, (Cell(f"⋮ {more}"),), group, beside=unit.beside)
        aside = [self.figures.cell(one, aside=True) for one in dict.fromkeys(unit.aside)]
        cells = (*aside, *(self.figures.cell(one) for one in unit.members))
        return Node(unit.kind, cells, group)

    def _edge(self, source: int, target: int, weight: Element | None) -> Edge:
        if weight is None:
            return Edge(source, target)
        return Edge(source, target, self.figures.cell(weight), self.figures.view.number(weight))

    def _notes(self) -> Iterator[str]:
        """What the drawing does not show."""
        samples = self.figures.view.graph.samples
        if samples and samples > 1:
            yield self.figures.words.say("sample drawn", number=self.figures.sample + 1, n=samples)
        name = self.figures.view.keys.array
        for equation in self.figures.view.graph.shown:
            elements = [one for e in self._chosen(equation.name) for one in self._reads[e]]
            plain = [o.element.name for o in elements if not o.added and not o.weight and not self._drawn(o)]
            if plain:
                arrays = ", ".join(name(one, pretty=True) for one in dict.fromkeys(plain))
                yield self.figures.words.say("also read", name=name(equation.name, pretty=True), names=arrays)


def network(figures: Figures) -> Drawing | None:
    """The network of a view; None where it has too many numbers."""
    return Network(figures).drawing()


def arrays(figures: Figures) -> Drawing | None:
    """The arrays of a view and which reads which, with their shapes; None of several hundred."""
    graph, keys = figures.view.graph, figures.view.keys
    if len(graph.shown) > 2 * MOST_NODES:
        return None
    nodes: list[Node] = []
    edges: list[Edge] = []
    number: dict[str, int] = {}

    def added(name: str, kind: Kind, group: str) -> int:
        if name not in number:
            number[name] = len(nodes)
            shape = "×".join(map(str, graph.types[name].shape)) or "number"
            label = keys.array(name, pretty=True)
            nodes.append(Node(kind, (Cell(cut(label), shape, about=label),), figures.words.title(group)))
        return number[name]

    for equation in graph.shown:
        sources = [added(name, Kind.GIVEN, "") for name in names(equation.expr)]
        kind = Kind.TOTAL if equation.name == graph.objective else Kind.ARRAY
        at = added(equation.name, kind, equation.group)
        nodes[at] = replace(nodes[at], cells=(replace(nodes[at].cells[0], about=equation.text()[:160]),))
        edges += [Edge(source, at) for source in sources]
    note = figures.words.say("arrays drawn")
    return Drawing(graph.title, Style.NETWORK, tuple(nodes), tuple(edges), "", (note,), figures.words)
