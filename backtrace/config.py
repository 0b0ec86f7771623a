"""From a YAML document to checked, frozen records; every fault of the file is found in one pass.

The records hold what the file says, not what it means: layers are turned into equations by ``layers``, names and
functions are looked up by ``graph``.
"""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import keyword
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from backtrace.errors import ConfigError, Fault, Place, did_you_mean
from backtrace.expressions import Expr, ExpressionError, parse
from backtrace.yamlfile import Document, Node, load

Array = npt.NDArray[np.float64]
Role = Literal["input", "target", "parameter"]


@dataclass(frozen=True)
class Given:
    """A given array: its name, what it is given as, its values (samples first), and where it is stated."""

    name: str
    role: Role
    values: Array
    sampled: bool = False
    place: Place | None = None


@dataclass(frozen=True)
class Statement:
    """An equation as stated: ``name: expression``, with the node it was read from for pointing at faults."""

    name: str
    expr: Expr
    node: Node | None = None
    group: str = ""

    def fault(self, error: ExpressionError) -> Fault:
        """The error as a fault at the character it speaks of."""
        return expression_fault(self.node, error)


@dataclass(frozen=True)
class Entries:
    """The weights or the bias of a layer: nested tuples of numbers and names, or named scalars."""

    name: str | None
    values: tuple[Any, ...] | float | str | Mapping[str, float]
    node: Node


@dataclass(frozen=True)
class Layer:
    """One entry under ``layers:``."""

    title: str
    weights: Entries
    bias: Entries | None
    pre: str | tuple[str, ...] | None
    out: str | tuple[str, ...] | None
    activation: str
    node: Node


@dataclass(frozen=True)
class LossSpec:
    """The loss of a layered network and the names of its terms and its total."""

    kind: str
    terms: str
    total: str
    node: Node


@dataclass(frozen=True)
class OptimizerSpec:
    """A rule of update: a name of the table, or equations of the config's own."""

    kind: str | None
    state: Mapping[str, Expr] = field(default_factory=dict)
    update: Mapping[str, Expr] = field(default_factory=dict)
    node: Node | None = None


@dataclass(frozen=True)
class Objective:
    """What is made small (or great): an expression, and its sign."""

    expr: Expr
    ascent: bool
    node: Node


@dataclass(frozen=True)
class Config:
    """A whole config, checked as far as a file can be without knowing the operations."""

    file: str
    title: str = ""
    givens: tuple[Given, ...] = ()
    samples: int | None = None
    layers: tuple[Layer, ...] = ()
    column_vectors: bool = False
    equations: tuple[Statement, ...] = ()
    report: tuple[Statement, ...] = ()
    functions: Mapping[str, tuple[tuple[str, ...], Expr]] = field(default_factory=dict)
    loss: LossSpec | None = None
    objective: Objective | None = None
    reduce: str | None = None
    learning_rate: float | None = None
    optimizer: OptimizerSpec = OptimizerSpec("sgd")
    epochs: int = 1
    freeze: tuple[str, ...] = ()
    train: tuple[str, ...] | None = None
    gates: bool = False
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)


def expression_fault(node: Node | None, error: ExpressionError) -> Fault:
    """An error in an expression as a fault at its character in the file."""
    place = node.place_at(error.offset) if node is not None else None
    return Fault(error.message, place, error.hint, error.width)


def read(path: str | os.PathLike[str]) -> Config:
    """Read and check a config.

    Raises:
        FileError: the file cannot be read.
        ConfigError: it is no config; all its faults, in the order of the file.
    """
    return from_document(load(path))


def from_document(document: Document) -> Config:
    """The config that a document states. Raises ConfigError with all faults."""
    reader = _Reader(list(document.faults))
    config = reader.config(document.root)
    if reader.faults:
        raise ConfigError(reader.faults)
    return config


# ── the table of keys: what each takes, and the sentence that documents it ──────────────────────────────


@dataclass(frozen=True)
class Key:
    """A key of a mapping: how its node is read, where the value goes, and what it is for."""

    name: str
    read: str
    about: str
    target: str = ""


TOP: Final = (
    Key("backtrace", "version", "the version of the language: 1"),
    Key("title", "text", "the heading of the report", "title"),
    Key("inputs", "data", "the given inputs of one sample, or a list of samples"),
    Key("targets", "data", "the given targets, in the same form as the inputs"),
    Key("parameters", "parameters", "given values that training changes: numbers, vectors, matrices"),
    Key(
        "learning_rate",
        "number",
        "the size of a step against the gradient; without it nothing is updated",
        "learning_rate",
    ),
    Key("layers", "layers", "a layered network, the short form of equations", "layers"),
    Key(
        "orientation", "orientation", "x @ W (rows of a weight matrix are inputs) or W @ x", "column_vectors"
    ),
    Key("equations", "equations", "name: expression, for one sample", "equations"),
    Key("functions", "functions", "functions of your own, {swish(x): x * sigmoid(x)}", "functions"),
    Key("loss", "loss", "the loss of a layered network, and the names of its terms and total", "loss"),
    Key("minimize", "objective", "the quantity to make small: a name or an expression"),
    Key("maximize", "objective", "the quantity to make great"),
    Key("reduce", "reduce", "how several samples combine: sum or mean", "reduce"),
    Key("optimizer", "optimizer", "sgd, or update equations of your own", "optimizer"),
    Key("epochs", "whole", "how many updates a run makes unless --epochs says", "epochs"),
    Key("freeze", "names", "parameters that training leaves alone", "freeze"),
    Key("train", "names", "the only parameters that training changes", "train"),
    Key("gates", "boolean", "show every unnamed operation as a gate of its own", "gates"),
    Key("report", "equations", "further quantities to show", "report"),
)
LAYER: Final = (
    Key("name", "text", "the layer's heading"),
    Key("weights", "entries", "a matrix of numbers or names, named scalars, or {name: W1, values: ...}"),
    Key("bias", "entries", "a list, names, one shared number or name; none if absent"),
    Key("pre", "stem", "the name of the pre-activations"),
    Key("out", "stem", "the name of the activations"),
    Key("activation", "text", "the activation function; none if absent"),
)
LOSS: Final = (
    Key("kind", "text", "the loss"),
    Key("terms", "name", "the name of its terms, one an output"),
    Key("total", "name", "the name of the total"),
)
ENTRIES: Final = (Key("name", "name", "the array's name"), Key("values", "entries", "its values"))
LATER: Final = (
    "weight_decay", "batch_size", "shuffle", "until", "upstream", "gradients", "backward", "steps",
)  # fmt: skip
"""Keys of the language that this version does not know yet."""
ORIENTATIONS: Final = {"x @ W": False, "W @ x": True}


class _Reader:
    """Reads nodes into records; a fault is noted and reading goes on."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults

    def fault(self, node: Node, message: str, hint: str = "") -> None:
        """Note a fault; what was being read is None."""
        width = max(len(node.text), 1) if node.kind not in ("list", "mapping") else 1
        self.faults.append(Fault(message, node.place, hint, min(width, 60)))

    def expected(self, node: Node, what: str, hint: str = "") -> None:
        """Note what was expected and what was got; what was being read is None."""
        self.fault(node, f"expected {what}, got {node.describe()}", hint)

    # ── the whole ──

    def config(self, root: Node) -> Config:
        if root.kind != "mapping":
            self.expected(
                root, "a mapping such as `inputs: ...`", "a config begins with inputs:, layers: or equations:"
            )
            return Config(root.place.file)
        nodes = self.keyed(root, TOP, "the config")
        values: dict[str, Any] = {}
        for key in TOP:
            if key.name in nodes and key.target:
                value = getattr(self, key.read)(nodes[key.name])
                if value is not None:
                    values[key.target] = value
        if "backtrace" in nodes:
            self.version(nodes["backtrace"])
        givens, samples = self.givens(nodes)
        objective = self.minimized(nodes)
        self.consistent(root, nodes)
        config = Config(
            root.place.file, givens=givens, samples=samples, objective=objective, nodes=nodes, **values
        )
        self.names_once(config, nodes)
        return config

    def keyed(self, node: Node, keys: Iterable[Key], where: str) -> dict[str, Node]:
        """The nodes of a mapping by key; what the table does not have is a fault."""
        known = [key.name for key in keys]
        found: dict[str, Node] = {}
        for key, value in node.items():
            if key.text in known:
                found[key.text] = value
            elif keys is TOP and key.text in LATER:
                self.fault(key, f'"{key.text}" is not supported yet')
            else:
                hint = did_you_mean(key.text, known) or f"known here: {', '.join(known)}"
                self.fault(key, f'"{key.text}" is no key of {where}', hint)
        return found

    def consistent(self, root: Node, nodes: Mapping[str, Node]) -> None:
        if "layers" not in nodes and "equations" not in nodes:
            hint = "state a network under layers:, or equations under equations:"
            self.fault(root, "there is nothing to compute", hint)
        for first, second in (
            ("minimize", "maximize"),
            ("loss", "minimize"),
            ("loss", "maximize"),
            ("train", "freeze"),
        ):
            if first in nodes and second in nodes:
                self.fault(nodes[second], f"{first}: and {second}: exclude each other", "keep one of them")
        if "loss" in nodes and "layers" not in nodes:
            hint = "write the loss as an equation, and minimize: its name"
            self.fault(nodes["loss"], "loss: belongs to layers:", hint)
        if "layers" in nodes and "loss" in nodes and "targets" not in nodes:
            self.fault(nodes["loss"], "the loss needs targets:", "add targets: {y: [...]}")

    def names_once(self, config: Config, nodes: Mapping[str, Node]) -> None:
        taken: dict[str, str] = {}
        for given in config.givens:
            if given.name in taken and given.place is not None:
                message = f'"{given.name}" is given as {taken[given.name]} already'
                self.faults.append(Fault(message, given.place, "one name, one quantity", len(given.name)))
            taken[given.name] = f"a {given.role}"
        for section in ("equations", "report"):
            for key, _ in nodes[section].items() if section in nodes else ():
                if key.text in taken:
                    message = f'"{key.text}" is {taken[key.text]} already'
                    self.faults.append(Fault(message, key.place, "one name, one quantity", len(key.text)))
                taken[key.text] = "an equation"

    # ── values ──

    def version(self, node: Node) -> None:
        if node.kind != "number" or node.value != 1:
            self.expected(node, "1, the version of the language")

    def text(self, node: Node) -> str | None:
        if node.kind in ("list", "mapping", "null"):
            return self.expected(node, "text")
        return node.text

    def boolean(self, node: Node) -> bool | None:
        if node.kind != "boolean":
            return self.expected(node, "true or false")
        return bool(node.value)

    def number(self, node: Node) -> float | None:
        if node.kind != "number":
            return self.expected(node, "a number", _number_hint(node))
        return self.finite(node)

    def finite(self, node: Node) -> float | None:
        assert isinstance(node.value, int | float)
        try:
            value = float(node.value)
        except OverflowError:
            value = float("inf")
        if not abs(value) <= 1.7976931348623157e308:
            return self.fault(node, f"{node.describe()} is not a finite number")
        return value

    def whole(self, node: Node) -> int | None:
        if node.kind != "number" or not isinstance(node.value, int) or node.value < 0:
            return self.expected(node, "a whole number, 0 or more")
        if node.value > 10**9:
            return self.fault(node, f"{node.text} is too many", "at most 1000000000")
        return node.value

    def name(self, node: Node) -> str | None:
        if node.kind != "text" or not _is_name(node.text):
            return self.expected(node, "a name", "letters, digits and _, beginning with a letter")
        return node.text

    def names(self, node: Node) -> tuple[str, ...] | None:
        if node.kind == "text":
            return (node.text,)
        if node.kind != "list":
            return self.expected(node, "a list of names")
        read = [self.name(item) for item in node]
        return tuple(name for name in read if name is not None)

    def stem(self, node: Node) -> str | tuple[str, ...] | None:
        return self.names(node) if node.kind == "list" else self.name(node)

    def orientation(self, node: Node) -> bool | None:
        found = ORIENTATIONS.get(" ".join(node.text.replace("@", " @ ").split()))
        if found is None:
            return self.expected(node, "x @ W or W @ x")
        return found

    def reduce(self, node: Node) -> str | None:
        if node.text not in ("sum", "mean"):
            return self.expected(node, "sum or mean", did_you_mean(node.text, ["sum", "mean"]))
        return node.text

    def expression(self, node: Node) -> Expr | None:
        if node.kind not in ("text", "number"):
            return self.expected(node, "an expression")
        try:
            return parse(node.text)
        except ExpressionError as error:
            self.faults.append(expression_fault(node, error))
            return None

    # ── givens ──

    def givens(self, nodes: Mapping[str, Node]) -> tuple[tuple[Given, ...], int | None]:
        found: list[Given] = []
        counts: dict[str, int | None] = {}
        for section, role, stem in (("inputs", "input", "x"), ("targets", "target", "y")):
            if section in nodes:
                arrays, counts[section] = self.data(nodes[section], stem)
                found += [
                    Given(name, role, values, counts[section] is not None, place)  # type: ignore[arg-type]
                    for name, (values, place) in arrays.items()
                ]
        if len(counts) == 2 and None not in counts.values() and len(set(counts.values())) == 2:
            message = f"{counts['inputs']} samples of inputs, but {counts['targets']} of targets"
            self.fault(nodes["targets"], message, "one target for each input")
        if "parameters" in nodes:
            found += self.parameters(nodes["parameters"])
        return tuple(found), next((count for count in counts.values() if count is not None), None)

    def data(self, node: Node, stem: str) -> tuple[dict[str, tuple[Array, Place]], int | None]:
        """Named arrays, and the number of samples if there are several."""
        if node.kind == "mapping":
            return self.sample(node, stem), None
        if node.kind != "list" or not list(node):
            self.expected(node, "a mapping of names to numbers, or a list")
            return {}, None
        if all(item.kind == "number" for item in node):
            return self.sample(node, stem), None
        samples = [self.sample(item, stem) for item in node]
        if len(samples) == 1:
            return samples[0], None
        return self.stacked(node, samples), len(samples)

    def sample(self, node: Node, stem: str) -> dict[str, tuple[Array, Place]]:
        if node.kind != "mapping":
            values = self.array(node)
            return {} if values is None else {stem: (values, node.place)}
        if not list(node.items()):
            self.expected(node, "names with numbers")
        found = {}
        for key, value in node.items():
            if self.checked_name(key):
                values = self.array(value)
                if values is not None:
                    found[key.text] = (values, key.place)
        return found

    def stacked(
        self, node: Node, samples: list[dict[str, tuple[Array, Place]]]
    ) -> dict[str, tuple[Array, Place]]:
        first = samples[0]
        for number, (item, sample) in enumerate(zip(node, samples, strict=True), start=1):
            shapes = {name: values.shape for name, (values, _) in sample.items()}
            if sample and first and shapes != {name: values.shape for name, (values, _) in first.items()}:
                message = f"sample {number} is not like sample 1: {_shapes(sample)}, not {_shapes(first)}"
                self.fault(item, message, "every sample has the same names and sizes")
                return {}
        if not all(samples):
            return {}
        return {name: (np.stack([s[name][0] for s in samples]), place) for name, (_, place) in first.items()}

    def parameters(self, node: Node) -> list[Given]:
        if node.kind != "mapping":
            self.expected(node, "a mapping of names to numbers or lists")
            return []
        found = []
        for key, value in node.items():
            values = self.array(value) if self.checked_name(key) else None
            if values is not None:
                found.append(Given(key.text, "parameter", values, False, key.place))
        return found

    def checked_name(self, key: Node) -> bool:
        if _is_name(key.text):
            return True
        reason = " (it is a word of Python)" if keyword.iskeyword(key.text) else ""
        hint = "letters, digits and _, beginning with a letter, without __"
        self.fault(key, f'"{key.text}" is no name for a quantity{reason}', hint)
        return False

    def array(self, node: Node) -> Array | None:
        """A number or nested lists of numbers of one length on each level."""
        nested = self.nested(node, self.number)
        if nested is None:
            return None
        return np.asarray(nested, dtype=np.float64)

    def nested(self, node: Node, leaf: Callable[[Node], Any]) -> Any:
        """Nested tuples of leaves; lists of unequal length are a fault, and the result None."""
        if node.kind != "list":
            return leaf(node)
        items = list(node)
        if not items:
            return self.expected(node, "numbers", "the list is empty")
        read = [self.nested(item, leaf) for item in items]
        if any(value is None for value in read):
            return None
        for number, (item, value) in enumerate(zip(items, read, strict=True), start=1):
            if _extent(value) != _extent(read[0]):
                hint = "all rows have the same length"
                return self.fault(
                    item, f"item {number} has {_length(value)}, item 1 has {_length(read[0])}", hint
                )
        return tuple(read)

    # ── equations ──

    def equations(self, node: Node) -> tuple[Statement, ...] | None:
        if node.kind != "mapping":
            return self.expected(node, "a mapping of names to expressions")
        found = []
        for key, value in node.items():
            named = self.checked_name(key)
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
            if not rest.endswith(")") or not all(map(_is_name, (name.strip(), *letters))):
                self.expected(key, "a head such as swish(x)")
            elif len(set(letters)) < len(letters):
                self.fault(key, "a letter stands twice among the operands")
            elif body is not None:
                found[name.strip()] = (letters, body)
        return found

    def minimized(self, nodes: Mapping[str, Node]) -> Objective | None:
        for key, ascent in (("minimize", False), ("maximize", True)):
            if key in nodes:
                expr = self.expression(nodes[key])
                return None if expr is None else Objective(expr, ascent, nodes[key])
        return None

    def optimizer(self, node: Node) -> OptimizerSpec | None:
        if node.kind == "text":
            if node.text != "sgd":
                return self.fault(
                    node, f'there is no optimizer "{node.text}"', "known: sgd, or equations of your own"
                )
            return OptimizerSpec(node.text, node=node)
        if node.kind != "mapping":
            return self.expected(node, "sgd or {state: {...}, update: {...}}")
        parts = self.keyed(node, (Key("state", "", ""), Key("update", "", "")), "an optimizer")
        if "update" not in parts:
            return self.fault(node, "the optimizer has no update:", "update: {p: p - lr*g}")
        read = {
            name: {s.name: s.expr for s in self.equations(part) or ()} for name, part in parts.items()
        }
        if "p" not in read["update"]:
            return self.fault(parts["update"], "the update does not say what becomes of p", "p: p - lr*g")
        return OptimizerSpec(None, read.get("state", {}), read["update"], node)

    # ── layers ──

    def layers(self, node: Node) -> tuple[Layer, ...] | None:
        if node.kind != "list" or not list(node):
            return self.expected(node, "a list of layers, each with weights and an activation")
        read = [self.layer(item, number) for number, item in enumerate(node, start=1)]
        return tuple(layer for layer in read if layer is not None)

    def layer(self, node: Node, number: int) -> Layer | None:
        if node.kind != "mapping":
            return self.expected(node, "a layer such as {weights: ..., activation: sigmoid}")
        parts = self.keyed(node, LAYER, "a layer")
        values = {key.name: getattr(self, key.read)(parts[key.name]) for key in LAYER if key.name in parts}
        if "weights" not in parts:
            return self.fault(
                node, f"layer {number} has no weights", "weights: [[...], ...], a row for each input"
            )
        if values["weights"] is None:
            return None
        title = values.get("name") or f"Layer {number}"
        return Layer(
            title,
            values["weights"],
            values.get("bias"),
            values.get("pre"),
            values.get("out"),
            values.get("activation") or "identity",
            node,
        )

    def entries(self, node: Node) -> Entries | None:
        if node.kind == "mapping" and node.get("values") is not None:
            parts = self.keyed(node, ENTRIES, "an array")
            inner = self.entries(parts["values"])
            name = self.name(parts["name"]) if "name" in parts else None
            return None if inner is None else Entries(name, inner.values, node)
        if node.kind == "mapping":
            scalars = {key.text: self.number(value) for key, value in node.items() if self.checked_name(key)}
            if not scalars:
                return self.expected(node, "names with numbers")
            if any(value is None for value in scalars.values()):
                return None
            return Entries(None, {name: value for name, value in scalars.items() if value is not None}, node)
        values = self.nested(node, self.entry)
        return None if values is None else Entries(None, values, node)

    def entry(self, node: Node) -> float | str | None:
        if node.kind == "text" and _is_name(node.text):
            return node.text
        if node.kind != "number":
            return self.expected(node, "a number or a parameter's name", _number_hint(node))
        return self.finite(node)

    def loss(self, node: Node) -> LossSpec | None:
        if node.kind == "text":
            return LossSpec(node.text, "E", "E_tot", node)
        if node.kind != "mapping":
            return self.expected(node, "the name of a loss")
        parts = self.keyed(node, LOSS, "a loss")
        values = {key.name: getattr(self, key.read)(parts[key.name]) for key in LOSS if key.name in parts}
        if "kind" not in parts:
            return self.fault(node, "the loss has no kind:", "kind: half_squared_error")
        return LossSpec(
            values["kind"] or "", values.get("terms") or "E", values.get("total") or "E_tot", parts["kind"]
        )


def _is_name(text: str) -> bool:
    return (
        text.isidentifier() and not keyword.iskeyword(text) and "__" not in text and not text.startswith("_")
    )


def _number_hint(node: Node) -> str:
    text = node.text.strip()
    if text.replace(",", "", 1).lstrip("-").isdigit() and "," in text:
        return f"write {text.replace(',', '.')}"
    if text.endswith("%"):
        return "write a fraction of 1 instead of a percentage"
    if "/" in text:
        return "write the quotient as a decimal number"
    return "a number written with quotes is text: leave them out" if node.quoted else ""


def _extent(value: Any) -> Any:
    return tuple(_extent(item) for item in value) if isinstance(value, tuple) else ()


def _length(value: Any) -> str:
    if not isinstance(value, tuple):
        return "no list"
    return "1 entry" if len(value) == 1 else f"{len(value)} entries"


def _shapes(sample: Mapping[str, tuple[Array, Place]]) -> str:
    return ", ".join(
        f"{name} of {'x'.join(map(str, values.shape))}" if values.shape else name
        for name, (values, _) in sample.items()
    )
