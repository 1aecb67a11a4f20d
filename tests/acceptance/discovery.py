"""A site to discover and the answers of `feeds discover`, for its tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.acceptance.program import Program, Result
from tests.feeds import sitemaps
from watcher.model import Entry

NOW = datetime.now(UTC).replace(microsecond=0)


def entries(*names: str) -> list[Entry]:
    """Entries with pages of these names, the newest first, an hour apart."""
    return [
        Entry(
            id=name,
            link=f"/{name}.html",
            title=f"Meldung {name}",
            summary="Der Rat tagte am Abend.",
            published_at=NOW - timedelta(hours=number),
        )
        for number, name in enumerate(names)
    ]


def page(*links: str, body: str = "Willkommen") -> str:
    return f"<!doctype html><html><head><title>Blatt</title>{''.join(links)}</head><body>{body}</body>"


def link(href: str, media_type: str = "application/rss+xml", title: str = "") -> str:
    return f'<link rel="alternate" type="{media_type}" title="{title}" href="{href}">'


def sitemap(*names: str) -> str:
    """A news sitemap of the pages of these names."""
    news = (sitemaps.article(f"/{name}.html", f"Meldung {name}", published=NOW.isoformat()) for name in names)
    return sitemaps.urlset("".join(news))


def old_sitemap(*names: str) -> str:
    """A sitemap of pages that were modified long ago."""
    return sitemaps.urlset("".join(sitemaps.address(f"/{name}.html", "2019-01-01") for name in names))


def index(*addresses: str) -> str:
    return sitemaps.index(dict.fromkeys(addresses, ""))


def found(result: Result) -> dict[str, dict[str, Any]]:
    return {row["url"]: row for row in result.json["found"]}


def chosen(result: Result) -> list[str]:
    return [row["url"] for row in result.json["found"] if row["chosen"]]


def refused(result: Result) -> dict[str, str]:
    return {row["url"]: row["reason"] for row in result.json["refused"]}


def discover(desk: Program, url: str, *options: str) -> Result:
    return desk.command("feeds", "discover", url, "--json", *options)
