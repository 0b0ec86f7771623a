"""The trees of the equation language: four kinds of nodes, immutable, and the walks over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Shape = tuple[int, ...]
Index = tuple[int, ...]


class Type(NamedTuple):
    """What an expression is an array of: its shape for one sample, and whether each sample has its own."""

    shape: Shape
    sampled: bool = False


class Element(NamedTuple):
    """One scalar of a named array: 0-based index, and 0-based sample where the array has a sample axis."""

    name: str
    index: Index = ()  # type: ignore[assignment]  # tuple.index, a method nobody calls here
    sample: int | None = None


class Expr:
    """A node of an expression; compared and hashed by structure, never changed.

    ``at`` is the span of the text it was read from and ``type`` its shape where known; neither counts in
    comparisons.
    """

    __slots__ = ("_hash", "at", "type")
    _hash: int
    at: tuple[int, int] | None
    type: Type | None

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        from backtrace.expressions.writing import to_text  # writing walks trees, so it is imported after them

        return f"<{to_text(self)}>"

    @property
    def shape(self) -> Shape:
        """The shape of the array for one sample."""
        assert self.type is not None
        return self.type.shape

    @property
    def sampled(self) -> bool:
        """Whether every sample has an array of its own."""
        assert self.type is not None
        return self.type.sampled


class Num(Expr):
    """A number written in an equation."""

    __slots__ = ("value",)

    def __init__(self, value: float, at: tuple[int, int] | None = None) -> None:
        self.value = value
        self.at = at
        self.type = Type(())
        self._hash = hash(("num", value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Num) and self.value == other.value

    __hash__ = Expr.__hash__


class Name(Expr):
    """A named array (a scalar is an array without axes)."""

    __slots__ = ("id",)

    def __init__(self, id: str, type: Type | None = None, at: tuple[int, int] | None = None) -> None:
        self.id = id
        self.at = at
        self.type = type
        self._hash = hash(("name", id))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Name) and self.id == other.id

    __hash__ = Expr.__hash__


class Ref(Expr):
    """One scalar, by its key: an ``Element``, or whatever else the caller can label and evaluate."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key
        self.at = None
        self.type = Type(())
        self._hash = hash(("ref", key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and bool(self.key == other.key)

    __hash__ = Expr.__hash__


Option = tuple[str, Any]


class Call(Expr):
    """An operation applied to operands, with constant options (``axis=0``)."""

    __slots__ = ("args", "op", "options")

    def __init__(
        self,
        op: str,
        args: tuple[Expr, ...],
        options: tuple[Option, ...] = (),
        type: Type | None = None,
        at: tuple[int, int] | None = None,
    ) -> None:
        self.op = op
        self.args = args
        self.options = options
        self.at = at
        self.type = type
        self._hash = hash((op, args, options))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Call)
            and self._hash == other._hash
            and self.op == other.op
            and self.options == other.options
            and self.args == other.args
        )

    __hash__ = Expr.__hash__

    def option(self, name: str, default: Any = None) -> Any:
        """The value of an option, or the default."""
        return dict(self.options).get(name, default)


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node of the tree, operands before the calls that use them."""
    if isinstance(expr, Call):
        for arg in expr.args:
            yield from walk(arg)
    yield expr


def names(expr: Expr) -> list[str]:
    """The names that an expression reads, each once, in the order they stand.

    >>> from backtrace.expressions import parse
    >>> names(parse("x @ W + x"))
    ['x', 'W']
    """
    found: dict[str, None] = {}
    waiting = [expr]
    while waiting:  # by hand: every equation is asked for its names
        node = waiting.pop()
        if isinstance(node, Call):
            waiting.extend(reversed(node.args))
        elif isinstance(node, Name):
            found[node.id] = None
    return list(found)


def has_more_nodes(expr: Expr, most: int) -> bool:
    """Whether a tree has more nodes than so many; it counts no further, for trees that share parts grow fast."""
    count, waiting = 0, [expr]
    while waiting and count <= most:
        node = waiting.pop()
        count += 1
        if isinstance(node, Call):
            waiting.extend(node.args)
    return count > most


def substitute(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """The expression with names replaced; types are dropped from what changes.

    >>> from backtrace.expressions import parse
    >>> substitute(parse("y * (1 - y)"), {"y": parse("h")})
    <h*(1 - h)>
    """
    if isinstance(expr, Name):
        return values.get(expr.id, expr)
    if isinstance(expr, Call):
        args = tuple(substitute(arg, values) for arg in expr.args)
        # by identity: a name put in place of an equal one may be the one that has a type
        same = all(new is old for new, old in zip(args, expr.args, strict=True))
        return expr if same else Call(expr.op, args, expr.options, at=expr.at)
    return expr
