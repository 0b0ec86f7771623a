"""What is said of wrong figures: the published cases, and a few planted slips of every kind."""

from random import Random

import pytest

from tests.looked_at import diff_page, diff_path, kept
from tests.planted import conventions
from tests.planted.trials import Draw, arbitrary, clean, smallest, sources
from tests.slip_cases import Case, cases
from tests.slip_score import Outcome, result, said

CASES = cases()
SILENT: dict[str, str] = {}
"""Planted slips of which nothing is said on their sheet here, and why: at most one in twenty."""

TO_NAME = [case for case in CASES if case.answers or case.convention]
PLANTED = [pytest.param(name, draw, id=name) for name, draw in list(sources())[::3]]
"""A third of them: ``python -m benchmarks.slips`` has them all, and ``tests/test_slip_rows.py`` every kind."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_published_case_gets_a_wrong_name(case: Case) -> None:
    assert not said(case).wrong


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_said_of_a_published_case_is_what_was_looked_at(case: Case) -> None:
    assert (page := diff_page(said(case).diff)) == kept(diff_path("published", case.name), page)


@pytest.mark.parametrize("case", TO_NAME, ids=lambda case: case.name)
def test_a_published_slip_is_named(case: Case) -> None:
    assert not said(case).silent


def test_the_sentence_of_a_slip_is_a_sentence() -> None:
    diffs = [said(case).diff for case in CASES if case.answers]
    sentences = [slip.sentence for diff in diffs for diagnosis in diff.diagnoses for slip in diagnosis.slips]
    assert sentences
    assert not [text for text in sentences if not text or "{" in text]


@pytest.mark.parametrize(("name", "draw"), PLANTED)
def test_a_planted_slip_is_named_at_six_digits(name: str, draw: Draw) -> None:
    found = smallest(draw, Random(name), 6, short=False)
    assert found
    told = result(found)
    assert told.outcome is (Outcome.SILENT if name in SILENT else Outcome.RIGHT), told.names
    assert (page := diff_page(told.diff)) == kept(diff_path("planted", name), page)


def test_few_planted_slips_are_passed_over_in_silence() -> None:
    assert 20 * len(SILENT) <= len(PLANTED)


def test_of_arbitrary_wrong_numbers_nothing_is_named() -> None:
    random = Random(1)
    found = [smallest(arbitrary, random, 6, short=False) for _ in range(8)]
    wrong = [told.names for one in found if one and (told := result(one)).outcome is Outcome.WRONG]
    assert not wrong


def test_of_a_right_sheet_nothing_is_named() -> None:
    random = Random(1)
    assert {result(clean(random, 4, short=False)).outcome for _ in range(10)} == {Outcome.SILENT}


@pytest.mark.parametrize("name", conventions.DRAWS)
def test_a_convention_is_recognised_and_nothing_called_wrong(name: str) -> None:
    found = smallest(conventions.DRAWS[name], Random(name), 6, short=False)
    assert found
    told = result(found, conventions.NAMES[name])
    assert told.outcome is Outcome.RIGHT, told.names
    assert (page := diff_page(told.diff)) == kept(diff_path("conventions", name), page)
