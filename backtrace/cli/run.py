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
    Save,
    Sections,
    Set,
    app,
)
from backtrace.cli.session import expected_figures, language, print_out, report_differences, resumed, say, traced
from backtrace.cli.showing import Asked, placed, show, shown_until_lost
from backtrace.errors import visible

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
    save: Save = None,
    force: Force = False,
    expect: Expect = None,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace run configs/example.yaml
             backtrace run configs/xor.yaml --epochs 100 --epoch 1,50,last
             backtrace run configs/example.yaml --set W11=0.35 --only 'W11,h*,dE*'
             backtrace run xor.npz --epochs 2000
             backtrace run @mazur

    Print the whole calculation: forward propagation, error, every step of back propagation, the updated values.
    A saved trace is trained on until it has --epochs in all, as one run of so many would have done it. Ctrl-C ends
    training at the end of a step; what was asked for is still shown or written.
    """
    from backtrace.saved import is_saved

    place = placed(format_, output, force, fragment, save)
    asked = Asked(only, section, sample, full, digits, ascii_, language(lang, output))
    figures = expected_figures(expect) if expect else None
    shown = shown_epochs(epoch, every)
    with shown_until_lost(asked, shown, place):
        if is_saved(config):
            trace = resumed(config, epochs, shown, figures, set=set_, round=round_)
        else:
            trace = traced(config, epochs, set_, shown, figures, round_, stoppable=True)
    page = show(trace, asked, shown, place)
    if trace.unfinished and place.kept:
        say(f"backtrace run {visible(place.kept)} goes on from there")
    elif figures is not None:
        print_out(iter([()]))
        report_differences(trace, figures, page)
