"""What every report says in words, whatever it is written in: which epochs, updates and samples, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backtrace.errors import visible
from backtrace.graph import Equation, Graph
from backtrace.quantities import View
from backtrace.records import dataclass
from backtrace.render.formulas import Formulas, Layout
from backtrace.report import Table
from backtrace.schedule import Moment
from backtrace.trace import Trace
from backtrace.words import Note, Value, Words

SHOWN = 4
"""Of an epoch of more updates the first three and the last are shown."""
EXAMPLES = 2
"""Of rows of samples that are cut, so many are shown with numbers."""


def chosen_views(trace: Trace, layout: Layout) -> Iterator[tuple[View, list[Moment]]]:
    """The updates to show, each with those before it that are left out: of an epoch of many, all but a few."""
    skipped: list[Moment] = []
    for view in trace.epochs:
        moment = Moment(view.epoch, view.update)
        wanted = layout.epochs is None or view.epoch in layout.epochs
        late = SHOWN <= view.update < trace.graph.updates_per_epoch and not layout.choice.full
        if layout.epochs is not None and moment in layout.epochs:
            yield view, []
        elif wanted and late:
            skipped.append(moment)
        elif wanted:
            yield view, skipped
            skipped = []


@dataclass(frozen=True)
class Sentences(Formulas):
    """Writes formulas, and the words between them in the report's language."""

    @property
    def words(self) -> Words:
        """The words of the report's language."""
        return self.layout.words

    def say(self, id: str, /, **values: Value) -> str:
        """A text in the report's language."""
        return self.words.say(id, **values)

    def moment(self) -> str:
        """Which epoch it is; of several updates which one, and on which samples."""
        view, schedule = self.view, self.view.graph.schedule
        if not view.batch or schedule is None or schedule.in_turn:
            return self.say("epoch", epoch=view.epoch)
        dots = "..." if self.layout.ascii else "…"
        listed = ", ".join(str(sample + 1) for sample in view.batch[:8]) + f", {dots}" * (len(view.batch) > 8)
        where = {"epoch": view.epoch, "update": view.update, "updates": schedule.updates}
        return self.say("update", n=len(view.batch), samples=listed, **where)

    def layer(self, title: str) -> str:
        """The title of a layer; one that the program knows in the report's language."""
        return visible(self.words.title(title))

    def more_samples(self, shown: int) -> int:
        chosen = self.layout.choice.sample is not None
        return 0 if chosen else (self.view.graph.samples or shown) - shown

    def update_text(self, equation: Equation, table: Table) -> str:
        """An update's equation; of numbered scalars in one table, for their common letter."""
        text = self.equal(*self.equation(equation))
        parameter = equation.name.removesuffix("+").rpartition(".")[2]
        return text if parameter == table.stem else text.replace(self.array(parameter), self.array(table.stem))

    def product(self, table: Table, heads: Sequence[str]) -> str:
        """What is multiplied, or added up, to the derivative of a table, as an equation; empty where nothing is."""
        if not table.factors:
            return ""
        factors = [self.head(head.target) for head in table.each] or heads[: table.factors]
        product = self.times.join(factors)
        if table.each:
            product = self.phrase("sum over samples", product=product)
        return self.equal(heads[table.factors], product)

    def loss_heading(self, graph: Graph) -> str:
        """What the losses are: before each update, or of all updates of an epoch."""
        name = self.array(graph.objective or "")
        if graph.updates_per_epoch == 1:
            return self.phrase("losses", name=name)
        return self.phrase("losses of epochs", name=name, how=Note("sum" if graph.reduce == "sum" else "mean"))

    def trained(self, trace: Trace) -> str:
        """For how long it was trained, and whether the condition that ends the training was met."""
        epochs, condition = len(trace.losses), trace.graph.until
        if not condition:
            return self.say("training", n=epochs)
        met = "training until" if trace.recording.stopped else "training not yet"
        return self.say(met, n=epochs, condition=condition)
