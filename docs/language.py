"""Writes docs/language.md, the page of the language, from the table of operations: python -m docs.language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from backtrace.expressions import Call, Name
from backtrace.expressions.writing import INFIX, PLAIN, literal_text, to_text
from backtrace.ops import GROUPS, MACROS
from backtrace.ops.base import Op
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.losses import LOSSES
from backtrace.ops.macros import Macro
from backtrace.ops.many import Many

PAGE = Path(__file__).parent / "language.md"
HEAD = """# The language of equations

Python's notation: numbers, names, `+ - * / ** @`, unary minus, comparisons inside `where(...)`, calls, `.T`, constant
indexes and slices (counted from 0), lists as arrays. Nothing else is read, and no text is ever executed. Operands come
first, then options, by name or in their order: `sum(x, axis=0)` is `sum(x, 0)`, `reshape(x, (2, 3))` is
`reshape(x, shape=(2, 3))`. No array of the language has more than 1,000,000 elements. `pi` is known unless you name it.

This page is written from the table of operations that the program runs.
"""
TITLES = (
    "Functions of each element",
    "Of several operands",
    "Products",
    "Structure",
    "Sums and means",
    "Other reductions",
    "Softmax",
    "Images",
    "Constants",
)
ELSEWHERE = {"transpose": "x.T", "index": "x[0, 1:]", "stack": "[a, b, ...]", "take": "E[ids]"}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    shown = [group for group in GROUPS if not all(row.internal for row in group)]
    for title, group in zip(TITLES, shown, strict=True):
        rows = [row for row in group if not row.internal]
        derived = any(derivatives(row) for row in rows)
        heads = ("written", "options", "derivatives", "what it is") if derived else ("written", "options", "what it is")
        lines = ((written(row), options(row.options), *([derivatives(row)] * derived), row.about) for row in rows)
        parts.append(f"## {title}\n\n" + table(heads, lines))
    parts.append("## Losses\n\n`y` is the target, `o` the output.\n\n" + table(("loss", "is", "what it is"), losses()))
    others = ((head(row), options(row.options), row.about) for row in MACROS.values() if row.name not in LOSSES)
    parts.append("## Short forms\n\n" + table(("written", "options", "what it is"), others))
    return "\n".join(parts)


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def code(text: str) -> str:
    """A piece of the language."""
    return f"`{text}`" if text else ""


def written(row: Op) -> str:
    """A call of an operation as it is written."""
    letters = operands(row)
    if row.name in INFIX:
        return code(to_text(Call(row.name, tuple(map(Name, letters))), PLAIN))
    more = ", ..." if row.most is None else ""
    return code(ELSEWHERE.get(row.name) or f"{row.name}({', '.join(letters)}{more})")


def operands(row: Op) -> str:
    """The letters of the operands."""
    if isinstance(row, Elementwise) and not isinstance(row, Many):
        return row.letters
    return "x" if row.least == 1 and row.most == 1 else "ab"[: max(row.least, 0 if row.most == 0 else 2)]


def options(known: Mapping[str, Any]) -> str:
    """The options and what they are unless given."""
    shown = (name if value is None else f"{name}={literal_text(value)}" for name, value in known.items())
    return code(", ".join(part for part in shown if part not in ("count=1", "key=()")).replace("shape=()", "shape"))


def derivatives(row: Op) -> str:
    """The derivative by each operand, y being the result, where it is written as a text."""
    if not isinstance(row, Elementwise) or isinstance(row, Many):
        return ""
    return ", ".join(code(text.replace("{given}", "")) for text in row.derivatives)


def losses() -> Iterable[tuple[str, str, str]]:
    """Each loss with its equation."""
    for row in LOSSES.values():
        given = ", ".join(f"{name}={literal_text(value)}" for name, value in row.options.items())
        yield code(f"{row.name}({', '.join(('y', 'o', *filter(None, (given,))))})"), code(row.text()), str(row.about())


def head(row: Macro) -> str:
    """A call of a short form."""
    return code(f"{row.name}({', '.join(row.parameters)})")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
