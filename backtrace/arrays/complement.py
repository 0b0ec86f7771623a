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

Arrays = Sequence[Array]


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
        starts = [(part.out.ctypes.data - out.ctypes.data) // 8 for part in parts]
        spans = [(start, start + part.y.size) for start, part in zip(starts, parts, strict=True)]
        places = np.concatenate([np.arange(*span) for span in spans])
        bounds = None if y.size == len(places) else np.ravel(spans)[:-1]
        each = [[np.broadcast_to(array, part.y.shape) for array in (part.y, *part.read)] for part in parts]
        return self.fill, (out, y, bounds, out.reshape(-1), places, *zip(*each, strict=True))

    def fill(self, out: Array, y: Array, bounds: Array | None, flat: Array, places: Array, *each: Arrays) -> None:
        """One look at all, at most; what lies between the nodes, by ``bounds``, does not count."""
        greatest = y.max() if bounds is None else np.maximum.reduceat(y, bounds)[::2].max()
        if not greatest > NEAR_ONE:
            np.subtract(1.0, y, out)
            return
        # the result may lie where an operand does: everything is read before
        own, *read = (np.concatenate(arrays, axis=None) for arrays in each)
        near = np.flatnonzero(own > NEAR_ONE)
        exact = _value(self.rule, [array[near] for array in read], {})
        np.subtract(1.0, y, out)
        flat[places[near]] = exact


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


def _value(rule: Expr, leaves: Sequence[Array], known: dict[Expr, Any]) -> Any:
    """The values of a rule, each part of it once."""
    if isinstance(rule, Num):
        return float(rule.value)
    if isinstance(rule, Ref):
        return leaves[rule.key]
    assert isinstance(rule, Call)
    if rule not in known:
        op = TABLE[rule.op]
        assert isinstance(op, Elementwise)
        operands = (_value(arg, leaves, known) for arg in rule.args)
        known[rule] = op.array(*operands, **{**op.options, **dict(rule.options)})
    return known[rule]
