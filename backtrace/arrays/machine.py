"""A plan with memory under it: numpy calls bound to arrays that were made before the first update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from backtrace.arrays.complement import Part
from backtrace.arrays.contraction import Array, Thunk
from backtrace.arrays.grouping import Unit
from backtrace.arrays.nodes import Computed, Constant, Ending, Given, Moved, Node, steps
from backtrace.arrays.plan import Plan
from backtrace.executor import Arrays

Row = npt.NDArray[np.float64]
Step = Callable[[], None]

MOST_WRITTEN = 500
"""So many calls are compiled."""


class Machine:
    """Arrays for the nodes of a plan.

    What has a name lies in ``rest``; the parameters and states are read on one of two sides, and their new values
    are written on the other.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rest = np.zeros(plan.rest_width)
        self.sides = (np.zeros(plan.state_width), np.zeros(plan.state_width))
        self.scratch = np.zeros(plan.scratch)
        self._own = {node: self._made(node) for node in plan.nodes if node not in plan.starts and _has_own(node)}
        self.given = {
            node.name: np.moveaxis(array, -1, 0) if node.sampled else array
            for node, array in self._own.items()
            if isinstance(node, Given)
        }
        """The arrays of what is given, the samples first."""
        for ending in plan.biases.ones.values():
            if ending.operands[0] in plan.starts:
                self.array(ending, self.regions(*self.sides))[-1] = 1.0

    def regions(self, old: Row, new: Row) -> dict[str, Row]:
        """The memory of a step that reads parameters in one place and writes the new ones in another."""
        return {"rest": self.rest, "scratch": self.scratch, "old": old, "new": new}

    def _made(self, node: Node) -> Array:
        """An array for a node that has no place; what is given has ones after it where they are wanted."""
        if isinstance(node, Constant):
            return np.full(node.shape, node.value)
        if not isinstance(node, Given):
            return np.zeros(node.shape, dtype=bool)
        rows, *rest = self.plan.biases.ones[node].shape if node in self.plan.biases.ones else node.shape or (1,)
        shape = (rest[-1], rows, *rest[:-1]) if node.samples_first and rest else (rows, *rest)
        whole = np.ones(shape)
        if node.samples_first and rest:
            whole = np.moveaxis(whole, 0, -1)
        return whole[: node.shape[0]] if node.shape else whole.reshape(())

    # ── the arrays of nodes ──

    def array(self, node: Node, regions: Mapping[str, Row]) -> Array:
        """The array of a node."""
        if isinstance(node, Moved):
            return _moved(node, self.array(node.base, regions))
        if isinstance(node, Ending):
            first = self.array(node.operands[0], regions)
            return np.lib.stride_tricks.as_strided(first, node.shape, first.strides)
        if node in self._own:
            return self._own[node]
        region, start = self.plan.starts[node]
        return regions[region][start : start + node.size].reshape(node.shape)

    def states(self, row: Row) -> Iterator[tuple[str, Row]]:
        """The parameters and states in a row."""
        for new, old in self.plan.graph.replaced:
            yield old, self.array(self.plan.named[new], {"new": row})

    def load(self, values: Arrays) -> None:
        """Take given values."""
        for name in self.given.keys() & values.keys():
            np.copyto(self.given[name], values[name])

    def load_states(self, values: Arrays) -> None:
        """Take parameters and states, on the first side."""
        for name, array in self.states(self.sides[0]):
            np.copyto(array, values[name])

    # ── calls ──

    def step(self, units: Sequence[Unit], old: Row, new: Row) -> Step:
        """A function that makes calls, with parameters in one place and new parameters in another."""
        regions = self.regions(old, new)
        return _straight([call for unit in units for call in self.calls(unit, regions)])

    def calls(self, unit: Unit, regions: Mapping[str, Row]) -> Iterable[Thunk]:
        """The calls that fill a node, or several that lie alike at once."""
        first = unit[0]
        if not isinstance(first, Computed):
            return ()
        if first.rest:
            parts = [Part(own, y, read) for own, y, *read in (self.arrays(node, regions) for node in unit)]
            read = self.together([node.operands[0] for node in unit], regions)
            return [first.rest.call(self.together(unit, regions), read, parts)]
        columns = zip(*((node, *node.operands) for node in unit), strict=True)
        return first.prepare(*(self.together(column, regions) for column in columns))

    def arrays(self, node: Node, regions: Mapping[str, Row]) -> list[Array]:
        """The arrays of a node and of what it reads."""
        return [self.array(each, regions) for each in (node, *node.operands)]

    def together(self, nodes: Sequence[Node], regions: Mapping[str, Row]) -> Array:
        """One array over nodes that lie one after another."""
        first, last = self.array(nodes[0], regions), nodes[-1]
        if len(nodes) == 1 or not last.shape:
            return first
        apart = (self.array(last, regions).ctypes.data - first.ctypes.data) // 8
        return np.lib.stride_tricks.as_strided(first, (apart + last.size,), (8,))


def _has_own(node: Node) -> bool:
    """Whether a node has an array that nothing else shares."""
    return isinstance(node, Constant | Given) or (isinstance(node, Computed) and node.logical)


def _moved(node: Moved, base: Array) -> Array:
    """Elements of an array seen through steps."""
    found = steps(node.places)
    assert found is not None
    first, apart = found
    samples_first = isinstance(node.base, Given) and node.base.samples_first
    unit = 8 * (node.shape[-1] if node.sampled and not samples_first else 1)
    strides = (*(unit * step for step in apart), *base.strides[-1:][: node.sampled])
    at: Any = np.unravel_index(first, base.shape[:-1] if node.sampled else base.shape) if first else ()
    return np.lib.stride_tricks.as_strided(base[(*at, ...)], node.shape, strides)


def _looped(calls: Sequence[Thunk]) -> None:
    for function, arguments in calls:
        function(*arguments)


def _straight(calls: Sequence[Thunk]) -> Step:
    """One call after another, written out: a loop over them would cost a tenth of the time of small ones.

    Of very many the loop costs less than compiling them.
    """
    if len(calls) > MOST_WRITTEN:
        return partial(_looped, tuple(calls))
    scope: dict[str, Any] = {}
    lines = []
    for number, (function, arguments) in enumerate(calls):
        scope[f"f{number}"] = function
        names = [f"a{number}_{k}" for k in range(len(arguments))]
        scope |= dict(zip(names, arguments, strict=True))
        lines.append(f"    f{number}({', '.join(names)})")
    exec(compile("\n".join(["def step():", *lines, "    return None"]), "<calls>", "exec"), scope)
    found: Step = scope["step"]
    return found
