"""The order in which nodes are computed: what is wanted and no more, what a branch alone reads in that branch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field

from backtrace.records import dataclass
from backtrace.straight.nodes import CHOICE, Node

TALLEST = 40
"""Expressions nested more deeply are cut: what reads and compiles programs may go down a level a bracket."""


@dataclass(frozen=True)
class Block:
    """Nodes in the order of computation; a choice has a block for either value, with what only that one needs."""

    nodes: list[Node]
    branches: dict[Node, tuple[Block, Block]] = field(default_factory=dict)

    def users(self) -> Iterator[tuple[Block, tuple[Node, ...]]]:
        """The nodes that are read, with the block that reads them."""
        for node in self.nodes:
            if node in self.branches:
                yield self, node.args[:1]
                for branch, result in zip(self.branches[node], node.args[1:], strict=True):
                    yield from branch.users()
                    yield branch, (result,)
            else:
                yield self, node.args

    def everything(self) -> Iterator[Node]:
        """All nodes, those of branches too."""
        yield from self.nodes
        for pair in self.branches.values():
            for branch in pair:
                yield from branch.everything()

    def part(self, nodes: Collection[Node]) -> Block:
        """Some of its nodes."""
        return Block([node for node in self.nodes if node in nodes], self.branches)


def block(wanted: Iterable[Node], named: Collection[Node] = ()) -> Block:
    """What has to be computed for the wanted nodes.

    What is named is computed wherever it is read, also if only a branch reads it.
    """
    wanted = list(wanted)
    everything = _reached(wanted, lazily=False, done=[])
    return _block([*wanted, *(everything & {*named})], [])


def _block(wanted: Iterable[Node], done: list[set[Node]]) -> Block:
    """``done`` is what the blocks around it compute."""
    found = _reached(wanted, lazily=True, done=done)
    nodes = sorted(found, key=lambda node: node.number)
    inner = [*done, found]
    chosen = [node for node in nodes if node.op == CHOICE]
    return Block(nodes, {node: (_block(node.args[1:2], inner), _block(node.args[2:], inner)) for node in chosen})


def _reached(wanted: Iterable[Node], lazily: bool, done: list[set[Node]]) -> set[Node]:
    """All that is read on the way to the wanted nodes; lazily: no branches."""
    found = set[Node]()
    waiting = list(wanted)
    while waiting:
        node = waiting.pop()
        if node.is_leaf or node in found or any(node in others for others in done):
            continue
        found.add(node)
        waiting.extend(node.args[:1] if lazily and node.op == CHOICE else node.args)
    return found


def depending(nodes: Iterable[Node], moving: Collection[Node]) -> set[Node]:
    """Of all that is read on the way to some nodes: what depends on others, these included."""
    found = {*moving}
    for node in sorted(_reached(nodes, lazily=False, done=[]), key=lambda node: node.number):
        if not found.isdisjoint(node.args):
            found.add(node)
    return found


@dataclass
class Inlined:
    """What is written where it is read: nodes that are read once, in the block that computes them.

    Args:
        blocks: where nodes are computed.
        tails: what is read after each block, once for each time.
        kept: what has a statement of its own.
        again: whether what is short is written wherever it is read, for those who read the program.
    """

    blocks: Iterable[Block]
    tails: Iterable[tuple[Block, tuple[Node, ...]]] = ()
    kept: Collection[Node] = ()
    again: bool = False
    nodes: set[Node] = field(default_factory=set)
    _uses: Counter[Node] = field(default_factory=Counter)
    _reader: dict[Node, Block] = field(default_factory=dict)
    _height: dict[Node, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        blocks = list(self.blocks)
        for user, read in (*(each for found in blocks for each in found.users()), *self.tails):
            self._uses.update(read)
            self._reader.update(dict.fromkeys(read, user))
        for found in blocks:
            self._decide(found)

    def _decide(self, found: Block) -> None:
        for node in found.nodes:
            branches = found.branches.get(node, ())
            for branch in branches:
                self._decide(branch)
            self._height[node] = 1 + max((self._height[arg] for arg in node.args if arg in self.nodes), default=0)
            whole = all(inner in self.nodes for branch in branches for inner in branch.nodes)
            once = self._uses[node] == 1 and self._reader[node] is found
            short = self.again and self._height[node] == 1
            if whole and (once or short) and node not in self.kept and self._height[node] < TALLEST:
                self.nodes.add(node)
