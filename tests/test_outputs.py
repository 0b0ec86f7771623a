"""Files are written whole or not at all, and none is written over unless that is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backtrace.errors import FileError
from backtrace.outputs import write
from tests.runner import Runner


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
    with pytest.raises(FileError, match="No space left"):
        write("/dev/full", ["x"])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-o", "page.xyz"), 2, "the name page.xyz tells no format"),
        (("--format", "txet"), 2, 'there is no format "txet"'),
        (("-o", "no/such/folder.txt"), 4, "no/such/folder.txt cannot be written: No such file or directory"),
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
