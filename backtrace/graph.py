"""What is computed, as data: equations in order, with shapes, with their gradients and updates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backtrace.expressions import Expr, Type, names, to_text
from backtrace.origin import Stated
from backtrace.records import dataclass
from backtrace.schedule import Batch, Schedule
from backtrace.words import Note

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Equation:
    """A named array and the expression it is computed by.

    ``inner`` marks a node that the user gave no name, ``hidden`` one that no report shows (the objective that stands
    for given upstream gradients); ``wrt`` is what a gradient is taken by, ``state`` what an update replaces.
    """

    name: str
    expr: Expr
    type: Type
    group: str = ""
    inner: bool = False
    hidden: bool = False
    wrt: str | None = None
    state: str | None = None

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """The names that its expression reads, each once."""
        return tuple(names(self.expr))

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
    notes: tuple[Note, ...]
    gates: bool = False
    optimizer: tuple[Note, ...] = ()
    start: int = 1
    reduce: str = "sum"
    schedule: Schedule | None = None
    data: Mapping[str, Array] = field(default_factory=dict)
    """What an update takes its batch from, all samples first; empty where every update uses all samples."""
    rest: Graph | None = None
    """The same equations for a smaller last batch."""
    until: str = ""
    """The condition that ends training, as it is written."""
    new_weights: bool = False
    """Whether what flows back reads the new values of the parameters it passes."""
    rates: tuple[float, ...] = ()
    """The learning rates to be shown side by side."""
    stated: Stated | None = None
    """The config that states it."""

    @cached_property
    def step(self) -> tuple[Equation, ...]:
        """All equations of an update in the order of computation."""
        if not self.new_weights:
            return (*self.run, *self.gradients, *self.updates)
        return (*self.run, *_sorted((*self.gradients, *self.updates)))

    @cached_property
    def replaced(self) -> tuple[tuple[str, str], ...]:
        """What an update replaces: the name of each new value, and that of the old one."""
        return tuple((equation.name, equation.state) for equation in self.updates if equation.state)

    @cached_property
    def renewed(self) -> frozenset[str]:
        """The names that have a value after the update beside the one before it."""
        states = [old for _, old in self.replaced]
        return frozenset((*states, *(equation.name for equation in self.forward))) if states else frozenset()

    @cached_property
    def shown(self) -> tuple[Equation, ...]:
        """The forward equations that a report shows."""
        return tuple(equation for equation in self.forward if not equation.hidden)

    @cached_property
    def known(self) -> dict[Any, Any]:
        """What is found out about it once for all its records, by what keeps it here."""
        return {}

    @property
    def has_loss(self) -> bool:
        """Whether there is an objective with a value; given upstream gradients have none."""
        return any(equation.name == self.objective for equation in self.shown)

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
    def gradient_places(self) -> dict[str, int]:
        """The place of each gradient in the order of computation."""
        return {equation.name: place for place, equation in enumerate(self.gradients)}

    @cached_property
    def updates_of(self) -> dict[str, tuple[Equation, ...]]:
        """The updates of each parameter, and of what an optimiser remembers of it: those of w and v.w by w."""
        found: dict[str, tuple[Equation, ...]] = {}
        for equation in self.updates:
            state = equation.name.removesuffix("+")
            for name in dict.fromkeys((state, state.partition(".")[2])):
                found[name] = (*found.get(name, ()), equation)
        return found

    @cached_property
    def consumers(self) -> dict[str, tuple[Equation, ...]]:
        """The forward equations that read a name, in order."""
        found: dict[str, list[Equation]] = {}
        for equation in self.forward:
            for name in equation.reads:
                found.setdefault(name, []).append(equation)
        return {name: tuple(readers) for name, readers in found.items()}

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names given under parameters:, or in layers."""
        return frozenset(name for name, given in self.givens.items() if given.role == "parameter")

    @property
    def updates_per_epoch(self) -> int:
        """How many updates an epoch has."""
        return self.schedule.updates if self.schedule else 1

    @property
    def default_epochs(self) -> int:
        """How many epochs a run makes if nobody says: 1 where nothing is trained."""
        return max(self.epochs, 1) if self.trained or self.schedule else 1

    def with_values(self, values: Mapping[str, Array], learning_rate: float | None) -> Graph:
        """The same graph on other given values, of what comes in batches those of all samples.

        A given learning rate replaces one that changes.
        """
        data = {name: values.get(name, array) for name, array in self.data.items()}
        first = self.batch(self.schedule.order or range(self.schedule.count), data) if self.schedule and data else {}
        given = {**values, **first}
        givens = {name: replace(g, values=given.get(name, g.values)) for name, g in self.givens.items()}
        rest = self.rest and self.rest.with_values({n: a for n, a in values.items() if n not in data}, learning_rate)
        changed = replace(self, givens=givens, data=data, rest=rest)
        if learning_rate is None:
            return changed
        updates = tuple(equation for equation in self.updates if equation.name != RATE)
        return replace(changed, learning_rate=learning_rate, updates=updates)

    def batch(self, samples: Sequence[int], data: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """The values of one batch, as many of the samples as this graph takes."""
        chosen = list(samples[: self.samples or 1])
        found = self.data if data is None else data
        return {name: array[chosen] if self.samples else array[chosen[0]] for name, array in found.items()}

    def of_size(self, batch: Batch) -> Graph:
        """The graph for a batch: this one, or that of the smaller last batch."""
        return self if self.rest is None or len(batch) == (self.samples or 1) else self.rest


RATE: Final = "learning_rate"
RATE_NAMES: Final = (RATE, "lr", "eta", "η")
"""What a reader may call the learning rate."""
UPDATE: Final = "@n"
"""The number of the update, from ``start`` (1 if not stated); no user's name begins with @."""
EPOCH: Final = "@k"
"""The number of the epoch, from 1."""
STOP: Final = "@until"
"""The equation of the condition that ends training: 1 where it holds."""


class CycleError(Exception):
    """Equations that read each other in a circle."""


def _sorted(equations: Sequence[Equation]) -> Iterator[Equation]:
    """Equations so that each stands after those it reads."""
    place = {equation.name: at for at, equation in enumerate(equations)}
    sorter = TopologicalSorter({e.name: [name for name in e.reads if name in place] for e in equations})
    try:
        sorter.prepare()
    except ValueError as error:
        raise CycleError from error
    while ready := sorter.get_ready():
        for at in sorted(place[name] for name in ready):
            yield equations[at]
        sorter.done(*ready)


def depends(forward: Sequence[Equation], roots: Iterable[str]) -> set[str]:
    """The roots and every name whose equation reads one of them, over any number of steps."""
    found = set(roots)
    for equation in forward:
        if not found.isdisjoint(equation.reads):
            found.add(equation.name)
    return found
