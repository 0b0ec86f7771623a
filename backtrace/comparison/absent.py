"""What is computed and has no figure: counted, or listed as missing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from backtrace.comparison.expected import Figure
from backtrace.comparison.verdicts import Judged, Judgement, Verdict
from backtrace.expressions import Element
from backtrace.graph import Graph
from backtrace.keys import Derivative, Target
from backtrace.quantities import Quantity
from backtrace.report import all_targets


def without_figure(judgement: Judgement) -> Judgement:
    """The comparison with the count of numbers that have no figure."""
    return replace(judgement, without=sum(1 for _ in absent(judgement)))


def with_missing(judgement: Judgement) -> Judgement:
    """The comparison with a row for each number that has no figure, before those that are unknown."""
    known = [row for row in judgement.rows if row.verdict is not Verdict.UNKNOWN]
    unknown = [row for row in judgement.rows if row.verdict is Verdict.UNKNOWN]
    several = len({_moment(row.quantity) for row in known if row.quantity}) > 1
    missing = (_missing(quantity, several) for quantity in absent(judgement))
    return replace(judgement, rows=(*known, *missing, *unknown))


def _missing(quantity: Quantity, dated: bool) -> Judged:
    figure = Figure(quantity.key, "", math.nan, 0.0, 0)
    return Judged(figure, quantity, dated, quantity.value, Verdict.MISSING, math.nan)


def absent(judgement: Judgement) -> Iterator[Quantity]:
    """The computed numbers without a figure in the epochs that figures are of, in the order of computation."""
    graph = judgement.trace.graph
    there = {(*_moment(row.quantity), _recorded(row.target, graph)) for row in judgement.rows if row.quantity}
    moments = {moment[:2] for moment in there}
    for view in judgement.trace.epochs:
        if (view.epoch, view.update) in moments:
            for target in all_targets(view):
                if target.name not in graph.givens and (view.epoch, view.update, target) not in there:
                    yield view.quantity(target)


def _moment(quantity: Quantity) -> tuple[int, int]:
    return quantity.view.epoch, quantity.view.update


def _recorded(target: Target | None, graph: Graph) -> Target | None:
    """A number as the record has it: a derivative of the objective is an element of a gradient."""
    if not isinstance(target, Derivative) or target.of != Element(graph.objective or ""):
        return target
    by = target.by
    gradient = graph.gradient_of.get(by.name)
    return Element(gradient, by.index, by.sample) if gradient and isinstance(by, Element) else target
