"""The records of a config: frozen, and as far checked as a file can be without knowing the operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from textwrap import fill
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from backtrace.config.spellings import ACTIVATIONS as OTHER_ACTIVATIONS
from backtrace.config.spellings import nearest
from backtrace.config.table import ACTIVATIONS
from backtrace.errors import Fault, Place
from backtrace.expressions import Call, Expr, ExpressionError, Option, parse
from backtrace.origin import Stated
from backtrace.records import dataclass
from backtrace.words import Note
from backtrace.yamlfile import Node

Array = npt.NDArray[np.float64]
Role = Literal["input", "target", "parameter"]


@dataclass(frozen=True)
class Init:
    """How an array is made that is not written out: a kind of the table, its options, and whence it draws."""

    kind: str
    options: Mapping[str, float]
    shape: tuple[int, ...] | None
    seed: int | None
    generator: str | None
    skip: int
    node: Node
    fans: tuple[int, int] | None = None
    """How many values enter and leave the layer that the array is of."""


@dataclass(frozen=True)
class Given:
    """A given array: its name, what it is given as, its values (samples first), and where it is stated."""

    name: str
    role: Role
    values: Array
    sampled: bool = False
    place: Place | None = None
    init: Init | None = None
    """What draws the values; until then they are zeros."""


Sample: TypeAlias = dict[str, Given]
"""The arrays of one sample, or of all, by name."""
STEMS: Final[Mapping[Role, str]] = {"input": "x", "target": "y", "parameter": "w"}
"""The names of arrays that are given without one."""


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
    """The weights or the bias of a layer: nested tuples of numbers and names, named scalars, or what draws them."""

    name: str | None
    values: tuple[Any, ...] | float | str | Mapping[str, float] | Init
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
    options: tuple[Option, ...]
    """The activation's options: leaky_relu(slope=0.2)."""
    node: Node
    units: int | None = None


@dataclass(frozen=True)
class LossSpec:
    """The loss of a layered network and the names of its terms and its total."""

    kind: str
    terms: str
    total: str
    node: Node
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class OptimizerSpec:
    """A rule of update: a name of the table, or equations of the config's own."""

    kind: str | None
    state: Mapping[str, Array | Mapping[str, Array]] = field(default_factory=dict)
    """First values: for all parameters, or by parameter."""
    update: Mapping[str, Expr] = field(default_factory=dict)
    options: Mapping[str, float] = field(default_factory=dict)
    start: int = 1
    node: Node | None = None
    nodes: Mapping[tuple[str, str], Node] = field(default_factory=dict)
    """Where its equations and first values stand: by section and name."""


@dataclass(frozen=True)
class DecaySpec:
    """Weight decay: into the gradient or decoupled (None: as the optimizer has it), of which parameters."""

    value: float
    decoupled: bool | None
    only: tuple[str, ...] | None
    node: Node


@dataclass(frozen=True)
class ClipSpec:
    """The most a gradient may be: its norm, of all together or of each parameter's, or the size of its elements."""

    most: float
    norm: bool
    each: bool


@dataclass(frozen=True)
class Objective:
    """What is made small (or great): an expression, its sign, and the name it is given, if one is."""

    expr: Expr
    ascent: bool
    node: Node
    name: str = ""


@dataclass(frozen=True)
class Upstream:
    """A given upstream gradient: of what, as an expression or as figures, and where it is stated."""

    name: str
    value: Expr | Array
    node: Node
    key: Node | None = None


@dataclass(frozen=True)
class Config:
    """A whole config, checked as far as a file can be without knowing the operations."""

    file: str
    title: str = ""
    about: str = ""
    source: str = ""
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
    learning_rate: float | Statement | None = None
    rates: tuple[float, ...] = ()
    optimizer: OptimizerSpec = OptimizerSpec("sgd")
    epochs: int | None = None
    steps: Mapping[str, range] = field(default_factory=dict)
    batch_size: int | None = None
    order: tuple[int, ...] | None = None
    shuffle: int | None = None
    until: Statement | None = None
    upstream: tuple[Upstream, ...] = ()
    gradients: tuple[Upstream, ...] = ()
    new_weights: bool = False
    weight_decay: DecaySpec | None = None
    clip: ClipSpec | None = None
    freeze: tuple[str, ...] = ()
    train: tuple[str, ...] | None = None
    gates: bool = False
    seed: int | None = None
    generator: str = "pcg64"
    notes: tuple[Note, ...] = ()
    """What the report says about how the given values came about."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    stated: Stated | None = None
    """The text that it was read from, with its data files."""


def activation_faults(node: Node | None, functions: Iterable[str]) -> list[Fault]:
    """The fault of an activation that neither the program nor the config has; none for others."""
    known = [*ACTIVATIONS, *functions]
    if node is None or node.kind in ("list", "mapping", "null") or named(node.text)[0] in known:
        return []
    name = named(node.text)[0]
    hint = nearest(name, known, OTHER_ACTIVATIONS) or fill(f"known: {', '.join(known)}", 90)
    return [Fault(f'there is no activation "{name}"', node.place, hint, max(len(node.text), 1))]


def named(text: str) -> tuple[str, tuple[Option, ...]]:
    """The name of a function and its options; a text that is neither is a name that nothing has.

    >>> named("leaky_relu(slope=0.2)"), named("tanh")
    (('leaky_relu', (('slope', 0.2),)), ('tanh', ()))
    """
    try:
        found = parse(text)
    except ExpressionError:
        return text, ()
    return (found.op, found.options) if isinstance(found, Call) and not found.args else (text, ())


def is_expression(text: str) -> bool:
    """Whether a text is of the language of equations."""
    try:
        parse(text)
    except ExpressionError:
        return False
    return True


def expression_fault(node: Node | None, error: ExpressionError) -> Fault:
    """An error in an expression as a fault at its character in the file."""
    place = node.place_at(error.offset) if node is not None else None
    hint = COMMENT_HINT if node is not None and _is_cut(node) else error.hint
    return Fault(error.message, place, hint, error.width)


COMMENT_HINT: Final = "what stands behind # is a comment in YAML: put the whole expression in quotes"


def _is_cut(node: Node) -> bool:
    """Whether a comment begins behind an expression in which a bracket is open."""
    end = node.place.column - 1 + len(node.text)
    is_open = any(node.text.count(a) > node.text.count(b) for a, b in ("()", "[]"))
    return is_open and not node.quoted and node.place.source[end:].lstrip().startswith("#")
