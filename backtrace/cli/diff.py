"""``backtrace diff``: expected figures beside the right ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from backtrace.arguments import file_or_pairs
from backtrace.cli.app import Ascii, Config, Debug, Epochs, Round, Set, app
from backtrace.cli.session import expected_figures, layout, report_differences, traced
from backtrace.errors import Fault, UsageError

if TYPE_CHECKING:
    from backtrace.comparison.expected import Expected

Figures = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[EXPECTED]",
        help="a YAML, JSON or CSV file of keys and figures, - for standard input, or pairs such as h1=0.51; "
        "an example has its own",
    ),
]
Conventions = Annotated[
    list[str] | None,
    typer.Option("--convention", metavar="NAME", help="compare under it; no-NAME: never; none: as written"),
]
Rtol = Annotated[
    list[str] | None,
    typer.Option("--rtol", metavar="R", help="of a program's figures: a share that they may be off; 'dE/*=1e-4'"),
]
Atol = Annotated[list[str] | None, typer.Option("--atol", metavar="A", help="how far off they may be")]
Ulp = Annotated[list[str] | None, typer.Option("--ulp", metavar="N", help="how many gaps of their type")]
Dtype = Annotated[
    list[str] | None,
    typer.Option("--dtype", metavar="TYPE", help="what they were computed in: float32, float16, bfloat16, float64"),
]
Symbols = Annotated[
    str | None,
    typer.Option("--symbols", metavar="FILE", help="a YAML file of another program's names: fc1.weight: W.T"),
]
Complete = Annotated[bool, typer.Option("--complete", help="what has no figure is missing")]
All = Annotated[bool, typer.Option("--all", help="every row, every difference in full")]
Json = Annotated[bool, typer.Option("--json", help="the whole result as JSON")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="the counts alone, in one line")]


@app.command()
def diff(
    config: Config,
    expected: Figures = None,
    epochs: Epochs = None,
    set_: Set = None,
    round_: Round = None,
    convention: Conventions = None,
    rtol: Rtol = None,
    atol: Atol = None,
    ulp: Ulp = None,
    dtype: Dtype = None,
    symbols: Symbols = None,
    complete: Complete = False,
    all_: All = False,
    json_: Json = False,
    quiet: Quiet = False,
    ascii_: Ascii = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace diff configs/example.yaml configs/example.expected.yaml
             backtrace diff configs/example.yaml 'h1=0.52' 'dE/dU11=0.026'

    Compare expected figures with the right ones, at the digits in which they are printed; exit 1 if any differs.

    Conventions that all figures follow are recognised and said first: half, mean, outputs, biases-fixed, biases-moved,
    new-weights, old-weights, half-error, mean-error, outputs-error, per-sample, delta-sign, gradient-sign, rate, step,
    transposed, columns, epoch+1, epoch-1.
    """
    conventions = _known(convention or ())
    figures = _figures(file_or_pairs(expected or [], os.path.isfile), config, symbols)
    trace = traced(config, epochs, set_, None, figures, round_)
    report_differences(
        trace,
        figures,
        layout(None, ascii_, None, None, None, all_, trace),
        as_json=json_,
        quiet=quiet,
        rtol=rtol,
        atol=atol,
        ulp=ulp,
        dtype=dtype,
        complete=complete,
        conventions=conventions,
    )


def _known(conventions: Sequence[str]) -> Sequence[str]:
    """The names of conventions, refused before anything is run if there are no such."""
    if conventions:
        from backtrace.comparison.conventions import choice

        choice(conventions)
    return conventions


def _figures(source: str | list[str] | None, config: str, symbols: str | None) -> Expected:
    """The figures of a file or of pairs."""
    from backtrace.comparison.expected import Expected, from_pairs
    from backtrace.comparison.sources import with_symbols

    if isinstance(source, list):
        return with_symbols(Expected(from_pairs(source)), symbols)
    return expected_figures(source or _own_figures(config), symbols)


def _own_figures(config: str) -> str:
    """The figures that an example has beside it."""
    from backtrace.arguments import MARK
    from backtrace.gallery import named, with_words

    if not config.startswith(MARK):
        hint = "backtrace diff CONFIG EXPECTED, or backtrace diff CONFIG 'h1=0.51'"
        if not os.path.exists(config) and with_words([config]):
            hint = f"did you mean {MARK}{config}?"
        raise UsageError(Fault("the expected figures are missing", hint=hint))
    return str(named(config).expected)
