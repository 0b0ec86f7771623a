"""From a header and arrays to the trace again: the graph from the config's text, nothing trained and no file opened."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from backtrace.build import build
from backtrace.config import from_document
from backtrace.errors import BacktraceError, ConfigError, Fault, did_you_mean, shortened
from backtrace.executor import Arrays
from backtrace.expressions import Type
from backtrace.graph import EPOCH, RATE, UPDATE, Graph
from backtrace.keys import Keys
from backtrace.recording import Recording
from backtrace.records import dataclass
from backtrace.saved.header import Header, refused
from backtrace.schedule import Batch, Moment
from backtrace.trace import Trace, changed, common, with_rates
from backtrace.yamlfile import parse

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Form:
    """The arrays of an update, for batches of one size, with the shapes that its graph gives them."""

    graph: Graph
    names: tuple[str, ...]

    @cached_property
    def types(self) -> dict[str, Type]:
        """The type of everything that may be recorded, with the names of values after the update left out."""
        counters = dict.fromkeys((RATE, UPDATE, EPOCH), Type(()))
        return counters | self.graph.types | {equation.name: equation.type for equation in self.graph.run}

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every array, the samples first."""
        samples = (self.graph.samples or 1,)
        return {name: samples * self.is_sampled(name) + self.type(name).shape for name in self.names}

    @cached_property
    def count(self) -> int:
        """How many numbers it has."""
        return sum(map(math.prod, self.shapes.values()))

    @cached_property
    def keys(self) -> Keys:
        """Writes the keys of its numbers."""
        return Keys.of(self.graph)

    def type(self, name: str) -> Type:
        """The type of an array, before the update or after it."""
        return self.types.get(name) or self.types[name.removesuffix("+")]

    def is_sampled(self, name: str) -> bool:
        """Whether the first axis of an array counts samples."""
        return self.type(name).sampled

    def check(self, file: str) -> None:
        """Refuse arrays that the graph does not have, and too few of them."""
        for name in self.names:
            if name not in self.types and name.removesuffix("+") not in self.types:
                hint = did_you_mean(name, self.types) or "the file was changed after it was saved"
                raise refused(file, f'its config has no array "{shortened(name)}"', hint)
        for name in (*self.graph.givens, *(equation.name for equation in self.graph.step)):
            if name not in self.names:
                raise refused(file, f'the array "{shortened(name)}" is missing')


@dataclass(frozen=True)
class Plan:
    """What a saved trace must hold: its header's updates, each with arrays of the shapes that its config gives them."""

    header: Header
    graph: Graph
    file: str

    @classmethod
    def of(cls, header: Header, file: str) -> Plan:
        """The plan of a header.

        Raises:
            ConfigError: the config is refused, or gives other updates or arrays than the header has.
        """
        found = cls(header, _graph(header, file), file)
        found.check_moments()
        for form in {id(form): form for form in map(found.form, header.moments.values())}.values():
            form.check(file)
        return found

    @cached_property
    def _forms(self) -> tuple[Form, Form]:
        return Form(self.graph, self.header.arrays), Form(self.graph.rest or self.graph, self.header.rest)

    def form(self, batch: Batch) -> Form:
        """What an update on a batch has."""
        return self._forms[self.graph.of_size(batch) is not self.graph]

    def groups(self) -> Iterator[tuple[Form, list[Moment]]]:
        """The forms of updates, each with the updates that have it: those on whole batches, those on smaller ones."""
        moments = self.header.moments
        for form in self._forms:
            yield form, [moment for moment, batch in moments.items() if self.form(batch) is form]

    def check_moments(self) -> None:
        """Refuse updates that the config does not make."""
        header, schedule = self.header, self.graph.schedule
        sizes = {self.graph.samples or 1} | ({self.graph.rest.samples or 1} if self.graph.rest else set())
        for moment, batch in header.moments.items():
            where = f"epoch {moment.epoch}, step {moment.update}"
            if moment.epoch > header.made or moment.update > self.graph.updates_per_epoch:
                raise refused(self.file, f"{where} is recorded, which was not made")
            if schedule is None and batch:
                raise refused(self.file, f"{where} has samples of its own, but the config trains on all")
            if schedule and (len(batch) not in sizes or max(batch) >= schedule.count):
                raise refused(self.file, f"the samples of {where} are no batch of the config")
        last = max(header.moments).epoch
        if last != header.made or header.made > header.origin.epochs:
            message = f"{header.made} of {header.origin.epochs} epochs were made, and epoch {last} is the last recorded"
            raise refused(self.file, message)

    def trace(self, records: Mapping[Moment, Arrays], losses: Sequence[float] | npt.NDArray[np.float64]) -> Trace:
        """The trace; at several learning rates it is run again."""
        header = self.header
        last = max(records)
        replaced = [(e.name, e.state) for e in self.graph.of_size(header.moments[last]).updates if e.state]
        # the last update is always recorded: what it left is what training goes on from
        record = records[last]
        state = {old: record[new] for new, old in replaced}
        batches = {moment: batch for moment, batch in header.moments.items() if batch}
        made = np.asarray(losses, dtype=np.float64)
        recording = Recording(records, made, state, header.executor, batches, header.stopped)
        found = Trace(self.graph, recording, rounding=header.rounding, origin=header.origin)
        return with_rates(found, common(found, header.origin.epochs), header.origin.values)


def _graph(header: Header, file: str) -> Graph:
    """The graph of the config's text, with the values that were set."""
    stated = header.origin.stated
    try:
        config = from_document(parse(stated.text, stated.name), stated.files)
        return changed(build(config), header.origin.values)
    except BacktraceError as error:
        what = Fault(f'the config within the saved trace "{shortened(file)}" is refused')
        raise ConfigError([what, *error.faults]) from None
