"""From trees to text: plain (which reads back) and Unicode; the caller writes the leaves."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backtrace.expressions.tree import Call, Element, Expr, Name, Num, Ref

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


@dataclass(frozen=True)
class Style:
    """How operators look; the rest of a formula looks the same in every style of text.

    An ``exact`` style keeps the brackets of a + (b + c), whose last bit may differ from that of (a + b) + c.
    """

    signs: Mapping[str, str]
    transposed: str
    superscripts: bool
    exact: bool
    constants: Mapping[float, str]


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
)

Label = Callable[[Expr], str]


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
        if expr.op == "pow":
            return self.power(expr)
        if expr.op == "neg":
            return self.style.signs["neg"] + self.wrapped(expr.args[0], SIGN), SIGN
        if expr.op in INFIX:
            return self.infix(expr)
        if expr.op == "transpose":
            inner = self.wrapped(expr.args[0], ATOM)
            return (f"({inner})" if inner.isdigit() else inner) + self.style.transposed, ATOM
        if expr.op == "index":
            return f"{self.wrapped(expr.args[0], ATOM)}[{index_text(expr.option('key'))}]", ATOM
        if expr.op == "take" and len(expr.args) == 2 and isinstance(expr.args[1], Name):
            return f"{self.wrapped(expr.args[0], ATOM)}[{self.write(expr.args[1])[0]}]", ATOM
        if expr.op == "stack":
            return "[" + ", ".join(self.write(arg)[0] for arg in expr.args) + "]", ATOM
        return self.call(expr), ATOM

    def leaf(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, Num) and expr.value in self.style.constants:
            return self.style.constants[expr.value], ATOM
        text = self.label(expr)
        return text, _binding(text)

    def wrapped(self, expr: Expr, least: int) -> str:
        text, binding = self.write(expr)
        return text if binding >= least else f"({text})"

    def infix(self, expr: Call) -> tuple[str, int]:
        binding = INFIX[expr.op]
        first = self.write(expr.args[0])
        text = first[0] if first[1] >= binding else f"({first[0]})"
        # derivatives stand apart: ∂E/∂o · ∂o/∂t
        sign = self.style.signs[expr.op]
        sign = f" {sign} " if expr.op == "mul" and DERIVATIVE.search(text) else sign
        # a - (b - c), a/(b·c), a·(b/c): the right operand of anything but a plain sum or product binds tighter
        right = binding if expr.op in ("add", "mul") and not self.style.exact else binding + 1
        for arg in expr.args[1:]:
            operand, tight = self.write(arg)
            loose = tight < right or operand.startswith("-") or self.grouped(expr, arg)
            text += sign + (f"({operand})" if loose else operand)
        return text, binding

    @staticmethod
    def grouped(expr: Call, arg: Expr) -> bool:
        """Whether a right operand of the same binding keeps its brackets: a·(b/c)."""
        return expr.op == "mul" and isinstance(arg, Call) and arg.op in LOOSE

    def power(self, expr: Call) -> tuple[str, int]:
        base, exponent = expr.args
        text = self.wrapped(base, ATOM)
        if not isinstance(base, Call) and DERIVATIVE.search(text):
            text = f"({text})"
        if self.style.superscripts and isinstance(exponent, Num) and exponent.value == int(exponent.value):
            return text + number_text(exponent.value).translate(SUPERSCRIPTS), POWER
        return text + self.style.signs["pow"] + self.wrapped(exponent, POWER), POWER

    def call(self, expr: Call) -> str:
        options = [f"{name}={literal_text(value)}" for name, value in expr.options]
        return f"{expr.op}({', '.join([self.write(arg)[0] for arg in expr.args] + options)})"


NUMBER: Final = re.compile(r"-?[\d.]+(e[-+]?\d+)?")
COMPOUND: Final = re.compile(r"[-+*/@·](?!#|$)| ")


def _binding(label: str) -> int:
    """How tightly a leaf's text binds: the label of an unnamed inner node is a formula itself."""
    if label.startswith("-"):
        return SIGN if NUMBER.fullmatch(label) else SUM
    plain = NUMBER.fullmatch(label) or DERIVATIVE.search(label)
    return SUM if not plain and COMPOUND.search(label) else ATOM


LOOSE: Final = ("div", "matmul")
DERIVATIVE: Final = re.compile(r"∂|\bd\w+/d\w")


def literal_text(value: Any) -> str:
    """An option's value as it is written in the language."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal_text, value)) + ("," if len(value) == 1 else "") + ")"
    return str(value) if isinstance(value, bool) or value is None else number_text(value)


def index_text(items: tuple[Any, ...]) -> str:
    """An index as it is written between brackets.

    >>> index_text((0, ("slice", 1, None, None)))
    '0, 1:'
    """
    return ", ".join(map(_item_text, items))


def _item_text(item: Any) -> str:
    if not isinstance(item, tuple):
        return str(item)
    if item[0] == "list":
        return f"[{', '.join(map(_item_text, item[1:]))}]"
    lower, upper, step = ("" if part is None else str(part) for part in item[1:])
    return f"{lower}:{upper}" + (f":{step}" if step else "")
