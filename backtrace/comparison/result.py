"""The result of a comparison: every figure with its verdict, and the mistakes behind those that are wrong."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property

from backtrace.comparison.slips import Diagnosis, Search
from backtrace.comparison.verdicts import Judgement
from backtrace.records import dataclass


@dataclass(frozen=True)
class Diff(Judgement):
    """All figures in the order of computation, the unknown ones last, and what is wrong by itself."""

    @classmethod
    def of(cls, judgement: Judgement) -> Diff:
        """A judgement that is asked for the mistakes behind it."""
        return cls(**{field.name: getattr(judgement, field.name) for field in fields(judgement)})

    @cached_property
    def search(self) -> Search:
        """What looks for the mistakes, with the steps of the calculation."""
        return Search(self)

    @cached_property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Each figure that is wrong by itself, with the slips that it is consistent with and what follows from it.

        A figure that an earlier one's slip gives as well has no entry of its own.

        >>> import backtrace
        >>> diff = backtrace.diff(backtrace.run("configs/example.yaml"), {"dE_tot/dt1": "0.209446"})
        >>> [slip.sentence for slip in diff.diagnoses[0].slips][0]
        'the derivative of the activation, ∂o₁/∂t₁, is missing'
        """
        return tuple(self.search.diagnoses())
