"""A second opinion on the figures of `configs/`: each lesson worked by hand in plain Python and numpy.

Nothing here imports the package. Every derivative is the closed form of a textbook, written out for the one
network it belongs to, so an error of the engine has no way into these figures. A function returns the figures
of one config by their keys, in the order of the computation. A key without an epoch is of epoch 1; `o1#2@50`
is of epoch 50 (an expected file has it as `o1#2` under `epoch 50:`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Figures = dict[str, float]


# ---- keys --------------------------------------------------------------------------------------------------


def element(name: str, index: tuple[int, ...]) -> str:
    """The short key of an element, counted from 1: `W21`, or `W1_2_1` where the name ends in a digit."""
    digits = [str(i + 1) for i in index]
    return name + "".join(digits) if name[-1].isalpha() else "_".join([name, *digits])


def elements(name: str, values: Array) -> Figures:
    """Every element of a tensor by its short key."""
    return {element(name, index): float(values[index]) for index in product(*map(range, values.shape))}


def by_sample(names: list[str], values: Array) -> Figures:
    """A column of figures per sample, `z1#1, z2#1, …`; a lone sample has no number."""
    lone = len(values) == 1
    return {
        name if lone else f"{name}#{sample + 1}": float(value)
        for sample, row in enumerate(values)
        for name, value in zip(names, row, strict=True)
    }


def wrapped(before: str, figures: Figures, after: str = "") -> Figures:
    """The same figures with something put before and after each key."""
    return {f"{before}{key}{after}": value for key, value in figures.items()}


# ---- networks with one hidden layer ------------------------------------------------------------------------


@dataclass(frozen=True)
class Activation:
    """A hidden activation, and its derivative in terms of argument and result."""

    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Head:
    """The output activation with its loss: one record, because their derivatives are known together."""

    output: Callable[[Array], Array]
    terms: Callable[[Array, Array], Array]
    d_output: Callable[[Array, Array], Array]
    d_pre: Callable[[Array, Array], Array]
    mean_over_outputs: bool = False


def logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def identity(a: Array) -> Array:
    return a


def softmax(a: Array) -> Array:
    powers = np.exp(a)
    total: Array = powers.sum(axis=1, keepdims=True)
    return powers / total


def huber_terms(o: Array, y: Array) -> Array:
    gap = np.abs(o - y)
    return np.where(gap <= 1, 0.5 * gap**2, gap - 0.5)


def binary_terms(o: Array, y: Array) -> Array:
    return -(y * np.log(o) + (1 - y) * np.log(1 - o))


SIGMOID = Activation(logistic, lambda _, result: result * (1 - result))
RELU = Activation(lambda a: np.maximum(a, 0), lambda a, _: (a > 0).astype(float))

HALF_SQUARED_SIGMOID = Head(
    output=logistic,
    terms=lambda o, y: 0.5 * (y - o) ** 2,
    d_output=lambda o, y: o - y,
    d_pre=lambda o, y: (o - y) * o * (1 - o),
)
MEAN_SQUARED = Head(
    output=identity,
    terms=lambda o, y: (y - o) ** 2,
    d_output=lambda o, y: 2 * (o - y) / o.shape[1],
    d_pre=lambda o, y: 2 * (o - y) / o.shape[1],
    mean_over_outputs=True,
)
MEAN_ABSOLUTE = Head(
    output=identity,
    terms=lambda o, y: np.abs(y - o),
    d_output=lambda o, y: np.sign(o - y) / o.shape[1],
    d_pre=lambda o, y: np.sign(o - y) / o.shape[1],
    mean_over_outputs=True,
)
HUBER = Head(
    output=identity,
    terms=huber_terms,
    d_output=lambda o, y: np.clip(o - y, -1, 1),
    d_pre=lambda o, y: np.clip(o - y, -1, 1),
)
BINARY_SIGMOID = Head(
    output=logistic,
    terms=binary_terms,
    d_output=lambda o, y: (o - y) / (o * (1 - o)),
    d_pre=lambda o, y: o - y,
)
SOFTMAX_CROSS_ENTROPY = Head(
    output=softmax,
    terms=lambda o, y: -y * np.log(o),
    d_output=lambda o, y: -y / o,
    d_pre=lambda o, y: o - y,
)


@dataclass(frozen=True)
class Network:
    """One hidden layer, a row per sample; weights as rows = inputs, however the config writes them."""

    x: Array
    y: Array
    hidden: Activation
    head: Head
    rate: float
    mean_over_samples: bool
    w1: Array
    b1: Array
    w2: Array
    b2: Array
    has_bias: bool = True
    rows_are_outputs: bool = False
    pre1: str = "z"
    out1: str = "h"
    pre2: str = "t"
    out2: str = "o"
    names: tuple[str, str, str, str] = ("W1", "b1", "W2", "b2")
    total: str = "E_tot"


@dataclass(frozen=True)
class Pass:
    """What one forward and backward pass computes."""

    z: Array
    h: Array
    t: Array
    o: Array
    terms: Array
    own: Array
    total: float
    d_o: Array
    d_t: Array
    d_h: Array
    d_z: Array
    d_w1: Array
    d_b1: Array
    d_w2: Array
    d_b2: Array


def run(net: Network) -> Pass:
    """The forward pass, then the backward pass from the objective down."""
    z = net.x @ net.w1 + net.b1
    h = net.hidden.value(z)
    t = h @ net.w2 + net.b2
    o = net.head.output(t)
    terms = net.head.terms(o, net.y)
    own: Array = terms.mean(axis=1) if net.head.mean_over_outputs else terms.sum(axis=1)
    share = 1 / len(net.x) if net.mean_over_samples else 1.0
    d_t = share * net.head.d_pre(o, net.y)
    d_h = d_t @ net.w2.T
    d_z = d_h * net.hidden.slope(z, h)
    return Pass(
        z=z,
        h=h,
        t=t,
        o=o,
        terms=terms,
        own=own,
        total=float(own.sum() * share),
        d_o=share * net.head.d_output(o, net.y),
        d_t=d_t,
        d_h=d_h,
        d_z=d_z,
        d_w1=net.x.T @ d_z,
        d_b1=d_z.sum(axis=0),
        d_w2=h.T @ d_t,
        d_b2=d_t.sum(axis=0),
    )


def updated(net: Network, now: Pass) -> Network:
    """The network after one step of gradient descent."""
    moved = replace(net, w1=net.w1 - net.rate * now.d_w1, w2=net.w2 - net.rate * now.d_w2)
    if net.has_bias:
        moved = replace(moved, b1=net.b1 - net.rate * now.d_b1, b2=net.b2 - net.rate * now.d_b2)
    return moved


def epochs(net: Network, count: int) -> Iterator[tuple[Network, Pass, Network]]:
    """Epoch by epoch: the network before the update, its pass, the network after it."""
    for _ in range(count):
        now = run(net)
        after = updated(net, now)
        yield net, now, after
        net = after


def units(stem: str, count: int) -> list[str]:
    """The names of a layer's units: numbered, or the stem itself for a lone output."""
    return [stem] if count == 1 else [element(stem, (i,)) for i in range(count)]


def layer_parameters(net: Network, weights: str, w: Array, bias: str, b: Array) -> Figures:
    """A layer's weights, in the config's orientation, then its biases."""
    return elements(weights, w.T if net.rows_are_outputs else w) | (elements(bias, b) if net.has_bias else {})


def all_parameters(net: Network) -> Figures:
    """Output layer first, as the update is worked by hand."""
    w1, b1, w2, b2 = net.names
    return layer_parameters(net, w2, net.w2, b2, net.b2) | layer_parameters(net, w1, net.w1, b1, net.b1)


def forward_figures(net: Network, now: Pass) -> Figures:
    """The four vectors of each sample."""
    return (
        by_sample(units(net.pre1, net.w1.shape[1]), now.z)
        | by_sample(units(net.out1, net.w1.shape[1]), now.h)
        | by_sample(units(net.pre2, net.w2.shape[1]), now.t)
        | by_sample(units(net.out2, net.w2.shape[1]), now.o)
    )


def error_figures(net: Network, now: Pass) -> Figures:
    """The error terms of several outputs, each sample's own objective, the objective."""
    found: Figures = {}
    if now.o.shape[1] > 1:
        found |= by_sample(units("E", now.o.shape[1]), now.terms)
    if len(now.own) > 1:
        found |= by_sample([net.total], now.own[:, None])
    return found | {net.total: now.total}


def gradient_figures(net: Network, now: Pass) -> Figures:
    """The derivatives of the objective, from the outputs back to the first weights."""
    w1, b1, w2, b2 = net.names
    found = (
        by_sample(units(net.out2, net.w2.shape[1]), now.d_o)
        | by_sample(units(net.pre2, net.w2.shape[1]), now.d_t)
        | layer_parameters(net, w2, now.d_w2, b2, now.d_b2)
        | by_sample(units(net.out1, net.w1.shape[1]), now.d_h)
        | by_sample(units(net.pre1, net.w1.shape[1]), now.d_z)
        | layer_parameters(net, w1, now.d_w1, b1, now.d_b1)
    )
    return wrapped(f"d{net.total}/d", found)


def lesson(net: Network, last: int = 1) -> Figures:
    """Epoch 1 in full; of the last epoch the outputs, the objective and what the update makes of them."""
    found: Figures = {}
    for epoch, (before, now, after) in enumerate(epochs(net, last), start=1):
        new = wrapped("", all_parameters(after), "+") | {f"{net.total}+": run(after).total}
        if epoch == 1:
            found |= forward_figures(before, now) | error_figures(before, now) | gradient_figures(before, now) | new
        elif epoch == last:
            outputs = by_sample(units(net.out2, net.w2.shape[1]), now.o)
            found |= wrapped("", outputs | {net.total: now.total} | new, f"@{epoch}")
    return found


def example() -> Figures:
    """2-2-2, sigmoid and sigmoid, half squared error, no biases."""
    net = Network(
        x=np.array([[0.1, 0.2]]),
        y=np.array([[0.4, 0.6]]),
        hidden=SIGMOID,
        head=HALF_SQUARED_SIGMOID,
        rate=0.5,
        mean_over_samples=False,
        w1=np.array([[0.3, 0.4], [0.25, 0.35]]),
        b1=np.zeros(2),
        w2=np.array([[0.45, 0.7], [0.4, 0.6]]),
        b2=np.zeros(2),
        has_bias=False,
        names=("W", "", "U", ""),
    )
    now = run(net)
    ways: Figures = {}
    for j in range(2):
        ways |= {f"dE{k + 1}/dh{j + 1}": float(now.d_t[0, k] * net.w2[j, k]) for k in range(2)}
    ways |= {f"dh{j + 1}/dz{j + 1}": float(now.h[0, j] * (1 - now.h[0, j])) for j in range(2)}
    ways |= {f"do{k + 1}/dt{k + 1}": float(now.o[0, k] * (1 - now.o[0, k])) for k in range(2)}
    return lesson(net) | ways


def xor_network() -> Network:
    """2-3-1, four samples at once."""
    return Network(
        x=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        y=np.array([[0.0], [1.0], [1.0], [0.0]]),
        hidden=SIGMOID,
        head=HALF_SQUARED_SIGMOID,
        rate=1.0,
        mean_over_samples=False,
        w1=np.array([[0.8, -0.6, 0.3], [0.7, -0.9, -0.5]]),
        b1=np.array([-0.2, 0.4, 0.1]),
        w2=np.array([[0.6], [-0.7], [0.4]]),
        b2=np.array([0.1]),
        pre1="z",
        out1="a",
        pre2="s",
        out2="yhat",
        total="J",
    )


def xor() -> Figures:
    """The exclusive or, trained until the outputs round to 0, 1, 1, 0."""
    return lesson(xor_network(), last=2000)


def regression_network(head: Head) -> Network:
    """3-4-2, ReLU and a linear output, three samples."""
    return Network(
        x=np.array([[1.0, 0.5, -0.5], [-1.0, 2.0, 0.5], [0.5, -1.5, 1.0]]),
        y=np.array([[1.5, -0.5], [0.4, 0.8], [-1.0, 2.0]]),
        hidden=RELU,
        head=head,
        rate=0.05,
        mean_over_samples=True,
        w1=np.array([[0.4, -0.3, 0.2, 0.1], [0.2, 0.5, -0.4, 0.3], [-0.1, 0.6, 0.7, -0.2]]),
        b1=np.array([0.1, 0.05, -0.15, 0.2]),
        w2=np.array([[0.6, -0.2], [-0.3, 0.5], [0.25, 0.4], [0.7, 0.15]]),
        b2=np.array([0.05, -0.1]),
    )


def regression() -> Figures:
    """Mean squared error."""
    return lesson(regression_network(MEAN_SQUARED), last=100)


def regression_mae() -> Figures:
    """Mean absolute error: every gap pulls with the same strength."""
    return lesson(regression_network(MEAN_ABSOLUTE), last=20)


def regression_huber() -> Figures:
    """Huber with delta 1: gaps above 1 pull with strength 1."""
    return lesson(regression_network(HUBER), last=100)


def binary() -> Figures:
    """2-3-1, ReLU and one logistic unit, cross-entropy, four samples."""
    net = Network(
        x=np.array([[0.5, 1.5], [1.0, -0.5], [-1.0, 0.8], [2.0, 1.0]]),
        y=np.array([[1.0], [0.0], [0.0], [1.0]]),
        hidden=RELU,
        head=BINARY_SIGMOID,
        rate=0.3,
        mean_over_samples=True,
        w1=np.array([[0.4, -0.5, 0.3], [0.6, 0.2, -0.7]]),
        b1=np.array([0.1, 0.2, -0.05]),
        w2=np.array([[0.7], [-0.4], [0.5]]),
        b2=np.array([-0.1]),
        names=("W", "b", "U", "c"),
    )
    return lesson(net, last=100)


def multilabel() -> Figures:
    """2-3-3, ReLU and one logistic unit per label, cross-entropy summed over the labels, three samples."""
    net = Network(
        x=np.array([[1.0, 0.5], [-0.5, 1.0], [0.8, -1.2]]),
        y=np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]),
        hidden=RELU,
        head=BINARY_SIGMOID,
        rate=0.2,
        mean_over_samples=True,
        w1=np.array([[0.5, -0.3, 0.2], [0.1, 0.6, -0.4]]),
        b1=np.array([0.05, 0.1, 0.15]),
        w2=np.array([[0.4, -0.6, 0.3], [-0.2, 0.5, 0.7], [0.1, 0.2, -0.5]]),
        b2=np.array([0.0, 0.1, -0.1]),
        rows_are_outputs=True,
        names=("W", "b", "U", "c"),
    )
    return lesson(net, last=100)


def multiclass() -> Figures:
    """2-4-3, ReLU and softmax, cross-entropy with one-hot targets, three samples."""
    net = Network(
        x=np.array([[1.0, 0.2], [-0.8, 1.1], [0.3, -1.2]]),
        y=np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        hidden=RELU,
        head=SOFTMAX_CROSS_ENTROPY,
        rate=0.25,
        mean_over_samples=True,
        w1=np.array([[0.6, -0.4, 0.1, 0.3], [0.2, 0.5, -0.3, -0.6]]),
        b1=np.array([0.1, 0.15, 0.05, -0.1]),
        w2=np.array([[0.5, -0.3, 0.2], [-0.4, 0.6, 0.1], [0.3, 0.2, -0.5], [-0.1, -0.2, 0.7]]),
        b2=np.array([0.05, 0.0, -0.05]),
    )
    return lesson(net, last=100)


# ---- lessons with a derivation of their own ----------------------------------------------------------------


def matrix_form() -> Figures:
    """Column vectors: z = W1 x + b1, h = sigmoid(z), o = W2 h + b2, L = half the squared length of o - y."""
    x, y, rate = np.array([0.5, -0.4]), np.array([0.2, 0.7]), 0.1
    w1, b1 = np.array([[0.1, 0.6], [-0.3, 0.2], [0.4, -0.5]]), np.array([0.05, -0.1, 0.15])
    w2, b2 = np.array([[0.3, -0.2, 0.5], [0.7, 0.4, -0.6]]), np.array([0.1, -0.05])

    def forward(v1: Array, c1: Array, v2: Array, c2: Array) -> tuple[Array, Array, Array, float]:
        z = v1 @ x + c1
        h = logistic(z)
        o = v2 @ h + c2
        return z, h, o, 0.5 * float(((o - y) ** 2).sum())

    z, h, o, loss = forward(w1, b1, w2, b2)
    d_o = o - y
    d_h = w2.T @ d_o
    d_z = d_h * h * (1 - h)
    d_w1, d_w2 = np.outer(d_z, x), np.outer(d_o, h)
    new = w1 - rate * d_w1, b1 - rate * d_z, w2 - rate * d_w2, b2 - rate * d_o
    gradients = (
        elements("o", d_o)
        | elements("W2", d_w2)
        | elements("b2", d_o)
        | elements("h", d_h)
        | elements("z", d_z)
        | elements("W1", d_w1)
        | elements("b1", d_z)
    )
    parameters = elements("W2", new[2]) | elements("b2", new[3]) | elements("W1", new[0]) | elements("b1", new[1])
    return (
        elements("z", z)
        | elements("h", h)
        | elements("o", o)
        | {"L": loss}
        | wrapped("dL/d", gradients)
        | {f"do{k + 1}/dh{j + 1}": float(w2[k, j]) for k in range(2) for j in range(3)}
        | {f"dh{j + 1}/dz{j + 1}": float(h[j] * (1 - h[j])) for j in range(3)}
        | {f"dz{j + 1}/dW1_{j + 1}_{i + 1}": float(x[i]) for j in range(3) for i in range(2)}
        | wrapped("", parameters, "+")
        | {"L+": forward(*new)[3]}
    )


def square_of_sum() -> Figures:
    """z = (x + y)^2 at x = 3, y = 2."""
    x, y = 3.0, 2.0
    t = x + y
    return {"t": t, "z": t**2, "dt/dx": 1.0, "dt/dy": 1.0, "dz/dt": 2 * t, "dz/dx": 2 * t, "dz/dy": 2 * t}


def sigmoid_gate() -> Figures:
    """f = 1/(1 + exp(-(w0 x0 + w1 x1 + w2))), gate by gate."""
    w0, w1, w2, x0, x1 = 2.0, -3.0, -3.0, -1.0, -2.0
    left, right = w0 * x0, w1 * x1
    dot = left + right + w2
    power = math.exp(-dot)
    f = 1 / (1 + power)
    d_den = -(f**2)
    d_dot = (1 - f) * f
    pair, total = "w0*x0+w1*x1", "w0*x0+w1*x1+w2"
    negative, exponential, denominator = f"-({total})", f"exp(-({total}))", f"1+exp(-({total}))"
    return {
        "w0*x0": left,
        "w1*x1": right,
        pair: left + right,
        total: dot,
        negative: -dot,
        exponential: power,
        denominator: 1 + power,
        "f": f,
        f"local(f, {denominator})": d_den,
        f"local({denominator}, {exponential})": 1.0,
        f"local({exponential}, {negative})": power,
        f"local({negative}, {total})": -1.0,
        f"local({total}, {pair})": 1.0,
        f"local({total}, w2)": 1.0,
        f"local({pair}, w0*x0)": 1.0,
        f"local({pair}, w1*x1)": 1.0,
        "local(w0*x0, w0)": x0,
        "local(w0*x0, x0)": w0,
        "local(w1*x1, w1)": x1,
        "local(w1*x1, x1)": w1,
        "df/df": 1.0,
        f"df/d({denominator})": d_den,
        f"df/d({exponential})": d_den,
        f"df/d({negative})": -d_dot,
        f"df/d({total})": d_dot,
        f"df/d({pair})": d_dot,
        "df/d(w0*x0)": d_dot,
        "df/d(w1*x1)": d_dot,
        "df/dw0": d_dot * x0,
        "df/dx0": d_dot * w0,
        "df/dw1": d_dot * x1,
        "df/dx1": d_dot * w1,
        "df/dw2": d_dot,
    }


def fan_out() -> Figures:
    """y = ln(x1) + x1 x2 - sin(x2) at (2, 5): both inputs are used twice."""
    x1, x2 = 2.0, 5.0
    v3, v4, v5 = math.log(x1), x1 * x2, math.sin(x2)
    from_log, from_product, from_sine = 1 / x1, x1, -math.cos(x2)
    return {
        "v1": x1,
        "v2": x2,
        "v3": v3,
        "v4": v4,
        "v5": v5,
        "v6": v3 + v4,
        "v7": v3 + v4 - v5,
        "y": v3 + v4 - v5,
        "dv1/dx1": 1.0,
        "dv2/dx1": 0.0,
        "dv3/dx1": from_log,
        "dv4/dx1": x2,
        "dv5/dx1": 0.0,
        "dv6/dx1": from_log + x2,
        "dv7/dx1": from_log + x2,
        "dy/dv7": 1.0,
        "dy/dv6": 1.0,
        "dy/dv5": -1.0,
        "dy/dv4": 1.0,
        "dy/dv3": 1.0,
        "via(y, v2, v4)": from_product,
        "via(y, v2, v5)": from_sine,
        "dy/dv2": from_product + from_sine,
        "via(y, v1, v3)": from_log,
        "via(y, v1, v4)": x2,
        "dy/dv1": from_log + x2,
        "dy/dx1": from_log + x2,
        "dy/dx2": from_product + from_sine,
    }


def relu_binary() -> Figures:
    """Only w11 learns; both hidden units use w2; z2 enters the output with weight 1, and w22 as a bias."""
    x1, x2 = 0.7, 0.3
    w1, w12, w2, w22, w11, rate = 0.436, 0.550, 0.420, 0.330, 0.026, 0.5
    f1, f2 = x1 * w1 + x2 * w2, x1 * w12 + x2 * w2
    z1, z2 = max(f1, 0.0), max(f2, 0.0)

    def output(w: float) -> tuple[float, float]:
        f_out = z1 * w + z2 + w22
        return f_out, 1 / (1 + math.exp(-f_out))

    found: Figures = {"f1": f1, "f2": f2, "z1": z1, "z2": z2}
    for epoch in 1, 2, 3:
        f_out, z_hat = output(w11)
        d_f = z_hat - 1
        old, w11 = w11, w11 - rate * d_f * z1
        found |= {
            f"f_out@{epoch}": f_out,
            f"z_hat@{epoch}": z_hat,
            f"CE@{epoch}": -math.log(z_hat),
            f"dCE/dz_hat@{epoch}": -1 / z_hat,
            f"dz_hat/df_out@{epoch}": z_hat * (1 - z_hat),
            f"dCE/df_out@{epoch}": d_f,
            f"dCE/dw11@{epoch}": d_f * z1,
            f"w11@{epoch}": old,
            f"w11+@{epoch}": w11,
            f"CE+@{epoch}": -math.log(output(w11)[1]),
        }
    return found


def mazur() -> Figures:
    """2-2-2 with biases that stay: what the published figures should be."""
    i1, i2, t1, t2, b1, b2, rate, last = 0.05, 0.10, 0.01, 0.99, 0.35, 0.60, 0.5, 10000

    def squash(a: float) -> float:
        return 1 / (1 + math.exp(-a))

    def forward(w: list[float]) -> Figures:
        net_h1, net_h2 = w[0] * i1 + w[1] * i2 + b1, w[2] * i1 + w[3] * i2 + b1
        h1, h2 = squash(net_h1), squash(net_h2)
        net_o1, net_o2 = w[4] * h1 + w[5] * h2 + b2, w[6] * h1 + w[7] * h2 + b2
        o1, o2 = squash(net_o1), squash(net_o2)
        e1, e2 = 0.5 * (t1 - o1) ** 2, 0.5 * (t2 - o2) ** 2
        hidden = {"net_h1": net_h1, "net_h2": net_h2, "out_h1": h1, "out_h2": h2}
        outer = {"net_o1": net_o1, "net_o2": net_o2, "out_o1": o1, "out_o2": o2}
        return hidden | outer | {"E_o1": e1, "E_o2": e2, "E_total": e1 + e2}

    def gradients(w: list[float], q: Figures) -> Figures:
        h1, h2, o1, o2 = q["out_h1"], q["out_h2"], q["out_o1"], q["out_o2"]
        delta1, delta2 = (o1 - t1) * o1 * (1 - o1), (o2 - t2) * o2 * (1 - o2)
        sum1, sum2 = delta1 * w[4] + delta2 * w[6], delta1 * w[5] + delta2 * w[7]
        inner1, inner2 = sum1 * h1 * (1 - h1), sum2 * h2 * (1 - h2)
        weights = [inner1 * i1, inner1 * i2, inner2 * i1, inner2 * i2]
        weights += [delta1 * h1, delta1 * h2, delta2 * h1, delta2 * h2]
        return {
            "dE_total/dout_o1": o1 - t1,
            "dout_o1/dnet_o1": o1 * (1 - o1),
            "dnet_o1/dw5": h1,
            "dE_total/dnet_o1": delta1,
            "dE_o1/dout_h1": delta1 * w[4],
            "dE_o2/dout_h1": delta2 * w[6],
            "dE_total/dout_h1": sum1,
            "dout_h1/dnet_h1": h1 * (1 - h1),
            **{f"dE_total/dw{k + 1}": weight for k, weight in enumerate(weights)},
        }

    w = [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]
    found: Figures = {}
    for epoch in range(1, last + 1):
        now = forward(w)
        slopes = gradients(w, now)
        w = [old - rate * slopes[f"dE_total/dw{k + 1}"] for k, old in enumerate(w)]
        if epoch == 1:
            new = {f"w{k + 1}+": value for k, value in enumerate(w)}
            found = now | slopes | new | {"E_total+": forward(w)["E_total"]}
    return found | wrapped("", forward(w), f"+@{last}")
