"""What single lines of a report look like: signs, brackets, names of unnamed nodes, array equations."""

from __future__ import annotations

import pytest

import backtrace
from backtrace.config import from_document
from backtrace.render.formulas import Layout
from backtrace.render.text import report_text
from backtrace.yamlfile import parse


def printed(text: str, width: int = 80, ascii: bool = False) -> list[str]:
    """The lines of a report, their blanks as one."""
    trace = backtrace.run(from_document(parse(text, "test.yaml")))
    return [" ".join(line.split()) for line in report_text(trace, Layout(width, ascii=ascii)).splitlines()]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        # a sign before a negative number
        (
            "{inputs: {a: -4}, equations: {e: 1 - a, f: -a}}",
            ["e = 1 - a = 1 - (-4) 5.00000000", "f = -a = -(-4) 4.00000000"],
        ),
        (
            "{inputs: {p: [0.5, 0.25]}, equations: {e: -sum(log(p))}}",
            ["e = -(log(p₁) + log(p₂)) = -(log(0.5) + log(0.25)) 2.07944154"],
        ),
        # unnamed nodes inside others
        (
            "{inputs: {c1: -3}, equations: {c: c1 + (1 + c1)}, minimize: c, gates: true}",
            ["1 + c₁ = 1 + (-3) -2.00000000", "c = c₁ + (1 + c₁) = -3 + (-2) -5.00000000"],
        ),
        (
            "{inputs: {x: 2, y: 3}, equations: {c: 6*x*y - 14*x}, minimize: c, gates: true}",
            ["6·x = 6·2 12.00000000", "6·x·y = 12·3 36.00000000", "c = 6·x·y - 14·x = 36 - 28 8.00000000"],
        ),
        (
            "{inputs: {x: 2}, parameters: {w: 3, b: 1}, learning_rate: 1,"
            " equations: {s: (w*x + b)**2}, minimize: s, gates: true}",
            ["(w·x + b)⁺ = (w·x)⁺ + b⁺ = -50 + (-13) -63.00000000", "s⁺ = (w·x + b)⁺² = (-63)² 3969.00000000"],
        ),
        # a plain sign or index is no node of its own
        ("{inputs: {z: 1}, equations: {e: exp(-z)}}", ["e = exp(-z) = exp(-1) 0.36787944"]),
        (
            "{inputs: {p: [0.5, 0.25]}, equations: {L: '-log(p[1])'}, minimize: L, gates: true}",
            ["log(p₂) = log(0.25) -1.38629436", "L = -log(p₂) = -(-1.38629436) 1.38629436"],
        ),
        # positions count from 1, a half below a line is a number
        (
            "{inputs: {x: [1, 2, 3]}, equations: {part: 'x[1:]', far: softmax(x / 0.5)}}",
            ["part = x[2:] far = softmax(x/0.5)", "(x/0.5)[1] = x₁/0.5 = 1/0.5 2.00000000"],
        ),
        # a formula that only repeats its name
        (
            "{inputs: {v: 4}, equations: {r: 1 / sqrt(v + 0.5)}}",
            [
                "v + 0.5 = 4 + 0.5 4.50000000",
                "sqrt(v + 0.5) = sqrt(4.5) 2.12132034",
                "r = 1/sqrt(v + 0.5) = 1/2.12132034 0.47140452",
            ],
        ),
        (
            "{inputs: [{v: 4}, {v: 5}], equations: {r: 1 / (v + 0.5)}}",
            ["v + 0.5 4.50000000 5.50000000", "v + 0.5 = 4 + 0.5 4.50000000"],
        ),
        # array equations: none that says what a row says; what is repeated is written once
        (
            "{inputs: {x: 2}, targets: {y: 1}, layers: [{weights: [[3]], pre: z}], loss: half_squared_error,"
            " report: {gap: y - z}}",
            ["Error", "E_tot = ½·(y - z)² = ½·(1 - 6)² 12.50000000", "gap = y - z = 1 - 6 -5.00000000"],
        ),
        (
            "{parameters: {z: [1, 2]}, equations: {e: exp(z), p: e / sum(e), L: '-log(p[0])'}, minimize: L}",
            ["∂L/∂e = ∂L/∂p/sum(e) + sum(-(∂L/∂p · (e/sum(e)²)))", "∂L/∂z = ∂L/∂e · e"],
        ),
    ],
)
def test_a_line_is_written_as_a_reader_would_write_it(text: str, lines: list[str]) -> None:
    found = printed(text, width=100)
    assert [line for line in lines if line not in found] == [], "\n".join(found)


@pytest.mark.parametrize("hidden", ["scatter", "expand", "gather", "keepdims", "y - z = y - z\n", "gap = y - z\n"])
@pytest.mark.parametrize(
    "text",
    [
        "{parameters: {z: [1, 2]}, equations: {e: exp(z), p: e / sum(e), L: '-log(p[0])'}, minimize: L}",
        "{parameters: {z: [1, 2, 4]}, equations: {p: softmax(z), L: '-log(p[0])'}, minimize: L}",
        "{parameters: {X: [[1, 2], [3, 5]]}, equations: {m: 'mean(X, axis=1, keepdims=True)', d: X - m,"
        " L: 'sum(d[0]**2)'}, minimize: L}",
        "{inputs: {x: 2}, targets: {y: 1}, layers: [{weights: [[3]], pre: z}], loss: half_squared_error,"
        " report: {gap: y - z}}",
    ],
)
def test_what_a_reader_cannot_read_or_has_read_is_left_out(text: str, hidden: str) -> None:
    assert hidden not in "\n".join(printed(text, width=100)) + "\n"


def test_an_equation_breaks_after_the_beginning_of_its_formula() -> None:
    text = "{inputs: {pa: [1, 2], u: [3, 4]}, equations: {first: pa + u, terms: pa*log(pa/u) + u*log(u/pa)}}"
    found = printed(text, width=40)
    at = found.index("terms = pa·log(pa/u) + u·log(u/pa)")
    assert found[at - 1] == "first = pa + u"


MANY = f"""
inputs: {[[k / 1000, 1 - k / 1000] for k in range(300)]}
targets: {[[k % 2] for k in range(300)]}
reduce: mean
learning_rate: 0.5
layers: [{{weights: [[0.1], [0.3]], pre: t, out: o, activation: sigmoid}}]
loss: binary_cross_entropy
"""


def test_of_many_samples_the_first_ones_and_the_last_have_a_column() -> None:
    found = printed(MANY, width=140)
    assert "#1 #2 #3 #4 #5 #6 #7 #8 … #300" in found
    assert "x₁ 0 0.001 0.002 0.003 0.004 0.005 0.006 0.007 … 0.299" in found
    assert found.count("… 291 samples more (--sample S)") == 3
    assert len(found) < 80
    assert len(printed(MANY, width=80)) < 90


def test_a_table_of_shares_ends_with_the_sum_over_all_samples() -> None:
    found = printed(MANY, width=200)
    view = backtrace.run(from_document(parse(MANY, "test.yaml"))).epochs[0]
    row = next(line for line in found if line.startswith("W₁₁ ") and "…" in line).split()
    assert row[9] == "…"
    assert row[11] == f"{view['dE_tot/dW11']:.8f}"


STATES = """
title: A very long title that tells more about the example than a line of eighty columns has room for
parameters: {w: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], b: 1}
equations: {L: sum(w**2) * b}
minimize: L
learning_rate: 0.1
optimizer: momentum
"""


def test_of_the_states_of_an_optimiser_as_many_are_left_out_as_is_said() -> None:
    found = printed(STATES)
    first = next(k for k, line in enumerate(found) if line.startswith("v(w₁)⁺ = "))
    assert found[first + 5].startswith("v(w₆)⁺ = ")
    assert found[first + 6].startswith("v(w_10)⁺ = ")
    assert found[first + 7] == "… 3 rows more (--full)"
    assert [line for line in found if "(v(" in line] == []


def test_a_title_that_is_too_long_is_broken() -> None:
    assert printed(STATES)[0] == "A very long title that tells more about the example than a line of eighty"
