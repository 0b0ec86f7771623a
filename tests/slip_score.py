"""How good what is said of wrong figures is: named right, silent, or named wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import backtrace
from backtrace.comparison import Diff
from tests.planted.trials import Trial
from tests.slip_cases import ANYWHERE, Case


class Outcome(Enum):
    """What naming a slip comes to."""

    RIGHT = "named right"
    SILENT = "silent"
    WRONG = "named wrong"


@dataclass(frozen=True)
class Named:
    """The slips that a diagnosis names, of these figures."""

    figures: frozenset[str]
    kinds: frozenset[str]


def named(diff: Diff) -> Iterator[Named]:
    """What a comparison names, without the diagnoses that say nothing."""
    for diagnosis in diff.diagnoses:
        if diagnosis.slips:
            figures = frozenset(row.key for row in (diagnosis.root, *diagnosis.explains))
            yield Named(figures, frozenset(slip.kind for slip in diagnosis.slips))


# ── published cases ──


@dataclass(frozen=True)
class Said:
    """What is said of a case: an outcome for each of its answers, and whatever else is named."""

    case: Case
    diff: Diff
    outcomes: dict[str, Outcome]
    wrong: tuple[Named, ...]

    @property
    def silent(self) -> list[str]:
        """The answers that are not given and have no reason for it."""
        quiet = [root for root, outcome in self.outcomes.items() if outcome is Outcome.SILENT]
        return [root for root in quiet if not {root, ANYWHERE} & set(self.case.silent)]


KNOWN: Final[dict[str, Said]] = {}


def said(case: Case) -> Said:
    """What the program says of a case; worked out once."""
    if case.name not in KNOWN:
        KNOWN[case.name] = _said(case)
    return KNOWN[case.name]


def _said(case: Case) -> Said:
    diff = backtrace.diff(case.trace, case.expected)
    names = tuple(named(diff))
    outcomes = {root: _outcome(names, root, ids) for root, ids in case.answers.items()}
    if case.convention:
        recognised = any(convention.name == case.convention for convention in diff.conventions)
        outcomes[case.convention] = Outcome.RIGHT if recognised else Outcome.SILENT
    return Said(case, diff, outcomes, tuple(one for one in names if not one.kinds & case.anything))


def _outcome(names: Iterable[Named], root: str, ids: frozenset[str]) -> Outcome:
    right = (one for one in names if one.kinds & ids and (root == ANYWHERE or root in one.figures))
    return Outcome.RIGHT if any(right) else Outcome.SILENT


def score(cases: Iterable[Case]) -> Counter[Outcome]:
    """How often each outcome comes over all answers; what is named beside them is named wrong."""
    found: Counter[Outcome] = Counter()
    for one in map(said, cases):
        found.update(one.outcomes.values())
        found[Outcome.WRONG] += len(one.wrong)
    return found


# ── planted slips ──

HALVES: Final = frozenset({"half", "half-error", "mean", "mean-error", "outputs", "outputs-error", "per-sample"})
AS_CONVENTION: Final = {
    "factor-missing": HALVES,
    "factor-extra": HALVES,
    "sign": frozenset({"delta-sign", "gradient-sign"}),
    "learning-rate-inside": frozenset({"rate", "step"}),
    "transposed": frozenset({"transposed"}),
    "updated-weights": frozenset({"new-weights"}),
    "not-updated": frozenset({"biases-fixed"}),
    "one-epoch-more": frozenset({"epoch+1"}),
    "one-epoch-fewer": frozenset({"epoch-1"}),
}
"""Conventions that say the same as a slip that a whole sheet has."""


@dataclass(frozen=True)
class Result:
    """What was said of a planted sheet, and of how many slips the tie was that named the right one."""

    diff: Diff
    outcome: Outcome
    tie: int = 0
    names: tuple[str, ...] = ()


def result(trial: Trial, conventions: frozenset[str] | None = None) -> Result:
    """What is said of a sheet; a convention that is neither planted nor like the slip is named wrong.

    Args:
        trial: the sheet.
        conventions: the names of which one is right, if a convention was planted.
    """
    diff = trial.diff()
    slips = tuple(named(diff))
    taken = tuple(convention.name for convention in diff.conventions)
    meant = conventions or AS_CONVENTION.get(trial.id, frozenset())
    words = (*(f"{'/'.join(sorted(one.kinds))} of {min(one.figures)}" for one in slips), *taken)
    if any(not one.kinds & trial.answers for one in slips) or set(taken) - meant:
        return Result(diff, Outcome.WRONG, names=words)
    if slips:
        return Result(diff, Outcome.RIGHT, min(len(one.kinds) for one in slips), words)
    return Result(diff, Outcome.RIGHT, 1, words) if taken else Result(diff, Outcome.SILENT)
