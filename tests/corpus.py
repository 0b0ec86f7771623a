"""The corpus of bad inputs: its cases, the folder each is run in, and what of it is not as it should be."""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from backtrace.errors import HIDDEN_CATEGORIES, HIDDEN_LETTERS
from tests.runner import ROOT, Outcome

FOLDER = ROOT / "tests" / "badinputs"
LONGEST = 20_000
"""Characters that an answer to a bad input may have."""
SHELL = frozenset("|&;<>()$`*?[]{}~#=\n")
PLACE = re.compile(r"^(.*?):(\d+):(\d+): ", re.MULTILINE)
OVER = ("Traceback", "Warning", "this is a bug")


@dataclass(frozen=True)
class Case:
    """One case as expected.json has it; badinputs/README.md says what its words mean."""

    id: str
    title: str
    auto: bool
    exit: int
    file: str = ""
    files: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    cmd: str = ""
    also: tuple[str, ...] = ()
    at: tuple[int, int] | None = None
    at_also: tuple[tuple[int, int], ...] = ()
    at_file: str = ""
    place: str = ""
    lines: tuple[int, ...] = ()
    never: tuple[str, ...] = ()
    never_files: tuple[str, ...] = ()
    shows: Mapping[str, Any] | None = None
    same_as: str = ""
    leaves: bool = False
    stdout_any: bool = False
    limit: int = 10

    @property
    def codes(self) -> set[int]:
        """The exit codes that are right."""
        return {self.exit, *(_corpus()["exit_codes"][each] for each in self.also)}

    @property
    def words(self) -> list[str]:
        """The arguments of backtrace, where the command line is no more than that; else nothing."""
        if not self.cmd:
            return ["run", self.file]
        plain = self.cmd.startswith("backtrace ") and not SHELL & set(self.cmd) and "'" not in self.cmd
        return self.cmd.split()[1:] if plain and not self.makes else []


@cache
def _corpus() -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return whole


@cache
def cases() -> dict[str, Case]:
    """Every case that needs no eye, no root and no other system, by its id."""
    known = {field.name for field in fields(Case)}
    every = [Case(**{key: _frozen(each[key]) for key in known & each.keys()}) for each in _corpus()["cases"]]
    return {case.id: case for case in every if case.auto}


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def prepare(case: Case, folder: Path) -> set[str]:
    """Put the inputs of a case into a folder; the names of all that is there then."""
    for name in filter(None, [case.file, *case.files, *case.needs]):
        source, target = FOLDER / "files" / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    for name in case.makes:
        (folder / "made").mkdir(exist_ok=True)
        MAKERS[name](folder / "made")
    return _names(folder)


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# ── what cannot be stored in a repository ──────────────────────────────────────────────────────────────


def _control() -> bytes:
    return (FOLDER / "files" / "ok-base.yaml").read_bytes()


def _sparse(folder: Path) -> None:
    """A gigabyte that takes no room on a disk."""
    with open(folder / "big1g.yaml", "wb") as file:
        file.truncate(1 << 30)


def _loop(folder: Path) -> None:
    (folder / "loop_a.yaml").symlink_to("loop_b.yaml")
    (folder / "loop_b.yaml").symlink_to("loop_a.yaml")


def _links(folder: Path) -> None:
    (folder / "target.json").write_text("{}", encoding="utf-8")
    (folder / "link.json").symlink_to("target.json")
    (folder / "dangling.yaml").symlink_to("nowhere")


def _odd_names(folder: Path) -> None:
    """Names that are an option to a parser, or a command to a shell."""
    for name in ("-x.yaml", "a b.yaml", "$(id).yaml"):
        (folder / name).write_bytes(_control())


def _long(folder: Path) -> None:
    """A training that lasts until it is stopped."""
    (folder / "long.yaml").write_bytes(_control().replace(b"epochs: 3", b"epochs: 900000000"))


MAKERS: dict[str, Callable[[Path], None]] = {
    "big1g": _sparse,
    "loop": _loop,
    "links": _links,
    "oddnames": _odd_names,
    "long": _long,
}


# ── judging ────────────────────────────────────────────────────────────────────────────────────────────


def misses(case: Case, outcome: Outcome, folder: Path, before: set[str]) -> Iterator[str]:
    """What is not as the case demands."""
    if outcome.code not in case.codes:
        yield f"exit {outcome.code}, not {sorted(case.codes)}"
    yield from _never(case, outcome)
    yield from (f"made the file {name}" for name in case.never_files if (folder / name).exists())
    if not case.leaves and (left := _names(folder) - before):
        yield f"left {sorted(left)}"
    yield from _shown(case, outcome.out)
    if outcome.code not in {0, 1, 5, 130, 143} and outcome.out and not case.stdout_any:
        yield "standard output is not empty"
    if len(outcome.err) > LONGEST:
        yield f"{len(outcome.err)} characters of errors"
    if outcome.code == 3:
        yield from _places(case, outcome.err)


def _never(case: Case, outcome: Outcome) -> Iterator[str]:
    both = outcome.out + outcome.err
    yield from (f"{text!r} is never to be said" for text in case.never if text in both)
    yield from (f"{text!r} on standard error" for text in OVER if text in outcome.err)
    yield from (f"the hidden character {each!r}" for each in hidden(both))


def hidden(text: str) -> list[str]:
    """The control, bidi and zero-width characters of a text, each once, but for the end of a line."""
    return sorted(
        each for each in set(text) - {"\n"} if unicodedata.category(each) in HIDDEN_CATEGORIES or each in HIDDEN_LETTERS
    )


def _shown(case: Case, out: str) -> Iterator[str]:
    if case.shows and case.shows["when"] in out:
        texts = case.shows["text"]
        yield from (
            f"{text!r} is not shown" for text in ([texts] if isinstance(texts, str) else texts) if text not in out
        )


def _places(case: Case, errors: str) -> Iterator[str]:
    found = [(file, int(line), int(column)) for file, line, column in PLACE.findall(errors)]
    if not found and (case.at or case.place == "any" or case.lines):
        yield "no place"
    elif case.at and found[0][1:] not in {case.at, *case.at_also}:
        yield f"the place is {found[0]}, not {[case.at, *case.at_also]}"
    if case.at and found and not found[0][0].endswith(case.at_file):
        yield f"the file is {found[0][0]}, not {case.at_file}"
    if len(found) > 1 and not case.lines:
        yield f"{len(found)} errors for one fault"
    yield from (f"nothing is said of line {line}" for line in case.lines if line not in {each[1] for each in found})


def environment(programs: Path) -> dict[str, str]:
    """The environment of a command line, in which backtrace and python are those of this project."""
    left_out = {"COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"}
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    return kept | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
