"""What keeps others out: names, origins, tokens, hostile parameters; every answer with its header fields."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.acceptance.program import Program
from tests.patience import HANGS
from tests.web.conftest import Site, daemon, first

STATUSES = {
    "/": 200,
    "/index.json": 200,
    "/static/style.css": 200,
    "/static/nothing.css": 404,
    "/nothing": 404,
    "/nothing.json": 404,
    "/documents/99": 404,
    "/documents/99999999999999999999.json": 404,
    "/documents/x": 404,
    "/documents/-1": 404,
    "/feeds/nothing": 404,
    "/feeds/..%2F..%2Fetc%2Fpasswd": 404,
    "/actions/resume": 405,
    "/actions/drop": 405,
    "/login": 405,
    "/?since=gestern": 400,
    "/?since=0001-01-01": 400,
    "/?until=20261129": 400,
    "/?until=2026-W48-7": 400,
    "/?before=x": 400,
    "/?before=99999999999999999999": 400,
    "/?q=%00": 400,
    "/?q=%zz": 400,
    "/?q=%ff": 400,
    "/feeds/%00": 400,
    "/feeds/%c3%28": 400,
    f"/?q={'x' * 9_000}": 400,
    f"/?{'a=1&' * 500}": 400,
    "/search?in=everything": 400,
    "/search?limit=0": 400,
    "/outbox?state=sent": 400,
    "/outbox.json?state=sent": 400,
    "/feeds?health=ill": 400,
    "/press-review?date=2026-02-30": 400,
    "/press-review.json?date=9999-12-31": 400,
    "/press-review.md?date=x": 400,
    f"/search?q={'(' * 4_000}": 200,
    f"/search?q={'NOT%20' * 1_300}x": 200,
    "/search?q=Rutte&limit=1000000": 200,
}


@pytest.mark.parametrize("path", STATUSES, ids=lambda path: path[:40])
def test_every_answer_has_its_status_and_header_fields(site: Site, path: str) -> None:
    """Errors are pages or JSON like the others, and show no path, table or trace."""
    answer = site.get(path)
    assert answer.status_code == STATUSES[path]
    policy = {part.strip() for part in answer.headers["content-security-policy"].split(";")}
    assert policy >= {"default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"}
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert ("allow" in answer.headers) == (answer.status_code == 405)
    if answer.status_code >= 400:
        if urlsplit(path).path.endswith(".json"):
            assert answer.json()["error"] == answer.status_code
        else:
            page = LexborHTMLParser(answer.text)
            assert str(answer.status_code) in first(page, "main h1").text()
            assert page.css_matches("form[role=search]")
        for secret in (str(site.program.folder), "Traceback", "SELECT", "documents."):
            assert secret not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8410", "", "a b"])
def test_only_its_own_names_are_answered(site: Site, host: str) -> None:
    """A page of another site, whose name was rebound to this address, reads nothing."""
    answer = site.get("/index.json", host=host)
    assert answer.status_code == 403
    assert "Rutte" not in answer.text
    assert site.get("/static/style.css", host=host).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:8410", "127.0.0.1", "localhost."])
def test_its_own_names_are_answered_with_any_port(site: Site, host: str) -> None:
    """A tunnel may change the port."""
    assert site.get("/status.json", host=host).status_code == 200


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": "own"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "own"}, True),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
    ],
)
def test_forms_of_other_sites_are_refused(site: Site, headers: dict[str, str], may: bool) -> None:
    """`Sec-Fetch-Site` decides where a browser sends it, else `Origin`; programs send neither."""
    own = str(site.client.base_url).rstrip("/")
    sent = {name: own if value == "own" else value for name, value in headers.items()}
    answer = site.client.post("/actions/resume", data={"channel": "nothing"}, headers=sent)
    assert answer.status_code == (303 if may else 403)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"channel=%ff", "application/x-www-form-urlencoded", 400),
        (b"id=a%00b", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"channel=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=1" for _ in range(99)), "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 303),
    ],
)
def test_strange_forms_do_nothing(site: Site, content: bytes, kind: str, status: int) -> None:
    """Too large, no form, no text: a page that says so."""
    answer = site.client.post("/actions/drop", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert "x-content-type-options" in answer.headers


def test_a_token_guards_all_but_style_and_script(program: Program) -> None:
    """Over a Unix socket with a token: a form to log in, a cookie that is not the token, Bearer for programs."""
    (program.folder / "token").write_text("losung-4711\n", encoding="utf-8")
    web = 'listen = "unix:state/web.sock"\ntoken_file = "token"\nhosts = ["news.example"]'
    with daemon(program, web, feeds={}) as (running, client):
        refused = client.get("/?q=Rutte")
        form = first(LexborHTMLParser(refused.text), "form[action='/login']")
        assert refused.status_code == 401
        assert client.get("/index.json").json()["error"] == 401
        assert client.get("/static/style.css").status_code == 200
        assert client.post("/actions/poll", data={"feed": "a"}).status_code == 401
        assert client.post("/login", data={"token": "falsch"}).status_code == 401
        target = str(first(form, "input[name=next]").attributes["value"])
        welcome = client.post("/login", data={"token": "losung-4711", "next": target})
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/?q=Rutte")
        cookie = welcome.headers["set-cookie"]
        assert all(word in cookie for word in ("HttpOnly", "SameSite=strict"))
        assert "losung" not in cookie
        assert client.get("/?q=Rutte").status_code == 200
        away = client.post("/login", data={"token": "losung-4711", "next": "//evil.example/"})
        assert away.headers["location"] == "/"
        client.cookies.clear()
        client.cookies.set("watcher", "99999999999.0123456789abcdef")
        assert client.get("/").status_code == 401
        client.cookies.clear()
        assert client.get("/", headers={"Authorization": "Bearer losung-4711"}).status_code == 200
        assert client.get("/", headers={"Authorization": "Bearer losung-4712"}).status_code == 401
        assert (
            client.get("/", headers={"Host": "news.example", "Authorization": "bearer losung-4711"}).status_code == 200
        )
        assert "losung" not in running.stderr
        assert running.end() == 0
    assert not (program.folder / "state" / "web.sock").exists()


def test_a_proxy_names_the_user_and_a_taken_port_is_a_sentence(program: Program) -> None:
    """Only from its network; without its header field 403. A second daemon on the same port ends with 1."""
    web = 'proxy_header = "X-Remote-User"\nproxy_networks = ["127.0.0.1/32"]'
    with daemon(program, f'listen = "127.0.0.1:0"\n{web}', feeds={}) as (running, client):
        assert client.get("/").status_code == 403
        assert client.get("/status.json", headers={"X-Remote-User": "eva"}).json()["problems"] == []
        port = client.base_url.port
        second = Program(program.folder / "second")
        second.folder.mkdir()
        second.configure(feeds={}, more=f'[web]\nlisten = "127.0.0.1:{port}"\n')
        ended = second.command("run")
        assert ended.code == 1
        assert f"cannot serve pages at 127.0.0.1:{port}: Address already in use" in ended.stderr
        idle = [socket.create_connection(("127.0.0.1", port or 0), HANGS) for _ in range(20)]
        idle[0].sendall(b"GET / HTTP/1.1\r\nHost: loc")
        with client.stream("GET", "/live", headers={"X-Remote-User": "eva"}) as live:
            assert live.headers["content-type"].startswith("text/event-stream")
            assert running.end() == 0  # whatever is open
        for each in idle:
            each.close()


def test_requests_that_are_not_http_cost_a_connection(site: Site) -> None:
    """And the next one is answered."""
    address = (site.client.base_url.host, site.client.base_url.port or 0)
    for garbage in (
        b"\x16\x03\x01" * 100,
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 200_000,
        b"GET http://evil/ HTTP/1.1\r\n",
    ):
        with socket.create_connection(address, HANGS) as raw:
            raw.settimeout(HANGS)
            try:
                raw.sendall(garbage + b"Host: localhost\r\n\r\n")
                assert b" 400 " in raw.recv(65_536)
            except OSError:
                pass  # it was closed first
    assert site.get("/status.json").status_code == 200


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_a_head_request_has_no_body(site: Site) -> None:
    """And the same header fields. One for an answer that lasts has its end."""
    for path, media_type in (("/", "text/html"), ("/live", "text/event-stream")):
        answer = site.client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith(media_type)
        assert isinstance(answer, httpx.Response)
