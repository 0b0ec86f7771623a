"""Files that are written: whole or not at all, and never over another one unless that is asked for."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Final

from backtrace.errors import Fault, FileError, visible

Pieces = Iterable[str] | Iterable[bytes]

PREFIX: Final = ".backtrace-"
SUFFIX: Final = ".tmp"
"""How temporary files are called, in the folder of the file that they become."""
DAY: Final = 24 * 3600.0
"""Seconds; where files cannot be locked, a temporary one that is older is of a run that was killed."""
SPOOLED: Final = 1 << 24
"""Bytes for a pipe or device that are kept in memory until all are made; more lie in a temporary file."""

UNWRITABLE: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EFBIG: "it would be larger than files may be here",
    errno.EROFS: "the disk can only be read",
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "there is no permission to write there",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.ELOOP: "its links lead in a circle",
    errno.ENAMETOOLONG: "the name is too long",
}

_inputs: set[tuple[int, int]] = set()
_planned: dict[tuple[int, int], str] = {}
_protecting = False


def protect_inputs() -> None:
    """From now on refuse to write over a file that was read, even if that is asked for."""
    global _protecting
    forget()
    _protecting = True


def forget() -> None:
    """Protect no file any longer."""
    global _protecting
    _protecting = False
    _inputs.clear()
    _planned.clear()


def note_input(file: IO[bytes]) -> None:
    """A file is read: where inputs are protected, no output may replace it.

    Raises:
        FileError: one is meant to.
    """
    if _protecting:
        identity = _identity(os.fstat(file.fileno()))
        _inputs.add(identity)
        if identity in _planned:
            raise _is_input(_planned[identity])


def _is_input(name: str) -> FileError:
    message = f"{visible(name)} is read by this command, which does not write over it"
    return FileError(Fault(message, hint="give another name"))


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


# ── refusing ──


def refuse_other(name: str, force: bool) -> None:
    """Refuse to write over a file.

    Raises:
        FileError: there is one of that name, and ``force`` does not say to write over it, or it is an input; or the
            name is none of a file.
    """
    found = _status(name)
    if not name:
        raise FileError(Fault("the name of the file is empty", hint="give the name of a file"))
    if name.endswith(("/", os.sep)) or (found and stat.S_ISDIR(found.st_mode)):
        raise FileError(Fault(f"{visible(name)} is a folder", hint="give the name of a file"))
    if found is None or not stat.S_ISREG(found.st_mode):
        return
    if _identity(found) in _inputs:
        raise _is_input(name)
    if not force:
        raise FileError(Fault(f"{visible(name)} exists already", hint="give another name, or --force"))


def refuse_early(name: str, force: bool) -> None:
    """Refuse what ``write`` would refuse, as far as that is known before there is anything to write.

    Raises:
        FileError: as ``refuse_other``; or there is no folder for the file, or nothing may be written into it.
    """
    refuse_other(name, force)
    if _protecting and (found := _status(name)) is not None:
        _planned[_identity(found)] = name
    folder = os.path.dirname(os.path.realpath(name))
    if not is_stream(name) and not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
        raise _unwritable(name, PermissionError(errno.EACCES, "") if os.path.isdir(folder) else FileNotFoundError())


def _status(name: str) -> os.stat_result | None:
    """What the system says of a file, None where there is none."""
    try:
        return os.stat(name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unwritable(name, error) from None


def is_stream(name: str) -> bool:
    """Whether there is a pipe or a device of that name: it has no other name to be written under."""
    found = _status(name)
    return found is not None and not stat.S_ISREG(found.st_mode)


def _unwritable(name: str, error: OSError | ValueError) -> FileError:
    """The error of a file that the system does not take."""
    if isinstance(error, FileNotFoundError):
        folder = os.path.dirname(os.path.realpath(name) if os.path.islink(name) else name)
        return FileError(Fault(f"{visible(name)} cannot be written: there is no folder {visible(folder)}"))
    return FileError(Fault(f"{visible(name)} cannot be written: {reason(error)}"))


def reason(error: OSError | ValueError) -> str:
    """Why the system does not take a file, in words."""
    if not isinstance(error, OSError):
        return "this is not the name of a file"
    return UNWRITABLE.get(error.errno or 0) or error.strerror or str(error)


@contextlib.contextmanager
def _said(name: str) -> Iterator[None]:
    """What the system refuses is said of a file; a reader that closed its pipe is another matter."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(name, error) from None


# ── writing ──


def write(path: str | os.PathLike[str], pieces: Pieces, force: bool = False) -> None:
    """Write texts (as UTF-8) or bytes, one after another, into a new file; with ``force`` over another one too.

    Raises:
        FileError: the file is there already, or cannot be written; nothing is left of it then.
    """
    write_all({os.fspath(path): pieces}, force)


def write_all(contents: Mapping[str, Pieces], force: bool = False) -> None:
    """Write several files, by their paths: all of them or none, each by its name only when all are complete.

    Raises:
        FileError: as ``write``; nothing is left of any of them then.
    """
    for path in contents:
        refuse_other(path, force)
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(_opened(path)) for path in contents]
        for output, pieces in zip(made, contents.values(), strict=True):
            output.fill(pieces)
        published: list[_Output] = []
        try:
            for output in made:
                output.publish(force)
                published.append(output)
        except BaseException:
            for output in published:
                output.withdraw()
            raise


def holds(path: str, text: str) -> bool:
    """Whether a file is there that has exactly this text, so that nothing is lost if it stays."""
    try:
        with open(path, "rb") as file:
            return file.read() == text.encode()
    except OSError:
        return False


def _opened(name: str) -> _Output:
    with _said(name):
        return _Stream(name) if is_stream(name) else _File(name)


class _Output(contextlib.AbstractContextManager["_Output"]):
    """What is written before it goes by its name."""

    file: IO[bytes]

    def __init__(self, name: str) -> None:
        self.name = name

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fill(self, pieces: Pieces) -> None:
        """Write all of it."""
        for piece in pieces:
            with _said(self.name):
                self.file.write(piece.encode() if isinstance(piece, str) else piece)
        with _said(self.name):
            self.file.flush()

    def publish(self, force: bool) -> None:
        """Give it its name."""
        raise NotImplementedError

    def withdraw(self) -> None:
        """Take it back, as far as nothing was there before."""


class _Stream(_Output):
    """What goes into a pipe or a device, once all of it is made."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.file = _spool()

    def publish(self, force: bool) -> None:
        """Write it."""
        self.file.seek(0)
        with _said(self.name), open(self.name, "wb", buffering=0) as stream:
            while piece := self.file.read(1 << 20):
                left = memoryview(piece)
                while left:
                    left = left[stream.write(left) :]


def _spool() -> IO[bytes]:
    from tempfile import SpooledTemporaryFile

    return SpooledTemporaryFile(SPOOLED)


class _File(_Output):
    """A file in the making, under a temporary name beside its own, locked while this process lives."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.target = os.path.realpath(name)
        self.folder = os.path.dirname(self.target)
        sweep(self.folder)
        self.file, self.temporary = _temporary(self.folder)
        self.new = False
        atexit.register(self.discard)  # also where a signal ends the process

    def discard(self) -> None:
        """Take the temporary name away."""
        with contextlib.suppress(OSError):
            os.unlink(self.temporary)

    def __exit__(self, *_: object) -> None:
        if os.name == "nt":  # where no open file can be renamed or removed
            self.file.close()
        self.discard()
        atexit.unregister(self.discard)
        with contextlib.suppress(OSError):
            self.file.close()

    def fill(self, pieces: Pieces) -> None:
        """Write all of it, so that it is on the disk."""
        super().fill(pieces)
        with _said(self.name):
            os.fsync(self.file.fileno())

    def publish(self, force: bool) -> None:
        """Give it its name, in one step; of several that do so at once without ``force`` one succeeds."""
        refuse_other(self.name, force)
        if os.name == "nt":
            self.file.close()
        with _said(self.name):
            self.new = not os.path.lexists(self.target)
            if force:
                _take_rights(self.temporary, self.target)
                os.replace(self.temporary, self.target)
            elif not _name_anew(self.temporary, self.target):
                raise FileError(Fault(f"{visible(self.name)} exists already", hint="give another name, or --force"))
        _sync(self.folder)

    def withdraw(self) -> None:
        """Take it back, if nothing was there before."""
        if self.new:
            with contextlib.suppress(OSError):
                os.unlink(self.target)


def _take_rights(temporary: str, target: str) -> None:
    """The rights of the file that is written over stay."""
    if os.path.exists(target):
        os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))


def _name_anew(temporary: str, target: str) -> bool:
    """Give a file a name that no other has; False where another has it."""
    try:
        os.link(temporary, target)
        return True
    except FileExistsError:
        return False
    except (OSError, AttributeError):
        return _replace_claimed(temporary, target)


def _replace_claimed(temporary: str, target: str) -> bool:
    """The same on a disk without links: the name is taken by an empty file, which is replaced at once."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    try:
        os.replace(temporary, target)
    except OSError:
        os.unlink(target)
        raise
    return True


def _sync(folder: str) -> None:
    """Let the folder too reach the disk, where a system has that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# ── temporary files ──


def _temporary(folder: str) -> tuple[IO[bytes], str]:
    """A new file in a folder, locked; another one where somebody took it for left behind before it was."""
    while True:
        path = os.path.join(folder, f"{PREFIX}{os.urandom(8).hex()}{SUFFIX}")
        file = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666), "wb")
        if _lock(file.fileno()) is not False and os.fstat(file.fileno()).st_nlink:
            return file, path
        file.close()


def sweep(folder: str) -> None:
    """Remove what killed runs left in a folder: our temporary files that no living process has locked."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(PREFIX) and name.endswith(SUFFIX):
                with contextlib.suppress(OSError):
                    _remove_abandoned(os.path.join(folder, name))


def _remove_abandoned(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        found = os.fstat(handle)
        own = stat.S_ISREG(found.st_mode) and found.st_uid == getattr(os, "geteuid", lambda: found.st_uid)()
        free = _lock(handle)
        if free is None:
            import time

            free = time.time() - found.st_mtime > DAY
        if own and free:
            os.unlink(path)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool | None:
    """Lock a file until it is closed: whether nobody else has it; None where there are no locks."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
