"""Mutated feeds, sitemaps, OPML and pages through the real parser processes, mutated queries through the matcher.

Each ends with an article, entries, feeds, matches, or a reason.

    python -m bench.fuzz --inputs 200000        what is still missing of these, counting former runs
    python -m bench.fuzz --only 4711            one mutant again, with all details

Figures add up in `.bench/fuzz.json`. What counts as a failure: a bug's traceback in a task, an answer that does not
hold what it should, a worker above its memory, the event loop's own thread busy for more than 100 ms in a row, a pool
that no longer serves at the end. Failing mutants are kept in `.bench/finds/`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.ledger import LEDGERS, Ledger
from bench.mutants import Mutant, Original, mutant, originals
from tests.acceptance.pages import paragraphs
from watcher.errors import NotAFeed, NotOpml, ParserDied, ParserTimeout, QueryError, TaskFailed
from watcher.matching import Watchlist
from watcher.model import Article, Entry, Watch
from watcher.parsing import ParserPool, client
from watcher.parsing.messages import WATCHES, FeedTask, OpmlTask, PageTask

TASKS = "watcher.parsing.tasks"
WATCH = Watch(name="Fuzz", terms=("der", "the", "Rutte", "le"))
NOW = datetime(2026, 11, 28, tzinfo=UTC)
LONGEST_STALL = 0.1
WORKER_LIMIT = 512 * 2**20
WORKER_FLOOR = 200 * 2**20  # address space is limited from what a loaded worker has; resident, that is far less
BATCH = 200
_ARTICLE = Article(
    title="Rutte wirbt um Geld für die Purl-Initiative",
    body="\n\n".join("".join(paragraphs(number, matching=True)) for number in range(5)),
    language="de",
    site="news.example",
    hosts=("news.example",),
    author="Jutta Müller-Lüdenscheidt",
)
_ENTRY = Entry(id="k", link="https://news.example/a", title="Meldung", summary="Kurz.")


@dataclass(slots=True)
class Findings:
    """What came of a batch. `bugs`: (seed, what happened)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    bugs: list[tuple[int, str]] = field(default_factory=list)
    stall: float = 0.0
    busy: float = 0.0
    memory: int = 0

    @property
    def problems(self) -> list[str]:
        """Every promise that did not hold."""
        told = [f"mutant {seed}: {what}" for seed, what in self.bugs]
        if self.busy > LONGEST_STALL:
            told.append(f"the event loop was busy for {self.busy * 1000:.0f} ms in a row")
        if self.memory > WORKER_LIMIT + WORKER_FLOOR:
            told.append(f"a worker grew to {self.memory // 2**20} MB")
        return told


def main() -> int:
    options = _options()
    parser_pool_originals = originals()
    if options.only is not None:
        return asyncio.run(_show(parser_pool_originals, options.only))
    ledger = Ledger("fuzz")
    asyncio.run(_run(ledger, parser_pool_originals, options))
    print("\n".join(ledger.lines()))
    return 1 if ledger.counts.get("problems") else 0


async def fuzz(pool: ParserPool, sources: Sequence[Original], seeds: range, *, at_once: int = 4) -> Findings:
    """Sends the mutants of these seeds through the pool."""
    findings = Findings()
    waiting = iter(seeds)

    async def work() -> None:
        for seed in waiting:
            made = await asyncio.to_thread(mutant, sources, seed)
            await send(pool, made, seed, findings)

    async with _watched(findings):
        await asyncio.gather(*(work() for _ in range(at_once)))
    return findings


async def send(pool: ParserPool, made: Mutant, seed: int, findings: Findings) -> None:
    """One mutant to its end; whatever is neither a result nor a reason is a bug."""
    try:
        findings.outcomes[await _read(pool, made, seed)] += 1
    except NotAFeed:
        findings.outcomes["reason: not a feed"] += 1
    except NotOpml:
        findings.outcomes["reason: not OPML"] += 1
    except QueryError:
        findings.outcomes["reason: not a query"] += 1
    except ParserTimeout:
        findings.outcomes["reason: took too long"] += 1
    except ParserDied as error:
        findings.outcomes["reason: out of memory" if "memory" in str(error) else "reason: worker died"] += 1
    except TaskFailed as error:
        findings.outcomes["bug"] += 1
        notes = getattr(error, "__notes__", [""])[0].strip().splitlines()
        findings.bugs.append((seed, f"{made.kind} ({made.recipe}): {error} | {' | '.join(notes[-3:])[:400]}"))
    except Exception as error:  # the very thing that is looked for
        findings.outcomes["bug"] += 1
        findings.bugs.append((seed, f"{made.kind} ({made.recipe}): {type(error).__name__}: {str(error)[:400]}"))
    findings.memory = max([findings.memory, *map(_peak_memory, pool.pids)])


@asynccontextmanager
async def real_pool(size: int) -> AsyncIterator[ParserPool]:
    """The daemon's pool with a watch that matches often."""
    pool = ParserPool(size, TASKS, memory_limit=WORKER_LIMIT)
    pool.prestart(1)
    try:
        await pool.configure(1, WATCHES.dump_json((WATCH,)))
        yield pool
    finally:
        await pool.aclose()


async def _run(ledger: Ledger, sources: Sequence[Original], options: argparse.Namespace) -> None:
    client.FEED_TIMEOUT = client.PAGE_TIMEOUT = timedelta(seconds=options.patience)
    started = time.monotonic()
    async with real_pool(options.workers) as pool:
        while (done := ledger.counts.get("inputs", 0)) < options.inputs:
            if options.minutes and time.monotonic() - started > options.minutes * 60:
                break
            seeds = range(done, min(done + BATCH, options.inputs))
            findings = await fuzz(pool, sources, seeds, at_once=options.workers * 2)
            findings.bugs += await _still_serves(pool)
            _keep(ledger, sources, seeds, findings)


def _keep(ledger: Ledger, sources: Sequence[Original], seeds: range, findings: Findings) -> None:
    peaks = {"loop stall, s, wall": findings.stall, "loop busy in a row, s": findings.busy}
    peaks["worker resident, MB"] = findings.memory / 2**20
    ledger.add({"inputs": len(seeds), "problems": len(findings.problems), **findings.outcomes}, peaks)
    for seed, _ in findings.bugs:
        if seed >= 0:
            (LEDGERS / "finds").mkdir(exist_ok=True)
            (LEDGERS / "finds" / f"{seed}.bin").write_bytes(mutant(sources, seed).body)
    for problem in findings.problems:
        print(f"  {problem}", flush=True)
    print(f"{seeds.stop}: {dict(findings.outcomes)}, busy {findings.busy * 1000:.0f} ms", flush=True)


async def _read(pool: ParserPool, made: Mutant, seed: int) -> str:
    match made.kind:
        case "feed" | "sitemap":
            task = FeedTask(
                content_type=made.content_type, url="https://news.example/feed", timezone="Europe/Berlin", now=NOW
            )
            if made.kind == "sitemap" and seed % 4 == 0:
                return "source" if (await client.read_source(pool, task, made.body)).source else "no source"
            return "entries" if (await client.read_feed(pool, task, made.body)).entries else "no entries"
        case "opml":
            listed = await client.read_opml(pool, OpmlTask(content_type=made.content_type), made.body)
            return "outlines" if listed.outlines else "no outlines"
        case "robots":
            found = await client.read_sitemaps(pool, "https://news.example/robots.txt", made.body)
            return "sitemaps" if found else "no sitemaps"
        case "query":
            return await asyncio.to_thread(_match, made.body.decode("utf-8", "replace"))
    return await _read_page(pool, made, seed)


def _match(text: str) -> str:
    """Matches a query against an article, in this process, as the daemon does for `try a watch`."""
    watches = Watchlist.compile((Watch(name="Fuzz", query=text),))
    return "query matches" if watches.match(_ARTICLE) else "query matches nothing"


async def _read_page(pool: ParserPool, made: Mutant, seed: int) -> str:
    page = PageTask(
        entry=_ENTRY,
        feed="fuzz",
        site="news.example",
        url="https://news.example/a",
        content_type=made.content_type,
        timezone="Europe/Berlin",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        whole=seed % 8 == 0,  # all that `explain` shows
    )
    reading = await client.read_page(pool, page, made.body)
    if reading.problem:
        return "reason: no article"
    return "article" if reading.article else "no match"


async def _still_serves(pool: ParserPool) -> list[tuple[int, str]]:
    body = b'<rss version="2.0"><channel><title>t</title><item><title>Eins</title></item></channel></rss>'
    task = FeedTask(content_type="text/xml", url="https://news.example/feed", timezone="Europe/Berlin", now=NOW)
    try:
        return [] if (await client.read_feed(pool, task, body)).entries else [(-1, "the pool lost an entry")]
    except Exception as error:  # a pool that is broken in any way
        return [(-1, f"the pool no longer serves: {error}")]


@asynccontextmanager
async def _watched(findings: Findings) -> AsyncIterator[None]:
    """Measures how long the loop kept a waiting task waiting, and for how much of that its own thread was busy.

    On a crowded machine the first says little; the second is ours alone.
    """

    async def watch() -> None:
        while True:
            wall, own = time.monotonic(), time.thread_time()
            await asyncio.sleep(0.005)
            findings.stall = max(findings.stall, time.monotonic() - wall - 0.005)
            findings.busy = max(findings.busy, time.thread_time() - own)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


def _peak_memory(pid: int) -> int:
    """Bytes that a process had resident at most, 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


async def _show(sources: Sequence[Original], seed: int) -> int:
    made, findings = mutant(sources, seed), Findings()
    print(f"{made.kind}, {len(made.body)} bytes, {made.content_type}, {made.recipe}")
    async with real_pool(1) as pool:
        started = time.monotonic()
        await send(pool, made, seed, findings)
    print(dict(findings.outcomes), f"{time.monotonic() - started:.1f} s", *findings.bugs, sep="\n")
    return 1 if findings.bugs else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description="Mutants through the worker processes.")
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=0, help="stop after so long; 0: when all inputs are done")
    parser.add_argument("--patience", type=float, default=10, help="seconds that a task may take")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", type=int, help="one mutant, told in full")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
