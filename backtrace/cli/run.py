"""``backtrace run``: the whole calculation."""

from __future__ import annotations

from typing import Annotated

import typer

from backtrace.arguments import shown_epochs
from backtrace.cli.app import (
    Ascii,
    Config,
    Debug,
    Digits,
    Epochs,
    Every,
    Force,
    FormatName,
    Fragment,
    Full,
    InFull,
    Lang,
    Only,
    Output,
    Round,
    Sample,
    Sections,
    Set,
    app,
)
from backtrace.cli.session import expected_figures, language, print_out, refuse_saved, report_differences, traced
from backtrace.cli.showing import Asked, placed, show

Expect = Annotated[
    str | None,
    typer.Option("--expect", metavar="FILE", help="compare with expected figures; exit 1 if they differ"),
]


@app.command()
def run(
    config: Config,
    epochs: Epochs = None,
    set_: Set = None,
    only: Only = None,
    section: Sections = None,
    epoch: InFull = None,
    every: Every = None,
    sample: Sample = None,
    full: Full = False,
    digits: Digits = None,
    round_: Round = None,
    ascii_: Ascii = False,
    format_: FormatName = None,
    fragment: Fragment = False,
    lang: Lang = "en",
    output: Output = None,
    force: Force = False,
    expect: Expect = None,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace run configs/example.yaml
             backtrace run configs/xor.yaml --epochs 100 --epoch 1,50,last
             backtrace run configs/example.yaml --set W11=0.35 --only 'W11,h*,dE*'
             backtrace run @mazur

    Print the whole calculation: forward propagation, error, every step of back propagation, the updated values.
    """
    place = placed(format_, output, force, fragment)
    asked = Asked(only, section, sample, full, digits, ascii_, language(lang, output))
    refuse_saved(config)
    figures = expected_figures(expect) if expect else None
    shown = shown_epochs(epoch, every)
    trace = traced(config, epochs, set_, shown, figures, round_)
    page = show(trace, asked, shown, place)
    if figures is not None:
        print_out(iter([()]))
        report_differences(trace, figures, page)
