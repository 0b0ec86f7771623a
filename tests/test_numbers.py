"""How numbers are written: results to so many decimals, numbers in a formula as short as they were given."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtrace.render.numbers import Numbers, ascii_number


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (0.60944600499, 8, "0.60944600"),
        (0.0, 8, "0.00000000"),
        (-0.0, 8, "0.00000000"),
        (-0.25, 8, "-0.25000000"),
        (1.0, 8, "1.00000000"),
        (1 / 3, 4, "0.3333"),
        (2 / 3, 6, "0.666667"),
        (0.39249999999999996, 8, "0.39250000"),
        (0.39249999999999996, 17, "0.39249999999999996"),
        # four significant digits at least, else in scientific notation
        (1e-5, 8, "0.00001000"),
        (9.9e-6, 8, "9.90000000e-06"),
        (-1.5e-9, 8, "-1.50000000e-09"),
        (1e-4, 4, "1.0000e-04"),
        (1e-12, 12, "1.000000000000e-12"),
        (999999999.0, 8, "999999999.00000000"),
        (1e9, 8, "1.00000000e+09"),
        (-1e12, 4, "-1.0000e+12"),
        (5e-324, 4, "4.9407e-324"),
        (1.7976931348623157e308, 4, "1.7977e+308"),
        (math.inf, 8, "∞"),
        (-math.inf, 8, "-∞"),
        (math.nan, 8, "nan"),
    ],
)
def test_a_result_has_always_the_same_decimals(number: float, digits: int, text: str) -> None:
    assert Numbers(digits).value(number) == text


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (0.25, 8, "0.25"),
        (0.60944600499, 8, "0.60944600"),
        (0.1, 8, "0.1"),
        (0.1, 17, "0.1"),
        (3.0, 8, "3"),
        (-2.0, 8, "-2"),
        (0.0, 8, "0"),
        (-0.0, 8, "0"),
        (-0.05, 8, "-0.05"),
        (0.001, 3, "0.001"),
        (1e8, 8, "100000000"),
        # the same number but for the last bits of binary arithmetic
        (0.39249999999999996, 8, "0.3925"),
        (0.1 + 0.2, 8, "0.3"),
        (0.39249999999999996, 17, "0.39249999999999996"),
        (1 / 3, 4, "0.3333"),
        (1 / 3, 16, "0.3333333333333333"),
        (123456789.125, 8, "123456789.125"),
        (9.87654321e-9, 4, "9.8765e-09"),
        (math.inf, 8, "∞"),
        (-math.inf, 8, "-∞"),
        (math.nan, 8, "nan"),
    ],
)
def test_a_number_in_a_formula_is_as_short_as_it_was_given(number: float, digits: int, text: str) -> None:
    assert Numbers(digits).inline(number) == text


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [
        (0.5, 3, "0.500"),
        (0.05, 3, "0.050"),
        (0.25, 2, "0.25"),
        (0.5, 1, "0.5"),
        (0.05, 4, "0.0500"),
    ],
)
def test_few_digits_are_no_reason_for_scientific_notation(number: float, digits: int, text: str) -> None:
    assert Numbers(digits).value(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(5e-324, "4.94065646e-324"), (1e9, "1.00000000e+09"), (-1e12, "-1.00000000e+12")]
)
def test_the_least_and_the_greatest_numbers_within_a_formula(number: float, text: str) -> None:
    assert Numbers(8).inline(number) == text


@pytest.mark.parametrize(("text", "ascii_text"), [("∞", "inf"), ("-∞", "-inf"), ("nan", "nan"), ("0.5", "0.5")])
def test_infinity_has_an_ascii_name(text: str, ascii_text: str) -> None:
    assert ascii_number(text) == ascii_text


@given(st.floats(-1e300, 1e300), st.integers(4, 17))
def test_what_is_written_is_the_number_to_its_digits(number: float, digits: int) -> None:
    """Fixed: half a unit of the last place; scientific: so many digits after the first."""
    for text in (Numbers(digits).value(number), Numbers(digits).inline(number)):
        assert math.isclose(float(text), number, rel_tol=10.0**-digits, abs_tol=0.51 * 10.0**-digits)


@given(st.floats(-1e9, 1e9), st.integers(4, 15))
def test_a_short_decimal_stays_as_it_was_typed(number: float, digits: int) -> None:
    typed = round(number, min(digits, 6))
    text = Numbers(digits).inline(typed)
    assert float(text) == typed or abs(float(text) - typed) <= 4 * math.ulp(typed)
