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

SPECIAL: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
LETTERS: Final = {sign: rf"\{name}" for name, sign in GREEK.items()}
EXPONENT: Final = re.compile(r"e([-+]\d+)$")


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
        return EXPONENT.sub(lambda match: rf" \cdot 10^{{{int(match[1])}}}", text)

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


LATEX: Final = Latex()


WORDS: Final = re.compile(r"\\(?:text|mathrm|mathbf|mathbb|operatorname|hat|boxed)\{([^{}]*)\}|[_^]\{([^{}]*)\}")
FRACTION: Final = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
COMMAND: Final = re.compile(r"\\(?:left|right)(?![a-z])|\\[,;! ]|[{}_^&$]")
SIGN: Final = re.compile(r"\\[A-Za-z]+ ?")


def width(text: str) -> int:
    r"""About how many characters wide a formula is set: a fraction as wide as its wider part.

    >>> width(r"\frac{\partial E_{\text{tot}}}{\partial o_1} \cdot 0.25")
    11
    """
    before = ""
    while text != before:
        before = text
        text = WORDS.sub(lambda match: match[1] or match[2] or "", text)
        text = FRACTION.sub(lambda match: max(match[1], match[2], key=lambda part: len(_bare(part))), text)
    return len(_bare(text))


def _bare(text: str) -> str:
    return SIGN.sub("x", COMMAND.sub("", text))


def broken(text: str, room: int) -> list[str]:
    r"""A formula in lines of a width, broken before signs that stand in no bracket.

    >>> broken(r"a \cdot (b + c) + d \cdot e", 9)
    ['a \\cdot (b + c)', '+ d \\cdot e']
    """
    lines: list[str] = []
    for piece in _pieces(text):
        if lines and width(lines[-1]) + width(piece) + 1 <= room:
            lines[-1] += f" {piece}"
        else:
            lines.append(piece)
    return lines


def _pieces(text: str) -> list[str]:
    """The parts of a formula before each sign outside all brackets: sums first, products where there are none."""
    for signs in (BREAKS, PRODUCTS):
        places = [at for at in (match.start() for match in signs.finditer(text)) if not _depth(text[:at])]
        if places:
            return [text[a:b].strip() for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    return [text]


def _depth(text: str) -> int:
    """In how many brackets the end of a text stands."""
    return sum(char in "{([" for char in text) - sum(char in "})]" for char in text)


BREAKS: Final = re.compile(r" [-+] ")
PRODUCTS: Final = re.compile(r" \\cdot ")


def plain(text: str) -> str:
    r"""A text without any sign that LaTeX reads as more than itself.

    >>> plain("50% of $x_1$")
    '50\\% of \\$x\\_1\\$'
    """
    return "".join(SPECIAL.get(char, char) for char in text)


def _script(text: str) -> str:
    """A subscript: digits and single letters as they are, words upright."""
    if text in LETTERS or text in GREEK:
        return LATEX.letter(text)
    if len(text) > 1 and text.isalpha():
        return rf"\text{{{plain(text)}}}"
    return text.replace("_", ",") if text.isascii() else rf"\text{{{plain(text)}}}"


def _grouped(sign: str, text: str) -> str:
    return f"{sign}{text}" if len(text) == 1 else f"{sign}{{{text}}}"
