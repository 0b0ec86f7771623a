"""Shows a trace, one that was just made or a saved one: what of it, how it is laid out, in which format and where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from backtrace.arguments import Shown
from backtrace.cli.session import layout, ready, say, written
from backtrace.errors import Fault, NumericError, UsageError, visible
from backtrace.interrupts import CURRENT
from backtrace.records import dataclass
from backtrace.words import ENGLISH, Words

if TYPE_CHECKING:
    from backtrace.render.formats import Format
    from backtrace.render.formulas import Layout
    from backtrace.schedule import Keep
    from backtrace.trace import Trace


@dataclass(frozen=True)
class Asked:
    """What of a trace is to be shown, and how: the options by their names."""

    only: str | None = None
    section: str | None = None
    sample: int | None = None
    full: bool = False
    digits: int | None = None
    ascii: bool = False
    words: Words = ENGLISH


@dataclass(frozen=True)
class Place:
    """Where it is to be written: in which format, into which file, over another one or not; and where to be saved."""

    format: Format
    output: str | None = None
    force: bool = False
    fragment: bool = False
    save: str | None = None

    @property
    def kept(self) -> str | None:
        """The file that has the whole trace afterwards, and can be gone on from."""
        return self.save or (self.output if self.format.whole else None)


def placed(
    format_: str | None = None,
    output: str | None = None,
    force: bool = False,
    fragment: bool = False,
    save: str | None = None,
) -> Place:
    """The place that the options name; refused before anything is run if there is no such format or file."""
    from backtrace.render.formats import check_fragment, chosen

    ready(output, force)
    found = chosen(format_, output)
    if fragment:
        check_fragment(found)
    if save is not None:
        _check_save(save, output, force)
    return Place(found, output, force, fragment, save)


def _check_save(save: str, output: str | None, force: bool) -> None:
    """Refuse to save under a name that tells no format, or where the page goes."""
    from backtrace.saved import format_named

    format_named(save)
    if output is not None and os.path.realpath(save) == os.path.realpath(output):
        raise UsageError(Fault(f"-o and --save name one file, {visible(save)}", hint="-o alone saves the trace there"))
    ready(save, force)


@contextmanager
def shown_until_lost(asked: Asked, shown: Shown | None, place: Place) -> Iterator[None]:
    """Where training leaves the finite numbers, what there is of it is written before the error is told.

    What can be loaded again is without the update that did.
    """
    try:
        yield
    except NumericError as error:
        found: Trace | None = getattr(error, "trace", None)
        trace = found.finite if found and place.format.whole else found
        if trace is not None and trace.epochs:
            with suppress(UsageError):
                show(trace, asked, shown, place)
        raise


CHOICES: Final = ("only", "section", "sample", "digits")
"""What a page can be asked for and a format with everything cannot."""


def show(trace: Trace, asked: Asked, shown: Shown | None, place: Place) -> Layout:
    """Write a trace as asked for; how it was laid out."""
    if place.format.whole:
        _refuse_choices(asked, place.format)
    page = layout(asked.digits, asked.ascii, asked.only, asked.section, asked.sample, asked.full, trace)
    _check_choice(trace, page)
    report = replace(page, epochs=_epochs_shown(trace, shown), words=asked.words, fragment=place.fragment)
    _save(trace, place)  # first: what reads the page may close the pipe
    written(trace, report, place.format, place.output, place.force)
    return page


def _save(trace: Trace, place: Place) -> None:
    """Save a trace where that is asked for, as far as it is finite."""
    if place.save is not None and trace.finite is not None:
        trace.save(place.save, place.force)
        say(f"Wrote {visible(place.save)}.")


def _refuse_choices(asked: Asked, format_: Format) -> None:
    """Refuse to leave out what a file needs to be loaded again."""
    for name in CHOICES:
        if getattr(asked, name) is not None:
            message = f"--{name} is for pages: {format_.name} has all of the trace, in full"
            raise UsageError(Fault(message, hint="backtrace expect CONFIG --only ... writes chosen figures"))


def _epochs_shown(trace: Trace, shown: Shown | None) -> tuple[Keep, ...]:
    """The epochs to show in full, the first and the last if nobody says; refuses what was not made."""
    from backtrace.schedule import moment_of

    if shown is None:
        return trace.epochs[0].epoch, trace.epochs[-1].epoch
    if (
        CURRENT.code or trace.recording.lost
    ) and trace.origin:  # of what was asked for, all that was made before it was stopped
        asked = [*shown(trace.origin.epochs), trace.epochs[-1].epoch]
        return tuple(each for each in dict.fromkeys(asked) if trace.epochs.of(*moment_of(each)))
    found = tuple(shown(len(trace.losses)))
    for moment in found:
        trace.epoch(*moment_of(moment))
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
