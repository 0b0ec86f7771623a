"""What goes with a page of blanks: the table to write answers into, the sheet as CSV, and the answer key."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator

from backtrace.arguments import yaml_key
from backtrace.errors import visible
from backtrace.render.figures import STEP, heading, moment_text
from backtrace.render.numbers import Numbers
from backtrace.saved.cells import cell
from backtrace.words import Words
from backtrace.worksheets.blanks import Blanks

MARK = "<!-- backtrace worksheet, digits {digits} -->"
"""Above a table of answers in Markdown: to so many digits the page shows what it shows."""
COLUMNS = "blank,key,digits,value"


def dated_keys(blanks: Blanks) -> Iterator[tuple[int, str]]:
    """The number and the key of each blank, with its epoch where that is not the first alone."""
    view = blanks.view
    first = view.epoch == 1 and view.graph.updates_per_epoch == 1
    for key, number in blanks.numbers.items():
        yield number, key if first else f"{key}@{moment_text(view)}"


def marking(config: str, file: str) -> str:
    """The command that marks a sheet, for a reader in the folder of the sheet, wherever that has gone.

    >>> marking("configs/example.yaml", "sheet.md"), marking("sheets/a-01.yaml", "sheets/a-01.md")
    ('backtrace diff configs/example.yaml sheet.md', 'backtrace diff a-01.yaml a-01.md')
    """
    folder, sheet = os.path.split(file)
    if not config.startswith("@"):
        inside = os.path.relpath(config, folder or ".")
        config = os.path.basename(config) if inside.startswith(os.pardir) else inside
    return f"backtrace diff {shlex.quote(visible(config))} {shlex.quote(visible(sheet))}"


def code(command: str) -> str:
    """A command in Markdown, between more grave accents than any that it has.

    >>> code("ls"), code("ls a`b")
    ('`ls`', '`` ls a`b ``')
    """
    if "`" not in command:
        return f"`{command}`"
    fence = "`" * (1 + max(map(len, re.findall("`+", command))))
    return f"{fence} {command} {fence}"


def markdown_table(blanks: Blanks, numbers: Numbers, words: Words, command: str) -> Iterator[str]:
    """A table with an empty cell for each blank, and the command that marks it."""
    yield f"\n## {words.say('answers')}\n\n{words.say('marks by', command=code(command))}\n\n"
    yield f"{MARK.format(digits=numbers.digits)}\n\n"
    yield f"| {words.say('blank')} | {words.say('quantity')} | {words.say('number')} |\n| --: | --- | --: |\n"
    for number, key in dated_keys(blanks):
        yield f"| ({number}) | `{key}` | |\n"


def csv_sheet(blanks: Blanks, numbers: Numbers) -> Iterator[str]:
    """A row for each blank, its value left out."""
    yield COLUMNS + "\n"
    for number, key in dated_keys(blanks):
        yield f"{number},{cell(key)},{numbers.digits},\n"


def answer_key(blanks: Blanks, numbers: Numbers, title: str) -> Iterator[str]:
    """An expected file of all answers under the headings of the page, each with the number of its blank."""
    yield f"# {' '.join(visible(title).split())}: answers\n"
    view, indent = blanks.view, ""
    if view.epoch != 1 or view.graph.updates_per_epoch > 1:
        yield f"epoch {moment_text(view)}:\n"
        indent = STEP
    answers = {placed.quantity.key: placed.quantity for placed in blanks.placed}
    for section, layers in _headings(blanks).items():
        yield f"{indent}{heading(section)}:\n"
        for layer, entries in layers.items():
            inner = indent + STEP
            if layer:
                name = f"layer {layer}" if layer in layers[""] else layer
                yield f"{inner}{heading(name)}:\n"
                inner += STEP
            for key, number in entries.items():
                text = numbers.value(view.number(answers[key].target))
                yield f"{inner}{yaml_key(key)}: {json.dumps(text)}  # ({number})\n"


def _headings(blanks: Blanks) -> dict[str, dict[str, dict[str, int]]]:
    """By section and layer the keys with the numbers of their blanks; what is of no layer first."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for quantity, section, layer in blanks.placed:
        layers = found.setdefault(str(section), {"": {}})
        layers.setdefault(layer, {})[quantity.key] = blanks.numbers[quantity.key]
    return found
