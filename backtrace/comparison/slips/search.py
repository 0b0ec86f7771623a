"""Which slip a wrong figure is consistent with: every rewriting of every step that may have led to it is tried.

A rewriting is named if it gives the figure to its digits, which chance must not give as well: the more is tried, the
more digits, or figures, it must explain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, Final, NamedTuple

from backtrace.comparison.slips import backward, forward, local, update
from backtrace.comparison.slips.copying import LEAST_DIGITS as LEAST_COPIED
from backtrace.comparison.slips.copying import copied
from backtrace.comparison.slips.evidence import LEAST_DIGITS, chance, tolerance
from backtrace.comparison.slips.procedures import PROCEDURES, Procedures
from backtrace.comparison.slips.rewritings import Rewriting
from backtrace.comparison.slips.steps import Kind, Node
from backtrace.comparison.slips.workings import AS_PRINTED, FROM_GIVEN, WRONG_AS_PRINTED, Result, Scope, Workings
from backtrace.comparison.verdicts import SOUND, Judged, Judgement, Verdict, printed_of
from backtrace.expressions import Expr
from backtrace.graph import Equation
from backtrace.records import dataclass
from backtrace.simplify import simplified

ROWS: Final[tuple[Rewriting, ...]] = (*forward.ROWS, *backward.ROWS, *local.ROWS, *update.ROWS)
BY_KIND: Final[Mapping[Kind, tuple[Rewriting, ...]]] = {
    kind: tuple(row for row in ROWS if kind in row.steps) for kind in Kind
}
CHANCE: Final = 0.02
CHANCE_ELSEWHERE: Final = 0.005
"""What is tried must not be expected to meet the figures by accident in more cases than this; of the figure's own
formula, and of any other or the whole procedure, which there are many of."""
CHANCE_OF_PEN: Final = 0.3
"""The same for slips of the pen: by hand they are the most common, and they are looked for last."""
TELLING: Final = SOUND | {Verdict.DIFFERS}
"""Figures of the same array that a slip changes must be what it gives, the right ones and the wrong ones."""
MOST_NODES: Final = 60
"""So many steps on the way to a figure are rewritten, the nearest first."""
MOST_ANYWHERE: Final = 300
"""Beyond so many steps from the given values only those that are not printed are rewritten."""
MOST_ROOTS: Final = 40
MOST_CARRIED: Final = 500
"""The bounds of one comparison."""


@dataclass(frozen=True)
class Slip:
    """A slip that figures are consistent with.

    ``node`` is the number whose formula it rewrites, from ``right`` to ``fits``; both are None for a slip of the pen.
    ``about`` are the quantities, or words, that the sentence names.
    """

    kind: str
    template: str
    about: tuple[Any, ...] = ()
    node: Node | None = None
    right: Expr | None = None
    fits: Expr | None = None
    value: float = math.nan
    """What it gives for the first figure that it explains."""
    equations: tuple[Equation, Equation] | None = None
    """Of the whole procedure, the first equation that differs: as it should be, and as it fits."""

    def words(self, label: Callable[[Any], str]) -> str:
        """The sentence, with the quantities as a reader writes them."""
        return self.template.format(*(each if isinstance(each, str) else label(each) for each in self.about))

    @property
    def sentence(self) -> str:
        """The sentence with keys."""
        return self.words(self.node.view.keys.pretty if self.node else str)


@dataclass(frozen=True)
class Diagnosis:
    """A figure that is wrong by itself, the slips that it is consistent with, and what comes of it.

    Several ``slips`` are a tie. ``explains`` are the other figures that are wrong by themselves and that the slips
    give as well; ``carried`` are those that follow from it.
    """

    root: Judged
    slips: tuple[Slip, ...] = ()
    explains: tuple[Judged, ...] = ()
    carried: tuple[Judged, ...] = ()


class Match(NamedTuple):
    """A slip that gives a figure, and everything that it gives."""

    slip: Slip
    explains: tuple[Judged, ...]


class Hit(NamedTuple):
    """A rewriting that gives a figure, and how likely an arbitrary number would."""

    scope: Scope
    value: float
    chance: float


@dataclass
class Search:
    """Looks for the slips behind the figures of one comparison that are wrong by themselves."""

    judgement: Judgement

    @cached_property
    def workings(self) -> Workings:
        """The figures as they may have been worked out."""
        return Workings(self.judgement)

    @cached_property
    def procedures(self) -> Procedures:
        """The same network worked otherwise."""
        return Procedures(self.judgement)

    @cached_property
    def wrong(self) -> list[Judged]:
        """The figures that are wrong by themselves."""
        return [row for row in self.workings.rows if row.verdict is Verdict.DIFFERS][:MOST_ROOTS]

    def diagnoses(self) -> Iterator[Diagnosis]:
        """Every figure that is wrong by itself, unless a slip before it explains it."""
        explained: set[int] = set()
        for root in self.wrong:
            if id(root) not in explained:
                found = self.diagnosis(root)
                sources = {self.workings.node(row) for row in (root, *found.explains)}
                explained.update(map(id, found.explains))
                yield replace(found, carried=tuple(row for row, of in self.carried if not sources.isdisjoint(of)))

    @cached_property
    def carried(self) -> list[tuple[Judged, frozenset[Node]]]:
        """What follows from wrong figures, each with those it comes from in the end."""
        sources: dict[Node, frozenset[Node]] = {}
        found = []
        for row in [row for row in self.workings.rows if row.verdict is Verdict.CARRIED][:MOST_CARRIED]:
            derivation = self.workings.derivation(row, WRONG_AS_PRINTED)
            read = derivation.met if derivation is not None else ()
            own = frozenset(source for node in read for source in sources.get(node, frozenset((node,))))
            sources[self.workings.node(row)] = own
            found.append((row, own))
        return found

    def diagnosis(self, root: Judged) -> Diagnosis:
        """The slips that a figure is consistent with: of its own steps, of the procedure, of any step, of the pen."""
        finite = math.isfinite(root.figure.value) and math.isfinite(root.value)
        if not finite or self.workings.may_follow(root):
            return Diagnosis(root)
        for level in (self.local, self.procedure, self.anywhere):
            best = _best(list(level(root)))
            if best:
                explains = {id(row): row for match in best for row in match.explains if row is not root}
                slips = (*(match.slip for match in best), *self.sign_lost(root, best))
                return Diagnosis(root, slips, tuple(explains.values()))
        return Diagnosis(root, tuple(self.of_the_pen(root)))

    # ── rewritings ──

    def local(self, root: Judged) -> Iterator[Match]:
        """Of the figure's own formula, and those of what is not printed on the way to it."""
        whole = self.workings.derivation(root, AS_PRINTED)
        if whole is not None:
            yield from self.matches(root, list(whole.nodes)[:MOST_NODES])

    def anywhere(self, root: Judged) -> Iterator[Match]:
        """Of any formula from the given values on."""
        near, whole = (self.workings.derivation(root, reading) for reading in (AS_PRINTED, FROM_GIVEN))
        if near is not None and whole is not None and len(whole.nodes) <= MOST_ANYWHERE:
            nodes = [node for node in whole.nodes if node not in near.nodes]
            yield from self.matches(root, nodes[:MOST_NODES])

    def procedure(self, root: Judged) -> Iterator[Match]:
        """Of the whole procedure; of several that explain as much the first is meant."""
        found = list(self.procedures.explaining(root, self.wrong))
        likely = [each for each in found if len(PROCEDURES) * _accident((root, *each[2])) <= CHANCE_ELSEWHERE]
        if likely:
            procedure, value, also = max(likely, key=lambda each: len(each[2]))
            equations = self.procedures.rewritten(procedure)
            yield Match(Slip(procedure.kind, procedure.sentence, value=value, equations=equations), (root, *also))

    def matches(self, root: Judged, nodes: Sequence[Node]) -> Iterator[Match]:
        """The rewritings of some numbers that give the figure, and that chance would not."""
        values: set[float] = set()
        hits: list[Hit] = []
        for scope, results in self.tried(root, nodes):
            values.update(result.value for result in results)
            found = self.workings.likelihood(root, results)
            if found is not None:
                hits.append(Hit(scope, *found))
        matches = (self.judged(root, hit, _rivals(root, values)) for hit in hits)
        yield from (match for match in matches if match is not None)

    def tried(self, root: Judged, nodes: Sequence[Node]) -> Iterator[tuple[Scope, list[Result]]]:
        """Every rewriting of some numbers, first of all of a group: who makes a mistake makes it again."""
        done: dict[tuple[int, Any], set[Any]] = {}
        for node in nodes:
            step = self.workings.steps.step(node)
            group = self.workings.steps.group(node)
            for row in BY_KIND[step.kind] if step else ():
                for label in self.workings.variants(row, node):
                    yield from self.at_both(root, row, label, node, group in done.setdefault((id(row), label), set()))
                    done[id(row), label].add(group)

    def at_both(
        self, root: Judged, row: Rewriting, label: Any, node: Node, again: bool
    ) -> Iterator[tuple[Scope, list[Result]]]:
        """A rewriting of a group, unless that was tried with another number of it, and of the number alone."""
        several = again
        if not again:
            scope = Scope(row, label, node, self.workings.steps.group(node))
            results = list(self.workings.results(root, scope))
            several = any(len(result.changed) > 1 for result in results)
            yield scope, results
        alone = Scope(row, label, node, None)
        yield alone, list(self.workings.results(root, alone)) if several else results

    # ── evidence ──

    def judged(self, root: Judged, hit: Hit, trials: float) -> Match | None:
        """A rewriting with everything that it explains; None if a figure beside speaks against it, or it is chance."""
        explains, accident = [root], hit.chance * trials
        for row in self.workings.beside(root):
            tells = row is not root and row.verdict in TELLING
            if tells and self.workings.speaks_against(row, list(self.workings.results(row, hit.scope))):
                return None
        for row in self.wrong:
            results = [] if row is root else list(self.workings.results(row, hit.scope))
            found = self.workings.likelihood(row, results, telling=False)
            if found is not None:
                explains.append(row)
                accident *= found[1]
        too_short = len(explains) == 1 and 0 < root.figure.digits < LEAST_DIGITS  # a 0 has none, whatever its decimals
        limit = CHANCE if hit.scope.node is self.workings.node(root) else CHANCE_ELSEWHERE
        if accident > limit or too_short:
            return None
        return Match(self.slip(hit), tuple(explains))

    def slip(self, hit: Hit) -> Slip:
        """A rewriting in words and formulas."""
        row, label, node, _ = hit.scope
        made, step = self.workings.variants(row, node)[label], self.workings.steps.step(node)
        assert step is not None
        return Slip(row.kind, row.sentence, made.about, node, step.formula, made.formula, hit.value)

    # ── the pen ──

    def of_the_pen(self, root: Judged) -> Iterator[Slip]:
        """What may have happened to the digits, of the right value or of what the printed figures give.

        Where every figure of an array is wrong it is no slip of the pen.
        """
        beside = self.workings.beside(root)
        if len(beside) > 1 and all(row.verdict is Verdict.DIFFERS for row in beside):
            return
        accident = chance(printed_of(root))
        # what follows from other wrong figures may be no slip at all
        limit = CHANCE_OF_PEN if self.workings.derivation(root, WRONG_AS_PRINTED) is None else CHANCE
        for reading in (FROM_GIVEN, AS_PRINTED, WRONG_AS_PRINTED):
            derivation = self.workings.derivation(root, reading)
            value = root.value if reading == FROM_GIVEN or derivation is None else derivation.value({})
            likely = (each for each in copied(root.figure.printed, value) if each.tries * accident <= limit)
            found = [Slip(each.kind, each.sentence, value=root.figure.value) for each in islice(likely, 3)]
            if found:
                yield from found
                return
        yield from islice(self.copied_beside(root, accident, limit), 1)

    @staticmethod
    def sign_lost(root: Judged, best: Sequence[Match]) -> Iterator[Slip]:
        """The right value with the other sign may be a slip of the pen as well as one of a formula."""
        signed = [slip for slip in copied(root.figure.printed, root.value) if slip.kind == "sign-lost"]
        if signed and all(match.slip.kind != "sign" for match in best):
            yield from (Slip(each.kind, each.sentence, value=root.figure.value) for each in signed)

    def copied_beside(self, root: Judged, accident: float, limit: float) -> Iterator[Slip]:
        """The figure of another number of the array, or of the one before or after it in the sheet.

        What is given is none: equal given values are common.
        """
        if self.workings.steps.step(self.workings.node(root)) is None:
            return
        rows = self.workings.rows
        at = next(number for number, row in enumerate(rows) if row is root)
        others = [row for row in (*self.workings.beside(root), *rows[max(0, at - 1) : at + 2]) if row is not root]
        for row in others if len(others) * accident <= limit and root.figure.digits >= LEAST_COPIED else ():
            if row.figure.printed == root.figure.printed:
                node = self.workings.node(row)
                yield Slip(
                    "neighbours-value", "this is the figure of {0}", (node.target,), node, value=row.figure.value
                )


def _rivals(row: Judged, values: Iterable[float]) -> float:
    """How many of the numbers that were tried lie where an accident could have been: as far from the right one."""
    printed = printed_of(row)
    width, farthest = tolerance(printed), 2 * abs(printed.value - printed.exact)
    near = {round((value - printed.exact) / width) for value in values if abs(value - printed.exact) <= farthest}
    return max(1.0, len(near) / 2)


def _accident(rows: Iterable[Judged]) -> float:
    """How likely arbitrary numbers are these figures."""
    return math.prod(chance(printed_of(row)) for row in rows)


def _best(matches: Sequence[Match]) -> list[Match]:
    """Those that explain most figures, each formula once, and of the same words the nearest."""
    most = max((len(match.explains) for match in matches), default=0)
    best: dict[tuple[Any, ...], Match] = {}
    formulas: set[tuple[Any, ...]] = set()
    for match in matches:
        slip = match.slip
        formula = (slip.node, simplified(slip.fits) if slip.fits is not None else slip.kind)
        if len(match.explains) == most and formula not in formulas:
            formulas.add(formula)
            best.setdefault((slip.template, slip.about), match)
    return list(best.values())
