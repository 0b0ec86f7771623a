"""Every language says everything: the same ids, the same places, the same columns, and nothing outside the tables."""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import backtrace
from backtrace.errors import UsageError
from backtrace.ops import TABLE
from backtrace.ops.losses import LOSSES
from backtrace.render.lines import cells
from backtrace.rules import OPTIMIZERS
from backtrace.words import ENGLISH, LANGUAGES, Note, words
from tests.looked_at import FOLDER, kept
from tests.runner import ROOT, Runner
from tests.test_snapshots import CONFIGS

PACKAGE = ROOT / "backtrace"
KOREAN = words("ko")
OTHERS = [language for language in LANGUAGES.values() if language is not ENGLISH]
HANGUL = re.compile("[가-힣]")


# ── the tables ──


def places(template: str | tuple[str, str]) -> list[set[str]]:
    """The names of the places of each form of a text."""
    forms = [template] if isinstance(template, str) else template
    return [{name for _, name, _, _ in string.Formatter().parse(form) if name} for form in forms]


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.name)
def test_a_language_has_the_ids_of_english_in_its_order(language: backtrace.words.Words) -> None:
    assert list(language.table) == list(ENGLISH.table)


@pytest.mark.parametrize("id", ENGLISH.table)
@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.name)
def test_every_form_of_a_text_has_the_places_of_the_english_one(language: backtrace.words.Words, id: str) -> None:
    english = places(ENGLISH.table[id])[0]
    assert {frozenset(form) for form in places(language.table[id])} == {frozenset(english)}


@pytest.mark.parametrize("language", OTHERS, ids=lambda language: language.name)
def test_what_is_translated_has_letters_of_its_own_or_is_a_name(language: backtrace.words.Words) -> None:
    same = [id for id, text in language.table.items() if text == ENGLISH.table[id]]
    assert {id.partition(" ")[0] for id in same} <= {"optimizer"}


def test_every_loss_and_update_rule_has_its_words() -> None:
    assert [id.removeprefix("loss ") for id in ENGLISH.table if id.startswith("loss ")] == list(LOSSES)
    rules = [id.removeprefix("optimizer ") for id in ENGLISH.table if id.startswith("optimizer ")]
    assert rules == ["of the config", *OPTIMIZERS]


# ── the code ──


def texts(path: Path) -> Iterator[tuple[str, bool]]:
    """The texts in a module but for docstrings, and whether a value follows."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    begun = {node.values[0] for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and len(node.values) > 1}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in alone:
            yield node.value, node in begun


def test_every_text_is_used() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "words"]
    found = {text for path in modules for text in texts(path)}
    begun = tuple(text for text, goes_on in found if goes_on and re.fullmatch("[a-z]+ ", text))
    assert [id for id in ENGLISH.table if (id, False) not in found and not id.startswith(begun)] == []


WRITERS = ("text", "heads", "rates", "sentences", "document", "markdown")


@pytest.mark.parametrize(
    "module",
    [*(f"render/{name}" for name in WRITERS), "report/__init__", "report/steps", "drawing/network", "drawing/svg"],
)
def test_no_sentence_stands_in_a_renderer(module: str) -> None:
    markup = re.compile(r"<[^>]*>?|[\w-]+=\"[^\"]*\"?|\bbt-[\w-]+")
    plain = {markup.sub("", text) for text, _ in texts(PACKAGE / f"{module}.py")}
    found = {text for text in plain if re.search("[A-Za-z]{2,} [a-z]{2,}", text)}
    assert [text for text in found if not any(id.startswith(text) for id in ENGLISH.table)] == []


# ── the words ──


@pytest.mark.parametrize(
    ("language", "id", "values", "text"),
    [
        ("en", "rows more", {"n": 1}, "1 row more (--full)"),
        ("en", "rows more", {"n": 3}, "3 rows more (--full)"),
        ("ko", "rows more", {"n": 1}, "1행 더 있음 (--full)"),
        ("en", "samples reduced", {"n": 4, "how": Note("mean")}, "4 samples, mean over them"),
        ("ko", "samples reduced", {"n": 4, "how": Note("mean")}, "표본 4개에 대한 평균"),
        ("ko", "fixed", {"names": "{n}"}, "고정: {n}"),
        ("ko", "step", {"number": 1}, "역전파 1단계"),
    ],
)
def test_a_text_is_said(language: str, id: str, values: dict[str, int | str | Note], text: str) -> None:
    assert words(language).say(id, **values) == text


@pytest.mark.parametrize(
    ("title", "korean"),
    [
        ("Hidden layer", "은닉층"),
        ("hidden Layer", "은닉층"),
        ("Hidden layer 2", "은닉층 2"),
        ("Layer 3", "3층"),
        ("Output layer", "출력층"),
        ("inputs", "입력"),
        ("Layer", "Layer"),
        ("Given", "Given"),
        ("The 3 {number}", "The 3 {number}"),
        ("", ""),
        ("#1", "#1"),
    ],
)
def test_a_title_that_the_program_knows_is_put_into_the_language(title: str, korean: str) -> None:
    assert (KOREAN.title(title), ENGLISH.title(title)) == (korean, title)


def test_an_unknown_language_is_refused_with_those_there_are(backtrace_command: Runner) -> None:
    with pytest.raises(UsageError, match='there is no language "fr"\n  hint: known: en, ko'):
        words("fr")
    outcome = backtrace_command("run", "configs/example.yaml", "--lang", "fr")
    assert (outcome.code, outcome.out) == (2, "")


# ── the report ──


@pytest.mark.parametrize(("language", "way"), [("en", "∂f/∂u directly"), ("ko", "∂f/∂u (직접)")])
def test_a_way_is_named_in_the_language(backtrace_command: Runner, tmp_path: Path, language: str, way: str) -> None:
    config = "backtrace: 1\ninputs: {x: 2}\nequations: {u: x**2, v: u*x + x, f: v*u}\nminimize: f\n"
    (tmp_path / "ways.yaml").write_text(config, encoding="utf-8")
    lines = backtrace_command("run", str(tmp_path / "ways.yaml"), "--lang", language).out.splitlines()
    assert [line.split("  ")[1] for line in lines if line.startswith("  ∂f/∂u")] == [
        f"{way} = v",
        f"∂f/∂u = ∂f/∂v · ∂v/∂u + {way}",
    ]


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("config", ["example", "mazur", "xor", "multiclass", "fan_out"])
def test_the_korean_report_is_the_one_that_was_looked_at(backtrace_command: Runner, config: str, width: int) -> None:
    outcome = backtrace_command("run", f"configs/{config}.yaml", "--lang", "ko", width=width)
    path = FOLDER / f"{config}-ko-{width}.txt"
    assert (outcome.code, outcome.out) == (0, kept(path, outcome.out))


@pytest.mark.parametrize("config", CONFIGS[::3])
def test_wide_characters_stay_aligned(backtrace_command: Runner, config: str) -> None:
    english, korean = (
        backtrace_command("run", f"configs/{config}.yaml", "--lang", name).out.splitlines() for name in ("en", "ko")
    )
    computed = korean[korean.index("순전파") :]
    plain = [line for line in computed if not HANGUL.search(line) and not re.match(r" {12,}\S+ = \S+(   |$)", line)]
    assert [line for line in plain if line not in english] == []
    assert [line for line in korean if cells(line) > 80] == []
    numbers = re.compile(r"-?\d+\.\d{8}")
    assert numbers.findall(" ".join(computed)) == numbers.findall(
        " ".join(english[english.index("Forward propagation") :])
    )


@pytest.mark.parametrize("config", CONFIGS[::3])
def test_the_korean_report_has_no_english_words_but_those_of_the_config(backtrace_command: Runner, config: str) -> None:
    given = (ROOT / f"configs/{config}.yaml").read_text(encoding="utf-8") + " ".join(TABLE)
    out = backtrace_command("run", f"configs/{config}.yaml", "--lang", "ko").out
    words_, own = (set(re.findall("[a-z]{3,}", text.lower())) for text in (out, given + KOREAN.letters))
    assert sorted(words_ - own) == []


def test_the_parts_of_a_line_stay_in_columns(backtrace_command: Runner) -> None:
    out = backtrace_command("run", "configs/example.yaml", "--lang", "ko", "--section", "given").out
    assert out.splitlines()[3:] == [
        "── 에포크 1 ────────────────────────────────────────────────────────────────────",
        "주어진 값",
        "  입력          x₁ = 0.1   x₂ = 0.2",
        "  목표값(정답)  y₁ = 0.4   y₂ = 0.6",
        "  매개변수      W₁₁ = 0.3   W₁₂ = 0.4   W₂₁ = 0.25   W₂₂ = 0.35   U₁₁ = 0.45",
        "                U₁₂ = 0.7   U₂₁ = 0.4   U₂₂ = 0.6",
    ]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    ("name", "headings"),
    [
        ("error", {"en": "Error", "ko": "오차"}),
        ("오차", {"en": "Error", "ko": "오차"}),
        ("propagation step 2", {"en": "Back propagation step 2: W (Hidden layer)", "ko": "역전파 2단계: W (은닉층)"}),
        ("역전파 2단계", {"en": "Back propagation step 2: W (Hidden layer)", "ko": "역전파 2단계: W (은닉층)"}),
    ],
)
def test_a_section_is_chosen_by_its_name_or_its_title_in_any_language(
    backtrace_command: Runner, language: str, name: str, headings: dict[str, str]
) -> None:
    lines = backtrace_command("run", "configs/example.yaml", "--lang", language, "--section", name).out.splitlines()
    rule = next(at for at, line in enumerate(lines) if line.startswith("──"))
    assert [line for line in lines[rule + 1 :] if not line.startswith(" ") and line] == [headings[language]]


def test_expected_files_keep_english_headings(backtrace_command: Runner) -> None:
    out = backtrace_command("expect", "configs/example.yaml").out
    assert [line for line in out.splitlines() if not line.startswith(("#", " "))] == [
        "Forward propagation:",
        "Error:",
        "Back propagation step 1:",
        "Back propagation step 2:",
        "After the update:",
    ]


def test_conventions_are_data_and_read_in_any_language() -> None:
    graph = backtrace.run("configs/xor.yaml", epochs=1).graph
    assert graph.notes[1] == Note("samples reduced", {"n": 4, "how": Note("sum")})
    assert [str(note) for note in graph.notes[1:]] == ["4 samples, sum over them", "x @ W, a row of weights per input"]
    assert [KOREAN.written(note) for note in graph.optimizer] == ["기본 경사 하강법"]


def test_a_comparison_that_follows_stays_english(backtrace_command: Runner) -> None:
    files = ("configs/example.yaml", "--expect", "configs/example.expected.yaml")
    english, korean = (backtrace_command("run", *files, "--lang", name).out for name in ("en", "ko"))
    assert korean.rpartition("\n\n")[2] == english.rpartition("\n\n")[2]


@pytest.mark.parametrize(("encoding", "first"), [("utf-8", "순전파"), ("cp949", "순전파"), ("latin-1", "Forward")])
def test_a_terminal_that_cannot_write_a_language_gets_english(
    monkeypatch: pytest.MonkeyPatch, encoding: str, first: str
) -> None:
    from backtrace.cli.session import language

    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert language("ko", None).say("forward").startswith(first)
    assert language("ko", "page.txt") is KOREAN


def test_ascii_signs_leave_the_words(backtrace_command: Runner) -> None:
    out = backtrace_command("run", "configs/example.yaml", "--lang", "ko", "--ascii").out
    assert "순전파\n 은닉층   z = x @ W   h = sigmoid(z)\n" in out
    assert not re.search("[^\x00-\x7f가-힣]", out)
