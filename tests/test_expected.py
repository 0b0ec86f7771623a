"""Expected files: what a printed figure says, headings, epochs, lists, errata, and a message a refusal."""

import pytest

from backtrace.comparison.expected import Erratum, Expected, Figure, figures, from_pairs, reading
from backtrace.comparison.sources import read
from backtrace.errors import ConfigError, UsageError
from backtrace.yamlfile import parse


def read_text(text: str) -> Expected:
    return figures(parse(text, "f"))


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_text(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("printed", "value", "unit", "digits"),
    [
        ("0.60944600", 0.609446, 1e-8, 8),
        ("0.08", 0.08, 1e-2, 1),
        ("2.3e-05", 2.3e-5, 1e-6, 2),
        ("1.50E+3", 1500.0, 10.0, 3),
        ("2.", 2.0, 1.0, 1),
        ("2", 2.0, 1.0, 1),
        ("-1200", -1200.0, 1.0, 4),
        (".5", 0.5, 0.1, 1),
        ("+0.5", 0.5, 0.1, 1),
        ("-0.0", -0.0, 0.1, 0),
        ("007.50", 7.5, 0.01, 3),
        ("0,52", 0.52, 0.01, 2),
        ("-1,5e-3", -0.0015, 1e-4, 2),
        ("−0.25", -0.25, 0.01, 2),
        ("1/16", 0.0625, 0.0, 17),
        ("−2 / 3", -2 / 3, 0.0, 17),
        ("0.35520347518814194", 0.35520347518814194, 1e-17, 17),
        (" 0.5 ", 0.5, 0.1, 1),
        ("1e-400", 0.0, 0.0, 1),
    ],
)
def test_what_a_printed_figure_says(printed: str, value: float, unit: float, digits: int) -> None:
    found = reading(printed)
    assert found is not None
    assert str(found.value) == str(value)
    assert found[1:] == (unit, digits)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "+", "-.e5", "e5", "1e", "1.2.3", "--1", "0.5 m", "0.5%", "0.51…", "2.3×10⁻⁵", "١٢"),
        *("1,234.5", "1 000", "1_000", "0x1F", "1/0", "1/", "1e5/2", "inf", "nan", "1e999", "0e999"),
    ],
)
def test_what_is_no_figure(text: str) -> None:
    assert reading(text) is None


def test_digits_count_with_and_without_quotes_and_in_json() -> None:
    texts = ("h1: 0.500\nh2: 1e-3", 'h1: "0.500"\nh2: "1e-3"', '{"h1": 0.500, "h2": 1e-3}')
    for text in texts:
        assert [(f.key, f.printed, f.digits) for f in read_text(text)] == [
            ("h1", "0.500", 3),
            ("h2", "1e-3", 1),
        ]


def test_headings_and_epochs() -> None:
    text = """
z1: 1
forward:
  hidden layer: {z1: 2}
epoch 3:
  z1: 3
  z1@5: 4
  error:
    E: 5
  epoch 4: {E: 6}
epoch three: {z1: 7}
computed, epoch 3: {z1: 8}
"""
    assert [(f.key, f.printed, f.epoch, f.heading) for f in read_text(text)] == [
        ("z1", "1", None, ""),
        ("z1", "2", None, "forward, hidden layer"),
        ("z1", "3", 3, "epoch 3"),
        ("z1@5", "4", 3, "epoch 3"),
        ("E", "5", 3, "epoch 3, error"),
        ("E", "6", 4, "epoch 3, epoch 4"),
        ("z1", "7", None, "epoch three"),
        ("z1", "8", None, "computed, epoch 3"),
    ]


def test_a_list_makes_a_figure_of_each_element() -> None:
    found = read_text('W: [[0.30, 0.4], ["0,25", {printed: 0.36, right: 0.35, why: misread}]]\nh: [1]')
    assert [(f.key, f.printed, f.index) for f in found] == [
        ("W", "0.30", (0, 0)),
        ("W", "0.4", (0, 1)),
        ("W", "0,25", (1, 0)),
        ("W", "0.36", (1, 1)),
        ("h", "1", (0,)),
    ]
    assert [f.erratum for f in found if f.erratum] == [Erratum("0.35", "misread")]


def test_what_is_said_beside_the_figures_is_kept() -> None:
    text = (
        "source: {title: Notes, year: 2015}\nnotes: [a, b]\nsymbols: {dw: w+ - w, half: 0.5}\nw: 1\nforward: {notes: 2}"
    )
    found = read_text(text)
    assert (found.source, found.notes) == ({"title": "Notes", "year": "2015"}, ("a", "b"))
    assert [(symbol.name, symbol.text) for symbol in found.symbols] == [("dw", "w+ - w"), ("half", "0.5")]
    assert [figure.key for figure in found] == ["w", "notes"]
    assert read_text("source: A book\nnotes: cut\nw: 1").source == {"title": "A book"}


@pytest.mark.parametrize(
    ("text", "erratum"),
    [
        ('{printed: "0.904", right: "0.0905", why: the point}', Erratum("0.0905", "the point")),
        ("{printed: 0.904}", Erratum()),
        ("{printed: 0.904, why: unknown}", Erratum(why="unknown")),
    ],
)
def test_an_erratum_is_carried_along(text: str, erratum: Erratum) -> None:
    (figure,) = read_text(f"w+: {text}")
    assert (figure.printed, figure.unit, figure.erratum) == ("0.904", 1e-3, erratum)


def test_a_figure_knows_where_it_stands() -> None:
    places = [f.place for f in read_text("forward:\n  z1: 0.08\n  o: [1,\n      2]\n  w:\n    printed: 3")]
    assert [(p.line, p.column) for p in places if p] == [(2, 7), (3, 7), (4, 7), (6, 14)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "h1: yes",
            """f:1:5: a figure is expected here, not the text "yes"
    h1: yes
        ^^^
  hint: write it as it is printed: 0.60944600, 2.3e-05 or 1/16""",
        ),
        (
            'h1: "1,234.5"',
            """f:1:5: a figure is expected here, not the text "1,234.5"
    h1: "1,234.5"
        ^^^^^^^^^
  hint: leave out what separates thousands""",
        ),
        (
            "h1: 0.5199...",
            """f:1:5: a figure is expected here, not the text "0.5199..."
    h1: 0.5199...
        ^^^^^^^^^
  hint: leave out the dots: the digits that are printed count""",
        ),
        (
            "h1: 0.593 V",
            """f:1:5: a figure is expected here, not the text "0.593 V"
    h1: 0.593 V
        ^^^^^^^
  hint: leave out the unit: 0.593""",
        ),
        (
            "h1: ≈ 0.593",
            """f:1:5: a figure is expected here, not the text "≈ 0.593"
    h1: ≈ 0.593
        ^^^^^^^
  hint: write the figure alone: 0.593""",
        ),
        (
            f"h1: {'9' * 5000}",
            f"""f:1:5: a figure is expected here, not the number 9999999999999999999…9999999999999999999
    h1: {"9" * 90}…
        {"^" * 90}
  hint: write it as it is printed: 0.60944600, 2.3e-05 or 1/16""",
        ),
        (
            "h1: 52%",
            """f:1:5: a figure is expected here, not the text "52%"
    h1: 52%
        ^^^
  hint: write 0.52""",
        ),
        (
            "h1: 2.3*10^-5",
            """f:1:5: a figure is expected here, not the text "2.3*10^-5"
    h1: 2.3*10^-5
        ^^^^^^^^^
  hint: write 2.3e-5""",
        ),
        (
            "h1: .inf",
            """f:1:5: a figure is expected here, not the number .inf
    h1: .inf
        ^^^^
  hint: only finite numbers can be compared""",
        ),
        (
            "h1: 0x1F",
            """f:1:5: a figure is expected here, not the number 0x1F
    h1: 0x1F
        ^^^^
  hint: write it in decimal digits""",
        ),
        (
            "h1:",
            """f:1:1: a figure is expected here, not nothing
    h1:
    ^
  hint: write it as it is printed: 0.60944600, 2.3e-05 or 1/16""",
        ),
        (
            "W: [[1, 2], [3]]",
            """f:1:13: a list of 1 stands beside a list of 2
    W: [[1, 2], [3]]
                ^
  hint: a list follows the quantity's shape: rows of one length""",
        ),
        (
            "W: [[1, 2], 3]",
            """f:1:13: the number 3 stands beside a list of 2
    W: [[1, 2], 3]
                ^
  hint: a list follows the quantity's shape: rows of one length""",
        ),
        (
            "W: []",
            """f:1:4: an empty list has no figures
    W: []
       ^
  hint: leave out what is not printed""",
        ),
        (
            "w: {printed: 1, rigth: 2}",
            """f:1:17: "rigth" is no part of an erratum
    w: {printed: 1, rigth: 2}
                    ^^^^^
  hint: did you mean "right"?""",
        ),
        (
            "w: {printed: [1], right: x}",
            """f:1:14: a figure is expected here, not a list of 1
    w: {printed: [1], right: x}
                 ^
  hint: write it as it is printed: 0.60944600, 2.3e-05 or 1/16
f:1:26: a figure is expected here, not the text "x"
    w: {printed: [1], right: x}
                             ^
  hint: write it as it is printed: 0.60944600, 2.3e-05 or 1/16""",
        ),
        (
            "symbols: w+ - w",
            """f:1:10: a mapping of names to expressions is expected here, not the text "w+ - w"
    symbols: w+ - w
             ^^^^^^
  hint: such as symbols: {delta: "d(E_tot, z1)"}""",
        ),
        (
            "symbols: {dw: [w]}\nnotes: {a: b}\nsource: {title: [a]}\nw: 1",
            """f:1:15: an expression is expected here, not a list of 1
    symbols: {dw: [w]}
                  ^
  hint: an expression over keys: "w11+ - w11"
f:2:8: a text is expected here, not a mapping of 1
    notes: {a: b}
           ^
f:3:17: a text is expected here, not a list of 1
    source: {title: [a]}
                    ^""",
        ),
        (
            "epoch 3: 0.5",
            """f:1:10: keys and their figures are expected under "epoch 3", not the number 0.5
    epoch 3: 0.5
             ^^^
  hint: such as epoch 3: {h1: 0.51998934}""",
        ),
        (
            "epoch 0: {w: 1}",
            """f:1:1: epochs are counted from 1
    epoch 0: {w: 1}
    ^^^^^^^
  hint: epoch 1: is before and after the first update""",
        ),
        (
            "- 0.5",
            """f:1:1: a mapping of keys to figures is expected here, not a list of 1
    - 0.5
    ^
  hint: such as h1: "0.51998934\"""",
        ),
        (
            "forward: {}",
            """f:1:1: there is no figure here
    forward: {}
    ^
  hint: such as h1: "0.51998934\"""",
        ),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    assert refusal(text) == message


def test_all_faults_are_told_at_once() -> None:
    lines = refusal("symbols: 1\nh1: a\nh1: 1\nforward: {h2: [1, b], h3: 1}\nepoch 0: {z: c}").splitlines()
    assert [line.split(": ")[0] for line in lines if line.startswith("f:")] == [
        "f:1:10",
        "f:2:5",
        "f:3:1",
        "f:4:19",
        "f:5:1",
        "f:5:14",
    ]


def test_figures_of_a_command_line() -> None:
    found = from_pairs(["h1=0.51", "dE/dU11 = 2.60e-2", "via(y, v2, v5)=−1/3"])
    assert found == (
        Figure("h1", "0.51", 0.51, 0.01, 2),
        Figure("dE/dU11", "2.60e-2", 0.026, 1e-4, 3),
        Figure("via(y, v2, v5)", "−1/3", -1 / 3, 0.0, 17),
    )


def test_what_a_command_line_is_refused_for() -> None:
    with pytest.raises(UsageError) as caught:
        from_pairs(["h1", "=3", "h1=", "h1=52%", "h2=0.5"])
    assert str(caught.value) == (
        '"h1" is not KEY=FIGURE\n  hint: such as h1=0.51998934\n'
        '"=3" is not KEY=FIGURE\n  hint: such as h1=0.51998934\n'
        '"" is no figure for h1\n  hint: write it as it is printed: 0.60944600, 2.3e-05 or 1/16\n'
        '"52%" is no figure for h1\n  hint: write 0.52'
    )


def test_a_file_is_read() -> None:
    found = read("configs/mazur.expected.yaml")
    assert (len(found), sum(f.erratum is not None for f in found)) == (32, 6)
    assert found[0].heading == "forward"
    assert found[0].place is not None
    assert found[0].place.file == "configs/mazur.expected.yaml"
