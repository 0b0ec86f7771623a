"""What people write that the equation language does not have, as tables, and how to write it instead."""

from __future__ import annotations

import ast
import re
import unicodedata
from typing import Final

FOREIGN: Final = {
    "×": "write * for a product",
    "·": "write * for a product",
    "⋅": "write * for a product",
    "÷": "write / for a quotient",
    "−": "this is a Unicode minus: write -",
    "–": "this is a dash: write -",
    "—": "this is a dash: write -",
    "√": "write sqrt(...)",
    "<>": "write !=",
    "===": "write ==",
    "!==": "write !=",
    "->": "write the right side only: the name stands before the colon",
    "²": "write **2",
    "³": "write **3",
    "ᵀ": "write .T",
    "∑": "write sum(...)",
    "Σ(": "write sum(...)",
    "Σ ": "write sum(...)",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "#": "a comment has no place in an equation",
    "\\": "this is not LaTeX: write exp(x), a / b, ...",
    "$": "this is not LaTeX: leave the dollar out",
    "!": "there is no factorial",
    ";": "one expression stands here: state the other under a name of its own",
    "'": "a prime has no place in a name: write z_1; a transpose is .T",
    "?": "write where(condition, a, b)",
    "→": "write the right side only: the name stands before the colon",
    "π": "write pi",
    "|": "write abs(z) for |z|",
    "⊙": "write * for a product element by element",
    "∘": "write * for a product element by element",
    "⊗": "write outer(a, b)",
    "⊤": "write .T",
    "∂": "derivatives are computed: there is nothing to write",
    "∇": "derivatives are computed: there is nothing to write",
    "′": "a prime has no place in a name: write z_1",
    "≈": "write the number itself",
    "∞": "only finite numbers are computed with",
    "½": "write 0.5",
    "⁻": "write ** for a power: x**-1",
    **dict.fromkeys("₀₁₂₃₄₅₆₇₈₉", "a name is written z1, an element z[0]"),
    "…": "write every term, or sum(...)",
    "°": "angles are in radians: multiply by pi / 180",
    "‖": "write norm(...)",
    "“": "curly quotes have no place in an equation",
    "”": "curly quotes have no place in an equation",
    **dict.fromkeys(("+=", "-=", "*=", "/="), "write the operation out: z + 1 for z += 1"),
    "=": "write the right side only: the name stands before the colon",
}
REFUSED: Final = {
    ast.BitXor: "write ** for a power",
    ast.FloorDiv: "write / for a quotient",
    ast.Mod: "there is no remainder in the language",
    ast.BitOr: "write abs(...) for | |, where(z < 0, a, where(z > 1, a, b)) for a logical or",
    ast.BitAnd: "write where(z > 0, where(z < 1, a, b), b) for a logical and",
    ast.LShift: "write a product with 2**n",
    ast.RShift: "write a quotient by 2**n",
    ast.Compare: "a comparison stands only inside where: where(z > 0, 1, 0) is 1 where it holds",
    ast.BoolOp: "use where(...) with one comparison at a time",
    ast.IfExp: "write where(condition, a, b)",
    ast.Tuple: "a decimal number has a point (0.5), a list has brackets ([a, b])",
    ast.Not: "use where(...) with the branches exchanged",
    ast.Set: "brackets are ( ) around parts, [ ] around lists and places",
    ast.Dict: "brackets are ( ) around parts, [ ] around lists and places",
    ast.Starred: "write each operand by itself",
    ast.Invert: "write 1 - x for what is not",
    ast.Lambda: "functions: {f(x): x**2} states a function",
    ast.ListComp: "an operation takes whole arrays: 2*x doubles each element",
    ast.GeneratorExp: "an operation takes whole arrays: sum(x**2)",
    ast.JoinedStr: "leave the quotes out",
    ast.NamedExpr: "write the right side only: the name stands before the colon",
    ast.Is: "write ==",
    ast.IsNot: "write !=",
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
BY_WORDS: Final = (
    ("follows keyword", "an option such as axis=0 stands last; a comparison is written =="),
    ("was never closed", "close it"),
    ("unmatched", "remove it, or open it"),
    ("does not match", "close each bracket by its own kind"),
    ("unterminated string", "leave the quotes out"),
    ("leading zeros", "write the number without zeros in front"),
    ("decimal literal", "a product needs its sign: 2*x"),
    ("forgot a comma", "a comma stands between operands, a product has its sign"),
    ("invalid syntax", "an expression is such as 0.5 * (y - o)**2"),
)
"""By Python's words, how to repair a text."""
NUMBER: Final = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
LIBRARIES: Final = frozenset({"np", "numpy", "math", "torch", "tf", "jnp", "jax", "F", "nn", "K", "scipy", "sp"})


SHORTEST_FUNCTION: Final = 3
"""The letters of sin, exp and log: a shorter name is that of a quantity."""
UNFINISHED: Final = re.compile(r"(?:^|[-+*/@(,\[<>=])\s*$")


def operand_hint(text: str, offset: int) -> str:
    """What is missing where a sign stands that has nothing in front of it."""
    sign = text[offset : offset + 1]
    return f"an operand is missing in front of {sign}" if sign in "*/@,)" and UNFINISHED.search(text[:offset]) else ""


def product_hint(text: str, offset: int) -> str:
    """How to write a product without its sign; of two words, the first may be meant as a function."""
    behind = len(text[:offset].rstrip())
    number = next((each for each in NUMBER.finditer(text) if each.start() <= offset and each.end() >= behind), None)
    word = re.compile(r"\w+").match(text, max(offset, number.end()) if number else offset)
    if number and word and not word[0][0].isdigit():
        return f"a product needs its sign: {number[0]}*{word[0]}"
    before = re.search(r"(\w+|\))$", text[:offset].rstrip())
    if not before or not word or text[offset : offset + 1].isspace():
        return ""
    callable_ = before[0].isidentifier() and len(before[0]) >= SHORTEST_FUNCTION
    called = f", a function its brackets: {before[0]}({word[0]})" if callable_ else ""
    return f"a product needs its sign: {before[0][-20:]}*{word[0][:20]}{called}"


def operator_hint(node: ast.BinOp) -> str:
    """How to write an operator that the language does not have; what is raised to T is a transpose."""
    raised = isinstance(node.op, ast.BitXor) and isinstance(node.right, ast.Name) and node.right.id in ("T", "t")
    return "write .T for a transpose" if raised else REFUSED.get(type(node.op), "")


def plain_hint(character: str) -> str:
    """What to write for a character that the language does not have."""
    digit = unicodedata.decimal(character, None)
    plain = unicodedata.normalize("NFKC", character) if digit is None else str(digit)
    return f"write {plain}" if plain != character and plain.isprintable() and plain.strip() else "leave it out"


def called_hint(func: ast.expr, operand: str, others: bool = False) -> str:
    """How to write the call of a library's function, of a method of ``operand`` (with others), or a product."""
    if not isinstance(func, ast.Attribute):
        return "a product needs its sign: 2*(x)"
    root: ast.expr = func
    while isinstance(root, ast.Attribute):
        root = root.value
    if "_" in (func.attr[:1], func.attr[-1:]):
        return ""
    if isinstance(root, ast.Name) and root.id in LIBRARIES:
        return f"functions stand alone: write {func.attr}(...)"
    more = ", ..." if others else ""
    return f"write {func.attr}({operand}{more})" if len(operand) <= 40 else f"write {func.attr}(...)"
