"""How often the slip of a sheet is named right: python -m benchmarks.slips [--trials 20] [--only "g: "] [--show]."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random
from typing import NamedTuple

from tests.planted import conventions
from tests.planted.slips import NOT_PLANTED
from tests.planted.trials import Draw, Trial, arbitrary, clean, sources, trial
from tests.slip_cases import cases
from tests.slip_score import Outcome, Result, result, said, score

SHEETS = {"full": False, "short": True}
"""With the derivatives between the error and the weights, or without."""


class Asked(NamedTuple):
    """What the command line says."""

    trials: int
    seed: int
    digits: list[int]
    only: str
    show: bool


class Tally(NamedTuple):
    """The results of one row at certain digits on one kind of sheet."""

    name: str
    digits: int
    sheet: str
    results: list[Result]

    @property
    def rates(self) -> Counter[Outcome]:
        """How often each outcome came."""
        return Counter(result.outcome for result in self.results)

    def line(self) -> str:
        """The row of the table."""
        ties = [result.tie for result in self.results if result.tie]
        mean = f"{sum(ties) / len(ties):4.1f}" if ties else "   -"
        return f"{self.name:38} {self.digits:2} {self.sheet:5} {shares(self.rates)} {mean}"


def shares(rates: Counter[Outcome]) -> str:
    """The outcomes in percent."""
    count = rates.total()
    if not count:
        return "cannot be planted here"
    return f"{count:5} " + " ".join(f"{100 * rates[outcome] / count:6.1f}%" for outcome in Outcome)


def main() -> None:
    """Print what is said of the published cases, and the rates of every slip that can be planted."""
    asked = arguments()
    start = time.perf_counter()
    if not asked.only:
        published()
    slips = list(table("planted slips", sources(), asked))
    print("\n".join(f"not planted: {name}: {why}" for name, why in NOT_PLANTED.items()))
    list(table("nothing planted, so everything named is wrong", (("clean", clean), ("arbitrary", arbitrary)), asked))
    list(table("conventions of a whole sheet", conventions.DRAWS.items(), asked))
    for digits in asked.digits:
        rates = sum((tally.rates for tally in slips if tally.digits == digits), Counter[Outcome]())
        print(f"planted slips at {digits} digits:{shares(rates)}")
    print(f"{time.perf_counter() - start:.0f} s")


def arguments() -> Asked:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10, help="sheets of each slip, precision and kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--digits", type=int, nargs="+", default=[3, 4, 6])
    parser.add_argument("--only", default="", help="only slips whose name has this in it")
    parser.add_argument("--show", action="store_true", help="what is named wrong, each time")
    return Asked(**vars(parser.parse_args()))


def published() -> None:
    """What is said of the published cases."""
    print("published cases")
    for one in map(said, cases()):
        told = ", ".join(f"{root or 'somewhere'}: {outcome.value}" for root, outcome in one.outcomes.items())
        wrong = "; ".join(f"NAMED WRONG {sorted(name.kinds)} of {sorted(name.figures)}" for name in one.wrong)
        print(f"  {one.case.name:44} {told or 'nothing to be named'} {wrong}")
    print("  " + ", ".join(f"{count} {outcome.value}" for outcome, count in score(cases()).items()))


def table(title: str, rows: Iterable[tuple[str, Draw]], asked: Asked) -> Iterator[Tally]:
    """Print the rates of some sheets, a line for each precision and kind of sheet."""
    print(f"\n{title:38} digits   sheets  right  silent   wrong  tie")
    for name, draw in rows:
        if asked.only in name:
            for digits in asked.digits:
                for sheet, short in SHEETS.items():
                    random = Random(f"{asked.seed} {name} {digits} {sheet}")
                    meant = conventions.NAMES.get(name)
                    found = [(t, result(t, meant)) for t in drawn(draw, random, digits, short, asked.trials)]
                    tally = Tally(name, digits, sheet, [told for _, told in found])
                    print(tally.line(), flush=True)
                    if asked.show:
                        show(found)
                    yield tally


def drawn(draw: Draw, random: Random, digits: int, short: bool, count: int) -> Iterator[Trial]:
    """So many sheets; fewer where the slip does not show."""
    for _ in range(count):
        found = trial(draw, random, digits, short)
        if found is None:
            return
        yield found


def show(found: Iterable[tuple[Trial, Result]]) -> None:
    """Print the sheets of which something wrong is named."""
    for sheet, told in found:
        if told.outcome is Outcome.WRONG:
            network = sheet.network
            shape = f"{'-'.join(map(str, network.sizes))} {network.hidden}, {network.output}, {network.loss}"
            print(f"    {shape}, {network.samples} samples: {'; '.join(told.names)}")


if __name__ == "__main__":
    main()
