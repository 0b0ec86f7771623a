"""Recorded epochs that know the symbols of an expected file beside the keys of their graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from backtrace.comparison.members import elements
from backtrace.comparison.symbols import Definition, Named
from backtrace.errors import ConfigError, Fault, UsageError
from backtrace.executor import evaluate
from backtrace.expressions import Call, Element, Expr, ExpressionError, Index, Name, Ref, Type
from backtrace.graph import Equation
from backtrace.keys import Derivative, Key, Keys, Part, Target
from backtrace.ops import Scope, typed
from backtrace.quantities import Value, View
from backtrace.records import dataclass
from backtrace.rounded import RoundedView
from backtrace.scalars import element
from backtrace.trace import Trace


class SymbolKeys(Keys):
    """Writes symbols as their source does, and numbers of other epochs with their epoch."""

    def text(self, target: Any) -> str:
        """The key of a target, in plain text."""
        return self._symbol(target, super().text)

    def pretty(self, target: Any) -> str:
        """The key as a reader likes it."""
        return self._symbol(target, super().pretty)

    def _symbol(self, target: Any, write: Any) -> str:
        if isinstance(target, Named):
            places = ",".join(str(at + 1) for at in target.index or ())
            return f"{target.name}[{places}]" if places else target.name
        if isinstance(target, Key):
            update = f".{target.update}" if target.update else ""
            return f"{self._symbol(target.target, write)}@{target.epoch}{update}"
        return str(write(target))


class Worked(NamedTuple):
    """A symbol in one epoch: its expression with shapes, and its numbers."""

    expr: Expr
    values: npt.NDArray[Any]


@dataclass(frozen=True)
class Book:
    """The symbols of an expected file and the trace they are worked out on."""

    trace: Trace
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    _sheets: dict[int, Sheet] = field(default_factory=dict, repr=False)

    def views(self, key: Key, epoch: int | None, update: int | None) -> Sequence[View]:
        """The updates that a key is of, or others where it does not say: all of an epoch, or the one named."""
        return self.trace.updates(*((key.epoch, key.update) if key.epoch else (epoch, update)))

    def sheet(self, view: View) -> Sheet:
        """A recorded epoch that knows the symbols."""
        if isinstance(view, Sheet):
            return view
        if id(view) not in self._sheets:
            own = {field.name: getattr(view, field.name) for field in fields(view)}
            kind = RoundedSheet if isinstance(view, RoundedView) else Sheet
            self._sheets[id(view)] = kind(**own, book=self)
        return self._sheets[id(view)]


@dataclass(frozen=True)
class Sheet(View):
    """A recorded epoch in which symbols are quantities like any other."""

    book: Book | None = field(default=None, repr=False)
    _worked: dict[str, Worked] = field(default_factory=dict, repr=False)
    _members: dict[Key, list[Target]] = field(default_factory=dict, repr=False)

    @cached_property
    def keys(self) -> Keys:
        """Reads the keys of the graph and writes those of the symbols too."""
        return SymbolKeys.of(self.graph)

    # ── values ──

    def value(self, target: Any) -> Value:
        """The value of a target, a number or an array."""
        if isinstance(target, Named):
            values = self.worked(target.name).values
            return values if target.index is None and values.ndim else float(values[target.index or ()])
        if isinstance(target, Key):
            return self.of(target).value(target.target)
        return super().value(target)

    def number(self, target: Any) -> float:
        """The value of a single number."""
        if isinstance(target, Named | Key):
            found = self.value(target)
            assert isinstance(found, float)
            return found
        return super().number(target)

    def all_of(self, key: Key) -> list[Sheet]:
        """The updates that an operand of a symbol is of."""
        assert self.book is not None
        return [self] if key.epoch is None else [self.book.sheet(view) for view in self.book.views(key, None, None)]

    def of(self, key: Key) -> Sheet:
        """The first of the updates that an operand of a symbol is of."""
        return self.all_of(key)[0]

    def worked(self, name: str) -> Worked:
        """A symbol with its shapes and its numbers.

        Raises:
            ConfigError: shapes that do not fit, unknown functions; at their character in the file.
        """
        if name not in self._worked:
            self._worked[name] = self._work(self.definition(name))
        return self._worked[name]

    def definition(self, name: str) -> Definition:
        """What a symbol stands for."""
        assert self.book is not None
        return self.book.definitions[name]

    def _work(self, definition: Definition) -> Worked:
        arrays = {name: self._operand(definition, key) for name, key in definition.operands.items()}
        scope = Scope({name: Name(name, Type(np.shape(array))) for name, array in arrays.items()})
        try:
            expr = typed(definition.expr, scope)
        except ExpressionError as error:
            raise ConfigError(definition.fault(error)) from None
        assert expr.type is not None
        with np.errstate(all="ignore"):
            values = evaluate([Equation("symbol", expr, expr.type)], arrays, None)["symbol"]
        return Worked(expr, values)

    def _operand(self, definition: Definition, key: Key) -> npt.NDArray[Any]:
        try:
            values = [np.asarray(view.value(key.target), dtype=float) for view in self.all_of(key)]
            return values[0] if len(values) == 1 else np.stack(values)
        except UsageError as error:
            node = definition.symbol.node
            told = error.faults[0]
            raise ConfigError(Fault(told.message, node.place, told.hint, len(node.text))) from None

    # ── formulas ──

    def formula(self, target: Any) -> Expr | None:
        """The formula of a single number over other single numbers; None for what is given."""
        if isinstance(target, Named):
            formula = element(self.worked(target.name).expr, target.index or ())
            return self._over_keys(formula, self.definition(target.name))
        if isinstance(target, Key):
            return self.of(target).formula(target.target)
        return super().formula(target)

    def _over_keys(self, expr: Expr, definition: Definition) -> Expr:
        """The keys in place of their stand-ins."""
        if isinstance(expr, Ref) and isinstance(expr.key, Element):
            return Ref(self._member(definition.operands[expr.key.name], expr.key.index))
        if isinstance(expr, Call):
            return Call(expr.op, tuple(self._over_keys(arg, definition) for arg in expr.args), expr.options)
        return expr

    def _member(self, key: Key, index: Index) -> Any:
        """A single number of an operand; of several updates the index says first which."""
        views = self.all_of(key)
        if len(views) > 1:
            key, index = key._replace(update=views[index[0]].update), index[1:]
        target: Any = key.target
        if isinstance(target, Named):
            target = Named(target.name, index)
        elif not is_single(target):
            shape = np.shape(self.of(key).value(target))
            if key not in self._members:
                self._members[key] = list(elements(target, self.graph))
            target = self._members[key][int(np.ravel_multi_index(index, shape))]
        return target if key.epoch is None else key._replace(target=target)

    def members(self, name: str) -> Iterator[Named]:
        """The single numbers of a symbol, row by row."""
        return (Named(name, index) for index in np.ndindex(self.worked(name).values.shape))

    def last_operands(self, name: str) -> Iterator[tuple[Sheet, Any]]:
        """The last single number of each operand of a symbol, with its epoch."""
        for key in self.definition(name).operands.values():
            view = self.all_of(key)[-1]
            shape = np.shape(view.value(key.target))
            last = self._member(key._replace(epoch=None), tuple(size - 1 for size in shape)) if shape else key.target
            yield view, last


@dataclass(frozen=True)
class RoundedSheet(Sheet, RoundedView):
    """The same, where every number follows from rounded ones."""


def is_single(target: Target) -> bool:
    """Whether a target names one number."""
    if isinstance(target, Derivative):
        return not any(isinstance(end, Part) for end in target)
    return not isinstance(target, Part)
