"""Slips of the forward pass: sums with biases and weights, activations, errors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from backtrace.comparison.slips.rewritings import ERROR, FORWARD, Rewriting, Rewritten, numbered
from backtrace.comparison.slips.steps import Kind, Step
from backtrace.comparison.slips.trees import (
    addends,
    elements_of,
    everywhere,
    factors,
    leaves,
    mapped,
    multiplied,
    negated,
    scaled,
    summed,
    sums_changed,
    without,
    without_term,
)
from backtrace.expressions import Call, Element, Expr, Num, Ref
from backtrace.ops import TABLE
from backtrace.ops.elementwise import Elementwise

SQUASHING: Final = ("sigmoid", "tanh", "relu")
"""What is commonly applied instead of each other."""
BASES: Final = {"log10": (10, "ten"), "log2": (2, "two")}
MOST_SIBLINGS: Final = 8


# ── sums ──


def _is_bias(step: Step, term: Expr) -> bool:
    return isinstance(term, Ref) and step.relations.is_parameter(term.key)


def _biases(step: Step) -> Iterator[tuple[list[Expr], int, Ref]]:
    """The terms of a sum, and where each bias stands among them."""
    terms = addends(step.formula)
    for at, term in enumerate(terms):
        if len(terms) > 1 and _is_bias(step, term):
            assert isinstance(term, Ref)
            yield terms, at, term


def bias_missing(step: Step) -> Iterator[Rewritten]:
    """Without the bias."""
    for terms, at, bias in _biases(step):
        yield Rewritten(summed(without(terms, at)), "bias", (bias.key,))


def bias_sign(step: Step) -> Iterator[Rewritten]:
    """The bias subtracted."""
    for terms, at, bias in _biases(step):
        yield Rewritten(summed([*without(terms, at), negated(bias)]), "bias", (bias.key,))


def bias_of_another_unit(step: Step) -> Iterator[Rewritten]:
    """Another bias in place of the right one."""
    for terms, at, bias in _biases(step):
        for number, other in enumerate(step.relations.siblings(bias.key)[:MOST_SIBLINGS]):
            yield Rewritten(summed([*terms[:at], Ref(other), *terms[at + 1 :]]), number, (bias.key, other))


def _products(step: Step) -> Iterator[tuple[list[Expr], int, Expr]]:
    """The terms of a sum, and where each product stands among them."""
    terms = addends(step.formula)
    if len(terms) > 1:
        for at, term in enumerate(terms):
            if not _is_bias(step, term):
                yield terms, at, term


def _named_last(step: Step, term: Expr) -> Element | None:
    """The weight of a product, else what else it reads."""
    found = elements_of(term)
    return next((key for key in found if step.relations.is_parameter(key)), found[0] if found else None)


def term_missing(step: Step) -> Iterator[Rewritten]:
    """One product left out."""
    for terms, at, term in _products(step):
        named = _named_last(step, term)
        if named is not None and len(terms) <= MOST_SIBLINGS:
            yield Rewritten(summed(without(terms, at)), at, (named,))


def term_sign(step: Step) -> Iterator[Rewritten]:
    """One product with the other sign."""
    for terms, at, term in _products(step):
        named = _named_last(step, term)
        if named is not None and len(terms) <= MOST_SIBLINGS:
            yield Rewritten(summed([*terms[:at], negated(term), *terms[at + 1 :]]), at, (named,))


def _inputs(step: Step, term: Expr) -> list[Element]:
    return [key for key in elements_of(term) if not step.relations.is_parameter(key)]


def one_input_for_all(step: Step) -> Iterator[Rewritten]:
    """The same input in every product."""
    read = [_inputs(step, term)[0] for _, _, term in _products(step) if len(_inputs(step, term)) == 1]
    if len(set(read)) < 2 or len({key.name for key in read}) > 1:
        return
    for number, one in enumerate(dict.fromkeys(read[:MOST_SIBLINGS])):
        yield Rewritten(mapped(step.formula, lambda ref, one=one: Ref(one) if ref.key in read else ref), number, (one,))  # type: ignore[misc]


def weights_transposed(step: Step) -> Iterator[Rewritten]:
    """Each weight that of the mirrored place: the unit's own input and the input's own unit exchanged."""
    if not isinstance(step.target, Element) or not step.target.index:
        return
    unit = step.target.index[-1]
    rows = [_weights(step, index) for index in step.relations.places(step.target.name)]
    if unit >= len(rows) or any(len(row) != len(rows) for row in rows) or len(rows) > MOST_SIBLINGS:
        return
    mirrored = {rows[unit][at]: rows[at][unit] for at in range(len(rows))}
    found = mapped(step.formula, lambda ref: Ref(mirrored.get(ref.key, ref.key)))
    if found != step.formula:
        yield Rewritten(found, "transposed")


def _weights(step: Step, index: tuple[int, ...]) -> list[Element]:
    """The weights of the products of one unit."""
    formula = step.view.formula(step.target._replace(index=index))
    terms = addends(formula) if formula is not None else []
    return [
        weight
        for term in terms
        if len(factors(term)) == 2
        for weight in elements_of(term)
        if step.relations.is_parameter(weight)
    ]


def _made_of(step: Step, element: Element) -> Element | None:
    """What an activation is applied to, where it is one number."""
    formula = None if step.relations.is_parameter(element) else step.view.formula(element)
    read = leaves(formula) if formula is not None else []
    lone = len(read) == 1 and isinstance(read[0], Element) and isinstance(formula, Call)
    return read[0] if lone else None


def pre_activation_for_activation(step: Step) -> Iterator[Rewritten]:
    """Every input as it was before its activation."""
    before = {key: made for key in elements_of(step.formula) if (made := _made_of(step, key))}
    if before and len(addends(step.formula)) >= 1:
        found = mapped(step.formula, lambda ref: Ref(before.get(ref.key, ref.key)))
        old, new = next(iter(before.items()))
        yield Rewritten(found, "before", (new, old))


# ── activations ──


def _argument(step: Step) -> Expr | None:
    """What a function of one number is applied to."""
    formula = step.formula
    read = leaves(formula)
    if not isinstance(formula, Call) or len(read) != 1 or step.relations.is_parameter(read[0]):
        return None
    row = TABLE[formula.op]
    plain = formula.op != "neg" and isinstance(row, Elementwise) and len(formula.args) == 1
    return formula.args[0] if plain else Ref(read[0])


def activation_missing(step: Step) -> Iterator[Rewritten]:
    """The pre-activation itself."""
    argument = _argument(step)
    if argument is not None:
        yield Rewritten(argument, "identity")


def other_activation(step: Step) -> Iterator[Rewritten]:
    """Another function of the same number."""
    argument = _argument(step)
    for op in SQUASHING if argument is not None else ():
        found = Call(op, (argument,))  # type: ignore[arg-type]
        if found != step.formula:
            yield Rewritten(found, op, (op,))


def neighbour(step: Step) -> Iterator[Rewritten]:
    """The number beside it."""
    if isinstance(step.target, Element):
        for number, other in enumerate(step.relations.siblings(step.target)[:MOST_SIBLINGS]):
            yield Rewritten(Ref(other), number, (other,))


# ── errors ──

COUNTS: Final = {"samples": "the number of samples", "outputs": "the number of outputs"}


def multiples(step: Step) -> Iterator[tuple[float, str, str]]:
    """The factors that errors and gradients are commonly off by: each with its kind and a sentence's words."""
    yield 2.0, "twice", "twice the right value"
    yield 0.5, "half", "half the right value"
    for name, count in (("samples", step.view.graph.samples or 1), ("outputs", step.relations.outputs)):
        if count > 1:
            yield float(count), f"times {name}", f"{count} times the right value: {count} is {COUNTS[name]}"
            yield 1 / count, f"divided by {name}", f"divided by {count}, {COUNTS[name]}, once too often"
            yield (
                1 / count**2,
                f"divided twice by {name}",
                f"divided by {count}, which is {COUNTS[name]}, twice too often",
            )


def factor_extra(step: Step) -> Iterator[Rewritten]:
    """A factor of 2, of the number of samples or outputs, too much or too little."""
    for factor, label, words in multiples(step):
        yield Rewritten(scaled(step.formula, factor), label, (words,))


def constant_missing(step: Step) -> Iterator[Rewritten]:
    """Without one of the constants that it is multiplied or divided by."""

    def change(node: Expr) -> Iterator[Expr]:
        if isinstance(node, Call) and node.op == "mul":
            parts = factors(node)
            yield from (multiplied(without(parts, at)) for at, part in enumerate(parts) if not leaves(part))
        if isinstance(node, Call) and node.op == "div" and not leaves(node.args[1]):
            yield node.args[0]

    yield from numbered(everywhere(step.formula, change))


def sign(step: Step) -> Iterator[Rewritten]:
    """The other sign."""
    yield Rewritten(negated(step.formula), "sign")


def square_of_sum(step: Step) -> Iterator[Rewritten]:
    """The square of the sum in place of the sum of the squares."""

    def change(node: Expr) -> Iterator[Expr]:
        terms = addends(node) if isinstance(node, Call) and node.op == "add" else []
        inner = [step.view.formula(key) if isinstance(key, Element) else None for key in map(_key, terms)]
        whole = [found for formula in inner if formula is not None and (found := _square(formula)) is not None]
        if whole and len(whole) == len(terms) and len({factor for factor, _ in whole}) == 1:
            square = Call("pow", (summed([base for _, base in whole]), Num(2)))
            yield square if whole[0][0] == 1 else Call("mul", (Num(whole[0][0]), square))

    yield from numbered(everywhere(step.formula, change))


def _key(term: Expr) -> object:
    return term.key if isinstance(term, Ref) else None


def _square(formula: Expr) -> tuple[float, Expr] | None:
    """The factor and the base of a square."""
    parts = factors(formula)
    numbers = [part.value for part in parts if isinstance(part, Num)]
    squares = [part for part in parts if isinstance(part, Call) and part.op == "pow" and part.args[1] == Num(2)]
    if len(squares) != 1 or len(numbers) + 1 != len(parts):
        return None
    return math.prod(numbers), squares[0].args[0]


def one_output_only(step: Step) -> Iterator[Rewritten]:
    """One term of a sum alone."""

    def change(node: Expr) -> Iterator[Expr]:
        terms = addends(node) if isinstance(node, Call) and node.op in ("add", "sub") else []
        yield from (term for term in terms[:MOST_SIBLINGS] if isinstance(term, Ref))

    for number, found in enumerate(everywhere(step.formula, change)):
        yield Rewritten(found, number, tuple(leaves(found)[:1]))


def half_of_the_sum(step: Step) -> Iterator[Rewritten]:
    """A term of a sum within the formula left out: half of the binary cross-entropy."""
    return numbered(sums_changed(step.formula, without_term))


def other_target(step: Step) -> Iterator[Rewritten]:
    """The target of another output, or of another sample."""
    for key in elements_of(step.formula):
        if key.name in step.relations.targets:
            others = step.relations.siblings(key)
            samples = step.view.graph.samples or 1
            others += [key._replace(sample=s) for s in range(samples) if key.sample is not None and s != key.sample]
            for number, other in enumerate(others[:MOST_SIBLINGS]):
                found = mapped(step.formula, lambda ref, key=key, other=other: Ref(other) if ref.key == key else ref)  # type: ignore[misc]
                yield Rewritten(found, number, (key, other))


def log_of_wrong_argument(step: Step) -> Iterator[Rewritten]:
    """1 - ln a in place of ln(1 - a)."""

    def change(node: Expr) -> Iterator[Expr]:
        if isinstance(node, Call) and node.op == "log" and isinstance(node.args[0], Call) and node.args[0].op == "sub":
            one, inner = node.args[0].args
            yield Call("sub", (one, Call("log", (inner,))))

    yield from numbered(everywhere(step.formula, change))


def log_base(step: Step) -> Iterator[Rewritten]:
    """The logarithm to another base."""
    if not any(isinstance(node, Call) and node.op == "log" for node in _nodes(step.formula)):
        return
    for label, (base, words) in BASES.items():
        yield Rewritten(Call("div", (step.formula, Call("log", (Num(base),)))), label, (words,))


def _nodes(expr: Expr) -> Iterator[Expr]:
    yield expr
    if isinstance(expr, Call):
        for arg in expr.args:
            yield from _nodes(arg)


BOTH: Final = frozenset({Kind.FORWARD, Kind.ERROR})

ROWS: Final = (
    Rewriting("bias-missing", FORWARD, bias_missing, "the bias {0} was not added"),
    Rewriting("bias-sign", FORWARD, bias_sign, "the bias {0} was subtracted, not added"),
    Rewriting("bias-of-another-unit", FORWARD, bias_of_another_unit, "{1} was added in place of {0}"),
    Rewriting("weights-transposed", FORWARD, weights_transposed, "the rows and columns of the weights were exchanged"),
    Rewriting("one-input-for-all", FORWARD, one_input_for_all, "{0} was used for every input"),
    Rewriting("term-missing", FORWARD, term_missing, "the product with {0} was left out"),
    Rewriting("term-sign", FORWARD, term_sign, "the product with {0} has the other sign"),
    Rewriting(
        "pre-activation-for-activation",
        BOTH,
        pre_activation_for_activation,
        "the value before the activation, {0}, was used where the activation, {1}, belongs",
    ),
    Rewriting("activation-missing", FORWARD, activation_missing, "the activation was not applied"),
    Rewriting("other-activation", FORWARD, other_activation, "another activation, {0}, was applied"),
    Rewriting("neighbour", FORWARD, neighbour, "this is {0}"),
    Rewriting("factor-missing", ERROR, constant_missing, "a constant factor is missing"),
    Rewriting("factor-extra", ERROR, factor_extra, "this is {0}"),
    Rewriting("square-of-sum", ERROR, square_of_sum, "the sum was squared: square first, then add"),
    Rewriting("one-output-only", ERROR, one_output_only, "only {0} was counted: the error is the sum over all"),
    Rewriting("term-missing", ERROR, half_of_the_sum, "one term of the sum was left out"),
    Rewriting("other-target", ERROR, other_target, "the target {1} was used where {0} belongs"),
    Rewriting("log-of-wrong-argument", ERROR, log_of_wrong_argument, "1 − ln a was taken where ln(1 − a) belongs"),
    Rewriting("log-base", ERROR, log_base, "the logarithm to base {0} was taken, not the natural one"),
    Rewriting("sign", ERROR, sign, "the minus sign was lost"),
    Rewriting("neighbour", ERROR, neighbour, "this is {0}"),
)
