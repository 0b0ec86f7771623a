"""Formulas in MathML, as a page of HTML has them.

>>> MATHML.scripts(MATHML.letter("x"), ["1"], [])
'<msub><mi>x</mi><mn>1</mn></msub>'
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from backtrace.errors import visible
from backtrace.ops import mathml
from backtrace.render.notation import GREEK, Notation
from backtrace.render.numbers import power_apart


class MathMl(Notation):
    """Presentation MathML, the part of it that every browser draws."""

    style = mathml.MATHML
    dots = "<mo>…</mo>"
    product = "<mo>·</mo>"
    ones = "<msup><mn>𝟏</mn><mo>⊤</mo></msup>"
    partial = '<mo rspace="0">∂</mo>'

    def letter(self, name: str) -> str:
        """A letter, which a browser sets in italics, or a word, which it does not."""
        return f"<mi>{escape(visible(GREEK.get(name, name)))}</mi>"

    def words(self, text: str) -> str:
        """Words within a formula; the blanks at their ends stay."""
        return f"<mtext>{re.sub('^ | $', chr(0xA0), escape(visible(text)))}</mtext>"

    def number(self, text: str) -> str:
        """A number; powers of ten written out, a minus as a sign of its own.

        >>> MATHML.number("-1.5e+09")
        '<mo form="prefix">−</mo><mrow><mn>1.5</mn><mo>·</mo><msup><mn>10</mn><mn>9</mn></msup></mrow>'
        """
        if text.startswith("-"):
            return mathml.NEGATIVE + self.number(text[1:])
        digits, power = power_apart(text)
        shown = f"<mn>{escape(digits)}</mn>"
        if not power:
            return shown
        return f"<mrow>{shown}<mo>·</mo><msup><mn>10</mn>{_row(self.number(power))}</msup></mrow>"

    def scripts(self, base: str, lower: Sequence[str], upper: Sequence[str]) -> str:
        """A base with scripts."""
        below = _row("<mo>,</mo>".join(map(_script, lower)))
        above = _row("".join(f"<mo>{escape(part)}</mo>" for part in upper))
        if lower and upper:
            return f"<msubsup>{_row(base)}{below}{above}</msubsup>"
        if lower:
            return f"<msub>{_row(base)}{below}</msub>"
        return f"<msup>{_row(base)}{above}</msup>" if upper else base

    def hat(self, base: str) -> str:
        """A letter with a hat."""
        return f'<mover accent="true">{_row(base)}<mo>^</mo></mover>'

    def fraction(self, top: str, bottom: str) -> str:
        """A fraction."""
        return f"<mfrac>{_row(top)}{_row(bottom)}</mfrac>"

    def brackets(self, text: str) -> str:
        """Round brackets, as tall as what they hold."""
        return mathml.bracketed(text)

    def in_space(self, sizes: Sequence[int]) -> str:
        """Element of the real numbers, so many along each axis."""
        axes = "<mo>×</mo>".join(f"<mn>{size}</mn>" for size in sizes)
        return f"<mo>∈</mo><msup><mi>ℝ</mi>{_row(axes)}</msup>"

    def blank(self, number: int) -> str:
        """The number of the blank in a box."""
        return f'<mtext class="bt-blank">({number})</mtext>'


MATHML: Final = MathMl()
LETTER_AND_NUMBER: Final = re.compile(r"[^\W\d_][0-9]+")
TOKEN: Final = re.compile(r"<(m[ino])>[^<]*</\1>")


def _row(text: str) -> str:
    """A text as one element."""
    return text if TOKEN.fullmatch(text) else f"<mrow>{text}</mrow>"


def _script(text: str) -> str:
    """A subscript: digits as a number, anything else as letters; parts that are joined by _ apart.

    >>> _script("h1"), _script("in")
    ('<mi>h</mi><mn>1</mn>', '<mi>in</mi>')
    """
    parts = text.split("_") if text.isascii() else [text]
    return "<mo>,</mo>".join(map(_part, parts))


def _part(text: str) -> str:
    """A number, a letter with a number, or letters."""
    if text.isdigit():
        return f"<mn>{text}</mn>"
    if LETTER_AND_NUMBER.fullmatch(text):
        return MATHML.letter(text[0]) + f"<mn>{text[1:]}</mn>"
    return MATHML.letter(text)
