"""Random networks against PyTorch in float64, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backtrace import yamlfile
from backtrace.arrays.executor import ArrayExecutor
from backtrace.backward import gradients
from backtrace.build import build
from backtrace.codegen import ScalarExecutor
from backtrace.config import from_document
from backtrace.executor import evaluate
from backtrace.expressions import Expr, Name, Type, parse
from backtrace.graph import Equation
from backtrace.ops import Scope, typed
from backtrace.ops.losses import LOSSES
from backtrace.training import train
from tests.test_optimizers import NETWORK, START

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
    "hard_sigmoid": lambda z: torch.clamp(z / 6 + 0.5, 0, 1),
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
    "half_mean_squared_error": ("tanh", lambda o, t, y: 0.5 * F.mse_loss(o, y)),
    "log_cosh": ("identity", lambda o, t, y: torch.log(torch.cosh(o - y)).sum()),
    "hinge": ("tanh", lambda o, t, y: torch.clamp(1 - y * o, min=0).sum()),
    "squared_hinge": ("tanh", lambda o, t, y: (torch.clamp(1 - y * o, min=0) ** 2).sum()),
    "kl_divergence": ("softmax", lambda o, t, y: F.kl_div(torch.log_softmax(t, -1), y, reduction="sum")),
    "sparse_cross_entropy": ("softmax", lambda o, t, y: F.cross_entropy(t, y[0].long())),
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
    if loss in LOSSES and LOSSES[loss].labelled:
        targets = random.integers(0, SIZES[-1], size=(SAMPLES, 1)).astype(float)
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


def spread(*shape: int) -> Any:
    """Different numbers without order, the same for every run."""
    return np.random.default_rng(sum(shape)).permutation(np.arange(np.prod(shape)) / 7 - 1.5).reshape(shape)


@pytest.mark.parametrize(
    ("text", "given", "by"),
    [
        ("conv2d(X, K)", {"X": (5, 4), "K": (3, 2)}, lambda x, k: F.conv2d(x[None, None], k[None, None])[0, 0]),
        ("conv2d(X, K)", {"X": (3, 5, 4), "K": (2, 3, 2, 2)}, lambda x, k: F.conv2d(x[None], k)[0]),
        (
            "conv2d(X, K, stride=(2, 1), padding=1)",
            {"X": (2, 5, 4), "K": (3, 2, 3, 3)},
            lambda x, k: F.conv2d(x[None], k, stride=(2, 1), padding=1)[0],
        ),
        ("maxpool2d(X)", {"X": (2, 4, 6)}, lambda x: F.max_pool2d(x[None], 2)[0]),
        ("maxpool2d(X, 3, 2, 1)", {"X": (5, 6)}, lambda x: F.max_pool2d(x[None, None], 3, 2, 1)[0, 0]),
        ("avgpool2d(X, 2)", {"X": (4, 4)}, lambda x: F.avg_pool2d(x[None, None], 2)[0, 0]),
        ("avgpool2d(X, 3, 2, 1)", {"X": (2, 5, 5)}, lambda x: F.avg_pool2d(x[None], 3, 2, 1)[0]),
        ("max(X)", {"X": (3, 4)}, lambda x: x.max()),
        ("max(X, axis=0)", {"X": (3, 4)}, lambda x: x.max(0).values),
        ("min(X, axis=1, keepdims=True)", {"X": (3, 4)}, lambda x: x.min(1, keepdim=True).values),
        ("max(X, Z)", {"X": (3, 4), "Z": (4,)}, lambda x, z: torch.maximum(x, z)),
        ("prod(X)", {"X": (3,)}, lambda x: x.prod()),
        ("prod(X, axis=1)", {"X": (3, 4)}, lambda x: x.prod(1)),
        ("var(X)", {"X": (3, 4)}, lambda x: x.var(correction=0)),
        ("var(X, axis=0, ddof=1)", {"X": (3, 4)}, lambda x: x.var(0)),
        ("norm(X, axis=1)", {"X": (3, 4)}, lambda x: torch.linalg.vector_norm(x, dim=1)),
        ("norm(X, ord=3)", {"X": (3, 4)}, lambda x: torch.linalg.vector_norm(x, 3)),
        ("logsumexp(X, axis=1)", {"X": (3, 4)}, lambda x: torch.logsumexp(x, 1)),
        ("cumsum(X, axis=0)", {"X": (3, 4)}, lambda x: torch.cumsum(x, 0)),
        ("diag(diag(X))", {"X": (3, 3)}, lambda x: torch.diag(torch.diag(x))),
        ("X[[2, 0, 2]]", {"X": (3, 4)}, lambda e: e[[2, 0, 2]]),
        ("huber(X, Z, 0.5)", {"X": (4,), "Z": (4,)}, lambda x, z: F.huber_loss(x, z, delta=0.5, reduction="sum")),
        ("log2(X**2) + log10(X**2)", {"X": (3,)}, lambda x: torch.log2(x**2) + torch.log10(x**2)),
    ],
)
def test_every_operation_on_arrays_agrees_with_torch(text: str, given: dict[str, Any], by: Any) -> None:
    arrays = {name: spread(*shape) for name, shape in given.items()}
    scope: dict[str, Expr] = {name: Name(name, Type(shape)) for name, shape in given.items()}
    expr = typed(parse(text), Scope(scope))
    weight = np.cos(np.arange(np.prod(expr.shape))).reshape(expr.shape)
    y = Equation("y", expr, Type(expr.shape))
    names = scope | {"y": Name("y", y.type), "r": Name("r", y.type)}
    forward = [y, Equation("E", typed(parse("sum(r*y)"), Scope(names)), Type(()))]
    found = evaluate((*forward, *gradients(forward, "E", list(given), 1)), arrays | {"r": weight}, None)
    leaves = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    result = by(*leaves.values())
    (result * torch.tensor(weight)).sum().backward()
    near(found["y"], result.detach().numpy())
    for name, leaf in leaves.items():
        near(found[f"dE/d{name}"], leaf.grad.numpy())


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


# ── optimizers ──

STEPS = 10
OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda p, lr, **o: torch.optim.SGD(p, lr=lr, **o),
    "{kind: momentum, beta: 0.8}": lambda p, lr, **o: torch.optim.SGD(p, lr=lr, momentum=0.8, **o),
    "nesterov": lambda p, lr, **o: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True, **o),
    "adagrad": lambda p, lr, **o: torch.optim.Adagrad(p, lr=lr, **o),
    "{kind: adagrad, initial: 0.2}": lambda p, lr, **o: torch.optim.Adagrad(
        p, lr=lr, initial_accumulator_value=0.2, **o
    ),
    "rmsprop": lambda p, lr, **o: torch.optim.RMSprop(p, lr=lr, **o),
    "rmsprop_centered": lambda p, lr, **o: torch.optim.RMSprop(p, lr=lr, centered=True, **o),
    "adadelta": lambda p, lr, **o: torch.optim.Adadelta(p, lr=lr, **o),
    "adam": lambda p, lr, **o: torch.optim.Adam(p, lr=lr, **o),
    "{kind: adam, beta1: 0.8, beta2: 0.95, eps: 0.01}": lambda p, lr, **o: torch.optim.Adam(
        p, lr=lr, betas=(0.8, 0.95), eps=0.01, **o
    ),
    "amsgrad": lambda p, lr, **o: torch.optim.Adam(p, lr=lr, amsgrad=True, **o),
    "adamw": lambda p, lr, **o: torch.optim.AdamW(p, lr=lr, **o),
    "adamax": lambda p, lr, **o: torch.optim.Adamax(p, lr=lr, **o),
    "nadam": lambda p, lr, **o: torch.optim.NAdam(p, lr=lr, **o),
}


def trained_by_torch(make: Any, rate: Any = lambda k: 1.0, clip: Any = None, **options: Any) -> dict[str, Any]:
    """The network of the optimizers' tests, trained by PyTorch."""
    leaves = {name: torch.tensor(values, dtype=torch.float64, requires_grad=True) for name, values in START.items()}
    y = torch.tensor([0.7, -0.4], dtype=torch.float64)
    optimizer = make(list(leaves.values()), 0.05, **options)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: rate(epoch + 1))
    for _ in range(STEPS):
        optimizer.zero_grad()
        W, w, b = leaves.values()
        (0.5 * ((W @ w - y) ** 2).sum() + 0.1 * b**2 + b * w.sum()).backward()
        if clip:
            clip(list(leaves.values()))
        optimizer.step()
        schedule.step()
    return {name: leaf.detach().numpy() for name, leaf in leaves.items()}


@pytest.fixture
def double() -> Iterator[None]:
    """NAdam keeps its product of mu in the default precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def agrees(config: str, expected: dict[str, Any]) -> None:
    graph = build(from_document(yamlfile.parse(NETWORK + config, "test.yaml")))
    for executor in (ScalarExecutor(graph), ArrayExecutor(graph)):
        found = train(graph, STEPS, [], executor=executor).state
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-13, err_msg=f"{name} {executor.kind}")


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("stated", OPTIMIZERS)
def test_every_optimizer_agrees_with_torch(stated: str) -> None:
    agrees(f"learning_rate: 0.05\noptimizer: {stated}", trained_by_torch(OPTIMIZERS[stated]))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("stated", OPTIMIZERS)
def test_weight_decay_agrees_with_torch(stated: str) -> None:
    expected = trained_by_torch(OPTIMIZERS[stated], weight_decay=0.1)
    agrees(f"learning_rate: 0.05\noptimizer: {stated}\nweight_decay: 0.1", expected)


@pytest.mark.usefixtures("double")
def test_decoupled_weight_decay_agrees_with_torch() -> None:
    expected = trained_by_torch(OPTIMIZERS["nadam"], weight_decay=0.1, decoupled_weight_decay=True)
    agrees("learning_rate: 0.05\noptimizer: nadam\nweight_decay: {value: 0.1, decoupled: true}", expected)


def test_a_rate_that_changes_agrees_with_torch() -> None:
    expected = trained_by_torch(OPTIMIZERS["adam"], rate=lambda k: 1 / (1 + 0.1 * (k - 1)))
    agrees("learning_rate: 0.05 / (1 + 0.1*(k - 1))\noptimizer: adam", expected)


def test_clipping_agrees_with_torch() -> None:
    def cut(leaves: list[Any]) -> None:
        torch.nn.utils.clip_grad_value_(leaves, 0.3)

    def shortened(leaves: list[Any]) -> None:
        norm = torch.nn.utils.get_total_norm([leaf.grad for leaf in leaves])
        for leaf in leaves:  # clip_grad_norm_ itself adds 1e-6 to the norm
            leaf.grad *= min(1.0, 0.5 / norm.item())

    agrees("learning_rate: 0.05\nclip: {value: 0.3}", trained_by_torch(OPTIMIZERS["sgd"], clip=cut))
    expected = trained_by_torch(OPTIMIZERS["adam"], clip=shortened, weight_decay=0.1)
    agrees("learning_rate: 0.05\nclip: {norm: 0.5}\noptimizer: adam\nweight_decay: 0.1", expected)
