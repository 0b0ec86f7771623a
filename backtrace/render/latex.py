"""A trace as a LaTeX document: aligned derivations, tables with numbers below each other at their points."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from backtrace.errors import visible
from backtrace.render.alignment import Display, Page, aligned, displays
from backtrace.render.breaking import broken
from backtrace.render.document import Facts, Figure, Grid, Heading, Item, Remark, document
from backtrace.render.formulas import Layout
from backtrace.render.numbers import power_apart
from backtrace.render.tables import parts, short_labels
from backtrace.render.tex import LATEX, LETTERS, plain
from backtrace.trace import Trace

PAGE: Final = Page(88, 60, r"\quad ")
"""So many digits stand beside each other within margins of 22 mm, and so many rows on a page."""
TABLE: Final = 86.0
"""A table is set a little to the right."""
LONG: Final = 30
"""A table of more rows may go on over pages."""
BLANK: Final = 3
"""A row with room to write is as high as so many others."""
SECTIONS: Final = {2: "section*", 3: "subsection*", 4: "subsubsection*"}
NUMBER: Final = re.compile(r"(-?)(\d+)(?:\.(\d+))?")
PREAMBLE: Final = r"""\documentclass[a4paper,10pt,fleqn]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\fi
%(languages)s\usepackage[a4paper,margin=22mm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{booktabs,longtable}
\usepackage{siunitx}
\sisetup{group-digits=none,exponent-product=\cdot,table-align-text-post=false}
\allowdisplaybreaks[1]
\setlength{\mathindent}{1em}
\setlength{\jot}{5pt}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6ex plus 0.4ex}
\raggedright
\raggedbottom
\begin{document}
"""
KOREAN: Final = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
BEYOND: Final = re.compile(r"[^\x00-\u017e\u2013\u2014\u2018-\u201a\u201c-\u201e\u2026\uac00-\ud7a3]|[ĦħĸĿŀŉŦŧ]")
"""Beyond the Latin letters, quotes and dashes of every text font; Hangul is asked for too often to be looked at."""


def pages(trace: Trace, layout: Layout) -> Iterator[str]:
    """The document, or without its head and its end where only a fragment is wanted."""
    items = displays(document(trace, layout, LATEX), PAGE)
    if layout.fragment:
        yield from body(items)
        return
    made = "".join(body(items))
    yield PREAMBLE % {"languages": "\\usepackage{kotex}\n" if KOREAN.search(made) else ""}
    yield made
    yield "\\end{document}\n"


def body(items: Iterable[Item | Display]) -> Iterator[str]:
    """The items below each other; a display goes on in the paragraph before it, which keeps both on one page."""
    before: Item | Display | None = None
    for item in items:
        if isinstance(item, Display) and not item.title:
            goes_on = isinstance(before, Remark | Facts | Display)
            yield "" if goes_on else "\\vspace{-\\baselineskip}\n"
        elif before is not None:
            yield "\n"
        yield BEYOND.sub(sign, written(item))
        before = item


def written(item: Item | Display) -> str:
    """One item as LaTeX."""
    if isinstance(item, Heading):
        return heading(item)
    if isinstance(item, Remark):
        return f"{{\\small\\itshape {text(item.text)}}}\n"
    if isinstance(item, Facts):
        return facts(item)
    if isinstance(item, Grid):
        return grid(item)
    assert isinstance(item, Display)
    return display(item)


def heading(item: Heading) -> str:
    """A heading of its level."""
    line = item.line(text, inline)
    if item.level == 1:
        return f"\\begin{{center}}\\LARGE {line}\\end{{center}}\n"
    return f"\\{SECTIONS[item.level]}{{{line}}}\n"


def facts(item: Facts) -> str:
    """Formulas that run on; of one that no line holds the pieces."""
    title = f"\\textbf{{{text(item.title)}}}\\quad " if item.title else ""
    pieces = [" ".join(map(inline, broken(formula, PAGE.room))) for formula in item.formulas]
    return f"{title}{', '.join(pieces)}\n"


def display(item: Display) -> str:
    """Worked lines, aligned at the signs of equality."""
    title = f"{{\\itshape {text(item.title)}}}\n" if item.title else ""
    rows = " \\\\[1.2ex]\n".join(" \\\\\n".join(group) for group in aligned(item, PAGE))
    return f"{title}\\begin{{alignat*}}{{3}}\n{rows}\n\\end{{alignat*}}\n"


# ── tables ──


def grid(item: Grid) -> str:
    """A table, in parts where it is too wide for the page."""
    shown = short_labels(item, TABLE)
    title = f"{{\\itshape {text(item.title)}}}\\par\\nopagebreak\n" if item.title else ""
    caption = f"\\quad {tall(item.caption)}\\par\\nopagebreak\\smallskip\n" if item.caption else ""
    below = "\n\\quad " + ",\\quad ".join(map(tall, item.below)) + "\n" if item.below else ""
    first, *more = parts(shown, TABLE)
    return table(shown, first, title + caption) + "".join(table(shown, part) for part in more) + below


def table(item: Grid, part: Sequence[int], above: str = "") -> str:
    """Some columns of a table, with the labels of its rows; a long one goes on over pages.

    What stands above it is within ``flushleft``, before which TeX would break a page.
    """
    blanks = any(row[k].blank for row in item.body for k in part)
    long = len(item.labels) * (BLANK if blanks else 1) > LONG
    columns = "".join(column([row[k] for row in item.body]) for k in part)
    heads = " & ".join(["", *(f"{{{tall(item.heads[k])}}}" for k in part)])
    rows = (
        " & ".join([inline(label), *(cell(row[k]) for k in part)])
        for label, row in zip(item.labels, item.body, strict=True)
    )
    apart = "\\addlinespace\n" * blanks
    lines = "".join(f"{row} \\\\\n{apart}" for row in rows)
    made = f"\\toprule\n{heads} \\\\\n\\midrule\n" + "\\endhead\n" * long + f"{lines}\\bottomrule\n"
    stretch = "\\renewcommand{\\arraystretch}{1.9}\n" * any(r"\frac" in label for label in item.labels)
    if long:
        return f"{above}{{{stretch}\\begin{{longtable}}[l]{{@{{\\quad}}l{columns}}}\n{made}\\end{{longtable}}}}\n"
    inner = f"{stretch}\\quad\\begin{{tabular}}{{@{{}}l{columns}@{{}}}}\n{made}\\end{{tabular}}\n"
    return f"\\begin{{flushleft}}\n{above}{inner}\\end{{flushleft}}\n"


def tall(formula: str) -> str:
    """A formula within a line, with fractions of full height."""
    return rf"$\displaystyle {formula}$"


def column(figures: Sequence[Figure]) -> str:
    """The column of numbers that has room for all of them: sign, digits, decimals and digits of an exponent.

    >>> column([Figure("0.25"), Figure("-1.5e-12")])
    'S[table-format=-1.2e-2]'
    """
    digits, powers = zip(*(power_apart(figure.text) for figure in figures), strict=True)
    found = [match for text in digits if (match := NUMBER.fullmatch(text))]
    if not found:
        return "r"
    sign = "-" * any(match[1] for match in found)
    whole, decimals = max(len(match[2]) for match in found), max(len(match[3] or "") for match in found)
    power = f"e{'-' * ('-' in ''.join(powers))}{max(len(one.lstrip('-')) for one in powers)}" if any(powers) else ""
    return f"S[table-format={sign}{whole}{f'.{decimals}' if decimals else ''}{power}]"


def cell(figure: Figure) -> str:
    """A number for its column; a blank, and what is no number, in braces."""
    if figure.blank:
        return f"{{${LATEX.room(figure.blank)}$}}"
    digits, power = power_apart(figure.text)
    if NUMBER.fullmatch(digits):
        return f"{digits}e{power}" if power else digits
    return f"{{${LATEX.number(figure.text)}$}}"


def inline(formula: str) -> str:
    """A formula within a line."""
    return f"${formula}$"


def text(words: str) -> str:
    """Words of which no sign means anything to LaTeX."""
    return plain(visible(words))


def sign(match: re.Match[str]) -> str:
    r"""A sign that text fonts lack: as a formula, raised or lowered, or by its number.

    >>> BEYOND.sub(sign, "é η₁ \U0001f600")
    'é $\\eta$\\textsubscript{1} [U+1F600]'
    """
    char = match[0]
    if KOREAN.match(char) and _is_in_kotex(char):
        return char
    if char in LETTERS or char in MATHS:
        return f"${LETTERS.get(char) or MATHS[char]}$"
    if char in RAISED:
        return rf"\textsuperscript{{{unicodedata.normalize('NFKC', char)}}}"
    if char in LOWERED:
        return rf"\textsubscript{{{unicodedata.normalize('NFKC', char)}}}"
    return f"[U+{ord(char):04X}]"


def _is_in_kotex(sign: str) -> bool:
    """Whether the fonts of kotex have a sign: they have those of the Korean standard, and all of Hangul."""
    try:
        sign.encode("cp949")
    except UnicodeEncodeError:
        return False
    return True


RAISED: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀ"
LOWERED: Final = "₀₁₂₃₄₅₆₇₈₉₊₋"
MATHS: Final = {
    "′": "'",
    "∂": r"\partial", "∇": r"\nabla", "∑": r"\sum", "√": r"\surd", "∞": r"\infty", "−": "-", "·": r"\cdot",
    "×": r"\times", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "±": r"\pm", "→": r"\to", "←": r"\gets",
    "⇒": r"\Rightarrow", "∈": r"\in", "⊙": r"\odot", "⊗": r"\otimes", "½": r"\tfrac{1}{2}", "ε": r"\varepsilon",
}  # fmt: skip
"""Signs of formulas that a title may have."""
