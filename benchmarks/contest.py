"""Peers beside each other: first that all reach the same objective, then the microseconds of a step, round by round."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.loads import RECORDED, Load, Run
from benchmarks.measure import interleaved, spread
from benchmarks.peers import EPOCHS, OURS, TENSORS, TRAINING, Peer

CHECKED = 11
"""The objective before this step is that after ten."""
ALIKE = 1e-9
WINDOW = 0.04
"""Seconds that a peer runs in a round, about."""
EPOCHS_RECORDED = 1_000


class Contest(NamedTuple):
    """Who trains what; ``steps`` in a round, where that is said and not so many as fill the time."""

    name: str
    load: str
    about: str
    peers: Sequence[Peer]
    steps: int = 0


CONTESTS = (
    *(Contest(name, name, "", TRAINING) for name in ("W1", "W2", "W3/64", "W3/1024", "W4")),
    Contest("W5a", "W1", f", {EPOCHS_RECORDED:,} epochs, everything recorded", EPOCHS, EPOCHS_RECORDED),
    Contest("W5b", "W3/64", f", {RECORDED} steps, everything recorded", TENSORS, RECORDED),
)


class Found(NamedTuple):
    """The microseconds a step of each peer, in each round."""

    contest: Contest
    load: Load
    times: Mapping[str, list[float]]

    def lines(self) -> Iterator[str]:
        """A row for each peer: median and middle half."""
        yield f"\n{self.contest.name}: {self.load.about}{self.contest.about}"
        for name, times in self.times.items():
            middle, low, high = spread(times)
            yield f"  {name:36}{figure(middle):>12}{figure(low):>12} to {figure(high)}"


def figure(value: float) -> str:
    """Three digits, or all before the point.

    >>> figure(0.04321), figure(12.345), figure(5490.3)
    ('0.0432', '12.3', '5,490')
    """
    digits = 2 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:,.{max(digits, 0)}f}"


def held(contest: Contest, load: Load, rounds: int, window: float) -> Found:
    """The times of a contest."""
    runs = ready(contest, load)
    steps = {name: contest.steps or steps_for(run, load.least, window) for name, run in runs.items()}
    timed = {name: microseconds(run, steps[name]) for name, run in runs.items()}
    return Found(contest, load, interleaved(timed, rounds))


def ready(contest: Contest, load: Load) -> dict[str, Run]:
    """The peers that are here, each after its first ten steps; one that comes out elsewhere ends everything."""
    runs, reached = {}, {}
    for peer in contest.peers:
        run = peer.make(load) if peer.present() else None
        if run is not None:
            runs[peer.name], reached[peer.name] = run, run(CHECKED)
    expected = reached[OURS]
    for name, objective in reached.items():
        if not math.isclose(objective, expected, rel_tol=ALIKE):
            sys.exit(f"{contest.name}: after ten steps {name} has {objective!r} where {OURS} has {expected!r}")
    return runs


def microseconds(run: Callable[[int], object], steps: int) -> Callable[[], float]:
    """What measures a step: the processor's time, all threads added up, as waiting on a busy machine is no work."""

    def timed() -> float:
        start = time.process_time()
        run(steps)
        return (time.process_time() - start) / steps * 1e6

    return timed


def steps_for(run: Callable[[int], object], least: int, window: float) -> int:
    """How many steps fill the time, at least the load's own least; the better of two tries counts."""
    steps = least
    while True:
        timed = microseconds(run, steps)
        taken = min(timed(), timed()) * steps / 1e6
        if taken >= window / 4:
            return max(least, round(steps * window / taken))
        steps *= 4
