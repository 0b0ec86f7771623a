"""From a config to a graph: names and shapes looked up, unnamed nodes split off, gradients and updates derived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from backtrace.backward import DerivativeError, gradients
from backtrace.config import Config, Statement, expression_fault
from backtrace.errors import ConfigError, Fault, Place, did_you_mean
from backtrace.expressions import Expr, ExpressionError, Name, Type, names, substitute
from backtrace.graph import Equation, GivenArray, Graph
from backtrace.inner import gates, inner_nodes
from backtrace.layers import expanded
from backtrace.ops import Scope, call, macros, retyped, typed
from backtrace.ops.base import shape_text
from backtrace.ops.losses import LOSSES
from backtrace.optimizers import OPTIMIZERS, updates
from backtrace.stable import stabilised


def build(config: Config) -> Graph:
    """The graph of a config.

    Raises:
        ConfigError: sizes of layers, unknown names and functions, shapes that do not fit, cycles; all of them.
    """
    return _Builder(expanded(config)).graph()


@dataclass
class _Builder:
    config: Config
    faults: list[Fault] = field(default_factory=list)

    def graph(self) -> Graph:
        config = self.config
        givens = self.givens()
        forward = self.forward(givens)
        objective, forward = self.objective(forward, givens)
        trained = self.trained(givens)
        if self.faults:
            raise ConfigError(self.faults)
        wrt = self.differentiated(givens, trained)
        samples = config.samples or 1
        run = stabilised(forward)
        try:
            back = gradients(run, objective, wrt, samples) if objective else ()
        except DerivativeError as error:
            raise ConfigError(self.too_long(error)) from None
        reached = {equation.wrt for equation in back}
        trained = tuple(name for name in trained if name in reached)
        rule = updates(config, objective or "", {name: givens[name].type for name in trained})
        return Graph(
            config.title or Path(config.file).stem,
            givens,
            forward,
            run,
            objective,
            bool(config.objective and config.objective.ascent),
            config.samples,
            tuple(name for name in wrt if name in reached),
            trained,
            back,
            rule.equations,
            rule.states,
            config.learning_rate,
            config.epochs,
            config.labels,
            notes=self.notes(),
            gates=config.gates,
            optimizer=OPTIMIZERS[config.optimizer.kind].title if config.optimizer.kind else "",
        )

    # ── givens and equations ──

    def givens(self) -> dict[str, GivenArray]:
        found = {}
        for given in self.config.givens:
            if given.name in found:
                self.refuse(given.place, f'"{given.name}" is given twice', "one name, one quantity")
            shape = given.values.shape[1:] if given.sampled else given.values.shape
            found[given.name] = GivenArray(given.name, given.role, given.values, Type(shape, given.sampled))
        return found

    def scope(self, names: Mapping[str, Expr]) -> Scope:
        """What names, functions and given numbers mean in the config's expressions."""
        constants = {given.name: given.values for given in self.config.givens if given.role != "parameter"}
        return Scope(names, macros(self.config.functions), self.config.samples or 1, constants)

    def refuse(self, place: Place | None, message: str, hint: str = "", width: int = 1) -> None:
        self.faults.append(Fault(message, place, hint, width))

    def forward(self, givens: Mapping[str, GivenArray]) -> tuple[Equation, ...]:
        scope: dict[str, Expr] = {name: Name(name, given.type) for name, given in givens.items()}
        made: dict[str, Equation] = {}
        stated = [*self.config.equations, *self.config.report]
        broken: set[str] = set()
        for statement in self.ordered(stated, scope):
            if statement.name in scope:
                place = statement.node.place if statement.node else None
                self.refuse(place, f'"{statement.name}" is stated twice', "one name, one quantity")
                continue
            if not broken.isdisjoint(names(statement.expr)):
                broken.add(statement.name)
                continue
            try:
                expr = typed(statement.expr, self.scope(scope))
            except ExpressionError as error:
                self.faults.append(statement.fault(error))
                broken.add(statement.name)
                continue
            split = gates if self.config.gates else inner_nodes
            for equation in split(statement.name, expr, statement.group):
                made.setdefault(equation.name, equation)
            scope[statement.name] = Name(statement.name, Type(expr.shape, expr.sampled))
        return tuple(made.values())

    def ordered(self, stated: Sequence[Statement], givens: Mapping[str, Any]) -> list[Statement]:
        """The statements so that each stands after what it reads; as written where that is so already."""
        waiting = {statement.name: statement for statement in stated}
        if len(waiting) < len(stated):
            return list(stated)
        placed: dict[str, Statement] = {}
        for first in stated:
            stack = [first.name]
            while stack:
                name = stack[-1]
                needed = [n for n in names(waiting[name].expr) if n in waiting and n not in placed and n not in givens]
                if name in placed or not needed:
                    placed.setdefault(name, waiting[name])
                    stack.pop()
                elif needed[0] in stack:
                    self.cycle([*stack[stack.index(needed[0]) :], needed[0]], waiting)
                    return []
                else:
                    stack.append(needed[0])
        return list(placed.values())

    def cycle(self, round_: list[str], waiting: Mapping[str, Statement]) -> None:
        node = waiting[round_[0]].node
        chain = " reads ".join(round_)
        self.refuse(node.place if node else None, f"the equations go round in a circle: {chain}")

    def too_long(self, error: DerivativeError) -> Fault:
        places = {stated.name: stated.node.place for stated in self.config.equations if stated.node}
        hint = "name a part of it: state it as an equation of its own"
        return Fault(str(error), places.get(error.name), hint)

    # ── objective and training ──

    def objective(
        self, forward: tuple[Equation, ...], givens: Mapping[str, GivenArray]
    ) -> tuple[str | None, tuple[Equation, ...]]:
        """The name of the objective, and the equations with those that it adds."""
        stated = self.config.objective
        if stated is None or self.faults:
            return None, forward
        by_name = {equation.name: equation for equation in forward}
        if isinstance(stated.expr, Name):
            found = by_name.get(stated.expr.id)
            if found is None:
                hint = did_you_mean(stated.expr.id, by_name) or "state it under equations:"
                self.refuse(stated.node.place, f'there is no equation "{stated.expr.id}"', hint, len(stated.expr.id))
                return None, forward
            return self.reduced(found, forward)
        name = "E_tot"
        scope: dict[str, Expr] = {e.name: Name(e.name, e.type) for e in forward}
        scope |= {given.name: Name(given.name, given.type) for given in givens.values()}
        try:
            expr = typed(stated.expr, self.scope(scope))
        except ExpressionError as error:
            self.faults.append(expression_fault(stated.node, error))
            return None, forward
        if name in scope:
            self.refuse(stated.node.place, f'"{name}" is taken, but the objective needs it', f"name it: {name}: ...")
            return None, forward
        equation = Equation(name, expr, Type(expr.shape, expr.sampled))
        return self.reduced(equation, (*forward, equation))

    def reduced(self, found: Equation, forward: tuple[Equation, ...]) -> tuple[str | None, tuple[Equation, ...]]:
        """The objective over all samples; a sample's own objective gets the same name with #."""
        stated = self.config.objective
        assert stated is not None
        if found.type.shape:
            message = f"the objective is an array ({shape_text(found.type.shape)}), not a single number"
            self.refuse(stated.node.place, message, f"minimize: sum({found.name})")
            return None, forward
        if not found.type.sampled:
            return found.name, forward
        if self.config.reduce is None:
            message = f"there are {self.config.samples} samples, but not how they combine"
            self.refuse(stated.node.place, message, "add reduce: sum, or reduce: mean")
            return None, forward
        own = found.name + "#"
        renamed = {found.name: Name(own, found.type)}
        rest = tuple(
            replace(e, name=own) if e is found else replace(e, expr=_renamed(e.expr, renamed)) for e in forward
        )
        whole = call(f"{self.config.reduce}_samples", Name(own, found.type), count=self.config.samples)
        return found.name, (*rest, Equation(found.name, whole, Type(())))

    def trained(self, givens: Mapping[str, GivenArray]) -> tuple[str, ...]:
        """The parameters that updates change: none without a learning rate."""
        parameters = [name for name, given in givens.items() if given.role == "parameter"]
        for key in ("train", "freeze"):
            self.check_names(key, parameters, givens)
        if self.config.learning_rate is None:
            return ()
        chosen = parameters if self.config.train is None else [n for n in parameters if n in self.config.train]
        return tuple(name for name in chosen if name not in self.config.freeze)

    def check_names(self, key: str, parameters: Sequence[str], givens: Mapping[str, GivenArray]) -> None:
        node = self.config.nodes.get(key)
        for item in (node,) if node is not None and node.kind == "text" else node or ():
            if item.text not in parameters:
                what = f'"{item.text}" is no parameter'
                hint = did_you_mean(item.text, parameters) or f"parameters here: {', '.join(parameters)}"
                self.refuse(item.place, what, hint, len(item.text))

    def differentiated(self, givens: Mapping[str, GivenArray], trained: tuple[str, ...]) -> tuple[str, ...]:
        """What the gradient is taken by: what is trained, else the parameters, else all that is given."""
        if self.config.gates:
            return tuple(name for name, given in givens.items() if given.role != "target")
        if trained:
            return trained
        frozen = self.config.freeze
        parameters = tuple(name for name, g in givens.items() if g.role == "parameter" and name not in frozen)
        return parameters or tuple(name for name, given in givens.items() if given.role == "input")

    def notes(self) -> tuple[str, ...]:
        """The conventions that the config settles, for the line at the top of a report."""
        config = self.config
        notes = []
        if config.loss:
            notes.append(LOSSES[config.loss.kind].about_text(dict(config.loss.options)))
        if config.samples:
            how = f", {config.reduce} over them" if config.reduce else ""
            notes.append(f"{config.samples} samples{how}")
        if config.nodes.get("layers"):
            notes.append(
                "W @ x, a row of weights per unit" if config.column_vectors else "x @ W, a row of weights per input"
            )
        return tuple(notes)


def _renamed(expr: Expr, renamed: Mapping[str, Expr]) -> Expr:
    """The typed expression with names replaced by names of the same type."""
    return retyped(substitute(expr, renamed))
