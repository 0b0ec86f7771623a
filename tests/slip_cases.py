"""The cases of ``tests/slips``: sheets of figures that were published wrong, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from backtrace import yamlfile
from backtrace.build import build
from backtrace.comparison.expected import Expected, figures
from backtrace.comparison.locating import epochs
from backtrace.config import Config, from_document
from backtrace.keys import Keys
from backtrace.trace import Trace, run
from backtrace.yamlfile import Document, Node

FOLDER: Final = Path(__file__).parent / "slips"
ANYWHERE: Final = ""
"""The root of an answer that does not say which figure it is of."""


@dataclass(frozen=True)
class Case:
    """A published sheet with its network.

    ``answers`` says which slips may be named of which figure; none where no mistake may be named. ``silent`` says why
    nothing may be said of a figure as well. ``right`` are the figures that the source gives in their place.
    """

    name: str
    config: Config
    expected: Expected
    right: Expected | None
    answers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    convention: str = ""
    silent: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def trace(self) -> Trace:
        """What the program computes, with every epoch that the figures are of."""
        keys = Keys.of(build(self.config))
        keep = epochs(self.expected, keys) | (epochs(self.right, keys) if self.right else set())
        return run(self.config, keep=keep)

    @property
    def anything(self) -> frozenset[str]:
        """All slips that may be named of some figure."""
        return frozenset().union(*self.answers.values())


def cases() -> list[Case]:
    """All of them, by name."""
    return [read(path) for path in sorted(FOLDER.glob("*.yaml"))]


def read(path: Path) -> Case:
    """The case of a file."""
    root = yamlfile.parse(path.read_text(encoding="utf-8"), f"tests/slips/{path.name}").root
    text, expected, right = root.get("config"), root.get("expected"), root.get("right")
    assert text
    assert expected
    answers, convention = _answers(root.get("answer"))
    return Case(
        path.stem,
        from_document(yamlfile.parse(text.text, path.name)),
        figures(Document(expected, ())),
        figures(Document(right, ())) if right else None,
        answers,
        convention,
        _silent(root.get("silent")),
    )


def _answers(node: Node | None) -> tuple[dict[str, frozenset[str]], str]:
    """The slips by figure, and the convention."""
    assert node
    if node.text == "none":
        return {}, ""
    if convention := node.get("convention"):
        return {}, convention.text
    by_root = [(key.text, value) for key, value in node.items()] if node.kind == "mapping" else [(ANYWHERE, node)]
    return {root: frozenset(item.text for item in ids) for root, ids in by_root}, ""


def _silent(node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    if node.kind == "mapping":
        return {key.text: value.text for key, value in node.items()}
    return {ANYWHERE: node.text}
