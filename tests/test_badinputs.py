"""Bad configs: each is refused at its place, one fault gives one message, and nothing is taken for a bug."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner import ROOT, Runner

HEAD = "inputs: {x: [1, 2]}\ntargets: {y: [1, 2]}\nlearning_rate: 0.5\nlayers:\n"
LAYER = "  - {weights: [[1, 2], [3, 4]], out: h}\n"
LOSS = "loss: half_squared_error\n"
EQUATIONS = "parameters: {w: [1, 2]}\nlearning_rate: 0.5\nminimize: E\nequations:\n  E: sum(w)\n"

BAD = {
    "more weights than an array may have": (
        f"inputs: {{x: {[1] * 1001}}}\ntargets: {{y: [1]}}\nlayers:\n  - {{units: 1000, weights: {{init: zeros}}}}\n",
        [(4, 28, '"W" has 1,001,000 elements; 1,000,000 are allowed')],
    ),
    "an out that is an empty list": (
        HEAD + "  - {weights: [[1, 2], [3, 4]], out: []}\n",
        [(5, 38, "expected a name, or a list of names, got an empty list")],
    ),
    "a pre that is an empty list": (
        HEAD + "  - {weights: [[1, 2], [3, 4]], pre: []}\n",
        [(5, 38, "expected a name, or a list of names, got an empty list")],
    ),
    "two layers with one pre": (
        HEAD + (layer := "  - {weights: [[1, 2], [3, 4]], pre: z}\n") + layer,
        [(6, 38, '"z" is stated twice; first in the layer of line 5')],
    ),
    "a name that Python reads as another": (
        HEAD + "  - {weights: [[1, 2], [3, 4]], pre: caf\u00e9, out: cafe\u0301}\n",
        [(5, 49, 'expected a name, got the text "cafe\u0301"')],
    ),
    "an unknown bias": (
        HEAD + "  - {weights: [[1, 2], [3, 4]], bias: q}\n" + LOSS,
        [(5, 39, '"q" is not known here')],
    ),
    "an unknown weight of a named matrix": (
        HEAD + "  - {weights: {name: V, values: [[1, 2], [3, q]]}}\n" + LOSS,
        [(5, 46, '"q" is not known here')],
    ),
    "an unknown activation beside other faults": (
        HEAD + "  - {weights: [[1, 2], [3, 4]], activation: sigmod}\nfoo: 1\n",
        [(5, 45, 'there is no activation "sigmod"'), (6, 1, '"foo" is no key of the config')],
    ),
    "an activation of the config's own beside other faults": (
        HEAD + "  - {weights: [[1, 2], [3, 4]], activation: f}\nfunctions: {f(x): x*x}\nfoo: 1\n",
        [(7, 1, '"foo" is no key of the config')],
    ),
    "an unknown key alone": ("foo: 1\n", [(1, 1, '"foo" is no key of the config')]),
    "nothing but a title": ("title: x\n", [(1, 1, "there is nothing to compute")]),
    "a learning rate of something else": (
        "parameters: {w: 1}\nequations: {z: w}\nminimize: z\nlearning_rate: 0.5 / (1 + 0.1*t)\n",
        [(4, 31, '"t" is not known here')],
    ),
    "samples of inputs and a single target": (
        "inputs: [{x1: 0}, {x1: 1}]\ntargets: {y1: 0}\nlayers:\n  - weights: [[0.4]]\n",
        [(2, 10, "one of inputs: and targets: states a single sample, the other several")],
    ),
    "samples by columns": (
        "inputs: {x1: [0, 1, 2], x2: [0, 1]}\ntargets: {y1: [0, 1, 1]}\nlayers:\n  - weights: [[0.4], [0.5]]\n" + LOSS,
        [(1, 9, "layers take one vector or single numbers as inputs, not several vectors")],
    ),
    "text in a sample": (
        "inputs: [{x1: 0, x2: 0}, {x1: 0, x2: high}]\nequations: {z: x1}\n",
        [(1, 38, 'expected a number, got the text "high"')],
    ),
    "data from a file": (
        "inputs: {file: data.csv, column: 1.5, row: 1}\nequations: {z: x1}\n",
        [(1, 39, '"row" is no key of a data file')],
    ),
    "a blank equation": (
        EQUATIONS + '  z: "  "\n',
        [(6, 6, 'expected an expression, got the text "  "')],
    ),
    "not in a condition": (
        EQUATIONS + "  z: where(not w > 0, w, 0)\n",
        [(6, 12, "not has no place in an equation")],
    ),
    "text in a call": (
        EQUATIONS + "  z: exec('import os')\n",
        [(6, 6, "a function takes numbers and arrays, not text")],
    ),
    "a call of what stands in brackets": (
        EQUATIONS + '  z: "(lambda: 1)()"\n',
        [(6, 7, "only a function's name can be called")],
    ),
    "an expression of 1 MB": (
        EQUATIONS + f"  z: {'w + ' * 250_000}w\n",
        [(6, 6, "a text of more than 100,000 characters")],
    ),
    "calls nested too deep": (
        EQUATIONS + f"  z: {'abs(' * 300}w{')' * 300}\n",
        [(6, 6, "brackets are nested more than 100 deep")],
    ),
    "an order that leaves a sample out": (
        "inputs: [{x: 1}, {x: 2}, {x: 3}]\nequations: {E: x}\nreduce: sum\nbatch_size: 1\norder: [1, 3, 3]\n",
        [(5, 8, "order: names each of the samples 1 to 3 once")],
    ),
    "names that are a mapping": (
        EQUATIONS + "freeze: {w: 1}\n",
        [(6, 9, "expected a list of names, got a mapping of 1")],
    ),
    "an optimizer's state that is not declared": (
        EQUATIONS + "optimizer: {update: {v: 0.9*v + g, p: p - lr*v}}\n",
        [(6, 29, 'in the optimizer: "v" is not known here')],
    ),
    "an optimizer's state that is text": (
        EQUATIONS + "optimizer: {state: {v: zero}, update: {p: p - lr*g}}\n",
        [(6, 24, 'expected a number, got the text "zero"')],
    ),
    "an update that is no expression": (
        EQUATIONS + "optimizer: {update: {p: p.q}}\n",
        [(6, 27, ".q has no place in an equation")],
    ),
    "an option of another optimizer": (
        EQUATIONS + "optimizer: {sgd: {beta1: 0.9}}\n",
        [(6, 13, '"sgd" is no key of an optimizer')],
    ),
}


def messages(errors: str) -> list[tuple[int, int, str]]:
    """The places and messages of what was printed on standard error."""
    heads = [line.split(":", 3) for line in errors.splitlines() if line.startswith("bad.yaml:")]
    return [(int(line), int(column), message.strip()) for _, line, column, message in heads]


@pytest.mark.parametrize(("config", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_config_is_refused_at_its_place(
    backtrace_command: Runner, tmp_path: Path, config: str, expected: list[tuple[int, int, str]]
) -> None:
    (tmp_path / "bad.yaml").write_text(config, encoding="utf-8")
    outcome = backtrace_command("run", "bad.yaml", cwd=tmp_path)
    assert (outcome.code, outcome.out) == (3, "")
    assert messages(outcome.err) == expected


def test_an_error_without_standard_error_leaves_standard_output_empty(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("foo: 1\n", encoding="utf-8")
    line = f'"{sys.executable}" -m backtrace run bad.yaml 2>&-'
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    outcome = subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, cwd=tmp_path, env=environment, check=False)
    assert (outcome.returncode, outcome.stdout) == (3, b"")
