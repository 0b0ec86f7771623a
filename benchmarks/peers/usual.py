"""Numpy as a course writes it: an array for each thing with a name, samples as rows, new arrays in every step."""

from __future__ import annotations

import numpy as np

from benchmarks.loads import Kept, Load, Run


def trained(load: Load) -> Run:
    """Nothing is kept."""
    return KINDS[load.name](load, None)


def recorded(load: Load) -> Run:
    """Everything with a name is kept in a list, emptied before each run."""
    kept: Kept = []
    run = KINDS[load.name](load, kept)

    def emptied(steps: int) -> float:
        kept.clear()
        return run(steps)

    return emptied


def example(load: Load, kept: Kept | None) -> Run:
    """configs/example.yaml."""
    x, y, rate = load.x[0], load.y[0], load.rate
    w, u = load.weights

    def run(steps: int) -> float:
        nonlocal w, u
        for _ in range(steps):
            z = x @ w
            h = 1 / (1 + np.exp(-z))
            t = h @ u
            o = 1 / (1 + np.exp(-t))
            loss = np.sum(0.5 * (y - o) ** 2)
            dt = (o - y) * o * (1 - o)
            dz = (u @ dt) * h * (1 - h)
            du, dw = np.outer(h, dt), np.outer(x, dz)
            u = u - rate * du
            w = w - rate * dw
            if kept is not None:
                kept.append((z, h, t, o, loss, dt, dz, du, dw, u, w))
        return float(loss)

    return run


def xor(load: Load, kept: Kept | None) -> Run:
    """configs/xor.yaml."""
    x, y, rate = load.x, load.y, load.rate
    (w, u), (b, c) = load.weights, load.biases

    def run(steps: int) -> float:
        nonlocal w, b, u, c
        for _ in range(steps):
            h = 1 / (1 + np.exp(-(x @ w + b)))
            o = 1 / (1 + np.exp(-(h @ u + c)))
            loss = np.sum(0.5 * (y - o) ** 2)
            dt = (o - y) * o * (1 - o)
            dz = (dt @ u.T) * h * (1 - h)
            u, c = u - rate * (h.T @ dt), c - rate * dt.sum(axis=0)
            w, b = w - rate * (x.T @ dz), b - rate * dz.sum(axis=0)
        return float(loss)

    return run


def classes(load: Load, kept: Kept | None) -> Run:
    """One hidden layer of ReLU, and softmax with cross-entropy."""
    x, y, rate, n = load.x, load.y, load.rate, load.samples
    (w, u), (b, c) = load.weights, load.biases

    def run(steps: int) -> float:
        nonlocal w, b, u, c
        for _ in range(steps):
            z = x @ w + b
            h = np.maximum(z, 0)
            t = h @ u + c
            e = np.exp(t - t.max(axis=1, keepdims=True))
            o = e / e.sum(axis=1, keepdims=True)
            loss = -np.sum(y * np.log(o)) / n
            dt = (o - y) / n
            du, dc = h.T @ dt, dt.sum(axis=0)
            dh = dt @ u.T
            dz = dh * (z > 0)
            dw, db = x.T @ dz, dz.sum(axis=0)
            w, b = w - rate * dw, b - rate * db
            u, c = u - rate * du, c - rate * dc
            if kept is not None:
                kept.append((z, h, t, o, loss, dt, dh, dz, du, dc, dw, db, w, b, u, c))
        return float(loss)

    return run


def narrow(load: Load, kept: Kept | None) -> Run:
    """Many layers of tanh."""
    x, y, rate, n = load.x, load.y, load.rate, load.samples
    weights, biases = load.weights, load.biases

    def run(steps: int) -> float:
        for _ in range(steps):
            h = [x]
            for w, b in zip(weights, biases, strict=True):
                h.append(np.tanh(h[-1] @ w + b))
            loss = 0.5 * np.sum((y - h[-1]) ** 2) / n
            g = (h[-1] - y) / n
            for k in reversed(range(len(weights))):
                d = g * (1 - h[k + 1] ** 2)
                g = d @ weights[k].T
                weights[k] = weights[k] - rate * (h[k].T @ d)
                biases[k] = biases[k] - rate * d.sum(axis=0)
        return float(loss)

    return run


KINDS = {"W1": example, "W2": xor, "W3/64": classes, "W3/1024": classes, "W4": narrow}
