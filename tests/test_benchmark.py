"""``backtrace bench``: what is measured, how rounds are chosen, what is printed; the clock is made for it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backtrace.benchmark import FEWEST, ROUNDS, Benchmark, Timing, measure
from backtrace.errors import NumericError
from backtrace.recording import Recording
from backtrace.render.timings import benchmark_lines, duration
from tests.runner import Runner

ROOT = Path(__file__).parent.parent
EXAMPLE = str(ROOT / "configs" / "example.yaml")

LINE = "parameters: {w: 1}\nequations: {e: w**2}\nminimize: e\nlearning_rate: %s\n"
BATCHES = """
inputs: [{x: 1}, {x: 2}, {x: 3}]
targets: [{y: 1}, {y: 2}, {y: 3}]
parameters: {w: 0.5}
equations: {o: w*x, e: (y - o)**2}
minimize: e
learning_rate: 0.01
batch_size: 2
reduce: sum
"""


class Clock:
    """Goes on by so many seconds whenever it is read."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    """A file with a config."""

    def write(text: str) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_rounds_grow_until_they_take_their_share_and_are_as_many_as_the_seconds_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(0.0)

    def train(graph: object, epochs: int, keep: Sequence[int], **options: object) -> Recording:
        clock.now += epochs * (0.004 if keep else 0.001)
        return Recording({}, np.zeros(epochs), {}, "arrays")

    monkeypatch.setattr("backtrace.benchmark.train", train)
    found = measure(EXAMPLE, 3.0, clock)
    # a share is 3 / 2 / 15 = 0.1 seconds, and a length at most ten times the one before
    assert (found.epoch.epochs, found.epoch.rounds, found.recorded.epochs) == (100, ROUNDS, 25)
    assert (round(found.epoch.median, 9), round(found.recorded.median, 9)) == (0.001, 0.004)


def test_a_round_that_takes_longer_than_its_share_has_one_epoch_and_there_are_a_few_of_them() -> None:
    found = measure(EXAMPLE, 1.0, Clock(0.75))
    assert found.epoch == found.recorded == Timing(0.75, 0.75, 0.75, FEWEST, 1)
    assert (found.building, found.preparing) == (0.75, 0.75)


def test_rounds_end_before_numbers_leave_the_finite_range(written: Callable[[str], str]) -> None:
    found = measure(written(LINE % 10), 30.0, Clock(0.01))
    assert found.diverges
    assert found.ends is not None
    assert found.epoch.epochs == found.recorded.epochs == found.ends - 1 > 100


def test_numbers_that_leave_the_finite_range_at_once_are_an_error(written: Callable[[str], str]) -> None:
    with pytest.raises(NumericError, match="epoch 1: w⁺ is infinite; "):
        measure(written(LINE % "1e308\nepochs: 3"), 1.0, Clock(0.01))


def test_rounds_end_where_training_does(written: Callable[[str], str]) -> None:
    found = measure(written(LINE % "0.1" + "until: e < 0.1\n"), 30.0, Clock(0.01))
    assert (found.epoch.epochs, found.ends, found.diverges) == (7, 7, False)


def test_an_epoch_of_batches_is_measured_with_all_its_updates(written: Callable[[str], str]) -> None:
    found = measure(written(BATCHES), 1.0, Clock(0.75))
    assert (found.graph.updates_per_epoch, found.epoch.epochs) == (2, 1)
    assert "an update         375 ms" in printed(found)


def printed(found: Benchmark, ascii_: bool = False) -> list[str]:
    return ["".join(span.text for span in line) for line in benchmark_lines(found, ascii_)]


def benchmark() -> Benchmark:
    """The example with times that could be measured."""
    found = measure(EXAMPLE, 0.01, Clock(1.0))
    epoch = Timing(5.7e-7, 5.6e-7, 6.123e-7, 15, 65536)
    return replace(found, building=0.0045, preparing=0.0022, epoch=epoch, recorded=Timing(2e-6, 1.9e-6, 2.1e-6, 9, 1))


def test_what_is_printed() -> None:
    assert printed(benchmark()) == [
        "Back propagation, two inputs, two hidden, two outputs",
        "samples           1",
        "parameters        8",
        "updates an epoch  1",
        "executor          scalars: generated Python on single numbers",
        "because of        38 scalar statements, at most 400",
        "an update has     38 numbers, computed by 16 equations",
        "",
        "to the graph      4.50 ms",
        "to the executor   2.20 ms",
        "an epoch          570 ns    half of 15 rounds 560 ns to 612 ns, 65,536 epochs each",
        "recorded          2.00 µs   half of 9 rounds 1.90 µs to 2.10 µs, 1 epoch each",
        "1,000             epochs in 7.27 ms",
        "1,000,000         epochs in 577 ms",
    ]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"ends": 38, "diverges": True}, "numbers finite    to epoch 37: no round goes further"),
        ({"ends": 7}, "training ends     with epoch 7, by until:"),
        ({"executor": "machine"}, "executor          machine: chosen by size"),
    ],
)
def test_what_is_printed_beside_it(changed: dict[str, object], line: str) -> None:
    assert line in printed(replace(benchmark(), **changed))  # type: ignore[arg-type]


def test_the_measure_that_is_too_large_is_the_one_that_decides() -> None:
    found = benchmark()
    sizes = (found.sizes[0], replace(found.sizes[1], found=5000), found.sizes[2])
    assert "because of        5,000 elements in an array, more than 1,000" in printed(replace(found, sizes=sizes))


def test_ascii_has_no_greek_letter() -> None:
    assert all(line.isascii() for line in printed(benchmark(), ascii_=True))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.00 ns"),
        (4.2e-10, "0.42 ns"),
        (9.995e-9, "10.0 ns"),
        (9.996e-7, "1.00 µs"),
        (0.99951, "1.00 s"),
        (59.94, "59.9 s"),
        (60.0, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (90000.0, "1 d 1 h"),
    ],
)
def test_durations_have_three_digits_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_command_prints_it(backtrace_command: Runner) -> None:
    outcome = backtrace_command("bench", EXAMPLE, "--seconds", "0.01")
    assert outcome.code == 0
    assert [line[:18].strip() for line in outcome.out.splitlines()[1:]] == [
        *("samples", "parameters", "updates an epoch", "executor", "because of", "an update has", ""),
        *("to the graph", "to the executor", "an epoch", "recorded", "1,000", "1,000,000"),
    ]
