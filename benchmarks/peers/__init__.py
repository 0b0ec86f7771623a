"""Those who train the same networks: a row each, with what has to be installed for them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from benchmarks.loads import Load, Run
from benchmarks.peers import c, ours, packed, pytorch, scalar_engine, tracing, usual


class Peer(NamedTuple):
    """One way to train: its name, what makes it ready for a load, and whether it is here.

    ``make`` gives None where it does not do such a load.
    """

    name: str
    make: Callable[[Load], Run | None]
    present: Callable[[], bool] = lambda: True


def _installed(package: str) -> Callable[[], bool]:
    return lambda: find_spec(package) is not None


OURS, OTHER, JIT = "backtrace", "backtrace, the other executor", "backtrace, machine code"
C, C_PLAIN = "C", "C, gradients of their own"
USUAL, PACKED = "numpy as usually written", "numpy at its best"
TORCH, MICROGRAD, HIPS = "PyTorch", "micrograd", "HIPS autograd"
JAX_LOOP, JAX_STEPS = "jax, one loop", "jax, step by step"
ROWS, STEPS = "backtrace, into memory made before", "backtrace, nothing recorded"

TRAINING = (
    Peer(OURS, ours.chosen),
    Peer(OTHER, ours.other),
    Peer(JIT, ours.compiled, ours.has_compiler),
    Peer(C, c.best, c.available),
    Peer(C_PLAIN, c.plain, c.available),
    Peer(PACKED, packed.trained),
    Peer(USUAL, usual.trained),
    Peer(TORCH, pytorch.trained, _installed("torch")),
    Peer(MICROGRAD, scalar_engine.trained, _installed("micrograd")),
    Peer(HIPS, tracing.hips, _installed("autograd")),
    Peer(JAX_LOOP, tracing.jax_loop, _installed("jax")),
    Peer(JAX_STEPS, tracing.jax_steps, _installed("jax")),
)
"""Nothing is recorded but the error of each step."""

EPOCHS = (
    Peer(OURS, ours.all_epochs),
    Peer(JIT, ours.all_epochs_compiled, ours.has_compiler),
    Peer(USUAL, usual.recorded),
    Peer(TORCH, pytorch.recorded, _installed("torch")),
    Peer(MICROGRAD, scalar_engine.recorded, _installed("micrograd")),
)
"""Everything of every epoch is recorded."""

TENSORS = (
    Peer(ROWS, ours.rows),
    Peer(STEPS, ours.steps),
    Peer(OURS, ours.all_epochs),
    Peer(USUAL, usual.recorded),
    Peer(TORCH, pytorch.recorded, _installed("torch")),
)
"""The same of large arrays."""
