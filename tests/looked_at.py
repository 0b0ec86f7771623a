"""What was printed once, looked at and found good: the files that tests compare with."""

from __future__ import annotations

import os
from pathlib import Path

from backtrace.comparison import Diff
from backtrace.render.differences import difference_text
from backtrace.render.formulas import Layout
from backtrace.report import Choice
from tests.runner import ROOT

FOLDER = ROOT / "tests" / "snapshots"
UPDATES = bool(os.environ.get("UPDATE"))


def kept(path: Path, text: str) -> str:
    """What a file holds; ``UPDATE=1 pytest …`` writes the text first: look at the difference before you commit it."""
    if UPDATES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return path.read_text(encoding="utf-8")


def diff_page(diff: Diff) -> str:
    """Everything that is said of a comparison, at 80 columns."""
    return difference_text(diff, Layout(choice=Choice(full=True)))


def diff_path(kind: str, name: str) -> Path:
    """Where the page of a comparison is kept."""
    words = "".join(letter if letter.isalnum() or letter == "+" else " " for letter in name).split()
    return FOLDER / "diffs" / kind / f"{'-'.join(words)}.txt"
