"""Between the command line and the library: configs found and run, lines printed, files written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final

from backtrace.arguments import MARK, Shown, given_values, parts
from backtrace.errors import Fault, UsageError, visible
from backtrace.interrupts import CURRENT
from backtrace.outputs import is_stream, refuse_early, write

if TYPE_CHECKING:
    from backtrace.comparison.expected import Expected, Figure
    from backtrace.graph import Graph
    from backtrace.render.formats import Format
    from backtrace.render.formulas import Layout
    from backtrace.render.lines import Line
    from backtrace.schedule import Keep
    from backtrace.trace import Trace
    from backtrace.training import Progress
    from backtrace.words import Words


MOST_EPOCHS: Final = 1_000_000
"""Figures of a later epoch are a slip of the pen, unless --epochs says so too."""


def traced(
    config: str,
    epochs: int | None = None,
    pairs: Sequence[str] | None = None,
    shown: Shown | None = None,
    figures: Sequence[Figure] | None = None,
    rounding: str | None = None,
    stoppable: bool = False,
) -> Trace:
    """A config run with what the command line says, every epoch recorded that is shown or compared.

    A saved trace is taken as it is. Where it is ``stoppable`` Ctrl-C ends training at the end of a step.
    """
    from backtrace.loading import build_file
    from backtrace.saved import is_saved
    from backtrace.schedule import moment_of

    if is_saved(config):
        return saved(config, epochs=epochs, set=pairs, round=rounding)
    graph = build_file(config_path(config))
    keep: set[Keep] = set()
    if figures is not None:
        keep = _epochs_of(figures, graph)
    last = max((moment_of(each)[0] for each in keep), default=0)
    if last > (MOST_EPOCHS if epochs is None else epochs):
        asked = f"--epochs {last} trains that far" if epochs is None else "leave --epochs out, or give more"
        raise UsageError(Fault(f"there are figures of epoch {last:,}", hint=asked))
    count = max(epochs or graph.default_epochs, last)
    keep |= set(shown(count)) if shown else {1, count}
    return recorded(graph, count, keep, pairs, rounding, stoppable)


def resumed(
    file: str,
    epochs: int | None,
    shown: Shown | None,
    figures: Sequence[Figure] | None = None,
    **options: object,
) -> Trace:
    """A saved trace trained on: to so many epochs in all, or to those that it was to have."""
    from backtrace.resuming import refuse_absent
    from backtrace.schedule import moment_of

    found = saved(file, **options)
    asked = found.origin.epochs if found.origin else 0
    if epochs is None and not found.unfinished:
        hint = f"backtrace show {visible(file)} shows it; --epochs {2 * asked} trains on to epoch {2 * asked:,}"
        raise UsageError(Fault(f"{visible(file)} is a saved trace", hint=hint))
    count = epochs or asked
    keep = set(shown(count)) if shown else {1, count}
    if shown:
        refuse_absent(found, keep)
    later = _epochs_of(figures, found.graph) if figures else ()
    keep |= {each for each in later if moment_of(each)[0] > len(found.losses)}
    return trained(lambda progress: found.resume(count, keep, progress), count, True)


def saved(file: str, **options: object) -> Trace:
    """A saved trace; refuses options that would need another run."""
    from backtrace.saved import load

    for name, given in options.items():
        if given:
            message = f"{visible(file)} is a saved trace: --{name} would need another run"
            raise UsageError(Fault(message, hint=f"backtrace run CONFIG --{name} ..."))
    return load(file)


def refuse_saved(file: str) -> None:
    """Refuse a saved trace where a config is to be run."""
    from backtrace.saved import is_saved

    if is_saved(file):
        raise UsageError(Fault(f"{visible(file)} is a saved trace", hint=f"backtrace show {visible(file)} shows it"))


def recorded(
    graph: Graph,
    epochs: int,
    keep: Iterable[Keep],
    pairs: Sequence[str] | None,
    rounding: str | None = None,
    stoppable: bool = False,
) -> Trace:
    """A graph run with other given values, with a bar where it takes long."""
    from backtrace.trace import run_graph

    values = given_values(pairs)

    def train(progress: Progress) -> Trace:
        return run_graph(graph, epochs=epochs, keep=keep, values=values, progress=progress, rounding=rounding)

    return trained(train, epochs, stoppable)


def trained(train: Callable[[Progress], Trace], epochs: int, stoppable: bool = False) -> Trace:
    """What training gives, with a bar where it takes long; a signal ends it at the end of a step where it may."""
    from backtrace.render.terminal import ProgressBar

    with closing(ProgressBar(epochs)) as bar:
        if not stoppable:
            return train(bar)

        def progress(done: int) -> bool:
            bar(done)
            return CURRENT.came()

        with CURRENT.at_the_end_of_a_step():
            found = train(progress)
    if CURRENT.code:
        say(f"stopped after epoch {len(found.losses):,} of {epochs:,}")
    return found


def say(text: str) -> None:
    """A line on standard error, beside what is asked for."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def config_path(config: str) -> str:
    """The path of a config; of an example by its name."""
    refuse_saved(config)
    if not config.startswith(MARK):
        return config
    from backtrace.gallery import named

    return str(named(config).config)


def layout(
    digits: int | None,
    ascii_: bool,
    only: str | None,
    section: str | None,
    sample: int | None,
    full: bool,
    trace: Trace,
) -> Layout:
    """How a report is laid out on this terminal; refuses a sample that is not there."""
    from backtrace.render import terminal
    from backtrace.render.formulas import Layout
    from backtrace.render.numbers import numbers_for
    from backtrace.report import Choice

    check_sample(sample, trace)
    for option, listed in (("--only", only), ("--section", section)):
        if listed is not None and not parts(listed):
            raise UsageError(Fault(f"{option}: nothing is named", hint=f"without {option} everything is shown"))
    chosen = sample - 1 if sample is not None and trace.graph.samples else None
    choice = Choice(tuple(parts(only or "")), tuple(parts(section or "")), chosen, full)
    numbers = numbers_for(trace.rounding, digits)
    return Layout(terminal.width(), numbers, ascii_ or terminal.needs_ascii(sys.stdout), choice)


def check_sample(sample: int | None, trace: Trace) -> None:
    """Refuse a sample that is not there."""
    samples = trace.graph.samples or 1
    if sample is not None and sample > samples:
        raise UsageError(Fault(f"--sample {sample}: there {'is' if samples == 1 else 'are'} {samples}"))


def language(name: str = "en", output: str | None = None) -> Words:
    """The words of a language; those of English where the terminal cannot write its letters."""
    from backtrace.render import terminal
    from backtrace.words import ENGLISH, words

    found = words(name)
    return found if output is not None or terminal.can_write(sys.stdout, found.letters) else ENGLISH


def expected_figures(file: str, symbols: str | None = None) -> Expected:
    """The figures of an expected file, or of standard input, with the names of another program."""
    from backtrace.comparison.sources import from_bytes, read, with_symbols

    found = from_bytes(sys.stdin.buffer.read(), "standard input") if file == "-" else read(file)
    return with_symbols(found, symbols)


def _epochs_of(figures: Sequence[Figure], graph: Graph) -> set[Keep]:
    from backtrace.comparison.locating import epochs
    from backtrace.keys import Keys

    return set(epochs(figures, Keys.of(graph)))


def report_differences(
    trace: Trace,
    figures: Sequence[Figure],
    layout: Layout,
    as_json: bool = False,
    quiet: bool = False,
    **options: Any,
) -> None:
    """Print a comparison, as text, as data or in one line; exit 1 if a figure differs."""
    import typer

    from backtrace.comparison import diff
    from backtrace.render.difference_data import difference_json
    from backtrace.render.differences import difference_lines, summary_line

    found = diff(trace, figures, **options)
    if as_json:
        typer.echo(difference_json(found))
    else:
        print_out(iter([summary_line(found)]) if quiet else difference_lines(found, layout))
    if found.failed:
        raise typer.Exit(1)


def print_out(lines: Iterator[Line]) -> None:
    """Print lines on standard output."""
    from backtrace.render.terminal import print_lines

    try:
        print_lines(lines)
        sys.stdout.flush()
    except BrokenPipeError:
        raise ClosedPipeError from None


class ClosedPipeError(Exception):
    """The reader closed the pipe; not an OSError, which typer would turn into exit code 1."""


def written(trace: Trace, layout: Layout, format_: Format, output: str | None, force: bool) -> None:
    """Write a trace in a format: on the terminal with its colours, or into a file."""
    from backtrace.render.text import report_lines

    if output is None and format_.name == "text":
        print_out(report_lines(trace, layout))
        return
    deliver(format_.pages(trace, layout), output, force)


def ready(output: str | None, force: bool) -> None:
    """Refuse a file that cannot be written before anything is computed."""
    if output is not None:
        refuse_early(output, force)


def deliver(pieces: Iterator[str] | Iterator[bytes], output: str | None, force: bool = False) -> None:
    """Put a text or bytes into a file, and say so; or on standard output where none is named."""
    if output is not None:
        import typer

        write(output, pieces, force)
        if not is_stream(output):
            typer.echo(f"Wrote {visible(output)}.")
        return
    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece.encode() if isinstance(piece, str) else piece)
        sys.stdout.flush()
    except BrokenPipeError:
        raise ClosedPipeError from None
