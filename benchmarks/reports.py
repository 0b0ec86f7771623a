"""How long reports take, line by line, beside Rich's tables of as many rows: python -m benchmarks.reports.

Both run in turn in one process, the trace made beforehand; ratios count, not times. Rich is asked for tables of 1,000
and of 10,000 rows, and a table of more is taken to need as much for a row.
"""

from __future__ import annotations

import io
import resource
from dataclasses import dataclass
from functools import partial
from random import Random
from time import perf_counter

import backtrace
from backtrace.config import from_document
from backtrace.render.formulas import Layout
from backtrace.render.text import pages
from backtrace.report import Choice
from backtrace.trace import Trace
from backtrace.yamlfile import parse
from benchmarks.measure import interleaved, ratios, seconds, spread

RICH_ROWS = (1_000, 10_000)
ROUNDS = 3


@dataclass(frozen=True)
class Case:
    """A report: of which config, how many epochs, and whether nothing is left out."""

    name: str
    config: str
    full: bool = True
    epochs: int = 1

    def trace(self) -> Trace:
        """Its run, every epoch recorded."""
        config = from_document(parse(self.config, self.name))
        return backtrace.run(config, epochs=self.epochs, keep=range(1, self.epochs + 1))


def drawn(*sizes: int) -> str:
    """Numbers with three decimals, as a list or as lists."""
    if len(sizes) > 1:
        return f"[{', '.join(drawn(*sizes[1:]) for _ in range(sizes[0]))}]"
    return f"[{', '.join(f'{RANDOM.uniform(-1, 1):.3f}' for _ in range(sizes[0]))}]"


RANDOM = Random(3)


def network(*sizes: int, samples: int = 0) -> str:
    """A network with biases, tanh within and half the squared error."""
    lead = (samples,) if samples else ()
    layers = [
        f"  - {{weights: {{init: xavier_uniform}}, units: {size}, bias: {{init: zeros}}, activation: tanh}}\n"
        for size in sizes[1:]
    ]
    given = f"inputs: {drawn(*lead, sizes[0])}\ntargets: {drawn(*lead, sizes[-1])}\n"
    if not samples:
        given = given.replace("inputs: ", "inputs: {x: ").replace("]\ntargets: ", "]}\ntargets: {y: ").rstrip() + "}\n"
    return (
        given
        + "reduce: mean\n" * bool(samples)
        + f"learning_rate: 0.1\nseed: 1\nlayers:\n{''.join(layers)}loss: half_squared_error\n"
    )


def chain(size: int) -> str:
    """Elementwise equations one after another."""
    given = f"inputs: {{x: {drawn(size)}}}\nparameters: {{a: {drawn(size)}}}\nlearning_rate: 0.1\n"
    return given + "equations: {z: a*x, h: sigmoid(z), q: tanh(h), L: 0.5*q**2}\nminimize: sum(L)\n"


CASES = (
    Case("20-13-3", network(20, 13, 3)),
    Case("chain of 1,000", chain(1_000)),
    Case("140-140", network(140, 140)),
    Case("300-300", network(300, 300)),
    Case("784-128-10", network(784, 128, 10)),
    Case("784-128-10, cut", network(784, 128, 10), full=False),
    Case("1,000 samples", network(2, 3, 1, samples=1_000)),
    Case("1,000 samples, cut", network(2, 3, 1, samples=1_000), full=False),
    Case("2-2-2, 100 epochs", network(2, 2, 2), full=False, epochs=100),
)


def layout(case: Case) -> Layout:
    """With every epoch."""
    return Layout(choice=Choice(full=case.full), epochs=tuple(range(1, case.epochs + 1)))


def written(case: Case, trace: Trace) -> int:
    """How many lines the report has; they are thrown away."""
    return sum(1 for _ in pages(trace, layout(case)))


def fresh_seconds(case: Case) -> float:
    """How long a report takes of which nothing has been looked at before."""
    trace = case.trace()
    return seconds(lambda: written(case, trace))


def first_line(case: Case, trace: Trace) -> float:
    """How long the first line of a number takes."""
    start = perf_counter()
    next(line for line in pages(trace, layout(case)) if " = " in line and "  " in line)
    return perf_counter() - start


def rich_table(rows: int) -> None:
    """A table of names and five numbers in Rich."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*"abcdef")
    for row in range(rows):
        table.add_row(f"W_{row}", *(f"{row * 0.1 + column:.8f}" for column in range(5)))
    Console(file=io.StringIO(), width=100).print(table)


def main() -> None:
    """Print a row for each case."""
    print(f"{'':20}{'lines':>9}{'first':>9}{'all':>9}{'a line':>9}{'Rich':>10}{'ratio':>7}  middle half       MB")
    for case in CASES:
        fresh, trace = case.trace(), case.trace()
        first, lines = first_line(case, fresh), written(case, trace)
        rich = RICH_ROWS[lines > RICH_ROWS[1]]
        runs = {
            "ours": partial(fresh_seconds, case),
            "rich": partial(seconds, partial(rich_table, rich)),
        }
        found = interleaved(runs, ROUNDS)
        theirs = [taken * lines / rich for taken in found["rich"]]
        middle, low, high = ratios(found["ours"], theirs)
        ours, memory = spread(found["ours"])[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{case.name:20}{lines:9,}{first:8.2f}s{ours:8.2f}s{ours / lines * 1e6:6.0f} us"
            f"{spread(theirs)[0]:9.1f}s{middle:7.1f}  {low:.1f} to {high:.1f}{memory:12,}"
        )


if __name__ == "__main__":
    main()
