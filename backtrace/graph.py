"""What is computed, as data: equations in order, with shapes, with their gradients and updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from backtrace.expressions import Expr, Type, names, to_text

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Equation:
    """A named array and the expression it is computed by.

    ``inner`` marks a node that the user gave no name; ``wrt`` is what a gradient is taken by, ``state`` what an
    update replaces.
    """

    name: str
    expr: Expr
    type: Type
    group: str = ""
    inner: bool = False
    wrt: str | None = None
    state: str | None = None

    def text(self) -> str:
        """The equation in the language."""
        return f"{self.name} = {to_text(self.expr)}"


@dataclass(frozen=True)
class GivenArray:
    """A given array with its type and what it is given as."""

    name: str
    role: str
    values: Array
    type: Type


@dataclass(frozen=True)
class Graph:
    """Everything that is computed, as equations.

    ``forward`` are the equations as written, ``run`` the same in stable forms; ``gradients`` and ``updates`` follow
    from ``run``. ``samples`` is None where the equations have no sample axis, ``learning_rate`` where there is none
    or an equation of the updates gives it. ``start`` is the number of the first update.
    """

    title: str
    givens: Mapping[str, GivenArray]
    forward: tuple[Equation, ...]
    run: tuple[Equation, ...]
    objective: str | None
    ascent: bool
    samples: int | None
    wrt: tuple[str, ...]
    trained: tuple[str, ...]
    gradients: tuple[Equation, ...]
    updates: tuple[Equation, ...]
    states: Mapping[str, Array]
    learning_rate: float | None
    epochs: int
    labels: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]
    gates: bool = False
    optimizer: str = ""
    start: int = 1

    @cached_property
    def types(self) -> dict[str, Type]:
        """The type of everything that has a name, gradients and updates too."""
        equations = (*self.forward, *self.gradients, *self.updates)
        found = {name: given.type for name, given in self.givens.items()}
        found |= {equation.name: equation.type for equation in equations}
        return found | {name: Type(values.shape) for name, values in self.states.items()}

    @cached_property
    def equations(self) -> dict[str, Equation]:
        """Forward equations, gradients and updates by name."""
        return {equation.name: equation for equation in (*self.forward, *self.gradients, *self.updates)}

    @cached_property
    def gradient_of(self) -> dict[str, str]:
        """The name of the objective's gradient by each name that has one."""
        return {equation.wrt: equation.name for equation in self.gradients if equation.wrt}

    @cached_property
    def consumers(self) -> dict[str, tuple[Equation, ...]]:
        """The forward equations that read a name, in order."""
        found: dict[str, list[Equation]] = {}
        for equation in self.forward:
            for name in names(equation.expr):
                found.setdefault(name, []).append(equation)
        return {name: tuple(readers) for name, readers in found.items()}

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names given under parameters:, or in layers."""
        return frozenset(name for name, given in self.givens.items() if given.role == "parameter")

    @property
    def default_epochs(self) -> int:
        """How many epochs a run makes if nobody says: 1 where nothing is trained."""
        return max(self.epochs, 1) if self.trained else 1

    def with_values(self, values: Mapping[str, Array], learning_rate: float | None) -> Graph:
        """The same graph on other given values; a given learning rate replaces one that changes."""
        givens = {name: replace(given, values=values.get(name, given.values)) for name, given in self.givens.items()}
        if learning_rate is None:
            return replace(self, givens=givens)
        updates = tuple(equation for equation in self.updates if equation.name != RATE)
        return replace(self, givens=givens, learning_rate=learning_rate, updates=updates)


RATE: Final = "learning_rate"
UPDATE: Final = "@n"
"""The number of the update, from ``start`` (1 if not stated); no user's name begins with @."""
EPOCH: Final = "@k"
"""The number of the epoch, from 1."""


def depends(forward: Sequence[Equation], roots: Iterable[str]) -> set[str]:
    """The roots and every name whose equation reads one of them, over any number of steps."""
    found = set(roots)
    for equation in forward:
        if not found.isdisjoint(names(equation.expr)):
            found.add(equation.name)
    return found
