"""Variants of the procedure: each is what a config says that has it written out."""

import numpy as np
import pytest

from backtrace.build import build
from backtrace.comparison.relations import errors, halved, terms
from backtrace.comparison.variants import VARIANTS, rerun, traced
from backtrace.config import from_document
from backtrace.graph import Graph
from backtrace.trace import Trace, run_graph
from backtrace.yamlfile import parse

BY_NAME = {variant.name: variant for variant in VARIANTS}
NETWORK = """
inputs: [[0.5, -0.2], [0.1, 0.9]]
targets: [[1, 0.2], [0.3, 1]]
learning_rate: 0.3
reduce: mean
layers:
  - {weights: {name: W, values: [[0.1, -0.2], [0.4, 0.5]]}, bias: {name: b, values: [0.1, 0.25]}, pre: z, out: h,
     activation: sigmoid}
  - {weights: {name: U, values: [[0.15, 0.2], [0.45, 0.5]]}, bias: {name: c, values: [0.1, 0.2]}, pre: t, out: o,
     activation: tanh}
loss: half_squared_error
"""
HALF, SQUARE, MEAN = "half_squared_error", "squared_error", "mean_squared_error"
SCALARS = """
inputs: {x: 0.7}
targets: {y1: 0.2, y2: 0.9}
parameters: {w: 0.4, v: -0.3}
learning_rate: 0.5
equations: {o1: tanh(w*x), o2: tanh(v*x), E: 0.5*(y1 - o1)**2 + 0.5*(y2 - o2)**2}
minimize: E
"""
FROZEN = NETWORK + "freeze: [b, c]\n"


def with_(text: str, *pairs: str) -> str:
    """A text with others in the place of some of its parts, which it has."""
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    return text


def graph(text: str) -> Graph:
    return build(from_document(parse(text, "variants.yaml")))


# The name of a variant, a config, and the one that says the same without it.
WRITTEN = [
    ("new-weights", NETWORK, NETWORK + "backward: new_weights\n"),
    ("old-weights", NETWORK + "backward: new_weights\n", NETWORK),
    ("error-doubled", NETWORK, with_(NETWORK, HALF, SQUARE)),
    ("error-halved", with_(NETWORK, HALF, SQUARE), NETWORK),
    ("error-halved", with_(SCALARS, "0.5*(y", "(y"), SCALARS),
    ("error-doubled", with_(SCALARS, "0.5*(y1 - o1)**2 + 0.5*(y2 - o2)**2", "((y1 - o1)**2 + (y2 - o2)**2)/2"),
     with_(SCALARS, "0.5*(y", "(y")),
    ("samples-summed", NETWORK, with_(NETWORK, "reduce: mean", "reduce: sum")),
    ("samples-averaged", with_(NETWORK, "reduce: mean", "reduce: sum"), NETWORK),
    ("outputs-summed", with_(NETWORK, HALF, MEAN), with_(NETWORK, HALF, SQUARE)),
    ("outputs-averaged", with_(NETWORK, HALF, SQUARE), with_(NETWORK, HALF, MEAN)),
    ("biases-fixed", NETWORK, FROZEN),
    ("biases-moved", FROZEN, NETWORK),
    ("ascent", NETWORK, NETWORK + "optimizer: {update: {p: p + lr*g}}\n"),
    ("ascent", NETWORK + "optimizer: {update: {p: p + lr*g}}\n", NETWORK),
    ("targets-of-samples", NETWORK, with_(NETWORK, "[[1, 0.2], [0.3, 1]]", "[[0.3, 1], [1, 0.2]]")),
    ("targets-of-outputs", NETWORK, with_(NETWORK, "[[1, 0.2], [0.3, 1]]", "[[0.2, 1], [1, 0.3]]")),
    ("targets-of-outputs", SCALARS, with_(SCALARS, "y1: 0.2, y2: 0.9", "y1: 0.9, y2: 0.2")),
    ("rate-squared", NETWORK, with_(NETWORK, "0.3\nreduce", "0.09\nreduce")),
    ("rate-one", NETWORK, with_(NETWORK, "0.3\nreduce", "1\nreduce")),
]  # fmt: skip
# Where a variant means nothing, or would change nothing.
NONE = [
    ("new-weights", NETWORK + "backward: new_weights\n"),
    ("new-weights", "inputs: {x: 2}\nequations: {z: x**2}\nminimize: z\n"),
    # a weight that is used twice would have to be updated before its own gradient is known
    ("new-weights", with_(SCALARS, "o2: tanh(v*x)", "o2: tanh(w*o1)")),
    ("old-weights", NETWORK),
    ("error-doubled", with_(NETWORK, HALF, SQUARE)),
    ("error-doubled", with_(SCALARS, "0.5*(y1", "0.25*(y1")),
    ("error-halved", NETWORK),
    ("samples-summed", with_(NETWORK, "reduce: mean", "reduce: sum")),
    ("samples-averaged", NETWORK),
    ("samples-averaged", SCALARS),
    ("outputs-summed", NETWORK),
    ("outputs-averaged", with_(NETWORK, HALF, MEAN)),
    ("outputs-averaged", with_(NETWORK, "[[1, 0.2], [0.3, 1]]", "[[1], [0.3]]", "[[0.15, 0.2], [0.45, 0.5]]",
                               "[[0.15], [0.45]]", "name: c, values: [0.1, 0.2]", "name: c, values: [0.1]")),
    ("biases-fixed", SCALARS),
    ("biases-fixed", FROZEN),
    ("biases-moved", NETWORK),
    ("biases-moved", FROZEN + "optimizer: momentum\n"),
    ("ascent", NETWORK + "optimizer: {update: {p: p*(1 - lr*g)}}\n"),
    ("targets-of-samples", SCALARS),
    ("targets-of-samples", with_(NETWORK, "[0.1, 0.9]]", "[0.1, 0.9], [0, 1]]", "[0.3, 1]]", "[0.3, 1], [1, 1]]")),
    ("targets-of-outputs", with_(NETWORK, "[[1, 0.2], [0.3, 1]]", "[[1, 1], [0.3, 0.3]]")),
    ("rate-squared", with_(NETWORK, "0.3\nreduce", "1\nreduce")),
    ("rate-one", with_(NETWORK, "0.3\nreduce", "1\nreduce")),
]  # fmt: skip


def trained(trace: Trace) -> dict[str, list[float]]:
    """The objective and the parameters at the end, to 12 digits."""
    start = {name: trace.graph.givens[name].values for name in trace.graph.parameters}
    found = {name: np.ravel(array) for name, array in (start | trace.recording.state).items()} | {"": trace.losses}
    return {name: [float(f"{number:.12g}") for number in array] for name, array in found.items()}


@pytest.mark.parametrize(("name", "config", "other"), WRITTEN, ids=[f"{row[0]}-{at}" for at, row in enumerate(WRITTEN)])
def test_a_variant_is_what_its_config_says(name: str, config: str, other: str) -> None:
    trace = run_graph(graph(config), epochs=3)
    varied = traced(BY_NAME[name], trace, [1, 3])
    assert varied is not None
    assert trained(varied) == trained(run_graph(graph(other), epochs=3))
    assert trained(varied) != trained(trace)


@pytest.mark.parametrize(("name", "config"), NONE, ids=[f"{row[0]}-{at}" for at, row in enumerate(NONE)])
def test_where_a_variant_changes_nothing_there_is_none(name: str, config: str) -> None:
    assert BY_NAME[name].changed(graph(config)) is None


def test_every_variant_has_a_config_that_says_it() -> None:
    assert {name for name, *_ in WRITTEN} == set(BY_NAME)


def test_a_run_that_does_not_reach_its_epochs_is_none() -> None:
    ends = graph(NETWORK + "epochs: 9\nuntil: E_tot < 1\n")
    assert rerun(ends, [1]) is not None
    assert rerun(ends, [3]) is None
    assert rerun(graph(with_(NETWORK, "0.3\nreduce", "1e200\nreduce", "tanh", "identity")), [9]) is None


@pytest.mark.parametrize(
    ("equations", "found", "own"),
    [
        ("F: (y1 - o1)**2, E: F", ("E", "F"), ("F",)),
        ("F: (y1 - o1)**2, E: 0.5*F", ("E", "F"), ("F",)),
        ("F: (y1 - o1)**2, E: F/2", ("E", "F"), ("F",)),
        ("F: (y1 - o1)**2, E: -F", ("E", "F"), ("F",)),
        ("F: (y1 - o1)**2, G: (y2 - o2)**2, E: F + G", ("E", "F", "G"), ("F", "G")),
        ("F: (y1 - o1)**2, G: 3*F, E: G - 1", ("E", "G", "F"), ("F",)),
        ("F: (y1 - o1)**2, G: (y2 - o2)**2, E: F*G", ("E",), ("E",)),
        ("F: (y1 - o1)**2, E: 2/(1 + F)", ("E",), ("E",)),
        ("F: (y1 - o1)**2, E: sqrt(F)", ("E",), ("E",)),
        ("F: w**2, G: (y1 - o1)**2, E: F + G", ("E", "G"), ("G",)),
    ],
)
def test_an_error_is_what_the_objective_is_summed_up_from(
    equations: str, found: tuple[str, ...], own: tuple[str, ...]
) -> None:
    built = graph(with_(SCALARS, "E: 0.5*(y1 - o1)**2 + 0.5*(y2 - o2)**2", equations))
    assert (errors(built), terms(built)) == (found, own)


@pytest.mark.parametrize(
    ("error", "half"),
    [
        ("0.5*(y1 - o1)**2", True),
        ("(y1 - o1)**2/2", True),
        ("-0.5*(y1 - o1)**2", True),
        ("2*((y1 - o1)**2/4)", True),
        ("(y1 - o1)**2", False),
        ("(y1 - o1)**2/4", False),
        ("0.5/(1 + (y1 - o1)**2)", False),
        ("y1/2/o1", False),
    ],
)
def test_the_factor_of_an_error_is_found_however_it_is_written(error: str, half: bool) -> None:
    text = with_(SCALARS, "0.5*(y1 - o1)**2 + 0.5*(y2 - o2)**2", error)
    assert halved(graph(text)) is half
