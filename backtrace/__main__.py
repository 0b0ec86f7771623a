"""``python -m backtrace``, and what the command ``backtrace`` calls."""

import sys


def main() -> None:
    """Run a command; Ctrl-C before the command can take it ends the process as later."""
    try:
        from backtrace.cli import program

        program()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
