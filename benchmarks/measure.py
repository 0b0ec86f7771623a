"""Fair timing on a busy machine: everything runs in turn, round after round, and ratios of medians are printed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def process_seconds(command: Sequence[str]) -> float:
    """How long a whole process takes; its output is thrown away."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def interleaved(runs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each, measured in turn so that all meet the same weather; a first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(rounds + 1):
        for name, run in runs.items():
            taken = run()
            if round_:
                found[name].append(taken)
    return found


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """The median, and the middle half: 25 and 75 percent."""
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return middle, low, high


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """How many times longer theirs take than ours, round by round: median and middle half."""
    return spread([b / a for a, b in zip(ours, theirs, strict=True)])


PYTHON = sys.executable
