"""The report of every config at two widths, whole, against what was looked at and found good.

``UPDATE=1 pytest tests/test_snapshots.py`` writes what is printed now; look at the difference before you commit it.
"""

from __future__ import annotations

import pytest

from tests.looked_at import FOLDER, kept
from tests.runner import ROOT, Runner

CONFIGS = sorted(path.stem for path in (ROOT / "configs").glob("*.yaml") if ".expected" not in path.name)


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("config", CONFIGS)
def test_the_report_is_the_one_that_was_looked_at(backtrace_command: Runner, config: str, width: int) -> None:
    outcome = backtrace_command("run", f"configs/{config}.yaml", width=width)
    assert (outcome.code, outcome.err) == (0, "")
    path = FOLDER / f"{config}-{width}.txt"
    assert outcome.out == kept(path, outcome.out)


@pytest.mark.parametrize("config", CONFIGS)
def test_no_line_is_wider_than_the_terminal_but_for_what_cannot_be_broken(
    backtrace_command: Runner, config: str
) -> None:
    lines = backtrace_command("run", f"configs/{config}.yaml").out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
