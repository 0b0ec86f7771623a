"""How long a training step takes, side by side with numpy as it is usually written: python benchmarks/training.py.

Ratios count, not times: both run in turn in one process, and the median of several rounds is printed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backtrace.build import build
from backtrace.config import read
from backtrace.training import executor_for

CONFIGS = Path(__file__).parent.parent / "configs"
ROUNDS = 7
STEPS = 2_000


def usual_example(steps: int) -> None:
    """configs/example.yaml in numpy, as a course would write it."""
    x, y = np.array([0.1, 0.2]), np.array([0.4, 0.6])
    w, u = np.array([[0.3, 0.4], [0.25, 0.35]]), np.array([[0.45, 0.7], [0.4, 0.6]])
    for _ in range(steps):
        h = 1 / (1 + np.exp(-(x @ w)))
        o = 1 / (1 + np.exp(-(h @ u)))
        np.sum(0.5 * (y - o) ** 2)
        delta = (o - y) * o * (1 - o)
        gradient = np.outer(x, (u @ delta) * h * (1 - h))
        u = u - 0.5 * np.outer(h, delta)
        w = w - 0.5 * gradient


def usual_xor(steps: int) -> None:
    """configs/xor.yaml in numpy: four samples as rows."""
    x, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
    w, b = np.array([[0.8, -0.6, 0.3], [0.7, -0.9, -0.5]]), np.array([-0.2, 0.4, 0.1])
    u, c = np.array([[0.6], [-0.7], [0.4]]), np.array([0.1])
    for _ in range(steps):
        a = 1 / (1 + np.exp(-(x @ w + b)))
        o = 1 / (1 + np.exp(-(a @ u + c)))
        np.sum(0.5 * (y - o) ** 2)
        delta = (o - y) * o * (1 - o)
        back = (delta @ u.T) * a * (1 - a)
        u, c = u - a.T @ delta, c - delta.sum(axis=0)
        w, b = w - x.T @ back, b - back.sum(axis=0)


def microseconds(run: Callable[[int], object]) -> float:
    """Microseconds a step of one round."""
    start = time.perf_counter()
    run(STEPS)
    return (time.perf_counter() - start) / STEPS * 1e6


def main() -> None:
    """Print a row for each work load."""
    print(f"{'':14}{'executor':>10}{'us a step':>12}{'usual numpy':>14}{'ratio':>8}")
    for name, usual in (("example", usual_example), ("xor", usual_xor)):
        executor = executor_for(build(read(CONFIGS / f"{name}.yaml")))
        pairs = [(microseconds(executor.advance), microseconds(usual)) for _ in range(ROUNDS)]
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{name:14}{executor.kind:>10}{ours:12.2f}{theirs:14.2f}{ratio:8.1f}")


if __name__ == "__main__":
    main()
