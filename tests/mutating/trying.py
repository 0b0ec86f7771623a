"""Runs tests in a process of their own, on the program as it is or with a fault in one module."""

from __future__ import annotations

import ast
import importlib.util
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
Function = tuple[str, int]
"""A file of the project, and the line on which a function of it begins."""


@dataclass(frozen=True)
class Watched:
    """What a test ran: the functions of the project it called, the seconds it took."""

    test: str
    seconds: float
    functions: frozenset[Function]


@dataclass
class Watcher:
    """A plugin that notes for each test which functions are called."""

    found: list[Watched] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        seen: dict[int, CodeType] = {}
        begun = time.perf_counter()

        def note(frame: FrameType, event: str, argument: object) -> None:
            seen[id(frame.f_code)] = frame.f_code

        sys.settrace(note)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            self.found.append(Watched(item.nodeid, time.perf_counter() - begun, _own(seen.values())))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)


def _own(codes: Any) -> frozenset[Function]:
    within = f"{ROOT}{os.sep}backtrace{os.sep}"
    files = [code for code in codes if code.co_filename.startswith(within)]
    return frozenset((code.co_filename.removeprefix(f"{ROOT}{os.sep}"), code.co_firstlineno) for code in files)


@dataclass(frozen=True)
class Chosen:
    """A plugin that keeps only some tests, in the order given."""

    tests: Sequence[str]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        order = {test: at for at, test in enumerate(self.tests)}
        items[:] = sorted((each for each in items if each.nodeid in order), key=lambda each: order[each.nodeid])


@dataclass(frozen=True)
class Faulty:
    """A finder that gives one module its faulty text; every other one is found as ever."""

    module: str
    path: str
    tree: ast.Module

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self.module:
            return None
        loader = _Loader(name, self.path, self.tree)
        inner = [str(Path(self.path).parent)] if self.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(name, self.path, loader=loader, submodule_search_locations=inner)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        super().__init__(name, path)
        self.tree = tree

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self.tree, self.path, "exec")
        return code


def watched(files: Sequence[str]) -> list[Watched]:
    """Every test of the files that passes on the program as it is, with what it ran."""
    read, write = os.pipe()
    child = _forked(lambda: _watch(files, write))
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        found: list[Watched] = pickle.loads(pipe.read() or pickle.dumps([]))
    _ended(child, 1)
    return found


def _watch(files: Sequence[str], pipe: int) -> int:
    watcher = Watcher()
    code = pytest.main([*OPTIONS, *files], [watcher])
    with os.fdopen(pipe, "wb") as out:
        out.write(pickle.dumps([each for each in watcher.found if each.test not in watcher.failed]))
    return int(code)


def notices(faulty: Faulty, tests: Sequence[str], seconds: float) -> bool:
    """Whether one of the tests fails, or does not end in time, with the fault in the module."""

    def run() -> int:
        sys.meta_path.insert(0, faulty)
        files = dict.fromkeys(test.split("::")[0] for test in tests)
        return int(pytest.main([*OPTIONS, "-x", *files], [Chosen(tests)]))

    return _ended(_forked(run), seconds) != 0


LOADED = "ignore::pytest.PytestAssertRewriteWarning"
"""Hypothesis is loaded before pytest would rewrite it."""
OPTIONS = ("-q", "-W", LOADED, "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT))


def _forked(run: Callable[[], int]) -> int:
    """A copy of this process that runs something in silence, and ends with its result."""
    child = os.fork()
    if child:
        return child
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    sys.dont_write_bytecode = True
    os.setsid()
    try:
        code = run()
    except BaseException:
        code = 9
    os._exit(code)


def _ended(child: int, seconds: float) -> int:
    """The exit code of a child, which is killed if it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL
