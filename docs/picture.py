"""Draw the README's picture, an SVG of the report of configs/example.yaml: python docs/picture.py."""

from __future__ import annotations

from pathlib import Path

import backtrace
from backtrace.render.formulas import Layout
from backtrace.render.screen import svg
from backtrace.render.text import report_lines
from backtrace.report import Choice

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "example.svg"
SECTIONS = ("forward", "error", "step 1")


def drawn() -> str:
    """The picture as SVG."""
    trace = backtrace.run(ROOT / "configs" / "example.yaml")
    lines = list(report_lines(trace, Layout(width=80, choice=Choice(sections=SECTIONS))))
    return "".join(svg(lines, 80, "backtrace run configs/example.yaml"))


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8", newline="\n")
