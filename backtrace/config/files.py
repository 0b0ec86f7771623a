"""Reads what a config says about its data files: which columns or arrays, under which names, and as what."""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from backtrace.config.datafiles import (
    ARRAYS,
    ArrayTable,
    Codes,
    CsvTable,
    Table,
    Window,
    classes,
    csv_table,
    load,
    stored_arrays,
    windowed,
)
from backtrace.config.records import STEMS, Array, Given, Role, Sample
from backtrace.config.table import DATA_FILE
from backtrace.config.values import Values, boolean_hint
from backtrace.errors import ConfigError, Fault, FileError, did_you_mean, shortened
from backtrace.expressions import is_name
from backtrace.records import dataclass
from backtrace.words import Note
from backtrace.yamlfile import Node

RANGE: Final = r"(\d{1,9})\.\.(\d{1,9})"
NO_SEPARATOR: Final = "has one column: no comma, semicolon or tab in its first line"
ONE_COLUMN: Final = "is it a table? delimiter: says what separates its cells"
NO_NUMBERS: Final = "columns are counted from 1"


@dataclass(frozen=True)
class Chosen:
    """Columns that become one given: a vector, or a number if single."""

    name: str
    columns: tuple[int, ...]
    single: bool
    node: Node


def _contents(path: str) -> str:
    """What is to stand in a data file."""
    return ARRAYS if path.endswith((".npy", ".npz")) else "a header, and a row a sample"


class Files(Values):
    """Reads sections of given values that stand in files; a fault is noted and reading goes on."""

    def __init__(self, faults: list[Fault], stored: Mapping[str, bytes] | None = None) -> None:
        super().__init__(faults)
        self.stored = stored
        """The data files by name, where they are at hand and none is to be opened."""
        self.opened: dict[str, bytes] = {}
        self.unread: set[Fault] = set()
        """Those of the faults that are about files that cannot be read."""
        self.broken: set[str] = set()
        """The files about which all has been said."""
        self.notes: list[Note] = []

    def from_file(self, node: Node, file: Node, role: Role) -> tuple[Sample, int | None]:
        """The arrays that a section takes from its file, and how many samples they have."""
        before = len(self.faults)
        parts = self.keyed(node, DATA_FILE, "a data file")
        if file.kind != "text" or not file.text:
            self.expected(file, "the name of a file", "such as file: data.csv")
        window = self.window(parts["rows"]) if "rows" in parts else Window()
        for first, second in (("column", "columns"), ("columns", "arrays"), ("column", "arrays")):
            if first in parts and second in parts:
                self.fault(parts[second], f"{first}: and {second}: exclude each other", "keep one of them")
        if len(self.faults) > before or window is None or file.text in self.broken:
            return {}, None
        try:
            return self.sampled(self.read_file(parts, file, role, window))
        except (FileError, ConfigError) as error:
            for fault in error.faults:
                self.refuse(fault, file, isinstance(error, FileError))
        return {}, None

    def refuse(self, fault: Fault, file: Node, unreadable: bool) -> None:
        """Note a fault of a file once; of the file as a whole, it stands where the config first names it."""
        self.broken.add(file.text)
        placed = fault if fault.place else replace(fault, place=file.place, width=min(max(len(file.text), 1), 60))
        self.faults.append(placed)
        if unreadable:
            self.unread.add(placed)

    def sampled(self, found: Sample) -> tuple[Sample, int | None]:
        """One row is a single sample, as it is in a list."""
        count = next((len(given.values) for given in found.values()), None)
        if count != 1:
            return found, count
        return {name: replace(given, values=given.values[0]) for name, given in found.items()}, None

    def read_file(self, parts: Mapping[str, Node], file: Node, role: Role, window: Window) -> Sample:
        path = os.path.join(os.path.dirname(file.place.file), file.text)
        data = self.opened[file.text] = self.content(file.text, path)
        if not data.strip():
            raise ConfigError(Fault(f'the file "{shortened(path)}" is empty', hint=_contents(path)))
        arrays = stored_arrays(data, path)
        if arrays is None:
            return self.from_table(self.csv(parts, file, path, data), parts, file, role, window)
        for key in ("header", "delimiter"):
            if key in parts:
                self.fault(parts[key], f"{key}: belongs to CSV", "a file of arrays has no lines")
        if "columns" in parts or "column" in parts:
            if len(arrays) > 1:
                message = f"columns of which array? This file has {len(arrays)}"
                self.fault(parts.get("columns") or parts["column"], message, f"arrays: {_named_hint(list(arrays))}")
                return {}
            return self.from_table(ArrayTable(next(iter(arrays.values()))), parts, file, role, window)
        return self.from_arrays(arrays, parts, file, role, window)

    def content(self, name: str, path: str) -> bytes:
        """The bytes of a data file.

        Raises:
            FileError: it cannot be read, or is not among those at hand.
        """
        if self.stored is None:
            return load(path)
        if name not in self.stored:
            raise FileError(Fault(f'the data file "{shortened(name)}" is not kept with the config'))
        return self.stored[name]

    # ── CSV ──

    def csv(self, parts: Mapping[str, Node], file: Node, path: str, data: bytes) -> CsvTable | None:
        header = self.boolean(parts["header"]) if "header" in parts else None
        delimiter = self.delimiter(parts["delimiter"]) if "delimiter" in parts else None
        if data.removeprefix(b"\xef\xbb\xbf")[:4].lower() == b"sep=":
            self.broken.add(file.text)
            hint = "take the line out; delimiter: says what separates the cells"
            return self.fault(file, f'the first line of "{shortened(file.text)}" is for a spreadsheet alone', hint)
        if "arrays" in parts:
            self.broken.add(file.text)
            return self.fault(parts["arrays"], "arrays: belongs to npz; this file is text", "columns: [x1, x2]")
        if ("header" in parts and header is None) or ("delimiter" in parts and delimiter is None):
            return None
        table = csv_table(data, path, header is not False, delimiter)
        if delimiter and table.width == 1 and (found := table.detected()) in table.first_line():
            self.broken.add(file.text)
            message = f'"{delimiter}" is not in the first line of "{shortened(file.text)}"'
            return self.fault(parts["delimiter"], message, f'leave it out: "{found}" is what separates the cells')
        if table.is_foreign and delimiter is None:
            self.broken.add(file.text)
            return self.fault(file, f'"{shortened(file.text)}" {NO_SEPARATOR}', ONE_COLUMN)
        if header is None and table.looks_headless:
            hint = "header: false if it is a sample, header: true if they are names"
            self.broken.add(file.text)
            return self.fault(file, "the first line has numbers where the names of columns are expected", hint)
        return table

    def delimiter(self, node: Node) -> str | None:
        text = {"tab": "\t"}.get(node.text, node.text)
        if len(text) != 1 or text.isalnum() or text in " \"'.+-\r\n" or node.kind != "text":
            return self.expected(node, "one character between cells, or tab", 'delimiter: ";"')
        return text

    def from_table(
        self, table: Table | None, parts: Mapping[str, Node], file: Node, role: Role, window: Window
    ) -> Sample:
        before = len(self.faults)
        chosen = self.chosen(table, parts, file, STEMS[role]) if table is not None else []
        if table is None or len(self.faults) > before:
            return {}
        if "one_hot" in parts:
            return self.one_hot_column(table, chosen, parts["one_hot"], role, window)
        columns = [column for choice in chosen for column in choice.columns]
        numbers = table.numbers(columns, window)
        found, at = {}, 0
        for choice in chosen:
            values = numbers[:, at : at + len(choice.columns)]
            at += len(choice.columns)
            values = np.ascontiguousarray(values[:, 0] if choice.single else values)
            found[choice.name] = Given(choice.name, role, values, place=choice.node.place)
        return found

    def chosen(self, table: Table, parts: Mapping[str, Node], file: Node, stem: str) -> list[Chosen]:
        """Which columns become which given: by name each its own, without names one vector."""
        if "column" in parts:
            at = self.column(parts["column"], table)
            name = table.names[at] if table.names and at is not None else stem
            return self.checked([Chosen(name, (at,), True, parts["column"])] if at is not None else [])
        node = parts.get("columns", file)
        if node is not file and node.kind == "mapping":
            return self.checked(self.collected(node, table))
        if node is file:
            picked = list(enumerate([file] * table.width))
        else:
            picked = self.columns(node, table, file)
        if table.names is None:
            return [Chosen(stem, tuple(at for at, _ in picked), False, node)] if picked else []
        return self.checked([Chosen(table.names[at], (at,), True, item) for at, item in picked])

    def collected(self, node: Node, table: Table) -> list[Chosen]:
        """A mapping of names to a column, or to several that make a vector."""
        if not node.items():
            self.expected(node, "names with columns", "columns: {x: [a, b]}")
        found = []
        for key, value in node.items():
            single = value.kind in ("text", "number") and not _is_range(value)
            picked = self.columns(value, table) if not single else self.one(value, table)
            if self.checked_name(key) and picked:
                found.append(Chosen(key.text, tuple(at for at, _ in picked), single, key))
        return found

    def checked(self, found: list[Chosen]) -> list[Chosen]:
        """Refuse headings that cannot name a quantity, or would name two."""
        counts = Counter(choice.name for choice in found)
        for choice in found:
            name = shortened(choice.name, 40)
            if counts[choice.name] > 1:
                message, hint = f'{counts[choice.name]} columns are called "{name}"', "columns: {a: 1, b: 2} by number"
                self.fault(choice.node, message, hint)
            elif not is_name(choice.name):
                column = f'"{name}"' if name else choice.columns[0] + 1
                self.fault(choice.node, f'the column "{name}" is no name for a quantity', f"columns: {{x: {column}}}")
        return found

    def columns(self, node: Node, table: Table, file: Node | None = None) -> list[tuple[int, Node]]:
        """The columns of a list or a range, each with the node that names it; each column once."""
        if _is_range(node):
            return self.between(node, table)
        if node.kind != "list" or not list(node):
            self.expected(node, "a list of columns, such as [x1, x2], or a range 1..4")
            return []
        if file is not None and table.width == 1 and len(list(node)) > 1:
            message = f'"{shortened(file.text)}" {NO_SEPARATOR}'
            first = (table.names or ("",))[0]
            comment = "its first line is a comment: take it out"
            self.fault(file, message, comment if first.startswith(("#", "%", "//")) else ONE_COLUMN)
            self.broken.add(file.text)
            return []
        found: dict[int, Node] = {}
        for item in node:
            for at, _ in self.between(item, table) if _is_range(item) else self.one(item, table):
                if at in found:
                    self.fault(item, f"the column {item.text} is asked for twice", "each column once")
                found[at] = item
        return list(found.items())

    def between(self, node: Node, table: Table) -> list[tuple[int, Node]]:
        first, last = map(int, node.text.split(".."))
        if not 1 <= first <= last <= table.width:
            self.fault(node, f"there are no columns {node.text}: the file has {table.width}", NO_NUMBERS)
            return []
        return [(at, node) for at in range(first - 1, last)]

    def one(self, node: Node, table: Table) -> list[tuple[int, Node]]:
        at = self.column(node, table)
        return [] if at is None else [(at, node)]

    def column(self, node: Node, table: Table) -> int | None:
        """One column by its name or its number, counted from 1."""
        if node.kind == "number" and isinstance(node.value, int):
            if 1 <= node.value <= table.width:
                return node.value - 1
            return self.fault(node, f"there is no column {node.text}: the file has {table.width}", NO_NUMBERS)
        if node.kind != "text":
            return self.expected(node, "the name or the number of a column")
        names = table.names or ()
        if names.count(node.text) > 1:
            return self.fault(node, f'{names.count(node.text)} columns are called "{node.text}"', "give the number")
        if node.text in names:
            return names.index(node.text)
        if not names:
            return self.fault(node, "the columns have no names", f"give the number: {NO_NUMBERS}")
        return self.fault(node, f'there is no column "{node.text}"', _missing_hint(node.text, names))

    # ── arrays ──

    def from_arrays(
        self, arrays: Mapping[str, Array], parts: Mapping[str, Node], file: Node, role: Role, window: Window
    ) -> Sample:
        picked = self.arrays(arrays, parts.get("arrays"), file, STEMS[role])
        lengths = {len(arrays[stored]) for stored, _ in picked.values()}
        if len(lengths) > 1:
            message = f"the arrays have different numbers of samples: {', '.join(map(str, sorted(lengths)))}"
            self.fault(parts.get("arrays", file), message, "the first axis of each counts the samples")
            return {}
        found = {}
        for name, (stored, node) in picked.items():
            found[name] = Given(name, role, windowed(arrays[stored], window), place=node.place)
        if "one_hot" not in parts or not found:
            return found
        first = next(iter(found.values()))
        if len(found) > 1 or first.values.ndim != 1:
            self.fault(parts["one_hot"], "one_hot: takes one array of one class a sample")
            return {}
        table = ArrayTable(first.values)
        return self.one_hot_column(
            table, [Chosen(first.name, (0,), True, file)], parts["one_hot"], role, Window(), file
        )

    def arrays(
        self, arrays: Mapping[str, Array], node: Node | None, file: Node, stem: str
    ) -> dict[str, tuple[str, Node]]:
        """The arrays to take: the name of each and what it is called in the file."""
        if list(arrays) == [""]:
            if node is not None:
                self.fault(node, "an npy file has one array, without a name", "leave arrays: out")
            return {} if node is not None else {stem: ("", file)}
        if node is None:
            pairs = [(file, name, name) for name in arrays]
        elif node.kind == "mapping":
            pairs = [(value, key.text, value.text) for key, value in node.items() if self.checked_name(key)]
        elif node.kind == "list":
            pairs = [(item, item.text, item.text) for item in node]
        else:
            self.expected(node, "a mapping of names to arrays, or a list")
            return {}
        found = {}
        for where, name, stored in pairs:
            if stored not in arrays:
                self.fault(where, f'there is no array "{stored}"', _missing_hint(stored, list(arrays)))
            elif not is_name(name):
                self.fault(where, f'the array "{shortened(name, 40)}" is no name for a quantity', "arrays: {x: ...}")
            else:
                found[name] = (stored, where)
        return found

    # ── classes ──

    def one_hot_column(
        self,
        table: Table,
        chosen: Sequence[Chosen],
        node: Node,
        role: Role,
        window: Window,
        file: Node | None = None,
    ) -> Sample:
        """A column of classes as vectors with a 1 at the class."""
        if len(chosen) != 1 or len(chosen[0].columns) != 1:
            self.fault(node, "one_hot: takes one column of classes", "column: species")
            return {}
        choice = chosen[0]
        column = choice.columns[0]
        if node.kind == "boolean":
            if not node.value:
                self.fault(node, "one_hot: false says nothing", "leave it out")
                return {}
            names, codes = classes(table.words(column, window))
            listed = ", ".join(f"{at} {shortened(name, 20)}" for at, name in enumerate(names[:10], start=1))
            more = ", …" * (len(names) > 10)
            self.notes.append(Note("classes", {"name": choice.name, "listed": listed + more}))
            size: int | None = len(names)
        else:
            size = self.count_of_classes(node)
            codes = self.codes(table, column, window, size or 0) if size else np.zeros(0, dtype=np.int64)
        if not size:
            return {}
        values = np.zeros((len(codes), size))
        values[np.arange(len(codes)), codes] = 1
        return {choice.name: Given(choice.name, role, values, place=choice.node.place)}

    def count_of_classes(self, node: Node) -> int | None:
        if node.kind != "number" or not isinstance(node.value, int) or not 1 <= node.value <= 1000:
            return self.expected(
                node, "true, or the number of classes (1 to 1000)", boolean_hint(node) if node.kind == "text" else ""
            )
        return node.value

    def codes(self, table: Table, column: int, window: Window, size: int) -> Codes:
        """Classes that are whole numbers from 0."""
        numbers = table.numbers([column], window)[:, 0]
        wrong = (numbers != np.floor(numbers)) | (numbers < 0) | (numbers >= size)
        if np.any(wrong):
            row = int(np.argmax(wrong))
            place = table.place(row, column, window)
            where = "" if place else f" in row {row + window.first}"
            message = f"expected a class from 0 to {size - 1}{where}, got {numbers[row]:.15g}"
            raise ConfigError(Fault(message, place, "one_hot: true numbers the classes by itself"))
        return numbers.astype(np.int64)

    def window(self, node: Node) -> Window | None:
        """Rows from one to another, counted from 1 without the header."""
        found = re.fullmatch(RANGE, node.text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            return self.expected(node, "rows such as 1..100", "counted from 1, the header is no row")
        return Window(int(found[1]), int(found[2]), node.place)


def _is_range(node: Node) -> bool:
    return node.kind == "text" and re.fullmatch(RANGE, node.text) is not None


def _missing_hint(name: str, known: Sequence[str]) -> str:
    """The nearest name; else those that are names, for other text may be of a file that is no table."""
    there = ", ".join(shortened(other, 30) for other in known if is_name(other))
    return did_you_mean(name, known) or (f"there are: {there}" if there else "is this the right file?")


def _named_hint(arrays: Sequence[str]) -> str:
    return f"{{x: {shortened(arrays[0], 30)}}}"
