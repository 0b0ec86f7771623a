"""Sheets that are right, but worked under another convention than the config states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Final

from tests.planted.networks import Network, drawn
from tests.planted.printing import Printed, key, printed
from tests.planted.sheet import Place, Sheet, old_value
from tests.planted.slips import ROWS, Plant, Row
from tests.planted.trials import Draw, Trial

BACK: Final = frozenset({"e", "delta", "g", "dW", "db"})
"""The kinds of derivatives of the objective."""

NAMES: Final[Mapping[str, frozenset[str]]] = {
    "half": frozenset({"half"}),
    "mean or sum": frozenset({"mean"}),
    "sign of delta": frozenset({"delta-sign"}),
    "sign of gradients": frozenset({"gradient-sign"}),
    "step for gradient": frozenset({"step", "rate"}),
    "transposed": frozenset({"transposed"}),
    "biases fixed": frozenset({"biases-fixed"}),
    "new weights": frozenset({"new-weights"}),
    "epochs from 0": frozenset({"epoch+1"}),
    "epochs from 2": frozenset({"epoch-1"}),
}
"""What is planted, and the names of the program that are right for it."""


def another_network(change: Callable[[Network], Network | None]) -> Draw:
    """Sheets of a network that differs from the config's."""

    def draw(random: Random, digits: int, short: bool) -> Trial | None:
        network = drawn(random)
        other = change(network)
        return _trial(network, printed(Sheet(other), digits, short), digits, short) if other else None

    return draw


def without_half(network: Network) -> Network | None:
    """Half the squared error taken for the whole."""
    return replace(network, loss="squared_error") if network.loss == "half_squared_error" else None


def mean_or_sum(network: Network) -> Network | None:
    """The samples averaged where the config adds them, and the other way round."""
    return replace(network, mean=not network.mean) if network.samples > 1 else None


def rescaled(kinds: frozenset[str], factor: Callable[[Network], float]) -> Draw:
    """Sheets that print some kinds of numbers times a factor and use them without it."""

    def draw(random: Random, digits: int, short: bool) -> Trial | None:
        network = drawn(random)
        sheet = Sheet(network)
        for place in sheet.printed:
            if place.kind in kinds:
                sheet.printed[place] *= factor(network)
        return _trial(network, printed(sheet, digits, short), digits, short)

    return draw


def transposed(random: Random, digits: int, short: bool) -> Trial | None:
    """Sheets whose square matrices have rows for columns."""
    network = drawn(random)
    if not all(map(network.square, range(network.depth))):
        return None
    sheet = Sheet(network)
    matrices = {place: value for place, value in sheet.printed.items() if place.kind in ("dW", "W+")}
    sheet.printed |= {place._replace(i=place.j, j=place.i): value for place, value in matrices.items()}
    return _trial(network, printed(sheet, digits, short), digits, short)


def biases_fixed(random: Random, digits: int, short: bool) -> Trial | None:
    """Sheets that update the weights alone."""
    network = drawn(random)
    if not network.biases:
        return None
    row = Row("biases-fixed", "b+", old_value, everywhere=True)
    figures = printed(Sheet(network, Plant(row, Place("b+"), whole=True)), digits, short)
    gradients = {key(network, place) for place in Sheet(network).printed if place.kind == "db"}
    kept = {name: text for name, text in figures.items() if name not in gradients}
    return _trial(network, kept, digits, short)


def new_weights(random: Random, digits: int, short: bool) -> Trial | None:
    """Sheets that send the error back through weights that are updated already."""
    network = drawn(random)
    row = next(row for row in ROWS if row.everywhere)
    return _trial(network, printed(Sheet(network, Plant(row, Place("g"), whole=True)), digits, short), digits, short)


def counted_from(first: int) -> Draw:
    """Sheets that call their epochs 0 and 1, or 2 and 3, as far as that can be written: two of them."""

    def draw(random: Random, digits: int, short: bool) -> Trial | None:
        network = drawn(random, epochs=3 if first else 2)
        by = 1 if first else -1
        sheet = Sheet(replace(network, epochs=3))
        moved = {place._replace(epoch=place.epoch + by): value for place, value in sheet.printed.items()}
        sheet.network = network
        sheet.printed = {place: value for place, value in moved.items() if 0 <= place.epoch < network.epochs}
        return _trial(network, printed(sheet, digits, short), digits, short)

    return draw


def _trial(network: Network, figures: Printed, digits: int, short: bool) -> Trial | None:
    """The sheet, if more than two of its figures are not those of the config."""
    right = printed(Sheet(network), digits, short)
    differ = sum(right[name] != text for name, text in figures.items())
    return Trial("convention", network, figures, frozenset()) if differ > 2 else None


DRAWS: Final[Mapping[str, Draw]] = {
    "half": another_network(without_half),
    "mean or sum": another_network(mean_or_sum),
    "sign of delta": rescaled(frozenset({"e", "delta", "g"}), lambda network: -1.0),
    "sign of gradients": rescaled(BACK, lambda network: -1.0),
    "step for gradient": rescaled(frozenset({"dW", "db"}), lambda network: -network.rate),
    "transposed": transposed,
    "biases fixed": biases_fixed,
    "new weights": new_weights,
    "epochs from 0": counted_from(0),
    "epochs from 2": counted_from(2),
}
"""How a sheet under each convention is drawn."""
