"""What a command may import: nothing before it is needed, for every module takes its time before the first line."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PROGRAM = """
import sys
sys.argv = ["backtrace", *{words}]
from backtrace.cli import main
try:
    main()
except SystemExit:
    print("modules:", *sys.modules)
"""

# The packages that are not of Python itself; typer's own are not counted.
OTHERS = {
    "--version": "",
    "--help": "typer",
    "run configs/example.yaml": "numpy yaml",
    "run configs/example.yaml --epochs 1": "typer numpy yaml",
}
TYPERS = {"annotated_doc", "click", "shellingham", "colorama", "typing_extensions"}

RUN = """
    __init__ arguments errors interrupts labels origin outputs records rounding rules schedule words words.en words.ko
    cli cli.session cli.showing saved saved.beginnings
    yamlfile yamlfile.files yamlfile.loader yamlfile.nodes yamlfile.scalars yamlfile.source yamlfile.syntax
    config config.datafiles config.files config.givens config.initial config.records config.spellings config.table
    config.training config.updates config.values
    expressions expressions.reading expressions.repairs expressions.tree expressions.writing
    evaluating keys keys.lanes keys.names keys.reading keys.targets keys.writing
    ops ops.base ops.complements ops.constants ops.elementwise ops.extremes ops.hints ops.images ops.losses ops.macros
    ops.many ops.movements ops.products ops.reductions ops.softmax ops.upstream
    backward build chains codegen derivatives exact executor recording straight straight.lowering straight.nodes
    straight.program straight.python straight.schedule straight.writing graph inner layers loading optimizers
    ownfunctions quantities recurrence scalars seeds simplify stable trace training truth views
    report report.alike report.blocks report.course report.listing report.lost report.steps
    render render.columns render.formats render.formulas render.heads render.lines render.numbers render.rates
    render.sentences render.terminal render.text
"""

OWN = {
    "--version": "__init__ cli",
    "--help": "__init__ cli cli.app",
    "run configs/example.yaml": RUN + "cli.plain",
    "run configs/example.yaml --epochs 1": RUN + "cli.app cli.run",
}


@cache
def loaded(command: str) -> list[str]:
    """The modules of a process that ran a command."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    line = [sys.executable, "-c", PROGRAM.format(words=command.split())]
    outcome = subprocess.run(line, capture_output=True, cwd=ROOT, env=environment, check=True)
    return outcome.stdout.decode().rpartition("modules:")[2].split()


def own_names(modules: list[str]) -> set[str]:
    """The modules of this package as tests name them."""
    found = {name.removeprefix("backtrace").removeprefix(".") for name in modules if name.split(".")[0] == "backtrace"}
    return {name or "__init__" for name in found}


@pytest.mark.parametrize("command", OTHERS)
def test_a_command_loads_no_other_package_than_it_needs(command: str) -> None:
    roots = {name.split(".")[0] for name in loaded(command) if not name.startswith(("_", "cython_runtime"))}
    added = roots - {"backtrace"} - TYPERS - set(sys.stdlib_module_names) - set(OTHERS[command].split())
    assert not added, f"backtrace {command} now imports {', '.join(sorted(added))}: import it where it is needed"


@pytest.mark.parametrize("command", OWN)
def test_a_command_loads_the_modules_that_it_runs_and_no_other(command: str) -> None:
    now, known = own_names(loaded(command)), set(OWN[command].split())
    added, gone = sorted(now - known), sorted(known - now)
    assert not added, f"backtrace {command} now imports {', '.join(added)}: import it where needed, or list it here"
    assert not gone, f"backtrace {command} no longer imports {', '.join(gone)}: take it from the list"


def test_the_table_of_commands_names_every_module_of_one_in_the_order_of_the_help() -> None:
    from backtrace.cli.app import COMMANDS

    helpers = {"__init__", "app", "plain", "session", "showing"}
    modules = sorted(path.stem for path in (ROOT / "backtrace" / "cli").glob("*.py") if path.stem not in helpers)
    assert list(COMMANDS) == modules


def test_every_command_is_a_function_named_as_its_module_with_a_line_in_the_table_alone() -> None:
    from importlib import import_module

    from backtrace.cli.app import COMMANDS, app

    for name in COMMANDS:
        import_module(f"backtrace.cli.{name}")
    found = {(info.callback.__name__, info.short_help) for info in app.registered_commands if info.callback}
    assert found == {(name, None) for name in COMMANDS}
