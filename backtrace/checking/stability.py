"""What the values of an update say of its stability: a table of rules, by op rows and graph relations alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from backtrace.executor import evaluate
from backtrace.expressions import Call, Element, Num, Type, walk
from backtrace.graph import Array, Equation, Graph
from backtrace.keys import Part
from backtrace.quantities import View
from backtrace.records import dataclass

NEAR_BOUND: Final = 1e-3
RATIO: Final = 1e-3
OVERFLOW: Final = 700.0
"""exp leaves the finite numbers at 709.8."""
UNDERFLOW: Final = 1e-12


@dataclass(frozen=True)
class Note:
    """What a rule noticed: of which operation, how often among how many, and the quantity where it is worst.

    ``within`` says that the operation is a part of the quantity's equation, and ``value`` not the quantity's.
    """

    rule: str
    op: str
    target: Element | Part
    count: int
    of: int
    value: float
    within: bool = False


@dataclass(frozen=True)
class Used:
    """One call of an operation with the arrays of its operands and its result, in their equation."""

    equation: Equation
    call: Call
    args: tuple[Array, ...]
    result: Array

    @property
    def within(self) -> bool:
        """Whether the call is only a part of its equation."""
        return self.call is not self.equation.expr

    def element(self, flat: int) -> Element | Part:
        """The element of the equation where the call's result stands at a flat place, if it is of the same shape."""
        if Type(self.call.shape, self.call.sampled) != self.equation.type:
            return Part(self.equation.name)
        place = tuple(map(int, np.unravel_index(flat, self.result.shape)))
        sampled = self.call.sampled
        return Element(self.equation.name, place[1:], place[0]) if sampled else Element(self.equation.name, place)


def used(view: View, ops: Iterable[str]) -> Iterator[Used]:
    """Every call of some operations in the equations as they are run, with its values."""
    graph, wanted = view.graph, set(ops)
    found = [(e, node) for e in graph.run for node in walk(e.expr) if isinstance(node, Call) and node.op in wanted]
    for number, (equation, node) in enumerate(found):
        parts = [*node.args, node]
        made = [Equation(f"@{number} {k}", part, Type(part.shape, part.sampled)) for k, part in enumerate(parts)]
        values = evaluate(made, view.record, graph.samples)
        *args, result = (values[equation.name] for equation in made)
        yield Used(equation, node, tuple(args), result)


BOUNDS: Final[Mapping[str, tuple[float, ...]]] = {
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "erf": (-1.0, 1.0),
    "erfc": (0.0, 2.0),
    "softmax": (1.0,),  # that most classes are near 0 is what softmax is for
}


def saturated(view: View) -> Iterator[Note]:
    """Results near a bound that they never reach: almost nothing flows back through them."""
    for one in used(view, BOUNDS):
        gaps = np.min([np.abs(one.result - bound) for bound in BOUNDS[one.call.op]], axis=0)
        yield from _noted("saturated", one, gaps < NEAR_BOUND, gaps, one.result)


def dead(view: View) -> Iterator[Note]:
    """Units of a rectifier that give 0 for all samples; of a single sample only where the whole array does."""
    for one in used(view, ("relu", "maximum")):
        if one.call.op == "maximum" and Num(0) not in one.call.args:
            continue
        zero = one.result == 0
        units = zero.all(axis=0, keepdims=True) if one.call.sampled else zero & zero.all()
        if units.any():
            first = one.element(int(np.argmax(units)))
            target = first._replace(sample=None) if isinstance(first, Element) else first
            yield Note("dead", one.call.op, target, int(units.sum()), units.size, 0.0, one.within)


def overflowing(view: View) -> Iterator[Note]:
    """Arguments of exp that are near the end of the finite numbers."""
    for one in used(view, ("exp", "expm1", "sinh", "cosh")):
        (x,) = one.args
        size = np.abs(x) if one.call.op in ("sinh", "cosh") else x
        yield from _noted("overflow", one, size > OVERFLOW, -size, x)


def vanishing_logarithm(view: View) -> Iterator[Note]:
    """Arguments of a logarithm that are near 0: its slope is their reciprocal."""
    for one in used(view, ("log", "log2", "log10", "log1p")):
        x = one.args[0] + (1.0 if one.call.op == "log1p" else 0.0)
        yield from _noted("logarithm", one, x < UNDERFLOW, x, x)


def _noted(rule: str, one: Used, where: npt.NDArray[np.bool_], order: Array, shown: Array) -> Iterator[Note]:
    """A note on the places of a call, with the one that comes first in an order."""
    if where.any():
        worst = int(np.argmin(order))
        value = float(np.ravel(shown)[worst])
        yield Note(rule, one.call.op, one.element(worst), int(where.sum()), where.size, value, one.within)


# ── how gradients change on their way ──


def vanishing(view: View) -> Iterator[Note]:
    """The gradient is far smaller at an early layer than at the last ones, from which it comes; 0 has other causes."""
    ratios = list(_ratios(view))
    found = [(ratio, name) for ratio, name in ratios if 0 < ratio < RATIO]
    if found:
        ratio, name = min(found)
        yield Note("vanishing", "", Part(name), len(found), len(ratios), ratio)


def exploding(view: View) -> Iterator[Note]:
    """The gradient is far greater at an early layer than at the last ones, from which it comes."""
    ratios = list(_ratios(view))
    found = [(ratio, name) for ratio, name in ratios if ratio > 1 / RATIO]
    if found:
        ratio, name = max(found)
        yield Note("exploding", "", Part(name), len(found), len(ratios), ratio)


def _ratios(view: View) -> Iterator[tuple[float, str]]:
    """Of each node that reads a trained parameter the size of its gradient, by that of the last such nodes after it."""
    greatest: dict[str, float] = {}
    """Of the last such nodes that depend on a name."""
    layers = _layers(view.graph)
    for equation in reversed(view.graph.shown):
        name, last = equation.name, greatest.get(equation.name)
        if name in layers:
            size = _size(view, name)
            if last:
                yield size / last, name
            last = size if last is None else last
        if last is not None:
            greatest |= {read: max(last, greatest.get(read, last)) for read in equation.reads}


def _layers(graph: Graph) -> set[str]:
    """The nodes that read a trained parameter and have a gradient."""
    trained = set(graph.trained)
    readers = (e.name for e in graph.shown if not trained.isdisjoint(e.reads))
    return {name for name in readers if name in graph.gradient_of and name != graph.objective}


def _size(view: View, name: str) -> float:
    gradient = view.record[view.graph.gradient_of[name]]
    return float(np.sqrt(np.mean(np.square(gradient))))


def unmoved(view: View) -> Iterator[Note]:
    """Trained parameters whose gradient is 0 in every entry: this update does not change them by it."""
    graph = view.graph
    for name in graph.trained:
        gradient = view.record[graph.gradient_of[name]]
        if not gradient.any():
            yield Note("unmoved", "", Part(name), gradient.size, gradient.size, 0.0)


Rule = Callable[[View], Iterator[Note]]
RULES: Final[tuple[Rule, ...]] = (
    saturated,
    dead,
    vanishing,
    exploding,
    unmoved,
    overflowing,
    vanishing_logarithm,
)


def notes(view: View) -> Iterator[Note]:
    """What all rules notice, in their order."""
    for rule in RULES:
        yield from rule(view)
