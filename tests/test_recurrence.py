"""Indexed equations: what a step is, and that writing them out by hand gives the same numbers."""

import numpy as np
import pytest

from backtrace.build import build
from backtrace.config import from_document
from backtrace.errors import ConfigError
from backtrace.graph import Graph
from backtrace.schedule import Moment
from backtrace.training import train
from backtrace.yamlfile import parse

GIVEN = """
inputs: {x: [0.2, 0.3, 0.4], y: 7}
parameters: {W: [2, 1], U: [[1, 2], [3, 4]], w: [2, 4]}
learning_rate: 0.001
minimize: loss
equations:
"""
INDEXED = """
  h[0]: zeros(2)
  h[t]: tanh(W*x[t] + U @ h[t-1])
  loss: (y - w @ h[3])**2/2
"""
WRITTEN = """
  h_0: zeros(2)
  h_1: tanh(W*x[0] + U @ h_0)
  h_2: tanh(W*x[1] + U @ h_1)
  h_3: tanh(W*x[2] + U @ h_2)
  loss: (y - w @ h_3)**2/2
"""


def graph(text: str) -> Graph:
    return build(from_document(parse(text, "net.yaml")))


def test_indexed_equations_are_those_written_out() -> None:
    indexed, written = graph(GIVEN + INDEXED + "steps: {t: 1..3}\n"), graph(GIVEN + WRITTEN)
    assert [e.text() for e in indexed.forward] == [e.text() for e in written.forward]
    first, second = (train(net, 4, [1, 4]).records for net in (indexed, written))
    for moment in first:
        for name, values in first[moment].items():
            assert np.array_equal(values, second[moment][name]), name


def test_published_right_values_of_an_unrolled_network() -> None:
    """The gradient by W of INFOSYS/RNN-backprop.ipynb, which its page has wrong, from a recomputation."""
    record = train(graph(GIVEN + INDEXED + "steps: {t: 1..3}\n"), 1, [1]).records[Moment(1)]
    assert record["dloss/dW"] == pytest.approx([-0.00309606, -0.00103879], abs=5e-9)
    assert record["dloss/dU"][0] == pytest.approx([-0.00539987, -0.00571145], abs=5e-9)


@pytest.mark.parametrize(
    ("equations", "text"),
    [
        ("E[t]: x[t]**2", "E_2 = x[1]**2"),
        ("E[t]: t*x[t]", "E_2 = 2*x[1]"),
        ("E[t]: x[t]\n  s: sum(E)", "s = sum([E_1, E_2, E_3])"),
        ("E[t]: x[t]\n  s: E[3] - E[1]", "s = E_3 - E_1"),
        ("E[t]: E[t-1] + x[t]\n  E[0]: 0*x[0]", "E_2 = E_1 + x[1]"),
        ("E[t]: E[t+1]*x[t]\n  E[4]: 1*x[0]", "E_3 = E_4*x[2]"),
        ("E[t]: x[0]*x[t]", "E_2 = x[0]*x[1]"),
    ],
)
def test_what_an_index_means(equations: str, text: str) -> None:
    net = graph(f"inputs: {{x: [1, 2, 3]}}\nsteps: {{t: 1..3}}\nequations:\n  {equations}\n")
    assert text in [e.text() for e in net.forward]


def test_given_values_may_be_named_by_their_step() -> None:
    net = graph('inputs: {x1: 2, x2: 3, "h[0]": 1}\nsteps: {t: 1..2}\nequations: {"h[t]": "h[t-1]*x[t]"}\n')
    assert [e.text() for e in net.forward] == ["h_1 = h_0*x1", "h_2 = h_1*x2"]


def test_an_objective_and_a_condition_may_speak_of_all_steps() -> None:
    net = graph(
        "inputs: {x: [1, 2]}\nparameters: {w: 3}\nlearning_rate: 0.1\nsteps: {t: 1..2}\n"
        "equations:\n  E[t]: (w*x[t])**2\nminimize: sum(E)\nuntil: E[2] < 1\nepochs: 100\n"
    )
    found = train(net, 100, [])
    assert found.stopped
    assert float(found.records[Moment(len(found.losses))]["E_2"]) < 1


def test_steps_have_samples_too() -> None:
    net = graph(
        "inputs: [{x: [1, 2]}, {x: [3, 4]}]\nsteps: {t: 1..2}\nequations:\n  h[0]: 0*x[0]\n  h[t]: h[t-1] + x[t]\n"
    )
    assert train(net, 1, []).records[Moment(1)]["h_2"].tolist() == [3, 7]


def test_one_step_is_enough() -> None:
    net = graph("inputs: {x: [1]}\nsteps: {t: 2..2}\nequations:\n  h[t]: 3*x[t]\n")
    assert float(train(net, 1, []).records[Moment(1)]["h_2"]) == 3


FAULTS = {
    "no steps": ("equations:\n  h[t]: 2\n", '"h[t]" is a step, but there are none'),
    "no such step": ("steps: {t: 1..2}\nequations:\n  h[t]: h[t-1]\n", "there is no h[0]"),
    "another counter": ("steps: {t: 1..2}\nequations:\n  h[s]: 2\n  h[t]: 1\n", '"s" counts no steps'),
    "an unknown array": ("steps: {t: 1..2}\nequations:\n  h[t]: q[t]\n", '"q" is not known here'),
    "a product of steps": (
        "steps: {t: 1..2}\nequations:\n  h[t]: x[2*t]\n",
        "a step is the counter, or so",
    ),
    "before the first": ("steps: {t: 1..2}\nequations:\n  h[t]: x[t-1]\n", "there is no x[0]: the steps begin later"),
    "beyond the list": ("steps: {t: 1..3}\nequations:\n  h[t]: x[t]\n", "index does not fit 2"),
    "no span": ("steps: {t: 3}\nequations:\n  h[t]: 2\n", "expected the first and the last step, such as 1..3"),
    "a span backwards": ("steps: {t: 3..1}\nequations:\n  h[t]: 2\n", "the steps 3..1 run backwards"),
    "too many": ("steps: {t: 1..5000}\nequations:\n  h[t]: 2\n", "1..5000 is 5000 steps"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_step_is_refused(name: str) -> None:
    text, message = FAULTS[name]
    with pytest.raises(ConfigError) as caught:
        graph("inputs: {x: [1, 2]}\n" + text)
    assert caught.value.faults[0].message.startswith(message)
    assert caught.value.faults[0].place is not None
