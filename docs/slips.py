"""Write docs/slips.md, the page of the mistakes that are recognised, from their tables: python docs/slips.py."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from backtrace.comparison.slips.copying import RULES
from backtrace.comparison.slips.procedures import PROCEDURES
from backtrace.comparison.slips.search import ROWS
from backtrace.comparison.slips.steps import Kind

PAGE = Path(__file__).parent / "slips.md"
INTRODUCTION = """# Mistakes

This page is written from the tables in `backtrace/comparison/slips/` by `python docs/slips.py`.

`backtrace diff` says of a figure that is wrong by itself which mistake it is consistent with: it rewrites the formula
of every step that may have led to the figure and looks whether that gives it. Which step is what is read off the
operations and the graph; names mean nothing.

A figure is worked out anew three times: from everything that the sheet prints before it, from the wrong figures alone,
and from what is given. A mistake is named only if

- it gives the figure to its digits, and something that is ten tolerances or more from the right value;
- no figure beside it speaks against it: who leaves something out in a whole array leaves it out everywhere, and a wrong
  figure of the same array must be what the mistake makes of it;
- chance would not give the figure as well: what is tried is counted, and what lies as near to the right value as the
  figure must be met by accident in less than one case of fifty, of two hundred where another step or the whole
  procedure is at fault. Few digits say little; several wrong figures that one mistake gives say more than one.

Tried are, in this order: the figure's own step and those before it that are not printed, the whole procedure, any step
from the given values on, and slips of the pen. Of several that fit, those that explain most figures are named; where
they explain as many they are a tie, and all are listed. Where nothing fits, nothing is said.
"""
TITLES: Final = {
    Kind.FORWARD: "Forward propagation",
    Kind.ERROR: "The error",
    Kind.SLOPE: "Derivatives, one step back",
    Kind.LOCAL: "Local derivatives",
    Kind.UPDATE: "Updates",
}


def page() -> str:
    """The whole page."""
    sections = (section(title, _rows(kind)) for kind, title in TITLES.items())
    whole = section("The whole procedure", ((row.kind, row.sentence) for row in PROCEDURES))
    pen = section(
        "The pen", ((kind, "") for kind in dict.fromkeys((*(rule.kind for rule in RULES), "neighbours-value")))
    )
    return "\n".join([INTRODUCTION, *(line for lines in (*sections, whole, pen) for line in lines)])


def _rows(kind: Kind) -> Iterator[tuple[str, str]]:
    """The rewritings of one sort of step, with dots for what their sentences name."""
    return ((row.kind, re.sub(r"\{\d\}", "…", row.sentence)) for row in ROWS if kind in row.steps)


def section(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A table, or a list of what needs no words."""
    yield f"## {title}\n"
    listed = list(dict.fromkeys(rows))
    if not any(words for _, words in listed):
        yield ", ".join(f"`{kind}`" for kind, _ in listed) + ".\n"
        return
    yield "| kind | in words |\n|---|---|"
    yield from (f"| `{kind}` | {words} |" for kind, words in listed)
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
