"""Every formula of every Markdown page is parsed by KaTeX, which pages on the web are rendered with.

It runs where node and the package are there: ``npm install`` in tests/katex, or its folder in the variable KATEX.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pages import CONFIGS, HOSTILE, PUBLISHED, Formula, formulas, page, traced

FOLDER = Path(__file__).parent / "katex"
THERE = shutil.which("node") and (os.environ.get("KATEX") or (FOLDER / "node_modules" / "katex").is_dir())
pytestmark = pytest.mark.skipif(not THERE, reason="needs node and KaTeX: npm install in tests/katex, or KATEX=folder")


def refused(pages: dict[str, str]) -> list[str]:
    """What KaTeX refuses, and on which page it stands."""
    places: dict[Formula, str] = {formula: name for name, text in pages.items() for formula in formulas(text)}
    asked = json.dumps([formula._asdict() for formula in places])
    made = subprocess.run(["node", str(FOLDER / "check.mjs")], input=asked, capture_output=True, text=True, check=True)
    found = json.loads(made.stdout)["refused"]
    return [f"{places[Formula(one['tex'], one['display'])]}: {one['error']}" for one in found]


def test_katex_reads_every_formula_of_the_configs() -> None:
    pages = {f"{path.stem} {epochs}": page(traced(path, epochs), "markdown") for path in CONFIGS for epochs in (1, 3)}
    assert refused(pages) == []


def test_katex_reads_every_formula_of_the_gallery() -> None:
    assert refused({path.stem: page(traced(path), "markdown") for path in PUBLISHED}) == []


def test_katex_reads_names_with_every_sign(tmp_path: Path) -> None:
    config = tmp_path / "hostile.yaml"
    config.write_text(HOSTILE, encoding="utf-8")
    assert refused({lang: page(traced(config, 3), "markdown", lang) for lang in ("en", "ko")}) == []


def test_a_formula_that_is_none_is_refused() -> None:
    assert len(refused({"page": "$x^{+}^{2}$ and $x_1$ and\n\n$$\n\\frac{1\n$$\n"})) == 2
