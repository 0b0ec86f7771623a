"""Symbols: expressions over keys, from their text to values, places, formulas and messages."""

from functools import cache

import numpy as np
import pytest

import backtrace
from backtrace.build import build
from backtrace.comparison import Diff, Verdict
from backtrace.comparison.expected import Symbol, figures
from backtrace.comparison.locating import epochs
from backtrace.comparison.symbols import Tokens, definitions
from backtrace.config import read as read_config
from backtrace.errors import ConfigError
from backtrace.keys import Keys
from backtrace.render.differences import difference_lines
from backtrace.trace import Trace
from backtrace.yamlfile import parse


@cache
def example() -> Trace:
    return backtrace.run("configs/example.yaml", epochs=3, keep=[1, 2, 3])


@cache
def xor() -> Trace:
    return backtrace.run("configs/xor.yaml", epochs=2, keep=[1, 2])


def judged(text: str, trace: Trace) -> Diff:
    return backtrace.diff(trace, figures(parse(text, "f")))


def refusal(expression: str) -> str:
    """The message about a symbol, where it is judged."""
    with pytest.raises(ConfigError) as caught:
        judged(f"symbols:\n  s: {expression}\ns: [1, 2]", example())
    return str(caught.value)


# ── from the text to keys ──


@pytest.mark.parametrize(
    ("text", "plain", "keys"),
    [
        ("d(E_tot, t1)", "k0", ["dE_tot/dt1"]),
        ("-d(J, h1)@2", "-k0", ["dE_tot/dh1@2"]),
        ("d(E_tot@3, U)", "k0", ["dE_tot/dU@3"]),
        ("d( E1 , h[1] )", "k0", ["dE1/dh1"]),
        ("local(o1, t1)*via(E_tot, h1, t1)", "k0*k1", ["do1/dt1", "via(E_tot,h1,t1)"]),
        ("dE_tot/dW", "k0", ["dE_tot/dW"]),
        ("∂E_tot/∂W₁₁ * 2", "k0* 2", ["dE_tot/dW11"]),
        ("dL/dU11@2/h1", "k0/k1", ["dE_tot/dU11@2", "h1"]),
        ("h1/h2", "k0/k1", ["h1", "h2"]),
        ("W11+ - W11", "k0-k1", ["W11+", "W11"]),
        ("W11 - W11+", "k0-k1", ["W11", "W11+"]),
        ("W11+-W11", "k0-k1", ["W11+", "W11"]),
        ("W11+W12", "k0+k1", ["W11", "W12"]),
        ("W11+ W12", "k0+k1", ["W11", "W12"]),
        ("W11+(W12)", "k0+(k1)", ["W11", "W12"]),
        ("W11+3", "k0+3", ["W11"]),
        ("abs(E_tot+)", "abs(k0)", ["E_tot+"]),
        ("[W11+, W11⁺]", "[k0,k0]", ["W11+"]),
        ("W11+@2*W11+@1", "k0*k1", ["W11+@2", "W11+@1"]),
        ("sum(E@3)", "sum(k0)", ["E@3"]),
        ("W[2,1] + W[2, 2]", "k0+k1", ["W21", "W22"]),
        ("W[0:1]", "k0[0:1]", ["W"]),
        ("x @ W.T", "k0@k1.T", ["x", "W"]),
        ("sum(W, axis=0, keepdims=True)", "sum(k0, axis=0, keepdims=True)", ["W"]),
        ("1e-3*h1 - .5*exp(-2.)", "1e-3*k0- .5*exp(-2.)", ["h1"]),
        ("earlier@2 + earlier", "k0+k1", ["earlier@2", "earlier"]),
        ("pi*h1", "pi*k0", ["h1"]),
    ],
)
def test_what_is_a_key_in_an_expression(text: str, plain: str, keys: list[str]) -> None:
    tokens = Tokens(text, example().keys, frozenset({"earlier", "h1"}))
    tokens.read()
    assert tokens.plain.replace(" ", "") == plain.replace(" ", "")
    found = []
    for key in tokens.operands.values():
        name = key.target[0] if "Named" in type(key.target).__name__ else example().keys.text(key.target)
        found.append(f"{name}@{key.epoch}" if key.epoch else name)
    assert found == keys


def test_samples_in_expressions() -> None:
    tokens = Tokens("a1#2 * dJ/dz1#2 + z2#1", xor().keys, frozenset())
    tokens.read()
    assert [xor().keys.text(key.target) for key in tokens.operands.values()] == ["a1#2", "dJ/dz1#2", "z2#1"]


# ── values ──


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("d(E_tot, t1)", lambda t: t["dE_tot/dt1"]),
        ("U11+ - U11", lambda t: t["U11+"] - t["U11"]),
        ("y - o", lambda t: t["y"] - t["o"]),
        ("[o2, o1, 1]", lambda t: [t["o2"], t["o1"], 1]),
        ("sum((y - o)**2) / 2", lambda t: t["E_tot"]),
        ("(x @ W)[0]", lambda t: t["z1"]),
        ("h.T @ U", lambda t: t["t"]),
        ("U[1:]", lambda t: t["U"][1:]),
        ("concat(h, o)", lambda t: [*t["h"], *t["o"]]),
        ("E_tot@1 - E_tot@3", lambda t: t["E_tot@1"] - t["E_tot@3"]),
        ("-learning_rate*dE_tot/dU", lambda t: -0.5 * t["dE_tot/dU"]),
        ("1/3", lambda t: 1 / 3),
        ("0.5", lambda t: 0.5),
    ],
)
def test_the_value_of_a_symbol(expression: str, value: object) -> None:
    right = np.asarray(value(example()))  # type: ignore[operator]
    diff = judged(f"symbols: {{s: '{expression}'}}\ns: {right.tolist()!r}", example())
    assert {row.verdict for row in diff.rows} == {Verdict.MATCH}
    for row in diff.rows:
        assert row.quantity is not None
        assert row.quantity.formula is not None
        assert row.quantity.view.evaluate(row.quantity.formula) == pytest.approx(row.value, rel=1e-12)


def test_all_samples_are_the_outermost_axis() -> None:
    right = (np.asarray(xor()["z"]) * 2).tolist()
    assert {row.verdict for row in judged(f"symbols: {{s: 2*z}}\ns: {right}", xor()).rows} == {Verdict.MATCH}


def test_a_symbol_wins_over_a_key_and_keys_win_within_symbols() -> None:
    h1 = example()["h1"]
    text = f"symbols: {{h1: 1 - h1, other: 2*h1}}\nh1: {1 - h1!r}\nother: {2 * h1!r}"
    diff = judged(text, example())
    assert {row.verdict for row in diff.rows} == {Verdict.MATCH}


def test_a_symbol_reads_those_before_it() -> None:
    delta, h1 = example()["dE_tot/dt1"], example()["h1"]
    text = f"symbols: {{delta: 'd(E_tot, t1)', dw: delta*h1}}\ndw: {delta * h1!r}"
    assert {row.verdict for row in judged(text, example()).rows} == {Verdict.MATCH}
    with pytest.raises(ConfigError, match='"dw" names nothing here'):
        judged("symbols: {delta: 2*dw, dw: h1}\ndw: 1", example())


def test_any_text_names_a_symbol() -> None:
    text = "symbols: {'P(a)=P(b)': h1, 'y - yhat': y1 - o1}\n'P(a)=P(b)': 0.520\nepoch 2: {y - yhat: -0.193}"
    assert [(row.key, row.verdict.value) for row in judged(text, example()).rows] == [
        ("P(a)=P(b)", "match"),
        ("y - yhat@2", "differs"),
    ]


def test_a_symbol_is_of_its_epoch_or_of_those_it_names() -> None:
    text = "symbols: {a: o1 - y1, b: E_tot@2 - E_tot, c: a}\n"
    values = "epoch 3: {{a: {a3!r}, c@2: {a2!r}, b: {b!r}}}\na@2: {a2!r}"
    t = example()
    a2, a3, b = t["o1@2"] - t["y1"], t["o1@3"] - t["y1"], t["E_tot@2"] - t["E_tot@3"]
    diff = judged(text + values.format(a2=a2, a3=a3, b=b), t)
    assert {row.verdict for row in diff.rows} == {Verdict.MATCH}
    keys = Keys.of(build(read_config("configs/example.yaml")))
    assert epochs(figures(parse("symbols: {b: E_tot@4 - o1, c: b}\nepoch 3: {c: 1}\na: 1", "f")), keys) == {3, 4}


# ── places and text ──


def test_a_symbol_comes_after_the_last_that_it_reads() -> None:
    names = {
        "S_update": "U11+ - U11",
        "S_error": "y1 - o1",
        "S_delta": "d(E_tot, t1)",
        "S_after": "E_tot - E_tot+",
        "S_number": "1/3",
        "S_of_error": "S_error**2",
    }
    text = "symbols:\n" + "".join(f"  {name}: {what}\n" for name, what in names.items())
    keys = [*names, "o1", "E1", "dE_tot/dt1", "dE_tot/dU11", "U11+", "E_tot+", "o2"]
    diff = judged(text + "".join(f"{key}: 7\n" for key in keys), example())
    assert [row.key for row in diff.rows] == [
        *("S_number", "o1", "S_error", "S_of_error", "o2", "E1", "dE_tot/dt1", "S_delta", "dE_tot/dU11"),
        *("U11+", "S_update", "E_tot+", "S_after"),
    ]


def test_a_symbol_is_shown_with_its_expression() -> None:
    text = "symbols: {change: U11+@2 - U11, s: '[h1, d(E_tot, t1)]'}\nchange: 1.00\ns: [0.520, 1.00]"
    lines = difference_lines(judged(text, example()))
    assert (
        "\n".join("".join(span.text for span in line).rstrip() for line in lines)
        == """\
3 figures: 1 matches, 2 differ

          printed  computed  units off  verdict  line
  … 1 matches
→ s[2]       1.00    0.0499      +95.0  differs     3
  change     1.00   -0.0258       +103  differs     2

The first difference: s[2]  f:3
  s[2] = ∂E_tot/∂t₁  0.0499
  printed              1.00
  off by             0.9501

Another difference: change  f:2
  change = U₁₁⁺@2 - U₁₁  = 0.42424291 - 0.45  -0.0258
  printed                                        1.00
  off by                                       1.0258"""
    )


def test_a_symbol_that_may_be_meant_is_named() -> None:
    rows = judged("symbols: {delta_o: h1}\ndelta_0: 1\nh1: 1", example()).rows
    assert rows[-1].hint == 'did you mean "delta_o"?'


# ── refusals ──


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            '"2 * d(E_tot, h3)"',
            """f:2:20: "h3" names nothing here
      s: "2 * d(E_tot, h3)"
                       ^^
  hint: did you mean "h"?""",
        ),
        (
            "h1 + w11+ - W11",
            """f:2:11: "w11+" names nothing here
      s: h1 + w11+ - W11
              ^^^^
  hint: did you mean "W11+"?""",
        ),
        (
            "h1*d(E_tot)",
            """f:2:9: d takes 2 keys, not 1
      s: h1*d(E_tot)
            ^^^^^^^^
  hint: d(A, B) is the derivative of A by B, over all ways""",
        ),
        (
            "local(o1, t1",
            """f:2:11: a bracket is not closed
      s: local(o1, t1
              ^""",
        ),
        (
            "d(E_tot+, U11)",
            """f:2:6: "d(E_tot+, U11)" names nothing here
      s: d(E_tot+, U11)
         ^^^^^^^^^^^^^^
  hint: it takes single numbers before the update""",
        ),
        (
            "dE_tot/dh2 + h1 h2",
            """f:2:22: this is no expression: invalid syntax
      s: dE_tot/dh2 + h1 h2
                         ^
  hint: a product needs its sign: h1*h2""",
        ),
        (
            "h1 * foo(h2)",
            """f:2:11: there is no function "foo\"""",
        ),
        (
            "h + [1, 2, 3]",
            """f:2:6: shapes 2 and 3 do not fit elementwise""",
        ),
    ],
)
def test_what_is_refused(expression: str, message: str) -> None:
    assert refusal(expression).startswith(message)


def test_all_symbols_that_are_wrong_are_told() -> None:
    root = parse("symbols: {a: nope1, b: a + nope2, c: a*b}", "f").root.get("symbols")
    assert root is not None
    symbols = [Symbol(name.text, value.text, value) for name, value in root.items()]
    with pytest.raises(ConfigError) as caught:
        definitions(symbols, example().keys)
    assert [fault.message for fault in caught.value.faults] == [
        '"nope1" names nothing here',
        '"nope2" names nothing here',
    ]
