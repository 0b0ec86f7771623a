"""Nodes as text, for languages that write arithmetic as Python and C do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import field

from backtrace.records import dataclass
from backtrace.straight.nodes import CHOICE, COMPARISONS, FUNCTIONS, NEGATIVE, NUMBER, Node
from backtrace.straight.schedule import Block

STRENGTH = {CHOICE: 0, **dict.fromkeys(COMPARISONS, 1), "+": 2, "-": 2, "*": 3, "/": 3, NEGATIVE: 4}
"""How strongly an operator holds its operands; what is not here holds most."""


@dataclass(frozen=True)
class Style:
    """How a language writes what the languages write differently."""

    choice: str
    """``{condition}``, ``{first}`` and ``{second}`` in their places."""
    assignment: str
    """``{name}`` and ``{text}`` in their places."""
    lines: Callable[[str, list[str], list[str]], list[str]]
    """A choice as statements: from the condition and the lines of either branch."""
    declared: str = ""
    """A line before a choice between assignments to ``{name}``."""
    declaration: str = ""
    """What an assignment that stands alone begins with."""
    literal: Callable[[float], str] = repr
    functions: Mapping[str, str] = field(default_factory=lambda: {name: name for name in FUNCTIONS})

    def assign(self, name: str, text: str) -> str:
        """An assignment."""
        return self.assignment.format(name=name, text=text)


@dataclass
class Writer:
    """Writes nodes; what is inlined where it is read, all else by its name."""

    style: Style
    names: dict[Node, str]
    inlined: Collection[Node]

    def name(self, node: Node) -> str:
        """The variable of a node, made at its first use."""
        return self.names.setdefault(node, f"t{len(self.names)}")

    def text(self, node: Node, strength: int = 0) -> str:
        """A node where it is read, in brackets if what reads it holds its operands more strongly."""
        if node.op == NUMBER:
            return self.style.literal(node.value)
        return self.formula(node, strength) if node in self.inlined else self.name(node)

    def formula(self, node: Node, strength: int = 0) -> str:
        """How a node is computed."""
        if node.op in self.style.functions:
            return f"{self.style.functions[node.op]}({', '.join(map(self.text, node.args))})"
        own = STRENGTH[node.op]
        if node.op == CHOICE:
            parts = zip(("condition", "first", "second"), node.args, strict=True)
            found = self.style.choice.format(**{part: self.text(arg, 1) for part, arg in parts})
        elif node.op == NEGATIVE:
            found = f"-{self.text(node.args[0], own)}"
        else:  # operators group from the left
            found = f"{self.text(node.args[0], own)} {node.op} {self.text(node.args[1], own + 1)}"
        return f"({found})" if own < strength else found

    def lines(self, block: Block) -> Iterator[str]:
        """The statements of a block."""
        for node in block.nodes:
            if node not in self.inlined:
                yield from self.statement(node, block)

    def statement(self, node: Node, block: Block) -> list[str]:
        """One node as an assignment, or as a choice between assignments."""
        branches = block.branches.get(node, ())
        if all(inner in self.inlined for branch in branches for inner in branch.nodes):
            return [self.style.declaration + self.assigned(node, self.formula(node))]
        first, second = (
            [*self.lines(branch), self.assigned(node, self.text(result))]
            for branch, result in zip(branches, node.args[1:], strict=True)
        )
        declared = [self.style.declared.format(name=self.name(node))] if self.style.declared else []
        return [*declared, *self.style.lines(self.text(node.args[0]), first, second)]

    def assigned(self, node: Node, text: str) -> str:
        """The statement that gives a node its value."""
        return self.style.assign(self.name(node), text)
