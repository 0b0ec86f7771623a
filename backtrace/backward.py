"""Backward: from the forward equations to the gradient equations, in the same language.

Reverse accumulation over arrays: every equation sends its result's gradient to what it reads, by the
vector-Jacobian product in the op's row; what arrives at a name is added up.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence

from backtrace.exact import exact
from backtrace.expressions import MAX_NODES, Call, Expr, Name, Num, Type, has_more_nodes, names, substitute, walk
from backtrace.graph import Equation, depends
from backtrace.ops import TABLE, call, retyped
from backtrace.ops.elementwise import Elementwise
from backtrace.simplify import simplified


class DerivativeError(Exception):
    """The derivative of an equation, whose name it carries, grows too long."""

    def __init__(self, name: str) -> None:
        super().__init__(f'the derivative of "{name}" has more than {MAX_NODES:,} parts')
        self.name = name


def gradient_name(objective: str, name: str) -> str:
    """The name of the gradient of the objective by a named array.

    >>> gradient_name("E_tot", "W"), gradient_name("f", "w0*x0")
    ('dE_tot/dW', 'df/d(w0*x0)')
    """
    return f"d{_grouped(objective)}/d{_grouped(name)}"


def _grouped(name: str) -> str:
    return name if name.replace("#", "").isidentifier() else f"({name})"


def gradients(
    forward: Sequence[Equation],
    objective: str,
    wrt: Iterable[str],
    samples: int,
    seed: Expr | None = None,
    new_weights: Collection[str] = (),
) -> tuple[Equation, ...]:
    """The gradient equations of an objective, the objective's own first.

    Args:
        forward: the forward equations in order.
        objective: the name that is differentiated; its own gradient is ``seed``, or 1.
        wrt: the names whose gradients are wanted; those of every name on the way come too.
        samples: how many samples the sample axis has.
        seed: the objective's own gradient.
        new_weights: the parameters that are updated before anything flows back through them: what flows back
            reads their new values, a parameter's own gradient still is that of its old value.

    Raises:
        DerivativeError: an equation nests so much that its derivative, which repeats parts of it, grows
            without bounds.

    >>> from backtrace.expressions import parse
    >>> x = Name("x", Type(()))
    >>> y = Equation("y", retyped(Call("mul", (x, x))), Type(()))
    >>> [equation.text() for equation in gradients([y], "y", ["x"], 1)]
    ['dy/dy = 1', 'dy/dx = x + x']
    """
    return _Accumulation(forward, objective, wrt, samples, new_weights).equations(seed or Num(1))


def _with_new_values(expr: Expr, trained: Collection[str]) -> Expr:
    """The expression with the names of trained parameters replaced by those of their new values."""
    read = [node for node in walk(expr) if isinstance(node, Name) and node.id in trained]
    found = {node.id: Name(f"{node.id}+", node.type) for node in read}
    return retyped(substitute(expr, found)) if found else expr


class _TooLongError(Exception):
    pass


class _Accumulation:
    """What has arrived at every name so far, while the equations are walked from the last to the first."""

    def __init__(
        self, forward: Sequence[Equation], objective: str, wrt: Iterable[str], samples: int, new: Collection[str]
    ) -> None:
        self.forward = forward
        self.objective = objective
        self.samples = samples
        self.new = new
        self.active = depends(forward, wrt)
        self.arrived: dict[str, list[Expr]] = {}
        self.types: dict[str, Type] = {}
        self.results = {equation.name: equation.expr for equation in forward}

    def equations(self, seed: Expr) -> tuple[Equation, ...]:
        self.arrived[self.objective] = [seed]
        made: list[Equation] = []
        for equation in reversed(self.forward):
            if equation.name in self.arrived and equation.name in self.active:
                made.append(self.finished(equation.name, equation.type))
                try:
                    self.flow(equation.expr, self.usable(made[-1]), Name(equation.name, equation.type))
                except _TooLongError:
                    raise DerivativeError(equation.name) from None
        computed = {equation.name for equation in self.forward}
        givens = [name for name in self.arrived if name not in computed]
        made.extend(self.finished(name, self.types[name]) for name in givens)
        return tuple(made)

    def finished(self, name: str, type: Type) -> Equation:
        """The equation of a gradient: the sum of what arrived."""
        terms = self.arrived[name]
        expr = exact(simplified(terms[0] if len(terms) == 1 else call("add", *terms)), self.meaning)
        if self.new and name not in self.new:
            expr = _with_new_values(expr, self.new)
        return Equation(gradient_name(self.objective, name), _without_expand(expr), type, wrt=name)

    def meaning(self, expr: Expr) -> Expr | None:
        """What a name stands for; anything else for itself."""
        return self.results.get(expr.id) if isinstance(expr, Name) else expr

    def usable(self, equation: Equation) -> Expr:
        """The gradient as the equations before read it: constants and aliases are passed on.

        An alias of a weight is not, where the new weight flows back and the old one makes its own gradient.
        """
        alias = isinstance(equation.expr, Name) and equation.expr.type == equation.type and not self.new
        if alias or not names(equation.expr):
            return equation.expr
        return Name(equation.name, equation.type)

    def flow(self, expr: Expr, g: Expr, y: Expr) -> None:
        """Send the gradient ``g`` of an expression to every active name in it."""
        if isinstance(expr, Name):
            self.types[expr.id] = Type(expr.shape, expr.sampled)
            self.arrived.setdefault(expr.id, []).append(g)
        elif isinstance(expr, Call):
            for operand, arg in enumerate(expr.args):
                if not self.active.isdisjoint(names(arg)):
                    sent = self.sent(expr, operand, g, y)
                    if has_more_nodes(sent, MAX_NODES):
                        raise _TooLongError
                    if sent != Num(0):
                        self.flow(arg, sent, arg)

    def sent(self, expr: Call, operand: int, g: Expr, y: Expr) -> Expr:
        """What a call sends to one operand, in the operand's own shape."""
        op = TABLE[expr.op]
        elementwise = isinstance(op, Elementwise)
        raw = op.vjp(expr, operand, g if elementwise else _fitted(g, expr.shape), y)
        result = Num(0) if raw is None else simplified(retyped(raw))
        if result == Num(0):
            return result
        arg = expr.args[operand]
        if elementwise and arg.shape != expr.shape:
            result = _summed_to(_fitted(result, expr.shape), arg.shape)
        if expr.sampled and not arg.sampled:
            result = call("sum_samples", result, count=self.samples)
        return result


def _fitted(expr: Expr, shape: tuple[int, ...]) -> Expr:
    """The expression repeated to a shape where its own is smaller."""
    if expr.shape == shape:
        return expr
    missing = len(shape) - len(expr.shape)
    kept = tuple(n for n, wanted in zip(expr.shape, shape[missing:], strict=True) if n == wanted)
    axes = tuple(range(missing)) + tuple(missing + at for at, n in enumerate(expr.shape) if n != shape[missing + at])
    core = expr if kept == expr.shape else call("reshape", expr, shape=kept)
    return call("expand", core, axis=axes, shape=shape)


def _summed_to(expr: Expr, shape: tuple[int, ...]) -> Expr:
    """The expression summed over the axes along which an operand of this shape was repeated."""
    missing = len(expr.shape) - len(shape)
    axes = [at for at, n in enumerate(expr.shape) if at < missing or (shape[at - missing] == 1 and n != 1)]
    result = call("sum", expr, axis=tuple(axes)) if len(axes) < len(expr.shape) else call("sum", expr)
    return result if result.shape == shape or math.prod(shape) == 0 else call("reshape", result, shape=shape)


def _without_expand(expr: Expr) -> Expr:
    """A single number expanded is the number: storing it under a name repeats it anyway."""
    if isinstance(expr, Call) and expr.op == "expand" and expr.args[0].shape == ():
        return expr.args[0]
    return expr
