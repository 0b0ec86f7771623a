"""What people call things that have another name here, as tables: keys, activations, losses, optimizers, functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from backtrace.errors import did_you_mean

KEYS: Final = {
    "lr": "learning_rate", "eta": "learning_rate", "alpha": "learning_rate", "rate": "learning_rate",
    "step_size": "learning_rate", "x": "inputs", "input": "inputs", "features": "inputs", "data": "inputs",
    "y": "targets", "labels": "targets", "outputs": "targets", "expected": "targets", "desired": "targets",
    "output": "targets", "weights": "parameters", "params": "parameters", "network": "layers", "model": "layers",
    "iterations": "epochs", "n_epochs": "epochs", "max_iter": "epochs", "objective": "minimize", "cost": "minimize",
    "name": "title", "description": "about", "author": "source", "batch": "batch_size", "minibatch": "batch_size",
    "reduction": "reduce", "random_state": "seed", "l2": "weight_decay", "stop": "until", "w": "weights",
    "kernel": "weights", "b": "bias", "neurons": "units", "size": "units", "nodes": "units", "act": "activation",
    "function": "activation", "type": "kind", "expression": "update", "sep": "delimiter", "separator": "delimiter",
    "path": "file", "filename": "file", "usecols": "columns", "std_dev": "std", "stddev": "std", "sigma": "std",
    "max_norm": "norm", "clipnorm": "norm", "clipvalue": "value",
    "loss_function": "loss", "loss_fn": "loss", "cost_function": "loss", "criterion": "loss", "error": "loss",
    "momentum": "optimizer", "lambda": "weight_decay",
    "func": "activation", "net": "pre", "title": "name", "truth": "targets", "answers": "targets",
}  # fmt: skip
ACTIVATIONS: Final = {
    "linear": "identity", "none": "identity", "logistic": "sigmoid", "sig": "sigmoid", "sigm": "sigmoid",
    "logsig": "sigmoid", "swish": "silu", "heaviside": "step", "threshold": "step", "lrelu": "leaky_relu",
    "tansig": "tanh", "hyperbolic_tangent": "tanh", "\u03c3": "sigmoid", "leaky": "leaky_relu", "sgn": "sign",
}  # fmt: skip
NO_BIAS: Final = dict.fromkeys(("none", "no", "off", "false", "null", "nil"), "without a bias leave bias: out")
LOSSES: Final = {
    "mse": "mean_squared_error", "sse": "squared_error", "l2": "squared_error", "quadratic": "half_squared_error",
    "bce": "binary_cross_entropy", "log_loss": "binary_cross_entropy", "logistic": "binary_cross_entropy",
    "ce": "cross_entropy", "nll": "cross_entropy", "mae": "mean_absolute_error", "l1": "mean_absolute_error",
    "logloss": "binary_cross_entropy", "categorical_crossentropy": "cross_entropy", "kl": "kl_divergence",
    "kl_div": "kl_divergence",
    "crossentropy": "cross_entropy", "sparse_categorical_crossentropy": "sparse_cross_entropy",
}  # fmt: skip
OPTIMIZERS: Final = {
    "nag": "nesterov", "gd": "sgd", "gradient_descent": "sgd", "vanilla": "sgd", "stochastic_gradient_descent": "sgd",
}  # fmt: skip
KINDS: Final = {
    "glorot": "xavier_uniform", "glorot_uniform": "xavier_uniform", "glorot_normal": "xavier_normal",
    "xavier": "xavier_uniform", "he": "he_normal", "kaiming": "he_normal", "gaussian": "normal", "zero": "zeros",
    "one": "ones", "rand": "random", "randn": "normal",
}  # fmt: skip


def nearest(word: str, choices: Iterable[str], others: Mapping[str, str]) -> str:
    """Ask for what is meant, by its other names or by its letters, without a library's name and a call's brackets.

    >>> nearest("MSE", ["squared_error", "mean_squared_error"], LOSSES)
    'did you mean "mean_squared_error"?'
    """
    known = list(choices)
    word = re.sub(r"^(?:\w+\.)+|\(.*", "", word) or word
    plain = word.strip().casefold().replace("-", "_").replace(" ", "_")
    other = others.get(plain)
    return f'did you mean "{other}"?' if other in known else did_you_mean(word, known)
