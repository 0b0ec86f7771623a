"""Which elements of an array are listed, and how a group of rows is cut where it is long."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import cached_property
from itertools import islice, product
from typing import Literal

from backtrace.codegen import places
from backtrace.expressions import Element, Index, Type
from backtrace.keys import Derivative, Part, Target, sample_of
from backtrace.keys.lanes import Lane, UnlikeError, lanes, lanes_in, lanes_of, placed_index
from backtrace.quantities import View
from backtrace.records import dataclass
from backtrace.report.alike import Known, Listed, Places, Run, Samples
from backtrace.report.blocks import Choice, Rows

HEAD = 6
"""A group of more rows than this and two shows so many, and the number and the sum of the rest."""
SEVERAL = 6
"""A sum of more terms shows two, an ellipsis and the last."""
MANY = 24
"""So many factors of all samples stand in one table."""
SAMPLES = 16
"""So many samples have a column each."""
FIRST = 8
"""Of more samples so many have one, and the last."""
FEW = 64
"""Of an array with more elements only the first rows are looked at."""
FAMILY = 8
"""An array of as many elements or more, listed whole, is looked at with lanes."""
LARGE = 4096
"""An array with more elements shows its array equations only."""


@dataclass
class Listing:
    """Makes rows of quantities; what has been listed once is not listed again."""

    view: View
    choice: Choice
    listed: Known = field(default_factory=Known)
    at_once: Literal["", "unit", "array"] = ""
    """Which elements of a parameter are followed at once: none, those that enter the same unit, or all."""

    @cached_property
    def sample(self) -> int:
        """The sample whose structure is followed; all samples have the same."""
        return 0 if self.choice.sample is None else self.choice.sample

    def count(self, name: str) -> int:
        return math.prod(self.view.graph.types[name.removesuffix("+")].shape)

    @cached_property
    def takes_lanes(self) -> bool:
        """Whether arrays are listed whole, a single number a line."""
        one = self.view.graph.samples is None or self.choice.sample is not None
        return self.choice.full and not self.choice.only and one and self.view.in_lanes

    def run(self, name: str) -> Run | None:
        """All elements of an array at once, where it is listed whole and they are alike."""
        if not self.takes_lanes or self.count(name) < FAMILY:
            return None
        whole = self.whole(name)
        quantity = self.view.quantity(whole)
        try:
            quantity.formula  # noqa: B018  # which tells whether they are
        except UnlikeError:
            return None
        return Run((quantity,), Places(lanes_of(whole)))

    def whole(self, name: str) -> Element:
        """An element that stands for all of an array."""
        return Element(name, lanes(self.view.graph.types[name.removesuffix("+")].shape), self.sample_of(name))

    def unit(self, element: Element) -> Index:
        """The index of what an element enters first."""
        return next((way.index for way in self.view.chains.ways(element)), ())

    def by_places(self, whole: Element, units: Sequence[Lane]) -> list[Element]:
        """An element with lanes once for every position of some of them."""
        return [
            whole._replace(index=placed_index(whole.index, dict(zip(units, at, strict=True))))
            for at in product(*(range(lane.size) for lane in units))
        ]

    def lines(self, name: str, most: int = HEAD + 3) -> Sequence[Listed]:
        """A line for each element of an array; all samples in one line."""
        return self.run(name) or [self.line(element) for element in self.chosen(name, self.sample_of(name), most)]

    def chosen(self, name: str, sample: int | None, most: int) -> list[Element]:
        """The first elements of an array, or all; of a large one those that the reader asked for."""
        shape = self.view.graph.types[name.removesuffix("+")].shape
        everything = (Element(name, index, sample) for index, _ in places(Type(shape), None))
        if self.choice.only and math.prod(shape) > FEW:
            return self.asked_for(name, sample, everything)
        return list(islice(everything, None if self.choice.full or self.choice.only else most))

    def asked_for(self, name: str, sample: int | None, everything: Iterator[Element]) -> list[Element]:
        """The elements of a large array that the reader's keys name; all are looked at only for a pattern."""
        named = [self.view.keys.find(key) for key in self.choice.only]
        if None in named:
            return [element for element in everything if self.choice.shows(*self.keys_of(element))]
        found = [part for target in named for part in ([target.by] if isinstance(target, Derivative) else [target])]
        own = (name, name.removesuffix("+"), f"{name}+")
        return [
            Element(name, part.index, sample)
            for part in dict.fromkeys(found)
            if isinstance(part, Element | Part) and part.name in own and part.index is not None
        ]

    def keys_of(self, element: Element) -> list[str]:
        """The keys by which a reader may ask for an element: its own, its derivative's, its new value's."""
        keys = self.view.keys
        renewed = element._replace(name=f"{element.name}+")
        return [keys.text(t) for t in (element, Derivative(self.view.chains.objective, element), renewed)]

    def cut_lines(self, name: str) -> Sequence[Listed]:
        """The lines of an array; of a long one the first few and the last."""
        found = self.lines(name)
        if self.count(name) <= HEAD + 2 or self.choice.full or self.choice.only:
            return found
        return [*found[:HEAD], self.line(self.last(name, self.sample_of(name)))]

    def sample_of(self, name: str) -> int | None:
        """The sample whose elements of an array are listed; None where they belong to all."""
        return self.sample if self.view.graph.types[name.removesuffix("+")].sampled else None

    def last(self, name: str, sample: int | None) -> Element:
        """The last element of an array."""
        shape = self.view.graph.types[name.removesuffix("+")].shape
        return Element(name, tuple(size - 1 for size in shape), sample)

    def line(self, target: Target) -> Listed:
        """A quantity, for all samples unless one is chosen."""
        samples = self.view.graph.samples
        if samples is None or self.choice.sample is not None or sample_of(target) is None:
            return (self.view.quantity(target),)
        return Samples(self.view, target, self.shown_samples())

    def cut(self, lines: list[Listed], zero: int, most: int) -> Rows:
        """Rows of a group; of a long one the first few and the last, and the number and sum of the rest."""
        if len(lines) <= most or self.choice.full or self.choice.only:
            return Rows(tuple(lines), zero=zero)
        hidden = lines[HEAD:-1]
        kinds = {type(line[0].target) for line in hidden}
        rest = sum(line[0].value for line in hidden) if len(kinds) == 1 and not self.view.graph.samples else 0.0
        return Rows((*lines[:HEAD], lines[-1]), more=len(hidden), rest=rest, zero=zero)

    def parameter_elements(self, name: str) -> list[Element]:
        type = self.view.graph.types[name]
        if self.at_once and self.count(name) >= FAMILY:
            whole = self.whole(name)
            return [whole] if self.at_once == "array" else self.by_places(whole, lanes_in(self.unit(whole)))
        if math.prod(type.shape) > LARGE and not self.choice.full and not self.choice.only:
            return []
        sample = self.sample_of(name)
        if math.prod(type.shape) <= FEW or self.choice.full or self.choice.only:
            return self.chosen(name, sample, FEW)
        return [*self.chosen(name, sample, HEAD), self.last(name, sample)]

    def shown_samples(self) -> list[int]:
        """The samples that have a column: the one chosen, or all; of many the first ones and the last."""
        if self.choice.sample is not None:
            return [self.choice.sample]
        count = self.view.graph.samples or 1
        if count <= SAMPLES or self.choice.full:
            return list(range(count))
        return [*range(FIRST), count - 1]


def elements(name: str, type: Type, samples: int | None) -> Iterator[Element]:
    """All elements of an array, sample by sample."""
    for index, sample in places(type, samples):
        yield Element(name, index, sample)
