"""A saved trace is the trace: loaded from any format it has every number, and every page of it reads the same."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backtrace
from backtrace.comparison import diff
from backtrace.errors import BacktraceError, ConfigError, FileError, UsageError
from backtrace.expressions import Element
from backtrace.saved import FORMATS, is_saved
from backtrace.saved.cells import Cells, key_of
from backtrace.saved.header import header_of
from backtrace.saved.rebuilding import Plan
from backtrace.schedule import Moment
from backtrace.trace import Trace
from tests.runner import ROOT, Runner

CONFIGS = sorted(path.name for path in (ROOT / "configs").glob("*.yaml") if "expected" not in path.name)
CHAIN = ("npz", "json", "csv", "npz")
LAYERS = """
layers:
  - {name: hidden, weights: {name: W, init: normal, std: 0.5}, units: 3, activation: tanh, bias: [0.1, 0.2, 0.3]}
  - {name: output, weights: {name: V, init: normal, std: 0.5}, units: 1, activation: sigmoid}
loss: half_squared_error
seed: 4
"""
SAMPLES = """
inputs: [{a: 0.5, b: 1}, {a: -1, b: 0.25}, {a: 2, b: 0}, {a: 0.75, b: -0.5}, {a: 0.1, b: 0.9}]
targets: [{t: 1}, {t: 0}, {t: 1}, {t: 0}, {t: 1}]
reduce: mean
"""
GATES = """
inputs: [{x: 1.0, v: [1, 2]}, {x: 2.0, v: [3, -1]}]
parameters: {w: 0.5, u: [0.1, 0.2], n: [[1, 2], [3, 4]]}
gates: true
reduce: sum
equations: {e: (-(x*w) - 1)**2 + sum((v*u)*exp(-v*u)) + sum(n @ v)}
minimize: e
learning_rate: 0.01
"""
MINUS = """
inputs: {x: 1.5}
parameters: {w: 0.5}
gates: true
equations: {e: exp(-w) * x}
minimize: e
learning_rate: 0.1
"""
ONE = "inputs: {x: 2}\nparameters: {w: 0.5}\nequations: {e: (x*w - 3)**2}\nminimize: e\n"
VARIANTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "batches": (SAMPLES + LAYERS + "learning_rate: 0.5\nbatch_size: 2\nshuffle: {seed: 7}\n", {"epochs": 3}),
    "one after another": (SAMPLES + LAYERS + "learning_rate: 0.5\nbatch_size: 1\n", {"epochs": 2, "keep": [(2, 3)]}),
    "an optimizer with states": (SAMPLES + LAYERS + "optimizer: adam\nlearning_rate: 0.1\n", {"epochs": 5}),
    "chosen epochs": (ONE + "learning_rate: 0.01\n", {"epochs": 30, "keep": [4, 9]}),
    "set values": (ONE + "learning_rate: 0.1\n", {"values": {"w": 0.1, "learning_rate": 0.3}}),
    "until": (ONE + "learning_rate: 0.1\nuntil: e < 0.001\n", {}),
    "several rates": (ONE + "learning_rate: [0.1, 0.01, 1e200]\nepochs: 4\n", {}),
    "rounding": (SAMPLES + LAYERS + "learning_rate: 0.5\n", {"epochs": 2, "rounding": "3sf"}),
    "gates": (GATES, {"epochs": 2}),
    "a gate with a minus": (MINUS, {}),
    "nothing to train": ("inputs: {x: 2}\nequations: {y: x**2}\n", {}),
    "line ends of other systems": ((ONE + "learning_rate: 0.1 # 학습률\n").replace("\n", "\r\n"), {}),
}


def made(folder: Path, name: str) -> Trace:
    """The trace of a variant."""
    text, options = VARIANTS[name]
    (folder / "net.yaml").write_bytes(text.encode())
    return backtrace.run(folder / "net.yaml", **options)


def through(trace: Trace, folder: Path) -> Trace:
    """A trace saved and loaded in one format after another, compared after each."""
    found, first = trace, b""
    for ending in CHAIN:
        found.save(path := folder / f"t.{ending}", force=True)
        found = backtrace.load(path)
        assert_same(found, trace)
        if ending == "npz":
            assert first in (b"", path.read_bytes())
            first = path.read_bytes()
    return found


def assert_same(found: Trace, trace: Trace) -> None:
    """Every number is the same, to the last bit."""
    assert list(found.recording.records) == sorted(trace.recording.records)
    for moment, record in trace.recording.records.items():
        again = found.recording.records[moment]
        assert list(again) == list(record)
        assert {name: bits(array) for name, array in again.items()} == {n: bits(a) for n, a in record.items()}
    assert bits(found.losses) == bits(trace.losses)
    assert {n: bits(a) for n, a in found.recording.state.items()} == {
        n: bits(a) for n, a in trace.recording.state.items()
    }
    assert (found.recording.batches, found.recording.stopped) == (trace.recording.batches, trace.recording.stopped)
    assert (found.rounding, found.origin) == (trace.rounding, trace.origin)


def bits(array: Any) -> tuple[Any, ...]:
    return array.shape, array.dtype, array.tobytes()


# ── round trips ──


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_s_trace_reads_the_same_after_all_formats(tmp_path: Path, name: str) -> None:
    trace = backtrace.run(ROOT / "configs" / name)
    assert str(through(trace, tmp_path)) == str(trace)


@pytest.mark.parametrize("name", VARIANTS)
def test_whatever_a_run_is_made_of_is_saved(tmp_path: Path, name: str) -> None:
    trace = made(tmp_path, name)
    found = through(trace, tmp_path)
    assert str(found) == str(trace)
    assert found.rates.keys() == trace.rates.keys()


def test_the_rates_of_a_trace_are_run_again_and_can_be_saved_themselves(tmp_path: Path) -> None:
    trace = made(tmp_path, "several rates")
    found = through(trace, tmp_path)
    assert trace.rates[1e200] is None is found.rates[1e200]
    other = trace.rates[0.01]
    assert other
    assert str(through(other, tmp_path)) == str(other)


@pytest.fixture
def with_data(tmp_path: Path) -> Path:
    """A config whose samples stand in a CSV file and an npz; the files are gone once it was run."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/x.csv").write_text("a,b\n1,2\n3,4\n0.5,1\n")
    np.savez(tmp_path / "t.npz", t=np.asarray([1.0, 0.0, 1.0]))
    config = "inputs: {file: data/x.csv}\ntargets: {file: t.npz}\nreduce: sum\nlearning_rate: 0.1\n"
    (tmp_path / "net.yaml").write_text(config + "parameters: {w: 0.5}\nequations: {e: (w*a + b - t)**2}\nminimize: e\n")
    return tmp_path


def test_data_files_are_kept_and_none_is_opened_again(with_data: Path, tmp_path: Path) -> None:
    trace = backtrace.run(with_data / "net.yaml")
    shutil.rmtree(with_data / "data")
    (with_data / "t.npz").unlink()
    (with_data / "net.yaml").unlink()
    assert str(through(trace, tmp_path)) == str(trace)


def test_numbers_at_the_edge_of_what_a_float_is_survive(tmp_path: Path) -> None:
    trace = backtrace.run(ROOT / "configs/example.yaml")
    edge = np.asarray([[-0.0, 5e-324], [1.7976931348623157e308, 0.1 + 0.2]])
    odd = np.asarray([[np.nan, np.inf], [-np.inf, 1e22]])
    record = trace.recording.records[Moment(1)]
    name, other = [name for name, array in record.items() if array.shape == (2, 2)][:2]
    record |= {name: edge.T, other: odd}
    through(trace, tmp_path)


def test_a_trace_without_the_text_of_a_config_is_refused(tmp_path: Path) -> None:
    trace = backtrace.run(ROOT / "configs/example.yaml")
    with pytest.raises(UsageError, match="no text of a config"):
        replace(trace, origin=None).save(tmp_path / "t.npz")


def test_a_file_is_not_written_over_and_its_ending_must_be_known(tmp_path: Path) -> None:
    trace = backtrace.run(ROOT / "configs/example.yaml")
    trace.save(tmp_path / "t.json")
    with pytest.raises(FileError, match="exists already"):
        trace.save(tmp_path / "t.json")
    with pytest.raises(UsageError, match="tells no format of saved traces"):
        trace.save(tmp_path / "t.pickle")


def test_numpy_reads_the_npz_by_itself(tmp_path: Path) -> None:
    trace = backtrace.run(ROOT / "configs/example.yaml", epochs=2)
    trace.save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as found:
        assert found["losses"].tolist() == trace.losses.tolist()
        assert np.array_equal(found["epochs/dE_tot/dW"][1], trace["W"] * 0 + trace.epochs[1].record["dE_tot/dW"])
        assert json.loads(found["header"].tobytes())["format"] == "backtrace trace"


# ── CSV ──


@pytest.mark.parametrize("name", [*CONFIGS, *VARIANTS])
def test_the_keys_of_csv_are_the_keys(tmp_path: Path, name: str) -> None:
    trace = made(tmp_path, name) if name in VARIANTS else backtrace.run(ROOT / "configs" / name, epochs=1)
    view, plan = trace.epochs[0], Plan(header_of(trace), trace.graph, "")
    form = plan.form(view.batch)
    for array, shape in form.shapes.items():
        sampled = form.is_sampled(array)
        own = shape[1:] if sampled else shape
        cells = [next(csv.reader([cell]))[0] for cell in Cells.of(view.keys, array, own, sampled)]
        written = [view.keys.text(Element(array, at, 0 if sampled else None)) for at in np.ndindex(own)]
        assert [key_of(cell) + "#1" * sampled for cell in cells] == written


@pytest.mark.parametrize("name", ["example.yaml", "xor.yaml", "multilabel.yaml", "batches", "gates", "until"])
def test_every_figure_of_a_csv_matches(tmp_path: Path, name: str) -> None:
    trace = made(tmp_path, name) if name in VARIANTS else backtrace.run(ROOT / "configs" / name, epochs=2)
    trace.save(tmp_path / "t.csv")
    found = diff(trace, tmp_path / "t.csv")
    assert {verdict.value for verdict in found.counts} == {"match"}
    assert sum(found.counts.values()) == sum(
        array.size for record in trace.recording.records.values() for array in record.values()
    )


def rows_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


CHANGES: Mapping[str, Callable[[list[str]], str]] = {
    "sorted": lambda rows: "".join([rows[0], *sorted(rows[1:])]),
    "turned round": lambda rows: "".join([rows[0], *reversed(rows[1:-1]), rows[-1]]),
    "of another system": lambda rows: "\ufeff" + "".join(rows).replace("\n", "\r\n"),
    "quoted": lambda rows: "".join([rows[0], *(quoted(row) for row in rows[1:-1]), rows[-1]]),
    "with blank lines": lambda rows: "".join([*rows[:-1], "\n", rows[-1], "\n\n"]),
}


def quoted(row: str) -> str:
    return ",".join(f'"{cell}"' for cell in next(csv.reader([row]))) + "\n"


@pytest.mark.parametrize("change", CHANGES)
def test_a_csv_that_went_through_a_spreadsheet_is_the_same_trace(tmp_path: Path, change: str) -> None:
    trace = made(tmp_path, "a gate with a minus")
    trace.save(tmp_path / "t.csv")
    (tmp_path / "u.csv").write_text(CHANGES[change](rows_of(tmp_path / "t.csv")), encoding="utf-8", newline="")
    assert_same(backtrace.load(tmp_path / "u.csv"), trace)
    assert not diff(trace, tmp_path / "u.csv").failed


def test_no_key_is_a_formula_to_a_spreadsheet(tmp_path: Path) -> None:
    made(tmp_path, "a gate with a minus").save(tmp_path / "t.csv")
    keys = [row[3] for row in csv.reader(rows_of(tmp_path / "t.csv"))]
    assert "'-w" in keys
    assert not [key for key in keys if key.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("ending", ["csv", "npz", "json"])
def test_a_large_trace_is_written_piece_by_piece(tmp_path: Path, ending: str) -> None:
    size = 260
    (tmp_path / "net.yaml").write_text(
        f"parameters: {{W: {{init: normal, shape: [{size}, {size}]}}}}\nseed: 1\n"
        "equations: {E: sum(W**2)}\nminimize: E\nlearning_rate: 0.1\n"
    )
    trace = backtrace.run(tmp_path / "net.yaml")
    assert sum(array.size for array in trace.recording.records[Moment(1)].values()) > 200_000
    most = longest = 0
    tracemalloc.start()
    for piece in FORMATS[ending].pages(trace):
        longest = max(longest, len(piece))
        most = max(most, tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert longest < 1_000_000
    assert most < 6_000_000


# ── refusals ──


def edited(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """A change of what a JSON file says."""

    def changed(data: bytes) -> bytes:
        found = json.loads(data)
        return json.dumps(found if (other := change(found)) is None else other).encode()

    return changed


def put(*path: Any, value: Any) -> Callable[[bytes], bytes]:
    """An entry of a JSON file with another value."""

    def change(found: Any) -> None:
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = value

    return edited(change)


def left_out(*path: Any) -> Callable[[bytes], bytes]:
    def change(found: Any) -> None:
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return edited(change)


VALUES = ("epochs", 0, "values")
JSON_REFUSALS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "is no saved trace"),
    "other JSON": (lambda data: b'{"h1": 0.5}', "is no saved trace"),
    "a mention": (lambda data: b'{"a": "backtrace trace"}', "is no saved trace"),
    "newer": (put("version", value=2), "install a newer backtrace"),
    "no version": (put("version", value="1"), "reads version 1"),
    "cut off": (lambda data: data[: len(data) // 2], "in the middle of the trace"),
    "cut off in the header": (lambda data: data[:100], "in the middle of the trace"),
    "a slip": (lambda data: data.replace(b'"losses":', b'"losses"', 1), "t.json:15:12: this is no JSON"),
    "deep": (lambda data: b'{"format": "backtrace trace", "a":' + b"[" * 100_000, "it is no JSON"),
    "no config": (left_out("config"), 'as "config" name and text of a config is expected, it is missing'),
    "made of text": (put("made", value="3"), "a number of epochs is expected, got '3'"),
    "another epoch": (put("made", value=9), "9 of 1 epochs were made, and epoch 1 is the last recorded"),
    "no epochs": (put("epochs", value=[]), "no epoch is recorded"),
    "an epoch of nothing": (put("epochs", value=[3]), "with numbers for epoch and step"),
    "an epoch twice": (edited(lambda data: data["epochs"].append(data["epochs"][0])), "stands behind a later one"),
    "a step too many": (put("epochs", 0, "step", value=2), "epoch 1, step 2 is recorded, which was not made"),
    "samples": (put("epochs", 0, "samples", value=[1]), "the config trains on all"),
    "a wrong config": (put("config", "text", value="inputs: 3"), "the config within the saved trace"),
    "another config": (
        put("config", "text", value="inputs: {x: 1}\nequations: {y: x}"),
        'its config has no array "W"',
    ),
    "a set value": (put("set", value={"zz": 1}), '"zz" names nothing here'),
    "a rounding": (put("rounding", value="x"), "says no number of digits"),
    "no values": (left_out(*VALUES), "epoch 1, step 1 has no values"),
    "no array": (left_out(*VALUES, "W"), "W of epoch 1, step 1: 2x2 numbers expected, got nothing"),
    "more arrays": (put(*VALUES, "Q", value=1), 'has "Q", which the header does not list'),
    "fewer arrays": (edited(lambda data: data["arrays"].remove("W")), 'the array "W" is missing'),
    "another shape": (put(*VALUES, "W", value=[1, 2]), "2x2 numbers expected, got [1, 2]"),
    "a text": (put(*VALUES, "W", value=[[1, 2], [3, "x"]]), "a number is expected, got 'x'"),
    "a truth value": (put(*VALUES, "W", value=[[1, 2], [3, True]]), "a number is expected, got True"),
    "a huge number": (put(*VALUES, "W", value=[[1, 2], [3, 10**400]]), "too large"),
    "a data file": (put("files", value={"x": "!"}), 'its data file "x" is damaged'),
}


@pytest.mark.parametrize("name", JSON_REFUSALS)
def test_json_that_is_no_whole_trace_is_refused(tmp_path: Path, name: str) -> None:
    change, message = JSON_REFUSALS[name]
    assert message in refusal(tmp_path, "json", change)


def refusal(folder: Path, ending: str, change: Callable[[bytes], bytes]) -> str:
    """What is said of a changed file."""
    backtrace.run(ROOT / "configs/example.yaml", epochs=1).save(path := folder / f"t.{ending}")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BacktraceError) as caught:
        backtrace.load(path)
    assert isinstance(caught.value, ConfigError | UsageError)
    return str(caught.value).replace(str(folder) + "/", "")


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(change(data.splitlines(keepends=True)))


CSV_REFUSALS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda data: data[: data.rindex(b"0,0,,")], "it has no row of the header"),
    "a damaged header": (lambda data: data.replace(b'""format""', b"format"), "the row of the header is damaged"),
    "newer": (lambda data: data.replace(b'""version"": 1', b'""version"": 2'), "install a newer backtrace"),
    "a row left out": (lines(lambda rows: rows[:5] + rows[6:]), "the row 1,1,,W12, is missing"),
    "a row twice": (lines(lambda rows: [*rows[:5], rows[3], *rows[5:]]), "this number stands in line 4 already"),
    "a row more": (lines(lambda rows: [*rows[:5], b"1,1,,zz,3\n", *rows[5:]]), "t.csv:6:1: this row is no number"),
    "no number": (lines(lambda rows: [*rows[:5], b"1,1,,W12,x\n", *rows[6:]]), "t.csv:6:1: a number is expected"),
    "digits grouped": (lines(lambda rows: [*rows[:5], b"1,1,,W12,1_0\n", *rows[6:]]), 'this row, got "1_0"'),
    "a field too few": (lines(lambda rows: [*rows[:5], b"1,1,W12,3\n", *rows[6:]]), "t.csv:6:1: this row has 4 fields"),
    "bytes": (lines(lambda rows: [*rows[:5], b"1,1,,\xff,3\n", *rows[6:]]), "the row 1,1,,W12, is missing"),
}


@pytest.mark.parametrize("name", CSV_REFUSALS)
def test_csv_that_is_no_whole_trace_is_refused(tmp_path: Path, name: str) -> None:
    change, message = CSV_REFUSALS[name]
    assert message in refusal(tmp_path, "csv", change)


def test_another_zip_file_is_no_saved_trace(backtrace_command: Runner, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "c.yaml", "w") as file:
        file.writestr("a.yaml", "title: t")
    for command in ("run", "plot", "bench", "draw"):
        found = backtrace_command(command, "c.yaml", cwd=tmp_path)
        assert (found.code, found.out) == (3, "")
        assert found.err.startswith("c.yaml:1:1: this looks like a zip file")


def members(change: Callable[[dict[str, Any]], None], save: Callable[..., None] = np.savez) -> Callable[[bytes], bytes]:
    """A change of the arrays of an npz."""

    def changed(data: bytes) -> bytes:
        with np.load(io.BytesIO(data)) as found:
            arrays = dict(found)
        change(arrays)
        save(stream := io.BytesIO(), **arrays)
        return stream.getvalue()

    return changed


def bomb(data: bytes) -> bytes:
    """The same with a member that claims to be larger than the file."""
    with zipfile.ZipFile(stream := io.BytesIO(data), "a") as file:
        file.writestr("epochs/Q.npy", b"\0" * 10)
        file.infolist()[-1].file_size = 1 << 50
    return stream.getvalue()


NPZ_REFUSALS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda data: data[: len(data) // 2], "it is damaged"),
    "a flipped bit": (lambda data: data.replace(np.float64(0.45).tobytes(), np.float64(0.46).tobytes()), "Bad CRC-32"),
    "other arrays": (members(lambda arrays: arrays.pop("header")), "it has no array called header"),
    "no array": (members(lambda arrays: arrays.pop("epochs/W")), 'the array "epochs/W" is missing'),
    "another shape": (
        members(lambda arrays: arrays.update({"epochs/W": np.zeros((2, 2, 3))})),
        'the array "epochs/W" is 2x2x3 of float64, expected is 1x2x2 of float64',
    ),
    "another type": (
        members(lambda arrays: arrays.update({"epochs/W": np.zeros((2, 2, 2), "f4")})),
        "2x2x2 of float32",
    ),
    "objects": (
        members(lambda arrays: arrays.update({"epochs/W": np.asarray([[print, 1], [2, 3]], dtype=object)[None]})),
        "1x2x2 of object",
    ),
    "compressed": (members(lambda arrays: None, np.savez_compressed), "is compressed"),
    "a bomb": (bomb, "its arrays are larger than the file"),
    "a header of nothing": (members(lambda arrays: arrays.update(header=np.zeros(0, "u1"))), "its header is no JSON"),
}


@pytest.mark.parametrize("name", NPZ_REFUSALS)
def test_npz_that_is_no_whole_trace_is_refused(tmp_path: Path, name: str) -> None:
    change, message = NPZ_REFUSALS[name]
    assert message in refusal(tmp_path, "npz", change)


def first_version(data: bytes) -> bytes:
    """The same trace as the first version of the format had it: a member for each array of each update."""
    with np.load(io.BytesIO(data)) as found:
        arrays = dict(found)
    header = json.loads(arrays["header"].tobytes())
    kept = {name: array for name, array in arrays.items() if not name.startswith(("epochs/", "rest/"))}
    places = {"epochs": 0, "rest": 0}
    for moment in header["epochs"]:
        folder = "rest" if len(moment.get("samples", ())) == 1 else "epochs"
        at, places[folder] = places[folder], places[folder] + 1
        for name in header["rest" if folder == "rest" else "arrays"]:
            kept[f"{moment['epoch']}/{moment['step']}/{name}"] = arrays[f"{folder}/{name}"][at, ...]
    kept["header"] = np.frombuffer(json.dumps({**header, "version": 1}).encode(), np.uint8)
    np.savez(stream := io.BytesIO(), **kept)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["batches", "rounding"])
def test_the_first_version_of_npz_is_read(tmp_path: Path, name: str) -> None:
    trace = made(tmp_path, name)
    trace.save(path := tmp_path / "t.npz")
    path.write_bytes(first_version(path.read_bytes()))
    assert_same(backtrace.load(path), trace)


def test_numpy_may_have_written_the_npz_again(tmp_path: Path) -> None:
    trace = backtrace.run(ROOT / "configs/example.yaml", epochs=1)
    trace.save(path := tmp_path / "t.npz")
    by_columns = members(lambda arrays: arrays.update({"epochs/W": np.asfortranarray(arrays["epochs/W"])}))
    path.write_bytes(by_columns(path.read_bytes()))
    assert_same(backtrace.load(path), trace)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path, ending: str) -> None:
    backtrace.run(ROOT / "configs/square_of_sum.yaml").save(path := tmp_path / f"t.{ending}")
    data = path.read_bytes()
    for at in range(0, len(data.rstrip()), max(len(data) // 40, 1)):
        path.write_bytes(data[:at])
        with pytest.raises(BacktraceError):
            backtrace.load(path)


def test_nothing_is_taken_out_of_a_pipe_to_look_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not is_saved(tmp_path / "pipe")


def test_an_example_of_the_gallery_is_saved_too(tmp_path: Path, backtrace_command: Runner) -> None:
    file = str(tmp_path / "t.csv")
    assert backtrace_command("run", "@mazur", "-o", file).code == 0
    assert backtrace_command("show", file).out == backtrace_command("run", "@mazur").out
    assert backtrace_command("diff", "@mazur", file).code == 0


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(FileError, match="there is no such file"):
        backtrace.load("nowhere.npz")


# ── the command line ──


@pytest.mark.parametrize("options", [[], ["--epoch", "2"], ["--only", "W*"], ["--digits", "4", "--ascii"]])
def test_show_prints_what_run_printed(tmp_path: Path, backtrace_command: Runner, options: list[str]) -> None:
    run = ("run", "configs/example.yaml", "--epochs", "3", "--every", "1")
    file = str(tmp_path / "t.json")
    assert backtrace_command(*run, "-o", file).out == f"Wrote {file}.\n"
    printed = backtrace_command("run", "configs/example.yaml", "--epochs", "3", *options)
    shown = backtrace_command("show", file, *options)
    assert (shown.code, shown.out) == (0, printed.out)


@pytest.fixture
def saved(tmp_path: Path) -> str:
    """A saved trace of the example."""
    backtrace.run(ROOT / "configs/example.yaml", epochs=3).save(tmp_path / "t.npz")
    return str(tmp_path / "t.npz")


SAME: Mapping[str, list[str]] = {
    "diff": ["configs/example.expected.yaml"],
    "keys": ["dE*"],
    "expect": ["--digits", "4"],
    "explain": ["dE_tot/dW11"],
}


@pytest.mark.parametrize("command", SAME)
def test_a_saved_trace_stands_where_a_config_may(saved: str, backtrace_command: Runner, command: str) -> None:
    of_config = backtrace_command(command, "configs/example.yaml", *SAME[command])
    options = ["--epoch", "1"] if command == "expect" else []
    of_trace = backtrace_command(command, saved, *SAME[command], *options)
    assert of_trace.code == of_config.code == 0, of_trace.err
    if command != "keys":  # which lists the last epoch
        assert of_trace.out == of_config.out


@pytest.mark.parametrize("ending", FORMATS)
def test_a_saved_trace_stands_where_expected_figures_may(
    tmp_path: Path, backtrace_command: Runner, saved: str, ending: str
) -> None:
    other = str(tmp_path / f"u.{ending}")
    assert backtrace_command("show", saved, "-o", other).code == 0
    for trace in ("configs/example.yaml", saved):
        outcome = backtrace_command("diff", trace, other)
        assert outcome.code == 0, outcome.err
        assert outcome.out.rstrip().endswith("all match")


REFUSED: Mapping[str, tuple[list[str], str]] = {
    "run": (["run", "FILE"], "is a saved trace\n  hint: backtrace show"),
    "check": (["check", "FILE"], "is a saved trace\n  hint: backtrace show"),
    "epochs": (["diff", "FILE", "h1=0.5", "--epochs", "4"], "--epochs would need another run"),
    "set": (["keys", "FILE", "--set", "W11=1"], "--set would need another run"),
    "round": (["keys", "FILE", "--round", "4"], "--round would need another run"),
    "explain": (["explain", "FILE", "h1", "--epochs", "2"], "--epochs would need another run"),
    "an epoch": (["show", "FILE", "--epoch", "2"], "epoch 2 is not recorded\n  hint: recorded: 1, 3"),
    "another epoch": (["explain", "FILE", "h1@2"], "epoch 2 is not recorded\n  hint: recorded: 1, 3"),
    "a config": (["show", "configs/example.yaml"], '"configs/example.yaml" is no saved trace'),
    "a choice": (["show", "FILE", "--only", "h1", "--format", "csv"], "--only is for pages: csv has all of the trace"),
    "digits": (["run", "configs/example.yaml", "--digits", "3", "--format", "json"], "--digits is for pages"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_saved_trace_cannot_do_is_said(saved: str, backtrace_command: Runner, name: str) -> None:
    words, message = REFUSED[name]
    outcome = backtrace_command(*(saved if word == "FILE" else word for word in words))
    assert outcome.code in (2, 3)
    assert message in outcome.err


def test_a_trace_with_numbers_that_are_not_finite_is_its_own_equal(tmp_path: Path) -> None:
    config = Path("configs/example.yaml").read_text(encoding="utf-8").replace("0.5\n", "1e300\n", 1)
    (tmp_path / "c.yaml").write_text(config.replace("activation: sigmoid", "activation: relu"), encoding="utf-8")
    trace = backtrace.run(tmp_path / "c.yaml")
    trace.save(tmp_path / "t.npz")
    assert not np.isfinite(trace["E_tot+"])
    assert not backtrace.diff(trace, tmp_path / "t.npz").failed
