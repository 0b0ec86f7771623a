"""Reads single values and nested lists of them; a fault is noted and reading goes on."""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from backtrace.config.records import Array, expression_fault
from backtrace.config.table import ORIENTATIONS, Key
from backtrace.errors import Fault, Place, did_you_mean, shortened
from backtrace.expressions import Expr, ExpressionError, is_name, parse
from backtrace.yamlfile import Node

MOST_HINTED = 200
"""Twenty faults are shown, and what is meant takes a millisecond to find for each."""
FROM_ONE = "a whole number, 1 or more"
MOST_AXES = 16
"""numpy has 32; one more comes with samples, and twice as many with derivatives of one array by another."""
POINT_HINT = "a decimal number has a point: 0.5; with a comma it is two numbers"


class Values:
    """Reads nodes; a fault is noted and reading goes on."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        self.places: set[tuple[int, int]] = set()
        self.counted = 0
        """Where the first so many faults stand."""
        self.silenced = 0
        """How many more were found at places of which something is said already."""
        self.unsound: set[str] = set()
        """The keys whose values are refused: nothing more is said about them."""
        self.strayed: set[Place] = set()
        """Where the mappings begin that have keys which they cannot have."""

    def fault(self, node: Node, message: str, hint: str = "") -> None:
        """Note a fault, one at a place; what was being read is None."""
        if self.told(node):
            self.silenced += 1
            return
        width = max(len(node.text), 1) if node.kind not in ("list", "mapping") else 1
        self.faults.append(Fault(message, node.place, hint, min(width, 60)))

    @property
    def found(self) -> int:
        """How many faults were found, whether they are noted or not."""
        return len(self.faults) + self.silenced

    def told(self, node: Node) -> bool:
        """Whether something is said already about what stands at this place."""
        at = (node.place.line, node.place.column)
        for fault in self.faults[self.counted :]:
            if fault.place and fault.place.file == node.place.file:
                self.places.add((fault.place.line, fault.place.column))
        self.counted = len(self.faults)
        return at in self.places

    def expected(self, node: Node, what: str, hint: str = "") -> None:
        """Note what was expected and what was got; what was being read is None."""
        self.fault(node, f"expected {what}, got {node.describe()}", hint or kind_hint(node, what))

    def keyed(
        self, node: Node, keys: Iterable[Key], where: str, others: Mapping[str, str] | None = None
    ) -> dict[str, Node]:
        """The nodes of a mapping by key; what the table does not have is a fault, with the hint of ``others``."""
        known = [key.name for key in keys]
        found: dict[str, Node] = {}
        for key, value in node.items():
            if key.text in known:
                found[key.text] = value
            else:
                self.strayed.add(node.place)
                few = len(self.faults) < MOST_HINTED
                hint = ((others or {}).get(key.text) or key_hint(key.text, known)) if few else ""
                self.fault(key, f'"{shortened(key.text)}" is no key of {where}', hint)
        return found

    def missing(self, node: Node, message: str, hint: str = "") -> None:
        """Note that a mapping lacks a key, unless it has one that it cannot have: that is the fault then."""
        if node.place not in self.strayed:
            self.fault(node, message, hint)

    def version(self, node: Node) -> None:
        if node.kind != "number" or node.value != 1:
            self.expected(node, "1, the version of the language")

    def text(self, node: Node) -> str | None:
        if node.kind in ("list", "mapping", "null"):
            return self.expected(node, "text")
        return node.text

    def boolean(self, node: Node) -> bool | None:
        if node.kind != "boolean":
            return self.expected(node, "true or false", boolean_hint(node))
        return bool(node.value)

    def number(self, node: Node) -> float | None:
        if node.kind != "number":
            return self.expected(node, "a number", number_hint(node))
        return self.finite(node)

    def finite(self, node: Node) -> float | None:
        assert isinstance(node.value, int | float)
        try:
            value = float(node.value)
        except OverflowError:
            value = float("inf")
        if not abs(value) <= 1.7976931348623157e308:
            return self.fault(node, f"{node.describe()} is not a finite number")
        return value

    def whole(self, node: Node, least: int = 0) -> int | None:
        if node.kind != "number" or not isinstance(node.value, int) or node.value < least:
            return self.expected(node, f"a whole number, {least} or more", whole_hint(node, least))
        if node.value > 10**9:
            return self.fault(node, f"{node.text} is too many", "at most 1000000000")
        return node.value

    def count(self, node: Node) -> int | None:
        hint = "without learning_rate: nothing is updated"
        return self.expected(node, FROM_ONE, hint) if node.kind == "number" and node.value == 0 else self.whole(node, 1)

    def name(self, node: Node) -> str | None:
        if node.kind != "text" or not is_name(node.text):
            return self.expected(node, "a name", name_hint(node.text) if node.kind == "text" else "")
        return node.text

    def names(self, node: Node) -> tuple[str, ...] | None:
        if node.kind == "text":
            return (node.text,)
        if node.kind != "list":
            return self.expected(node, "a list of names")
        read = [self.name(item) for item in node]
        return tuple(name for name in read if name is not None)

    def stem(self, node: Node) -> str | tuple[str, ...] | None:
        if node.kind == "list" and not node.value:
            return self.expected(node, "a name, or a list of names")
        if node.kind == "list":
            self.named_once(list(node))
        return self.names(node) if node.kind == "list" else self.name(node)

    def named_once(self, items: list[Node]) -> None:
        """Refuse a name that stands twice in a list."""
        seen: set[str] = set()
        for item in items:
            if item.text in seen and item.kind == "text":
                self.fault(item, f'"{shortened(item.text)}" stands twice in this list', "one name, one quantity")
            seen.add(item.text)

    def orientation(self, node: Node) -> bool | None:
        found = ORIENTATIONS.get(" ".join(node.text.replace("@", " @ ").split()))
        if found is None:
            return self.expected(node, "x @ W or W @ x")
        return found

    def reduce(self, node: Node) -> str | None:
        if node.text not in ("sum", "mean"):
            other = "mean" if node.text.lower() in ("average", "avg") else node.text
            return self.expected(node, "sum or mean", did_you_mean(other, ["sum", "mean"]))
        return node.text

    def expression(self, node: Node) -> Expr | None:
        if node.kind not in ("text", "number") or not node.text.strip():
            return self.expected(node, "an expression")
        if node.kind == "number" and self.finite(node) is None:
            return None
        try:
            return parse(node.text)
        except ExpressionError as error:
            self.faults.append(expression_fault(node, error))
            return None

    def checked_name(self, key: Node) -> bool:
        if is_name(key.text):
            return True
        self.fault(key, f'"{shortened(key.text)}" is no name for a quantity', name_hint(key.text))
        return False

    def checked_head(self, key: Node) -> bool:
        """A name, or with brackets that of a step: h[t], h[0]."""
        stem, bracket, index = key.text.partition("[")
        inside = index.removesuffix("]")
        if bracket and index.endswith("]") and is_name(stem) and (is_name(inside) or inside.isdecimal()):
            return True
        return self.checked_name(key)

    def array(self, node: Node) -> Array | None:
        """A number or nested lists of numbers of one length on each level."""
        nested = self.nested(node, self.number)
        if nested is None:
            return None
        if (axes := _axes(nested)) > MOST_AXES:
            return self.fault(node, f"lists are nested {axes} deep", f"an array has at most {MOST_AXES} axes")
        return np.asarray(nested, dtype=np.float64)

    def nested(self, node: Node, leaf: Callable[[Node], Any]) -> Any:
        """Nested tuples of leaves; lists of unequal length are a fault, and the result None."""
        if node.kind != "list":
            return leaf(node)
        items = list(node)
        if not items or all(item.kind == "list" and not item.value for item in items):
            return self.expected(items[0] if items else node, "numbers", "write at least one")
        read = [self.nested(item, leaf) for item in items]
        if any(value is None for value in read):
            return None
        for number, (item, value) in enumerate(zip(items, read, strict=True), start=1):
            if _extent(value) != _extent(read[0]):
                commas = split_by_commas(value, read[0]) or split_by_commas(read[0], value)
                hint = POINT_HINT if commas else "all rows have the same length"
                return self.fault(item, f"item {number} has {_length(value)}, item 1 has {_length(read[0])}", hint)
        return tuple(read)


def kind_hint(node: Node, what: str) -> str:
    """How to repair a value that is of another kind than expected."""
    from backtrace.config import hints

    return hints.kind_hint(node, what)


BOOLEANS = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
"""What people write for true and false; in YAML 1.2 it is text."""


def boolean_hint(node: Node) -> str:
    """How a truth value is written."""
    meant = BOOLEANS.get(node.text.casefold()) or node.text.casefold()
    return f"write {meant}" if meant in ("true", "false") and node.kind in ("text", "number") else ""


def name_hint(text: str) -> str:
    """How a name is written that is none."""
    from backtrace.config import hints

    return hints.name_hint(text)


def number_hint(node: Node) -> str:
    """What a person may have meant who wrote something else than a number."""
    from backtrace.config import hints

    return hints.number_hint(node.text, node.quoted) if node.kind == "text" else ""


def whole_hint(node: Node, least: int = 0, most: int = 10**9) -> str:
    """What a person may have meant who wrote something else than a whole number."""
    from backtrace.config import hints

    return hints.whole_hint(node, least, most)


def meant_key(text: str, known: Iterable[str]) -> str:
    """The key that is meant by one that is not known; "" where none is near."""
    from backtrace.config import spellings

    return spellings.nearest(text, known, spellings.KEYS).partition('"')[2].partition('"')[0]


def key_hint(text: str, known: Iterable[str]) -> str:
    """The key that is meant, or all that are known."""
    from backtrace.config import hints

    return hints.key_hint(text, known)


def _extent(value: Any) -> Any:
    return tuple(_extent(item) for item in value) if isinstance(value, tuple) else ()


def split_by_commas(long: Any, short: Any) -> bool:
    """Whether a row is twice as long as another because its decimal commas were read as commas between numbers."""
    if not isinstance(long, tuple) or not isinstance(short, tuple) or len(long) != 2 * len(short):
        return False
    return are_whole(long)


def are_whole(values: Any) -> bool:
    """Whether all numbers are whole, as those are whose decimal commas were read as commas between numbers."""
    if isinstance(values, np.ndarray):
        return bool(np.all(values == np.round(values)))
    if isinstance(values, tuple):
        return all(map(are_whole, values))
    return isinstance(values, float) and values.is_integer()


def _axes(value: Any) -> int:
    return 1 + _axes(value[0]) if isinstance(value, tuple) else 0


def _length(value: Any) -> str:
    if not isinstance(value, tuple):
        return "no list"
    return "1 entry" if len(value) == 1 else f"{len(value)} entries"
