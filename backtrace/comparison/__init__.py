"""Compares expected figures with a trace and says what each of them is beside the computed one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Unpack

from backtrace.build import build
from backtrace.comparison.absent import with_missing, without_figure
from backtrace.comparison.conventions import CONVENTIONS, Convention, choice
from backtrace.comparison.expected import Expected, Figure
from backtrace.comparison.locating import epochs
from backtrace.comparison.marks import marked, with_shown
from backtrace.comparison.recognition import recognised
from backtrace.comparison.result import Diff
from backtrace.comparison.slips import Diagnosis, Slip
from backtrace.comparison.sources import Other, Symbols, figures_of, with_symbols
from backtrace.comparison.tolerances import Tolerance, Tolerated, tolerances
from backtrace.comparison.verdicts import Judged, Verdict
from backtrace.config import Config
from backtrace.keys import Keys
from backtrace.loading import build_file
from backtrace.schedule import moment_of
from backtrace.trace import Trace, run_graph

__all__ = [
    "CONVENTIONS", "Convention", "Diagnosis", "Diff", "Figure", "Judged", "Slip", "Tolerance", "Tolerated", "Verdict",
    "diff", "recorded", "tolerances",
]  # fmt: skip


def diff(
    trace: Trace,
    expected: Other,
    *,
    symbols: Symbols | None = None,
    complete: bool = False,
    conventions: Iterable[str] = (),
    **tolerated: Unpack[Tolerated],
) -> Diff:
    """Compare expected figures with a trace.

    Args:
        trace: what was computed; with every epoch that the figures are of.
        expected: the path of a file, figures, a mapping such as ``{"h1": "0.51", "W": array}``, or another trace.
            Texts count at their printed digits; numbers as computed in their type: those of Python within 1e-9.
        symbols: another program's names, each with an expression over keys; a mapping or the path of one.
        complete: whether a number without a figure is missing; else they are only counted.
        conventions: names of conventions to compare under, ``no-`` before those not to be taken, ``none`` to compare
            as written; what is not named is recognised where the figures follow it.
        **tolerated: ``rtol``, a share of the right value by which a figure may be off, ``atol``, how far off it may be,
            ``ulp``, by how many gaps of ``dtype``: float64 (if not given), float32, float16 or bfloat16. Each is a
            number or texts for some keys, such as ``"dE/*=1e-4"``.

    Returns:
        Every figure with its verdict, in the order of computation.

    Raises:
        ConfigError: the file is refused.
        FileError: it cannot be read.
        UsageError: a figure is of an epoch that was not recorded; a convention is unknown, or means nothing here.

    >>> import backtrace
    >>> found = diff(backtrace.run("configs/example.yaml"), "configs/example.expected.yaml")
    >>> found.failed, {verdict.value: count for verdict, count in found.counts.items()}
    (False, {'match': 36})
    """
    figures = with_symbols(figures_of(expected), symbols)
    found = recognised(trace, with_shown(trace, figures), choice(conventions), tolerances(**tolerated))
    if figures.filled:
        found = marked(found, figures)
    if complete:
        return Diff.of(with_missing(found))
    # of a sheet nobody expects all numbers, of another run one does
    return Diff.of(without_figure(found) if isinstance(expected, Trace) else found)


def recorded(config: str | os.PathLike[str] | Config, figures: Expected) -> Trace:
    """The trace of a config with every epoch that the figures are of."""
    graph = build(config) if isinstance(config, Config) else build_file(config)
    keep = epochs(figures, Keys.of(graph))
    last = max(moment_of(each)[0] for each in keep)
    return run_graph(graph, epochs=max(graph.default_epochs, last), keep=keep)
