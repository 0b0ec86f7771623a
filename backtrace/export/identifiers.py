"""Names of quantities as names that any programming language takes."""

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import Final

C_WORDS: Final = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register "
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while main printf "
    "argc argv atol puts row batch"
)
PYTHON_WORDS: Final = "print int len range sys epochs rows sample key value epoch update batches float enumerate stop"
RESERVED: Final = {*keyword.kwlist, *C_WORDS.split(), *PYTHON_WORDS.split()}
PLACES: Final = {"+": "_new", "#": "_s", "/": "_", "[": "_", ",": "_", "]": "", ".": "_"}
"""What becomes of the signs of a key."""


class Identifiers:
    """Gives each quantity a name of its own."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = RESERVED | taken

    def of(self, key: str) -> str:
        """The name for a key.

        >>> names = Identifiers({"exp"})
        >>> [names.of(key) for key in ("h1", "dE_tot/dU11", "U11+", "z1#2", "W[1,12]", "exp", "θ", "θ")]
        ['h1', 'dE_tot_dU11', 'U11_new', 'z1_s2', 'W_1_12', 'exp_', 'theta', 'theta_']
        """
        found = "".join(map(_plain, key))
        if not re.match(r"[A-Za-z]", found):
            found = f"q{found}"
        while found in self.taken:
            found += "_"
        self.taken.add(found)
        return found


def _plain(sign: str) -> str:
    """A character of a key in letters, digits and underscores: a letter of Greek by its name."""
    if sign in PLACES or (sign.isascii() and (sign.isalnum() or sign == "_")):
        return PLACES.get(sign, sign)
    name = unicodedata.name(sign, "")
    if name.startswith("GREEK") and " LETTER " in name:
        letter = name.rpartition(" LETTER ")[2].split()[0].lower()
        return letter.capitalize() if "CAPITAL" in name else letter
    return "_" if sign.isascii() else f"u{ord(sign):x}"
