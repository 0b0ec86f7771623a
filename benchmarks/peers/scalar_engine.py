"""micrograd: an object for each scalar, sigmoid written as its operations are; for W1 and W2."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.loads import Kept, Load, Run


def trained(load: Load) -> Run | None:
    """Nothing is kept."""
    return _run(load, None)


def recorded(load: Load) -> Run | None:
    """The value and the gradient of each thing with a name are kept."""
    kept: Kept = []
    run = _run(load, kept)

    def emptied(steps: int) -> float:
        kept.clear()
        assert run
        return run(steps)

    return emptied


def sigmoid(v: Any) -> Any:
    """A sigmoid, as micrograd's own relu is made."""
    from micrograd.engine import Value

    s = 1 / (1 + math.exp(-v.data))
    out = Value(s, (v,), "sigmoid")

    def backward() -> None:
        v.grad += s * (1 - s) * out.grad

    out._backward = backward
    return out


def _run(load: Load, kept: Kept | None) -> Run | None:
    if load.hidden != "sigmoid":
        return None
    from micrograd.engine import Value

    layers = [[[Value(v) for v in unit] for unit in weights.T.tolist()] for weights in load.weights]
    biases = [[Value(v) for v in bias.tolist()] for bias in load.biases] or [[]] * len(layers)
    parameters = [v for layer in layers for unit in layer for v in unit]
    parameters += [v for bias in biases for v in bias]
    x, y, rate = load.x.tolist(), load.y.tolist(), load.rate

    def run(steps: int) -> float:
        for _ in range(steps):
            named, terms = [], []
            for inputs, targets in zip(x, y, strict=True):
                values = inputs
                for layer, bias in zip(layers, biases, strict=True):
                    sums = [_weighted(unit, values, bias[j] if bias else None) for j, unit in enumerate(layer)]
                    values = [sigmoid(z) for z in sums]
                    named += [*sums, *values]
                terms += [(o - target) ** 2 * 0.5 for o, target in zip(values, targets, strict=True)]
            loss = sum(terms[1:], terms[0])
            for p in parameters:
                p.grad = 0
            loss.backward()
            for p in parameters:
                p.data -= rate * p.grad
            if kept is not None:
                kept.append(tuple((v.data, v.grad) for v in (*named, *terms, loss, *parameters)))
        return float(loss.data)

    return run


def _weighted(weights: list[Any], values: list[Any], bias: Any) -> Any:
    """The sum that goes into a unit."""
    products = [w * v for w, v in zip(weights, values, strict=True)]
    first = products[0] if bias is None else products[0] + bias
    return sum(products[1:], first)
