"""Keys read: what a text names, by rules; no dictionary of all keys is ever built."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from backtrace.errors import Fault, UsageError, did_you_mean
from backtrace.expressions import Element, ExpressionError, Index, parse, to_text
from backtrace.graph import EPOCH, RATE, UPDATE
from backtrace.keys.names import OBJECTIVE_NAMES
from backtrace.keys.targets import Derivative, Key, Part, Path, Target, Via
from backtrace.keys.writing import Writing
from backtrace.labels import HAT, outside_brackets
from backtrace.records import dataclass

if TYPE_CHECKING:
    from backtrace.keys.aliases import Alias, Of

MOMENT: Final = r"(.+)@(\d+)(?:\.(\d+))?"
PART: Final = r"(.+?)(\+?)(?:#(\d+))?(\+?)"
REMEMBERED: Final = r"([^\W\d]\w*)(?:\.(.+)|\((.+)\))"


class UnknownKeyError(UsageError):
    """A key that names nothing here."""


@dataclass(frozen=True)
class Keys(Writing):
    """Reads and writes the keys of one graph."""

    def parse(self, text: str, aliases: bool = True) -> Key:
        """What a key names; what another notation calls it too, unless that is not wanted.

        Raises:
            UnknownKeyError: it names nothing here; with the nearest key that does.
        """
        found = self.known(text, aliases)
        if found is None:
            raise UnknownKeyError(Fault(f'"{text}" names nothing here', hint=self.suggestion(_packed(text))))
        return found

    def known(self, text: str, aliases: bool = True) -> Key | None:
        """What a key names, or None: no nearest key is looked for."""
        packed = _packed(text)
        moment = re.fullmatch(MOMENT, packed)
        name = moment[1] if moment else packed
        target = self._target(name) or (self._alias(name) if aliases else None)
        if target is None or moment is None:
            return None if target is None else Key(target)
        return Key(target, int(moment[2]), int(moment[3]) if moment[3] else None)

    def find(self, text: str) -> Target | None:
        """What a key names, or None."""
        found = self.known(text)
        return found.target if found else None

    def suggestion(self, text: str) -> str:
        """A key that may have been meant."""
        readings = self._readings(_packed(text))
        if readings:
            return f"did you mean {' or '.join(readings)}?"
        plain = [self.text(Part(name)) for name in self.types]
        first = [self.text(Element(name, (0,) * len(type.shape))) for name, type in self.types.items()]
        return did_you_mean(text, [*plain, *first]) or "backtrace keys CONFIG lists the keys"

    # ── other notations ──

    def _alias(self, text: str) -> Target | None:
        """What another notation means for sure."""
        from backtrace.keys.aliases import ALIASES

        found = next((keys for alias in ALIASES if (keys := self._keys_of(alias, text))), ())
        return self._target(found[0]) if found else None

    def _readings(self, text: str) -> list[str]:
        """The keys that a notation may mean which is not sure."""
        from backtrace.keys.aliases import DOUBTFUL, NUMBERED

        numbered = NUMBERED.fullmatch(text)
        if numbered and self.objective:
            number = int(numbered[1])
            units = [
                self._part(f"{name}[{number}]") or self._part(f"{name}{number}")
                for name in dict.fromkeys(self.before.values())
            ]
            return [self.text(Derivative(Element(self.objective), unit)) for unit in units if unit]
        found = next((keys for alias in DOUBTFUL if (keys := self._keys_of(alias, text))), ())
        return [key for key in found if self._target(key)]

    def _keys_of(self, alias: Alias, text: str) -> tuple[str, ...]:
        """The keys that an alias stands for, if it is one for this text."""
        named = alias.named(text)
        part = self._part(named) if named else None
        if part is None or self.objective is None or part.name.endswith("+") or not self._is(part, alias.of):
            return ()
        pre = self.text(part._replace(name=self.before.get(part.name, part.name)))
        words = {"x": self.text(part), "pre": pre, "objective": self.array(self.objective)}
        return tuple(key.format_map(words) for key in alias.keys)

    def _is(self, part: Element | Part, of: Of) -> bool:
        from backtrace.keys.aliases import Of

        if of is Of.PARAMETER:
            return part.name in self.trained
        return of is Of.ANYTHING or part.name in self.before or part.name in self._pre_activations

    @cached_property
    def _pre_activations(self) -> frozenset[str]:
        return frozenset(self.before.values())

    # ── keys ──

    def _target(self, text: str) -> Target | None:
        for read in (self._part, self._call, self._derivative):
            found = read(text)
            if found is not None:
                return found
        return None

    def _part(self, text: str) -> Element | Part | None:
        """A named array or an element of one, with or without a sample, before or after the update."""
        match = re.fullmatch(PART, text)
        if match is None or (match[2] and match[4]):
            return None
        base, plus = match[1], match[2] or match[4]
        if base.startswith("(") and base.endswith(")") and base not in self.types:
            base = base[1:-1]
        sample = int(match[3]) - 1 if match[3] else None
        for name in self._named(base, sample):
            found = self._resolved(name, plus, sample)
            if found is not None:
                return found
        return None

    def _named(self, base: str, sample: int | None) -> list[str]:
        """What a name may mean: a sample's own objective, itself, an alias of the objective, the rate, a counter."""
        names = [f"{base}#"] if sample is not None and f"{base}#" in self.types else []
        names.append(base)
        if base in OBJECTIVE_NAMES and self.objective and base not in self.types:
            own = f"{self.objective}#"
            names.append(own if sample is not None and own in self.types else self.objective)
        return [*names, RATE if base == "η" else f"@{base}"]

    def _resolved(self, base: str, plus: str, sample: int | None) -> Element | Part | None:
        found = self._place(base)
        if found is None:
            return None
        name, index = found
        type = self.types[name]
        if plus and not self._moves(name):
            return None
        if sample is not None and (not type.sampled or not 0 <= sample < (self.samples or 1)):
            return None
        if index is None and (not type.shape or self.is_lone(name)):
            index = (0,) * len(type.shape)
        if index is None or (type.sampled and sample is None):
            return Part(name + plus, index, sample)
        return Element(name + plus, index, sample)

    def _moves(self, name: str) -> bool:
        return name not in self.differentiated and name not in self.momentary

    def _place(self, base: str) -> tuple[str, Index | None] | None:
        """The array and index that a text names: a label, a whole name, or a name followed by an index."""
        if base in self._labelled:
            return self._labelled[base]
        if base in self.types and base not in self.differentiated:
            return base, None
        state = self._state_place(base)
        if state is not None:
            return state
        if self._unnamed and self._as_written(base) in self._unnamed:
            return self._as_written(base), None
        for cut in range(len(base) - 1, 0, -1):
            name = base[:cut]
            if name.startswith("(") and name.endswith(")"):
                name = name[1:-1]
            if name in self.types and self.types[name].shape and name not in self.differentiated:
                index = self._index(name, base[cut:], self._styles.get(name))
                if index is not None:
                    return name, index
        return None

    @cached_property
    def _labelled(self) -> dict[str, tuple[str, Index]]:
        """The array and index of each label; the first that has it."""
        members = ((label, (name, (at,))) for name, group in self.labels.items() for at, label in enumerate(group))
        return dict(reversed(list(members)))

    @cached_property
    def _unnamed(self) -> frozenset[str]:
        named = {*self.differentiated, RATE, UPDATE, EPOCH}
        return frozenset(name for name in self.types if not name.strip("#+").isidentifier() and name not in named)

    @staticmethod
    def _as_written(text: str) -> str:
        """A formula as an unnamed node's name writes it: (e+1)**-1 as (e+1)**(-1)."""
        try:
            return to_text(parse(text)).replace(" ", "")
        except ExpressionError:
            return text

    def _state_place(self, base: str) -> tuple[str, Index | None] | None:
        """What an optimiser has for a parameter, by the parameter's own place: m.U11 or m(U11)."""
        match = re.fullmatch(REMEMBERED, base)
        found = self._place(match[2] or match[3]) if match else None
        if match is None or found is None:
            return None
        name = f"{match[1]}.{found[0]}"
        return (name, found[1]) if name in self.types else None

    def _call(self, text: str) -> Target | None:
        """local(A,B) or via(A,B,C)."""
        match = re.fullmatch(r"(local|via)\((.+)\)", text)
        if match is None:
            return None
        parts = [self._part(part) for part in outside_brackets(match[2])]
        if any(not isinstance(part, Element) or part.name.endswith("+") for part in parts):
            return None
        nodes = tuple(part for part in parts if isinstance(part, Element))
        if match[1] == "local" and len(nodes) == 2:
            return Path(nodes)
        return Via(*nodes) if match[1] == "via" and len(nodes) == 3 else None

    def _derivative(self, text: str) -> Target | None:
        """dA/dB, at whichever bar both sides name something."""
        if not text.startswith("d"):
            return None
        for match in re.finditer("/d", text):
            of, by = self._part(text[1 : match.start()]), self._part(text[match.end() :])
            if of is not None and by is not None and not of.name.endswith("+") and not by.name.endswith("+"):
                return Derivative(self._whole(of), by)
        return None

    def _whole(self, of: Element | Part) -> Element | Part:
        """The objective where E is the list of its terms: a list has no derivative, and dE/dw means that of all."""
        terms = isinstance(of, Part) and of.index is None and of.name in self.terms
        return Element(self.objective) if terms and self.objective else of


def _packed(text: str) -> str:
    """A text without spaces, its signs as keys have them."""
    packed = "".join(text.split())
    if packed.isascii():
        return packed
    for sign, plain in (("∂", "d"), ("⁺", "+"), ("·", "*"), (HAT, "_hat")):
        packed = packed.replace(sign, plain)
    return packed.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))
