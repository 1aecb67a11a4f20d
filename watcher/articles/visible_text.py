"""Reads all visible text of a page, with the element of each piece: menus, teasers, captions and comments included.

Visible is the text of `<body>` outside of script, style, noscript and template, hidden elements too. Whether two pieces
of text belong to one word depends on style sheets, which nobody reads here: a page therefore has two readings, one that
joins words across the edges of `a`, `span` and unknown elements, and one that breaks them there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from watcher.articles.attribute_floods import drop_attribute_floods
from watcher.articles.blocks import BLOCKS
from watcher.articles.decoding import page_as_utf8
from watcher.articles.lexbor import parse_html

_UNSEEN = ["script", "style", "noscript", "template"]
_RAW_TEXT = frozenset({"iframe", "noembed", "noframes", "xmp"})  # their markup is text to the parser
_TYPOGRAPHIC = frozenset(
    {"abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark"}
    | {"nobr", "q", "s", "samp", "small", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr", "-comment"}
)
_OTHER_BLOCKS = frozenset({"br", "button", "center", "dir", "hgroup", "legend", "menu", "object", "optgroup", "search"})
_TAG = re.compile(r"<[^<>]*>")
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff"
    + "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_MOST_PLACED = 200_000  # pieces whose elements are remembered: the largest of 295 real pages has 7,000


# The edge between two pieces: none, a possible break of a word, a certain one. Plain numbers: an enum takes four times
# as long to compare.
_NONE, _POSSIBLE, _CERTAIN = 0, 1, 2
_EDGES = dict.fromkeys(_TYPOGRAPHIC, _NONE) | dict.fromkeys(BLOCKS | _OTHER_BLOCKS, _CERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a page: its text, in which each line is a block. `starts`: the offset of each piece."""

    text: str
    starts: tuple[int, ...]

    def piece_at(self, offset: int) -> tuple[int, int]:
        """Returns the number of the piece that holds an offset, and the offset in it."""
        number = bisect_right(self.starts, offset) - 1
        return number, offset - self.starts[number]


class VisibleText:
    """The pieces of visible text of one page in document order."""

    def __init__(self, page: bytes, content_type: str) -> None:
        self._tree = parse_html(drop_attribute_floods(page_as_utf8(page, content_type)))
        self._tree.strip_tags(_UNSEEN)
        self._edges: list[int] = []
        self._texts: list[str] = []
        self._nodes: list[LexborNode] = []
        if self._tree.body is not None:
            self._collect(self._tree.body)

    @property
    def length(self) -> int:
        """The number of characters of all pieces."""
        return sum(map(len, self._texts))

    def readings(self) -> tuple[Reading, Reading]:
        """Returns the reading with joined words first, then the one with broken words."""
        return self._reading(""), self._reading(" ")

    def element_of(self, piece: int) -> LexborNode | None:
        """Returns the element around a piece; None on a page with more pieces than are remembered."""
        return self._nodes[piece].parent if piece < len(self._nodes) else None

    def _reading(self, possible_break: str) -> Reading:
        between = ("", possible_break, "\n")
        parts: list[str] = []
        starts: list[int] = []
        offset = 0
        for edge, text in zip(self._edges, self._texts, strict=True):
            if separator := between[edge]:
                parts.append(separator)
                offset += 1
            starts.append(offset)
            parts.append(text)
            offset += len(text)
        return Reading(text="".join(parts), starts=tuple(starts))

    def _collect(self, body: LexborNode) -> None:
        """Walks over the body. Not recursive: the nesting depth is untrusted."""
        edges = _EDGES
        node: LexborNode | None = body.child
        depth, edge = 0, _CERTAIN
        while node is not None:
            tag = node.tag or ""
            if tag == "-text":
                edge = self._add(node, edge)
            else:
                if (here := edges.get(tag, _POSSIBLE)) > edge:
                    edge = here
                if (child := node.child) is not None:
                    node, depth = child, depth + 1
                    continue
            while (following := node.next) is None and depth > 0:
                parent = node.parent
                if parent is None:
                    return
                node, depth = parent, depth - 1
                if (here := edges.get(node.tag or "", _POSSIBLE)) > edge:
                    edge = here
            node = following

    def _add(self, node: LexborNode, edge: int) -> int:
        """Adds the text of a node. Returns the edge that remains: white space alone adds nothing to a certain one."""
        raw = node.text_content or ""
        if "<" in raw and (parent := node.parent) is not None and parent.tag in _RAW_TEXT:
            raw, edge = _TAG.sub(" ", raw), _CERTAIN
        text = " ".join(raw.split())
        if not text:
            if edge == _CERTAIN or not raw:
                return edge
            text = " "
        else:
            if not text.isprintable():
                text = _UNPRINTABLE.sub("", text)
            text = f"{' ' * (edge != _CERTAIN and raw[0].isspace())}{text}{' ' * raw[-1].isspace()}"
        self._edges.append(edge)
        self._texts.append(text)
        if len(self._nodes) < _MOST_PLACED:
            self._nodes.append(node)
        return _NONE
