"""From a config to a graph: the order of equations, and what is refused with the place it stands at."""

from __future__ import annotations

import pytest

import backtrace
from backtrace import yamlfile
from backtrace.build import build
from backtrace.config import from_document
from backtrace.errors import ConfigError
from backtrace.expressions import Type
from backtrace.graph import Graph, depends
from backtrace.yamlfile import parse


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


def refusals(text: str) -> list[tuple[int, int, str, str]]:
    with pytest.raises(ConfigError) as refusal:
        graph(text)
    return [
        (
            fault.place.line if fault.place else 0,
            fault.place.column if fault.place else 0,
            fault.message,
            fault.hint,
        )
        for fault in refusal.value.faults
    ]


HEAD = "inputs: {x: [0.1, 0.2]}\nparameters: {W: [[1, 2, 3], [4, 5, 6]], b: 0.5}\n"


def test_equations_may_stand_in_any_order() -> None:
    net = graph(HEAD + "equations:\n  E: sum(h)\n  h: tanh(z)\n  z: x @ W + b\nminimize: E\n")
    assert [equation.name for equation in net.forward] == ["z", "h", "E"]


def test_equations_in_order_stay_as_written() -> None:
    net = graph(HEAD + "equations:\n  a: b + 1\n  z: x @ W\n  c: a*2\n  E: sum(z)*c\nminimize: E\n")
    assert [equation.name for equation in net.forward] == ["a", "z", "c", "E"]


def test_a_graph_knows_its_types_and_readers() -> None:
    net = graph(
        "inputs: [{x: [1, 2], s: 1}, {x: [3, 4], s: 2}]\nparameters: {W: [[1], [2]]}\nlearning_rate: 1\n"
        "equations: {z: x @ W, E: s*sum(z**2)}\nminimize: E\nreduce: mean\n"
    )
    assert net.types["x"] == Type((2,), True)
    assert net.types["W"] == Type((2, 1))
    assert net.types["z"] == Type((1,), True)
    assert net.types["E#"] == Type((), True)
    assert net.types["E"] == Type(())
    assert net.types["dE/dz"] == Type((1,), True)
    assert net.types["dE/dW"] == Type((2, 1))
    assert [equation.name for equation in net.consumers["z"]] == ["E#"]
    assert net.gradient_of["W"] == "dE/dW"
    assert net.samples == 2
    assert depends(net.forward, ["z"]) == {"z", "E#", "E"}


def test_what_is_unnamed_below_a_function_is_a_node_of_its_own() -> None:
    net = graph(HEAD + "equations:\n  h: tanh(x @ W + b)\n  E: 1/sum(h)\nminimize: E\n")
    assert [(equation.name, equation.inner) for equation in net.forward] == [
        ("x@W+b", True),
        ("h", False),
        ("sum(h)", True),
        ("E", False),
    ]


def test_gates_make_a_node_of_every_operation() -> None:
    text = "inputs: {x: -2, y: 5, z: -4}\ngates: true\nequations: {f: (x + y)*z}\nminimize: f\n"
    net = graph(text)
    assert [(equation.name, equation.inner) for equation in net.forward] == [("x+y", True), ("f", False)]
    assert net.wrt == ("x", "y", "z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "equations: {z: q + 1}\n",
            [
                (
                    3,
                    16,
                    '"q" is not known here',
                    STATE := "state it under inputs:, targets:, parameters: or as an equation above",
                )
            ],
        ),
        (
            "equations: {hidden: b*2, z: hiden + 1}\n",
            [(3, 29, '"hiden" is not known here', 'did you mean "hidden"?')],
        ),
        (
            "equations:\n  z: x @ W\n  h: sigmod(z)\n",
            [(5, 6, 'there is no function "sigmod"', 'did you mean "sigmoid"?')],
        ),
        (
            "equations:\n  z: W @ x\n",
            [(4, 6, "2x3 @ 2 does not fit: 3 is not 2", "W is 2x3, x has 2 elements; did you mean x @ W or W.T @ x?")],
        ),
        (
            "equations:\n  z: b + (x + x @ W)\n",
            [(4, 11, "shapes 2 and 3 do not fit elementwise", "x has 2 elements, x @ W has 3 elements")],
        ),
        # every fault of a file, but none that only follows from another
        (
            "equations:\n  z: x @ Q\n  h: tanh(z)\n  k: cosine(b)\n",
            [
                (4, 10, '"Q" is not known here', STATE),
                (6, 6, 'there is no function "cosine"', 'did you mean "sin"?'),
            ],
        ),
        (
            "equations:\n  a: b + c\n  c: 2*a\n",
            [
                (
                    4,
                    6,
                    "the equations go round in a circle: a reads c reads a",
                    "one of them is stated without the others",
                )
            ],
        ),
        (
            "equations:\n  a: a + 1\n",
            [(4, 6, "the equations go round in a circle: a reads a", "one of them is stated without the others")],
        ),
        (
            "equations:\n  a: d + 1\n  k: a*2\n  c: k + 1\n  d: c\n",
            [
                (
                    4,
                    6,
                    "the equations go round in a circle: a reads d reads c reads k reads a",
                    "one of them is stated without the others",
                )
            ],
        ),
        (
            "equations: {z: x @ W}\nminimize: z\n",
            [(4, 11, "the objective is an array (3), not a single number", "minimize: sum(z)")],
        ),
        (
            "equations: {z: x @ W}\nminimize: z**2\n",
            [(4, 11, "the objective is an array (3), not a single number", "minimize: sum(z**2)")],
        ),
        (
            "equations: {loss: sum(x)}\nminimize: los\n",
            [(4, 11, 'there is no equation "los"', 'did you mean "loss"?')],
        ),
        ("equations: {E: sum(x)}\nminimize: 2*Q\n", [(4, 13, '"Q" is not known here', STATE)]),
        (
            "equations: {E_tot: sum(x)}\nminimize: 2*E_tot\n",
            [
                (
                    4,
                    11,
                    '"E_tot" is taken, but the objective needs it',
                    "name the objective: minimize: {J: ...}",
                )
            ],
        ),
        (
            "equations: {E: sum(x)}\nminimize: E\nfreeze: [V]\nlearning_rate: 1\n",
            [(5, 10, '"V" is no parameter', "parameters here: W, b")],
        ),
        (
            "functions: {f(t): f(t) + 1}\nequations: {E: f(b)}\n",
            [
                (
                    3,
                    19,
                    "f calls itself",
                    "a function is written by others, and ends",
                )
            ],
        ),
    ],
)
def test_what_cannot_be_a_graph_is_refused_at_its_place(text: str, expected: list[tuple[int, int, str, str]]) -> None:
    assert refusals(HEAD + text) == expected


def test_samples_without_a_way_to_combine_them_are_refused() -> None:
    text = "inputs: [{x: 1}, {x: 2}]\nparameters: {w: 3}\nequations: {E: w*x}\nminimize: E\n"
    assert refusals(text) == [
        (4, 11, "there are 2 samples, but not how they combine", "add reduce: sum, or reduce: mean")
    ]
    assert [e.text() for e in graph(text + "reduce: mean\n").forward] == [
        "E# = w*x",
        "E = mean_samples(E#, count=2)",
    ]
    stated = graph(text.replace("minimize: E", "minimize: mean_samples(E) + 0.5*w**2"))
    assert stated.objective == "E_tot"


NAMED = "inputs: {x: [1, 2]}\nparameters: {W: [0.5, 0.2]}\nlearning_rate: 0.1\nequations: {E: (W*x)**2}\n"


@pytest.mark.parametrize(
    ("stated", "name", "value"),
    [
        ("minimize: sum(E)", "E_tot", 0.41),
        ("minimize: {E_tot: sum(E)}", "E_tot", 0.41),
        ("minimize: {J: sum(E)}", "J", 0.41),
        ("maximize: {J: -sum(E)}\nuntil: J > -0.1", "J", -0.41),
    ],
)
def test_an_objective_may_be_given_a_name(stated: str, name: str, value: float) -> None:
    trace = backtrace.run(from_document(parse(NAMED + stated, "test.yaml")), epochs=1)
    assert trace.graph.objective == name
    assert trace[name] == pytest.approx(value)
    assert trace[f"d{name}/dW1"] == pytest.approx(1.0 if value > 0 else -1.0)


@pytest.mark.parametrize(
    ("stated", "message", "hint"),
    [
        ("{E: sum(E)}", '"E" is an equation already', "one name, one quantity"),
        ("{W: sum(E)}", '"W" is a parameter already', "one name, one quantity"),
        (
            "{9a: sum(E)}",
            '"9a" is no name for a quantity',
            "letters, digits and _, beginning with a letter, without __",
        ),
        (
            "{A: sum(E), B: 1}",
            "expected one quantity, such as {E_tot: sum(E)}, got a mapping of 2",
            "add them up in one expression",
        ),
        ("{J: E}", "the objective is an array (2), not a single number", "minimize: {J: sum(E)}"),
        ("2*E", "the objective is an array (2), not a single number", "minimize: sum(2*E)"),
        ("E", "the objective is an array (2), not a single number", "minimize: sum(E)"),
    ],
)
def test_a_name_for_the_objective_is_refused_with_the_repair(stated: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build(from_document(parse(f"{NAMED}minimize: {stated}", "test.yaml")))
    (found,) = caught.value.faults
    assert (found.message, found.hint) == (message, hint)
