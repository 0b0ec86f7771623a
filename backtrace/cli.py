"""The commands: the only module that prints or exits."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from backtrace import __version__
from backtrace.errors import BacktraceError, Fault, FileError, UsageError, did_you_mean, visible

if TYPE_CHECKING:
    from backtrace.diff.expected import Figure
    from backtrace.graph import Graph
    from backtrace.render.formulas import Layout
    from backtrace.render.lines import Line
    from backtrace.schedule import Keep
    from backtrace.trace import Trace

app = typer.Typer(
    name="backtrace",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="\b\nExample: backtrace run configs/example.yaml\n\n"
    "Print every number of backpropagation, step by step, each with the equation it comes from.",
)

Config = Annotated[str, typer.Argument(metavar="CONFIG", help="a config, such as configs/example.yaml")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=NUMBER", help="another given value: W11=0.35, learning_rate=0.1 (repeatable)"),
]
Epochs = Annotated[int | None, typer.Option("--epochs", metavar="N", min=1, help="how many updates to make")]
Digits = Annotated[int, typer.Option("--digits", metavar="D", min=1, max=17, help="decimals of a result")]
Ascii = Annotated[bool, typer.Option("--ascii", help="no signs outside ASCII")]
Only = Annotated[str | None, typer.Option("--only", metavar="KEYS", help="only these rows: 'W11,h*,dE*'")]
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


@app.command(short_help="print the whole calculation")
def run(
    config: Config,
    epochs: Epochs = None,
    set_: Set = None,
    only: Only = None,
    section: Annotated[
        str | None,
        typer.Option("--section", metavar="NAMES", help="given, forward, error, step 1, ..., after"),
    ] = None,
    epoch: Annotated[
        str | None, typer.Option("--epoch", metavar="LIST", help="the epochs to show in full: 1,10,last")
    ] = None,
    every: Annotated[int | None, typer.Option("--every", metavar="K", min=1, help="show every K-th epoch")] = None,
    sample: Annotated[int | None, typer.Option("--sample", metavar="S", min=1, help="show one sample only")] = None,
    full: Annotated[bool, typer.Option("--full", help="leave nothing out, however long")] = False,
    digits: Digits = 8,
    ascii_: Ascii = False,
    expect: Annotated[
        str | None,
        typer.Option("--expect", metavar="FILE", help="compare with expected figures; exit 1 if they differ"),
    ] = None,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace run configs/example.yaml
             backtrace run configs/xor.yaml --epochs 100 --epoch 1,50,last
             backtrace run configs/example.yaml --set W11=0.35 --only 'W11,h*,dE*'

    Print the whole calculation: forward propagation, error, every step of back propagation, the updated values.
    """
    from backtrace.render.rates import rate_lines
    from backtrace.render.text import Writer, report_lines

    figures = _expected(expect) if expect else None
    shown = _shown_epochs(epoch, every)
    trace = _traced(config, epochs, set_, shown, figures)
    layout = _layout(digits, ascii_, only, section, sample, full, trace)
    _check_choice(trace, layout)
    epochs_shown = tuple(shown(len(trace.losses))) if shown else (1, len(trace.losses))
    _print(report_lines(trace, replace(layout, epochs=epochs_shown)))
    if not layout.choice.only and not layout.choice.sections:
        _print(rate_lines(trace, Writer(layout, trace.epochs[0])))
    if figures is not None:
        _print(iter([()]))
        _report_differences(trace, figures, layout)


@app.command(short_help="compare with expected figures")
def diff(
    config: Config,
    expected: Annotated[str, typer.Argument(metavar="EXPECTED", help="a YAML or JSON file of keys and figures")],
    epochs: Epochs = None,
    set_: Set = None,
    ascii_: Ascii = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace diff configs/example.yaml configs/example.expected.yaml

    Compare expected figures with the right ones, at the digits in which they are printed; exit 1 if any differs.
    """
    figures = _expected(expected)
    trace = _traced(config, epochs, set_, None, figures)
    _report_differences(trace, figures, _layout(8, ascii_, None, None, None, False, trace))


@app.command(short_help="list the keys and their values")
def keys(
    config: Config,
    pattern: Annotated[str, typer.Argument(metavar="PATTERN", help="which keys: 'h*', 'dE_tot/d*'")] = "*",
    epochs: Epochs = None,
    set_: Set = None,
    digits: Digits = 8,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace keys configs/example.yaml 'dE_tot/d*'

    List the keys of a trace with their values, as lines of an expected file.
    """
    from fnmatch import fnmatchcase

    from backtrace.render.lines import Span
    from backtrace.render.numbers import Numbers
    from backtrace.report import all_targets

    view = _traced(config, epochs, set_, None, None).epochs[-1]
    numbers = Numbers(digits)

    def lines() -> Iterator[Line]:
        for target in all_targets(view):
            key = view.keys.text(target)
            if any(fnmatchcase(key, part) for part in _parts(pattern)):
                yield Span(f'{_yaml_key(key)}: "{numbers.value(view.number(target))}"'), Span("")

    found = list(lines())
    if not found:
        raise UsageError(Fault(f'no key matches "{pattern}"', hint=view.keys.suggestion(pattern)))
    _print(iter(found))


@app.command(short_help="write a config to start from")
def init(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="where to write it; never over an existing file")
    ] = "network.yaml",
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help="network, samples, equations or gates")
    ] = "network",
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace init my.yaml --template equations

    Write a commented config to start from.
    """
    text = _template(template)
    try:
        with open(file, "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise FileError(
            Fault(f"{visible(file)} exists already", hint="give another name: backtrace init my.yaml")
        ) from None
    except OSError as error:
        raise FileError(Fault(f"{visible(file)} cannot be written: {error.strerror}")) from None
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


# ── between the command line and the library ───────────────────────────────────────────────────────────


class _Shown:
    """The epochs to show in full, or single updates of them, once the number of epochs is known."""

    def __init__(self, listed: str | None, every: int | None) -> None:
        self.listed, self.every = listed, every

    def __call__(self, count: int) -> list[Keep]:
        """The epochs among so many."""
        chosen = [_moment(part, count) for part in self.listed.split(",")] if self.listed else []
        if self.every:
            chosen += [1, *range(self.every, count + 1, self.every)]
        return chosen


def _shown_epochs(listed: str | None, every: int | None) -> _Shown | None:
    return _Shown(listed, every) if listed or every else None


def _moment(text: str, count: int) -> Keep:
    """An epoch, or with a point one of its updates: 3, last, 3.2."""
    word, _, update = text.strip().partition(".")
    number = count if word == "last" else int(word) if word.isdecimal() else 0
    if not 1 <= number <= count or (update and not update.isdecimal()):
        message = f'--epoch: "{visible(text.strip())}" is no epoch of 1 to {count}'
        raise UsageError(Fault(message, hint="such as 1,10,last, or 1.2 for the second update of epoch 1"))
    return (number, int(update)) if update else number


def _given(pairs: Sequence[str] | None) -> dict[str, float]:
    """The values of --set, in the order given."""
    found = {}
    for pair in pairs or ():
        key, sign, number = pair.rpartition("=")
        try:
            found[key.strip()] = float(number)
        except ValueError:
            sign = ""
        if sign and not math.isfinite(found[key.strip()]):
            raise UsageError(Fault(f'--set "{visible(pair)}": {visible(number)} is not a finite number'))
        if not sign or not key.strip():
            raise UsageError(Fault(f'--set "{visible(pair)}" is not KEY=NUMBER', hint="such as --set W11=0.35"))
    return found


def _traced(
    config: str,
    epochs: int | None,
    pairs: Sequence[str] | None,
    shown: _Shown | None,
    figures: Sequence[Figure] | None,
) -> Trace:
    from backtrace.build import build
    from backtrace.config import read
    from backtrace.render.terminal import ProgressBar
    from backtrace.trace import run_graph

    graph = build(read(config))
    keep: set[Keep] = set()
    if figures is not None:
        keep = _expected_epochs(figures, graph)
    needed = [each if isinstance(each, int) else each[0] for each in keep]
    count = max([epochs or graph.default_epochs, *(needed if epochs is None else ())])
    keep |= set(shown(count)) if shown else {1, count}
    with closing(ProgressBar(count)) as bar:
        return run_graph(graph, epochs=count, keep=keep, values=_given(pairs), progress=bar)


def _layout(
    digits: int,
    ascii_: bool,
    only: str | None,
    section: str | None,
    sample: int | None,
    full: bool,
    trace: Trace,
) -> Layout:
    from backtrace.render import terminal
    from backtrace.render.formulas import Layout
    from backtrace.render.numbers import Numbers
    from backtrace.report import Choice

    samples = trace.graph.samples or 1
    if sample is not None and sample > samples:
        raise UsageError(Fault(f"--sample {sample}: there {'is' if samples == 1 else 'are'} {samples}"))
    chosen = sample - 1 if sample is not None and trace.graph.samples else None
    choice = Choice(tuple(_parts(only or "")), tuple(_parts(section or "")), chosen, full)
    return Layout(terminal.width(), Numbers(digits), ascii_ or terminal.needs_ascii(sys.stdout), choice)


def _check_choice(trace: Trace, layout: Layout) -> None:
    """Refuse a choice that shows nothing: it is a slip of the pen."""
    from backtrace.report import Choice, sections

    view, choice = trace.epochs[0], layout.choice
    if not choice.only and not choice.sections:
        return
    for key in choice.only:
        if not set(key) & set("*?") and view.keys.find(key) is None:
            raise UsageError(Fault(f'--only: "{visible(key)}" names nothing here', hint=view.keys.suggestion(key)))
    if sections(view, choice):
        return
    known = ", ".join(section.name for section in sections(view, Choice()))
    if choice.only:
        raise UsageError(
            Fault(f"--only: nothing matches {', '.join(choice.only)}", hint=view.keys.suggestion(choice.only[0]))
        )
    raise UsageError(Fault(f"--section: there is no {', '.join(choice.sections)}", hint=f"sections here: {known}"))


def _parts(text: str) -> list[str]:
    from backtrace.labels import outside_brackets

    return [part.strip() for part in outside_brackets(text) if part.strip()]


def _yaml_key(key: str) -> str:
    """A key as YAML can hold it: quoted where it would mean something else."""
    plain = key[0].isalpha() and not any(sign in key for sign in ":#,[]{}\"'& ")
    return key if plain else f'"{key}"'


def _expected(file: str) -> Sequence[Figure]:
    from backtrace.diff.expected import read

    return read(file)


def _expected_epochs(figures: Sequence[Figure], graph: Graph) -> set[Keep]:
    from backtrace.diff.verdicts import epochs
    from backtrace.keys import Keys

    return set(epochs(figures, Keys.of(graph)))


def _report_differences(trace: Trace, figures: Sequence[Figure], layout: Layout) -> None:
    from backtrace.diff import compare
    from backtrace.render.differences import difference_lines

    found = compare(trace, figures)
    _print(difference_lines(found, layout))
    if found.failed:
        raise typer.Exit(1)


def _print(lines: Iterator[Line]) -> None:
    from backtrace.render.terminal import print_lines

    try:
        print_lines(lines)
        sys.stdout.flush()
    except BrokenPipeError:
        raise _ClosedPipeError from None


class _ClosedPipeError(Exception):
    """The reader closed the pipe; not an OSError, which typer would turn into exit code 1."""


# ── the way out ────────────────────────────────────────────────────────────────────────────────────────


def main() -> NoReturn:
    """Run a command; every error becomes a message on standard error and an exit code."""
    _one_blas_thread()
    try:
        code = app(standalone_mode=False) or 0
        sys.stdout.flush()
    except TyperException as error:
        code = _say(f"backtrace: {error.format_message()}", error.exit_code)
    except BacktraceError as error:
        code = _say(str(error), error.exit_code)
    except _ClosedPipeError:
        # what is still buffered has nowhere to go, and Python must not try again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except (KeyboardInterrupt, typer.Abort):
        code = _say("stopped", 128 + signal.SIGINT)
    except Exception as error:
        code = _bug(error)
    sys.exit(int(code))


def _one_blas_thread() -> None:
    """One thread unless told otherwise: on small arrays a second one costs more than it gives."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def _say(text: str, code: int) -> int:
    if sys.stderr is None:  # closed: print would write to standard output
        return code
    sys.stdout.flush()
    if hasattr(sys.stderr, "reconfigure"):
        sys.stderr.reconfigure(errors="backslashreplace")
    print(text, file=sys.stderr)
    return code


def _bug(error: Exception) -> int:
    if "--debug" in sys.argv:
        raise error
    what = f"{type(error).__name__}: {visible(str(error))[:200]}"
    return _say(f"backtrace: this is a bug of backtrace ({what})\n  hint: --debug shows where; please report it", 70)
