"""``backtrace show``: a saved trace again, in any format."""

from __future__ import annotations

from typing import Annotated

import typer

from backtrace.arguments import shown_epochs
from backtrace.cli.app import (
    Ascii,
    Debug,
    Digits,
    Every,
    Force,
    FormatName,
    Fragment,
    Full,
    InFull,
    Lang,
    Only,
    Output,
    Sample,
    Sections,
    app,
)
from backtrace.cli.session import language, saved
from backtrace.cli.showing import Asked, placed
from backtrace.cli.showing import show as shown


@app.command()
def show(
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="a saved trace: npz, json or csv")],
    only: Only = None,
    section: Sections = None,
    epoch: InFull = None,
    every: Every = None,
    sample: Sample = None,
    full: Full = False,
    digits: Digits = None,
    ascii_: Ascii = False,
    format_: FormatName = None,
    fragment: Fragment = False,
    lang: Lang = "en",
    output: Output = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace run configs/xor.yaml --epochs 100 -o xor.npz
             backtrace show xor.npz --epoch last
             backtrace show xor.npz -o xor.csv

    Show a saved trace as run showed it, or write it in another format. Nothing is run again and no other file is read;
    --epoch chooses among the epochs that were recorded.
    """
    place = placed(format_, output, force, fragment)
    asked = Asked(only, section, sample, full, digits, ascii_, language(lang, output))
    shown(saved(trace), asked, shown_epochs(epoch, every), place)
