"""Reads the bytes of a file and decodes them, with a message for each thing that is in the way."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys

from backtrace.errors import ConfigError, Fault, FileError, Place, did_you_mean, shortened
from backtrace.outputs import note_input
from backtrace.yamlfile.source import Source

# PyYAML takes up to 3 seconds for so much, whatever it is.
LARGEST_FILE = 1024 * 1024


def read(name: str, largest: int = LARGEST_FILE) -> bytes:
    """All bytes of a file, unless it is too large."""
    try:
        with open(name, "rb") as file:
            note_input(file)
            status = os.fstat(file.fileno())
            largest = min(largest, LARGEST_FILE) if stat.S_ISCHR(status.st_mode) else largest
            if status.st_size > largest:
                raise too_large(name, largest)
            data = file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from error
    if len(data) > largest:
        raise too_large(name, largest)
    return data


STDIN = "<stdin>"
"""The name of standard input in messages."""


def standard_input() -> bytes:
    """All bytes of standard input, unless they are too many."""
    try:
        data = sys.stdin.buffer.read(LARGEST_FILE + 1)
    except OSError as error:
        raise unreadable(STDIN, error) from error
    if len(data) > LARGEST_FILE:
        raise too_large(STDIN, LARGEST_FILE)
    return data


def too_large(name: str, largest: int) -> FileError:
    """The error of a file that is refused by its size, before it is read where that is known."""
    return FileError(f'the file "{shortened(name)}" is larger than {largest >> 10} kB')


UNREADABLE = {
    errno.ENOENT: "there is no such file",
    errno.EISDIR: "it is a directory, a file is expected",
    errno.ENOTDIR: "a part of its path is a file, not a directory",
    errno.EACCES: "there is no permission to read it",
    errno.EPERM: "there is no permission to read it",
    errno.ELOOP: "its links lead in a circle",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EMFILE: "too many files are open",
}


def unreadable(name: str, error: OSError | ValueError) -> FileError:
    """The error of a file that the system does not give."""
    code = error.errno if isinstance(error, OSError) else None
    reason = UNREADABLE.get(code or 0) or (error.strerror if isinstance(error, OSError) else None)
    if code == errno.ENOENT and os.path.islink(name):
        reason = f'it is a link to "{shortened(os.readlink(name))}", which is not there'
    hint = _nearest(name) if code == errno.ENOENT else ""
    if not name:
        return FileError(Fault("the name of the file is empty", hint="such as backtrace run configs/example.yaml"))
    reason = reason or "this is not the name of a file"
    return FileError(Fault(f'cannot read "{shortened(name, 150)}": {reason}', hint=hint))


def _nearest(name: str) -> str:
    """The nearest name in the same folder, as a hint."""
    from pathlib import Path

    path = Path(name)
    try:
        others = os.listdir(path.parent)[:1000]
    except OSError:
        return ""
    return did_you_mean(path.name, (other for other in others if other != path.name))


MAGIC = {
    b"\x1f\x8b": "a compressed file (gzip)",
    b"BZh": "a compressed file (bzip2)",
    b"\xfd7zXZ": "a compressed file (xz)",
    b"PK\x03\x04": "a zip file, such as a spreadsheet or an npz",
    b"\x93NUMPY": "a numpy array",
    **{bytes((0x80, version)): "a pickle, which can run code and is never opened" for version in range(2, 6)},
    b"cos\n": "a pickle, which can run code and is never opened",
    b"cposix\n": "a pickle, which can run code and is never opened",
    b"c__builtin__\n": "a pickle, which can run code and is never opened",
    b"cbuiltins\n": "a pickle, which can run code and is never opened",
    b"(\xb5": "a compressed file (zstandard)",
    b"\xd0\xcf\x11\xe0": "a document of an office program",
    b"\x89HDF": "an HDF5 file",
    b"{\\rtf": "a document (RTF)",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"\x7fELF": "a program",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xfe": "UTF-16 or UTF-32",
    b"\xfe\xff": "UTF-16",
    b"\0\0\xfe\xff": "UTF-32",
}


WIDE = re.compile(rb"\0{3}[^\0]|[^\0]\0{3}|\0[^\0]\0[^\0]|[^\0]\0[^\0]\0", re.DOTALL)
"""How text of two or four bytes a character begins that has no mark for it."""


def decode(data: bytes, file: str, expected: str = "YAML") -> str:
    """The text of a file, if it is one."""
    wide = {data[:4]: "UTF-16 or UTF-32"} if WIDE.match(data) else {}
    for magic, what in (MAGIC | wide).items():
        if data.startswith(magic):
            hint = "save the file as UTF-8" if "UTF" in what else "unpack or export it as text first"
            raise ConfigError(Fault(f"this looks like {what}, not like {expected}", Place(file, 1, 1, ""), hint))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        source = Source(data.decode(errors="replace"), file)
        index = len(data[: error.start].decode()) - data.startswith(b"\xef\xbb\xbf")
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
        raise ConfigError(source.fault(index, message, "save the file as UTF-8")) from None
