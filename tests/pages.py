"""Pages for tests: configs written in a format, and what stands in a page, taken out of it again."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from backtrace.build import build
from backtrace.config import read
from backtrace.render.formats import FORMATS
from backtrace.render.formulas import Layout
from backtrace.render.numbers import numbers_for
from backtrace.trace import Trace, run_graph
from backtrace.words import words
from tests.runner import ROOT

CONFIGS: Final = tuple(sorted(path for path in (ROOT / "configs").glob("*.yaml") if ".expected" not in path.name))
PUBLISHED: Final = tuple(
    sorted(path for path in (ROOT / "configs" / "published").glob("*.yaml") if ".expected" not in path.name)
)
HOSTILE: Final = """
title: "\\\\input{/etc/passwd} { } $x$ & 50% # _a_ ~ ^ < > | \\" ' -- <b>x</b> [l](u) `c` *e* η σ₁ ½ → 한글 日本 😀 \\u202Ea Ω Ж &lt; #"
inputs: {x_in: 0.5, 입력: 0.25, a_b_: 2, η0: 1, x: [1, 2], ж: 1}
targets: {y_: 1}
parameters: {w: 0.5, σ1: [0.1, 0.2], weight_matrix_long: 0.3, lambda_: 0.75}
learning_rate: 0.1
optimizer: adam
equations:
  은닉: w*x_in + weight_matrix_long*입력*lambda_
  p: sum(σ1*x) * 은닉**2 + η0*(a_b_ + w)**3 + ж
  o_: sigmoid(p/4)
  E: 0.5*(y_ - o_)**2 + abs(w)**2 + w**2*(o_**2)**2 + where(w < p, w, p)
minimize: E
"""  # noqa: E501
"""A config with every sign that means something to a page."""


def traced(config: Path, epochs: int | None = None) -> Trace:
    """A config run, its first and its last epoch recorded."""
    graph = build(read(config))
    last = epochs or graph.default_epochs
    return run_graph(graph, epochs=last, keep={1, last})


def page(trace: Trace, format_: str, language: str = "en", fragment: bool = False) -> str:
    """A trace in a format that is text, as the command line writes it."""
    layout = Layout(numbers=numbers_for(trace.rounding), words=words(language), fragment=fragment)
    pieces = FORMATS[format_].pages(trace, replace(layout, epochs=(1, len(trace.losses))))
    return "".join(piece if isinstance(piece, str) else piece.decode() for piece in pieces)


class Formula(NamedTuple):
    """A formula of a Markdown page."""

    tex: str
    display: bool


DISPLAY: Final = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.MULTILINE | re.DOTALL)
INLINE: Final = re.compile(r"(?<!\\)\$([^$]+?)(?<!\\)\$")


def formulas(markdown: str) -> list[Formula]:
    """The formulas of a Markdown page: displays, and those within lines."""
    found = [Formula(tex, True) for tex in DISPLAY.findall(markdown)]
    return found + [Formula(tex, False) for tex in INLINE.findall(DISPLAY.sub("", markdown))]


TEN: Final = re.compile(r" \\cdot 10\^\{(-?)(\d+)\}")
FIGURE: Final = re.compile(r"\d+\.\d{4,}(?:e[-+]\d+)?")


def figures(text: str) -> Counter[str]:
    """The numbers of a page with four decimals or more, as the terminal writes them."""
    plain = TEN.sub(lambda power: f"e{power[1] or '+'}{int(power[2]):02}", text)
    short = re.sub(r"e(-?)(\d+)", lambda power: f"e{power[1] or '+'}{int(power[2]):02}", plain)
    return Counter(FIGURE.findall(short))
