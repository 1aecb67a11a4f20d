"""1,000 matches in a minute to four channels: is every one sent, in order, within each channel's limits, and how soon?

    python -m bench.alerts --matches 1000 --seconds 60

The third step as the daemon runs it, with its real store and client; the channels are servers on loopback that answer
as documented and refuse what comes too fast. Chats take a message a second, so that 1,000 alerts need 17 minutes there,
with any sender; `max_per_hour` is the remedy: a fifth channel shows it, one digest of its overflow still to come.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from bench.machine import machine
from bench.tables import Table, add_json_option, hand_over, table
from watcher.app import assemble
from watcher.config import load
from watcher.model import Article, DocumentId, EntryId, Hit, Match
from watcher.parsing.launch import parser_pool
from watcher.runtime.service import Service
from watcher.store import schema
from watcher.store.commands import documents, entries

PATIENCE = timedelta(minutes=40)
SECOND = 1.0
TOLERANCE = 0.02  # of a second: the precision of the server's clock and of the network
CHATS = ("slack", "matrix", "hookshot", "slack-limited")


@dataclass(slots=True)
class Receivers:
    """Four kinds of receivers at one port. `accepted`: channel -> (when, body); `too_fast`: how many came too early."""

    accepted: dict[str, list[tuple[float, bytes]]] = field(default_factory=lambda: defaultdict(list))
    too_fast: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if path.endswith("/m.room.encryption"):
            return 404, b'{"errcode":"M_NOT_FOUND"}'
        channel = "matrix" if method == "PUT" else path.strip("/")
        with self.lock:
            now, before = time.monotonic(), self.accepted[channel]
            if channel in CHATS and before and now - before[-1][0] < SECOND - TOLERANCE:
                self.too_fast[channel] += 1
                return 429, b""
            before.append((now, body))
            return 200, b'{"event_id":"$%d"}' % len(before) if channel == "matrix" else b"ok"


@contextmanager
def serving(receivers: Receivers) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = receivers.answer(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            if status == 429:
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = _serve  # noqa: N815 - the names http.server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def write_config(folder: Path, origin: str) -> Path:
    channels = (
        ("webhook", f'type = "webhook"\nurl = "{origin}/webhook"'),
        ("slack", f'type = "slack"\nurl = "{origin}/slack"'),
        ("matrix", f'type = "matrix"\nhomeserver = "{origin}"\nroom = "!raum:m.example"\ntoken = "syt_bench"'),
        ("hookshot", f'type = "matrix-webhook"\nurl = "{origin}/hookshot"'),
        ("slack-limited", f'type = "slack"\nurl = "{origin}/slack-limited"\nmax_per_hour = 30'),
    )
    listed = json.dumps([name for name, _ in channels])
    tables = [f'[[channels]]\nname = "{name}"\n{keys}\ngroup_wait = "0s"\n' for name, keys in channels]
    file = folder / "config.toml"
    file.write_text(
        f'[[watches]]\nname = "Rutte"\nterms = ["Rutte"]\nchannels = {listed}\n' + "\n".join(tables), encoding="utf-8"
    )
    return file


def record(tx: Connection, number: int, feed: int, service: Service) -> None:
    """What `ingest` leaves behind when an article matched."""
    now = service.resources.now()
    needed = [column for column in schema.entries.c if not (column.nullable or column.default or column.primary_key)]
    known = {"feed_id": feed, "content_hash": 0, "due_at": now, "seen_at": now}
    row = {column.name: known.get(column.name, "") for column in needed}
    (entry,) = tx.execute(insert(schema.entries).values(**row)).inserted_primary_key or (0,)
    title = f"Meldung {number} aus der Stadt"
    body = "Mark Rutte kam am Morgen an. " + "Die Leute standen lange am Bahnsteig und warteten. " * 40
    start = len(title) + 2 + body.index("Rutte")
    draft = documents.Draft(
        article=Article(title=title, body=body, site="Kreisblatt"),
        matches=(Match(watch="Rutte", hits=(Hit(term="Rutte", form="Rutte", start=start, end=start + 5),)),),
        id=DocumentId(f"{number:016x}"),
        text_hash=number,
        name_of=lambda given: f"{given:03d}_{number:016x}.txt",
        url=f"https://blatt.example/{number}",
        feed="kreis",
        feed_text="",
        fetched_at=now,
    )
    recipients = service.settings.recipients(in_first_poll=False, now=now)
    end = entries.EntryEnd(outcome=entries.EntryOutcome.MATCHED)
    stored = documents.record(tx, EntryId(entry), draft, end, recipients, highest_in_folder=-1, now=now)
    if stored is not None:
        documents.mark_written(tx, stored.number, now=now)


def make_feed(tx: Connection) -> int:
    later = datetime.now(UTC) + timedelta(days=365)
    values = {"name": "kreis", "url": "https://blatt.example/", "next_poll_at": later}
    (feed,) = tx.execute(insert(schema.feeds).values(**values)).inserted_primary_key or (0,)
    return int(feed)


def open_deliveries(tx: Connection) -> int:
    rows = schema.deliveries.c
    held_for_the_hour = (rows.channel == "slack-limited") & (rows.state == "held") & (rows.kind == "digest")
    still = rows.state.in_(("held", "pending", "sending", "parked")) & ~held_for_the_hour
    return len(tx.execute(select(rows.sequence).where(still)).all())


async def run(matches: int, seconds: float, receivers: Receivers, folder: Path, origin: str) -> dict[int, float]:
    """Makes the matches and waits until all are sent; when each was found (monotonic seconds)."""
    found: dict[int, float] = {}
    config = load(write_config(folder, origin))
    async with parser_pool(config) as pool, assemble(config, pool=pool, show=lambda _text: None) as service:
        store = service.resources.store
        feed = await store.run(make_feed)
        runner = asyncio.create_task(service.deliver.run())
        ticks = asyncio.create_task(_tick(service))
        begun = time.monotonic()
        for number in range(matches):
            await asyncio.sleep(max(0.0, begun + number * seconds / matches - time.monotonic()))
            found[number] = time.monotonic()
            await store.run(record, number, feed, service)
            service.deliver.wake()
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await _all_told(service)
        for task in (runner, ticks):
            task.cancel()
        await asyncio.gather(runner, ticks, return_exceptions=True)
    return found


async def _all_told(service: Service) -> None:
    while await service.resources.store.run(open_deliveries):  # noqa: ASYNC110 - the state file has no event to wait for
        await asyncio.sleep(0.5)


async def _tick(service: Service) -> None:
    while True:
        await asyncio.sleep(1)
        service.deliver.wake()


def told(receivers: Receivers, found: dict[int, float]) -> Table:
    """A row for each channel: what it accepted, and how long after the match."""
    rows = []
    for channel, accepted in sorted(receivers.accepted.items()):
        titles = [(at, [int(n) for n in re.findall(r"Meldung (\d+) ", body.decode())]) for at, body in accepted]
        first: dict[int, float] = {}
        for at, numbers in titles:
            for number in numbers:
                first.setdefault(number, at)
        singles = [numbers[0] for _, numbers in titles if len(set(numbers)) == 1]
        delays = sorted(first[number] - found[number] for number in first)
        rows.append(
            (
                channel,
                f"{len(first):,} of {len(found):,}",
                f"{len(accepted):,}",
                "yes" if singles == sorted(singles) else "no",
                str(receivers.too_fast[channel]),
                *(f"{seconds:.2f} s" for seconds in (statistics.median(delays), delays[int(0.99 * (len(delays) - 1))])),
            )
        )
    return table("alerts", ("channel", "matches", "messages", "in order", "too early", "median", "p99"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    logging.basicConfig(level=logging.ERROR)
    parser.add_argument("--matches", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0, help="in which they are made")
    add_json_option(parser)
    arguments = parser.parse_args()
    receivers = Receivers()
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder, serving(receivers) as origin:
        found = asyncio.run(run(arguments.matches, arguments.seconds, receivers, Path(folder), origin))
    print(f"{len(found)} matches, {machine()}")
    hand_over([told(receivers, found)], arguments.json)


if __name__ == "__main__":
    main()
