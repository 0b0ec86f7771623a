"""Expected figures from CSV: a row a figure, under a header that says which column is what."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import islice
from typing import Final

from backtrace.comparison.expected import Expected, Figure, Filled, how_to_write, reading
from backtrace.config.datafiles import CsvTable, csv_table
from backtrace.errors import ConfigError, Fault, Place, did_you_mean, shortened
from backtrace.records import dataclass
from backtrace.saved.cells import key_of
from backtrace.saved.csvfile import WHOLE_EPOCH, without_header

COLUMNS: Final = {
    "key": ("key", "quantity"),
    "value": ("value", "figure", "printed"),
    "epoch": ("epoch",),
    "update": ("update", "step"),
    "sample": ("sample",),
    "blank": ("blank",),
    "digits": ("digits",),
}
"""What is read of a row, and what its column may be called; other columns are passed over."""
NEEDED: Final = ("key", "value")
COUNTS: Final = ("epoch", "update", "sample", "blank", "digits")
EXAMPLE: Final = "the first line says which column is what: epoch,key,value"
MOST_DIGITS: Final = 17
COUNTED: Final = re.compile(r"[1-9][0-9]{0,8}")


def is_csv(data: bytes, file: str) -> bool:
    """Whether a file is CSV: by its ending, or by a first line that names the columns."""
    if file.lower().endswith((".csv", ".tsv", ".yaml", ".yml", ".json")):
        return file.lower().endswith(("csv", "tsv"))
    first = next((line for line in data[:10_000].decode(errors="replace").splitlines() if line.strip()), "")
    words = {word.strip("\ufeff \"'").lower() for word in re.split(r"[,;\t]", first)}
    return all(words.intersection(COLUMNS[what]) for what in NEEDED)


def figures(data: bytes, file: str) -> Expected:
    """The figures of a CSV file, in its order.

    Raises:
        ConfigError: it is refused; with all its faults.

    >>> [(f.key, f.printed, f.epoch) for f in figures(b'epoch;key;value\\n3;h1;0,520\\n', "f.csv")]
    [('h1', '0,520', 3)]
    """
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise ConfigError(Fault(f'"{shortened(file)}" is empty', hint=EXAMPLE))
    of_trace = without_header(data)
    table = csv_table(data if of_trace is None else of_trace, file)
    reader = _Rows(table, columns(table), of_trace is not None)
    rows = ((line, cells) for line, cells in table.records() if cells)
    for line, cells in islice(rows, 1, None):
        reader.row(line, cells)
    if not reader.found and not reader.blanks and not reader.faults:
        reader.faults.append(Fault("there is no figure below the header", table.at(1, 0), "such as h1,0.51998934"))
    if reader.faults:
        raise ConfigError(reader.faults)
    filled = Filled(tuple(reader.blanks), max(reader.digits, default=None)) if reader.blanks else None
    return Expected(tuple(reader.found), filled=filled)


def columns(table: CsvTable) -> dict[str, int]:
    """The place of each column that is read.

    Raises:
        ConfigError: the header has no key or no value, or one of them twice.
    """
    names = [name.lower() for name in table.names or ()]
    found: dict[str, int] = {}
    faults = []
    for what, called in COLUMNS.items():
        places = [at for at, name in enumerate(names) if name in called]
        if len(places) > 1:
            message = f'two columns are the {what}: "{names[places[0]]}" and "{names[places[1]]}"'
            faults.append(Fault(message, table.at(_first_line(table), places[1]), "leave one of them out"))
        elif places:
            found[what] = places[0]
        elif what in NEEDED:
            guess = next(filter(None, (did_you_mean(name, called) for name in names)), "")
            faults.append(Fault(f'no column is called "{what}"', table.at(_first_line(table), 0), guess or EXAMPLE))
    if not any(name in called for name in names for called in COLUMNS.values()):
        message = " and ".join(f'"{what}"' for what in NEEDED)
        raise ConfigError(Fault(f"no columns are called {message}", faults[0].place, EXAMPLE))
    if faults:
        raise ConfigError(faults)
    return found


def _first_line(table: CsvTable) -> int:
    return next((line for line, cells in table.records() if cells), 1)


@dataclass
class _Rows:
    """Reads rows, and collects their figures and faults."""

    table: CsvTable
    at: Mapping[str, int]
    of_trace: bool = False
    """Whether it is a saved trace, where rows of step 0 are no numbers of an update."""
    found: list[Figure] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    blanks: list[str] = field(default_factory=list)
    """The keys of a worksheet's blanks, which may be left empty."""
    digits: set[int] = field(default_factory=set)

    def row(self, line: int, cells: Sequence[str]) -> None:
        """The figure of a row."""
        if self.of_trace and len(cells) == self.table.width and cells[self.at["update"]] == WHOLE_EPOCH:
            return
        if len(cells) != self.table.width:
            fields = f"{len(cells)} field{'s' * (len(cells) != 1)}"
            message = f"this row has {fields}, the header has {self.table.width}"
            repair = f'fields are separated by "{self.table.separator}"; quote a decimal comma'
            self.faults.append(Fault(message, self.table.at(line, 0), repair))
            return
        key, text = (cells[self.at[what]].strip() for what in NEEDED)
        key = key_of(key)
        epoch, update, sample, blank, digits = (self.counted(what, line, cells) for what in COUNTS)
        says = reading(text)
        if not key:
            self.refuse("key", line, "a key is expected in this cell, got nothing", "such as h1 or dE/dU11")
        if key and blank:
            self.blanks.append(key)
            self.digits.update([digits] if digits else [])
        if says is None and not (blank and not text):
            got = f'"{shortened(text, 40)}"' if text else "nothing"
            self.refuse("value", line, f"a figure is expected in this cell, got {got}", how_to_write(text), len(text))
        if key and says:
            named = f"{key}#{sample}" if sample and "#" not in key else key
            place = self.place("value", line)
            self.found.append(Figure(named, text.strip(), *says, epoch, "", place, update=update if epoch else None))

    def counted(self, what: str, line: int, cells: Sequence[str]) -> int | None:
        """A number of a column that may be empty, or absent; digits are those of a blank."""
        if what not in self.at or (what == "digits" and "blank" not in self.at):
            return None
        text = cells[self.at[what]].strip()
        if text and not COUNTED.fullmatch(text):
            message = f'a number from 1 is expected in this cell of "{what}", got "{shortened(text, 40)}"'
            self.refuse(what, line, message, "leave it empty where a figure is of none", len(text))
            return None
        if what == "digits" and text and int(text) > MOST_DIGITS:
            message = f"a worksheet has at most {MOST_DIGITS} digits, got {text}"
            self.refuse(what, line, message, "write the number that stood here", len(text))
            return None
        return int(text) if text else None

    def place(self, what: str, line: int) -> Place:
        """Where a cell stands; by the lengths of those before it where nothing is quoted, for files of many rows."""
        text = self.table.source.line(line)
        if '"' in text or " " in text:
            return self.table.at(line, self.at[what])
        before = text.split(self.table.delimiter)[: self.at[what]]
        return self.table.source.at(line, sum(map(len, before)) + len(before) + 1)

    def refuse(self, what: str, line: int, message: str, repair: str, width: int = 1) -> None:
        self.faults.append(Fault(message, self.place(what, line), repair, max(width, 1)))
