"""Rows that are alike: written at once they are, byte for byte, those that are written one by one."""

from __future__ import annotations

import numpy as np
import pytest

import backtrace
from backtrace.config import from_document
from backtrace.expressions import Element
from backtrace.keys import Derivative, Path, Target, Via
from backtrace.keys.lanes import Lane, UnlikeError, lanes, lanes_of, may_meet, placed
from backtrace.quantities import View
from backtrace.render.formulas import Layout
from backtrace.render.lines import NARROW, cells
from backtrace.render.numbers import Kept, Numbers
from backtrace.render.text import report_text
from backtrace.report import Choice, Rows, Table, listing, sections
from backtrace.report.alike import Known, Lines, Places, Run, RunsOfRows, Samples, single
from backtrace.trace import Trace
from backtrace.yamlfile import parse

INPUT = "[0.5, -1.25, 0.123456789, 0, 2e-7, 1.5, 0.1, -0.2, 0.75, 0.4, 0.9, -0.6]"
NETWORK = f"""
inputs: {{x: {INPUT}}}
targets: {{y: [0, 1, 0]}}
learning_rate: 0.1
seed: 7
layers:
  - {{weights: {{init: normal, std: STD}}, units: 11, bias: {{init: zeros}}, activation: ACT}}
  - {{weights: {{init: normal, std: STD}}, units: 3, bias: {{init: zeros}}, activation: OUT}}
loss: LOSS
"""
SAMPLES = """
inputs: [[0.5, 1, 0], [0.25, -1, 2], [1, 0, 0.3]]
targets: [[1, 0], [0, 1], [1, 0]]
reduce: mean
learning_rate: 0.1
seed: 7
layers:
  - {weights: {init: normal}, units: 4, bias: {init: zeros}, activation: tanh}
  - {weights: {init: normal}, units: 2, activation: softmax}
loss: cross_entropy
"""


def network(act: str, out: str, loss: str, more: str = "", std: float = 0.3) -> str:
    return NETWORK.replace("ACT", act).replace("OUT", out).replace("LOSS", loss).replace("STD", str(std)) + more


CONFIGS = {
    "classes": network("relu", "softmax", "cross_entropy"),
    "squares": network("tanh", "sigmoid", "half_squared_error"),
    "saturated": network("tanh", "sigmoid", "half_squared_error", std=3),
    "columns": network("sigmoid", "sigmoid", "half_squared_error", "orientation: W @ x\n"),
    "states": network("tanh", "sigmoid", "half_squared_error", "optimizer: {kind: adam}\n"),
    "renewed": network("tanh", "sigmoid", "half_squared_error", "backward: new_weights\n"),
    "chain": f"{{inputs: {{x: {INPUT}}}, parameters: {{a: {INPUT}}}, learning_rate: 0.1, "
    "equations: {z: a*x, h: sigmoid(z), q: tanh(h)**2/h, L: 0.5*q**2}, minimize: sum(L)}",
    "a name of rare letters": f"{{inputs: {{\U00020001: {INPUT}}}, parameters: {{a: {INPUT}}}, learning_rate: 0.1, "
    "equations: {z: -a*\U00020001, L: 0.5*z**2}, minimize: sum(L)}",
    "diagonal": "{parameters: {W: [[1, 2, 3], [0.5, 1, 2], [3, 1, 1]]}, learning_rate: 0.1, "
    "equations: {P: W @ W, S: W + W.T, q: 'sum(S*P, axis=0)'}, minimize: sum(q)}",
    "picked": "{parameters: {W: [[1, 2, 3], [0.5, 1, 2]]}, learning_rate: 0.1, "
    "equations: {a: 'W[1]', b: 'a*W[0]', m: max(b), s: softmax(b)}, minimize: m + sum(s*b)}",
    "not finite": "{inputs: {x: [0, 1, -1, 2]}, parameters: {a: [1, 0, 2, 3]}, learning_rate: 0.1, "
    "equations: {u: a*x, v: 'where(u > 0, u, 0.5*u)'}, minimize: sum(v)}",
    "samples": SAMPLES,
}


def trace_of(text: str) -> Trace:
    return backtrace.run(from_document(parse(text, "test.yaml")))


def full(trace: Trace, monkeypatch: pytest.MonkeyPatch, least: int, ascii: bool) -> str:
    """The report with nothing left out; arrays of ``least`` elements are looked at with lanes."""
    monkeypatch.setattr(listing, "FAMILY", least)
    sample = 1 if trace.graph.samples else None
    return report_text(trace, Layout(choice=Choice(full=True, sample=sample), ascii=ascii))


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_written_at_once_are_those_written_one_by_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = trace_of(CONFIGS[name])
    for ascii in (False, True):
        assert full(trace, monkeypatch, 2, ascii) == full(trace, monkeypatch, 10**9, ascii)


@pytest.mark.parametrize("name", ["classes", "squares", "columns", "states", "chain"])
def test_rows_of_large_arrays_are_written_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "FAMILY", 8)
    view = trace_of(CONFIGS[name]).epochs[0]
    blocks = [block for section in sections(view, Choice(full=True)) for block in section.blocks]
    long = [block.lines for block in blocks if isinstance(block, Rows) and len(block.lines) > 30]
    assert long
    assert all(isinstance(lines, Run | Lines) for lines in long)
    assert {type(block.rows) for block in blocks if isinstance(block, Table) and len(block.rows) > 11} == {RunsOfRows}


@pytest.mark.parametrize("name", ["classes", "squares", "states", "chain"])
def test_a_run_has_the_quantities_of_its_rows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    view = trace_of(CONFIGS[name]).epochs[0]
    monkeypatch.setattr(listing, "FAMILY", 2)
    at_once = sections(view, Choice(full=True))
    monkeypatch.setattr(listing, "FAMILY", 10**9)
    for one, other in zip(at_once, sections(view, Choice(full=True)), strict=True):
        for block, same in zip(one.blocks, other.blocks, strict=True):
            assert [q.target for q in block.quantities()] == [q.target for q in same.quantities()]
            assert one.parameters == other.parameters


def test_a_report_of_many_rows_has_exact_first_and_last_lines() -> None:
    rows = ", ".join(f"{k / 1000}" for k in range(1, 1001))
    text = f"{{inputs: {{x: [{rows}]}}, equations: {{z: 2*x, h: z**2}}, minimize: sum(h)}}"
    lines = report_text(trace_of(text), Layout(choice=Choice(full=True))).splitlines()
    found = [line for line in lines if line.startswith("  h")]
    assert len(found) == 1000
    assert found[0] == "  h₁ = z₁²           = 0.002²                                     4.00000000e-06"
    assert found[-1] == "  h_1000 = z_1000²   = 2²                                             4.00000000"


# ── lanes ──


def view_of(text: str) -> View:
    return trace_of(text).epochs[0]


def test_a_lane_is_the_same_as_itself_and_as_no_position_for_sure() -> None:
    lane = Lane(3)
    assert Element("z", (*lanes((1,)),)) == Element("z", (0,))
    with pytest.raises(UnlikeError):
        assert Element("z", lanes((3,))) == Element("z", (0,))
    with pytest.raises(UnlikeError):
        assert lane != Lane(3)


def test_indexes_with_lanes_may_meet_on_a_diagonal() -> None:
    i, j = lanes((3, 3))
    assert may_meet([(i, j), (j, i)])
    assert may_meet([(i, 0), (i, j)])
    assert not may_meet([(i, 0), (i, 1)])


def test_an_axis_of_one_position_needs_no_lane() -> None:
    first, second = lanes((1, 4))
    assert first == 0
    assert isinstance(second, Lane)


@pytest.mark.parametrize("name", ["squares", "chain"])
def test_numbers_of_lanes_are_bit_for_bit_those_of_single_quantities(name: str) -> None:
    view = view_of(CONFIGS[name])
    for parameter in view.graph.wrt:
        whole = Element(parameter, lanes(view.graph.types[parameter].shape))
        targets = [whole, Derivative(view.objective, whole), *view.chains.factors(whole)]
        places = Places(lanes_of(whole))
        for target in targets:
            quantity = view.quantity(target)
            singles = [view.number(placed(target, place)) for place in places]
            assert places.numbers(quantity).tolist() == singles


def test_what_looks_at_a_position_is_not_alike() -> None:
    view = view_of("{parameters: {w: [1, 2, 3]}, equations: {s: softmax(w)}, minimize: sum(s**2)}")
    (lane,) = lanes((3,))
    with pytest.raises(UnlikeError):
        view.chains.local(Element("s", (0,)), Element("w", (lane,)))


def test_known_targets_cover_what_they_stand_for() -> None:
    i, j = lanes((3, 4))
    known = Known()
    known.add(Path((Element("z", (j,)), Element("W", (i, j)))))
    assert Path((Element("z", (1,)), Element("W", (0, 1)))) in known
    assert Path((Element("z", (1,)), Element("W", (0, 2)))) not in known
    with pytest.raises(UnlikeError):
        known.add(Path((Element("z", (0,)), Element("W", (i, 0)))))


def test_a_place_gives_a_single_quantity() -> None:
    view = view_of("{inputs: {x: [[1, 2], [3, 4]]}, equations: {y: 2*x}}")
    whole = view.quantity(Element("y", lanes((2, 2))))
    places = Places(lanes_of(whole.target))
    assert [single(whole, place).key for place in places] == ["y11", "y12", "y21", "y22"]
    assert single(whole, places[2]).value == 6


# ── numbers and widths ──

TRICKY = [
    *(0.0, -0.0, 1.0, -3.0, 0.25, 0.1 + 0.2, 0.39249999999999996, 1e-5, -9.99999999e-6, 1e-4, 5e-9, 0.000123456789),
    *(999999999.5, 1e9, -1e9, 123456789.123, 1e300, 5e-324, 0.123456785, 2.5e-8, float("inf"), -float("inf")),
    *(float("nan"), 2 / 3, 1e-8, 0.00001, 8.5, 1234.56789),
]


@pytest.mark.parametrize("numbers", [Numbers(8), Numbers(0), Numbers(3), Numbers(12), Kept(4), Kept(0)], ids=repr)
def test_many_numbers_are_written_like_each(numbers: Numbers) -> None:
    drawn = np.random.default_rng(3)
    found = np.asarray([*TRICKY, *drawn.normal(size=300).round(9), *drawn.normal(size=300).round(3)])
    assert numbers.values(found) == list(map(numbers.value, found.tolist()))
    assert numbers.inlines(found) == list(map(numbers.inline, found.tolist()))


def test_narrow_signs_take_one_column_each() -> None:
    assert [sign for sign in map(chr, range(0x3000)) if NARROW.fullmatch(sign) and cells(f"한{sign}") != 3] == []


def test_numbers_of_many_samples_are_bit_for_bit_those_of_each() -> None:
    view = view_of(SAMPLES)
    for name in view.graph.wrt:
        element = Element(name, (0,) * len(view.graph.types[name].shape))
        ways = [Via(view.objective, element, way) for way in view.chains.shares(element) or ()]
        assert len(ways) == 3
        assert view.each_sample(ways[0], range(3)).tolist() == list(map(view.number, ways))


# ── many samples ──


def many_samples(count: int) -> str:
    rows = ", ".join(f"[{k / 100}, {(-1) ** k * 0.3}]" for k in range(count))
    hits = ", ".join("[1, 0]" if k % 3 else "[0, 1]" for k in range(count))
    layers = "  - {weights: [[0.1, -0.2], [0.3, 0.4]], activation: relu}\n"
    layers += "  - {weights: [[0.5, -0.6], [0.7, 0.8]], activation: softmax}\n"
    given = f"inputs: [{rows}]\ntargets: [{hits}]\nreduce: mean\nlearning_rate: 0.1\n"
    return f"{given}layers:\n{layers}loss: cross_entropy\n"


@pytest.mark.parametrize("full", [False, True])
def test_numbers_of_many_samples_are_written_like_those_of_each(full: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(choice=Choice(full=full))
    at_once = report_text(trace_of(many_samples(19)), layout)
    monkeypatch.setattr(View, "in_lanes", False)  # each number by itself
    assert report_text(trace_of(many_samples(19)), layout) == at_once


def test_a_line_of_many_samples_asks_for_its_formula_once(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of(many_samples(40))
    targets: list[str] = []
    number = View.number

    def asked(self: View, target: Target) -> float:
        targets.append(view.keys.text(target))
        return number(self, target)

    monkeypatch.setattr(View, "number", asked)
    lines = [line for part in sections(view, Choice(full=True)) for block in part.blocks for line in numbered(block)]
    samples = [line for line in lines if isinstance(line, Samples)]
    assert len(samples) > 20
    assert {len(line.samples) for line in samples} == {40}
    assert not any("#40" in text for text in targets), "the last sample is asked for by itself"
    targets.clear()
    for line in samples:
        assert len(line.numbers) == len(line)
    assert not any("#" in text for text in targets)


def numbered(block: object) -> list[object]:
    if isinstance(block, Rows):
        return list(block.lines)
    return [row.cells for row in block.rows] if isinstance(block, Table) else []


def test_a_line_of_samples_is_the_sequence_of_its_quantities() -> None:
    view = view_of(many_samples(5))
    after = view.quantity(Element("E_tot"))
    line = Samples(view, Element("h1", (1,), 0), range(5), (after,))
    assert [quantity.key for quantity in line] == ["h1_2#1", "h1_2#2", "h1_2#3", "h1_2#4", "h1_2#5", "E_tot"]
    assert [line[k].key for k in (0, 3, 5, -1)] == ["h1_2#1", "h1_2#4", "E_tot", "E_tot"]
    assert [quantity.value for quantity in line] == line.numbers.tolist()
    assert [line[k].value for k in range(6)] == line.numbers.tolist()
    assert [quantity.key for quantity in line.short(2)] == ["h1_2#1", "h1_2#2", "h1_2#5", "E_tot"]


def test_what_was_listed_since_is_forgotten() -> None:
    known, (i,) = Known(), lanes((3,))
    known.add(Element("x", (0,)))
    known.add(Element("z", (i,)))
    known.add(Element("y", (0,)))
    assert Element("z", (2,)) in known
    known.back_to(1)
    assert [Element(name, (0,)) in known for name in "xyz"] == [True, False, False]
    known.add(Element("z", (i,)))
