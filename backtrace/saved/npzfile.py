"""A trace as numpy's npz: an array a member, written one after another and read within the sizes of its config."""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from tokenize import TokenError
from typing import IO, Any, BinaryIO, Final, cast

import numpy as np
import numpy.typing as npt

from backtrace.config.datafiles import LARGEST_DATA
from backtrace.errors import ConfigError, shortened, visible
from backtrace.executor import Arrays
from backtrace.saved.header import Header, from_data, header_of, moments_data, refused, to_data
from backtrace.saved.rebuilding import Plan, Shape
from backtrace.schedule import Moment
from backtrace.trace import Trace

BLOCK: Final = 1 << 18
"""Bytes that are read or written at a time."""
NUMBERS: Final = np.dtype(np.float64)
LOCAL_HEADER: Final = 30
LENGTHS_AT: Final = 26
"""Before a member's bytes zip repeats what it is in 30 bytes, its name and a supplement; their lengths stand at 26."""
VERSION: Final = 2
"""Of the format: 1 had a member for each array of each update."""
FOLDERS: Final = ("epochs", "rest")
"""What the names of members begin with: updates on whole batches, and on the smaller last one of an epoch."""
ROOM: Final = 1 << 28
"""Bytes of arrays that are gathered at a time."""
LONGEST_HEADER: Final = 64 * 1024 * 1024
EPOCH_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that the same trace gives the same bytes."""
DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    SyntaxError,
    TokenError,
)
"""What reading a broken zip file, or a broken array in it, raises."""


# ── writing ──


class _Sink:
    """A file for zipfile to write into, whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.pieces.append(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> Iterator[bytes]:
        pieces, self.pieces = self.pieces, []
        yield from pieces


def pages(trace: Trace, layout: object = None) -> Iterator[bytes]:
    """The whole trace, piece by piece; what a page would leave out is here too."""
    header = header_of(trace)
    sink = _Sink()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_STORED) as file:
        for name, array in _members(trace, header):
            yield from _written(file, sink, name, array.shape, [array])
        for name, arrays in _stacks(trace, Plan(header, trace.graph, "")):
            yield from _written(file, sink, name, (len(arrays), *arrays[0].shape), arrays)
    yield from sink.taken()


def _members(trace: Trace, header: Header) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    files = header.origin.stated.files
    data = to_data(header, {name: f"files/{number}" for number, name in enumerate(files, start=1)}, VERSION)
    text = json.dumps({**data, "epochs": moments_data(header)}, ensure_ascii=False)
    yield "header", np.frombuffer(text.encode(), dtype=np.uint8)
    for number, content in enumerate(files.values(), start=1):
        yield f"files/{number}", np.frombuffer(content, dtype=np.uint8)
    yield "losses", trace.losses


def _stacks(trace: Trace, plan: Plan) -> Iterator[tuple[str, Sequence[npt.NDArray[Any]]]]:
    """The arrays by name, of all recorded updates; as many names at a time as there is room for."""
    for folder, (form, moments) in zip(FOLDERS, plan.groups(), strict=True):
        for names in _portions(form.shapes, len(moments)) if moments else ():
            found: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in names}
            for moment in moments:
                record = trace.recording.records[moment]
                for name, arrays in found.items():
                    arrays.append(record[name])
            yield from ((f"{folder}/{name}", arrays) for name, arrays in found.items())


def _portions(shapes: Mapping[str, Shape], count: int) -> Iterator[list[str]]:
    """Names whose arrays, so many of each, find room together."""
    names: list[str] = []
    taken = 0
    for name, shape in shapes.items():
        size = count * math.prod(shape) * NUMBERS.itemsize
        if names and taken + size > ROOM:
            yield names
            names, taken = [], 0
        names.append(name)
        taken += size
    yield names


def _written(
    file: zipfile.ZipFile, sink: _Sink, name: str, shape: Shape, arrays: Sequence[npt.NDArray[Any]]
) -> Iterator[bytes]:
    """Arrays as one member: as numpy.save writes them stacked, in row-major order."""
    dtype = arrays[0].dtype.newbyteorder("<")
    info = zipfile.ZipInfo(f"{name}.npy", EPOCH_OF_ZIP)
    with file.open(info, "w", force_zip64=True) as member:
        member.write(_description(shape, dtype))
        for content in _contents(arrays, dtype):
            for at in range(0, len(content), BLOCK):
                member.write(content[at : at + BLOCK])
                yield from sink.taken()
    yield from sink.taken()


def _contents(arrays: Sequence[npt.NDArray[Any]], dtype: np.dtype[Any]) -> Iterator[memoryview]:
    """The bytes of arrays: large ones from where they lie, small ones many at once."""
    many = max(1, BLOCK // max(arrays[0].nbytes, 1))
    for at in range(0, len(arrays), many):
        part = arrays[at : at + many]
        joined = part[0].ravel() if len(part) == 1 else np.concatenate([each.ravel() for each in part])
        yield joined.astype(dtype, copy=False).data.cast("B") if joined.size else memoryview(b"")


# ── reading ──


def read(file: BinaryIO, name: str) -> Trace:
    """The trace of an npz file.

    Raises:
        ConfigError: it holds none, or is damaged.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            return _Members(packed, file, name).trace()
    except DAMAGE as error:
        raise refused(name, f"it is damaged ({shortened(visible(str(error)), 60)})") from None


class _Records(Mapping[Moment, Arrays]):
    """Recorded updates out of arrays that have those of all updates."""

    def __init__(self, groups: Iterable[tuple[Sequence[Moment], Arrays]]) -> None:
        places = ((moment, (at, stacks)) for moments, stacks in groups for at, moment in enumerate(moments))
        self._places = dict(sorted(places, key=itemgetter(0)))

    def __getitem__(self, moment: Moment) -> Arrays:
        at, stacks = self._places[moment]
        return {name: stack[at, ...] for name, stack in stacks.items()}

    def __iter__(self) -> Iterator[Moment]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class _Members:
    """The members of a file, each read once its size is known to be right."""

    def __init__(self, packed: zipfile.ZipFile, file: BinaryIO, name: str) -> None:
        self.packed, self.file, self.name = packed, file, name
        self.length = _length(file)
        self.version = VERSION

    def trace(self) -> Trace:
        """The trace that they hold."""
        if "header.npy" not in self.packed.namelist():
            raise refused(self.name, "it has no array called header", "is it another program's npz?")
        self.check_sizes()
        header = self.header()
        plan = Plan.of(header, self.name)
        losses = self.array("losses", (header.made,))
        return plan.trace(self.records(plan) if self.version > 1 else self.records_by_update(plan), losses)

    def records(self, plan: Plan) -> _Records:
        """The recorded updates."""
        groups = []
        for folder, (form, moments) in zip(FOLDERS, plan.groups(), strict=True):
            shapes = form.shapes.items() if moments else ()
            stacks = {name: self.array(f"{folder}/{name}", (len(moments), *shape)) for name, shape in shapes}
            groups.append((moments, stacks))
        return _Records(groups)

    def records_by_update(self, plan: Plan) -> dict[Moment, Arrays]:
        """The same from the first version of the format: a member EPOCH/STEP/NAME for each array of each update."""
        return {
            moment: {
                name: self.array(f"{moment.epoch}/{moment.update}/{name}", shape)
                for name, shape in plan.form(batch).shapes.items()
            }
            for moment, batch in plan.header.moments.items()
        }

    def check_sizes(self) -> None:
        """Refuse members that claim more than the file holds: what is stored as it is takes its own size."""
        for info in self.packed.infolist():
            if info.compress_type != zipfile.ZIP_STORED:
                raise refused(self.name, f'"{shortened(info.filename)}" is compressed', "numpy.savez does not compress")
        if sum(max(info.file_size, info.compress_size) for info in self.packed.infolist()) > self.length:
            raise refused(self.name, "its arrays are larger than the file")

    def header(self) -> Header:
        text = self.bytes("header", LONGEST_HEADER)
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            raise refused(self.name, "its header is no JSON") from None
        moments = data.get("epochs") if isinstance(data, dict) else None
        found = from_data(data, moments, self.files, self.name, VERSION)
        self.version = data["version"]
        return found

    def files(self, members: Mapping[str, str]) -> dict[str, bytes]:
        """The data files by name."""
        return {file: self.bytes(member, LARGEST_DATA) for file, member in members.items()}

    def bytes(self, name: str, most: int) -> bytes:
        size = self.info(name).file_size
        if size > most:
            raise refused(self.name, f'"{shortened(name)}" is larger than {most >> 20} MB')
        return self.array(name, None, np.dtype(np.uint8)).tobytes()

    def info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self.packed.getinfo(f"{name}.npy")
        except KeyError:
            raise refused(self.name, f'the array "{shortened(name)}" is missing') from None

    def array(self, name: str, shape: Shape | None, dtype: np.dtype[Any] = NUMBERS) -> npt.NDArray[Any]:
        """A member of that shape and type; of any length where no shape is known."""
        info = self.info(name)
        start = self.start(info)
        stated, by_columns, found = _described(self.file, shape, dtype)
        wanted = (max(info.file_size, 0),) if shape is None else shape
        fits = len(stated) == 1 and stated[0] <= wanted[0] if shape is None else stated == wanted
        if not fits or found != dtype:
            raise self.misfit(name, stated, found, shape, dtype)
        flat = np.empty(math.prod(stated), dtype)
        self.fill(info, start, flat)
        return flat.reshape(stated, order="F" if by_columns else "C")

    def start(self, info: zipfile.ZipInfo) -> int:
        """Where a member's own bytes begin, past what zip says of it; the file stands there then."""
        self.packed.open(info).close()  # refuses what is not as the list of members says
        self.file.seek(info.header_offset + LENGTHS_AT)
        lengths = self.file.read(4)
        return self.file.seek(info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", lengths)))

    def fill(self, info: zipfile.ZipInfo, start: int, flat: npt.NDArray[Any]) -> None:
        """Read all numbers of a member straight into their place, and compare the check sum."""
        room = flat.data.cast("B") if flat.size else memoryview(bytearray())
        described = self.file.tell() - start
        if described + len(room) != info.file_size:
            fault = "is cut off" if described + len(room) > info.file_size else "has more numbers than it states"
            raise ValueError(f"an array {fault}")
        self.file.seek(start)
        check = zlib.crc32(self.file.read(described))
        for at in range(0, len(room), BLOCK):
            piece = room[at : at + BLOCK]
            if self.file.readinto(piece) != len(piece):  # type: ignore[attr-defined]
                raise ValueError("an array is cut off")
            check = zlib.crc32(piece, check)
        if check != info.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")

    def misfit(
        self, name: str, stated: Shape, found: np.dtype[Any], shape: Shape | None, dtype: np.dtype[Any]
    ) -> ConfigError:
        wanted = "one row" if shape is None else _size(shape)
        message = f'the array "{shortened(name)}" is {_size(stated)} of {found}, expected is {wanted} of {dtype}'
        return refused(self.name, message, "its config gives other shapes: the file was changed")


def _described(file: BinaryIO, shape: Shape | None, dtype: np.dtype[Any]) -> tuple[Shape, bool, np.dtype[Any]]:
    """Shape, order and type of a stored array; as they should be where its description is what is written for them."""
    at = file.tell()
    usual = b"" if shape is None else _description(shape, dtype)
    if usual and file.read(len(usual)) == usual:
        return shape or (), False, dtype
    file.seek(at)
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return reader(file)


@lru_cache(maxsize=1024)
def _description(shape: Shape, dtype: np.dtype[Any]) -> bytes:
    """What stands before the numbers of an array in row-major order, as numpy.save writes it."""
    text = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(text, described)
    return text.getvalue()


def _size(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "one number"


def _length(file: BinaryIO) -> int:
    before = file.tell()
    length = file.seek(0, os.SEEK_END)
    file.seek(before)
    return length
