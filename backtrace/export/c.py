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
    yield from ("static void row(long epoch, const char *sample, const char *key, double value) {",)
    yield from ('    printf("%ld,1,%s,%s,%.17g\\n", epoch, sample, key, value);', "}", "")
    yield "int main(int argc, char **argv) {"
    yield f"    const long epochs = argc > 1 ? atol(argv[1]) : {epochs};"
    changing = {old for old, _ in found.renewed}
    for number, value in found.given:
        yield f"    {'' if number.variable in changing else 'const '}double {number.variable} = {value!r};"
    yield '    puts("epoch,step,sample,key,value");'
    yield "    for (long epoch = 1; epoch <= epochs; epoch++) {"
    yield from indented(_epoch(found), " " * 8)
    yield from ("    }", "    return 0;", "}")


def _epoch(found: Script) -> Iterator[str]:
    starts = {"n": f"(double)(epoch + {found.graph.start - 1})", "k": "(double)epoch"}
    yield from (f"const double {letter} = {starts[letter]};" for letter in found.letters)
    for title, lines in found.parts:
        yield from (f"/* {_plain(title)} */", *lines, "")
    for each in found.numbers:
        yield f'row(epoch, "{each.sample}", {_quoted(each.key)}, {each.variable});'
    yield from (f"{old} = {new};" for old, new in found.renewed)
    if found.stop:
        yield f"if ({found.stop} != 0.0) break;"


def _plain(title: str) -> str:
    """A title that no comment ends in."""
    return title.replace("*/", "* /").replace("\n", " ")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
