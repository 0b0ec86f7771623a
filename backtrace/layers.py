"""From layers to equations: the only module besides ``config`` that knows what a layer is.

A layer is one or two equations, ``z: x @ W + b`` and ``h: sigmoid(z)``; the loss of a network is one or two more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from textwrap import fill
from typing import Any

import numpy as np

from backtrace.config import Config, Entries, Given, Init, Layer, LossSpec, Objective, Statement, activation_faults
from backtrace.config.initial import pending
from backtrace.config.records import is_expression
from backtrace.config.spellings import LOSSES as OTHER_LOSSES
from backtrace.config.spellings import NO_BIAS, nearest
from backtrace.config.values import POINT_HINT, are_whole
from backtrace.errors import ConfigError, Fault, did_you_mean, shortened
from backtrace.expressions import Call, Expr, Name, Num, names, parse, substitute
from backtrace.ops import CONSTANTS
from backtrace.ops.losses import LOSSES
from backtrace.records import dataclass
from backtrace.yamlfile import Node


def expanded(config: Config) -> Config:
    """The config with its layers written as equations, in front of the equations it states itself.

    Raises:
        ConfigError: sizes or names that do not fit; all such faults.
    """
    if not config.layers:
        return config
    return _Network(config).expand()


@dataclass
class _Network:
    """The equations and parameters written so far, and the width of the layer written last."""

    config: Config
    faults: list[Fault] = field(default_factory=list)
    givens: list[Given] = field(default_factory=list)
    equations: list[Statement] = field(default_factory=list)
    stated: dict[str, Node] = field(default_factory=dict)
    """By the names of layers' values the layer that states them first."""
    taken: set[str] = field(default_factory=set)
    """The names of everything that is given, in the config and in layers."""
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    units: dict[str, Expr] = field(default_factory=dict)

    def expand(self) -> Config:
        config = self.config
        self.taken |= {given.name for given in config.givens}
        others = [given for given in config.givens if given.role == "parameter"]
        values, width = inputs = self.vector("input", "x")
        for number, layer in enumerate(config.layers, start=1):
            values, width = self.layer(layer, number, values, width)
        objective = self.loss(config.loss, values, width if inputs[1] else 0) if config.loss else config.objective
        if not config.loss:
            self.vector("target", "y")
        self.check_names()
        if self.faults:
            raise ConfigError(self.faults)
        return replace(
            config,
            layers=(),
            givens=(*self.givens, *others),
            equations=(*self.equations, *map(self.with_units, config.equations)),
            report=tuple(map(self.with_units, config.report)),
            objective=objective and replace(objective, expr=substitute(objective.expr, self.readable_units)),
            until=config.until and self.with_units(config.until),
            labels=self.labels,
        )

    def with_units(self, statement: Statement) -> Statement:
        """An equation that reads single units of a layer by the names listed there."""
        return replace(statement, expr=substitute(statement.expr, self.readable_units))

    @cached_property
    def readable_units(self) -> dict[str, Expr]:
        """The units that no other quantity is named like, each as the element that it is."""
        taken = {stated.name for stated in (*self.equations, *self.config.equations, *self.config.report)}
        taken |= {given.name for given in (*self.givens, *self.config.givens)}
        return {name: unit for name, unit in self.units.items() if name not in taken}

    def give(self, *givens: Given) -> None:
        self.givens += givens
        self.taken |= {given.name for given in givens}

    def fault(self, node: Any, message: str, hint: str = "") -> None:
        self.faults.append(Fault(message, node.place, hint, max(len(node.text), 1)))

    def check_names(self) -> None:
        """Refuse a name among weights or biases that means nothing, at its own place."""
        stated = [*self.equations, *self.config.equations, *self.config.report]
        known = {given.name for given in (*self.givens, *self.config.givens)} | {s.name for s in stated}
        unknown: dict[str, Node] = {}
        for entries in (e for layer in self.config.layers for e in (layer.weights, layer.bias) if e is not None):
            if any(fault.place == entries.node.place for fault in self.faults):
                continue
            read = [leaf for leaf in _leaves(entries.values) if isinstance(leaf, str)]
            for name, node in zip(read, _name_nodes(entries.node), strict=True):
                if name not in known and name not in CONSTANTS:
                    unknown.setdefault(name, node)
        if len(unknown) > 1 and "parameters" not in self.config.nodes:
            listed = ", ".join(f"{name}: 0.5" for name in unknown)
            message = f"{len(unknown)} names here have no values, as there are no parameters:"
            return self.fault(next(iter(unknown.values())), message, f"parameters: {{{listed}}}")
        for name, node in unknown.items():
            hint = NO_BIAS.get(name.casefold()) or did_you_mean(name, known) or f"parameters: {{{name}: 0.5}}"
            self.fault(node, f'"{name}" is not known here', hint)
        return None

    # ── inputs and targets ──

    def vector(self, role: str, default: str) -> tuple[Expr, int]:
        """The given inputs or targets as one vector: as given, or named scalars put together."""
        given = [g for g in self.config.givens if g.role == role]
        sizes = [g.values.shape[1:] if g.sampled else g.values.shape for g in given]
        if len(given) == 1 and (sizes[0] or role == "target"):  # a single target broadcasts, a single input does not
            self.give(*given)
            if len(sizes[0]) > 1:
                self.refuse_matrix(given[0], role)
                return Name(given[0].name), 0
            return Name(given[0].name), sizes[0][0] if sizes[0] else 1
        if not given:
            if role == "input":
                self.fault(self.config.layers[0].node, "the layers have no inputs:", "add inputs: {x: [...]}")
            return Name(default), 0
        if any(sizes):
            node = self.config.nodes[f"{role}s"]
            self.fault(node, f"layers take one vector or single numbers as {role}s, not several vectors")
            return Name(default), 0
        return self.gathered(given), len(given)

    def refuse_matrix(self, given: Given, role: str) -> None:
        shape = "x".join(map(str, given.values.shape))
        hint = f"several samples are a list under {role}s: itself, [[...], [...]]; a matrix here is one sample's"
        message = f'"{given.name}" is a matrix ({shape}), but a layer takes a vector'
        self.faults.append(Fault(message, given.place, hint, len(given.name)))

    def gathered(self, given: list[Given]) -> Expr:
        """Named scalars as one array under their stem, or as a list where the names have no stem in common."""
        stem = None if any(g.init for g in given) else self.free_stem([g.name for g in given])
        if stem is None:
            self.give(*given)
            return Call("stack", tuple(Name(g.name) for g in given))
        axis = 1 if given[0].sampled else 0
        values = np.stack([g.values for g in given], axis=axis)
        self.give(replace(given[0], name=stem, values=values))
        return Name(stem)

    def free_stem(self, members: Sequence[str]) -> str | None:
        """The stem of names counted from 1, unless something else bears it or reads a member by itself."""
        stem = common_stem(members)
        stated = [*self.config.equations, *self.config.report]
        read = {name for statement in stated for name in names(statement.expr)}
        taken = {given.name for given in self.config.givens} | {statement.name for statement in stated}
        return None if stem is None or stem in taken or read & set(members) else stem

    # ── layers ──

    def layer(self, layer: Layer, number: int, values: Expr, width: int) -> tuple[Expr, int]:
        suffix = "" if len(self.config.layers) == 1 else str(number)
        weights, shape = self.matrix(layer, f"W{suffix}", width)
        units, expected = (shape[0], shape[1]) if self.config.column_vectors else (shape[1], shape[0])
        if expected != width and width and shape[0]:
            self.refuse_width(layer, width, expected)
        before = len(self.faults)
        product = (weights, values) if self.config.column_vectors else (values, weights)
        expr: Expr = Call("matmul", product)
        if layer.bias is not None:
            expr = Call("add", (expr, self.bias(layer, f"b{suffix}", (expected, units))))
        if len(self.faults) > before and self.biases(layer) in (named_by(layer.pre), named_by(layer.out)):
            units = 0
        pre = self.stem(layer, layer.pre, f"z{number}", units) if layer.pre or not layer.out else None
        if pre is not None:
            self.state(layer, pre, expr, "pre")
            expr = Name(pre)
        if layer.activation == "identity" and pre is not None and not layer.out:
            return expr, units if len(self.faults) == before else 0
        if layer.activation != "identity":
            self.faults += activation_faults(layer.node.get("activation"), self.config.functions)
            expr = Call(layer.activation, (expr,), layer.options)
        out = self.stem(layer, layer.out, f"h{number}", units)
        self.state(layer, out, expr, "out")
        return Name(out), units if len(self.faults) == before else 0

    def biases(self, layer: Layer) -> int:
        """How many biases a layer has; where there is a name for each, the weights are wrong and not both of these."""
        values = layer.bias.values if layer.bias else None
        return len(values) if isinstance(values, tuple) else -1

    def refuse_width(self, layer: Layer, width: int, expected: int) -> None:
        rows = "columns" if self.config.column_vectors else "rows"
        values, held = f"{width} value{'s' * (width != 1)}", f"{expected} {rows[:-1] if expected == 1 else rows}"
        message = f'"{layer.title}" gets {values}, but its weights have {held}'
        hint = f"a {rows[:-1]} of weights for each input; orientation: says which way round"
        twice = width == 2 * expected and all(are_whole(g.values) for g in self.config.givens if g.role == "input")
        self.fault(layer.weights.node, message, f"{hint}\n{POINT_HINT}" if twice else hint)

    def state(self, layer: Layer, name: str, expr: Expr, key: str) -> None:
        first = self.stated.get(name)
        node = layer.node.get(key) or layer.node
        if first is None and name in self.taken:
            self.fault(node, f'"{name}" is given already', "one name, one quantity")
        if first is not None:
            message = f'"{name}" is stated twice; first in the layer of line {first.place.line}'
            self.fault(node, message, "one name, one quantity")
        self.stated.setdefault(name, layer.node)
        at = layer.node.get("activation") if key == "out" else layer.weights.node
        self.equations.append(Statement(name, expr, at or node, layer.title))

    def stem(self, layer: Layer, given: str | tuple[str, ...] | None, default: str, units: int) -> str:
        """The name of a layer's values; a list of names that is no stem with numbers becomes labels."""
        if given is None or isinstance(given, str):
            return given or default
        if len(given) != units and units:
            node = layer.node.get("pre" if given == layer.pre else "out")
            message = f'{len(given)} name{"s" * (len(given) != 1)} for {units} units of "{layer.title}"'
            self.fault(node, message, "a name for each unit")
        if len(given) == 1:
            return given[0]
        stem = common_stem(given)
        if stem is None:
            self.labels[default] = given
        whole = Name(stem or default)
        self.units |= {name: Call("index", (whole,), (("key", (k,)),)) for k, name in enumerate(given)}
        return whole.id

    def matrix(self, layer: Layer, default: str, width: int) -> tuple[Expr, tuple[int, int]]:
        """The expression of a layer's weights, and its rows and columns."""
        entries = layer.weights
        if isinstance(entries.values, Mapping):
            return self.named_matrix(layer, entries.values, width)
        if isinstance(entries.values, Init):
            return self.drawn_matrix(layer, entries.values, default, width)
        values = entries.values
        if not isinstance(values, tuple) or not isinstance(values[0], tuple) or isinstance(values[0][0], tuple):
            self.fault(entries.node, "weights are a matrix: a list of rows", "[[0.1, 0.2], [0.3, 0.4]]")
            return Name(default), (0, 0)
        return self.array(entries, default), (len(values), len(values[0]))

    def drawn_matrix(self, layer: Layer, init: Init, default: str, width: int) -> tuple[Expr, tuple[int, int]]:
        """Weights to be drawn: as stated, or as many as join the inputs and the units."""
        entries, columns = layer.weights, self.config.column_vectors
        shape = init.shape
        if shape is None and layer.units is not None:
            shape = (layer.units, width) if columns else (width, layer.units)
        if shape is None:
            self.fault(entries.node, f'"{layer.title}" does not say how many units it has', "add units: 3")
            return Name(default), (0, 0)
        if len(shape) != 2:
            self.fault(entries.node, "weights are a matrix", "shape: [inputs, units], or leave it out and say units: 3")
            return Name(default), (0, 0)
        rows, units = shape[::-1] if columns else shape
        return self.drawn(entries, init, default, shape, (rows, units)), (shape[0], shape[1])

    def drawn(self, entries: Entries, init: Init, default: str, shape: tuple[int, ...], fans: tuple[int, int]) -> Expr:
        """A parameter whose values come later, when all that is drawn before it is known."""
        name = entries.name or default
        try:
            values = pending(init, shape)
        except ConfigError as error:
            self.faults += error.faults
            return Name(name)
        made = Given(name, "parameter", values, place=entries.node.place, init=replace(init, fans=fans))
        self.give(made)
        return Name(name)

    def named_matrix(self, layer: Layer, scalars: Mapping[str, float], width: int) -> tuple[Expr, tuple[int, int]]:
        found = grid(scalars)
        if found is not None:
            stem, matrix = found
            if stem in self.taken:
                self.fault(layer.weights.node, f'the name "{stem}" of these weights is taken')
            self.give(Given(stem, "parameter", matrix, place=layer.weights.node.place))
            return Name(stem), (matrix.shape[0], matrix.shape[1])
        self.scalars(layer.weights, scalars)
        if len(scalars) != width:
            counted = "W11, W12, ... by row and column from 1, " if all(name[-1:].isdigit() for name in scalars) else ""
            hint = f"name them {counted}or write a matrix of names, [[w1, w3], [w2, w4]], and parameters:"
            message = f"these {len(scalars)} weights do not say which input and which unit they join"
            self.fault(layer.weights.node, message, hint)
            return Name(next(iter(scalars))), (0, 0)
        column = self.config.column_vectors
        row = Call("stack", tuple(map(Name, scalars)))
        one = Call("stack", (row,)) if column else Call("stack", tuple(Call("stack", (Name(n),)) for n in scalars))
        return one, (1, width) if column else (width, 1)

    def bias(self, layer: Layer, default: str, fans: tuple[int, int]) -> Expr:
        entries, units = layer.bias, fans[1]
        assert entries is not None
        if isinstance(entries.values, Init):
            return self.drawn_bias(layer, entries, entries.values, default, fans)
        if isinstance(entries.values, Mapping):
            self.scalars(entries, entries.values)
            return Call("stack", tuple(map(Name, entries.values)))
        if isinstance(entries.values, tuple):
            if isinstance(entries.values[0], tuple):
                self.fault(entries.node, "a bias is a list of numbers, one for each unit", "[0.1, 0.2]")
            elif len(entries.values) != units and units:
                count = len(entries.values)
                message = f'"{layer.title}" has {units} unit{"s" * (units != 1)}, but {count} bias{"es" * (count != 1)}'
                hint = "one bias for each unit, or one shared number without brackets"
                commas = units == 2 * count and are_whole(layer.weights.values)
                self.fault(entries.node, message, POINT_HINT if commas else hint)
        return self.array(entries, default)

    def drawn_bias(self, layer: Layer, entries: Entries, init: Init, default: str, fans: tuple[int, int]) -> Expr:
        units = fans[1]
        shape = (units,) if init.shape is None else init.shape
        if shape not in ((units,), ()) and units:
            message = f'"{layer.title}" has {units} unit{"s" * (units != 1)}, but its bias has shape {list(shape)}'
            self.fault(entries.node, message, "leave shape: out: it follows from the units")
        return self.drawn(entries, init, default, shape, fans)

    def scalars(self, entries: Entries, scalars: Mapping[str, float]) -> None:
        place = entries.node.place
        self.give(*(Given(name, "parameter", np.asarray(value), place=place) for name, value in scalars.items()))

    def array(self, entries: Entries, default: str) -> Expr:
        """A parameter of its own where all entries are numbers, else a list of names and constants."""
        if any(isinstance(leaf, str) for leaf in _leaves(entries.values)):
            return _listed(entries.values)
        name = entries.name or default
        values = np.asarray(entries.values, dtype=np.float64)
        self.give(Given(name, "parameter", values, place=entries.node.place))
        return Name(name)

    # ── loss ──

    def loss(self, spec: LossSpec, output: Expr, width: int) -> Objective | None:
        found = loss_faults(spec)
        self.faults += found
        if found:
            return None
        row = LOSSES[spec.kind]
        if row.labelled and width and (wrong := self.wrong_label(width)):
            self.faults.append(wrong)
            return None
        target, size = self.vector("target", "y")
        if row.labelled:
            size = width if size == 1 else size
        if size != width and size and width:
            message = f"{size} target{'s' * (size != 1)}, but {width} output{'s' * (width != 1)}"
            self.fault(self.config.nodes["targets"], message, "one target for each output")
        terms = substitute(parse(row.term(dict(spec.options))), {"y": target, "o": output})
        total = parse(row.total)
        if width > 1:
            self.equations.append(Statement(spec.terms, terms, spec.node))
            terms = Name(spec.terms)
        self.equations.append(Statement(spec.total, substitute(total, {"E": terms}), spec.node))
        return Objective(Name(spec.total), False, spec.node)

    def wrong_label(self, width: int) -> Fault | None:
        """A target that is the number of no output."""
        for given in self.config.givens:
            values = np.ravel(given.values)
            wrong = values[(values != np.floor(values)) | (values < 0) | (values >= width)]
            if given.role == "target" and wrong.size:
                message = f"{wrong[0]:g} is no place among {width} output{'s' * (width != 1)}, which are counted from 0"
                return Fault(message, given.place, f"whole numbers from 0 to {width - 1}", len(given.name))
        return None


def named_by(given: str | tuple[str, ...] | None) -> int:
    """How many units a list of names is for."""
    return len(given) if isinstance(given, tuple) else 0


def loss_faults(spec: LossSpec) -> list[Fault]:
    """What is wrong with the loss alone: its name, or an option that it does not have."""
    row, width = LOSSES.get(spec.kind), max(len(spec.node.text), 1)
    if row is None:
        hint = nearest(spec.kind, LOSSES, OTHER_LOSSES) or fill(f"known: {', '.join(LOSSES)}", 90)
        if re.search(r"[+*/]| - ", spec.kind) and is_expression(spec.kind):
            hint = f"an expression stands under minimize:, in place of loss: write minimize: {shortened(spec.kind)}"
        return [Fault(f'there is no loss "{spec.kind}"', spec.node.place, hint, width)]
    for option in dict(spec.options):
        if option not in row.options:
            hint = did_you_mean(option, row.options) or f"its options: {', '.join(row.options) or 'none'}"
            return [Fault(f'{spec.kind} has no option "{option}"', spec.node.place, hint, width)]
    return []


def common_stem(members: Sequence[str]) -> str | None:
    """The stem of names that are counted from 1: ``x1, x2`` have the stem ``x``.

    >>> common_stem(["net_h1", "net_h2"]), common_stem(["a", "b"]), common_stem(["x2", "x1"])
    ('net_h', None, None)
    """
    found = re.fullmatch(r"(.*[^\d_])1", members[0])
    if found is None or len(members) > 9:
        return None
    counted = [f"{found[1]}{number}" for number in range(1, len(members) + 1)]
    return found[1] if list(members) == counted else None


def grid(scalars: Mapping[str, float]) -> tuple[str, np.ndarray[Any, Any]] | None:
    """Scalars named by row and column as a matrix with their stem.

    >>> grid({"W11": 0.3, "W21": 0.25, "W12": 0.4, "W22": 0.35})[0]
    'W'
    """
    found = {name: re.fullmatch(r"(.*[^\d_])(\d)(\d)|(.+)_(\d+)_(\d+)", name) for name in scalars}
    if not all(found.values()):
        return None
    parts = {name: [part for part in match.groups() if part is not None] for name, match in found.items() if match}
    stems = {stem for stem, _, _ in parts.values()}
    cells = {(int(i), int(j)): scalars[name] for name, (_, i, j) in parts.items()}
    rows, columns = max(i for i, _ in cells), max(j for _, j in cells)
    if rows * columns != len(scalars):
        return None
    full = {(i, j) for i in range(1, rows + 1) for j in range(1, columns + 1)}
    if len(stems) > 1 or set(cells) != full:
        return None
    matrix = [[cells[i, j] for j in range(1, columns + 1)] for i in range(1, rows + 1)]
    return stems.pop(), np.asarray(matrix, dtype=np.float64)


def _name_nodes(node: Node) -> Iterator[Node]:
    """The names among nested lists of numbers and names."""
    inner = node.get("values")
    if inner is not None:
        yield from _name_nodes(inner)
    elif node.kind == "text":
        yield node
    for item in node:
        yield from _name_nodes(item)


def _leaves(values: Any) -> Iterator[float | str]:
    if isinstance(values, tuple):
        for value in values:
            yield from _leaves(value)
    else:
        yield values


def _listed(values: Any) -> Expr:
    if isinstance(values, tuple):
        return Call("stack", tuple(map(_listed, values)))
    return Name(values) if isinstance(values, str) else Num(values)
