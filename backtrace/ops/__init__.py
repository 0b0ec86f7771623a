"""The table of operations, and how a typed call of one is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Final

from backtrace.errors import did_you_mean
from backtrace.expressions import (
    MAX_NODES,
    Call,
    Expr,
    ExpressionError,
    Name,
    Num,
    Type,
    has_more_nodes,
    substitute,
    walk,
)
from backtrace.ops import (
    complements,
    constants,
    elementwise,
    extremes,
    images,
    many,
    movements,
    products,
    reductions,
    softmax,
    upstream,
)
from backtrace.ops import macros as macro_table
from backtrace.ops.base import MOST_AXES, Op, ShapeError, Values, bounded
from backtrace.ops.hints import NAMES, element_hint, function_hint, shapes_hint
from backtrace.ops.macros import Macro as Macro
from backtrace.records import dataclass

GROUPS: tuple[tuple[Op, ...], ...] = (
    elementwise.ROWS,
    many.ROWS,
    products.ROWS,
    movements.ROWS,
    reductions.ROWS,
    extremes.ROWS,
    softmax.ROWS,
    complements.ROWS,
    upstream.ROWS,
    images.ROWS,
    constants.ROWS,
)
TABLE: dict[str, Op] = {row.name: row for group in GROUPS for row in group}


MACROS: dict[str, Macro] = {row.name: row for row in macro_table.ROWS}


def macros(functions: Mapping[str, tuple[tuple[str, ...], Expr]]) -> dict[str, Macro]:
    """A config's own functions, each with its operands and its text, as macros."""
    return {name: Macro(name, letters, body) for name, (letters, body) in functions.items()}


CONSTANTS: dict[str, float] = {"pi": math.pi}


@dataclass(frozen=True)
class Scope:
    """What names and functions mean where an expression is typed."""

    names: Mapping[str, Expr]
    functions: Mapping[str, Macro] = field(default_factory=dict)
    samples: int = 1
    values: Values | None = None
    """What is given and never trained, where that is known: an index may be read from it."""

    def name(self, name: Name) -> Expr:
        """The typed expression a name stands for. Raises ExpressionError for an unknown one."""
        found = self.names.get(name.id)
        if found is not None:
            return found
        if name.id in CONSTANTS:
            return Num(CONSTANTS[name.id])
        raise self.no_name(name)

    def no_name(self, name: Name) -> ExpressionError:
        """What is said of a name that is not known."""
        hint = element_hint(name.id, self.names) or did_you_mean(name.id, self.names) or _name_hint(name.id, self)
        return _error(name, f'"{name.id}" is not known here', hint)

    def no_function(self, expr: Call) -> ExpressionError:
        """What is said of a call of a function that is not known."""
        known = [name for name, row in TABLE.items() if not row.internal]
        near = function_hint(expr.op) or did_you_mean(expr.op, [*known, *MACROS, *self.functions])
        hint = near or "functions: {f(x): ...} states one; backtrace knows exp, log, sqrt, sum, sigmoid, ..."
        if expr.op in self.names:
            hint = f"{expr.op} is a quantity: a product needs its sign, {expr.op}*(...)"
        return _error(expr, f'there is no function "{expr.op}"', hint, len(expr.op))

    def calls(self, name: str) -> bool:
        """Whether a function has this name."""
        op = TABLE.get(name)
        return name in self.functions or name in MACROS or (op is not None and not op.internal)


def unknown(expr: Expr, scope: Scope) -> list[ExpressionError]:
    """What is said of all the names and functions that an expression reads and that are not known, each once."""
    found: dict[str, ExpressionError] = {}
    for part in walk(expr):
        if isinstance(part, Name) and part.id not in scope.names and part.id not in CONSTANTS:
            found.setdefault(part.id, scope.no_name(part))
        if isinstance(part, Call) and not scope.calls(part.op):
            found.setdefault(f"{part.op}()", scope.no_function(part))
    return sorted(found.values(), key=lambda error: error.offset)


def typed(expr: Expr, scope: Scope) -> Expr:
    """The expression with shapes, functions looked up and macros replaced.

    Raises:
        ExpressionError: an unknown name or function, a wrong number of operands, shapes that do not fit.
    """
    if isinstance(expr, Name):
        return scope.name(expr)
    if not isinstance(expr, Call):
        return expr
    args = tuple(typed(arg, scope) for arg in expr.args)
    macro = scope.functions.get(expr.op) or MACROS.get(expr.op)
    if macro is not None:
        return _expanded(expr, macro, args, scope)
    op = TABLE.get(expr.op)
    if op is None or op.internal:
        raise scope.no_function(expr)
    if op.several and len(args) > 1:
        op = TABLE[op.several]
    args, options = _told_apart(expr, op.name, args, op.most, op.options)
    if op.over_samples:
        options["count"] = scope.samples
    _check_count(expr, op.name, len(args), op.least, op.most, op.about if op.most == 0 else "")
    try:
        settled = op.settled(args, scope.values)
        if settled is not None:
            return call(settled.op, *settled.args, at=expr.at, **dict(settled.options))
        return call(op.name, *args, at=expr.at, **options)
    except ShapeError as error:
        raise _error(expr, str(error), error.hint or shapes_hint(expr, args)) from None


def call(name: str, *args: Expr, at: tuple[int, int] | None = None, **options: Any) -> Call:
    """A typed call of an operation on typed operands. Raises ShapeError."""
    op = TABLE[name]
    shape = op.shape(args, options)
    bounded(f"{name} of these operands", math.prod(shape))
    if len(shape) > MOST_AXES:
        raise ShapeError(f"{name} makes an array of {len(shape)} axes", f"at most {MOST_AXES}")
    sampled = any(arg.sampled for arg in args) and not op.over_samples
    return Call(name, args, tuple(sorted(options.items())), Type(shape, sampled), at)


def retyped(expr: Expr) -> Expr:
    """Give types to calls that a rule made from typed operands."""
    if not isinstance(expr, Call) or expr.type is not None:
        return expr
    return call(expr.op, *map(retyped, expr.args), at=expr.at, **dict(expr.options))


def _expanded(expr: Call, macro: Macro, args: tuple[Expr, ...], scope: Scope) -> Expr:
    count = len(macro.parameters)
    args, options = _told_apart(expr, macro.name, args, count, macro.options)
    _check_count(expr, macro.name, len(args), count, count)
    try:
        text = macro.body(options, args[0].shape)
    except ShapeError as error:
        raise _error(expr, str(error)) from None
    body = substitute(text, dict(zip(macro.parameters, args, strict=True)))
    # without itself: a function that reads itself would never end
    others = {name: other for name, other in scope.functions.items() if name != macro.name}
    try:
        result = _typed_body(body, Scope({}, others, scope.samples, scope.values))
    except ExpressionError as error:
        raise _error(expr, f"in {macro.name}: {error.message}", error.hint or shapes_hint(expr, args)) from None
    if has_more_nodes(result, MAX_NODES):
        raise _error(expr, f"{macro.name} grows to more than {MAX_NODES:,} parts when written out")
    return result


def _typed_body(expr: Expr, scope: Scope) -> Expr:
    """As ``typed``, leaving alone the operands that are typed already."""
    if expr.type is not None:
        return expr
    if isinstance(expr, Call):
        args = tuple(_typed_body(arg, scope) for arg in expr.args)
        held = {f"{k}": arg for k, arg in enumerate(args)}
        outer = Call(expr.op, tuple(Name(key) for key in held), expr.options, at=expr.at)
        return typed(outer, replace(scope, names=held))
    return typed(expr, scope)


def _told_apart(
    expr: Call, name: str, args: tuple[Expr, ...], most: int | None, known: Mapping[str, Any]
) -> tuple[tuple[Expr, ...], dict[str, Any]]:
    """The operands and the options of a call: constants beyond the last operand are options in their order."""
    options = dict(expr.options)
    _check_options(expr, name, options, known)
    if most is None or len(args) - most > len(known):
        return args, options
    for option, arg in zip(known, args[most:], strict=False):
        if option in options:
            raise _error(expr, f"{option} of {name} is given twice")
        options[option] = _constant(arg)
        if options[option] is None:
            raise _error(arg, f"{option} of {name} is a constant", "write its number")
    return args[:most], options


def _constant(expr: Expr) -> Any:
    """The value of a number or of a list of numbers; None for others."""
    if isinstance(expr, Num):
        return expr.value
    if isinstance(expr, Call) and expr.op == "stack" and all(isinstance(arg, Num) for arg in expr.args):
        return tuple(_constant(arg) for arg in expr.args)
    return None


def _check_count(expr: Call, name: str, count: int, least: int, most: int | None, about: str = "") -> None:
    if count >= least and (most is None or count <= most):
        return
    wanted = f"{least}" if least == most else f"at least {least}" if most is None else f"{least} to {most}"
    plural = "" if wanted.endswith(" 1") or wanted == "1" else "s"
    hint = f"{name}({', '.join('abcdefgh'[: max(least, 1)])}{', ...' * (most != least)})"
    raise _error(expr, f"{name} takes {wanted} operand{plural}, not {count}", about or hint)


def _check_options(expr: Call, name: str, options: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for option in options:
        if option not in known:
            hint = did_you_mean(option, known) or f"its options: {', '.join(known) or 'none'}"
            raise _error(expr, f'{name} has no option "{option}"', hint)


STATE_IT: Final = "state it under inputs:, targets:, parameters: or as an equation above"


def _name_hint(name: str, scope: Scope) -> str:
    if name.casefold() in NAMES:
        return NAMES[name.casefold()]
    if name in TABLE or name in MACROS or name in scope.functions:
        return f"{name} is a function: {name}(...)"
    return STATE_IT


def _error(expr: Expr, message: str, hint: str = "", width: int | None = None) -> ExpressionError:
    offset, full = expr.at or (0, 1)
    return ExpressionError(message, offset, width or full, hint)
