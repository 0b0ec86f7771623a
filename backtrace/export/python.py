"""A graph as the Python that a teacher would write: a variable a number, no imports but math and sys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backtrace.export.script import Script, script
from backtrace.graph import Graph
from backtrace.straight.python import PYTHON, indented

SCRIPT = replace(PYTHON, literal=lambda value: repr(value).removesuffix(".0"))


def python(graph: Graph, epochs: int) -> str:
    """The program; it prints every number of each epoch as CSV."""
    return "\n".join(_lines(script(graph, SCRIPT, _function), epochs)) + "\n"


def _function(name: str, letters: Sequence[str], statements: list[str], result: str) -> list[str]:
    return [f"def {name}({', '.join(letters)}):", *indented([*statements, f"return {result}"]), "", ""]


def _lines(found: Script, epochs: int) -> Iterator[str]:
    yield f'"""{_title(found.graph)}: every number of each epoch as CSV, by backtrace export."""'
    yield from ("", "import sys")
    if found.called:
        yield f"from math import {', '.join(found.called)}"
    yield from ("", *(["", *found.functions] if found.functions else []))
    yield "# given"
    yield from (f"{number.variable} = {value!r}" for number, value in found.given)
    if found.batches:
        yield from (
            f"batches = [  # {', '.join(found.fed)}",
            *indented(f"{tuple(each)!r}," for each in found.batches),
            "]",
        )
    yield from ("", f"epochs = int(sys.argv[1]) if len(sys.argv) > 1 else {epochs}")
    yield 'print("epoch,step,sample,key,value")'
    fed = f"({', '.join(found.fed)}{',' * (len(found.fed) == 1)})"
    schedule = found.graph.schedule
    if schedule is not None and schedule.in_turn:
        yield f"for epoch, {fed} in enumerate(batches[:epochs], start=1):"
        yield from indented(_update(found, "1"))
    else:
        yield "for epoch in range(1, epochs + 1):"
        loop = f"for update, {fed} in enumerate(batches, start=1):"
        yield from indented([loop, *indented(_update(found, "{update}"))] if schedule else _update(found, "1"))


def _update(found: Script, update: str) -> Iterator[str]:
    graph = found.graph
    made = f"(epoch - 1) * {graph.updates_per_epoch} + update - 1" if update != "1" else "epoch - 1"
    starts = {"n": f"{made} + {graph.start}.0", "k": "float(epoch)"}
    yield from (f"{letter} = {starts[letter]}" for letter in found.letters)
    for title, lines in found.parts:
        yield from (f"# {title}", *lines, "")
    yield "for sample, key, value in ("
    yield from (f'    ("{each.sample}", {each.key!r}, {each.variable}),' for each in found.numbers)
    yield "):"
    yield f'    print(f"{{epoch}},{update},{{sample}},{{key}},{{value!r}}")'
    if found.renewed:
        yield from ("", "# the new values take the places of the old ones")
        yield from (f"{old} = {new}" for old, new in found.renewed)
    if found.stop:
        yield f"if {found.stop}: break"


def _title(graph: Graph) -> str:
    """The title as text of a comment: no sign of it ends one."""
    return "".join(sign if sign.isalnum() or sign in " ,.()+-=:'^²·" else " " for sign in graph.title) or "A graph"
