"""What other notations call a quantity: patterns of names, each with the key that it stands for.

They are tried where a text is no key, so that the names of the user always win.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple


class Of(Enum):
    """What a notation must be about for a reader to take it for sure."""

    ANYTHING = "anything"
    PARAMETER = "a parameter that is trained"
    UNIT = "a pre-activation, or what is made of one"


class Alias(NamedTuple):
    """A notation: its pattern with one group that is not empty, what that must name, and the keys it stands for.

    In a key ``{x}`` is what the group names, ``{pre}`` its pre-activation, ``{objective}`` the objective.
    """

    pattern: re.Pattern[str]
    of: Of
    keys: tuple[str, ...]

    def named(self, text: str) -> str | None:
        """What the notation is about."""
        found = self.pattern.fullmatch(text)
        return next(filter(None, found.groups())) if found else None


NEW: Final = "{x}+"
GRADIENT: Final = "d{objective}/d{x}"
DELTA: Final = "d{objective}/d{pre}"
PRIME: Final = re.compile(r"(.+)['′’]")
ERROR_OF: Final = re.compile(r"(?:delta|δ)(?:\((.+)\)|_?([^(\d].*))")

ALIASES: Final = (
    Alias(PRIME, Of.PARAMETER, (NEW,)),
    Alias(re.compile(r"(.+)(?:_new|\(new\))|new_(.+)"), Of.ANYTHING, (NEW,)),
    Alias(re.compile(r"grad\((.+)\)|grad_(.+)|(.+)\.grad|∇(.+)"), Of.ANYTHING, (GRADIENT,)),
    Alias(ERROR_OF, Of.UNIT, (DELTA,)),
    Alias(re.compile(r"d(.+)"), Of.ANYTHING, (GRADIENT,)),
)
"""The notations that mean one thing, the first that fits."""

DOUBTFUL: Final = (
    # of a computed quantity a stroke may mean its new value, or the derivative of the activation
    Alias(PRIME, Of.UNIT, (NEW, "local({x},{pre})")),
    Alias(PRIME, Of.ANYTHING, (NEW,)),
    # some write delta for the step of a weight, or for the derivative by an activation itself
    Alias(ERROR_OF, Of.ANYTHING, (GRADIENT, NEW)),
)
"""The notations that may mean more than one thing, or another: their readings make the hint."""

NUMBERED: Final = re.compile(r"(?:delta|δ)_?(\d+)")
"""The delta of a number: of a unit in any of the layers, or of a layer."""
