"""The demo newsroom: serves two feeds and their article pages on loopback, from a thread. Imports no other room."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from watcher.demo.texts import ARTICLES, DEPESCHEN, FOOTER, KUESTENBOTE, LATE, MENU, TEASERS, DemoArticle

FEEDS = {"Küstenbote": f"/{KUESTENBOTE}/rss.xml", "Depeschendienst": f"/{DEPESCHEN}/atom.xml"}


class DemoNewsroom:
    """Serves from `start` to `stop`; `publish` adds the next unpublished article.

    `now`: the time from which the articles' ages are subtracted.
    """

    def __init__(self, *, now: datetime) -> None:
        self._started_at = now
        self._published = [(article, now - article.age if article.age is not None else None) for article in ARTICLES]
        self._unpublished = list(LATE)
        self._server = _Server(self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="demo", daemon=True)

    @property
    def url(self) -> str:
        """The origin, without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def feeds(self) -> dict[str, str]:
        """Feed names and their URLs."""
        return {name: self.url + path for name, path in FEEDS.items()}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def publish(self, *, now: datetime) -> str:
        """Publishes the next article, dated `now`; returns its title, "" if none is left."""
        if not self._unpublished:
            return ""
        article = self._unpublished.pop(0)
        self._published.insert(0, (article, now))
        return article.title

    def _answer(self, path: str) -> tuple[str, bytes] | None:
        """Returns content type and body of `path`, None if it does not exist."""
        published = list(self._published)
        if path == FEEDS["Küstenbote"]:
            return "application/rss+xml", _rss(self.url, _of(published, KUESTENBOTE)).encode()
        if path == FEEDS["Depeschendienst"]:
            return "application/atom+xml", _atom(self.url, _of(published, DEPESCHEN), self._started_at).encode()
        pages = {article.path: (article, moment) for article, moment in published}
        return ("text/html; charset=utf-8", _page(*pages[path]).encode()) if path in pages else None


_Published = tuple[DemoArticle, datetime | None]


def _of(published: list[_Published], desk: str) -> list[_Published]:
    return [(article, moment) for article, moment in published if article.desk == desk]


# -- what is served ----------------------------------------------------------------------------------------------------


def _rss(url: str, published: list[_Published]) -> str:
    entries = "".join(
        f"<item><title>{escape(article.title)}</title><link>{url}{article.path}</link>"
        f'<guid isPermaLink="false">{article.slug}</guid><description>{escape(article.teaser)}</description>'
        + (f"<pubDate>{format_datetime(moment)}</pubDate>" if moment else "")
        + "</item>"
        for article, moment in published
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel><title>Küstenbote</title>'
        f"<link>{url}/</link><description>Nachrichten von der Küste</description><language>de</language>"
        f"{entries}</channel></rss>"
    )


def _atom(url: str, published: list[_Published], started_at: datetime) -> str:
    entries = "".join(
        f'<entry><title>{escape(article.title)}</title><link href="{url}{article.path}"/>'
        f"<id>tag:demo.invalid,2026:{article.slug}</id><summary>{escape(article.teaser)}</summary>"
        + (f"<published>{moment.isoformat()}</published><updated>{moment.isoformat()}</updated>" if moment else "")
        + "</entry>"
        for article, moment in published
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">'
        f"<title>Depeschendienst</title><id>tag:demo.invalid,2026:depeschen</id><updated>{started_at.isoformat()}"
        f'</updated><link href="{url}/"/>{entries}</feed>'
    )


def _page(article: DemoArticle, moment: datetime | None) -> str:
    stated = (
        f'<p class="byline">Von {escape(article.author)}, <time datetime="{moment.isoformat(timespec="seconds")}">'
        f"{moment:%d.%m.%Y, %H:%M} Uhr</time></p>"
        if moment
        else f'<p class="byline">Von {escape(article.author)}, Stand: Oktober 2025</p>'
    )
    meta = f'<meta property="article:published_time" content="{moment.isoformat()}">' if moment else ""
    return (
        f'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>{escape(article.title)}</title>{meta}'
        f'<meta name="description" content="{escape(article.teaser)}"></head><body>'
        f"{_NAV}<main><article><h1>{escape(article.title)}</h1>{stated}"
        f"{_paragraphs(article.body)}</article></main>"
        f"{_TEASERS}<footer><p>{escape(FOOTER)}</p></footer></body></html>"
    )


def _paragraphs(body: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in body.split("\n\n"))


_NAV = "<nav><ul>" + "".join(f'<li><a href="/">{section}</a></li>' for section in MENU) + "</ul></nav>"
_TEASERS = (
    '<aside class="teaser"><h2>Meistgelesen</h2>'
    + "".join(f'<div><a href="/"><h3>{title}</h3></a><p>{text}</p></div>' for title, text in TEASERS)
    + "</aside>"
)


# -- how it is served --------------------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Callable[[str], tuple[str, bytes] | None]) -> None:
        self.answer = answer
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        found = self.server.answer(self.path)
        if found is None:
            self.send_error(404)
            return
        content_type, body = found
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        known = self.headers.get("If-None-Match") == etag
        self.send_response(304 if known else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Type", content_type)
        if not known:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server calls
        """Logs nothing: the daemon's log already names what it fetches."""
