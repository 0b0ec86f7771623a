"""Every config's expected figures: held by the program, and by an independent implementation."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import backtrace
from backtrace.build import build
from backtrace.comparison import Diff, Verdict
from backtrace.comparison.expected import Expected, Figure, figures, reading
from backtrace.comparison.locating import epochs
from backtrace.comparison.sources import read
from backtrace.config import read as read_config
from backtrace.keys import Keys
from backtrace.yamlfile import parse
from tests import reference_figures

# So many figures, so many of them errata: a file that loses one is caught.
COUNTS = {
    "binary": (115, 0),
    "example": (36, 0),
    "example_equations": (44, 0),
    "fan_out": (45, 0),
    "matrix_form": (67, 0),
    "mazur": (32, 6),
    "multiclass": (190, 0),
    "multilabel": (160, 0),
    "regression": (169, 0),
    "regression_huber": (169, 0),
    "regression_mae": (169, 0),
    "relu_binary": (28, 1),
    "sigmoid_gate": (54, 0),
    "square_of_sum": (7, 0),
    "xor": (115, 0),
}
# Printed cut instead of rounded by their authors; all others are right in every digit.
CUT = {"relu_binary": ["CE@2"]}
LESSON = {"example_equations": "example"}
"""The lesson of tests/reference_figures.py, where it has another name."""


@cache
def expected(name: str) -> Expected:
    return read(f"configs/{name}.expected.yaml")


@cache
def compared(name: str, config: str = "") -> Diff:
    """The figures of a file with what the program computes for a config, by default its own."""
    path = f"configs/{config or name}.yaml"
    needed = epochs(expected(name), Keys.of(build(read_config(path))))
    last = max(each if isinstance(each, int) else each[0] for each in needed)
    return backtrace.diff(backtrace.run(path, epochs=last, keep=needed), expected(name))


def test_every_config_has_its_expected_figures() -> None:
    files = {path.name for path in Path("configs").glob("*.yaml")}
    assert files == {f"{name}{end}" for name in COUNTS for end in (".yaml", ".expected.yaml")}


@pytest.mark.parametrize("name", COUNTS)
def test_no_figure_is_lost(name: str) -> None:
    errata = [figure for figure in expected(name) if figure.erratum]
    assert (len(expected(name)), len(errata)) == COUNTS[name]


@pytest.mark.parametrize("name", COUNTS)
def test_every_figure_matches_but_for_the_errata(name: str) -> None:
    rows = [row for row in compared(name).rows if not row.figure.erratum]
    assert [row.key for row in rows if row.verdict is Verdict.LAST_DIGIT] == CUT.get(name, [])
    assert {row.verdict for row in rows} <= {Verdict.MATCH, Verdict.LAST_DIGIT}


@pytest.mark.parametrize("name", [name for name, (_, errata) in COUNTS.items() if errata])
def test_every_erratum_is_found(name: str) -> None:
    """What is printed wrong does not match, and what is right does."""
    rows = [row for row in compared(name).rows if row.figure.erratum]
    assert Verdict.MATCH not in {row.verdict for row in rows}
    for row in rows:
        assert row.figure.erratum is not None
        right = figures(parse(f'"{row.key}": "{row.figure.erratum.right}"', "right"))
        assert [again.verdict for again in backtrace.diff(compared(name).trace, right).rows] == [Verdict.MATCH]


@pytest.mark.parametrize("other", ["example", "example_equations"])
def test_both_forms_of_the_example_have_the_same_figures(other: str) -> None:
    for name in ("example", "example_equations"):
        assert not compared(name, other).failed


# ── the second implementation ──


def plain(key: str) -> str:
    return "".join(key.split()).removesuffix("@1")


@cache
def reference(name: str) -> Mapping[str, float]:
    lesson = getattr(reference_figures, LESSON.get(name, name))
    return {plain(key): value for key, value in lesson().items()}


def reference_key(figure: Figure) -> str:
    return plain(figure.key if "@" in figure.key or not figure.epoch else f"{figure.key}@{figure.epoch}")


@pytest.mark.parametrize("name", COUNTS)
def test_the_second_implementation_has_the_same_figures(name: str) -> None:
    for figure in expected(name):
        right = figure.erratum.right if figure.erratum else figure.printed
        says = reading(right)
        assert says is not None
        key = reference_key(figure)
        allowed = 1.0 if key in CUT.get(name, []) else 0.5
        distance = abs(reference(name)[key] - says.value)
        assert distance <= allowed * says.unit + 1e-15, f"{key}: {right} is not {reference(name)[key]}"


@pytest.mark.parametrize("name", COUNTS)
def test_the_program_and_the_second_implementation_agree_to_twelve_digits(name: str) -> None:
    for row in compared(name).rows:
        assert row.value == pytest.approx(reference(name)[reference_key(row.figure)], rel=1e-12, abs=1e-15)
