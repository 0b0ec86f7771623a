"""Which figures of a page are left blank, numbered in the order of the page, and what else would tell their answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from backtrace.arguments import parts
from backtrace.errors import Fault, UsageError, visible
from backtrace.expressions import Element
from backtrace.keys import Part
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.report import Choice, Rows, sections, spelled_out
from backtrace.words import Note

SAME: Final = "{:.11e}"
"""Numbers that agree in so many digits are one and the same."""
NUMBERED: Final = re.compile(r"every:([1-9][0-9]{0,3})")
KNOWN: Final = "backward, forward, all, every:3, or keys such as 'h*,dE*'"


class Placed(NamedTuple):
    """A computed figure of a page: under which heading, and in which layer, it stands first."""

    quantity: Quantity
    section: Note
    layer: str


def computed(view: View) -> list[Placed]:
    """Every figure of a page that is not given, each once, in the order of the page."""
    found: dict[str, Placed] = {}
    for section in sections(view):
        for block in section.blocks:
            for quantity in block.quantities():
                if quantity.formula is not None:
                    layer = block.title if isinstance(block, Rows) else ""
                    found.setdefault(quantity.key, Placed(quantity, section.title, layer))
    return list(found.values())


# ── which ──


def is_forward(quantity: Quantity) -> bool:
    """Whether a figure is of the forward pass or the error, before the update."""
    target, graph = quantity.target, quantity.view.graph
    return isinstance(target, Element) and any(equation.name == target.name for equation in graph.forward)


def is_after(quantity: Quantity) -> bool:
    """Whether a figure is one of the forward pass with the new parameters."""
    target, graph = quantity.target, quantity.view.graph
    name = target.name if isinstance(target, Element) else ""
    return name.endswith("+") and any(equation.name == name[:-1] for equation in graph.forward)


KINDS: Final[Mapping[str, Callable[[Quantity], bool]]] = {
    "backward": lambda quantity: not is_forward(quantity) and not is_after(quantity),
    "forward": is_forward,
    "all": lambda quantity: True,
}
"""What may be left blank, by name: derivatives and updated values; the forward pass with the error; everything."""


def blank_keys(view: View, asked: str) -> list[str]:
    """The keys of what is left blank, in the order of the page.

    Raises:
        UsageError: nothing of the page is meant.

    >>> import backtrace
    >>> blank_keys(backtrace.run("configs/example.yaml").epochs[0], "forward")[:3]
    ['z1', 'z2', 'h1']
    """
    listed = [placed.quantity for placed in computed(view)]
    numbered = NUMBERED.fullmatch(asked)
    if numbered:
        found = listed[int(numbered[1]) - 1 :: int(numbered[1])]
    elif asked in KINDS:
        found = [quantity for quantity in listed if KINDS[asked](quantity)]
    else:
        choice = spelled_out(view, Choice(only=tuple(parts(asked))))
        found = [quantity for quantity in listed if choice.only and choice.shows(quantity.key)]
    if not found:
        hint = (view.keys.suggestion(asked) if asked not in KINDS and asked else "") or KNOWN
        raise UsageError(Fault(f"--blank {visible(asked)}: no figure of this page is meant", hint=hint))
    return [quantity.key for quantity in found]


# ── what is shown ──


@dataclass(frozen=True)
class Blanks:
    """The blanks of a page of one epoch, by their keys in order."""

    view: View
    keys: tuple[str, ...]

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each blank, from 1."""
        return {key: number for number, key in enumerate(self.keys, start=1)}

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The blanks with their places, in order."""
        return tuple(placed for placed in self.page if placed.quantity.key in self.numbers)

    @cached_property
    def page(self) -> list[Placed]:
        """All computed figures of the page."""
        return computed(self.view)

    @cached_property
    def order(self) -> Mapping[str, int]:
        """Where each figure stands on the page."""
        return {placed.quantity.key: at for at, placed in enumerate(self.page)}

    @cached_property
    def answers(self) -> Mapping[str, str]:
        """By value the first blank that has it; what is given, 0, 1, or shown before is no secret."""
        given = (np.ravel(self.view.value(Part(name))).tolist() for name in self.view.graph.givens)
        known = {_same(value) for values in (*given, (0.0, 1.0, -1.0)) for value in values}
        found: dict[str, str] = {}
        for quantity, *_ in self.page:
            same = _same(quantity.value)
            if same in known:
                continue
            if quantity.key in self.numbers:
                found.setdefault(same, quantity.key)
            elif same not in found:
                known.add(same)
        return found

    def hidden(self, quantity: Quantity) -> int:
        """The number of the blank that stands in a figure's place; 0 where it is shown.

        What is computed after a blank and has its very number shows that blank too: ∂t₁/∂U₁₁ = h₁ would tell h₁.
        """
        key = quantity.key
        if key in self.numbers:
            return self.numbers[key]
        if quantity.formula is None:
            return 0
        same = self.answers.get(_same(quantity.value))
        later = same is not None and self.order.get(key, len(self.order)) > self.order[same]
        return self.numbers[same] if same is not None and later else 0

    def shown(self) -> Iterator[Quantity]:
        """The computed figures that the page shows."""
        return (placed.quantity for placed in self.page if not self.hidden(placed.quantity))


def _same(value: float) -> str:
    return SAME.format(value + 0.0)
