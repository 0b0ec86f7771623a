"""The commands: the only package that prints or exits."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import Final, NoReturn

from backtrace import __version__

MANY_OBJECTS: Final = 100_000
"""New objects between two searches for garbage: after every 700, as Python does, they take a twentieth of a run."""


def program() -> NoReturn:
    """Run a command as a process of its own; nothing is taken apart at the end, which takes Python a tenth of a run."""
    gc.set_threshold(MANY_OBJECTS)
    try:
        main()
    except SystemExit as end:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:  # closed
                with suppress(OSError, ValueError):
                    stream.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


def main() -> NoReturn:
    """Run a command; every error becomes a message on standard error and an exit code."""
    _one_blas_thread()
    try:
        code = _answered()
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        code = _ended_by(error)
    sys.exit(int(code))


def _one_blas_thread() -> None:
    """One thread unless told otherwise: on small arrays a second one costs more than it gives."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _answered() -> int:
    """The exit code of a command that ran; typer is imported where there are options to be read."""
    match sys.argv[1:]:
        case ["--version"]:
            print(f"backtrace {__version__}")
        case ["run", config] if not config.startswith("-"):
            from backtrace.cli.plain import run

            run(config)
        case _:
            from backtrace.cli.app import app

            return app(standalone_mode=False) or 0
    return 0


def _ended_by(error: BaseException) -> int:
    """The exit code of a command that an error ended, which is said."""
    import signal

    from typer import Abort
    from typer.exceptions import TyperException

    from backtrace.cli.session import ClosedPipeError
    from backtrace.errors import BacktraceError

    match error:
        case TyperException():
            return _say(f"backtrace: {error.format_message()}", error.exit_code)
        case BacktraceError():
            return _say(str(error), error.exit_code)
        case ClosedPipeError():
            # what is still buffered has nowhere to go, and Python must not try again at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        case KeyboardInterrupt() | Abort():
            return _say("stopped", 128 + signal.SIGINT)
    return _bug(error)


def _say(text: str, code: int) -> int:
    if sys.stderr is None:  # closed: print would write to standard output
        return code
    sys.stdout.flush()
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="backslashreplace")
    print(text, file=sys.stderr)
    return code


def _bug(error: BaseException) -> int:
    from backtrace.errors import visible

    if "--debug" in sys.argv:
        raise error
    what = f"{type(error).__name__}: {visible(str(error))[:200]}"
    return _say(f"backtrace: this is a bug of backtrace ({what})\n  hint: --debug shows where; please report it", 70)
