"""What every saved trace says of itself before its numbers, whatever its format."""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from backtrace.config.datafiles import LARGEST_DATA, LARGEST_TEXT
from backtrace.errors import ConfigError, Fault, Place, UsageError, shortened
from backtrace.origin import Origin, Stated
from backtrace.records import dataclass
from backtrace.rounding import Rounding
from backtrace.saved.beginnings import FORMAT
from backtrace.schedule import Batch, Moment
from backtrace.trace import Trace

VERSION: Final = 1
"""Of the format of JSON and CSV."""
REPAIR: Final = "the file was changed or cut off after it was saved: save the trace again"
Files: TypeAlias = Mapping[str, bytes]


@dataclass(frozen=True)
class Header:
    """What a saved trace was made from, how, and which updates and arrays it holds.

    ``made`` counts the epochs that were made: fewer than were asked for where a condition ended the training.
    ``moments`` are the recorded updates with the samples of each, none where an update uses all; ``arrays`` the names
    that each of them holds, in the order of computation, ``rest`` those of a smaller last batch.
    """

    origin: Origin
    rounding: Rounding | None
    executor: str
    made: int
    stopped: bool
    arrays: tuple[str, ...]
    rest: tuple[str, ...]
    moments: Mapping[Moment, Batch]


def refused(file: str, message: str, hint: str = REPAIR, place: Place | None = None, width: int = 1) -> ConfigError:
    """The error of a saved trace that cannot be read."""
    text = message if place else f'the saved trace "{shortened(file)}" cannot be read: {message}'
    return ConfigError(Fault(text, place, hint, width))


# ── writing ──


def header_of(trace: Trace) -> Header:
    """The header of a trace.

    Raises:
        UsageError: it was not made from the text of a config.
    """
    if trace.origin is None:
        hint = 'make it with backtrace.run("FILE.yaml"), or of a Config that backtrace.config.read gives'
        raise UsageError(Fault("this trace has no text of a config to be saved with", hint=hint))
    recording, moments = trace.recording, sorted(trace.recording.records)
    batches = {moment: recording.batches.get(moment, ()) for moment in moments}
    names: dict[bool, tuple[str, ...]] = {}
    for moment, batch in batches.items():
        whole = trace.graph.of_size(batch) is trace.graph
        if whole not in names:  # a record is made when it is looked at
            names[whole] = tuple(recording.records[moment])
    return Header(
        trace.origin,
        trace.rounding,
        recording.executor,
        len(recording.losses),
        recording.stopped,
        names.get(True, ()),
        names.get(False, ()),
        batches,
    )


def to_data(header: Header, files: Mapping[str, str], version: int = VERSION) -> dict[str, Any]:
    """The header as JSON has it, with the texts that stand for its data files."""
    origin = header.origin
    return {
        "format": FORMAT,
        "version": version,
        "program": origin.program,
        "config": {"name": origin.stated.name, "text": origin.stated.text},
        "files": dict(files),
        "set": dict(origin.values),
        "asked": origin.epochs,
        "made": header.made,
        "stopped": header.stopped,
        "rounding": header.rounding and f"{header.rounding.digits}{'sf' * header.rounding.significant}",
        "executor": header.executor,
        "arrays": list(header.arrays),
        "rest": list(header.rest),
    }


def moments_data(header: Header) -> list[dict[str, Any]]:
    """The recorded updates as JSON has them."""
    return [moment_data(moment, batch) for moment, batch in header.moments.items()]


def moment_data(moment: Moment, batch: Batch) -> dict[str, Any]:
    """A recorded update as JSON has it: samples are counted from 1, as in keys."""
    found: dict[str, Any] = {"epoch": moment.epoch, "step": moment.update}
    return found | ({"samples": [sample + 1 for sample in batch]} if batch else {})


def packed(files: Files) -> dict[str, str]:
    """Data files as text: compressed by zlib, in base64.

    Raises:
        UsageError: they are too large for that.
    """
    found = {name: base64.b64encode(zlib.compress(data, 9)).decode() for name, data in files.items()}
    if sum(map(len, found.values())) > LARGEST_TEXT:
        message = f"the data files of this config are more than {LARGEST_TEXT >> 20} MB of text"
        raise UsageError(Fault(message, hint="save it as npz"))
    return found


# ── reading ──


class Entry(NamedTuple):
    """An entry of the header: whether a value is one, and what is expected."""

    fits: Callable[[Any], bool]
    expected: str


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 1 << 53


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_mapping(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(map(fits, value.values()))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


ENTRIES: Final[Mapping[str, Entry]] = {
    "program": Entry(_is_text, "the version of a program"),
    "config": Entry(lambda v: _is_mapping(v, _is_text) and v.keys() >= {"name", "text"}, "name and text of a config"),
    "files": Entry(lambda value: _is_mapping(value, _is_text), "data files by name"),
    "set": Entry(lambda value: _is_mapping(value, _is_number), "numbers by key"),
    "asked": Entry(_is_count, "a number of epochs"),
    "made": Entry(_is_count, "a number of epochs"),
    "stopped": Entry(lambda value: isinstance(value, bool), "true or false"),
    "rounding": Entry(lambda value: value is None or isinstance(value, str), "null, or a rounding such as 4 or 4sf"),
    "executor": Entry(_is_text, "the name of an executor"),
    "arrays": Entry(_are_names, "a list of names, each once"),
    "rest": Entry(_are_names, "a list of names, each once"),
}


def from_data(
    data: Any, moments: Any, files: Callable[[Mapping[str, str]], Files], name: str, newest: int = VERSION
) -> Header:
    """The header that JSON states.

    Args:
        data: what stands in the file as the header.
        moments: the recorded updates, as in ``moments_data``.
        files: gives the data files for what stands for them.
        name: the file's name, for errors.
        newest: the newest version that is known.

    Raises:
        ConfigError: it is none.
    """
    check_format(data, name, newest)
    for key, entry in ENTRIES.items():
        if key not in data or not entry.fits(data[key]):
            got = "it is missing" if key not in data else f"got {shortened(repr(data[key]), 40)}"
            raise refused(name, f'as "{key}" {entry.expected} is expected, {got}')
    stated = Stated(data["config"]["name"], data["config"]["text"], files(data["files"]))
    return Header(
        Origin(stated, {key: float(number) for key, number in data["set"].items()}, data["asked"], data["program"]),
        Rounding.parse(data["rounding"]) if data["rounding"] is not None else None,
        data["executor"],
        data["made"],
        data["stopped"],
        tuple(data["arrays"]),
        tuple(data["rest"]),
        dict(_moments(moments, name)),
    )


def check_format(data: Any, name: str, newest: int) -> None:
    """Refuse what is no trace, or of a version that is not known yet."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        message = f'"{shortened(name)}" is no saved trace'
        raise ConfigError(Fault(message, hint='trace.save("t.npz") or backtrace run CONFIG -o t.npz saves one'))
    version: Any = data.get("version")
    if not _is_count(version) or version > newest:
        newer = _is_number(version) and version > newest
        known = " and ".join(map(str, range(1, newest + 1)))
        message = f"its format is of version {shortened(repr(version), 20)}; this program reads version {known}"
        hint = "it was made by a newer program: install a newer backtrace" if newer else REPAIR
        raise refused(name, message, hint)


def _moments(data: Any, name: str) -> Iterator[tuple[Moment, Batch]]:
    """The recorded updates in order, each once."""
    if not isinstance(data, list) or not data:
        raise refused(name, "no epoch is recorded in it")
    before = Moment(0)
    for entry in data:
        parts = entry if isinstance(entry, dict) else {}
        samples = parts.get("samples", [])
        counts: list[Any] = [parts.get("epoch"), parts.get("step"), *(samples if isinstance(samples, list) else [None])]
        if not all(map(_is_count, counts)):
            raise refused(name, f"after epoch {before.epoch} an epoch is expected with numbers for epoch and step")
        moment = Moment(counts[0], counts[1])
        if moment <= before:
            raise refused(name, f"epoch {moment.epoch}, step {moment.update} stands behind a later one")
        yield moment, tuple(sample - 1 for sample in counts[2:])
        before = moment


def unpacked(texts: Mapping[str, str], name: str) -> dict[str, bytes]:
    """Data files from their texts, within the bound of all data."""
    room, found = LARGEST_DATA, {}
    for file, text in texts.items():
        try:
            stream = zlib.decompressobj()
            found[file] = stream.decompress(base64.b64decode(text, validate=True), room + 1)
        except (zlib.error, binascii.Error, ValueError):
            raise refused(name, f'its data file "{shortened(file)}" is damaged') from None
        room -= len(found[file])
        if room < 0:
            raise refused(name, f"its data files are more than {LARGEST_DATA >> 20} MB", "take fewer samples")
        if not stream.eof:
            raise refused(name, f'its data file "{shortened(file)}" is cut off')
    return found
