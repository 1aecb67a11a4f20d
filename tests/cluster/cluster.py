"""Workers of one state under test, and a newsroom of many public hosts, which they reach by a proxy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import create_engine, text

from tests.acceptance.fork_server import Forked
from tests.acceptance.pages import news_page, paragraphs
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.patience import HANGS
from tests.receivers import Receiver
from watcher.model import Entry

LOGGED = ("--log-format", "json")


@dataclass(slots=True, kw_only=True)
class Working:
    """A worker that was started."""

    process: subprocess.Popen[bytes] | Forked
    errors: Path

    @property
    def log(self) -> str:
        return self.errors.read_text(encoding="utf-8")

    @property
    def is_ready(self) -> bool:
        return '"worker.ready"' in self.log

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(HANGS)

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(HANGS)


def _has_started(worker: Working) -> bool:
    return worker.is_ready or worker.process.poll() is not None


class Cluster:
    """Workers on one config. They are killed at the end of `running`; none may ever have shown a traceback."""

    def __init__(self, folder: Path, url: str) -> None:
        self.program = Program(folder, database=url)
        self.url = url
        self.workers: list[Working] = []

    def start(self, *arguments: str) -> Working:
        """Starts a worker."""
        number = len(self.workers)
        errors = self.program.folder / f"worker-{number}.txt"
        with errors.open("wb") as stream:
            process = self.program.start(*LOGGED, "worker", *arguments, stdout=stream, stderr=stream)
        worker = Working(process=process, errors=errors)
        self.workers.append(worker)
        return worker

    def wait_for(self, condition: Callable[[], object], timeout: float = HANGS) -> None:
        """Waits until a condition holds."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.05)

    def ready(self, *workers: Working) -> None:
        """Waits until workers take work."""
        for worker in workers:
            self.wait_for(partial(_has_started, worker))
            assert worker.is_ready, worker.log

    def logs(self) -> str:
        return "\n".join(f"--- {worker.errors.name}\n{worker.log}" for worker in self.workers)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the state."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(query))]
        engine.dispose()
        return found

    def count(self, query: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {query}")[0][0])

    @contextmanager
    def running(self) -> Iterator[None]:
        try:
            yield
        finally:
            for worker in self.workers:
                if worker.process.poll() is None:
                    worker.process.send_signal(signal.SIGCONT)
                    worker.process.kill()
                    worker.process.wait()
        for worker in self.workers:
            assert "Traceback" not in worker.log, worker.log
            assert '"bug"' not in worker.log, worker.log


class Outlets:
    """Public hosts of a newsroom that is the proxy of all workers. `pages`: how many articles each has."""

    def __init__(self, news: Newsroom, count: int, *, delay: float = 0.0) -> None:
        self.news = news
        self.delay = delay
        self.hosts = [f"zeitung{number}.news" for number in range(count)]
        self.entries: dict[str, list[Entry]] = {host: [] for host in self.hosts}
        self._numbers = iter(range(1, 1_000_000))
        self.matching = self.published = 0
        for host in self.hosts:
            self._publish(host)

    @property
    def feeds(self) -> Mapping[str, str]:
        return {host: f"http://{host}/feed" for host in self.hosts}

    def publish(self, each: int, *, matching: Callable[[int], bool] = lambda number: number % 2 == 0) -> None:
        """Publishes articles at every host."""
        for host in self.hosts:
            for _ in range(each):
                number = next(self._numbers)
                self.published += 1
                matches = matching(number)
                self.matching += matches
                title = f"Bericht {number}"
                inner = "".join(f"<p>{line}</p>" for line in paragraphs(number, matching=matches))
                link = f"http://{host}/artikel-{number}"
                self.news.page(link, news_page(title, inner), delay=self.delay)
                self.entries[host].append(Entry(id=link, link=link, title=title))
            self._publish(host)

    def publish_redirect(self, host: str, *, to: str) -> None:
        """Publishes a link that leads to a matching article of another host."""
        number = next(self._numbers)
        link, target = f"http://{host}/weiter-{number}", f"http://{to}/ziel-{number}"
        inner = "".join(f"<p>{line}</p>" for line in paragraphs(number, matching=True))
        self.news.page(target, news_page(f"Ziel {number}", inner))
        self.news.redirect(link, target)
        self.entries[host].append(Entry(id=link, link=link, title=f"Ziel {number}"))
        self.published += 1
        self.matching += 1
        self._publish(host)

    def _publish(self, host: str) -> None:
        self.news.feed(f"http://{host}/feed", self.entries[host], title=host)

    def starts(self) -> Mapping[str, Sequence[float]]:
        """The moments of the requests to each host."""
        found: dict[str, list[float]] = defaultdict(list)
        for request in list(self.news.requests):
            if request.path.startswith("http://zeitung"):
                found[request.path.split("/")[2]].append(request.at)
        return {host: sorted(times) for host, times in found.items()}


def configure(
    cluster: Cluster,
    outlets: Outlets,
    hook: Receiver | None,
    *,
    pause: str = "0s",
    lease: str = "3s",
    at_once: int = 64,
    more: str = "",
    every: str = "2s",
    feeds: Mapping[str, str] | None = None,
) -> None:
    """Writes the config of all workers: one watch, and a webhook that is notified of each document.

    `feeds`: by default those of the outlets.
    """
    net = f'[net]\nproxy = {json.dumps(outlets.news.origin)}\npause = "{pause}"\nrobots = false\nat_once = {at_once}\n'
    shared = f'[cluster]\nlease = "{lease}"\n'
    channels = [{"name": "hook", "type": "webhook", "url": hook.url, "group_wait": "0s"}] if hook else []
    cluster.program.configure(
        feeds=outlets.feeds if feeds is None else feeds,
        channels=channels,
        polling={"every": every, "fastest": every, "slowest": every},
        more=net + shared + more,
    )


def kill_processes(processes: Sequence[psutil.Process]) -> None:
    """kill -9 to processes of a test."""
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
