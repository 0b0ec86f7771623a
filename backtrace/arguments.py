"""Reads the words of a command line: epochs, values to set, lists of keys."""

from __future__ import annotations

import math
from collections.abc import Sequence

from backtrace.errors import Fault, UsageError, visible
from backtrace.labels import outside_brackets


class Shown:
    """The epochs to show in full, or single updates of them, once the number of epochs is known."""

    def __init__(self, listed: str | None, every: int | None) -> None:
        self.listed, self.every = listed, every

    def __call__(self, count: int) -> list[int | tuple[int, int]]:
        """The epochs among so many."""
        chosen = [moment_among(part, count) for part in self.listed.split(",")] if self.listed else []
        if self.every:
            chosen += [1, *range(self.every, count + 1, self.every)]
        return chosen


def shown_epochs(listed: str | None, every: int | None) -> Shown | None:
    """What --epoch and --every choose; None where neither is there."""
    return Shown(listed, every) if listed or every else None


def moment_among(text: str, count: int) -> int | tuple[int, int]:
    """An epoch, or with a point one of its updates: 3, last, 3.2."""
    word, _, update = text.strip().partition(".")
    number = count if word == "last" else int(word) if word.isdecimal() else 0
    if not 1 <= number <= count or (update and not update.isdecimal()):
        message = f'--epoch: "{visible(text.strip())}" is no epoch of 1 to {count}'
        raise UsageError(Fault(message, hint="such as 1,10,last, or 1.2 for the second update of epoch 1"))
    return (number, int(update)) if update else number


def given_values(pairs: Sequence[str] | None) -> dict[str, float]:
    """The values of --set, in the order given."""
    found = {}
    for pair in pairs or ():
        key, sign, number = pair.rpartition("=")
        try:
            found[key.strip()] = float(number)
        except ValueError:
            sign = ""
        if sign and not math.isfinite(found[key.strip()]):
            raise UsageError(Fault(f'--set "{visible(pair)}": {visible(number)} is not a finite number'))
        if not sign or not key.strip():
            raise UsageError(Fault(f'--set "{visible(pair)}" is not KEY=NUMBER', hint="such as --set W11=0.35"))
    return found


def parts(text: str) -> list[str]:
    """What stands between commas, but not within brackets: keys have commas too."""
    return [part.strip() for part in outside_brackets(text) if part.strip()]


def yaml_key(key: str) -> str:
    """A key as YAML can hold it: quoted where it would mean something else."""
    plain = key[0].isalpha() and not any(sign in key for sign in ":#,[]{}\"'& ")
    return key if plain else f'"{key}"'
