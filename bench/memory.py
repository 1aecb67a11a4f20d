"""What the seen archive costs and how fast it is searched, beside LIKE and plain FTS5 over the same texts.

    python -m bench.memory                       # 5,000 articles, a minute or two
    python -m bench.memory --articles 200000     # the promise; a quarter of an hour, 2 GB in a temporary folder
    python -m bench.memory --backfill 50000      # with more articles in the backfill, 5,000 by default

Five parts, each a table:

- `sizes`: bytes of text and index for each article, of synthetic ones (400 words of a made-up German vocabulary, with
  compounds and hyphens) and, where `shared/realworld` lies beside the checkout, of real pages: their articles, and all
  that they show, which is kept of a page that cannot match.
- `write`, `scan`: processor time to write an article into the archive, and to read and match one without an index.
- `search`: processor time until the newest twenty are found, and of a whole count, within the time limit of `search`;
  the same words by `LIKE` over plain texts and by FTS5 with `unicode61`, newest first.
- `backfill`: processor time to plan a backfill, to begin it (one transaction), and to claim and end its entries; and
  the growth of the state. Fetching and extraction are those of any entry.
- `german`: which spellings each of the three finds; each is one a reader would expect to be found, or not.
"""

from __future__ import annotations

import argparse
import math
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

from bench.machine import machine
from bench.site import real_pages
from bench.tables import Table, add_json_option, hand_over, table
from watcher.articles import extract_article, summarise_page
from watcher.corpus import normalise_text
from watcher.errors import NotAnArticle
from watcher.inquiry.outlook import look_out
from watcher.inquiry.search import Answer, Places, Scope, SearchRequest, TimeLimit, search
from watcher.matching import Watchlist
from watcher.model import Article, TextKind, Watch
from watcher.seen import SeenReader, SeenText, Window, open_reader
from watcher.seen.database import ARCHIVE
from watcher.seen.file import remove
from watcher.seen.reading import MayMatch
from watcher.seen.writing import Writer
from watcher.store import editing, open_database
from watcher.store.commands import backfills, entries
from watcher.store.commands.entries import ClaimedEntry, EntryEnd, EntryOutcome
from watcher.store.commands.outbox import Recipients
from watcher.store.queries.backfills import status as backfill_status
from watcher.text.ascii_fold import BareNeedles

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
WORDS, VOCABULARY, BATCH, RUNS, PAGES = 400, 60_000, 100, 5, 295
SYLLABLES = "re gier ung bun des tag mi nis ter prä si dent wirt schaft haus halt ge setz land stadt rat ver trag un"
SYLLABLES += " ion eu ro pa kri se ar beit markt sport ein spiel zeit wet kli ma schutz zug bahn hof stra ße mül ler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query, and the words that LIKE and plain FTS5 are asked for instead; "" where they have no such thing."""

    query: str
    like: str = ""
    plain: str = ""


GERMAN = (
    ("Müller", "Frau Mueller sprach", True),
    ("Müller", "Herr Muller sprach", False),
    ("Straße", "die STRASSE", True),
    ("Rutte", "Ruttes Reise", True),
    ("Rutte", "Ruttenberg", False),
    ("Rutte", "Rut\u00adte sprach", True),
    ("Bürger", "Bürger:innen", True),
    ("Purl-Initiative", "die Purlinitiative", True),
    ("Purl-Initiative", "Purl-Initiativen", True),
    ("Regierung", "die Regie-\nrung", True),
    ("Dampfschiff", "Donaudampfschiff", True),  # with compounds = true
)


def main() -> None:
    """Runs all parts and prints their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--backfill", type=int, default=5_000)
    parser.add_argument("--folder", type=Path, help="keep the files there and use those of an earlier run")
    add_json_option(parser)
    options = parser.parse_args()
    print(f"{machine()}, SQLite {sqlite3.sqlite_version}, {options.articles:,} articles\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        sizes = [*_real_sizes(folder), *_synthetic(folder, options.articles)]
        searches = _searches(folder)
        _backfill(Path(temporary), options.backfill)
    columns = ("texts", "number", "characters", "text", "index", "CPU to write")
    hand_over([table("seen-sizes", columns, sizes), searches, _german()], options.json)


# -- sizes, writing and scanning ---------------------------------------------------------------------------------------


def _real_sizes(folder: Path) -> Iterator[Sequence[str]]:
    pages = [page.encode() for page in islice(real_pages(), PAGES)]
    if not pages:
        print("real pages: not beside this checkout\n")
        return
    articles, shown = [], []
    for number, page in enumerate(pages):
        host = f"blatt{number}.example"  # no two of them are of one outlet
        visible = summarise_page(page, "text/html", visible=True).visible
        shown.append(_text(number, normalise_text(visible.text if visible else ""), kind=TextKind.VISIBLE, host=host))
        try:
            article = extract_article(
                page, content_type="text/html", url=f"https://{host}/1", timezone=ZONE.key, now=NOW
            )
        except NotAnArticle:
            continue
        articles.append(_text(number, normalise_text(article.text)))
    for name, texts in (("articles of real pages", articles), ("all that real pages show", shown)):
        path = folder / "real.db"
        remove(path)
        seconds = _write(path, texts)
        yield _sizes(name, path, len(texts), sum(len(text.article.text) for text in texts), seconds)
        remove(path)


def _synthetic(folder: Path, count: int) -> Iterator[Sequence[str]]:
    path = folder / "seen.db"
    if path.exists():
        return
    sizes: list[int] = []

    def texts() -> Iterator[SeenText]:
        for number, body in enumerate(_bodies(count)):
            sizes.append(len(body))
            yield _text(number, body)

    plain = _plain_tables(folder)
    seconds = 0.0
    given = texts()
    while some := list(islice(given, 20 * BATCH)):
        seconds += _write(path, some)
        with plain:
            plain.executemany("INSERT INTO plain VALUES (?, ?)", ((each.link_key, each.article.body) for each in some))
            rows = ((each.link_key, each.article.body) for each in some)
            plain.executemany("INSERT INTO indexed (rowid, body) VALUES (?, ?)", rows)
    plain.close()
    yield _sizes("synthetic articles", path, count, sum(sizes), seconds)
    _scan(path)


def _write(path: Path, texts: Sequence[SeenText]) -> float:
    """Writes texts in batches. Returns the processor time that it took."""
    connection, _ = ARCHIVE.open_for_writing(path)
    with closing(connection):
        writer = Writer(connection, indexed=True, zone=ZONE)
        start = time.process_time()
        for first in range(0, len(texts), BATCH):
            writer.write(texts[first : first + BATCH])
        return time.process_time() - start


def _sizes(name: str, path: Path, count: int, characters: int, seconds: float) -> Sequence[str]:
    """A row: the mean of each size."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sizes = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY 1").fetchall()
    index = sum(size for table, size in sizes if table.startswith(("index_", "words_")))
    text = sum(size for _, size in sizes) - index
    means = f"{text / count / 1e3:.2f} kB", f"{index / count / 1e3:.2f} kB", f"{seconds / count * 1e3:.2f} ms"
    return name, f"{count:,}", f"{characters / count:,.0f}", *means


def _scan(path: Path) -> None:
    watchlist = Watchlist.compile([Watch(name="w", terms=("Donaudampfschiff", "Purl-Initiative"))])
    needles = BareNeedles([needle.letters for needle in watchlist.needles])
    window = Window(since=NOW - timedelta(days=2.8))  # a tenth of the articles
    with open_reader(path) as reader:
        scan, all_matched = (
            _scanned(reader, window, watchlist, may_match)
            for may_match in (lambda text, _: needles.may_be_in(text), lambda *_: True)
        )
        start = time.process_time()
        days = len(reader.count_by_day(Window(), zone=ZONE))
        counting = time.process_time() - start
    print(
        f"scan {scan * 1e6:.0f} µs an article, {all_matched * 1e6:.0f} µs if each is folded and matched; "
        f"counting all by day ({days}) {counting * 1e3:.0f} ms\n"
    )


def _scanned(reader: SeenReader, window: Window, watchlist: Watchlist, may_match: MayMatch) -> float:
    """Matches all texts of a window without the index. Returns the processor time for each."""
    count = 0

    def counted(text: str, feed: str) -> bool:
        nonlocal count
        count += 1
        return may_match(text, feed)

    start = time.process_time()
    for text in reader.newest(window, may_match=counted):
        watchlist.match(text.article, feed_text=text.feed_text, feed=text.feed)
    return (time.process_time() - start) / count


# -- searching ---------------------------------------------------------------------------------------------------------


def _searches(folder: Path) -> Table:
    vocabulary = _vocabulary()
    frequent, common, rare, rarer = (vocabulary[rank] for rank in (3, 100, 3_000, 20_000))
    asked = [
        Asked(query=rare, like=rare, plain=f'"{rare}"'),
        Asked(query=common, like=common, plain=f'"{common}"'),
        Asked(query=frequent, like=frequent, plain=f'"{frequent}"'),
        Asked(query="Nirgendwort", like="Nirgendwort", plain="nirgendwort"),
        Asked(query=f'"{common} {rare}"', like=f"{common} {rare}", plain=f'"{common} {rare}"'),
        Asked(query=f'"{frequent} {common}"', like=f"{frequent} {common}", plain=f'"{frequent} {common}"'),
        Asked(query=f"{common} NEAR/5 {rare}", plain=f'NEAR("{common}" "{rare}", 5)'),
        Asked(query=f"{frequent} NEAR/5 {common}", plain=f'NEAR("{frequent}" "{common}", 5)'),
        Asked(query=f"{rare[:6]}*", like=rare[:6], plain=f'"{rare[:6]}" *'),
        Asked(query=f"{common[:4]}*", like=common[:4], plain=f'"{common[:4]}" *'),
        Asked(query=f"{common} -{frequent}", plain=f'"{common}" NOT "{frequent}"'),
        Asked(query=f"{rare} {rarer}", plain=f'"{rare}" "{rarer}"'),
        Asked(query=f"title:{rare}"),
        Asked(query=f"={rare.capitalize()}"),
        Asked(query=f"feed:feed3 -{frequent}"),
    ]
    rows = []
    with closing(sqlite3.connect(folder / "plain.db")) as plain:
        for each in asked:
            newest, answer = _timed(folder, each.query, count_all=False)
            counted, whole = _timed(folder, each.query, count_all=True, runs=1)
            total = f"{'' if whole.is_complete else '≥ '}{whole.total:,}"
            times = f"{newest * 1e3:.1f} ms, {len(answer.results)} found", f"{counted * 1e3:.0f} ms", total
            rows.append((f"`{each.query}`", *times, _like(plain, each.like), _fts(plain, each.plain)))
    heads = ("query", "newest 20", "count all", "total", "`LIKE`", "FTS5 with `unicode61`")
    return table("seen-search", heads, rows)


def _timed(folder: Path, query: str, *, count_all: bool, runs: int = RUNS) -> tuple[float, Answer]:
    """The median processor time of a search, opening the files included, and its answer."""
    places = Places(
        state=folder / "none.db",
        seen=folder / "seen.db",
        folder=folder / "none",
        keep=timedelta(days=3650),
        zone=ZONE,
    )
    request = SearchRequest(watch=Watch(name="q", query=query), scope=Scope.SEEN, count_all=count_all)
    measured = [_once(request, places) for _ in range(runs + 1)][1:]
    return median(seconds for seconds, _ in measured), measured[0][1]


def _once(request: SearchRequest, places: Places) -> tuple[float, Answer]:
    start = time.process_time()
    answer = search(request, places, now=NOW, is_over=TimeLimit())
    return time.process_time() - start, answer


def _like(plain: sqlite3.Connection, words: str) -> str:
    return _measured(plain, "SELECT id FROM plain WHERE body LIKE ? ORDER BY id DESC LIMIT 20", words and f"%{words}%")


def _fts(plain: sqlite3.Connection, words: str) -> str:
    return _measured(plain, "SELECT rowid FROM indexed WHERE indexed MATCH ? ORDER BY rowid DESC LIMIT 20", words)


def _measured(plain: sqlite3.Connection, statement: str, value: str) -> str:
    if not value:
        return "–"
    start = time.process_time()
    plain.execute(statement, (value,)).fetchall()
    return f"{(time.process_time() - start) * 1e3:.1f} ms"


# -- backfill ----------------------------------------------------------------------------------------------------------


def _backfill(folder: Path, count: int) -> None:
    seen, state = folder / "backfill.db", folder / "state.db"
    given = (_text(number, f"Bericht {number}\n\nDie Werft baut Schiff {number}.") for number in range(count))
    while some := list(islice(given, 20 * BATCH)):
        _write(seen, some)
    open_database(state).dispose()
    places = Places(state=state, seen=seen, folder=folder / "none", keep=timedelta(days=3650), zone=ZONE)
    watch, since = Watch(name="Werft", terms=("Werft",)), NOW - timedelta(days=90)
    start = time.process_time()
    outlook = look_out(watch, places, since=since, now=NOW)
    planned = time.process_time()
    with editing(state) as store:
        silent = Recipients(channels={}, release_at={})
        number = store.run(backfills.begin, outlook.plan, silent, now=NOW)
        begun = time.process_time()
        size = state.stat().st_size + state.with_name("state.db-wal").stat().st_size
        while claimed := store.run(entries.claim, now=NOW, limit=100, lease=timedelta(minutes=30), for_backfills=True):
            store.run(entries.end, [(each.id, _ended(each)) for each in claimed], now=NOW)
        worked = time.process_time()
        status = store.run(backfill_status, number)
    scale = 100_000 / count
    print(
        f"backfill of {status.unmatched:,}, per 100,000: plan {(planned - start) * scale:.1f} s, "
        f"begin {(begun - planned) * scale:.1f} s, claim and end {(worked - begun) * scale:.1f} s, "
        f"state {size * scale / 1e6:.0f} MB\n"
    )


def _ended(entry: ClaimedEntry) -> EntryEnd:
    return EntryEnd(outcome=EntryOutcome.UNMATCHED, backfills=entry.backfills)


def _german() -> Table:
    rows = []
    for query, text, expected in GERMAN:
        watch = Watch(name="w", terms=(query,), compounds=query == "Dampfschiff")
        ours = bool(Watchlist.compile([watch]).match(Article(title="", body=text)))
        with closing(sqlite3.connect(":memory:")) as plain:
            plain.execute("CREATE VIRTUAL TABLE t USING fts5(body)")
            plain.execute("INSERT INTO t VALUES (?)", (text,))
            like = _is_found(plain, "SELECT 1 FROM t WHERE body LIKE ?", f"%{query}%")
            fts = _is_found(plain, "SELECT 1 FROM t WHERE t MATCH ?", f'"{query}"')
        shown = (("finds" if found else "misses") for found in (expected, ours, like, fts))
        should, one, two, three = (word if word == "finds" else "–" for word in shown)
        shown_text = text.replace("\u00ad", "(soft hyphen)").replace("\n", "(new line)")
        rows.append((query, shown_text, should, one, two, three))
    heads = ("query", "text", "should", "search", "`LIKE`", "FTS5 with `unicode61`")
    return table("search-german", heads, rows)


def _is_found(plain: sqlite3.Connection, statement: str, value: str) -> bool:
    return plain.execute(statement, (value,)).fetchone() is not None


# -- texts -------------------------------------------------------------------------------------------------------------


def _text(number: int, body: str, *, kind: TextKind = TextKind.ARTICLE, host: str = "blatt.example") -> SeenText:
    title, _, rest = body.partition("\n")
    published = NOW - timedelta(seconds=(number * 7919) % (28 * 86_400))
    return SeenText(
        link=f"https://{host}/artikel/{number}",
        link_key=number,
        variant=0,
        feed=f"feed{number % 50}",
        feed_text=f"{title}\n\n{rest[:200]}",
        article=Article(
            title=title, body=rest.strip(), published_at=published, language="de", site="Blatt", hosts=(host,)
        ),
        kind=kind,
        fetched_at=published + timedelta(minutes=5),
    )


def _vocabulary() -> list[str]:
    """Words of made-up German, the frequent ones short: compounds of one to five syllables, each once."""
    dice, syllables = Random(7), SYLLABLES.split()
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        parts = 1 + min(4, int(math.log2(1 + len(found)) / 3.5))
        word = "".join(dice.choice(syllables) for _ in range(parts))
        word += "-" + dice.choice(syllables) * 2 if dice.random() < 0.02 else ""
        found.setdefault(word if dice.random() < 0.6 else word.capitalize())
    return [word for word in found if len(word) > 2][:VOCABULARY]


def _bodies(count: int) -> Iterator[str]:
    """Articles of 400 words, drawn as Zipf's law has it."""
    dice, vocabulary = Random(11), _vocabulary()
    weights = list(accumulate(1 / (rank + 8) for rank in range(len(vocabulary))))
    for _ in range(count):
        words = dice.choices(vocabulary, cum_weights=weights, k=WORDS)
        sentences = [" ".join(words[first : first + 14]) for first in range(8, WORDS, 14)]
        yield " ".join(words[:8]) + "\n\n" + ". ".join(sentence.capitalize() for sentence in sentences) + "."


def _plain_tables(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / "plain.db")
    connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, body TEXT)")
    connection.execute("CREATE VIRTUAL TABLE indexed USING fts5(body, content='')")
    return connection


if __name__ == "__main__":
    main()
