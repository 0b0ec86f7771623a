"""A million epochs of the smallest example as a whole process: seconds, and memory beside a hundredth of the epochs."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.loads import CONFIGS
from benchmarks.measure import PYTHON, spread
from benchmarks.peers.ours import has_compiler

EPOCHS = (10_000, 1_000_000)
LIMIT = 2.0
"""The processor's seconds, which are those on the clock where nothing else runs."""
RUN = "from backtrace.cli import main; import sys; {}sys.argv[0] = 'backtrace'; main()"
WITHOUT = "sys.modules['llvmlite'] = None; "
# A process begins with the memory of the one that starts it: a small one stands between.
BETWEEN = """
import os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Run(NamedTuple):
    """The processor's seconds of one run, those on the clock, and the most megabytes."""

    processor: float
    clock: float
    memory: float


def process(program: str, epochs: int) -> Run:
    """One run with the default output."""
    command = [PYTHON, "-c", program, "run", str(CONFIGS / "example.yaml"), "--epochs", str(epochs)]
    found = subprocess.run([PYTHON, "-c", BETWEEN, *command], cwd=CONFIGS.parent, check=True, capture_output=True)
    return Run(*map(float, found.stdout.split()))


def table(rounds: int) -> Iterator[str]:
    """A row for each number of epochs, without and with the extra that makes machine code."""
    yield "\nbacktrace run configs/example.yaml --epochs N, a whole process"
    yield from rows("without extras", RUN.format(WITHOUT), rounds)
    if has_compiler():
        yield from rows("with machine code", RUN.format(""), rounds)


def rows(name: str, program: str, rounds: int) -> Iterator[str]:
    """A row for each number of epochs, and whether the last is fast enough."""
    found: dict[int, list[Run]] = {epochs: [] for epochs in EPOCHS}
    for _ in range(rounds):
        for epochs in EPOCHS:
            found[epochs].append(process(program, epochs))
    for epochs, runs in found.items():
        middle, low, high = spread([run.processor for run in runs])
        clock, most = spread([run.clock for run in runs])[0], max(run.memory for run in runs)
        times = f"{middle:6.2f} s ({low:.2f} to {high:.2f}), {clock:.2f} on the clock"
        yield f"  {name:18}{epochs:10,} epochs{times}, {most:.1f} MB at most"
    verdict = "met" if middle <= LIMIT else f"missed by {middle / LIMIT:.2f}"
    yield f"  {name:18} wanted: within {LIMIT:g} s: {verdict}"
