"""Configs of any size, by what grows: the texts that growth is measured with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final


def wide(size: int) -> str:
    """Two layers of so many units on so many inputs."""
    layers = [f"{{weights: {{init: normal}}, units: {size}, activation: tanh}}", "{weights: {init: normal}, units: 1}"]
    return _layered(size, layers, "y: 1")


def deep(size: int) -> str:
    """So many layers of four units."""
    layer = "{weights: {init: normal, std: 0.5}, units: 4, bias: {init: zeros}, activation: tanh}"
    return _layered(4, [layer] * size, "[1, 0, 1, 0]")


def sampled(size: int) -> str:
    """So many samples through 16 units."""
    rows = [[round(0.1 + at / size, 6), 0.2] for at in range(size)]
    layer = "{weights: {init: normal}, units: 16, activation: tanh}"
    return (
        f"seed: 1\nlearning_rate: 0.01\nreduce: mean\ninputs: {rows}\ntargets: {[[1.0]] * size}\n"
        f"layers: [{layer}, {{weights: {{init: normal}}, units: 1}}]\nloss: squared_error\n"
    )


def stated(size: int) -> str:
    """A chain of so many equations, each with parameters of its own."""
    chain = "".join(f"  a{k}: tanh(w{k}*a{k - 1} + b{k})\n" for k in range(1, size + 1))
    own = ", ".join(f"w{k}: 0.5, b{k}: 0.1" for k in range(1, size + 1))
    return (
        f"inputs: {{a0: 0.3}}\ntargets: {{y: 1}}\nparameters: {{{own}}}\nlearning_rate: 0.1\n"
        f"equations:\n{chain}  E: (a{size} - y)**2\nminimize: E\n"
    )


def recurrent(size: int) -> str:
    """A recurrence of so many steps over shared parameters."""
    return (
        f"inputs: {{x: {[0.1] * size}, y: 0.7}}\nparameters: {{w: 0.5, u: 0.9}}\nlearning_rate: 0.1\n"
        f"steps: {{t: 1..{size}}}\n"
        f"equations:\n  h[0]: 0\n  h[t]: tanh(w*x[t] + u*h[t-1])\n  E: (y - h[{size}])**2\nminimize: E\n"
    )


def updated_on_the_way(size: int) -> str:
    """So many layers, each updated before anything flows back through it."""
    return deep(size) + "backward: new_weights\n"


def _layered(inputs: int, layers: list[str], targets: str) -> str:
    written = "".join(f"  - {layer}\n" for layer in layers)
    given = f"{{{targets}}}" if ":" in targets else targets
    return (
        f"seed: 1\nlearning_rate: 0.001\ninputs: {[0.1] * inputs}\ntargets: {given}\n"
        f"layers:\n{written}loss: squared_error\n"
    )


LESSONS: Final[dict[str, Callable[[int], str]]] = {
    "width": wide,
    "depth": deep,
    "samples": sampled,
    "equations": stated,
    "recurrence": recurrent,
    "new weights": updated_on_the_way,
}
