"""What an exported program says in any language: the statements of an epoch under their headings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from backtrace.export.identifiers import Identifiers
from backtrace.export.sections import Section, sections
from backtrace.expressions import Element
from backtrace.graph import EPOCH, RATE, STOP, UPDATE, Equation, Graph
from backtrace.keys import Keys
from backtrace.ops import TABLE
from backtrace.ops.elementwise import Elementwise
from backtrace.records import dataclass
from backtrace.saved.cells import cell
from backtrace.straight.lowering import Lowering, parsed, places
from backtrace.straight.nodes import FUNCTIONS, Node
from backtrace.straight.schedule import Block, Inlined, block
from backtrace.straight.writing import Style, Writer

LETTERS = {"n": UPDATE, "k": EPOCH}
"""What the numbers of the update and of the epoch are called."""

Define = Callable[[str, Sequence[str], list[str], str], list[str]]
"""A function in a language: from its name, its letters, its statements and its result."""


@dataclass(frozen=True)
class Number:
    """A number and its variable; ``key`` and ``sample`` are the cells of its row, if it has one."""

    variable: str
    key: str
    sample: str
    node: Node
    array: str = ""
    """The array that it is an element of."""


@dataclass(frozen=True)
class Script:
    """An epoch of a graph in the words of a language.

    ``given`` are the values to begin with; ``functions`` the lines of those that the program defines, ``called`` the
    names of libm's; ``parts`` compute the ``numbers`` under their headings, after which each state of ``renewed``
    takes its new value. Where ``stop`` is not 0, training ends. ``fed`` are the variables that each of the ``batches``
    gives a value.
    """

    graph: Graph
    given: list[tuple[Number, float]]
    functions: list[str]
    called: list[str]
    letters: list[str]
    parts: list[tuple[str, list[str]]]
    numbers: list[Number]
    renewed: list[tuple[str, str]]
    stop: str
    fed: list[str]
    batches: list[list[float]]


def script(graph: Graph, style: Style, define: Define) -> Script:
    """The script of a graph whose epochs are all alike."""
    rows = {name: row for name, row in TABLE.items() if isinstance(row, Elementwise) and _is_a_function(row)}
    naming = _Naming(graph, Lowering(graph.samples, rows), Identifiers({*FUNCTIONS, *rows, *LETTERS}))
    given = list(naming.given())
    letters = {naming.lowering.variable(Element(name)): letter for letter, name in LETTERS.items()}
    numbers = {section: list(naming.computed(section.equations)) for section in sections(graph)}
    everything = [number for found in numbers.values() for number in found]
    wanted = [number.node for number in everything]
    whole = block(wanted, wanted)
    names = letters | {number.node: number.variable for number, _ in given}
    for number in everything:
        if not number.node.is_leaf:
            names.setdefault(number.node, number.variable)
    language = replace(style, functions={**style.functions, **{name: name for name in rows}})
    inlined = Inlined([whole], [(whole, (node,)) for node in wanted], {*names}, again=True).nodes
    definitions = _Definitions(rows, language, define)
    fed = dict.fromkeys(number.variable for number, _ in given if number.array in graph.data)
    return Script(
        graph=graph,
        given=[(number, value) for number, value in given if number.variable not in fed],
        fed=[*fed],
        batches=list(_batches(graph)),
        parts=list(_Parts(whole, Writer(language, names, inlined)).of(numbers)),
        functions=definitions.of(whole),
        called=sorted(definitions.called),
        letters=[letters[node] for node in letters if any(node in read for _, read in whole.users())],
        numbers=[number for number in everything if number.key],
        renewed=naming.renewed(),
        stop=next((number.variable for number in everything if number.variable == "stop"), ""),
    )


def _batches(graph: Graph) -> Iterator[list[float]]:
    """What each batch of an epoch, or each epoch of one update, gives the given arrays that are fed."""
    schedule = graph.schedule
    if schedule is not None:
        epochs = schedule.epochs()
        batches = [batch for epoch in epochs for batch in epoch] if schedule.in_turn else next(epochs)
        for batch in batches:
            values = graph.batch(batch)
            yield [number for name in graph.givens if name in values for number in values[name].ravel().tolist()]


def _is_a_function(row: Elementwise) -> bool:
    """Whether a row stays a function: one of one operand that is more than a call or a sign."""
    return len(row.letters) == 1 and isinstance(parsed(row.scalar), ast.IfExp | ast.BinOp)


@dataclass
class _Naming:
    """Gives every number its variable and its key."""

    graph: Graph
    lowering: Lowering
    identifiers: Identifiers

    def __post_init__(self) -> None:
        self.keys = Keys.of(self.graph)
        self.variables: dict[Element, str] = {}

    def number(self, element: Element, node: Node, shown: bool = True) -> Number:
        """A number under its key; one that no report shows has no row."""
        if element.name == STOP:
            return Number("stop", "", "", node)
        text = self.keys.text(element) if shown else f"{element.name}{list(element.index) or ''}"
        self.variables[element] = variable = self.identifiers.of(text)
        if not shown:
            return Number(variable, "", "", node)
        sample = "" if element.sample is None else str(element.sample + 1)
        return Number(variable, cell(text.removesuffix(f"#{sample}")), sample, node, element.name)

    def given(self) -> Iterator[tuple[Number, float]]:
        """What the program begins with: given values, the optimiser's states, the learning rate."""
        graph, types = self.graph, self.graph.types
        arrays = {name: given.values for name, given in graph.givens.items()} | dict(graph.states)
        for name, array in arrays.items():
            for place, value in zip(places(types[name], graph.samples), array.ravel().tolist(), strict=True):
                element = Element(name, *place)
                yield self.number(element, self.lowering.variable(element)), value
        if graph.learning_rate is not None and RATE not in {equation.name for equation in graph.step}:
            yield Number(self.identifiers.of(RATE), "", "", self.lowering.variable(Element(RATE))), graph.learning_rate

    def computed(self, equations: Sequence[Equation]) -> Iterator[Number]:
        """The numbers of some equations."""
        for equation in equations:
            nodes = self.lowering.equation(equation)
            for place, node in zip(places(equation.type, self.graph.samples), nodes, strict=True):
                yield self.number(Element(equation.name, *place), node, not equation.hidden)

    def renewed(self) -> list[tuple[str, str]]:
        """Each state with its new value."""
        return [
            (self.variables[Element(equation.state, *place)], self.variables[Element(equation.name, *place)])
            for equation in self.graph.updates
            if equation.state
            for place in places(equation.type, self.graph.samples)
        ]


@dataclass
class _Parts:
    """The statements of a block under the headings of the numbers they compute."""

    whole: Block
    writer: Writer

    def of(self, numbers: dict[Section, list[Number]]) -> Iterator[tuple[str, list[str]]]:
        """Each heading with its statements."""
        waiting = iter(self.whole.nodes)
        done = set[Node]()
        for section, found in numbers.items():
            lines = []
            for number in found:
                while not number.node.is_leaf and number.node not in done:
                    node = next(waiting)
                    done.add(node)
                    if node not in self.writer.inlined:
                        lines += self.writer.statement(node, self.whole)
                if self.writer.names.get(number.node) != number.variable:  # it equals another, or a literal
                    text = self.writer.text(number.node)
                    lines.append(self.writer.style.declaration + self.writer.style.assign(number.variable, text))
            if lines:
                yield section.title, lines


@dataclass
class _Definitions:
    """The functions that a program calls, those it defines before what reads them."""

    rows: dict[str, Elementwise]
    style: Style
    define: Define

    def __post_init__(self) -> None:
        self.called: set[str] = set()
        self.lines: dict[str, list[str]] = {}

    def of(self, whole: Block) -> list[str]:
        """The lines of all functions that a block calls, and those that they call."""
        for node in whole.everything():
            if node.op in FUNCTIONS:
                self.called.add(node.op)
            elif node.op in self.rows and node.op not in self.lines:
                definition = self.defined(node.op)  # what it calls comes first
                self.lines[node.op] = definition
        return [line for lines in self.lines.values() for line in lines]

    def defined(self, name: str) -> list[str]:
        """The definition of a row's function, after those of the functions that it calls."""
        row, lowering = self.rows[name], Lowering(kept=self.rows)
        letters = {letter: lowering.variable(Element(letter)) for letter in (*row.letters, *row.options)}
        result = lowering.row(row, letters)
        whole = block([result])
        self.of(whole)
        inlined = Inlined([whole], [(whole, (result,))], again=True).nodes
        writer = Writer(self.style, {node: letter for letter, node in letters.items()}, inlined)
        return self.define(name, list(letters), list(writer.lines(whole)), writer.text(result))
