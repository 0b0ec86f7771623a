"""The commands: the only package that prints or exits."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from backtrace.cli import (  # noqa: F401  # the order is that of the help
    check,
    diff,
    draw,
    examples,
    expect,
    explain,
    export,
    init,
    keys,
    plot,
    run,
    show,
    worksheet,
)
from backtrace.cli.app import app
from backtrace.cli.session import ClosedPipeError
from backtrace.errors import BacktraceError, visible


def main() -> NoReturn:
    """Run a command; every error becomes a message on standard error and an exit code."""
    _one_blas_thread()
    try:
        code = app(standalone_mode=False) or 0
        sys.stdout.flush()
    except TyperException as error:
        code = _say(f"backtrace: {error.format_message()}", error.exit_code)
    except BacktraceError as error:
        code = _say(str(error), error.exit_code)
    except ClosedPipeError:
        # what is still buffered has nowhere to go, and Python must not try again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except (KeyboardInterrupt, typer.Abort):
        code = _say("stopped", 128 + signal.SIGINT)
    except Exception as error:
        code = _bug(error)
    sys.exit(int(code))


def _one_blas_thread() -> None:
    """One thread unless told otherwise: on small arrays a second one costs more than it gives."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _say(text: str, code: int) -> int:
    if sys.stderr is None:  # closed: print would write to standard output
        return code
    sys.stdout.flush()
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="backslashreplace")
    print(text, file=sys.stderr)
    return code


def _bug(error: Exception) -> int:
    if "--debug" in sys.argv:
        raise error
    what = f"{type(error).__name__}: {visible(str(error))[:200]}"
    return _say(f"backtrace: this is a bug of backtrace ({what})\n  hint: --debug shows where; please report it", 70)
