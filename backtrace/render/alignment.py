"""Worked lines as rows of LaTeX's aligned displays: in columns where they fit, else broken below each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from backtrace.records import dataclass
from backtrace.render.breaking import broken, width
from backtrace.render.document import Derivation, Figure, Item, Worked
from backtrace.render.tex import LATEX

EQUAL: Final = 2.7
"""The width of a sign of equality with the room around it, in digits."""
LEAST: Final = 24.0
"""Where a long name leaves less room than this, the formula takes it all the same."""


@dataclass(frozen=True)
class Display:
    """Lines in groups that are aligned with each other, a little room between the groups."""

    groups: tuple[tuple[Worked, ...], ...]
    title: str = ""

    @property
    def lines(self) -> tuple[Worked, ...]:
        """The lines of all groups."""
        return tuple(line for group in self.groups for line in group)


@dataclass(frozen=True)
class Page:
    """What a page has room for: characters as wide as a digit, lines of one display, the blank between columns."""

    room: float
    lines: int
    gap: str = ""
    gap_width: float = 2.0


def displays(items: Iterable[Item], page: Page) -> Iterator[Item | Display]:
    """The items, derivations as displays: neighbours in one as long as it has room, a long one in several."""
    open_: Display | None = None
    for item in items:
        if not isinstance(item, Derivation):
            if open_:
                yield open_
            yield item
            open_ = None
            continue
        for part in _parts(item, page.lines):
            if open_ and not part.title and _join(open_, part, page):
                open_ = Display(open_.groups + part.groups, open_.title)
                continue
            if open_:
                yield open_
            open_ = part
    if open_:
        yield open_


def _parts(item: Derivation, most: int) -> Iterator[Display]:
    """A derivation in displays of so many lines at most."""
    for at in range(0, len(item.lines), most):
        yield Display((item.lines[at : at + most],), item.title if not at else "")


def _join(one: Display, other: Display, page: Page) -> bool:
    """Whether two displays may be one: short enough, and in columns of the same kind."""
    lines = one.lines + other.lines
    alike = _in_columns(one.lines, page) and _in_columns(other.lines, page)
    return len(lines) <= page.lines and not one.title and alike and _in_columns(lines, page)


def _cells(line: Worked) -> tuple[str, str, str]:
    """What stands behind the signs of equality; a name that is its own formula is followed by the numbers."""
    middle = (line.formula, line.numbers) if line.formula else (line.numbers, "")
    return (*middle, result(line.value))


def _in_columns(lines: Sequence[Worked], page: Page) -> bool:
    """Whether the lines fit with their signs of equality below each other."""
    parts = [(line.label, *_cells(line)) for line in lines]
    columns = zip(*(part for part in parts if part[1]), strict=True)
    widths = [max(map(width, column)) for column in columns]
    needed = sum(wide + EQUAL + page.gap_width for wide in widths if wide)
    alone = (width(label) + EQUAL + width(value) for label, formula, _, value in parts if not formula)
    return max(needed, *alone, 0.0) <= page.room


def aligned(display: Display, page: Page) -> list[list[str]]:
    r"""Rows with their marks of alignment, a list for each group.

    >>> line = Worked("z", r"w \cdot x", r"2 \cdot 3", Figure("6.0"))
    >>> aligned(Display(((line,),)), Page(40, 20, r"\quad "))
    [['z &= w \\cdot x &&\\quad = 2 \\cdot 3 &&\\quad = 6.0']]
    """
    if _in_columns(display.lines, page):
        numbers = any(line.numbers for line in display.lines)
        return [[_row(line, numbers, page.gap) for line in group] for group in display.groups]
    labels = max((wide for line in display.lines if (wide := width(line.label)) <= _widest(page.room)), default=0.0)
    return [[row for line in group for row in _below_each_other(line, labels, page.room)] for group in display.groups]


def _widest(room: float) -> float:
    """A name wider than this has a row of its own."""
    return room / 3


def result(figure: Figure | None) -> str:
    """The number at the end of a line, or its blank."""
    if figure is None:
        return ""
    return LATEX.room(figure.blank) if figure.blank else LATEX.number(figure.text)


def _row(line: Worked, numbers: bool, gap: str) -> str:
    """Name, formula, formula with numbers and value in columns; the value of what is given beside its name."""
    formula, with_numbers, value = _cells(line)
    parts = [formula, with_numbers, value] if numbers else [formula, value]
    if not formula:
        parts = [value]
    first, *others = (f"= {part}" if part else "" for part in parts)
    return (f"{line.label} &{first}" + "".join(f" &&{gap if part else ''}{part}" for part in others)).rstrip(" &")


def _below_each_other(line: Worked, labels: float, room: float) -> Iterator[str]:
    """One row where it fits, else formula, numbers and value below each other, what is too long in pieces."""
    parts = [part for part in (line.formula, line.numbers, result(line.value)) if part]
    left = line.label
    if width(left) > _widest(room):
        first, *more = broken(left, room - labels - 4)
        yield f" &{first}"
        yield from (f" &{INDENT} {piece}" for piece in more)
        left = ""
    if labels + sum(width(part) + EQUAL for part in parts) <= room:
        yield f"{left} &= {' = '.join(parts)}"
        return
    for at, part in enumerate(parts):
        if at == len(parts) - 2 and labels + width(part) + width(parts[-1]) + 2 * EQUAL <= room:
            yield f"{left} &= {part} = {parts[-1]}"
            return
        first, *more = broken(part, max(room - labels - EQUAL - 4, LEAST))
        yield f"{left} &= {first}"
        yield from (f" &{INDENT} {piece}" for piece in more)
        left = ""


INDENT: Final = r"\qquad {}"
