"""backtrace prints every number of backpropagation, each with the equation it comes from.

A config states a network or equations; ``run`` computes the forward pass, every derivative and every update, and
the trace it returns answers keys such as ``h1``, ``dE_tot/dU11`` or ``W11+``. ``diff`` compares it with expected
figures or another program's numbers, and ``assert_matches`` does so in a test.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
"""As in typing, which takes longer to import than all that is here."""
if TYPE_CHECKING:
    from typing import Any, Final

    from backtrace.asserting import assert_matches as assert_matches
    from backtrace.checking import check as check
    from backtrace.comparison import diff as diff
    from backtrace.saved import load as load
    from backtrace.trace import Trace as Trace
    from backtrace.trace import run as run

__version__ = "0.1.0"
__all__ = ["Trace", "__version__", "assert_matches", "check", "diff", "load", "run"]

MODULES: Final = {
    "Trace": "backtrace.trace",
    "run": "backtrace.trace",
    "load": "backtrace.saved",
    "check": "backtrace.checking",
    "diff": "backtrace.comparison",
    "assert_matches": "backtrace.asserting",
}
"""Where each public name is found: what computes is imported only when it is asked for."""


def __getattr__(name: str) -> Any:
    """A public name, imported now: ``backtrace --help`` needs no numpy."""
    if name in MODULES:
        return getattr(import_module(MODULES[name]), name)
    raise AttributeError(f"module 'backtrace' has no attribute {name!r}")
