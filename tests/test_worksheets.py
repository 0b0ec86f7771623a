"""Worksheets: no answer stands on a sheet, the key is right, a filled-in one has its marks, variants are worth asking.

``UPDATE=1 pytest tests/test_worksheets.py`` writes the sheet of the snapshot as it is now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
import yaml

import backtrace
from backtrace.comparison import Verdict, diff
from backtrace.comparison.expected import Expected, Filled
from backtrace.comparison.filled import figures
from backtrace.comparison.marks import with_shown
from backtrace.errors import UsageError
from backtrace.keys import Target
from backtrace.quantities import Quantity, View
from backtrace.render.numbers import Numbers
from backtrace.report import all_targets
from backtrace.trace import Trace
from backtrace.words import words
from backtrace.worksheets import Worksheet, blank_keys
from backtrace.worksheets.answers import answer_key
from backtrace.worksheets.blanks import Blanks, computed
from backtrace.worksheets.variants import Original, Variant, variants
from tests.looked_at import FOLDER, kept
from tests.runner import ROOT, Runner

CONFIGS = ("example", "relu_binary", "xor", "mazur", "multiclass")
ASKED = ("backward", "forward", "all", "every:3", "h*,o*,dE*,*+")
SHEETS = [*(("example", asked) for asked in ASKED), *((config, "all") for config in CONFIGS[1:]), ("xor", "backward")]
"""Each kind of blanks, and each config with all figures blank."""
WRITTEN = ("markdown", "latex", "html")
DIGITS = Numbers(4)
NUMBER = re.compile(r"(?<![\w.])(\d+\.\d+)(?: ?\\cdot 10\^\{(-?\d+)\}|e([-+]\d+))?")


@cache
def traced(config: str) -> Trace:
    return backtrace.run(ROOT / "configs" / f"{config}.yaml", epochs=1)


def worksheet(config: str, asked: str = "backward", formulas: bool = True) -> Worksheet:
    trace = traced(config)
    return Worksheet(trace, tuple(blank_keys(trace.epochs[0], asked)), DIGITS, formulas)


def written(sheet: Worksheet, format_: str = "markdown") -> str:
    return "".join(sheet.pages(format_, "example.yaml", "sheet.md"))


def answers(sheet: Worksheet) -> dict[str, str]:
    """The answer to each blank by its key, from the key itself."""
    return dict(flat(yaml.safe_load("".join(sheet.key()))))


def flat(found: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        yield from flat(value) if isinstance(value, dict) else [(name, str(value))]


def filled(sheet: Worksheet, changes: Mapping[str, str] | None = None) -> str:
    """The sheet in Markdown with every answer of the key written in, but for some."""
    texts = answers(sheet) | dict(changes or {})
    return re.sub(r"(\| `([^`]+)` \|) \|", lambda row: f"{row[1]} {texts[row[2]]} |", written(sheet))


# ── the page ──


def numbers_of(page: str) -> set[str]:
    """The numbers of a page, without their signs, powers of ten as e-04."""
    body = page.partition("\\begin{document}")[2] or page
    text = re.sub(r"<[^>]*>", "", body) if "<html" in page else body
    return {f"{n[1]}e{int(n[2] or n[3]):+03d}" if n[2] or n[3] else n[1] for n in NUMBER.finditer(text)}


def is_no_secret(blank: Quantity, shown: list[Quantity], order: Mapping[str, int]) -> bool:
    """Whether an answer stands on the page by right: a given number, one that is shown before, or another's digits."""
    text = DIGITS.value(abs(blank.value))
    same = [q for q in shown if text in (DIGITS.value(abs(q.value)), DIGITS.inline(abs(q.value)))]
    return any(
        q.formula is None
        or order.get(q.key, len(order)) < order[blank.key]
        or abs(abs(q.value) - abs(blank.value)) > 1e-9 * abs(blank.value)
        for q in same
    )


@pytest.mark.parametrize("format_", WRITTEN)
@pytest.mark.parametrize(("config", "asked"), SHEETS)
def test_no_answer_stands_anywhere_on_a_sheet(config: str, asked: str, format_: str) -> None:
    sheet = worksheet(config, asked)
    found, view = numbers_of(written(sheet, format_)), sheet.view
    page = [placed.quantity for placed in computed(view)]
    order = {quantity.key: at for at, quantity in enumerate(page)}
    blank = [quantity for quantity in page if quantity.key in sheet.keys]
    shown = [quantity for quantity in (*page, *everything(view)) if quantity.key not in sheet.keys]
    told = [
        q.key for q in blank if DIGITS.value(abs(q.value)) in found and q.value and not is_no_secret(q, shown, order)
    ]
    assert told == []


def everything(view: View) -> Iterator[Quantity]:
    """What a formula of the page may read, also where the page has no row of it."""
    return map(view.quantity, all_targets(view))


@pytest.mark.parametrize("format_", WRITTEN)
def test_every_blank_is_on_the_page_with_its_number(format_: str) -> None:
    sheet = worksheet("xor", "all")
    page = written(sheet, format_)
    assert [n for n in range(1, len(sheet.keys) + 1) if f"({n})" not in page] == []
    assert f"({len(sheet.keys) + 1})" not in page


@pytest.mark.parametrize(
    ("asked", "first", "count"),
    [
        ("backward", ["dE_tot/do1", "dE_tot/do2", "do1/dt1"], 44),
        ("forward", ["z1", "z2", "h1"], 11),
        ("all", ["z1", "z2", "h1"], 66),
        ("every:3", ["h1", "t2", "E1"], 22),
        ("W, dE/dU,h1+", ["dE_tot/dU11", "dE_tot/dU21", "dE_tot/dU12"], 5),
    ],
)
def test_blanks_are_numbered_in_the_order_of_the_page(asked: str, first: list[str], count: int) -> None:
    keys = blank_keys(traced("example").epochs[0], asked)
    assert (keys[:3], len(keys), len(set(keys))) == (first, count, count)


def test_what_takes_a_blank_over_shows_the_same_blank() -> None:
    page = written(worksheet("example", "h1"))
    assert (
        r"t_1 &= U_{11} \cdot h_1 + U_{21} \cdot h_2 &&= 0.45 \cdot \boxed{(1)} + 0.4 \cdot 0.5275 &&= 0.4450" in page
    )
    assert r"\frac{\partial t_1}{\partial U_{11}} &= h_1 && &&= \boxed{\Big.^{(1)\phantom{00}}\qquad\qquad}" in page


def test_formulas_of_blanks_may_be_left_out() -> None:
    page = written(worksheet("example", formulas=False))
    assert r"h_1 &= \sigma(z_1) &&= \sigma(0.08) &&= 0.5200" in page
    assert r"\frac{\partial E_{\text{tot}}}{\partial o_1} &= \boxed{\Big.^{(1)\phantom{00}}\qquad\qquad}" in page
    back = page.partition("Back propagation step 1")[2].partition("After the update")[0]
    assert [sign for sign in (r"\cdot", r"\eta", "as arrays", r"\top") if sign in back] == []


@pytest.mark.parametrize("update", [False, True])
def test_a_later_update_has_its_own_sheet(backtrace_command: Runner, tmp_path: Path, update: bool) -> None:
    batches = (ROOT / "configs/xor.yaml").read_text(encoding="utf-8") + "\nbatch_size: 2\n"
    config, sheet = tmp_path / "xor.yaml", tmp_path / "sheet.md"
    config.write_text(batches, encoding="utf-8")
    at = "2.2" if update else "2"
    found = backtrace_command("worksheet", str(config), "--epoch", at, "-o", str(sheet))
    assert (found.code, found.err) == (0, "")
    keyed = sheet.with_suffix(".key.yaml")
    assert keyed.read_text(encoding="utf-8").splitlines()[1] == f"epoch 2.{2 if update else 1}:"
    found = backtrace_command("diff", str(config), str(keyed))
    assert (found.code, found.out.endswith("figures: all match\n")) == (0, True)
    assert f"@2.{2 if update else 1}` | |" in sheet.read_text(encoding="utf-8")
    assert backtrace_command("diff", str(config), str(sheet), "-q").out.endswith(" are missing\n")


def test_a_sheet_speaks_korean() -> None:
    sheet = worksheet("example")
    page = written(Worksheet(sheet.trace, sheet.keys, DIGITS, words=words("ko"), number=3))
    assert page.startswith("# Back propagation, two inputs, two hidden, two outputs: 연습지 3\n")
    assert "## 답안" in page


def test_the_sheet_is_the_one_that_was_looked_at() -> None:
    path = FOLDER / "worksheet-example.md"
    page = written(worksheet("example"))
    assert page == kept(path, page)


# ── the key ──


@pytest.mark.parametrize(("config", "asked"), SHEETS)
def test_the_key_is_an_expected_file_of_which_all_is_right(config: str, asked: str, tmp_path: Path) -> None:
    sheet, path = worksheet(config, asked), tmp_path / "sheet.key.yaml"
    path.write_text("".join(sheet.key()), encoding="utf-8")
    found = diff(sheet.trace, path)
    assert (dict(found.counts), found.failed) == ({Verdict.MATCH: len(sheet.keys)}, False)
    assert [row.key for row in found.rows if row.key not in sheet.keys] == []


def test_the_key_has_the_headings_of_the_page_and_the_numbers_of_the_blanks() -> None:
    assert "".join(worksheet("example", "h*,dE_tot/dh1").key()) == (
        "# Back propagation, two inputs, two hidden, two outputs: worksheet: answers\n"
        "Forward propagation:\n"
        "  Hidden layer:\n"
        '    h1: "0.5200"  # (1)\n'
        '    h2: "0.5275"  # (2)\n'
        "Back propagation step 2:\n"
        '  dE_tot/dh1: "0.0324"  # (3)\n'
        "After the update:\n"
        '  h1+: "0.5199"  # (4)\n'
        '  h2+: "0.5274"  # (5)\n'
    )


# ── marks ──

WRONG = {"dE_tot/dt1": "0,2094", "dE_tot/dU11": "0.1089", "dE_tot/dU21": "0.1105", "U11+": "0.3956", "dE_tot/dU22": ""}
"""∂o₁/∂t₁ forgotten, and what follows from that worked out as it should be; one cell is empty."""


def marks(sheet: Worksheet, text: str) -> list[tuple[int, int]]:
    return [(mark.right, mark.of) for mark in diff(sheet.trace, figures(text, "sheet.md")).marks]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [(18, 18), (26, 26)]),
        (WRONG, [(16, 18), (26, 26)]),
        ({"dE_tot/do1": " **−0,2094** "}, [(17, 18), (26, 26)]),
        ({"dE_tot/do1": "$0{.}2094$".replace("{.}", ".")}, [(18, 18), (26, 26)]),
        ({"U11+": "", "W11+": "", "W12+": "0.3"}, [(17, 18), (24, 26)]),
    ],
)
def test_a_filled_sheet_has_marks(changes: dict[str, str], expected: list[tuple[int, int]]) -> None:
    sheet = worksheet("example")
    assert marks(sheet, filled(sheet, changes)) == expected


def test_an_empty_sheet_has_no_marks_and_is_no_error() -> None:
    sheet = worksheet("example")
    found = diff(sheet.trace, figures(written(sheet), "sheet.md"))
    assert dict(found.counts) == {Verdict.MISSING: 44}
    assert [(mark.right, mark.of) for mark in found.marks] == [(0, 18), (0, 26)]


@pytest.mark.parametrize(("config", "asked"), SHEETS)
def test_who_rounds_each_step_to_the_digits_of_the_sheet_is_right(config: str, asked: str) -> None:
    sheet = worksheet(config, asked)
    by_hand = backtrace.run(ROOT / "configs" / f"{config}.yaml", epochs=1, rounding="4").epochs[0]
    found = diff(sheet.trace, figures(filled(sheet, {key: f"{by_hand[key]:.4f}" for key in sheet.keys}), "sheet.md"))
    assert [mark for mark in found.marks if mark.right < mark.of] == []
    assert found.failed is False


@pytest.mark.parametrize(
    ("blanks", "moments"),
    [("h1", {(1, 1)}), ("h1@2", {(2, 1)}), ("h1@1,h2@3", {(1, 1), (3, 1)}), ("h1@9", set()), ("nothing", set())],
)
def test_what_a_sheet_shows_is_read_at_its_digits_in_the_epoch_of_its_blanks(
    blanks: str, moments: set[tuple[int, int]]
) -> None:
    trace = backtrace.run(ROOT / "configs" / "example.yaml", epochs=3, keep=[1, 2, 3])
    sheet = Expected((), filled=Filled(tuple(blanks.split(",")), 3))
    shown = with_shown(trace, sheet).figures
    assert {(figure.epoch, figure.update) for figure in shown} == moments
    assert {figure.printed for figure in shown if figure.key in ("z1", "z1@2")} <= {"0.080", "0.079"}
    assert not {"h1", "h1@1"} & {figure.key for figure in shown if figure.epoch == 1}


def test_a_sheet_of_unknown_digits_shows_nothing_to_go_by() -> None:
    sheet = Expected((), filled=Filled(("h1",), None))
    assert with_shown(worksheet("example").trace, sheet) is sheet


def test_the_command_prints_marks(backtrace_command: Runner, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.md"
    sheet.write_text(filled(worksheet("example"), WRONG), encoding="utf-8")
    found = backtrace_command("diff", "configs/example.yaml", str(sheet))
    assert found.code == 1
    assert found.out.splitlines()[:8] == [
        "43 figures: 39 match, 3 follow from an earlier difference, 1 differs,",
        "  1 is missing",
        "",
        "Marks",
        "  Back propagation step 1  16 of 18",
        "  Back propagation step 2  26 of 26",
        "  all together             42 of 44",
        "  95%; what follows from an earlier mistake counts as right",
    ]
    data = json.loads(backtrace_command("diff", "configs/example.yaml", str(sheet), "--json").out)
    assert (data["marks"]["right"], data["marks"]["of"]) == (42, 44)
    assert data["marks"]["sections"][0] == {"section": "Back propagation step 1", "right": 16, "of": 18}
    assert json.loads(backtrace_command("diff", "@mazur", "--json").out)["marks"] is None


def test_a_sheet_in_csv_is_filled_in_and_marked(backtrace_command: Runner, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    found = backtrace_command("worksheet", "configs/example.yaml", "--blank", "h1,h2,via*", "-o", str(sheet))
    assert found.out.startswith(f"Wrote {sheet} and {tmp_path / 'sheet.key.yaml'}. Next: backtrace diff ")
    rows = sheet.read_text(encoding="utf-8").splitlines()
    assert rows[:4] == ["blank,key,digits,value", "1,h1,4,", "2,h2,4,", '3,"via(E_tot,h1,t1)",4,']
    sheet.write_text("\n".join([*rows[:2], '2,h2,4,"0,5275"', f"{rows[3]}0.0224", *rows[4:]]), encoding="utf-8")
    found = backtrace_command("diff", "configs/example.yaml", str(sheet))
    assert "  Forward propagation      1 of 2\n  Back propagation step 2  1 of 4\n" in found.out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# a page\n", "has no table of answers\n  hint: its rows are such as | (1) | `dE/dU11` | 0.0259 |"),
        ("| (1) | `h1` | 0.5 |\n| (2) | `h1` | 0.6 |\n", "sheet.md:2:16: h1 has a row already, in line 1"),
        ("| (1) | `h1` | about 0.5 |\n", 'sheet.md:1:16: a number is expected in this cell, got "about 0.5"'),
    ],
)
def test_a_sheet_that_cannot_be_read_is_refused(
    backtrace_command: Runner, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "sheet.md").write_text(text, encoding="utf-8")
    found = backtrace_command("diff", str(ROOT / "configs/example.yaml"), "sheet.md", cwd=tmp_path)
    assert (found.code, message in found.err) == (3, True), found.err


def test_a_blank_that_is_not_there_is_unknown(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "sheet.md").write_text("| (1) | `h9` | |\n| (2) | `h1` | 0.52 |\n", encoding="utf-8")
    found = backtrace_command("diff", str(ROOT / "configs/example.yaml"), "sheet.md", cwd=tmp_path)
    assert (found.code, "1 of 2" in found.out, "Unknown here" in found.out) == (1, True, True)


# ── variants ──


@pytest.mark.parametrize(
    ("config", "count"), [("example", 30), ("relu_binary", 30), ("xor", 8), ("mazur", 8), ("multiclass", 3)]
)
def test_variants_are_worth_asking_for(config: str, count: int, tmp_path: Path) -> None:
    original = original_of(config)
    found = list(variants(original, count, 7, None))
    only_given_numbers_change([original.text, *(variant.text for variant, _ in found)])
    live = {key for key, value in values(original.view, original.page).items() if value}
    for variant, numbers in found:
        now = values(variant.trace.epochs[0], original.page)
        assert {key for key, value in now.items() if value} == live
        answers_are_told_apart({key: now[key] for key in original.keys if now[key]}, numbers)
    for variant, numbers in found[::10]:
        assert [one.quantity.key for one in computed(variant.trace.epochs[0])] == list(original.page)
        the_key_is_right(variant, original.keys, numbers, tmp_path)


def original_of(config: str) -> Original:
    path = ROOT / "configs" / f"{config}.yaml"
    keys = tuple(blank_keys(traced(config).epochs[0], "backward"))
    return Original(path.read_text(encoding="utf-8"), str(path), keys)


def values(view: View, page: Mapping[str, Target]) -> dict[str, float]:
    return {key: view.number(target) for key, target in page.items()}


def only_given_numbers_change(texts: list[str]) -> None:
    """All texts differ, but only in pleasant numbers below ``inputs:`` that are not the rate."""
    assert len(set(texts)) == len(texts)
    below = [text.partition("inputs:")[2] for text in texts]
    assert len({re.sub(r"-?\d[\d.]*", "N", text) for text in below}) == 1
    for name in ("learning_rate", "epochs", "  - {y1:"):
        assert len({"".join(line for line in text.splitlines() if line.startswith(name)) for text in texts}) == 1
    rows = (line.partition("#")[0] for text in below[1:] for line in text.splitlines())
    long = {number for row in rows for number in re.findall(r"\d\.\d{3,}", row)}
    assert all(number.startswith("0.0") for number in long)  # with two decimals 0.026 would have one digit


def answers_are_told_apart(answers: Mapping[str, float], numbers: Numbers) -> None:
    """Two digits at least, and no text twice but for what is one and the same number."""
    texts: dict[str, set[float]] = {}
    for value in answers.values():
        text = numbers.value(value)
        assert len(re.sub(r"e.*|\D", "", text).lstrip("0")) >= 2
        texts.setdefault(text, set()).add(value)
    assert [same for same in texts.values() if max(same) - min(same) > 1e-12] == []


def the_key_is_right(variant: Variant, keys: tuple[str, ...], numbers: Numbers, folder: Path) -> None:
    """The config as it is written gives the answers of the key."""
    config, key = folder / "variant.yaml", folder / "key.yaml"
    config.write_text(variant.text, encoding="utf-8")
    key.write_text("".join(answer_key(Blanks(variant.trace.epochs[0], keys), numbers, "")), encoding="utf-8")
    assert diff(backtrace.run(config, epochs=1), key).counts == {Verdict.MATCH: len(keys)}


def test_variants_are_files_and_the_same_for_a_seed(backtrace_command: Runner, tmp_path: Path) -> None:
    def made(name: str, *options: str) -> dict[str, bytes]:
        found = backtrace_command(
            "worksheet", "configs/example.yaml", "--variants", "3", *options, "-o", f"{tmp_path / name}/"
        )
        assert (found.code, found.err) == (0, "")
        return {path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())}

    first = made("a", "--seed", "7")
    names = [f"example-{number:02}{ending}" for number in (1, 2, 3) for ending in (".key.yaml", ".md", ".yaml")]
    assert list(first) == names
    again, other = made("b", "--seed", "7"), made("c", "--seed", "8")
    assert [again[name] for name in names[::3]] == [first[name] for name in names[::3]]
    assert first["example-01.yaml"] != other["example-01.yaml"]
    title = first["example-02.md"].decode().splitlines()[0]
    assert title == "# Back propagation, two inputs, two hidden, two outputs: worksheet 2"
    sheet, config = tmp_path / "a" / "example-02.md", tmp_path / "a" / "example-02.yaml"
    assert backtrace_command("diff", str(config), str(sheet.with_suffix(".key.yaml"))).code == 0
    assert "`backtrace diff example-02.yaml example-02.md`" in first["example-02.md"].decode()


def test_given_numbers_keep_their_place_and_their_comments() -> None:
    ((variant, _),) = variants(original_of("mazur"), 1, 7, 4)
    text = variant.text
    assert "weights: [[w1, w3],        # from i1 to h1, h2" in text
    assert re.search(r"\{w1: 0\.\d\d, w2: 0\.\d\d, w3: 0\.\d\d, w4: 0\.\d\d, b1: 0\.\d\d,\n", text)
    assert "learning_rate: 0.5\n" in text


# ── what is refused ──


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--blank", "q*"), 2, "--blank q*: no figure of this page is meant"),
        (("--blank", "every:0"), 2, "--blank every:0: no figure of this page is meant"),
        (("--blank", "x1"), 2, "--blank x1: no figure of this page is meant"),
        (("--variants", "3"), 2, "--variants are files\n  hint: -o sheets/"),
        (("-o", "sheet.txt"), 2, "the name sheet.txt tells no format\n  hint: an ending such as .md, "),
        (("--format", "word"), 2, 'there is no format "word"'),
        (("--epoch", "0"), 2, '--epoch: "0" is no epoch'),
        (("--lang", "xx"), 2, 'there is no language "xx"'),
        (("--digits", "1", "--variants", "2", "-o", "sheet.md"), 2, "no numbers for variant 1 at 1 decimal; of "),
    ],
)
def test_what_is_refused(
    backtrace_command: Runner, tmp_path: Path, options: tuple[str, ...], code: int, message: str
) -> None:
    found = backtrace_command("worksheet", str(ROOT / "configs/example.yaml"), *options, cwd=tmp_path)
    assert (found.code, message in found.err) == (code, True), found.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["sheet.md", "sheet.key.yaml"])
def test_both_files_are_written_or_none(backtrace_command: Runner, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine", encoding="utf-8")
    command = ("worksheet", str(ROOT / "configs/example.yaml"), "-o", "sheet.md")
    found = backtrace_command(*command, cwd=tmp_path)
    assert (found.code, found.err) == (4, f"{there} exists already\n  hint: give another name, or --force\n")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [(there, "mine")]
    assert backtrace_command(*command, "--force", cwd=tmp_path).code == 0


def test_the_same_answers_stay_beside_a_sheet_in_another_format(backtrace_command: Runner, tmp_path: Path) -> None:
    command = ("worksheet", str(ROOT / "configs/example.yaml"), "-o")
    assert [backtrace_command(*command, f"sheet.{ending}", cwd=tmp_path).code for ending in ("md", "html")] == [0, 0]
    again = backtrace_command(*command, "sheet.csv", "--digits", "5", cwd=tmp_path)
    assert (again.code, again.err.splitlines()[0]) == (4, "sheet.key.yaml exists already")
    assert {path.name for path in tmp_path.iterdir()} == {"sheet.md", "sheet.html", "sheet.key.yaml"}


def test_without_a_file_the_sheet_is_printed_and_the_key_is_not(backtrace_command: Runner) -> None:
    found = backtrace_command("worksheet", "configs/relu_binary.yaml")
    assert (found.code, found.out.startswith("# ReLU, sigmoid")) == (0, True)
    assert found.err == "The answers are written beside a file: -o sheet.md writes sheet.key.yaml too.\n"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("inputs: {file: data.csv, columns: {x: [1]}}\n", "--variants: given numbers are read from a file"),
        ("inputs: {x: 1}\n", "--variants: the config states no number that could change"),
    ],
)
def test_a_config_without_numbers_of_its_own_has_no_variants(config: str, message: str) -> None:
    rest = (
        "parameters: {w: {init: uniform, shape: [], seed: 1}}\nequations: {z: w * x}\nminimize: z\nlearning_rate: 0.1\n"
    )
    with pytest.raises(UsageError) as found:
        list(variants(Original(config + rest, "config.yaml", ("dz/dw",)), 1, 1, None))
    assert message in str(found.value)


@pytest.mark.parametrize("cell", ["9" * 299 + "/1", "1/" + "9" * 300])
def test_an_answer_of_hundreds_of_digits_is_shown(backtrace_command: Runner, tmp_path: Path, cell: str) -> None:
    (tmp_path / "sheet.md").write_text(f"| (1) | `h1` | {cell} |\n", encoding="utf-8")
    found = backtrace_command("diff", str(ROOT / "configs/example.yaml"), "sheet.md", cwd=tmp_path)
    assert (found.code, found.err) == (1, "")
    assert backtrace_command("diff", str(ROOT / "configs/example.yaml"), f"h1={cell}").code == 1


def test_a_sheet_of_too_many_digits_is_refused(backtrace_command: Runner, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text("blank,key,digits,value\n1,h1,999999999,0.52\n", encoding="utf-8")
    found = backtrace_command("diff", str(ROOT / "configs/example.yaml"), "sheet.csv", cwd=tmp_path)
    assert (found.code, "a worksheet has at most 17 digits" in found.err) == (3, True), found.err
