"""Slips: which mistake a wrong figure is consistent with."""

from backtrace.comparison.slips.search import Diagnosis, Search, Slip

__all__ = ["Diagnosis", "Search", "Slip"]
