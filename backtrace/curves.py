"""Curves: the loss and chosen quantities of trainings, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePath
from typing import Final

import numpy as np
import numpy.typing as npt

from backtrace.errors import Fault, NumericError, UsageError, shortened, visible
from backtrace.expressions import Element
from backtrace.graph import Graph
from backtrace.keys import Derivative, Keys, Target
from backtrace.quantities import View
from backtrace.records import dataclass
from backtrace.report import all_targets
from backtrace.report.derivation import numbers_of
from backtrace.schedule import Keep
from backtrace.trace import Trace
from backtrace.training import DivergedError

MOST: Final = 12
"""More curves than this cannot be told apart."""
RECORDED: Final = 500
"""So many epochs of a quantity are recorded: a curve has more points than a page has columns."""
NUMBERS: Final = 1 << 23
"""Of large networks fewer, so that no more numbers than these are kept."""
LONGEST: Final = 30
"""The name of a config within a label is cut to so many characters."""
LOOKED_AT: Final = 10_000
"""Of keys that name more numbers the rest is not looked at."""
WEIGHTS: Final = "weights"
WILD: Final = frozenset("*?")
Train = Callable[[Graph, int, Iterable[Keep], float | None], Trace]
"""Trains a graph for so many epochs, keeps some, at a learning rate if one is given."""


@dataclass(frozen=True)
class Name:
    """What is drawn: as a reader likes it, and in plain text."""

    pretty: str
    plain: str

    def text(self, ascii_: bool) -> str:
        """The one that can be shown."""
        return self.plain if ascii_ else self.pretty


LOSS: Final = Name("loss", "loss")
VALUE: Final = Name("value", "value")


@dataclass(frozen=True)
class Curve:
    """Values by epoch; ``ended`` is the epoch in which the numbers left the finite range, 0 if they did not.

    ``lost`` tells then what was lost and why.
    """

    name: Name
    epochs: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    ended: int = 0
    lost: NumericError | None = None


@dataclass(frozen=True)
class Plot:
    """Curves with what stands around them."""

    title: str
    quantity: Name
    curves: tuple[Curve, ...]
    notes: tuple[str, ...] = ()
    log: bool = False
    logx: bool = False

    @property
    def extent(self) -> npt.NDArray[np.float64]:
        """The values that have a place: those of curves that stay finite and the first of the others, or all."""
        if all(curve.ended for curve in self.curves):
            return np.concatenate([curve.values for curve in self.curves])
        return np.concatenate([curve.values[: 1 if curve.ended else None] for curve in self.curves])

    @property
    def lost(self) -> NumericError | None:
        """Why no training stays finite; None where one does: beside that, another that does not is a finding."""
        return self.curves[0].lost if all(curve.ended for curve in self.curves) else None

    @property
    def last(self) -> int:
        """The last epoch of all."""
        return max(int(curve.epochs[-1]) for curve in self.curves)

    def remarks(self, ascii_: bool = False) -> Iterator[str]:
        """What a reader must know to read the curves."""
        for curve in self.curves:
            if curve.ended:
                yield f"{curve.name.text(ascii_)}: the numbers leave the finite range in epoch {curve.ended:,}"
        if self.last == 1:
            yield "this is one epoch: --epochs N trains longer"
        yield from self.notes


@dataclass(frozen=True)
class Run:
    """One training of a plot: a config under its name, at a learning rate if several are compared."""

    config: str
    graph: Graph
    rate: float | None = None

    def named(self, quantity: Name, parts: Sequence[bool]) -> Name:
        """What a curve of this run is called, by those of config, quantity and rate that differ."""
        rate = f" = {self.rate!r}".removesuffix(".0") if self.rate is not None else ""
        pretty = (self.config, quantity.pretty, rate and "η" + rate)
        plain = (self.config, quantity.plain, rate and "eta" + rate)
        texts = [
            ", ".join(t for t, wanted in zip(each, parts, strict=True) if wanted and t) for each in (pretty, plain)
        ]
        return Name(*texts)


def runs(graphs: Sequence[tuple[str, Graph]], rates: Sequence[float], fixed: bool) -> list[Run]:
    """The trainings: every config at every rate, or at those of its own unless its rate is ``fixed``."""
    stems = [PurePath(file).stem for file, _ in graphs]
    clear = len(set(stems)) == len(stems)
    names = [shortened(name, LONGEST) for name in (stems if clear else [file for file, _ in graphs])]
    return [
        Run(name, graph, rate)
        for name, (_, graph) in zip(names, graphs, strict=True)
        for rate in rates or (() if fixed else graph.rates) or (None,)
    ]


def plot(found: Sequence[Run], show: Sequence[str], epochs: int | None, train: Train, log: bool, logx: bool) -> Plot:
    """The curves of trainings.

    Args:
        found: the trainings.
        show: keys, patterns of keys, ``loss`` or ``weights``.
        epochs: how many; those that each config says if None.
        train: trains one.
        log: draw values on a logarithmic scale.
        logx: draw epochs on one.

    Raises:
        UsageError: a key that names nothing, too many curves, or no logarithm.
        NumericError: every training left the finite numbers before a first epoch was done.
    """
    if len(found) > MOST:
        raise UsageError(Fault(f"these are {len(found)} curves", hint=f"at most {MOST} can be told apart"))
    chosen = [list(quantities(run.graph, show)) for run in found]
    drawn = [some[: MOST // len(found)] for some in chosen]
    courses = _courses(found, drawn, epochs, train, logx)
    curves = [(run, curve) for run, course in zip(found, courses, strict=True) for curve in course]
    names = {curve.name for _, curve in curves}
    alone = all(len(course) <= 1 for course in courses)
    several = len({run.config for run in found}) > 1, not alone, any(run.rate is not None for run in found)
    parts = several if any(several) else (False, True, False)
    named = tuple(replace(curve, name=run.named(curve.name, parts)) for run, curve in curves)
    if log:
        _check_positive(named)
    quantity = names.pop() if len(names) == 1 else LOSS if all(map(_only_losses, found, drawn)) else VALUE
    title = "" if several[0] else visible(found[0].graph.title)
    failed = [
        run.named(Name("", ""), (True, False, True)) for run, course in zip(found, courses, strict=True) if not course
    ]
    return Plot(title, quantity, named, (*map(_failure, failed), *_notes(found, chosen, drawn)), log, logx)


def _courses(
    found: Sequence[Run], drawn: Sequence[Sequence[Target]], epochs: int | None, train: Train, logx: bool
) -> list[list[Curve]]:
    """The curves of each training; none of one that fails at once, unless they all do."""
    courses: list[list[Curve]] = []
    errors = []
    for run, some in zip(found, drawn, strict=True):
        try:
            courses.append(list(_course(run, some, epochs or run.graph.default_epochs, train, logx)))
        except NumericError as error:
            courses.append([])
            errors.append(error)
    if len(errors) == len(found):
        raise errors[0]
    return courses


def _failure(name: Name) -> str:
    return f"{name.plain}: the numbers leave the finite range in the first epoch"


def _notes(
    found: Sequence[Run], chosen: Sequence[Sequence[Target]], drawn: Sequence[Sequence[Target]]
) -> Iterator[str]:
    """What a reader must know: whether all curves are drawn, and of which update a quantity is."""
    if any(len(some) < len(every) for some, every in zip(drawn, chosen, strict=True)):
        yield f"only the first {len(drawn[0])}{' of each' if len(found) > 1 else ''} are drawn: --show names others"
    if not all(map(_only_losses, found, drawn)) and any(run.graph.updates_per_epoch > 1 for run in found):
        yield "quantities are those of the first update of each epoch"


def _check_positive(curves: Sequence[Curve]) -> None:
    """Refuse a logarithm of what is not above 0."""
    for curve in curves:
        bad = np.flatnonzero(curve.values <= 0)
        if bad.size:
            where = f"{curve.name.pretty} is {curve.values[bad[0]]:g} in epoch {curve.epochs[bad[0]]}"
            raise UsageError(Fault(f"--log: {where}: only what is above 0 has a logarithm", hint="leave --log out"))


# ── what is drawn ──


def quantities(graph: Graph, show: Sequence[str]) -> Iterator[Target]:
    """The numbers that keys name, each once; more than can be drawn at most.

    Raises:
        UsageError: a key that names nothing, or that names a moment.
    """
    view = View(graph, {})
    every = (target for key in show for target in _named(view, key))
    yield from dict.fromkeys(islice(every, LOOKED_AT))


def _named(view: View, key: str) -> Iterator[Target]:
    keys = view.keys
    if key == WEIGHTS and keys.find(key) is None:
        yield from _weights(view, key)
    elif set(key) & WILD:
        yield from _matching(view, key)
    else:
        yield from numbers_of(view, _plottable(view.graph, keys, key))


def _weights(view: View, key: str) -> Iterator[Target]:
    if not view.graph.trained:
        raise UsageError(Fault(f"--show {key}: nothing is trained here", hint="give the config a learning_rate"))
    for name in view.graph.trained:
        yield from numbers_of(view, view.keys.parse(name).target)


def _matching(view: View, pattern: str) -> Iterator[Target]:
    before = (target for target in all_targets(view) if not target.name.endswith("+"))
    found = [target for target in before if fnmatchcase(view.keys.text(target), pattern)]
    if not found:
        raise UsageError(Fault(f'--show: nothing matches "{visible(pattern)}"', hint=view.keys.suggestion(pattern)))
    yield from found


def _plottable(graph: Graph, keys: Keys, text: str) -> Target:
    """What a key names in every epoch alike."""
    if "@" in text and "@" not in keys.types:
        stem = visible(text.partition("@")[0])
        raise UsageError(Fault(f'--show: "{visible(text)}" is of one epoch', hint=f"{stem} is drawn over all of them"))
    if text == "loss" and not graph.has_loss:
        raise UsageError(Fault("there is no loss here", hint="--show weights, or keys"))
    target = keys.parse(text).target
    ends = target if isinstance(target, Derivative) else (target,)
    if any(getattr(end, "name", "").endswith("+") for end in ends):
        stem = visible(text.replace("+", "").replace("⁺", ""))
        hint = f"{stem} of an epoch is what the update before it left"
        raise UsageError(Fault(f'--show: "{visible(text)}" is a value after an update', hint=hint))
    return target


def _only_losses(run: Run, some: Sequence[Target]) -> bool:
    return all(target == _objective(run.graph) for target in some)


def _objective(graph: Graph) -> Element:
    return Element(graph.objective or "")


# ── the trainings ──


def _course(run: Run, some: Sequence[Target], epochs: int, train: Train, logx: bool) -> Iterator[Curve]:
    """The curves of one training, as far as its numbers stay finite."""
    objective = _objective(run.graph)
    several = run.graph.updates_per_epoch > 1
    kept: list[int] = []
    if any(target != objective for target in some):
        kept = recorded_epochs(epochs, most_recorded(run.graph), logx)
    keep: list[Keep] = [(epoch, 1) if several else epoch for epoch in kept] or [epochs]
    trace, ended, lost = as_far_as_finite(lambda count: train(run.graph, count, keep, run.rate), epochs)
    views = [view for view in trace.epochs if view.update == 1]
    keys = views[0].keys
    for target in some:
        name = Name(keys.pretty(target), keys.text(target))
        if target == objective:
            yield Curve(name, np.arange(1, len(trace.losses) + 1), np.asarray(trace.losses), ended, lost)
        else:
            values = np.array([view.number(target) for view in views])
            yield Curve(name, np.array([view.epoch for view in views]), values, ended, lost)


def recorded_epochs(epochs: int, most: int, logx: bool) -> list[int]:
    """The epochs to record: all, or so many of them, evenly over what is drawn, with the first and the last.

    >>> recorded_epochs(100, 5, logx=False), recorded_epochs(100, 5, logx=True)
    ([1, 26, 50, 75, 100], [1, 3, 10, 32, 100])
    """
    places = np.geomspace(1, epochs, most) if logx else np.linspace(1, epochs, most)
    return sorted({*range(1, epochs + 1)} if epochs <= most else {round(float(place)) for place in places})


def most_recorded(graph: Graph) -> int:
    """Of how many epochs all numbers may be kept."""
    samples = graph.samples or 1
    size = sum(math.prod(type.shape) * (samples if type.sampled else 1) for type in graph.types.values())
    return min(RECORDED, max(2, NUMBERS // max(size, 1)))


def as_far_as_finite(run: Callable[[int], Trace], epochs: int) -> tuple[Trace, int, NumericError | None]:
    """The training, or as many epochs of it as stay finite with the epoch in which they do not, and why.

    Raises:
        NumericError: not even the first does.
    """
    found: Trace | None = None
    lost: NumericError | None = None
    good, bad, at, failures = 0, epochs + 1, epochs, 0
    while good < at < bad:
        try:
            found, good = run(at), at
        except NumericError as error:
            bad, failures = min(at, error.epoch if isinstance(error, DivergedError) else at), failures + 1
            lost = error
            if bad == 1:
                raise
        # where it is seen at once it is the epoch before; of updates that are not recorded it is seen late
        at = bad - 1 if failures < 3 else (good + bad) // 2
    assert found is not None
    return found, bad if bad <= epochs else 0, lost
