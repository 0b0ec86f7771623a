"""The names and numbers of a drawing: elements of a view as cells."""

from __future__ import annotations

from typing import Final

from backtrace.drawing.parts import Cell
from backtrace.expressions import UNICODE, Element, to_text
from backtrace.keys import Derivative
from backtrace.quantities import View
from backtrace.records import dataclass
from backtrace.render.numbers import Numbers
from backtrace.scalars import parameters_first
from backtrace.words import ENGLISH, Words

LONGEST_NAME: Final = 18
LONGEST_FORMULA: Final = 160


@dataclass(frozen=True)
class Figures:
    """Writes the elements of one sample of a view."""

    view: View
    numbers: Numbers
    sample: int = 0
    gradients: bool = True
    words: Words = ENGLISH

    def cell(self, element: Element, aside: bool = False) -> Cell:
        """An element with its value, and its gradient where it leads to the objective."""
        name = self.name(element)
        return Cell(cut(name), self.value(element), self.gradient(element), self.about(element, name), aside)

    def name(self, element: Element) -> str:
        """The name as a reader likes it; the sample is the same in the whole drawing, and left out."""
        own = element.name.endswith("#")
        return self.view.keys.pretty(element if own else element._replace(sample=None))

    def value(self, element: Element) -> str:
        """The value: a given one as short as it was given."""
        number = self.view.number(element)
        return self.numbers.inline(number) if self.is_given(element) else self.numbers.value(number)

    def gradient(self, element: Element) -> str:
        """The objective's derivative by an element, nothing where there is none to show."""
        view = self.view
        if not self.gradients or view.graph.objective is None or element.name not in view.chains.leading:
            return ""
        given = view.graph.givens.get(element.name)
        if given is not None and given.role in ("target", "gradient"):
            return ""
        return self.numbers.value(view.number(Derivative(view.objective, element)))

    def about(self, element: Element, name: str) -> str:
        """What a reader who points at it is told: its formula."""
        formula = None if self.is_given(element) else self.view.formula(element)
        if formula is None:
            return name
        readable = parameters_first(formula, self.view.graph.parameters)
        return cut(f"{name} = {to_text(readable, UNICODE, self.view.keys.pretty_label)}", LONGEST_FORMULA)

    def is_given(self, element: Element) -> bool:
        """Whether an element is given, not computed."""
        return element.name in self.view.graph.givens


def cut(text: str, most: int = LONGEST_NAME) -> str:
    """A text that is not too long to be drawn."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
