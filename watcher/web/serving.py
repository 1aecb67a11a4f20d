"""Serves pages and metrics of a process, if its config has addresses for them; their packages are loaded only then."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from watcher import sdnotify
from watcher.config import Config, split_listen
from watcher.log import event
from watcher.runtime.status import StatusMonitor

log = logging.getLogger(__name__)

_TICK = timedelta(seconds=1)


@asynccontextmanager
async def serving(
    config: Config,
    monitor: StatusMonitor,
    *,
    stop: asyncio.Event,
    announce: Callable[[str], None] = lambda _address: None,
) -> AsyncIterator[None]:
    """Serves until the end of the context. `announce` gets the address of the pages.

    Raises WatcherError if it cannot listen.
    """
    async with _metrics(config, monitor, stop), _pages(config, monitor, stop, announce):
        yield


async def refresh_status(monitor: StatusMonitor) -> None:
    """Refreshes the status line and the sign of life; a store that does not answer is asked again."""
    while True:
        try:
            if await monitor.refresh_if_due():
                sdnotify.notify(f"STATUS={monitor.line()}")
        except Exception as error:
            facts = event("state.unresponsive", error=str(error))
            log.warning("the state does not answer: %s", error, extra=facts)
        await asyncio.sleep(_TICK.total_seconds())


@asynccontextmanager
async def _metrics(config: Config, monitor: StatusMonitor, stop: asyncio.Event) -> AsyncIterator[None]:
    if not config.metrics.listen:
        yield
        return
    from watcher.web.listening import serving_metrics
    from watcher.web.metrics import metrics_app, metrics_page

    host, port = split_listen(config.metrics.listen)
    app = metrics_app(metrics_page(monitor), hosts=config.web.hosts)
    async with serving_metrics(host, port, app, stop=stop) as taken:
        log.info("metrics at http://%s:%d/metrics", host, taken, extra=event("metrics.on", host=host, port=taken))
        yield


@asynccontextmanager
async def _pages(
    config: Config, monitor: StatusMonitor, stop: asyncio.Event, announce: Callable[[str], None]
) -> AsyncIterator[None]:
    web = config.web
    if not web.listen:
        yield
        return
    from watcher.web.listening import serving_pages
    from watcher.web.site import assembled_site

    token = config.resolve(web.token, os.environ) if web.token else ""
    async with (
        assembled_site(monitor, web, token, stop=stop) as site,
        serving_pages(web, site, stop=stop) as address,
    ):
        announce(address)
        yield
