"""Quantities: one number of a large trace costs little; a report of it stays readable; values by key."""

import math
from collections import Counter
from functools import cache
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest

import backtrace
from backtrace import expressions
from backtrace.config import Config, Given, Objective, Statement, from_document
from backtrace.errors import UsageError
from backtrace.evaluating import evaluated
from backtrace.expressions import Call, Element, Expr, Name, Ref, walk
from backtrace.keys import Derivative, Path, Via
from backtrace.quantities import View
from backtrace.render.formulas import Layout
from backtrace.render.text import report_text
from backtrace.report import Choice
from backtrace.trace import Trace
from backtrace.yamlfile import parse

CONFIGS = File(__file__).parent.parent / "configs"


@cache
def example() -> Trace:
    return backtrace.run(CONFIGS / "example.yaml")


@cache
def xor() -> Trace:
    return backtrace.run(CONFIGS / "xor.yaml", epochs=3)


def run_text(text: str) -> View:
    return backtrace.run(from_document(parse(text, "test.yaml"))).epochs[0]


@cache
def large() -> Trace:
    """784-128-10 with ReLU, softmax and cross-entropy, 8 samples: 101,770 parameters."""
    random = np.random.default_rng(1)
    inputs = random.random((8, 784)).round(3)
    targets = np.eye(10)[random.integers(0, 10, 8)]
    parameters = {
        "W1": random.normal(0, 0.05, (784, 128)),
        "b1": np.zeros(128),
        "W2": random.normal(0, 0.1, (128, 10)),
        "b2": np.zeros(10),
    }
    givens = [Given("x", "input", inputs, sampled=True), Given("y", "target", targets, sampled=True)]
    givens += [Given(name, "parameter", values) for name, values in parameters.items()]
    equations = {
        "z": "x @ W1 + b1",
        "h": "relu(z)",
        "t": "h @ W2 + b2",
        "o": "softmax(t)",
        "E": "-(y * log(o))",
        "E_tot": "sum(E)",
    }
    config = Config(
        "large.yaml",
        title="Handwritten digits",
        givens=tuple(givens),
        samples=8,
        equations=tuple(Statement(name, expressions.parse(text)) for name, text in equations.items()),
        objective=Objective(Name("E_tot"), False, parse("a: 1", "large.yaml").root),
        reduce="mean",
        learning_rate=0.1,
    )
    return backtrace.run(config)


# ── the cost of one number ──


class Work:
    """Counts the nodes that are made and the numbers that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = Counter[str]()
        for kind in (expressions.Call, expressions.Ref, expressions.Num, expressions.Name):
            monkeypatch.setattr(kind, "__init__", self.counted("nodes", kind.__init__))
        monkeypatch.setattr(View, "number", self.counted("numbers", View.number))

    def counted(self, what: str, function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.count[what] += 1
            return function(*args, **kwargs)

        return call

    @property
    def total(self) -> int:
        return sum(self.count.values())


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("W1[300,7]", 10),
        ("W1[300,7]+", 10),
        ("dE_tot/dW1[300,7]", 10),
        ("E_tot", 10),
        ("z_7#3", 10),
        ("dE_tot/dh_7#3", 10),
        ("local(z_7#3,W1[300,7])", 5000),
        ("via(E_tot,W1[300,7],z_7#3)", 5000),
        ("via(E_tot,h_7#3,t_4#3)", 1000),
    ],
)
def test_the_value_of_a_key_costs_little(key: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    view = large().epochs[0]
    target = view.keys.parse(key).target
    work = Work(monkeypatch)
    value = view.value(target)
    assert math.isfinite(float(value))
    assert work.total <= most, work.count


def test_keys_are_parsed_without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = large().epochs[0].keys
    keys.parse("W1[1,1]")
    work = Work(monkeypatch)
    assert keys.text(keys.parse("dE_tot/dW1[300,7]").target) == "dE_tot/dW1_300_7"
    assert work.total == 0


def test_a_derivative_its_formula_and_its_factors_are_found_by_index_arithmetic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """W1 has 100,352 elements: what is made for one of them is of the order of 8 samples and 784 operands."""
    view = large().epochs[0]
    element = Element("W1", (299, 6))
    work = Work(monkeypatch)
    quantity = view.quantity(Derivative(view.chains.objective, element))
    assert quantity.formula is not None
    assert math.isclose(view.evaluate(quantity.formula), quantity.value, rel_tol=1e-12, abs_tol=1e-15)
    for way in view.chains.ways(element):
        product = 1.0
        for factor in view.chains.factors(element, way):
            assert view.quantity(factor).formula is not None
            product *= view.number(factor)
        assert math.isclose(
            product, view.number(Via(view.chains.objective, element, way)), rel_tol=1e-12, abs_tol=1e-18
        )
    assert len(view.chains.ways(element)) == 8
    assert work.total < 10_000, work.count


def test_a_hidden_value_has_a_formula_of_its_operands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    view = large().epochs[0]
    work = Work(monkeypatch)
    formula = view.quantity(Element("z", (6,), 2)).formula
    assert formula is not None
    assert sum(isinstance(node, Ref) for node in walk(formula)) == 2 * 784 + 1
    assert work.total < 10_000, work.count


def test_the_report_of_a_large_trace_is_short() -> None:
    assert len(report_text(large(), Layout(width=100)).splitlines()) < 500


def test_the_report_of_a_large_trace_is_readable() -> None:
    lines = report_text(large(), Layout(width=100)).splitlines()
    text = "\n".join(lines)
    assert len(lines) < 500
    assert max(map(len, lines)) <= 100
    assert "rows more" in text
    for right in ("hᵀ · ∂E_tot/∂t", "∂E_tot/∂t · W2ᵀ", "xᵀ · ∂E_tot/∂z", "sum_samples(∂E_tot/∂z)"):
        assert f" = {right}" in text


def test_the_array_equations_of_a_large_network_are_shown() -> None:
    assert "z = x · W1 + b1" in report_text(large(), Layout(width=100))


def test_the_report_of_a_large_trace_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made for the rows that are not shown."""
    trace = large()
    work = Work(monkeypatch)
    report_text(trace, Layout(width=100))
    assert work.total < 3_000_000, work.count


def test_one_parameter_of_a_large_trace_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = large()
    work = Work(monkeypatch)
    text = report_text(trace, Layout(width=100, choice=Choice(only=("W1_300_7",))))
    assert "W1_300_7" in text
    assert len(text.splitlines()) < 60
    assert work.total < 3_000_000, work.count


# ── values and formulas ──


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # z1 = 0.3·0.1 + 0.25·0.2
        ("z1", 0.08),
        # h1 = 1/(1 + exp(-0.08))
        ("h1", 1 / (1 + math.exp(-0.08))),
        ("W21", 0.25),
        ("x2", 0.2),
        ("y1", 0.4),
        ("learning_rate", 0.5),
        ("x1+", 0.1),
        ("W11@1", 0.3),
    ],
)
def test_a_key_has_its_number(key: str, value: float) -> None:
    assert example()[key] == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("W", (2, 2)),
        ("U+", (2, 2)),
        ("dE_tot/dW", (2, 2)),
        ("h", (2,)),
        ("E+", (2,)),
        ("dE1/dh", (2,)),
        ("dE_tot/dx", (2,)),
    ],
)
def test_the_name_of_an_array_gives_the_array(key: str, shape: tuple[int, ...]) -> None:
    assert np.shape(example()[key]) == shape


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("z", (4, 3)),
        ("z1", (4,)),
        ("z#2", (3,)),
        ("J", ()),
        ("yhat", (4,)),
        ("dJ/dz", (4, 3)),
        ("dJ/dz#2", (3,)),
        ("da1/dz1", (4,)),
    ],
)
def test_of_several_samples_all_are_meant_unless_one_is_named(key: str, shape: tuple[int, ...]) -> None:
    assert np.shape(xor()[key]) == shape


@pytest.mark.parametrize("key", ["da/dz1", "dz1/dW1_1_1", "J@9", "J@0"])
def test_what_is_no_one_number_is_refused(key: str) -> None:
    with pytest.raises(UsageError):
        xor()[key]


def test_epochs_are_asked_for_by_number() -> None:
    trace = backtrace.run(CONFIGS / "xor.yaml", epochs=3, keep=(1, 2, 3))
    assert [view.epoch for view in trace.epochs] == [1, 2, 3]
    assert trace["J@2"] == trace.losses[1]
    assert trace["J+@1"] == pytest.approx(trace["J@2"], rel=1e-14)
    assert trace["W1_1_1+@2"] == trace["W1_1_1@3"]
    assert trace["W1_1_1"] == trace["W1_1_1@1"]


@pytest.mark.parametrize(
    ("key", "formula"),
    [
        ("z1", "W11*x1 + W21*x2"),
        ("h1", "sigmoid(z1)"),
        ("E1", "0.5*(y1 - o1)**2"),
        ("E_tot", "E1 + E2"),
        ("dE_tot/dU11", "dE_tot/do1 * do1/dt1 * dt1/dU11"),
        ("local(o1,t1)", "o1*(1 - o1)"),
        ("local(t1,U11)", "h1"),
        ("U11+", "U11 - learning_rate*dE_tot/dU11"),
        ("h1+", "sigmoid(z1+)"),
        ("z1+", "W11+*x1 + W21+*x2"),
        ("W11", None),
        ("x1", None),
    ],
)
def test_a_quantity_has_its_formula(key: str, formula: str | None) -> None:
    view = example().epochs[0]
    found = view.quantity(view.keys.parse(key).target).formula
    assert (None if found is None else expressions.to_text(found, label=view.keys.label)) == formula


def test_a_local_derivative_by_what_has_other_ways_too_bears_no_total_s_name() -> None:
    """y = x·s, s = x²: dy/dx is 3x² over all ways, and x² with s held."""
    view = run_text("{inputs: {x: 2}, equations: {s: x**2, y: x * s}, minimize: y}")
    held = view.quantity(Path((Element("y"), Element("x"))))
    assert (view["dy/dx"], held.value, held.key) == (12.0, 4.0, "local(y,x)")
    assert view[held.key] == held.value
    assert view.quantity(Path((Element("s"), Element("x")))).key == "ds/dx"


# ── evaluating ──


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 - 2 - 3", -4.0),
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("12/3/2", 2.0),
        ("where(1 > 2, 1, 3)", 3.0),
        ("exp(1000)", math.inf),
        ("1/0", math.inf),
        ("-1/0", -math.inf),
        ("log(0)", -math.inf),
        ("sigmoid(-1000)", 0.0),
        ("softplus(-40)", 4.248354255291589e-18),
        ("leaky_relu(-2)", -0.02),
        ("leaky_relu(-2, slope=0.5)", -1.0),
        ("maximum(2, 3)*minimum(2, 3)", 6.0),
    ],
)
def test_a_scalar_formula_is_evaluated_from_left_to_right(text: str, value: float) -> None:
    assert evaluated(expressions.parse(text), lambda key: math.nan) == value


@pytest.mark.parametrize("text", ["0/0", "log(-1)", "sqrt(-1)", "(-8)**(1/3)"])
def test_what_has_no_value_is_not_a_number(text: str) -> None:
    assert math.isnan(evaluated(expressions.parse(text), lambda key: math.nan))


def test_only_the_branch_chosen_is_evaluated() -> None:
    read: list[str] = []

    def value(key: str) -> float:
        read.append(key)
        return 1.0

    choice: Expr = Call("where", (Call("greater", (Ref("a"), expressions.Num(0))), Ref("b"), Ref("c")))
    assert evaluated(choice, value) == 1.0
    assert read == ["a", "b"]


@pytest.mark.parametrize("epochs", [0, -1])
def test_a_run_makes_at_least_one_update(epochs: int) -> None:
    with pytest.raises(UsageError, match=f"epochs is {epochs}"):
        backtrace.run("configs/example.yaml", epochs=epochs)
