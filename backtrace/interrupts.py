"""Ctrl-C and SIGTERM: the end at once, or after a step where a training can be shown as far as it came."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Final

SIGNALS: Final = ("SIGINT", "SIGTERM")
"""What ends a command; not every system has both."""
PATIENCE: Final = 0.25
"""Seconds; where a step takes longer, it is said that its end is waited for."""


class Interruption:
    """What came and what is to be done about it: ``code`` is the exit code once something came, else 0."""

    def __init__(self) -> None:
        self.code = 0
        self.listening = False
        self.since = 0.0

    @contextmanager
    def at_the_end_of_a_step(self) -> Iterator[None]:
        """Meanwhile the first signal is only noted; ``came`` tells it at the end of a step."""
        self.listening = True
        self.came()
        try:
            yield
        finally:
            self.listening = False

    def came(self) -> bool:
        """Whether to stop, asked at the end of a step."""
        self.since = monotonic()
        return self.code != 0

    def receive(self, number: int, frame: object = None) -> None:
        """Take a signal: the second one, and any where nothing can be shown, ends the process."""
        if self.code or not self.listening:
            _end(128 + number)
        self.code = 128 + number
        if monotonic() - self.since > PATIENCE:
            _say("stopping at the end of this step; once more stops at once")


CURRENT: Final = Interruption()


def forget() -> None:
    """Nothing came."""
    CURRENT.code = 0


def install() -> None:
    """Take the signals, unless the process was started to ignore them or another thread has that right."""
    import signal

    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(ValueError, OSError):
                signal.signal(number, CURRENT.receive)


def _end(code: int) -> None:
    """Leave with nothing half done: what is registered for the end takes temporary files away."""
    atexit._run_exitfuncs()
    _say("stopped")
    os._exit(code)


def _say(text: str) -> None:
    """Write a line past the buffers, in the middle of whose work a signal may come."""
    with suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), f"{text}\n".encode())
