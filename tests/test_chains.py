"""The chain rule as a structure: ways, trails, factors and junctions, found without looking at a value."""

from functools import cache
from pathlib import Path as File

import pytest

from backtrace.build import build
from backtrace.chains import Chains, constant_value
from backtrace.config import from_document, read
from backtrace.expressions import Element, Num, to_text
from backtrace.expressions import parse as parse_expression
from backtrace.keys import Derivative, Keys, Part, Path
from backtrace.yamlfile import parse

RESIDUAL = """
inputs: {x: [1, 2]}
parameters: {w: [0.5, 0.25]}
equations:
  a: x * w
  s: tanh(a)
  r: a + s
  E: sum(r * r)
minimize: E
"""
UNUSED = "{inputs: {x: 2}, equations: {a: x**2, b: 3*x, y: a + 1}, minimize: y}"
CONSTANTS = "{inputs: {x: 2}, equations: {a: 3*x, b: a + 1, c: b - 4, y: 2*c}, minimize: y}"


@cache
def graph(config: str) -> tuple[Chains, Keys]:
    if "{" in config or "\n" in config:
        found = build(from_document(parse(config, "test.yaml")))
    else:
        found = build(read(File(__file__).parent.parent / "configs" / f"{config}.yaml"))
    return Chains(found, Element(found.objective or "")), Keys.of(found)


def element(config: str, key: str) -> Element:
    target = graph(config)[1].parse(key).target
    assert isinstance(target, Element)
    return target


@pytest.mark.parametrize(
    ("config", "source", "ways"),
    [
        ("example", "h1", "t1 t2"),
        ("example", "U11", "t1"),
        ("example", "U21", "t1"),
        ("example", "x2", "z1 z2"),
        ("example", "o2", "E2"),
        ("example", "E2", "E_tot"),
        ("example", "E_tot", ""),
        ("fan_out", "v1", "v3 v4"),
        ("fan_out", "v2", "v4 v5"),
        ("xor", "W2_1_1", "s#1 s#2 s#3 s#4"),
        ("xor", "a1#2", "s#2"),
        ("xor", "J#3", "J"),
        ("multiclass", "t2#1", "o1#1 o2#1 o3#1"),
        ("mazur", "b1", "net_h1 net_h2"),
        ("relu_binary", "w2", "f1 f2"),
        ("sigmoid_gate", "w0", "w0*x0"),
        (RESIDUAL, "a1", "s1 r1"),
        # an occurrence is no way of its own: r*r is entered once
        (RESIDUAL, "r2", "E"),
        # b is read by nothing that leads to y
        (UNUSED, "x", "a"),
        (UNUSED, "b", ""),
    ],
)
def test_the_ways_of_an_element(config: str, source: str, ways: str) -> None:
    chains, keys = graph(config)
    assert [keys.text(way) for way in chains.ways(element(config, source))] == ways.split()


@pytest.mark.parametrize(
    ("config", "source", "trail"),
    [
        ("example", "U11", "U11 t1 o1 E1 E_tot"),
        # up to the junction
        ("example", "W11", "W11 z1 h1"),
        ("example", "h1", "h1"),
        ("fan_out", "v3", "v3 v6 v7 y"),
        ("xor", "s#2", "s#2 yhat#2 J#2 J"),
        ("example", "E_tot", "E_tot"),
        (UNUSED, "b", "b"),
    ],
)
def test_a_trail_runs_while_there_is_one_way(config: str, source: str, trail: str) -> None:
    chains, keys = graph(config)
    assert [keys.text(node) for node in chains.trail(element(config, source))] == trail.split()


@pytest.mark.parametrize(
    ("config", "by", "factors"),
    [
        # the constant 1 of E_tot by E1 joins the next factor
        ("example", "U11", "dE_tot/do1 do1/dt1 dt1/dU11"),
        ("example", "W11", "dE_tot/dh1 dh1/dz1 dz1/dW11"),
        ("matrix_form", "W2_1_1", "dL/do1 do1/dW2_1_1"),
        # the last factor stays, even where it is 1
        ("matrix_form", "b2_1", "dL/do1 do1/db2_1"),
        ("mazur", "w5", "dE_total/dout_o1 dout_o1/dnet_o1 dnet_o1/dw5"),
        ("fan_out", "v4", "dy/dv4"),
        (CONSTANTS, "x", "dy/dx"),
    ],
)
def test_the_factors_of_a_derivative(config: str, by: str, factors: str) -> None:
    chains, keys = graph(config)
    assert [keys.text(factor) for factor in chains.factors(element(config, by))] == factors.split()


@pytest.mark.parametrize(
    ("config", "by", "formula"),
    [
        ("example", "E_tot", "1"),
        (UNUSED, "b", "0"),
        ("example", "U11", "dE_tot/do1 * do1/dt1 * dt1/dU11"),
    ],
)
def test_the_formula_of_a_derivative(config: str, by: str, formula: str) -> None:
    chains, keys = graph(config)
    assert to_text(chains.formula(element(config, by)), label=keys.label) == formula


@pytest.mark.parametrize(
    ("config", "of", "by", "formula"),
    [
        ("example", "t1", "h1", "U11"),
        ("example", "t1", "U11", "h1"),
        ("example", "h1", "z1", "h1*(1 - h1)"),
        ("example", "E1", "o1", "-(y1 - o1)"),
        ("example", "E_tot", "E2", "1"),
        ("fan_out", "v3", "v1", "1/v1"),
        ("fan_out", "v7", "v5", "-1"),
        ("xor", "J", "J#3", "1"),
        ("regression", "E_tot", "E_tot#2", "1/3"),
        # what is no operand, and what is given
        ("example", "z1", "h1", "0"),
        ("example", "x1", "h1", "0"),
        ("example", "x1", "x1", "1"),
    ],
)
def test_a_local_derivative_holds_the_other_operands(config: str, of: str, by: str, formula: str) -> None:
    chains, keys = graph(config)
    found = chains.local(element(config, of), element(config, by))
    assert to_text(found, label=keys.label) == formula


@pytest.mark.parametrize(
    ("config", "path", "formula"),
    [
        ("example", "E_tot E1 o1", "-(y1 - o1)"),
        ("example", "E1 o1 t1", "-((y1 - o1)*o1*(1 - o1))"),
        (CONSTANTS, "y c b a", "2"),
        (CONSTANTS, "y c b a x", "6"),
    ],
)
def test_along_a_path_local_derivatives_multiply(config: str, path: str, formula: str) -> None:
    chains, keys = graph(config)
    nodes = tuple(element(config, key) for key in path.split())
    assert to_text(chains.path_formula(Path(nodes)), label=keys.label) == formula


@pytest.mark.parametrize(
    ("config", "of", "by", "through", "several"),
    [
        (RESIDUAL, "r1", "a1", "r1", True),
        (RESIDUAL, "r1", "a1", "s1", True),
        (RESIDUAL, "s1", "a1", "s1", False),
        ("fan_out", "y", "v1", "v3", True),
        ("fan_out", "v6", "v1", "v3", True),
        ("fan_out", "v3", "v1", "v3", False),
        ("fan_out", "v5", "v2", "v5", False),
        ("example", "o1", "h1", "t1", False),
        ("example", "E_tot", "h1", "t1", True),
        ("regression", "o1#1", "h1#1", "t1#1", False),
    ],
)
def test_whether_a_way_is_one_of_several(config: str, of: str, by: str, through: str, several: bool) -> None:
    chains = graph(config)[0]
    assert chains.is_one_of_several(element(config, of), element(config, by), element(config, through)) is several


def test_the_structure_does_not_depend_on_the_data() -> None:
    """A way whose value is 0 is a way: relu is off at both, and every weight is 0."""
    dead = """
inputs: {x: [0, 0]}
parameters: {W: [[0, 0], [0, 0]]}
equations: {z: x @ W, h: relu(z), E: sum(h)}
minimize: E
"""
    chains, keys = graph(dead)
    assert [keys.text(way) for way in chains.ways(element(dead, "x1"))] == ["z1", "z2"]
    assert [keys.text(node) for node in chains.trail(element(dead, "W11"))] == ["W11", "z1", "h1", "E"]


def test_no_label_of_a_factor_is_a_total_s_unless_it_is_the_total() -> None:
    """Factors are local derivatives along one way: what goes on by other ways keeps its own derivative."""
    for config in (
        "example",
        "fan_out",
        "matrix_form",
        "xor",
        "multiclass",
        "mazur",
        "relu_binary",
        RESIDUAL,
        CONSTANTS,
    ):
        chains, _ = graph(config)
        for name in chains.leading - {chains.objective.name}:
            type = chains.graph.types[name]
            source = Element(name, (0,) * len(type.shape), 0 if type.sampled else None)
            onward = chains.ways(source)
            for way in onward if len(onward) > 1 else [None]:
                for factor in chains.factors(source, way):
                    if isinstance(factor, Path) and len(factor.nodes) > 2:
                        first, last = factor.nodes[0], factor.nodes[-1]
                        assert not chains.is_one_of_several(first, last, factor.nodes[-2])
                    assert not isinstance(factor, Part)
                    assert not isinstance(factor, Derivative) or factor.of == chains.objective


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3.0), ("1/4", 0.25), ("-1/4", -0.25), ("x", None), ("1 + 1", None), ("1/x", None)],
)
def test_a_constant_is_a_number_or_a_quotient_of_numbers(text: str, value: float | None) -> None:
    assert constant_value(parse_expression(text)) == value


def test_a_number_is_its_own_constant() -> None:
    assert constant_value(Num(1)) == 1
