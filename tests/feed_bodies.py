"""Feed bodies for tests, one writer per format: entries in, bytes out. No server, no parsing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from watcher.model import Entry

CONTENT_TYPES = {
    "rss091": "application/rss+xml",
    "rss10": "application/rdf+xml",
    "rss20": "application/rss+xml",
    "atom10": "application/atom+xml",
    "json": "application/feed+json",
}


def feed_body(form: str, entries: Sequence[Entry], *, title: str, site: str, encoding: str = "utf-8") -> bytes:
    """A well-formed feed in `form`, a key of CONTENT_TYPES; XML declares `encoding`. Texts are plain, and escaped."""
    if form == "json":
        return _json(entries, title, site)
    body = _WRITERS[form](entries, escape(title), escape(site))
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{body}'.encode(encoding, "xmlcharrefreplace")


def _rss20(entries: Sequence[Entry], title: str, site: str) -> str:
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{title}</title><link>{site}</link><description>{title}</description><language>de</language>"
        + "".join(_rss20_entry(entry) for entry in entries)
        + "</channel></rss>"
    )


def _rss20_entry(entry: Entry) -> str:
    return (
        "<item>"
        + _tag("title", entry.title)
        + _tag("link", entry.link)
        + (f'<guid isPermaLink="false">{escape(entry.id)}</guid>' if entry.id else "")
        + _tag("description", escape(entry.summary))
        + _tag("content:encoded", _paragraphs(entry.content))
        + _tag("pubDate", _rfc822(entry.published_at))
        + "</item>"
    )


def _rss091(entries: Sequence[Entry], title: str, site: str) -> str:
    parts = (
        "<item>"
        + _tag("title", entry.title)
        + _tag("link", entry.link)
        + _tag("description", entry.summary)
        + "</item>"
        for entry in entries
    )
    return (
        f'<rss version="0.91"><channel><title>{title}</title><link>{site}</link>'
        f"<description>{title}</description><language>de</language>{''.join(parts)}</channel></rss>"
    )


def _rss10(entries: Sequence[Entry], title: str, site: str) -> str:
    listed = "".join(f'<rdf:li rdf:resource="{_attribute(entry.link)}"/>' for entry in entries)
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<channel rdf:about="{site}"><title>{title}</title><link>{site}</link><description>{title}</description>'
        f"<items><rdf:Seq>{listed}</rdf:Seq></items></channel>"
        + "".join(_rss10_entry(entry) for entry in entries)
        + "</rdf:RDF>"
    )


def _rss10_entry(entry: Entry) -> str:
    return (
        f'<item rdf:about="{_attribute(entry.id or entry.link)}">'
        + _tag("title", entry.title)
        + _tag("link", entry.link)
        + _tag("description", entry.summary)
        + _tag("dc:date", entry.published_at.isoformat() if entry.published_at else "")
        + "</item>"
    )


def _atom10(entries: Sequence[Entry], title: str, site: str) -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>{title}</title><id>{site}</id>'
        f'<link href="{site}"/><updated>2026-01-01T00:00:00Z</updated>'
        + "".join(_atom10_entry(entry) for entry in entries)
        + "</feed>"
    )


def _atom10_entry(entry: Entry) -> str:
    published = entry.published_at.isoformat() if entry.published_at else ""
    return (
        "<entry>"
        + _tag("title", entry.title)
        + (f'<link rel="alternate" href="{_attribute(entry.link)}"/>' if entry.link else "")
        + _tag("id", entry.id or entry.link)
        + _tag("published", published)
        + _tag("updated", published)
        + _tag("summary", entry.summary)
        + (f'<content type="html">{escape(_paragraphs(entry.content))}</content>' if entry.content else "")
        + "</entry>"
    )


def _json(entries: Sequence[Entry], title: str, site: str) -> bytes:
    listed = [
        {
            "id": entry.id or entry.link,
            "url": entry.link,
            "title": entry.title,
            "summary": entry.summary,
            "content_text": entry.content,
            "date_published": entry.published_at.isoformat() if entry.published_at else None,
        }
        for entry in entries
    ]
    whole = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": site,
        "language": "de",
        "items": [{key: value for key, value in entry.items() if value} for entry in listed],
    }
    return json.dumps(whole, ensure_ascii=False).encode()


_WRITERS: dict[str, Callable[[Sequence[Entry], str, str], str]] = {
    "rss091": _rss091,
    "rss10": _rss10,
    "rss20": _rss20,
    "atom10": _atom10,
}


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def _paragraphs(text: str) -> str:
    """Plain paragraphs as HTML; every writer escapes it once more for XML."""
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n")) if text else ""


def _rfc822(moment: datetime | None) -> str:
    return format_datetime(moment) if moment else ""
