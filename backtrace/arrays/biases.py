"""Biases: a product of matrices with a vector added for every sample is one product, with a row of ones."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from backtrace.arrays.contraction import SAMPLE, Contraction
from backtrace.arrays.nodes import Computed, Ending, Given, Moved, Node, summed


class Biases:
    """Which arrays end with a row of ones, and which parameters with the vector that is their bias.

    The gradients come the same way: one product gives that of the matrix and, as its last row, that of the bias.
    """

    def __init__(self, states: Collection[str]) -> None:
        self.states = states
        self.ones: dict[Node, Ending] = {}
        self.followed: dict[Node, Ending] = {}
        self._gradients: dict[Node, Computed] = {}

    def added(self, product: Node, added: Node) -> Node | None:
        """A product of matrices plus a vector as one product, if they are such."""
        if not isinstance(product, Computed) or product.contraction is None or len(product.operands) != 2:
            return None
        bias = added.base if isinstance(added, Moved) and added.shape == (added.size, 1) else None
        letters = product.contraction.operands
        for k in (0, 1):
            x, weights = product.operands[k], product.operands[1 - k]
            rows, columns = (*letters[1 - k], "")[:2]
            fits = letters[k] == rows + SAMPLE and product.contraction.result == columns + SAMPLE
            if fits and bias is not None and self.may_end(x) and self.may_follow(weights, bias):
                ending = self.ones.setdefault(x, _ending(x))
                joint = self.followed.setdefault(weights, _ending(weights, bias))
                return summed(product.contraction, product.shape, (ending, joint) if k == 0 else (joint, ending))
        return None

    def may_end(self, x: Node) -> bool:
        """Whether ones can stand after an array: it is the update's own, or given."""
        return isinstance(x, Computed) or (isinstance(x, Given) and x.name not in self.states)

    def may_follow(self, weights: Node, bias: Node) -> bool:
        """Whether a vector of parameters can stand after a matrix of parameters, and no other does."""
        both = all(isinstance(node, Given) and node.name in self.states for node in (weights, bias))
        pairs = {ending.operands for ending in self.followed.values()}
        alone = all(weights not in pair and bias not in pair for pair in pairs)
        return both and bias.shape == weights.shape[1:] and (alone or (weights, bias) in pairs)

    def gradient(self, contraction: Contraction, operands: tuple[Node, ...]) -> Node | None:
        """The gradient of a matrix or of its bias as a part of one product, if it is one of them."""
        if len(operands) == 1:
            found = self._gradients.get(operands[0]) if contraction.result + SAMPLE == contraction.operands[0] else None
            return found and _part(found, found.size - found.shape[-1], found.shape[1:])
        x, g = operands
        whole = contraction.result == "".join(letters.removesuffix(SAMPLE) for letters in contraction.operands)
        if x not in self.ones or not whole or any(letters[-1:] != SAMPLE for letters in contraction.operands):
            return None
        ending = self.ones[x]
        both = summed(contraction, (ending.shape[0], g.shape[0]), (ending, g))
        self._gradients.setdefault(g, both)
        return _part(both, 0, (x.shape[0], g.shape[0]))


def _ending(*nodes: Node) -> Ending:
    (rows, *rest) = nodes[0].shape
    return Ending((rows + 1, *rest), nodes)


def _part(node: Node, start: int, shape: tuple[int, ...]) -> Moved:
    return Moved(shape, (node,), start + np.arange(int(np.prod(shape))).reshape(shape))
