"""The equation language: what it reads, how it writes it, and what it refuses at which character."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtrace.expressions import (
    MAX_LENGTH,
    UNICODE,
    Call,
    Element,
    Expr,
    ExpressionError,
    Name,
    Num,
    Ref,
    names,
    parse,
    substitute,
    to_text,
    walk,
)
from backtrace.ops import Scope, typed
from backtrace.scalars import element
from backtrace.straight import python
from tests.strategies import TREES

QUIET = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

RIGHT_SIDE = "write the right side only: the name stands before the colon"
TOO_MANY = "the expression has too many operations in one another"
PART = "state a part of it as an equation of its own"


@pytest.mark.parametrize(
    ("text", "canonical", "unicode"),
    [
        ("x", "x", "x"),
        ("  x\n + y\t", "x + y", "x + y"),
        ("1.50", "1.5", "1.5"),
        ("1e-3", "0.001", "0.001"),
        ("1E3", "1000", "1000"),
        ("1_000", "1000", "1000"),
        ("0x10", "16", "16"),
        (".5*x", "0.5*x", "½·x"),
        ("+x", "x", "x"),
        ("-2", "-2", "-2"),
        ("--2", "2", "2"),
        ("--x", "-(-x)", "-(-x)"),
        ("a+b-c", "a + b - c", "a + b - c"),
        ("a-(b-c)", "a - (b - c)", "a - (b - c)"),
        ("a-(b+c)", "a - (b + c)", "a - (b + c)"),
        ("a+(b+c)", "a + (b + c)", "a + b + c"),
        ("a*(b*c)", "a*(b*c)", "a·b·c"),
        ("a*b/c", "a*b/c", "a·b/c"),
        ("a*(b/c)", "a*(b/c)", "a·(b/c)"),
        ("a/(b*c)", "a/(b*c)", "a/(b·c)"),
        ("a/b/c", "a/b/c", "a/b/c"),
        ("a*-b", "a*(-b)", "a·(-b)"),
        ("a - -2", "a - (-2)", "a - (-2)"),
        ("-2*a", "-2*a", "-2·a"),
        ("-(a*b)", "-(a*b)", "-(a·b)"),
        ("-a*b", "-a*b", "-a·b"),
        ("(a+b)*c", "(a + b)*c", "(a + b)·c"),
        ("-x**2", "-x**2", "-x²"),
        ("(-x)**2", "(-x)**2", "(-x)²"),
        ("(-2)**2", "(-2)**2", "(-2)²"),
        ("2**-1", "2**(-1)", "2⁻¹"),
        ("x**0.5", "x**0.5", "x^½"),
        ("a**b**c", "a**b**c", "a^b^c"),
        ("(a**b)**c", "(a**b)**c", "(a^b)^c"),
        ("9**9**9", "9**9**9", "9^9⁹"),
        ("x@W+b", "x @ W + b", "x · W + b"),
        ("x@(W@U)", "x @ (W @ U)", "x · (W · U)"),
        ("(x @ W).T", "(x @ W).T", "(x · W)ᵀ"),
        ("x.T.T", "x.T.T", "xᵀᵀ"),
        ("(2).T", "(2).T", "(2)ᵀ"),
        ("W[0, 1:]", "W[0, 1:]", "W[1, 2:]"),
        ("x[1:3]", "x[1:3]", "x[2:3]"),
        ("x[:-1]", "x[:-1]", "x[:-2]"),
        ("x[3:0:-1]", "x[3:0:-1]", "x[4:2:-1]"),
        ("z / 0.5", "z/0.5", "z/0.5"),
        ("W[-1][::2]", "W[-1][::2]", "W[-1][::2]"),
        ("[a, [b, c]]", "[a, [b, c]]", "[a, [b, c]]"),
        ("E[ids]", "E[ids]", "E[ids]"),
        ("(a + b)[i]", "(a + b)[i]", "(a + b)[i]"),
        ("E[[1, 2], 0]", "E[[1, 2], 0]", "E[[2, 3], 1]"),
        ("E[[[1, 2], [0, 1]]]", "E[[[1, 2], [0, 1]]]", "E[[[2, 3], [1, 2]]]"),
        ("reshape(x, (2, -1))", "reshape(x, [2, -1])", "reshape(x, [2, -1])"),
        ("max(x, axis=None)", "max(x, axis=None)", "max(x, axis=None)"),
        ("array([1, 2])", "[1, 2]", "[1, 2]"),
        (
            "sum(x, keepdims=True, axis=(0, -1))",
            "sum(x, axis=(0, -1), keepdims=True)",
            "sum(x, axis=(0, -1), keepdims=True)",
        ),
        ("where(a<=b, a, 0)", "where(a <= b, a, 0)", "where(a ≤ b, a, 0)"),
        ("where(a != 0, 1, 2)", "where(a != 0, 1, 2)", "where(a != 0, 1, 2)"),
        ("f(g(x), 2*y)", "f(g(x), 2*y)", "f(g(x), 2·y)"),
        ("var(var)", "var(var)", "var(var)"),
        ("é*β", "é*β", "é·β"),
        ("𝐞𝐱𝐩(x)", "exp(x)", "exp(x)"),
    ],
)
def test_reading_and_writing(text: str, canonical: str, unicode: str) -> None:
    expr = parse(text)
    assert to_text(expr) == canonical
    assert to_text(expr, UNICODE) == unicode
    assert parse(canonical) == expr


TOO_DEEP = "the expression is nested more than 100 deep"
NO_PRODUCT = "a product needs its sign: 2*x"
RIGHT_SIDE = "write the right side only: the name stands before the colon"
ONLY_T = "only .T has"
COMMA = "a decimal number has a point (0.5), a list has brackets ([a, b])"
COMPARED = "a comparison stands only inside where(...)"


@pytest.mark.parametrize(
    ("text", "offset", "width", "message", "hint"),
    [
        ("", 0, 1, "the expression is empty", ""),
        (" \n ", 0, 1, "the expression is empty", ""),
        # Python that is no equation
        ("x.y", 2, 1, ".y has no place in an equation", ONLY_T),
        ("1 + x.__class__", 6, 9, ".__class__ has no place in an equation", ONLY_T),
        ("().__class__.__bases__[0]", 13, 9, ".__bases__ has no place in an equation", ONLY_T),
        ("x.t", 2, 1, ".t has no place in an equation", "did you mean .T?"),
        ("np.exp(z)", 0, 6, "only a function's name can be called", "functions stand alone: write exp(...)"),
        ("f(x)(y)", 0, 4, "only a function's name can be called", "a product needs its sign: 2*(x)"),
        ("2(x)", 0, 1, "only a function's name can be called", "a product needs its sign: 2*(x)"),
        ("__import__('os')", 0, 16, "a function takes numbers and arrays, not text", "leave the quotes out"),
        ("x__y + 1", 0, 4, "'x__y' is no name for a quantity", "leave out the double underscore"),
        ("z + lambda x: x", 4, 1, "this is no expression: invalid syntax", "an expression is such as 0.5 * (y - o)**2"),
        ("(lambda x: x)", 1, 11, "lambda has no place in an equation", "functions: {f(x): x**2} states a function"),
        (
            "[i for i in x]",
            0,
            14,
            "a comprehension has no place in an equation",
            "an operation takes whole arrays: 2*x doubles each element",
        ),
        (
            "sum(i for i in x)",
            3,
            14,
            "a comprehension has no place in an equation",
            "an operation takes whole arrays: sum(x**2)",
        ),
        ("'text'", 0, 6, "'text' is text, which has no place in an equation", "leave the quotes out"),
        ("b'text'", 0, 7, "b'text' is text, which has no place in an equation", "leave the quotes out"),
        ("f'{x}'", 0, 6, "text has no place in an equation", "leave the quotes out"),
        ("x := 1", 3, 1, "'=' is not of the equation language", RIGHT_SIDE),
        ("(x := 1)", 1, 6, "an assignment has no place in an equation", RIGHT_SIDE),
        ("await x", 0, 7, "await has no place in an equation", ""),
        ("(yield x)", 1, 7, "yield has no place in an equation", ""),
        ("a if b else c", 0, 13, "if has no place in an equation", "write where(condition, a, b)"),
        (
            "a and b",
            0,
            7,
            "a logical word has no place in an equation",
            "use where(...) with one comparison at a time",
        ),
        ("not a", 0, 5, "not has no place in an equation", "use where(...) with the branches exchanged"),
        ("~a", 0, 2, "~ has no place in an equation", "write 1 - x for what is not"),
        ("f(*x)", 2, 2, "a star before an operand has no place in an equation", "write each operand by itself"),
        ("f(**x)", 2, 3, "** has no place in a call", ""),
        (
            "{a: b}",
            0,
            6,
            "a dictionary has no place in an equation",
            "brackets are ( ) around parts, [ ] around lists and places",
        ),
        (
            "{a}",
            0,
            3,
            "a set has no place in an equation",
            "brackets are ( ) around parts, [ ] around lists and places",
        ),
        ("(a, b)", 0, 6, "a comma has no place in an equation", COMMA),
        ("0,5*x", 0, 5, "a comma has no place in an equation", COMMA),
        (
            "None",
            0,
            4,
            "None is no number, which has no place in an equation",
            "only real, finite numbers are computed with",
        ),
        (
            "True*x",
            0,
            4,
            "True is no number, which has no place in an equation",
            "only real, finite numbers are computed with",
        ),
        (
            "2j",
            0,
            2,
            "2j is no number, which has no place in an equation",
            "only real, finite numbers are computed with",
        ),
        (
            "a; b",
            1,
            1,
            "';' is not of the equation language",
            "one expression stands here: state the other under a name of its own",
        ),
        ("import os", 0, 1, "this is no expression: invalid syntax", "an expression is such as 0.5 * (y - o)**2"),
        ("x # y", 2, 1, "'#' is not of the equation language", "a comment has no place in an equation"),
        # mathematics as written on paper, or in another language
        ("x^2", 1, 1, "'^' is no operator of the language", "write ** for a power"),
        ("(x)^2", 3, 1, "'^' is no operator of the language", "write ** for a power"),
        ("2x", 0, 1, "this is no expression: invalid decimal literal", NO_PRODUCT),
        ("2 x", 2, 1, "this is no expression: invalid syntax", "a product needs its sign: 2*x"),
        (
            "sin cos z",
            4,
            1,
            "this is no expression: invalid syntax",
            "a product needs its sign: sin*cos, a function its brackets: sin(cos)",
        ),
        ("E = x", 2, 1, "'=' is not of the equation language", RIGHT_SIDE),
        (
            "where(a = b, 1, 0)",
            8,
            1,
            "this is no expression: positional argument follows keyword argument",
            "an option such as axis=0 stands last; a comparison is written ==",
        ),
        ("a − b", 2, 1, "'−' is not of the equation language", "this is a Unicode minus: write -"),
        ("β − b", 2, 1, "'−' is not of the equation language", "this is a Unicode minus: write -"),
        ("a × b", 2, 1, "'×' is not of the equation language", "write * for a product"),
        ("√x", 0, 1, "'√' is not of the equation language", "write sqrt(...)"),
        ("x²", 1, 1, "'²' is not of the equation language", "write **2"),
        ("Wᵀ @ x", 1, 1, "'ᵀ' is not of the equation language", "write .T"),
        ("x!", 1, 1, "'!' is not of the equation language", "there is no factorial"),
        (
            "\\frac{a}{b}",
            0,
            1,
            "'\\\\' is not of the equation language",
            "this is not LaTeX: write exp(x), a / b, ...",
        ),
        ("a % b", 2, 1, "'%' is no operator of the language", "there is no remainder in the language"),
        ("a // b", 2, 2, "'//' is no operator of the language", "write / for a quotient"),
        ("a << b", 2, 2, "'<<' is no operator of the language", "write a product with 2**n"),
        (
            "a < b",
            0,
            5,
            "a comparison has no place in an equation",
            "a comparison stands only inside where: where(z > 0, 1, 0) is 1 where it holds",
        ),
        (
            "a == b",
            0,
            6,
            "a comparison has no place in an equation",
            "a comparison stands only inside where: where(z > 0, 1, 0) is 1 where it holds",
        ),
        ("where(0 < x < 1, 1, 0)", 6, 9, "one comparison at a time", "where(a < x, where(x < b, 1, 0), 0)"),
        ("where(a in b, 1, 0)", 6, 6, "in has no place in an equation", ""),
        (
            "where(1, a < b, 0)",
            9,
            5,
            "a comparison has no place in an equation",
            "a comparison stands only inside where: where(z > 0, 1, 0) is 1 where it holds",
        ),
        # unfinished
        ("exp(x", 3, 1, "this is no expression: '(' was never closed", "close it"),
        ("where(a != b, 1, 0", 5, 1, "this is no expression: '(' was never closed", "close it"),
        ("  exp(x))", 8, 1, "this is no expression: unmatched ')'", "remove it, or open it"),
        (
            "(a]",
            2,
            1,
            "this is no expression: closing parenthesis ']' does not match opening parenthesis '('",
            "close each bracket by its own kind",
        ),
        ("a +", 2, 1, "this is no expression: it stops before its end", "an operand is missing behind the last sign"),
        ("*", 0, 1, "this is no expression: invalid syntax", "an operand is missing in front of *"),
        # options and indexes
        ("f(axis=y)", 7, 1, "only a constant can stand here", "a number, or several in brackets"),
        ("f(axis='x')", 7, 3, "only a constant can stand here", "a number, or several in brackets"),
        ("f(axis=0, axis=1)", 10, 6, "this option is given twice", "keep one of them"),
        ("f(slope=1e400)", 8, 5, "the number is too large for a float", "at most 1.79e308"),
        ("x[1.5]", 2, 3, "an index is a whole number, counted from 0", "x[0] is the first element"),
        ("x[...]", 2, 3, "only a constant can stand here", "a number, or several in brackets"),
        ("x[10**10]", 2, 6, "only a constant can stand here", "a number, or several in brackets"),
        ("x[()]", 0, 5, "the index is empty", ""),
        ("[]", 0, 2, "the list is empty", "write at least one element"),
        # bounds
        ("1e400", 0, 5, "the number is too large for a float", "at most 1.79e308"),
        ("1" + "0" * 400, 0, 401, "the number is too large for a float", "at most 1.79e308"),
        ("9" * 5000, 0, 1, "a number has too many digits", "at most 1.79e308"),
        (
            "(" * 101 + "x",
            0,
            1,
            "brackets are nested more than 100 deep",
            "state a part of it as an equation of its own",
        ),
        ("-" * 300 + "x", 101, 200, TOO_DEEP, "name a part of it"),
        ("x" + "+x" * 101, 0, 1, TOO_DEEP, "name a part of it"),
        ("x" + ".T" * 4000, 0, 1, TOO_MANY, PART),
        ("-" * 9000 + "x", 0, 1, TOO_MANY, PART),
        (
            "x" * (MAX_LENGTH + 1),
            0,
            1,
            "the expression has 10,001 characters; 10,000 are allowed",
            "state a part of it as an equation of its own",
        ),
        (
            "f(" + "x," * 4500 + ")",
            0,
            1,
            "the expression has 4,501 parts; 4,000 are allowed",
            "state a part of it as an equation of its own",
        ),
    ],
)
def test_what_is_no_equation_is_refused_at_its_character(
    text: str, offset: int, width: int, message: str, hint: str
) -> None:
    begin = time.perf_counter()
    with pytest.raises(ExpressionError) as refusal:
        parse(text)
    error = refusal.value
    assert (error.offset, error.width, error.message, error.hint) == (offset, width, message, hint)
    assert time.perf_counter() - begin < 1


@settings(QUIET, max_examples=300)
@given(TREES)
def test_what_is_written_reads_back_as_the_same_tree(expr: Expr) -> None:
    assert parse(to_text(expr)) == expr


def read_or_refused(text: str) -> Expr | ExpressionError:
    try:
        return parse(text)
    except ExpressionError as error:
        return error


@settings(QUIET, max_examples=300)
@given(st.text(alphabet="xyW012.,+-*/@()[]=<>:^ 'eT#", max_size=20))
def test_any_text_is_read_or_refused_within_itself(text: str) -> None:
    found = read_or_refused(text)
    if isinstance(found, ExpressionError):
        assert 0 <= found.offset <= len(text)
    else:
        assert to_text(parse(to_text(found))) == to_text(found)


@settings(QUIET, max_examples=200)
@given(st.text(max_size=12))
def test_no_text_at_all_makes_it_fall(text: str) -> None:
    found = read_or_refused(text)
    assert not isinstance(found, ExpressionError) or found.message


def test_a_power_tower_is_a_float_that_overflows() -> None:
    expr = element(typed(parse("9**9**9"), Scope({})))
    with pytest.raises(OverflowError):
        python.function(expr)[0]()


def test_a_node_knows_where_it_stands() -> None:
    expr = parse("  α + exp(β*x)")
    found = {to_text(node): node.at for node in walk(expr)}
    assert found == {
        "α": (0, 1),
        "β": (8, 1),
        "x": (10, 1),
        "β*x": (8, 3),
        "exp(β*x)": (4, 8),
        "α + exp(β*x)": (0, 12),
    }


def test_nodes_are_compared_by_structure() -> None:
    assert parse("a + b*2") == parse("a+b * 2.0")
    assert hash(parse("a + b")) == hash(parse("a+b"))
    assert parse("a + b") != parse("b + a")
    assert parse("sum(x, axis=0)") != parse("sum(x, axis=1)")
    assert Name("x") != Ref(Element("x"))
    assert Num(1) != Name("1")


def test_substitution_replaces_names_and_leaves_the_rest() -> None:
    assert to_text(substitute(parse("x*y + f(x, axis=0)"), {"x": parse("a + b")})) == "(a + b)*y + f(a + b, axis=0)"
    untouched = parse("a*b")
    assert substitute(untouched, {"x": Name("y")}) is untouched
    assert names(parse("b*a + b**c")) == ["b", "a", "c"]


def test_a_name_put_in_place_of_an_equal_one_is_the_new_one() -> None:
    new = Name("y")
    result = substitute(parse("2*y"), {"y": new})
    assert isinstance(result, Call)
    assert result.args[1] is new


def test_elements_and_pi_are_written_as_a_reader_expects() -> None:
    expr = Call("mul", (Num(math.pi), Ref(Element("W", (0, 2), 1))))
    assert to_text(expr) == "pi*W[0,2]#1"
    assert to_text(expr, UNICODE) == "π·W[0,2]#1"
