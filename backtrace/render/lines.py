"""Lines of text in columns: widths, breaking, alignment; knows nothing of quantities."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import zip_longest
from typing import Final, NamedTuple

from backtrace.records import dataclass

GAP = "  "
JOINED = frozenset(map(chr, range(0x1160, 0x1200)))
"""Vowels and final consonants of Hangul in single letters: they stand in the cells of the consonant before."""
DEEPEST_BREAK = 4
"""In no more brackets than this is a formula broken."""
NARROW: Final = re.compile(
    r"[\x00-\u02ff\u0391-\u03a1\u03a3-\u03ff\u1d2c-\u1d6a\u2010-\u2027\u2070-\u2071\u2074-\u208e\u2190-\u22ff\u2500-\u25fc]*"
)
"""Texts of letters and signs of one column each, told at once: nearly all that a report has."""
BREAKS: Final = re.compile(r"[][()]|( )[-+=·*](?= )")


class Span(NamedTuple):
    """A piece of a line and what it is: rule, heading, value, dim, or plain text."""

    text: str
    role: str = ""


Line = tuple[Span, ...]


def cells(text: str) -> int:
    """How many columns of a terminal a text takes.

    >>> cells("z₁"), cells("은닉층"), cells("é")
    (2, 6, 1)
    """
    if text.isascii() or NARROW.fullmatch(text):
        return len(text)
    return sum(map(_cells, text))


@lru_cache
def _cells(char: str) -> int:
    if unicodedata.combining(char) or char in JOINED:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def padded(text: str, width: int, right: bool = False) -> str:
    """The text filled with blanks to a width in columns."""
    blanks = " " * max(0, width - cells(text))
    return blanks + text if right else text + blanks


def rule(text: str, width: int, dash: str) -> Line:
    """A line across the page with a text near its beginning."""
    head = f"{dash * 2} {text} "
    return (Span(head + dash * max(0, width - cells(head)), "rule"),)


def stacked(head: str) -> list[str]:
    """A derivative's heading in two lines, the bar at the end of the first."""
    top, bar, bottom = head.partition("/")
    return [top + bar, bottom] if bar else ["", head]


def stacked_width(head: str) -> int:
    """The width of a heading in two lines."""
    return max(map(cells, stacked(head)))


def wrapped(text: str, width: int) -> list[str]:
    """Words on lines of a width."""
    lines = [""]
    for word in text.split():
        if lines[-1] and cells(lines[-1]) + 1 + cells(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def wrapped_equation(text: str, width: int) -> list[str]:
    """An equation on lines of a width, its name with the beginning of its formula; further lines stand further in.

    >>> wrapped_equation("klq = sum(q·log(q/u)) + 1", 22)
    ['klq = sum(q·log(q/u))', '    + 1']
    """
    if cells(text) <= width:
        return [text]
    left, _, right = text.partition(" = ")
    first, *more = wrapped_formula(right, width - max(cells(left) + 3, 4))
    return [f"{left} = {first}", *("    " + line for line in more)]


def wrapped_formula(text: str, width: int) -> list[str]:
    """A formula on lines of a width, broken before operators: outside all brackets where that is enough.

    >>> wrapped_formula("= 0.25·(1 - 0.25) + 0.5·(1 - 0.5)", 20)
    ['= 0.25·(1 - 0.25)', '+ 0.5·(1 - 0.5)']
    """
    if cells(text) <= width:
        return [text]
    measure = len if cells(text) == len(text) else cells
    for depth in range(DEEPEST_BREAK):
        pieces = _pieces(text, depth)
        widths = list(map(measure, pieces))
        if max(widths) <= width:
            return _filled(pieces, widths, width)
    pieces = [part for piece in _pieces(text, DEEPEST_BREAK) for part in _chopped(piece, width)]
    return _filled(pieces, map(cells, pieces), width)


def _filled(pieces: Iterable[str], widths: Iterable[int], width: int) -> list[str]:
    """Pieces beside each other on lines of a width."""
    lines: list[list[str]] = []
    used = width
    for piece, wide in zip(pieces, widths, strict=True):
        if used + 1 + wide > width:
            lines.append([])
            used = -1
        lines[-1].append(piece)
        used += 1 + wide
    return list(map(" ".join, lines))


def _chopped(text: str, width: int) -> list[str]:
    """A text without a place to break, such as the name of an unnamed node, cut where the line ends."""
    room = max(width if cells(text) == len(text) else width // 2, 1)
    return [text] if cells(text) <= width else [text[at : at + room] for at in range(0, len(text), room)]


def _pieces(text: str, deepest: int) -> list[str]:
    """The parts of a formula between operators that stand in so many brackets at most."""
    pieces, start, depth = [], 0, 0
    for found in BREAKS.finditer(text, 1):
        if found[1] is None:
            depth += 1 if found[0] in "([" else -1
        elif depth <= deepest:
            pieces.append(text[start : found.start()])
            start = found.start() + 1
    return [*pieces, text[start:]]


def run_on(texts: Iterable[str], width: int) -> list[str]:
    """Short texts one after another, three blanks apart, on lines of a width."""
    lines: list[str] = []
    for text in texts:
        if lines and cells(lines[-1]) + 3 + cells(text) <= width:
            lines[-1] += "   " + text
        else:
            lines.append(text)
    return lines or [""]


@dataclass(frozen=True)
class Entry:
    """A quantity as text: its name, its formula, the formula with numbers (each may be empty), its value."""

    label: str
    formula: str
    numbers: str
    value: str

    @cached_property
    def left(self) -> str:
        """The name with its formula."""
        return f"{self.label} = {self.formula}" if self.formula else self.label

    @cached_property
    def middle(self) -> str:
        """The formula with numbers."""
        return f"= {self.numbers}" if self.numbers else ""

    @cached_property
    def widths(self) -> tuple[int, int]:
        """How many columns the name with its formula takes, and the formula with numbers."""
        return cells(self.left), cells(self.middle)


def fitting(entries: Sequence[Entry], width: int) -> tuple[int, int]:
    """The widths of the columns for name and numbers: as many entries as possible in one line each."""
    value = max((cells(e.value) for e in entries), default=0)
    room = width - value - 6
    left = middle = widest = 0
    for name, minus in sorted((e.widths[0], -e.widths[1]) for e in entries if sum(e.widths) + 2 <= room):
        # the longer the names, the less room for numbers, and those of shorter names need it too
        widest = max(widest, -minus)
        if name + 2 + widest > room:
            break
        left, middle = name, widest
    return left, middle


def natural_edge(entries: Sequence[Entry], width: int) -> int:
    """Where the values of entries end if nothing else asks for more room."""
    left, middle = fitting(entries, width)
    broken = any(not _fits(e, left, middle, width) for e in entries)
    value = max((cells(e.value) for e in entries), default=0)
    return width if broken else 2 + left + 2 + middle + (2 if middle else 0) + value


def _fits(entry: Entry, left: int, middle: int, width: int) -> bool:
    name, numbers = entry.widths
    return name <= left and 2 + left + 2 + numbers + 2 + cells(entry.value) <= width


def aligned(entries: Sequence[Entry], width: int, edge: int) -> Iterator[Line]:
    """One line an entry where it fits, its value ending at ``edge``; else broken before ``=`` and operators."""
    left, middle = fitting(entries, width)
    for entry in entries:
        if _fits(entry, left, middle, width):
            name, numbers = entry.widths
            text = f"  {entry.left}{' ' * (left - name)}  {entry.middle}"
            yield Span(text), Span(padded(entry.value, edge - 4 - left - numbers, right=True), "value")
        else:
            yield from _broken(entry, width, edge)


def _broken(entry: Entry, width: int, edge: int) -> Iterator[Line]:
    # a value of hundreds of digits stands on a line of its own
    room = max(edge - cells(entry.value) - 2, edge // 4)
    stem = cells(entry.label) + 3
    indent = stem if stem <= 20 and cells(entry.left) + 2 <= room else 4
    if not entry.formula or cells(entry.left) + 2 <= room:
        lines = [f"  {entry.left}"]
    elif stem <= 20:
        first, *more = wrapped_formula(entry.formula, room - stem - 2)
        indent = stem
        lines = [f"  {entry.label} = {first}", *(" " * (stem + 2) + part for part in more)]
    else:
        parts = wrapped_formula(f"= {entry.formula}", room - 6)
        lines = [f"  {entry.label}", *(" " * (4 + 2 * bool(k)) + part for k, part in enumerate(parts))]
    if entry.middle:
        parts = wrapped_formula(entry.middle, room - indent - 2)
        lines += [" " * (indent + 2 * bool(k)) + part for k, part in enumerate(parts)]
    if cells(lines[-1]) + 2 + cells(entry.value) > edge:  # what could not be broken leaves no room beside it
        lines.append("")
    for line in lines[:-1]:
        yield (Span(line),)
    yield Span(lines[-1]), Span(padded(entry.value, edge - cells(lines[-1]), right=True), "value")


def columns_that_fit(widths: Sequence[int], room: int) -> list[int]:
    """All columns, or the first ones and the last."""
    if sum(width + 2 for width in widths) <= room:
        return list(range(len(widths)))
    room -= widths[-1] + 2 + 3
    shown: list[int] = []
    for k, width in enumerate(widths[:-1]):
        room -= width + 2
        if room < 0:
            break
        shown.append(k)
    return [*shown, len(widths) - 1]


@dataclass(frozen=True)
class Grid:
    """A table of texts: a heading a column, a label a row; ``split`` is where a second table may begin."""

    heads: Sequence[str]
    labels: Sequence[str]
    body: Sequence[Sequence[str]]
    split: int

    @cached_property
    def columns(self) -> list[tuple[str, ...]]:
        """The texts below each heading."""
        return list(zip(*self.body, strict=True)) or [() for _ in self.heads]

    @cached_property
    def widths(self) -> list[int]:
        """How wide the texts of each column are."""
        return list(map(widest, self.columns))

    @cached_property
    def least(self) -> list[int]:
        """The room that each column needs, its heading in two lines."""
        return [max(stacked_width(head), wide) + len(GAP) for head, wide in zip(self.heads, self.widths, strict=True)]


def widest(texts: Sequence[str]) -> int:
    """The width of the widest of some texts."""
    return max(map(len if "".join(texts).isascii() else cells, texts), default=0)


def filled(texts: Sequence[str], width: int, right: bool = False) -> list[str]:
    """Texts filled with blanks to a width in columns."""
    if not "".join(texts).isascii():
        return [padded(text, width, right) for text in texts]
    return [text.rjust(width) for text in texts] if right else [text.ljust(width) for text in texts]


def grid_lines(grid: Grid, width: int) -> Iterator[Line]:
    """The table in a width: headings in two lines if need be, then in two tables, then labels on their own lines."""
    left = widest(grid.labels)
    everything = list(range(len(grid.heads)))
    if sum(grid.least) + left + 2 <= width:
        yield from _part(grid, everything, left, width)
    elif left > width // 3:
        yield from _labels_above(grid, everything, width)
    else:
        for part in _parts(grid, width - left - 2):
            yield from _part(grid, part, left, width)


def _parts(grid: Grid, room: int) -> Iterator[list[int]]:
    for section in (range(grid.split), range(grid.split, len(grid.heads))):
        part: list[int] = []
        needed = 0
        for k in section:
            if part and needed + grid.least[k] > room:
                yield part
                part, needed = [], 0
            part.append(k)
            needed += grid.least[k]
        if part:
            yield part


def _heads(grid: Grid, part: Sequence[int], room: int) -> tuple[list[list[str]], list[int]]:
    """The heading lines and the widths of the columns: in one line if that fits, else in two."""
    numbers = [grid.widths[k] for k in part]
    single = [max(n, cells(grid.heads[k])) for n, k in zip(numbers, part, strict=True)]
    if sum(w + 2 for w in single) <= room:
        return [[grid.heads[k] for k in part]], single
    two = [stacked(grid.heads[k]) for k in part]
    widths = [max([n, *map(cells, lines)]) for n, lines in zip(numbers, two, strict=True)]
    return [list(row) for row in zip_longest(*two, fillvalue="")], widths


def _joined(texts: Iterable[str], widths: Sequence[int]) -> str:
    return "".join(GAP + padded(t, w, right=True) for t, w in zip(texts, widths, strict=True))


def _part(grid: Grid, part: list[int], left: int, width: int) -> Iterator[Line]:
    heads, widths = _heads(grid, part, width - left - 2)
    for row in heads:
        yield (Span("  " + " " * left + _joined(row, widths), "dim"),)
    for label, values in zip(filled(grid.labels, left), _rows(grid, part, widths), strict=True):
        yield Span(f"  {label}"), Span(values, "value")


def _rows(grid: Grid, part: list[int], widths: Sequence[int]) -> Iterator[str]:
    """The texts of some columns, row by row, each in its width."""
    columns = (filled(grid.columns[k], len(GAP) + width, right=True) for k, width in zip(part, widths, strict=True))
    return map("".join, zip(*columns, strict=True))


def _labels_above(grid: Grid, part: list[int], width: int) -> Iterator[Line]:
    heads, widths = _heads(grid, part, width - 4)
    for row in heads:
        yield (Span("    " + _joined(row, widths), "dim"),)
    for label, values in zip(grid.labels, _rows(grid, part, widths), strict=True):
        yield (Span("  " + label),)
        yield (Span(f"    {values}", "value"),)
