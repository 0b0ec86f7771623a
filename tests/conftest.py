"""Fixtures for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.runner import Runner

# The same examples in every run, so that a failure is somebody's change; `HYPOTHESIS=search pytest` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS", "same"))


@pytest.fixture
def backtrace_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """The command line, run in this process."""
    return Runner(monkeypatch, capsys)
