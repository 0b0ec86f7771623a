"""The equation language: immutable trees, read from text and written back to text.

A tree has four kinds of nodes: a number, a name, an element of a named array, and a call of an operation.
Operators are calls too (``a + b`` is ``add(a, b)``), so whatever walks a tree has four cases at most.
Reading knows no operation: which ones exist, and with how many operands, is the business of ``ops``.
"""

from backtrace.expressions.reading import (
    COMPARISONS,
    LONGEST_NAME,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    ExpressionError,
    is_name,
    parse,
)
from backtrace.expressions.tree import (
    Call,
    Element,
    Expr,
    Index,
    Name,
    Num,
    Option,
    Ref,
    Shape,
    Type,
    has_more_nodes,
    names,
    substitute,
    walk,
)
from backtrace.expressions.writing import (
    PLAIN,
    UNICODE,
    UNNAMED,
    Label,
    Style,
    number_text,
    plain_label,
    to_text,
)

__all__ = [
    "COMPARISONS", "LONGEST_NAME", "MAX_DEPTH", "MAX_LENGTH", "MAX_NODES", "PLAIN", "UNICODE", "UNNAMED", "Call",
    "Element", "Expr", "ExpressionError", "Index", "Label", "Name", "Num", "Option", "Ref", "Shape", "Style", "Type",
    "has_more_nodes", "is_name", "names", "number_text", "parse", "plain_label", "substitute", "to_text", "walk",
]  # fmt: skip
