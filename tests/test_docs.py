"""Every command and every program that the documentation shows is run, and prints what the page shows.

``UPDATE=1 pytest tests/test_docs.py`` writes what the commands print now into the pages.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from backtrace.config import LAYER, TOP
from backtrace.config.table import Key
from backtrace.ops.losses import LOSSES, Loss
from backtrace.saved.header import ENTRIES
from backtrace.yamlfile import parse
from docs import language, optimizers, slips
from docs.picture import PICTURE, drawn
from tests.looked_at import UPDATES, kept
from tests.runner import ROOT, Runner

PAGES = tuple(
    f"docs/{name}.md" if name != "README" else "README.md"
    for name in ("README", "config", "expected", "formats", "pages", "plots", "worksheets")
)
BLOCK = re.compile(r"```console\n\$ (backtrace .*)\n((?:.*\n)*?)```\n")


def blocks() -> list[tuple[str, str, str]]:
    """Page, command and shown output of every console block that runs backtrace."""
    return [(page, *match) for page in PAGES for match in BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("page", "command", "shown"), blocks(), ids=lambda value: value[:60].split("\n")[0])
def test_a_command_prints_what_the_page_shows(backtrace_command: Runner, page: str, command: str, shown: str) -> None:
    outcome = backtrace_command(*shlex.split(command)[1:])
    assert outcome.code in (0, 1), outcome.err
    if UPDATES:
        rewrite(ROOT / page, command, outcome.out)
    else:
        assert outcome.out == shown


def rewrite(page: Path, command: str, out: str) -> None:
    """Put a command's output into its block."""
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(rf"(```console\n\$ {re.escape(command)}\n)((?:.*\n)*?)(```\n)")
    page.write_text(pattern.sub(lambda match: match[1] + out + match[3], text), encoding="utf-8", newline="\n")


def test_every_command_of_the_table_runs(
    backtrace_command: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = re.findall(r"^\| `(backtrace .*?)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    found = {command: backtrace_command(*shlex.split(command)[1:], cwd=tmp_path) for command in commands}
    assert {command: outcome.err for command, outcome in found.items() if outcome.code} == {}
    named = {word for command in commands for word in shlex.split(command) if word.startswith(("example.", "sheet."))}
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        {"configs", "mazur.svg", "xor.json", "xor.npz", *named}
    )


def test_the_pages_show_commands() -> None:
    assert len(blocks()) >= 3


def test_the_program_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("0.519989340155")


def test_the_program_of_the_formats_prints_what_the_page_shows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = ROOT / "docs/formats.md"
    shutil.copytree(ROOT / "configs", tmp_path / "configs", ignore=shutil.ignore_patterns("published"))
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    ((program, shown),) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    exec(compile(program, str(page), "exec"), {})
    printed = capsys.readouterr().out
    if UPDATES:
        page.write_text(text.replace(f"```text\n{shown}```", f"```text\n{printed}```"), encoding="utf-8", newline="\n")
    else:
        assert printed == shown


@pytest.mark.parametrize("field", ENTRIES)
def test_the_page_of_the_formats_has_every_field(field: str) -> None:
    assert f"| `{field}` | " in (ROOT / "docs/formats.md").read_text(encoding="utf-8")


def test_the_readme_names_every_config_and_every_config_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    configs = {path.name for path in (ROOT / "configs").glob("*.yaml") if ".expected." not in path.name}
    named = set(re.findall(r"`(\w+\.yaml)`", text))
    assert named <= configs
    assert {name for name in configs if not name.startswith("regression_")} <= named


def test_every_yaml_example_of_the_config_page_is_yaml() -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert len(examples) >= 7
    assert all(not parse(example, "docs/config.md").faults for example in examples)


@pytest.mark.parametrize("key", [*TOP, *LAYER], ids=lambda key: key.name)
def test_the_config_page_has_every_key_with_the_sentence_of_the_table(key: Key) -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert f"| `{key.name}` | {key.about} |" in text


def test_the_page_of_the_language_is_current() -> None:
    assert kept(language.PAGE, language.page()) == language.page()


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_the_config_page_has_every_loss(loss: Loss) -> None:
    text = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert f"| `{loss.name}` | `{loss.terms}` | `{loss.total}` |" in text


def test_the_page_of_the_optimizers_is_current() -> None:
    assert kept(optimizers.PAGE, optimizers.page()) == optimizers.page()


def test_the_page_of_mistakes_is_current() -> None:
    assert kept(slips.PAGE, slips.page()) == slips.page()


def test_the_picture_of_the_readme_is_current() -> None:
    assert kept(PICTURE, drawn()) == drawn()
