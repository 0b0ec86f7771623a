"""The update rules: equations over ``p`` (parameter), ``g`` (gradient), ``lr`` (learning rate) and state.

An entry states what it remembers between updates and how the new values follow, in the order in which they are
computed; each equation sees the new values of those before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from backtrace.backward import gradient_name
from backtrace.config import OptimizerSpec, expression_fault
from backtrace.errors import ConfigError
from backtrace.expressions import Call, Expr, ExpressionError, Name, Num, Type, parse
from backtrace.graph import RATE, Equation
from backtrace.ops import Macro, Scope, macros, typed
from backtrace.simplify import simplified

if TYPE_CHECKING:
    from backtrace.config import Config

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Optimizer:
    """An update rule as data: state with its first values, and equations.

    >>> OPTIMIZERS["sgd"].update
    {'p': 'p - lr*g'}
    """

    name: str
    title: str
    about: str
    update: Mapping[str, str]
    state: Mapping[str, str] = field(default_factory=dict)


_ROWS = (
    Optimizer(
        "sgd",
        "plain gradient descent",
        "gradient descent without memory: Robbins and Monro 1951, with a constant step",
        update={"p": "p - lr*g"},
    ),
)
OPTIMIZERS = {row.name: row for row in _ROWS}


@dataclass(frozen=True)
class Updates:
    """The update equations of all trained parameters, and the state before the first update."""

    equations: tuple[Equation, ...] = ()
    states: Mapping[str, Array] = field(default_factory=dict)


def updates(config: Config, objective: str, trained: Mapping[str, Type]) -> Updates:
    """The update equations for the trained parameters; none without a learning rate.

    Raises:
        ConfigError: equations of the config's own that do not fit.
    """
    spec = config.optimizer
    if spec.kind is not None:
        row = OPTIMIZERS[spec.kind]
        state = {name: parse(text) for name, text in row.state.items()}
        rules = {name: parse(text) for name, text in row.update.items()}
    else:
        state, rules = dict(spec.state), dict(spec.update)
    ascent = bool(config.objective and config.objective.ascent)
    functions = macros(config.functions)
    equations: list[Equation] = []
    states: dict[str, Array] = {}
    for name, type in trained.items():
        for key, expr in state.items():
            with _pointing(spec, "state", key):
                states[f"{key}.{name}"] = _first(expr, type)
        rule = _Rule(name, type, objective, ascent, functions, spec)
        equations += rule.equations(rules, state)
    return Updates(tuple(equations), states)


@contextmanager
def _pointing(spec: OptimizerSpec, part: str, key: str) -> Iterator[None]:
    """What is wrong with an equation of the optimizer becomes a fault at its place."""
    try:
        yield
    except ExpressionError as error:
        fault = expression_fault(spec.nodes.get((part, key), spec.node), error)
        raise ConfigError(replace(fault, message=f"in the optimizer: {error.message}")) from None


def _first(expr: Expr, type: Type) -> Array:
    """The state before the first update: a number, the same for every element."""
    if not isinstance(expr, Num):
        raise ExpressionError("a state begins with a number", hint="state: {v: 0}")
    return np.full(type.shape, float(expr.value))


@dataclass(frozen=True)
class _Rule:
    """An optimiser's equations written for one parameter."""

    name: str
    type: Type
    objective: str
    ascent: bool
    functions: Mapping[str, Macro]
    spec: OptimizerSpec

    def equations(self, rules: Mapping[str, Expr], state: Mapping[str, Expr]) -> list[Equation]:
        gradient: Expr = Name(gradient_name(self.objective, self.name), self.type)
        if self.ascent:
            gradient = Call("neg", (gradient,), type=self.type)
        scope: dict[str, Expr] = {"p": Name(self.name, self.type), "g": gradient, "lr": Name(RATE, Type(()))}
        scope |= {key: Name(f"{key}.{self.name}", self.type) for key in state}
        made = []
        for key, expr in rules.items():
            old = self.name if key == "p" else f"{key}.{self.name}"
            with _pointing(self.spec, "update", key):
                result = simplified(typed(expr, Scope(scope, self.functions)))
            made.append(Equation(f"{old}+", result, self.type, state=old if key == "p" or key in state else None))
            scope[key] = Name(f"{old}+", self.type)
        return made
