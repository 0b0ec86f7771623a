"""What a module would be with one small fault: an operator, number, condition, return or rule changed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)

GREATEST = 100
"""Numbers above it are bounds of size or taste: one more or less is no fault."""

RULES = "backtrace/ops/"
"""Texts are rules there; elsewhere they are words."""

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
COMBINED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One fault: the module's file, the line and what was done there, the line of the function it is in (0: none)."""

    file: str
    line: int
    function: int
    what: str
    made: Callable[[], ast.AST]
    """Makes the module with the fault."""

    @property
    def title(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


@dataclass(frozen=True)
class Change:
    """A node that may be changed, and the function that the change is in."""

    node: ast.AST
    function: int
    what: str
    change: Callable[[ast.AST], ast.AST]


def mutants(file: Path, name: str) -> list[Mutant]:
    """All mutants of a module, in the order of its lines."""
    whole = ast.parse(file.read_text(encoding="utf-8"))
    changes = [each for each in _all_changes(whole) if RULES in name or not each.what.startswith("the rule")]
    return [_mutant(whole, change, name) for change in changes]


def mutants_of(tree: ast.AST) -> list[ast.AST]:
    """A tree with each one of its changes."""
    return [_made(tree, change) for change in _all_changes(tree)]


def _all_changes(tree: ast.AST) -> list[Change]:
    return [change for node, function in _live(tree, 0) for change in _changes(node, function)]


def _mutant(whole: ast.Module, change: Change, name: str) -> Mutant:
    line = getattr(change.node, "lineno", 0)
    return Mutant(name, line, change.function, change.what, lambda: _made(whole, change))


def _made(whole: ast.AST, change: Change) -> ast.AST:
    memory: dict[int, object] = {}
    copy = deepcopy(whole, memory)
    found = memory[id(change.node)]
    assert isinstance(found, ast.AST)
    _put(copy, found, ast.copy_location(change.change(found), found))
    return ast.fix_missing_locations(copy)


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """A node in the place of another, wherever that is in the tree."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(each is old for each in value):
                setattr(parent, field, [new if each is old else each for each in value])


def _live(node: ast.AST, function: int) -> Iterator[tuple[ast.AST, int]]:
    """The nodes that are ever executed, each with the first line of its function: no annotations, no decorators."""
    if isinstance(node, ast.FunctionDef):
        function = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    elif isinstance(node, ast.Lambda) and not function:
        function = node.lineno
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return  # zip's own check, which never fails
    yield node, function
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list"} or _for_types(node):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _live(child, function)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _changes(node: ast.AST, function: int) -> Iterator[Change]:
    for kind, changed in KINDS.items():
        if isinstance(node, kind):
            for what, change in changed(node):
                yield Change(node, function, what, change)


Changes = Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]


def _comparison(node: ast.AST) -> Changes:
    assert isinstance(node, ast.Compare)
    for at, sign in enumerate(node.ops):
        other = COMPARED[type(sign)]()
        yield (
            f"{_text(node)} with {type(other).__name__} for {type(sign).__name__}",
            partial(_compared, at=at, sign=other),
        )


def _compared(node: ast.AST, *, at: int, sign: ast.cmpop) -> ast.AST:
    assert isinstance(node, ast.Compare)
    return ast.Compare(node.left, [*node.ops[:at], sign, *node.ops[at + 1 :]], node.comparators)


def _operator(node: ast.AST) -> Changes:
    assert isinstance(node, ast.BinOp)
    other = COMBINED.get(type(node.op))
    if other is not None and not _is_text(node):
        yield f"{_text(node)} with {other.__name__}", lambda found: _combined(found, other)


def _combined(node: ast.AST, other: type[ast.operator]) -> ast.AST:
    assert isinstance(node, ast.BinOp)
    return ast.BinOp(node.left, other(), node.right)


def _is_text(node: ast.BinOp) -> bool:
    """Texts put together: what a reader sees of them is no rule."""
    return any(isinstance(side, ast.JoinedStr | ast.Constant) and not _number(side) for side in (node.left, node.right))


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _both(node: ast.AST) -> Changes:
    assert isinstance(node, ast.BoolOp)
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"{_text(node)} with {other.__name__}", lambda found: ast.BoolOp(other(), _of(found, ast.BoolOp).values)


def _sign(node: ast.AST) -> Changes:
    assert isinstance(node, ast.UnaryOp)
    yield f"{_text(node)} without its sign", lambda found: _of(found, ast.UnaryOp).operand


def _constant(node: ast.AST) -> Changes:
    assert isinstance(node, ast.Constant)
    value = node.value
    if isinstance(value, bool):
        yield f"{value} turned", lambda found: ast.Constant(not value)
    elif isinstance(value, int | float) and abs(value) <= GREATEST:
        yield f"{value} and one more", lambda found: ast.Constant(value + 1)
    elif isinstance(value, str) and _is_rule(value):
        yield f'the rule "{value}" twice', lambda found: ast.Constant(f"2 * ({value})")


def _is_rule(text: str) -> bool:
    """A rule of a table: an expression that calls or combines."""
    try:
        body = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return False
    return isinstance(body, ast.Call | ast.BinOp | ast.UnaryOp)


def _condition(node: ast.AST) -> Changes:
    test = node.test if isinstance(node, ast.If | ast.IfExp | ast.While) else None
    if test is not None and not isinstance(test, ast.Compare | ast.UnaryOp) and not _for_types(node):
        yield f"if not {_text(test)}", _negated


def _negated(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.If | ast.IfExp | ast.While)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return node


def _return(node: ast.AST) -> Changes:
    assert isinstance(node, ast.Return)
    if node.value is not None and not isinstance(node.value, ast.Constant):
        yield f"return nothing for {_text(node.value)}", lambda found: ast.Return(ast.Constant(None))


def _statement(node: ast.AST) -> Changes:
    value = node.value if isinstance(node, ast.Expr) else node
    if not isinstance(value, ast.Constant | ast.Yield | ast.YieldFrom):
        yield f"left out: {_text(node)}", lambda found: ast.Pass()


def _of(node: ast.AST, kind: type[Node]) -> Node:
    assert isinstance(node, kind)
    return node


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else f"{text[:69]}…"


KINDS: dict[type[ast.AST], Callable[[ast.AST], Changes]] = {
    ast.Compare: _comparison,
    ast.BinOp: _operator,
    ast.BoolOp: _both,
    ast.UnaryOp: _sign,
    ast.Constant: _constant,
    ast.If: _condition,
    ast.IfExp: _condition,
    ast.While: _condition,
    ast.Return: _return,
    ast.Expr: _statement,
    ast.Raise: _statement,
}
