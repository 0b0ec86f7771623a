"""Quantities: single numbers of a record, each with its key, its formula and its value, made on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from backtrace.backward import gradient_name
from backtrace.chains import Chains
from backtrace.derivatives import derivatives_of
from backtrace.errors import Fault, UsageError
from backtrace.evaluating import evaluated, evaluated_all
from backtrace.exact import text_book
from backtrace.executor import Arrays
from backtrace.expressions import Call, Element, Expr, Type
from backtrace.graph import RATE, Equation, Graph
from backtrace.keys import Derivative, Keys, Part, Path, Short, Target, Via, resampled, sample_of
from backtrace.keys.lanes import Lane, UnlikeError, alike, lanes_in, lanes_of, mesh_of
from backtrace.records import dataclass
from backtrace.scalars import element, parameters_first, renewed
from backtrace.schedule import Batch
from backtrace.simplify import simplified
from backtrace.truth import exactly, has_other_form, is_close, is_saturated, other_forms, pairs_of

FEW_WAYS = 8
"""Of a junction with so many ways, those that give 0 are left out of its formula."""
MOST_KEPT = 256
"""Of so many elements the derivatives by all arrays are remembered."""
Value = float | npt.NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """One recorded update of a graph, asked for single numbers; ``batch`` are its samples if it does not use all."""

    graph: Graph
    record: Arrays
    epoch: int = 1
    update: int = 1
    batch: Batch = ()
    _totals: dict[Element, Arrays] = field(default_factory=dict, repr=False)
    _chains: dict[tuple[Element, frozenset[str]], Chains] = field(default_factory=dict, repr=False)
    lost: Element | None = None
    """The first quantity that is not finite, where the update is the one that left the finite numbers."""
    in_full: bool = False
    """Whether a derivative is the product of all its factors even where one of these is infinite."""

    @cached_property
    def keys(self) -> Keys:
        """Reads and writes the keys of the graph."""
        return Keys.of(self.graph)

    @cached_property
    def chains(self) -> Chains:
        """The chain rule's structure, towards the objective."""
        return self.chains_to(self.objective)

    @property
    def objective(self) -> Element:
        """What is minimized."""
        return Element(self.graph.objective or "")

    def chains_to(self, of: Element) -> Chains:
        """The chain rule's structure towards any quantity."""
        short = self.cut_short if of == self.objective else frozenset[str]()
        if (of, short) not in self._chains:
            self._chains[of, short] = Chains(self.graph, of, short)
        return self._chains[of, short]

    @cached_property
    def cut_short(self) -> frozenset[str]:
        """The pre-activations whose derivative is no product of the factors beyond: one of these is infinite."""
        if self.in_full or not self.saturated:
            return frozenset()
        whole = replace(self, in_full=True)
        found = ((by, whole.evaluate(whole.chains.formula(by))) for by in pairs_of(self.graph, whole.chains))
        right = {by: is_close(number, self.number(Derivative(self.objective, by))) for by, number in found}
        return frozenset(by.name for by, holds in right.items() if not holds)

    def __getitem__(self, key: str) -> Value:
        """The value of a key: a number, or an array where the key names one."""
        return self.value(self.keys.parse(key).target)

    def quantity(self, target: Target) -> Quantity:
        """The quantity that a target names."""
        return Quantity(self, target)

    # ── values ──

    def value(self, target: Target) -> Value:
        """The value of a target, a number or an array."""
        if isinstance(target, Element):
            return self.number(target)
        if isinstance(target, Part):
            return self._part(target)
        if isinstance(target, Derivative):
            return self._derivative(target)
        return self.number(target)

    def number(self, target: Target) -> float:
        """The value of a single number."""
        if isinstance(target, Element):
            lead = () if target.sample is None else (target.sample,)
            return float(self._array(target.name)[(*lead, *target.index)])
        if isinstance(target, Path | Via):
            return self.evaluate(self._formula_of_way(target))
        if isinstance(target, Short):
            return self.number(Derivative(target.of, target.by))
        found = self.value(target)
        assert isinstance(found, float)
        return found

    def checked(self, via: Via) -> Via:
        """The way itself, if there is one.

        Raises:
            UsageError: what it should go through does not read what it starts from.
        """
        if via.through not in self.chains_to(via.of).ways(via.by):
            through, by = self.keys.text(via.through), self.keys.text(via.by)
            raise UsageError(Fault(f"{through} does not read {by} on its way", hint="via(A,B,C): C reads B"))
        return via

    def numbers(self, target: Target) -> npt.NDArray[np.float64]:
        """The values of a target with lanes: an array with an axis for each of them, in their order."""
        found = lanes_of(target)
        return np.broadcast_to(self._numbers(target, mesh_of(found)), tuple(lane.size for lane in found))

    def each_sample(self, target: Target, samples: Sequence[int]) -> npt.NDArray[np.float64]:
        """The numbers of a target for several samples; one formula serves all of them, and gives them at once."""
        if len(samples) > 1 and self.in_lanes:
            with suppress(UnlikeError):
                found = self._of_samples(target, sample_of(target), samples)
                return np.broadcast_to(found, len(samples))
        return np.asarray([self.number(resampled(target, sample)) for sample in samples])

    def each_short(self, short: Short, samples: Sequence[int]) -> npt.NDArray[np.float64]:
        """What the short form of a derivative gives for several samples."""
        formula, own = self.chains.short_formula, short.by.sample
        if len(samples) > 1 and self.in_lanes:
            with suppress(UnlikeError):
                return evaluated_all(formula(short), lambda key: self._of_samples(key, own, samples))
        every = (short if own is None else Short(*resampled(short, sample)) for sample in samples)
        return np.asarray([self.evaluate(formula(one)) for one in every])

    def _of_samples(self, target: Target, own: int | None, samples: Sequence[int]) -> npt.NDArray[Any]:
        """The values of a target of one sample, for several instead.

        Raises:
            UnlikeError: it reads other samples than its own.
        """
        if isinstance(target, Path | Via):
            formula = self._formula_of_way(target)
            return evaluated_all(formula, lambda key: self._of_samples(key, own, samples))
        if sample_of(target) not in (None, own) or isinstance(target, Part):
            raise UnlikeError
        if isinstance(target, Element):
            found: npt.NDArray[Any] | None = self._array(target.name)
            element = target
        else:
            assert isinstance(target.of, Element)
            assert isinstance(target.by, Element)
            if target.of.sample is not None:
                raise UnlikeError
            found, element = self.total(target.of, target.by.name), target.by
        if found is None:
            return np.zeros(())
        return np.asarray(found[(*(() if element.sample is None else (samples,)), *element.index)])

    def _formula_of_way(self, target: Path | Via) -> Expr:
        if isinstance(target, Path):
            formula = self.chains.path_formula(target)
            return exactly(self.graph, formula) if self.saturated else formula
        return self.chains_to(target.of).via_whole(self.checked(target))

    @cached_property
    def saturated(self) -> bool:
        """Whether text-book forms may lose digits here."""
        return is_saturated(self.graph, self.record)

    def values(self, formula: Expr, target: Target) -> npt.NDArray[Any]:
        """What a formula gives for all places of a target with lanes."""
        mesh = mesh_of(lanes_of(target))
        return evaluated_all(formula, lambda key: self._numbers(key, mesh))

    def _numbers(self, target: Target, mesh: Mapping[Lane, npt.NDArray[np.int_]]) -> npt.NDArray[Any]:
        if isinstance(target, Element):
            return _at(self._array(target.name), target, mesh)
        if isinstance(target, Derivative | Short):
            assert isinstance(target.of, Element)
            assert isinstance(target.by, Element)
            if lanes_in(target.of.index):
                raise UnlikeError
            found = self.total(target.of, target.by.name)
            return np.zeros(()) if found is None else _at(found, target.by, mesh)
        assert isinstance(target, Path | Via)
        return evaluated_all(self._formula_of_way(target), lambda key: self._numbers(key, mesh))

    def _array(self, name: str) -> npt.NDArray[Any]:
        if name in self.record:
            return np.asarray(self.record[name])
        if name == RATE:
            return np.asarray(self.graph.learning_rate or 0.0)
        core = name.removesuffix("+")
        return np.asarray(self.record[core])

    def _part(self, part: Part) -> Value:
        array = self._array(part.name)
        sampled = self.graph.types.get(part.name, self.graph.types.get(part.name.removesuffix("+"), Type(()))).sampled
        if part.sample is not None and sampled:
            array = array[part.sample]
            return np.asarray(array if part.index is None else array[part.index])
        if part.index is None:
            return array
        lead = (slice(None),) if sampled else ()
        return np.asarray(array[(*lead, *part.index)])

    def _derivative(self, target: Derivative) -> Value:
        of, by = target
        if isinstance(of, Part):
            return self._each_sample(of, by)
        if isinstance(by, Part):
            return self._many(of, by)
        lead = () if by.sample is None else (by.sample,)
        found = self.total(of, by.name)
        return 0.0 if found is None else float(found[(*lead, *by.index)])

    def _many(self, of: Element, by: Part) -> Value:
        found = self.total(of, by.name)
        shape = np.shape(self._array(by.name))
        array = np.zeros(shape) if found is None else found
        sampled = self.graph.types[by.name].sampled
        lead: tuple[Any, ...] = (by.sample if by.sample is not None else slice(None),) if sampled else ()
        return np.asarray(array[(*lead, *(by.index or ()))])

    def _each_sample(self, of: Part, by: Element | Part) -> Value:
        """Of a quantity that every sample has: for each sample by the same sample's element."""
        if of.index is None or of.sample is not None or not isinstance(by, Part) or by.index is None:
            raise UsageError(Fault(f"name one element of {of.name} to differentiate it"))
        count = self.graph.samples or 1
        pairs = ((Element(of.name, of.index, s), Element(by.name, by.index, s)) for s in range(count))
        return np.asarray([self._derivative(Derivative(*pair)) for pair in pairs])

    def total(self, of: Element, by: str) -> npt.NDArray[Any] | None:
        """The derivatives of an element by a whole array, over all ways; None where there is no way.

        Those of the objective are recorded; any other comes from gradient equations of its own.
        """
        objective = self.graph.objective
        if of == Element(objective or "") and by in self.graph.gradient_of:
            return np.asarray(self.record[self.graph.gradient_of[by]])
        if of not in self._totals:
            if len(self._totals) >= MOST_KEPT:  # those of every sample by every sample would be its square
                self._totals.clear()
            at_hand = self.record | {of.name: self._array(of.name)}
            self._totals[of] = derivatives_of(self.graph, of, at_hand)
        return self._totals[of].get(gradient_name(of.name, by))

    @property
    def in_lanes(self) -> bool:
        """Whether all its numbers and formulas follow from arrays, so that those that are alike can be had at once."""
        return type(self) is View

    # ── formulas ──

    def outline(self, target: Target, most: int) -> Expr | None:
        """The formula; where an element is a sum of more than ``most`` terms only a few of them."""
        if self.in_lanes and isinstance(target, Element) and not self.saturated:
            return self._element_formula(target, most)
        return self.formula(target)

    def formula(self, target: Target) -> Expr | None:
        """The formula of a single number over other single numbers; None for what is given."""
        written = self._written(target)
        return written if written is None or not self.saturated else self._true(target, written)

    def _true(self, target: Target, written: Expr) -> Expr:
        """The first form of a formula that gives the number; as written where none does."""
        if not has_other_form(self.chains, target, written):
            return written
        if lanes_of(target):
            if not np.all(is_close(self.values(written, target), self.numbers(target))):
                raise UnlikeError
            return written
        number, offered = self.number(target), (written, *other_forms(self.chains, target, written))
        return next((form for form in offered if is_close(self.evaluate(form), number)), written)

    def _written(self, target: Target) -> Expr | None:
        """The formula as the text-book has it."""
        if isinstance(target, Element):
            return self._element_formula(target, None)
        if isinstance(target, Path):
            return self.chains.path_formula(target)
        if isinstance(target, Via):
            return self.chains_to(target.of).via_formula(self.checked(target))
        if isinstance(target, Short):
            return self.chains.short_formula(target)
        if isinstance(target, Derivative) and isinstance(target.of, Element) and isinstance(target.by, Element):
            return self._chain_rule(target.of, target.by)
        return None

    def _chain_rule(self, of: Element, by: Element) -> Expr:
        """A derivative as a product or a sum; a junction's ways that give 0 are left out where they are few."""
        chains = self.chains_to(of)
        if len(chains.ways(by)) > FEW_WAYS:
            return chains.formula(by)
        return chains.formula(by, lambda way: self.is_live(of, by, way))

    def is_live(self, of: Element, by: Element, way: Element) -> bool:
        """Whether a way of a junction gives more than 0, for any sample: one formula serves them all."""
        via = Via(of, by, way)
        if lanes_of(via):
            return alike(self.numbers(via) != 0)
        if by.sample is None:
            return self.number(via) != 0
        return bool(self.each_sample(via, range(self.graph.samples or 1)).any())

    def short(self, by: Element) -> Short | None:
        """The text-book's line for a derivative, where there is one and it gives the same numbers for all samples."""
        found = self.chains.short(by)
        if found is None or by.name in self.cut_short:
            return None
        if lanes_of(found):
            value = self.values(self.chains.short_formula(found), found)
            return found if alike(self._near(self.numbers(found), value)) else None
        samples = range(1 if by.sample is None else self.graph.samples or 1)
        right, value = self.each_sample(Derivative(*found), samples), self.each_short(found, samples)
        return found if self._near(right, value).all() else None

    def _near(self, right: Value, value: Value) -> Any:
        return np.abs(value - right) <= 1e-12 * np.maximum(0.0 if self.saturated else 1.0, np.abs(right))

    def short_equation(self, equation: Equation) -> Equation:
        """A gradient equation as the text-book has it; in its short form, where that gives the same numbers."""
        equation = replace(equation, expr=text_book(equation.expr))
        pair = self.chains.pairs.get(equation.wrt or "")
        if pair is None:
            return equation
        by = Element(equation.wrt or "", (0,) * len(equation.type.shape), 0 if equation.type.sampled else None)
        scale = self.chains.scale(pair, by)
        p, y = (np.asarray(self.record[name.id]) for name in (pair.probability, pair.target))
        right = self.record[equation.name]
        difference = (p - y.reshape(y.shape + (1,) * (p.ndim - y.ndim))) * self.evaluate(scale)
        if not np.allclose(difference, right, rtol=1e-12, atol=1e-12):
            return equation
        short = simplified(Call("mul", (scale, Call("sub", (pair.probability, pair.target)))))
        return replace(equation, expr=short)

    def _element_formula(self, target: Element, most: int | None) -> Expr | None:
        by = self.keys.differentiated.get(target.name)
        if by is not None:
            return self._chain_rule(self.chains.objective, Element(by, target.index, target.sample))
        equation = self.graph.equations.get(target.name)
        if equation is None and target.name.endswith("+"):
            return self._formula_after(target, most)
        if equation is None:
            return None
        if lanes_in(target.index):
            self.chains.check_alike(equation)
        return element(equation.expr, target.index, target.sample, most)

    def _formula_after(self, target: Element, most: int | None) -> Expr | None:
        """A forward quantity after the update reads the new values of everything that has them."""
        equation = self.graph.equations.get(target.name.removesuffix("+"))
        if equation is None:
            return None
        if lanes_in(target.index):
            self.chains.check_alike(equation)
        formula = element(equation.expr, target.index, target.sample, most)
        return renewed(formula, self.graph.renewed)

    def evaluate(self, expr: Expr) -> float:
        """The value of a scalar formula, from left to right, from the full values of what it reads."""
        return evaluated(expr, self.number)


def _at(array: npt.NDArray[Any], element: Element, mesh: Mapping[Lane, npt.NDArray[np.int_]]) -> npt.NDArray[Any]:
    """The elements of an array at all positions of an index's lanes."""
    lead = () if element.sample is None else (element.sample,)
    index: tuple[object, ...] = element.index
    return np.asarray(array[(*lead, *(mesh[at] if isinstance(at, Lane) else at for at in index))])


@dataclass(frozen=True)
class Quantity:
    """A single number: ``key``, ``label`` for a reader, ``formula`` (None for what is given) and ``value``."""

    view: View
    target: Target
    known: float | None = field(default=None, compare=False, repr=False)
    """The number, where it is known already."""

    @property
    def key(self) -> str:
        """The key in plain text."""
        return self._local or self.view.keys.text(self.target)

    @property
    def label(self) -> str:
        """The key as a reader likes it."""
        return self._local or self.view.keys.pretty(self.target)

    @property
    def _local(self) -> str:
        """A local derivative by something that has other ways too is none over all ways, and not written like one."""
        if not isinstance(self.target, Path) or len(self.target.nodes) != 2:
            return ""
        of, by = self.target.nodes
        one = self.view.chains.is_one_of_several(of, by, of)
        return f"local({self.view.keys.text(of)},{self.view.keys.text(by)})" if one else ""

    @cached_property
    def formula(self) -> Expr | None:
        """The scalar formula over other quantities, parameters first in products."""
        return self._parameters_first(self.view.formula(self.target))

    def outline(self, most: int) -> Expr | None:
        """The formula, of a long sum only a few terms."""
        return self._parameters_first(self.view.outline(self.target, most))

    def _parameters_first(self, found: Expr | None) -> Expr | None:
        return None if found is None else parameters_first(found, self.view.graph.parameters)

    @cached_property
    def value(self) -> float:
        """The number."""
        return self.view.number(self.target) if self.known is None else self.known

    @cached_property
    def numbers(self) -> npt.NDArray[np.float64]:
        """With lanes the numbers for all places, an axis a lane."""
        return self.view.numbers(self.target)
