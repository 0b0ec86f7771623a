"""The evidence on slips: every published case runs, and the figures that its source gives as right are ours."""

import pytest

import backtrace
from backtrace.comparison import Verdict
from tests.slip_cases import ANYWHERE, Case, cases

CASES = {case.name: case for case in cases()}
NOTHING_WRONG = {"han-kamber-9-1-rounded": [], "sanfoundry-truncated-nets": ["z2"]}
"""Cases whose figures are only rounded, and what differs in them: a figure cut to two digits."""


def verdicts(case: Case) -> dict[Verdict, list[str]]:
    found: dict[Verdict, list[str]] = {}
    for row in backtrace.diff(case.trace, case.expected).rows:
        found.setdefault(row.verdict, []).append(row.key)
    return found


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.right], ids=lambda case: case.name)
def test_the_right_figures_of_a_case_are_ours(case: Case) -> None:
    assert case.right
    rows = backtrace.diff(case.trace, case.right).rows
    wrong = [(row.key, row.figure.printed, row.value) for row in rows if not sound(row.verdict)]
    assert not wrong


def sound(verdict: Verdict) -> bool:
    return verdict in (Verdict.MATCH, Verdict.LAST_DIGIT, Verdict.ROUNDING)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_figure_of_a_case_is_known(case: Case) -> None:
    assert not verdicts(case).get(Verdict.UNKNOWN)


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.answers], ids=lambda case: case.name)
def test_what_is_to_be_named_of_a_case_differs(case: Case) -> None:
    differs = verdicts(case).get(Verdict.DIFFERS, [])
    assert differs
    assert {root for root in (*case.answers, *case.silent) if root != ANYWHERE} <= set(differs)


@pytest.mark.parametrize("name", NOTHING_WRONG)
def test_figures_that_are_only_rounded_are_not_called_wrong(name: str) -> None:
    assert verdicts(CASES[name]).get(Verdict.DIFFERS, []) == NOTHING_WRONG[name]
