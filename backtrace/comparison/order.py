"""The order of computation: a hand calculation finds its first mistake by going through its numbers in it."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import Final, NamedTuple

from backtrace.expressions import Element, Index
from backtrace.graph import Graph
from backtrace.keys import Derivative, Short, Target
from backtrace.records import dataclass
from backtrace.report import ends
from backtrace.schedule import Moment

UNREAD: Final = (1, 0)
"""What nothing reads comes last among the gradients."""


class Stage(IntEnum):
    """What comes after what within an epoch; the objective is the end of the forward pass."""

    GIVEN = 0
    FORWARD = 1
    BACKWARD = 2
    UPDATE = 3
    AFTER = 4


class Rank(NamedTuple):
    """A number's place in the order of computation.

    ``turn``: of what is differentiated by one element, the links and the ways (0) come before the whole
    derivative (1); a symbol comes after the last number it reads.
    """

    epoch: Moment
    stage: Stage
    position: tuple[int, int]
    sample: int
    place: Index
    turn: int


NOWHERE: Final = Rank(Moment(0, 0), Stage.GIVEN, (-1, 0), -1, (), 1)
"""The place of what reads nothing."""


@dataclass(frozen=True)
class Order:
    """The order of computation of a graph, without a list of everything it computes."""

    graph: Graph

    @cached_property
    def _forward(self) -> dict[str, int]:
        return {equation.name: at for at, equation in enumerate(self.graph.forward)}

    @cached_property
    def _given(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.graph.givens)}

    @cached_property
    def _updates(self) -> dict[str, int]:
        return {equation.name: at for at, equation in enumerate(self.graph.updates)}

    @cached_property
    def _taken_by(self) -> dict[str, str]:
        """What each gradient array is taken by."""
        return {gradient: name for name, gradient in self.graph.gradient_of.items()}

    @cached_property
    def _backward(self) -> dict[str, tuple[int, int]]:
        """Gradients run against the forward pass; that of a given value follows its first reader's."""
        found = {name: (-at, 0) for name, at in self._forward.items()}
        for name, at in self._given.items():
            readers = [self._forward[equation.name] for equation in self.graph.consumers.get(name, ())]
            found[name] = (-min(readers), 1 + at) if readers else UNREAD
        return found

    def rank(self, epoch: Moment, target: Target) -> Rank:
        """The place of a single number in the order."""
        if isinstance(target, Element) and target.name not in self._taken_by:
            return self._at(epoch, *self._place(target.name), target, True)
        if isinstance(target, Element):
            whole, by = True, target._replace(name=self._taken_by[target.name])
        else:
            of, by = ends(target)
            whole = of.name == self.graph.objective and isinstance(target, Derivative | Short)
        return self._at(epoch, Stage.BACKWARD, self._backward.get(by.name, UNREAD), by, whole)

    @staticmethod
    def _at(epoch: Moment, stage: Stage, position: tuple[int, int], element: Element, whole: bool) -> Rank:
        sample = -1 if element.sample is None else element.sample
        return Rank(epoch, stage, position, sample, element.index, int(whole))

    def _place(self, name: str) -> tuple[Stage, tuple[int, int]]:
        """The stage of a named array and its position there."""
        core = name.removesuffix("+")
        if name in self._updates:
            return Stage.UPDATE, (self._updates[name], 0)
        if core in self._forward:
            return Stage.FORWARD if core == name else Stage.AFTER, (self._forward[core], 0)
        given = self._given.get(core, -1)
        return (Stage.GIVEN, (given, 0)) if core == name else (Stage.UPDATE, (len(self._updates), given))
