"""Where a function has a kink or a jump: margins, whose sign says which branch is taken and whose size how nearly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from backtrace.executor import Arrays
from backtrace.expressions import Call, Element, Expr, Name, Num, Type, names, parse, substitute, walk
from backtrace.graph import Equation
from backtrace.keys import Part
from backtrace.ops import TABLE, call, retyped
from backtrace.ops.base import Array, Op
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.extremes import Extreme
from backtrace.ops.images import Pool
from backtrace.ops.many import Choice
from backtrace.records import dataclass

BELOW_ALL: Final = Num(-1e300)
"""Less than any element that takes part in a maximum."""

MARGINS: Final[Mapping[str, tuple[str, ...]]] = {
    "abs": ("x",),
    "sign": ("x",),
    "step": ("x",),
    "relu": ("x",),
    "leaky_relu": ("x",),
    "elu": ("x",),
    "selu": ("x",),
    "hard_sigmoid": ("abs(slope*x) - 0.5",),
    "clip": ("x - a", "x - b"),
    "where": ("c",),
    "less": ("a - b",),
    "less_equal": ("a - b",),
    "greater": ("a - b",),
    "greater_equal": ("a - b",),
    "equal": ("a - b",),
    "not_equal": ("a - b",),
}
"""By operation what changes its sign at a kink or a jump, over the operation's own letters and options.

elu bends at 0 even where its slope has no jump, which differences feel as well.
"""


@dataclass(frozen=True)
class Site:
    """A margin of one operation within one equation."""

    equation: Equation
    op: str
    margin: Expr

    def named(self, number: int) -> Equation:
        """The margin as an equation that no user's name can equal."""
        return Equation(f"@margin {number}", self.margin, Type(self.margin.shape, self.margin.sampled))

    def target(self, place: tuple[int, ...]) -> Element | Part:
        """What the margin at a place belongs to: the operand where it has a name, else the equation's result."""
        if isinstance(self.margin, Name):
            return _element(self.margin.id, self.margin.sampled, place)
        if Type(self.margin.shape, self.margin.sampled) == self.equation.type:
            return _element(self.equation.name, self.equation.type.sampled, place)
        return Part(self.equation.name)


def _element(name: str, sampled: bool, place: tuple[int, ...]) -> Element:
    return Element(name, place[1:], place[0]) if sampled else Element(name, place)


@dataclass(frozen=True)
class Kink:
    """A kink or a jump within the step of differences: of which operation, where, how far away, for how many entries.

    ``target`` is the operand or, where that has no name, the result of the equation that the operation stands in.
    """

    op: str
    target: Element | Part
    distance: float
    entries: int


def sites(equations: Iterable[Equation], moving: set[str]) -> tuple[Site, ...]:
    """The margins of equations that depend on what moves, each once."""
    found: dict[Expr, Site] = {}
    for equation in equations:
        for node in walk(equation.expr):
            margins = tuple(_margins(node)) if isinstance(node, Call) else ()
            if isinstance(node, Call) and margins and not moving.isdisjoint(names(node)):
                for margin in margins:
                    found.setdefault(margin, Site(equation, node.op, margin))
    return tuple(found.values())


def _margins(node: Call) -> Iterator[Expr]:
    """The margins of a call, by the kind of its row; none for what is smooth."""
    row = TABLE[node.op]
    for kind, rule in KINDS:
        if isinstance(row, kind):
            yield from map(retyped, rule(node, row))
            return


def _elementwise(node: Call, row: Op) -> Iterator[Expr]:
    assert isinstance(row, Elementwise)
    values: dict[str, Expr] = dict(zip(row.letters, node.args, strict=False))
    values |= {name: Num(value) for name, value in {**row.options, **dict(node.options)}.items()}
    for text in MARGINS.get(node.op, ()):
        margin = substitute(parse(text), values)
        if not (isinstance(margin, Call) and margin.op in MARGINS):  # a comparison in where has a margin of its own
            yield margin


def _choice(node: Call, row: Op) -> Iterator[Expr]:
    """Each operand against the best of the others."""
    for k, arg in enumerate(node.args):
        others = node.args[:k] + node.args[k + 1 :]
        if others:
            yield Call("sub", (arg, others[0] if len(others) == 1 else Call(node.op, others)))


def _extreme(node: Call, row: Op) -> Iterator[Expr]:
    """Each element against the best of the others along the axes."""
    assert isinstance(row, Extreme)
    x = node.args[0] if node.op == "max" else call("neg", node.args[0])
    yield _ahead(x, row.axes(node))


def _pool(node: Call, row: Op) -> Iterator[Expr]:
    assert isinstance(row, Pool)
    taken = row.taken(node)
    if taken is not None:
        rows = retyped(taken)
        yield _ahead(rows, (len(rows.shape) - 1,))


def _ahead(x: Expr, axes: tuple[int, ...]) -> Expr:
    """How far each element is ahead of the greatest of the others along axes."""
    along = (("axis", axes), ("keepdims", True))
    best = Call("first_max", (x,), (("axis", axes),))
    second = Call("max", (Call("where", (best, BELOW_ALL, x)),), along)
    return Call("where", (best, Call("sub", (x, second)), Call("sub", (x, Call("max", (x,), along)))))


Rule = Callable[[Call, Op], Iterator[Expr]]
KINDS: Final[tuple[tuple[type[Op], Rule], ...]] = (
    (Choice, _choice),
    (Extreme, _extreme),
    (Pool, _pool),
    (Elementwise, _elementwise),
)


class Crossings:
    """Collects which margins change their sign between the two ends of a step."""

    def __init__(self, found: tuple[Site, ...]) -> None:
        self.sites = found
        self.entries: dict[tuple[int, tuple[int, ...]], int] = {}
        self.distances: dict[tuple[int, tuple[int, ...]], float] = {}

    def crossed(self, base: Arrays, *moved: Arrays) -> bool:
        """Whether any margin has another sign at a moved point; those that have are noted."""
        found = False
        for number, site in enumerate(self.sites):
            name = site.named(number).name
            at = np.real(base[name])
            changed = np.zeros(at.shape, dtype=bool)
            for arrays in moved:
                changed |= np.sign(np.real(arrays[name])) != np.sign(at)
            if changed.any():
                found = True
                self._note(number, at, changed)
        return found

    def _note(self, number: int, at: Array, changed: Array) -> None:
        for place in map(tuple, np.argwhere(changed).tolist()):
            key = (number, place)
            self.entries[key] = self.entries.get(key, 0) + 1
            self.distances[key] = abs(float(at[place]))

    def kinks(self) -> Iterator[Kink]:
        """What was noted, each quantity once."""
        merged: dict[tuple[str, Element | Part], tuple[float, int]] = {}
        for (number, place), count in self.entries.items():
            key = (self.sites[number].op, self.sites[number].target(place))
            distance, before = merged.get(key, (np.inf, 0))
            merged[key] = min(distance, self.distances[number, place]), max(before, count)
        for (op, target), (distance, count) in merged.items():
            yield Kink(op, target, distance, count)
