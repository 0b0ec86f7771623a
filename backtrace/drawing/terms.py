"""What a scalar formula reads, and how: a quantity times a parameter, a bias, or anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from backtrace.expressions import Call, Element, Expr, Ref, walk
from backtrace.records import dataclass

LINEAR: Final = frozenset(["add", "sub", "neg"])
IsParameter = Callable[[Element], bool]


@dataclass(frozen=True)
class Read:
    """An element that a formula reads; ``weight`` is the parameter that multiplies it, ``added`` marks a bias."""

    element: Element
    weight: Element | None = None
    added: bool = False


def reads(formula: Expr, is_parameter: IsParameter) -> list[Read]:
    """What a formula reads, each once, in the order it stands.

    >>> from backtrace.expressions import Type, Name, parse
    >>> from backtrace.ops import Scope, typed
    >>> from backtrace.scalars import element
    >>> named = {name: Name(name, Type(())) for name in ("x", "w", "b")}
    >>> [*reads(element(typed(parse("x*w + b"), Scope(named))), lambda one: one.name in "wb")]  # doctest: +ELLIPSIS
    [Read(element=...'x'..., weight=...'w'..., added=False), Read(element=...'b'..., weight=None, added=True)]
    """
    return list(dict.fromkeys(_reads(formula, None, False, is_parameter)))


def operands(formula: Expr) -> list[Element]:
    """The elements that a formula reads, as often as they stand there."""
    return [node.key for node in walk(formula) if isinstance(node, Ref) and isinstance(node.key, Element)]


def _reads(expr: Expr, weight: Element | None, added: bool, is_parameter: IsParameter) -> Iterator[Read]:
    if isinstance(expr, Ref) and isinstance(expr.key, Element):
        own = is_parameter(expr.key)
        yield Read(expr.key, None if own else weight, own and added and weight is None)
    elif isinstance(expr, Call) and expr.op == "mul":
        yield from _factors(expr, weight, is_parameter)
    elif isinstance(expr, Call):
        for arg in expr.args:
            yield from _reads(arg, weight, expr.op in LINEAR, is_parameter)


def _factors(expr: Call, weight: Element | None, is_parameter: IsParameter) -> Iterator[Read]:
    """A product's one parameter weighs everything else in it."""
    factors = _flat(expr)
    parameters = [f.key for f in factors if isinstance(f, Ref) and is_parameter(f.key)]
    others = [f for f in factors if not (isinstance(f, Ref) and f.key in parameters)]
    weighs = len(parameters) == 1 and weight is None and _has_data(others, is_parameter)
    for factor in others if weighs else factors:
        yield from _reads(factor, parameters[0] if weighs else weight, False, is_parameter)


def _has_data(factors: Sequence[Expr], is_parameter: IsParameter) -> bool:
    return any(not is_parameter(one) for factor in factors for one in operands(factor))


def _flat(expr: Expr) -> list[Expr]:
    if isinstance(expr, Call) and expr.op == "mul":
        return [factor for arg in expr.args for factor in _flat(arg)]
    return [expr]
