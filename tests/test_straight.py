"""Straight-line programs: what is computed once, what only where it is chosen, and how each language writes it."""

from __future__ import annotations

import numpy as np
import pytest

from backtrace import yamlfile
from backtrace.build import build
from backtrace.codegen import ScalarExecutor
from backtrace.config import from_document
from backtrace.export.c import C
from backtrace.expressions import Name, Type, parse
from backtrace.graph import Graph
from backtrace.ops import Scope, typed
from backtrace.straight.lowering import Lowering
from backtrace.straight.python import PYTHON
from backtrace.straight.schedule import Inlined, block
from backtrace.straight.writing import Style, Writer

NAMES = {name: Name(name, Type((3,) if name in "xw" else ())) for name in "abcxw"}


def written(text: str, style: Style = PYTHON) -> list[str]:
    """The statements of an expression, variables by the names of what they read."""
    lowering = Lowering()
    result = lowering.at(typed(parse(text), Scope(NAMES)), (), None)
    names = {node: f"{key.name}{''.join(str(k + 1) for k in key.index)}" for key, node in lowering.elements.items()}
    found = block([result])
    writer = Writer(style, names, Inlined([found], [(found, (result,))]).nodes)
    return [*writer.lines(found), writer.text(result)]


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("a + b*c - (a - b)/c", ["a + b * c - (a - b) / c"]),
        ("a - (b - (c - a))", ["a - (b - (c - a))"]),
        ("-(a + b)*-c", ["-(a + b) * -c"]),
        ("x @ w", ["x1 * w1 + x2 * w2 + x3 * w3"]),
        ("exp(a*b) + 1/exp(a*b)", ["t2 = exp(a * b)", "t2 + 1.0 / t2"]),
        ("a**2 + (a*b)**2", ["t2 = a * b", "a * a + t2 * t2"]),
        ("a**3 + a**0.5", ["pow(a, 3.0) + pow(a, 0.5)"]),
        ("2*3*a + 1*b + c/1 - --a", ["6.0 * a + b + c - a"]),
        ("9**9**9", ["pow(9.0, 387420489.0)"]),  # it overflows when it runs
        ("0*a", ["0.0 * a"]),  # of an infinite a that is no 0
        ("relu(a)", ["a if a > 0.0 else 0.0"]),
        ("where(a > b, log(a), c)", ["log(a) if a > b else c"]),
        ("where(a, b, c)", ["b if a != 0.0 else c"]),
        ("maximum(a, b)", ["b if b > a else a"]),
        ("max(x)", ["t3 = x2 if x2 > x1 else x1", "x3 if x3 > t3 else t3"]),
        (
            "sigmoid(a)",
            ["if a >= 0.0:", " t1 = 1.0 / (1.0 + exp(-a))", "else:", " t2 = exp(a)", " t1 = t2 / (t2 + 1.0)", "t1"],
        ),
        ("logsumexp([a, b])", ["t2 = b if b > a else a", "log(exp(a - t2) + exp(b - t2)) + t2"]),
    ],
)
def test_an_expression_in_python(text: str, statements: list[str]) -> None:
    assert written(text) == statements


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("relu(a) + 1", ["(a > 0.0 ? a : 0.0) + 1.0"]),
        ("exp(a)*exp(a)", ["const double t1 = exp(a);", "t1 * t1"]),
    ],
)
def test_an_expression_in_c(text: str, statements: list[str]) -> None:
    assert written(text, C) == statements


NET = """
inputs: {x: [1, 2]}
parameters: {w: [0.5, -0.5], c: 2}
freeze: [c]
learning_rate: 0.005
equations: {scale: exp(c), dead: log(x), E: "scale*sum(w*x)**2"}
minimize: E
until: E < 1e-9
"""


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


def test_training_computes_what_it_needs_and_what_never_changes_once() -> None:
    net = graph(NET)
    advance = ScalarExecutor(net).source.split("def ")[1].splitlines()
    loop = next(k for k, line in enumerate(advance) if line.startswith("    for "))
    assert [line.count("exp(") for line in advance if "exp(" in line] == [1]
    assert any("exp(" in line for line in advance[:loop])
    assert not any("log(" in line for line in advance)


def test_a_row_holds_all_that_an_update_computes_and_shares_its_memory() -> None:
    net = graph(NET)
    found = ScalarExecutor(net)
    rows = np.zeros((2, found.width))
    losses = found.record(rows)
    assert found.width == sum(int(np.prod(equation.type.shape)) for equation in net.step)
    views = [found.views(row) for row in rows]
    assert [float(view["E"]) for view in views] == list(losses)
    assert list(views[0]) == [equation.name for equation in net.step]
    assert views[1]["w+"].tolist() == found.state()["w"].tolist()
    rows[1] = 7
    assert views[1]["w+"].tolist() == [7, 7]


def test_the_forward_pass_alone_gives_the_bits_of_the_next_update() -> None:
    found = ScalarExecutor(graph(NET))
    rows = np.zeros((2, found.width))
    found.record(rows[:1])
    after = found.after(found.given | found.state())
    found.record(rows[1:])
    assert {name: array.tolist() for name, array in after.items()} == {
        name: found.views(rows[1])[name.removesuffix("+")].tolist() for name in after
    }


def test_recording_ends_with_the_update_in_which_the_condition_holds() -> None:
    watched, unwatched = ScalarExecutor(graph(NET)), ScalarExecutor(graph(NET))
    before, rows = unwatched.advance(1000), np.zeros((1000, watched.width))
    losses = watched.record(rows)
    assert list(losses[:-1]) == list(before)
    assert watched.made == len(before) + 1
    assert float(watched.views(rows[len(losses) - 1])["@until"]) == 1.0


@pytest.mark.parametrize("name", ["advance", "record"])
def test_an_error_leaves_the_executor_as_it_was(name: str) -> None:
    net = graph("parameters: {w: 1}\nlearning_rate: 0.03\nequations: {E: log(w)}\nminimize: E\n")
    found = ScalarExecutor(net)
    with pytest.raises(ValueError, match="math domain error"):
        found.advance(99) if name == "advance" else found.record(np.zeros((99, found.width)))
    assert (found.values, found.made) == ([1.0], 0)
    assert found.advance(1) == [0.0]


def test_a_long_chain_of_equations_is_no_deep_recursion() -> None:
    chain = "".join(f'  h{k}: "where(h{k - 1} > 2, h{k - 1}, sin(h{k - 1}))"\n' for k in range(1, 300))
    net = graph(f"parameters: {{h0: 0.5}}\nlearning_rate: 0.1\nequations:\n{chain}minimize: h299\n")
    assert len(ScalarExecutor(net).advance(2)) == 2
