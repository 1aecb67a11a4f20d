"""Reads and writes OPML, the format for lists of feeds (OPML 1.0, 1.1 and 2.0, opml.org).

    bytes | unzip | decode | tags, one after the other | OpmlList

A scanner of its own in place of an XML parser: an unescaped `&` or `<` in an attribute and elements in any case are
common in lists, and no DTD is ever read. Every step takes linear time; tags, depth and outlines are counted.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import NoReturn
from xml.sax.saxutils import quoteattr

from watcher.errors import NotOpml
from watcher.feeds.limits import MAX_NAME, MAX_TITLE
from watcher.text.charset import decode

MAX_OPML = 16 * 1024 * 1024  # bytes, unzipped
MAX_OUTLINES = 100_000
MAX_TAGS = 500_000
MAX_DEPTH = 1_000
MAX_ADDRESS = 8_192
MAX_TYPE = 100

NAMESPACE = "urn:watcher:opml"
_NAME = "watcher:name"

_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]{0,60}:)?([A-Za-z_][\w.-]{0,60})")
_ATTRIBUTE = re.compile(r"""\s*+([^\s=/"'<>]{1,100}+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_START_TAG = re.compile(rf"<([A-Za-z_][\w:.-]{{0,100}}+)((?:{_ATTRIBUTE.pattern})*+)\s*+(/?)>")
_END_TAG = re.compile(r"</\s*+([A-Za-z_][\w:.-]{0,100}+)\s*+>")
_REFERENCE = re.compile(r"&(?:#(\d{1,7}|[xX][0-9A-Fa-f]{1,6})|([A-Za-z]\w{1,31}));")
_SUBSET_END = re.compile(r"\]\s{0,100}>")
_ENTITY = re.compile(r"<!\s{0,100}entity\b", re.IGNORECASE)
_CREDENTIALS = re.compile(r"^((?:[^/\\?#@]*:[/\\]++)*+)[^/?#]*@")
_CREDENTIALS_IN_TITLE = re.compile(r"\b(https?://)[^\s/?#]*@", re.IGNORECASE)
_ROOTS = {
    "rss": "a feed; add it with `watcher feeds add`",
    "rdf": "a feed; add it with `watcher feeds add`",
    "feed": "a feed; add it with `watcher feeds add`",
    "html": "a web page",
    "urlset": "a sitemap",
    "sitemapindex": "a list of sitemaps",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """An outline that has an address or a type. `url`: without user and password; `protected`: it had them.

    `title` has no line breaks or control characters. `name` is the name that watcher itself exported, "" in other
    lists. `page`: the address of a page, where there is none of a feed.
    """

    title: str
    url: str
    type: str = ""
    name: str = ""
    page: str = ""
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpmlList:
    """A whole OPML file."""

    outlines: tuple[Outline, ...]


def read_opml(body: bytes, *, content_type: str = "") -> OpmlList:
    """Reads a whole OPML file. Raises NotOpml, whose message continues a sentence that begins with the file's name."""
    unzipped = _unzipped(body)
    if len(unzipped) > MAX_OPML:
        raise NotOpml(f"is larger than {MAX_OPML // 2**20} MB, too large for an OPML list")
    text = decode(unzipped, content_type=content_type).text
    if not text.strip("\ufeff \t\r\n\0"):
        raise NotOpml("is empty, not OPML")
    return OpmlList(outlines=tuple(_Scanner(text).outlines()))


def write_opml(feeds: Iterable[tuple[str, str]], *, title: str) -> str:
    """Writes names and addresses as OPML 2.0. A name that a title cannot carry has an attribute of its own."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:watcher="{NAMESPACE}">',
        f"  <head><title>{_escaped(title)[1:-1]}</title></head>",
        "  <body>",
    ]
    for name, url in feeds:
        own = f" {_NAME}={_escaped(name)}" if name_of_title(plain_title(name)) != name else ""
        named = f"text={_escaped(name)} title={_escaped(name)}"
        lines.append(f'    <outline type="rss" {named} xmlUrl={_escaped(url)}{own}/>')
    return "\n".join([*lines, "  </body>", "</opml>", ""])


def plain_title(text: str) -> str:
    """Returns a title on one line, without invisible characters and credentials, and of limited length."""
    line = " ".join(text[: 4 * MAX_TITLE].split())
    if not line.isprintable():
        line = "".join(character for character in line if character.isprintable())
    if "@" in line:
        line = _CREDENTIALS_IN_TITLE.sub(r"\1", line)
    return " ".join(line[:MAX_TITLE].split())


def name_of_title(title: str) -> str:
    """Returns the name that a feed with this plain title has; "" without a title."""
    return title[:MAX_NAME].strip()


class _Scanner:
    """Scans the text once, tag by tag; tags must be balanced, in any case. `open`: the elements around."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[str] = []
        self.tags = 0

    def outlines(self) -> Iterator[Outline]:
        """Yields the outlines up to the end of the root."""
        found = 0
        for name, attributes in self._start_tags():
            if name != "outline":
                continue
            if outline := _outline(attributes):
                found += 1
                if found > MAX_OUTLINES:
                    raise NotOpml(f"has more than {MAX_OUTLINES:,} outlines, too many for an OPML list")
                yield outline

    def _start_tags(self) -> Iterator[tuple[str, str]]:
        """Yields name and raw attributes of each start tag below the root, and returns after the root's end."""
        self._enter_root()
        while self.open:
            self.at = self.text.find("<", self.at)
            if self.at < 0:
                raise NotOpml("is not a whole OPML file: it breaks off before </opml>")
            if self._skip_other_markup():
                continue
            self._count_tag()
            if self.text.startswith("</", self.at):
                self._leave()
            else:
                yield self._enter()

    def _enter_root(self) -> None:
        """Finds the root. Refuses a DOCTYPE that declares entities, and other roots."""
        while (at := self.text.find("<", self.at)) >= 0:
            self.at = at
            if not self._skip_other_markup():
                break
        root = _ROOT.match(self.text, self.at) if at >= 0 else None
        name = root[1].lower() if root else ""
        if name != "opml":
            raise NotOpml(f"is not OPML, but {_ROOTS[name]}" if name in _ROOTS else "is not OPML")
        self._enter()

    def _skip_other_markup(self) -> bool:
        """Skips a comment, CDATA, a processing instruction or a declaration; returns whether there was one."""
        for start, end in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")):
            if self.text.startswith(start, self.at):
                close = self.text.find(end, self.at + len(start))
                if close < 0:
                    raise NotOpml(f"is not a whole OPML file: {start} in line {self._line()} has no end")
                self.at = close + len(end)
                self._count_tag()
                return True
        if not self.text.startswith("<!", self.at):
            return False
        self._skip_declaration()
        self._count_tag()
        return True

    def _skip_declaration(self) -> None:
        end = self.text.find(">", self.at)
        close = end + 1 if end >= 0 else len(self.text)
        bracket = self.text.find("[", self.at, close)
        if bracket >= 0:
            subset_end = _SUBSET_END.search(self.text, bracket)
            close = subset_end.end() if subset_end else len(self.text)
        if _ENTITY.search(self.text, self.at, close):
            raise NotOpml("declares entities in its DTD, which OPML does not need; remove the <!ENTITY declarations")
        self.at = close

    def _enter(self) -> tuple[str, str]:
        tag = _START_TAG.match(self.text, self.at)
        if tag is None:
            self._not_well_formed("a tag is incomplete")
        name, attributes = tag[1].lower(), tag[2]
        self.at = tag.end()
        if not tag[tag.re.groups]:
            self.open.append(name)
            if len(self.open) > MAX_DEPTH:
                raise NotOpml(f"is nested more than {MAX_DEPTH:,} levels deep, too deep for an OPML list")
        return name, attributes

    def _leave(self) -> None:
        tag = _END_TAG.match(self.text, self.at)
        if tag is None:
            self._not_well_formed("a tag is incomplete")
        around = self.open.pop()
        if tag[1].lower() != around:
            self._not_well_formed(f"</{tag[1]}> ends <{around}>")
        self.at = tag.end()

    def _count_tag(self) -> None:
        self.tags += 1
        if self.tags > MAX_TAGS:
            raise NotOpml(f"has more than {MAX_TAGS:,} tags, too many for an OPML list")

    def _not_well_formed(self, problem: str) -> NoReturn:
        raise NotOpml(f"is not a well-formed OPML file: {problem} in line {self._line()}")

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1


def _unzipped(body: bytes) -> bytes:
    """The content of a gzip file, at most one byte more than a list may have; other bytes as they are."""
    if body[:3] != b"\x1f\x8b\x08":
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_OPML + 1)
    except zlib.error:
        return body


def _outline(raw: str) -> Outline | None:
    """Reads the attributes of an outline; None for a folder or a note."""
    given: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(raw):
        given.setdefault(found[1].lower(), found[2] or found[3] or "")
    kind = _text(given.get("type", ""))[:MAX_TYPE].strip().lower()
    url, page = _text(given.get("xmlurl", "")).strip(), _text(given.get("htmlurl", "")).strip()
    if not url and kind not in {"", "link", "include"}:
        url = _text(given.get("url", "")).strip()
    elif not url:
        page = page or _text(given.get("url", "")).strip()
    if not (url or kind or page):
        return None
    address = _CREDENTIALS.sub(r"\1", url[: MAX_ADDRESS + 1], count=1)
    return Outline(
        title=plain_title(_text(given.get("title", ""))) or plain_title(_text(given.get("text", ""))),
        url=address,
        type=plain_title(kind),
        name=_text(given.get(_NAME, ""))[:MAX_ADDRESS],
        page=_CREDENTIALS.sub(r"\1", page[:MAX_ADDRESS], count=1),
        protected=address != url[: MAX_ADDRESS + 1],
    )


def _text(raw: str) -> str:
    """Replaces references; an `&` that does not begin one is literal."""
    return _REFERENCE.sub(_character, raw) if "&" in raw else raw


def _character(match: re.Match[str]) -> str:
    number, name = match.groups()
    if name:
        return html5.get(f"{name};", match[0])
    code = int(number[1:], 16) if number[0] in "xX" else int(number)
    legal = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return chr(code) if legal else "\ufffd"


def _escaped(text: str) -> str:
    """Quotes an attribute's value, always in double quotes."""
    return quoteattr(text.replace('"', "\0")).replace("\0", "&quot;")
