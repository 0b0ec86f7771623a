"""Curves over the epochs: their points, their page on the terminal, their pictures, and what is refused."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from backtrace.build import build
from backtrace.config import read
from backtrace.curves import Curve, Name, Plot, as_far_as_finite, plot, recorded_epochs, runs
from backtrace.graph import Graph
from backtrace.render.braille import Page, braille
from backtrace.render.plots import Look, pages
from backtrace.render.scales import Scale, epoch_scale, value_scale
from backtrace.schedule import Keep
from backtrace.trace import Trace, run_graph
from tests.looked_at import FOLDER, kept
from tests.runner import ROOT, Runner

PLOTS = FOLDER / "plots"
NAN = float("nan")

DIVERGING = """
title: "신경망 $x^2$ <b> & more"
inputs: {x: 2}
targets: {y: 7}
parameters: {w: 0.1, b: 0.0}
equations: {p: w*x + b, E: (p - y)**2}
minimize: E
learning_rate: [0.01, 0.05, 1.5]
"""

BATCHES = """
inputs: [{x: 1}, {x: 2}, {x: 3}]
targets: [{y: 2}, {y: 4}, {y: 7}]
layers:
  - {weights: [[0.1]], bias: [0.0]}
loss: half_squared_error
batch_size: 1
learning_rate: 3
"""


@pytest.fixture
def diverging(tmp_path: Path) -> str:
    (tmp_path / "net.yaml").write_text(DIVERGING, encoding="utf-8")
    return str(tmp_path / "net.yaml")


def curve(*values: float, ended: int = 0, name: str = "E") -> Curve:
    return Curve(Name(name, name), np.arange(1, len(values) + 1), np.array(values), ended)


def drawing(*curves: Curve, log: bool = False, logx: bool = False, **look: int | bool) -> list[str]:
    """The lines of curves and axes, without the legend."""
    made = Plot("", Name("E", "E"), curves, (), log, logx)
    lines = "".join(pages(made, Look(**{"width": 24, "height": 4, **look}))).split("\n")  # type: ignore[arg-type]
    return lines[1 : lines.index("")]


# ── the page of dots ──


@pytest.mark.parametrize(
    ("xs", "ys", "rows"),
    [
        ((0, 1), (0, 1), ["  ⡠⠊", "⡠⠊  "]),
        ((0, 1), (0, 0), ["    ", "⣀⣀⣀⣀"]),
        ((0, 1), (1, 1), ["⠉⠉⠉⠉", "    "]),
        ((0.5,), (0.5,), ["    ", "  ⠁ "]),
        ((0, 0.3, 0.5, 0.7, 1), (0, 0, NAN, 1, 1), ["  ⠈⠉", "⣀⡀  "]),
        ((0, 0.5, 1), (0, 9, 0), ["⡇  ⢸", "⡇  ⢸"]),
        ((0, 0, 0, 1), (1, 0, 0.5, 0.5), ["⡇   ", "⡏⠉⠉⠉"]),
        ((), (), ["    ", "    "]),
    ],
    ids=["diagonal", "floor", "ceiling", "point", "gap", "beyond the page", "many points in a column", "nothing"],
)
def test_a_curve_is_drawn_as_dots(xs: tuple[float, ...], ys: tuple[float, ...], rows: list[str]) -> None:
    page = Page(4, 2)
    numbers = page.characters(page.drawn(np.array(xs, dtype=float), np.array(ys, dtype=float)))
    assert ["".join(map(braille, row)) for row in numbers.tolist()] == rows


# ── scales ──


@pytest.mark.parametrize(
    ("values", "log", "texts"),
    [
        ((0.01, 0.29), False, ["0", "0.1", "0.2", "0.3"]),
        ((0.0, 1000.0), False, ["0", "500", "1000"]),
        ((-1.0, 1.0), False, ["-1", "0", "1"]),
        ((3.0, 3.0), False, ["2", "3", "4"]),
        ((0.0, 0.0), False, ["-0.5", "0", "0.5"]),
        ((1e9, 1e9 + 10), False, ["1.000000000e+09", "1.000000005e+09", "1.000000010e+09"]),
        ((0.0, 2e-7), False, ["0", "1e-07", "2e-07"]),
        ((-1e308, 1.0, NAN, 2.0), False, ["1.0", "1.5", "2.0"]),
        ((0.001, 0.9), True, ["0.001", "0.01", "0.1", "1"]),
        ((1e-30, 1.0), True, ["1e-30", "1e-20", "1e-10", "1"]),
        ((0.3, 0.4), True, ["0.30", "0.35", "0.40"]),
        ((), False, ["0.5", "1.0", "1.5"]),
    ],
)
def test_ticks_are_numbers_that_are_easy_to_read(values: tuple[float, ...], log: bool, texts: list[str]) -> None:
    assert list(value_scale(np.array(values, dtype=float), log, 3).texts) == texts


@pytest.mark.parametrize(
    ("first", "last", "log", "texts"),
    [
        (1, 1, False, ["1"]),
        (1, 2, False, ["1", "2"]),
        (1, 1000, False, ["1", "200", "400", "600", "800", "1000"]),
        (1, 1000, True, ["1", "10", "100", "1000"]),
        (1, 5, True, ["1", "2", "3", "4", "5"]),
    ],
)
def test_epochs_have_whole_ticks_from_the_first_on(first: int, last: int, log: bool, texts: list[str]) -> None:
    assert list(epoch_scale(first, last, log, 5).texts) == texts


def test_what_is_not_finite_has_no_place() -> None:
    places = Scale(0, 4, False, (), ()).places(np.array([0.0, 1.0, 4.0, np.inf, NAN, 1e305]))
    np.testing.assert_array_equal(places, [0, 0.25, 1, NAN, NAN, NAN])


# ── on the terminal ──


def test_a_curve_stands_within_its_axes() -> None:
    assert drawing(curve(4, 2, 1, 0)) == [
        " 4 ┤⠑⠢⢄",
        "   │   ⠉⠢⢄⡀",
        " 2 ┤      ⠈⠉⠒⠒⠤⠤⣀⣀",
        " 0 ┤              ⠉⠑⠒⠢⠤⣀",
        "   └┬─────┬────────────┬",
        "    1     2            4",
        "           epoch",
    ]


def test_ascii_curves_are_letters_and_a_curve_that_ends_has_a_cross() -> None:
    lines = drawing(curve(1, 1, 1, 1, name="one"), curve(0, 9, ended=3, name="two"), ascii=True, height=3)
    assert "".join(lines).isascii()
    assert any("x" in line for line in lines)
    assert lines[0].rstrip().endswith("a")


@pytest.mark.parametrize(
    "values",
    [(1.0,), (2.0, 2.0, 2.0), (NAN, 1.0, NAN, 2.0), (1e-300, 1e299), (-1e308, 1e308), (0.0, 0.0), (5e-324, 1.0)],
)
@pytest.mark.parametrize("plain", [False, True])
def test_odd_values_make_a_page_of_the_right_size(values: tuple[float, ...], plain: bool) -> None:
    lines = drawing(curve(*values), ascii=plain)
    assert (len(lines), max(map(len, lines)) <= 24) == (7, True)


SHOWN = {
    "xor": ("configs/xor.yaml", "--epochs", "1000"),
    "rates": ("configs/example.yaml", "--epochs", "200", "--rates", "0.1,0.5,2", "--log"),
    "weights": ("configs/example.yaml", "--epochs", "100", "--show", "weights", "--height", "20"),
    "configs": ("configs/example.yaml", "configs/mazur.yaml", "--epochs", "500", "--logx"),
    "ascii": ("configs/example.yaml", "--epochs", "50", "--show", "dE_tot/dU*", "--ascii"),
    "one": ("configs/example.yaml", "--show", "W11"),
}


@pytest.mark.parametrize("width", [80, 140])
@pytest.mark.parametrize("name", SHOWN)
def test_the_plot_is_the_one_that_was_looked_at(backtrace_command: Runner, name: str, width: int) -> None:

    outcome = backtrace_command("plot", *SHOWN[name], width=width)
    assert (outcome.code, outcome.err) == (0, "")
    assert max(map(len, outcome.out.splitlines())) <= width
    path = PLOTS / f"{name}-{width}.txt"
    assert outcome.out == kept(path, outcome.out)


def test_colours_take_the_place_of_letters_on_the_curves(
    backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backtrace.render import terminal

    monkeypatch.setattr(terminal, "coloured", lambda stream: True)
    outcome = backtrace_command("plot", "configs/example.yaml", "--epochs", "50", "--rates", "0.1,1")
    assert "\x1b[36m" in outcome.out
    plain = re.sub(r"\x1b\[[\d;]*m", "", outcome.out)
    assert sum(line.count("a") for line in plain.splitlines()[1:] if "│" in line or "┤" in line) == 1


# ── what the curves are ──


def plain_train(graph: Graph, epochs: int, keep: object, rate: float | None) -> Trace:
    values = {} if rate is None else {"learning_rate": rate}
    return run_graph(graph, epochs=epochs, keep=keep, values=values)  # type: ignore[arg-type]


def curves_of(config: str, *show: str, epochs: int = 5, rates: tuple[float, ...] = ()) -> Plot:
    return plot(runs([(config, build(read(config)))], rates, False), show, epochs, plain_train, False, False)


def test_the_points_are_the_values_of_the_trace() -> None:
    trace = run_graph(build(read(ROOT / "configs/example.yaml")), epochs=5, keep=range(1, 6))
    loss, weight, slope = curves_of(str(ROOT / "configs/example.yaml"), "loss", "W11", "dE_tot/dU21").curves
    np.testing.assert_array_equal(loss.values, trace.losses)
    np.testing.assert_array_equal(weight.values, [trace[f"W11@{epoch}"] for epoch in range(1, 6)])
    np.testing.assert_array_equal(slope.values, [trace[f"dE_tot/dU21@{epoch}"] for epoch in range(1, 6)])
    assert [c.name.pretty for c in (loss, weight, slope)] == ["E_tot", "W₁₁", "∂E_tot/∂U₂₁"]


def test_a_long_training_records_some_epochs_with_the_first_and_the_last() -> None:
    _, weight = curves_of(str(ROOT / "configs/example.yaml"), "loss", "W11", epochs=5000).curves
    assert (len(weight.epochs), weight.epochs[0], weight.epochs[-1]) == (500, 1, 5000)
    assert recorded_epochs(3, 500, logx=True) == [1, 2, 3]


def test_curves_of_several_rates_are_named_by_them(diverging: str) -> None:
    found = curves_of(diverging, "loss", "w", rates=(0.1, 2.0)).curves
    assert [c.name.plain for c in found] == ["E, eta = 0.1", "w, eta = 0.1", "E, eta = 2", "w, eta = 2"]


def test_the_rates_of_a_config_are_drawn_and_one_that_diverges_as_far_as_it_goes(diverging: str) -> None:
    found = curves_of(diverging, "loss", epochs=1000)
    assert [(c.name.pretty, c.ended) for c in found.curves] == [("η = 0.01", 0), ("η = 0.05", 0), ("η = 1.5", 135)]
    assert len(found.curves[2].values) == 134
    assert float(found.extent.max()) == found.curves[0].values[0]
    assert "η = 1.5: the numbers leave the finite range in epoch 135" in found.remarks()


def test_of_batches_that_diverge_the_last_finite_epoch_is_found(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(BATCHES, encoding="utf-8")
    graph = build(read(tmp_path / "net.yaml"))

    def train(count: int, keep: tuple[Keep, ...] = ()) -> Trace:
        return run_graph(graph, epochs=count, keep=keep or (count,))

    trace, ended, lost = as_far_as_finite(train, 400)
    assert 1 < len(trace.losses) == ended - 1
    assert str(lost).startswith(f"epoch {ended}, update 1: ")
    assert np.isfinite(trace.losses).all()
    only = curves_of(str(tmp_path / "net.yaml"), "weights", epochs=3)
    assert list(only.remarks()) == ["quantities are those of the first update of each epoch"]


def test_no_more_curves_are_drawn_than_can_be_told_apart() -> None:
    found = curves_of(str(ROOT / "configs/matrix_form.yaml"), "*")
    assert len(found.curves) == 12
    assert "only the first 12 are drawn: --show names others" in found.remarks()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--show", "W11+"), 2, '--show: "W11+" is a value after an update'),
        (("--show", "W11@3"), 2, '--show: "W11@3" is of one epoch\n  hint: W11 is drawn over all of them'),
        (("--show", "nope"), 2, '"nope" names nothing here'),
        (("--show", "nope*"), 2, '--show: nothing matches "nope*"'),
        (("--rates", "1,x"), 2, '--rates: "x" is no number'),
        (("--rates", ""), 2, '--rates: "" is no number'),
        (("--rates", ",".join(map(str, range(13)))), 2, "these are 13 curves\n  hint: at most 12 can be told apart"),
        (("--log", "--show", "z1", "--set", "W11=-3"), 2, "--log: z₁ is -0.25 in epoch 1: only what is above 0"),
        (("-o", "x.jpg"), 2, "an ending such as .txt, .csv, .svg, .png, .pdf"),
        (("--format", "gif"), 2, 'there is no format "gif"'),
        (("--set", "W11=1e300", "--set", "x1=1e300"), 5, "z₁ is infinite; the sum overflows"),
    ],
)
def test_what_cannot_be_drawn_is_said(
    backtrace_command: Runner, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = backtrace_command("plot", "configs/example.yaml", *arguments)
    assert (outcome.code, message in outcome.err) == (code, True), outcome.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--set", "lr=1.5"), 5, "epoch 135: "),
        (("--rates", "1.5,2"), 5, "epoch 135: "),
        (("--rates", "0.05,1.5"), 0, ""),
        (("--epochs", "134", "--set", "lr=1.5"), 0, ""),
    ],
)
def test_what_is_finite_is_drawn_and_the_end_told_where_no_training_stays_finite(
    backtrace_command: Runner, tmp_path: Path, diverging: str, arguments: tuple[str, ...], code: int, said: str
) -> None:
    command = ("plot", diverging, "--epochs", "1000", *arguments)
    for where, shown in (((), "first"), (("-o", str(tmp_path / "a.csv")), f"Wrote {tmp_path / 'a.csv'}.")):
        outcome = backtrace_command(*command, *where)
        assert (outcome.code, outcome.err.count("epoch"), outcome.err[: len(said)]) == (code, bool(said), said)
        assert shown in outcome.out


def test_the_numbers_go_into_a_table(backtrace_command: Runner, tmp_path: Path) -> None:
    file = tmp_path / "curves.csv"
    outcome = backtrace_command("plot", "configs/example.yaml", "--epochs", "4", "--show", "loss,W11", "-o", str(file))
    assert (outcome.code, outcome.out) == (0, f"Wrote {file}.\n")
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    trace = run_graph(build(read(ROOT / "configs/example.yaml")), epochs=4, keep=range(1, 5))
    assert [(row["epoch"], row["label"]) for row in rows[3:5]] == [("4", "E_tot"), ("1", "W11")]
    assert [float(row["value"]) for row in rows[:4]] == trace.losses.tolist()


# ── pictures ──


def test_without_matplotlib_a_picture_is_refused_before_anything_is_trained(
    backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.style"):
        monkeypatch.setitem(sys.modules, name, None)
    message = "a picture needs matplotlib, which is not installed\n  hint: pip install 'backtrace-nn[plot]'\n"
    for command, file in (("plot", "a.svg"), ("plot", "a.png"), ("plot", "a.pdf"), ("run", "a.png")):
        outcome = backtrace_command(command, "configs/example.yaml", "-o", str(tmp_path / file))
        assert (outcome.code, outcome.err) == (2, message)
    assert list(tmp_path.iterdir()) == []
    assert backtrace_command("plot", "configs/example.yaml").code == 0


def written(backtrace_command: Runner, file: Path, *arguments: str) -> bytes:
    pytest.importorskip("matplotlib")
    outcome = backtrace_command("plot", *arguments, "-o", str(file), "--force")
    assert (outcome.code, outcome.err) == (0, "")
    return file.read_bytes()


@pytest.mark.parametrize("name", ["a.svg", "a.png", "a.pdf"])
def test_a_picture_is_the_same_every_time(backtrace_command: Runner, tmp_path: Path, name: str) -> None:
    first, second = (
        written(backtrace_command, tmp_path / name, "configs/example.yaml", "--epochs", "20", "--rates", "0.1,1")
        for _ in range(2)
    )
    assert first == second
    assert b"Date" not in first


def paths(svg: bytes) -> dict[str, str]:
    """The path of each curve by its id."""
    space = {"svg": "http://www.w3.org/2000/svg"}
    groups = ElementTree.fromstring(svg).iterfind(".//svg:g[@id]", space)
    found = {group.get("id", ""): group.find("svg:path", space) for group in groups}
    return {name: path.get("d", "") for name, path in found.items() if name.startswith("curve-") and path is not None}


@pytest.mark.parametrize("extra", [(), ("--log",), ("--logx",), ("--log", "--logx")])
def test_every_epoch_is_a_point_of_the_path(backtrace_command: Runner, tmp_path: Path, extra: tuple[str, ...]) -> None:
    arguments = ("configs/example.yaml", "configs/mazur.yaml", "--epochs", "70", *extra)
    found = paths(written(backtrace_command, tmp_path / "a.svg", *arguments))
    assert {name: len(re.findall("[ML]", path)) for name, path in found.items()} == {"curve-1": 70, "curve-2": 70}


def test_a_title_is_drawn_as_it_is_written(backtrace_command: Runner, tmp_path: Path, diverging: str) -> None:
    found = written(backtrace_command, tmp_path / "a.svg", diverging, "--epochs", "500", "--show", "loss,w")
    assert len(paths(found)) == 6
    assert b"<b>" not in found


def test_a_very_long_curve_keeps_its_extremes() -> None:
    pytest.importorskip("matplotlib")
    from backtrace.render.pictures import thinned

    values = np.zeros(1_000_000)
    values[123_456], values[654_321] = 1.0, NAN
    epochs, kept = thinned(np.arange(len(values), dtype=float), values)
    assert len(kept) <= 4000
    assert (epochs[0], epochs[-1], np.nanmax(kept)) == (0, 999_999, 1.0)


def test_a_plot_goes_on_standard_output_where_that_is_said(backtrace_command: Runner) -> None:
    pytest.importorskip("matplotlib")
    outcome = backtrace_command("plot", "configs/example.yaml", "--format", "svg", "-o", "-")
    assert outcome.out.startswith("<?xml")
