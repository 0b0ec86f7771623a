"""What people write for a number or a name, and how it is written here."""

from __future__ import annotations

import keyword
import re
import textwrap
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Final

from backtrace.config.spellings import KEYS, nearest
from backtrace.errors import shortened, unseen
from backtrace.expressions import LONGEST_NAME, is_name
from backtrace.yamlfile import Node

LONGEST: Final = 60
NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d", "-"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a'\"`", ""),
        **dict.fromkeys("\u00d7\u00b7\u22c5", "*"),
        "\u2044": "/",
        "\u2215": "/",
        "\u066b": ".",
    }
)
REWRITTEN: Final = (
    (r"^\$(.*)\$$", r"\1"),
    (r"^\\[dt]?frac *\{([^{}]*)\} *\{([^{}]*)\}$", r"\1/\2"),
    (r"\\(?:times|cdot)", "*"),
    (r"\^ *\{([^{}]*)\}", r"^\1"),
    (r" *(?:\u00b1|\+/-).*$", ""),
    (r"^(?:~|\u2248|=|<|>|ca\.?|approx\.?) *", ""),
    (r"^([-+]) +", r"\1"),
    (r"(?<=\d)(?:[ '](?=\d{3}(?!\d))|_(?=\d))", ""),
    (r"(?:\.{2,}|\u2026|[;,])$", ""),
    (r"^([-+]?0?)\*(?!10(?!\d))(?=\d+$)", r"\1."),
    (r"^10 *(?:\^|\*\*) *\(?([-+]?\d+)\)?$", r"1e\1"),
    (r"[x*] *10 *(?:\^|\*\*)? *\(?([-+]?\d+)\)?$", r"e\1"),
    (r"(?<=\d) *[eEdD] *([-+]?) *(?=\d+$)", r"e\1"),
    (rf"^(?:\w+\.)*(?:float|int|double|tensor|array|decimal)\d*\(({NUMBER.pattern})\)$", r"\1"),
    (r"^([-+]?\d{1,3})((?:,\d{3})+)(?=\.)", lambda found: found[1] + found[2].replace(",", "")),
    (r"^([-+]?\d{1,3})((?:,\d{3}){2,})$", lambda found: found[1] + found[2].replace(",", "")),
    (r"(?<=\d),(?=\d)", "."),
    (r"^([-+]?),(?=\d)", r"\1."),
)
"""What is replaced, in this order; what then is a number is what was meant."""
POWER: Final = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207a\u207b]+")
SMALL: Final = re.compile("[\u00bc-\u00be\u2150-\u215e]")
"""Digits of a power and fractions: in plain letters they would run into the digits before them."""
DIGITS: Final = 16
"""A percentage of so many digits before or behind the point is written with an exponent."""
THOUSANDS: Final = re.compile(r",(?=\d{3}(?:,|$))")
GROUPED: Final = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}", re.ASCII)
QUOTIENT: Final = re.compile(rf"({NUMBER.pattern}) */ *({NUMBER.pattern})", re.ASCII)
PERCENT: Final = re.compile(rf"({NUMBER.pattern}) *%", re.ASCII)
UNIT: Final = re.compile(rf"({NUMBER.pattern}) *[^\W\d]{{1,12}}\.?", re.ASCII)
CALLED: Final = re.compile(r"[\w.]+\(([(\[].*[)\]])(?:, *\w+=[\w.<>:']+)*\)|(\(.*\))", re.DOTALL)
BRACKETS: Final = str.maketrans("()", "[]")
SEVERAL: Final = re.compile(rf" *{NUMBER.pattern}(?:[;| ]+{NUMBER.pattern})+ *", re.ASCII)
BINARY: Final = re.compile("0[bB][01]{1,30}")
NOTHING: Final = frozenset({"none", "nil", "null", "n/a", "na", "-", "?", "...", "\u2026", "tbd", "todo"})
NOT_FINITE: Final = re.compile(r"[-+]?\.?(?:nan|inf|infinity|\u221e)", re.IGNORECASE)
COMPUTED: Final = re.compile(r".*(?:[-+*/^@(]).*")


def meant(text: str) -> str:
    """The number that a text means, as it is written here; "" where none is seen.

    >>> meant("0,5"), meant("50 %"), meant("1/8"), meant("1 000"), meant("2.5 V"), meant("1.5×10^-3"), meant("many")
    ('0.5', '0.5', '0.125', '1000', '2.5', '1.5e-3', '')
    """
    if len(text) > LONGEST:
        return ""
    found = _number(_plain(text))
    return found if found and isfinite(float(found)) else ""


def _number(plain: str) -> str:
    """The number that a text in plain letters is, or is computed to; "" where it is none."""
    if NUMBER.fullmatch(plain):
        return plain
    if quotient := QUOTIENT.fullmatch(plain):
        above, below = float(quotient[1]), float(quotient[2])
        return repr(above / below) if below else ""
    if percent := PERCENT.fullmatch(plain):
        value = Decimal(percent[1])
        return f"{value.scaleb(-2).normalize():f}" if abs(value.adjusted()) < DIGITS else repr(float(value) / 100)
    unit = UNIT.fullmatch(plain)
    return unit[1] if unit else ""


def _plain(text: str) -> str:
    """A text in plain letters, without what people put around and into numbers."""
    apart = SMALL.sub(r" \g<0>", POWER.sub(r"^\g<0>", text))
    plain = "".join(map(_ascii, unicodedata.normalize("NFKC", apart))).translate(PLAIN).strip()
    for pattern, by in REWRITTEN:
        plain = re.sub(pattern, by, plain, flags=re.IGNORECASE)
    return plain


def _ascii(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


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
    written = text if node.kind == "number" else meant(THOUSANDS.sub("", text))
    try:
        value = Decimal(written)
    except InvalidOperation:
        return number_hint(text) if node.kind == "text" else ""
    if value != value.to_integral_value() or not least <= value <= most:
        return ""
    return f"{_odd(text)}write {int(value)}"


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
    joined = re.sub(r"\W+", "_", re.sub(r"\s*[-\u2212\u2013]\s*", "_", text.strip())).strip("_")
    written = f"write {shortened(joined)}" if is_name(joined) and joined != text else ""
    if found := re.fullmatch(r"(\w+)-(\w+)", text):
        return f"in an equation it reads as {found[1]} minus {found[2]}" + (f": {written}" if written else "")
    odd = next((c for c in text if not c.isascii() and not (c.isalnum() or c.isspace())), "")
    return "; ".join(filter(None, (written, naming(odd) if odd else "", ALLOWED)))


def key_hint(text: str, known: Iterable[str]) -> str:
    """The key that is meant, or all that are known."""
    listed = list(known)
    return nearest(text, listed, KEYS) or textwrap.fill(f"known here: {', '.join(listed)}", 90)
