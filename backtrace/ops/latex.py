"""How each operation looks in LaTeX, a row each, and the style that is made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from backtrace.expressions import Option, Style
from backtrace.expressions.writing import ATOM, POWER, PRODUCT, SIGN, SUM, Template, literal_text
from backtrace.ops.losses import LOSSES

SIGNS: Mapping[str, str] = {
    "add": " + ",
    "sub": " - ",
    "mul": r" \cdot ",
    "matmul": r" \, ",
    "neg": "-",
    "less": " < ",
    "less_equal": r" \le ",
    "greater": " > ",
    "greater_equal": r" \ge ",
    "equal": " = ",
    "not_equal": r" \ne ",
}
OPERATORS = ("sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh")
FUNCTIONS: Mapping[str, str] = {
    **{
        name: name
        for name in ("erf", "erfc", "softmax", "diag", "clip", "step", "cumsum", "prod", "var", "complement", "settled")
    },
    **{name: name.replace("_", " ") for name in (*LOSSES, "hard_sigmoid")},
    **{name: name.replace("_", " ") for name in ("conv2d_input", "conv2d_kernel", "first_max", "first_min")},
    **{name: name for name in ("reshape", "expand", "gather", "scatter", "zeros", "ones", "arange", "linspace")},
    **{name: name for name in ("concat", "onehot", "identity", "mean", "logsumexp", "upstream")},
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "softplus": "softplus",
    "sign": "sgn",
    "log_softmax": "log softmax",
    "maxpool2d": "maxpool",
    "avgpool2d": "avgpool",
}
_CALLS: Mapping[str, str] = {
    **{name: rf"\operatorname{{{word}}}#?#{{*}}".replace(" ", r"\ ") for name, word in FUNCTIONS.items()},
    **{name: rf"\{name}#{{1}}" for name in OPERATORS},
    "log": r"\ln#{1}",
    "log2": r"\log_2#{1}",
    "log10": r"\log_{10}#{1}",
    "log1p": r"\ln(1 + #[1])",
    "sqrt": r"\sqrt{#1}",
    "abs": r"\left\lvert #1 \right\rvert",
    "sigmoid": r"\sigma#{1}",
    "maximum": r"\max#{*}",
    "minimum": r"\min#{*}",
    "max": r"\max#?#{*}",
    "min": r"\min#?#{*}",
    "eye": "I#?",
    "norm": r"\left\lVert #1 \right\rVert#?",
    "l1": r"\left\lVert #1 \right\rVert_1",
    "take": "#(1)[#2]",
}
TEMPLATES: Mapping[str, Template] = {
    **{name: Template(text) for name, text in _CALLS.items()},
    "div": Template(r"\frac{#1}{#2}", POWER),
    "pow": Template("#(1)^{#2}", POWER),
    "exp": Template("e^{#1}", POWER),
    "transpose": Template(r"#(1)^{\top}", POWER),
    "l2": Template(r"\left\lVert #1 \right\rVert_2^2", POWER),
    "expm1": Template("e^{#1} - 1", SUM),
    "where": Template(r"\begin{cases} #2 & #1 \\ #3 & \text{otherwise} \end{cases}", SUM),
    "outer": Template(r"#(1) \otimes #(2)", SUM),
    "dot": Template(r"#(1) \cdot #(2)", SUM),
    "conv2d": Template(r"#(1) \star#? #(2)", SUM),
    "sum": Template(r"\sum#? #[1]", SUM),
    "sum_samples": Template(r"\sum_n #[1]", SUM),
    "mean_samples": Template(r"\frac{1}{N} \sum_n #[1]", SUM),
}


def _options(options: Sequence[Option]) -> str:
    """The options of a call as a subscript."""
    given = ", ".join(rf"\mathrm{{{name}}}={literal_text(value)}" for name, value in options)
    return f"_{{{given}}}".replace("_", r"\_")[1:]


def _matrix(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in square brackets."""
    return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{bmatrix}"


def _binding(text: str) -> int:
    """How tightly the text of a name or a number binds; fractions and marked names bear no exponent as they are."""
    if text.startswith("-"):
        return SIGN
    if text[:1].isdigit():
        return PRODUCT if r" \cdot " in text else ATOM
    marked = "^" in text and text.endswith("}")
    return POWER if marked or text.startswith(r"\frac") else ATOM


LATEX = Style(
    SIGNS,
    "",
    superscripts=False,
    exact=False,
    constants={math.pi: r"\pi", 0.5: r"\tfrac{1}{2}"},
    templates=TEMPLATES,
    first=1,
    options=_options,
    matrix=_matrix,
    binding=_binding,
)
