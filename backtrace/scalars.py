"""The scalar reading of array equations: one element of a result as a formula, and where an element goes.

Every step works by index arithmetic on the rows of the op table; nothing of the size of an array is built.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from backtrace.expressions import Call, Element, Expr, Index, Name, Num, Ref, names
from backtrace.ops import TABLE
from backtrace.ops.base import ONE, ZERO, Op, product, total
from backtrace.simplify import simplified

Place = tuple[Index, int | None]
"""An index and a sample, None where there is no sample axis."""


def element(expr: Expr, index: Index = (), sample: int | None = None, most: int | None = None) -> Expr:
    """One element of an expression as a scalar expression of elements.

    Args:
        expr: a typed expression.
        index: the element, counted from 0.
        sample: the sample, counted from 0, where the expression is sampled.
        most: of a sum of more terms than this only the first two and the last are written.

    >>> from backtrace.expressions import Type, parse
    >>> from backtrace.ops import Scope, typed
    >>> names = {"x": Name("x", Type((2,))), "W": Name("W", Type((2, 3)))}
    >>> element(typed(parse("x @ W"), Scope(names)), (1,))
    <x[0]*W[0,1] + x[1]*W[1,1]>
    """
    if isinstance(expr, Num):
        return expr
    index = fitted(index, expr)
    if not isinstance(expr, Call):
        assert isinstance(expr, Name)
        return Ref(Element(expr.id, index, sample if expr.sampled else None))
    return TABLE[expr.op].element(expr, index, _Reader(expr, None, sample, most))


def fitted(index: Index, expr: Expr) -> Index:
    """An index into a larger result as an index into what is broadcast to it."""
    shape = expr.shape
    if len(index) == len(shape):
        return tuple(0 if size == 1 else at for at, size in zip(index, shape, strict=True))
    return tuple(0 if size == 1 else at for at, size in zip(index[len(index) - len(shape) :], shape, strict=True))


class _Reader:
    """Reads elements of a call's operands, or (operand -1) of its result."""

    def __init__(self, call: Call, result: str | None, sample: int | None, most: int | None = None) -> None:
        self.call, self.result, self.sample, self.most = call, result, sample, most

    def __call__(self, operand: int, index: Index, sample: int | None = None) -> Expr:
        at = self.sample if sample is None else sample
        if operand >= 0:
            return element(self.call.args[operand], index, at, self.most)
        if self.result is not None:
            return Ref(Element(self.result, index, at if self.call.sampled else None))
        return element(self.call, index, at, self.most)


def by_place(expr: Expr) -> bool:
    """Whether all its elements read alike but for their places, so that one with lanes stands for all of them."""
    if not isinstance(expr, Call):
        return True
    return TABLE[expr.op].by_place and all(map(by_place, expr.args))


def flowing(expr: Expr) -> Iterator[str]:
    """The names that something may flow back to."""
    if isinstance(expr, Name):
        yield expr.id
    elif isinstance(expr, Call):
        for operand, arg in enumerate(expr.args):
            if not TABLE[expr.op].holds(operand):
                yield from flowing(arg)


def reached(expr: Expr, source: Element, samples: int) -> list[Place]:
    """The elements of an expression that an element of a named array enters, each once, in order.

    Args:
        expr: a typed expression that reads the source's array.
        source: the element.
        samples: the number of samples.
    """
    return list(dict.fromkeys(_reached(expr, source, samples)))


def _reached(expr: Expr, source: Element, samples: int, at: int | None = None) -> Iterator[Place]:
    """As ``reached``; of what enters every sample only sample ``at``, if one is given."""
    if isinstance(expr, Name):
        if expr.id == source.name:
            yield source.index, source.sample
    elif isinstance(expr, Call):
        op = TABLE[expr.op]
        for operand, arg in enumerate(expr.args):
            if source.name in _names(arg):
                outs: dict[Index, list[Index]] = {}  # most indexes come again for every sample
                for index, sample in _reached(arg, source, samples, at):
                    if index not in outs:
                        outs[index] = list(op.reach(expr, operand, index))
                    for out in outs[index]:
                        yield from _over_samples(expr, op, out, sample, range(samples) if at is None else (at,))


def _over_samples(expr: Call, op: Op, out: Index, sample: int | None, samples: Iterable[int]) -> Iterator[Place]:
    """An element without a sample of its own enters the result for every sample."""
    if op.over_samples or not expr.sampled:
        yield out, None
    elif sample is not None:
        yield out, sample
    else:
        yield from ((out, number) for number in samples)


@lru_cache(maxsize=65536)
def _names(expr: Expr) -> frozenset[str]:
    return frozenset(names(expr))


def derivative(expr: Expr, at: Place, source: Element, samples: int, result: str | None = None) -> Expr:
    """The local derivative of one element of an expression by one element of a named array.

    Everything else the expression reads is held. ``result`` is the name of the expression's own equation: its
    element stands for the result where a rule is written in terms of it.

    >>> from backtrace.expressions import Type, parse
    >>> from backtrace.ops import Scope, typed
    >>> z = Name("z", Type((2,)))
    >>> derivative(typed(parse("sigmoid(z)"), Scope({"z": z})), ((1,), None), Element("z", (1,)), 1, "h")
    <h[1]*(1 - h[1])>
    """
    return simplified(_derivative(expr, at, source, samples, result))


def _derivative(expr: Expr, place: Place, source: Element, samples: int, result: str | None) -> Expr:
    if not isinstance(expr, Call):
        return _one(isinstance(expr, Name) and place == (source.index, source.sample) and expr.id == source.name)
    op = TABLE[expr.op]
    out, sample = place
    terms: list[Expr] = []
    for operand, arg in enumerate(expr.args):
        if source.name not in _names(arg):
            continue
        at = None if op.over_samples else sample
        for index, inner in dict.fromkeys(_reached(arg, source, samples, at)):
            if not op.over_samples and inner is not None and sample is not None and inner != sample:
                continue
            if out not in op.reach(expr, operand, index):
                continue
            here = inner if op.over_samples else sample
            read = _Reader(expr, result, here)
            partial = op.partial(expr, operand, out, index, read)
            before = (index, here if arg.sampled else None)
            terms.append(product(partial, _derivative(arg, before, source, samples, None)))
    return total(terms) if terms else ZERO


def _one(same: bool) -> Expr:
    return ONE if same else ZERO


def renewed(expr: Expr, names: Collection[str]) -> Expr:
    """A formula over the values after an update, of the names that have one."""
    if isinstance(expr, Ref) and isinstance(expr.key, Element) and expr.key.name in names:
        return Ref(expr.key._replace(name=f"{expr.key.name}+"))
    if isinstance(expr, Call):
        return Call(expr.op, tuple(renewed(arg, names) for arg in expr.args), expr.options)
    return expr


def parameters_first(expr: Expr, parameters: frozenset[str]) -> Expr:
    """In a product of two single numbers the parameter before the other: W₁₁·x₁."""
    if not isinstance(expr, Call):
        return expr
    args = tuple(parameters_first(arg, parameters) for arg in expr.args)
    if expr.op == "mul" and len(args) == 2:
        left, right = (_given_name(arg) for arg in args)
        if left is not None and right in parameters and left not in parameters:
            args = (args[1], args[0])
        if ONE in args and args != (ONE, ONE):  # the constant weight 1 of a matrix of names
            return args[0] if args[1] == ONE else args[1]
    return Call(expr.op, args, expr.options)


def _given_name(expr: Expr) -> str | None:
    if isinstance(expr, Ref) and isinstance(expr.key, Element):
        return expr.key.name.removesuffix("+")
    return None
