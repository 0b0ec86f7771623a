"""Equations on arrays → nodes on single numbers, by the rows of the op table."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from itertools import product as cartesian
from typing import NamedTuple

from backtrace.expressions import Call, Element, Expr, Index, Name, Num, Ref, Type
from backtrace.graph import Equation
from backtrace.ops import TABLE
from backtrace.ops.base import Kernel
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.many import Many
from backtrace.scalars import fitted
from backtrace.straight.nodes import FUNCTIONS, NEGATIVE, Node, Nodes

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}

Letters = Mapping[str, Callable[[], Node]]
"""What the letters of a row's text stand for, made where one is read."""


def once(make: Callable[..., Node], *args: object) -> Callable[[], Node]:
    """What makes a node when it is first read: a branch that is never built needs none."""
    return cache(partial(make, *args))


def _itself(node: Node) -> Node:
    return node


class Place(NamedTuple):
    """One element of an expression: what a scalar formula reads."""

    expr: Expr
    index: Index  # type: ignore[assignment]  # tuple.index, a method nobody calls here
    sample: int | None


def size(type: Type, samples: int | None) -> int:
    """How many numbers an array has, those of all samples."""
    return math.prod(type.shape) * ((samples or 1) if type.sampled else 1)


def places(type: Type, samples: int | None) -> Iterator[tuple[tuple[int, ...], int | None]]:
    """All index and sample pairs of an array, sample by sample, row by row."""
    for sample in range(samples or 1) if type.sampled else (None,):
        for index in cartesian(*map(range, type.shape)):
            yield index, sample


class Lowering:
    """Equations read so far; every element of every array has its node.

    Rows that are ``kept`` stay calls of functions, for those who read the program.
    """

    def __init__(self, samples: int | None = None, kept: Collection[str] = ()) -> None:
        self.samples = samples
        self.kept = kept
        self.nodes = Nodes()
        self.elements: dict[Element, Node] = {}
        self._places: dict[Place, Node] = {}

    def variable(self, key: Element) -> Node:
        """The node of an element; where no equation gives it, a variable, made at its first use."""
        if key not in self.elements:
            self.elements[key] = self.nodes.variable()
        return self.elements[key]

    def variables(self, name: str, type: Type) -> list[Node]:
        """The nodes of an array's elements in order."""
        return [self.variable(Element(name, *place)) for place in places(type, self.samples)]

    def equation(self, equation: Equation) -> list[Node]:
        """The nodes of an equation's result."""
        found = list(places(equation.type, self.samples))
        for place in found:
            self.elements[Element(equation.name, *place)] = self.at(equation.expr, *place)
        return [self.elements[Element(equation.name, *place)] for place in found]

    def at(self, expr: Expr, index: Index, sample: int | None) -> Node:
        """The node of one element of an array expression."""
        place = Place(expr, fitted(index, expr), sample if expr.sampled else None)
        if isinstance(expr, Num):
            return self.nodes.literal(float(expr.value))
        if isinstance(expr, Name):
            return self.variable(Element(expr.id, place.index, place.sample))
        assert isinstance(expr, Call)
        if place not in self._places:
            op = TABLE[expr.op]
            if isinstance(op, Kernel):
                self._lines(op, expr, place.sample)
            else:
                self._places[place] = self.scalar(op.element(expr, place.index, _Reader(expr, sample)))
        return self._places[place]

    def _lines(self, op: Kernel, call: Call, sample: int | None) -> None:
        """All elements of a sample that are computed together, line by line."""
        for made, read in op.lines(call):
            results = op.stable([Ref(Place(call.args[0], at, sample)) for at in read])
            for at, result in zip(made, results, strict=True):
                self._places[Place(call, at, sample)] = self.scalar(result)

    def row(self, op: Elementwise, letters: Mapping[str, Node]) -> Node:
        """What a row's text gives for its letters and options."""
        return self._text(parsed(op.scalar), {letter: partial(_itself, node) for letter, node in letters.items()})

    def scalar(self, expr: Expr) -> Node:
        """The node of a scalar formula."""
        if isinstance(expr, Num):
            return self.nodes.literal(float(expr.value))
        if isinstance(expr, Ref):
            return self.at(*expr.key) if isinstance(expr.key, Place) else self.variable(expr.key)
        assert isinstance(expr, Call)
        op = TABLE[expr.op]
        assert isinstance(op, Elementwise)
        if isinstance(op, Many):
            return self._folded(op, [self.scalar(arg) for arg in expr.args])
        options = {**op.options, **dict(expr.options)}
        if expr.op in self.kept:
            numbers = [self.nodes.literal(float(value)) for value in options.values()]
            return self.nodes.made(expr.op, *(self.scalar(arg) for arg in expr.args), *numbers)
        letters: dict[str, Callable[[], Node]] = {}
        letters |= {key: partial(self.nodes.literal, float(value)) for key, value in options.items()}
        letters |= zip(op.letters, (once(self.scalar, arg) for arg in expr.args), strict=True)
        return self._text(parsed(op.scalar), letters)

    def _folded(self, op: Many, operands: list[Node]) -> Node:
        """An operation on many operands, two at a time from the left."""
        result = operands[0]
        for operand in operands[1:]:
            result = self._text(parsed(op.scalar), {"a": partial(_itself, result), "b": partial(_itself, operand)})
        return result

    def _text(self, text: ast.expr, letters: Letters) -> Node:
        """What a row's text gives."""
        match text:
            case ast.Constant(value=int() | float() as value):
                return self.nodes.literal(float(value))
            case ast.Name(id=letter):
                return letters[letter]()
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.nodes.made(NEGATIVE, self._text(operand, letters))
            case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.nodes.made(OPERATORS[type(op)], self._text(left, letters), self._text(right, letters))
            case ast.IfExp(test=test, body=first, orelse=second):
                holds = self._text(test, letters)
                condition = holds if isinstance(test, ast.Compare) else self.nodes.truth(holds)
                return self.nodes.choice(
                    condition, lambda: self._text(first, letters), lambda: self._text(second, letters)
                )
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._called(name, args, letters)
        raise AssertionError(f"a row's text has {ast.unparse(text)}")

    def _called(self, name: str, args: list[ast.expr], letters: Letters) -> Node:
        """A function of libm, or another row of the table."""
        if name in FUNCTIONS:
            return self.nodes.made(name, *(self._text(arg, letters) for arg in args))
        row = TABLE[name]
        assert isinstance(row, Elementwise)
        if isinstance(row, Many):
            return self._folded(row, [self._text(arg, letters) for arg in args])
        if name in self.kept:
            return self.nodes.made(name, *(self._text(arg, letters) for arg in args))
        operands = (once(self._text, arg, letters) for arg in args)
        return self._text(parsed(row.scalar), dict(zip(row.letters, operands, strict=True)))


class _Reader:
    """Reads the operands of a call as places, which are looked into once, however often they are read."""

    most: int | None = None  # a program computes all terms of a sum

    def __init__(self, call: Call, sample: int | None) -> None:
        self.call, self.sample = call, sample

    def __call__(self, operand: int, index: Index, sample: int | None = None) -> Expr:
        arg = self.call.args[operand]
        if isinstance(arg, Num):
            return arg
        at = self.sample if sample is None else sample
        return Ref(Place(arg, fitted(index, arg), at if arg.sampled else None))


@cache
def parsed(text: str) -> ast.expr:
    """A row's text, read once."""
    return ast.parse(text, mode="eval").body
