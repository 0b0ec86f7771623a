"""A trace as Markdown with formulas between dollar signs, as GitHub, Jekyll, Jupyter and Quarto show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from backtrace.errors import visible
from backtrace.render.alignment import Display, Page, aligned, displays
from backtrace.render.document import Facts, Figure, Grid, Heading, Item, Remark, document
from backtrace.render.formulas import Layout
from backtrace.render.numbers import at_point
from backtrace.render.tables import short_labels
from backtrace.render.tex import LATEX
from backtrace.trace import Trace

PAGE: Final = Page(84, 20)
"""A page on the web shows about so many digits; what renders formulas sets each display as a whole."""
MARKS: Final = re.compile(r"([\\`*_{}\[\]<>|$~&#])")
WORDS: Final = re.compile(r"\\text\{((?:[^{}\\]|\\[#$%&_])*)\}")


def pages(trace: Trace, layout: Layout) -> Iterator[str]:
    """The report as Markdown, item by item."""
    for number, item in enumerate(displays(document(trace, layout, LATEX), PAGE)):
        yield "\n" * bool(number) + written(item)


def written(item: Item | Display) -> str:
    """One item as Markdown, with a line break at its end."""
    if isinstance(item, Heading):
        return heading(item)
    if isinstance(item, Remark):
        return f"*{text(item.text)}*\n"
    if isinstance(item, Facts):
        return facts(item)
    if isinstance(item, Grid):
        return grid(item)
    assert isinstance(item, Display)
    return display(item)


def heading(item: Heading) -> str:
    """A heading of its level."""
    return f"{'#' * item.level} {item.line(text, inline)}\n"


def facts(item: Facts) -> str:
    """Formulas that run on, a comma and a blank between them."""
    title = f"**{text(item.title)}** " if item.title else ""
    return f"{title}{', '.join(map(inline, item.formulas))}\n"


def display(item: Display) -> str:
    """Worked lines, aligned at the signs of equality."""
    title = f"*{text(item.title)}*\n\n" if item.title else ""
    groups = aligned(item, PAGE)
    tall = any(FRACTION in row for group in groups for row in group)
    rows = AFTER_GROUP[tall].join(AFTER_ROW[tall].join(group) for group in groups)
    return f"{title}$$\n\\begin{{aligned}}\n{safe(rows)}\n\\end{{aligned}}\n$$\n"


def grid(item: Grid) -> str:
    """A table; numbers stand below each other at their decimal points."""
    shown = short_labels(item, PAGE.room)
    title = f"*{text(item.title)}*\n\n" if item.title else ""
    caption = f"{inline(item.caption, tall=True)}\n\n" if item.caption else ""
    marked = [column(figures) for figures in zip(*item.body, strict=True)]
    lines = [row(["", *(inline(head, tall=True) for head in item.heads)]), row(["---", *["--:"] * len(item.heads)])]
    lines += [row([inline(label), *cells]) for label, *cells in zip(shown.labels, *marked, strict=True)]
    below = f"\n{', '.join(inline(formula, tall=True) for formula in item.below)}\n" if item.below else ""
    return title + caption + "".join(lines) + below


def column(figures: Sequence[Figure]) -> list[str]:
    """The cells of a column."""
    texts = at_point([figure.text for figure in figures])
    return [cell(figure, shown) for figure, shown in zip(figures, texts, strict=True)]


def cell(figure: Figure, shown: str) -> str:
    """A number in a table, or the number of its blank."""
    return f"({figure.blank})" if figure.blank else shown


def row(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |\n"


def inline(formula: str, tall: bool = False) -> str:
    """A formula within a line, rows of a matrix by a word; as the heading of a column with fractions of full height."""
    only_words = WORDS.fullmatch(formula)
    if only_words:
        return text(re.sub(r"\\(.)", r"\1", only_words[1]))
    shown = safe(formula).replace(r" \\ ", r" \cr ")
    return f"${shown.replace(FRACTION, TALL) if tall else shown}$"


AFTER_ROW: Final = (" \\\\\n", " \\\\[0.3em]\n")
AFTER_GROUP: Final = (" \\\\[0.6em]\n", " \\\\[0.9em]\n")
"""The ends of rows and of groups of them; where there are fractions with more room."""
FRACTION: Final = r"\frac"
TALL: Final = r"\dfrac"


def safe(formula: str) -> str:
    r"""A formula without a backslash before a sign, which Markdown would take away, and without a sign of HTML.

    >>> safe(r"a \, b < c")
    'a \\thinspace b \\lt c'
    """
    return UNSAFE.sub(lambda match: SAFE[match[0]], formula)


SAFE: Final = {r"\,": r"\thinspace", "<": r"\lt", ">": r"\gt", r"\ ": "~"}
UNSAFE: Final = re.compile(r"(?<!\\)\\[, ]|(?<= )[<>](?= )")


def text(words: str) -> str:
    r"""Words of which no sign means anything to Markdown.

    >>> text("a*b [c] <d> | 5 $")
    'a\\*b \\[c\\] \\<d\\> \\| 5 \\$'
    """
    return MARKS.sub(r"\\\1", visible(words)) if words else ""
