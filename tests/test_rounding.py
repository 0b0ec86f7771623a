"""Figures that follow from rounded or wrong ones are told apart from those that are wrong by themselves."""

import math
from functools import cache

import pytest

import backtrace
from backtrace.build import build
from backtrace.comparison import Verdict
from backtrace.comparison.ancestry import Ancestry, Printed
from backtrace.comparison.expected import figures
from backtrace.comparison.rounding import Rounding, leaf
from backtrace.comparison.sheets import Book
from backtrace.comparison.verdicts import judge
from backtrace.config import from_document
from backtrace.expressions import Element
from backtrace.quantities import Quantity
from backtrace.trace import Trace, run_graph
from backtrace.yamlfile import parse

MATCH, LAST, ROUNDING, CARRIED, DIFFERS = (
    Verdict.MATCH, Verdict.LAST_DIGIT, Verdict.ROUNDING, Verdict.CARRIED, Verdict.DIFFERS,
)  # fmt: skip


@cache
def example() -> Trace:
    return backtrace.run("configs/example.yaml", epochs=2, keep=[1, 2])


def verdicts(text: str) -> dict[str, Verdict]:
    return {row.figure.key: row.verdict for row in judge(example(), figures(parse(text, "f.yaml"))).rows}


# Of the example: z1 = 0.08, h1 = 0.51998934, h2 = 0.52747230, t1 = 0.44498412, o1 = 0.60944600, E1 = 0.02193334,
# E_tot = 0.02211397; dE_tot/do1 = 0.20944600, do1/dt1 = 0.23802157, dE_tot/dU11 = 0.02592286, U11+ = 0.43703857.
ROWS = {
    "right figures": ("h1: '0.520'\no1: '0.60945'", {"h1": MATCH, "o1": MATCH}),
    "a cut figure": ("h1: '0.5199'", {"h1": LAST}),
    "from rounded ancestors": (  # 0.52·0.45 + 0.53·0.4 = 0.446
        "h1: '0.52'\nh2: '0.53'\nt1: '0.446'",
        {"h1": MATCH, "h2": MATCH, "t1": ROUNDING},
    ),
    "beyond what rounding explains": (
        "h1: '0.52'\nh2: '0.53'\nt1: '0.452'",
        {"h1": MATCH, "h2": MATCH, "t1": DIFFERS},
    ),
    "from rounded values that are not printed": ("t1: '0.446'", {"t1": ROUNDING}),
    "from a wrong ancestor": (  # 0.62·0.45 + 0.5274723·0.4 = 0.48999
        "h1: '0.620'\nt1: '0.490'",
        {"h1": DIFFERS, "t1": CARRIED},
    ),
    "wrong in itself after a wrong ancestor": ("h1: '0.620'\nt1: '0.470'", {"h1": DIFFERS, "t1": DIFFERS}),
    "right after a wrong ancestor": ("h1: '0.620'\nt1: '0.445'", {"h1": DIFFERS, "t1": MATCH}),
    "through what is not printed": (  # sigmoid(0.49) = 0.620107
        "h1: '0.620'\no1: '0.6201'",
        {"h1": DIFFERS, "o1": CARRIED},
    ),
    "a derivative from its rounded factors": (  # 0.21·0.24·0.52 = 0.026208
        "dE_tot/do1: '0.21'\ndo1/dt1: '0.24'\nh1: '0.52'\ndE_tot/dU11: '0.026208'",
        {"dE_tot/do1": MATCH, "do1/dt1": MATCH, "h1": MATCH, "dE_tot/dU11": ROUNDING},
    ),
    "a derivative one step down": (  # 0.05·0.52 = 0.026
        "dE_tot/dt1: '0.050'\nh1: '0.52'\ndE_tot/dU11: '0.02600'",
        {"dE_tot/dt1": MATCH, "h1": MATCH, "dE_tot/dU11": ROUNDING},
    ),
    "an update from its rounded gradient": (  # 0.45 - 0.5·0.026 = 0.437
        "dE_tot/dU11: '0.026'\nU11+: '0.4370000'",
        {"dE_tot/dU11": MATCH, "U11+": ROUNDING},
    ),
    "an update with the wrong sign": (
        "dE_tot/dU11: '0.026'\nU11+: '0.463'",
        {"dE_tot/dU11": MATCH, "U11+": DIFFERS},
    ),
    "the next epoch from a wrong new weight": (  # 0.53·h1 + U21+·h2 of epoch 2, the other weights right
        "epoch 1: {U11+: '0.5300'}\nepoch 2: {t1: '0.4796'}",
        {"U11+": DIFFERS, "t1": CARRIED},
    ),
    "operands rounded without being printed": (  # 0.5·(0.4 - 0.609)² = 0.0218405
        "E1: '0.0218405'",
        {"E1": ROUNDING},
    ),
    "a symbol from its rounded operands": (
        "symbols: {s: h1 + h2}\nh1: '0.52'\nh2: '0.53'\ns: '1.050'",
        {"h1": MATCH, "h2": MATCH, "s": ROUNDING},
    ),
    "a symbol with the other sign is a printing too": (  # -(0.05)·0.52
        "symbols: {delta: '-d(E_tot, t1)'}\ndelta: '-0.050'\nh1: '0.52'\ndE_tot/dU11: '0.02600'",
        {"delta": MATCH, "h1": MATCH, "dE_tot/dU11": ROUNDING},
    ),
    "a symbol with the other sign that is wrong": (  # 0.06·0.52
        "symbols: {delta: '-d(E_tot, t1)'}\ndelta: '-0.060'\nh1: '0.52'\ndE_tot/dU11: '0.03120'",
        {"delta": DIFFERS, "h1": MATCH, "dE_tot/dU11": CARRIED},
    ),
    "beside a symbol with the other sign that is wrong, from the right value": (  # 0.0498525·0.52
        "symbols: {delta: '-d(E_tot, t1)'}\ndelta: '-0.060'\nh1: '0.52'\ndE_tot/dU11: '0.0259233'",
        {"delta": DIFFERS, "h1": MATCH, "dE_tot/dU11": ROUNDING},
    ),
    "from rounded upstream gradients two steps above": (  # (0.05·0.45 + 0.014·0.7)·h1·(1 - h1)
        "dE_tot/dt1: '0.050'\ndE_tot/dt2: '0.014'\ndE_tot/dz1: '0.008062'",
        {"dE_tot/dt1": MATCH, "dE_tot/dt2": MATCH, "dE_tot/dz1": ROUNDING},
    ),
    "from a wrong upstream gradient three steps above": (  # (0.06·0.45 + 0.0142473·0.7)·h1·(1 - h1)·0.1
        "dE_tot/dt1: '0.060'\ndE_tot/dW11: '0.0009228'",
        {"dE_tot/dt1": DIFFERS, "dE_tot/dW11": CARRIED},
    ),
    "more digits than rounded ancestors have": (
        "h1: '0.52'\nh2: '0.53'\nt1: '0.4459841200000'",
        {"h1": MATCH, "h2": MATCH, "t1": DIFFERS},
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_a_figure_follows_from(name: str) -> None:
    text, expected = ROWS[name]
    assert verdicts(text) == expected


BATCHES = """
inputs: [{x: 1}, {x: 2}]
targets: [{y: 0.5}, {y: 0.25}]
parameters: {w: 0.3, c: 0.1}
freeze: [c]
learning_rate: 0.1
batch_size: 1
reduce: mean
optimizer: momentum
layers: [{weights: [[w]], bias: [c], pre: z, out: o, activation: tanh}]
loss: half_squared_error
"""


@pytest.mark.parametrize(
    ("batches", "key", "place"),
    [
        (False, "h1", (1, 1, "h1")),
        (False, "h1@2", (2, 1, "h1")),
        (False, "dE_tot/dh1@3", (3, 1, "dE_tot/dh1")),
        (False, "dh1/dz1", (1, 1, "dh1/dz1")),
        # what an update leaves is what the next one begins with
        (False, "U11+", (2, 1, "U11")),
        (False, "U11+@2", (3, 1, "U11")),
        (False, "U11@2", (2, 1, "U11")),
        (False, "h1+", (2, 1, "h1")),
        (False, "E_tot+@2", (3, 1, "E_tot")),
        (True, "w+@1.1", (1, 2, "w")),
        (True, "w+@1.2", (2, 1, "w")),
        (True, "v.w+@1.1", (1, 2, "v.w")),
        # but the next batch has other samples, so that what depends on them is another number
        (True, "o+@1.1", (1, 1, "o+")),
    ],
)
def test_a_number_has_one_place_whatever_it_is_called(batches: bool, key: str, place: tuple[int, int, str]) -> None:
    trace = batched() if batches else backtrace.run("configs/example.yaml", epochs=3, keep=[1, 2, 3])
    parsed = trace.keys.parse(key)
    view = trace.updates(parsed.epoch, parsed.update)[0]
    found = Ancestry(Book(trace)).place(view, parsed.target)
    assert (*found.moment, trace.keys.text(found.target)) == place


def batched() -> Trace:
    graph = build(from_document(parse(BATCHES, "b.yaml")))
    return run_graph(graph, epochs=2, keep=[1, 2])


def test_what_stands_before_a_figure_in_its_file_is_what_it_was_computed_from() -> None:
    """The first page has h1 as 0.52, the second, by a program, with all its digits; t1 follows from the first."""
    text = "by hand: {h1: '0.52', h2: '0.53', t1: '0.446'}\nby a program: {h1: '0.51998934', h2: '0.52747230'}\n"
    assert verdicts(text)["t1"] is ROUNDING


def test_two_computers_may_differ_by_what_cancels(tmp_path: object) -> None:
    """0.1 + 0.2 - 0.3 is 5.6e-17 to one, 0 to another that adds in another order."""
    file = tmp_path / "cancel.yaml"  # type: ignore[operator]
    file.write_text("inputs: {a: 0.1, b: 0.2, c: 0.3}\nequations: {s: a + b - c}\n")
    trace = backtrace.run(file)
    for printed, verdict in (("2.7755575615628914e-17", MATCH), ("1.0000000000000000e-14", DIFFERS)):
        (row,) = judge(trace, figures(parse(f"s: '{printed}'", "f.yaml"))).rows
        assert row.verdict is verdict, printed


EPS = 2.0**-52


def test_a_difference_beyond_a_millionth_is_no_noise_whatever_cancels() -> None:
    """1e12 + 0.1 - 1e12 is 0.09997558… to a computer that adds from the left: 0.1 is another number for all that."""
    text = "inputs: {a: 1e12, b: 0.1, c: 1e12}\nequations: {s: a + b - c}\n"
    trace = run_graph(build(from_document(parse(text, "n.yaml"))))
    assert Rounding(Ancestry(Book(trace))).noise(Quantity(trace.epochs[0], Element("s"))) > 2e-4
    (row,) = judge(trace, figures(parse("s: '0.100000000000000000'", "f.yaml"))).rows
    assert row.verdict is DIFFERS


@pytest.mark.parametrize(
    ("value", "exact", "right", "sound", "found"),
    [
        # what is printed with all its digits is what it is; a right figure may hide as much as it is off, and a little
        (0.52, 0.52, True, True, (0.52, 0.0, True)),
        (0.52, 0.5199, True, True, (0.52, 0.0001 + 0.05 * 0.01, True)),
        # a wrong one stands for all that is printed so
        (0.53, 0.5199, False, False, (0.53, 0.005, False)),
        (0.53, 0.5199, False, True, (0.53, 0.005, True)),
    ],
)
def test_a_figure_stands_for_an_interval(
    value: float, exact: float, right: bool, sound: bool, found: tuple[float, float, bool]
) -> None:
    interval = leaf(Printed(value, 0.01, 2, exact, right, sound, (1, 1)))
    assert (interval.middle, interval.sound) == (found[0], found[2])
    assert interval.radius == pytest.approx(found[1], rel=1e-9)


def test_noise_that_is_too_far_to_follow_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = run_graph(build(from_document(parse("inputs: {a: 3}\nequations: {z: a*a, s: exp(z)}\n", "n.yaml"))))
    rounding = Rounding(Ancestry(Book(trace)))
    assert rounding.noise(Quantity(trace.epochs[0], Element("s"))) > 0
    monkeypatch.setattr("backtrace.comparison.rounding.MOST_NODES", 2)
    assert rounding.noise(Quantity(trace.epochs[0], Element("s"))) == 0


@pytest.mark.parametrize(
    ("given", "equations", "noise"),
    [
        ("{a: 3}", "s: exp(a)", 4 * math.exp(3)),
        ("{a: 2, b: 5}", "s: a*b", 30),
        ("{a: 2, b: 5}", "s: a - b", 10),
        ("{a: 4}", "s: a**2", 48),
        ("{a: 0}", "s: exp(a)", 1),
        # an operand that is 0 has an error all the same, where it was computed
        ("{a: 3, b: 3}", "z: a - b, s: exp(z)", 7),
        ("{a: 3, b: 3}", "z: a - b, y: 2*z, s: y + 1", 1 + 2 * 6),
        ("{a: 3}", "z: a*a, s: exp(z)", math.exp(9) * (1 + 27)),
    ],
)
def test_the_noise_of_a_number_is_what_errors_of_the_last_digit_make_of_it(
    given: str, equations: str, noise: float
) -> None:
    graph = build(from_document(parse(f"inputs: {given}\nequations: {{{equations}}}\n", "n.yaml")))
    trace = run_graph(graph)
    view = trace.epochs[0]
    found = Rounding(Ancestry(Book(trace))).noise(Quantity(view, Element("s")))
    assert found / EPS == pytest.approx(noise, rel=1e-4)
