"""The work loads W1 to W4: a config each, and the same numbers as plain arrays for those who run it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backtrace.build import build
from backtrace.config import read
from backtrace.graph import Graph

Array = npt.NDArray[np.float64]
Run = Callable[[int], float]
"""Makes so many steps from where it stands; the objective before the last of them."""
Kept = list[tuple[Any, ...]]
"""Everything of each recorded step, as a peer holds it."""
RECORDED = 20
"""So many steps of a large network are recorded at once."""
CONFIGS = Path(__file__).parent.parent / "configs"


@dataclass(frozen=True)
class Load:
    """A network with its data, to be trained by full batches.

    ``least`` are the steps that a round makes at the least: a whole training has a beginning and an end.
    """

    name: str
    about: str
    config: Path
    hidden: str
    output: str
    loss: str
    least: int = 1

    @cached_property
    def graph(self) -> Graph:
        """The config as it is read and built."""
        return build(read(self.config))

    @property
    def rate(self) -> float:
        """The learning rate."""
        return float(self.graph.learning_rate or 0.0)

    @property
    def x(self) -> Array:
        """The inputs: samples by inputs."""
        return self._given("input").reshape(self.samples, -1)

    @property
    def y(self) -> Array:
        """The targets: samples by outputs."""
        return self._given("target").reshape(self.samples, -1)

    @property
    def samples(self) -> int:
        """How many samples."""
        return self.graph.samples or 1

    @property
    def share(self) -> float:
        """What a sample's error counts in the objective."""
        return 1 / self.samples if self.graph.reduce == "mean" else 1.0

    @property
    def weights(self) -> list[Array]:
        """The weights of each layer, inputs by units, copied."""
        return [array for array in self._trained() if array.ndim == 2]

    @property
    def biases(self) -> list[Array]:
        """The biases of each layer, copied; none where there are no biases."""
        return [array for array in self._trained() if array.ndim == 1]

    @property
    def parameters(self) -> Array:
        """Weights and biases layer after layer in one row, copied."""
        return np.concatenate([array.ravel() for array in self._trained()])

    def activation(self, layer: int) -> str:
        """The activation of a layer, counted from 0."""
        return self.output if layer == len(self.weights) - 1 else self.hidden

    def _trained(self) -> list[Array]:
        return [self.graph.givens[name].values.copy() for name in self.graph.trained]

    def _given(self, role: str) -> Array:
        (found,) = (given.values for given in self.graph.givens.values() if given.role == role)
        return found.copy()


def loads(folder: Path) -> list[Load]:
    """All of them; configs and data that do not ship with the program are written into a folder."""
    classes = [
        Load(f"W3/{samples}", f"784-128-10 ReLU, softmax, {samples} samples", _classes(folder, samples), *parts, least)
        for samples, least in ((64, 100), (1024, 40))
        for parts in (("relu", "softmax", "cross_entropy"),)
    ]
    squares = ("sigmoid", "sigmoid", "half_squared_error")
    return [
        Load("W1", "2-2-2 sigmoid, one sample", CONFIGS / "example.yaml", *squares),
        Load("W2", "2-3-1 sigmoid, biases, four samples", CONFIGS / "xor.yaml", *squares),
        *classes,
        Load("W4", "16, ten times 16, 1, tanh, 32 samples", _narrow(folder), "tanh", "tanh", "half_squared_error", 100),
    ]


def _classes(folder: Path, samples: int) -> Path:
    random = np.random.default_rng(0)
    data = folder / f"classes{samples}.npz"
    np.savez(data, x=random.normal(size=(samples, 784)), y=np.eye(10)[random.integers(0, 10, samples)])
    layers = [("he_normal", 128, "relu"), ("xavier_normal", 10, "softmax")]
    return _written(data, 0.1, layers, "cross_entropy")


def _narrow(folder: Path) -> Path:
    random = np.random.default_rng(0)
    data = folder / "narrow.npz"
    np.savez(data, x=random.normal(size=(32, 16)), y=random.normal(size=(32, 1)))
    return _written(data, 0.01, [("xavier_normal", units, "tanh") for units in (*[16] * 10, 1)], "half_squared_error")


def _written(data: Path, rate: float, layers: list[tuple[str, int, str]], loss: str) -> Path:
    """A config on the arrays x and y of a file."""
    parts = (("inputs", "x"), ("targets", "y"))
    given = "".join(f"{key}: {{file: {data.name}, arrays: {{{name}: {name}}}}}\n" for key, name in parts)
    written = "".join(
        f"  - {{units: {units}, weights: {{init: {init}, seed: {seed}}}, bias: {{init: zeros}}, activation: {kind}}}\n"
        for seed, (init, units, kind) in enumerate(layers, start=1)
    )
    config = data.with_suffix(".yaml")
    text = f"{given}reduce: mean\nlearning_rate: {rate}\nlayers:\n{written}loss: {loss}\n"
    config.write_text(text, encoding="utf-8")
    return config
