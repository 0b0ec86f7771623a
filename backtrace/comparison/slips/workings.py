"""The figures of a comparison worked out anew: with rewritten formulas, by each reading of what is printed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, Final, NamedTuple

from backtrace.comparison.ancestry import Ancestry, Place
from backtrace.comparison.rounding import leaf
from backtrace.comparison.slips.derivation import Derivation, TooLongError
from backtrace.comparison.slips.evidence import chance, is_near, reproduces, tells
from backtrace.comparison.slips.rewritings import Rewriting, Rewritten
from backtrace.comparison.slips.steps import Node, Steps
from backtrace.comparison.verdicts import Judged, Judgement, printed_of
from backtrace.expressions import Expr
from backtrace.records import dataclass

AS_PRINTED, WRONG_AS_PRINTED, FROM_GIVEN = range(3)
"""What may have been taken as it is printed: every figure, those that are wrong, none."""
MOST_WORK: Final = 60_000
"""So many numbers are worked out anew for one comparison; beyond them nothing more is looked for."""
MOST_ROWS: Final = 4000
"""So many figures are looked at, on both sides of the first that is wrong."""


class Scope(NamedTuple):
    """Where a rewriting is applied: at one number, or at every one of its group."""

    row: Rewriting
    label: Any
    node: Node
    group: tuple[Any, ...] | None


class Result(NamedTuple):
    """What a rewriting gives, in a derivation with these formulas changed."""

    value: float
    derivation: Derivation
    changed: Mapping[Node, Expr]


@dataclass
class Workings:
    """The figures of one comparison as they may have been worked out."""

    judgement: Judgement
    work: int = 0
    _derivations: dict[tuple[Node, int], Derivation | None] = field(default_factory=dict)
    _variants: dict[tuple[int, Node], dict[Any, Rewritten]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> Sequence[Judged]:
        """The figures that are looked at, in the order of computation."""
        known = [row for row in self.judgement.rows if row.quantity is not None]
        first = next((at for at, row in enumerate(known) if row is self.judgement.first), 0)
        return known[max(0, first - MOST_ROWS) : first + MOST_ROWS]

    @cached_property
    def steps(self) -> Steps:
        """The steps of the calculation, with everything that is printed."""
        ancestry = Ancestry(self.judgement.book)
        for row in self.rows:
            assert row.quantity is not None
            ancestry.add(row.quantity, printed_of(row))
        return Steps(ancestry)

    # ── figures ──

    def node(self, row: Judged) -> Node:
        """The number that a figure is of."""
        assert row.quantity is not None
        return self.steps.node(self.judgement.book.sheet(row.quantity.view), row.quantity.target)

    def group(self, row: Judged) -> tuple[Any, ...]:
        """What a figure is one of."""
        return self.steps.group(self.node(row))

    def beside(self, row: Judged) -> list[Judged]:
        """The figures of the same group, itself included."""
        return self._groups[self.group(row)]

    @cached_property
    def _groups(self) -> dict[tuple[Any, ...], list[Judged]]:
        found: dict[tuple[Any, ...], list[Judged]] = {}
        for row in self.rows:
            found.setdefault(self.group(row), []).append(row)
        return found

    # ── readings of what is printed ──

    @cached_property
    def readings(self) -> tuple[dict[Place, float], ...]:
        """The values that are taken as they are printed, by each reading."""
        printed = self.steps.ancestry.printed
        wrong = {place: next((f for f in figures if not f.sound), None) for place, figures in printed.items()}
        as_printed = {place: (wrong[place] or figures[0]).value for place, figures in printed.items()}
        return as_printed, {place: figure.value for place, figure in wrong.items() if figure}, {}

    @cached_property
    def halves(self) -> dict[Place, float]:
        """By how much each printed value may be off: one that is exact not at all."""
        return {place: leaf(figures[0]).radius for place, figures in self.steps.ancestry.printed.items()}

    def derivation(self, row: Judged, reading: int) -> Derivation | None:
        """How a figure is worked out by a reading; None if that is too long, or no different from another reading."""
        node = self.node(row)
        if (node, reading) not in self._derivations:
            try:
                found: Derivation | None = Derivation(self.steps, node, self.readings[reading])
            except (TooLongError, RecursionError):
                found = None
            if reading == WRONG_AS_PRINTED and found is not None and not found.met:
                found = None
            self._derivations[node, reading] = found
        return self._derivations[node, reading]

    # ── rewritings ──

    def variants(self, row: Rewriting, node: Node) -> dict[Any, Rewritten]:
        """What a rewriting makes of a number's formula, by label."""
        at = (id(row), node)
        if at not in self._variants:
            step = self.steps.step(node)
            made = row.rewrite(step) if step is not None and step.kind in row.steps else ()
            self._variants[at] = {each.label: each for each in made}
        return self._variants[at]

    def results(self, row: Judged, scope: Scope) -> Iterator[Result]:
        """What a rewriting makes of a figure, by each reading in which it concerns it."""
        for reading in (AS_PRINTED, WRONG_AS_PRINTED, FROM_GIVEN):
            derivation = self.derivation(row, reading) if self.work < MOST_WORK else None
            changed = {} if derivation is None else self._changed(derivation, scope)
            if derivation is not None and changed:
                value = self._value(derivation, changed)
                if math.isfinite(value):
                    yield Result(value, derivation, changed)

    def _value(self, derivation: Derivation, changed: Mapping[Node, Expr]) -> float:
        before = derivation.work
        try:
            return derivation.value(changed)
        except RecursionError:
            return math.nan
        finally:
            self.work += derivation.work - before

    def _changed(self, derivation: Derivation, scope: Scope) -> dict[Node, Expr]:
        """The formulas that a rewriting changes in a derivation."""
        if scope.group is None:
            nodes = [scope.node] if scope.node in derivation.nodes else []
        else:
            nodes = derivation.groups.get(scope.group, [])
        made = ((node, self.variants(scope.row, node).get(scope.label)) for node in nodes)
        return {node: rewritten.formula for node, rewritten in made if rewritten is not None}

    # ── evidence ──

    def likelihood(self, row: Judged, results: Sequence[Result], telling: bool = True) -> tuple[float, float] | None:
        """What gives a figure and how likely chance would; None if nothing does.

        What is worked out from printed values may be off by what their rounding moves it. The figure that a slip is
        looked for must be far from the right value (``telling``); what follows from the slip need not be.
        """
        printed = printed_of(row)
        fits = tells if telling else reproduces
        for value, derivation, changed in results:
            if fits(value, printed):
                return value, chance(printed)
            if is_near(value, printed):
                radius = derivation.radius(changed, self.halves)
                if fits(value, printed, radius):
                    return value, chance(printed, radius)
        return None

    def may_follow(self, row: Judged) -> bool:
        """Whether a figure may follow from printed ones, however far these may be off: then it may be no slip."""
        printed = printed_of(row)
        for reading in (AS_PRINTED, WRONG_AS_PRINTED):
            derivation = self.derivation(row, reading)
            if derivation is not None and derivation.met:
                radius = derivation.radius({}, self.halves)
                if reproduces(derivation.value({}), printed, radius):
                    return True
        return False

    def speaks_against(self, row: Judged, results: Sequence[Result]) -> bool:
        """Whether a sound figure is none of the values that a rewriting gives."""
        printed = printed_of(row)
        return bool(results) and not any(
            reproduces(value, printed, derivation.radius(changed, self.halves))
            for value, derivation, changed in results
        )
