"""The corpus of bad inputs: each is answered as it should be, with one message at the place of its one fault."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus import FOLDER, Case, cases, environment, misses, prepare
from tests.looked_at import kept
from tests.runner import ROOT, Outcome, Runner

# Six processes at once tell as much as twenty, and cost a third.
FEWER = {"twenty-at-once": ("20", "6")}
SAID_ELSEWHERE = {"npz-flip", "xlsx"}
"""A part of the message is another library's, or the system's, as with the exit codes of usage and of files."""
KEPT = {1, 3, 5}
HERE = [case for case in cases().values() if case.words]
BY_SHELL = [case for case in cases().values() if not case.words]


@pytest.mark.parametrize("case", HERE, ids=lambda case: case.id)
def test_a_bad_input_is_answered_as_it_should_be(backtrace_command: Runner, tmp_path: Path, case: Case) -> None:
    before = prepare(case, tmp_path)
    outcome = backtrace_command(*case.words, cwd=tmp_path)
    assert not list(misses(case, outcome, tmp_path, before)), f"{outcome.err[:2000]}\n{outcome.out[:2000]}"
    if outcome.code in KEPT and case.id not in SAID_ELSEWHERE:
        said = outcome.err or outcome.out
        assert said == kept(FOLDER / "answers" / f"{case.id}.txt", said)
    if case.same_as:
        prepare(other := cases()[case.same_as], tmp_path)
        assert outcome.out == backtrace_command(*other.words, cwd=tmp_path).out


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs backtrace and python, those of this project."""
    folder = tmp_path_factory.mktemp("programs")
    for name, arguments in {"backtrace": "-m backtrace ", "python": ""}.items():
        path = folder / name
        path.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" {arguments}"$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return folder


@pytest.mark.skipif(shutil.which("bash") is None, reason="the command lines are for bash")
@pytest.mark.parametrize("case", BY_SHELL, ids=lambda case: case.id)
def test_a_command_line_is_answered_as_it_should_be(programs: Path, tmp_path: Path, case: Case) -> None:
    before = prepare(case, tmp_path)
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", case.cmd.replace(*FEWER.get(case.id, ("", "")))],
        cwd=tmp_path,
        env=environment(programs),
        capture_output=True,
        timeout=6 * case.limit,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    outcome = Outcome(ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace"))
    assert not list(misses(case, outcome, tmp_path, before)), f"{outcome.err[:2000]}\n{outcome.out[:2000]}"
