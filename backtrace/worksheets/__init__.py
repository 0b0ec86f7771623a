"""Worksheets: a page of which figures are left blank, and the answers to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Final

from backtrace.quantities import View
from backtrace.records import dataclass
from backtrace.render import formats
from backtrace.render.formulas import Layout
from backtrace.render.numbers import Numbers
from backtrace.trace import Trace
from backtrace.words import ENGLISH, Words
from backtrace.worksheets.answers import answer_key, csv_sheet, markdown_table, marking
from backtrace.worksheets.blanks import Blanks, blank_keys

__all__ = ["Blanks", "Worksheet", "blank_keys", "format_of"]

MARKDOWN, CSV = "markdown", "csv"
FORMATS: Final = {name: formats.FORMATS[name] for name in (MARKDOWN, "latex", "html", CSV)}
"""What a sheet is written in."""


def format_of(name: str | None, output: str | None) -> str:
    """The format of a sheet, by its name or by the ending of its file; Markdown if neither is given.

    Raises:
        UsageError: there is no such format of a sheet, or the ending tells none.

    >>> format_of(None, "sheet.tex"), format_of("CSV", None), format_of(None, "sheets/")
    ('latex', 'csv', 'markdown')
    """
    is_stem = output is not None and "." not in output.rpartition("/")[2]
    return formats.chosen(name, None if is_stem else output, FORMATS).name


@dataclass(frozen=True)
class Worksheet:
    """A page of one update of a trace with some figures left blank, in one language.

    ``number`` is that of a variant, 0 where there is but one sheet.
    """

    trace: Trace
    keys: tuple[str, ...]
    numbers: Numbers
    formulas: bool = True
    words: Words = ENGLISH
    number: int = 0
    moment: tuple[int, int | None] = (1, None)
    """Epoch and update; without an update the first of the epoch."""

    @cached_property
    def view(self) -> View:
        """The update that the sheet is of."""
        return self.trace.epoch(*self.moment)

    @cached_property
    def blanks(self) -> Blanks:
        """The blanks of the page."""
        return Blanks(self.view, self.keys)

    @property
    def title(self) -> str:
        """The title of the config, and that it is a sheet."""
        title = self.trace.graph.title or "backtrace"
        if self.number:
            return self.words.say("worksheet number", title=title, number=self.number)
        return self.words.say("worksheet", title=title)

    def pages(self, format_: str, config: str, file: str) -> Iterator[str]:
        """The sheet in a format, piece by piece; in Markdown with a table to write the answers into."""
        if format_ == CSV:
            yield from csv_sheet(self.blanks, self.numbers)
            return
        note = self.words.say("fill in", digits=self.numbers.digits, example=self.numbers.value(1.23456789e-5))
        if format_ == MARKDOWN:
            note += " " + self.words.say("hand in")
        layout = Layout(
            numbers=self.numbers,
            epochs=((self.view.epoch, self.view.update),),
            words=self.words,
            hidden=self.blanks.hidden,
            formulas=self.formulas,
            note=note,
        )
        titled = replace(self.trace, graph=replace(self.trace.graph, title=self.title))
        yield from map(str, FORMATS[format_].pages(titled, layout))
        if format_ == MARKDOWN:
            yield from markdown_table(self.blanks, self.numbers, self.words, marking(config, file))

    def key(self) -> Iterator[str]:
        """The answers as an expected file, piece by piece."""
        return answer_key(self.blanks, self.numbers, self.title)
