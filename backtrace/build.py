"""From a config to a graph: names and shapes looked up, unnamed nodes split off, gradients and updates derived."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from os.path import basename, splitext
from typing import Any, Final

from backtrace.backward import DerivativeError, gradients
from backtrace.config import Config, Statement, expression_fault, of_samples
from backtrace.config.initial import drawn
from backtrace.config.training import CONDITION
from backtrace.errors import ConfigError, Fault, Place, did_you_mean
from backtrace.expressions import Call, Expr, ExpressionError, Name, Num, Type, names, substitute
from backtrace.graph import STOP, Array, CycleError, Equation, GivenArray, Graph
from backtrace.inner import gates, inner_nodes
from backtrace.layers import expanded
from backtrace.ops import Macro, Scope, call, macros, retyped, typed, unknown
from backtrace.ops.base import MAX_ELEMENTS, shape_text
from backtrace.ops.losses import LOSSES
from backtrace.optimizers import updates
from backtrace.ownfunctions import called, function_faults
from backtrace.records import dataclass
from backtrace.recurrence import unrolled
from backtrace.schedule import Schedule
from backtrace.seeds import Seeds
from backtrace.stable import stabilised
from backtrace.words import Note

UNTIL: Final = 10_000
"""So many epochs at most until a condition holds, where the config says nothing."""

NAMING: Final = "name the objective: minimize: {J: ...}"


def build(config: Config) -> Graph:
    """The graph of a config.

    Raises:
        ConfigError: sizes of layers, unknown names and functions, shapes that do not fit, cycles; all of them.
    """
    whole = drawn(expanded(unrolled(config)))
    count, size = whole.samples or 1, whole.batch_size
    if size is None or size == count:
        return _Builder(whole).graph()
    schedule = Schedule(count, size, whole.order, whole.shuffle)
    data = {given.name: given.values for given in whole.givens if given.sampled}
    graph = _Builder(of_samples(whole, range(size)), data).graph()
    rest = _Builder(of_samples(whole, range(schedule.rest)), data).graph() if schedule.rest else None
    how = Note("samples in batches", {"n": count, "size": size}) if size > 1 else Note("samples singly", {"n": count})
    notes = (how, *(note for note in graph.notes if note.id not in ("samples", "samples reduced")))
    rest = rest and replace(rest, schedule=schedule)
    return replace(graph, schedule=schedule, rest=rest, data=data, notes=notes).with_values(data, None)


@dataclass
class _Builder:
    config: Config
    varying: Mapping[str, Array] = field(default_factory=dict)
    """What differs from batch to batch, although a batch may have one sample only: the values of all samples."""
    faults: list[Fault] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)
    """Of the gradients that are given for each update, for how many."""
    broken: set[str] = field(default_factory=set)
    """The names that something is wrong with: of what reads them nothing is said."""
    unsound: set[str] = field(default_factory=set)
    """The functions of the config's own that something is wrong with: as with names."""

    def graph(self) -> Graph:
        config = self.config
        if config.functions:
            found, self.unsound = function_faults(config)
            self.faults += found
        givens = self.givens()
        forward = self.forward(givens)
        objective, forward = self.objective(forward, givens)
        trained = self.trained(givens)
        if self.faults:
            raise ConfigError([*self.faults, *self.independent(forward, givens, trained)])
        wrt = self.differentiated(givens, trained)
        run = stabilised(forward)
        back = self.backward(run, objective, wrt, trained) if objective else ()
        reached = {equation.wrt for equation in back}
        trained = tuple(name for name in trained if name in reached)
        rule = updates(config, objective or "", {name: givens[name].type for name in trained})
        stop = tuple(self.condition(forward, givens, back))
        if self.faults:
            raise ConfigError(self.faults)
        graph = Graph(
            config.title or splitext(basename(config.file))[0],
            givens,
            forward,
            run,
            objective,
            bool(config.objective and config.objective.ascent),
            config.samples,
            tuple(name for name in wrt if name in reached),
            trained,
            back,
            (*rule.equations, *stop),
            rule.states,
            None if isinstance(config.learning_rate, Statement) else config.learning_rate,
            self.epochs(),
            config.labels,
            notes=self.notes(),
            gates=config.gates,
            optimizer=rule.title,
            start=config.optimizer.start,
            reduce=config.reduce or "sum",
            until=config.until.node.text if config.until and config.until.node else "",
            new_weights=config.new_weights,
            rates=config.rates,
            stated=config.stated,
        )
        self.check_order(graph)
        return self.in_turn(graph)

    def independent(
        self, forward: Sequence[Equation], givens: Mapping[str, GivenArray], trained: Sequence[str]
    ) -> list[Fault]:
        """What is wrong with the optimizer and the end of training, where equations are refused already."""
        before = len(self.faults)
        slopes = [Equation(f"grad {name}", Num(0), givens[name].type, wrt=name) for name in trained]
        if self.config.until and not self.told(self.config.until.expr):
            list(self.condition(forward, givens, slopes))
        found = self.faults[before:]
        del self.faults[before:]
        if self.unsound:
            return found
        try:
            updates(self.config, "E_tot", {name: givens[name].type for name in trained})
        except ConfigError as error:
            found += error.faults
        return found

    def told(self, expr: Expr) -> bool:
        """Whether something is said already of what an expression reads or calls."""
        read = not self.broken.isdisjoint(names(expr))
        return read or (bool(self.unsound) and not self.unsound.isdisjoint(called(expr)))

    def backward(
        self, run: tuple[Equation, ...], objective: str, wrt: Sequence[str], trained: Sequence[str]
    ) -> tuple[Equation, ...]:
        """The gradient equations; one that grows without bounds is a fault."""
        new = trained if self.config.new_weights else ()
        try:
            return gradients(run, objective, wrt, self.config.samples or 1, new_weights=new)
        except DerivativeError as error:
            raise ConfigError(self.too_long(error)) from None

    def check_order(self, graph: Graph) -> None:
        """Refuse updates that come before a gradient which they need."""
        try:
            graph.step  # noqa: B018
        except CycleError:
            hint = "backward: old_weights, or give each layer weights of its own"
            message = "a layer cannot be updated before going back: its weights are read again further back"
            node = self.config.nodes["backward"]
            raise ConfigError([Fault(message, node.place, hint, len(node.text))]) from None

    def in_turn(self, graph: Graph) -> Graph:
        """With a schedule, where there is a gradient given for each update."""
        if not self.turns:
            return graph
        data = {name: graph.givens[name].values for name in self.turns}
        schedule = Schedule(min(self.turns.values()), 1, in_turn=True)
        return replace(graph, schedule=schedule, data=data).with_values(data, None)

    def epochs(self) -> int:
        """As the config says; else as many as there are given gradients, until a condition holds, or 1."""
        epochs = self.config.epochs
        if self.turns and epochs is not None and epochs > (given := min(self.turns.values())):
            message = f"gradients are given for {given} updates, but there are {epochs} epochs"
            node = self.config.nodes["epochs"]
            raise ConfigError(Fault(message, node.place, f"epochs: {given}, or a gradient for each", len(node.text)))
        if epochs is not None:
            return epochs
        return min(self.turns.values(), default=UNTIL if self.config.until else 1)

    # ── givens and equations ──

    def givens(self) -> dict[str, GivenArray]:
        found = {}
        for given in self.config.givens:
            if given.name in found:
                self.refuse(given.place, f'"{given.name}" is given twice', "one name, one quantity")
                self.broken.add(given.name)
            shape = given.values.shape[1:] if given.sampled else given.values.shape
            if math.prod(shape) > MAX_ELEMENTS:
                what = f'"{given.name}" has {math.prod(shape):,} elements; {MAX_ELEMENTS:,} are allowed'
                raise ConfigError([Fault(what, given.place, "fewer units, or several layers")])
            found[given.name] = GivenArray(given.name, given.role, given.values, Type(shape, given.sampled))
        return found

    def scope(self, names: Mapping[str, Expr]) -> Scope:
        """What names, functions and given numbers mean in the config's expressions."""
        return Scope(names, self.functions, self.config.samples or 1, self.constants)

    @cached_property
    def functions(self) -> Mapping[str, Macro]:
        return macros(self.config.functions)

    @cached_property
    def constants(self) -> Mapping[str, Array]:
        """What is given and never trained."""
        fixed = (g for g in self.config.givens if g.role != "parameter" and g.name not in self.varying)
        return {given.name: given.values for given in fixed} | dict(self.varying)

    def refuse(self, place: Place | None, message: str, hint: str = "", width: int = 1) -> None:
        self.faults.append(Fault(message, place, hint, width))

    def forward(self, givens: Mapping[str, GivenArray]) -> tuple[Equation, ...]:
        scope: dict[str, Expr] = {name: Name(name, given.type) for name, given in givens.items()}
        made: dict[str, Equation] = {}
        stated = [*self.config.equations, *self.config.report]
        broken = self.broken
        for statement in self.ordered(stated, scope):
            if statement.name in scope:
                place = statement.node.place if statement.node else None
                self.refuse(place, f'"{statement.name}" is stated twice', "one name, one quantity")
                self.broken.add(statement.name)
                continue
            if self.told(statement.expr):
                broken.add(statement.name)
                continue
            known = self.scope(scope)
            try:
                expr = typed(statement.expr, known)
            except ExpressionError as error:
                self.faults += map(statement.fault, unknown(statement.expr, known) or [error])
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
        self.broken |= set(waiting)
        hint = "one of them is stated without the others"
        self.refuse(node.place if node else None, f"the equations go round in a circle: {chain}", hint)

    def too_long(self, error: DerivativeError) -> Fault:
        places = {stated.name: stated.node.place for stated in self.config.equations if stated.node}
        hint = "name a part of it: state it as an equation of its own"
        return Fault(str(error), places.get(error.name), hint)

    # ── objective and training ──

    def objective(
        self, forward: tuple[Equation, ...], givens: dict[str, GivenArray]
    ) -> tuple[str | None, tuple[Equation, ...]]:
        """The name of the objective, and the equations with those that it adds."""
        stated = self.config.objective
        if (self.config.upstream or self.config.gradients) and not self.faults:
            return self.seeded(forward, givens)
        if stated is None or self.told(stated.expr):
            return None, forward
        by_name = {equation.name: equation for equation in forward}
        if isinstance(stated.expr, Name) and not stated.name:
            found = by_name.get(stated.expr.id)
            if found is None:
                name = stated.expr.id
                hint = did_you_mean(name, by_name) or f"equations here: {', '.join(list(by_name)[:20]) or 'none'}"
                hint = f"it is given, not computed: minimize: sum({name}**2)" if name in givens else hint
                self.refuse(stated.node.place, f'there is no equation "{stated.expr.id}"', hint, len(stated.expr.id))
                return None, forward
            return self.reduced(found, forward)
        name = stated.name or "E_tot"
        scope = self.computed(forward, givens)
        try:
            expr = typed(stated.expr, scope)
        except ExpressionError as error:
            self.faults += (expression_fault(stated.node, each) for each in unknown(stated.expr, scope) or [error])
            return None, forward
        if name in scope.names:
            self.refuse(stated.node.place, f'"{name}" is taken, but the objective needs it', NAMING)
            return None, forward
        equation = Equation(name, expr, Type(expr.shape, expr.sampled))
        return self.reduced(equation, (*forward, equation))

    def computed(self, forward: Sequence[Equation], givens: Mapping[str, GivenArray]) -> Scope:
        """Everything that is given or computed forward."""
        known: dict[str, Expr] = {e.name: Name(e.name, e.type) for e in forward}
        known |= {given.name: Name(given.name, given.type) for given in givens.values()}
        return self.scope(known)

    def seeded(
        self, forward: tuple[Equation, ...], givens: dict[str, GivenArray]
    ) -> tuple[str | None, tuple[Equation, ...]]:
        """The objective that stands for given gradients, with the figures that are given."""
        seeds = Seeds(self.config, self.computed(forward, givens))
        found = seeds.objective()
        self.faults += seeds.faults
        self.turns = seeds.turns
        givens |= {given.name: given for given in seeds.given}
        return (None, forward) if found is None else self.reduced(found, (*forward, found))

    def condition(
        self, forward: Sequence[Equation], givens: Mapping[str, GivenArray], back: Sequence[Equation]
    ) -> Iterator[Equation]:
        """The equation of the condition that ends training, over quantities and gradients, grad(w).

        It holds where it does so for every sample and every element: where the mean is 1.
        """
        stated = self.config.until
        if stated is None:
            return
        scope = self.computed(forward, givens)
        slopes = {e.wrt: Name(e.name, e.type) for e in back if e.wrt}
        known = {**scope.names, **{name.id: name for name in slopes.values()}}
        try:
            expr = typed(_with_gradients(stated.expr, slopes), replace(scope, names=known))
        except ExpressionError as error:
            error.offset = max(0, error.offset - len(CONDITION[0]))
            self.faults.append(stated.fault(error))
            return
        if expr.sampled:
            expr = call("mean_samples", expr, count=scope.samples)
        if expr.shape:
            expr = call("mean", expr)
        yield Equation(STOP, call("equal", expr, Num(1)), Type(()), hidden=True)

    def reduced(self, found: Equation, forward: tuple[Equation, ...]) -> tuple[str | None, tuple[Equation, ...]]:
        """The objective over all samples; a sample's own objective gets the same name with #."""
        place = self.objective_place()
        if found.type.shape:
            message = f"the objective is an array ({shape_text(found.type.shape)}), not a single number"
            self.refuse(place, message, self.summed(found.name))
            return None, forward
        if not found.type.sampled:
            return found.name, forward
        if self.config.reduce is None:
            message = f"there are {self.config.samples} samples, but not how they combine"
            self.refuse(place, message, "add reduce: sum, or reduce: mean")
            return None, forward
        own = found.name + "#"
        renamed = {found.name: Name(own, found.type)}
        rest = tuple(
            replace(e, name=own) if e is found else replace(e, expr=_renamed(e.expr, renamed)) for e in forward
        )
        whole = call(f"{self.config.reduce}_samples", Name(own, found.type), count=self.config.samples)
        return found.name, (*rest, Equation(found.name, whole, Type(()), hidden=found.hidden))

    def summed(self, name: str) -> str:
        """How to write a sum over the elements of an objective: of an equation by its name, else of the expression."""
        stated = self.config.objective
        if stated is None or (isinstance(stated.expr, Name) and not stated.name):
            return f"minimize: sum({name})"
        text = f"sum({stated.node.text})"
        return f"minimize: {{{stated.name}: {text}}}" if stated.name else f"minimize: {text}"

    def objective_place(self) -> Place | None:
        """Where the config says what is made small, or what flows back instead."""
        stated = self.config.objective
        nodes = self.config.nodes
        return stated.node.place if stated else next(nodes[k].place for k in ("upstream", "gradients") if k in nodes)

    def trained(self, givens: Mapping[str, GivenArray]) -> tuple[str, ...]:
        """The parameters that updates change: none without a learning rate."""
        parameters = {name: given for name, given in givens.items() if given.role == "parameter"}
        for key in ("train", "freeze"):
            self.check_names(key, parameters)
        if self.config.learning_rate is None:
            return ()
        chosen = set(parameters if self.config.train is None else self.config.train).difference(self.config.freeze)
        return tuple(name for name in parameters if name in chosen)

    def check_names(self, key: str, parameters: Mapping[str, GivenArray]) -> None:
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
        frozen = set(self.config.freeze)
        parameters = tuple(name for name, g in givens.items() if g.role == "parameter" and name not in frozen)
        return parameters or tuple(name for name, given in givens.items() if given.role == "input")

    def notes(self) -> tuple[Note, ...]:
        """The conventions that the config settles, for the line at the top of a report."""
        config = self.config
        notes = []
        if config.loss:
            notes.append(LOSSES[config.loss.kind].about(dict(config.loss.options)))
        if config.samples and config.reduce:
            notes.append(Note("samples reduced", {"n": config.samples, "how": Note(config.reduce)}))
        elif config.samples:
            notes.append(Note("samples", {"n": config.samples}))
        if config.nodes.get("layers"):
            notes.append(Note("row per unit" if config.column_vectors else "row per input"))
        return (*notes, *config.notes)


def _with_gradients(expr: Expr, slopes: Mapping[str, Name]) -> Expr:
    """The expression with grad(w) as the name of the gradient array."""
    if not isinstance(expr, Call):
        return expr
    (first, *_) = expr.args or (expr,)
    if expr.op == "grad" and len(expr.args) == 1 and isinstance(first, Name):
        if first.id not in slopes:
            offset, width = first.at or (0, 1)
            raise ExpressionError(
                f'there is no gradient by "{first.id}"', offset, width, did_you_mean(first.id, slopes)
            )
        return Name(slopes[first.id].id, at=expr.at)
    args = tuple(_with_gradients(arg, slopes) for arg in expr.args)
    return Call(expr.op, args, expr.options, at=expr.at)


def _renamed(expr: Expr, renamed: Mapping[str, Expr]) -> Expr:
    """The typed expression with names replaced by names of the same type."""
    return retyped(substitute(expr, renamed))
