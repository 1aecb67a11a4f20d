"""The cheap test between fetch and extraction: can any watch match this page at all? Most pages end here.

Sound by construction: it looks at everything that an article may be taken from, not at the article, and takes every
edge of a tag for a possible edge of a word and for a possible middle of one.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick, Implementation, MatchKind
from selectolax.lexbor import LexborHTMLParser, LexborNode

from watcher.articles.ascii_fold import bare_letters
from watcher.articles.attribute_floods import unstuffed
from watcher.articles.decoding import page_as_utf8
from watcher.model import Needle
from watcher.text import fold, is_word_character

JOINT = "\x01"  # stands between two text nodes: maybe the edge of a word, maybe the middle of one
_ACCENTS = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327\u0328"
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PIECES = re.compile(r"[^\s\x01-]+")
_UNSEEN = ("iframe", "noembed", "noframes")  # a browser shows what stands around them as one text
_RAW_TEXT = (*_UNSEEN, "xmp", "noscript", "textarea")
_ELSEWHERE = ", ".join(("script[type*='ld+json' i]", "[data-preloaded]", "template", *_RAW_TEXT))
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u3040-\u9fff]")
_LONGEST_ENDING = 2  # -s, -es, -n, -en; 's is parted by its apostrophe
_MANY = 1000
_TOO_MANY = 50_000  # needles: some of the letters stand on every page then, and a quick look shows nothing
_DEEPEST = 3


class Prefilter:
    """Needles, compiled once. An empty screen lets nothing through."""

    def __init__(self, needles: Sequence[Needle]) -> None:
        letters = [needle.letters for needle in needles]
        self._inside = [needle.inside_words or bool(_UNSPACED.search(needle.letters)) for needle in needles]
        implementation = Implementation.ContiguousNFA if len(letters) > _MANY else None
        self._automaton = AhoCorasick(
            letters, matchkind=MatchKind.Standard, implementation=implementation, store_patterns=False
        )
        bare = {bare_letters(each) for each in letters} if len(letters) <= _TOO_MANY else set()
        self._quick = BytesAhoCorasick(sorted(filter(None, bare))) if bare and all(bare) else None

    def may_match(self, text: str) -> bool:
        """Whether a needle stands in `text` as a word, as far as its joints let one tell."""
        return not self._cannot_stand(text) and any(True for _ in self.standing(text))

    def _cannot_stand(self, text: str) -> bool:
        """Whether a look at the bare letters is enough to say so; a fifth of the time of a whole one."""
        letters = bare_letters(text) if self._quick else None
        return self._quick is not None and letters is not None and not self._quick.find_matches_as_indexes(letters)

    def standing(self, text: str) -> Iterator[int]:
        """The numbers of the needles that stand in `text`, as they are found; one may come several times."""
        for accent in _ACCENTS:
            if accent in text:  # perhaps a letter and its accent in two tags
                text = text.replace(JOINT + accent, accent)
        folded = fold(text).text
        squeezed = "".join(folded.replace("-", " ").replace(JOINT, " ").split())
        found = self._automaton.find_matches_as_indexes(squeezed, overlapping=True)
        yield from (needle for needle, _, _ in found if self._inside[needle])
        yield from _whole(folded, found)


def prefiltered_text(page: bytes, content_type: str) -> str:
    """All text that an article may be taken from, the text nodes parted by `JOINT`."""
    return JOINT.join(texts_of(LexborHTMLParser(unstuffed(page_as_utf8(page, content_type)))))


def _whole(folded: str, found: Sequence[tuple[int, int, int]]) -> Iterator[int]:
    """Those of the finds, given as squeezed offsets, that are words of their own but for an ending."""
    pieces = list(_PIECES.finditer(folded)) if found else []
    begins = list(accumulate((piece.end() - piece.start() for piece in pieces), initial=0))

    def place(offset: int) -> int:
        number = bisect_right(begins, offset) - 1
        return pieces[number].start() + offset - begins[number]

    yield from (needle for needle, start, end in found if _is_whole(folded, place(start), place(end - 1) + 1))


def _is_whole(folded: str, start: int, end: int) -> bool:
    if start > 0 and is_word_character(folded[start - 1]) and is_word_character(folded[start]):
        return False
    rest = folded[end : end + _LONGEST_ENDING + 1]
    return len(rest) <= _LONGEST_ENDING or not all(map(is_word_character, rest))


def texts_of(tree: LexborHTMLParser, depth: int = 0) -> Iterator[str]:
    """The texts of a page, the visible one last. Takes off the tree what is not seen.

    `depth`: in how many other pages this one is quoted, or hidden; no reader looks further than `_DEEPEST`.
    """
    if depth < _DEEPEST:
        yield from _stated(tree, depth + 1)
        for element in tree.css(_ELSEWHERE):
            yield from _texts_in(element, depth + 1)
    tree.strip_tags(["script", "style", *_UNSEEN])
    if tree.root is not None:
        yield tree.root.text(deep=True, separator=JOINT)


def _stated(tree: LexborHTMLParser, depth: int) -> Iterator[str]:
    """What the meta elements say, which are more than thirty on many a page: together where no markup is among it."""
    contents = [meta.attributes.get("content") or "" for meta in tree.tags("meta")]
    together = JOINT.join(contents)
    if "<" in together or "&" in together:
        for content in contents:
            yield from _stages(content, depth)
    else:
        yield together


def _texts_in(element: LexborNode, depth: int) -> Iterator[str]:
    """What an element holds beside visible text."""
    if element.tag == "script":
        yield from _strings(element.text(deep=True), depth)
    elif element.tag == "template":
        yield from texts_of(LexborHTMLParser(element.inner_html or ""), depth)
    elif element.tag in _RAW_TEXT:
        yield (inner := element.text(deep=True))
        if "<" in inner:
            yield from texts_of(LexborHTMLParser(inner), depth)
    if loaded := element.attributes.get("data-preloaded"):  # trafilatura's baseline reads it
        yield from _strings(loaded, depth)


def _strings(source: str, depth: int) -> Iterator[str]:
    """Every string of a JSON text; of a broken one all of it, with its escapes undone. Where there is nothing to undo,
    the text as it stands shows them all."""
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
    """A text as it stands, with its entities resolved (twice: that is common), and as markup where it may be some:
    readers go further with one text than with another."""
    for _ in range(3):
        yield text
        if "<" in text:
            yield from texts_of(LexborHTMLParser(text), depth)
        resolved = unescape(text) if "&" in text else text
        if resolved == text:
            return
        text = resolved
