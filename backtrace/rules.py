"""The update rules of the literature as equations, a row each; where it has variants, the row says which it is.

The equations read ``p`` (parameter), ``g`` (gradient), ``lr`` (learning rate), ``n`` (update, from 1), ``k`` (epoch,
from 1), the row's state and its options. They stand in the order of computation: each sees the new values of those
before it. What is no state is computed anew in every update.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from backtrace.records import dataclass
from backtrace.words import Note


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """An update rule as data: options with their defaults, state with its first values, equations.

    ``shared`` names the state that is one number for a whole parameter; ``decoupled`` says that weight decay shrinks
    the parameter itself instead of entering the gradient.

    >>> OPTIMIZERS["sgd"].update
    {'p': 'p - lr*g'}
    """

    name: str
    about: str
    update: Mapping[str, str]
    state: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, float] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    decoupled: bool = False

    @property
    def title(self) -> Note:
        """The rule's name for the head of a report."""
        return Note(f"optimizer {self.name}")


_ADAM: Final = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
_KERAS: Final = _ADAM | {"eps": 1e-7}
_MOMENTS: Final = {"m": "beta1*m + (1 - beta1)*g", "v": "beta2*v + (1 - beta2)*g**2"}
_CORRECTED: Final = _MOMENTS | {"m_hat": "m/(1 - beta1**n)", "v_hat": "v/(1 - beta2**n)"}
_FOLDED: Final = _MOMENTS | {"rate": "lr*sqrt(1 - beta2**n)/(1 - beta1**n)", "p": "p - rate*m/(sqrt(v) + eps)"}
_BY_MOMENTS: Final = {"p": "p - lr*m_hat/(sqrt(v_hat) + eps)"}
_ZERO: Final = {"m": "0", "v": "0"}

_ROWS: Final = (
    Optimizer(
        name="sgd",
        about="gradient descent without memory: Robbins and Monro 1951, with a constant step",
        update={"p": "p - lr*g"},
    ),
    Optimizer(
        name="momentum",
        about="Polyak 1964, the rate outside the velocity as in PyTorch (which does not dampen its first velocity); "
        "dampening = beta is the exponential average of the gradients",
        options={"beta": 0.9, "dampening": 0},
        state={"v": "0"},
        update={"v": "beta*v + (1 - dampening)*g", "p": "p - lr*v"},
    ),
    Optimizer(
        name="heavy_ball",
        about="Polyak 1964, the rate inside the velocity as in Sutskever et al. 2013 and Keras",
        options={"beta": 0.9},
        state={"v": "0"},
        update={"v": "beta*v - lr*g", "p": "p + v"},
    ),
    Optimizer(
        name="nesterov",
        about="Nesterov 1983 in the form of PyTorch: the rate outside the velocity, p is the point looked ahead to",
        options={"beta": 0.9},
        state={"v": "0"},
        update={"v": "beta*v + g", "p": "p - lr*(g + beta*v)"},
    ),
    Optimizer(
        name="nesterov_sutskever",
        about="Sutskever et al. 2013 in the form of Bengio et al. 2013 and Keras: p is the point looked ahead to",
        options={"beta": 0.9},
        state={"v": "0"},
        update={"v": "beta*v - lr*g", "p": "p + beta*v - lr*g"},
    ),
    Optimizer(
        name="adagrad",
        about="Duchi, Hazan and Singer 2011, diagonal form; eps outside the root as in PyTorch",
        options={"initial": 0, "eps": 1e-10},
        state={"s": "initial"},
        update={"s": "s + g**2", "p": "p - lr*g/(sqrt(s) + eps)"},
    ),
    Optimizer(
        name="keras_adagrad",
        about="Duchi, Hazan and Singer 2011 as in Keras: sums begin with 0.1, eps inside the root",
        options={"initial": 0.1, "eps": 1e-7},
        state={"s": "initial"},
        update={"s": "s + g**2", "p": "p - lr*g/sqrt(s + eps)"},
    ),
    Optimizer(
        name="rmsprop",
        about="Tieleman and Hinton 2012 (lecture 6.5); eps outside the root as in PyTorch, alpha is also called rho",
        options={"alpha": 0.99, "eps": 1e-8},
        state={"v": "0"},
        update={"v": "alpha*v + (1 - alpha)*g**2", "p": "p - lr*g/(sqrt(v) + eps)"},
    ),
    Optimizer(
        name="rmsprop_centered",
        about="Graves 2013: divided by the deviation from the mean gradient; eps outside the root as in PyTorch",
        options={"alpha": 0.99, "eps": 1e-8},
        state={"v": "0", "a": "0"},
        update={
            "v": "alpha*v + (1 - alpha)*g**2",
            "a": "alpha*a + (1 - alpha)*g",
            "p": "p - lr*g/(sqrt(v - a**2) + eps)",
        },
    ),
    Optimizer(
        name="adadelta",
        about="Zeiler 2012, eps inside both roots; the paper's rate is 1",
        options={"rho": 0.9, "eps": 1e-6},
        state={"v": "0", "u": "0"},
        update={
            "v": "rho*v + (1 - rho)*g**2",
            "d": "sqrt(u + eps)/sqrt(v + eps)*g",
            "u": "rho*u + (1 - rho)*d**2",
            "p": "p - lr*d",
        },
    ),
    Optimizer(
        name="adam",
        about="Kingma and Ba 2015, algorithm 1: eps outside the root of the corrected second moment, as in PyTorch",
        options=_ADAM,
        state=_ZERO,
        update=_CORRECTED | _BY_MOMENTS,
    ),
    Optimizer(
        name="keras_adam",
        about="Kingma and Ba 2015, end of section 2, as in Keras and TensorFlow: eps beside the uncorrected root",
        options=_KERAS,
        state=_ZERO,
        update=_FOLDED,
    ),
    Optimizer(
        name="adamw",
        about="Loshchilov and Hutter 2019 as in PyTorch: Adam on a parameter that is first shrunk by lr*weight_decay",
        options=_ADAM | {"weight_decay": 0.01},
        state=_ZERO,
        update=_CORRECTED | _BY_MOMENTS,
        decoupled=True,
    ),
    Optimizer(
        name="keras_adamw",
        about="Loshchilov and Hutter 2019 as in Keras: eps beside the uncorrected root",
        options=_KERAS | {"weight_decay": 0.004},
        state=_ZERO,
        update=_FOLDED,
        decoupled=True,
    ),
    Optimizer(
        name="adamax",
        about="Kingma and Ba 2015, algorithm 2; eps added to the size of the gradient as in PyTorch",
        options=_ADAM,
        state={"m": "0", "u": "0"},
        update={
            "m": "beta1*m + (1 - beta1)*g",
            "u": "maximum(beta2*u, abs(g) + eps)",
            "m_hat": "m/(1 - beta1**n)",
            "p": "p - lr*m_hat/u",
        },
    ),
    Optimizer(
        name="keras_adamax",
        about="Kingma and Ba 2015, algorithm 2; eps added to the denominator as in Keras (0 in the paper)",
        options=_KERAS,
        state={"m": "0", "u": "0"},
        update={
            "m": "beta1*m + (1 - beta1)*g",
            "u": "maximum(beta2*u, abs(g))",
            "m_hat": "m/(1 - beta1**n)",
            "p": "p - lr*m_hat/(u + eps)",
        },
    ),
    Optimizer(
        name="amsgrad",
        about="Reddi, Kale and Kumar 2018 as in PyTorch: the greatest second moment so far, then corrected like Adam's",
        options=_ADAM,
        state=_ZERO | {"v_max": "0"},
        update=_MOMENTS
        | {"v_max": "maximum(v_max, v)", "m_hat": "m/(1 - beta1**n)", "v_hat": "v_max/(1 - beta2**n)"}
        | _BY_MOMENTS,
    ),
    Optimizer(
        name="nadam",
        about="Dozat 2016 as in PyTorch: Nesterov's momentum in Adam; mu grows from update to update by psi",
        options=_ADAM | {"psi": 0.004},
        state=_ZERO | {"mu_product": "1"},
        shared=("mu_product",),
        update=_MOMENTS
        | {
            "mu": "beta1*(1 - 0.5*0.96**(n*psi))",
            "mu_next": "beta1*(1 - 0.5*0.96**((n + 1)*psi))",
            "mu_product": "mu_product*mu",
            "m_hat": "mu_next*m/(1 - mu_product*mu_next) + (1 - mu)*g/(1 - mu_product)",
            "v_hat": "v/(1 - beta2**n)",
        }
        | _BY_MOMENTS,
    ),
    Optimizer(
        name="lion",
        about="Chen et al. 2023: the sign of an average that leans more on the new gradient than the one it remembers",
        options={"beta1": 0.9, "beta2": 0.99, "weight_decay": 0},
        state={"m": "0"},
        update={"c": "beta1*m + (1 - beta1)*g", "p": "p - lr*sign(c)", "m": "beta2*m + (1 - beta2)*g"},
        decoupled=True,
    ),
)
OPTIMIZERS: Final[Mapping[str, Optimizer]] = {row.name: row for row in _ROWS}
"""The rows by name."""

DECAYED: Final[Mapping[bool, str]] = {False: "g + weight_decay*p", True: "p - lr*weight_decay*p"}
"""What weight decay makes of the gradient or, decoupled, of the parameter before the rule reads it."""
SCALE: Final = "where(norm > most, most/norm, 1)"
"""By what gradients are multiplied whose norm may not exceed ``most``; unlike PyTorch's without 1e-6 in the divisor."""
