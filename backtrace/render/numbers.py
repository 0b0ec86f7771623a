"""How numbers are written: one rule for every format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from backtrace.records import dataclass
from backtrace.rounding import Rounding

LARGEST_FIXED = 1e9
SMALLEST_FIXED = 1e-4


@dataclass(frozen=True)
class Numbers:
    """Writes numbers to so many decimals; very small and very large ones in scientific notation.

    >>> Numbers(8).value(0.60944600499), Numbers(8).value(1.5e-9)
    ('0.60944600', '1.50000000e-09')
    """

    digits: int = 8

    @property
    def fixed_places(self) -> int:
        """Below one in this decimal place too few digits would be left: three, or fewer if fewer are asked for."""
        return max(self.digits - 3, min(self.digits, 3))

    def value(self, number: float) -> str:
        """A result: always the same decimals, so that a column aligns at the point."""
        if not math.isfinite(number):
            return "nan" if math.isnan(number) else "∞" if number > 0 else "-∞"
        size = abs(number)
        if number != 0 and (size < 10.0**-self.fixed_places or size >= LARGEST_FIXED):
            return f"{number:.{self.digits}e}"
        return f"{number + 0.0:.{self.digits}f}"

    def values(self, numbers: npt.NDArray[np.float64]) -> list[str]:
        """Many results, each as ``value`` writes it.

        >>> Numbers(4).values(np.asarray([0.25, -0.0, 1.5e-9]))
        ['0.2500', '0.0000', '1.5000e-09']
        """
        size = np.abs(numbers)
        fixed = (size >= 10.0**-self.fixed_places) & (size < LARGEST_FIXED) | (numbers == 0)
        texts = list(map(f"%.{self.digits}f".__mod__, (numbers + 0.0).tolist()))
        for at in np.flatnonzero(~fixed).tolist():
            texts[at] = self.value(float(numbers[at]))
        return texts

    def inlines(self, numbers: npt.NDArray[np.float64]) -> list[str]:
        """Many numbers within formulas, each as ``inline`` writes it.

        >>> Numbers(4).inlines(np.asarray([0.25, -0.0, 0.123456]))
        ['0.25', '0', '0.1235']
        """
        texts = self.values(numbers)
        # what may be short, with room for the last bits in which numpy rounds otherwise than Python
        with np.errstate(all="ignore"):
            near = np.abs(numbers - np.round(numbers, self.digits)) <= 16 * np.spacing(np.abs(numbers))
        for at in np.flatnonzero(near | (numbers == np.trunc(numbers))).tolist():
            texts[at] = self.inline(float(numbers[at]))
        return texts

    def inline(self, number: float) -> str:
        """A number within a formula: as short as it was given, else rounded like a result.

        >>> Numbers(8).inline(0.25), Numbers(8).inline(0.60944600499), Numbers(8).inline(-0.0)
        ('0.25', '0.60944600', '0')
        """
        if not math.isfinite(number):
            return self.value(number)
        if number == int(number) and abs(number) < LARGEST_FIXED:
            return str(int(number))
        rounded = round(number, self.digits)
        # 0.39249999999999996 is 0.3925 but for the last bits of binary arithmetic
        if rounded and abs(number) < LARGEST_FIXED and abs(number - rounded) <= 4 * math.ulp(number):
            short = repr(rounded)
            return short if "e" not in short else f"{rounded:.{self.digits}f}".rstrip("0")
        return self.value(number)


@dataclass(frozen=True)
class Kept(Numbers):
    """Writes numbers that were rounded before they were used, and given ones: with every digit that they have.

    A result has ``digits`` decimals at least.

    >>> Kept(4).value(0.02), Kept(4).inline(0.02), Kept(4).inline(0.123456)
    ('0.0200', '0.02', '0.123456')
    >>> Kept(0).value(0.02592), Kept(0).value(2.592e-07)
    ('0.02592', '2.592e-07')
    """

    def value(self, number: float) -> str:
        """A result, with its decimals."""
        text = self.inline(number)
        if "e" in text or not math.isfinite(number):
            return text
        return f"{number + 0.0:.{max(self.digits, len(text.partition('.')[2]))}f}"

    def values(self, numbers: npt.NDArray[np.float64]) -> list[str]:
        """Many results, one by one."""
        return list(map(self.value, numbers.tolist()))

    def inlines(self, numbers: npt.NDArray[np.float64]) -> list[str]:
        """Many numbers within formulas, one by one."""
        return list(map(self.inline, numbers.tolist()))

    def inline(self, number: float) -> str:
        """A number within a formula: exactly the one that is computed with."""
        if not math.isfinite(number):
            return super().value(number)
        if number == int(number) and abs(number) < LARGEST_FIXED:
            return str(int(number))
        text = f"{Decimal(repr(number)):f}"
        tiny = abs(number) < SMALLEST_FIXED and len(text.partition(".")[2]) > self.digits
        return repr(number) if tiny or abs(number) >= LARGEST_FIXED else text


def numbers_for(rounding: Rounding | None, digits: int | None = None) -> Numbers:
    """How the numbers of a run are written, unless so many decimals are asked for: with those that it keeps.

    >>> numbers_for(None), numbers_for(Rounding(4)), numbers_for(Rounding(4), 6)
    (Numbers(digits=8), Kept(digits=4), Numbers(digits=6))
    """
    if digits is not None:
        return Numbers(digits)
    if rounding is None:
        return Numbers()
    return Kept(0 if rounding.significant else rounding.digits)


def power_apart(text: str) -> tuple[str, str]:
    """A number's digits, and the power of ten that they are multiplied with, if it is written with one.

    >>> power_apart("-1.5e-09"), power_apart("0.25"), power_apart("2e+12")
    (('-1.5', '-9'), ('0.25', ''), ('2', '12'))
    """
    digits, _, power = text.partition("e")
    return digits, str(int(power)) if power else ""


def ascii_number(text: str) -> str:
    """A number's text without signs outside ASCII."""
    return text.replace("−", "-").replace("∞", "inf")


DIGIT, POINT = "\u2007", "\u2008"
"""Blanks as wide as a digit and as wide as a point, where digits are all of one width."""


def at_point(texts: Sequence[str], digit: str = DIGIT, point: str = POINT) -> list[str]:
    """Numbers of a column filled on the right, so that they stand below each other at their points.

    >>> at_point(["0.25", "-1.5", "3"], " ", " ")
    ['0.25', '-1.5 ', '3   ']
    """
    ends = [len(text) - text.index(".") if "." in text else 0 for text in texts]
    longest = max(ends, default=0)
    return [
        text + digit * (longest - end) if end or not longest else f"{text}{point}{digit * (longest - 1)}"
        for text, end in zip(texts, ends, strict=True)
    ]
