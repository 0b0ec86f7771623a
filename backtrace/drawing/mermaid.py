"""A drawing as Mermaid text, which many pages and editors show as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backtrace.drawing.parts import Cell, Drawing, Kind, Node
from backtrace.errors import visible

SHAPES: Final = {
    Kind.GIVEN: ('["', '"]'),
    Kind.UNIT: ('("', '")'),
    Kind.ERROR: ('(["', '"])'),
    Kind.TOTAL: ('(["', '"])'),
    Kind.GATE: ('(("', '"))'),
    Kind.ARRAY: ('["', '"]'),
    Kind.MORE: ('["', '"]'),
}
"""How a node of each kind is opened and closed."""
MEANT: Final = str.maketrans({sign: f"#{ord(sign)};" for sign in '"#&<>`;[](){}|\\'})
"""Signs that mean something to Mermaid, as it writes them; a user's text can hold any."""


def mermaid(drawing: Drawing) -> str:
    """A flowchart from left to right, value and gradient in the labels."""
    return "".join(f"{line}\n" for line in _lines(drawing))


def fenced(drawing: Drawing) -> str:
    """The same for a Markdown page."""
    return f"```mermaid\n{mermaid(drawing)}```\n"


def _lines(drawing: Drawing) -> Iterator[str]:
    yield "flowchart LR"
    notes = [f"∂: gradient of {drawing.objective}"] if drawing.has_gradients and drawing.objective else []
    yield from (f"  %% {_comment(note)}" for note in (drawing.title, *notes, *drawing.notes) if note)
    for number, node in enumerate(drawing.nodes):
        opened, closed = SHAPES[node.kind]
        yield f"  n{number + 1}{opened}{_label(node)}{closed}"
    for edge in drawing.edges:
        label = f'|"{_written(edge.weight)}"|' if edge.weight else ""
        arrow = "-.->" if edge.size < 0 else "-->"
        yield f"  n{edge.source + 1} {arrow}{label} n{edge.target + 1}"


def _label(node: Node) -> str:
    sign = [_escaped(node.sign)] if node.sign else []
    return "<br/>".join([*sign, *(_written(cell) for cell in node.cells)])


def _written(cell: Cell) -> str:
    gradient = f"∂ {cell.gradient}" if cell.gradient else ""
    return " ".join(_escaped(part) for part in (cell.name, cell.value, gradient) if part)


def _escaped(text: str) -> str:
    return visible(text).translate(MEANT)


def _comment(text: str) -> str:
    """Braces would begin a directive."""
    return visible(text).replace("{", "(").replace("}", ")")
