"""Edits of a text that know nothing of what it says: its bytes, its tokens and its lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzzing.values import NUMBERS

# What people and other programs leave in a file, and what a parser, a terminal or a page may take for more than text.
TOKENS = (
    ":", ": ", "- ", "-", ",", "[", "]", "{", "}", "(", ")", "#", " #", "|", ">", "&a ", "*a", "!!int ", "!x ", "%",
    "@", "`", "'", '"', "\\", "\t", "  ", "\n", "\r", "\r\n", "---\n", "...\n", "? ", "<<: ", "=", "~", "null", "true",
    "no", "<<<<<<< HEAD\n", "```yaml\n", "{{ x }}", "0,5", "1 000", "1/3", "50%", "“", "”", "−", "…", "½", "²",
    "σ", "日本",
    "\u00a0", "\u200b", "\u202e", "\u2028", "\u0085", "\ufeff", "\x00", "\x07", "\x1b[31m", "\u0301", "\U0001f600",
    "[red]", "[/]", "<script>", "$(id)", "=1+1", "__import__('os')", "lambda: 0", "**", "//", "@", ".T", "==", "if",
    *NUMBERS,
)  # fmt: skip
BYTES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x00", b"\x80", b"\xef\xbb\xbf", b"\xfe\xff")
PIECE = re.compile(r"[A-Za-z_]\w*|\d[\d.eE+-]*|\s+|.", re.DOTALL)


def edited(text: str, random: Random, other: str) -> str:
    """The text with one edit, which may take something from another text."""
    return random.choice(EDITS)(text, random, other)


def in_bytes(data: bytes, random: Random) -> bytes:
    """One byte turned, left out, or bytes that are no UTF-8 put in."""
    at = random.randrange(len(data) + 1)
    match random.randrange(3):
        case 0:
            return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]
        case 1:
            return data[:at] + data[at + random.randrange(1, 4) :]
    return data[:at] + random.choice(BYTES) + data[at:]


def _insert(text: str, random: Random, other: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(TOKENS) + text[at:]


def _replace(text: str, random: Random, other: str) -> str:
    return _of_pieces(text, random, lambda pieces, at: [random.choice(TOKENS)])


def _drop(text: str, random: Random, other: str) -> str:
    return _of_pieces(text, random, lambda pieces, at: [])


def _twice(text: str, random: Random, other: str) -> str:
    return _of_pieces(text, random, lambda pieces, at: [pieces[at]] * random.choice((2, 2, 3, 50)))


def _swap(text: str, random: Random, other: str) -> str:
    return _of_pieces(text, random, lambda pieces, at: [random.choice(pieces)])


def _from_other(text: str, random: Random, other: str) -> str:
    found = PIECE.findall(other) or [""]
    return _of_pieces(text, random, lambda pieces, at: [random.choice(found)])


def _of_pieces(text: str, random: Random, change: Callable[[list[str], int], list[str]]) -> str:
    pieces = PIECE.findall(text)
    if not pieces:
        return random.choice(TOKENS)
    at = random.randrange(len(pieces))
    return "".join([*pieces[:at], *change(pieces, at), *pieces[at + 1 :]])


def _lines(text: str, random: Random, other: str) -> str:
    """A line left out, written twice, moved, taken from the other text, or indented otherwise."""
    lines = text.splitlines(keepends=True) or [""]
    at, line = random.randrange(len(lines)), random.choice(lines)
    match random.randrange(5):
        case 0:
            return "".join(lines[:at] + lines[at + 1 :])
        case 1:
            return "".join([*lines[:at], line, *lines[at:]])
        case 2:
            return "".join([*lines[:at], random.choice(other.splitlines(keepends=True) or [""]), *lines[at:]])
        case 3:
            return "".join([*lines[:at], " " * random.randrange(1, 4) + lines[at], *lines[at + 1 :]])
    return "".join(lines[: at + 1])[: -random.randrange(1, 9)]


EDITS: Sequence[Callable[[str, Random, str], str]] = (_insert, _replace, _drop, _twice, _swap, _from_other, _lines)
