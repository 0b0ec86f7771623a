"""The colours and lines of a picture: one table for light and dark paper, and the light one prints.

Blue and vermilion are those of Okabe and Ito for the colour-blind, darker or lighter until they read well. Nothing is
told by colour alone: a gradient stands below its value and slants, a negative weight is dashed. Classes, not custom
properties, carry the colours: viewers that are no browsers know no properties.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Colour(NamedTuple):
    """A colour on light and on dark paper, and the classes and properties that have it."""

    light: str
    dark: str
    uses: tuple[tuple[str, str], ...]


COLOURS: Final = (
    Colour("#ffffff", "#14181d", ((".bt-paper", "fill"), (".bt-label", "stroke"))),
    Colour("#1b1f24", "#e8eaed", ((".bt-name", "fill"), (".bt-sign", "fill"))),
    Colour("#59636f", "#a6afba", ((".bt-note", "fill"), (".bt-group", "fill"))),
    Colour("#005a99", "#74bdf2", ((".bt-value", "fill"),)),
    Colour("#b04300", "#ffa366", ((".bt-gradient", "fill"),)),
    Colour("#808b97", "#7d8792", ((".bt-edge", "stroke"), (".bt-wire", "stroke"))),
    Colour("#808b97", "#7d8792", ((".bt-tip", "fill"),)),
    Colour("#a2437b", "#e092bd", ((".bt-negative", "stroke"),)),
    Colour("#a2437b", "#e092bd", ((".bt-tip-negative", "fill"),)),
    Colour("#f5f6f8", "#22282f", ((".bt-given", "fill"), (".bt-more", "fill"))),
    Colour("#eef5fb", "#1a2937", ((".bt-unit", "fill"), (".bt-gate", "fill"), (".bt-array", "fill"))),
    Colour("#fdf3ea", "#33271d", ((".bt-error", "fill"),)),
    Colour("#f9e3d3", "#46301f", ((".bt-total", "fill"),)),
    Colour("#7c8793", "#85909b", ((".bt-box", "stroke"),)),
    Colour("#c9d0d7", "#47515b", ((".bt-rule", "stroke"),)),
)
LINES: Final = (
    ".bt-drawing{max-width:100%;height:auto}",
    '.bt-drawing text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;'
    "font-size:13px;font-variant-numeric:tabular-nums}",
    ".bt-drawing .bt-label{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}",
    ".bt-drawing .bt-small{font-size:11px}",
    ".bt-drawing .bt-group{font-size:12px;font-weight:600}",
    ".bt-drawing .bt-name,.bt-drawing .bt-sign{font-weight:600}",
    ".bt-drawing .bt-aside{font-weight:400}",
    ".bt-drawing .bt-gradient{font-style:italic}",
    ".bt-drawing .bt-edge,.bt-drawing .bt-wire{fill:none;stroke-width:1.2}",
    ".bt-drawing .bt-dense{opacity:.75}",
    ".bt-drawing .bt-negative{stroke-dasharray:5 3}",
    ".bt-drawing .bt-box{stroke-width:1.2}",
    ".bt-drawing .bt-more{stroke:none}",
    ".bt-drawing .bt-rule{stroke-width:1}",
)


def style() -> str:
    """The style sheet; its classes begin with bt-, so that a page around the picture keeps its own looks."""
    light, dark = ("".join(_rule(colour, dark) for colour in COLOURS) for dark in (False, True))
    return "".join([light, "\n", *LINES, "\n@media (prefers-color-scheme:dark){", dark, "}\n@media print{", light, "}"])


def _rule(colour: Colour, dark: bool) -> str:
    value = colour.dark if dark else colour.light
    return "".join(f".bt-drawing {name}{{{what}:{value}}}" for name, what in colour.uses)
