"""Keys: the names of single numbers, parsed and written by rules; no dictionary of all keys is ever built."""

from backtrace.keys.names import OBJECTIVE_NAMES
from backtrace.keys.reading import Keys, UnknownKeyError
from backtrace.keys.targets import Derivative, Key, Part, Path, Short, Target, Via, resampled, sample_of

__all__ = [
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
    "resampled",
    "sample_of",
]
