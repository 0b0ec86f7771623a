"""A wrong derivative in any row of the op table is noticed: each rule of each row is made wrong, for each operand."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from random import Random
from typing import NamedTuple

import numpy as np
import pytest

from backtrace.expressions import Call, Expr, Index, Name, Num, Type
from backtrace.ops import TABLE, call, retyped
from backtrace.ops.base import Op, Read
from backtrace.ops.elementwise import Elementwise
from backtrace.simplify import simplified
from tests.mutating.mutants import mutants_of
from tests.strategies import Array, Example, example
from tests.test_ops import DIFFERENTIATED, Scalars, check_gradients, check_shown_derivative, evaluated, jacobian

SLIGHTLY = Num(1 + 1e-9)
MANY = 16
"""Examples of each row; most faults are noticed at the first."""
OPERANDS = 2
"""Rows of any number of operands are tried at the first two."""


P, Q = Name("p", Type(())), Name("q", Type(()))
EDGES = {
    "pow": [Example(call("pow", P, Q), {"p": np.array(0.0), "q": np.array(2.0)})],
    "complement": [Example(call("complement", P, Q), {"p": np.array(0.99), "q": np.array(0.3)})],
}
"""Numbers that are never drawn: most rules have no derivative there, or none has a branch there but one."""


class Drawn(NamedTuple):
    """A call of a row, with what does not change with the row's derivatives."""

    example: Example
    jacobians: dict[str, Array]
    read: Scalars


@cache
def drawn(name: str) -> tuple[Drawn, ...]:
    """Calls of a row, the same in every run."""
    random = Random(f"calls of {name}")
    made = [example(TABLE[name], lambda things, n: random.choices(things, k=n)) for _ in range(MANY)]
    return tuple(map(_known, [*made, *EDGES.get(name, ())]))


def _known(made: Example) -> Drawn:
    return Drawn(made, {by: jacobian(made, by) for by in made.names}, Scalars(made, evaluated(made, made.given)))


def gradients_are_right(made: Drawn) -> None:
    check_gradients(made.example, made.jacobians)


def shown_ones_are_right(made: Drawn) -> None:
    for by, exact in made.jacobians.items():
        check_shown_derivative(made.example, by, exact, made.read)


def noticed(name: str, row: Op, monkeypatch: pytest.MonkeyPatch, *checks: Callable[[Drawn], None]) -> bool:
    """Whether an example fails with the row in the place of the right one."""
    with monkeypatch.context() as patched:
        patched.setitem(TABLE, name, row)
        for check, made in product(checks, drawn(name)):
            try:
                check(made)
            except AssertionError:
                return True
    return False


Send = Callable[[Call, Expr | None], Expr | None]


def _slightly(call: Call, sent: Expr | None) -> Expr | None:
    return None if sent is None else Call("mul", (SLIGHTLY, sent))


def _nothing(call: Call, sent: Expr | None) -> Expr | None:
    return None


FAULTS: dict[str, Send] = {"off by 1e-9": _slightly, "left out": _nothing}


def with_gradient(row: Op, operand: int, fault: Send) -> Op:
    """The row with a wrong gradient of one operand; where nothing flows, the operand itself does."""
    right = row.vjp

    def vjp(call: Call, at: int, g: Expr, y: Expr) -> Expr | None:
        sent = right(call, at, g, y)
        if at != operand:
            return sent
        flows = sent is not None and simplified(retyped(sent)) != Num(0)
        return fault(call, sent) if flows else call.args[at]

    return _with(row, vjp=vjp)


def with_shown(row: Op, operand: int) -> Op:
    """The row with a wrong shown derivative by one operand."""
    right = row.partial

    def partial(call: Call, at: int, out: Index, index: Index, read: Read) -> Expr:
        found = right(call, at, out, index, read)
        if at != operand:
            return found
        return Num(0.5) if simplified(found) == Num(0) else Call("mul", (SLIGHTLY, found))

    return _with(row, partial=partial)


def _with(row: Op, **methods: Callable[..., Expr | None]) -> Op:
    """A copy of a row with other methods of its own."""
    copy = replace(row)
    for name, method in methods.items():
        object.__setattr__(copy, name, method)
    return copy


def asked(name: str, operand: int) -> bool:
    """Whether any result is reached from an operand, so that its shown derivative is ever asked for."""
    calls = [each.example.expr for each in drawn(name) if len(each.example.expr.args) > operand]
    firsts = [(call, (0,) * len(call.args[operand].shape)) for call in calls]
    return any(list(TABLE[name].reach(call, operand, first)) for call, first in firsts)


def operands(name: str) -> range:
    most = max(len(each.example.expr.args) for each in drawn(name))
    return range(min(OPERANDS if TABLE[name].most is None else 3, most))


WITH_OPERANDS = [name for name in DIFFERENTIATED if TABLE[name].least]


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value", "ignore:overflow")
@pytest.mark.parametrize("name", WITH_OPERANDS)
def test_a_wrong_derivative_of_any_operand_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for operand in operands(name):
        for what, fault in FAULTS.items():
            row = with_gradient(TABLE[name], operand, fault)
            assert noticed(name, row, monkeypatch, gradients_are_right), f"gradient of operand {operand} {what}"
        if asked(name, operand):
            shown = with_shown(TABLE[name], operand)
            assert noticed(name, shown, monkeypatch, shown_ones_are_right), f"shown derivative by {operand}"


# ── the texts of the derivatives ───────────────────────────────────────────────────────────────────────

TEXTS = [name for name in WITH_OPERANDS if isinstance(row := TABLE[name], Elementwise) and all(row.derivatives)]
SAME: dict[str, set[str]] = {}
"""Changes of a text that leave the same derivative, by row."""


def changed_texts(row: Elementwise) -> Iterator[tuple[str, Elementwise]]:
    """The row with one token of one derivative changed: an operator, a sign, a number, a comparison."""
    for at, text in enumerate(row.derivatives):
        for other in mutants_of(ast.parse(text.replace("{given}", ""), mode="eval")):
            new = ast.unparse(other)
            yield f"{text} as {new}", replace(row, derivatives=(*row.derivatives[:at], new, *row.derivatives[at + 1 :]))


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value", "ignore:overflow")
@pytest.mark.parametrize("name", TEXTS)
def test_a_token_of_a_derivative_that_is_changed_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = TABLE[name]
    assert isinstance(row, Elementwise)
    checks = gradients_are_right, shown_ones_are_right
    missed = {what for what, wrong in changed_texts(row) if not noticed(name, wrong, monkeypatch, *checks)}
    assert missed == SAME.get(name, set())
