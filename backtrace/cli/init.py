"""``backtrace init``: a config to start from."""

from __future__ import annotations

from typing import Annotated

import typer

from backtrace.cli.app import Debug, Force, app
from backtrace.errors import Fault, UsageError, did_you_mean, visible
from backtrace.outputs import write


@app.command()
def init(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="where to write it; never over an existing file")
    ] = "network.yaml",
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help="network, samples, equations or gates")
    ] = "network",
    force: Force = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace init my.yaml --template equations

    Write a commented config to start from.
    """
    write(file, [_template(template)], force)
    typer.echo(f"Wrote {visible(file)}. Next: backtrace run {visible(file)}")


def _template(name: str) -> str:
    """The text of a template that ships with the package."""
    from importlib.resources import files

    folder = files("backtrace").joinpath("templates")
    known = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    if name not in known:
        hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
        raise UsageError(Fault(f'there is no template "{visible(name)}"', hint=hint))
    return folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
