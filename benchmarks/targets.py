"""What is wanted of training and recording, and whether it is reached: ratios, round by round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from benchmarks import peers
from benchmarks.contest import Found
from benchmarks.measure import ratios, spread


class Target(NamedTuple):
    """A factor: of the peer's time by ours at least, or, ``within``, of our time by the peer's at most."""

    contest: str
    ours: str
    theirs: str
    factor: float
    within: bool = False

    def lines(self, found: Found) -> Iterator[str]:
        """The row, where both were there."""
        times = found.times
        if self.ours not in times or self.theirs not in times:
            return
        pair = (times[self.ours], times[self.theirs])
        measured = ratios(*reversed(pair)) if self.within else ratios(*pair)
        short = measured[0] / self.factor if self.within else self.factor / measured[0]
        wanted = f"{'within' if self.within else 'at least'} {self.factor:g}"
        yield _row(self.contest, self.ours, self.theirs, measured, wanted, short)


TARGETS = (
    Target("W1", peers.OURS, peers.USUAL, 20),
    Target("W1", peers.OURS, peers.MICROGRAD, 85),
    Target("W1", peers.OURS, peers.TORCH, 120),
    Target("W1", peers.JIT, peers.C, 1.3, within=True),
    Target("W2", peers.OURS, peers.USUAL, 8),
    Target("W2", peers.OURS, peers.MICROGRAD, 100),
    Target("W2", peers.OURS, peers.TORCH, 45),
    Target("W2", peers.JIT, peers.C, 1.3, within=True),
    Target("W3/64", peers.OURS, peers.C, 1.25, within=True),
    Target("W3/64", peers.OURS, peers.TORCH, 2),
    Target("W3/1024", peers.OURS, peers.C, 1.1, within=True),
    Target("W4", peers.OURS, peers.USUAL, 3),
    Target("W4", peers.OURS, peers.TORCH, 11),
    Target("W4", peers.OURS, peers.JAX_LOOP, 1.0, within=True),
    Target("W5a", peers.OURS, peers.USUAL, 8),
    Target("W5a", peers.OURS, peers.MICROGRAD, 33),
    Target("W5a", peers.OURS, peers.TORCH, 78),
    Target("W5b", peers.ROWS, peers.STEPS, 1.3, within=True),
)
LIMITS = {("W5a", peers.OURS): 2.0}
"""Microseconds a step at most."""


def verdicts(found: Mapping[str, Found]) -> Iterator[str]:
    """A row for each target whose contest was held."""
    if not found:
        return
    yield f"\n{'':8} {'ours':34} {'beside':30} {'ratio (middle half)':28} {'wanted':14}"
    for target in TARGETS:
        if target.contest in found:
            yield from target.lines(found[target.contest])
    for (contest, name), limit in LIMITS.items():
        if contest in found:
            middle, low, high = spread(found[contest].times[name])
            yield _row(contest, name, "the clock", (middle, low, high), f"at most {limit:g} us", middle / limit)


def _row(contest: str, ours: str, theirs: str, measured: tuple[float, float, float], wanted: str, short: float) -> str:
    """A row; ``short`` is above 1 where the target is missed."""
    said = "{:9.2f} ({:.2f} to {:.2f})".format(*measured)
    verdict = "met" if short <= 1 else f"missed by {short:.2f}"
    return f"{contest:8} {ours:34} {theirs:30} {said:28} {wanted:14} {verdict}"
