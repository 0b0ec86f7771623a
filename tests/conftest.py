"""Fixtures for all tests."""

from __future__ import annotations

import pytest

from tests.runner import Runner


@pytest.fixture
def backtrace_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """The command line, run in this process."""
    return Runner(monkeypatch, capsys)
