"""A run that goes on from an earlier one, stopped or saved, gives what one run without a break gives, byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import backtrace
from backtrace.build import build
from backtrace.codegen import ScalarExecutor
from backtrace.compiled import compiled_or
from backtrace.config import from_document
from backtrace.errors import UsageError
from backtrace.executor import Executor
from backtrace.graph import Graph
from backtrace.interrupts import CURRENT
from backtrace.resuming import refuse_absent
from backtrace.rules import OPTIMIZERS
from backtrace.saved import FORMATS
from backtrace.trace import Trace
from backtrace.training import Before, train
from backtrace.yamlfile import parse
from tests.runner import Runner

NETWORK = """
inputs: [{a: 0.5, b: 1}, {a: -1, b: 0.25}, {a: 2, b: 0}]
targets: [{t: 1}, {t: 0}, {t: 1}]
layers:
  - {name: hidden, weights: {name: W, init: normal, std: 0.5}, units: 2, activation: tanh, bias: [0.1, 0.2]}
  - {name: output, weights: {name: V, init: normal, std: 0.5}, units: 1, activation: sigmoid}
loss: half_squared_error
seed: 4
"""
MEAN = NETWORK + "reduce: mean\n"
WIDE = MEAN.replace("units: 2", "units: 40").replace("bias: [0.1, 0.2]", "bias: {init: zeros}")
SHUFFLED = "batch_size: 2\nshuffle: {seed: 7}\n"
ALONE = "parameters: {w: [1, 2]}\nlearning_rate: 0.1\ngradients: {w: [[1, 2], [3, 4], [5, 6], [7, 8]]}\n"

TRAININGS: Mapping[str, str] = {
    **{f"{name}": f"{MEAN}optimizer: {name}\nlearning_rate: 0.05\n" for name in OPTIMIZERS},
    "its own state": MEAN + "optimizer: {state: {v: 0}, update: {v: 0.9*v + g, p: p - lr*v*n/(n + k)}}\n"
    "learning_rate: 0.1\n",
    "a rate that falls": MEAN + "learning_rate: 0.5 * 0.9**k\n",
    "batches": MEAN + "optimizer: adam\nlearning_rate: 0.1\nbatch_size: 2\n",
    "batches of all samples alike": MEAN + "learning_rate: 0.1\nbatch_size: 3\n",
    "shuffled": MEAN + "optimizer: adam\nlearning_rate: 0.1\n" + SHUFFLED,
    "arrays": WIDE + "optimizer: adam\nlearning_rate: 0.1\n",
    "arrays in batches": WIDE + "optimizer: momentum\nlearning_rate: 0.1\n" + SHUFFLED,
    "a condition": MEAN + "learning_rate: 0.5\nuntil: E_tot < 0.1125\n",
    "new weights": MEAN + "learning_rate: 0.5\nbackward: new_weights\n",
    "several rates": MEAN + "learning_rate: [0.5, 0.1]\n",
    "gradients alone": ALONE,
}


def run(text: str, epochs: int, **options: object) -> Trace:
    """A config's run, by the name that all of them have."""
    config = from_document(parse(text, "net.yaml"))
    return backtrace.run(config, epochs=epochs, **options)  # type: ignore[arg-type]


def content(trace: Trace, folder: Path, ending: str = "npz") -> bytes:
    """A saved trace."""
    trace.save(path := folder / f"content.{ending}", force=True)
    return path.read_bytes()


def again(trace: Trace, folder: Path, ending: str) -> Trace:
    """A trace saved and loaded."""
    trace.save(path := folder / f"again.{ending}", force=True)
    return backtrace.load(path)


@pytest.mark.parametrize("name", TRAININGS)
def test_a_resumed_training_is_the_unbroken_one(tmp_path: Path, name: str) -> None:
    whole, part = run(TRAININGS[name], 4), run(TRAININGS[name], 2)
    found = again(part, tmp_path, "npz").resume(4)
    assert content(found, tmp_path) == content(whole, tmp_path)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", ["adam", "shuffled"])
def test_every_format_holds_what_training_goes_on_from(tmp_path: Path, name: str, ending: str) -> None:
    whole, part = run(TRAININGS[name], 5, keep=[1, 2, 4]), run(TRAININGS[name], 3, keep=[1, 2])
    found = again(again(part, tmp_path, ending).resume(4, [1, 2]), tmp_path, ending).resume(5, [1, 2, 4])
    assert content(found, tmp_path, ending) == content(whole, tmp_path, ending)


def test_a_rounded_training_goes_on_rounded(tmp_path: Path) -> None:
    whole, part = (run(MEAN + "learning_rate: 0.5\n", count, rounding="4") for count in (3, 1))
    assert content(part.resume(3), tmp_path) == content(whole, tmp_path)


def compiled(graph: Graph) -> Executor:
    """Machine code, where it can be had."""
    return compiled_or(ScalarExecutor(graph))


@pytest.mark.parametrize("make", [ScalarExecutor, compiled])
def test_an_executor_goes_on_from_the_state_of_another(make: Callable[[Graph], Executor]) -> None:
    graph = build(from_document(parse(TRAININGS["adam"], "net.yaml")))
    whole, part = train(graph, 60, [60], make=make), train(graph, 23, [], make=make)
    found = train(graph, 60, [60], make=make, before=Before(part.losses, part.state))
    assert found.losses.tolist() == whole.losses.tolist()
    assert {name: array.tolist() for name, array in found.state.items()} == {
        name: array.tolist() for name, array in whole.state.items()
    }


@pytest.mark.parametrize("name", ["sgd", "shuffled", "arrays", "batches of all samples alike"])
@pytest.mark.parametrize("at", [1, 7, 12])
def test_a_training_ended_by_its_watcher_goes_on_as_if_it_had_not_been(tmp_path: Path, name: str, at: int) -> None:
    whole = run(TRAININGS[name], 40, keep=[1, 6, 30])
    part = run(TRAININGS[name], 40, keep=[1, 6, 30], progress=lambda done: done >= at)
    assert part.unfinished
    assert at <= len(part.losses) < 40
    assert part.epochs[-1].epoch == len(part.losses)
    found = again(part, tmp_path, "npz").resume(40, [1, 6, 30])
    assert content(found, tmp_path) == content(whole, tmp_path)
    assert not found.unfinished


def test_what_cannot_go_on_is_said() -> None:
    trace = run(TRAININGS["sgd"], 3)
    with pytest.raises(UsageError, match="3 epochs are made already, and 2 are asked for"):
        trace.resume(2)
    with pytest.raises(UsageError, match="gradients are given for 4 updates"):
        run(ALONE, 2).resume(5)


def test_epochs_of_which_not_all_updates_were_recorded_are_refused() -> None:
    part = run(TRAININGS["shuffled"], 9, keep=[1], progress=lambda done: done >= 3)
    refuse_absent(part, [1, (len(part.losses), 2), 9])
    with pytest.raises(UsageError, match=r"update 1 of epoch 3 is not recorded\n  hint: recorded: 1\.1, 1\.2, 3\.2"):
        refuse_absent(part, [1, 3, 9])


@pytest.fixture
def saved(tmp_path: Path, backtrace_command: Runner) -> str:
    """The example, three epochs of it."""
    path = str(tmp_path / "three.npz")
    assert backtrace_command("run", "configs/example.yaml", "--epochs", "3", "-o", path).code == 0
    return path


@pytest.mark.parametrize("options", [[], ["--every", "1"], ["--round", "4"]])
def test_run_trains_on_to_so_many_epochs_in_all(tmp_path: Path, backtrace_command: Runner, options: list[str]) -> None:
    stem = ["--epochs", "3", *options, "-o", str(tmp_path / "t.npz")]
    assert backtrace_command("run", "configs/example.yaml", *stem).code == 0
    rest = ["--epochs", "5", *(o for o in options if o not in ("--round", "4"))]
    found = backtrace_command("run", str(tmp_path / "t.npz"), *rest)
    whole = backtrace_command("run", "configs/example.yaml", "--epochs", "5", *options)
    assert (found.code, found.out, found.err) == (0, whole.out, "")


REFUSED: Mapping[str, tuple[list[str], str]] = {
    "nothing to do": ([], "is a saved trace\n  hint: backtrace show"),
    "fewer": (["--epochs", "2"], "3 epochs are made already, and 2 are asked for"),
    "an epoch that is not there": (
        ["--epochs", "5", "--epoch", "2"],
        "epoch 2 is not recorded\n  hint: recorded: 1, 3",
    ),
    "others that are not": (["--epochs", "5", "--every", "2"], "epoch 2 is not recorded"),
    "another value": (["--epochs", "5", "--set", "W11=1"], "--set would need another run"),
    "a rounding": (["--epochs", "5", "--round", "4"], "--round would need another run"),
    "over itself": (
        ["--epochs", "5", "--force", "-o", "FILE"],
        "is read by this command, which does not write over it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_run_says_why_it_does_not_train_on(saved: str, backtrace_command: Runner, name: str) -> None:
    options, message = REFUSED[name]
    before = Path(saved).read_bytes()
    outcome = backtrace_command("run", saved, *(saved if each == "FILE" else each for each in options))
    assert outcome.code in (2, 4)
    assert (outcome.out, message in outcome.err) == ("", True), outcome.err
    assert Path(saved).read_bytes() == before


@pytest.mark.parametrize("signal", [2, 15])
def test_a_signal_ends_training_after_a_step_and_what_was_asked_for_is_written(
    tmp_path: Path, backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch, signal: int
) -> None:
    def came() -> bool:
        calls.append(len(calls))
        if len(calls) == 4:
            CURRENT.receive(signal)
        return CURRENT.code != 0

    calls: list[int] = []
    monkeypatch.setattr(CURRENT, "came", came)
    part, rest, whole = (str(tmp_path / f"{name}.npz") for name in ("part", "rest", "whole"))
    outcome = backtrace_command("run", "configs/example.yaml", "--epochs", "90", "--epoch", "1,80", "-o", part)
    made = len(backtrace.load(part).losses)
    assert (outcome.code, outcome.out) == (128 + signal, f"Wrote {part}.\n")
    assert outcome.err == f"stopped after epoch {made} of 90\nbacktrace run {part} goes on from there\n"
    assert 4 <= made < 90
    monkeypatch.undo()
    assert backtrace_command("run", part, "--epoch", "1,80", "-o", rest).code == 0
    assert backtrace_command("run", "configs/example.yaml", "--epochs", "90", "--epoch", "1,80", "-o", whole).code == 0
    assert Path(rest).read_bytes() == Path(whole).read_bytes()


def test_a_training_that_was_stopped_is_shown_as_far_as_it_came(
    backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def came() -> bool:
        if not CURRENT.code:
            CURRENT.receive(2)
        return True

    monkeypatch.setattr(CURRENT, "came", came)
    outcome = backtrace_command("run", "configs/example.yaml", "--epochs", "900", "--epoch", "1,last,700")
    assert outcome.code == 130
    assert outcome.err == "stopped after epoch 1 of 900\n"
    monkeypatch.undo()
    assert outcome.out == backtrace_command("run", "configs/example.yaml").out


def test_a_trace_is_saved_beside_the_page_and_gone_on_from(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(MEAN + "learning_rate: 0.5\n")
    shown = backtrace_command("run", "net.yaml", "--epochs", "3", cwd=tmp_path)
    saved = backtrace_command("run", "net.yaml", "--epochs", "3", "--save", "net.npz", cwd=tmp_path)
    assert (saved.code, saved.out, saved.err) == (0, shown.out, "Wrote net.npz.\n")
    assert backtrace_command("run", "net.yaml", "--epochs", "3", "-o", "net2.npz", cwd=tmp_path).code == 0
    assert (tmp_path / "net.npz").read_bytes() == (tmp_path / "net2.npz").read_bytes()
    page = backtrace_command("run", "net.npz", "--epochs", "5", "-o", "net.md", "--save", "net.json", cwd=tmp_path)
    assert (page.code, page.err) == (0, "Wrote net.json.\n")
    assert len(backtrace.load(tmp_path / "net.json").losses) == 5
    assert (tmp_path / "net.md").exists()


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (
            "--save net.txt",
            2,
            "the name net.txt tells no format of saved traces\n  hint: an ending of .npz, .json, .csv",
        ),
        ("--save a.npz -o a.npz", 2, "-o and --save name one file, a.npz\n  hint: -o alone saves the trace there"),
        ("--save net.yaml.npz", 4, "net.yaml.npz exists already\n  hint: give another name, or --force"),
        ("--save no/net.npz", 4, "no/net.npz cannot be written: there is no folder no"),
    ],
)
def test_where_nothing_can_be_saved_nothing_is_run(
    options: str, code: int, message: str, backtrace_command: Runner, tmp_path: Path
) -> None:
    (tmp_path / "net.yaml").write_text(MEAN + "learning_rate: 0.5\n")
    (tmp_path / "net.yaml.npz").write_text("mine")
    before = sorted(tmp_path.iterdir())
    refused = backtrace_command("run", "net.yaml", *options.split(), cwd=tmp_path)
    assert (refused.code, refused.out, refused.err.startswith(message)) == (code, "", True), refused.err
    assert sorted(tmp_path.iterdir()) == before
