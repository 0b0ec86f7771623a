"""Pictures: nothing overlaps, every figure is the trace's own, and the text formats are exact."""

from __future__ import annotations

import math
import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from pathlib import Path

import pytest

import backtrace
from backtrace.drawing import drawing, drawing_svg, mermaid
from backtrace.drawing.layout import Layout, layout
from backtrace.drawing.measure import Box
from backtrace.drawing.parts import Drawing, Kind
from backtrace.drawing.terms import reads
from backtrace.expressions import Element, Name, Type, parse
from backtrace.keys import Derivative
from backtrace.ops import Scope, typed
from backtrace.quantities import View
from backtrace.render.numbers import Numbers
from backtrace.report import all_targets
from backtrace.scalars import element
from backtrace.trace import Trace
from tests.looked_at import kept
from tests.runner import ROOT, Runner

PICTURE = ROOT / "docs" / "network.svg"
OWN = [path for path in sorted((ROOT / "configs").glob("*.yaml")) if ".expected" not in path.name]
PUBLISHED_NAMES = """
    adit-lstm-concat-step codehunter-232 cs231n-fcnet-l2-loss cs231n-max-patterns cs231n-sigmoid-circuit
    deepml-41-conv2d dlfs-apple gomez-lstm karpathy-fanout-a-plus-a karpathy-tanh-neuron-graph lynx-attention-len4
    micrograd-readme pytorch-blitz-autograd siang-xor-p1 thsis-gru-forward
"""
PUBLISHED = [ROOT / "configs" / "published" / f"{name}.yaml" for name in PUBLISHED_NAMES.split()]
SIZES = ((2, 2, 2), (3, 5, 2), (10, 10, 10), (16, 16, 16, 4), (1,) * 13, (784, 30, 10), (5, 5))
Point = tuple[float, float]


def layered(sizes: Sequence[int]) -> str:
    """A network of these sizes."""
    chance = random.Random(7)

    def row(count: int) -> str:
        return f"[{', '.join(f'{chance.uniform(-1, 1):.2f}' for _ in range(count))}]"

    lines = ["backtrace: 1", f"title: {sizes}", "learning_rate: 0.5", f"targets: {{y: {row(sizes[-1])}}}"]
    lines += [f"inputs: {{x: {row(sizes[0])}}}", "layers:"]
    for number, size in enumerate(sizes[1:]):
        letter = "abcdefghijklm"[number]
        draw = f"{{init: uniform, low: -1, high: 1, seed: {number}}}"
        rest = f"bias: {row(size)}, pre: z{letter}, out: h{letter}, activation: sigmoid"
        lines.append(f"  - {{name: Layer {number + 1}, units: {size}, weights: {draw}, {rest}}}")
    return "\n".join([*lines, "loss: half_squared_error", ""])


def run(path: Path) -> Trace:
    return backtrace.run(path, epochs=1, keep=[1])


@pytest.fixture(scope="module", params=[*OWN, *PUBLISHED, *SIZES], ids=lambda one: getattr(one, "stem", str(one)))
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, Drawing, Layout]:
    path = request.param
    if isinstance(path, tuple):
        made = tmp_path_factory.mktemp("net") / "net.yaml"
        made.write_text(layered(path), encoding="utf-8")
        path = made
    trace = run(path)
    found = drawing(trace.epochs[0])
    assert found is not None
    return trace, found, layout(found)


# ── geometry ──


def apart(first: Sequence[Point], second: Sequence[Point]) -> bool:
    """Whether a line separates two convex shapes: one along a side of either does, if any."""
    for shape in (first, second):
        for (x, y), (right, lower) in zip(shape, [*shape[1:], shape[0]], strict=True):
            normal = (lower - y, x - right)
            one, two = ([px * normal[0] + py * normal[1] for px, py in points] for points in (first, second))
            if max(one) <= min(two) or max(two) <= min(one):
                return True
    return False


def corners(box: Box) -> list[Point]:
    return [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom)]


def shapes(placed: Layout) -> Iterator[list[Point]]:
    """Every box and every label."""
    yield from map(corners, placed.boxes)
    yield from (corners(box) for _, box in placed.titles)
    yield from (label.corners() for label in placed.labels if label)


def test_no_box_and_no_label_overlaps_another(drawn: tuple[Trace, Drawing, Layout]) -> None:
    found = list(shapes(drawn[2]))
    assert [pair for pair in combinations(range(len(found)), 2) if not apart(found[pair[0]], found[pair[1]])] == []


def test_everything_is_inside_the_picture(drawn: tuple[Trace, Drawing, Layout]) -> None:
    placed = drawn[2]
    points = [point for shape in shapes(placed) for point in shape] + [p for path in placed.paths for p in path]
    assert all(0 <= x <= placed.width and 0 <= y <= placed.height for x, y in points)


def test_no_edge_passes_through_a_node(drawn: tuple[Trace, Drawing, Layout]) -> None:
    _, found, placed = drawn
    for edge, path in zip(found.edges, placed.paths, strict=True):
        others = [corners(box) for k, box in enumerate(placed.boxes) if k not in (edge.source, edge.target)]
        for line in pairwise(path):
            assert all(apart(line, other) for other in others)


def test_edges_run_from_left_to_right(drawn: tuple[Trace, Drawing, Layout]) -> None:
    for path in drawn[2].paths:
        assert [x for x, _ in path] == sorted(x for x, _ in path)


def test_a_small_network_has_its_weights_on_its_edges() -> None:
    found = drawing(run(ROOT / "configs" / "example.yaml").epochs[0])
    assert found is not None
    shown = [
        edge.weight.name for edge, label in zip(found.edges, layout(found).labels, strict=True) if label and edge.weight
    ]
    assert shown == ["W₁₁", "W₂₁", "W₁₂", "W₂₂", "U₁₁", "U₂₁", "U₁₂", "U₂₂"]


def test_a_dense_network_has_none(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(layered((10, 10, 10)), encoding="utf-8")
    found = drawing(run(path).epochs[0])
    assert found is not None
    assert not any(layout(found).labels)


# ── figures ──


def test_figures_are_those_of_the_trace(drawn: tuple[Trace, Drawing, Layout]) -> None:
    trace, found, _ = drawn
    if any(note.startswith("whole arrays") for note in found.notes):
        return  # shapes, no figures
    view, numbers = trace.epochs[0], Numbers(4)
    named = {
        one.name if one.name.endswith("#") else view.keys.pretty(one._replace(sample=None)): one
        for one in first_sample(view)
    }
    for cell in (cell for node in found.nodes for cell in node.cells if cell.value):
        name = cell.about.split(" = ")[0]
        target = named[f"{view.graph.objective}#" if "#" in name else name]
        assert cell.value in (numbers.value(view.number(target)), numbers.inline(view.number(target)))
        if cell.gradient:
            assert cell.gradient == numbers.value(view.number(Derivative(view.objective, target)))


def first_sample(view: View) -> Iterator[Element]:
    """What a drawing of the first sample may show."""
    for target in all_targets(view):
        if target.sample in (None, 0) and not target.name.endswith("+"):
            yield target


def test_the_figures_of_the_example_are_in_the_picture() -> None:
    text = drawing_svg(run(ROOT / "configs" / "example.yaml").epochs[0]) or ""
    values = re.findall(r'<text class="bt-value"[^>]*>([^<]*)<', text)
    gradients = re.findall(r'<text class="bt-gradient"[^>]*>([^<]*)<', text)
    assert " ".join(values) == (
        "0.1 0.2 0.0800 0.5200 0.1100 0.5275 0.4450 0.6094 0.6805 0.6638 0.4 0.0219 0.6 0.0020 0.0240"
    )
    assert " ".join(gradients) == (
        "0.0053 0.0045 0.0081 0.0324 0.0071 0.0285 0.0499 0.2094 0.0142 0.0638 1.0000 1.0000 1.0000"
    )


def test_the_picture_is_xml_and_the_same_each_time(drawn: tuple[Trace, Drawing, Layout]) -> None:
    view = drawn[0].epochs[0]
    text = drawing_svg(view) or ""
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    classes = {name for node in root.iter() for name in node.get("class", "").split()}
    assert all(name.startswith("bt-") for name in classes)
    assert not [node for node in root.iter() if node.tag.endswith(("script", "image", "use")) or node.get("id")]
    assert text == drawing_svg(view)


def test_what_a_user_writes_is_escaped(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    title = r'"<script>&\u202e\ufffe\" -->"'
    path.write_text(f"backtrace: 1\ntitle: {title}\ninputs: {{x: 2}}\nequations: {{y: x*x}}\nminimize: y\n")
    view = run(path).epochs[0]
    text = drawing_svg(view) or ""
    ElementTree.fromstring(text)
    assert "<script" not in text
    assert "\u202e" not in text
    found = drawing(view)
    assert found is not None
    assert "\u202e" not in mermaid(found)


# ── what is drawn ──

WEIGHED = (
    ("x*w + b", [("x", "w", False), ("b", None, True)]),
    ("w*x - v*x", [("x", "w", False), ("x", "v", False)]),
    ("2*w*x", [("x", "w", False)]),
    ("(y - w*x)**2", [("y", None, False), ("x", "w", False)]),
    ("w*(x - y)", [("x", "w", False), ("y", "w", False)]),
    ("w*v", [("w", None, False), ("v", None, False)]),
    ("w**2", [("w", None, False)]),
    ("tanh(x) + b", [("x", None, False), ("b", None, True)]),
)


@pytest.mark.parametrize(("text", "expected"), WEIGHED, ids=[text for text, _ in WEIGHED])
def test_a_parameter_is_the_weight_of_what_it_multiplies(text: str, expected: list[object]) -> None:
    scope = Scope({name: Name(name, Type(())) for name in "xywvb"})
    found = reads(element(typed(parse(text), scope)), lambda one: one.name in "wvb")
    assert [(one.element.name, one.weight and one.weight.name, one.added) for one in found] == expected


SIGNS = (
    ("sigmoid_gate", ["", "", "×", "", "", "×", "+", "", "+", "×−1", "exp", "+1", "1/x"]),
    ("square_of_sum", ["", "", "+", "x²"]),
    ("fan_out", ["", "=", "", "=", "ln", "×", "sin", "+", "−", "="]),
)


@pytest.mark.parametrize(("name", "signs"), SIGNS, ids=[name for name, _ in SIGNS])
def test_a_gate_shows_its_operation(name: str, signs: list[str]) -> None:
    found = drawing(run(ROOT / "configs" / f"{name}.yaml").epochs[0])
    assert found is not None
    assert [node.sign for node in found.nodes] == signs


def test_of_many_units_the_first_and_the_last_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(layered((784, 30, 10)), encoding="utf-8")
    found = drawing(run(path).epochs[0])
    assert found is not None
    assert [node.cells[0].name for node in found.nodes if node.kind is Kind.MORE] == ["⋮ 779 more", "⋮ 25 more"]


def test_too_many_numbers_are_drawn_as_arrays() -> None:
    found = drawing(run(ROOT / "configs" / "published" / "cs231n-fcnet-l2-loss.yaml").epochs[0])
    assert found is not None
    assert {node.kind for node in found.nodes} <= {Kind.GIVEN, Kind.ARRAY, Kind.TOTAL}
    assert found.notes == ("whole arrays with their shapes: too many numbers to draw one by one",)


def test_a_penalty_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "penalty.yaml"
    path.write_text(
        "backtrace: 1\ninputs: {x: [1, 2]}\nparameters: {w: [3, 4]}\n"
        "equations: {z: w @ x, E: 0.5*z**2 + 0.1*sum(w**2)}\nminimize: E\n"
    )
    found = drawing(run(path).epochs[0])
    assert found is not None
    assert found.notes == ("E also reads w",)


# ── the command ──

MERMAID = (
    (
        "square_of_sum",
        """flowchart LR
  %% The chain rule in one line, z = (x + y)^2
  %% ∂: gradient of z
  n1["x 3 ∂ 10.0000"]
  n2["y 2 ∂ 10.0000"]
  n3(("+<br/>t 5.0000 ∂ 10.0000"))
  n4(["x²<br/>z 25.0000 ∂ 1.0000"])
  n1 --> n3
  n2 --> n3
  n3 --> n4
""",
    ),
    (
        "example",
        """flowchart LR
  %% Back propagation, two inputs, two hidden, two outputs
  %% ∂: gradient of E_tot
  n1["x₁ 0.1 ∂ 0.0053"]
  n2["x₂ 0.2 ∂ 0.0045"]
  n3("z₁ 0.0800 ∂ 0.0081<br/>h₁ 0.5200 ∂ 0.0324")
  n4("z₂ 0.1100 ∂ 0.0071<br/>h₂ 0.5275 ∂ 0.0285")
  n5("t₁ 0.4450 ∂ 0.0499<br/>o₁ 0.6094 ∂ 0.2094")
  n6("t₂ 0.6805 ∂ 0.0142<br/>o₂ 0.6638 ∂ 0.0638")
  n7(["y₁ 0.4<br/>E₁ 0.0219 ∂ 1.0000"])
  n8(["y₂ 0.6<br/>E₂ 0.0020 ∂ 1.0000"])
  n9(["E_tot 0.0240 ∂ 1.0000"])
  n1 -->|"W₁₁ 0.3 ∂ 8.0888e-04"| n3
  n2 -->|"W₂₁ 0.25 ∂ 0.0016"| n3
  n1 -->|"W₁₂ 0.4 ∂ 7.1009e-04"| n4
  n2 -->|"W₂₂ 0.35 ∂ 0.0014"| n4
  n3 -->|"U₁₁ 0.45 ∂ 0.0259"| n5
  n4 -->|"U₂₁ 0.4 ∂ 0.0263"| n5
  n3 -->|"U₁₂ 0.7 ∂ 0.0074"| n6
  n4 -->|"U₂₂ 0.6 ∂ 0.0075"| n6
  n5 --> n7
  n6 --> n8
  n7 --> n9
  n8 --> n9
""",
    ),
)


@pytest.mark.parametrize(("name", "expected"), MERMAID, ids=[name for name, _ in MERMAID])
def test_without_a_file_it_is_mermaid_text(backtrace_command: Runner, name: str, expected: str) -> None:
    assert backtrace_command("draw", f"configs/{name}.yaml").out == expected


def test_the_ending_of_the_file_says_in_which_format(backtrace_command: Runner, tmp_path: Path) -> None:
    for name, start in (("a.svg", "<svg "), ("a.mmd", "flowchart LR"), ("a.md", "```mermaid\nflowchart LR")):
        outcome = backtrace_command("draw", "configs/example.yaml", "-o", str(tmp_path / name))
        assert (outcome.code, outcome.out) == (0, f"Wrote {tmp_path / name}.\n")
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


SAID = (
    (["--no-gradients"], "z₁ 0.0800<br/>h₁ 0.5200"),
    (["--digits", "2"], "z₁ 0.08 ∂ 8.09e-03<br/>h₁ 0.52 ∂ 0.03"),
    (["--set", "W11=0.4"], "z₁ 0.0900 "),
    (["--epochs", "2", "--epoch", "2"], "W₁₁ 0.2996 "),
    (["--epochs", "2"], "W₁₁ 0.2996 "),
    (["--format", "svg"], 'viewBox="0 0 '),
)


@pytest.mark.parametrize(("options", "said"), SAID, ids=[" ".join(options) for options, _ in SAID])
def test_options_of_a_drawing(backtrace_command: Runner, options: list[str], said: str) -> None:
    assert said in backtrace_command("draw", "configs/example.yaml", *options).out


def test_titles_and_legend_are_in_the_language(backtrace_command: Runner) -> None:
    text = backtrace_command("draw", "configs/example.yaml", "--format", "svg", "--lang", "ko").out
    assert [one for one in ("은닉층", "출력층", ">값<", ">기울기 ∂E_tot/∂…<") if one not in text] == []
    assert "Hidden layer" not in text


def test_a_sample_is_chosen(backtrace_command: Runner) -> None:
    text = backtrace_command("draw", "configs/xor.yaml", "--sample", "2").out
    assert 'n1["x₁ 0 ' in text
    assert 'n2["x₂ 1 ' in text
    assert "  %% sample 2 of 4, gradients of the whole objective\n" in text


REFUSED = (
    (["configs/xor.yaml", "--sample", "9"], "--sample 9: there are 4\n"),
    (
        ["configs/example.yaml", "-o", "x.png"],
        "the name x.png tells no format\n"
        "  hint: an ending such as .mmd, .mermaid, .svg, .md, .markdown, .qmd; or --format\n",
    ),
    (
        ["configs/example.yaml", "--format", "swg"],
        'there is no format "swg"\n  hint: did you mean "svg"?\n',
    ),
    (
        ["configs/example.yaml", "--epochs", "3", "--epoch", "1,2"],
        "--epoch: a drawing is of one epoch\n  hint: such as --epoch 3, or a file for each\n",
    ),
    (
        ["configs/published/keras-adamax.yaml"],
        "configs/published/keras-adamax.yaml has nothing that can be drawn\n"
        "  hint: backtrace run CONFIG prints what is computed\n",
    ),
)


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[words[-1] for words, _ in REFUSED])
def test_refusals(backtrace_command: Runner, words: list[str], message: str) -> None:
    outcome = backtrace_command("draw", *words)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message)


def test_a_file_that_is_there_is_kept(backtrace_command: Runner, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("mine", encoding="utf-8")
    assert backtrace_command("draw", "configs/example.yaml", "-o", str(path)).code == 4
    assert path.read_text(encoding="utf-8") == "mine"
    assert backtrace_command("draw", "configs/example.yaml", "-o", str(path), "--force").code == 0


def test_the_picture_of_the_page_is_current() -> None:
    text = drawing_svg(run(ROOT / "configs" / "example.yaml").epochs[0]) or ""
    assert kept(PICTURE, text) == text


def test_text_fits_its_box_by_a_careful_estimate(drawn: tuple[Trace, Drawing, Layout]) -> None:
    _, found, placed = drawn
    for node, box in zip(found.nodes, placed.boxes, strict=True):
        widest = sum(max(len(text) for text in (cell.name, cell.value, cell.gradient)) for cell in node.cells)
        assert math.ceil(box.width) >= widest * 0.62 * 13 or node.sign or node.kind is Kind.GIVEN
