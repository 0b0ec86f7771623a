"""The conventions in which sheets differ without being wrong: what each of them does to figures or to the procedure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from enum import Enum
from typing import Any, Final, NamedTuple

from backtrace.comparison.expected import Expected, Figure
from backtrace.comparison.layouts import InColumns, Transposed, members_of
from backtrace.comparison.relations import errors, halved
from backtrace.comparison.sheets import Sheet
from backtrace.comparison.symbols import Named
from backtrace.comparison.variants import VARIANTS, Variant
from backtrace.errors import Fault, UsageError, did_you_mean
from backtrace.expressions import Call, Element, Ref, walk
from backtrace.graph import RATE, Graph
from backtrace.keys import Key, Part, Path, Target
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass

FORBIDDEN: Final = "no-"
"""What stands before the name of a convention that is not to be taken."""
AS_WRITTEN: Final = "none"
"""No convention is looked for."""


SAMPLES: Final = ("mean_samples", "sum_samples")
OUTPUTS: Final = ("mean", "sum")
"""How an error is made of those of samples or outputs: averaged, or added up."""


class Kind(Enum):
    """What a convention is of."""

    PRINTED = "printed value"
    PROCEDURE = "procedure"
    LAYOUT = "layout"
    EPOCH = "epoch"


class Subject(NamedTuple):
    """What a figure is of, as far as conventions care: a name, or a derivative by a name, in a graph.

    ``errors`` are those of the graph, ``rate`` is the learning rate at the time.
    """

    graph: Graph
    errors: tuple[str, ...]
    rate: float
    name: str | None
    of: str | None
    by: str | None
    sampled: bool

    @property
    def sloped(self) -> bool:
        """Whether it is a derivative of an error by what is none itself."""
        return self.of in self.errors and self.by not in self.errors


Factor = Callable[[Subject], float]
"""By what the computed number is multiplied to be the printed one."""
Layout = Callable[[Graph], Callable[[Figure], Figure]]
"""For a graph, what gives a figure the place that it has here: its key, or its index in a list."""


def _always(_: Graph) -> bool:
    return True


@dataclass(frozen=True)
class Convention:
    """A convention by its name, the sentence that says it, and the one thing that it does.

    ``when`` says which of two directions is meant: what has a factor ½ is printed without, and the other way round.
    """

    name: str
    sentence: str
    kind: Kind
    variant: Variant | None = field(default=None, repr=False)
    factor: Factor | None = field(default=None, repr=False)
    layout: Layout | None = field(default=None, repr=False)
    shift: int = 0
    when: Callable[[Graph], bool] = field(default=_always, repr=False)

    def applies(self, graph: Graph) -> bool:
        """Whether it means anything for a graph."""
        return self.when(graph) and (self.variant is None or self.variant.changed(graph) is not None)


# ── printed values ──


@dataclass(frozen=True)
class Subjects:
    """Finds out what quantities are of; what a graph has for all of them is looked up once."""

    _errors: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def of(self, quantity: Quantity) -> Subject | None:
        """What a quantity is of; None for a symbol that stands for no single key."""
        view, target = _resolved(quantity.view, quantity.target)
        if target is None:
            return None
        graph = view.graph
        if id(graph) not in self._errors:
            self._errors[id(graph)] = errors(graph)
        sampled = any(part.sample is not None for part in members_of(target))
        return Subject(graph, self._errors[id(graph)], _rate(view), *_ends(view, target), sampled)


def _rate(view: View) -> float:
    """The learning rate of an update; 0 without one."""
    if view.graph.learning_rate is not None:
        return view.graph.learning_rate
    return view.number(Element(RATE)) if RATE in view.graph.equations else 0.0


def _resolved(view: View, target: Any) -> tuple[View, Any]:
    """What a symbol stands for, whatever its sign."""
    if not isinstance(target, Named):
        return view, target
    assert isinstance(view, Sheet)
    formula = view.formula(target)
    if isinstance(formula, Call) and formula.op == "neg":
        formula = formula.args[0]
    if not isinstance(formula, Ref):
        return view, None
    key = formula.key
    return (view.of(key), key.target) if isinstance(key, Key) else _resolved(view, key)


def array_of(target: Any) -> tuple[str, ...]:
    """The names of the arrays that a number is of, whatever its place in them."""
    return tuple(part.name for part in members_of(target))


def _ends(view: View, target: Target) -> tuple[str | None, str | None, str | None]:
    """A name, or the names that a derivative is of and by."""
    if isinstance(target, Element | Part):
        by = view.keys.differentiated.get(target.name)
        name = target.name.removesuffix("+")
        return (name, None, None) if by is None else (None, view.graph.objective, by)
    if isinstance(target, Path):
        return None, target.nodes[0].name, target.nodes[-1].name
    return None, target.of.name, target.by.name


def _of_errors(it: Subject) -> float:
    """The error without its ½, or with one."""
    if it.name not in it.errors:
        return 1.0
    return 2.0 if halved(it.graph) else 0.5


def _of_samples(it: Subject) -> float:
    return _of_reduced(it, SAMPLES)


def _of_outputs(it: Subject) -> float:
    return _of_reduced(it, OUTPUTS)


def _of_reduced(it: Subject, means_and_sums: tuple[str, str]) -> float:
    """A total printed as a sum instead of a mean, or as a mean instead of a sum."""
    found = _reduction(it.graph, means_and_sums) if it.name in it.errors else None
    if found is None or it.errors.index(it.name or "") > it.errors.index(found[0]):
        return 1.0
    _, operation, count = found
    return float(count) if operation == means_and_sums[0] else 1.0 / count


def _reduction(graph: Graph, operations: tuple[str, str]) -> tuple[str, str, int] | None:
    """The error that is reduced by one of the operations, by which, and over how many."""
    forward = {equation.name: equation.expr for equation in graph.forward}
    calls = ((name, node) for name in errors(graph) for node in walk(forward[name]) if isinstance(node, Call))
    return next(((name, c.op, n) for name, c in calls if c.op in operations and (n := _count(c)) > 1), None)


def _count(call: Call) -> int:
    return int(call.option("count") or math.prod(call.args[0].shape))


def _other_delta(it: Subject) -> float:
    return -1.0 if it.sloped and it.by not in it.graph.parameters else 1.0


def _other_gradients(it: Subject) -> float:
    return -1.0 if it.sloped else 1.0


def _with_rate(it: Subject) -> float:
    return it.rate if _is_gradient(it) else 1.0


def _as_step(it: Subject) -> float:
    return (it.rate if it.graph.ascent else -it.rate) if _is_gradient(it) else 1.0


def _is_gradient(it: Subject) -> bool:
    """Whether it is what an update goes by."""
    return it.sloped and it.of == it.graph.objective and it.by in it.graph.trained and bool(it.rate)


def _of_own_sample(it: Subject) -> float:
    """The derivatives of what each sample has of its own, without the 1/m of the mean."""
    if not (it.sloped and it.sampled and it.of == it.graph.objective):
        return 1.0
    found = _reduction(it.graph, SAMPLES)
    return float(found[2]) if found and found[1] == SAMPLES[0] else 1.0


# ── layouts ──


def shifted(figures: Expected, shift: int) -> Expected:
    """The figures that name their epoch, dated so many epochs later."""

    def later(figure: Figure) -> Figure:
        key = re.sub(r"@([0-9]+)", lambda found: f"@{int(found[1]) + shift}", figure.key)
        return replace(figure, key=key, epoch=figure.epoch and figure.epoch + shift)

    return replace(figures, figures=tuple(map(later, figures))) if shift else figures


# ── the table ──


def _not_halved(graph: Graph) -> bool:
    return not halved(graph)


def _averages(graph: Graph) -> bool:
    return _reduced_by(graph, SAMPLES) == SAMPLES[0]


def _adds_up(graph: Graph) -> bool:
    return _reduced_by(graph, SAMPLES) == SAMPLES[1]


def _means(graph: Graph) -> bool:
    return _reduced_by(graph, OUTPUTS) == OUTPUTS[0]


def _sums(graph: Graph) -> bool:
    return _reduced_by(graph, OUTPUTS) == OUTPUTS[1]


def _is_trained(graph: Graph) -> bool:
    return bool(graph.trained)


def _reduced_by(graph: Graph, operations: tuple[str, str]) -> str | None:
    found = _reduction(graph, operations)
    return found and found[1]


def _procedures() -> Iterator[Convention]:
    """The variants that are conventions, each under the name that a student knows."""
    variants = {variant.name: variant for variant in VARIANTS}
    for name, chosen in (
        ("half", ("error-doubled", "error-halved")),
        ("mean", ("samples-summed", "samples-averaged")),
        ("outputs", ("outputs-summed", "outputs-averaged")),
        ("biases-fixed", ("biases-fixed",)),
        ("biases-moved", ("biases-moved",)),
        ("new-weights", ("new-weights",)),
        ("old-weights", ("old-weights",)),
    ):
        for variant in map(variants.__getitem__, chosen):
            yield Convention(name, variant.sentence, Kind.PROCEDURE, variant=variant)


def _printed(name: str, sentence: str, factor: Factor, when: Callable[[Graph], bool] = _always) -> Convention:
    return Convention(name, sentence, Kind.PRINTED, factor=factor, when=when)


CONVENTIONS: Final = (
    *_procedures(),
    _printed("half-error", "the error is printed without the ½ that its derivatives have", _of_errors, halved),
    _printed("half-error", "the error is printed with a ½ that its derivatives do not have", _of_errors, _not_halved),
    _printed("mean-error", "the error is a sum over the samples, derived as a mean", _of_samples, _averages),
    _printed("mean-error", "the error is a mean over the samples, derived as a sum", _of_samples, _adds_up),
    _printed("outputs-error", "the error is a sum over the outputs, derived as a mean", _of_outputs, _means),
    _printed("outputs-error", "the error is a mean over the outputs, derived as a sum", _of_outputs, _sums),
    _printed("per-sample", "the derivatives of a sample are of its own error, without 1/m", _of_own_sample, _averages),
    _printed("delta-sign", "δ is printed with the other sign (target − output)", _other_delta),
    _printed("gradient-sign", "all derivatives are printed with the other sign", _other_gradients),
    _printed("rate", "gradients are printed with the learning rate in them (η·gradient)", _with_rate, _is_trained),
    _printed("step", "gradients are printed as steps (−η·gradient)", _as_step, _is_trained),
    Convention("transposed", "matrices are printed transposed, rows for columns", Kind.LAYOUT, layout=Transposed),
    Convention("columns", "each sample is printed in a column, not in a row", Kind.LAYOUT, layout=InColumns),
    Convention("epoch+1", "what is dated k is of epoch k + 1", Kind.EPOCH, shift=1),
    Convention("epoch-1", "what is dated k is of epoch k − 1", Kind.EPOCH, shift=-1),
)
"""All conventions; where several hold alike, the first is meant. A name may have a row for each direction."""

EXCLUSIVE: Final = (
    {"half", "half-error"},
    {"mean", "mean-error"},
    {"outputs", "outputs-error"},
    {"delta-sign", "gradient-sign"},
    {"rate", "step"},
    {"epoch+1", "epoch-1"},
)
"""Of these one at most holds in a sheet: the error with another factor, printed without it again, is a slip."""

NAMES: Final = tuple(dict.fromkeys(convention.name for convention in CONVENTIONS))


class Choice(NamedTuple):
    """Which conventions are fixed, and which may be taken beside them."""

    fixed: tuple[str, ...] = ()
    allowed: tuple[str, ...] = NAMES


def choice(words: Iterable[str]) -> Choice:
    """What the words of a command line fix and forbid.

    Raises:
        UsageError: words that name no convention; all of them.

    >>> choice(["half", "no-mean"]).fixed, "mean" in choice(["no-mean"]).allowed, choice(["none"]).allowed
    (('half',), False, ())
    """
    fixed: list[str] = []
    forbidden: set[str] = set()
    faults: list[Fault] = []
    for word in words:
        plain = word.removeprefix(FORBIDDEN)
        if word == AS_WRITTEN:
            forbidden |= set(NAMES)
        elif plain not in NAMES:
            hint = did_you_mean(word, _words()) or f"conventions: {', '.join(NAMES)}"
            faults.append(Fault(f'"{word}" is no convention', hint=hint))
        elif plain != word:
            forbidden.add(plain)
        else:
            fixed.append(plain)
    faults += [Fault(f'"{name}" is fixed and forbidden', hint="keep one") for name in fixed if f"no-{name}" in words]
    if faults:
        raise UsageError(faults)
    allowed = tuple(name for name in NAMES if name not in forbidden and name not in fixed)
    return Choice(tuple(dict.fromkeys(fixed)), allowed)


def _words() -> list[str]:
    return [AS_WRITTEN, *NAMES, *(FORBIDDEN + name for name in NAMES)]
