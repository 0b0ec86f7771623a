"""What a run was made from: the text of its config, the data files of that, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from backtrace.records import dataclass


@dataclass(frozen=True)
class Stated:
    """A config as it was read: the name of its file, its text, and its data files by the names it calls them."""

    name: str
    text: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Origin:
    """What makes the same run again: a config, the values set by key, the epochs asked for, the program's version."""

    stated: Stated
    values: Mapping[str, float]
    epochs: int
    program: str
