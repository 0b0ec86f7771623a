"""How each operation looks in MathML, a row each, and the style that is made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from backtrace.expressions import Option, Style
from backtrace.expressions.writing import ATOM, POWER, PRODUCT, SIGN, SUM, Template, literal_text
from backtrace.ops.latex import FUNCTIONS, OPERATORS

MINUS = "<mo>\u2212</mo>"
NEGATIVE = '<mo form="prefix">\u2212</mo>'
"""The sign of a negative number, wherever it stands."""
SIGNS: Mapping[str, str] = {
    "add": "<mo>+</mo>",
    "sub": MINUS,
    "mul": "<mo>·</mo>",
    "matmul": '<mspace width="0.17em"/>',
    "neg": NEGATIVE,
    "less": "<mo>&lt;</mo>",
    "less_equal": "<mo>≤</mo>",
    "greater": "<mo>&gt;</mo>",
    "greater_equal": "<mo>≥</mo>",
    "equal": "<mo>=</mo>",
    "not_equal": "<mo>≠</mo>",
}
TEMPLATES: Mapping[str, Template] = {
    **{name: Template(f"<mi>{word}</mi>#?#{{*}}") for name, word in FUNCTIONS.items()},
    **{name: Template(f"<mi>{name}</mi>#{{1}}") for name in OPERATORS},
    "sigmoid": Template("<mi>σ</mi>#{1}"),
    "log": Template("<mi>ln</mi>#{1}"),
    "log2": Template("<msub><mi>log</mi><mn>2</mn></msub>#{1}"),
    "log10": Template("<msub><mi>log</mi><mn>10</mn></msub>#{1}"),
    "log1p": Template("<mi>ln</mi><mrow><mo>(</mo><mn>1</mn><mo>+</mo>#[1]<mo>)</mo></mrow>"),
    "sqrt": Template("<msqrt>#1</msqrt>"),
    "abs": Template('<mrow><mo fence="true">|</mo>#1<mo fence="true">|</mo></mrow>'),
    "maximum": Template("<mi>max</mi>#{*}"),
    "minimum": Template("<mi>min</mi>#{*}"),
    "max": Template("<mi>max</mi>#?#{*}"),
    "min": Template("<mi>min</mi>#?#{*}"),
    "eye": Template("<mi>I</mi>#?"),
    "norm": Template('<mrow><mo fence="true">‖</mo>#1<mo fence="true">‖</mo></mrow>#?'),
    "l1": Template('<msub><mrow><mo fence="true">‖</mo>#1<mo fence="true">‖</mo></mrow><mn>1</mn></msub>'),
    "l2": Template(
        '<msubsup><mrow><mo fence="true">‖</mo>#1<mo fence="true">‖</mo></mrow><mn>2</mn><mn>2</mn></msubsup>', POWER
    ),
    "take": Template('#(1)<mrow><mo stretchy="false">[</mo>#2<mo stretchy="false">]</mo></mrow>'),
    "div": Template("<mfrac><mrow>#1</mrow><mrow>#2</mrow></mfrac>", POWER),
    "pow": Template("<msup><mrow>#(1)</mrow><mrow>#2</mrow></msup>", POWER),
    "exp": Template("<msup><mi>e</mi><mrow>#1</mrow></msup>", POWER),
    "transpose": Template("<msup><mrow>#(1)</mrow><mo>⊤</mo></msup>", POWER),
    "expm1": Template("<msup><mi>e</mi><mrow>#1</mrow></msup><mo>\u2212</mo><mn>1</mn>", SUM),
    "where": Template(
        '<mrow><mo>{</mo><mtable class="bt-cases"><mtr><mtd>#2</mtd><mtd>#1</mtd></mtr>'
        "<mtr><mtd>#3</mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>",
        SUM,
    ),
    "outer": Template("#(1)<mo>⊗</mo>#(2)", SUM),
    "dot": Template("#(1)<mo>·</mo>#(2)", SUM),
    "conv2d": Template("#(1)<mo>⋆</mo>#?#(2)", SUM),
    "sum": Template("<mo>∑</mo>#?#[1]", SUM),
    "sum_samples": Template("<munder><mo>∑</mo><mi>n</mi></munder>#[1]", SUM),
    "mean_samples": Template("<mfrac><mn>1</mn><mi>N</mi></mfrac><munder><mo>∑</mo><mi>n</mi></munder>#[1]", SUM),
}
TALL = ("<mfrac>", "<mtable", "<munder>")
BINDING = (
    (NEGATIVE, SIGN),
    ("<mrow><mn>", PRODUCT),
    ("<mfrac>", POWER),
    ("<msup>", POWER),
    ("<msubsup>", POWER),
)
"""How tightly a name or a number binds, by what it begins with: a power of ten is a product."""


def bracketed(text: str) -> str:
    """A text in round brackets, as tall as it is; where it is not, a browser sets them too far apart if asked to."""
    kind = "<mo>" if any(tall in text for tall in TALL) else '<mo stretchy="false">'
    return f"<mrow>{kind}(</mo>{text}{kind})</mo></mrow>"


def _options(options: Sequence[Option]) -> str:
    """The options of a call as a subscript."""
    given = ", ".join(f"{name}={literal_text(value)}" for name, value in options)
    return f"<msub><mrow></mrow><mtext>{escape(given)}</mtext></msub>"


def _matrix(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in square brackets."""
    made = ("".join(f"<mtd>{cell}</mtd>" for cell in row) for row in rows)
    return f"<mrow><mo>[</mo><mtable>{''.join(f'<mtr>{row}</mtr>' for row in made)}</mtable><mo>]</mo></mrow>"


def _binding(text: str) -> int:
    """How tightly the text of a name or a number binds; what has an exponent bears no other without brackets."""
    return next((binds for start, binds in BINDING if text.startswith(start)), ATOM)


MATHML = Style(
    SIGNS,
    "",
    superscripts=False,
    exact=False,
    constants={math.pi: "<mi>π</mi>", 0.5: "<mfrac><mn>1</mn><mn>2</mn></mfrac>"},
    templates=TEMPLATES,
    first=1,
    brackets=bracketed,
    comma="<mo>,</mo>",
    square=('<mrow><mo stretchy="false">[</mo><mtext>', '</mtext><mo stretchy="false">]</mo></mrow>'),
    options=_options,
    matrix=_matrix,
    binding=_binding,
)
