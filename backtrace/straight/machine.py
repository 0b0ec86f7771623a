"""Straight-line programs as machine code, where llvmlite is installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from backtrace.straight.nodes import FUNCTIONS
from backtrace.straight.program import Program

FAULTS = {"x86_64": 0x0D, "aarch64": 0x07, "arm64": 0x07}
"""Of each kind of processor the bits for an invalid operation, a division by zero and an overflow (fenv.h)."""
SYSTEMS = ("linux", "darwin")
"""Where the functions of libm are those of the process itself, the ones Python calls."""


OLDEST = (0, 45)
"""The first llvmlite whose pointers have no types."""


def available() -> bool:
    """Whether programs can be compiled here: the system, the processor, llvmlite, and libm where Python has it."""
    if sys.platform not in SYSTEMS or os.uname().machine not in FAULTS or find_spec("llvmlite") is None:
        return False
    import ctypes

    import llvmlite

    process = ctypes.CDLL(None)
    recent = tuple(int(part) for part in llvmlite.__version__.split(".")[:2]) >= OLDEST
    return recent and all(hasattr(process, name) for name in (*FUNCTIONS, "feclearexcept", "fetestexcept"))


class Machine:
    """A program's loop over updates, compiled."""

    def __init__(self, program: Program, recorded: bool) -> None:
        import ctypes

        from backtrace.straight import llvm

        process = ctypes.CDLL(None)
        self._engine = _engine(llvm.source(program, recorded), llvm.PREFIX, process)
        arguments = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p]
        address = self._engine.get_function_address("run")
        self._run: Callable[..., int] = ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(address)
        self._clear, self._test = process.feclearexcept, process.fetestexcept
        self._faults = FAULTS[os.uname().machine]

    def run(self, values: int, constants: int, made: int, count: int, losses: int, rows: int) -> int | None:
        """How many updates were made; None where Python's arithmetic may have raised an error on the way.

        All but the counts are addresses of float64 numbers, of rows 0 where nothing is recorded; ``values`` are
        replaced in any case.
        """
        self._clear(self._faults)
        found = self._run(values, constants, made, count, losses, rows)
        return None if self._test(self._faults) else found


def _engine(source: str, prefix: str, process: Any) -> Any:
    """The compiled module, with the functions of libm that Python's math has."""
    import ctypes

    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    for name in FUNCTIONS:
        address = ctypes.cast(getattr(process, name), ctypes.c_void_p).value
        binding.add_symbol(prefix + name, address)
    module = binding.parse_assembly(source)
    target = binding.Target.from_default_triple().create_target_machine(opt=2)
    builder = binding.create_pass_builder(target, binding.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)
    engine = binding.create_mcjit_compiler(module, target)
    engine.finalize_object()
    return engine
