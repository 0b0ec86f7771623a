"""The chain rule as a structure: which ways lead from an element to the objective, and what each factor is.

Nothing here looks at a value: the structure of a derivative does not depend on the data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain

from backtrace.expressions import Call, Element, Expr, Num, Ref, names
from backtrace.graph import Equation, Graph
from backtrace.keys import Derivative, Path, Short, Target, Via
from backtrace.keys.lanes import UnlikeError, lanes_in, may_meet
from backtrace.ops.base import ONE, product, total
from backtrace.records import dataclass
from backtrace.scalars import by_place, derivative, element, flowing, reached
from backtrace.simplify import simplified
from backtrace.stable import Pair, pairs

LONGEST = 4
"""More factors than this are cut where an equation reads a parameter."""


@dataclass(frozen=True)
class Chains:
    """The ways of one graph towards its objective."""

    graph: Graph
    objective: Element
    short_forms: frozenset[str] = frozenset()
    """The pre-activations whose derivative is taken in its short form, and is a factor of its own."""
    stepwise: bool = False
    """Whether short trails are cut as long ones are, so that what stands in several formulas is cut alike in all."""

    @cached_property
    def leading(self) -> frozenset[str]:
        """The names from which the objective can be reached, itself included."""
        found = {self.objective.name}
        for equation in reversed(self.graph.forward):
            if equation.name in found:
                found.update(flowing(equation.expr))
        return frozenset(found)

    @cached_property
    def _readers_of_parameters(self) -> frozenset[str]:
        """The names whose equations read something that is differentiated by."""
        wrt = set(self.graph.wrt)
        return frozenset(e.name for e in self.graph.forward if not wrt.isdisjoint(names(e.expr)))

    @cached_property
    def _ways(self) -> dict[Element, tuple[Element, ...]]:
        return {}

    @cached_property
    def _locals(self) -> dict[tuple[Element, Element], Expr]:
        return {}

    def ways(self, source: Element) -> tuple[Element, ...]:
        """The named elements that an element enters on its way to the objective, in order."""
        found = self._ways.get(source)
        if found is None:
            found = self._ways[source] = tuple(self._entered(source))
        return found

    def _entered(self, source: Element) -> Iterator[Element]:
        samples, laned = self.graph.samples or 1, bool(lanes_in(source.index))
        for equation in self.graph.consumers.get(source.name, ()):
            if equation.name in self.leading:
                if laned:
                    self.check_alike(equation)
                places = reached(equation.expr, source, samples)
                if laned and may_meet([index for index, _ in places]):
                    raise UnlikeError
                for index, sample in places:
                    yield Element(equation.name, index, sample)

    def check_alike(self, equation: Equation) -> None:
        """Refuse lanes where an equation is not alike for all places.

        Raises:
            UnlikeError: each element must be looked at by itself.
        """
        if equation.name not in self._by_place:
            raise UnlikeError

    @cached_property
    def _by_place(self) -> frozenset[str]:
        return frozenset(e.name for e in self.graph.equations.values() if by_place(e.expr))

    def local(self, of: Element, by: Element) -> Expr:
        """The derivative of an element's own equation by something it reads, everything else held."""
        found = self._locals.get((of, by))
        if found is None:
            found = self._locals[of, by] = self._local(of, by)
        return found

    def _local(self, of: Element, by: Element) -> Expr:
        equation = self.graph.equations.get(of.name)
        if equation is None:
            return Num(int(of == by))
        if lanes_in((*of.index, *by.index)):
            self.check_alike(equation)
        found = derivative(equation.expr, (of.index, of.sample), by, self.graph.samples or 1, of.name)
        back = self.graph.new_weights and by.name not in self.graph.trained
        return _with_new_values(found, self.graph.trained) if back else found

    def trail(self, source: Element) -> list[Element]:
        """From an element onward while there is one way, up to the objective or a junction."""
        return list(self._onward(source))

    def _onward(self, source: Element) -> Iterator[Element]:
        yield source
        while source != self.objective and source.name not in self.short_forms and len(self.ways(source)) == 1:
            (source,) = self.ways(source)
            yield source

    @cached_property
    def _ends(self) -> dict[Element, tuple[Element, Element | None]]:
        return {}

    def _end(self, source: Element) -> tuple[Element, Element | None]:
        """The last element of a trail and the one before it; all elements of a trail share them."""
        walked: list[Element] = []
        for node in self._onward(source):
            if node in self._ends:
                break
            walked.append(node)
        else:
            self._ends[walked.pop()] = node, None
        last, before = self._ends[node]
        if walked:
            before = before or walked[-1]
            self._ends.update(dict.fromkeys(walked, (last, before)))
        return last, before

    def factors(self, source: Element, through: Element | None = None) -> list[Target]:
        """The factors of the derivative by an element, from the objective down.

        Args:
            source: the element; without ``through`` it has one way on.
            through: the consumer to leave it by, where it has several. The step into it stays a factor of its own:
                a longer label would name the derivative over all ways.
        """
        if through is None:
            return self._chain(self._cut(self._onward(source)))
        step: Target = Path((through, source))
        if through == self.objective:
            return [step]
        onward = self._cut(chain([source], self._onward(through)))[1:]
        before = self._chain(onward) if len(onward) > 1 else [self.whole(through)]
        (head, *rest) = before
        one = isinstance(head, Path) and constant_value(self.path_formula(head)) == 1
        return [step] if one and not rest else [*before, step]

    def _chain(self, trail: list[Element]) -> list[Target]:
        nodes = trail[::-1]
        head: list[Target] = [] if nodes[0] == self.objective else [self.whole(nodes[0])]
        return head + self._joined(nodes, bool(head))

    def _cut(self, nodes: Iterable[Element]) -> list[Element]:
        """A long trail up to the first element that a further parameter is applied to; it is followed no further."""
        taken: list[Element] = []
        cut, first = 0, 1 if self.stepwise else 2
        for node in nodes:
            taken.append(node)
            at = len(taken) - 3
            if not cut and at >= first and taken[at + 1].name in self._readers_of_parameters:
                cut = at
            if cut and (self.stepwise or len(taken) > LONGEST + 1):
                return taken[: cut + 1]
        return taken

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

    def is_one_of_several(self, of: Element, by: Element, through: Element) -> bool:
        """Whether an element reaches another by more ways than the one through a consumer."""
        if self._first_entered(by) >= self._order.get(of.name, 0):
            return of != through and of in self.ways(by)
        return any(self.reaches(way, of) for way in self.ways(by) if way != through)

    def _first_entered(self, source: Element) -> int:
        """The place of the first equation that an element enters."""
        found = self._firsts.get(source)
        if found is None:
            found = min((self._order[way.name] for way in self.ways(source)), default=len(self._order))
            self._firsts[source] = found
        return found

    @cached_property
    def _firsts(self) -> dict[Element, int]:
        return {}

    def reaches(self, source: Element, goal: Element) -> bool:
        """Whether an element leads to another, over any number of named ones; it leads to itself."""
        waiting, seen = [source], {source}
        while waiting:
            node = waiting.pop()
            if node == goal:
                return True
            if self._order[node.name] < self._order[goal.name]:
                fresh = set(self.ways(node)) - seen
                seen |= fresh
                waiting.extend(fresh)
        return False

    @cached_property
    def _order(self) -> dict[str, int]:
        return {equation.name: number for number, equation in enumerate(self.graph.forward)}

    def path_formula(self, path: Path) -> Expr:
        """The product of the local derivatives along a path."""
        found = self._paths.get(path)
        if found is None:
            found = self._paths[path] = self._path_formula(path)
        return found

    @cached_property
    def _paths(self) -> dict[Path, Expr]:
        return {}

    def _path_formula(self, path: Path) -> Expr:
        steps = zip(path.nodes, path.nodes[1:], strict=False)
        return simplified(product(*(self.local(of, by) for of, by in steps)))

    def whole(self, by: Element) -> Target:
        """The derivative of the objective by an element: its only factor where it has but one."""
        if by != self.objective and by.name not in self.short_forms and len(self.ways(by)) == 1:
            trail = self._cut(self._onward(by))
            factors = self._chain(trail) if trail[-1] == self.objective else []  # else what is before is one too
            if len(factors) == 1:
                return factors[0]
        return Derivative(self.objective, by)

    def formula(self, by: Element, live: Callable[[Element], bool] = lambda way: True) -> Expr:
        """The derivative of the objective by an element: a product of factors, or a sum over its ways.

        Args:
            by: the element.
            live: which ways of a junction to write; those that give 0 may be left out.
        """
        if by == self.objective:
            return Num(1)
        if by.name in self.short_forms:
            return self.short_formula(Short(self.objective, by))
        onward = self.ways(by)
        if not onward:
            return Num(0)
        if len(onward) == 1:
            return product(*map(Ref, self.factors(by)))
        wanted = [way for way in onward if live(way)] or onward[:1]
        if self.terms(by) is not None:
            return total([Ref(self.way(by, through)) for through in wanted])
        return total([self.via_whole(Via(self.objective, by, through)) for through in wanted])

    def shares(self, by: Element) -> tuple[Element, ...] | None:
        """The consumer through which each sample contributes to an element; None where it is not one a sample."""
        if self.graph.samples is None or by.sample is not None:
            return None
        if by not in self._shares:
            onward = self.ways(by)
            one_each = [way.sample for way in onward] == list(range(self.graph.samples))
            self._shares[by] = onward if one_each else None
        return self._shares[by]

    @cached_property
    def _shares(self) -> dict[Element, tuple[Element, ...] | None]:
        return {}

    def terms(self, by: Element) -> list[Element] | None:
        """The terms of the objective that the ways of a junction end in, where each has one of its own."""
        found = [self.term(Via(self.objective, by, way)) for way in self.ways(by)]
        known = [term for term in found if term is not None]
        return known if len(set(known)) == len(found) else None

    def own_term(self, via: Via) -> Element | None:
        """The term of the objective that a way of a junction ends in, where each way has its own."""
        onward, terms = self.ways(via.by), self.terms(via.by)
        return None if terms is None or via.through not in onward else terms[onward.index(via.through)]

    def way(self, by: Element, through: Element) -> Target:
        """One way of a junction: the way itself, or its only factor."""
        factors = self.factors(by, through)
        return factors[0] if len(factors) == 1 else Via(self.objective, by, through)

    @cached_property
    def pairs(self) -> dict[str, Pair]:
        """Sigmoid or softmax with cross-entropy, by the pre-activation's name."""
        return pairs(self.graph.forward)

    def short(self, by: Element) -> Short | None:
        """The text-book's line for the derivative by a pre-activation, where there is one."""
        return Short(self.objective, by) if by.name in self.pairs else None

    def short_formula(self, short: Short, of_rests: bool = False) -> Expr:
        """Probability less target, or what each of them leaves of 1, times what the objective makes of the loss."""
        pair = self.pairs[short.by.name]
        p, y = (element(name, short.by.index, short.by.sample) for name in (pair.probability, pair.target))
        first, second = (Call("sub", (ONE, y)), Call("sub", (ONE, p))) if of_rests else (p, y)
        return simplified(product(self.scale(pair, short.by), Call("sub", (first, second))))

    def scale(self, pair: Pair, by: Element) -> Expr:
        """The derivative of the objective by one term of the pair's loss, a constant."""
        if pair.loss == self.objective.name:
            return Num(1)
        shape = self.graph.types[pair.loss].shape
        term = Element(pair.loss, by.index[: len(shape)], by.sample)
        return self.path_formula(Path(tuple(self.trail(term)[::-1])))

    def via_formula(self, via: Via) -> Expr:
        """One way of a junction as the product of its factors."""
        return product(*map(Ref, self.factors(via.by, via.through)))

    def via_whole(self, via: Via) -> Expr:
        """One way of a junction stopping at the first element: its derivative times the local one."""
        return product(*map(Ref, self.first_factors(via)))

    def first_factors(self, via: Via) -> list[Target]:
        """The derivative by the first element of a way, and that element's own.

        A 1 stays here: where ways are summed a reader looks for the upstream gradient of each.
        """
        step = Path((via.through, via.by))
        return [step] if via.through == via.of else [self.whole(via.through), step]

    def term(self, via: Via) -> Element | None:
        """The term of the objective that a way ends in, where it is a plain term of a sum."""
        last, before = self._end(via.through)
        if before is None or last != self.objective:
            return None
        return before if constant_value(self.local(last, before)) == 1 else None


def _with_new_values(expr: Expr, trained: Collection[str]) -> Expr:
    """The formula with trained parameters as they are after the update."""
    if isinstance(expr, Ref) and isinstance(expr.key, Element) and expr.key.name in trained:
        return Ref(expr.key._replace(name=f"{expr.key.name}+"))
    if isinstance(expr, Call):
        return Call(expr.op, tuple(_with_new_values(arg, trained) for arg in expr.args), expr.options)
    return expr


def constant_value(expr: Expr) -> float | None:
    """The value of an expression without elements, else None."""
    if isinstance(expr, Num):
        return float(expr.value)
    if isinstance(expr, Call) and expr.op == "div" and all(isinstance(arg, Num) for arg in expr.args):
        top, bottom = (arg.value for arg in expr.args if isinstance(arg, Num))
        return float(top / bottom)
    return None
