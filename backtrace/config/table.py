"""The table of keys: what each takes, where its value goes, and the sentence that documents it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Key:
    """A key of a mapping: how its node is read, where the value goes, and what it is for."""

    name: str
    read: str
    about: str
    target: str = ""


TOP: Final = (
    Key("backtrace", "version", "the version of the language: 1"),
    Key("title", "text", "the heading of the report", "title"),
    Key("inputs", "data", "the given inputs of one sample, or a list of samples, or a file of them"),
    Key("targets", "data", "the given targets, in the same form as the inputs"),
    Key("parameters", "parameters", "given values that training changes: numbers, vectors, matrices"),
    Key(
        "learning_rate",
        "rate",
        "the size of a step against the gradient; without it nothing is updated",
        "learning_rate",
    ),
    Key("layers", "layers", "a layered network, the short form of equations", "layers"),
    Key("orientation", "orientation", "x @ W (rows of a weight matrix are inputs) or W @ x", "column_vectors"),
    Key("equations", "equations", "name: expression, for one sample", "equations"),
    Key("functions", "functions", "functions of your own, {swish(x): x * sigmoid(x)}", "functions"),
    Key("loss", "loss", "the loss of a layered network, and the names of its terms and total", "loss"),
    Key("minimize", "objective", "the quantity to make small: a name or an expression"),
    Key("maximize", "objective", "the quantity to make great"),
    Key("reduce", "reduce", "how several samples combine: sum or mean", "reduce"),
    Key("optimizer", "optimizer", "sgd, or update equations of your own", "optimizer"),
    Key("epochs", "whole", "how many updates a run makes unless --epochs says", "epochs"),
    Key("freeze", "names", "parameters that training leaves alone", "freeze"),
    Key("train", "names", "the only parameters that training changes", "train"),
    Key("seed", "seed", "where the generator of random values starts, for all without a seed of their own", "seed"),
    Key(
        "generator",
        "generator",
        "pcg64 (numpy's default_rng) or legacy (numpy.random.seed)",
        "generator",
    ),
    Key("gates", "boolean", "show every unnamed operation as a gate of its own", "gates"),
    Key("report", "equations", "further quantities to show", "report"),
)
LAYER: Final = (
    Key("name", "text", "the layer's heading"),
    Key("weights", "entries", "a matrix of numbers or names, named scalars, or {name: W1, values: ...}"),
    Key("units", "units", "how many values leave the layer; where weights are drawn, this gives their size"),
    Key("bias", "entries", "a list, names, one shared number or name; none if absent"),
    Key("pre", "stem", "the name of the pre-activations"),
    Key("out", "stem", "the name of the activations"),
    Key("activation", "text", "the activation function; none if absent"),
)
LOSS: Final = (
    Key("kind", "text", "the loss"),
    Key("terms", "name", "the name of its terms, one an output"),
    Key("total", "name", "the name of the total"),
)
ENTRIES: Final = (Key("name", "name", "the array's name"), Key("values", "entries", "its values"))
INIT: Final = (
    Key("init", "text", "the kind"),
    Key("shape", "shape", "the size: 3, [2, 3], or [] for a number; in a layer it follows from the inputs and units:"),
    Key("seed", "seed", "where the generator starts for this array alone"),
    Key("generator", "generator", "pcg64 or legacy, for this array alone"),
    Key("skip", "whole", "how many uniform numbers the source drew before, to pass over"),
    Key("name", "name", "the array's name, where it has no other"),
)
DATA_FILE: Final = (
    Key("file", "text", "a table as CSV, or arrays as npy or npz; its place counts from the config's own folder"),
    Key("columns", "columns", "by heading or number from 1: [x1, x2], 1..4, {x: [a, b], t: c}; else all"),
    Key("column", "column", "one column alone"),
    Key("arrays", "arrays", "which arrays of an npz: {x: inputs}, or [x, y]; else all"),
    Key("header", "boolean", "false where the first line is a sample already"),
    Key("delimiter", "delimiter", "what separates cells; else a tab, a semicolon or a comma, as the first line has it"),
    Key("rows", "window", "which samples, counted from 1: 1..100"),
    Key("one_hot", "one_hot", "classes as vectors: true for classes of any name, 10 for the numbers 0 to 9"),
)
LATER: Final = (
    "weight_decay", "batch_size", "shuffle", "until", "upstream", "gradients", "backward", "steps",
)  # fmt: skip
"""Keys of the language that this version does not know yet."""
ACTIVATIONS: Final = (
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "softplus", "silu", "step", "softmax",
    "log_softmax", "exp", "sin",
)  # fmt: skip
ORIENTATIONS: Final = {"x @ W": False, "W @ x": True}
