"""Tolerances: by how much figures that a program computed may be off, by the keys they are of."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, fields, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Final, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from backtrace.errors import Fault, UsageError, did_you_mean, shortened
from backtrace.guessing import meant
from backtrace.keys import OBJECTIVE_NAMES
from backtrace.records import dataclass

Floats = npt.NDArray[np.float64]


class FloatType(NamedTuple):
    """A type of numbers: the gap after 1, its significant digits, and what computing in it may change.

    ``share`` is of the largest number of the array that a figure is of: an element is computed from numbers as large.
    """

    epsilon: float
    digits: int
    share: float


TYPES: Final = {
    "float64": FloatType(2.0**-52, 17, 1e-9),
    "float32": FloatType(2.0**-23, 8, 1e-5),
    "float16": FloatType(2.0**-10, 4, 1e-2),
    "bfloat16": FloatType(2.0**-7, 3, 6e-2),
}
"""Some eighty, ten and eight times the gap in the short types; of float64 what other orders of adding never reach."""


@dataclass(frozen=True)
class Tolerance:
    """What the figures of some keys may be off by, beside half a unit of their last digit.

    ``pattern`` has ``*`` and ``?``. ``rtol`` is a share of the right value, ``atol`` a size, ``ulp`` counts gaps of the
    type ``dtype``, and of float64 where none is named. None leaves what an earlier tolerance says.
    """

    pattern: str = "*"
    rtol: float | None = None
    atol: float | None = None
    ulp: float | None = None
    dtype: str | None = None

    @property
    def exact(self) -> bool:
        """Whether it says by itself how much is allowed."""
        return any(part is not None for part in (self.rtol, self.atol, self.ulp))

    def after(self, earlier: Tolerance) -> Tolerance:
        """This one, and the earlier one for what this one does not say."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(earlier, **{name: value for name, value in own.items() if value is not None})


class Tolerated(TypedDict, total=False):
    """What figures may be off by beside their digits, and the type that they were computed in."""

    rtol: float | Sequence[str] | None
    atol: float | Sequence[str] | None
    ulp: float | Sequence[str] | None
    dtype: str | Sequence[str] | None


def tolerances(
    rtol: float | Sequence[str] | None = None,
    atol: float | Sequence[str] | None = None,
    ulp: float | Sequence[str] | None = None,
    dtype: str | Sequence[str] | None = None,
) -> tuple[Tolerance, ...]:
    """Tolerances as a command line or a call states them: a value for all keys, or texts such as ``"dE/*=1e-4"``.

    Raises:
        UsageError: a value is no number from 0, or no type; with all faults.

    >>> tolerances(rtol=["1e-6", "dE/*=1e-4"])[1]
    Tolerance(pattern='dE/*', rtol=0.0001, atol=None, ulp=None, dtype=None)
    """
    found: list[Tolerance] = []
    faults: list[Fault] = []
    for name, given in (("rtol", rtol), ("atol", atol), ("ulp", ulp), ("dtype", dtype)):
        texts = [] if given is None else [str(given)] if isinstance(given, str | float | int) else given
        for text in texts:
            pattern, _, value = str(text).rpartition("=")
            read: float | str | None = _type(value) if name == "dtype" else _size(value)
            if read is None:
                faults.append(_fault(name, str(text), value.strip()))
            else:
                rule: dict[str, Any] = {"pattern": "".join(pattern.split()) or "*", name: read}
                found.append(Tolerance(**rule))
    if faults:
        raise UsageError(faults)
    # what is said of all keys comes first, so that what is said of some counts more
    return tuple(sorted(found, key=lambda tolerance: tolerance.pattern != "*"))


def _size(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _type(text: str) -> str | None:
    name = text.strip().removeprefix("torch.").lower()
    return name if name in TYPES else None


def _fault(name: str, text: str, value: str) -> Fault:
    if name == "dtype":
        known = ", ".join(TYPES)
        return Fault(f'--dtype: there is no type "{shortened(value)}"', hint=did_you_mean(value, TYPES) or known)
    found = meant(value)
    example = "3" if name == "ulp" else found if found and _size(found) is not None else "1e-6"
    message = f'--{name}: "{shortened(text)}" is not a number from 0, or KEYS=NUMBER'
    return Fault(message, hint=f"such as --{name} {example}, or --{name} 'dE/*={example}'")


@dataclass(frozen=True)
class Allowance:
    """Works out what each of many figures may be off by."""

    rules: tuple[Tolerance, ...]
    objective: str | None

    _known: dict[tuple[tuple[bool, ...], str], Tolerance] = field(default_factory=dict, repr=False)

    _spelled: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def by_key(self) -> bool:
        """Whether any rule is of some keys only."""
        return any(rule.pattern != "*" for rule in self.rules)

    def of(self, names: tuple[str, ...], type: str) -> Tolerance:
        """What holds for a figure by its names; the later rule counts more."""
        covering = tuple(self.covers(rule.pattern, names) for rule in self.rules)
        if (covering, type) not in self._known:
            found = Tolerance(dtype=type or None)
            for rule, covers in zip(self.rules, covering, strict=True):
                found = rule.after(found) if covers else found
            self._known[covering, type] = found
        return self._known[covering, type]

    def covers(self, pattern: str, names: tuple[str, ...]) -> bool:
        """Whether a pattern fits a key by one of its names."""
        if pattern == "*":
            return True
        if pattern not in self._spelled:
            self._spelled[pattern] = self.spellings(pattern)
        return any(fnmatchcase(name, spelling) for spelling in self._spelled[pattern] for name in names)

    def spellings(self, pattern: str) -> tuple[str, ...]:
        """A pattern, and with the objective's own name where it says E."""
        head = re.match(rf"[d∂]({'|'.join(OBJECTIVE_NAMES)})/[d∂]?", pattern)
        if head and self.objective:
            return pattern, f"d{self.objective}/{pattern[head.end(1) + 1 :].replace('∂', 'd')}"
        return (pattern,)

    def sizes(self, chosen: Sequence[Tolerance], value: Floats, groups: Sequence[object]) -> Floats:
        """By how much each figure may be off, from the right values and the arrays that they are of."""
        kinds = {tolerance: at for at, tolerance in enumerate(dict.fromkeys(chosen))}
        kind = np.array([kinds[tolerance] for tolerance in chosen], dtype=int)
        largest = _largest(np.abs(value), groups)
        found = np.zeros_like(value)
        for tolerance, at in kinds.items():
            rows = kind == at
            found[rows] = allowed(tolerance, np.abs(value[rows]), largest[rows])
        return found


def _largest(sizes: Floats, groups: Sequence[object]) -> Floats:
    """Of each number the largest of its group."""
    numbers: Mapping[object, int] = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    at = np.array([numbers[group] for group in groups], dtype=int)
    most = np.zeros(len(numbers))
    np.maximum.at(most, at, np.where(np.isfinite(sizes), sizes, 0.0))
    return np.asarray(most[at])


def allowed(tolerance: Tolerance, size: Floats, largest: Floats) -> Floats:
    """What one tolerance allows numbers of these sizes, in arrays with these largest ones."""
    if tolerance.exact:
        gap = TYPES[tolerance.dtype or "float64"].epsilon
        ulps = (tolerance.ulp or 0.0) * gap * np.exp2(np.floor(np.log2(np.maximum(size, np.finfo(float).tiny))))
        return (tolerance.rtol or 0.0) * size + (tolerance.atol or 0.0) + ulps
    return TYPES[tolerance.dtype].share * largest if tolerance.dtype else np.zeros_like(size)
