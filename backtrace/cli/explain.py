"""``backtrace explain``: the whole derivation of one number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

import typer

from backtrace.cli.app import Ascii, Config, Debug, Digits, Epochs, Set, app, whole
from backtrace.cli.session import config_path, layout, print_out, recorded, saved
from backtrace.errors import Fault, UsageError, visible

if TYPE_CHECKING:
    from backtrace.graph import Graph
    from backtrace.keys import Key
    from backtrace.quantities import Quantity
    from backtrace.schedule import Moment
    from backtrace.trace import Trace

SHOWN: Final = 4
"""Of a key that names several numbers so many are suggested."""


@app.command()
def explain(
    config: Config,
    quantity: Annotated[
        str, typer.Argument(metavar="QUANTITY", help="the key of a number: dE_tot/dW11, h1, W11+, E_tot@3")
    ],
    epochs: Epochs = None,
    set_: Set = None,
    depth: Annotated[
        int,
        typer.Option("--depth", metavar="N", parser=whole("--depth", 0), help="into how many earlier updates to go on"),
    ] = 0,
    full: Annotated[bool, typer.Option("--full", help="leave nothing out, however long")] = False,
    digits: Digits = 8,
    ascii_: Ascii = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace explain configs/example.yaml dE_tot/dW11
             backtrace explain configs/example.yaml U11@3 --depth 1

    Derive one number: every way from it to the objective, each factor with formula and value, down to the given
    values. Without an epoch in the key it is the first, with --epochs the last. Everything that the same update
    computes is derived; what an earlier one left is one line, unless --depth goes on into it.
    """
    from backtrace.render.explained import explanation_lines
    from backtrace.report.derivation import computed_by, derivation
    from backtrace.saved import is_saved

    trace, key = (_saved if is_saved(config) else _made)(config, quantity, epochs, depth, set_)
    graph, named = trace.graph, _number(trace, key, quantity)
    asked = computed_by(trace.epochs, named)
    page = layout(digits, ascii_, None, None, None, full, trace)
    title = "" if asked is named else _moment_marked(graph, named, page.ascii)
    print_out(explanation_lines(derivation(trace.epochs, asked, depth, full), page, title))


def _made(config: str, quantity: str, epochs: int | None, depth: int, pairs: Sequence[str] | None) -> tuple[Trace, Key]:
    """A config run as far as a number needs, and the number's key."""
    from backtrace.keys import Keys
    from backtrace.loading import build_file

    graph = build_file(config_path(config))
    key = Keys.of(graph).parse(quantity)
    trace = _run(graph, _moment(graph, key, quantity, epochs), depth, pairs)
    if trace.recording.stopped and key.epoch is None:
        trace = _run(graph, _last(graph, len(trace.losses)), depth, pairs)
    return trace, key


def _saved(file: str, quantity: str, epochs: int | None, depth: int, pairs: Sequence[str] | None) -> tuple[Trace, Key]:
    """A saved trace, and the key of a number of an update in it: of the first where none is named."""
    trace = saved(file, epochs=epochs, set=pairs)
    key, first = trace.keys.parse(quantity), trace.epochs[0]
    epoch, update = (first.epoch, first.update) if key.epoch is None else _moment(trace.graph, key, quantity, None)
    return trace, key._replace(epoch=epoch, update=update)


def _moment_marked(graph: Graph, named: Quantity, plain: bool) -> str:
    """A number's name with its epoch."""
    view = named.view
    update = f".{view.update}" if graph.updates_per_epoch > 1 else ""
    return f"{named.key if plain else named.label}@{view.epoch}{update}"


def _moment(graph: Graph, key: Key, text: str, epochs: int | None) -> Moment:
    """The update that a key is of: the one it names, else the first, with --epochs the last.

    Raises:
        UsageError: there is no such update, or the key names several.
    """
    from backtrace.schedule import Moment

    if key.epoch is None:
        return _last(graph, epochs) if epochs else Moment(1)
    count, stem = graph.updates_per_epoch, visible(text.partition("@")[0])
    if key.epoch < 1 or (epochs and key.epoch > epochs):
        hint = f"--epochs {key.epoch}, or none" if key.epoch else "epochs are counted from 1"
        raise UsageError(Fault(f"there is no epoch {key.epoch}", hint=hint))
    if not 1 <= (key.update or 1) <= count or (key.update is None and count > 1):
        hint = f"such as {stem}@{key.epoch}.{count}" if count > 1 else f"{stem}@{key.epoch}"
        raise UsageError(Fault(f"an epoch has {count} update{'s' * (count > 1)}: name one", hint=hint))
    return Moment(key.epoch, key.update or 1)


def _last(graph: Graph, epochs: int) -> Moment:
    """The last update of an epoch."""
    from backtrace.schedule import Moment

    return Moment(epochs, graph.updates_per_epoch)


def _run(graph: Graph, moment: Moment, depth: int, pairs: Sequence[str] | None) -> Trace:
    """The training up to an update, recorded with those before it that a derivation may go into."""
    keep: list[Moment] = [moment]
    while len(keep) < depth + 3 and (before := keep[-1].before(graph.updates_per_epoch)):
        keep.append(before)
    return recorded(graph, moment.epoch, keep, pairs)


def _number(trace: Trace, key: Key, text: str) -> Quantity:
    """The single number that is asked for.

    Raises:
        UsageError: the key names several.
    """
    from backtrace.keys import Derivative
    from backtrace.report.derivation import numbers_of

    view = trace.epochs[-1] if key.epoch is None and len(trace.epochs) > 1 else trace.epoch(key.epoch, key.update)
    first = list(islice(numbers_of(view, key.target), SHOWN + 1))
    if len(first) == 1:
        return view.quantity(first[0])
    if (
        isinstance(key.target, Derivative) and key.target.of != view.chains.objective
    ):  # one output's may be meant for all
        first = [*islice(numbers_of(view, key.target._replace(of=view.chains.objective)), 1), *first]
    keys = ", ".join(map(view.keys.text, first[:SHOWN])) + ", ..." * (len(first) > SHOWN)
    raise UsageError(Fault(f'"{visible(text)}" is several numbers: name one', hint=keys))
