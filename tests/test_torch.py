"""Random networks against PyTorch in float64, where it is installed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backtrace import yamlfile
from backtrace.build import build
from backtrace.config import from_document
from backtrace.executor import ArrayExecutor, evaluate
from backtrace.ops.losses import LOSSES
from backtrace.training import train

torch: Any = pytest.importorskip("torch")
F = torch.nn.functional

ACTIVATIONS: dict[str, Any] = {
    "identity": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
    "elu": lambda z: F.elu(z),
    "selu": lambda z: F.selu(z),
    "gelu": lambda z: F.gelu(z),
    "softplus": lambda z: F.softplus(z, threshold=1e9),
    "silu": lambda z: F.silu(z),
    "softmax": lambda z: torch.softmax(z, -1),
    "log_softmax": lambda z: torch.log_softmax(z, -1),
    "exp": torch.exp,
    "sin": torch.sin,
}
# the value of one sample; o is the output, t its pre-activation, y the target
LOSS: dict[str, tuple[str, Any]] = {
    "half_squared_error": ("identity", lambda o, t, y: 0.5 * F.mse_loss(o, y, reduction="sum")),
    "squared_error": ("tanh", lambda o, t, y: F.mse_loss(o, y, reduction="sum")),
    "mean_squared_error": ("sigmoid", lambda o, t, y: F.mse_loss(o, y)),
    "mean_absolute_error": ("identity", lambda o, t, y: F.l1_loss(o, y)),
    "huber": ("identity", lambda o, t, y: F.huber_loss(o, y, reduction="sum")),
    "binary_cross_entropy": (
        "sigmoid",
        lambda o, t, y: F.binary_cross_entropy_with_logits(t, y, reduction="sum"),
    ),
    "cross_entropy": ("softmax", lambda o, t, y: F.cross_entropy(t, y, reduction="sum")),
}
SAMPLES, SIZES = 4, (3, 5, 4, 2)


def compare(hidden: str, last: str, loss: str, column: bool = False) -> None:
    random = np.random.default_rng(sum(map(ord, hidden + last + loss)))
    inputs, targets = random.normal(size=(SAMPLES, SIZES[0])), random.uniform(size=(SAMPLES, SIZES[-1]))
    weights = [random.normal(size=shape) for shape in pairwise(SIZES)]
    biases = [random.normal(size=n) for n in SIZES[1:]]
    names = [hidden] * (len(weights) - 1) + [last]
    layers = [
        f"  - {{weights: {(W.T if column else W).tolist()}, bias: {b.tolist()}, activation: {name}}}"
        for W, b, name in zip(weights, biases, names, strict=True)
    ]
    text = "\n".join(
        [
            f"inputs: {inputs.tolist()}",
            f"targets: {targets.tolist()}",
            f"orientation: {'W @ x' if column else 'x @ W'}",
            "learning_rate: 0.05",
            "reduce: mean",
            f"loss: {loss}",
            "layers:",
            *layers,
            "",
        ]
    )
    net = build(from_document(yamlfile.parse(text, "test.yaml")))
    given = {name: array.values for name, array in net.givens.items()}
    found = evaluate((*net.run, *net.gradients, *net.updates), given | {"learning_rate": np.array(0.05)}, net.samples)

    leaves = [torch.tensor(array, requires_grad=True) for array in (*weights, *biases)]
    value = torch.tensor(inputs)
    for W, b, name in zip(leaves[: len(weights)], leaves[len(weights) :], names, strict=True):
        pre = value @ W + b
        value = ACTIVATIONS[name](pre)
    y = torch.tensor(targets)
    total = sum(LOSS[loss][1](value[k], pre[k], y[k]) for k in range(SAMPLES)) / SAMPLES
    total.backward()

    assert float(found["E_tot"]) == pytest.approx(total.item(), rel=1e-12)
    for number, _ in enumerate(weights, start=1):
        exact = leaves[number - 1].grad.numpy()
        near(found[f"dE_tot/dW{number}"], exact.T if column else exact)
        near(found[f"dE_tot/db{number}"], leaves[len(weights) + number - 1].grad.numpy())


def near(found: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> None:
    error = float(np.linalg.norm(found - expected))
    assert error <= 1e-12 * float(np.linalg.norm(expected)), f"{found.tolist()} is not {expected.tolist()}"


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "exp"])
def test_every_activation_agrees_with_torch(activation: str) -> None:
    compare(activation, "identity", "half_squared_error")
    compare("tanh", activation, "squared_error", column=True)


def test_exp_agrees_with_torch() -> None:
    compare("tanh", "exp", "half_squared_error")


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_agrees_with_torch(loss: str) -> None:
    last, _ = LOSS[loss]
    compare("sigmoid", last, loss)


def test_training_by_gradient_descent_agrees_with_torch() -> None:
    text = """
inputs: [[0, 0], [0, 1], [1, 0], [1, 1]]
targets: [[0], [1], [1], [0]]
learning_rate: 0.5
reduce: mean
loss: binary_cross_entropy
epochs: 50
layers:
  - {weights: [[0.5, -0.4, 0.3], [-0.6, 0.7, 0.2]], bias: [0.1, -0.2, 0.3], activation: tanh}
  - {weights: [[0.4], [-0.5], [0.6]], bias: [0.05], activation: sigmoid}
"""
    net = build(from_document(yamlfile.parse(text, "test.yaml")))
    leaves = {
        name: torch.tensor(given.values, requires_grad=True)
        for name, given in net.givens.items()
        if given.role == "parameter"
    }
    x, y = (torch.tensor(net.givens[name].values) for name in "xy")
    steps = torch.optim.SGD(leaves.values(), lr=0.5)
    losses = []
    for _ in range(50):
        t = torch.tanh(x @ leaves["W1"] + leaves["b1"]) @ leaves["W2"] + leaves["b2"]
        loss = F.binary_cross_entropy_with_logits(t, y, reduction="sum") / 4
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(loss.item())
    for executor in (None, ArrayExecutor(net)):
        found = train(net, 50, [], executor=executor)
        np.testing.assert_allclose(found.losses, losses, rtol=1e-11)
        for name, leaf in leaves.items():
            np.testing.assert_allclose(found.state[name], leaf.detach().numpy(), rtol=1e-11, atol=1e-13)
