"""Keys: what a text names, how a name is written, and that both agree for every number of every config."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path as File

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backtrace
from backtrace.build import build
from backtrace.codegen import places
from backtrace.config import from_document, read
from backtrace.expressions import Element
from backtrace.graph import Graph
from backtrace.keys import (
    Derivative,
    Key,
    Keys,
    Part,
    Path,
    UnknownKeyError,
    Via,
)
from backtrace.labels import outside_brackets, subscripted
from backtrace.quantities import View
from backtrace.report import all_targets
from backtrace.yamlfile import parse

CONFIGS = sorted(p for p in (File(__file__).parent.parent / "configs").glob("*.yaml") if ".expected." not in p.name)


@cache
def graph(config: str) -> Graph:
    """The graph of a config: a file's name, or a text."""
    if "\n" in config or "{" in config:
        return build(from_document(parse(config, "test.yaml")))
    return build(read(File(__file__).parent.parent / "configs" / f"{config}.yaml"))


def keys(config: str) -> Keys:
    return Keys.of(graph(config))


SCALARS = "{inputs: {a: 2, b: 3}, equations: {f: a * exp(a/b) + (a + b)*(a - b)}, minimize: f, gates: true}"
MATRICES = """
inputs: {x: [1, 2]}
parameters: {W1: [[1, 2], [3, 4]], theta: [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]}
equations: {v: x @ theta, u: x @ W1, f: sum(v) + sum(u), lone: "x[0:1]"}
minimize: f
"""
COLLIDING = """
inputs: {x: [1, 2]}
parameters:
  W: [[1, 2], [3, 4]]
  W11: 3
  V: [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]
  V_1: [1, 2, 3]
equations: {z: x @ W, f: sum(z) * W11 + sum(V) + sum(V_1)}
minimize: f
"""
LABELLED = """
inputs: {x: [1, 2]}
targets: {y: [0, 1]}
layers:
  - {weights: {name: w, values: [[1, 2], [3, 4]]}, pre: [left, right], out: [up, down1], activation: sigmoid}
loss: half_squared_error
"""
TAKEN = """
inputs: {x: 1, E: 2, C: [1, 2]}
equations: {J_own: x * E + sum(C)}
minimize: J_own
"""
CUBE = "{inputs: {x: [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}, equations: {f: sum(x)}, minimize: f}"

ONE_EACH = """
inputs: [{x: 1}, {x: 2}]
targets: [{y: 1}, {y: 3}]
parameters: {w: 0.5}
equations: {e: abs(y - w*x)}
minimize: mean_samples(e)
learning_rate: 0.1
"""

TEXTS = [SCALARS, MATRICES, COLLIDING, LABELLED, TAKEN, CUBE, ONE_EACH]

ROWS = [
    # config, what is written, the canonical key
    ("example", "W21", "W21"),
    ("example", "W[2,1]", "W21"),
    ("example", "W_2_1", "W21"),
    ("example", " W [2, 1] ", "W21"),
    ("example", "W₂₁", "W21"),
    ("example", "z[1]", "z1"),
    ("example", "W", "W"),
    ("example", "U11+", "U11+"),
    ("example", "U₁₁⁺", "U11+"),
    ("example", "z2+", "z2+"),
    ("example", "E_tot+", "E_tot+"),
    ("example", "dE_tot/dU11", "dE_tot/dU11"),
    ("example", "∂E_tot/∂U₁₁", "dE_tot/dU11"),
    ("example", "dE_tot / dU[1,1]", "dE_tot/dU11"),
    ("example", "dE1/dh1", "dE1/dh1"),
    ("example", "do1/dt1", "do1/dt1"),
    ("example", "dE_tot/dx1", "dE_tot/dx1"),
    ("example", "dE_tot/dy2", "dE_tot/dy2"),
    ("example", "dE_tot/dW", "dE_tot/dW"),
    ("example", "dE1/dU", "dE1/dU"),
    ("example", "via(E_tot,h1,t1)", "via(E_tot,h1,t1)"),
    ("example", "via(L, h_1, t[1])", "via(E_tot,h1,t1)"),
    ("example", "learning_rate", "learning_rate"),
    # E is the array of the terms here; the other names of an objective are free
    ("example", "E", "E"),
    ("example", "E2", "E2"),
    ("example", "L", "E_tot"),
    ("example", "J", "E_tot"),
    ("example", "C", "E_tot"),
    ("example", "loss", "E_tot"),
    ("example", "dcost/dh1", "dE_tot/dh1"),
    ("example", "L+", "E_tot+"),
    ("fan_out", "E", "y"),
    ("fan_out", "dE/dv1", "dy/dv1"),
    ("fan_out", "v1", "v1"),
    ("fan_out", "∂y/∂v₁", "dy/dv1"),
    # samples
    ("xor", "z1#2", "z1#2"),
    ("xor", "z[1]#2", "z1#2"),
    ("xor", "z1+#2", "z1+#2"),
    ("xor", "z1#2+", "z1+#2"),
    ("xor", "z1", "z1"),
    ("xor", "x#2", "x#2"),
    ("xor", "J", "J"),
    ("xor", "J#2", "J#2"),
    ("xor", "E#2", "J#2"),
    ("xor", "E", "J"),
    ("xor", "J#2+", "J+#2"),
    ("xor", "dJ/dz1#2", "dJ/dz1#2"),
    ("xor", "dJ#2/dz1#2", "dJ#2/dz1#2"),
    ("xor", "dJ/dz1", "dJ/dz1"),
    ("xor", "via(J,W2_1_1,s#2)", "via(J,W2_1_1,s#2)"),
    ("regression", "E_tot#2", "E_tot#2"),
    # names that end in a digit
    ("xor", "W1_2_3", "W1_2_3"),
    ("xor", "W1[2,3]", "W1_2_3"),
    ("xor", "W1₂₃", None),
    ("xor", "b1_1", "b1_1"),
    ("xor", "b1", "b1"),
    ("xor", "b11", None),
    ("xor", "dJ/dW1_2_3", "dJ/dW1_2_3"),
    ("mazur", "w5+", "w5+"),
    ("mazur", "net_h1", "net_h1"),
    ("mazur", "dE_total/dout_h1", "dE_total/dout_h1"),
    ("mazur", "dE_o1/dout_h1", "dE_o1/dout_h1"),
    # a lone element goes by its array's name
    ("xor", "yhat#1", "yhat#1"),
    ("xor", "b2", "b2"),
    ("xor", "b2_1", "b2"),
    ("xor", "b2[1]", "b2"),
    (MATRICES, "lone", "lone"),
    (MATRICES, "lone1", "lone"),
    # from ten on indexes stand apart
    (MATRICES, "theta_2_10", "theta_2_10"),
    (MATRICES, "theta[2,10]", "theta_2_10"),
    (MATRICES, "theta11", "theta_1_1"),
    (MATRICES, "theta210", None),
    (MATRICES, "theta_10_2", None),
    (MATRICES, "v10", "v_10"),
    (MATRICES, "u2", "u2"),
    (MATRICES, "W1_2_2", "W1_2_2"),
    (CUBE, "x212", "x212"),
    (CUBE, "x[2,1,2]", "x212"),
    (CUBE, "x_2_1_2", "x212"),
    (CUBE, "x21", None),
    # names of elements
    (LABELLED, "left", "left"),
    (LABELLED, "down1", "down1"),
    (LABELLED, "ddown1/dright", "ddown1/dright"),
    (LABELLED, "dE_tot/dup", "dE_tot/dup"),
    (LABELLED, "w12", "w12"),
    # unnamed nodes
    ("sigmoid_gate", "w0*x0", "w0*x0"),
    ("sigmoid_gate", "w0 * x0", "w0*x0"),
    ("sigmoid_gate", "w₀·x₀", "w0*x0"),
    ("sigmoid_gate", "(w0*x0)", "w0*x0"),
    ("sigmoid_gate", "df/d(w0*x0)", "df/d(w0*x0)"),
    ("sigmoid_gate", "df/dw0*x0", "df/d(w0*x0)"),
    ("sigmoid_gate", "∂f/∂(w₀·x₀)", "df/d(w0*x0)"),
    ("sigmoid_gate", "d(w0*x0+w1*x1)/dw0", "d(w0*x0+w1*x1)/dw0"),
    (SCALARS, "a/b", "a/b"),
    (SCALARS, "df/d(a/b)", "df/d(a/b)"),
    (SCALARS, "d(a/b)/da", "d(a/b)/da"),
    (SCALARS, "(a+b)*(a-b)", "(a+b)*(a-b)"),
    (SCALARS, "df/d((a+b)*(a-b))", "df/d((a+b)*(a-b))"),
    # the user's names win
    (COLLIDING, "W11", "W11"),
    (COLLIDING, "W[1,1]", "W[1,1]"),
    (COLLIDING, "W21", None),
    (COLLIDING, "dE_tot/dW[2,1]", None),
    (COLLIDING, "df/dW[2,1]", "df/dW[2,1]"),
    (COLLIDING, "V_1_1", "V_1_1"),
    (COLLIDING, "V_1[1]", "V_1_1"),
    (COLLIDING, "V[1,1]", "V[1,1]"),
    (COLLIDING, "V_2_1", None),
    (TAKEN, "E", "E"),
    (TAKEN, "C2", "C2"),
    (TAKEN, "dJ/dE", "dJ_own/dE"),
    (TAKEN, "L", "J_own"),
    # nothing
    ("example", "W33", None),
    ("example", "W00", None),
    ("example", "w21", None),
    ("example", "z1#1", None),
    ("example", "U11++", None),
    ("example", "dE_tot/dU11+", None),
    ("example", "dE_tot+/dh1+", None),
    ("example", "local(t1+,h1+)", None),
    ("example", "via(E_tot,h1)", None),
    ("example", "learning_rate+", None),
    ("example", "dE_tot/dnothing", None),
    ("example", "", None),
    ("regression_mae", "(y-o)[1]#2", "(y-o)[1]#2"),
    ("regression_mae", "dE_tot/d(y-o)[1]#2", "dE_tot/d(y-o)[1]#2"),
    ("regression_mae", "d(y-o)[1]#2/do1#2", "d(y-o)[1]#2/do1#2"),
    (ONE_EACH, "(y-w*x)#2", "(y-w*x)#2"),
    (ONE_EACH, "dE_tot/d(y-w*x)#2", "dE_tot/d(y-w*x)#2"),
    (ONE_EACH, "(y-w*x)+#2", "(y-w*x)+#2"),
    ("example", "@3", None),
    ("example", "d/d", None),
    ("xor", "z1#0", None),
    ("xor", "z1#5", None),
    ("xor", "W1_1_1#1", None),
]


@pytest.mark.parametrize(("config", "text", "key"), ROWS)
def test_a_text_names_what_its_key_says(config: str, text: str, key: str | None) -> None:
    reader = keys(config)
    if key is None:
        with pytest.raises(UnknownKeyError):
            reader.parse(text)
    else:
        assert reader.text(reader.parse(text).target) == key


STEPS = """
inputs: {x: [1, 2]}
parameters: {w: [3, 4], dv: 1, v: 2, v_new: 3, delta_z: 4, h: 1}
equations: {z: w @ x + v, a: tanh(z), E: "[a * dv, v_new + delta_z * h]", f: sum(E)}
minimize: f
learning_rate: 0.1
"""

OTHER_NOTATIONS = [
    # config, another notation, the key it stands for, or None and the hint
    ("example", "U11'", "U11+"),
    ("example", "U₁₁′", "U11+"),
    ("example", "U[1,1]'@3", "U11+"),
    ("example", "U11_new", "U11+"),
    ("example", "new_U11", "U11+"),
    ("example", "U11(new)", "U11+"),
    ("example", "h1_new", "h1+"),
    ("example", "U_new", "U+"),
    ("example", "grad(U11)", "dE_tot/dU11"),
    ("example", "grad_U", "dE_tot/dU"),
    ("example", "U.grad", "dE_tot/dU"),
    ("example", "∇U₁₁", "dE_tot/dU11"),
    ("example", "dU11", "dE_tot/dU11"),
    ("example", "∂U₁₁", "dE_tot/dU11"),
    ("example", "delta_t1", "dE_tot/dt1"),
    ("example", "delta_o1", "dE_tot/dt1"),
    ("example", "δ_o₁", "dE_tot/dt1"),
    ("example", "δo₁", "dE_tot/dt1"),
    ("example", "δ(z1)", "dE_tot/dz1"),
    ("example", "delta_o", "dE_tot/dt"),
    ("regression", "delta_o", "dE_tot/dt"),
    ("xor", "delta_a2#3", "dJ/dz2#3"),
    ("mazur", "delta_net_o1", "dE_total/dnet_o1"),
    # E is the list of the objective's terms
    ("example", "dE/dU11", "dE_tot/dU11"),
    ("example", "∂E/∂U", "dE_tot/dU"),
    ("example", "dE1/do1", "dE1/do1"),
    (STEPS, "dE/dw2", "df/dw2"),
    # the user's names win
    (STEPS, "dv", "dv"),
    (STEPS, "v_new", "v_new"),
    (STEPS, "delta_z", "delta_z"),
    (STEPS, "delta_a", "df/dz"),
    (STEPS, "ddv", "df/ddv"),
    # more than one thing, or nothing
    ("example", "delta1", "did you mean dE_tot/dz1 or dE_tot/dt1?"),
    ("example", "δ₂", "did you mean dE_tot/dz2 or dE_tot/dt2?"),
    ("example", "h1'", "did you mean h1+ or local(h1,z1)?"),
    ("example", "delta_U11", "did you mean dE_tot/dU11 or U11+?"),
    ("example", "delta_x1", "did you mean dE_tot/dx1 or x1+?"),
    ("example", "E1'", "did you mean E1+?"),
    ("example", "delta_q", "backtrace keys CONFIG lists the keys"),
]


@pytest.mark.parametrize(("config", "text", "found"), OTHER_NOTATIONS)
def test_what_other_notations_stand_for(config: str, text: str, found: str) -> None:
    reader = keys(config)
    target = reader.find(text)
    assert (reader.suggestion(text) if target is None else reader.text(target)) == found


@pytest.mark.parametrize("text", ["U11'", "U11_new", "grad(U11)", "dU11", "delta_o1"])
def test_other_notations_can_be_left_out(text: str) -> None:
    with pytest.raises(UnknownKeyError):
        keys("example").parse(text, aliases=False)


X, H1, T1 = Element("x"), Element("h", (0,)), Element("t", (0,))


@pytest.mark.parametrize(
    ("config", "text", "target"),
    [
        ("example", "W21", Element("W", (1, 0))),
        ("example", "U11+", Element("U+", (0, 0))),
        ("example", "h", Part("h")),
        ("example", "dE_tot/dh1", Derivative(Element("E_tot"), H1)),
        ("example", "local(t1,h1)", Path((T1, H1))),
        ("example", "local( t[1], h_1 )", Path((T1, H1))),
        ("example", "via(E_tot,h1,t1)", Via(Element("E_tot"), H1, T1)),
        ("xor", "z1", Part("z", (0,))),
        ("xor", "z1#2", Element("z", (0,), 1)),
        ("xor", "z#2", Part("z", None, 1)),
        ("xor", "J#4", Element("J#", (), 3)),
        ("xor", "J", Element("J")),
        ("xor", "J+#4", Element("J#+", (), 3)),
        ("xor", "W1[2,3]", Element("W1", (1, 2))),
    ],
)
def test_what_a_key_is_read_as(config: str, text: str, target: object) -> None:
    assert keys(config).parse(text) == Key(target)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "key", "epoch"),
    [
        ("W11", "W11", None),
        ("W11@3", "W11", 3),
        ("U11+@10", "U11+", 10),
        ("E_tot+@3", "E_tot+", 3),
        ("dE_tot/dU11@2", "dE_tot/dU11", 2),
        ("via(E_tot,h1,t1)@7", "via(E_tot,h1,t1)", 7),
    ],
)
def test_an_epoch_stands_behind_the_at_sign(text: str, key: str, epoch: int | None) -> None:
    reader = keys("example")
    found = reader.parse(text)
    assert (reader.text(found.target), found.epoch) == (key, epoch)


@pytest.mark.parametrize(
    ("config", "key", "pretty"),
    [
        ("example", "W21", "W₂₁"),
        ("example", "U11+", "U₁₁⁺"),
        ("example", "dE_tot/dU11", "∂E_tot/∂U₁₁"),
        ("example", "dE_tot/dW", "∂E_tot/∂W"),
        ("example", "via(E_tot,h1,t1)", "∂E_tot/∂h₁ by way of t₁"),
        ("example", "local(t1,h1)", "∂t₁/∂h₁"),
        ("example", "learning_rate", "η"),
        ("xor", "W1_2_3", "W1₂₃"),
        ("xor", "b2", "b2"),
        ("xor", "yhat#2", "yhat#2"),
        ("xor", "J+#2", "J⁺#2"),
        ("mazur", "w5+", "w₅⁺"),
        ("mazur", "net_h1", "net_h₁"),
        ("fan_out", "dy/dv1", "∂y/∂v₁"),
        ("sigmoid_gate", "df/d(w0*x0)", "∂f/∂(w₀·x₀)"),
        ("sigmoid_gate", "1+exp(-(w0*x0+w1*x1+w2))", "1 + exp(-(w₀·x₀ + w₁·x₁ + w₂))"),
        (MATRICES, "theta_2_10", "theta_2_10"),
        (MATRICES, "theta_2_3", "theta₂₃"),
        (LABELLED, "down1", "down₁"),
        (LABELLED, "left", "left"),
        (COLLIDING, "W[2,1]", "W[2,1]"),
        (SCALARS, "df/d((a+b)*(a-b))", "∂f/∂((a + b)·(a - b))"),
    ],
)
def test_how_a_reader_sees_a_key(config: str, key: str, pretty: str) -> None:
    reader = keys(config)
    assert reader.pretty(reader.parse(key).target) == pretty


@pytest.mark.parametrize(
    ("config", "dropped"),
    [("example", []), ("xor", []), (COLLIDING, ["W", "V"]), (TAKEN, []), (LABELLED, [])],
)
def test_short_keys_that_equal_another_name_are_dropped(config: str, dropped: list[str]) -> None:
    assert keys(config).dropped() == dropped


@pytest.mark.parametrize(
    ("config", "text", "hint"),
    [
        ("example", "E_to", '"E_tot"'),
        ("example", "W13", '"W11"'),
        ("example", "w11", '"W11"'),
        ("example", "dE_tot/dV11", '"dE_tot/d'),
        ("mazur", "out_h3", '"out_h'),
        ("mazur", "E_totale", '"E_total"'),
        ("example", "%%%", "backtrace keys"),
    ],
)
def test_an_unknown_key_is_answered_with_one_that_may_be_meant(config: str, text: str, hint: str) -> None:
    with pytest.raises(UnknownKeyError) as caught:
        keys(config).parse(text)
    assert text in caught.value.faults[0].message
    assert hint in caught.value.faults[0].hint


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a,b", ["a", "b"]), ("W[1,2],x", ["W[1,2]", "x"]), ("f(a,b)", ["f(a,b)"]), ("", [""])],
)
def test_commas_within_brackets_part_nothing(text: str, parts: list[str]) -> None:
    assert outside_brackets(text) == parts


@pytest.mark.parametrize(
    ("name", "shown"),
    [("x1", "x₁"), ("net_h12", "net_h₁₂"), ("x_1", "x_1"), ("h", "h"), ("x1y", "x1y"), ("x1_2", "x1_2")],
)
def test_the_last_digits_of_a_name_are_its_subscript(name: str, shown: str) -> None:
    assert subscripted(name) == shown


# ── round trips ──


def elements(of: Graph) -> Iterator[Element]:
    return all_targets(View(of, {}))


@pytest.mark.parametrize("config", [*(path.stem for path in CONFIGS), *TEXTS])
def test_every_number_is_named_by_its_key_alone(config: str) -> None:
    """parse(text(target)) is the target, and no two numbers have one key."""
    reader, seen = keys(config), dict[str, Element]()
    for target in elements(graph(config)):
        text = reader.text(target)
        by = reader.differentiated.get(target.name)
        meant = Derivative(Element(reader.objective or ""), target._replace(name=by)) if by else target
        assert reader.parse(text) == Key(meant), text
        assert seen.setdefault(text, target) == target


@pytest.mark.parametrize("config", [path.stem for path in CONFIGS])
def test_every_derivative_between_two_numbers_is_named_by_its_key(config: str) -> None:
    reader, of = keys(config), graph(config)
    first = [Element(e.name, *next(iter(places(e.type, of.samples)))) for e in of.forward]
    given = [Element(g.name, *next(iter(places(g.type, of.samples)))) for g in of.givens.values()]
    for top in first:
        for bottom in (*given, *first):
            assert reader.parse(reader.text(Derivative(top, bottom))) == Key(Derivative(top, bottom))
            via = Via(top, bottom, top)
            assert reader.parse(reader.text(via)) == Key(via)


@pytest.mark.parametrize("config", [path.stem for path in CONFIGS])
def test_what_a_reader_sees_can_be_typed_in_again(config: str) -> None:
    """The pretty form of a key is a key too, where its name neither ends in a digit nor is a formula."""
    reader = keys(config)
    for target in elements(graph(config)):
        pretty = reader.pretty(target)
        plain = target.name.rstrip("+#").isidentifier() and not (
            target.name.rstrip("+#")[-1].isdigit() and target.index
        )
        if plain and pretty != "η":
            assert reader.text(reader.parse(pretty).target) == reader.text(target)


NAMES = st.from_regex(r"[a-c](_?[1-3]){0,3}", fullmatch=True)
SHAPES = st.sampled_from([(), (1,), (2,), (3,), (11,), (2, 2), (1, 3), (2, 11), (2, 2, 2)])


@settings(max_examples=80)
@given(st.dictionaries(NAMES, SHAPES, min_size=1, max_size=6))
def test_names_and_sizes_of_any_kind_have_keys_of_their_own(arrays: dict[str, tuple[int, ...]]) -> None:
    """a, a_1, a1, a11, … beside each other, in every shape: still one key a number."""
    given_ = ", ".join(f"{name}: {np.zeros(shape).tolist()}" for name, shape in arrays.items())
    reader = keys(f"{{inputs: {{{given_}}}, equations: {{zz: 1 + 1}}}}")
    seen = dict[str, Element]()
    for name, type in reader.types.items():
        for index, _ in places(type, None):
            target = Element(name, index)
            text = reader.text(target)
            assert reader.parse(text) == Key(target), text
            assert seen.setdefault(text, target) == target


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("(e+1)**-1", "(e+1)**(-1)"),
        ("( e + 1 )**( -1 )", "(e+1)**(-1)"),
        ("df/d((e+1)**-1)", "df/d((e+1)**(-1))"),
        ("(e+1)", "e+1"),
    ],
)
def test_an_unnamed_node_is_found_however_its_brackets_are_written(written: str, key: str) -> None:
    known = keys("{inputs: {e: 1}, equations: {f: 3*(e+1)**-1}, minimize: f, gates: true}")
    assert known.parse(written) == known.parse(key)
    assert known.text(known.parse(written).target) == key


def test_a_samples_own_objective_has_derivatives_by_weights() -> None:
    text = "{inputs: [{x: 1}, {x: 2}], parameters: {w: 3}, equations: {L: (w*x)**2}, minimize: L, reduce: sum}"
    view = View(graph(text), backtrace.run(from_document(parse(text, "test.yaml"))).epochs[0].record)
    assert [view["dL#1/dw"], view["dL#2/dw"], view["dL/dw"]] == [6, 24, 30]
    share = view.quantity(view.keys.parse("dL#2/dw").target)
    assert (share.key, share.label) == ("dL#2/dw", "∂L#2/∂w")
    assert share.formula is not None
    assert view.evaluate(share.formula) == 24
