"""How long a comparison of many figures takes: python benchmarks/compare.py."""

from __future__ import annotations

import time

import backtrace
from backtrace.comparison.expected import Figure
from backtrace.config import from_document
from backtrace.yamlfile import parse

CONFIG = "inputs: {u: %s, v: %s}\nequations: {y: 'outer(u, v)', s: sum(y)}\nminimize: s\n"


def main() -> None:
    """Print the seconds for a thousand and for a hundred thousand values of an array."""
    for rows, columns in ((40, 25), (400, 250)):
        config = from_document(parse(CONFIG % ([1] * rows, [1] * columns), "benchmark"))
        trace = backtrace.run(config)
        figures = [Figure("y", "1.0", 1.0, 0.1, 2, index=(i, j)) for i in range(rows) for j in range(columns)]
        start = time.perf_counter()
        backtrace.diff(trace, figures)
        print(f"{rows * columns:7} figures  {time.perf_counter() - start:6.2f} s")


if __name__ == "__main__":
    main()
