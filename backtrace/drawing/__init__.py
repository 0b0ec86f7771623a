"""Pictures of a trace: the network or the gates with names, values and gradients, as SVG and as Mermaid text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from backtrace.drawing.circuit import circuit, is_circuit
from backtrace.drawing.figures import Figures
from backtrace.drawing.layering import layering
from backtrace.drawing.mermaid import fenced, mermaid
from backtrace.drawing.network import arrays, network
from backtrace.drawing.parts import Drawing
from backtrace.drawing.svg import svg
from backtrace.quantities import View
from backtrace.render.formats import Format
from backtrace.render.numbers import Numbers
from backtrace.words import ENGLISH, Words

__all__ = ["DIGITS", "FORMATS", "WRITERS", "Drawing", "drawing", "drawing_svg", "fenced", "mermaid", "svg"]

FORMATS: Final[Mapping[str, Format]] = {
    one.name: one
    for one in (
        Format("mermaid", ("mmd", "mermaid")),
        Format("svg", ("svg",)),
        Format("markdown", ("md", "markdown", "qmd")),
    )
}
"""What a drawing is written in."""
WRITERS: Final[Mapping[str, Callable[[Drawing], str]]] = {"mermaid": mermaid, "svg": svg, "markdown": fenced}
DIGITS: Final = 4
"""Decimals of a number in a picture, where the reader asks for no others."""
TALLEST: Final = 32
"""A column of more numbers is a list, and no picture: the arrays are drawn instead."""


def drawing(
    view: View,
    numbers: Numbers | None = None,
    sample: int = 0,
    gradients: bool = True,
    words: Words = ENGLISH,
) -> Drawing | None:
    """What there is to draw of an update: its gates, its units, or its arrays where those are too many.

    Args:
        view: a recorded update.
        numbers: how numbers are written; with four decimals if nobody says.
        sample: whose values are drawn, counted from 0.
        gradients: whether gradients are drawn too.
        words: the language of titles and legend.

    Returns:
        The drawing, or None where nothing is computed, or far too much to be drawn.
    """
    if not view.graph.shown:
        return None
    figures = Figures(view, numbers or Numbers(DIGITS), sample, gradients, words)
    if is_circuit(figures):
        found: Drawing | None = circuit(figures)
    else:
        found = network(figures)
        if found is None or _tallest(found) > TALLEST:
            found = arrays(figures)
    return found if found is not None and found.nodes else None


def _tallest(found: Drawing) -> int:
    """How many nodes stand in the longest column."""
    return max(sum(not slot.passing for slot in column) for column in layering(found).columns)


def drawing_svg(
    view: View,
    numbers: Numbers | None = None,
    sample: int = 0,
    gradients: bool = True,
    words: Words = ENGLISH,
) -> str | None:
    """The picture as SVG, for a file or within a page; None where there is nothing sensible to draw.

    >>> import backtrace
    >>> (drawing_svg(backtrace.run("configs/example.yaml").epochs[0]) or "")[:4]
    '<svg'
    """
    found = drawing(view, numbers, sample, gradients, words)
    return None if found is None else svg(found)
