"""The errors: how a fault is written, what is hidden in a text, what a misspelt word means."""

import pickle

import pytest

from backtrace.errors import (
    BacktraceError,
    ConfigError,
    Fault,
    FileError,
    NumericError,
    Place,
    UsageError,
    did_you_mean,
    format_fault,
    format_faults,
    shortened,
    suggest,
    visible,
)


def at(column: int, source: str, line: int = 1, file: str = "f") -> Place:
    return Place(file, line, column, source)


@pytest.mark.parametrize(
    ("error", "code"),
    [(BacktraceError, 1), (UsageError, 2), (ConfigError, 3), (FileError, 4), (NumericError, 5)],
)
def test_each_class_has_its_exit_code(error: type[BacktraceError], code: int) -> None:
    assert error.exit_code == code
    assert issubclass(error, BacktraceError)


@pytest.mark.parametrize(
    "what",
    ["wrong", Fault("wrong"), [Fault("wrong")], (Fault("wrong"),), iter([Fault("wrong")])],
    ids=["message", "fault", "list", "tuple", "iterator"],
)
def test_an_error_is_made_of_a_message_a_fault_or_several(what: str | Fault | list[Fault]) -> None:
    error = ConfigError(what)
    assert error.faults == (Fault("wrong"),)
    assert str(error) == "wrong"


def test_an_error_survives_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(ConfigError(Fault("wrong", at(1, "a")))))
    assert error.faults == (Fault("wrong", at(1, "a")),)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ∂E/∂w 日本 é 😀", "plain ∂E/∂w 日本 é 😀"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\0\x1b[31m\x7f\x9b", r"\x00\x1b[31m\x7f\x9b"),
        ("\u202e\u2066\u200b\u200d\ufeff", r"\u202e\u2066\u200b\u200d\ufeff"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
        ("\u3164\u034f", r"\u3164\u034f"),
        ("\ufffe\uffff\ufffd", "\\ufffe\\uffff\ufffd"),
        (r"\u202e", r"\u202e"),
    ],
)
def test_hidden_characters_become_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("abc", 3, "abc"),
        ("abcdefgh", 5, "ab…gh"),
        ("a" * 10**6, 7, "aaa…aaa"),
        ("\0" * 100, 9, r"\x00…\x00"),
    ],
)
def test_long_text_is_cut_in_the_middle(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("no place"), "no place"),
        (Fault("no place", hint="repair"), "no place\n  hint: repair"),
        (Fault("m", hint="a\nb\n\nc"), "m\n  hint: a\n        b\n\n        c"),
        (Fault("m", at(1, "abc")), "f:1:1: m\n    abc\n    ^"),
        (Fault("m", at(4, "abc")), "f:1:4: m\n    abc\n       ^"),
        (Fault("m", at(2, "abc", 7), "h", 2), "f:7:2: m\n    abc\n     ^^\n  hint: h"),
        (Fault("m", at(2, "abc"), width=99), "f:1:2: m\n    abc\n     ^^"),
        (Fault("m", at(2, "abc"), width=0), "f:1:2: m\n    abc\n     ^"),
        (Fault("m", at(1, "")), "f:1:1: m"),
        (Fault("m", at(1, "   ")), "f:1:1: m"),
        (Fault("m", at(2, "\tx  ")), "f:1:2: m\n        x\n        ^"),
        (Fault("m", at(3, "日本x"), width=1), "f:1:3: m\n    日本x\n        ^"),
        (Fault("m", at(1, "日本x"), width=2), "f:1:1: m\n    日本x\n    ^^^^"),
        (Fault("m", at(4, "e\u0301e\u0301x")), "f:1:4: m\n    e\u0301e\u0301x\n     ^"),
        (Fault("m", at(5, "e\u0301e\u0301x")), "f:1:5: m\n    e\u0301e\u0301x\n      ^"),
        (Fault("m", at(2, "\u202ex")), "f:1:2: m\n    \\u202ex\n          ^"),
        (Fault("a\x1bb", at(1, "x", file="d\n.yaml")), "d\\n.yaml:1:1: a\\x1bb\n    x\n    ^"),
    ],
)
def test_a_fault_is_written_with_its_line_and_caret(fault: Fault, text: str) -> None:
    assert format_fault(fault) == text


@pytest.mark.parametrize("column", [1, 20, 500, 99_999, 100_001])
def test_a_long_line_is_cut_around_the_caret(column: int) -> None:
    source = "".join("0123456789"[n % 10] for n in range(100_000))
    _, line, caret = format_fault(Fault("m", at(column, source))).splitlines()
    assert max(len(line), len(caret)) <= 100
    assert line[len(caret) - 1 : len(caret)] == source[column - 1 : column]
    assert ("…" in line[:6], line.endswith("…")) == (column > 32, column < 99_000)


@pytest.mark.parametrize("source", ["日" * 5000, "\0" * 5000, "e" + "\u0301" * 5000, "\t" * 4999 + "x"])
def test_a_long_line_of_any_width_stays_short(source: str) -> None:
    text = format_fault(Fault("m" * 5000, at(3000, source, file="f" * 5000), "h" * 5000, 5000))
    assert len(text) < 1200


def test_faults_are_in_file_order_and_each_is_shown_once() -> None:
    one, two, three = (Fault(f"m{line}{column}", at(column, "", line)) for line, column in [(1, 9), (2, 1), (2, 3)])
    other, nowhere = Fault("o", at(1, "", file="g")), Fault("n")
    faults = [three, other, one, two, nowhere, one]
    assert format_faults(faults).splitlines() == ["n", "f:1:9: m19", "f:2:1: m21", "f:2:3: m23", "g:1:1: o"]


def test_the_first_twenty_faults_are_shown_and_the_rest_counted() -> None:
    lines = format_faults(Fault(str(n), at(1, "", n + 1)) for n in range(27)).splitlines()
    assert lines[19:] == ["f:20:1: 19", "... and 7 more"]
    assert format_faults(Fault(str(n)) for n in range(20)).splitlines()[-1] == "19"
    assert format_faults([]) == ""


@pytest.mark.parametrize(
    ("word", "choices", "near"),
    [
        ("learnig_rate", ["layers", "learning_rate"], "learning_rate"),
        ("ADAM", ["sgd", "adam"], "adam"),
        ("relu", ["ReLU", "relu6"], "ReLU"),
        ("qqq", ["layers"], ""),
        ("", ["layers"], ""),
        ("a" * 10**6, ["a" * 10**6], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_choice_is_suggested(word: str, choices: list[str], near: str) -> None:
    assert suggest(word, choices) == near
    assert did_you_mean(word, choices) == (f'did you mean "{near}"?' if near else "")
