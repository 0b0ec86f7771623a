"""The sheets that slips are planted in: right ones are what the program computes, wrong ones are wrong."""

from random import Random

import pytest

import backtrace
from backtrace.comparison import Verdict
from backtrace.config import from_document
from backtrace.trace import run
from backtrace.yamlfile import parse
from tests.planted import conventions
from tests.planted.networks import drawn
from tests.planted.printing import figure, printed
from tests.planted.sheet import Sheet
from tests.planted.slips import acceptable
from tests.planted.trials import Draw, Trial, sources, trial


def verdicts(sheet: Trial) -> set[Verdict]:
    config = from_document(parse(sheet.network.config(), "planted.yaml"))
    trace = run(config, keep=range(1, sheet.network.epochs + 1))
    return {row.verdict for row in backtrace.diff(trace, list(sheet.expected())).rows}


@pytest.mark.parametrize(("optimizer", "epochs"), [("sgd", 1), ("sgd", 3), ("momentum", 2), ("adam", 2)])
def test_a_sheet_calculated_by_hand_is_what_the_program_computes(optimizer: str, epochs: int) -> None:
    random = Random(1)
    for _ in range(12):
        network = drawn(random, optimizer=optimizer, epochs=epochs)
        sheet = Trial("none", network, printed(Sheet(network), 9, short=False), frozenset())
        assert verdicts(sheet) == {Verdict.MATCH}, network.config()


@pytest.mark.parametrize(("name", "draw"), [pytest.param(name, draw, id=name) for name, draw in sources()])
def test_every_slip_can_be_planted(name: str, draw: Draw) -> None:
    random = Random(name)
    for short in (False, True):
        found = trial(draw, random, 4, short)
        assert found
        assert found.answers


@pytest.mark.parametrize("name", conventions.DRAWS)
def test_every_convention_can_be_planted(name: str) -> None:
    assert trial(conventions.DRAWS[name], Random(name), 4, short=False)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.05, 3, "0.0500"), (-12.3456, 4, "-12.35"), (0.0, 3, "0.000"), (1.5e-7, 3, "1.50e-07")],
)
def test_figures_have_their_zeros(value: float, digits: int, text: str) -> None:
    assert figure(value, digits) == text


@pytest.mark.parametrize(
    ("kind", "id", "ids"),
    [
        ("g", "one-path-only", {"one-path-only", "one-output-only", "term-missing"}),
        ("dW", "factor-extra", {"factor-extra"}),
        ("E", "factor-extra", {"factor-extra", "factor-missing"}),
    ],
)
def test_ids_of_the_same_formula_are_right_alike(kind: str, id: str, ids: set[str]) -> None:
    assert acceptable(id, kind) == ids
