"""The slips that people make, as rewritings of one step: each row changes the formula and says in words how.

A rewriting is about operations and about what quantities are to each other in the graph, never about names. Its
variants are told apart by a label, so that the same mistake can be tried at every number of an array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from backtrace.comparison.slips.steps import Kind, Step
from backtrace.expressions import Expr
from backtrace.records import dataclass


class Rewritten(NamedTuple):
    """A formula that a slip gives, which variant of it this is, and the quantities that its sentence names."""

    formula: Expr
    label: Any = ""
    about: tuple[Any, ...] = ()


def numbered(formulas: Iterable[Expr]) -> Iterator[Rewritten]:
    """Formulas told apart by their order."""
    return (Rewritten(formula, number) for number, formula in enumerate(formulas))


@dataclass(frozen=True)
class Rewriting:
    """A row: the slip's kind, the steps it is tried on, how it changes the formula, and a sentence for a student.

    ``{0}``, ``{1}`` in the sentence are the labels of what the rewritten formula is about.
    """

    kind: str
    steps: frozenset[Kind]
    rewrite: Callable[[Step], Iterator[Rewritten]]
    sentence: str


FORWARD: Final = frozenset({Kind.FORWARD})
ERROR: Final = frozenset({Kind.ERROR})
SLOPE: Final = frozenset({Kind.SLOPE})
LOCAL: Final = frozenset({Kind.LOCAL})
UPDATE: Final = frozenset({Kind.UPDATE})
ANOTHER_UNIT: Final = "the derivative {0} of another unit was taken, not {1}"
