"""What a config costs, as text: its size, the executor and why, an epoch with and without recording, whole runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backtrace.benchmark import Benchmark, Timing
from backtrace.render.lines import Line, Span, padded

UNITS: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))
"""Units of time, each from so many seconds on."""
MINUTE: Final = 60.0
RUNS: Final = (1_000, 1_000_000)
"""So many epochs are reckoned."""
NAMES: Final = {"scalars": "generated Python on single numbers", "arrays": "numpy on whole arrays"}
"""What an executor is, by its kind."""
HEAD: Final = 18


def benchmark_lines(found: Benchmark, ascii_: bool = False) -> Iterator[Line]:
    """The benchmark, line by line."""
    for head, text, role in (("", found.graph.title, "title"), *_facts(found), ("", "", ""), *_times(found)):
        line = padded(head, HEAD) + text if head else text
        yield (Span(_in_ascii(line) if ascii_ else line, role),)


def duration(seconds: float) -> str:
    """Three digits of a time in the unit that fits; minutes, hours and days where it is long.

    >>> [duration(each) for each in (5.7e-7, 0.0012345, 75.0, 7321.0, 3e6)]
    ['570 ns', '1.23 ms', '1 min 15 s', '2 h 2 min', '34 d 17 h']
    """
    if seconds >= MINUTE:
        return _long(round(seconds))
    least, unit = next((size, unit) for size, unit in UNITS if seconds >= size * 0.9995)
    number = seconds / (least or 1e-9)
    return f"{number:.{0 if number >= 99.95 else 1 if number >= 9.995 else 2}f} {unit}"


def _long(seconds: int) -> str:
    """The two largest units of a time from a minute on."""
    for large, small, names in ((86400, 3600, "d h"), (3600, 60, "h min"), (60, 1, "min s")):
        if seconds >= large:
            first, second = names.split()
            return f"{seconds // large:,} {first} {seconds % large // small} {second}"
    return f"{seconds} s"


def _facts(found: Benchmark) -> Iterator[tuple[str, str, str]]:
    graph, size = found.graph, found.deciding
    yield "samples", f"{graph.schedule.count if graph.schedule else graph.samples or 1:,}", ""
    yield "parameters", f"{found.parameters:,}", ""
    yield "updates an epoch", f"{graph.updates_per_epoch:,}", ""
    yield "executor", f"{found.executor}: {NAMES.get(found.executor, 'chosen by size')}", ""
    sign = "more than" if size.found > size.limit else "at most"
    yield "because of", f"{size.found:,} {size.what}, {sign} {size.limit:,}", ""
    yield "an update has", f"{found.sizes[0].found:,} numbers, computed by {len(graph.step):,} equations", ""


def _times(found: Benchmark) -> Iterator[tuple[str, str, str]]:
    yield "to the graph", duration(found.building), ""
    yield "to the executor", duration(found.preparing), ""
    yield "an epoch", _timing(found.epoch), "value"
    updates = found.graph.updates_per_epoch
    if updates > 1:
        yield "an update", duration(found.epoch.median / updates), ""
    yield "recorded", _timing(found.recorded), ""
    if found.diverges:
        yield "numbers finite", f"to epoch {found.ends - 1 if found.ends else 0:,}: no round goes further", "warn"
    elif found.ends is not None:
        yield "training ends", f"with epoch {found.ends:,}, by until:", ""
    for epochs in RUNS:
        yield f"{epochs:,}", f"epochs in {duration(found.seconds(epochs))}", ""


def _timing(timing: Timing) -> str:
    half = f"half of {timing.rounds} rounds {duration(timing.low)} to {duration(timing.high)}"
    return f"{padded(duration(timing.median), 9)} {half}, {timing.epochs:,} epoch{'s' * (timing.epochs > 1)} each"


def _in_ascii(text: str) -> str:
    return text.replace("µ", "u").encode("ascii", "backslashreplace").decode()
