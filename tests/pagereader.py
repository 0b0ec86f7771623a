"""Reads a page of HTML as a program would, and refuses what no page of ours may hold."""

from __future__ import annotations

import re
from xml.etree import ElementTree

PAGE = {
    "a", "body", "data", "details", "div", "figure", "h1", "h2", "h3", "h4", "head", "header", "html", "li",
    "main", "meta", "nav", "p", "section", "span", "style", "summary", "sup", "table", "tbody", "td", "th",
    "thead", "title", "tr", "ul", "wbr",
}  # fmt: skip
MATH = {
    "math", "mfrac", "mi", "mn", "mo", "mover", "mrow", "mspace", "msqrt", "msub", "msubsup", "msup", "mtable",
    "mtd", "mtext", "mtr", "munder",
}  # fmt: skip
SVG = {
    "circle", "desc", "g", "line", "path", "rect", "svg", "text", "tspan",
}  # fmt: skip
TOKENS = {
    "mi", "mn", "mo", "mtext",
}  # fmt: skip
ATTRIBUTES = {
    "accent", "aria-label", "charset", "class", "content", "cx", "cy", "d", "data-key", "fence", "form",
    "height", "href", "http-equiv", "id", "lang", "name", "r", "role", "rspace", "rx", "scope", "stretchy",
    "style", "tabindex", "text-anchor", "transform", "value", "viewBox", "width", "x", "x1", "x2", "xmlns", "y",
    "y1", "y2",
}  # fmt: skip
STYLES = re.compile(r"--bt-(fit:[\d.]+pt|least:\d+px)|stroke-width:[\d.]+px")


def read(page: str) -> ElementTree.Element:
    """The page as a tree, whose elements and attributes are all known and whose links stay on it."""
    root = ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    for node in root.iter():
        node.tag = node.tag.removeprefix("{http://www.w3.org/2000/svg}")
        assert node.tag in PAGE | MATH | SVG, node.tag
        assert set(node.attrib) <= ATTRIBUTES, (node.tag, node.attrib)
        assert node.get("href", "#").startswith("#")
        assert STYLES.fullmatch(node.get("style", "--bt-fit:1pt")), node.attrib
        between = [node.text, *(child.tail for child in node)]
        if node.tag in MATH - TOKENS:
            assert not "".join(filter(None, between)).strip(), ElementTree.tostring(node)
    return root


def text(node: ElementTree.Element) -> str:
    """All words below a node."""
    return "".join(node.itertext())


def figures(root: ElementTree.Element) -> list[tuple[str, str, str]]:
    """Of each number its key, its text for programs, and what a reader sees, as a program writes it."""
    return [(node.get("data-key", ""), node.get("value", ""), seen(node)) for node in root.iter("data")]


def seen(node: ElementTree.Element) -> str:
    """The number that a reader sees: 1.5·10⁻⁹ as 1.5e-09."""
    power = node.find("span/sup")
    digits = (node.text or "").rstrip("\u2007\u2008").replace("\u2212", "-")
    return digits + (f"e{int((power.text or '').replace(chr(0x2212), '-')):+03d}" if power is not None else "")
