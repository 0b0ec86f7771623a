"""Names, numbers and formulas in the two notations that are typeset: rows of a quantity and its exact text."""

from __future__ import annotations

import pytest

import backtrace
from backtrace import yamlfile
from backtrace.build import build
from backtrace.config import from_document
from backtrace.quantities import View
from backtrace.render.breaking import broken
from backtrace.render.formulas import Layout
from backtrace.render.mathml import MATHML
from backtrace.render.notation import Notation
from backtrace.render.tex import LATEX
from backtrace.render.typeset import Typeset
from backtrace.trace import run_graph
from tests.runner import ROOT

CONFIG = """
inputs: [{x: [1, 2], s_1: 0.5}, {x: [2, 1], s_1: 1}]
targets: [{y: 1}, {y: 0}]
parameters: {W1: [[0.5, -0.25], [0.75, 1]], eta_0: 0.1, w_in: [1, 2]}
learning_rate: 0.1
optimizer: adam
reduce: mean
equations:
  net_h: x @ W1
  o: sum(net_h*w_in) + eta_0*exp(-s_1*w_in[0]/2)
  E: 0.5*(y - o)**2
minimize: E
"""


@pytest.fixture(scope="module")
def view() -> View:
    return run_graph(build(from_document(yamlfile.parse(CONFIG, "test.yaml")))).epochs[0]


def writer(view: View, notation: Notation) -> Typeset:
    return Typeset(Layout(), view, notation=notation)


@pytest.mark.parametrize(
    ("key", "latex"),
    [
        ("W1[1,2]", "W_{1,12}"),
        ("W1[1,2]+", "W_{1,12}^{+}"),
        ("net_h[1]#2", r"\mathrm{net}_{h1}^{(2)}"),
        ("w_in[1]", r"w_{\text{in},1}"),
        ("s_1#1", "s_1^{(1)}"),
        ("eta_0", r"\eta_0"),
        ("m.W1[1,2]", "m(W_{1,12})"),
        ("learning_rate", r"\eta"),
        ("E#2", "E^{(2)}"),
        ("dE/dW1[1,2]", r"\frac{\partial E}{\partial W_{1,12}}"),
        ("dE/dnet_h[1]#2", r"\frac{\partial E}{\partial \mathrm{net}_{h1}^{(2)}}"),
    ],
)
def test_a_name_in_latex(view: View, key: str, latex: str) -> None:
    assert writer(view, LATEX).label(view.keys.parse(key).target) == latex


@pytest.mark.parametrize(
    ("key", "mathml"),
    [
        ("eta_0", "<msub><mi>η</mi><mn>0</mn></msub>"),
        ("s_1#1", "<msubsup><mi>s</mi><mn>1</mn><mo>(1)</mo></msubsup>"),
        ("W1[1,2]", "<msub><mi>W</mi><mrow><mn>1</mn><mo>,</mo><mn>12</mn></mrow></msub>"),
        ("W1[1,2]+", "<msubsup><mi>W</mi><mrow><mn>1</mn><mo>,</mo><mn>12</mn></mrow><mo>+</mo></msubsup>"),
    ],
)
def test_a_name_in_mathml(view: View, key: str, mathml: str) -> None:
    assert writer(view, MATHML).label(view.keys.parse(key).target) == mathml


def test_a_formula_and_the_same_with_numbers(view: View) -> None:
    entry = writer(view, LATEX).entry(view.quantity(view.keys.parse("E#1").target))
    assert (entry.formula, entry.numbers) == (
        r"\tfrac{1}{2} \cdot (y^{(1)} - o^{(1)})^{2}",
        r"\tfrac{1}{2} \cdot (1 - 5.57788008)^{2}",
    )


@pytest.mark.parametrize(
    ("number", "latex", "mathml"),
    [
        ("0.25", "0.25", "<mn>0.25</mn>"),
        ("-3", "-3", '<mo form="prefix">−</mo><mn>3</mn>'),
        ("1.5e+10", r"1.5 \cdot 10^{10}", "<mrow><mn>1.5</mn><mo>·</mo><msup><mn>10</mn><mn>10</mn></msup></mrow>"),
        ("-∞", r"-\infty", '<mo form="prefix">−</mo><mn>∞</mn>'),
        ("nan", r"\mathrm{nan}", "<mn>nan</mn>"),
    ],
)
def test_a_number(number: str, latex: str, mathml: str) -> None:
    assert (LATEX.number(number), MATHML.number(number)) == (latex, mathml)


def test_user_text_means_nothing_in_a_notation() -> None:
    assert LATEX.words(r"<b> & $y_1$ #%") == r"\text{<b> \& \$y\_1\$ \#\%}"
    assert MATHML.words(r"<b> & $y_1$ #%") == "<mtext>&lt;b&gt; &amp; $y_1$ #%</mtext>"
    assert MATHML.letter("<b>") == "<mi>&lt;b&gt;</mi>"


@pytest.mark.parametrize(
    ("formula", "room", "lines"),
    [
        ("a + b - c", 5, ["a + b", "- c"]),
        (r"a \cdot b \cdot c", 5, [r"a \cdot b", r"\cdot c"]),
        ("(a + b) + (c + d)", 9, ["(a + b)", "+ (c + d)"]),
        (r"\sqrt{a + b + c} - d", 5, [r"\sqrt{a + b + c}", "- d"]),
        ("2 - (a + b + c)", 8, ["2", "- (a + b", "+ c)"]),
        (r"-\left(\frac{a}{b} + c\right)", 6, [r"-\bigl(\frac{a}{b}", r"+ c\bigr)"]),
        (r"\frac{a + b + c}{2}", 8, [r"\bigl(a + b", r"+ c\bigr) / 2"]),
    ],
)
def test_a_formula_is_broken_at_its_outermost_signs(formula: str, room: int, lines: list[str]) -> None:
    assert broken(formula, room) == lines


def test_matrices_of_names_are_set_as_matrices() -> None:
    view = backtrace.run(ROOT / "configs" / "mazur.yaml").epochs[0]
    (equation,) = [e for e in view.graph.forward if e.name == "net_h"]
    assert r"\begin{bmatrix} w_1 & w_3 \\ w_2 & w_4 \end{bmatrix}" in writer(view, LATEX).equation(equation)[1]
