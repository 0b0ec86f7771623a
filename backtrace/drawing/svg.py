"""A drawing as SVG: one string, without scripts, fonts or anything else from elsewhere, for a file or within a page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from backtrace.drawing.labels import Label
from backtrace.drawing.layout import Layout, Point, layout
from backtrace.drawing.measure import (
    GATE,
    LINE,
    MARGIN,
    PADDING,
    SMALL,
    Box,
    cell_width,
    head_width,
    lines,
    text_width,
    wire_width,
)
from backtrace.drawing.parts import Cell, Drawing, Edge, Kind, Node, Style
from backtrace.drawing.styles import style
from backtrace.errors import visible

THICKEST: Final = 3.0
TIP: Final = 6.0
CORNER: Final = {Kind.GIVEN: 3, Kind.ARRAY: 3, Kind.MORE: 3, Kind.ERROR: 8, Kind.TOTAL: 8}


def svg(drawing: Drawing) -> str:
    """The picture; it is as wide as it needs, and shrinks to its page."""
    placed = layout(drawing)
    legend = list(_legend(drawing, max(placed.width, 320.0), placed.height))
    width = max([placed.width, *(box.right + MARGIN for _, _, box in legend)])
    height = max([placed.height, *(box.bottom + MARGIN for _, _, box in legend)])
    size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
    about = visible(drawing.title) or drawing.words.say("network")
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="bt-drawing" role="img" aria-label={quoteattr(about)} {size}>'
    )
    lines = [
        head,
        f"<title>{_xml(drawing.title)}</title>",
        f"<desc>{_xml(_described(drawing))}</desc>",
        f"<style>{style()}</style>",
        f'<rect class="bt-paper" width="{_n(width)}" height="{_n(height)}"/>',
        *(_text(title, box.x + box.width / 2, box.y + LINE - 4, "bt-group") for title, box in placed.titles),
        *_edges(drawing, placed),
        *(_node(node, box, drawing) for node, box in zip(drawing.nodes, placed.boxes, strict=True)),
        *_labels(drawing, placed),
        *(_entry(text, role, box) for text, role, box in legend),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _described(drawing: Drawing) -> str:
    nodes = sum(node.kind is not Kind.MORE for node in drawing.nodes)
    told = drawing.words.say("network drawn", nodes=nodes, edges=len(drawing.edges))
    if not (drawing.objective and drawing.has_gradients):
        return told
    return f"{told}, {drawing.words.say('gradients drawn', objective=drawing.objective)}"


# ── edges ──


def _edges(drawing: Drawing, placed: Layout) -> Iterator[str]:
    sizes = [abs(edge.size) for edge in drawing.edges if math.isfinite(edge.size)]
    largest = max(sizes, default=0.0) or 1.0
    for edge, path, label in zip(drawing.edges, placed.paths, placed.labels, strict=True):
        dense = edge.weight is not None and label is None
        yield _edge(edge, path, drawing.style, largest if dense else 0.0)


def _edge(edge: Edge, path: tuple[Point, ...], style: Style, largest: float) -> str:
    """A line with a tip; as thick as its weight where that has no label."""
    dashed = " bt-negative" if edge.size < 0 else ""
    title = f"<title>{_xml(_told(edge.weight))}</title>" if edge.weight else ""
    if largest:
        part = min(abs(edge.size) / largest, 1.0) if math.isfinite(edge.size) else 1.0
        thick = f' style="stroke-width:{_n(0.4 + (THICKEST - 0.4) * part)}px"'
        return f'<path class="bt-edge bt-dense{dashed}"{thick} d="{_line(path)}">{title}</path>'
    shape = _curve(path) if style is Style.CIRCUIT else _line(path)
    line = f'<path class="bt-edge{dashed}" d="{shape}">{title}</path>'
    return line + _tip(path, style, "bt-tip-negative" if dashed else "bt-tip")


def _line(path: tuple[Point, ...]) -> str:
    return "M" + "L".join(f"{_n(x)},{_n(y)}" for x, y in path)


def _curve(path: tuple[Point, ...]) -> str:
    """Curves between the columns, straight lines past them."""
    (x, y), *rest = path
    parts = [f"M{_n(x)},{_n(y)}"]
    for number, (right, lower) in enumerate(rest):
        half = _n((x + right) / 2)
        end = f"{_n(right)},{_n(lower)}"
        straight = number % 2 == 1 or lower == y
        parts.append(f"L{end}" if straight else f"C{half},{_n(y)} {half},{_n(lower)} {end}")
        x, y = right, lower
    return "".join(parts)


def _tip(path: tuple[Point, ...], style: Style, role: str) -> str:
    """A small triangle where an edge ends, along its last direction."""
    (x, y), (before, above) = path[-1], path[-2]
    flat = style is Style.CIRCUIT
    dx, dy = (1.0, 0.0) if flat else (x - before, y - above)
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length * TIP, dy / length * TIP
    left, right = (x - ux - uy / 2, y - uy + ux / 2), (x - ux + uy / 2, y - uy - ux / 2)
    corners = "L".join(f"{_n(a)},{_n(b)}" for a, b in ((x, y), left, right))
    return f'<path class="{role}" d="M{corners}Z"/>'


def _labels(drawing: Drawing, placed: Layout) -> Iterator[str]:
    for edge, label in zip(drawing.edges, placed.labels, strict=True):
        if edge.weight is not None and label is not None:
            yield _label(edge.weight, label)


def _label(cell: Cell, label: Label) -> str:
    """A parameter along its edge: name and value above the line, the gradient below it."""
    value = f'<tspan class="bt-value">{_xml(cell.value)}</tspan>'
    name = f'<tspan class="bt-name bt-aside">{_xml(cell.name)}</tspan>'
    turned = f'transform="translate({_n(label.x)},{_n(label.y)}) rotate({_n(math.degrees(label.angle))})"'
    below = _text(cell.gradient, 0, SMALL + 1, "bt-label bt-small bt-gradient") if cell.gradient else ""
    head = f'<text class="bt-label bt-small" text-anchor="middle" y="-4">{name} {value}</text>'
    return f"<g {turned}><title>{_xml(_told(cell))}</title>{head}{below}</g>"


# ── nodes ──


def _node(node: Node, box: Box, drawing: Drawing) -> str:
    if node.kind is Kind.MORE:
        return _text(node.cells[0].name, box.x + box.width / 2, box.middle + 5, "bt-note")
    if drawing.style is Style.CIRCUIT:
        return _gate(node, box)
    corner = CORNER.get(node.kind, 14)
    parts = [f'<rect class="bt-box bt-{node.kind.value}" rx="{corner}" {_rect(box)}/>']
    spare = (box.width - sum(map(cell_width, node.cells))) / len(node.cells)
    left = box.x
    for number, cell in enumerate(node.cells):
        width = cell_width(cell) + spare
        if number:
            ends = f'y1="{_n(box.y + 6)}" x2="{_n(left)}" y2="{_n(box.bottom - 6)}"'
            parts.append(f'<line class="bt-rule" x1="{_n(left)}" {ends}/>')
        parts.append(_cell(cell, left + width / 2, box, lines(drawing)))
        left += width
    return f"<g>{''.join(parts)}</g>"


def _cell(cell: Cell, middle: float, box: Box, count: int) -> str:
    """A quantity: its name, its value, below that its gradient; what has no gradient stands amid the box."""
    texts = [(cell.name, "bt-name bt-aside" if cell.aside else "bt-name"), (cell.value, "bt-value")]
    if cell.gradient:
        texts.append((cell.gradient, "bt-gradient"))
    top = box.y + 4 + (count - len(texts)) * LINE / 2
    drawn = "".join(_text(text, middle, top + LINE * k + 12.5, role) for k, (text, role) in enumerate(texts))
    return f"<g><title>{_xml(_told(cell))}</title>{drawn}</g>"


def _gate(node: Node, box: Box) -> str:
    """A circle with the operation's sign, or a given value's name, and a wire with the numbers on it."""
    (cell,) = node.cells
    half, middle = head_width(node), box.middle
    start, centre = box.x + 2 * half, box.x + 2 * half + wire_width(node) / 2
    given = node.kind is Kind.GIVEN
    shape = Box(box.x, middle - GATE + (3 if given else 0), 2 * half, 2 * GATE - (6 if given else 0))
    corner = 3 if given else GATE
    parts = [
        f"<title>{_xml(_told(cell))}</title>",
        f'<path class="bt-wire" d="M{_n(start)},{_n(middle)}H{_n(box.right)}"/>',
        f'<rect class="bt-box bt-{node.kind.value}" rx="{corner}" {_rect(shape)}/>',
        _text(cell.name if given else node.sign, box.x + half, middle + 4.5, "bt-name" if given else "bt-sign"),
        _text(cell.value, centre, middle - 5, "bt-value"),
    ]
    if cell.gradient:
        parts.append(_text(cell.gradient, centre, middle + 14, "bt-gradient"))
    if cell.name and not given:
        parts.append(_text(cell.name, centre, middle - 5 - LINE, "bt-name"))
    return f"<g>{''.join(parts)}</g>"


# ── the legend ──


def _legend(drawing: Drawing, width: float, top: float) -> Iterator[tuple[str, str, Box]]:
    """What the colours and lines mean, and what is not drawn: from left to right, in lines."""
    x, y = MARGIN, top
    for text, role in _entries(drawing):
        needed = text_width(text, SMALL) + (30 if role == "bt-edge bt-negative" else 0)
        if x > MARGIN and x + needed + MARGIN > width:
            x, y = MARGIN, y + LINE
        yield text, role, Box(x, y, needed, SMALL)
        x += needed + PADDING


def _entries(drawing: Drawing) -> Iterator[tuple[str, str]]:
    if all(node.kind is not Kind.ARRAY for node in drawing.nodes):
        yield drawing.words.say("title gate value"), "bt-value"
    if drawing.has_gradients:
        by = f" ∂{drawing.objective}/∂…" if drawing.objective else ""
        yield drawing.words.say("title gate gradient") + by, "bt-gradient"
    if any(edge.size < 0 for edge in drawing.edges):
        yield drawing.words.say("negative"), "bt-edge bt-negative"
    yield from ((note, "bt-note") for note in drawing.notes)


def _entry(text: str, role: str, box: Box) -> str:
    if role != "bt-edge bt-negative":
        return _text(text, box.x, box.bottom, f"bt-small {role}", "start")
    line = f'<path class="{role}" d="M{_n(box.x)},{_n(box.y + 7)}H{_n(box.x + 24)}"/>'
    return line + _text(text, box.x + 30, box.bottom, "bt-small bt-note", "start")


# ── texts and numbers ──


def _told(cell: Cell) -> str:
    """What a reader is told who points at a quantity."""
    lines = [cell.about or cell.name, f"value {cell.value}" if cell.value else ""]
    return "\n".join([*filter(None, lines), *([f"gradient {cell.gradient}"] if cell.gradient else [])])


def _text(text: str, x: float, y: float, role: str, anchor: str = "middle") -> str:
    return f'<text class="{role}" text-anchor="{anchor}" x="{_n(x)}" y="{_n(y)}">{_xml(text)}</text>'


def _rect(box: Box) -> str:
    return f'x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}"'


def _xml(text: str) -> str:
    return escape("\n".join(map(visible, text.split("\n"))))


def _n(number: float) -> str:
    """A coordinate, to a tenth."""
    return f"{number:.1f}".removesuffix(".0")
