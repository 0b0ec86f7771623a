"""The steps of back propagation: which parameters, which factors, in which order, and their tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from backtrace.chains import constant_value
from backtrace.expressions import Element, Index
from backtrace.graph import RATE, Equation, Graph
from backtrace.keys import Derivative, Part, Path, Short, Target, Via
from backtrace.keys.lanes import Lane, UnlikeError, lanes_in, lanes_of, placed_index
from backtrace.quantities import FEW_WAYS
from backtrace.records import dataclass
from backtrace.report.alike import Listed, Places, Run, RunOfRows, RunsOfRows, Samples, joined
from backtrace.report.blocks import Block, Equations, Head, Row, Rows, Section, Table
from backtrace.report.listing import HEAD, MANY, Listing
from backtrace.words import Note


@dataclass(frozen=True)
class _Way:
    """How the derivative by an element of a parameter comes about.

    ``factors`` are listed before its table, ``cells`` stand in its row; with ``shares`` the cell is what a sample
    contributes, of which there is one for each sample shown, and the factors are those of one share.
    """

    factors: list[Target]
    cells: list[Target]
    shares: bool = False


def reading_groups(graph: Graph) -> list[list[str]]:
    """The names differentiated by, by the equation or layer that reads them; the last to be read comes first.

    A name that several equations read stands with the first of them, where all its factors are known.
    """
    first = {name: graph.consumers[name][0] for name in graph.wrt if name in graph.consumers}
    groups: dict[str, list[str]] = {}
    for equation in reversed(graph.forward):
        wanted = [name for name in equation.reads if first.get(name) is equation]
        groups.setdefault(equation.group or equation.name, []).extend(wanted)
    return [members for members in groups.values() if members]


class Steps(Listing):
    """Writes back propagation, a step for each equation that reads a parameter."""

    def steps(self) -> Iterator[Section]:
        """A step for each equation that reads a parameter, from the objective down."""
        for number, wanted in enumerate(reading_groups(self.view.graph), start=1):
            layer = self.view.graph.consumers[wanted[0]][0].group
            title = Note("step", {"number": number})
            blocks, parameters = self.step(wanted)
            yield Section(f"step {number}", title, blocks, parameters, layer)

    def in_order(self, wanted: list[str]) -> tuple[str, ...]:
        """The names of a step's parameters in the order of their rows."""
        elements = [element for name in wanted for element in self.parameter_elements(name)]
        return tuple(dict.fromkeys([element.name for element in self.by_unit(elements)] + wanted))

    def stem(self, name: str, among: Sequence[str]) -> str:
        """The common letter of numbered scalars (w of w5, w6), else the name."""
        stem = name.rstrip("0123456789")
        same = [other for other in among if other.rstrip("0123456789") == stem]
        scalar = self.view.graph.types[name].shape == ()
        return stem if scalar and len(same) > 1 and stem and not stem.endswith("_") else name

    def step(self, wanted: list[str]) -> tuple[tuple[Block, ...], tuple[str, ...]]:
        """The blocks of a step and its parameters; where the elements of these are alike, all at once."""
        for at_once in ("array", "unit") if self.takes_lanes else ():
            attempt, before = replace(self, at_once=at_once), len(self.listed)
            try:
                return tuple(attempt.blocks(wanted)), attempt.in_order(wanted)
            except UnlikeError:
                self.listed.back_to(before)
        return tuple(self.blocks(wanted)), self.in_order(wanted)

    def blocks(self, wanted: list[str]) -> Iterator[Block]:
        """Array equations, then each distinct factor once, then a table of the parameters."""
        looked_at = self.by_unit([element for name in wanted for element in self.parameter_elements(name)])
        reached = [element for element in looked_at if self.view.chains.ways(element)]
        targets: dict[Target, Element] = {}
        for element in reached:
            found: list[Target] = []
            self.need_delta(element, found)
            self.need_all(self.way(element).factors, found)
            targets.update(dict.fromkeys(found, element))
        arrays = tuple(self.array_equations(wanted))
        if arrays:
            yield Equations(arrays)
        yield from self.grouped(targets)
        yield from self.tables(wanted, looked_at, reached)
        yield from self.states(wanted)

    def tables(self, wanted: list[str], looked_at: list[Element], reached: list[Element]) -> Iterator[Table]:
        """A table for the elements of one name, or one stem, that have the same columns."""
        groups: dict[tuple[str, tuple[Target | str, ...]], list[Element]] = {}
        for element in reached:
            stem = self.stem(element.name, wanted)
            groups.setdefault((stem, self.heads(element, stem)), []).append(element)
        unseen = {name: self.count(name) - sum(size_of(e) for e in looked_at if e.name == name) for name in wanted}
        for (stem, heads), members in groups.items():
            rest = sum(unseen.pop(name, 0) for name in dict.fromkeys(element.name for element in members))
            yield self.table(stem, heads, members, rest)

    def by_unit(self, elements: list[Element]) -> list[Element]:
        """In the order of what the elements enter first: all weights into one unit, then those into the next."""
        first = {element: self.view.chains.ways(element)[:1] for element in elements}
        return sorted(elements, key=lambda e: start(first[e][0].index) if first[e] else ())

    def order(self, element: Element) -> tuple[Lane, ...]:
        """The lanes of an element as its rows go on: those of what it enters first change slowest."""
        return lanes_in((*self.unit(element), *element.index))

    def way(self, element: Element) -> _Way:
        """By a share of each sample, by one chain, or as a sum that is listed before."""
        chains = self.view.chains
        shares = chains.shares(element)
        if shares is not None:
            share = Via(chains.objective, element, shares[self.sample])
            return _Way(chains.factors(element, shares[self.sample]), [share], True)
        onward = chains.ways(element)
        if len(onward) != 1:
            return _Way([Derivative(chains.objective, element)] if onward else [], [])
        factors = chains.factors(element)
        return _Way(factors, factors if len(factors) > 1 else [])

    def heads(self, element: Element, stem: str) -> tuple[Target | str, ...]:
        """The headings of the columns before the derivative."""
        way = self.way(element)
        if way.shares:
            return tuple(f"#{sample + 1}" for sample in self.shown_samples())
        return tuple(self.headed(cell, element.name, stem) for cell in way.cells)

    def headed(self, target: Target, name: str, stem: str) -> Target:
        """A factor's heading: the derivative between whole arrays."""
        of, by = ends(target)
        return Derivative(Part(of.name), Part(stem if by.name == name else by.name))

    def table(self, stem: str, heads: tuple[Target | str, ...], members: list[Element], rest: int) -> Table:
        """The table of some elements; ``rest`` more of their arrays are not looked at."""
        view, name = self.view, members[0].name
        whole = len(members) <= HEAD + 2 or self.choice.full or self.choice.only
        limited = members if whole else [*members[:HEAD], members[-1]]
        trained = name in view.graph.trained
        tail: list[Target | str] = [Derivative(Part(view.chains.objective.name), Part(stem))]
        tail += [Part(stem), Part(f"{stem}+")] if trained else []
        rows = self.rows(limited, trained)
        way = self.way(members[0])
        each = tuple(Head(self.headed(factor, name, stem)) for factor in way.factors) if way.shares else ()
        updates = view.graph.updates_of.get(name, ()) if trained else ()
        more = rest + len(members) - len(limited)
        return Table(stem, tuple(map(Head, (*heads, *tail))), rows, len(heads), each, updates, more)

    def rows(self, members: Sequence[Element], trained: bool) -> Sequence[Row]:
        """A row for each element; for all that one stands for.

        Raises:
            UnlikeError: the rows of several would alternate.
        """
        if not any(map(lanes_of, members)):
            return tuple(Row(self.view.quantity(element), self.row(element, trained)) for element in members)
        alternate = any(lanes_in(self.unit(element)) or not lanes_of(element) for element in members)
        if alternate and len(members) > 1:
            raise UnlikeError
        return RunsOfRows(tuple(self.run_of_rows(element, trained) for element in members))

    def run_of_rows(self, element: Element, trained: bool) -> RunOfRows:
        """A row for each of all that an element with lanes stands for."""
        return RunOfRows(self.view.quantity(element), self.row(element, trained), Places(self.order(element)))

    def row(self, element: Element, trained: bool) -> Listed:
        """Factors or shares, the derivative, and where it is trained the old and the new value."""
        way, cells = self.way(element), [Derivative(self.view.chains.objective, element)]
        tail: list[Target] = [*cells, element, element._replace(name=f"{element.name}+")] if trained else [*cells]
        if way.shares and self.choice.sample is None:
            return Samples(self.view, way.cells[0], self.shown_samples(), tuple(map(self.view.quantity, tail)))
        return tuple(map(self.view.quantity, (*way.cells, *tail)))

    def states(self, wanted: Sequence[str]) -> Iterator[Rows]:
        """Where an update takes more than one equation: each for these parameters, in the order of computation."""
        for parameter in wanted:
            made = self.view.graph.updates_of.get(parameter, ())
            for equation in made if len(made) > 1 else ():
                lines = self.cut_lines(equation.name)
                yield Rows(lines, more=self.count(equation.name) - len(lines))

    def common(self, gradients: bool) -> Iterator[Rows]:
        """What all updates share, from the gradients or without them: the rate, the norm for clipping."""
        shared = [e for e in self.view.graph.updates if e.name == RATE or (e.name.startswith("@") and not e.hidden)]
        yield Rows(tuple(line for e in shared if (e.name != RATE) == gradients for line in self.lines(e.name)))

    # ── listing factors ──

    def need_delta(self, element: Element, into: list[Target]) -> None:
        """List the derivative by what the element enters first, where that is a product of factors."""
        shares = self.view.chains.shares(element)
        through = shares[self.sample] if shares else self.view.chains.ways(element)[0]
        if through != self.view.chains.objective and len(self.way(element).factors) > 2:
            self.need(self.view.chains.whole(through), into)

    def need_all(self, targets: Iterable[Target], into: list[Target]) -> None:
        for target in targets:
            self.need(target, into)

    def need(self, target: Target, into: list[Target]) -> None:
        """List a factor, and before it what its formula is made of, however long that goes on."""
        waiting = [(target, False)]
        while waiting:
            target, ready = waiting.pop()
            if ready:
                into.append(target)
                waiting += [(short, False) for short in self.shorter(target)]
            elif target not in self.listed:
                self.listed.add(target)
                waiting += [(target, True), *((part, False) for part in reversed(self.made_of(target)))]

    def made_of(self, target: Target) -> list[Target]:
        """What the formula of a factor is made of."""
        if isinstance(target, Derivative) and isinstance(target.by, Element):
            return self.parts_of(target.by)
        return self.view.chains.factors(target.by, target.through) if isinstance(target, Via) else []

    def shorter(self, target: Target) -> list[Target]:
        """The short form that stands after a derivative, if it has one."""
        of, by = ends(target)
        short = self.view.short(by) if of == self.view.chains.objective else None
        return [short] if short is not None and not isinstance(target, Via | Short) else []

    def parts_of(self, by: Element) -> list[Target]:
        """What the formula of a derivative is made of: factors, or the live ways of a junction."""
        chains = self.view.chains
        onward = chains.ways(by)
        if by.name in chains.short_forms:
            return []
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
        if len(onward) > FEW_WAYS or element.name in self.view.chains.short_forms:
            return onward
        objective = self.view.chains.objective
        return tuple(way for way in onward if self.view.is_live(objective, element, way)) or onward[:1]

    def grouped(self, targets: Mapping[Target, Element]) -> Iterator[Rows]:
        """The factors, each with the element it is listed for; those between the same arrays together."""
        groups: dict[tuple[str, str], list[Target]] = {}
        for target in targets:
            of, by = ends(target)
            groups.setdefault((of.name, by.name), []).append(target)
        if self.view.graph.samples and self.choice.sample is None and len(targets) <= MANY:
            groups = {("", ""): list(targets)} if targets else {}
        for members in groups.values():
            zero = sum(
                (len(self.view.chains.ways(t.by)) - len(self.live(t.by))) * size_of(t)
                for t in members
                if isinstance(t, Derivative) and isinstance(t.by, Element) and len(self.view.chains.ways(t.by)) > 1
            )
            if any(map(lanes_of, members)):
                yield Rows(joined(self.runs(members, targets)), zero=zero)
                continue
            lines = list({line[0].target: line for line in map(self.line, members)}.values())
            yield self.cut(lines, zero, MANY if len(groups) == 1 and ("", "") in groups else HEAD + 2)

    def runs(self, members: Sequence[Target], targets: Mapping[Target, Element]) -> Iterator[Sequence[Listed]]:
        """The lines of factors between the same arrays: for each element that they are listed for a run.

        Raises:
            UnlikeError: their lines would alternate.
        """
        visits = [(element, list(each)) for element, each in groupby(members, key=lambda target: id(targets[target]))]
        if len(visits) > 1 and any(lanes_in(self.unit(targets[each[0]])) for _, each in visits):
            raise UnlikeError
        for _, each in visits:
            yield self.factor_run(each, targets[each[0]]) if any(map(lanes_of, each)) else list(map(self.line, each))

    def factor_run(self, members: Sequence[Target], element: Element) -> Run:
        """Factors that are listed for an element with lanes.

        Raises:
            UnlikeError: not all of them have the same lanes.
        """
        own = set(lanes_of(members[0]))
        if any(set(lanes_of(target)) != own for target in members):
            raise UnlikeError
        quantities = tuple(map(self.view.quantity, members))
        for quantity in quantities:
            quantity.formula  # noqa: B018  # which tells whether they are alike
        return Run(quantities, Places(tuple(lane for lane in self.order(element) if lane in own)))

    def array_equations(self, wanted: Sequence[str]) -> Iterator[Equation]:
        """The gradient equations that lead to this step's arrays and have not been shown yet."""
        graph = self.view.graph
        fresh: set[str] = set()
        waiting = [graph.gradient_of[name] for name in wanted if name in graph.gradient_of]
        while waiting:
            name = waiting.pop()
            if name in graph.gradient_places and Part(name) not in self.listed:
                self.listed.add(Part(name))
                fresh.add(name)
                waiting += graph.equations[name].reads
        for name in sorted(fresh, key=graph.gradient_places.__getitem__):
            equation = graph.equations[name]
            if equation.type.shape and constant_value(equation.expr) is None:
                yield self.view.short_equation(equation)


def size_of(target: Target) -> int:
    """How many numbers a target with lanes stands for."""
    return math.prod(lane.size for lane in lanes_of(target))


def start(index: Index) -> Index:
    """The first place that an index with lanes stands for."""
    return placed_index(index, dict.fromkeys(lanes_in(index), 0))


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
