"""Documents are compiled by pdflatex, where it is there: no errors, no sign lost, no line that leaves the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pages import HOSTILE, page, traced
from tests.runner import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
FOREIGN = r"""\documentclass{article}
\usepackage{amsmath,amssymb,booktabs,longtable,siunitx}
\begin{document}
Before. \input{part} After.
\end{document}
"""


def has_package(name: str) -> bool:
    found = subprocess.run(["kpsewhich", f"{name}.sty"], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip())


def compiled(folder: Path, document: str) -> str:
    """What pdflatex says of a document, after it was compiled without an error."""
    (folder / "page.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    outcome = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "page.log").read_text(encoding="utf-8", errors="replace")
    assert outcome.returncode == 0, "\n".join(re.findall(r"^!.*(?:\n.*){3}", log, re.MULTILINE))
    return log


def faults(log: str) -> list[str]:
    """Signs that no font had, and lines more than ten points too wide."""
    wide = [f"{points} pt too wide" for points in re.findall(r"Overfull \\hbox \((\d{2,}\.\d+)pt", log)]
    return wide + re.findall(r"^Missing character.*", log, re.MULTILINE)


@pytest.mark.parametrize("config", ["example", "regression_huber"])
def test_a_document_compiles(tmp_path: Path, config: str) -> None:
    trace = traced(ROOT / "configs" / f"{config}.yaml", 1)
    assert faults(compiled(tmp_path, page(trace, "latex"))) == []


def test_a_document_in_korean_with_every_sign_compiles(tmp_path: Path) -> None:
    if not has_package("kotex"):
        pytest.skip("needs kotex")
    config = tmp_path / "hostile.yaml"
    config.write_text(HOSTILE, encoding="utf-8")
    assert faults(compiled(tmp_path, page(traced(config, 1), "latex", "ko"))) == []


def test_a_fragment_stands_in_another_document(tmp_path: Path) -> None:
    fragment = page(traced(ROOT / "configs" / "xor.yaml", 1), "latex", fragment=True)
    (tmp_path / "part.tex").write_text(fragment, encoding="utf-8")
    compiled(tmp_path, FOREIGN)
