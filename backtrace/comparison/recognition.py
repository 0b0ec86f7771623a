"""Recognises the conventions of a sheet: those under which what differs becomes right and what is right stays so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from backtrace.comparison.conventions import CONVENTIONS, EXCLUSIVE, Choice, Convention, Kind, array_of
from backtrace.comparison.expected import Expected
from backtrace.comparison.locating import lists
from backtrace.comparison.terms import NOTICED, Look, Sheet, Terms
from backtrace.comparison.tolerances import Tolerance
from backtrace.comparison.verdicts import FAILING, MOST_BY_HAND, SOUND, Judged, Judgement, Verdict
from backtrace.errors import Fault, UsageError
from backtrace.graph import Graph, depends
from backtrace.records import dataclass
from backtrace.trace import Trace

LEAST: Final = 2
"""A convention shows itself in so many figures; a single wrong one never makes one."""
SLIPS: Final = 3
"""For each figure that stays wrong under a convention so many must become right: a sheet may have slips besides."""
TOGETHER: Final = 3
"""So many conventions at most are recognised in one sheet."""
MOST_PAIRED: Final = 1000
"""Only in sheets of fewer figures are conventions looked for that show themselves in pairs alone."""


ROOTS: Final = frozenset({Verdict.DIFFERS, Verdict.UNKNOWN})
"""What is wrong by itself."""


class Score(NamedTuple):
    """What conventions do to a sheet: how many figures become right, stay wrong though changed, and become wrong."""

    gained: int
    stuck: int
    lost: int

    @property
    def counts(self) -> bool:
        """Whether they may be called the conventions of the sheet."""
        return self.gained >= LEAST and self.gained >= SLIPS * self.stuck and self.lost == 0


def recognised(trace: Trace, figures: Expected, choice: Choice, tolerances: Sequence[Tolerance] = ()) -> Judgement:
    """Compare figures with a trace under the conventions that are fixed and those that the figures follow.

    Raises:
        UsageError: a fixed convention means nothing here; a figure is of an epoch that was not recorded.
        ConfigError: a symbol of the expected file is refused.
    """
    sheet = Sheet(trace, figures, tolerances)
    fixed = tuple(_fixed(choice.fixed, trace.graph))
    written = sheet.look(fixed) if choice.allowed and len(sheet.figures) <= MOST_BY_HAND else None
    terms = fixed
    if written is not None and np.count_nonzero(~written.right) >= LEAST:
        candidates = [c for c in CONVENTIONS if c.name in choice.allowed]
        terms = _sought(_wrong_part(sheet, written), fixed, candidates)
        if terms != fixed:  # what is right must stay so
            terms = _sought(sheet, fixed, candidates)
    found = sheet.judged(terms)
    if found is None:
        names = ", ".join(convention.name for convention in fixed)
        raise UsageError(Fault(f"--convention {names} cannot be worked out here", hint="leave it out"))
    return found if _is_plain(found, fixed) else _simplest(sheet, fixed, found)


def _sought(sheet: Sheet, fixed: Terms, candidates: Sequence[Convention]) -> Terms:
    """The conventions that explain most of a sheet."""
    base = sheet.look(fixed)
    return fixed if base is None else _Search(sheet, fixed, base, candidates).best()


def _wrong_part(sheet: Sheet, written: Look) -> Sheet:
    """The figures of a sheet that are not right, with the lists that they stand in."""
    right = dict(zip(map(id, sheet.figures), written.right.tolist(), strict=True))
    groups = (group for group in lists(sheet.figures) if not all(right[id(figure)] for figure in group))
    figures = replace(sheet.figures, figures=tuple(figure for group in groups for figure in group))
    return replace(sheet, figures=figures, traces={}, plain={}, looks={})


def _fixed(names: Sequence[str], graph: Graph) -> Iterator[Convention]:
    """The conventions of these names, each in the direction that means something for the graph."""
    for name in names:
        found = next((row for row in CONVENTIONS if row.name == name and row.applies(graph)), None)
        if found is None:
            raise UsageError(Fault(f"--convention {name} changes nothing here", hint="leave it out"))
        yield found


def _is_plain(found: Judgement, fixed: Terms) -> bool:
    """Whether nothing was recognised, or one convention that leaves nothing wrong."""
    return len(found.conventions) - len(fixed) <= (0 if found.failed else 1)


def _simplest(sheet: Sheet, fixed: Terms, found: Judgement) -> Judgement:
    """The comparison under as many of the conventions as explain a sheet better than slips that are carried on do.

    A convention counts as much as a quantity that is wrong by itself: a single slip early in the sheet, with all
    that follows from it, is not taken for two conventions. Where what would follow is right, it is no such slip.
    """
    written = sheet.judged(fixed)
    assert written is not None
    most = len(_wrong(written, ROOTS if _is_carried_on(written) else FAILING))
    sound = {id(row.figure) for row in written.rows if row.verdict in SOUND}
    tried: Judgement | None = found
    while tried and len(tried.conventions) > len(fixed):
        lost = any(row.verdict in FAILING and id(row.figure) in sound for row in tried.rows)
        if not lost and len(tried.conventions) - len(fixed) + len(_wrong(tried, ROOTS)) <= most:
            return tried
        tried = sheet.judged(tried.conventions[:-1])
    return written


def _wrong(diff: Judgement, verdicts: Collection[Verdict]) -> set[object]:
    """The quantities, whole arrays as one, that have a figure with one of the verdicts."""
    rows = (row for row in diff.rows if row.verdict in verdicts)
    return {row.figure.key if row.target is None else array_of(row.target) for row in rows}


def _is_carried_on(diff: Judgement) -> bool:
    """Whether no whole array is right that is computed from what is wrong: single numbers may be 0 either way."""
    graph = diff.trace.graph
    named = [(_equation(row, graph), row.verdict) for row in diff.rows]
    wrong = {name for name, verdict in named if name and verdict is Verdict.DIFFERS}
    after = depends(graph.step, wrong) - wrong
    right = {name for name, verdict in named if verdict in SOUND} - {n for n, verdict in named if verdict not in SOUND}
    return right.isdisjoint(after)


def _equation(row: Judged, graph: Graph) -> str | None:
    """The name of the array that holds a figure's number."""
    names = array_of(row.target) if row.target is not None else ()
    if len(names) == 2 and names[0] == graph.objective:
        return graph.gradient_of.get(names[1])
    return names[0] if len(names) == 1 else None


@dataclass
class _Search:
    """Looks at one sheet under many conventions, and compares with how it stands under the fixed ones alone."""

    sheet: Sheet
    fixed: Terms
    base: Look
    candidates: Sequence[Convention]

    def best(self) -> Terms:
        """The conventions that explain most, found one or two at a time."""
        chosen, gained = self.fixed, 0
        most = len(chosen) + TOGETHER
        while len(chosen) < most:
            found = self.extended(chosen, most - len(chosen))
            if found is None or found[1].gained < gained + LEAST:
                break
            chosen, gained = found[0], found[1].gained
        return chosen

    def extended(self, chosen: Terms, room: int) -> tuple[Terms, Score] | None:
        """With the best one more, or with two where together they do more than that."""
        others = [c for c in self.candidates if not any(_excludes(c, each) for each in chosen)]
        found = self.first_best((*chosen, c) for c in others)
        if room < 2 or len(self.sheet.figures) > MOST_PAIRED or (found and self.all_right(found[0])):
            return found
        paired = self.first_best(
            (*chosen, *pair) for pair in combinations(filter(self.tells, others), 2) if self.fits(*pair)
        )
        enough = paired is not None and (found is None or paired[1].gained >= found[1].gained + LEAST)
        return paired if enough else found

    def fits(self, one: Convention, other: Convention) -> bool:
        """Whether two conventions may be tried together: two that each take a run only where one shows itself alone."""
        if _excludes(one, other):
            return False
        return not (_is_run(one) and _is_run(other)) or self.shows(one) or self.shows(other)

    def shows(self, convention: Convention) -> bool:
        """Whether a convention by itself makes figures right and none wrong."""
        score = self.score((*self.fixed, convention))
        return score is not None and score.gained >= LEAST and score.lost == 0

    def first_best(self, sets: Iterable[Terms]) -> tuple[Terms, Score] | None:
        """Of conventions that do alike the first; none can do more than make all right."""
        best: tuple[Terms, Score] | None = None
        for terms in sets:
            score = self.score(terms)
            if score and score.counts and (best is None or score.gained > best[1].gained):
                best = terms, score
                if self.all_right(terms):
                    break
        return best

    def all_right(self, terms: Terms) -> bool:
        """Whether no figure is wrong any more."""
        look = self.sheet.look(terms)
        return look is not None and bool(look.right.all())

    def tells(self, convention: Convention) -> bool:
        """Whether a convention changes any figure that is wrong without."""
        look = self.sheet.look((*self.fixed, convention))
        return look is not None and bool(np.any(~self.base.right & self.noticed(look)))

    def score(self, terms: Terms) -> Score | None:
        """What conventions do to the figures as they are judged without; None where they cannot be tried."""
        look, base = self.sheet.look(terms), self.base
        if look is None:
            return None
        noticed = self.noticed(look)
        gained = noticed & ~base.right & look.right
        stuck = noticed & ~base.right & ~look.right & ~look.near
        lost = base.right & ~look.right
        return Score(*(int(np.count_nonzero(each)) for each in (gained, stuck, lost)))

    def noticed(self, look: Look) -> npt.NDArray[Any]:
        """Which figures are quite other numbers than without."""
        with np.errstate(invalid="ignore", over="ignore"):
            same = np.abs(look.value - self.base.value) < NOTICED * self.units
        return np.asarray(~same & (look.value != self.base.value) & ~np.isnan(look.value))

    @cached_property
    def units(self) -> npt.NDArray[Any]:
        return np.array([figure.unit for figure in self.sheet.figures])


def _excludes(one: Convention, other: Convention) -> bool:
    """Whether two conventions cannot hold in one sheet."""
    return one.name == other.name or any({one.name, other.name} <= names for names in EXCLUSIVE)


def _is_run(convention: Convention) -> bool:
    """Whether a convention takes another run of the network."""
    return convention.kind in (Kind.PROCEDURE, Kind.EPOCH)
