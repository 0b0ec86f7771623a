"""Equations for the fuzzer: expressions made by the grammar, and those of configs with their tokens changed."""

from __future__ import annotations

import re
from random import Random

from backtrace.ops import MACROS, TABLE
from tests.fuzzing import texts

NAMES = ("s", "s", "p", "p", "x", "x", "u", "W", "B", "pi", "q")
"""Those of the config that equations are tried in, and one that is not there."""
NUMBERS = ("0", "1", "2", "0.5", "3", "-1", "1e3", "1e-3", "1e308", "1e-320", "710", "0.1", "10")
OPERATORS = ("+", "-", "*", "/", "**", "@")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
FUNCTIONS = tuple(name for name, row in TABLE.items() if not row.internal) + tuple(MACROS)
INDEXES = (
    "[0]",
    "[1]",
    "[-1]",
    "[0, 1]",
    "[:]",
    "[1:]",
    "[::2]",
    "[:, 0]",
    "[9]",
    "[[0, 1]]",
    "[t]",
    "[None]",
    "[...]",
)
OPTIONS = (
    "axis=0", "axis=1", "axis=-1", "axis=(0, 1)", "axis=None", "keepdims=True", "shape=(3, 2)", "shape=(-1,)", "size=3",
    "slope=0.2", "alpha=-1", "at_zero=1", "stride=2", "padding=1", "count=1e9", "n=3", "delta=0",
)  # fmt: skip
TOKEN = re.compile(r"\w+|\s+|\*\*|[<>=!]=|.", re.DOTALL)
WORDS = (
    *FUNCTIONS,
    *NAMES,
    *NUMBERS,
    *OPERATORS,
    *COMPARISONS,
    "(",
    ")",
    "[",
    "]",
    ",",
    ".T",
    ".",
    "=",
    ":",
    "'",
    "9**9**9",
)


def made(random: Random, depth: int) -> str:
    """An expression of the language; most fit no shapes, many do."""
    if depth <= 0:
        return random.choice(NAMES if random.random() < 0.7 else NUMBERS)
    inner = [made(random, depth - random.randrange(1, 3)) for _ in range(3)]
    match random.randrange(12):
        case 0 | 1 | 2 | 3:
            return f"{inner[0]} {random.choice(OPERATORS)} {inner[1]}"
        case 4:
            return f"({inner[0]})"
        case 5:
            return f"-{inner[0]}"
        case 6:
            return f"where({inner[0]} {random.choice(COMPARISONS)} {inner[1]}, {inner[2]}, {random.choice(inner)})"
        case 7:
            return f"({inner[0]}){random.choice((*INDEXES, '.T', '.T', '.T'))}"
        case 8:
            return f"{random.choice(FUNCTIONS)}({inner[0]}, {random.choice((*inner, *OPTIONS))})"
    return f"{random.choice(FUNCTIONS)}({inner[0]})"


def changed(text: str, random: Random) -> str:
    """An expression with one token changed, or wrapped in another expression, or with any other edit of a text."""
    match random.randrange(6):
        case 0:
            return texts.edited(text, random, made(random, 2))
        case 1:
            return made(random, 2).replace(random.choice(NAMES), f"({text})", 1)
    tokens = TOKEN.findall(text) or [""]
    at = random.randrange(len(tokens))
    match random.randrange(4):
        case 0:
            tokens[at] = ""
        case 1:
            tokens.insert(at, random.choice(WORDS))
        case 2:
            tokens[at] = f"({made(random, 1)})" if tokens[at].isalnum() else random.choice(WORDS)
        case _:
            tokens[at] = random.choice([each for each in WORDS if each.isalnum() == tokens[at].isalnum()])
    return "".join(tokens)
