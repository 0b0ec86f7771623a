"""A comparison with expected figures as text: the counts, what differs, the first difference in full."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from backtrace.comparison import Diff, Judged, Verdict
from backtrace.comparison.expected import Figure
from backtrace.errors import shortened, visible
from backtrace.records import dataclass
from backtrace.render.figure_texts import computed_text, off_text
from backtrace.render.formulas import Formulas, Layout
from backtrace.render.lines import GAP, Line, Span, cells, padded, wrapped
from backtrace.render.numbers import ascii_number
from backtrace.render.roots import IN_ASCII, Roots

SUMMARY: Final = {
    Verdict.MATCH: ("matches", "match", "good"),
    Verdict.LAST_DIGIT: ("differs in the last digit", "differ in the last digit", ""),
    Verdict.ROUNDING: ("follows from rounded values", "follow from rounded values", ""),
    Verdict.CARRIED: ("follows from an earlier difference", "follow from an earlier difference", ""),
    Verdict.DIFFERS: ("differs", "differ", "bad"),
    Verdict.TOO_COARSE: ("is too coarse to tell", "are too coarse to tell", ""),
    Verdict.MISSING: ("is missing", "are missing", "bad"),
    Verdict.UNKNOWN: ("is unknown here", "are unknown here", "bad"),
}
"""A verdict's words for one figure and for several, and its colour."""
LISTED: Final = frozenset({Verdict.DIFFERS, Verdict.MISSING})
"""What has a row of its own in any case."""
HEADS: Final = ("printed", "computed", "units off", "verdict", "line")
LEFT: Final = ("", "verdict")
"""The columns that begin at the left; numbers end at the right."""
MOST_ROOTS: Final = 3
"""So many of the figures that are wrong by themselves are shown in full."""
MOST: Final = 20
"""A comparison shows so many rows that differ; all of them where everything is asked for."""
LONGEST_NUMBER: Final = 26
"""More characters of a printed number are cut in the middle."""


def difference_text(diff: Diff, layout: Layout | None = None) -> str:
    """The comparison as text without colours."""
    lines = difference_lines(diff, layout)
    return "\n".join("".join(span.text for span in line).rstrip() for line in lines)


def difference_lines(diff: Diff, layout: Layout | None = None) -> Iterator[Line]:
    """The comparison, line by line; one line where everything matches."""
    page = _Page(diff, layout or Layout())
    for line in page.lines():
        yield tuple(_in_ascii(span) for span in line) if page.layout.ascii else line


def summary_line(diff: Diff) -> Line:
    """The counts in one line, and the first difference."""
    page = _Page(diff, Layout(width=sys.maxsize))
    (line,) = page.summary()
    names = ", ".join(convention.name for convention in diff.conventions)
    under = (Span(f"; by convention: {names}"),) if names else ()
    first = (Span(f"; the first: {page.label(diff.first)}"),) if diff.first else ()
    return (*line, *under, *first)


def convention_lines(diff: Diff, layout: Layout) -> Iterator[Line]:
    """A sentence for each convention that the figures are compared under."""
    for convention in diff.conventions:
        text = f"The figures follow if {convention.sentence} ({convention.name})."
        for line in wrapped(text.translate(IN_ASCII) if layout.ascii else text, layout.width):
            yield (Span(line, "heading"),)


def _in_ascii(span: Span) -> Span:
    """A source's headings may be in any script."""
    return span._replace(text=span.text.encode("ascii", "backslashreplace").decode())


@dataclass(frozen=True)
class _Page:
    """Writes one comparison."""

    diff: Diff
    layout: Layout

    def lines(self) -> Iterator[Line]:
        yield from convention_lines(self.diff, self.layout)
        yield from self.summary()
        yield from self.marks()
        if self.full or any(row.verdict in LISTED for row in self.diff.rows):
            yield ()
            yield from self.table()
        yield from self.mistakes()
        unknown = [row for row in self.diff.rows if row.verdict is Verdict.UNKNOWN]
        if unknown:
            yield ()
            yield from self.unknown(unknown)

    @property
    def full(self) -> bool:
        """Whether every row is to be shown."""
        return self.layout.choice.full

    # ── the counts ──

    def summary(self) -> Iterator[Line]:
        """How many figures there are of each verdict; on a second line what does not fit."""
        total = len(self.diff.rows) - self.diff.counts[Verdict.MISSING]
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
        if counts[Verdict.MATCH] == len(self.diff.rows):
            yield Span("all match" if total != 1 else "it matches", "good")
        else:
            yield from self.of_each_verdict()
        if self.diff.without:
            yield Span(f"{self.diff.without:,} more without a figure", "dim")

    def of_each_verdict(self) -> Iterator[Span]:
        """The count of each verdict, and of the errata that are known."""
        counts = self.diff.counts
        for verdict, (_, _, role) in SUMMARY.items():
            if counts[verdict]:
                yield Span(words_of(verdict, counts[verdict]), role)
        wrong = (row.figure for row in self.diff.rows if row.verdict is not Verdict.MATCH)
        known = sum(figure.erratum is not None for figure in wrong)
        if known:
            yield Span(f"{known:,} {'is a known erratum' if known == 1 else 'are known errata'}", "dim")

    def marks(self) -> Iterator[Line]:
        """Of a worksheet how many blanks of each section are right, and of all."""
        marks = self.diff.marks
        if not marks:
            return
        right, of = sum(mark.right for mark in marks), sum(mark.of for mark in marks)
        listed = [*((str(mark.section), mark.right, mark.of) for mark in marks), ("all together", right, of)]
        left, width = max(cells(name) for name, *_ in listed), len(str(of))
        yield ()
        yield (Span("Marks", "heading"),)
        for name, number, among in listed:
            yield (Span(f"  {padded(name, left)}{GAP}{number:{width}} of {among:{width}}"),)
        yield (Span(f"  {percent(right, of)}%; what follows from an earlier mistake counts as right", "dim"),)

    # ── what differs ──

    def table(self) -> Iterator[Line]:
        """A row a figure that differs, in the order of computation; what stands between is counted."""
        runs = list(self.runs())
        texts = {id(row): self.cells(row) for row, _ in runs if row is not None}
        shown = list(texts.values())
        heads = HEADS if any(text[-1] for text in shown) else HEADS[:-1]
        widths = [max(cells(head), *(cells(text[k + 1]) for text in shown)) for k, head in enumerate(heads)]
        room = self.layout.width - 2 - sum(width + len(GAP) for width in widths)
        left = max((cells(text[0]) for text in shown if cells(text[0]) <= room), default=0)
        yield (Span(self.columns(("", *heads), (left + 2, *widths)), "dim"),)
        heading = ""
        for row, passed in runs:
            if row is None:
                counted = wrapped(f"{self.dots} {self.counted(passed)}", self.layout.width - 4)
                yield from ((Span(("    " if number else "  ") + line, "dim"),) for number, line in enumerate(counted))
                continue
            if row.figure.heading != heading:
                heading = row.figure.heading
                yield (Span(f"  {self.cut(heading, self.layout.width - 2)}", "layer"),)
            yield from self.row(row, texts[id(row)], (left, *widths))
            yield from self.erratum(row)

    def runs(self) -> Iterator[tuple[Judged | None, list[Judged]]]:
        """The rows to show, and between them the runs of those that are only counted."""
        rows = [row for row in self.diff.rows if row.verdict is not Verdict.UNKNOWN]
        passed: list[Judged] = []
        limit = len(rows) if self.full else MOST
        for row in rows:
            if (row.verdict not in LISTED and not self.full) or not limit:
                passed.append(row)
                continue
            if passed:
                yield None, passed
                passed = []
            limit -= 1
            yield row, []
        if passed:
            yield None, passed

    def counted(self, rows: Sequence[Judged]) -> str:
        """How many figures of each verdict a run has."""
        counts = Counter(row.verdict for row in rows)
        return ", ".join(words_of(verdict, counts[verdict]) for verdict in SUMMARY if counts[verdict])

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
        return ascii_number(text) if self.layout.ascii else text

    def cut(self, text: str, limit: int) -> str:
        """A source's text, in at most so many characters."""
        room = limit - 2 if self.layout.ascii else limit  # three dots instead of one
        return shortened(text, room).replace("…", self.dots)

    # ── what is wrong by itself ──

    def mistakes(self) -> Iterator[Line]:
        """The first figure that is wrong by itself in full, then the others."""
        if self.diff.first is None:
            return
        roots = Roots(self.diff, self.layout)
        found = self.diff.diagnoses
        for number, diagnosis in enumerate(found if self.full else found[:MOST_ROOTS]):
            yield ()
            title = "The first difference" if number == 0 else "Another difference"
            yield from roots.block(diagnosis, title, self.where(diagnosis.root))
        if len(found) > MOST_ROOTS and not self.full:
            yield ()
            yield (Span(f"{self.dots} {len(found) - MOST_ROOTS:,} more by themselves; --all shows them", "dim"),)

    def where(self, row: Judged) -> str:
        place = row.figure.place
        return f"{GAP}{self.cut(place.file, 40)}:{place.line}" if place else ""

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


def percent(right: int, of: int) -> int:
    """How many in a hundred; all of them only if all are right.

    >>> percent(199, 200), percent(7, 8), percent(0, 3)
    (99, 87, 0)
    """
    return 100 * right // of


def words_of(verdict: Verdict, count: int) -> str:
    """How many figures have a verdict, in words.

    >>> words_of(Verdict.MATCH, 1), words_of(Verdict.CARRIED, 1200)
    ('1 matches', '1,200 follow from an earlier difference')
    """
    one, several, _ = SUMMARY[verdict]
    return f"{count:,} {one if count == 1 else several}"
