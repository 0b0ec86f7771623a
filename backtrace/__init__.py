"""backtrace prints every number of backpropagation, each with the equation it comes from.

A config states a network or equations; ``run`` computes the forward pass, every derivative and every update, and
the trace it returns answers keys such as ``h1``, ``dE_tot/dU11`` or ``W11+``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backtrace.trace import Trace as Trace
    from backtrace.trace import run as run

__version__ = "0.1.0"
__all__ = ["Trace", "__version__", "run"]


def __getattr__(name: str) -> Any:
    """Import what computes only when it is asked for: ``backtrace --help`` needs no numpy."""
    if name in ("Trace", "run"):
        from backtrace import trace

        return getattr(trace, name)
    raise AttributeError(f"module 'backtrace' has no attribute {name!r}")
