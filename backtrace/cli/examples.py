"""``backtrace examples``: the published examples that ship with the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from backtrace.cli.app import Debug, Force, app
from backtrace.cli.session import print_out
from backtrace.errors import Fault, UsageError, visible
from backtrace.outputs import write

if TYPE_CHECKING:
    from backtrace.gallery import Example


@app.command()
def examples(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]", help="those that have every word, or one by its name")
    ] = None,
    copy: Annotated[
        str | None, typer.Option("--copy", metavar="FILE", help="write the config of one, and its figures beside it")
    ] = None,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace examples softmax
             backtrace examples mazur
             backtrace examples mazur --copy my.yaml

    List the published examples that ship with the program, show one, or copy one to start from.
    """
    from backtrace import gallery
    from backtrace.render import terminal
    from backtrace.render.examples import list_lines, one_lines

    wanted = words or []
    if copy is not None:
        _copied(gallery.named(" ".join(wanted)), copy, force)
        return
    found = gallery.with_words(wanted)
    one = gallery.only(wanted, found)
    if one is not None:
        print_out(one_lines(one, terminal.width()))
    elif found:
        print_out(list_lines(found, terminal.width()))
    else:
        raise UsageError(Fault(f"no example has {' and '.join(wanted)}", hint="backtrace examples lists them all"))


def _copied(example: Example, file: str, force: bool) -> None:
    """Write the config of an example and its figures beside it."""
    stem = file.removesuffix(".yaml").removesuffix(".yml")
    beside = f"{stem}.expected.yaml"
    for path, source in ((file, example.config), (beside, example.expected)):
        write(path, [source.read_text(encoding="utf-8")], force)
    shown, figures = visible(file), visible(beside)
    typer.echo(f"Wrote {shown} and {figures}. Next: backtrace run {shown}; backtrace diff {shown} {figures}")
