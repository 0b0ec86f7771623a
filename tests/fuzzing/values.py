"""Edits of a value made of mappings, lists, texts and numbers: its parts changed, moved, renamed, made extreme."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS = (
    "0", "1", "-1", "2", "0.5", "-0.0", "1e-3", "1e3", "-1e3", "5e-324", "1e-320", "1e308", "-1e308", "1e309", "1e400",
    "1e-400", ".inf", "-.inf", ".nan", "nan", "9007199254740993", "0x10", "0o17", "1_000", "1e", "1.2.3", "+.5", "1.",
    "99999999999999999999999999", "3.0", "1e2",
)  # fmt: skip
ORDINARY = (0.0, 1.0, -1.0, 0.5, -0.25, 2.0, 0.1, 3, 1e-3, 10.0, -2.5)
EXTREME = (1e3, -1e3, 1e308, -1e308, 5e-324, 1e-320, 1e17, -0.0, 10**30, float("inf"), float("nan"))
ODD: Sequence[Any] = (None, True, False, "", " ", "x", "0.5", [], {}, [[]], [0.5], {"a": 1}, "W11", "σ", "a b", "h[1]")
WORDS = [
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "softplus",
    "silu",
    "hard_sigmoid",
    "step",
    "identity",
    "softmax",
    "log_softmax",
    "exp",
    "sin",
    "linear",
    "half_squared_error",
    "squared_error",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "hinge",
    "binary_cross_entropy",
    "cross_entropy",
    "kl_divergence",
    "sgd",
    "momentum",
    "nesterov",
    "adagrad",
    "rmsprop",
    "adadelta",
    "adam",
    "adamw",
    "amsgrad",
    "nadam",
    "lion",
    "sum",
    "mean",
    "zeros",
    "xavier_uniform",
    "xavier_normal",
    "he_uniform",
    "he_normal",
    "uniform",
    "normal",
    "W@x",
    "new_weights",
]
ADDED: Sequence[tuple[str, Any]] = (
    ("epochs", 2), ("epochs", 0), ("learning_rate", 0.1), ("learning_rate", "0.5/k"), ("learning_rate", [0.1, 1.0]),
    ("title", "[b]t[/b]"), ("reduce", "mean"), ("reduce", "sum"), ("optimizer", "adam"),
    ("optimizer", {"momentum": {}}),
    ("batch_size", 1), ("batch_size", 2), ("shuffle", {"seed": 1}), ("weight_decay", 0.01), ("until", "E_tot < 1e-3"),
    ("freeze", "W"), ("freeze", ["W", "b"]), ("train", ["x"]), ("report", {"r": "1 + 1"}),
    ("functions", {"f(x)": "x*x"}),
    ("loss", "half_squared_error"), ("loss", "cross_entropy"), ("minimize", "E"), ("maximize", {"L": "sum(E)"}),
    ("activation", "relu"), ("bias", 0.5), ("bias", None), ("name", "N"), ("pre", "q"), ("out", "r"), ("seed", 3),
    ("upstream", {"z": "1"}), ("gradients", {"W": [[1.0]]}), ("steps", {"t": "1..3"}), ("backward", "new_weights"),
    ("clip", {"norm": 1.0}), ("backtrace", 1), ("backtrace", 2),
)  # fmt: skip

Where = tuple[Any, Any]
"""A mapping or list of a value, and a key or position in it."""


def changed(value: Any, random: Random, other: Any, equation: Callable[[str, Random], str]) -> Any:
    """The value with one change; texts that look like equations are changed as such."""
    whole = {"": deepcopy(value)}
    places = [each for each in _places(whole) if each[0] is not whole] or list(_places(whole))
    weights = [edit[0] for edit in EDITS]
    edit = random.choices(EDITS, weights)[0][1]
    edit(places, random, Taken(other, equation))
    return whole.get("")


class Taken:
    """What an edit may take: values of another config, and the way an equation is changed."""

    def __init__(self, other: Any, equation: Callable[[str, Random], str]) -> None:
        self.places = list(_places({"": other}))
        self.equation = equation

    def value(self, random: Random) -> Any:
        """A value from anywhere in the other config."""
        holder, key = random.choice(self.places)
        return deepcopy(holder[key])


def _places(value: Any) -> Iterator[Where]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _of_type(places: list[Where], *types: type) -> list[Where]:
    return [(holder, key) for holder, key in places if isinstance(holder[key], types)]


def _number(choices: Sequence[Any]) -> Callable[[list[Where], Random, Taken], None]:
    def edit(places: list[Where], random: Random, taken: Taken) -> None:
        for holder, key in random.sample(numbers := _of_type(places, int, float), min(1, len(numbers))):
            holder[key] = random.choice(choices)

    return edit


def _all_numbers(places: list[Where], random: Random, taken: Taken) -> None:
    factor = random.choice((1e-3, -1.0, 10.0, 1e3, 1e150))
    for holder, key in _of_type(places, float):
        holder[key] *= factor


def _text(places: list[Where], random: Random, taken: Taken) -> None:
    """A text changed: a word to another word of the language, else as an equation."""
    for holder, key in random.sample(texts := _of_type(places, str), min(1, len(texts))):
        known = holder[key] in WORDS
        holder[key] = random.choice(WORDS) if known else taken.equation(holder[key], random)


def _delete(places: list[Where], random: Random, taken: Taken) -> None:
    holder, key = random.choice(places)
    del holder[key]


def _odd(places: list[Where], random: Random, taken: Taken) -> None:
    holder, key = random.choice(places)
    holder[key] = deepcopy(random.choice(ODD))


def _wrapped(places: list[Where], random: Random, taken: Taken) -> None:
    holder, key = random.choice(places)
    value = holder[key]
    holder[key] = random.choice(([value], {"values": value}, [value, value], {"name": "N", "values": value}))


def _other(places: list[Where], random: Random, taken: Taken) -> None:
    holder, key = random.choice(places)
    holder[key] = taken.value(random)


def _same_kind(places: list[Where], random: Random, taken: Taken) -> None:
    """A value from the other config that is of the same type, which more often means something."""
    holder, key = random.choice(places)
    alike = _of_type(taken.places, type(holder[key]))
    if alike:
        source, at = random.choice(alike)
        holder[key] = deepcopy(source[at])


def _add(places: list[Where], random: Random, taken: Taken) -> None:
    holders = [holder for holder, _ in places if isinstance(holder, dict)]
    key, value = random.choice(ADDED)
    if holders:
        (holders[0] if random.random() < 0.7 else random.choice(holders))[key] = deepcopy(value)


def _rename(places: list[Where], random: Random, taken: Taken) -> None:
    """A key under another name, of this config or of another; the order is kept."""
    mappings = [(holder, key) for holder, key in places if isinstance(holder, dict)]
    if not mappings:
        return
    holder, old = random.choice(mappings)
    names = [str(key) for _, key in [*mappings, *taken.places] if isinstance(key, str)]
    new = random.choice((random.choice(names), f"{old}_", str(old)[:-1], "E", "t", "1", "日本", "x#1", "a+b"))
    items = [(new if key == old else key, value) for key, value in holder.items()]
    holder.clear()
    holder.update(items)


def _repeat(places: list[Where], random: Random, taken: Taken) -> None:
    lists = [holder for holder, _ in places if isinstance(holder, list)]
    if lists:
        chosen = random.choice(lists)
        chosen.extend(deepcopy(chosen[-1:]) * random.choice((1, 1, 2, 12)))


def _swapped(places: list[Where], random: Random, taken: Taken) -> None:
    (left, a), (right, b) = random.choice(places), random.choice(places)
    left[a], right[b] = deepcopy(right[b]), deepcopy(left[a])


Edit = Callable[[list[Where], Random, Taken], None]
EDITS: Sequence[tuple[int, Edit]] = (
    (8, _number(ORDINARY)),
    (3, _number(EXTREME)),
    (3, _all_numbers),
    (5, _text),
    (2, _delete),
    (1, _odd),
    (1, _wrapped),
    (1, _other),
    (2, _same_kind),
    (4, _add),
    (2, _rename),
    (2, _repeat),
    (1, _swapped),
)
"""How often each is taken, against the others: more often those that leave a config that means something."""
