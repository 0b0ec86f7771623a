"""Files are written whole or not at all, and none is written over unless that is asked for."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backtrace import outputs
from backtrace.errors import FileError
from backtrace.outputs import DAY, PREFIX, SUFFIX, write, write_all
from tests.runner import ROOT, Runner


def test_texts_and_bytes_are_written_one_after_another(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", ["η", "\n"])
    write(tmp_path / "b.bin", [b"\0", b"\xff"])
    assert (tmp_path / "a.txt").read_bytes() == b"\xce\xb7\n"
    assert (tmp_path / "b.bin").read_bytes() == b"\0\xff"


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("mine")
    with pytest.raises(FileError, match=r"a\.txt exists already\n  hint: give another name, or --force"):
        write(file, ["other"])
    assert file.read_text() == "mine"
    write(file, ["other"], force=True)
    assert file.read_text() == "other"


def test_what_fails_on_the_way_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    def failing() -> Iterator[str]:
        yield "half"
        raise ZeroDivisionError

    (tmp_path / "old.txt").write_text("old")
    for name in ("old.txt", "new.txt"):
        with pytest.raises(ZeroDivisionError):
            write(tmp_path / name, failing(), force=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("old.txt", "old")]


def test_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("")
    file.chmod(0o640)
    write(file, ["x"], force=True)
    assert file.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full")
def test_a_full_disk_is_said() -> None:
    with pytest.raises(FileError, match="the disk is full"):
        write("/dev/full", ["x"])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-o", "page.xyz"), 2, "the name page.xyz tells no format"),
        (("--format", "txet"), 2, 'there is no format "txet"'),
        (("-o", "docs"), 4, "docs is a folder"),
        (("-o", "no/such/"), 4, "no/such/ is a folder"),
        (("-o", ""), 4, "the name of the file is empty"),
        (("-o", "LICENSE/x.txt"), 4, "a part of its path is a file, not a folder"),
        (("-o", "x" * 300 + ".txt"), 4, "the name is too long"),
        (("-o", "no/such/folder.txt"), 4, "no/such/folder.txt cannot be written: there is no folder no/such"),
    ],
)
def test_what_cannot_be_written_is_said(
    backtrace_command: Runner, arguments: tuple[str, ...], code: int, message: str
) -> None:
    outcome = backtrace_command("run", "configs/example.yaml", *arguments)
    assert (outcome.code, message in outcome.err) == (code, True), outcome.err


def test_a_report_goes_into_a_file_or_on_standard_output(backtrace_command: Runner, tmp_path: Path) -> None:
    shown = backtrace_command("run", "configs/example.yaml").out
    outcome = backtrace_command("run", "configs/example.yaml", "-o", str(tmp_path / "page.txt"))
    assert (outcome.code, outcome.out) == (0, f"Wrote {tmp_path / 'page.txt'}.\n")
    assert (tmp_path / "page.txt").read_text(encoding="utf-8") == shown
    assert backtrace_command("run", "configs/example.yaml", "-o", "-").out == shown


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path: Path) -> None:
    name = "\N{FIRE}" * 62 + ".txt"
    write(tmp_path / name, ["x"])
    assert [file.name for file in tmp_path.iterdir()] == [name]


def names(folder: Path) -> list[str]:
    """All that lies in a folder."""
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("command", ["run", "show", "expect", "export", "draw", "plot"])
def test_a_file_that_is_there_is_refused_before_anything_is_computed(
    backtrace_command: Runner, tmp_path: Path, command: str
) -> None:
    (tmp_path / "a.svg").write_text("mine")
    outcome = backtrace_command(command, "nowhere.yaml", "-o", str(tmp_path / "a.svg"))
    assert (outcome.code, outcome.err.splitlines()[0]) == (4, f"{tmp_path / 'a.svg'} exists already")


INPUTS = {
    "the config": "run c.yaml --format text -o c.yaml",
    "a link to it": "run c.yaml --format text -o link.yaml",
    "its data": "run c.yaml --format csv -o x.csv",
    "expected figures": "run c.yaml --expect e.yaml --format text -o e.yaml",
    "a saved trace": "show t.json -o t.json",
    "the config of a worksheet": "worksheet c.yaml --format markdown -o c.yaml",
    "the config of a plot": "plot c.yaml --format csv -o c.yaml",
}


@pytest.mark.parametrize("name", INPUTS)
def test_nothing_is_written_over_what_is_read_even_if_forced(
    backtrace_command: Runner, tmp_path: Path, name: str
) -> None:
    (tmp_path / "c.yaml").write_text(
        "inputs: {file: x.csv}\nparameters: {w: 1}\nequations: {e: (w*a - 1)**2}\nminimize: e\nreduce: sum\n"
        "learning_rate: 0.1\n"
    )
    (tmp_path / "x.csv").write_text("a\n1\n2\n")
    (tmp_path / "e.yaml").write_text("e: 1\n")
    (tmp_path / "link.yaml").symlink_to("c.yaml")
    assert backtrace_command("run", "c.yaml", "-o", "t.json", cwd=tmp_path).code == 0
    before = {file: (tmp_path / file).read_bytes() for file in names(tmp_path)}
    outcome = backtrace_command(*INPUTS[name].split(), "--force", cwd=tmp_path)
    assert (outcome.code, "is read by this command, which does not write over it" in outcome.err) == (4, True)
    assert {file: (tmp_path / file).read_bytes() for file in names(tmp_path)} == before


def test_a_link_stays_and_the_file_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write(tmp_path / "link", ["one"])
    with pytest.raises(FileError, match="exists already"):
        write(tmp_path / "link", ["two"])
    write(tmp_path / "link", ["three"], force=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "three"


def test_of_several_runs_at_once_one_writes_the_file(tmp_path: Path) -> None:
    def racer(number: int) -> None:
        def pieces() -> Iterator[str]:
            yield str(number) * 100
            barrier.wait()

        try:
            write(target, pieces())
            won.append(number)
        except FileError:
            lost.append(number)

    for turn in range(20):
        target = tmp_path / f"{turn}.txt"
        barrier, won, lost = threading.Barrier(6), list[int](), list[int]()
        threads = [threading.Thread(target=racer, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(won), len(lost)) == (1, 5)
        assert target.read_text() == str(won[0]) * 100
    assert len(names(tmp_path)) == 20


def test_where_the_disk_has_no_links_one_still_writes_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unable(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", unable)
    write(tmp_path / "a.txt", ["one"])
    with pytest.raises(FileError, match="exists already"):
        write(tmp_path / "a.txt", ["two"])
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "one")]


@pytest.mark.parametrize("call", ["fsync", "replace", "link"])
@pytest.mark.parametrize("force", [False, True])
def test_a_disk_that_is_full_in_the_end_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, force: bool
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "old.txt").write_text("old")
    monkeypatch.setattr(os, call, full)
    if call == "link":
        monkeypatch.setattr(os, "replace", full)
    name = "old.txt" if force else "new.txt"
    if call != "replace" or force:
        with pytest.raises(FileError, match=rf"{name} cannot be written: the disk is full"):
            write(tmp_path / name, ["new"], force)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("old.txt", "old")]


def test_several_files_are_written_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def second_fails(source: str, target: str) -> None:
        if target.endswith("b.txt"):
            raise OSError(errno.ENOSPC, "full")
        link(source, target)

    link = os.link
    monkeypatch.setattr(os, "link", second_fails)
    monkeypatch.setattr(outputs, "_replace_claimed", second_fails)
    with pytest.raises(FileError, match="the disk is full"):
        write_all({str(tmp_path / "a.txt"): ["a"], str(tmp_path / "b.txt"): ["b"]})
    assert names(tmp_path) == []


WRITER = """
import sys
from backtrace.outputs import write
def pieces():
    yield "half of "
    print("ready", flush=True)
    yield sys.stdin.readline()
write("file.txt", pieces(), force=True)
"""


def test_what_a_killed_run_left_is_swept_by_the_next_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("old")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-c", WRITER]
    with subprocess.Popen(
        line, cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        write(tmp_path / "other.txt", ["x"])
        (left,) = set(names(tmp_path)) - {"file.txt", "other.txt"}
        assert left.startswith(PREFIX)
        process.kill()
    assert (tmp_path / "file.txt").read_text() == "old"
    write(tmp_path / "third.txt", ["x"])
    assert names(tmp_path) == ["file.txt", "other.txt", "third.txt"]


def test_where_files_cannot_be_locked_old_ones_are_swept_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "_lock", lambda handle: None)
    for name, age in (("old", 2 * DAY), ("new", 0.0)):
        (file := tmp_path / f"{PREFIX}{name}{SUFFIX}").write_text("x")
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - age))
    (tmp_path / f"{PREFIX}folder{SUFFIX}").mkdir()
    (tmp_path / f"{PREFIX}link{SUFFIX}").symlink_to("mine.txt")
    (tmp_path / "mine.txt").write_text("x")
    outputs.sweep(str(tmp_path))
    assert names(tmp_path) == [f"{PREFIX}{name}{SUFFIX}" for name in ("folder", "link", "new")] + ["mine.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_gets_all_or_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[str]:
        yield "half"
        raise ZeroDivisionError

    os.mkfifo(pipe := tmp_path / "pipe")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(ZeroDivisionError):
        write(pipe, failing())
    write(pipe, ["whole"])
    assert os.read(reader, 100) == b"whole"
    os.close(reader)


class Refusing(io.StringIO):
    """A standard output that takes nothing."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code

    def write(self, text: str) -> int:
        raise OSError(self.code, os.strerror(self.code))


COMMANDS = ["--help", "--version", "run --help", "examples", "run configs/example.yaml", "keys configs/example.yaml"]


@pytest.mark.parametrize("command", [*COMMANDS, "diff configs/example.yaml h1=0.5 --json"])
@pytest.mark.parametrize(
    ("code", "exit_code", "message"),
    [(errno.EPIPE, 141, ""), (errno.ENOSPC, 4, "standard output cannot be written: the disk is full\n")],
)
def test_output_that_nobody_takes_ends_every_command_alike(
    backtrace_command: Runner, monkeypatch: pytest.MonkeyPatch, command: str, code: int, exit_code: int, message: str
) -> None:
    monkeypatch.setattr(sys, "stdout", Refusing(code))
    outcome = backtrace_command(*command.split())
    assert (outcome.code, outcome.err) == (exit_code, message)


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not asked there to end")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_process_without_a_trace(tmp_path: Path, number: signal.Signals) -> None:
    program = f"""
import os, signal, sys
from backtrace import interrupts, outputs
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it runs in the background ignore it
interrupts.install()
with interrupts.CURRENT.at_the_end_of_a_step():
    os.kill(os.getpid(), {int(number)})
    print(interrupts.CURRENT.came(), interrupts.CURRENT.code, flush=True)
def pieces():
    yield "half"
    os.kill(os.getpid(), {int(number)})
    yield "never"
outputs.write("file.txt", pieces())
"""
    line, environment = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    code = 128 + int(number)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (code, f"True {code}\n", "stopped\n")
    assert names(tmp_path) == []
