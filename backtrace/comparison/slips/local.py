"""Slips of local derivatives: taken at another value or of another unit or loss, with a factor or a term left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from backtrace.comparison.slips.forward import MOST_SIBLINGS, factor_extra, other_target, sign
from backtrace.comparison.slips.rewritings import ANOTHER_UNIT, LOCAL, Rewriting, Rewritten, numbered
from backtrace.comparison.slips.steps import Step
from backtrace.comparison.slips.trees import (
    elements_of,
    factors,
    leaves,
    mapped,
    multiplied,
    sums_changed,
    without,
    without_term,
)
from backtrace.expressions import Call, Element, Expr, Num, Ref
from backtrace.keys import Path
from backtrace.ops.base import ONE


def _ends(step: Step) -> tuple[Element, Element]:
    """What a local derivative is of, and by."""
    target = step.target
    return (target.nodes[0], target.nodes[-1]) if isinstance(target, Path) else (target.of, target.by)


def _is_of_activation(step: Step) -> bool:
    of, by = _ends(step)
    return step.relations.is_activation(of.name, by.name) and of.name not in step.relations.errors


def derivative_elsewhere(step: Step) -> Iterator[Rewritten]:
    """The derivative's formula with the pre-activation where it needs the activation, or the other way round."""
    of, by = _ends(step)
    if not _is_of_activation(step):
        return
    for old, new in ((of, by), (by, of)):
        if old in leaves(step.formula):
            found = mapped(step.formula, lambda ref, old=old, new=new: Ref(new) if ref.key == old else ref)  # type: ignore[misc]
            yield Rewritten(found, old is of, (new, old))


def derivative_at_another_value(step: Step) -> Iterator[Rewritten]:
    """The derivative's formula with another value of the same unit."""
    of, by = _ends(step)
    if not _is_of_activation(step) or of not in leaves(step.formula):
        return
    graph = step.view.graph
    shape = graph.types[of.name]
    near = [e.name for e in graph.forward if e.type == shape and e.name not in (of.name, by.name)]
    for name in near[-MOST_SIBLINGS:]:
        new = of._replace(name=name)
        found = mapped(step.formula, lambda ref, new=new: Ref(new) if ref.key == of else ref)  # type: ignore[misc]
        yield Rewritten(found, name, (new, of))


def local_of_another_unit(step: Step) -> Iterator[Rewritten]:
    """The local derivative of the unit beside it."""
    of, by = _ends(step)
    pairs = zip(step.relations.siblings(of), step.relations.siblings(by), strict=False)
    for number, (other, its) in enumerate(pairs):
        if number < MOST_SIBLINGS and other.index == its.index:
            yield Rewritten(step.view.chains.local(other, its), number, (Path((other, its)), step.target))


def local_squared(step: Step) -> Iterator[Rewritten]:
    """The derivative of the activation squared."""
    if _is_of_activation(step):
        yield Rewritten(Call("mul", (step.formula, step.formula)), "twice", (step.target,))


def value_for_derivative(step: Step) -> Iterator[Rewritten]:
    """A value in place of the derivative: that of what is differentiated, or of what it is taken by."""
    for number, key in enumerate(_ends(step)):
        yield Rewritten(Ref(key), number, (key,))


def factor_missing(step: Step) -> Iterator[Rewritten]:
    """One factor of a product left out."""
    parts = factors(step.formula)
    for number in range(len(parts) if 1 < len(parts) <= MOST_SIBLINGS else 0):
        yield Rewritten(multiplied(without(parts, number)), number)


def term_missing(step: Step) -> Iterator[Rewritten]:
    """One term of a sum or a difference left out."""
    return numbered(sums_changed(step.formula, without_term))


OTHER_LOSSES: Final[Mapping[str, Callable[[Expr, Expr], Expr]]] = {
    "half squared error": lambda o, y: Call("sub", (o, y)),
    "squared error": lambda o, y: Call("mul", (Num(2), Call("sub", (o, y)))),
    "absolute error": lambda o, y: Call("sign", (Call("sub", (o, y)),)),
    "cross-entropy": lambda o, y: Call("neg", (Call("div", (y, o)),)),
    "binary cross-entropy": lambda o, y: Call("div", (Call("sub", (o, y)), Call("mul", (o, Call("sub", (ONE, o)))))),
}
"""The derivatives of the usual losses by the output, over the output and its target."""


def other_loss_derivative(step: Step) -> Iterator[Rewritten]:
    """The derivative of another loss."""
    of, by = _ends(step)
    if of.name not in step.relations.errors or by.name in step.relations.errors:
        return
    targets = [key for key in elements_of(step.formula) if key.name in step.relations.targets]
    if len(targets) == 1:
        for words, make in OTHER_LOSSES.items():
            yield Rewritten(make(Ref(by), Ref(targets[0])), words, (words,))


ROWS: Final = (
    Rewriting(
        "derivative-at-pre-activation",
        LOCAL,
        derivative_elsewhere,
        "the derivative was taken at {0}: this formula needs {1}",
    ),
    Rewriting("other-loss-derivative", LOCAL, other_loss_derivative, "this is the derivative of another loss, the {0}"),
    Rewriting("derivative-of-another-unit", LOCAL, local_of_another_unit, ANOTHER_UNIT),
    Rewriting("activation-derivative-twice", LOCAL, local_squared, "the derivative of the activation is there twice"),
    Rewriting("factor-extra", LOCAL, factor_extra, "this is {0}"),
    Rewriting("sign", LOCAL, sign, "the sign is wrong"),
    Rewriting("other-target", LOCAL, other_target, "the target {1} was used where {0} belongs"),
    Rewriting("value-for-derivative", LOCAL, value_for_derivative, "this is {0} itself, not the derivative"),
    Rewriting("factor-missing", LOCAL, factor_missing, "one factor is missing"),
    Rewriting("term-missing", LOCAL, term_missing, "one term is missing"),
    Rewriting(
        "derivative-at-another-value",
        LOCAL,
        derivative_at_another_value,
        "the derivative was taken at {0}: this formula needs {1}",
    ),
)
