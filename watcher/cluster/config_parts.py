"""The parts of a config in which all workers of a state must agree, each as a hash. Paths and secrets may differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from watcher.config import ChannelConfig, Config
from watcher.config.channels import SECRET_KEYS
from watcher.matching import definition
from watcher.store.queries.workers import LivingWorker


def config_parts(config: Config) -> Mapping[str, str]:
    """Returns the hash of each part, by its name in messages."""
    net = config.net
    manners = (net.per_host, net.pause, net.robots, net.user_agent, net.contact, net.allow_private, bool(net.proxy))
    feeds = [
        (feed.name, feed.url, feed.every, feed.fastest, feed.slowest, feed.timeout, sorted(feed.headers))
        for feed in config.feeds
    ]
    parts: Mapping[str, object] = {
        "feeds": feeds,
        "opml": [(each.name, each.url, bool(each.file)) for each in config.opml],
        "watches": [(watch.name, definition(watch), watch.channels, watch) for watch in config.watches],
        "channels": [_channel(channel) for channel in config.channels],
        "corpus.timezone": config.corpus.timezone,
        "corpus.pages": config.corpus.pages,
        "net": (*manners, net.timeout),
        "revisions": config.revisions,
        "cluster": config.cluster,
    }
    return {name: hashlib.sha256(repr(part).encode()).hexdigest()[:16] for name, part in parts.items()}


def differing(own: Mapping[str, str], others: Iterable[LivingWorker]) -> str:
    """Names the parts in which others have another config, and where: "watches on host b". "" if there are none."""
    found = []
    for other in others:
        names = [name for name, value in own.items() if other.config.get(name) != value]
        if names:
            found.append(f"{', '.join(names)} on {other.host} (process {other.pid})")
    return "; ".join(dict.fromkeys(found))


def _channel(channel: ChannelConfig) -> object:
    return {name: value for name, value in channel if name not in SECRET_KEYS}
