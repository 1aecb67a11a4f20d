"""One chromium and one daemon for the tests of this folder, with the same documents in the same order each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.acceptance.pages import news_page, paragraphs
from tests.acceptance.program import Program
from tests.needs import program, stop_at
from tests.newsroom import Newsroom, Reply
from tests.receivers import Receiver
from tests.web.browser.browsing import Tab, Visit, new_tab, visit
from tests.web.conftest import OLD, SLASHED, Site, daemon
from tests.web.versions import record_version
from watcher.model import Entry

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Text of others, which must stay text wherever it is shown.
HOSTILE = "Rutte <img src=//evil.example/x onerror=alert(1)></a></h2><script>alert(2)</script> \u202eetuR {{ 7*7 }}"
QUERY = 'Rutte NEAR/9 "<script>alert(3)</script>" AND ('
PAGES = {
    "matches": "/",
    "matches-filtered": "/?watch=Rutte&feed=blatt&since=2026-01-01",
    "matches-none": "/?q=Nirgendwort",
    "matches-hostile": f"/?watch={quote(HOSTILE)}&outlet={quote(HOSTILE)}",
    "matches-wrong": f"/?q={quote(QUERY)}",
    "document": "/documents/2",
    "document-copy": "/documents/3",
    "document-hostile": "/documents/4",
    "document-old": "/documents/0",
    "search": "/search",
    "search-found": "/search?q=Rutte",
    "search-wrong": f"/search?q={quote(QUERY)}",
    "watches": "/watches",
    "try": "/watches/try",
    "try-found": "/watches/try?query=Rutte",
    "try-wrong": f"/watches/try?query={quote(QUERY)}",
    "timeline": "/timeline?since=2025-10-20&until=2025-11-10&by=week",
    "timeline-share": "/timeline?draw=share&by=month&watch=Rutte&since=2025-09-01&until=2025-12-31",
    "timeline-none": "/timeline?until=2001-01-01",
    "feeds": "/feeds",
    "feed": "/feeds/blatt",
    "feed-failing": "/feeds/kaputt",
    "outbox": "/outbox",
    "outbox-delivered": "/outbox?state=delivered",
    "status": "/status",
    "press-review": "/press-review",
    "not-found": "/documents/99",
    "invalid": "/?since=gestern",
}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's chromium; nothing is downloaded."""
    path = program("chromium", package="chromium")
    stop_at("" if find_spec("playwright") else "the package playwright is not installed: make peers")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root has no sandbox there; the pages are the tests' own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The daemon whose pages are compared; tests do not change what they show."""
    with started_site(tmp_path_factory.mktemp("steady")) as site:
        yield site


@contextmanager
def started_site(folder: Path) -> Iterator[Site]:
    """A daemon whose pages show the same in each run: two older files, four articles, a feed that fails."""
    with Newsroom() as news:
        installed = Program(folder)
        installed.seeds.mkdir()
        for name, text in OLD.items():
            (installed.seeds / name).write_text(text, encoding="utf-8")
        hook = Receiver(news, "/haken")
        gone = Receiver(news, "/zu", accept=lambda _request: Reply.text("no such hook", status=410))
        channels = [
            {"name": name, "type": "webhook", "url": each.url, "group_wait": "0s"}
            for name, each in (("haken", hook), ("zu", gone))
        ]
        found = {"Rutte": ["Rutte", "Purl-Initiative"], "Leer & <leer>": ["Nirgendwort"]}
        slow = {"every": "1h", "fastest": "1s", "slowest": "1h"}
        feeds = {"blatt": news.feed("/blatt", []), SLASHED: news.feed("/kurier", []), "kaputt": news.url("/kaputt")}
        news.page("/kaputt", "", status=500)
        with daemon(installed, 'listen = "127.0.0.1:0"', feeds=feeds, terms=found, channels=channels, polling=slow) as (
            running,
            client,
        ):
            site = Site(client=client, program=installed, running=running, news=news, hook=hook, gone=gone)
            running.wait_for(lambda: all(each["last_polled_at"] for each in site.json("/feeds.json")["feeds"]))
            _publish(site)
            running.wait_for(lambda: len(hook.accepted) >= 3 and "is parked" in running.stderr)
            record_version(site, 3, old="Rund 12 <b>Boote</b>.", new="Rund 15 <b>Boote</b>.", added="Neu am Kai.")
            yield site
            assert running.end() == 0


@pytest.fixture(scope="package")
def tab(chromium: Browser, steady: Site) -> Iterator[Tab]:
    with new_tab(chromium, str(steady.client.base_url)) as opened:
        yield opened


@pytest.fixture(scope="package")
def visits(tab: Tab) -> Visits:
    return Visits(tab)


class Visits:
    """What the browser made of each page, which is visited once."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._made: dict[str, Visit] = {}

    def __getitem__(self, name: str) -> Visit:
        if name not in self._made:
            self._made[name] = visit(self._tab, PAGES[name])
        return self._made[name]


def _publish(site: Site) -> None:
    """Publishes one article after the other, so that each gets the same number in each run."""
    shared, own = paragraphs(900_001, matching=True), paragraphs(900_002, matching=True)
    articles = [
        ("blatt", "/agentur.html", "Agenturmeldung aus Emden", shared),
        (SLASHED, "/kopie.html", "Agenturmeldung aus Emden", shared),
        ("blatt", "/fremd.html", HOSTILE, own),
        ("blatt", "/lang.html", "Ein langer Titel " + "x" * 300, paragraphs(900_003, matching=True)),
        ("blatt", "/anders.html", "Markttag ohne Gäste", paragraphs(900_004, matching=False)),
    ]
    entries: dict[str, list[Entry]] = {"blatt": [], SLASHED: []}
    for count, (feed, path, title, text) in enumerate(articles, start=1):
        inner = "".join(f"<p>{part}</p>" for part in text) + f"<p>Mehr dazu am Abend, schreibt {path[1:-5]}.</p>"
        head = f'<meta property="og:site_name" content="Haus {path[1:-5]}">'
        date = '<time datetime="2025-11-03">3. November 2025</time>' if path == "/lang.html" else ""
        site.news.page(path, news_page(title, inner, date=date, head=head))
        entries[feed].insert(0, Entry(id=path, link=path, title=title))
        site.news.feed("/blatt" if feed == "blatt" else "/kurier", entries[feed])
        site.client.post("/actions/poll", data={"feed": feed})
        site.running.wait_for(partial(_has_read, site, count))


def _has_read(site: Site, count: int) -> bool:
    return bool(site.json("/search.json?q=Mehr")["total"] == count)
