"""Parses RSS and Atom: `fast_xml` reads usual feeds, feedparser all others; links, texts and dates are made here.

feedparser gets UTF-8 in a stream (it takes bytes or a string for a path or an address) and no address of the feed
(links are joined here). It neither sanitises nor resolves, because it hangs there on hostile input.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import feedparser

from watcher.errors import NotAFeed
from watcher.feeds.formats.fast_xml import ORIGINAL_LINKS, read_quickly
from watcher.feeds.formats.repair import MEDIA_TEXT, MEDIA_TITLE, FeedXml, TooManyAttributes, has_entries, repaired
from watcher.feeds.limits import MAX_CONTENT, MAX_ENTRIES, MAX_ID, MAX_NAME, MAX_SUMMARY, MAX_TITLE
from watcher.feeds.links import absolute_link, is_web_address
from watcher.feeds.plain import plain_line, plain_text, safe_text
from watcher.model import Entry, ParsedFeed
from watcher.text.addresses import clean_address
from watcher.text.dates import StatedDate, parse_date

NOT_WELL_FORMED = "not well-formed, read leniently"
_DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_BASE = re.compile(r"\sbase\s*=|xml:base", re.IGNORECASE)
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_ADDRESS = re.compile(r"(?:mailto:)?[^\s()<>\"',;@]{1,100}@[^\s()<>\"',;@]{1,200}")
_LONGEST_REFRESH = timedelta(days=365)

_Values = dict[str, Any]


def parse_xml_feed(xml: FeedXml, *, url: str, timezone: str, problem: str = "") -> ParsedFeed:
    """Parses the feed in `xml`, which starts with its root. Raises NotAFeed if feedparser cannot read it."""
    result = _feedparser(_repaired(xml.text), url)
    feed: _Values = result["feed"]
    version = "rss091n" if xml.netscape and result["version"] == "rss091u" else str(result["version"] or "unknown")
    site = absolute_link(_text(feed, "link"), base=url)
    reader = _EntryReader(feed, atom=version.startswith("atom"), base=url, site=site, timezone=timezone)
    entries = result["entries"]
    if not entries and has_entries(xml.text):
        raise NotAFeed("the feed lists entries, but is so malformed that none can be read")
    return ParsedFeed(
        format=version,
        title=_line(feed, "title", MAX_TITLE),
        site=site,
        language=safe_text(_text(feed, "language"))[:35],
        entries=tuple(reader.entry(values) for values in entries[:MAX_ENTRIES]),
        refresh_after=_refresh_after(feed),
        problem="; ".join(_problems(problem, xml.problem, result)),
    )


def _repaired(text: str) -> str:
    try:
        return repaired(text)
    except TooManyAttributes as error:
        raise NotAFeed("the answer has a tag with more than a thousand attributes; it is not read") from error


def _feedparser(text: str, url: str) -> _Values:
    data = _DECLARATION + text.encode("utf-8", "replace")
    if (usual := read_quickly(data)) is not None:
        return usual
    stream = io.BytesIO(data)
    # It needs the base if xml:base occurs: without one it never leaves the scope of the last xml:base.
    headers = _HEADERS | ({"content-location": url} if "base" in text.lower() and _BASE.search(text) else {})
    try:
        result: _Values = feedparser.parse(
            stream, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except MemoryError:
        raise
    except Exception as error:  # feedparser lets errors of its parsers through: ValueError, AssertionError, KeyError
        raise NotAFeed(f"the feed cannot be read: {type(error).__name__}: {error}"[:300]) from error
    return result


def _problems(*given: str | _Values) -> Iterable[str]:
    declared, cut, result = given
    yield from (text for text in (declared, cut) if isinstance(text, str) and text)
    if isinstance(result, str):
        return
    listed, flaw = len(result["entries"]), result.get("bozo_exception")
    if flaw is not None:
        yield f"{NOT_WELL_FORMED}: {safe_text(str(flaw))[:200]}"
    if listed > MAX_ENTRIES:
        yield f"lists {listed} entries; only the first {MAX_ENTRIES} are read"


def _refresh_after(feed: _Values) -> timedelta | None:
    """Returns the longer of RSS 2.0's `ttl` (minutes) and RSS 1.0's syndication module (period over frequency)."""
    intervals = []
    if minutes := _number(_text(feed, "ttl")):
        intervals.append(timedelta(minutes=minutes))
    if period := _PERIODS.get(_text(feed, "sy_updateperiod").strip().lower()):
        intervals.append(period / (_number(_text(feed, "sy_updatefrequency")) or 1))
    return min(max(intervals), _LONGEST_REFRESH) if intervals else None


def _number(text: str) -> int:
    match = re.fullmatch(r"\s*(\d{1,6})(?:\.0*)?\s*", text)
    return int(match.group(1)) if match else 0


class _EntryReader:
    """Reads the entries of one feed. Relative links are joined to the feed's address in Atom, to its site in RSS."""

    def __init__(self, feed: _Values, *, atom: bool, base: str, site: str, timezone: str) -> None:
        self._atom = atom
        self._base = base if atom else site or base
        self._timezone = timezone
        self._author = _author(feed, atom=True) if atom else ""

    def entry(self, values: _Values) -> Entry:
        summary, content = _texts(values)
        stated = self._published(values)
        link, original = self._link(values), self._original_link(values)
        return Entry(
            id=safe_text(_text(values, "id").strip())[:MAX_ID],
            link=link or original,
            title=_line(values, "title", MAX_TITLE) or _line(values, MEDIA_TITLE, MAX_TITLE),
            summary=summary,
            content=content,
            author=_author(values, atom=self._atom) or self._author,
            published_at=stated.moment if stated else None,
            date=stated.date if stated else None,
            second_link=original if link and original != link else "",
        )

    def _link(self, values: _Values) -> str:
        """Returns the address of the entry's page, if need be its id; never an enclosure (audio, an image)."""
        identity, given = _text(values, "id").strip(), _text(values, "link")
        if given and (given.strip() != identity or is_web_address(identity)):
            return safe_text(absolute_link(given, base=self._base))
        for link in _alternates(values):
            if address := absolute_link(link, base=self._base):
                return safe_text(address)
        return address if values.get("guidislink") and is_web_address(address := clean_address(identity)) else ""

    def _original_link(self, values: _Values) -> str:
        given = next(filter(None, (_text(values, key) for key in ORIGINAL_LINKS)), "")
        return safe_text(absolute_link(given, base=self._base))

    def _published(self, values: _Values) -> StatedDate | None:
        """Returns the date of publication, or else of creation or, in feeds that state no other, of the last change."""
        dates = (parse_date(_text(values, key), timezone=self._timezone) for key in ("published", "created", "updated"))
        return next((stated for stated in dates if stated), None)


def _alternates(values: _Values) -> Iterable[str]:
    links = [link for link in values.get("links") or () if isinstance(link, dict)]
    for relation in ("alternate", "related"):
        yield from (_text(link, "href") for link in links if link.get("rel") == relation)
    yield from (_text(link, "href") for link in links if dict.get(link, "type") == "text/html")


def _texts(values: _Values) -> tuple[str, str]:
    """Returns summary and content as plain text; without both, the caption of the entry's picture or video.

    feedparser copies a lone content into the summary; that copy is ignored.
    """
    contents = [part for part in values.get("content") or () if _is_text(part)]
    longest: _Values = max(contents, key=lambda part: len(_text(part, "value")), default={})
    raw = _text(values, "summary") or ("" if contents else _text(values, MEDIA_TEXT))
    content = plain_text(_text(longest, "value"), markup=longest.get("type") in _MARKUP, limit=MAX_CONTENT)
    if any(raw == _text(part, "value") for part in contents):
        return "", content
    detail = dict.get(values, "summary_detail") or {}
    return plain_text(raw, markup=detail.get("type") in _MARKUP, limit=MAX_SUMMARY), content


def _is_text(part: object) -> bool:
    return isinstance(part, dict) and str(part.get("type") or "text/html").startswith(("text/", "application/xhtml"))


def _author(values: _Values, *, atom: bool) -> str:
    """Returns the names of the authors. Outside Atom feedparser splits names from addresses, wrongly (at `.info`)."""
    people = [person for person in values.get("authors") or () if isinstance(person, dict)]
    if not atom and any("email" in person for person in people):
        text = _ADDRESS.sub(" ", _text(values, "author")).strip(" \n\t()<>,")
    else:
        text = ", ".join(dict.fromkeys(name for person in people[:20] if (name := _text(person, "name"))))
    return plain_line(text, markup=False, limit=MAX_NAME)


def _line(values: _Values, key: str, limit: int) -> str:
    detail = dict.get(values, f"{key}_detail")
    kind = detail.get("type") if isinstance(detail, dict) else ""
    return plain_line(_text(values, key), markup=kind in _MARKUP, limit=limit)


def _text(values: _Values, key: str) -> str:
    """Returns the string at `key`, "" for anything else. feedparser's own `get` maps keys to others, with warnings."""
    value = dict.get(values, key)
    return value if isinstance(value, str) else ""
