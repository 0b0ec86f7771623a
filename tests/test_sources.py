"""What can be compared with: CSV, pairs, standard input, the numbers of a program, names of another program."""

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backtrace
from backtrace.arguments import file_or_pairs
from backtrace.comparison import Verdict
from backtrace.comparison.expected import from_pairs
from backtrace.comparison.sources import figures_of, from_bytes, with_symbols
from backtrace.errors import ConfigError, FileError, UsageError
from backtrace.render.differences import difference_text
from backtrace.trace import Trace
from tests.runner import ROOT, Runner

EXAMPLE = ROOT / "configs" / "example.yaml"


@pytest.fixture(scope="module")
def example() -> Trace:
    return backtrace.run(EXAMPLE)


# ── CSV ──


@pytest.mark.parametrize(
    ("text", "file", "figures"),
    [
        ("epoch,key,value\n3,h1,0.52\n,h2,.5\n", "f.csv", [("h1", "0.52", 3, None), ("h2", ".5", None, None)]),
        ('value,key\n"0,026",dE/dU11\n', "f.csv", [("dE/dU11", "0,026", None, None)]),
        ("key;note;value\nh1;x;0,52\n", "f.csv", [("h1", "0,52", None, None)]),
        ("Key\tValue\nz1\t−2.3e-05\n", "f.tsv", [("z1", "−2.3e-05", None, None)]),
        ('key,value\n"W[2,1]",1/16\n', "f.csv", [("W[2,1]", "1/16", None, None)]),
        (
            "\ufeffkey,value\r\n\r\nh1,2.\r\n\r\nh2,+0.5",
            "f.csv",
            [("h1", "2.", None, None), ("h2", "+0.5", None, None)],
        ),
        (
            "epoch,step,sample,key,value\n1,2,3,z1,0.5\n1,,,J,2.\n1,1,2,a1#3,1\n",
            "f.csv",
            [("z1#3", "0.5", 1, 2), ("J", "2.", 1, None), ("a1#3", "1", 1, 1)],
        ),
        # by the first line
        ("\nkey,value\nh1,0.52\n", "standard input", [("h1", "0.52", None, None)]),
        ("h1: 0.52", "standard input", [("h1", "0.52", None, None)]),
        ("key,value\nh1,0.52\n", "f.txt", [("h1", "0.52", None, None)]),
        ('{"key": 3, "value": 4}', "f.txt", [("key", "3", None, None), ("value", "4", None, None)]),
    ],
)
def test_the_figures_of_a_text(text: str, file: str, figures: list[tuple[Any, ...]]) -> None:
    found = from_bytes(text.encode(), file)
    assert [(f.key, f.printed, f.epoch, f.update) for f in found] == figures


def test_a_figure_of_csv_knows_where_it_stands() -> None:
    (one, two) = from_bytes(b'key, value\nh1, 0.5\n"W[1,1]","0,3"\n', "f.csv")
    assert [(f.place.line, f.place.column) for f in (one, two) if f.place] == [(2, 5), (3, 10)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "h1,0.51\nh2,0.5\n",
            """f.csv:1:1: no columns are called "key" and "value"
    h1,0.51
    ^
  hint: the first line says which column is what: epoch,key,value""",
        ),
        (
            "key,values\nh1,0.5\n",
            """f.csv:1:1: no column is called "value"
    key,values
    ^
  hint: did you mean "value"?""",
        ),
        (
            "key,quantity,value\na,b,1\n",
            """f.csv:1:5: two columns are the key: "key" and "quantity"
    key,quantity,value
        ^
  hint: leave one of them out""",
        ),
        (
            "epoch,key,value\n0,h1,52%\n1,h1,0,5\n1,,0.5",
            """f.csv:2:1: a number from 1 is expected in this cell of "epoch", got "0"
    0,h1,52%
    ^
  hint: leave it empty where a figure is of none
f.csv:2:6: a figure is expected in this cell, got "52%"
    0,h1,52%
         ^^^
  hint: write 0.52
f.csv:3:1: this row has 4 fields, the header has 3
    1,h1,0,5
    ^
  hint: fields are separated by ","; quote a decimal comma
f.csv:4:3: a key is expected in this cell, got nothing
    1,,0.5
      ^
  hint: such as h1 or dE/dU11""",
        ),
        (
            "key,value\n",
            """f.csv:1:1: there is no figure below the header
    key,value
    ^
  hint: such as h1,0.51998934""",
        ),
        (
            "key,value\nh1\n",
            """f.csv:2:1: this row has 1 field, the header has 2
    h1
    ^
  hint: fields are separated by ","; quote a decimal comma""",
        ),
        ("\n", '"f.csv" is empty\n  hint: the first line says which column is what: epoch,key,value'),
    ],
)
def test_what_csv_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_bytes(text.encode(), "f.csv")
    assert str(caught.value) == message


def test_an_empty_file_is_told_what_figures_look_like() -> None:
    with pytest.raises(ConfigError) as caught:
        from_bytes(b" \n", "f.yaml")
    assert str(caught.value) == 'f.yaml:1:1: the file is empty\n  hint: figures are written by key: h1: "0.51998934"'


def test_too_much_yaml_is_better_written_as_csv() -> None:
    with pytest.raises(FileError) as caught:
        from_bytes(b"h: [" + b"0.5, " * 250_000 + b"0.5]", "f.json")
    hint = "so many figures can be read from CSV: epoch,key,value"
    assert str(caught.value) == f'the file "f.json" is larger than 1024 kB\n  hint: {hint}'


# ── the command line ──


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], None),
        (["f.yaml"], "f.yaml"),
        (["-"], "-"),
        (["a=b.yaml"], "a=b.yaml"),
        (["h1=0.5"], ["h1=0.5"]),
        (["h1 = 0.5", "E_tot@3=0.1"], ["h1 = 0.5", "E_tot@3=0.1"]),
        (["h1", "=", "0.5", "h2=", "0.6", "h3", "=0.7"], ["h1=0.5", "h2=0.6", "h3=0.7"]),
    ],
)
def test_a_file_and_pairs_are_told_apart(words: list[str], found: object) -> None:
    assert file_or_pairs(words, lambda word: word == "a=b.yaml") == found


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["f.yaml", "h1=0.5"], "a file, f.yaml, and h1=0.5"),
        (["f.yaml", "g.yaml"], "several files"),
    ],
)
def test_a_file_beside_pairs_is_refused(words: list[str], what: str) -> None:
    with pytest.raises(UsageError, match=f"these are {what}: give one file, or pairs"):
        file_or_pairs(words, lambda word: False)


def test_pairs_are_compared(backtrace_command: Runner) -> None:
    found = backtrace_command("diff", "configs/example.yaml", "h1=0.52", "dE/dU11 = 0.026", "E_tot@3=0.0202")
    assert (found.code, found.out, found.err) == (1, "3 figures: 2 match, 1 differs\n" + found.out[30:], "")
    assert "E_tot@3" in found.out


@pytest.mark.parametrize("text", ["h1: 0.520", '{"h1": 0.520}', "key,value\nh1,0.520\n"])
def test_standard_input_is_read(backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    found = backtrace_command("diff", "configs/example.yaml", "-")
    assert (found.code, found.out) == (0, "1 figure: it matches\n")


def test_a_config_is_read_from_standard_input(backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (ROOT / "configs" / "example.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    found = backtrace_command("run", "-")
    assert (found.code, found.out) == (0, backtrace_command("run", "configs/example.yaml").out)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"title: t\nfoo: 1\n")))
    found = backtrace_command("run", "-")
    assert (found.code, found.out, found.err.splitlines()[0]) == (3, "", '<stdin>:2:1: "foo" is no key of the config')


# ── the numbers of a program ──


def test_numbers_are_of_their_type_and_texts_as_printed() -> None:
    values: dict[str, Any] = {
        "a": 0.5,
        "b": [0.25, "0.520"],
        "epoch 3": {"layer": {"c": np.ones((1, 2), np.float32)}},
        "n": 3,
    }
    found = figures_of(values)
    assert [(f.key, f.printed, f.digits, f.type, f.index, f.epoch, f.heading) for f in found] == [
        ("a", "0.5", 17, "float64", (), None, ""),
        ("b", "0.25", 17, "float64", (0,), None, ""),
        ("b", "0.520", 3, "", (1,), None, ""),
        ("c", "1", 8, "float32", (0, 0), 3, "epoch 3, layer"),
        ("c", "1", 8, "float32", (0, 1), 3, "epoch 3, layer"),
        ("n", "3.0", 17, "float64", (), None, ""),
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, '"h1" is no figure but None'),
        (True, '"h1" is no figure but True'),
        ("half", '"h1" is no figure but the text "half"'),
        ([], '"h1" is an empty array'),
        ([1, [2, 3]], '"h1" is no figure but a list of rows of several lengths'),
        ({"h": 1j}, '"h" is no figure but 1j'),
    ],
)
def test_what_is_no_number_is_refused(value: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        figures_of({"h1": value})
    assert caught.value.faults[0].message == message


@pytest.mark.parametrize(
    ("values", "verdicts"),
    [
        ({"h1": 0.5199893401555818}, ["match"]),
        ({"h1": 0.51998934}, ["match"]),
        ({"h1": 0.5199893}, ["differs"]),
        ({"h1": np.float32(0.51998934)}, ["match"]),
        ({"h1": "0.51998934"}, ["match"]),
        ({"h": np.array([0.51998934, 0.5274723], np.float32)}, ["match", "match"]),
        ({"h": np.array([0.51998934, 0.5275], np.float32)}, ["match", "differs"]),
        ({"h": np.array([0.52, 0.527], np.float16)}, ["match", "match"]),
        ({"h": [float("nan"), float("inf")]}, ["differs", "differs"]),
    ],
)
def test_numbers_of_a_program_are_judged_in_their_type(
    example: Trace, values: dict[str, Any], verdicts: list[str]
) -> None:
    assert [row.verdict.value for row in backtrace.diff(example, values).rows] == verdicts


@pytest.mark.parametrize(
    "name", ["example", "xor", "mazur", "multiclass", "regression", "sigmoid_gate", "square_of_sum", "matrix_form"]
)
def test_a_trace_agrees_with_itself_and_nothing_is_left(name: str) -> None:
    trace = backtrace.run(ROOT / "configs" / f"{name}.yaml", epochs=3)
    found = backtrace.diff(trace, trace)
    assert (set(found.counts), found.without) == ({Verdict.MATCH}, 0)


def test_another_trace_differs_first_where_it_was_changed(example: Trace) -> None:
    found = backtrace.diff(example, backtrace.run(EXAMPLE, values={"W11": 0.35}))
    assert found.first is not None
    assert (found.first.key, found.first.figure.printed) == ("W11@1", "0.35")
    assert set(found.counts) == {Verdict.MATCH, Verdict.CARRIED, Verdict.DIFFERS}


def test_what_another_trace_does_not_have_is_counted_and_listed_on_demand(example: Trace) -> None:
    forward = backtrace.run(ROOT / "configs" / "example_equations.yaml")
    some = {key: example[key] for key in ("z", "h", "t", "o")}
    assert backtrace.diff(example, some).without == 0
    found = backtrace.diff(example, some, complete=True)
    missing = [row.key for row in found.rows if row.verdict is Verdict.MISSING]
    assert (missing[:4], len(missing)) == (["E1", "E2", "E_tot", "dE_tot/dE_tot"], 41)
    assert found.failed
    assert backtrace.diff(example, forward).without == 0


def test_what_is_missing_fails_a_complete_comparison(backtrace_command: Runner) -> None:
    found = backtrace_command("diff", "configs/example.yaml", "h1=0.52", "--complete")
    assert (found.code, found.out.splitlines()[0]) == (1, "1 figure: 1 matches, 48 are missing")
    assert "  z₁                      0.08000000             missing" in found.out.splitlines()


def test_a_count_follows_what_matches(example: Trace) -> None:
    found = replace(backtrace.diff(example, {"h1": "0.520"}), without=3)
    assert difference_text(found) == "1 figure: it matches, 3 more without a figure"


def test_other_notations_are_figures_and_doubtful_ones_are_told(example: Trace) -> None:
    rows = backtrace.diff(example, {"U11'": "0.4370", "δ_o1": "0.0499", "dE/dU11": "0.0259", "delta1": "0.05"}).rows
    assert [(row.key, row.verdict.value, row.hint) for row in rows] == [
        ("dE_tot/dt1", "match", ""),
        ("dE_tot/dU11", "match", ""),
        ("U11+", "match", ""),
        ("delta1", "unknown", "did you mean dE_tot/dz1 or dE_tot/dt1?"),
    ]


# ── names of another program ──

NAMES = {
    "fc1.weight": "W.T",
    "fc1.weight.grad": "d(E_tot, W).T",
    "layers[0].out": "h",
    "loss": "E_tot",
}


def dump(trace: Trace) -> dict[str, Any]:
    """As a program with weights of outputs by inputs would have them."""
    arrays = {
        "fc1.weight": np.transpose(trace["W"]),
        "fc1.weight.grad": np.transpose(trace["dE_tot/dW"]),
        "layers[0].out": trace["h"],
        "loss": trace["E_tot"],
    }
    return {name: np.asarray(array, np.float32) for name, array in arrays.items()}


def test_another_programs_names_are_mapped_with_transposes(example: Trace) -> None:
    found = backtrace.diff(example, dump(example), symbols=NAMES)
    assert dict(found.counts) == {Verdict.MATCH: 11}
    wrong = dump(example) | {"fc1.weight": np.asarray(example["W"], np.float32)}
    rows = backtrace.diff(example, wrong, symbols=NAMES).rows
    assert [row.key for row in rows if row.verdict is Verdict.DIFFERS] == ["fc1.weight[1,2]", "fc1.weight[2,1]"]


@pytest.mark.parametrize("head", ["", "symbols:\n"])
def test_a_map_of_names_is_a_file(backtrace_command: Runner, tmp_path: Path, head: str) -> None:
    lines = [f'{"  " * bool(head)}"{name}": "{text}"\n' for name, text in NAMES.items()]
    (tmp_path / "map.yaml").write_text(head + "".join(lines), encoding="utf-8")
    (tmp_path / "dump.json").write_text('{"loss": 0.02397190, "fc1.weight": [[0.3, 0.25], [0.4, 0.35]]}')
    files = (str(tmp_path / "dump.json"), "--symbols", str(tmp_path / "map.yaml"))
    found = backtrace_command("diff", "configs/example.yaml", *files)
    assert (found.code, found.out, found.err) == (0, "5 figures: all match\n", "")


def test_a_fault_in_a_map_stands_at_its_place(example: Trace) -> None:
    with pytest.raises(ConfigError) as caught:
        backtrace.diff(example, {"w": 1.0}, symbols={"w": "W @ quux"})
    assert str(caught.value).startswith('symbols:1:5: "quux" names nothing here')


def test_a_files_own_symbols_count_more() -> None:
    own = from_bytes(b"symbols: {a: h1}\na: 0.520", "f.yaml")
    trace = backtrace.run(EXAMPLE)
    assert backtrace.diff(trace, with_symbols(own, {"a": "h2"})).rows[0].verdict is Verdict.MATCH


# ── in tests of other projects ──


def test_an_assertion_says_nothing_where_figures_match(example: Trace) -> None:
    backtrace.assert_matches(example, {"h1": "0.520"})
    backtrace.assert_matches(example, (figure for figure in from_pairs(["h1=0.520"])))
    backtrace.assert_matches(EXAMPLE, {"E_tot@3": "0.0231"}, atol=1e-2)


def test_an_assertion_that_fails_shows_the_comparison() -> None:
    with pytest.raises(AssertionError) as caught:
        backtrace.assert_matches(EXAMPLE, {"h1": "0.5200", "h2": 0.6})
    assert str(caught.value) == (
        "the figures do not match\n"
        "2 figures: 1 matches, 1 differs\n"
        "\n"
        "      printed             computed  units off  verdict\n"
        "  … 1 matches\n"
        "→ h₂      0.6  0.52747230434459369   +6.5e+14  differs\n"
        "\n"
        "The first difference: h₂\n"
        "  h₂ = sigmoid(z₂)  = sigmoid(0.11)   0.52747230434459369\n"
        "  printed                                             0.6\n"
        "  off by                             0.072527695655406288"
    )


def test_an_update_that_no_epoch_has_is_unknown(backtrace_command: Runner) -> None:
    outcome = backtrace_command("diff", str(EXAMPLE), "U11+@1.3=0.4", "h1=0.5200")
    assert outcome.code == 1
    assert "  U11+@1.3  an epoch has 1 update here, not 3" in outcome.out.splitlines()


def test_an_example_without_its_sign_is_suggested(backtrace_command: Runner) -> None:
    outcome = backtrace_command("diff", "mazur")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (2, "  hint: did you mean @mazur?")
