"""A trace as numpy's npz: an array a member, written one after another and read within the sizes of its config."""

from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import IO, Any, BinaryIO, Final, cast

import numpy as np
import numpy.typing as npt

from backtrace.config.datafiles import LARGEST_DATA
from backtrace.errors import ConfigError, shortened, visible
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
LONGEST_HEADER: Final = 64 * 1024 * 1024
EPOCH_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every member, so that the same trace gives the same bytes."""
DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
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
            yield from _written(file, sink, name, array)
    yield from sink.taken()


def _members(trace: Trace, header: Header) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    files = header.origin.stated.files
    data = to_data(header, {name: f"files/{number}" for number, name in enumerate(files, start=1)})
    text = json.dumps({**data, "epochs": moments_data(header)}, ensure_ascii=False)
    yield "header", np.frombuffer(text.encode(), dtype=np.uint8)
    for number, content in enumerate(files.values(), start=1):
        yield f"files/{number}", np.frombuffer(content, dtype=np.uint8)
    yield "losses", trace.losses
    for moment in header.moments:
        for name, array in trace.recording.records[moment].items():
            yield _member(moment, name), array


def _member(moment: Moment, name: str) -> str:
    return f"{moment.epoch}/{moment.update}/{name}"


def _written(file: zipfile.ZipFile, sink: _Sink, name: str, array: npt.NDArray[Any]) -> Iterator[bytes]:
    """An array as a member: as numpy.save writes it, in row-major order."""
    dtype = array.dtype.newbyteorder("<")
    flat = np.ravel(array).astype(dtype, copy=False)
    info = zipfile.ZipInfo(f"{name}.npy", EPOCH_OF_ZIP)
    with file.open(info, "w", force_zip64=True) as member:
        member.write(_description(array.shape, dtype))
        content = flat.data.cast("B") if flat.size else memoryview(b"")
        for at in range(0, len(content), BLOCK):
            member.write(content[at : at + BLOCK])
            yield from sink.taken()
    yield from sink.taken()


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


class _Members:
    """The members of a file, each read once its size is known to be right."""

    def __init__(self, packed: zipfile.ZipFile, file: BinaryIO, name: str) -> None:
        self.packed, self.file, self.name = packed, file, name
        self.length = _length(file)

    def trace(self) -> Trace:
        """The trace that they hold."""
        if "header.npy" not in self.packed.namelist():
            raise refused(self.name, "it has no array called header", "is it another program's npz?")
        self.check_sizes()
        header = self.header()
        plan = Plan.of(header, self.name)
        losses = self.array("losses", (header.made,))
        records = {}
        for moment, batch in header.moments.items():
            shapes = plan.form(batch).shapes
            records[moment] = {name: self.array(_member(moment, name), shape) for name, shape in shapes.items()}
        return plan.trace(records, losses)

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
        return from_data(data, moments, self.files, self.name)

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
