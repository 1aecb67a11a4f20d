"""Fifty readers who ask at once: an alert goes its way meanwhile, and the page that waits hears of the document."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.patience import HANGS
from tests.receivers import Receiver
from tests.web.conftest import daemon

READERS = 50
# A quarter of a second of work on a fast machine: forty conditions on six long documents.
QUERY = " AND ".join(f"(wort{place} NEAR/3 zzz{place} OR wort{place + 1}*)" for place in range(40))
LONG = " ".join(f"wort{place % 900}er" for place in range(5_000))


class Readers:
    """Asks in as many threads as there are readers, each the next question as soon as it has an answer."""

    def __init__(self, base: str) -> None:
        self.statuses: Counter[int] = Counter()
        self._base = base
        self._stop = threading.Event()
        self._all_ask = threading.Barrier(READERS + 1)

    @contextmanager
    def asking(self) -> Iterator[None]:
        with ThreadPoolExecutor(READERS) as threads:
            done = [threads.submit(self._ask, path) for path in ("/", "/search") * (READERS // 2)]
            self._all_ask.wait(HANGS)
            try:
                yield
            finally:
                self._stop.set()
            for each in done:
                each.result(HANGS)

    def _ask(self, path: str) -> None:
        with httpx.Client(base_url=self._base, timeout=HANGS, trust_env=False) as client:
            self._all_ask.wait(HANGS)
            while not self._stop.is_set():
                answer = client.get(path, params={"q": QUERY})
                self.statuses[answer.status_code] += 1
                if answer.status_code == 503:
                    self._stop.wait(float(answer.headers["retry-after"]))


def test_fifty_readers_delay_no_alert(tmp_path: Path) -> None:
    """While all of them search, an article is found, archived and sent before their first questions are answered."""
    program = Program(tmp_path)
    program.seeds.mkdir()
    for number in range(6):
        text = f"Lang {number}\n\n{LONG}\n"
        (program.seeds / f"{number:03d}_{number:016x}.txt").write_text(text, encoding="utf-8")
    with Newsroom() as news:
        hook = Receiver(news, "/haken")
        address = news.feed("/blatt", [])
        channel = {"name": "haken", "type": "webhook", "url": hook.url, "group_wait": "0s"}
        with daemon(program, 'listen = "127.0.0.1:0"', feeds={"blatt": address}, channels=[channel]) as (
            running,
            client,
        ):
            readers = Readers(str(client.base_url))
            with client.stream("GET", "/live?next=6") as live, readers.asking():
                events = live.iter_lines()
                running.wait_for(lambda: sum(readers.statuses.values()) > 0)
                before = readers.statuses.copy()
                news.feed("/blatt", [article(news, matching=True)])
                hook.wait_for(1)
                answered = (readers.statuses - before)[200]
                news_line = next(line for line in events if line.startswith("data:"))
            assert news_line == "data: 1 new document"
            assert set(readers.statuses) <= {200, 503}
            assert answered < READERS
            assert client.get("/status.json").json()["healthy"]
            assert running.end() == 0
