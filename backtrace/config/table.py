"""The table of keys: what each takes, where its value goes, and the sentence that documents it."""

from __future__ import annotations

from typing import Final

from backtrace.records import dataclass


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
    Key("about", "text", "a sentence or two on what the example teaches", "about"),
    Key("source", "text", "who published it, and where", "source"),
    Key("inputs", "data", "the given inputs of one sample, or a list of samples, or a file of them"),
    Key("targets", "data", "the given targets, in the same form as the inputs"),
    Key("parameters", "parameters", "given values that training changes: numbers, vectors, matrices"),
    Key(
        "learning_rate",
        "rate",
        "the size of a step, an expression of k, or a list of several; without it nothing is updated",
        "learning_rate",
    ),
    Key("layers", "layers", "a layered network, the short form of equations", "layers"),
    Key("orientation", "orientation", "x @ W (rows of a weight matrix are inputs) or W @ x", "column_vectors"),
    Key("equations", "equations", "name: expression, for one sample", "equations"),
    Key("steps", "steps", "the counters of equations such as h[t]: {t: 1..3}", "steps"),
    Key("functions", "functions", "functions of your own, {swish(x): x * sigmoid(x)}", "functions"),
    Key("loss", "loss", "the loss of a layered network, and the names of its terms and total", "loss"),
    Key("minimize", "objective", "the quantity to make small: a name, an expression, or {name: expression}"),
    Key("maximize", "objective", "the quantity to make great"),
    Key("reduce", "reduce", "how several samples combine: sum or mean", "reduce"),
    Key("optimizer", "optimizer", "the rule of update by name, or update equations of your own", "optimizer"),
    Key(
        "weight_decay",
        "decay",
        "what pulls parameters to 0: a number, or {value:, decoupled:, only:}",
        "weight_decay",
    ),
    Key("clip", "clip", "the most a gradient may be: {norm: 5.0} or {value: 1.0}", "clip"),
    Key("epochs", "count", "how many times training goes through the samples unless --epochs says", "epochs"),
    Key(
        "batch_size",
        "batch",
        "so many samples make an update; all of them if absent, 1 for one after another",
        "batch_size",
    ),
    Key("order", "order", "the order of the samples in every epoch, [2, 1, 3]", "order"),
    Key("shuffle", "shuffle", "{seed: 7}: another order in every epoch", "shuffle"),
    Key("until", "condition", "training ends where this holds: E_tot < 1e-3", "until"),
    Key("upstream", "upstream", "given upstream gradients instead of a loss, {z: step(z) - y}", "upstream"),
    Key("gradients", "gradients", "given gradients, one or one an update, {w: [[0.1, 0.2]]}", "gradients"),
    Key("backward", "backward", "old_weights, or new_weights: a layer is updated before going back", "new_weights"),
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
_STATE: Final = (
    Key("state", "states", "first values of what is remembered: a number, an array, or one for each parameter"),
    Key("start", "start", "the number of the first update, 1 if not stated"),
)
RULE: Final = (Key("kind", "row", "the name of the rule"), *_STATE)
OWN_RULE: Final = (
    *_STATE,
    Key("update", "own_equations", "the equations"),
    Key("options", "options", "named numbers"),
)
DECAY: Final = (
    Key("value", "number", "how much"),
    Key("decoupled", "boolean", "of the parameter itself, or through the gradient; the optimizer's way if absent"),
    Key("only", "names", "the parameters that decay; all that are trained if absent"),
)
CLIP: Final = (
    Key("norm", "number", "the greatest norm of all gradients together"),
    Key("each", "boolean", "the norm of each parameter's gradient instead"),
    Key("value", "number", "the greatest size of an element"),
)
ACTIVATIONS: Final = (
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "softplus", "silu", "step", "softmax",
    "log_softmax", "hard_sigmoid", "sign", "exp", "sin",
)  # fmt: skip
SHUFFLE: Final = (Key("seed", "whole", "the seed of the order"),)
BACKWARD: Final = {"old_weights": False, "new_weights": True}
ORIENTATIONS: Final = {"x @ W": False, "W @ x": True}
