"""Every slip of the table is recognised where it was made, and none where there is none."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable

import pytest

import backtrace
from backtrace import yamlfile
from backtrace.build import build
from backtrace.comparison import Diff, recorded
from backtrace.comparison.expected import from_pairs
from backtrace.comparison.locating import epochs
from backtrace.comparison.slips.copying import copied
from backtrace.comparison.slips.search import ROWS
from backtrace.comparison.sources import read
from backtrace.config import from_document
from backtrace.keys import Keys
from backtrace.render.difference_data import difference_json
from backtrace.trace import Trace, run_graph
from tests.looked_at import diff_page, diff_path, kept

NETWORK = """
inputs: {x1: 0.1, x2: 0.2}
targets: {y1: 0.4, y2: 0.9}
learning_rate: 0.3
layers:
  - weights: {W11: 0.3, W21: 0.25, W12: 0.4, W22: 0.35}
    bias: {b1: 0.15, b2: -0.2}
    pre: z
    out: h
    activation: sigmoid
  - weights: {U11: 0.45, U21: 0.4, U12: 0.7, U22: 0.6}
    bias: {c1: 0.05, c2: 0.3}
    pre: t
    out: o
    activation: sigmoid
loss: half_squared_error
"""
TANH = NETWORK.replace("out: h\n    activation: sigmoid", "out: h\n    activation: tanh")
RELU = NETWORK.replace("out: h\n    activation: sigmoid", "out: h\n    activation: relu").replace(
    "U11: 0.45", "U11: -0.45"
)
ENTROPY = NETWORK.replace("half_squared_error", "binary_cross_entropy")
SOFTMAX = NETWORK.replace("out: o\n    activation: sigmoid", "out: o\n    activation: softmax")
SAMPLES = """
inputs: [[0.1, 0.7], [0.8, 0.35], [0.5, 0.9]]
targets: [[0.2], [0.7], [0.4]]
parameters: {w1: 0.3, w2: -0.2, b: 0.1}
learning_rate: 0.3
layers: [{weights: [[w1], [w2]], bias: [b], pre: z, out: a, activation: sigmoid}]
loss: half_squared_error
reduce: mean
"""
TWO_WAYS = "inputs: {x: 0.7}\nequations: {a: x**2, b: sin(x), f: a*b}\nminimize: f"
ADAM = NETWORK + "optimizer: {kind: adam, beta1: 0.8, beta2: 0.9, eps: 0.01}\n"
MOMENTUM = NETWORK + "optimizer: {kind: momentum, beta: 0.7}\n"

Wrong = Callable[[Callable[[str], float]], float]
"""From the right numbers, by key, to the wrong one."""


def sigmoid(number: float) -> float:
    return 1 / (1 + math.exp(-number))


def d(top: str, bottom: str) -> str:
    return f"d{top}/d{bottom}"


PLANTED: tuple[tuple[str, str, str, Wrong], ...] = (
    ("bias-missing", NETWORK, "z1", lambda v: v("z1") - v("b1")),
    ("bias-sign", NETWORK, "z1", lambda v: v("z1") - 2 * v("b1")),
    ("bias-of-another-unit", NETWORK, "z1", lambda v: v("z1") - v("b1") + v("b2")),
    ("weights-transposed", NETWORK, "z1", lambda v: v("x1") * v("W11") + v("x2") * v("W12") + v("b1")),
    ("one-input-for-all", NETWORK, "t1", lambda v: v("h1") * (v("U11") + v("U21")) + v("c1")),
    ("term-missing", NETWORK, "t1", lambda v: v("h1") * v("U11") + v("c1")),
    ("term-sign", NETWORK, "t1", lambda v: v("h1") * v("U11") - v("h2") * v("U21") + v("c1")),
    ("pre-activation-for-activation", NETWORK, "t1", lambda v: v("z1") * v("U11") + v("z2") * v("U21") + v("c1")),
    ("activation-missing", NETWORK, "h1", lambda v: v("z1")),
    ("other-activation", NETWORK, "h1", lambda v: math.tanh(v("z1"))),
    ("neighbour", NETWORK, "h1", lambda v: v("h2")),
    ("factor-missing", NETWORK, "E1", lambda v: (v("y1") - v("o1")) ** 2),
    ("square-of-sum", NETWORK, "E_tot", lambda v: 0.5 * (v("y1") - v("o1") + v("y2") - v("o2")) ** 2),
    ("one-output-only", NETWORK, "E_tot", lambda v: v("E2")),
    ("other-target", NETWORK, "E1", lambda v: 0.5 * (v("y2") - v("o1")) ** 2),
    ("term-missing", ENTROPY, "E1", lambda v: -v("y1") * math.log(v("o1"))),
    (
        "log-of-wrong-argument",
        ENTROPY,
        "E1",
        lambda v: -(v("y1") * math.log(v("o1")) + (1 - v("y1")) * (1 - math.log(v("o1")))),
    ),
    ("log-base", ENTROPY, "E1", lambda v: v("E1") / math.log(10)),
    ("sign", ENTROPY, "E1", lambda v: -v("E1")),
    ("factor-extra", SAMPLES, "E_tot", lambda v: 3 * v("E_tot")),
    ("activation-derivative-missing", NETWORK, d("E_tot", "t1"), lambda v: v("o1") - v("y1")),
    ("activation-derivative-missing", NETWORK, d("E_tot", "z2"), lambda v: v("dE_tot/dh2")),
    ("activation-derivative-twice", NETWORK, d("E_tot", "z2"), lambda v: v("dE_tot/dz2") * v("h2") * (1 - v("h2"))),
    ("derivative-at-pre-activation", NETWORK, d("o1", "t1"), lambda v: v("t1") * (1 - v("t1"))),
    ("derivative-at-pre-activation", NETWORK, d("E_tot", "z1"), lambda v: v("dE_tot/dh1") * v("z1") * (1 - v("z1"))),
    ("other-loss-derivative", ENTROPY, d("E1", "o1"), lambda v: v("o1") - v("y1")),
    ("derivative-of-another-unit", NETWORK, d("E_tot", "z1"), lambda v: v("dE_tot/dh1") * v("h2") * (1 - v("h2"))),
    ("relu-mask-from-gradient", RELU, d("E_tot", "z1"), lambda v: max(v("dE_tot/dh1"), 0.0)),
    (
        "updated-weights",
        NETWORK,
        d("E_tot", "h1"),
        lambda v: v("dE_tot/dt1") * v("U11+") + v("dE_tot/dt2") * v("U12+"),
    ),
    (
        "gradient-for-weight",
        NETWORK,
        d("E_tot", "h1"),
        lambda v: v("dE_tot/dt1") * v("dE_tot/dU11") + v("dE_tot/dt2") * v("dE_tot/dU12"),
    ),
    (
        "weights-transposed",
        NETWORK,
        d("E_tot", "h1"),
        lambda v: v("dE_tot/dt1") * v("U11") + v("dE_tot/dt2") * v("U21"),
    ),
    (
        "error-for-delta",
        NETWORK,
        d("E_tot", "h1"),
        lambda v: v("dE_tot/do1") * v("U11") + v("dE_tot/do2") * v("U12"),
    ),
    ("one-output-only", NETWORK, d("E_tot", "h1"), lambda v: v("dE_tot/dt1") * v("U11")),
    ("mean-over-outputs", NETWORK, d("E_tot", "h1"), lambda v: v("dE_tot/dh1") / 2),
    ("weight-missing", NETWORK, d("E_tot", "h1"), lambda v: v("dE_tot/dt1") + v("dE_tot/dt2")),
    (
        "shared-out-by-weight",
        NETWORK,
        d("E_tot", "h1"),
        lambda v: (
            v("dE_tot/dt1") * v("U11") / (v("U11") + v("U21")) + v("dE_tot/dt2") * v("U12") / (v("U12") + v("U22"))
        ),
    ),
    ("one-path-only", TWO_WAYS, d("f", "x"), lambda v: 2 * v("x") * v("b")),
    ("average-of-paths", TWO_WAYS, d("f", "x"), lambda v: v("df/dx") / 2),
    ("doubled-path", TWO_WAYS, d("f", "x"), lambda v: v("df/dx") + 2 * v("x") * v("b")),
    (
        "softmax-diagonal-only",
        SOFTMAX,
        d("E_tot", "t1"),
        lambda v: v("dE_tot/do1") * v("o1") * (1 - v("o1")),
    ),
    (
        "softmax-sign",
        SOFTMAX,
        d("E_tot", "t1"),
        lambda v: v("dE_tot/do1") * v("o1") * (1 - v("o1")) + v("dE_tot/do2") * v("o1") * v("o2"),
    ),
    (
        "no-sum-over-samples",
        SAMPLES,
        d("E_tot", "w1"),
        lambda v: v("dE_tot/dz#2") * 0.8,
    ),
    ("factor-extra", SAMPLES, d("E_tot", "w1"), lambda v: v("dE_tot/dw1") / 3),
    ("other-input", NETWORK, d("E_tot", "U11"), lambda v: v("dE_tot/dt1") * v("h2")),
    ("factor-missing", NETWORK, d("E_tot", "U11"), lambda v: v("dE_tot/dt1")),
    ("transposed", NETWORK, d("E_tot", "W12"), lambda v: v("dE_tot/dW21")),
    ("learning-rate-inside", NETWORK, d("E_tot", "U11"), lambda v: 0.3 * v("dE_tot/dU11")),
    ("new-value-for-gradient", NETWORK, d("E_tot", "U11"), lambda v: v("U11") - v("dE_tot/dU11")),
    ("sign", NETWORK, d("E_tot", "do1"[1:]), lambda v: v("y1") - v("o1")),
    ("extra-factor", NETWORK, d("E_tot", "z1"), lambda v: v("dE_tot/dz1") * v("z1")),
    ("activation-for-upstream", NETWORK, d("E_tot", "z1"), lambda v: v("h1") * v("h1") * (1 - v("h1"))),
    ("factor-missing", NETWORK, d("o1", "t1"), lambda v: 1 - v("o1")),
    ("term-missing", TANH, d("h1", "z1"), lambda v: -(v("h1") ** 2)),
    ("value-for-derivative", NETWORK, d("o1", "t1"), lambda v: v("o1")),
    ("derivative-at-another-value", NETWORK, d("o1", "t1"), lambda v: v("E1") * (1 - v("E1"))),
    ("plus-for-minus", NETWORK, "U11+", lambda v: v("U11") + 0.3 * v("dE_tot/dU11")),
    ("learning-rate-missing", NETWORK, "U11+", lambda v: v("U11") - v("dE_tot/dU11")),
    ("learning-rate-twice", NETWORK, "U11+", lambda v: v("U11") - 0.09 * v("dE_tot/dU11")),
    ("other-learning-rate", NETWORK, "U11+", lambda v: v("U11") - 0.05 * v("dE_tot/dU11")),
    ("applied-twice", NETWORK, "U11+", lambda v: v("U11") - 0.6 * v("dE_tot/dU11")),
    ("not-updated", NETWORK, "U11+", lambda v: v("U11")),
    ("gradient-for-new-value", NETWORK, "U11+", lambda v: v("dE_tot/dU11")),
    ("other-gradient", NETWORK, "U11+", lambda v: v("U11") - 0.3 * v("dE_tot/dU21")),
    (
        "correction-without-power",
        ADAM,
        "U11+@2",
        lambda v: v("U11@2") - 0.3 * (v("m.U11+@2") / 0.2) / (math.sqrt(v("v.U11+@2") / (1 - 0.9**2)) + 0.01),
    ),
    (
        "epsilon-inside-root",
        ADAM,
        "U11+@2",
        lambda v: v("U11@2") - 0.3 * (v("m.U11+@2") / (1 - 0.8**2)) / math.sqrt(v("v.U11+@2") / (1 - 0.9**2) + 0.01),
    ),
    ("one-minus-beta-missing", ADAM, "m.U11+@2", lambda v: 0.8 * v("m.U11@2") + v("dE_tot/dU11@2")),
    ("momentum-sign", MOMENTUM, "v.U11+@2", lambda v: v("v.U11+@2") - 2 * v("dE_tot/dU11@2")),
    ("term-missing", MOMENTUM, "v.U11+@2", lambda v: v("dE_tot/dU11@2")),
)


def traced(config: str, pairs: Iterable[str] = ()) -> Trace:
    graph = build(from_document(yamlfile.parse(config, "slips.yaml")))
    keep = {1, 2, *epochs(from_pairs(pairs), Keys.of(graph))}
    return run_graph(graph, epochs=2, keep=keep)


def compared(config: str, key: str, number: float, digits: int = 10) -> Diff:
    pair = f"{key}={number:.{digits}f}"
    return backtrace.diff(traced(config, [pair]), from_pairs([pair]))


def of(trace: Trace) -> Callable[[str], float]:
    def value(key: str) -> float:
        found = trace[key]
        assert isinstance(found, float), key
        return found

    return value


@pytest.mark.parametrize(("kind", "config", "key", "wrong"), PLANTED, ids=[f"{p[0]} at {p[2]}" for p in PLANTED])
def test_a_slip_is_recognised(request: pytest.FixtureRequest, kind: str, config: str, key: str, wrong: Wrong) -> None:
    diff = compared(config, key, wrong(of(traced(config))))
    (found,) = diff.diagnoses
    assert kind in [slip.kind for slip in found.slips]
    assert all(slip.value == pytest.approx(found.root.figure.value, abs=1e-10) for slip in found.slips)
    assert (page := diff_page(diff)) == kept(diff_path("rows", request.node.callspec.id), page)


def test_every_row_is_planted() -> None:
    assert {row.kind for row in ROWS} <= {kind for kind, *_ in PLANTED}


# ── what is not looked at ──

NAMES = dict(zip("xyWUzhtobcaswf", "pgABlrvnkmeduj", strict=True))


def renamed(text: str) -> str:
    """A config, or a key, with other names for everything that has one."""
    return re.sub(r"\b(d?)([xyWUzhtobcaswf])(?=[\d+#/\s,:\]})*]|$)", lambda m: m[1] + NAMES[m[2]], text)


def kinds(diff: Diff) -> list[tuple[str, ...]]:
    return [tuple(slip.kind for slip in diagnosis.slips) for diagnosis in diff.diagnoses]


@pytest.mark.parametrize(("kind", "config", "key", "wrong"), PLANTED[::6])
def test_names_mean_nothing(kind: str, config: str, key: str, wrong: Wrong) -> None:
    other = renamed(config)
    assert other != config
    value = of(traced(other))
    as_named = compared(config, key, wrong(of(traced(config))))
    assert kinds(compared(other, renamed(key), wrong(lambda name: value(renamed(name))))) == kinds(as_named)


def test_of_a_right_sheet_nothing_is_said() -> None:
    trace = traced(NETWORK)
    pairs = [f"{key}={of(trace)(key):.6f}" for key in ("z1", "h1", "o2", "E_tot", "dE_tot/dU11", "W11+")]
    assert backtrace.diff(trace, from_pairs(pairs)).diagnoses == ()


@pytest.mark.parametrize("pair", ["h1=0.7", "h1=0.66", "dE_tot/dU11=0.17"])
def test_of_few_digits_nothing_is_said(pair: str) -> None:
    (found,) = backtrace.diff(traced(NETWORK), from_pairs([pair])).diagnoses
    assert found.slips == ()


@pytest.mark.parametrize("figure", [math.nan, math.inf, "0/5", "0.000000", "1/7", "1e300"])
def test_whatever_is_printed_has_a_diagnosis(figure: float | str) -> None:
    diff = backtrace.diff(traced(NETWORK), {"h1": figure})
    assert [(found.root.key, found.slips) for found in diff.diagnoses] == [("h1", ())]
    assert json.loads(difference_json(diff))["roots"][0]["slips"] == []


def test_one_slip_in_a_whole_array_is_one_root() -> None:
    trace = traced(NETWORK)
    value = of(trace)
    pairs = [f"dE_tot/dz{j}={value(f'dE_tot/dh{j}'):.7f}" for j in (1, 2)]
    (found,) = backtrace.diff(trace, from_pairs(pairs)).diagnoses
    assert found.slips[0].kind == "activation-derivative-missing"
    assert [row.key for row in found.explains] == ["dE_tot/dz2"]


def test_what_follows_from_a_slip_is_counted() -> None:
    pairs = ["dE_tot/dt1=0.209446", "dE_tot/dU11=0.1089097", "U11+=0.3955452", "h1=0.5199893"]
    diff = backtrace.diff(backtrace.run("configs/example.yaml"), from_pairs(pairs))
    (found,) = diff.diagnoses
    assert [row.key for row in found.carried] == ["dE_tot/dU11", "U11+"]


def test_a_wrong_figure_of_the_same_array_speaks_against_a_slip() -> None:
    sheet = "configs/example.yaml", {"learning_rate": 0.047}
    keys = [f"{name}{i}{j}+" for name in "WU" for i in (1, 2) for j in (1, 2)]
    value = of(backtrace.run(sheet[0], values=sheet[1]))
    pairs = ["t2=0.68048", *(f"{key}={value(key):.5f}" for key in keys)]
    found = backtrace.diff(backtrace.run(sheet[0]), from_pairs(pairs)).diagnoses
    assert [(each.root.key, each.slips) for each in found] == [(key, ()) for key in keys]


def test_an_older_program_explains_all_later_figures_of_a_page() -> None:
    expected = read("configs/mazur.expected.yaml")
    first, second = backtrace.diff(recorded("configs/mazur.yaml", expected), expected).diagnoses
    assert [slip.kind for slip in first.slips] == ["digit-dropped"]
    assert [slip.kind for slip in second.slips] == ["updated-weights"]
    assert second.root.key == "E_total+"
    assert [row.key for row in second.explains] == ["out_o1+@10000", "out_o2+@10000"]
    assert [row.key for row in second.carried] == ["E_total+@10000"]


@pytest.mark.parametrize(
    ("printed", "value", "kind"),
    [
        ("0.03932", 0.0392272, "digits-exchanged"),
        ("-0.01904919", -0.0190491183, "digit-dropped"),
        ("0.80998", 0.809998, "digit-dropped"),
        ("0.2233357", 0.223357, "digit-repeated"),
        ("5.1998934", 0.51998934, "decimal-point"),
        ("-0.51998934", 0.51998934, "sign-lost"),
        ("0.5200", 0.51998934, None),
        ("0.52", 0.25, None),
        ("1/16", -0.0625, None),
    ],
)
def test_slips_of_the_pen(printed: str, value: float, kind: str | None) -> None:
    assert next((slip.kind for slip in copied(printed, value)), None) == kind
