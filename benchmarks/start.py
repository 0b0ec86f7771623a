"""How long the program takes to start, side by side with what it is built on: python -m benchmarks.start [ROUNDS].

Both sides are fresh processes of this Python with compiled modules at hand, each a module run with -m, in turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.measure import PYTHON, interleaved, process_seconds, ratios, spread

TREE: Final = Path(__file__).parent.parent
ROUNDS: Final = 21

TWO_COMMANDS: Final = '''
import typer

app = typer.Typer({options})


@app.command()
def one() -> None:
    """Do nothing."""


@app.command()
def two() -> None:
    """Do nothing either."""


app()
'''

SAME_LINES: Final = """
import numpy
import yaml

print({text!r}, end="")
"""


class Pair(NamedTuple):
    """One comparison: two command lines for Python, and how many times as long ours may take."""

    name: str
    ours: Sequence[str]
    theirs: Sequence[str]
    target: float | None


PROGRAM: Final = ("-m", "backtrace")
REPORT: Final = (*PROGRAM, "run", str(TREE / "configs" / "example.yaml"))
PAIRS: Final = (
    Pair("--version / import typer", (*PROGRAM, "--version"), ("-c", "import typer"), 1.25),
    Pair("--help / help of two commands", (*PROGRAM, "--help"), ("-m", "two_commands", "--help"), 1.15),
    Pair("--help / the same without rich", (*PROGRAM, "--help"), ("-m", "two_plain_commands", "--help"), None),
    Pair("run / numpy, yaml and the same lines", REPORT, ("-m", "same_lines"), 1.7),
    Pair("run with an option / the same", (*REPORT, "--epochs", "1"), ("-m", "same_lines"), None),
)


def write_peers(folder: Path) -> None:
    """The programs that do nothing but what ours cannot do without."""
    report = subprocess.run((PYTHON, *REPORT), capture_output=True, text=True, encoding="utf-8", check=True).stdout
    sources = {
        "two_commands": TWO_COMMANDS.format(options=""),
        "two_plain_commands": TWO_COMMANDS.format(options="rich_markup_mode=None"),
        "same_lines": SAME_LINES.format(text=report),
    }
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")


def set_environment(folder: Path) -> None:
    """The same for all: modules stay compiled, one thread, a terminal of 80 columns."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.update(
        PYTHONPATH=os.pathsep.join((str(TREE), str(folder))),
        PYTHONSAFEPATH="1",
        PYTHONIOENCODING="utf-8",
        OPENBLAS_NUM_THREADS="1",
        COLUMNS="80",
    )


def measured(pair: Pair, rounds: int) -> tuple[list[float], list[float]]:
    """The seconds of both, round by round."""
    runs: dict[str, Callable[[], float]] = {
        side: partial(process_seconds, (PYTHON, *words))
        for side, words in (("ours", pair.ours), ("theirs", pair.theirs))
    }
    found = interleaved(runs, rounds)
    return found["ours"], found["theirs"]


def row(pair: Pair, ours: Sequence[float], theirs: Sequence[float]) -> str:
    """One line of the table: medians in milliseconds, the ratio with its middle half, the target."""
    middle, low, high = ratios(theirs, ours)
    target = "" if pair.target is None else f"{pair.target:.2f}"
    times = f"{spread(ours)[0] * 1e3:7.0f} {spread(theirs)[0] * 1e3:7.0f}"
    return f"{pair.name:<37} {times} {middle:7.2f} {low:6.2f} to {high:4.2f} {target:>7}"


def main() -> None:
    """Print one row for each comparison."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        set_environment(Path(folder))
        write_peers(Path(folder))
        print(f"{'milliseconds, medians of ' + str(rounds):<37}    ours  theirs   ratio  middle half  target")
        for pair in PAIRS:
            print(row(pair, *measured(pair, rounds)), flush=True)


if __name__ == "__main__":
    main()
