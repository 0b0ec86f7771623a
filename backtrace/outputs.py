"""Files that are written: whole or not at all, and never over another one unless that is asked for."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from backtrace.errors import Fault, FileError, visible


def write(path: str | os.PathLike[str], pieces: Iterable[str] | Iterable[bytes], force: bool = False) -> None:
    """Write texts (as UTF-8) or bytes, one after another, into a new file; with ``force`` over another one too.

    Raises:
        FileError: the file is there already, or cannot be written; nothing is left of it then.
    """
    with whole(path, force) as file:
        for piece in pieces:
            file.write(piece.encode() if isinstance(piece, str) else piece)


def write_all(texts: Mapping[str, Iterable[str]], force: bool = False) -> None:
    """Write several files, by their paths: all of them or none.

    Raises:
        FileError: as ``write``; nothing is left of any of them then.
    """
    for path in texts:
        refuse_other(path, force)
    with contextlib.ExitStack() as stack:
        opened = {path: stack.enter_context(whole(path, force)) for path in texts}
        for path, pieces in texts.items():
            for piece in pieces:
                opened[path].write(piece.encode())


def holds(path: str, text: str) -> bool:
    """Whether a file is there that has exactly this text, so that nothing is lost if it stays."""
    try:
        with open(path, "rb") as file:
            return file.read() == text.encode()
    except OSError:
        return False


@contextlib.contextmanager
def whole(path: str | os.PathLike[str], force: bool = False) -> Iterator[BinaryIO]:
    """A file to write into, which goes by its name when all is written; what fails on the way leaves nothing.

    Raises:
        FileError: as ``write``.
    """
    name = os.fspath(path)
    refuse_other(name, force)
    try:
        target = os.path.realpath(name)
        if os.path.lexists(target) and not os.path.isfile(target):
            with open(target, "wb", buffering=0) as device:  # a pipe or /dev/full has no other name to be written under
                yield device
            return
        with _temporary(target) as (file, temporary):
            yield file
            file.flush()
            os.fsync(file.fileno())
            file.close()
            refuse_other(name, force)
            os.replace(temporary, target)
    except OSError as error:
        raise FileError(Fault(f"{visible(name)} cannot be written: {error.strerror or error}")) from None


def refuse_other(name: str, force: bool) -> None:
    """Refuse to write over a file.

    Raises:
        FileError: there is one of that name, and ``force`` does not say to write over it.
    """
    if os.path.isdir(name):
        raise FileError(Fault(f"{visible(name)} is a folder", hint="give the name of a file"))
    if os.path.isfile(name) and not force:
        raise FileError(Fault(f"{visible(name)} exists already", hint="give another name, or --force"))


@contextlib.contextmanager
def _temporary(target: str) -> Iterator[tuple[BinaryIO, str]]:
    """A file beside the one that is meant, with its rights; gone in the end unless it was renamed."""
    import secrets

    folder, base = os.path.split(target)
    temporary = os.path.join(folder, f".{base[:50]}.{secrets.token_hex(4)}.tmp")
    rights = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else None
    with open(temporary, "xb") as file:
        try:
            if rights is not None:
                os.chmod(temporary, rights)
            yield file, temporary
        finally:
            file.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
