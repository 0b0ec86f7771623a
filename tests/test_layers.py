"""Layers: the equations they are short for, the names their numbers get, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest

import backtrace
from backtrace import yamlfile
from backtrace.build import build
from backtrace.config import Config, from_document
from backtrace.errors import ConfigError
from backtrace.executor import evaluate
from backtrace.expressions import to_text
from backtrace.graph import Graph
from backtrace.layers import common_stem, expanded, grid
from backtrace.schedule import Moment
from backtrace.training import train


def config(text: str) -> Config:
    return from_document(yamlfile.parse(text, "test.yaml"))


def graph(text: str) -> Graph:
    return build(config(text))


def network(*layers: str, head: str = "", loss: str = "half_squared_error") -> str:
    entries = "\n".join(f"  - {{{layer}}}" for layer in layers)
    head = head or "inputs: {x: [1, 2]}\ntargets: {y: [3, 4]}\n"
    return f"{head}loss: {loss}\nlayers:\n{entries}\n"


SQUARE = "weights: [[1, 2], [3, 4]]"

EQUATIONS = {
    "one layer, all by default": (
        network(SQUARE),
        ["z1: x @ W", "E: 0.5*(y - z1)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "W": [[1, 2], [3, 4]], "y": [3, 4]},
    ),
    "a pre-activation and an activation": (
        network(f"{SQUARE}, pre: z, out: h, activation: sigmoid"),
        ["z: x @ W", "h: sigmoid(z)", "E: 0.5*(y - h)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "W": [[1, 2], [3, 4]], "y": [3, 4]},
    ),
    "an activation without a name of its own for what it is applied to": (
        network(f"{SQUARE}, out: h, activation: tanh"),
        ["h: tanh(x @ W)", "E: 0.5*(y - h)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "W": [[1, 2], [3, 4]], "y": [3, 4]},
    ),
    "two layers are counted": (
        network(f"{SQUARE}, bias: [5, 6], activation: relu", f"{SQUARE}, bias: 7, activation: sigmoid"),
        [
            "z1: x @ W1 + b1",
            "h1: relu(z1)",
            "z2: h1 @ W2 + b2",
            "h2: sigmoid(z2)",
            "E: 0.5*(y - h2)**2",
            "E_tot: sum(E)",
        ],
        {"x": [1, 2], "W1": [[1, 2], [3, 4]], "b1": [5, 6], "W2": [[1, 2], [3, 4]], "b2": 7, "y": [3, 4]},
    ),
    "scalars counted by row and column fold into a matrix, counted ones into a vector": (
        network(
            "weights: {W11: 1, W21: 2, W12: 3, W22: 4}, pre: z, out: h",
            head="inputs: {x1: 0.1, x2: 0.2}\ntargets: {y1: 0.4, y2: 0.6}\n",
        ),
        ["z: x @ W", "h: z", "E: 0.5*(y - h)**2", "E_tot: sum(E)"],
        {"x": [0.1, 0.2], "W": [[1, 3], [2, 4]], "y": [0.4, 0.6]},
    ),
    "scalars with names of their own stay": (
        network(
            "weights: {u: 1, v: 2}, bias: {c: 3}, pre: s, out: o, activation: step",
            head="inputs: {a: 0.1, b: 0.2}\ntargets: {y: 1}\n",
        ),
        ["s: [a, b] @ [[u], [v]] + [c]", "o: step(s)", "E_tot: sum(0.5*(y - o)**2)"],
        {"a": 0.1, "b": 0.2, "u": 1, "v": 2, "c": 3, "y": 1},
    ),
    "a scalar that an equation reads by itself stays": (
        network(SQUARE, head="inputs: {x1: 1, x2: 2}\ntargets: {y: [3, 4]}\nequations: {k: 2*x1}\n"),
        ["z1: [x1, x2] @ W", "E: 0.5*(y - z1)**2", "E_tot: sum(E)", "k: 2*x1"],
        {"x1": 1, "x2": 2, "W": [[1, 2], [3, 4]], "y": [3, 4]},
    ),
    "one input and one output": (
        network("weights: [[2]], bias: [1], out: o", head="inputs: {x: 3}\ntargets: {y: 1}\n"),
        ["o: [x] @ W + b", "E_tot: sum(0.5*(y - o)**2)"],
        {"x": 3, "W": [[2]], "b": [1], "y": 1},
    ),
    "a matrix of names shares entries and holds constants": (
        network(
            "weights: [[w, v], [v, 0.5]], pre: z",
            head="inputs: {x: [1, 2]}\ntargets: {y: [3, 4]}\nparameters: {w: 3, v: 4}\n",
        ),
        ["z: x @ [[w, v], [v, 0.5]]", "E: 0.5*(y - z)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "y": [3, 4], "w": 3, "v": 4},
    ),
    "weights with a name": (
        network("weights: {name: A, values: [[1, 2], [3, 4]]}, bias: {name: k, values: [5, 6]}, pre: z"),
        ["z: x @ A + k", "E: 0.5*(y - z)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "A": [[1, 2], [3, 4]], "k": [5, 6], "y": [3, 4]},
    ),
    "a bias of names, and one shared name": (
        network(
            f"{SQUARE}, bias: [p, q], pre: z",
            f"{SQUARE}, bias: p, pre: t",
            head="inputs: {x: [1, 2]}\ntargets: {y: [3, 4]}\nparameters: {p: 5, q: 6}\n",
        ),
        ["z: x @ W1 + [p, q]", "t: z @ W2 + p", "E: 0.5*(y - t)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "W1": [[1, 2], [3, 4]], "W2": [[1, 2], [3, 4]], "y": [3, 4], "p": 5, "q": 6},
    ),
    "column vectors": (
        network(
            "weights: [[1, 2], [3, 4], [5, 6]], bias: [7, 8, 9], pre: z, out: h, activation: sigmoid",
            head="inputs: {x: [1, 2]}\ntargets: {y: [3, 4, 5]}\norientation: W @ x\n",
        ),
        ["z: W @ x + b", "h: sigmoid(z)", "E: 0.5*(y - h)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "W": [[1, 2], [3, 4], [5, 6]], "b": [7, 8, 9], "y": [3, 4, 5]},
    ),
    "a list of names with a stem": (
        network(f"{SQUARE}, pre: [net_h1, net_h2], out: [out_h1, out_h2], activation: sigmoid"),
        ["net_h: x @ W", "out_h: sigmoid(net_h)", "E: 0.5*(y - out_h)**2", "E_tot: sum(E)"],
        {"x": [1, 2], "W": [[1, 2], [3, 4]], "y": [3, 4]},
    ),
    "names of the errors": (
        network(f"{SQUARE}, out: o", loss="{kind: mean_squared_error, terms: e, total: J}"),
        ["o: x @ W", "e: (y - o)**2", "J: mean(e)"],
        {"x": [1, 2], "W": [[1, 2], [3, 4]], "y": [3, 4]},
    ),
    "one output has no terms": (
        network(
            "weights: [[1], [2]], out: o, activation: sigmoid",
            head="inputs: {x: [1, 2]}\ntargets: {y: [1]}\n",
            loss="binary_cross_entropy",
        ),
        ["o: sigmoid(x @ W)", "E_tot: sum(-(y*log(o) + (1 - y)*log(1 - o)))"],
        {"x": [1, 2], "W": [[1], [2]], "y": [1]},
    ),
    "several samples": (
        network(
            "weights: [[1], [2]], out: o",
            head="inputs: [{x1: 1, x2: 2}, {x1: 3, x2: 4}]\ntargets: [{y: 5}, {y: 6}]\nreduce: sum\n",
        ),
        ["o: x @ W", "E_tot: sum(0.5*(y - o)**2)"],
        {"x": [[1, 2], [3, 4]], "W": [[1], [2]], "y": [5, 6]},
    ),
}


@pytest.mark.parametrize("case", EQUATIONS)
def test_layers_are_short_for_equations(case: str) -> None:
    text, equations, givens = EQUATIONS[case]
    found = expanded(config(text))
    assert [f"{statement.name}: {to_text(statement.expr)}" for statement in found.equations] == equations
    assert {given.name: given.values.tolist() for given in found.givens} == givens
    assert build(config(text)).objective == equations[-1 if "k: " not in equations[-1] else -2].split(":")[0]


def test_a_list_of_names_without_a_stem_becomes_labels() -> None:
    found = expanded(config(network(f"{SQUARE}, pre: [a, b], out: [p, q], activation: sigmoid")))
    assert [statement.name for statement in found.equations] == ["z1", "h1", "E", "E_tot"]
    assert found.labels == {"z1": ("a", "b"), "h1": ("p", "q")}


INPUTS = """inputs: [[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]
targets: [[0.4, 0.6], [0.1, 0.9], [0, 1]]
reduce: mean
learning_rate: 0.5
"""
LAYERED = """layers:
  - {weights: [[0.3, 0.4, 0.1], [0.25, 0.35, -0.2]], bias: [0.1, 0.2, 0.3], pre: z, out: h, activation: tanh}
  - {weights: [[0.45, 0.7], [0.4, 0.6], [-0.3, 0.2]], pre: t, out: o, activation: softmax}
loss: cross_entropy
"""
STATED = """parameters:
  W1: [[0.3, 0.4, 0.1], [0.25, 0.35, -0.2]]
  b1: [0.1, 0.2, 0.3]
  W2: [[0.45, 0.7], [0.4, 0.6], [-0.3, 0.2]]
equations:
  z: x @ W1 + b1
  h: tanh(z)
  t: h @ W2
  o: softmax(t)
  E: -(y*log(o))
  E_tot: sum(E)
minimize: E_tot
"""


def test_layers_and_the_equations_they_are_short_for_give_the_same_bits() -> None:
    layered, stated = graph(INPUTS + LAYERED), graph(INPUTS + STATED)
    assert [e.text() for e in layered.forward] == [e.text() for e in stated.forward]
    first, second = (train(net, 5, range(1, 6)) for net in (layered, stated))
    for epoch in range(1, 6):
        assert set(first.records[Moment(epoch)]) == set(second.records[Moment(epoch)])
        for name, values in first.records[Moment(epoch)].items():
            assert np.array_equal(values, second.records[Moment(epoch)][name]), name


def test_rows_or_columns_of_weights_give_the_same_network() -> None:
    rows = network("weights: [[1, 2, 3], [4, 5, 6]], bias: 0.5, activation: tanh", "weights: [[1, 2], [3, 4], [5, 6]]")
    columns = network(
        "weights: [[1, 4], [2, 5], [3, 6]], bias: 0.5, activation: tanh",
        "weights: [[1, 3, 5], [2, 4, 6]]",
        head="inputs: {x: [1, 2]}\ntargets: {y: [3, 4]}\norientation: W @ x\n",
    )
    found = [graph(text) for text in (rows, columns)]
    first, second = (
        evaluate((*net.run, *net.gradients), {n: g.values for n, g in net.givens.items()}, None) for net in found
    )
    assert np.array_equal(first["h1"], second["h1"])
    assert np.array_equal(first["dE_tot/dW1"], second["dE_tot/dW1"].T)


REFUSED = {
    "rows": (
        network("weights: [[1], [2], [3]]", head="inputs: {x: [1, 2]}\ntargets: {y: 1}\n"),
        [(5, 15, '"Layer 1" gets 2 values, but its weights have 3 rows')],
    ),
    "columns": (
        network("weights: [[1, 2, 3]]", head="inputs: {x: [1, 2]}\ntargets: {y: 1}\norientation: W @ x\n"),
        [(6, 15, '"Layer 1" gets 2 values, but its weights have 3 columns')],
    ),
    "the second layer": (
        network(SQUARE, "name: Out, weights: [[1, 2], [3, 4], [5, 6]]"),
        [(6, 26, '"Out" gets 2 values, but its weights have 3 rows')],
    ),
    "several faults of one layer": (
        network(f"{SQUARE}, bias: [1, 2, 3], pre: [a], activation: sigmod", loss="half_squard_error"),
        [
            (5, 39, '"Layer 1" has 2 units, but 3 biases'),
            (5, 55, '1 name for 2 units of "Layer 1"'),
            (5, 72, 'there is no activation "sigmod"'),
            (3, 7, 'there is no loss "half_squard_error"'),
        ],
    ),
    "weights that are no matrix": (
        network("weights: [1, 2]"),
        [(5, 15, "weights are a matrix: a list of rows")],
    ),
    "a matrix of one sample": (
        network(SQUARE, head="inputs: {x: [[1, 2], [3, 4]]}\ntargets: {y: [1, 2]}\n"),
        [(1, 10, '"x" is a matrix (2x2), but a layer takes a vector')],
    ),
    "two vectors": (
        network(SQUARE, head="inputs: {x: [1, 2], v: [1, 2]}\ntargets: {y: [1, 2]}\n"),
        [(1, 9, "layers take one vector or single numbers as inputs, not several vectors")],
    ),
    "no inputs": (
        network(SQUARE, head="targets: {y: [1, 2]}\n"),
        [(4, 5, "the layers have no inputs:")],
    ),
    "weights that do not say where they join": (
        network("weights: {a: 1, b: 2, c: 3, d: 4}"),
        [(5, 15, "these 4 weights do not say which input and which unit they join")],
    ),
    "a bias that is a matrix": (
        network(f"{SQUARE}, bias: [[1, 2]]"),
        [(5, 39, "a bias is a list of numbers, one for each unit")],
    ),
    "targets and outputs": (
        network(SQUARE, head="inputs: {x: [1, 2]}\ntargets: {y: [1, 2, 3]}\n"),
        [(2, 10, "3 targets, but 2 outputs")],
    ),
    "a name without a value": (
        network("weights: [[1, 2], [3, q]]"),
        [(5, 28, '"q" is not known here')],
    ),
    "a name twice": (
        network(f"{SQUARE}, out: h1", f"{SQUARE}, out: h1"),
        [(6, 38, '"h1" is stated twice; first in the layer of line 5')],
    ),
    "a matrix twice": (
        network("weights: {W11: 1, W12: 2, W21: 3, W22: 4}", "weights: {W11: 1, W12: 2, W21: 3, W22: 4}"),
        [(6, 15, 'the name "W" of these weights is taken')],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_at_its_place(case: str) -> None:
    text, expected = REFUSED[case]
    with pytest.raises(ConfigError) as refusal:
        graph(text)
    found = [(fault.place.line, fault.place.column, fault.message) for fault in refusal.value.faults if fault.place]
    assert found == expected


@pytest.mark.parametrize(
    ("members", "stem"),
    [
        (["x1", "x2"], "x"),
        (["net_h1", "net_h2", "net_h3"], "net_h"),
        (["x1"], "x"),
        (["x2", "x1"], None),
        (["x1", "y2"], None),
        (["a", "b"], None),
        (["x11", "x12"], None),
        (["h_1", "h_2"], None),
        ([f"x{k}" for k in range(1, 11)], None),
    ],
)
def test_names_counted_from_1_have_a_stem(members: list[str], stem: str | None) -> None:
    assert common_stem(members) == stem


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["W11", "W12", "W21", "W22"], ("W", [[0, 1], [2, 3]])),
        (["W11", "W21", "W12", "W22"], ("W", [[0, 2], [1, 3]])),
        (["w_h11", "w_h21"], ("w_h", [[0], [1]])),
        (["W_1_1", "W_1_2"], ("W", [[0, 1]])),
        (["W11", "W22"], None),
        (["W11", "V12"], None),
        (["W01", "W02"], None),
        (["w1", "w2"], None),
    ],
)
def test_names_counted_by_row_and_column_make_a_matrix(
    names: list[str], expected: tuple[str, list[list[float]]] | None
) -> None:
    found = grid({name: float(number) for number, name in enumerate(names)})
    assert (found and (found[0], found[1].tolist())) == expected


NAMED_UNITS = """
inputs: {x: [1, 2]}
layers: [{weights: [[1, 2], [3, 4]], pre: [up, down], out: [h1_out, h2_out], activation: tanh}]
equations: {both: h1_out * h2_out, L: both + down}
minimize: L
report: {twice: 2 * h1_out}
"""


def test_equations_read_the_units_that_a_layer_names() -> None:
    view = backtrace.run(from_document(yamlfile.parse(NAMED_UNITS, "test.yaml"))).epochs[0]
    assert view["twice"] == 2 * view["h1_out"]
    assert view["both"] == view["h1_out"] * view["h2_out"]
    formula = view.quantity(view.keys.parse("L").target).formula
    assert formula is not None
    assert to_text(formula, label=view.keys.label) == "both + down"


def test_a_quantity_of_the_users_own_goes_before_a_unit_of_that_name() -> None:
    text = NAMED_UNITS.replace("equations: {", "parameters: {down: 7}\nequations: {")
    found = expanded(from_document(yamlfile.parse(text, "test.yaml")))
    assert [to_text(statement.expr) for statement in found.equations][-1] == "both + down"
