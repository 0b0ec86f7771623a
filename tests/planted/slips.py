"""The slips that can be planted, a row each: what it is, the kind of number, its formula, and where it makes sense."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tests.planted.formulas import (
    BINARY,
    ENTROPY,
    HALF,
    MEAN_SQUARED,
    SQUARED,
    Where,
    above,
    above_first,
    batch,
    below_last,
    biased,
    both,
    exchanged_target,
    forked,
    inner,
    last_sample,
    local,
    moved,
    neighbour,
    one_minus_log,
    other_activation,
    other_input,
    other_slope,
    product,
    right,
    root_of_all,
    sent,
    share,
    single,
    slope_at_net_input,
    smooth,
    softmax,
    square,
    square_above,
    square_of_sum,
    summed,
    target,
    times,
    top,
    two_biases,
    two_units,
    unit,
    upstream,
    z_transposed,
)
from tests.planted.networks import BETA, BETA1
from tests.planted.sheet import Formula, Place, Sheet, gradient, old_value, path, step


@dataclass(frozen=True)
class Row:
    """A slip: its id, the kind of number it is made at, what it makes of it, and in which layers of which networks.

    ``everywhere``: it is made of the procedure, so in all layers and epochs; ``tensor``: it makes sense for all
    numbers of an array only; ``carried``: what comes after goes on from the wrong number.
    """

    id: str
    kind: str
    formula: Formula
    where: Where = lambda network, layer: True
    tensor: bool = False
    everywhere: bool = False
    carried: bool = True
    optimizer: str = "sgd"


ROWS: Final = (
    # net inputs
    Row("bias-missing", "z", lambda c, p: right(c, p) - c.bias(p.layer, p.j), biased),
    Row("bias-sign", "z", lambda c, p: right(c, p) - 2 * c.bias(p.layer, p.j), biased),
    Row(
        "bias-of-another-unit",
        "z",
        lambda c, p: right(c, p) - c.bias(p.layer, p.j) + c.bias(p.layer, neighbour(c, p).j),
        two_biases,
    ),
    Row("weights-transposed", "z", z_transposed, square, tensor=True),
    Row("one-input-for-all", "z", lambda c, p: summed(c, p, lambda i: c.input(p.layer, p.sample, 0))),
    Row("term-missing", "z", lambda c, p: right(c, p) - product(c, p)),
    Row("term-sign", "z", lambda c, p: right(c, p) - 2 * product(c, p)),
    Row(
        "pre-activation-for-activation",
        "z",
        lambda c, p: summed(c, p, lambda i: c.at("z", p.layer - 1, p.sample, j=i)),
        above_first,
    ),
    # activations
    Row("activation-missing", "h", unit("z"), single),
    Row("other-activation", "h", other_activation, smooth),
    Row("neighbour", "h", lambda c, p: right(c, neighbour(c, p)), two_units),
    # the loss
    Row("factor-missing", "E", times(2), HALF),
    Row("factor-extra", "E", times(0.5), MEAN_SQUARED),
    Row("factor-extra", "E", times(2), ENTROPY),
    Row("other-target", "E", lambda c, p: right(exchanged_target(c, p), p)),
    Row("term-missing", "E", lambda c, p: -target(c, p) * math.log(top(c, p)), BINARY, tensor=True),
    Row("log-of-wrong-argument", "E", one_minus_log, BINARY),
    Row("log-base", "E", times(1 / math.log(10)), ENTROPY),
    Row("sign", "E", times(-1), ENTROPY),
    Row("square-of-sum", "S", square_of_sum, both(SQUARED, lambda network, layer: network.outputs > 1)),
    Row(
        "one-output-only",
        "S",
        lambda c, p: c.at("E", sample=p.sample) / (c.network.outputs if MEAN_SQUARED(c.network, 0) else 1),
        lambda network, layer: network.outputs > 1,
    ),
    Row(
        "factor-missing",
        "S",
        lambda c, p: right(c, p) * c.network.outputs,
        both(MEAN_SQUARED, lambda network, layer: network.outputs > 1),
    ),
    Row(
        "factor-missing",
        "L",
        lambda c, p: right(c, p) * c.network.samples,
        both(batch, lambda network, layer: network.mean),
    ),
    Row("factor-extra", "L", lambda c, p: right(c, p) / c.network.samples, batch),
    # the derivative of the loss
    Row("other-loss-derivative", "e", other_slope, lambda network, layer: network.output != "identity"),
    Row("factor-missing", "e", times(0.5), MEAN_SQUARED),
    Row("factor-extra", "e", times(2), HALF),
    Row("sign", "e", times(-1)),
    # the derivative of an activation
    Row("derivative-at-pre-activation", "d", slope_at_net_input, smooth),
    Row(
        "derivative-of-another-unit",
        "d",
        lambda c, p: right(c, p._replace(i=neighbour(c, p).j, j=neighbour(c, p).j)),
        both(two_units, single),
    ),
    Row("softmax-sign", "d", lambda c, p: right(c, p) * (1 if p.i == p.j else -1), softmax, tensor=True),
    # the derivative by a net input
    Row("activation-derivative-missing", "delta", upstream, single),
    Row("activation-derivative-twice", "delta", lambda c, p: right(c, p) * local(c, p), smooth),
    Row("factor-missing", "delta", local, smooth),
    Row("extra-factor", "delta", lambda c, p: right(c, p) * c.at("z", p.layer, p.sample, j=p.j)),
    Row("extra-factor", "delta", lambda c, p: right(c, p) * c.at("h", p.layer, p.sample, j=p.j)),
    Row("sign", "delta", times(-1)),
    Row(
        "relu-mask-missing", "delta", upstream, lambda network, layer: network.activation(layer) == "relu", tensor=True
    ),
    Row("activation-for-upstream", "delta", lambda c, p: c.at("h", p.layer, p.sample, j=p.j) * local(c, p), smooth),
    Row("softmax-diagonal-only", "delta", lambda c, p: upstream(c, p) * local(c, p), softmax, tensor=True),
    # what is sent back
    Row(
        "updated-weights",
        "g",
        sent(lambda c, p, k: c.at("W+", p.layer + 1, 0, p.j, k) * above(c, p, k)),
        inner,
        tensor=True,
    ),
    Row(
        "gradient-for-weight",
        "g",
        sent(lambda c, p, k: c.at("dW", p.layer + 1, 0, p.j, k) * above(c, p, k)),
        inner,
        tensor=True,
    ),
    Row(
        "weights-transposed",
        "g",
        sent(lambda c, p, k: c.weight(p.layer + 1, k, p.j) * above(c, p, k)),
        square_above,
        tensor=True,
    ),
    Row("one-output-only", "g", lambda c, p: path(c, p, 0), forked),
    Row("mean-over-outputs", "g", lambda c, p: right(c, p) / c.network.sizes[p.layer + 2], forked),
    Row(
        "error-for-delta",
        "g",
        sent(lambda c, p, k: c.weight(p.layer + 1, p.j, k) * c.at("e", sample=p.sample, j=k)),
        below_last,
        tensor=True,
    ),
    Row("weight-missing", "g", sent(above), inner),
    Row("factor-missing", "g", sent(lambda c, p, k: c.weight(p.layer + 1, p.j, k)), inner),
    Row("shared-out-by-weight", "g", sent(lambda c, p, k: share(c, p, k) * above(c, p, k)), inner, tensor=True),
    Row("doubled-path", "g", lambda c, p: right(c, p) + path(c, p, 0), forked),
    Row("one-path-only", "g", lambda c, p: path(c, p, c.network.sizes[p.layer + 2] - 1), forked),
    Row("average-of-paths", "g", lambda c, p: right(c, p) / c.network.sizes[p.layer + 2], forked),
    # gradients
    Row("other-input", "dW", other_input),
    Row("transposed", "dW", lambda c, p: right(c, p._replace(i=p.j, j=p.i)), square, tensor=True),
    Row("learning-rate-inside", "dW", lambda c, p: right(c, p) * c.network.rate, tensor=True),
    Row("no-sum-over-samples", "dW", last_sample, batch, tensor=True),
    Row("factor-extra", "dW", times(2)),
    Row("factor-missing", "dW", lambda c, p: sum(c.at("delta", p.layer, s, j=p.j) for s in range(c.network.samples))),
    Row("learning-rate-inside", "db", lambda c, p: right(c, p) * c.network.rate, biased, tensor=True),
    Row("no-sum-over-samples", "db", last_sample, both(biased, batch), tensor=True),
    Row("factor-extra", "db", lambda c, p: right(c, p) / c.network.samples, both(biased, batch), tensor=True),
    Row(
        "new-value-for-gradient",
        "dW",
        lambda c, p: c.weight(p.layer, p.i, p.j) - c.network.rate * right(c, p),
        tensor=True,
        carried=False,
    ),
    # updates
    *(
        row
        for kind, where in (("W+", lambda network, layer: True), ("b+", biased))
        for row in (
            Row("plus-for-minus", kind, moved(lambda c, p: c.network.rate * step(c, p)), where),
            Row("learning-rate-missing", kind, moved(lambda c, p: -step(c, p)), where),
            Row("learning-rate-twice", kind, moved(lambda c, p: -(c.network.rate**2) * step(c, p)), where),
            Row("applied-twice", kind, moved(lambda c, p: -2 * c.network.rate * step(c, p)), where),
            Row("not-updated", kind, old_value, where),
            Row("gradient-for-new-value", kind, gradient, where),
        )
    ),
    # optimizers
    Row(
        "momentum-sign",
        "velocity",
        lambda c, p: gradient(c, p) - BETA * c.before("velocity", p),
        tensor=True,
        optimizer="momentum",
    ),
    Row("plus-for-minus", "W+", moved(lambda c, p: c.network.rate * step(c, p)), tensor=True, optimizer="momentum"),
    Row(
        "correction-without-power",
        "m_hat",
        lambda c, p: c.at("m", p.layer, 0, p.i, p.j) / (1 - BETA1),
        tensor=True,
        optimizer="adam",
    ),
    Row(
        "one-minus-beta-missing",
        "m",
        lambda c, p: BETA1 * c.before("m", p) + gradient(c, p),
        tensor=True,
        optimizer="adam",
    ),
    Row("epsilon-inside-root", "W+", root_of_all, tensor=True, optimizer="adam"),
    # the procedure
    Row(
        "updated-weights",
        "g",
        sent(lambda c, p, k: c.at("W+", p.layer + 1, 0, p.j, k) * above(c, p, k)),
        inner,
        everywhere=True,
    ),
)

SAME: Final = (
    ("z", {"bias-missing", "term-missing"}),
    ("z", {"bias-sign", "term-sign"}),
    ("h", {"neighbour", "neighbours-value"}),
    ("E", {"other-target", "targets-exchanged"}),
    ("E S L", {"factor-missing", "factor-extra"}),  # without ½ is twice
    ("S", {"one-output-only", "term-missing"}),
    ("e", {"factor-missing", "factor-extra", "other-loss-derivative"}),  # squared errors with ½ and without
    ("d", {"softmax-sign", "sign", "sign-lost"}),  # printed one by one, those of other outputs have the wrong sign
    ("d", {"derivative-at-pre-activation", "derivative-at-another-value"}),
    ("d", {"derivative-of-another-unit", "derivative-at-another-value", "neighbours-value"}),
    ("delta", {"activation-derivative-missing", "relu-mask-missing", "factor-missing"}),
    ("delta", {"activation-derivative-twice", "extra-factor"}),
    ("delta", {"activation-derivative-missing", "activation-derivative-twice", "other-loss-derivative"}),
    ("g", {"one-path-only", "one-output-only", "term-missing"}),
    ("g", {"average-of-paths", "mean-over-outputs", "factor-extra"}),
    ("g", {"weight-missing", "factor-missing"}),
    ("dW db", {"no-sum-over-samples", "term-missing"}),
    ("W+ b+", {"applied-twice", "factor-extra"}),
    ("W+ b+", {"learning-rate-twice", "learning-rate-inside"}),
    ("velocity", {"momentum-sign", "term-sign"}),
    ("z g dW", {"weights-transposed", "transposed"}),
    ("z h E S L e d delta g dW db", {"sign", "sign-lost"}),
)
"""Ids that say the same formula at some kinds of numbers: where one is planted, the others are right as well.

Of the derivative by an output's net input, the squared error without the activation's derivative is the cross-entropy,
and the cross-entropy with it the squared error.
"""

NOT_PLANTED: Final = {
    "log-base 2": "the formula of log10 with another constant",
    "weights-transposed and transposed, of weights that are not square": "there is no such product, or no such figure",
    "other-loss-derivative of the absolute error": "no sheet here has that loss; a published case does",
    "softmax-sign of a log-softmax": "no sheet here has one; a published case does",
    "error-for-delta below an output that is linear or a softmax": "the same number, or not a slip that is known",
    "biases with momentum or Adam": "the sheets of optimizers have none: the formulas are those of weights",
    "decay with another sign or factor": "no sheet here has weight decay, and the list of ids has none for it",
}
"""What the table has no row for, and why."""


def acceptable(id: str, kind: str = "") -> frozenset[str]:
    """The ids that are right where one is planted at a kind of number.

    >>> sorted(acceptable("average-of-paths", "g"))
    ['average-of-paths', 'factor-extra', 'mean-over-outputs']
    """
    return frozenset({id}).union(*(ids for kinds, ids in SAME if kind in kinds.split() and id in ids))


@dataclass(frozen=True)
class Plant:
    """A row planted: at one place, at all of one array and epoch, or at all there are."""

    row: Row
    place: Place
    whole: bool

    @property
    def carried(self) -> bool:
        """Whether what comes after goes on from the wrong number."""
        return self.row.carried

    def at(self, place: Place) -> bool:
        """Whether the slip was made here."""
        if place.kind != self.row.kind:
            return False
        if self.row.everywhere:
            return True
        if self.whole:
            return (place.epoch, place.layer) == (self.place.epoch, self.place.layer)
        return place == self.place

    def value(self, sheet: Sheet, place: Place) -> float:
        """What stands here instead."""
        return self.row.formula(sheet, place)
