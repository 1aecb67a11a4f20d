"""How large a state grows: days of polling are written into a real one, the daemon's own clearing works on it each day.

    python -m bench.retention --feeds 20 --per-day 10 --days 365 --matched 0.005

The time of a row is made up, its size is not: links, titles and feed texts are as long as those of German news feeds.
What is measured for a few feeds is multiplied for a thousand.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, update

from bench.tables import Table, add_json_option, hand_over, table
from watcher.model import DeliveryState, EntryId
from watcher.runtime.retention import Retention
from watcher.store import StoreThread, open_database, schema
from watcher.store.commands import article_counts
from watcher.store.commands.article_counts import EntryDate
from watcher.store.dialect import day_of

START = datetime(2026, 1, 1, tzinfo=UTC)
REPORTED = 90  # days
LISTED_DAYS = 3  # how long a feed lists an entry
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüß    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What comes in. `matched`: the share of entries that become documents, each sent to one channel.

    `step`: so many days at once come in, and are then cleared; sizes are a little coarser, and sooner known.
    """

    feeds: int
    per_day: int
    days: int
    matched: float = 0.005
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The state after a day, in bytes; `archive` is what documents take of it, which are never deleted."""

    day: int
    size: int
    archive: int
    entries: int
    known: int


async def simulate(folder: Path, volume: Volume) -> list[Measured]:
    """Lets the days pass; what the state measured at the end of each."""
    path = folder / "watcher.db"
    engine = open_database(path)
    store = StoreThread(engine)
    clock = [START]
    retention = Retention(store, now=lambda: clock[0])
    dice = random.Random(1)
    await store.run(_subscribe, volume.feeds)
    measured = []
    for day in range(0, volume.days, volume.step):
        clock[0] = START + timedelta(days=day, hours=12)
        await store.run(_day_of_polling, volume, day, clock[0], dice)
        await retention.delete_expired()
        measured.append(await store.run(_measure, day))
    store.close()
    return measured


def _subscribe(tx: Connection, feeds: int) -> None:
    rows = [
        {"name": f"feed {n}", "url": f"https://www.zeitung-{n}.example/rss", "next_poll_at": START}
        for n in range(feeds)
    ]
    tx.execute(insert(schema.feeds), rows)


def _day_of_polling(tx: Connection, volume: Volume, day: int, now: datetime, dice: random.Random) -> None:
    count = volume.feeds * volume.per_day * volume.step
    first = day // volume.step * count + 1
    entries = list(_entries(first, count, volume, now, dice))
    words = [{"entry": row["id"], "words": row.pop("words")} for row in entries]
    tx.execute(insert(schema.entries), entries)
    tx.execute(insert(schema.entry_payloads), words)
    dated = EntryDate(date=now.date().isoformat(), day=day_of(now))
    article_counts.count(tx, [(EntryId(row["id"]), dated) for row in entries])
    keys = [
        {"entry_id": n, "feed_id": n % volume.feeds + 1, "seen_on": day_of(now)} for n in range(first, first + count)
    ]
    tx.execute(insert(schema.seen_keys), [{"key": dice.getrandbits(63), **row} for row in keys for _ in range(2)])
    known = schema.seen_keys.c
    listed = known.entry_id > first - LISTED_DAYS * count
    if day % 7 < volume.step:
        tx.execute(update(schema.seen_keys).where(listed).values(seen_on=day_of(now)))
    tx.execute(update(schema.feeds).values(listed_on=day_of(now)))
    documents = max(1, round(count * volume.matched)) if volume.matched else 0
    for number in range((first - 1) // count * documents, ((first - 1) // count + 1) * documents):
        _document(tx, number, now, dice)


def _entries(first: int, count: int, volume: Volume, now: datetime, dice: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(first, first + count):
        link, title = f"https://www.zeitung-{number % volume.feeds}.example/{_words(dice, 70)}", _words(dice, 75)
        words = {
            "id": link,
            "link": link,
            "title": title,
            "summary": _words(dice, 350),
            "published_at": now.isoformat(),
        }
        yield {
            "id": number,
            "feed_id": number % volume.feeds + 1,
            "link": link,
            "link_key": dice.getrandbits(63),
            "title": title,
            "words": json.dumps(words, ensure_ascii=False),
            "content_hash": dice.getrandbits(63),
            "state": "done",
            "due_at": now,
            "seen_at": now,
            "ended_at": now,
            "times_ingested": 1,
            "outcome": "unmatched",
            "status": 200,
        }


def _document(tx: Connection, number: int, now: datetime, dice: random.Random) -> None:
    url = f"https://www.zeitung.example/{_words(dice, 70)}"
    values = {"number": number, "id": f"{number:016x}", "name": f"{number:03d}_{number:016x}.txt", "story": number}
    texts = {"text": _words(dice, 4000), "title": _words(dice, 75), "feed_text": _words(dice, 420), "url": url}
    moments = {"recorded_at": now, "written_at": now, "fetched_at": now}
    tx.execute(insert(schema.documents).values(**values, **texts, **moments, text_hash=dice.getrandbits(63)))
    tx.execute(insert(schema.document_urls).values(document=number, url=url, seen_at=now))
    tx.execute(insert(schema.matches).values(document=number, watch="Rutte", hits=_words(dice, 250)))
    delivery = {"sequence": number + 1, "id": f"{number:036x}", "channel": "newsroom", "kind": "alert", "story": number}
    ended = {"state": DeliveryState.DELIVERED.value, "ended_at": now, "payload": _words(dice, 2500).encode()}
    tx.execute(insert(schema.deliveries).values(**delivery, **ended, created_at=now, release_at=now, due_at=now))
    tx.execute(insert(schema.delivery_documents).values(delivery=number + 1, document=number, watches='["Rutte"]'))
    tx.execute(insert(schema.notified).values(channel="newsroom", story=number, watch="Rutte", delivery=number + 1))
    attempt = {"delivery": number + 1, "at": now, "outcome": "delivered", "status": 200, "seconds": 0.2}
    tx.execute(insert(schema.attempts).values(**attempt, answer="HTTP 200 ok"))


def _measure(tx: Connection, day: int) -> Measured:
    def one(query: str) -> int:
        return int(tx.exec_driver_sql(query).scalar_one())

    return Measured(
        day=day,
        size=one("PRAGMA page_count") * one("PRAGMA page_size"),
        archive=one("SELECT coalesce(sum(length(text) + length(feed_text) + 1000), 0) FROM documents"),
        entries=one("SELECT count(*) FROM entries"),
        known=one("SELECT count(*) FROM known"),
    )


def _words(dice: random.Random, length: int) -> str:
    return "".join(dice.choices(LETTERS, k=length))


def main() -> None:
    """Prints how the state grows, and what a year of a thousand feeds comes to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=20)
    parser.add_argument("--per-day", type=int, default=10, help="entries of each feed")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--matched", type=float, default=0.005, help="share of entries that become documents")
    parser.add_argument("--step", type=int, default=1, help="days that come in at once")
    add_json_option(parser)
    options = vars(parser.parse_args())
    file = options.pop("json")
    volume = Volume(**options)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        measured = asyncio.run(simulate(Path(folder), volume))
    print(f"{volume}, {time.perf_counter() - started:.0f} s")
    hand_over(_tables(volume, measured), file)


def _tables(volume: Volume, measured: list[Measured]) -> list[Table]:
    """The growth, and what a thousand such feeds come to."""
    last, times = measured[-1], 1000 // volume.feeds
    rest, taken = last.size - last.archive, volume.feeds * volume.per_day * volume.days
    rows = [
        (f"{each.day + volume.step} days", f"{each.size / 1e6:.1f} MB", f"{each.entries:,}", f"{each.known:,}")
        for each in measured
        if (each.day + volume.step) % REPORTED < volume.step
    ]
    whole = f"**1,000 feeds, {volume.days} days**", f"**{last.size * times / 1e6:.0f} MB**"
    rows.append((*whole, f"{last.entries * times:,}", f"{last.known * times:,}"))
    costs = [
        ("documents of 1,000 feeds, which are never deleted", f"{last.archive * times / 1e6:.0f} MB"),
        ("everything else, for each stored entry", f"{rest / last.entries:.0f} bytes"),
        ("everything else, for each entry ever seen", f"{rest / taken:.0f} bytes"),
    ]
    columns = "after", "state", "entries on record", "keys"
    return [table("retention", columns, rows), table("retention-parts", ("part of the state", "size"), costs)]


if __name__ == "__main__":
    main()
