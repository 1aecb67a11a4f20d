"""Mutated inputs through the real worker processes: each ends with an article, entries, or a reason.

Real feeds and pages; since mutant 49,800 also sitemaps, lists of feeds in OPML, and queries, which are compiled and
matched in this process.

    python -m bench.fuzz --inputs 200000        what is still missing of these, counting former runs
    python -m bench.fuzz --only 4711            one mutant again, with all details

Figures add up in `bench/ledgers/fuzz.json`; a run begins with the mutant after the last one of the former runs. What
counts as a failure: a bug's traceback in a task, an answer that does not hold what it should, a worker above its
memory, the event loop's own thread busy for more than 100 ms in a row, a pool that no longer serves at the end. Failing
mutants are kept in `.bench/finds/`.
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

from bench.further_mutants import any_mutant
from bench.ledger import Ledger
from bench.mutants import Mutant, Original, originals
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
FINDS = Path(__file__).parents[1] / ".bench" / "finds"
ARTICLE = Article(
    title="Rutte dringt auf mehr Geld",
    body="Die Purl-Initiative braucht zwei Milliarden Euro, sagte Mark Rutte in Kiew. Die Nato berät darüber. " * 20,
    language="de",
    hosts=("example.org",),
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
    return 1 if ledger.run.counts.get("problems") else 0


def next_seeds(ledger: Ledger, most: int) -> range:
    """Returns the mutants of the next batch: those after all former ones, as long as there are fewer than `most`."""
    done = ledger.counts["inputs"]
    return range(done, min(done + BATCH, most))


async def fuzz(pool: ParserPool, sources: Sequence[Original], seeds: range, *, at_once: int = 4) -> Findings:
    """Sends the mutants of these seeds through the pool."""
    findings = Findings()
    waiting = iter(seeds)

    async def work() -> None:
        for seed in waiting:
            made = await asyncio.to_thread(any_mutant, sources, seed)
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
        while seeds := next_seeds(ledger, options.inputs):
            if options.minutes and time.monotonic() - started > options.minutes * 60:
                break
            findings = await fuzz(pool, sources, seeds, at_once=options.workers * 2)
            findings.bugs += await _still_serves(pool)
            _keep(ledger, sources, seeds, findings)


def _keep(ledger: Ledger, sources: Sequence[Original], seeds: range, findings: Findings) -> None:
    peaks = {"loop stall, s, wall": findings.stall, "loop busy in a row, s": findings.busy}
    peaks["worker resident, MB"] = findings.memory / 2**20
    ledger.add({"inputs": len(seeds), "problems": len(findings.problems), **findings.outcomes}, peaks)
    for seed, _ in findings.bugs:
        if seed >= 0:
            FINDS.mkdir(parents=True, exist_ok=True)
            (FINDS / f"{seed}.bin").write_bytes(any_mutant(sources, seed).body)
    for problem in findings.problems:
        print(f"  {problem}", flush=True)
    print(f"{seeds.stop}: {dict(findings.outcomes)}, busy {findings.busy * 1000:.0f} ms", flush=True)


async def _read(pool: ParserPool, made: Mutant, seed: int) -> str:
    if made.kind in ("feed", "source"):
        task = FeedTask(
            content_type=made.content_type, url="https://news.example/feed", timezone="Europe/Berlin", now=NOW
        )
        if made.kind == "source":
            return "a source" if (await client.read_source(pool, task, made.body)).source else "no source"
        feed = await client.read_feed(pool, task, made.body)
        return "entries" if feed.entries else "no entries"
    if made.kind == "opml":
        read = await client.read_opml(pool, OpmlTask(content_type=made.content_type), made.body)
        return "a list of feeds" if read.outlines else "an empty list of feeds"
    if made.kind == "query":
        return await asyncio.to_thread(_match, made.body.decode("utf-8", "replace"))
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


def _match(query: str) -> str:
    """Compiles a query and matches an article with it."""
    watchlist = Watchlist.compile([Watch(name="Fuzz", query=query)])
    return "a query that matches" if watchlist.match(ARTICLE) else "a query that does not match"


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
    made, findings = any_mutant(sources, seed), Findings()
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
