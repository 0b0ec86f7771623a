"""No hidden names: renaming all of a config renames its report and changes nothing else; layers are equations."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import backtrace
from backtrace.config import Config, Entries, Layer, Statement, read
from backtrace.expressions import Expr, Name, Type, names, parse, substitute, to_text
from backtrace.layers import expanded
from backtrace.quantities import View
from backtrace.render.formulas import Layout
from backtrace.render.text import report_text
from backtrace.report import Choice, Rows, Table, sections
from backtrace.trace import Trace

CONFIGS = sorted(p for p in (File(__file__).parent.parent / "configs").glob("*.yaml") if ".expected." not in p.name)
NAMES = [path.stem for path in CONFIGS]


@cache
def config_of(name: str) -> Config:
    return read(next(path for path in CONFIGS if path.stem == name))


@cache
def trace_of(name: str) -> Trace:
    return backtrace.run(config_of(name), epochs=2)


LAYERED = [name for name in NAMES if config_of(name).layers]

# ── renaming a config ──


def stem(name: str) -> str:
    """A name without its number: numbered names keep their numbers, W11 and W12 stay one matrix."""
    return re.sub(r"[\d_]*$", "", name)


class Renaming:
    """New stems for old ones; what has none keeps its name."""

    def __init__(self, stems: Mapping[str, str]) -> None:
        self.stems = stems

    def name(self, old: str) -> str:
        return self.stems.get(stem(old), stem(old)) + old[len(stem(old)) :]

    def expr(self, old: Expr) -> Expr:
        return substitute(old, {name: Name(self.name(name)) for name in names(old)})

    def statement(self, old: Statement) -> Statement:
        return replace(old, name=self.name(old.name), expr=self.expr(old.expr))

    def values(self, old: Any) -> Any:
        if isinstance(old, Mapping):
            return {self.name(name): value for name, value in old.items()}
        if isinstance(old, tuple):
            return tuple(map(self.values, old))
        return self.name(old) if isinstance(old, str) else old

    def entries(self, old: Entries | None) -> Entries | None:
        return (
            None if old is None else replace(old, name=old.name and self.name(old.name), values=self.values(old.values))
        )

    def layer(self, old: Layer) -> Layer:
        weights = self.entries(old.weights)
        assert weights is not None
        return replace(
            old,
            weights=weights,
            bias=self.entries(old.bias),
            pre=self.values(old.pre),
            out=self.values(old.out),
        )

    def config(self, old: Config) -> Config:
        return replace(
            old,
            givens=tuple(replace(given, name=self.name(given.name)) for given in old.givens),
            layers=tuple(map(self.layer, old.layers)),
            equations=tuple(map(self.statement, old.equations)),
            report=tuple(map(self.statement, old.report)),
            loss=old.loss and replace(old.loss, terms=self.name(old.loss.terms), total=self.name(old.loss.total)),
            objective=old.objective and replace(old.objective, expr=self.expr(old.objective.expr)),
            freeze=tuple(map(self.name, old.freeze)),
            train=None if old.train is None else tuple(map(self.name, old.train)),
            labels={self.name(name): tuple(map(self.name, group)) for name, group in old.labels.items()},
            # only there to point at faults
            nodes={key: node for key, node in old.nodes.items() if key not in ("freeze", "train")},
        )


def named(config: Config) -> Config:
    """The layers with the names they would get, written out: so that every name can be renamed."""
    layers, several = [], len(config.layers) > 1
    for number, layer in enumerate(config.layers, start=1):
        number_ = str(number) if several else ""
        plain = {"weights": f"W{number_}", "bias": f"b{number_}"}
        for part, default in plain.items():
            entries = getattr(layer, part)
            if entries is not None and entries.name is None and _all_numbers(entries.values):
                layer = replace(layer, **{part: replace(entries, name=default)})
        layers.append(layer)
    return replace(config, layers=tuple(layers))


def _all_numbers(values: Any) -> bool:
    if isinstance(values, tuple):
        return all(map(_all_numbers, values))
    return isinstance(values, int | float)


def own_stems(config: Config) -> list[str]:
    """The stems of all names of a config, but the objective's that it does not state."""
    wide = expanded(config)
    given_ = [given.name for given in (*config.givens, *wide.givens)]
    stated = [s.name for s in (*wide.equations, *wide.report)]
    labels = [name for group in wide.labels.values() for name in group]
    return list(dict.fromkeys(map(stem, (*given_, *stated, *labels))))


# Words of the program, letters of the textbooks, foreign letters: none means anything as a name.
FRESH = """
q W x h z E L J y o loss cost E_tot theta exp tanh relu log norm var qq_r Zustand ñ ω λ weights pre out g p n k lr
"""


@st.composite
def renamings(draw: st.DrawFn, config: Config) -> Renaming:
    """New stems at random, or the old ones exchanged among each other."""
    old = own_stems(config)
    stated = config.loss is not None or config.objective is None or isinstance(config.objective.expr, Name)
    fresh = [name for name in FRESH.split() if stated or name != "E_tot"]
    pool = draw(st.sampled_from([old, list(dict.fromkeys([*fresh, *(f"v_{name}" for name in old)]))]))
    new = draw(st.permutations(pool))[: len(old)]
    return Renaming(dict(zip(old, new, strict=True)))


# ── comparing reports ──

HEADING = re.compile(r"^(Back propagation step \d+:|Final values.*|Forward propagation|Back propagation, .*)")
TOKEN = re.compile(r"(?<![\w.])[^\W\d]\w*(?!\w|\()")


def renamed_text(text: str, renaming: Renaming) -> str:
    """A printed report with its names replaced, without space: how much there is depends on lengths."""
    stems = sorted(renaming.stems, key=len, reverse=True)

    def token(found: re.Match[str]) -> str:
        for old in stems:
            tail = found[0][len(old) :]
            if found[0].startswith(old) and re.fullmatch(r"[\d₀-₉_ᵀ⁰¹²³⁴-⁹]*", tail):
                return renaming.stems[old] + tail
        return found[0]

    return "\n".join(re.sub(r"\s+", "", TOKEN.sub(token, line)) for line in body(text))


def body(text: str) -> Iterator[str]:
    """The lines that say something about names: those below the first rule, without titles and rules."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("──"):
            break
    for line in lines:
        if not line.startswith("──"):
            yield HEADING.sub("", line)


WIDE = Layout(width=3000, choice=Choice(full=True))


def same_arrays(one: Trace, other: Trace) -> None:
    """The same names in the same order with the same numbers, whatever the names are."""
    assert len(one.epochs) == len(other.epochs)
    for left, right in zip(one.epochs, other.epochs, strict=True):
        assert list(left.graph.types.values()) == list(right.graph.types.values())
        for a, b in zip(left.graph.equations, right.graph.equations, strict=True):
            assert np.array_equal(left.record[a], right.record[b]), (a, b)
    assert np.array_equal(one.losses, other.losses)


@pytest.mark.parametrize("name", NAMES[::2])
def test_renaming_everything_changes_nothing_but_the_names(name: str) -> None:
    """Layers and equations as written, renamed; then the report and every array compared."""
    config = named(config_of(name))
    before = backtrace.run(config, epochs=1)
    text = report_text(before, WIDE)

    @settings(max_examples=4, phases=(Phase.explicit, Phase.reuse, Phase.generate))
    @given(renamings(config))
    def check(renaming: Renaming) -> None:
        after = backtrace.run(renaming.config(config), epochs=1)
        same_arrays(before, after)
        assert renamed_text(text, renaming) == renamed_text(report_text(after, WIDE), Renaming({}))

    check()


@pytest.mark.parametrize("name", LAYERED)
def test_names_written_out_are_those_that_layers_get(name: str) -> None:
    assert report_text(backtrace.run(named(config_of(name)), epochs=1)) == report_text(
        backtrace.run(config_of(name), epochs=1)
    )


@pytest.mark.parametrize(
    ("old", "new"), [("W11", "Q11"), ("W", "Q"), ("b1_2", "b1_2"), ("net_h1", "net_h1"), ("W_2_1", "Q_2_1")]
)
def test_a_new_stem_keeps_the_number(old: str, new: str) -> None:
    assert Renaming({"W": "Q"}).name(old) == new


# ── layers are equations ──


def as_equations(config: Config) -> Config:
    """The config as somebody writes it who knows no layers: equations as text, given values, the objective."""
    wide = expanded(config)
    return Config(
        wide.file,
        title=wide.title,
        givens=wide.givens,
        samples=wide.samples,
        equations=tuple(Statement(s.name, parse(to_text(s.expr))) for s in wide.equations),
        report=wide.report,
        objective=wide.objective,
        reduce=wide.reduce,
        learning_rate=wide.learning_rate,
        epochs=wide.epochs,
        freeze=wide.freeze,
        train=wide.train,
        labels=wide.labels,
        nodes={key: node for key, node in wide.nodes.items() if key not in ("layers", "loss", "orientation")},
    )


def quantities(view: View) -> list[tuple[str, float, str]]:
    """What a report shows, in its order: key, value, formula."""
    found: list[tuple[str, float, str]] = []
    for section in sections(view, Choice(full=True)):
        for block in section.blocks:
            lines: Sequence[Sequence[Any]] = ()
            if isinstance(block, Rows):
                lines = block.lines
            elif isinstance(block, Table):
                lines = [(row.label, *row.cells) for row in block.rows]
            for quantity in (quantity for line in lines for quantity in line):
                formula = "" if quantity.formula is None else to_text(quantity.formula, label=view.keys.label)
                found.append((quantity.key, quantity.value, formula))
    return found


@pytest.mark.parametrize("name", LAYERED)
def test_layers_written_as_equations_are_the_same_network(name: str) -> None:
    layered = trace_of(name)
    plain = backtrace.run(as_equations(config_of(name)), epochs=2)
    same_arrays(layered, plain)
    for left, right in zip(layered.epochs, plain.epochs, strict=True):
        assert list(left.graph.types) == list(right.graph.types)
        assert quantities(left) == quantities(right)


def test_the_two_forms_of_the_example_have_the_same_trace_key_by_key() -> None:
    layers, equations = trace_of("example").epochs[0], trace_of("example_equations").epochs[0]
    assert layers.record.keys() == equations.record.keys()
    for name, array in layers.record.items():
        assert np.array_equal(array, equations.record[name]), name
    assert quantities(layers) == quantities(equations)


# ── names that look alike ──


def test_the_update_below_a_table_is_that_of_its_own_parameter() -> None:
    """The name b is the end of ab: no name is told by its end."""
    renamed = Renaming({"W": "ab", "U": "b"}).config(config_of("example"))
    lines = [line.strip() for line in report_text(backtrace.run(renamed), Layout(width=100)).splitlines()]
    assert [line for line in lines if "η" in line] == ["b⁺ = b - η·∂E_tot/∂b", "ab⁺ = ab - η·∂E_tot/∂ab"]


# ── the order of names ──


def test_the_order_of_equations_is_that_of_the_config_not_of_the_alphabet() -> None:
    graph = trace_of("example").graph
    assert [equation.name for equation in graph.forward] == ["z", "h", "t", "o", "E", "E_tot"]
    swapped = Renaming({"z": "b", "h": "a", "W": "Z", "U": "Y"}).config(config_of("example"))
    found = backtrace.run(swapped).graph
    assert [equation.name for equation in found.forward] == ["b", "a", "t", "o", "E", "E_tot"]
    assert list(found.trained) == ["Z", "Y"]
    assert found.types["Z"] == Type((2, 2))
