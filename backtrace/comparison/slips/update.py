"""Slips of the update: the step's sign and size, momentum, the corrections of Adam."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from backtrace.comparison.slips.forward import MOST_SIBLINGS
from backtrace.comparison.slips.rewritings import UPDATE, Rewriting, Rewritten, numbered
from backtrace.comparison.slips.steps import Step
from backtrace.comparison.slips.trees import (
    addends,
    everywhere,
    factors,
    leaves,
    mapped,
    multiplied,
    negated,
    summed,
    sums_changed,
    with_term_negated,
    without,
    without_term,
)
from backtrace.expressions import Call, Element, Expr, Num, Ref
from backtrace.graph import RATE
from backtrace.keys import Derivative

RATE_LEAF: Final = Ref(Element(RATE))


def _old(step: Step) -> Element | None:
    """The parameter that a new value replaces."""
    target = step.target
    core = target.name.removesuffix("+")
    return target._replace(name=core) if core in step.view.graph.trained and target.name.endswith("+") else None


def _step_of(step: Step) -> tuple[Ref, list[Expr]] | None:
    """The old value, and the terms that are added to it."""
    old, terms = _old(step), addends(step.formula)
    if old is None or Ref(old) not in terms or len(terms) < 2:
        return None
    return Ref(old), without(terms, terms.index(Ref(old)))


def plus_for_minus(step: Step) -> Iterator[Rewritten]:
    """The step with the other sign."""
    found = _step_of(step)
    if found is not None:
        old, rest = found
        yield Rewritten(summed([old, *map(negated, rest)]), "sign")


def applied_twice(step: Step) -> Iterator[Rewritten]:
    """The step made twice."""
    found = _step_of(step)
    if found is not None:
        old, rest = found
        yield Rewritten(summed([old, *rest, *rest]), "twice")


def not_updated(step: Step) -> Iterator[Rewritten]:
    """The old value."""
    found = _step_of(step)
    if found is not None:
        yield Rewritten(found[0], "old", (found[0].key,))


def step_for_new_value(step: Step) -> Iterator[Rewritten]:
    """The step alone, or the gradient."""
    found = _step_of(step)
    if found is not None:
        yield Rewritten(negated(summed(found[1])), "step")
        yield Rewritten(summed(found[1]), "change")
        for number, slope in enumerate(_slopes(step)[:1]):
            yield Rewritten(Ref(slope), number)


def _slopes(step: Step) -> list[Element | Derivative]:
    """The gradients that an update reads."""
    gradients = set(step.view.graph.gradient_of.values())
    return [
        key
        for key in leaves(step.formula)
        if isinstance(key, Derivative) or (isinstance(key, Element) and key.name in gradients)
    ]


def _in_products(step: Step, change: Callable[[list[Expr]], Iterable[list[Expr]]], label: str) -> Iterator[Rewritten]:
    """The formula with the factors of one product changed."""

    def changed(node: Expr) -> Iterator[Expr]:
        if isinstance(node, Call) and node.op == "mul":
            yield from (multiplied(parts) for parts in change(factors(node)))

    for number, found in enumerate(everywhere(step.formula, changed)):
        yield Rewritten(found, (label, number))


def learning_rate_missing(step: Step) -> Iterator[Rewritten]:
    """The gradient subtracted as it is."""
    yield from _in_products(
        step, lambda parts: [without(parts, parts.index(RATE_LEAF))] if RATE_LEAF in parts else [], "rate"
    )


def learning_rate_twice(step: Step) -> Iterator[Rewritten]:
    """The learning rate squared."""
    yield from _in_products(step, lambda parts: [[RATE_LEAF, *parts]] if RATE_LEAF in parts else [], "rate")


USUAL_RATES: Final = (1, 0.9, 0.7, 0.5, 0.3, 0.25, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0001)
"""The learning rates of books and courses."""


def other_learning_rate(step: Step) -> Iterator[Rewritten]:
    """A learning rate that is common, but not the one that is given."""
    for rate in USUAL_RATES if RATE_LEAF.key in leaves(step.formula) else ():
        found = mapped(step.formula, lambda ref, rate=rate: Num(rate) if ref == RATE_LEAF else ref)  # type: ignore[misc]
        yield Rewritten(found, rate, (f"{rate:g}", RATE_LEAF.key))


def other_gradient(step: Step) -> Iterator[Rewritten]:
    """The gradient of another parameter."""
    old = _old(step)
    slopes = _slopes(step)
    for number, other in enumerate(step.relations.siblings(old)[:MOST_SIBLINGS] if old and slopes else ()):
        found = mapped(step.formula, lambda ref, other=other: _renamed(step, ref, other))  # type: ignore[misc]
        if found != step.formula:
            yield Rewritten(found, number, (other, old))


def _renamed(step: Step, ref: Ref, other: Element) -> Ref:
    """A gradient leaf as the gradient of another parameter."""
    gradient = step.view.graph.gradient_of.get(other.name)
    if gradient is None or ref.key not in _slopes(step):
        return ref
    return Ref(Element(gradient, other.index))


def factor_missing(step: Step) -> Iterator[Rewritten]:
    """A constant factor, such as 1 less the decay rate, left out."""

    def constants(parts: list[Expr]) -> Iterator[list[Expr]]:
        for at, part in enumerate(parts):
            if not leaves(part):
                yield without(parts, at)

    yield from _in_products(step, constants, "factor")


def correction_without_power(step: Step) -> Iterator[Rewritten]:
    """The decay rate itself in the correction, not its power."""

    def change(node: Expr) -> Iterator[Expr]:
        if isinstance(node, Call) and node.op == "pow" and isinstance(node.args[0], Num) and leaves(node.args[1]):
            yield node.args[0]

    yield from numbered(everywhere(step.formula, change))


def epsilon_inside_root(step: Step) -> Iterator[Rewritten]:
    """What guards the division put under the root."""

    def change(node: Expr) -> Iterator[Expr]:
        for term in node.args if isinstance(node, Call) and node.op == "add" else ():
            if isinstance(term, Call) and term.op == "sqrt":
                rest = [other for other in node.args if other is not term]  # type: ignore[attr-defined]
                yield Call("sqrt", (summed([term.args[0], *rest]),))

    yield from numbered(everywhere(step.formula, change))


def term_sign(step: Step) -> Iterator[Rewritten]:
    """One term of a sum with the other sign."""
    return numbered(sums_changed(step.formula, with_term_negated))


def term_missing(step: Step) -> Iterator[Rewritten]:
    """One term of a sum left out."""
    return numbered(sums_changed(step.formula, without_term))


ROWS: Final = (
    Rewriting("plus-for-minus", UPDATE, plus_for_minus, "the step was added: go against the gradient"),
    Rewriting("learning-rate-missing", UPDATE, learning_rate_missing, "the learning rate was left out"),
    Rewriting("learning-rate-twice", UPDATE, learning_rate_twice, "the learning rate was applied twice"),
    Rewriting("other-learning-rate", UPDATE, other_learning_rate, "the learning rate {0} was used, not {1}"),
    Rewriting("applied-twice", UPDATE, applied_twice, "the step was made twice"),
    Rewriting("not-updated", UPDATE, not_updated, "{0} was not updated"),
    Rewriting(
        "gradient-for-new-value", UPDATE, step_for_new_value, "this is the step or the gradient, not the new value"
    ),
    Rewriting("other-gradient", UPDATE, other_gradient, "the gradient of {0} was used where that of {1} belongs"),
    Rewriting(
        "correction-without-power",
        UPDATE,
        correction_without_power,
        "the correction lacks the power: raise the decay rate to the number of the update",
    ),
    Rewriting(
        "epsilon-inside-root", UPDATE, epsilon_inside_root, "the small constant stands under the root: add it after"
    ),
    Rewriting("one-minus-beta-missing", UPDATE, factor_missing, "a constant factor of the rule is missing"),
    Rewriting("momentum-sign", UPDATE, term_sign, "one term of the rule has the other sign"),
    Rewriting("term-missing", UPDATE, term_missing, "one term of the rule is missing"),
)
