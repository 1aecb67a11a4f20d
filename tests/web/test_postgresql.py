"""The pages over a state on PostgreSQL: each answers, with the same documents."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.databases import Server
from tests.newsroom import Newsroom
from tests.web.conftest import daemon

PATHS = (
    "/", "/?q=Rutte", "/?watch=Rutte&feed=a&since=2020-01-01&until=2099-01-01", "/documents/0", "/documents/1",
    "/search?q=Rutte", "/search?q=Rutt*&in=corpus", "/watches", "/watches/try?query=Rutte", "/timeline?by=week",
    "/feeds", "/feeds/a", "/outbox", "/outbox?state=delivered", "/status", "/press-review?date=2026-11-28",
)  # fmt: skip


def test_each_page_answers(postgresql: Server, tmp_path: Path) -> None:
    """As HTML and as JSON; filters, the search by the index of documents, and an action."""
    with Newsroom() as news:
        program, url = Program(tmp_path), postgresql.fresh()
        feed = news.feed("/a", [article(news, matching=True) for _ in range(2)])
        web = f'listen = "127.0.0.1:0"\n\n[state]\nurl = {json.dumps(url)}'
        with daemon(program, web, feeds={"a": feed}, polling={"every": "1h", "slowest": "1h"}) as (running, client):
            running.wait_for(lambda: len(program.names()) == 2)
            running.wait_for(lambda: client.get("/index.json?q=Rutte").json()["total"] == 2)
            for path in PATHS:
                name, _, query = path.partition("?")
                for form in (path, f"{'/index' if name == '/' else name}.json?{query}"):
                    answer = client.get(form)
                    assert answer.status_code == 200, (form, answer.text)
            assert {row["number"] for row in client.get("/search.json?q=Rutte").json()["results"]} == {0, 1}
            assert client.get("/watches.json").json()["watches"][0]["days"][-1] == 2
            polls = news.count("/a")
            same_origin = {"Sec-Fetch-Site": "same-origin"}
            assert client.post("/actions/poll", data={"feed": "a"}, headers=same_origin).status_code == 303
            running.wait_for(lambda: news.count("/a") > polls)
            assert running.end() == 0
            assert "Traceback" not in running.stderr
