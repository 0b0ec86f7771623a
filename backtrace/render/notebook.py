"""A trace in a notebook: the page where it is short, else its head, its losses and how to see more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from backtrace.render import html, markdown
from backtrace.render.alignment import Display, aligned, displays, result
from backtrace.render.breaking import width
from backtrace.render.document import Derivation, Facts, Grid, Heading, Item, Pages, Remark, document
from backtrace.render.formulas import Layout
from backtrace.render.mathml import MATHML
from backtrace.render.notation import Notation
from backtrace.render.tex import LATEX, plain
from backtrace.trace import Trace

MOST: Final = 200
"""A trace of more rows is not shown in full."""
LAYOUT: Final = Layout()
WITHIN: Final = Layout(fragment=True)
"""A notebook is a page already; the title is shown all the same."""


def as_html(trace: Trace) -> str:
    """What a notebook shows: a fragment with a style of its own."""
    items = short(trace, MATHML)
    if items is None:
        return "".join(html.laid_out(summary(trace, MATHML), WITHIN))
    return "".join(html.laid_out(items, WITHIN, html.picture(trace, LAYOUT)))


def as_markdown(trace: Trace) -> str:
    """The same as Markdown."""
    items = short(trace, LATEX)
    shown = displays(summary(trace, LATEX) if items is None else items, markdown.PAGE)
    return "\n".join(map(markdown.written, shown))


def as_latex(trace: Trace) -> str:
    """The worked lines alone: displays between double dollar signs, which is all that a notebook takes as LaTeX."""
    items = short(trace, LATEX)
    shown = displays(summary(trace, LATEX) if items is None else items, markdown.PAGE)
    return "\n".join(f"$$\n{display}\n$$" for item in shown for display in displayed(item))


def displayed(item: Item | Display) -> Iterator[str]:
    """An item as a display, a heading as words in one; remarks are left out."""
    if isinstance(item, Heading):
        names = ": $" + ", ".join(item.formulas) + "$" if item.formulas else ""
        yield rf"\textbf{{{plain(item.text)}{names}}}"
    elif isinstance(item, Display):
        yield _aligned(row for group in aligned(item, markdown.PAGE) for row in group)
    elif isinstance(item, Facts):
        yield _gathered(item.formulas)
    elif isinstance(item, Grid):
        yield _array(item)


def _gathered(formulas: Sequence[str]) -> str:
    """Formulas beside each other, as many as fit in a line."""
    rows: list[str] = []
    for formula in formulas:
        joined = f"{rows[-1]} \\quad {formula}" if rows else ""
        rows[-1:] = [joined] if joined and width(joined) <= markdown.PAGE.room else [*rows[-1:], formula]
    return "\\begin{gathered}\n" + " \\\\\n".join(rows) + "\n\\end{gathered}"


def _array(item: Grid) -> str:
    """A table as a display, which has no other."""
    head = " & ".join(["", *item.heads])
    rows = (" & ".join([label, *map(result, cells)]) for label, cells in zip(item.labels, item.body, strict=True))
    columns = "l" + "r" * len(item.heads)
    body = " \\\\\n".join(rows)
    return f"\\begin{{array}}{{{columns}}}\n{head} \\\\ \\hline\n{body}\n\\end{{array}}"


def _aligned(rows: Iterable[str]) -> str:
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def short(trace: Trace, notation: Notation) -> list[Item] | None:
    """The items of a report; None where they are too many to stand in a notebook."""
    items = []
    rows = 0
    for item in document(trace, LAYOUT, notation):
        rows += _rows(item)
        if rows > MOST:
            return None
        items.append(item)
    return items


def _rows(item: Item) -> int:
    if isinstance(item, Facts):
        return 1 + len(item.formulas) // 8
    return len(item.lines) if isinstance(item, Derivation) else len(item.body) if isinstance(item, Grid) else 1


def summary(trace: Trace, notation: Notation) -> Iterator[Item]:
    """Title and conventions, the objective by epoch, and how to see the rest."""
    pages = Pages(LAYOUT, trace.epochs[0], notation=notation)
    yield from pages.opening(trace)
    if trace.graph.has_loss and len(trace.losses) > 1:
        yield from islice(pages.training(trace), 2)
    elif trace.graph.has_loss:
        yield Derivation((pages.worked(pages.view.quantity(pages.view.objective)),))
    yield Remark(pages.say("see more"))
