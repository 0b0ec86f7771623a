"""Random networks, many of them saturated, with their gradients beside the complex step of a forward pass of its own.

``python -m tests.random_networks 20000`` looks at as many and says how far the worst is off.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import erfc, pi, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from backtrace import yamlfile
from backtrace.build import build
from backtrace.config import from_document
from backtrace.executor import evaluate
from backtrace.graph import RATE, Graph

Array = npt.NDArray[Any]
STEP = 1e-30
SMALLEST = 1e-60
"""Below it a gradient is the exponential of a number that is itself rounded: its relative error says nothing."""
VALUES = 10
"""So many times an architecture gets other numbers."""


# ── the forward pass on complex numbers, written once more ─────────────────────────────────────────────


def sigmoid(z: Array) -> Array:
    small = np.exp(np.where(z.real >= 0, -z, z))
    return np.asarray(np.where(z.real >= 0, 1.0, small) / (1 + small))


def softplus(z: Array) -> Array:
    positive = z.real >= 0
    return np.where(positive, z, 0) + np.log1p(np.exp(np.where(positive, -z, z)))


def softmax(z: Array) -> Array:
    """Over the sum of differences, so that an element's own is exactly 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        apart = np.exp(np.clip((d := z[..., None, :] - z[..., :, None]).real, -745, 709) + 1j * d.imag)
    return np.asarray(1 / apart.sum(axis=-1))


def gelu(z: Array) -> Array:
    value = np.vectorize(lambda x: 0.5 * erfc(-x / sqrt(2)), otypes=[float])(z.real)
    slope = np.exp(-(z.real**2) / 2) / sqrt(2 * pi)
    return np.asarray(z * (value + 1j * slope * z.imag))


def piecewise(above: Callable[[Array], Array], below: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda z: np.where(z.real > 0, above(z), below(np.where(z.real > 0, 0, z)))


def exponential(scale: float, alpha: float) -> Callable[[Array], Array]:
    return piecewise(lambda z: scale * z, lambda z: scale * alpha * np.expm1(z))


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": piecewise(lambda z: z, lambda z: 0 * z),
    "leaky_relu": piecewise(lambda z: z, lambda z: 0.01 * z),
    "elu": exponential(1.0, 1.0),
    "selu": exponential(1.0507009873554805, 1.6732632423543772),
    "softplus": softplus,
    "silu": lambda z: z * sigmoid(z),
    "gelu": gelu,
    "softmax": softmax,
}


def half_squared(z: Array, out: Array, y: Array) -> Array:
    return np.asarray(((y - out) ** 2 / 2).sum(axis=(-2, -1)))


def binary(z: Array, out: Array, y: Array) -> Array:
    return np.asarray((y * softplus(-z) + (1 - y) * softplus(z)).sum(axis=(-2, -1)))


def entropy(z: Array, out: Array, y: Array) -> Array:
    """From the differences to each class's own logit."""
    apart = z[..., None, :] - z[..., :, None]
    top = np.max(apart.real, axis=-1, keepdims=True)
    whole = np.log(np.exp(apart - top).sum(axis=-1)) + top[..., 0]
    return np.asarray((y * whole).sum(axis=(-2, -1)))


LOSSES: Mapping[str, Callable[[Array, Array, Array], Array]] = {
    "half_squared_error": half_squared,
    "binary_cross_entropy": binary,
    "cross_entropy": entropy,
}
ENDS = [
    *((name, "half_squared_error") for name in ACTIVATIONS),
    *[("sigmoid", "binary_cross_entropy")] * 4,
    *[("softmax", "cross_entropy")] * 4,
]


# ── networks ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Case:
    """A graph, the activations of its layers and its loss."""

    graph: Graph
    activations: tuple[str, ...]
    loss: str
    text: str


def architecture(random: np.random.Generator) -> Case:
    """Layers, units, activations, samples and a loss."""
    count, samples = int(random.integers(1, 7)), int(random.integers(1, 5))
    sizes = [int(size) for size in random.integers(1, 7, count + 1)]
    last, loss = ENDS[random.integers(len(ENDS))]
    hidden = [str(name) for name in random.choice([name for name in ACTIVATIONS if name != "softmax"], count - 1)]
    lines = [f"inputs: {[[1.0] * sizes[0]] * samples}", f"targets: {[[1.0] * sizes[-1]] * samples}", f"loss: {loss}"]
    lines += ["reduce: sum", "learning_rate: 0.1", "layers:"]
    for at, activation in enumerate([*hidden, last]):
        weights = [[1.0] * sizes[at + 1]] * sizes[at]
        lines.append(f"  - {{weights: {weights}, bias: {[0.0] * sizes[at + 1]}, activation: {activation}}}")
    text = "\n".join(lines) + "\n"
    return Case(build(from_document(yamlfile.parse(text, "random.yaml"))), (*hidden, last), loss, text)


def values(case: Case, random: np.random.Generator) -> dict[str, Array]:
    """Numbers for what is given: weights from small to saturating, inputs up to 1,000 now and then."""
    found = {}
    spread = 10 ** random.uniform(-1, 1.3)
    for name, given in case.graph.givens.items():
        shape = given.values.shape
        if given.role == "target":
            found[name] = targets(case.loss, shape, random)
        elif given.role == "parameter":
            found[name] = random.normal(0, spread, shape)
        else:
            # what nothing bounds would lose digits to the sums of such inputs, whatever computes it
            bounded = case.activations[0] in ("sigmoid", "tanh")
            found[name] = random.uniform(-1, 1, shape) * (1000 if bounded and random.random() < 0.3 else 1)
    return found


def targets(loss: str, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """One-hot for cross-entropy; 0 or 1 for the binary one; else anything."""
    if loss == "cross_entropy":
        return np.eye(shape[-1])[random.integers(shape[-1], size=shape[:-1])]
    if loss == "binary_cross_entropy":
        return random.integers(0, 2, shape).astype(float)
    return random.normal(0, 1, shape)


def cases(count: int, seed: int) -> Iterator[tuple[Case, dict[str, Array]]]:
    """So many networks."""
    random = np.random.default_rng(seed)
    for number in range(count):
        if number % VALUES == 0:
            case = architecture(random)
        yield case, values(case, random)


def complex_step(case: Case, given: Mapping[str, Array]) -> dict[str, Array]:
    """The derivative by every parameter: one forward pass for all of them, each moved in its own."""
    names = list(case.graph.trained)
    sizes = [given[name].size for name in names]
    moved: dict[str, Array] = {}
    for at, name in enumerate(names):
        own = np.zeros((sum(sizes), sizes[at]), dtype=complex)
        own[sum(sizes[:at]) : sum(sizes[: at + 1])] = 1j * STEP * np.eye(sizes[at])
        moved[name] = given[name] + own.reshape(-1, *given[name].shape)
    data = {g.role: given[g.name] for g in case.graph.givens.values() if g.role != "parameter"}
    h = data["input"].astype(complex)[None]
    z = h
    for (weights, bias), activation in zip(zip(names[::2], names[1::2], strict=True), case.activations, strict=True):
        z = h @ moved[weights] + moved[bias][:, None, :]
        h = ACTIVATIONS[activation](z)
    slopes = LOSSES[case.loss](z, h, data["target"]).imag / STEP
    parts = np.split(slopes, np.cumsum(sizes)[:-1])
    return {name: part.reshape(given[name].shape) for name, part in zip(names, parts, strict=True)}


def error(case: Case, given: Mapping[str, Array], graph: Graph) -> float:
    """How far the gradient is off, relative to the greatest of its components."""
    with np.errstate(all="ignore"):
        expected = complex_step(case, given)
        found = evaluate((*graph.run, *graph.gradients), {**given, RATE: np.asarray(0.1)}, graph.samples)
    scale = max(float(np.max(np.abs(array))) for array in expected.values())
    off = max(float(np.max(np.abs(found[graph.gradient_of[name]] - array))) for name, array in expected.items())
    return off / max(scale, SMALLEST)


def main(count: int) -> None:
    """Print how far the worst of so many networks is off, and what it is."""
    found = ((error(case, given, case.graph), number, case) for number, (case, given) in enumerate(cases(count, 2026)))
    worst, number, case = max(found, key=lambda each: each[0])
    what = f"number {number}: {' '.join(case.activations)}, {case.loss}"
    print(f"{count:,} networks: the worst is off by {worst:.1e} ({what})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
