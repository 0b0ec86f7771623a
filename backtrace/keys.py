"""Keys: the names of single numbers, parsed and written by rules; no dictionary of all keys is ever built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from backtrace.errors import Fault, UsageError, did_you_mean
from backtrace.expressions import (
    UNICODE,
    Element,
    Expr,
    ExpressionError,
    Index,
    Name,
    Ref,
    Shape,
    Type,
    parse,
    plain_label,
    to_text,
)
from backtrace.graph import EPOCH, RATE, UPDATE, Graph
from backtrace.labels import HAT, SUBSCRIPTS, derivative_text, outside_brackets, remembered, subscripted

OBJECTIVE_NAMES: Final = ("E", "L", "J", "C", "loss", "cost")
REMEMBERED: Final = re.compile(r"([^\W\d]\w*)(?:\.(.+)|\((.+)\))")


class Part(NamedTuple):
    """A named array, or one element of it for every sample; None stands for all."""

    name: str
    index: Index | None = None  # type: ignore[assignment]  # a tuple's own index() is not called
    sample: int | None = None


class Derivative(NamedTuple):
    """The derivative of one quantity by another, over all ways."""

    of: Element | Part
    by: Element | Part


class Path(NamedTuple):
    """The product of the local derivatives along named elements, from what is differentiated to the last."""

    nodes: tuple[Element, ...]


class Via(NamedTuple):
    """The part of a derivative that leaves ``by`` through its consumer ``through``."""

    of: Element
    by: Element
    through: Element


class Short(NamedTuple):
    """A derivative by its short text-book form, where a loss and an activation make a pair."""

    of: Element
    by: Element


Target = Element | Part | Derivative | Path | Via | Short


def resampled(target: Target, sample: int) -> Target:
    """The same quantity of another sample."""

    def moved(element: Element) -> Element:
        return element if element.sample is None else element._replace(sample=sample)

    if isinstance(target, Element):
        return moved(target)
    if isinstance(target, Path):
        return Path(tuple(map(moved, target.nodes)))
    if isinstance(target, Via):
        return Via(*map(moved, target))
    if isinstance(target, Short):
        return Short(*map(moved, target))
    if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
        return Derivative(moved(target.of), moved(target.by))
    return target


class Key(NamedTuple):
    """A parsed key: what it names, of which epoch (None: the one at hand), and of which update of that epoch.

    Without an update, of an epoch with several, it names the list of what it is in each.
    """

    target: Target
    epoch: int | None = None
    update: int | None = None


class UnknownKeyError(UsageError):
    """A key that names nothing here."""


@dataclass(frozen=True)
class Keys:
    """Reads and writes the keys of one graph."""

    types: Mapping[str, Type]
    labels: Mapping[str, tuple[str, ...]]
    gradient_of: Mapping[str, str]
    objective: str | None
    samples: int | None
    momentary: frozenset[str] = frozenset()
    """What an update computes on its way: it has no value after the update."""

    @classmethod
    def of(cls, graph: Graph) -> Keys:
        """The keys of a graph."""
        types = dict(graph.types) | dict.fromkeys((RATE, UPDATE, EPOCH), Type(()))
        momentary = {e.name for e in graph.updates if not e.state} | {RATE, UPDATE, EPOCH}
        return cls(types, graph.labels, graph.gradient_of, graph.objective, graph.samples, frozenset(momentary))

    # ── writing ──

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
        return self._plain(text) + (("⁺" if pretty else "+") if plus else "")

    @cached_property
    def differentiated(self) -> dict[str, str]:
        """The name that each gradient array is taken by."""
        return {gradient: name for name, gradient in self.gradient_of.items()}

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
        if not pretty and text == base and (plus or sample) and not base.isidentifier():
            text = f"({base})"
        return text + (("⁺" if pretty else "+") if plus else "") + sample

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
        if not index or self._lone(core):
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
            return to_text(parse(name), UNICODE, self._inner_label)
        except ExpressionError:
            return name

    def _inner_label(self, leaf: Expr) -> str:
        return self._pretty_inner(leaf.id) if isinstance(leaf, Name) else plain_label(leaf)

    def _lone(self, name: str) -> bool:
        """A vector of one element goes by its own name."""
        return self._shape(name) == (1,)

    def _shape(self, name: str) -> Shape | None:
        found = self.types.get(name) or self.types.get(name.removesuffix("+"))
        return None if found is None else found.shape

    @cached_property
    def _styles(self) -> dict[str, str]:
        """How the elements of each array are numbered in short keys; none where that would be ambiguous."""
        found = {}
        for name, type in self.types.items():
            if type.shape and name.replace("#", "").replace(".", "").isidentifier():
                digits = name[-1].isalpha() and max(type.shape) < 10
                found[name] = "digits" if digits else "underscores"
        for name in (*self.types, *(label for group in self.labels.values() for label in group)):
            for cut in range(1, len(name)):
                style = found.get(name[:cut])
                if style and (self._index(name[:cut], name[cut:], style) or self._runs_on(name[:cut], name, style)):
                    found.pop(name[:cut])
        return found

    def _runs_on(self, shorter: str, longer: str, style: str) -> bool:
        """Whether elements of both would be written alike: W[1,2] and W_1[2] as W_1_2."""
        tail, inner = longer[len(shorter) :], self._shape(longer)
        if style != "underscores" or inner is None or not re.fullmatch(r"(_\d+)+", tail):
            return False
        return self._index(shorter, tail + "_1" * len(inner), style) is not None

    def dropped(self) -> list[str]:
        """The arrays whose short keys are dropped because they would equal other names."""
        return [
            name
            for name, type in self.types.items()
            if type.shape and name.replace("#", "").isidentifier() and name not in self._styles and "/" not in name
        ]

    # ── reading ──

    def parse(self, text: str) -> Key:
        """What a key names.

        Raises:
            UnknownKeyError: it names nothing here; with the nearest key that does.
        """
        packed = "".join(text.split())
        for sign, plain in (("∂", "d"), ("⁺", "+"), ("·", "*"), (HAT, "_hat")):
            packed = packed.replace(sign, plain)
        packed = packed.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
        moment = re.fullmatch(r"(.+)@(\d+)(?:\.(\d+))?", packed)
        target = self._target(moment[1] if moment else packed)
        if target is None:
            raise UnknownKeyError(Fault(f'"{text}" names nothing here', hint=self.suggestion(packed)))
        if moment is None:
            return Key(target)
        return Key(target, int(moment[2]), int(moment[3]) if moment[3] else None)

    def find(self, text: str) -> Target | None:
        """What a key names, or None."""
        try:
            return self.parse(text).target
        except UnknownKeyError:
            return None

    def suggestion(self, text: str) -> str:
        """A key that may have been meant."""
        plain = [self.text(Part(name)) for name in self.types]
        first = [self.text(Element(name, (0,) * len(type.shape))) for name, type in self.types.items()]
        return did_you_mean(text, [*plain, *first]) or "backtrace keys CONFIG lists the keys"

    def _target(self, text: str) -> Target | None:
        for read in (self._part, self._call, self._derivative):
            found = read(text)
            if found is not None:
                return found
        return None

    def _part(self, text: str) -> Element | Part | None:
        """A named array or an element of one, with or without a sample, before or after the update."""
        match = re.fullmatch(r"(.+?)(\+?)(?:#(\d+))?(\+?)", text)
        if match is None or (match[2] and match[4]):
            return None
        base, plus = match[1], match[2] or match[4]
        if base.startswith("(") and base.endswith(")") and base not in self.types:
            base = base[1:-1]
        sample = int(match[3]) - 1 if match[3] else None
        for name in self._named(base, sample):
            found = self._resolved(name, plus, sample)
            if found is not None:
                return found
        return None

    def _named(self, base: str, sample: int | None) -> list[str]:
        """What a name may mean: a sample's own objective, itself, an alias of the objective, the rate, a counter."""
        names = [f"{base}#"] if sample is not None and f"{base}#" in self.types else []
        names.append(base)
        if base in OBJECTIVE_NAMES and self.objective and base not in self.types:
            own = f"{self.objective}#"
            names.append(own if sample is not None and own in self.types else self.objective)
        return [*names, RATE if base == "η" else f"@{base}"]

    def _resolved(self, base: str, plus: str, sample: int | None) -> Element | Part | None:
        found = self._place(base)
        if found is None:
            return None
        name, index = found
        type = self.types[name]
        if plus and not self._moves(name):
            return None
        if sample is not None and (not type.sampled or not 0 <= sample < (self.samples or 1)):
            return None
        if index is None and (not type.shape or self._lone(name)):
            index = (0,) * len(type.shape)
        if index is None or (type.sampled and sample is None):
            return Part(name + plus, index, sample)
        return Element(name + plus, index, sample)

    def _moves(self, name: str) -> bool:
        return name not in self.differentiated and name not in self.momentary

    def _place(self, base: str) -> tuple[str, Index | None] | None:
        """The array and index that a text names: a label, a whole name, or a name followed by an index."""
        for name, members in self.labels.items():
            if base in members:
                return name, (members.index(base),)
        if base in self.types and base not in self.differentiated:
            return base, None
        state = self._state_place(base)
        if state is not None:
            return state
        for cut in range(len(base) - 1, 0, -1):
            name = base[:cut]
            if name.startswith("(") and name.endswith(")"):
                name = name[1:-1]
            if name in self.types and self.types[name].shape and name not in self.differentiated:
                index = self._index(name, base[cut:], self._styles.get(name))
                if index is not None:
                    return name, index
        return None

    def _state_place(self, base: str) -> tuple[str, Index | None] | None:
        """What an optimiser has for a parameter, by the parameter's own place: m.U11 or m(U11)."""
        match = REMEMBERED.fullmatch(base)
        found = self._place(match[2] or match[3]) if match else None
        if match is None or found is None:
            return None
        name = f"{match[1]}.{found[0]}"
        return (name, found[1]) if name in self.types else None

    def _index(self, name: str, rest: str, style: str | None) -> Index | None:
        shape = self.types[name].shape
        bracket = re.fullmatch(r"\[(\d+(?:,\d+)*)\]", rest)
        if bracket:
            numbers = [int(part) for part in bracket[1].split(",")]
        elif style is None:
            return None
        elif re.fullmatch(r"(_\d+)+", rest):
            numbers = [int(part) for part in rest.split("_")[1:]]
        elif rest.isascii() and rest.isdigit() and name[-1].isalpha() and len(rest) == len(shape):
            numbers = [int(digit) for digit in rest]
        elif rest.isascii() and rest.isdigit() and name[-1].isalpha() and len(shape) == 1:
            numbers = [int(rest)]
        else:
            return None
        if len(numbers) != len(shape) or any(not 1 <= n <= size for n, size in zip(numbers, shape, strict=True)):
            return None
        return tuple(number - 1 for number in numbers)

    def _call(self, text: str) -> Target | None:
        """local(A,B) or via(A,B,C)."""
        match = re.fullmatch(r"(local|via)\((.+)\)", text)
        if match is None:
            return None
        parts = [self._part(part) for part in outside_brackets(match[2])]
        if any(not isinstance(part, Element) or part.name.endswith("+") for part in parts):
            return None
        nodes = tuple(part for part in parts if isinstance(part, Element))
        if match[1] == "local" and len(nodes) == 2:
            return Path(nodes)
        return Via(*nodes) if match[1] == "via" and len(nodes) == 3 else None

    def _derivative(self, text: str) -> Target | None:
        """dA/dB, at whichever bar both sides name something."""
        if not text.startswith("d"):
            return None
        for match in re.finditer("/d", text):
            of, by = self._part(text[1 : match.start()]), self._part(text[match.end() :])
            if of is not None and by is not None and not of.name.endswith("+") and not by.name.endswith("+"):
                return Derivative(of, by)
        return None


def _sample_text(sample: int | None) -> str:
    return "" if sample is None else f"#{sample + 1}"
