"""Says what is wrong with the syntax in our words: tables of what is looked for, and who explains it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from backtrace.errors import Fault, Place, shortened
from backtrace.records import dataclass
from backtrace.yamlfile.source import Source

BEGINNING = "a config begins with\ntitle: My network\ninputs: {x1: 0.1, x2: 0.2}\ntargets: {y1: 0.4}"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What PyYAML says, where it gave up, and where the thing began that it was reading."""

    words: str
    at: int
    begin: int


def explain(source: Source, trouble: Trouble) -> Fault:
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
        r"\A(?:[;#].*+\n|\s)*+(\[[\w .-]+\])[ \t]*\n\s*[\w.-]+ *=",
        "this is an INI or TOML file, not YAML",
        BEGINNING,
    ),
    (
        r"\A\s*\{(?:.*\n)*?(?:.*[,{\[] *|[ \t]*)(//|/\*)",
        "neither JSON nor YAML has this comment",
        "a comment begins with # and goes to the end of its line",
    ),
    (
        r"\A(?:#.*+\n|\s)*+(?:(?:import|from) .*\n\s*)*(?:(?:import|from) .*\s)?(\w+ *=)(?!=)",
        "YAML has a colon behind a key, not =",
        BEGINNING,
    ),
)
# Marks in the line where PyYAML gave up.
IN_LINE = (
    (r"^\s*(```|~~~)", "this fence of Markdown is not part of a config", "remove the line"),
    ("(?:^|[:,[{(-])\\s*([“”„‟‘’‚«»])", "YAML knows no curly quotes", "write straight quotes: \" or '"),
    ("^[\\s-]*\\w+(\uff1a)", "U+FF1A is not a colon for YAML", "write : and a space"),
    (r"(?:^|[:,\[ ])(\{%|<%)", "this looks like a template that was not filled in", "put the value in its place"),
    (
        "^[\\s-]*\\w+:([\xa0\u1680\u2000-\u200f\u202f\u205f\u3000\ufeff])",
        "{code} behind the colon is no space for YAML",
        "write an ordinary space behind the colon",
    ),
    (r"^\s*([*\u2022\u25e6\u00b7\u2013\u2014]) ", "a list item begins with - in YAML", "write - in its place"),
    (r"^\s*(//|/\*)", "YAML has no such comment", "a comment begins with # and goes to the end of its line"),
    (r"^\s*(-)[A-Za-z_]\w*:(?: |$)", "a list item has a space behind its dash", "write - and a space"),
    (r"[\[,] *(\\[a-zA-Z]+ *\{)", "this is LaTeX, which has no place here", "write the number itself"),
    (
        "^[ \t]*([\xa0\u1680\u2000-\u200f\u202f\u205f\u3000\ufeff])",
        "{code} is no space for YAML",
        "write spaces",
    ),
)


def _in_text(source: Source) -> Fault | None:
    text = source.text.replace("\r", "\n")
    for pattern, message, hint in IN_TEXT:
        if found := re.search(pattern, text, re.MULTILINE):
            return source.fault(found.start(1), message, hint, len(found[1]))
    return None


def _in_line(source: Source, trouble: Trouble) -> Fault | None:
    lines = (source.line_of(trouble.at), source.line_of(trouble.begin))
    return _in_this_line(source, lines[0]) or _in_this_line(source, lines[1])


def _in_this_line(source: Source, line: int) -> Fault | None:
    for pattern, message, hint in IN_LINE:
        if found := re.search(pattern, source.line(line)):
            told = message.replace("{code}", f"U+{ord(found[1][0]):04X}")
            return Fault(told, source.at(line, found.start(1) + 1), hint, len(found[1]))
    return None


def no_config(source: Source) -> Fault | None:
    """What is wrong with a file that is nothing but text; one line of it may be a value on its own."""
    several = len(source.text.strip().splitlines()) > 1
    return _in_text(source) or (_prose(source) if several else None)


def _prose(source: Source) -> Fault:
    index = len(source.text) - len(source.text.lstrip())
    return source.fault(index, "this is not a config: a key and a colon are expected", BEGINNING)


def empty(source: Source) -> Fault:
    """What is wrong with a file without a value."""
    but = " but for comments and marks" if source.text.strip() else ""
    return source.fault(0, f"the file is empty{but}", BEGINNING)


def quotes(source: Source, index: int) -> str:
    """The hint to put a text in quotes, shown with the text's own key where that is easy to tell."""
    line = source.line(source.line_of(index)).strip()
    found = re.fullmatch(r"(?:- )?(\w+): ++([^\"#]+)", line)
    if not found:
        return QUOTES
    mark = "'" if "\\" in found[2] else '"'
    return f"put the text in quotes: {shortened(found[1])}: {mark}{shortened(found[2])}{mark}"


def _open_quote(source: Source, trouble: Trouble) -> Fault | None:
    """A quote left open ends at the next quote, lines below, and what stands behind that one does not fit."""
    pattern = re.compile(r"""(?:^|[:,\[{-])[ ]*(["'])(?:(?!\1).)*$""", re.MULTILINE)
    line = source.line(source.line_of(trouble.at))
    here = {quote for quote in ("'", '"') if quote in line}
    for found in pattern.finditer(source.text, 0, source.starts[source.line_of(trouble.at) - 1]):
        if found[1] in here:
            message = "this quote is not closed in its line"
            return source.fault(found.start(1), message, f"close it with {found[1]}")
    return None


def _colon(source: Source, trouble: Trouble) -> Fault | None:
    place = source.place(trouble.at)
    before = place.source[: place.column - 1]
    if re.search(r":\s", before):
        hint = quotes(source, trouble.at)
        return Fault("a colon and a space inside a text without quotes", place, hint)
    return _continued(source, place)


def _continued(source: Source, place: Place) -> Fault | None:
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


def _simple_key(source: Source, trouble: Trouble) -> Fault:
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


def _bad_start(source: Source, trouble: Trouble) -> Fault:
    character = source.text[trouble.at : trouble.at + 1]
    if character != "\t":
        return source.fault(trouble.at, f"text cannot start with {character}", quotes(source, trouble.at))
    message = "a tab in front of this line, where YAML takes spaces only"
    return source.fault(trouble.at, message, "write spaces in its place")


def _escape(source: Source, trouble: Trouble) -> Fault:
    begin = trouble.begin
    if source.text[begin : begin + 1] != '"':
        begin = max(source.text.rfind('"', 0, begin), 0)
    written = re.compile(r'"([^"\n\r]*)"?').match(source.text, begin)
    text, width = (shortened(written[1]), len(written[0])) if written else ("…", 1)
    message = "a backslash in double quotes begins an escape, and this is none"
    return source.fault(begin, message, f"use single quotes: '{text}'", width)


BRACKETS = {"[": "]", "{": "}"}
BRACKETS_AND_QUOTES = r""""(?:\\.|[^"\\])*+"|'[^']*+'|\\["\\]|#.*|([\[{])|([\]}])"""


def _bracket(source: Source, trouble: Trouble) -> Fault:
    opener, found = source.text[trouble.begin], source.text[trouble.at : trouble.at + 1]
    closer = BRACKETS.get(opener, "]")
    if found in BRACKETS.values():
        message = f"{found} is here where {closer} closes what {opener} opened"
        return source.fault(trouble.at, message, f"write {closer}")
    if not _is_closed(source.text, trouble.begin):
        return source.fault(trouble.begin, f"this {opener} is not closed", f"close it with {closer}")
    ended = re.search(ENDED, source.text[: trouble.at].rstrip()[-40:])
    hint = "write a comma in front of it" if ended else "put text with such signs in quotes"
    return source.fault(trouble.at, f"a comma or {closer} is expected here", hint)


ENDED = r"""[\]}"']$|[\[{,:\s][-+.\d][-+.\deE]*$"""
"""What a value ends with that is complete: nothing but a comma goes on behind it."""


def _is_closed(text: str, begin: int) -> bool:
    depth = 0
    for found in re.compile(BRACKETS_AND_QUOTES).finditer(text, begin):
        depth += bool(found[1]) - bool(found[2])
        if depth == 0:
            return True
    return False


def _contents_above(source: Source, line: int) -> Iterator[int]:
    """The numbers of the lines above that have more than a comment, the nearest first."""
    return (n for n in range(line - 1, 0, -1) if source.line(n).strip()[:1] not in {"", "#"})


def _column(line: str) -> int:
    return len(line) - len(line.lstrip()) + 1


def _body_column(line: str) -> int:
    """The column where the content begins, behind the dashes of list items."""
    return re.match(r"\s*(-\s+)*", line).end() + 1  # type: ignore[union-attr]


def _indentation(source: Source, trouble: Trouble) -> Fault | None:
    place = source.place(trouble.at)
    if source.text[trouble.at : trouble.at + 1] in BRACKETS.values():
        return None
    if place.column != _column(place.source) or not (above := next(_contents_above(source, place.line), 0)):
        return None
    if fault := _in_this_line(source, above):
        return fault
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


def _block_of(source: Source, place: Place, dash: bool) -> int | None:
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


def _block_end(source: Source, trouble: Trouble) -> Fault:
    """Something stands where the block could only go on or end."""
    found = source.text[trouble.at : trouble.at + 1]
    if found in BRACKETS.values():
        return source.fault(trouble.at, f"this {found} closes nothing", "remove it")
    if source.text[: trouble.at].rstrip()[-1:] in {"'", '"'}:
        message = "the closing quote stands in front of this"
        return source.fault(trouble.at, message, QUOTE_INSIDE)
    hint = f"remove it, or {quotes(source, trouble.at)}"
    return source.fault(trouble.at, "the value has ended in front of this", hint)


def _nothing(source: Source, trouble: Trouble) -> Fault:
    """Something stands where a value should begin: a comma too many, or a sign with a space."""
    if sign := re.compile(r"- +([\d.]+)").match(source.text, trouble.at):
        message = "a dash and a space begin a list item in YAML"
        return source.fault(trouble.at, message, f"for a number write -{sign[1]}", len(sign[0]))
    return source.fault(trouble.at, "something is missing in front of this", "write it, or remove this")


def _document_start(source: Source, trouble: Trouble) -> Fault:
    if directive := re.search(r"^%", source.text, re.MULTILINE):
        return source.fault(directive.start(), "a line cannot start with %", QUOTES)
    if re.search(r"^\.\.\.\s", source.text[: trouble.at], re.MULTILINE):
        return source.fault(trouble.at, "the document ended above, at ...", "one config a file")
    line = source.place(trouble.at).line
    begin = min(_contents_above(source, line), default=line)
    if columns := _column(source.line(begin)) - _column(source.line(line)):
        message = f"{_spaces(columns)} of indentation less than line {begin}, where the file begins"
        return source.fault(trouble.at, message, "indent both alike: best not at all")
    return source.fault(trouble.at, "the value of the whole file has ended in front of this", BEGINNING)


def _at_begin(message: str, hint: str = "") -> Callable[[Source, Trouble], Fault]:
    return lambda source, trouble: source.fault(trouble.begin, message, hint or quotes(source, trouble.begin))


def _at_end(message: str, hint: str) -> Callable[[Source, Trouble], Fault]:
    return lambda source, trouble: source.fault(trouble.at, message, hint)


# What PyYAML says, and who explains it; the first that has an explanation counts.
BY_WORDS: tuple[tuple[str, Callable[[Source, Trouble], Fault | None]], ...] = (
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
    ("node content", _nothing),
    ("<block end>", _indentation),
    ("<block end>", _block_end),
    ("<document start>", _document_start),
)
