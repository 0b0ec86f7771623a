"""Variants of the whole procedure: the same network worked otherwise, from graph relations alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from backtrace.backward import DerivativeError, gradients
from backtrace.comparison.relations import biases, errors, halved, terms
from backtrace.errors import NumericError, UsageError
from backtrace.expressions import Call, Expr, Name, Num, names, substitute
from backtrace.graph import Array, CycleError, Equation, Graph
from backtrace.ops import call, retyped
from backtrace.records import dataclass
from backtrace.schedule import Keep, moment_of
from backtrace.simplify import simplified
from backtrace.stepwise import Stepwise
from backtrace.trace import Trace, check_epochs
from backtrace.training import executor_for, train

FEW: Final = 30
"""So many updates are made before anything is prepared for them; many variants are tried, and each for a few."""
Change = Callable[[Graph], Graph | None]
"""What makes another graph of a graph; None where it does not apply or would change nothing."""


@dataclass(frozen=True)
class Variant:
    """A way to work the whole procedure otherwise, and the sentence that is true where it was."""

    name: str
    sentence: str
    apply: Change

    def changed(self, graph: Graph) -> Graph | None:
        """The graph of the variant, with that of a smaller last batch; None where it does not apply."""
        try:
            found = self.apply(graph)
            rest = None if found is None or graph.rest is None else self.apply(graph.rest)
        except DerivativeError:
            return None
        return found if found is None or rest is None else replace(found, rest=rest)


def traced(variant: Variant, trace: Trace, keep: Iterable[Keep]) -> Trace | None:
    """The trace of a variant with the epochs of ``keep`` recorded.

    None where it does not apply, where its numbers leave the finite range, or where its training ends before.
    """
    graph = variant.changed(trace.graph)
    return None if graph is None else rerun(graph, keep)


def rerun(graph: Graph, keep: Iterable[Keep]) -> Trace | None:
    """The trace of a graph, as far as the last epoch of ``keep``; None where that is not reached."""
    wanted = set(keep)
    count = max(moment_of(each)[0] for each in wanted)
    few = count * graph.updates_per_epoch <= FEW
    one = replace(graph, rates=())
    try:
        check_epochs(one, count)
        found = Trace(one, train(one, count, wanted, make=Stepwise if few else executor_for))
    except (NumericError, UsageError):
        return None
    return found if len(found.losses) == count else None


# ── going back ──


def _rederived(graph: Graph) -> Graph:
    """The graph with gradients that follow from its equations as they are now."""
    assert graph.objective is not None
    new = graph.trained if graph.new_weights else ()
    back = gradients(graph.run, graph.objective, graph.wrt, graph.samples or 1, new_weights=new)
    return replace(graph, gradients=back)


def _new_weights(graph: Graph) -> Graph | None:
    """Going back through weights that are updated already."""
    if graph.new_weights or not graph.trained or graph.objective is None:
        return None
    found = _rederived(replace(graph, new_weights=True))
    try:
        found.step  # noqa: B018
    except CycleError:
        return None
    return None if found.gradients == graph.gradients else found


def _old_weights(graph: Graph) -> Graph | None:
    return _rederived(replace(graph, new_weights=False)) if graph.new_weights else None


# ── the error ──


def _rewritten(graph: Graph, chosen: Iterable[str], rewrite: Callable[[Expr], Expr]) -> Graph | None:
    """The graph with some of its errors rewritten, and the gradients and updates that follow."""
    wanted = set(chosen)

    def written(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        return tuple(replace(e, expr=rewrite(e.expr)) if e.name in wanted else e for e in equations)

    forward = written(graph.forward)
    return None if forward == graph.forward else _rederived(replace(graph, forward=forward, run=written(graph.run)))


def _doubled(graph: Graph) -> Graph | None:
    return _rewritten(graph, terms(graph), lambda expr: _times(2, expr)) if halved(graph) else None


def _halved(graph: Graph) -> Graph | None:
    return None if halved(graph) else _rewritten(graph, terms(graph), lambda expr: _times(0.5, expr))


def _times(factor: float, expr: Expr) -> Expr:
    found = simplified(call("mul", Num(factor), expr))
    return found if found.type == expr.type else call("mul", Num(factor), expr)


def _summed_samples(graph: Graph) -> Graph | None:
    return _exchanged(graph, "mean_samples", "sum_samples")


def _mean_of_samples(graph: Graph) -> Graph | None:
    return _exchanged(graph, "sum_samples", "mean_samples")


def _summed_outputs(graph: Graph) -> Graph | None:
    return _exchanged(graph, "mean", "sum")


def _mean_of_outputs(graph: Graph) -> Graph | None:
    return _exchanged(graph, "sum", "mean")


def _exchanged(graph: Graph, old: str, new: str) -> Graph | None:
    """The graph whose errors are added up by another reduction."""
    return _rewritten(graph, errors(graph), lambda expr: _with_operation(expr, old, new))


def _with_operation(expr: Expr, old: str, new: str) -> Expr:
    """The expression with one operation in the place of another; one over a single number stays."""
    if not isinstance(expr, Call):
        return expr
    args = tuple(_with_operation(arg, old, new) for arg in expr.args)
    lone = expr.option("count") == 1 or (expr.option("count") is None and expr.args[0].shape in ((), (1,)))
    return retyped(Call(new if expr.op == old and not lone else expr.op, args, expr.options))


# ── updates ──


def _updated(graph: Graph, updates: Mapping[str, Expr]) -> Graph | None:
    """The graph with other updates of some parameters; None where none of them changes."""
    changed = tuple(replace(e, expr=updates.get(e.state or "", e.expr)) for e in graph.updates)
    return None if changed == graph.updates else replace(graph, updates=changed)


def _biases_fixed(graph: Graph) -> Graph | None:
    """Biases that no update changes."""
    if set(graph.trained) <= set(biases(graph)):
        return None
    return _updated(graph, {name: Name(name, graph.types[name]) for name in biases(graph)})


def _biases_moved(graph: Graph) -> Graph | None:
    """Fixed biases that are updated as the other parameters are, where that takes nothing but the gradient."""
    fixed = tuple(name for name in biases(graph) if name not in graph.trained)
    pattern = next((e for e in graph.updates if e.state in graph.trained), None)
    kept = {*graph.states, *(e.name for e in graph.updates)}
    if not fixed or pattern is None or not kept.isdisjoint(names(pattern.expr)):
        return None
    wider = replace(graph, trained=(*graph.trained, *fixed), wrt=(*graph.wrt, *(set(fixed) - set(graph.wrt))))
    found = _rederived(wider)
    moved = tuple(_moved_as(pattern, name, found) for name in fixed if name in found.gradient_of)
    return replace(found, updates=(*graph.updates, *moved)) if moved else None


def _moved_as(pattern: Equation, name: str, graph: Graph) -> Equation:
    """The update of a parameter, by the pattern of another's."""
    assert pattern.state is not None
    type = graph.types[name]
    gradient = graph.gradient_of[name]
    stands_for = {pattern.state: Name(name, type), graph.gradient_of[pattern.state]: Name(gradient, type)}
    expr = retyped(substitute(pattern.expr, stands_for))
    return replace(pattern, name=f"{name}+", expr=expr, type=type, state=name)


def _ascent(graph: Graph) -> Graph | None:
    """Steps with the other sign."""
    updates = {e.state: e.expr for e in graph.updates if e.state in graph.parameters}
    return _updated(graph, {name: turned for name, expr in updates.items() if name and (turned := _turned(expr, name))})


def _turned(expr: Expr, name: str) -> Expr | None:
    """What is taken from a parameter added to it, and the other way round."""
    other = {"sub": "add", "add": "sub"}
    if isinstance(expr, Call) and expr.op in other and isinstance(expr.args[0], Name) and expr.args[0].id == name:
        return retyped(Call(other[expr.op], expr.args))
    return None


def _rate_squared(graph: Graph) -> Graph | None:
    """The learning rate taken twice."""
    rate = graph.learning_rate or 0.0
    return _at_rate(graph, rate * rate)


def _rate_one(graph: Graph) -> Graph | None:
    """The learning rate left out."""
    return _at_rate(graph, 1.0)


def _at_rate(graph: Graph, rate: float) -> Graph | None:
    if graph.learning_rate is None or not graph.updates or graph.learning_rate == rate:
        return None
    return graph.with_values({}, rate)


# ── targets ──


def _other_samples(graph: Graph) -> Graph | None:
    """The targets of two samples exchanged."""

    def moved(name: str, array: Array) -> Array:
        return array[::-1] if _is_sampled(graph, name) and len(array) == 2 else array

    return _with_targets(graph, moved)


def _other_outputs(graph: Graph) -> Graph | None:
    """The targets of two outputs exchanged: two elements of one array, or two single numbers."""
    single = [name for name, given in graph.givens.items() if given.role == "target" and given.type.shape == ()]
    if len(single) == 2:
        other = dict(zip(single, reversed(single), strict=True))
        return _with_targets(graph, lambda name, array: _array(graph, other[name]) if name in other else array)
    return _with_targets(
        graph, lambda name, array: array[..., ::-1] if graph.givens[name].type.shape == (2,) else array
    )


def _is_sampled(graph: Graph, name: str) -> bool:
    return name in graph.data or graph.givens[name].type.sampled


def _array(graph: Graph, name: str) -> Array:
    """A given array, of what comes in batches that of all samples."""
    return graph.data.get(name, graph.givens[name].values)


def _with_targets(graph: Graph, moved: Callable[[str, Array], Array]) -> Graph | None:
    targets = {name: _array(graph, name) for name, given in graph.givens.items() if given.role == "target"}
    others = {name: np.array(moved(name, array)) for name, array in targets.items()}
    if all(np.array_equal(others[name], array) for name, array in targets.items()):
        return None
    return graph.with_values(others, None)


VARIANTS: Final = (
    Variant("new-weights", "the error goes back through weights that are updated already", _new_weights),
    Variant("old-weights", "the error goes back through the old weights", _old_weights),
    Variant("error-doubled", "the error has no factor ½", _doubled),
    Variant("error-halved", "the error has a factor ½", _halved),
    Variant("samples-summed", "the errors of the samples are added up, without a mean", _summed_samples),
    Variant("samples-averaged", "the error is the mean over the samples", _mean_of_samples),
    Variant("outputs-summed", "the errors of the outputs are added up, without a mean", _summed_outputs),
    Variant("outputs-averaged", "the error is the mean over the outputs", _mean_of_outputs),
    Variant("biases-fixed", "biases stay as they are", _biases_fixed),
    Variant("biases-moved", "biases are updated too", _biases_moved),
    Variant("ascent", "steps go up the gradient, not down", _ascent),
    Variant("targets-of-samples", "the targets of the two samples are exchanged", _other_samples),
    Variant("targets-of-outputs", "the targets of the two outputs are exchanged", _other_outputs),
    Variant("rate-squared", "the learning rate is applied twice", _rate_squared),
    Variant("rate-one", "the learning rate is left out", _rate_one),
)
"""Where several hold, the first is meant."""
