"""Variants of a worksheet: other given numbers under which every blank has an answer worth asking for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from backtrace.arrays.executor import ArrayExecutor
from backtrace.build import build
from backtrace.comparison.expected import reading
from backtrace.config import from_document
from backtrace.config.records import Array
from backtrace.errors import Fault, NumericError, UsageError
from backtrace.graph import Graph
from backtrace.keys import Target
from backtrace.quantities import View
from backtrace.records import dataclass
from backtrace.render.numbers import Numbers
from backtrace.schedule import Keep
from backtrace.trace import Trace, run_graph
from backtrace.training import train
from backtrace.worksheets.blanks import computed
from backtrace.worksheets.given import Freedom, Group, Slot, drawn, groups, rewritten, uniform
from backtrace.yamlfile import parse

LEAST_DIGITS: Final = 2
"""An answer has so many digits at least."""
SMALLEST: Final = 2
"""An answer is at least a unit of so many decimals more than are asked for."""
TRIES: Final = 300
"""So often other numbers are drawn for one variant with each freedom before it is given up."""
FEW_TRIES: Final = 30
"""So often for the first variant with each freedom, and with each number of decimals where nobody says how many."""
DIGITS: Final = range(4, 11)
"""The decimals of answers that are tried then; numbers worked by hand have few."""
FREEDOMS: Final = tuple(
    Freedom(Decimal(share), decimals)
    for share, decimals in (("0.5", 0), ("0.5", 2), ("0.25", 0), ("0.25", 2), ("0.1", 2))
)
"""How far given numbers may change, what is tried first comes first: as many decimals as they have, then two."""
SHIFT: Final = 1e-3
"""By about this share the numbers of the twin are off those of the original."""
TWIN_DIGITS: Final = "{:.8e}"

FINITE: Final = "the numbers leave the finite range"
PATTERN: Final = "what is 0 is not what is 0 in the original: a unit would be dead, or come alive"
SMALL: Final = "an answer is too small to have two digits"
ALIKE: Final = "two blanks have the same answer at these digits"
REPEATED: Final = "all numbers are those of another variant"
HINTS: Final[Mapping[str, str]] = {
    FINITE: "a smaller learning rate",
    PATTERN: "given numbers that are further from where a unit goes off; or another --seed",
    SMALL: "--digits {digits}, or fewer blanks: --blank 'dE*'",
    ALIKE: "--digits {digits}, or fewer blanks: --blank 'dE*'",
    REPEATED: "fewer --variants; or given numbers of more decimals",
}
"""What may help against each."""


class Variant(NamedTuple):
    """A config with other numbers: its text, and its trace."""

    text: str
    trace: Trace


@dataclass(frozen=True)
class Original:
    """A config whose numbers may change, and which figures of its page are left blank at which update."""

    text: str
    file: str
    keys: tuple[str, ...]
    moment: tuple[int, int | None] = (1, None)

    def run(self, text: str) -> Trace:
        """A text of the config run up to the update that the page is of."""
        graph = build(from_document(parse(text, self.file)))
        return run_graph(graph, epochs=self.moment[0], keep=[self.kept])

    @property
    def kept(self) -> Keep:
        """The update to record."""
        epoch, update = self.moment
        return epoch if update is None else (epoch, update)

    @cached_property
    def groups(self) -> list[Group]:
        """The numbers that change."""
        return groups(parse(self.text, self.file).root)

    @cached_property
    def view(self) -> View:
        """The update that the page is of."""
        return self.run(self.text).epoch(*self.moment)

    @cached_property
    def page(self) -> Mapping[str, Target]:
        """The figures of the page."""
        return {one.quantity.key: one.quantity.target for one in computed(self.view)}

    # ── a twin, by which what is equal or 0 by its formula is told from what happens to be ──

    @cached_property
    def shifted(self) -> Mapping[Slot, str]:
        """Every number that changes, a little off, and unlike any other."""
        below = uniform(0)
        return {
            slot: str(Decimal(slot.text) * Decimal(1 + SHIFT * (0.5 + below(10**9) / 10**9)))
            for group in self.groups
            for slot in group.slots
        }

    @cached_property
    def twin(self) -> View:
        """The page of the numbers that are a little off."""
        return self.run(rewritten(self.text, self.shifted)).epoch(*self.moment)

    @cached_property
    def classes(self) -> Mapping[str, str]:
        """For each figure what it equals by its formula: its number in the twin."""
        return {key: TWIN_DIGITS.format(self.twin.number(target) + 0.0) for key, target in self.page.items()}

    @cached_property
    def zeros(self) -> frozenset[str]:
        """The figures that are 0 by their formulas."""
        return frozenset(key for key, target in self.page.items() if self.twin.number(target) == 0)

    @cached_property
    def places(self) -> Mapping[Slot, list[tuple[str, tuple[int, ...]]]]:
        """Where each number that changes has come to stand, found by what stands there in the twin."""
        found: dict[float, list[tuple[str, tuple[int, ...]]]] = {}
        for name, array in _arrays(self.twin.graph).items():
            for index, value in np.ndenumerate(array):
                found.setdefault(float(value), []).append((name, index))
        return {slot: found.get(float(text), []) for slot, text in self.shifted.items()}

    def tried(self, changes: Mapping[Slot, str]) -> View:
        """The page of other numbers, the graph not built again."""
        arrays = {name: np.array(array) for name, array in _arrays(self.view.graph).items()}
        for slot, text in changes.items():
            for name, index in self.places[slot]:
                arrays[name][index] = float(text)
        graph = self.view.graph.with_values(arrays, None)
        trace = Trace(graph, train(graph, self.moment[0], [self.kept], make=ArrayExecutor))
        return replace(trace.epoch(*self.moment), _chains=self.view._chains)

    # ── what a variant must be ──

    def fault(self, view: View, numbers: Numbers) -> str:
        """Why some numbers make no variant; empty where they do.

        The figures of a page are 0 where those of the original are: so no unit is dead that was not, and every variant
        has the same page.
        """
        values = {key: view.number(target) for key, target in self.page.items()}
        if not all(map(math.isfinite, values.values())):
            return FINITE
        if {key for key, value in values.items() if value == 0} != self.zeros:
            return PATTERN
        asked = {key: values[key] for key in self.keys if key not in self.zeros}
        if any(_is_small(value, numbers) for value in asked.values()):
            return SMALL
        return ALIKE if self.alike(asked, numbers) else ""

    def alike(self, asked: Mapping[str, float], numbers: Numbers) -> bool:
        """Whether two answers are written alike that are not the same by their formulas."""
        seen: dict[str, str] = {}
        return any(
            seen.setdefault(numbers.value(value), self.classes[key]) != self.classes[key]
            for key, value in asked.items()
        )


def _is_small(value: float, numbers: Numbers) -> bool:
    says = reading(numbers.value(value))
    return says is None or says.digits < LEAST_DIGITS or abs(value) < 10.0 ** -(numbers.digits + SMALLEST)


def _arrays(graph: Graph) -> dict[str, Array]:
    """The given values, of what comes in batches those of all samples."""
    return {name: np.asarray(graph.data.get(name, given.values)) for name, given in graph.givens.items()}


# ── the search ──


def variants(original: Original, count: int, seed: int, digits: int | None) -> Iterator[tuple[Variant, Numbers]]:
    """So many variants with how their numbers are written; of a seed always the same ones.

    Raises:
        UsageError: no numbers were found for one of them; with what stood in the way most often.
    """
    numbers, freedoms = fitting(original, seed, digits)
    seen = {original.text}
    for number in range(1, count + 1):
        found, why = searched(original, (seed, number), numbers, freedoms, TRIES, seen)
        if found is None:
            raise UsageError(_given_up(number, why, numbers.digits))
        seen.add(found.text)
        yield found, numbers


def fitting(original: Original, seed: int, digits: int | None) -> tuple[Numbers, Sequence[Freedom]]:
    """The fewest decimals, from four, and the most pleasant numbers with which the first variant is soon found."""
    for asked in DIGITS if digits is None else [digits]:
        for at, freedom in enumerate(FREEDOMS):
            numbers = Numbers(asked)
            found, why = searched(original, (seed, 1), numbers, [freedom], FEW_TRIES, {original.text})
            if found is not None:
                return numbers, FREEDOMS[at:]
    raise UsageError(_given_up(1, why, asked))


def searched(
    original: Original,
    seed: Sequence[int],
    numbers: Numbers,
    freedoms: Sequence[Freedom],
    tries: int,
    seen: set[str],
) -> tuple[Variant | None, Counter[str]]:
    """The first numbers that make a variant, with one freedom after another, and what was wrong with those before."""
    why = Counter[str]()
    for freedom in freedoms:
        found = search(original, seed, numbers, freedom, tries, seen, why)
        if found is not None:
            return found, why
    return None, why


def search(
    original: Original,
    seed: Sequence[int],
    numbers: Numbers,
    freedom: Freedom,
    tries: int,
    seen: set[str],
    why: Counter[str],
) -> Variant | None:
    """The first numbers drawn with a freedom that make a variant; what is wrong with others is counted."""
    below = uniform(*seed)
    for _ in range(tries):
        changes = {slot: text for each in original.groups for slot, text in drawn(each, below, freedom).items()}
        text = rewritten(original.text, changes)
        fault = REPEATED if text in seen else _fault(original, changes, numbers)
        if not fault:
            return Variant(text, original.run(text))
        why[fault] += 1
    return None


def _fault(original: Original, changes: Mapping[Slot, str], numbers: Numbers) -> str:
    try:
        return original.fault(original.tried(changes), numbers)
    except NumericError:
        return FINITE


def _given_up(number: int, why: Counter[str], digits: int) -> Fault:
    reason, often = why.most_common(1)[0]
    at = f"{digits} decimal{'s' * (digits != 1)}"
    message = f"no numbers for variant {number} at {at}; of {why.total()} tries {often}: {reason}"
    return Fault(message, hint=HINTS[reason].format(digits=digits + 2))
