"""How conventions are weighed: what they make right, leave wrong or make wrong, and which of several are taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import backtrace
from backtrace.comparison import Diff, Verdict
from backtrace.comparison.conventions import CONVENTIONS, Convention, Kind
from backtrace.comparison.expected import from_pairs
from backtrace.comparison.recognition import Score, _excludes, _Search, _simplest
from backtrace.comparison.terms import Look, Sheet, Terms
from backtrace.config import from_document
from backtrace.errors import UsageError
from backtrace.yamlfile import parse

ONE, OTHER, THIRD = (Convention(name, "", Kind.PRINTED) for name in ("one", "other", "third"))
RUN, RUN_TOO = (Convention(name, "", Kind.PROCEDURE) for name in ("run", "run-too"))


def look(*figures: tuple[float, str]) -> Look:
    """How figures stand: the number that each is compared with, and whether it is right, near or wrong."""
    values, verdicts = zip(*figures, strict=True)
    right = np.array([verdict == "right" for verdict in verdicts])
    return Look(right, right | np.array([verdict == "near" for verdict in verdicts]), np.array(values))


def search(
    looks: Mapping[Terms, Look | None], *candidates: Convention, unit: float = 0.01
) -> tuple[_Search, list[Terms]]:
    """A search in a sheet that is known under some conventions, and the ones it asks for."""
    asked: list[Terms] = []

    def looked(terms: Terms) -> Look | None:
        asked.append(terms)
        return looks.get(terms)

    base = looks[()]
    assert base is not None
    figures = [SimpleNamespace(unit=unit)] * len(base.value)
    sheet = cast("Sheet", SimpleNamespace(look=looked, figures=figures))
    return _Search(sheet, (), base, candidates), asked


@pytest.mark.parametrize(
    ("before", "after", "score"),
    [
        # a number that moves and is right now; one that moves and stays wrong; one that was right
        ((1.0, "wrong"), (2.0, "right"), Score(1, 0, 0)),
        ((1.0, "wrong"), (2.0, "wrong"), Score(0, 1, 0)),
        ((1.0, "right"), (2.0, "wrong"), Score(0, 0, 1)),
        ((1.0, "right"), (2.0, "right"), Score(0, 0, 0)),
        # off by a few units: that is rounding, and no figure that is stuck, but what was right is lost
        ((1.0, "wrong"), (2.0, "near"), Score(0, 0, 0)),
        ((1.0, "right"), (2.0, "near"), Score(0, 0, 1)),
        # what the convention does not change by ten units says nothing for or against it
        ((1.0, "wrong"), (1.0, "right"), Score(0, 0, 0)),
        ((1.0, "wrong"), (1.09, "right"), Score(0, 0, 0)),
        ((1.0, "wrong"), (1.11, "right"), Score(1, 0, 0)),
        ((1.0, "wrong"), (0.89, "wrong"), Score(0, 1, 0)),
        ((1.0, "wrong"), (1.09, "wrong"), Score(0, 0, 0)),
        ((1.0, "wrong"), (np.nan, "wrong"), Score(0, 0, 0)),
    ],
)
def test_a_figure_speaks_for_a_convention_or_against_it(
    before: tuple[float, str], after: tuple[float, str], score: Score
) -> None:
    found, _ = search({(): look(before), (ONE,): look(after)})
    assert found.score((ONE,)) == score
    assert found.score((OTHER,)) is None


def test_a_figure_of_no_unit_is_noticed_wherever_its_number_changes() -> None:
    found, _ = search({(): look((1, "wrong")), (ONE,): look((1 + 1e-15, "right"))}, unit=0.0)
    assert found.score((ONE,)) == Score(1, 0, 0)


@pytest.mark.parametrize(
    ("score", "counts"),
    [
        (Score(2, 0, 0), True),
        (Score(1, 0, 0), False),
        (Score(3, 1, 0), True),
        (Score(2, 1, 0), False),
        (Score(9, 3, 0), True),
        (Score(8, 3, 0), False),
        (Score(99, 0, 1), False),
    ],
)
def test_two_figures_make_a_convention_and_three_for_each_that_stays_wrong(score: Score, counts: bool) -> None:
    assert score.counts is counts


W, R = "wrong", "right"


def stands(number: float, text: str) -> Look:
    """A look at four figures, a letter each: r is right and has moved, w is wrong and has not."""
    return look(*((number, R) if letter == "r" else (0.0, W) for letter in text))


@pytest.mark.parametrize(
    ("looks", "taken", "asked"),
    [
        # the one that explains most; of those that do alike the first
        ({ONE: "rrww", OTHER: "rrrw", THIRD: "rrww"}, OTHER, 3),
        ({ONE: "rrww", OTHER: "wrrw", THIRD: "rrww"}, ONE, 3),
        # when all is right, no other can do more, and none is tried
        ({ONE: "rrww", OTHER: "rrrr", THIRD: "rrrr"}, OTHER, 2),
        ({ONE: "rwww", OTHER: "wwww", THIRD: "rrww"}, THIRD, 3),
        ({ONE: "rwww", OTHER: "wwww", THIRD: "wwww"}, None, 3),
    ],
)
def test_the_convention_that_explains_most_is_taken(
    looks: Mapping[Convention, str], taken: Convention | None, asked: int
) -> None:
    found, tried = search({(): stands(0, "wwww"), **{(each,): stands(1, text) for each, text in looks.items()}})
    best = found.first_best((each,) for each in looks)
    assert (best and best[0]) == (taken and (taken,))
    assert len(dict.fromkeys(tried)) == asked


@pytest.mark.parametrize(
    ("looks", "chosen"),
    [
        ({(ONE,): "rrwwwwww"}, (ONE,)),
        # one after another, as long as each explains two figures more
        ({(ONE,): "rrrrwwww", (ONE, OTHER): "rrrrrrww", (ONE, OTHER, THIRD): "rrrrrrrr"}, (ONE, OTHER, THIRD)),
        (
            {
                (ONE,): "rrwwwwww",
                (ONE, OTHER): "rrrrwwww",
                (ONE, OTHER, THIRD): "rrrrrrww",
                (ONE, OTHER, THIRD, RUN): "rrrrrrrr",
            },
            (ONE, OTHER, THIRD),
        ),
        ({(ONE,): "rrrrwwww", (ONE, OTHER): "rrrrrwww"}, (ONE,)),
        # two that show themselves together only, where they do more than one alone
        ({(ONE,): "wwwwwwww", (OTHER,): "wwwwwwww", (ONE, OTHER): "rrrrwwww"}, ()),
        ({(ONE,): "rwwwwwww", (OTHER,): "wrwwwwww", (ONE, OTHER): "rrrrwwww"}, (ONE, OTHER)),
        ({(ONE,): "rrwwwwww", (OTHER,): "wrwwwwww", (ONE, OTHER): "rrrwwwww"}, (ONE,)),
        ({(ONE,): "rrwwwwww", (OTHER,): "wrwwwwww", (ONE, OTHER): "rrrrwwww"}, (ONE, OTHER)),
        # after one there is room for two more
        (
            {
                (ONE,): "rrrwwwww",
                (OTHER,): "wwwrwwww",
                (THIRD,): "wwwwrwww",
                (ONE, OTHER, THIRD): "rrrrrrww",
            },
            (ONE, OTHER, THIRD),
        ),
        # two other runs of the network are tried together only where one of them shows itself alone
        ({(RUN,): "rwwwwwww", (RUN_TOO,): "wrwwwwww", (RUN, RUN_TOO): "rrrrwwww"}, ()),
        ({(RUN,): "rrwwwwww", (RUN_TOO,): "wwrwwwww", (RUN, RUN_TOO): "rrrrwwww"}, (RUN, RUN_TOO)),
    ],
)
def test_conventions_are_added_one_or_two_at_a_time(looks: Mapping[Terms, str], chosen: Terms) -> None:
    every = {(): stands(0, "wwwwwwww")} | {terms: stands(len(terms), text) for terms, text in looks.items()}
    candidates = dict.fromkeys(each for terms in looks for each in terms)
    assert search(every, *candidates)[0].best() == chosen


@pytest.mark.parametrize(
    ("one", "other", "excluded"),
    [
        ("half", "half-error", True),
        ("rate", "step", True),
        ("epoch+1", "epoch-1", True),
        ("half", "half", True),
        ("half", "mean", False),
        ("half", "mean-error", False),
    ],
)
def test_some_conventions_exclude_each_other(one: str, other: str, excluded: bool) -> None:
    by_name = {convention.name: convention for convention in CONVENTIONS}
    assert _excludes(by_name[one], by_name[other]) is excluded
    assert _excludes(by_name[other], by_name[one]) is excluded


def judged(conventions: Terms, verdicts: str) -> Any:
    """A comparison under conventions, a letter a figure: right, differs, carried or rounding."""
    named = {"r": Verdict.MATCH, "d": Verdict.DIFFERS, "c": Verdict.CARRIED, "o": Verdict.ROUNDING}
    figures = FIGURES[: len(verdicts)]
    rows = [
        SimpleNamespace(figure=figure, verdict=named[letter], target=None)
        for figure, letter in zip(figures, verdicts, strict=True)
    ]
    graph = SimpleNamespace(step=(), objective=None)
    return SimpleNamespace(conventions=conventions, rows=rows, trace=SimpleNamespace(graph=graph))


FIGURES = [SimpleNamespace(key=letter) for letter in "abcdefgh"]


@pytest.mark.parametrize(
    ("fixed", "sheets", "taken"),
    [
        # without: two wrong by themselves; with one convention none: simpler
        ((), {(): "ddrr", (ONE,): "rrrr"}, (ONE,)),
        # a convention counts as much as what is wrong: of one wrong figure with what follows from it none is made
        ((), {(): "dccr", (ONE,): "rrrd"}, ()),
        ((), {(): "dccr", (ONE, OTHER): "rrrr", (ONE,): "rdcr"}, ()),
        ((), {(): "ddrr", (ONE, OTHER): "rrrr", (ONE,): "rdrr"}, (ONE, OTHER)),
        ((), {(): "dddr", (ONE, OTHER, THIRD): "rrdr", (ONE, OTHER): "rrdr", (ONE,): "rddr"}, (ONE, OTHER)),
        # what was right, or off by rounding only, stays so
        ((), {(): "dddo", (ONE,): "rrrd"}, ()),
        ((), {(): "dddo", (ONE,): "rrrr"}, (ONE,)),
        # what is fixed does not count
        ((THIRD,), {(THIRD,): "ddrr", (THIRD, ONE, OTHER): "rrrr", (THIRD, ONE): "rdrr"}, (THIRD, ONE, OTHER)),
        ((THIRD,), {(THIRD,): "drrr", (THIRD, ONE): "rrrr"}, (THIRD, ONE)),
        ((ONE, OTHER), {(ONE, OTHER): "ddrr", (ONE, OTHER, THIRD): "rrrr"}, (ONE, OTHER, THIRD)),
    ],
)
def test_as_many_conventions_are_kept_as_explain_more_than_slips(
    fixed: Terms, sheets: Mapping[Terms, str], taken: Terms
) -> None:
    every = {terms: judged(terms, text) for terms, text in sheets.items()}
    most = max(every, key=len)
    sheet = cast("Sheet", SimpleNamespace(judged=every.get))
    assert _simplest(sheet, fixed, every[most]).conventions == taken


def test_the_figures_of_a_sheet_without_conventions_have_none() -> None:
    diff = backtrace.diff(backtrace.run("configs/example.yaml"), from_pairs(["h1=0.53", "h2=0.54"]))
    assert names(diff) == []


def names(diff: Diff) -> Sequence[str]:
    return [convention.name for convention in diff.conventions]


FOUR = "inputs: [[1, 2], [0.5, 1]]\ntargets: [[0, 1], [1, 0.5]]\nlearning_rate: 0.5\nreduce: REDUCE\nloss: LOSS\n"
FOUR += "layers: [{weights: [[0.1, 0.2], [0.3, 0.4]], out: h}]\n"


@pytest.mark.parametrize(
    ("name", "reduce", "loss", "sentence"),
    [
        ("half-error", "mean", "half_squared_error", "the error is printed without the ½ that its derivatives have"),
        ("half-error", "mean", "squared_error", "the error is printed with a ½ that its derivatives do not have"),
        ("mean-error", "mean", "squared_error", "the error is a sum over the samples, derived as a mean"),
        ("mean-error", "sum", "squared_error", "the error is a mean over the samples, derived as a sum"),
        ("outputs-error", "sum", "mean_squared_error", "the error is a sum over the outputs, derived as a mean"),
        ("outputs-error", "sum", "squared_error", "the error is a mean over the outputs, derived as a sum"),
        ("per-sample", "mean", "squared_error", "the derivatives of a sample are of its own error, without 1/m"),
        ("per-sample", "sum", "squared_error", None),
        ("rate", "sum", "squared_error", "gradients are printed with the learning rate in them (η·gradient)"),
        ("half", "sum", "half_squared_error", "the error has no factor ½"),
        ("half", "sum", "squared_error", "the error has a factor ½"),
        ("old-weights", "sum", "squared_error", None),
        ("biases-fixed", "sum", "squared_error", None),
    ],
)
def test_a_convention_that_is_fixed_is_meant_in_the_direction_that_changes_something(
    name: str, reduce: str, loss: str, sentence: str | None
) -> None:
    config = from_document(parse(FOUR.replace("REDUCE", reduce).replace("LOSS", loss), "four.yaml"))
    if sentence is None:
        with pytest.raises(UsageError, match=f"--convention {name} changes nothing here"):
            backtrace.diff(backtrace.run(config), {"h1#1": 0.7}, conventions=[name])
        return
    found = backtrace.diff(backtrace.run(config), {"h1#1": 0.7}, conventions=[name, "none"])
    assert [convention.sentence for convention in found.conventions] == [sentence]
