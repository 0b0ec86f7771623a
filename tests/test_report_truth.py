"""What a report says is true: formulas give values, products and sums hold, derivatives are derivatives."""

import math
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path as File

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backtrace
from backtrace.backward import gradient_name, gradients
from backtrace.codegen import places
from backtrace.config import from_document
from backtrace.evaluating import evaluated
from backtrace.executor import Arrays, evaluate
from backtrace.expressions import Call, Element, Expr, ExpressionError, Name, Num, Ref, substitute
from backtrace.expressions import names as read_names
from backtrace.expressions import parse as parse_expression
from backtrace.graph import RATE
from backtrace.keys import Derivative, Path, Target, UnknownKeyError, Via, resampled
from backtrace.quantities import Quantity, View
from backtrace.render.formulas import Layout
from backtrace.render.numbers import Numbers
from backtrace.render.text import report_text
from backtrace.report import Choice, Rows, Table, sections
from backtrace.trace import Trace
from backtrace.yamlfile import parse

CONFIGS = sorted(p for p in (File(__file__).parent.parent / "configs").glob("*.yaml") if ".expected." not in p.name)
NAMES = [path.stem for path in CONFIGS]
FULL = Choice(full=True)


@cache
def trace_of(config: str) -> Trace:
    """One update of a config of the directory, and one after it."""
    path = next(path for path in CONFIGS if path.stem == config)
    return backtrace.run(path, epochs=2)


def run_text(text: str) -> Trace:
    return backtrace.run(from_document(parse(text, "test.yaml")))


def near(a: float, b: float, scale: float = 0.0, relative: float = 1e-12) -> bool:
    """Equal to 1e-12, relative to the numbers or to what they were summed from."""
    return a == b or abs(a - b) <= 1e-15 + relative * max(abs(a), abs(b), scale)


# ── every quantity shown ──


def shown(view: View, choice: Choice = FULL) -> Iterator[Quantity]:
    for section in sections(view, choice):
        for block in section.blocks:
            if isinstance(block, Rows):
                yield from (quantity for line in block.lines for quantity in line)
            elif isinstance(block, Table):
                yield from (quantity for row in block.rows for quantity in (row.label, *row.cells))


def tables(view: View) -> Iterator[Table]:
    for section in sections(view, FULL):
        yield from (block for block in section.blocks if isinstance(block, Table))


def largest(view: View, expr: Expr | None) -> float:
    """The largest number that a formula reads or computes on its way: what its rounding is relative to."""
    if expr is None:
        return 0.0
    inner = max((largest(view, arg) for arg in expr.args), default=0.0) if isinstance(expr, Call) else 0.0
    return max(inner, abs(view.evaluate(expr)))


def check_formulas(view: View) -> int:
    """Every formula shown gives the value shown; how many there were."""
    count = 0
    for quantity in {quantity.target: quantity for quantity in shown(view)}.values():
        if quantity.formula is not None:
            count += 1
            scale = largest(view, quantity.formula)
            assert near(view.evaluate(quantity.formula), quantity.value, scale), quantity.key
    return count


def check_lines(view: View) -> None:
    """A line stands for all its samples: the formula of the first gives each other's value, written for it."""
    for section in sections(view):
        for block in section.blocks:
            for line in block.lines if isinstance(block, Rows) else ():
                first = line[0]
                for number, quantity in enumerate(line):
                    assert quantity.target == resampled(first.target, number) or len(line) == 1
                    if first.formula is not None and len(line) > 1:
                        moved = moved_formula(first.formula, number)
                        scale = largest(view, moved)
                        assert near(view.evaluate(moved), quantity.value, scale), (
                            quantity.key,
                            first.formula,
                        )


def moved_formula(expr: Expr, sample: int) -> Expr:
    if isinstance(expr, Ref):
        return Ref(resampled(expr.key, sample))
    if isinstance(expr, Call):
        return Call(expr.op, tuple(moved_formula(arg, sample) for arg in expr.args), expr.options)
    return expr


def check_tables(view: View) -> int:
    """A row's factors multiply, or its samples add up, to the derivative; old and new value follow."""
    count = 0
    for table in tables(view):
        for row in table.rows:
            values = [cell.value for cell in row.cells]
            if table.heads[0].target == "value":  # gate by gate: value, upstream, local, gradient
                assert values[0] == row.label.value
                assert near(values[1] * values[2], values[3])
                continue
            factors, derivative, rest = (
                values[: table.factors],
                values[table.factors],
                values[table.factors + 1 :],
            )
            assert near(view.number(row.cells[table.factors].target), derivative)
            if factors and isinstance(table.heads[0].target, str):
                assert near(math.fsum(factors), derivative, max(map(abs, factors)))
            elif factors:
                assert near(math.prod(factors), derivative)
            if rest:
                rate = view.graph.learning_rate or 0.0
                step = rate * derivative * (-1 if view.graph.ascent else 1)
                assert rest[0] == row.label.value
                assert near(rest[0] - step, rest[1], max(abs(rest[0]), abs(step)))
            count += 1
    return count


def check_names(view: View) -> None:
    """A key shown beside a number gives that number when asked for."""
    for quantity in {quantity.target: quantity for quantity in shown(view)}.values():
        try:
            target = view.keys.parse(quantity.key).target
        except UnknownKeyError:
            assert isinstance(quantity.target, Path), quantity.key
            continue
        found = view.value(target)
        if isinstance(found, float):
            assert near(found, quantity.value, largest(view, quantity.formula)), quantity.key


# ── every derivative there is ──


def derivatives(view: View, name: str) -> npt.NDArray[np.float64]:
    """The derivatives of the objective by a named array, each by a complex step through the shown equations."""
    graph = view.graph
    objective = graph.objective or ""
    given: Arrays = {key: view.record[key] for key in (*graph.givens, *(e.name for e in graph.forward))}
    downstream = [e for e in graph.forward if e.name != name]
    start = np.asarray(given[name], dtype=np.float64)
    found = np.zeros(start.shape)
    step = 1e-40
    for place in np.ndindex(start.shape):
        moved = start.astype(np.complex128)
        moved[place] += 1j * step
        used = {key: value for key, value in given.items() if key in graph.givens} | {name: moved}
        with np.errstate(all="ignore"):
            values = evaluate(downstream, used, graph.samples)
        found[place] = np.imag(values[objective]) / step
    return found


def check_derivatives(view: View) -> int:
    """By every element on the way: chain rule, ways, gradient equations and the complex step agree."""
    graph, chains = view.graph, view.chains
    objective = graph.objective or ""
    wanted = [name for name in (*graph.givens, *(e.name for e in graph.forward)) if name in chains.leading]
    shown_gradients = evaluate(
        (*graph.forward, *gradients(graph.forward, objective, wanted, graph.samples or 1)),
        {key: view.record[key] for key in graph.givens},
        graph.samples,
    )
    count = 0
    for name in wanted:
        if name == objective:
            continue
        stepped = derivatives(view, name)
        # no gradient flows to the condition of a choice
        array = shown_gradients.get(gradient_name(objective, name), np.zeros(stepped.shape))
        scale = float(np.max(np.abs(stepped), initial=0.0))
        for index, sample in places(graph.types[name], graph.samples):
            element = Element(name, index, sample)
            value = view.number(Derivative(chains.objective, element))
            lead = () if sample is None else (sample,)
            formula = view.formula(Derivative(chains.objective, element))
            assert formula is not None
            ways = [view.number(Via(chains.objective, element, way)) for way in chains.ways(element)]
            by_ways = math.fsum(ways)
            total = max([scale, *map(abs, ways)])
            assert near(value, float(array[(*lead, *index)]), total), element
            assert near(value, float(stepped[(*lead, *index)]), total), element
            assert near(value, view.evaluate(formula), total), element
            assert near(value, by_ways, total), element
            count += 1
    return count


def check(view: View) -> None:
    check_formulas(view)
    check_lines(view)
    check_tables(view)
    check_names(view)
    if view.graph.objective:
        check_derivatives(view)


@pytest.mark.parametrize("config", NAMES)
def test_every_formula_gives_its_value(config: str) -> None:
    assert all(check_formulas(view) > 5 for view in trace_of(config).epochs)


@pytest.mark.parametrize("config", NAMES)
def test_a_formula_holds_for_every_sample_of_its_line(config: str) -> None:
    for view in trace_of(config).epochs:
        check_lines(view)


@pytest.mark.parametrize("config", NAMES)
def test_the_rows_of_tables_add_up_and_multiply(config: str) -> None:
    for view in trace_of(config).epochs:
        assert check_tables(view) or view.graph.gates


@pytest.mark.parametrize("config", NAMES)
def test_a_key_shown_gives_the_number_it_stands_beside(config: str) -> None:
    for view in trace_of(config).epochs:
        check_names(view)


@pytest.mark.parametrize("config", NAMES)
def test_every_derivative_is_the_derivative(config: str) -> None:
    for view in trace_of(config).epochs:
        assert check_derivatives(view) > 1


@pytest.mark.parametrize("config", NAMES)
def test_central_differences_of_the_objective_agree(config: str) -> None:
    """Independent of gradients and of complex numbers: parameters moved both ways through a whole run."""
    trace = trace_of(config)
    view = trace.epochs[0]
    for name in view.graph.wrt:
        array = view.graph.givens[name]
        for index, sample in places(array.type, view.graph.samples):
            lead = () if sample is None else (sample,)
            sides = []
            for step in (-1e-6, 1e-6):
                moved = np.array(array.values)
                moved[(*lead, *index)] += step
                given = {key: other.values for key, other in view.graph.givens.items()} | {name: moved}
                sides.append(float(evaluate(view.graph.run, given, view.graph.samples)[view.graph.objective or ""]))
            slope = (sides[1] - sides[0]) / 2e-6
            value = view.number(Derivative(view.chains.objective, Element(name, index, sample)))
            assert math.isclose(value, slope, rel_tol=1e-6, abs_tol=1e-8)


# ── other quantities as the one differentiated ──


@pytest.mark.parametrize(
    ("config", "left", "right"),
    [
        # the chain rule by hand, from one named quantity to the next
        ("example", "dE_tot/dU11", ("dE_tot/do1", "do1/dt1", "dt1/dU11")),
        ("example", "dE1/dU11", ("dE1/do1", "do1/dt1", "dt1/dU11")),
        ("example", "dt2/dW12", ("dt2/dh2", "dh2/dz2", "dz2/dW12")),
        ("example", "via(E_tot,h1,t2)", ("dE_tot/dt2", "local(t2,h1)")),
        ("example", "via(E2,h1,t2)", ("dE2/dt2", "local(t2,h1)")),
        ("example", "via(E2,h1,t1)", ("dE2/dt1", "local(t1,h1)")),
        ("fan_out", "via(y,v1,v4)", ("dy/dv4", "local(v4,v1)")),
        ("fan_out", "via(v6,v1,v3)", ("dv6/dv3", "local(v3,v1)")),
        ("mazur", "dE_o1/dw5", ("dE_o1/dout_o1", "dout_o1/dnet_o1", "dnet_o1/dw5")),
        ("xor", "dJ#2/dz1#2", ("dJ#2/da1#2", "da1#2/dz1#2")),
        ("xor", "dJ/dz1#2", ("dJ/dJ#2", "dJ#2/da1#2", "da1#2/dz1#2")),
    ],
)
def test_a_derivative_is_the_product_of_those_on_its_one_way(config: str, left: str, right: tuple[str, ...]) -> None:
    view = trace_of(config).epochs[0]
    assert near(float(view[left]), math.prod(float(view[key]) for key in right))


@pytest.mark.parametrize(
    ("config", "key", "value"),
    [
        ("example", "dE2/dU11", 0.0),
        ("example", "dx1/dW11", 0.0),
        ("example", "dx1/dx1", 1.0),
        ("example", "dx1/dx2", 0.0),
        ("example", "dE_tot/dE_tot", 1.0),
        ("example", "dE_tot/dE1", 1.0),
        ("example", "dlearning_rate/dW11", 0.0),
        ("example", "dE_tot/dlearning_rate", 0.0),
        ("example", "dW11/dE_tot", 0.0),
        ("example", "local(z1,h1)", 0.0),
        ("example", "via(E2,h1,t1)", 0.0),
        ("xor", "dyhat#2/da1#1", 0.0),
        ("xor", "dJ/dJ#3", 1.0),
        ("regression", "dE_tot/dE_tot#3", 1 / 3),
        ("regression", "do1#2/do1#2", 1.0),
    ],
)
def test_what_does_not_depend_has_the_derivative_0_and_itself_1(config: str, key: str, value: float) -> None:
    assert trace_of(config).epochs[0][key] == value


def test_a_derivative_by_an_array_is_an_array() -> None:
    view = trace_of("example").epochs[0]
    whole = np.asarray(view["dE_tot/dW"])
    assert whole.shape == (2, 2)
    assert whole[1, 0] == view["dE_tot/dW21"]
    samples = trace_of("xor").epochs[0]
    assert np.asarray(samples["dJ/dz1"]).tolist() == [samples[f"dJ/dz1#{sample}"] for sample in (1, 2, 3, 4)]


# ── the printed text ──

LINE = re.compile(
    r"^ {2,4}(?P<label>\S.*?) = (?P<formula>.*?)  += (?P<numbers>.*?)"
    r" +(?P<value>-?(?:[\d.]+(?:e[+-]\d+)?|inf)|nan)$"
)
SIGNS = {" · ": "*", "·": "*", "½": "0.5", "^": "**", "≤": "<=", "≥": ">=", "π": repr(math.pi)}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def printed(trace: Trace, ascii: bool) -> str:
    return report_text(trace, Layout(width=400, numbers=Numbers(17), ascii=ascii, choice=FULL))


def in_the_language(text: str) -> Expr:
    """A printed formula as an expression: the signs of print as those of the language."""
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: "**" + found[0].translate(SUPERSCRIPTS), text)
    for sign, plain in SIGNS.items():
        text = text.replace(sign, plain)
    return parse_expression(text)


@pytest.mark.parametrize("ascii", [True, False], ids=["ascii", "unicode"])
@pytest.mark.parametrize("config", NAMES)
def test_the_printed_numbers_give_the_printed_value(config: str, ascii: bool) -> None:
    count = 0
    for line in printed(trace_of(config), ascii).splitlines():
        found = LINE.match(line)
        if found is None or found["numbers"].startswith("the sum"):
            continue
        value = evaluated(in_the_language(found["numbers"]), lambda key: math.nan)
        assert math.isclose(value, float(found["value"]), rel_tol=1e-9, abs_tol=1e-13), line
        count += 1
    assert count >= 3


@pytest.mark.parametrize("ascii", [True, False], ids=["ascii", "unicode"])
@pytest.mark.parametrize("config", [name for name in NAMES if trace_of(name).graph.samples is None])
def test_the_printed_formula_gives_the_printed_value(config: str, ascii: bool) -> None:
    """Each name in a printed formula, looked up as a key: brackets and signs are where they must be."""
    trace, count = trace_of(config), 0
    text = printed(trace, ascii)
    for view, part in zip(trace.epochs, re.split(r"\n[─-]+ epoch \d+ .*\n", text)[1:], strict=True):
        for line in part.splitlines():
            found = LINE.match(line)
            if found is None or re.search(r"∂|/d|η", found["formula"]):
                continue
            names = re.compile(r"[^\W\d]\w*⁺|[^\W\d]\w*\+(?=[)*/,]|\*\*| [-+*/] |$)")
            renewed = names.sub(lambda name: f"new_{name[0][:-1]}", found["formula"])
            try:
                expr = in_the_language(renewed.translate(SUBSCRIPTS) if not ascii else renewed)
            except ExpressionError:
                raise AssertionError(f"{config}: {line}") from None
            values = {name: Num(looked_up(view, name)) for name in read_names(expr)}
            value = evaluated(substitute(expr, values), lambda key: math.nan)
            assert math.isclose(value, float(found["value"]), rel_tol=1e-12, abs_tol=1e-15), line
            count += 1
    assert count >= 2


def looked_up(view: View, name: str) -> float:
    """The number of a printed name; a name with a subscript may end in a digit itself: W2₁₁ is W2_1_1."""
    key = name.removeprefix("new_")
    plus = "+" if name.startswith("new_") else ""
    apart = re.fullmatch(r"(\w*[^\W\d_]\d)(\d+)", key)
    for text in (key, *([f"{apart[1]}[{','.join(apart[2])}]"] if apart else [])):
        try:
            found = view[text + plus]
        except UnknownKeyError:
            continue
        if isinstance(found, float):
            return found
    raise AssertionError(f"{name} is no key")


@pytest.mark.parametrize("width", [60, 140])
@pytest.mark.parametrize("config", NAMES[::2])
def test_a_value_stands_apart_and_within_the_width(config: str, width: int) -> None:
    """Nothing is glued to a value, and no line is longer than asked for unless a name alone is."""
    for ascii in (True, False):
        for line in report_text(trace_of(config), Layout(width=width, ascii=ascii)).splitlines():
            assert len(line) <= width or width == 60, line
            assert not re.search(r"\d\.\d+\.\d|\)\d+\.\d{8}|\d-\d\.\d{8}$", line), line
            assert line.isascii() or not ascii, line


def values_by_name(trace: Trace) -> dict[str, set[str]]:
    """The values printed beside each name in the lines of the first epoch."""
    found: dict[str, set[str]] = {}
    for line in report_text(trace, Layout(width=400, choice=FULL, epochs=(1,))).splitlines():
        parts = re.match(r"^ {2,4}(\S.*?) = .* (-?\d\S*)$", line)
        if parts:
            found.setdefault(parts[1], set()).add(parts[2])
    return found


@pytest.mark.parametrize("config", [name for name in NAMES if trace_of(name).graph.samples is None])
def test_a_printed_name_has_one_value(config: str) -> None:
    found = values_by_name(backtrace.run(next(path for path in CONFIGS if path.stem == config), epochs=1))
    assert len(found) > 2
    assert {name: values for name, values in found.items() if len(values) > 1} == {}


def test_a_local_derivative_and_the_total_have_names_of_their_own() -> None:
    """y = x·s, s = x²: ∂y/∂x is 12 over all ways, and 4 with s held."""
    found = values_by_name(run_text("{inputs: {x: 2}, equations: {s: x**2, y: x * s}, minimize: y}"))
    assert {name: values for name, values in found.items() if len(values) > 1} == {}


# ── random networks ──

VALUES = st.sampled_from([-1.3, -0.9, -0.65, -0.4, -0.15, 0.05, 0.2, 0.35, 0.55, 0.8, 1.1, 1.45])


def matrix(draw: st.DrawFn, rows: int, columns: int) -> list[list[float]]:
    return [[draw(VALUES) for _ in range(columns)] for _ in range(rows)]


@st.composite
def networks(draw: st.DrawFn) -> str:
    """A layered config: sizes, activations, biases, samples, loss, orientation at random."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    samples = draw(st.sampled_from([1, 1, 2, 3]))
    loss = draw(
        st.sampled_from(["half_squared_error", "mean_squared_error", "huber", "mean_absolute_error", "binary", "cross"])
    )
    column = draw(st.booleans())
    lines = [f"inputs: {[{'x': [draw(VALUES) for _ in range(sizes[0])]} for _ in range(samples)]}"]
    targets = [[draw(st.sampled_from([0.0, 1.0, 0.3])) for _ in range(sizes[-1])] for _ in range(samples)]
    lines += [f"targets: {[{'y': target} for target in targets]}", "learning_rate: 0.3"]
    lines += [
        f"orientation: {'W @ x' if column else 'x @ W'}",
        f"reduce: {draw(st.sampled_from(['sum', 'mean']))}",
    ]
    lines.append("layers:")
    for number, (rows, columns) in enumerate(pairwise(sizes), start=1):
        last = number == len(sizes) - 1
        known = {"binary": "sigmoid", "cross": "softmax"} if last else {}
        some = st.sampled_from(
            ["sigmoid", "tanh", "relu", "identity", "softplus", "leaky_relu", "elu", "selu", "silu", "gelu"]
        )
        activation = known.get(loss) or draw(some)
        weights = matrix(draw, *((columns, rows) if column else (rows, columns)))
        bias = draw(st.sampled_from([None, "list", "shared"]))
        given_bias = {"list": [draw(VALUES) for _ in range(columns)], "shared": draw(VALUES)}
        entry = f"  - {{weights: {weights}, activation: {activation}"
        lines.append(entry + (f", bias: {given_bias[bias]}}}" if bias else "}"))
    lines.append(f"loss: { {'binary': 'binary_cross_entropy', 'cross': 'cross_entropy'}.get(loss, loss) }")
    return "\n".join(lines).replace("'", "")


SCALAR = """
{a} * {b}; {a} + {b}; {a} - 2*{b}; sigmoid({a}); tanh({a} * {b}); exp(-{a}**2); {a} / (1 + {b}**2); -{a};
maximum({a}, {b}); where({a} > 0, {b}, {a}**2); log(1 + exp({a})); sin({a}) * {a}; {a}**3
"""
VECTOR = """
{v} * {a}; {v} + {w}; {v} * {w} - {a}; tanh({v}); softmax({v}); M @ {v}; {v} @ M; relu({v} + {a});
{v}[::-1] * {w};
M @ ({v} * {w}); stack({a}, {b}); {v} / (2 + {w}**2); abs({v}) + {v}
"""
REDUCED = "{v} @ {w}; sum({v} * {w}); mean({v}**2) + {a}; {v}[0] * {a}; sum(softmax({v}) * {w}); {w}[1]"
LAST = "sum({v}) * {a}; {a} + sum({v}); {a}**2 + {v}[0]; sum(({v} - {a})**2)"


def one_of(templates: str) -> st.SearchStrategy[str]:
    return st.sampled_from([" ".join(template.split()) for template in templates.split(";")])


@st.composite
def graphs(draw: st.DrawFn) -> str:
    """Equations at random, with junctions, residual ways, reductions and broadcasting; some unused."""
    sampled = draw(st.booleans())
    rows = [f"{{p: {draw(VALUES)}, q: [{draw(VALUES)}, {draw(VALUES)}]}}" for _ in range(1 + sampled)]
    scalars, vectors = ["p", "k"], ["q", "u"]
    equations = []
    for number in range(draw(st.integers(1, 6))):
        kind, templates = draw(st.sampled_from([("s", SCALAR), ("v", VECTOR), ("s", REDUCED)]))
        picked = {"a": scalars, "b": scalars, "v": vectors, "w": vectors}
        text = draw(one_of(templates)).format(
            **{letter: draw(st.sampled_from(names[-4:])) for letter, names in picked.items()}
        )
        name = f"{kind}{number}"
        equations.append(f'  {name}: "{text}"')
        (scalars if kind == "s" else vectors).append(name)
    objective = draw(one_of(LAST)).format(a=scalars[-1], v=vectors[-1])
    lines = [f"inputs: [{', '.join(rows)}]" if sampled else f"inputs: {rows[0]}"]
    lines.append(f"parameters: {{k: {draw(VALUES)}, u: {matrix(draw, 1, 2)[0]}, M: {matrix(draw, 2, 2)}}}")
    lines += ["learning_rate: 0.1", "equations:", *equations, f'  E: "{objective}"']
    lines.append("minimize: mean_samples(E) + 0.5*k**2" if sampled else "minimize: E")
    if draw(st.sampled_from([False, False, True])):
        lines.append("gates: true")
    return "\n".join(lines)


SLOW = settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(networks())
def test_the_report_of_a_random_network_is_true(text: str) -> None:
    check(run_text(text).epochs[0])


@SLOW
@given(graphs())
def test_the_report_of_a_random_graph_is_true(text: str) -> None:
    check(run_text(text).epochs[0])


@SLOW
@given(st.one_of(networks(), graphs()), st.sampled_from([40, 80, 140]), st.booleans())
def test_every_report_can_be_printed(text: str, width: int, ascii: bool) -> None:
    lines = report_text(run_text(text), Layout(width=width, ascii=ascii)).splitlines()
    assert len(lines) > 10
    assert not any(
        "None" in line or ("<" in line.replace("<=", "") and ascii and "where" not in line) for line in lines
    )


# ── the checker is checked ──


def test_a_wrong_value_is_caught() -> None:
    """One number of the record changed: formulas, rows and derivatives no longer hold."""
    view = trace_of("example").epochs[0]
    for name in ("h", "o", "dE_tot/dU", "U+"):
        moved = np.array(view.record[name])
        moved.ravel()[0] *= 1 + 1e-9
        wrong = View(view.graph, view.record | {name: moved})
        with pytest.raises(AssertionError):
            check(wrong)


def test_a_wrong_formula_is_caught() -> None:
    view = trace_of("example").epochs[0]
    quantity = view.quantity(Element("z", (0,)))
    object.__setattr__(quantity, "formula", Call("neg", (quantity.formula or Num(0),)))
    assert quantity.formula is not None
    assert not near(view.evaluate(quantity.formula), quantity.value)


def test_the_numbers_of_an_expression_are_read_as_the_language_reads_them() -> None:
    assert in_the_language("-½·(0.4 - 0.6)²") == parse_expression("-0.5*(0.4 - 0.6)**2")
    assert isinstance(in_the_language("x"), Name)


def test_the_learning_rate_is_a_quantity_too() -> None:
    target: Target = Element(RATE)
    assert trace_of("example").epochs[0].number(target) == 0.5


# ── saturated ──

SATURATED = """
inputs: {{x: [1, 2]}}
targets: {{y: {targets}}}
learning_rate: 0.5
layers:
  - {{weights: [[0.4, 0.3], [{w}, 1]], activation: {hidden}, pre: z, out: h}}
  - {{weights: [[{w}, 1, -3], [2, {w}, 5]], activation: {last}, pre: t, out: o}}
loss: {loss}
"""
ENDS = (
    ("sigmoid", "binary_cross_entropy", "[0, 1, 1]"),
    ("sigmoid", "half_squared_error", "[0.5, 0.25, 1]"),
    ("softmax", "cross_entropy", "[0, 1, 0]"),
    ("softmax", "half_squared_error", "[0, 1, 0]"),
    ("tanh", "half_squared_error", "[0.5, 0.25, 1]"),
)


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "elu", "gelu"])
@pytest.mark.parametrize("end", ENDS, ids=" ".join)
def test_every_formula_of_a_saturated_network_gives_its_value_to_12_digits(
    hidden: str, end: tuple[str, str, str]
) -> None:
    last, loss, targets = end
    for w in (3, 8, 15, 25, 400, -400):
        view = run_text(SATURATED.format(w=w, hidden=hidden, last=last, loss=loss, targets=targets)).epochs[0]
        for quantity in {quantity.target: quantity for quantity in shown(view)}.values():
            if quantity.formula is not None and math.isfinite(quantity.value):
                found, value = view.evaluate(quantity.formula), quantity.value
                close = abs(found - value) <= max(1e-12 * abs(value), 1e-300)
                assert close, (w, quantity.key, quantity.formula, found, value)


@pytest.mark.parametrize(("w", "lost"), [(0.3, False), (40, True)])
@pytest.mark.parametrize("inner", ["2*sigmoid(w*x)", "w*x * sigmoid(w*x)", "1 + tanh(w*x)", "gelu(2*w*x) + w"])
def test_lost_digits_are_told_where_they_may_be_lost_within_an_equation_too(inner: str, w: float, lost: bool) -> None:
    x = -1 if "gelu" in inner else 1
    text = f"inputs: {{x: {x}}}\nparameters: {{w: {w}}}\nequations: {{y: {inner}}}\nminimize: (y - 1)**2\n"
    trace = run_text(text)
    assert trace.epochs[0].saturated == lost
    assert ("formulas lose digits" in " ".join(report_text(trace).split())) == lost
