"""1 less what may be near 1: one call that looks whether it is, and only then computes what keeps its digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from backtrace.arrays.contraction import Array, Thunk
from backtrace.expressions import Call, Expr, Num, Ref
from backtrace.ops import TABLE
from backtrace.ops.complements import NEAR_ONE
from backtrace.ops.elementwise import Elementwise
from backtrace.records import dataclass


class Part(NamedTuple):
    """What one node of several reads and fills."""

    out: Array
    y: Array
    read: Sequence[Array]


@dataclass(frozen=True)
class Rest:
    """1 less elements of which few are near 1; ``rule`` computes it from the other operands, which it has by number."""

    rule: Expr

    def call(self, out: Array, y: Array, parts: Sequence[Part]) -> Thunk:
        """The call for nodes that lie one after another, ``out`` and ``y`` over all of them."""
        if y.size == sum(part.y.size for part in parts):
            return self.fill, (out, y, parts)
        starts = [(part.y.ctypes.data - y.ctypes.data) // 8 for part in parts]
        bounds = [at for start, part in zip(starts, parts, strict=True) for at in (start, start + part.y.size)]
        return self.fill_apart, (out, y, parts, np.array(bounds[:-1]))

    def fill(self, out: Array, y: Array, parts: Sequence[Part]) -> None:
        """One look at all, at most."""
        if y.max() > NEAR_ONE:
            self.fill_each(parts)
        else:
            np.subtract(1.0, y, out)

    def fill_apart(self, out: Array, y: Array, parts: Sequence[Part], bounds: Array) -> None:
        """As ``fill``; what lies between the nodes does not count."""
        if np.maximum.reduceat(y, bounds)[::2].max() > NEAR_ONE:
            self.fill_each(parts)
        else:
            np.subtract(1.0, y, out)

    def fill_each(self, parts: Sequence[Part]) -> None:
        """Each node by itself. The result may lie where an operand does: everything is read before."""
        found = [np.where(part.y > NEAR_ONE, _value(self.rule, part.read), 1.0 - part.y) for part in parts]
        for part, values in zip(parts, found, strict=True):
            np.copyto(part.out, values)


def apart(expr: Expr) -> tuple[Expr, list[Expr]]:
    """A rule of elementwise operations over what is none, by number, and that."""
    leaves: dict[Expr, int] = {}

    def numbered(node: Expr) -> Expr:
        if isinstance(node, Num):
            return node
        if isinstance(node, Call) and isinstance(TABLE[node.op], Elementwise):
            return Call(node.op, tuple(map(numbered, node.args)), node.options)
        return Ref(leaves.setdefault(node, len(leaves)))

    return numbered(expr), list(leaves)


def _value(rule: Expr, leaves: Sequence[Array]) -> Any:
    if isinstance(rule, Num):
        return float(rule.value)
    if isinstance(rule, Ref):
        return leaves[rule.key]
    assert isinstance(rule, Call)
    op = TABLE[rule.op]
    assert isinstance(op, Elementwise)
    return op.array(*(_value(arg, leaves) for arg in rule.args), **{**op.options, **dict(rule.options)})
