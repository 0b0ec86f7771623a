"""Lines on a terminal: colours where there is one, plain text everywhere else."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from backtrace.render.lines import Line

STYLES = {
    "title": "bold",
    "rule": "dim",
    "heading": "bold cyan",
    "layer": "bold",
    "value": "green",
    "dim": "dim",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "curve 1": "cyan",
    "curve 2": "yellow",
    "curve 3": "magenta",
    "curve 4": "green",
    "curve 5": "red",
    "curve 6": "blue",
}
NEEDED = "∂₁⁺·½ᵀ─…█²η"
NARROWEST, USUAL = 40, 80
PATIENCE = 1.0
"""Seconds before a progress bar appears."""


def width() -> int:
    """The columns of the terminal: COLUMNS if set, else the terminal's own, else 80."""
    return max(NARROWEST, _columns_set() or _columns_there() or USUAL)


def _columns_set() -> int:
    try:
        return max(0, int(os.environ.get("COLUMNS", "")))
    except ValueError:
        return 0


def _columns_there() -> int:
    # shutil asks the same, and imports what compresses files
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 0


def needs_ascii(stream: TextIO) -> bool:
    """Whether the stream cannot write the signs of a formula."""
    return not can_write(stream, NEEDED)


def can_write(stream: TextIO, signs: str) -> bool:
    """Whether the stream can write these signs."""
    try:
        signs.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def coloured(stream: TextIO) -> bool:
    """Whether colours are wanted: on a terminal, unless NO_COLOR says otherwise; FORCE_COLOR insists."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def print_lines(lines: Iterable[Line], stream: TextIO | None = None) -> None:
    """Print lines as they come, to standard output unless told otherwise."""
    out = stream or sys.stdout
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="backslashreplace")
    if coloured(out):
        _print_coloured(lines, out)
        return
    for line in lines:
        out.write("".join([span.text for span in line]).rstrip() + "\n")


def _print_coloured(lines: Iterable[Line], out: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, force_terminal=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines:
        text = Text()
        for span in line:
            text.append(span.text, style=STYLES.get(span.role, ""))
        text.rstrip()
        console.print(text)


class ProgressBar:
    """A bar on standard error for what takes longer than a second; nothing where that is no terminal."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.start = time.monotonic()
        self.bar: Any = None
        self.task: Any = None

    def __call__(self, done: int) -> None:
        """So many epochs are done."""
        if self.bar is None and time.monotonic() - self.start > PATIENCE and sys.stderr.isatty():
            self._open()
        if self.bar is not None:
            self.bar.update(self.task, completed=done)

    def _open(self) -> None:
        atexit.register(_show_cursor)
        from rich.console import Console
        from rich.progress import Progress

        self.bar = Progress(console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task("epochs", total=self.total)
        self.bar.start()

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()
            atexit.unregister(_show_cursor)


def _show_cursor() -> None:
    """Clear the line of a bar that a signal ended, and show what it hid."""
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), b"\r\x1b[K\x1b[?25h")
