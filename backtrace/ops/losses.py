"""The losses, a row each: the terms and how they are added up, in the equation language.

``y`` is the target and ``o`` the output of one sample, in this order where a loss is used as a function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from backtrace.expressions import parse, substitute, to_text
from backtrace.expressions.writing import literal_text
from backtrace.records import dataclass
from backtrace.words import Note


@dataclass(frozen=True)
class Loss:
    """A loss: one term an output, and the total over them (``E`` stands for the terms).

    ``general`` is the terms' text where an option is not at its default.
    """

    name: str
    terms: str
    total: str
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

    def about(self, options: Mapping[str, Any] | None = None) -> Note:
        """What the loss is, with the options' values."""
        values = {**self.options, **(options or {})}
        return Note(f"loss {self.name}", {name: literal_text(value) for name, value in values.items()})


_ROWS = (
    Loss("half_squared_error", "0.5*(y - o)**2", "sum(E)"),
    Loss("squared_error", "(y - o)**2", "sum(E)"),
    Loss("mean_squared_error", "(y - o)**2", "mean(E)"),
    Loss("half_mean_squared_error", "0.5*(y - o)**2", "mean(E)"),
    Loss("mean_absolute_error", "abs(y - o)", "mean(E)"),
    Loss(
        "huber",
        "where(abs(y - o) <= 1, 0.5*(y - o)**2, abs(y - o) - 0.5)",
        "sum(E)",
        {"delta": 1},
        "where(abs(y - o) <= {delta}, 0.5*(y - o)**2, {delta}*(abs(y - o) - {half_delta}))",
    ),
    Loss("log_cosh", "log(cosh(y - o))", "sum(E)"),
    Loss("hinge", "maximum(0, 1 - y*o)", "sum(E)"),
    Loss("squared_hinge", "maximum(0, 1 - y*o)**2", "sum(E)"),
    Loss("binary_cross_entropy", "-(y*log(o) + (1 - y)*log(1 - o))", "sum(E)"),
    Loss("cross_entropy", "-(y*log(o))", "sum(E)"),
    Loss("sparse_cross_entropy", "-log(o)[y]", "sum(E)", labelled=True),
    Loss("kl_divergence", "where(y > 0, y*log(y/o), 0)", "sum(E)"),
)
LOSSES = {row.name: row for row in _ROWS}
