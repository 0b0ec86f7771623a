"""What figures are compared with: files of any form, the numbers of a program, another trace."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from backtrace import yamlfile
from backtrace.comparison import csvfiles, expected, filled
from backtrace.comparison.expected import Expected, Figure, Symbol, reading
from backtrace.comparison.tolerances import TYPES
from backtrace.config.datafiles import LARGEST_TEXT
from backtrace.errors import ConfigError, Fault, FileError, Place, UsageError, shortened
from backtrace.expressions import Element
from backtrace.keys import Keys, Part
from backtrace.quantities import View
from backtrace.saved import BEGINNING, begins_saved, is_saved, load, loaded
from backtrace.trace import Trace
from backtrace.yamlfile import LARGEST_FILE, Node, files

Other: TypeAlias = "str | os.PathLike[str] | Trace | Mapping[str, Any] | Iterable[Figure]"
KINDS_OF_NUMBERS: Final = "iuf"
Symbols: TypeAlias = "str | os.PathLike[str] | Mapping[str, str]"


def figures_of(other: Other) -> Expected:
    """The figures of a file by its path, of a mapping by key, of another trace, or as they are.

    Raises:
        FileError, ConfigError: a file cannot be read, or is refused.
        UsageError: a value of a mapping is no figure and no list of them; with all faults.
    """
    if isinstance(other, Expected):
        return other
    if isinstance(other, str | os.PathLike):
        return read(other)
    if isinstance(other, Trace):
        return Expected(tuple(of_trace(other)))
    if isinstance(other, Mapping):
        return from_mapping(other)
    return Expected(tuple(other))


# ── files ──


def read(path: str | os.PathLike[str]) -> Expected:
    """Read an expected file, in YAML, JSON or CSV, the numbers of a saved trace, or a worksheet that was filled in."""
    name = os.fspath(path)
    if is_saved(name) and not csvfiles.is_csv(b"", name):
        return Expected(tuple(of_trace(load(name))))
    return from_bytes(files.read(name, LARGEST_TEXT), name)


def from_bytes(data: bytes, name: str) -> Expected:
    """The figures of a text in YAML, JSON or CSV (by its ending or first line), of a saved trace or a worksheet."""
    if csvfiles.is_csv(data, name):
        return csvfiles.figures(data, name)
    if begins_saved(data[:BEGINNING]):
        return Expected(tuple(of_trace(loaded(io.BytesIO(data), name))))
    text = _text(data, name)
    if filled.is_worksheet(text, name):
        return filled.figures(text, name)
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        hint = 'figures are written by key: h1: "0.51998934"'
        raise ConfigError(Fault("the file is empty", Place(name, 1, 1, ""), hint))
    return expected.figures(yamlfile.parse(text, name))


def _text(data: bytes, name: str) -> str:
    if len(data) > LARGEST_FILE:
        message = f'the file "{shortened(name)}" is larger than {LARGEST_FILE >> 10} kB'
        raise FileError(Fault(message, hint="so many figures can be read from CSV: epoch,key,value"))
    return files.decode(data, name)


def with_symbols(figures: Expected, symbols: Symbols | None) -> Expected:
    """The figures with names of another program; those of the figures' own file count more."""
    if symbols is None:
        return figures
    if isinstance(symbols, Mapping):
        found = tuple(_symbol(name, text) for name, text in symbols.items())
    else:
        found = expected.symbols(yamlfile.load(symbols))
    return replace(figures, symbols=(*found, *figures.symbols))


def _symbol(name: str, text: str) -> Symbol:
    return Symbol(name, text, Node("text", Place("symbols", 1, 1, text), text, text))


# ── numbers of a program ──


def from_mapping(values: Mapping[str, Any]) -> Expected:
    """Figures by key: texts as printed, numbers and arrays as computed; a mapping within is under a heading.

    >>> [(f.key, f.value, f.digits, f.type) for f in from_mapping({"h": [0.51, "0.52"], "z1": 1}).figures]
    [('h', 0.51, 17, 'float64'), ('h', 0.52, 2, ''), ('z1', 1.0, 17, 'float64')]
    """
    faults: list[Fault] = []
    found = tuple(_figures(values, _Under(), faults))
    if faults:
        raise UsageError(faults)
    return Expected(found)


class _Under(NamedTuple):
    """The headings above a value."""

    heading: str = ""
    epoch: int | None = None
    update: int | None = None

    def below(self, name: str) -> _Under:
        """Under one heading more, which may be of an epoch."""
        heading = f"{self.heading}, {name}" if self.heading else name
        moment = expected.EPOCH.fullmatch(name)
        own = [int(part) if part else None for part in moment.groups()] if moment else [self.epoch, self.update]
        return _Under(heading, *own)


def _figures(values: Mapping[str, Any], under: _Under, faults: list[Fault]) -> Iterator[Figure]:
    for key, value in values.items():
        try:
            if isinstance(value, Mapping):
                yield from _figures(value, under.below(str(key)), faults)
            else:
                yield from _of_value(str(key), value, under)
        except ValueError as error:
            faults.append(Fault(f'"{shortened(str(key))}" is {error}', hint="a number, a text as printed, or an array"))


def _of_value(key: str, value: Any, under: _Under) -> Iterator[Figure]:
    """The figures of a number, a text, a list of them or an array.

    Raises:
        ValueError: it has none, or rows of several lengths.
    """
    # texts among the numbers of a list must stay texts
    array = np.asarray(value, dtype=object if isinstance(value, str | list | tuple) else None)
    if not array.size:
        raise ValueError("an empty array")
    if array.dtype.kind in KINDS_OF_NUMBERS:
        yield from computed(key, array, str(array.dtype), under)
        return
    for index, one in np.ndenumerate(array):
        if isinstance(one, str):
            yield _printed(key, one, under, index)
        elif isinstance(one, Real) and not isinstance(one, bool):
            yield from computed(key, np.asarray(one), str(np.asarray(one).dtype), under, index)
        else:
            what = "a list of rows of several lengths" if isinstance(one, list | tuple) else shortened(str(one))
            raise ValueError(f"no figure but {what}")


def _printed(key: str, text: str, under: _Under, index: tuple[int, ...]) -> Figure:
    says = reading(text)
    if says is None:
        raise ValueError(f'no figure but the text "{shortened(text)}"')
    return Figure(key, text.strip(), *says, under.epoch, under.heading, index=index, update=under.update)


def computed(key: str, array: npt.NDArray[Any], type: str, under: _Under, at: tuple[int, ...] = ()) -> Iterator[Figure]:
    """Figures that a program computed in a type: the unit of each is the gap to the next number there."""
    name = type if type in TYPES else "float64"
    known, values = TYPES[name], array.astype(float)
    sizes = np.where(np.isfinite(values) & (values != 0), np.abs(values), np.nan)
    units = np.nan_to_num(known.epsilon * np.exp2(np.floor(np.log2(sizes)))).ravel().tolist()
    indexes = np.ndindex(array.shape) if array.ndim else [at]
    for index, value, unit in zip(indexes, values.ravel().tolist(), units, strict=True):
        text = repr(value) if name == "float64" else f"{value:.{known.digits}g}"
        yield Figure(
            key, text, value, unit, known.digits, under.epoch, under.heading, None, None, index, under.update, name
        )


# ── another trace ──


def of_trace(trace: Trace) -> Iterator[Figure]:
    """Every number of the recorded epochs of another trace."""
    several = trace.graph.updates_per_epoch > 1
    for view in trace.epochs:
        under = _Under(epoch=view.epoch, update=view.update if several else None)
        for name in _recorded(view):
            yield from _of_array(view, name, under)


def _recorded(view: View) -> Iterator[str]:
    graph = view.graph
    shown = [equation.name for equation in graph.shown]
    yield from (*graph.givens, *shown, *(equation.name for equation in graph.gradients))
    yield from (equation.name for equation in graph.updates if not equation.hidden)
    yield from (f"{name}+" for name in shown if graph.trained)


def _of_array(view: View, name: str, under: _Under) -> Iterator[Figure]:
    """The numbers of an array under its own key, or each under its own where the array has none."""
    keys, values = view.keys, np.asarray(view.value(Part(name)))
    key = keys.text(Part(name))
    if _is_key_of(keys, key, view, values):
        yield from computed(key, values, "float64", under)
        return
    types = view.graph.types
    lead = int((types[name] if name in types else types[name.removesuffix("+")]).sampled)
    for index, value in np.ndenumerate(values):
        element = Element(name, index[lead:], index[0] if lead else None)
        yield from computed(keys.text(element), np.asarray(value), "float64", under)


def _is_key_of(keys: Keys, key: str, view: View, values: Any) -> bool:
    """Whether a key names the whole of an array."""
    target = keys.find(key)
    return target is not None and np.array_equal(view.value(target), values, equal_nan=True)
