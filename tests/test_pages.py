"""Pages in Markdown and LaTeX: five of them whole, their figures those of the terminal, user text without any power.

``UPDATE=1 pytest tests/test_pages.py`` writes what is made now; look at the difference before you commit it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from backtrace.render import latex, markdown
from backtrace.render.document import Figure, Grid, document
from backtrace.render.formulas import Layout
from backtrace.render.tex import LATEX
from tests.looked_at import FOLDER, kept
from tests.pages import CONFIGS, HOSTILE, figures, page, traced
from tests.runner import ROOT, Runner

SNAPSHOTS = [(name, "en") for name in ("example", "mazur", "xor", "fan_out", "multiclass")] + [("example", "ko")]
ENDINGS = {"markdown": "md", "latex": "tex"}


@pytest.mark.parametrize("format_", ENDINGS)
@pytest.mark.parametrize(("config", "language"), SNAPSHOTS)
def test_the_page_is_the_one_that_was_looked_at(config: str, language: str, format_: str) -> None:
    made = page(traced(ROOT / "configs" / f"{config}.yaml", 1), format_, language)
    mark = "" if language == "en" else f"-{language}"
    path = FOLDER / f"{config}{mark}.{ENDINGS[format_]}"
    assert made == kept(path, made)


@pytest.mark.parametrize("config", CONFIGS[::2], ids=lambda path: path.stem)
def test_a_page_has_the_figures_of_the_terminal(config: Path) -> None:
    trace = traced(config, 2)
    shown = figures(page(trace, "text"))
    assert shown
    assert {format_: figures(page(trace, format_)) for format_ in ENDINGS} == dict.fromkeys(ENDINGS, shown)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_table_in_markdown_has_the_cells_of_the_trace(config: Path) -> None:
    trace = traced(config, 1)
    grids = [item for item in document(trace, Layout(), LATEX) if isinstance(item, Grid)]
    tokens = MarkdownIt().enable("table").parse(page(trace, "markdown"))
    cells = [token.content for before, token in pairwise(tokens) if before.type == "td_open"]
    expected = [text for grid in grids for row in grid.body for text in ["", *(figure.text for figure in row)]]
    assert [cell.strip() for cell in cells if "$" not in cell] == [text for text in expected if text]
    assert sum(token.type == "tr_open" for token in tokens) == sum(1 + len(grid.labels) for grid in grids)
    assert len(cells) == len(expected)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    config = tmp_path / "hostile.yaml"
    config.write_text(HOSTILE, encoding="utf-8")
    return config


def test_a_title_is_read_as_it_was_written(hostile: Path) -> None:
    made = page(traced(hostile), "markdown").splitlines()[0]
    _, inline, _ = MarkdownIt().parse(made)
    assert inline.content == made.removeprefix("# ")
    assert {child.type for child in inline.children or []} == {"text"}
    shown = "".join(child.content for child in inline.children or [])
    assert shown.startswith(
        r"""\input{/etc/passwd} { } $x$ & 50% # _a_ ~ ^ < > | " ' -- <b>x</b> [l](u) `c` *e* η σ₁ ½ →"""
    )
    assert shown.endswith(r"\u202ea Ω Ж &lt; #")


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("a*b_c [d](e)", r"a\*b\_c \[d\](e)"),
        ("<b>&lt;</b>", r"\<b\>\&lt;\</b\>"),
        ("| $5 ~ `x` #", r"\| \$5 \~ \`x\` \#"),
        ("1. 은닉층", "1. 은닉층"),
    ],
)
def test_words_in_markdown(words: str, made: str) -> None:
    assert markdown.text(words) == made


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("50% & #1 $x_1$ ~ ^", r"50\% \& \#1 \$x\_1\$ \textasciitilde{} \textasciicircum{}"),
        ("a -- b << c", "a -{}- b <{}< c"),
        ("η₁ ≤ ½ → é", r"$\eta$\textsubscript{1} $\le$ ½ $\to$ é"),
        ("한글 Ж", "한글 [U+0416]"),
        ("\u202e", r"\textbackslash{}u202e"),
    ],
)
def test_words_in_latex(words: str, made: str) -> None:
    assert latex.BEYOND.sub(latex.sign, latex.text(words)) == made


@pytest.mark.parametrize(
    ("formula", "made"),
    [
        (r"a \, b", r"$a \thinspace b$"),
        ("a < b", r"$a \lt b$"),
        (r"\begin{cases} a & b > 0 \\ c & d \end{cases}", r"$\begin{cases} a & b \gt 0 \cr c & d \end{cases}$"),
        (r"\text{\#1}", r"\#1"),
    ],
)
def test_no_sign_of_a_formula_means_anything_to_markdown(formula: str, made: str) -> None:
    assert markdown.inline(formula) == made


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_no_formula_in_markdown_has_a_sign_that_markdown_takes_away(config: Path) -> None:
    made = page(traced(config, 1), "markdown")
    inline = re.findall(r"(?<![\\$])\$([^$\n]+)\$", made)
    assert [formula for formula in inline if re.search(r"\\[,;:!{}# ]|[|<>*]|\\\\", formula)] == []
    assert max(len(block.splitlines()) for block in made.split("$$")[1::2]) <= 60


@pytest.mark.parametrize(
    ("texts", "made"),
    [
        (("0.25", "-1.5"), "S[table-format=-1.2]"),
        (("1", "22"), "S[table-format=2]"),
        (("1.5e-09", "0.25"), "S[table-format=1.2e-1]"),
        (("1.5e+12",), "S[table-format=1.1e2]"),
        (("nan", "∞"), "r"),
    ],
)
def test_a_column_has_room_for_its_numbers(texts: tuple[str, ...], made: str) -> None:
    assert latex.column([Figure(text) for text in texts]) == made


@pytest.mark.parametrize(
    ("figure", "made"),
    [
        (Figure("-0.25"), "-0.25"),
        (Figure("1.5e-09"), "1.5e-9"),
        (Figure("∞"), r"{$\infty$}"),
        (Figure("nan"), r"{$\mathrm{nan}$}"),
        (Figure("0.25", blank=3), r"{$\boxed{\Big.^{(3)\phantom{00}}\qquad\qquad}$}"),
    ],
)
def test_a_number_in_a_table_of_latex(figure: Figure, made: str) -> None:
    assert latex.cell(figure) == made


@pytest.mark.parametrize("format_", ENDINGS)
def test_a_fragment_has_neither_head_nor_title(backtrace_command: Runner, format_: str) -> None:
    outcome = backtrace_command("run", "configs/example.yaml", "--format", format_, "--fragment")
    assert outcome.code == 0
    assert "Back propagation, two inputs" not in outcome.out
    assert "documentclass" not in outcome.out
    assert "Back propagation step 2" in outcome.out


def test_a_format_without_a_head_has_no_fragments(backtrace_command: Runner) -> None:
    outcome = backtrace_command("run", "configs/example.yaml", "--fragment")
    assert outcome.code == 2
    assert outcome.err.startswith("--fragment: text has no head to leave out")
