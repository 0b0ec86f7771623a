"""A comparison with expected figures as text: the counts, what differs, the first difference in full."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from backtrace.comparison import Diff, Judged, Verdict
from backtrace.comparison.expected import Figure
from backtrace.comparison.verdicts import FAILING
from backtrace.errors import shortened, visible
from backtrace.render.formulas import Formulas, Layout
from backtrace.render.lines import GAP, Entry, Line, Span, aligned, cells, natural_edge, padded, wrapped
from backtrace.render.numbers import LARGEST_FIXED, Numbers

SUMMARY: Final = {
    Verdict.MATCH: ("matches", "match", "good"),
    Verdict.LAST_DIGIT: ("differs in the last digit", "differ in the last digit", ""),
    Verdict.ROUNDING: ("follows from rounded values", "follow from rounded values", ""),
    Verdict.CARRIED: ("follows from an earlier difference", "follow from an earlier difference", ""),
    Verdict.DIFFERS: ("differs", "differ", "bad"),
    Verdict.UNKNOWN: ("is unknown here", "are unknown here", "bad"),
}
LISTED: Final = frozenset(Verdict) - {Verdict.MATCH, Verdict.UNKNOWN}
"""What has a row of its own."""
"""A verdict's words for one figure and for several, and its colour."""

HEADS: Final = ("printed", "computed", "units off", "verdict", "line")
LEFT: Final = ("", "verdict")
"""The columns that begin at the left; numbers end at the right."""
MOST: Final = 20
"""A comparison shows so many rows that differ; all of them where everything is asked for."""
LONGEST_NUMBER: Final = 26
"""More characters of a printed number are cut in the middle."""
ALL_DIGITS: Final = 17
"""No float has more significant digits."""


def difference_lines(diff: Diff, layout: Layout | None = None) -> Iterator[Line]:
    """The comparison, line by line; one line where everything matches."""
    page = _Page(diff, layout or Layout())
    for line in page.lines():
        yield tuple(_in_ascii(span) for span in line) if page.layout.ascii else line


def _in_ascii(span: Span) -> Span:
    """A source's headings may be in any script."""
    return replace(span, text=span.text.encode("ascii", "backslashreplace").decode())


@dataclass(frozen=True)
class _Page:
    """Writes one comparison."""

    diff: Diff
    layout: Layout

    def lines(self) -> Iterator[Line]:
        yield from self.summary()
        shown = self.shown()
        if shown:
            yield ()
            yield from self.table(shown)
        if self.diff.first:
            yield ()
            yield from self.first(self.diff.first)
        unknown = [row for row in self.diff.rows if row.verdict is Verdict.UNKNOWN]
        if unknown:
            yield ()
            yield from self.unknown(unknown)

    # ── the counts ──

    def summary(self) -> Iterator[Line]:
        """How many figures there are of each verdict; on a second line what does not fit."""
        total = len(self.diff.rows)
        line = [Span(f"{total:,} figure{'s' * (total != 1)}: ")]
        pieces = list(self.pieces(total))
        for number, piece in enumerate(pieces):
            comma = "," if number < len(pieces) - 1 else ""
            if sum(cells(span.text) for span in line) + cells(piece.text + comma) > self.layout.width:
                yield tuple(line)
                line = [Span("  ")]
            line += [piece, Span(comma + " " if comma else "")]
        yield tuple(line)

    def pieces(self, total: int) -> Iterator[Span]:
        counts = self.diff.counts
        if counts[Verdict.MATCH] == total:
            yield Span("all match" if total != 1 else "it matches", "good")
            return
        for verdict, (one, several, role) in SUMMARY.items():
            if counts[verdict]:
                yield Span(f"{counts[verdict]:,} {one if counts[verdict] == 1 else several}", role)
        wrong = (row.figure for row in self.diff.rows if row.verdict is not Verdict.MATCH)
        known = sum(figure.erratum is not None for figure in wrong)
        if known:
            yield Span(f"{known:,} {'is a known erratum' if known == 1 else 'are known errata'}", "dim")

    # ── what differs ──

    def shown(self) -> list[Judged]:
        """What is not as printed; if that is too much, without what differs in the last digit only."""
        rows = [row for row in self.diff.rows if row.verdict in LISTED]
        if len(rows) > MOST and not self.layout.choice.full and self.diff.first:
            return [row for row in rows if row.verdict in FAILING]
        return rows

    def table(self, rows: Sequence[Judged]) -> Iterator[Line]:
        """A row a figure, under the headings of its source; what an author says of it below."""
        limit = len(rows) if self.layout.choice.full else MOST
        texts = [self.cells(row) for row in rows[:limit]]
        heads = HEADS if any(text[-1] for text in texts) else HEADS[:-1]
        widths = [max(cells(head), *(cells(text[k + 1]) for text in texts)) for k, head in enumerate(heads)]
        room = self.layout.width - 2 - sum(width + len(GAP) for width in widths)
        left = max((cells(text[0]) for text in texts if cells(text[0]) <= room), default=0)
        yield (Span(self.columns(("", *heads), (left + 2, *widths)), "dim"),)
        heading = ""
        for row, text in zip(rows, texts, strict=False):
            if row.figure.heading != heading:
                heading = row.figure.heading
                yield (Span(f"  {self.cut(heading, self.layout.width - 2)}", "layer"),)
            yield from self.row(row, text, (left, *widths))
            yield from self.erratum(row)
        if len(rows) > limit:
            yield (Span(f"  {self.dots} {len(rows) - limit:,} more that differ", "dim"),)

    @property
    def dots(self) -> str:
        return "..." if self.layout.ascii else "…"

    def cells(self, row: Judged) -> tuple[str, ...]:
        """A row's label and columns."""
        line = str(row.figure.place.line) if row.figure.place else ""
        numbers = (self.printed(row), self.computed(row), off_text(row.off))
        return self.label(row), *numbers, row.verdict.value, line

    def row(self, row: Judged, text: Sequence[str], widths: Sequence[int]) -> Iterator[Line]:
        """The first difference is marked; a label that is too long stands above its numbers."""
        role = "bad" if row.verdict is Verdict.DIFFERS else ""
        mark = (">" if self.layout.ascii else "→") if row is self.diff.first else " "
        if cells(text[0]) > widths[0]:
            yield (Span(f"{mark} {text[0]}", role),)
            text, mark = ("", *text[1:]), " "
        label = f"{mark} {padded(text[0], widths[0])}"
        yield Span(label, role), Span(self.columns(text[1:], widths[1:], GAP))

    @staticmethod
    def columns(texts: Sequence[str], widths: Sequence[int], before: str = "") -> str:
        words = {*LEFT, *(verdict.value for verdict in Verdict)}
        pairs = zip(texts, widths, strict=False)
        return before + GAP.join(padded(text, width, right=text not in words) for text, width in pairs)

    def erratum(self, row: Judged) -> Iterator[Line]:
        erratum = row.figure.erratum
        if erratum is None:
            return
        right = f"right is {erratum.right}" if erratum.right else ""
        text = ": ".join(filter(None, ("known erratum", right, " ".join(erratum.why.split()))))
        for number, line in enumerate(wrapped(visible(text), self.layout.width - 6)):
            yield (Span(" " * (6 if number else 4) + line, "dim"),)

    # ── a quantity ──

    def label(self, row: Judged) -> str:
        assert row.quantity is not None
        return Formulas(self.layout, row.quantity.view).label(row.quantity.target) + row.mark

    def printed(self, row: Judged) -> str:
        return self.number(self.cut(row.figure.printed, LONGEST_NUMBER))

    def computed(self, row: Judged) -> str:
        return self.number(computed_text(row.figure, row.value))

    def number(self, text: str) -> str:
        return text.replace("−", "-").replace("∞", "inf") if self.layout.ascii else text

    def cut(self, text: str, limit: int) -> str:
        """A source's text, in at most so many characters."""
        room = limit - 2 if self.layout.ascii else limit  # three dots instead of one
        return shortened(text, room).replace("…", self.dots)

    # ── the first difference ──

    def first(self, row: Judged) -> Iterator[Line]:
        """How the number is computed, and what was printed."""
        assert row.quantity is not None
        place = row.figure.place
        where = f"{GAP}{self.cut(place.file, 40)}:{place.line}" if place else ""
        yield Span(f"The first difference: {self.label(row)}", "heading"), Span(where, "dim")
        digits = max(self.layout.numbers.digits, decimals(row.figure) or 0)
        writer = Formulas(replace(self.layout, numbers=Numbers(digits)), row.quantity.view)
        computed = replace(writer.entry(row.quantity), value=self.computed(row))
        entries = [computed, Entry("printed", "", "", self.printed(row))]
        yield from aligned(entries, self.layout.width, natural_edge(entries, self.layout.width))

    # ── what cannot be compared ──

    def unknown(self, rows: Sequence[Judged]) -> Iterator[Line]:
        """Each key once, with the reason."""
        groups: dict[tuple[str, str], list[Figure]] = {}
        for row in rows:
            groups.setdefault((row.figure.key, row.hint), []).append(row.figure)
        limit = len(groups) if self.layout.choice.full else MOST
        shown = [(self.unknown_key(key, members[0]), hint) for (key, hint), members in groups.items()][:limit]
        left = max(cells(label) for label, _ in shown)
        yield (Span("Unknown here", "heading"),)
        for label, hint in shown:
            yield from self.unknown_row(label, hint, left)
        if len(groups) > limit:
            yield (Span(f"  {self.dots} {len(groups) - limit:,} more", "dim"),)

    def unknown_key(self, key: str, figure: Figure) -> str:
        line = f"line {figure.place.line}: " if figure.place else ""
        return line + self.cut(key, self.layout.width // 2)

    def unknown_row(self, label: str, hint: str, left: int) -> Iterator[Line]:
        if 2 + left + len(GAP) + cells(hint) <= self.layout.width:
            yield Span(f"  {padded(label, left)}{GAP}", "bad"), Span(hint, "dim")
            return
        yield (Span(f"  {label}", "bad"),)
        yield from ((Span(f"    {line}", "dim"),) for line in wrapped(hint, self.layout.width - 4))


# ── numbers ──


def decimals(figure: Figure) -> int | None:
    """The digits after the point of the printed number; None for a fraction."""
    mantissa = figure.printed.lower().partition("e")[0]
    return None if "/" in mantissa else len(mantissa.replace(",", ".").partition(".")[2].strip())


def computed_text(figure: Figure, value: float) -> str:
    """The computed number, written as the printed one is and to two places more.

    >>> from backtrace.comparison.expected import from_pairs
    >>> figures = from_pairs(["x=0.52", "x=5.2e-1", "x=1/2", "x=1"])
    >>> [computed_text(figure, 0.519989340156) for figure in figures]
    ['0.5200', '5.200e-01', '0.5199893402', '0.52']
    """
    places = decimals(figure)
    if not math.isfinite(value):
        return Numbers().value(value)
    if places is None:
        return f"{value:.10g}"
    if "e" in figure.printed.lower() or abs(value) >= LARGEST_FIXED:
        return f"{value:.{min(places + 2, ALL_DIGITS - 1)}e}"
    before = len(str(int(abs(value))))
    return f"{value:.{min(places + 2, ALL_DIGITS + 1 - before)}f}"


def off_text(units: float) -> str:
    """By how many units a figure is printed too large.

    >>> off_text(-0.74), off_text(150.3), off_text(123456.0), off_text(1.5e9)
    ('-0.7', '+150', '+123456', '+1.5e+09')
    """
    if not math.isfinite(units):
        return ""
    size = abs(units)
    return f"{units:+.1f}" if size < 99.95 else f"{units:+.0f}" if size < 1e6 else f"{units:+.1e}"
