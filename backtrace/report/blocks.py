"""What a report is made of: sections of blocks, and what of them a reader wants to see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from backtrace.graph import Equation
from backtrace.keys import Target
from backtrace.quantities import Quantity
from backtrace.records import dataclass
from backtrace.words import LANGUAGES, Note


@dataclass(frozen=True)
class Choice:
    """What a reader wants to see."""

    only: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    sample: int | None = None
    full: bool = False

    def shows(self, *keys: str) -> bool:
        """Whether a row with one of these keys is wanted."""
        return not self.only or any(key == p or fnmatchcase(key, p) for key in keys for p in self.only)

    def wants(self, section: Section) -> bool:
        """Whether a section is wanted: by its name, or a part of its title in any language."""
        titles = [words.written(section.title).lower() for words in LANGUAGES.values()]
        return not self.sections or any(
            word == section.name or any(word.lower() in title for title in titles) for word in self.sections
        )


@dataclass(frozen=True)
class Equations:
    """Array equations, each with the name of its result."""

    equations: tuple[Equation, ...]

    def quantities(self) -> Iterator[Quantity]:
        """The numbers that are listed: none."""
        yield from ()


@dataclass(frozen=True)
class Rows:
    """Quantities, one a line: formula, formula with numbers, value.

    Each line holds the quantity once for every sample shown. ``more`` rows are left out, whose values sum to
    ``rest``; ``zero`` ways are left out because they give 0. ``arrays`` are too large to list. ``note`` is a text,
    by its id.
    """

    lines: Sequence[Sequence[Quantity]]
    title: str = ""
    equations: tuple[Equation, ...] = ()
    arrays: tuple[str, ...] = ()
    more: int = 0
    rest: float = 0.0
    zero: int = 0
    note: str = ""

    def quantities(self) -> Iterator[Quantity]:
        """The numbers that are listed, line by line."""
        yield from (quantity for line in self.lines for quantity in line)


@dataclass(frozen=True)
class Head:
    """The heading of a column: what stands in it, for all rows."""

    target: Target | str


@dataclass(frozen=True)
class Row:
    """A row of a table: whose it is, and its numbers."""

    label: Quantity
    cells: Sequence[Quantity]


@dataclass(frozen=True)
class Table:
    """A table of parameters: factors or samples' shares, the derivative, the old and the new value.

    ``factors`` columns come before the derivative; with shares, ``each`` heads the factors of one share.
    """

    stem: str
    heads: tuple[Head, ...]
    rows: Sequence[Row]
    factors: int
    each: tuple[Head, ...] = ()
    updates: tuple[Equation, ...] = ()
    more: int = 0

    def quantities(self) -> Iterator[Quantity]:
        """The numbers in its cells, row by row."""
        yield from (quantity for row in self.rows for quantity in row.cells)


Block = Equations | Rows | Table


@dataclass(frozen=True)
class Section:
    """A part of a report: its name for choosing, its title, its blocks; of a step its parameters and its layer."""

    name: str
    title: Note
    blocks: tuple[Block, ...]
    parameters: tuple[str, ...] = ()
    layer: str = ""
