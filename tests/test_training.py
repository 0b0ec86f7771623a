"""Training: batches and their order, the condition that ends it, given gradients, layers updated before going back."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import backtrace
from backtrace import training
from backtrace.arrays.executor import ArrayExecutor
from backtrace.build import build
from backtrace.codegen import ScalarExecutor
from backtrace.config import from_document, read
from backtrace.errors import ConfigError, UsageError
from backtrace.executor import Executor
from backtrace.graph import Graph
from backtrace.schedule import Moment, Schedule
from backtrace.training import MOST, train
from backtrace.yamlfile import parse
from tests.runner import ROOT, Runner

KINDS = [ArrayExecutor, ScalarExecutor]
DATA = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.5, 0.5, 1.0]])
SAMPLES = """
inputs: [[0, 0], [0, 1], [1, 0], [1, 1], [0.5, 0.5]]
targets: [[0], [1], [1], [0], [1]]
learning_rate: 0.5
layers:
  - {weights: [[0.1], [0.3]], bias: [0.2], pre: z, out: o, activation: sigmoid}
loss: half_squared_error
"""


def graph(text: str) -> Graph:
    return build(from_document(parse(text, "net.yaml")))


def trained(samples: np.ndarray, batches: list[list[int]], mean: bool = False) -> list[float]:
    """The weights after updates on the batches, in plain numpy."""
    weights = np.array([0.1, 0.3, 0.2])
    for batch in batches:
        x = np.hstack([samples[batch, :2], np.ones((len(batch), 1))])
        o = 1 / (1 + np.exp(-x @ weights))
        slopes = x.T @ ((o - samples[batch, 2]) * o * (1 - o))
        weights = weights - 0.5 * slopes / (len(batch) if mean else 1)
    return [float(weight) for weight in weights]


def final(net: Graph, epochs: int, kind: type[Executor]) -> list[float]:
    state = train(net, epochs, [], executor=kind(net)).state  # type: ignore[call-arg]
    return [float(number) for name in ("W", "b") for number in state[name].ravel()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("keys", "batches"),
    [
        ("batch_size: 1", [[0], [1], [2], [3], [4]]),
        ("batch_size: 1\norder: [2, 1, 5, 4, 3]", [[1], [0], [4], [3], [2]]),
        ("batch_size: 2\nreduce: sum", [[0, 1], [2, 3], [4]]),
        ("batch_size: 3\nreduce: mean", [[0, 1, 2], [3, 4]]),
        ("batch_size: 5\nreduce: sum", [[0, 1, 2, 3, 4]]),
        ("batch_size: 4\nreduce: sum\norder: [5, 4, 3, 2, 1]", [[4, 3, 2, 1], [0]]),
    ],
)
def test_batches_are_the_updates_of_plain_numpy(keys: str, batches: list[list[int]], kind: type[Executor]) -> None:
    right = trained(DATA, batches * 3, mean="mean" in keys)
    assert final(graph(SAMPLES + keys), 3, kind) == pytest.approx(right, rel=1e-13)


def test_a_seed_shuffles_as_a_numpy_generator_does() -> None:
    draw = np.random.default_rng(7)
    batches = [[int(sample)] for _ in range(3) for sample in draw.permutation(5)]
    net = graph(SAMPLES + "batch_size: 1\nshuffle: {seed: 7}")
    assert final(net, 3, ScalarExecutor) == pytest.approx(trained(DATA, batches), rel=1e-13)


def test_recording_more_changes_no_figure() -> None:
    net = graph(SAMPLES + "batch_size: 2\nreduce: sum\nshuffle: {seed: 1}")
    few, many = train(net, 6, [1]), train(net, 6, range(1, 7))
    assert np.array_equal(few.losses, many.losses)
    assert {moment: float(record["E_tot"]) for moment, record in few.records.items()} == {
        moment: float(many.records[moment]["E_tot"]) for moment in few.records
    }


@pytest.mark.parametrize(
    ("keys", "right"),
    [("reduce: sum", sum), ("reduce: mean", lambda losses: float(np.average(losses, weights=[2, 2, 1])))],
)
def test_the_loss_of_an_epoch_combines_its_updates(keys: str, right: object) -> None:
    found = train(graph(f"{SAMPLES}batch_size: 2\n{keys}"), 1, [1])
    losses = [float(record["E_tot"]) for record in found.records.values()]
    assert len(losses) == 3
    assert found.losses[0] == pytest.approx(right(losses))  # type: ignore[operator]


def test_of_an_epoch_of_many_updates_the_first_and_the_last_are_recorded_and_those_named() -> None:
    rows = ", ".join(f"[{k}]" for k in range(100))
    net = graph(f"inputs: [{rows}]\nbatch_size: 1\nequations: {{e: sum(x)**2}}\nminimize: e\n")
    found = train(net, 1, [1, (1, 90)]).records
    assert list(found) == [*(Moment(1, update) for update in range(1, MOST + 1)), Moment(1, 90), Moment(1, 100)]


@pytest.fixture
def online(tmp_path: Path) -> str:
    file = tmp_path / "online.yaml"
    file.write_text(SAMPLES + "batch_size: 1\nepochs: 2\n")
    return str(file)


def test_keys_name_an_update_or_all_of_an_epoch(online: str) -> None:
    trace = backtrace.run(online)
    weights = [trace[f"W11@1.{update}"] for update in range(1, 6)]
    assert weights[0] == 0.1
    assert trace["W11+@1.1"] == weights[1]
    assert np.ravel(trace["W11@1"]).tolist() == weights
    assert trace["W11@2.1"] == trace["W11+@1.5"]
    assert trace["z"] == trace["z@1.1"] == 0.2
    with pytest.raises(UsageError, match=r"update 6 of epoch 1 is not recorded"):
        trace["z@1.6"]


def test_a_report_says_which_sample_an_update_uses(online: str) -> None:
    text = str(backtrace.run(online))
    assert "── epoch 1, update 2 of 5: sample 2 ──" in text
    assert "… 1 update more (--epoch 1.4)" in text
    assert "── epoch 1, update 5 of 5: sample 5 ──" in text
    assert "E_tot, sum over the updates of each epoch" in text


def test_a_value_set_for_all_samples_is_set_in_every_batch(online: str) -> None:
    trace = backtrace.run(online, values={"x1": 0.25})
    assert list(np.ravel(trace["x1@1"])) == [0.25] * 5


# ── until ──────────────────────────────────────────────────────────────────────────────────────────────

SQUARE = "parameters: {w: 1}\nlearning_rate: 0.25\nequations: {E: w**2}\nminimize: E\n"  # w halves each time


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("condition", "epochs"),
    [
        ("E < 0.01", 5),
        ("E <= 1", 1),
        ("abs(w) < 1e-3", 11),
        ("abs(grad(w)) <= 0.25", 4),
        ("E < 0", 50),
    ],
)
def test_training_ends_with_the_first_epoch_in_which_the_condition_holds(
    condition: str, epochs: int, kind: type[Executor]
) -> None:
    net = graph(f'{SQUARE}until: "{condition}"\nepochs: 50\n')
    found = train(net, 50, [2], executor=kind(net))  # type: ignore[call-arg]
    assert len(found.losses) == epochs
    assert max(found.records) == Moment(epochs)
    assert found.stopped == (epochs < 50)


def test_a_condition_holds_for_every_sample_of_every_update() -> None:
    rule = SAMPLES.replace("loss: half_squared_error", "upstream: {z: o - y}").replace("sigmoid", "step")
    four = rule.replace(", [0.5, 0.5]]", "]").replace("[[0], [1], [1], [0], [1]]", "[[0], [0], [0], [1]]")
    net = graph(four + 'batch_size: 1\nepochs: 50\nuntil: "o == y"\n')
    found = train(net, 50, [])
    last = [record for moment, record in found.records.items() if moment.epoch == len(found.losses)]
    assert found.stopped
    assert [float(record["o"][0]) for record in last] == [0, 0, 0, 1]


# ── given gradients ────────────────────────────────────────────────────────────────────────────────────


def test_an_upstream_gradient_in_place_of_a_loss_gives_its_gradients() -> None:
    loss, seeded = (graph(SAMPLES.replace("loss: half_squared_error", how) + "reduce: sum\n") for how in UPSTREAM)
    first, second = (train(net, 3, [1, 3]).records for net in (loss, seeded))
    for moment in first:
        for name in ("W+", "b+", "dE_tot/dz"):
            assert np.allclose(first[moment][name], second[moment][name], rtol=1e-14)


UPSTREAM = ("loss: half_squared_error", "upstream: {o: o - y}")


def test_figures_may_flow_back() -> None:
    trace_ = "inputs: {x: [1, 2]}\nparameters: {W: [[1, 2, 3], [4, 5, 6]]}\nequations: {z: x @ W}\n"
    net = graph(trace_ + "upstream: {z: [1, 0, -1]}\n")
    assert train(net, 1, []).records[Moment(1)]["dE_tot/dW"].tolist() == [[1, 0, -1], [2, 0, -2]]


def test_the_objective_of_given_gradients_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "rule.yaml"
    file.write_text("inputs: {x: 2}\nparameters: {w: 3}\nequations: {z: w*x}\nupstream: {z: z - 1}\nlearning_rate: 1\n")
    trace = backtrace.run(file)
    text = str(trace)
    assert "E_tot =" not in text
    assert "∂E_tot/∂z = z - 1" in text
    assert trace["w+"] == 3 - (6 - 1) * 2


@pytest.mark.parametrize(
    ("given", "right"),
    [("[[1, 2], [3, 4], [5, 6]]", [[1, 2], [3, 4], [5, 6]]), ("[1, 2]", [[1, 2], [1, 2], [1, 2]])],
)
def test_gradients_are_given_for_each_update_or_once(given: str, right: list[list[float]]) -> None:
    net = graph(f"parameters: {{w: [0, 0]}}\nlearning_rate: 1\ngradients: {{w: {given}}}\n")
    found = train(net, 3, [1, 2, 3])
    assert [record["dE_tot/dw"].tolist() for record in found.records.values()] == right
    assert found.state["w"].tolist() == (-np.sum(right, axis=0)).tolist()


# ── layers updated before going back ───────────────────────────────────────────────────────────────────

TWO = """
inputs: {x: [1, 2]}
targets: {y: [1]}
learning_rate: 0.5
layers:
  - {weights: [[0.1, 0.2], [0.3, 0.4]], pre: z, out: h, activation: sigmoid}
  - {weights: [[0.5], [-0.6]], pre: t, out: o, activation: sigmoid}
loss: half_squared_error
"""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["old_weights", "new_weights"])
def test_what_flows_back_reads_the_old_or_the_new_weights(way: str, kind: type[Executor]) -> None:
    net = graph(f"{TWO}backward: {way}\n")
    found = train(net, 1, [], executor=kind(net)).records[Moment(1)]  # type: ignore[call-arg]
    x, first, second = np.array([1.0, 2.0]), np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([0.5, -0.6])
    h = 1 / (1 + np.exp(-x @ first))
    o = 1 / (1 + np.exp(-h @ second))
    delta = (o - 1) * o * (1 - o)
    passed = second - 0.5 * delta * h if way == "new_weights" else second
    assert found["W2+"].ravel() == pytest.approx(second - 0.5 * delta * h, rel=1e-14)
    assert found["W1+"] == pytest.approx(first - 0.5 * np.outer(x, delta * passed * h * (1 - h)), rel=1e-14)


def test_a_formula_of_the_variant_names_the_new_weight(tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(TWO + "backward: new_weights\n")
    trace = backtrace.run(file)
    assert trace["local(t,h1)"] == trace["W2_1_1+"] != trace["W2_1_1"]
    assert trace["dE_tot/dh1"] == pytest.approx(trace["dE_tot/dt"] * trace["W2_1_1+"], rel=1e-14)


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────

SHARED = "inputs: {x: 1}\nparameters: {w: 2}\nlearning_rate: 1\nequations: {a: w*x, b: w*a}\nminimize: b\n"
FAULTS = {
    "no samples to a batch": (SAMPLES + "batch_size: 0", "expected 1 or more samples an update, got the number 0"),
    "a batch of one sample": ("inputs: {x: 1}\nequations: {a: x}\nbatch_size: 1", "batch_size: is for several samples"),
    "more than there are": (SAMPLES + "batch_size: 9", "batch_size is 9, but there are 5 samples"),
    "shuffling everything": (SAMPLES + "reduce: sum\nshuffle: {seed: 1}", "shuffle: is for batches, but every update"),
    "shuffling without a seed": (SAMPLES + "batch_size: 1\nshuffle: {}", "shuffle has no seed:"),
    "an order of others": (SAMPLES + "batch_size: 1\norder: [1, 2, 3]", "order: names each of the samples 1 to 5 once"),
    "a condition on nothing": (SQUARE + "until: F < 1", '"F" is not known here'),
    "a condition that is none": (SQUARE + "until: [1]", "expected a condition such as E_tot < 1e-3"),
    "a gradient there is not": (SQUARE + 'until: "grad(q) < 1"', 'there is no gradient by "q"'),
    "two that flow back": (SQUARE + "upstream: {E: 1}", "minimize: and upstream: exclude each other"),
    "upstream of nothing": ("inputs: {x: 1}\nequations: {z: x}\nupstream: {q: 1}", '"q" is not known here'),
    "upstream of another shape": (
        "inputs: {x: [1, 2]}\nequations: {z: 2*x}\nupstream: {z: [1, 2, 3]}",
        "z is 2, not 3",
    ),
    "gradients of another shape": ("parameters: {w: [1, 2]}\ngradients: {w: [[1], [2]]}", "w is 2, not 2x1"),
    "gradients of unequal length": (
        "parameters: {w: 1, v: 1}\ngradients: {w: [1, 2], v: [1, 2, 3]}",
        "gradients of different numbers of updates: 2 of w, 3 of v",
    ),
    "a layer read again": (SHARED + "backward: new_weights", "a layer cannot be updated before going back"),
    "a name that means the rate": (
        "inputs: {learning_rate: 1}\nequations: {y: 2*learning_rate}",
        '"learning_rate" is given as',
    ),
    "another way back": (SHARED + "backward: sideways", "expected old_weights or new_weights"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_not_fit_is_refused(name: str) -> None:
    text, message = FAULTS[name]
    with pytest.raises(ConfigError) as caught:
        graph(text + "\n")
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].message.startswith(message)


def test_more_epochs_than_given_gradients_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "given.yaml"
    file.write_text("parameters: {w: 1}\nlearning_rate: 1\ngradients: {w: [1, 2]}\n")
    assert len(backtrace.run(file).losses) == 2
    with pytest.raises(UsageError, match="gradients are given for 2 updates, but 3 epochs are asked for"):
        backtrace.run(file, epochs=3)


def test_batches_of_a_schedule() -> None:
    schedule = Schedule(count=5, size=2, order=(4, 3, 2, 1, 0))
    epochs = schedule.epochs()
    assert next(epochs) == next(epochs) == [(4, 3), (2, 1), (0,)]


# ── several learning rates ─────────────────────────────────────────────────────────────────────────────


def test_several_learning_rates_stand_side_by_side(backtrace_command: Runner, tmp_path: Path) -> None:
    file = tmp_path / "rates.yaml"
    file.write_text(SQUARE.replace("0.25", "[0.25, 0.5, 1e300]") + "epochs: 3\n")
    outcome = backtrace_command("run", str(file))
    assert outcome.code == 0
    lines = outcome.out.partition("── learning rates side by side ")[2].splitlines()[1:]
    assert [line.split() for line in lines] == [
        ["η", "=", "0.25", "η", "=", "0.5", "η", "=", "1.00000000e+300"],
        ["E,", "epoch", "1", "1.00000000", "1.00000000", "-"],
        ["E,", "epoch", "2", "0.25000000", "0.00000000", "-"],
        ["E,", "epoch", "3", "0.06250000", "0.00000000", "-"],
        ["w⁺", "0.12500000", "0.00000000", "-"],
    ]
    assert backtrace.run(file).rates[0.5]["w+@3"] == 0  # type: ignore[index]


def test_a_rate_that_is_set_stands_alone(backtrace_command: Runner, tmp_path: Path) -> None:
    file = tmp_path / "rates.yaml"
    file.write_text(SQUARE.replace("0.25", "[0.25, 0.5]"))
    for name in ("learning_rate", "lr", "eta"):
        assert "side by side" not in backtrace_command("run", str(file), "--set", f"{name}=0.1").out


def test_the_condition_stands_in_the_last_heading_only(tmp_path: Path) -> None:
    file = tmp_path / "square.yaml"
    file.write_text(SQUARE + "until: E < 0.01\nepochs: 50\n")
    text = str(backtrace.run(file))
    assert "── training, 5 epochs until E < 0.01 ──" in text
    assert text.count("until") == 1
    assert "where" not in text


def test_an_embedding_is_looked_up_anew_in_every_batch(tmp_path: Path) -> None:
    file = tmp_path / "words.yaml"
    file.write_text(
        "inputs: [{word: 0}, {word: 2}, {word: 1}]\nparameters: {E: [[1, 2], [3, 4], [5, 6]]}\nbatch_size: 1\n"
        "learning_rate: 0.5\nequations:\n  e: E[word]\n  L: sum(e)\nminimize: L\n"
    )
    trace = backtrace.run(file)
    assert np.asarray(trace["e@1"]).tolist() == [[1, 2], [5, 6], [3, 4]]
    assert np.asarray(trace["E+@1.3"]).tolist() == [[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]]


def test_an_update_that_is_not_there_is_refused(backtrace_command: Runner) -> None:
    outcome = backtrace_command("run", "configs/example.yaml", "--epoch", "1.5")
    assert (outcome.code, outcome.out) == (2, "")
    assert "update 5 of epoch 1 is not recorded" in outcome.err


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0, [1, 3, 7, 15, 20]), (0.03, [*range(1, 21)]), (9.0, [*range(1, 21)])]
)
@pytest.mark.parametrize("keep", [[], range(1, 21)])
def test_who_watches_is_told_often_where_epochs_take_long_and_seldom_where_they_do_not(
    monkeypatch: pytest.MonkeyPatch, seconds: float, told: list[int], keep: Sequence[int]
) -> None:
    clock = itertools.count(0.0, seconds)
    monkeypatch.setattr(training, "perf_counter", lambda: next(clock))
    found: list[int] = []
    train(build(read(ROOT / "configs/example.yaml")), 20, keep, progress=found.append)
    assert found == (told if keep or seconds else [1, 3, 7, 15, 19, 20])
