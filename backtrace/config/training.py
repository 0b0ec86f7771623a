"""Reads how training goes: batches and their order, when it ends, and gradients that are given."""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from backtrace.config.records import Config, Given, Statement, Upstream, expression_fault
from backtrace.config.table import BACKWARD, SHUFFLE
from backtrace.config.values import Values
from backtrace.errors import did_you_mean
from backtrace.expressions import COMPARISONS, Call, ExpressionError, parse
from backtrace.yamlfile import Node

MOST_STEPS: Final = 1000
CONDITION: Final = ("where(", ", 1, 0)")
"""A comparison is of the language only inside where."""


class Training(Values):
    """Reads the keys of training."""

    def batch(self, node: Node) -> int | None:
        if node.text.casefold() in ("all", "full", "none"):
            return self.expected(node, "1 or more samples an update", "leave it out to use all samples at once")
        if node.kind == "number" and node.value == 0:
            return self.expected(node, "1 or more samples an update")
        return self.whole(node, 1)

    def order(self, node: Node) -> tuple[int, ...] | None:
        """The samples in their order, counted from 1 by the reader and from 0 by us."""
        if node.kind != "list" or not list(node):
            return self.expected(node, "the numbers of the samples, such as [2, 1, 3]")
        read = [self.whole(item) for item in node]
        return tuple(number - 1 for number in read if number is not None)

    def shuffle(self, node: Node) -> int | None:
        if node.kind != "mapping":
            return self.expected(node, "{seed: 7}", "with a seed another run has the same order: shuffle: {seed: 7}")
        parts = self.keyed(node, SHUFFLE, "shuffle")
        if "seed" not in parts:
            return self.missing(node, "shuffle has no seed:", "shuffle: {seed: 7}")
        return self.whole(parts["seed"])

    def condition(self, node: Node) -> Statement | None:
        """A comparison, read as the condition of a where."""
        before, after = CONDITION
        if node.kind != "text":
            return self.expected(node, "a condition such as E_tot < 1e-3")
        try:
            whole = parse(f"{before}{node.text}{after}")
        except ExpressionError as error:
            error.offset = max(0, error.offset - len(before))
            self.faults.append(expression_fault(node, error))
            return None
        assert isinstance(whole, Call)
        if not (isinstance(whole.args[0], Call) and whole.args[0].op in COMPARISONS.values()):
            return self.expected(node, "a comparison", "such as E_tot < 1e-3")
        return Statement("until", whole, node)

    def steps(self, node: Node) -> dict[str, range] | None:
        """The counters, each with the numbers of its first and its last step."""
        if node.kind != "mapping" or not list(node.items()):
            return self.expected(node, "a counter with its steps, such as {t: 1..3}")
        read = {key.text: self.span(value) for key, value in node.items() if self.checked_name(key)}
        return {name: found for name, found in read.items() if found is not None}

    def span(self, node: Node) -> range | None:
        found = re.fullmatch(r"(\d{1,15})\s*\.\.\s*(\d{1,15})", node.text)
        if found is None:
            return self.expected(node, "the first and the last step, such as 1..3", _span_hint(node.text))
        first, last = int(found[1]), int(found[2])
        if last < first:
            return self.fault(node, f"the steps {node.text} run backwards", f"write {last}..{first}")
        if not first <= last < first + MOST_STEPS:
            return self.fault(node, f"{node.text} is {max(0, last - first + 1)} steps", f"1 to {MOST_STEPS} of them")
        return range(first, last + 1)

    def indexed(self, nodes: Mapping[str, Node]) -> None:
        """Names with brackets belong to steps."""
        sections = ("inputs", "targets", "parameters", "equations", "report")
        keys = [key for name in sections if name in nodes for key, _ in nodes[name].items() if "[" in key.text]
        if keys and "steps" not in nodes:
            self.fault(keys[0], f'"{keys[0].text}" is a step, but there are none', "add steps: {t: 1..3}")

    def backward(self, node: Node) -> bool | None:
        found = BACKWARD.get(node.text)
        hint = did_you_mean(node.text, BACKWARD)
        return self.expected(node, " or ".join(BACKWARD), hint) if found is None else found

    def upstream(self, node: Node) -> tuple[Upstream, ...] | None:
        """By name an expression, or figures."""
        if node.kind != "mapping" or not list(node.items()):
            return self.expected(node, "names with expressions or figures, such as {z: step(z) - y}")
        read = [self.flowing(key, value) for key, value in node.items()]
        return tuple(seed for seed in read if seed is not None)

    def flowing(self, key: Node, value: Node) -> Upstream | None:
        if not self.checked_name(key):
            return None
        if value.kind == "list":
            values = self.array(value)
            return None if values is None else Upstream(key.text, values, key)
        expr = self.expression(value)
        return None if expr is None else Upstream(key.text, expr, value, key)

    def gradients(self, node: Node) -> tuple[Upstream, ...] | None:
        """By parameter a gradient, or a list of one for each update."""
        if node.kind != "mapping" or not list(node.items()):
            return self.expected(node, "parameters with their gradients, such as {w: [0.1, 0.2]}")
        read = [(key, self.array(value)) for key, value in node.items() if self.checked_name(key)]
        return tuple(Upstream(key.text, values, key) for key, values in read if values is not None)

    def in_batches(self, config: Config, nodes: Mapping[str, Node]) -> None:
        """What does not fit together: batches and the samples they are made of, an optimizer and no rate for it."""
        sound = {key: node for key, node in nodes.items() if key not in self.unsound}
        for key in ("shuffle", "order"):
            if key in sound and "batch_size" not in nodes:
                hint = "batch_size: 1" if config.samples else "leave it out: there is one sample"
                self.fault(nodes[key], f"{key}: is for batches, but every update uses all samples", hint)
        if "shuffle" in sound and "order" in sound:
            self.fault(nodes["order"], "shuffle: and order: exclude each other", "keep one of them")
        if "optimizer" in sound and "learning_rate" not in {*nodes, *self.unsound}:
            self.fault(nodes["optimizer"], "there is an optimizer, but no learning_rate:", "learning_rate: 0.01")
        for key in ("minimize", "maximize", "loss"):
            for other in ("upstream", "gradients"):
                if key in nodes and other in sound:
                    self.fault(nodes[other], f"{key}: and {other}: exclude each other", "keep one of them")
        if self.unsound.isdisjoint(("inputs", "targets")):
            self.sized(config, sound)

    def sized(self, config: Config, nodes: Mapping[str, Node]) -> None:
        """What does not fit the number of samples."""
        if "batch_size" in nodes and config.samples is None:
            self.fault(nodes["batch_size"], "batch_size: is for several samples, but there is one", "leave it out")
        elif config.samples and config.batch_size and config.batch_size > config.samples:
            message = f"batch_size is {config.batch_size}, but there are {config.samples} samples"
            self.fault(nodes["batch_size"], message, "leave it out to use all samples at once")
        elif "order" in nodes and config.samples and sorted(config.order or ()) != list(range(config.samples)):
            message = f"order: names each of the samples 1 to {config.samples} once"
            self.fault(nodes["order"], message, "such as [2, 1, 3]")


OTHER_SPAN: Final = re.compile(r"(range\()?(\d{1,9})(?:\.0)?\s*(?:\.{2,}|[-\u2013\u2014:,]|to|\u2026)\s*(\d{1,9})\b.*")
COUNT: Final = re.compile(r"()()(\d{1,9})", re.ASCII)


def _span_hint(text: str) -> str:
    """How steps are written that are written in another way; range(1, 4) of Python ends before 4."""
    meant = OTHER_SPAN.fullmatch(text) or COUNT.fullmatch(text)
    if meant is None:
        return ""
    first, last = int(meant[2] or 1), int(meant[3]) - bool(meant[1])
    return f"write {first}..{last}" if 0 <= last - first < MOST_STEPS else ""


def of_samples(config: Config, samples: range) -> Config:
    """The config on some of its samples only; of one sample there is no sample axis."""
    one = len(samples) == 1

    def chosen(given: Given) -> Given:
        if not given.sampled:
            return given
        values = given.values[samples[0]] if one else given.values[list(samples)]
        return replace(given, values=np.asarray(values), sampled=not one)

    return replace(config, givens=tuple(map(chosen, config.givens)), samples=None if one else len(samples))
