"""How formulas are typeset: what every notation must write, and the names and derivatives that are made of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from backtrace.expressions import Style

GREEK: Final = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ",
    "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
"""Letters that may be written out in a name."""


class Notation(ABC):
    """Writes the signs of a formula; every method takes and gives texts of the notation."""

    style: ClassVar[Style]
    dots: ClassVar[str]
    product: ClassVar[str]
    ones: ClassVar[str]
    """A row of ones, which repeats a column."""

    @abstractmethod
    def letter(self, name: str) -> str:
        """A letter, or a word where a name has several."""

    @abstractmethod
    def words(self, text: str) -> str:
        """Words within a formula."""

    @abstractmethod
    def number(self, text: str) -> str:
        """A number as the shared rule writes it."""

    @abstractmethod
    def scripts(self, base: str, lower: Sequence[str], upper: Sequence[str]) -> str:
        """A base with subscripts and superscripts, in texts that are not written yet."""

    @abstractmethod
    def hat(self, base: str) -> str:
        """A letter with a hat."""

    @abstractmethod
    def fraction(self, top: str, bottom: str) -> str:
        """One over the other."""

    @abstractmethod
    def brackets(self, text: str) -> str:
        """A text in brackets."""

    @abstractmethod
    def in_space(self, sizes: Sequence[int]) -> str:
        """That an array has so many numbers along each of its axes."""

    @abstractmethod
    def blank(self, number: int) -> str:
        """A blank of a worksheet within a formula."""

    def room(self, number: int) -> str:
        """A blank of a worksheet with room to write a number in."""
        return self.blank(number)

    @property
    @abstractmethod
    def partial(self) -> str:
        """The sign of a partial derivative."""

    def derivative(self, of: str, by: str) -> str:
        """A derivative of two written names.

        >>> from backtrace.render.tex import LATEX
        >>> LATEX.derivative("E", "o_1")
        '\\\\frac{\\\\partial E}{\\\\partial o_1}'
        """
        return self.fraction(self.partial + of, self.partial + by)
