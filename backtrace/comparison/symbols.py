"""Symbols: expressions over keys, read; an expected file names by them what its source prints."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Final, NamedTuple

from backtrace.comparison.expected import Symbol
from backtrace.config.records import expression_fault
from backtrace.errors import ConfigError, Fault
from backtrace.expressions import Element, Expr, ExpressionError, Index, parse
from backtrace.keys import Derivative, Key, Keys, Part, UnknownKeyError
from backtrace.labels import outside_brackets
from backtrace.ops import CONSTANTS
from backtrace.records import dataclass


class Named(NamedTuple):
    """A symbol, or one number of it, counted from 0."""

    name: str
    index: Index | None = None  # type: ignore[assignment]  # a tuple's own index() is not called


@dataclass(frozen=True)
class Definition:
    """A symbol that was read: its expression over stand-ins, and the key that each of them stands for."""

    symbol: Symbol
    expr: Expr
    operands: Mapping[str, Key]
    tokens: Tokens

    def fault(self, error: ExpressionError) -> Fault:
        """An error in the expression over stand-ins as a fault in the file."""
        return self.tokens.fault(self.symbol, error)


def definitions(symbols: Iterable[Symbol], keys: Keys) -> dict[str, Definition]:
    """The symbols of a file by name; each may read those before it where no key has their name.

    Raises:
        ConfigError: unknown keys, and what is no expression; all of them.
    """
    found: dict[str, Definition] = {}
    faults: list[Fault] = []
    for symbol in symbols:
        tokens = Tokens(symbol.text, keys, frozenset(found))
        try:
            tokens.read()
            found[symbol.name] = Definition(symbol, parse(tokens.plain), tokens.operands, tokens)
        except ExpressionError as error:
            faults.append(tokens.fault(symbol, error))
            if tokens.complete:
                continue
            # what reads this symbol is not at fault for it
            found[symbol.name] = Definition(symbol, parse("0"), {}, tokens)
    if faults:
        raise ConfigError(faults)
    return found


# ── from a text to keys and what stands between them ──

NAME: Final = r"[^\W\d]\w*"
INDEX: Final = r"(?:\[\s*\d+(?:\s*,\s*\d+)*\s*\])"
PLUS: Final = r"(?:[+⁺](?=\s*(?:[-+*/@<>=!)\],#]|$)))"
"""A plus on a name is the mark of the update where no operand follows it."""
SAMPLE: Final = r"(?:#\d+)"
EPOCH: Final = r"(?:@\d+(?:\.\d+)?(?!\w))"
PART: Final = rf"{NAME}{INDEX}?{PLUS}?{SAMPLE}?{PLUS}?"
DOTTED: Final = rf"{NAME}(?:\.{NAME})+{INDEX}?{PLUS}?{SAMPLE}?{PLUS}?"

SHAPES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[d∂]{PART}/[d∂](?:{DOTTED}|{PART}){EPOCH}?",
        rf"{DOTTED}{EPOCH}?",
        rf"{PART}{EPOCH}?",
    )
)
"""What a key may look like, the longest first."""
WORD: Final = re.compile(NAME)
STAND_IN: Final = re.compile(r"\bk\d+\b")
CALL: Final = re.compile(r"(d|local|via)\s*\(")
SUFFIX: Final = re.compile(EPOCH)
NUMBER: Final = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
TRANSPOSED: Final = re.compile(r"\.T(?!\w)")
FUNCTION_OR_OPTION: Final = re.compile(r"\s*(?:\(|=(?!=))")
TRUTH: Final = ("True", "False")
COUNTS: Final = {"d": 2, "local": 2, "via": 3}
"""The keys that each call takes."""


@dataclass
class Tokens:
    """Puts stand-ins for the keys of a text, so that the rest can be read as an equation."""

    text: str
    keys: Keys
    earlier: frozenset[str]
    operands: dict[str, Key] = field(default_factory=dict)
    plain: str = ""
    complete: bool = False
    _starts: list[int] = field(default_factory=list)
    _origins: list[int] = field(default_factory=list)

    def read(self) -> None:
        """Fill ``plain`` and ``operands``.

        Raises:
            ExpressionError: a key that names nothing; at its character of the text.
        """
        for origin, width, key in self._pieces():
            self._starts.append(len(self.plain))
            self._origins.append(origin)
            self.plain += self.text[origin : origin + width] if key is None else self._stand_in(key)
        self.complete = True

    def _stand_in(self, key: Key) -> str:
        name = next((name for name, known in self.operands.items() if known == key), f"k{len(self.operands)}")
        self.operands[name] = key
        return name

    def _original(self, name: str) -> str:
        """What a stand-in stands for; any other name is its own."""
        return self.keys.text(self.operands[name].target) if name in self.operands else name

    def _pieces(self) -> Iterator[tuple[int, int, Key | None]]:
        """Where each piece begins, how long it is, and the key that it is, if it is one."""
        at = 0
        while at < len(self.text):
            width, key = self._piece(at)
            yield at, width, key
            at += width

    def _piece(self, at: int) -> tuple[int, Key | None]:
        found = NUMBER.match(self.text, at) or TRANSPOSED.match(self.text, at)
        if found:
            return len(found[0]), None
        if CALL.match(self.text, at):
            return self._call(at)
        return self._key(at)

    def _key(self, at: int) -> tuple[int, Key | None]:
        """The longest key that stands here; a function's name and what is no name stay as they are."""
        for shape in SHAPES:
            found = shape.match(self.text, at)
            key = self._parsed(found[0]) if found else None
            if found and key and not (found[0].isidentifier() and self._is_called(found.end())):
                return len(found[0]), key
        word = WORD.match(self.text, at)
        if word is None:
            return 1, None
        if self._is_called(word.end()) or word[0] in TRUTH or word[0] in CONSTANTS:
            return len(word[0]), None
        if word[0] in self.earlier:
            epoch = SUFFIX.match(self.text, word.end())
            tail = epoch[0] if epoch else ""
            return len(word[0] + tail), Key(Named(word[0]), *_moment(tail))  # type: ignore[arg-type]
        whole = next(found for shape in SHAPES[1:] if (found := shape.match(self.text, at)))
        raise self._unknown(at, whole[0])

    def _is_called(self, end: int) -> bool:
        return FUNCTION_OR_OPTION.match(self.text, end) is not None

    def _parsed(self, text: str) -> Key | None:
        """What a text names; other notations do not count, or dw could not be the name of a symbol."""
        try:
            return self.keys.parse(text, aliases=False)
        except UnknownKeyError:
            return None

    def _unknown(self, at: int, text: str) -> ExpressionError:
        message, hint = f'"{text}" names nothing here', ""
        try:
            self.keys.parse(text)
        except UnknownKeyError as error:
            hint = error.faults[0].hint
        return ExpressionError(message, at, len(text), hint)

    def _call(self, at: int) -> tuple[int, Key | None]:
        """d(A, B), local(A, B) or via(A, B, C), of whose operands each is a key."""
        found = CALL.match(self.text, at)
        assert found is not None
        end = _closing(self.text, found.end())
        if end is None:
            raise ExpressionError("a bracket is not closed", found.end() - 1)
        inner = self.text[found.end() : end]
        parts = outside_brackets(inner)
        if len(parts) != COUNTS[found[1]]:
            message = f"{found[1]} takes {COUNTS[found[1]]} keys, not {len(parts)}"
            raise ExpressionError(message, at, end + 1 - at, "d(A, B) is the derivative of A by B, over all ways")
        offset = found.end()
        for part in parts:
            if self._parsed(part.strip()) is None:
                raise self._unknown(offset + len(part) - len(part.lstrip()), part.strip())
            offset += len(part) + 1
        suffix = SUFFIX.match(self.text, end + 1)
        tail = suffix[0] if suffix else ""
        text = self.text[at : end + 1] + tail
        key = self._derivative(parts, tail) if found[1] == "d" else self._parsed(text)
        if key is None:
            raise ExpressionError(
                f'"{text}" names nothing here', at, len(text), "it takes single numbers before the update"
            )
        return len(text), key

    def _derivative(self, parts: list[str], tail: str) -> Key | None:
        """The derivative over all ways; which epoch it is of may stand behind the call or at its operands."""
        of, by = (self.keys.parse(part.strip()) for part in parts)
        ends = of.target, by.target
        if not all(isinstance(end, Element | Part) and not end.name.endswith("+") for end in ends):
            return None
        dated = by if by.epoch is not None else of
        if tail:
            dated = self.keys.parse(parts[1].strip().partition("@")[0] + tail)
        return dated._replace(target=Derivative(*ends))  # type: ignore[arg-type]

    def fault(self, symbol: Symbol, error: ExpressionError) -> Fault:
        """An error at a character of the text with stand-ins, or of the text itself, as a fault in the file."""
        if self.complete:
            piece = max(bisect_right(self._starts, error.offset) - 1, 0)
            if piece < len(self._origins):
                error.offset = self._origins[piece]
            error.hint = STAND_IN.sub(lambda found: self._original(found[0]), error.hint)
        return expression_fault(symbol.node, error)


def _moment(tail: str) -> tuple[int | None, int | None]:
    """The epoch and the update that stand behind a symbol: @3, @3.2."""
    epoch, _, update = tail[1:].partition(".")
    return int(epoch) if epoch else None, int(update) if update else None


def _closing(text: str, at: int) -> int | None:
    """Where the bracket closes that was opened before this character."""
    depth = 1
    for place in range(at, len(text)):
        depth += (text[place] in "([") - (text[place] in ")]")
        if depth == 0:
            return place
    return None
