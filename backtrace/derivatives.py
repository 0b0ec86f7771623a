"""The derivatives of any forward quantity by everything before it, from gradient equations of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from backtrace.backward import gradient_name, gradients
from backtrace.executor import Arrays, Program
from backtrace.expressions import Element, Name
from backtrace.graph import Graph


def derivatives_of(graph: Graph, of: Element, record: Arrays) -> Arrays:
    """The derivatives of an element by every array it depends on, by the names of the gradients."""
    seed = _one_hot(of, record)
    if all(equation.name != of.name for equation in graph.forward):
        return {gradient_name(of.name, of.name): seed}
    with np.errstate(all="ignore"):
        return _towards(graph, of.name).run(record | {"seed": seed})


def _towards(graph: Graph, name: str) -> Program:
    """The gradient equations of an array: the same for all its elements, all samples and all records."""
    known: dict[str, Program] = graph.known.setdefault(_towards, {})
    if name not in known:
        upto = next(k for k, e in enumerate(graph.forward) if e.name == name) + 1
        forward = graph.forward[:upto]
        # what is computed from constants alone depends on nothing given, and has derivatives all the same
        wrt = [*graph.givens, *(equation.name for equation in forward)]
        seed, new = Name("seed", graph.types[name]), graph.trained if graph.new_weights else ()
        known[name] = Program(gradients(forward, name, wrt, graph.samples or 1, seed, new), graph.samples)
    return known[name]


def _one_hot(of: Element, record: Arrays) -> npt.NDArray[Any]:
    """The derivatives of an element by the elements of its own array."""
    found = np.zeros(np.shape(record[of.name]))
    found[(*(() if of.sample is None else (of.sample,)), *of.index)] = 1.0
    return found
