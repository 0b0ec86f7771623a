"""A sheet as a person writes it down: keys, so many significant digits, and slips of the pen."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tests.planted.networks import Network
from tests.planted.sheet import Place, Sheet

Printed = dict[str, str]
"""Figures by key."""

SHORT: Final = frozenset({"z", "h", "E", "S", "L", "dW", "db", "W+", "b+", "E+"})
"""What stands on a sheet without the derivatives between the error and the weights."""
STATE: Final = {"velocity": "v", "m": "m", "v": "v", "m_hat": "m_hat", "v_hat": "v_hat"}


def key(network: Network, p: Place) -> str:
    """The key of a place in the program's names."""
    sample = f"#{p.sample + 1}" if network.samples > 1 and p.kind in SAMPLED else ""
    text = _bare(network, p)
    if p.kind == "d":  # both ends of a link are of the sample
        text = text.replace("/", f"{sample}/")
    return text + sample + (f"@{p.epoch + 1}" if network.epochs > 1 else "")


SAMPLED: Final = frozenset({"z", "h", "E", "S", "e", "d", "delta", "g"})
"""What every sample has of its own."""


def _bare(network: Network, p: Place) -> str:
    pre, out, weights, biases = network.names
    i, j = p.i + 1, p.j + 1
    layer, top = p.layer, out[-1]
    weight = f"{weights[layer]}{i}{j}"
    bias = f"{biases[layer]}{j}"
    return {
        "z": f"{pre[layer]}{j}",
        "h": f"{out[layer]}{j}",
        "E": f"E{j}",
        "S": "E_tot",
        "L": "E_tot",
        "e": f"dE_tot/d{top}{j}",
        "d": f"d{out[layer]}{i}/d{pre[layer]}{j}",
        "delta": f"dE_tot/d{pre[layer]}{j}",
        "g": f"dE_tot/d{out[layer]}{j}",
        "dW": f"dE_tot/d{weight}",
        "db": f"dE_tot/d{bias}",
        "W+": f"{weight}+",
        "b+": f"{bias}+",
        "E+": "E_tot+",
        **{kind: f"{name}.{weight}" + "+" * (kind in ("velocity", "m", "v")) for kind, name in STATE.items()},
    }[p.kind]


def printed(sheet: Sheet, digits: int, short: bool) -> Printed:
    """The figures of a sheet, of the epochs that the network has."""
    found = {}
    for place, value in sheet.printed.items():
        if not short or place.kind in SHORT | set(STATE):
            found[key(sheet.network, place)] = figure(value, digits)
    return found


def figure(value: float, digits: int) -> str:
    """A number with so many significant digits, trailing zeros and all.

    >>> figure(0.05, 3), figure(-12.3456, 4), figure(0.0, 3)
    ('0.0500', '-12.35', '0.000')
    """
    return f"{value:#.{digits}g}" if value else f"{0:.{digits}f}"


# ── slips of the pen ──


def _moved_point(text: str, random: Random) -> str:
    return f"{float(text) * random.choice((0.1, 10)):#.{_digits(text)}g}"


def _exchanged(text: str, random: Random) -> str:
    at = [k for k in _significant(text)[:-1] if text[k + 1].isdigit() and text[k] != text[k + 1]]
    if not at:
        return text
    k = random.choice(at)
    return text[:k] + text[k + 1] + text[k] + text[k + 2 :]


def _dropped(text: str, random: Random) -> str:
    k = random.choice([k for k in _significant(text)[:-1] if k > text.find(".")] or [0])
    return text[:k] + text[k + 1 :] if k else text


def _repeated(text: str, random: Random) -> str:
    k = random.choice([k for k in _significant(text)[:-1] if k > text.find(".")] or [0])
    return text[:k] + text[k] + text[k:] if k else text


def _unsigned(text: str, random: Random) -> str:
    return text.removeprefix("-")


def _significant(text: str) -> list[int]:
    """Where the significant digits stand."""
    mantissa = text.partition("e")[0]
    first = next((k for k, letter in enumerate(mantissa) if letter in "123456789"), len(mantissa))
    return [k for k in range(first, len(mantissa)) if mantissa[k].isdigit()]


def _digits(text: str) -> int:
    return len(_significant(text))


PEN: Final[dict[str, Callable[[str, Random], str]]] = {
    "decimal-point": _moved_point,
    "digits-exchanged": _exchanged,
    "digit-dropped": _dropped,
    "digit-repeated": _repeated,
    "sign-lost": _unsigned,
}
"""What a slip of the pen makes of a figure."""
