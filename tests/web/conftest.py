"""A daemon with pages for all tests of this folder: a real process, a real newsroom, a corpus with older files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.acceptance.pages import article, news_page, paragraphs
from tests.acceptance.program import Program, Running
from tests.newsroom import Newsroom, Reply
from tests.patience import HANGS
from tests.receivers import Receiver
from watcher.model import Entry

HOSTILE = "Rutte <script>alert(1)</script> & \"Purl\" 'x' {{ 7*7 }}"
SLASHED = "Süd/Nord & Söhne.json"
SECRET = "geheim-4711"
OLD = {
    "000_0123456789abcdef.txt": " date 2025-10 Chronik eines Amtes\n\nRutte kam im Herbst.\n",
    "001_fedcba9876543210.txt": "Ohne Datum\n\nNur ein Absatz.\n",
}


@dataclass(slots=True, kw_only=True)
class Site:
    """The pages of a running daemon."""

    client: httpx.Client
    program: Program
    running: Running
    news: Newsroom
    hook: Receiver
    gone: Receiver

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def page(self, path: str, **headers: str) -> LexborHTMLParser:
        """A page that must be there."""
        answer = self.get(path, **headers)
        assert answer.status_code == 200, answer.text
        return LexborHTMLParser(answer.text)

    def json(self, path: str) -> Any:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    def submit(self, form: LexborNode) -> httpx.Response:
        """Sends a form as a browser does under `no-referrer`, and follows it to the page with the result."""
        fields = {
            str(each.attributes["name"]): str(each.attributes["value"]) for each in form.css("input[type=hidden]")
        }
        headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        answer = self.client.post(str(form.attributes["action"]), data=fields, headers=headers)
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["location"])


def first(place: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    """The first element that a selector finds; there must be one."""
    found = place.css_first(selector)
    assert found is not None, selector
    return found


@contextmanager
def daemon(program: Program, web: str, **configuration: Any) -> Iterator[tuple[Running, httpx.Client]]:
    """A daemon with a `[web]` table, and a client for its pages."""
    program.configure(more=f"[web]\n{web}\n", **configuration)
    with started(program) as (running, client):
        yield running, client


@contextmanager
def started(program: Program) -> Iterator[tuple[Running, httpx.Client]]:
    """A daemon with the config that there is, and a client for its pages."""
    with program.run() as running:
        running.wait_for(lambda: "pages at " in running.stderr)
        place = running.stderr.split("pages at ")[1].split("\n")[0]
        is_socket = place.startswith("unix:")
        transport = httpx.HTTPTransport(uds=place.removeprefix("unix:")) if is_socket else None
        base = "http://localhost/" if is_socket else place
        with httpx.Client(base_url=base, transport=transport, timeout=HANGS, trust_env=False) as client:
            yield running, client


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Six documents: two older files, and four articles of two feeds, two of them one story."""
    with Newsroom() as news:
        program = Program(tmp_path_factory.mktemp("site"))
        _write_old_files(program.seeds)
        hook = Receiver(news, f"/{SECRET}")
        gone = Receiver(news, f"/zu-{SECRET}", accept=lambda _request: Reply.text("no such hook", status=410))
        channels = [
            {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"},
            {"name": "zu", "type": "webhook", "url": gone.url, "group_wait": "0s"},
        ]
        found = {"Rutte": ["Rutte", "Purl-Initiative"], "Leer & <leer>": ["Nirgendwort"]}
        slow = {"every": "1h", "fastest": "1s", "slowest": "1h"}
        with daemon(
            program, 'listen = "127.0.0.1:0"', feeds=_feeds(news), terms=found, channels=channels, polling=slow
        ) as (running, client):
            made = Site(client=client, program=program, running=running, news=news, hook=hook, gone=gone)
            running.wait_for(lambda: len(program.names()) == 6 and hook.accepted and "is parked" in running.stderr)
            yield made
            assert running.end() == 0


def _write_old_files(folder: Path) -> None:
    folder.mkdir()
    for name, text in OLD.items():
        (folder / name).write_text(text, encoding="utf-8")


def _feeds(news: Newsroom) -> dict[str, str]:
    shared = "".join(f"<p>{part}</p>" for part in paragraphs(900_001, matching=True))
    for path in ("/agentur.html", "/kopie.html"):
        site = "".join(f'<meta property="og:site_name" content="Haus {path[1:7]}">')
        own = f"<p>Ergänzt von der Redaktion {path[1:7]} am Abend, mit Zahlen aus dem Hafen.</p>"
        news.page(path, news_page("Agenturmeldung aus Emden", shared + own, head=site))
    copies = [Entry(id=path, link=path, title="Agenturmeldung aus Emden") for path in ("/agentur.html", "/kopie.html")]
    hostile = article(news, matching=True, title=HOSTILE)
    dated = '<time datetime="2025-10-08">8. Oktober 2025</time>'
    long = article(news, matching=True, title="Ein langer " + "x" * 300, date=dated)
    others = [article(news, matching=False), long]
    news.page("/kaputt", "", status=500)
    return {
        "blatt": news.feed("/blatt", [copies[0], hostile, *others]),
        SLASHED: news.feed("/kurier", [copies[1]]),
        "kaputt": news.url("/kaputt"),
    }
