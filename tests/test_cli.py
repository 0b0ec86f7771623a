"""The command line: options, exit codes, and what a user sees when something is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backtrace
from backtrace.render import terminal
from tests.runner import ROOT, Runner

EXAMPLE = "configs/example.yaml"


def test_help_of_every_command_begins_with_an_example(backtrace_command: Runner) -> None:
    for command in ("run", "diff", "check", "keys", "init"):
        outcome = backtrace_command(command, "--help")
        assert outcome.code == 0
        usage, example = [line for line in outcome.out.splitlines() if line.strip()][:2]
        assert usage.startswith("Usage:")
        assert example.strip().startswith(f"Example: backtrace {command}")


def test_version(backtrace_command: Runner) -> None:
    assert backtrace_command("--version").out == "backtrace 0.1.0\n"


@pytest.mark.parametrize("config", [EXAMPLE, "@mazur", "configs/example.expected.yaml", "configs/exampel.yaml", ""])
def test_a_run_without_options_is_that_of_the_options_left_out(backtrace_command: Runner, config: str) -> None:
    assert backtrace_command("run", config) == backtrace_command("run", config, "--lang", "en")


def test_set_changes_a_given_value_and_the_learning_rate(backtrace_command: Runner) -> None:
    outcome = backtrace_command("keys", EXAMPLE, "z1,U11+", "--set", "W11=0.35", "--set", "learning_rate=0")
    assert outcome.out == 'z1: "0.08500000"\nU11+: "0.45000000"\n'


def test_keys_are_lines_of_an_expected_file_that_agrees(backtrace_command: Runner, tmp_path: Path) -> None:
    listed = backtrace_command("keys", EXAMPLE, "--digits", "6")
    expected = tmp_path / "expected.yaml"
    expected.write_text(listed.out, encoding="utf-8")
    outcome = backtrace_command("diff", EXAMPLE, str(expected))
    assert (outcome.code, outcome.err) == (0, "")


def test_only_keeps_the_rows_that_match(backtrace_command: Runner) -> None:
    outcome = backtrace_command("run", EXAMPLE, "--only", "h*,dE_tot/dh1")
    labels = [line.split(" = ")[0].strip() for line in outcome.out.splitlines() if " = " in line]
    assert labels == ["h₁", "h₂", "∂E_tot/∂h₁", "h₁⁺", "h₂⁺"]


def test_sections_are_chosen_by_name_or_by_a_part_of_the_title(backtrace_command: Runner) -> None:
    by_name = backtrace_command("run", EXAMPLE, "--section", "step 1").out
    assert "Back propagation step 1" in by_name
    assert "Forward propagation" not in by_name
    assert backtrace_command("run", EXAMPLE, "--section", "propagation step 1").out == by_name


def test_ascii_output_has_no_other_sign(backtrace_command: Runner) -> None:
    for config in sorted((ROOT / "configs").glob("*[a-z].yaml")):
        if ".expected" not in config.name:
            outcome = backtrace_command("run", str(config), "--ascii")
            assert outcome.out.isascii(), config.name


def test_epochs_shows_the_first_and_the_last_and_the_course_of_the_error(backtrace_command: Runner) -> None:
    out = backtrace_command("run", EXAMPLE, "--epochs", "30").out
    rules = [line.split()[1:3] for line in out.splitlines() if line.startswith("──")]
    assert rules == [["epoch", "1"], ["epoch", "30"], ["training,", "30"]]
    assert "  epoch 20  " in out
    assert "▁" in out
    assert "Final values, after 30 updates" in out


@pytest.mark.parametrize(
    ("arguments", "epochs"),
    [
        (["--epoch", "2,last"], ["2", "12"]),
        (["--every", "5"], ["1", "5", "10"]),
        (["--epoch", "last", "--every", "6"], ["1", "6", "12"]),
    ],
)
def test_epoch_and_every_choose_what_is_shown(
    backtrace_command: Runner, arguments: list[str], epochs: list[str]
) -> None:
    out = backtrace_command("run", EXAMPLE, "--epochs", "12", *arguments).out
    assert [line.split()[2] for line in out.splitlines() if line.startswith("── epoch")] == epochs


def test_a_sample_can_be_chosen(backtrace_command: Runner) -> None:
    out = backtrace_command("run", "configs/xor.yaml", "--epochs", "1", "--sample", "3", "--section", "forward").out
    assert "z₁#3 = W1₁₁·x₁#3 + W1₂₁·x₂#3 + b1₁" in out


def test_full_leaves_nothing_out(backtrace_command: Runner) -> None:
    short = backtrace_command("run", "configs/multiclass.yaml", "--epochs", "1").out
    full = backtrace_command("run", "configs/multiclass.yaml", "--epochs", "1", "--full").out
    assert "rows more" in short
    assert "more" not in full
    assert len(full) > len(short)


def test_expect_compares_after_the_report(backtrace_command: Runner) -> None:
    outcome = backtrace_command("run", EXAMPLE, "--expect", "configs/example.expected.yaml")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "36 figures: all match"


def test_a_difference_gives_exit_code_1(backtrace_command: Runner, tmp_path: Path) -> None:
    expected = tmp_path / "expected.yaml"
    expected.write_text('h1: "0.51998934"\nh2: "0.62747230"\n', encoding="utf-8")
    outcome = backtrace_command("diff", EXAMPLE, str(expected))
    assert outcome.code == 1
    assert "The first difference: h₂" in outcome.out


def test_init_writes_a_config_that_runs_and_never_over_a_file(backtrace_command: Runner, tmp_path: Path) -> None:
    for template in ("network", "samples", "equations", "gates"):
        written = backtrace_command("init", f"{template}.yaml", "--template", template, cwd=tmp_path)
        assert written.code == 0, written.err
        assert backtrace_command("run", f"{template}.yaml", "--epochs", "1", cwd=tmp_path).code == 0
    before = (tmp_path / "gates.yaml").read_bytes()
    again = backtrace_command("init", "gates.yaml", cwd=tmp_path)
    assert again.code == 4
    assert "exists already" in again.err
    assert (tmp_path / "gates.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "no-such.yaml"], 4, "no such file"),
        (["run", EXAMPLE, "--set", "W11"], 2, "not KEY=NUMBER"),
        (["run", EXAMPLE, "--set", "W11=abc"], 2, "not KEY=NUMBER"),
        (["run", EXAMPLE, "--set", "W99=1"], 2, '"W99" names nothing here'),
        (["run", EXAMPLE, "--set", "h1=1"], 2, "is computed, not given"),
        (["run", EXAMPLE, "--set", "W11=nan"], 2, "not a finite number"),
        (["run", "configs/square_of_sum.yaml", "--set", "learning_rate=1"], 2, "no learning rate"),
        (["run", EXAMPLE, "--only", "nix"], 2, '"nix" names nothing here'),
        (["run", EXAMPLE, "--section", "nix"], 2, "sections here: given, forward, error, step 1"),
        (["run", EXAMPLE, "--epoch", "2"], 2, '"2" is no epoch of 1 to 1'),
        (["run", EXAMPLE, "--sample", "2"], 2, "--sample 2"),
        (["run", EXAMPLE, "--epochs", "0"], 2, '--epochs: "0" is no whole number of 1 to 1,000,000,000'),
        (["run", EXAMPLE, "--epochs", "1e3"], 2, "hint: write --epochs 1000"),
        (["run", EXAMPLE, "--epochs", "\u0663"], 2, "hint: write --epochs 3"),
        (["run", EXAMPLE, "--set", "learning_rate=0,5"], 2, "hint: such as --set learning_rate=0.5"),
        (["run", EXAMPLE, "--set", "W11=1_0"], 2, "hint: such as --set W11=10"),
        (["run", EXAMPLE, "\u2013epochs", "3"], 2, "hint: \u2013 is U+2013: write --epochs"),
        (["RUN", EXAMPLE], 2, "hint: did you mean 'run'?"),
        (["diff", EXAMPLE, "h1=0.5", "--rtol", "1%"], 2, "hint: such as --rtol 0.01, or --rtol 'dE/*=0.01'"),
        (["run", EXAMPLE, "--digits", "40"], 2, '--digits: "40" is no whole number of 1 to 17'),
        (["run", EXAMPLE, "--epochs", "1000000000000"], 2, '--epochs: "1000000000000" is no whole number'),
        (["run", EXAMPLE, "--epochs", "1_0"], 2, '--epochs: "1_0" is no whole number'),
        (["run", EXAMPLE, "--epochs", "9" * 5000], 2, "99\u202699"),
        (["run", EXAMPLE, "--epoch", ""], 2, '--epoch: "" is no epoch'),
        (["run", EXAMPLE, "--only", ","], 2, "--only: nothing is named"),
        (["bench", EXAMPLE, "--seconds", "nan"], 2, '--seconds: "nan" is no number of 0.01 to 3,600'),
        (["run", EXAMPLE, "configs/xor.yaml"], 2, "backtrace diff CONFIG FILE compares two"),
        (["run", ""], 4, "the name of the file is empty"),
        (["run", "@mazr"], 2, 'did you mean "mazur"?'),
        (["help"], 2, "backtrace --help lists the commands"),
        (["diff", EXAMPLE, "configs/xor.yaml"], 3, "this is a config, not expected figures"),
        (["run", EXAMPLE, "--wrong"], 2, "No such option"),
        (["keys", EXAMPLE, "q*"], 2, 'no key matches "q*"'),
        (["init", "x.yaml", "--template", "nix"], 2, 'there is no template "nix"'),
        (["nix"], 2, "No such command"),
        (["run", "README.md"], 3, "README.md:"),
    ],
)
def test_what_is_wrong_is_said_on_stderr_with_its_exit_code(
    backtrace_command: Runner, arguments: list[str], code: int, message: str
) -> None:
    outcome = backtrace_command(*arguments)
    assert outcome.code == code, outcome.err
    assert message in outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def test_all_faults_of_a_config_come_at_once_in_order(backtrace_command: Runner, tmp_path: Path) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text(
        "titel: x\n"
        "inputs: {x: [1, two]}\n"
        "parameters: {w: [1.0, 2.0]}\n"
        "learning_rate: fast\n"
        "equations:\n"
        "  z: x @ w +\n"
        "minimize: z\n",
        encoding="utf-8",
    )
    outcome = backtrace_command("run", "bad.yaml", cwd=tmp_path)
    assert outcome.code == 3
    places = [line.split(": ")[0] for line in outcome.err.splitlines() if line.startswith("bad.yaml:")]
    assert places == ["bad.yaml:1:1", "bad.yaml:2:17", "bad.yaml:4:16", "bad.yaml:6:12"]
    assert 'did you mean "title"?' in outcome.err


def test_numbers_that_leave_the_finite_range_give_exit_code_5(backtrace_command: Runner) -> None:
    outcome = backtrace_command("run", "configs/regression.yaml", "--set", "learning_rate=1e30", "--epochs", "50")
    assert outcome.code == 5
    assert "epoch" in outcome.err


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own, for what only a process shows."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **options.pop("env", {})}  # type: ignore[dict-item]
    run = [sys.executable, "-m", "backtrace", *arguments]
    return subprocess.run(run, capture_output=True, cwd=ROOT, env=environment, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_a_bare_environment_gives_80_columns_without_colour() -> None:
    outcome = command("run", EXAMPLE)
    assert outcome.returncode == 0, outcome.stderr
    assert b"\x1b" not in outcome.stdout
    assert max(map(len, outcome.stdout.decode().splitlines())) == 80


def test_colour_is_given_if_asked_for_and_not_with_no_color() -> None:
    assert b"\x1b[" in command("run", EXAMPLE, env={"FORCE_COLOR": "1"}).stdout
    assert b"\x1b[" not in command("run", EXAMPLE, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_colours_change_nothing_but_colours(backtrace_command: Runner) -> None:
    plain = backtrace_command("run", EXAMPLE).out
    coloured = command("run", EXAMPLE, env={"FORCE_COLOR": "1", "COLUMNS": "80"}).stdout.decode()
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_an_encoding_without_the_signs_gets_ascii() -> None:
    outcome = command("run", EXAMPLE, env={"PYTHONIOENCODING": "ascii"})
    assert outcome.returncode == 0
    assert b"  dE_tot/dU = dE_tot/do * do/dt * dt/dU" in outcome.stdout


def test_a_reader_that_closes_the_pipe_ends_the_program_quietly() -> None:
    line = f'"{sys.executable}" -m backtrace run configs/xor.yaml --full | head -1; exit ${{PIPESTATUS[0]}}'
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(["bash", "-c", line], capture_output=True, cwd=ROOT, env=environment, check=False)
    assert (outcome.returncode, outcome.stderr) == (141, b"")


def test_closed_standard_streams_lead_nowhere(tmp_path: Path) -> None:
    line = f'"{sys.executable}" -m backtrace run configs/example.yaml -o "{tmp_path}/t.json" <&- >&- 2>&-'
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(["bash", "-c", line], capture_output=True, cwd=ROOT, env=environment, check=False)
    assert outcome.returncode == 0
    assert backtrace.load(tmp_path / "t.json")["h1"] == backtrace.run(ROOT / "configs/example.yaml")["h1"]


def test_help_imports_neither_numpy_nor_rich() -> None:
    program = (
        "import sys; sys.argv = ['backtrace', 'run', '--help']\n"
        "from backtrace.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "print([name for name in ('numpy', 'rich', 'yaml', 'pydantic') if name in sys.modules])"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=True)
    assert outcome.stdout.decode().splitlines()[-1] == "[]"


def test_a_progress_bar_comes_late_and_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.5, 2.0, 3.0])
    monkeypatch.setattr("backtrace.render.terminal.time.monotonic", lambda: next(clock))
    opened: list[int] = []
    monkeypatch.setattr(terminal.ProgressBar, "_open", lambda self: opened.append(1))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = terminal.ProgressBar(100)
    bar(10)
    assert opened == []
    bar(20)
    assert opened == [1]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    bar(30)
    assert opened == [1]


def test_without_a_command_the_help_is_shown_as_it_is(backtrace_command: Runner) -> None:
    outcome = backtrace_command()
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.rstrip("\n") == backtrace_command("--help").out.rstrip("\n")


def test_a_config_in_place_of_a_command_is_answered_with_the_command(backtrace_command: Runner) -> None:
    outcome = backtrace_command("net.yaml")
    assert (outcome.code, outcome.err.splitlines()[1]) == (2, "  hint: such as backtrace run CONFIG")
