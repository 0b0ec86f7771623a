"""The marks of a worksheet that was filled in: of each step, how many blanks are right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import nan
from typing import Final

from backtrace.comparison.expected import Expected, Figure, reading
from backtrace.comparison.locating import Finder
from backtrace.comparison.verdicts import Judged, Judgement, Mark, Verdict
from backtrace.errors import UsageError
from backtrace.quantities import View
from backtrace.render.numbers import Numbers
from backtrace.trace import Trace
from backtrace.words import Note
from backtrace.worksheets.blanks import Blanks, computed

EARNED: Final = frozenset({Verdict.MATCH, Verdict.LAST_DIGIT, Verdict.ROUNDING, Verdict.CARRIED})
"""What counts as right: a figure that follows from an earlier mistake was worked out as it should be."""
SHOWN: Final = "shown on the worksheet"
"""The heading of figures that the sheet itself shows: who fills it in goes on with them as they are printed."""
ELSEWHERE: Final = Note("asked for")


def with_shown(trace: Trace, figures: Expected) -> Expected:
    """The figures of a sheet with those that it shows, rounded as it shows them."""
    filled = figures.filled
    if filled is None or filled.digits is None:
        return figures
    numbers = Numbers(filled.digits)
    moments: dict[tuple[int, int | None], list[str]] = {}
    for key in map(trace.keys.known, filled.blanks):
        if key is not None:
            moments.setdefault((key.epoch or 1, key.update), []).append(trace.keys.text(key.target))
    shown = [figure for moment, keys in moments.items() for figure in _shown(trace, moment, tuple(keys), numbers)]
    return replace(figures, figures=(*shown, *figures.figures))


def _shown(trace: Trace, moment: tuple[int, int | None], keys: tuple[str, ...], numbers: Numbers) -> Iterator[Figure]:
    """The figures of the page of an update that are not blank."""
    try:
        view = trace.updates(*moment)[0]
    except UsageError:
        return
    for quantity in Blanks(view, keys).shown():
        text = numbers.value(quantity.value)
        says = reading(text)
        if says:
            yield Figure(quantity.key, text, *says, epoch=view.epoch, update=view.update, heading=SHOWN)


def marked(judgement: Judgement, figures: Expected) -> Judgement:
    """The comparison of a filled-in sheet: what is not answered is missing, and each section has its marks."""
    filled = figures.filled
    assert filled is not None
    rows = [row for row in judgement.rows if row.figure.heading != SHOWN]
    answered = {row.figure.key for row in rows}
    finder = Finder(judgement.book)
    blank = [row for key in filled.blanks if key not in answered for row in _missing(finder, key)]
    known = [row for row in (*rows, *blank) if row.verdict is not Verdict.UNKNOWN]
    unknown = [row for row in (*rows, *blank) if row.verdict is Verdict.UNKNOWN]
    everything = (*known, *unknown)
    return replace(judgement, rows=everything, marks=tuple(_marks(everything, filled.blanks)))


def _missing(finder: Finder, key: str) -> Iterator[Judged]:
    for item in finder.located([Figure(key, "", nan, 0.0, 0)]):
        verdict = Verdict.UNKNOWN if item.quantity is None else Verdict.MISSING
        yield Judged(item.figure, item.quantity, item.dated, item.value, verdict, nan, item.hint)


def _marks(rows: tuple[Judged, ...], blanks: tuple[str, ...]) -> Iterator[Mark]:
    """The marks of each section that has blanks, in the order of the sheet."""
    by_key = {row.figure.key: row for row in rows}
    views = {id(row.quantity.view): row.quantity.view for row in rows if row.quantity}
    sections = {at: _sections(view) for at, view in views.items()}
    found: dict[str, Mark] = {}
    for key in dict.fromkeys(blanks):
        row = by_key[key]
        of = row.quantity
        section = ELSEWHERE if of is None else sections[id(of.view)].get(of.key, ELSEWHERE)
        before = found.get(str(section), Mark(section, 0, 0))
        found[str(section)] = Mark(section, before.right + (row.verdict in EARNED), before.of + 1)
    yield from found.values()


def _sections(view: View) -> Mapping[str, Note]:
    """The section of each figure of a page."""
    return {placed.quantity.key: placed.section for placed in computed(view)}
