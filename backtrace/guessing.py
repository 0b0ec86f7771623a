"""The number that a person means who writes it in another way, as tables."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Final

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
    (r"^([-+]?\d+\.) +(?=\d+$)", r"\1"),
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
QUOTIENT: Final = re.compile(rf"({NUMBER.pattern}) */ *({NUMBER.pattern})", re.ASCII)
PERCENT: Final = re.compile(rf"({NUMBER.pattern}) *%", re.ASCII)
UNIT: Final = re.compile(rf"({NUMBER.pattern}) *[^\W\d]{{1,12}}\.?", re.ASCII)


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


def meant_whole(text: str, least: int = 0, most: int = 10**9) -> str:
    """The whole number that a text means; "" where none is seen, or it is not within bounds.

    >>> meant_whole("1e3"), meant_whole("1,000"), meant_whole("2.5")
    ('1000', '1000', '')
    """
    try:
        value = Decimal(meant(THOUSANDS.sub("", text)))
    except InvalidOperation:
        return ""
    return str(int(value)) if value == value.to_integral_value() and least <= value <= most else ""
