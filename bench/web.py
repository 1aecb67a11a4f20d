"""How long each page takes over a corpus of 100,000 documents, and what the pages add to the memory of the daemon.

    python -m bench.web                        # 100,000 documents; a few minutes, 700 MB in a temporary folder
    python -m bench.web --documents 20000      # fewer
    python -m bench.web --runs 200             # requests of each page, 50 by default

Each page is asked for one after the other over HTTP by one client, after one request that does not count. Documents
have 300 words of a made-up vocabulary; ten watches and forty feeds share them, every other one has a copy, and there
are 10,000 deliveries. Memory is the size of the daemon's process alone (USS: pages of memory that no other process
shares) with and without `[web]`, when it is ready and once every page was asked for.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import httpx
import psutil
import sqlalchemy
from sqlalchemy import Connection, insert

from bench.machine import machine
from bench.site import free_port
from bench.tables import Table, add_json_option, hand_over, table
from watcher.errors import SeenError
from watcher.model import Hit, HitField
from watcher.seen import open_index
from watcher.store import editing, open_database, schema
from watcher.store.codec import dump_hits

ROOT = Path(__file__).parents[1]
WORDS, WATCHES, FEEDS, DELIVERIES, BATCH = 300, 10, 40, 10_000, 1_000
TABLES = (schema.documents, schema.document_urls, schema.matches)
SYLLABLES = ("re", "gier", "ung", "bun", "des", "tag", "mi", "nis", "ter", "prä", "si", "dent", "wirt", "schaft")
COSTS = (
    "documents",
    "index of documents",
    "CPU to make it",
    "daemon without pages",
    "with pages",
    "when all were asked for",
)
PAGES = (
    "/",
    "/index.json",
    "/?watch=Watch%203",
    "/?feed=feed7",
    "/?outlet=Haus%207",
    "/?since={month}&until={today}",
    "/?watch=Watch%203&since={month}&feed=feed7",
    "/?q=Sonderwort",
    "/?before={middle}",
    "/documents/{middle}",
    "/search?q=Sonderwort",
    "/search?q=Sonderwort&in=corpus&since={month}",
    "/watches",
    "/watches/try?query=Sonderwort",
    "/timeline?since={month}",
    "/feeds",
    "/feeds/feed7",
    "/outbox",
    "/outbox?state=delivered",
    "/status",
    "/press-review",
    "{atom}",
)


def main() -> None:
    """Runs the measurement and prints its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=50)
    add_json_option(parser)
    options = parser.parse_args()
    print(f"{options.documents:,} documents on {machine()}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        now = datetime.now(UTC)
        _write_config(folder, port=None)
        _fill(folder / "state" / "watcher.db", options.documents, now)
        with _daemon(folder) as process:
            index = _index(process, folder, options.documents)
            without = _memory(process)
        _write_config(folder, port=port)
        with _daemon(folder) as process, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            ready = _memory(process)
            pages = _ask_all(client, process, _addresses(client, options.documents, now), options.runs)
            used = _memory(process)
    memory = (f"{megabytes:.0f} MB" for megabytes in (without, ready, used))
    costs = table("web-costs", COSTS, [(f"{options.documents:,}", *index, *memory)])
    hand_over([pages, costs], options.json)


def _addresses(client: httpx.Client, documents: int, now: datetime) -> list[str]:
    atom = client.get("/watches.json").json()["watches"][3]["atom"]
    places = {
        "month": (now - timedelta(days=30)).date().isoformat(),
        "today": now.date().isoformat(),
        "middle": str(documents // 2),
        "atom": atom,
    }
    return [page.format_map(places) for page in PAGES]


def _ask_all(client: httpx.Client, process: psutil.Process, addresses: list[str], runs: int) -> Table:
    rows = []
    for address in addresses:
        first = client.get(address)
        first.raise_for_status()
        before = _processor_time(process)
        seconds = sorted(_seconds(client, address) for _ in range(runs))
        processor = (_processor_time(process) - before) / runs
        p99 = seconds[min(int(runs * 0.99), runs - 1)]
        times = (f"{each * 1000:.0f} ms" for each in (processor, median(seconds), p99))
        rows.append((f"`{_shown(address)}`", *times, f"{len(first.content) / 1000:.0f} kB"))
        print(".", end="", flush=True)
    return table("web", ("page", "CPU", "p50", "p99", "size"), rows)


def _shown(address: str) -> str:
    """An address without its token, and with words for days and numbers."""
    return re.sub(r"\d{4}-\d\d-\d\d", "DAY", re.sub(r"(documents/|before=)\d+", r"\1N", address.partition("?token")[0]))


def _seconds(client: httpx.Client, address: str) -> float:
    start = time.perf_counter()
    client.get(address).raise_for_status()
    return time.perf_counter() - start


def _index(process: psutil.Process, folder: Path, documents: int) -> tuple[str, str]:
    """Waits until all documents are indexed. Returns the size of the index and the CPU time that it took."""
    path, before = folder / "state" / "index.db", _processor_time(process)
    while True:
        with suppress(SeenError), open_index(path, lambda: False) as index:
            if index.extent().documents == documents:
                break
        time.sleep(1)
    size = path.stat().st_size / 2**20
    return f"{size:.0f} MB", f"{_processor_time(process) - before:.0f} s"


def _processor_time(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _memory(process: psutil.Process) -> float:
    return float(process.memory_full_info().uss) / 2**20


@contextmanager
def _daemon(folder: Path) -> Iterator[psutil.Process]:
    """The daemon, once it is ready."""
    place = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices, (folder / "log").open("wb") as log:
        place.unlink(missing_ok=True)
        notices.bind(str(place))
        notices.settimeout(300)
        command = [sys.executable, "-m", "watcher", "--config", str(folder / "config.toml"), "run"]
        environment = os.environ | {"NOTIFY_SOCKET": str(place)}
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        try:
            while b"READY=1" not in notices.recv(4096):
                pass
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def _write_config(folder: Path, *, port: int | None) -> None:
    lines = ["[polling]", 'every = "1h"', 'fastest = "1h"', 'slowest = "1h"']
    lines += ["[web]", f'listen = "127.0.0.1:{port}"'] if port else []
    for feed in range(FEEDS):
        lines += ["[[feeds]]", f'name = "feed{feed}"', f'url = "http://127.0.0.1:9/feed{feed}"']
    for watch in range(WATCHES):
        lines += ["[[watches]]", f'name = "Watch {watch}"', 'terms = ["Sonderwort"]']
    (folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


# -- the state before the start ----------------------------------------------------------------------------------------


def _fill(database: Path, count: int, now: datetime) -> None:
    database.parent.mkdir()
    open_database(database).dispose()
    random = Random(4711)
    vocabulary = ["".join(random.choices(SYLLABLES, k=3)).capitalize() for _ in range(20_000)]
    with editing(database) as store:
        for first in range(0, count, BATCH):
            made = [_document(each, count, vocabulary, random, now) for each in range(first, min(first + BATCH, count))]
            for into, rows in zip(TABLES, zip(*made, strict=True), strict=True):
                store.run(_insert, into, list(rows))
        deliveries = [_delivery(sequence, now) for sequence in range(1, DELIVERIES + 1)]
        links = [
            {"delivery": each["sequence"], "document": each["sequence"] % count, "watches": '["Watch 1"]'}
            for each in deliveries
        ]
        store.run(_insert, schema.deliveries, deliveries)
        store.run(_insert, schema.delivery_documents, links)


def _insert(tx: Connection, into: sqlalchemy.Table, rows: list[dict[str, Any]]) -> None:
    tx.execute(insert(into), rows)


def _document(
    number: int, count: int, vocabulary: list[str], random: Random, now: datetime
) -> tuple[dict[str, Any], ...]:
    """The rows of a document, its address and its match. The newest are of today, the oldest of a year ago."""
    words = random.choices(vocabulary, k=WORDS)
    words[WORDS // 2] = "Sonderwort" if number % 50 == 0 else words[WORDS // 2]
    title = " ".join(words[:6])
    text = f"{title}\n\n{' '.join(words)}."
    start = text.index(words[WORDS // 2])
    form = words[WORDS // 2]
    hit = Hit(term="Sonderwort", form=form, start=start, end=start + len(form), field=HitField.TEXT)
    moment = now - timedelta(days=365) * (1 - (number + 1) / count)
    identifier = f"{number * 7919 % 2**63:016x}"
    feed, url = f"feed{number % FEEDS}", f"https://haus{number % 200}.example/{number}"
    document = {
        "number": number,
        "id": identifier,
        "name": f"{number:03d}_{identifier}.txt",
        "date": moment.date().isoformat() if number % 3 else "",
        "text": text,
        "text_hash": number,
        "title": title,
        "url": url,
        "feed": feed,
        "site": f"Haus {number % 200}",
        "language": "de",
        "fetched_at": moment,
        "story": number // 2 * 2,
        "recorded_at": moment,
        "written_at": moment,
    }
    match = {"document": number, "watch": f"Watch {number % WATCHES}", "hits": dump_hits((hit,))}
    return document, {"document": number, "url": url, "feed": feed, "seen_at": moment}, match


def _delivery(sequence: int, now: datetime) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "id": f"{sequence:036d}",
        "channel": "haken",
        "kind": "alert",
        "state": "delivered",
        "created_at": now,
        "release_at": now,
        "due_at": now,
        "ended_at": now,
    }


if __name__ == "__main__":
    main()
