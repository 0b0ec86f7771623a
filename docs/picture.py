"""Draw the README's picture, an SVG of the report of configs/example.yaml: python docs/picture.py."""

from __future__ import annotations

import io
from pathlib import Path

import backtrace
from backtrace.render.formulas import Layout
from backtrace.render.terminal import STYLES
from backtrace.render.text import report_lines
from backtrace.report import Choice

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "example.svg"
SECTIONS = ("forward", "error", "step 1")
# Without rich's fonts from the web: a picture that needs no network looks the same everywhere.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def drawn() -> str:
    """The picture as SVG."""
    from rich.console import Console
    from rich.text import Text

    trace = backtrace.run(ROOT / "configs" / "example.yaml")
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, highlight=False)
    for line in report_lines(trace, Layout(width=80, choice=Choice(sections=SECTIONS))):
        text = Text()
        for span in line:
            text.append(span.text, style=STYLES.get(span.role, ""))
        console.print(text)
    return console.export_svg(title="backtrace run configs/example.yaml", code_format=FORMAT, unique_id="backtrace")


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8", newline="\n")
