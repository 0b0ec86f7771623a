"""Given arrays that are drawn instead of written out: the kinds, the generators, and the draw itself.

Every kind is a straight line ``start + spread·d`` of a draw ``d``, so that a row of the table says all about it and the
numbers are those of the usual ``2*rand - 1`` or ``0.01*randn`` to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np

from backtrace.config.records import Array, Config, Given, Init
from backtrace.errors import ConfigError, Fault
from backtrace.records import dataclass
from backtrace.words import Note

MOST_NUMBERS: Final = 10_000_000
"""An array of more is refused before it is made: 80 MB."""
GLOROT: Final = "Glorot and Bengio 2010"
HE: Final = "He et al. 2015"
LECUN: Final = "LeCun et al. 1998"

Options = Mapping[str, float]
Draw = Literal["none", "uniform", "normal", "integers"]
NO_OPTIONS: Final[Mapping[str, float | None]] = MappingProxyType({})
FAN_IN: Final[Mapping[str, float | None]] = MappingProxyType({"fan_in": None})
FANS: Final[Mapping[str, float | None]] = MappingProxyType({"fan_in": None, "fan_out": None})


@dataclass(frozen=True)
class Kind:
    """A kind of initial value: ``start + spread·d`` of a draw d, or a constant.

    Attributes:
        name: how a config calls it.
        draw: what d is: uniform in [0, 1), standard normal, a whole number, or none.
        formula: one element, with u for a uniform and n for a normal draw.
        about: what it is.
        line: start and spread from the options.
        options: their names with the values they have if not stated; None if they must be.
        source: where it was published.
    """

    name: str
    draw: Draw
    formula: str
    about: str
    line: Callable[[Options], tuple[float, float]]
    options: Mapping[str, float | None] = field(default_factory=lambda: NO_OPTIONS)
    source: str = ""


def _within(bound: float) -> tuple[float, float]:
    """The line of a uniform draw between -bound and bound."""
    return -bound, 2 * bound


KINDS: Final = {
    row.name: row
    for row in (
        Kind("zeros", "none", "0", "all zero", lambda o: (0.0, 0.0)),
        Kind("ones", "none", "1", "all one", lambda o: (1.0, 0.0)),
        Kind("constant", "none", "value", "one number", lambda o: (o["value"], 0.0), {"value": None}),
        Kind(
            "uniform",
            "uniform",
            "low + (high - low)*u",
            "evenly between two numbers",
            lambda o: (o["low"], o["high"] - o["low"]),
            {"low": 0.0, "high": 1.0},
        ),
        Kind(
            "random",
            "uniform",
            "shift + scale*u",
            "the same, as many programs write it",
            lambda o: (o["shift"], o["scale"]),
            {"scale": 1.0, "shift": 0.0},
        ),
        Kind(
            "normal",
            "normal",
            "mean + std*n",
            "normally distributed",
            lambda o: (o["mean"], o["std"]),
            {"mean": 0.0, "std": 1.0},
        ),
        Kind(
            "integers",
            "integers",
            "i",
            "whole numbers i, low <= i < high",
            lambda o: (0.0, 1.0),
            {"low": 0.0, "high": None},
        ),
        Kind(
            "xavier_uniform",
            "uniform",
            "sqrt(6/(fan_in + fan_out))*(2*u - 1)",
            "keeps the variance forward and back",
            lambda o: _within(math.sqrt(6 / (o["fan_in"] + o["fan_out"]))),
            FANS,
            GLOROT,
        ),
        Kind(
            "xavier_normal",
            "normal",
            "sqrt(2/(fan_in + fan_out))*n",
            "the same, normally distributed",
            lambda o: (0.0, math.sqrt(2 / (o["fan_in"] + o["fan_out"]))),
            FANS,
            GLOROT,
        ),
        Kind(
            "he_uniform",
            "uniform",
            "sqrt(6/fan_in)*(2*u - 1)",
            "keeps the variance through ReLU",
            lambda o: _within(math.sqrt(6 / o["fan_in"])),
            FAN_IN,
            HE,
        ),
        Kind(
            "he_normal",
            "normal",
            "sqrt(2/fan_in)*n",
            "the same, normally distributed",
            lambda o: (0.0, math.sqrt(2 / o["fan_in"])),
            FAN_IN,
            HE,
        ),
        Kind(
            "lecun_uniform",
            "uniform",
            "sqrt(3/fan_in)*(2*u - 1)",
            "keeps the variance forward",
            lambda o: _within(math.sqrt(3 / o["fan_in"])),
            FAN_IN,
            LECUN,
        ),
        Kind(
            "lecun_normal",
            "normal",
            "sqrt(1/fan_in)*n",
            "the same, normally distributed",
            lambda o: (0.0, math.sqrt(1 / o["fan_in"])),
            FAN_IN,
            LECUN,
        ),
    )
}


@dataclass(frozen=True)
class Generator:
    """A source of random numbers: numpy's own object, and what its draw of whole numbers is called."""

    name: str
    title: str
    make: Callable[[int], Any]
    integers: str


# numpy imports its generators when they are asked for, so the table does not ask
GENERATORS: Final = {
    row.name: row
    for row in (
        Generator("pcg64", "numpy default_rng, PCG64", lambda seed: np.random.default_rng(seed), "integers"),
        Generator("legacy", "numpy.random.seed, MT19937", lambda seed: np.random.RandomState(seed), "randint"),
    )
}


def pending(init: Init, shape: tuple[int, ...]) -> Array:
    """The values of an array that is not drawn yet: zeros that take no room.

    Raises:
        ConfigError: the array is too large.
    """
    if math.prod(shape) > MOST_NUMBERS:
        message = f"an array of {'x'.join(map(str, shape))} is too large"
        raise ConfigError(Fault(message, init.node.place, f"at most {MOST_NUMBERS:,} numbers"))
    return np.broadcast_to(np.float64(0), shape)


def drawn(config: Config) -> Config:
    """The config with its pending arrays drawn, in the order of the file, and a note on how.

    Raises:
        ConfigError: a number that was drawn is not finite.
    """
    waiting = [(at, given.init) for at, given in enumerate(config.givens) if given.init is not None]
    if not waiting:
        return config
    givens, streams = list(config.givens), _Streams(config.seed or 0)
    for at, init in sorted(waiting, key=lambda pair: (pair[1].node.place.line, pair[1].node.place.column)):
        init = replace(init, generator=init.generator or config.generator)
        given = replace(givens[at], init=init)
        givens[at] = replace(given, values=_values(given, init, config.column_vectors, streams.of(init)))
    return replace(config, givens=tuple(givens), notes=(*config.notes, *_notes(givens, config.seed)))


class _Streams:
    """The generators in use: one for each array with a seed of its own, one of each name for the others."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.shared: dict[str, Any] = {}

    def of(self, init: Init) -> Any:
        row = GENERATORS[init.generator or "pcg64"]
        if init.seed is not None:
            return row.make(init.seed)
        if row.name not in self.shared:
            self.shared[row.name] = row.make(self.seed)
        return self.shared[row.name]


def _values(given: Given, init: Init, column_vectors: bool, stream: Any) -> Array:
    row, shape = KINDS[init.kind], given.values.shape
    stated = {name: value for name, value in row.options.items() if value is not None}
    options = {**_fans(init, shape, column_vectors), **stated, **init.options}
    start, spread = row.line(options)
    stream.random(init.skip)
    with np.errstate(all="ignore"):
        values = np.asarray(start + spread * _draw(row, init, options, stream, shape), dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise ConfigError(Fault(f"{row.name} gives numbers that are not finite", init.node.place, "smaller options"))
    return values


def _fans(init: Init, shape: tuple[int, ...], column_vectors: bool) -> dict[str, float]:
    """How many values enter and leave: those of the layer, or by a matrix's own rows and columns."""
    if init.fans is None and len(shape) != 2:
        return {}
    rows, columns = init.fans or (shape[::-1] if column_vectors else shape)
    return {"fan_in": rows, "fan_out": columns}


def _draw(row: Kind, init: Init, options: Options, stream: Any, shape: tuple[int, ...]) -> Any:
    if row.draw == "uniform":
        return stream.random(shape)
    if row.draw == "normal":
        return stream.standard_normal(shape)
    if row.draw == "integers":
        integers = getattr(stream, GENERATORS[init.generator or "pcg64"].integers)
        return integers(int(options["low"]), int(options["high"]), shape)
    return np.zeros(shape)


def _notes(givens: list[Given], seed: int | None) -> list[Note]:
    """What was drawn, by which kind, from which seed of which generator; arrays drawn alike in one note."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for given in givens:
        if given.init is not None and KINDS[given.init.kind].draw != "none":
            alike.setdefault(_how(given.init, seed), []).append(given.name)
    return [
        Note("drawn", {"names": ", ".join(names), "kind": kind, "seed": own, "generator": generator})
        for (kind, own, generator), names in alike.items()
    ]


def _how(init: Init, seed: int | None) -> tuple[str, str, str]:
    """The kind with its options, the seed, the generator."""
    options = "".join(f" {name} {value:g}" for name, value in init.options.items())
    own = seed if init.seed is None else init.seed
    return f"{init.kind}{options}", str(own), GENERATORS[init.generator or "pcg64"].title
