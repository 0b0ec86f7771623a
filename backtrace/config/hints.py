"""What people write for a number or a name, and how it is written here."""

from __future__ import annotations

import keyword
import re
import textwrap
import unicodedata
from collections.abc import Iterable
from typing import Final

from backtrace.config.spellings import KEYS, nearest
from backtrace.errors import shortened, unseen
from backtrace.expressions import LONGEST_NAME, is_name
from backtrace.guessing import NUMBER, THOUSANDS, meant, meant_whole
from backtrace.yamlfile import Node

CALLED: Final = re.compile(r"[\w.]+\(([(\[].*[)\]])(?:, *\w+=[\w.<>:']+)*\)|(\(.*\))", re.DOTALL)
BRACKETS: Final = str.maketrans("()", "[]")
SEVERAL: Final = re.compile(rf" *{NUMBER.pattern}(?:[;| ]+{NUMBER.pattern})+ *", re.ASCII)
BINARY: Final = re.compile("0[bB][01]{1,30}")
NOTHING: Final = frozenset({"none", "nil", "null", "n/a", "na", "-", "?", "...", "\u2026", "tbd", "todo"})
NOT_FINITE: Final = re.compile(r"[-+]?\.?(?:nan|inf|infinity|\u221e)", re.IGNORECASE)
COMPUTED: Final = re.compile(r".*(?:[-+*/^@(]).*")
GROUPED: Final = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}", re.ASCII)


def kind_hint(node: Node, what: str) -> str:
    """How to repair a value that is of another kind than expected; "" where the message says it all."""
    if node.kind == "null":
        return _of_nothing(node)
    many = re.search("mapping|list|names|parameters|numbers", what)
    if node.kind == "list" and not many and len(items := list(node)) == 1 and items[0].kind not in ("list", "mapping"):
        return f"without brackets: {shortened(items[0].text)}"
    return ""


def _of_nothing(node: Node) -> str:
    """What stands behind a key that YAML reads as nothing."""
    rest = node.place.source[node.place.column - 1 :].partition(":")[2].strip()
    for sign, what in (("#", "the beginning of a comment"), ("&", "an anchor"), ("!", "a tag")):
        if rest.startswith(sign):
            return f'{sign} is {what} in YAML: put the text in quotes: "{shortened(rest)}"'
    return "write its value, or leave it out"


def number_hint(text: str, quoted: bool = False) -> str:
    """What a person may have meant who wrote something else than a number.

    >>> number_hint("\u22120.15")
    '"−" is U+2212: write -0.15'
    """
    if quoted and NUMBER.fullmatch(text.strip()):
        return "in quotes a number is text: leave them out"
    if NOT_FINITE.fullmatch(text.strip()):
        return "only finite numbers are computed with"
    if text.strip().casefold() in NOTHING:
        return "a number is missing here"
    written = meant(text)
    if GROUPED.fullmatch(text):
        return f"write {text.replace(',', '')}, or {written} if the comma is the decimal one"
    if written:
        return f"{_odd(text)}write {written}"
    if called := CALLED.fullmatch(text):
        return f"write the list alone: {shortened((called[1] or called[2]).translate(BRACKETS))}"
    if SEVERAL.fullmatch(text):
        return f"a comma stands between numbers: {', '.join(re.split('[;| ]+', text.strip()))}"
    if "{{" in text or "${" in text:
        return "this looks like a template that was not filled in"
    return "nothing is computed here: write the number itself" if COMPUTED.fullmatch(text) else ""


def whole_hint(node: Node, least: int = 0, most: int = 10**9) -> str:
    """What a person may have meant who wrote something else than a whole number that is allowed."""
    text = node.text.strip()
    if node.quoted and text.isdecimal():
        return number_hint(text, quoted=True)
    if BINARY.fullmatch(text):
        return f"write {int(text, 2)}"
    if found := meant_whole(text, least, most):
        return f"{_odd(text)}write {found}"
    return number_hint(text) if node.kind == "text" and not meant(THOUSANDS.sub("", text)) else ""


def _odd(text: str) -> str:
    """The name of a character that only looks like one of a number."""
    found = next((c for c in text if not c.isascii() and c not in "\u00d7\u00b7\u2026"), "")
    return f"{naming(found)}: " if found else ""


def naming(character: str) -> str:
    """A character with its number: seen or not, another may look like it.

    >>> naming("−"), naming("\u200b")
    ('"−" is U+2212', 'U+200B is not seen')
    """
    code = f"U+{ord(character):04X}"
    return f"{code} is not seen" if unseen(character) or character.isspace() else f'"{character}" is {code}'


ALLOWED: Final = "letters, digits and _, beginning with a letter, without __"
OTHERWISE: Final = {"lambda": "lam or \u03bb", "in": "inp", "is": "i_s", "del": "delta", "pass": "p"}
"""What to write for the words of Python that are likely names."""
SLOPE: Final = re.compile(r"(?:d|\u2202)\w*\s*/\s*(?:d|\u2202)\w+")


def name_hint(text: str) -> str:
    """How a name is written that is none.

    >>> name_hint("h-1"), name_hint("lambda")
    ('in an equation it reads as h minus 1: write h_1', 'a word of Python cannot be a name: write lam or λ')
    """
    if hidden := next(filter(unseen, text), ""):
        return f"{naming(hidden)}: leave it out"
    if len(text) > LONGEST_NAME:
        return f"a name has at most {LONGEST_NAME} characters"
    if keyword.iskeyword(text):
        return f"a word of Python cannot be a name: write {OTHERWISE.get(text, text + '_')}"
    if SLOPE.fullmatch(text.strip()):
        return "gradients are computed: there is nothing to state"
    if re.fullmatch(r"\w+\([\w, ]*\)", text.strip()):
        return f"a function of your own stands under functions: {{{shortened(text.strip())}: ...}}"
    normal = unicodedata.normalize("NFKC", text)
    if normal != text and is_name(normal):
        return f'write "{normal}" in its normal form (NFKC): other letters that look alike are read as these'
    joined = re.sub(r"[\W_]+", "_", re.sub(r"\s*[-\u2212\u2013]\s*", "_", text.strip())).strip("_")
    written = f"write {shortened(joined)}" if is_name(joined) and joined != text else ""
    if found := re.fullmatch(r"(\w+)-(\w+)", text):
        return f"in an equation it reads as {found[1]} minus {found[2]}" + (f": {written}" if written else "")
    odd = next((c for c in text if not c.isascii() and not (c.isalnum() or c.isspace())), "")
    return "; ".join(filter(None, (written, naming(odd) if odd else "", ALLOWED)))


def key_hint(text: str, known: Iterable[str]) -> str:
    """The key that is meant, or all that are known."""
    listed = list(known)
    return nearest(text, listed, KEYS) or textwrap.fill(f"known here: {', '.join(listed)}", 90)
