"""HIPS autograd and jax: the error written once in numpy's functions, the gradient by the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.loads import Load, Run

Error = Callable[[Any], Any]
"""The objective of the parameters: the weights of all layers, and their biases."""


def hips(load: Load) -> Run:
    """HIPS autograd: traced anew in each step."""
    import autograd.numpy
    from autograd import value_and_grad

    slopes = value_and_grad(_error(load, autograd.numpy))
    parameters: Any = _start(load)
    rate = load.rate

    def run(steps: int) -> float:
        nonlocal parameters
        for _ in range(steps):
            loss, gradients = slopes(parameters)
            parameters = [
                [p - rate * g for p, g in zip(old, by, strict=True)]
                for old, by in zip(parameters, gradients, strict=True)
            ]
        return float(loss)

    return run


def jax_steps(load: Load) -> Run:
    """A compiled step, called from Python."""
    jax, step = _jax(load)
    parameters: Any = _start(load)
    compiled = jax.jit(step)

    def run(steps: int) -> float:
        nonlocal parameters
        for _ in range(steps):
            loss, parameters = compiled(parameters)
        return float(loss)

    return run


def jax_loop(load: Load) -> Run:
    """All steps in one compiled loop."""
    jax, step = _jax(load)
    parameters: Any = _start(load)

    def loop(steps: Any, parameters: Any) -> Any:
        return jax.lax.fori_loop(0, steps, lambda _, carry: step(carry[1]), (np.float64(0.0), parameters))

    compiled = jax.jit(loop)

    def run(steps: int) -> float:
        nonlocal parameters
        loss, parameters = compiled(steps, parameters)
        return float(loss)

    return run


def _jax(load: Load) -> tuple[Any, Callable[[Any], Any]]:
    """The library, and a step: the objective, and the new parameters."""
    import jax

    jax.config.update("jax_enable_x64", True)
    slopes = jax.value_and_grad(_error(load, jax.numpy))
    rate = load.rate

    def step(parameters: Any) -> Any:
        loss, gradients = slopes(parameters)
        return loss, jax.tree_util.tree_map(lambda p, g: p - rate * g, parameters, gradients)

    return jax, step


def _start(load: Load) -> Any:
    return [load.weights, load.biases]


def _error(load: Load, numpy: Any) -> Error:
    """The network and its error, in one of the libraries that offer numpy's functions."""
    x, y, share, with_biases = load.x, load.y, load.share, bool(load.biases)
    layers = range(len(load.weights))
    kinds = {
        "sigmoid": lambda v: 1 / (1 + numpy.exp(-v)),
        "tanh": numpy.tanh,
        "relu": lambda v: numpy.maximum(v, 0.0),
        "softmax": lambda v: v,
    }

    def squares(o: Any) -> Any:
        return 0.5 * share * numpy.sum((o - y) ** 2)

    def classes(t: Any) -> Any:
        most = numpy.max(t, axis=1, keepdims=True)
        return -share * numpy.sum(y * (t - most - numpy.log(numpy.sum(numpy.exp(t - most), axis=1, keepdims=True))))

    loss = {"half_squared_error": squares, "cross_entropy": classes}[load.loss]

    def error(parameters: Any) -> Any:
        weights, biases = parameters
        values: Any = x
        for k in layers:
            z = numpy.dot(values, weights[k])
            values = kinds[load.activation(k)](z + biases[k] if with_biases else z)
        return loss(values)

    return error
