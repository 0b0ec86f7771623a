"""Puts faults into the program and counts those the tests notice: python -m tests.mutating [GROUP...] [--count 50]."""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from random import Random

from tests.mutating.mutants import Mutant, mutants
from tests.mutating.trying import ROOT, Faulty, Watched, notices, watched

GROUPS: dict[str, tuple[str, str]] = {
    # group       files                          tests, the nearest first
    "ops": (
        "backtrace/ops/*.py",
        "ops by_hand language gradient_rows loss_rows wrong_rules backward executors arrays straight quantities "
        "training typeset tex html symbols expressions graph hints",
    ),
    "backward": (
        "backtrace/backward.py",
        "backward gradient_rows ops training chains graph executors alike recurrence",
    ),
    "diff": (
        "backtrace/comparison/*.py",
        "verdicts expected sources alignment conventions rounding tolerances symbols worksheets rounded slip_cases "
        "slips slip_rows published variants recognition",
    ),
    "slips": ("backtrace/comparison/slips/*.py", "slip_rows slips slip_cases planted"),
    "loader": (
        "backtrace/yamlfile/*.py backtrace/config/*.py",
        "yamlfile badinputs corpus refusals hints one_pass layers data initial optimizers training errors recurrence",
    ),
    "equations": ("backtrace/expressions/*.py", "expressions language badinputs corpus graph simplify"),
}
# Loaded before the first mutant, so that no mutant loads them anew.
HEAVY = "numpy hypothesis hypothesis.strategies typer rich.console yaml pytest json csv"
SECONDS = 60.0
"""So long may the tests of one mutant take, by what they took when they were watched."""


def main() -> None:
    """Run the groups that are asked for and print what came out."""
    asked = _asked()
    for name in HEAVY.split():
        importlib.import_module(name)
    for group in asked.groups or GROUPS:
        files, tests = GROUPS[group]
        seen = watched([f"tests/test_{test}.py" for test in tests.split() if (ROOT / f"tests/test_{test}.py").exists()])
        print(f"{group}: {len(seen)} tests, {sum(each.seconds for each in seen):.0f} s watched", flush=True)
        _report(group, _sample(files, asked.count, asked.seed, asked.only), seen)


def _asked() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    reader.add_argument("--count", type=int, default=50, help="mutants of each group, drawn by the seed (50)")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--only", nargs="*", default=[""], help="only mutants that begin so, as FILE:LINE:")
    return reader.parse_args()


def _sample(patterns: str, count: int, seed: int, only: Sequence[str]) -> list[Mutant]:
    every = [mutant for each in _files(patterns) for mutant in mutants(ROOT / each, each)]
    chosen = [each for each in every if each.title.startswith(tuple(only))]
    return sorted(Random(seed).sample(chosen, min(count, len(chosen))), key=lambda each: (each.file, each.line))


def _files(patterns: str) -> Iterator[str]:
    for pattern in patterns.split():
        yield from sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))


def _report(group: str, tried: Sequence[Mutant], seen: Iterable[Watched]) -> None:
    seen, killed, begun = list(seen), 0, time.monotonic()
    for mutant in tried:
        tests = _near(mutant, seen)
        caught = bool(tests) and notices(_faulty(mutant), tests, 30 + 3 * SECONDS)
        killed += caught
        if not caught:
            print(f"  survives {len(tests):4} tests  {mutant.title}", flush=True)
    share = killed / max(1, len(tried))
    print(f"{group}: {killed} of {len(tried)} killed, {share:.1%}, in {time.monotonic() - begun:.0f} s", flush=True)


def _faulty(mutant: Mutant) -> Faulty:
    module = mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    tree = mutant.made()
    assert isinstance(tree, ast.Module)
    return Faulty(module, str(ROOT / mutant.file), tree)


def _near(mutant: Mutant, seen: Sequence[Watched]) -> list[str]:
    """Tests that run the function of the mutant, or its module; the quick ones, then those of the nearest file.

    A function that only makes a table, while its module is loaded, is held by whatever test looks at the module.
    """
    place = (mutant.file, mutant.function)
    of_function = [each for each in seen if mutant.function and place in each.functions]
    of_module = [each for each in seen if any(file == mutant.file for file, _ in each.functions)]
    quick = sorted(of_function or of_module or seen, key=lambda each: each.seconds)
    if not mutant.function:
        quick = [*quick, *(each for each in seen if each.test.startswith(_own_tests(mutant)) and each not in quick)]
    order = [*_within(quick, SECONDS / 2)]
    rest = [each for each in seen if each in quick and each not in order]
    return [each.test for each in [*order, *_within(rest, SECONDS)]]


def _own_tests(mutant: Mutant) -> str:
    """How the tests of a module's own file begin."""
    return f"tests/test_{mutant.file.rpartition('/')[2].removesuffix('.py')}.py::"


def _within(tests: Iterable[Watched], seconds: float) -> Iterator[Watched]:
    for each in tests:
        seconds -= each.seconds
        if seconds < 0:
            return
        yield each


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    main()
