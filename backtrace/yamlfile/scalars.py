"""The kinds and values of plain scalars in the core schema of YAML 1.2, as tables."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from backtrace.yamlfile.nodes import Kind, Scalar

WORDS: dict[str, tuple[Kind, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", None)),
    **dict.fromkeys(("true", "True", "TRUE"), ("boolean", True)),
    **dict.fromkeys(("false", "False", "FALSE"), ("boolean", False)),
}
LARGEST_WHOLE = int(sys.float_info.max)
# Python refuses whole numbers from 4,300 digits; the largest float has 309.
LONGEST_WHOLE = 400


def _whole(text: str, base: int) -> int | float:
    """A whole number; infinite where no float is as large, as 1e999 is."""
    if len(text) > LONGEST_WHOLE:
        return float(text) if base == 10 else float("inf")
    value = int(text, base)
    return value if abs(value) <= LARGEST_WHOLE else float("inf") * (1 if value > 0 else -1)


NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), lambda text: _whole(text, 10)),
    (re.compile(r"0o[0-7]+"), lambda text: _whole(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: _whole(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(nan|NaN|NAN)"), lambda text: float("nan")),
)


def resolve(text: str) -> tuple[Kind, Scalar]:
    """The kind and the value of a plain scalar in the core schema of YAML 1.2.

    >>> resolve("1e-3"), resolve("no"), resolve("~")
    (('number', 0.001), ('text', 'no'), ('null', None))
    """
    if text in WORDS:
        return WORDS[text]
    for pattern, read in NUMBERS:
        if pattern.fullmatch(text):
            return "number", read(text)
    return "text", text


CORE_TAGS: dict[str, Kind] = {
    "tag:yaml.org,2002:null": "null",
    "tag:yaml.org,2002:bool": "boolean",
    "tag:yaml.org,2002:int": "number",
    "tag:yaml.org,2002:float": "number",
    "tag:yaml.org,2002:str": "text",
    "tag:yaml.org,2002:seq": "list",
    "tag:yaml.org,2002:map": "mapping",
}
WHOLE_TAG = "tag:yaml.org,2002:int"
TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}
