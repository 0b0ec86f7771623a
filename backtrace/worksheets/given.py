"""The given numbers of a config that a variant may change: where they stand in its text, and other ones like them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from backtrace.errors import Fault, UsageError
from backtrace.records import dataclass
from backtrace.yamlfile import Node

PLAIN: Final = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
MOST_DECIMALS: Final = 2
"""A pleasant number has no more decimals, unless it would be left with one digit."""
LEAST_STEPS: Final = 2
"""A number may go so many steps of its last decimal up or down, however small it is."""
SIGNS: Final = frozenset({-1, 0, 1})
"""Inputs of these numbers alone are classes or bits, and stay."""

Uniform: TypeAlias = Callable[[int], int]
"""A whole number from 0 on, below the one given."""


class Freedom(NamedTuple):
    """How far numbers may change: by which share of themselves, and with how many decimals at least."""

    share: Decimal
    decimals: int


class Slot(NamedTuple):
    """A number in the text of a config: where it stands, and as what."""

    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Group:
    """Numbers that must differ from each other: an array, or the scalars of a section."""

    slots: tuple[Slot, ...]


# ── where ──


def groups(root: Node) -> list[Group]:
    """The numbers that may change: inputs, targets that are no classes, parameters, weights and biases.

    Raises:
        UsageError: the config reads files, or states no such number.

    >>> from backtrace.yamlfile import parse
    >>> document = parse("inputs: {x1: 0.1, x2: 2}\\ntargets: {y: 1}\\nparameters: {w: [0.3]}", "c.yaml")
    >>> [[slot.text for slot in group.slots] for group in groups(document.root)]
    [['0.1', '2'], ['0.3']]
    """
    found = [*_data(root.get("inputs"), _is_bits), *_data(root.get("targets"), _is_whole)]
    found += _named(root.get("parameters"))
    layers = root.get("layers")
    for layer in layers or ():
        for key in ("weights", "bias"):
            found += _entries(layer.get(key))
    # a number that an alias stands for is listed wherever it is used
    chosen = [Group(tuple(slots)) for slots in _each_once(found) if slots]
    if not chosen:
        raise UsageError(Fault("--variants: the config states no number that could change", hint="leave it out"))
    return chosen


def _each_once(listed: Sequence[list[Slot]]) -> Iterator[list[Slot]]:
    seen: set[Slot] = set()
    for slots in listed:
        yield [slot for slot in dict.fromkeys(slots) if slot not in seen]
        seen.update(slots)


def _data(node: Node | None, stays: Callable[[Sequence[Slot]], bool]) -> Iterator[list[Slot]]:
    """Inputs or targets: of one sample together, of several by name; what is a class stays."""
    if node is None or _is_drawn(node):
        return
    samples = [sample for sample in node if sample.kind == "mapping"]
    names = dict.fromkeys(key.text for sample in samples for key, _ in sample.items())
    if samples:
        found = [[slot for sample in samples for slot in _numbers(sample.get(name))] for name in names]
    elif node.kind == "mapping":
        found = list(_named(node))
    else:
        found = [list(_numbers(node))]
    yield from (slots for slots in found if slots and not stays(slots))


def _named(node: Node | None) -> Iterator[list[Slot]]:
    """The scalars of a mapping together, and each of its arrays."""
    if node is None or _is_drawn(node):
        return
    pairs = node.items()
    yield [slot for _, value in pairs if value.kind == "number" for slot in _numbers(value)]
    yield from (list(_numbers(value)) for _, value in pairs if value.kind == "list")


def _entries(node: Node | None) -> Iterator[list[Slot]]:
    """Weights or biases; in a matrix of names a number is a constant, and stays."""
    if node is None or _is_drawn(node):
        return
    values = node.get("values") or node
    if values.kind == "mapping":
        yield from _named(values)
    elif not any(each.kind == "text" for each in _leaves(values)):
        yield list(_numbers(values))


def _is_drawn(node: Node) -> bool:
    """Whether values are drawn, which stays so; those of a file would be looked for beside the variant.

    Raises:
        UsageError: they are read from a file.
    """
    if any(key.text == "file" and value.kind == "text" for key, value in node.items()):
        raise UsageError(
            Fault("--variants: given numbers are read from a file", node.place, "state them in the config")
        )
    return any(key.text == "init" and value.kind == "text" for key, value in node.items())


def _leaves(node: Node) -> Iterator[Node]:
    if node.kind == "list":
        for child in node:
            yield from _leaves(child)
    else:
        yield node


def _numbers(node: Node | None) -> Iterator[Slot]:
    """The numbers of a node that stand in the file as they are; 0 stays 0."""
    for leaf in () if node is None else _leaves(node):
        plain = leaf.kind == "number" and not leaf.quoted and PLAIN.fullmatch(leaf.text)
        if plain and leaf.place_at(0).source[leaf.place.column - 1 :].startswith(leaf.text) and Decimal(leaf.text):
            yield Slot(leaf.place.line, leaf.place.column, leaf.text)


def _is_bits(slots: Sequence[Slot]) -> bool:
    return all(Decimal(slot.text) in SIGNS for slot in slots)


def _is_whole(slots: Sequence[Slot]) -> bool:
    return all(Decimal(slot.text) == int(Decimal(slot.text)) for slot in slots)


# ── other numbers ──


def uniform(*seed: int) -> Uniform:
    """Whole numbers by PCG64; from its bits themselves, which are the same in every version of numpy."""
    bits = np.random.PCG64(list(seed))

    def below(limit: int) -> int:
        return int(bits.random_raw()) * limit >> 64

    return below


def drawn(group: Group, below: Uniform, freedom: Freedom) -> dict[Slot, str]:
    """Another number for each of a group: of its sign and about its size, no two of them the same."""
    least_one = any(abs(Decimal(slot.text)) >= 1 for slot in group.slots)
    found: dict[Slot, str] = {}
    used: set[Decimal] = set()
    for slot in group.slots:
        number = _one(slot.text, used, below, freedom, least_one)
        used.add(number)
        found[slot] = f"{number:f}"
    return found


def _one(text: str, used: set[Decimal], below: Uniform, freedom: Freedom, least_one: bool) -> Decimal:
    """Another number for one; with a decimal more where all like it are taken."""
    number = Decimal(text)
    first = max(places(number), freedom.decimals)
    for decimals in range(first, first + MOST_DECIMALS + 1):
        listed = around(number, decimals, freedom.share)
        free = [each for each in listed if each not in used and (least_one or abs(each) < 1)]
        if free:
            return free[below(len(free))]
    return number


def places(number: Decimal) -> int:
    """The decimals that a number like this one has: its own, at most two unless two digits need more.

    >>> [places(Decimal(text)) for text in ("0.3", "2", "0.4361", "0.00123")]
    [1, 0, 2, 4]
    """
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    needed = 1 - math.floor(math.log10(abs(number)))
    return min(max(-exponent, 0), max(MOST_DECIMALS, needed))


def around(number: Decimal, decimals: int, share: Decimal) -> list[Decimal]:
    """The numbers of so many decimals that may stand for one, by size.

    >>> [str(each) for each in around(Decimal("-0.3"), 1, Decimal("0.5"))]
    ['-0.5', '-0.4', '-0.3', '-0.2', '-0.1']
    """
    step = Decimal(1).scaleb(-decimals)
    middle = number.quantize(step)
    reach = max(int(abs(number) * share / step), LEAST_STEPS)
    listed = (middle + count * step for count in range(-reach, reach + 1))
    return [each for each in listed if each * number > 0]


def rewritten(text: str, changes: Mapping[Slot, str]) -> str:
    """The text of a config with other numbers in the places of its own; all else stays.

    >>> rewritten("a: 0.1 # ten\\nb: [1, 0.3]\\n", {Slot(1, 4, "0.1"): "0.25", Slot(2, 8, "0.3"): "0.4"})
    'a: 0.25 # ten\\nb: [1, 0.4]\\n'
    """
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    for slot in sorted(changes, reverse=True):
        line, at = lines[slot.line - 1], slot.column - 1
        lines[slot.line - 1] = line[:at] + changes[slot] + line[at + len(slot.text) :]
    return "".join(lines)
