"""From a config's file to its graph, or to everything that is wrong with it, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import Final

from backtrace.build import build
from backtrace.config import TOGETHER, OptimizerSpec, RefusedError, read
from backtrace.errors import ConfigError, Fault
from backtrace.graph import Graph
from backtrace.layers import loss_faults

SOUND: Final = frozenset(
    ("inputs", "targets", "parameters", "layers", "equations", "functions", "steps", "report", "reduce", "batch_size")
).union({TOGETHER})
"""The keys whose values everything else depends on."""


def build_file(path: str | PathLike[str]) -> Graph:
    """The graph of a config's file.

    Raises:
        FileError: the file cannot be read.
        ConfigError: everything that is wrong with it, from its syntax to its shapes.
    """
    try:
        config = read(path)
    except RefusedError as error:
        raise in_full(error) from None
    return build(config)


def in_full(error: RefusedError) -> ConfigError:
    """A refusal with what else is wrong."""
    taken = {(fault.place.line, fault.place.column) for fault in error.faults if fault.place}
    more = [f for f in _further(error) if f.place and (f.place.line, f.place.column) not in taken]
    return ConfigError([*error.faults, *more])


def _further(error: RefusedError) -> Sequence[Fault]:
    """What else is wrong with a config that is refused: nothing that may follow from what is known."""
    if error.config.loss and not error.unsound.isdisjoint(SOUND):
        return loss_faults(error.config.loss) if "loss" not in error.unsound else ()
    if not error.unsound.isdisjoint(SOUND):
        return ()
    config = error.config
    if "optimizer" in error.unsound:  # a state that cannot be read is not unknown to the rule besides
        config = replace(config, optimizer=OptimizerSpec("sgd"))
    try:
        build(config)
    except ConfigError as found:
        return found.faults
    return ()
