"""A gate graph as a drawing: a node for each gate, its operation as a sign, every operand an edge."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from backtrace.drawing.figures import Figures
from backtrace.drawing.parts import Drawing, Edge, Kind, Node, Style
from backtrace.drawing.terms import operands
from backtrace.expressions import UNICODE, Call, Element, Expr, Num, Ref, to_text

SIGNS: Final = {
    "add": ("+", "+{n}", "+{n}"),
    "sub": ("−", "{n}−", "−{n}"),
    "mul": ("×", "×{n}", "×{n}"),
    "div": ("÷", "{n}/x", "÷{n}"),
    "pow": ("xʸ", "{n}ˣ", "x^{n}"),
}
"""The signs of operations on two operands: both computed, the first a constant, the second a constant."""
NAMES: Final = {
    "neg": "×−1",
    "log": "ln",
    "sigmoid": "σ",
    "sqrt": "√",
    "abs": "|x|",
    "maximum": "max",
    "minimum": "min",
    "softplus": "softplus",
}
POWERS: Final = {2: "x²", 3: "x³", -1: "1/x", 0.5: "√"}
LONGEST_SIGN: Final = 12


def is_circuit(figures: Figures) -> bool:
    """Whether equations are to be drawn gate by gate: asked for, or scalars without parameters."""
    graph = figures.view.graph
    scalar = all(not equation.type.shape and not equation.type.sampled for equation in graph.shown)
    plain = not graph.parameters and not any(equation.group for equation in graph.shown)
    return scalar and bool(graph.shown) and (graph.gates or plain)


def circuit(figures: Figures) -> Drawing:
    """The gates of a graph of scalars, and what each reads."""
    view = figures.view
    nodes: list[Node] = []
    edges: list[Edge] = []
    numbered: dict[Element, int] = {}

    def number(element: Element, kind: Kind, sign: str) -> int:
        if element not in numbered:
            numbered[element] = len(nodes)
            nodes.append(Node(kind, (figures.cell(element),), sign=sign))
        return numbered[element]

    inner = {equation.name for equation in view.graph.shown if equation.inner}
    for equation in view.graph.shown:
        gate = Element(equation.name)
        formula = view.formula(gate)
        read = operands(formula) if formula is not None else []
        sources = [number(one, Kind.GIVEN, "") for one in read]
        sign = _sign(formula, figures)
        target = number(gate, Kind.TOTAL if gate == view.objective else Kind.GATE, sign)
        edges += [Edge(source, target) for source in sources]
    unnamed = [_unnamed(node) if one.name in inner else node for one, node in zip(numbered, nodes, strict=True)]
    objective = figures.name(view.objective) if view.graph.has_loss else ""
    return Drawing(view.graph.title, Style.CIRCUIT, tuple(unnamed), tuple(edges), objective, words=figures.words)


def _unnamed(node: Node) -> Node:
    """A gate that the user gave no name: its formula would be longer than the drawing."""
    (cell,) = node.cells
    return replace(node, cells=(replace(cell, name=""),))


def _sign(formula: Expr | None, figures: Figures) -> str:
    """The sign of an operation; of several at once their formula, if that is short."""
    if not isinstance(formula, Call):
        return "="
    if any(isinstance(arg, Call) and operands(arg) for arg in formula.args):
        text = to_text(formula, UNICODE, figures.view.keys.pretty_label)
        return text if len(text) <= LONGEST_SIGN else "f"
    constants = [isinstance(arg, Num) or not operands(arg) for arg in formula.args]
    if formula.op == "pow" and isinstance(formula.args[1], Num) and formula.args[1].value in POWERS:
        return POWERS[formula.args[1].value]
    if formula.op in SIGNS and len(constants) == 2:
        both, first, second = SIGNS[formula.op]
        number = next((to_text(arg, UNICODE) for arg in formula.args if not isinstance(arg, Ref)), "")
        return (first if constants[0] else second if constants[1] else both).format(n=number)
    return NAMES.get(formula.op) or (SIGNS[formula.op][0] if formula.op in SIGNS else formula.op)
