"""Saved traces: written as npz, JSON or CSV, and read again with everything that was recorded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Final

from backtrace.errors import ConfigError, Fault, UsageError, shortened, visible
from backtrace.outputs import note_input, write
from backtrace.records import dataclass
from backtrace.saved.beginnings import COLUMNS, FIRST, FORMAT, MAGIC
from backtrace.yamlfile.files import unreadable

if TYPE_CHECKING:
    from backtrace.trace import Trace

__all__ = ["FORMATS", "Saved", "begins_saved", "format_of", "is_saved", "load", "loaded", "save"]

BEGINNING: Final = 400
"""So many bytes tell in which format a trace is saved."""
BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Saved:
    """A format of saved traces: the module that writes and reads it, and how its files begin."""

    module: str
    begins: Callable[[bytes], bool]

    def pages(self, trace: Trace) -> Iterator[str] | Iterator[bytes]:
        """A trace in this format, piece by piece."""
        found: Iterator[str] | Iterator[bytes] = import_module(self.module).pages(trace)
        return found

    def read(self, file: BinaryIO, name: str) -> Trace:
        """The trace of a file of that name."""
        found: Trace = import_module(self.module).read(file, name)
        return found


FORMATS: Final[Mapping[str, Saved]] = {
    "npz": Saved("backtrace.saved.npzfile", lambda data: data.startswith(MAGIC)),
    "json": Saved(
        "backtrace.saved.jsonfile", lambda data: data.lstrip().startswith(b"{") and f'"{FORMAT}"'.encode() in data
    ),
    "csv": Saved("backtrace.saved.csvfile", lambda data: data.startswith(COLUMNS.encode())),
}
"""The formats by the endings of their files."""


def save(trace: Trace, path: str | os.PathLike[str], force: bool = False) -> None:
    """Save a trace in the format of the file's ending; as far as its numbers stayed finite.

    Raises:
        FileError: there is such a file and ``force`` is not given, or it cannot be written.
        UsageError: the ending is another one, or the trace cannot be saved so.
    """
    name = os.fspath(path)
    format_ = format_named(name)
    finite = trace.finite
    if finite is None:
        raise UsageError(Fault("the numbers left the finite range in the first epoch: there is nothing to save"))
    write(name, format_.pages(finite), force)


def format_named(name: str) -> Saved:
    """The format that the ending of a file's name tells.

    Raises:
        UsageError: it tells none.
    """
    ending = name.rpartition(".")[2].lower()
    if ending not in FORMATS:
        message = f"the name {visible(name)} tells no format of saved traces"
        raise UsageError(Fault(message, hint=f"an ending of {', '.join(f'.{one}' for one in FORMATS)}"))
    return FORMATS[ending]


def load(path: str | os.PathLike[str]) -> Trace:
    """Load a saved trace, whatever its format: with everything recorded, and nothing trained again.

    Raises:
        FileError: the file cannot be read.
        ConfigError: it is no saved trace, or was changed.

    >>> import backtrace, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     backtrace.run("configs/example.yaml").save(f"{folder}/t.npz")
    ...     round(backtrace.load(f"{folder}/t.npz")["dE_tot/dU11"], 8)
    0.02592286
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            note_input(file)
            return loaded(file, name)
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from None


def loaded(file: BinaryIO, name: str) -> Trace:
    """The trace of an open file.

    Raises:
        ConfigError: it is no saved trace, or was changed.
    """
    found = format_of(file.read(BEGINNING))
    if found is None:
        hint = 'trace.save("t.npz") or backtrace run CONFIG -o t.npz saves one'
        raise ConfigError(Fault(f'"{shortened(name)}" is no saved trace', hint=hint))
    file.seek(0)
    return found.read(file, name)


def format_of(beginning: bytes) -> Saved | None:
    """The format in which a file that begins so has a saved trace, or None."""
    data = beginning.removeprefix(BOM)
    return next((each for each in FORMATS.values() if each.begins(data[:BEGINNING])), None)


def begins_saved(beginning: bytes) -> bool:
    """Whether a file that begins so is a saved trace, and no other program's zip file."""
    foreign = beginning.startswith(MAGIC) and FIRST not in beginning
    return not foreign and format_of(beginning) is not None


def is_saved(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a saved trace by its beginning; not where it cannot be read, or only once as a pipe."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return begins_saved(file.read(BEGINNING))
    except (OSError, ValueError):
        return False
