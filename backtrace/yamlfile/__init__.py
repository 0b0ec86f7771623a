"""Reads YAML 1.2 into plain nodes that keep their place and their text; the only package that knows PyYAML."""

from backtrace.yamlfile.files import LARGEST_FILE
from backtrace.yamlfile.loader import DEEPEST, MOST_NODES, load, parse
from backtrace.yamlfile.nodes import Document, Kind, Node, Scalar, Value
from backtrace.yamlfile.source import LONGEST_TEXT

__all__ = [
    "DEEPEST",
    "LARGEST_FILE",
    "LONGEST_TEXT",
    "MOST_NODES",
    "Document",
    "Kind",
    "Node",
    "Scalar",
    "Value",
    "load",
    "parse",
]
