"""A graph as one file of C99: the same statements in the same order, every number printed at full precision.

It is to be compiled without contraction of a·b + c, which would round once where Python rounds twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backtrace.export.script import Script, script
from backtrace.graph import Graph
from backtrace.straight.python import indented
from backtrace.straight.writing import Style


def _choice(condition: str, first: list[str], second: list[str]) -> list[str]:
    return [f"if ({condition}) {{", *indented(first), "} else {", *indented(second), "}"]


C = Style(
    choice="{condition} ? {first} : {second}",
    assignment="{name} = {text};",
    lines=_choice,
    declared="double {name};",
    declaration="const double ",
)
COMPILE = "cc -O2 -std=c99 -ffp-contract=off file.c -lm"


def c(graph: Graph, epochs: int) -> str:
    """The program; it prints every number of each epoch as CSV."""
    return "\n".join(_lines(script(graph, C, _function), epochs)) + "\n"


def _function(name: str, letters: Sequence[str], statements: list[str], result: str) -> list[str]:
    arguments = ", ".join(f"double {letter}" for letter in letters)
    return [f"static double {name}({arguments}) {{", *indented([*statements, f"return {result};"]), "}", ""]


def _lines(found: Script, epochs: int) -> Iterator[str]:
    yield f"/* Every number of each epoch as CSV, by backtrace export. {COMPILE} */"
    yield from ("#include <math.h>", "#include <stdio.h>", "#include <stdlib.h>", "", *found.functions)
    yield from ("static void row(long epoch, long update, const char *sample, const char *key, double value) {",)
    yield from ('    printf("%ld,%ld,%s,%s,%.17g\\n", epoch, update, sample, key, value);', "}", "")
    yield "int main(int argc, char **argv) {"
    yield f"    const long epochs = argc > 1 ? atol(argv[1]) : {epochs};"
    changing = {old for old, _ in found.renewed}
    for number, value in found.given:
        yield f"    {'' if number.variable in changing else 'const '}double {number.variable} = {value!r};"
    if found.batches:
        yield f"    static const double batches[][{len(found.fed)}] = {{ /* {', '.join(found.fed)} */"
        yield from (f"        {{{', '.join(map(repr, batch))}}}," for batch in found.batches)
        yield "    };"
    yield '    puts("epoch,step,sample,key,value");'
    yield from indented(_epochs(found))
    yield from ("    return 0;", "}")


def _epochs(found: Script) -> Iterator[str]:
    """The loop over epochs; in each a loop over the batches, or one batch in turn."""
    schedule, count = found.graph.schedule, len(found.batches)
    in_turn = schedule is not None and schedule.in_turn
    fed = [f"const double {name} = batch[{k}];" for k, name in enumerate(found.fed)]
    yield f"for (long epoch = 1; epoch <= epochs{f' && epoch <= {count}' if in_turn else ''}; epoch++) {{"
    if schedule is None:
        yield from indented(_update(found, "1"))
    elif in_turn:
        yield from indented(["const double *batch = batches[epoch - 1];", *fed, *_update(found, "1")])
    else:
        lines = ["const double *batch = batches[update - 1];", *fed, *_update(found, "update")]
        yield from indented([f"for (long update = 1; update <= {count}; update++) {{", *indented(lines), "}"])
    yield "}"


def _update(found: Script, update: str) -> Iterator[str]:
    made = f"(epoch - 1) * {found.graph.updates_per_epoch} + {update} - 1"
    starts = {"n": f"(double)({made} + {found.graph.start})", "k": "(double)epoch"}
    yield from (f"const double {letter} = {starts[letter]};" for letter in found.letters)
    for title, lines in found.parts:
        yield from (f"/* {_plain(title)} */", *lines, "")
    for each in found.numbers:
        yield f'row(epoch, {update}, "{each.sample}", {_quoted(each.key)}, {each.variable});'
    yield from (f"{old} = {new};" for old, new in found.renewed)
    if found.stop:
        yield f"if ({found.stop} != 0.0) return 0;"


def _plain(title: str) -> str:
    """A title that no comment ends in."""
    return title.replace("*/", "* /").replace("/*", "/ *").replace("\n", " ")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
