"""What an example of the gallery is, read from its two files: the entries of its index."""

import math
from pathlib import Path

from backtrace.build import build
from backtrace.comparison.sources import read as read_figures
from backtrace.config import Config, read
from backtrace.expressions import Call, walk
from backtrace.gallery import Example, folder
from backtrace.graph import Graph

PLAIN = {
    "add", "sub", "mul", "div", "neg", "pow", "stack", "index", "transpose", "reshape", "take", "identity", "upstream",
    "sum_samples", "mean_samples", "expand", "gather", "scatter", "where", "concat", "matmul", "array",
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "zeros", "ones",
}  # fmt: skip
"""Functions that say nothing of what an example teaches."""


def names() -> list[str]:
    """The names of all examples in the folder."""
    return sorted(path.name.removesuffix(".expected.yaml") for path in folder().glob("*.expected.yaml"))


def described(name: str) -> Example:
    """The example as its files say."""
    path = folder() / f"{name}.yaml"
    config = read(path)
    graph = build(config)
    figures = read_figures(folder() / f"{name}.expected.yaml")
    errata = sum(figure.erratum is not None for figure in figures)
    return Example(
        name,
        config.title,
        _flat(config.about),
        _flat(config.source),
        _shape(config, graph),
        tuple(_words(config, graph)),
        len(figures),
        errata,
    )


def _flat(text: str) -> str:
    return " ".join(text.split())


def _shape(config: Config, graph: Graph) -> str:
    """The widths of a layered network, else how many equations there are."""
    if not config.layers:
        count = len(config.equations)
        return f"{count} equation{'s' * (count != 1)}" if count else "given gradients"
    last = {equation.group: math.prod(equation.type.shape) for equation in graph.forward if equation.group}
    inputs = [math.prod(given.type.shape) for given in graph.givens.values() if given.role == "input"]
    return "-".join(map(str, (sum(inputs), *last.values())))


def _words(config: Config, graph: Graph) -> list[str]:
    """The functions, the loss, the optimizer and how training goes."""
    used = [node.op for equation in graph.forward for node in walk(equation.expr) if isinstance(node, Call)]
    found = [op for op in dict.fromkeys(used) if op not in PLAIN]
    if config.loss:
        found.append(config.loss.kind)
    if graph.trained:
        found.append(config.optimizer.kind or "own update equations")
    traits = {
        "several samples": graph.samples is not None,
        "batches": bool(config.batch_size),
        "unrolled": bool(config.steps),
        "gates": config.gates,
        "given upstream gradients": bool(config.upstream),
    }
    return [word.replace("_", " ") for word in found] + [word for word, holds in traits.items() if holds]


def files() -> set[str]:
    """The files of the folder that are no example's."""
    found = {path.name for path in Path(folder()).iterdir()}
    return found - {f"{name}{end}" for name in names() for end in (".yaml", ".expected.yaml")}
