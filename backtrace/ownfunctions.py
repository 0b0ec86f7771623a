"""What is wrong with the functions that a config states, whether they are used or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backtrace.config import Config
from backtrace.config.records import expression_fault
from backtrace.errors import Fault
from backtrace.expressions import Call, Expr, ExpressionError, Name, walk
from backtrace.ops import STATE_IT, Scope, macros, unknown

Functions = Mapping[str, tuple[tuple[str, ...], Expr]]


def function_faults(config: Config) -> tuple[list[Fault], set[str]]:
    """The faults of a config's functions, and the functions of whose calls nothing more is to be said.

    Unknown names and functions are faults, and so are functions that call themselves; shapes are known at a call only.
    """
    stated = config.nodes.get("functions")
    bodies = {key.text.partition("(")[0].strip(): body for key, body in stated.items()} if stated else {}
    faults: list[Fault] = []
    broken: set[str] = set()
    for name in config.functions:
        if not (errors := [*_unknown(name, config.functions), *_circle(name, config.functions, broken)]):
            continue
        faults += (expression_fault(bodies.get(name), error) for error in errors)
        broken.add(name)
    return faults, {name for name in config.functions if not broken.isdisjoint(_reached(name, config.functions))}


def called(expr: Expr) -> set[str]:
    """The functions that an expression calls."""
    return {part.op for part in walk(expr) if isinstance(part, Call)}


def _unknown(name: str, functions: Functions) -> Iterator[ExpressionError]:
    letters, body = functions[name]
    for error in unknown(body, Scope({letter: Name(letter) for letter in letters}, macros(functions))):
        if error.hint == STATE_IT:
            error.hint = f"a function reads its operands alone, here {', '.join(letters)}: make this one of them"
        yield error


def _circle(name: str, functions: Functions, broken: set[str]) -> Iterator[ExpressionError]:
    """The call by which a function comes back to itself, unless that is said of another in the same circle."""
    for part in walk(functions[name][1]):
        if isinstance(part, Call) and part.op in functions and name in (reached := _reached(part.op, functions)):
            if broken.isdisjoint(reached):
                through = "" if part.op == name else f" by {part.op}"
                hint = "a function is written by others, and ends"
                offset, width = part.at or (0, 1)
                yield ExpressionError(f"{name} calls itself{through}", offset, width, hint)
            return


def _reached(name: str, functions: Functions) -> set[str]:
    """A function, and all of the config's that it calls, or that these call."""
    found, waiting = set[str](), [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += called(functions[one][1]) & functions.keys()
    return found
