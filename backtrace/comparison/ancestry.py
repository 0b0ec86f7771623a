"""What a number is computed from: its formula over the nearest figures that are printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

from backtrace.comparison.sheets import Book, Sheet
from backtrace.comparison.symbols import Named
from backtrace.evaluating import evaluated
from backtrace.expressions import Call, Element, Expr, Num, Ref, walk
from backtrace.graph import depends
from backtrace.keys import Derivative, Key, Path, Short, Via
from backtrace.ops.base import total
from backtrace.quantities import Quantity, View
from backtrace.records import dataclass
from backtrace.schedule import Moment

MOST_NODES: Final = 3000
MOST_LEAVES: Final = 200
MOST_LOOKED_AT: Final = 2_000
MOST_IN_ALL: Final = 100_000
"""The bounds of one examination, and of all together; beyond them nothing is claimed."""


class Printed(NamedTuple):
    """A printed figure: its value, its unit and digits, the exact value, and whether it is right."""

    value: float
    unit: float
    digits: int
    exact: float
    right: bool
    sound: bool
    """Right, or following from rounded values that are right."""
    order: tuple[float, float]
    """Its line and column in the file."""


class Place(NamedTuple):
    """A number by one name of all that it has: the update, and what it is of."""

    moment: Moment
    target: Any


class TooMuchError(Exception):
    """An examination that grows beyond its bounds."""


@dataclass
class Ancestry:
    """The printed figures of a comparison, and what each number is computed from."""

    book: Book
    printed: dict[Place, list[Printed]] = field(default_factory=dict)
    written: dict[tuple[Moment, Expr], Any] = field(default_factory=dict)
    """What is printed, by its formula: a part of another formula may be printed under a name of its own."""
    roots: dict[Place, float] = field(default_factory=dict)
    """What is printed of numbers that are wrong by themselves."""
    looked_at: int = 0
    in_all: int = 0
    _own: dict[tuple[Moment, Any], Expr | None] = field(default_factory=dict)
    _located: dict[tuple[int, Any], tuple[Sheet, Any, Place]] = field(default_factory=dict)
    _formulas: dict[tuple[Moment, Any], Expr | None] = field(default_factory=dict)
    """What was looked up since the last figure was noted: what is printed decides what a formula is written over."""

    def add(self, quantity: Quantity, printed: Printed) -> None:
        """Take note of a printed figure; of what is a key with the other sign, as one of that key."""
        self._formulas.clear()
        view = self.book.sheet(quantity.view)
        formula = view.formula(quantity.target) if isinstance(quantity.target, Named | Element) else None
        if isinstance(quantity.target, Named) and isinstance(formula, Call) and formula.op == "neg":
            (inner,) = formula.args
            if isinstance(inner, Ref):
                negated = printed._replace(value=-printed.value, exact=-printed.exact)
                self.printed.setdefault(self.place(*self.resolved(view, inner.key)), []).append(negated)
        place = self.place(view, quantity.target)
        self.printed.setdefault(place, []).append(printed)
        if isinstance(formula, Call):
            self.written.setdefault((place.moment, self._named(view, formula)), quantity.target)

    def _named(self, view: View, expr: Expr) -> Expr:
        """The expression with each part that is printed under a name of its own replaced by that name."""
        if not isinstance(expr, Call):
            return expr
        inner = Call(expr.op, tuple(self._named(view, arg) for arg in expr.args), expr.options)
        found = self.written.get((Moment(view.epoch, view.update), inner))
        return inner if found is None else Ref(found)

    # ── one name for each number ──

    def place(self, view: View, target: Any) -> Place:
        """The place of a number: new values are those of the next update, derivatives go by what they are of."""
        moment = Moment(view.epoch, view.update)
        if isinstance(target, Named):
            return self._symbol(view, target)
        if isinstance(target, Path | Short):
            return Place(moment, self._derivative(view, target))
        if isinstance(target, Element):
            by = view.keys.differentiated.get(target.name)
            if by is not None:
                return Place(moment, Derivative(view.chains.objective, target._replace(name=by)))
            if target.name.endswith("+") and self._stays(view, target.name):
                return Place(self._next(view), target._replace(name=target.name.removesuffix("+")))
        return Place(moment, target)

    def _symbol(self, view: View, target: Named) -> Place:
        """A symbol that stands for one key is that key."""
        assert isinstance(view, Sheet)
        formula = view.formula(target)
        if isinstance(formula, Ref):
            return self.place(*self.resolved(view, formula.key))
        return Place(Moment(view.epoch, view.update), target)

    @staticmethod
    def _derivative(view: View, target: Path | Short) -> Any:
        if isinstance(target, Short):
            return Derivative(target.of, target.by)
        of, by = target.nodes[0], target.nodes[-1]
        if len(target.nodes) == 2 and view.chains.is_one_of_several(of, by, of):
            return target
        return Derivative(of, by)

    @staticmethod
    def _stays(view: View, name: str) -> bool:
        """Whether a new value is what the next update begins with; a forward quantity is with the same samples."""
        core = name.removesuffix("+")
        return view.graph.updates_per_epoch == 1 or core in view.graph.trained or core in view.graph.states

    @staticmethod
    def _next(view: View) -> Moment:
        if view.update < view.graph.updates_per_epoch:
            return Moment(view.epoch, view.update + 1)
        return Moment(view.epoch + 1)

    def resolved(self, view: View, key: Any) -> tuple[Sheet, Any]:
        """The update and the target that a leaf of a formula names."""
        sheet = self.book.sheet(view)
        where, target = (sheet.of(key), key.target) if isinstance(key, Key) else (sheet, key)
        return where, self._unchanged(where, target)

    def located(self, view: Sheet, key: Any) -> tuple[Sheet, Any, Place]:
        """What a leaf of a formula names, and its place; looked up once."""
        at = (id(view), key)
        if at not in self._located:
            where, target = self.resolved(view, key)
            self._located[at] = where, target, self.place(where, target)
        return self._located[at]

    def _unchanged(self, view: View, target: Any) -> Any:
        """What no update changes is after the update what it was before."""
        if isinstance(target, Element) and target.name.endswith("+"):
            core = target.name.removesuffix("+")
            if core not in self.changing and core not in view.graph.states:
                return target._replace(name=core)
        return target

    @cached_property
    def changing(self) -> set[str]:
        """The trained parameters and what depends on them."""
        graph = self.book.trace.graph
        return depends(graph.forward, graph.trained)

    # ── what a number is computed from ──

    def formula(self, view: Sheet, target: Any) -> Expr | None:
        """The formula of a number; what an update begins with is what the one before it left.

        A derivative comes from the upstream gradient of its consumers where those are printed.
        """
        at = (Moment(view.epoch, view.update), target)
        if at not in self._formulas:
            upstream = self._from_upstream(view, target)
            found = self._own_formula(view, target) if upstream is None else upstream
            self._formulas[at] = found if found is None or isinstance(found, Ref) else self._parts_named(view, found)
        return self._formulas[at]

    def _parts_named(self, view: Sheet, formula: Expr) -> Expr:
        """The formula with its parts, but not itself, by the names under which they are printed."""
        assert isinstance(formula, Call | Num)
        if isinstance(formula, Num):
            return formula
        return Call(formula.op, tuple(self._named(view, arg) for arg in formula.args), formula.options)

    def _own_formula(self, view: Sheet, target: Any) -> Expr | None:
        """The formula of a number, whatever is printed; looked up once."""
        at = (Moment(view.epoch, view.update), target)
        if at not in self._own:
            self._own[at] = self._formula(view, target)
        return self._own[at]

    def _formula(self, view: Sheet, target: Any) -> Expr | None:
        found = view.formula(target)
        if found is None and isinstance(target, Element) and target.name in (*view.graph.trained, *view.graph.states):
            before = self._before(view)
            if before is not None:
                renewed = target._replace(name=f"{target.name}+")
                return Ref(Key(renewed, before.epoch, before.update))
        return found

    def _before(self, view: View) -> Moment | None:
        """The recorded update before this one."""
        return self._leading.get(Moment(view.epoch, view.update))

    @cached_property
    def _leading(self) -> dict[Moment | None, Moment]:
        """The recorded updates by the one after each; of many epochs every one is asked for."""
        return {self._next(each): Moment(each.epoch, each.update) for each in reversed(self.book.trace.epochs)}

    def _from_upstream(self, view: Sheet, target: Any) -> Expr | None:
        place = self.place(view, target)
        if place.moment != Moment(view.epoch, view.update) or not isinstance(place.target, Derivative):
            return None
        of, by = place.target
        if not (isinstance(of, Element) and isinstance(by, Element)):
            return None
        wholes = [self.place(view, Derivative(of, way)) for way in view.chains_to(of).ways(by) if way != of]
        return self._way_by_way(view, of, by) if any(whole in self.printed for whole in wholes) else None

    def _inlined(self, view: Sheet, formula: Expr) -> Expr:
        """The formula with those of its operands written out that are not printed."""
        if isinstance(formula, Ref):
            where, target = self.resolved(view, formula.key)
            known = where is not view or self.place(where, target) in self.printed
            inner = None if known else self.formula(where, target)
            return formula if inner is None else inner
        if isinstance(formula, Call):
            return Call(formula.op, tuple(self._inlined(view, arg) for arg in formula.args), formula.options)
        return formula

    @staticmethod
    def _way_by_way(view: View, of: Element, by: Element) -> Expr:
        """One step down: each consumer's upstream gradient times its local derivative."""
        chains = view.chains_to(of)
        return total([chains.via_whole(Via(of, by, way)) for way in chains.ways(by)])

    def derivations(self, view: Sheet, target: Any) -> Iterator[Expr]:
        """The ways to a number: its formula, and for a derivative one step down, way by way, or the short form."""
        found = self.formula(view, target)
        if found is not None:
            yield found
            yield self._inlined(view, found)
        place = self.place(view, target)
        if place.moment != Moment(view.epoch, view.update) or not isinstance(place.target, Derivative):
            return
        of, by = place.target
        if not (isinstance(of, Element) and isinstance(by, Element)):
            return
        if view.chains_to(of).ways(by):
            yield self._way_by_way(view, of, by)
        if found is not None:
            yield _written_out(found, view)
        short = view.short(by) if of == view.chains.objective else None
        if short is not None:
            yield view.chains.short_formula(short)

    # ── computing from printed values ──

    def leaves(self, view: Sheet, formula: Expr, before: tuple[float, float]) -> dict[Place, tuple[Sheet, Any]]:
        """The nearest ancestors of a formula that are printed before a place in the file."""
        found: dict[Place, tuple[Sheet, Any]] = {}
        seen: set[Place] = set()

        def visit(at: Sheet, expr: Expr) -> None:
            for key in _keys(expr):
                where, target, place = self.located(at, key)
                if place in seen:
                    continue
                seen.add(place)
                self.spend()
                if len(seen) > MOST_NODES or len(found) > MOST_LEAVES:
                    raise TooMuchError
                inner = self.formula(where, target)
                if any(printed.order < before for printed in self.printed.get(place, ())):
                    found[place] = (where, target)
                elif inner is not None:
                    visit(where, inner)

        visit(view, formula)
        return found

    def computed(self, view: Sheet, formula: Expr, fixed: Mapping[Place, float]) -> float:
        """The value of a formula from fixed values; what reads none of them is exact."""
        memo: dict[Place, float] = {}

        def number(at: Sheet, key: Any) -> float:
            where, target, place = self.located(at, key)
            if place in fixed:
                return fixed[place]
            if place not in memo:
                self.spend()
                inner = self.formula(where, target)
                memo[place] = (
                    where.number(target) if inner is None else evaluated(inner, lambda inside: number(where, inside))
                )
            return memo[place]

        return evaluated(formula, lambda key: number(view, key))

    def spend(self) -> None:
        """Count a number that is looked at; neither one figure nor many wrong ones are examined without end."""
        self.looked_at += 1
        self.in_all += 1
        if self.looked_at > MOST_LOOKED_AT or self.in_all > MOST_IN_ALL:
            raise TooMuchError


@lru_cache(maxsize=65536)
def _keys(expr: Expr) -> tuple[Any, ...]:
    """What a formula reads, each once."""
    return tuple(dict.fromkeys(node.key for node in walk(expr) if isinstance(node, Ref)))


def _written_out(formula: Expr, view: View) -> Expr:
    """The formula of a derivative with the local derivatives in it written out."""
    if isinstance(formula, Ref) and isinstance(formula.key, Path):
        return view.chains_to(formula.key.nodes[0]).path_formula(formula.key)
    if isinstance(formula, Call):
        return Call(formula.op, tuple(_written_out(arg, view) for arg in formula.args), formula.options)
    return formula
