"""Straight-line programs in LLVM's language: the same operations in the same order, so the same bits as in Python.

Nothing here may reorder or fuse: no fast-math flags are given, and the functions of libm go by names that LLVM does
not know, so that it computes none of them its own way.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from backtrace.straight.nodes import ARITHMETIC, CHOICE, COMPARISONS, FUNCTIONS, NEGATIVE, NUMBER, Node
from backtrace.straight.program import Program
from backtrace.straight.schedule import Block

PREFIX = "libm_"
"""Before the names of libm's functions."""
ARITY = {"pow": 2}
INSTRUCTIONS = dict(zip([*ARITHMETIC, *COMPARISONS], ["fadd", "fsub", "fmul", "fdiv"] + [
    f"fcmp {kind}" for kind in ["olt", "ole", "ogt", "oge", "oeq", "une"]], strict=True))  # fmt: skip
"""All comparisons with what is not a number are false, but that it is not equal."""


class _Function:
    """The lines of a function in the making. Variables live in memory of their own, which LLVM puts into registers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[Node, str] = {}
        self.labels = 0

    def add(self, *lines: str) -> None:
        self.lines += lines

    def label(self) -> str:
        self.labels += 1
        return f"l{self.labels}"

    def operand(self, node: Node) -> str:
        """A number, or the register of a node."""
        return literal(node.value) if node.op == NUMBER else self.names[node]

    def block(self, found: Block) -> None:
        """The instructions of a block."""
        for node in found.nodes:
            name = f"%v{node.number}.{self.labels}"  # what two branches compute has two registers
            if node.op == CHOICE:
                self.choice(node, name, found.branches[node])
            else:
                self.add(f"{name} = {self.instruction(node)}")
            self.names[node] = name

    def instruction(self, node: Node) -> str:
        operands = [self.operand(arg) for arg in node.args]
        if node.op in FUNCTIONS:
            return f"call double @{PREFIX}{node.op}({', '.join(f'double {each}' for each in operands)})"
        return f"{'fneg' if node.op == NEGATIVE else INSTRUCTIONS[node.op]} double {', '.join(operands)}"

    def choice(self, node: Node, name: str, branches: Sequence[Block]) -> None:
        """Two branches, of which one is run."""
        first, second, end = self.label(), self.label(), self.label()
        memory = f"%m{node.number}.{end}"
        self.lines.insert(1, f"{memory} = alloca double")
        self.add(f"br i1 {self.operand(node.args[0])}, label %{first}, label %{second}")
        for label, branch, result in zip((first, second), branches, node.args[1:], strict=True):
            outer = dict(self.names)
            self.labels += 1
            self.add(f"{label}:")
            self.block(branch)
            self.add(f"store double {self.operand(result)}, ptr {memory}", f"br label %{end}")
            self.names = outer
        self.add(f"{end}:", f"{name} = load double, ptr {memory}")


def literal(value: float) -> str:
    """A number bit by bit."""
    return f"0x{struct.pack('>d', value).hex()}"


def source(program: Program, recorded: bool) -> str:
    """A loop over updates as ``run``: how many were made, after writing the states and the objective before each.

    Recorded, all that is computed goes into rows, and an update whose condition holds is the last; else the update
    before it is.
    """
    wanted = [*program.results, *(program.computed if recorded else ())]
    once, often = program.loop(wanted)
    found = _Function()
    found.add("entry:", "%turn = alloca i64", "store i64 0, ptr %turn")
    found.add(*_loaded(found, program.constants, "constants"), *_slots(program.states))
    found.block(once)
    found.add("br label %test", "test:", "%at = load i64, ptr %turn", "%more = icmp slt i64 %at, %count")
    found.add("br i1 %more, label %body, label %end", "body:", *_counters(found, program))
    for k, node in enumerate(program.states):
        found.names[node] = f"%s{k}"
        found.add(f"%s{k} = load double, ptr %slot{k}")
    found.block(often)
    stop = found.operand(program.stop) if program.stop else "false"
    if not recorded:
        found.add(f"br i1 {stop}, label %end, label %make", "make:")
    else:
        found.add(*_stored(found, program.computed, "%row"))
    found.add("%loss = getelementptr double, ptr %losses, i64 %at")
    found.add(f"store double {found.operand(program.objective)}, ptr %loss")
    found.add(*(f"store double {found.operand(node)}, ptr %slot{k}" for k, node in enumerate(program.new)))
    found.add("%next = add i64 %at, 1", "store i64 %next, ptr %turn")
    found.add(f"br i1 {stop if recorded else 'false'}, label %end, label %test", "end:")
    found.add(*_saved(program.states), "%made = load i64, ptr %turn", "ret i64 %made")
    pointers = [f"ptr noalias %{name}" for name in ("values", "constants", "losses", "rows")]
    arguments = ", ".join([*pointers[:2], "i64 %before", "i64 %count", *pointers[2:]])
    head = f"define i64 @run({arguments}) {{"
    return "\n".join([*_declared(), head, *found.lines, "}", ""])


def _declared() -> Iterator[str]:
    for name in FUNCTIONS:
        yield f"declare double @{PREFIX}{name}({', '.join(['double'] * ARITY.get(name, 1))}) nounwind"


def _loaded(found: _Function, nodes: Sequence[Node], pointer: str) -> Iterator[str]:
    """Numbers in memory as registers."""
    for k, node in enumerate(nodes):
        found.names[node] = f"%{pointer}{k}"
        yield f"%{pointer}_{k} = getelementptr double, ptr %{pointer}, i64 {k}"
        yield f"%{pointer}{k} = load double, ptr %{pointer}_{k}"


def _slots(states: Sequence[Node]) -> Iterator[str]:
    """The states in memory that nothing else sees."""
    for k, _ in enumerate(states):
        yield f"%slot{k} = alloca double"
        yield f"%value{k} = getelementptr double, ptr %values, i64 {k}"
        yield f"%start{k} = load double, ptr %value{k}"
        yield f"store double %start{k}, ptr %slot{k}"


def _saved(states: Sequence[Node]) -> Iterator[str]:
    for k, _ in enumerate(states):
        yield f"%last{k} = load double, ptr %slot{k}"
        yield f"store double %last{k}, ptr %value{k}"


def _stored(found: _Function, nodes: Sequence[Node], row: str) -> Iterator[str]:
    """Numbers written into the row of this turn."""
    yield f"%first = mul i64 %at, {len(nodes)}"
    yield f"{row} = getelementptr double, ptr %rows, i64 %first"
    for k, node in enumerate(nodes):
        yield f"{row}{k} = getelementptr double, ptr {row}, i64 {k}"
        yield f"store double {found.operand(node)}, ptr {row}{k}"


def _counters(found: _Function, program: Program) -> Iterator[str]:
    """The numbers of the update and of the epoch."""
    found.names |= {program.update: "%update", program.epoch: "%epoch"}
    yield "%done = add i64 %before, %at"
    yield f"%whole = add i64 %done, {program.start}"
    yield "%update = sitofp i64 %whole to double"
    yield f"%epochs = sdiv i64 %done, {program.updates_per_epoch}"
    yield "%counted = add i64 %epochs, 1"
    yield "%epoch = sitofp i64 %counted to double"
