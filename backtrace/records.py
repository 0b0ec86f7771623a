"""``dataclass`` as the standard library has it, made in a fifth of its time: a program of many records starts sooner.

The library compiles six functions for each class. Only ``__init__`` gains by that; the rest is shared here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final

FEW: Final = 20
"""Of so many records of a class a loop makes all sooner than what is compiled for it."""


def _dataclass(
    cls: type | None = None,
    /,
    *,
    frozen: bool = False,
    eq: bool = True,
    kw_only: bool = False,
    slots: bool = False,
) -> Any:
    """``dataclasses.dataclass`` with those of its options that are used here.

    >>> @_dataclass(frozen=True)
    ... class Point:
    ...     x: float
    ...     y: float = 0.0
    >>> Point(1.0), Point(1.0) == Point(1.0, 0.0), {Point(2.0): "two"}[Point(2.0)]
    (Point(x=1.0, y=0.0), True, 'two')
    """

    def made(cls: type) -> type:
        # without a docstring the library writes one, and imports a tokenizer for it
        cls.__doc__ = cls.__doc__ or cls.__name__
        written = vars(cls).get("__annotations__", {})
        cls.__annotations__ = {name: _kind(text) for name, text in written.items()}
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only, slots=slots)(cls)
        cls.__annotations__ = written
        for name, method in (_methods(cls, frozen, eq) | (STATE if frozen and slots else {})).items():
            # an __eq__ of its own leaves a class with None for __hash__
            if vars(cls).get(name) is None:
                setattr(cls, name, method)
        return cls

    return made if cls is None else made(cls)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _dataclass


def _kind(annotation: Any) -> Any:
    """All that the library looks for in an annotation: where it is text, by a pattern four times for each field."""
    return ClassVar if "ClassVar" in str(annotation) else object


def _methods(cls: type, frozen: bool, eq: bool) -> dict[str, Callable[..., Any] | None]:
    """What a class gets where it says nothing itself."""
    found: dict[str, Callable[..., Any] | None] = {"__init__": _init(cls), "__repr__": _repr}
    if eq:
        values = _values([field.name for field in fields(cls) if field.compare])
        found |= {"__eq__": _eq(values), "__hash__": _hash(values) if frozen else None}
    if frozen:
        found |= {"__setattr__": _refuse, "__delattr__": _refuse}
    return found


def _init(cls: type) -> Callable[..., None]:
    """Puts arguments in their places, in a loop for the first few records, which would not pay for compiling it."""
    places = fields(cls)
    taken = {field.name: field for field in places if field.init}
    plain = [name for name, field in taken.items() if not field.kw_only]
    finish = hasattr(cls, "__post_init__")
    left = FEW

    def init(self: Any, *args: Any, **words: Any) -> None:
        nonlocal left
        left -= 1
        values = dict(zip(plain, args, strict=False), **words)
        fits = len(values) == len(args) + len(words) and values.keys() <= taken.keys()
        if not left or not fits or not all(name in values or _can_be_left_out(taken[name]) for name in taken):
            cls.__init__ = _compiled_init(cls)  # type: ignore[misc]
            cls.__init__(self, *args, **words)  # type: ignore[misc]
            return
        for field in places:
            if field.name in values:
                object.__setattr__(self, field.name, values[field.name])
            elif field.default_factory is not MISSING:
                object.__setattr__(self, field.name, field.default_factory())
            elif field.init:
                object.__setattr__(self, field.name, field.default)
        if finish:
            self.__post_init__()

    return init


def _compiled_init(cls: type) -> Callable[..., None]:
    """The same as a function of its own, which refuses what does not fit as every function does."""
    places = fields(cls)
    plain = [field for field in places if field.init and not field.kw_only]
    named = [field for field in places if field.init and field.kw_only]
    words = ["self", *(field.name for field in plain), *(["*"] if named else []), *(field.name for field in named)]
    lines = [_line(field) for field in places if field.init or field.default_factory is not MISSING]
    lines += ["self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    scope: dict[str, Any] = {"put": object.__setattr__, "MISSING": MISSING}
    scope |= {f"make_{field.name}": field.default_factory for field in places}
    exec(f"def __init__({', '.join(words)}):\n " + "\n ".join(lines or ["pass"]), scope)
    init: Any = scope["__init__"]
    init.__qualname__, init.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    # MISSING for what is made anew each time
    init.__defaults__ = tuple(field.default for field in plain if _can_be_left_out(field))
    init.__kwdefaults__ = {field.name: field.default for field in named if _can_be_left_out(field)}
    return init  # type: ignore[no-any-return]


def _line(field: Field[Any]) -> str:
    """The line that puts a field in its place."""
    name, made = field.name, f"make_{field.name}()"
    if field.default_factory is MISSING:
        return f"put(self, {name!r}, {name})"
    return f"put(self, {name!r}, {f'{made} if {name} is MISSING else {name}' if field.init else made})"


def _can_be_left_out(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _values(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """The values of these fields, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


def _eq(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], bool]:
    def equal(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _state(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, field.name) for field in fields(self))


def _restore(self: Any, state: tuple[Any, ...]) -> None:
    for field, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


STATE: Final = {"__getstate__": _state, "__setstate__": _restore}
"""For a copy of what is frozen and has no dictionary."""


def _refuse(self: Any, name: str, *value: object) -> None:
    raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")
