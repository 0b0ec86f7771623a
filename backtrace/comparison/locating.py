"""From figures to the numbers that they are of: which epochs they need, and what each key and each list names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final, NamedTuple

import numpy as np

from backtrace.comparison.expected import Expected, Figure
from backtrace.comparison.members import elements
from backtrace.comparison.sheets import Book, Sheet
from backtrace.comparison.symbols import Definition, Named, definitions
from backtrace.errors import UsageError, did_you_mean
from backtrace.expressions import Element
from backtrace.keys import Key, Keys, Target
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.schedule import Keep

MOST_GUESSED: Final = 50
"""For so many unknown keys the nearest known one is looked for, which takes long."""


def epochs(figures: Iterable[Figure], keys: Keys) -> set[Keep]:
    """The epochs that must be recorded to compare with the figures; without an epoch the first is meant.

    Raises:
        ConfigError: a symbol of the expected file names what is not there.
    """
    symbols = definitions(figures.symbols, keys) if isinstance(figures, Expected) else {}
    asked = {(figure.key, figure.epoch, figure.update) for figure in figures}
    if isinstance(figures, Expected) and figures.filled:
        asked |= {(key, None, None) for key in figures.filled.blanks}
    dated = (_dated(key, epoch, update) for text, epoch, update in asked if (key := _parsed(keys, text, symbols)))
    return {keep for key in dated for keep in _epochs_of(key, symbols)} or {1}


def _dated(key: Key, epoch: int | None, update: int | None) -> Key:
    """The key with an epoch: its own, that of where it stands, or the first."""
    return key if key.epoch else key._replace(epoch=epoch or 1, update=update)


def _epochs_of(key: Key, symbols: Mapping[str, Definition]) -> Iterator[Keep]:
    """The epochs of a key, or of all that a symbol reads; with the update where one is named."""
    assert key.epoch is not None
    yield (key.epoch, key.update) if key.update else key.epoch
    if isinstance(key.target, Named):
        for operand in symbols[key.target.name].operands.values():
            yield from _epochs_of(_dated(operand, key.epoch, key.update), symbols)


def _parsed(keys: Keys, text: str, symbols: Mapping[str, Definition]) -> Key | None:
    """What a key names: a symbol before anything else."""
    bare, _, epoch = text.rpartition("@")
    if text in symbols:
        return Key(Named(text))  # type: ignore[arg-type]
    number, _, update = epoch.partition(".")
    if bare in symbols and number.isdecimal():
        return Key(Named(bare), int(number), int(update) if update else None)  # type: ignore[arg-type]
    return keys.known(text)


class Located(NamedTuple):
    """A figure and the number it is compared with; without one, the reason."""

    figure: Figure
    quantity: Quantity | None
    dated: bool = False
    value: float = math.nan
    hint: str = ""
    scale: float = 1.0


def lists(figures: Iterable[Figure]) -> Iterator[list[Figure]]:
    """The figures of each list together; one that stands alone, alone."""
    group: list[Figure] = []
    for figure in figures:
        if group and not any(figure.index):
            yield group
            group = []
        group.append(figure)
    if group:
        yield group


@dataclass(frozen=True)
class Finder:
    """Finds the number, or the numbers of an array, that figures are of."""

    book: Book
    seen: dict[str, Key | str] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)

    def located(self, group: Sequence[Figure]) -> Iterator[Located]:
        """The numbers of one key: of a lone figure, or of a list."""
        first = group[0]
        key = self.parsed(first.key)
        if isinstance(key, str):
            return _missing(group, key)
        asked, there = (key.update if key.epoch else first.update) or 1, self.book.trace.graph.updates_per_epoch
        if asked > there:
            return _missing(group, f"an epoch has {there:,} update{'s' * (there != 1)} here, not {asked:,}")
        views = self.views(key, first)
        dated = (key.epoch or first.epoch) is not None
        if isinstance(key.target, Element) and len(views) == len(group) == 1 and not first.index:
            (view,) = views  # a file of a program has a hundred thousand of these
            return iter([Located(first, Quantity(view, key.target), dated, view.number(key.target))])
        try:
            values = np.asarray([view.value(key.target) for view in views])
        except UsageError as error:
            return _missing(group, error.faults[0].message)
        shape = _shape(group)
        # A row or a column of numbers may be written as a plain list: only the order matters.
        if _squeezed(shape) != _squeezed(values.shape):
            whole = values.shape if len(views) > 1 else values.shape[1:]
            return _missing(group, f"it is {_shape_text(whole)}, not {_shape_text(shape)}")
        members = ((view, target) for view in views for target in self.members(view, key.target))
        return (
            Located(figure, Quantity(view, target), dated, value)
            for figure, (view, target), value in zip(group, members, values.ravel().tolist(), strict=True)
        )

    def views(self, key: Key, figure: Figure) -> Sequence[View]:
        """The recorded epoch that a figure is of; all its updates where it names none of several."""
        found = self.book.views(key, figure.epoch, figure.update)
        return [self.book.sheet(view) for view in found] if isinstance(key.target, Named) else found

    @staticmethod
    def members(view: View, target: Target) -> Iterator[Target]:
        """The single numbers that a key names."""
        if isinstance(target, Named):
            assert isinstance(view, Sheet)
            return view.members(target.name)
        return elements(target, view.graph)

    def parsed(self, text: str) -> Key | str:
        """What a key names, or the reason why it names nothing; foreign files repeat their keys."""
        if text not in self.seen:
            keys = self.book.trace.keys
            found = _parsed(keys, text, self.book.definitions)
            counted = found is None or 0 not in (found.epoch, found.update)
            self.seen[text] = (found or self.reason(text)) if counted else "epochs and updates are counted from 1"
        return self.seen[text]

    def reason(self, text: str) -> str:
        """Why a text names nothing: the name that may have been meant; none for the later of very many."""
        if len(self.guessed) >= MOST_GUESSED:
            return ""
        self.guessed.add(text)
        return did_you_mean(text, self.book.definitions) or self.book.trace.keys.suggestion("".join(text.split()))


def _missing(group: Sequence[Figure], hint: str) -> Iterator[Located]:
    return (Located(figure, None, hint=hint) for figure in group)


def _shape(group: Sequence[Figure]) -> tuple[int, ...]:
    """The shape of a list whose last figure stands at the end of every axis."""
    return tuple(at + 1 for at in group[-1].index)


def _squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _shape_text(shape: Sequence[int]) -> str:
    """A shape in words.

    >>> _shape_text(()), _shape_text((3,)), _shape_text((2, 3))
    ('a single number', 'a list of 3', '2 by 3 numbers')
    """
    if not shape:
        return "a single number"
    return f"a list of {shape[0]}" if len(shape) == 1 else f"{' by '.join(map(str, shape))} numbers"
