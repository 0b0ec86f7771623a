"""Reads YAML 1.2 into plain nodes that keep their place and their text; the only module that knows PyYAML.

PyYAML reads YAML 1.1 and forgets places when it builds data, so only its event stream is used: the kinds of
the scalars, duplicate keys, aliases, bounds and the words of every refusal are decided here.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

import yaml

from backtrace.errors import ConfigError, Fault, FileError, Place, did_you_mean, shortened

LARGEST_FILE = 16 * 1024 * 1024
MOST_NODES = 100_000
DEEPEST = 50

Kind = Literal["null", "boolean", "number", "text", "list", "mapping"]
Scalar: TypeAlias = bool | int | float | str | None
Value: TypeAlias = "Scalar | tuple[Node, ...] | tuple[tuple[Node, Node], ...]"

BEGINNING = "a config begins with\ntitle: My network\ninputs: {x1: 0.1, x2: 0.2}\ntargets: {y1: 0.4}"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a YAML file with the place where it stands and, for a scalar, the text it was written as.

    >>> rate = parse("rate: 1e-3", "net.yaml").root.get("rate")
    >>> rate.value, rate.text, rate.place.column
    (0.001, '1e-3', 7)
    """

    kind: Kind
    place: Place
    text: str
    value: Value
    quoted: bool = False

    def items(self) -> tuple[tuple[Node, Node], ...]:
        """The pairs of a mapping; none for anything else."""
        return self.value if self.kind == "mapping" else ()  # type: ignore[return-value]

    def keys(self) -> list[str]:
        """The keys of a mapping, as text."""
        return [key.text for key, _ in self.items()]

    def get(self, name: str) -> Node | None:
        """The value under a key of a mapping, or None."""
        return next((value for key, value in self.items() if key.text == name), None)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.value if self.kind == "list" else ())  # type: ignore[arg-type]

    def describe(self) -> str:
        """What was got, in words for a message.

        >>> parse("[1, 2, 3]", "net.yaml").root.describe()
        'a list of 3'
        """
        return DESCRIPTIONS[self.kind](self)

    def place_at(self, offset: int) -> Place:
        """The place of the character at this offset of a scalar's text.

        A text that does not stand in the file as it is (a block, several lines, escapes) gives its beginning.
        """
        start = self.place.column - 1 + self.quoted
        if self.place.source[start : start + len(self.text)] != self.text:
            return self.place
        return replace(self.place, column=start + 1 + offset)


DESCRIPTIONS: dict[Kind, Callable[[Node], str]] = {
    "null": lambda node: "nothing",
    "boolean": lambda node: f"the truth value {node.text}",
    "number": lambda node: f"the number {shortened(node.text, 40)}",
    "text": lambda node: f'the text "{shortened(node.text, 40)}"' if node.text else "an empty text",
    "list": lambda node: f"a list of {len(list(node))}" if node.value else "an empty list",
    "mapping": lambda node: f"a mapping of {len(node.items())}" if node.value else "an empty mapping",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read, with the faults found while going on."""

    root: Node
    faults: tuple[Fault, ...]


# ---- files and characters ----


def load(path: str | os.PathLike[str]) -> Document:
    """Read a YAML file.

    Raises:
        FileError: it cannot be read.
        ConfigError: it is no YAML.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise FileError(_unreadable(name, error)) from error
    if len(data) > LARGEST_FILE:
        raise FileError(f'the file "{shortened(name)}" is larger than {LARGEST_FILE >> 20} MB')
    return parse(data, name)


UNREADABLE = {
    errno.ENOENT: "there is no such file",
    errno.EISDIR: "it is a directory, a file is expected",
    errno.ENOTDIR: "a part of its path is a file, not a directory",
    errno.EACCES: "there is no permission to read it",
    errno.EPERM: "there is no permission to read it",
    errno.ELOOP: "its links lead in a circle",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EMFILE: "too many files are open",
}


def _unreadable(name: str, error: OSError | ValueError) -> Fault:
    code = error.errno if isinstance(error, OSError) else None
    reason = UNREADABLE.get(code or 0) or (error.strerror if isinstance(error, OSError) else None)
    if code == errno.ENOENT and os.path.islink(name):
        reason = f'it is a link to "{shortened(os.readlink(name))}", which is not there'
    hint = did_you_mean(Path(name).name, _neighbours(name)) if code == errno.ENOENT else ""
    reason = reason or "this is not the name of a file"
    return Fault(f'cannot read "{shortened(name, 150)}": {reason}', hint=hint)


def _neighbours(name: str) -> list[str]:
    try:
        return [other for other in os.listdir(Path(name).parent)[:1000] if other != Path(name).name]
    except OSError:
        return []


MAGIC = {
    b"\x1f\x8b": "a compressed file (gzip)",
    b"BZh": "a compressed file (bzip2)",
    b"\xfd7zXZ": "a compressed file (xz)",
    b"PK\x03\x04": "a zip file, such as a spreadsheet or an npz",
    b"\x93NUMPY": "a numpy array",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xfe": "UTF-16 or UTF-32",
    b"\xfe\xff": "UTF-16",
    b"\0\0\xfe\xff": "UTF-32",
}


def _decode(data: bytes, file: str) -> str:
    for magic, what in MAGIC.items():
        if data.startswith(magic):
            hint = "save the file as UTF-8" if "UTF" in what else "unpack or export it as text first"
            raise ConfigError(Fault(f"this looks like {what}, not like YAML", Place(file, 1, 1, ""), hint))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        source = _Source(data.decode(errors="replace"), file)
        index = len(data[: error.start].decode()) - data.startswith(b"\xef\xbb\xbf")
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise ConfigError(source.fault(index, message, "save the file as UTF-8")) from None


class _Source:
    """The text of a file: where an index stands for an editor, whose lines end in LF, CRLF or CR only."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text.removeprefix("\ufeff"), file
        self.starts = [0, *(end.end() for end in re.finditer(r"\r\n?|\n", self.text))]
        # One string a line, or a million numbers in one line would each hold a copy of it.
        self.lines: dict[int, str] = {}

    def line_of(self, index: int) -> int:
        return bisect_right(self.starts, index)

    def line(self, number: int) -> str:
        if number not in self.lines:
            ends = [*self.starts[number : number + 1], len(self.text)]
            self.lines[number] = self.text[self.starts[number - 1] : ends[0]].rstrip("\r\n")
        return self.lines[number]

    def place(self, index: int) -> Place:
        line = self.line_of(min(index, len(self.text)))
        return self.at(line, index - self.starts[line - 1] + 1)

    def at(self, line: int, column: int) -> Place:
        return Place(self.file, line, min(column, len(self.line(line)) + 1), self.line(line))

    def fault(self, index: int, message: str, hint: str = "", width: int = 1) -> Fault:
        return Fault(message, self.place(index), hint, width)


LONGEST_TEXT = 100_000
LONG_RUN = re.compile(r"""[^\[\]{},"'\n\r]+""")
FORBIDDEN = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Line ends in YAML 1.1 and so for PyYAML, ordinary characters in YAML 1.2.
NO_LINE_ENDS = "\x85\u2028\u2029"
PRIVATE_USE = range(0xE000, 0xF8FF)


def _refuse_forbidden(source: _Source) -> None:
    if found := FORBIDDEN.search(source.text):
        hint = "is this a binary file?" if found[0] == "\0" else "remove it"
        message = f"the character U+{ord(found[0]):04X} cannot stand in YAML"
        raise ConfigError(source.fault(found.start(), message, hint))


def _refuse_long(source: _Source) -> None:
    """PyYAML takes a second for half a million characters of one text, and no text of a config is as long."""
    for run in LONG_RUN.finditer(source.text) if len(source.text) > LONGEST_TEXT else ():
        if len(run[0]) > LONGEST_TEXT:
            key = re.match(r"[ \t]*(-[ ]+)*(\w+:[ ]+)?", run[0])
            index = run.start() + (key.end() if key else 0)
            message = f"a text of more than {LONGEST_TEXT:,} characters"
            raise ConfigError(source.fault(index, message, "is this the right file?"))


def _stand_ins(text: str) -> dict[str, str]:
    """Characters that the text does not have, one for each that PyYAML would take for a line end."""
    there = set(text)
    free = (chr(code) for code in PRIVATE_USE if chr(code) not in there)
    return {character: next(free) for character in NO_LINE_ENDS if character in there}


QUOTED_OR_TAB = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|\t""")


def _spaced(text: str) -> str:
    """Tabs that separate become spaces, as PyYAML wants; those that indent a block stay, to be refused."""
    if "\t" not in text:
        return text
    flow = text.lstrip()[:1] in {"{", "["}
    return "".join(_spaced_line(line, flow) for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text))


def _spaced_line(line: str, flow: bool) -> str:
    content = line.lstrip(" \t")
    lead = line[: len(line) - len(content)]
    lead = lead.replace("\t", " ") if flow or not content.strip() else lead
    return lead + QUOTED_OR_TAB.sub(lambda found: " " if found[0] == "\t" else found[0], content)


# ---- scalars ----

WORDS: dict[str, tuple[Kind, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", None)),
    **dict.fromkeys(("true", "True", "TRUE"), ("boolean", True)),
    **dict.fromkeys(("false", "False", "FALSE"), ("boolean", False)),
}
LARGEST_WHOLE = int(sys.float_info.max)
# Python refuses whole numbers from 4,300 digits; the largest float has 309.
LONGEST_WHOLE = 400


def _whole(text: str, base: int) -> int | float:
    """A whole number; infinite where no float is as large, as 1e999 is."""
    if len(text) > LONGEST_WHOLE:
        return float(text) if base == 10 else float("inf")
    value = int(text, base)
    return value if abs(value) <= LARGEST_WHOLE else float("inf") * (1 if value > 0 else -1)


NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), lambda text: _whole(text, 10)),
    (re.compile(r"0o[0-7]+"), lambda text: _whole(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: _whole(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda text: float("nan")),
)


def _resolve(text: str) -> tuple[Kind, Scalar]:
    """The kind and the value of a plain scalar in the core schema of YAML 1.2."""
    if text in WORDS:
        return WORDS[text]
    for pattern, read in NUMBERS:
        if pattern.fullmatch(text):
            return "number", read(text)
    return "text", text


CORE_TAGS: dict[str, Kind] = {
    "tag:yaml.org,2002:null": "null",
    "tag:yaml.org,2002:bool": "boolean",
    "tag:yaml.org,2002:int": "number",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:seq": "list",
    "tag:yaml.org,2002:map": "mapping",
}
TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}
PROPERTIES = re.compile(r"([&!]\S*\s+)*")
GLUED = re.compile(r"(\w+):(\S+)")


# ---- from events to nodes ----


def parse(text: str | bytes, file: str) -> Document:
    """Read a YAML text; `file` is the name its places carry.

    Raises:
        ConfigError: it is no YAML.

    >>> parse("rate: 1e-3", "net.yaml").root.keys()
    ['rate']
    """
    source = _Source(text if isinstance(text, str) else _decode(text, file), file)
    _refuse_forbidden(source)
    _refuse_long(source)
    return _Builder(source).document()


@dataclass(frozen=True, slots=True)
class _Anchor:
    node: Node
    size: int
    height: int


@dataclass(slots=True)
class _Builder:
    """Takes the events of one text and builds its nodes, within the bounds on size and depth."""

    source: _Source
    faults: list[Fault] = field(default_factory=list)
    anchors: dict[str, _Anchor] = field(default_factory=dict)
    count: int = 0
    deepest: int = 0
    stand_ins: dict[str, str] = field(init=False)
    loader: yaml.SafeLoader = field(init=False)

    def __post_init__(self) -> None:
        self.stand_ins = _stand_ins(self.source.text)
        self.loader = yaml.SafeLoader(_spaced(self.source.text).translate(self.encoding()))

    def encoding(self) -> dict[int, str]:
        return {ord(own): stand_in for own, stand_in in self.stand_ins.items()}

    def document(self) -> Document:
        self.take()
        begin = self.take()
        if isinstance(begin, yaml.StreamEndEvent):
            self.refuse(_empty(self.source))
        root = self.node(self.take(), 1)
        self.take()
        self.check_root(root)
        self.check_end(self.take())
        return Document(root, tuple(self.faults))

    def check_root(self, root: Node) -> None:
        if root.kind == "null" and not root.text:
            self.refuse(_empty(self.source))
        if root.kind == "text" and not root.quoted and (fault := _no_config(self.source)):
            self.refuse(fault)

    def check_end(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.refuse(self.fault(event, "a second document begins here", "one config a file"))

    def refuse(self, fault: Fault) -> NoReturn:
        raise ConfigError([*self.faults, fault])

    def fault(self, event: yaml.Event, message: str, hint: str = "") -> Fault:
        return self.source.fault(_index(event), message, hint)

    def take(self) -> yaml.Event:
        """The next event; what PyYAML raises, for an escape also `chr`'s ValueError, becomes a fault."""
        try:
            return self.loader.get_event()  # type: ignore[no-untyped-call, no-any-return]
        except yaml.MarkedYAMLError as error:
            trouble = _trouble(error)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            trouble = _Trouble(str(error), self.loader.index, self.loader.index)
        raise ConfigError([*self.faults, _explain(self.source, trouble)])

    def node(self, event: yaml.Event, depth: int) -> Node:
        """The node that this event begins."""
        before, self.deepest, above = self.count, depth, self.deepest
        self.grow(event, 1, depth)
        node = self.built(event, depth)
        if (anchor := getattr(event, "anchor", None)) and not isinstance(event, yaml.AliasEvent):
            self.anchors[anchor] = _Anchor(node, self.count - before, self.deepest - depth)
        self.deepest = max(self.deepest, above)
        return node

    def built(self, event: yaml.Event, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, depth)
        self.check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            return self.scalar(event)
        pairs = isinstance(event, yaml.MappingStartEvent)
        return self.mapping(event, depth) if pairs else self.list(event, depth)

    def grow(self, event: yaml.Event, size: int, depth: int) -> None:
        self.count += size
        self.deepest = max(self.deepest, depth)
        if self.count > MOST_NODES:
            message = f"more than {MOST_NODES:,} values, with all aliases written out"
            self.refuse(self.fault(event, message, "keep large data in a csv file: {file: data.csv}"))
        if self.deepest > DEEPEST:
            self.refuse(self.fault(event, f"lists and mappings are nested more than {DEEPEST} deep"))

    def alias(self, event: yaml.AliasEvent, depth: int) -> Node:
        name = event.anchor or ""
        anchor = self.anchors.get(name)
        if anchor is None:
            hint = did_you_mean(name, self.anchors) or _quotes(self.source, _index(event))
            message = f"*{shortened(name)} is an alias in YAML, and no &{shortened(name)} is above it"
            self.refuse(self.fault(event, message, hint))
        self.grow(event, anchor.size - 1, depth + anchor.height)
        return anchor.node

    def check_tag(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag in (None, "!") or tag in CORE_TAGS:
            return
        index = _index(event)
        written = re.compile(r"(?:&\S*\s+)?(\S*)").match(self.source.text, index)
        assert written
        message, hint = f"the tag {shortened(written[1])} is refused", "write the value without a tag"
        self.refuse(self.source.fault(written.start(1), message, hint, len(written[1])))

    def scalar(self, event: yaml.ScalarEvent) -> Node:
        text, quoted = self.restored(event), event.style is not None
        as_text = event.tag in TEXT_TAGS or (quoted and event.tag is None)
        kind, value = ("text", text) if as_text else _resolve(text)
        if event.tag in CORE_TAGS and CORE_TAGS[event.tag] != kind:
            message = f'"{shortened(text)}" is not what its tag says'
            self.refuse(self.fault(event, message, "leave out the tag"))
        return Node(kind, self.place(event), text, value, quoted)

    def place(self, event: yaml.Event) -> Place:
        """Where a value begins, behind its anchor and its tag."""
        index = _index(event)
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            index = PROPERTIES.match(self.source.text, index).end()  # type: ignore[union-attr]
        return self.source.place(index)

    def restored(self, event: yaml.ScalarEvent) -> str:
        """The text with its own characters; the two halves of a character escaped as in JSON become one."""
        text: str = event.value
        for own, stand_in in self.stand_ins.items():
            text = text.replace(stand_in, own)
        try:
            return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self.refuse(self.fault(event, "an escape here is half a character", r"write both: \ud83d\ude00"))

    def list(self, event: yaml.Event, depth: int) -> Node:
        nodes = []
        while not isinstance(item := self.take(), yaml.SequenceEndEvent):
            nodes.append(self.item(item, depth + 1))
        return Node("list", self.place(event), "", tuple(nodes))

    def item(self, event: yaml.Event, depth: int) -> Node:
        """An item; one with nothing behind its dash stands at the dash."""
        node, dash = self.node(event, depth), _index(event) - 1
        bare = _is_bare(node) and self.source.text[dash : dash + 1] == "-"
        return replace(node, place=self.source.place(dash)) if bare else node

    def mapping(self, event: yaml.Event, depth: int) -> Node:
        pairs: dict[str, tuple[Node, Node]] = {}
        while not isinstance(key := self.take(), yaml.MappingEndEvent):
            pair = self.pair(key, depth + 1)
            if fault := _key_fault(pair[0], pairs):
                self.faults.append(fault)
            else:
                pairs[pair[0].text] = pair
        return Node("mapping", self.place(event), "", tuple(pairs.values()))

    def pair(self, event: yaml.Event, depth: int) -> tuple[Node, Node]:
        """A key and its value; a value with nothing written stands at its key."""
        key = self.node(event, depth)
        self.check_key(event, key)
        value = self.node(self.take(), depth)
        if not _is_bare(value):
            return key, value
        glued = None if key.quoted else GLUED.fullmatch(key.text)
        return self.unglued(key, glued) if glued else (key, replace(value, place=key.place))

    def check_key(self, event: yaml.Event, key: Node) -> None:
        if key.text == "<<" and not key.quoted:
            message = "the merge key << is not part of YAML 1.2"
            self.refuse(Fault(message, key.place, "write the keys out, or give each value its own alias", 2))
        if key.kind in ("list", "mapping"):
            self.refuse(self.complex_key(event, key))

    def complex_key(self, event: yaml.Event, key: Node) -> Fault:
        index = _index(event)
        if self.source.text[index - 1 : index + 1] == "{{":
            message = "this looks like a template that was not filled in"
            return self.source.fault(index - 1, message, "put the value in place of {{ … }}", 2)
        return self.fault(event, f"a key is text, not {key.describe()}", "write a name in front of the colon")

    def unglued(self, key: Node, glued: re.Match[str]) -> tuple[Node, Node]:
        """`{x1:0.1}` is one key in YAML; read as what was meant, so that it causes one fault and no more."""
        hint = f"write {shortened(glued[1])}: {shortened(glued[2])}"
        self.faults.append(Fault("no space after the colon", key.place, hint, len(key.text)))
        kind, value = _resolve(glued[2])
        meant = Node(kind, key.place_at(glued.start(2)), glued[2], value)
        return replace(key, text=glued[1], value=glued[1]), meant


def _index(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.index if mark else 0


def _is_bare(node: Node) -> bool:
    """Whether nothing is written."""
    return node.kind == "null" and not node.text


def _key_fault(key: Node, pairs: dict[str, tuple[Node, Node]]) -> Fault | None:
    if _is_bare(key):
        return Fault("a key is missing in front of the colon", key.place)
    if key.kind in ("null", "boolean"):
        hint = f'as a name it needs quotes: "{key.text}"'
        return Fault(f"{key.text} is a value of YAML, not a name", key.place, hint, len(key.text))
    if key.text in pairs:
        first = pairs[key.text][0].place
        message = f'"{shortened(key.text)}" is given twice; first in line {first.line}'
        return Fault(message, key.place, "remove one of the two", len(key.text) + 2 * key.quoted)
    return None


# ---- what is wrong with the syntax ----


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What PyYAML says, where it gave up, and where the thing began that it was reading."""

    words: str
    at: int
    begin: int


def _trouble(error: yaml.MarkedYAMLError) -> _Trouble:
    at = error.problem_mark or error.context_mark
    begin = error.context_mark or at
    words = f"{error.context or ''}: {error.problem or ''}".removeprefix(": ")
    return _Trouble(words, at.index if at else 0, begin.index if begin else 0)


def _explain(source: _Source, trouble: _Trouble) -> Fault:
    """The first explanation that fits: marks anywhere in the text, marks in the line, then PyYAML's words."""
    if fault := _in_text(source) or _in_line(source, trouble):
        return fault
    for pattern, explain in BY_WORDS:
        if re.search(pattern, trouble.words) and (fault := explain(source, trouble)):
            return fault
    return source.fault(trouble.at, f"this is no YAML: {trouble.words}")


QUOTES = 'put the whole text in quotes: "…"'

# Marks that tell what a whole text is: the caret stands at the first group.
IN_TEXT = (
    (
        r"^(<{7}|={7}|>{7}|\|{7})(?= |$)",
        "a merge conflict left this mark",
        "keep one version, remove the marks",
    ),
    (r"\A\s*(<[?!\w])", "this is XML or HTML, not YAML", BEGINNING),
    (
        r"\A(?:[;#].*\n|\s)*(\[[\w .-]+\])[ \t]*\n\s*[\w.-]+ *=",
        "this is an INI or TOML file, not YAML",
        BEGINNING,
    ),
    (
        r"\A(?:#.*\n|\s)*(?:(?:import|from) .*\s+)*(\w+ *=)(?!=)",
        "YAML has a colon behind a key, not =",
        BEGINNING,
    ),
)
# Marks in the line where PyYAML gave up.
IN_LINE = (
    (r"^\s*(```|~~~)", "this fence of Markdown is not part of a config", "remove the line"),
    ("(?:^|[:,[{(-])\\s*([“”„‟‘’‚«»])", "YAML knows no curly quotes", "write straight quotes: \" or '"),
    ("^[\\s-]*\\w+(\uff1a)", "U+FF1A is not a colon for YAML", "write : and a space"),
    (
        "^[ \t]*([\xa0\u1680\u2000-\u200f\u202f\u205f\u3000\ufeff])",
        "this is no ordinary space",
        "write spaces",
    ),
)


def _in_text(source: _Source) -> Fault | None:
    text = source.text.replace("\r", "\n")
    for pattern, message, hint in IN_TEXT:
        if found := re.search(pattern, text, re.MULTILINE):
            return source.fault(found.start(1), message, hint, len(found[1]))
    return None


def _in_line(source: _Source, trouble: _Trouble) -> Fault | None:
    lines = (source.line_of(trouble.at), source.line_of(trouble.begin))
    return _in_this_line(source, lines[0]) or _in_this_line(source, lines[1])


def _in_this_line(source: _Source, line: int) -> Fault | None:
    for pattern, message, hint in IN_LINE:
        if found := re.search(pattern, source.line(line)):
            return Fault(message, source.at(line, found.start(1) + 1), hint, len(found[1]))
    return None


def _no_config(source: _Source) -> Fault | None:
    """What is wrong with a file that is nothing but text; one line of it may be a value on its own."""
    several = len(source.text.strip().splitlines()) > 1
    return _in_text(source) or (_prose(source) if several else None)


def _prose(source: _Source) -> Fault:
    index = len(source.text) - len(source.text.lstrip())
    return source.fault(index, "this is not a config: a key and a colon are expected", BEGINNING)


def _empty(source: _Source) -> Fault:
    but = " but for comments and marks" if source.text.strip() else ""
    return source.fault(0, f"the file is empty{but}", BEGINNING)


def _quotes(source: _Source, index: int) -> str:
    """The hint to put a text in quotes, shown with the text's own key where that is easy to tell."""
    line = source.line(source.line_of(index)).strip()
    found = re.fullmatch(r"(?:- )?(\w+): +([^\"#]+)", line)
    if not found:
        return QUOTES
    mark = "'" if "\\" in found[2] else '"'
    return f"put the text in quotes: {shortened(found[1])}: {mark}{shortened(found[2])}{mark}"


def _open_quote(source: _Source, trouble: _Trouble) -> Fault | None:
    """A quote left open ends at the next quote, lines below, and what stands behind that one does not fit."""
    pattern = re.compile(r"""(?:^|[:,\[{-])[ ]*(["'])(?:(?!\1).)*$""", re.MULTILINE)
    here = source.line(source.line_of(trouble.at))
    for found in pattern.finditer(source.text, 0, source.starts[source.line_of(trouble.at) - 1]):
        if found[1] in here:
            message = "this quote is not closed in its line"
            return source.fault(found.start(1), message, f"close it with {found[1]}")
    return None


def _colon(source: _Source, trouble: _Trouble) -> Fault | None:
    place = source.place(trouble.at)
    before = place.source[: place.column - 1]
    if re.search(r":\s", before):
        hint = _quotes(source, trouble.at)
        return Fault("a colon and a space inside a text without quotes", place, hint)
    return _continued(source, place)


def _continued(source: _Source, place: Place) -> Fault | None:
    """A key that YAML takes for the next line of the text above it."""
    above = next(_contents_above(source, place.line), None)
    column = _column(place.source)
    if above and (fault := _in_this_line(source, above)):
        return fault
    if above is None or not any(":" in source.line(line) for line in range(1, place.line)):
        return _prose(source)
    if glued := re.match(r"[\s-]*(\w+):(?=\S)", source.line(above)):
        return _no_space(source.at(above, glued.start(1) + 1))
    message = "this line continues the value of the line above"
    return Fault(message, source.at(place.line, column), _indent_by(_body_column(source.line(above)) - 1))


def _simple_key(source: _Source, trouble: _Trouble) -> Fault:
    place = source.place(trouble.begin)
    text = place.source[place.column - 1 :]
    if re.match(r"\w+:(?=\S)", text):
        return _no_space(place)
    if re.match(r"\w+ *=(?!=)", text):
        return Fault("YAML has a colon behind a key, not =", place, "write key: value", len(text))
    if len(text) > 1000:
        key = text.split(":")[0]
        return Fault(f"a key of {len(key):,} characters", place, "a key has at most 1,000", len(key))
    return Fault("a key, a colon and a space are expected", place, "write key: value", len(text))


def _no_space(place: Place) -> Fault:
    key, value = place.source[place.column - 1 :].split(":", maxsplit=1)
    hint = f"write {shortened(key)}: {shortened(value)}"
    return Fault("no space after the colon", place, hint, len(key) + 1)


def _bad_start(source: _Source, trouble: _Trouble) -> Fault:
    character = source.text[trouble.at : trouble.at + 1]
    if character != "\t":
        return source.fault(trouble.at, f"text cannot start with {character}", _quotes(source, trouble.at))
    message = "a tab in front of this line, where YAML takes spaces only"
    return source.fault(trouble.at, message, "write spaces in its place")


def _escape(source: _Source, trouble: _Trouble) -> Fault:
    written = re.compile(r'"([^"\n\r]*)"?').match(source.text, trouble.begin)
    text, width = (shortened(written[1]), len(written[0])) if written else ("…", 1)
    message = "a backslash in double quotes begins an escape, and this is none"
    return source.fault(trouble.begin, message, f"use single quotes: '{text}'", width)


BRACKETS = {"[": "]", "{": "}"}
BRACKETS_AND_QUOTES = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|#.*|([\[{])|([\]}])""")


def _bracket(source: _Source, trouble: _Trouble) -> Fault:
    opener, found = source.text[trouble.begin], source.text[trouble.at : trouble.at + 1]
    closer = BRACKETS.get(opener, "]")
    if found in BRACKETS.values():
        return source.fault(trouble.at, f"{found} is here where {closer} closes what {opener} opened")
    if not _is_closed(source.text, trouble.begin):
        return source.fault(trouble.begin, f"this {opener} is not closed", f"close it with {closer}")
    return source.fault(trouble.at, f"a comma or {closer} is expected here")


def _is_closed(text: str, begin: int) -> bool:
    depth = 0
    for found in BRACKETS_AND_QUOTES.finditer(text, begin):
        depth += bool(found[1]) - bool(found[2])
        if depth == 0:
            return True
    return False


def _contents_above(source: _Source, line: int) -> Iterator[int]:
    """The numbers of the lines above that have more than a comment, the nearest first."""
    return (n for n in range(line - 1, 0, -1) if source.line(n).strip()[:1] not in {"", "#"})


def _column(line: str) -> int:
    return len(line) - len(line.lstrip()) + 1


def _body_column(line: str) -> int:
    """The column where the content begins, behind the dashes of list items."""
    return re.match(r"\s*(-\s+)*", line).end() + 1  # type: ignore[union-attr]


def _indentation(source: _Source, trouble: _Trouble) -> Fault | None:
    place = source.place(trouble.at)
    if source.text[trouble.at : trouble.at + 1] in BRACKETS.values():
        return None
    if place.column != _column(place.source) or not (above := next(_contents_above(source, place.line), 0)):
        return None
    dash = place.source[place.column - 1 :].startswith("- ")
    block = _block_of(source, place, dash) or above
    wanted = (_column if dash else _body_column)(source.line(block)) - 1
    columns = place.column - 1
    if columns == wanted:
        return Fault("a list item and a key in one block", place, "a block is a list or has keys, not both")
    where = (
        "the other lines of its block have"
        if columns > wanted
        else f"it fell out of the block of line {block}, which has"
    )
    return Fault(f"{_spaces(columns)} of indentation: {where} {wanted}", place, _indent_by(wanted))


def _spaces(count: int) -> str:
    return "1 space" if count == 1 else f"{count or 'no'} spaces"


def _indent_by(count: int) -> str:
    return f"indent it by {_spaces(count)}" if count else "do not indent it"


def _block_of(source: _Source, place: Place, dash: bool) -> int | None:
    """The first line of the block that the line above belongs to; for a list item, the item above."""
    above = list(_contents_above(source, place.line))
    if dash:
        return next((n for n in above if source.line(n).lstrip().startswith("- ")), None)
    wanted = _body_column(source.line(above[0]))
    outside = next((n for n in above if _column(source.line(n)) < wanted), None)
    if outside and _body_column(source.line(outside)) == wanted:
        return outside
    return min((n for n in above if n > (outside or 0)), default=None)


QUOTE_INSIDE = r"""inside '…' write '' for a quote, inside "…" write \" """.strip()


def _block_end(source: _Source, trouble: _Trouble) -> Fault:
    """Something stands where the block could only go on or end."""
    found = source.text[trouble.at : trouble.at + 1]
    if found in BRACKETS.values():
        return source.fault(trouble.at, f"this {found} closes nothing")
    if source.text[: trouble.at].rstrip()[-1:] in {"'", '"'}:
        message = "the closing quote stands in front of this"
        return source.fault(trouble.at, message, QUOTE_INSIDE)
    return source.fault(trouble.at, "the value has ended in front of this", f"remove it, or {QUOTES}")


def _document_start(source: _Source, trouble: _Trouble) -> Fault:
    if directive := re.search(r"^%", source.text, re.MULTILINE):
        return source.fault(directive.start(), "a line cannot start with %", QUOTES)
    if re.search(r"^\.\.\.\s", source.text[: trouble.at], re.MULTILINE):
        return source.fault(trouble.at, "the document ended above, at ...", "one config a file")
    return source.fault(trouble.at, "the value of the whole file has ended in front of this", BEGINNING)


def _at_begin(message: str, hint: str = "") -> Callable[[_Source, _Trouble], Fault]:
    return lambda source, trouble: source.fault(
        trouble.begin, message, hint or _quotes(source, trouble.begin)
    )


def _at_end(message: str, hint: str) -> Callable[[_Source, _Trouble], Fault]:
    return lambda source, trouble: source.fault(trouble.at, message, hint)


# What PyYAML says, and who explains it; the first that has an explanation counts.
BY_WORDS: tuple[tuple[str, Callable[[_Source, _Trouble], Fault | None]], ...] = (
    ("quoted scalar: found unexpected", _at_begin("this quote is not closed", "close it in the same line")),
    ("double-quoted scalar: (expected escape|found unknown)|chr\\(\\)|Python int too large", _escape),
    ("scanning an alias", _at_begin("text that starts with * is an alias in YAML")),
    ("scanning an anchor", _at_begin("text that starts with & is an anchor in YAML")),
    ("block scalar", _at_begin("text that starts with | or > is a block in YAML")),
    ("a tag|tag handle|tag URI", _at_begin("text that starts with ! is a tag in YAML")),
    ("cannot start any token", _bad_start),
    ("directive|YAML document|integer string", _document_start),
    ("<block end>|simple key|not allowed here|<document start>|flow (sequence|mapping)", _open_quote),
    ("mapping values are not allowed", _colon),
    ("simple key", _simple_key),
    ("sequence entries", _at_end("a list item begins here", "begin the list in a new line, or write [ … ]")),
    ("mapping keys", _at_end("? begins a key that is not text in YAML", QUOTES)),
    ("flow (sequence|mapping): expected", _bracket),
    ("node content", _at_end("something is missing in front of this", "write it, or remove this")),
    ("<block end>", _indentation),
    ("<block end>", _block_end),
    ("<document start>", _document_start),
)
