"""How names are written: subscripts, what an optimiser has for a parameter, derivatives, brackets."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

SUBSCRIPTS: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
HAT: Final = "\u0302"
SIGNS: Final = re.compile(r"[-+*/@·() ]")
"""What the name of an unnamed node has and no other."""


def remembered(letter: str, parameter: str, pretty: bool) -> str:
    """What an optimiser has for a parameter, m̂ for m_hat.

    >>> remembered("m_hat", "U₁₁", True), remembered("m", "U11", False)
    ('m̂(U₁₁)', 'm.U11')
    """
    if not pretty:
        return f"{letter}.{parameter}"
    hat = re.fullmatch(r"(.)_hat", letter)
    return f"{hat[1] + HAT if hat else letter}({parameter})"


def subscripted(name: str) -> str:
    """A name with its last digits as a subscript.

    >>> subscripted("net_h1"), subscripted("E_tot"), subscripted("x_1")
    ('net_h₁', 'E_tot', 'x_1')
    """
    match = re.fullmatch(r"(.*[^\d_])(\d+)", name)
    return match[1] + match[2].translate(SUBSCRIPTS) if match else name


def derivative_text(of: str, by: str, d: str) -> str:
    """A derivative of two written names.

    >>> derivative_text("f", "w0*x0", "d")
    'df/d(w0*x0)'
    """
    return f"{d}{grouped(of)}/{d}{grouped(by)}"


def marked(text: str, name: str, mark: str) -> str:
    """A written name with a mark behind it; an unnamed node's formula in brackets before that.

    >>> marked("w·x", "w*x", "⁺"), marked("m(w)", "m.w", "⁺"), marked("(w·x)[1]", "w*x", "⁺"), marked("w·x", "w*x", "")
    ('(w·x)⁺', 'm(w)⁺', '(w·x)[1]⁺', 'w·x')
    """
    if not mark:
        return text
    unnamed = not re.sub(r"[.#@]", "", name).isidentifier() and not re.fullmatch(r"\(.*\)\[[\d,]+\]", text)
    return (grouped(text) if unnamed else text) + mark


def grouped(text: str) -> str:
    """A formula in brackets, a name without."""
    return f"({text})" if SIGNS.search(text.rstrip("+⁺")) and not _bracketed(text) else text


def _bracketed(text: str) -> bool:
    """Whether a formula is in brackets already, before its index and sample: (y-o)[1]#2, but not (a+b)*(c-d)."""
    core = re.sub(r"(\[[\d,]+\])?(#\d+)?$", "", text)
    depths = list(accumulate((char == "(") - (char == ")") for char in core))
    return core != text and core.startswith("(") and depths.index(0) == len(core) - 1


def outside_brackets(text: str) -> list[str]:
    """The parts between commas that stand in no bracket.

    >>> outside_brackets("W[1,2],h*")
    ['W[1,2]', 'h*']
    """
    parts, depth = [""], 0
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts


FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
SHIELD: Final = "'"
"""What keeps a spreadsheet from that; it is no part of the text."""


def shielded(text: str) -> str:
    """A text for a cell of CSV, where a spreadsheet must not compute it.

    >>> shielded("=1+1"), shielded("h1")
    ("'=1+1", 'h1')
    """
    return SHIELD + text if text.startswith(FORMULA) else text
