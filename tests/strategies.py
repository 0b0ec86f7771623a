"""What the property tests draw: typed calls for a row of the op table, chains of equations, networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from backtrace.expressions import Call, Expr, ExpressionError, Name, Num, Type, parse, substitute
from backtrace.graph import Equation
from backtrace.ops import Scope, call, typed
from backtrace.ops.base import Op
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.movements import PlaceMap

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
SAMPLES = 2

# ── a call of one row ──────────────────────────────────────────────────────────────────────────────────

# Few values, so that ties, zeros and the places where a branch changes come up often.
REAL = (-2.5, -1.0, -0.4, 0.0, 0.3, 1.0, 1.7)
NONZERO = (-2.0, -0.7, 0.4, 1.0, 1.6)
POSITIVE = (0.2, 0.6, 1.0, 1.9, 3.0)
GENERIC = (0.31, 0.47, 0.73, 1.13, 1.37, 1.71, 2.09)

DOMAINS: Mapping[str, tuple[Sequence[float], ...]] = {
    "div": (REAL, NONZERO),
    "pow": (POSITIVE, REAL),
    "log": (POSITIVE,),
    "log1p": ((-0.9, -0.3, 0.0, 0.5, 2.0),),
    "sqrt": (POSITIVE,),
    "where": ((0.0, 1.0), REAL, REAL),
    "log2": (POSITIVE,),
    "log10": (POSITIVE,),
    "take": (REAL, (0.0, 1.0, 2.0)),
    "complement": ((0.3, 0.99, 0.995, 1.0), REAL),
    "clip": (REAL, (-1.0, 0.3, 1.2), (-0.4, 0.3, 1.0)),
    "hard_sigmoid": ((*REAL, -3.0, 3.0),),
}

ELEMENTWISE_SHAPES: Mapping[int, tuple[tuple[Shape, ...], ...]] = {
    1: (((),), ((3,),), ((2, 2),)),
    2: (((), ()), ((3,), (3,)), ((), (3,)), ((2, 3), (3,)), ((2, 1), (1, 2)), ((2,), (2, 1))),
    3: (((), (), ()), ((3,), (3,), (3,)), ((3,), (), ()), ((2, 1), (2,), ()), ((), (2, 2), (2,))),
}

ALL = ("slice", None, None, None)
_AXES: tuple[tuple[tuple[Shape, ...], dict[str, Any]], ...] = (
    (((),), {}),
    (((3,),), {}),
    (((3,),), {"axis": 0, "keepdims": True}),
    (((2, 3),), {}),
    (((2, 3),), {"axis": 0}),
    (((2, 3),), {"axis": -1}),
    (((2, 3),), {"axis": (1, 0)}),
    (((2, 3),), {"axis": 1, "keepdims": True}),
    (((2, 3),), {"keepdims": True}),
)
_ALONG: tuple[tuple[tuple[Shape, ...], dict[str, Any]], ...] = (
    (((3,),), {}),
    (((2, 3),), {}),
    (((2, 3),), {"axis": 0}),
    (((2, 3),), {"axis": -1}),
)
_PLACES = PlaceMap(np.array([[0, 2], [2, 1]]))
_HOLES = PlaceMap(np.array([[0, -1], [2, -1]]))
_MANY: tuple[tuple[tuple[Shape, ...], dict[str, Any]], ...] = (
    *((shapes, {}) for shapes in ELEMENTWISE_SHAPES[2]),
    *((shapes, {}) for shapes in ELEMENTWISE_SHAPES[3]),
)
STRUCTURAL: Mapping[str, tuple[tuple[tuple[Shape, ...], dict[str, Any]], ...]] = {
    "maximum": _MANY,
    "minimum": _MANY,
    "matmul": (
        (((2,), (2,)), {}),
        (((2,), (2, 3)), {}),
        (((2, 3), (3,)), {}),
        (((2, 3), (3, 2)), {}),
        (((1, 2), (2, 1)), {}),
    ),
    "outer": ((((2,), (3,)), {}), (((2,), (2,)), {})),
    "transpose": ((((2, 3),), {}), (((3,),), {})),
    "reshape": ((((2, 3),), {"shape": (3, 2)}), (((4,),), {"shape": (2, 2)}), (((),), {"shape": (1,)})),
    "index": (
        (((3,),), {"key": (1,)}),
        (((3,),), {"key": (-1,)}),
        (((2, 3),), {"key": (1,)}),
        (((2, 3),), {"key": (ALL, 2)}),
        (((2, 3),), {"key": (("slice", 0, 1, None), ("slice", None, None, 2))}),
        (((3,),), {"key": (("slice", None, None, -1),)}),
        (((3,),), {"key": (("list", 2, 0, 2),)}),
        (((3, 2),), {"key": (("list", ("list", 1, 0), ("list", 1, 2)), 1)}),
        (((2, 3),), {"key": (ALL, ("list", 2, 0))}),
    ),
    "stack": ((((), ()), {}), (((3,), (3,)), {}), (((2,),), {})),
    "concat": (
        (((2,), (3,)), {}),
        (((1, 2), (2, 2)), {"axis": 0}),
        (((2, 1), (2, 2)), {"axis": -1}),
        (((2, 2), (2, 1)), {"axis": 1}),
    ),
    "expand": (
        (((),), {"axis": (0, 1), "shape": (2, 2)}),
        (((3,),), {"axis": (0,), "shape": (2, 3)}),
        (((3,),), {"axis": (1,), "shape": (3, 2)}),
    ),
    "gather": ((((3,),), {"places": _PLACES}), (((2, 2),), {"places": _PLACES}), (((3,),), {"places": _HOLES})),
    "scatter": (
        (((2, 2),), {"places": _PLACES, "shape": (4,)}),
        (((2, 2),), {"places": _PLACES, "shape": (3, 1)}),
        (((2, 2),), {"places": _HOLES, "shape": (3,)}),
    ),
    "sum": _AXES,
    "mean": _AXES,
    "max": _AXES,
    "min": _AXES,
    "prod": _AXES,
    "logsumexp": _AXES,
    "first_max": ((((3,),), {"axis": (0,)}), (((2, 3),), {"axis": (1,)}), (((2, 3),), {"axis": (0, 1)})),
    "first_min": ((((3,),), {"axis": (0,)}), (((2, 3),), {"axis": (0,)})),
    "cumsum": (*_ALONG, (((3,),), {"reverse": True}), (((2, 3),), {"axis": 0, "reverse": True})),
    "diag": ((((2,),), {}), (((2, 2),), {}), (((2, 3),), {})),
    "take": ((((3,), ()), {}), (((3, 2), ()), {}), (((3, 2), (2,)), {}), (((3,), (2, 2)), {})),
    "conv2d": (
        (((3, 3), (2, 2)), {}),
        (((4, 3), (2, 2)), {"stride": (2, 1), "padding": 1}),
        (((2, 3, 3), (2, 2, 2, 2)), {}),
        (((1, 3, 3), (2, 1, 2, 2)), {"stride": 2, "padding": (0, 1)}),
    ),
    "conv2d_input": (
        (((2, 2), (2, 2)), {"shape": (3, 3)}),
        (((2, 2), (2, 1)), {"shape": (5, 2), "stride": 3, "padding": 0}),
        (((2, 1, 2, 2), (2, 2, 1)), {"shape": (1, 3, 2), "padding": 0}),
    ),
    "conv2d_kernel": (
        (((3, 3), (2, 2)), {"shape": (2, 2)}),
        (((2, 2), (3, 3)), {"shape": (2, 2), "padding": 1}),
        (((1, 3, 3), (2, 2, 2)), {"shape": (2, 1, 2, 2)}),
    ),
    "maxpool2d": (
        (((4, 4),), {}),
        (((3, 3),), {"size": 2, "stride": 1}),
        (((3, 2),), {"size": (2, 1), "stride": 2, "padding": (1, 0)}),
        (((2, 2, 2),), {}),
    ),
    "avgpool2d": (
        (((4, 4),), {}),
        (((3, 3),), {"size": 2, "stride": 1, "padding": 1}),
        (((2, 2, 2),), {"size": (2, 1)}),
    ),
    "zeros": (((), {"shape": (2, 3)}), ((), {"shape": 3})),
    "ones": (((), {"shape": (2, 3)}), ((), {"shape": 3})),
    "eye": (((), {"n": 2}),),
    "arange": (((), {"start": 3}), ((), {"start": 1, "stop": 2, "step": 0.25})),
    "linspace": (((), {"start": 0, "stop": 1, "num": 5}),),
    "onehot": (((), {"k": 1, "n": 3}),),
    "sum_samples": ((((),), {"count": SAMPLES}), (((2,),), {"count": SAMPLES})),
    "mean_samples": ((((),), {"count": SAMPLES}), (((2,),), {"count": SAMPLES})),
    "softmax": _ALONG,
    "log_softmax": _ALONG,
}


@dataclass(frozen=True)
class Example:
    """A typed call of an op on given arrays; sampled arrays have ``SAMPLES`` samples."""

    expr: Call
    given: dict[str, Array]

    @property
    def names(self) -> dict[str, Name]:
        """The operands, each once."""
        return {arg.id: arg for arg in self.expr.args if isinstance(arg, Name)}

    def with_given(self, given: Mapping[str, Array]) -> Example:
        """The same call on other arrays."""
        return Example(self.expr, dict(given))


def whole_shape(type: Type) -> Shape:
    """The shape of an array with its sample axis, if it has one."""
    return (SAMPLES, *type.shape) if type.sampled else type.shape


def calls_of(row: Op) -> Sequence[tuple[tuple[Shape, ...], dict[str, Any]]]:
    """Operand shapes and options to try a row with; a new structural row is tried on plain matrices."""
    if isinstance(row, Elementwise) and row.name not in STRUCTURAL:
        options: list[dict[str, Any]] = [{}, dict.fromkeys(row.options, 0.3)]
        shapes = ELEMENTWISE_SHAPES[min(row.least, 3)]
        return [(shape, option) for shape in shapes for option in options[: 1 + bool(row.options)]]
    return STRUCTURAL.get(row.name, ((((2, 2),) * row.least, {}), (((3,),) * row.least, {})))


Choose = Callable[[Sequence[Any], int], list[Any]]
"""So many of some things, each chosen by itself."""


@st.composite
def examples(draw: st.DrawFn, row: Op) -> Example:
    """A call of the row, as Hypothesis draws it."""
    return example(row, lambda things, n: draw(st.lists(st.sampled_from(things), min_size=n, max_size=n)))


def example(row: Op, choose: Choose) -> Example:
    """A call of the row: shapes that broadcast, any operands sampled, the same operand twice at times."""
    ((shapes, options),) = choose(calls_of(row), 1)
    domains = DOMAINS.get(row.name, (REAL,) * len(shapes))
    args: list[Name] = []
    given: dict[str, Array] = {}
    for position, (shape, domain) in enumerate(zip(shapes, domains, strict=True)):
        sampled, repeat = choose((False, True), 2)
        type = Type(shape, sampled)
        again = [arg for arg in args if arg.type == type and domains[0] == domain]
        if again and repeat:
            args.append(again[0])
            continue
        args.append(Name("pqst"[position], type))
        whole = whole_shape(type)
        given[args[-1].id] = np.array(choose(domain, math.prod(whole)), dtype=np.float64).reshape(whole)
    return Example(call(row.name, *args, **options), given)


# ── chains of equations ────────────────────────────────────────────────────────────────────────────────

# Smooth or with kinks that random numbers do not hit; each keeps its values near 1.
PATTERNS = (
    *("tanh(a)", "sigmoid(a)", "sin(a)", "cos(a)*b", "softplus(a)", "silu(a)", "gelu(a)", "erf(a)", "elu(a)"),
    *("relu(a)", "abs(a)", "leaky_relu(a, slope=0.2)", "selu(a)", "arctan(a)", "exp(-a**2)", "log(1 + a**2)"),
    *("sqrt(1 + a**2)", "a**3", "a**2", "-a", "a + b", "a - b", "a*b", "a/(2 + b**2)", "a*b*a", "2*a + 0.5"),
    *("maximum(a, b)", "minimum(a, b)", "clip(a, -1, b)", "where(a > b, a, 2*b)", "where(a > 0, sqrt(a), 0)"),
    *("a @ b", "b @ a", "a.T", "outer(a, b)", "a @ b.T", "dot(a, a)", "(2 + sin(a))**b", "a[0]", "a[0:1]"),
    *(
        "a[-1]",
        "[a, b]",
        "concat(a, b)",
        "sum(a)",
        "mean(a)",
        "sum(a, axis=0)",
        "mean(a, axis=-1, keepdims=True)",
    ),
    *(
        "a/(1 + sum(a**2))",
        "softmax(a)",
        "log_softmax(a)",
        "softmax(a, axis=0)",
        "a*softmax(b)",
        "log(softmax(a))",
    ),
    *("log(sigmoid(a))", "log(1 - sigmoid(a))", "half_squared_error(a, b)", "huber(a, b)", "sum(a*b)*a"),
)


@dataclass(frozen=True)
class Chain:
    """Equations in order that end in a scalar ``E``, with what they are given."""

    forward: tuple[Equation, ...]
    given: dict[str, Array]
    types: dict[str, Type]


SHAPES: tuple[Shape, ...] = ((), (2,), (3,), (2, 2), (2, 3), (3, 2))


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    """One to six random equations over vectors, matrices and scalars, sampled or not, and their objective."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    types = {name: Type(draw(st.sampled_from(SHAPES)), draw(st.booleans())) for name in ("x", "w", "v")}
    given = {name: random.uniform(-1.5, 1.5, whole_shape(type)) for name, type in types.items()}
    scope: dict[str, Expr] = {name: Name(name, type) for name, type in types.items()}
    made: list[Equation] = []
    for number in range(draw(st.integers(1, 6))):
        expr = draw(_expressions(scope))
        name = f"h{number}"
        made.append(Equation(name, expr, Type(expr.shape, expr.sampled)))
        scope[name] = Name(name, made[-1].type)
    objective = "mean" if draw(st.booleans()) else "sum"
    ends = [made[-1].name, draw(st.sampled_from(sorted(scope)))]
    text = " + ".join(
        f"{objective}_samples(mean({end}**2))" if scope[end].sampled else f"mean({end}**2)" for end in ends
    )
    made.append(Equation("E", typed(parse(text), Scope(scope, samples=SAMPLES)), Type(())))
    return Chain(tuple(made), given, types)


@st.composite
def _expressions(draw: st.DrawFn, scope: Mapping[str, Expr]) -> Expr:
    """A pattern over names, or over another pattern; one that does not fit gives way to another."""
    for _ in range(20):
        letters: dict[str, Expr] = {}
        for letter in "ab":
            letters[letter] = Name(draw(st.sampled_from(sorted(scope))))
            if draw(st.integers(0, 3)) == 0:
                inner = parse(draw(st.sampled_from(PATTERNS)))
                name = Name(draw(st.sampled_from(sorted(scope))))
                letters[letter] = substitute(inner, {"a": letters[letter], "b": name})
        pattern = parse(draw(st.sampled_from(PATTERNS)))
        try:
            found = typed(substitute(pattern, letters), Scope(scope, samples=SAMPLES))
        except ExpressionError:
            continue
        if int(np.prod(found.shape)) <= 12:
            return found
    return typed(parse("tanh(w)"), Scope(scope, samples=SAMPLES))


# ── layered networks ───────────────────────────────────────────────────────────────────────────────────

HIDDEN = (
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "softplus",
    "silu",
    "sin",
    "identity",
)
ENDS = (
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("sigmoid", "half_squared_error"),
    ("identity", "squared_error"),
    ("tanh", "mean_squared_error"),
    ("identity", "mean_absolute_error"),
    ("identity", "huber"),
    ("softmax", "squared_error"),
    ("log_softmax", "half_squared_error"),
)


@dataclass(frozen=True)
class Network:
    """A config of a layered network: all samples in one text, or sample by sample."""

    inputs: list[list[float]]
    targets: list[list[float]]
    rest: str
    reduce: str

    def text(self) -> str:
        """The config with all samples."""
        inputs, targets = self.inputs, self.targets
        if len(inputs) == 1:
            return self.sample(0)
        return f"inputs: {inputs}\ntargets: {targets}\nreduce: {self.reduce}\n{self.rest}"

    def sample(self, number: int) -> str:
        """The config with one sample alone."""
        return f"inputs: {{x: {self.inputs[number]}}}\ntargets: {{y: {self.targets[number]}}}\n{self.rest}"


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """One to four layers of one to three units, any activations and losses, one to three samples."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=5))
    samples = draw(st.integers(1, 3))
    last, loss = draw(st.sampled_from(ENDS))
    column = draw(st.booleans())

    def numbers(*shape: int, low: float = -1.0) -> Any:
        return np.round(random.uniform(low, 1.0, shape), 3).tolist()

    lines = []
    for number, (inputs, units) in enumerate(pairwise(sizes), start=1):
        activation = last if number == len(sizes) - 1 else draw(st.sampled_from(HIDDEN))
        weights = numbers(units, inputs) if column else numbers(inputs, units)
        bias = draw(st.sampled_from(("", f", bias: {numbers(units)}", ", bias: 0.25")))
        lines.append(f"  - {{weights: {weights}{bias}, activation: {activation}}}")
    head = [
        f"orientation: {'W @ x' if column else 'x @ W'}",
        "learning_rate: 0.1",
        f"loss: {loss}",
        "layers:",
    ]
    reduce = draw(st.sampled_from(("sum", "mean")))
    return Network(
        numbers(samples, sizes[0]),
        numbers(samples, sizes[-1], low=0.0),
        "\n".join([*head, *lines]) + "\n",
        reduce,
    )


# ── trees of the language ──────────────────────────────────────────────────────────────────────────────

LEAVES = st.one_of(
    st.sampled_from(["x", "W", "h1", "E_tot", "β"]).map(Name),
    st.integers(-9, 10**6).map(Num),
    st.floats(allow_nan=False, allow_infinity=False).map(Num),
)


def _negated(expr: Expr) -> Expr:
    return Num(-expr.value) if isinstance(expr, Num) else Call("neg", (expr,))


def _grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    binary = st.sampled_from(["add", "sub", "mul", "div", "pow", "matmul"])
    compared = st.sampled_from(["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
    place = st.one_of(
        st.integers(-3, 3),
        st.tuples(st.just("slice"), *(st.one_of(st.none(), st.integers(-3, 3)),) * 3),
    )
    options = st.sampled_from([(), (("axis", 0),), (("axis", (0, 1)), ("keepdims", True)), (("slope", 0.2),)])
    return st.one_of(
        inner.map(_negated),
        st.builds(lambda op, a, b: Call(op, (a, b)), binary, inner, inner),
        st.builds(lambda op, a, b, c: Call("where", (Call(op, (a, b)), b, c)), compared, inner, inner, inner),
        st.builds(lambda a, o: Call("sum", (a,), o), inner, options),
        st.builds(lambda a, b: Call("f", (a, b)), inner, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: Call("stack", tuple(items))),
        inner.map(lambda a: Call("transpose", (a,))),
        st.builds(
            lambda a, key: Call("index", (a,), (("key", tuple(key)),)),
            inner,
            st.lists(place, min_size=1, max_size=3),
        ),
    )


TREES = st.recursive(LEAVES, _grown, max_leaves=12)
