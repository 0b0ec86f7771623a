"""Imports point one way: every module reads only modules of the rows above its own."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent / "backtrace"

# From what knows nothing to what knows everything; a module may read the rows above its own, no other. A package
# stands for its modules where they have no rows of their own; among themselves they form no circle.
ROWS = (
    "records",
    "errors interrupts labels schedule origin words.en words.ko",
    "words",
    "rules guessing",
    "arguments rounding outputs",
    "gallery",
    "yamlfile.nodes yamlfile.source",
    "yamlfile.scalars yamlfile.files yamlfile.syntax",
    "yamlfile.loader",
    "expressions.tree",
    "expressions.repairs",
    "expressions.reading expressions.writing",
    "yamlfile expressions",
    "config.table config.spellings",
    "config.records config.hints",
    "config.values config.initial config.datafiles",
    "config.files config.training config.updates",
    "config.givens",
    "config ops.base graph",
    "ops.elementwise ops.products ops.movements ops.reductions ops.losses ops.constants ops.upstream ops.hints",
    "ops.softmax ops.many ops.macros ops.latex",
    "ops.mathml",
    "ops.extremes ops.images ops.complements",
    "ops",
    "simplify layers recurrence inner stable ownfunctions",
    "exact",
    "backward scalars",
    "optimizers executor seeds keys.targets keys.aliases keys.names",
    "keys.lanes",
    "keys.writing keys.symbols",
    "keys.reading",
    "keys",
    "straight.nodes",
    "straight.lowering straight.schedule",
    "straight.program straight.writing",
    "straight.python straight.llvm straight",
    "straight.machine",
    "build codegen chains recording divergence arrays.contraction",
    "arrays.complement compiled truth stepwise",
    "arrays.nodes",
    "arrays.biases arrays.grouping",
    "arrays.lowering arrays.reuse",
    "arrays.plan",
    "arrays.machine",
    "arrays.executor",
    "arrays",
    "training evaluating derivatives loading",
    "quantities",
    "views",
    "rounded",
    "benchmark trace",
    "saved.beginnings resuming",
    "saved.header saved.cells",
    "saved.rebuilding",
    "saved.csvfile saved.jsonfile saved.npzfile",
    "saved",
    "checking.kinks checking.stability",
    "checking.slopes",
    "checking",
    "report.blocks",
    "report.alike report.lost",
    "report.listing",
    "report.steps",
    "report.derivation",
    "report.course",
    "report",
    "export.identifiers export.sections export.helpers",
    "export.script",
    "export.python export.c export.matrixforms",
    "export.matrices",
    "export",
    "curves",
    "render.lines render.numbers render.notation render.scales render.braille render.matplot",
    "render.tex render.mathml render.breaking",
    "render.formulas render.figures",
    "render.heads render.rates render.formats render.plots render.typeset",
    "drawing.parts drawing.terms drawing.styles drawing.labels",
    "drawing.measure drawing.figures drawing.mermaid",
    "drawing.circuit drawing.network drawing.layering",
    "drawing.layout",
    "drawing.svg",
    "drawing",
    "render.sentences",
    "render.document",
    "render.alignment render.tables",
    "render.mathpieces render.stylesheet",
    "render.markdown render.latex render.html",
    "render.notebook",
    "worksheets.blanks worksheets.given",
    "worksheets.answers",
    "comparison.expected comparison.tolerances",
    "comparison.csvfiles comparison.filled",
    "comparison.sources",
    "render.columns",
    "render.text",
    "render.examples render.explained render.screen render.pictures",
    "render.pixels",
    "comparison.relations",
    "comparison.symbols comparison.members comparison.order comparison.variants",
    "comparison.layouts",
    "comparison.sheets",
    "comparison.ancestry",
    "comparison.rounding comparison.conventions",
    "comparison.locating",
    "comparison.verdicts",
    "comparison.terms comparison.absent comparison.marks",
    "comparison.recognition comparison.slips.evidence comparison.slips.trees",
    "comparison.slips.steps comparison.slips.procedures comparison.slips.copying",
    "comparison.slips.derivation comparison.slips.rewritings",
    "comparison.slips.forward",
    "comparison.slips.backward comparison.slips.local comparison.slips.update comparison.slips.workings",
    "comparison.slips.search",
    "comparison.slips",
    "comparison.result",
    "comparison",
    "worksheets.variants",
    "worksheets",
    "render.figure_texts",
    "render.roots render.difference_data",
    "render render.terminal render.timings render.differences render.checks",
    "asserting",
    "cli.app",
    "cli.session",
    "cli.showing",
    "cli.plain",
    "cli.run cli.show cli.draw cli.plot cli.worksheet cli.diff cli.check cli.expect cli.keys cli.examples cli.explain",
    "cli.bench",
    "cli.init cli.export",
    "cli",
    "__init__ __main__",
)
RANK = {module: number for number, row in enumerate(ROWS) for module in row.split()}

# Those that point down: str(trace) is a report, a notebook shows a page, trace.save writes a file, and repr(expression)
# is its text.
ON_DEMAND = {
    ("trace", "render.text"),
    ("trace", "render.notebook"),
    ("trace", "saved"),
    ("trace", "resuming"),
    ("expressions.tree", "expressions.writing"),
}


class Import(NamedTuple):
    module: str
    target: str
    line: int
    inside: bool
    """Within a function."""
    typing: bool
    """Under TYPE_CHECKING."""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(module: str) -> Iterator[Import]:
    yield from _imports(module, ast.parse(MODULES[module].read_text(encoding="utf-8")), False, False)


def _imports(module: str, node: ast.AST, inside: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(module, alias.name, child.lineno, inside, typing) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert not child.level, f"{module}:{child.lineno}: a relative import"
            names = [f"{child.module}.{alias.name}" for alias in child.names]
            targets = {name if own(name) in MODULES else child.module for name in names}
            yield from (
                Import(module, str(target), child.lineno, inside, typing) for target in sorted(map(str, targets))
            )
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            checking = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            yield from _imports(module, child, inside or function, typing or checking)


def own(target: str) -> str | None:
    """The module of the package that an import reads; None for others."""
    if target == "backtrace":
        return "__init__"
    return target.removeprefix("backtrace.") if target.startswith("backtrace.") else None


# Third-party modules have one door each; numpy and the standard library are free.
DOORS = {
    "yaml": {"yamlfile.loader"},
    "typer": {module for module in MODULES if module.partition(".")[0] == "cli"},
    "click": set[str](),
    "rich": {"render.terminal"},
    "matplotlib": {"render.matplot", "render.pixels"},
    "llvmlite": {"straight.machine"},
}

# Imported when first needed: the command line answers --help without numpy, str(trace) needs a renderer, no run that
# goes well looks for the nearest name.
LAZY = {
    *("__init__", "__main__", *DOORS["typer"], *DOORS["matplotlib"], *DOORS["llvmlite"]),
    *(
        "expressions.tree",
        "render.terminal",
        "trace",
        "training",
        "recording",
        "saved",
        "outputs",
        "interrupts",
        "config.datafiles",
        "keys.reading",
        "errors",
        "yamlfile.files",
        "config.values",
        "arguments",
    ),
}


@cache
def everything() -> list[Import]:
    """Every import of every module."""
    return [found for module in MODULES for found in imports(module)]


def test_every_module_has_its_row() -> None:
    assert set(MODULES) == set(RANK), "give new modules a row, take out those that are gone"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_to_the_rows_above(module: str) -> None:
    found = [(own(item.target), item.line) for item in everything() if item.module == module and own(item.target)]
    wrong = [
        f"{module}:{line} reads {target}"
        for target, line in found
        if target != "__init__" and RANK[str(target)] >= RANK[module] and (module, target) not in ON_DEMAND
    ]
    assert not wrong


@pytest.mark.parametrize("package", DOORS)
def test_a_third_party_module_has_one_door(package: str) -> None:
    readers = {item.module for item in everything() if item.target.split(".")[0] == package}
    assert readers <= DOORS[package]


def test_nothing_else_is_depended_on() -> None:
    import sys

    roots = {item.target.split(".")[0] for item in everything()} - {"backtrace"} - set(sys.stdlib_module_names)
    assert roots <= {"numpy", *DOORS}


def test_an_import_within_a_function_is_one_of_the_lazy_ones() -> None:
    assert {item.module for item in everything() if item.inside and not item.typing} <= LAZY


def test_only_the_lazy_modules_and_two_others_import_for_types_alone() -> None:
    assert {item.module for item in everything() if item.typing} <= LAZY | {"optimizers", "records"}


def test_only_layers_and_config_know_what_a_layer_is() -> None:
    """Nothing but config, layers, and build and loading (which call it) reads the module of layers."""
    assert {item.module for item in everything() if own(item.target) == "layers"} == {"build", "loading"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import yaml", Import("m", "yaml", 1, False, False)),
        ("from backtrace.errors import Fault", Import("m", "backtrace.errors", 1, False, False)),
        ("def f():\n    import rich.text", Import("m", "rich.text", 2, True, False)),
        (
            "if TYPE_CHECKING:\n    from backtrace.config import Config",
            Import("m", "backtrace.config", 2, False, True),
        ),
    ],
)
def test_the_checker_sees_what_it_is_to_check(source: str, found: Import) -> None:
    assert list(_imports("m", ast.parse(source), False, False)) == [found]
