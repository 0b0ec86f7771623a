"""Runs the command line in this process, as a user would see it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from backtrace import cli

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@dataclass
class Runner:
    """Runs ``backtrace ARGS`` from the project's root at a width in columns."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *args: str, width: int = 80, cwd: Path = ROOT) -> Outcome:
        self.monkeypatch.chdir(cwd)
        self.monkeypatch.setenv("COLUMNS", str(width))
        self.monkeypatch.delenv("FORCE_COLOR", raising=False)
        self.monkeypatch.setattr(sys, "argv", ["backtrace", *args])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = self.capsys.readouterr()
        return Outcome(int(stopped.value.code or 0), printed.out, printed.err)
