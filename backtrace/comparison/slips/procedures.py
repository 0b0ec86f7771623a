"""Slips of the whole procedure: the same network worked otherwise from the given values on, and what that gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Any, Final, NamedTuple

from backtrace.codegen import statements
from backtrace.comparison.sheets import Book
from backtrace.comparison.slips.evidence import reproduces, tells
from backtrace.comparison.terms import MOST_WORK
from backtrace.comparison.variants import VARIANTS, Variant, rerun
from backtrace.comparison.verdicts import Judged, Judgement, printed_of
from backtrace.errors import UsageError
from backtrace.graph import Equation, Graph
from backtrace.records import dataclass
from backtrace.schedule import Keep, Moment


class Procedure(NamedTuple):
    """A way to work the whole otherwise: its name, what a student did, and what is looked at instead of an epoch."""

    kind: str
    sentence: str
    variant: Variant | None = None
    shift: int = 0


KINDS: Final = {
    "new-weights": "updated-weights",
    "error-doubled": "factor-missing",
    "error-halved": "factor-extra",
    "samples-summed": "factor-extra",
    "samples-averaged": "factor-extra",
    "outputs-summed": "factor-extra",
    "outputs-averaged": "factor-extra",
    "biases-fixed": "not-updated",
    "ascent": "plus-for-minus",
    "targets-of-samples": "targets-exchanged",
    "targets-of-outputs": "targets-exchanged",
    "rate-squared": "learning-rate-twice",
    "rate-one": "learning-rate-missing",
}
"""What a variant is called as a mistake, where it has the name of one that is made in a single step."""

PROCEDURES: Final = (
    *(Procedure(KINDS.get(variant.name, variant.name), variant.sentence, variant) for variant in VARIANTS),
    Procedure("one-epoch-fewer", "there was one update fewer", shift=-1),
    Procedure("one-epoch-more", "there was one update more", shift=1),
)


@dataclass
class Procedures:
    """The other procedures of one comparison, each run when it is first asked for."""

    judgement: Judgement
    _books: dict[Procedure, Book | None] = field(default_factory=dict)
    _work: int = 0

    def explaining(self, root: Judged, others: Sequence[Judged]) -> Iterator[tuple[Procedure, float, list[Judged]]]:
        """The procedures that give a figure, what they give, and the other figures that they give too."""
        for procedure in PROCEDURES:
            value = self.value(procedure, root)
            if value is not None and tells(value, printed_of(root)):
                also = [row for row in others if row is not root and self.gives(procedure, row)]
                yield procedure, value, also

    def rewritten(self, procedure: Procedure) -> tuple[Equation, Equation] | None:
        """The first equation that a procedure has otherwise, as it should be and as it is; None if there is none."""
        graph = self.judgement.trace.graph
        changed = procedure.variant.changed(graph) if procedure.variant else None
        others = {equation.name: equation for equation in changed.step} if changed else {}
        pairs = ((equation, others.get(equation.name, equation)) for equation in graph.step)
        return next((pair for pair in pairs if pair[0].expr != pair[1].expr), None)

    def gives(self, procedure: Procedure, row: Judged) -> bool:
        """Whether a procedure gives a figure that is wrong here."""
        value = self.value(procedure, row)
        return value is not None and reproduces(value, printed_of(row))

    def value(self, procedure: Procedure, row: Judged) -> float | None:
        """What a procedure gives where a figure stands; None where it has no such number."""
        if row.quantity is None or (procedure.shift and not row.dated):
            return None
        book = self.book(procedure)
        view = row.quantity.view
        try:
            found: Any = book and book.trace.epoch(*_shifted(Moment(view.epoch, view.update), procedure.shift))
            return None if book is None else book.sheet(found).number(row.quantity.target)
        except (UsageError, KeyError, IndexError):
            return None

    def book(self, procedure: Procedure) -> Book | None:
        """The trace of a procedure; None where it does not apply, or would be too much work."""
        if procedure not in self._books:
            self._books[procedure] = self._run(procedure)
        return self._books[procedure]

    def _run(self, procedure: Procedure) -> Book | None:
        trace = self.judgement.trace
        graph: Graph | None = procedure.variant.changed(trace.graph) if procedure.variant else trace.graph
        moments = [_shifted(Moment(*moment), procedure.shift) for moment in trace.recording.records]
        keep: list[Keep] = [moment for moment in moments if moment.epoch > 0]
        if graph is None or not keep:
            return None
        self._work += statements(graph) * max(moment.epoch for moment in moments) * graph.updates_per_epoch
        found = rerun(graph, keep) if self._work <= MOST_WORK else None
        return None if found is None else Book(found, self.judgement.book.definitions)


def _shifted(moment: Moment, epochs: int) -> Moment:
    return moment._replace(epoch=moment.epoch + epochs)
