"""A number that leaves the finite range is named where it first arises, with its cause, and all before it is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import backtrace
from backtrace.config import from_document
from backtrace.training import DivergedError
from backtrace.yamlfile import parse
from tests.runner import Runner

GROWING = "parameters: {w: 3}\nlearning_rate: 50\nepochs: 9\nequations: {t: w*w, E: exp(t/9)}\nminimize: E\n"
NETWORK = """inputs: [[1, 2], [3, 4]]
targets: [[0, 1], [1, 0]]
reduce: sum
learning_rate: 1e30
epochs: 40
layers:
  - {weights: [[0.4, 0.3], [0.2, 0.1]], pre: z, out: h}
loss: half_squared_error
"""
NOTHING_YET = "other values may help: nothing has been updated yet"
ROWS = [
    ("parameters: {w: 700}", "t: 1.16*w, E: exp(t)", "E is infinite; t = 812: exp overflows"),
    ("parameters: {w: 0}", "E: w*log(w)", "E is no number; w = 0: log of 0"),
    ("parameters: {w: -2}", "E: log(w)", "E is no number; w = -2: log of a negative number"),
    ("parameters: {w: 0}", "E: w/w", "E is no number; w = 0, w = 0: 0 divided by 0"),
    ("parameters: {w: 0}", "E: 1/w", "E is infinite; w = 0: division by 0"),
    ("parameters: {w: 1e200}", "E: w**2", "E is infinite; w = 1e+200: the power overflows"),
    ("parameters: {w: -1}", "E: sqrt(w)", "E is no number; w = -1: the square root of a negative number"),
    ("parameters: {w: 1e200, v: 1e200}", "E: w*v", "E is infinite; w = 1e+200, v = 1e+200: the product overflows"),
    ("inputs: {x: [1, 1]}\nparameters: {w: [1e308, 1e308]}", "E: x @ w", "E is infinite; the sum overflows"),
    ("parameters: {w: 0}", "E: sqrt(w)", "\u2202E/\u2202w is infinite; 2*E = 0: division by 0"),
    (
        "parameters: {w: 1e150}",
        "E: 1e10*w*w",
        "E is infinite; 10000000000*w = 1e+160, w = 1e+150: the product overflows",
    ),
]
"""What is given, the equations, and the message of the first epoch."""


def config(given: str, equations: str) -> str:
    return f"{given}\nlearning_rate: 0.5\nequations: {{{equations}}}\nminimize: E\n"


def fault(text: str) -> DivergedError:
    with pytest.raises(DivergedError) as caught:
        backtrace.run(from_document(parse(text, "test.yaml")))
    return caught.value


@pytest.mark.parametrize(("given", "equations", "message"), ROWS)
def test_a_number_that_is_not_finite_is_named_with_its_cause(given: str, equations: str, message: str) -> None:
    (found,) = fault(config(given, equations)).faults
    assert (found.message, found.hint) == (f"epoch 1: {message}", NOTHING_YET)


def test_what_the_learning_rate_made_grow_is_named() -> None:
    (found,) = fault(GROWING).faults
    assert found.message.startswith("epoch 2: E is infinite; t/9 = ")
    assert found.hint.startswith("learning rate 50 made w grow from 3 to -")
    assert found.hint.endswith(": try a smaller one")


@pytest.mark.parametrize("extra", ["", "batch_size: 1\n", "optimizer: momentum\n"])
@pytest.mark.parametrize("wide", [False, True])
def test_all_finite_epochs_are_kept_and_the_epoch_is_the_same_however_they_are_made(extra: str, wide: bool) -> None:
    text = NETWORK.replace("reduce: sum\n", "reduce: sum\n" + extra)
    if wide:  # by arrays
        text = text.replace("[[0.4, 0.3], [0.2, 0.1]]", str(np.full((2, 200), 0.25).tolist()))
        text = text.replace("[[0, 1], [1, 0]]", str(np.eye(2, 200).tolist()))
    every = fault(text).trace
    recorded = backtrace.run(from_document(parse(text, "test.yaml")), epochs=1)
    with pytest.raises(DivergedError) as caught:
        backtrace.run(from_document(parse(text, "test.yaml")), keep=range(1, 41))
    other = caught.value.trace
    assert every.recording.lost == other.recording.lost
    assert len(every.losses) == len(other.losses) == len(other.finite.epochs) // other.graph.updates_per_epoch
    assert np.array_equal(every.losses, other.losses)
    assert np.isfinite(every.losses).all()
    for name, array in every.recording.state.items():
        assert np.isfinite(array).all()
        assert np.array_equal(array, other.recording.state[name])
    assert other.epochs[0]["E_tot"] == recorded.epochs[0]["E_tot"]


def test_the_report_goes_up_to_the_number_and_the_command_ends_with_5(
    backtrace_command: Runner, tmp_path: Path
) -> None:
    (tmp_path / "grows.yaml").write_text(GROWING)
    outcome = backtrace_command("run", "grows.yaml", cwd=tmp_path)
    assert outcome.code == 5
    assert "── epoch 1 ──" in outcome.out
    last = outcome.out[outcome.out.index("── epoch 2 ──") :]
    assert "E = exp(t/9)" in last
    assert last.index("∞") > last.index("E = exp(t/9)")
    assert "Back propagation" not in last
    assert outcome.err.startswith("epoch 2: E is infinite; t/9 = ")


def test_what_is_saved_is_what_was_finite_and_can_go_on(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "grows.yaml").write_text(GROWING)
    assert backtrace_command("run", "grows.yaml", "-o", "grows.npz", cwd=tmp_path).code == 5
    assert [view.epoch for view in backtrace.load(tmp_path / "grows.npz").epochs] == [1]
    assert backtrace_command("run", "grows.npz", "--epochs", "3", cwd=tmp_path).code == 5


def test_nothing_is_saved_where_nothing_was_finite(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "exp.yaml").write_text(config(*ROWS[0][:2]))
    assert backtrace_command("run", "exp.yaml", "-o", "exp.npz", cwd=tmp_path).code == 5
    assert not (tmp_path / "exp.npz").exists()
