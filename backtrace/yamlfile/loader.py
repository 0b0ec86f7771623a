"""Builds nodes from the events of PyYAML, within bounds on size and depth; the only module that knows PyYAML.

PyYAML reads YAML 1.1 and forgets places when it builds data, so only its event stream is used: the kinds of
the scalars, duplicate keys, aliases, bounds and the words of every refusal are decided in this package.
"""

from __future__ import annotations

import os
import re
from dataclasses import field, replace
from itertools import islice
from typing import NoReturn

import yaml

from backtrace.errors import ConfigError, Fault, Place, did_you_mean, shortened
from backtrace.records import dataclass
from backtrace.yamlfile.files import STDIN, decode, read, standard_input
from backtrace.yamlfile.nodes import Document, Node
from backtrace.yamlfile.scalars import CORE_TAGS, TEXT_TAGS, WHOLE_TAG, resolve
from backtrace.yamlfile.source import Source, refuse_forbidden, refuse_long, spaced, stand_ins
from backtrace.yamlfile.syntax import Trouble, empty, explain, no_config, quotes

# One takes 80 microseconds at worst.
MOST_NODES = 20_000
DEEPEST = 50
# Anchors that a misspelt alias is compared with, at a millisecond each at worst.
MOST_COMPARED = 200

# An anchor ends at a comma too, or a line full of them would be read to its end for each.
PROPERTIES = r"((?:&[\w-]*+|!\S*+)\s+)*"
# A bracket that is open at the end, and one that closes it: what a comma may have cut in two.
CUT = r"[^()]*\([^()]*\Z|[<\uff08\uff3b][^>\uff09\uff3d]*\Z"
CUT_END = "[)>\uff09\uff3d]"
GLUED = r"(\w+):(\S+)"


def load(path: str | os.PathLike[str]) -> Document:
    """Read a YAML file; - is standard input.

    Raises:
        FileError: it cannot be read.
        ConfigError: it is no YAML.
    """
    name = os.fspath(path)
    return parse(standard_input(), STDIN) if name == "-" else parse(read(name), name)


def parse(text: str | bytes, file: str) -> Document:
    """Read a YAML text; `file` is the name its places carry.

    Raises:
        ConfigError: it is no YAML.

    >>> parse("rate: 1e-3", "net.yaml").root.keys()
    ['rate']
    """
    source = Source(text if isinstance(text, str) else decode(text, file), file)
    refuse_forbidden(source)
    refuse_long(source)
    return _Builder(source).document()


@dataclass(frozen=True, slots=True)
class _Anchor:
    node: Node
    size: int
    height: int


@dataclass(slots=True)
class _Builder:
    """Takes the events of one text and builds its nodes, within the bounds on size and depth."""

    source: Source
    faults: list[Fault] = field(default_factory=list)
    anchors: dict[str, _Anchor] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    """The anchors of the lists and mappings that have not ended."""
    count: int = 0
    deepest: int = 0
    stand_ins: dict[str, str] = field(init=False)
    loader: yaml.SafeLoader = field(init=False)

    def __post_init__(self) -> None:
        self.stand_ins = stand_ins(self.source.text)
        self.loader = yaml.SafeLoader(spaced(self.source.text).translate(self.encoding()))

    def encoding(self) -> dict[int, str]:
        return {ord(own): stand_in for own, stand_in in self.stand_ins.items()}

    def document(self) -> Document:
        self.take()
        begin = self.take()
        if isinstance(begin, yaml.StreamEndEvent):
            self.refuse(empty(self.source))
        root = self.node(self.take(), 1)
        self.take()
        self.check_root(root)
        self.check_end(self.take())
        return Document(root, tuple(self.faults), self.source.text)

    def check_root(self, root: Node) -> None:
        if root.kind == "null" and not root.text:
            self.refuse(empty(self.source))
        if root.kind == "text" and not root.quoted and (fault := no_config(self.source)):
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
            trouble = Trouble(str(error), self.loader.index, self.loader.index)
        raise ConfigError([*self.faults, explain(self.source, trouble)])

    def node(self, event: yaml.Event, depth: int) -> Node:
        """The node that this event begins."""
        before, self.deepest, above = self.count, depth, self.deepest
        self.grow(event, 1, depth)
        anchor = "" if isinstance(event, yaml.AliasEvent) else getattr(event, "anchor", None) or ""
        self.open |= {anchor} - {""}
        node = self.built(event, depth)
        self.open.discard(anchor)
        if anchor:
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
        kind = "mapping" if pairs else "list"
        if CORE_TAGS.get(event.tag, kind) != kind:  # type: ignore[attr-defined]
            self.refuse(self.fault(event, f"a {kind} is not what its tag says", "leave out the tag"))
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
        if anchor is None and name in self.open:
            message = f"*{shortened(name)} stands within its own &{shortened(name)}, which would never end"
            self.refuse(self.fault(event, message, "write the values out"))
        if anchor is None:
            hint = did_you_mean(name, islice(self.anchors, MOST_COMPARED)) or quotes(self.source, _index(event))
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
        message, hint = (
            f"the tag {shortened(written[1])} is refused",
            "leave it out; text that begins with ! needs quotes",
        )
        self.refuse(self.source.fault(written.start(1), message, hint, len(written[1])))

    def scalar(self, event: yaml.ScalarEvent) -> Node:
        text, quoted = self.restored(event), event.style is not None
        as_text = event.tag in TEXT_TAGS or (quoted and event.tag is None)
        kind, value = ("text", text) if as_text else resolve(text)
        whole = event.tag != WHOLE_TAG or isinstance(value, int)
        if event.tag in CORE_TAGS and (CORE_TAGS[event.tag] != kind or not whole):
            message = f'"{shortened(text)}" is not what its tag says'
            self.refuse(self.fault(event, message, "leave out the tag"))
        return Node(kind, self.place(event), text, value, quoted)

    def place(self, event: yaml.Event) -> Place:
        """Where a value begins, behind its anchor and its tag."""
        index = _index(event)
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            index = re.compile(PROPERTIES).match(self.source.text, index).end()  # type: ignore[union-attr]
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
        before, flow, glued = None, bool(getattr(event, "flow_style", False)), len(self.faults)
        while not isinstance(key := self.take(), yaml.MappingEndEvent):
            pair = self.pair(key, depth + 1, glued)
            joined = flow and before and self.joined(before, pair)
            if joined:
                pairs.pop(before[0].text, None)  # type: ignore[index]
                pair = joined
            elif fault := _key_fault(pair[0], pairs):
                self.faults.append(fault)
                continue
            before = pairs[pair[0].text] = pair
        return Node("mapping", self.place(event), "", tuple(pairs.values()))

    def joined(self, before: tuple[Node, Node], pair: tuple[Node, Node]) -> tuple[Node, Node] | None:
        """One pair of two that a comma inside { } has cut in two; the cut is noted."""
        key, value = pair
        number = (
            before[1].kind == "number" and key.kind == "number" and key.text.isdecimal() and value.place == key.place
        )
        if number and not before[1].quoted:
            joined = f"{before[1].text}.{key.text}"
            meant = joined if resolve(joined)[0] == "number" else before[1].text.replace(".", "") + f".{key.text}"
            message = "a comma inside { } ends the number in front of it"
            self.faults.append(Fault(message, key.place, f"write {meant}", len(key.text)))
            return before[0], replace(before[1], place=key.place, text=meant, value=resolve(meant)[1])
        for at, cut in enumerate(before):
            if cut.kind == "text" and not cut.quoted and re.match(CUT, cut.text) and re.search(CUT_END, key.text):
                meant = f"{cut.text}, {key.text}"
                message = "a comma inside { } ends a text without quotes"
                hint = f'put it in quotes: "{shortened(meant)}"; a list has brackets: [1, 2]'
                self.faults.append(Fault(message, cut.place, hint, len(cut.text)))
                whole = replace(cut, text=meant, value=meant, quoted=True)
                return (whole, value) if at == 0 else (before[0], whole)
        return None

    def pair(self, event: yaml.Event, depth: int, noted: int) -> tuple[Node, Node]:
        """A key and its value; a value with nothing written stands at its key.

        Of a mapping from the fault ``noted`` on, keys without a space behind their colon are one fault.
        """
        key = self.node(event, depth)
        self.check_key(event, key)
        value = self.node(self.take(), depth)
        if not _is_bare(value):
            return key, value
        glued = None if key.quoted else re.fullmatch(GLUED, key.text)
        if glued and all("no space after" not in fault.message for fault in self.faults[noted:]):
            self.faults.append(self.no_space(key, glued))
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

    def no_space(self, key: Node, glued: re.Match[str]) -> Fault:
        hint = f"write {shortened(glued[1])}: {shortened(glued[2])}"
        return Fault("no space after the colon", key.place, hint, len(key.text))

    def unglued(self, key: Node, glued: re.Match[str]) -> tuple[Node, Node]:
        """`{x1:0.1}` is one key in YAML; read as what was meant, so that it causes one fault and no more."""
        kind, value = resolve(glued[2])
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


def _trouble(error: yaml.MarkedYAMLError) -> Trouble:
    at = error.problem_mark or error.context_mark
    begin = error.context_mark or at
    words = f"{error.context or ''}: {error.problem or ''}".removeprefix(": ")
    return Trouble(words, at.index if at else 0, begin.index if begin else 0)
