"""Random networks of the size that people work by hand, as data and as the text of a config."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple

Vector = list[float]
Matrix = list[list[float]]


class Names(NamedTuple):
    """What the arrays of each layer are called."""

    pre: str
    out: str
    weights: str
    biases: str


NAMES: Final = {2: Names("zt", "ho", "WU", "bd"), 3: Names("zut", "hvo", "WVU", "bcd")}
SHAPES: Final = ((2, 2, 2), (2, 3, 1), (3, 4, 2), (2, 2, 2, 1))
HIDDEN: Final = ("sigmoid", "tanh", "relu")
LOSSES: Final = {
    "half_squared_error": ("0.5*(y - o)**2", "sum(E)"),
    "mean_squared_error": ("(y - o)**2", "mean(E)"),
    "binary_cross_entropy": ("-(y*log(o) + (1 - y)*log(1 - o))", "sum(E)"),
    "cross_entropy": ("-(y*log(o))", "sum(E)"),
}
ENDS: Final[tuple[tuple[str, str], ...]] = (
    ("sigmoid", "half_squared_error"),
    ("sigmoid", "mean_squared_error"),
    ("sigmoid", "binary_cross_entropy"),
    ("identity", "half_squared_error"),
    ("identity", "mean_squared_error"),
    ("softmax", "cross_entropy"),
    ("softmax", "half_squared_error"),
)
"""Which losses go with which output."""
BETA, BETA1, BETA2, EPSILON = 0.9, 0.8, 0.95, 0.01
"""Not the usual ones: so large an epsilon is seen where it stands."""


@dataclass(frozen=True)
class Network:
    """A network with everything that is given; rows of a weight matrix are inputs."""

    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    weights: tuple[Matrix, ...]
    biases: tuple[Vector, ...]
    inputs: Matrix
    targets: Matrix
    mean: bool
    rate: float
    optimizer: str = "sgd"
    epochs: int = 1

    @property
    def depth(self) -> int:
        """How many layers have weights."""
        return len(self.weights)

    @property
    def last(self) -> int:
        """The place of the last layer."""
        return self.depth - 1

    @property
    def samples(self) -> int:
        """How many there are."""
        return len(self.inputs)

    @property
    def outputs(self) -> int:
        """How many values leave the network."""
        return self.sizes[-1]

    @property
    def names(self) -> Names:
        """What its arrays are called."""
        return NAMES[self.depth]

    def activation(self, layer: int) -> str:
        """The function of a layer."""
        return self.output if layer == self.last else self.hidden

    def square(self, layer: int) -> bool:
        """Whether its weights can be read transposed without anyone noticing."""
        return self.sizes[layer] == self.sizes[layer + 1]

    def config(self) -> str:
        """The text of its config."""
        lines = [_samples("inputs", "x", self.inputs), _samples("targets", "y", self.targets)]
        lines += ["parameters:", *(f"  {name}: {json.dumps(values)}" for name, values in self._parameters())]
        lines += [f"learning_rate: {self.rate}", f"epochs: {self.epochs}", f"optimizer: {_optimizer(self.optimizer)}"]
        lines += ["equations:", *(f"  {name}: {text}" for name, text in self._equations()), "minimize: E_tot"]
        if self.samples > 1:
            lines.append(f"reduce: {'mean' if self.mean else 'sum'}")
        return "\n".join(lines) + "\n"

    def _parameters(self) -> list[tuple[str, Matrix | Vector]]:
        weights: list[tuple[str, Matrix | Vector]] = list(zip(self.names.weights, self.weights, strict=True))
        return weights + list(zip(self.names.biases, self.biases, strict=False))

    def _equations(self) -> list[tuple[str, str]]:
        pre, out, weights, biases = self.names
        found: list[tuple[str, str]] = []
        for layer in range(self.depth):
            below = out[layer - 1] if layer else "x"
            bias = f" + {biases[layer]}" if self.biases else ""
            found.append((pre[layer], f"{below} @ {weights[layer]}{bias}"))
            found.append((out[layer], f"{self.activation(layer)}({pre[layer]})"))
        term, total = LOSSES[self.loss]
        return [*found, ("E", term), ("E_tot", total)]


def _samples(section: str, name: str, rows: Matrix) -> str:
    if len(rows) == 1:
        return f"{section}: {{{name}: {json.dumps(rows[0])}}}"
    return "\n".join([f"{section}:", *(f"  - {{{name}: {json.dumps(row)}}}" for row in rows)])


def _optimizer(name: str) -> str:
    options = {
        "momentum": f", beta: {BETA}",
        "adam": f", beta1: {BETA1}, beta2: {BETA2}, eps: {EPSILON}",
    }
    return f"{{kind: {name}{options.get(name, '')}}}"


def drawn(random: Random, *, optimizer: str = "sgd", epochs: int = 1) -> Network:
    """A network with values as textbooks choose them: two digits, small, never zero."""
    sizes = random.choice(SHAPES[:3] if optimizer != "sgd" else SHAPES)
    output, loss = random.choice([end for end in ENDS if sizes[-1] > 1 or end[0] != "softmax"])
    samples = 1 if epochs > 1 else random.choice((1, 4))
    biased = optimizer == "sgd" and random.random() < 0.6
    return Network(
        sizes,
        random.choice(HIDDEN),
        output,
        loss,
        tuple([[_weight(random) for _ in range(right)] for _ in range(left)] for left, right in pairwise(sizes)),
        tuple([_weight(random) for _ in range(size)] for size in sizes[1:]) if biased else (),
        [[_number(random, -1, 1) for _ in range(sizes[0])] for _ in range(samples)],
        [_targets(random, loss, sizes[-1]) for _ in range(samples)],
        random.random() < 0.5,
        random.choice((0.1, 0.3, 0.5, 0.7)),
        optimizer,
        epochs,
    )


def _number(random: Random, low: float, high: float) -> float:
    """A number of two digits that is not zero."""
    return round(random.uniform(low, high), 2) or 0.25


def _weight(random: Random) -> float:
    return _number(random, -1, 1)


def _targets(random: Random, loss: str, size: int) -> Vector:
    if loss == "cross_entropy":
        hot = random.randrange(size)
        return [float(at == hot) for at in range(size)]
    if loss == "binary_cross_entropy":
        return [float(random.random() < 0.5) for _ in range(size)]
    return [_number(random, 0, 1) for _ in range(size)]
