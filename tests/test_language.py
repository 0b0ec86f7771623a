"""The language as its users write it: options by position, constants, lookup by number, bounds, LaTeX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backtrace import yamlfile
from backtrace.arrays.executor import ArrayExecutor
from backtrace.build import build
from backtrace.codegen import ScalarExecutor
from backtrace.config import from_document
from backtrace.errors import ConfigError
from backtrace.executor import evaluate
from backtrace.expressions import (
    Call,
    Element,
    Expr,
    ExpressionError,
    Name,
    Num,
    Ref,
    Type,
    number_text,
    parse,
    to_text,
)
from backtrace.graph import Equation, Graph
from backtrace.keys.names import Names
from backtrace.keys.symbols import symbol
from backtrace.ops import MACROS, TABLE, Scope, latex, mathml, typed
from backtrace.ops.latex import LATEX
from backtrace.render import tex
from tests.observing import observed

GIVEN = {
    "s": np.array(-3.0),
    "x": np.array([1.0, -2.0, 4.0]),
    "W": np.array([[1.0, 2.0, 6.0], [3.0, 4.0, -1.0]]),
    "X": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]),
    "K": np.array([[1.0, 0.0], [0.0, -1.0]]),
    "ids": np.array([2.0, 0.0]),
    "half": np.array([0.5]),
}
NAMES: dict[str, Expr] = {name: Name(name, Type(array.shape)) for name, array in GIVEN.items()}
SCOPE = Scope(NAMES, values={name: GIVEN[name] for name in ("ids", "half", "s")})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # options by position are the options by name
        ("sum(W, 0)", [4, 6, 5]),
        ("sum(W, axis=(0, 1))", 15),
        ("sum(W, axis=None)", 15),
        ("mean(W, 1, keepdims=True)", [[3], [2]]),
        ("reshape(x, (3, 1))", [[1], [-2], [4]]),
        ("reshape(x, shape=(3, 1))", [[1], [-2], [4]]),
        ("leaky_relu(s, 0.5)", -1.5),
        # reductions
        ("max(W)", 6),
        ("min(W, axis=1)", [1, -1]),
        ("prod(x)", -8),
        ("var(x)", 6),
        ("var(x, ddof=1)", 9),
        ("norm(x)", 21**0.5),
        ("norm(x, ord=1)", 7),
        ("cumsum(W)", [[1, 3, 9], [3, 7, 6]]),
        ("logsumexp([1000, 1000])", 1000 + np.log(2)),
        # of several operands
        ("max(x, 0)", [1, 0, 4]),
        ("min(s, x, 0)", [-3, -3, -3]),
        ("maximum(1, 2, 3)", 3),
        # at 0
        ("step(0)", 0),
        ("step(0, at_zero=1)", 1),
        ("step(x - 1, 1)", [1, 0, 1]),
        ("sign(0, at_zero=1)", 1),
        # structure
        ("diag([1, 2])", [[1, 0], [0, 2]]),
        ("diag(X)", [1, 5, 9]),
        ("x[[2, 0, 2]]", [4, 1, 4]),
        ("x[ids]", [4, 1]),
        ("X[ids]", [[7, 8, 9], [1, 2, 3]]),
        # images: (1 - 5), (2 - 6), (4 - 8), (5 - 9)
        ("conv2d(X, K)", [[-4, -4], [-4, -4]]),
        ("conv2d(X, K, stride=2, padding=1)", [[-1, -3], [-7, -4]]),
        ("maxpool2d(X, size=2, stride=1)", [[5, 6], [8, 9]]),
        ("maxpool2d(-X, 2, 2, 1)", [[-1, -2], [-4, -5]]),
        ("avgpool2d(X, 2, 2, 1)", [[0.25, 1.25], [2.75, 7]]),
        # constants
        ("array([1, 2])", [1, 2]),
        ("zeros(2)", [0, 0]),
        ("ones((1, 2))", [[1, 1]]),
        ("eye(2)", [[1, 0], [0, 1]]),
        ("arange(3)", [0, 1, 2]),
        ("arange(1, 2, 0.5)", [1, 1.5]),
        ("linspace(0, 1, 3)", [0, 0.5, 1]),
        ("onehot(1, 3)", [0, 1, 0]),
        ("sin(pi/2)", 1),
        # losses and penalties
        ("half_mean_squared_error([1, 2], [3, 2])", 1),
        ("huber([0, 0], [0.5, 3])", 0.125 + 2.5),
        ("huber([0, 0], [0.5, 3], delta=2)", 0.125 + 4),
        ("hinge([1, -1], [0.5, 2])", 0.5 + 3),
        ("squared_hinge([1, -1], [0.5, 2])", 0.25 + 9),
        ("kl_divergence([0.5, 0.5, 0], [0.25, 0.5, 0.25])", 0.5 * np.log(2)),
        ("sparse_cross_entropy(1, [0.25, 0.75])", -np.log(0.75)),
        ("l1(x) + l2(x)", 7 + 21),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_what_an_expression_is(text: str, value: Any) -> None:
    expr = typed(parse(text), SCOPE)
    found = evaluate([Equation("found", expr, Type(expr.shape))], GIVEN, None)["found"]
    np.testing.assert_allclose(found, np.array(value, dtype=float), rtol=1e-15, atol=1e-15)
    assert found.shape == np.shape(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zeros(10**9)", "shape of zeros is a constant"),
        ("zeros(1000000000)", "zeros has 1,000,000,000 elements; 1,000,000 are allowed"),
        ("ones((100000, 100000))", "ones has 10,000,000,000 elements; 1,000,000 are allowed"),
        ("eye(1001)", "eye has 1,002,001 elements; 1,000,000 are allowed"),
        ("arange(1e12)", "arange has 1,000,000,000,000 elements; 1,000,000 are allowed"),
        ("arange(0, 1, 1e-300)", "arange has"),
        ("linspace(0, 1, 1e300)", "linspace has"),
        ("onehot(0, 1e12)", "onehot has"),
        ("outer(arange(1e6), arange(1e6))", "outer of these operands has 1,000,000,000,000 elements"),
        ("arange(1e6)*reshape(arange(1e6), (1000000, 1))", "mul of these operands has"),
        ("[arange(1e6), arange(1e6)]", "stack has 2,000,000 elements"),
        ("reshape(arange(1e6), (1, 1000000))[[0, 0]]", "the part has 2,000,000 elements"),
        ("conv2d(X, K, padding=1000000)", "the padded image has"),
        ("zeros(0)", "zeros has no elements"),
        ("zeros(-1)", "zeros cannot be made"),
        ("zeros()", "zeros needs its shape"),
        ("onehot(3, 3)", "onehot cannot be made: 3 is no place among 3, which are counted from 0"),
        ("sum(x, x)", "axis of sum is a constant"),
        ("sum(x, 0, axis=0)", "axis of sum is given twice"),
        ("sum(x, 0, 1, 2)", "sum takes 1 operand, not 4"),
        ("conv2d(x, K)", "conv2d takes X (H,W) with K (kh,kw), or X (C,H,W) with K (F,C,kh,kw), not 3 and 2x2"),
        ("conv2d(K, X)", "a window of 3x3 does not fit into an image of 2x2"),
        ("maxpool2d(X, stride=0)", "stride is a whole number from 1 on, or two of them: rows and columns"),
        ("avgpool2d(X, padding=2)", "the padding is at most half the window"),
        ("X[half]", "0.5 is no place among 3 rows, which are counted from 0"),
        ("K[ids]", "2 is no place among 2 rows, which are counted from 0"),
        ("X[x]", "an array in brackets must be given, under inputs: or targets:"),
        ("var(s, ddof=1)", "the variance of 1 with ddof=1 divides by 0"),
        ("norm(x, ord=0)", "the order of a norm is a number above 0"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        typed(parse(text), SCOPE)
    assert refusal.value.message.startswith(message)


def latex_label(leaf: Expr) -> str:
    """A leaf in LaTeX, of a graph that has no names."""
    if isinstance(leaf, Num):
        return tex.LATEX.number(number_text(leaf.value))
    assert isinstance(leaf, Name | Ref)
    element = leaf.key if isinstance(leaf, Ref) else Element(leaf.id)
    found = symbol(Names({}, {}, {}, None, None), element)
    upper = [f"({found.sample})"] if found.sample else []
    return tex.LATEX.scripts(tex.LATEX.letter(found.stem), found.below, upper)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("W11*x_1 + b", r"W_{11} \cdot x_1 + b"),
        ("E_tot", r"E_{\text{tot}}"),
        ("net_h1 - alpha", r"\mathrm{net}_{h1} - \alpha"),
        ("0.5*(y - o)**2", r"\tfrac{1}{2} \cdot (y - o)^{2}"),
        ("1e-5*x", r"1 \cdot 10^{-5} \cdot x"),
        ("a/(b + c)*d", r"\frac{a}{b + c} \cdot d"),
        ("(a/b)**2", r"\left(\frac{a}{b}\right)^{2}"),
        ("-x**2", "-x^{2}"),
        ("(-x)**2", "(-x)^{2}"),
        ("a - (b - c)", "a - (b - c)"),
        ("a**b**c", "a^{b^{c}}"),
        ("x @ W.T", r"x \, W^{\top}"),
        ("(x @ W).T", r"(x \, W)^{\top}"),
        ("exp(x)/sum(exp(x))", r"\frac{e^{x}}{\sum e^{x}}"),
        ("exp(x)**2", "(e^{x})^{2}"),
        ("sum(a + b)", r"\sum (a + b)"),
        ("2*sum(x, axis=0)", r"2 \cdot \left(\sum_{\mathrm{axis}=0} x\right)"),
        ("sigmoid(z)", r"\sigma(z)"),
        ("tanh(a/b)", r"\tanh\left(\frac{a}{b}\right)"),
        ("sqrt(x) + abs(y)", r"\sqrt{x} + \left\lvert y \right\rvert"),
        ("log(x)", r"\ln(x)"),
        ("relu(x, at_zero=1)", r"\operatorname{ReLU}_{\mathrm{at\_zero}=1}(x)"),
        ("where(a <= b, a, 0)", r"\begin{cases} a & a \le b \\ 0 & \text{otherwise} \end{cases}"),
        ("norm(x)**2", r"\left\lVert x \right\rVert^{2}"),
        ("maximum(a, b, 2)", r"\max(a, b, 2)"),
        ("[a, b]", r"\begin{bmatrix} a & b \end{bmatrix}"),
        ("[[a, b], [c, d]]", r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}"),
        ("conv2d(X, K + 1)", r"X \star (K + 1)"),
        ("2*pi", r"2 \cdot \pi"),
        ("W[0, 1:]", "W[1, 2:]"),
    ],
)
def test_latex(text: str, latex: str) -> None:
    assert to_text(parse(text), LATEX, latex_label) == latex


def test_latex_of_elements() -> None:
    product = Call("mul", (Ref(Element("W", (0, 1))), Ref(Element("h", (0,), 1)), Ref(Element("A", (9, 0)))))
    assert to_text(product, LATEX, latex_label) == r"W_{12} \cdot h_1^{(2)} \cdot A_{10,1}"


@pytest.mark.parametrize("name", [*TABLE, *MACROS])
def test_every_operation_has_its_latex_and_its_mathml(name: str) -> None:
    for signs, templates in ((latex.SIGNS, latex.TEMPLATES), (mathml.SIGNS, mathml.TEMPLATES)):
        assert name in signs or name in templates or name in ("index", "stack")


def graph(text: str) -> Graph:
    return build(from_document(yamlfile.parse(text, "test.yaml")))


CONFIGS = {
    "embedding": """
parameters: {E: [[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]}
inputs: [{ids: [0, 2, 2]}, {ids: [1, 0, 2]}]
targets: [{y: 1}, {y: 0}]
learning_rate: 0.1
reduce: mean
equations: {V: "E[ids]", m: "mean(V, 0)", o: softmax(m), F: "sparse_cross_entropy(y, o)"}
minimize: F
""",
    "image": """
parameters: {K: [[1, -1], [0.5, 2]], c: [0.5, -1, 2]}
inputs: [{X: [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}, {X: [[1, 2, 3], [4, -5, 6], [7, 8, 9]]}]
learning_rate: 0.01
reduce: sum
equations:
  P: maxpool2d(tanh(0.1*conv2d(X, K)), 2, 1)
  A: avgpool2d(conv2d(X, K, padding=1), 2)
  F: max(P) + var(A) + logsumexp(c)*norm(c) + prod(c) + sum(cumsum(c)**2) + max(c) - min(0, c[0])
minimize: F
""",
}


@pytest.mark.parametrize("config", CONFIGS)
def test_both_executors_agree(config: str) -> None:
    net = graph(CONFIGS[config])
    scalars, arrays = ScalarExecutor(net), ArrayExecutor(net)
    np.testing.assert_allclose(scalars.advance(3), arrays.advance(3), rtol=1e-13)
    for name, values in arrays.state().items():
        np.testing.assert_allclose(scalars.state()[name], values, rtol=1e-13)


LAYERS = """
inputs: {{x: [1, 2]}}
targets: {{y: {target}}}
learning_rate: 1
loss: {loss}
layers:
  - {{weights: [[0.5, 1], [-0.25, 1]], activation: "{activation}"}}
"""


@pytest.mark.parametrize(
    ("activation", "loss", "target", "slopes"),
    [
        # z = (0, 3), o - y = (-1, 3): what W12, W22 get is 3 and 6, what W11, W21 get depends on the slope at 0
        ("relu", "half_squared_error", "[1, 0]", [[0, 3], [0, 6]]),
        ("relu(at_zero=1)", "half_squared_error", "[1, 0]", [[-1, 3], [-2, 6]]),
        ("leaky_relu(slope=0.2)", "half_squared_error", "[1, 0]", [[-0.2, 3], [-0.4, 6]]),
        # linear from delta on: the slope of the loss is no greater than delta
        ("identity", "huber", "[1, 0]", [[-1, 1], [-2, 2]]),
        ("identity", "huber(delta=0.5)", "[1, 0]", [[-0.5, 0.5], [-1, 1]]),
    ],
)
def test_an_activation_and_a_loss_may_have_options(
    activation: str, loss: str, target: str, slopes: list[list[float]]
) -> None:
    net = graph(LAYERS.format(activation=activation, loss=loss, target=target))
    np.testing.assert_allclose(observed(ArrayExecutor(net))["dE_tot/dW"], slopes, rtol=1e-15, atol=1e-15)


def test_a_label_may_be_the_target_of_a_layered_network() -> None:
    net = graph(LAYERS.format(activation="softmax", loss="sparse_cross_entropy", target="1"))
    o = np.exp([0.0, 3.0]) / np.exp([0.0, 3.0]).sum()
    expected = np.outer([1, 2], o - [0, 1])  # softmax with cross-entropy: o - y
    np.testing.assert_allclose(observed(ArrayExecutor(net))["dE_tot/dW"], expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("activation", "loss", "message"),
    [
        ("relu", "huber(beta=1)", 'huber has no option "beta"'),
        ("relu(zero=1)", "huber", 'relu has no option "zero"'),
        ("rellu(at_zero=1)", "huber", 'there is no activation "rellu"'),
    ],
)
def test_unknown_options_are_refused(activation: str, loss: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        graph(LAYERS.format(activation=activation, loss=loss, target="[1, 0]"))
