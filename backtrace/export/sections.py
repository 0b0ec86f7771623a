"""The equations of an epoch in the order of the hand calculation, under the titles of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from backtrace.errors import visible
from backtrace.expressions import names
from backtrace.graph import Equation, Graph
from backtrace.report.steps import reading_groups
from backtrace.words import Note


class Section(NamedTuple):
    """Equations under a title."""

    title: str
    equations: tuple[Equation, ...]


def sections(graph: Graph) -> Iterator[Section]:
    """Forward propagation by layers, the error, back propagation step by step, the update."""
    error = _after_targets(graph)
    forward = [equation for equation in graph.run if equation.name not in error]
    for group, members in groupby(forward, lambda equation: equation.group):
        yield Section(f"{Note('forward')}{f': {visible(group)}' if group else ''}", tuple(members))
    yield Section(str(Note("error")), tuple(equation for equation in graph.run if equation.name in error))
    waiting = {equation.name: equation for equation in graph.step[len(graph.run) :]}
    first = [equation.name for equation in graph.gradients if waiting.keys().isdisjoint(names(equation.expr))]
    for number, wanted in enumerate(reading_groups(graph), start=1):
        found = _needed([*first, *(graph.gradient_of[name] for name in wanted if name in graph.gradient_of)], waiting)
        layer = next((equation.group for equation in graph.forward if wanted[0] in names(equation.expr)), "")
        title = f"{Note('step', {'number': number})}: {', '.join(wanted)}{f' ({visible(layer)})' if layer else ''}"
        yield Section(title, found)
    yield Section(str(Note("after")), tuple(waiting.values()))


def _after_targets(graph: Graph) -> set[str]:
    """What compares with a target, and what follows from it."""
    found = {name for name, given in graph.givens.items() if given.role == "target"}
    for equation in graph.run:
        if not found.isdisjoint(names(equation.expr)):
            found.add(equation.name)
    return found


def _needed(wanted: Sequence[str], waiting: dict[str, Equation]) -> tuple[Equation, ...]:
    """The equations that some names need, in their order; taken from those that wait."""
    needed, unread = set[str](), list(wanted)
    while unread:
        name = unread.pop()
        if name in waiting and name not in needed:
            needed.add(name)
            unread.extend(names(waiting[name].expr))
    return tuple(waiting.pop(name) for name in [*waiting] if name in needed)
