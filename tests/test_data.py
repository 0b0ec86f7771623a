"""Inputs and targets from files: what is taken from CSV, npy and npz, and how each fault of a file is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from backtrace.build import build
from backtrace.config import DATA_FILE, read
from backtrace.errors import BacktraceError, FileError
from backtrace.graph import Graph
from tests.runner import ROOT, Runner

XOR = "x1,x2,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"
IRIS = "sepal length,width,species\n5.1,3.5,setosa\n6.3,3.3,virginica\n7,3.2,versicolor\n4.9,3,setosa\n"


Content = str | bytes | Callable[[], bytes]
"""What a file holds; what is large is made when it is asked for."""


def written(folder: Path, section: str, files: Mapping[str, Content]) -> Path:
    for name, made in files.items():
        content = made if isinstance(made, str | bytes) else made()
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    config = folder / "net.yaml"
    config.write_text(f"inputs: {section}\nequations: {{one: 1}}\n", encoding="utf-8")
    return config


def graph(folder: Path, section: str, files: Mapping[str, Content]) -> Graph:
    return build(read(written(folder, section, files)))


def npz(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def npy(array: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array), allow_pickle=True)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


TAKEN = {
    "columns by name": ("{file: d, columns: [x1, y]}", XOR, {"x1": [0, 0, 1, 1], "y": [0, 1, 1, 0]}),
    "columns by number": ("{file: d, columns: [3, 1]}", XOR, {"y": [0, 1, 1, 0], "x1": [0, 0, 1, 1]}),
    "all columns": ("{file: d}", XOR, {"x1": [0, 0, 1, 1], "x2": [0, 1, 0, 1], "y": [0, 1, 1, 0]}),
    "columns as a vector": ("{file: d, columns: {v: [x1, y]}}", XOR, {"v": [[0, 0], [0, 1], [1, 1], [1, 0]]}),
    "a range as a vector": ("{file: d, columns: {v: 1..2}}", XOR, {"v": [[0, 0], [0, 1], [1, 0], [1, 1]]}),
    "a column under another name": ("{file: d, columns: {v: y}}", XOR, {"v": [0, 1, 1, 0]}),
    "one column": ("{file: d, column: y}", XOR, {"y": [0, 1, 1, 0]}),
    "some rows": ("{file: d, column: y, rows: 2..4}", XOR, {"y": [1, 1, 0]}),
    "one row, a single sample": ("{file: d, columns: {v: [x1, y]}, rows: 2..2}", XOR, {"v": [0, 1]}),
    "no header": ("{file: d, header: false}", "1,2\n3,4\n", {"x": [[1, 2], [3, 4]]}),
    "no header, one column": ("{file: d, header: false, column: 2}", "1,2\n3,4\n", {"x": [2, 4]}),
    "headings that are numbers": ("{file: d, header: true, columns: {v: 2}}", "1,2\n3,4\n5,6\n", {"v": [4, 6]}),
    "semicolons and decimal commas": ("{file: d}", "a;b\n0,5;1\n1.5;-2e1\n", {"a": [0.5, 1.5], "b": [1, -20]}),
    "tabs": ("{file: d}", "a\tb\n0,5\t1\n1\t2\n", {"a": [0.5, 1], "b": [1, 2]}),
    "another separator": ('{file: d, delimiter: "|"}', "a|b\n1|2\n3|4\n", {"a": [1, 3], "b": [2, 4]}),
    "a comma that is stated": ("{file: d, delimiter: ',', columns: {v: 2}}", "a;,b\n1,2\n3,4\n", {"v": [2, 4]}),
    "quotes, spaces, CRLF, a BOM and blank ends": (
        "{file: d}", '\ufeff"a", b\r\n "1", 2\r\n3,"4"\r\n\r\n', {"a": [1, 3], "b": [2, 4]},
    ),
    "classes by name": (
        "{file: d, column: species, one_hot: true}", IRIS,
        {"species": [[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]},
    ),
    "classes under another name": (
        "{file: d, columns: {y: species}, one_hot: true, rows: 2..3}", IRIS, {"y": [[0, 1], [1, 0]]},
    ),
    "classes that are numbers, in their order": (
        "{file: d, column: k, one_hot: true}", "k\n10\n9\n10\n", {"k": [[0, 1], [1, 0], [0, 1]]},
    ),
    "classes counted from 0": (
        "{file: d, column: k, one_hot: 3}", "k\n0\n1\n0\n", {"k": [[1, 0, 0], [0, 1, 0], [1, 0, 0]]},
    ),
    "class numbers as they are": ("{file: d, column: k}", "k\n2\n0\n", {"k": [2, 0]}),
    "arrays by name": (
        "{file: d, arrays: {x: a}}", npz(a=[[1, 2], [3, 4]], b=[True, False]), {"x": [[1, 2], [3, 4]]},
    ),
    "all arrays": ("{file: d}", npz(a=[[1, 2], [3, 4]], b=[True, False]), {"a": [[1, 2], [3, 4]], "b": [1, 0]}),
    "rows of an array": (
        "{file: d, arrays: [b], rows: 2..3}", npz(a=[1], b=np.array([7, 8, 9], dtype=np.uint8)), {"b": [8, 9]},
    ),
    "one class": ("{file: d, column: k, one_hot: 1}", "k,x\n0,1\n0,2\n", {"k": [[1], [1]]}),
    "classes of an array": (
        "{file: d, arrays: {y: b}, one_hot: 3}", npz(a=[1], b=[2, 0]), {"y": [[0, 0, 1], [1, 0, 0]]},
    ),
    "a lone array": ("{file: d}", npy([[1, 2], [3, 4]]), {"x": [[1, 2], [3, 4]]}),
    "columns of a lone array": ("{file: d, columns: [2]}", npy([[1, 2], [3, 4]]), {"x": [[2], [4]]}),
}  # fmt: skip


@pytest.mark.parametrize(("section", "content", "expected"), TAKEN.values(), ids=TAKEN.keys())
def test_a_file_gives(tmp_path: Path, section: str, content: str | bytes, expected: dict[str, list[object]]) -> None:
    found = graph(tmp_path, section, {"d": content})
    assert {name: given.values.tolist() for name, given in found.givens.items()} == expected
    (count,) = {len(values) for values in expected.values()}
    assert found.samples == (count if "2..2" not in section else None)


def test_the_file_is_looked_for_beside_the_config(
    backtrace_command: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    written(tmp_path / "sub", "{file: d.csv}", {"d.csv": XOR})
    monkeypatch.chdir(tmp_path)
    assert read("sub/net.yaml").samples == 4


NET = """inputs: {file: d.csv, columns: [x1, x2]}
targets: {file: d.csv, columns: [y]}
learning_rate: 0.5
layers: [{weights: [[0.4], [0.5]], activation: sigmoid}]
loss: half_squared_error
reduce: mean
"""


def test_a_network_reads_its_samples_as_if_they_were_written_out(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(XOR, encoding="utf-8")
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    rest = NET[NET.index("learning_rate") :]
    rows = "inputs: [{x1: 0, x2: 0}, {x1: 0, x2: 1}, {x1: 1, x2: 0}, {x1: 1, x2: 1}]\n"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "net.yaml").write_text(rows + "targets: [{y: 0}, {y: 1}, {y: 1}, {y: 0}]\n" + rest)
    from_file = backtrace_command("run", "net.yaml", "--set", "x1#2=0.5", cwd=tmp_path)
    inline = backtrace_command("run", "net.yaml", "--set", "x1#2=0.5", cwd=tmp_path / "out")
    assert (from_file.code, from_file.out) == (0, inline.out)


def test_the_report_names_the_classes(backtrace_command: Runner, tmp_path: Path) -> None:
    written(tmp_path, "{file: d, column: species, one_hot: true}", {"d": IRIS})
    out = backtrace_command("run", "net.yaml", cwd=tmp_path).out
    assert "classes of species: 1 setosa, 2 versicolor, 3 virginica" in " ".join(out.split())


PICKLE = npy(np.array([{}], dtype=object))
HUGE = b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(
    118
)
REFUSED = {
    "a missing column": ("{file: d, columns: [x1, yy]}", XOR, "net.yaml:1:33", 'there is no column "yy"'),
    "a column too far": ("{file: d, columns: [4]}", XOR, "net.yaml:1:29", "there is no column 4: the file has 3"),
    "a column twice": ("{file: d, columns: [x1, 1]}", XOR, "net.yaml:1:33", "the column 1 is asked for twice"),
    "a range too far": (
        "{file: d, columns: 2..4}", XOR, "net.yaml:1:28", "there are no columns 2..4: the file has 3",
    ),
    "a range backwards": ("{file: d, rows: 4..2}", XOR, "net.yaml:1:25", "expected rows such as 1..100"),
    "too many rows": ("{file: d, rows: 1..5}", XOR, "net.yaml:1:25", '"d" has 4 rows of samples'),
    "a file of another kind": (
        "{file: d, column: 1}", "root:x:0:0\nbin:x:1:1\n", "net.yaml:1:16", '"d" has one column: no comma',
    ),
    "a file of another kind without a header": (
        "{file: d, header: false}", "KEY=secret\n", "net.yaml:1:16", '"d" has one column: no comma',
    ),
    "a line for a spreadsheet": (
        "{file: d, columns: [x1, x2]}", "sep=;\nx1;x2\n1;2\n", "net.yaml:1:16", 'the first line of "d" is for',
    ),
    "a heading that stands twice": (
        "{file: d, columns: [a]}", "a,a\n1,2\n", "net.yaml:1:29", '2 columns are called "a"',
    ),
    "a heading that is no name": (
        "{file: d, columns: [sepal length]}", IRIS, "net.yaml:1:29",
        'the column "sepal length" is no name for a quantity',
    ),
    "a name where there are none": (
        "{file: d, header: false, columns: [a]}", "1,2\n", "net.yaml:1:44", "the columns have no names",
    ),
    "numbers for a header": (
        "{file: d}", "1,2\n3,4\n", "net.yaml:1:16",
        "the first line has numbers where the names of columns are expected",
    ),
    "only a header": ("{file: d}", "x1,x2\n", "net.yaml:1:16", '"d" has 0 rows of samples'),
    "nothing": ("{file: d}", "\n\n", "net.yaml:1:16", 'the file "d" is empty'),
    "no separator": (
        "{file: d, columns: [a, b]}", "a:b\n1:2\n", "net.yaml:1:16",
        '"d" has one column: no comma, semicolon or tab in its first line',
    ),
    "a cell that is text": (
        "{file: d}", "a,b\n1,2\n3,four\n", "d:3:3", 'expected a number in this cell of column "b", got "four"',
    ),
    "a cell that is empty": (
        "{file: d}", 'a,b\n"1", \n', "d:2:6", 'expected a number in this cell of column "b", got nothing',
    ),
    "a cell behind a quoted comma": (
        "{file: d, columns: [b]}", 'a,b\n"1,5", nan\n', "d:2:8",
        'expected a number in this cell of column "b", got "nan"',
    ),
    "a decimal comma between commas": (
        "{file: d}", 'a,b\n"0,5",1\n', "d:2:1", 'expected a number in this cell of column "a", got "0,5"',
    ),
    "a number too large": ("{file: d}", "a,b\n1,2\n3,1e999\n", "d:3:3", "the number is too large"),
    "a short row": ("{file: d}", "a,b\n1,2\n3\n", "d:3:1", "this row has 1 field, the first line has 2"),
    "a blank line inside": ("{file: d}", "a,b\n1,2\n\n3,4\n", "d:3:1", "a blank line among the rows"),
    "an open quote": ("{file: d}", 'a,b\n1,"2\n', "d:2:3", "this is no CSV: a quote is not closed"),
    "text that is not UTF-8": ("{file: d}", b"a,b\n1,\xe9\n", "d:2:3", "the byte 0xe9 is not UTF-8"),
    "a class out of range": (
        "{file: d, column: k, one_hot: 2}", "k,l\n0,0\n2,0\n", "d:3:1", "expected a class from 0 to 1, got 2",
    ),
    "a class out of range in an array": (
        "{file: d, one_hot: 2}", npy([0, 1, 5]), "net.yaml:1:16", "expected a class from 0 to 1 in row 3, got 5",
    ),
    "two columns of classes": (
        "{file: d, columns: [x1, y], one_hot: true}", XOR, "net.yaml:1:46", "one_hot: takes one column of classes",
    ),
    "an array that is not there": (
        "{file: d, arrays: {x: inputz}}", npz(inputs=[1]), "net.yaml:1:31", 'there is no array "inputz"',
    ),
    "arrays of different lengths": (
        "{file: d}", npz(a=[1], b=[1, 2]), "net.yaml:1:16", "the arrays have different numbers of samples: 1, 2",
    ),
    "an array of objects": ("{file: d}", PICKLE, "net.yaml:1:16", 'the array of "d" holds object, not real numbers'),
    "an array of text": ("{file: d}", npy(["a"]), "net.yaml:1:16", 'the array of "d" holds <U1, not real numbers'),
    "an array with nan": (
        "{file: d}", npz(a=[[1, 2], [3, np.nan]]), "net.yaml:1:16", 'the array "a" of "d" holds nan in row 2, column 2',
    ),
    "an array with two numbers that are not finite": (
        "{file: d}", npy([[1, 2], [np.inf, 3], [4, np.nan]]), "net.yaml:1:16",
        'the array of "d" holds inf in row 2, column 1',
    ),
    "a vector with an infinity": (
        "{file: d}", npy([1, 2, np.inf]), "net.yaml:1:16", 'the array of "d" holds inf in row 3',
    ),
    "a column that is no column of classes": (
        "{file: d, column: x, one_hot: true}", "x,y\n" + "".join(f"{n},1\n" for n in range(1001)), "net.yaml:1:16",
        "1,001 different classes",
    ),
    "a header that is neither": (
        "{file: d, header: maybe}", XOR, "net.yaml:1:27", 'expected true or false, got the text "maybe"',
    ),
    "a number alone": ("{file: d}", npy(3.0), "net.yaml:1:16", 'the array of "d" has no rows'),
    "a header of 8 TB": ("{file: d}", HUGE, "net.yaml:1:16", '"d" holds more than 500 MB of numbers'),
    "an array that is cut off": (
        "{file: d}", npy([1.0, 2.0])[:-1], "net.yaml:1:16", 'the array of "d" is cut off: it states 2 numbers',
    ),
    "an array that goes on": (
        "{file: d}", zipped(a_npy=npy([1.0, 2.0]) + bytes(1 << 20)), "net.yaml:1:16",
        'the array "a" of "d" is damaged: there is more than the numbers that it states',
    ),
    "a damaged header": ("{file: d}", b"\x93NUMPY\x01\x00", "net.yaml:1:16", 'the array of "d" is damaged'),
    "a bomb": (
        "{file: d}", lambda: zipped(a_npy=bytes(501 << 20)), "net.yaml:1:16", '"d" holds more than 500 MB of numbers',
    ),
    "a spreadsheet": (
        "{file: d}", zipped(workbook_xml=b"<x/>"), "net.yaml:1:16",
        'the zip file "d" holds "workbook.xml", which is no array',
    ),
    "a key of CSV for arrays": (
        "{file: d, header: false}", npy([1.0]), "net.yaml:1:27", "header: belongs to CSV",
    ),
    "columns of several arrays": (
        "{file: d, columns: [1]}", npz(a=[1], b=[1]), "net.yaml:1:28", "columns of which array? This file has 2",
    ),
    "a key that is none": ("{file: d, colums: [x1]}", XOR, "net.yaml:1:19", '"colums" is no key of a data file'),
    "columns twice": (
        "{file: d, column: y, columns: [y]}", XOR, "net.yaml:1:39", "column: and columns: exclude each other",
    ),
    "an address": (
        "{file: https://example.org/d.csv}", XOR, "net.yaml:1:16",
        '"https://example.org/d.csv" is an address: data are read from files',
    ),
    "no columns": ("{file: d, columns: {}}", XOR, "net.yaml:1:28", "expected names with columns, got an empty mapping"),
    "a header of other words": (
        "{file: d}", npy([1.0]).replace(b"{'descr'", b"__import_"), "net.yaml:1:16",
        'the array of "d" is damaged: its header is not one of numpy\'s',
    ),
    "a zip without arrays": ("{file: d}", zipped(), "net.yaml:1:16", 'the file "d" has no arrays'),
    "a file for one of several": (
        "{x: {file: d}}", XOR, "net.yaml:1:20", 'a file gives a whole section, not "x" alone',
    ),
    "no such file": ("{file: e}", XOR, "net.yaml:1:16", 'cannot read'),
}  # fmt: skip


@pytest.mark.parametrize(("section", "content", "place", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_fault_is_refused_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str, content: str | bytes, place: str, message: str
) -> None:
    written(tmp_path, section, {"d": content})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BacktraceError) as caught:
        build(read("net.yaml"))
    (fault,) = caught.value.faults
    assert fault.place is not None
    found = f"{Path(fault.place.file).name}:{fault.place.line}:{fault.place.column}"
    assert (found, fault.message[: len(message)]) == (place, message)


def test_a_file_that_is_not_there_is_a_fault_of_files_with_the_nearest_name(tmp_path: Path) -> None:
    config = written(tmp_path, "{file: data.cvs}\ntargets: {file: data.cvs}", {"data.csv": XOR})
    with pytest.raises(FileError) as caught:
        read(config)
    assert [fault.hint for fault in caught.value.faults] == ['did you mean "data.csv"?']


def test_a_text_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtrace.config.datafiles.LARGEST_TEXT", 12)
    assert graph(tmp_path, "{file: d}", {"d": "a,b\n1,2\n3,4\n"}).samples == 2
    with pytest.raises(BacktraceError, match=r'd" is larger than 0 MB\n(.*\n)*  hint: store it as npz'):
        graph(tmp_path, "{file: d}", {"d": "a,b\n1,2\n3,4\n5,6\n7,8\n"})


@pytest.mark.parametrize("content", [npy([[1, 2]]), npz(x=[[1, 2]])])
def test_one_row_is_a_single_sample(tmp_path: Path, content: bytes) -> None:
    found = graph(tmp_path, "{file: d}", {"d": content})
    assert (found.samples, found.givens["x"].values.tolist()) == (None, [1, 2])


def test_inputs_and_targets_have_the_same_number_of_samples(tmp_path: Path) -> None:
    config = written(tmp_path, "{file: d}\ntargets: {file: d, column: y, rows: 1..3}", {"d": XOR.replace("y", "x3")})
    config.write_text(config.read_text().replace("column: y", "columns: {y: x3}"))
    with pytest.raises(BacktraceError, match="4 samples of inputs, but 3 of targets"):
        read(config)


def test_a_hundred_thousand_cells_are_read_in_no_time(tmp_path: Path) -> None:
    rows = "1.5,2,3,4,5,6,7,8,9,0\n" * 10_000
    assert graph(tmp_path, "{file: d, header: false}", {"d": rows}).givens["x"].values.shape == (10_000, 10)


@pytest.mark.parametrize("key", DATA_FILE, ids=lambda key: key.name)
def test_the_config_page_has_every_key_of_a_data_file(key: object) -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert f"| `{key.name}` | {key.about} |" in text  # type: ignore[attr-defined]
