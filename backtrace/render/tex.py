r"""Formulas in LaTeX, as Markdown and documents have them.

>>> LATEX.scripts(LATEX.letter("net"), ["h1"], ["+"]), LATEX.number("-1.5e-09")
('\\mathrm{net}_{h1}^{+}', '-1.5 \\cdot 10^{-9}')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from backtrace.ops import latex
from backtrace.render.notation import GREEK, Notation
from backtrace.render.numbers import power_apart

SPECIAL: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
LETTERS: Final = {sign: rf"\{name}" for name, sign in GREEK.items()}
LIGATURE: Final = re.compile(r"([-<>,'`!?])(?=[-<>,'`])")
"""Two signs that LaTeX would set as another one."""


class Latex(Notation):
    """LaTeX of the mathematical mode."""

    style = latex.LATEX
    dots = r"\dots"
    product = r" \cdot "
    ones = r"\mathbf{1}^{\top}"
    partial = r"\partial "

    def letter(self, name: str) -> str:
        """A letter; a word upright; Greek letters by their names.

        >>> [LATEX.letter(name) for name in ("x", "net", "alpha", "σ", "입력", "a_b_")]
        ['x', '\\\\mathrm{net}', '\\\\alpha', '\\\\sigma', '\\\\text{입력}', '\\\\text{a\\\\_b\\\\_}']
        """
        if name in LETTERS:
            return LETTERS[name]
        if name in GREEK:
            return rf"\{name}"
        if not name.isascii() or not name.isalpha():
            return self.words(name)
        return name if len(name) == 1 else rf"\mathrm{{{name}}}"

    def words(self, text: str) -> str:
        """Words, none of whose signs means anything."""
        return rf"\text{{{plain(text)}}}"

    def number(self, text: str) -> str:
        """A number; powers of ten written out."""
        if "∞" in text or text == "nan":
            return text.replace("∞", r"\infty").replace("nan", r"\mathrm{nan}")
        digits, power = power_apart(text)
        return rf"{digits} \cdot 10^{{{power}}}" if power else digits

    def scripts(self, base: str, lower: Sequence[str], upper: Sequence[str]) -> str:
        """A base with scripts."""
        below = ",".join(map(_script, lower))
        above = "".join(upper)
        return base + (_grouped("_", below) if below else "") + (f"^{{{above}}}" if above else "")

    def hat(self, base: str) -> str:
        """A letter with a hat."""
        return rf"\hat{{{base}}}"

    def fraction(self, top: str, bottom: str) -> str:
        """A fraction."""
        return rf"\frac{{{top}}}{{{bottom}}}"

    def brackets(self, text: str) -> str:
        """Round brackets as tall as what they hold."""
        return rf"\left({text}\right)" if r"\frac" in text else f"({text})"

    def in_space(self, sizes: Sequence[int]) -> str:
        """Element of the real numbers, so many along each axis."""
        return r" \in \mathbb{R}^{" + r" \times ".join(map(str, sizes)) + "}"

    def blank(self, number: int) -> str:
        """The number of the blank in a box."""
        return rf"\boxed{{({number})}}"

    def room(self, number: int) -> str:
        """A wide box with the number of the blank in its corner, as wide for 1 as for 100."""
        padding = rf"\phantom{{{'0' * (3 - len(str(number)))}}}" if number < 100 else ""
        return rf"\boxed{{\Big.^{{({number}){padding}}}\qquad\qquad}}"


LATEX: Final = Latex()


def plain(text: str) -> str:
    r"""A text without any sign that LaTeX reads as more than itself.

    >>> plain("50% of $x_1$")
    '50\\% of \\$x\\_1\\$'
    """
    return LIGATURE.sub(r"\1{}", "".join(SPECIAL.get(char, char) for char in text))


def _script(text: str) -> str:
    r"""A subscript: digits and single letters as they are, words upright, commas between what _ joins.

    >>> [_script(one) for one in ("12", "h1", "out", "alpha", "matrix_long", "b_")]
    ['12', 'h1', '\\text{out}', '\\alpha', '\\text{matrix},\\text{long}', '\\text{b\\_}']
    """
    if "_" in text.strip("_"):
        return ",".join(_script(part) for part in text.split("_") if part)
    if text in LETTERS or text in GREEK:
        return LATEX.letter(text)
    upright = (len(text) > 1 and text.isalpha()) or not text.isascii() or "_" in text
    return rf"\text{{{plain(text)}}}" if upright else text


def _grouped(sign: str, text: str) -> str:
    return f"{sign}{text}" if len(text) == 1 else f"{sign}{{{text}}}"
