"""``backtrace run CONFIG`` without an option: one word needs no parser, and typer takes a seventh of such a run."""

from __future__ import annotations

from backtrace.cli.session import language, refuse_saved, traced
from backtrace.cli.showing import Asked, placed, show


def run(config: str) -> None:
    """Print the whole calculation, as the command does where every option is left out."""
    refuse_saved(config)
    show(traced(config), Asked(words=language()), None, placed())
