"""Conventions: a sheet that follows one is not called wrong; a single slip is never taken for one."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import backtrace
from backtrace.build import build
from backtrace.comparison import CONVENTIONS, Diff
from backtrace.comparison.conventions import NAMES
from backtrace.comparison.expected import Expected, figures, from_pairs
from backtrace.comparison.relations import biases, errors, halved, terms
from backtrace.comparison.sources import read
from backtrace.comparison.variants import VARIANTS, traced
from backtrace.config import read as read_config
from backtrace.errors import UsageError
from backtrace.render.differences import difference_lines
from backtrace.render.formulas import Layout
from backtrace.trace import Trace
from backtrace.yamlfile import parse
from tests.runner import Runner

Array = npt.NDArray[np.float64]

CONFIG = """
inputs: [[0.5, -0.2], [0.1, 0.9], [0.3, 0.7]]
targets: [[1, 0], [0, 1], [1, 1]]
learning_rate: 0.3
reduce: mean
layers:
  - {weights: {name: W, values: [[0.1, -0.2], [0.4, 0.5]]}, bias: {name: b, values: [0.1, 0.25]}, pre: z, out: h,
     activation: sigmoid}
  - {weights: {name: U, values: [[0.15, 0.2], [0.45, 0.5]]}, bias: {name: c, values: [0.1, 0.2]}, pre: t, out: o,
     activation: sigmoid}
loss: half_squared_error
"""


def worked(
    *, half: float = 0.5, mean: float = 3, outputs: float = 1, new_weights: bool = False, moved: bool = True
) -> list[dict[str, Array]]:
    """Two epochs of the network above worked out without the program, as its books may have them."""
    x, y = np.array([[0.5, -0.2], [0.1, 0.9], [0.3, 0.7]]), np.array([[1.0, 0], [0, 1], [1, 1]])
    p = {
        "W": np.array([[0.1, -0.2], [0.4, 0.5]]), "b": np.array([0.1, 0.25]),
        "U": np.array([[0.15, 0.2], [0.45, 0.5]]), "c": np.array([0.1, 0.2]),
    }  # fmt: skip
    found = []
    for _ in range(2):
        z = x @ p["W"] + p["b"]
        h = 1 / (1 + np.exp(-z))
        t = h @ p["U"] + p["c"]
        o = 1 / (1 + np.exp(-t))
        error = half * (y - o) ** 2
        do = 2 * half * (o - y) / mean / outputs
        dt = do * o * (1 - o)
        g = {"U": h.T @ dt, "c": dt.sum(0)}
        new = {"U": p["U"] - 0.3 * g["U"], "c": p["c"] - 0.3 * g["c"] * moved}
        dh = dt @ (new["U"] if new_weights else p["U"]).T
        dz = dh * h * (1 - h)
        g |= {"W": x.T @ dz, "b": dz.sum(0)}
        new |= {"W": p["W"] - 0.3 * g["W"], "b": p["b"] - 0.3 * g["b"] * moved}
        values = {"z": z, "h": h, "t": t, "o": o, "E": error, "E_tot": np.asarray(error.sum() / mean / outputs)}
        values |= {"dE_tot/do": do, "dE_tot/dt": dt, "dE_tot/dh": dh, "dE_tot/dz": dz}
        values |= {f"dE_tot/d{name}": each for name, each in g.items()}
        found.append(values | {f"{name}+": each for name, each in new.items()})
        p = new
    return found


Change = Callable[[str, Array], Array]


def changed(change: Change, **options: Any) -> list[dict[str, Array]]:
    return [{key: change(key, array) for key, array in epoch.items()} for epoch in worked(**options)]


def times(factor: float, *keys: str) -> Change:
    return lambda key, array: factor * array if key in keys else array


NODES = ("dE_tot/do", "dE_tot/dt", "dE_tot/dh", "dE_tot/dz")
GRADIENTS = ("dE_tot/dW", "dE_tot/db", "dE_tot/dU", "dE_tot/dc")
MATRICES = ("W+", "U+", "dE_tot/dW", "dE_tot/dU")
SAMPLED = ("z", "h", "t", "o", "E", *NODES)


def turned(*keys: str) -> Change:
    return lambda key, array: array.T if key in keys else array


def both(one: Change, other: Change) -> Change:
    return lambda key, array: other(key, one(key, array))


def sheet(epochs: list[dict[str, Array]], first: int = 1, digits: int = 6) -> Expected:
    """The figures as a sheet prints them, epochs counted from ``first``."""

    def text(array: Array) -> str:
        return f'"{array:.{digits}f}"' if array.ndim == 0 else f"[{', '.join(map(text, array))}]"

    lines = []
    for at, values in enumerate(epochs, start=first):
        lines += [f"epoch {at}:", *(f"  {key}: {text(array)}" for key, array in values.items())]
    return figures(parse("\n".join(lines), "sheet.yaml"))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    path = tmp_path_factory.mktemp("network") / "network.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return backtrace.run(path, epochs=3, keep=[1, 2, 3])


@pytest.fixture(scope="module")
def example() -> Trace:
    return backtrace.run("configs/example.yaml")


def names(diff: Diff) -> list[str]:
    return sorted(convention.name for convention in diff.conventions)


# ── what a sheet follows ──

ROWS: list[tuple[list[str], list[dict[str, Array]], int]] = [
    ([], worked(), 1),
    (["half"], worked(half=1), 1),
    (["mean"], worked(mean=1), 1),
    (["outputs"], worked(outputs=2), 1),
    (["biases-fixed"], worked(moved=False), 1),
    (["new-weights"], worked(new_weights=True), 1),
    (["half-error"], changed(times(2, "E", "E_tot")), 1),
    (["mean-error"], changed(times(3, "E_tot")), 1),
    (["outputs-error"], changed(times(0.5, "E_tot")), 1),
    (["per-sample"], changed(times(3, *NODES)), 1),
    (["delta-sign"], changed(times(-1, *NODES)), 1),
    (["gradient-sign"], changed(times(-1, *NODES, *GRADIENTS)), 1),
    (["rate"], changed(times(0.3, *GRADIENTS)), 1),
    (["step"], changed(times(-0.3, *GRADIENTS)), 1),
    (["transposed"], changed(turned(*MATRICES)), 1),
    (["columns"], changed(turned(*SAMPLED)), 1),
    (["epoch-1"], worked(), 2),
    (["epoch+1"], worked()[1:], 1),
    (["delta-sign", "half"], changed(times(-1, *NODES), half=1), 1),
    (["half", "mean"], worked(half=1, mean=1), 1),
    (["biases-fixed", "half"], worked(half=1, moved=False), 1),
    (["delta-sign", "per-sample"], changed(times(-3, *NODES)), 1),
    (["delta-sign", "step"], changed(both(times(-1, *NODES), times(-0.3, *GRADIENTS))), 1),
    (["columns", "transposed"], changed(turned(*SAMPLED, *MATRICES)), 1),
    (["delta-sign", "half", "transposed"], changed(both(times(-1, *NODES), turned(*MATRICES)), half=1), 1),
]  # fmt: skip
TRIED = [row for number, row in enumerate(ROWS) if len(row[0]) < 2 or number % 2]
"""Each convention alone, and every other pair."""


@pytest.mark.parametrize(("wanted", "epochs", "first"), TRIED, ids=[" ".join(row[0]) or "none" for row in TRIED])
def test_a_sheet_written_under_conventions_matches_under_them(
    network: Trace, wanted: list[str], epochs: list[dict[str, Array]], first: int
) -> None:
    diff = backtrace.diff(network, sheet(epochs, first))
    assert names(diff) == wanted
    assert {row.verdict.value for row in diff.rows} == {"match"}


@pytest.mark.parametrize("digits", [4, 5])
def test_figures_of_few_digits_tell_a_convention_too(network: Trace, digits: int) -> None:
    assert names(backtrace.diff(network, sheet(worked(half=1), digits=digits))) == ["half"]


def test_a_slip_within_a_convention_is_still_found(network: Trace) -> None:
    epochs = worked(half=1)[:1]
    epochs[0]["U+"][0, 1] += 0.01
    diff = backtrace.diff(network, sheet(epochs))
    assert names(diff) == ["half"]
    assert [(row.key, row.verdict.value) for row in diff.rows if row.verdict.value != "match"] == [
        ("U12+@1", "differs")
    ]


# ── single elements ──

EXAMPLE = {
    "half-error": "h1=0.519989 E1=0.043868 E2=0.004076 E_tot=0.047944 dE_tot/do1=0.209446",
    "delta-sign": "dE_tot/do1=-0.209446 dE_tot/dt1=-0.049853 dE_tot/dh1=-0.032407 dE_tot/dU11=0.025923",
}


def test_single_elements_tell_it_as_lists_do(example: Trace) -> None:
    right = {
        key: example[key]
        for key in ("dE_tot/dU12", "dE_tot/dU21", "U12+", "U21+", "dE_tot/dU11", "dE_tot/dW12", "dE_tot/dW21")
    }
    other = {"12": "21", "21": "12"}
    turned = [f"{re.sub('12|21', lambda m: other[m[0]], key)}={value:.6f}" for key, value in right.items()]
    assert names(backtrace.diff(example, from_pairs(turned))) == ["transposed"]


@pytest.mark.parametrize("name", ["half-error", "delta-sign"])
def test_a_few_figures_suffice(example: Trace, name: str) -> None:
    diff = backtrace.diff(example, from_pairs(EXAMPLE[name].split()))
    assert (names(diff), diff.failed) == ([name], False)


def test_matrices_that_fit_only_transposed_are_known(tmp_path: Path) -> None:
    text = CONFIG.replace("[[0.1, -0.2], [0.4, 0.5]]", "[[0.1, -0.2, 0.3], [0.4, 0.5, 0.6]]")
    text = text.replace("values: [0.1, 0.25]", "values: [0.1, 0.25, 0.3]")
    path = tmp_path / "c.yaml"
    path.write_text(text.replace("[[0.15, 0.2], [0.45, 0.5]]", "[[0.15, 0.2], [0.45, 0.5], [0.3, 0.1]]"))
    trace = backtrace.run(path)
    array = np.asarray(trace["dE_tot/dW"])
    pairs = [f"dE_tot/dW{j + 1}{i + 1}={array[i, j]:.7f}" for i, j in np.ndindex(2, 3)]
    assert names(backtrace.diff(trace, from_pairs(pairs))) == ["transposed"]
    diff = backtrace.diff(trace, sheet([{"W+": np.asarray(trace["W+"]).T, "dE_tot/dW": array.T}]))
    assert (names(diff), diff.failed) == (["transposed"], False)


# ── what is no convention ──

SLIPS: list[tuple[str, Change]] = [
    ("one gradient transposed", turned("dE_tot/dU")),
    ("one gradient with the learning rate in it", times(0.3, "dE_tot/dU")),
    ("one gradient with the other sign", times(-1, "dE_tot/dW")),
    ("one layer's derivatives with the other sign", times(-1, "dE_tot/dt")),
    ("the total error only", times(2, "E_tot")),
    ("the errors but not their total", times(2, "E")),
    ("one layer's bias left as it is", lambda key, array: np.array([0.1, 0.2]) if key == "c+" else array),
]


@pytest.mark.parametrize(("slip", "change"), SLIPS, ids=[slip for slip, _ in SLIPS])
def test_a_single_slip_is_no_convention(network: Trace, slip: str, change: Change) -> None:
    diff = backtrace.diff(network, sheet(changed(change)[:1]))
    assert (names(diff), diff.failed) == ([], True)


def test_a_slip_that_is_carried_on_is_no_pair_of_conventions(network: Trace) -> None:
    doubled = worked(half=1)[0] | {key: worked()[0][key] for key in ("E", "E_tot")}
    assert names(backtrace.diff(network, sheet([doubled]))) == []


@pytest.mark.parametrize("pair", ["E1=0.043868", "dE_tot/do1=-0.209446", "dE_tot/dU12=-0.007408"])
def test_one_wrong_figure_never_makes_a_convention(example: Trace, pair: str) -> None:
    assert names(backtrace.diff(example, from_pairs([pair, "h1=0.519989"]))) == []


def test_a_page_whose_updates_are_right_is_not_read_under_new_weights() -> None:
    trace = backtrace.run("configs/published/mazur-2015.yaml", epochs=10000, keep=[1, 2, 10000])
    assert names(backtrace.diff(trace, read("configs/published/mazur-2015.expected.yaml"))) == []


# ── names ──


@pytest.mark.parametrize(
    ("words", "wanted", "failed"),
    [
        ([], ["half"], False),
        (["half"], ["half"], False),
        (["none"], [], True),
        (["no-half"], [], True),
        (["half", "none"], ["half"], False),
        (["delta-sign", "none"], ["delta-sign"], True),
    ],
)
def test_conventions_are_fixed_and_forbidden(network: Trace, words: list[str], wanted: list[str], failed: bool) -> None:
    diff = backtrace.diff(network, sheet(worked(half=1)), conventions=words)
    assert (names(diff), diff.failed) == (wanted, failed)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["halff"], '"halff" is no convention', 'did you mean "half"?'),
        (["no-hal"], '"no-hal" is no convention', 'did you mean "no-half"?'),
        (["half", "no-half"], '"half" is fixed and forbidden', "keep one"),
        (["old-weights"], "--convention old-weights changes nothing here", "leave it out"),
        (["biases-moved"], "--convention biases-moved changes nothing here", "leave it out"),
    ],
)
def test_what_is_no_convention_here_is_refused(network: Trace, words: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        backtrace.diff(network, sheet(worked()), conventions=words)
    assert [(fault.message, fault.hint) for fault in refused.value.faults] == [(message, hint)]


def test_the_command_fixes_says_and_names_them(backtrace_command: Runner, tmp_path: Path) -> None:
    path = tmp_path / "sheet.yaml"
    path.write_text('E1: "0.043868"\nE2: "0.004076"\nE_tot: "0.047944"\n', encoding="utf-8")
    told = backtrace_command("diff", "configs/example.yaml", str(path))
    assert (told.code, told.out) == (
        0,
        "The figures follow if the error has no factor ½ (half).\n3 figures: all match\n",
    )
    assert backtrace_command("diff", "configs/example.yaml", str(path), "--convention", "none").code == 1
    refused = backtrace_command("diff", "configs/example.yaml", str(path), "--convention", "halv")
    assert (refused.code, 'did you mean "half"?' in refused.err) == (2, True)
    listed = re.sub(r"-\s+", "-", backtrace_command("diff", "--help").out)
    assert [name for name in NAMES if name not in listed] == []


def test_the_first_difference_shows_the_number_as_the_convention_has_it(example: Trace) -> None:
    pairs = ["dE_tot/do1=-0.209446", "dE_tot/do2=-0.063845", "dE_tot/dt1=-0.049853", "dE_tot/dt2=-0.025"]
    diff = backtrace.diff(example, from_pairs(pairs))
    lines = ["".join(s.text for s in line).rstrip() for line in difference_lines(diff, Layout(80))]
    first = lines.index("The first difference: ∂E_tot/∂t₂")
    assert lines[0] == "The figures follow if δ is printed with the other sign (target − output)"
    assert [line.split()[-1] for line in lines[first + 2 : first + 4]] == ["-0.01425", "-0.025"]


def test_every_convention_says_one_sentence() -> None:
    assert all(c.sentence and not c.sentence.endswith(".") for c in CONVENTIONS)
    assert len({c.sentence for c in CONVENTIONS}) == len(CONVENTIONS)


# ── relations and variants ──


def test_errors_and_biases_are_known_by_what_they_do(network: Trace) -> None:
    graph = network.graph
    assert (errors(graph), terms(graph), halved(graph)) == (("E_tot", "E_tot#", "E"), ("E",), True)
    assert biases(graph) == ("b", "c")


@pytest.mark.parametrize("name", ["mazur", "xor", "binary"])
def test_variants_apply_to_a_graph_or_leave_it(name: str) -> None:
    trace = backtrace.run(f"configs/{name}.yaml", epochs=2, keep=[1, 2])
    for variant in VARIANTS:
        found = traced(variant, trace, [1, 2])
        assert found is None or not np.array_equal(found.losses, trace.losses) or found.graph != trace.graph


def test_a_variant_holds_in_a_smaller_last_batch_too(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(CONFIG + "batch_size: 2\n", encoding="utf-8")
    graph = build(read_config(path))
    (fixed,) = (variant for variant in VARIANTS if variant.name == "biases-fixed")
    trace = traced(fixed, backtrace.run(path, epochs=1), [1])
    assert graph.rest is not None
    assert trace is not None
    assert np.array_equal(trace["b+@1.2"], [0.1, 0.25])


def test_renaming_everything_changes_nothing(network: Trace, tmp_path: Path) -> None:
    new = {"W": "a", "b": "theta", "U": "h", "c": "k", "z": "E", "h": "x3", "t": "b", "o": "z", "E": "W", "E_tot": "o"}
    path = tmp_path / "renamed.yaml"
    text = re.sub(r"(name|pre|out): (\w+)", lambda m: f"{m[1]}: {new[m[2]]}", CONFIG)
    path.write_text(
        text.replace("loss: half", "loss: {kind: half").rstrip() + ", terms: W, total: o}\n", encoding="utf-8"
    )
    renamed = backtrace.run(path, epochs=3, keep=[1, 2, 3])

    def other(key: str) -> str:
        return re.sub(r"(?<![a-z])(d?)(E_tot|[WbUczhtoE])(?=\+|/|$)", lambda m: m[1] + new[m[2]], key)

    for wanted, epochs, first in ROWS[1::6]:
        keyed = [{other(key): array for key, array in values.items()} for values in epochs]
        assert names(backtrace.diff(renamed, sheet(keyed, first))) == wanted
