"""``backtrace run``: the whole calculation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from backtrace.arguments import Shown, shown_epochs
from backtrace.cli.app import (
    Ascii,
    Config,
    Debug,
    Digits,
    Epochs,
    Force,
    FormatName,
    Lang,
    Only,
    Output,
    Round,
    Set,
    app,
)
from backtrace.cli.session import expected_figures, language, layout, print_out, report_differences, traced, written
from backtrace.errors import Fault, UsageError, visible

if TYPE_CHECKING:
    from backtrace.render.formulas import Layout
    from backtrace.schedule import Keep
    from backtrace.trace import Trace

Sections = Annotated[
    str | None,
    typer.Option("--section", metavar="NAMES", help="given, forward, error, step 1, ..., after"),
]
InFull = Annotated[
    str | None,
    typer.Option("--epoch", metavar="LIST", help="epochs to show in full: 1,10,last; 1.2 is an update"),
]
Every = Annotated[int | None, typer.Option("--every", metavar="K", min=1, help="show every K-th epoch")]
Sample = Annotated[int | None, typer.Option("--sample", metavar="S", min=1, help="show one sample only")]
Full = Annotated[bool, typer.Option("--full", help="leave nothing out, however long")]
Expect = Annotated[
    str | None,
    typer.Option("--expect", metavar="FILE", help="compare with expected figures; exit 1 if they differ"),
]


@app.command(short_help="print the whole calculation")
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
    from backtrace.render.formats import chosen

    words = language(lang, output)
    figures = expected_figures(expect) if expect else None
    shown = shown_epochs(epoch, every)
    trace = traced(config, epochs, set_, shown, figures, round_)
    page = layout(digits, ascii_, only, section, sample, full, trace)
    _check_choice(trace, page)
    report = replace(page, epochs=_epochs_shown(trace, shown), words=words)
    written(trace, report, chosen(format_, output), output, force)
    if figures is not None:
        print_out(iter([()]))
        report_differences(trace, figures, page)


def _epochs_shown(trace: Trace, shown: Shown | None) -> tuple[Keep, ...]:
    """The epochs to show in full, the first and the last if nobody says; refuses what was not made."""
    found = tuple(shown(len(trace.losses))) if shown else (1, len(trace.losses))
    for moment in found:
        trace.epoch(*([moment] if isinstance(moment, int) else moment))
    return found


def _check_choice(trace: Trace, layout: Layout) -> None:
    """Refuse a choice that shows nothing: it is a slip of the pen."""
    from backtrace.report import Choice, sections

    view, choice = trace.epochs[0], layout.choice
    if not choice.only and not choice.sections:
        return
    for key in choice.only:
        if not set(key) & set("*?") and view.keys.find(key) is None:
            raise UsageError(Fault(f'--only: "{visible(key)}" names nothing here', hint=view.keys.suggestion(key)))
    if sections(view, choice):
        return
    known = ", ".join(section.name for section in sections(view, Choice()))
    if choice.only:
        raise UsageError(
            Fault(f"--only: nothing matches {', '.join(choice.only)}", hint=view.keys.suggestion(choice.only[0]))
        )
    raise UsageError(Fault(f"--section: there is no {', '.join(choice.sections)}", hint=f"sections here: {known}"))
