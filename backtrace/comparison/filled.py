"""Worksheets that were filled in: the figures of their tables of answers, and which blanks there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from backtrace.comparison.expected import Expected, Figure, Filled, how_to_write, reading
from backtrace.errors import ConfigError, Fault, Place, shortened

ROW: Final = re.compile(r"\s*\|\s*\([0-9]+\)\s*\|\s*`([^`|]+)`\s*\|([^|]*)(\||$)")
"""A row of a table of answers: number, key, answer; what stands in further cells is passed over."""
DIGITS: Final = re.compile(r"<!-- backtrace worksheet, digits ([0-9]{1,2}) -->")
ENDINGS: Final = (".md", ".markdown", ".qmd")
MARKS: Final = re.compile(r"[*`$\\\s]+")
"""What Markdown writes numbers with, and no part of them."""
EXAMPLE: Final = "its rows are such as | (1) | `dE/dU11` | 0.0259 |"


def is_worksheet(text: str, file: str) -> bool:
    """Whether a text is a worksheet in Markdown: by its ending, or by rows of answers."""
    return file.lower().endswith(ENDINGS) or any(ROW.match(line) for line in text.splitlines())


def figures(text: str, file: str) -> Expected:
    """The figures that are filled in, in their order; an empty cell is not answered.

    Raises:
        ConfigError: there is no table of answers, or an answer is no number; with all its faults.

    >>> found = figures("| (1) | `h1` | 0,52 |\\n| (2) | `h2` |  |", "sheet.md")
    >>> [(f.key, f.printed) for f in found], found.filled.blanks
    ([('h1', '0,52')], ('h1', 'h2'))
    """
    rows = list(_rows(text, file))
    if not rows:
        raise ConfigError(Fault(f'"{shortened(file)}" has no table of answers', hint=EXAMPLE))
    faults = list(_doubled(rows))
    found = tuple(_answers(rows, faults))
    if faults:
        raise ConfigError(faults)
    digits = DIGITS.search(text)
    return Expected(found, filled=Filled(tuple(key for key, *_ in rows), int(digits[1]) if digits else None))


def _rows(text: str, file: str) -> Iterator[tuple[str, str, Place]]:
    """Key, answer and its place of each row."""
    for number, line in enumerate(text.splitlines(), start=1):
        found = ROW.match(line)
        if found:
            lead = len(found[2]) - len(found[2].lstrip())
            yield found[1].strip(), found[2].strip(), Place(file, number, found.start(2) + lead + 1, line)


def _doubled(rows: list[tuple[str, str, Place]]) -> Iterator[Fault]:
    """A row that stands twice would count twice."""
    first: dict[str, int] = {}
    for key, _, place in rows:
        line = first.setdefault(key, place.line)
        if line != place.line:
            hint = "a sheet has one row for each blank: leave one of them out"
            yield Fault(f"{shortened(key, 40)} has a row already, in line {line}", place, hint)


def _answers(rows: list[tuple[str, str, Place]], faults: list[Fault]) -> Iterator[Figure]:
    for key, cell, place in rows:
        text = MARKS.sub("", cell)
        says = reading(text)
        if says:
            yield Figure(key, text, *says, place=place)
        elif text:
            message = f'a number is expected in this cell, got "{shortened(cell, 40)}"'
            faults.append(Fault(message, place, how_to_write(text), len(cell)))
