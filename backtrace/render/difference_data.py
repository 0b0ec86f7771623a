"""A comparison as data: plain mappings and lists that JSON holds, with the version of their schema."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from backtrace.comparison import Diff, Judged, Verdict
from backtrace.comparison.slips import Diagnosis, Slip
from backtrace.expressions import PLAIN, Expr, to_text

SCHEMA: Final = 1
"""Counts up when a name is taken away or means something else; new names may come at any time."""


def difference_data(diff: Diff) -> dict[str, Any]:
    """The whole comparison.

    ``figures`` are all in the order of computation; ``roots`` refer to them by their number, from 0. Numbers that are
    not finite are null.

    >>> import backtrace
    >>> trace = backtrace.run("configs/example.yaml")
    >>> data = difference_data(backtrace.diff(trace, {"z1": "0.08", "h1": "0.0800"}))
    >>> data["counts"], data["failed"], [figure["verdict"] for figure in data["figures"]]
    ({'match': 1, 'differs': 1}, True, ['match', 'differs'])
    >>> data["roots"][0]["slips"][0]["kind"]
    'activation-missing'
    """
    numbers = {id(row): number for number, row in enumerate(diff.rows)}
    return {
        "schema": SCHEMA,
        "failed": diff.failed,
        "counts": {verdict.value: diff.counts[verdict] for verdict in Verdict if diff.counts[verdict]},
        "conventions": [{"name": each.name, "sentence": each.sentence} for each in diff.conventions],
        "marks": _marks(diff),
        "figures": [_figure(row) for row in diff.rows],
        "roots": [_root(diagnosis, numbers) for diagnosis in diff.diagnoses],
    }


def difference_json(diff: Diff) -> str:
    """The whole comparison as JSON, in ASCII."""
    return json.dumps(difference_data(diff), indent=2)


def _marks(diff: Diff) -> dict[str, Any] | None:
    """The marks of a worksheet; null of anything else."""
    if not diff.marks:
        return None
    right, of = sum(mark.right for mark in diff.marks), sum(mark.of for mark in diff.marks)
    listed = [{"section": str(mark.section), "right": mark.right, "of": mark.of} for mark in diff.marks]
    return {"right": right, "of": of, "sections": listed}


def _figure(row: Judged) -> dict[str, Any]:
    figure, place = row.figure, row.figure.place
    found: dict[str, Any] = {
        "key": row.key,
        "written": figure.key,
        "verdict": row.verdict.value,
        "printed": figure.printed,
        "value": figure.value,
        "unit": figure.unit,
        "computed": _finite(row.value),
        "units_off": _finite(row.off),
        "epoch": row.epoch,
        "index": list(figure.index),
        "heading": figure.heading,
        "place": {"file": place.file, "line": place.line, "column": place.column} if place else None,
        "hint": row.hint,
    }
    if figure.erratum:
        found["erratum"] = {"right": figure.erratum.right, "why": figure.erratum.why}
    return found


def _root(diagnosis: Diagnosis, numbers: dict[int, int]) -> dict[str, Any]:
    return {
        "figure": numbers[id(diagnosis.root)],
        "slips": [_slip(slip) for slip in diagnosis.slips],
        "explains": [numbers[id(row)] for row in diagnosis.explains],
        "carried": [numbers[id(row)] for row in diagnosis.carried],
    }


def _slip(slip: Slip) -> dict[str, Any]:
    node = slip.node
    return {
        "kind": slip.kind,
        "sentence": slip.sentence,
        "at": node.view.keys.text(node.target) if node else None,
        "right": _formula(slip, slip.right, 0),
        "fits": _formula(slip, slip.fits, 1),
        "gives": _finite(slip.value),
    }


def _formula(slip: Slip, expr: Expr | None, number: int) -> str | None:
    """A formula of one number; of a procedure the equation of an array; of a slip of the pen there is none."""
    if slip.equations:
        return slip.equations[number].text()
    return to_text(expr, PLAIN, slip.node.view.keys.label) if slip.node and expr is not None else None


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
