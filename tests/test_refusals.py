"""Every way in which a section of a config is refused, word by word, as it was looked at and found good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.looked_at import FOLDER, kept
from tests.runner import Runner
from tests.test_data import npy, npz

LAYERS = """inputs: [{x1: 1, x2: 2}, {x1: 3, x2: 4}]
targets: [{y1: 0, y2: 1}, {y1: 1, y2: 0}]
learning_rate: 0.5
reduce: mean
layers:
  - {weights: {name: W, values: [[0.1, 0.2], [0.3, 0.4]]}, bias: {name: b, values: [0.1, 0.2]}, out: h}
loss: half_squared_error
"""
EQUATIONS = """inputs: {x: [1, 2]}
parameters: {w: [0.5, 0.25]}
learning_rate: 0.5
equations: {z: w*x, E: sum(z**2)}
minimize: E
"""
DATA = "inputs: SECTION\nequations: {z: x**2}\n"
SEVERAL = LAYERS.splitlines(keepends=True)
WITHOUT_LAYERS = "".join(line for line in SEVERAL if "layers" not in line and "weights" not in line)


def lines(text: str, **changes: str) -> str:
    """A config with some of its lines written otherwise, by their keys; the new ones at its end."""
    found = []
    for line in text.splitlines(keepends=True):
        key = line.partition(":")[0]
        found.append(f"{key}: {changes.pop(key)}\n" if key in changes else line)
    return "".join([*found, *(f"{key}: {value}\n" for key, value in changes.items())])


def layer(written: str) -> str:
    """The network with another layer."""
    return LAYERS.replace(LAYERS[LAYERS.index("  - {") : LAYERS.index("loss:")], f"  - {written}\n")


# By name: the config, and the files beside it.
CONFIGS: dict[str, str] = {
    # how it is trained
    "batch_size all": lines(LAYERS, batch_size="all"),
    "batch_size 0": lines(LAYERS, batch_size="0"),
    "batch_size of more than there are": lines(LAYERS, batch_size="3"),
    "batch_size of one sample": lines(EQUATIONS, batch_size="1"),
    "order no list": lines(LAYERS, batch_size="1", order="2"),
    "order empty": lines(LAYERS, batch_size="1", order="[]"),
    "order of others": lines(LAYERS, batch_size="1", order="[1, 3]"),
    "order of text": lines(LAYERS, batch_size="1", order="[1, b]"),
    "order without batches": lines(LAYERS, order="[2, 1]"),
    "shuffle without batches": lines(LAYERS, shuffle="{seed: 1}"),
    "shuffle and order": lines(LAYERS, batch_size="1", shuffle="{seed: 1}", order="[2, 1]"),
    "shuffle a seed alone": lines(LAYERS, batch_size="1", shuffle="[3]"),
    "until a number": lines(LAYERS, until="0.1"),
    "until a list": lines(LAYERS, until="[E_tot < 1]"),
    "until no comparison": lines(LAYERS, until="E_tot"),
    "until two": lines(LAYERS, until="'E_tot < 1, E_tot > 2'"),
    "until unknown": lines(LAYERS, until="F < 1"),
    "steps backwards": lines(EQUATIONS, steps="{t: 3..1}"),
    "steps too many": lines(EQUATIONS, steps="{t: 1..1001}"),
    "steps a number": lines(EQUATIONS, steps="{t: 7}"),
    "steps a range": lines(EQUATIONS, steps="{t: 'range(1, 4)'}"),
    "steps a list": lines(EQUATIONS, steps="[1, 2]"),
    "steps absent": lines(EQUATIONS, equations="{'z[t]': w*x, E: sum(z**2)}"),
    "backward of other weights": lines(LAYERS, backward="newer"),
    "learning_rate a mapping": lines(LAYERS, learning_rate="{rate: 0.5}"),
    "learning_rate an empty list": lines(LAYERS, learning_rate="[]"),
    "learning_rate with text in a list": lines(LAYERS, learning_rate="[0.5, fast]"),
    "epochs negative": lines(LAYERS, epochs="-1"),
    "epochs too many": lines(LAYERS, epochs="2000000000"),
    "freeze unknown": lines(LAYERS, freeze="[W, q]"),
    "freeze an input": lines(LAYERS, freeze="[x]"),
    "reduce unknown": lines(LAYERS, reduce="average"),
    "minimize and maximize": lines(EQUATIONS, maximize="E"),
    "minimize unknown": lines(EQUATIONS, minimize="F"),
    "minimize an array": lines(EQUATIONS, minimize="z"),
    "minimize two": lines(EQUATIONS, minimize="{A: E, B: E}"),
    "upstream and minimize": lines(EQUATIONS, upstream="{z: [1, 1]}"),
    "upstream of another shape": lines(EQUATIONS, upstream="{z: [1, 1, 1]}").replace("minimize: E\n", ""),
    "upstream no mapping": lines(EQUATIONS, upstream="3").replace("minimize: E\n", ""),
    "gradients empty": lines(EQUATIONS, gradients="{}").replace("minimize: E\n", ""),
    "gradients a number": lines(EQUATIONS, gradients="1").replace("minimize: E\n", ""),
    "gradients of another shape": "parameters: {w: [1, 2]}\nlearning_rate: 0.1\ngradients: {w: [1, 2, 3]}\n",
    "gradients of no parameter": "parameters: {w: [1, 2]}\nlearning_rate: 0.1\ngradients: {v: [1, 2]}\n",
    "gradients and a loss": "parameters: {w: 1}\nlearning_rate: 0.1\ngradients: {w: 1}\nminimize: w\n",
    # the optimizer
    "optimizer unknown": lines(LAYERS, optimizer="adma"),
    "optimizer a number": lines(LAYERS, optimizer="3"),
    "optimizer of its own without an update": lines(LAYERS, optimizer="{state: {v: 0}}"),
    "optimizer update a list": lines(LAYERS, optimizer="{update: [p - lr*g]}"),
    "optimizer update without p": lines(LAYERS, optimizer="{update: {v: p - lr*g}}"),
    "optimizer options a list": lines(LAYERS, optimizer="{update: {p: p - lr*g}, options: [1]}"),
    "optimizer options of text": lines(LAYERS, optimizer="{update: {p: p - c*g}, options: {c: slow}}"),
    "optimizer state a list": lines(LAYERS, optimizer="{state: [0], update: {p: p - lr*g}}"),
    "optimizer state taken": lines(LAYERS, optimizer="{state: {g: 0}, update: {p: p - lr*g}}"),
    "optimizer start 0": lines(LAYERS, optimizer="{kind: adam, start: 0}"),
    "optimizer start half": lines(LAYERS, optimizer="{kind: adam, start: 0.5}"),
    "optimizer beta1 of text": lines(LAYERS, optimizer="{kind: adam, beta1: big}"),
    "optimizer option unknown": lines(LAYERS, optimizer="{kind: sgd, momentum: 0.9}"),
    "optimizer without a rate": LAYERS.replace("learning_rate: 0.5\n", "optimizer: adam\n"),
    "weight_decay negative": lines(LAYERS, weight_decay="-0.1"),
    "weight_decay of nothing": lines(LAYERS, weight_decay="{decoupled: true}"),
    "weight_decay decoupled perhaps": lines(LAYERS, weight_decay="{value: 0.1, decoupled: perhaps}"),
    "weight_decay only of what is not there": lines(LAYERS, weight_decay="{value: 0.1, only: [q]}"),
    "weight_decay a list": lines(LAYERS, weight_decay="[0.1]"),
    "clip a number": lines(LAYERS, clip="5"),
    "clip by both": lines(LAYERS, clip="{norm: 5, value: 1}"),
    "clip by nothing": lines(LAYERS, clip="{}"),
    "clip at 0": lines(LAYERS, clip="{norm: 0}"),
    "clip each value": lines(LAYERS, clip="{value: 1, each: true}"),
    "clip each perhaps": lines(LAYERS, clip="{norm: 1, each: perhaps}"),
    # layers, loss, functions
    "layers a mapping": WITHOUT_LAYERS + "layers: {weights: [[1, 2], [3, 4]]}\n",
    "layers empty": WITHOUT_LAYERS + "layers: []\n",
    "layer a list": layer("[1, 2]"),
    "layer without weights": layer("{out: h}"),
    "weights a number": layer("{weights: 3, out: h}"),
    "weights ragged": layer("{weights: [[1, 2], [3]], out: h}"),
    "weights of three axes": layer("{weights: [[[1]], [[2]]], out: h}"),
    "weights empty": layer("{weights: [], out: h}"),
    "weights an empty mapping": layer("{weights: {}, out: h}"),
    "weights of too many rows": layer("{weights: [[1, 2], [3, 4], [5, 6]], out: h}"),
    "weights by names that are missing": layer("{weights: {W11: 1, W21: 2, W12: 3}, out: h}"),
    "weights named twice": layer("{weights: {name: W, values: [[1, 2], [3, 4]], init: ones}, out: h}"),
    "bias of another length": layer("{weights: [[1, 2], [3, 4]], bias: [1, 2, 3], out: h}"),
    "bias a word": layer("{weights: [[1, 2], [3, 4]], bias: none, out: h}"),
    "bias true": layer("{weights: [[1, 2], [3, 4]], bias: true, out: h}"),
    "pre a number": layer("{weights: [[1, 2], [3, 4]], pre: 1, out: h}"),
    "pre and out alike": layer("{weights: [[1, 2], [3, 4]], pre: h, out: h}"),
    "out an input": layer("{weights: [[1, 2], [3, 4]], out: x}"),
    "orientation unknown": lines(LAYERS, orientation="W*x"),
    "activation a list": layer("{weights: [[1, 2], [3, 4]], activation: [relu], out: h}"),
    "activation an option of another": layer("{weights: [[1, 2], [3, 4]], activation: {kind: relu, alpha: 1}, out: h}"),
    "loss without layers": lines(EQUATIONS, loss="squared_error"),
    "loss a list": lines(LAYERS, loss="[half_squared_error]"),
    "loss a number": lines(LAYERS, loss="2"),
    "loss without a kind": lines(LAYERS, loss="{terms: F}"),
    "loss of a taken name": lines(LAYERS, loss="{kind: half_squared_error, terms: h}"),
    "functions a list": lines(EQUATIONS, functions="[f]"),
    "function without operands": lines(EQUATIONS, functions="{f: x*x}"),
    "function of no name": lines(EQUATIONS, functions="{'f(2)': x*x}"),
    "function open": lines(EQUATIONS, functions="{'f(x': x*x}"),
    "function with a letter twice": lines(EQUATIONS, functions="{'f(x, x)': x*x}"),
    "function of itself": lines(EQUATIONS, functions="{f(x): f(x)}", equations="{z: f(w*x), E: sum(z)}"),
    "function with too few operands": lines(
        EQUATIONS, functions="{'f(x, y)': x*y}", equations="{z: f(w*x), E: sum(z)}"
    ),
    # given values
    "inputs null": lines(EQUATIONS, inputs=""),
    "inputs an empty list": lines(LAYERS, inputs="[]"),
    "inputs an empty mapping": lines(EQUATIONS, inputs="{}"),
    "inputs of different names": lines(LAYERS, inputs="[{x1: 1, x2: 2}, {x1: 3, x3: 4}]"),
    "inputs of different lengths": lines(LAYERS, inputs="[[1, 2], [3]]"),
    "inputs nested too deep": lines(EQUATIONS, inputs="{x: [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}"),
    "inputs true": lines(EQUATIONS, inputs="{x: [true, 2]}"),
    "inputs infinite": lines(EQUATIONS, inputs="{x: [1e999, 2]}"),
    "targets fewer than inputs": lines(LAYERS, targets="[{y1: 0, y2: 1}]"),
    "parameters a list": lines(EQUATIONS, parameters="[0.5, 0.25]"),
    "parameter that is an input": lines(EQUATIONS, parameters="{x: [1, 2]}"),
    "parameter of no name": lines(EQUATIONS, parameters="{2w: [1, 2]}"),
    "equation of a taken name": lines(EQUATIONS, equations="{x: w*2, E: sum(x)}"),
    "equation a list": lines(EQUATIONS, equations="{z: [w, x], E: sum(z)}"),
    "equations a list": lines(EQUATIONS, equations="[w*x]"),
    "equations in a circle": lines(EQUATIONS, equations="{z: u + w, u: z*x, E: sum(z)}"),
    "shape of too many axes": lines(EQUATIONS, parameters="{w: {init: ones, shape: [" + "1, " * 17 + "1]}}"),
    "shape with a sign": lines(EQUATIONS, parameters="{w: {init: ones, shape: 2x3}}"),
    "shape of text": lines(EQUATIONS, parameters="{w: {init: ones, shape: [a]}}"),
    "init unknown": lines(EQUATIONS, parameters="{w: {init: he, shape: 2, seed: 1}}"),
    "init without fans": lines(EQUATIONS, parameters="{w: {init: he_normal, shape: 2, seed: 1}}"),
    "init of whole numbers by halves": lines(
        EQUATIONS, parameters="{w: {init: integers, low: 0.5, high: 3, shape: 2, seed: 1}}"
    ),
    "seed of text": lines(EQUATIONS, seed="now"),
    "seed 0 with a point": lines(EQUATIONS, seed="0.0"),
    "seed a billion with an exponent": lines(EQUATIONS, seed="1e9"),
    "seed of more than a billion": lines(EQUATIONS, seed="1.1e9"),
    "seed of more than there are": lines(EQUATIONS, seed="1e10"),
    "shape 0 with a point": lines(EQUATIONS, parameters="{w: {init: ones, shape: 0.0}}"),
    "shape 2 with a point": lines(EQUATIONS, parameters="{w: {init: ones, shape: [2.0]}}"),
    "seed no number": lines(EQUATIONS, seed="nan"),
    "batch_size a billion": lines(LAYERS, batch_size="1e9"),
    "batch_size of more than a billion": lines(LAYERS, batch_size="1.5e9"),
    "steps with a dash": lines(EQUATIONS, steps="{t: 1-12345}"),
    "steps a large number": lines(EQUATIONS, steps="{t: 12345}"),
    "sum of nothing": lines(EQUATIONS, equations="{z: concat(), E: sum(w)}"),
    "log of three": lines(EQUATIONS, equations="{z: 'log(w, 2, 3)', E: sum(w)}"),
    "where of two": lines(EQUATIONS, equations="{z: 'where(w > 0, 1)', E: sum(w)}"),
    "ones of three": lines(EQUATIONS, equations="{z: 'ones(1, 2, 3)', E: sum(w)}"),
    "seed below 0": lines(EQUATIONS, seed="-1.0"),
    "seed twice": lines(EQUATIONS, parameters="{w: {init: ones, shape: 2, seed: 1, seed: 2}}"),
    "title a list": lines(EQUATIONS, title="[a]"),
    "backtrace another version": "backtrace: 2\n" + EQUATIONS,
}  # fmt: skip
FILES: dict[str, tuple[str, bytes]] = {
    # the section inputs:, and the file d
    "arrays of text": ("{file: d, arrays: {x: a}}", b"x\n1\n"),
    "delimiter of two": ("{file: d, delimiter: '::'}", b"x\n1\n"),
    "delimiter a letter": ("{file: d, delimiter: x}", b"x\n1\n"),
    "delimiter a number": ("{file: d, delimiter: 1}", b"x\n1\n"),
    "header perhaps": ("{file: d, header: perhaps}", b"x\n1\n"),
    "first line of numbers": ("{file: d}", b"1,2\n3,4\n"),
    "column 0": ("{file: d, column: 0}", b"x,y\n1,2\n"),
    "column 3 of 2": ("{file: d, column: 3}", b"x,y\n1,2\n"),
    "column by a list": ("{file: d, column: [x]}", b"x,y\n1,2\n"),
    "column null": ("{file: d, column: }", b"x,y\n1,2\n"),
    "column misspelt": ("{file: d, columns: [X]}", b"x,y\n1,2\n"),
    "columns of no names": ("{file: d, columns: {2x: x}}", b"x,y\n1,2\n"),
    "one_hot false": ("{file: d, column: x, one_hot: false}", b"x\n1\n"),
    "one_hot 0": ("{file: d, column: x, one_hot: 0}", b"x\n1\n"),
    "one_hot too many": ("{file: d, column: x, one_hot: 1001}", b"x\n1\n"),
    "one_hot a word": ("{file: d, column: x, one_hot: all}", b"x\n1\n"),
    "one_hot of an empty cell": ("{file: d, column: x, one_hot: true}", b"x,y\na,1\n,2\n"),
    "one_hot of a half": ("{file: d, column: x, one_hot: 2}", b"x\n0.5\n"),
    "one_hot of two arrays": ("{file: d, one_hot: 2}", npz(a=[0, 1], b=[0, 1])),
    "one_hot of a matrix": ("{file: d, one_hot: 2}", npy([[0, 1]])),
    "arrays of one without a name": ("{file: d, arrays: {x: a}}", npy([1, 2])),
    "arrays a word": ("{file: d, arrays: a}", npz(a=[1, 2])),
    "array misspelt": ("{file: d, arrays: [A]}", npz(a=[1, 2])),
    "array of no name": ("{file: d}", npz(**{"2a": [1, 2]})),
    "array and column": ("{file: d, column: x}", npz(a=[1, 2])),
    "rows backwards": ("{file: d, rows: 3..2}", b"x\n1\n2\n3\n"),
    "rows from 0": ("{file: d, rows: 0..2}", b"x\n1\n2\n3\n"),
    "rows beyond": ("{file: d, rows: 2..9}", b"x\n1\n2\n3\n"),
    "rows beyond an array": ("{file: d, rows: 2..9}", npy([1, 2, 3])),
    "rows a word": ("{file: d, rows: all}", b"x\n1\n"),
    "a quote that is left open": ("{file: d}", b'x,y\n1,"2\n3,4\n'),
    "a quote inside a cell": ("{file: d}", b'x,y\n1,"2"3\n'),
    "nothing at all": ("{file: d}", b""),
    "a header alone": ("{file: d}", b"x,y\n"),
    "two columns of one name": ("{file: d}", b"x,x\n1,2\n"),
    "a column without a name": ("{file: d}", b"x,\n1,2\n"),
    "a cell without a number": ("{file: d}", b"x,y\n1,\n"),
    "a cell with a space and a word": ("{file: d}", b"x,y\n1, two\n"),
    "a cell of many characters": ("{file: d}", b"x,y\n1," + b"9" * 200_000 + b"\n"),
    "a file null": ("{file: }", b""),
    "a file of a list": ("{file: [d]}", b""),
    "a key twice": ("{file: d, column: x, column: y}", b"x,y\n1,2\n"),
    "a scale": ("{file: d, scale: 2}", b"x\n1\n"),
}  # fmt: skip


def words(name: str) -> Path:
    return FOLDER / "refusals" / f"{name.replace(' ', '-')}.txt"


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_is_refused_in_the_words_that_were_looked_at(
    backtrace_command: Runner, tmp_path: Path, name: str
) -> None:
    (tmp_path / "c.yaml").write_text(CONFIGS[name], encoding="utf-8")
    outcome = backtrace_command("run", "c.yaml", cwd=tmp_path)
    assert (outcome.code, outcome.out, outcome.err) == (3, "", kept(words(name), outcome.err))


@pytest.mark.parametrize("name", FILES)
def test_a_data_file_is_refused_in_the_words_that_were_looked_at(
    backtrace_command: Runner, tmp_path: Path, name: str
) -> None:
    section, content = FILES[name]
    (tmp_path / "c.yaml").write_text(DATA.replace("SECTION", section), encoding="utf-8")
    (tmp_path / "d").write_bytes(content)
    outcome = backtrace_command("run", "c.yaml", cwd=tmp_path)
    assert (outcome.code, outcome.out, outcome.err) == (3, "", kept(words(name), outcome.err))
