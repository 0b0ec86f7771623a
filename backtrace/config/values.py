"""Reads single values and nested lists of them; a fault is noted and reading goes on."""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import keyword
import textwrap
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from backtrace.config.records import Array, expression_fault
from backtrace.config.table import ORIENTATIONS, Key
from backtrace.errors import Fault, did_you_mean
from backtrace.expressions import Expr, ExpressionError, parse
from backtrace.yamlfile import Node


class Values:
    """Reads nodes; a fault is noted and reading goes on."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults

    def fault(self, node: Node, message: str, hint: str = "") -> None:
        """Note a fault; what was being read is None."""
        width = max(len(node.text), 1) if node.kind not in ("list", "mapping") else 1
        self.faults.append(Fault(message, node.place, hint, min(width, 60)))

    def expected(self, node: Node, what: str, hint: str = "") -> None:
        """Note what was expected and what was got; what was being read is None."""
        self.fault(node, f"expected {what}, got {node.describe()}", hint)

    def keyed(self, node: Node, keys: Iterable[Key], where: str) -> dict[str, Node]:
        """The nodes of a mapping by key; what the table does not have is a fault."""
        known = [key.name for key in keys]
        found: dict[str, Node] = {}
        for key, value in node.items():
            if key.text in known:
                found[key.text] = value
            else:
                hint = did_you_mean(key.text, known) or textwrap.fill(f"known here: {', '.join(known)}", 90)
                self.fault(key, f'"{key.text}" is no key of {where}', hint)
        return found

    def version(self, node: Node) -> None:
        if node.kind != "number" or node.value != 1:
            self.expected(node, "1, the version of the language")

    def text(self, node: Node) -> str | None:
        if node.kind in ("list", "mapping", "null"):
            return self.expected(node, "text")
        return node.text

    def boolean(self, node: Node) -> bool | None:
        if node.kind != "boolean":
            return self.expected(node, "true or false")
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

    def whole(self, node: Node) -> int | None:
        if node.kind != "number" or not isinstance(node.value, int) or node.value < 0:
            return self.expected(node, "a whole number, 0 or more")
        if node.value > 10**9:
            return self.fault(node, f"{node.text} is too many", "at most 1000000000")
        return node.value

    def name(self, node: Node) -> str | None:
        if node.kind != "text" or not is_name(node.text):
            return self.expected(node, "a name", name_hint(node.text))
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
        return self.names(node) if node.kind == "list" else self.name(node)

    def orientation(self, node: Node) -> bool | None:
        found = ORIENTATIONS.get(" ".join(node.text.replace("@", " @ ").split()))
        if found is None:
            return self.expected(node, "x @ W or W @ x")
        return found

    def reduce(self, node: Node) -> str | None:
        if node.text not in ("sum", "mean"):
            return self.expected(node, "sum or mean", did_you_mean(node.text, ["sum", "mean"]))
        return node.text

    def expression(self, node: Node) -> Expr | None:
        if node.kind not in ("text", "number") or not node.text.strip():
            return self.expected(node, "an expression")
        try:
            return parse(node.text)
        except ExpressionError as error:
            self.faults.append(expression_fault(node, error))
            return None

    def checked_name(self, key: Node) -> bool:
        if is_name(key.text):
            return True
        reason = " (it is a word of Python)" if keyword.iskeyword(key.text) else ""
        self.fault(key, f'"{key.text}" is no name for a quantity{reason}', name_hint(key.text))
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
        return np.asarray(nested, dtype=np.float64)

    def nested(self, node: Node, leaf: Callable[[Node], Any]) -> Any:
        """Nested tuples of leaves; lists of unequal length are a fault, and the result None."""
        if node.kind != "list":
            return leaf(node)
        items = list(node)
        if not items:
            return self.expected(node, "numbers", "the list is empty")
        read = [self.nested(item, leaf) for item in items]
        if any(value is None for value in read):
            return None
        for number, (item, value) in enumerate(zip(items, read, strict=True), start=1):
            if _extent(value) != _extent(read[0]):
                hint = "all rows have the same length"
                return self.fault(item, f"item {number} has {_length(value)}, item 1 has {_length(read[0])}", hint)
        return tuple(read)


def is_name(text: str) -> bool:
    """Whether a text can name a quantity; in an expression Python reads it in its normal form."""
    plain = text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text
    return plain and "__" not in text and not text.startswith("_")


def name_hint(text: str) -> str:
    """How a name is written that is none."""
    normal = unicodedata.normalize("NFKC", text)
    if normal != text and is_name(normal):
        return f'write "{normal}" in its normal form (NFKC): other letters that look alike are read as these'
    return "letters, digits and _, beginning with a letter, without __"


def number_hint(node: Node) -> str:
    """What a person may have meant who wrote something else than a number."""
    text = node.text.strip()
    if text.replace(",", "", 1).lstrip("-").isdigit() and "," in text:
        return f"write {text.replace(',', '.')}"
    if text.endswith("%"):
        return "write a fraction of 1 instead of a percentage"
    if "/" in text:
        return "write the quotient as a decimal number"
    return "a number written with quotes is text: leave them out" if node.quoted else ""


def _extent(value: Any) -> Any:
    return tuple(_extent(item) for item in value) if isinstance(value, tuple) else ()


def _length(value: Any) -> str:
    if not isinstance(value, tuple):
        return "no list"
    return "1 entry" if len(value) == 1 else f"{len(value)} entries"
