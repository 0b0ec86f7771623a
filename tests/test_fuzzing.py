"""Inputs with faults put into them by seeds: each is answered or refused, in bounds; many still mean something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing.inputs import FRAME, Input, made
from tests.fuzzing.trying import tally, tried

CHUNK = 250
COUNTS = {"configs": 2000, "equations": 2000, "figures": 1000}
WHOLLY = 8
"""Every so manieth is shown too; `python -m tests.fuzzing` shows all."""
CHUNKS = [(kind, first) for kind, count in COUNTS.items() for first in range(0, count, CHUNK)]
SHARES = {"configs": (0.4, 0.2), "equations": (0.4, 0.1), "figures": (0.15, 0.1)}
"""At least so many pass the loader and reach the executor; a chunk may be a tenth of the inputs below it by chance."""


@pytest.mark.parametrize(("kind", "first"), CHUNKS)
def test_an_input_with_faults_is_answered_or_refused(kind: str, first: int) -> None:
    found = tally((made(kind, seed) for seed in range(first, first + CHUNK)), WHOLLY)
    print(found)
    assert not found.wrong, f"{len(found.wrong)} wrong; {kind} {found.wrong[0].input.seed}: {found.wrong[0].wrong}"
    passed, reached = (count / CHUNK for count in found.reached[:2])
    least, computed = SHARES[kind]
    assert passed > least - 0.1
    assert reached > computed - 0.1


FOUND = {
    "the last update leaves the domain of log": ("equations", FRAME + "equations: {z: log(p + B)}\nminimize: sum(z)\n"),
    "the last update leaves the domain of a power": ("equations", FRAME + "equations: {z: -p**x}\nminimize: sum(z)\n"),
    "a part by name, without an index": ("equations", FRAME + "equations: {z: index(W)}\nminimize: sum(z)\n"),
    "a line separator before a figure": ("figures", "{z1: \u20280.3775, z2: 0.3925, h1: 0.593269992}"),
    "the smallest number there is": ("figures", '{"z1": 0.3775, "h1": 5e-324}'),
    "a figure near the greatest number": ("figures", '{"z": [0.3775, 0.3925, 1e+308]}'),
}
"""What the fuzzer found once."""


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once_is_answered(tmp_path: Path, name: str) -> None:
    kind, text = FOUND[name]
    found = tried(Input(kind, 0, "found.yaml", text.encode()), tmp_path)
    assert (found.wrong, found.reached) == ("", 3)
