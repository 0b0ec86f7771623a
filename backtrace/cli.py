"""The commands: the only module that prints or exits."""

from __future__ import annotations

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
from backtrace.arguments import Shown, given_values, parts, shown_epochs, yaml_key
from backtrace.errors import BacktraceError, Fault, FileError, UsageError, did_you_mean, visible

if TYPE_CHECKING:
    from backtrace.comparison.expected import Figure
    from backtrace.gallery import Example
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

Config = Annotated[
    str, typer.Argument(metavar="CONFIG", help="a config such as configs/example.yaml, or an example such as @mazur")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=NUMBER", help="another given value: W11=0.35, learning_rate=0.1 (repeatable)"),
]
Epochs = Annotated[int | None, typer.Option("--epochs", metavar="N", min=1, help="how many epochs to train")]
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
        str | None,
        typer.Option("--epoch", metavar="LIST", help="epochs to show in full: 1,10,last; 1.2 is an update"),
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
             backtrace run @mazur

    Print the whole calculation: forward propagation, error, every step of back propagation, the updated values.
    """
    from backtrace.render.rates import rate_lines
    from backtrace.render.text import Writer, report_lines

    figures = _expected(expect) if expect else None
    shown = shown_epochs(epoch, every)
    trace = _traced(config, epochs, set_, shown, figures)
    layout = _layout(digits, ascii_, only, section, sample, full, trace)
    _check_choice(trace, layout)
    _print(report_lines(trace, replace(layout, epochs=_epochs_shown(trace, shown))))
    if not layout.choice.only and not layout.choice.sections:
        _print(rate_lines(trace, Writer(layout, trace.epochs[0])))
    if figures is not None:
        _print(iter([()]))
        _report_differences(trace, figures, layout)


@app.command(short_help="compare with expected figures")
def diff(
    config: Config,
    expected: Annotated[
        str | None,
        typer.Argument(metavar="[EXPECTED]", help="a YAML or JSON file of keys and figures; an example has its own"),
    ] = None,
    epochs: Epochs = None,
    set_: Set = None,
    ascii_: Ascii = False,
    debug: Debug = False,
) -> None:
    """\b
    Example: backtrace diff configs/example.yaml configs/example.expected.yaml

    Compare expected figures with the right ones, at the digits in which they are printed; exit 1 if any differs.
    """
    figures = _expected(expected or _own_figures(config))
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
            if any(fnmatchcase(key, part) for part in parts(pattern)):
                yield Span(f'{yaml_key(key)}: "{numbers.value(view.number(target))}"'), Span("")

    found = list(lines())
    if not found:
        raise UsageError(Fault(f'no key matches "{pattern}"', hint=view.keys.suggestion(pattern)))
    _print(iter(found))


@app.command(short_help="list, show or copy published examples")
def examples(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]", help="those that have every word, or one by its name")
    ] = None,
    copy: Annotated[
        str | None, typer.Option("--copy", metavar="FILE", help="write the config of one, and its figures beside it")
    ] = None,
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
        _copied(gallery.named(" ".join(wanted)), copy)
        return
    found = gallery.with_words(wanted)
    one = gallery.only(wanted, found)
    if one is not None:
        _print(one_lines(one, terminal.width()))
    elif found:
        _print(list_lines(found, terminal.width()))
    else:
        raise UsageError(Fault(f"no example has {' and '.join(wanted)}", hint="backtrace examples lists them all"))


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
    _write(file, _template(template))
    typer.echo(f"Wrote {visible(file)}. Next: backtrace run {visible(file)}")


def _write(file: str, text: str) -> None:
    """Write a new file, never over an existing one."""
    try:
        with open(file, "x", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except FileExistsError:
        raise FileError(Fault(f"{visible(file)} exists already", hint="give another name")) from None
    except OSError as error:
        raise FileError(Fault(f"{visible(file)} cannot be written: {error.strerror}")) from None


def _copied(example: Example, file: str) -> None:
    """Write the config of an example and its figures beside it."""
    stem = file.removesuffix(".yaml").removesuffix(".yml")
    beside = f"{stem}.expected.yaml"
    for path, source in ((file, example.config), (beside, example.expected)):
        _write(path, source.read_text(encoding="utf-8"))
    shown, figures = visible(file), visible(beside)
    typer.echo(f"Wrote {shown} and {figures}. Next: backtrace run {shown}; backtrace diff {shown} {figures}")


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


def _traced(
    config: str,
    epochs: int | None,
    pairs: Sequence[str] | None,
    shown: Shown | None,
    figures: Sequence[Figure] | None,
) -> Trace:
    from backtrace.build import build
    from backtrace.config import read
    from backtrace.render.terminal import ProgressBar
    from backtrace.trace import run_graph

    graph = build(read(_file(config)))
    keep: set[Keep] = set()
    if figures is not None:
        keep = _expected_epochs(figures, graph)
    needed = [each if isinstance(each, int) else each[0] for each in keep]
    count = max([epochs or graph.default_epochs, *(needed if epochs is None else ())])
    keep |= set(shown(count)) if shown else {1, count}
    with closing(ProgressBar(count)) as bar:
        return run_graph(graph, epochs=count, keep=keep, values=given_values(pairs), progress=bar)


def _file(config: str) -> str:
    """The path of a config; of an example by its name."""
    from backtrace.gallery import MARK, named

    return str(named(config).config) if config.startswith(MARK) else config


def _own_figures(config: str) -> str:
    """The figures that an example has beside it."""
    from backtrace.gallery import MARK, named

    if not config.startswith(MARK):
        raise UsageError(Fault("the expected figures are missing", hint="backtrace diff CONFIG EXPECTED"))
    return str(named(config).expected)


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
    choice = Choice(tuple(parts(only or "")), tuple(parts(section or "")), chosen, full)
    return Layout(terminal.width(), Numbers(digits), ascii_ or terminal.needs_ascii(sys.stdout), choice)


def _epochs_shown(trace: Trace, shown: Shown | None) -> tuple[Keep, ...]:
    """The epochs to show in full, the first and the last if nobody says; refuses what was not made."""
    found = tuple(shown(len(trace.losses))) if shown else (1, len(trace.losses))
    for moment in found:
        trace.epoch(*([moment] if isinstance(moment, int) else moment))
    return found


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


def _expected(file: str) -> Sequence[Figure]:
    from backtrace.comparison.expected import read

    return read(file)


def _expected_epochs(figures: Sequence[Figure], graph: Graph) -> set[Keep]:
    from backtrace.comparison.verdicts import epochs
    from backtrace.keys import Keys

    return set(epochs(figures, Keys.of(graph)))


def _report_differences(trace: Trace, figures: Sequence[Figure], layout: Layout) -> None:
    from backtrace.comparison import compare
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
