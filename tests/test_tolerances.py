"""Tolerances: how far off a program's figures may be, by key; and what is too coarse to tell or missing."""

import numpy as np
import pytest

import backtrace
from backtrace.comparison import Tolerance, Verdict, tolerances
from backtrace.comparison.expected import from_pairs
from backtrace.comparison.sources import from_bytes
from backtrace.comparison.tolerances import TYPES, Allowance, _largest, allowed
from backtrace.config import from_document
from backtrace.errors import UsageError
from backtrace.trace import Trace
from backtrace.yamlfile import parse
from tests.runner import Runner


@pytest.fixture(scope="module")
def example() -> Trace:
    return backtrace.run("configs/example.yaml")


@pytest.mark.parametrize(
    ("pair", "options", "verdict"),
    [
        # h1 is 0.51998934015…
        ("h1=0.5201", {}, "differs"),
        ("h1=0.5201", {"rtol": 1.2e-4}, "match"),  # within half a unit and 0.000062
        ("h1=0.5202", {"rtol": 1e-4}, "differs"),
        ("h1=0.52012", {"atol": 1e-4}, "differs"),
        ("h1=0.52012", {"atol": 1.3e-4}, "match"),
        ("h1=0.5201", {"rtol": ["1e-9", "h*=1e-3"]}, "match"),
        ("h1=0.5201", {"rtol": ["h*=1e-3", "1e-9"]}, "match"),  # what is said of some keys counts more
        ("h1=0.5201", {"rtol": ["z*=1e-3"]}, "differs"),
        ("h1=0.51998940", {"ulp": 1}, "differs"),
        ("h1=0.51998946", {"ulp": 2, "dtype": "float32"}, "match"),
        ("h1=0.51998958", {"ulp": 2, "dtype": "float32"}, "differs"),
        ("h1=0.5199899", {"dtype": "float32"}, "match"),
        ("h1=0.5201", {"dtype": "float32"}, "differs"),
        ("h1=0.522", {"dtype": "float16"}, "match"),
        ("h1=0.54", {"dtype": "bfloat16"}, "match"),
        ("h1=0.58", {"dtype": "bfloat16"}, "differs"),
        ("h1=0.54", {"dtype": ["float64", "h?=bfloat16"]}, "match"),
        # float32 as programs print it
        ("x1=0.10000000149", {}, "differs"),
        ("x1=0.10000000149", {"dtype": "float32"}, "match"),
        # of the objective, by whichever name
        ("dE/dU11=0.02593", {"rtol": ["dE/*=1e-3"]}, "match"),
        ("dE_tot/dU11=0.02593", {"rtol": ["dE/dU*=1e-3"]}, "match"),
        ("dE/dU11=0.02593", {"rtol": ["dE_tot/*=1e-3"]}, "match"),
        ("dE/dU11=0.02593", {"rtol": ["U*=1e-3"]}, "last digit"),
    ],
)
def test_a_figure_may_be_off_by_what_is_tolerated(
    example: Trace, pair: str, options: dict[str, object], verdict: str
) -> None:
    (row,) = backtrace.diff(example, from_pairs([pair]), **options).rows  # type: ignore[arg-type]
    assert row.verdict.value == verdict


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        (Tolerance(), [0.0, 0.0]),
        (Tolerance(rtol=0.5), [1.5, 0.25]),
        (Tolerance(atol=0.5), [0.5, 0.5]),
        (Tolerance(ulp=2), [2 * 2.0**-51, 2 * 2.0**-53]),
        (Tolerance(ulp=2, dtype="float32"), [2 * 2.0**-22, 2 * 2.0**-24]),
        (Tolerance(rtol=0.5, atol=0.5, ulp=0), [2.0, 0.75]),
        (Tolerance(dtype="float16"), [0.03, 0.03]),
    ],
)
def test_a_tolerance_allows_this_much(tolerance: Tolerance, expected: list[float]) -> None:
    assert allowed(tolerance, np.array([3.0, 0.5]), np.array([3.0, 3.0])).tolist() == expected


def test_later_rules_count_more_and_leave_what_they_do_not_say() -> None:
    rules = tolerances(rtol=["1e-6", "dE/*=1e-4"], atol="1e-9", dtype=["h*=float32"])
    allowance = Allowance(rules, "E_tot")
    assert allowance.of(("h1",), "") == Tolerance(rtol=1e-6, atol=1e-9, dtype="float32", pattern="h*")
    assert allowance.of(("dE_tot/dh1",), "float64") == Tolerance(rtol=1e-4, atol=1e-9, dtype="float64", pattern="dE/*")


def test_what_is_no_tolerance_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        tolerances(rtol=["x", "dE/*=-1"], ulp="many", dtype="float31")
    assert str(caught.value) == (
        '--rtol: "x" is not a number from 0, or KEYS=NUMBER\n'
        "  hint: such as --rtol 1e-6, or --rtol 'dE/*=1e-6'\n"
        '--rtol: "dE/*=-1" is not a number from 0, or KEYS=NUMBER\n'
        "  hint: such as --rtol 1e-6, or --rtol 'dE/*=1e-6'\n"
        '--ulp: "many" is not a number from 0, or KEYS=NUMBER\n'
        "  hint: such as --ulp 3, or --ulp 'dE/*=3'\n"
        '--dtype: there is no type "float31"\n'
        '  hint: did you mean "float32"?'
    )


def test_a_cancelled_difference_may_be_off_by_the_noise_of_its_type() -> None:
    """1 - 0.9999 has lost four digits: in float32 it is 0.00010001659."""
    config = from_document(parse("{inputs: {a: 1, b: 0.9999}, equations: {f: a - b}, minimize: f}", "t"))
    trace, found = backtrace.run(config), np.float32(1) - np.float32(0.9999)
    (row,) = backtrace.diff(trace, {"f": found}).rows
    assert abs(float(found) - 1e-4) > 1e-5 * 1e-4
    assert row.verdict is Verdict.MATCH


def test_the_command_line_takes_tolerances(backtrace_command: Runner) -> None:
    pairs = ("configs/example.yaml", "h1=0.5201", "dE/dU11=0.02593")
    assert backtrace_command("diff", *pairs).code == 1
    found = backtrace_command("diff", *pairs, "--rtol", "1e-3")
    assert (found.code, found.out) == (0, "2 figures: all match\n")
    assert backtrace_command("diff", *pairs, "--rtol", "h*=1e-3", "--atol", "d*=1e-5").code == 0


@pytest.mark.parametrize(
    ("value", "printed", "verdict"),
    [
        ("0.0004", "0.0", "too coarse to tell"),
        ("0.3", "0", "too coarse to tell"),
        ("0.7", "0", "too coarse to tell"),  # cut, or wrong
        ("1.2", "0", "differs"),
        ("1e-10", "0", "match"),
        ("0", "0.0", "match"),
        ("0.57", "0.5", "too coarse to tell"),
        ("0.54", "0.5", "match"),
        ("0.08", "0.08", "match"),
        ("0.7", "0.5", "differs"),
        ("0.527", "0.52", "differs"),  # two digits tell
        ("0.527", "0.53", "match"),
    ],
)
def test_what_is_too_coarse_to_tell(value: str, printed: str, verdict: str) -> None:
    config = from_document(parse(f"inputs: {{x: {value}}}\nequations: {{y: 1 * x}}\nminimize: y\n", "t"))
    (row,) = backtrace.diff(backtrace.run(config), from_pairs([f"y={printed}"])).rows
    assert row.verdict.value == verdict


def test_a_difference_of_printed_values_may_be_too_coarse() -> None:
    """o - t from values of two digits is anything between -0.01 and 0.01."""
    text = "{inputs: {x: 0.5, t: 0.6222}, equations: {o: sigmoid(x), f: o - t, g: f**2}, minimize: g}"
    trace = backtrace.run(from_document(parse(text, "t")))  # o is 0.62246, f is 0.00026
    figures = from_bytes(b'o: "0.62"\nf: "-0.0011"', "f.yaml")
    rows = {row.key: row.verdict.value for row in backtrace.diff(trace, figures).rows}
    assert rows == {"o": "match", "f": "too coarse to tell"}


def test_what_is_too_coarse_fails_nothing_and_is_no_match(backtrace_command: Runner) -> None:
    found = backtrace_command("diff", "configs/example.yaml", "E2=0.0", "h1=0.52")
    assert (found.code, found.out) == (0, "2 figures: 1 matches, 1 is too coarse to tell\n")


def test_of_many_figures_each_has_its_tolerance() -> None:
    text = f"inputs: {{u: {[1] * 80}, v: {[1] * 250}}}\nequations: {{y: 'outer(u, v)', s: sum(y)}}\nminimize: s\n"
    trace = backtrace.run(from_document(parse(text, "t")))
    found = backtrace.diff(trace, {"y": np.ones((80, 250), np.float32)}, rtol=["1e-6", "y*=1e-4"])
    assert dict(found.counts) == {Verdict.MATCH: 20_000}


@pytest.mark.parametrize(
    ("name", "gap", "digits"),
    [
        ("float64", np.finfo(np.float64).eps, 17),
        ("float32", np.finfo(np.float32).eps, 8),
        ("float16", np.finfo(np.float16).eps, 4),
        ("bfloat16", 1 / 128, 3),  # 8 bits of significand, as IEEE's binary32 cut short has them
    ],
)
def test_a_type_has_its_gap_and_the_digits_that_tell_its_numbers_apart(name: str, gap: float, digits: int) -> None:
    assert (TYPES[name].epsilon, TYPES[name].digits) == (float(gap), digits)


def test_the_largest_of_a_group_is_that_of_its_finite_numbers() -> None:
    sizes, groups = np.array([np.nan, 0.25, 0.5, np.inf, 3.0, np.nan]), ["a", "a", "a", "b", "b", "c"]
    assert _largest(sizes, groups).tolist() == [0.5, 0.5, 0.5, 3.0, 3.0, 0.0]
