"""Axes: from values to places on a page, with ticks at numbers that are easy to read; the same for every picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from backtrace.records import dataclass

Array = npt.NDArray[np.float64]
LARGEST: Final = 1e300
"""Values beyond it are off the page: differences of them are no numbers."""
STEPS: Final = (1.0, 2.0, 5.0, 10.0)
SAME: Final = 1e-12
"""Values that differ by less than this part of their size are drawn as constant."""
NEAR: Final = 0.15
"""An axis goes on to a tick that is no further away than this part of it."""
PLAIN: Final = (1e-4, 1e6)
"""Between these sizes ticks have no exponent."""


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` to ``high``, perhaps logarithmic, with its ticks and their texts."""

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]
    texts: tuple[str, ...]

    def places(self, values: Array) -> Array:
        """Where values are: 0 at the low end, 1 at the high one; nan where a value has no place.

        >>> Scale(1, 100, True, (), ()).places(np.array([10.0, 0.0]))
        array([0.5, nan])
        """
        with np.errstate(all="ignore"):
            usable = np.where(np.abs(values) <= LARGEST, values, np.nan)
            low, high, at = (_logarithm(x) if self.log else x for x in (self.low, self.high, usable))
            found = (at - low) / (high - low)
        return np.asarray(np.where(np.isfinite(found), found, np.nan))


def _logarithm(values: Array | float) -> Array:
    return np.asarray(np.log10(np.where(np.asarray(values) > 0, values, np.nan)))


def value_scale(values: Array, log: bool, count: int) -> Scale:
    """An axis of values with about so many ticks, from the least to the greatest, or to ticks that are near."""
    usable = values[np.isfinite(values) & (np.abs(values) <= LARGEST) & ((values > 0) | (not log))]
    low, high = (float(usable.min()), float(usable.max())) if usable.size else (1.0, 1.0)
    if high - low <= SAME * max(abs(low), abs(high)):
        low, high = (low / 2, high * 2) if log else (low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2)
    if log and high / low >= 10:
        return _decades(10.0 ** math.floor(_exponent(low)), 10.0 ** math.ceil(_exponent(high)), count)
    step, near = _step(high - low, count), NEAR * (high - low)
    below, above = math.floor(low / step) * step, math.ceil(high / step) * step
    bottom = below if low - below <= near and (below > 0 or not log) else low
    return _with_ticks(bottom, above if above - high <= near else high, log, step)


def epoch_scale(first: int, last: int, log: bool, count: int) -> Scale:
    """An axis of epochs, which ends where they do."""
    if first == last:
        return Scale(first - 0.5, last + 0.5, False, (first,), (f"{first}",))
    if log and last / first >= 10:
        return _decades(first, last, count)
    step = max(1.0, _step(last - first, count))
    found = _with_ticks(first, last, log, step)
    # the first epoch is 1 and no multiple of a step: it has a tick where the next leaves room
    return (
        found if found.ticks[0] == first else Scale(first, last, log, (first, *found.ticks), (f"{first}", *found.texts))
    )


def _exponent(value: float) -> float:
    return round(math.log10(value), 9)


def _step(span: float, count: int) -> float:
    """The step of 1, 2 or 5 times a power of ten that gives about so many ticks.

    >>> _step(0.29, 4), _step(1000, 4)
    (0.1, 500.0)
    """
    least = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(least))
    return next(base * power for base in STEPS if base * power >= least * (1 - SAME))


def _with_ticks(low: float, high: float, log: bool, step: float) -> Scale:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = tuple(number * step for number in range(first, last + 1))
    return Scale(low, high, log, ticks, tuple(tick_text(tick, step) for tick in ticks))


def _decades(low: float, high: float, count: int) -> Scale:
    """A logarithmic axis with ticks at powers of ten, at every second or third where there are many."""
    powers = range(math.ceil(_exponent(low)), math.floor(_exponent(high)) + 1)
    every = max(1, -(-(len(powers) - 1) // max(count, 1)))
    bases = (1, 2, 5) if len(powers) * 3 <= count + 1 else (1,)
    ticks = tuple(tick for tick in _multiples(powers[::every], bases) if low <= tick <= high * (1 + SAME))
    return Scale(low, high, True, ticks, tuple(tick_text(tick, tick) for tick in ticks))


def _multiples(powers: range, bases: tuple[int, ...]) -> Iterator[float]:
    for power in powers:
        for base in bases:
            yield float(f"{base}e{power}")


def tick_text(tick: float, step: float) -> str:
    """A tick as short as its step allows.

    >>> tick_text(0.30000000000000004, 0.1), tick_text(2e-07, 1e-07), tick_text(1e9, 1e9)
    ('0.3', '2e-07', '1e+09')
    """
    if abs(tick) < step / 2:
        return "0"
    size = max(abs(tick), step)
    if PLAIN[0] <= step and size < PLAIN[1]:
        return f"{tick:.{max(0, -math.floor(_exponent(step)))}f}"
    digits = max(0, math.floor(_exponent(size)) - math.floor(_exponent(step)))
    return f"{tick:.{digits}e}"
