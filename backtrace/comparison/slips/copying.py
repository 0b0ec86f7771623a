"""Slips of the pen: the digits of a printed figure beside those of the right value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from backtrace.comparison.expected import reading

LEAST_DIGITS: Final = 4
"""Fewer digits are met by chance."""
FARTHEST: Final = 4
"""The decimal point moves by so many places at most."""


class Copied(NamedTuple):
    """A slip of the pen: its kind, what happened, and how many figures such a slip could have made of the number."""

    kind: str
    sentence: str
    tries: int


def _agrees(text: str, value: float) -> bool:
    """Whether a text of digits may be the value, rounded or cut."""
    says = reading(text)
    return says is not None and abs(says.value - value) < says.unit * (1 - 1e-9) and says.digits >= LEAST_DIGITS


def _split(printed: str) -> tuple[str, str, str]:
    """A printed number's sign, its digits with the point, and its exponent."""
    plain = printed.strip().replace("−", "-").replace(",", ".")
    sign = plain[0] if plain[:1] in ("+", "-") else ""
    mantissa, _, power = plain[len(sign) :].lower().partition("e")
    return sign, mantissa, f"e{power}" if power else ""


def _sign_lost(printed: str, value: float) -> Iterator[str]:
    if _agrees(printed, -value):
        yield "the sign is lost"


def _point_moved(printed: str, value: float) -> Iterator[str]:
    for places in range(-FARTHEST, FARTHEST + 1):
        if places and _agrees(printed, value * 10.0**places):
            yield (
                "the decimal point is at another place"
                if abs(places) == 1
                else (f"the decimal point is {abs(places)} places off")
            )


def _exchanged(printed: str, value: float) -> Iterator[str]:
    sign, digits, power = _split(printed)
    places = [at for at, character in enumerate(digits) if character.isdigit()]
    for first, second in pairwise(places):
        if digits[first] != digits[second]:
            swapped = list(digits)
            swapped[first], swapped[second] = digits[second], digits[first]
            if _agrees(sign + "".join(swapped) + power, value):
                yield f"two digits are exchanged: {digits[second]}{digits[first]} is right"


def _dropped(printed: str, value: float, twice: bool = False) -> Iterator[str]:
    """With one digit of the right value put back the printed ones agree with it to the end."""
    sign, digits, power = _split(printed)
    first = next((at for at, character in enumerate(digits) if character in "123456789"), len(digits))
    for at in range(first, len(digits)):
        for digit in digits[at] if twice else "0123456789":
            if _agrees(f"{sign}{digits[:at]}{digit}{digits[at:]}{power}", value):
                yield f"a digit, {digit}, was dropped"
                return


def _dropped_of_two(printed: str, value: float) -> Iterator[str]:
    """One of two equal digits beside each other is dropped most easily."""
    yield from _dropped(printed, value, twice=True)


def _repeated(printed: str, value: float) -> Iterator[str]:
    sign, digits, power = _split(printed)
    for at in range(1, len(digits)):
        twice = digits[at].isdigit() and digits[at] == digits[at - 1]
        if twice and _agrees(sign + digits[:at] + digits[at + 1 :] + power, value):
            yield f"a digit, {digits[at]}, is written twice"
            return


def _few(digits: int) -> int:
    return 1


def _as_many(digits: int) -> int:
    return digits


def _points(digits: int) -> int:
    return 2 * FARTHEST


class Rule(NamedTuple):
    """A slip of the pen: its kind, what it may have been, and how many figures it can make of so many digits."""

    kind: str
    found: Callable[[str, float], Iterator[str]]
    tries: Callable[[int], int]


RULES: Final = (
    Rule("sign-lost", _sign_lost, _few),
    Rule("decimal-point", _point_moved, _points),
    Rule("digits-exchanged", _exchanged, _as_many),
    Rule("digit-dropped", _dropped_of_two, _few),
    Rule("digit-dropped", _dropped, _as_many),
    Rule("digit-repeated", _repeated, _few),
)
"""The slips of the pen in the order in which they are tried."""


def copied(printed: str, value: float) -> Iterator[Copied]:
    """The slips of the pen that make the printed figure of the right value, all of them.

    >>> [slip.kind for slip in copied("0.03932", 0.0392272)]
    ['digits-exchanged']
    >>> [slip.sentence for slip in copied("-0.01904919", -0.0190491183)]
    ['a digit, 1, was dropped']
    """
    if not math.isfinite(value) or "/" in printed:
        return
    says = reading(printed)
    found: dict[tuple[str, str], Copied] = {}
    for rule in RULES if says and says.digits >= LEAST_DIGITS else ():
        for sentence in rule.found(printed, value):
            found.setdefault((rule.kind, sentence), Copied(rule.kind, sentence, rule.tries(says.digits if says else 0)))
    yield from found.values()
