"""C as a good programmer writes it for one network: the sources in benchmarks/c, compiled when first asked for."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loads import Array, Load, Run

SOURCES = Path(__file__).parent.parent / "c"
FLAGS = ("-O3", "-march=native", "-fopenmp-simd", "-shared", "-fPIC")
FUNCTIONS = {"W1": "example", "W2": "xor", "W3/64": "classes", "W3/1024": "classes", "W4": "narrow"}
PRODUCT = "scipy_cblas_dgemm64_"
"""The matrix product in the library that numpy ships: of 64-bit integers."""
Extra = Callable[[Load], list[Any]]


def available() -> bool:
    """Whether there is a compiler."""
    return shutil.which("gcc") is not None


def best(load: Load) -> Run | None:
    """The fastest: of a large network no gradient of the weights is ever seen, the product adds it to them."""
    return _bound(load, [ctypes.c_int(1)])


def plain(load: Load) -> Run | None:
    """Large networks with their gradients computed, and then taken off."""
    return _bound(load, [ctypes.c_int(0)]) if load.name.startswith("W3") else None


def _bound(load: Load, folded: list[Any]) -> Run | None:
    function = getattr(_library(), FUNCTIONS[load.name])
    extra: list[Any] = []
    if FUNCTIONS[load.name] == "classes":
        product = _product()
        if product is None:
            return None
        extra = [ctypes.c_long(load.samples), product, *folded]
    held = (load.parameters, np.ascontiguousarray(load.x), np.ascontiguousarray(load.y))
    read = (*map(_address, held), ctypes.c_double(load.rate))

    def run(steps: int) -> float:
        losses = np.empty(steps)
        function(ctypes.c_long(steps), *read, _address(losses), *extra)
        return float(losses[-1]) if held else 0.0  # the arrays live as long as the function

    return run


def _address(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@cache
def _library() -> ctypes.CDLL:
    """All sources in one library."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "peers.so"
        subprocess.run(["gcc", *FLAGS, "-o", library, *sorted(SOURCES.glob("*.c")), "-lm"], check=True)
        return ctypes.CDLL(str(library))


@cache
def _product() -> ctypes.c_void_p | None:
    """The matrix product of the BLAS that numpy uses, where it came with numpy."""
    folder = Path(np.__file__).parent.parent / "numpy.libs"
    for path in folder.glob("*openblas*"):
        return ctypes.cast(getattr(ctypes.CDLL(str(path)), PRODUCT), ctypes.c_void_p)
    return None
