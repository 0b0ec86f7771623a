"""Reuse: what only one call reads is written where that call's own result goes, so that less memory is touched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backtrace.arrays.grouping import Unit
from backtrace.arrays.nodes import Computed, Node

Starts = dict[Node, tuple[str, int]]


def share(units: Sequence[Unit], starts: Starts) -> None:
    """Move arrays without a name into the places of what is computed from them, the last calls first.

    A call of one function on elements may overwrite an operand: it reads each place before it writes it.
    """
    readers: dict[Node, set[Node]] = {}
    for unit in units:
        for node in unit:
            for operand in node.operands:
                readers.setdefault(operand, set()).add(node)
    owner = {node: unit for unit in units for node in unit}
    for unit in reversed(units):
        for column in _overwritable(unit, starts):
            alone = all(readers[operand] == {node} for operand, node in zip(column, unit, strict=True))
            if alone and owner[column[0]] == column and _apart(column, starts) == _apart(unit, starts):
                starts |= {operand: starts[node] for operand, node in zip(column, unit, strict=True)}
                break


def _overwritable(unit: Unit, starts: Starts) -> Iterator[Unit]:
    """The operands of a call of one function, each for all nodes together, that lie where nothing has a name."""
    first = unit[0]
    if not isinstance(first, Computed) or first.function is None or first.logical:
        return
    for column in zip(*(node.operands for node in unit), strict=True):
        scratch = all(isinstance(o, Computed) and starts.get(o, ("", 0))[0] == "scratch" for o in column)
        if scratch and all(operand.shape == node.shape for operand, node in zip(column, unit, strict=True)):
            yield column


def _apart(nodes: Unit, starts: Starts) -> list[int]:
    return [starts[node][1] - starts[nodes[0]][1] for node in nodes]
