"""Write docs/optimizers.md, the page of the update rules, from their table: python docs/optimizers.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backtrace.expressions import number_text
from backtrace.rules import OPTIMIZERS, Optimizer

PAGE = Path(__file__).parent / "optimizers.md"
INTRODUCTION = """# The optimizers

This page is written from the table `backtrace/rules.py` by `python docs/optimizers.py`.

`optimizer: adam` names a rule; `optimizer: {kind: adam, beta1: 0.8, state: {m: 0.1}, start: 6}` also states options,
first values of its state (a number, or `{W: [[...]]}` by parameter) and the number of the first update. In the
equations, run in the order shown, `p` is the parameter, `g` its gradient (uphill with the other sign), `lr` the
learning rate, `n` the update and `k` the epoch, both from 1. State begins with the value shown and is remembered;
everything else is computed anew. In a report the state `m` of `U11` is m(U₁₁), its key `m.U11`, and `m.U11+` after
the update; `m_hat` is shown as m̂.

Before the rule, in this order: gradients are clipped, then `weight_decay` is added to the gradient as
`g + weight_decay*p`; decoupled, as rules so marked have it, it makes `p - lr*weight_decay*p` of the parameter, which
the rule then reads as `p`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(line for row in OPTIMIZERS.values() for line in section(row))])


def section(row: Optimizer) -> Iterator[str]:
    """A rule: what it is, its options, its equations."""
    yield f"## `{row.name}`\n"
    title = str(row.title)
    yield f"{title[0].upper()}{title[1:]}. {row.about[0].upper()}{row.about[1:]}.\n"
    options = ", ".join(f"`{name}: {number_text(value)}`" for name, value in row.options.items())
    decay = " Weight decay is decoupled." if row.decoupled else ""
    yield f"Options: {options or 'none'}.{decay}\n"
    yield "```yaml"
    if row.state:
        yield f"state: {{{', '.join(f'{name}: {first}' for name, first in row.state.items())}}}"
    yield "update:"
    yield from (f"  {name}: {equation}" for name, equation in row.update.items())
    yield "```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
