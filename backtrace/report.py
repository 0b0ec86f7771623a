"""A report as data: which quantities stand in which section and table, in the order of the hand calculation.

Every renderer writes the same sections. What is too large to print is cut here, so all formats cut alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice

from backtrace.chains import constant_value
from backtrace.codegen import places
from backtrace.expressions import Element, Type, names
from backtrace.graph import Equation
from backtrace.keys import Derivative, Part, Path, Short, Target, Via, resampled
from backtrace.quantities import FEW_WAYS, Quantity, View

HEAD = 6
"""A group of more rows than this and two shows so many, and the number and the sum of the rest."""
MANY = 24
"""So many factors of all samples stand in one table."""
FEW = 64
"""Of an array with more elements only the first rows are looked at."""
LARGE = 4096
"""An array with more elements shows its array equations only."""


@dataclass(frozen=True)
class Choice:
    """What a reader wants to see."""

    only: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    sample: int | None = None
    full: bool = False

    def shows(self, *keys: str) -> bool:
        """Whether a row with one of these keys is wanted."""
        return not self.only or any(fnmatchcase(key, pattern) for key in keys for pattern in self.only)

    def wants(self, section: Section) -> bool:
        """Whether a section is wanted: by its name, or a part of its title."""
        return not self.sections or any(
            word == section.name or word.lower() in section.title.lower() for word in self.sections
        )


@dataclass(frozen=True)
class Equations:
    """Array equations, each with the name of its result."""

    equations: tuple[Equation, ...]


@dataclass(frozen=True)
class Rows:
    """Quantities, one a line: formula, formula with numbers, value.

    Each line holds the quantity once for every sample shown. ``more`` rows are left out, whose values sum to
    ``rest``; ``zero`` ways are left out because they give 0. ``arrays`` are too large to list.
    """

    lines: tuple[tuple[Quantity, ...], ...]
    title: str = ""
    equations: tuple[Equation, ...] = ()
    arrays: tuple[str, ...] = ()
    more: int = 0
    rest: float = 0.0
    zero: int = 0


@dataclass(frozen=True)
class Head:
    """The heading of a column: what stands in it, for all rows."""

    target: Target | str


@dataclass(frozen=True)
class Row:
    """A row of a table: whose it is, and its numbers."""

    label: Quantity
    cells: tuple[Quantity, ...]


@dataclass(frozen=True)
class Table:
    """A table of parameters: factors or samples' shares, the derivative, the old and the new value.

    ``factors`` columns come before the derivative; with shares, ``each`` heads the factors of one share.
    """

    stem: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    factors: int
    each: tuple[Head, ...] = ()
    updates: tuple[Equation, ...] = ()
    more: int = 0


Block = Equations | Rows | Table


@dataclass(frozen=True)
class Section:
    """A part of a report: its name for choosing, its title, its blocks; of a step its parameters and its layer."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    parameters: tuple[str, ...] = ()
    layer: str = ""


def sections(view: View, choice: Choice | None = None) -> list[Section]:
    """The sections of one epoch that a reader wants to see."""
    chosen = choice or Choice()
    made = [section for section in _Writer(view, chosen).sections() if chosen.wants(section)]
    kept = [replace(section, blocks=tuple(_kept(section.blocks, chosen))) for section in made]
    return [section for section in kept if section.blocks]


def _kept(blocks: Iterable[Block], choice: Choice) -> Iterator[Block]:
    """The blocks without the rows that are not wanted."""
    for block in blocks:
        if isinstance(block, Rows) and not block.lines and not block.arrays:
            continue
        if not choice.only:
            yield block
        elif isinstance(block, Rows):
            lines = tuple(line for line in block.lines if choice.shows(*(q.key for q in line)))
            if lines:
                yield replace(block, lines=lines, equations=(), arrays=(), more=0, zero=0)
        elif isinstance(block, Table):
            rows = tuple(
                row for row in block.rows if choice.shows(row.label.key, *(q.key for q in row.cells[-3:]))
            )
            if rows:
                yield replace(block, rows=rows, more=0)


def all_targets(view: View) -> Iterator[Element]:
    """Every single number that a run computes, in the order of computation."""
    graph = view.graph
    for given in graph.givens.values():
        yield from _elements(given.name, given.type, graph.samples)
    for equation in (*graph.forward, *graph.gradients, *graph.updates):
        yield from _elements(equation.name, equation.type, graph.samples)
    if graph.updates:
        for equation in graph.forward:
            yield from _elements(f"{equation.name}+", equation.type, graph.samples)


def _elements(name: str, type: Type, samples: int | None) -> Iterator[Element]:
    for index, sample in places(type, samples):
        yield Element(name, index, sample)


@dataclass
class _Writer:
    """Collects the sections of one epoch; what has been listed once is not listed again."""

    view: View
    choice: Choice
    listed: set[Target] = field(default_factory=set)

    @cached_property
    def sample(self) -> int:
        """The sample whose structure is followed; all samples have the same."""
        return 0 if self.choice.sample is None else self.choice.sample

    def sections(self) -> Iterator[Section]:
        graph = self.view.graph
        yield Section("given", "Given", tuple(self.givens()))
        error = self.error_names()
        forward = [e for e in graph.forward if e.name not in error]
        yield Section("forward", "Forward propagation", tuple(self.computed(forward)))
        yield Section("error", "Error", tuple(self.computed([e for e in graph.forward if e.name in error])))
        if graph.gates:
            yield Section("backward", "Back propagation, gate by gate", tuple(self.gates()))
        else:
            yield from self.steps()
        if graph.updates:
            yield Section("after", "After the update", tuple(self.after(error)))

    # ── forward ──

    def givens(self) -> Iterator[Rows]:
        for role, title in (("input", "inputs"), ("target", "targets"), ("parameter", "parameters")):
            names_ = [name for name, given in self.view.graph.givens.items() if given.role == role]
            listed = [
                name for name in names_ if self.count(name) <= FEW or self.choice.full or self.choice.only
            ]
            lines = [line for name in listed for line in self.lines(name, FEW)]
            if names_:
                yield Rows(tuple(lines), title, arrays=tuple(name for name in names_ if name not in listed))

    def error_names(self) -> set[str]:
        """The equations that compare with a target, and what follows from them."""
        graph = self.view.graph
        found = {name for name, given in graph.givens.items() if given.role == "target"}
        for equation in graph.forward:
            if not found.isdisjoint(names(equation.expr)):
                found.add(equation.name)
        return found

    def computed(self, equations: Sequence[Equation]) -> Iterator[Rows]:
        """A block for each layer, or one for equations that belong to none."""
        groups: dict[str, list[Equation]] = {}
        for equation in equations:
            groups.setdefault(equation.group, []).append(equation)
        for title, members in groups.items():
            lines = [line for equation in members for line in self.cut_lines(equation.name)]
            shown = tuple(e for e in members if e.type.shape)
            more = sum(self.count(e.name) - len(self.cut_lines(e.name)) for e in members)
            yield Rows(tuple(lines), title, shown, more=more)

    def count(self, name: str) -> int:
        return math.prod(self.view.graph.types[name.removesuffix("+")].shape)

    def lines(self, name: str, most: int = HEAD + 3) -> list[tuple[Quantity, ...]]:
        """A line for each element of an array; all samples in one line."""
        sample = self.sample if self.view.graph.types[name.removesuffix("+")].sampled else None
        return [self.line(element) for element in self.chosen(name, sample, most)]

    def chosen(self, name: str, sample: int | None, most: int) -> list[Element]:
        """The first elements of an array, or all; of a large one those that the reader asked for."""
        shape = self.view.graph.types[name.removesuffix("+")].shape
        everything = (Element(name, index, sample) for index, _ in places(Type(shape), None))
        if self.choice.only and math.prod(shape) > FEW:
            return [element for element in everything if self.choice.shows(*self.keys_of(element))]
        return list(islice(everything, None if self.choice.full or self.choice.only else most))

    def keys_of(self, element: Element) -> list[str]:
        """The keys by which a reader may ask for an element: its own, its derivative's, its new value's."""
        keys = self.view.keys
        renewed = element._replace(name=f"{element.name}+")
        return [keys.text(t) for t in (element, Derivative(self.view.chains.objective, element), renewed)]

    def cut_lines(self, name: str) -> list[tuple[Quantity, ...]]:
        found = self.lines(name)
        return found if self.count(name) <= HEAD + 2 or self.choice.full or self.choice.only else found[:HEAD]

    def line(self, target: Target) -> tuple[Quantity, ...]:
        """A quantity, for all samples unless one is chosen."""
        samples = self.view.graph.samples
        if samples is None or self.choice.sample is not None or resampled(target, 0) == resampled(target, -1):
            return (self.view.quantity(target),)
        return tuple(self.view.quantity(resampled(target, s)) for s in range(samples))

    def cut(self, lines: list[tuple[Quantity, ...]], zero: int, most: int) -> Rows:
        """Rows of a group; of a long one the head, and the number and sum of the rest."""
        if len(lines) <= most or self.choice.full or self.choice.only:
            return Rows(tuple(lines), zero=zero)
        hidden = lines[HEAD:]
        rest = sum(line[0].value for line in hidden)
        return Rows(tuple(lines[:HEAD]), more=len(hidden), rest=rest, zero=zero)

    def after(self, error: set[str]) -> Iterator[Rows]:
        """The error with the new parameters, and what it reads."""
        graph = self.view.graph
        read = {name for e in graph.forward if e.name in error for name in names(e.expr)}
        wanted = [e for e in graph.forward if e.name in error or (e.name in read)]
        wanted = wanted or [e for e in graph.forward if e.name == graph.objective]
        yield Rows(tuple(line for e in wanted for line in self.cut_lines(f"{e.name}+")))

    # ── backward ──

    def steps(self) -> Iterator[Section]:
        """A step for each equation that reads a parameter, from the objective down."""
        placed: set[str] = set()
        groups: list[list[str]] = []
        for readers in self.reading_groups():
            wanted = [name for name in readers if name not in placed]
            placed.update(wanted)
            if wanted:
                groups.append(wanted)
        for number, wanted in enumerate(groups, start=1):
            layer = next((e.group for e in self.view.graph.forward if wanted[0] in names(e.expr)), "")
            title = f"Back propagation step {number}"
            yield Section(f"step {number}", title, tuple(self.step(wanted)), self.in_order(wanted), layer)

    def in_order(self, wanted: list[str]) -> tuple[str, ...]:
        """The names of a step's parameters in the order of their rows."""
        elements = [element for name in wanted for element in self.parameter_elements(name)]
        return tuple(dict.fromkeys([element.name for element in self.by_unit(elements)] + wanted))

    def reading_groups(self) -> list[list[str]]:
        """The names differentiated by, by the equation or layer that reads them; the last to be read comes first.

        A name that several equations read stands with the first of them, where all its factors are known.
        """
        graph = self.view.graph
        first: dict[str, Equation] = {}
        for equation in graph.forward:
            for name in names(equation.expr):
                if name in graph.wrt:
                    first.setdefault(name, equation)
        groups: dict[str, list[str]] = {}
        for equation in reversed(graph.forward):
            wanted = [name for name in names(equation.expr) if first.get(name) is equation]
            groups.setdefault(equation.group or equation.name, []).extend(wanted)
        return [members for members in groups.values() if members]

    def stem(self, name: str, among: Sequence[str]) -> str:
        """The common letter of numbered scalars (w of w5, w6), else the name."""
        stem = name.rstrip("0123456789")
        same = [other for other in among if other.rstrip("0123456789") == stem]
        scalar = self.view.graph.types[name].shape == ()
        return stem if scalar and len(same) > 1 and stem and not stem.endswith("_") else name

    def step(self, wanted: list[str]) -> Iterator[Block]:
        elements = self.by_unit([element for name in wanted for element in self.parameter_elements(name)])
        targets: list[Target] = []
        for element in elements:
            self.need_all(self.factors(element), targets)
        arrays = tuple(self.array_equations(wanted))
        if arrays:
            yield Equations(arrays)
        yield from self.grouped(targets)
        tables: dict[tuple[str, tuple[Target | str, ...]], list[Element]] = {}
        for element in elements:
            stem = self.stem(element.name, wanted)
            tables.setdefault((stem, self.heads(element, stem)), []).append(element)
        for (stem, heads), members in tables.items():
            yield self.table(stem, heads, members)

    def parameter_elements(self, name: str) -> list[Element]:
        type = self.view.graph.types[name]
        if math.prod(type.shape) > LARGE and not self.choice.full and not self.choice.only:
            return []
        few = math.prod(type.shape) <= FEW
        return self.chosen(name, self.sample if type.sampled else None, FEW if few else HEAD)

    def by_unit(self, elements: list[Element]) -> list[Element]:
        """In the order of what the elements enter first: all weights into one unit, then those into the next."""
        first = {element: self.view.chains.ways(element)[:1] for element in elements}
        return sorted(elements, key=lambda e: first[e][0].index if first[e] else ())

    def shares(self, element: Element) -> tuple[Element, ...] | None:
        """The consumer through which each sample contributes to an element; None where it is not one a sample."""
        onward = self.view.chains.ways(element)
        if self.view.graph.samples is None or element.sample is not None:
            return None
        one_each = [way.sample for way in onward] == list(range(self.view.graph.samples))
        return onward if one_each else None

    def factors(self, element: Element) -> list[Target]:
        """The factors to list for an element: its chain, or those of its ways."""
        chains = self.view.chains
        shares = self.shares(element)
        if shares is not None:
            return chains.factors(element, shares[self.sample])
        onward = chains.ways(element)
        if len(onward) == 1:
            return chains.factors(element)
        return [Derivative(chains.objective, element)] if onward else []

    def heads(self, element: Element, stem: str) -> tuple[Target | str, ...]:
        """The headings of the factors' columns."""
        shares = self.shares(element)
        if shares is not None:
            return tuple(f"#{sample + 1}" for sample in self.shown_samples())
        if len(self.view.chains.ways(element)) != 1:
            return ()
        return tuple(self.headed(factor, element.name, stem) for factor in self.factors(element))

    def headed(self, target: Target, name: str, stem: str) -> Target:
        """A factor's heading: the derivative between whole arrays."""
        of, by = ends(target)
        return Derivative(Part(of.name), Part(stem if by.name == name else by.name))

    def shown_samples(self) -> list[int]:
        if self.choice.sample is not None:
            return [self.choice.sample]
        return list(range(self.view.graph.samples or 1))

    def table(self, stem: str, heads: tuple[Target | str, ...], members: list[Element]) -> Table:
        view = self.view
        limited = (
            members if len(members) <= HEAD + 2 or self.choice.full or self.choice.only else members[:HEAD]
        )
        objective = view.chains.objective
        tail: list[Target | str] = [Derivative(Part(objective.name), Part(stem))]
        trained = members[0].name in view.graph.trained
        if trained:
            tail += [Part(stem), Part(f"{stem}+")]
        rows = []
        for element in limited:
            cells: list[Target] = [*self.cells(element), Derivative(objective, element)]
            if trained:
                cells += [element, element._replace(name=f"{element.name}+")]
            rows.append(Row(view.quantity(element), tuple(map(view.quantity, cells))))
        updates = tuple(
            e for e in view.graph.updates if trained and e.state and e.state.endswith(members[0].name)
        )
        more = sum(self.count(name) for name in {e.name for e in members}) - len(limited)
        each = [self.headed(f, members[0].name, stem) for f in self.factors(members[0])]
        shared = tuple(map(Head, each)) if self.shares(members[0]) is not None else ()
        return Table(stem, tuple(map(Head, (*heads, *tail))), tuple(rows), len(heads), shared, updates, more)

    def cells(self, element: Element) -> list[Target]:
        shares = self.shares(element)
        if shares is not None:
            return [Via(self.view.chains.objective, element, shares[s]) for s in self.shown_samples()]
        return self.factors(element) if len(self.view.chains.ways(element)) == 1 else []

    # ── listing factors ──

    def need_all(self, targets: Iterable[Target], into: list[Target]) -> None:
        for target in targets:
            self.need(target, into)

    def need(self, target: Target, into: list[Target]) -> None:
        """List a factor, and before it what its formula is made of."""
        if target in self.listed:
            return
        self.listed.add(target)
        if isinstance(target, Derivative) and isinstance(target.by, Element):
            self.need_all(self.parts_of(target.by), into)
        elif isinstance(target, Via):
            self.need_all(self.view.chains.factors(target.by, target.through), into)
        into.append(target)
        short = self.view.short(ends(target)[1])
        if short is not None and not isinstance(target, Via | Short):
            self.need(short, into)

    def parts_of(self, by: Element) -> list[Target]:
        """What the formula of a derivative is made of: factors, or the live ways of a junction."""
        chains = self.view.chains
        onward = chains.ways(by)
        if len(onward) == 1:
            return chains.factors(by)
        live = self.live(by)[: HEAD + 2]
        if chains.terms(by) is not None:
            return [chains.way(by, way) for way in live]
        return [part for way in live for part in chains.first_factors(Via(chains.objective, by, way))]

    def live(self, element: Element) -> tuple[Element, ...]:
        """The ways of a junction that do not give 0; none where there is but one way."""
        onward = self.view.chains.ways(element)
        if len(onward) < 2:
            return ()
        if len(onward) > FEW_WAYS:
            return onward
        objective = self.view.chains.objective
        return tuple(way for way in onward if self.view.is_live(objective, element, way)) or onward[:1]

    def grouped(self, targets: list[Target]) -> Iterator[Rows]:
        """The listed factors, those between the same arrays together."""
        groups: dict[tuple[str, str], list[Target]] = {}
        for target in targets:
            of, by = ends(target)
            groups.setdefault((of.name, by.name), []).append(target)
        if self.view.graph.samples and self.choice.sample is None and len(targets) <= MANY:
            groups = {("", ""): targets} if targets else {}
        for members in groups.values():
            zero = sum(
                len(self.view.chains.ways(t.by)) - len(self.live(t.by))
                for t in members
                if isinstance(t, Derivative)
                and isinstance(t.by, Element)
                and len(self.view.chains.ways(t.by)) > 1
            )
            lines = [self.line(target) for target in members]
            yield self.cut(lines, zero, MANY if members is targets else HEAD + 2)

    def array_equations(self, wanted: Sequence[str]) -> Iterator[Equation]:
        """The gradient equations that lead to this step's arrays and have not been shown yet."""
        graph = self.view.graph
        by_name = {e.name: e for e in graph.gradients}
        needed = {graph.gradient_of[name] for name in wanted if name in graph.gradient_of}
        for equation in reversed(graph.gradients):
            if equation.name in needed:
                needed.update(name for name in names(equation.expr) if name in by_name)
        for equation in graph.gradients:
            fresh = Part(equation.name) not in self.listed
            if (
                equation.name in needed
                and fresh
                and equation.type.shape
                and constant_value(equation.expr) is None
            ):
                self.listed.add(Part(equation.name))
                yield self.view.short_equation(equation)

    # ── gates ──

    def gates(self) -> Iterator[Block]:
        """Every gate from the last to the first: its local derivatives, then upstream and downstream gradients."""
        chains, graph = self.view.chains, self.view.graph
        computed = [e.name for e in reversed(graph.forward) if e.name in chains.leading]
        gates = [gate for name in (*computed, *graph.wrt) for gate in self.parameter_elements(name)]
        local = [Path((consumer, gate)) for gate in gates for consumer in chains.ways(gate)]
        yield Rows(tuple(self.line(target) for target in local))
        heads = ("value", "upstream", "local", "gradient")
        rows = [
            Row(self.view.quantity(path.nodes[1]), tuple(map(self.view.quantity, self.gate_cells(path))))
            for path in local
        ]
        yield Table("", tuple(map(Head, heads)), tuple(rows), 0)
        joined = [gate for gate in gates if len(chains.ways(gate)) > 1]
        yield Rows(tuple(self.line(Derivative(chains.objective, gate)) for gate in joined))

    def gate_cells(self, path: Path) -> list[Target]:
        """A gate's value, what arrives from its consumer, the local derivative, what goes on to the gate."""
        objective = self.view.chains.objective
        consumer, gate = path.nodes
        upstream = Derivative(objective, consumer)
        return [gate, upstream, path, Via(objective, gate, consumer)]


def ends(target: Target) -> tuple[Element, Element]:
    """What is differentiated, and by what."""
    if isinstance(target, Path):
        return target.nodes[0], target.nodes[-1]
    if isinstance(target, Via | Short):
        return target.of, target.by
    assert isinstance(target, Derivative)
    assert isinstance(target.of, Element)
    assert isinstance(target.by, Element)
    return target.of, target.by
