"""The errors of backtrace: what is wrong, where it stands, how to repair it, and how a reader sees that."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import ClassVar

from backtrace.records import dataclass

# Enough to repair a file in one go; more would push the first, which often causes the rest, off the screen.
MOST_SHOWN = 20
# A source line and its indent stay within 100 columns.
WINDOW = 96
INDENT = "    "
TAB = "    "
ELLIPSIS = "…"
# Twenty faults of the longest kind still fit on a few screens.
LONGEST_MESSAGE = 250
LONGEST_PATH = 240
LONGEST_HINT_LINE = 150
HINT_LINES = 12
# No window reaches further than this many characters from its caret, unless by combining marks.
LONGEST_LEAD = 2 * WINDOW

# Categories without a shape of their own: control, format (bidi, zero-width), surrogates, line separators.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and marks by category, but drawn as nothing: the grapheme joiner, the Hangul and Khmer fillers. The last two
# are no characters: neither XML nor YAML has a place for them.
HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufffe\uffff")
# Letters of a word in the eyes of Python; in a title they choose how a sign is drawn.
VARIATIONS = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# difflib takes quadratic time, and no name that can be meant is longer.
LONGEST_WORD = 80
# Two of three letters may agree by chance, if they are not the first: inv is not meant for sin.
SHORT_WORD = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A character in a file, as an editor shows it: line and column from 1, the column counted in characters.

    `source` is the whole text of that line, without its end.
    """

    file: str
    line: int
    column: int
    source: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: what was got and expected, where, the repair, and how many characters to underline."""

    message: str
    place: Place | None = None
    hint: str = ""
    width: int = 1


class BacktraceError(Exception):
    """The root of all errors that backtrace raises on purpose; it carries one fault or several.

    Args:
        what: a message, a fault, or several faults.

    >>> print(ConfigError(Fault("this is 3", hint="give 4")))
    this is 3
      hint: give 4
    """

    exit_code: ClassVar[int] = 1
    faults: tuple[Fault, ...]

    def __init__(self, what: str | Fault | Iterable[Fault]) -> None:
        self.faults = tuple(_as_faults(what))
        super().__init__(self.faults)

    def __str__(self) -> str:
        return format_faults(self.faults)


class UsageError(BacktraceError):
    """The command line is wrong."""

    exit_code: ClassVar[int] = 2


class ConfigError(BacktraceError):
    """The config or the data is refused."""

    exit_code: ClassVar[int] = 3


class FileError(BacktraceError):
    """A file cannot be read or written."""

    exit_code: ClassVar[int] = 4


class NumericError(BacktraceError):
    """The computation left the finite numbers."""

    exit_code: ClassVar[int] = 5


def _as_faults(what: str | Fault | Iterable[Fault]) -> Iterable[Fault]:
    if isinstance(what, str):
        return (Fault(what),)
    return (what,) if isinstance(what, Fault) else what


def unseen(character: str) -> bool:
    """Whether a character is not seen in a name: hidden, or a variation of the one in front of it."""
    return not character.isascii() and (hidden(character) or bool(VARIATIONS.match(character)))


def visible(text: str) -> str:
    r"""Show control, bidi and zero-width characters of a user's text as escapes; keep everything else.

    >>> print(visible("abc\u202edef ∂E/∂w"))
    abc\u202edef ∂E/∂w
    """
    return "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    return _escape(character) if hidden(character) else character


def hidden(character: str) -> bool:
    """Whether a character is drawn as nothing, or moves what stands around it."""
    return unicodedata.category(character) in HIDDEN_CATEGORIES or character in HIDDEN_LETTERS


def _escape(character: str) -> str:
    code = ord(character)
    if character in SHORT_ESCAPES:
        return SHORT_ESCAPES[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shortened(text: str, limit: int = 60) -> str:
    """Make a user's text fit to stand in a message: visible, and cut in the middle where it is long.

    >>> shortened("a" * 1000, 9)
    'aaaa…aaaa'
    """
    if len(text) > 2 * limit:
        text = text[:limit] + text[-limit:]
    shown, half = visible(text), (limit - 1) // 2
    return shown if len(shown) <= limit else f"{shown[:half]}{ELLIPSIS}{shown[-half:]}"


def format_fault(fault: Fault) -> str:
    """Write one fault: place and message, the source line with a caret under it, the hint.

    >>> place = Place("net.yaml", 3, 7, "rate: fast")
    >>> print(format_fault(Fault("a number is expected here", place, "write rate: 0.5", width=4)))
    net.yaml:3:7: a number is expected here
        rate: fast
              ^^^^
      hint: write rate: 0.5
    """
    return "\n".join([_headline(fault), *_excerpt(fault), *_hint(fault.hint)])


def _headline(fault: Fault) -> str:
    place, message = fault.place, shortened(fault.message, LONGEST_MESSAGE)
    return f"{shortened(place.file, LONGEST_PATH)}:{place.line}:{place.column}: {message}" if place else message


def _hint(hint: str) -> Iterator[str]:
    """A hint may have several lines: an example to copy reads best as it is to be written."""
    for number, line in enumerate(hint.split("\n")[:HINT_LINES] if hint else []):
        lead = "  hint: " if number == 0 else "        "
        yield (lead + shortened(line, LONGEST_HINT_LINE)).rstrip()


def _excerpt(fault: Fault) -> list[str]:
    """The source line and the line of carets; nothing where the line is blank, as in an empty file."""
    if fault.place is None or not fault.place.source.strip():
        return []
    start = fault.place.column - 1
    cells = [_cell(character) for character in _around(fault.place.source.rstrip(), start)]
    start = min(start, LONGEST_LEAD)
    base = _base(cells, start)
    return _caret_lines(cells, base, max(1, fault.width) + start - base)


def _base(cells: list[str], start: int) -> int:
    """The cell that is seen: a combining mark is drawn on the character in front of it."""
    while 0 < start < len(cells) and _columns(cells[start]) == 0:
        start -= 1
    return start


def _around(source: str, start: int) -> str:
    """The part of a line that can be seen around the caret: a line may have millions of characters."""
    return source[max(0, start - LONGEST_LEAD) : start + LONGEST_LEAD]


def _cell(character: str) -> str:
    return TAB if character == "\t" else _visible_character(character)


def _caret_lines(cells: list[str], start: int, width: int) -> list[str]:
    left, right = _window(cells, start)
    shown = "".join(cells[left:right])
    lead = ELLIPSIS if left > 0 else ""
    tail = ELLIPSIS if right < len(cells) else ""
    padding = " " * (_columns(lead) + sum(map(_columns, cells[left:start])) + max(0, start - len(cells)))
    carets = "^" * max(1, sum(map(_columns, cells[start : min(start + width, right)])))
    return [f"{INDENT}{lead}{shown}{tail}", f"{INDENT}{padding}{carets}"]


def _window(cells: list[str], start: int) -> tuple[int, int]:
    """Which cells to show: all if they fit, else as many as fit with a third of the room before the caret."""
    if sum(map(_columns, cells)) <= WINDOW:
        return 0, len(cells)
    start = min(start, len(cells))
    left = start - _fitting(cells[:start][::-1], WINDOW // 3)
    room = WINDOW - 2 - sum(map(_columns, cells[left:start]))
    right = start + _fitting(cells[start:], room)
    return left, right


def _fitting(cells: list[str], room: int) -> int:
    """How many of the cells fit into so many columns."""
    for count, cell in enumerate(cells):
        room -= _columns(cell)
        if room < 0:
            return count
    return len(cells)


def _columns(text: str) -> int:
    return sum(map(_character_columns, text))


def _character_columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def format_faults(faults: Iterable[Fault]) -> str:
    """Write several faults in the order of their file, each once, at most 20 of them.

    >>> print(format_faults([Fault("one"), Fault("two")]))
    one
    two
    """
    ordered = _in_file_order(dict.fromkeys(faults))
    shown = [format_fault(fault) for fault in ordered[:MOST_SHOWN]]
    more = len(ordered) - MOST_SHOWN
    return "\n".join([*shown, f"... and {more} more"] if more > 0 else shown)


def _in_file_order(faults: Iterable[Fault]) -> list[Fault]:
    """Faults without a place first, then file by file in the order in which the files are first spoken of."""
    listed = list(faults)
    files: dict[str, int] = {}
    for fault in listed:
        if fault.place:
            files.setdefault(fault.place.file, len(files))
    return sorted(listed, key=lambda fault: _position(fault.place, files))


def _position(place: Place | None, files: dict[str, int]) -> tuple[int, int, int]:
    return (files[place.file], place.line, place.column) if place else (-1, 0, 0)


def suggest(word: str, choices: Iterable[str]) -> str:
    """Find the choice that a misspelt word most likely means, in any case of letters.

    Returns:
        The nearest choice, or "" where none is near.

    >>> suggest("Learning_Rat", ["learning_rate", "layers"])
    'learning_rate'
    """
    if len(word) > LONGEST_WORD:
        return ""
    folded: dict[str, str] = {}
    for choice in choices:
        folded.setdefault(choice.casefold(), choice)
    from difflib import get_close_matches

    lower = word.casefold()
    near = get_close_matches(lower, folded, n=3)
    if len(word) <= SHORT_WORD:
        near = [one for one in near if _is_near(lower, one)] or get_close_matches(lower, near, n=1, cutoff=0.7)
    return folded[near[0]] if near else ""


def _is_near(word: str, other: str) -> bool:
    """Whether two short words differ by letters after the first, or by an ending."""
    return word[0] == other[0] and (len(word) == len(other) or word.startswith(other) or other.startswith(word))


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Ask for the nearest choice, in words for a hint; "" where none is near.

    >>> did_you_mean("learning_rte", ["learning_rate", "layers"])
    'did you mean "learning_rate"?'
    """
    near = suggest(word, choices)
    return f'did you mean "{near}"?{_look_alike(word, near)}' if near else ""


def _look_alike(word: str, near: str) -> str:
    """The number of a letter that only looks like one of the word that is meant."""
    odd = next((letter for letter in word if not letter.isascii()), "") if near.isascii() else ""
    return f' ("{_visible_character(odd)}" is U+{ord(odd):04X})' if odd else ""
