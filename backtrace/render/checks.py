"""A check as text: one line that says it all, a row an array, what fails, kinks, and notes on stability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from backtrace.checking import Agreement, Check, Kink, Row, Verdict
from backtrace.checking.slopes import NOT_FINITE, ROUGH
from backtrace.errors import visible
from backtrace.expressions import Element
from backtrace.keys import Derivative, Part
from backtrace.labels import derivative_text
from backtrace.ops.base import shape_text
from backtrace.records import dataclass
from backtrace.render.formulas import Formulas, Layout
from backtrace.render.lines import Line, Span, cells, padded, wrapped

MOST: Final = 12
"""So many kinks, and so many notes, are shown unless everything is asked for."""
ROLES: Final = {Verdict.OK: "good", Verdict.FAILS: "bad", Verdict.UNCHECKED: "warn"}
WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("max", "min", "maximum", "minimum", "maxpool2d"), "tie"),
    **dict.fromkeys(("step", "sign", "where", "equal", "not_equal"), "jump"),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal"), "jump"),
}
"""What has no kink but something else."""
SAYS: Final[Mapping[str, str]] = {
    "saturated": "{what} = {value}: {op} is saturated, {count} of {of} within 0.001 of a bound",
    "dead": "{what} = 0: {op} is dead, {count} of {of} units give 0 for {every}",
    "vanishing": "vanishing gradient: by {target} it is {ratio} times what it is in the last layers",
    "exploding": "exploding gradient: by {target} it is {ratio} times what it is in the last layers",
    "unmoved": "{derivative} is 0 in every entry",
    "overflow": "{op} of {value} in {target}: beyond 709.78 the numbers are no longer finite",
    "logarithm": "{op} of {ratio} in {target}: its slope is as great as this is small",
}
"""The words of each rule of stability."""
LEFT_OUT: Final[Mapping[str, str]] = {
    NOT_FINITE: "the step of differences leaves the finite numbers",
    ROUGH: "differences are not sure of themselves there",
}


def check_lines(check: Check, layout: Layout | None = None) -> Iterator[Line]:
    """The check, line by line."""
    page = _Page(check, layout or Layout())
    for line in page.lines():
        yield tuple(_in_ascii(span) for span in line) if page.layout.ascii else line


def _in_ascii(span: Span) -> Span:
    """A title may be in any script."""
    return span._replace(text=span.text.encode("ascii", "backslashreplace").decode())


@dataclass(frozen=True)
class _Column:
    """A column of the table; the higher its level, the more room there must be for it."""

    head: str
    text: Callable[[_Page, Row], str]
    level: int = 0


@dataclass(frozen=True)
class _Page:
    """Writes one check."""

    check: Check
    layout: Layout

    def lines(self) -> Iterator[Line]:
        yield self.title()
        yield from self.paragraph(self.summary(), self.role())
        if self.check.remark and self.check.rows:
            yield from self.paragraph(self.check.remark, "dim")
        if self.check.rows:
            yield ()
            yield from self.table()
        for heading, role, found in (
            ("Fails", "bad", [*self.roots(), *self.failing()]),
            ("Not checked", "warn", list(self.unchecked())),
            ("Checked by the complex step only", "warn", [*self.kinks(), *self.left_out()]),
            ("Stability", "warn", list(self.notes())),
        ):
            yield from self.block(heading, role, found)

    # ── texts ──

    @property
    def pretty(self) -> bool:
        return not self.layout.ascii

    def label(self, target: Element | Part) -> str:
        """A quantity's name."""
        keys = self.check.view.keys
        if isinstance(target, Part):
            return keys.array(target.name, self.pretty)
        return keys.pretty(target) if self.pretty else keys.text(target)

    def derivative(self, by: Element | Part) -> str:
        """The name of the objective's derivative."""
        objective = Element(self.check.view.graph.objective or "")
        if isinstance(by, Element):
            keys, target = self.check.view.keys, Derivative(objective, by)
            return keys.pretty(target) if self.pretty else keys.text(target)
        return derivative_text(self.label(Part(objective.name)), self.label(by), "∂" if self.pretty else "d")

    def number(self, value: float) -> str:
        """A value as a report writes it."""
        return self.layout.numbers.value(value)

    def paragraph(self, text: str, role: str, indent: int = 0) -> Iterator[Line]:
        """Words on lines of the page's width."""
        for number, line in enumerate(wrapped(text, self.layout.width - indent - 2)):
            yield (Span(" " * (indent + 2 * bool(number)) + line, role),)

    def block(self, heading: str, role: str, found: Sequence[str]) -> Iterator[Line]:
        """A heading and what stands under it; of very much the first lines."""
        if not found:
            return
        limit = len(found) if self.layout.choice.full else MOST
        yield ()
        yield (Span(heading, role),)
        for text in found[:limit]:
            yield from self.paragraph(text, "", 2)
        if len(found) > limit:
            yield (Span(f"  {'...' if self.layout.ascii else '…'} {len(found) - limit:,} more", "dim"),)

    # ── the head ──

    def title(self) -> Line:
        """The config's title, and which update is checked."""
        view = self.check.view
        title = visible(view.graph.title) or "backtrace"
        several = view.graph.updates_per_epoch > 1
        right = f"epoch {view.epoch}" + f", update {view.update}" * several
        room = self.layout.width - cells(title) - cells(right)
        return (Span(title, "title"), Span(" " * max(room, 2) + right, "dim"))

    def role(self) -> str:
        return "bad" if self.check.failed else "good" if self.of(Verdict.OK) else "warn"

    def of(self, verdict: Verdict) -> list[Row]:
        return [row for row in self.check.rows if row.verdict is verdict]

    def summary(self) -> str:
        """The whole check in a line."""
        rows, failing, unchecked = self.check.rows, self.of(Verdict.FAILS), self.of(Verdict.UNCHECKED)
        if not rows:
            return self.check.remark or "nothing that the objective depends on"
        methods = "with complex step and central differences"
        only = sum(sum(row.left_out.values()) for row in rows)
        methods += f", {_counted(only, 'entry', 'entries')} with the complex step only" if only else ""
        if not failing and not unchecked:
            entries = _counted(sum(row.entries for row in rows), "entry", "entries")
            return f"{_counted(len(rows), 'gradient')}, {entries}: all agree {methods}"
        parts = [f"{len(failing)} fail{'s' * (len(failing) == 1)}"] if failing else []
        parts += [f"{len(unchecked)} not checked"] if unchecked else []
        good = len(self.of(Verdict.OK))
        parts += [f"{good} agree{'s' * (good == 1)} {methods}"] if good else []
        return f"{_counted(len(rows), 'gradient')}: {', '.join(parts)}"

    # ── the table ──

    def table(self) -> Iterator[Line]:
        """A row an array; a label that leaves no room stands on a line of its own."""
        labels = [self.derivative(Part(row.name)) for row in self.check.rows]
        left = max((cells(label) for label in labels if cells(label) <= self.layout.width // 3), default=0)
        columns = self.columns(self.layout.width - left - 2)
        if left + 2 + self.needed(columns) > self.layout.width:
            left = 0
        widths = self.widths(columns)
        heads = [padded(column.head, width, right=True) for column, width in zip(columns, widths, strict=True)]
        yield (Span("  " + " " * left + "".join("  " + head for head in heads) + "  verdict", "dim"),)
        for row, label in zip(self.check.rows, labels, strict=True):
            if cells(label) > left:
                yield (Span(f"  {label}"),)
            texts = [padded(c.text(self, row), w, right=True) for c, w in zip(columns, widths, strict=True)]
            shown = Span("  " + padded(label if cells(label) <= left else "", left))
            yield shown, Span("".join("  " + t for t in texts)), Span(f"  {row.verdict.value}", ROLES[row.verdict])

    def widths(self, columns: Sequence[_Column]) -> list[int]:
        return [max([cells(c.head), *(cells(c.text(self, row)) for row in self.check.rows)]) for c in columns]

    def columns(self, room: int) -> list[_Column]:
        """As many columns as there is room for."""
        found = [[c for c in COLUMNS if c.level <= level] for level in (2, 1, 0)]
        return next((columns for columns in found if self.needed(columns) <= room), found[-1])

    def needed(self, columns: Sequence[_Column]) -> int:
        verdict = max(len(row.verdict.value) for row in self.check.rows)
        return sum(width + 2 for width in self.widths(columns)) + 2 + verdict

    def entries(self, row: Row) -> str:
        """The shape, or how many of its entries are checked."""
        shape = shape_text(row.shape) if row.shape else "1"
        return shape if row.entries in (0, row.size) else f"{row.entries} of {shape}"

    def worst(self, row: Row) -> str:
        """The entry that is furthest off the complex step."""
        found = row.complex_step and row.complex_step.worst
        return self.label(found.target) if found else "-"

    # ── below the table ──

    def roots(self) -> Iterator[str]:
        """Where the way back goes wrong: what fails first, with the equations that read it."""
        writer = Formulas(self.layout, self.check.view)
        for row in self.check.roots:
            readers = self.check.view.graph.consumers.get(row.name, ())
            equations = ", ".join(" = ".join(writer.equation(reader)) for reader in readers)
            yield f"it goes wrong at {self.derivative(Part(row.name))}, on the way back through {equations}"

    def failing(self) -> Iterator[str]:
        """Of each gradient that fails the worst entry, by the complex step or else by differences."""
        for row in self.of(Verdict.FAILS):
            methods = (("the complex step", row.complex_step), ("central differences", row.differences))
            wrong = [(method, found.worst) for method, found in methods if found and found.worst and not found.fits]
            for method, worst in wrong[:1]:
                computed, numeric = self.number(worst.analytic), self.number(worst.numeric)
                yield f"{self.derivative(worst.target)} is {computed} as computed, {numeric} by {method}"
            if row.complex_step and not row.complex_step.direction_fits:
                name, off = self.derivative(Part(row.name)), f"{row.complex_step.direction:.1e} of its norm"
                yield f"{name}, along one direction in all {row.size:,} entries, is off by {off}"

    def unchecked(self) -> Iterator[str]:
        """What was not checked, by its reason."""
        for reason in dict.fromkeys(row.reason for row in self.of(Verdict.UNCHECKED)):
            found = [row for row in self.of(Verdict.UNCHECKED) if row.reason == reason]
            yield f"{', '.join(self.derivative(Part(row.name)) for row in found)}: {reason}"

    def left_out(self) -> Iterator[str]:
        """What differences say nothing of, although there is no kink."""
        for row in self.check.rows:
            for reason, says in LEFT_OUT.items():
                if count := row.left_out.get(reason, 0):
                    yield f"{self.derivative(Part(row.name))}, {_counted(count, 'entry', 'entries')}: {says}"

    def kinks(self) -> Iterator[str]:
        """Each quantity that is at a kink once, and how many entries only the complex step checks for it."""
        merged: dict[tuple[str, Element | Part], list[Kink]] = {}
        for row in self.check.rows:
            for kink in row.kinks:
                merged.setdefault((kink.op, kink.target), []).append(kink)
        for (op, target), found in merged.items():
            distance = min(kink.distance for kink in found)
            where = f"{distance:.1e} from" if distance else "at"
            only = _counted(sum(kink.entries for kink in found), "entry", "entries")
            yield f"{self.label(target)} is {where} a {WORDS.get(op, 'kink')} of {op}: {only}"

    def notes(self) -> Iterator[str]:
        """What the rules of stability noticed."""
        several = self.check.view.graph.samples
        for note in self.check.notes:
            yield SAYS[note.rule].format(
                what=f"{note.op} in {self.label(note.target)}" if note.within else self.label(note.target),
                target=self.label(note.target),
                derivative=self.derivative(note.target) if self.check.view.graph.objective else "",
                op=note.op,
                value=self.number(note.value),
                ratio=f"{note.value:.1e}",
                count=f"{note.count:,}",
                of=f"{note.of:,}",
                every="all samples" if several else "the only sample",
            )


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _relative(found: Agreement | None) -> str:
    return f"{found.relative:.1e}" if found and found.entries else "-"


def _absolute(found: Agreement | None) -> str:
    return f"{found.absolute:.1e}" if found and found.entries else "-"


COLUMNS: Final = (
    _Column("entries", _Page.entries),
    _Column("complex step", lambda page, row: _relative(row.complex_step)),
    _Column("max abs", lambda page, row: _absolute(row.complex_step), level=1),
    _Column("differences", lambda page, row: _relative(row.differences)),
    _Column("max abs", lambda page, row: _absolute(row.differences), level=1),
    _Column("worst entry", _Page.worst, level=2),
)
