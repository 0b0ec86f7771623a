"""A sheet under conventions: its figures placed, its numbers scaled, its procedure run as they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from functools import cached_property
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from backtrace.codegen import statements
from backtrace.comparison.conventions import Convention, Factor, Subject, Subjects, shifted
from backtrace.comparison.expected import Expected, Figure
from backtrace.comparison.locating import epochs, lists
from backtrace.comparison.tolerances import Allowance, Tolerance
from backtrace.comparison.variants import rerun
from backtrace.comparison.verdicts import (
    RIGHT,
    Judged,
    Judgement,
    Scale,
    first_look,
    judge,
    rescaled,
    unscaled,
)
from backtrace.errors import ConfigError, UsageError
from backtrace.graph import Graph
from backtrace.keys import Keys
from backtrace.quantities import Quantity
from backtrace.records import dataclass
from backtrace.schedule import moment_of
from backtrace.trace import Trace

NOTICED: Final = 10
"""A figure counts where a convention changes it by so many units of its last place."""
MOST_WORK: Final = 8_000_000
"""So many single numbers at most are computed to try other procedures; what goes beyond is left untried."""

Terms = tuple[Convention, ...]
"""Conventions that hold together."""


class Look(NamedTuple):
    """How the figures of a sheet stand, each in its place.

    ``near`` is what may be off by rounding alone.
    """

    right: npt.NDArray[Any]
    near: npt.NDArray[Any]
    value: npt.NDArray[Any]

    @classmethod
    def at(cls, rows: Sequence[Judged]) -> Look:
        """How judged figures stand."""
        right = np.array([row.verdict in RIGHT for row in rows], dtype=bool)
        near = np.array([abs(row.off) <= NOTICED for row in rows], dtype=bool)
        return cls(right, near, np.array([row.value for row in rows], dtype=float))

    def with_rows(self, places: npt.NDArray[Any], rows: Sequence[Judged]) -> Look:
        """With others at some places."""
        found = Look(*(array.copy() for array in self))
        for array, other in zip(found, Look.at(rows), strict=True):
            array[places] = other
        return found


class Placed(NamedTuple):
    """Figures at the places that they have here, each with the one that it is in the sheet."""

    figures: Expected
    origins: list[Figure]


@dataclass(frozen=True)
class _Plain:
    """Figures beside their numbers, and how they stand where these are multiplied."""

    rows: list[Judged]
    subjects: Subjects
    allowance: Allowance
    seen: dict[Factor, npt.NDArray[Any]] = field(default_factory=dict)

    def scaled(self, factors: Sequence[Factor]) -> Look:
        """How the figures stand beside their numbers times some factors."""
        if not factors:
            return self.look
        by = np.prod([self.factors(factor) for factor in factors], axis=0)
        places = np.flatnonzero(by != 1)
        changed = rescaled([self.rows[at] for at in places], by[places].tolist(), self.allowance)
        return self.look.with_rows(places, list(changed))

    def factors(self, factor: Factor) -> npt.NDArray[Any]:
        """The factor for each figure."""
        if factor not in self.seen:
            self.seen[factor] = np.array([1.0 if it is None else factor(it) for it in self.what])
        return self.seen[factor]

    @cached_property
    def what(self) -> list[Subject | None]:
        return [self.subjects.of(row.quantity) if row.quantity else None for row in self.rows]

    @cached_property
    def look(self) -> Look:
        return Look.at(self.rows)


@dataclass
class Sheet:
    """A sheet of figures and the trace of what it is about; every procedure is run once.

    ``work`` is how many single numbers were computed for other procedures.
    """

    trace: Trace
    figures: Expected
    tolerances: Sequence[Tolerance] = ()
    subjects: Subjects = field(default_factory=Subjects)
    traces: dict[Terms, Trace | None] = field(default_factory=dict)
    plain: dict[Terms, _Plain | None] = field(default_factory=dict)
    looks: dict[Terms, Look | None] = field(default_factory=dict)
    work: int = 0

    @property
    def allowance(self) -> Allowance:
        """What each figure may be off by beside its digits."""
        return Allowance(tuple(self.tolerances), self.trace.graph.objective)

    def look(self, terms: Terms) -> Look | None:
        """How the figures stand, each by itself; None where the procedure cannot be run, or has not their epoch."""
        if terms not in self.looks:
            plain = self.unscaled(tuple(c for c in terms if not c.factor))
            self.looks[terms] = None if plain is None else plain.scaled([c.factor for c in terms if c.factor])
        return self.looks[terms]

    def unscaled(self, terms: Terms) -> _Plain | None:
        """The figures beside the numbers that they are of, before these are multiplied by anything."""
        if terms not in self.plain:
            self.plain[terms] = self.compared(terms)
        return self.plain[terms]

    def compared(self, terms: Terms) -> _Plain | None:
        placed = self.placed(terms)
        trace = self.run(terms, placed)
        if trace is None:
            return None
        try:
            rows = first_look(trace, placed.figures, self.allowance)
        except (ConfigError, UsageError):
            return None
        found = dict(zip(map(id, placed.origins), rows, strict=True))
        return _Plain([found[id(figure)] for figure in self.figures], self.subjects, self.allowance)

    def judged(self, terms: Terms) -> Judgement | None:
        """The figures with their verdicts under conventions; None where the procedure cannot be run."""
        placed = self.placed(terms)
        trace = self.run(terms, placed)
        if trace is None:
            return None
        found = judge(trace, placed.figures, self.tolerances, self.scale(terms))
        moved = {id(place): figure for place, figure in zip(*placed, strict=True) if place is not figure}
        rows = (replace(row, figure=moved[id(row.figure)]) if id(row.figure) in moved else row for row in found.rows)
        return replace(found, rows=tuple(rows), conventions=terms)

    def placed(self, terms: Terms) -> Placed:
        """The figures where they stand here; lists in the order of their new places."""
        layouts = [c.layout(self.trace.graph) for c in terms if c.layout]
        symbols = {symbol.name for symbol in self.figures.symbols}
        pairs: list[tuple[Figure, Figure]] = []
        for group in lists(self.figures):
            moved = [(figure, figure) for figure in group]
            for layout in layouts if group[0].key not in symbols else ():
                moved = [(layout(place), figure) for place, figure in moved]
            pairs += sorted(moved, key=lambda pair: pair[0].index)
        placed = replace(self.figures, figures=tuple(place for place, _ in pairs))
        return Placed(shifted(placed, sum(c.shift for c in terms)), [figure for _, figure in pairs])

    def scale(self, terms: Terms) -> Scale:
        """What the conventions multiply each number by."""
        factors = [c.factor for c in terms if c.factor]
        if not factors:
            return unscaled

        def scale(quantity: Quantity) -> float:
            it = self.subjects.of(quantity)
            return 1.0 if it is None else prod(factor(it) for factor in factors)

        return scale

    def run(self, terms: Terms, placed: Placed) -> Trace | None:
        """The trace of the procedure that the conventions describe; the one at hand where they change none."""
        changing = tuple(c for c in terms if c.variant or c.shift)
        if not changing:
            return self.trace
        if changing not in self.traces:
            self.traces[changing] = self.run_anew(changing, placed.figures)
        return self.traces[changing]

    def run_anew(self, terms: Terms, figures: Expected) -> Trace | None:
        """The trace of another procedure, or of other epochs, as long as that is not too much work."""
        graph: Graph | None = self.trace.graph
        for variant in (c.variant for c in terms if c.variant):
            graph = graph and variant.changed(graph)
        if graph is None:
            return None
        keep = epochs(figures, Keys.of(graph))
        counted = [moment_of(each)[0] for each in keep]
        self.work += statements(graph) * max(counted) * graph.updates_per_epoch
        return rerun(graph, keep) if min(counted) > 0 and self.work <= MOST_WORK else None
