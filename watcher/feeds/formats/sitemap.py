"""Parses sitemaps: those of news (https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap),
others as far as they name pages that were modified lately, and indexes of sitemaps.

    SitemapText | expat, piece by piece | each address: known, entry, or too old | SitemapReading

No tree is built; the namespace of an element decides, not its prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin
from xml.parsers import expat
from zoneinfo import ZoneInfo

from watcher.feeds.formats.entry_blocks import block_hash
from watcher.feeds.formats.sitemap_text import INDEX, SitemapText
from watcher.feeds.identity import given_id_key, normalise_link
from watcher.feeds.limits import MAX_ADDRESSES, MAX_ID, MAX_KEYWORDS, MAX_NAME, MAX_SITEMAP_TEXT, MAX_TITLE
from watcher.feeds.links import absolute_link
from watcher.feeds.listing import Listing
from watcher.feeds.plain import plain_line, safe_text
from watcher.model import NEWS_SITEMAP, SITEMAP_INDEX, Entry, ParsedFeed
from watcher.text.dates import StatedDate, parse_date
from watcher.text.registrable import site_of

RECENT = timedelta(days=2)

_Values = dict[str, str]
_MAX_DEPTH = 50
_MAX_LANGUAGE = 35
_MEGABYTE = 1024 * 1024
_NEWS_NAMESPACES = ("http://www.google.com/schemas/sitemap-news/", "https://www.google.com/schemas/sitemap-news/")
_FIELDS = {
    "url loc": "loc",
    "url lastmod": "lastmod",
    "sitemap loc": "loc",
    "sitemap lastmod": "lastmod",
    "url news:news": "news",
    "news:news news:title": "title",
    "news:news news:keywords": "keywords",
    "news:news news:publication_date": "published",
    "news:publication news:name": "name",
    "news:publication news:language": "language",
}
_DECIDING = ("title", "keywords", "published", "language")  # beside the address: what makes an entry another text


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapReading:
    """What a sitemap says: `feed` with the entries whose block is not listed yet, and the `blocks` of all entries.

    An index has no entries, but the addresses of its sitemaps in `feed.sitemaps`, the likeliest first.
    """

    feed: ParsedFeed
    blocks: tuple[int, ...] = ()


def parse_sitemap(
    body: bytes,
    *,
    content_type: str,
    url: str,
    timezone: str,
    now: datetime,
    feed_key: str = "",
    before: Listing | None = None,
) -> SitemapReading:
    """Parses a body that is a sitemap (see `is_sitemap`), without the entries that `before` lists.

    An address counts with news tags, or if it was modified at most two days before `now`; an address without them that
    `before` lists is listed on, unchanged. At most 50,000 addresses and 50 MB are read; `feed.problem` says so.
    """
    text = SitemapText(body, content_type=content_type)
    document = _Document(text)
    if text.root == INDEX:
        return SitemapReading(feed=_index(document, url, timezone))
    collector = _Collector(url, timezone, now, feed_key, before)
    for values in document.addresses():
        if not collector.take(values):
            break
    languages = collector.languages
    feed = ParsedFeed(
        format=NEWS_SITEMAP,
        title=collector.title,
        site=urljoin(url, "/"),
        language=languages.pop() if len(languages) == 1 else "",
        entries=tuple(collector.entries),
        problem="; ".join(filter(None, (document.problem, collector.problem))),
    )
    return SitemapReading(feed=feed, blocks=tuple(collector.blocks))


def context_of(timezone: str) -> int:
    """Hashes what decides how entries are read beside their own elements."""
    return block_hash(f"{NEWS_SITEMAP}\n{timezone}")


def _index(document: _Document, url: str, timezone: str) -> ParsedFeed:
    found: dict[str, StatedDate | None] = {}
    for values in document.addresses():
        address = safe_text(absolute_link(values.get("loc", ""), base=url))
        if address and address != url:  # some list themselves
            found.setdefault(address, parse_date(values.get("lastmod", ""), timezone=timezone))
    home, listed = site_of(url), _likeliest_first(found, timezone)
    return ParsedFeed(
        format=SITEMAP_INDEX,
        title="",
        site=urljoin(url, "/"),
        language="",
        entries=(),
        problem=document.problem,
        sitemaps=tuple(address for address in listed if site_of(address) == home),
        foreign_sitemaps=tuple(address for address in listed if site_of(address) != home),
    )


def _likeliest_first(found: Mapping[str, StatedDate | None], timezone: str) -> list[str]:
    """Sorts sitemaps so that the first ones have the news: undated ones may, then those modified last.

    Of the undated ones those called news come first, then the rest from both ends: archives are listed by month,
    upwards or downwards.
    """
    undated = [address for address, stated in found.items() if stated is None]
    ends = [undated[(-1) ** place * ((place + 1) // 2)] for place in range(len(undated))]
    dated = [(_timestamp(stated, timezone), address) for address, stated in found.items() if stated]
    dated.sort(key=lambda pair: -pair[0])
    return sorted(ends, key=lambda address: "news" not in address.lower()) + [address for _, address in dated]


def _timestamp(stated: StatedDate, timezone: str) -> float:
    """The moment of a date; of a day, its last one."""
    if stated.moment:
        return stated.moment.timestamp()
    day = datetime(stated.date.year, stated.date.month or 1, stated.date.day or 1, tzinfo=ZoneInfo(timezone))
    return day.timestamp() + timedelta(days=1).total_seconds()


class _Collector:
    """Makes entries of the addresses of a sitemap. `languages` and `title`: of its publications."""

    def __init__(self, url: str, timezone: str, now: datetime, feed_key: str, before: Listing | None) -> None:
        self.blocks: list[int] = []
        self.entries: list[Entry] = []
        self.languages: set[str] = set()
        self.title = ""
        self.problem = ""
        self._url = url
        self._timezone = timezone
        self._now = now
        self._today = now.astimezone(ZoneInfo(timezone))
        self._feed_key = feed_key
        rows = before.rows if before else ()
        self._listed = {row.block for row in rows}
        self._block_of = {row.keys.id: row.block for row in rows if row.keys}
        self._met: set[str] = set()
        self._size = 0

    def take(self, values: _Values) -> bool:
        """Takes an address; returns False if no more are to be read."""
        link = safe_text(absolute_link(values.get("loc", ""), base=self._url))
        page = normalise_link(link)
        if not link or page in self._met:
            return True
        self._met.add(page)
        if "news" not in values and self._take_without_news(link, values.get("lastmod", "")):
            return True
        block = block_hash("\n".join((link, *(f"{key} {values[key]}" for key in _DECIDING if key in values))))
        language = safe_text(values.get("language", "").strip())[:_MAX_LANGUAGE]
        if "news" in values:
            self.languages.add(language)
            self.title = self.title or plain_line(values.get("name", ""), markup=False, limit=MAX_NAME)
        if block not in self._listed:
            entry = self._entry(link, language, values)
            self._size += len(f"{link}{entry.title}{entry.summary}".encode("utf-8", "replace"))
            if self._size > MAX_SITEMAP_TEXT:
                limit, count = MAX_SITEMAP_TEXT // _MEGABYTE, f"{len(self.blocks):,}"
                self.problem = f"its entries have more than {limit} MB of text; only the first {count} are read"
                return False
            self.entries.append(entry)
        self.blocks.append(block)
        return True

    def _take_without_news(self, link: str, lastmod: str) -> bool:
        """Takes an address without news tags that is listed already or too old; returns whether it was one of them."""
        block = self._block_of.get(given_id_key(self._feed_key, link)) if self._block_of else None
        if block is not None:
            self.blocks.append(block)
            return True
        return not self._is_recent(parse_date(lastmod, timezone=self._timezone))

    def _is_recent(self, modified: StatedDate | None) -> bool:
        """Whether a date is at most two days away, as far as it says."""
        if modified is None or modified.date.month is None or modified.date.day is None:
            return False
        if modified.moment:
            return abs(modified.moment - self._now) <= RECENT
        day = datetime(modified.date.year, modified.date.month, modified.date.day, tzinfo=self._today.tzinfo)
        return abs(day.date() - self._today.date()) <= RECENT

    def _entry(self, link: str, language: str, values: _Values) -> Entry:
        stated = parse_date(values.get("published", ""), timezone=self._timezone)
        return Entry(
            id=link if len(link) <= MAX_ID else "",
            link=link,
            title=plain_line(values.get("title", ""), markup=False, limit=MAX_TITLE),
            summary=plain_line(values.get("keywords", ""), markup=False, limit=MAX_KEYWORDS),
            published_at=stated.moment if stated else None,
            date=stated.date if stated else None,
            language=language,
        )


class _Document:
    """The addresses of a sitemap or an index. `problem` is known when all were taken."""

    def __init__(self, text: SitemapText) -> None:
        self._text = text
        self._broken = 0
        self._is_long = False
        self._tag = text.tag if _parsed(text.tag, "") is not None else f"<{text.root}>"

    @property
    def problem(self) -> str:
        broken = f"{self._broken:,} of its entries are not well-formed and were left out" if self._broken else ""
        long = f"has more than {MAX_ADDRESSES:,} addresses; only the first {MAX_ADDRESSES:,} are read"
        return "; ".join(filter(None, (long if self._is_long else self._text.problem, broken)))

    def addresses(self) -> Iterator[_Values]:
        """Yields the values of each address, at most 50,000."""
        count = 0
        for piece in self._text.pieces():
            for values in self._read(piece):
                count += 1
                if count > MAX_ADDRESSES:
                    self._is_long = True
                    return
                yield values

    def _read(self, piece: str) -> Iterator[_Values]:
        """Yields the addresses of a piece; where it is not well-formed, those of its elements that are."""
        whole = _parsed(self._tag, piece)
        if whole is not None:
            yield from whole
            return
        for element in self._text.elements_of(piece):
            found = _parsed(self._tag, element)
            self._broken += found is None
            yield from found or ()


def _parsed(tag: str, piece: str) -> list[_Values] | None:
    """Parses a piece of the content of the root with this start tag; None if it is not well-formed."""
    reader = _PieceReader()
    try:
        reader.parse(tag + piece)
    except (expat.ExpatError, _TooDeep):
        return None
    return reader.found


class _TooDeep(Exception):
    """Elements are nested more deeply than in any sitemap."""


class _PieceReader:
    """Reads the addresses of one piece with expat. Names are resolved here, because expat refuses undeclared prefixes.

    An undeclared `news:` is taken for the namespace of news; a namespace that the root does not have is another one.
    """

    def __init__(self) -> None:
        self.found: list[_Values] = []
        self._open: list[str] = []
        self._scopes: list[Mapping[str, str]] = []
        self._names: dict[str, str] = {}
        self._core = ""
        self._values: _Values = {}
        self._field = ""

    def parse(self, text: str) -> None:
        """Raises ExpatError or _TooDeep."""
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(text.encode("utf-8", "replace"), False)

    def _start(self, raw: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _MAX_DEPTH:
            raise _TooDeep
        self._enter_scope(attributes)
        name = self._names.get(raw) or self._resolve(raw)
        if len(self._open) == 1 and name in ("url", "sitemap"):
            self._values = {}
        self._field = _FIELDS.get(f"{self._open[-1]} {name}", "") if self._open else ""
        if self._field:
            self._values.setdefault(self._field, "")
        self._open.append(name)

    def _end(self, _raw: str) -> None:
        name = self._open.pop()
        self._field = ""
        if len(self._open) == 1 and name in ("url", "sitemap"):
            self.found.append(self._values)
        if self._scopes.pop() is not (self._scopes[-1] if self._scopes else None):
            self._names = {}

    def _characters(self, text: str) -> None:
        if self._field:
            self._values[self._field] += text

    def _enter_scope(self, attributes: dict[str, str]) -> None:
        scope = self._scopes[-1] if self._scopes else {}
        declared = attributes and {
            name[6:]: value.strip() for name, value in attributes.items() if name == "xmlns" or name[:6] == "xmlns:"
        }
        if declared:
            scope, self._names = {**scope, **declared}, {}
        self._scopes.append(scope)

    def _resolve(self, raw: str) -> str:
        """Returns the local name of an element of the root's namespace, `news:` and that for news; "" for others."""
        prefix, _, local = raw.rpartition(":")
        uri = self._scopes[-1].get(prefix)
        if not self._open:
            self._core = uri or ""
        if uri is None and prefix == "news":
            uri = _NEWS_NAMESPACES[0]
        if uri and uri.lower().startswith(_NEWS_NAMESPACES):
            name = f"news:{local}"
        else:
            name = local if (uri or "") == self._core and (uri is not None or not prefix) else f"other:{raw}"
        self._names[raw] = name
        return name
