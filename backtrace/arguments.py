"""Reads the words of a command line: epochs, values to set, lists of keys."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final

from backtrace.errors import Fault, UsageError, shortened, visible
from backtrace.labels import outside_brackets

MARK: Final = "@"
"""What stands before the name of an example where a file could stand."""

SHORTEST: Final = 0.01
LONGEST: Final = 3600


class Shown:
    """The epochs to show in full, or single updates of them, once the number of epochs is known."""

    def __init__(self, listed: str | None, every: int | None) -> None:
        self.listed, self.every = listed, every

    def __call__(self, count: int) -> list[int | tuple[int, int]]:
        """The epochs among so many."""
        chosen = [moment_among(part, count) for part in self.listed.split(",")] if self.listed is not None else []
        if self.every:
            chosen += [1, *range(self.every, count + 1, self.every)]
        return chosen


def shown_epochs(listed: str | None, every: int | None) -> Shown | None:
    """What --epoch and --every choose; None where neither is there."""
    return Shown(listed, every) if listed is not None or every else None


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
            found[key.strip()] = float(number if number.isascii() and "_" not in number else "")
        except ValueError:
            sign = ""
        if sign and not math.isfinite(found[key.strip()]):
            raise UsageError(Fault(f'--set "{visible(pair)}": {visible(number)} is not a finite number'))
        if not sign or not key.strip():
            hint = f"such as --set {_meant_pair(pair) or 'W11=0.35'}"
            raise UsageError(Fault(f'--set "{visible(pair)}" is not KEY=NUMBER', hint=hint))
    return found


def _meant_pair(pair: str) -> str:
    """A key and the number that is meant by what stands behind it; "" where none is seen."""
    from backtrace.guessing import meant

    key, sign, number = pair.partition("=")
    found = meant(number)
    return f"{shortened(key.strip())}={found}" if sign and key.strip() and found else ""


def parts(text: str) -> list[str]:
    """What stands between commas, but not within brackets: keys have commas too."""
    return [part.strip() for part in outside_brackets(text) if part.strip()]


def whole_number(option: str, text: str | int, least: int, most: int) -> int:
    """The whole number behind an option.

    >>> whole_number("--depth", "12", 0, 99)
    12
    """
    plain = str(text)
    number = int(plain) if re.fullmatch(r"[-+]?[0-9]{1,20}", plain) else None
    if number is None or not least <= number <= most:
        message = f'{option}: "{shortened(plain)}" is no whole number of {least:,} to {most:,}'
        from backtrace.guessing import meant_whole

        meant = meant_whole(plain, least, most)
        example = max(least, min(10, most))
        raise UsageError(Fault(message, hint=f"write {option} {meant}" if meant else f"such as {option} {example}"))
    return number


def seconds(text: str | float) -> float:
    """What --seconds says: some time, but no more than an hour."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not SHORTEST <= number <= LONGEST:
        message = f'--seconds: "{shortened(str(text))}" is no number of {SHORTEST} to {LONGEST:,}'
        raise UsageError(Fault(message, hint="such as --seconds 10"))
    return number


def yaml_key(key: str) -> str:
    """A key as YAML can hold it: quoted where it would mean something else."""
    plain = key[0].isalpha() and not any(sign in key for sign in ":#,[]{}\"'& ")
    return key if plain else f'"{key}"'


def file_or_pairs(words: Sequence[str], is_file: Callable[[str], bool]) -> str | list[str] | None:
    """What is to be compared with: a file or ``-``, pairs of keys and figures, or nothing.

    Raises:
        UsageError: both, or several files.

    >>> file_or_pairs(["h1", "=", "0.51", "o1= 0.6"], lambda name: False)
    ['h1=0.51', 'o1= 0.6']
    """
    pairs: list[str] = []
    files: list[str] = []
    for word in _joined(words):
        (pairs if "=" in word and not is_file(word) else files).append(word)
    if len(files) > 1 or (files and pairs):
        what = "several files" if not pairs else f"a file, {visible(files[0])}, and {visible(pairs[0])}"
        hint = "backtrace diff CONFIG FILE, or backtrace diff CONFIG 'h1=0.51' 'dE/dU11=0.026'"
        raise UsageError(Fault(f"these are {what}: give one file, or pairs of keys and figures", hint=hint))
    return files[0] if files else pairs or None


def _joined(words: Sequence[str]) -> list[str]:
    """The words with those around an equals sign made one: h1 = 0.51 comes as three."""
    found: list[str] = []
    for word in words:
        if found and (word.startswith("=") or found[-1].endswith("=")):
            found[-1] += word
        else:
            found.append(word)
    return found
