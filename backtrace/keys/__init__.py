"""Keys: the names of single numbers, parsed and written by rules; no dictionary of all keys is ever built."""

from backtrace.keys.names import OBJECTIVE_NAMES
from backtrace.keys.reading import Keys, UnknownKeyError
from backtrace.keys.targets import Derivative, Key, Part, Path, Short, Target, Via, moved, resampled, sample_of
from backtrace.keys.writing import FIRST_MARK, LAST_MARK

__all__ = [
    "FIRST_MARK",
    "LAST_MARK",
    "OBJECTIVE_NAMES",
    "Derivative",
    "Key",
    "Keys",
    "Part",
    "Path",
    "Short",
    "Target",
    "UnknownKeyError",
    "Via",
    "moved",
    "resampled",
    "sample_of",
]
