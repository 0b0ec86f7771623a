"""The losses, a row each: the terms and how they are added up, in the equation language.

``y`` is the target and ``o`` the output of one sample, in this order where a loss is used as a function.
"""

from __future__ import annotations

from dataclasses import dataclass

from backtrace.expressions import parse, substitute, to_text


@dataclass(frozen=True)
class Loss:
    """A loss: one term an output, and the total over them (``E`` stands for the terms)."""

    name: str
    terms: str
    total: str
    about: str

    @property
    def text(self) -> str:
        """The whole loss as one expression of the target ``y`` and the output ``o``.

        >>> LOSSES["squared_error"].text
        'sum((y - o)**2)'
        """
        return to_text(substitute(parse(self.total), {"E": parse(self.terms)}))


_ROWS = (
    Loss("half_squared_error", "0.5*(y - o)**2", "sum(E)", "half the squared error, summed over the outputs"),
    Loss("squared_error", "(y - o)**2", "sum(E)", "squared error, summed over the outputs"),
    Loss("mean_squared_error", "(y - o)**2", "mean(E)", "squared error, mean over the outputs"),
    Loss("mean_absolute_error", "abs(y - o)", "mean(E)", "absolute error, mean over the outputs"),
    Loss(
        "huber",
        "where(abs(y - o) <= 1, 0.5*(y - o)**2, abs(y - o) - 0.5)",
        "sum(E)",
        "half the squared error up to 1, linear beyond (Huber 1964, delta = 1), summed over the outputs",
    ),
    Loss(
        "binary_cross_entropy",
        "-(y*log(o) + (1 - y)*log(1 - o))",
        "sum(E)",
        "binary cross-entropy (natural logarithm), summed over the outputs",
    ),
    Loss("cross_entropy", "-(y*log(o))", "sum(E)", "cross-entropy (natural logarithm), summed over the classes"),
)
LOSSES = {row.name: row for row in _ROWS}
