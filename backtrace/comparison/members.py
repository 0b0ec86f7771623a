"""The single numbers that a key names, in the order of its array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product as cartesian
from itertools import repeat

from backtrace.expressions import Element, Type
from backtrace.graph import Graph
from backtrace.keys import Derivative, Part, Target


def elements(target: Target, graph: Graph) -> Iterator[Target]:
    """The single numbers that a target names, in the order of its array."""
    if isinstance(target, Part):
        yield from members(target, graph)
    elif isinstance(target, Derivative):
        of, by = (members(end, graph) if isinstance(end, Part) else repeat(end) for end in target)
        single = isinstance(target.of, Element) and isinstance(target.by, Element)
        yield from [target] if single else map(Derivative, of, by)
    else:
        yield target


def members(part: Part, graph: Graph) -> Iterator[Element]:
    """Sample by sample, row by row."""
    type = graph.types.get(part.name) or graph.types.get(part.name.removesuffix("+")) or Type(())
    samples: Iterable[int | None] = [part.sample]
    if type.sampled and part.sample is None:
        samples = range(graph.samples or 1)
    indexes = [part.index] if part.index is not None else list(cartesian(*map(range, type.shape)))
    return (Element(part.name, index, sample) for sample in samples for index in indexes)
