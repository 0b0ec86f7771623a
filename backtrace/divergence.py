"""Where a training first leaves the finite numbers: the quantity, the operation and what it was given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from backtrace.errors import Fault
from backtrace.exact import text_book
from backtrace.executor import Arrays, evaluate
from backtrace.expressions import Call, Element, Expr, Name, Num, Type, to_text
from backtrace.graph import RATE, Equation, Graph
from backtrace.keys import Keys
from backtrace.ops import TABLE
from backtrace.ops.elementwise import Elementwise
from backtrace.scalars import fitted
from backtrace.schedule import Moment

GROWN: Final = 10.0
"""A parameter that is so many times as large as at the start is what grew."""


UNTOUCHED: Final = "other values may help: nothing has been updated yet"
SCHEDULED: Final = "learning_rate: is an expression here, which is to give a finite number in every update"
SMALLER: Final = "a smaller learning rate or smaller values may help"


class Lost(NamedTuple):
    """The first quantity of an update that is not finite, why, in words, and all numbers of the update."""

    element: Element
    value: float
    cause: str
    arrays: Arrays


Evaluate = Callable[[Sequence[Equation], Arrays], Arrays]
"""What equations give from some values, finite or not."""


def told(
    graph: Graph, given: Arrays, moment: Moment, why: str, evaluate: Evaluate, advice: str = ""
) -> tuple[Fault, Lost | None]:
    """The fault of an update that left the finite numbers, and what is lost.

    Args:
        graph: what is computed.
        given: what stands before the update.
        moment: which update it is.
        why: what is known of it where nothing is found again.
        evaluate: how the numbers were computed.
        advice: what may help where no parameter has grown, if that is not the usual.
    """
    found = first_lost(graph, given, evaluate)
    several = f", update {moment.update}" if graph.updates_per_epoch > 1 else ""
    where = f"epoch {moment.epoch:,}{several}"
    if found is None:
        return Fault(f"{where}: the numbers left the finite range{why and f' ({why})'}"), None
    keys = Keys.of(graph)
    value = "is no number" if np.isnan(found.value) else "is infinite"
    growth = grown(graph, given)
    hint = advice or (UNTOUCHED if moment == Moment(1) else SMALLER)
    if found.element.name == RATE:
        return Fault(f"{where}: {keys.pretty(found.element)} {value}{_because(found)}", hint=SCHEDULED), found
    if growth is not None:
        element, start, now = growth
        rate = float(np.asarray(given.get(RATE, np.nan)))
        hint = (
            f"learning rate {rate:g} made {keys.pretty(element)} grow from {start:.6g} to {now:.6g}: try a smaller one"
        )
    return Fault(f"{where}: {keys.pretty(found.element)} {value}{_because(found)}", hint=hint), found


def _because(found: Lost) -> str:
    return found.cause and f"; {found.cause}"


def first_lost(graph: Graph, given: Arrays, evaluate: Evaluate) -> Lost | None:
    """The first quantity of an update that is infinite or no number; None where none is.

    Args:
        graph: what is computed.
        given: what stands before the update: given values, parameters and states, and the counters.
        evaluate: how the numbers were computed.
    """
    arrays = dict(given)
    with np.errstate(all="ignore"):
        for equation in graph.step:
            arrays |= evaluate([equation], arrays)
            bad = np.argwhere(~np.isfinite(arrays[equation.name]))
            if len(bad):
                place = tuple(map(int, bad[0]))
                element = _element(equation, place)
                value = float(arrays[equation.name][place])
                cause = _Search(graph, arrays).cause(equation, element)
                return Lost(element, value, cause, arrays | evaluate(graph.step, given))
    return None


def grown(graph: Graph, given: Arrays) -> tuple[Element, float, float] | None:
    """The element of a trained parameter that has grown the most since the start, with its value then and now."""
    found: list[tuple[float, Element]] = []
    starts = {name: float(np.max(np.abs(graph.givens[name].values))) for name in graph.trained}
    usual = max(starts.values(), default=0.0) or 1.0  # what starts at 0 has grown by no factor of its own
    for name, start in starts.items():
        now = np.asarray(given[name])
        place = np.unravel_index(int(np.argmax(np.abs(now))), now.shape)
        factor = float(np.max(np.abs(now))) / (start or usual)
        found.append((factor, Element(name, tuple(map(int, place)))))
    factor, element = max(found, key=lambda each: each[0], default=(0.0, Element("")))
    if factor <= GROWN:
        return None
    return element, float(graph.givens[element.name].values[element.index]), float(given[element.name][element.index])


def _element(equation: Equation, place: tuple[int, ...]) -> Element:
    return Element(equation.name, place[1:], place[0]) if equation.type.sampled else Element(equation.name, place)


class _Search:
    """Looks for the innermost operation that was given finite numbers and gave none."""

    def __init__(self, graph: Graph, arrays: Arrays) -> None:
        self.graph, self.arrays = graph, arrays
        self.keys = Keys.of(graph)

    def cause(self, equation: Equation, at: Element) -> str:
        """In words, for an element of an equation: as it is run, or as it is written, which is what is rounded."""
        written = (each.expr for each in self.graph.forward if each.name == equation.name)
        forms = (equation.expr, *written, text_book(equation.expr))
        return next((self.innermost(expr, at) for expr in forms if not self.is_finite(expr)), "")

    def innermost(self, expr: Expr, at: Element) -> str:
        """The same of the part of an expression that alone was given finite numbers; the place is one in the whole."""
        while isinstance(expr, Call):
            broken = next((arg for arg in expr.args if not self.is_finite(arg)), None)
            if broken is None:
                return self.words(expr, at)
            place = np.argwhere(~np.isfinite(self.values(broken)))[0]
            at = Element("", tuple(map(int, place[1:])), int(place[0])) if broken.sampled else Element("", tuple(place))
            expr = broken
        return ""

    def is_finite(self, expr: Expr) -> bool:
        return bool(np.isfinite(self.values(expr)).all())

    def values(self, expr: Expr) -> Any:
        """The values of a part of an equation."""
        if isinstance(expr, Num):
            return np.float64(expr.value)
        if isinstance(expr, Name):
            return np.asarray(self.arrays[expr.id])
        part = Equation("", expr, Type(expr.shape, expr.sampled))
        return evaluate([part], self.arrays, self.graph.samples)[""]

    def words(self, call: Call, at: Element) -> str:
        """What an operation on finite numbers did, and the numbers where it is one of elements."""
        if not isinstance(TABLE[call.op], Elementwise):
            return f"{OVERFLOWING.get(call.op, call.op)} overflows"
        operands = [self.operand(arg, at) for arg in call.args]
        said = ", ".join(dict.fromkeys(f"{name} = {value:.6g}" for name, value in operands if name))
        what = _what(call.op, [value for _, value in operands])
        return f"{said}: {what}" if said else what

    def operand(self, arg: Expr, at: Element) -> tuple[str, float]:
        """The key or text of an operand's element, and its value; a number has no name."""
        index, sample = fitted(at.index, arg), at.sample if arg.sampled else None
        value = float(self.values(arg)[(*(() if sample is None else (sample,)), *index)])
        if isinstance(arg, Num):
            return "", value
        if isinstance(arg, Name):
            known = arg.id in self.graph.types
            return (self.keys.pretty(Element(arg.id, index, sample)) if known else _plain(arg.id)), value
        return _plain(to_text(arg)), value


def _plain(text: str) -> str:
    """A text without the sign in front of counters, which only tells them from names of a config."""
    return re.sub(r"@(?=\w)", "", text)


OVERFLOWING: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("sum", "mean", "matmul", "sum_samples", "mean_samples", "cumsum", "conv2d", "avgpool2d"), "the sum"
    ),
    **dict.fromkeys(("prod", "outer"), "the product"),
}
"""What of an operation on whole arrays grows beyond the numbers."""

Rule = tuple[Callable[..., bool], str]
_EXPONENTIAL: Sequence[Rule] = ((lambda *x: True, "{op} overflows"),)
_LOGARITHM: Sequence[Rule] = ((lambda x: x == 0, "{op} of 0"), (lambda x: x < 0, "{op} of a negative number"))
CAUSES: Final[Mapping[str, Sequence[Rule]]] = {
    **dict.fromkeys(("log", "log2", "log10"), _LOGARITHM),
    "log1p": ((lambda x: x == -1, "log1p of -1"), (lambda x: x < -1, "log1p of a number below -1")),
    "sqrt": ((lambda x: x < 0, "the square root of a negative number"),),
    "div": (
        (lambda a, b: a == 0 and b == 0, "0 divided by 0"),
        (lambda a, b: b == 0, "division by 0"),
        (lambda a, b: True, "the quotient overflows"),
    ),
    "pow": (
        (lambda a, b: a == 0, "0 to a negative power"),
        (lambda a, b: a < 0 and b != int(b), "a negative number to a power that is not whole"),
        (lambda a, b: True, "the power overflows"),
    ),
    "mul": ((lambda *x: True, "the product overflows"),),
    "add": ((lambda *x: True, "the sum overflows"),),
    "sub": ((lambda *x: True, "the difference overflows"),),
}
"""Why an operation of elements gives no finite number, the first that holds."""


def _what(op: str, operands: Iterable[float]) -> str:
    values = tuple(operands)
    return next(
        (text.format(op=op) for holds, text in CAUSES.get(op, _EXPONENTIAL) if holds(*values)), f"{op} overflows"
    )
