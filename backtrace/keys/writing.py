"""Keys written: the name of every single number, plain or as a reader likes it."""

from __future__ import annotations

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
from backtrace.keys.names import Names
from backtrace.keys.targets import Derivative, Part, Path, Target, Via
from backtrace.labels import SUBSCRIPTS, derivative_text, marked, remembered, subscripted
from backtrace.records import dataclass


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

    def _element(self, key: Element, pretty: bool) -> str:
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
        style = self._styles.get(core)
        digits = [str(at + 1) for at in index]
        if not base.replace("#", "").isidentifier():
            return f"({self._pretty_inner(base) if pretty else base})[{','.join(digits)}]"
        if style is None:
            return f"{base}[{','.join(digits)}]"
        if pretty and all(len(digit) == 1 for digit in digits):
            return base + "".join(digits).translate(SUBSCRIPTS)
        return base + ("".join(digits) if style == "digits" else "".join(f"_{digit}" for digit in digits))

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
