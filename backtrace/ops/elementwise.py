"""The elementwise operations, a row each: how it computes, and its derivative by each operand as text.

In the rules the operands have the row's letters and the result is ``y``. The one text of a derivative serves
arrays (the gradient equations) and single numbers (the factors of a report).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache, reduce
from typing import Any, ClassVar

import numpy as np

from backtrace.expressions import Call, Expr, Index, Num, Shape, names, substitute
from backtrace.ops.base import ZERO, Array, Op, Read, ShapeError, broadcast, rule, spread, unbroadcast
from backtrace.records import dataclass


@dataclass(frozen=True, kw_only=True, eq=False)
class Elementwise(Op):
    """An operation that computes each element from the operands' elements at the same place.

    ``scalar`` is a Python expression over the operands' letters, the functions of libm and those of the table; a letter
    that stands only in a branch is computed only there. ``on_arrays`` is what whole arrays are better computed by,
    where an infinity on the way does no harm. In a derivative, ``{given}`` stands for the options as given.
    """

    by_place: ClassVar[bool] = True
    letters: str
    array: Callable[..., Any]
    scalar: str
    on_arrays: str = ""
    derivatives: tuple[str, ...]

    def shape(self, args: tuple[Expr, ...], options: Mapping[str, Any]) -> Shape:
        """The operands' common shape."""
        for option, value in options.items():
            if isinstance(value, tuple):
                raise ShapeError(f"{option} is a single number")
        return broadcast(arg.shape for arg in args)

    def compute(self, call: Call, *arrays: Array) -> Array:
        """Unit axes go after the sample axis of an operand of lower rank, then numpy broadcasts."""
        rank = len(call.shape)
        aligned = [_aligned(a, arg, rank) for a, arg in zip(arrays, call.args, strict=True)]
        result: Array = self.array(*aligned, **{**self.options, **dict(call.options)})
        return result

    def derivative(self, call: Call, operand: int, args: tuple[Expr, ...], y: Expr) -> Expr:
        """The derivative by an operand, over the given expressions for operands and result."""
        values: dict[str, Expr] = dict(zip(self.letters, args, strict=True))
        values |= {name: Num(value) for name, value in {**self.options, **dict(call.options)}.items()}
        given = "".join(f", {name}={value!r}" for name, value in call.options)
        text = self.derivatives[operand].replace("{given}", given)
        return substitute(rule(text), values | {"y": y, "pi": Num(math.pi)})

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        """The upstream gradient times the derivative."""
        return Call("mul", (g, self.derivative(call, operand, call.args, y)))

    def element(self, call: Call, index: Index, read: Read) -> Expr:
        """The same operation on the operands' elements."""
        args = [read(k, unbroadcast(index, arg.shape)) for k, arg in enumerate(call.args)]
        return Call(self.name, tuple(args), call.options)

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        """Its own place, or all places it is broadcast to."""
        return spread(index, call.args[operand].shape, call.shape)

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        """The derivative's rule over the operands' elements."""
        used = _read_by(self.derivatives[operand].replace("{given}", ""))
        args = tuple(
            read(k, unbroadcast(out, arg.shape)) if letter in used else ZERO
            for k, (arg, letter) in enumerate(zip(call.args, self.letters, strict=True))
        )
        return self.derivative(call, operand, args, read(-1, out) if "y" in used else ZERO)


@cache
def _read_by(text: str) -> list[str]:
    """What a rule of the table reads."""
    return names(rule(text))


def _aligned(array: Array, arg: Expr, rank: int) -> Array:
    missing = rank - len(arg.shape)
    if not arg.sampled or not missing:
        return array
    return array.reshape(array.shape[:1] + (1,) * missing + array.shape[1:])


# ── how arrays compute what numpy has no function for; all take complex numbers, for the complex step ────


def _step(x: Array, at_zero: float) -> Array:
    return np.where(np.real(x) > 0, 1.0, np.where(np.real(x) == 0, at_zero, 0.0))


def _sign(x: Array, at_zero: float) -> Array:
    return np.where(np.real(x) == 0, at_zero, np.sign(np.real(x)))


def _sigmoid(x: Array) -> Array:
    e = np.exp(np.where(np.real(x) >= 0, -x, x))
    return np.asarray(np.where(np.real(x) >= 0, 1.0, e) / (1 + e))


def _softplus(x: Array) -> Array:
    positive = np.real(x) >= 0
    return np.where(positive, x, 0.0) + np.log1p(np.exp(np.where(positive, -x, x)))


def _relu(x: Array, at_zero: float) -> Array:
    if not np.iscomplexobj(x):
        return np.where(x > 0, x, 0.0)
    # the complex step sees the derivative at 0
    return np.where(np.real(x) > 0, x, np.where(np.real(x) == 0, at_zero * x, 0.0))


def _hard_sigmoid(x: Array, slope: float) -> Array:
    inside = np.abs(np.real(slope * x)) < 0.5
    return np.where(inside, slope * x + 0.5, np.where(np.real(x) > 0, 1.0, 0.0))


def _leaky_relu(x: Array, slope: float) -> Array:
    return np.where(np.real(x) > 0, x, slope * x)


def _elu(x: Array, alpha: float) -> Array:
    return np.where(np.real(x) > 0, x, alpha * np.expm1(np.where(np.real(x) > 0, 0.0, x)))


def _selu(x: Array) -> Array:
    return np.where(np.real(x) > 0, SELU_SCALE * x, SELU_SCALE * _elu(x, SELU_ALPHA))


def _abs(x: Array) -> Array:
    return np.asarray(np.sign(np.real(x)) * x)


def greatest(*operands: Array) -> Array:
    """The greatest; of equals the first."""
    return reduce(lambda a, b: np.where(np.real(a) >= np.real(b), a, b), operands)


def smallest(*operands: Array) -> Array:
    """The smallest; of equals the first."""
    return reduce(lambda a, b: np.where(np.real(a) <= np.real(b), a, b), operands)


def _clip(x: Array, a: Array, b: Array) -> Array:
    return smallest(greatest(x, a), b)


def _where(c: Array, a: Array, b: Array) -> Array:
    return np.where(np.real(c) != 0, a, b)


def _silu(x: Array) -> Array:
    result: Array = x * _sigmoid(x)
    return result


def _power(a: Array, b: Array) -> Array:
    result: Array = np.square(a) if np.ndim(b) == 0 and b == 2 else np.power(a, b)
    return result


def added(*terms: Array) -> Array:
    """The sum from left to right."""
    result = terms[0]
    for term in terms[1:]:
        result = np.add(result, term)
    return result


def multiplied(*factors: Array) -> Array:
    """The product from left to right."""
    result = factors[0]
    for factor in factors[1:]:
        result = np.multiply(result, factor)
    return result


def _compared(ufunc: Callable[..., Any]) -> Callable[..., Array]:
    def compare(a: Array, b: Array) -> Array:
        return np.where(ufunc(np.real(a), np.real(b)), 1.0, 0.0)

    return compare


def _of_libm(function: Callable[[float], float], slope: float) -> Callable[[Array], Array]:
    """erf or erfc, with ``slope`` at 0.

    Of complex numbers close to the real axis: f(a + ib) = f(a) + ib·f'(a), exact for the complex step.
    """
    each = np.vectorize(function, otypes=[float])

    def compute(x: Array) -> Array:
        real = np.asarray(each(np.real(x)))
        if not np.iscomplexobj(x):
            return real
        return np.asarray(real + 1j * np.imag(x) * slope * np.exp(-np.square(np.real(x))))

    return compute


_erf = _of_libm(math.erf, 2 / math.sqrt(math.pi))
_erfc = _of_libm(math.erfc, -2 / math.sqrt(math.pi))


# Klambauer et al. 2017, "Self-normalizing neural networks": the fixed point for mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


_SIGMOID = "(1 / (1 + exp(-x)) if x >= 0 else exp(x) / (exp(x) + 1))"
_POWER_SCALAR = "(a * a if b == 2 else pow(a, b))"  # a**b of a negative a may be complex


def _row(
    name: str,
    letters: str,
    array: Callable[..., Any],
    scalar: str,
    by: tuple[str, ...],
    about: str,
    on_arrays: str = "",
    **options: float,
) -> Elementwise:
    count = len(letters)
    return Elementwise(
        name=name,
        about=about,
        least=count,
        most=count,
        options=options,
        letters=letters,
        array=array,
        scalar=scalar,
        on_arrays=on_arrays,
        derivatives=by,
    )


def _comparison(name: str, sign: str, ufunc: Callable[..., Any]) -> Elementwise:
    about = f"1 where a {sign} b, else 0; constant, so nothing flows back"
    return _row(name, "ab", _compared(ufunc), f"(1.0 if a {sign} b else 0.0)", ("0", "0"), about)


# 0 times an infinite factor where the derivative is 0: a**0, and 0**b
_POWER = ("where(b == 0, 0, b * a**(b - 1))", "where(a == 0, 0, y * log(a))")

ROWS: tuple[Elementwise, ...] = (
    # name       letters  arrays     one number              derivative by each operand       in words
    _row("neg", "x", np.negative, "-x", ("-1",), "minus x"),
    _row("sub", "ab", np.subtract, "a - b", ("1", "-1"), "the difference a - b"),
    _row("div", "ab", np.divide, "a / b", ("1 / b", "-a / b**2"), "the quotient a / b"),
    _row("pow", "ab", _power, _POWER_SCALAR, _POWER, "a to the power b"),
    _row("exp", "x", np.exp, "exp(x)", ("y",), "the exponential function"),
    _row("log", "x", np.log, "log(x)", ("1 / x",), "the natural logarithm"),
    _row("log2", "x", np.log2, "log2(x)", (f"1 / ({math.log(2)!r} * x)",), "the logarithm to the base 2"),
    _row("log10", "x", np.log10, "log10(x)", (f"1 / ({math.log(10)!r} * x)",), "the logarithm to the base 10"),
    _row("log1p", "x", np.log1p, "log1p(x)", ("1 / (1 + x)",), "log(1 + x), exact for small x"),
    _row("expm1", "x", np.expm1, "expm1(x)", ("exp(x)",), "exp(x) - 1, exact for small x"),
    _row("sqrt", "x", np.sqrt, "sqrt(x)", ("1 / (2*y)",), "the square root"),
    _row("abs", "x", _abs, "fabs(x)", ("sign(x)",), "the absolute value; its derivative at 0 is 0"),
    _row(
        "sign",
        "x",
        _sign,
        "(at_zero if x == 0 else 1.0 if x > 0 else -1.0)",
        ("0",),
        "1 where x is positive, -1 where negative, at_zero (0) where 0; nothing flows back",
        at_zero=0.0,
    ),
    _row("sin", "x", np.sin, "sin(x)", ("cos(x)",), "the sine"),
    _row("cos", "x", np.cos, "cos(x)", ("-sin(x)",), "the cosine"),
    _row("tan", "x", np.tan, "tan(x)", ("1 + y**2",), "the tangent"),
    _row("arctan", "x", np.arctan, "atan(x)", ("1 / (1 + x**2)",), "the inverse tangent"),
    _row("sinh", "x", np.sinh, "sinh(x)", ("cosh(x)",), "the hyperbolic sine"),
    _row("cosh", "x", np.cosh, "cosh(x)", ("sinh(x)",), "the hyperbolic cosine"),
    _row("erf", "x", _erf, "erf(x)", ("2 / sqrt(pi) * exp(-x**2)",), "the error function"),
    _row("erfc", "x", _erfc, "erfc(x)", ("-2 / sqrt(pi) * exp(-x**2)",), "1 - erf(x), exact for great x"),
    _row(
        "clip",
        "xab",
        _clip,
        "minimum(maximum(x, a), b)",
        (
            "where(x >= a, where(x <= b, 1, 0), 0)",
            "where(x < a, where(a <= b, 1, 0), 0)",
            "where(maximum(x, a) > b, 1, 0)",
        ),
        "x kept between a and b; b where a > b",
    ),
    _row(
        "where",
        "cab",
        _where,
        "(a if c else b)",
        ("0", "where(c, 1, 0)", "where(c, 0, 1)"),
        "a where the condition holds, else b",
    ),
    _row(
        "sigmoid",
        "x",
        _sigmoid,
        _SIGMOID,
        ("y * (1 - y)",),
        "the logistic function 1 / (1 + exp(-x))",
        on_arrays="1 / (1 + exp(-x))",
    ),
    _row("tanh", "x", np.tanh, "tanh(x)", ("1 - y**2",), "the hyperbolic tangent"),
    _row(
        "relu",
        "x",
        _relu,
        "(x if x > 0 else 0.0)",
        ("step(x{given})",),
        "max(0, x); its derivative at 0 is at_zero (0)",
        at_zero=0.0,
    ),
    _row(
        "leaky_relu",
        "x",
        _leaky_relu,
        "(x if x > 0 else slope * x)",
        ("where(x > 0, 1, slope)",),
        "x where positive, else slope·x; its derivative at 0 is the slope",
        slope=0.01,
    ),
    _row(
        "elu",
        "x",
        _elu,
        "(x if x > 0 else alpha * expm1(x))",
        ("where(x > 0, 1, alpha * exp(x))",),
        "x where positive, else alpha·(exp(x) - 1)",
        alpha=1.0,
    ),
    _row(
        "selu",
        "x",
        _selu,
        f"({SELU_SCALE!r} * x if x > 0 else {SELU_SCALE!r} * ({SELU_ALPHA!r} * expm1(x)))",
        (f"where(x > 0, {SELU_SCALE!r}, {SELU_SCALE * SELU_ALPHA!r} * exp(x))",),
        "the scaled elu of Klambauer et al. 2017",
    ),
    _row(
        "softplus",
        "x",
        _softplus,
        "(x + log1p(exp(-x)) if x >= 0 else log1p(exp(x)))",
        ("sigmoid(x)",),
        "log(1 + exp(x))",
        on_arrays="max(x, 0) + log1p(exp(-abs(x)))",
    ),
    _row(
        "silu",
        "x",
        _silu,
        "x * sigmoid(x)",
        ("sigmoid(x) + y * (1 - sigmoid(x))",),
        "x·sigmoid(x), also called swish",
        on_arrays="x / (1 + exp(-x))",
    ),
    _row(
        "gelu",
        "x",
        lambda x: x * (0.5 * _erfc(x * -math.sqrt(0.5))),
        f"x * (0.5 * erfc(x * {-math.sqrt(0.5)!r}))",
        (f"0.5 * (1 + erf({math.sqrt(0.5)!r} * x)) + x * exp(-x**2 / 2) / sqrt(2 * pi)",),
        "x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016, the exact form)",
    ),
    _row(
        "hard_sigmoid",
        "x",
        _hard_sigmoid,
        "(slope * x + 0.5 if fabs(slope * x) < 0.5 else 1.0 if x > 0 else 0.0)",
        ("where(abs(slope * x) < 0.5, slope, 0)",),
        "slope·x + 0.5 kept between 0 and 1; the slope is 1/6, older libraries have 0.2; flat at its corners",
        slope=1 / 6,
    ),
    _row(
        "step",
        "x",
        _step,
        "(1.0 if x > 0 else at_zero if x == 0 else 0.0)",
        ("0",),
        "1 where x is positive, at_zero (0) where 0, else 0; nothing flows back",
        at_zero=0.0,
    ),
    _row("identity", "x", np.positive, "x", ("1",), "x itself"),
    _comparison("less", "<", np.less),
    _comparison("less_equal", "<=", np.less_equal),
    _comparison("greater", ">", np.greater),
    _comparison("greater_equal", ">=", np.greater_equal),
    _comparison("equal", "==", np.equal),
    _comparison("not_equal", "!=", np.not_equal),
)
