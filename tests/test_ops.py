"""Every row of the op table: its arrays, its scalar reading, its derivatives and its reach say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backtrace.backward import gradient_name, gradients
from backtrace.executor import evaluate
from backtrace.expressions import Call, Element, Expr, ExpressionError, Index, Name, Type, parse, to_text
from backtrace.graph import Equation
from backtrace.ops import TABLE, Macro, Scope, call, typed
from backtrace.ops.base import Op, Read
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.extremes import CumulativeSum, Extreme
from backtrace.ops.images import Convolution
from backtrace.ops.many import chosen
from backtrace.ops.products import MatMul
from backtrace.ops.reductions import OverSamples, Reduction
from backtrace.scalars import derivative, element, reached
from backtrace.straight import python
from tests.strategies import GENERIC, SAMPLES, Array, Example, examples, whole_shape

STEP = 1e-30
TOLERANCE = 1e-12


def agree(what: str, found: Array, expected: Array, scale: float = 0.0) -> None:
    """Relative to the norm of what is expected, or to the scale of the terms it is a sum of."""
    scale = max(scale, float(np.linalg.norm(expected)))
    error = float(np.linalg.norm(np.asarray(found) - expected))
    assert error <= TOLERANCE * scale, f"{what}\n   found {found.tolist()}\nexpected {expected.tolist()}"


def check(example: Example) -> None:
    """Hold against each other everything that a row of the table says about one call of it."""
    y = evaluated(example, example.given)
    assert y.shape == whole_shape(example.expr.type or Type(()))
    read = Scalars(example, y)
    values = [read(element(example.expr, index, sample)) for index, sample in places(example.expr)]
    agree("scalar reading and compute differ", np.reshape(values, y.shape), y)
    jacobians = {name: jacobian(example, name) for name in example.names}
    check_gradients(example, jacobians)
    for name, exact in jacobians.items():
        check_shown_derivative(example, name, exact, read)
        check_reach(example, name)


def check_gradients(example: Example, jacobians: dict[str, Array]) -> None:
    """The gradient of a weighted sum of all results against the complex step."""
    type = example.expr.type or Type(())
    weights = np.random.default_rng(1).uniform(0.5, 1.5, whole_shape(type))
    forward = [Equation("y", example.expr, type)]
    scope = {"y": Name("y", type), "r": Name("r", type)}
    text = "sum_samples(sum(r*y))" if type.sampled else "sum(r*y)"
    forward.append(Equation("E", typed(parse(text), Scope(scope, samples=SAMPLES)), Type(())))
    equations = (*forward, *gradients(forward, "E", jacobians, SAMPLES))
    found = evaluate(equations, example.given | {"r": weights}, SAMPLES)
    for name, exact in jacobians.items():
        expected = np.tensordot(weights, exact, axes=weights.ndim)
        gradient = found.get(gradient_name("E", name), np.zeros_like(expected))
        scale = float(np.linalg.norm(np.tensordot(weights, np.abs(exact), axes=weights.ndim)))
        agree(f"gradient by {name} and complex step differ", gradient, expected, scale)


def check_shown_derivative(example: Example, name: str, exact: Array, read: Scalars) -> None:
    """Each scalar derivative, written with and without the result's own name, against the complex step."""
    source = example.names[name]
    found, named = np.zeros_like(exact), np.zeros_like(exact)
    for index, sample in places(source):
        here = Element(name, index, sample)
        for at in reached(example.expr, here, SAMPLES):
            cell = (*slot(at), *slot((index, sample)))
            found[cell] = read(derivative(example.expr, at, here, SAMPLES))
            named[cell] = read(derivative(example.expr, at, here, SAMPLES, "y"))
    agree(f"shown derivative by {name} and complex step differ", found, exact)
    agree(f"shown derivative by {name}, with y, and complex step differ", named, exact)


def check_reach(example: Example, name: str) -> None:
    """Reach is the structure of the dependence, the same for all values."""
    depends = structure(example, name)
    for index, sample in places(example.names[name]):
        places_ = reached(example.expr, Element(name, index, sample), SAMPLES)
        assert len(set(places_)) == len(places_), "an element is reached twice"
        found = np.zeros(depends.shape[: depends.ndim - len(slot((index, sample)))], dtype=bool)
        for at in places_:
            found[slot(at)] = True
        cell: tuple[Any, ...] = (..., *slot((index, sample)))
        expected = depends[cell]
        assert np.array_equal(found, expected), f"reach of {name}{list(index)} is {places_}"


def structure(example: Example, name: str) -> Array:
    """Which results depend on which elements: by broadcasting, or where generic derivatives are not zero."""
    if isinstance(TABLE[example.expr.op], Elementwise):
        example = Example(call("add", *example.expr.args, *example.expr.args[:1]), example.given)
    random = np.random.default_rng(2)
    found: Array = np.zeros((), dtype=bool)
    for _ in range(60 if example.expr.op in CHOOSING else 1):
        generic = {
            key: np.asarray(random.choice(GENERIC, a.shape) + random.uniform(0, 0.1, a.shape))
            for key, a in example.given.items()
        }
        found = found | (jacobian(example.with_given(generic), name) != 0)
    return found


CHOOSING = ("max", "min", "maxpool2d", "take", "settled")
"""What their results depend on differs from point to point: the structure is what it may be anywhere."""


def evaluated(example: Example, values: dict[str, Array]) -> Array:
    equation = Equation("y", example.expr, example.expr.type or Type(()))
    return evaluate([equation], values, SAMPLES)["y"]


def jacobian(example: Example, name: str) -> Array:
    """By the complex step: the result's axes, then the operand's."""
    at = example.given[name]
    columns = []
    for place in np.ndindex(at.shape):
        moved = at.astype(np.complex128)
        moved[place] += 1j * STEP
        columns.append(np.imag(evaluated(example, example.given | {name: moved})) / STEP)
    stacked = np.array(columns).reshape(at.shape + columns[0].shape)
    result: Array = np.moveaxis(stacked, tuple(range(at.ndim)), tuple(range(-at.ndim, 0)))
    return result


def places(expr: Expr) -> Iterator[tuple[Index, int | None]]:
    for sample in range(SAMPLES) if expr.sampled else (None,):
        for index in product(*map(range, expr.shape)):
            yield index, sample


def slot(place: tuple[Index, int | None]) -> Index:
    index, sample = place
    return index if sample is None else (sample, *index)


class Scalars:
    """Evaluates scalar expressions by the source that the generator writes for them."""

    def __init__(self, example: Example, y: Array) -> None:
        self.values: dict[Element, float] = {}
        for name, values in {**example.given, "y": y}.items():
            sampled = (name != "y" and example.names[name].sampled) or (name == "y" and example.expr.sampled)
            for place in np.ndindex(values.shape):
                key = Element(name, place[1:], place[0]) if sampled else Element(name, place)
                self.values[key] = float(values[place])

    def __call__(self, expr: Expr) -> float:
        function, keys = python.function(expr)
        return function(*(self.values[key] for key in keys))


QUIET = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


# An objective of given gradients is no function of them: tests/test_training.py has those.
DIFFERENTIATED = [name for name in TABLE if name != "upstream"]


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_all_that_a_row_says_agrees(name: str) -> None:
    @QUIET
    @given(examples(TABLE[name]))
    def holds(example: Example) -> None:
        check(example)

    holds()


# ── the checker is checked ─────────────────────────────────────────────────────────────────────────────


class WrongMatMul(MatMul):
    """A product of matrices that forgets to transpose."""

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        right = super().vjp(call, operand, g, y)
        return Call("mul", (right, parse("2"))) if right is not None and operand else right


class ShortReach(Reduction):
    """A sum that does not know where its last terms go."""

    def reach(self, call: Call, operand: int, index: Index) -> Iterable[Index]:
        return [] if index and index[-1] == 2 else super().reach(call, operand, index)


class ForgottenCount(OverSamples):
    """A mean over samples that is differentiated as a sum."""

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        return g


class LastOfEquals(Extreme):
    """A maximum whose shown derivative goes to the last of equal elements."""

    def partial(self, call: Call, operand: int, out: Index, index: Index, read: Read) -> Expr:
        inside = self.inside(call, out)[::-1]
        return chosen(self.row, [read(0, at) for at in inside], inside.index(index))


class OneStride(Convolution):
    """A convolution whose gradients forget the stride."""

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        sent = super().vjp(call, operand, g, y)
        assert isinstance(sent, Call)
        return Call("mul", (sent, parse("2"))) if call.option("stride") else sent


class SameEnd(CumulativeSum):
    """A running sum whose gradient runs the same way."""

    def vjp(self, call: Call, operand: int, g: Expr, y: Expr) -> Expr | None:
        return Call("cumsum", (g,), call.options)


def _like(kind: type[Op], row: Op) -> Op:
    return kind(**{field.name: getattr(row, field.name) for field in fields(row)})


def _changed(name: str, **changes: Any) -> Op:
    return replace(TABLE[name], **changes)


WRONG: dict[str, Callable[[], Op]] = {
    "derivative by the result": lambda: _changed("tanh", derivatives=("1 - y",)),
    "derivative off by 1e-9": lambda: _changed("sin", derivatives=("cos(x) * 1.000000001",)),
    "sign of the second operand": lambda: _changed("sub", derivatives=("1", "1")),
    "branch at a tie": lambda: _changed("maximum", passes="greater_equal", reaches="greater"),
    "tie of a reduction": lambda: _like(LastOfEquals, TABLE["max"]),
    "mask of a reduction": lambda: _changed("max", row=TABLE["minimum"]),
    "stride of a convolution": lambda: _like(OneStride, TABLE["conv2d"]),
    "running sum from the wrong end": lambda: _like(SameEnd, TABLE["cumsum"]),
    "scalar reading": lambda: _changed("exp", scalar="expm1(x)"),
    "array": lambda: _changed("cos", array=lambda x: np.cos(x) * (1 + 1e-9)),
    "option left out": lambda: _changed("leaky_relu", derivatives=("where(x > 0, 1, 0.01)",)),
    "softmax as if elementwise": lambda: _changed("softmax", back="y * (1 - y) * g"),
    "shown derivative of a kernel": lambda: _changed("log_softmax", by=lambda y, other, same: parse("1")),
    "movement back": lambda: _changed("stack", back=lambda call, operand, g: Call("index", (g,), (("key", (0,)),))),
    "product of matrices": lambda: _like(WrongMatMul, TABLE["matmul"]),
    "reach of a sum": lambda: _like(ShortReach, TABLE["sum"]),
    "mean over samples": lambda: _like(ForgottenCount, TABLE["mean_samples"]),
}


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_row_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    row = WRONG[fault]()
    monkeypatch.setitem(TABLE, row.name, row)

    @settings(QUIET, max_examples=40, database=None, phases=[Phase.generate])
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        check(data.draw(examples(row)))

    with pytest.raises(AssertionError):
        holds()


# ── typed calls: what is refused, and how ──────────────────────────────────────────────────────────────

NAMES: dict[str, Expr] = {
    "s": Name("s", Type(())),
    "x": Name("x", Type((2,))),
    "u": Name("u", Type((3,))),
    "W": Name("W", Type((2, 3))),
}
FUNCTIONS = {
    "swish": Macro("swish", ("x",), parse("x*sigmoid(x)")),
    "endless": Macro("endless", ("x",), parse("1 + endless(x)")),
    **{f"twice{k}": Macro(f"twice{k}", ("x",), parse(f"twice{k - 1}(x) + twice{k - 1}(x)")) for k in range(2, 40)},
    "twice1": Macro("twice1", ("x",), parse("x + x")),
}


@pytest.mark.parametrize(
    ("text", "offset", "message", "hint"),
    [
        (
            "x + y",
            4,
            '"y" is not known here',
            "state it under inputs:, targets:, parameters: or as an equation above",
        ),
        ("sigmoid", 0, '"sigmoid" is not known here', "sigmoid is a function: sigmoid(...)"),
        ("1 + sigmod(x)", 4, 'there is no function "sigmod"', 'did you mean "sigmoid"?'),
        (
            "eval(x)",
            0,
            'there is no function "eval"',
            "functions: {f(x): ...} states one; backtrace knows exp, log, sqrt, sum, sigmoid, ...",
        ),
        ("gather(x)", 0, 'there is no function "gather"', 'did you mean "greater"?'),
        (
            "scatter(x)",
            0,
            'there is no function "scatter"',
            "functions: {f(x): ...} states one; backtrace knows exp, log, sqrt, sum, sigmoid, ...",
        ),
        ("sin(x, x)", 0, "sin takes 1 operand, not 2", "sin(a)"),
        ("sin()", 0, "sin takes 1 operand, not 0", "sin(a)"),
        ("maximum(x)", 0, "maximum takes at least 2 operands, not 1", "maximum(a, b, ...)"),
        ("swish(x, x)", 0, "swish takes 1 operand, not 2", "swish(a)"),
        ("sin(x, axis=0)", 0, 'sin has no option "axis"', "its options: none"),
        ("sum(x, axes=0)", 0, 'sum has no option "axes"', 'did you mean "axis"?'),
        ("leaky_relu(x, slope=(1, 2))", 0, "slope is a single number", "x has 2 elements"),
        ("x + u", 0, "shapes 2 and 3 do not fit elementwise", "x has 2 elements, u has 3 elements"),
        (
            "x @ x @ x",
            0,
            "@ multiplies vectors and matrices, not scalar by 2",
            "x @ x is a number, x has 2 elements; write x @ x*x",
        ),
        ("u @ W", 0, "3 @ 2x3 does not fit: 3 is not 2", "u has 3 elements, W is 2x3; did you mean W @ u or u @ W.T?"),
        ("W @ W", 0, "2x3 @ 2x3 does not fit: 3 is not 2", "W is 2x3; did you mean W.T @ W or W @ W.T?"),
        ("outer(W, x)", 0, "outer takes two vectors, not 2x3 and 2", "W is 2x3, x has 2 elements"),
        ("sum(x, axis=1)", 0, "axis 1 of an array with 1 axis", "x has 2 elements"),
        ("sum(W, axis=(0, -2))", 0, "axis (0, -2) names an axis twice", "W is 2x3"),
        ("sum(s, axis=0)", 0, "axis 0 of an array with 0 axes", "s is a number"),
        ("softmax(s)", 0, "a single number has no axis to run along", "s is a number"),
        ("softmax(W, axis=(0, 1))", 0, "one axis at a time", "W is 2x3"),
        ("x[2]", 0, "index does not fit 2: index 2 is out of bounds for axis 0 with size 2", "x has 2 elements"),
        ("x[5:]", 0, "index of 2 leaves no elements", "x has 2 elements"),
        ("x[::0]", 0, "index does not fit 2: slice step cannot be zero", "x has 2 elements"),
        (
            "reshape(x, shape=(3,))",
            0,
            "reshape does not fit 2: to (3,) it has another number of elements",
            "x has 2 elements",
        ),
        ("reshape(x)", 0, "reshape does not fit 2: to () it has another number of elements", "x has 2 elements"),
        (
            "[x, u]",
            0,
            "stack does not fit 2 and 3: the parts of a list have one shape",
            "x has 2 elements, u has 3 elements",
        ),
        (
            "half_squared_error(x, u)",
            0,
            "in half_squared_error: shapes 2 and 3 do not fit elementwise",
            "x has 2 elements, u has 3 elements",
        ),
        ("endless(x)", 0, 'in endless: there is no function "endless"', 'did you mean "less"?'),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(text: str, offset: int, message: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        typed(parse(text), Scope(NAMES, FUNCTIONS))
    error = refusal.value
    assert (error.offset, error.message, error.hint) == (offset, message, hint)


def test_functions_that_multiply_are_bounded() -> None:
    with pytest.raises(ExpressionError, match="grows to more than 4,000 parts when written out"):
        typed(parse("twice39(x)"), Scope(NAMES, FUNCTIONS))


def test_a_name_may_be_a_letter_of_the_rules() -> None:
    """The derivative of sqrt is 1 / (2*y): a node of the name y must not be taken for the rule's letter."""
    for text in ("sqrt(x)", "x*y", "sigmoid(b)", "a**b", "softmax(g)", "where(c > 0, x, y)"):
        scope = {letter: Name(letter, Type((2,))) for letter in "abcgxy"}
        expr = typed(parse(text), Scope(scope))
        forward = [Equation("y" if "y" not in text else "h", expr, Type((2,)))]
        total = typed(parse(f"sum({forward[0].name})"), Scope(scope | {"h": Name("h", Type((2,)))}))
        forward.append(Equation("E", total, Type(())))
        values = {letter: np.array([0.5, 0.75]) for letter in "abcgx"} | {"y": np.array([2.0, 3.0])}
        found = evaluate((*forward, *gradients(forward, "E", list(scope), 1)), values, None)
        assert all(np.all(np.isfinite(array)) for array in found.values()), text


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        # the derivative of a choice is finite where the branch that is not taken is not
        ("where(p > 0, log(p), 0)", 0.0, 0.0),
        ("where(p > 0, sqrt(p), 0)", 0.0, 0.0),
        ("where(p > 0, sqrt(p), p)", 0.0, 1.0),
        ("where(p > 0, 3*log(p), 2*p)", -1.0, 2.0),
        ("where(p > 0, p**0.5, -p)", -4.0, -1.0),
        # powers at 0 and of negative numbers
        ("p**0", 0.0, 0.0),
        ("p**1", 0.0, 1.0),
        ("p**2", 0.0, 0.0),
        ("p**3", -2.0, 12.0),
        ("p**-1", -2.0, -0.25),
        ("0**p", 2.0, 0.0),
        ("2**p", 0.0, 0.6931471805599453),
        # at a kink the row says which way
        ("relu(p)", 0.0, 0.0),
        ("abs(p)", 0.0, 0.0),
        ("leaky_relu(p)", 0.0, 0.01),
        ("elu(p)", 0.0, 1.0),
        ("maximum(p, 0)", 0.0, 1.0),
        ("maximum(0, p)", 0.0, 0.0),
        ("minimum(0, p)", 0.0, 0.0),
        ("clip(p, 0, 1)", 0.0, 1.0),
        ("clip(p, 0, 1)", 1.0, 1.0),
        ("clip(0.5, p, 0)", 1.0, 0.0),
        ("clip(0.5, 1, p)", 0.0, 1.0),
        ("step(p)", 0.0, 0.0),
        ("sign(p)", 2.0, 0.0),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_derivatives_at_the_edge(text: str, given: float, expected: float) -> None:
    p = Name("p", Type(()))
    expr = typed(parse(text), Scope({"p": p}))
    back = gradients([Equation("y", expr, Type(()))], "y", ["p"], 1)
    assert isinstance(expr, Call)
    values = {"p": np.array(given)}
    values["y"] = evaluated(Example(expr, values), values)
    found = evaluate(back, values, None)
    assert float(found.get("dy/dp", np.array(0.0))) == expected
    read = Scalars(Example(call("identity", p), {"p": np.array(given)}), np.array(0.0))
    assert read(derivative(expr, ((), None), Element("p"), 1)) == expected


@pytest.mark.parametrize(
    ("operands", "operand", "derivative"),
    [("a", 0, "1"), ("a b", 0, "b"), ("a b", 1, "a"), ("a b c", 1, "a*c"), ("a b c d", 3, "a*b*c")],
)
def test_the_derivative_of_a_product_is_the_product_of_all_others(operands: str, operand: int, derivative: str) -> None:
    args = tuple(Name(name) for name in operands.split())
    row = TABLE["mul"]
    assert isinstance(row, Elementwise)
    assert to_text(row.derivative(Call("mul", args), operand, args, Name("y"))) == derivative


def test_what_only_rules_are_written_with_is_no_function_of_the_language() -> None:
    assert {name for name, row in TABLE.items() if row.internal} == {
        "complement", "conv2d_input", "conv2d_kernel", "expand", "first_max", "first_min", "gather", "scatter",
        "settled", "upstream",
    }  # fmt: skip
