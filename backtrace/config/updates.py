"""Reads how parameters change: the optimizer with its options and state, the rate, weight decay, clipping."""

# `return self.expected(...)` notes a fault and gives None, the reading of what cannot be read.
# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import fill
from typing import Final

from backtrace.config.records import Array, ClipSpec, DecaySpec, OptimizerSpec, Statement
from backtrace.config.spellings import OPTIMIZERS as OTHERS
from backtrace.config.spellings import nearest
from backtrace.config.table import CLIP, DECAY, OWN_RULE, RULE, Key
from backtrace.config.values import Values, number_hint
from backtrace.errors import did_you_mean, shortened
from backtrace.expressions import Expr
from backtrace.rules import OPTIMIZERS, Optimizer
from backtrace.yamlfile import Node

CLIP_HINT = "clip: {norm: 5.0} shortens all gradients together, clip: {value: 1.0} cuts each element"


MEANT: Final = {"p": "the parameter", "g": "its gradient", "lr": "the learning rate"}
LETTERS: Final = {"state": MEANT, "options": MEANT, "update": {"lr": MEANT["lr"]}}
"""What no state, no option and no quantity of a rule can be called."""


NAMING: Final = frozenset({"name", "type", "rule", "method", "algorithm"})
"""What people write for kind:."""
OF_OTHERS: Final = {
    **{name: f"{name} belongs to {row.name}" for row in reversed(list(OPTIMIZERS.values())) for name in row.options},
    **dict.fromkeys(("lr", "learning_rate"), "learning_rate: is a key of the config, beside optimizer:"),
    **{name: f"{name} is a rule of its own: kind: {name}" for name in ("momentum", "nesterov")},
    "weight_decay": "weight_decay: is a key of the config, beside optimizer:",
    "betas": "beta1: and beta2: stand by themselves",
}
"""What options of other rules mean."""


def computes(text: str) -> bool:
    """Whether a learning rate is an expression, and no number in quotes."""
    signs = set(text) & set("+-*/^([") or text in ("k", "n") or " if " in text
    return bool(signs) and not re.fullmatch(r"[-+\d.eE\s]*", text)


class Updates(Values):
    """Reads the keys of a config that say what an update does."""

    def rate(self, node: Node) -> float | Statement | tuple[float, ...] | None:
        """A number, several side by side, or an expression of the epoch k or the update n."""
        if node.kind == "list":
            read = [self.number(item) for item in node]
            return tuple(rate for rate in read if rate is not None) or self.expected(node, "learning rates")
        if node.kind == "text" and computes(node.text):
            before = len(self.faults)
            if (expr := self.expression(node)) is not None:
                return Statement("learning_rate", expr, node)
            if not number_hint(node).endswith(tuple("0123456789")):
                return None
            del self.faults[before:]
            self.counted = before
            self.places.clear()
        return self.number(node)

    def optimizer(self, node: Node) -> OptimizerSpec | None:
        """A rule of the table, alone or with options and state, or equations of the config's own."""
        if node.kind == "text":
            row = self.row(node)
            return OptimizerSpec(row.name, node=node) if row else None
        if node.kind != "mapping":
            return self.expected(node, "the name of an optimizer, or {state: {...}, update: {...}}")
        kind = node.get("kind")
        return self.own_rule(node) if kind is None else self.rule(node, kind)

    def row(self, node: Node) -> Optimizer | None:
        if node.kind != "text":
            return self.expected(node, "the name of an optimizer")
        if node.text not in OPTIMIZERS:
            known = fill(f"known: {', '.join(OPTIMIZERS)}, or equations of your own", 90)
            return self.fault(
                node, f'there is no optimizer "{node.text}"', nearest(node.text, OPTIMIZERS, OTHERS) or known
            )
        return OPTIMIZERS[node.text]

    def rule(self, node: Node, kind: Node) -> OptimizerSpec | None:
        """A rule of the table with options by name."""
        row = self.row(kind)
        if row is None:
            return None
        named = tuple(Key(name, "number", "") for name in row.options)
        parts = self.keyed(node, (*RULE, *named), f"the optimizer {row.name}", OF_OTHERS)
        options = {key.name: self.number(parts[key.name]) for key in named if key.name in parts}
        state = self.states(parts["state"]) if "state" in parts else {}
        for key, _ in parts["state"].items() if "state" in parts else ():
            if key.text not in row.state:
                hint = did_you_mean(key.text, row.state) or f"its state: {', '.join(row.state) or 'none'}"
                self.fault(key, f'the optimizer {row.name} has no state "{key.text}"', hint)
        given = {name: value for name, value in options.items() if value is not None}
        nodes = {("state", name): part for name, part in _members(parts.get("state"))}
        return OptimizerSpec(row.name, state, {}, given, self.start(parts), node, nodes)

    def own_rule(self, node: Node) -> OptimizerSpec | None:
        """Equations of the config's own."""
        others = {name: f"write {{kind: {name}, ...}}" for name in OPTIMIZERS}
        others |= {key: f"write kind: {shortened(value.text)}" for key, value in _members(node) if key in NAMING}
        others |= {key: hint for key, _ in _members(node) if (hint := did_you_mean(key, ["kind"]))}
        parts = self.keyed(node, OWN_RULE, "an optimizer", others)
        if "update" not in parts:
            hint = "update: {p: p - lr*g}, or kind: and the name of one"
            return self.missing(node, "the optimizer has no update:", hint)
        update, options = self.own_equations(parts["update"]), dict[str, float]()
        state = self.states(parts["state"]) if "state" in parts else {}
        if parts["update"].kind == "mapping" and "p" not in parts["update"].keys():  # noqa: SIM118
            return self.fault(parts["update"], "the update does not say what becomes of p", "p: p - lr*g")
        if "options" in parts and parts["options"].kind != "mapping":
            self.expected(parts["options"], "a mapping of names to numbers", "options: {decay: 0.9}")
        for name, value in _members(parts.get("options")):
            number = self.number(value)
            options |= {} if number is None else {name: number}
        nodes = {(part, name): value for part in parts for name, value in _members(parts[part])}
        self.letters(parts)
        return OptimizerSpec(None, state, update, options, self.start(parts), node, nodes)

    def letters(self, parts: Mapping[str, Node]) -> None:
        """Refuse names that have a meaning in every rule."""
        for section, taken in LETTERS.items():
            for key, _ in parts[section].items() if section in parts else ():
                if key.text in taken:
                    self.fault(
                        key, f'"{key.text}" has a meaning here already: {taken[key.text]}', "give it another name"
                    )

    def own_equations(self, node: Node) -> dict[str, Expr]:
        if node.kind != "mapping":
            self.expected(node, "a mapping of names to expressions")
            return {}
        found = {key.text: self.expression(value) for key, value in node.items() if self.checked_name(key)}
        return {name: expr for name, expr in found.items() if expr is not None}

    def start(self, parts: Mapping[str, Node]) -> int:
        """The number of the first update."""
        found = self.whole(parts["start"]) if "start" in parts else 1
        if found == 0:
            self.fault(parts["start"], "updates are counted from 1", "start: 1 is the first update")
        return found or 1

    def states(self, node: Node) -> dict[str, Array | dict[str, Array]]:
        """First values by name: a number or an array for all parameters, or a mapping by parameter."""
        if node.kind != "mapping":
            self.expected(node, "a mapping of names to first values", "state: {v: 0}")
            return {}
        found: dict[str, Array | dict[str, Array]] = {}
        for key, value in node.items():
            if not self.checked_name(key):
                continue
            if value.kind == "mapping":
                read = {name.text: self.array(part) for name, part in value.items()}
                found[key.text] = {name: array for name, array in read.items() if array is not None}
            else:
                array = self.array(value)
                found |= {} if array is None else {key.text: array}
        return found

    def decay(self, node: Node) -> DecaySpec | None:
        """A number, or what decays and how."""
        parts = self.keyed(node, DECAY, "weight_decay") if node.kind == "mapping" else {"value": node}
        if "value" not in parts:
            return self.missing(node, "weight_decay has no value:", "weight_decay: {value: 0.01}")
        value = self.number(parts["value"])
        if value is not None and value < 0:
            return self.expected(parts["value"], "a number, 0 or more")
        decoupled = self.boolean(parts["decoupled"]) if "decoupled" in parts else None
        only = self.names(parts["only"]) if "only" in parts else None
        return None if value is None else DecaySpec(value, decoupled, only, parts.get("only", node))

    def clip(self, node: Node) -> ClipSpec | None:
        """The greatest element or the greatest norm of a gradient."""
        if node.kind != "mapping":
            return self.expected(node, "a mapping with norm: or value:", CLIP_HINT)
        before = len(self.faults)
        parts = self.keyed(node, CLIP, "clip")
        if len(self.faults) > before:
            return None
        if ("value" in parts) == ("norm" in parts):
            return self.fault(node, "clip takes one of norm: and value:", CLIP_HINT)
        if "each" in parts and "value" in parts:
            return self.fault(parts["each"], "each: belongs to norm:", "clip: {norm: 5.0, each: true}")
        kind = "norm" if "norm" in parts else "value"
        most = self.number(parts[kind])
        if most is not None and most <= 0:
            return self.expected(parts[kind], "a number above 0")
        each = bool(self.boolean(parts["each"])) if "each" in parts else False
        return None if most is None else ClipSpec(most, kind == "norm", each)


def _members(node: Node | None) -> list[tuple[str, Node]]:
    """The entries of a mapping; none of anything else."""
    return [(key.text, value) for key, value in node.items()] if node is not None else []
