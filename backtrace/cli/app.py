"""The application that every command joins, and the options that several of them have."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info

from backtrace import __version__

if TYPE_CHECKING:
    from typer._click import Command, Context

COMMANDS: Final = {
    "bench": "measure what training costs on this machine",
    "check": "check every gradient by two numeric derivatives",
    "diff": "compare with expected figures",
    "draw": "draw the network or the gates, with values and gradients",
    "examples": "list, show or copy published examples",
    "expect": "write the expected figures of a config",
    "explain": "derive one number, down to the given values",
    "export": "write the calculation as a program",
    "init": "write a config to start from",
    "keys": "list the keys and their values",
    "plot": "draw loss, weights and other quantities over the epochs",
    "run": "print the whole calculation",
    "show": "show a saved trace again, in any format",
    "worksheet": "write a page with blanks, and its answers",
}
"""Every command, a module and a function of its name, with one line for the help, in whose order they stand."""


class Commands(TyperGroup):
    """The commands of the table: of the one that is run the module is imported, for the help none."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, short_help=about) for name, about in COMMANDS.items()}

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """The command that is meant, now with its options."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, _imported(name) if name in COMMANDS else found, rest


def _imported(name: str) -> Command:
    """A command from its module, which joins the application."""
    from backtrace.outputs import protect_inputs

    protect_inputs()
    import_module(f"backtrace.cli.{name}")
    info = next(each for each in app.registered_commands if each.callback and each.callback.__name__ == name)
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


app = typer.Typer(
    name="backtrace",
    cls=Commands,
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="\b\nExample: backtrace run configs/example.yaml\n\n"
    "Print every number of backpropagation, step by step, each with the equation it comes from.",
)

MOST: Final = 10**9
"""Epochs that may be asked for, as in a config."""


def whole(option: str, least: int = 1, most: int = MOST) -> Callable[[str | int], int]:
    """What reads the whole number behind an option."""

    def read(text: str | int) -> int:
        from backtrace.arguments import whole_number

        return whole_number(option, text, least, most)

    return read


Config = Annotated[
    str, typer.Argument(metavar="CONFIG", help="a config such as configs/example.yaml, or an example such as @mazur")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=NUMBER", help="another given value: W11=0.35, learning_rate=0.1 (repeatable)"),
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", metavar="N", parser=whole("--epochs"), help="how many epochs to train in all")
]
Digits = Annotated[
    int | None, typer.Option("--digits", metavar="D", parser=whole("--digits", 1, 17), help="decimals of a result (8)")
]
Round = Annotated[
    str | None,
    typer.Option("--round", metavar="N", help="round every result before it is used: 4 decimals, 4sf figures"),
]
Ascii = Annotated[bool, typer.Option("--ascii", help="no signs outside ASCII")]
Only = Annotated[str | None, typer.Option("--only", metavar="KEYS", help="only these rows: 'W11,h*,dE*'")]
Sections = Annotated[
    str | None,
    typer.Option("--section", metavar="NAMES", help="given, forward, error, step 1, ..., after"),
]
InFull = Annotated[
    str | None,
    typer.Option("--epoch", metavar="LIST", help="epochs to show in full: 1,10,last; 1.2 is an update"),
]
Every = Annotated[
    int | None, typer.Option("--every", metavar="K", parser=whole("--every"), help="show every K-th epoch")
]
Sample = Annotated[
    int | None, typer.Option("--sample", metavar="S", parser=whole("--sample"), help="show one sample only")
]
Full = Annotated[bool, typer.Option("--full", help="leave nothing out, however long")]


def _file(name: str | None) -> str | None:
    """A file by its name; - is standard output, as if none were named."""
    return None if name == "-" else name


Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="write into a file, its ending says in which format; - is standard output",
        callback=_file,
    ),
]
Save = Annotated[
    str | None,
    typer.Option("--save", metavar="FILE", help="save the trace too, for show, diff or going on: .npz, .json or .csv"),
]
Force = Annotated[bool, typer.Option("--force", help="write over a file that is there already")]
FormatName = Annotated[
    str | None, typer.Option("--format", metavar="F", help="text, markdown, latex, html, svg, png, json, csv or npz")
]
Fragment = Annotated[bool, typer.Option("--fragment", help="without head and title, for another document")]
Lang = Annotated[str, typer.Option("--lang", metavar="L", help="language of the report: en, ko")]
Debug = Annotated[bool, typer.Option("--debug", help="a traceback for errors of the program itself", hidden=True)]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backtrace {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="the version")] = False,
) -> None:
    pass
