"""A trace as a LaTeX document: aligned derivations, tables with numbers below each other at their points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from backtrace.errors import visible
from backtrace.render.alignment import aligned
from backtrace.render.document import Derivation, Facts, Figure, Grid, Heading, Item, Remark, document
from backtrace.render.formulas import Layout
from backtrace.render.tex import LATEX, plain, width
from backtrace.trace import Trace

WIDTH: Final = 88
"""So many characters of a formula stand beside each other on the page."""
LONG: Final = 30
"""A table of more rows may go on over pages."""
SECTIONS: Final = {2: "section*", 3: "subsection*", 4: "paragraph"}
NUMBER: Final = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?")
PREAMBLE: Final = r"""\documentclass[a4paper,10pt]{article}
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
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6ex plus 0.4ex}
\raggedbottom
\begin{document}
"""
KOREAN: Final = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
BEYOND: Final = re.compile(r"[^\x00-\u017f\u2010-\u201f\u2026\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def pages(trace: Trace, layout: Layout) -> Iterator[str]:
    """The document, or without its head and its end where only a fragment is wanted."""
    items = document(trace, layout, LATEX)
    if layout.fragment:
        yield from map(written, items)
        return
    body = "".join(map(written, items))
    yield PREAMBLE % {"languages": "\\usepackage{kotex}\n" if KOREAN.search(body) else ""}
    yield body
    yield "\\end{document}\n"


def written(item: Item) -> str:
    """One item as LaTeX."""
    if isinstance(item, Heading):
        return heading(item)
    if isinstance(item, Remark):
        return f"{{\\small\\itshape {text(item.text)}\\par}}\n"
    if isinstance(item, Facts):
        title = f"\\textbf{{{text(item.title)}}}\\quad " if item.title else ""
        return f"{title}{', '.join(map(inline, item.formulas))}\\par\n"
    if isinstance(item, Derivation):
        return derivation(item)
    return grid(item)


def heading(item: Heading) -> str:
    """A heading; of a step with its parameters and its layer."""
    formulas = ", ".join(map(inline, item.formulas))
    words = text(item.text) + (f": {formulas}" if formulas else "") + (f" ({text(item.aside)})" if item.aside else "")
    if item.level == 1:
        return f"\\begin{{center}}\\LARGE {words}\\end{{center}}\n"
    return f"\n\\{SECTIONS[item.level]}{{{words}}}\n" + "\\leavevmode\\par\\nopagebreak\n" * (item.level == 4)


def derivation(item: Derivation) -> str:
    """Worked lines, aligned at the signs of equality."""
    title = f"{{\\itshape {text(item.title)}}}\\nopagebreak\n" if item.title else ""
    rows = aligned(item.lines, WIDTH)
    return title + "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}\n"


# ── tables ──


def grid(item: Grid) -> str:
    """A table, in parts where it is too wide for the page."""
    title = f"{{\\itshape {text(item.title)}}}\\par\\nopagebreak\n" if item.title else ""
    caption = f"\\[ {item.caption} \\]\n" if item.caption else ""
    below = "".join(f"\\[ {formula} \\]\n" for formula in item.below)
    return title + caption + "".join(table(item, part) for part in parts(item)) + below


def parts(item: Grid) -> Iterator[list[int]]:
    """The columns that stand beside each other, as many as the page has room for."""
    room = WIDTH - max(map(width, item.labels), default=0)
    columns = list(zip(*item.body, strict=True))
    part: list[int] = []
    used = 0
    for k, head in enumerate(item.heads):
        needed = 3 + max(width(head), *(len(figure.text) for figure in columns[k]))
        if part and used + needed > room:
            yield part
            part, used = [], 0
        part.append(k)
        used += needed
    if part:
        yield part


def table(item: Grid, part: Sequence[int]) -> str:
    """Some columns of a table, with the labels of its rows; a long one goes on over pages."""
    environment = "longtable" if len(item.labels) > LONG else "tabular"
    columns = "".join(column([row[k] for row in item.body]) for k in part)
    heads = " & ".join(["", *(f"{{$\\displaystyle {item.heads[k]}$}}" for k in part)])
    rows = (
        " & ".join([inline(label), *(cell(row[k]) for k in part)])
        for label, row in zip(item.labels, item.body, strict=True)
    )
    made = f"\\begin{{{environment}}}{{l{columns}}}\n\\toprule\n{heads} \\\\\n\\midrule\n"
    if environment == "longtable":
        made += "\\endhead\n"
    made += "".join(f"{row} \\\\\n" for row in rows) + f"\\bottomrule\n\\end{{{environment}}}\n"
    return made if environment == "longtable" else f"\\begin{{center}}\n{made}\\end{{center}}\n"


def column(figures: Sequence[Figure]) -> str:
    """The column of numbers that has room for all of them: sign, digits, decimals and exponent."""
    found = [match for figure in figures if (match := NUMBER.fullmatch(figure.text))]
    if not found:
        return "r"
    sign = "-" * any(match[1] for match in found)
    whole, decimals = max(len(match[2]) for match in found), max(len(match[3] or "") for match in found)
    exponents = [str(int(match[4])) for match in found if match[4]]
    power = f"e{max(exponents, key=len)}" if exponents else ""
    return f"S[table-format={sign}{whole}{f'.{decimals}' if decimals else ''}{power}]"


def cell(figure: Figure) -> str:
    """A number for its column; a blank, and what is no number, in braces."""
    if figure.blank:
        return f"{{${LATEX.blank(figure.blank)}$}}"
    return figure.text if NUMBER.fullmatch(figure.text) else f"{{${LATEX.number(figure.text)}$}}"


def inline(formula: str) -> str:
    """A formula within a line."""
    return f"${formula}$"


def text(words: str) -> str:
    """Words as LaTeX sets them; what pdflatex has no sign for by its number there.

    >>> text("50% \u2026 \U0001f600")
    '50\\\\% \u2026 \\\\ifPDFTeX [U+1F600]\\\\else \U0001f600\\\\fi{}'
    """
    made = plain(visible(words))
    return BEYOND.sub(lambda match: rf"\ifPDFTeX [U+{ord(match[0]):04X}]\else {match[0]}\fi{{}}", made)
