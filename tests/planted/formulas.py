"""What slips make of a number, and in which layers of which networks they can be made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.planted.networks import EPSILON, Network
from tests.planted.sheet import RIGHT, Formula, Place, Sheet, activation, old_value

Where = Callable[[Network, int], bool]

# ── where ──


def biased(network: Network, layer: int) -> bool:
    """With biases."""
    return bool(network.biases)


def two_units(network: Network, layer: int) -> bool:
    """With a neighbour."""
    return network.sizes[layer + 1] > 1


def two_biases(network: Network, layer: int) -> bool:
    """With the bias of a neighbour."""
    return biased(network, layer) and two_units(network, layer)


def square(network: Network, layer: int) -> bool:
    """With weights that can be read transposed."""
    return network.square(layer)


def inner(network: Network, layer: int) -> bool:
    """Below the last layer."""
    return layer < network.last


def above_first(network: Network, layer: int) -> bool:
    """Above the first layer."""
    return layer > 0


def last(network: Network, layer: int) -> bool:
    """The last layer."""
    return layer == network.last


def single(network: Network, layer: int) -> bool:
    """With an activation of one number at a time that has a derivative worth the name."""
    return network.activation(layer) in ("sigmoid", "tanh", "relu")


def smooth(network: Network, layer: int) -> bool:
    """With an activation whose derivative is mostly written by its value."""
    return network.activation(layer) in ("sigmoid", "tanh")


def softmax(network: Network, layer: int) -> bool:
    """The softmax."""
    return network.activation(layer) == "softmax"


def square_above(network: Network, layer: int) -> bool:
    """Below a layer whose weights can be read transposed."""
    return inner(network, layer) and network.square(layer + 1)


def forked(network: Network, layer: int) -> bool:
    """Below several units."""
    return inner(network, layer) and network.sizes[layer + 2] > 1


def below_last(network: Network, layer: int) -> bool:
    """Right below the last layer, whose derivative is not 1."""
    return layer == network.last - 1 and network.output == "sigmoid"


def batch(network: Network, layer: int) -> bool:
    """With several samples."""
    return network.samples > 1


def losses(*names: str) -> Where:
    """With one of these losses."""
    return lambda network, layer: any(name in network.loss for name in names)


def both(*conditions: Where) -> Where:
    """Where all of them hold."""
    return lambda network, layer: all(condition(network, layer) for condition in conditions)


# ── what formulas need ──


def right(c: Sheet, p: Place) -> float:
    """The right number at a place."""
    return RIGHT[p.kind](c, p)


def times(factor: float) -> Formula:
    """The right number times a factor."""
    return lambda c, p: factor * right(c, p)


def neighbour(c: Sheet, p: Place) -> Place:
    """The place of the next unit, or of the first after the last."""
    return p._replace(j=(p.j + 1) % c.network.sizes[p.layer + 1])


def product(c: Sheet, p: Place) -> float:
    """The last product of a net input."""
    k = c.network.sizes[p.layer] - 1
    return c.weight(p.layer, k, p.j) * c.input(p.layer, p.sample, k)


def summed(c: Sheet, p: Place, value: Callable[[int], float]) -> float:
    """A net input from other values than those that enter."""
    return sum(c.weight(p.layer, i, p.j) * value(i) for i in c.entering(p.layer)) + c.bias(p.layer, p.j)


def z_transposed(c: Sheet, p: Place) -> float:
    """Rows and columns exchanged."""
    total = sum(c.weight(p.layer, p.j, i) * c.input(p.layer, p.sample, i) for i in c.entering(p.layer))
    return total + c.bias(p.layer, p.j)


OTHER: Final = {"sigmoid": "tanh", "tanh": "sigmoid", "relu": "sigmoid"}
"""The activation that is taken for another."""


def other_activation(c: Sheet, p: Place) -> float:
    """Another function of the net input."""
    return activation(OTHER[c.network.activation(p.layer)], c.at("z", p.layer, p.sample, j=p.j))


def top(c: Sheet, p: Place) -> float:
    """The output that an error is of."""
    return c.at("h", c.network.last, p.sample, j=p.j)


def target(c: Sheet, p: Place) -> float:
    """The target of an output."""
    return c.network.targets[p.sample][p.j]


def exchanged_target(c: Sheet, p: Place) -> Sheet:
    """A sheet that has the targets of the next output, or of the next sample."""
    targets = c.network.targets
    other = [row[1:] + row[:1] for row in targets] if c.network.outputs > 1 else targets[1:] + targets[:1]
    return with_network(c, replace(c.network, targets=other))


def with_network(c: Sheet, network: Network) -> Sheet:
    """The same sheet as one of another network would read it."""
    other = Sheet.__new__(Sheet)
    other.network, other.slip, other.used, other.printed, other.epoch = network, c.slip, c.used, c.printed, c.epoch
    return other


def square_of_sum(c: Sheet, p: Place) -> float:
    """The squared sum of the differences."""
    differences = (target(c, p._replace(j=j)) - top(c, p._replace(j=j)) for j in range(c.network.outputs))
    return sum(differences) ** 2 * (0.5 if c.network.loss == "half_squared_error" else 1 / c.network.outputs)


def one_minus_log(c: Sheet, p: Place) -> float:
    """1 - ln o for ln(1 - o)."""
    y, o = target(c, p), top(c, p)
    return -(y * math.log(o) + (1 - y) * (1 - math.log(o)))


def other_slope(c: Sheet, p: Place) -> float:
    """The derivative of another loss: of the squared error for an entropy, of the entropy for a squared error."""
    y, o = target(c, p), top(c, p)
    return c.scale * ((o - y) if "entropy" in c.network.loss else (o - y) / (o * (1 - o)))


def slope_at_net_input(c: Sheet, p: Place) -> float:
    """The short form of the derivative with the net input put in."""
    z = c.at("z", p.layer, p.sample, j=p.j)
    return z * (1 - z) if c.network.activation(p.layer) == "sigmoid" else 1 - z * z


def upstream(c: Sheet, p: Place) -> float:
    """What reaches a unit from above."""
    return c.at("g", p.layer, p.sample, j=p.j) if p.layer < c.network.last else c.at("e", sample=p.sample, j=p.j)


def unit(kind: str) -> Formula:
    """A number of the same unit."""
    return lambda c, p: c.at(kind, p.layer, p.sample, j=p.j)


def local(c: Sheet, p: Place) -> float:
    """The derivative of the activation of a unit."""
    return c.at("d", p.layer, p.sample, p.j, p.j)


def sent(value: Callable[[Sheet, Place, int], float]) -> Formula:
    """What is sent back if every way carries something else."""
    return lambda c, p: sum(value(c, p, k) for k in c.units(p.layer + 1))


def above(c: Sheet, p: Place, k: int) -> float:
    """The derivative by the net input of the unit above."""
    return c.at("delta", p.layer + 1, p.sample, j=k)


def share(c: Sheet, p: Place, k: int) -> float:
    """The part of a weight in all that enter the unit above."""
    entering = c.entering(p.layer + 1)
    return c.weight(p.layer + 1, p.j, k) / sum(abs(c.weight(p.layer + 1, i, k)) for i in entering)


def other_input(c: Sheet, p: Place) -> float:
    """With the next of the inputs."""
    return right(c, p._replace(i=(p.i + 1) % c.network.sizes[p.layer]))


def last_sample(c: Sheet, p: Place) -> float:
    """Of the last sample alone."""
    s = c.network.samples - 1
    entering = c.input(p.layer, s, p.i) if p.kind == "dW" else 1.0
    return c.at("delta", p.layer, s, j=p.j) * entering


def moved(factor: Formula) -> Formula:
    """A value that is moved by something else."""
    return lambda c, p: old_value(c, p) + factor(c, p)


def root_of_all(c: Sheet, p: Place) -> float:
    """Epsilon inside the root."""
    corrected = c.at("v_hat", p.layer, 0, p.i, p.j)
    return old_value(c, p) - c.network.rate * c.at("m_hat", p.layer, 0, p.i, p.j) / math.sqrt(corrected + EPSILON)


SQUARED: Final = losses("squared")
BINARY: Final = losses("binary")
ENTROPY: Final = losses("entropy")
HALF: Final = losses("half")
MEAN_SQUARED: Final = losses("mean")
