"""The formats that a trace is written in, a row each; a renderer is read only when its format is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from backtrace.errors import Fault, UsageError, did_you_mean, visible
from backtrace.records import dataclass
from backtrace.render.formulas import Layout
from backtrace.trace import Trace


@dataclass(frozen=True)
class Format:
    """A format: its name, the endings of its files; of a trace the module whose ``pages(trace, layout)`` writes it."""

    name: str
    endings: tuple[str, ...]
    module: str = ""
    binary: bool = False
    fragments: bool = False
    """Whether it can be written as a part of another document."""
    whole: bool = False
    """Whether it is all that was recorded, whatever a page would show of it."""

    def pages(self, trace: Trace, layout: Layout) -> Iterator[str] | Iterator[bytes]:
        """The trace in this format, piece by piece; bytes where it is ``binary``."""
        found: Iterator[str] | Iterator[bytes] = import_module(self.module).pages(trace, layout)
        return found


ROWS: Final = (
    Format("text", ("txt",), "backtrace.render.text"),
    Format("markdown", ("md", "markdown", "qmd"), "backtrace.render.markdown", fragments=True),
    Format("latex", ("tex",), "backtrace.render.latex", fragments=True),
    Format("html", ("html", "htm"), "backtrace.render.html", fragments=True),
    Format("json", ("json",), "backtrace.saved.jsonfile", whole=True),
    Format("csv", ("csv",), "backtrace.saved.csvfile", whole=True),
    Format("npz", ("npz",), "backtrace.saved.npzfile", binary=True, whole=True),
    Format("svg", ("svg",), "backtrace.render.screen"),
    Format("png", ("png",), "backtrace.render.pixels", binary=True),
)
FORMATS: Final[Mapping[str, Format]] = {row.name: row for row in ROWS}


def chosen(name: str | None, output: str | None, formats: Mapping[str, Format] = FORMATS) -> Format:
    """The format of that name among some; without one that of the file's ending, and the first where there is no file.

    Raises:
        UsageError: there is no such format, or the ending tells none.

    >>> chosen(None, "page.TXT").name, chosen(None, None).name
    ('text', 'text')
    """
    known = ", ".join(formats)
    if name is not None:
        found = formats.get(name.lower()) or _by_ending(name.lower(), formats)
        if found is None:
            hint = did_you_mean(name, formats) or f"known: {known}"
            raise UsageError(Fault(f'there is no format "{visible(name)}"', hint=hint))
        return found
    if output is None:
        return next(iter(formats.values()))
    _, point, ending = output.rpartition(".")
    found = _by_ending(ending.lower(), formats) if point else None
    if found is None:
        endings = ", ".join(f".{one}" for each in formats.values() for one in each.endings)
        raise UsageError(
            Fault(f"the name {visible(output)} tells no format", hint=f"an ending such as {endings}; or --format")
        )
    return found


def check_fragment(format_: Format) -> None:
    """Refuse a fragment in a format that is no document.

    Raises:
        UsageError: the format has no head that could be left out.
    """
    if not format_.fragments:
        able = ", ".join(each.name for each in FORMATS.values() if each.fragments)
        raise UsageError(Fault(f"--fragment: {format_.name} has no head to leave out", hint=f"for {able}"))


def _by_ending(ending: str, formats: Mapping[str, Format]) -> Format | None:
    return next((each for each in formats.values() if ending in each.endings), None)
