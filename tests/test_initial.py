"""Drawn values: each kind by its formula, each generator's own numbers, the order of the file, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from backtrace.build import build
from backtrace.config import from_document
from backtrace.config.initial import GENERATORS, KINDS, Kind
from backtrace.errors import ConfigError
from backtrace.graph import Graph
from backtrace.yamlfile import parse
from tests.runner import ROOT, Runner


def graph(text: str) -> Graph:
    return build(from_document(parse(text, "net.yaml")))


def values(text: str, name: str) -> list[float]:
    """All numbers of one given array, row by row."""
    return [float(value) for value in graph(text).givens[name].values.ravel()]


def messages(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ConfigError) as caught:
        graph(text)
    return [(fault.place.line, fault.place.column, fault.message) for fault in caught.value.faults if fault.place]


def drawing(init: str, more: str = "") -> str:
    return f"parameters:\n  W: {init}\nequations: {{z: sum(W)}}\nminimize: z\n{more}"


OPTIONS = {"low": 2.0, "high": 5.0, "mean": 1.5, "std": 0.25, "scale": 3.0, "shift": -1.0, "value": 0.75}
"""Figures to fill in where a kind has the option."""


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_kind_draws_by_its_formula(kind: Kind, generator: str) -> None:
    options = {name: OPTIONS[name] for name in kind.options if name in OPTIONS}
    stated = "".join(f", {name}: {value:g}" for name, value in options.items())
    found = values(drawing(f"{{init: {kind.name}, shape: [2, 3], seed: 7, generator: {generator}{stated}}}"), "W")
    legacy = generator == "legacy"
    uniform = np.random.RandomState(7).random_sample(6) if legacy else np.random.default_rng(7).random(6)
    normal = np.random.RandomState(7).randn(6) if legacy else np.random.default_rng(7).standard_normal(6)
    whole = np.random.RandomState(7).randint(2, 5, 6) if legacy else np.random.default_rng(7).integers(2, 5, 6)
    scope = {**options, "fan_in": 2, "fan_out": 3, "sqrt": math.sqrt}
    letters = zip(uniform, normal, whole, strict=True)
    expected = [eval(kind.formula, scope, {"u": u, "n": n, "i": i}) for u, n, i in letters]
    assert found == pytest.approx(expected, rel=1e-15, abs=1e-15)


@pytest.mark.parametrize(
    ("init", "first"),
    [
        ("{init: uniform, shape: 2, seed: 2}", [0.2616121342493164, 0.2984911434141233]),
        ("{init: normal, shape: 2, seed: 2}", [0.18905338179353307, -0.5227484414807474]),
        ("{init: integers, high: 10, shape: 2, seed: 2}", [8.0, 2.0]),
        ("{init: uniform, shape: 2, seed: 1, generator: legacy}", [0.417022004702574, 0.7203244934421581]),
        ("{init: normal, shape: 2, seed: 1, generator: legacy}", [1.6243453636632417, -0.6117564136500754]),
        ("{init: integers, high: 10, shape: 2, seed: 1, generator: legacy}", [5.0, 8.0]),
    ],
)
def test_the_first_numbers_of_a_generator_stay_what_they_are(init: str, first: list[float]) -> None:
    assert values(drawing(init), "W") == first


# Four published notebooks draw their values; the figures are those that a run of them has.

GROKKING_6 = """
seed: 1
generator: legacy
inputs: [[1, 0, 1], [0, 1, 1], [0, 0, 1], [1, 1, 1]]
targets: [[1], [1], [0], [0]]
layers:
  - {weights: {init: random, scale: 2, shift: -1, name: a}, units: 4, activation: relu}
  - {weights: {init: random, scale: 2, shift: -1, name: b}, units: 1}
loss: squared_error
reduce: sum
"""
GROKKING_13 = """
seed: 0
generator: legacy
inputs: [[0, 0], [0, 1], [1, 0], [1, 1]]
layers:
  - {weights: {init: random, name: a}, units: 3}
  - {weights: {init: random, name: b}, units: 1}
"""
MOMENTUM = """
seed: 1
generator: legacy
parameters:
  W1: {init: normal, shape: [2, 3]}
  b1: {init: normal, shape: [2, 1]}
  W2: {init: normal, shape: [3, 3]}
  b2: {init: normal, shape: [3, 1]}
inputs:
  dW1: {init: normal, shape: [2, 3]}
  db1: {init: normal, shape: [2, 1]}
  dW2: {init: normal, shape: [3, 3]}
  db2: {init: normal, shape: [3, 1]}
equations: {J: sum(W1*dW1) + sum(b1*db1) + sum(W2*dW2) + sum(b2*db2)}
minimize: J
"""
# The notebook drew 21 numbers before; w is drawn between the inputs and the targets, w2 after them.
HILPISCH = """
seed: 1
generator: legacy
inputs: {init: integers, high: 2, shape: [5, 4], skip: 21, name: l0}
parameters: {w: {init: random, shape: 4}}
targets: {init: integers, high: 2, shape: [5, 1]}
functions: {s(x): 1/(1 + exp(-x))}
equations: {l2: s(l0 @ w), mse: mean((l2 - y)**2)}
minimize: mse
reduce: mean
"""
HILPISCH_2 = HILPISCH.replace("parameters: {w: {init: random, shape: 4}}\n", "").replace(
    "shape: [5, 1]}", "shape: [5, 1], skip: 4}\nparameters: {w: {init: random, shape: 4}}"
)


@pytest.mark.parametrize(
    ("config", "name", "expected"),
    [
        (
            GROKKING_6,
            "a",
            [-0.165955990594852, 0.4406489868843162, -0.9997712503653102, -0.39533485473632046, -0.7064882183657739,
             -0.8153228104624044, -0.6274795772446582, -0.3088785459139045, -0.20646505153866013, 0.07763346800671389,
             -0.1616109711934104, 0.370439000793519],
        ),
        (GROKKING_6, "b", [-0.5910955005369651, 0.7562348727818908, -0.9452248136041477, 0.34093502035680445]),
        (
            GROKKING_13,
            "a",
            [0.5488135039273248, 0.7151893663724195, 0.6027633760716439, 0.5448831829968969, 0.4236547993389047,
             0.6458941130666561],
        ),
        (GROKKING_13, "b", [0.4375872112626925, 0.8917730007820798, 0.9636627605010293]),
        (MOMENTUM, "b1", [1.74481176421648, -0.7612069008951028]),
        (MOMENTUM, "b2", [-0.8778584179213718, 0.04221374671559283, 0.5828152137158222]),
        (MOMENTUM, "db1", [-0.12289022551864817, -0.9357694342590688]),
        (MOMENTUM, "db2", [0.23441569781709215, 1.6598021771098705, 0.7420441605773356]),
        (HILPISCH, "l0", [1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1]),
        (HILPISCH, "w", [0.42110762500505217, 0.9578895301505019, 0.5331652849730171, 0.6918771139504734]),
        (HILPISCH, "y", [1, 1, 0, 0, 0]),
        (HILPISCH_2, "y", [1, 1, 0, 0, 0]),
        (HILPISCH_2, "w", [0.4125388415030261, 0.03417131118583905, 0.6240299864773533, 0.6606357302380029]),
    ],
)  # fmt: skip
def test_published_programs_that_draw_their_values_can_be_said(config: str, name: str, expected: list[float]) -> None:
    assert values(config, name) == expected


@pytest.mark.parametrize(
    ("init", "program"),
    [
        ("{init: random, scale: 0.2, shift: -0.1, shape: 9}", lambda r: 0.2 * r.random_sample(9) - 0.1),
        ("{init: uniform, low: -1, high: 1, shape: 9}", lambda r: 2 * r.rand(9) - 1),
        ("{init: uniform, low: 0.1, high: 0.3, shape: 9}", lambda r: r.uniform(0.1, 0.3, 9)),
        ("{init: normal, std: 0.01, shape: 9}", lambda r: r.randn(9) * 0.01),
        ("{init: normal, mean: 2, std: 0.5, shape: 9}", lambda r: r.normal(2, 0.5, 9)),
        ("{init: he_normal, shape: [3, 3]}", lambda r: r.randn(3, 3).ravel() * np.sqrt(2 / 3)),
        ("{init: normal, shape: 9, skip: 5}", lambda r: (r.rand(5), r.randn(9))[1]),
    ],
)
def test_the_usual_lines_of_a_program_give_the_same_bits(init: str, program: object) -> None:
    assert callable(program)
    found = values(drawing(init, "seed: 4\ngenerator: legacy\n"), "W")
    assert found == program(np.random.RandomState(4)).tolist()


def test_the_layer_gives_shape_and_fans() -> None:
    text = (
        "inputs: [1, 2]\nseed: 2\norientation: {}\nlayers:\n"
        "  - {{weights: {{init: xavier_uniform}}, units: 3, bias: {{init: he_normal}}}}\n"
    )
    rng = np.random.default_rng(2)
    weights = math.sqrt(6 / 5) * (2 * rng.random(6) - 1)
    bias = math.sqrt(2 / 2) * rng.standard_normal(3)
    for orientation, shape in (("x @ W", (2, 3)), ("W @ x", (3, 2))):
        found = graph(text.format(orientation)).givens
        assert found["W"].values.shape == shape
        assert found["W"].values.ravel() == pytest.approx(weights, rel=1e-15)
        assert found["b"].values == pytest.approx(bias, rel=1e-15)


def test_arrays_without_a_seed_share_one_stream_in_the_order_of_the_file() -> None:
    parameters = "parameters: {v: {init: uniform, shape: 2}, own: {init: uniform, shape: 2, seed: 9}}\n"
    layers = "layers:\n  - {weights: {init: uniform}, units: 1}\n"
    rest = "inputs: [1, 2]\nseed: 3\nreport: {r: sum(v)}\n"
    first, second = np.split(np.random.default_rng(3).random(4), 2)
    assert values(rest + parameters + layers, "v") == first.tolist()
    assert values(rest + parameters + layers, "W") == second.tolist()
    assert values(rest + layers + parameters, "v") == second.tolist()
    assert values(rest + layers + parameters, "own") == np.random.default_rng(9).random(2).tolist()


def test_an_array_may_have_a_name_beside_its_kind() -> None:
    layer = "layers:\n  - {weights: {init: ones, name: V}, units: 2, bias: {name: c, values: {init: zeros}}}\n"
    found = graph("inputs: [1, 2]\n" + layer).givens
    assert (found["V"].values.tolist(), found["c"].values.tolist()) == ([[1, 1], [1, 1]], [0, 0])


def test_a_weight_may_still_be_called_init() -> None:
    assert values("inputs: [1]\nlayers:\n  - {weights: {init: 0.5}}\n", "init") == [0.5]


def test_one_drawn_row_is_a_single_sample() -> None:
    rows = "inputs: {{init: ones, shape: {}}}\nequations: {{z: sum(x)}}\n"
    assert [graph(rows.format(shape)).samples for shape in ("3", "[1, 3]", "[2, 3]")] == [None, None, 2]


def test_the_report_says_how_values_were_drawn(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(GROKKING_13, encoding="utf-8")
    head = " ".join(backtrace_command("run", "net.yaml", cwd=tmp_path).out.split("──")[0].split())
    assert "a, b: random, seed 0 (numpy.random.seed, MT19937)" in head


def test_a_drawn_weight_can_be_set(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(GROKKING_13, encoding="utf-8")
    outcome = backtrace_command("keys", "net.yaml", "a1*", "--set", "a12=0.5", cwd=tmp_path)
    assert 'a12: "0.50000000"' in outcome.out


LAYERS = "inputs: [1, 2]\nlayers:\n  - {{weights: {}}}\n"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (drawing("{init: xavir_normal, seed: 1}"), [(2, 13, 'there is no kind of initial values "xavir_normal"')]),
        (
            drawing("{init: normal, shape: 2}"),
            [(2, 13, "normal has no seed: another run would draw other numbers")],
        ),
        (drawing("{init: normal, seed: 1}"), [(2, 13, "the array has no shape")]),
        (drawing("{init: constant, shape: 2}"), [(2, 13, "constant needs value:")]),
        (drawing("{init: normal, std: -1, shape: 2, seed: 1}"), [(2, 26, "std: must be 0 or more")]),
        (drawing("{init: normal, low: 1, shape: 2, seed: 1}"), [(2, 21, '"low" is no key of normal')]),
        (drawing("{init: uniform, low: 1, high: 1, shape: 2, seed: 1}"), [(2, 36, "low: 1 is not below high: 1")]),
        (
            drawing("{init: integers, low: 0, high: 2147483648, shape: 2, seed: 1}"),
            [(2, 37, "expected a whole number below 2 to the 31, got the number 2147483648")],
        ),
        (drawing("{init: he_normal, fan_in: 0, shape: 2, seed: 1}"), [(2, 32, "fan_in: must be above 0")]),
        (drawing("{init: uniform, low: 1, shape: 2, seed: 1}"), [(2, 27, "low: 1 is not below high: 1")]),
        (drawing("{init: ones, shape: [2, 0]}"), [(2, 30, "expected a whole number, 1 or more, got the number 0")]),
        (drawing("{init: ones, shape: 2, name: v}"), [(2, 29, '"name" is no key of ones')]),
        (
            drawing("{init: uniform, shape: 2, seed: -1}"),
            [(2, 38, "expected a whole number from 0 to 4294967295, got the number -1")],
        ),
        (
            drawing("{init: uniform, shape: 2, seed: 1, generator: mt}"),
            [(2, 52, 'expected a generator: pcg64 or legacy, got the text "mt"')],
        ),
        (
            drawing("{init: xavier_normal, shape: 3, seed: 1}"),
            [(2, 13, "xavier_normal of what is no matrix needs fan_in and fan_out")],
        ),
        (
            drawing("{init: uniform, shape: [1000000000, 1000000000], seed: 2}"),
            [(2, 6, "an array of 1000000000x1000000000 is too large")],
        ),
        (
            drawing("{init: normal, std: 1e308, mean: 1e308, shape: 9, seed: 1}"),
            [(2, 6, "normal gives numbers that are not finite")],
        ),
        (drawing("{init: [ones], shape: 2}"), [(2, 13, "expected a kind of initial values, got a list of 1")]),
        (LAYERS.format("{init: ones}"), [(3, 15, '"Layer 1" does not say how many units it has')]),
        (
            LAYERS.format("[[1, 2], [3, 4]], units: 3"),
            [(3, 33, '"units" belongs to weights that are drawn')],
        ),
        (
            LAYERS.format("{init: ones}, units: 3, bias: {init: ones, shape: 2}"),
            [(3, 45, '"Layer 1" has 3 units, but its bias has shape [2]')],
        ),
        (
            LAYERS.format("{init: ones, shape: [3, 2]}"),
            [(3, 15, '"Layer 1" gets 2 values, but its weights have 3 rows')],
        ),
        (
            LAYERS.format("{init: ones}, units: 900000000"),
            [(3, 15, "an array of 2x900000000 is too large")],
        ),
        (
            "inputs: [{x: {init: ones, shape: 2}}, {x: [1, 2]}]\nequations: {z: sum(x)}\n",
            [(1, 10, "one of several samples cannot be drawn alone, draw them all")],
        ),
        (
            drawing("{init: uniform, shape: 1, seed: 1, skip: 100000000}"),
            [(2, 47, "100000000 are too many to pass over")],
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_at_its_place(config: str, expected: list[tuple[int, int, str]]) -> None:
    assert messages(config) == expected


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_the_config_page_has_every_kind(kind: Kind) -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    options = ", ".join(f"{name}" if value is None else f"{name}: {value:g}" for name, value in kind.options.items())
    assert f"| `{kind.name}` | `{kind.formula}` | {options} | {kind.about} | {kind.source} |" in text
