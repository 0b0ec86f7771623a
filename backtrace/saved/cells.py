"""The keys of all elements of an array as cells of CSV, made from the key of one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

import numpy as np

from backtrace.expressions import Element
from backtrace.keys import Keys
from backtrace.labels import shielded
from backtrace.records import dataclass

STAND_IN: Final = 910_000_000_000
"""The number that stands for an index while a key is written; no array has so many elements."""
INDEX: Final = re.compile(r"(91000000000\d)")
FEW: Final = 10_000
"""The keys of so many elements are kept from one sample to the next."""


def cell(key: str) -> str:
    """A key as a cell of CSV.

    >>> cell("W[1,2]"), cell("-z"), cell("h1")
    ('"W[1,2]"', "'-z", 'h1')
    """
    text = shielded(key)
    return '"' + text.replace('"', '""') + '"' if re.search('[,"\r\n]', text) else text


def key_of(text: str) -> str:
    """The key that a cell holds.

    >>> key_of("'-z"), key_of("h1")
    ('-z', 'h1')
    """
    return text[1:] if text[1:] and shielded(text[1:]) == text else text


@dataclass
class Cells:
    """The cells of one array: of the elements of a sample in order, without what only says which sample.

    ``pieces`` are the texts around the indexes, or the whole texts of ``listed`` elements that have names of their own.
    """

    pieces: Sequence[str]
    shape: tuple[int, ...]
    listed: bool = False
    _kept: list[str] | None = None

    @classmethod
    def of(cls, keys: Keys, name: str, shape: tuple[int, ...], sampled: bool) -> Cells:
        """The cells of an array; ``shape`` is of one sample."""
        if int(np.prod(shape)) == 1:
            return cls([cell(_text(keys, name, (0,) * len(shape), sampled))], shape, listed=True)
        try:
            text = _text(keys, name, tuple(STAND_IN + axis for axis in range(len(shape))), sampled)
        except IndexError:  # its elements have names, and none so high a number
            return cls([cell(_text(keys, name, at, sampled)) for at in np.ndindex(shape)], shape, listed=True)
        pieces = INDEX.split(cell(text))
        assert [int(piece) - 1 - STAND_IN for piece in pieces[1::2]] == list(range(len(shape)))
        return cls(pieces[::2], shape)

    def __iter__(self) -> Iterator[str]:
        if self.listed:
            return iter(self.pieces)
        if self._kept is None and np.prod(self.shape) <= FEW:
            self._kept = list(self._made())
        return iter(self._kept) if self._kept is not None else self._made()

    def _made(self) -> Iterator[str]:
        axes = [
            [f"{before}{number}" for number in range(1, size + 1)]
            for before, size in zip(self.pieces, self.shape, strict=False)
        ]
        axes.append([self.pieces[-1]])
        return map("".join, product(*axes))


def _text(keys: Keys, name: str, index: tuple[int, ...], sampled: bool) -> str:
    """The key of an element, for any of its samples."""
    return keys.text(Element(name, index, 0 if sampled else None)).removesuffix("#1")
