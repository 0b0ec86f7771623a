r"""How wide a formula in LaTeX is set, and where a long one is broken.

>>> width("0.25"), broken(r"a \cdot (b + c) + d \cdot e", 12)
(3.6, ['a \\cdot (b + c)', '+ d \\cdot e'])
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Final, NamedTuple

from backtrace.records import dataclass

TOKEN: Final = re.compile(r"\\(?:begin|end)\{\w+\}|\\[A-Za-z]+ ?|\\.|\s+|.", re.DOTALL)
SIGNS: Final = {
    ".": 0.6, ",": 0.9, "(": 0.8, ")": 0.8, "[": 0.6, "]": 0.6, "+": 2.4, "-": 2.0, "=": 2.7, "<": 2.7, ">": 2.7,
    "/": 1.0, r"\cdot": 1.5, r"\le": 2.7, r"\ge": 2.7, r"\ne": 2.7, r"\,": 0.4, r"\;": 0.6, r"\quad": 2.0,
    r"\qquad": 4.0, r"\in": 2.7, r"\times": 2.4, r"\sum": 3.2, r"\dots": 2.7, r"\lvert": 0.6, r"\rvert": 0.6,
    r"\left": 0.3, r"\right": 0.3, r"\bigl": 0.3, r"\bigr": 0.3,
    "\\ ": 0.7, r"\ln": 2.2, r"\sin": 3.0, r"\cos": 3.0, r"\tan": 3.4, r"\tanh": 4.4, r"\max": 4.0, r"\min": 3.6,
}  # fmt: skip
"""Widths of signs, with the room around them, where a digit is 1."""
LETTER: Final = 1.05
CAPITAL: Final = 1.65
WIDE: Final = 2.0
SMALL: Final = 0.72
SPACE: Final = 0.7
DELIMITERS: Final = 3.0
FRACTIONS: Final = {r"\frac": 1.0, r"\dfrac": 1.0, r"\tfrac": SMALL}
UPRIGHT: Final = {r"\text", r"\mathrm", r"\mathbf", r"\operatorname"}
AROUND: Final = {r"\sqrt": 1.7, r"\boxed": 1.4}


@lru_cache(maxsize=1 << 14)
def width(text: str) -> float:
    r"""How wide a formula is set, in digits: a fraction as its wider part, scripts small.

    >>> round(width(r"\frac{\partial E_{\text{tot}}}{\partial o_1} \cdot 0.25"), 1)
    10.6
    """
    return round(_Setting(TOKEN.findall(text)).row(), 2)


@dataclass
class _Setting:
    """Reads the pieces of a formula from left to right and adds up what they take."""

    tokens: Sequence[str]
    at: int = field(default=0)

    def row(self, *ends: str, blanks: float = 0.0) -> float:
        """Up to one of some signs, or to the end."""
        total = 0.0
        while self.at < len(self.tokens) and self.tokens[self.at] not in ends:
            total += self.piece(blanks)
        return total

    def piece(self, blanks: float = 0.0) -> float:
        """One sign, or a command with what belongs to it."""
        token = self.tokens[self.at].rstrip() or " "
        self.at += 1
        if token == " ":
            return blanks
        if token in "_^":
            return self.scripts()
        if token == "{":
            return self.closed(blanks)
        if token in FRACTIONS:
            return FRACTIONS[token] * max(self.argument(), self.argument()) + 0.5
        if token in UPRIGHT:
            return self.argument(SPACE)
        if token.startswith(r"\begin"):
            return self.rows()
        if token in AROUND:
            return AROUND[token] + self.argument()
        return 0.0 if token == r"\hat" else sign_width(token)

    def closed(self, blanks: float) -> float:
        """What stands up to the brace that closes."""
        total = self.row("}", blanks=blanks)
        self.at += 1
        return total

    def argument(self, blanks: float = 0.0) -> float:
        """What belongs to a command: a group, or one sign."""
        return self.piece(blanks) if self.at < len(self.tokens) else 0.0

    def scripts(self) -> float:
        """A subscript, a superscript, or one above the other."""
        widest = self.argument()
        while self.at < len(self.tokens) and self.tokens[self.at] in ("_", "^"):
            self.at += 1
            widest = max(widest, self.argument())
        return SMALL * widest

    def rows(self) -> float:
        """A matrix or cases: the widest row, a blank between its cells."""
        widest, row = 0.0, DELIMITERS
        while self.at < len(self.tokens):
            row += self.row("&", r"\\", *ENDS)
            end = self.tokens[self.at] if self.at < len(self.tokens) else ""
            self.at += 1
            row += WIDE * (end == "&")
            if end != "&":
                widest, row = max(widest, row), DELIMITERS
            if end in ENDS:
                break
        return widest


ENDS: Final = (r"\end{bmatrix}", r"\end{cases}")


def sign_width(sign: str) -> float:
    """One sign: a digit 1, a small letter about that, an East Asian one twice as much."""
    if sign in SIGNS:
        return SIGNS[sign]
    return 1.0 if sign.isdigit() else WIDE if ord(sign[0]) >= 0x1100 else CAPITAL if sign.isupper() else LETTER


# ── breaking ──


class Place(NamedTuple):
    """Where a formula may be broken: before this character, in so many brackets, before a sign of a rank."""

    at: int
    depth: int
    rank: int


RANKS: Final = {"+": 0, "-": 0, r"\cdot": 1, "/": 1, ",": 2, r"\,": 3}
"""Sums are broken before products, those before lists of arguments."""


def broken(text: str, room: float) -> list[str]:
    r"""A formula in lines of a width, broken before its outermost signs; within brackets where it must be.

    >>> broken(r"-\left(\frac{a}{b} + c\right)", 6)
    ['-\\bigl(\\frac{a}{b}', '+ c\\bigr)']
    """
    if width(text) <= room:
        return [text]
    text = _fractions_in_line(text, room)
    places = sorted(_places(text), key=lambda place: place.at)
    filled: list[str] = []
    for line in _lines(text, (0, len(text)), places, room):
        if filled and width(joined := f"{filled[-1]} {line}") <= room:
            filled[-1] = joined
        else:
            filled.append(line)
    return [_loose(line) for line in filled]


def _lines(text: str, span: tuple[int, int], places: Sequence[Place], room: float) -> Iterator[str]:
    """The lines of a part of a formula: filled with its outermost pieces, those too wide broken in turn."""
    start, end = span
    if width(text[start:end]) <= room or not places:
        yield text[start:end].strip()
        return
    outermost = min(place[1:] for place in places)
    cuts = [start, *(place.at for place in places if place[1:] == outermost), end]
    first = 0
    while first < len(cuts) - 1:
        last = first + 1
        while last < len(cuts) - 1 and width(text[cuts[first] : cuts[last + 1]]) <= room:
            last += 1
        piece = cuts[first], cuts[last]
        fits = last > first + 1 or width(text[slice(*piece)]) <= room
        within = [] if fits else [place for place in places if piece[0] < place.at < piece[1]]
        yield from _lines(text, piece, within, room)
        first = last


def _places(text: str) -> Iterator[Place]:
    """Where a formula may be broken: between its terms and factors, in no braces and in no matrix."""
    depth = braces = at = 0
    for token in TOKEN.findall(text):
        sign = token.rstrip()
        if sign == "{" or sign.startswith(r"\begin"):
            braces += 1
        elif sign == "}" or sign.startswith(r"\end"):
            braces -= 1
        elif not braces:
            depth += (sign in OPENING) - (sign in CLOSING)
            spaced = text[at - 1 : at] == " " and text[at + len(sign) : at + len(sign) + 1] == " "
            if sign == ",":
                yield Place(at + 1, depth, RANKS[sign])
            elif sign in RANKS and spaced:
                yield Place(at, depth, RANKS[sign])
        at += len(token)


OPENING: Final = {"(", "[", r"\lvert", r"\lVert"}
CLOSING: Final = {")", "]", r"\rvert", r"\rVert"}
PAIRED: Final = re.compile(r"\\(left|right)(?![a-z])")


def _loose(line: str) -> str:
    r"""A line whose brackets that close on another line are large by themselves: TeX wants \left and \right on one."""
    open_: list[re.Match[str]] = []
    alone: list[re.Match[str]] = []
    for match in PAIRED.finditer(line):
        if match[1] == "left":
            open_.append(match)
        elif open_:
            open_.pop()
        else:
            alone.append(match)
    for match in sorted([*open_, *alone], key=re.Match.start, reverse=True):
        line = f"{line[: match.start()]}\\big{match[1][0]}{line[match.end() :]}"
    return line


def _fractions_in_line(text: str, room: float) -> str:
    """The formula with fractions that are too wide for a line written with a slash, so that they can be broken."""
    at = text.find(r"\frac{")
    while at >= 0:
        middle = _closing(text, at + 5)
        end = _closing(text, middle)
        if width(text[at:end]) > room:
            top, bottom = text[at + 6 : middle - 1], text[middle + 1 : end - 1]
            text = f"{text[:at]}{_bracketed(top)} / {_bracketed(bottom)}{text[end:]}"
        at = text.find(r"\frac{", at + 1)
    return text


def _bracketed(text: str) -> str:
    """A numerator or denominator in brackets where it is more than one sign."""
    single = not any(True for place in _places(text)) and not text.startswith((r"\frac", "-"))
    return text if single else rf"\left({text}\right)"


def _closing(text: str, start: int) -> int:
    """Behind the brace that closes the one at a place."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if not depth:
            return at + 1
    return len(text)
