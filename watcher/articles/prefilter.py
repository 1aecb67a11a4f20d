"""The prefilter between fetch and extraction: decides cheaply whether any watch can match a page. Most pages end here.

It is sound: it searches all text that an article may be extracted from, and takes every tag for a possible edge of a
word and for a possible middle of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence, Set
from html import unescape
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, MatchKind
from selectolax.lexbor import LexborHTMLParser, LexborNode

from watcher.articles.lexbor import parse_html
from watcher.articles.markup import holds_markup, resolved
from watcher.model import Needle
from watcher.text import fold, is_word_character
from watcher.text.ascii_fold import BareNeedles
from watcher.text.automaton import form_of

JOINT = "\x01"  # separates two text nodes: an edge or the middle of a word
_ACCENTS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328"
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_UNSEEN = ("iframe", "noembed", "noframes")  # a browser shows the texts around them as one
_RAW_TEXT = (*_UNSEEN, "xmp", "noscript", "textarea")
_ELSEWHERE = ", ".join(("script[type*='ld+json' i]", "[data-preloaded]", "template", *_RAW_TEXT))
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u9fff]")
_LONGEST_ENDING = 2  # -s, -es, -n, -en; 's is separated by its apostrophe
_DEEPEST = 3


class Prefilter:
    """Needles, compiled once. A prefilter without needles passes no page."""

    def __init__(self, needles: Sequence[Needle]) -> None:
        letters = [needle.letters for needle in needles]
        self._inside = [needle.inside_words or bool(_UNSPACED.search(needle.letters)) for needle in needles]
        self._automaton = AhoCorasick(
            letters, matchkind=MatchKind.Standard, implementation=form_of(letters), store_patterns=False
        )
        self._bare = BareNeedles(letters)

    def may_match(self, text: str) -> bool:
        """Returns whether a needle may occur in `text` as a word, given its joints."""
        return any(True for _ in self.needles_in(text))

    def needles_in(self, text: str) -> Iterator[int]:
        """Yields what `occurring` yields. Of most texts a faster search shows that they have no needle."""
        return self.occurring(text) if self._bare.may_be_in(text) else iter(())

    def occurring(self, text: str) -> Iterator[int]:
        """Yields the indices of the needles in `text` as they are found, possibly several times."""
        for accent in _ACCENTS:
            if accent in text:  # a letter and its accent may be in two tags
                text = text.replace(JOINT + accent, accent)
        folded = fold(text).text
        pieces = folded.replace("-", " ").replace(JOINT, " ").split()
        squeezed = "".join(pieces)
        found = self._automaton.find_matches_as_indexes(squeezed, overlapping=True)
        if found:
            edges = set(accumulate(map(len, pieces), initial=0))
            inside = self._inside
            yield from (
                needle for needle, start, end in found if inside[needle] or _is_whole(squeezed, edges, start, end)
            )


def _is_whole(squeezed: str, edges: Set[int], start: int, end: int) -> bool:
    """Returns whether `squeezed[start:end]` is a whole word, endings aside. `edges`: the offsets between its pieces."""
    if start not in edges and is_word_character(squeezed[start - 1]) and is_word_character(squeezed[start]):
        return False
    following = range(end, end + _LONGEST_ENDING + 1)
    return any(offset in edges or not is_word_character(squeezed[offset]) for offset in following)


def texts_of(tree: LexborHTMLParser, depth: int = 0) -> Iterator[str]:
    """Yields the texts of a page, the visible one last. Removes invisible elements from the tree.

    `depth`: how many pages enclose this quoted or hidden one; no reader looks deeper than `_DEEPEST`.
    """
    if depth < _DEEPEST:
        yield from _stated(tree, depth + 1)
        for element in tree.css(_ELSEWHERE):
            yield from _texts_in(element, depth + 1)
    tree.strip_tags(["script", "style", *_UNSEEN])
    if tree.root is not None:
        visible = tree.root.text(deep=True, separator=JOINT)
        if holds_markup(visible):  # escaped twice: an article resolves it, see `lines.tidy`
            yield resolved(visible)
        yield visible


def _stated(tree: LexborHTMLParser, depth: int) -> Iterator[str]:
    """Yields the contents of the meta elements, joined if none holds markup: many pages have more than thirty."""
    contents = [meta.attributes.get("content") or "" for meta in tree.tags("meta")]
    together = JOINT.join(contents)
    if "<" in together or "&" in together:
        for content in contents:
            yield from _stages(content, depth)
    else:
        yield together


def _texts_in(element: LexborNode, depth: int) -> Iterator[str]:
    """Yields the texts of an element beside its visible text."""
    if element.tag == "script":
        yield from _strings(element.text(deep=True), depth)
    elif element.tag == "template":
        yield from texts_of(parse_html(element.inner_html or ""), depth)
    elif element.tag in _RAW_TEXT:
        yield (inner := element.text(deep=True))
        if "<" in inner:
            yield from texts_of(parse_html(inner), depth)
    if loaded := element.attributes.get("data-preloaded"):  # trafilatura's baseline reads it
        yield from _strings(loaded, depth)


def _strings(source: str, depth: int) -> Iterator[str]:
    """Yields every string of a JSON text, or the raw text if it holds no escapes; a broken text is unescaped whole."""
    plain = source.replace("\\/", "/")
    if not any(sign in plain for sign in "\\<&"):
        yield plain
        return
    try:
        value = json.loads(source, strict=False)
    except (ValueError, RecursionError):
        yield from _stages(_ESCAPE.sub(_unescaped, source), depth)
        return
    for text in _strings_in(value):
        yield from _stages(text, depth)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return " " if escape[2] in "bfnrt" else escape[2]


def _strings_in(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        this = waiting.pop()
        if isinstance(this, str):
            yield this
        elif isinstance(this, dict):
            waiting += this.values()
        elif isinstance(this, list):
            waiting += this


def _stages(text: str, depth: int) -> Iterator[str]:
    """Yields a text raw, with entities resolved once and twice, and parsed where it may be markup.

    Readers resolve some texts further than others.
    """
    for _ in range(3):
        yield text
        if "<" in text:
            yield from texts_of(parse_html(text), depth)
        resolved = unescape(text) if "&" in text else text
        if resolved == text:
            return
        text = resolved
