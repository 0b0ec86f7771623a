"""Formulas in MathML cut into pieces: a browser breaks no line within a formula, but between two it does.

>>> pieces("<mi>a</mi><mo>+</mo><mi>b</mi>", 1)
['<mi>a</mi>', '<mo form="infix">+</mo><mi>b</mi>']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from typing import Final

TAG: Final = re.compile(r"<(/?)(\w+)[^>]*?(/?)>")
SIGN: Final = re.compile(r"<mo[^>]*>([^<]*)</mo>")
BRACKETED: Final = re.compile(r"<mrow>(<mo[^>]*>[(\[]</mo>.*<mo[^>]*>[)\]]</mo>)</mrow>")
CUTS: Final = (frozenset("="), frozenset("+−"), frozenset("·×⊗"))
"""Where a formula is cut, at the loosest signs first."""
CLOSING: Final = frozenset(")]")
SMALL: Final = 0.7
"""A script beside the letter it stands at."""


def pieces(formula: str, room: float) -> list[str]:
    """A formula in pieces that are no wider than the room, in characters, where signs can be found to cut at.

    Each but the first begins with its sign. Brackets are cut open only where that is not enough.
    """
    return ["".join(piece) for piece in _pieces(elements(formula), room, 0)]


def _pieces(parts: Sequence[str], room: float, level: int) -> Iterator[Sequence[str]]:
    """The parts cut at the signs of a level, what is still too wide at the next; in the end within its brackets."""
    if sum(map(width, parts)) <= room:
        yield parts
    elif level < len(CUTS):
        for piece in _cut(parts, CUTS[level]):
            yield from _pieces(piece, room, level + 1)
    else:
        opened = _opened(parts)
        yield from [parts] if opened == parts else _pieces(opened, room, 1)


def _cut(parts: Sequence[str], signs: frozenset[str]) -> Iterator[list[str]]:
    """A piece from each sign between two operands on; words, and what follows a comma, begin a piece too."""
    piece: list[str] = []
    for part in parts:
        sign, last = _sign(part), _sign(piece[-1]) if piece else ""
        between = sign in signs and bool(piece) and (not last or last in CLOSING)
        if between or last == "," or (piece and part.startswith("<mtext>")):
            yield piece
            piece = []
        piece.append(f'<mo form="infix">{sign}</mo>' if between else part)
    yield piece


def _opened(parts: Sequence[str]) -> list[str]:
    """The parts with the outermost brackets as signs of their own."""
    made: list[str] = []
    for part in parts:
        found = BRACKETED.fullmatch(part)
        made += elements(found[1]) if found else [part]
    return made


def _sign(part: str) -> str:
    found = SIGN.fullmatch(part)
    return found[1] if found else ""


def elements(formula: str) -> list[str]:
    """The outermost elements of a formula.

    >>> elements("<msup><mi>a</mi><mn>2</mn></msup><mo>+</mo><mspace/>")
    ['<msup><mi>a</mi><mn>2</mn></msup>', '<mo>+</mo>', '<mspace/>']
    """
    made: list[str] = []
    depth = start = 0
    for tag in TAG.finditer(formula):
        closing, alone = tag[1], tag[3]
        if not depth and not closing:
            start = tag.start()
        depth += 0 if alone else -1 if closing else 1
        if not depth:
            made.append(formula[start : tag.end()])
    return made


@lru_cache(4096)
def width(formula: str) -> float:
    """About how wide a formula is, in characters.

    >>> width("<mfrac><mi>abc</mi><mn>2</mn></mfrac><mo>=</mo><mn>0.5</mn>")
    8.5
    """
    return sum(map(_width, elements(formula)))


def _width(element: str) -> float:
    tag = TAG.match(element)
    assert tag is not None
    inner = element[tag.end() : element.rfind("<")]
    name = tag[2]
    if name in LEAVES:
        return len(unescape(inner)) + (SPACES.get(inner, 0.0) if name == "mo" else 0.0)
    base, *scripts = map(width, elements(inner)) if inner else [0.0]
    if name == "mfrac":
        return max([base, *scripts])
    if name == "msubsup":
        return base + SMALL * max(scripts)
    if name in ("msub", "msup"):
        return base + SMALL * sum(scripts)
    if name == "mtable":
        return max([base, *scripts])
    return base + sum(scripts)


LEAVES: Final = frozenset({"mi", "mn", "mo", "mtext"})
SPACES: Final = dict.fromkeys("=+−×<>≤≥≠∈⊗", 1.5) | {"·": 0.5}
"""The blanks round a sign."""
