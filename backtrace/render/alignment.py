"""Worked lines as rows of LaTeX's aligned displays: in columns where they fit, else broken below each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backtrace.render.document import Figure, Worked
from backtrace.render.tex import LATEX, broken, width


def aligned(lines: Sequence[Worked], room: int) -> list[str]:
    r"""Rows with their marks of alignment, within so many characters.

    >>> aligned([Worked("z", r"w \cdot x", r"2 \cdot 3", Figure("6.0"))], 40)
    ['z &= w \\cdot x &&= 2 \\cdot 3 &&= 6.0']
    """
    if _needed(lines) <= room:
        return [_in_columns(line, any(other.numbers for other in lines)) for line in lines]
    return [row for line in lines for row in _below_each_other(line, room)]


def result(figure: Figure | None) -> str:
    """The number at the end of a line, or its blank."""
    if figure is None:
        return ""
    return LATEX.blank(figure.blank) if figure.blank else LATEX.number(figure.text)


def _needed(lines: Sequence[Worked]) -> int:
    """How wide the lines are in columns."""
    columns = zip(*((line.label, line.formula, line.numbers, result(line.value)) for line in lines), strict=True)
    return sum(max(map(width, column)) + 3 for column in columns)


def _in_columns(line: Worked, numbers: bool) -> str:
    """Name, formula, formula with numbers and value in columns; the value of what is given beside its name."""
    parts = [line.formula, line.numbers, result(line.value)] if numbers else [line.formula, result(line.value)]
    if not line.formula:
        parts = [parts[-1]]
    equal = (f"= {part}" if part else "" for part in parts)
    return f"{line.label} &{' &&'.join(equal)}".rstrip(" &")


def _below_each_other(line: Worked, room: int) -> Iterator[str]:
    """One row where it fits, else formula, numbers and value below each other, what is too long in pieces."""
    parts = [part for part in (line.formula, line.numbers, result(line.value)) if part]
    if width(line.label) + sum(width(part) + 3 for part in parts) <= room:
        yield f"{line.label} &= {' = '.join(parts)}"
        return
    left = line.label
    for at, part in enumerate(parts):
        last = at == len(parts) - 2
        if last and width(line.label) + width(part) + width(parts[-1]) + 6 <= room:
            yield f"{left} &= {part} = {parts[-1]}"
            return
        first, *more = broken(part, max(room - width(line.label) - 5, 24))
        yield f"{left} &= {first}"
        yield from (rf" &\qquad {{}} {piece}" for piece in more)
        left = ""
