"""The losses, a row each: the terms and how they are added up, in the equation language.

``y`` is the target and ``o`` the output of one sample, in this order where a loss is used as a function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backtrace.expressions import parse, substitute, to_text
from backtrace.expressions.writing import literal_text


@dataclass(frozen=True)
class Loss:
    """A loss: one term an output, and the total over them (``E`` stands for the terms).

    ``general`` is the terms' text where an option is not at its default.
    """

    name: str
    terms: str
    total: str
    about: str
    options: Mapping[str, float] = field(default_factory=dict)
    general: str = ""
    labelled: bool = False
    """The target is the number of the right output, counted from 0."""

    def term(self, options: Mapping[str, Any]) -> str:
        """One term, with the options' values.

        >>> LOSSES["huber"].term({"delta": 0.5})
        'where(abs(y - o) <= 0.5, 0.5*(y - o)**2, 0.5*(abs(y - o) - 0.25))'
        """
        given = {**self.options, **options}
        if given == self.options:
            return self.terms
        given |= {f"half_{name}": value / 2 for name, value in given.items()}
        return self.general.format(**{name: literal_text(value) for name, value in given.items()})

    def text(self, options: Mapping[str, Any] | None = None) -> str:
        """The whole loss as one expression of the target ``y`` and the output ``o``.

        >>> LOSSES["squared_error"].text()
        'sum((y - o)**2)'
        """
        return to_text(substitute(parse(self.total), {"E": parse(self.term(options or {}))}))

    def about_text(self, options: Mapping[str, Any] | None = None) -> str:
        """What the loss is, with the options' values."""
        values = {**self.options, **(options or {})}
        return self.about.format(**{name: literal_text(value) for name, value in values.items()})


_ROWS = (
    Loss("half_squared_error", "0.5*(y - o)**2", "sum(E)", "half the squared error, summed over the outputs"),
    Loss("squared_error", "(y - o)**2", "sum(E)", "squared error, summed over the outputs"),
    Loss("mean_squared_error", "(y - o)**2", "mean(E)", "squared error, mean over the outputs"),
    Loss("half_mean_squared_error", "0.5*(y - o)**2", "mean(E)", "half the squared error, mean over the outputs"),
    Loss("mean_absolute_error", "abs(y - o)", "mean(E)", "absolute error, mean over the outputs"),
    Loss(
        "huber",
        "where(abs(y - o) <= 1, 0.5*(y - o)**2, abs(y - o) - 0.5)",
        "sum(E)",
        "half the squared error up to {delta}, linear beyond (Huber 1964, delta = {delta}), summed over the outputs",
        {"delta": 1},
        "where(abs(y - o) <= {delta}, 0.5*(y - o)**2, {delta}*(abs(y - o) - {half_delta}))",
    ),
    Loss("log_cosh", "log(cosh(y - o))", "sum(E)", "the logarithm of cosh of the error, summed over the outputs"),
    Loss("hinge", "maximum(0, 1 - y*o)", "sum(E)", "hinge loss, targets 1 and -1, summed over the outputs"),
    Loss(
        "squared_hinge",
        "maximum(0, 1 - y*o)**2",
        "sum(E)",
        "squared hinge loss, targets 1 and -1, summed over the outputs",
    ),
    Loss(
        "binary_cross_entropy",
        "-(y*log(o) + (1 - y)*log(1 - o))",
        "sum(E)",
        "binary cross-entropy (natural logarithm), summed over the outputs",
    ),
    Loss("cross_entropy", "-(y*log(o))", "sum(E)", "cross-entropy (natural logarithm), summed over the classes"),
    Loss(
        "sparse_cross_entropy",
        "-log(o)[y]",
        "sum(E)",
        "cross-entropy (natural logarithm) of the right class, whose number is the target, counted from 0",
        labelled=True,
    ),
    Loss(
        "kl_divergence",
        "where(y > 0, y*log(y/o), 0)",
        "sum(E)",
        "Kullback-Leibler divergence of the output from the target (natural logarithm), summed over the classes",
    ),
)
LOSSES = {row.name: row for row in _ROWS}
