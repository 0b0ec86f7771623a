"""The words of a report in one language: every text by its id, and sentences as data until the language is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final, TypeAlias

from backtrace.errors import Fault, UsageError, visible
from backtrace.records import dataclass
from backtrace.words import en, ko

Value: TypeAlias = "str | int | Note"
"""What stands in a place of a text: a text that needs no other language, a number, or a text to be written."""


@dataclass(frozen=True)
class Note:
    """A text of a report as data: its id, and what stands in its places; ``str`` writes it in English.

    >>> str(Note("samples reduced", {"n": 4, "how": Note("mean")}))
    '4 samples, mean over them'
    """

    id: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return ENGLISH.written(self)


@dataclass(frozen=True)
class Words:
    """The texts of a language by id; of a pair the first is for one thing, the second for any other number ``n``.

    >>> words("en").say("more", n=1), words("ko").say("step", number=2), words("ko").title("Hidden layer 2")
    ('1 more', '역전파 2단계', '은닉층 2')
    """

    name: str
    table: Mapping[str, str | tuple[str, str]] = field(repr=False, compare=False)

    def say(self, id: str, /, **values: Value) -> str:
        """The text of an id with values in its places."""
        return self.template(id, values).format_map({place: self.written(value) for place, value in values.items()})

    def template(self, id: str, values: Mapping[str, Value]) -> str:
        """The text of an id with its places open; of a pair the one for so many things."""
        found = self.table[id]
        return found if isinstance(found, str) else found[values["n"] != 1]

    def written(self, value: Value) -> str:
        """A note in this language; what is no note as it is."""
        return self.say(value.id, **value.values) if isinstance(value, Note) else str(value)

    @property
    def letters(self) -> str:
        """Everything that a stream must be able to write."""
        return "".join("".join(template) for template in self.table.values())

    def title(self, text: str) -> str:
        """A title in this language where the program has it in English, numbered or not; else as it is."""
        number = text[len(text.rstrip("0123456789")) :]
        id = _TITLES.get((text.removesuffix(number) + "{number}" * bool(number)).casefold(), "")
        same = self.table.get(id) == ENGLISH.table.get(id)  # a reader's own capitals stay
        return text if same else self.say(id, number=number)


LANGUAGES: Final[Mapping[str, Words]] = {row.name: row for row in (Words("en", en.TEXTS), Words("ko", ko.TEXTS))}
"""The languages by name."""
ENGLISH: Final = LANGUAGES["en"]
_TITLES: Final = {str(text).casefold(): id for id, text in en.TEXTS.items() if id.startswith("title ")}


def words(name: str) -> Words:
    """The words of a language.

    Raises:
        UsageError: there is no such language.
    """
    if name not in LANGUAGES:
        raise UsageError(Fault(f'there is no language "{visible(name)}"', hint=f"known: {', '.join(LANGUAGES)}"))
    return LANGUAGES[name]
