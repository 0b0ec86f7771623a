"""The records of a config: frozen, and as far checked as a file can be without knowing the operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from backtrace.config.table import ACTIVATIONS
from backtrace.errors import Fault, Place, did_you_mean
from backtrace.expressions import Expr, ExpressionError
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
    node: Node
    units: int | None = None


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
    nodes: Mapping[tuple[str, str], Node] = field(default_factory=dict)
    """Where the equations of its own stand: by section and name."""


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
    seed: int | None = None
    generator: str = "pcg64"
    notes: tuple[str, ...] = ()
    """What the report says about how the given values came about."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)


def activation_faults(node: Node | None, functions: Iterable[str]) -> list[Fault]:
    """The fault of an activation that neither the program nor the config has; none for others."""
    known = [*ACTIVATIONS, *functions]
    if node is None or node.kind != "text" or node.text in known:
        return []
    hint = did_you_mean(node.text, known) or f"known: {', '.join(known)}"
    return [Fault(f'there is no activation "{node.text}"', node.place, hint, max(len(node.text), 1))]


def expression_fault(node: Node | None, error: ExpressionError) -> Fault:
    """An error in an expression as a fault at its character in the file."""
    place = node.place_at(error.offset) if node is not None else None
    return Fault(error.message, place, error.hint, error.width)
