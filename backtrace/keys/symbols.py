"""Names taken apart for typesetting: letter, subscripts, and the marks of a sample and of a new value."""

from __future__ import annotations

import re
from dataclasses import replace

from backtrace.expressions import Element, Expr, ExpressionError, parse, substitute
from backtrace.graph import RATE
from backtrace.keys.names import Names
from backtrace.records import dataclass

STEM = re.compile(r"([^\W\d_]+)(\d*)(?:_(\w+))?")


@dataclass(frozen=True)
class Symbol:
    """A name in its parts.

    ``below`` are its subscripts; ``sample`` is counted from 1, or "n" for any; ``new`` says that it is the value after
    the update; ``hat`` puts a hat on it. ``of`` is the parameter that an optimiser remembers it for, ``formula`` what
    a node computes that has no name.
    """

    stem: str
    below: tuple[str, ...] = ()
    sample: str = ""
    new: bool = False
    hat: bool = False
    of: Symbol | None = None
    formula: Expr | None = None


def symbol(names: Names, element: Element) -> Symbol:
    """The parts of an element's name; of a whole array's where there is no index.

    >>> from backtrace.expressions import Type
    >>> names = Names({"W": Type((2, 2))}, {}, {}, None, None)
    >>> symbol(names, Element("W+", (0, 1))).below, symbol(names, Element("net_h1", (), 1)).sample
    (('12',), '2')
    """
    core, new = element.name.removesuffix("+"), element.name.endswith("+")
    each = "n" if core.endswith("#") else ""
    sample = each if element.sample is None else str(element.sample + 1)
    return replace(_bare(names, core.removesuffix("#"), element), sample=sample, new=new)


def _bare(names: Names, base: str, element: Element) -> Symbol:
    """The symbol without its marks."""
    labels = names.labels.get(base)
    if labels is not None and element.index:
        return split(labels[element.index[0]])
    if "." in base and base.replace(".", "").isidentifier():
        letter, _, parameter = base.partition(".")
        of = _bare(names, parameter, element)
        return replace(split(letter.removesuffix("_hat")), hat=letter.endswith("_hat"), of=of)
    if base == RATE:
        return Symbol("η")
    positions = () if names.is_lone(base) else tuple(at + 1 for at in element.index)
    if not base.removeprefix("@").isidentifier():
        return _unnamed(names, base, positions)
    found = split(base.removeprefix("@"))
    return replace(found, below=_with(found.below, positions)) if positions else found


def _with(below: tuple[str, ...], positions: tuple[int, ...]) -> tuple[str, ...]:
    """Subscripts with the numbers of an element; behind a single letter as hand calculations write them.

    >>> _with(("h",), (1,)), _with(("in",), (1,)), _with(("1",), (1, 2))
    (('h1',), ('in', '1'), ('1', '12'))
    """
    if below and len(below[-1]) == 1 and below[-1].isalpha():
        return (*below[:-1], below[-1] + _joined(positions))
    return (*below, _joined(positions))


def _joined(positions: tuple[int, ...]) -> str:
    """The numbers of an element in one subscript."""
    return ("" if max(positions) < 10 else ",").join(map(str, positions))


def _unnamed(names: Names, text: str, positions: tuple[int, ...]) -> Symbol:
    """A node without a name goes by its formula."""
    try:
        formula = substitute(parse(text), names.typed)
    except ExpressionError:
        return Symbol(text)
    return Symbol("", (_joined(positions),) if positions else (), formula=formula)


def split(name: str) -> Symbol:
    """A name with the digits at its end, and what follows _, as subscripts.

    >>> [(found.stem, found.below) for found in map(split, ("W11", "x_1", "net_h1", "_"))]
    [('W', ('11',)), ('x', ('1',)), ('net', ('h1',)), ('_', ())]
    """
    found = STEM.fullmatch(name)
    if found is None:
        return Symbol(name)
    stem, *below = (part for part in found.groups() if part)
    return Symbol(stem, tuple(below))
