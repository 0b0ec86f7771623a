"""The text of a YAML file: its places, and what is changed in it or refused before PyYAML sees it."""

from __future__ import annotations

import re
from bisect import bisect_right

from backtrace.errors import ConfigError, Fault, Place

LONGEST_TEXT = 100_000
LONG_RUN = r"""[^\[\]{},"'\n\r]+"""
FORBIDDEN = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Line ends in YAML 1.1 and so for PyYAML, ordinary characters in YAML 1.2.
NO_LINE_ENDS = "\x85\u2028\u2029"
PRIVATE_USE = range(0xE000, 0xF8FF)


class Source:
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


def refuse_forbidden(source: Source) -> None:
    """Refuse the characters that YAML has no place for."""
    if found := FORBIDDEN.search(source.text):
        hint = "is this a binary file?" if found[0] == "\0" else "remove it"
        message = f"the character U+{ord(found[0]):04X} cannot stand in YAML"
        raise ConfigError(source.fault(found.start(), message, hint))


def refuse_long(source: Source) -> None:
    """PyYAML takes a second for half a million characters of one text, and no text of a config is as long."""
    for run in re.finditer(LONG_RUN, source.text) if len(source.text) > LONGEST_TEXT else ():
        if len(run[0]) > LONGEST_TEXT:
            key = re.match(r"[ \t]*(-[ ]+)*(\w+:[ ]+)?", run[0])
            index = run.start() + (key.end() if key else 0)
            message = f"a text of more than {LONGEST_TEXT:,} characters"
            raise ConfigError(source.fault(index, message, "is this the right file?"))


def stand_ins(text: str) -> dict[str, str]:
    """Characters that the text does not have, one for each that PyYAML would take for a line end."""
    there = set(text)
    free = (chr(code) for code in PRIVATE_USE if chr(code) not in there)
    return {character: next(free) for character in NO_LINE_ENDS if character in there}


# Where a quote is not closed, those behind a backslash begin none: each would be read to the end of the line.
QUOTED_OR_TAB = r""""(?:\\.|[^"\\])*+"|'[^']*+'|\\["\\]|\t"""


def spaced(text: str) -> str:
    """Tabs that separate become spaces, as PyYAML wants; those that indent a block stay, to be refused."""
    if "\t" not in text:
        return text
    flow = text.lstrip()[:1] in {"{", "["}
    return "".join(
        _spaced_line(line, flow) if "\t" in line else line for line in re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    )


def _spaced_line(line: str, flow: bool) -> str:
    content = line.lstrip(" \t")
    lead = line[: len(line) - len(content)]
    lead = lead.replace("\t", " ") if flow or not content.strip() else lead
    return lead + re.sub(QUOTED_OR_TAB, lambda found: " " if found[0] == "\t" else found[0], content)
