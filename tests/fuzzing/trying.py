"""Tries one input as the commands do, and says how far it came and what of it was no proper answer."""

from __future__ import annotations

import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import FrameType

from backtrace.build import build
from backtrace.comparison import diff
from backtrace.comparison.sources import from_bytes
from backtrace.config import RefusedError, read
from backtrace.errors import BacktraceError
from backtrace.loading import in_full
from backtrace.render.differences import difference_text
from backtrace.render.text import report_text
from backtrace.trace import Trace, run, run_graph
from tests.corpus import FOLDER, LONGEST, hidden
from tests.fuzzing.inputs import Input
from tests.runner import ROOT

SECONDS = 2.0
MEGABYTES = 300
EPOCHS = 3
"""No input trains longer: the fuzzer looks at answers, not at training."""


@dataclass(frozen=True)
class Tried:
    """How far an input came (1: read without a fault, 2: computed, 3: shown), and what was wrong with the answer."""

    input: Input
    reached: int
    wrong: str = ""


def tried(input: Input, folder: Path, wholly: bool = True) -> Tried:
    """Try an input in a folder; not wholly: as written, without the report that takes most of the time."""
    steps = _Steps(input, folder, wholly)
    memory, begun = _memory(), time.process_time()
    wrong = ""
    try:
        with _limited(), warnings.catch_warnings():
            warnings.simplefilter("error")
            said = steps.answer()
        wrong = _wrong_with(said)
    except Exception:
        wrong = "".join(traceback.format_exception(*sys.exc_info(), limit=-6))
    took, grown = time.process_time() - begun, _memory() - memory
    if not wrong and took > SECONDS:
        wrong = f"took {took:.1f} s"
    if not wrong and grown > MEGABYTES:
        wrong = f"took {grown:.0f} MB"
    return Tried(input, steps.reached, wrong)


class TooLongError(Exception):
    """An answer that takes several times as long as it may: something does not end."""


@contextmanager
def _limited() -> Iterator[None]:
    """Stop what does not end; the time allowed is measured afterwards, this is only for what would block the run."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 10 * SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _memory() -> float:
    """The most memory this process ever took, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _wrong_with(said: str) -> str:
    if found := hidden(said):
        return f"the hidden characters {found}"
    return ""


class _Steps:
    """The steps of a command on one input; ``reached`` counts the stages."""

    def __init__(self, input: Input, folder: Path, wholly: bool) -> None:
        self.input, self.folder, self.wholly, self.reached = input, folder, wholly, 0

    def answer(self) -> str:
        """What the command says in the end: the refusal, or the report."""
        try:
            return WAYS[self.input.kind](self)
        except BacktraceError as error:
            text = str(error)
            if len(text) > LONGEST:
                raise AssertionError(f"a refusal of {len(text)} characters") from error
            return text

    def of_config(self) -> str:
        """As ``backtrace run`` does."""
        path = self.folder / self.input.name
        path.write_bytes(self.input.data)
        try:
            config = read(path)
        except RefusedError as error:
            raise in_full(error) from None
        self.reached = 1
        graph = build(config)
        self.reached = 2
        trace = run_graph(graph, epochs=min(graph.default_epochs, EPOCHS))
        return self.shown(lambda: report_text(trace))

    def of_figures(self) -> str:
        """As ``backtrace diff`` does, with a config of which three epochs are recorded."""
        figures = from_bytes(self.input.data, self.input.name)
        self.reached = 1
        found = diff(_trace(), figures, conventions=() if self.wholly else ("none",))
        self.reached = 2
        return self.shown(lambda: difference_text(found))

    def shown(self, text: Callable[[], str]) -> str:
        """What is printed, where it is asked for."""
        said = text() if self.wholly else ""
        self.reached += self.wholly
        return said


WAYS: dict[str, Callable[[_Steps], str]] = {
    "configs": _Steps.of_config,
    "equations": _Steps.of_config,
    "figures": _Steps.of_figures,
}


@cache
def _trace() -> Trace:
    return run(ROOT / "configs" / "example.yaml", epochs=EPOCHS, keep=range(1, EPOCHS + 1))


@dataclass(frozen=True)
class Tally:
    """What came out of many inputs of a kind."""

    kind: str
    count: int
    reached: tuple[int, ...]
    """How many inputs were read, computed, shown."""
    wrong: tuple[Tried, ...]

    def __str__(self) -> str:
        loader, executor, shown = self.reached
        return (
            f"{self.kind}: {self.count:,} tried, {loader / self.count:.1%} passed the loader, "
            f"{executor / self.count:.1%} reached the executor, {shown:,} were shown, "
            f"{len(self.wrong)} not answered as they should be"
        )


def tally(inputs: Iterable[Input], every: int = 1) -> Tally:
    """Try inputs of one kind in a folder of their own, every so manieth wholly."""
    found = Tally("", 0, (0, 0, 0), ())
    with tempfile.TemporaryDirectory(prefix="fuzz") as name:
        folder = Path(name)
        for data in (FOLDER / "files").glob("ok-*.csv"):
            (folder / data.name).write_bytes(data.read_bytes())
        for input in inputs:
            one = tried(input, folder, input.seed % every == 0)
            reached = tuple(count + (one.reached > at) for at, count in enumerate(found.reached))
            wrong = (*found.wrong, one) if one.wrong else found.wrong
            found = replace(found, kind=input.kind, count=found.count + 1, reached=reached, wrong=wrong)
    return found
