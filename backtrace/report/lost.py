"""The report of an update that left the finite numbers: up to the number that did."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from backtrace.expressions import Element
from backtrace.keys import Derivative
from backtrace.quantities import Quantity
from backtrace.report.blocks import Block, Rows, Section, Table


def until_lost(sections: Iterable[Section]) -> Iterator[Section]:
    """The sections up to the first number that is not finite; a factor may be infinite where a product is not."""
    for section in sections:
        blocks: list[Block] = []
        for block in section.blocks:
            cut = _cut(block)
            blocks.append(cut or block)
            if cut:
                yield replace(section, blocks=tuple(blocks))
                return
        yield section


def _cut(block: Block) -> Block | None:
    """A block up to its first line with such a number; None where it has none."""
    if isinstance(block, Rows):
        at = _first(block.lines)
        return None if at is None else replace(block, lines=block.lines[: at + 1], more=0, zero=0)
    if isinstance(block, Table):
        at = _first([row.cells for row in block.rows])
        return None if at is None else replace(block, rows=block.rows[: at + 1], more=0)
    return None


def _first(lines: Iterable[Sequence[Quantity]]) -> int | None:
    return next((at for at, line in enumerate(lines) if any(map(_is_lost, line))), None)


def _is_lost(quantity: Quantity) -> bool:
    return isinstance(quantity.target, Element | Derivative) and not math.isfinite(quantity.value)
