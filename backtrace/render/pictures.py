"""Curves as a picture: SVG, PNG or PDF, with colours and dashes that everybody can tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backtrace.curves import Curve, Plot
from backtrace.errors import visible
from backtrace.render.formats import Format
from backtrace.render.lines import wrapped
from backtrace.render.matplot import families, saved, settings
from backtrace.render.plots import Look, csv_pages, pages
from backtrace.render.scales import LARGEST, Scale, epoch_scale, value_scale

PLOTS: Final[Mapping[str, Format]] = {
    one.name: one
    for one in (
        Format("text", ("txt",)),
        Format("csv", ("csv",)),
        Format("svg", ("svg",), binary=True),
        Format("png", ("png",), binary=True),
        Format("pdf", ("pdf",), binary=True),
    )
}
"""What a plot is written in; what is ``binary`` needs matplotlib."""

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito, Color Universal Design (2008)."""
DASHES: Final = ("solid", (0, (6, 2)), (0, (1.5, 1.5)), (0, (8, 2, 1.5, 2)), (0, (4, 1.5, 1, 1.5, 1, 1.5)))
SIZE: Final = (8.0, 5.0)
"""Width and height in inches."""
DOTS: Final = 200
"""Of a PNG, an inch."""
TICKS: Final = (8, 6)
"""About so many on the axes of epochs and of values."""
LONG: Final = 4000
"""A curve of more points is drawn by the extremes of short stretches: more cannot be seen."""
MARKED: Final = 25
"""The points of a shorter curve have marks."""


def plot_pages(form: Format, plot: Plot, look: Look) -> Iterator[str] | Iterator[bytes]:
    """A plot in a format."""
    if form.binary:
        return iter([picture(plot, form.name)])
    return csv_pages(plot) if form.name == "csv" else pages(plot, look)


def picture(plot: Plot, name: str = "svg") -> bytes:
    """A plot as the bytes of a picture: svg, png or pdf."""
    with settings(families("DejaVu Sans")) as library:
        figure = library.figure.Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        up = value_scale(plot.extent, plot.log, TICKS[1])
        along = epoch_scale(1, plot.last, plot.logx, TICKS[0])
        _axis(axes, "y", up, plot.log)
        _axis(axes, "x", along, plot.logx)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        for number, curve in enumerate(plot.curves):
            _draw(axes, curve, number, up)
        _texts(figure, axes, plot)
        return saved(figure, name, dpi=DOTS)


def _axis(axes: Any, which: str, scale: Scale, log: bool) -> None:
    """The scale, with the ticks and texts that the terminal would have; a little room beside the last points."""
    logarithmic = log and scale.log
    axis, set_scale, set_limits = (
        (axes.xaxis, axes.set_xscale, axes.set_xlim) if which == "x" else (axes.yaxis, axes.set_yscale, axes.set_ylim)
    )
    set_scale("log" if logarithmic else "linear")
    axis.set_ticks(list(scale.ticks), list(scale.texts))
    axis.set_ticks([], minor=True)
    if logarithmic:
        room = (scale.high / scale.low) ** 0.015
        set_limits(scale.low / room, scale.high * room)
    else:
        room = (scale.high - scale.low) * 0.015
        set_limits(scale.low - room, scale.high + room)


def _draw(axes: Any, curve: Curve, number: int, scale: Scale) -> None:
    """A curve, with marks where it has few points, and a cross where it leaves the finite numbers."""
    epochs, values = thinned(
        curve.epochs.astype(float), np.where(np.abs(curve.values) <= LARGEST, curve.values, np.nan)
    )
    colour = COLOURS[number % len(COLOURS)]
    (line,) = axes.plot(
        epochs,
        values,
        color=colour,
        linestyle=DASHES[number % len(DASHES)],
        linewidth=1.6,
        marker="o" if len(epochs) <= MARKED else None,
        markersize=3.5,
        label=visible(curve.name.pretty),
    )
    line.set_gid(f"curve-{number + 1}")
    if curve.ended:
        last = np.flatnonzero(np.isfinite(values))[-1]
        place = epochs[last], min(max(values[last], scale.low), scale.high)
        axes.plot(*place, "x", color=colour, markersize=9, markeredgewidth=2, clip_on=False)


def thinned(epochs: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> tuple[Any, Any]:
    """A curve, of a very long one the first, least, greatest and last point of short stretches."""
    if len(values) <= LONG:
        return epochs, values
    kept: set[int] = set()
    for stretch in np.array_split(np.arange(len(values)), LONG // 4):
        finite = np.nan_to_num(values[stretch], nan=values[stretch][0])
        kept |= {int(k) for k in (stretch[0], stretch[finite.argmin()], stretch[finite.argmax()], stretch[-1])}
    chosen = sorted(kept)
    return epochs[chosen], values[chosen]


def _texts(figure: Any, axes: Any, plot: Plot) -> None:
    """Title, names of the axes, legend, and below what a reader must know."""
    if plot.title:
        axes.set_title("\n".join(wrapped(plot.title, 80)), fontsize=12, loc="left")
    axes.set_xlabel("epoch")
    axes.set_ylabel(plot.quantity.pretty)
    if len(plot.curves) > 1:
        axes.legend(frameon=False, fontsize=9, handlelength=3.2, loc="center left", bbox_to_anchor=(1.0, 0.5))
    remarks = [line for remark in plot.remarks() for line in wrapped(remark, 110)]
    if remarks:
        figure.supxlabel("\n".join(remarks), fontsize=8, color="#555555", x=0.02, ha="left")
