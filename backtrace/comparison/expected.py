"""Expected figures: numbers as a source prints them, with their keys; the digits say how precise each is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Final, NamedTuple, overload

from backtrace.errors import ConfigError, Fault, Place, UsageError, did_you_mean, shortened
from backtrace.guessing import meant
from backtrace.records import dataclass
from backtrace.yamlfile import Document, Node

SIGN: Final = r"[+-]?"
FRACTION: Final = re.compile(rf"({SIGN}[0-9]{{1,300}})\s*/\s*([0-9]{{1,300}})")
DECIMAL: Final = re.compile(
    rf"{SIGN}(?=[.,]?[0-9])(?P<whole>[0-9]*)(?:[.,](?P<part>[0-9]*))?(?:[eE](?P<power>{SIGN}[0-9]{{1,4}}))?"
)
EPOCH: Final = re.compile(r"epoch\s+([0-9]{1,9})(?:\.([0-9]{1,9}))?")
LONGEST_GUESSED: Final = 400
EXACT_DIGITS: Final = 17
"""The significant digits of a fraction: as many as tell any two floats apart."""

ERRATUM: Final = ("printed", "right", "why")
EXAMPLE: Final = "write it as it is printed: 0.60944600, 2.3e-05 or 1/16"

DIGITS: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
HINTS: Final = (
    (re.compile(r"[+-]?[0-9]{1,3}([,.' ][0-9]{3})+([.,][0-9]*)?"), "leave out what separates thousands"),
    (re.compile(r".*(\.\.\.|…)"), "leave out the dots: the digits that are printed count"),
    (re.compile(r".*%"), "write {meant}"),
    (re.compile(r".*\d_\d.*"), "write {meant}"),
    (re.compile(rf"(?:[≈≃≅≐~∼=]|ca\.?|approx\.?|about)\s*({DIGITS})", re.IGNORECASE), "write the figure alone: {}"),
    (re.compile(rf"({DIGITS})\s*(?:±.*|\(.*\))"), "write the figure alone: {}"),
    (re.compile(rf"({DIGITS})\s*[;?$]"), "write the figure alone: {}"),
    (re.compile(r".*([x×*·]\s*10|\^|\*\*).*"), "write {meant}"),
    (re.compile(r".*/\s*0+|[+-]?[0-9.,]+e\+?[0-9]{3,}", re.IGNORECASE), "only finite numbers can be compared"),
    (re.compile(r"[+-]?\.?(inf|nan|infinity|∞)", re.IGNORECASE), "only finite numbers can be compared"),
    (re.compile(r"0[xo][0-9a-fA-F]+"), "write it in decimal digits"),
    (re.compile(rf"({DIGITS})\s*[^\W\d_][^\d\s]*(?:/[^\W\d_]+)?"), "leave out the unit: {}"),
)
"""What a refused figure looks like, and how to write it."""


class Reading(NamedTuple):
    """What a printed number says: its value, a unit of its last place (0: exact), its significant digits."""

    value: float
    unit: float
    digits: int


@dataclass(frozen=True, slots=True)
class Erratum:
    """What an author says of a figure that is printed wrong; reported, never judged by."""

    right: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as printed: whose it is, what it says, where it stands.

    ``key`` and ``printed`` are as written. ``unit`` is the size of one unit in the last printed place, 0 for
    a fraction; ``epoch`` and ``update`` are those of the heading, a key's own ``@N`` or ``@N.U`` counts more.
    ``index`` is the position in a list, from 0, and empty for a number that stands alone.
    """

    key: str
    printed: str
    value: float
    unit: float
    digits: int
    epoch: int | None = None
    heading: str = ""
    place: Place | None = None
    erratum: Erratum | None = None
    index: tuple[int, ...] = ()
    update: int | None = None
    type: str = ""
    """The type it was computed in, where it is a program's number and not a printed text."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name that a source has for a number, and the expression over keys that it stands for."""

    name: str
    text: str
    node: Node


@dataclass(frozen=True, slots=True)
class Filled:
    """What a worksheet tells beside the figures filled in: the keys of all its blanks, and to how many decimals it
    shows the others."""

    blanks: tuple[str, ...]
    digits: int | None = None


@dataclass(frozen=True)
class Expected(Sequence[Figure]):
    """The figures of an expected file in its order, and what the file says beside them.

    ``source`` has what is known of who published them (a lone text is its title); like ``notes`` it is kept for
    readers and never judged.
    """

    figures: tuple[Figure, ...]
    symbols: tuple[Symbol, ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    filled: Filled | None = None

    @overload
    def __getitem__(self, at: int) -> Figure: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Figure, ...]: ...
    def __getitem__(self, at: int | slice) -> Figure | tuple[Figure, ...]:
        return self.figures[at]

    def __len__(self) -> int:
        return len(self.figures)


def reading(text: str) -> Reading | None:
    """What a printed number says; None where it is not a number that can be compared.

    >>> reading("0.60944600")
    Reading(value=0.609446, unit=1e-08, digits=8)
    >>> reading("-2,3e-05"), reading("1/16")
    (Reading(value=-2.3e-05, unit=1e-06, digits=2), Reading(value=0.0625, unit=0.0, digits=17))
    """
    plain = text.strip().replace("−", "-")
    if found := FRACTION.fullmatch(plain):
        return _fraction(int(found[1]), int(found[2]))
    if found := DECIMAL.fullmatch(plain):
        return _decimal(plain.replace(",", "."), **found.groupdict(""))
    return None


def _fraction(top: int, bottom: int) -> Reading | None:
    return Reading(top / bottom, 0.0, EXACT_DIGITS) if bottom else None


def _decimal(text: str, whole: str, part: str, power: str) -> Reading | None:
    unit = float(f"1e{int(power or 0) - len(part)}")
    found = Reading(float(text), unit, len((whole + part).lstrip("0")))
    return found if math.isfinite(found.value) and math.isfinite(found.unit) else None


# ── files ──


def figures(document: Document) -> Expected:
    """The figures of a document that was read, in its order, with its symbols.

    Raises:
        ConfigError: it is refused; with all its faults.

    >>> from backtrace.yamlfile import parse
    >>> document = parse("epoch 3:\\n  forward: {h1: 0.520, o: [0.61, 0.7]}", "figures.yaml")
    >>> [(f.key, f.printed, f.epoch, f.heading, f.index) for f in figures(document)][:2]
    [('h1', '0.520', 3, 'epoch 3, forward', ()), ('o', '0.61', 3, 'epoch 3, forward', (0,))]
    """
    _refuse_config(document.root)
    reader = _Reader(faults=list(document.faults))
    reader.root(document.root)
    if not reader.faults and not reader.figures:
        reader.refuse(document.root, "there is no figure here", 'such as h1: "0.51998934"')
    if reader.faults:
        raise ConfigError(reader.faults)
    return Expected(tuple(reader.figures), tuple(reader.symbols), reader.source, reader.notes)


def _refuse_config(root: Node) -> None:
    """Refuse a config where figures are expected, once and not for each of its texts."""
    for key, value in root.items():
        stated = [part for _, part in value.items()] if key.text == "equations" else []
        layered = key.text == "layers" and any(part.kind == "mapping" for part in value)
        if layered or (stated and all(part.kind == "text" and reading(part.text) is None for part in stated)):
            hint = "backtrace expect CONFIG writes the figures of one"
            raise ConfigError(Fault("this is a config, not expected figures", key.place, hint, len(key.text)))


def symbols(document: Document) -> tuple[Symbol, ...]:
    """The names of a file that maps them to expressions, by itself or under ``symbols:``.

    Raises:
        ConfigError: it is refused; with all its faults.

    >>> from backtrace.yamlfile import parse
    >>> [(s.name, s.text) for s in symbols(parse('{"fc1.weight": W.T}', "map.yaml"))]
    [('fc1.weight', 'W.T')]
    """
    reader = _Reader(faults=list(document.faults))
    root = document.root
    under = root.get("symbols")
    reader.read_symbols(under if under and under.kind == "mapping" and len(root.items()) == 1 else root)
    if reader.faults:
        raise ConfigError(reader.faults)
    return tuple(reader.symbols)


def from_pairs(pairs: Iterable[str]) -> tuple[Figure, ...]:
    """Figures of a command line.

    Raises:
        UsageError: they are no keys with figures; with all faults.

    >>> [(f.key, f.unit) for f in from_pairs(["h1=0.51", "dE/dU11 = 0.026"])]
    [('h1', 0.01), ('dE/dU11', 0.001)]
    """
    found: list[Figure] = []
    faults: list[Fault] = []
    for pair in pairs:
        key, sign, text = (part.strip() for part in pair.rpartition("="))
        says = reading(text)
        if sign and key and says:
            found.append(Figure(key, text.strip(), *says))
        elif not sign or not key:
            faults.append(Fault(f'"{shortened(pair)}" is not KEY=FIGURE', hint="such as h1=0.51998934"))
        else:
            faults.append(Fault(f'"{shortened(text)}" is no figure for {shortened(key)}', hint=how_to_write(text)))
    if faults:
        raise UsageError(faults)
    return tuple(found)


def how_to_write(text: str) -> str:
    """How to write what was refused; of a text too long to be a figure nothing is guessed."""
    if len(text) > LONGEST_GUESSED:
        return EXAMPLE
    for pattern, hint in HINTS:
        if match := pattern.fullmatch(text.strip()):
            meant = _meant(text) if "{meant}" in hint else ""
            found = hint.format(*map(shortened, match.groups("")), meant=meant)
            return EXAMPLE if found == "write " else found
    return EXAMPLE


def _meant(text: str) -> str:
    """The number that a figure means which is written with signs; a percentage keeps its digits."""
    if percent := re.fullmatch(rf"({DIGITS})\s*%", text.strip()):
        return f"{Decimal(percent[1]).scaleb(-2):f}"
    return meant(text)


class _Within(NamedTuple):
    """The headings above a figure."""

    heading: str = ""
    epoch: int | None = None
    update: int | None = None

    def under(self, name: str, epoch: int | None, update: int | None) -> _Within:
        heading = f"{self.heading}, {name}" if self.heading else name
        return _Within(heading, epoch, update) if epoch else self._replace(heading=heading)


@dataclass
class _Reader:
    """Goes through a document once, and collects its figures and its faults."""

    figures: list[Figure] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    source: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, node: Node, message: str, hint: str = "") -> None:
        width = max(1, len(node.text) + 2 * node.quoted)
        self.faults.append(Fault(message, node.place, hint, width))

    def root(self, node: Node) -> None:
        if node.kind != "mapping":
            message = f"a mapping of keys to figures is expected here, not {node.describe()}"
            self.refuse(node, message, 'such as h1: "0.51998934"')
        for key, value in node.items():
            read = RESERVED.get(key.text)
            if read:
                read(self, value)
            else:
                self.entry(key, value, _Within())

    # ── what is no figure ──

    def read_symbols(self, node: Node) -> None:
        """Names that the source has, each with an expression over keys."""
        if node.kind != "mapping":
            hint = 'such as symbols: {delta: "d(E_tot, z1)"}'
            self.refuse(node, f"a mapping of names to expressions is expected here, not {node.describe()}", hint)
        for name, value in node.items():
            if value.kind not in ("text", "number"):
                hint = 'an expression over keys: "w11+ - w11"'
                self.refuse(value, f"an expression is expected here, not {value.describe()}", hint)
            else:
                self.symbols.append(Symbol(name.text, value.text, value))

    def read_source(self, node: Node) -> None:
        """Who published the figures: a title, or several texts."""
        pairs = [(key.text, value) for key, value in node.items()] if node.kind == "mapping" else [("title", node)]
        self.source = {name: self.sentence(value) for name, value in pairs}

    def read_notes(self, node: Node) -> None:
        self.notes = tuple(map(self.sentence, node if node.kind == "list" else [node]))

    def sentence(self, node: Node) -> str:
        if node.kind in ("list", "mapping", "null"):
            self.refuse(node, f"a text is expected here, not {node.describe()}")
        return node.text

    # ── figures ──

    def entry(self, key: Node, value: Node, within: _Within) -> None:
        """What stands under a key: figures, or under a heading more entries."""
        if value.kind == "mapping" and not _is_erratum(value):
            self.heading(key, value, within)
        elif EPOCH.fullmatch(key.text):
            message = f'keys and their figures are expected under "{key.text}", not {value.describe()}'
            self.refuse(value, message, f"such as {key.text}: {{h1: 0.51998934}}")
        elif value.kind == "list":
            self.items(key, value, within, ())
        else:
            self.figure(key, value, within, ())

    def heading(self, key: Node, value: Node, within: _Within) -> None:
        found = EPOCH.fullmatch(key.text)
        epoch, update = (int(part) if part else None for part in found.groups()) if found else (None, None)
        if 0 in (epoch, update):
            self.refuse(key, "epochs are counted from 1", "epoch 1: is before and after the first update")
        for name, item in value.items():
            self.entry(name, item, within.under(key.text, epoch, update))

    def items(self, key: Node, node: Node, within: _Within, index: tuple[int, ...]) -> tuple[int, ...]:
        """Read a list, nested or not; returns its shape."""
        children = list(node)
        shapes = [self.item(key, child, within, (*index, k)) for k, child in enumerate(children)]
        if not shapes:
            self.refuse(node, "an empty list has no figures", "leave out what is not printed")
            return (0,)
        odd = next((k for k, shape in enumerate(shapes) if shape != shapes[0]), None)
        if odd is not None:
            message = f"{children[odd].describe()} stands beside {children[0].describe()}"
            self.refuse(children[odd], message, "a list follows the quantity's shape: rows of one length")
        return (len(shapes), *shapes[0])

    def item(self, key: Node, node: Node, within: _Within, index: tuple[int, ...]) -> tuple[int, ...]:
        if node.kind == "list":
            return self.items(key, node, within, index)
        self.figure(key, node, within, index)
        return ()

    def figure(self, key: Node, node: Node, within: _Within, index: tuple[int, ...]) -> None:
        """A single figure, or one with its erratum."""
        printed, erratum = node, None
        if _is_erratum(node):
            erratum = self.erratum(node)
            printed = node.get("printed") or node
        says = self.number(printed)
        if says:
            stands = (within.epoch, within.heading, printed.place)
            self.figures.append(Figure(key.text, printed.text.strip(), *says, *stands, erratum, index, within.update))

    def number(self, node: Node) -> Reading | None:
        says = reading(node.text) if node.kind in ("number", "text") else None
        if says is None:
            self.refuse(node, f"a figure is expected here, not {node.describe()}", how_to_write(node.text))
        return says

    def erratum(self, node: Node) -> Erratum:
        for key, _ in node.items():
            if key.text not in ERRATUM:
                hint = did_you_mean(key.text, ERRATUM) or f"an erratum has {', '.join(ERRATUM)}"
                self.refuse(key, f'"{shortened(key.text)}" is no part of an erratum', hint)
        right, why = node.get("right"), node.get("why")
        if right:
            self.number(right)
        if why and why.kind in ("list", "mapping"):
            self.refuse(why, f"a sentence is expected here, not {why.describe()}")
        return Erratum(right.text if right else "", why.text if why else "")


def _is_erratum(node: Node) -> bool:
    return node.get("printed") is not None


RESERVED: Final = {
    "symbols": _Reader.read_symbols,
    "source": _Reader.read_source,
    "notes": _Reader.read_notes,
}
"""The names on the top level that are no keys and no headings."""
