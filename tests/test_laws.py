"""Laws that every calculation keeps: symmetry, scale, closed forms, small steps, round trips, same input same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import backtrace
from backtrace import yamlfile
from backtrace.build import build
from backtrace.config import from_document
from backtrace.rules import OPTIMIZERS
from backtrace.trace import Trace, run_graph
from tests.runner import ROOT

Array = npt.NDArray[np.float64]
LOSSES = {"half_squared_error": "identity", "binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}


def traced(config: dict[str, Any]) -> Trace:
    return run_graph(build(from_document(yamlfile.parse(json.dumps(config), "law.yaml"))))


def network(seed: int, hidden: Sequence[int] = (0, 1, 2, 3), **changes: Any) -> dict[str, Any]:
    """A network 3-4-2 of random weights, its hidden units in some order."""
    random = np.random.default_rng(seed)
    order = list(hidden)
    W, U, b, c = (random.normal(0, 1, shape) for shape in ((3, 4), (4, 2), 4, 2))
    loss = list(LOSSES)[seed % len(LOSSES)]
    ins = [{"x": each} for each in random.normal(0, 1, (2, 3)).tolist()]
    first = {"weights": W[:, order].tolist(), "bias": b[order].tolist(), "pre": "z", "out": "h"}
    second = {"weights": U[order].tolist(), "bias": c.tolist(), "pre": "t", "out": "o"}
    activation = ("sigmoid", "tanh", "gelu", "softplus")[seed % 4]
    layers = [{**first, "activation": activation}, {**second, "activation": LOSSES[loss]}]
    config = {"inputs": ins, "targets": [{"y": [1, 0]}, {"y": [0, 1]}], "learning_rate": 0.1, "loss": loss}
    return {**config, "reduce": "sum", "layers": layers, **changes}


def gradients(trace: Trace) -> dict[str, Array]:
    return {name: np.asarray(trace[f"dE_tot/d{name}"]) for name in ("W1", "b1", "W2", "b2")}


SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_permuting_hidden_units_permutes_the_trace(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(4)
    one, other = traced(network(seed)), traced(network(seed, order.tolist()))
    for name, axis in {"z": -1, "h": -1, "dE_tot/dh": -1, "dE_tot/dW1": 1, "dE_tot/dW2": 0, "W1+": 1, "W2+": 0}.items():
        permuted = np.take(one[name], order, axis)
        np.testing.assert_allclose(other[name], permuted, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_loss_four_times_as_great_has_gradients_four_times_as_great_to_the_bit(seed: int) -> None:
    stated = {"x": [0.3, -0.7, seed / 10]}
    parameters = {"W": np.random.default_rng(seed).normal(0, 1, (3, 2)).tolist(), "b": [0.1, seed / 7]}
    base = {"inputs": stated, "parameters": parameters, "learning_rate": 0.5, "minimize": "L"}
    equations = {"h": "tanh(x @ W + b)", "E": "sum(softplus(h)*h)"}
    one, four = (traced({**base, "equations": {**equations, "L": f"{k} * E"}}) for k in (1, 4))
    for name in ("W", "b", "h"):
        assert np.array_equal(np.asarray(four[f"dL/d{name}"]), 4 * np.asarray(one[f"dL/d{name}"]))


def weighted(samples: list[dict[str, float]], **changes: Any) -> dict[str, Any]:
    """Samples with a weight each."""
    equations = {"o": "sigmoid(w * x + b)", "E": "k * 0.5 * (t - o)**2"}
    parameters = {"w": 0.4, "b": -0.2}
    config = {
        "inputs": samples,
        "parameters": parameters,
        "learning_rate": 0.5,
        "equations": equations,
        "minimize": "E",
    }
    return {**config, "reduce": "sum", **changes}


def sample(x: float, t: float, k: float = 1) -> dict[str, float]:
    return {"x": x, "t": t, "k": k}


def test_a_sample_given_twice_is_a_sample_of_weight_two() -> None:
    twice = traced(weighted([sample(0.3, 1), sample(0.3, 1), sample(-1.2, 0)]))
    heavy = traced(weighted([sample(0.3, 1, 2), sample(-1.2, 0)]))
    for key in ("E", "dE/dw", "dE/db", "w+", "b+"):
        assert float(twice[key]) == pytest.approx(float(heavy[key]), rel=1e-14)


def test_the_mean_of_four_samples_is_a_quarter_of_their_sum_to_the_bit() -> None:
    samples = [sample(0.3, 1), sample(-0.7, 0), sample(1.9, 1), sample(0.11, 0)]
    whole, mean = (traced(weighted(samples, reduce=how)) for how in ("sum", "mean"))
    for key in ("E", "dE/dw", "dE/db"):
        assert float(whole[key]) == 4 * float(mean[key])


@pytest.mark.parametrize("rule", sorted(OPTIMIZERS))
def test_a_learning_rate_of_zero_leaves_the_weights_as_they_are(rule: str) -> None:
    trace = traced(network(1, learning_rate=0, optimizer=rule, epochs=3))
    for name in ("W1", "b1", "W2", "b2"):
        assert np.asarray(trace[f"{name}@3"]).tobytes() == np.asarray(trace[name]).tobytes()
        assert np.asarray(trace[f"{name}+@3"]).tobytes() == np.asarray(trace[name]).tobytes()


@pytest.mark.parametrize("seed", range(6))
def test_the_gradient_of_a_linear_network_is_the_closed_form(seed: int) -> None:
    random = np.random.default_rng(seed)
    X, Y, W, V = (random.normal(0, 1, shape) for shape in ((5, 3), (5, 2), (3, 4), (4, 2)))
    layers = [{"weights": W.tolist(), "out": "h"}, {"weights": V.tolist(), "out": "o"}]
    config = {
        "inputs": [{"x": each} for each in X.tolist()],
        "targets": [{"y": each} for each in Y.tolist()],
        "loss": "half_squared_error",
        "reduce": "sum",
    }
    trace = traced({**config, "layers": layers, "learning_rate": 0.1})
    off = X @ W @ V - Y
    np.testing.assert_allclose(trace["dE_tot/dW1"], X.T @ off @ V.T, rtol=1e-12)
    np.testing.assert_allclose(trace["dE_tot/dW2"], (X @ W).T @ off, rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_small_step_lowers_the_loss_by_its_size_times_the_squares_of_the_gradient(seed: int) -> None:
    trace = traced(network(seed, learning_rate=1e-8))
    squares = sum(float(np.sum(np.square(g))) for g in gradients(trace).values())
    # a loss has 16 digits, of which the step takes the last 8 or 9
    slack = 4 * np.spacing(abs(float(trace["E_tot"])))
    assert abs(float(trace["E_tot"]) - float(trace["E_tot+"]) - 1e-8 * squares) <= 1e-6 * 1e-8 * squares + slack


# ── round trips ────────────────────────────────────────────────────────────────────────────────────────

EDGES = (5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 0.1, 1 / 3, 9007199254740993.0, 1e-310)


@pytest.mark.parametrize("ending", ["json", "csv", "npz"])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_saved_loaded_and_saved_again_has_the_same_bytes(tmp_path: Path, ending: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    numbers = [*EDGES, *np.frombuffer(random.bytes(8 * 40)).tolist()]
    finite = [number for number in numbers if np.isfinite(number)]
    trace = traced({"inputs": {"x": finite}, "parameters": {"w": 0.5}, "equations": {"y": "0.5 * x", "z": "w + 1"}})
    first, second = tmp_path / f"first.{ending}", tmp_path / f"second.{ending}"
    trace.save(first)
    loaded = backtrace.load(first)
    loaded.save(second)
    assert first.read_bytes() == second.read_bytes()
    assert np.asarray(loaded["x"]).tobytes() == np.asarray(finite).tobytes()


def test_json_has_no_token_that_is_not_json(tmp_path: Path) -> None:
    trace = traced({"inputs": {"x": [800, 0]}, "equations": {"y": "exp(-x)", "z": "log(x + 1) / (x + 1)"}})
    trace.save(path := tmp_path / "t.json")

    def refuse(token: str) -> Iterator[None]:
        raise AssertionError(f"{token} is no JSON")

    json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


# ── same input, same bytes ─────────────────────────────────────────────────────────────────────────────

LARGE = """
inputs: {x: {init: normal, shape: [400], seed: 1}}
targets: {y: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]}
learning_rate: 0.1
epochs: 3
loss: cross_entropy
layers:
  - {weights: {init: xavier_uniform, seed: 2}, units: 300, activation: tanh}
  - {weights: {init: xavier_uniform, seed: 3}, units: 10, activation: softmax}
"""
WORLDS = (
    {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    {"PYTHONHASHSEED": "1", "OPENBLAS_NUM_THREADS": "2", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"},
)


SEVERAL = """
import sys
from backtrace import cli
for line in sys.argv[1].split(";"):
    sys.argv = ["backtrace", *line.split()]
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code
"""


def test_threads_hash_seed_locale_and_folder_change_no_byte(tmp_path: Path) -> None:
    commands = "run here/net.yaml -o net.npz; run here/small.yaml -o page.txt; run here/small.yaml -o page.html"
    made = []
    for number, world in enumerate(WORLDS):
        (folder := tmp_path / f"folder {number}" / "here").mkdir(parents=True)
        (folder / "net.yaml").write_text(LARGE, encoding="utf-8")
        (folder / "small.yaml").write_bytes((ROOT / "configs" / "xor.yaml").read_bytes())
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **world}
        subprocess.run([sys.executable, "-c", SEVERAL, commands], cwd=folder.parent, env=environment, check=True)
        made.append({path.name: path.read_bytes() for path in folder.parent.iterdir() if path.is_file()})
    assert len(made[0]) == 3
    assert made[0] == made[1]
