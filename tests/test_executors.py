"""The two executors: the same numbers, and recording changes none of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtrace import yamlfile
from backtrace.arrays.executor import ArrayExecutor
from backtrace.backward import gradients
from backtrace.build import build
from backtrace.codegen import LIMIT, LONGEST, ScalarExecutor, longest, statements
from backtrace.config import from_document
from backtrace.errors import ConfigError, Fault, NumericError
from backtrace.executor import Arrays, Executor, evaluate
from backtrace.expressions import Name, Type, parse
from backtrace.graph import RATE, Equation, GivenArray, Graph
from backtrace.ops import Scope, typed
from backtrace.schedule import Moment
from backtrace.training import executor_for, train
from tests.observing import observed
from tests.strategies import PATTERNS, SAMPLES, Chain, Network, chains, networks

QUIET = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
EPOCHS = 4
SMALL = "inputs: {x: 1}\nequations: {E: 2*x}\n"
KINDS: tuple[type[Executor], ...] = (ScalarExecutor, ArrayExecutor)


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


def assert_same(first: Arrays, second: Arrays, rtol: float = 1e-14) -> None:
    """Equal as far as the order of sums allows: terms about 1 may have a sum of 0 that is 1e-16 elsewhere."""
    assert {*first} - {RATE} == {*second} - {RATE}
    for name in {*first} - {RATE}:
        a, b = np.asarray(first[name]), np.asarray(second[name])
        assert a.shape == b.shape, name
        scale = max(float(np.max(np.abs(b), initial=0.0)), 1.0)
        assert float(np.max(np.abs(a - b), initial=0.0)) <= rtol * scale, f"{name}: {a.tolist()} is not {b.tolist()}"


@QUIET
@given(networks())
def test_both_executors_give_the_same_numbers(network: Network) -> None:
    net = graph(network.text())
    scalars, arrays = ScalarExecutor(net), ArrayExecutor(net)
    with np.errstate(all="ignore"):
        for _ in range(EPOCHS):
            assert_same(observed(scalars), observed(arrays), rtol=1e-13)
        assert_same(scalars.state(), arrays.state(), rtol=1e-13)


@settings(QUIET, max_examples=60)
@given(chains())
def test_arrays_give_what_random_equations_give_one_by_one(chain: Chain) -> None:
    """Among them derivatives that are the same for all elements of a sample, which a plan computes once for all."""
    last = chain.forward[-2]
    run = list(chain.forward)
    for name, text in {
        "p": f"2*{last.name}",
        "q": "3*p",
        "s": "tanh(sum(q))",
        "J": f"E + {'sum_samples(s)' if last.type.sampled else 's'}",
    }.items():
        expr = typed(parse(text), Scope({e.name: Name(e.name, e.type) for e in run}, samples=SAMPLES))
        run.append(Equation(name, expr, Type(expr.shape, expr.sampled)))
    givens = {name: GivenArray(name, "input", values, chain.types[name]) for name, values in chain.given.items()}
    following = tuple(gradients(run, "J", list(givens), SAMPLES))
    net = replace(graph(SMALL), givens=givens, run=tuple(run), gradients=following, objective="J", samples=SAMPLES)
    with np.errstate(all="ignore"):
        right = evaluate(net.step, chain.given, SAMPLES)
        found = observed(ArrayExecutor(net))
    assert_same({name: found[name] for name in right}, right, rtol=1e-12)


@settings(QUIET, max_examples=20)
@given(networks())
@pytest.mark.parametrize("kind", KINDS)
def test_recording_changes_no_bit(kind: type[Executor], network: Network) -> None:
    net = graph(network.text())
    with np.errstate(all="ignore"):
        watched, unwatched = kind(net), kind(net)  # type: ignore[call-arg]
        records = [observed(watched) for _ in range(EPOCHS)]
        losses = unwatched.advance(EPOCHS)
    assert [float(record[net.objective or ""]) for record in records] == list(losses)
    for name, values in watched.state().items():
        assert np.array_equal(values, unwatched.state()[name]), name


@settings(QUIET, max_examples=150)
@given(st.sampled_from(PATTERNS), st.sampled_from(PATTERNS), st.booleans(), st.booleans())
def test_both_executors_agree_on_any_function(outer: str, inner: str, matrix: bool, gates: bool) -> None:
    """Functions inside functions, sums inside products, softmax inside anything; shapes as they fit."""
    a, b = ("[[0.3, -0.6], [1.1, 0.2]]", "[[0.9, 0.4], [-0.7, 0.8]]") if matrix else ("[0.3, -0.6]", "[0.9, 0.4]")
    text = f"""
parameters: {{a: {a}, b: {b}}}
learning_rate: 0.1
gates: {str(gates and "sqrt(a)" not in outer + inner).lower()}
functions: {{"f(a, b)": "{outer}", "g(a, b)": "{inner}"}}
equations: {{e: "mean(f(g(a, b), b)) + sum(tanh(g(b, a)))"}}
minimize: e
"""
    try:
        net = graph(text)
    except ConfigError:
        return
    with np.errstate(all="ignore"):
        assert_same(observed(ScalarExecutor(net)), observed(ArrayExecutor(net)), rtol=1e-13)


NEURON = """
inputs: {{x: {x}}}
parameters: {{w: {w}}}
learning_rate: {rate}
equations: {{e: {e}}}
minimize: e
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("w", "e"),
    [
        ("-2", "w**0.5*x"),
        ("0", "x/w"),
        ("0", "w**-1*x"),
        ("-1", "log(w)*x"),
        ("1000", "exp(w)*x"),
        ("0.5", "w*9**9**9*x"),
        ("1e300", "w*1e300*x"),
        ("-8", "x*w**x*w"),
    ],
)
def test_numbers_that_leave_the_finite_range_are_a_numeric_error(kind: type[Executor], w: str, e: str) -> None:
    net = graph(NEURON.format(x="0.5", w=w, e=e, rate="0.1"))
    with pytest.raises(NumericError, match=r"^epoch 1: e is (infinite|no number); "):
        train(net, 1, [1], executor=kind(net))  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", KINDS)
def test_what_only_the_pass_after_the_last_update_cannot_compute_is_nan(kind: type[Executor]) -> None:
    # w -> 0.3 - 0.1 / 0.3 = -1 / 30
    net = graph(NEURON.format(x="1", w="0.3", e="log(w)*x", rate="0.1"))
    record = train(net, 1, [1], executor=kind(net)).records[Moment(1)]  # type: ignore[call-arg]
    assert float(record["w+"]) == pytest.approx(-1 / 30)
    assert np.isnan(record["e+"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_diverges_says_in_which_epoch(kind: type[Executor]) -> None:
    # w -> w - 5·2w = -9 w: e = w² = 81^k passes 1.8e308 when k = 162, in epoch 163
    net = graph(NEURON.format(x="1", w="1", e="w**2", rate="5"))
    with pytest.raises(NumericError, match=r"^epoch 163: "):
        train(net, 500, [], executor=kind(net))  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("objective", ["minimize: e", ""])
def test_an_epoch_without_a_learning_rate_or_an_objective_runs(kind: type[Executor], objective: str) -> None:
    net = graph(f"inputs: {{x: 2}}\nequations: {{e: x**2}}\n{objective}\n")
    found = train(net, 3, [1, 3], executor=kind(net))  # type: ignore[call-arg]
    assert {moment.epoch: float(record["e"]) for moment, record in found.records.items()} == {1: 4.0, 3: 4.0}


def test_the_size_of_a_graph_chooses_its_executor() -> None:
    small = graph(NEURON.format(x="[1, 2, 3]", w="[1, 2, 3]", e="sum(w*x)", rate="0.1"))
    assert statements(small) <= LIMIT
    assert longest(small) == 3
    assert executor_for(small).kind == "scalars"
    wide = graph(NEURON.format(x=[1.0] * (LONGEST + 1), w="0.5", e="sum(w*x)", rate="0.1"))
    assert statements(wide) <= LIMIT < LONGEST < longest(wide)
    assert executor_for(wide).kind == "arrays"
    large = graph(NEURON.format(x=[1.0] * 300, w=[0.5] * 300, e="sum(w*x)", rate="0.1"))
    assert executor_for(large).kind == "arrays"


def test_a_long_sum_compiles() -> None:
    net = graph(NEURON.format(x=[1.0] * LONGEST, w="0.5", e="sum(w*x)", rate="0.1"))
    assert float(observed(ScalarExecutor(net))["e"]) == LONGEST / 2


NESTED = {
    "maximum": ("maximum(", ", x)"),
    "relu": ("relu(x + ", ")"),
    "silu": ("silu(x*", ")"),
    "selu": ("selu(x*w + ", ")"),
    "clip": ("clip(", ", x, 2*w)"),
    "softmax": ("sum(softmax([w, x*", "]))"),
}


@pytest.mark.parametrize("name", NESTED)
def test_nested_functions_make_no_endless_source(name: str) -> None:
    """The text of maximum reads its operands twice: written out, twelve levels would have 2**12 copies."""
    head, tail = NESTED[name]
    depth = 3 if name == "softmax" else 12
    net = graph(NEURON.format(x="0.5", w="0.25", e=f'"{head * depth}w{tail * depth}"', rate="0.1"))
    found = ScalarExecutor(net)
    assert len(found.source) < 400_000
    assert_same(observed(found), observed(ArrayExecutor(net)))


@pytest.mark.parametrize("name", NESTED)
def test_what_nests_without_end_is_refused_or_runs(name: str) -> None:
    """A derivative repeats what it is a derivative of; where that has no bounds, a name is asked for."""
    head, tail = NESTED[name]
    text = NEURON.format(x="0.5", w="0.25", e=f'"{head * 16}w{tail * 16}"', rate="0.1")
    found: list[Fault] = []
    try:
        losses = train(graph(text), 2, [1, 2]).losses.tolist()
    except ConfigError as error:
        found, losses = list(error.faults), [0.0, 0.0]
    assert len(losses) == 2
    assert all("has more than 4,000 parts" in fault.message for fault in found)
    assert all(fault.hint == "name a part of it: state it as an equation of its own" for fault in found)


@pytest.mark.parametrize("count", [2, 6])
def test_a_chain_of_products_in_one_equation_makes_no_endless_source(count: int) -> None:
    net = graph(
        f"inputs: {{x: {[0.1] * 6}}}\nparameters: {{A: {[[0.1] * 6] * 6}}}\n"
        f"equations: {{e: sum(x{' @ A' * count})}}\nminimize: e\n"
    )
    found = ScalarExecutor(net)
    assert len(found.source) < 30_000 * count
    assert_same(observed(found), observed(ArrayExecutor(net)))


def test_a_branch_that_is_not_taken_is_not_computed() -> None:
    net = graph(NEURON.format(x="-1", w="0.5", e='"w*where(x > 0, maximum(log(x), sum(log(x))), 2)"', rate="0.1"))
    assert float(observed(ScalarExecutor(net))["e"]) == 1.0
    with np.errstate(all="ignore"):
        assert float(observed(ArrayExecutor(net))["e"]) == 1.0


def test_no_text_of_a_user_reaches_the_generated_source() -> None:
    head = "inputs: {password: 2}\nparameters: {exec_: 3}\n"
    net = graph(head + "equations: {secret: password*exec_}\nminimize: secret\n")
    source = ScalarExecutor(net).source
    assert not any(name in source for name in ("password", "exec", "secret"))
