"""Straight-line programs in Python: names made here and literals only, no text of a user reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Any, cast

from backtrace.expressions import Expr
from backtrace.straight.lowering import Lowering
from backtrace.straight.nodes import FUNCTIONS, Node
from backtrace.straight.program import Program
from backtrace.straight.schedule import Inlined, block
from backtrace.straight.writing import Style, Writer


def indented(lines: Iterable[str], by: str = "    ") -> list[str]:
    """Lines one level deeper."""
    return [by + line if line else line for line in lines]


def _choice(condition: str, first: list[str], second: list[str]) -> list[str]:
    return [f"if {condition}:", *indented(first, " "), "else:", *indented(second, " ")]


PYTHON = Style(choice="{first} if {condition} else {second}", assignment="{name} = {text}", lines=_choice)


def compiled(program: Program, name: str) -> Callable[..., Any]:
    """A function of the program, ready to be called: ``advance``, ``record`` or ``forward``."""
    found: dict[str, Any] = {**FUNCTIONS, "pack": Struct(f"{len(program.computed)}d").pack_into}
    exec(compile(source(program, name), "<generated>", "exec"), found)
    return cast(Callable[..., Any], found[name])


def source(program: Program, name: str) -> str:
    """The text of one of the functions; all compute by the same statements."""
    return "\n".join([*SOURCES[name](program), ""])


def _advance(program: Program) -> list[str]:
    """Many updates, as long as the condition does not hold: the new states, and the objective before each update."""
    found = _Loop(program, program.results)
    ending = [f"if {found.stop}: break"] if found.stop else []
    ending += [found.losses, *found.renewal]
    return found.function("advance(values, constants, made, count)", "made in range(made, made + count)", ending)


def _record(program: Program) -> list[str]:
    """The same with all that is computed written into a row each; an update whose condition holds is the last."""
    found = _Loop(program, [*program.results, *program.computed])
    ending = [f"pack(rows, at, {_listed(found.writer, program.computed)})", found.losses]
    ending += [f"stop = {found.stop}", *found.renewal, "if stop: break"] if found.stop else found.renewal
    width = 8 * len(program.computed)
    loop = f"made, at in enumerate(range(0, count * {width}, {width}), made)"
    return found.function("record(values, constants, made, count, rows)", loop, ending)


def _forward(program: Program) -> list[str]:
    """The forward pass alone: all it computes."""
    found = block(program.outcome, program.outcome)
    writer = Writer(PYTHON, {}, Inlined([found], [(found, tuple(program.outcome))]).nodes)
    lines = [*writer.lines(found), f"return [{_listed(writer, program.outcome)}]"]
    return ["def forward(values, constants):", *indented([*_inputs(program, writer), *lines])]


SOURCES: dict[str, Callable[[Program], list[str]]] = {"advance": _advance, "record": _record, "forward": _forward}


class _Loop:
    """A loop over updates: its statements, and what ends each turn."""

    def __init__(self, program: Program, wanted: Sequence[Node]) -> None:
        self.program = program
        once, often = program.loop(wanted)
        self.writer = Writer(PYTHON, {}, Inlined([once, often], [(often, (node,)) for node in wanted]).nodes)
        self.once, self.often = list(self.writer.lines(once)), list(self.writer.lines(often))
        self.losses = f"losses.append({self.writer.text(program.objective)})"
        self.renewal = _assigned(self.writer, program.states, _listed(self.writer, program.new))
        self.stop = self.writer.text(program.stop) if program.stop else ""

    def function(self, head: str, loop: str, ending: list[str]) -> list[str]:
        """The lines of the function, with such a head, such a loop and such lines at the end of each turn."""
        turn = indented([*_counters(self.program, self.writer), *self.often, *ending])
        result = f"return [{_listed(self.writer, self.program.states)}], losses"
        lines = [*_inputs(self.program, self.writer), *self.once, "losses = []", f"for {loop}:", *turn, result]
        return [f"def {head}:", *indented(lines)]


def _inputs(program: Program, writer: Writer) -> list[str]:
    """What goes in, as variables."""
    return [*_assigned(writer, program.constants, "constants"), *_assigned(writer, program.states, "values")]


def _assigned(writer: Writer, nodes: Sequence[Node], text: str) -> list[str]:
    """Many variables at once; a comma ends them, for there may be one alone."""
    return [f"{''.join(f'{writer.name(node)}, ' for node in nodes)}= {text}"] if nodes else []


def _listed(writer: Writer, nodes: Sequence[Node]) -> str:
    return "".join(f"{writer.text(node)}, " for node in nodes)


def _counters(program: Program, writer: Writer) -> list[str]:
    """The numbers of the update and of the epoch, where something reads them, after ``made`` updates."""
    texts = {program.update: f"made + {program.start}.0", program.epoch: f"made // {program.updates_per_epoch} + 1.0"}
    return [f"{writer.names[node]} = {text}" for node, text in texts.items() if node in writer.names]


def function(expr: Expr, keys: Iterable[Any] = ()) -> tuple[Callable[..., float], tuple[Any, ...]]:
    """A scalar formula as a function of the numbers that it reads, and their keys in order, given ones first."""
    lowering = Lowering()
    for key in keys:
        lowering.variable(key)
    result = lowering.scalar(expr)
    found = block([result])
    writer = Writer(PYTHON, {}, Inlined([found], [(found, (result,))]).nodes)
    names = ", ".join(writer.name(node) for node in lowering.elements.values())
    lines = [f"def function({names}):", *indented([*writer.lines(found), f"return {writer.text(result)}"])]
    names_known: dict[str, Any] = dict(FUNCTIONS)
    exec("\n".join(lines), names_known)
    return names_known["function"], tuple(lowering.elements)
