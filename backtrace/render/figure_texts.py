"""How the numbers of a comparison are written: a computed one as the printed one beside it, and how far off that is."""

from __future__ import annotations

import math
from typing import Final

from backtrace.comparison.expected import Figure
from backtrace.render.numbers import LARGEST_FIXED, Numbers

ALL_DIGITS: Final = 17
"""No float has more significant digits."""


def decimals(figure: Figure) -> int | None:
    """The digits after the point of the printed number; None for a fraction."""
    mantissa = figure.printed.lower().partition("e")[0]
    return None if "/" in mantissa else len(mantissa.replace(",", ".").partition(".")[2].strip())


def computed_text(figure: Figure, value: float) -> str:
    """The computed number, written as the printed one is and to two places more.

    >>> from backtrace.comparison.expected import from_pairs
    >>> figures = from_pairs(["x=0.52", "x=5.2e-1", "x=1/2", "x=1"])
    >>> [computed_text(figure, 0.519989340156) for figure in figures]
    ['0.5200', '5.200e-01', '0.5199893402', '0.52']
    """
    places = decimals(figure)
    if not math.isfinite(value) or not figure.printed:
        return Numbers().value(value)
    if figure.type:  # a program's number, in all the digits of its type
        return f"{value:.{figure.digits}g}"
    if places is None:
        return f"{value:.10g}"
    if "e" in figure.printed.lower() or abs(value) >= LARGEST_FIXED:
        return f"{value:.{min(places + 2, ALL_DIGITS - 1)}e}"
    before = len(str(int(abs(value))))
    return f"{value:.{min(places + 2, ALL_DIGITS + 1 - before)}f}"


def off_text(units: float) -> str:
    """By how many units a figure is printed too large.

    >>> off_text(-0.74), off_text(150.3), off_text(123456.0), off_text(1.5e9)
    ('-0.7', '+150', '+123456', '+1.5e+09')
    """
    if not math.isfinite(units):
        return ""
    size = abs(units)
    return f"{units:+.1f}" if size < 99.95 else f"{units:+.0f}" if size < 1e6 else f"{units:+.1e}"
