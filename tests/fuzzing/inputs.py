"""What the fuzzer starts from, and the input it makes of that by a seed: configs, equations, expected figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from backtrace.errors import BacktraceError
from backtrace.yamlfile import Node, parse
from tests.fuzzing import equations, texts, values
from tests.runner import ROOT

LARGEST = 1_600
"""Characters of a file to start from: small ones are tried in a hundredth of a second."""
SHORT = 100
"""So many characters more or less make no difference."""
CORPUS = ROOT / "tests" / "badinputs" / "files"


@dataclass(frozen=True)
class Start:
    """A file to start from: its text, and what it says where that is plain."""

    name: str
    text: str
    value: Any


@dataclass(frozen=True)
class Input:
    """One input of the fuzzer, as the bytes of a file under a name."""

    kind: str
    seed: int
    name: str
    data: bytes


def made(kind: str, seed: int) -> Input:
    """The input of a kind that a seed stands for, the same in every run."""
    name, data = MAKERS[kind](Random(f"{kind} {seed}"))
    return Input(kind, seed, name, data)


# ── starts ─────────────────────────────────────────────────────────────────────────────────────────────


def _start(path: Path) -> Start | None:
    data = path.read_bytes()
    if len(data) > LARGEST:
        return None
    text = data.decode(errors="replace")
    try:
        node = parse(text, path.name)
    except BacktraceError:
        return Start(path.name, text, None)
    return Start(path.name, text, None if node.faults else plain(node.root))


def plain(node: Node) -> Any:
    """A node as values of Python, written again as it was read."""
    if node.kind == "mapping":
        return {plain(key): plain(value) for key, value in node.items()}
    if node.kind == "list":
        return [plain(each) for each in node]
    return node.value


def _one(starts: Sequence[Start], random: Random) -> Start:
    """A start: of one that is twice as long, half as many inputs are made, which take twice as long each."""
    return random.choices(starts, [1 / (SHORT + len(each.text)) for each in starts])[0]


def _starts(paths: Iterable[Path]) -> list[Start]:
    return list(filter(None, map(_start, sorted(paths))))


@cache
def _good() -> list[Start]:
    """Configs that run."""
    examples = [path for path in (ROOT / "configs").rglob("*.yaml") if ".expected" not in path.name]
    return [each for each in _starts([*examples, *CORPUS.glob("ok-*.yaml")]) if isinstance(each.value, dict)]


@cache
def _bad() -> list[Start]:
    """Configs that are refused, most of them."""
    return _starts([path for path in CORPUS.glob("*.yaml") if not path.name.startswith(("ok-", "fig-"))])


@cache
def _figures() -> list[Start]:
    """Expected files in YAML and JSON."""
    good = _starts([*(ROOT / "configs").glob("*.expected.yaml"), CORPUS / "ok-diff.yaml"])
    return [*_starts(CORPUS.glob("fig-*.*")), *good, *good, *good, *good]


@cache
def _expressions() -> list[str]:
    """Every text of the starts that stands in an equation's place."""
    found: dict[str, None] = {}
    for start in (*_good(), *_bad()):
        section = start.value.get("equations") if isinstance(start.value, dict) else None
        if isinstance(section, dict):
            found |= dict.fromkeys(text for text in section.values() if isinstance(text, str) and len(text) < 200)
    return list(found)


# ── makers ─────────────────────────────────────────────────────────────────────────────────────────────

TEXT = 0.25
"""The share of inputs that are edited as text; of others the values are, which leaves YAML that can be read."""
FEW = (1, 1, 1, 1, 2, 3)


def _config(random: Random) -> tuple[str, bytes]:
    start = _one(_good() if random.random() < 0.9 else _bad(), random)
    if random.random() < TEXT or not isinstance(start.value, dict):
        return "fuzz.yaml", _edited(start.text, random, random.choice(_good()).text)
    value = start.value
    for _ in range(random.choice(FEW)):
        value = values.changed(value, random, random.choice(_good()).value, equations.changed)
    return "fuzz.yaml", _written(value, random)


def _edited(text: str, random: Random, other: str) -> bytes:
    for _ in range(random.choice(FEW)):
        text = texts.edited(text, random, other)
    data = text.encode(errors="replace")
    return texts.in_bytes(data, random) if random.random() < 0.1 else data


def _written(value: Any, random: Random) -> bytes:
    if random.random() < 0.3:
        return json.dumps(value, ensure_ascii=random.random() < 0.5).encode()
    width = random.choice((40, 100))
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=width).encode()


# Names of every shape, so that one equation can be about any of them.
FRAME = """
inputs: {s: 0.7, x: [0.5, -1.5], u: [1.0, 2.0, 3.0]}
parameters: {p: 0.3, W: [[0.1, 0.2, 0.3], [0.4, -0.5, 0.6]], B: [[1.0, 0.0], [0.5, 2.0]]}
learning_rate: 0.1
"""


def _equation(random: Random) -> tuple[str, bytes]:
    if random.random() < 0.6:
        text = equations.made(random, random.randrange(1, 5))
        if random.random() < 0.3:
            text = equations.changed(text, random)
    else:
        text = equations.changed(random.choice(_expressions()), random)
    end = "minimize: sum(z + 0*p)" if random.random() < 0.7 else "minimize: z"
    return "fuzz.yaml", f"{FRAME}equations: {{z: {json.dumps(text)}}}\n{end}\n".encode(errors="replace")


def _expected(random: Random) -> tuple[str, bytes]:
    return random.choice((_expected_tree, _expected_text, _expected_csv))(random)


def _expected_tree(random: Random) -> tuple[str, bytes]:
    start = random.choice([each for each in _figures() if isinstance(each.value, dict)])
    value = values.changed(start.value, random, random.choice(_good()).value, lambda text, _: _figure(text, random))
    if random.random() < 0.5:
        return "fuzz.yaml", _written(value, random)
    return "fuzz.json", json.dumps(value).encode()


def _expected_text(random: Random) -> tuple[str, bytes]:
    start = random.choice(_figures())
    return random.choice(("fuzz.yaml", start.name)), _edited(start.text, random, random.choice(_figures()).text)


def _figure(text: str, random: Random) -> str:
    """A figure as people write it, in place of one."""
    ends = ("", "e-3", "…", "...", " ± 0.1", "%", " cm", "±1e-3", "\u202e", "^2", "/3")
    return random.choice((text, "0.5", "−0,5", "~0.2", "1 000", "1/3", "≈ 3", "2·10^-3")) + random.choice(ends)


HEADS = ("key,value", "epoch,key,value", "key;value", "epoch,sample,key,value", "\ufeffkey,value", "key\tvalue", "key")
KEYS = (
    "h1", "z1", "E_tot", "dE_tot/dU11", "W11+", "W", "U[1,2]", "h1#2", "h1@3", "h1@9", "h1@1000000000", "do1/dt1", "q",
    "local(h1, z1)", "via(E_tot, h1, t1)", "=1+1", "\u202eW", "h1@1.2", "W[9,9]", "dE/dW", "E", "[red]", "W11@-1",
)  # fmt: skip


def _expected_csv(random: Random) -> tuple[str, bytes]:
    head = random.choice(HEADS)
    mark = next((each for each in ";\t" if each in head), ",")
    rows = [head]
    for _ in range(random.randrange(0, 6)):
        cells = {
            "epoch": random.choice(("1", "2", "x", "")),
            "sample": random.choice(("1", "0", "")),
            "key": random.choice(KEYS),
        }
        cells["value"] = _figure(f"{random.uniform(-1, 1):.{random.randrange(1, 12)}f}", random)
        rows.append(mark.join(cells.get(name, "") for name in head.lstrip("\ufeff").split(mark)))
    text = random.choice(("\n", "\r\n")).join(rows)
    return "fuzz.csv", _edited(text, random, "") if random.random() < 0.5 else text.encode()


MAKERS: dict[str, Callable[[Random], tuple[str, bytes]]] = {
    "configs": _config,
    "equations": _equation,
    "figures": _expected,
}
KINDS: Sequence[str] = tuple(MAKERS)
