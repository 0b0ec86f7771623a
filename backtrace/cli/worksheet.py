"""``backtrace worksheet``: a page with blanks, and its answers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from backtrace.arguments import shown_epochs
from backtrace.cli.app import Config, Debug, Force, Lang, Output, app, whole
from backtrace.cli.session import config_path, deliver, language, traced
from backtrace.errors import Fault, FileError, UsageError, visible
from backtrace.outputs import holds, refuse_other, write_all
from backtrace.records import dataclass

if TYPE_CHECKING:
    from backtrace.worksheets import Worksheet

KEY: Final = ".key.yaml"

Blank = Annotated[
    str, typer.Option("--blank", metavar="WHICH", help="backward, forward, all, every:3, or keys: 'dE*,U*+'")
]
WithFormulas = Annotated[bool, typer.Option("--formulas/--no-formulas", help="the formulas of what is left blank")]
SheetDigits = Annotated[
    int | None,
    typer.Option(
        "--digits", metavar="D", parser=whole("--digits", 1, 15), help="decimals of a result (4, or as variants need)"
    ),
]
Moment = Annotated[str, typer.Option("--epoch", metavar="E", help="of which epoch: 3; 1.2 is an update")]
SheetFormat = Annotated[str | None, typer.Option("--format", metavar="F", help="markdown, latex, html or csv")]
Variants = Annotated[
    int | None,
    typer.Option(
        "--variants", metavar="N", parser=whole("--variants", 1, 999), help="so many sheets with other given numbers"
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        "--seed", metavar="S", parser=whole("--seed", 0), help="which variants: the same seed, the same sheets"
    ),
]


@app.command()
def worksheet(
    config: Config,
    blank: Blank = "backward",
    formulas: WithFormulas = True,
    digits: SheetDigits = None,
    epoch: Moment = "1",
    variants: Variants = None,
    seed: Seed = 1,
    format_: SheetFormat = None,
    lang: Lang = "en",
    output: Output = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace worksheet configs/example.yaml -o sheet.md
             backtrace worksheet configs/example.yaml --blank every:3 --no-formulas -o sheet.tex
             backtrace worksheet configs/example.yaml --variants 30 --seed 7 -o sheets/

    Write the calculation with figures left blank, and beside it the answers as sheet.key.yaml.

    Left blank are derivatives and new values (backward), the forward pass with the error (forward), everything (all),
    every third figure (every:3), or what keys name. --variants draws other given numbers: beside each sheet stands
    its own config. A sheet that is filled in, Markdown or CSV, is marked by backtrace diff.
    """
    from backtrace.render.numbers import Numbers
    from backtrace.worksheets import Worksheet, blank_keys, format_of

    words, written_as, moment = language(lang, output), format_of(format_, output), _moment(epoch)
    trace = traced(config, moment[0], None, shown_epochs(epoch, None), None)
    keys = tuple(blank_keys(trace.epoch(*moment), blank))
    one = Worksheet(trace, keys, Numbers(4 if digits is None else digits), formulas, words, moment=moment)
    if output is None:
        _print(one, written_as, config, variants)
    elif variants:
        _write_variants(one, _Place.of(config, output, written_as), variants, seed, digits, force)
    else:
        _write(one, _Place.of(config, output, written_as), force)


def _print(one: Worksheet, format_: str, config: str, variants: int | None) -> None:
    """A sheet alone, on standard output."""
    if variants:
        hint = "-o sheets/ or -o sheet.md: sheet-01.md, sheet-02.md, ..."
        raise UsageError(Fault("--variants are files", hint=hint))
    deliver(one.pages(format_, config, "sheet.md"), None)
    typer.echo("The answers are written beside a file: -o sheet.md writes sheet.key.yaml too.", err=True)


def _write(one: Worksheet, place: _Place, force: bool) -> None:
    """A sheet and its answers."""
    sheet, key = place.named(""), place.named("", KEY)
    place.folder()
    answers = "".join(one.key())
    texts: dict[str, Iterable[str]] = {sheet: one.pages(place.format, place.config, sheet)}
    if not holds(key, answers):
        texts[key] = [answers]
    write_all(texts, force)
    marked = sheet if place.format in ("markdown", "csv") else key
    following = f"Next: backtrace diff {visible(place.config)} {visible(marked)}"
    typer.echo(f"Wrote {visible(sheet)} and {visible(key)}. {following}")


@dataclass(frozen=True)
class _Place:
    """Where sheets go: a path without its ending, and the ending."""

    config: str
    stem: str
    ending: str
    format: str

    @classmethod
    def of(cls, config: str, output: str, format_: str) -> _Place:
        """The place that -o names; in a folder by the name of the config."""
        from backtrace.worksheets import FORMATS

        usual = f".{FORMATS[format_].endings[0]}"
        if output.endswith(("/", os.sep)) or os.path.isdir(output):
            name = os.path.basename(config_path(config)).partition(".")[0]
            return cls(config, os.path.join(output, name), usual, format_)
        stem, ending = os.path.splitext(output)
        return cls(config, stem, ending or usual, format_)

    def named(self, number: str, ending: str | None = None) -> str:
        """The path of a sheet, or with another ending of what goes with it."""
        return f"{self.stem}{number}{self.ending if ending is None else ending}"

    def folder(self) -> None:
        """Make the folder of the sheets if there is none."""
        folder = os.path.dirname(self.stem)
        try:
            os.makedirs(folder or ".", exist_ok=True)
        except OSError as error:
            raise FileError(Fault(f"{visible(folder)} cannot be made: {error.strerror}")) from None


def _write_variants(one: Worksheet, place: _Place, count: int, seed: int, digits: int | None, force: bool) -> None:
    """A sheet, its answers and its config for each variant; nothing before all of them are found."""
    from backtrace.worksheets.variants import Original, variants
    from backtrace.yamlfile import files

    path = config_path(place.config)
    original = Original(files.decode(files.read(path), path), path, one.keys, one.moment)
    width = max(2, len(str(count)))
    numbered = [f"-{number:0{width}d}" for number in range(1, count + 1)]
    paths = [place.named(number, ending) for number in numbered for ending in (None, KEY, ".yaml")]
    for name in paths:
        refuse_other(name, force)
    found = list(variants(original, count, seed, digits))
    place.folder()
    for at, (number, (variant, numbers)) in enumerate(zip(numbered, found, strict=True), start=1):
        made = replace(one, trace=variant.trace, numbers=numbers, number=at)
        sheet, key, config = (place.named(number, ending) for ending in (None, KEY, ".yaml"))
        write_all({sheet: made.pages(place.format, config, sheet), key: made.key(), config: [variant.text]}, force)
    first, last = place.named(numbered[0]), place.named(numbered[-1])
    to = f"{visible(first)} to {visible(last)}" if count > 1 else visible(first)
    beside = f"each with its answers ({KEY}) and its config (.yaml)"
    typer.echo(f"Wrote {to}, {beside}, at {found[0][1].digits} decimals.")


def _moment(text: str) -> tuple[int, int | None]:
    """An epoch, or with a point one of its updates."""
    word, _, update = text.partition(".")
    if not word.isdecimal() or int(word) < 1 or (update and not update.isdecimal()):
        raise UsageError(
            Fault(f'--epoch: "{visible(text)}" is no epoch', hint="such as 1, or 1.2 for its second update")
        )
    return int(word), int(update) if update else None
