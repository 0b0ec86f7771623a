"""PyTorch as it is usually written: modules, a loss, and the optimiser SGD, in eager mode; hooks where all is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.loads import Kept, Load, Run


def trained(load: Load) -> Run:
    """Nothing is kept."""
    return _run(_training(load)[1])


def recorded(load: Load) -> Run:
    """Hooks keep a copy of each module's result and of the gradient by it; the gradients and parameters come after."""
    kept: Kept = []
    model, step = _training(load)
    seen: list[Any] = []

    def result(module: Any, given: Any, found: Any) -> None:
        seen.append(found.detach().clone())
        found.register_hook(lambda gradient: seen.append(gradient.clone()))

    for module in model:
        module.register_forward_hook(result)

    def observed() -> Any:
        seen.clear()
        loss = step()
        after = [copy for p in model.parameters() for copy in (p.grad.clone(), p.detach().clone())]
        kept.append((loss.detach(), *seen, *after))
        return loss

    run = _run(observed)

    def emptied(steps: int) -> float:
        kept.clear()
        return run(steps)

    return emptied


def _run(step: Callable[[], Any]) -> Run:
    def run(steps: int) -> float:
        for _ in range(steps):
            loss = step()
        return float(loss.item())

    return run


def _training(load: Load) -> tuple[Any, Callable[[], Any]]:
    """A network with the load's parameters, and a step of its training."""
    import torch

    torch.set_num_threads(1)
    model = torch.nn.Sequential(*_modules(load))
    x, y = torch.from_numpy(np.ascontiguousarray(load.x)), torch.from_numpy(np.ascontiguousarray(load.y))
    error = _losses(torch)[load.loss]
    optimizer = torch.optim.SGD(model.parameters(), lr=load.rate)
    share = load.share

    def step() -> Any:
        optimizer.zero_grad()
        loss = error(model(x), y, share)
        loss.backward()
        optimizer.step()
        return loss

    return model, step


def _modules(load: Load) -> list[Any]:
    import torch

    kinds = {"sigmoid": torch.nn.Sigmoid, "relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}
    found: list[Any] = []
    for layer, weights in enumerate(load.weights):
        linear = torch.nn.Linear(*weights.shape, bias=bool(load.biases), dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T))
            if load.biases:
                linear.bias.copy_(torch.from_numpy(load.biases[layer]))
        found.append(linear)
        # The loss of PyTorch takes what goes into the softmax.
        if load.activation(layer) in kinds:
            found.append(kinds[load.activation(layer)]())
    return found


def _losses(torch: Any) -> dict[str, Callable[[Any, Any, float], Any]]:
    """Losses as they come with PyTorch; the share of a sample is 1, or 1 by their number."""
    functional = torch.nn.functional

    def squares(o: Any, y: Any, share: float) -> Any:
        return 0.5 * share * functional.mse_loss(o, y, reduction="sum")

    def classes(t: Any, y: Any, share: float) -> Any:
        return functional.cross_entropy(t, y, reduction="mean" if share < 1 else "sum")

    return {"half_squared_error": squares, "cross_entropy": classes}
