"""What training a config costs on this machine: its own loop timed in rounds, each from the same start."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final

from backtrace.build import build
from backtrace.codegen import LIMIT, LONGEST, MOST_PARTS, OPERATIONS, ScalarExecutor, is_small, longest, statements
from backtrace.config import Config
from backtrace.executor import Arrays, Executor
from backtrace.expressions import walk
from backtrace.graph import Graph
from backtrace.loading import build_file
from backtrace.records import dataclass
from backtrace.training import DivergedError, executor_for, train

Clock = Callable[[], float]
ROUNDS: Final = 15
"""So many rounds are aimed at, if the seconds suffice."""
FEWEST: Final = 3
"""So many are made however long they take, or a median says nothing."""
MOST_RECORDED: Final = 2_000_000
"""A round records no more numbers than these."""
LONGEST_RUN: Final = 1_000_000
"""A round trains no more epochs than these."""


@dataclass(frozen=True)
class Timing:
    """The seconds of an epoch: the median over some rounds and their middle half; each round has so many epochs."""

    median: float
    low: float
    high: float
    rounds: int
    epochs: int


@dataclass(frozen=True)
class Size:
    """A measure of a graph that chooses its executor, and how large it may be for generated Python."""

    what: str
    found: int
    limit: int


@dataclass(frozen=True)
class Benchmark:
    """What a config costs.

    ``building`` are the seconds from the file to the graph, ``preparing`` those until an executor can run it. ``ends``
    is the epoch in which training ends by itself, of numbers that are no longer finite or by the config's condition;
    no round goes as far as the former.
    """

    graph: Graph
    executor: str
    sizes: tuple[Size, ...]
    building: float
    preparing: float
    epoch: Timing
    recorded: Timing
    ends: int | None = None
    diverges: bool = False

    @property
    def deciding(self) -> Size:
        """The measure that chose the executor: the first that is too large, else the first."""
        return next((size for size in self.sizes if size.found > size.limit), self.sizes[0])

    @property
    def parameters(self) -> int:
        """How many numbers are trained."""
        return sum(math.prod(self.graph.givens[name].type.shape) for name in self.graph.trained)

    def seconds(self, epochs: int) -> float:
        """What so many epochs take, from the file to the last update."""
        return self.building + self.preparing + epochs * self.epoch.median


def measure(
    config: str | os.PathLike[str] | Config, seconds: float = 1.0, clock: Clock = time.perf_counter
) -> Benchmark:
    """Time the training of a config, for about so many seconds.

    Raises:
        ConfigError, FileError: the config is wrong or cannot be read.
        NumericError: the numbers leave the finite range in the first epoch.
    """
    begin = clock()
    graph = build(config) if isinstance(config, Config) else build_file(config)
    built = clock()
    runner = _Runner(graph, clock)
    ready = clock()
    epoch = runner.timing(seconds / 2, False, LONGEST_RUN)
    recorded = runner.timing(seconds / 2, True, max(1, MOST_RECORDED // _numbers(graph)))
    kind, found = runner.executor.kind, (built - begin, ready - built)
    return Benchmark(graph, kind, _sizes(graph), *found, epoch, recorded, runner.ends, runner.diverges)


def _sizes(graph: Graph) -> tuple[Size, ...]:
    """What chooses the executor."""
    parts = sum(1 for equation in graph.step for _ in walk(equation.expr))
    found = (
        Size("scalar statements", statements(graph), LIMIT),
        Size("elements in an array", longest(graph), LONGEST),
        Size("parts of formulas", parts, MOST_PARTS),
    )
    if not is_small(graph):
        return found
    return (*found, Size("scalar operations", ScalarExecutor(graph).operations, OPERATIONS))


def _numbers(graph: Graph) -> int:
    """How many numbers an epoch records."""
    return max(1, statements(graph) * graph.updates_per_epoch)


WARM: Final = 2
"""Epochs in which everything is compiled: the last of a training is recorded, those before are not."""


class _Runner:
    """Trains a graph again and again from its first parameters, with executors that are made once."""

    def __init__(self, graph: Graph, clock: Clock) -> None:
        self.graph, self.clock = graph, clock
        self.executor = executor_for(graph)
        self.rest = executor_for(graph.rest) if graph.rest is not None else None
        self.start: Arrays = self.executor.state()
        self.ends: int | None = None
        self.diverges = False

    def timing(self, seconds: float, recorded: bool, most: int) -> Timing:
        """Rounds of one length, as long as there are seconds."""
        epochs = self.length(seconds / ROUNDS, recorded, most)
        taken: list[float] = []
        while len(taken) < FEWEST or (len(taken) < ROUNDS and sum(taken) < seconds):
            taken.append(self.round(epochs, recorded)[1])
        low, median, high = _quartiles([each / epochs for each in taken])
        return Timing(median, low, high, len(taken), epochs)

    def length(self, seconds: float, recorded: bool, most: int) -> int:
        """So many epochs that a round takes about so many seconds; fewer where training ends before."""
        self.round(WARM, recorded)
        epochs = 1
        while True:
            made, taken = self.round(epochs, recorded)
            if made < epochs or taken >= seconds or made >= most:
                return made
            # not too far at once: the first rounds are slower than the others
            factor = min(10.0, max(2.0, seconds / taken if taken else 10.0))
            epochs = min(most, math.ceil(epochs * factor))

    def round(self, epochs: int, recorded: bool) -> tuple[int, float]:
        """Train from the start: how many epochs were made, in how many seconds; what stays finite if not all does."""
        self.executor.resume(self.start, 0)
        begin = self.clock()
        try:
            found = train(self.graph, epochs, self.kept(epochs, recorded), executor=self.executor, make=self.other)
        except DivergedError as error:
            if error.epoch == 1:
                raise
            self.ends, self.diverges = error.epoch, True
            return self.round(error.epoch - 1, recorded)
        taken = self.clock() - begin
        if found.stopped:
            self.ends = len(found.losses)
        return len(found.losses), taken

    def kept(self, epochs: int, recorded: bool) -> Sequence[int]:
        return range(1, epochs + 1) if recorded else ()

    def other(self, graph: Graph) -> Executor:
        """The executor for a last batch that is smaller."""
        return self.rest if self.rest is not None else executor_for(graph)


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, median, high
