"""Numpy at its best by hand: memory made once, bound products with the result given, one buffer for all parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.loads import Array, Load, Run

Call = tuple[Any, ...]
"""A function and its arguments."""


def trained(load: Load) -> Run:
    """Any network of dense layers: units by samples, a row of ones below each layer for the bias of the next."""
    net = _Net(load)
    calls = [(call[0], call[1:]) for call in net.calls()]
    loss = net.loss

    def run(steps: int) -> float:
        losses = []
        for _ in range(steps):
            for function, arguments in calls:
                function(*arguments)
            losses.append(loss.item())
        return losses[-1]

    return run


class _Net:
    """Buffers of a network, and the calls of a step."""

    def __init__(self, load: Load) -> None:
        self.load, n = load, load.samples
        self.ones = int(bool(load.biases))
        shapes = [(w.shape[0] + self.ones, w.shape[1]) for w in load.weights]
        sizes = [rows * units for rows, units in shapes]
        self.values, self.slopes = np.empty(sum(sizes)), np.empty(sum(sizes))
        ends = np.cumsum(sizes)
        self.w = [self.values[e - s : e].reshape(shape) for e, s, shape in zip(ends, sizes, shapes, strict=True)]
        self.g = [self.slopes[e - s : e].reshape(shape) for e, s, shape in zip(ends, sizes, shapes, strict=True)]
        for k, weights in enumerate(load.weights):
            self.w[k][: len(weights)] = weights
            if load.biases:
                self.w[k][-1] = load.biases[k]
        self.h = [np.ones((w.shape[0], n)) for w in self.w] + [np.empty((self.w[-1].shape[1], n))]
        self.h[0][: load.x.shape[1]] = load.x.T
        self.y = np.ascontiguousarray(load.y.T)
        self.loss = np.zeros(())

    def out(self, layer: int) -> Array:
        """What a layer gives: units by samples, without the ones."""
        return self.h[layer + 1][: self.w[layer].shape[1]]

    def calls(self) -> list[Call]:
        """Forward, backward, update."""
        found: list[Call] = []
        last = len(self.w) - 1
        for k in range(last + 1):
            found.append((self.w[k].T.dot, self.h[k], self.out(k)))
            found += ACTIVATIONS[self.load.activation(k)](self.out(k))
        d = np.empty_like(self.y)
        found += self.error(self.out(last), d)
        for k in reversed(range(last + 1)):
            found.append((self.h[k].dot, d.T, self.g[k]))
            if k:
                below = self.w[k][: self.w[k - 1].shape[1]]
                d, above = np.empty((below.shape[0], d.shape[1])), d
                found.append((below.dot, above, d))
                found += SLOPES[self.load.activation(k - 1)](self.out(k - 1), d)
        rate = np.full(self.values.shape, self.load.rate)
        return [
            *found,
            (np.multiply, self.slopes, rate, self.slopes),
            (np.subtract, self.values, self.slopes, self.values),
        ]

    def error(self, o: Array, d: Array) -> list[Call]:
        """The error, and what flows back into the last layer's sums."""
        share = np.full(o.shape, self.load.share)
        scaled: list[Call] = [(np.multiply, d, share, d)] if self.load.share != 1 else []
        difference: Call = (np.subtract, o, self.y, d)
        if self.load.loss == "cross_entropy":
            logs = np.empty(o.shape)
            found: list[Call] = [(np.log, o, logs), (logs.ravel().dot, self.y.ravel(), self.loss), difference]
            return [*found, *self.scaled(-self.load.share), *scaled]
        row = d.ravel()
        found = [difference, (row.dot, row, self.loss), *self.scaled(0.5 * self.load.share)]
        return [*found, *scaled, *SLOPES[self.load.output](o, d)]

    def scaled(self, factor: float) -> list[Call]:
        """The error times a number."""
        return [(np.multiply, self.loss, np.full((), factor), self.loss)]


def _sigmoid(v: Array) -> list[Call]:
    one = np.ones(v.shape)
    return [(np.negative, v, v), (np.exp, v, v), (np.add, v, one, v), (np.reciprocal, v, v)]


def _softmax(v: Array) -> list[Call]:
    sums = np.empty(v.shape[1])
    return [
        (np.maximum.reduce, v, 0, None, sums),
        (np.subtract, v, sums, v),
        (np.exp, v, v),
        (np.add.reduce, v, 0, None, sums),
        (np.divide, v, sums, v),
    ]


def _sigmoid_slope(h: Array, d: Array) -> list[Call]:
    one, rest = np.ones(h.shape), np.empty(h.shape)
    return [(np.subtract, one, h, rest), (np.multiply, rest, h, rest), (np.multiply, d, rest, d)]


def _tanh_slope(h: Array, d: Array) -> list[Call]:
    one, rest = np.ones(h.shape), np.empty(h.shape)
    return [(np.multiply, h, h, rest), (np.subtract, one, rest, rest), (np.multiply, d, rest, d)]


def _relu_slope(h: Array, d: Array) -> list[Call]:
    on, zero = np.empty(h.shape, dtype=bool), np.zeros(())
    return [(np.greater, h, zero, on), (np.multiply, d, on, d)]


ACTIVATIONS: dict[str, Callable[[Array], list[Call]]] = {
    "sigmoid": _sigmoid,
    "tanh": lambda v: [(np.tanh, v, v)],
    "relu": lambda v: [(np.maximum, v, np.zeros(()), v)],
    "softmax": _softmax,
}
SLOPES: dict[str, Callable[[Array, Array], list[Call]]] = {
    "sigmoid": _sigmoid_slope,
    "tanh": _tanh_slope,
    "relu": _relu_slope,
}
