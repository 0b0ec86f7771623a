"""Gradients of thousands of random networks, many of them saturated, are right by the norm to 12 digits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backtrace.exact import text_book
from backtrace.graph import Graph
from tests.random_networks import cases, error


@pytest.mark.parametrize("seed", range(6))
def test_gradients_of_500_networks_are_right_to_12_digits(seed: int) -> None:
    worst = max((error(case, given, case.graph), number) for number, (case, given) in enumerate(cases(500, seed)))
    assert worst[0] <= 1e-12, f"network {worst[1]}"


def as_in_a_text_book(graph: Graph) -> Graph:
    gradients = tuple(replace(equation, expr=text_book(equation.expr)) for equation in graph.gradients)
    return replace(graph, gradients=gradients)


def test_the_text_books_formulas_lose_what_is_kept() -> None:
    assert max(error(case, given, as_in_a_text_book(case.graph)) for case, given in cases(200, 1)) > 1e-4
