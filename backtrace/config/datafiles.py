"""Tables of numbers from files: CSV with its places, numpy's arrays within bounds; nothing stored is ever run."""

from __future__ import annotations

import io
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from tokenize import TokenError
from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from backtrace.config.records import Array
from backtrace.errors import ConfigError, Fault, FileError, Place, shortened, visible
from backtrace.records import dataclass
from backtrace.yamlfile.files import decode, read
from backtrace.yamlfile.source import Source

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

LARGEST_DATA: Final = 500 * 1024 * 1024
"""Bytes of a file of arrays, also when unpacked and as floats."""
LARGEST_TEXT: Final = 100 * 1024 * 1024
MOST_CLASSES: Final = 1000
DELIMITERS: Final = ("\t", ";", ",")
"""The first of these that the first line has outside quotes separates the cells."""
NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
FOREIGN: Final = r"[:=<>{}\\|@]|//|\d\.\d+\.\d|.{80}"
"""What is in a line of one cell that is neither a heading nor a number, but of a file of another kind."""
EMPTY_ZIP: Final = b"PK\x05\x06"
KINDS_OF_NUMBERS: Final = "buif"

ARRAYS: Final = "numpy.savez('data.npz', x=x) writes it, where x is an array of finite numbers"
SPREADSHEET: Final = "export a spreadsheet as CSV; numpy.savez writes arrays"
OFFICE: Final = (".xlsx", ".xls", ".ods", ".numbers")

Codes: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """Which rows to take, counted from 1; all if there is no last one."""

    first: int = 1
    last: int | None = None
    asked: Place | None = None
    """Where the config says so."""


class Table(ABC):
    """A table of a file: its columns' names, if it has any, and how many there are."""

    names: tuple[str, ...] | None = None
    width: int = 0

    @abstractmethod
    def numbers(self, columns: Sequence[int], window: Window) -> Array:
        """The rows of the window, of each the numbers in these columns (counted from 0)."""

    @abstractmethod
    def words(self, column: int, window: Window) -> list[str]:
        """The cells of one column as text."""

    def place(self, row: int, column: int, window: Window) -> Place | None:
        """Where a cell stands, the row counted from 0 within the window; None in a file without lines."""
        return None


class CsvTable(Table):
    """A table of text: read row by row, so that only its numbers stay in memory.

    Attributes:
        delimiter: what separates the cells.
        looks_headless: whether the first line has numbers alone.
        is_foreign: whether it looks like one of another kind of file, of which nothing may be shown.
    """

    def __init__(self, data: bytes, file: str, header: bool, delimiter: str | None) -> None:
        self.data, self.file = data, file
        self.delimiter = delimiter or self.detected()
        first = self.first_row()
        self.width, self.header = len(first), header
        self.names = tuple(cell.strip() for cell in first) if header else None
        self.looks_headless = all(map(self.is_number, first))
        self.is_foreign = len(first) == 1 and not self.looks_headless and re.search(FOREIGN, first[0]) is not None

    @cached_property
    def source(self) -> Source:
        """The text with its places, made where a fault needs it."""
        return Source(self.data.decode(), self.file)

    def stream(self) -> IO[str]:
        return io.TextIOWrapper(io.BytesIO(self.data), encoding="utf-8-sig", newline="")

    def detected(self) -> str:
        """The separator of the first line; a comma if it has none."""
        bare = self.first_line()
        return next((sign for sign in DELIMITERS if sign in bare), ",")

    def first_line(self) -> str:
        """The first line that is not blank, without what is in quotes."""
        return re.sub(r'"[^"]*"', "", next((line for line in self.stream() if line.strip()), ""))

    def first_row(self) -> list[str]:
        row = next((cells for _, cells in self.records() if cells), None)
        if row is None:
            raise ConfigError(Fault(f'the file "{shortened(self.file)}" is empty', hint="a header, and a row a sample"))
        return row

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The rows of the file with the line where they end; a blank line has no cells."""
        import csv

        reader = csv.reader(self.stream(), delimiter=self.delimiter, skipinitialspace=True, strict=True)
        try:
            for cells in reader:
                yield reader.line_num, cells if len(cells) > 1 or "".join(cells).strip() else []
        except csv.Error as error:
            raise ConfigError(self.broken(reader.line_num, error)) from None

    def broken(self, line: int, error: Exception) -> Fault:
        import csv

        if "limit" in str(error):
            limit = csv.field_size_limit()
            cells = [match for match in self.cells(line) if len(match[0]) > limit]
            column = cells[0].start() + 1 if cells else 1
            message = f"a cell of more than {limit:,} characters"
            return Fault(message, self.source.at(line, column), "is this the right file?")
        if "end of data" in str(error):
            return Fault("this is no CSV: a quote is not closed", self.open_quote(line), 'close it with "')
        hint = 'a cell begins and ends with its quotes, "" inside is one'
        return Fault(f"this is no CSV: {error}", self.source.at(line, 1), hint)

    def open_quote(self, last: int) -> Place:
        """Where the quote begins that is open at the end: the last at the beginning of a cell."""
        lead = re.compile(rf'(?:^|{re.escape(self.delimiter)}) *(")')
        for line in range(last, 0, -1):
            if starts := [found for found in lead.finditer(self.source.line(line)) if not self.closes(line, found)]:
                return self.source.at(line, starts[-1].start(1) + 1)
        return self.source.at(last, 1)

    def closes(self, line: int, opening: re.Match[str]) -> bool:
        """Whether a cell's quote is closed in its line."""
        return self.source.line(line)[opening.end() :].replace('""', "").count('"') % 2 == 1

    def rows(self, window: Window) -> Iterator[tuple[int, list[str]]]:
        """The rows of the window with their lines; blank lines may only stand at the end."""
        blank, number, waiting = 0, 0, self.header
        for line, cells in self.records():
            if not cells:
                blank = blank or line
            elif waiting:
                blank, waiting = 0, False
            else:
                number += 1
                self.check_row(line, cells, blank if number > 1 else 0)
                if number >= window.first:
                    yield line, cells
                if number == window.last:
                    return
        if number < (window.last or 1):
            have = f'"{shortened(self.file)}" has {number} row{"s" * (number != 1)} of samples'
            raise ConfigError(Fault(have, window.asked, f"rows: 1..{number}" if number else "a row for each sample"))

    def check_row(self, line: int, cells: list[str], blank: int) -> None:
        if blank:
            raise ConfigError(Fault("a blank line among the rows", self.source.at(blank, 1), "take it out"))
        if len(cells) != self.width:
            fields = f"{len(cells)} field{'s' * (len(cells) != 1)}"
            message = f"this row has {fields}, the first line has {self.width}"
            raise ConfigError(Fault(message, self.source.at(line, 1), f'fields are separated by "{self.separator}"'))

    @property
    def separator(self) -> str:
        """The separator as a reader sees it."""
        return "tab" if self.delimiter == "\t" else visible(self.delimiter)

    def numbers(self, columns: Sequence[int], window: Window) -> Array:
        from array import array

        values = array("d")
        decimal_comma = self.delimiter != ","
        for line, cells in self.rows(window):
            for column in columns:
                cell = cells[column].strip()
                if decimal_comma:
                    cell = cell.replace(",", ".")
                if not NUMBER.fullmatch(cell):
                    raise ConfigError(self.no_number(line, column, cells[column]))
                values.append(float(cell))
        found = np.asarray(values, dtype=np.float64).reshape(-1, len(columns))
        if not np.all(np.isfinite(found)):
            row, at = (int(index) for index in np.argwhere(~np.isfinite(found))[0])
            place = self.place(row, columns[at], window)
            raise ConfigError(Fault("the number is too large", place, "at most 1.79e308"))
        return found

    def is_number(self, cell: str) -> bool:
        text = cell.strip()
        return NUMBER.fullmatch(text.replace(",", ".") if self.delimiter != "," else text) is not None

    def no_number(self, line: int, column: int, cell: str) -> Fault:
        from backtrace.config.hints import number_hint

        got = f'"{shortened(cell.strip(), 40)}"' if cell.strip() else "nothing"
        name = f' of column "{shortened(self.names[column], 40)}"' if self.names else f" of column {column + 1}"
        hint = number_hint(cell) or (
            "a class can be read with column: and one_hot: true" if cell.strip().isalpha() else ""
        )
        width = min(len(cell.strip()), 60) or 1
        return Fault(f"expected a number in this cell{name}, got {got}", self.at(line, column), hint, width)

    def cells(self, line: int) -> list[re.Match[str]]:
        """The cells of a line with their columns in the file."""
        sign = re.escape(self.delimiter)
        pattern = rf'(?<![^{sign}]) *(?:"(?:[^"]|"")*"|[^{sign}]*)'
        return list(re.finditer(pattern, self.source.line(line)))

    def at(self, line: int, column: int) -> Place:
        found = self.cells(line)
        if column >= len(found):
            return self.source.at(line, 1)
        lead = len(found[column][0]) - len(found[column][0].lstrip())
        return self.source.at(line, found[column].start() + lead + 1)

    def place(self, row: int, column: int, window: Window) -> Place | None:
        line = next(line for number, (line, _) in enumerate(self.rows(window)) if number == row)
        return self.at(line, column)

    def words(self, column: int, window: Window) -> list[str]:
        found = []
        for line, cells in self.rows(window):
            if not cells[column].strip():
                raise ConfigError(Fault("expected a class in this cell, got nothing", self.at(line, column)))
            found.append(cells[column].strip())
        return found


class ArrayTable(Table):
    """A matrix of a file of arrays: rows are samples, columns have no names."""

    def __init__(self, values: Array) -> None:
        self.values = values.reshape(len(values), -1)
        self.width = self.values.shape[1]

    def numbers(self, columns: Sequence[int], window: Window) -> Array:
        return windowed(self.values, window)[:, list(columns)]

    def words(self, column: int, window: Window) -> list[str]:
        return [f"{value:.15g}" for value in windowed(self.values, window)[:, column]]


def windowed(values: Array, window: Window) -> Array:
    """The rows of a window."""
    if (window.last or 1) > len(values):
        raise ConfigError(Fault(f"there are {len(values)} rows of samples", hint=f"rows: 1..{len(values)}"))
    return values[window.first - 1 : window.last]


def classes(words: Sequence[str]) -> tuple[list[str], Codes]:
    """The different words in order, as numbers where all are, and the place of each word among them."""
    numeric = all(map(NUMBER.fullmatch, words))
    found = sorted(set(words), key=float) if numeric else sorted(set(words))
    if len(found) > MOST_CLASSES:
        raise ConfigError(Fault(f"{len(found):,} different classes", hint="is this a column of classes?"))
    number = {word: at for at, word in enumerate(found)}
    return found, np.array([number[word] for word in words], dtype=np.int64)


# ── files ──


def load(path: str) -> bytes:
    """The bytes of a data file. Raises FileError."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", path):
        raise FileError(Fault(f'"{shortened(path)}" is an address: data are read from files', hint="download it first"))
    return read(path, LARGEST_DATA)


def stored_arrays(data: bytes, file: str) -> dict[str, Array] | None:
    """The arrays of an npz by name, or of an npy under ""; None for a file of text.

    Raises:
        ConfigError: too large, broken, or not of real numbers.
    """
    if data.startswith(b"\x93NUMPY"):
        return {"": _array(data, "", file)}
    if not data.startswith((b"PK\x03\x04", EMPTY_ZIP)):
        return None
    import zipfile
    import zlib

    try:
        return _members(data, file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        message = f'the file "{shortened(file)}" is damaged: {visible(str(error))}'
        raise ConfigError(Fault(message, hint=SPREADSHEET if file.endswith(OFFICE) else ARRAYS)) from None


def _members(data: bytes, file: str) -> dict[str, Array]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = packed.infolist()
        if not members:
            raise ConfigError(Fault(f'the file "{shortened(file)}" has no arrays', hint=ARRAYS))
        if any(not member.filename.endswith(".npy") for member in members):
            other = next(member.filename for member in members if not member.filename.endswith(".npy"))
            message = f'the zip file "{shortened(file)}" holds "{shortened(other)}", which is no array'
            raise ConfigError(Fault(message, hint=SPREADSHEET))
        if sum(member.file_size for member in members) > LARGEST_DATA:
            raise ConfigError(_too_large(file))
        named = {member.filename.removesuffix(".npy"): _content(packed, member) for member in members}
    return {name: _array(content, name, file) for name, content in named.items()}


def _content(packed: ZipFile, member: ZipInfo) -> bytes:
    """What a member holds, up to a byte more than its header states: a small file may expand to anything."""
    with packed.open(member) as stream:
        beginning = stream.read(LONGEST_HEADER)
    try:
        shape, dtype, begin = _header(beginning)
    except (*DAMAGE, TypeError, KeyError):
        return beginning
    with packed.open(member) as stream:
        return stream.read(begin + math.prod(shape) * dtype.itemsize + 1)


LONGEST_HEADER: Final = 1 << 17
DAMAGE: Final = (ValueError, EOFError, SyntaxError, TokenError)
"""What numpy raises of a header that it cannot read; an old one it looks at as Python's tokens."""


def _array(content: bytes, name: str, file: str) -> Array:
    what = f'the array "{shortened(name, 40)}" of "{shortened(file)}"' if name else f'the array of "{shortened(file)}"'
    try:
        shape, dtype, begin = _header(content)
        if dtype.kind not in KINDS_OF_NUMBERS:
            raise ConfigError(Fault(f"{what} holds {visible(str(dtype))}, not real numbers", hint=ARRAYS))
        if math.prod(shape) * 8 > LARGEST_DATA:
            raise ConfigError(_too_large(file))
        if math.prod(shape) * dtype.itemsize > len(content) - begin:
            raise ConfigError(Fault(f"{what} is cut off: it states {'x'.join(map(str, shape))} numbers"))
        if math.prod(shape) * dtype.itemsize < len(content) - begin:
            raise ConfigError(Fault(f"{what} is damaged: there is more than the numbers that it states", hint=ARRAYS))
        with np.errstate(all="ignore"):  # what is not finite then is refused below
            values = np.asarray(np.load(io.BytesIO(content), allow_pickle=False), dtype=np.float64)
    except (*DAMAGE, TypeError, KeyError) as error:
        plain = "0x" not in str(error) and not isinstance(error, TokenError)
        told = str(error) if plain else "its header is not one of numpy's"
        raise ConfigError(Fault(f"{what} is damaged: {shortened(told, 80)}", hint=ARRAYS)) from None
    if not values.ndim or not values.size:
        raise ConfigError(Fault(f"{what} has no rows", hint="its first axis counts the samples"))
    if not np.all(np.isfinite(values)):
        at = [int(index) + 1 for index in np.argwhere(~np.isfinite(values))[0]]
        where = f"row {at[0]}" + (f", column {', '.join(map(str, at[1:]))}" if at[1:] else "")
        held = f"{what} holds {values[tuple(i - 1 for i in at)]} in {where}"
        raise ConfigError(Fault(held, hint="only finite numbers are computed with"))
    return values


def _header(content: bytes) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape and type of a stored array, and where its numbers begin."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(stream)
    return shape, dtype, stream.tell()


def _too_large(file: str) -> Fault:
    return Fault(f'"{shortened(file)}" holds more than {LARGEST_DATA >> 20} MB of numbers', hint="take fewer samples")


def csv_table(data: bytes, file: str, header: bool = True, delimiter: str | None = None) -> CsvTable:
    """The table of a text file.

    Raises:
        ConfigError: it is no text, too large, or empty.
    """
    if len(data) > LARGEST_TEXT:
        raise ConfigError(Fault(f'"{shortened(file)}" is larger than {LARGEST_TEXT >> 20} MB', hint="store it as npz"))
    decode(data, file, "a table")
    return CsvTable(data, file, header, delimiter)
