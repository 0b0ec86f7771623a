"""The equation language: immutable trees, read from text and written back to text.

A tree has four kinds of nodes: a number, a name, an element of a named array, and a call of an operation.
Operators are calls too (``a + b`` is ``add(a, b)``), so whatever walks a tree has four cases at most.
Reading knows no operation: which ones exist, and with how many operands, is the business of ``ops``.
"""

from __future__ import annotations

import ast
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

Shape = tuple[int, ...]
Index = tuple[int, ...]

MAX_LENGTH: Final = 10_000
MAX_DEPTH: Final = 100
MAX_NODES: Final = 4_000


class Type(NamedTuple):
    """What an expression is an array of: its shape for one sample, and whether each sample has its own."""

    shape: Shape
    sampled: bool = False


class Element(NamedTuple):
    """One scalar of a named array: 0-based index, and 0-based sample where the array has a sample axis."""

    name: str
    index: Index = ()  # type: ignore[assignment]  # tuple.index, a method nobody calls here
    sample: int | None = None


class Expr:
    """A node of an expression; compared and hashed by structure, never changed.

    ``at`` is the span of the text it was read from and ``type`` its shape where known; neither counts in
    comparisons.
    """

    __slots__ = ("_hash", "at", "type")
    _hash: int
    at: tuple[int, int] | None
    type: Type | None

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"<{to_text(self)}>"

    @property
    def shape(self) -> Shape:
        """The shape of the array for one sample."""
        assert self.type is not None
        return self.type.shape

    @property
    def sampled(self) -> bool:
        """Whether every sample has an array of its own."""
        assert self.type is not None
        return self.type.sampled


class Num(Expr):
    """A number written in an equation."""

    __slots__ = ("value",)

    def __init__(self, value: float, at: tuple[int, int] | None = None) -> None:
        self.value = value
        self.at = at
        self.type = Type(())
        self._hash = hash(("num", value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Num) and self.value == other.value

    __hash__ = Expr.__hash__


class Name(Expr):
    """A named array (a scalar is an array without axes)."""

    __slots__ = ("id",)

    def __init__(self, id: str, type: Type | None = None, at: tuple[int, int] | None = None) -> None:
        self.id = id
        self.at = at
        self.type = type
        self._hash = hash(("name", id))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Name) and self.id == other.id

    __hash__ = Expr.__hash__


class Ref(Expr):
    """One scalar, by its key: an ``Element``, or whatever else the caller can label and evaluate."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key
        self.at = None
        self.type = Type(())
        self._hash = hash(("ref", key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and bool(self.key == other.key)

    __hash__ = Expr.__hash__


Option = tuple[str, Any]


class Call(Expr):
    """An operation applied to operands, with constant options (``axis=0``)."""

    __slots__ = ("args", "op", "options")

    def __init__(
        self,
        op: str,
        args: tuple[Expr, ...],
        options: tuple[Option, ...] = (),
        type: Type | None = None,
        at: tuple[int, int] | None = None,
    ) -> None:
        self.op = op
        self.args = args
        self.options = options
        self.at = at
        self.type = type
        self._hash = hash((op, args, options))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Call)
            and self._hash == other._hash
            and self.op == other.op
            and self.options == other.options
            and self.args == other.args
        )

    __hash__ = Expr.__hash__

    def option(self, name: str, default: Any = None) -> Any:
        """The value of an option, or the default."""
        return dict(self.options).get(name, default)


# ── walking ────────────────────────────────────────────────────────────────────────────────────────────


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node of the tree, operands before the calls that use them."""
    if isinstance(expr, Call):
        for arg in expr.args:
            yield from walk(arg)
    yield expr


def names(expr: Expr) -> list[str]:
    """The names that an expression reads, each once, in the order they stand.

    >>> names(parse("x @ W + x"))
    ['x', 'W']
    """
    return list(dict.fromkeys(node.id for node in walk(expr) if isinstance(node, Name)))


def substitute(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """The expression with names replaced; types are dropped from what changes.

    >>> substitute(parse("y * (1 - y)"), {"y": parse("h")})
    <h*(1 - h)>
    """
    if isinstance(expr, Name):
        return values.get(expr.id, expr)
    if isinstance(expr, Call):
        args = tuple(substitute(arg, values) for arg in expr.args)
        # by identity: a name put in place of an equal one may be the one that has a type
        same = all(new is old for new, old in zip(args, expr.args, strict=True))
        return expr if same else Call(expr.op, args, expr.options, at=expr.at)
    return expr


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────


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
FOREIGN: Final = {
    "×": "write * for a product",
    "·": "write * for a product",
    "⋅": "write * for a product",
    "÷": "write / for a quotient",
    "−": "this is a Unicode minus: write -",
    "–": "this is a dash: write -",
    "—": "this is a dash: write -",
    "√": "write sqrt(...)",
    "²": "write **2",
    "³": "write **3",
    "ᵀ": "write .T",
    "∑": "write sum(...)",
    "Σ(": "write sum(...)",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "#": "a comment has no place in an equation",
    "\\": "this is not LaTeX: write exp(x), a / b, ...",
    "$": "this is not LaTeX: leave the dollar out",
    "!": "there is no factorial",
    "=": "write the right side only: the name stands before the colon",
}
REFUSED: Final = {
    ast.BitXor: "write ** for a power",
    ast.FloorDiv: "write / for a quotient",
    ast.Mod: "there is no remainder in the language",
    ast.Attribute: "the only attribute is .T",
    ast.Compare: "a comparison stands only inside where(...)",
    ast.BoolOp: "use where(...) with one comparison at a time",
    ast.IfExp: "write where(condition, a, b)",
    ast.Tuple: "a decimal number has a point (0.5), a list has brackets ([a, b])",
    ast.Not: "use where(...) with the branches exchanged",
}
WORDS: Final = {
    ast.Lambda: "lambda",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.JoinedStr: "text",
    ast.NamedExpr: "an assignment",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.IfExp: "if",
    ast.BoolOp: "a logical word",
    ast.Compare: "a comparison",
    ast.Starred: "a star before an operand",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.Tuple: "a comma",
    ast.Not: "not",
    ast.Invert: "~",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
# Python would take them: as the end of the text, and as a letter T
TAKEN: Final = ("#", "ᵀ")


@dataclass(frozen=True)
class _Source:
    """A text with its conversion from byte offsets, in which ``ast`` counts, to characters."""

    text: str

    def span(self, node: ast.AST) -> tuple[int, int]:
        start = self.offset(getattr(node, "col_offset", 0))
        return start, max(self.offset(getattr(node, "end_col_offset", 0)) - start, 1)

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


def parse(text: str) -> Expr:
    """Read an expression.

    Raises:
        ExpressionError: the text is not of the language; it says at which character, and why.

    >>> parse("0.5 * (y - o)**2")
    <0.5*(y - o)**2>
    >>> parse("__import__('os')")
    Traceback (most recent call last):
    backtrace.expressions.ExpressionError: 'os' is text, which has no place in an equation
    """
    flat = "".join(" " if char in "\n\r\t\f" else char for char in text)
    _check_text(flat)
    shift = len(flat) - len(flat.lstrip())
    source = _Source(flat.strip())
    try:
        result = _convert(_python_tree(source.text), source, 0)
        count = sum(1 for _ in walk(result))
        if count > MAX_NODES:
            raise ExpressionError(f"the expression has {count:,} parts; {MAX_NODES:,} are allowed")
    except ExpressionError as error:
        error.offset += shift
        raise
    return result


def _check_text(text: str) -> None:
    if not text.strip():
        raise ExpressionError("the expression is empty")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(text):,} characters; {MAX_LENGTH:,} are allowed")
    for char in TAKEN:
        if char in text:
            raise _foreign(char, text.index(char))
    depth = 0
    for offset, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth > MAX_DEPTH:
            raise ExpressionError(f"brackets are nested more than {MAX_DEPTH} deep", offset)


def _python_tree(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise _syntax_error(text, error) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("the expression cannot be read", hint="is it nested too deeply?") from None


def _foreign(char: str, offset: int) -> ExpressionError:
    return ExpressionError(f"{char!r} is not of the equation language", offset, len(char), FOREIGN[char])


def _syntax_error(text: str, error: SyntaxError) -> ExpressionError:
    for char in FOREIGN:
        offset = text.find(char)
        if offset >= 0 and not (char in "=!" and _is_comparison_or_keyword(text, offset)):
            return _foreign(char, offset)
    message = (error.msg or "invalid syntax").split(". ")[0]
    if message.lower().startswith("exceeds the limit"):
        return ExpressionError("a number has too many digits")
    if not error.offset and "null bytes" not in message:  # so Python marks the end
        return ExpressionError("this is no expression: it stops before its end", len(text) - 1)
    offset = min(max((error.offset or 1) - 1, 0), len(text) - 1)
    hint = "a product needs its sign: 2*x" if _implicit_product(text, offset) else ""
    if "follows keyword" in message:
        hint = "an option such as axis=0 stands last; a comparison is written =="
    return ExpressionError(f"this is no expression: {message[:1].lower()}{message[1:]}", offset, hint=hint)


def _is_comparison_or_keyword(text: str, offset: int) -> bool:
    if text[offset] == "!":
        return text[offset : offset + 2] == "!="
    return text[offset - 1 : offset] in set("<>=!") or "(" in text[:offset] or text[offset : offset + 2] == "=="


def _implicit_product(text: str, offset: int) -> bool:
    before, here, after = text[:offset].rstrip()[-1:], text[offset], text[offset + 1 : offset + 2]
    return (before.isalnum() and here.isidentifier()) or (here.isdigit() and after.isalpha())


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
        raise source.error(node, f"{value!r:.40} is {kind}, which has no place in an equation")
    return Num(_finite(node, source), source.span(node))


def _finite(node: ast.Constant, source: _Source) -> Any:
    assert isinstance(node.value, int | float)
    if not abs(node.value) <= sys.float_info.max:
        raise source.error(node, "the number is too large for a float")
    return node.value


def _name(node: Any, source: _Source, depth: int) -> Expr:
    if "__" in node.id:
        raise source.error(node, f"{node.id!r} is no name for a quantity", "leave out the double underscore")
    return Name(node.id, at=source.span(node))


def _unary(node: Any, source: _Source, depth: int) -> Expr:
    operand = _convert(node.operand, source, depth)
    if isinstance(node.op, ast.UAdd):
        return operand
    if not isinstance(node.op, ast.USub):
        raise source.foreign(node, node.op)
    if isinstance(operand, Num):
        return Num(-operand.value, source.span(node))
    return Call("neg", (operand,), at=source.span(node))


def _binary(node: Any, source: _Source, depth: int) -> Expr:
    op = BINARY.get(type(node.op))
    if op is None:
        hint = REFUSED.get(type(node.op), "")
        at = source.offset(node.left.end_col_offset)
        while source.text[at : at + 1] in (" ", ")"):
            at += 1
        sign = source.text[at : at + (2 if isinstance(node.op, ast.FloorDiv | ast.LShift | ast.RShift) else 1)]
        raise ExpressionError(f"{sign!r} is no operator of the language", at, len(sign), hint)
    args = (_convert(node.left, source, depth), _convert(node.right, source, depth))
    return Call(op, args, at=source.span(node))


def _comparison(node: Any, source: _Source, depth: int) -> Expr:
    if len(node.ops) > 1:
        raise source.error(node, "one comparison at a time")
    op = COMPARISONS.get(type(node.ops[0]))
    if op is None:
        raise source.foreign(node, node.ops[0])
    args = (_convert(node.left, source, depth), _convert(node.comparators[0], source, depth))
    return Call(op, args, at=source.span(node))


def _call(node: Any, source: _Source, depth: int) -> Expr:
    if not isinstance(node.func, ast.Name):
        hint = "a product needs its sign: 2*(x)" if isinstance(node.func, ast.Constant) else ""
        raise source.error(node.func, "only a function's name can be called", hint)
    options = tuple(sorted((_keyword(word, source) for word in node.keywords), key=lambda pair: pair[0]))
    if len({name for name, _ in options}) < len(options):
        raise source.error(node, "an option is given twice")
    operands = []
    for position, arg in enumerate(node.args):
        condition = node.func.id == "where" and position == 0 and isinstance(arg, ast.Compare)
        operands.append(_comparison(arg, source, depth) if condition else _convert(arg, source, depth))
    if node.func.id == "array" and len(operands) == 1 and isinstance(operands[0], Call):
        return operands[0]
    return Call(node.func.id, tuple(operands), options, at=source.span(node))


def _keyword(word: ast.keyword, source: _Source) -> Option:
    if word.arg is None:
        raise source.error(word, "** has no place in a call")
    return word.arg, _literal(word.value, source)


def _literal(node: ast.expr, source: _Source) -> Any:
    """A constant of an option or an index: a number, a truth value, a tuple of those."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        return _finite(node, source)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand, source)
        if isinstance(value, int | float):
            return -value
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_literal(item, source) for item in node.elts)
    raise source.error(node, "only a constant can stand here")


def _attribute(node: Any, source: _Source, depth: int) -> Expr:
    if node.attr != "T":
        start, width = source.span(node)
        offset = start + width - len(node.attr)
        raise ExpressionError(f".{node.attr} has no place in an equation", offset, len(node.attr), "only .T has")
    return Call("transpose", (_convert(node.value, source, depth),), at=source.span(node))


def _subscript(node: Any, source: _Source, depth: int) -> Expr:
    items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not items:
        raise source.error(node, "the index is empty")
    key = tuple(_index_item(item, source) for item in items)
    return Call("index", (_convert(node.value, source, depth),), (("key", key),), at=source.span(node))


def _index_item(node: ast.expr, source: _Source) -> Any:
    if isinstance(node, ast.Slice):
        parts = (node.lower, node.upper, node.step)
        return ("slice", *(None if part is None else _whole(part, source) for part in parts))
    return _whole(node, source)


def _whole(node: ast.expr, source: _Source) -> int:
    value = _literal(node, source)
    if isinstance(value, bool) or not isinstance(value, int):
        raise source.error(node, "an index is a whole number, counted from 0")
    return value


def _list(node: Any, source: _Source, depth: int) -> Expr:
    if not node.elts:
        raise source.error(node, "the list is empty")
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


# ── writing ────────────────────────────────────────────────────────────────────────────────────────────

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
INFIX: Final = {
    "add": SUM,
    "sub": SUM,
    "mul": PRODUCT,
    "div": PRODUCT,
    "matmul": PRODUCT,
    "neg": SIGN,
    "pow": POWER,
    **dict.fromkeys(COMPARISONS.values(), 0),
}
SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Style:
    """How operators look; the rest of a formula looks the same in every style of text.

    An ``exact`` style keeps the brackets of a + (b + c), whose last bit may differ from that of (a + b) + c.
    """

    signs: Mapping[str, str]
    transposed: str
    superscripts: bool
    exact: bool
    constants: Mapping[float, str]


_COMPARED: Final = {"equal": " == ", "not_equal": " != ", "less": " < ", "greater": " > "}
PLAIN: Final = Style(
    {"add": " + ", "sub": " - ", "mul": "*", "div": "/", "matmul": " @ ", "pow": "**", "neg": "-"}
    | _COMPARED
    | {"less_equal": " <= ", "greater_equal": " >= "},
    ".T",
    superscripts=False,
    exact=True,
    constants={math.pi: "pi"},
)
UNICODE: Final = Style(
    {"add": " + ", "sub": " - ", "mul": "·", "div": "/", "matmul": " · ", "pow": "^", "neg": "-"}
    | _COMPARED
    | {"less_equal": " ≤ ", "greater_equal": " ≥ "},
    "ᵀ",
    superscripts=True,
    exact=False,
    constants={math.pi: "π", 0.5: "½"},
)

Label = Callable[[Expr], str]


def number_text(value: float) -> str:
    """The shortest text that reads back as the number; whole numbers without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def plain_label(leaf: Expr) -> str:
    """The text of a leaf in the language itself; an element as a Python index."""
    if isinstance(leaf, Num):
        return number_text(leaf.value)
    if isinstance(leaf, Name):
        return leaf.id
    assert isinstance(leaf, Ref)
    key = leaf.key
    if not isinstance(key, Element):
        return str(key)
    index = f"[{','.join(map(str, key.index))}]" if key.index else ""
    return f"{key.name}{index}" + ("" if key.sample is None else f"#{key.sample}")


def to_text(expr: Expr, style: Style = PLAIN, label: Label = plain_label) -> str:
    """Write an expression; ``label`` writes the leaves.

    >>> to_text(parse("-(y - o) * (a @ b.T)**2"), UNICODE)
    '-(y - o)·(a · bᵀ)²'
    """
    return _Writer(style, label).write(expr)[0]


@dataclass(frozen=True)
class _Writer:
    """Writes a node as its text and how tightly that text binds."""

    style: Style
    label: Label

    def write(self, expr: Expr) -> tuple[str, int]:
        if not isinstance(expr, Call):
            return self.leaf(expr)
        if expr.op == "pow":
            return self.power(expr)
        if expr.op == "neg":
            return self.style.signs["neg"] + self.wrapped(expr.args[0], SIGN), SIGN
        if expr.op in INFIX:
            return self.infix(expr)
        if expr.op == "transpose":
            inner = self.wrapped(expr.args[0], ATOM)
            return (f"({inner})" if inner.isdigit() else inner) + self.style.transposed, ATOM
        if expr.op == "index":
            return f"{self.wrapped(expr.args[0], ATOM)}[{index_text(expr.option('key'))}]", ATOM
        if expr.op == "stack":
            return "[" + ", ".join(self.write(arg)[0] for arg in expr.args) + "]", ATOM
        return self.call(expr), ATOM

    def leaf(self, expr: Expr) -> tuple[str, int]:
        if isinstance(expr, Num) and expr.value in self.style.constants:
            return self.style.constants[expr.value], ATOM
        text = self.label(expr)
        return text, _binding(text)

    def wrapped(self, expr: Expr, least: int) -> str:
        text, binding = self.write(expr)
        return text if binding >= least else f"({text})"

    def infix(self, expr: Call) -> tuple[str, int]:
        binding = INFIX[expr.op]
        first = self.write(expr.args[0])
        text = first[0] if first[1] >= binding else f"({first[0]})"
        # derivatives stand apart: ∂E/∂o · ∂o/∂t
        sign = self.style.signs[expr.op]
        sign = f" {sign} " if expr.op == "mul" and DERIVATIVE.search(text) else sign
        # a - (b - c), a/(b·c), a·(b/c): the right operand of anything but a plain sum or product binds tighter
        right = binding if expr.op in ("add", "mul") and not self.style.exact else binding + 1
        for arg in expr.args[1:]:
            operand, tight = self.write(arg)
            loose = tight < right or operand.startswith("-") or self.grouped(expr, arg)
            text += sign + (f"({operand})" if loose else operand)
        return text, binding

    @staticmethod
    def grouped(expr: Call, arg: Expr) -> bool:
        """Whether a right operand of the same binding keeps its brackets: a·(b/c)."""
        return expr.op == "mul" and isinstance(arg, Call) and arg.op in LOOSE

    def power(self, expr: Call) -> tuple[str, int]:
        base, exponent = expr.args
        text = self.wrapped(base, ATOM)
        if self.style.superscripts and isinstance(exponent, Num) and exponent.value == int(exponent.value):
            return text + number_text(exponent.value).translate(SUPERSCRIPTS), POWER
        return text + self.style.signs["pow"] + self.wrapped(exponent, POWER), POWER

    def call(self, expr: Call) -> str:
        options = [f"{name}={literal_text(value)}" for name, value in expr.options]
        return f"{expr.op}({', '.join([self.write(arg)[0] for arg in expr.args] + options)})"


NUMBER: Final = re.compile(r"-?[\d.]+(e[-+]?\d+)?")
COMPOUND: Final = re.compile(r"[-+*/@·](?!#|$)| ")


def _binding(label: str) -> int:
    """How tightly a leaf's text binds: the label of an unnamed inner node is a formula itself."""
    if label.startswith("-"):
        return SIGN if NUMBER.fullmatch(label) else SUM
    plain = NUMBER.fullmatch(label) or DERIVATIVE.search(label)
    return SUM if not plain and COMPOUND.search(label) else ATOM


LOOSE: Final = ("div", "matmul")
DERIVATIVE: Final = re.compile(r"∂|\bd\w+/d\w")


def literal_text(value: Any) -> str:
    """An option's value as it is written in the language."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(literal_text, value)) + ("," if len(value) == 1 else "") + ")"
    return str(value) if isinstance(value, bool) or value is None else number_text(value)


def index_text(items: tuple[Any, ...]) -> str:
    """An index as it is written between brackets.

    >>> index_text((0, ("slice", 1, None, None)))
    '0, 1:'
    """
    return ", ".join(_slice_text(item) if isinstance(item, tuple) else str(item) for item in items)


def _slice_text(item: tuple[Any, ...]) -> str:
    lower, upper, step = ("" if part is None else str(part) for part in item[1:])
    return f"{lower}:{upper}" + (f":{step}" if step else "")
