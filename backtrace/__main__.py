"""``python -m backtrace``."""

from backtrace.cli import program

if __name__ == "__main__":
    program()
