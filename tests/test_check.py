"""The gradient check: right gradients pass, wrong ones are caught and named, kinks warn, notes say what is unstable."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from backtrace import yamlfile
from backtrace.build import build
from backtrace.checking import Check, Verdict, check
from backtrace.checking.kinks import MARGINS
from backtrace.checking.slopes import ridders
from backtrace.config import from_document
from backtrace.expressions import Element
from backtrace.graph import Graph
from backtrace.keys import Part
from backtrace.ops import TABLE
from backtrace.ops.base import Op
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.many import Many
from backtrace.trace import Trace, run, run_graph
from tests.runner import ROOT, Runner
from tests.strategies import Network, networks

CONFIGS = sorted(path for path in (ROOT / "configs").glob("*.yaml") if ".expected." not in path.name)


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


def trace(text: str, epochs: int = 1) -> Trace:
    return run_graph(graph(text), epochs=epochs)


def verdicts(found: Check) -> dict[str, str]:
    return {row.name: row.verdict.value for row in found.rows}


def kinks(found: Check) -> set[tuple[str, Element | Part, float]]:
    return {(kink.op, kink.target, kink.distance) for row in found.rows for kink in row.kinks}


# ── right gradients pass ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_every_config_passes(config: Path) -> None:
    found = check(run(config, epochs=1))
    assert found.rows
    assert set(verdicts(found).values()) == {"ok"}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_random_networks_pass(network: Network) -> None:
    assert not check(trace(network.text())).failed


RIGHT = {
    "samples of their own objective": (
        """
inputs: [{x: 0.3}, {x: -0.8}]
targets: [{y: 1}, {y: 0}]
parameters: {w: 0.4}
learning_rate: 0.1
equations: {h: sigmoid(w*x), E: (y - h)**2}
minimize: E
reduce: mean
""",
        ["w", "x", "y", "h"],
    ),
    "a recurrence": (
        """
inputs: {x: [0.2, 0.3, 0.4], y: 7}
parameters: {w: 0.5, u: 0.9}
learning_rate: 0.1
steps: {t: 1..3}
equations: {"h[0]": 0, "h[t]": "tanh(w*x[t] + u*h[t-1])", E: "(y - h[3])**2"}
minimize: E
""",
        ["w", "u", "x", "y", "h_0", "h_1", "h_2", "h_3"],
    ),
    "softmax, whose stable form passes the probabilities by": (
        """
inputs: {x: [0.3, -0.2]}
targets: {y: [0, 1, 0]}
parameters: {W: [[0.1, 0.2, 0.3], [-0.4, 0.5, 0.6]]}
learning_rate: 0.1
equations: {t: x @ W, o: softmax(t), E: "-sum(y*log(o))"}
minimize: E
""",
        ["W", "x", "y", "t", "o"],
    ),
    "every gate": (
        "parameters: {a: 2, b: -3, c: 10}\nequations: {d: a*b + c}\nmaximize: d\ngates: true",
        ["a", "b", "c", "a*b"],
    ),
    "frozen parameters too": (
        """
inputs: {x: 2}
parameters: {w: 0.5, v: 3}
learning_rate: 0.1
freeze: [v]
equations: {E: (w*x - v)**2}
minimize: E
""",
        ["w", "v", "x"],
    ),
    "row numbers are no variables": (
        """
inputs: {ids: [1, 0, 1]}
parameters: {T: [[0.1, 0.2], [0.3, 0.4]]}
learning_rate: 0.1
equations: {e: "T[ids]", E: sum(e**2)}
minimize: E
""",
        ["T", "e"],
    ),
    "given upstream gradients are held": (
        """
inputs: {x: [1, 2]}
targets: {y: 1}
parameters: {w: [0.5, -0.4]}
learning_rate: 0.1
equations: {z: w @ x}
upstream: {z: tanh(z) - y}
""",
        ["w", "x", "z"],
    ),
    "what is computed from constants alone": (
        "inputs: {x: 2}\nequations: {w: 'sqrt(3)', E: (w*x)**2}\nminimize: E",
        ["x", "w"],
    ),
}


@pytest.mark.parametrize("case", RIGHT)
def test_every_array_that_the_objective_depends_on_is_checked(case: str) -> None:
    text, arrays = RIGHT[case]
    assert verdicts(check(trace(text))) == dict.fromkeys(arrays, "ok")


def test_the_derivative_by_what_constants_alone_make_is_not_zero() -> None:
    # E = (w x)^2 with w = sqrt(3), x = 2: dE/dw = 2 w x^2 = 8 sqrt(3)
    text, _ = RIGHT["what is computed from constants alone"]
    assert trace(text)["dE/dw"] == pytest.approx(8 * 3**0.5, rel=1e-15)


def test_the_last_recorded_update_is_checked_unless_another_is_named() -> None:
    made = run(ROOT / "configs" / "xor.yaml", epochs=5)
    assert (check(made).view.epoch, check(made, epoch=1).view.epoch) == (5, 1)


def test_batches_are_checked_by_their_own_samples() -> None:
    text = """
inputs: [{x: 1}, {x: 2}, {x: 3}]
targets: [{y: 1}, {y: 0}, {y: 1}]
parameters: {w: 0.4}
learning_rate: 0.1
batch_size: 2
equations: {h: sigmoid(w*x), E: (y - h)**2}
minimize: E
reduce: sum
"""
    made = trace(text)
    first, last = check(made, epoch=1, update=1), check(made)
    assert (first.row("x").shape, last.row("x").shape) == ((2,), ())
    assert not first.failed
    assert not last.failed


# ── what is no gradient, and what cannot be checked ────────────────────────────────────────────────────

TWO_LAYERS = """
inputs: {x: 0.6}
targets: {y: 1}
learning_rate: 0.5
parameters: {w: 0.4, u: -0.3}
backward: new_weights
equations: {z: w*x, h: sigmoid(z), t: u*h, o: sigmoid(t), E: (y - o)**2}
minimize: E
"""


def test_what_flows_through_new_weights_is_not_checked_and_the_rest_is() -> None:
    found = check(trace(TWO_LAYERS))
    refused = {row.name: row.reason for row in found.rows if row.verdict is Verdict.UNCHECKED}
    assert refused == dict.fromkeys(("w", "x", "z", "h"), "flows through new weights")
    assert [row.name for row in found.rows if row.verdict is Verdict.OK] == ["u", "y", "t", "o"]
    assert found.remark.startswith("backward: new_weights")


def test_without_an_objective_there_is_nothing_to_check_and_the_check_says_so() -> None:
    found = check(trace("inputs: {x: 8}\nequations: {h: tanh(x)}"))
    assert (found.rows, found.failed) == ((), False)
    assert found.remark.startswith("there is no objective")
    assert [note.rule for note in found.notes] == ["saturated"]


def test_a_derivative_that_is_not_finite_is_not_checked() -> None:
    found = check(trace("parameters: {w: 1}\ninputs: {x: 0}\nlearning_rate: 1\nequations: {E: w*sqrt(x)}\nminimize: E"))
    assert found.row("x").verdict is Verdict.UNCHECKED
    assert found.row("x").reason == "not finite"
    assert found.row("w").verdict is Verdict.OK


# ── wrong gradients are caught ─────────────────────────────────────────────────────────────────────────


def _changed(name: str, *derivatives: str) -> Op:
    row = TABLE[name]
    assert isinstance(row, Elementwise)
    return replace(row, derivatives=derivatives)


NETWORK = """
inputs: [{x: [0.3, -0.6]}, {x: [0.9, 0.2]}]
targets: [{y: 1}, {y: 0}]
learning_rate: 0.5
parameters: {W: [[0.4, 0.1, -0.7], [0.5, -0.2, 0.3]], u: [0.3, -0.8, 0.5]}
equations: {z: x @ W, h: tanh(z), t: h @ u, o: sigmoid(t), r: relu(o - 0.1), E: (y - r)**2}
minimize: E
reduce: mean
"""


@pytest.mark.parametrize(
    ("row", "derivatives", "root", "right"),
    [
        ("sigmoid", ("y * (1 + y)",), ["t"], {"y", "o", "r"}),
        ("tanh", ("1 - y",), ["z"], {"y", "o", "r", "t", "u", "h"}),
        ("tanh", ("(1 - y**2) * 1.000001",), ["z"], {"y", "o", "r", "t", "u", "h"}),
        ("sub", ("1", "1"), ["r"], {"y"}),
        ("relu", ("0",), ["o"], {"y", "r"}),
    ],
)
def test_a_wrong_derivative_fails_and_is_found(
    row: str, derivatives: tuple[str, ...], root: list[str], right: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLE, row, _changed(row, *derivatives))
    found = check(trace(NETWORK))
    assert {name for name, verdict in verdicts(found).items() if verdict == "ok"} == right
    assert [one.name for one in found.roots] == root


def test_a_wrong_number_of_a_run_is_found_at_its_entry() -> None:
    made = trace(NETWORK)
    made.epochs[0].record["dE/dW"][1, 2] += 1e-8
    row = check(made).row("W")
    assert row.verdict is Verdict.FAILS
    assert row.complex_step is not None
    assert row.complex_step.worst is not None
    assert row.complex_step.worst.target == Element("W", (1, 2))
    assert row.complex_step.absolute == pytest.approx(1e-8, rel=1e-6)


LARGE = """
inputs: {init: uniform, shape: [3, 30], seed: 1}
targets: {init: uniform, shape: [3, 4], seed: 2}
seed: 3
learning_rate: 0.1
layers:
  - {weights: {init: xavier_normal, name: V}, units: 20, activation: tanh}
  - {weights: {init: xavier_normal}, units: 4}
loss: squared_error
reduce: mean
"""


def test_of_a_large_array_a_seeded_choice_is_compared() -> None:
    made = trace(LARGE)
    first, again, other = (check(made, entries=10, seed=seed).row("V") for seed in (0, 0, 1))
    assert (first.entries, first.size, first.verdict) == (10, 600, Verdict.OK)
    assert first == again
    assert first.complex_step != other.complex_step


def test_a_direction_in_all_entries_finds_what_the_choice_leaves_out() -> None:
    made = trace(LARGE)
    made.epochs[0].record["dE_tot/dV"][7, 3] += 1e-4
    row = check(made, entries=2).row("V")
    assert row.complex_step is not None
    assert (row.complex_step.fits, row.complex_step.direction_fits, row.verdict) == (True, False, Verdict.FAILS)


def test_a_kink_hides_no_wrong_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "abs", _changed("abs", "sign(x) + 0.5"))
    found = check(trace("inputs: {x: 0}\nequations: {E: abs(x)}\nminimize: E"))
    assert verdicts(found) == {"x": "fails"}


# ── kinks ──────────────────────────────────────────────────────────────────────────────────────────────


def one(equation: str, **values: float) -> str:
    given = ", ".join(f"{name}: {value!r}" for name, value in values.items())
    return f"inputs: {{{given}}}\nequations: {{{equation}}}\nminimize: E"


@pytest.mark.parametrize(
    ("equation", "values", "expected"),
    [
        ("E: relu(x)", {"x": 0.0}, {("relu", Element("x"), 0.0)}),
        ("E: relu(x)", {"x": 1e-6}, {("relu", Element("x"), 1e-6)}),
        ("E: relu(x)", {"x": 1e-4}, set()),
        ("E: abs(x)", {"x": -2e-6}, {("abs", Element("x"), 2e-6)}),
        ("E: abs(x - y)", {"x": 1.0, "y": 1.0}, {("abs", Element("x-y"), 0.0)}),
        ("E: 'maximum(x, y)'", {"x": 1.0, "y": 1.0}, {("maximum", Element("E"), 0.0)}),
        ("E: 'minimum(x, y, 3)'", {"x": 1.0, "y": 2.0}, set()),
        ("E: 'max([x, y])'", {"x": 0.5, "y": 0.5}, {("max", Part("E"), 0.0)}),
        ("E: 'min([x, y, 2])'", {"x": 0.5, "y": 0.5}, {("min", Part("E"), 0.0)}),
        ("E: 'min([x, y, 2])'", {"x": 0.5, "y": 0.75}, set()),
        ("E: 'sum(maxpool2d([[x, y], [0, 0]]))'", {"x": 0.5, "y": 0.5}, {("maxpool2d", Part("E"), 0.0)}),
        ("E: 'clip(x, 0, 1)'", {"x": 1.0}, {("clip", Element("E"), 0.0)}),
        ("E: 'where(x > 1, x**2, x)'", {"x": 1.0}, {("greater", Element("E"), 0.0)}),
        ("E: hard_sigmoid(x)", {"x": 3.0}, {("hard_sigmoid", Element("E"), 0.0)}),
        ("E: step(x)*y + y", {"x": 0.0, "y": 2.0}, {("step", Element("x"), 0.0)}),
        ("E: leaky_relu(x)", {"x": 0.0}, {("leaky_relu", Element("x"), 0.0)}),
    ],
)
def test_a_kink_within_the_step_warns_and_does_not_fail(
    equation: str, values: dict[str, float], expected: set[tuple[str, Element | Part, float]]
) -> None:
    found = check(trace(one(equation, **values)))
    assert not found.failed
    assert kinks(found) == expected
    left = sum(row.left_out.get("kink", 0) for row in found.rows)
    assert bool(left) is bool(expected)


def test_what_a_step_does_not_move_may_lie_on_a_kink() -> None:
    found = check(trace(one("a: relu(x), E: a + y**2", x=0.0, y=1.5)))
    assert (found.row("y").kinks, dict(found.row("y").left_out)) == ((), {})


@pytest.mark.parametrize("name", MARGINS)
def test_a_margin_is_of_an_operation_of_the_table(name: str) -> None:
    assert isinstance(TABLE[name], Elementwise)


def test_every_operation_with_branches_has_a_margin() -> None:
    rows = {name: row for name, row in TABLE.items() if isinstance(row, Elementwise) and not isinstance(row, Many)}
    branching = {name for name, row in rows.items() if " if " in row.scalar}
    smooth = {"softplus", "sigmoid", "pow", "complement"}  # their two forms are one function
    assert branching - smooth == set(MARGINS) - {"clip", "abs"}


def test_a_sample_at_a_kink_is_named_with_its_number(backtrace_command: Runner, tmp_path: Path) -> None:
    config = tmp_path / "kink.yaml"
    config.write_text(
        "inputs: [{x: 1}, {x: 0}]\nparameters: {w: 0.5}\nlearning_rate: 0.1\n"
        "equations: {z: w*x, E: relu(z)}\nminimize: E\nreduce: sum\n",
        encoding="utf-8",
    )
    outcome = backtrace_command("check", str(config))
    assert outcome.code == 0
    assert "Checked by the complex step only\n  z#2 is at a kink of relu: 2 entries\n" in outcome.out


def test_where_a_step_leaves_the_finite_numbers_only_the_complex_step_is_asked() -> None:
    row = check(trace(one("E: log(x)", x=1e-6))).row("x")
    assert (row.verdict, dict(row.left_out)) == (Verdict.OK, {"not finite": 1})


def test_a_steep_function_is_extrapolated_before_it_is_judged() -> None:
    # the third derivative of exp(1000 x) makes a plain difference wrong in the sixth digit
    row = check(trace(one("E: exp(1000*x)", x=0.01))).row("x")
    assert row.differences is not None
    assert row.verdict is Verdict.OK
    assert row.differences.entries == 1
    assert row.differences.relative < 1e-8


@pytest.mark.parametrize(
    ("function", "slope"), [(np.sin, 1.0), (np.exp, 1.0), (lambda x: 1 / (1 + np.exp(-10 * x)), 2.5)]
)
def test_extrapolated_differences_know_their_error(function: Callable[[float], float], slope: float) -> None:
    value, error = ridders(lambda h: (function(h) - function(-h)) / (2 * h), 0.05)
    assert abs(value - slope) < 1e-9
    assert abs(value - slope) <= max(10 * error, 1e-12)


# ── stability ──────────────────────────────────────────────────────────────────────────────────────────

DEEP = "parameters: {{a: {w}, b: {w}, c: {w}}}\nlearning_rate: 0.1\nequations: {{h: a*x, i: b*h, j: c*i, E: j**2}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (one("h: sigmoid(x), E: h", x=9.0), [("saturated", "sigmoid", Element("h"), 1, 1)]),
        (one("h: sigmoid(x), E: h", x=6.0), []),
        (one("E: 2*tanh(x)", x=-9.0), [("saturated", "tanh", Element("E"), 1, 1)]),
        ("inputs: {x: [9, 0, 0]}\nequations: {h: softmax(x), E: sum(h**2)}\nminimize: E",
         [("saturated", "softmax", Element("h", (0,)), 1, 3)]),
        ("inputs: {x: [1, 0, -4]}\nequations: {h: softmax(x), E: sum(h**2)}\nminimize: E", []),
        ("inputs: [{x: [1, -1]}, {x: [-2, -3]}]\nequations: {h: relu(x), E: sum(h)}\nminimize: E\nreduce: sum",
         [("dead", "relu", Element("h", (1,)), 1, 2)]),
        ("inputs: {x: [1, -1]}\nequations: {h: relu(x), E: sum(h)}\nminimize: E", []),
        ("inputs: {x: [-2, -1]}\nequations: {h: 'maximum(0, x)', E: sum(h)}\nminimize: E",
         [("dead", "maximum", Element("h", (0,)), 2, 2)]),
        ("inputs: {x: [-2, -1]}\nequations: {h: 'maximum(-5, x)', E: sum(h)}\nminimize: E", []),
        ("inputs: {x: 1}\n" + DEEP.format(w=0.01) + "\nminimize: E", [("vanishing", "", Part("h"), 1, 2)]),
        ("inputs: {x: 1}\n" + DEEP.format(w=50) + "\nminimize: E", [("exploding", "", Part("h"), 1, 2)]),
        ("inputs: {x: 1}\n" + DEEP.format(w=1) + "\nminimize: E", []),
        ("inputs: {x: 0}\nparameters: {w: 2}\nlearning_rate: 1\nequations: {E: w*x}\nminimize: E",
         [("unmoved", "", Part("w"), 1, 1)]),
        (one("E: 'log(exp(x))'", x=705.0), [("overflow", "exp", Element("exp(x)"), 1, 1)]),
        (one("E: log(x)", x=1e-13), [("logarithm", "log", Element("E"), 1, 1)]),
    ],
)  # fmt: skip
def test_notes_on_stability(text: str, expected: list[tuple[str, str, Element | Part, int, int]]) -> None:
    found = check(trace(text))
    assert [(note.rule, note.op, note.target, note.count, note.of) for note in found.notes] == expected


def test_notes_fail_no_check() -> None:
    assert not check(trace(one("h: sigmoid(x), E: h", x=9.0))).failed


# ── the command ────────────────────────────────────────────────────────────────────────────────────────

EXAMPLE = """\
Back propagation, two inputs, two hidden, two outputs                    epoch 1
9 gradients, 22 entries: all agree with complex step and central differences
"""


def test_the_command_says_all_in_a_line_first(backtrace_command: Runner) -> None:
    outcome = backtrace_command("check", "configs/example.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(EXAMPLE)
    assert outcome.out.splitlines()[3].split() == [
        "entries", "complex", "step", "max", "abs", "differences", "max", "abs", "verdict",
    ]  # fmt: skip


def test_the_page_shows_what_the_command_prints_but_for_errors_of_rounding(backtrace_command: Runner) -> None:
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```text\n\$ backtrace check configs/example.yaml\n(.*?)```", page, re.DOTALL)
    printed = backtrace_command("check", "configs/example.yaml").out
    assert re.sub(r"\d\.\de-?\+?\d\d", "N", printed) == re.sub(r"\d\.\de-?\+?\d\d", "N", shown)


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("name", ["example", "sigmoid_gate", "xor"])
def test_lines_keep_to_the_width(backtrace_command: Runner, name: str, width: int) -> None:
    outcome = backtrace_command("check", f"configs/{name}.yaml", width=width)
    assert [line for line in outcome.out.splitlines()[1:] if len(line) > width] == []


def test_ascii_means_ascii(backtrace_command: Runner) -> None:
    for config in ("configs/multiclass.yaml", "@codehunter-relu-batch", "@rgu-035-09", "@coursera-logreg3"):
        assert backtrace_command("check", config, "--ascii").out.isascii()


def test_a_failed_check_exits_1_and_names_the_equation(
    backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLE, "sigmoid", _changed("sigmoid", "y"))
    outcome = backtrace_command("check", "configs/example.yaml")
    assert outcome.code == 1
    assert outcome.out.splitlines()[1].startswith("9 gradients: 6 fail, 3 agree with")
    assert "\nFails\n  it goes wrong at ∂E_tot/∂t, on the way back through o = sigmoid(t)\n" in outcome.out


def test_epochs_set_and_entries(backtrace_command: Runner) -> None:
    trained = backtrace_command("check", "configs/example.yaml", "--epochs", "20", "--set", "learning_rate=0.1").out
    assert trained.splitlines()[0].endswith("epoch 20")
    few = backtrace_command("check", "configs/example.yaml", "--entries", "3").out
    assert "3 of 2x2" in few
