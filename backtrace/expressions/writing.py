"""From trees to text: plain (which reads back), Unicode, or by templates; the caller writes the leaves."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final, NamedTuple

from backtrace.expressions.tree import Call, Element, Expr, Name, Num, Option, Ref
from backtrace.records import dataclass

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
INFIX: Final = {
    "add": SUM,
    "sub": SUM,
    "mul": PRODUCT,
    "div": PRODUCT,
    "matmul": PRODUCT,
    "neg": SIGN,
    "pow": POWER,
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), 0),
}
SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Template(NamedTuple):
    """How a call looks, and how tightly that binds.

    ``#1`` is the first operand, ``#(1)`` the same in brackets unless it is one sign, ``#[1]`` in brackets where it is
    a sum, ``#{1}`` always in brackets; ``#*`` stands for all operands and ``#?`` for the options that were given.
    """

    text: str
    binds: int = ATOM


Label = Callable[[Expr], str]


@dataclass(frozen=True)
class Style:
    """How operators look; the rest of a formula looks the same in every style of text.

    An ``exact`` style keeps the brackets of a + (b + c), whose last bit may differ from that of (a + b) + c.
    ``first`` is the number of an array's first position: 0 in the language, 1 for a reader.
    """

    signs: Mapping[str, str]
    transposed: str
    superscripts: bool
    exact: bool
    constants: Mapping[float, str]
    templates: Mapping[str, Template] = field(default_factory=dict)
    """How calls look, by operation; those without one look as in the language."""
    first: int = 0
    brackets: Callable[[str], str] | None = None
    """Puts a text in brackets; in round ones, in LaTeX as tall as it is, if not given."""
    comma: str = ", "
    square: tuple[str, str] = ("[", "]")
    """What stands round the positions of a part of an array."""
    options: Callable[[Sequence[Option]], str] = lambda options: ""
    """How the options of a call with a template are written."""
    matrix: Callable[[Sequence[Sequence[str]]], str] | None = None
    """How rows of cells are set; as lists in brackets if not given."""
    binding: Callable[[str], int] | None = None
    """How tightly a leaf's text binds; by the signs in it if not given."""


_COMPARED: Final = {"equal": " == ", "not_equal": " != ", "less": " < ", "greater": " > "}
PLAIN: Final = Style(
    {"add": " + ", "sub": " - ", "mul": "*", "div": "/", "matmul": " @ ", "pow": "**", "neg": "-"}
    | _COMPARED
    | {"less_equal": " <= ", "greater_equal": " >= "},
    ".T",
    superscripts=False,
    exact=True,
    constants={math.pi: "pi"},
)
UNICODE: Final = Style(
    {"add": " + ", "sub": " - ", "mul": "·", "div": "/", "matmul": " · ", "pow": "^", "neg": "-"}
    | _COMPARED
    | {"less_equal": " ≤ ", "greater_equal": " ≥ "},
    "ᵀ",
    superscripts=True,
    exact=False,
    constants={math.pi: "π", 0.5: "½"},
    first=1,
)
UNNAMED: Final = replace(UNICODE, exact=True, constants={math.pi: "π"})
"""The name of an unnamed node: as it was written."""


def number_text(value: float) -> str:
    """The shortest text that reads back as the number; whole numbers without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value)).replace("e-0", "e-")


def plain_label(leaf: Expr) -> str:
    """The text of a leaf in the language itself; an element as a Python index."""
    if isinstance(leaf, Num):
        return number_text(leaf.value)
    if isinstance(leaf, Name):
        return leaf.id
    assert isinstance(leaf, Ref)
    key = leaf.key
    if not isinstance(key, Element):
        return str(key)
    index = f"[{','.join(map(str, key.index))}]" if key.index else ""
    return f"{key.name}{index}" + ("" if key.sample is None else f"#{key.sample}")


def to_text(expr: Expr, style: Style = PLAIN, label: Label = plain_label) -> str:
    """Write an expression; ``label`` writes the leaves.

    >>> from backtrace.expressions import parse
    >>> to_text(parse("-(y - o) * (a @ b.T)**2"), UNICODE)
    '-(y - o)·(a · bᵀ)²'
    """
    return _Writer(style, label).write(expr)[0]


@dataclass(frozen=True)
class _Writer:
    """Writes a node as its text and how tightly that text binds."""

    style: Style
    label: Label

    def write(self, expr: Expr) -> tuple[str, int]:
        if not isinstance(expr, Call):
            return self.leaf(expr)
        template = self.style.templates.get(expr.op)
        if template is not None:
            return self.templated(expr, template)
        if expr.op == "pow":
            return self.power(expr)
        if expr.op == "neg":
            operand = self.wrapped(expr.args[0], SIGN)
            return self.style.signs["neg"] + (
                self.bracketed(operand) if operand.startswith(self.style.signs["neg"]) else operand
            ), SIGN
        if expr.op in INFIX:
            return self.infix(expr)
        if expr.op == "transpose":
            inner = self.wrapped(expr.args[0], ATOM)
            return (f"({inner})" if inner.isdigit() else inner) + self.style.transposed, ATOM
        if expr.op == "index" and expr.option("key") is not None:
            return self.indexed(expr), ATOM
        if expr.op == "take" and len(expr.args) == 2 and isinstance(expr.args[1], Name):
            return f"{self.wrapped(expr.args[0], ATOM)}[{self.write(expr.args[1])[0]}]", ATOM
        if expr.op == "stack":
            return self.stacked(expr), ATOM
        return self.call(expr), ATOM

    def stacked(self, expr: Call) -> str:
        """A list of operands; in a style that sets matrices, rows of them."""
        if self.style.matrix is None:
            return f"[{', '.join(self.write(arg)[0] for arg in expr.args)}]"
        lists = all(isinstance(arg, Call) and arg.op == "stack" for arg in expr.args)
        rows = [arg.args for arg in expr.args if isinstance(arg, Call)] if lists else [expr.args]
        return self.style.matrix([[self.write(cell)[0] for cell in row] for row in rows])

    def leaf(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, Num) and expr.value in self.style.constants:
            return self.style.constants[expr.value], ATOM
        text = self.label(expr)
        return text, (self.style.binding or _binding)(text)

    def indexed(self, expr: Call) -> str:
        """A part of an array; for a reader one element as every other."""
        (array,), key = expr.args, expr.option("key")
        single = all(isinstance(at, int) and at >= 0 for at in key)
        if self.style.first and single and isinstance(array, Name) and array.type and len(array.shape) == len(key):
            return self.label(Ref(Element(array.id, key)))
        left, right = self.style.square
        return f"{self.wrapped(array, ATOM)}{left}{index_text(key, self.style.first)}{right}"

    def wrapped(self, expr: Expr, least: int) -> str:
        text, binding = self.write(expr)
        return text if binding >= least else self.bracketed(text)

    def bracketed(self, text: str) -> str:
        """The text in brackets, in LaTeX as tall as it is."""
        if self.style.brackets is not None:
            return self.style.brackets(text)
        return rf"\left({text}\right)" if TALL.search(text) else f"({text})"

    def is_bracketed(self, call: Call, text: str) -> bool:
        """Whether the only operand is a name that stands in brackets already, such as that of an unnamed node."""
        alone = len(call.args) == 1 and not isinstance(call.args[0], Call)
        return alone and any(text.startswith(left) and text.endswith(right) for left, right in self.frames())

    def frames(self) -> Iterator[tuple[str, str]]:
        """What stands before and behind a text in brackets, round a low one and round a tall one."""
        for inside in ("", r"\frac", "<mfrac>"):
            left, _, right = self.bracketed(f"{inside}\0").partition(f"{inside}\0")
            yield left, right

    def templated(self, expr: Call, template: Template) -> tuple[str, int]:
        """A call by its template."""

        def filled(match: re.Match[str]) -> str:
            bracket, what = match.groups()
            if what == "?":
                return self.style.options(expr.options) if expr.options else ""
            if what == "*":
                text = self.style.comma.join(self.write(arg)[0] for arg in expr.args)
            else:
                text = self.wrapped(expr.args[int(what) - 1], LEAST.get(bracket, 0))
            return self.bracketed(text) if bracket == "{" and not self.is_bracketed(expr, text) else text

        return MARKER.sub(filled, template.text), template.binds

    def infix(self, expr: Call) -> tuple[str, int]:
        binding = INFIX[expr.op]
        first = self.operand(expr, expr.args[0])
        text = first[0] if first[1] >= binding else self.bracketed(first[0])
        # derivatives stand apart: ∂E/∂o · ∂o/∂t
        sign = self.style.signs[expr.op]
        sign = f" {sign.strip()} " if expr.op == "mul" and DERIVATIVE.search(text) else sign
        # a - (b - c), a/(b·c), a·(b/c): the right operand of anything but a plain sum or product binds tighter
        right = binding if expr.op in ("add", "mul") and not self.style.exact else binding + 1
        for arg in expr.args[1:]:
            operand, tight = self.operand(expr, arg)
            loose = tight < right or operand.startswith(self.style.signs["neg"]) or self.grouped(expr, arg, tight)
            text += sign + (self.bracketed(operand) if loose else operand)
        return text, binding

    def operand(self, expr: Call, arg: Expr) -> tuple[str, int]:
        """An operand; a half that is no factor as 0.5, since z/½ and z + ½ are hard to read."""
        return (self.label(arg), ATOM) if arg == HALF and expr.op != "mul" else self.write(arg)

    @staticmethod
    def grouped(expr: Call, arg: Expr, binding: int) -> bool:
        """Whether a right operand of the same binding keeps its brackets: a·(b/c), or an unnamed node's own text."""
        if not isinstance(arg, Call):
            return binding <= INFIX[expr.op]
        return expr.op == "mul" and arg.op in LOOSE

    def power(self, expr: Call) -> tuple[str, int]:
        base, exponent = expr.args
        text = self.wrapped(base, ATOM)
        if not isinstance(base, Call) and DERIVATIVE.search(text):
            text = self.bracketed(text)
        if self.style.superscripts and isinstance(exponent, Num) and exponent.value == int(exponent.value):
            return text + number_text(exponent.value).translate(SUPERSCRIPTS), POWER
        return text + self.style.signs["pow"] + self.wrapped(exponent, POWER), POWER

    def call(self, expr: Call) -> str:
        options = [f"{name}={literal_text(value)}" for name, value in expr.options]
        return f"{expr.op}({', '.join([self.write(arg)[0] for arg in expr.args] + options)})"


NUMBER: Final = re.compile(r"-?[\d.]+(e[-+]?\d+)?")
PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9₀-₉]*⁺?(#\d+)?")
HALF: Final = Num(0.5)
LOOSEST: Final = (
    (re.compile(r"[-+](?!#|$)"), SUM),
    (re.compile(r"(?<!\*)\*(?!\*|#|$)|[·/@]"), PRODUCT),
    (re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻^]|\*\*"), POWER),
    (re.compile(r" "), SUM),
)
"""How tightly a text binds that has such a sign outside all brackets, the loosest first."""


def _binding(label: str) -> int:
    """How tightly a leaf's text binds: the label of an unnamed inner node is a formula itself."""
    if PLAIN_NAME.fullmatch(label):
        return ATOM
    if NUMBER.fullmatch(label):
        return SIGN if label.startswith("-") else ATOM
    if DERIVATIVE.search(label):
        return ATOM
    bare = _outside_brackets(label)
    signed = bare.startswith("-")
    return next((binding for sign, binding in LOOSEST if sign.search(bare, signed)), SIGN if signed else ATOM)


def _outside_brackets(text: str) -> str:
    """The text without what stands in brackets, and without the powers of ten of its numbers.

    >>> _outside_brackets("f(a + b)·1e-05")
    'f·1'
    """
    depth, kept = 0, ""
    for char in text:
        depth += char in "(["
        kept += char if not depth else ""
        depth -= char in ")]"
    return re.sub(r"(\d)e[-+]\d+", r"\1", kept)


LOOSE: Final = ("div", "matmul")
DERIVATIVE: Final = re.compile(r"∂|\\partial|\bd\w+/d\w")
TALL: Final = re.compile(r"\\(frac|sum|begin|left)(?![a-z])")
MARKER: Final = re.compile(r"#([({\[]?)([\d*?])(?:(?<=[({\[].)[)}\]])?")
LEAST: Final = {"(": ATOM, "[": PRODUCT}


def literal_text(value: Any) -> str:
    """An option's value as it is written in the language."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal_text, value)) + ("," if len(value) == 1 else "") + ")"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return number_text(value) if is_number else str(value)


def index_text(items: tuple[Any, ...], first: int = 0) -> str:
    """An index as it is written between brackets; counted from 1 the end of a slice belongs to it.

    >>> index_text((0, ("slice", 1, None, None))), index_text((0, ("slice", 1, 3, None)), first=1)
    ('0, 1:', '1, 2:3')
    """
    return ", ".join(_item_text(item, first) for item in items)


def _item_text(item: Any, first: int) -> str:
    if not isinstance(item, tuple):
        return str(item + first if item >= 0 else item)
    if item[0] == "list":
        return f"[{', '.join(_item_text(part, first) for part in item[1:])}]"
    start, stop, step = item[1:]
    lower = "" if start is None else _item_text(start, first)
    beyond = first if step is None or step > 0 else -first
    upper = "" if stop is None else _item_text(stop - beyond, first)
    return f"{lower}:{upper}" + (f":{step}" if step is not None else "")
