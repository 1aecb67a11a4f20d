"""How much of what a newsroom publishes watcher reads, and how late, beside the fixed schedules of other readers.

    python -m bench.coverage --outlets 200 --hours 24 --seed 1

Two hundred outlets (`bench.outlets`) publish for a day, which passes in minutes. They are served over HTTP on loopback,
one address each; watcher's own service polls and ingests with its own planner, store and parser processes, and only its
clock is that of the simulation. The fixed schedules ask the same outlets for what they list at the same moments. A
request is one for a feed or sitemap; the delay is that from the publication to the request for the page.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import random
import statistics
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web

from bench.machine import machine
from bench.outlets import DAY, HOUR, MINUTE, Outlet, outlets
from bench.tables import Table, add_json_option, hand_over, table
from watcher.app import assemble
from watcher.config import load
from watcher.parsing.launch import parser_pool
from watcher.runtime.service import Service

START = datetime(2026, 3, 1, tzinfo=UTC)
TICK = 30.0  # seconds of the simulation
HOUSEKEEPING = 30 * MINUTE
WARM_UP = 6 * HOUR  # before the measured time, for the intervals to settle
AFTER = 3 * HOUR  # in which the last articles may still be read
FIXED = (15 * MINUTE, 60 * MINUTE)
GOAL = 0.995


@dataclass(slots=True, kw_only=True)
class Reading:
    """What one schedule came to: its requests in the measured time, and when it read which article of which outlet."""

    name: str
    requests: int = 0
    read_at: dict[tuple[str, int], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The time that is measured, in seconds since the start."""

    begin: float
    end: float

    def holds(self, moment: float) -> bool:
        return self.begin <= moment < self.end


class Clock:
    """The simulation's clock, in seconds since the start."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


class ServedOutlets:
    """Serves each outlet at an address of its own, as it is at the moment of the clock, and notes what is asked for."""

    def __init__(self, known: list[Outlet], clock: Clock, measured: Measured) -> None:
        self.reading = Reading(name="watcher")
        self._clock = clock
        self._measured = measured
        self._by_address = {f"127.1.{n // 250}.{n % 250 + 1}": outlet for n, outlet in enumerate(known)}
        app = web.Application()
        app.add_routes([web.get("/list", self._list), web.get("/article/{number}", self._article)])
        self._runner = web.AppRunner(app, access_log=None)
        self._port = 0

    async def __aenter__(self) -> ServedOutlets:
        await self._runner.setup()
        for address in self._by_address:
            site = web.TCPSite(self._runner, address, self._port)
            await site.start()
            self._port = self._port or self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def urls(self) -> dict[str, str]:
        """The name of each outlet, and the address of its feed or sitemap."""
        return {outlet.name: f"http://{host}:{self._port}/list" for host, outlet in self._by_address.items()}

    async def _list(self, request: web.Request) -> web.Response:
        outlet = self._by_address[request.url.host or ""]
        self.reading.requests += self._measured.holds(self._clock.seconds)
        if outlet.is_down(self._clock.seconds):
            return web.Response(status=503)
        listed = reversed(outlet.listing(self._clock.seconds))
        body = (_sitemap if outlet.sitemap else _feed)(outlet, listed, origin=str(request.url.origin())).encode()
        etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(body=body, content_type="application/xml", headers={"ETag": etag})

    async def _article(self, request: web.Request) -> web.Response:
        outlet, number = self._by_address[request.url.host or ""], int(request.match_info["number"])
        if outlet.is_down(self._clock.seconds):
            return web.Response(status=503)
        self.reading.read_at.setdefault((outlet.name, number), self._clock.seconds)
        return web.Response(text=_page(outlet, number), content_type="text/html")


def main() -> int | str:
    options = _options()
    logging.disable(logging.ERROR)
    random.seed(options.seed)
    known = outlets(options.outlets, days=3, seed=options.seed)
    begin = DAY
    measured = Measured(begin=begin, end=begin + options.hours * HOUR)
    watcher = asyncio.run(_watch(known, measured))
    readings = [watcher, *(_on_schedule(known, measured, every, options.seed) for every in FIXED)]
    _report(known, measured)
    hand_over([_table(known, measured, readings)], options.json)
    share = _share(known, measured, watcher)
    return 0 if share >= GOAL and watcher.requests < readings[1].requests else "the goal is not reached"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--outlets", type=int, default=200)
    parser.add_argument("--hours", type=float, default=24, help="measured, from midnight, after six hours to settle")
    parser.add_argument("--seed", type=int, default=1, help="another number is another day")
    add_json_option(parser)
    return parser.parse_args()


# -- watcher ----------------------------------------------------------------------------------------------------------


async def _watch(known: list[Outlet], measured: Measured) -> Reading:
    clock = Clock(measured.begin - WARM_UP)
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        async with ServedOutlets(known, clock, measured) as served:
            config = load(_write_config(Path(folder), served.urls))
            async with (
                parser_pool(config, prestart=True) as pool,
                assemble(config, pool=pool, show=print, now=clock.now) as service,
            ):
                await service.start()
                await _pass_time(service, clock, until=measured.end + AFTER)
            return served.reading


async def _pass_time(service: Service, clock: Clock, *, until: float) -> None:
    began, keep_house_at = clock.seconds, clock.seconds
    while clock.seconds < until:
        if clock.seconds >= keep_house_at:
            await service.keep_house()
            keep_house_at += HOUSEKEEPING
            print(f"\r{(clock.seconds - began) / (until - began):.0%}", end="", file=sys.stderr, flush=True)
        await service.poll.drain()
        await service.ingest.drain()
        clock.seconds += TICK
    print("\r    \r", end="", file=sys.stderr)


def _write_config(folder: Path, urls: dict[str, str]) -> Path:
    feeds = "".join(f'[[feeds]]\nname = "{name}"\nurl = "{url}"\n' for name, url in urls.items())
    file = folder / "config.toml"
    file.write_text(
        '[seen]\nkeep = "0"\n' + feeds + '[[watches]]\nname = "Rutte"\nterms = ["Rutte"]\n', encoding="utf-8"
    )
    return file


# -- other readers ----------------------------------------------------------------------------------------------------


def _on_schedule(known: list[Outlet], measured: Measured, every: float, seed: int) -> Reading:
    """A reader that asks each outlet for its list at a fixed interval, and reads at once what is new there."""
    reading, dice = Reading(name=f"each {every / MINUTE:.0f} minutes"), random.Random(seed)
    for outlet in known:
        now = measured.begin - WARM_UP + dice.uniform(0, every)
        while now < measured.end + AFTER:
            reading.requests += measured.holds(now)
            if not outlet.is_down(now):
                for article in outlet.listing(now):
                    reading.read_at.setdefault((outlet.name, article), now)
            now += every
    return reading


# -- report -----------------------------------------------------------------------------------------------------------


def _articles(known: list[Outlet], measured: Measured) -> Iterable[tuple[Outlet, int]]:
    for outlet in known:
        for article, published in enumerate(outlet.published):
            if measured.holds(published):
                yield outlet, article


def _share(known: list[Outlet], measured: Measured, reading: Reading) -> float:
    read = [(outlet.name, article) in reading.read_at for outlet, article in _articles(known, measured)]
    return sum(read) / len(read)


def _delays(known: list[Outlet], measured: Measured, reading: Reading) -> list[float]:
    return sorted(
        reading.read_at[outlet.name, article] - outlet.published[article]
        for outlet, article in _articles(known, measured)
        if (outlet.name, article) in reading.read_at
    )


def _report(known: list[Outlet], measured: Measured) -> None:
    published = list(_articles(known, measured))
    could_be_read = sum(outlet.could_be_read(article) for outlet, article in published)
    down = sum(outlet.down[1] > 0 for outlet in known)
    print(
        f"{len(known)} outlets, {len(published)} articles in {(measured.end - measured.begin) / HOUR:g} h, "
        f"{down} outlets down for hours, {could_be_read / len(published):.2%} listed while their outlet answered; "
        f"{machine()}"
    )


def _table(known: list[Outlet], measured: Measured, readings: list[Reading]) -> Table:
    """A row for each schedule; the ratio of requests is that to the first fixed one."""
    what, rows = f"{len(known)}, {len(list(_articles(known, measured))):,}", []
    for reading in readings:
        delays = _delays(known, measured, reading)
        median, late = statistics.median(delays) / MINUTE, delays[int(0.95 * len(delays))] / MINUTE
        requests = f"{reading.requests:,}", f"{reading.requests / readings[1].requests:.2f}"
        share = f"{_share(known, measured, reading) * 100:.2f} %"
        rows.append((what, reading.name, *requests, share, f"{median:.1f} min", f"{late:.1f} min"))
    return table(
        "coverage", ("outlets, articles", "schedule", "requests", "ratio", "read", "median delay", "95 %"), rows
    )


# -- bodies -----------------------------------------------------------------------------------------------------------


def _feed(outlet: Outlet, articles: Iterable[int], *, origin: str) -> str:
    items = "".join(
        f"<item><title>Bericht {number} von {outlet.name}</title><link>{origin}/article/{number}</link>"
        f'<guid isPermaLink="false">{outlet.name}-{number}</guid>'
        f"<pubDate>{format_datetime(_published(outlet, number))}</pubDate></item>"
        for number in articles
    )
    return f'<rss version="2.0"><channel><title>{outlet.name}</title><link>{origin}/</link>{items}</channel></rss>'


def _sitemap(outlet: Outlet, articles: Iterable[int], *, origin: str) -> str:
    urls = "".join(
        f"<url><loc>{origin}/article/{number}</loc><news:news><news:publication><news:name>{outlet.name}</news:name>"
        f"<news:language>de</news:language></news:publication>"
        f"<news:publication_date>{_published(outlet, number).isoformat()}</news:publication_date>"
        f"<news:title>Bericht {number} von {outlet.name}</news:title></news:news></url>"
        for number in articles
    )
    return (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        f'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    )


def _published(outlet: Outlet, number: int) -> datetime:
    return START + timedelta(seconds=int(outlet.published[number]))


def _page(outlet: Outlet, number: int) -> str:
    text = "".join(
        f"<p>Absatz {part} des Berichts {number}: {outlet.name} meldet Neues aus Stadt {number * part}.</p>"
        for part in range(1, 6)
    )
    return (
        f"<!doctype html><html lang=de><head><meta charset=utf-8><title>Bericht {number} von {outlet.name}</title>"
        f"</head><body><nav><a href=/>Start</a></nav><article><h1>Bericht {number}</h1>{text}</article></body></html>"
    )


if __name__ == "__main__":
    sys.exit(main())
