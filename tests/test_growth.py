"""Growth: twice the equations take twice the work and no more, and nothing ends at a thousand of them.

Work is counted, not timed: how often each line of the program runs. A line that runs four times as often for twice as
much is a loop within a loop over all equations.
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

import backtrace
from backtrace import derivatives
from backtrace.backward import gradients
from backtrace.build import build
from backtrace.checking.stability import notes
from backtrace.config import from_document
from backtrace.executor import Program
from backtrace.expressions import Element
from backtrace.graph import Equation, Graph
from backtrace.keys import Derivative, Keys
from backtrace.render.formulas import Layout
from backtrace.render.text import pages
from backtrace.report import Choice
from backtrace.saved import FORMATS, loaded
from backtrace.trace import Trace
from backtrace.yamlfile import parse
from benchmarks.lessons import LESSONS

SIZE: Final = 16
MOST: Final = 3.2
"""A line may run so many times as often for twice as much: twice, and a little for what begins late; not four times."""
OFTEN: Final = 120
"""Lines that run less often than that are no loops over equations."""
PROGRAM: Final = str(Path(backtrace.__file__).parent)


def lines_of(run: Callable[[], object]) -> Counter[tuple[str, int]]:
    """How often each line of the program runs."""
    found: Counter[tuple[str, int]] = Counter()

    def look(frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(PROGRAM):
            return None
        if event == "line":
            found[file, frame.f_lineno] += 1
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        run()
    finally:
        sys.settrace(before)
    return found


def growing(run: Callable[[int], Callable[[], object]]) -> dict[str, float]:
    """The lines that run too many times as often for twice the size, with how many times."""
    run(4)()  # what is read once and kept is no growth
    small, large = (lines_of(run(size)) for size in (SIZE, 2 * SIZE))
    ratios = {f"{Path(at[0]).name}:{at[1]}": count / max(small[at], 1) for at, count in large.items() if count > OFTEN}
    return {line: ratio for line, ratio in ratios.items() if ratio > MOST}


def graph_of(text: str) -> Graph:
    return build(from_document(parse(text, "grown.yaml")))


def trace_of(text: str) -> Trace:
    return backtrace.run(from_document(parse(text, "grown.yaml")), epochs=1)


def read_all_keys(graph: Graph) -> None:
    keys = Keys.of(graph)
    for name, type in graph.types.items():
        element = Element(name, (0,) * len(type.shape), 0 if type.sampled else None)
        assert keys.known(keys.text(element)) is not None


def saved(trace: Trace, ending: str) -> None:
    pieces = (piece.encode() if isinstance(piece, str) else piece for piece in FORMATS[ending].pages(trace))
    loaded(io.BytesIO(b"".join(pieces)), f"grown.{ending}")


@pytest.mark.parametrize("lesson", ["depth", "equations", "recurrence", "new weights"])
def test_building_takes_twice_the_steps_for_twice_the_equations(lesson: str) -> None:
    assert growing(lambda size: lambda: graph_of(LESSONS[lesson](size))) == {}


@pytest.mark.parametrize("lesson", ["depth", "equations", "recurrence"])
def test_keys_and_numpy_calls_take_twice_the_steps_for_twice_the_equations(lesson: str) -> None:
    def run(size: int) -> Callable[[], object]:
        graph = graph_of(LESSONS[lesson](size))
        return lambda: [read(graph) for read in (read_all_keys, lambda g: Program(g.step, g.samples))]

    assert growing(run) == {}


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_files_take_twice_the_steps_for_twice_the_equations(ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtrace.codegen.LIMIT", 0)  # small or large, the same executor

    def run(size: int) -> Callable[[], object]:
        trace = trace_of(LESSONS["equations"](size))
        return lambda: saved(trace, ending)

    assert growing(run) == {}


def test_reports_take_twice_the_steps_for_twice_the_equations() -> None:
    def run(size: int) -> Callable[[], object]:
        trace = trace_of(LESSONS["equations"](size))
        return lambda: list(pages(trace, Layout(width=200, choice=Choice(sections=("step",)))))

    assert growing(run) == {}


def test_derivatives_of_every_sample_come_from_gradient_equations_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    view = trace_of(LESSONS["samples"](20)).epochs[0]
    found: list[object] = []

    def noted(forward: Sequence[Equation], name: str, *given: Any) -> tuple[Equation, ...]:
        found.append(name)
        return gradients(forward, name, *given)

    monkeypatch.setattr(derivatives, "gradients", noted)
    for sample in range(20):
        h = Element("h1", (0,), sample)
        own, other = (view.number(Derivative(h, h._replace(name="z1", sample=at))) for at in (sample, 19 - sample))
        assert own != 0
        assert other == 0
    assert found == ["h1"]


def test_notes_on_stability_take_twice_the_steps_for_twice_the_layers() -> None:
    def run(size: int) -> Callable[[], object]:
        view = trace_of(LESSONS["depth"](size)).epochs[0]
        return lambda: list(notes(view))

    assert growing(run) == {}


@pytest.mark.parametrize(
    ("lesson", "size", "key"),
    [("depth", 100, "dE_tot/dW1[1,1]"), ("equations", 1000, "dE/dw1"), ("recurrence", 1000, "dE/du")],
)
def test_a_thousand_equations_are_built_and_run(lesson: str, size: int, key: str) -> None:
    trace = trace_of(LESSONS[lesson](size))
    assert len(trace.graph.forward) >= size
    assert isinstance(trace[key], float)


def test_a_logarithm_is_looked_into_through_a_hundred_names_and_no_further() -> None:
    moves = "".join(f"  a{k}: a{k - 1}.T\n" for k in range(1, 1001))
    text = f"inputs: {{x: [[0.3, 0.2]]}}\nequations:\n  a0: sigmoid(x)\n{moves}  E: sum(log(a1000))\nminimize: E\n"
    assert graph_of(text).run[-1].text() == "E = sum(log(a1000))"
    near = text.replace("log(a1000)", "log(a3)")
    assert graph_of(near).run[-1].text() == "E = sum((-softplus(-x)).T.T.T)"
