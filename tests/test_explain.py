"""The derivation of one number: every line true, every number that a line reads in its place, nothing twice.

``UPDATE=1 pytest tests/test_explain.py`` writes what is printed now; look at the difference before you commit it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backtrace.config import from_document
from backtrace.expressions import Call, Element, Expr, Ref
from backtrace.keys import Derivative, Target, Via
from backtrace.quantities import View
from backtrace.render.explained import explanation_lines
from backtrace.render.formulas import Layout
from backtrace.report import all_targets
from backtrace.report.derivation import (
    MOST,
    Derivation,
    Page,
    Step,
    computed_by,
    derivation,
    from_term,
    numbers_of,
)
from backtrace.trace import Trace, run
from backtrace.yamlfile import parse
from tests.looked_at import FOLDER, kept
from tests.runner import ROOT, Runner
from tests.test_report_truth import ENDS, NAMES, SATURATED, largest, near, trace_of

WIDE = """
inputs: {x: [1, 2, 3, 4, 5, 6, 7, 8]}
targets: {y: 1}
learning_rate: 0.1
parameters: {W: [[0.01, 0.02, 0, 0.01, 0, 0, 0, 0]], v: [[1], [2], [3], [4], [5], [6], [7], [8]]}
equations: {s: W @ x, h: tanh(v @ s), p: sum(h), E: 0.5*(y - p)**2}
minimize: E
"""
RESIDUAL = """
inputs: {x: [1, 2]}
parameters: {w: [0.5, 0.25]}
equations: {a: x * w, s: tanh(a), r: a + s, E: sum(r * r)}
minimize: E
"""
SQUARE = """
inputs: {x: 2}
parameters: {w: 1}
learning_rate: 0.1
equations: {E: (w * x)**2}
minimize: E
"""


def run_text(text: str, epochs: int = 1) -> Trace:
    """A config's text run, every epoch recorded."""
    return run(from_document(parse(text, "test.yaml")), epochs=epochs, keep=range(1, epochs + 1))


def of_key(trace: Trace, key: str, depth: int = 0, full: bool = False) -> Derivation:
    """The derivation of a key in the last recorded update."""
    view = trace.epochs[-1]
    (target,) = numbers_of(view, view.keys.parse(key).target)
    return derivation(trace.epochs, computed_by(trace.epochs, view.quantity(target)), depth, full)


def text_of(found: Derivation, width: int = 80) -> list[str]:
    return ["".join(span.text for span in line) for line in explanation_lines(found, Layout(width))]


# ── as a page ──


@pytest.mark.parametrize(
    ("name", "width", "command"),
    [
        ("way", 80, "configs/example.yaml dE_tot/dW11"),
        ("way", 140, "configs/example.yaml dE_tot/dW11"),
        ("after-epochs", 80, "configs/example.yaml U11@3 --depth 1"),
        ("samples", 80, "configs/xor.yaml dJ/dW2_1_1"),
        ("short", 80, "configs/multiclass.yaml dE_tot/dt2#1 --digits 6"),
        ("batch", 80, "@brownlee-linreg B0@1.3"),
        ("gates", 80, "configs/sigmoid_gate.yaml df/dw0 --ascii"),
    ],
)
def test_the_page_is_the_one_that_was_looked_at(backtrace_command: Runner, name: str, width: int, command: str) -> None:
    outcome = backtrace_command("explain", *command.split(), width=width)
    assert (outcome.code, outcome.err) == (0, "")
    path = FOLDER / f"explain-{name}-{width}.txt"
    assert outcome.out == kept(path, outcome.out)


# ── true and complete ──


def asked(view: View) -> Iterator[Target]:
    """Some twelve numbers, and the derivatives of the objective by them."""
    targets = list(all_targets(view))
    for target in targets[:: 1 + len(targets) // 12]:
        yield target
        if target.name in view.chains.leading:
            yield Derivative(view.chains.objective, target)


@pytest.mark.parametrize("config", NAMES)
def test_every_line_is_true_and_stands_once(config: str) -> None:
    trace = trace_of(config)
    for target in asked(trace.epochs[-1]):
        found = derivation(trace.epochs, computed_by(trace.epochs, trace.epochs[-1].quantity(target)), depth=1)
        for page in found.pages:
            steps = list(page.lines())
            assert all(map(is_true, steps)), target
            assert len({(step.quantity.target, step.formula) for step in steps}) == len(steps)
            assert all(adds_up(page)), target


def is_true(step: Step) -> bool:
    assert step.formula is not None
    return near(step.view.evaluate(step.formula), step.quantity.value, largest(step.view, step.formula))


def adds_up(page: Page) -> Iterator[bool]:
    """Whether the ways of each junction add up to it."""
    for block in page.blocks:
        parts = [way.step.quantity.value for way in block.ways if way.step]
        if parts:
            yield near(sum(parts) + block.rest, block.line.quantity.value, max(map(abs, parts)))


@pytest.mark.parametrize("config", NAMES)
def test_whatever_a_line_reads_has_its_own_line_or_is_given(config: str) -> None:
    trace = trace_of(config)
    for target in asked(trace.epochs[-1]):
        quantity = computed_by(trace.epochs, trace.epochs[-1].quantity(target))
        (page,) = derivation(trace.epochs, quantity, full=True).pages
        text = page.view.keys.text
        known = {text(step.quantity.target) for step in page.lines()} | {text(given.target) for given in page.given}
        read = {text(each) for step in page.lines() if step.view is page.view for each in refs(step)}
        assert read <= known


def refs(step: Step) -> Iterator[Target]:
    """What a step reads, by the names in its line."""
    whole, chains = step.quantity.target, step.view.chains
    term = chains.own_term(whole) if isinstance(whole, Via) and whole.of == chains.objective else None
    return (from_term(target, term) for target in keys_in(step.formula))


def keys_in(expr: Expr | None) -> Iterator[Target]:
    if isinstance(expr, Ref):
        yield expr.key
    for arg in expr.args if isinstance(expr, Call) else ():
        yield from keys_in(arg)


def test_the_given_values_are_those_of_the_config() -> None:
    (page,) = of_key(trace_of("example"), "dE_tot/dW11").pages
    assert [step.quantity.key for step in page.left] == ["W11", "W12", "W21", "W22", "U11", "U12", "U21", "U22"]
    assert [given.key for given in page.given] == ["x1", "x2", "y1", "y2"]


# ── ways ──


@pytest.mark.parametrize(
    ("config", "key", "headings"),
    [
        ("example", "dE_tot/dU11", ["One way: U₁₁ → t₁ → o₁ → E₁ → E_tot"]),
        (
            "example",
            "dE_tot/dW11",
            ["One way to h₁, where 2 begin: W₁₁ → z₁ → h₁", "From h₁ to E_tot: 2 ways, added up"],
        ),
        ("example", "local(o1,t1)", ["One way: t₁ → o₁"]),
        ("example", "dE1/dh1", ["From h₁ to E₁: 2 ways, added up; 1 gives 0", "One way: t₁ → o₁ → E₁"]),
        ("example", "dE_tot/dE_tot", ["E_tot by itself"]),
        ("example", "do1/dU22", ["One way, which ends at o₂: U₂₂ → t₂ → o₂", "No way leads from o₂ to o₁"]),
        ("example", "via(E_tot,h1,t2)", ["By way of t₂: h₁ → t₂ → o₂ → E₂ → E_tot"]),
        (RESIDUAL, "local(r1,a1)", ["Directly: a₁ → r₁"]),
        (RESIDUAL, "dE/dw1", ["One way to a₁, where 2 begin: w₁ → a₁", "From a₁ to E: 2 ways, added up"]),
    ],
)
def test_the_ways_of_a_derivative(config: str, key: str, headings: list[str]) -> None:
    trace = run_text(config) if "\n" in config else trace_of(config)
    lines = text_of(of_key(trace, key))
    starts = ("One way", "From", "No way", "By way", "Directly")
    assert [line for line in lines if line.startswith(starts) or line.endswith("itself")][: len(headings)] == headings


def test_of_a_long_sum_what_is_written_out_is_derived() -> None:
    trace = run_text(WIDE)
    found = of_key(trace, "dE/dW11")
    assert found.cut
    assert [step.quantity.key for step in found.pages[0].forward if step.quantity.key[0] == "h"] == ["h1", "h2", "h8"]
    (junction,) = [block for block in found.pages[0].blocks if block.more]
    assert (len(junction.ways), junction.more) == (3, 5)
    lines = text_of(found)
    assert any("… 5 ways more, their sum" in line for line in lines)
    assert lines[-1] == "… what long sums leave out is not derived (--full)"
    whole = of_key(trace, "dE/dW11", full=True)
    assert (whole.cut, whole.pages[0].blocks[1].more) == (False, 0)


# ── several epochs ──


def test_a_long_derivation_ends_after_so_many_lines_and_says_how_many_numbers_are_left() -> None:
    trace = run(ROOT / "configs" / "example.yaml", epochs=4, keep=(1, 2, 3, 4))
    found = of_key(trace, "E_tot", depth=3)
    assert sum(len(list(page.lines())) - len(page.left) for page in found.pages) == MOST
    assert found.more > 0
    assert text_of(found)[-1] == f"… {found.more} numbers more that these lines read (--full)"
    assert of_key(trace, "E_tot", depth=3, full=True).more == 0


@pytest.mark.parametrize(
    ("depth", "pages", "last"), [(0, [3], "2"), (1, [3, 2], "1"), (2, [3, 2, 1], ""), (9, [3, 2, 1], "")]
)
def test_depth_goes_on_into_earlier_epochs(depth: int, pages: list[int], last: str) -> None:
    trace = run_text(SQUARE, epochs=3)
    found = of_key(trace, "E", depth)
    assert [page.view.epoch for page in found.pages] == pages
    assert found.earlier == bool(last)
    if last:
        assert text_of(found)[-1] == f"… epoch {last} is not derived (--depth {depth + 1})"


# ── the command ──


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("configs/example.yaml x1", ["x₁ = 0.1", "Given", "Read by", "  z₂ = W₁₂·x₁ + W₂₂·x₂"]),
        ("configs/example.yaml h1 --set x1=0.5", ["h₁ = 0.54983400", "inputs      x₁ = 0.5"]),
        ("configs/example.yaml h1 --epochs 2", ["epoch 2", "W₁₁ = W₁₁@1 - η·∂E_tot/∂W₁₁@1"]),
        ("configs/example.yaml U11@2", ["U₁₁@2 = 0.43703857", "U₁₁@2 is what epoch 1 leaves: its U₁₁⁺"]),
        ("configs/example.yaml U11@1", ["U₁₁ = 0.45", "Read by", "  U₁₁⁺ = U₁₁ - η·∂E_tot/∂U₁₁"]),
        ("configs/example.yaml E_tot+", ["After the update", "Update", "One way: U₁₁ → t₁ → o₁ → E₁ → E_tot"]),
        ("configs/example.yaml learning_rate", ["η = 0.5", "  rate        η = 0.5", "  W₁₁⁺ = W₁₁ - η·∂E_tot/∂W₁₁"]),
        ("@q4quant-adam-first-step theta+", ["Update", "  m̂(theta) = m(theta)⁺/(1 - 0.9^n)", "  counters    n = 1"]),
        ("@q4quant-adam-first-step m.theta", ["m(theta) = 0", "  remembered  m(theta) = 0"]),
        (
            "@brownlee-linreg B0@2.2",
            ["B₀@2.2 is what update 1 of epoch 2 leaves: its B₀⁺", "Left by update 5 of epoch 1"],
        ),
    ],
)
def test_what_a_reader_sees(backtrace_command: Runner, command: str, lines: list[str]) -> None:
    outcome = backtrace_command("explain", *command.split())
    assert (outcome.code, outcome.err) == (0, "")
    assert [line for line in lines if line not in outcome.out] == []


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("configs/example.yaml hh1", '"hh1" names nothing here\n  hint: did you mean "h1"?\n'),
        ("configs/example.yaml W", '"W" is several numbers: name one\n  hint: W11, W12, W21, W22\n'),
        ("configs/xor.yaml z1", '"z1" is several numbers: name one\n  hint: z1#1, z1#2, z1#3, z1#4\n'),
        (
            "configs/example.yaml dE_tot/dW",
            '"dE_tot/dW" is several numbers: name one\n  hint: dE_tot/dW11, dE_tot/dW12, dE_tot/dW21, dE_tot/dW22\n',
        ),
        ("configs/example.yaml h1@0", "there is no epoch 0\n  hint: epochs are counted from 1\n"),
        ("configs/example.yaml h1@3 --epochs 2", "there is no epoch 3\n  hint: --epochs 3, or none\n"),
        ("configs/example.yaml h1@1.2", "an epoch has 1 update: name one\n  hint: h1@1\n"),
        ("@brownlee-linreg E@1", "an epoch has 5 updates: name one\n  hint: such as E@1.5\n"),
        ("@brownlee-linreg E@1.6", "an epoch has 5 updates: name one\n  hint: such as E@1.5\n"),
        (
            "configs/example.yaml via(E_tot,h1,o1)",
            "o1 does not read h1 on its way\n  hint: via(A,B,C): C reads B\n",
        ),
    ],
)
def test_what_cannot_be_explained(backtrace_command: Runner, command: str, message: str) -> None:
    outcome = backtrace_command("explain", *command.split())
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message)


@pytest.mark.parametrize("config", NAMES)
def test_no_line_is_wider_than_80_columns_and_ascii_is_ascii(backtrace_command: Runner, config: str) -> None:
    view = trace_of(config).epochs[0]
    last = [name for name in view.graph.givens if name in view.chains.leading][-1]
    target = next(iter(all_elements(view, last)))
    key = view.keys.text(Derivative(view.chains.objective, target))
    lines = backtrace_command("explain", f"configs/{config}.yaml", key, "--ascii").out.splitlines()
    assert lines
    assert [line for line in lines if not line.isascii() or (len(line) > 80 and config != "sigmoid_gate")] == []


def all_elements(view: View, name: str) -> Iterator[Element]:
    return (target for target in all_targets(view) if target.name == name)


def test_training_that_ends_by_itself_is_explained_at_its_end(backtrace_command: Runner, tmp_path: Path) -> None:
    file = tmp_path / "until.yaml"
    file.write_text(f"{SQUARE}until: E < 0.01\n", encoding="utf-8")
    outcome = backtrace_command("explain", str(file), "E", "--epochs", "50")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("… epoch 2 is not derived (--depth 1)\n")


@pytest.mark.parametrize("end", ENDS, ids=" ".join)
@pytest.mark.parametrize("w", [8, 400, -400])
def test_what_is_saturated_is_explained(
    backtrace_command: Runner, tmp_path: Path, end: tuple[str, ...], w: int
) -> None:
    last, loss, targets = end
    (tmp_path / "s.yaml").write_text(SATURATED.format(w=w, hidden="sigmoid", last=last, loss=loss, targets=targets))
    for key in ("dE_tot/dW1_1_1", "dE_tot/dW2_1_2", "dE_tot/dt2"):
        outcome = backtrace_command("explain", "s.yaml", key, cwd=tmp_path)
        assert (outcome.code, outcome.err) == (0, "")
        assert "complement" not in outcome.out
