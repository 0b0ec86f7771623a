"""Faults that have nothing to do with each other: as many are said as there are, each as if it were alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from backtrace.errors import ConfigError, Fault
from backtrace.loading import build_file

# line of a config, as it should be and with a fault; the fault's column
LINES = {
    "backtrace": ("backtrace: 1", "backtrace: 7", 12),
    "title": ("title: t", "title: [1]", 8),
    "source": ("source: s", "source: {a: b}", 9),
    "unknown key": ("about: x", "abuot: x", 1),
    "epochs": ("epochs: 2", "epochs: x", 9),
    "rate": ("learning_rate: 0.5", "learning_rate: 0,5", 16),
    "inputs": ("inputs: {x: [0.1, 0.2], s: 1}", "inputs: {x: [0.1, q], s: 1}", 19),
    "parameters": ("parameters: {w: [1, 2], b: 0.5}", "parameters: {w: [1, 2], 9: 0.5, b: 1}", 25),
    "optimizer": ("optimizer: sgd", "optimizer: sgb", 12),
    "decay": ("weight_decay: 0.1", "weight_decay: -1", 15),
    "clip": ("clip: {norm: 1}", "clip: {norms: 1}", 8),
    "report": ("report: {r: sum(w) * 2}", "report: {r: w *}", 15),
    "functions": ("functions: {f(a): a * 2}", "functions: {f(a): exec('a')}", 19),
    "freeze": ("freeze: b", "freeze: c", 9),
    "equations": ("equations:", "equations:", 0),
    "unknown name": ("  v: sum(w) + b", "  v: sum(w) + q", 15),
    "unknown function": ("  u: exp(s)", "  u: exq(s)", 6),
    "shapes": ("  t: w + x", "  t: w + [1, 2, 3]", 6),
    "z": ("  z: sum(w * x) + b", "  z: sum(w * x) + b)", 20),
    "E": ("  E: f(z)**2", "  E: f(z)^2", 10),
    "end": ("minimize: E", "minimise: E", 1),
}
FAULTY = [name for name, (right, wrong, _) in LINES.items() if right != wrong]
FIRST = {"inputs", "parameters", "functions", "report", "z", "E"}
"""With a fault of form in one of these nobody knows what all names mean: that waits until it is repaired."""
MEANING = {"freeze", "unknown name", "unknown function", "shapes"}
INDEPENDENT = [pair for pair in combinations(FAULTY, 2) if not (FIRST & {*pair} and MEANING & {*pair})]
PAIRS = Random(1).sample(INDEPENDENT, 100)


Said = Callable[[tuple[str, ...]], list[Fault]]


@pytest.fixture
def faults(tmp_path: Path) -> Said:
    """What is said of a config with some lines faulty."""

    def said(names: tuple[str, ...]) -> list[Fault]:
        text = "\n".join(wrong if name in names else right for name, (right, wrong, _) in LINES.items())
        (path := tmp_path / "net.yaml").write_text(f"{text}\n", encoding="utf-8")
        try:
            build_file(path)
        except ConfigError as error:
            return list(error.faults)
        return []

    return said


def places(found: list[Fault]) -> list[tuple[int, int]]:
    return sorted((fault.place.line, fault.place.column) for fault in found if fault.place)


def expected(names: tuple[str, ...]) -> list[tuple[int, int]]:
    return [(at, column) for at, (name, (_, _, column)) in enumerate(LINES.items(), start=1) if name in names]


def test_the_config_without_a_fault_is_one(faults: Said) -> None:
    assert faults(()) == []


@pytest.mark.parametrize("name", FAULTY)
def test_one_fault_is_one_message_at_its_place(faults: Said, name: str) -> None:
    found = faults((name,))
    assert (len(found), places(found)) == (1, expected((name,)))


def test_two_faults_are_two_messages_each_as_if_alone(faults: Said) -> None:
    for pair in PAIRS:
        found = faults(pair)
        assert {fault.message for fault in found} == {each.message for name in pair for each in faults((name,))}
        assert (len(found), places(found)) == (2, expected(pair)), pair


@pytest.mark.parametrize("seed", range(20))
def test_any_number_of_faults_is_as_many_messages(faults: Said, seed: int) -> None:
    random = Random(seed)
    left_out = random.choice((FIRST, MEANING))
    known = [name for name in FAULTY if name not in left_out]
    names = tuple(random.sample(known, random.randrange(3, len(known) + 1)))
    assert places(faults(names)) == expected(names)
