"""From indexed equations to plain ones: ``h[t]: tanh(W @ x[t] + U @ h[t-1])`` becomes ``h_1``, ``h_2``, ``h_3``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from backtrace.config import Config, Statement, expression_fault
from backtrace.errors import ConfigError, Fault, Place, did_you_mean
from backtrace.expressions import Call, Expr, ExpressionError, Name, Num, names, substitute
from backtrace.records import dataclass
from backtrace.yamlfile import Node

HEAD: Final = r"([^\[\]]+)\[([^\[\]]+)\]"
EARLIER: Final = "0 is the first that can be given: let the steps begin later"


def unrolled(config: Config) -> Config:
    """The config with the equations of each step written out, a group for each step.

    Of a given array ``x[t]`` is the element of that step, of an indexed quantity ``h[t-1]`` is that of another
    step; ``h[0]`` is given. A whole indexed quantity, ``sum(E)``, is the list over all steps.

    Raises:
        ConfigError: a step that is not there, or what is no step; all such faults.
    """
    return _Unrolling(config).config() if config.steps else config


@dataclass
class _Unrolling:
    """Writes out the equations; ``families`` are the indexed names, each with the counter of its steps."""

    source: Config
    faults: list[Fault] = field(default_factory=list)
    families: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    """The names of all steps, and of everything that is given."""

    def config(self) -> Config:
        config = self.source
        for statement in config.equations:
            self.head(statement)
        givens = tuple(replace(given, name=_plain(given.name)) for given in config.givens)
        self.known |= {given.name for given in givens}
        equations = tuple(self.equations(config.equations))
        report = tuple(self.equations(config.report))
        objective = config.objective
        if objective is not None:
            objective = replace(objective, expr=self.read(objective.expr, objective.node, {}))
        until = config.until
        if until is not None:
            until = replace(until, expr=self.read(until.expr, until.node, {}))
        if self.faults:
            raise ConfigError(self.faults)
        return replace(
            config, givens=givens, equations=equations, report=report, objective=objective, until=until, steps={}
        )

    def head(self, statement: Statement) -> None:
        """Take note of an indexed name."""
        found = re.fullmatch(HEAD, statement.name)
        if found is None:
            self.known.add(statement.name)
        elif found[2] in self.source.steps:
            self.families[found[1]] = found[2]
            self.known |= {_step(found[1], at) for at in self.source.steps[found[2]]}
        elif found[2].isdigit():
            self.known.add(_plain(statement.name))
        else:
            place = _key_place(self.source.nodes.get("equations"), statement.name)
            hint = f"steps: has {', '.join(self.source.steps)}"
            self.faults.append(Fault(f'"{found[2]}" counts no steps', place, hint, len(statement.name)))

    def equations(self, stated: tuple[Statement, ...]) -> Iterator[Statement]:
        """All equations; those of one counter step by step, where the first of them stands."""
        written: set[str] = set()
        for statement in stated:
            found = re.fullmatch(HEAD, statement.name)
            counter = found[2] if found else ""
            if counter not in self.source.steps:
                yield self.one(statement, _plain(statement.name), {})
            elif counter not in written:
                written.add(counter)
                members = [(s, head[1]) for s in stated if (head := re.fullmatch(HEAD, s.name)) and head[2] == counter]
                for at in self.source.steps[counter]:
                    group = f"{counter} = {at}"
                    for member, stem in members:
                        yield replace(self.one(member, _step(stem, at), {counter: at}), group=group)

    def one(self, statement: Statement, name: str, at: Mapping[str, int]) -> Statement:
        return replace(statement, name=name, expr=self.read(statement.expr, statement.node, at))

    def read(self, expr: Expr, node: Node | None, at: Mapping[str, int]) -> Expr:
        """An expression in one step."""
        try:
            return self.plain(expr, at)
        except ExpressionError as error:
            fault = expression_fault(node, error)
            if all(fault.place != other.place for other in self.faults):
                self.faults.append(fault)
            return expr

    def plain(self, expr: Expr, at: Mapping[str, int]) -> Expr:
        """The expression without steps: indexes of steps become names, or positions of given arrays."""
        if isinstance(expr, Name):
            return self.name(expr, at)
        if not isinstance(expr, Call):
            return expr
        array = expr.args[0] if expr.args else None
        if expr.op in ("take", "index") and isinstance(array, Name):
            step = self.step(expr, at)
            if step is not None:
                return self.indexed(array, step, expr, at)
        args = tuple(self.plain(arg, at) for arg in expr.args)
        return expr if args == expr.args else Call(expr.op, args, expr.options, at=expr.at)

    def name(self, name: Name, at: Mapping[str, int]) -> Expr:
        """A counter is its number, an indexed quantity without an index the list of all its steps."""
        if name.id in at:
            return Num(at[name.id], name.at)
        counter = self.families.get(name.id)
        if counter is None:
            return name
        return Call("stack", tuple(Name(_step(name.id, k), at=name.at) for k in self.source.steps[counter]), at=name.at)

    def step(self, expr: Call, at: Mapping[str, int]) -> int | None:
        """The number of the step that an index names; None for what is no step."""
        array = expr.args[0]
        assert isinstance(array, Name)
        if expr.op == "index":
            key = expr.option("key")
            single = len(key) == 1 and isinstance(key[0], int)
            is_step = array.id in self.families or _step(array.id, key[0] if single else 0) in self.known
            return int(key[0]) if single and is_step else None
        if not at.keys() & set(names(expr.args[1])):
            return None
        return _number(substitute(expr.args[1], {name: Num(k) for name, k in at.items()}), expr)

    def indexed(self, array: Name, step: int, expr: Call, at: Mapping[str, int]) -> Expr:
        """What stands at a step: a quantity of that step, or the element of a given array at its place."""
        name = _step(array.id, step)
        for spelling in (name, f"{array.id}{step}"):
            if spelling in self.known:
                return Name(spelling, at=expr.at)
        if array.id in self.families:
            offset, width = expr.at or (0, 1)
            hint = f'state "{array.id}[{step}]" under inputs:, parameters: or equations:' if step >= 0 else EARLIER
            raise ExpressionError(f"there is no {array.id}[{step}]", offset, width, hint)
        if array.id not in self.known:
            offset, width = array.at or (0, 1)
            raise ExpressionError(f'"{array.id}" is not known here', offset, width, did_you_mean(array.id, self.known))
        counter = next(iter(at))
        place = step - self.source.steps[counter][0]
        if place < 0:
            offset, width = expr.at or (0, 1)
            raise ExpressionError(f"there is no {array.id}[{step}]: the steps begin later", offset, width)
        return Call("index", (array,), (("key", (place,)),), at=expr.at)


def _step(stem: str, at: int) -> str:
    """The name of an indexed quantity at a step.

    >>> _step("h", 2)
    'h_2'
    """
    return f"{stem}_{at}"


def _plain(name: str) -> str:
    """A name with a step's number as a plain one: h[0] is h_0."""
    found = re.fullmatch(HEAD, name)
    return _step(found[1], int(found[2])) if found and found[2].isdigit() else name


def _number(expr: Expr, whole: Call) -> int:
    """The value of an index: sums and differences of whole numbers."""
    if isinstance(expr, Num) and isinstance(expr.value, int):
        return expr.value
    if isinstance(expr, Call) and expr.op in ("add", "sub", "neg"):
        first, *others = (_number(arg, whole) for arg in expr.args)
        if expr.op == "neg":
            return -first
        return first + sum(others) if expr.op == "add" else first - others[0]
    offset, width = whole.at or (0, 1)
    raise ExpressionError("a step is the counter, or so many before or after it", offset, width, "h[t-1], x[t]")


def _key_place(node: Node | None, key: str) -> Place | None:
    return next((k.place for k, _ in node.items() if k.text == key), None) if node else None
