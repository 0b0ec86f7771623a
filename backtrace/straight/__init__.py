"""Straight-line programs: equations as one list of statements on single numbers, which Python, C and LLVM all run.

``nodes`` is the language, ``lowering`` writes equations in it, ``schedule`` puts what is wanted in order, and
``program`` is a whole training step; ``python``, ``c`` and ``llvm`` are the languages it is written in.
"""
