"""Given gradients in place of a loss: an objective without a value, whose derivatives are what is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Final

import numpy as np

from backtrace.config import Config, Upstream, expression_fault
from backtrace.errors import Fault, did_you_mean
from backtrace.expressions import Expr, ExpressionError, Name, Type
from backtrace.graph import Equation, GivenArray
from backtrace.ops import Scope, call, typed
from backtrace.ops.base import ShapeError, shape_text
from backtrace.records import dataclass

NAMES: Final = ("E_tot", "E_total", "objective")
"""What the objective may be called: the first that is free."""


@dataclass
class Seeds:
    """Turns given gradients into an objective; what it finds wrong is noted.

    ``given`` are the arrays of figures, ``in_turn`` the number of updates for which there is a gradient each.
    """

    config: Config
    scope: Scope
    faults: list[Fault] = field(default_factory=list)
    given: list[GivenArray] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)

    def objective(self) -> Equation | None:
        """The hidden equation of the objective, or None where something is wrong."""
        seeds = (*self.config.upstream, *self.config.gradients)
        pairs = [pair for seed in seeds if (pair := self.pair(seed)) is not None]
        if self.faults:
            return None
        self.same_turns(seeds)
        name = next(name for name in NAMES if name not in self.scope.names)
        try:
            expr = call("upstream", *(part for pair in pairs for part in pair))
        except ShapeError as error:
            self.refuse(seeds[0], str(error))
            return None
        return Equation(name, expr, Type((), expr.sampled), hidden=True)

    def refuse(self, seed: Upstream, message: str, hint: str = "") -> None:
        self.faults.append(Fault(message, seed.node.place, hint, max(len(seed.node.text), 1)))

    def pair(self, seed: Upstream) -> tuple[Expr, Expr] | None:
        """What the objective is differentiated by, and the derivative."""
        by = self.scope.names.get(seed.name)
        if not isinstance(by, Name):
            hint = did_you_mean(seed.name, self.scope.names) or "state it under equations: or parameters:"
            at = replace(seed, node=seed.key) if seed.key else seed
            self.refuse(at, f'"{seed.name}" is not known here', hint)
            return None
        value = self.figures(seed, by) if isinstance(seed.value, np.ndarray) else self.expression(seed, by)
        return None if value is None else (by, value)

    def expression(self, seed: Upstream, by: Name) -> Expr | None:
        assert isinstance(seed.value, Expr)
        try:
            value = typed(seed.value, self.scope)
        except ExpressionError as error:
            self.faults.append(expression_fault(seed.node, error))
            return None
        if value.shape not in ((), by.shape):
            expected = f"{seed.name} is {shape_text(by.shape)}"
            self.refuse(seed, f"the upstream gradient is {shape_text(value.shape)}, but {expected}")
            return None
        if value.sampled and not by.sampled:
            self.refuse(seed, f"every sample has an upstream gradient of its own, but there is one {seed.name}")
            return None
        return value

    def figures(self, seed: Upstream, by: Name) -> Expr | None:
        """A given array: one for all, for each sample, or for each update."""
        assert isinstance(seed.value, np.ndarray)
        values, count = seed.value, len(seed.value) if seed.value.ndim else 0
        sampled = by.sampled and values.shape == (self.scope.samples, *by.shape)
        in_turn = (
            any(seed is other for other in self.config.gradients)
            and values.shape[1:] == by.shape
            and values.ndim == len(by.shape) + 1
        )
        if values.shape != by.shape and not sampled and not in_turn:
            hint = "as many figures as it has elements" + (", or a list of these, one an update" * (not by.sampled))
            self.refuse(seed, f"{seed.name} is {shape_text(by.shape)}, not {shape_text(values.shape)}", hint)
            return None
        name = f"g_{seed.name}"
        if name in self.scope.names:
            self.refuse(seed, f'"{name}" is taken, but the given gradient needs it', "give it another name")
        if in_turn:
            self.turns[name] = count
        type = Type(by.shape, sampled)
        self.given.append(GivenArray(name, "gradient", values, type))
        return Name(name, type)

    def same_turns(self, seeds: Sequence[Upstream]) -> None:
        counts: Mapping[str, int] = self.turns
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{count} of {name.removeprefix('g_')}" for name, count in counts.items())
            self.refuse(seeds[0], f"gradients of different numbers of updates: {found}", "one for each update")
