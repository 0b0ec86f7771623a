"""From the update rule of a config to equations: the rate, clipping, weight decay, then the rule, by parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from backtrace.backward import gradient_name
from backtrace.config import ClipSpec, OptimizerSpec, Statement, expression_fault
from backtrace.errors import ConfigError, Fault, did_you_mean
from backtrace.expressions import Call, Expr, ExpressionError, Name, Num, Shape, Type, parse
from backtrace.graph import EPOCH, RATE, UPDATE, Equation
from backtrace.ops import STATE_IT, Macro, Scope, macros, typed
from backtrace.ops.base import shape_text
from backtrace.records import dataclass
from backtrace.rules import DECAYED, OPTIMIZERS, SCALE, Optimizer
from backtrace.simplify import simplified
from backtrace.words import Note
from backtrace.yamlfile import Node

if TYPE_CHECKING:
    from backtrace.config import Config

Array = npt.NDArray[np.float64]
COUNTED: Final[Mapping[str, Expr]] = {"n": Name(UPDATE, Type(())), "k": Name(EPOCH, Type(()))}
RULE_HINT = "p is the parameter, g its gradient, lr the learning rate; state: and options: name others"
COUNTED_HINT = "k is the epoch, n the update, both counted from 1"


@dataclass(frozen=True)
class Updates:
    """The update equations of all trained parameters, the state before the first update, the rule in words."""

    equations: tuple[Equation, ...] = ()
    states: Mapping[str, Array] = field(default_factory=dict)
    title: tuple[Note, ...] = ()


def updates(config: Config, objective: str, trained: Mapping[str, Type]) -> Updates:
    """The update equations for the trained parameters; none without a learning rate.

    Raises:
        ConfigError: options, first values or equations of the config's own that do not fit.
    """
    rule = _Rule(config, objective, trained)
    rule.check()
    if not trained:
        return Updates(title=rule.title)
    equations = [*rule.rate(), *rule.clipping()]
    for name in trained:
        equations += [*rule.decayed(name), *rule.applied(name)]
    rule.check_names(equations)
    states = {f"{key}.{name}": rule.first(key, name) for name in trained for key in rule.state}
    return Updates(tuple(equations), states, rule.title)


@contextmanager
def _pointing(spec: OptimizerSpec, key: str) -> Iterator[None]:
    """What is wrong with an equation of the optimizer becomes a fault at its place."""
    try:
        yield
    except ExpressionError as error:
        fault = expression_fault(spec.nodes.get(("update", key), spec.node), error)
        hint = RULE_HINT if fault.hint == STATE_IT else fault.hint
        raise ConfigError(replace(fault, message=f"in the optimizer: {error.message}", hint=hint)) from None


def _within(node: Node, text: str) -> Node:
    """The key or the item that is this text; where there is none, the whole."""
    parts = [key for key, _ in node.items()] if node.kind == "mapping" else list(node) if node.kind == "list" else []
    return next((part for part in parts if part.text == text), node)


class _Rule:
    """A config's way to update, written as equations parameter by parameter.

    ``gradients`` and ``parameters`` hold what ``g`` and ``p`` stand for as clipping and decay change them.
    """

    def __init__(self, config: Config, objective: str, trained: Mapping[str, Type]) -> None:
        self.config, self.trained = config, trained
        self.spec = config.optimizer
        self.row: Optimizer | None = OPTIMIZERS[self.spec.kind] if self.spec.kind else None
        self.functions: Mapping[str, Macro] = macros(config.functions)
        self.gradients = {name: self.gradient(name, objective) for name in trained}
        self.parameters: dict[str, Expr] = {name: Name(name, type) for name, type in trained.items()}

    def gradient(self, name: str, objective: str) -> Expr:
        """The gradient to descend by: uphill it is the objective's with the other sign."""
        found: Expr = Name(gradient_name(objective, name), self.trained[name])
        ascent = self.config.objective is not None and self.config.objective.ascent
        return Call("neg", (found,), type=found.type) if ascent else found

    @cached_property
    def options(self) -> dict[str, float]:
        """The named numbers: the row's, as far as the config states no others."""
        return {**(self.row.options if self.row else {}), **self.spec.options}

    @cached_property
    def state(self) -> tuple[str, ...]:
        """What is remembered between updates."""
        return tuple(self.row.state if self.row else self.spec.state)

    @cached_property
    def decay(self) -> tuple[float, bool]:
        """How much parameters decay, and whether themselves instead of through the gradient."""
        stated, decoupled = self.config.weight_decay, self.row is not None and self.row.decoupled
        if stated is not None:
            return stated.value, decoupled if stated.decoupled is None else stated.decoupled
        return (self.options.get("weight_decay", 0.0), decoupled) if self.row else (0.0, False)

    @property
    def title(self) -> tuple[Note, ...]:
        """The whole way to update in words."""
        parts = [self.row.title if self.row else Note("optimizer of the config")]
        amount, decoupled = self.decay
        if amount:
            parts.append(Note("weight decay decoupled" if decoupled else "weight decay", {"amount": f"{amount:g}"}))
        clip = self.config.clip
        if clip:
            whose = "each clipped" if clip.each else "all clipped" if clip.norm else "elements clipped"
            parts.append(Note(whose, {"most": f"{clip.most:g}"}))
        return tuple(parts)

    # ── faults ──

    def check(self) -> None:
        """Refuse what the reader of the config could not know to be wrong."""
        parameters = [given.name for given in self.config.givens if given.role == "parameter"]
        decay = self.config.weight_decay
        if decay is not None and "weight_decay" in self.spec.options and self.row:
            raise ConfigError(Fault("weight decay is stated twice", decay.node.place, "keep one of them"))
        for name in (decay.only or ()) if decay else ():
            if name not in parameters:
                hint = did_you_mean(name, parameters) or f"parameters here: {', '.join(parameters)}"
                assert decay is not None
                node = _within(decay.node, name)
                raise ConfigError(Fault(f'"{name}" is no parameter', node.place, hint, max(len(node.text), 1)))
        for key, value in self.spec.state.items():
            for name in value if isinstance(value, Mapping) else ():
                if name not in parameters:
                    hint = did_you_mean(name, parameters) or f"parameters here: {', '.join(parameters)}"
                    message = f'the state {key} is given for "{name}", which is no parameter'
                    raise self.refused(key, message, hint, name)

    def refused(self, key: str, message: str, hint: str, name: str = "") -> ConfigError:
        node = self.spec.nodes.get(("state", key), self.spec.node)
        return ConfigError(Fault(message, _within(node, name).place if node else None, hint))

    def check_names(self, equations: list[Equation]) -> None:
        """Refuse a name of the config's own rule that clipping or decay uses already."""
        seen: set[str] = set()
        for equation in equations:
            if equation.name in seen:
                name = equation.name.partition(".")[0]
                message = f'in the optimizer: "{name}" has a meaning here already'
                place = self.spec.node.place if self.spec.node else None
                raise ConfigError(Fault(message, place, "call it by another name"))
            seen.add(equation.name)

    # ── state ──

    def first(self, key: str, name: str) -> Array:
        """The state before the first update: one number for every element, or an array."""
        shape = self.shape(key, name)
        found = self.spec.state.get(key)
        if isinstance(found, Mapping):
            found = found.get(name)
        if found is None:
            text = self.row.state[key] if self.row else "0"
            found = np.asarray(self.options[text] if text in self.options else float(text))
        if found.shape not in ((), shape):
            message = f"the state {key} is an array of {shape_text(found.shape)}, but {name} is {_shown(shape)}"
            own = isinstance(self.spec.state.get(key), Mapping)
            hint = f"state: {{{key}: {{{name}: ...}}}} gives each parameter its own"
            raise self.refused(
                key, message, "its state has the parameter's shape, or is one number" if own else hint, name
            )
        return np.array(np.broadcast_to(found, shape))

    def shape(self, key: str, name: str) -> Shape:
        """The shape of a state: its parameter's, or one number for all of it."""
        return () if self.row and key in self.row.shared else self.trained[name].shape

    # ── equations ──

    def typed(self, text: str | Expr, scope: Mapping[str, Expr]) -> Expr:
        expr = parse(text) if isinstance(text, str) else text
        return typed(expr, Scope({**COUNTED, **scope}, self.functions))

    def rate(self) -> Iterator[Equation]:
        """The learning rate where it is an expression."""
        stated = self.config.learning_rate
        if not isinstance(stated, Statement):
            return
        try:
            expr = self.typed(stated.expr, {})
            if expr.shape:
                raise ExpressionError(f"a learning rate is a single number, not an array ({shape_text(expr.shape)})")
        except ExpressionError as error:
            raise ConfigError(replace(stated.fault(error), hint=COUNTED_HINT)) from None
        yield Equation(RATE, simplified(expr), Type(()))

    def clipping(self) -> Iterator[Equation]:
        """Gradients that are too great, cut or shortened."""
        clip = self.config.clip
        if clip is None:
            return
        if clip.norm:
            yield from self.norms(clip)
        for name in self.trained:
            scale = Name(f"scale.{name}" if clip.each else "@scale", Type(()))
            text = "g*scale" if clip.norm else "clip(g, -most, most)"
            expr = self.typed(text, {"g": self.gradients[name], "scale": scale, "most": Num(clip.most)})
            yield self.changed(self.gradients, "clipped", name, expr)

    def norms(self, clip: ClipSpec) -> Iterator[Equation]:
        """The norm of all gradients together or of each, and by what they are multiplied."""
        groups = [[name] for name in self.trained] if clip.each else [list(self.trained)]
        for members in groups:
            norm, scale = (f"{what}.{members[0]}" if clip.each else f"@{what}" for what in ("norm", "scale"))
            terms = [f"sum(g{k}**2)" if self.trained[name].shape else f"g{k}**2" for k, name in enumerate(members)]
            scope = {f"g{k}": self.gradients[name] for k, name in enumerate(members)}
            yield Equation(norm, simplified(self.typed(f"sqrt({' + '.join(terms)})", scope)), Type(()))
            factors = {"norm": Name(norm, Type(())), "most": Num(clip.most)}
            yield Equation(scale, self.typed(SCALE, factors), Type(()))

    def decayed(self, name: str) -> Iterator[Equation]:
        """What weight decay makes of the gradient, or of the parameter."""
        amount, decoupled = self.decay
        stated = self.config.weight_decay
        if not amount or (stated is not None and stated.only is not None and name not in stated.only):
            return
        text = DECAYED[decoupled]
        expr = self.typed(text, self.scope(name) | {"weight_decay": Num(amount)})
        changed, called = (self.parameters, "decayed") if decoupled else (self.gradients, "g")
        yield self.changed(changed, called, name, expr)

    def changed(self, into: dict[str, Expr], called: str, name: str, expr: Expr) -> Equation:
        """The equation of what stands for the gradient or the parameter from here on."""
        equation = Equation(f"{called}.{name}", simplified(expr), self.trained[name])
        into[name] = Name(equation.name, equation.type)
        return equation

    def scope(self, name: str) -> dict[str, Expr]:
        """What the letters of a rule mean for a parameter."""
        state = {key: Name(f"{key}.{name}", Type(self.shape(key, name))) for key in self.state}
        numbers = {key: Num(value) for key, value in self.options.items()}
        letters = {"p": self.parameters[name], "g": self.gradients[name], "lr": Name(RATE, Type(()))}
        return {**numbers, **letters, **state}

    def applied(self, name: str) -> Iterator[Equation]:
        """The rule's equations for a parameter; each sees the new values of those before it."""
        scope = self.scope(name)
        for key, stated in (self.row.update if self.row else self.spec.update).items():
            with _pointing(self.spec, key):
                expr = self.typed(stated, scope)
                equation = self.equation(key, name, expr)
            yield equation
            scope[key] = Name(equation.name, equation.type)

    def equation(self, key: str, name: str, expr: Expr) -> Equation:
        """The new value of the parameter or of a state, or what is computed anew in every update."""
        if key != "p" and key not in self.state:
            return Equation(f"{key}.{name}", simplified(expr), Type(expr.shape))
        old, shape = (name, self.trained[name].shape) if key == "p" else (f"{key}.{name}", self.shape(key, name))
        if not _fits(expr.shape, shape):
            raise ExpressionError(f"{key} is {_shown(expr.shape)}, but {name} is {_shown(shape)}")
        return Equation(f"{old}+", simplified(expr), Type(shape), state=old)


def _shown(shape: Shape) -> str:
    return f"an array of {shape_text(shape)}" if shape else "a single number"


def _fits(shape: Shape, into: Shape) -> bool:
    """Whether an array of one shape can fill one of another."""
    tail = into[len(into) - len(shape) :]
    return len(shape) <= len(into) and all(size in (1, full) for size, full in zip(shape, tail, strict=True))
