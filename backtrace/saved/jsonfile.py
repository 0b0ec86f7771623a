"""A trace as JSON: an array a line under its name, numbers in full, written piece by piece."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from backtrace.errors import Fault, FileError, Place, UsageError, shortened
from backtrace.executor import Arrays
from backtrace.saved.header import from_data, header_of, moment_data, packed, refused, to_data, unpacked
from backtrace.saved.rebuilding import Plan, Shape
from backtrace.schedule import Moment
from backtrace.trace import Trace

MOST_NUMBERS: Final = 5_000_000
"""So many may be written: all of a JSON file is in memory at once when it is read."""
LARGEST: Final = 256 * 1024 * 1024
BLOCK: Final = 10_000
NOT_FINITE: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
"""How JSON, which has no such numbers, writes them: as texts."""


# ── writing ──


def pages(trace: Trace, layout: object = None) -> Iterator[str]:
    """The whole trace, piece by piece; what a page would leave out is here too.

    Raises:
        UsageError: it is too large for JSON.
    """
    header = header_of(trace)
    data = to_data(header, packed(header.origin.stated.files))
    _check_size(Plan(header, trace.graph, ""))
    yield "{\n" + "".join(f"  {_text(key)}: {_text(value)},\n" for key, value in data.items())
    yield from ('  "losses": ', *_array(trace.losses), ',\n  "epochs": [')
    for number, (moment, batch) in enumerate(header.moments.items()):
        entries = (f"{_text(key)}: {_text(value)}" for key, value in moment_data(moment, batch).items())
        yield f'{"," * bool(number)}\n    {{{", ".join(entries)}, "values": {{'
        for place, (name, array) in enumerate(trace.recording.records[moment].items()):
            yield f"{',' * bool(place)}\n      {_text(name)}: "
            yield from _array(array)
        yield "\n    }}"
    yield "\n  ]\n}\n"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check_size(plan: Plan) -> None:
    """Refuse more numbers than are read again, by the shapes of the config: no record is made for that."""
    count = sum(plan.form(batch).count for batch in plan.header.moments.values())
    if count > MOST_NUMBERS:
        message = f"this trace has {count:,} numbers, and JSON of more than {MOST_NUMBERS:,} is not read again"
        raise UsageError(Fault(message, hint="save it as npz or csv"))


def _array(array: npt.NDArray[Any]) -> Iterator[str]:
    """An array as lists within lists."""
    if array.ndim == 0:
        yield _number(array.item())
    elif array.ndim == 1:
        yield "["
        for at in range(0, len(array), BLOCK):
            yield ", " * bool(at) + _row(array[at : at + BLOCK])
        yield "]"
    else:
        yield "["
        for at, part in enumerate(array):
            yield ", " * bool(at)
            yield from _array(part)
        yield "]"


def _row(array: npt.NDArray[Any]) -> str:
    numbers = array.tolist()
    if np.all(np.isfinite(array)):
        return repr(numbers)[1:-1]
    return ", ".join(map(_number, numbers))


def _number(number: float) -> str:
    return repr(number) if math.isfinite(number) else f'"{number}"'


# ── reading ──


def read(file: BinaryIO, name: str) -> Trace:
    """The trace of a JSON file.

    Raises:
        ConfigError: it holds none, or is damaged.
        FileError: it is too large.
    """
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        message = f'the file "{shortened(name)}" is larger than {LARGEST >> 20} MB'
        raise FileError(Fault(message, hint="so large a trace is kept as npz"))
    found = _parsed(data, name)
    moments = found.get("epochs") if isinstance(found, dict) else None
    plan = Plan.of(from_data(found, moments, partial(unpacked, name=name), name), name)
    losses = _values(found.get("losses"), (plan.header.made,), name, "losses")
    records = dict(_records(plan, found["epochs"], name))
    return plan.trace(records, losses)


def _parsed(data: bytes, name: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        line = error.doc[error.doc.rfind("\n", 0, error.pos) + 1 :].partition("\n")[0]
        place = Place(name, error.lineno, error.colno, line)
        cut_off = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")
        what = "the file ends in the middle of the trace" if cut_off else f"this is no JSON: {error.msg}"
        raise refused(name, what, place=place) from None
    except (ValueError, RecursionError):
        raise refused(name, "it is no JSON") from None


def _records(plan: Plan, entries: list[Mapping[str, Any]], name: str) -> Iterator[tuple[Moment, Arrays]]:
    for entry, (moment, batch) in zip(entries, plan.header.moments.items(), strict=True):
        where = f"epoch {moment.epoch}, step {moment.update}"
        values = entry.get("values")
        if not isinstance(values, dict):
            raise refused(name, f"{where} has no values")
        shapes = plan.form(batch).shapes
        unknown = next((key for key in values if key not in shapes), None)
        if unknown is not None:
            raise refused(name, f'{where} has "{shortened(unknown)}", which the header does not list')
        yield moment, {key: _values(values.get(key), shapes[key], name, f"{key} of {where}") for key in shapes}


def _values(value: Any, shape: Shape, name: str, what: str) -> npt.NDArray[np.float64]:
    """An array from lists within lists, of the shape that the config gives it."""
    flat: list[Any] = []
    if value is None or not _collect(value, shape, flat):
        wanted = f"{'x'.join(map(str, shape))} numbers" if shape else "a number"
        got = "nothing" if value is None else shortened(repr(value)[:200], 40)
        hint = f"its config gives {what.partition(' of ')[0]} that shape: the file was changed"
        raise refused(name, f"{shortened(what)}: {wanted} expected, got {got}", hint)
    try:
        numbers = flat if set(map(type, flat)) <= {float, int} else list(map(_read_number, flat))
        return np.array(numbers, dtype=np.float64).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise refused(name, f"{shortened(what)}: {error}") from None


def _collect(value: Any, shape: Shape, flat: list[Any]) -> bool:
    """Put the numbers of nested lists into a flat one; whether they have that shape."""
    if not shape:
        flat.append(value)
        return not isinstance(value, list)
    if not isinstance(value, list) or len(value) != shape[0]:
        return False
    if len(shape) == 1:
        flat += value
        return True
    return all(_collect(part, shape[1:], flat) for part in value)


def _read_number(value: Any) -> float:
    """A number, or the text of one that is not finite.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    raise ValueError(f"a number is expected, got {shortened(repr(value), 40)}")
