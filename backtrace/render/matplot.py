"""The door to matplotlib: figures that are drawn into bytes, the same bytes every time, without a window."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from backtrace.errors import Fault, UsageError

SETTINGS: Final = {
    "svg.hashsalt": "backtrace",
    "svg.fonttype": "path",  # with fonts of the reader's machine labels would run into each other
    "path.simplify": False,
    "text.parse_math": False,  # a title with dollar signs is a title
    "text.hinting": "none",
    "axes.unicode_minus": False,
}
EASTERN: Final = ("Noto Sans CJK KR", "Noto Sans CJK JP", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "AppleGothic")
"""Fonts with Korean letters, of which a machine has one at best."""
UNDATED: Final = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def require() -> Any:
    """The library.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import matplotlib
        import matplotlib.figure
        import matplotlib.style
    except ImportError:
        hint = "pip install 'backtrace-nn[plot]'"
        raise UsageError(Fault("a picture needs matplotlib, which is not installed", hint=hint)) from None
    return matplotlib


def families(*first: str) -> list[str]:
    """The fonts to take letters from: those named, which matplotlib brings, then what this machine has for Korean."""
    require()
    from matplotlib.font_manager import fontManager

    known = {font.name for font in fontManager.ttflist}
    return [*first, *(name for name in EASTERN if name in known)]


@contextmanager
def settings(fonts: Sequence[str]) -> Iterator[Any]:
    """The library with its own defaults, whatever the machine's are, and these fonts."""
    library = require()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        with library.style.context(["default", SETTINGS | {"font.family": list(fonts)}]):
            yield library


def saved(figure: Any, name: str, **options: Any) -> bytes:
    """The bytes of a figure in a format, without the date and the versions of programs."""
    made = io.BytesIO()
    figure.savefig(made, format=name, metadata=UNDATED[name], **options)
    return made.getvalue()
