"""Keys written: the name of every single number, plain or as a reader likes it."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import product as cartesian
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backtrace.expressions import (
    UNNAMED,
    Element,
    Expr,
    ExpressionError,
    Index,
    Name,
    Ref,
    parse,
    plain_label,
    substitute,
    to_text,
)
from backtrace.graph import RATE
from backtrace.keys.lanes import Lane, UnlikeError, lanes_in
from backtrace.keys.names import Names
from backtrace.keys.targets import Derivative, Part, Path, Target, Via
from backtrace.labels import SUBSCRIPTS, derivative_text, marked, remembered, subscripted
from backtrace.records import dataclass

FIRST_MARK: Final = "\U00020000"
LAST_MARK: Final = "\U0002a6df"
"""Letters that next to no name has: each stands for the name of an element with lanes."""
MOST_WRITTEN: Final = 100_000
"""So many names are remembered."""


@dataclass(frozen=True)
class Writing(Names):
    """Writes the keys of one graph."""

    def text(self, target: Target) -> str:
        """The key of a target, in plain text."""
        return self._write(target, "d")

    def pretty(self, target: Target) -> str:
        """The key as a reader likes it: subscripts, ∂ and ⁺."""
        return self._write(target, "∂")

    def label(self, leaf: Expr) -> str:
        """A leaf of a formula in plain text."""
        return self.text(leaf.key) if isinstance(leaf, Ref) else plain_label(leaf)

    def pretty_label(self, leaf: Expr) -> str:
        """A leaf of a formula as a reader likes it; a whole array by its name."""
        if isinstance(leaf, Ref):
            return self.pretty(leaf.key)
        if isinstance(leaf, Name):
            return self.array(leaf.id, pretty=True)
        return plain_label(leaf)

    def array(self, name: str, pretty: bool = False) -> str:
        """The name of a whole array, a gradient's with ∂."""
        by = self.differentiated.get(name)
        if by is not None and self.objective:
            top, bottom = self.array(self.objective, pretty), self.array(by, pretty)
            return derivative_text(top, bottom, "∂" if pretty else "d")
        core, plus = name.removesuffix("+"), name.endswith("+")
        if core == RATE and pretty:
            return "η"
        text = self._pretty_inner(core.removesuffix("#")) if pretty else core.removesuffix("#")
        return marked(self._plain(text), core, ("⁺" if pretty else "+") * plus)

    def _write(self, target: Target, d: str) -> str:
        pretty = d == "∂"
        if isinstance(target, Element):
            by = self.differentiated.get(target.name)
            if by is None or self.objective is None:
                return self._element(target, pretty)
            target = Derivative(Element(self.objective), Element(by, target.index, target.sample))
        if isinstance(target, Part):
            if target.index is None:
                return self.array(target.name, pretty) + _sample_text(target.sample)
            return self._element(Element(target.name, target.index), pretty)
        if isinstance(target, Via):
            whole = self._write(Derivative(target.of, target.by), d)
            of, by_, through = (self._element(part, pretty) for part in target)
            return f"{whole} by way of {through}" if pretty else f"via({of},{by_},{through})"
        top, bottom = (target.nodes[0], target.nodes[-1]) if isinstance(target, Path) else target
        return derivative_text(self._write(top, d), self._write(bottom, d), d)

    @cached_property
    def _written(self) -> dict[tuple[Element, bool], str]:
        return {}

    def _element(self, key: Element, pretty: bool) -> str:
        """The name of an element, which stands in many formulas and is written once."""
        if lanes_in(key.index):
            return self._mark(key)
        found = self._written.get((key, pretty))
        if found is None:
            if len(self._written) > MOST_WRITTEN:
                self._written.clear()
            found = self._written[key, pretty] = self._named_element(key, pretty)
        return found

    def _named_element(self, key: Element, pretty: bool) -> str:
        core, plus = key.name.removesuffix("+"), key.name.endswith("+")
        base = core.removesuffix("#")
        sample = _sample_text(key.sample)
        text = self._indexed(base, core, key.index, pretty)
        return marked(text, base, "⁺" * plus) + sample if pretty else marked(text, base, "+" * plus + sample)

    def _plain(self, text: str) -> str:
        """The name of a counter or of the clipping's norm without its @, where no user's name is the same."""
        return text if text[1:] in self.types else text.removeprefix("@")

    def _indexed(self, base: str, core: str, index: Index, pretty: bool) -> str:
        if core in self.labels:
            label = self.labels[core][index[0]]
            return subscripted(label) if pretty else label
        if "." in core and core.replace(".", "").isidentifier():
            letter, _, parameter = core.partition(".")
            return remembered(letter, self._indexed(parameter, parameter, index, pretty), pretty)
        if not index or self.is_lone(core):
            if base == RATE and pretty:
                return "η"
            return self._plain(self._pretty_inner(base) if pretty else base)
        digits = tuple(str(at + 1) for at in index)
        if not base.replace("#", "").isidentifier():
            return f"({self._pretty_inner(base) if pretty else base})[{','.join(digits)}]"
        return self._numbered(base, self._styles.get(core), pretty, digits)

    @staticmethod
    def _numbered(base: str, style: str | None, pretty: bool, digits: tuple[str, ...]) -> str:
        """A name with its positions."""
        if style is None:
            return f"{base}[{','.join(digits)}]"
        if pretty and all(len(digit) == 1 for digit in digits):
            return base + "".join(digits).translate(SUBSCRIPTS)
        return base + ("".join(digits) if style == "digits" else "_" + "_".join(digits))

    # ── all elements of an array at once ──

    @cached_property
    def _marked(self) -> dict[Element, str]:
        return {}

    @cached_property
    def _columns(self) -> dict[tuple[Element, bool], npt.NDArray[np.object_]]:
        return {}

    def _mark(self, key: Element) -> str:
        """A sign in the place of the name of an element with lanes, each of which is written like any name.

        Raises:
            UnlikeError: names of this kind have brackets and signs in them.
        """
        plain = re.sub(r"[.#]", "", key.name.removesuffix("+")).isidentifier()
        if not plain or max("".join(self.types)) >= FIRST_MARK:
            raise UnlikeError
        found = self._marked.get(key)
        if found is None:
            found = self._marked[key] = chr(ord(FIRST_MARK) + len(self._marked))
            if found > LAST_MARK:
                raise UnlikeError
        return found

    def column(self, mark: str, pretty: bool) -> tuple[tuple[Lane, ...], npt.NDArray[np.object_]]:
        """The lanes of what a mark stands for, and its names, an axis a lane."""
        key = list(self._marked)[ord(mark) - ord(FIRST_MARK)]
        whole = (Element(key.name, (), key.sample), pretty)
        if whole not in self._columns:
            self._columns[whole] = self._every(whole[0], pretty)
        found = lanes_in(key.index)
        mesh = dict(zip(found, np.ix_(*(range(lane.size) for lane in found)), strict=True))
        positions: tuple[Any, ...] = key.index
        return found, self._columns[whole][tuple(mesh[at] if isinstance(at, Lane) else at for at in positions)]

    def _every(self, key: Element, pretty: bool) -> npt.NDArray[np.object_]:
        """The names of all elements of an array."""
        core = key.name.removesuffix("+")
        shape = self._shape(core) or ()
        if core in self.labels or not core.isidentifier() or self.is_lone(core):
            names = [self._named_element(key._replace(index=index), pretty) for index in np.ndindex(shape)]
        else:
            last = self._named_element(key._replace(index=tuple(size - 1 for size in shape)), pretty)
            style = self._styles.get(core)
            end = last.removeprefix(self._numbered(core, style, pretty, tuple(map(str, shape))))
            digits = ([str(at + 1) for at in range(size)] for size in shape)
            names = [self._numbered(core, style, pretty, each) + end for each in cartesian(*digits)]
        made = np.empty(len(names), dtype=object)
        made[:] = names
        return made.reshape(shape)

    def _pretty_inner(self, name: str) -> str:
        """A name as a reader likes it: numbered scalars with a subscript, unnamed nodes as formulas."""
        letter, dot, parameter = name.partition(".")
        if dot and parameter.isidentifier():
            return remembered(letter, self._pretty_inner(parameter), True)
        if name.isidentifier():
            return subscripted(name) if self._shape(name) == () else name
        try:
            return to_text(substitute(parse(name), self.typed), UNNAMED, self.pretty_label)
        except ExpressionError:
            return name


def _sample_text(sample: int | None) -> str:
    return "" if sample is None else f"#{sample + 1}"
