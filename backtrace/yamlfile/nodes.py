"""The records of a YAML file that was read: nodes that keep their place and their text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from backtrace.errors import Fault, Place, shortened
from backtrace.records import dataclass

Kind = Literal["null", "boolean", "number", "text", "list", "mapping"]
Scalar: TypeAlias = bool | int | float | str | None
Value: TypeAlias = "Scalar | tuple[Node, ...] | tuple[tuple[Node, Node], ...]"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a YAML file with the place where it stands and, for a scalar, the text it was written as.

    >>> from backtrace.yamlfile import parse
    >>> rate = parse("rate: 1e-3", "net.yaml").root.get("rate")
    >>> rate.value, rate.text, rate.place.column
    (0.001, '1e-3', 7)
    """

    kind: Kind
    place: Place
    text: str
    value: Value
    quoted: bool = False

    def items(self) -> tuple[tuple[Node, Node], ...]:
        """The pairs of a mapping; none for anything else."""
        return self.value if self.kind == "mapping" else ()  # type: ignore[return-value]

    def keys(self) -> list[str]:
        """The keys of a mapping, as text."""
        return [key.text for key, _ in self.items()]

    def get(self, name: str) -> Node | None:
        """The value under a key of a mapping, or None."""
        return next((value for key, value in self.items() if key.text == name), None)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.value if self.kind == "list" else ())  # type: ignore[arg-type]

    def describe(self) -> str:
        """What was got, in words for a message.

        >>> from backtrace.yamlfile import parse
        >>> parse("[1, 2, 3]", "net.yaml").root.describe()
        'a list of 3'
        """
        return DESCRIPTIONS[self.kind](self)

    def place_at(self, offset: int) -> Place:
        """The place of the character at this offset of a scalar's text.

        A text that does not stand in the file as it is (a block, several lines, escapes) gives its beginning.
        """
        start = self.place.column - 1 + self.quoted
        if self.place.source[start : start + len(self.text)] != self.text:
            return self.place
        return replace(self.place, column=start + 1 + offset)


DESCRIPTIONS: dict[Kind, Callable[[Node], str]] = {
    "null": lambda node: "nothing",
    "boolean": lambda node: f"the truth value {node.text}",
    "number": lambda node: f"the number {shortened(node.text, 40)}",
    "text": lambda node: f'the text "{shortened(node.text, 40)}"' if node.text else "an empty text",
    "list": lambda node: f"a list of {len(list(node))}" if node.value else "an empty list",
    "mapping": lambda node: f"a mapping of {len(node.items())}" if node.value else "an empty mapping",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read, with the faults found while going on, and its text."""

    root: Node
    faults: tuple[Fault, ...]
    text: str = ""
