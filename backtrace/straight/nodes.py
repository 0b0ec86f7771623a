"""The language of straight-line programs: numbers, arithmetic, comparisons, choices, calls of libm's functions.

A program is a web of nodes; what is the same is one node, so nothing is computed twice. Nothing here changes a bit of
any result: floating-point operations are never reordered, and only what is exact is simplified.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import field
from typing import Final

from backtrace.records import dataclass

NUMBER: Final = "number"
VARIABLE: Final = "variable"
CHOICE: Final = "if"
"""The second operand where the first, a comparison, holds, else the third; only the chosen one is computed."""
NEGATIVE: Final = "negative"

ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_NAMES = "exp log log2 log10 log1p expm1 sqrt sin cos tan atan sinh cosh tanh erf erfc pow fabs"
FUNCTIONS: Final[dict[str, Callable[..., float]]] = {name: getattr(math, name) for name in _NAMES.split()}
"""Those of libm, which Python's math, C and LLVM call by the same names."""
COMPUTED: Final[dict[str, Callable[..., float]]] = {NEGATIVE: operator.neg, **ARITHMETIC, **COMPARISONS, **FUNCTIONS}


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operation; operands have smaller numbers than what reads them. ``value`` is a literal's."""

    number: int
    op: str
    args: tuple[Node, ...] = ()
    value: float = 0.0

    @property
    def is_leaf(self) -> bool:
        """Whether there is nothing to compute."""
        return self.op in (NUMBER, VARIABLE)


@dataclass
class Nodes:
    """Makes nodes, each distinct operation once."""

    known: dict[tuple[object, ...], Node] = field(default_factory=dict)
    count: int = 0

    def literal(self, value: float) -> Node:
        """A number."""
        return self._kept((NUMBER, repr(value)), NUMBER, (), value)

    def variable(self) -> Node:
        """A value that is known only when the program runs."""
        return self._kept((VARIABLE, self.count), VARIABLE, ())

    def made(self, op: str, *args: Node) -> Node:
        """The result of an operation, simplified where that is exact."""
        simple = self._folded(op, args) or _unchanged(op, args)
        return simple or self._kept((op, *(arg.number for arg in args)), op, args)

    def choice(self, condition: Node, first: Callable[[], Node], second: Callable[[], Node]) -> Node:
        """One of two values, by a comparison; of a settled one only the chosen value is made."""
        if condition.op == NUMBER:
            return first() if condition.value else second()
        return self.made(CHOICE, condition, first(), second())

    def truth(self, node: Node) -> Node:
        """A number as a condition: whether it is not 0."""
        if node.op == CHOICE and [arg.op == NUMBER and arg.value for arg in node.args[1:]] == [1.0, 0.0]:
            return node.args[0]
        return self.made("!=", node, self.literal(0.0))

    def _kept(self, key: tuple[object, ...], op: str, args: tuple[Node, ...], value: float = 0.0) -> Node:
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = Node(self.count, op, args, value)
            self.count += 1
        return found

    def _folded(self, op: str, args: tuple[Node, ...]) -> Node | None:
        """The literal that an operation on literals gives; what fails is left to fail when it runs."""
        if op not in COMPUTED or any(arg.op != NUMBER for arg in args):
            return None
        try:
            value = float(COMPUTED[op](*(arg.value for arg in args)))
        except (ArithmeticError, ValueError):
            return None
        return self.literal(value) if math.isfinite(value) else None


def _unchanged(op: str, args: tuple[Node, ...]) -> Node | None:
    """The operand that an operation gives back bit by bit: 1·x, x·1, x/1, -(-x)."""
    if op in ("*", "/") and args[1].op == NUMBER and args[1].value == 1.0:
        return args[0]
    if op == "*" and args[0].op == NUMBER and args[0].value == 1.0:
        return args[1]
    return args[0].args[0] if op == NEGATIVE and args[0].op == NEGATIVE else None
