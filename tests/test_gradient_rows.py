"""How gradients read: of each operation, over shapes that broadcast, of what is sampled, of new weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from backtrace.backward import gradients
from backtrace.expressions import Name, Type, parse
from backtrace.graph import Equation
from backtrace.ops import Scope, typed
from tests.strategies import SAMPLES, Shape


def flowing(steps: Sequence[str], sampled: str, new: Sequence[str], shapes: Mapping[str, Shape]) -> list[str]:
    """The gradient equations of E by the given names, of equations such as ``y = p @ q``; the last one is E."""
    scope = {name: Name(name, Type(shape, name in sampled)) for name, shape in shapes.items()}
    forward: list[Equation] = []
    for name, text in (step.split(" = ") for step in steps):
        expr = typed(parse(text), Scope(scope, samples=SAMPLES))
        forward.append(Equation(name, expr, Type(expr.shape, expr.sampled)))
        scope[name] = Name(name, forward[-1].type)
    return [each.text() for each in gradients(forward, "E", sorted(shapes), SAMPLES, new_weights=new)]


def by_operands(text: str, sampled: str, *shapes: Shape) -> list[str]:
    """What a result y = ... sends to p, q and s, where it gets r."""
    given = dict(zip("pqs", shapes, strict=False))
    result = typed(parse(text), Scope({n: Name(n, Type(s, n in sampled)) for n, s in given.items()}, samples=SAMPLES))
    end = "sum_samples(sum(r*y))" if result.sampled else "sum(r*y)"
    weights = "r" if result.sampled else ""
    found = flowing([f"y = {text}", f"E = {end}"], sampled + weights, (), {"r": result.shape, **given})
    return [each.removeprefix("dE/d") for each in found if each[4] in "pqs"]


READ: list[tuple[str, str, tuple[Shape, ...], list[str]]] = [
    # y, what of it is sampled, shapes of p, q, s, and what arrives there
    ("-p", "", ((3,),), ["p = -r"]),
    ("exp(p)", "", ((3,),), ["p = r*y"]),
    ("log(p)", "", ((3,),), ["p = r/p"]),
    ("log2(p)", "", ((3,),), ["p = r/(0.6931471805599453*p)"]),
    ("log10(p)", "", ((3,),), ["p = r/(2.302585092994046*p)"]),
    ("log1p(p)", "", ((3,),), ["p = r/(1 + p)"]),
    ("expm1(p)", "", ((3,),), ["p = r*exp(p)"]),
    ("sqrt(p)", "", ((3,),), ["p = r/(2*y)"]),
    ("abs(p)", "", ((3,),), ["p = r*sign(p)"]),
    ("sin(p)", "", ((3,),), ["p = r*cos(p)"]),
    ("cos(p)", "", ((3,),), ["p = -(r*sin(p))"]),
    ("tan(p)", "", ((3,),), ["p = r*(1 + y**2)"]),
    ("arctan(p)", "", ((3,),), ["p = r/(1 + p**2)"]),
    ("sinh(p)", "", ((3,),), ["p = r*cosh(p)"]),
    ("cosh(p)", "", ((3,),), ["p = r*sinh(p)"]),
    ("erf(p)", "", ((3,),), ["p = r*(2/sqrt(pi))*exp(-p**2)"]),
    ("erfc(p)", "", ((3,),), ["p = r*(-2/sqrt(pi))*exp(-p**2)"]),
    ("sigmoid(p)", "", ((3,),), ["p = r*y*complement(y, sigmoid(-p))"]),
    ("tanh(p)", "", ((3,),), ["p = r*complement(y**2, 4*exp(-2*abs(p))/(1 + exp(-2*abs(p)))**2)"]),
    ("relu(p)", "", ((3,),), ["p = r*step(p)"]),
    ("relu(p, at_zero=0.3)", "", ((3,),), ["p = r*step(p, at_zero=0.3)"]),
    ("leaky_relu(p)", "", ((3,),), ["p = r*where(p > 0, 1, 0.01)"]),
    ("leaky_relu(p, slope=0.3)", "", ((3,),), ["p = r*where(p > 0, 1, 0.3)"]),
    ("elu(p)", "", ((3,),), ["p = r*where(p > 0, 1, exp(p))"]),
    ("elu(p, alpha=0.3)", "", ((3,),), ["p = r*where(p > 0, 1, 0.3*exp(p))"]),
    ("selu(p)", "", ((3,),), ["p = r*where(p > 0, 1.0507009873554805, 1.7580993408473766*exp(p))"]),
    ("softplus(p)", "", ((3,),), ["p = r*sigmoid(p)"]),
    ("silu(p)", "", ((3,),), ["p = r*(sigmoid(p) + y*complement(sigmoid(p), sigmoid(-p)))"]),
    ("hard_sigmoid(p)", "", ((3,),), ["p = where(abs(0.16666666666666666*p) < 0.5, r*0.16666666666666666, 0)"]),
    ("identity(p)", "", ((3,),), ["p = r"]),
    ("sign(p)", "", ((3,),), []),
    ("step(p)", "", ((3,),), []),
    ("p + q", "", ((3,), (3,)), ["p = r", "q = r"]),
    ("p - q", "", ((3,), (3,)), ["p = r", "q = -r"]),
    ("p*q", "", ((3,), (3,)), ["p = r*q", "q = r*p"]),
    ("p/q", "", ((3,), (3,)), ["p = r/q", "q = -(r*(p/q**2))"]),
    ("p**q", "", ((3,), (3,)), ["p = where(q == 0, 0, r*q*p**(q - 1))", "q = where(p == 0, 0, r*y*log(p))"]),
    ("maximum(p, q)", "", ((3,), (3,)), ["p = where(p >= q, r, 0)", "q = where(q > p, r, 0)"]),
    ("minimum(p, q)", "", ((3,), (3,)), ["p = where(p <= q, r, 0)", "q = where(q < p, r, 0)"]),
    ("where(p > q, p, q)", "", ((3,), (3,)), ["p = where(p > q, r, 0)", "q = where(p > q, 0, r)"]),
    (
        "clip(p, q, s)",
        "",
        ((3,), (), ()),
        [
            "p = where(p >= q, where(p <= s, r, 0), 0)",
            "q = sum(where(p < q, where(q <= s, r, 0), 0))",
            "s = sum(where(maximum(p, q) > s, r, 0))",
        ],
    ),
    (
        "clip(p, q, s)",
        "",
        ((2, 1), (2,), ()),
        [
            "p = reshape(sum(where(p >= q, where(p <= s, r, 0), 0), axis=(1,)), shape=(2, 1))",
            "q = sum(where(p < q, where(q <= s, r, 0), 0), axis=(0,))",
            "s = sum(where(maximum(p, q) > s, r, 0))",
        ],
    ),
    ("where(p, q, s)", "", ((3,), (3,), (3,)), ["q = where(p, r, 0)", "s = where(p, 0, r)"]),
    ("where(p, q, s)", "", ((2, 1), (2,), ()), ["q = sum(where(p, r, 0), axis=(0,))", "s = sum(where(p, 0, r))"]),
    (
        "maximum(p, q, s)",
        "",
        ((3,), (3,), ()),
        [
            "p = where(p >= maximum(q, s), r, 0)",
            "q = where(q >= s, where(q > p, r, 0), 0)",
            "s = sum(where(s > maximum(p, q), r, 0))",
        ],
    ),
    (
        "minimum(p, q, s)",
        "",
        ((), (2, 2), (2,)),
        [
            "p = sum(where(p <= minimum(q, s), r, 0))",
            "q = where(q <= s, where(q < p, r, 0), 0)",
            "s = sum(where(s < minimum(p, q), r, 0), axis=(0,))",
        ],
    ),
    ("p*q", "", ((), (3,)), ["p = sum(r*q)", "q = r*p"]),
    ("p*q", "", ((2, 3), (3,)), ["p = r*q", "q = sum(r*p, axis=(0,))"]),
    (
        "p*q",
        "",
        ((2, 1), (1, 2)),
        ["p = reshape(sum(r*q, axis=(1,)), shape=(2, 1))", "q = reshape(sum(r*p, axis=(0,)), shape=(1, 2))"],
    ),
    ("p*q", "", ((2,), (2, 1)), ["p = sum(r*q, axis=(0,))", "q = reshape(sum(r*p, axis=(1,)), shape=(2, 1))"]),
    ("p*q", "", ((1,), (1,)), ["p = r*q", "q = r*p"]),
    ("p*q", "", ((1,), (3,)), ["p = reshape(sum(r*q), shape=(1,))", "q = r*p"]),
    ("p*q", "p", ((3,), (3,)), ["p = r*q", "q = sum_samples(r*p, count=2)"]),
    ("p*q", "p", ((2, 3), (3,)), ["p = r*q", "q = sum_samples(sum(r*p, axis=(0,)), count=2)"]),
    ("p*q", "p", ((), (3,)), ["p = sum(r*q)", "q = sum_samples(r*p, count=2)"]),
    ("p*q", "q", ((), (3,)), ["p = sum_samples(sum(r*q), count=2)", "q = r*p"]),
    ("p + q", "pq", ((3,), (3,)), ["p = r", "q = r"]),
    ("p*p", "p", ((3,),), ["p = r*p + r*p"]),
    ("p @ q", "", ((2,), (2,)), ["p = r*q", "q = r*p"]),
    ("p @ q", "", ((2,), (2, 3)), ["p = r @ q.T", "q = outer(p, r)"]),
    ("p @ q", "", ((2, 3), (3,)), ["p = outer(r, q)", "q = p.T @ r"]),
    ("p @ q", "", ((2, 3), (3, 2)), ["p = r @ q.T", "q = p.T @ r"]),
    ("p @ q", "p", ((2,), (2, 3)), ["p = r @ q.T", "q = sum_samples(outer(p, r), count=2)"]),
    ("p @ q", "q", ((2, 3), (3,)), ["p = sum_samples(outer(r, q), count=2)", "q = p.T @ r"]),
    ("p @ q", "p", ((2,), (2,)), ["p = r*q", "q = sum_samples(r*p, count=2)"]),
    ("outer(p, q)", "", ((2,), (3,)), ["p = r @ q", "q = p @ r"]),
    ("dot(p, q)", "", ((3,), (3,)), ["p = r*q", "q = r*p"]),
    ("p.T", "", ((2, 3),), ["p = r.T"]),
    ("reshape(p, shape=(3, 2))", "", ((2, 3),), ["p = reshape(r, shape=(2, 3))"]),
    ("p[1]", "", ((3,),), ["p = scatter(r, places=places, shape=(3,))"]),
    ("p[:, 0:2]", "", ((2, 3),), ["p = scatter(r, places=places, shape=(2, 3))"]),
    ("p[[2, 0, 2]]", "", ((3,),), ["p = scatter(r, places=places, shape=(3,))"]),
    ("[p, q]", "", ((3,), (3,)), ["p = r[0]", "q = r[1]"]),
    ("concat(p, q)", "", ((2,), (3,)), ["p = r[0:2]", "q = r[2:5]"]),
    ("concat(p, q, axis=-1)", "", ((2, 1), (2, 2)), ["p = r[:, 0:1]", "q = r[:, 1:3]"]),
    ("concat(p, q, axis=0)", "", ((1, 2), (2, 2)), ["p = r[0:1]", "q = r[1:3]"]),
    ("diag(p)", "", ((2,),), ["p = diag(r)"]),
    ("diag(p)", "", ((2, 2),), ["p = scatter(r, places=places, shape=(2, 2))"]),
    ("sum(p)", "", ((3,),), ["p = r"]),
    ("sum(p, axis=0)", "", ((2, 3),), ["p = expand(r, axis=(0,), shape=(2, 3))"]),
    ("sum(p, axis=-1, keepdims=True)", "", ((2, 2),), ["p = expand(reshape(r, shape=(2,)), axis=(1,), shape=(2, 2))"]),
    ("mean(p)", "", ((3,),), ["p = r/3"]),
    ("mean(p, axis=0)", "", ((2, 3),), ["p = expand(r/2, axis=(0,), shape=(2, 3))"]),
    (
        "mean(p, axis=-1, keepdims=True)",
        "",
        ((2, 2),),
        ["p = expand(reshape(r/2, shape=(2,)), axis=(1,), shape=(2, 2))"],
    ),
    ("max(p)", "", ((3,),), ["p = r*first_max(p, axis=(0,))"]),
    ("max(p, axis=0)", "", ((2, 3),), ["p = expand(r, axis=(0,), shape=(2, 3))*first_max(p, axis=(0,))"]),
    (
        "max(p, axis=-1, keepdims=True)",
        "",
        ((2, 2),),
        ["p = expand(reshape(r, shape=(2,)), axis=(1,), shape=(2, 2))*first_max(p, axis=(1,))"],
    ),
    ("min(p)", "", ((3,),), ["p = r*first_min(p, axis=(0,))"]),
    ("min(p, axis=0)", "", ((2, 3),), ["p = expand(r, axis=(0,), shape=(2, 3))*first_min(p, axis=(0,))"]),
    (
        "min(p, axis=-1, keepdims=True)",
        "",
        ((2, 2),),
        ["p = expand(reshape(r, shape=(2,)), axis=(1,), shape=(2, 2))*first_min(p, axis=(1,))"],
    ),
    ("prod(p)", "", ((3,),), ["p = r*concat(p[1:2]*p[2:3], p[0:1]*p[2:3], p[0:1]*p[1:2], axis=0)"]),
    ("prod(p, axis=0)", "", ((2, 3),), ["p = expand(r, axis=(0,), shape=(2, 3))*concat(p[1:2], p[0:1], axis=0)"]),
    (
        "prod(p, axis=-1, keepdims=True)",
        "",
        ((2, 2),),
        ["p = expand(reshape(r, shape=(2,)), axis=(1,), shape=(2, 2))*concat(p[:, 1:2], p[:, 0:1], axis=1)"],
    ),
    ("logsumexp(p)", "", ((3,),), ["p = r*exp(p - expand(y, axis=(0,), shape=(3,)))"]),
    (
        "logsumexp(p, axis=0)",
        "",
        ((2, 3),),
        ["p = expand(r, axis=(0,), shape=(2, 3))*exp(p - expand(y, axis=(0,), shape=(2, 3)))"],
    ),
    ("sum(p, keepdims=True)", "", ((2, 3),), ["p = reshape(r, shape=())"]),
    ("mean(p)", "", ((2, 3),), ["p = r/6"]),
    ("mean(p, axis=0)", "p", ((3,),), ["p = r/3"]),
    ("sum(p, axis=(0, 1))", "", ((2, 3),), ["p = r"]),
    ("sum_samples(p)", "p", ((3,),), ["p = r"]),
    ("mean_samples(p)", "p", ((3,),), ["p = r/2"]),
    ("mean_samples(p*q)", "p", ((), ()), ["p = r/2*q", "q = sum_samples(r/2*p, count=2)"]),
    ("cumsum(p)", "", ((3,),), ["p = cumsum(r, axis=0, reverse=True)"]),
    ("cumsum(p, axis=0)", "", ((2, 3),), ["p = cumsum(r, axis=0, reverse=True)"]),
    ("softmax(p)", "", ((3,),), ["p = settled(y*(r - sum(r*y, axis=0, keepdims=True)), y, axis=0)"]),
    ("softmax(p, axis=0)", "", ((2, 3),), ["p = settled(y*(r - sum(r*y, axis=0, keepdims=True)), y, axis=0)"]),
    ("log_softmax(p)", "", ((2, 3),), ["p = settled(r - exp(y)*sum(r, axis=1, keepdims=True), exp(y), axis=1)"]),
    (
        "conv2d(p, q)",
        "",
        ((3, 3), (2, 2)),
        ["p = conv2d_input(q, r, shape=(3, 3))", "q = conv2d_kernel(p, r, shape=(2, 2))"],
    ),
    (
        "conv2d(p, q, stride=2, padding=1)",
        "",
        ((4, 3), (2, 2)),
        [
            "p = conv2d_input(q, r, padding=1, shape=(4, 3), stride=2)",
            "q = conv2d_kernel(p, r, padding=1, shape=(2, 2), stride=2)",
        ],
    ),
    (
        "maxpool2d(p)",
        "",
        ((2, 4),),
        [
            "p = scatter(expand(r, axis=(2,), shape=(1, 2, 4))*first_max(gather(p, places=places), "
            "axis=(2,)), places=places, shape=(2, 4))"
        ],
    ),
    (
        "maxpool2d(p, size=2, stride=1)",
        "",
        ((3, 3),),
        [
            "p = scatter(expand(r, axis=(2,), shape=(2, 2, 4))*first_max(gather(p, places=places), "
            "axis=(2,)), places=places, shape=(3, 3))"
        ],
    ),
    (
        "avgpool2d(p)",
        "",
        ((4, 4),),
        ["p = scatter(expand(r/4, axis=(2,), shape=(2, 2, 4)), places=places, shape=(4, 4))"],
    ),
    (
        "avgpool2d(p, size=(2, 1))",
        "",
        ((2, 2, 2),),
        ["p = scatter(expand(r/2, axis=(3,), shape=(2, 1, 2, 2)), places=places, shape=(2, 2, 2))"],
    ),
]


@pytest.mark.parametrize(("text", "sampled", "shapes", "expected"), READ)
def test_what_an_operation_sends_to_its_operands_reads(
    text: str, sampled: str, shapes: tuple[Shape, ...], expected: list[str]
) -> None:
    assert by_operands(text, sampled, *shapes) == expected


FLOWING: list[tuple[list[str], str, list[str], dict[str, Shape], list[str]]] = [
    # equations, what is sampled, the weights that are updated before, shapes, and the gradients
    (
        ["y = (p @ q)*s", "E = sum(y)"],
        "",
        [],
        {"p": (2, 2), "q": (2, 3), "s": (3,)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(s, axis=(0,), shape=(2, 3)) @ q.T",
            "dE/dq = p.T @ expand(s, axis=(0,), shape=(2, 3))",
            "dE/ds = sum(p @ q, axis=(0,))",
        ],
    ),
    (
        ["y = (p @ q)*s", "E = sum(y)"],
        "",
        [],
        {"p": (2, 2), "q": (2, 3), "s": (2, 1)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(reshape(s, shape=(2,)), axis=(1,), shape=(2, 3)) @ q.T",
            "dE/dq = p.T @ expand(reshape(s, shape=(2,)), axis=(1,), shape=(2, 3))",
            "dE/ds = reshape(sum(p @ q, axis=(1,)), shape=(2, 1))",
        ],
    ),
    (
        ["y = (p @ q)*s", "E = sum(y)"],
        "",
        [],
        {"p": (2, 2), "q": (2, 3), "s": (1, 3)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(reshape(s, shape=(3,)), axis=(0,), shape=(2, 3)) @ q.T",
            "dE/dq = p.T @ expand(reshape(s, shape=(3,)), axis=(0,), shape=(2, 3))",
            "dE/ds = reshape(sum(p @ q, axis=(0,)), shape=(1, 3))",
        ],
    ),
    (
        ["y = (p @ q)*s", "E = sum(y)"],
        "",
        [],
        {"p": (2, 2), "q": (2, 3), "s": (1, 1)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(reshape(s, shape=()), axis=(0, 1), shape=(2, 3)) @ q.T",
            "dE/dq = p.T @ expand(reshape(s, shape=()), axis=(0, 1), shape=(2, 3))",
            "dE/ds = reshape(sum(p @ q), shape=(1, 1))",
        ],
    ),
    (
        ["y = (p @ q)*s", "E = sum(y)"],
        "",
        [],
        {"p": (2, 2), "q": (2, 3), "s": ()},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(s, axis=(0, 1), shape=(2, 3)) @ q.T",
            "dE/dq = p.T @ expand(s, axis=(0, 1), shape=(2, 3))",
            "dE/ds = sum(p @ q)",
        ],
    ),
    (
        ["y = p @ q", "E = sum(y)"],
        "",
        [],
        {"p": (2, 2), "q": (2, 3)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(1, axis=(0, 1), shape=(2, 3)) @ q.T",
            "dE/dq = p.T @ expand(1, axis=(0, 1), shape=(2, 3))",
        ],
    ),
    (
        ["y = p @ q", "E = sum_samples(sum(y))"],
        "p",
        [],
        {"p": (2,), "q": (2, 3)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(1, axis=(0,), shape=(3,)) @ q.T",
            "dE/dq = sum_samples(outer(p, expand(1, axis=(0,), shape=(3,))), count=2)",
        ],
    ),
    (
        ["y = (p @ q)*s", "E = sum_samples(sum(y))"],
        "p",
        [],
        {"p": (2,), "q": (2, 3), "s": (3,)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = s @ q.T",
            "dE/dq = sum_samples(outer(p, s), count=2)",
            "dE/ds = sum_samples(p @ q, count=2)",
        ],
    ),
    (
        ["y = (p @ q)*s", "E = sum_samples(sum(y))"],
        "ps",
        [],
        {"p": (2,), "q": (2, 3), "s": ()},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = expand(s, axis=(0,), shape=(3,)) @ q.T",
            "dE/dq = sum_samples(outer(p, expand(s, axis=(0,), shape=(3,))), count=2)",
            "dE/ds = sum(p @ q)",
        ],
    ),
    (
        ["y = conv2d(p, q)*s", "E = sum(y)"],
        "",
        [],
        {"p": (3, 4), "q": (2, 2), "s": (3,)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = conv2d_input(q, expand(s, axis=(0,), shape=(2, 3)), shape=(3, 4))",
            "dE/dq = conv2d_kernel(p, expand(s, axis=(0,), shape=(2, 3)), shape=(2, 2))",
            "dE/ds = sum(conv2d(p, q), axis=(0,))",
        ],
    ),
    (
        ["y = conv2d(p, q)*s", "E = sum(y)"],
        "",
        [],
        {"p": (1, 3, 4), "q": (2, 1, 2, 2), "s": (2, 3)},
        [
            "dE/dE = 1",
            "dE/dy = 1",
            "dE/dp = conv2d_input(q, expand(s, axis=(0,), shape=(2, 2, 3)), shape=(1, 3, 4))",
            "dE/dq = conv2d_kernel(p, expand(s, axis=(0,), shape=(2, 2, 3)), shape=(2, 1, 2, 2))",
            "dE/ds = sum(conv2d(p, q), axis=(0,))",
        ],
    ),
    (
        ["a = 3*p", "y = a + q", "E = y**2"],
        "",
        [],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/dy = 2*y", "dE/da = dE/dy", "dE/dq = dE/dy", "dE/dp = 3*dE/dy"],
    ),
    (
        ["a = 3*p", "y = a + q", "E = y**2"],
        "",
        ["q"],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/dy = 2*y", "dE/da = dE/dy", "dE/dq = dE/dy", "dE/dp = 3*dE/da"],
    ),
    (
        ["a = 3*p", "y = a + q", "E = 5*y"],
        "",
        [],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/dy = 5", "dE/da = 5", "dE/dq = 5", "dE/dp = 15"],
    ),
    (
        ["a = p*q", "y = a*p", "E = y*p"],
        "",
        ["p"],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/dy = p+", "dE/da = dE/dy * p+", "dE/dp = y + dE/dy * a + dE/da * q", "dE/dq = dE/da * p+"],
    ),
    (
        ["a = p*q", "y = a*p", "E = y*p"],
        "",
        ["p", "q"],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/dy = p+", "dE/da = dE/dy * p+", "dE/dp = y + dE/dy * a + dE/da * q", "dE/dq = dE/da * p"],
    ),
    (
        ["a = p*q", "y = a*p", "E = y*p"],
        "",
        [],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/dy = p", "dE/da = p*p", "dE/dp = y + p*a + dE/da * q", "dE/dq = dE/da * p"],
    ),
    (
        ["a = p*q", "E = p*a"],
        "",
        ["p"],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/da = p+", "dE/dp = a + dE/da * q", "dE/dq = dE/da * p+"],
    ),
    (
        ["y = p*q", "E = sum(y)"],
        "",
        [],
        {"p": (), "q": (3,)},
        ["dE/dE = 1", "dE/dy = 1", "dE/dp = sum(q)", "dE/dq = p"],
    ),
    (
        ["a = 2*p", "b = relu(q)", "E = b*b"],
        "",
        [],
        {"p": (), "q": ()},
        ["dE/dE = 1", "dE/db = b + b", "dE/dq = dE/db * step(q)"],
    ),
]


@pytest.mark.parametrize(("steps", "sampled", "new", "shapes", "expected"), FLOWING)
def test_what_flows_back_through_equations_reads(
    steps: list[str], sampled: str, new: list[str], shapes: dict[str, Shape], expected: list[str]
) -> None:
    assert flowing(steps, sampled, new, shapes) == expected
