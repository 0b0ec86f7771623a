"""The gallery: published worked examples that ship with the program, found by name or by word."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Final

from backtrace.arguments import MARK
from backtrace.errors import Fault, UsageError, did_you_mean, visible
from backtrace.records import dataclass

INDEX: Final = "index.json"
SHOWN: Final = 5
"""So many names stand in an error."""


@dataclass(frozen=True)
class Example:
    """A published example: what it is, who published it, how large it is, and what its figures are worth.

    ``words`` are what it is made of: functions, the loss, the optimizer. ``figures`` counts what is printed,
    ``errata`` what of that is wrong in the source.
    """

    name: str
    title: str
    about: str
    source: str
    shape: str
    words: tuple[str, ...]
    figures: int
    errata: int

    @property
    def config(self) -> Path:
        """The file of the config."""
        return folder() / f"{self.name}.yaml"

    @property
    def expected(self) -> Path:
        """The file of the figures as printed."""
        return folder() / f"{self.name}.expected.yaml"

    def has(self, word: str) -> bool:
        """Whether a word occurs in anything that is said of the example, whatever its case."""
        texts = (self.name, self.title, self.about, self.source, self.shape, *self.words)
        return any(word.lower() in text.lower() for text in texts)


def folder() -> Path:
    """Where the examples are: in the installed package, or in the checkout that it is run from."""
    package = Path(__file__).parent
    installed = package / "published"
    return installed if installed.is_dir() else package.parent / "configs" / "published"


@cache
def examples() -> tuple[Example, ...]:
    """All examples by name.

    >>> [example.shape for example in examples() if example.name == "mazur-2015"]
    ['2-2-2']
    """
    entries = json.loads((folder() / INDEX).read_text(encoding="utf-8"))
    return tuple(Example(**{**entry, "words": tuple(entry["words"])}) for entry in entries)


def index_text(found: Iterable[Example]) -> str:
    """The text of the index, an example a line."""
    lines = [json.dumps({**asdict(example), "words": list(example.words)}, ensure_ascii=False) for example in found]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def with_words(words: Sequence[str]) -> list[Example]:
    """The examples of which every word is said.

    >>> [example.name for example in with_words(["mazur"])]
    ['mazur-2015']
    """
    return [example for example in examples() if all(example.has(word) for word in words)]


def only(words: Sequence[str], found: Sequence[Example]) -> Example | None:
    """The example that is meant by one word: its name or the only name with it, or the only one found.

    >>> only(["mazur"], []).name, only(["softmax"], examples()) is None
    ('mazur-2015', True)
    """
    if len(words) == 1:
        name = words[0].removeprefix(MARK)
        same = [e for e in examples() if e.name == name] or [e for e in examples() if name in e.name]
        if len(same) == 1:
            return same[0]
    return found[0] if len(found) == 1 else None


def named(name: str) -> Example:
    """The example of that name, or the only one whose name begins so or has it as a part.

    Raises:
        UsageError: there is none, or more than one.

    >>> named("mazur").name
    'mazur-2015'
    """
    wanted = name.removeprefix(MARK)
    for fits in (str.__eq__, str.startswith, str.__contains__):
        found = [example for example in examples() if fits(example.name, wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(example.name for example in found[:SHOWN]) + ", ..." * (len(found) > SHOWN)
            message = f'"{visible(wanted)}" is in the name of {len(found)} examples'
            raise UsageError(Fault(message, hint=f"which one: {listed}"))
    names = [example.name for example in examples()]
    hint = (
        did_you_mean(wanted, [*names, *(name.partition("-")[0] for name in names)]) or "backtrace examples lists them"
    )
    raise UsageError(Fault(f'there is no example "{visible(wanted)}"', hint=hint))
