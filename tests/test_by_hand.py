"""Operations on arrays worked out by hand, values and gradients: every executor gives these numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backtrace.arrays.executor import ArrayExecutor
from backtrace.build import build
from backtrace.codegen import ScalarExecutor
from backtrace.config import from_document
from backtrace.executor import Executor, evaluate
from backtrace.graph import RATE, Graph
from backtrace.ops import TABLE
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.hints import FUNCTIONS
from backtrace.schedule import Moment
from backtrace.stepwise import Stepwise
from backtrace.training import train
from backtrace.yamlfile import parse

SQUARE = "X: [[1, 5, 2], [4, 5, 3]]"
CUBE = "X: [[[1, 2], [3, 4], [5, 6]], [[0, 1], [1, 0], [2, 2]]]"
IMAGES = "X: [[[1, 2, 3], [4, 5, 6]], [[1, 0, 1], [0, 1, 0]]]"

# By name: what is given, what is trained, an equation, its value, and the gradient of its sum by what is trained.
ROWS: dict[str, tuple[str, str, str, Any, Any]] = {
    "the first of several greatest": ("", "w: [2, 7, 7, 1]", "max(w)", 7, [0, 1, 0, 0]),
    "the first of several smallest": ("", "w: [2, 1, 7, 1]", "min(w)", 1, [0, 1, 0, 0]),
    "the greatest of each column": ("", SQUARE.replace("X", "w"), "max(w, axis=0)", [4, 5, 3], [[0, 1, 0], [1, 0, 1]]),
    "the smallest of each row": ("", SQUARE.replace("X", "w"), "min(w, axis=1)", [1, 3], [[1, 0, 0], [0, 0, 1]]),
    "the greatest over two axes": (
        "", CUBE.replace("X", "w"), "max(w, axis=(0, 2))", [2, 4, 6],
        [[[0, 1], [0, 1], [0, 1]], [[0, 0], [0, 0], [0, 0]]],
    ),
    "a product": ("", "w: [2, 3, 5]", "prod(w)", 30, [15, 10, 6]),
    "a product with a 0": ("", "w: [2, 0, 5]", "prod(w)", 0, [0, 10, 0]),
    "a product with two": ("", "w: [0, 0, 5]", "prod(w)", 0, [0, 0, 0]),
    "a product of columns": ("", "w: [[2, 3], [5, 7]]", "prod(w, axis=0)", [10, 21], [[5, 7], [2, 3]]),
    "a product of rows": ("", "w: [[2, 3], [5, 7]]", "prod(w, axis=1)", [6, 35], [[3, 2], [7, 5]]),
    "a product of all of a matrix": ("", "w: [[2, 3], [5, 7]]", "prod(w)", 210, [[105, 70], [42, 30]]),
    "a product of one": ("", "w: [[4], [5]]", "prod(w, axis=1)", [4, 5], [[1], [1]]),
    "sums that go on": ("", "w: [1, 2, 4]", "cumsum(w)", [1, 3, 7], [3, 2, 1]),
    "rows by numbers": ("k: [2, 0, 2]", "w: [[1, 2], [3, 4], [5, 6]]", "take(w, k)", [[5, 6], [1, 2], [5, 6]],
                        [[1, 1], [0, 0], [2, 2]]),
    "numbers by a matrix of numbers": ("k: [[1, 0], [0, 0]]", "w: [7, 8]", "take(w, k)", [[8, 7], [7, 7]], [3, 1]),
    "each number of a window": (IMAGES, "w: [[[[1, 0], [0, 1]], [[1, 1], [0, 0]]]]", "conv2d(X, w)", [[[7, 9]]],
                                [[[[3, 5], [9, 11]], [[1, 1], [1, 1]]]]),
    "a window that is no square": (
        "X: [[1, 2, 3, 4], [5, 6, 7, 8]]", "w: [[1, 10, 100]]", "conv2d(X, w)", [[321, 432], [765, 876]],
        [[14, 18, 22]],
    ),
    "windows two apart": ("X: [[1, 2, 3, 4], [5, 6, 7, 8]]", "w: [[1, 10]]", "conv2d(X, w, stride=2)", [[21, 43]],
                          [[4, 6]]),
    "windows over the edge": ("X: [[1, 2], [3, 4]]", "w: [[1, 10], [100, 1000]]", "conv2d(X, w, padding=1)",
                              [[1000, 2100, 200], [3010, 4321, 402], [30, 43, 4]], [[10, 10], [10, 10]]),
    "several filters of two channels": (
        IMAGES, "w: [[[[1], [0]], [[0], [0]]], [[[0], [1]], [[10], [0]]]]", "conv2d(X, w)",
        [[[1, 2, 3]], [[14, 5, 16]]], [[[[6], [15]], [[2], [1]]], [[[6], [15]], [[2], [1]]]],
    ),
    "the greatest of each window": (
        "", "w: [[1, 9, 2, 2], [9, 3, 2, 2]]", "maxpool2d(w, 2)", [[9, 2]], [[0, 1, 1, 0], [0, 0, 0, 0]],
    ),
    "the greatest of windows that overlap": (
        "", "w: [[1, 5, 2], [4, 3, 6]]", "maxpool2d(w, 2, stride=1)", [[5, 6]], [[0, 1, 0], [0, 0, 1]],
    ),
    "the mean of each window": (
        "", "w: [[1, 9, 2, 2], [9, 1, 2, 6]]", "avgpool2d(w, 2)", [[5, 3]], [[0.25] * 4, [0.25] * 4],
    ),
    "a hard sigmoid at its ends": ("", "w: [-4, -1.5, 0, 1.5, 4]", "hard_sigmoid(w, 0.25)", [0, 0.125, 0.5, 0.875, 1],
                                   [0, 0.25, 0.25, 0.25, 0]),
    "a leaky relu at 0": ("", "w: [-2, 0, 2]", "leaky_relu(w, 0.1)", [-0.2, 0, 2], [0.1, 0.1, 1]),
    "a transposed array": ("v: [[1], [10]]", "w: [[1, 2], [3, 4]]", "w.T @ v", [[31], [42]], [[1, 1], [10, 10]]),
    "a sum over the middle axis": ("", CUBE.replace("X", "w"), "sum(w, axis=1)", [[9, 12], [3, 3]],
                                   [[[1, 1]] * 3, [[1, 1]] * 3]),
    "what is joined": ("x: [5]", "w: [1, 2]", "concat(w, x, w)", [1, 2, 5, 1, 2], [2, 2]),
    "what is stacked": ("x: [5, 6]", "w: [1, 2]", "stack(w, x)", [[1, 2], [5, 6]], [1, 1]),
    "a part of a row": ("", "w: [[1, 2, 3], [4, 5, 6]]", "w[1, 1:]", [5, 6], [[0, 0, 0], [0, 1, 1]]),
    "a diagonal": ("", "w: [2, 3]", "diag(w)", [[2, 0], [0, 3]], [1, 1]),
}  # fmt: skip
ELEMENTWISE = {name: row for name, row in TABLE.items() if isinstance(row, Elementwise) and not row.internal}
EXECUTORS: dict[str, Callable[[Graph], Executor]] = {
    "scalars": ScalarExecutor,
    "arrays": ArrayExecutor,
    "equation by equation": Stepwise,
}


def graph(given: str, trained: str, equation: str) -> Graph:
    inputs = f"inputs: {{{given}}}\n" if given else ""
    text = (
        f'{inputs}parameters: {{{trained}}}\nlearning_rate: 1\nequations: {{z: "{equation}", E: sum(z)}}\nminimize: E\n'
    )
    return build(from_document(parse(text, "hand.yaml")))


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
@pytest.mark.parametrize("name", ROWS)
def test_an_operation_gives_what_is_worked_out_by_hand(name: str, make: Callable[[Graph], Executor]) -> None:
    given, trained, equation, value, gradient = ROWS[name]
    found = train(graph(given, trained, equation), 1, [1], make=make).records[Moment(1)]
    np.testing.assert_allclose(found["z"], value, rtol=1e-14)
    np.testing.assert_allclose(found["dE/dw"], gradient, rtol=1e-14, atol=0)
    np.testing.assert_allclose(found["w+"], found["w"] - found["dE/dw"], rtol=1e-14)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_function_gives_the_same_by_every_executor(name: str) -> None:
    count = ELEMENTWISE[name].least
    signs = {"add": "a + b", "sub": "a - b", "mul": "a*b", "div": "a/b", "pow": "a**b", "neg": "-a"}
    written = signs.get(name, f"{name}({', '.join('abc'[:count])})")
    for low in (-2.5, 0.1):  # some have no values below 0
        spans = [np.linspace(low + k, low + k + 1.7, 4).tolist() for k in range(3)]
        given = ", ".join(f"{letter}: {span}" for letter, span in zip("abc", spans, strict=True))
        made = graph(given, "w: [1, 2, 3, 4]", f"w*({written})".replace('"', ""))
        before = {name: each.values for name, each in made.givens.items()} | {RATE: np.ones(())}
        with np.errstate(all="ignore"):
            expected = evaluate(made.step, before, None)
        if not all(np.isfinite(array).all() for array in expected.values()):
            assert low < 0
            continue
        for make in EXECUTORS.values():
            record = train(made, 1, [1], make=make).records[Moment(1)]
            np.testing.assert_allclose(record["z"], expected["z"], rtol=1e-14)
            np.testing.assert_allclose(record["w+"], expected["w+"], rtol=1e-13)


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
def test_each_sample_takes_from_its_own_table(make: Callable[[Graph], Executor]) -> None:
    text = """
inputs: [{T: [[1, 2], [3, 4], [5, 6]], k: [2, 0]}, {T: [[7, 8], [9, 10], [11, 12]], k: [1, 1]}]
parameters: {w: [1, 10]}
learning_rate: 1
reduce: sum
equations: {U: T*w, z: "take(U, k)", E: sum(z)}
minimize: E
"""
    found = train(build(from_document(parse(text, "hand.yaml"))), 1, [1], make=make).records[Moment(1)]
    assert found["z"].tolist() == [[[5, 60], [1, 20]], [[9, 100], [9, 100]]]
    assert found["dE/dw"].tolist() == [24, 28]


@pytest.mark.parametrize(
    ("given", "equation", "message"),
    [
        (IMAGES, "conv2d(X, ones((1, 3, 2, 2)))", "conv2d takes"),
        ("X: [1, 2]", "conv2d(X, ones((2, 2)))", "conv2d takes"),
        ("X: [[1, 2]]", "conv2d(X, ones((2, 2)))", "a window of 2x2 does not fit"),
        ("X: 1", "ones(2, 3)", r"ones takes 0 operands, not 2(.|\n)*an array of ones: ones\(3\), ones\(\(2, 3\)\)"),
        (CUBE, "prod(X, axis=(0, 1))", "prod runs over one axis, or over all"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(given: str, equation: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        graph(given, "w: 1", equation)


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
def test_each_sample_has_its_own_image(make: Callable[[Graph], Executor]) -> None:
    text = """
inputs: [{X: [[1, 2, 3], [4, 5, 6]]}, {X: [[0, 1, 0], [1, 0, 2]]}]
parameters: {w: [[1, 10], [100, 1000]]}
learning_rate: 1
reduce: sum
equations: {z: "conv2d(X, w)", m: "maxpool2d(X, 2, stride=1)", E: sum(z) + sum(m)}
minimize: E
"""
    found = train(build(from_document(parse(text, "hand.yaml"))), 1, [1], make=make).records[Moment(1)]
    assert found["z"].tolist() == [[[5421, 6532]], [[110, 2001]]]
    assert found["m"].tolist() == [[[5, 6]], [[1, 2]]]
    assert found["dE/dw"].tolist() == [[4, 6], [10, 13]]


@pytest.mark.parametrize("make", EXECUTORS.values(), ids=EXECUTORS)
@pytest.mark.parametrize(("reduce", "bias", "rows"), [("sum", 3, [4, 6]), ("mean", 1, [4 / 3, 2])])
def test_a_derivative_that_is_the_same_for_every_sample_counts_for_each(
    make: Callable[[Graph], Executor], reduce: str, bias: float, rows: list[float]
) -> None:
    text = f"""
inputs: [{{x: [1, 2]}}, {{x: [3, 4]}}, {{x: [0, 0]}}]
parameters: {{w: [5, 6], b: 7, v: [1, 1]}}
learning_rate: 1
reduce: {reduce}
equations: {{E: sum(x*w) + b + 2*sum(v)}}
minimize: E
"""
    built = build(from_document(parse(text, "hand.yaml")))
    found = train(built, 1, [1], make=make).records[Moment(1)]
    by = {name: found[built.gradient_of[name]].tolist() for name in ("w", "b", "v")}
    assert by == {"w": rows, "b": bias, "v": [2 * bias, 2 * bias]}


A, B, M = np.array([0.5, 1.5, 4.0]), np.array([2.0, 0.25, 3.0]), np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
MEANT: dict[str, tuple[Any, ...]] = {
    # a name of numpy, what it gives, and what its operands are called here
    "square": (np.square(A), {"x": A}),
    "fabs": (np.fabs(-A), {"x": -A}),
    "multiply": (np.multiply(A, B), {"a": A, "b": B}),
    "subtract": (np.subtract(A, B), {"a": A, "b": B}),
    "divide": (np.divide(A, B), {"a": A, "b": B}),
    "negative": (np.negative(A), {"x": A}),
    "std": (np.std(A), {"x": A}),
    "average": (np.average(A), {"x": A}),
    "ln": (np.log(A), {"x": A}),
    "power": (np.power(A, 3), {"x": A, "n": np.array(3.0)}),
    "inner": (np.inner(A, B), {"a": A, "b": B}),
    "mm": (np.matmul(M, A), {"a": M, "b": A}),
    "heaviside": (np.heaviside(np.array([-1.0, 2.0]), 0), {"x": np.array([-1.0, 2.0])}),
    "concatenate": (np.concatenate([A, B]), {"a": A, "b": B}),
    "vstack": (np.vstack([A, B]), {"a": A, "b": B}),
    "array": (np.array([1.0, 2.0]), {"a": np.array(1.0), "b": np.array(2.0)}),
    "logistic": (1 / (1 + np.exp(-A)), {"x": A}),
    "swish": (A / (1 + np.exp(-A)), {"x": A}),
    "\u03a3": (A.sum(), {"x": A}),
}


@pytest.mark.parametrize("name", MEANT)
def test_what_is_proposed_for_a_function_of_numpy_is_that_function(name: str) -> None:
    value, operands = MEANT[name]
    given = ", ".join(f"{letter}: {array.tolist()}" for letter, array in operands.items())
    built = build(from_document(parse(f'inputs: {{{given}}}\nequations: {{z: "{FUNCTIONS[name]}"}}\n', "hand.yaml")))
    found = train(built, 1, [1]).records[Moment(1)]["z"]
    np.testing.assert_allclose(found, value, rtol=1e-14)
