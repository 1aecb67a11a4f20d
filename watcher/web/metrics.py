"""The metrics of the daemon in Prometheus' format, and the application that serves them without Starlette.

docs/operations.md lists the names of the metrics, which stay. uvicorn alone adds 1.3 MB to a daemon without pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from watcher import __version__
from watcher.runtime.status import StatusMonitor
from watcher.store.queries.health import Health
from watcher.store.queries.workers import WorkerStatus
from watcher.web.headers import SECURITY_HEADERS
from watcher.web.hosts import is_own_host

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TIMEOUT_SECONDS = 5.0  # until a slow reader has the answer


def metrics_page(status: StatusMonitor) -> Callable[[], bytes]:
    """Returns a function that renders the metrics from the latest health of `status`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_DaemonMetrics(status))
    return lambda: generate_latest(registry)


def metrics_app(render: Callable[[], bytes], *, hosts: Collection[str] = ()) -> ASGIApp:
    """Returns an application that serves what `render` returns at `/metrics`, one answer per connection.

    Requests whose `Host` is neither a loopback name, nor the address itself, nor one of `hosts` are refused.
    """

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, body = _answer(scope, render, hosts)
        headers = {
            "Content-Type": CONTENT_TYPE if status == 200 else "text/plain",
            "Content-Length": str(len(body)),
            **SECURITY_HEADERS,
            "Cache-Control": "no-store",
            "Connection": "close",
        }
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            await send({"type": "http.response.start", "status": status, "headers": fields})
            await send({"type": "http.response.body", "body": body})

    return answer


def _answer(scope: Scope, render: Callable[[], bytes], hosts: Collection[str]) -> tuple[int, bytes]:
    address = str((scope.get("server") or ("",))[0])
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if not all(is_own_host(name, hosts=hosts, address=address) for name in named):
        return 403, b"this is not the host that you name\n"
    if scope["method"] not in ("GET", "HEAD"):
        return 405, b"GET or HEAD\n"
    if scope["path"] != "/metrics":
        return 404, b"not found\n"
    return 200, render()


class _DaemonMetrics(Collector):
    def __init__(self, status: StatusMonitor) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        tally = self._status.service.tally
        yield _labelled("watcher_build_info", "Version of the running daemon.", "version", {__version__: 1})
        yield CounterMetricFamily("watcher_polls", "Polls since the start.", value=tally.polled)
        yield CounterMetricFamily("watcher_entries_new", "New entries since the start.", value=tally.new_entries)
        outcomes = CounterMetricFamily("watcher_entries", "Entries ingested since the start.", labels=["outcome"])
        deliveries = CounterMetricFamily("watcher_deliveries", "Deliveries ended since the start.", labels=["state"])
        for outcome, count in sorted(tally.entries.items()):
            outcomes.add_metric([outcome], count)
        for state, count in sorted(tally.deliveries.items()):
            deliveries.add_metric([state], count)
        yield outcomes
        yield deliveries
        running = {runner.name: runner.running for runner in self._status.service.runners}
        yield _labelled("watcher_running", "Tasks that each step is working on.", "step", running)
        if self._status.health:
            yield from _of_state(self._status.health)


def _of_state(health: Health) -> Iterator[Metric]:
    def gauge(name: str, text: str, value: float) -> Metric:
        return GaugeMetricFamily(f"watcher_{name}", text, value=value)

    yield gauge("feeds", "Subscribed feeds.", health.feeds)
    yield gauge("feeds_failing", "Feeds whose last poll failed.", health.feeds_failing)
    yield gauge("last_poll_timestamp_seconds", "Time of the latest poll.", _seconds(health.last_poll_at))
    yield gauge("next_poll_timestamp_seconds", "Time at which the next feed is due.", _seconds(health.next_poll_at))
    yield gauge("entries_open", "Entries waiting for ingestion.", health.entries_open)
    yield gauge("entries_overdue_seconds", "How long the oldest entry is due.", health.oldest_due.total_seconds())
    yield gauge("documents", "The next document number.", health.documents)
    yield gauge("documents_unwritten", "Documents whose files are not written yet.", health.documents_unwritten)
    yield _labelled("watcher_deliveries_open", "Deliveries that have not ended.", "channel", health.deliveries_open)
    parked = dict.fromkeys(health.parked, 1)
    yield _labelled("watcher_channel_parked", "Channels stopped until an operator resumes them.", "channel", parked)
    yield _labelled("watcher_incident", "Open incidents.", "name", dict.fromkeys(health.incidents, 1))
    if health.workers:
        yield from _of_workers(health.workers)


def _of_workers(workers: Collection[WorkerStatus]) -> Iterator[Metric]:
    """Yields the metrics of each worker that shares the state, also of those on other machines."""
    alive = GaugeMetricFamily("watcher_worker_up", "Whether a worker is alive.", labels=["worker"])
    holds = GaugeMetricFamily("watcher_worker_holds", "Shards, channels and other work of a worker.", labels=["worker"])
    polls = CounterMetricFamily("watcher_worker_polls", "Polls of a worker since it registered.", labels=["worker"])
    entries = CounterMetricFamily("watcher_worker_entries", "Entries it ingested.", labels=["worker", "outcome"])
    sent = CounterMetricFamily("watcher_worker_deliveries", "Deliveries it ended.", labels=["worker", "state"])
    for worker in workers:
        name = f"{worker.host}:{worker.pid}"
        alive.add_metric([name], worker.alive)
        holds.add_metric([name], len(worker.holds))
        polls.add_metric([name], worker.tally.get("polls", 0))
        for family, key in ((entries, "entries"), (sent, "deliveries")):
            for label, count in sorted(worker.tally.get(key, {}).items()):
                family.add_metric([name, label], count)
    yield from (alive, holds, polls, entries, sent)


def _labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
