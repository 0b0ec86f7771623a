"""A number that leaves the finite range is named where it first arises, with its cause, and all before it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import backtrace
from backtrace.config import from_document
from backtrace.errors import UsageError
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
    ("parameters: {w: 0}", "E: w/w", "E is no number; w = 0: 0 divided by 0"),
    ("parameters: {w: 0}", "E: 1/w", "E is infinite; w = 0: division by 0"),
    ("parameters: {w: 1e200}", "E: w**2", "E is infinite; w = 1e+200: the power overflows"),
    ("parameters: {w: -1}", "E: sqrt(w)", "E is no number; w = -1: the square root of a negative number"),
    ("parameters: {w: 1e200, v: 1e200}", "E: w*v", "E is infinite; w = 1e+200, v = 1e+200: the product overflows"),
    ("inputs: {x: [1, 1]}\nparameters: {w: [1e308, 1e308]}", "E: x @ w", "E is infinite; the sum overflows"),
    ("parameters: {w: [1e308, 1e308]}", "E: '0.1*cumsum(w)[1]'", "E is infinite; the sum overflows"),
    ("parameters: {w: [1e200, 1e200]}", "E: 'sum(outer(w, w))'", "E is infinite; the product overflows"),
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


def test_rounded_numbers_are_shown_and_saved_up_to_the_one_that_is_lost(
    backtrace_command: Runner, tmp_path: Path
) -> None:
    (tmp_path / "grows.yaml").write_text(GROWING)
    outcome = backtrace_command("run", "grows.yaml", "--round", "2", "--save", "grows.npz", cwd=tmp_path)
    last = outcome.out[outcome.out.index("── epoch 2 ──") :]
    assert last.index("∞") > last.index("E = exp(t/9)")
    assert "Back propagation" not in last
    assert outcome.err.splitlines() == [
        "Wrote grows.npz.",
        "epoch 2: E is infinite; t/9 = 841: exp overflows",
        "  hint: learning rate 50 made w grow from 3 to -87: try a smaller one",
    ]
    assert [view.epoch for view in backtrace.load(tmp_path / "grows.npz").epochs] == [1]


def test_of_rounded_numbers_the_written_form_is_what_breaks() -> None:
    """-softplus(12) is finite, log(1 - 1.0000) is not, and by hand it is the second that is worked out."""
    text = config("parameters: {w: 12}", "o: sigmoid(w), E: -log(1 - o)")
    with pytest.raises(DivergedError) as caught:
        backtrace.run(from_document(parse(text, "test.yaml")), rounding="4")
    (found,) = caught.value.faults
    assert found.message == "epoch 1: E is infinite; 1 - o = 0: log of 0"
    assert found.hint == "with results of 4 decimals something may have become 0: keep more digits"


def test_what_is_saved_is_what_was_finite_and_can_go_on(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "grows.yaml").write_text(GROWING)
    assert backtrace_command("run", "grows.yaml", "-o", "grows.npz", cwd=tmp_path).code == 5
    assert [view.epoch for view in backtrace.load(tmp_path / "grows.npz").epochs] == [1]
    assert backtrace_command("run", "grows.npz", "--epochs", "3", cwd=tmp_path).code == 5


@pytest.mark.parametrize("keep", [None, [2], [(1, 1)]])
@pytest.mark.parametrize("extra", ["", "batch_size: 1\n", "batch_size: 2\nshuffle: {seed: 4}\n", "weight_decay: 1\n"])
def test_what_is_saved_later_can_be_loaded_and_goes_on_to_the_same_end(
    extra: str, keep: list[int] | None, tmp_path: Path
) -> None:
    text = NETWORK.replace("[3, 4]]", "[3, 4], [2, 2]]").replace("[1, 0]]", "[1, 0], [1, 1]]")
    text = text.replace("1e30", "1e9") + extra
    config = from_document(parse(text, "test.yaml"))
    with pytest.raises(DivergedError) as caught:
        backtrace.run(config, keep=keep)
    lost = caught.value.trace
    made = len(lost.losses)
    assert made > 1
    for ending in ("npz", "json"):
        lost.save(tmp_path / f"t.{ending}")
        again = backtrace.load(tmp_path / f"t.{ending}")
        assert again.epochs[-1].epoch == made
        for name, array in backtrace.run(config, epochs=made).recording.state.items():
            assert np.array_equal(array, again.recording.state[name])
            assert np.array_equal(array, lost.recording.state[name])
        for trace in (again, lost):
            with pytest.raises(DivergedError) as later:
                trace.resume(40, keep)
            assert str(later.value) == str(caught.value)
            moments = list(later.value.trace.recording.records)
            assert moments == sorted(set(moments))


HIDDEN = """inputs: [[-3, 0.5], [1, 0.5], [2, 0.5]]
targets: [[1, 0], [1, 0], [1, 0]]
reduce: sum
learning_rate: 1e+150
epochs: 9
layers:
  - {weights: [[0.4, -400], [0.2, 0.1]], pre: z, out: h}
  - {weights: [[0.3, 0.2], [0.5, -400]], pre: t, out: o, activation: elu}
loss: half_squared_error
"""


@pytest.mark.parametrize("extra", ["", "batch_size: 1\n"])
@pytest.mark.parametrize("keep", [None, [9], range(1, 10)])
def test_what_an_activation_makes_finite_again_is_no_bug(
    extra: str, keep: list[int] | None, backtrace_command: Runner, tmp_path: Path
) -> None:
    """elu of minus infinity is -1: only an update that is recorded is seen to have an infinite pre-activation."""
    config = from_document(parse(HIDDEN + extra, "test.yaml"))
    with pytest.raises(DivergedError) as caught:
        backtrace.run(config, keep=keep)
    finite = caught.value.trace.finite
    assert finite is None or finite.epochs[-1].epoch == len(finite.losses)
    (tmp_path / "elu.yaml").write_text(HIDDEN + extra)
    assert backtrace_command("bench", "elu.yaml", "--seconds", "0.01", cwd=tmp_path).code in (0, 5)


def test_what_starts_at_0_is_not_what_grew_the_most() -> None:
    text = "parameters: {b: 0, w: 3}\nlearning_rate: 50\nepochs: 9\n"
    (found,) = fault(f"{text}equations: {{t: w*w + b, E: exp(t/9)}}\nminimize: E\n").faults
    assert found.hint.startswith("learning rate 50 made w grow from 3 to -")


def test_a_trace_without_a_finite_epoch_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is nothing to save"):
        fault(config(*ROWS[0][:2])).trace.save(tmp_path / "t.npz")
    assert not (tmp_path / "t.npz").exists()


def test_nothing_is_saved_where_nothing_was_finite(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "exp.yaml").write_text(config(*ROWS[0][:2]))
    assert backtrace_command("run", "exp.yaml", "-o", "exp.npz", cwd=tmp_path).code == 5
    assert not (tmp_path / "exp.npz").exists()


def test_a_counter_is_named_as_it_is_written() -> None:
    text = "parameters: {w: 1}\nlearning_rate: 1/(k - 1)\nequations: {E: w*w}\nminimize: E\n"
    with pytest.raises(DivergedError, match=r"; k - 1 = 0: division by 0"):
        backtrace.run(from_document(parse(text, "rate.yaml")))


def test_the_updates_of_the_unfinished_epoch_count_too(backtrace_command: Runner, tmp_path: Path) -> None:
    samples = "inputs: [{x1: 1}, {x1: 2}]\ntargets: [{y1: 1}, {y1: 0}]\nreduce: mean\nbatch_size: 1\nepochs: 50\n"
    layers = "layers:\n  - {weights: [[0.4]], out: o}\nloss: squared_error\n"
    (tmp_path / "c.yaml").write_text(f"{samples}learning_rate: 1e10\n{layers}", encoding="utf-8")
    outcome = backtrace_command("run", "c.yaml", cwd=tmp_path)
    lost = re.search(r"epoch (\d+), update (\d)", outcome.err)
    assert outcome.code == 5
    assert lost
    assert f"after {2 * (int(lost[1]) - 1) + int(lost[2]) - 1} updates" in outcome.out
