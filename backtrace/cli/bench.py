"""``backtrace bench``: what training a config costs on this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from backtrace.arguments import seconds
from backtrace.cli.app import Ascii, Config, Debug, app
from backtrace.cli.session import config_path, print_out


@app.command()
def bench(
    config: Config,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", parser=seconds, help="how long to measure, about")
    ] = 1.0,
    ascii_: Ascii = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace bench configs/example.yaml
             backtrace bench @mazur --seconds 10

    Measure what an epoch of a config takes on this machine, with and without everything recorded: which executor runs
    it and why, and what a thousand and a million epochs would take. Nothing is written.
    """
    from backtrace.benchmark import measure
    from backtrace.render.terminal import needs_ascii
    from backtrace.render.timings import benchmark_lines

    print_out(benchmark_lines(measure(config_path(config), seconds), ascii_ or needs_ascii(sys.stdout)))
