"""Expected files: the figures of a trace as text, so that a comparison with them finds each of them right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from backtrace.arguments import yaml_key
from backtrace.errors import shortened, visible
from backtrace.expressions import Element
from backtrace.keys import Derivative, Part, Target
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.render.numbers import Numbers
from backtrace.report import Block, Choice, Rows, sections, spelled_out
from backtrace.saved.cells import cell
from backtrace.schedule import Moment

Entries: TypeAlias = dict[str, Any]
"""Keys and their texts, or the texts of an array; headings and what stands under them."""
STEP = "  "
LONGEST_HEADING = 200


@dataclass(frozen=True)
class Sheet:
    """Collects the figures of one epoch under the headings of its report; each figure once."""

    view: View
    numbers: Numbers
    choice: Choice
    arrays: bool = False
    _seen: set[str] = field(default_factory=set, repr=False)

    def headings(self) -> dict[str, Entries]:
        """The sections with their figures; what is given only if it is asked for."""
        found: dict[str, Entries] = {}
        for section in sections(self.view, self.wanted):
            if section.name != "given" or self.choice.only:
                entries = found.setdefault(str(section.title), {})
                for block in section.blocks:
                    self.add(block, entries)
        return {title: entries for title, entries in found.items() if entries}

    @cached_property
    def wanted(self) -> Choice:
        """The choice with keys as they are written here."""
        return spelled_out(self.view, self.choice)

    def add(self, block: Block, entries: Entries) -> None:
        """The figures of a block, those of a layer under its name."""
        figures = dict(self.figures(block.quantities()))
        title = block.title if isinstance(block, Rows) else ""
        if title and figures:
            name = f"layer {title}" if title in entries and isinstance(entries[title], str) else title
            entries.setdefault(name, {}).update(figures)
        else:
            entries.update(figures)

    def figures(self, quantities: Iterable[Quantity]) -> Iterator[tuple[str, Any]]:
        """Keys with texts, in order; what is infinite is no figure."""
        for quantity in quantities:
            if self.wanted.only and not self.wanted.shows(quantity.key):
                continue  # it stands in the same row as one that is wanted
            key, value = self.whole(quantity) if self.arrays else (quantity.key, quantity.value)
            if key not in self._seen and np.all(np.isfinite(value)):
                self._seen.add(key)
                yield key, self.text(np.asarray(value).tolist())

    def whole(self, quantity: Quantity) -> tuple[str, Any]:
        """The array that a number is an element of, where it has a key; else the number itself."""
        target = _array(quantity.target)
        key = self.view.keys.text(target)
        if target == quantity.target or self.view.keys.find(key) != target:
            return quantity.key, quantity.value
        return key, self.view.value(target)

    def text(self, value: Any) -> Any:
        """A number as a text, a list as texts."""
        return [self.text(one) for one in value] if isinstance(value, list) else self.numbers.value(value)


def _array(target: Target) -> Target:
    if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
        return Derivative(target.of, Part(target.by.name)) if target.of.sample is None else target
    return Part(target.name) if isinstance(target, Element) else target


# ── YAML ──


def yaml_lines(title: str, views: Iterable[View], numbers: Numbers, choice: Choice, arrays: bool) -> Iterator[str]:
    """An expected file in YAML; an epoch has a heading where it is not the first alone."""
    listed = list(views)
    yield f"# {' '.join(visible(title).split())}: every figure as the program computes it"
    alone = len(listed) == 1 and listed[0].epoch == 1 and listed[0].graph.updates_per_epoch == 1
    for view in listed:
        headings = Sheet(view, numbers, choice, arrays).headings()
        yield from _mapping(headings if alone else {f"epoch {moment_text(view)}": headings}, "")


def _mapping(entries: Entries, indent: str) -> Iterator[str]:
    for name, value in entries.items():
        if isinstance(value, dict):
            yield f"{indent}{heading(name)}:"
            yield from _mapping(value, indent + STEP)
        else:
            yield f"{indent}{yaml_key(name)}: {json.dumps(value)}"


def heading(title: str) -> str:
    """A heading as YAML can hold it: nothing hidden, and shorter than the 1,024 characters of its keys.

    >>> print(heading("Hidden layer"), heading("a: b"), heading("c\\x9bd"))
    Hidden layer "a: b" "c\\\\x9bd"
    """
    text = shortened(title, LONGEST_HEADING)
    return text if re.fullmatch(r"[^\W\d][\w ]*\w", text) else json.dumps(text, ensure_ascii=False)


def moment_text(view: View) -> str:
    """An epoch, with the update where it has several."""
    return Moment(view.epoch, view.update).text() if view.graph.updates_per_epoch > 1 else str(view.epoch)


# ── CSV ──


def csv_lines(views: Iterable[View], numbers: Numbers, choice: Choice) -> Iterator[str]:
    """An expected file in CSV: a row a figure."""
    yield "epoch,update,key,value"
    for view in views:
        several = view.graph.updates_per_epoch > 1
        sheet = Sheet(view, numbers, choice)
        for key, text in _flat(sheet.headings()):
            yield f"{view.epoch},{view.update if several else ''},{cell(key)},{text}"


def _flat(entries: Entries) -> Iterator[tuple[str, str]]:
    for name, value in entries.items():
        yield from _flat(value) if isinstance(value, dict) else [(name, value)]
