"""The gallery as lines of text: a list of examples, or one of them with its config."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backtrace.arguments import MARK
from backtrace.errors import visible
from backtrace.gallery import Example
from backtrace.render.lines import Line, Span, cells, padded, wrapped

HEADS = ("example", "figures", "errata", "shape")


def list_lines(found: Sequence[Example], width: int) -> Iterator[Line]:
    """A line for each example, its title below where the line is too short for it."""
    rows = [(e.name, str(e.figures), str(e.errata or "-"), e.shape) for e in found]
    widths = [max(cells(text) for text in column) for column in zip(HEADS, *rows, strict=True)]
    used = sum(widths) + 2 * len(widths)
    beside = all(used + cells(visible(e.title)) <= width for e in found)
    yield (Span(_row(HEADS, widths) + ("title" if beside else ""), "dim"),)
    for example, row in zip(found, rows, strict=True):
        text, title = _row(row, widths), visible(example.title)
        if beside:
            yield Span(text), Span(title)
            continue
        yield (Span(text),)
        for line in wrapped(title, width - 4):
            yield (Span(f"    {line}", "dim"),)
    yield ()
    figures, errata = sum(e.figures for e in found), sum(e.errata for e in found)
    wrong = f", {errata} of them wrong as printed" if errata else ""
    yield (Span(f"{_counted(len(found), 'example')}, {_counted(figures, 'figure')}{wrong}"),)


def one_lines(example: Example, width: int) -> Iterator[Line]:
    """What an example is, how to run it, and its config."""
    yield (Span(visible(example.title), "title"),)
    for text in (example.about, f"Source: {example.source}", _size(example)):
        yield ()
        for line in wrapped(visible(text), width):
            yield (Span(line),)
    yield ()
    name = f"{MARK}{example.name}"
    commands = (
        (f"backtrace run {name}", "the whole calculation"),
        (f"backtrace diff {name}", "its printed figures beside the right ones"),
        (f"backtrace examples {example.name} --copy my.yaml", "a copy to start from"),
    )
    longest = max(cells(command) for command, _ in commands)
    for command, says in commands:
        yield Span(f"  {padded(command, longest)}"), Span(f"   {says}", "dim")
    yield ()
    for line in example.config.read_text(encoding="utf-8").splitlines():
        yield (Span(visible(line)),)


def _row(texts: Sequence[str], widths: Sequence[int]) -> str:
    """Numbers to the right, texts to the left."""
    name, figures, errata, shape = widths
    return (
        f"{padded(texts[0], name)}  {padded(texts[1], figures, right=True)}  "
        f"{padded(texts[2], errata, right=True)}  {padded(texts[3], shape)}  "
    )


def _size(example: Example) -> str:
    wrong = f", {example.errata} of them wrong as printed" if example.errata else ""
    made = f"; {', '.join(example.words)}" if example.words else ""
    return f"{example.shape}{made}; {_counted(example.figures, 'figure')}{wrong}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
