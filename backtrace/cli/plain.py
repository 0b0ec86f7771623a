"""``backtrace run CONFIG`` without an option: one word needs no parser, and typer takes a seventh of such a run."""

from __future__ import annotations

from backtrace.cli.session import language, resumed, traced
from backtrace.cli.showing import Asked, placed, show, shown_until_lost
from backtrace.outputs import protect_inputs
from backtrace.saved import is_saved


def run(config: str) -> None:
    """Print the whole calculation, as the command does where every option is left out."""
    protect_inputs()
    asked, place = Asked(words=language()), placed()
    with shown_until_lost(asked, None, place):
        trace = resumed(config, None, None) if is_saved(config) else traced(config, stoppable=True)
    show(trace, asked, None, place)
