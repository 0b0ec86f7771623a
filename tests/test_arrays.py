"""The array executor's plan: few calls, one for what lies side by side, and the same numbers as one by one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backtrace import yamlfile
from backtrace.arrays.contraction import Contraction
from backtrace.arrays.executor import ArrayExecutor
from backtrace.arrays.grouping import LOOKS, Grouping, Unit
from backtrace.arrays.nodes import steps
from backtrace.build import build
from backtrace.config import from_document, read
from backtrace.executor import evaluate
from backtrace.graph import RATE, Graph
from tests.observing import observed

CONFIGS = Path(__file__).parent.parent / "configs"


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


def network(layers: int, extra: str = "") -> Graph:
    layer = "  - {units: 3, weights: {init: normal, seed: 1}, bias: {init: normal, seed: 2}, activation: tanh}\n"
    data = "inputs: [[1, 2], [3, 4], [5, 6], [7, 9]]\ntargets: [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 1, 0]]\n"
    return graph(f"{data}learning_rate: 0.1\nreduce: sum\nloss: half_squared_error\n{extra}layers:\n{layer * layers}")


def calls(net: Graph) -> list[str]:
    """The functions that a step calls, in order."""
    executor = ArrayExecutor(net)
    regions = executor.machine.regions(*executor.machine.sides)
    found = (call for unit in executor.plan.training for call, _ in executor.machine.calls(unit, regions))
    return [name_of(getattr(call, "func", call)) for call in found]


def name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def test_a_layer_is_five_calls_and_an_update_of_everything_two() -> None:
    few, many = (calls(network(layers)) for layers in (3, 7))
    added = sorted(many)
    for name in few:
        added.remove(name)
    # forward: a product with its bias, tanh; backward: two products, times the derivative
    assert added == sorted(["dot", "tanh", "dot", "dot", "multiply"] * 4)
    assert many[-2:] == ["multiply", "subtract"]


@pytest.mark.parametrize("extra", ["optimizer: adam\n", "optimizer: momentum\n", "weight_decay: 0.1\n"])
def test_every_rule_of_updating_takes_as_many_calls_for_any_number_of_parameters(extra: str) -> None:
    few, many = (calls(network(layers, extra)) for layers in (2, 4))
    assert len(many) - len(few) == 2 * 5


def test_what_two_names_share_is_computed_once() -> None:
    net = graph("inputs: {x: [1, 2, 3]}\nequations: {a: exp(x)*2, b: exp(x) + 2, c: exp(x)*2}\n")
    executor = ArrayExecutor(net)
    assert sum(len(unit) for unit in executor.plan.units if hasattr(unit[0], "ufunc")) == 3
    found = observed(executor)
    assert found["a"].tolist() == found["c"].tolist() == (np.exp([1, 2, 3]) * 2).tolist()


def test_ones_stand_where_nothing_else_does() -> None:
    plan = ArrayExecutor(network(3)).plan
    taken = sorted((plan.starts[node], plan.span(node)) for node in plan.rest)
    assert len(plan.biases.ones) == 3
    assert all(start + span <= after for ((_, start), span), ((_, after), _) in pairwise(taken))
    assert all(plan.starts[node][0] == "rest" for node in plan.biases.ones if node in plan.starts)


@pytest.mark.parametrize(
    "text",
    [
        "parameters: {w: [1, 2]}\nlearning_rate: 0.1\nclip: {norm: 0.5}\n"
        "equations: {q: mean(w), J: tanh(q)}\nminimize: J",
        "inputs: [{x: [1, 2]}, {x: [3, 5]}]\nreduce: sum\nparameters: {w: [0.1, 0.3]}\nlearning_rate: 0.1\n"
        "equations: {q: w*x, p: 0.5*q, J: tanh(sum(p))}\nminimize: J",
        "inputs: [{x: [1]}, {x: [3]}, {x: [2]}]\nreduce: sum\nparameters: {w: [0], v: 1}\nlearning_rate: 0.1\n"
        "equations: {q: 'where(w > 2, 2, 2)', p: (-q) @ (v + x), J: tanh(p)}\nminimize: J",
    ],
)
def test_a_derivative_that_is_the_same_for_all_elements_is_one_for_each(text: str) -> None:
    net = graph(text)
    executor = ArrayExecutor(net)
    given = executor.given | dict(net.states) | {RATE: np.asarray(net.learning_rate or 0.0)}
    right, found = evaluate(net.step, given, net.samples), observed(executor)
    for equation in net.step:
        np.testing.assert_allclose(found[equation.name], right[equation.name], rtol=1e-12, atol=1e-14)


def test_calls_that_wait_for_each_other_are_never_one() -> None:
    net = graph("""
inputs: {x: [0.1, 0.2, 0.3]}
equations: {a: sin(x), b: sin(a), c: sin(b), d: sin(x + 1)}
""")
    found = observed(ArrayExecutor(net))
    x = np.array([0.1, 0.2, 0.3])
    for name, right in (("c", np.sin(np.sin(np.sin(x)))), ("d", np.sin(x + 1))):
        np.testing.assert_allclose(found[name], right, rtol=1e-15)


def test_a_plan_looks_at_all_calls_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Counted(Grouping):
        def order(self) -> list[Unit] | None:
            seen.append(self)
            return super().order()

    monkeypatch.setattr("backtrace.arrays.plan.Grouping", Counted)
    lines = "".join(f", a{k}: tanh(a{k - 1}), b{k}: tanh(b{k - 1} + 1)" for k in range(1, 200))
    ArrayExecutor(graph(f"inputs: {{x: [1, 2]}}\nequations: {{a0: tanh(x), b0: tanh(x + 1){lines}}}\n"))
    assert len(seen) <= 2 * LOOKS + 2


@pytest.mark.parametrize(
    "name", ["lexailabs-conv-one-hot", "cs231n-maxpool-forward", "adit-lstm-concat-step", "cs231n-adam"]
)
def test_unusual_operations_give_what_their_own_rules_give(name: str) -> None:
    net = build(read(CONFIGS / "published" / f"{name}.yaml"))
    executor = ArrayExecutor(net)
    given = executor.given | dict(net.states) | {RATE: np.asarray(net.learning_rate or 0.0)}
    right, found = evaluate(net.run, given, net.samples), observed(executor)
    for equation in net.run:
        np.testing.assert_allclose(found[equation.name], right[equation.name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([[0, 1, 2], [3, 4, 5]], (0, (3, 1))),
        ([[0, 3], [1, 4], [2, 5]], (0, (1, 3))),
        ([5, 3, 1], (5, (-2,))),
        ([[2, 2, 2]], (2, (0, 0))),
        (4, (4, ())),
        ([0, 1, 3], None),
        ([0, -1], None),
    ],
)
def test_places_that_steps_of_one_length_lead_to(places: object, found: object) -> None:
    assert steps(np.asarray(places)) == found


SIZES = {"i": 2, "j": 3, "k": 4, "s": 5, "p": 3}


@pytest.mark.parametrize(
    "form",
    [
        "ik,kj->ij", "kj,ik->ij", "ks,kj->js", "ik,ks->is", "is,js->ij", "is,s->i", "is,is->s", "i,j->ij", "i,i->",
        "is->i", "is->s", "ij->", "ij->ij", "pis,ij->pjs", "iks,kjs->ijs", "iks,kjs->ij", "ijs->js", "pks,kj->js",
        "iks,kj->ij", "iks,kj->j", "ik,kjs->ij",
    ],
)  # fmt: skip
def test_any_contraction_is_what_einsum_gives(form: str) -> None:
    operands, _, result = form.partition("->")
    draw = np.random.default_rng(1)
    arrays = [draw.normal(size=[SIZES[letter] for letter in letters]) for letters in operands.split(",")]
    out = np.full([SIZES[letter] for letter in result], np.nan)
    for call, arguments in Contraction(tuple(operands.split(",")), result).calls(out, *arrays):
        call(*arguments)
    np.testing.assert_allclose(out, np.einsum(form, *arrays), rtol=1e-13)
