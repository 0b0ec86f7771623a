"""``backtrace expect``: what it writes is read back by diff, and every figure of it matches."""

from pathlib import Path

import pytest

import backtrace
from backtrace.comparison import Verdict
from backtrace.comparison.sources import from_bytes
from backtrace.render.figures import csv_lines, yaml_lines
from backtrace.render.numbers import Numbers
from backtrace.report import Choice
from tests.runner import ROOT, Runner

CONFIGS = sorted(p for p in (ROOT / "configs").glob("*.yaml") if ".expected." not in p.name)
BATCHES = """
inputs: [{x: 1}, {x: 2}, {x: -1}]
targets: [{y: 1}, {y: 3}, {y: 0}]
parameters: {w: 0.5}
equations: {e: (y - w*x)**2}
minimize: mean_samples(e)
learning_rate: 0.1
batch_size: 2
"""


@pytest.mark.parametrize(
    ("path", "digits"),
    [*((path, 6) for path in CONFIGS[::2]), *((path, digits) for path in CONFIGS[:3] for digits in (1, 17))],
    ids=lambda each: getattr(each, "stem", each),
)
def test_every_figure_is_read_back_and_matches(path: Path, digits: int) -> None:
    trace = backtrace.run(path, epochs=2)
    everything, numbers = Choice(full=True), Numbers(digits)
    texts = {
        "single.yaml": yaml_lines("t", trace.epochs, numbers, everything, arrays=False),
        "arrays.yaml": yaml_lines("t", trace.epochs, numbers, everything, arrays=True),
        "rows.csv": csv_lines(trace.epochs, numbers, everything),
    }
    counts = {}
    for name, lines in texts.items():
        found = backtrace.diff(trace, from_bytes("\n".join(lines).encode(), name))
        assert [row.key for row in found.rows if row.verdict is not Verdict.MATCH] == []
        counts[name] = len(found.rows)
    assert counts["single.yaml"] == counts["rows.csv"] <= counts["arrays.yaml"]


def test_a_dash_is_standard_output(backtrace_command: Runner) -> None:
    shown = backtrace_command("expect", "configs/example.yaml")
    assert backtrace_command("expect", "configs/example.yaml", "-o", "-").out == shown.out


def test_the_headings_are_those_of_the_report(backtrace_command: Runner) -> None:
    found = backtrace_command("expect", "configs/example.yaml", "--digits", "4", "--only", "h1,o*,U11,dE1/dh1")
    assert (found.code, found.err) == (0, "")
    assert (
        found.out
        == """\
# Back propagation, two inputs, two hidden, two outputs: every figure as the program computes it
Given:
  parameters:
    U11: "0.4500"
Forward propagation:
  Hidden layer:
    h1: "0.5200"
  Output layer:
    o1: "0.6094"
    o2: "0.6638"
After the update:
  o1+: "0.6062"
  o2+: "0.6630"
Asked for:
  dE1/dh1: "0.0224"
"""
    )


def test_arrays_are_lists(backtrace_command: Runner) -> None:
    found = backtrace_command("expect", "configs/example.yaml", "--arrays", "--digits", "3", "--epoch", "1")
    assert '    h: ["0.520", "0.527"]\n' in found.out
    assert '  U+: [["0.437", "0.696"], ["0.387", "0.596"]]\n' in found.out


def test_epochs_and_updates_have_headings(backtrace_command: Runner, tmp_path: Path) -> None:
    found = backtrace_command("expect", "configs/xor.yaml", "--epochs", "5", "--epoch", "1,last", "--only", "J")
    assert [line for line in found.out.splitlines() if line.startswith("epoch")] == ["epoch 1:", "epoch 5:"]
    config, figures = tmp_path / "batches.yaml", tmp_path / "figures.csv"
    config.write_text(BATCHES, encoding="utf-8")
    backtrace_command("expect", str(config), "-o", str(figures))
    assert figures.read_text(encoding="utf-8").startswith("epoch,update,key,value\n1,1,")
    found = backtrace_command("diff", str(config), str(figures))
    assert (found.code, found.out.endswith(" figures: all match\n")) == (0, True)


def test_a_file_is_never_written_over(backtrace_command: Runner, tmp_path: Path) -> None:
    file = tmp_path / "example.expected.yaml"
    found = backtrace_command("expect", "configs/example.yaml", "-o", str(file))
    assert (found.code, found.out.startswith(f"Wrote {file}. Next: backtrace diff configs/example.yaml")) == (0, True)
    before = file.read_text(encoding="utf-8")
    found = backtrace_command("expect", "configs/example.yaml", "-o", str(file), "--digits", "2")
    assert (found.code, found.err) == (4, f"{file} exists already\n  hint: give another name, or --force\n")
    assert file.read_text(encoding="utf-8") == before
    assert backtrace_command("diff", "configs/example.yaml", str(file)).code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--only", "q*"), "--only: nothing matches q*"),
        (("--epoch", "9"), '--epoch: "9" is no epoch of 1 to 1'),
        (("--digits", "18"), '--digits: "18" is no whole number of 1 to 17'),
    ],
)
def test_what_is_refused(backtrace_command: Runner, options: tuple[str, ...], message: str) -> None:
    found = backtrace_command("expect", "configs/example.yaml", *options)
    assert (found.code, message in found.err) == (2, True)
