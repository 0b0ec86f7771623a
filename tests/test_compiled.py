"""Machine code: the bits, the errors and the epochs of the scalar executor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import backtrace.compiled
from backtrace import yamlfile
from backtrace.build import build
from backtrace.codegen import ScalarExecutor
from backtrace.compiled import SHORT, CompiledExecutor
from backtrace.config import from_document, read
from backtrace.errors import NumericError
from backtrace.graph import Graph
from backtrace.straight.machine import available
from backtrace.training import executor_for, train
from tests.strategies import Network, networks

CONFIGS = Path(__file__).parent.parent / "configs"
FUNCTIONS = """
inputs: {x: [0.3, -0.7, 1.4]}
parameters: {w: [0.4, 0.9, -0.2], a: 1.5}
learning_rate: 0.01/k + 0.001/n
optimizer: adam
equations:
  p: softmax(w*x + sin(w))
  q: tanh(w) + log1p(exp(w)) + erf(x*w) + sqrt(a) + cosh(w)
  r: where(w > x, gelu(w), elu(w)) + relu(w*x) + abs(w)**a + log(a)
  E: sum(p*q) + logsumexp(r) + max(r) + 0.1*sum(w**2) + expm1(a)*1e-3 + clip(a, 0, 2)
minimize: E
"""


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


def compiled(net: Graph) -> CompiledExecutor:
    """With everything compiled, also what would not pay."""
    found = CompiledExecutor(net)
    found.recorded = 1_000_000  # recording is compiled as if it had gone on for long
    return found


def assert_same_bits(net: Graph, updates: int, recorded: int) -> None:
    scalars, machine = ScalarExecutor(net), compiled(net)
    assert np.asarray(machine.advance(updates)).tobytes() == np.asarray(scalars.advance(updates)).tobytes()
    rows, others = (np.zeros((recorded, scalars.width)) for _ in range(2))
    assert np.asarray(machine.record(rows)).tobytes() == np.asarray(scalars.record(others)).tobytes()
    assert rows.tobytes() == others.tobytes()
    assert np.array(machine.values).tobytes() == np.array(scalars.values).tobytes()
    assert machine.made == scalars.made == updates + recorded


@pytest.mark.parametrize("name", ["example", "xor", "multiclass", "relu_binary"])
def test_a_thousand_epochs_are_those_of_python_bit_by_bit(name: str) -> None:
    assert_same_bits(build(read(CONFIGS / f"{name}.yaml")), 1000, 20)


def test_every_function_is_the_one_that_python_calls() -> None:
    assert_same_bits(graph(FUNCTIONS), 1000, 20)


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
@given(networks())
def test_any_network_has_the_bits_of_python(network: Network) -> None:
    assert_same_bits(graph(network.text()), 50, SHORT)


NEURON = "inputs: {{x: 1}}\nparameters: {{w: {w}}}\nlearning_rate: {rate}\nequations: {{e: {e}}}\nminimize: e\n"


@pytest.mark.parametrize(
    ("w", "e", "rate"),
    [
        ("1", "exp(w)", "-0.01"),  # overflows
        ("1", "log(w)*x", "0.03"),  # meets a negative number
        ("1", "w**2", "5"),  # grows beyond the finite numbers without an error of Python's
        ("1", "1/(w - 0.5)", "0.125"),
        ("2", "w**0.5", "0.3"),
    ],
)
def test_errors_come_in_the_same_epoch_with_the_same_words(w: str, e: str, rate: str) -> None:
    net = graph(NEURON.format(w=w, e=e, rate=rate))
    words = []
    for kind in (ScalarExecutor, compiled):
        try:
            words.append(str(train(net, 400, [], executor=kind(net)).losses.tolist()))
        except NumericError as error:
            words.append(str(error))
    assert words[0] == words[1]


def test_an_error_leaves_the_executor_as_it_was() -> None:
    found = compiled(graph(NEURON.format(w="1", e="log(w)", rate="0.03")))
    with pytest.raises(ValueError, match="math domain error"):
        found.advance(50)
    assert (found.values, found.made) == ([1.0], 0)


def test_a_condition_ends_training_where_python_ends_it() -> None:
    net = graph(NEURON.format(w="1", e="w**2", rate="0.01") + "until: e < 0.3\n")
    before = [list(kind(net).advance(500)) for kind in (ScalarExecutor, compiled)]
    assert before[0] == before[1]
    after = [list(each.record(np.zeros((500, each.width)))) for each in (ScalarExecutor(net), compiled(net))]
    assert after[0] == after[1]
    assert len(after[0]) == len(before[0]) + 1


def test_other_given_values_are_taken_without_compiling_anew() -> None:
    net = graph(NEURON.format(w="1", e="(w - x)**2", rate="0.1"))
    scalars, machine = ScalarExecutor(net), compiled(net)
    for executor in (scalars, machine):
        executor.advance(20)
        executor.feed({"x": np.asarray(3.0)})
        executor.advance(20)
    assert scalars.values == machine.values


def test_it_is_used_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    net = build(read(CONFIGS / "example.yaml"))
    assert available()
    assert executor_for(net, 1000).kind == "scalars"
    assert executor_for(net, 1_000_000).kind == "compiled"
    monkeypatch.setattr(backtrace.compiled, "available", lambda: False)
    assert executor_for(net, 1_000_000).kind == "scalars"


def test_llvmlite_is_imported_only_for_what_it_compiles() -> None:
    run = "import sys, backtrace; backtrace.run(sys.argv[1], epochs=1000); print('llvmlite' in sys.modules)"
    command = [sys.executable, "-c", run, str(CONFIGS / "example.yaml")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"
