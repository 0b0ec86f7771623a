"""Expressions as numpy writes them, the samples along the first axis of every array that has them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from backtrace.errors import Fault, UsageError
from backtrace.export.helpers import HELPERS
from backtrace.expressions import Call, Expr, Name, Num, names
from backtrace.ops import TABLE, retyped
from backtrace.ops.base import Op
from backtrace.ops.complements import Settled
from backtrace.ops.constants import Constant
from backtrace.ops.elementwise import Elementwise
from backtrace.ops.extremes import First
from backtrace.ops.images import ROLES, Convolution
from backtrace.ops.movements import Movement, Scatter, Take
from backtrace.ops.reductions import OverAxes, OverSamples
from backtrace.ops.softmax import AlongAxis
from backtrace.ops.upstream import Upstream
from backtrace.straight.lowering import parsed

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly a text binds."""
SIGNS: Final[Mapping[str, tuple[str, int]]] = {
    "add": (" + ", SUM),
    "sub": (" - ", SUM),
    "mul": (" * ", PRODUCT),
    "div": (" / ", PRODUCT),
    "pow": ("**", POWER),
}
SAME: Final = {
    *("exp", "log", "log2", "log10", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh"),
    *("abs", "maximum", "minimum"),
}
"""Operations that numpy has under the same name."""
CALLED: Final = {
    "atan": "np.arctan",
    "max": "np.maximum",
    "min": "np.minimum",
    "pow": "np.power",
    "erf": "erf",
    "erfc": "erfc",
}
"""What numpy calls the functions in the texts of rules, where the name differs."""
REDUCED: Final = {"sum": "sum", "mean": "mean", "max": "max", "min": "min", "prod": "prod"}
OTHERS: Final = "--to python and --to c have a form for every operation"


class Text(NamedTuple):
    """Source, and how tightly it binds."""

    source: str
    binds: int = ATOM

    def within(self, binds: int) -> str:
        """In brackets, where what stands around it binds as tightly or more."""
        return self.source if self.binds >= binds else f"({self.source})"


class Forms:
    """Writes expressions, and remembers what they read and which functions they need."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.read: set[str] = set()
        self._functions: dict[str, str] = {}

    @property
    def reads_math(self) -> bool:
        """Whether a function needs the module math."""
        return any("math." in text for text in self._functions.values())

    def definitions(self) -> Iterator[str]:
        """The lines of the functions that were needed."""
        for text in self._functions.values():
            yield from ("", *text.splitlines(), "")

    def text(self, expr: Expr) -> Text:
        """An expression. Raises UsageError where numpy has no form of it."""
        if isinstance(expr, Name):
            self.read.add(expr.id)
            return Text(self.names[expr.id])
        if isinstance(expr, Num):
            return _number(float(expr.value))
        assert isinstance(expr, Call)
        op = TABLE[expr.op]
        for kind, form in FORMS.items():
            if isinstance(op, kind):
                return form(self, op, expr)
        found = op.contraction(expr)
        if found is not None:
            return self.contracted(expr, *found)
        combined = op.for_arrays(expr)
        if combined is not None:
            return self.text(retyped(combined))
        raise UsageError(Fault(f"--to numpy has no form for {op.name}", hint=OTHERS))

    def function(self, name: str, text: str) -> str:
        """The name of a function that is defined at the top."""
        self._functions.setdefault(name, text)
        return name

    def helper(self, name: str) -> str:
        """The name of a function of which the source stands here."""
        return self.function(name, HELPERS[name])

    # ── element by element ──

    def elements(self, op: Op, expr: Call) -> Text:
        """A sign between operands, a function of numpy, or one that is defined from the rule's own text."""
        assert isinstance(op, Elementwise)
        operands = [self.operand(arg, expr) for arg in expr.args]
        if expr.op in SIGNS:
            return _signed(expr.op, operands)
        if expr.op == "neg":
            return Text(f"-{operands[0].within(SIGN)}", SIGN)
        if expr.op in SAME:
            first, *rest = (operand.source for operand in operands)
            for operand in rest:
                first = f"np.{expr.op}({first}, {operand})"
            return Text(first if rest else f"np.{expr.op}({first})")
        body = parsed(op.on_arrays or op.scalar)
        read = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
        numbers = {name: value for name, value in {**op.options, **dict(expr.options)}.items() if name in read}
        letters = ", ".join([*op.letters, *numbers])
        name = self.function(op.name, f"def {op.name}({letters}):\n    return {self.rule(body).source}")
        values = [*(operand.source for operand in operands), *(_number(float(v)).source for v in numbers.values())]
        return Text(f"{name}({', '.join(values)})")

    def rule(self, node: ast.expr) -> Text:
        """A rule's text: conditions choose element by element."""
        match node:
            case ast.Name(id=name):
                return Text(name)
            case ast.Constant(value=int() | float() as value):
                return _number(value)
            case ast.UnaryOp(operand=operand):
                return Text(f"-{self.rule(operand).within(SIGN)}", SIGN)
            case ast.BinOp(left=left, op=sign, right=right):
                return _signed(BINARY[type(sign)], [self.rule(left), self.rule(right)])
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                between = COMPARED[type(sign)]
                return Text(f"{self.rule(left).source} {between} {self.rule(right).source}", 0)
            case ast.IfExp(test=test, body=body, orelse=other):
                return Text(f"np.where({', '.join(self.rule(part).source for part in (test, body, other))})")
            case ast.Call(func=ast.Name(id=name), args=args):
                called = self.helper(name) if name in HELPERS else CALLED.get(name, f"np.{name}")
                return Text(f"{called}({', '.join(self.rule(arg).source for arg in args)})")
        raise AssertionError(ast.dump(node))

    def operand(self, arg: Expr, result: Expr) -> Text:
        """An operand, with axes of size 1 after its samples where the result has more axes."""
        found = self.text(arg)
        missing = len(result.shape) - len(arg.shape)
        return self.aligned(found, missing) if arg.sampled and missing else found

    @staticmethod
    def aligned(text: Text, missing: int) -> Text:
        """An array with axes of size 1 after its samples."""
        return Text(f"{text.within(ATOM)}[:{', None' * missing}]")

    # ── sums ──

    def reduced(self, op: Op, expr: Call) -> Text:
        """A sum, a mean, the greatest, ... along axes of a sample."""
        assert isinstance(op, OverAxes)
        (arg,) = expr.args
        axes, keepdims = tuple(at - len(arg.shape) for at in op.axes(expr)), bool(expr.option("keepdims"))
        source = self.text(arg)
        if expr.op not in REDUCED:
            if expr.op not in HELPERS:
                raise UsageError(Fault(f"--to numpy has no form for {op.name}", hint=OTHERS))
            return Text(f"{self.helper(expr.op)}({source.source}, {axes}, {keepdims})")
        if not arg.shape:
            return source
        whole = len(axes) == len(arg.shape) and not arg.sampled
        options = [] if whole else [f"axis={axes[0] if len(axes) == 1 else axes}"]
        options += ["keepdims=True"] if keepdims else []
        return Text(f"{source.within(ATOM)}.{REDUCED[expr.op]}({', '.join(options)})")

    def over_samples(self, op: Op, expr: Call) -> Text:
        """The sum or the mean over the samples; what is the same for each counts as often as there are samples."""
        (arg,), mean = expr.args, expr.op == "mean_samples"
        found = op.contraction(expr)
        if found is not None:
            return self.contracted(expr, *found)
        if arg.sampled:
            return Text(f"{self.text(arg).within(ATOM)}.mean(axis=0)")
        return self.text(arg) if mean else _signed("mul", [self.text(arg), _number(expr.option("count"))])

    def along(self, op: Op, expr: Call) -> Text:
        """Softmax or its logarithm, along an axis counted from the end."""
        assert isinstance(op, AlongAxis)
        body = self.rule(parsed(op.array)).source
        lines = (
            f"def {op.name}(x, axis=-1):",
            "    x = x - x.max(axis=axis, keepdims=True)",
            "    total = np.exp(x).sum(axis=axis, keepdims=True)",
            f"    return {body}",
        )
        axis = op.axis(expr) - len(expr.shape)
        options = "" if axis == -1 else f", axis={axis}"
        return Text(f"{self.function(op.name, chr(10).join(lines))}({self.text(expr.args[0]).source}{options})")

    def contracted(self, expr: Call, letters: tuple[str, ...], result: str) -> Text:
        """A product of matrices, or a sum over samples of one; what is neither by the letters of its axes."""
        args: Sequence[Expr] = expr.args
        inner = args[0]
        if letters == (result,) and isinstance(inner, Call) and len(inner.args) == 2:  # over samples
            found = TABLE[inner.op].contraction(inner)
            if found is not None:
                renamed = str.maketrans(dict(zip(found[1], result, strict=True)))
                args, letters = inner.args, tuple(each.translate(renamed) for each in found[0])
        subscripts = [f"s{text}" if arg.sampled else text for text, arg in zip(letters, args, strict=True)]
        target = f"s{result}" if expr.sampled else result
        texts = [self.text(arg) for arg in args]
        if len(texts) == 1:
            return Text(f"{texts[0].within(ATOM)}.sum(axis=0)")
        return _product(texts, subscripts, target)

    # ── movements ──

    def moved(self, op: Op, expr: Call) -> Text:
        """The same elements elsewhere."""
        assert isinstance(op, Movement)
        if expr.op in MOVED and not (expr.sampled and expr.op not in MOVED_BY_SAMPLE):
            forms = MOVED_BY_SAMPLE if expr.sampled else MOVED
            return forms[expr.op](self, expr)
        if len(expr.args) == 1 and expr.args[0].sampled:
            places = _places(op.places(expr).source)
            return Text(f"{self.helper('moved')}({self.text(expr.args[0]).source}, {places})")
        raise UsageError(Fault(f"--to numpy has no form for {op.name} here", hint=OTHERS))


def _number(value: float) -> Text:
    if value == int(value) and abs(value) < 1e15:
        return Text(f"{int(value)}", ATOM if value >= 0 else SIGN)
    return Text(repr(value), ATOM if value >= 0 else SIGN)


BINARY: Final = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
COMPARED: Final = {ast.Gt: ">", ast.GtE: ">=", ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}


def _signed(name: str, operands: Sequence[Text]) -> Text:
    """Operands with a sign between them, from left to right."""
    sign, binds = SIGNS[name]
    if name == "pow":
        return Text(f"{operands[0].within(ATOM)}**{operands[1].within(POWER)}", POWER)
    first, *rest = operands
    return Text(first.within(binds) + "".join(sign + operand.within(binds + 1) for operand in rest), binds)


def _product(texts: Sequence[Text], letters: Sequence[str], result: str) -> Text:
    """Two arrays multiplied with ``@`` where their axes allow it, else by ``einsum``."""
    for a, b in ((0, 1), (1, 0)):
        left, right = letters[a], letters[b]
        inner = [letter for letter in left if letter in right and letter not in result]
        rows, columns = (text.replace(inner[0], "") if inner else text for text in (left, right))
        if len(inner) == 1 and max(len(left), len(right)) <= 2 and rows + columns == result:
            first = _turned(texts[a], left, left.endswith(inner[0]))
            return Text(
                f"{first.within(PRODUCT)} @ {_turned(texts[b], right, right.startswith(inner[0])).within(SIGN)}",
                PRODUCT,
            )
        if not inner and len(left) == len(right) == 1 and left + right == result:
            return Text(f"np.outer({texts[a].source}, {texts[b].source})")
    return Text(f'np.einsum("{",".join(letters)}->{result}", {texts[0].source}, {texts[1].source})')


def _turned(text: Text, letters: str, right: bool) -> Text:
    """A matrix, transposed where its axes stand the other way round."""
    return text if right or len(letters) < 2 else Text(f"{text.within(ATOM)}.T".replace(".T.T", ""))


def _places(places: Any) -> str:
    return f"np.array({np.asarray(places).tolist()})"


def _listed(forms: Forms, args: Sequence[Expr]) -> str:
    return f"[{', '.join(forms.text(arg).source for arg in args)}]"


def _key(key: Sequence[Any], sampled: bool) -> str:
    """What stands in brackets."""
    parts = [":"] if sampled else []
    for item in key:
        if isinstance(item, tuple) and item[0] == "slice":
            start, stop, step = ("" if part is None else str(part) for part in item[1:])
            parts.append(f"{start}:{stop}{':' + step if step else ''}")
        else:
            parts.append(_list(item) if isinstance(item, tuple) else str(item))
    return ", ".join(parts)


def _list(item: Any) -> str:
    return f"[{', '.join(map(_list, item[1:]))}]" if isinstance(item, tuple) else str(item)


def _one(forms: Forms, expr: Call) -> str:
    return forms.text(expr.args[0]).within(ATOM)


def _expanded(forms: Forms, expr: Call) -> Text:
    """Repeated along new axes."""
    by_sample, (first, *_) = int(expr.sampled), expr.args
    axes = tuple(at + by_sample for at in expr.option("axis"))
    inner = f"np.expand_dims({forms.text(first).source}, {axes})" if axes else forms.text(first).source
    if not expr.sampled:
        return Text(f"np.broadcast_to({inner}, {expr.shape})")
    return Text(f"({inner} + np.zeros({expr.shape}))")


Form = Callable[[Forms, Call], Text]
MOVED: Final[Mapping[str, Form]] = {
    "transpose": lambda forms, expr: Text(f"{_one(forms, expr)}.T"),
    "reshape": lambda forms, expr: Text(f"np.reshape({forms.text(expr.args[0]).source}, {expr.shape})"),
    "index": lambda forms, expr: Text(f"{_one(forms, expr)}[{_key(expr.option('key'), False)}]"),
    "stack": lambda forms, expr: Text(f"np.array({_listed(forms, expr.args)})"),
    "concat": lambda forms, expr: Text(f"np.concatenate({_listed(forms, expr.args)}, axis={expr.option('axis')})"),
    "diag": lambda forms, expr: Text(f"np.diag({forms.text(expr.args[0]).source})"),
    "expand": _expanded,
    "gather": lambda forms, expr: Text(
        f"{forms.helper('moved')}({_one(forms, expr)}[None], {_places(expr.option('places').array)})[0]"
    ),
}
MOVED_BY_SAMPLE: Final[Mapping[str, Form]] = {
    "transpose": lambda forms, expr: Text(f"np.moveaxis({_one(forms, expr)}.T, -1, 0)"),
    "reshape": lambda forms, expr: Text(f"{_one(forms, expr)}.reshape({(-1, *expr.shape)})"),
    "index": lambda forms, expr: Text(f"{_one(forms, expr)}[{_key(expr.option('key'), True)}]"),
    "expand": _expanded,
}


def _taken(forms: Forms, op: Op, expr: Call) -> Text:
    """Rows of a table by given whole numbers."""
    table, ids = expr.args
    at = f"{forms.text(ids).within(ATOM)}.astype(int)"
    if not table.sampled:
        return Text(f"{forms.text(table).within(ATOM)}[{at}]")
    raise UsageError(Fault("--to numpy has no form for rows of another table in each sample", hint=OTHERS))


def _constant(forms: Forms, op: Op, expr: Call) -> Text:
    """The numbers of a constant."""
    return Text(_places(op.compute(expr)))


def _first(forms: Forms, op: Op, expr: Call) -> Text:
    """1 at the first of the greatest or smallest."""
    (arg,) = expr.args
    axes = tuple(at - len(arg.shape) for at in expr.option("axis"))
    return Text(f"{forms.helper(expr.op)}({forms.text(arg).source}, {axes})")


def _upstream(forms: Forms, op: Op, expr: Call) -> Text:
    """The sum of products with given gradients."""
    terms = []
    for z, g in zip(expr.args[::2], expr.args[1::2], strict=True):
        term = _signed("mul", [forms.text(z), forms.text(g)]).within(ATOM)
        axes = tuple(range(-len(z.shape), 0))
        terms.append(Text(f"{term}.sum(axis={axes})" if axes else term))
    return terms[0] if len(terms) == 1 else _signed("add", terms)


def _convolved(forms: Forms, op: Op, expr: Call) -> Text:
    """The sums of products by places, those of the operands and of the result."""
    assert isinstance(op, Convolution)
    found, (result, roles) = op.parts(expr.args, dict(expr.options)), ROLES[expr.op]
    parts: list[object] = []
    for arg, role in zip(expr.args, roles, strict=True):
        parts += [forms.text(arg).source, _places(found.places[role])]
    parts += [_places(found.places[result]), expr.shape, *(arg.sampled for arg in expr.args)]
    return Text(f"{forms.helper('products')}({', '.join(map(str, parts))})")


def _scattered(forms: Forms, op: Op, expr: Call) -> Text:
    """Elements added where they came from."""
    places, source = _places(expr.option("places").array), _one(forms, expr)
    if not any(names(expr.args[0])):
        source = f"np.full({expr.args[0].shape}, {source})"
    if expr.args[0].sampled:
        return Text(f"{forms.helper('returned')}({source}, {places}, {expr.shape})")
    return Text(f"{forms.helper('returned')}({source}[None], {places}, {expr.shape})[0]")


def _settled(self: Forms, op: Op, expr: Call) -> Text:
    """What sums to 0 along an axis."""
    assert isinstance(op, Settled)
    axis = op.axis(expr) - len(expr.shape)
    v, y = (self.text(arg).source for arg in expr.args)
    return Text(f"{self.helper('settled')}({v}, {y}{'' if axis == -1 else f', axis={axis}'})")


FORMS: Final[Mapping[type[Any], Callable[[Forms, Op, Call], Text]]] = {
    Elementwise: Forms.elements,
    AlongAxis: Forms.along,
    OverAxes: Forms.reduced,
    OverSamples: Forms.over_samples,
    Take: _taken,
    Constant: _constant,
    First: _first,
    Upstream: _upstream,
    Convolution: _convolved,
    Movement: Forms.moved,
    Scatter: _scattered,
    Settled: _settled,
}
