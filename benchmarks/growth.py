"""How time and memory grow with what a config states: python -m benchmarks.growth [docs/growth.svg].

Every point is a process of its own: the seconds to build graph and executor, those of a step, and the greatest memory
it took, less that of the program itself. Work is what a step must compute, relative to the first point of its row.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.lessons import LESSONS
from benchmarks.measure import PYTHON, seconds

POINTS: Final = 6
LEAST_SECONDS: Final = 0.3
"""Steps are repeated for so long."""


@dataclass(frozen=True)
class Row:
    """What grows: the sizes of its points, and how many times the work doubles when the size does."""

    name: str
    first: int
    power: int = 1

    @property
    def sizes(self) -> list[int]:
        return [self.first * 2**at for at in range(POINTS)]


ROWS: Final = (
    Row("width", 30, power=2),
    Row("depth", 8),
    Row("samples", 64),
    Row("equations", 32),
    Row("recurrence", 31),
    Row("new weights", 8),
    Row("epochs", 10_000),
)


@dataclass(frozen=True)
class Point:
    """What one size costs: seconds to build, seconds of a step (of a run, for epochs), megabytes."""

    size: int
    build: float
    step: float
    memory: float


def main() -> None:
    """Print a table a row, and draw the plot where a file is named."""
    if sys.argv[1:2] == ["--point"]:
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]))))
        return
    empty = point("", 0).memory
    found = {}
    for row in ROWS:
        points = [point(row.name, size) for size in row.sizes]
        found[row] = [Point(p.size, p.build, p.step, p.memory - empty) for p in points]
        print_table(row, found[row])
    for path in sys.argv[1:]:
        draw(found, path)


def point(name: str, size: int) -> Point:
    """The cost of one size, measured in a process of its own."""
    command = [PYTHON, "-m", "benchmarks.growth", "--point", name, str(size)]
    return Point(**json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def measured(name: str, size: int) -> dict[str, float]:
    """The cost of one size, in this process."""
    from backtrace.build import build
    from backtrace.config import from_document
    from backtrace.training import executor_for, train
    from backtrace.yamlfile import parse

    made = taken = 0.0
    if name:
        text = LESSONS["equations" if name == "epochs" else name](8 if name == "epochs" else size)
        config = from_document(parse(text, "grown.yaml"))
        executor_for(build(config))  # rules are read once
        made = min(seconds(lambda: executor_for(build(config))) for _ in range(3))
        graph = build(config)
        executor = executor_for(graph)
        train(graph, 3, (), executor=executor)  # calls are compiled when they are first made
        taken = seconds_of_step(
            lambda steps: train(graph, steps, (), executor=executor), size if name == "epochs" else 0
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"size": size, "build": made, "step": taken, "memory": memory}


def seconds_of_step(run: Callable[[int], object], steps: int) -> float:
    """The seconds of a run of so many steps; for 0 those of one step, without what a run needs before its first."""
    if steps:
        return seconds(lambda: run(steps))
    first, count, taken = min(seconds(lambda: run(1)) for _ in range(3)), 1, 0.0
    while taken < LEAST_SECONDS:
        count *= 2
        taken = seconds(partial(run, 1 + count)) - first
    return taken / count


def print_table(row: Row, points: Sequence[Point]) -> None:
    """A line a size; the last ones say how many times each doubling of the work costs, over the last three."""
    print(f"\n{row.name:12}{'build ms':>10}{'run ms' if row.name == 'epochs' else 'step us':>10}{'MB':>8}")
    scale = 1e3 if row.name == "epochs" else 1e6
    for one in points:
        print(f"{one.size:12,}{one.build * 1e3:10.1f}{one.step * scale:10.1f}{one.memory:8.1f}")
    costs = [doubling([getattr(p, what) for p in points], row.power) for what in ("build", "step", "memory")]
    print(f"{'a doubling':12}{costs[0]:>9.2f}x{costs[1]:>9.2f}x{costs[2]:>7.2f}x")


def doubling(values: Sequence[float], power: int) -> float:
    """How many times a doubling of the work costs, over the last three doublings of the size."""
    return float((max(values[-1], 1e-9) / max(values[-4], 1e-9)) ** (1 / (3 * power)))


# ── the plot ──

QUIET: Final = "#808080"
COLORS: Final = ("#3b82f6", "#f97316", "#22a35a", "#d946a8", "#9a8cf0", "#b08d2e", "#14a3a8")
"""Readable on white and on black."""


def draw(found: dict[Row, list[Point]], path: str) -> None:
    """Time to build, time of a step and memory against work, as shares of the last point, with a line of slope 1."""
    import matplotlib
    from matplotlib import pyplot

    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "growth", "font.size": 9}
    figure, axes = pyplot.subplots(1, 3, figsize=(9, 3.4), sharex=True, sharey=True)
    titles = {"build": "time to build", "step": "time of a step", "memory": "memory"}
    for axis, (what, title) in zip(axes, titles.items(), strict=True):
        axis.plot([2**-10, 1], [2**-10, 1], ":", color=QUIET)
        for color, (row, points) in zip(COLORS, found.items(), strict=True):
            shares = [max(getattr(p, what), 1e-9) / max(getattr(points[-1], what), 1e-9) for p in points]
            work = [2.0 ** ((at + 1 - POINTS) * row.power) for at in range(POINTS)]
            axis.plot(work, shares, color=color, label=row.name)
        finish(axis, title)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncol=len(labels), frameon=False, labelcolor=QUIET)
    figure.subplots_adjust(left=0.07, right=0.98, top=0.9, bottom=0.27, wspace=0.08)
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    Path(path).write_text("".join(f"{line.strip()}\n" for line in text.getvalue().splitlines()))


def finish(axis: Any, title: str) -> None:
    """Axes by doublings, in a grey that is read on white and on black."""
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=2)
    axis.set_ylim(2**-10.5, 4)
    for one in (axis.xaxis, axis.yaxis):
        one.set_ticks([4.0**-power for power in range(6)], labels=["1", *(f"1/{4**power}" for power in range(1, 6))])
    axis.minorticks_off()
    axis.set_title(title, color=QUIET)
    axis.set_xlabel("work", color=QUIET)
    axis.tick_params(colors=QUIET)
    for spine in axis.spines.values():
        spine.set_color(QUIET)


if __name__ == "__main__":
    main()
