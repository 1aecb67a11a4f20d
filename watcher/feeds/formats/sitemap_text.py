"""Reads the text of a sitemap in pieces, so that 50 MB take no more memory than 50 kB.

    bytes | inflate gzip | decode | cut off the prolog | cut behind whole elements | repair references | pieces

Everything before the root is removed, and with it every DOCTYPE: no declared entity is ever expanded.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import AnyStr

from watcher.feeds.formats.repair import repaired_piece, root_name, root_start
from watcher.feeds.limits import MAX_SITEMAP, MAX_SITEMAP_ELEMENT
from watcher.text.charset import decode_pieces

URLSET, INDEX = "urlset", "sitemapindex"
_ROOTS = (URLSET, INDEX)
_OTHER_ROOTS = frozenset({"html", "rss", "rdf", "feed", "channel", "opml"})

_PIECE = _HEAD = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b\x08"
_MEGABYTE = 1024 * 1024
_LATE_ROOT = re.compile(r"<(?:[A-Za-z][\w.-]{0,30}:)?(urlset|sitemapindex)(?=[\s/>])")
_TAG = re.compile(r"""<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")
# Where a piece may end, and what hides such an end: each with its own end.
_MARK = r"</(?:{prefix})?(?:url|sitemap)\s{{0,20}}>|<!--|<!\[CDATA\["
_HIDDEN_UNTIL = {"<!--": "-->", "<![CDATA[": "]]>"}
_LONGEST_MARK = 64
_END = re.compile(r"</(?:[A-Za-z][\w.-]{0,30}:)?(?:urlset|sitemapindex)\s{0,20}>")


def is_sitemap(body: bytes, *, content_type: str = "") -> bool:
    """Returns whether a body is a sitemap or an index of sitemaps, plain or as gzip. Reads its beginning only."""
    head = _beginning(inflated_pieces(body), b"")
    ascii_head = head.replace(b"\0", b"") if b"\0" in head else head
    if b"urlset" not in ascii_head and b"sitemapindex" not in ascii_head:
        return False
    text = "".join(decode_pieces([head], content_type=content_type))
    return _root_of(text)[0] != ""


def inflated_pieces(body: bytes) -> Iterator[bytes]:
    """Yields a body in pieces of 64 KiB, a gzip file decompressed; broken or incomplete gzip ends early."""
    if not body.startswith(_GZIP_MAGIC):
        yield from (body[start : start + _PIECE] for start in range(0, len(body), _PIECE))
        return
    stream, position = zlib.decompressobj(wbits=31), 0
    pending = b""
    while True:
        if stream.eof:
            pending = stream.unused_data
        if not pending:
            pending, position = body[position : position + _PIECE], position + _PIECE
        if stream.eof:  # a file of several members
            if not pending.startswith(_GZIP_MAGIC[:1]):
                return
            stream = zlib.decompressobj(wbits=31)
        try:
            piece = stream.decompress(pending, _PIECE)
        except zlib.error:
            return
        if piece:
            yield piece
        elif not pending:
            return
        pending = stream.unconsumed_tail


class SitemapText:
    """The text of one sitemap. `root`: `urlset` or `sitemapindex`; `tag`: its start tag.

    `problem` is known when all pieces were taken: why the text ended before its end, "" if it did not.
    """

    def __init__(self, body: bytes, *, content_type: str) -> None:
        """`body` is one that `is_sitemap`."""
        self.problem = ""
        self._bytes = 0
        texts = decode_pieces(self._limited(inflated_pieces(body)), content_type=content_type)
        head = _beginning(texts, "")
        self.root, start = _root_of(head)
        tag = _TAG.match(head, start)
        self.tag = repaired_piece(tag.group()) if tag else f"<{self.root}>"
        self._is_over = self.tag.endswith("/>")
        self._mark = re.compile(_MARK.format(prefix=re.escape(_prefix_of(self.tag))))
        rest = head[tag.end() if tag else start :]
        self._texts = itertools.chain([rest], texts)

    def pieces(self) -> Iterator[str]:
        """Yields the content of the root in pieces, each of them well-formed where the sitemap is; at most once."""
        buffer, position = "", 0
        for text in self._texts:
            buffer += text
            end, position = self._last_end(buffer, position)
            if end:
                yield repaired_piece(buffer[:end])
                buffer, position = buffer[end:], position - end
            if len(buffer) > MAX_SITEMAP_ELEMENT:
                self.problem = "has an element of more than 1 MB; what follows it is not read"
                return
        if not (self.problem or self._is_over or _END.search(buffer)):
            self.problem = "the sitemap breaks off before its end"

    def _limited(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield piece[: MAX_SITEMAP - self._bytes]
            self._bytes += len(piece)
            if self._bytes > MAX_SITEMAP:
                self.problem = f"has more than {MAX_SITEMAP // _MEGABYTE} MB; only its beginning is read"
                return

    def elements_of(self, piece: str) -> Iterator[str]:
        """Yields the single elements of a piece, each with the text before it."""
        start = 0
        for mark in self._mark.finditer(piece):
            if mark.group() not in _HIDDEN_UNTIL:
                yield piece[start : mark.end()]
                start = mark.end()

    def _last_end(self, buffer: str, position: int) -> tuple[int, int]:
        """Searches from `position` for the last end of an element; returns it (0: none), and where to go on."""
        end = 0
        while mark := self._mark.search(buffer, position):
            until = _HIDDEN_UNTIL.get(mark.group())
            if until is None:
                end = position = mark.end()
                continue
            close = buffer.find(until, mark.end())
            if close < 0:
                return end, mark.start()
            position = close + len(until)
        return end, max(position, len(buffer) - _LONGEST_MARK)


def _beginning(pieces: Iterator[AnyStr], start: AnyStr) -> AnyStr:
    """Takes pieces until they are long enough to hold the root, and joins them."""
    for piece in pieces:
        start += piece
        if len(start) >= _HEAD:
            break
    return start


def _root_of(text: str) -> tuple[str, int]:
    """Returns the root of a sitemap and its position; ("", 0) for another document."""
    name, start = root_name(text), root_start(text)
    if name in _ROOTS:
        return name, start
    late = None if name in _OTHER_ROOTS else _LATE_ROOT.search(text, start)  # after a PHP warning, for instance
    return (late.group(1), late.start()) if late else ("", 0)


def _prefix_of(tag: str) -> str:
    """Returns the prefix of a start tag with its colon, "" without one."""
    name = tag[1:].partition(">")[0].split(maxsplit=1)[0]
    prefix, colon, _ = name.rpartition(":")
    return prefix + colon
