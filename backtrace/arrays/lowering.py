"""Lowering: from equations to nodes; what numpy has no call for runs as the operation's own rule."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, partial
from typing import Any, Final

import numpy as np

from backtrace.arrays.biases import Biases
from backtrace.arrays.complement import Rest, apart
from backtrace.arrays.contraction import SAMPLE, Array, Contraction, Thunk
from backtrace.arrays.nodes import (
    Computed,
    Constant,
    Given,
    Moved,
    Node,
    copied,
    elementwise,
    steps,
    summed,
)
from backtrace.expressions import Call, Expr, Name, Num, Type
from backtrace.graph import Equation
from backtrace.ops import TABLE, retyped
from backtrace.ops.base import Op
from backtrace.ops.complements import Complement
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.extremes import Extreme
from backtrace.ops.many import Many
from backtrace.ops.movements import Movement
from backtrace.straight.nodes import FUNCTIONS

BINARY: Final[dict[type[ast.AST], np.ufunc]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
CALLED: Final[dict[str, np.ufunc]] = {
    **{name: getattr(np, name) for name in FUNCTIONS if hasattr(np, name)},
    "abs": np.absolute,
    "atan": np.arctan,
    "max": np.maximum,
    "min": np.minimum,
    "pow": np.power,
}
"""What the rules of elementwise operations call, as numpy has it."""
GREATER: Final = {"Gt": np.maximum, "GtE": np.maximum, "Lt": np.minimum, "LtE": np.minimum}
"""What ``a if a > b else b`` is."""


class Lowering:
    """The nodes of equations, made one equation after another; equal calls of equal operands are one node."""

    def __init__(self, samples: int | None, states: Collection[str]) -> None:
        self.samples = samples or 1
        self.named: dict[str, Node] = {}
        self.biases = Biases(states)
        self._known: dict[Any, Node] = {}

    def equation(self, equation: Equation) -> None:
        """The node of an equation's result, under its name; a derivative may be the same for all elements."""
        self.named[equation.name] = self.spread(self.aligned(equation.expr, equation.type), equation.type)

    def node(self, expr: Expr) -> Node:
        """The node of an expression."""
        if isinstance(expr, Name):
            return self.named[expr.id] if expr.id in self.named else self.given(expr.id, Type(expr.shape, expr.sampled))
        if isinstance(expr, Num):
            return self.constant(float(expr.value))
        assert isinstance(expr, Call)
        # a number may stand for arrays of any shape
        operands = ((self.node(arg), arg.shape, arg.sampled) for arg in expr.args)
        key = (expr.op, expr.options, expr.shape, expr.sampled, *operands)
        if key not in self._known:
            self._known[key] = self.called(expr)
        return self._known[key]

    def called(self, expr: Call) -> Node:
        """The node of a call that is none yet."""
        op = TABLE[expr.op]
        combined = op.for_arrays(expr)
        if combined is not None:
            return self.node(retyped(combined))
        if isinstance(op, Elementwise):
            made = self.rest(op, expr) if isinstance(op, Complement) else self.elements(op, expr)
            return self.spread(made, Type(expr.shape, expr.sampled))
        if isinstance(op, Movement):
            moved = self.moved(op, expr)
            if moved is not None:
                return moved
        if isinstance(op, Extreme):
            return self.reduced(op.row.ufunc, op.axes(expr), bool(expr.option("keepdims")), expr)
        found = op.contraction(expr)
        return self.ruled(op, expr) if found is None else self.contracted(op, expr, *found)

    def given(self, name: str, type: Type) -> Node:
        """The array that stands under a name before the update."""
        key = ("given", name)
        if key not in self._known:
            self._known[key] = Given(self.full(type), name=name, sampled=type.sampled)
        return self._known[key]

    def constant(self, value: float, shape: tuple[int, ...] = ()) -> Node:
        """A number, or an array of equal ones."""
        key = ("constant", repr(float(value)), shape)  # 0 and -0 are two
        if key not in self._known:
            self._known[key] = Constant(shape, value=float(value))
        return self._known[key]

    def whole(self, expr: Expr) -> Node:
        """The node of an operand whose shape matters: a number stands for an array of equal ones elsewhere."""
        node, shape = self.node(expr), self.full(Type(expr.shape, expr.sampled))
        return self.constant(node.value, shape) if isinstance(node, Constant) else node

    def spread(self, node: Node, type: Type) -> Node:
        """A node in the full shape of its type; but a number stays one, which may stand for any array."""
        shape = self.full(type)
        return node if isinstance(node, Constant) or node.shape == shape else Computed(shape, (node,), copied)

    def full(self, type: Type) -> tuple[int, ...]:
        """The shape in memory: the samples last."""
        return (*type.shape, self.samples) if type.sampled else type.shape

    # ── element by element ──

    def elements(self, op: Elementwise, expr: Call) -> Node:
        """The nodes of a rule's text, as many as it has calls."""
        operands = [self.aligned(arg, expr) for arg in expr.args]
        if isinstance(op, Many):
            found = operands[0]
            for operand in operands[1:]:
                found = self.text(_parsed(op.scalar), {"a": found, "b": operand})
            return found
        numbers = {**op.options, **dict(expr.options)}
        scope = {name: self.constant(float(value)) for name, value in numbers.items()}
        scope |= dict(zip(op.letters, operands, strict=True))
        try:
            return self.text(_parsed(op.on_arrays or op.scalar), scope)
        except KeyError:  # numpy has no such function
            return self.ruled(op, expr)

    def rest(self, op: Complement, expr: Call) -> Node:
        """1 less an operand, of which few elements are near 1."""
        y, exact = expr.args
        rule, leaves = apart(exact)
        operands = [self.aligned(arg, expr) for arg in (y, *leaves)]
        if isinstance(operands[0], Constant):
            return self.elements(op, expr)
        key = (rule, *operands)
        if key not in self._known:
            shape = np.broadcast_shapes(*(operand.shape for operand in operands))
            self._known[key] = Computed(shape, tuple(operands), rest=Rest(rule))
        return self._known[key]

    def aligned(self, arg: Expr, result: Expr | Type) -> Node:
        """An operand with a last axis for the samples where the result has one, and its own axes before that."""
        node = self.node(arg)
        if isinstance(node, Constant) or arg.sampled == result.sampled or not arg.shape:
            return node
        return self.view(node, arg, np.arange(node.size).reshape((*arg.shape, 1))) or node

    def text(self, node: ast.expr, scope: dict[str, Node]) -> Node:
        """The node of a rule's expression. Raises KeyError for a function that numpy does not have."""
        match node:
            case ast.Name(id=name):
                return scope[name]
            case ast.Constant(value=int() | float() as value):
                return self.constant(value)
            case ast.UnaryOp(operand=operand):
                return self.apply(np.negative, self.text(operand, scope))
            case ast.BinOp(left=left, op=sign, right=right):
                return self.apply(BINARY[type(sign)], self.text(left, scope), self.text(right, scope))
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                return self.apply(BINARY[type(sign)], self.text(left, scope), self.text(right, scope), logical=True)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.apply(CALLED[name], *(self.text(arg, scope) for arg in args))
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.chosen(test, self.text(test, scope), self.text(body, scope), self.text(other, scope))
        raise KeyError(ast.dump(node))

    def apply(self, ufunc: np.ufunc, *operands: Node, logical: bool = False) -> Node:
        """One call; of numbers alone the number."""
        if ufunc is np.power and operands[1] is self.constant(2.0):
            ufunc, operands = np.multiply, (operands[0], operands[0])
        if all(isinstance(operand, Constant) for operand in operands):
            with np.errstate(all="ignore"):
                return self.constant(float(ufunc(*(operand.value for operand in operands))))  # type: ignore[attr-defined]
        key = (ufunc, *operands)
        if key not in self._known:
            self._known[key] = self.with_bias(ufunc, operands) or elementwise(ufunc, operands, logical)
        return self._known[key]

    def with_bias(self, ufunc: np.ufunc, operands: Sequence[Node]) -> Node | None:
        """A product with a bias, if a call is one."""
        if ufunc is not np.add:
            return None
        return self.biases.added(*operands) or self.biases.added(*reversed(operands))

    def chosen(self, rule: ast.expr, test: Node, body: Node, other: Node) -> Node:
        """One of two where a condition holds, else the other; both are computed."""
        if isinstance(test, Constant):
            return body if test.value else other
        if body is other:
            return body
        if isinstance(rule, ast.Compare) and isinstance(test, Computed) and test.operands == (body, other):
            return self.apply(GREATER[type(rule.ops[0]).__name__], body, other)
        if not (isinstance(test, Computed) and test.logical):
            test = self.apply(np.not_equal, test, self.constant(0.0), logical=True)
        if [getattr(node, "value", None) for node in (body, other)] == [1.0, 0.0]:
            return self._known.setdefault(("cast", test), Computed(test.shape, (test,), copied))
        key = ("chosen", test, body, other)
        if key not in self._known:
            shape = np.broadcast_shapes(test.shape, body.shape, other.shape)
            self._known[key] = Computed(shape, (test, body, other), _choose)
        return self._known[key]

    # ── whole arrays ──

    def moved(self, op: Movement, expr: Call) -> Node | None:
        """The same elements seen through steps, where steps of constant length lead to all of them."""
        if len(expr.args) != 1 or expr.args[0].sampled != expr.sampled:
            return None
        node = self.node(expr.args[0])
        if isinstance(node, Constant):
            return node
        return self.view(node, expr.args[0], op.places(expr).source)

    def view(self, node: Node, of: Expr, places: Array) -> Node | None:
        """Elements of an array by their flat places; None where no steps lead to them."""
        base, sampled = node, of.sampled
        if isinstance(node, Moved):
            base, places = node.base, np.where(places < 0, -1, node.places.ravel()[places])
        if steps(places) is None:
            return None
        shape = (*places.shape, self.samples) if sampled else places.shape
        return Moved(shape, (base,), places, sampled)

    def contracted(self, op: Op, expr: Call, letters: tuple[str, ...], result: str) -> Node:
        """A sum of products; a sum over what is a product already is one with it."""
        args: Sequence[Expr] = expr.args
        only = args[0]
        if letters == (result,) and isinstance(only, Call):  # over samples
            inner = TABLE[only.op].contraction(only)
            if inner is not None and len(only.args) == 2:
                renamed = str.maketrans(dict(zip(inner[1], letters[0], strict=True)))
                args, letters = only.args, tuple(each.translate(renamed) for each in inner[0])
        sampled = tuple(text + SAMPLE if arg.sampled else text for text, arg in zip(letters, args, strict=True))
        contraction = Contraction(sampled, result + SAMPLE if expr.sampled else result)
        operands = tuple(map(self.whole, args))
        shape = self.full(Type(expr.shape, expr.sampled))
        return self.biases.gradient(contraction, operands) or summed(contraction, shape, operands)

    def reduced(self, ufunc: np.ufunc, axes: tuple[int, ...], keepdims: bool, expr: Call) -> Node:
        """A function of two numbers run along axes."""

        def prepare(out: Array, array: Array) -> Iterable[Thunk]:
            yield partial(ufunc.reduce, axis=axes, keepdims=keepdims, out=out), (array,)

        return Computed(self.full(Type(expr.shape, expr.sampled)), (self.whole(expr.args[0]),), prepare)

    def ruled(self, op: Op, expr: Call) -> Node:
        """An operation's own rule, which has the samples first and makes a new array."""

        def prepare(out: Array, *arrays: Array) -> Iterable[Thunk]:
            moved = [_samples_first(a, arg.sampled) for a, arg in zip(arrays, expr.args, strict=True)]
            yield _fill, (_samples_first(out, expr.sampled), partial(op.compute, expr), moved)

        return Computed(self.full(Type(expr.shape, expr.sampled)), tuple(map(self.whole, expr.args)), prepare)


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _choose(out: Array, test: Array, body: Array, other: Array) -> Iterable[Thunk]:
    yield np.copyto, (out, other)
    yield partial(np.copyto, where=test), (out, body)


def _samples_first(array: Array, sampled: bool) -> Array:
    return np.moveaxis(array, -1, 0) if sampled else array


def _fill(out: Array, rule: Callable[..., Array], operands: Iterable[Array]) -> None:
    out[...] = rule(*operands)
