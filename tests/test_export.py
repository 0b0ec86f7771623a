"""Exported programs: what they look like, and that they print the bits of the trace."""

from __future__ import annotations

import csv
import io
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import backtrace
from backtrace.build import build
from backtrace.config import from_document, read
from backtrace.errors import UsageError
from backtrace.export import FORMS, exported
from backtrace.graph import Graph
from backtrace.saved.cells import key_of
from backtrace.trace import Trace, run_graph
from backtrace.yamlfile import parse
from tests.runner import Runner
from tests.strategies import Network, networks

CONFIGS = Path(__file__).parent.parent / "configs"
LANGUAGES = [name for name in FORMS if name != "c" or shutil.which("cc")]
"""Those that can be run here."""
ROUNDED = {"python": 0.0, "c": 0.0, "numpy": 1e-12}
"""How far numbers may differ: numpy adds up in another order."""
NAMES = ("example", "multiclass", "sigmoid_gate")


def graph(text: str) -> Graph:
    return build(from_document(parse(text, "net.yaml")))


def run(program: str, language: str, folder: Path) -> str:
    """What a program prints."""
    if language in ("python", "numpy"):
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    (folder / "net.c").write_text(program, encoding="utf-8")
    compiler = ["cc", "-O2", "-std=c99", "-Wall", "-Werror", "-Wno-unused-but-set-variable", "-Wno-unused-variable"]
    subprocess.run([*compiler, "-ffp-contract=off", "net.c", "-o", "net", "-lm"], cwd=folder, check=True)
    return subprocess.run([folder / "net"], capture_output=True, text=True, check=True).stdout


def assert_the_numbers_of(trace: Trace, printed: str, rtol: float = 0.0) -> None:
    """All that it prints is in the trace, bit by bit or nearly so, and it prints all that an update computes."""
    rows = list(csv.DictReader(io.StringIO(printed)))
    for row in rows:
        key = key_of(row["key"]) + (f"#{row['sample']}" if row["sample"] else "")
        right = trace[f"{key}@{row['epoch']}"]
        assert math.isclose(float(row["value"]), right, rel_tol=rtol, abs_tol=rtol), f"{key} of epoch {row['epoch']}"
    record = next(iter(trace.recording.records.values()))
    shown = [e for e in trace.graph.step if not e.hidden]
    assert len(rows) == len(trace.losses) * sum(np.size(record[e.name]) for e in shown)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints_the_bits_of_the_trace(name: str, language: str, tmp_path: Path) -> None:
    net = build(read(CONFIGS / f"{name}.yaml"))
    trace = run_graph(net, epochs=3, keep=[1, 2, 3])
    assert_the_numbers_of(trace, run(exported(net, 3, FORMS[language]), language, tmp_path), ROUNDED[language])


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(networks())
def test_any_network_prints_the_bits_of_its_trace(network: Network) -> None:
    net = graph(network.text())
    trace = run_graph(net, epochs=2, keep=[1, 2])
    assert_the_numbers_of(trace, run(exported(net, 2, FORMS["python"]), "python", Path()))


OPTIMISED = """
parameters: {w: [0.5, -0.25], θ: 2}
learning_rate: 0.1/k
optimizer: adam
equations: {double: w*θ, E: "sum(where(double > 0, double**2, softplus(double)))"}
minimize: E
until: E < 0.9
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_counters_conditions_and_names_of_any_kind(language: str, tmp_path: Path) -> None:
    net = graph(OPTIMISED)
    trace = run_graph(net, epochs=20, keep=range(1, 21))
    assert 1 < len(trace.losses) < 20
    assert_the_numbers_of(trace, run(exported(net, 20, FORMS[language]), language, tmp_path), ROUNDED[language])


STATEMENTS = {
    "python": [
        "    # Forward propagation: Hidden layer",
        "    z1 = x1 * W11 + x2 * W21",
        "    h1 = sigmoid(z1)",
        "    # Back propagation step 1: U (Output layer)",
        "    dE_tot_dt1 = dE_tot_do1 * o1 * (1 - o1 if o1 <= 0.99 else sigmoid(-t1))",
        "    U11_new = U11 - learning_rate * dE_tot_dU11",
        "    U11 = U11_new",
    ],
    "numpy": [
        "def sigmoid(x):",
        "    return 1 / (1 + np.exp(-x))",
        "    # Forward propagation: Hidden layer",
        "    z = x @ W",
        "    h = sigmoid(z)",
        "    # Back propagation step 1: U (Output layer)",
        "    dE_tot_dt = dE_tot_do * o * complement(o, sigmoid(-t))",
        "    dE_tot_dU = np.outer(h, dE_tot_dt)",
        "    U_new = U - learning_rate * dE_tot_dU",
        "    U = U_new",
    ],
    "c": [
        "static double sigmoid(double x) {",
        "    double U11 = 0.45;",
        "        const double z1 = x1 * W11 + x2 * W21;",
        "        /* Back propagation step 1: U (Output layer) */",
        '        row(epoch, 1, "", "dE_tot/dU11", dE_tot_dU11);',
        "        U11 = U11_new;",
    ],
}


@pytest.mark.parametrize("language", FORMS)
def test_a_program_reads_as_a_hand_calculation(language: str) -> None:
    lines = iter(exported(build(read(CONFIGS / "example.yaml")), 1, FORMS[language]).splitlines())
    assert all(any(line == found for found in lines) for line in STATEMENTS[language])


@pytest.mark.parametrize(
    "name", ["lexailabs-conv-one-hot", "cs231n-maxpool-forward", "coursera-momentum", "dlp2-softmax", "cs231n-adam"]
)
def test_the_matrix_form_has_every_operation(name: str, tmp_path: Path) -> None:
    net = build(read(CONFIGS / "published" / f"{name}.yaml"))
    trace = run_graph(net, epochs=1, keep=[1])
    assert_the_numbers_of(trace, run(exported(net, 1, FORMS["numpy"]), "numpy", tmp_path), ROUNDED["numpy"])


def test_what_it_prints_is_what_diff_reads(backtrace_command: Runner, tmp_path: Path) -> None:
    config = str(CONFIGS / "example.yaml")
    program, printed = tmp_path / "net.py", tmp_path / "net.csv"
    assert backtrace_command("export", config, "-o", str(program)).code == 0
    command = [sys.executable, str(program), "2"]
    printed.write_text(subprocess.run(command, capture_output=True, text=True, check=True).stdout, encoding="utf-8")
    outcome = backtrace_command("diff", config, str(printed), "--quiet")
    assert outcome.code == 0, outcome.out


@pytest.mark.parametrize(
    ("given", "equations"),
    [
        ("parameters: {w: [1, 2]}\nclip: {norm: 0.05}\n", "{q: mean(w), J: tanh(q)}"),
        ("parameters: {w: [1, 2]}\nclip: {norm: 0.05}\n", "{J: sum(w)}"),
        ("inputs: [{x: 1}, {x: 2}]\nreduce: sum\nparameters: {w: [1, 2]}\n", "{q: 'w[0]', J: 0.1*q + x}"),
    ],
)
def test_a_derivative_that_is_the_same_for_all_elements_is_one_for_each(given: str, equations: str) -> None:
    net = graph(f"{given}learning_rate: 0.1\nequations: {equations}\nminimize: J\n")
    printed = run(exported(net, 1, FORMS["numpy"]), "numpy", Path())
    assert_the_numbers_of(run_graph(net, epochs=1), printed, ROUNDED["numpy"])


SAMPLES = """
inputs: [[0, 0], [0, 1], [1, 0], [1, 1]]
targets: [[0], [1], [1], [0]]
learning_rate: 0.5/n
layers:
  - {weights: [[0.1], [0.3]], bias: [0.2], pre: z, out: o, activation: tanh}
loss: half_squared_error
"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("keys", ["batch_size: 1\norder: [2, 1, 4, 3]", "batch_size: 2\nreduce: sum"])
def test_batches_are_a_table(keys: str, language: str, tmp_path: Path) -> None:
    net = graph(SAMPLES + keys)
    trace = run_graph(net, epochs=2, keep=[1, 2])
    printed = run(exported(net, 2, FORMS[language]), language, tmp_path)
    for row in csv.DictReader(io.StringIO(printed)):
        sample = f"#{row['sample']}" if row["sample"] else ""
        key = f"{key_of(row['key'])}{sample}@{row['epoch']}.{row['step']}"
        assert math.isclose(float(row["value"]), trace[key], rel_tol=(r := ROUNDED[language]), abs_tol=r), key


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("batch_size: 1\nshuffle: {seed: 1}", "a program has no generator to shuffle samples"),
        ("batch_size: 3\nreduce: sum", "a smaller last batch would need statements of its own"),
        ("batch_size: 1\nuntil: E_tot < 1", "until: with batches asks all updates of an epoch"),
    ],
)
def test_what_has_no_program_is_refused_with_the_reason(keys: str, fault: str) -> None:
    with pytest.raises(UsageError, match=f"--to python: {fault}"):
        exported(graph(SAMPLES + keys), 1, FORMS["python"])


def test_a_program_that_nobody_could_read_is_refused() -> None:
    net = graph(f"inputs: {{x: {[1] * 3000}}}\nequations: {{y: 2*x, E: sum(y)}}\nminimize: E\n")
    with pytest.raises(UsageError, match="this has 9,002 statements an epoch, a program has at most 5,000"):
        exported(net, 1, FORMS["c"])


def test_a_language_that_is_not_known_is_refused(backtrace_command: Runner) -> None:
    outcome = backtrace_command("export", str(CONFIGS / "example.yaml"), "--to", "pyton")
    assert outcome.code == 2
    assert 'there is no language "pyton"' in outcome.err


def test_the_library_needs_no_command_line() -> None:
    assert "h1 = sigmoid(z1)" in exported(backtrace.run(str(CONFIGS / "example.yaml")).graph, 1, FORMS["python"])


@pytest.mark.parametrize("language", FORMS)
def test_a_layers_name_stays_in_its_comment(language: str) -> None:
    """A name may have any character: line ends, those of Unicode too, and what ends a comment are shown escaped."""
    name = r"Layer\nimport os\r\u2028os.remove(1) */ exit(1); /*"
    layer = f'{{name: "{name}", weights: [[1]]}}'
    network = f"inputs: {{x: [1]}}\ntargets: {{y: [1]}}\nlearning_rate: 0.1\nlayers: [{layer}]\nloss: squared_error\n"
    program = exported(graph(network), 1, FORMS[language])
    told = [line.strip() for line in program.splitlines() if "import os" in line or "exit(1)" in line]
    assert len(told) == 2
    assert all(
        line.startswith(("# ", "/* ")) and line.count("*/") == line.count("/*") for line in told if language == "c"
    )
    assert all(line.startswith("# ") for line in told if language != "c")
