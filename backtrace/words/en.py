"""The texts of a report in English; a pair is for one thing and for several.

An id that begins with ``title`` is a heading that configs use too: wherever it stands, it is put into the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str | tuple[str, str]]] = {
    # ── sections ──
    "given": "Given",
    "forward": "Forward propagation",
    "error": "Error",
    "rate": "Learning rate",
    "step": "Back propagation step {number}",
    "backward": "Back propagation, gate by gate",
    "clipping": "Clipping",
    "after": "After the update",
    "asked for": "Asked for",
    # ── titles ──
    "title input": "inputs",
    "title target": "targets",
    "title parameter": "parameters",
    "title gradient": "gradients",
    "title layer": "Layer {number}",
    "title input layer": "Input layer",
    "title hidden layer": "Hidden layer",
    "title hidden layer number": "Hidden layer {number}",
    "title output layer": "Output layer",
    "title gate value": "value",
    "title gate upstream": "upstream",
    "title gate local": "local",
    "title gate gradient": "gradient",
    # ── the head ──
    "learning rate": "learning rate {rate}",
    "learning rate of several": "learning rate {rate}, the first of {n}",
    "short keys": "short keys of {name} would equal other names: write {example}",
    "samples": "{n} samples",
    "samples reduced": "{n} samples, {how} over them",
    "samples in batches": "{n} samples, an update after each {size} of them",
    "samples singly": "{n} samples, an update after each one",
    "sum": "sum",
    "mean": "mean",
    "row per input": "x @ W, a row of weights per input",
    "row per unit": "W @ x, a row of weights per unit",
    "drawn": "{names}: {kind}, seed {seed} ({generator})",
    "classes": "classes of {name}: {listed}",
    "not trained": "no learning rate: nothing is updated",
    "all at once": "all parameters at once from the old values",
    "layer by layer": "a layer updated before going back to the one below",
    "uphill": "uphill",
    "fixed": "fixed: {names}",
    "executor scalars": "executor: scalars",
    "executor arrays": "executor: arrays",
    "rounded": "every result rounded to {rounding} before it is used",
    "decimals": ("{n} decimal", "{n} decimals"),
    "significant figures": ("{n} significant figure", "{n} significant figures"),
    # ── blocks ──
    "as arrays": "as arrays",
    "with numbers": "with the numbers of sample {number}",
    "array": "{name}: {shape} numbers",
    "array of samples": "{name}: {n} samples of {shape} numbers",
    "sum over samples": "the sum over the samples of {product}",
    "directly": "{whole} directly",
    "by way of": "{whole} by way of {through}",
    "samples more": "{n} samples more (--sample S)",
    "rows more": ("{n} row more (--full)", "{n} rows more (--full)"),
    "rows more with sum": ("{n} row more, their sum {sum} (--full)", "{n} rows more, their sum {sum} (--full)"),
    "ways more": ("{n} way more gives 0", "{n} ways more give 0"),
    "more": "{n} more",
    # ── training ──
    "epoch": "epoch {epoch}",
    "epoch of": "{name}, epoch {epoch}",
    "update": (
        "epoch {epoch}, update {update} of {updates}: sample {samples}",
        "epoch {epoch}, update {update} of {updates}: samples {samples}",
    ),
    "updates more": ("{n} update more (--epoch {first})", "{n} updates more (--epoch {first})"),
    "training": "training, {n} epochs",
    "training until": "training, {n} epochs until {condition}",
    "training not yet": "training, {n} epochs, not yet {condition}",
    "losses": "{name} before each update",
    "losses of epochs": "{name}, {how} over the updates of each epoch",
    "final values": "Final values, after {n} updates",
    "rates": "learning rates side by side",
    # ── losses ──
    "loss half_squared_error": "half the squared error, summed over the outputs",
    "loss squared_error": "squared error, summed over the outputs",
    "loss mean_squared_error": "squared error, mean over the outputs",
    "loss half_mean_squared_error": "half the squared error, mean over the outputs",
    "loss mean_absolute_error": "absolute error, mean over the outputs",
    "loss huber": (
        "half the squared error up to {delta}, linear beyond (Huber 1964, delta = {delta}), summed over the outputs"
    ),
    "loss log_cosh": "the logarithm of cosh of the error, summed over the outputs",
    "loss hinge": "hinge loss, targets 1 and -1, summed over the outputs",
    "loss squared_hinge": "squared hinge loss, targets 1 and -1, summed over the outputs",
    "loss binary_cross_entropy": "binary cross-entropy (natural logarithm), summed over the outputs",
    "loss cross_entropy": "cross-entropy (natural logarithm), summed over the classes",
    "loss sparse_cross_entropy": (
        "cross-entropy (natural logarithm) of the right class, whose number is the target, counted from 0"
    ),
    "loss kl_divergence": (
        "Kullback-Leibler divergence of the output from the target (natural logarithm), summed over the classes"
    ),
    # ── update rules ──
    "optimizer of the config": "update equations of the config's own",
    "optimizer sgd": "plain gradient descent",
    "optimizer momentum": "gradient descent with momentum",
    "optimizer heavy_ball": "gradient descent with momentum, the rate inside the velocity",
    "optimizer nesterov": "Nesterov's accelerated gradient",
    "optimizer nesterov_sutskever": "Nesterov's accelerated gradient, the rate inside the velocity",
    "optimizer adagrad": "Adagrad",
    "optimizer keras_adagrad": "Adagrad, eps inside the root",
    "optimizer rmsprop": "RMSprop",
    "optimizer rmsprop_centered": "centred RMSprop",
    "optimizer adadelta": "Adadelta",
    "optimizer adam": "Adam",
    "optimizer keras_adam": "Adam, the correction folded into the rate",
    "optimizer adamw": "AdamW",
    "optimizer keras_adamw": "AdamW, the correction folded into the rate",
    "optimizer adamax": "Adamax",
    "optimizer keras_adamax": "Adamax, eps in the denominator",
    "optimizer amsgrad": "AMSGrad",
    "optimizer nadam": "NAdam",
    "optimizer lion": "Lion",
    "weight decay": "weight decay {amount} through the gradient",
    "weight decay decoupled": "weight decay {amount} of the parameter itself",
    "each clipped": "each gradient clipped to a norm of {most}",
    "all clipped": "all gradients together clipped to a norm of {most}",
    "elements clipped": "each element clipped to {most}",
}
