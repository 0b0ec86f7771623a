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
    Key("inputs", "data", "the given inputs of one sample, or a list of samples"),
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
    Key("gates", "boolean", "show every unnamed operation as a gate of its own", "gates"),
    Key("report", "equations", "further quantities to show", "report"),
)
LAYER: Final = (
    Key("name", "text", "the layer's heading"),
    Key("weights", "entries", "a matrix of numbers or names, named scalars, or {name: W1, values: ...}"),
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
LATER: Final = (
    "weight_decay", "batch_size", "shuffle", "until", "upstream", "gradients", "backward", "steps",
)  # fmt: skip
"""Keys of the language that this version does not know yet."""
ACTIVATIONS: Final = (
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "softplus", "silu", "step", "softmax",
    "log_softmax", "hard_sigmoid", "sign", "exp", "sin",
)  # fmt: skip
ORIENTATIONS: Final = {"x @ W": False, "W @ x": True}
