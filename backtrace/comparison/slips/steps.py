"""One step of a hand calculation: the formula that gives a number from what is next to it, and what each part is."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from functools import cached_property
from itertools import product as cartesian
from typing import Any, NamedTuple

from backtrace.chains import constant_value
from backtrace.comparison.ancestry import Ancestry, Place
from backtrace.comparison.relations import biases, errors
from backtrace.comparison.sheets import Sheet
from backtrace.comparison.slips.trees import multiplied
from backtrace.comparison.symbols import Named
from backtrace.expressions import Call, Element, Expr, Ref
from backtrace.graph import Graph, depends
from backtrace.keys import Derivative, Key, Path, Short, Via
from backtrace.ops.base import ONE, total
from backtrace.records import dataclass
from backtrace.scalars import flowing


class Kind(Enum):
    """What sort of number a step gives."""

    FORWARD = "forward"
    ERROR = "error"
    """A forward quantity that depends on a target, or the objective."""
    SLOPE = "slope"
    """A derivative over all ways, one step down: the sum over the ways of upstream gradient and local derivative."""
    LOCAL = "local"
    """The derivative of one equation, everything else held."""
    UPDATE = "update"
    SYMBOL = "symbol"


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """A number: where it is looked up, and by what update and target it is computed; there is one of each."""

    place: Place
    view: Sheet
    target: Any

    def __repr__(self) -> str:
        return f"<{self.view.keys.text(self.target)}>"


class Role(Enum):
    """What the local derivative of a way is, by the equation that it leads into."""

    ACTIVATION = "the derivative of the activation"
    ERROR = "the derivative of the error"
    WEIGHT = "the weight"
    INPUT = "the input"
    ONE = "1"
    OTHER = "the local derivative"


class Way(NamedTuple):
    """One way of a derivative: the element it enters, the upstream gradient there (None: 1), the local derivative."""

    entered: Element
    upstream: Expr | None
    local: Expr
    role: Role

    def parts(self) -> list[Expr]:
        """The factors of the way."""
        return [part for part in (self.upstream, self.local) if part is not None and part != ONE]

    def term(self) -> Expr:
        """The way as a product."""
        return multiplied(self.parts())


@dataclass(frozen=True)
class Step:
    """The formula of one number over others, in one update."""

    view: Sheet = field(repr=False)
    target: Any
    formula: Expr
    kind: Kind
    relations: Relations = field(repr=False)
    ways: tuple[Way, ...] = ()

    @property
    def by(self) -> Element:
        """What a slope is taken by."""
        by = self.target.by
        assert isinstance(by, Element)
        return by


@dataclass(frozen=True)
class Relations:
    """What the names of a graph are to each other; nothing here looks at how they are spelt."""

    graph: Graph

    @cached_property
    def errors(self) -> frozenset[str]:
        """The objective, what it is summed up from, and what else depends on a target."""
        return frozenset(errors(self.graph)) | (depends(self.graph.forward, self.targets) - self.targets)

    @cached_property
    def targets(self) -> set[str]:
        """The names given as targets."""
        return {name for name, given in self.graph.givens.items() if given.role == "target"}

    @cached_property
    def outputs(self) -> int:
        """Of how many terms the error of a sample consists."""
        sizes = [len(self.places(e.name)) for e in self.graph.forward if e.name in self.errors]
        return max(sizes, default=1)

    def places(self, name: str) -> list[tuple[int, ...]]:
        """All indexes of a named array."""
        type = self.graph.types.get(name) or self.graph.types[name.removesuffix("+")]
        return list(cartesian(*map(range, type.shape)))

    def is_parameter(self, element: Any) -> bool:
        """Whether an element is one of a parameter's, before or after the update."""
        return isinstance(element, Element) and element.name.removesuffix("+") in self.graph.parameters

    def role(self, way: Element, by: Element, local: Expr) -> Role:
        """What the local derivative of a way is."""
        constant = constant_value(local)
        if way.name in self.errors:
            return Role.ERROR if constant is None else Role.OTHER
        if constant is not None:
            return Role.ONE if constant == 1 else Role.OTHER
        if isinstance(local, Ref):
            return Role.INPUT if self.is_parameter(by) else Role.WEIGHT
        return Role.ACTIVATION if self.is_activation(way.name, by.name) else Role.OTHER

    def is_activation(self, name: str, read: str) -> bool:
        """Whether an equation applies a function to another quantity and nothing else."""
        equation = self.graph.equations.get(name)
        return equation is not None and set(flowing(equation.expr)) == {read}

    def siblings(self, element: Element) -> list[Element]:
        """The other elements of the array; of a parameter that stands alone, those that are read where it is."""
        core, plus = element.name.removesuffix("+"), "+" * element.name.endswith("+")
        others = [element._replace(index=index) for index in self.places(core)]
        if len(others) > 1:
            return [other for other in others if other != element]
        readers = self.role_of_parameter(core)
        group = [name for name in self.graph.parameters if name != core and self.role_of_parameter(name) == readers]
        return [element._replace(name=name + plus) for name in sorted(group, key=list(self.graph.givens).index)]

    def role_of_parameter(self, name: str) -> tuple[Any, ...]:
        """The equations that read a parameter, and whether as a summand or as a factor."""
        if name not in self.graph.parameters:
            return (name,)
        readers = self.graph.consumers.get(name, ())
        return (*(reader.name for reader in readers), name in self.biases)

    @cached_property
    def biases(self) -> frozenset[str]:
        """The parameters that are only ever added."""
        return frozenset(biases(self.graph))


@dataclass
class Steps:
    """The steps of a comparison: its printed figures are looked up in the same places."""

    ancestry: Ancestry
    _made: dict[Node, Step | None] = field(default_factory=dict)
    _nodes: dict[tuple[Any, Any], Node] = field(default_factory=dict)
    _places: dict[Place, Node] = field(default_factory=dict)
    _groups: dict[Node, tuple[Any, ...]] = field(default_factory=dict)

    @cached_property
    def relations(self) -> Relations:
        """What the names are to each other."""
        return Relations(self.ancestry.book.trace.graph)

    def node(self, view: Sheet, key: Any) -> Node:
        """The number that a leaf of a formula names."""
        at = (id(view), key)
        if at not in self._nodes:
            self._nodes[at] = self._node(view, key)
        return self._nodes[at]

    def _node(self, view: Sheet, key: Any) -> Node:
        where, target = self.ancestry.resolved(view, key)
        place = self.ancestry.place(where, target)
        left = self.ancestry.formula(where, target) if self._is_held(where, target) else None
        if isinstance(left, Ref) and isinstance(left.key, Key):  # what an update begins with, the one before it left
            where, target = self.ancestry.resolved(where, left.key)
        elif place.moment == (where.epoch, where.update):
            target = place.target
        return self._places.setdefault(place, Node(place, where, target))

    @staticmethod
    def _is_held(view: Sheet, target: Any) -> bool:
        return isinstance(target, Element) and target.name in (*view.graph.trained, *view.graph.states)

    def step(self, node: Node) -> Step | None:
        """The step that gives a number; None for what is given."""
        if node not in self._made:
            self._made[node] = self._step(node.view, node.target)
        return self._made[node]

    def negated(self, node: Node) -> Node | None:
        """What a symbol prints with the other sign."""
        step = self.step(node) if isinstance(node.target, Named) else None
        if step is None or not isinstance(step.formula, Call) or step.formula.op != "neg":
            return None
        (inner,) = step.formula.args
        return self.node(node.view, inner.key) if isinstance(inner, Ref) else None

    def group(self, node: Node) -> tuple[Any, ...]:
        """What the number is one of: all numbers of an array, or of parameters that are read alike."""
        if node not in self._groups:
            self._groups[node] = self._group(node.target)
        return self._groups[node]

    def _group(self, target: Any) -> tuple[Any, ...]:
        if isinstance(target, Element):
            core = target.name.removesuffix("+")
            return (target.name.endswith("+"), *self.relations.role_of_parameter(core))
        if isinstance(target, Derivative | Path):
            of, by = target if isinstance(target, Derivative) else (target.nodes[0], target.nodes[-1])
            return (type(target), of.name, *self.relations.role_of_parameter(by.name))
        return (type(target), target[0])

    def _step(self, view: Sheet, target: Any) -> Step | None:
        relations = self.relations
        if isinstance(target, Short):
            target = Derivative(target.of, target.by)
        if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
            return self._slope(view, target)
        if isinstance(target, Path) and len(target.nodes) == 2:
            return Step(view, target, view.chains.local(*target.nodes), Kind.LOCAL, relations)
        if isinstance(target, Via):
            ways = (self._way(view, target.of, target.by, target.through),)
            return Step(view, target, ways[0].term(), Kind.SLOPE, relations, ways)
        formula = self.ancestry.formula(view, target)
        if formula is None:
            return None
        return Step(view, target, formula, self._kind(view, target), relations)

    def _kind(self, view: Sheet, target: Any) -> Kind:
        if isinstance(target, Named | Path):
            return Kind.SYMBOL
        core = target.name.removesuffix("+")
        if view.graph.equations.get(target.name) in view.graph.updates:
            return Kind.UPDATE
        return Kind.ERROR if core in self.relations.errors else Kind.FORWARD

    def _slope(self, view: Sheet, target: Derivative) -> Step | None:
        of, by = target
        assert isinstance(of, Element)
        assert isinstance(by, Element)
        chains = view.chains_to(of)
        entered = tuple(way for way in chains.ways(by) if way == of or chains.reaches(way, of))
        if not entered or of == by:
            return None
        if entered == (of,):
            return Step(view, target, chains.local(of, by), Kind.LOCAL, self.relations)
        ways = tuple(self._way(view, of, by, way) for way in entered)
        return Step(view, target, total([way.term() for way in ways]), Kind.SLOPE, self.relations, ways)

    def _way(self, view: Sheet, of: Element, by: Element, entered: Element) -> Way:
        local = view.chains.local(entered, by)
        role = self.relations.role(entered, by, local)
        upstream = None if entered == of else Ref(Derivative(of, entered))
        is_short = isinstance(local, Ref) or constant_value(local) is not None
        return Way(entered, upstream, local if is_short else Ref(Path((entered, by))), role)
