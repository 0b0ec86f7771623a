"""How numbers are written: one rule for every format."""

from __future__ import annotations

import math
from dataclasses import dataclass

LARGEST_FIXED = 1e9


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


def ascii_number(text: str) -> str:
    """A number's text without signs outside ASCII."""
    return text.replace("∞", "inf")
