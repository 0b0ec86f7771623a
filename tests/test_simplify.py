"""Simplification: how derived formulas come out, and that no value changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from backtrace.executor import evaluate
from backtrace.expressions import Call, Expr, ExpressionError, Name, Num, Type, parse, to_text, walk
from backtrace.graph import Equation
from backtrace.ops import Scope, typed
from backtrace.simplify import simplified


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # constants are exact
        ("1 + 2", "3"),
        ("0.1 + 0.2", "0.3"),
        ("0.5*2", "1"),
        ("1/3", "1/3"),
        ("2/4", "0.5"),
        ("1/3*3", "1"),
        ("1/3*x", "x/3"),
        ("3 - 1", "2"),
        ("2**1", "2"),
        # a product: one constant in front, the sign before it
        ("x*1", "x"),
        ("1*x*1", "x"),
        ("x*0", "0"),
        ("x*2*3", "6*x"),
        ("2*(x*3)", "6*x"),
        ("0.5*(2*x)", "x"),
        ("-x*y", "-(x*y)"),
        ("-x*-y", "x*y"),
        ("x*-1", "-x"),
        ("-1*(2*x)*-y*-0.5", "-(x*y)"),
        ("x*(y*z)", "x*y*z"),
        ("0.5*(2*(y - o)**(2 - 1)*-1)", "-(y - o)"),
        # sums
        ("x + 0", "x"),
        ("0 + x", "x"),
        ("0 + 0", "0"),
        ("x + -y", "x - y"),
        ("x - -y", "x + y"),
        ("x - 0", "x"),
        ("0 - x", "-x"),
        ("--x", "x"),
        # quotients and powers
        ("x/1", "x"),
        ("0/x", "0"),
        ("-x/y", "-(x/y)"),
        ("x/0", "x/0"),
        ("x**1", "x"),
        ("x**0", "1"),
        ("x**2", "x**2"),
        # choices
        ("where(c, x, x)", "x"),
        ("where(2 == 0, x, y)", "y"),
        ("where(1 <= 1, x, y)", "x"),
        ("2*where(c, 1, 0)*x", "where(c, 2*x, 0)"),
        ("x*where(c, 0, -y)", "where(c, 0, -(x*y))"),
        ("x*where(a, where(b, 1, 0), 0)", "where(a, where(b, x, 0), 0)"),
        ("x*where(c, 1, 0.01)", "x*where(c, 1, 0.01)"),
        # movements
        ("x.T.T", "x"),
        ("x[0][1]", "x[0, 1]"),
        ("x[0:2][1]", "x[0:2][1]"),
        # inside a function whose operand's shape matters
        ("sum(x**0)", "sum(x**0)"),
        ("sum(2*(3*x))", "sum(6*x)"),
        ("sin(x**0)", "sin(1)"),
        # too large or too fine to be folded
        ("1e15*1e15*x", "1000000000000000.0*1000000000000000.0*x"),
        ("x", "x"),
    ],
)
def test_how_a_formula_is_simplified(text: str, expected: str) -> None:
    assert to_text(simplified(parse(text))) == to_text(parse(expected))


SHAPES = {"x": (3,), "W": (2, 3), "s": (), "v": (3,)}
LEAVES = st.one_of(st.sampled_from(sorted(SHAPES)).map(Name), st.sampled_from([-2, -1, 0, 0.5, 1, 2, 3]).map(Num))
QUIET = settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def _grown(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    unary = ["neg", "transpose", "sum", "mean", "softmax", "sigmoid", "identity"]
    return st.one_of(
        st.builds(lambda op, a: Call(op, (a,)), st.sampled_from(unary), inner),
        st.builds(lambda op, a, b: Call(op, (a, b)), st.sampled_from(["add", "sub", "mul", "div"]), inner, inner),
        st.builds(lambda a, n: Call("pow", (a, Num(n))), inner, st.sampled_from([0, 1, 2])),
        st.builds(lambda a, b: Call("stack", (a, b)), inner, inner),
        st.builds(lambda a, b: Call("matmul", (a, b)), inner, inner),
        st.builds(lambda a, k: Call("index", (a,), (("key", (k,)),)), inner, st.integers(-1, 1)),
        st.builds(lambda a, b, c: Call("where", (Call("less", (a, b)), b, c)), inner, inner, inner),
        st.builds(lambda a: Call("where", (Call("greater", (a, Num(0))), Num(1), Num(0))), inner),
    )


@QUIET
@given(st.recursive(LEAVES, _grown, max_leaves=10), st.integers(0, 2**32 - 1))
def test_no_value_changes(expr: Expr, seed: int) -> None:
    """The result may be smaller in shape, but stands for the same values."""
    random = np.random.default_rng(seed)
    scope: dict[str, Expr] = {name: Name(name, Type(shape)) for name, shape in SHAPES.items()}
    try:
        before = typed(expr, Scope(scope))
    except ExpressionError:
        assume(False)
    given_ = {name: random.uniform(0.5, 1.5, shape) for name, shape in SHAPES.items()}
    after = simplified(before)
    type = Type(before.shape)
    assert all(node.type is not None for node in walk(after))
    with np.errstate(all="ignore"):
        found = evaluate([Equation("a", before, type), Equation("b", after, type)], given_, None)
    assume(np.all(np.isfinite(found["a"])) and np.all(np.abs(found["a"]) < 1e6))
    np.testing.assert_allclose(found["b"], found["a"], rtol=1e-9, atol=1e-9)


def test_simplifying_twice_changes_nothing() -> None:
    for text in ("0.5*(2*(y - o)**(2 - 1)*-1)", "-1*(2*x)*-y*-0.5", "2*where(c, 1, 0)*x", "x - -(y + 0)"):
        once = simplified(parse(text))
        assert simplified(once) == once
