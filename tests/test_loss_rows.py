"""What each loss and each function of several operations is: its expression, and its number by plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backtrace.executor import evaluate
from backtrace.expressions import Name, Type, parse
from backtrace.graph import Equation
from backtrace.ops import MACROS, Scope, typed
from backtrace.ops.losses import LOSSES
from backtrace.ops.movements import PlaceMap

GIVEN = {"y": np.array([1.0, 0.0]), "o": np.array([0.8, 0.3]), "x": np.array([3.0, -4.0]), "A": np.diag([3.0, 4.0])}

TEXTS = {
    "half_squared_error": "sum(0.5*(y - o)**2)",
    "squared_error": "sum((y - o)**2)",
    "mean_squared_error": "mean((y - o)**2)",
    "half_mean_squared_error": "mean(0.5*(y - o)**2)",
    "mean_absolute_error": "mean(abs(y - o))",
    "huber": "sum(where(abs(y - o) <= 1, 0.5*(y - o)**2, abs(y - o) - 0.5))",
    "log_cosh": "sum(log(cosh(y - o)))",
    "hinge": "sum(maximum(0, 1 - y*o))",
    "squared_hinge": "sum(maximum(0, 1 - y*o)**2)",
    "binary_cross_entropy": "sum(-(y*log(o) + (1 - y)*log(1 - o)))",
    "cross_entropy": "sum(-(y*log(o)))",
    "sparse_cross_entropy": "sum(-log(o)[y])",
    "kl_divergence": "sum(where(y > 0, y*log(y/o), 0))",
}


def test_every_loss_is_this_expression() -> None:
    assert {name: row.text() for name, row in LOSSES.items()} == TEXTS
    assert [name for name, row in LOSSES.items() if row.labelled] == ["sparse_cross_entropy"]


VALUES = {
    "half_squared_error(y, o)": (0.2**2 + 0.3**2) / 2,
    "squared_error(y, o)": 0.2**2 + 0.3**2,
    "mean_squared_error(y, o)": (0.2**2 + 0.3**2) / 2,
    "half_mean_squared_error(y, o)": (0.2**2 + 0.3**2) / 4,
    "mean_absolute_error(y, o)": (0.2 + 0.3) / 2,
    "huber(y, o)": (0.2**2 + 0.3**2) / 2,
    "huber(y, o, delta=0.25)": 0.2**2 / 2 + 0.25 * (0.3 - 0.25 / 2),
    "huber(y, x)": 2 - 0.5 + 4 - 0.5,
    "huber(y, x, delta=2)": 2 * (2 - 1) + 2 * (4 - 1),
    "log_cosh(y, o)": math.log(math.cosh(0.2)) + math.log(math.cosh(0.3)),
    "hinge(y, o)": 0.2 + 1,
    "squared_hinge(y, o)": 0.2**2 + 1,
    "binary_cross_entropy(y, o)": -math.log(0.8) - math.log(0.7),
    "cross_entropy(y, o)": -math.log(0.8),
    "kl_divergence(y, o)": math.log(1 / 0.8),
    "dot(x, o)": 3 * 0.8 - 4 * 0.3,
    "l1(x)": 7.0,
    "l2(x)": 25.0,
    "var(x)": 3.5**2,
    "var(x, ddof=1)": 2 * 3.5**2,
    "var(A, axis=0)": [1.5**2, 2.0**2],
    "var(A, axis=1, ddof=1)": [2 * 1.5**2, 2 * 2.0**2],
    "var(A)": 25 / 4 - (7 / 4) ** 2,
    "norm(A)": 5.0,
    "norm(A, axis=0)": [3.0, 4.0],
    "norm(x)": 5.0,
    "norm(x, ord=1)": 7.0,
    "norm(x, ord=3)": 91 ** (1 / 3),
}


@pytest.mark.parametrize("text", VALUES)
def test_a_function_of_several_operations_has_this_value(text: str) -> None:
    expr = typed(parse(text), Scope({name: Name(name, Type(values.shape)) for name, values in GIVEN.items()}))
    with np.errstate(divide="ignore", invalid="ignore"):  # where a branch is not taken
        found = evaluate([Equation("E", expr, Type(expr.shape))], GIVEN, None)["E"]
    assert found.tolist() == pytest.approx(VALUES[text], rel=1e-14)


def test_every_function_of_several_operations_has_a_value_here() -> None:
    assert {text.split("(")[0] for text in VALUES} | {"sparse_cross_entropy"} == set(MACROS)


def test_maps_of_places_are_equal_by_what_they_hold() -> None:
    here, there = np.array([0, 2]), np.array([0, 1])
    assert PlaceMap(here) == PlaceMap(here.copy())
    assert PlaceMap(here) != PlaceMap(there)
    assert PlaceMap(here) != "places"
    assert len({PlaceMap(here), PlaceMap(here.copy()), PlaceMap(there), PlaceMap(here.reshape(2, 1))}) == 3
