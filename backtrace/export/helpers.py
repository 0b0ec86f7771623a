"""Functions that numpy does not have, as source for those who read a program in matrix form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from backtrace.ops.complements import NEAR_ONE

FIRST: Final = """\
def first_{name}(x, axis):
    # 1 at the first of the {what} elements along axes, else 0
    lead = x.ndim - len(axis)
    moved = np.moveaxis(x, axis, range(lead, x.ndim))
    flat = moved.reshape((*moved.shape[:lead], -1))
    mask = np.arange(flat.shape[-1]) == flat.arg{name}(axis=-1)[..., None]
    return np.moveaxis(mask.reshape(moved.shape), range(lead, x.ndim), axis) * 1.0"""
HELPERS: Final[Mapping[str, str]] = {
    "erf": "erf = np.vectorize(math.erf, otypes=[float])",
    "erfc": "erfc = np.vectorize(math.erfc, otypes=[float])",
    "logsumexp": """\
def logsumexp(x, axis, keepdims):
    top = x.max(axis=axis, keepdims=True)
    found = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return found if keepdims else np.squeeze(found, axis=axis)""",
    "settled": """\
def settled(v, p, axis=-1):
    # the element of a probability near 1 is less the sum of the others
    near = p > {NEAR_ONE}
    return np.where(near, -np.where(near, 0, v).sum(axis=axis, keepdims=True), v)""".replace(
        "{NEAR_ONE}", repr(NEAR_ONE)
    ),
    "first_max": FIRST.format(name="max", what="greatest"),
    "first_min": FIRST.format(name="min", what="smallest"),
    "products": """\
def products(a, at_a, b, at_b, at, shape, by_sample_a, by_sample_b):
    # products of the elements at places of both, added up at places of the result
    terms = a.reshape((len(a), -1) if by_sample_a else -1)[..., at_a]
    terms = terms * b.reshape((len(b), -1) if by_sample_b else -1)[..., at_b]
    found = np.zeros((*terms.shape[:-1], int(np.prod(shape))))
    np.add.at(found, (..., at), terms)
    return found.reshape((*terms.shape[:-1], *shape))""",
    "moved": """\
def moved(x, places):
    # the elements of each sample at places counted from 0; 0 at the place -1
    flat = np.concatenate([x.reshape(len(x), -1), np.zeros((len(x), 1))], axis=1)
    return flat[:, places]""",
    "returned": """\
def returned(g, places, shape):
    # each element is added where it came from; nowhere is the place -1
    found = np.zeros((len(g), int(np.prod(shape)) + 1))
    np.add.at(found, (slice(None), places.ravel()), g.reshape(len(g), -1))
    return found[:, :-1].reshape(len(g), *shape)""",
}
"""What numpy has no function for."""
