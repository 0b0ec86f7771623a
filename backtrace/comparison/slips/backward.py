"""Slips of the backward pass: factors of the chain rule left out or taken elsewhere, ways not added, weights moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from backtrace.comparison.slips.forward import MOST_SIBLINGS, factor_extra, sign
from backtrace.comparison.slips.rewritings import ANOTHER_UNIT, SLOPE, Rewriting, Rewritten
from backtrace.comparison.slips.steps import Role, Step, Way
from backtrace.comparison.slips.trees import (
    negated,
    scaled,
    summed,
)
from backtrace.expressions import Call, Element, Expr, Num, Ref
from backtrace.graph import RATE
from backtrace.keys import Derivative, Path
from backtrace.ops.base import ONE, total


def _total(ways: Sequence[Way]) -> Expr:
    return total([way.term() for way in ways])


def _each(step: Step, role: Role, change: Callable[[Way], Way | None]) -> Expr | None:
    """The sum with every way of a role changed; None where none is, or one cannot be."""
    changed = [change(way) if way.role is role else way for way in step.ways]
    if not any(way.role is role for way in step.ways) or any(way is None for way in changed):
        return None
    found = _total([way for way in changed if way is not None])
    return found if found != step.formula else None


def _local(way: Way) -> object:
    """What the local derivative of a way goes by."""
    return way.local.key if isinstance(way.local, Ref) else way.entered


def _first(step: Step, role: Role) -> Way:
    return next(way for way in step.ways if way.role is role)


# ── factors ──


def _left_out(role: Role) -> Callable[[Step], Iterator[Rewritten]]:
    """Without the local derivative of a role."""

    def rewrite(step: Step) -> Iterator[Rewritten]:
        found = _each(step, role, lambda way: way._replace(local=ONE))
        if found is not None:
            yield Rewritten(found, role.name, (_local(_first(step, role)),))

    return rewrite


def upstream_missing(step: Step) -> Iterator[Rewritten]:
    """Without what flows back to it."""
    upstream = [way.upstream for way in step.ways if isinstance(way.upstream, Ref)]
    if upstream:
        found = _total([way._replace(upstream=None) for way in step.ways])
        yield Rewritten(found, "upstream", (upstream[0].key,))


def activation_derivative_twice(step: Step) -> Iterator[Rewritten]:
    """The derivative of the activation squared."""
    found = _each(step, Role.ACTIVATION, lambda way: way._replace(local=Call("mul", (way.local, way.local))))
    if found is not None:
        yield Rewritten(found, "twice", (_local(_first(step, Role.ACTIVATION)),))


def derivative_of_another_unit(step: Step) -> Iterator[Rewritten]:
    """The derivative of the activation of the unit beside it."""
    if len(step.ways) != 1 or step.ways[0].role is not Role.ACTIVATION:
        return
    (way,) = step.ways
    others = zip(step.relations.siblings(way.entered), step.relations.siblings(step.by), strict=False)
    for number, (entered, by) in enumerate(others):
        if number < MOST_SIBLINGS and entered.index == by.index:
            other = Ref(Path((entered, by)))
            yield Rewritten(_total([way._replace(local=other)]), number, (other.key, _local(way)))


def extra_factor(step: Step) -> Iterator[Rewritten]:
    """Multiplied by a value that stands near: what it is taken by, or the activation of that."""
    if step.relations.is_parameter(step.by):
        return
    near = [step.by, *(way.entered for way in step.ways if way.role is Role.ACTIVATION)]
    for number, key in enumerate(near[:2]):
        yield Rewritten(Call("mul", (step.formula, Ref(key))), number, (key,))


def relu_mask_from_gradient(step: Step) -> Iterator[Rewritten]:
    """What flows back kept where it is positive, not where the pre-activation is."""
    for way in step.ways if len(step.ways) == 1 else ():
        equation = step.view.graph.equations[way.entered.name]
        if way.upstream is not None and isinstance(equation.expr, Call) and equation.expr.op == "relu":
            yield Rewritten(Call("relu", (way.upstream,)), "mask")


# ── what flows back ──


def _upstream_changed(step: Step, change: Callable[[Way], Ref | None]) -> Iterator[Rewritten]:
    """Every upstream gradient replaced by something else."""
    changed = [way._replace(upstream=change(way)) for way in step.ways]
    if step.ways and all(way.upstream is not None for way in (*changed, *step.ways)):
        old, new = step.ways[0].upstream, changed[0].upstream
        assert isinstance(old, Ref)
        assert isinstance(new, Ref)
        yield Rewritten(_total(changed), "upstream", (new.key, old.key))


def _activation_after(step: Step, element: Element) -> Element | None:
    """The activation that is applied to an element, where that is its only way."""
    ways = step.view.chains_to(step.target.of).ways(element)
    lone = len(ways) == 1 and step.relations.is_activation(ways[0].name, element.name)
    return ways[0] if lone else None


def error_for_delta(step: Step) -> Iterator[Rewritten]:
    """What flows back to the next activation in place of what flows back to its pre-activation."""

    def change(way: Way) -> Ref | None:
        after = _activation_after(step, way.entered)
        return None if after is None else Ref(Derivative(step.target.of, after))

    yield from _upstream_changed(step, change)


def value_for_upstream(step: Step) -> Iterator[Rewritten]:
    """A value of the forward pass in place of the gradient that flows back."""
    yield from _upstream_changed(step, lambda way: Ref(way.entered))
    for found in _upstream_changed(step, lambda way: (h := _activation_after(step, way.entered)) and Ref(h)):
        yield found._replace(label="activation")


# ── weights ──


def _weights_changed(step: Step, label: str, change: Callable[[Way, Element], Expr | None]) -> Iterator[Rewritten]:
    """Every weight replaced by something else."""

    def changed(way: Way) -> Way | None:
        if not isinstance(way.local, Ref) or not isinstance(way.local.key, Element):
            return None
        new = change(way, way.local.key)
        return None if new is None else way._replace(local=new)

    found = _each(step, Role.WEIGHT, changed)
    if found is not None:
        yield Rewritten(found, label, (_local(_first(step, Role.WEIGHT)),))


def updated_weights(step: Step) -> Iterator[Rewritten]:
    """The weights as they are after the update."""
    trained = step.view.graph.trained
    yield from _weights_changed(
        step, "new", lambda way, key: Ref(key._replace(name=f"{key.name}+")) if key.name in trained else None
    )


def gradient_for_weight(step: Step) -> Iterator[Rewritten]:
    """The gradient of the weight in its place."""
    yield from _weights_changed(
        step,
        "gradient",
        lambda way, key: Ref(Derivative(step.target.of, key)) if step.relations.is_parameter(key) else None,
    )


def weights_transposed(step: Step) -> Iterator[Rewritten]:
    """The weights of the mirrored places."""
    chains, by = step.view.chains_to(step.target.of), step.by
    square = len(step.relations.siblings(by)) + 1 == len(step.ways) if by.index else False

    def mirrored(way: Way, key: Element) -> Expr | None:
        if not square or not way.entered.index:
            return None
        entered = way.entered._replace(index=(*way.entered.index[:-1], by.index[-1]))
        other = by._replace(index=(*by.index[:-1], way.entered.index[-1]))
        return chains.local(entered, other)

    yield from _weights_changed(step, "transposed", mirrored)


def shared_out(step: Step) -> Iterator[Rewritten]:
    """The error shared out in proportion to the weights: over the units it goes to, or those it comes from."""
    chains, by = step.view.chains_to(step.target.of), step.by
    onward = [way.local for way in step.ways]

    def share(of: Sequence[Expr], way: Way) -> Expr:
        return Call("div", (way.local, summed([Call("abs", (weight,)) for weight in of])))

    yield from _weights_changed(step, "onward", lambda way, key: share(onward, way))
    beside = [by, *step.relations.siblings(by)[:MOST_SIBLINGS]]
    yield from _weights_changed(
        step, "beside", lambda way, key: share([chains.local(way.entered, other) for other in beside], way)
    )


# ── ways ──


def _is_fan_out(step: Step) -> bool:
    return len(step.ways) > 1 and all(way.role is Role.WEIGHT for way in step.ways)


def _one_way(wanted: Callable[[Step], bool]) -> Callable[[Step], Iterator[Rewritten]]:
    def rewrite(step: Step) -> Iterator[Rewritten]:
        for number, way in enumerate(step.ways[:MOST_SIBLINGS] if wanted(step) else ()):
            yield Rewritten(way.term(), number, (way.entered,))

    return rewrite


def _mean_of_ways(wanted: Callable[[Step], bool]) -> Callable[[Step], Iterator[Rewritten]]:
    def rewrite(step: Step) -> Iterator[Rewritten]:
        if wanted(step):
            yield Rewritten(scaled(step.formula, 1 / len(step.ways)), "mean", (str(len(step.ways)),))

    return rewrite


def doubled_path(step: Step) -> Iterator[Rewritten]:
    """One way counted twice."""
    for number, way in enumerate(step.ways[:MOST_SIBLINGS] if 1 < len(step.ways) <= MOST_SIBLINGS else ()):
        twice = way._replace(local=Call("mul", (Num(2), way.local)))
        yield Rewritten(_total([*step.ways[:number], twice, *step.ways[number + 1 :]]), number, (way.entered,))


def _over_samples(step: Step) -> bool:
    return len(step.ways) > 1 and step.by.sample is None and step.ways[0].entered.sample is not None


def _mixed(step: Step) -> bool:
    return len(step.ways) > 1 and not _is_fan_out(step) and not _over_samples(step) and not _is_jacobian(step)


def _is_jacobian(step: Step) -> bool:
    """Whether each of several outputs of one function depends on it."""
    names = {way.entered.name for way in step.ways}
    return len(step.ways) > 1 and len(names) == 1 and all(way.role is Role.ACTIVATION for way in step.ways)


def softmax_diagonal_only(step: Step) -> Iterator[Rewritten]:
    """Only the output of the same unit."""
    own = [way for way in step.ways if way.entered.index == step.by.index]
    if _is_jacobian(step) and len(own) == 1:
        yield Rewritten(own[0].term(), "diagonal", (own[0].entered, step.by))


def softmax_sign(step: Step) -> Iterator[Rewritten]:
    """The outputs of the other units with the other sign."""
    if _is_jacobian(step):
        signed = [way.term() if way.entered.index == step.by.index else negated(way.term()) for way in step.ways]
        yield Rewritten(summed(signed), "sign")


# ── gradients of parameters ──


def other_input(step: Step) -> Iterator[Rewritten]:
    """The input of another weight."""
    inputs = [way.local.key for way in step.ways if way.role is Role.INPUT and isinstance(way.local, Ref)]
    for number, other in enumerate(step.relations.siblings(inputs[0])[:MOST_SIBLINGS] if inputs else ()):

        def moved(way: Way, index: tuple[int, ...] = other.index, name: str = other.name) -> Way:
            assert isinstance(way.local, Ref)
            return way._replace(local=Ref(way.local.key._replace(index=index, name=name)))

        found = _each(step, Role.INPUT, moved)
        if found is not None:
            yield Rewritten(found, number, (other, inputs[0]))


def transposed(step: Step) -> Iterator[Rewritten]:
    """The gradient of the weight at the mirrored place."""
    by = step.by
    mirrored = by._replace(index=by.index[::-1])
    if step.relations.is_parameter(by) and mirrored != by and mirrored.index in step.relations.places(by.name):
        yield Rewritten(Ref(Derivative(step.target.of, mirrored)), "transposed")


def learning_rate_inside(step: Step) -> Iterator[Rewritten]:
    """Multiplied by the learning rate already."""
    if step.relations.is_parameter(step.by) and step.view.graph.learning_rate is not None:
        rate = Ref(Element(RATE))
        yield Rewritten(Call("mul", (rate, step.formula)), "rate")


def new_value_for_gradient(step: Step) -> Iterator[Rewritten]:
    """The parameter less its gradient, or the updated parameter."""
    if step.relations.is_parameter(step.by):
        yield Rewritten(Call("sub", (Ref(step.by), step.formula)), "difference", (step.by,))
        if step.by.name in step.view.graph.trained:
            yield Rewritten(Ref(step.by._replace(name=f"{step.by.name}+")), "new", (step.by,))


ROWS: Final = (
    Rewriting(
        "activation-derivative-missing",
        SLOPE,
        _left_out(Role.ACTIVATION),
        "the derivative of the activation, {0}, is missing",
    ),
    Rewriting("factor-missing", SLOPE, _left_out(Role.ERROR), "the derivative of the error, {0}, is missing"),
    Rewriting("factor-missing", SLOPE, _left_out(Role.INPUT), "the input {0} is missing"),
    Rewriting("weight-missing", SLOPE, _left_out(Role.WEIGHT), "the weight, such as {0}, is missing"),
    Rewriting("factor-missing", SLOPE, _left_out(Role.OTHER), "the factor {0} is missing"),
    Rewriting("factor-missing", SLOPE, upstream_missing, "what flows back, {0}, is missing"),
    Rewriting(
        "activation-derivative-twice",
        SLOPE,
        activation_derivative_twice,
        "the derivative of the activation, {0}, is there twice",
    ),
    Rewriting("derivative-of-another-unit", SLOPE, derivative_of_another_unit, ANOTHER_UNIT),
    Rewriting(
        "relu-mask-from-gradient",
        SLOPE,
        relu_mask_from_gradient,
        "what flows back was cut where it is negative itself: look at the pre-activation",
    ),
    Rewriting(
        "updated-weights",
        SLOPE,
        updated_weights,
        "the updated weights were used: send the error back through the old ones",
    ),
    Rewriting(
        "gradient-for-weight",
        SLOPE,
        gradient_for_weight,
        "the gradient of the weight was used where the weight, such as {0}, belongs",
    ),
    Rewriting("weights-transposed", SLOPE, weights_transposed, "the rows and columns of the weights were exchanged"),
    Rewriting(
        "error-for-delta",
        SLOPE,
        error_for_delta,
        "{0} was sent back where {1} belongs: the derivative of the activation is missing there",
    ),
    Rewriting(
        "one-output-only",
        SLOPE,
        _one_way(_is_fan_out),
        "only the way through {0} was counted: add the ways through all of them",
    ),
    Rewriting("mean-over-outputs", SLOPE, _mean_of_ways(_is_fan_out), "the ways were averaged: add them"),
    Rewriting("one-path-only", SLOPE, _one_way(_mixed), "only the way through {0} was counted: add all of them"),
    Rewriting(
        "average-of-paths", SLOPE, _mean_of_ways(_mixed), "the ways were averaged: each counts once, and all are added"
    ),
    Rewriting("doubled-path", SLOPE, doubled_path, "the way through {0} was counted twice"),
    Rewriting(
        "softmax-diagonal-only", SLOPE, softmax_diagonal_only, "only {0} was counted: every output depends on {1}"
    ),
    Rewriting("softmax-sign", SLOPE, softmax_sign, "the terms of the other outputs have the wrong sign"),
    Rewriting("no-sum-over-samples", SLOPE, _one_way(_over_samples), "only one sample was counted, that of {0}"),
    Rewriting("other-input", SLOPE, other_input, "the input {0} was used where {1} belongs"),
    Rewriting("transposed", SLOPE, transposed, "rows and columns were exchanged"),
    Rewriting(
        "learning-rate-inside",
        SLOPE,
        learning_rate_inside,
        "this is the step: the gradient multiplied by the learning rate already",
    ),
    Rewriting("new-value-for-gradient", SLOPE, new_value_for_gradient, "the gradient was subtracted from {0} already"),
    Rewriting("factor-extra", SLOPE, factor_extra, "this is {0}"),
    Rewriting("sign", SLOPE, sign, "the sign is wrong"),
    Rewriting(
        "shared-out-by-weight",
        SLOPE,
        shared_out,
        "the error was shared out in proportion to the weights: multiply by the weights",
    ),
    Rewriting("extra-factor", SLOPE, extra_factor, "there is a factor {0} too much"),
    Rewriting(
        "activation-for-upstream",
        SLOPE,
        value_for_upstream,
        "the value {0} was used where what flows back, {1}, belongs",
    ),
)
