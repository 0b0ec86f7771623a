"""A trace as a page of HTML in one file: formulas as MathML, the network as SVG, no script, nothing from elsewhere.

The markup is XML too, so that any reader of XML can take figures from it: each number carries its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import chain
from typing import Final

from backtrace.drawing import DIGITS, drawing_svg
from backtrace.errors import visible
from backtrace.records import dataclass
from backtrace.render.document import (
    Derivation,
    Facts,
    Figure,
    Grid,
    Heading,
    Item,
    Remark,
    Worked,
    document,
)
from backtrace.render.formulas import Layout
from backtrace.render.mathml import MATHML
from backtrace.render.mathpieces import pieces, width
from backtrace.render.numbers import Numbers, at_point, power_apart
from backtrace.render.sentences import chosen_views
from backtrace.render.stylesheet import page_style, size_of, style
from backtrace.trace import Trace
from backtrace.words import Words

ROOM: Final = 22
"""So many characters of a formula stay together; about two such pieces fit beside each other on a phone."""
LISTED: Final = 3000
"""The table of contents lists the sections of so many rows; what is longer is written while it is made."""
FEW: Final = 4
"""A page of fewer sections needs no table of contents."""
SMALLEST, SHRUNK = 800, 0.7
"""A picture is not made narrower, in pixels and of its own width: it is scrolled while its numbers can be read."""
WRAPPED: Final = 42
"""A column of formulas is no wider, in characters."""
PAPER_WIDTH: Final = 86
"""So many characters of a table stand beside each other on paper in its usual size."""
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def pages(trace: Trace, layout: Layout) -> Iterator[str]:
    """The page, or of a fragment what stands in it; a worksheet has no picture, which would tell its answers."""
    yield from laid_out(document(trace, layout, MATHML), layout, "" if layout.hidden else picture(trace, layout))


def picture(trace: Trace, layout: Layout) -> str:
    """The network of the first update that is shown; empty where there is nothing to draw."""
    view = next((view for view, _ in chosen_views(trace, layout)), None)
    if view is None:
        return ""
    numbers = layout.numbers if layout.numbers.digits < DIGITS else Numbers(DIGITS)
    drawn = drawing_svg(view, numbers, layout.choice.sample or 0, words=layout.words)
    if not drawn:
        return ""
    found = re.search(r' width="(\d+)', drawn)
    natural = int(found[1]) if found else SMALLEST
    least = max(min(natural, SMALLEST), round(natural * SHRUNK))
    return f'<figure tabindex="0" style="--bt-least:{least}px">{drawn}</figure>\n'


def laid_out(items: Iterable[Item], layout: Layout, drawn: str = "") -> Iterator[str]:
    """A page of items, with what is drawn after the given values."""
    named = anchored(items)
    first = list(_first(named))
    if not layout.fragment:
        yield head(title_of(first), layout.words.name)
    yield f'<div class="backtrace" lang="{layout.words.name}">\n<style>{style()}</style>\n<header>\n'
    opening = [pair for pair in first if not pair[1]]
    start = next((k for k, (_, anchor) in enumerate(first) if anchor), len(opening))
    yield from (written(item) for item, _ in first[:start])
    yield "</header>\n" + contents(first, layout.words) + "<main>\n"
    yield from sections(chain(first[start:], named), layout.words.say("given"), drawn)
    yield "</main>\n</div>\n"
    if not layout.fragment:
        yield "</body>\n</html>\n"


def _first(named: Iterator[tuple[Item, str]]) -> Iterator[tuple[Item, str]]:
    """What is read before anything is written, for the table of contents."""
    rows = 0
    for item, anchor in named:
        yield item, anchor
        rows += len(item.lines) if isinstance(item, Derivation) else len(item.labels) if isinstance(item, Grid) else 1
        if rows > LISTED:
            return


def head(title: str, language: str) -> str:
    """The head of a page; its policy lets a browser load nothing."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8"/>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        '<meta name="color-scheme" content="light dark"/>\n<meta name="generator" content="backtrace"/>\n'
        f"<title>{text(title)}</title>\n<style>{page_style()}</style>\n</head>\n<body>\n"
    )


def title_of(named: Sequence[tuple[Item, str]]) -> str:
    """The page's heading."""
    return next((item.text for item, _ in named if isinstance(item, Heading)), "backtrace")


# ── sections ──


def anchored(items: Iterable[Item]) -> Iterator[tuple[Item, str]]:
    """Each item with the name that a link may point to: of a section by its title, of anything else empty."""
    seen: dict[str, int] = {}
    for item in items:
        anchor = ""
        if isinstance(item, Heading) and item.level > 1:
            name = "bt-" + (re.sub(r"[\W_]+", "-", item.text.casefold()).strip("-") or "section")
            seen[name] = seen.get(name, 0) + 1
            anchor = name if seen[name] == 1 else f"{name}--{seen[name]}"
        yield item, anchor


def sections(named: Iterable[tuple[Item, str]], given: str, drawn: str) -> Iterator[str]:
    """The items in nested sections; the picture ends the section of the given values."""
    open_levels: list[int] = []
    is_given = False
    for item, anchor in named:
        if isinstance(item, Heading):
            if is_given:
                yield drawn
                drawn = ""
            while open_levels and open_levels[-1] >= item.level:
                open_levels.pop()
                yield "</section>\n"
            open_levels.append(item.level)
            yield f'<section id="{escape(anchor)}">\n'
            is_given = item.text == given
        yield written(item)
    yield drawn * is_given + "</section>\n" * len(open_levels)


def contents(named: Sequence[tuple[Item, str]], words: Words) -> str:
    """Links to the sections; of several epochs each with its own."""
    headings = [(item, anchor) for item, anchor in named if isinstance(item, Heading) and anchor]
    tops = [(item, anchor) for item, anchor in headings if item.level == 2]
    deep = any(item.text == words.say("given") and item.level == 3 for item, _ in headings)
    if len(tops) < FEW and not deep:
        return ""
    label = words.say("contents")
    made = _nested(headings) if deep else f"<ul>{''.join(f'<li>{link(*pair)}</li>' for pair in tops)}</ul>"
    return f'<nav class="bt-contents" aria-label="{escape(label)}">{made}</nav>\n'


def _nested(headings: Sequence[tuple[Heading, str]]) -> str:
    """Epochs that can be opened, with their sections."""
    made = ""
    for k, (item, anchor) in enumerate(headings):
        if item.level != 2:
            continue
        below = [pair for pair in _until_next(headings[k + 1 :]) if pair[0].level == 3]
        inner = "".join(f"<li>{link(*pair)}</li>" for pair in below if len(below) > 1)
        made += f"<details><summary>{link(item, anchor)}</summary><ul>{inner}</ul></details>" if inner else ""
        made += "" if inner else f"<p>{link(item, anchor)}</p>"
    return made


def _until_next(headings: Sequence[tuple[Heading, str]]) -> Iterator[tuple[Heading, str]]:
    for pair in headings:
        if pair[0].level == 2:
            return
        yield pair


def link(item: Heading, anchor: str) -> str:
    """A link to a section."""
    return f'<a href="#{escape(anchor)}">{_titled(item)}</a>'


# ── items ──


def written(item: Item) -> str:
    """One item as HTML."""
    if isinstance(item, Heading):
        aside = f' <span class="bt-aside">({text(item.aside)})</span>' if item.aside else ""
        return f"<h{item.level}>{_titled(item)}{aside}</h{item.level}>\n"
    if isinstance(item, Remark):
        return f'<p class="bt-remark">{text(item.text)}</p>\n'
    if isinstance(item, Facts):
        return facts(item)
    return derivation(item) if isinstance(item, Derivation) else grid(item)


def _titled(item: Heading) -> str:
    """The words of a heading, and of a step its parameters."""
    *first, last = [*map(math, item.formulas), ""][: len(item.formulas) or 1]
    named = "".join(f'<span class="bt-whole">{formula},</span> ' for formula in first) + last
    return text(item.text) + (f": {named}" if named else "")


def facts(item: Facts) -> str:
    """Formulas beside each other, as many as fit."""
    title = f'<p class="bt-topic">{text(item.title)}</p>' if item.title else ""
    listed = "".join(f"<li>{flowing(formula)}</li>" for formula in item.formulas)
    return f'<div class="bt-facts">{title}<ul>{listed}</ul></div>\n'


def derivation(item: Derivation) -> str:
    """Worked lines, beside each other where the page has the room."""
    shown = numbers([line.value for line in item.lines if line.value])
    numbered = any(line.numbers for line in item.lines)
    classes = f"bt-lines {size_of(_needed(item.lines))}{'' if numbered else ' bt-short'}"
    made = "".join(_line(line, next(shown) if line.value else "", numbered) for line in item.lines)
    return f'{topic(item.title)}<div class="{classes}">{made}</div>\n'


def _line(line: Worked, value: str, numbered: bool) -> str:
    """Name, formula, formula with numbers, value; what is given has its value beside its name."""
    parts = [part for part in (line.formula, line.numbers) if part]
    made = "".join(f'<div class="bt-part">{EQUAL}<div>{flowing(part)}</div></div>' for part in parts)
    if value:
        direct = "" if line.formula else " bt-direct"
        made += f'<div class="bt-part bt-result{direct}">{EQUAL}{value}</div>'
    return f'<div class="bt-line"><div class="bt-left">{flowing(line.label)}</div>{made}</div>\n'


EQUAL: Final = '<span class="bt-sign">=</span>'


def _needed(lines: Sequence[Worked]) -> float:
    """How many characters the lines need beside each other; a few long formulas may go on below themselves."""
    value = max(_length(line.value) if line.value else 0 for line in lines)
    sizes = [(width(line.label), width(line.formula), width(line.numbers)) for line in lines]
    usual = sorted(sum(size) for size in sizes)[len(sizes) * 3 // 4]
    columns: Iterable[tuple[float, ...]] = zip(*sizes, strict=True)
    return value + 9 + max(usual, sum(min(max(column), WRAPPED) for column in columns))


def _length(figure: Figure) -> int:
    """How long a number is; a blank does not tell."""
    return 10 if figure.blank else len(figure.text)


# ── tables ──


def grid(item: Grid) -> str:
    """A table in a box of its own that can be scrolled."""
    caption = f'<p class="bt-caption">{flowing(item.caption)}</p>\n' if item.caption else ""
    below = "".join(f'<p class="bt-below">{flowing(formula)}</p>\n' for formula in item.below)
    heads = "".join(f'<th scope="col">{math(name)}</th>' for name in item.heads)
    columns = [list(numbers(column)) for column in zip(*item.body, strict=True)]
    rows = "".join(
        f'<tr><th scope="row">{flowing(label)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>\n'
        for label, *cells in zip(item.labels, *columns, strict=True)
    )
    table = f"<table{_fitted(item)}><thead><tr><td></td>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>"
    return f'{topic(item.title)}{caption}<div class="bt-scroll" tabindex="0">{table}</div>\n{below}'


def _fitted(item: Grid) -> str:
    """The size of the letters in which a wide table fits on paper."""
    columns = zip(item.heads, zip(*item.body, strict=True), strict=True)
    wide = [max(width(name), *map(_length, column)) + 2 for name, column in columns]
    needed = sum(wide) + max(map(width, item.labels), default=0) + 2
    return "" if needed <= PAPER_WIDTH else f' style="--bt-fit:{max(9.5 * PAPER_WIDTH / needed, 3):.1f}pt"'


def topic(title: str) -> str:
    """The words above worked lines or a table."""
    return f'<p class="bt-topic">{text(title)}</p>\n' if title else ""


# ── numbers ──


@dataclass(frozen=True)
class Digits:
    """A number's text apart: its digits, and the power of ten that they are multiplied with."""

    digits: str
    power: str = ""

    @classmethod
    def of(cls, figure: Figure) -> Digits:
        """The number as a reader of a page sees it; of a blank nothing."""
        if figure.blank:
            return cls("")
        return cls(*(part.replace("-", "\u2212") for part in power_apart(figure.text)))


def numbers(figures: Sequence[Figure]) -> Iterator[str]:
    """The numbers of a column, filled so that they stand below each other at their points."""
    found = list(map(Digits.of, figures))
    padded = at_point([one.digits for one in found])
    powers = any(one.power for one in found)
    for figure, one, digits in zip(figures, found, padded, strict=True):
        yield blank(figure.blank) if figure.blank else number(figure, digits, _power(one.power) if powers else "")


def _power(power: str) -> str:
    """A power of ten, or as much room as one takes."""
    return f'<span class="bt-power">{f"·10<sup>{power}</sup>" if power else ""}</span>'


def number(figure: Figure, digits: str, power: str = "") -> str:
    """A number with its key, and its text for programs."""
    key = f' data-key="{attribute(figure.key)}"' if figure.key else ""
    return f'<data class="bt-figure"{key} value="{attribute(figure.text)}">{digits}{power}</data>'


def blank(count: int) -> str:
    """Room to write in, with the number of the blank."""
    return f'<span class="bt-blank">({count})</span>'


# ── formulas and words ──


def math(formula: str) -> str:
    """A formula as a whole."""
    return f"<math>{formula}</math>"


def flowing(formula: str) -> str:
    """A formula that goes on in the next line where it must."""
    return "<wbr/>".join(map(math, pieces(formula, ROOM)))


def text(words: str) -> str:
    """A user's words as text; what cannot be seen as escapes.

    >>> text("<b> & \u202e")
    '&lt;b&gt; &amp; \\\\u202e'
    """
    return escape(visible(words), quote=False)


def attribute(words: str) -> str:
    """A user's words between quotes."""
    return escape(visible(words))
