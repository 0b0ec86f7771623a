"""When a number is evidence: it gives a figure to its digits, is far from the right value, and is no accident."""

from __future__ import annotations

import math
from typing import Final

from backtrace.comparison.ancestry import Printed

TELLING: Final = 10
"""A slip must give something that is so many tolerances from the right value."""
LEAST_DIGITS: Final = 3
EXACT: Final = 1e-12
"""The relative tolerance of a figure without last digit, such as 1/16."""


def tolerance(printed: Printed) -> float:
    """By how much a number that is rounded to the figure may be off."""
    return printed.unit / 2 or EXACT * (abs(printed.value) or 1.0)


def reproduces(value: float, printed: Printed, radius: float = 0.0) -> bool:
    """Whether a number that may be off by a radius is the figure to its digits, rounded or cut."""
    off = abs(value - printed.value) - radius
    if off <= tolerance(printed) * (1 + 1e-9) + 4 * math.ulp(printed.value):
        return True
    return printed.digits >= LEAST_DIGITS and abs(value) > abs(printed.value) and off < printed.unit


def is_near(value: float, printed: Printed) -> bool:
    """Whether a number may be the figure if its operands were rounded."""
    return reproduces(value, printed, TELLING * tolerance(printed))


def tells(value: float, printed: Printed, radius: float = 0.0) -> bool:
    """Whether a number gives the figure and is far from the right value, beside how far it may be off."""
    far = TELLING * max(tolerance(printed), radius)
    return reproduces(value, printed, radius) and abs(value - printed.exact) >= far


def chance(printed: Printed, radius: float = 0.0) -> float:
    """How likely a number as far from the right value as the figure is has the figure's digits.

    What mistakes give lies about as near: of an updated weight the step alone is in question, not all of its digits.
    """
    off = abs(printed.value - printed.exact)
    return min(1.0, (tolerance(printed) + radius) / off) if off else 1.0
