"""How many digits of a result are kept, and rounding as it is done by hand: the decimal that is seen, half up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from backtrace.errors import Fault, UsageError, visible
from backtrace.records import dataclass
from backtrace.words import Note

MOST: Final = 15
"""So many digits of a decimal survive in a binary number."""
EXPECTED: Final = f"4 keeps 4 decimals (0 to {MOST}), 4sf 4 significant figures (1 to {MOST})"


LONG: Final = Context(prec=100)
"""Room for the digits before the point of a great number, beside those after it that are kept."""


@dataclass(frozen=True)
class Rounding:
    """Keeps so many decimals, or so many significant figures; halves go away from zero.

    >>> Rounding(4).rounded(Decimal("0.00125")), Rounding(2).rounded(Decimal("-0.125"))
    (0.0013, -0.13)
    >>> Rounding(3, significant=True).rounded(Decimal("1234.5"))
    1230.0
    """

    digits: int
    significant: bool = False

    def __post_init__(self) -> None:
        if not self.significant <= self.digits <= MOST:
            raise UsageError(Fault(f"rounding to {self.text}: out of range", hint=EXPECTED))

    @classmethod
    def parse(cls, text: str) -> Rounding:
        """A rounding as it is written on the command line.

        Raises:
            UsageError: it is none.

        >>> Rounding.parse("4"), Rounding.parse("3sf").text
        (Rounding(digits=4, significant=False), '3 significant figures')
        """
        number = text.strip().removesuffix("sf")
        significant = text.strip().endswith("sf")
        if not (number.isascii() and number.isdecimal()) or not significant <= int(number[:9]) <= MOST:
            raise UsageError(Fault(f'--round "{visible(text)}" says no number of digits', hint=EXPECTED))
        return cls(int(number), significant)

    @property
    def note(self) -> Note:
        """What is kept, for a report in any language."""
        return Note("significant figures" if self.significant else "decimals", {"n": self.digits})

    @property
    def text(self) -> str:
        """What is kept, in words."""
        return str(self.note)

    def rounded(self, number: Decimal) -> float:
        """The number with so many digits; what is not finite stays so."""
        if not number.is_finite():
            return float(number)
        if self.significant:
            kept = Context(prec=self.digits, rounding=ROUND_HALF_UP).plus(number)
        elif number.as_tuple().exponent >= -self.digits:  # type: ignore[operator]  # only inf and nan have letters there
            kept = number
        else:
            kept = number.quantize(Decimal(1).scaleb(-self.digits), ROUND_HALF_UP, LONG)
        return float(kept) + 0.0  # -0.00 is 0
