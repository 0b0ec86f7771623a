"""The steps of back propagation: which parameters, which factors, in which order, and their tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backtrace.chains import constant_value
from backtrace.expressions import Element, names
from backtrace.graph import Equation
from backtrace.keys import Derivative, Part, Path, Short, Target, Via
from backtrace.quantities import FEW_WAYS
from backtrace.report.blocks import Block, Equations, Head, Row, Rows, Section, Table
from backtrace.report.listing import HEAD, MANY, Listing


class Steps(Listing):
    """Writes back propagation, a step for each equation that reads a parameter."""

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

    def table(self, stem: str, heads: tuple[Target | str, ...], members: list[Element]) -> Table:
        view = self.view
        limited = members if len(members) <= HEAD + 2 or self.choice.full or self.choice.only else members[:HEAD]
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
        updates = tuple(e for e in view.graph.updates if trained and e.state and members[0].name in (e.state, e.state.partition(".")[2]))
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
                if isinstance(t, Derivative) and isinstance(t.by, Element) and len(self.view.chains.ways(t.by)) > 1
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
            if equation.name in needed and fresh and equation.type.shape and constant_value(equation.expr) is None:
                self.listed.add(Part(equation.name))
                yield self.view.short_equation(equation)


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
