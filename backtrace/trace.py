"""A trace: the recorded epochs of a run, the losses of all, and the graph they belong to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from functools import cached_property, partial
from typing import Final

import numpy as np
import numpy.typing as npt

from backtrace import __version__
from backtrace.build import build
from backtrace.config import Config
from backtrace.errors import Fault, NumericError, UsageError
from backtrace.expressions import Element
from backtrace.graph import RATE, RATE_NAMES, Graph
from backtrace.keys import Key, Keys, Part
from backtrace.loading import build_file
from backtrace.origin import Origin
from backtrace.quantities import Value, View
from backtrace.recording import Recording
from backtrace.records import dataclass
from backtrace.rounding import Rounding
from backtrace.schedule import Keep, Moment
from backtrace.training import Before, DivergedError, Progress, train
from backtrace.views import Views

LISTED: Final = 20
"""So many epochs are listed where one that is asked for is not recorded."""


@dataclass(frozen=True)
class Trace:
    """Everything a run computed, by key.

    ``trace["h1"]`` is a number, ``trace["W"]`` an array, ``trace["h1@3"]`` of epoch 3; without an epoch the first
    recorded one is meant. Where an epoch has several updates, ``trace["h1@3.2"]`` is of its second, ``trace["h1@3"]``
    an array over all of them.

    >>> import backtrace
    >>> trace = backtrace.run("configs/example.yaml")
    >>> round(trace["dE_tot/dU11"], 8)
    0.02592286
    """

    graph: Graph
    recording: Recording
    rates: Mapping[float, Trace | None] = field(default_factory=dict)
    """By learning rate the trace, where the config has several; None where the numbers left the finite range."""
    rounding: Rounding | None = None
    """How every result was rounded before it was used."""
    origin: Origin | None = None
    """What it was made from; None where the graph is of no file."""

    @cached_property
    def epochs(self) -> Views:
        """The recorded updates in order; each answers keys as the trace does."""
        batches, records = self.recording.batches, self.recording.records

        def made(moment: Moment) -> View:
            batch = batches.get(moment, ())
            graph = self.graph.of_size(batch)
            lost = self.recording.lost
            element = lost[1] if lost and lost[0] == moment else None
            if self.rounding is None:
                chains = graph.known.setdefault(View, {})
                return View(graph, records[moment], *moment, batch, _chains=chains, lost=element)
            from backtrace.rounded import RoundedView

            return RoundedView(graph, records[moment], *moment, batch, lost=element, rounding=self.rounding)

        return Views(sorted(records), made)

    @property
    def unfinished(self) -> bool:
        """Whether training was ended before it had made the epochs that were asked for."""
        asked = self.origin.epochs if self.origin else 0
        return len(self.losses) < asked and not self.recording.stopped

    @property
    def finite(self) -> Trace | None:
        """Without the epoch that left the finite numbers, if one did; None where nothing was recorded before it."""
        found = self.recording.finite
        if found is self.recording:
            return self
        ends = any(moment.epoch == len(found.losses) for moment in found.records)
        return replace(self, recording=found) if ends else None

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """The objective before each update."""
        return self.recording.losses

    @property
    def keys(self) -> Keys:
        """Reads and writes the keys of this trace."""
        return self.epochs[0].keys

    def epoch(self, number: int | None, update: int | None = None) -> View:
        """A recorded update by its epoch, and its number there; the first one for None.

        Raises:
            UsageError: that one was not recorded.
        """
        return self.updates(number, update)[0]

    def updates(self, number: int | None, update: int | None = None) -> Sequence[View]:
        """The recorded updates of an epoch, or the one of that number; the first of all for None.

        Raises:
            UsageError: there is none.
        """
        wanted = self.epochs[0].epoch if number is None else number
        found = self.epochs.of(wanted, update)
        if not found:
            self.refuse(wanted, update)
        return found[:1] if number is None else found

    def refuse(self, number: int, update: int | None) -> None:
        """Say that an epoch, or one of its updates, is not recorded, and which are."""
        several = self.graph.updates_per_epoch > 1
        what = f"update {update} of epoch {number}" if update else f"epoch {number}"
        kept = [moment.text() if several else str(moment.epoch) for moment in self.epochs.moments]
        shown = kept if len(kept) <= LISTED else [*kept[: LISTED - 1], "...", kept[-1]]
        raise UsageError(Fault(f"{what} is not recorded", hint=f"recorded: {', '.join(shown)}"))

    def value(self, key: Key) -> Value:
        """The value of a parsed key."""
        views = self.updates(key.epoch, key.update)
        if len(views) == 1:
            return views[0].value(key.target)
        return np.stack([np.asarray(view.value(key.target)) for view in views])

    def resume(self, epochs: int, keep: Iterable[Keep] | None = None, progress: Progress | None = None) -> Trace:
        """Train on to so many epochs in all: the trace that a run of so many would have given, to the last bit.

        Args:
            epochs: how many in all; no fewer than were made.
            keep: as for ``run``; of epochs that were made before, those are kept that were recorded then.
            progress: as for ``run``.

        Raises:
            UsageError: fewer were asked for than were made.
            NumericError: the numbers left the finite range.
        """
        from backtrace.resuming import resumed

        return resumed(self, epochs, keep, progress)

    def save(self, path: str | os.PathLike[str], force: bool = False) -> None:
        """Save all of it in a file whose ending says how: ``.npz``, ``.json`` or ``.csv``; ``backtrace.load`` reads it.

        Raises:
            FileError: there is such a file and ``force`` is not given, or it cannot be written.
            UsageError: the ending is another one, or the trace is too large for it.
        """
        from backtrace.saved import save

        save(self, path, force)

    def __getitem__(self, key: str) -> Value:
        return self.value(self.keys.parse(key))

    def __repr__(self) -> str:
        return f"<Trace of {self.graph.title!r}, {len(self.losses)} epochs, {len(self.epochs)} recorded>"

    def __str__(self) -> str:
        from backtrace.render.text import report_text

        return report_text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows; of a large trace its head and how to see more."""
        from backtrace.render.notebook import as_html

        return as_html(self)

    def _repr_markdown_(self) -> str:
        from backtrace.render.notebook import as_markdown

        return as_markdown(self)

    def _repr_latex_(self) -> str:
        from backtrace.render.notebook import as_latex

        return as_latex(self)


def run(
    config: str | os.PathLike[str] | Config,
    *,
    epochs: int | None = None,
    keep: Iterable[Keep] | None = None,
    values: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    rounding: str | Rounding | None = None,
) -> Trace:
    """Run a config and return its trace.

    Args:
        config: the path of a config, or one already read.
        epochs: how many updates, at least 1; those the config says if not given.
        keep: the epochs to record in full, or pairs of an epoch and an update; the first and the last if not given.
        values: given values to replace, by key: ``{"W11": 0.35, "learning_rate": 0.1}``.
        progress: called now and then with the number of epochs done; where it returns True, training ends there, and
            the trace is of fewer epochs than were asked for.
        rounding: round every result before it is used: ``"4"`` to 4 decimals, ``"4sf"`` to 4 significant figures.

    Raises:
        ConfigError: the config is refused.
        FileError: it cannot be read.
        NumericError: the numbers left the finite range.

    >>> import backtrace
    >>> trace = backtrace.run("configs/example.yaml", values={"W11": 0.35})
    >>> round(trace["z1"], 3)
    0.085
    """
    if isinstance(config, Mapping):
        raise UsageError(Fault("a mapping is no config", hint="give the path of a YAML file"))
    graph = build(config) if isinstance(config, Config) else build_file(config)
    return run_graph(graph, epochs=epochs, keep=keep, values=values, progress=progress, rounding=rounding)


def run_graph(
    graph: Graph,
    *,
    epochs: int | None = None,
    keep: Iterable[Keep] | None = None,
    values: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    rounding: str | Rounding | None = None,
) -> Trace:
    """As ``run``, for a graph that is built already."""
    changed_graph = changed(graph, values or {})
    count = graph.default_epochs if epochs is None else epochs
    check_epochs(graph, count)
    kept = Rounding.parse(rounding) if isinstance(rounding, str) else rounding
    set_ = {key: float(number) for key, number in (values or {}).items()}
    origin = Origin(graph.stated, set_, count, __version__) if graph.stated else None

    def traced(recording: Recording) -> Trace:
        return Trace(changed_graph, recording, rounding=kept, origin=origin)

    with lost_as(traced):
        found = traced(trained(changed_graph, count, keep or (1, count), kept, progress))
    return with_rates(found, common(found, count), set_)


@contextmanager
def lost_as(traced: Callable[[Recording], Trace]) -> Iterator[None]:
    """Let an error of numbers that are not finite carry the trace of what was made until then."""
    try:
        yield
    except DivergedError as error:
        error.trace = traced(error.recording)
        raise


def common(trace: Trace, asked: int) -> int:
    """How many epochs the training at other rates makes: no more, where this one was ended before its time."""
    return asked if trace.recording.stopped else len(trace.losses)


def check_epochs(graph: Graph, count: int) -> None:
    """Refuse a number of epochs that the graph cannot be run for.

    Raises:
        UsageError: it is below 1, or gradients are given for fewer.
    """
    if count < 1:
        raise UsageError(Fault(f"epochs is {count}", hint="give 1 or more"))
    if graph.schedule and graph.schedule.in_turn and count > graph.schedule.count:
        given = f"gradients are given for {graph.schedule.count} updates"
        raise UsageError(
            Fault(f"{given}, but {count} epochs are asked for", hint="give the others too, or fewer epochs")
        )


def with_rates(trace: Trace, epochs: int, values: Mapping[str, float]) -> Trace:
    """A trace beside the same training at each learning rate, where the config has several and none is set."""
    others = () if any(key in RATE_NAMES for key in values) else trace.graph.rates
    return replace(trace, rates={rate: _at_rate(trace, rate, epochs) for rate in others})


def trained(
    graph: Graph,
    epochs: int,
    keep: Iterable[Keep],
    rounding: Rounding | None,
    progress: Progress | None = None,
    before: Before | None = None,
) -> Recording:
    """What training a graph leaves, every result rounded where that is asked for."""
    if rounding is None:
        return train(graph, epochs, keep, progress, before=before)
    from decimal import Decimal

    from backtrace.rounded import RoundedExecutor

    found = train(graph, epochs, keep, progress, make=partial(RoundedExecutor, rounding=rounding), before=before)
    losses = [rounding.rounded(Decimal(repr(loss))) for loss in found.losses.tolist()]
    return replace(found, losses=np.asarray(losses))


def _at_rate(trace: Trace, rate: float, epochs: int) -> Trace | None:
    """The same training at another learning rate, the last update recorded."""
    other = trace.graph.with_values({}, rate)
    origin = trace.origin and replace(trace.origin, values={**trace.origin.values, RATE: rate})
    try:
        return Trace(other, trained(other, epochs, (), trace.rounding), rounding=trace.rounding, origin=origin)
    except NumericError:
        return None


def changed(graph: Graph, values: Mapping[str, float]) -> Graph:
    """The graph with given values replaced by key.

    Raises:
        UsageError: a key that is no given value.
    """
    keys = Keys.of(graph)
    arrays: dict[str, npt.NDArray[np.float64]] = {}
    rate: float | None = None
    for text, number in values.items():
        if text in RATE_NAMES and text not in graph.givens:
            rate = _rate(graph, number)
            continue
        name, place = _given_place(graph, keys, text)
        array = arrays.setdefault(name, np.array(graph.data.get(name, graph.givens[name].values)))
        array[place] = number
    return graph.with_values(arrays, rate)


def _rate(graph: Graph, number: float) -> float:
    if graph.learning_rate is None and RATE not in graph.equations:
        raise UsageError(Fault("the config has no learning rate to set", hint="add learning_rate: 0.5"))
    return number


def _given_place(graph: Graph, keys: Keys, text: str) -> tuple[str, tuple[int | slice, ...]]:
    target = keys.parse(text).target
    if not isinstance(target, Element | Part) or target.name not in graph.givens:
        known = ", ".join(graph.givens)
        raise UsageError(Fault(f'"{text}" is computed, not given', hint=f"given here: {known}, learning_rate"))
    sampled = graph.givens[target.name].type.sampled or target.name in graph.data
    sample: int | slice = slice(None) if target.sample is None else target.sample
    return target.name, ((sample,) if sampled else ()) + (target.index or ())
