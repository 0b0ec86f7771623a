"""What people really write: every row is refused at its place, by one message, which says how to write it instead."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from backtrace.config import spellings
from backtrace.config.initial import KINDS
from backtrace.config.table import ACTIVATIONS
from backtrace.errors import BacktraceError, format_faults
from backtrace.guessing import meant
from backtrace.loading import build_file
from backtrace.ops import MACROS, TABLE
from backtrace.ops.hints import FUNCTIONS
from backtrace.ops.losses import LOSSES
from backtrace.rules import OPTIMIZERS

NETWORK = """\
title: t
inputs: {x: [0.05, 0.10]}
targets: {y: [0.01, 0.99]}
learning_rate: 0.5
layers:
  - weights: [[0.15, 0.25], [0.20, 0.30]]
    bias: [0.35, 0.35]
    pre: z
    out: h
    activation: sigmoid
  - {weights: [[0.40, 0.50], [0.45, 0.55]], out: o, activation: sigmoid}
loss: half_squared_error
epochs: 1
"""
EQUATIONS = """\
inputs: {x: [1, 2]}
targets: {y: [1, 0]}
parameters: {W: [[0.1, 0.2, 0.3], [0.3, 0.4, 0.5]], b: [0.1, 0.2]}
equations:
  z: x*b
  h: EXPR
"""

PART = "state a part of it as an equation of its own"
STATE = "state it under inputs:, targets:, parameters: or as an equation above"
NEW_OR_OLD = 'expected old_weights or new_weights, got the text "newweights"'
NAMED_H = "write h_1; letters, digits and _, beginning with a letter, without __"
COMMENT = "a comment begins with # and goes to the end of its line"
SEPARATED = 'leave it out: "," is what separates the cells'
ONE_COLUMN = '"d.csv" has one column: no comma, semicolon or tab in its first line'
WRITE_OUT = "write the values out"

# What a text that is no number means, as far as it is a number at all.
MEANT = [
    ("0%", "0"),
    ("1e2 %", "1"),
    ("1e-300%", "1e-302"),
    ("1e9999999%", ""),
    ("1e9999999/2", ""),
    ("1/0", ""),
    ("1.5\u00d710\u207b\u00b3", "1.5e-3"),
    ("2\u00b2", ""),
    ("0," + 58 * "1", "0." + 58 * "1"),
    ("0," + 59 * "1", ""),
    ("10\u00b3", "1e3"),
    ("-\u00bd", "-0.5"),
    ("1\u00bd", ""),
]


@pytest.mark.parametrize(("text", "number"), MEANT)
def test_no_number_is_proposed_that_is_another_or_none(text: str, number: str) -> None:
    assert meant(text) == number


@pytest.mark.parametrize(
    ("others", "known"),
    [
        (spellings.ACTIVATIONS, ACTIVATIONS),
        (spellings.LOSSES, LOSSES),
        (spellings.OPTIMIZERS, OPTIMIZERS),
        (spellings.KINDS, KINDS),
    ],
)
def test_another_spelling_is_none_that_is_known_and_leads_to_one_that_is(
    others: Mapping[str, str], known: Collection[str]
) -> None:
    assert set(known).isdisjoint(others)
    assert set(others.values()) <= set(known)


def test_no_function_that_there_is_is_written_otherwise() -> None:
    assert FUNCTIONS.keys().isdisjoint({*TABLE, *MACROS})


# What is written in place of what, and the line, the column, the message and the hint.
WRITTEN = [
    ("learning_rate: 0.5", "learning_rate: 0,05", 4, 16, 'expected a number, got the text "0,05"', "write 0.05"),
    (
        "epochs: 1",
        "epochs: 0.0",
        13,
        9,
        "expected a whole number, 1 or more, got the number 0.0",
        "without learning_rate: nothing is updated",
    ),
    (
        "epochs: 1",
        "epochs: 1\xd710^3",
        13,
        9,
        'expected a whole number, 1 or more, got the text "1\xd710^3"',
        "write 1000",
    ),
    (
        "    bias: [0.35, 0.35]",
        "    bias: !!seq {a: 1}",
        7,
        11,
        "a mapping is not what its tag says",
        "leave out the tag",
    ),
    (
        "    bias: [0.35, 0.35]",
        "    bias: !!map [1, 2]",
        7,
        11,
        "a list is not what its tag says",
        "leave out the tag",
    ),
    (
        "targets: {y: [0.01, 0.99]}",
        "targets: {y: [0.01, 0.99]}\nparameters: {'a[1]': 1, 'b[2]': 2}",
        4,
        14,
        '"a[1]" is a step, but there are none',
        "add steps: {t: 1..3}",
    ),
    (
        "0.15, 0.25",
        '"1,500", 0.25',
        6,
        16,
        'expected a number or a parameter\'s name, got the text "1,500"',
        "write 1500, or 1.500 if the comma is the decimal one",
    ),
    ("learning_rate: 0.5", "learning_rate: 50%", 4, 16, 'expected a number, got the text "50%"', "write 0.5"),
    (
        "learning_rate: 0.5",
        "learning_rate: \u22120.5",
        4,
        16,
        'expected a number, got the text "\u22120.5"',
        '"\u2212" is U+2212: write -0.5',
    ),
    (
        "learning_rate: 0.5",
        "learning_rate: 5\xd710^-3",
        4,
        16,
        'expected a number, got the text "5\xd710^-3"',
        "write 5e-3",
    ),
    ("learning_rate: 0.5", "learning_rate: ~0.5", 4, 16, 'expected a number, got the text "~0.5"', "write 0.5"),
    (
        "learning_rate: 0.5",
        "learning_rate:\xa00.5",
        4,
        15,
        "U+00A0 behind the colon is no space for YAML",
        "write an ordinary space behind the colon",
    ),
    ("learning_rate: 0.5", "learning_rate\uff1a 0.5", 4, 14, "U+FF1A is not a colon for YAML", "write : and a space"),
    ("learning_rate: 0.5", "learning_rate = 0.5", 4, 1, "YAML has a colon behind a key, not =", "write key: value"),
    ("learning_rate: 0.5", "lr: 0.5", 4, 1, '"lr" is no key of the config', 'did you mean "learning_rate"?'),
    (
        "learning_rate: 0.5",
        "learning_rate: {{ rate }}",
        4,
        16,
        "this looks like a template that was not filled in",
        "put the value in place of {{ \u2026 }}",
    ),
    ("learning_rate: 0.5", 'learning_rate: !!int "0.5"', 4, 16, '"0.5" is not what its tag says', "leave out the tag"),
    ("epochs: 1", "epochs: 3,0", 13, 9, 'expected a whole number, 1 or more, got the text "3,0"', "write 3"),
    ("pre: z", "pre: a\ufe0fb", 8, 10, 'expected a name, got the text "a\ufe0fb"', "U+FE0F is not seen: leave it out"),
    (
        "pre: z",
        f"pre: {'x' * 101}",
        8,
        10,
        f'expected a name, got the text "{"x" * 19}\u2026{"x" * 19}"',
        "a name has at most 100 characters",
    ),
    ("title: t", "title: !!map [1, 2]", 1, 8, "a list is not what its tag says", "leave out the tag"),
    ("learning_rate: 0.5", "learning_rate: [0.5", 4, 16, "this [ is not closed", "close it with ]"),
    (
        "learning_rate: 0.5",
        "learning_rate: nan",
        4,
        16,
        'expected a number, got the text "nan"',
        "only finite numbers are computed with",
    ),
    ("epochs: 1", "epochs: 1e3", 13, 9, "expected a whole number, 1 or more, got the number 1e3", "write 1000"),
    ("epochs: 1", "epochs: 1_000", 13, 9, 'expected a whole number, 1 or more, got the text "1_000"', "write 1000"),
    ("epochs: 1", "epochs: 1,000", 13, 9, 'expected a whole number, 1 or more, got the text "1,000"', "write 1000"),
    ("epochs: 1", "epochs: 5 epochs", 13, 9, 'expected a whole number, 1 or more, got the text "5 epochs"', "write 5"),
    (
        "epochs: 1",
        "epochs: 0",
        13,
        9,
        "expected a whole number, 1 or more, got the number 0",
        "without learning_rate: nothing is updated",
    ),
    (
        "epochs: 1",
        'epochs: "3"',
        13,
        9,
        'expected a whole number, 1 or more, got the text "3"',
        "in quotes a number is text: leave them out",
    ),
    (
        "epochs: 1",
        "epochs: \u0663",
        13,
        9,
        'expected a whole number, 1 or more, got the text "\u0663"',
        '"\u0663" is U+0663: write 3',
    ),
    (
        "epochs: 1",
        "epochs: # many",
        13,
        1,
        "expected a whole number, 1 or more, got nothing",
        '# is the beginning of a comment in YAML: put the text in quotes: "# many"',
    ),
    ("epochs: 1", "epochs: [3]", 13, 9, "expected a whole number, 1 or more, got a list of 1", "without brackets: 3"),
    ("0.15, 0.25", "15%, 0.25", 6, 16, 'expected a number or a parameter\'s name, got the text "15%"', "write 0.15"),
    (
        "0.15, 0.25",
        "0.15 0.25",
        6,
        16,
        'expected a number or a parameter\'s name, got the text "0.15 0.25"',
        "a comma stands between numbers: 0.15, 0.25",
    ),
    ("0.15, 0.25", "- 0.15, 0.25", 6, 16, "a dash and a space begin a list item in YAML", "for a number write -0.15"),
    ("0.15, 0.25", "1/8, 0.25", 6, 16, 'expected a number or a parameter\'s name, got the text "1/8"', "write 0.125"),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "np.array([[0.15, 0.25], [0.20, 0.30]])",
        6,
        14,
        'expected a number or a parameter\'s name, got the text "np.array([[0.15, 0.25], [0.20, 0.30]])"',
        "write the list alone: [[0.15, 0.25], [0.20, 0.30]]",
    ),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "[[0,15, 0,25], [0,20, 0,30]]",
        7,
        11,
        '"Layer 1" has 4 units, but 2 biases',
        "a decimal number has a point: 0.5; with a comma it is two numbers",
    ),
    ("[[0.15, 0.25], [0.20, 0.30]]", "[[], []]", 6, 15, "expected numbers, got an empty list", "write at least one"),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "random",
        6,
        14,
        "weights are a matrix: a list of rows",
        "[[0.1, 0.2], [0.3, 0.4]]",
    ),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "[[0.15], [0.20]]",
        7,
        11,
        '"Layer 1" has 1 unit, but 2 biases',
        "one bias for each unit, or one shared number without brackets",
    ),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "[[a, 0.25], [b, 0.30]]",
        6,
        16,
        "2 names here have no values, as there are no parameters:",
        "parameters: {a: 0.5, b: 0.5}",
    ),
    (
        "activation: sigmoid\n  -",
        "activation: nn.Sigmoid()\n  -",
        10,
        17,
        'there is no activation "nn.Sigmoid()"',
        'did you mean "sigmoid"?',
    ),
    (
        "activation: sigmoid\n  -",
        "activation: swish\n  -",
        10,
        17,
        'there is no activation "swish"',
        'did you mean "silu"?',
    ),
    (
        "activation: sigmoid\n  -",
        "activation: leaky_relu(alpha=0.2)\n  -",
        10,
        17,
        'leaky_relu has no option "alpha"',
        "its options: slope",
    ),
    (
        "activation: sigmoid\n  -",
        "activation: sigm\u043eid\n  -",
        10,
        17,
        'there is no activation "sigm\u043eid"',
        'did you mean "sigmoid"? ("\u043e" is U+043E)',
    ),
    (
        "activation: sigmoid\n  -",
        "activation: \u201csigmoid\u201d\n  -",
        10,
        17,
        'there is no activation "\u201csigmoid\u201d"',
        'did you mean "sigmoid"? ("\u201c" is U+201C)',
    ),
    ("loss: half_squared_error", "loss: MSE", 12, 7, 'there is no loss "MSE"', 'did you mean "mean_squared_error"?'),
    (
        "out: h",
        "out: h-1",
        9,
        10,
        'expected a name, got the text "h-1"',
        "in an equation it reads as h minus 1: write h_1",
    ),
    (
        "out: h",
        "out: lambda",
        9,
        10,
        'expected a name, got the text "lambda"',
        "a word of Python cannot be a name: write lam or \u03bb",
    ),
    (
        "out: h",
        'out: "h\\u200b"',
        9,
        10,
        'expected a name, got the text "h\\u200b"',
        "U+200B is not seen: leave it out",
    ),
    ("out: h", "out: [h1, h1]", 9, 15, '"h1" stands twice in this list', "one name, one quantity"),
    ("out: h", "out: x", 9, 10, '"x" is given already', "one name, one quantity"),
    (
        "out: h",
        "out: hidden layer",
        9,
        10,
        'expected a name, got the text "hidden layer"',
        "write hidden_layer; letters, digits and _, beginning with a letter, without __",
    ),
    ("pre: z\n", "pre:z\n", 8, 5, "no space after the colon", "write pre: z"),
    ("pre: z\n", "pre: z\n    neurons: 2\n", 9, 5, '"neurons" is no key of a layer', 'did you mean "units"?'),
    (
        "{x: [0.05, 0.10]}",
        "{x: (0.05, 0.10)}",
        2,
        13,
        "a comma inside { } ends a text without quotes",
        'put it in quotes: "(0.05, 0.10)"; a list has brackets: [1, 2]',
    ),
    (
        "{x: [0.05, 0.10]}",
        "{x1: 0,05, x2: 0.10}",
        2,
        16,
        "a comma inside { } ends the number in front of it",
        "write 0.05",
    ),
    ("{x: [0.05, 0.10]}", "{x1:0.05, x2:0.10}", 2, 10, "no space after the colon", "write x1: 0.05"),
    (
        "{x: [0.05, 0.10]}",
        "{x: [[0.05, 0.10]]}",
        2,
        10,
        '"x" is a matrix (1x2), but a layer takes a vector',
        "several samples are a list under inputs: itself, [[...], [...]]; a matrix here is one sample's",
    ),
    (
        "{x: [0.05, 0.10]}",
        "{file: 3, columns: [a, b]}",
        2,
        16,
        "expected the name of a file, got the number 3",
        "such as file: data.csv",
    ),
    (
        "{x: [0.05, 0.10]}",
        "{dE/dx: [0.05, 0.10]}",
        2,
        10,
        '"dE/dx" is no name for a quantity',
        "gradients are computed: there is nothing to state",
    ),
    (
        "{y: [0.01, 0.99]}",
        "[]",
        3,
        10,
        "there are no samples in this list",
        "[0.1, 0.2] is one, [[0.1], [0.2]] are two",
    ),
    ("title: t", "```yaml\ntitle: t", 1, 1, "this fence of Markdown is not part of a config", "remove the line"),
    (
        "title: t",
        "<<<<<<< HEAD\ntitle: t",
        1,
        1,
        "a merge conflict left this mark",
        "keep one version, remove the marks",
    ),
    (
        "title: t",
        "title: [draft] t",
        1,
        16,
        "the value has ended in front of this",
        'remove it, or put the text in quotes: title: "[draft] t"',
    ),
    (
        "title: t",
        'title: "\\sigma"',
        1,
        8,
        "a backslash in double quotes begins an escape, and this is none",
        "use single quotes: '\\sigma'",
    ),
    (
        "title: t",
        "title: {% if t %}",
        1,
        8,
        "this looks like a template that was not filled in",
        "put the value in its place",
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\nshuffle: {sed: 7}",
        13,
        11,
        '"sed" is no key of shuffle',
        'did you mean "seed"?',
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\nbatch_size: 2.5",
        13,
        13,
        "expected a whole number, 1 or more, got the number 2.5",
        "",
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\noptimizer: {kind: sgd, beta1: 0.9}",
        13,
        24,
        '"beta1" is no key of the optimizer sgd',
        "beta1 belongs to adam",
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\noptimizer: {adam: {}}",
        13,
        13,
        '"adam" is no key of an optimizer',
        "write {kind: adam, ...}",
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\noptimizer: {state: {g: 0}, update: {p: p - lr*g}}",
        13,
        21,
        '"g" has a meaning here already: its gradient',
        "give it another name",
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\ngates: yes",
        13,
        8,
        'expected true or false, got the text "yes"',
        "write true",
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\nuntil: E_tot",
        13,
        8,
        'expected a comparison, got the text "E_tot"',
        "such as E_tot < 1e-3",
    ),
    (
        "loss: half_squared_error",
        "loss: half_squared_error\nuntil: E_tot = 0",
        13,
        14,
        "this is no expression: positional argument follows keyword argument",
        "an option such as axis=0 stands last; a comparison is written ==",
    ),
    ("learning_rate: 0.5", "learning_rate: 5d-1", 4, 16, 'expected a number, got the text "5d-1"', "write 5e-1"),
    (
        "learning_rate: 0.5",
        "learning_rate: \\frac{1}{2}",
        4,
        16,
        'expected a number, got the text "\\frac{1}{2}"',
        "write 0.5",
    ),
    (
        "learning_rate: 0.5",
        "learning_rate: 5 \\times 10^{-1}",
        4,
        16,
        'expected a number, got the text "5 \\times 10^{-1}"',
        "write 5e-1",
    ),
    (
        "learning_rate: 0.5",
        "learning_rate: 10\u207b\xb3",
        4,
        16,
        'expected a number, got the text "10\u207b\xb3"',
        '"\u207b" is U+207B: write 1e-3',
    ),
    ("learning_rate: 0.5", "learning_rate: 0\xb75", 4, 16, 'expected a number, got the text "0\xb75"', "write 0.5"),
    (
        "learning_rate: 0.5",
        "learning_rate: 0.5 \xb1 0.1",
        4,
        16,
        'expected a number, got the text "0.5 \xb1 0.1"',
        '"\xb1" is U+00B1: write 0.5',
    ),
    ("epochs: 1", "epochs: 0b11", 13, 9, 'expected a whole number, 1 or more, got the text "0b11"', "write 3"),
    (
        "0.15, 0.25",
        "$0.15$, 0.25",
        6,
        16,
        'expected a number or a parameter\'s name, got the text "$0.15$"',
        "write 0.15",
    ),
    (
        "0.15, 0.25",
        "np.float64(0.15), 0.25",
        6,
        16,
        'expected a number or a parameter\'s name, got the text "np.float64(0.15)"',
        "write 0.15",
    ),
    (
        "0.15, 0.25",
        "sqrt(2), 0.25",
        6,
        16,
        'expected a number or a parameter\'s name, got the text "sqrt(2)"',
        "nothing is computed here: write the number itself",
    ),
    ("0.15, 0.25", "\\frac{1}{2}, 0.25", 6, 16, "this is LaTeX, which has no place here", "write the number itself"),
    (
        "bias: [0.35, 0.35]",
        "bias: None",
        7,
        11,
        'expected a number or a parameter\'s name, got the text "None"',
        "a number is missing here",
    ),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "tensor([[0.15, 0.25], [0.20, 0.30]], requires_grad=True)",
        6,
        14,
        'expected a number or a parameter\'s name, got the text "tensor([[0.15, 0.25\u2026requires_grad=True)"',
        "write the list alone: [[0.15, 0.25], [0.20, 0.30]]",
    ),
    (
        "[0.15, 0.25], [0.20",
        "[0.15, 0.25] [0.20",
        6,
        28,
        "a comma or ] is expected here",
        "write a comma in front of it",
    ),
    ("targets: {y", "target: {y", 3, 1, '"target" is no key of the config', 'did you mean "targets"?'),
    (
        "loss: half_squared_error",
        "loss_function: half_squared_error",
        12,
        1,
        '"loss_function" is no key of the config',
        'did you mean "loss"?',
    ),
    ("loss: half_squared_error", "loss: mae", 12, 7, 'there is no loss "mae"', 'did you mean "mean_absolute_error"?'),
    (
        "activation: sigmoid\n  -",
        "activation: \u03c3\n  -",
        10,
        17,
        'there is no activation "\u03c3"',
        'did you mean "sigmoid"?',
    ),
    (
        "  - weights: [[0.15",
        "  -name: first\n    weights: [[0.15",
        6,
        3,
        "a list item has a space behind its dash",
        "write - and a space",
    ),
    (
        "    bias: [0.35, 0.35]",
        "\xa0\xa0\xa0\xa0bias: [0.35, 0.35]",
        7,
        1,
        "U+00A0 is no space for YAML",
        "write spaces",
    ),
    (
        "title: t\n",
        '{\n  // a comment\n  "title": "t"\n}\n',
        2,
        3,
        "neither JSON nor YAML has this comment",
        "a comment begins with # and goes to the end of its line",
    ),
    (
        "title: t\n",
        '{\n  "title": "t"\n  "epochs": 1\n}\n',
        3,
        3,
        "a comma or } is expected here",
        "write a comma in front of it",
    ),
    ("epochs: 1", "epochs: 1\noptimizer: {name: adam}", 14, 13, '"name" is no key of an optimizer', "write kind: adam"),
    ("epochs: 1", "epochs: 1\noptimizer: nag", 14, 12, 'there is no optimizer "nag"', 'did you mean "nesterov"?'),
    (
        "epochs: 1",
        "epochs: 1\noptimizer: {update: {p: p - eta*g}}",
        14,
        29,
        'in the optimizer: "eta" is not known here',
        "p is the parameter, g its gradient, lr the learning rate; state: and options: name others",
    ),
    ("activation: sigmoid", "activation: sigm", 10, 17, 'there is no activation "sigm"', 'did you mean "sigmoid"?'),
    ("learning_rate: 0.5", "learning_rate: 0. 5", 4, 16, 'expected a number, got the text "0. 5"', "write 0.5"),
    (
        "learning_rate: 0.5",
        "learning_rate: 0.5^k",
        4,
        19,
        "'^' is no operator of the language",
        "write ** for a power",
    ),
    ("bias: [0.35, 0.35]", "bias: &b [*b]", 7, 15, "*b stands within its own &b, which would never end", WRITE_OUT),
    ("  - weights: [[0.15", "  * weights: [[0.15", 6, 3, "a list item begins with - in YAML", "write - in its place"),
    (
        "epochs: 1",
        "epochs: 1\nactivation: relu",
        14,
        1,
        '"activation" is no key of the config',
        "activation: is a key of a layer, under layers:",
    ),
    (
        "    pre: z\n",
        "    loss: huber\n",
        8,
        5,
        '"loss" is no key of a layer',
        "loss: is a key of the config, beside layers:",
    ),
    (
        "loss: half_squared_error",
        "loss: 0.5*(y - o)**2",
        12,
        7,
        'there is no loss "0.5*(y - o)**2"',
        "an expression stands under minimize:, in place of loss: write minimize: 0.5*(y - o)**2",
    ),
    (
        "[0.15, 0.25], [0.20, 0.30]",
        "[0.15, 0.25], [0.20]",
        6,
        29,
        "item 2 has 1 entry, item 1 has 2 entries",
        "all rows have the same length",
    ),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "[[0.15, 0.25]]",
        6,
        14,
        '"Layer 1" gets 2 values, but its weights have 1 row',
        "a row of weights for each input; orientation: says which way round",
    ),
    (
        "    pre: z\n",
        "    units: two\n",
        8,
        5,
        '"units" belongs to weights that are drawn',
        "these are written out and say it: leave units out; "
        "known here: name, weights, units, bias, pre, out, activation",
    ),
    (
        "epochs: 1",
        "epochs: 1\noptimizer: {kin: adam}",
        14,
        13,
        '"kin" is no key of an optimizer',
        'did you mean "kind"?',
    ),
    (
        "epochs: 1",
        "optimizer: {kind: sgd, momentum: 0.9}",
        13,
        24,
        '"momentum" is no key of the optimizer sgd',
        "momentum is a rule of its own: kind: momentum",
    ),
    (
        "epochs: 1",
        "optimizer: {kind: adam, betas: [0.9, 0.99]}",
        13,
        25,
        '"betas" is no key of the optimizer adam',
        "beta1: and beta2: stand by themselves",
    ),
    (
        "epochs: 1",
        "optimizer: {kind: adam, state: {m: {Q: 0}}}",
        13,
        37,
        'the state m is given for "Q", which is no parameter',
        "parameters here: W1, b1, W2",
    ),
    (
        "epochs: 1",
        "weight_decay: {value: 0.1, only: [W1, Q]}",
        13,
        39,
        '"Q" is no parameter',
        "parameters here: W1, b1, W2",
    ),
    ("epochs: 1", "backward: newweights", 13, 11, NEW_OR_OLD, 'did you mean "new_weights"?'),
    (
        "epochs: 1",
        "// one epoch",
        13,
        1,
        "YAML has no such comment",
        "a comment begins with # and goes to the end of its line",
    ),
    ("targets: {y", "output: {y", 3, 1, '"output" is no key of the config', 'did you mean "targets"?'),
    ("    pre: z\n", "    pre: h_{1}\n", 8, 10, 'expected a name, got the text "h_{1}"', NAMED_H),
    (
        "[[0.15, 0.25], [0.20, 0.30]]",
        "{W-11: 0.3}",
        6,
        15,
        '"W-11" is no name for a quantity',
        "in an equation it reads as W minus 11: write W_11",
    ),
    (
        "learning_rate: 0.5",
        "learning_rate: 0.5 if k < 3 else 0.1",
        4,
        16,
        "if has no place in an equation",
        "write where(condition, a, b)",
    ),
    (
        "epochs: 1",
        "order: [1]",
        13,
        8,
        "order: is for batches, but every update uses all samples",
        "leave it out: there is one sample",
    ),
]
# An expression, the column, the message and the hint.
EXPRESSIONS = [
    ("np.tanh(z)", 7, "only a function's name can be called", "functions stand alone: write tanh(...)"),
    ("z.sum()", 7, "only a function's name can be called", "write sum(z)"),
    ("2 z", 9, "this is no expression: invalid syntax", "a product needs its sign: 2*z"),
    ("3x", 7, "this is no expression: invalid decimal literal", "a product needs its sign: 3*x"),
    ("1e5x", 9, "this is no expression: invalid decimal literal", "a product needs its sign: 1e5*x"),
    ("z z", 9, "this is no expression: invalid syntax", "a product needs its sign: z*z"),
    ("\u03a3 z", 6, "'\u03a3' is not of the equation language", "write sum(...)"),
    ("* z", 7, "this is no expression: invalid syntax", "an operand is missing in front of *"),
    ("z ** * 2", 12, "this is no expression: invalid syntax", "an operand is missing in front of *"),
    ("z += 1", 9, "'+=' is not of the equation language", "write the operation out: z + 1 for z += 1"),
    ("asin(z)", 7, 'there is no function "asin"', "write arctan(x / sqrt(1 - x**2))"),
    ("z1 + z", 7, '"z1" is not known here', "an element is written z[0], counted from 0"),
    ("z*W23", 9, '"W23" is not known here', "an element is written W[1, 2], counted from 0"),
    (
        "where((z > 0) | (z < 1), z, 0)",
        21,
        "'|' is no operator of the language",
        "write abs(...) for | |, where(z < 0, a, where(z > 1, a, b)) for a logical or",
    ),
    ("+".join(["z"] * 3000), 7, "the expression has too many operations in one another", PART),
    ("z\xb7b", 6, "'\xb7' is not of the equation language", "write * for a product"),
    ("|z|", 7, "'|' is not of the equation language", "write abs(z) for |z|"),
    ("z'", 8, '"\'" is not of the equation language', "a prime has no place in a name: write z_1; a transpose is .T"),
    ("e**z", 7, '"e" is not known here', "Euler's number is exp(1)"),
    ("ln(z)", 7, 'there is no function "ln"', "write log(x)"),
    ("sigmoid(z # )", 17, "'#' is not of the equation language", "a comment has no place in an equation"),
    ("W @ x", 7, "2x3 @ 2 does not fit: 3 is not 2", "W is 2x3, x has 2 elements; did you mean x @ W or W.T @ x?"),
    (
        "x @ W @ 2",
        7,
        "@ multiplies vectors and matrices, not 3 by scalar",
        "x @ W has 3 elements, 2 is a number; write x @ W*2",
    ),
    ("reshape(z, 4)", 7, "reshape does not fit 2: to 4 it has another number of elements", "z has 2 elements"),
    ("sum(z, axis=5)", 7, "axis 5 of an array with 1 axis", "z has 2 elements"),
    ("z(b)", 7, 'there is no function "z"', "z is a quantity: a product needs its sign, z*(...)"),
    (
        "where(z = 0, 1, 0)",
        15,
        "this is no expression: positional argument follows keyword argument",
        "an option such as axis=0 stands last; a comparison is written ==",
    ),
    ("50%*z", 9, "'%' is no operator of the language", "write a fraction of 1: 0.5 for 50%"),
    (
        "0,5*z",
        7,
        "a comma has no place in an equation",
        "a decimal number has a point (0.5), a list has brackets ([a, b])",
    ),
    ("z \u2264 0", 6, "'\u2264' is not of the equation language", "write <="),
    ("inf", 7, '"inf" is not known here', "only finite numbers are computed with"),
    ("dropout(z)", 7, 'there is no function "dropout"', 'did you mean "dot"?'),
    (
        "[[1], [1, 2]]",
        7,
        "stack does not fit 1 and 2: the parts of a list have one shape",
        "[1] has 1 element, [1, 2] has 2 elements",
    ),
    ("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 7, "stack makes an array of 17 axes", "at most 16"),
    ("\u03c3(z)", 6, 'there is no function "\u03c3"', "write sigmoid(x)"),
    ("z\uff0cb", 6, "this is no expression: invalid character '\uff0c' (U+FF0C)", "write ,"),
    (
        "half_squared_error(z, [1, 2, 3])",
        7,
        "in half_squared_error: shapes 2 and 3 do not fit elementwise",
        "z has 2 elements, [1, 2, 3] has 3 elements",
    ),
    ("zeros(-1)", 7, "zeros cannot be made with shape=-1", "whole numbers from 1 on"),
    ("h + 1", 6, "the equations go round in a circle: h reads h", "one of them is stated without the others"),
    ("{{z}}", 7, "a set has no place in an equation", "brackets are ( ) around parts, [ ] around lists and places"),
    ("1*" + "9" * 4400, 9, "a number has too many digits", "at most 1.79e308"),
    ("sum(z, axis=0, axis=0)", 22, "this option is given twice", "keep one of them"),
    ("W^T @ x", 8, "'^' is no operator of the language", "write ** for a power"),
    ("x.dot(W)", 7, "only a function's name can be called", "write dot(x, ...)"),
    ("z <> 0", 9, "'<>' is not of the equation language", "write !="),
    (
        "z -> h",
        9,
        "'->' is not of the equation language",
        "write the right side only: the name stands before the colon",
    ),
    ("z\u2081", 6, "'\u2081' is not of the equation language", "a name is written z1, an element z[0]"),
    ("z\u207b\xb9", 6, "'\u207b' is not of the equation language", "write ** for a power: x**-1"),
    ("z + \u0663", 6, "this is no expression: invalid character '\u0663' (U+0663)", "write 3"),
]
# Two faults that have nothing to do with each other: what is written in place of what, twice, and both places.
PAIRS = [
    (
        ("activation: sigmoid\n  -", "activation: sigmod\n  -"),
        ("epochs: 1", "epochs: many"),
        [
            (10, 17, 'there is no activation "sigmod"'),
            (13, 9, 'expected a whole number, 1 or more, got the text "many"'),
        ],
    ),
    (
        ("learning_rate: 0.5", "learning_rate: 0,5"),
        ("[0.20, 0.30]]", "[0.20]]"),
        [(4, 16, 'expected a number, got the text "0,5"'), (6, 29, "item 2 has 1 entry, item 1 has 2 entries")],
    ),
    (
        ("[0.05, 0.10]", "[a, 0.10]"),
        ("loss: half", "loss: halff"),
        [(2, 14, 'expected a number, got the text "a"'), (12, 7, 'there is no loss "halff_squared_error"')],
    ),
    (
        ("out: h", "out: h-1"),
        ("loss: half", "loss: huber2"),
        [(9, 10, 'expected a name, got the text "h-1"'), (12, 7, 'there is no loss "huber2_squared_error"')],
    ),
    (
        ("title: t", "titel: t"),
        ("[[0.40, 0.50], [0.45, 0.55]]", "[[0.40, 0.50]]"),
        [(1, 1, '"titel" is no key of the config'), (11, 15, '"Layer 2" gets 2 values, but its weights have 1 row')],
    ),
    (
        ("epochs: 1", "epochs: 0.5"),
        ("[[0.15, 0.25], [0.20, 0.30]]", "[[0.15, 0.25]]"),
        [
            (6, 14, '"Layer 1" gets 2 values, but its weights have 1 row'),
            (13, 9, "expected a whole number, 1 or more, got the number 0.5"),
        ],
    ),
    (
        ("bias: [0.35, 0.35]", "bias: [0.35]"),
        ("loss: half", "loss: hlf"),
        [(7, 11, '"Layer 1" has 2 units, but 1 bias'), (12, 7, 'there is no loss "hlf_squared_error"')],
    ),
    (
        ("learning_rate: 0.5", "learning_rate: fast"),
        ("loss: half_squared_error", "loss: half_squared_error\nfreeze: [q]"),
        [(4, 16, 'expected a number, got the text "fast"'), (13, 10, '"q" is no parameter')],
    ),
]


def refusals(folder: Path, text: str) -> list[tuple[int, int, str, str]]:
    """The places, messages and hints of a config's faults, in the order in which they are shown."""
    (folder / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BacktraceError) as refused:
        build_file(folder / "bad.yaml")
    faults = [(f.place.line, f.place.column, f.message, f.hint) for f in refused.value.faults if f.place]
    assert len(faults) == len(refused.value.faults)
    assert len(format_faults(refused.value.faults)) < 20_000
    return sorted(set(faults))


@pytest.mark.parametrize(("right", "written", "line", "column", "message", "hint"), WRITTEN)
def test_one_fault_gives_one_message_with_its_repair(
    tmp_path: Path, right: str, written: str, line: int, column: int, message: str, hint: str
) -> None:
    assert right in NETWORK
    assert refusals(tmp_path, NETWORK.replace(right, written, 1)) == [(line, column, message, hint)]


def test_every_unknown_name_of_an_equation_is_a_fault(tmp_path: Path) -> None:
    assert refusals(tmp_path, EQUATIONS.replace("EXPR", "qq*z + rr*nope(qq)")) == [
        (6, 6, '"qq" is not known here', STATE),
        (6, 13, '"rr" is not known here', STATE),
        (
            6,
            16,
            'there is no function "nope"',
            "functions: {f(x): ...} states one; backtrace knows exp, log, sqrt, sum, sigmoid, ...",
        ),
    ]


@pytest.mark.parametrize(
    ("table", "more", "column", "message", "hint"),
    [
        ("a,b\n1,2\n", ', delimiter: ";"', 34, '";" is not in the first line of "d.csv"', SEPARATED),
        ("10.0.0.1 host\n", "", 16, ONE_COLUMN, "is it a table? delimiter: says what separates its cells"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_and_not_shown(
    tmp_path: Path, table: str, more: str, column: int, message: str, hint: str
) -> None:
    (tmp_path / "d.csv").write_text(table, encoding="utf-8")
    config = NETWORK.replace("{x: [0.05, 0.10]}", f"{{file: d.csv{more}}}")
    assert refusals(tmp_path, config) == [(2, column, message, hint)]


FUNCTIONS_STATED = [
    ("{f(x): x*b}", 21, '"b" is not known here', "a function reads its operands alone, here x: make this one of them"),
    ("{f(x): x, g(x): sigmod(x)}", 28, 'there is no function "sigmod"', 'did you mean "sigmoid"?'),
    ("{f(x): f(x) + 1}", 19, "f calls itself", "a function is written by others, and ends"),
    ("{f(x): g(x), g(x): 2*f(x)}", 19, "f calls itself by g", "a function is written by others, and ends"),
]


@pytest.mark.parametrize("text", ["f(z)", "2*z"])
@pytest.mark.parametrize(("stated", "column", "message", "hint"), FUNCTIONS_STATED)
def test_a_function_is_refused_where_it_is_stated_whether_used_or_not(
    tmp_path: Path, stated: str, column: int, message: str, hint: str, text: str
) -> None:
    config = EQUATIONS.replace("EXPR", text) + f"functions: {stated}\n"
    assert refusals(tmp_path, config) == [(7, column, message, hint)]


@pytest.mark.parametrize(("text", "column", "message", "hint"), EXPRESSIONS)
def test_an_expression_of_another_notation_is_refused_with_its_repair(
    tmp_path: Path, text: str, column: int, message: str, hint: str
) -> None:
    found = refusals(tmp_path, EQUATIONS.replace("EXPR", json.dumps(text)))
    assert found == [(6, column, message, hint)]


@pytest.mark.parametrize(("first", "second", "expected"), PAIRS)
def test_two_faults_give_two_messages_in_the_order_of_the_file(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str], expected: list[tuple[int, int, str]]
) -> None:
    text = NETWORK.replace(*first, 1).replace(*second, 1)
    assert [found[:3] for found in refusals(tmp_path, text)] == expected
