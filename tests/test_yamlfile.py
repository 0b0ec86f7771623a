"""The YAML loader: kinds and values of YAML 1.2, places, bounds, and a message for each thing people do."""

import contextlib
import math
import os
from pathlib import Path

import pytest

from backtrace.errors import BacktraceError, ConfigError, Fault, FileError
from backtrace.yamlfile import DEEPEST, LARGEST_FILE, LONGEST_TEXT, MOST_NODES, Node, files, load, parse


def value(text: str) -> Node:
    """The node of the text as the value of a key."""
    node = parse(f"key: {text}", "f").root.get("key")
    assert node is not None
    return node


def plain(node: Node) -> object:
    """The data of a node, without places."""
    if node.kind == "mapping":
        return {key.text: plain(item) for key, item in node.items()}
    return [plain(item) for item in node] if node.kind == "list" else node.value


def refused(text: str | bytes) -> Fault:
    """The only fault of a text that is refused."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "f")
    (fault,) = caught.value.faults
    return fault


def where(fault: Fault) -> tuple[int, int]:
    assert fault.place is not None
    return fault.place.line, fault.place.column


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("", "null", None),
        ("~", "null", None),
        ("null", "null", None),
        ("Null", "null", None),
        ("true", "boolean", True),
        ("True", "boolean", True),
        ("FALSE", "boolean", False),
        ("0", "number", 0),
        ("-12", "number", -12),
        ("+7", "number", 7),
        ("010", "number", 10),
        ("0x1F", "number", 31),
        ("0o17", "number", 15),
        ("1e-3", "number", 0.001),
        ("5E-1", "number", 0.5),
        (".5", "number", 0.5),
        ("1.", "number", 1.0),
        ("+2.5e+1", "number", 25.0),
        ("-0.0", "number", -0.0),
        (".inf", "number", math.inf),
        ("-.Inf", "number", -math.inf),
        ("1e999", "number", math.inf),
        ("9" * 400, "number", math.inf),
        ("-" + "9" * 5000, "number", -math.inf),
        ("0x" + "f" * 5000, "number", math.inf),
        ("no", "text", "no"),
        ("on", "text", "on"),
        ("yes", "text", "yes"),
        ("1_000", "text", "1_000"),
        ("1:30", "text", "1:30"),
        ("0,5", "text", "0,5"),
        ("1 000", "text", "1 000"),
        ("nan", "text", "nan"),
        ("0b1", "text", "0b1"),
        ("2001-01-01", "text", "2001-01-01"),
        ("=", "text", "="),
        ("٣", "text", "٣"),
        (".", "text", "."),
        ("x @ W + b", "text", "x @ W + b"),
        ("sigmoid(z\t)", "text", "sigmoid(z )"),
        ("a # b", "text", "a"),
        ('"1"', "text", "1"),
        ("'null'", "text", "null"),
        ("|\n  3\n", "text", "3\n"),
        ("! 3", "text", "3"),
        ("!!str 3", "text", "3"),
        ('!!float "3"', "number", 3),
        (r'"\ud83d\ude00"', "text", "😀"),
        ("a\u2028b\x85c", "text", "a\u2028b\x85c"),
    ],
)
def test_a_scalar_has_the_kind_of_yaml_1_2(text: str, kind: str, expected: object) -> None:
    node = value(text)
    assert (node.kind, node.value) == (kind, expected)
    assert type(node.value) is type(expected)


def test_nan_is_a_number() -> None:
    assert math.isnan(float(str(value(".nan").value)))
    assert math.copysign(1, float(str(value("-0.0").value))) == -1


@pytest.mark.parametrize(
    ("text", "written", "quoted"),
    [
        ("1e-3", "1e-3", False),
        ("'1.10'", "1.10", True),
        ('"a\\tb"', "a\tb", True),
        (">\n  a\n  b\n", "a b\n", True),
    ],
)
def test_a_scalar_keeps_its_text(text: str, written: str, quoted: bool) -> None:
    assert (value(text).text, value(text).quoted) == (written, quoted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: [x, {c: ~}]\n", {"a": 1, "b": ["x", {"c": None}]}),
        ("a: 1\r\nb:\r\n  - 2\r\n  -\r\n", {"a": 1, "b": [2, None]}),
        ("a: 1\rb:\r  - 2\r", {"a": 1, "b": [2]}),
        ("\ufeffa: 1", {"a": 1}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ('{"a": [1, true, null]}', {"a": [1, True, None]}),
        ('{\n\t"a": 1,\n\t"b": 2\n}', {"a": 1, "b": 2}),
        ('a:\t1\nb: "x\ty"\t# z\n\t\n', {"a": 1, "b": "x\ty"}),
        ("# a\x85b: 1\nc: 2", {"c": 2}),
        ("a: &l [1, 2]\nb: *l\n", {"a": [1, 2], "b": [1, 2]}),
        ("on: 1\nno: 2\ny: 3", {"on": 1, "no": 2, "y": 3}),
        ("1: a\n'null': b", {"1": "a", "null": "b"}),
        ("just text", "just text"),
        ("0.5", 0.5),
    ],
)
def test_a_text_is_read(text: str, expected: object) -> None:
    document = parse(text, "f")
    assert plain(document.root) == expected
    assert document.faults == ()
    assert plain(parse(text.encode(), "f").root) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("key: 5", (1, 6)),
        ("# c\n\nkey:   5", (3, 8)),
        ("a: 1\r\nkey: 5", (2, 6)),
        ("a: 1\rkey: 5", (2, 6)),
        ("\ufeffkey: 5", (1, 6)),
        ('a: "x\u2028y"\nkey: 5', (2, 6)),
        ("# x\x85y\nkey: 5", (2, 6)),
        ("{e\u0301: 1, 日本: 2, key: 5}", (1, 21)),
        ("key: 'x'", (1, 6)),
        ("key: |\n  x", (1, 6)),
        ("key: &a 5", (1, 9)),
        ("key: !!int &a 5", (1, 15)),
        ("key: [1]", (1, 6)),
        ("key:\n  - 1", (2, 3)),
        ("key:\n  b: 1", (2, 3)),
        ("key:", (1, 1)),
        ("a: 1\nkey: ~", (2, 6)),
        ("a: &a 5\nkey: *a", (1, 7)),
    ],
)
def test_a_value_keeps_its_place(text: str, place: tuple[int, int]) -> None:
    node = parse(text, "f").root.get("key")
    assert node is not None
    assert (node.place.line, node.place.column) == place
    assert (
        node.place.source
        == text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")[place[0] - 1]
    )


def test_an_empty_item_stands_at_its_dash() -> None:
    assert [node.place.column for node in parse("  -\n  - \n  - 1", "f").root] == [3, 3, 5]


@pytest.mark.parametrize(
    ("text", "offset", "column"),
    [
        ("x @ W", 0, 6),
        ("x @ W", 4, 10),
        ("'x @ W'", 4, 11),
        ('"x @ W"', 4, 11),
        (r'"x\t@ W"', 4, 6),
        ("'it''s @'", 4, 6),
        ("|\n  x @ W", 4, 6),
        ("x\n  @ W", 2, 6),
    ],
)
def test_a_character_of_a_text_has_a_place(text: str, offset: int, column: int) -> None:
    assert value(text).place_at(offset).column == column


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing"),
        ("true", "the truth value true"),
        ("0.50", "the number 0.50"),
        ("abc", 'the text "abc"'),
        ("''", "an empty text"),
        (r'"\e[31m"', r'the text "\x1b[31m"'),
        ("x" * 99, f'the text "{"x" * 19}…{"x" * 19}"'),
        ("[1, 2]", "a list of 2"),
        ("[]", "an empty list"),
        ("{a: 1}", "a mapping of 1"),
        ("{}", "an empty mapping"),
    ],
)
def test_a_node_describes_itself(text: str, words: str) -> None:
    assert value(text).describe() == words


def test_a_node_that_is_no_mapping_or_list_has_no_items() -> None:
    node = value("abc")
    assert (node.items(), node.keys(), node.get("a"), list(node)) == ((), [], None, [])


@pytest.mark.parametrize(
    ("text", "place", "message", "kept"),
    [
        ("a: 1\nb: 2\na: 3", (3, 1), '"a" is given twice; first in line 1', {"a": 1, "b": 2}),
        ("{'a': 1, a: 2}", (1, 10), '"a" is given twice; first in line 1', {"a": 1}),
        ("a: 1\nnull: 2", (2, 1), "null is a value of YAML, not a name", {"a": 1}),
        ("a: 1\ntrue: 2", (2, 1), "true is a value of YAML, not a name", {"a": 1}),
        ("a: 1\n? \n: 2", (2, 2), "a key is missing in front of the colon", {"a": 1}),
        ("{a:0.1, b: 2}", (1, 2), "no space after the colon", {"a": 0.1, "b": 2}),
    ],
)
def test_reading_goes_on_after_a_fault_in_a_key(text: str, place: tuple[int, int], message: str, kept: object) -> None:
    document = parse(text, "f")
    (fault,) = document.faults
    assert (where(fault), fault.message, plain(document.root)) == (place, message, kept)


def test_the_faults_found_before_a_refusal_are_told_too() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("a: 1\na: 2\nb: @c", "f")
    assert [where(fault) for fault in caught.value.faults] == [(2, 1), (3, 4)]


SYNTAX = [
    # nothing, or another kind of file
    ("", (1, 1), "the file is empty"),
    ("\n \n", (1, 1), "the file is empty"),
    ("# nothing\n", (1, 1), "the file is empty but for comments and marks"),
    ("---\n", (1, 1), "the file is empty but for comments and marks"),
    ("<?xml version='1.0'?>\n<a/>", (1, 1), "this is XML or HTML, not YAML"),
    ("[net]\nepochs = 3\n", (1, 1), "this is an INI or TOML file, not YAML"),
    ("title = 'x'\nepochs = 3\n", (1, 1), "YAML has a colon behind a key, not ="),
    ("config = {\n  'a': 1}\n", (1, 1), "YAML has a colon behind a key, not ="),
    ("Dear teacher,\nhere: see below\n", (1, 1), "this is not a config: a key and a colon are expected"),
    ("two lines\nof prose\n", (1, 1), "this is not a config: a key and a colon are expected"),
    ("```yaml\na: 1\n```\n", (1, 1), "this fence of Markdown is not part of a config"),
    ("a: 1\n```\n", (2, 1), "this fence of Markdown is not part of a config"),
    ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\n", (2, 1), "a merge conflict left this mark"),
    ("a: {{ title }}\n", (1, 4), "this looks like a template that was not filled in"),
    # indentation
    ("a:\n  - b: 1\n    c: 2\n   d: 3\n", (4, 4),
     "3 spaces of indentation: it fell out of the block of line 2, which has 4"),
    ("a:\n  - b: 1\n     c: {}\n", (3, 6), "this line continues the value of the line above"),
    ("a:\n  - b: []\n     c: {}\n", (3, 6), "5 spaces of indentation: the other lines of its block have 4"),
    ("a:\n  - b: 1\n - c: 2\n", (3, 2),
     "1 space of indentation: it fell out of the block of line 2, which has 2"),
    ("a:\n    b: 1\n    c:\n      d: 2\n   e: 3\n", (5, 4),
     "3 spaces of indentation: it fell out of the block of line 4, which has 6"),
    ("a:\n  - b: 1\n    c: 2\n  - d: 1\n    e: 2\n   f: 3\n", (6, 4),
     "3 spaces of indentation: it fell out of the block of line 4, which has 4"),
    ("a:\n  b: 1\nx:\n    c: 2\n    d: 3\n  e: 4\n", (6, 3),
     "2 spaces of indentation: it fell out of the block of line 4, which has 4"),
    ("a:\n  - 1\n  - 2\n - 3\n", (4, 2), "1 space of indentation: it fell out of the block of line 3, which has 2"),
    ("a:\n  b:\n   - c: 1\n  - d: 2\n", (4, 3),
     "2 spaces of indentation: it fell out of the block of line 3, which has 3"),
    ("a:\n  b: 1\n\n  # note\n   c: {}\n", (5, 4), "3 spaces of indentation: the other lines of its block have 2"),
    ("# note\n  a: 1\n\nb: 2\n", (4, 1), "2 spaces of indentation less than line 2, where the file begins"),
    (" a: 1\n b: 2\nc: 3\n", (3, 1), "1 space of indentation less than line 1, where the file begins"),
    ("a: 0.5\n  b: 1\n", (2, 3), "this line continues the value of the line above"),
    ("a:\n\tb: 1\n", (2, 1), "a tab in front of this line, where YAML takes spaces only"),
    ("a: 1\n- b\n", (2, 1), "a list item and a key in one block"),
    ("a: - b\n", (1, 4), "a list item begins here"),
    ("\xa0\xa0a: 1\n b: 2\n", (1, 1), "U+00A0 is no space for YAML"),
    # colons
    ("a: XOR: b\n", (1, 7), "a colon and a space inside a text without quotes"),
    ("a: 1\nb:0.5\nc: 1\n", (2, 1), "no space after the colon"),
    ("b:0.5\nc: 1\n", (1, 1), "no space after the colon"),
    ("a: 1\nb:0.5\n", (2, 1), "no space after the colon"),
    ("a\uff1ax\nb: 1\n", (1, 2), "U+FF1A is not a colon for YAML"),
    ("a: 1\nb = 2\nc: 3\n", (2, 1), "YAML has a colon behind a key, not ="),
    ("a: 1\nword\nb: 2\n", (2, 1), "a key, a colon and a space are expected"),
    ("a: 1\n" + "k" * 2000 + ": 1\n", (2, 1), "a key of 2,000 characters"),
    ("? [a]\n: 1\n", (1, 3), "a key is text, not a list of 1"),
    ("a:\n  <<: {b: 1}\n", (2, 3), "the merge key << is not part of YAML 1.2"),
    # quotes and brackets
    ('a: "two\nb: 1\n', (1, 4), "this quote is not closed"),
    ('a: "two\nb: "x"\n', (1, 4), "this quote is not closed in its line"),
    ("a: 'it's'\n", (1, 8), "the closing quote stands in front of this"),
    ("a: “XOR: b”\n", (1, 4), "YAML knows no curly quotes"),
    ('a: "C:\\Users\\x"\n', (1, 4), "a backslash in double quotes begins an escape, and this is none"),
    ('a: "\\UFFFFFFFF"\n', (1, 4), "a backslash in double quotes begins an escape, and this is none"),
    ('a: "\\ud83d"\n', (1, 4), "an escape here is half a character"),
    ("a: [1, 2\nb: 3\n", (1, 4), "this [ is not closed"),
    ("a: {b: 1\nc: 3\n", (1, 4), "this { is not closed"),
    ("a: [1, 2}\n", (1, 9), "} is here where ] closes what [ opened"),
    ("a: [1]]\n", (1, 7), "this ] closes nothing"),
    ("a: 1\n}\n", (2, 1), "this } closes nothing"),
    ('a: ["b" "c"]\n', (1, 9), "a comma or ] is expected here"),
    ("a: [1, , 2]\n", (1, 8), "something is missing in front of this"),
    ("{a: 1, : 2}", (1, 8), "something is missing in front of this"),
    # characters that mean something else in YAML
    ("a: @b\n", (1, 4), "text cannot start with @"),
    ("a: `b`\n", (1, 4), "text cannot start with `"),
    ("%b\na: 1\n", (1, 1), "a line cannot start with %"),
    ("%YAML " + "9" * 5000 + ".1\n---\na: 1\n", (1, 1), "a line cannot start with %"),
    ("a: * b\n", (1, 4), "text that starts with * is an alias in YAML"),
    ("a: & b\n", (1, 4), "text that starts with & is an anchor in YAML"),
    ("a: |x|\n", (1, 4), "text that starts with | or > is a block in YAML"),
    ("a: !<b\n", (1, 4), "text that starts with ! is a tag in YAML"),
    ("a: *b\n", (1, 4), "*b is an alias in YAML, and no &b is above it"),
    ("a: &b [*b]\n", (1, 8), "*b stands within its own &b, which would never end"),
    ("? a\n? ? b\n", (2, 3), "a key is text, not a mapping of 1"),
    # tags
    ("a: !foo 1\n", (1, 4), "the tag !foo is refused"),
    ("a: &x !!binary aGk=\n", (1, 7), "the tag !!binary is refused"),
    ("a: !!python/object/apply:os.system ['x']\n", (1, 4),
     "the tag !!python/object/apply:os.system is refused"),
    ("a: !!int b\n", (1, 4), '"b" is not what its tag says'),
    # documents
    ("a: 1\n---\nb: 2\n", (2, 1), "a second document begins here"),
    ("a: 1\n...\nb: 2\n", (3, 1), "the document ended above, at ..."),
    ("{a: 1}\nb: 2\n", (2, 1), "the value of the whole file has ended in front of this"),
    # characters and encodings
    ("a: b\0c\n", (1, 5), "the character U+0000 cannot stand in YAML"),
    ("a: \x1b[31m\n", (1, 4), "the character U+001B cannot stand in YAML"),
    ("a: \ud800\n", (1, 4), "the character U+D800 cannot stand in YAML"),
    (b"a: r\xe9seau\n", (1, 5), "the byte 0xe9 is not UTF-8"),
    (b"\xef\xbb\xbf\n\xc3\xa9\xe9", (2, 2), "the byte 0xe9 is not UTF-8"),
    ("a: 1".encode("utf-16"), (1, 1), "this looks like UTF-16 or UTF-32, not like YAML"),
    (b"\x1f\x8b\x08", (1, 1), "this looks like a compressed file (gzip), not like YAML"),
    (b"\x93NUMPY", (1, 1), "this looks like a numpy array, not like YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "message"), SYNTAX)
def test_a_refusal_names_the_place_and_the_reason(text: str | bytes, place: tuple[int, int], message: str) -> None:
    fault = refused(text)
    assert (where(fault), fault.message) == (place, message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("title: XOR: a demo\n", 'put the text in quotes: title: "XOR: a demo"'),
        ("title: @home\n", 'put the text in quotes: title: "@home"'),
        ("  - h: *z\n", 'put the text in quotes: h: "*z"'),
        ("a: 1\nlearning_rate:0.5\n", "write learning_rate: 0.5"),
        ('a: "C:\\Users\\x"\n', r"use single quotes: 'C:\Users\x'"),
        ("a: &weights 1\nb: *weigths\n", 'did you mean "weights"?'),
        ("a: 0.5\n  b: 1\n", "do not indent it"),
        ("a:\n  b: 1\n c: 1\n", "indent it by 2 spaces"),
        ("a: b\0c\n", "is this a binary file?"),
        (b"\xe9", "save the file as UTF-8"),
    ],
)
def test_a_hint_shows_the_repair(text: str | bytes, hint: str) -> None:
    assert refused(text).hint == hint


TOO_DEEP = f"lists and mappings are nested more than {DEEPEST} deep"


def aliases(levels: int) -> str:
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]", *lines])


def chain(levels: int) -> str:
    return "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, levels))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 10_000, TOO_DEEP),
        ("\n".join(" " * n + "a:" for n in range(300)), TOO_DEEP),
        (chain(DEEPEST + 1), TOO_DEEP),
        (aliases(9), f"more than {MOST_NODES:,} values, with all aliases written out"),
        ("a: " + "z + " * LONGEST_TEXT, f"a text of more than {LONGEST_TEXT:,} characters"),
    ],
)
def test_what_is_too_large_is_refused_at_once(text: str, message: str) -> None:
    assert refused(text).message == message


def filled(head: str, unit: str, tail: str = "") -> str:
    """A text a third as large as a file may be, where quadratic time is minutes."""
    return head + unit * ((LARGEST_FILE // 3 - len(head) - len(tail)) // len(unit)) + tail


@pytest.mark.parametrize(
    "text",
    [
        # as much as the bounds let through
        pytest.param("- 1\n" * (MOST_NODES - 1), id="values"),
        pytest.param("- [] \n" * (MOST_NODES - 1), id="lists"),
        pytest.param("a: 1\n" * (MOST_NODES // 2 - 1), id="the same key"),
        pytest.param(f'- "{chr(92)}n{chr(92)}n{chr(92)}n{chr(92)}n"\n' * (MOST_NODES - 1), id="escapes"),
        pytest.param(filled("", "\n", "a:\t1"), id="blank lines and a tab"),
        pytest.param(filled("", "%a\n", "---\na: 1"), id="directives"),
        pytest.param(filled('a: "', "x,", '"'), id="a quoted text"),
        pytest.param(filled("", ";\n"), id="lines of one character"),
        # what takes quadratic or exponential time where a pattern goes back
        pytest.param("import a " * 3000 + "\nb: @", id="imports in one line"),
        pytest.param(filled('a: ["b" "c" "', '\\"'), id="escaped quotes behind brackets"),
        pytest.param(filled("a:\tx ", '\\"'), id="escaped quotes behind a tab"),
        pytest.param(filled("[" + "&a," * (MOST_NODES - 2), "'"), id="anchors in one line"),
        pytest.param("a: " + " " * 99_000 + '@ "', id="spaces in front of a value"),
        pytest.param('a: "' + "-'\n " * 60_000 + '"\n' + "x," * 120_000, id="quotes at the ends of lines"),
        pytest.param(f"[{', '.join(f'&{n:070} 1' for n in range(6000))}, *{'9' * 70}]", id="anchors to compare"),
    ],
)
def test_a_file_made_to_be_slow_is_answered(text: str) -> None:
    """Each took quadratic time or worse before; a run that hangs here is the failure."""
    assert len(text) <= LARGEST_FILE
    with contextlib.suppress(ConfigError):
        parse(text.encode(), "f")


def test_what_is_just_small_enough_is_read() -> None:
    assert parse("[" * DEEPEST + "]" * DEEPEST, "f").faults == ()
    with pytest.raises(ConfigError, match="nested more than"):
        parse("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "f")
    assert parse(chain(DEEPEST - 2), "f").root.keys()[-1] == f"a{DEEPEST - 3}"


def test_nodes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtrace.yamlfile.loader.MOST_NODES", 6)
    assert len(parse("a: [1, 2, 3]", "f").root.keys()) == 1
    assert where(refused("a: [1, 2, 3, 4]")) == (1, 14)


def test_numbers_of_one_line_share_its_text() -> None:
    first, second = parse("[1, 2]", "f").root
    assert first.place.source is second.place.source


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert plain(load(path).root) == {"a": 1}
    assert load(str(path)).root.place.file == str(path)


@pytest.mark.parametrize(
    ("name", "reason", "hint"),
    [
        ("nte.yaml", "there is no such file", 'did you mean "net.yaml"?'),
        ("zzzzzz", "there is no such file", ""),
        ("dangling", 'it is a link to "nowhere", which is not there', ""),
        ("loop", "its links lead in a circle", ""),
        (".", "it is a directory, a file is expected", ""),
        ("net.yaml/a", "a part of its path is a file, not a directory", ""),
        ("n" * 300, "the name is too long", ""),
        ("a\0b", "this is not the name of a file", ""),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    name: str, reason: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text("a: 1")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FileError) as caught:
        load(name)
    (fault,) = caught.value.faults
    assert fault.message.endswith(f": {reason}")
    assert fault.hint == hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.touch(mode=0)
    with pytest.raises(FileError, match="there is no permission to read it"):
        load(path)


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE * 64)
    with pytest.raises(FileError, match="is larger than 1024 kB"):
        load(path)


PIECES = [
    *(
        '"',
        "'",
        "[",
        "]",
        "{",
        "}",
        ": ",
        ":",
        "- ",
        "\n",
        "  ",
        "\t",
        "&a ",
        "*a",
        "!x ",
        "|",
        ">",
        "%",
        "@",
        "#",
    ),
    *("...", "\n---\n", "? ", "<<: ", "\\", '"\\x"', "\u2028", "\x85", "\0", ",", "=", "a", "1e-3"),
]


@pytest.mark.parametrize("first", PIECES)
def test_no_text_raises_anything_but_an_error_of_ours(first: str) -> None:
    for second in PIECES:
        for third in PIECES[::3]:
            text = f"a: {first}{second}x\n{third}b: 1"
            try:
                faults = parse(text, "f").faults
            except BacktraceError as error:
                faults = error.faults
            assert all(fault.place and fault.place.source in text for fault in faults), text


def test_a_file_of_just_the_greatest_size_is_read(tmp_path: Path) -> None:
    (path := tmp_path / "f.yaml").write_bytes(b"a: 1")
    assert files.read(str(path), 4) == b"a: 1"
    with pytest.raises(FileError, match="is larger than"):
        files.read(str(path), 3)


@pytest.mark.parametrize(("key", "width"), [("a", 1), ('"a"', 3), ("'a'", 3)])
def test_a_key_given_twice_is_underlined_with_its_quotes(key: str, width: int) -> None:
    (fault,) = parse(f"a: 1\n{key}: 2\n", "f").faults
    assert (fault.message, fault.width) == ('"a" is given twice; first in line 1', width)


def test_a_file_without_a_name_is_told() -> None:
    with pytest.raises(FileError) as caught:
        load("")
    (fault,) = caught.value.faults
    assert (fault.message, fault.hint) == (
        "the name of the file is empty",
        "such as backtrace run configs/example.yaml",
    )
