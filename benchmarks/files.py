"""How long saving, loading and comparing take beside numpy and json: python -m benchmarks.files.

Ratios count, not times: both run in turn in one process on the same numbers; of the ratios the median and the middle
half are printed.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import backtrace
from backtrace.config import from_document
from backtrace.trace import Trace
from backtrace.yamlfile import parse
from benchmarks.measure import interleaved, ratios, seconds, spread

LARGE = """\
seed: 1
learning_rate: 0.001
inputs: {init: normal, shape: [1000]}
targets: {init: normal, shape: [1000]}
layers: [{weights: {init: normal, std: 0.01}, units: 1000, activation: tanh}]
loss: mean_squared_error
"""
SMALL = LARGE.replace("1000", "100")
KEYED = "inputs: {u: %s, v: %s}\nequations: {y: 'outer(u, v)', s: sum(y)}\nminimize: s\n"
SAMPLED = """\
seed: 1
inputs: {init: random, shape: [50000, 1]}
parameters: {w: 0.5, b: 0.1}
equations: {z: w*x + b, h: sigmoid(z), E: sum(h**2)}
minimize: E
reduce: sum
"""


def traced(text: str, keep: tuple[int, ...]) -> Trace:
    """What a config computes, with these epochs recorded."""
    return backtrace.run(from_document(parse(text, "files.yaml")), epochs=max(keep), keep=keep)


def arrays_of(trace: Trace) -> dict[str, Any]:
    """Everything recorded, as numpy would save it."""
    return {f"{m}/{name}": a for m, record in trace.recording.records.items() for name, a in record.items()}


def compared(what: str, ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> None:
    """Print how many times longer ours takes."""
    found = interleaved({"ours": lambda: seconds(ours), "theirs": lambda: seconds(theirs)}, rounds)
    middle, low, high = ratios(found["theirs"], found["ours"])
    times = (spread(found[name])[0] * 1e3 for name in ("ours", "theirs"))
    print(f"{what:38}{next(times):10.1f} ms{next(times):10.1f} ms{middle:8.2f}  ({low:.2f}-{high:.2f})")


def npz(folder: str) -> None:
    """Ten million values beside numpy.savez and numpy.load, which reads every array."""
    trace = traced(LARGE, (1, 2, 3))
    arrays = arrays_of(trace)
    ours, theirs = os.path.join(folder, "ours.npz"), os.path.join(folder, "theirs.npz")
    count = sum(array.size for array in arrays.values())

    def read() -> dict[str, Any]:
        with np.load(theirs) as found:
            return {name: found[name] for name in found.files}

    compared(
        f"npz saved, {count:,} values", lambda: trace.save(ours, force=True), lambda: np.savez(theirs, **arrays), 7
    )
    compared("npz loaded", lambda: backtrace.load(ours), read, 7)


def json_file(folder: str) -> None:
    """A hundred thousand values beside json.dump and json.load of the same lists."""
    trace = traced(SMALL, (1, 2, 3))
    lists = {name: array.tolist() for name, array in arrays_of(trace).items()}
    ours, theirs = os.path.join(folder, "ours.json"), os.path.join(folder, "theirs.json")
    count = sum(array.size for array in arrays_of(trace).values())
    compared(
        f"json saved, {count:,} values",
        lambda: trace.save(ours, force=True),
        lambda: Path(theirs).write_text(json.dumps(lists)),
        9,
    )
    compared("json loaded", lambda: backtrace.load(ours), lambda: json.loads(Path(theirs).read_text()), 9)


def csv_file(folder: str) -> None:
    """A hundred thousand rows saved and read, beside the csv module."""
    trace = traced(SMALL, (1, 2, 3))
    ours, theirs = os.path.join(folder, "ours.csv"), os.path.join(folder, "theirs.csv")

    def write() -> None:
        with open(theirs, "w", newline="") as file:
            writer = csv.writer(file)
            for moment, record in trace.recording.records.items():
                for name, array in record.items():
                    writer.writerows((*moment, name, value) for value in array.ravel().tolist())

    def read() -> None:
        with open(theirs, newline="") as file:
            for row in csv.reader(file):
                float(row[-1])

    compared("csv saved", lambda: trace.save(ours, force=True), write, 5)
    compared("csv loaded", lambda: backtrace.load(ours), read, 5)


def differences(folder: str) -> None:
    """A hundred thousand figures of a CSV file compared, beside reading them by the csv module alone."""
    keyed = backtrace.run(from_document(parse(KEYED % ([1] * 400, [1] * 250), "files.yaml")))
    path = os.path.join(folder, "keyed.csv")
    with open(path, "w", newline="") as file:
        rows = (f"y_{i}_{j},1.000000\n" for i in range(1, 401) for j in range(1, 251))
        file.write("key,value\n" + "".join(rows))
    samples = traced(SAMPLED, (1,))
    many = os.path.join(folder, "samples.csv")
    with open(many, "w", newline="") as file:
        record = samples.epochs[0].record
        lines = (f"{s},{n},{v!r}\n" for n in ("z", "h") for s, v in enumerate(np.ravel(record[n]).tolist(), 1))
        file.write("sample,key,value\n" + "".join(lines))
    for what, trace, name in (("keyed", keyed, path), ("of samples", samples, many)):
        compared(f"100,000 figures {what} compared", partial(backtrace.diff, trace, name), partial(read_rows, name), 3)


def read_rows(name: str) -> list[list[str]]:
    """The cells of a CSV file, by the csv module alone."""
    with open(name, newline="") as file:
        return list(csv.reader(file))


def main() -> None:
    """Print a row for each kind of file."""
    print(f"{'':38}{'ours':>13}{'theirs':>13}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for part in (npz, json_file, csv_file, differences):
            part(folder)


if __name__ == "__main__":
    main()
