"""Reads what a config gives: inputs, targets and parameters, written out or drawn."""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from backtrace.config.files import Files
from backtrace.config.initial import GENERATORS, KINDS, MOST_NUMBERS, Kind, pending
from backtrace.config.records import STEMS, Array, Given, Init, Role, Sample
from backtrace.config.spellings import KINDS as OTHER_KINDS
from backtrace.config.spellings import nearest
from backtrace.config.table import DATA_FILE, INIT, Key
from backtrace.config.values import MOST_AXES, whole_hint
from backtrace.errors import ConfigError, did_you_mean
from backtrace.yamlfile import Node

SECTIONS: Final[tuple[tuple[str, Role], ...]] = (("inputs", "input"), ("targets", "target"))
KEYS_OF_NAMED: Final = tuple(key for key in INIT if key.name != "name")
WHOLE_SECTION: Final[Mapping[Role, str]] = {
    "input": "inputs: {file: data.csv, columns: {x: [a, b]}}",
    "target": "targets: {file: data.csv, column: y}",
    "parameter": "inputs: and targets: can be read from files, parameters: cannot",
}
OF_FILES: Final = frozenset(key.name for key in DATA_FILE)
LARGEST_SEED: Final = 2**32 - 1


class Givens(Files):
    """Reads the sections of given values; a fault is noted and reading goes on."""

    seeded = False
    """Whether the config has a seed for all that is drawn."""

    def givens(self, nodes: Mapping[str, Node]) -> tuple[tuple[Given, ...], int | None]:
        found: list[Given] = []
        counts: dict[str, int | None] = {}
        stated = [(section, role) for section, role in SECTIONS if section in nodes]
        if len(stated) == 2 and all(_is_empty_list(nodes[section]) for section, _ in stated):
            stated = stated[:1]
        before = len(self.faults)
        for section, role in stated:
            already = self.found
            arrays, counts[section] = self.data(nodes[section], role)
            found += [replace(given, sampled=counts[section] is not None) for given in arrays.values()]
            if self.found > already:
                self.unsound.add(section)
        if len(self.faults) == before and len(counts) == 2:
            self.paired(nodes["targets"], counts["inputs"], counts["targets"])
        if "parameters" in nodes:
            found += self.parameters(nodes["parameters"])
        return tuple(found), next((count for count in counts.values() if count is not None), None)

    def paired(self, node: Node, inputs: int | None, targets: int | None) -> None:
        """Refuse targets of another number of samples than the inputs."""
        if inputs is not None and targets is not None and inputs != targets:
            message = f"{inputs} samples of inputs, but {targets} of targets"
            self.fault(node, message, "one target for each input")
        if (inputs is None) != (targets is None):
            message = "one of inputs: and targets: states a single sample, the other several"
            self.fault(node, message, "write both as lists of samples of one length")

    def data(self, node: Node, role: Role) -> tuple[Sample, int | None]:
        """Named arrays, and the number of samples if there are several."""
        file = node.get("file")
        if file is not None and (_is_of_file(file) or len(set(node.keys()) & OF_FILES) > 1):
            return self.from_file(node, file, role)
        if is_init(node):
            return self.drawn_samples(node, role)
        if node.kind == "mapping":
            return self.sample(node, role), None
        if _is_empty_list(node):
            self.fault(node, "there are no samples in this list", "[0.1, 0.2] is one, [[0.1], [0.2]] are two")
            return {}, None
        if node.kind != "list":
            name = STEMS[role]
            hint = f"{{{name}: [0.1, 0.2]}}, or {{{name}1: 0.1, {name}2: 0.2}}"
            self.expected(node, "a mapping of names to numbers, or a list", hint)
            return {}, None
        if all(item.kind == "number" for item in node):
            return self.sample(node, role), None
        samples = [self.whole_sample(item, role) for item in node]
        if len(samples) == 1:
            return samples[0], None
        return self.stacked(node, samples), len(samples)

    def whole_sample(self, node: Node, role: Role) -> Sample:
        """A sample, or nothing if it has a fault: the rest of it is like no other sample."""
        before = len(self.faults)
        found = self.sample(node, role)
        return found if len(self.faults) == before else {}

    def sample(self, node: Node, role: Role) -> Sample:
        if node.kind != "mapping":
            values = self.array(node)
            return {} if values is None else {STEMS[role]: Given(STEMS[role], role, values, place=node.place)}
        if not list(node.items()):
            self.expected(node, "names with numbers")
        return self.named(node, role)

    def named(self, node: Node, role: Role) -> Sample:
        """The arrays of a mapping by name, written out or to be drawn."""
        found = {}
        for key, value in node.items():
            given = self.given(key, value, role) if self.checked_head(key) else None
            if given is not None:
                found[key.text] = given
        return found

    def given(self, key: Node, value: Node, role: Role) -> Given | None:
        if is_init(value):
            init = self.init(value, KEYS_OF_NAMED)
            return None if init is None else Given(key.text, role, self.pending(init), place=key.place, init=init)
        file = value.get("file")
        if file is not None:
            return self.fault(file, f'a file gives a whole section, not "{key.text}" alone', WHOLE_SECTION[role])
        values = self.array(value)
        return None if values is None else Given(key.text, role, values, place=key.place)

    def stacked(self, node: Node, samples: list[Sample]) -> Sample:
        first = samples[0]
        for number, (item, sample) in enumerate(zip(node, samples, strict=True), start=1):
            shapes = {name: given.values.shape for name, given in sample.items()}
            if sample and first and shapes != {name: given.values.shape for name, given in first.items()}:
                message = f"sample {number} is not like sample 1: {_shapes(sample)}, not {_shapes(first)}"
                self.fault(item, message, "every sample has the same names and sizes")
                return {}
            if any(given.init for given in sample.values()):
                hint = "inputs: {init: uniform, shape: [samples, size], seed: 1}"
                self.fault(item, "one of several samples cannot be drawn alone, draw them all", hint)
                return {}
        if not all(samples):
            return {}
        return {
            name: replace(given, values=np.stack([s[name].values for s in samples])) for name, given in first.items()
        }

    def parameters(self, node: Node) -> list[Given]:
        if node.kind != "mapping":
            self.expected(node, "a mapping of names to numbers or lists")
            return []
        return list(self.named(node, "parameter").values())

    # ── values that are drawn ──

    def drawn_samples(self, node: Node, role: Role) -> tuple[Sample, int | None]:
        """A whole section that is drawn: a list of numbers is one sample, rows are several."""
        init = self.init(node)
        name_node = node.get("name")
        name = STEMS[role] if name_node is None else self.name(name_node)
        if init is None or name is None or init.shape is None:
            return {}, None
        count = init.shape[0] if len(init.shape) > 1 else None
        init = replace(init, shape=init.shape[1:]) if count == 1 else init
        given = Given(name, role, self.pending(init), place=node.place, init=init)
        return {name: given}, None if count == 1 else count

    def pending(self, init: Init) -> Array:
        try:
            return pending(init, init.shape or ())
        except ConfigError as error:
            self.faults += error.faults
            return np.zeros(())

    def init(self, node: Node, keys: Iterable[Key] = INIT, layered: bool = False) -> Init | None:
        """How an array is drawn; within a layer its shape may be left to the layer."""
        kind_node = node.get("init")
        kind = KINDS.get(kind_node.text) if kind_node is not None else None
        if kind_node is None or kind is None:
            return self.unknown_kind(kind_node or node)
        before = len(self.faults)
        parts = self.keyed(node, (*keys, *(Key(name, "number", "") for name in kind.options)), kind.name)
        shape = self.shape(parts["shape"]) if "shape" in parts else None
        seed = self.seed(parts["seed"]) if "seed" in parts else None
        generator = self.generator(parts["generator"]) if "generator" in parts else None
        skip = self.skip(parts["skip"]) if "skip" in parts else 0
        options = {name: self.number(parts[name]) for name in kind.options if name in parts}
        self.check_init(kind_node, kind, parts)
        if len(self.faults) == before:
            self.check_shape(kind_node, kind, shape, parts, layered)
            self.check_options(kind, options, parts)
        if len(self.faults) > before:
            return None
        stated = {name: value for name, value in options.items() if value is not None}
        return Init(kind.name, stated, shape, seed, generator, skip or 0, node)

    def unknown_kind(self, node: Node) -> None:
        hint = nearest(node.text, KINDS, OTHER_KINDS) or textwrap.fill(f"known: {', '.join(KINDS)}", 90)
        if node.kind != "text":
            return self.expected(node, "a kind of initial values", hint)
        return self.fault(node, f'there is no kind of initial values "{node.text}"', hint)

    def check_init(self, node: Node, kind: Kind, parts: Mapping[str, Node]) -> None:
        """Refuse what could not be repeated, and options that are missing."""
        if kind.draw != "none" and not self.seeded and "seed" not in parts:
            message = f"{kind.name} has no seed: another run would draw other numbers"
            self.fault(node, message, "add seed: 1 here, or seed: 1 at the top of the config for all")
        for name, default in kind.options.items():
            if default is None and name not in parts and name not in ("fan_in", "fan_out"):
                self.fault(node, f"{kind.name} needs {name}:", f"{{init: {kind.name}, {name}: 2, ...}}")

    def check_shape(
        self, node: Node, kind: Kind, shape: tuple[int, ...] | None, parts: Mapping[str, Node], layered: bool
    ) -> None:
        if layered:
            return
        if shape is None:
            self.fault(node, "the array has no shape", "shape: 3, shape: [2, 3], or shape: [] for a number")
        elif len(shape) != 2:
            missing = [name for name in kind.options if name in ("fan_in", "fan_out") and name not in parts]
            if missing:
                hint = ", ".join(f"{name}: {number}" for name, number in zip(missing, (3, 2), strict=False))
                self.fault(node, f"{kind.name} of what is no matrix needs {' and '.join(missing)}", f"add {hint}")

    def check_options(self, kind: Kind, options: Mapping[str, float | None], parts: Mapping[str, Node]) -> None:
        low, high = (options.get(name, kind.options.get(name)) for name in ("low", "high"))
        if low is not None and high is not None and not low < high:
            node = parts.get("high") or parts["low"]
            self.fault(node, f"low: {low:g} is not below high: {high:g}", "low: 0, high: 1")
        for name in ("std", "fan_in", "fan_out"):
            value = options.get(name)
            if value is not None and (value < 0 or (value == 0 and name != "std")):
                self.fault(parts[name], f"{name}: must be {'0 or more' if name == 'std' else 'above 0'}")
        for name in ("low", "high") if kind.draw == "integers" else ():
            value = options.get(name)
            if value is not None and not (value == int(value) and abs(value) < 2**31):
                self.expected(parts[name], "a whole number below 2 to the 31")

    def shape(self, node: Node) -> tuple[int, ...] | None:
        items = list(node) if node.kind == "list" else [node]
        if sides := re.fullmatch(r"\(?(\d+) *[x\u00d7*,] *(\d+)\)?", node.text):
            return self.expected(node, "a size", f"write [{sides[1]}, {sides[2]}]")
        if len(items) > MOST_AXES:
            return self.fault(node, f"a shape of {len(items)} axes", f"at most {MOST_AXES}")
        read = [self.units(item) for item in items]
        return None if None in read else tuple(size for size in read if size is not None)

    def units(self, node: Node) -> int | None:
        if node.kind != "number" or not isinstance(node.value, int) or node.value < 1:
            return self.expected(node, "a whole number, 1 or more", whole_hint(node, least=1))
        return node.value

    def seed(self, node: Node) -> int | None:
        if node.kind != "number" or not isinstance(node.value, int) or not 0 <= node.value <= LARGEST_SEED:
            what = f"a whole number from 0 to {LARGEST_SEED}"
            return self.expected(node, what, whole_hint(node, most=LARGEST_SEED))
        return node.value

    def skip(self, node: Node) -> int | None:
        count = self.whole(node)
        if count is not None and count > MOST_NUMBERS:
            return self.fault(node, f"{count} are too many to pass over", f"at most {MOST_NUMBERS:,}")
        return count

    def generator(self, node: Node) -> str | None:
        if node.text not in GENERATORS:
            hint = did_you_mean(node.text, GENERATORS)
            return self.expected(node, f"a generator: {' or '.join(GENERATORS)}", hint)
        return node.text


def is_init(node: Node) -> bool:
    """Whether a mapping says how values are drawn; ``{init: 0.3}`` is a number named init."""
    kind = node.get("init")
    return kind is not None and kind.kind != "number"


def _is_of_file(node: Node) -> bool:
    """Whether what stands behind file: may be meant for a file's name: a quantity called file has numbers."""
    texts = node.kind == "list" and any(item.kind == "text" for item in node)
    return node.kind in ("text", "null") or texts


def _is_empty_list(node: Node) -> bool:
    return node.kind == "list" and not node.value


def _shapes(sample: Sample) -> str:
    return ", ".join(
        f"{name} of {'x'.join(map(str, given.values.shape))}" if given.values.shape else name
        for name, given in sample.items()
    )
