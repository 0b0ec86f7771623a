"""From text to trees: Python's notation, read with ``ast`` and refused by default."""

from __future__ import annotations

import ast
import keyword
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable
from typing import Any, Final

from backtrace.errors import unseen
from backtrace.expressions.repairs import (
    BY_WORDS,
    FOREIGN,
    REFUSED,
    WORDS,
    called_hint,
    operand_hint,
    operator_hint,
    plain_hint,
    product_hint,
)
from backtrace.expressions.tree import Call, Expr, Name, Num, Option, walk
from backtrace.records import dataclass

MAX_LENGTH: Final = 10_000
LONGEST_NAME: Final = 100
MAX_DEPTH: Final = 100
MAX_NODES: Final = 4_000
PARTS_HINT: Final = "state a part of it as an equation of its own"


class ExpressionError(Exception):
    """A text that is not of the language: what was found, at which offset and how wide, and a repair."""

    def __init__(self, message: str, offset: int = 0, width: int = 1, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.width = max(width, 1)
        self.hint = hint


BINARY: Final = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}
COMPARISONS: Final = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}
# Python would take them: as the end of the text, as a letter T, and as a letter of its own
TAKEN: Final = ("#", "ᵀ", "·")


@dataclass(frozen=True)
class _Source:
    """A text with its conversion from byte offsets, in which ``ast`` counts, to characters."""

    text: str

    def span(self, node: ast.AST) -> tuple[int, int]:
        start = self.offset(getattr(node, "col_offset", 0))
        return start, max(self.offset(getattr(node, "end_col_offset", 0)) - start, 1)

    def written(self, node: Any) -> str:
        """The text of a node; "" for none."""
        if not isinstance(node, ast.expr):
            return ""
        start, width = self.span(node)
        return self.text[start : start + width]

    def offset(self, byte: int) -> int:
        if self.text.isascii():
            return byte
        return len(self.text.encode()[:byte].decode(errors="ignore"))

    def error(self, node: ast.AST, message: str, hint: str = "") -> ExpressionError:
        start, width = self.span(node)
        return ExpressionError(message, start, width, hint)

    def foreign(self, node: ast.AST, part: ast.AST) -> ExpressionError:
        kind = type(part)
        return self.error(node, f"{WORDS.get(kind, kind.__name__)} has no place in an equation", REFUSED.get(kind, ""))


def is_name(text: str) -> bool:
    """Whether a text can name a quantity; in an expression Python reads it in its normal form."""
    if len(text) > LONGEST_NAME or any(map(unseen, text)):
        return False
    plain = text.isidentifier() and not keyword.iskeyword(text) and unicodedata.normalize("NFKC", text) == text
    return plain and "__" not in text and not text.startswith("_") and "\u00b7" not in text


def parse(text: str) -> Expr:
    """Read an expression.

    Raises:
        ExpressionError: the text is not of the language; it says at which character, and why.

    >>> parse("0.5 * (y - o)**2")
    <0.5*(y - o)**2>
    >>> parse("__import__('os')")
    Traceback (most recent call last):
    backtrace.expressions.reading.ExpressionError: a function takes numbers and arrays, not text
    """
    flat = "".join(" " if char in "\n\r\t\f" else char for char in text)
    _check_text(flat)
    shift = len(flat) - len(flat.lstrip())
    source = _Source(flat.strip())
    try:
        result = _convert(_python_tree(source.text), source, 0)
        count = sum(1 for _ in walk(result))
        if count > MAX_NODES:
            raise ExpressionError(f"the expression has {count:,} parts; {MAX_NODES:,} are allowed", hint=PARTS_HINT)
    except ExpressionError as error:
        error.offset += shift
        raise
    return result


def _check_text(text: str) -> None:
    if not text.strip():
        raise ExpressionError("the expression is empty")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {len(text):,} characters; {MAX_LENGTH:,} are allowed", hint=PARTS_HINT
        )
    for char in TAKEN:
        if char in text:
            raise _foreign(char, text.index(char))
    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if depth > MAX_DEPTH:
            raise ExpressionError(f"brackets are nested more than {MAX_DEPTH} deep", hint=PARTS_HINT)


def _python_tree(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise _syntax_error(text, error) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("the expression has too many operations in one another", hint=PARTS_HINT) from None


def _foreign(char: str, offset: int) -> ExpressionError:
    sign = char.strip()
    return ExpressionError(f"{sign!r} is not of the equation language", offset, len(sign), FOREIGN[char])


def _syntax_error(text: str, error: SyntaxError) -> ExpressionError:
    for char in FOREIGN:
        offset = text.find(char)
        if offset >= 0 and not (char in "=!" and _is_comparison_or_keyword(text, offset)):
            return _foreign(char, offset)
    message = (error.msg or "invalid syntax").split(". ")[0]
    if message.lower().startswith("exceeds the limit"):
        found = re.search(r"\d{4000,}", text)
        return ExpressionError("a number has too many digits", found.start() if found else 0, hint="at most 1.79e308")
    if percent := re.search(r"\d\s*(%)", text):
        hint = "write a fraction of 1: 0.5 for 50%"
        return ExpressionError("'%' is no operator of the language", percent.start(1), hint=hint)
    if not error.offset and "null bytes" not in message:  # so Python marks the end
        hint = "an operand is missing behind the last sign"
        return ExpressionError("this is no expression: it stops before its end", len(text) - 1, hint=hint)
    offset = min(max((error.offset or 1) - 1, 0), len(text) - 1)
    if "follows keyword" in message and (equals := re.search(r"(?<![<>=!])=(?!=)", text)):
        offset = equals.start()
    hint = product_hint(text, offset) or operand_hint(text, offset)
    hint = hint or next((hint for words, hint in BY_WORDS if words in message), "")
    character = re.match(r"invalid (?:non-printable )?character.*U\+([0-9A-F]+)", message)
    if character:
        hint = plain_hint(chr(int(character[1], 16)))
    return ExpressionError(f"this is no expression: {message[:1].lower()}{message[1:]}", offset, hint=hint)


def _is_comparison_or_keyword(text: str, offset: int) -> bool:
    if text[offset] == "!":
        return text[offset : offset + 2] == "!="
    return text[offset - 1 : offset] in set("<>=!") or "(" in text[:offset] or text[offset : offset + 2] == "=="


def _convert(node: ast.expr, source: _Source, depth: int) -> Expr:
    """One node of Python's tree; what has no row here is refused by name."""
    if depth > MAX_DEPTH:
        raise source.error(node, f"the expression is nested more than {MAX_DEPTH} deep", "name a part of it")
    rule = _RULES.get(type(node))
    if rule is None:
        raise source.foreign(node, node)
    return rule(node, source, depth + 1)


def _constant(node: Any, source: _Source, depth: int) -> Expr:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        kind = "text" if isinstance(value, str | bytes) else "no number"
        hint = "leave the quotes out" if kind == "text" else "only real, finite numbers are computed with"
        raise source.error(node, f"{value!r:.40} is {kind}, which has no place in an equation", hint)
    return Num(_finite(node, source), source.span(node))


def _finite(node: ast.Constant, source: _Source) -> Any:
    if node.value is None:
        return None
    assert isinstance(node.value, int | float)
    if not abs(node.value) <= sys.float_info.max:
        raise source.error(node, "the number is too large for a float", "at most 1.79e308")
    return node.value


def _name(node: Any, source: _Source, depth: int) -> Expr:
    if "__" in node.id:
        raise source.error(node, f"{node.id!r} is no name for a quantity", "leave out the double underscore")
    return Name(node.id, at=source.span(node))


def _unary(node: Any, source: _Source, depth: int) -> Expr:
    if not isinstance(node.op, ast.UAdd | ast.USub):
        raise source.foreign(node, node.op)
    operand = _convert(node.operand, source, depth)
    if isinstance(node.op, ast.UAdd):
        return operand
    if isinstance(operand, Num):
        return Num(-operand.value, source.span(node))
    return Call("neg", (operand,), at=source.span(node))


def _binary(node: Any, source: _Source, depth: int) -> Expr:
    op = BINARY.get(type(node.op))
    if op is None:
        hint = operator_hint(node)
        at = source.offset(node.left.end_col_offset)
        while source.text[at : at + 1] in (" ", ")"):
            at += 1
        sign = source.text[at : at + (2 if isinstance(node.op, ast.FloorDiv | ast.LShift | ast.RShift) else 1)]
        raise ExpressionError(f"{sign!r} is no operator of the language", at, len(sign), hint)
    args = (_convert(node.left, source, depth), _convert(node.right, source, depth))
    return Call(op, args, at=source.span(node))


def _comparison(node: Any, source: _Source, depth: int) -> Expr:
    if len(node.ops) > 1:
        raise source.error(node, "one comparison at a time", "where(a < x, where(x < b, 1, 0), 0)")
    op = COMPARISONS.get(type(node.ops[0]))
    if op is None:
        raise source.foreign(node, node.ops[0])
    args = (_convert(node.left, source, depth), _convert(node.comparators[0], source, depth))
    return Call(op, args, at=source.span(node))


def _call(node: Any, source: _Source, depth: int) -> Expr:
    if not isinstance(node.func, ast.Name):
        width = source.span(node.func)[1]
        hint = called_hint(node.func, source.written(getattr(node.func, "value", None)), bool(node.args))
        raise ExpressionError("only a function's name can be called", source.span(node)[0], width, hint)
    if any(isinstance(arg, ast.Constant) and isinstance(arg.value, str | bytes) for arg in node.args):
        raise source.error(node, "a function takes numbers and arrays, not text", "leave the quotes out")
    options = tuple(sorted((_keyword(word, source) for word in node.keywords), key=lambda pair: pair[0]))
    if len({name for name, _ in options}) < len(options):
        raise source.error(_second(node.keywords), "this option is given twice", "keep one of them")
    operands = []
    for position, arg in enumerate(node.args):
        condition = node.func.id == "where" and position == 0 and isinstance(arg, ast.Compare)
        constants = isinstance(arg, ast.Tuple) and all(map(_is_number, arg.elts))  # reshape(x, (2, 3))
        read = _comparison if condition else _list if constants else _convert
        operands.append(read(arg, source, depth))
    if node.func.id == "array" and len(operands) == 1 and isinstance(operands[0], Call):
        return operands[0]
    return Call(node.func.id, tuple(operands), options, at=source.span(node))


def _is_number(node: ast.expr) -> bool:
    return isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)


def _second(words: list[ast.keyword]) -> ast.keyword:
    """The first keyword that stands there already."""
    return next(word for at, word in enumerate(words) if word.arg in {other.arg for other in words[:at]})


def _keyword(word: ast.keyword, source: _Source) -> Option:
    if word.arg is None:
        raise source.error(word, "** has no place in a call")
    return word.arg, _literal(word.value, source)


def _literal(node: ast.expr, source: _Source) -> Any:
    """A constant of an option or an index: a number, a truth value, a tuple of those."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | None):
        return _finite(node, source)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand, source)
        if isinstance(value, int | float):
            return -value
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_literal(item, source) for item in node.elts)
    raise source.error(node, "only a constant can stand here", "a number, or several in brackets")


def _attribute(node: Any, source: _Source, depth: int) -> Expr:
    if node.attr != "T":
        start, width = source.span(node)
        offset = start + width - len(node.attr)
        hint = "did you mean .T?" if node.attr in ("t", "transpose") else "only .T has"
        raise ExpressionError(f".{node.attr} has no place in an equation", offset, len(node.attr), hint)
    return Call("transpose", (_convert(node.value, source, depth),), at=source.span(node))


def _subscript(node: Any, source: _Source, depth: int) -> Expr:
    if not isinstance(node.slice, ast.Tuple | ast.List | ast.Slice) and _has_names(node.slice):
        args = (_convert(node.value, source, depth), _convert(node.slice, source, depth))
        return Call("take", args, at=source.span(node))
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not items:
        raise source.error(node, "the index is empty")
    key = tuple(_index_item(item, source) for item in items)
    return Call("index", (_convert(node.value, source, depth),), (("key", key),), at=source.span(node))


def _has_names(node: ast.AST) -> bool:
    """Whether an index is computed: E[ids], h[t-1]."""
    return any(isinstance(part, ast.Name) for part in ast.walk(node))


def _index_item(node: ast.expr, source: _Source) -> Any:
    if isinstance(node, ast.Slice):
        parts = (node.lower, node.upper, node.step)
        return ("slice", *(None if part is None else _whole(part, source) for part in parts))
    if isinstance(node, ast.List):
        if not node.elts:
            raise source.error(node, "the list is empty")
        return ("list", *(_index_item(item, source) for item in node.elts))
    return _whole(node, source)


def _whole(node: ast.expr, source: _Source) -> int:
    value = _literal(node, source)
    if isinstance(value, bool) or not isinstance(value, int):
        raise source.error(node, "an index is a whole number, counted from 0", "x[0] is the first element")
    return value


def _list(node: Any, source: _Source, depth: int) -> Expr:
    if not node.elts:
        raise source.error(node, "the list is empty", "write at least one element")
    return Call("stack", tuple(_convert(item, source, depth) for item in node.elts), at=source.span(node))


_RULES: Final[dict[type, Callable[[Any, _Source, int], Expr]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.List: _list,
}
