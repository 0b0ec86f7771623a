"""A page of HTML holds the trace's own numbers, is well-formed, loads nothing, and shows a user's text as text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import backtrace
from backtrace.errors import visible
from backtrace.expressions import Call, Name, Num, Ref, parse, to_text
from backtrace.expressions.tree import Element
from backtrace.gallery import folder
from backtrace.ops import TABLE
from backtrace.ops.mathml import MATHML as STYLE
from backtrace.quantities import Quantity
from backtrace.render.formulas import Layout
from backtrace.render.html import pages
from backtrace.render.mathml import MATHML
from backtrace.render.mathpieces import pieces
from backtrace.render.numbers import Numbers
from backtrace.render.stylesheet import COLOURS
from backtrace.render.typeset import Typeset
from backtrace.report import Choice
from backtrace.words import words
from tests import pagereader
from tests.looked_at import FOLDER, kept
from tests.runner import ROOT, Runner
from tests.test_snapshots import CONFIGS

SHOWN = ("example", "mazur", "xor", "fan_out", "multiclass")
GALLERY = sorted(path.stem for path in folder().glob("*.yaml") if ".expected" not in path.name)[::9]
FIRST = Layout(epochs=(1,))


@cache
def traced(config: str) -> backtrace.Trace:
    path = ROOT / "configs" / f"{config}.yaml"
    return backtrace.run(path if path.exists() else folder() / f"{config}.yaml")


def page(config: str, layout: Layout = FIRST) -> str:
    return "".join(pages(traced(config), layout))


def made(tmp_path: Path, text: str, layout: Layout = FIRST) -> str:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return "".join(pages(backtrace.run(path), layout))


# ── what is on the page ──


@pytest.mark.parametrize("config", SHOWN)
def test_the_page_is_the_one_that_was_looked_at(config: str) -> None:
    """Without style and picture, which have tests of their own."""
    text = re.sub(r"<style>.*?</style>|<figure.*?</figure>\n", "", page(config, Layout(epochs=(1,))), flags=re.DOTALL)
    path = FOLDER / f"{config}.html"
    assert text == kept(path, text)


@pytest.mark.parametrize("config", [*CONFIGS, *GALLERY])
def test_the_figures_are_those_of_the_trace_and_the_markup_is_known(config: str) -> None:
    trace = traced(config)
    view = trace.epochs[0]
    layout = Layout(epochs=((view.epoch, view.update) if view.batch else view.epoch,))
    found = pagereader.figures(pagereader.read(page(config, layout)))
    assert found
    for key, value, seen in found:
        assert seen == value
        if key:
            number = view.number(view.keys.parse(key).target)
            assert value in (Numbers().value(number), Numbers().inline(number)), key


def test_a_figure_is_found_by_its_key() -> None:
    root = pagereader.read(page("example"))
    (cell,) = root.findall(".//td/data[@data-key='dE_tot/dU11']")
    assert cell.get("value") == "0.02592286"
    assert [node.get("id") for node in root.iter("section")][:3] == [
        "bt-given",
        "bt-forward-propagation",
        "bt-hidden-layer",
    ]


def test_every_link_has_its_section() -> None:
    root = pagereader.read(page("mazur", Layout()))
    anchors = [node.get("id") for node in root.iter("section")]
    assert len(set(anchors)) == len(anchors)
    links = [node.get("href", "")[1:] for node in root.iter("a")]
    assert len(links) > 10
    assert set(links) <= set(anchors)


def test_the_picture_ends_the_section_of_the_given_values_once() -> None:
    root = pagereader.read(page("mazur", Layout()))
    assert len(root.findall(".//figure")) == 1
    section = next(node for node in root.iter("section") if node.get("id") == "bt-given")
    assert section[-1].tag == "figure"


def test_a_part_of_a_report_has_no_picture() -> None:
    assert "<figure" not in page("example", Layout(choice=Choice(sections=("step 1",))))


def test_of_a_large_net_some_rows_are_shown_and_the_page_says_so(tmp_path: Path) -> None:
    text = f"""
inputs: {{x: [{", ".join(["0.5"] * 784)}]}}
targets: {{y: [{", ".join(["0"] * 9)}, 1]}}
learning_rate: 0.5
seed: 2
layers:
  - {{weights: {{init: xavier_uniform}}, units: 30, activation: sigmoid}}
  - {{weights: {{init: xavier_uniform}}, units: 10, activation: sigmoid}}
loss: half_squared_error
"""
    shown = made(tmp_path, text)
    pagereader.read(shown)
    assert len(shown) < 500_000
    assert "rows more (--full)" in shown


# ── blanks ──


def test_a_blank_has_its_number_and_no_answer() -> None:
    trace = traced("example")
    wanted = {"z1": 1, "o2": 2, "dE_tot/dU11": 3}

    def hidden(quantity: Quantity) -> int:
        return wanted.get(quantity.key, 0)

    shown = "".join(pages(trace, replace(FIRST, hidden=hidden)))
    root = pagereader.read(shown)
    blanks = [pagereader.text(node) for node in root.iter() if node.get("class") == "bt-blank"]
    assert {"(1)", "(2)", "(3)"} == set(blanks)
    answers = [Numbers().value(float(str(trace[key]))) for key in wanted]
    assert not [answer for answer in answers if answer in shown]
    assert "<figure" not in shown


# ── the page itself ──


def test_it_loads_nothing_and_runs_nothing() -> None:
    shown = page("example")
    assert "<script" not in shown
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg\")|url\(|@import|\bsrc=", shown)
    assert "default-src 'none'" in shown


def test_it_is_in_the_language_of_the_report() -> None:
    root = pagereader.read(page("example", Layout(words=words("ko"))))
    assert root.get("lang") == "ko"
    assert "순전파" in pagereader.text(root)
    assert root.find(".//section[@id='bt-순전파']") is not None


def test_a_fragment_is_one_element_with_its_own_style() -> None:
    root = pagereader.read(page("example", Layout(fragment=True)))
    assert (root.tag, root.get("class")) == ("div", "backtrace")
    assert [child.tag for child in root] == ["style", "header", "nav", "main"]
    assert root.find(".//h1") is None
    rules = re.sub(r"@[^{]*\{", "", root[0].text or "")
    outside = [rule for rule in re.findall(r"([^{}]+)\{", rules) if not rule.strip().startswith(".backtrace")]
    assert outside == []


def test_the_command_writes_it_by_the_ending(backtrace_command: Runner, tmp_path: Path) -> None:
    outcome = backtrace_command("run", "configs/example.yaml", "-o", str(tmp_path / "example.html"))
    assert outcome.code == 0
    assert pagereader.read((tmp_path / "example.html").read_text(encoding="utf-8")).tag == "html"


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("dark", [0, 1])
@pytest.mark.parametrize("name", ["ink", "faint", "link"])
@pytest.mark.parametrize("paper", ["paper", "raised"])
def test_words_stand_out_from_their_paper(name: str, paper: str, dark: int) -> None:
    light, low = sorted((luminance(COLOURS[name][dark]), luminance(COLOURS[paper][dark])), reverse=True)
    assert (light + 0.05) / (low + 0.05) >= 4.5


# ── what a user wrote ──

EVIL = """</style><script>alert("1")</script>"onload='x' & ]]> \\u202eabc\\uffff <b>"""
CONFIG = f"""
title: '{EVIL.replace("'", "''")}'
inputs: {{x1: 0.1}}
targets: {{y1: 0.4}}
learning_rate: 0.5
layers:
  - {{name: "{EVIL.replace('"', chr(92) + '"')}", weights: {{w: 0.3}}, pre: z, out: h, activation: sigmoid}}
loss: half_squared_error
"""


def test_a_users_words_are_shown_as_words(tmp_path: Path) -> None:
    root = pagereader.read(made(tmp_path, CONFIG))
    title = root.find(".//h1")
    layer = root.find(".//h3")
    assert title is not None
    assert layer is not None
    assert pagereader.text(title) == EVIL
    assert pagereader.text(layer).startswith("</style><script>")
    assert "\\u202eabc\\uffff" in pagereader.text(layer)


def test_the_classes_of_a_file_are_words(tmp_path: Path) -> None:
    table = 'a,kind\n0.1,"<i>&amp;"\n0.2,"x onload=1"\n'
    (tmp_path / "<b>.csv").write_text(table, encoding="utf-8")
    text = """
inputs: {file: <b>.csv, columns: {x: [a]}}
targets: {file: <b>.csv, columns: {y: [kind]}, one_hot: true}
learning_rate: 0.5
layers: [{weights: [[0.1, 0.2]], pre: z, out: o, activation: softmax}]
loss: cross_entropy
reduce: sum
"""
    root = pagereader.read(made(tmp_path, text))
    remarks = [pagereader.text(node) for node in root.findall(".//header/p")]
    assert any("<i>&amp;" in remark and "x onload=1" in remark for remark in remarks)


@pytest.mark.parametrize("write", [MATHML.letter, MATHML.words])
def test_a_name_in_a_formula_is_text(write: object) -> None:
    assert callable(write)
    written = write("<b onload='1'>&\u202e")
    assert re.sub(r"^<m\w+>|</m\w+>$", "", written) == f"&lt;b onload=&#x27;1&#x27;&gt;&amp;{visible(chr(0x202E))}"


# ── formulas ──


def bare(formula: str) -> str:
    """A formula with brackets for its structure."""
    formula = formula.replace("<mfrac>", "frac").replace("<msup>", "sup").replace("<msubsup>", "subsup")
    return re.sub(r"<[^>]*>", "", formula.replace("<mrow>", "{").replace("</mrow>", "}"))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_operation_is_well_formed(name: str) -> None:
    op = TABLE[name]
    template = STYLE.templates[name].text if name in STYLE.templates else ""
    count = max([op.least, *map(int, re.findall(r"\d", "".join(re.findall(r"#[\[({]?\d", template))))])
    call = Call(name, tuple(Ref(Element(letter)) for letter in "abcdef"[:count]), (("key", (0,)),) * (name == "index"))
    text = to_text(call, STYLE, lambda leaf: MATHML.letter("<"))
    root = pagereader.read(f"<math>{text}</math>")
    assert f"{name}(" not in text
    assert count == 0 or name == "index" or "<" in pagereader.text(root)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a**2", "sup{a}{2}"),
        ("(a + b)**2", "sup{{(a+b)}}{2}"),
        ("(a/b)**2", "sup{{(frac{a}{b})}}{2}"),
        ("(a**b)**c", "sup{{(sup{a}{b})}}{c}"),
        ("exp(a)**2", "sup{{(supe{a})}}{2}"),
        ("-(-a)", "−{(−a)}"),
        ("a - (b - c)", "a−{(b−c)}"),
        ("a/(b + c)", "frac{a}{b+c}"),
        ("log(1 + a)", "ln{(1+a)}"),
        ("where(a < b, a, b)", "{{aa&lt;bbotherwise}"),
        ("[[a, b], [c, d]]", "{[abcd]}"),
    ],
)
def test_a_formula_keeps_its_structure(formula: str, expected: str) -> None:
    def leaf(one: object) -> str:
        return MATHML.letter(one.id) if isinstance(one, Name) else MATHML.number(str(getattr(one, "value", 0)))

    assert bare(to_text(parse(formula), STYLE, leaf)) == expected


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ("0.5", "sup{0.5}{2}"),
        ("-0.5", "sup{{(−0.5)}}{2}"),
        ("1.5e-09", "sup{{({1.5·sup10{−9}})}}{2}"),
        ("-1.5e-09", "sup{{(−{1.5·sup10{−9}})}}{2}"),
    ],
)
def test_a_power_of_a_number(leaf: str, expected: str) -> None:
    square = Call("pow", (Ref(Element("a")), Num(2.0)))
    assert bare(to_text(square, STYLE, lambda one: MATHML.number("2" if isinstance(one, Num) else leaf))) == expected


def test_a_power_of_a_name_with_a_superscript_is_bracketed() -> None:
    writer = Typeset(Layout(), traced("example").epochs[0], notation=MATHML)
    (key,) = [writer.view.keys.parse("o1+").target]
    assert isinstance(key, Element)
    assert bare(writer.formula(Call("pow", (Ref(key), Num(2.0))))) == "sup{{(subsupo1+)}}{2}"
    gradient = writer.view.keys.parse("dE_tot/do1").target
    square = Call("pow", (Ref(gradient), Num(2.0)))
    assert bare(writer.formula(square)) == "sup{{(frac{∂Etot}{∂o1})}}{2}"


A, B, C = "<mi>a</mi>", "<mi>b</mi>", "<mi>c</mi>"
PLUS, MINUS, TIMES, EQUAL = "<mo>+</mo>", "<mo>−</mo>", "<mo>·</mo>", "<mo>=</mo>"
NEGATIVE = '<mo form="prefix">−</mo>'


@pytest.mark.parametrize(
    ("formula", "room", "expected"),
    [
        (A + PLUS + B, 9, ["a+b"]),
        (A + PLUS + B, 1, ["a", "+b"]),
        (A + TIMES + B + MINUS + C, 4, ["a·b", "−c"]),
        (A + EQUAL + B + PLUS + C, 7, ["a", "=b+c"]),
        (A + EQUAL + NEGATIVE + B + PLUS + C, 3, ["a", "=−b", "+c"]),
        (NEGATIVE + A + PLUS + B, 3, ["−a", "+b"]),
        (f"<mrow><mo>(</mo>{A}{PLUS}{B}<mo>)</mo></mrow>{TIMES}{C}", 3, ["(a", "+b)", "·c"]),
        (f"{A}<mo>,</mo>{B}", 1, ["a,", "b"]),
        (f"{A}<mtext> by way of </mtext>{B}", 9, ["a", " by way of b"]),
        (f"<mfrac><mrow>{A}{PLUS}{B}</mrow>{C}</mfrac>", 1, ["a+bc"]),
    ],
)
def test_a_long_formula_is_cut_at_its_signs(formula: str, room: float, expected: list[str]) -> None:
    found = pieces(formula, room)
    assert [re.sub("<[^>]*>", "", piece) for piece in found] == expected
    for piece in found:
        pagereader.read(f"<math>{piece}</math>")


# ── notebooks ──


def test_a_notebook_shows_a_short_trace_in_full() -> None:
    trace = traced("example")
    root = pagereader.read(trace._repr_html_())
    assert root.tag == "div"
    assert ("dE_tot/dU11", "0.02592286", "0.02592286") in pagereader.figures(root)
    assert trace._repr_markdown_().startswith("# Back propagation, two inputs")


def test_a_notebook_shows_of_a_long_trace_its_losses_and_how_to_see_more() -> None:
    trace = traced("xor")
    root = pagereader.read(trace._repr_html_())
    assert "too long for a notebook" in pagereader.text(root)
    assert Numbers().value(float(trace.losses[-1])) in [value for _, value, _ in pagereader.figures(root)]
    assert len(trace._repr_html_()) < 40_000
    assert "too long for a notebook" in trace._repr_markdown_()
    assert len(trace._repr_markdown_()) < 3_000


@pytest.mark.parametrize("config", ["example", "xor", "fan_out"])
def test_latex_in_a_notebook_is_displays_and_nothing_else(config: str) -> None:
    shown = traced(config)._repr_latex_()
    parts = shown.split("$$\n")
    assert len(parts) % 2 == 1 or shown.endswith("$$")
    assert not [part for part in re.split(r"\$\$\n.*?\n\$\$", shown, flags=re.DOTALL) if part.strip()]
    assert shown.count(r"\begin{") == shown.count(r"\end{")
