"""The sheet of a network by plain arithmetic, one number at a time, each from the numbers above it.

A place is where a number stands: what it is, the epoch, the layer, the sample (all counted from 0), and its indexes.
``RIGHT`` has the formula of each kind; a slip replaces it at some places, and what comes after goes on from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from tests.planted.networks import BETA, BETA1, BETA2, EPSILON, Matrix, Network, Vector


class Place(NamedTuple):
    """Where a number of a sheet stands; ``j`` is the unit, ``i`` what comes before it."""

    kind: str
    epoch: int = 0
    layer: int = 0
    sample: int = 0
    i: int = 0
    j: int = 0


class Planted(Protocol):
    """A slip at its places, and what it makes of the numbers there."""

    @property
    def carried(self) -> bool:
        """Whether what comes after goes on from the wrong number."""

    def at(self, place: Place) -> bool:
        """Whether it was made here."""

    def value(self, sheet: Sheet, place: Place) -> float:
        """What stands here instead."""


class Sheet:
    """All numbers of a network, epoch by epoch.

    ``used`` has what later numbers are computed from, ``printed`` what stands on the sheet.
    """

    def __init__(self, network: Network, slip: Planted | None = None) -> None:
        self.network = network
        self.slip = slip
        self.used: dict[Place, float] = {}
        self.printed: dict[Place, float] = {}
        for self.epoch in range(network.epochs):
            for place in places(network, self.epoch):
                self._put(place)

    def _put(self, place: Place) -> None:
        value = RIGHT[place.kind](self, place)
        self.used[place] = self.printed[place] = value
        if self.slip and self.slip.at(place):
            self.printed[place] = self.slip.value(self, place)
            if self.slip.carried:
                self.used[place] = self.printed[place]

    # ── what formulas read ──

    def at(self, kind: str, layer: int = 0, sample: int = 0, i: int = 0, j: int = 0) -> float:
        """A number of this epoch."""
        return self.used[Place(kind, self.epoch, layer, sample, i, j)]

    def weight(self, layer: int, i: int, j: int) -> float:
        """A weight before the update."""
        if self.epoch == 0:
            return self.network.weights[layer][i][j]
        return self.used[Place("W+", self.epoch - 1, layer, 0, i, j)]

    def bias(self, layer: int, j: int) -> float:
        """A bias before the update, 0 where there is none."""
        if not self.network.biases:
            return 0.0
        if self.epoch == 0:
            return self.network.biases[layer][j]
        return self.used[Place("b+", self.epoch - 1, layer, 0, 0, j)]

    def input(self, layer: int, sample: int, i: int) -> float:
        """What enters a layer."""
        return self.at("h", layer - 1, sample, j=i) if layer else self.network.inputs[sample][i]

    def units(self, layer: int) -> range:
        """The units of a layer."""
        return range(self.network.sizes[layer + 1])

    def entering(self, layer: int) -> range:
        """What enters a layer, counted."""
        return range(self.network.sizes[layer])

    def before(self, kind: str, place: Place) -> float:
        """What an optimizer has remembered from the epoch before, 0 in the first."""
        return self.used[place._replace(kind=kind, epoch=self.epoch - 1)] if self.epoch else 0.0

    @property
    def scale(self) -> float:
        """What the objective divides a term by."""
        network = self.network
        per_output = network.outputs if network.loss == "mean_squared_error" else 1
        return 1 / per_output / (network.samples if network.mean else 1)


# ── functions and their derivatives ──


def activation(name: str, z: float) -> float:
    """The value of an activation."""
    if name == "sigmoid":
        return 1 / (1 + math.exp(-z))
    if name == "tanh":
        return math.tanh(z)
    return max(0.0, z) if name == "relu" else z


def slope(name: str, h: float) -> float:
    """The derivative of an activation in terms of its value."""
    if name == "sigmoid":
        return h * (1 - h)
    if name == "tanh":
        return 1 - h * h
    return float(h > 0) if name == "relu" else 1.0


def softmax(z: Vector) -> Vector:
    """Exponentials over their sum."""
    powers = [math.exp(value) for value in z]
    return [power / sum(powers) for power in powers]


WHOLE: Final = ("mean_squared_error", "squared_error")
"""Squares without ½."""


def term(loss: str, y: float, o: float) -> float:
    """The error of one output."""
    if loss == "half_squared_error":
        return 0.5 * (y - o) ** 2
    if loss in WHOLE:
        return (y - o) ** 2
    if loss == "cross_entropy":
        return -y * math.log(o)
    return -(y * math.log(o) + (1 - y) * math.log(1 - o))


def term_slope(loss: str, y: float, o: float) -> float:
    """The derivative of the error of one output by it."""
    if loss == "half_squared_error":
        return o - y
    if loss in WHOLE:
        return 2 * (o - y)
    return -y / o if loss == "cross_entropy" else (1 - y) / (1 - o) - y / o


# ── the right formulas ──


def net_input(c: Sheet, p: Place) -> float:
    """What enters a unit."""
    total = sum(c.weight(p.layer, i, p.j) * c.input(p.layer, p.sample, i) for i in c.entering(p.layer))
    return total + c.bias(p.layer, p.j)


def output(c: Sheet, p: Place) -> float:
    """What leaves it."""
    name = c.network.activation(p.layer)
    if name == "softmax":
        return softmax([c.at("z", p.layer, p.sample, j=k) for k in c.units(p.layer)])[p.j]
    return activation(name, c.at("z", p.layer, p.sample, j=p.j))


def error(c: Sheet, p: Place) -> float:
    """The error of an output."""
    return term(c.network.loss, c.network.targets[p.sample][p.j], c.at("h", c.network.last, p.sample, j=p.j))


def sample_total(c: Sheet, p: Place) -> float:
    """The errors of a sample together."""
    total = sum(c.at("E", sample=p.sample, j=j) for j in range(c.network.outputs))
    return total / c.network.outputs if c.network.loss == "mean_squared_error" else total


def total(c: Sheet, p: Place) -> float:
    """The errors of all samples together."""
    found = sum(c.at("S", sample=s) for s in range(c.network.samples))
    return found / c.network.samples if c.network.mean else found


def error_slope(c: Sheet, p: Place) -> float:
    """The derivative of the objective by an output."""
    o = c.at("h", c.network.last, p.sample, j=p.j)
    return c.scale * term_slope(c.network.loss, c.network.targets[p.sample][p.j], o)


def unit_slope(c: Sheet, p: Place) -> float:
    """The derivative of an output ``i`` of a layer by its net input ``j``."""
    name = c.network.activation(p.layer)
    h = c.at("h", p.layer, p.sample, j=p.i)
    if name == "softmax":
        return h * (float(p.i == p.j) - c.at("h", p.layer, p.sample, j=p.j))
    return slope(name, h)


def delta(c: Sheet, p: Place) -> float:
    """The derivative of the objective by a net input."""
    if p.layer < c.network.last:
        return c.at("g", p.layer, p.sample, j=p.j) * c.at("d", p.layer, p.sample, p.j, p.j)
    reached = c.units(p.layer) if c.network.output == "softmax" else (p.j,)
    return sum(c.at("e", sample=p.sample, j=k) * c.at("d", p.layer, p.sample, k, p.j) for k in reached)


def path(c: Sheet, p: Place, k: int) -> float:
    """What reaches a hidden output by way of the unit ``k`` above."""
    return c.weight(p.layer + 1, p.j, k) * c.at("delta", p.layer + 1, p.sample, j=k)


def sent_back(c: Sheet, p: Place) -> float:
    """The derivative of the objective by a hidden output."""
    return sum(path(c, p, k) for k in c.units(p.layer + 1))


def weight_slope(c: Sheet, p: Place) -> float:
    """The derivative of the objective by a weight."""
    samples = range(c.network.samples)
    return sum(c.at("delta", p.layer, s, j=p.j) * c.input(p.layer, s, p.i) for s in samples)


def bias_slope(c: Sheet, p: Place) -> float:
    """The derivative of the objective by a bias."""
    return sum(c.at("delta", p.layer, s, j=p.j) for s in range(c.network.samples))


def old_value(c: Sheet, p: Place) -> float:
    """The parameter that an update is of."""
    return c.weight(p.layer, p.i, p.j) if p.kind == "W+" else c.bias(p.layer, p.j)


def gradient(c: Sheet, p: Place) -> float:
    """The gradient of the weight or bias that a place is of."""
    return c.at("db" if p.kind.startswith("b") else "dW", p.layer, 0, p.i, p.j)


def velocity(c: Sheet, p: Place) -> float:
    """What momentum remembers of a weight."""
    return BETA * c.before("velocity", p) + gradient(c, p)


def first_moment(c: Sheet, p: Place) -> float:
    """Adam's mean of the gradients."""
    return BETA1 * c.before("m", p) + (1 - BETA1) * gradient(c, p)


def second_moment(c: Sheet, p: Place) -> float:
    """Adam's mean of their squares."""
    return BETA2 * c.before("v", p) + (1 - BETA2) * gradient(c, p) ** 2


def step(c: Sheet, p: Place) -> float:
    """What a weight or bias is moved by, before the learning rate."""
    if c.network.optimizer == "momentum":
        return c.at("velocity", p.layer, 0, p.i, p.j)
    if c.network.optimizer == "adam":
        return c.at("m_hat", p.layer, 0, p.i, p.j) / (math.sqrt(c.at("v_hat", p.layer, 0, p.i, p.j)) + EPSILON)
    return gradient(c, p)


def update(c: Sheet, p: Place) -> float:
    """A weight or bias after the update."""
    return old_value(c, p) - c.network.rate * step(c, p)


def after(c: Sheet, p: Place) -> float:
    """The objective with the new weights and biases."""
    network = c.network
    weights: list[Matrix] = [
        [[c.at("W+", layer, 0, i, j) for j in c.units(layer)] for i in c.entering(layer)]
        for layer in range(network.depth)
    ]
    biases: list[Vector] = [
        [c.at("b+", layer, j=j) if network.biases else 0.0 for j in c.units(layer)] for layer in range(network.depth)
    ]
    return sum(_sample_after(network, weights, biases, s) for s in range(network.samples)) * c.scale


def _sample_after(network: Network, weights: list[Matrix], biases: list[Vector], sample: int) -> float:
    values = network.inputs[sample]
    for layer in range(network.depth):
        net = [
            sum(value * row[j] for value, row in zip(values, weights[layer], strict=True)) + biases[layer][j]
            for j in range(network.sizes[layer + 1])
        ]
        name = network.activation(layer)
        values = softmax(net) if name == "softmax" else [activation(name, z) for z in net]
    return sum(term(network.loss, y, o) for y, o in zip(network.targets[sample], values, strict=True))


Formula = Callable[[Sheet, Place], float]

RIGHT: Final[dict[str, Formula]] = {
    "z": net_input,
    "h": output,
    "E": error,
    "S": sample_total,
    "L": total,
    "e": error_slope,
    "d": unit_slope,
    "delta": delta,
    "g": sent_back,
    "dW": weight_slope,
    "db": bias_slope,
    "velocity": velocity,
    "m": first_moment,
    "v": second_moment,
    "m_hat": lambda c, p: c.at("m", p.layer, 0, p.i, p.j) / (1 - BETA1 ** (c.epoch + 1)),
    "v_hat": lambda c, p: c.at("v", p.layer, 0, p.i, p.j) / (1 - BETA2 ** (c.epoch + 1)),
    "W+": update,
    "b+": update,
    "E+": after,
}

MEMORY: Final = {"sgd": (), "momentum": ("velocity",), "adam": ("m", "v", "m_hat", "v_hat")}
"""What an optimizer computes for a parameter before it moves it."""


def places(network: Network, epoch: int) -> Iterator[Place]:
    """All places of an epoch in the order of computation: a layer is updated before the one below is reached."""
    samples = range(network.samples)
    for layer in range(network.depth):
        for kind in "zh":
            yield from (Place(kind, epoch, layer, s, 0, j) for s in samples for j in range(network.sizes[layer + 1]))
    outputs = range(network.outputs)
    yield from (Place("E", epoch, 0, s, 0, j) for s in samples for j in outputs)
    yield from (Place("S", epoch, 0, s) for s in samples)
    yield Place("L", epoch)
    yield from (Place("e", epoch, 0, s, 0, j) for s in samples for j in outputs)
    for layer in reversed(range(network.depth)):
        yield from _backwards(network, epoch, layer)
    yield Place("E+", epoch)


def _backwards(network: Network, epoch: int, layer: int) -> Iterator[Place]:
    samples, units = range(network.samples), range(network.sizes[layer + 1])
    if layer < network.last:
        yield from (Place("g", epoch, layer, s, 0, j) for s in samples for j in units)
    whole = network.activation(layer) == "softmax"
    yield from (Place("d", epoch, layer, s, i, j) for s in samples for i in units for j in units if whole or i == j)
    yield from (Place("delta", epoch, layer, s, 0, j) for s in samples for j in units)
    weights = [(i, j) for i in range(network.sizes[layer]) for j in units]
    for kind in ("dW", *MEMORY[network.optimizer], "W+"):
        yield from (Place(kind, epoch, layer, 0, i, j) for i, j in weights)
    if network.biases:
        for kind in ("db", "b+"):
            yield from (Place(kind, epoch, layer, 0, 0, j) for j in units)
