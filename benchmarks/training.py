"""How long a training step takes, beside peers: python -m benchmarks.training [--only W1] [--rounds 15] [--quick].

All run in turn in one process, on the same numbers, with the same updates, each on one thread. Ratios count; the times
behind them are the processor's, so that a busy machine disturbs them less.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
"""Read by the libraries when they are imported: nothing that imports numpy stands above."""


def main() -> None:
    """Print a table of each work load, what is wanted, other graphs, and whole runs."""
    asked = arguments()
    os.environ.update(ONE_THREAD)
    from benchmarks import gallery, whole
    from benchmarks.contest import CONTESTS, WINDOW, held
    from benchmarks.loads import loads
    from benchmarks.targets import verdicts

    rounds, window = (3, WINDOW / 4) if asked.quick else (asked.rounds, WINDOW)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        all_loads = {load.name: load for load in loads(Path(folder))}
        print("microseconds of the processor a step: the median, and the middle half", flush=True)
        for contest in CONTESTS:
            if wanted(contest.name, asked.only):
                found[contest.name] = held(contest, all_loads[contest.load], rounds, window)
                print("\n".join(found[contest.name].lines()), flush=True)
        print(*verdicts(found), sep="\n", flush=True)
        if wanted("gallery", asked.only):
            print("\n".join(gallery.table(list(all_loads.values()), rounds, window)), flush=True)
    if wanted("whole", asked.only):
        print("\n".join(whole.table(1 if asked.quick else 3)), flush=True)


def wanted(name: str, only: str) -> bool:
    """Whether a part is asked for: all are, unless some are named; W3 names both of its kind.

    >>> wanted("W3/64", "W1,W3"), wanted("W4", "W1,W3"), wanted("whole", "")
    (True, False, True)
    """
    return not only or any(name.startswith(part.strip()) for part in only.split(","))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Training beside others.")
    parser.add_argument("--only", default="", help="parts by name: W1, W2, W3, W4, W5a, W5b, gallery, whole")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    return parser.parse_args()


if __name__ == "__main__":
    main()
