"""Worked lines in aligned displays, and tables within a page: rows of what is given and the exact text."""

from __future__ import annotations

import pytest

from backtrace.render.alignment import Display, Page, aligned, displays
from backtrace.render.breaking import width
from backtrace.render.document import Derivation, Figure, Grid, Item, Remark, Worked
from backtrace.render.tables import parts, short_labels

WIDE, NARROW = Page(80, 4), Page(24, 4)
Z = Worked("z", r"w \cdot x + b", r"2 \cdot 3 + 1", Figure("7.00"))
H = Worked("h", r"\sigma(z)", r"\sigma(7)", Figure("0.99"))
X = Worked("x", "", "", Figure("3"))
COPY = Worked(r"\frac{\partial z}{\partial w}", "x", "", Figure("3.00"))
ARRAY = Worked("z", r"x \, W", "", None)
UNNAMED = Worked("(a + b)", "", "1 + 2", Figure("3.00"))


@pytest.mark.parametrize(
    ("lines", "page", "rows"),
    [
        ([H], WIDE, [r"h &= \sigma(z) &&= \sigma(7) &&= 0.99"]),
        ([H, COPY], WIDE, [r"h &= \sigma(z) &&= \sigma(7) &&= 0.99", rf"{COPY.label} &= x && &&= 3.00"]),
        ([COPY], WIDE, [rf"{COPY.label} &= x &&= 3.00"]),
        ([X], WIDE, ["x &= 3"]),
        ([UNNAMED], WIDE, ["(a + b) &= 1 + 2 && &&= 3.00"]),
        ([ARRAY], WIDE, [r"z &= x \, W"]),
        ([H], Page(80, 4, r"\quad "), [r"h &= \sigma(z) &&\quad = \sigma(7) &&\quad = 0.99"]),
        ([Z], NARROW, [r"z &= w \cdot x + b", r" &= 2 \cdot 3 + 1 = 7.00"]),
        ([H, Z], NARROW, [r"h &= \sigma(z) = \sigma(7) = 0.99", r"z &= w \cdot x + b", r" &= 2 \cdot 3 + 1 = 7.00"]),
        (
            [Worked(r"(a \cdot b + c \cdot d)", "", "1 + 2", Figure("3.00000000"))],
            NARROW,
            [r" &(a \cdot b + c \cdot d)", " &= 1 + 2 = 3.00000000"],
        ),
        (
            [Worked("y", " + ".join(["aaaa"] * 8), "", Figure("1"))],
            Page(34, 4),
            ["y &= aaaa + aaaa + aaaa + aaaa", r" &\qquad {} + aaaa + aaaa + aaaa", r" &\qquad {} + aaaa", " &= 1"],
        ),
    ],
)
def test_lines_are_aligned(lines: list[Worked], page: Page, rows: list[str]) -> None:
    assert aligned(Display((tuple(lines),)), page) == [rows]


@pytest.mark.parametrize(
    ("items", "made"),
    [
        ([Derivation((Z,)), Derivation((H,))], [Display(((Z,), (H,)))]),
        ([Derivation((ARRAY,), "as arrays"), Derivation((H,))], [Display(((ARRAY,),), "as arrays"), Display(((H,),))]),
        ([Derivation((Z,)), Remark("…"), Derivation((H,))], [Display(((Z,),)), Remark("…"), Display(((H,),))]),
        ([Derivation((H,) * 6, "t")], [Display(((H,) * 4,), "t"), Display(((H,) * 2,))]),
        ([Derivation((H,) * 3), Derivation((Z,) * 2)], [Display(((H,) * 3,)), Display(((Z,) * 2,))]),
    ],
)
def test_neighbours_are_one_display(items: list[Item], made: list[Item | Display]) -> None:
    assert list(displays(items, WIDE)) == made


def test_lines_that_must_be_broken_stay_by_themselves() -> None:
    assert list(displays([Derivation((H,)), Derivation((Z,))], NARROW)) == [Display(((H,),)), Display(((Z,),))]


def grid(columns: int, label: str) -> Grid:
    return Grid(("h",) * columns, (label,), ((Figure("0.12345678"),) * columns,))


@pytest.mark.parametrize(
    ("columns", "label", "room", "shown"),
    [
        (2, "z = a + b", 40.0, "z = a + b"),
        (2, "z = a + b", 32.0, "z"),
        (9, "z = a + b", 60.0, "z = a + b"),
        (9, "z = a + b + c + d + e + f + g + h", 60.0, "z"),
    ],
)
def test_a_formula_gives_way_to_the_columns(columns: int, label: str, room: float, shown: str) -> None:
    assert short_labels(grid(columns, label), room).labels == (shown,)


def test_a_wide_table_is_shown_in_parts() -> None:
    assert list(parts(grid(5, "z"), 40)) == [[0, 1, 2], [3, 4]]
    assert list(parts(grid(2, "z"), 5)) == [[0], [1]]


@pytest.mark.parametrize(
    ("formula", "digits"),
    [
        ("0.25", 3.6),
        (r"\frac{0.25}{1}", 4.1),
        (r"x_1^{(12)}", 3.64),
        (r"\text{입력}", 4.0),
        ("a + b", 4.5),
    ],
)
def test_the_width_of_a_formula(formula: str, digits: float) -> None:
    assert width(formula) == pytest.approx(digits, abs=0.01)
