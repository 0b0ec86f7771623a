"""The commands: the only package that prints or exits."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import Final, NoReturn

from backtrace import __version__

STREAMS: Final = ("stdin", "stdout", "stderr")
MANY_OBJECTS: Final = 100_000
"""New objects between two searches for garbage: after every 700, as Python does, they take a twentieth of a run."""


def program() -> NoReturn:
    """Run a command as a process of its own; nothing is taken apart at the end, which takes Python a tenth of a run."""
    gc.set_threshold(MANY_OBJECTS)
    _open_streams()
    if sys.argv[1:] != ["--version"]:  # which is done before the signals' module would be imported
        from backtrace import interrupts

        interrupts.install()
    try:
        main()
    except SystemExit as end:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


def _open_streams() -> None:
    """A standard stream that is closed leads nowhere: else the next file that is opened would get its number."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        while (handle := os.open(os.devnull, os.O_RDWR)) < len(STREAMS):
            pass
        os.close(handle)
        for name in STREAMS:
            if getattr(sys, name) is None:
                setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "r" if name == "stdin" else "w"))


def main() -> NoReturn:
    """Run a command; every error becomes a message on standard error and an exit code."""
    _one_blas_thread()
    try:
        code = _answered() or _interrupted()
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        code = _ended_by(error)
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = _ended_by(end.__context__)  # which typer took
    finally:
        _forget()
    sys.exit(int(code))


def _forget() -> None:
    """Leave nothing of this command to another one in the same process."""
    for name in ("outputs", "interrupts"):
        if module := sys.modules.get(f"backtrace.{name}"):
            module.forget()


def _interrupted() -> int:
    """The exit code of a command that a signal cut short, with what there was to show; else 0."""
    known = sys.modules.get("backtrace.interrupts")
    return known.CURRENT.code if known else 0


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
            return _say(_usage(error.format_message()), error.exit_code)
        case BacktraceError():
            return _say(str(error), error.exit_code)
        case ClosedPipeError() | BrokenPipeError():
            _drop_output()
            return 141
        case OSError():
            _drop_output()
            return _say(_unwritten(error), 4)
        case KeyboardInterrupt() | Abort():
            return _say("stopped", 128 + signal.SIGINT)
    return _bug(error)


USAGE: Final = (
    ("Did you mean|Possible", ""),
    (r"extra argument", "one file at a time: backtrace diff CONFIG FILE compares two, --only KEYS chooses rows"),
    (r"No such command '.*\.(?:ya?ml|json|npz|csv)'", "such as backtrace run CONFIG"),
    (r"No such command", "backtrace --help lists the commands"),
    (r"Missing argument|No such option", "--help lists arguments and options, and begins with an example"),
)
"""What to do about what typer refuses, the first that fits."""


def _usage(message: str) -> str:
    """What typer says of a command line, however long its words, with a hint."""
    import re

    from backtrace.errors import Fault, format_faults

    if message.startswith("Usage:"):  # nothing was asked for, and this is the help
        return message
    hint = _meant(message) or next((hint for pattern, hint in USAGE if re.search(pattern, message)), "")
    return format_faults([Fault(f"backtrace: {message}", hint=hint)])


def _meant(message: str) -> str:
    """The command in small letters, or the option with two hyphens, that a word which typer refuses stands for."""
    import re

    from backtrace.cli.app import COMMANDS

    command = re.search(r"No such command '(\w+)'", message)
    if command and command[1].lower() in COMMANDS:
        return f"did you mean '{command[1].lower()}'?"
    option = re.search("argument\\(s\\) \\(([\u2010-\u2015\u2212])-?([a-z][a-z-]*)", message)
    return f"{option[1]} is U+{ord(option[1]):04X}: write --{option[2]}" if option else ""


def _say(text: str, code: int) -> int:
    with suppress(OSError):
        sys.stdout.flush()
        if hasattr(sys.stderr, "reconfigure"):
            sys.stderr.reconfigure(errors="backslashreplace")
        print(text, file=sys.stderr, flush=True)
    return code


def _drop_output() -> None:
    """What is still buffered has nowhere to go, and Python must not try again at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unwritten(error: OSError) -> str:
    """What the system refused: without a file of that name it was standard output."""
    from backtrace.errors import visible
    from backtrace.outputs import reason

    what = visible(str(error.filename)) if error.filename else "standard output"
    return f"{what} cannot be written: {reason(error)}"


def _bug(error: BaseException) -> int:
    from backtrace.errors import visible

    if "--debug" in sys.argv:
        raise error
    what = f"{type(error).__name__}: {visible(str(error))[:200]}"
    return _say(f"backtrace: this is a bug of backtrace ({what})\n  hint: --debug shows where; please report it", 70)
