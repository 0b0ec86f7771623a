"""The whole derivation of one number as data: every line that it follows from, once, down to the given values."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from itertools import product
from typing import Final, TypeVar

from backtrace.expressions import Call, Element, Expr, Ref, names
from backtrace.graph import RATE
from backtrace.keys import Derivative, Part, Path, Target, Via
from backtrace.quantities import FEW_WAYS, Quantity, View
from backtrace.records import dataclass
from backtrace.report.listing import SEVERAL, elements
from backtrace.report.steps import ends
from backtrace.scalars import reached
from backtrace.schedule import Moment

Term = TypeVar("Term")
MOST: Final = 100
"""So many numbers are derived; the rest is counted, unless everything is asked for."""
READERS: Final = 8
"""Of a given value so many lines that read it are shown."""


@dataclass(frozen=True)
class Step:
    """A number and the formula that it follows from here.

    The formula is one of ``view``: of a value that an earlier update left, it is that update's.
    """

    quantity: Quantity
    formula: Expr | None
    view: View


@dataclass(frozen=True)
class Way:
    """A way towards what is differentiated: its elements, its own line if it is one of several, its factors.

    Only factors that no line before has are here. ``by_term`` tells that it ends in a term of the objective of its own.
    """

    trail: tuple[Element, ...]
    step: Step | None
    factors: tuple[Step, ...]
    by_term: bool = False


@dataclass(frozen=True)
class Block:
    """A derivative: the product along its one way, or the sum over the ways of a junction.

    ``short`` is the text-book's line for it. One way may end at an element from which several go ``on``. Of a
    junction ``more`` ways are not written out, whose sum is ``rest``, and ``zero`` ways give 0.
    """

    line: Step
    ways: tuple[Way, ...]
    short: Step | None = None
    on: int = 0
    more: int = 0
    rest: float = 0.0
    zero: int = 0


@dataclass(frozen=True)
class Page:
    """What one update computed of a derivation.

    First what is ``asked``, then what it reads: what follows the update, the update, derivatives from the one asked
    for towards the objective, and what was computed before them. ``left`` are values that the update before left.
    """

    view: View
    asked: tuple[Step, ...]
    after: tuple[Step, ...]
    updates: tuple[Step, ...]
    blocks: tuple[Block, ...]
    forward: tuple[Step, ...]
    left: tuple[Step, ...]
    given: tuple[Quantity, ...]

    def lines(self) -> Iterator[Step]:
        """Every line, in order."""
        yield from (*self.asked, *self.after, *self.updates)
        for block in self.blocks:
            yield from (block.line, *((block.short,) if block.short else ()))
            for way in block.ways:
                yield from (*((way.step,) if way.step else ()), *way.factors)
        yield from (*self.forward, *self.left)


@dataclass(frozen=True)
class Derivation:
    """Where a number comes from, a page for each update that is gone into, the asked one first.

    ``more`` numbers are read but not derived. ``cut`` tells that long sums leave out terms, ``earlier`` that there are
    updates before that are not gone into. Of a given value, ``readers`` are lines that read it.
    """

    asked: Quantity
    pages: tuple[Page, ...]
    more: int = 0
    cut: bool = False
    earlier: bool = False
    readers: tuple[Step, ...] = ()
    more_readers: int = 0

    @property
    def is_given(self) -> bool:
        """Whether nothing computes the number."""
        return not any(self.pages[0].lines())


def derivation(views: Sequence[View], asked: Quantity, depth: int = 0, full: bool = False) -> Derivation:
    """The derivation of a number.

    A number is derived in the update that computes it, and with it all that this update computes. What an update
    before left is one line: how that update computed it.

    Args:
        views: the recorded updates; those before the asked one are needed for what they left.
        asked: the number.
        depth: into how many earlier updates to go on.
        full: leave nothing out, however long.
    """
    known = {Moment(view.epoch, view.update): view for view in views}
    view: View | None = asked.view
    roots: list[Target] = [asked.target]
    pages: list[Page] = []
    room, more, cut = (None if full else MOST), 0, False
    while view is not None and roots and len(pages) <= depth and room != 0:
        before = _before(view, known)
        found = _Collected(view, before, full, room)
        found.collect(roots)
        pages.append(found.page(() if pages else roots))
        more, cut = more + len(found.unfollowed), cut or found.cut
        room = None if room is None else max(0, room - len(found.lines))
        view, roots = before, list(found.before_reads())
    made = Derivation(asked, tuple(pages), more, cut, earlier=bool(roots) and len(pages) > depth)
    if not made.is_given:
        return made
    readers = list(_readers(asked))
    most = len(readers) if full else READERS
    return replace(made, readers=tuple(readers[:most]), more_readers=len(readers[most:]))


def numbers_of(view: View, target: Target) -> Iterator[Target]:
    """The single numbers that a key of several names, or the one that it is."""
    if isinstance(target, Part):
        core = target.name if target.name in view.graph.types else target.name.removesuffix("+")
        for element in elements(target.name, view.graph.types[core], view.graph.samples):
            if target.index in (None, element.index) and target.sample in (None, element.sample):
                yield element
    elif isinstance(target, Derivative):
        for of, by in product(numbers_of(view, target.of), numbers_of(view, target.by)):
            assert isinstance(of, Element)
            assert isinstance(by, Element)
            if None in (of.sample, by.sample) or of.sample == by.sample:
                yield Derivative(of, by)
    else:
        yield target


def computed_by(views: Sequence[View], asked: Quantity) -> Quantity:
    """The number as the update computes it: what an update begins with is what the one before it left."""
    known = {Moment(view.epoch, view.update): view for view in views}
    before, target = _before(asked.view, known), asked.target
    if before is None or not _is_left(asked.view, target):
        return asked
    assert isinstance(target, Element)
    return before.quantity(target._replace(name=f"{target.name}+"))


def _before(view: View, known: Mapping[Moment, View]) -> View | None:
    before = Moment(view.epoch, view.update).before(view.graph.updates_per_epoch)
    return None if before is None else known.get(before)


def _is_left(view: View, target: Target) -> bool:
    """Whether a number is what an update before may have left: a trained parameter, or what is remembered."""
    return isinstance(target, Element) and target.name in (*view.graph.trained, *view.graph.states)


def _readers(given: Quantity) -> Iterator[Step]:
    """The lines that read a given value."""
    view, source = given.view, given.target
    assert isinstance(source, Element)
    for equation in (*view.graph.shown, *view.graph.updates):
        if source.name in names(equation.expr) and not equation.hidden:
            for index, sample in reached(equation.expr, source, view.graph.samples or 1):
                quantity = view.quantity(Element(equation.name, index, sample))
                yield Step(quantity, quantity.formula, view)


@dataclass
class _Collected:
    """Collects what a number is derived from within one update, then puts it in order."""

    view: View
    before: View | None
    full: bool
    room: int | None
    lines: dict[Target, Step] = field(default_factory=dict)
    left: dict[Element, Step] = field(default_factory=dict)
    given: dict[Element, None] = field(default_factory=dict)
    unfollowed: set[Target] = field(default_factory=set)
    cut: bool = False

    def collect(self, roots: Iterable[Target]) -> None:
        """Follow numbers to what they read, nearer ones first."""
        waiting = deque(map(self.plain, roots))
        while waiting:
            target = waiting.popleft()
            if target in self.lines or target in self.left or target in self.given:
                continue
            line = self.line(target)
            if line.formula is None:
                assert isinstance(target, Element)
                self.given[target] = None
            elif line.view is not self.view:
                assert isinstance(target, Element)
                self.left[target] = line
            elif self.room is not None and len(self.lines) >= self.room:
                self.unfollowed.add(target)
            else:
                self.lines[target] = line
                waiting.extend(self.reads(line))

    def plain(self, target: Target) -> Target:
        """One target for each number: a derivative of one factor is that factor, gradients' elements derivatives."""
        if isinstance(target, Element):
            by = self.view.keys.differentiated.get(target.name)
            if by is not None:
                return self.plain(Derivative(self.view.chains.objective, target._replace(name=by)))
            core = target._replace(name=target.name.removesuffix("+"))
            return target if self.view.formula(target) is not None else core
        if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
            return self.view.chains_to(target.of).whole(target.by)
        return target

    def line(self, target: Target) -> Step:
        """The line of a number: in this update, or of what the update before left."""
        quantity = self.view.quantity(target)
        if self.before is not None and _is_left(self.view, target):
            assert isinstance(target, Element)
            renewed = self.before.quantity(target._replace(name=f"{target.name}+"))
            return Step(quantity, renewed.formula, self.before)
        return Step(quantity, quantity.formula, self.view)

    def reads(self, line: Step) -> Iterator[Target]:
        """What a line writes out: of a long sum the terms that are shown."""
        whole, chains = line.quantity.target, self.view.chains
        term = chains.own_term(whole) if isinstance(whole, Via) and whole.of == chains.objective else None
        for target in self.written(line.formula):
            yield self.plain(from_term(target, term))
        short = self.short(line.quantity.target)
        if short is not None:
            yield from map(self.plain, self.written(short.formula))

    def before_reads(self) -> Iterator[Target]:
        """What the lines of the update before read there."""
        for line in self.left.values():
            yield from self.written(line.formula)

    def written(self, expr: Expr | None) -> Iterator[Target]:
        """The targets in a formula, without those that a long sum's ellipsis stands for."""
        if isinstance(expr, Ref):
            yield expr.key
        elif isinstance(expr, Call):
            for arg in self.shown(expr.args) if expr.op == "add" else expr.args:
                yield from self.written(arg)

    def shown(self, terms: tuple[Term, ...]) -> tuple[Term, ...]:
        """The terms of a sum that are written out."""
        if self.full or len(terms) <= SEVERAL:
            return terms
        self.cut = True
        return (*terms[:2], terms[-1])

    def short(self, target: Target) -> Step | None:
        """The text-book's line beside that of a derivative."""
        if not isinstance(target, Derivative | Path):
            return None
        of, by = ends(target)
        found = self.view.short(by) if of == self.view.chains.objective else None
        if found is None:
            return None
        quantity = self.view.quantity(found)
        return Step(quantity, quantity.formula, self.view)

    # ── in order ──

    def page(self, asked: Sequence[Target]) -> Page:
        """Everything in the order of a page; each element's line in one place."""
        first = [self.plain(target) for target in asked]
        elements = [target for target in self.lines if isinstance(target, Element) and target not in first]
        after, updates, forward = ([], [], []) if not elements else self.parted(elements)
        return Page(
            self.view,
            tuple(self.lines[t] for t in first if isinstance(t, Element) and t in self.lines),
            tuple(after),
            tuple(updates),
            tuple(self.blocks(first)),
            tuple(forward),
            tuple(self.left[t] for t in sorted(self.left, key=self.place)),
            tuple(map(self.view.quantity, sorted(self.given, key=self.place))),
        )

    def parted(self, elements: list[Element]) -> tuple[list[Step], list[Step], list[Step]]:
        """After the update, the update, the forward pass; each in the order of computation."""
        parts: tuple[list[Step], list[Step], list[Step]] = ([], [], [])
        updates = {equation.name for equation in self.view.graph.updates}
        for element in sorted(elements, key=self.place):
            part = 1 if element.name in updates else 0 if element.name.endswith("+") else 2
            parts[part].append(self.lines[element])
        return parts

    @cached_property
    def order(self) -> dict[str, int]:
        """The place of every name in the order of computation."""
        graph = self.view.graph
        computed = [equation.name for equation in (*graph.forward, *graph.updates)]
        everything = [*graph.givens, RATE, *graph.states, *computed, *(f"{e.name}+" for e in graph.forward)]
        return {name: at for at, name in reversed(list(enumerate(everything)))}

    def place(self, element: Element) -> tuple[int, int, tuple[int, ...]]:
        sample = -1 if element.sample is None else element.sample
        return self.order.get(element.name, -1), sample, element.index

    def blocks(self, first: Sequence[Target]) -> Iterator[Block]:
        """Derivatives, the asked one first, then towards the objective, each with the factors that none before has."""
        read = {t for line in self.lines.values() for t in self.reads(line) if is_product(line.quantity.target)}
        own = [t for t in self.lines if isinstance(t, Derivative) or (isinstance(t, Path | Via) and t not in read)]
        own += [t for t in first if isinstance(t, Path | Via) and t in self.lines and t not in own]
        made = {t for t in own if isinstance(t, Path)}
        for target in sorted(own, key=lambda t: (t not in first, self.place(ends(t)[1]))):
            yield self.block(target, made)

    def block(self, target: Target, made: set[Path]) -> Block:
        """The block of one derivative; ``made`` are the factors that have a line already."""
        line, short = self.lines[target], self.short(target)
        if isinstance(target, Path):
            return Block(line, (Way(target.nodes[::-1], None, ()),), short)
        if isinstance(target, Via):
            onward = tuple(self.view.chains_to(target.of).trail(target.through))
            return Block(line, (Way((target.by, *onward), None, self.factors(line, made)),), short)
        of, by = ends(target)
        chains = self.view.chains_to(of)
        if of == by or not chains.ways(by):
            return Block(line, (), short)
        if len(chains.ways(by)) > 1:
            return self.junction(of, by, made)
        head, *_ = self.written(line.formula)
        last = ends(head)[1] if isinstance(head, Derivative) else of
        trail = chains.trail(by)
        if last not in trail:  # in its short form it is no product of what is on the way
            return Block(line, (Way(tuple(trail), None, self.factors(line, made)),), short)
        way = Way(tuple(trail[: trail.index(last) + 1]), None, self.factors(line, made))
        return Block(line, (way,), short, on=0 if last == of else len(chains.ways(last)))

    def junction(self, of: Element, by: Element, made: set[Path]) -> Block:
        """The sum over several ways, each with its product."""
        wanted, target = self.wanted(of, by), Derivative(of, by)
        shown = self.shown(wanted)
        ways = tuple(self.way(Via(of, by, through), made) for through in shown)
        value = self.lines[target].quantity.value
        rest = value - sum(way.step.quantity.value for way in ways if way.step)
        more, zero = len(wanted) - len(shown), len(self.view.chains_to(of).ways(by)) - len(wanted)
        line = self.lines[target]
        if len(ways) == 1 and ways[0].step and ways[0].step.formula == line.formula:
            ways = (replace(ways[0], step=None),)
        return Block(line, ways, self.short(target), more=more, rest=rest if more else 0.0, zero=zero)

    def wanted(self, of: Element, by: Element) -> tuple[Element, ...]:
        """The ways that the formula of a junction has: those that give 0 are left out where they are few."""
        onward = self.view.chains_to(of).ways(by)
        if len(onward) > FEW_WAYS:
            return onward
        return tuple(way for way in onward if self.view.is_live(of, by, way)) or onward[:1]

    def way(self, via: Via, made: set[Path]) -> Way:
        """One way of a junction: to its own term of the objective, or to the first element."""
        chains = self.view.chains_to(via.of)
        if chains.terms(via.by) is None:
            line = Step(self.view.quantity(via), chains.via_whole(via), self.view)
            return Way((via.by, via.through), line, self.factors(line, made))
        quantity = self.view.quantity(chains.way(via.by, via.through))
        line = Step(quantity, quantity.formula, self.view)
        if isinstance(quantity.target, Path):
            made.add(quantity.target)
        factors = self.factors(line, made) if isinstance(quantity.target, Via) else ()
        return Way((via.by, *chains.trail(via.through)), line, factors, by_term=True)

    def factors(self, line: Step, made: set[Path]) -> tuple[Step, ...]:
        """The factors of a product that have no line yet."""
        fresh = [t for t in self.reads(line) if isinstance(t, Path) and t in self.lines and t not in made]
        made.update(fresh)
        return tuple(self.lines[t] for t in dict.fromkeys(fresh))


def is_product(target: Target) -> bool:
    """Whether the factors of a target are listed below it."""
    return isinstance(target, Derivative | Via)


def from_term(target: Target, term: Element | None) -> Target:
    """A factor that begins at the objective, from the term of it that a way goes through."""
    if isinstance(target, Path) and term in target.nodes[1:-1]:
        return Path(target.nodes[target.nodes.index(term) :])
    return target
