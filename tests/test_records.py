"""The records of the package are those of the standard library, made sooner."""

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import pytest

from backtrace import records

Maker = Callable[..., Any]
MAKERS = {"library": dataclasses.dataclass, "own": records.dataclass}


def point(dataclass: Maker) -> Any:
    @dataclass(frozen=True)
    class Point:
        x: float
        y: float = 0.0
        tags: list[str] = dataclasses.field(default_factory=list, repr=False)

    return Point


def named_point(dataclass: Maker) -> Any:
    @dataclass(frozen=True)
    class Named(point(dataclass)):  # type: ignore[misc]
        KIND: ClassVar[str] = "named"
        name: str = dataclasses.field(default="P", kw_only=True)
        note: str = dataclasses.field(default="", compare=False)

    return Named


def options(dataclass: Maker) -> Any:
    @dataclass(frozen=True, kw_only=True, eq=False)
    class Options:
        rate: float
        more: Mapping[str, int] = dataclasses.field(default_factory=dict)

    return Options


def counted(dataclass: Maker) -> Any:
    @dataclass
    class Counted:
        start: int
        list_: list[int] = dataclasses.field(init=False)
        seen: set[int] = dataclasses.field(init=False, default_factory=set)

        def __post_init__(self) -> None:
            self.list_ = [self.start]

    return Counted


def own_methods(dataclass: Maker) -> Any:
    @dataclass(frozen=True)
    class Own:
        x: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __repr__(self) -> str:
            return "own"

    return Own


def slotted(dataclass: Maker) -> Any:
    @dataclass(frozen=True, slots=True)
    class Slotted:
        x: int

    return Slotted


def empty(dataclass: Maker) -> Any:
    @dataclass(frozen=True)
    class Empty:
        pass

    return Empty


def outcome(act: Callable[[], object]) -> object:
    """The text of what comes of it; of an error its kind and text."""
    try:
        return repr(act())
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


Call = tuple[tuple[Any, ...], dict[str, Any]]
SHAPES: dict[Callable[[Maker], Any], list[Call]] = {
    point: [((1.0,), {}), ((1.0, 2.0), {}), ((), {"x": 1.0, "tags": ["a"]}), ((), {}), ((1.0,), {"z": 1})],
    named_point: [((1.0,), {}), ((1.0, 2.0, [], "note"), {"name": "Q"}), ((1.0,), {"note": "other"})],
    options: [((), {"rate": 1.0}), ((1.0,), {}), ((), {}), ((), {"rate": 1.0, "more": {"a": 1}})],
    counted: [((3,), {}), ((3, [4]), {}), ((4,), {})],
    own_methods: [((1,), {}), ((2,), {})],
    slotted: [((1,), {}), ((2,), {})],
    empty: [((), {}), ((1,), {})],
}  # fmt: skip
CASES = [(shape, args, words) for shape, calls in SHAPES.items() for args, words in calls]


@pytest.mark.parametrize(("shape", "args", "words"), CASES)
def test_a_record_is_made_and_read_as_one_of_the_library(
    shape: Callable[[Maker], Any], args: tuple[Any, ...], words: dict[str, Any]
) -> None:
    library, own = (shape(maker) for maker in MAKERS.values())
    assert outcome(lambda: own(*args, **words)) == outcome(lambda: library(*args, **words))
    assert own.__match_args__ == library.__match_args__
    assert [field.name for field in dataclasses.fields(own)] == [field.name for field in dataclasses.fields(library)]


@pytest.mark.parametrize("shape", SHAPES)
def test_records_are_equal_and_hashed_where_those_of_the_library_are(shape: Callable[[Maker], Any]) -> None:
    library, own = (compared(shape(maker), SHAPES[shape]) for maker in MAKERS.values())
    assert own == library


def compared(kind: Any, calls: list[Call]) -> list[object]:
    """Which of these records, made twice, are equal, and whether equal ones have one hash."""
    first, again = ([record for call in calls if (record := made(kind, call)) is not None] for _ in range(2))
    equal = [one == other for one in first for other in [*again, object()]]
    return [equal, [outcome(partial(same_hash, *pair)) for pair in zip(first, again, strict=True)]]


def made(kind: Any, call: Call) -> Any:
    """A record; None where the arguments do not fit."""
    try:
        return kind(*call[0], **call[1])
    except TypeError:
        return None


def same_hash(one: object, other: object) -> bool:
    return hash(one) == hash(other)


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_frozen_record_refuses_to_be_changed(maker: Maker) -> None:
    kind = point(maker)
    record = kind(1.0)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        record.x = 2.0
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del record.x
    assert (record, dataclasses.replace(record, x=3.0)) == (kind(1.0), kind(3.0))


def test_what_is_made_anew_is_not_shared() -> None:
    kind = point(records.dataclass)
    assert kind(1.0).tags is not kind(1.0).tags
