"""Ten varied graphs beside W1 to W4: what generated steps gain over the same equations as plain calls of numpy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from pathlib import Path

import numpy as np

from backtrace.arrays.executor import ArrayExecutor
from backtrace.build import build
from backtrace.codegen import ScalarExecutor, statements
from backtrace.config import from_document
from backtrace.executor import Arrays, Executor, Program, counters
from backtrace.gallery import named
from backtrace.graph import RATE, Graph
from backtrace.schedule import Batch
from backtrace.training import executor_for, train
from backtrace.yamlfile import parse
from benchmarks.contest import figure, microseconds, steps_for
from benchmarks.loads import CONFIGS, Load
from benchmarks.measure import interleaved, ratios, spread
from benchmarks.peers.ours import MOST

SCORES = "  L: mean((softmax(S) @ X - X)**2)\nlearning_rate: 0.1\nminimize: L\n"
GRAPHS = {
    "a recurrent network": ("@thsis-rnn-bptt", ""),
    "an LSTM of two steps": ("@gomez-lstm", ""),
    "a GRU": ("@thsis-gru-forward", ""),
    "a convolution": ("@takaiwai-conv-valid", "learning_rate: 1e-9\n"),
    "attention over four tokens": ("@lynx-attention-len4", SCORES),
    "softmax, three samples": ("multiclass", ""),
    "absolute errors, three samples": ("regression_mae", ""),
    "the exclusive or by Adam": ("xor", "optimizer: adam\n"),
    "a variational autoencoder": ("@adit-vae-one-sample", ""),
    "ten batches of one sample": ("@brownlee-logistic-100", ""),
}
"""Configs of this folder or, after @, of the gallery, and what is added to them so that they train."""
EXECUTORS: dict[str, Callable[[Graph], Executor]] = {"scalars": ScalarExecutor, "arrays": ArrayExecutor}
LEAST_SHARE = 0.5
"""Of the gain of the work load that is most alike."""
Steps = Callable[[int], Arrays]
"""Makes so many epochs from where it stands; the parameters and states after them."""
Times = dict[str, list[float]]


def table(loads: Sequence[Load], rounds: int, window: float) -> Iterator[str]:
    """A row for each graph: microseconds an epoch, and how many times longer plain numpy takes."""
    yield "\nother graphs: microseconds an epoch by each executor, and by plain calls of numpy for the same equations"
    yield f"  {'':34}{'chosen':9}{'scalars':>10}{'arrays':>10}{'numpy':>10}   numpy by chosen"
    gains: dict[str, float] = {}
    for load in loads:
        times = timed(load.name, load.graph, rounds, window)
        gains[load.name] = ratios(chosen(load.graph, times), times["numpy"])[0]
        yield row(load.name, load.graph, times)
    for name, (config, added) in GRAPHS.items():
        graph = graph_of(config, added)
        times = timed(name, graph, rounds, window)
        alike = load_alike(graph)
        share = ratios(chosen(graph, times), times["numpy"])[0] / gains[alike]
        verdict = "met" if share >= LEAST_SHARE else f"missed by {LEAST_SHARE / share:.2f}"
        yield f"{row(name, graph, times)}   {share:.2f} of {alike}, {LEAST_SHARE} wanted: {verdict}"


def row(name: str, graph: Graph, times: Times) -> str:
    """The medians, and the ratio with its middle half."""
    columns = "".join(f"{figure(spread(times[k])[0]) if k in times else '-':>10}" for k in (*EXECUTORS, "numpy"))
    middle, low, high = ratios(chosen(graph, times), times["numpy"])
    return f"  {name:34}{executor_for(graph).kind:9}{columns} {middle:7.1f} ({low:.1f} to {high:.1f})"


def chosen(graph: Graph, times: Times) -> list[float]:
    """The times of the executor that the graph has by its size."""
    return times[executor_for(graph).kind]


def load_alike(graph: Graph) -> str:
    """The work load of the same executor, and with one or with several samples."""
    if executor_for(graph).kind == "arrays":
        return "W4"
    return "W2" if graph.samples else "W1"


def graph_of(config: str, added: str) -> Graph:
    """A config with lines added."""
    path = named(config[1:]).config if config.startswith("@") else CONFIGS / f"{config}.yaml"
    return build(from_document(parse(Path(path).read_text(encoding="utf-8") + added, path.name)))


def timed(name: str, graph: Graph, rounds: int, window: float) -> Times:
    """Microseconds an epoch by each executor and by numpy, after all have come to the same parameters."""
    small = statements(graph) <= MOST
    runs = {kind: trained(graph, kind) for kind in EXECUTORS if small or kind == executor_for(graph).kind}
    runs["numpy"] = plain(graph)
    first, *others = (run(10) for run in runs.values())
    for found in others:
        for key, array in found.items():
            if not np.allclose(array, first[key], rtol=1e-9, atol=1e-12):
                sys.exit(f"{name}: {key} comes out at {array} and at {first[key]}")
    return interleaved({kind: microseconds(run, steps_for(run, 1, window)) for kind, run in runs.items()}, rounds)


def trained(graph: Graph, kind: str) -> Steps:
    """The loop of backtrace."""
    executor = EXECUTORS[kind](graph)
    return lambda epochs: dict(train(graph, epochs, [], executor=executor).state)


def epochs_of(graph: Graph) -> Iterator[list[Batch]]:
    """The batches of each epoch; an empty one is all samples."""
    return graph.schedule.epochs() if graph.schedule else repeat([()])


def plain(graph: Graph) -> Steps:
    """Each operation a call of numpy with a result of its own."""
    program = Program(graph.step, graph.samples)
    values: Arrays = {name: given.values for name, given in graph.givens.items()}
    values |= dict(graph.states) | {RATE: np.asarray(graph.learning_rate or 0.0)}
    made = 0

    def update() -> None:
        nonlocal made
        found = program.run(values | counters(graph, made))
        values.update({old: found[new] for new, old in graph.replaced})
        made += 1

    def run(epochs: int) -> Arrays:
        with np.errstate(all="ignore"):
            for _, batches in zip(range(epochs), epochs_of(graph), strict=False):
                for batch in batches:
                    if batch:
                        values.update(graph.batch(batch, graph.data))
                    update()
        return {old: values[old] for _, old in graph.replaced}

    return run
