"""The chain rule as a structure: which ways lead from an element to the objective, and what each factor is.

Nothing here looks at a value: the structure of a derivative does not depend on the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from backtrace.expressions import Call, Element, Expr, Num, Ref, names
from backtrace.graph import Graph
from backtrace.keys import Derivative, Path, Target, Via
from backtrace.ops.base import product, total
from backtrace.scalars import derivative, reached
from backtrace.simplify import simplified

LONGEST = 4
"""More factors than this are cut where an equation reads a parameter."""


@dataclass(frozen=True)
class Chains:
    """The ways of one graph towards its objective."""

    graph: Graph
    objective: Element

    @cached_property
    def leading(self) -> frozenset[str]:
        """The names from which the objective can be reached, itself included."""
        found = {self.objective.name}
        for equation in reversed(self.graph.forward):
            if equation.name in found:
                found.update(names(equation.expr))
        return frozenset(found)

    @cached_property
    def _readers_of_parameters(self) -> frozenset[str]:
        """The names whose equations read something that is differentiated by."""
        wrt = set(self.graph.wrt)
        return frozenset(e.name for e in self.graph.forward if not wrt.isdisjoint(names(e.expr)))

    def ways(self, source: Element) -> list[Element]:
        """The named elements that an element enters on its way to the objective, in order."""
        samples = self.graph.samples or 1
        found = []
        for equation in self.graph.consumers.get(source.name, ()):
            if equation.name in self.leading:
                for index, sample in reached(equation.expr, source, samples):
                    found.append(Element(equation.name, index, sample))
        return found

    def local(self, of: Element, by: Element) -> Expr:
        """The derivative of an element's own equation by something it reads, everything else held."""
        equation = self.graph.equations[of.name]
        return derivative(equation.expr, (of.index, of.sample), by, self.graph.samples or 1, of.name)

    def trail(self, source: Element) -> list[Element]:
        """From an element onward while there is one way, up to the objective or a junction."""
        nodes = [source]
        while nodes[-1] != self.objective:
            onward = self.ways(nodes[-1])
            if len(onward) != 1:
                break
            nodes.append(onward[0])
        return nodes

    def factors(self, source: Element, through: Element | None = None) -> list[Target]:
        """The factors of the derivative by an element that has one way on, from the objective down.

        Args:
            source: the element.
            through: the consumer to leave it by, where it has several.
        """
        onward = [source, *self.trail(through)] if through is not None else self.trail(source)
        nodes = self._cut(onward)[::-1]
        head: list[Target] = [] if nodes[0] == self.objective else [Derivative(self.objective, nodes[0])]
        return head + self._joined(nodes, bool(head))

    def _cut(self, nodes: list[Element]) -> list[Element]:
        """A long trail up to the first element that a further parameter is applied to."""
        if len(nodes) <= LONGEST + 1:
            return nodes
        for at in range(2, len(nodes) - 1):
            if nodes[at + 1].name in self._readers_of_parameters and len(nodes) - at > 2:
                return nodes[: at + 1]
        return nodes

    def _joined(self, nodes: list[Element], inside: bool) -> list[Target]:
        """Local derivatives as factors; constant ones join the next towards the parameter, the last stays."""
        made: list[Target] = []
        start = 0
        for at in range(1, len(nodes)):
            constant = constant_value(self.local(nodes[at - 1], nodes[at]))
            head = not made and not inside
            skip = constant == 1 or (head and constant is not None)
            if skip and at < len(nodes) - 1:
                continue
            made.append(Path(tuple(nodes[start : at + 1])))
            start = at
        return made

    def path_formula(self, path: Path) -> Expr:
        """The product of the local derivatives along a path."""
        pairs = zip(path.nodes, path.nodes[1:], strict=False)
        return simplified(product(*(self.local(of, by) for of, by in pairs)))

    def formula(self, by: Element) -> Expr:
        """The derivative of the objective by an element: a product of factors, or a sum over its ways."""
        if by == self.objective:
            return Num(1)
        onward = self.ways(by)
        if not onward:
            return Num(0)
        if len(onward) == 1:
            return product(*map(Ref, self.factors(by)))
        return total([Ref(Via(self.objective, by, through)) for through in onward])

    def via_formula(self, via: Via) -> Expr:
        """One way of a junction as the product of its factors."""
        return product(*map(Ref, self.factors(via.by, via.through)))

    def via_whole(self, via: Via) -> Expr:
        """One way of a junction stopping at the first element: its derivative times the local one."""
        head = [] if via.through == self.objective else [Ref(Derivative(self.objective, via.through))]
        return product(*head, Ref(Path((via.through, via.by))))

    def term(self, via: Via) -> Element | None:
        """The term of the objective that a way ends in, where it is a plain term of a sum."""
        nodes = self.trail(via.through)
        if len(nodes) < 2 or nodes[-1] != self.objective:
            return None
        return nodes[-2] if constant_value(self.local(nodes[-1], nodes[-2])) == 1 else None


def constant_value(expr: Expr) -> float | None:
    """The value of an expression without elements, else None."""
    if isinstance(expr, Num):
        return float(expr.value)
    if isinstance(expr, Call) and expr.op == "div" and all(isinstance(arg, Num) for arg in expr.args):
        top, bottom = (arg.value for arg in expr.args if isinstance(arg, Num))
        return float(top / bottom)
    return None
