"""The numbers of a daemon in Prometheus' format. Names and meanings are a promise: docs/operations.md lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from watcher import __version__
from watcher.runtime.status import StatusMonitor
from watcher.store.health import Health
from watcher.web.server import Page

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_page(pulse: StatusMonitor) -> Callable[[], Page]:
    """What makes the page of metrics, from what the pulse knows last."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(pulse))
    return lambda: Page(content_type=CONTENT_TYPE, body=generate_latest(registry))


class _Numbers(Collector):
    def __init__(self, pulse: StatusMonitor) -> None:
        self._pulse = pulse

    def collect(self) -> Iterator[Metric]:
        tally = self._pulse.steps.tally
        yield _labelled("watcher_build_info", "What is running.", "version", {__version__: 1})
        yield CounterMetricFamily("watcher_polls", "Polls since the start.", value=tally.polled)
        yield CounterMetricFamily("watcher_entries_new", "New entries since the start.", value=tally.new_entries)
        outcomes = CounterMetricFamily("watcher_entries", "Entries taken in since the start.", labels=["outcome"])
        told = CounterMetricFamily("watcher_deliveries", "Deliveries ended since the start.", labels=["state"])
        for outcome, count in sorted(tally.entries.items()):
            outcomes.add_metric([outcome], count)
        for state, count in sorted(tally.deliveries.items()):
            told.add_metric([state], count)
        yield outcomes
        yield told
        hands = {lane.name: lane.running for lane in self._pulse.steps.lanes}
        yield _labelled("watcher_in_hand", "Pieces that each step works on.", "step", hands)
        if self._pulse.health:
            yield from _of_state(self._pulse.health)


def _of_state(health: Health) -> Iterator[Metric]:
    def gauge(name: str, text: str, value: float) -> Metric:
        return GaugeMetricFamily(f"watcher_{name}", text, value=value)

    yield gauge("feeds", "Subscribed feeds.", health.feeds)
    yield gauge("feeds_failing", "Feeds whose last poll failed.", health.feeds_failing)
    yield gauge("last_poll_timestamp_seconds", "When a feed was polled last.", _seconds(health.last_poll_at))
    yield gauge("next_poll_timestamp_seconds", "When the next feed is due.", _seconds(health.next_poll_at))
    yield gauge("entries_open", "Entries that wait to be taken in.", health.entries_open)
    yield gauge("entries_overdue_seconds", "For how long the first of them is due.", health.oldest_due.total_seconds())
    yield gauge("documents", "The number after the highest of a document.", health.documents)
    yield gauge("documents_unwritten", "Documents whose files are owed.", health.documents_unwritten)
    yield _labelled("watcher_deliveries_open", "Deliveries that have not ended.", "channel", health.deliveries_open)
    parked = dict.fromkeys(health.parked, 1)
    yield _labelled(
        "watcher_channel_parked", "Channels that are stopped until somebody resumes them.", "channel", parked
    )
    yield _labelled("watcher_trouble", "What is amiss and was told.", "name", dict.fromkeys(health.troubles, 1))


def _labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
