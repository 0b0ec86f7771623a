"""From a YAML document to checked, frozen records; every fault of the file is found in one pass.

The records hold what the file says, not what it means: layers are turned into equations by ``layers``, names and
functions are looked up by ``build``.
"""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from backtrace.config.givens import Givens, is_init
from backtrace.config.records import (
    ClipSpec,
    Config,
    DecaySpec,
    Entries,
    Given,
    Init,
    Layer,
    LossSpec,
    Objective,
    OptimizerSpec,
    Role,
    Statement,
    Upstream,
    activation_faults,
    expression_fault,
    named,
)
from backtrace.config.table import DATA_FILE, ENTRIES, LAYER, LOSS, TOP
from backtrace.config.training import Training, of_samples
from backtrace.config.updates import Updates
from backtrace.config.values import MOST_HINTED, meant_key, number_hint
from backtrace.errors import ConfigError, Fault, FileError
from backtrace.expressions import Expr, is_name
from backtrace.origin import Stated
from backtrace.yamlfile import Document, Node, load

__all__ = [
    "DATA_FILE",
    "LAYER",
    "TOP",
    "ClipSpec",
    "Config",
    "DecaySpec",
    "Entries",
    "Given",
    "Init",
    "Layer",
    "LossSpec",
    "Objective",
    "OptimizerSpec",
    "RefusedError",
    "Role",
    "Statement",
    "Upstream",
    "activation_faults",
    "expression_fault",
    "from_document",
    "of_samples",
    "read",
]  # fmt: skip


class RefusedError(ConfigError):
    """A config that is refused, with what could be read of it: more may be wrong with that."""

    def __init__(self, faults: Iterable[Fault], config: Config, unsound: frozenset[str]) -> None:
        super().__init__(faults)
        self.config, self.unsound = config, unsound
        """The rest, and the keys whose values are refused or may be meant by keys that are not known."""


def read(path: str | os.PathLike[str]) -> Config:
    """Read and check a config.

    Raises:
        FileError: the file cannot be read.
        ConfigError: it is no config; all its faults, in the order of the file.
    """
    return from_document(load(path))


def from_document(document: Document, files: Mapping[str, bytes] | None = None) -> Config:
    """The config that a document states; with its data files by name where none is to be opened.

    Raises:
        FileError: a data file cannot be read, and nothing else is wrong.
        ConfigError: all faults.
    """
    reader = _Reader(list(document.faults), files)
    config = reader.config(document.root)
    if reader.faults:
        if reader.unread.issuperset(reader.faults):
            raise FileError(reader.faults)
        cut = {TOGETHER} if document.faults else set()
        raise RefusedError(reader.faults, config, frozenset(reader.unsound | cut))
    return replace(config, stated=Stated(os.path.basename(config.file), document.text, reader.opened))


EXCLUSIVE = (("minimize", "maximize"), ("loss", "minimize"), ("loss", "maximize"), ("train", "freeze"))
TOGETHER = "together"
"""Stands among the unsound keys for several that do not fit together, and for places where YAML itself is broken."""
SMALLEST = """a config states layers:, equations: or gradients:, such as
parameters: {w: 2}
equations: {E: w**2}
minimize: E"""


UNITS_HINT = f"these are written out and say it: leave units out; known here: {', '.join(key.name for key in LAYER)}"


NEEDED: Final = frozenset({"inputs", "targets"})
"""What a key that is like none may be meant for, where there is a loss and one of these is not there."""
OF_LAYERS: Final = {
    name: f"{name}: is a key of a layer, under layers:" for name in ("activation", "bias", "units", "pre", "out")
}
OF_THE_CONFIG: Final = {
    key.name: f"{key.name}: is a key of the config, beside layers:"
    for key in TOP
    if key.name not in ("title", "layers", *(each.name for each in LAYER))
}
"""What stands at another level than where it was written."""


def _key_of(node: Node, name: str) -> Node:
    return next(key for key, _ in node.items() if key.text == name)


class _Reader(Givens, Training, Updates):
    """Reads the sections of a config into records."""

    def config(self, root: Node) -> Config:
        if root.kind != "mapping":
            self.expected(
                root, "a mapping such as `inputs: ...`", "a config begins with inputs:, layers: or equations:"
            )
            return Config(root.place.file)
        nodes = self.keyed(root, TOP, "the config", OF_LAYERS)
        if root.place in self.strayed:
            strays = [key.text for key, _ in root.items() if key.text not in nodes]
            meant = {meant_key(stray, [key.name for key in TOP]) for stray in strays[:MOST_HINTED]}
            self.unsound |= meant | (NEEDED - nodes.keys() if "" in meant and "loss" in nodes else set())
        self.seeded = "seed" in nodes
        values = self.values_of(nodes)
        before = self.found
        givens, samples = self.givens(nodes)
        self.unsound |= {"inputs", "parameters"} if self.found > before else set()
        objective = self.minimized(nodes)
        before = self.found
        self.consistent(root, nodes)
        if isinstance(rates := values.get("learning_rate"), tuple):
            values |= {"learning_rate": rates[0], "rates": rates}
        config = Config(
            root.place.file,
            givens=givens,
            samples=samples,
            objective=objective,
            nodes=nodes,
            notes=tuple(self.notes),
            **values,
        )
        self.names_once(config, nodes)
        self.in_batches(config, nodes)
        self.indexed(nodes)
        self.unsound |= {TOGETHER} if self.found > before else set()
        if self.faults:
            self.activations(nodes)
        return config

    def values_of(self, nodes: Mapping[str, Node]) -> dict[str, Any]:
        """What the keys say that are read one by one, by target; of what is refused, the keys are kept."""
        values: dict[str, Any] = {}
        for key in TOP:
            if key.name not in nodes or not (key.target or key.name == "backtrace"):
                continue
            before = self.found
            value = getattr(self, key.read)(nodes[key.name])
            if self.found > before:
                self.unsound.add(key.name)
            if value is not None and key.target:
                values[key.target] = value
        return values

    def consistent(self, root: Node, nodes: Mapping[str, Node]) -> None:
        if not nodes.keys() & {"layers", "equations", "gradients"}:
            if not self.faults:
                self.fault(root, "there is nothing to compute", SMALLEST)
            return
        of_layers = "loss" in nodes and "layers" in nodes
        for first, second in EXCLUSIVE:
            if first in nodes and second in nodes and (of_layers or first != "loss"):
                self.fault(nodes[second], f"{first}: and {second}: exclude each other", "keep one of them")
        if "loss" in nodes and not of_layers:
            hint = "write the loss as an equation, and minimize: its name"
            self.fault(nodes["loss"], "loss: belongs to layers:", hint)
        if "layers" in nodes and "loss" in nodes and "targets" not in nodes and root.place not in self.strayed:
            self.fault(nodes["loss"], "the loss needs targets:", "add targets: {y: [...]}")

    def activations(self, nodes: Mapping[str, Node]) -> None:
        """The unknown activations of a config that is refused already; ``layers`` finds those of others."""
        heads = nodes["functions"].keys() if "functions" in nodes else []
        functions = [head.partition("(")[0].strip() for head in heads]
        for layer in nodes.get("layers") or ():
            self.faults += activation_faults(layer.get("activation"), functions)

    def names_once(self, config: Config, nodes: Mapping[str, Node]) -> None:
        taken: dict[str, str] = {"learning_rate": "the size of a step"}
        for given in config.givens:
            if given.name in taken and given.place is not None:
                message = f'"{given.name}" is given as {taken[given.name]} already'
                self.faults.append(Fault(message, given.place, "one name, one quantity", len(given.name)))
            taken[given.name] = f"{'an' if given.role == 'input' else 'a'} {given.role}"
        for section in ("equations", "report", "minimize", "maximize"):
            for key, _ in nodes[section].items() if section in nodes and nodes[section].kind == "mapping" else ():
                if key.text in taken:
                    message = f'"{key.text}" is {taken[key.text]} already'
                    self.faults.append(Fault(message, key.place, "one name, one quantity", len(key.text)))
                taken[key.text] = "an equation"

    def equations(self, node: Node) -> tuple[Statement, ...] | None:
        if node.kind != "mapping":
            return self.expected(node, "a mapping of names to expressions")
        found = []
        for key, value in node.items():
            named = self.checked_head(key)
            expr = self.expression(value)
            if named and expr is not None:
                found.append(Statement(key.text, expr, value))
        return tuple(found)

    def functions(self, node: Node) -> dict[str, tuple[tuple[str, ...], Expr]] | None:
        if node.kind != "mapping":
            return self.expected(node, "a mapping such as {swish(x): x * sigmoid(x)}")
        found = {}
        for key, value in node.items():
            name, _, rest = key.text.partition("(")
            letters = tuple(part.strip() for part in rest.rstrip(") ").split(","))
            body = self.expression(value)
            if not rest.endswith(")") or not all(map(is_name, (name.strip(), *letters))):
                self.expected(key, "a head such as swish(x)")
            elif len(set(letters)) < len(letters):
                self.fault(key, "a letter stands twice among the operands")
            elif body is not None:
                found[name.strip()] = (letters, body)
        return found

    def minimized(self, nodes: Mapping[str, Node]) -> Objective | None:
        for key, ascent in (("minimize", False), ("maximize", True)):
            if key in nodes:
                name, node = self.named_objective(nodes[key])
                expr = self.expression(node) if node else None
                return None if expr is None or node is None else Objective(expr, ascent, node, name)
        return None

    def named_objective(self, node: Node) -> tuple[str, Node | None]:
        """The name that is given to an expression, if one is, and where the expression stands."""
        if node.kind != "mapping":
            return "", node
        if len(node.keys()) != 1:
            return "", self.expected(node, "one quantity, such as {E_tot: sum(E)}", "add them up in one expression")
        ((key, value),) = node.items()
        return key.text, value if self.checked_name(key) else None

    def layers(self, node: Node) -> tuple[Layer, ...] | None:
        if node.kind != "list" or not list(node):
            hint = "begin each layer with a dash: - weights: [[...]]" if node.kind in ("mapping", "null") else ""
            return self.expected(node, "a list of layers, each with weights and an activation", hint)
        read = [self.layer(item, number) for number, item in enumerate(node, start=1)]
        return tuple(layer for layer in read if layer is not None)

    def layer(self, node: Node, number: int) -> Layer | None:
        if node.kind != "mapping":
            return self.expected(node, "a layer such as {weights: ..., activation: sigmoid}")
        parts = self.keyed(node, LAYER, "a layer", OF_THE_CONFIG)
        units = parts.pop("units", None)
        values = {key.name: getattr(self, key.read)(parts[key.name]) for key in LAYER if key.name in parts}
        weights = values.get("weights")
        if units and weights and not isinstance(weights.values, Init):
            return self.fault(_key_of(node, "units"), '"units" belongs to weights that are drawn', UNITS_HINT)
        values["units"] = self.units(units) if units else None
        if "weights" not in parts:
            return self.missing(node, f"layer {number} has no weights", "weights: [[...], ...], a row for each input")
        if weights is None:
            return None
        title = values.get("name") or f"Layer {number}"
        return Layer(
            title,
            weights,
            values.get("bias"),
            values.get("pre"),
            values.get("out"),
            *named(values.get("activation") or "identity"),
            node,
            values["units"],
        )

    def entries(self, node: Node) -> Entries | None:
        if is_init(node):
            init, stated = self.init(node, layered=True), node.get("name")
            return None if init is None else Entries(self.name(stated) if stated else None, init, node)
        if node.kind == "mapping" and node.get("values") is not None:
            parts = self.keyed(node, ENTRIES, "an array")
            inner = self.entries(parts["values"])
            name = self.name(parts["name"]) if "name" in parts else None
            return None if inner is None else Entries(name, inner.values, node)
        if node.kind == "mapping":
            scalars = {key.text: self.number(value) for key, value in node.items() if self.checked_name(key)}
            if not scalars:
                return None if node.items() else self.expected(node, "names with numbers")
            if any(value is None for value in scalars.values()):
                return None
            return Entries(None, {name: value for name, value in scalars.items() if value is not None}, node)
        values = self.nested(node, self.entry)
        return None if values is None else Entries(None, values, node)

    def entry(self, node: Node) -> float | str | None:
        if node.kind == "text" and is_name(node.text):
            return node.text
        if node.kind != "number":
            return self.expected(node, "a number or a parameter's name", number_hint(node))
        return self.finite(node)

    def loss(self, node: Node) -> LossSpec | None:
        if node.kind == "text":
            kind, options = named(node.text)
            return LossSpec(kind, "E", "E_tot", node, options)
        if node.kind != "mapping":
            return self.expected(node, "the name of a loss")
        parts = self.keyed(node, LOSS, "a loss")
        values = {key.name: getattr(self, key.read)(parts[key.name]) for key in LOSS if key.name in parts}
        if "kind" not in parts:
            return self.missing(node, "the loss has no kind:", "kind: half_squared_error")
        kind, options = named(values["kind"] or "")
        return LossSpec(kind, values.get("terms") or "E", values.get("total") or "E_tot", parts["kind"], options)
