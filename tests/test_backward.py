"""Gradients of random graphs and networks against the complex step, and the equations they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from backtrace import yamlfile
from backtrace.backward import gradient_name, gradients
from backtrace.build import build
from backtrace.config import from_document
from backtrace.executor import evaluate
from backtrace.expressions import Expr
from backtrace.graph import Equation, Graph
from backtrace.inner import gates, inner_nodes
from backtrace.stable import stabilised
from tests.strategies import SAMPLES, Array, Chain, Network, chains, networks

STEP = 1e-30
QUIET = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


def values(graph: Graph) -> dict[str, Array]:
    return {name: given.values for name, given in graph.givens.items()}


def complex_step(run: Sequence[Equation], objective: str, at: Mapping[str, Array], name: str, samples: int) -> Array:
    """The derivative of the objective by each element of a given array, to rounding."""
    found = np.zeros(at[name].shape)
    for place in np.ndindex(found.shape):
        moved = at[name].astype(np.complex128)
        moved[place] += 1j * STEP
        found[place] = np.imag(evaluate(run, {**at, name: moved}, samples)[objective]) / STEP
    return found


def assert_gradients(
    run: Sequence[Equation], objective: str, at: dict[str, Array], wrt: Sequence[str], samples: int
) -> None:
    results = evaluate((*run, *gradients(run, objective, wrt, samples)), at, samples)
    whole = [complex_step(run, objective, at, name, samples) for name in wrt]
    size = max((float(np.linalg.norm(exact)) for exact in whole), default=0.0)
    for name, exact in zip(wrt, whole, strict=True):
        found = results.get(gradient_name(objective, name), np.zeros_like(exact))
        assert found.shape == exact.shape, name
        error = float(np.linalg.norm(found - exact))
        assert error <= 1e-12 * max(size, 1e-3), f"d{objective}/d{name}: {found.tolist()} is not {exact.tolist()}"


def split(chain: Chain, by: Callable[[str, Expr, str], list[Equation]]) -> list[Equation]:
    """The equations with unnamed nodes as equations of their own, each once."""
    found: dict[str, Equation] = {}
    for equation in chain.forward:
        for part in by(equation.name, equation.expr, ""):
            found.setdefault(part.name, part)
    return list(found.values())


@QUIET
@given(chains())
def test_gradients_of_random_equations_are_right(chain: Chain) -> None:
    with np.errstate(all="ignore"):
        assert_gradients(chain.forward, "E", chain.given, list(chain.given), SAMPLES)


@settings(QUIET, max_examples=40)
@given(chains())
def test_naming_inner_nodes_and_stable_forms_change_no_value(chain: Chain) -> None:
    """As written, with unnamed nodes split off, and every gate alone: the same values and gradients."""
    forms = [list(chain.forward), split(chain, inner_nodes), list(stabilised(chain.forward))]
    if not any("sqrt(" in equation.text() for equation in chain.forward):  # a gate of its own has to be finite
        forms.append(split(chain, gates))
    with np.errstate(all="ignore"):
        runs = [evaluate((*run, *gradients(run, "E", chain.given, SAMPLES)), chain.given, SAMPLES) for run in forms]
    for run in runs[1:]:
        for name in ("E", *(gradient_name("E", key) for key in chain.given)):
            if name in runs[0]:
                np.testing.assert_allclose(run[name], runs[0][name], rtol=1e-11, atol=1e-13, err_msg=name)


@settings(QUIET, max_examples=40)
@given(networks())
def test_gradients_of_random_networks_are_right(network: Network) -> None:
    net = graph(network.text())
    assert net.objective is not None
    with np.errstate(all="ignore"):
        assert_gradients(net.run, net.objective, values(net), net.wrt, net.samples or 1)


@settings(QUIET, max_examples=25)
@given(networks())
def test_samples_together_give_what_each_gives_alone(network: Network) -> None:
    whole = graph(network.text())
    together = evaluate((*whole.run, *whole.gradients), values(whole), whole.samples)
    if whole.samples is None:
        return
    totals = {name: np.zeros_like(given.values) for name, given in whole.givens.items() if name in whole.wrt}
    for number in range(whole.samples):
        one = graph(network.sample(number))
        alone = evaluate((*one.run, *one.gradients), values(one), None)
        for equation in one.forward:
            name = equation.name + "#" if equation.name == whole.objective else equation.name
            np.testing.assert_allclose(together[name][number], alone[equation.name], rtol=1e-13, atol=1e-15)
        for name in totals:
            totals[name] += alone[one.gradient_of[name]]
    for name, total in totals.items():
        expected = total / whole.samples if network.reduce == "mean" else total
        np.testing.assert_allclose(together[whole.gradient_of[name]], expected, rtol=1e-12, atol=1e-14)


EQUATIONS = """
inputs: {x: [0.1, 0.2]}
targets: {y: [0.4, 0.6]}
parameters: {W: [[0.3, 0.4], [0.25, 0.35]], b: 0.1}
learning_rate: 0.5
equations:
  z: x @ W + b
  h: sigmoid(z)
  E: 0.5 * (y - h)**2
minimize: {objective}
"""


def test_the_gradient_equations_of_a_layer_read_as_in_a_text_book() -> None:
    found = [equation.text() for equation in graph(EQUATIONS.replace("{objective}", "sum(E)")).gradients]
    assert found == [
        "dE_tot/dE_tot = 1",
        "dE_tot/dE = 1",
        "dE_tot/dh = -(y - h)",
        "dE_tot/dz = dE_tot/dh * h * complement(h, sigmoid(-z))",
        "dE_tot/dW = outer(x, dE_tot/dz)",
        "dE_tot/db = sum(dE_tot/dz)",
    ]


def test_a_mean_divides_every_derivative_from_the_first() -> None:
    found = [equation.text() for equation in graph(EQUATIONS.replace("{objective}", "mean(E)")).gradients]
    assert found[:3] == ["dE_tot/dE_tot = 1", "dE_tot/dE = 0.5", "dE_tot/dh = -(0.5*(y - h))"]


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        # w is the same for every sample: a sum counts it as often as there are samples, a mean once
        ("sum_samples(w**2)", 3 * 2 * 0.5),
        ("mean_samples(w**2)", 2 * 0.5),
        ("sum_samples(w*x)", 1 + 2 + 3),
        ("mean_samples(w*x)", 2.0),
        ("mean_samples(w*x) + 0.5*w**2", 2.5),
    ],
)
def test_what_is_the_same_for_all_samples_counts_once_in_a_mean(objective: str, expected: float) -> None:
    text = f"""
inputs: [{{x: 1}}, {{x: 2}}, {{x: 3}}]
parameters: {{w: 0.5}}
equations: {{e: '{objective}'}}
minimize: e
"""
    net = graph(text)
    found = evaluate((*net.run, *net.gradients), values(net), net.samples)
    assert float(found["de/dw"]) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        # the number of samples equals the number of elements: which axis is which must not be guessed
        ("sum(h)*c", [[3.0, 3.0, 3.0]] * 3),
        ("sum(h*v)", [[1.0, 2.0, 3.0]] * 3),
        ("sum(h)*s", [[1.0] * 3, [2.0] * 3, [3.0] * 3]),
        ("sum(h*v)*s", [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]]),
    ],
)
def test_a_gradient_that_is_the_same_for_samples_or_elements_is_stored_whole(
    equation: str, expected: list[list[float]]
) -> None:
    text = f"""
inputs: [{{x: [1, 2, 3], s: 1}}, {{x: [4, 5, 6], s: 2}}, {{x: [7, 8, 9], s: 3}}]
parameters: {{A: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], v: [1, 2, 3], c: 3}}
equations: {{h: x @ A, e: {equation}}}
minimize: e
reduce: sum
"""
    net = graph(text)
    found = evaluate((*net.run, *net.gradients), values(net), net.samples)
    assert found["de/dh"].tolist() == expected
    assert_gradients(net.run, "e", values(net), ["A", "v", "c"], 3)


# ── saturated outputs ──────────────────────────────────────────────────────────────────────────────────

BINARY = """
inputs: {{x: 1}}
targets: {{y: {target}}}
parameters: {{w: {logit}}}
equations: {{t: w*x, o: sigmoid(t), E: -(y*log(o) + (1 - y)*log(1 - o))}}
minimize: E
"""


@pytest.mark.parametrize("target", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("logit", [-800.0, -40.0, 0.0, 40.0, 800.0])
def test_a_saturated_sigmoid_keeps_its_cross_entropy(logit: float, target: float) -> None:
    net = graph(BINARY.format(target=target, logit=logit))
    found = evaluate((*net.run, *net.gradients), values(net), None)
    # E = log(1 + exp(t)) - y t, with log(1 + exp(t)) = t + log(1 + exp(-t)); dE/dt = o - y, tails kept
    tail = float(np.log1p(np.exp(-abs(logit))))
    loss = (1 - target) * (max(logit, 0.0) + tail) + target * (max(-logit, 0.0) + tail)
    small = float(np.exp(-abs(logit)) / (1 + np.exp(-abs(logit))))
    o, rest = (1 - small, small) if logit >= 0 else (small, 1 - small)
    assert float(found["E"]) == pytest.approx(loss, rel=1e-14)
    assert float(found["dE/dt"]) == pytest.approx((1 - target) * o - target * rest, rel=1e-14)


CLASSES = """
inputs: {{x: 1}}
targets: {{y: [0, 1, 0]}}
parameters: {{w: [{logit}, 0, 1]}}
equations:
  t: w*x
  o: softmax(t)
  E: {loss}
minimize: E
"""


@pytest.mark.parametrize("loss", ["cross_entropy(y, o)", "-log(o[1])", "-log(softmax(t)[1])"])
@pytest.mark.parametrize("logit", [-800.0, -40.0, 0.0, 40.0, 800.0])
def test_a_saturated_softmax_keeps_its_cross_entropy(logit: float, loss: str) -> None:
    net = graph(CLASSES.format(logit=logit, loss=loss))
    found = evaluate((*net.run, *net.gradients), values(net), None)
    t = np.array([logit, 0.0, 1.0])
    e = np.exp(t - t.max())
    o = e / e.sum()
    assert float(found["E"]) == pytest.approx(float(np.log(e.sum()) + t.max() - t[1]), rel=1e-14)
    np.testing.assert_allclose(found["dE/dt"], o - [0, 1, 0], rtol=1e-13, atol=1e-16)
