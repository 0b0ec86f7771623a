"""The gallery: every printed figure of every example has a true verdict, and the command shows them."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

import backtrace
from backtrace.build import build
from backtrace.comparison import Diff, Verdict
from backtrace.comparison.expected import reading
from backtrace.comparison.locating import epochs
from backtrace.comparison.sources import read
from backtrace.config import read as read_config
from backtrace.errors import UsageError
from backtrace.gallery import INDEX, examples, folder, index_text, named, with_words
from backtrace.keys import Keys
from tests.gallery import described, files, names
from tests.looked_at import kept
from tests.runner import ROOT, Runner

SOURCE = {"mlp": 1434, "graph": 1783}
"""The figures of the 135 published examples as they were collected: layered networks, and all others."""
EXCEPTIONS: dict[str, tuple[int, str]] = {}
"""What cannot be expressed: the number of its figures, and the reason."""
FINE = {Verdict.MATCH, Verdict.LAST_DIGIT, Verdict.ROUNDING}


@cache
def compared(name: str) -> Diff:
    """The figures of an example beside what the program computes."""
    path = folder() / f"{name}.yaml"
    figures = read(folder() / f"{name}.expected.yaml")
    needed = epochs(figures, Keys.of(build(read_config(path))))
    last = max(each if isinstance(each, int) else each[0] for each in needed)
    return backtrace.diff(backtrace.run(path, epochs=last, keep=needed), figures)


def test_the_figures_and_those_of_the_exceptions_are_all_that_were_collected() -> None:
    counted = sum(example.figures for example in examples())
    assert counted + sum(count for count, _ in EXCEPTIONS.values()) == sum(SOURCE.values())
    assert len(examples()) + len(EXCEPTIONS) == 135


@pytest.mark.parametrize("name", names())
def test_every_figure_has_a_true_verdict(name: str) -> None:
    """Right, or wrong and said to be: both ways."""
    found = compared(name).rows
    wrong = [row.key for row in found if row.verdict not in FINE and row.figure.erratum is None]
    right = [row.key for row in found if row.verdict in FINE and row.figure.erratum is not None]
    assert (wrong, right) == ([], [])


@pytest.mark.parametrize("name", names())
def test_what_an_erratum_calls_right_is_right(name: str) -> None:
    for row in compared(name).rows:
        if row.figure.erratum is not None:
            said = reading(row.figure.erratum.right)
            assert said is not None, row.key
            assert abs(said.value - row.value) <= 1.05 * said.unit + 1e-12 * abs(row.value), row.key
            assert row.figure.erratum.why, row.key


@pytest.mark.parametrize("name", names())
def test_an_example_says_what_it_teaches_and_who_published_it(name: str) -> None:
    config = read_config(folder() / f"{name}.yaml")
    assert config.title
    assert config.about
    assert config.source


def test_the_index_is_current() -> None:
    text = index_text(described(name) for name in names())
    path = folder() / INDEX
    assert text == kept(path, text)


def test_the_folder_holds_examples_and_their_index_only() -> None:
    assert files() == {INDEX}


def test_the_gallery_ships_with_the_package() -> None:
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {path.parent for path in (ROOT / "backtrace").rglob("__init__.py")}
    packages = {".".join(path.relative_to(ROOT).parts) for path in folders}
    assert set(setup["packages"]) == packages | {"backtrace.published"}
    assert setup["package-dir"] == {"backtrace.published": "configs/published"}
    assert setup["package-data"]["backtrace.published"] == ["*.yaml", INDEX]


# ── the command ────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_lists_all_examples_and_counts_their_figures(backtrace_command: Runner) -> None:
    outcome = backtrace_command("examples", width=140)
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert lines[0].split() == ["example", "figures", "errata", "shape"]
    assert lines[-1].startswith(f"{len(examples())} examples, ")
    assert [line.split()[0] for line in lines[1:-2] if not line.startswith(" ")] == [e.name for e in examples()]


@pytest.mark.parametrize(
    ("words", "within"),
    [(["lstm"], "gomez-lstm"), (["ADAM"], "keras-adam-amsgrad"), (["conv2d", "stride"], "takaiwai-conv-stride2")],
)
def test_words_choose_examples(words: list[str], within: str) -> None:
    found = [example.name for example in with_words(words)]
    assert within in found
    assert len(found) < 20


def test_one_example_is_shown_with_its_config(backtrace_command: Runner) -> None:
    out = backtrace_command("examples", "mazur", width=80).out
    assert "2-2-2" in out
    assert "  backtrace run @mazur-2015" in out
    assert "loss: {kind: half_squared_error, terms: E_o, total: E_total}" in out
    assert max(map(len, out.splitlines())) <= 120


def test_an_example_runs_and_is_compared_by_its_name(backtrace_command: Runner) -> None:
    assert "0.59326999" in backtrace_command("run", "@mazur", "--epochs", "1").out
    assert backtrace_command("diff", "@wikidocs").code == 0
    assert backtrace_command("diff", "@mazur").code == 1
    assert backtrace_command("diff", "configs/example.yaml").code == 2


def test_an_example_is_copied_but_never_over_a_file(backtrace_command: Runner, tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    assert backtrace_command("examples", "gomez", "--copy", str(file)).code == 0
    assert file.read_text(encoding="utf-8") == named("gomez").config.read_text(encoding="utf-8")
    assert backtrace_command("diff", str(file), str(tmp_path / "my.expected.yaml")).code == 0
    assert backtrace_command("examples", "gomez", "--copy", str(file)).code == 4


@pytest.mark.parametrize(
    ("name", "message"),
    [("@nothing-like-it", "there is no example"), ("@a", "examples"), ("@mazur-2016", 'did you mean "mazur-2015"')],
)
def test_a_name_that_is_no_example_is_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        named(name)
