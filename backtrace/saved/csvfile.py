"""A trace as CSV: a row a number in the order of computation, and a last row with what the trace was made from.

Rows of step 0 are no numbers of an update: the objective of an epoch, and in epoch 0 the header.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
import numpy.typing as npt

from backtrace.config.datafiles import LARGEST_TEXT
from backtrace.errors import shortened
from backtrace.executor import Arrays
from backtrace.expressions import Element
from backtrace.keys import Keys
from backtrace.saved.beginnings import COLUMNS
from backtrace.saved.cells import Cells, cell, key_of
from backtrace.saved.header import (
    VERSION,
    Header,
    from_data,
    header_of,
    moments_data,
    packed,
    refused,
    to_data,
    unpacked,
)  # fmt: skip
from backtrace.saved.rebuilding import Form, Plan
from backtrace.schedule import Moment
from backtrace.trace import Trace
from backtrace.yamlfile.source import Source

WHOLE_EPOCH: Final = "0"
"""The step of a row that is of no update."""
HEADER: Final = b'0,0,,"'
"""What the row of the header begins with; in it quotes are doubled."""
LONGEST_HEADER: Final = 2 * LARGEST_TEXT
NO_OBJECTIVE: Final = "loss"
"""The key of the losses where there is no objective."""
BLOCK: Final = 10_000
"""Rows that are written at a time."""
NUMBER: Final = re.compile(r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan)", re.ASCII | re.IGNORECASE)
NO_HEADER: Final = "it has no row of the header, which begins with 0,0 and is the last one"


class _Heads:
    """What stands before the number in each row, in the order of computation."""

    def __init__(self, plan: Plan) -> None:
        objective = plan.graph.objective if plan.graph.has_loss else None
        self.objective = cell(Keys.of(plan.graph).text(Element(objective)) if objective else NO_OBJECTIVE)
        self.cells: dict[tuple[int, str], Cells] = {}

    def of_epoch(self, epoch: int) -> str:
        """Before the objective of an epoch."""
        return f"{epoch},{WHOLE_EPOCH},,{self.objective},"

    def of_array(self, moment: Moment, name: str, form: Form) -> Iterator[str]:
        """Before each number of an array."""
        lead, cells = f"{moment.epoch},{moment.update},", self.named(name, form)
        if not form.is_sampled(name):
            return (f"{lead},{key}," for key in cells)
        return (f"{lead}{sample},{key}," for sample in range(1, form.shapes[name][0] + 1) for key in cells)

    def named(self, name: str, form: Form) -> Cells:
        """The keys of an array's elements, of any sample."""
        known = id(form), name
        if known not in self.cells:
            self.cells[known] = Cells.of(form.keys, name, form.type(name).shape, form.is_sampled(name))
        return self.cells[known]


# ── writing ──


def pages(trace: Trace, layout: object = None) -> Iterator[str]:
    """The whole trace, piece by piece; what a page would leave out is here too."""
    header = header_of(trace)
    data = {**to_data(header, packed(header.origin.stated.files)), "epochs": moments_data(header)}
    yield f"{COLUMNS}\n"
    rows = _rows(trace, Plan(header, trace.graph, ""))
    while piece := "".join(islice(rows, BLOCK)):
        yield piece
    text = json.dumps(data, ensure_ascii=False).replace('"', '""')
    yield f'{HEADER.decode()}{text}",{VERSION}\n'


def _rows(trace: Trace, plan: Plan) -> Iterator[str]:
    heads, moments = _Heads(plan), _by_epoch(plan.header)
    for epoch, loss in enumerate(_numbers(trace.losses), start=1):
        yield f"{heads.of_epoch(epoch)}{loss!r}\n"
        for moment in moments.get(epoch, ()):
            form = plan.form(plan.header.moments[moment])
            for name, array in trace.recording.records[moment].items():
                for head, number in zip(heads.of_array(moment, name, form), _numbers(array), strict=True):
                    yield f"{head}{number!r}\n"


def _by_epoch(header: Header) -> dict[int, list[Moment]]:
    found: dict[int, list[Moment]] = {}
    for moment in header.moments:
        found.setdefault(moment.epoch, []).append(moment)
    return found


def _numbers(array: npt.NDArray[Any]) -> Iterator[float]:
    flat = array.ravel()
    for at in range(0, flat.size, BLOCK):
        yield from flat[at : at + BLOCK].tolist()


# ── reading ──


def read(file: BinaryIO, name: str) -> Trace:
    """The trace of a CSV file; its rows may be in another order, but all of them must be there.

    Raises:
        ConfigError: it holds none, or not all of one.
    """
    row = header_row(file)
    if row is None:
        raise refused(name, NO_HEADER)
    try:
        data = json.loads(row.decode())
    except (ValueError, RecursionError):
        raise refused(name, "the row of the header is damaged") from None
    moments = data.get("epochs") if isinstance(data, dict) else None
    plan = Plan.of(from_data(data, moments, partial(unpacked, name=name), name), name)
    try:
        return _filled(plan, _InOrder(file))
    except _OtherOrderError:
        return _filled(plan, _ByKey(file, name))


def header_row(file: BinaryIO) -> bytes | None:
    """The header's JSON: of the last row, or of the first below the names, where it comes when rows are sorted."""
    for line in (_last_line(file), _second_line(file)):
        body, end, _ = line.removeprefix(HEADER).rpartition(b'",')
        if line.startswith(HEADER) and end:
            return body.replace(b'""', b'"')
    return None


def _last_line(file: BinaryIO) -> bytes:
    at = file.seek(0, os.SEEK_END)
    tail = b""
    while at and b"\n" not in tail.rstrip() and len(tail) < LONGEST_HEADER:
        size = min(max(len(tail), 1 << 16), at)
        at = file.seek(at - size)
        tail = file.read(size) + tail
    return tail.rstrip().rpartition(b"\n")[2]


def _second_line(file: BinaryIO) -> bytes:
    file.seek(0)
    file.readline(1000)
    return file.readline(LONGEST_HEADER)


def without_header(data: bytes) -> bytes | None:
    """The text of a saved trace with the row of its header left blank; None for other texts."""
    if not data.removeprefix(b"\xef\xbb\xbf").startswith(COLUMNS.encode()) or header_row(io.BytesIO(data)) is None:
        return None
    begin = data.rindex(b"\n" + HEADER) + 1
    end = data.find(b"\n", begin)
    return data[:begin] + (data[end:] if end >= 0 else b"")


class _Rows(Protocol):
    """Gives the numbers of rows by what stands before them."""

    def numbers(self, heads: Iterable[str]) -> Iterator[float]: ...

    def finish(self) -> None:
        """Refuse rows that nobody asked for."""


def _filled(plan: Plan, rows: _Rows) -> Trace:
    """The trace with the numbers of rows."""
    heads, moments = _Heads(plan), _by_epoch(plan.header)
    losses: list[float] = []
    records: dict[Moment, Arrays] = {}
    for epoch in range(1, plan.header.made + 1):
        losses += rows.numbers([heads.of_epoch(epoch)])
        for moment in moments.get(epoch, ()):
            form = plan.form(plan.header.moments[moment])
            records[moment] = {
                name: np.fromiter(rows.numbers(heads.of_array(moment, name, form)), np.float64).reshape(shape)
                for name, shape in form.shapes.items()
            }
    rows.finish()
    return plan.trace(records, losses)


class _OtherOrderError(Exception):
    """A row is not the one that comes next."""


class _InOrder:
    """Rows as they were written, read line by line."""

    def __init__(self, file: BinaryIO) -> None:
        self.lines = _lines(file)
        next(self.lines, "")

    def numbers(self, heads: Iterable[str]) -> Iterator[float]:
        lines = self.lines
        for head in heads:
            line = next(lines, "")
            text = line[len(head) :]
            if not line.startswith(head) or "_" in text:
                raise _OtherOrderError
            try:
                yield float(text)
            except ValueError:
                raise _OtherOrderError from None

    def finish(self) -> None:
        """Refuse rows that nobody asked for."""
        if not next(self.lines, "").startswith(HEADER.decode()):
            raise _OtherOrderError


def _lines(file: BinaryIO) -> Iterator[str]:
    """The lines of a file; what is not UTF-8 in it cannot be a row, and is told by its replacement."""
    file.seek(0)
    for line in file:
        yield line.decode(errors="replace")


class _ByKey:
    """Rows in any order, looked up by what stands before the number."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file, self.name = file, name
        if file.seek(0, os.SEEK_END) > LARGEST_TEXT:
            message = f"its rows are not those that were saved, and more than {LARGEST_TEXT >> 20} MB"
            raise refused(name, message)
        self.rows: dict[str, tuple[int, str]] = {}
        # the header is longer than a cell of csv may be
        lines = ("\n" if line.startswith(HEADER.decode()) else line for line in _lines(file))
        reader = csv.reader(lines)
        next(reader, None)
        try:
            for cells in reader:
                if cells:
                    self.add(reader.line_num, [text.strip() for text in cells])
        except csv.Error as error:
            raise self.refused(reader.line_num, f"this is no row of CSV: {error}") from None

    def add(self, line: int, cells: list[str]) -> None:
        if len(cells) != len(COLUMNS.split(",")):
            raise self.refused(line, f"this row has {len(cells)} fields, expected are {COLUMNS}")
        *lead, key, number = cells
        head = ",".join([*lead, cell(key_of(key)), ""])
        if head in self.rows:
            raise self.refused(line, f"this number stands in line {self.rows[head][0]} already")
        self.rows[head] = line, number

    def numbers(self, heads: Iterable[str]) -> Iterator[float]:
        for head in heads:
            if head not in self.rows:
                hint = "the file was cut off, or rows left out"
                raise refused(self.name, f"the row {shortened(head)} is missing", hint)
            line, number = self.rows.pop(head)
            if not NUMBER.fullmatch(number):
                raise self.refused(line, f'a number is expected at the end of this row, got "{shortened(number, 40)}"')
            yield float(number)

    def finish(self) -> None:
        """Refuse rows that nobody asked for."""
        if self.rows:
            line, _ = next(iter(self.rows.values()))
            raise self.refused(line, "this row is no number of the trace's config")

    def refused(self, line: int, message: str) -> Exception:
        self.file.seek(0)
        place = Source(self.file.read().decode(errors="replace"), self.name).at(line, 1)
        return refused(self.name, message, place=place, width=len(place.source))
