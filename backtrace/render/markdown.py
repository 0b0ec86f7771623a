"""A trace as Markdown with formulas between dollar signs, as GitHub, Jekyll, Jupyter and Quarto show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from backtrace.errors import visible
from backtrace.render.alignment import aligned
from backtrace.render.document import Derivation, Facts, Figure, Grid, Heading, Item, Remark, document
from backtrace.render.formulas import Layout
from backtrace.render.numbers import at_point
from backtrace.render.tex import LATEX
from backtrace.trace import Trace

WIDTH: Final = 84
"""So wide a formula may be, in characters; a page on the web shows about that."""
MOST_LINES: Final = 20
"""So many worked lines stand in one display: what renders them sets each display as a whole."""
MARKS: Final = re.compile(r"([\\`*_{}\[\]<>|$~]|^(?=[#+-]|\d+[.)]))")


def pages(trace: Trace, layout: Layout) -> Iterator[str]:
    """The report as Markdown, item by item."""
    for number, item in enumerate(document(trace, layout, LATEX)):
        yield "\n" * bool(number) + written(item)


def written(item: Item) -> str:
    """One item as Markdown, with a line break at its end."""
    if isinstance(item, Heading):
        return heading(item)
    if isinstance(item, Remark):
        return f"*{text(item.text)}*\n"
    if isinstance(item, Facts):
        return facts(item)
    if isinstance(item, Derivation):
        return derivation(item)
    return grid(item)


def heading(item: Heading) -> str:
    """A heading; of a step with its parameters and its layer."""
    formulas = ", ".join(map(inline, item.formulas))
    names = f": {formulas}" if formulas else ""
    return f"{'#' * item.level} {text(item.text)}{names}{f' ({text(item.aside)})' if item.aside else ''}\n"


def facts(item: Facts) -> str:
    """Formulas that run on, a comma and a blank between them."""
    title = f"**{text(item.title)}** " if item.title else ""
    return f"{title}{', '.join(map(inline, item.formulas))}\n"


def derivation(item: Derivation) -> str:
    """Worked lines, some of them to a display, aligned at the signs of equality."""
    title = f"*{text(item.title)}*\n\n" if item.title else ""
    groups = [item.lines[at : at + MOST_LINES] for at in range(0, len(item.lines), MOST_LINES)]
    return title + "\n".join(display(aligned(lines, WIDTH)) for lines in groups)


def display(rows: Sequence[str]) -> str:
    """Rows of formulas with their marks of alignment."""
    body = " \\\\\n".join(rows)
    return safe(f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$\n")


def grid(item: Grid) -> str:
    """A table; numbers stand below each other at their decimal points."""
    title = f"*{text(item.title)}*\n\n" if item.title else ""
    caption = f"{inline(item.caption, tall=True)}\n\n" if item.caption else ""
    marked = [column(figures) for figures in zip(*item.body, strict=True)]
    lines = [row(["", *(inline(head, tall=True) for head in item.heads)]), row(["---", *["--:"] * len(item.heads)])]
    lines += [row([inline(label), *cells]) for label, *cells in zip(item.labels, *marked, strict=True)]
    below = f"\n{', '.join(inline(formula, tall=True) for formula in item.below)}\n" if item.below else ""
    return title + caption + "".join(lines) + below


def column(figures: Sequence[Figure]) -> list[str]:
    """The cells of a column."""
    texts = at_point([figure.text for figure in figures])
    return [cell(figure, shown) for figure, shown in zip(figures, texts, strict=True)]


def cell(figure: Figure, shown: str) -> str:
    """A number in a table, or the number of its blank."""
    return f"({figure.blank})" if figure.blank else shown.replace("-", "−", 1) if shown[:1] == "-" else shown


def row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |\n"


def inline(formula: str, tall: bool = False) -> str:
    """A formula within a line; as the heading of a column with fractions of full height."""
    return f"${safe(formula.replace(chr(92) + 'frac', chr(92) + 'dfrac') if tall else formula)}$"


def safe(formula: str) -> str:
    r"""A formula without a backslash before a sign, which Markdown would take away, and without a sign of HTML.

    >>> safe(r"a \, b < c")
    'a \\thinspace b \\lt c'
    """
    for sign, other in SAFE.items():
        formula = formula.replace(sign, other)
    return formula


SAFE: Final = {r"\,": r"\thinspace", " < ": r" \lt ", " > ": r" \gt ", r"\ ": "~"}


def text(words: str) -> str:
    r"""Words of which no sign means anything to Markdown.

    >>> text("a*b [c] <d> | 5 $")
    'a\\*b \\[c\\] \\<d\\> \\| 5 \\$'
    """
    return MARKS.sub(r"\\\1", visible(words)) if words else ""
