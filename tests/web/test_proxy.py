"""The pages behind nginx, with the server block of docs/web.md: who may read them, and what passes through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.acceptance.program import Program
from tests.docs.pages import ROOT, fences
from tests.outbox.homeserver import free_port
from tests.outbox.nginx import run_nginx
from tests.patience import HANGS
from tests.web.conftest import daemon, first

PAGE = ROOT / "docs" / "web.md"
HOST = {"Host": "watcher.example.org"}
EVA = ("eva", "losung")


def block(language: str) -> str:
    """The last block of a language on the page."""
    return [fence.text for fence in fences(PAGE) if fence.language == language][-1]


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of nginx, whose connections are not encrypted here, in front of a daemon."""
    port = free_port()
    users = tmp_path / "users"
    users.write_text("eva:{PLAIN}losung\n", encoding="utf-8")
    web = block("toml").partition("[web]\n")[2].replace(":8410", ":0")
    with daemon(Program(tmp_path), web, feeds={}, terms={"Rutte": ["Rutte"]}) as (running, client):
        server = block("nginx").replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
        server = server.replace("http://127.0.0.1:8410", str(client.base_url).rstrip("/"))
        server = server.replace("/etc/nginx/watcher.users", str(users))
        assert client.get("/").status_code == 403
        with (
            run_nginx(tmp_path, port, server),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HOST, timeout=HANGS, trust_env=False) as proxy,
        ):
            yield proxy
        assert running.end() == 0


def test_the_nginx_of_the_guide_works(proxied: httpx.Client) -> None:
    """Readers log in at nginx; forms, live news and feeds pass; a name that a client claims is replaced."""
    assert proxied.get("/").status_code == 401
    assert proxied.get("/", headers={"X-Remote-User": "eva"}).status_code == 401
    page = proxied.get("/watches", auth=EVA)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    fields = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
    done = proxied.post("/actions/poll", data={"feed": "nichts"}, headers=fields, auth=EVA)
    assert (done.status_code, done.headers["location"].partition("?")[0]) == (303, "/feeds")
    other = {"Origin": "https://evil.example"}
    assert proxied.post("/actions/poll", data={"feed": "a"}, headers=other, auth=EVA).status_code == 403
    with proxied.stream("GET", "/live", auth=EVA) as live:
        assert next(live.iter_lines()) == "retry: 10000"
    atom = str(first(LexborHTMLParser(page.text), "[data-watch] a[href*='.atom?token=']").attributes["href"])
    feed = proxied.get(atom)
    assert (feed.status_code, proxied.get(atom[:-1]).status_code) == (200, 404)
    assert proxied.get(atom, headers={"If-None-Match": feed.headers["etag"]}).status_code == 304
    assert proxied.get("/feeds/watches/%2e%2e/%2e%2e/status.json").status_code in (401, 404)
