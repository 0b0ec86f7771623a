"""Verdicts: at the printed digits, in the order of computation; and the text that tells them."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import backtrace
from backtrace.build import build
from backtrace.comparison import Diff, Verdict
from backtrace.comparison.expected import Figure, figures, from_pairs, reading
from backtrace.comparison.locating import epochs
from backtrace.comparison.order import Order, Stage
from backtrace.comparison.sources import read
from backtrace.config import read as read_config
from backtrace.errors import Place, UsageError
from backtrace.expressions import Element, names
from backtrace.keys import Derivative, Keys, Short, Via
from backtrace.keys import Path as Link
from backtrace.render.differences import difference_lines
from backtrace.render.formulas import Layout
from backtrace.render.lines import cells
from backtrace.report import Choice, all_targets
from backtrace.schedule import Moment
from backtrace.trace import Trace
from backtrace.yamlfile import parse

CONFIGS = sorted(path for path in Path("configs").glob("*.yaml") if ".expected" not in path.name)
Make = Callable[[str], Trace]


@pytest.fixture
def trace_of(tmp_path: Path) -> Make:
    """The trace of a config's text."""

    def make(text: str) -> Trace:
        path = tmp_path / "c.yaml"
        path.write_text(text, encoding="utf-8")
        return backtrace.run(path)

    return make


@pytest.fixture(scope="module")
def example() -> Trace:
    return backtrace.run("configs/example.yaml")


@pytest.fixture(scope="module")
def xor() -> Trace:
    return backtrace.run("configs/xor.yaml", epochs=3, keep=[1, 3])


def judged(trace: Trace, text: str) -> Diff:
    return backtrace.diff(trace, figures(parse(text, "f")))


def told(diff: Diff) -> list[tuple[str, str, str]]:
    return [(row.key, row.verdict.value, row.hint) for row in diff.rows]


# ── verdicts ──


@pytest.mark.parametrize(
    ("value", "printed", "verdict", "off"),
    [
        ("0.60944600499", "0.60944600", "match", -0.5),
        ("0.60944600499", "0.60944601", "last digit", 0.5),
        ("0.60944600499", "0.60944602", "differs", 1.5),
        ("0.60944600499", "0.609446", "match", 0.0),
        ("0.60944600499", "0.61", "match", 0.1),
        ("0.34697", "0.3469", "last digit", -0.7),  # cut
        ("0.34697", "0.346", "last digit", -1.0),
        ("0.34697", "0.34", "differs", -0.7),  # two digits: cannot be told from an error
        ("-0.34697", "-0.3469", "last digit", 0.7),
        ("0.25", "0.2", "match", -0.5),  # a tie may go either way
        ("0.25", "0.3", "match", 0.5),
        ("2.5", "2", "match", -0.5),
        ("2.6", "2.", "too coarse to tell", -0.6),
        ("1e-9", "0.0000", "match", 0.0),
        ("8e-5", "0.0000", "too coarse to tell", -0.8),  # no significant digit
        ("0", "-0.0", "match", 0.0),
        ("2.34e-5", "2.3e-05", "match", -0.4),
        ("2.34e-5", "0.00002", "match", -0.3),
        ("0.52", "-0.52", "differs", -104.0),
        ("0.0625", "1/16", "match", 0.0),
        ("0.3333333333333333", "1/3", "match", 0.0),
        ("0.333", "1/3", "differs", float("inf")),
        ("0.35520347518814194", "0.3552034751881419", "match", 0.0),
        ("0.1", "0.10000000000000003", "match", 0.0),  # 2 ulp
        ("0.1", "0.10000000000000012", "differs", 11.1),
        ("1e300", "0.5", "differs", -1e301),
    ],
)
def test_a_figure_is_judged_at_its_digits(trace_of: Make, value: str, printed: str, verdict: str, off: float) -> None:
    trace = trace_of(f"inputs: {{x: {value}}}\nequations: {{y: 1 * x}}\nminimize: y\n")
    (row,) = backtrace.diff(trace, from_pairs([f"y={printed}"])).rows
    assert (row.verdict.value, row.key, row.epoch) == (verdict, "y", 1)
    assert row.off == pytest.approx(off, abs=0.06, rel=0.1)


@pytest.mark.parametrize("path", CONFIGS[::2], ids=lambda path: path.stem)
def test_every_number_matches_at_any_digits_and_differs_two_units_away(path: Path) -> None:
    trace = backtrace.run(path, epochs=1)
    view, draw = trace.epochs[0], random.Random(1)
    given: list[Figure] = []
    for target in all_targets(view):
        key, number = view.keys.text(target), view.number(target)
        text = f"{number:.{draw.randrange(1, 17)}e}"
        says = reading(text)
        assert says is not None
        given.append(Figure(key, text, *says))
    assert {row.verdict for row in backtrace.diff(trace, given).rows} == {Verdict.MATCH}
    coarse = [figure for figure in given if figure.digits < 15]
    chosen = draw.sample(coarse, min(len(coarse), 40))
    moved = [replace(figure, value=figure.value + 2 * figure.unit) for figure in chosen]
    fine = {Verdict.MATCH, Verdict.LAST_DIGIT}
    assert fine.isdisjoint(row.verdict for row in backtrace.diff(trace, moved).rows)


def test_what_names_nothing_is_unknown(example: Trace, xor: Trace) -> None:
    rows = backtrace.diff(example, from_pairs(["h3=1", "quux=2", "h1=0.5200"])).rows
    assert [row.verdict.value for row in rows] == ["match", "unknown", "unknown"]
    assert [row.key for row in rows] == ["h1", "h3", "quux"]
    assert rows[1].hint.startswith('did you mean "h')
    assert rows[2].hint == "backtrace keys CONFIG lists the keys"
    assert told(judged(xor, "dz1/dW1_1_1: 1")) == [
        ("dz1/dW1_1_1", "unknown", "name one element of z to differentiate it")
    ]


# ── lists ──


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("W: [[0.3, 0.4], [0.25, 0.35]]", [("W11", ""), ("W12", ""), ("W21", ""), ("W22", "")]),
        ("h: [0.520, 0.527]", [("h1", ""), ("h2", "")]),
        ("h: [[0.520], [0.527]]", [("h1", ""), ("h2", "")]),
        ("h1: [0.520]", [("h1", "")]),
        ("dE_tot/dh: [0.0324068, 0.0284894]", [("dE_tot/dh1", ""), ("dE_tot/dh2", "")]),
        ("U+: [[0.43704, 0.69630], [0.38685, 0.59624]]", [(f"U{at}+", "") for at in (11, 12, 21, 22)]),
        ("W: 0.3", [("W", "it is 2 by 2 numbers, not a single number")]),
        ("h1: [0.5, 0.5]", [("h1", "it is a single number, not a list of 2")] * 2),
        ("W: [0.3, 0.4, 0.25, 0.35]", [("W", "it is 2 by 2 numbers, not a list of 4")] * 4),
    ],
)
def test_a_list_follows_the_shape(example: Trace, text: str, verdicts: list[tuple[str, str]]) -> None:
    rows = judged(example, text).rows
    assert [(row.key, row.hint) for row in rows] == verdicts
    assert {row.verdict for row in rows} <= {Verdict.MATCH, Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("key", "of_each"),
    [
        ("yhat", ["yhat#1", "yhat#2", "yhat#3", "yhat#4"]),
        ("z1", ["z1#1", "z1#2", "z1#3", "z1#4"]),
        ("J#", ["J#1", "J#2", "J#3", "J#4"]),
        ("a#2", ["a1#2", "a2#2", "a3#2"]),
        ("dJ/dz2", ["dJ/dz2#1", "dJ/dz2#2", "dJ/dz2#3", "dJ/dz2#4"]),
        ("da1/dz1", ["da1#1/dz1#1", "da1#2/dz1#2", "da1#3/dz1#3", "da1#4/dz1#4"]),
        ("b1+", ["b1_1+", "b1_2+", "b1_3+"]),
        ("z", [f"z{i}#{s}" for s in range(1, 5) for i in range(1, 4)]),
        ("yhat@3", [f"yhat#{s}@3" for s in range(1, 5)]),
    ],
)
def test_samples_are_the_outermost_axis(xor: Trace, key: str, of_each: list[str]) -> None:
    values = np.asarray(xor[key])
    text = repr(values.tolist())
    diff = judged(xor, f"{key}: {text}")
    assert {row.verdict for row in diff.rows} == {Verdict.MATCH}
    keys = Keys.of(xor.graph)
    wanted = [keys.parse(each).target for each in of_each]
    assert sorted(map(repr, (row.target for row in diff.rows))) == sorted(map(repr, wanted))
    for row in diff.rows:
        assert row.quantity is not None
        assert row.quantity.value == row.value == row.figure.value


# ── epochs ──


def test_the_epochs_that_figures_need() -> None:
    keys = Keys.of(build(read_config("configs/relu_binary.yaml")))
    text = "epoch 2: {w11: 1, w11@7: 1, nothing@9: 1}\nCE+@4: 1\nz: [1, 2]"
    assert epochs(figures(parse(text, "f")), keys) == {1, 2, 4, 7}
    assert epochs([], keys) == {1}


def test_a_figure_is_of_its_own_epoch_then_of_its_heading() -> None:
    trace = backtrace.run("configs/relu_binary.yaml", keep=[1, 2, 3])
    diff = judged(trace, "w11: 0.026\nepoch 2: {w11: 0.09046, w11+: 0.15367, w11+@3: 0.21566}")
    assert [(row.key, row.epoch, row.verdict) for row in diff.rows] == [
        ("w11", 1, Verdict.MATCH),
        ("w11@2", 2, Verdict.MATCH),
        ("w11+@2", 2, Verdict.MATCH),
        ("w11+@3", 3, Verdict.MATCH),
    ]


def test_an_epoch_that_was_not_recorded_is_told(xor: Trace) -> None:
    with pytest.raises(UsageError) as caught:
        judged(xor, "J@2: 1")
    assert str(caught.value) == "epoch 2 is not recorded\n  hint: recorded: 1, 3"


# ── the order of computation ──


def test_figures_come_in_the_order_of_computation(example: Trace) -> None:
    ordered = [
        *("learning_rate", "x1", "W11", "z1", "z2", "h1", "t1", "o1", "E1", "E2", "E_tot"),
        *("dE_tot/dE1", "dE1/do1", "dE_tot/do1", "do1/dt1", "dE_tot/dt1"),
        *("dt1/dU11", "dE_tot/dU11", "dE_tot/dU12", "dE1/dh1", "dE2/dh1", "dE_tot/dh1", "dE_tot/dh2"),
        *("dh1/dz1", "dE_tot/dz1", "dE_tot/dW11", "W11+", "U11+", "z1+", "E_tot+"),
    ]
    mixed = random.Random(3).sample(ordered, len(ordered))
    # The links before a whole derivative keep their order in the file.
    links = mixed.index("dE1/dh1"), mixed.index("dE2/dh1")
    mixed[min(links)], mixed[max(links)] = "dE1/dh1", "dE2/dh1"
    diff = backtrace.diff(example, from_pairs([f"{key}=1" for key in mixed]))
    assert [row.key for row in diff.rows] == ordered


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_what_an_equation_reads_comes_before_its_result(path: Path) -> None:
    trace = backtrace.run(path, epochs=1)
    graph, order = trace.graph, Order(trace.graph)
    first: dict[str, Element] = {}
    for target in all_targets(trace.epochs[0]):
        first.setdefault(target.name, target)
    for equation in (*graph.forward, *graph.gradients, *graph.updates):
        result = order.rank(Moment(1), first[equation.name])
        for name in names(equation.expr) & first.keys():
            assert order.rank(Moment(1), first[name])[:3] < result[:3], f"{equation.name} reads {name}"


def test_links_and_ways_come_at_their_derivative(example: Trace) -> None:
    order = Order(example.graph)
    total, h1, z1, t1 = Element("E_tot"), Element("h", (0,)), Element("z", (0,)), Element("t", (0,))
    whole = order.rank(Moment(1), Derivative(total, h1))
    for part in (Via(total, h1, t1), Link((t1, h1)), Derivative(Element("E", (0,)), h1)):
        assert order.rank(Moment(1), part)[:5] == whole[:5]
        assert order.rank(Moment(1), part) < whole
    assert order.rank(Moment(1), Derivative(total, t1)) < order.rank(Moment(1), Link((t1, h1)))
    assert order.rank(Moment(1), Element("dE_tot/dh", (0,))) == whole == order.rank(Moment(1), Short(total, h1))
    assert whole < order.rank(Moment(1), Derivative(total, z1))
    assert order.rank(Moment(1), Element("E_tot+")).stage == Stage.AFTER
    assert order.rank(Moment(1), Element("E_tot+")) < order.rank(Moment(2), Element("x", (0,)))


# ── the text ──


def lines_of(diff: Diff, **options: object) -> list[str]:
    lines = difference_lines(diff, Layout(**options))  # type: ignore[arg-type]
    return ["".join(span.text for span in line).rstrip() for line in lines]


def test_one_line_says_that_everything_matches(example: Trace) -> None:
    assert lines_of(backtrace.diff(example, "configs/example.expected.yaml")) == ["36 figures: all match"]
    assert lines_of(backtrace.diff(example, from_pairs(["h1=0.52"]))) == ["1 figure: it matches"]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("dE_tot/do1", "  ∂E_tot/∂o₁ = -(y₁ - o₁)  = -(0.4 - 0.60944600)  0.209446"),
        ("dz1/dW11", "  ∂z₁/∂W₁₁ = x₁  0.100000"),
    ],
)
def test_a_lone_factor_is_shown_with_its_formula(example: Trace, key: str, line: str) -> None:
    lines = lines_of(backtrace.diff(example, from_pairs([f"{key}=0.7777"])))
    assert line.split() in [each.split() for each in lines]


def test_what_rounded_numbers_give_is_rounded_too() -> None:
    trace = backtrace.run("configs/example.yaml", rounding="2")
    lines = lines_of(backtrace.diff(trace, from_pairs(["h2=0.54"])))
    assert lines[-3:] == [
        "  h₂ = sigmoid(z₂)  = sigmoid(0.11)  0.5300",
        "  printed                              0.54",
        "  off by                             0.0100",
    ]


def test_of_very_many_unknown_keys_not_all_are_guessed_at(example: Trace) -> None:
    diff = backtrace.diff(example, from_pairs([f"h1{i}q=0.5" for i in range(200)]))
    guessed = [bool(row.hint) for row in diff.rows]
    assert guessed == [True] * 50 + [False] * 150
    assert diff.counts == {Verdict.UNKNOWN: 200}


def test_there_is_no_epoch_0(example: Trace) -> None:
    hint = "epochs and updates are counted from 1"
    assert told(backtrace.diff(example, from_pairs(["E_tot@0=0.02"]))) == [("E_tot@0", "unknown", hint)]


SHEET = """\
forward:
  h1: 0.51998934
  o1: {printed: "0.6085", right: "0.6094", why: a slip of the pen}
error:
  E_tot: 0.02397191
updated:
  U11+: "1,437"
  U: 3
  quux: 0.5
"""

SHEET_TEXT = """\
6 figures: 1 matches, 1 differs in the last digit, 2 differ, 2 are unknown here,
  1 is a known erratum

        printed  computed  units off  verdict  line
  … 1 matches
  forward
→ o₁     0.6085  0.609446       -9.5  differs     3
    known erratum: right is 0.6094: a slip of the pen
  … 1 differs in the last digit
  updated
  U₁₁⁺    1,437   0.43704      +1000  differs     7

The first difference: o₁  f:3
  o₁ = sigmoid(t₁)  = sigmoid(0.44498412)   0.609446
  printed                                     0.6085
  off by                                   -0.000946

Another difference: U₁₁⁺  f:7
  U₁₁⁺ = U₁₁ - η·∂E_tot/∂U₁₁  = 0.45 - 0.5·0.02592286  0.43704
  printed                                                1,437
  off by                                               0.99996

Unknown here
  line 8: U     it is 2 by 2 numbers, not a single number
  line 9: quux  backtrace keys CONFIG lists the keys"""

NARROW_TEXT = """\
6 figures: 1 matches, 1 differs in the last digit, 2 differ,
  2 are unknown here, 1 is a known erratum

        printed  computed  units off  verdict  line
  ... 1 matches
  \\uc21c\\uc804\\ud30c
> o1     0.6085  0.609446       -9.5  differs     3
    known erratum: right is 0.6094: a slip of the pen
  ... 1 differs in the last digit
  updated
  U11+    1,437   0.43704      +1000  differs     7

The first difference: o1  f:3
  o1 = sigmoid(t1)  = sigmoid(0.44498412)   0.609446
  printed                                     0.6085
  off by                                   -0.000946

Another difference: U11+  f:7
  U11+ = U11 - learning_rate*dE_tot/dU11
       = 0.45 - 0.5*0.02592286                       0.43704
  printed                                              1,437
  off by                                             0.99996

Unknown here
  line 8: U     it is 2 by 2 numbers, not a single number
  line 9: quux  backtrace keys CONFIG lists the keys"""


def test_the_differences_are_told_in_the_order_of_computation(example: Trace) -> None:
    diff = judged(example, SHEET)
    assert diff.failed
    assert diff.first is diff.rows[1]
    assert "\n".join(lines_of(diff)) == SHEET_TEXT


def test_the_same_in_ascii_and_within_a_width(example: Trace) -> None:
    diff = judged(example, SHEET.replace("forward:", "순전파:"))
    assert "\n".join(lines_of(diff, ascii=True, width=60)) == NARROW_TEXT


@pytest.mark.parametrize("path", CONFIGS[1::3], ids=lambda path: path.stem)
def test_whatever_differs_80_columns_hold_it(path: Path) -> None:
    trace = backtrace.run(path, epochs=1)
    keys, targets = trace.keys, list(all_targets(trace.epochs[0]))
    wrong = [
        Figure(keys.text(target), "0.12345678901234567", 0.12345678901234567, 1e-17, 17, heading="h" * 90)
        for target in targets[:: 1 + len(targets) // 8]
    ]
    diff = backtrace.diff(trace, wrong)
    for options in ({}, {"ascii": True}):
        found = lines_of(diff, choice=Choice(full=True), **options)
        assert max(map(cells, found)) <= 80


def test_a_long_comparison_is_cut_but_for_the_first_difference(example: Trace) -> None:
    pairs = ["h1=0.5199"] * 30 + [f"E_tot={k}.10" for k in range(1, 31)]
    diff = backtrace.diff(example, from_pairs(pairs))
    found = lines_of(diff)
    assert found[0] == "60 figures: 30 differ in the last digit, 30 differ"
    assert found[3] == "  … 30 differ in the last digit"
    assert found[4].startswith("→ E_tot")
    assert "  … 10 differ" in found
    full = lines_of(diff, choice=Choice(full=True))
    assert sum("last digit" in line for line in full) == 31
    assert sum(line.split()[-1:] == ["differs"] for line in full) == 30


# ── many figures ──


def test_a_thousand_figures_are_each_judged(xor: Trace) -> None:
    keys = [f"{key}={k}.5" for k in range(40) for key in ("z1#1", "J", "dJ/dz1#2", "W1_1_1+", "dJ/db1_2")]
    keys += [f"{key}={k}.5" for k in range(200) for key in ("a1#1", "J+", "dJ/dW2_1_1", "nothing")]
    diff = backtrace.diff(xor, from_pairs(keys))
    assert len(diff.rows) == 1000


def test_many_values_of_an_array_are_compared_each(trace_of: Make) -> None:
    inputs = f"inputs: {{u: {[1] * 100}, v: {[1] * 250}}}"
    trace = trace_of(f"{inputs}\nequations: {{y: 'outer(u, v)', s: sum(y)}}\nminimize: s\n")
    given = [Figure("y", "1.0", 1.0, 0.1, 2, index=(i, j)) for i in range(100) for j in range(250)]
    diff = backtrace.diff(trace, given)
    assert dict(diff.counts) == {Verdict.MATCH: 25_000}


def test_many_wrong_values_are_each_judged(trace_of: Make) -> None:
    inputs = f"inputs: {{u: {[1] * 100}, v: {[1] * 250}}}"
    trace = trace_of(f"{inputs}\nequations: {{y: 'outer(u, v)', s: sum(y)}}\nminimize: s\n")
    given = [Figure("y", "2.0", 2.0, 0.1, 2, index=(i, j)) for i in range(100) for j in range(250)]
    assert dict(backtrace.diff(trace, given).counts) == {Verdict.DIFFERS: 25_000}


@pytest.mark.parametrize("path", CONFIGS[1::2], ids=lambda path: path.stem)
def test_a_number_two_units_away_differs_beside_right_ones(path: Path) -> None:
    trace = backtrace.run(path, epochs=1)
    view, draw = trace.epochs[0], random.Random(1)
    right = [written(view.keys.text(target), repr(view.number(target))) for target in all_targets(view)]
    for at in draw.sample(range(len(right)), min(8, len(right))):
        figure = written(right[at].key, f"{right[at].value:.{draw.randrange(2, 11)}e}")
        moved = replace(figure, value=figure.value + draw.choice([2, -2, 3, -40]) * figure.unit)
        rows = backtrace.diff(trace, [*right[:at], moved, *right[at + 1 :]]).rows
        assert [(row.figure, row.verdict) for row in rows if row.verdict is not Verdict.MATCH] == [
            (moved, Verdict.DIFFERS)
        ]


def written(key: str, text: str) -> Figure:
    says = reading(text)
    assert says is not None
    return Figure(key, text, *says, place=Place("f", 1, 1, ""))


def test_a_comparison_reads_a_path_or_figures(example: Trace) -> None:
    path = Path("configs/example.expected.yaml")
    assert backtrace.diff(example, path).counts == backtrace.diff(example, read(path)).counts
