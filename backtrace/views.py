"""The recorded updates of a trace as a sequence: each is made when somebody looks at it."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, overload
from weakref import WeakValueDictionary

from backtrace.quantities import View
from backtrace.schedule import Moment

KEPT: Final = 1000
"""So many views are kept with what they have found out; of more, those that somebody holds."""


class Views(Sequence[View]):
    """Views in the order of training; the same update is the same view as long as somebody holds it."""

    def __init__(self, moments: Sequence[Moment], make: Callable[[Moment], View]) -> None:
        self.moments, self._make = moments, make
        self._held: WeakValueDictionary[Moment, View] = WeakValueDictionary()
        self._last: deque[View] = deque(maxlen=KEPT)

    def __len__(self) -> int:
        return len(self.moments)

    @overload
    def __getitem__(self, at: int) -> View: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[View]: ...
    def __getitem__(self, at: int | slice) -> View | Sequence[View]:
        if isinstance(at, slice):
            return [self.view(moment) for moment in self.moments[at]]
        return self.view(self.moments[at])

    def view(self, moment: Moment) -> View:
        """The view of a recorded update."""
        found = self._held.get(moment)
        if found is None:
            found = self._held[moment] = self._make(moment)
            self._last.append(found)
        return found

    def of(self, epoch: int, update: int | None = None) -> Sequence[View]:
        """Those of an epoch, or the one of that number."""
        start, stop = (bisect_left(self.moments, Moment(number, 0)) for number in (epoch, epoch + 1))
        return [self.view(moment) for moment in self.moments[start:stop] if update in (None, moment.update)]
