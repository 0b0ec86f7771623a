"""The report as a picture of a terminal: everything in its column, text escaped, the same bytes every time."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest

from backtrace.errors import UsageError
from backtrace.render.lines import Span
from backtrace.render.screen import GRID, INKS, pieces, report_on_screen, svg
from backtrace.render.terminal import STYLES
from backtrace.render.text import report_lines
from tests.runner import Runner

TEXT = "{http://www.w3.org/2000/svg}text"


def test_every_style_of_the_terminal_has_an_ink() -> None:
    assert set(INKS) == {"", *STYLES}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ((Span("  z₁ = 0.08  "), Span("0.5", "value")), [(2, 9, "z₁ = 0.08"), (13, 3, "0.5")]),
        ((Span("은닉층 (W)"),), [(0, 6, "은닉층"), (7, 3, "(W)")]),
        ((Span("e\u0301x"),), [(0, 2, "e\u0301x")]),
        ((), []),
    ],
    ids=["spans", "wide", "combining", "empty"],
)
def test_a_piece_stands_in_its_column(line: tuple[Span, ...], found: list[tuple[int, int, str]]) -> None:
    assert [(piece.column, piece.width, piece.text) for piece in pieces(line)] == found


def test_the_text_of_the_report_is_all_there(backtrace_command: Runner, tmp_path: Path) -> None:
    shown = backtrace_command("run", "configs/example.yaml").out
    outcome = backtrace_command("run", "configs/example.yaml", "-o", str(tmp_path / "a.svg"))
    assert (outcome.code, outcome.out) == (0, f"Wrote {tmp_path / 'a.svg'}.\n")
    texts = [element.text or "" for element in ElementTree.parse(tmp_path / "a.svg").iter(TEXT)]
    assert texts[0] == "Back propagation, two inputs, two hidden, two outputs"
    assert "".join(texts[1:]).replace(" ", "") == re.sub(r"\s", "", shown)


def test_text_is_escaped_and_a_long_line_widens_the_picture() -> None:
    made = "".join(svg([(Span("<b> & " + "x" * 100),)], 80, "<title> &"))
    root = ElementTree.fromstring(made)
    assert [element.text for element in root.iter(TEXT)] == ["<title> &", "<b> & " + "x" * 100]
    assert root.get("width") == str(GRID.width(106))


def test_a_report_too_long_to_be_looked_at_is_refused(
    backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backtrace.render import screen

    monkeypatch.setattr(screen, "LONGEST", 100)
    outcome = backtrace_command("run", "configs/example.yaml", "--format", "svg")
    assert outcome.code == 2
    assert outcome.err.startswith("the report has more than 100 lines: too long for a picture")
    assert backtrace_command("run", "configs/example.yaml", "--format", "svg", "--section", "error").code == 0


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


def test_a_png_is_twice_as_large_and_the_same_every_time(backtrace_command: Runner, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = ("run", "configs/example.yaml", "--section", "forward,error", "-o", str(tmp_path / "a.png"), "--force")
    made = []
    for _ in range(2):
        assert backtrace_command(*arguments).code == 0
        made.append((tmp_path / "a.png").read_bytes())
    assert made[0] == made[1]
    lines = backtrace_command(*arguments[:4]).out.count("\n")
    assert size(made[0]) == (2 * GRID.width(80), 2 * GRID.height(lines))


def test_every_sign_of_a_report_has_a_letter_in_the_fonts_that_matplotlib_brings() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.font_manager import findfont, get_font

    signs = "∂₀₁₉⁺·½ᵀ─…█▁▆²³ηΣμσ√′×│┤└┬∞" + "".join(map(chr, range(0x2800, 0x2900)))
    found = {code for name in ("DejaVu Sans Mono", "DejaVu Sans") for code in get_font(findfont(name)).get_charmap()}
    assert [sign for sign in signs if ord(sign) not in found] == []


def test_a_png_longer_than_pictures_can_be_is_refused() -> None:
    pytest.importorskip("matplotlib")
    from backtrace.render.pixels import png

    with pytest.raises(UsageError, match="a PNG of 1,500 lines would be too long"):
        png([()] * 1500, 80, "")


def test_the_lines_are_those_of_the_text() -> None:
    import backtrace
    from backtrace.render.formulas import Layout

    trace = backtrace.run("configs/example.yaml")
    assert report_on_screen(trace, Layout())[0] == list(report_lines(trace, Layout()))
