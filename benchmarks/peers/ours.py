"""backtrace as its users run it: the loop of ``train`` on a config that was read and built before."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from backtrace.arrays.executor import ArrayExecutor
from backtrace.codegen import ScalarExecutor, statements
from backtrace.compiled import CompiledExecutor
from backtrace.executor import Executor
from backtrace.training import executor_for, train
from benchmarks.loads import RECORDED, Load, Run

MOST = 10_000
"""Of more statements nobody makes a program."""


def chosen(load: Load) -> Run:
    """The executor that a graph of this size has without extras."""
    return _trained(load, executor_for(load.graph))


def other(load: Load) -> Run | None:
    """The one that it has not."""
    if executor_for(load.graph).kind == "scalars":
        return _trained(load, ArrayExecutor(load.graph))
    return _trained(load, ScalarExecutor(load.graph)) if statements(load.graph) <= MOST else None


def compiled(load: Load) -> Run | None:
    """With the extra that makes machine code, where the graph is small enough to have it."""
    if executor_for(load.graph).kind != "scalars":
        return None
    return _trained(load, CompiledExecutor(load.graph))


def has_compiler() -> bool:
    """Whether the extra is installed."""
    return find_spec("llvmlite") is not None


def steps(load: Load) -> Run:
    """The steps of the chosen executor alone, into memory that nobody looks at."""
    executor = executor_for(load.graph)
    return lambda count: executor.advance(count)[-1]


def all_epochs(load: Load) -> Run:
    """Every epoch recorded."""
    return _trained(load, executor_for(load.graph), everything=True)


def all_epochs_compiled(load: Load) -> Run:
    """Every epoch recorded, by machine code."""
    return _trained(load, CompiledExecutor(load.graph), everything=True)


def rows(load: Load) -> Run:
    """Steps recorded into memory that was touched before."""
    executor = executor_for(load.graph)
    touched = np.ones((RECORDED, executor.width))

    def run(count: int) -> float:
        assert count <= len(touched)
        return float(executor.record(touched[:count])[-1])

    return run


def _trained(load: Load, executor: Executor, everything: bool = False) -> Run:
    def run(count: int) -> float:
        kept = range(1, count + 1) if everything else []
        return float(train(load.graph, count, kept, executor=executor).losses[-1])

    return run
