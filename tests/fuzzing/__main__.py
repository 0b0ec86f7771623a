"""Tries many inputs of every kind: python -m tests.fuzzing [configs] [--count 20000] [--first SEED] [--jobs 2]."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from multiprocessing import Pool
from typing import NamedTuple

from tests.fuzzing.inputs import KINDS, Input, made
from tests.fuzzing.trying import Tally, tally

CHUNK = 250
SHOWN = 20


class Part(NamedTuple):
    """Some inputs of a kind, by their seeds."""

    kind: str
    first: int
    stop: int


def main() -> int:
    """Print how far the inputs came, and each that was not answered as it should be; 1 if there is any."""
    asked = _asked()
    failed = 0
    for kind in asked.kinds or KINDS:
        found = _tried(kind, asked.first, asked.count, asked.jobs)
        print(found, flush=True)
        failed += len(found.wrong)
        for one in found.wrong[:SHOWN]:
            print(f"\n--- {kind} {one.input.seed}: {one.wrong.strip()}\n{one.input.data[:600]!r}")
    if asked.show:
        print(made(asked.kinds[0], asked.first).data.decode(errors="replace"))
    return min(failed, 1)


def _asked() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    reader.add_argument("--count", type=int, default=20_000)
    reader.add_argument("--first", type=int, default=0, help="the first seed; the next ones follow")
    reader.add_argument("--jobs", type=int, default=2)
    reader.add_argument("--show", action="store_true", help="print the first input itself")
    return reader.parse_args()


def _tried(kind: str, first: int, count: int, jobs: int) -> Tally:
    parts = [Part(kind, at, min(at + CHUNK, first + count)) for at in range(first, first + count, CHUNK)]
    with Pool(jobs, maxtasksperchild=8) as pool:
        tallies = list(pool.imap_unordered(_of_part, parts))
    wrong = tuple(sorted((one for each in tallies for one in each.wrong), key=lambda one: one.input.seed))
    reached = tuple(map(sum, zip(*(each.reached for each in tallies), strict=True)))
    return Tally(kind, sum(each.count for each in tallies), reached, wrong)


def _of_part(part: Part) -> Tally:
    return tally(_inputs(part))


def _inputs(part: Part) -> Iterator[Input]:
    for seed in range(part.first, part.stop):
        yield made(part.kind, seed)


if __name__ == "__main__":
    sys.exit(main())
