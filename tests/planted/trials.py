"""Draws sheets with one slip each, and asks the program what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final

import backtrace
from backtrace.comparison import Diff, Figure
from backtrace.comparison.expected import reading
from backtrace.config import from_document
from backtrace.trace import run
from backtrace.yamlfile import parse
from tests.planted.networks import Network, drawn
from tests.planted.printing import PEN, Printed, printed
from tests.planted.sheet import RIGHT, Place, Sheet, places
from tests.planted.slips import ROWS, Plant, Row, acceptable

TRIES: Final = 400
"""So many networks are drawn until a slip shows."""
VISIBLE: Final = 5.0
"""A wrong number must be so many units of its last place away from the right one: ten tolerances."""
IMPOSSIBLE: Final = (ValueError, ZeroDivisionError, OverflowError)
"""What a slip may lead to: the logarithm of a negative number and the like."""
ARBITRARY: Final = "arbitrary"
"""No slip: a number that is wrong for no reason."""


@dataclass(frozen=True)
class Trial:
    """A network, the figures of a sheet, and the ids of which one must be named; none: no slip may be."""

    id: str
    network: Network
    figures: Printed
    answers: frozenset[str]

    def diff(self) -> Diff:
        """What the program says of the figures."""
        config = from_document(parse(self.network.config(), "planted.yaml"))
        trace = run(config, keep=range(1, self.network.epochs + 1))
        return backtrace.diff(trace, list(self.expected()))

    def expected(self) -> Iterator[Figure]:
        """The figures as the program reads them."""
        for key, text in self.figures.items():
            says = reading(text)
            assert says
            yield Figure(key, text, *says)


Draw = Callable[[Random, int, bool], Trial | None]


def clean(random: Random, digits: int, short: bool) -> Trial:
    """A sheet without a slip."""
    network = drawn(random)
    return Trial("none", network, printed(Sheet(network), digits, short), frozenset())


def planted(row: Row) -> Draw:
    """Sheets with the slip of a row."""

    def draw(random: Random, digits: int, short: bool) -> Trial | None:
        epochs = 1 if row.optimizer == "sgd" else 2
        network = drawn(random, optimizer=row.optimizer, epochs=epochs)
        place = _place(network, row, random)
        if place is None:
            return None
        plant = Plant(row, place, row.tensor or random.random() < 0.5)
        return _shown(row.id, network, Sheet(network, plant), digits, short)

    return draw


def arbitrary(random: Random, digits: int, short: bool) -> Trial | None:
    """Sheets with one number that is wrong by a random factor."""
    factor = random.uniform(0.5, 2)
    kind = random.choice([kind for kind in RIGHT if kind not in UNPRINTED])
    row = Row(ARBITRARY, kind, lambda c, p: factor * RIGHT[p.kind](c, p))
    network = drawn(random)
    place = _place(network, row, random)
    sheet = Sheet(network, Plant(row, place, whole=False)) if place else None
    found = _shown(ARBITRARY, network, sheet, digits, short) if sheet else None
    return replace(found, answers=frozenset()) if found else None


UNPRINTED: Final = frozenset({"velocity", "m", "v", "m_hat", "v_hat", "E+"})


def pen(id: str) -> Draw:
    """Sheets with a slip of the pen."""

    def draw(random: Random, digits: int, short: bool) -> Trial | None:
        trial = clean(random, digits, short)
        key = random.choice(list(trial.figures))
        wrong = PEN[id](trial.figures[key], random)
        return _rewritten(trial, id, {key: wrong})

    return draw


def neighbours_value(random: Random, digits: int, short: bool) -> Trial | None:
    """Sheets with a figure copied from the next line."""
    trial = clean(random, digits, short)
    keys = list(trial.figures)
    at = random.randrange(len(keys) - 1)
    return _rewritten(trial, "neighbours-value", {keys[at]: trial.figures[keys[at + 1]]})


BY_PEN: Final = {"sign-lost": {"sign"}, "neighbours-value": {"neighbour"}}
"""Slips of calculation that are the same as a slip of the pen."""


def _rewritten(trial: Trial, id: str, wrong: Mapping[str, str]) -> Trial | None:
    answers = frozenset({id} | BY_PEN.get(id, set()))
    visible = any(_apart(text, trial.figures[key]) for key, text in wrong.items())
    return replace(trial, id=id, figures={**trial.figures, **wrong}, answers=answers) if visible else None


def targets_exchanged(random: Random, digits: int, short: bool) -> Trial | None:
    """Sheets calculated with the targets of another output or another sample."""
    network = drawn(random)
    targets = network.targets
    other = targets[1:] + targets[:1] if network.samples > 1 else [row[::-1] for row in targets]
    return _shown("targets-exchanged", network, Sheet(replace(network, targets=other)), digits, short)


def epochs_off(id: str, by: int) -> Draw:
    """Sheets whose second epoch is in truth the first or the third."""

    def draw(random: Random, digits: int, short: bool) -> Trial | None:
        network = drawn(random, epochs=2)
        sheet = Sheet(replace(network, epochs=3))
        moved = {place._replace(epoch=1): value for place, value in sheet.printed.items() if place.epoch == 1 + by}
        first = {place: value for place, value in sheet.printed.items() if place.epoch == 0}
        sheet.network, sheet.printed = network, first | moved if by > 0 else moved
        return _shown(id, network, sheet, digits, short)

    return draw


PROCEDURES: Final[Mapping[str, Draw]] = {
    "targets-exchanged": targets_exchanged,
    "one-epoch-more": epochs_off("one-epoch-more", 1),
    "one-epoch-fewer": epochs_off("one-epoch-fewer", -1),
}


def sources() -> Iterator[tuple[str, Draw]]:
    """All that can be planted: its name, and how a sheet with it is drawn."""
    for row in ROWS:
        yield f"{row.kind}: {row.id}" if not row.everywhere else f"procedure: {row.id}", planted(row)
    for id, draw in PROCEDURES.items():
        yield f"procedure: {id}", draw
    for id in PEN:
        yield f"pen: {id}", pen(id)
    yield "pen: neighbours-value", neighbours_value


def trial(draw: Draw, random: Random, digits: int, short: bool) -> Trial | None:
    """The next sheet on which the slip shows; None where it never does."""
    for _ in range(TRIES):
        try:
            found = draw(random, digits, short)
        except IMPOSSIBLE:
            continue
        if found:
            return found
    return None


def smallest(draw: Draw, random: Random, digits: int, short: bool, of: int = 5) -> Trial | None:
    """Of several sheets the one with the fewest figures, for tests that must be fast."""
    found = [one for _ in range(of) if (one := trial(draw, random, digits, short))]
    return min(found, key=lambda one: len(one.figures), default=None)


def _place(network: Network, row: Row, random: Random) -> Place | None:
    """A place for the slip of a row; of optimizers in the second epoch, where it shows."""
    found = [
        place
        for place in places(network, network.epochs - 1)
        if place.kind == row.kind and row.where(network, place.layer)
    ]
    return random.choice(found) if found else None


def _shown(id: str, network: Network, sheet: Sheet, digits: int, short: bool) -> Trial | None:
    """The sheet as a trial, if what is wrong shows at its digits."""
    figures = printed(sheet, digits, short)
    right = printed(Sheet(network), digits, short)
    if not any(_apart(text, right[key]) for key, text in figures.items()):
        return None
    if isinstance(sheet.slip, Plant) and not short and not _tells(sheet, sheet.slip, digits):
        return None
    kind = sheet.slip.row.kind if isinstance(sheet.slip, Plant) else "E"
    return Trial(id, network, figures, acceptable(id, kind))


def _tells(sheet: Sheet, slip: Plant, digits: int) -> bool:
    """Whether a wrong number is far enough from what is right given the numbers above it."""
    for place, value in sheet.printed.items():
        sheet.epoch = place.epoch
        if slip.at(place) and _far(value, RIGHT[place.kind](sheet, place), digits):
            return True
    return False


def _apart(text: str, other: str) -> bool:
    """Whether two figures differ by ten tolerances of the first."""
    says, right = reading(text), reading(other)
    assert says
    assert right
    return abs(says.value - right.value) >= 2 * VISIBLE * says.unit / 2


def _far(value: float, right: float, digits: int) -> bool:
    says = reading(f"{value:#.{digits}g}")
    assert says
    return abs(value - right) >= VISIBLE * says.unit
