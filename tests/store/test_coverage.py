"""Coverage: each entry counts once, whatever happens to it, and all sums add up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, func, select

from tests.databases import new_file, on_sqlite
from tests.store.rows import LEASE, MATCHED, NOW, SILENT, draft, new_entry, poll_record
from watcher.model import ChangedEntry, Coverage, EntryId, FeedId
from watcher.store import open_database, schema
from watcher.store.commands import coverage as feeds_coverage
from watcher.store.commands import coverage_blocks, documents, entries, feeds, polls, retention
from watcher.store.commands.coverage import PollCount
from watcher.store.commands.entries import EntryEnd, EntryOutcome
from watcher.store.commands.polls import QuietPoll
from watcher.store.queries import coverage, feed_status

FEEDS = ("a", "b")
DAY = timedelta(days=1)
ENDED = [each for each in Coverage if each is not Coverage.WAITING]


class Crash(Exception):
    """The process was killed before the commit."""


@dataclass
class Model:
    """What must be counted: for each entry its feed, its day and its coverage; and the counts of polls by feed, day."""

    engine: Engine
    day: int = 100
    entries: dict[EntryId, tuple[str, int, Coverage]] = field(default_factory=dict)
    polls: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    documents: dict[EntryId, int] = field(default_factory=dict)
    made: int = 0

    @contextmanager
    def transaction(self, *, killed: bool) -> Iterator[Connection]:
        """A transaction that a kill -9 may prevent from being committed."""
        try:
            with self.engine.begin() as tx:
                yield tx
                if killed:
                    raise Crash
        except Crash:
            return

    def ended(self, entry: EntryId, read: Coverage) -> None:
        feed, day, before = self.entries[entry]
        if before is Coverage.WAITING or read is Coverage.PAGE:
            self.entries[entry] = (feed, day, read)

    def check(self) -> None:
        with self.engine.begin() as tx:
            rows = coverage.read_days(tx, first=0, last=10_000)
            waiting = tx.execute(
                select(func.count()).where(schema.unread_entries.c.coverage == Coverage.WAITING.value)
            ).scalar_one()
        expected = Counter((feed, day, read.value) for feed, day, read in self.entries.values())
        for row in rows:
            counts = row.counts
            assert counts.listed == counts.known + counts.new
            assert counts.new == sum(getattr(counts, each.value) for each in Coverage)
            for each in Coverage:
                assert getattr(counts, each.value) == expected[row.feed, row.day, each.value]
            for name in ("polls", "failures", "known", "rolled_over", "seconds_lost"):
                assert getattr(counts, name) == self.polls[row.feed, row.day, name]
        assert sum(row.counts.new for row in rows) == len(self.entries)
        assert sum(row.counts.waiting for row in rows) == waiting


def poll(model: Model, feed: str, new: int, known: int, failed: bool, killed: bool) -> None:
    """A poll with news, or one that failed."""
    with model.transaction(killed=killed) as tx:
        feed_id = _feed(tx, feed)
        brought = [] if failed else [new_entry(f"{feed} {model.made + number}") for number in range(new)]
        count = PollCount(
            day=model.day,
            known=0 if failed else known,
            rolled_over=3 * known,
            lost=((model.day - 1, 60), (model.day, 5)) if failed else (),
        )
        record = poll_record(tx, feed_id, new=brought, count=count, error="HTTP 500" if failed else "")
        before = tx.execute(select(func.max(schema.entries.c.id))).scalar_one() or 0
        polls.record_poll(tx, feed_id, record, now=NOW)
        if killed:
            return
    model.made += len(brought)
    for number in range(len(brought)):
        model.entries[EntryId(before + 1 + number)] = (feed, model.day, Coverage.WAITING)
    model.polls[feed, model.day, "polls"] += 1
    model.polls[feed, model.day, "failures"] += failed
    model.polls[feed, model.day, "known"] += count.known
    model.polls[feed, model.day, "rolled_over"] += count.rolled_over
    for day, seconds in count.lost:
        model.polls[feed, day, "seconds_lost"] += seconds


def quiet(model: Model, feed: str, lost: int, killed: bool) -> None:
    """Polls without news, two in one transaction."""
    with model.transaction(killed=killed) as tx:
        feed_id = _feed(tx, feed)
        one = QuietPoll(
            feed_id=feed_id,
            url=f"https://{feed}.example/feed",
            poll_state="{}",
            polled_at=NOW,
            next_poll_at=NOW,
            count=PollCount(day=model.day, lost=((model.day, lost), (model.day - 2, 7)) if lost else ()),
        )
        polls.settle_quiet_polls(tx, [one, replace(one, count=PollCount(day=model.day))])
    if not killed:
        model.polls[feed, model.day, "polls"] += 2
        model.polls[feed, model.day, "seconds_lost"] += lost
        model.polls[feed, model.day - 2, "seconds_lost"] += 7 if lost else 0


def end(model: Model, read: Coverage, how: str, killed: bool) -> None:
    """Claims up to three entries and ends them, releases them, or lets them be tried again."""
    with model.transaction(killed=False) as tx:
        claimed = entries.claim(tx, now=NOW + 9 * DAY, limit=3, lease=LEASE)
    ended = EntryEnd(outcome=EntryOutcome.UNMATCHED, coverage=read)
    with model.transaction(killed=killed) as tx:
        for one in claimed:
            if how == "retry":
                entries.retry(tx, one.id, due_at=NOW, reason="HTTP 503", status=503)
            elif how == "release":
                entries.release(tx, one.id)
            elif one.document is not None:
                entries.end_again(tx, one.id, ended, now=NOW)
            elif how == "document":
                text = f"Text {one.id % 2}"  # every other one is the twin of a document
                record = replace(MATCHED, coverage=read)
                documents.record(tx, one.id, draft(text), record, SILENT, highest_in_folder=-1, now=NOW)
            else:
                entries.end(tx, [(one.id, ended)], now=NOW)
    if killed:
        with model.transaction(killed=False) as tx:
            entries.void_claims(tx)
    elif how not in {"retry", "release"}:
        for one in claimed:
            model.ended(one.id, read)


def change(model: Model, killed: bool) -> None:
    """The feed changes every entry; some are being ingested meanwhile."""
    with model.transaction(killed=killed) as tx:
        claimed = [one.id for one in entries.claim(tx, now=NOW + 9 * DAY, limit=1, lease=LEASE)]
        for feed in FEEDS:
            own = [each for each, (name, _, _) in model.entries.items() if name == feed]
            changed = tuple(
                ChangedEntry(entry_id=each, entry=new_entry(f"{feed} neu {each}").entry, content_hash=1) for each in own
            )
            record = poll_record(tx, _feed(tx, feed), changed=changed, count=PollCount(day=model.day))
            polls.record_poll(tx, _feed(tx, feed), record, now=NOW)
        for each in claimed:
            entries.end(tx, [(each, EntryEnd(outcome=EntryOutcome.FAILED, coverage=Coverage.ROBOTS))], now=NOW)
    if not killed:
        for feed in FEEDS:
            model.polls[feed, model.day, "polls"] += 1
        for each in claimed:
            model.ended(each, Coverage.ROBOTS)


def leave(model: Model, killed: bool) -> None:
    """A feed leaves the config and returns: its entries and counts stay."""
    urls = {feed: f"https://{feed}.example/feed" for feed in FEEDS}
    with model.transaction(killed=killed) as tx:
        feeds.subscribe(tx, {"a": urls["a"]}, now=NOW)
    with model.transaction(killed=False) as tx:
        feeds.subscribe(tx, urls, now=NOW)


def next_day(model: Model) -> None:
    """Entries that wait still end on another day than that on which they count."""
    model.day += 1


def pack_all(model: Model, killed: bool) -> None:
    """Old counts are packed; here the blocks of all days."""
    with model.transaction(killed=killed) as tx:
        packed(tx, before=10_000)


def _feed(tx: Connection, feed: str) -> FeedId:
    return next(status.id for status in feed_status.statuses(tx) if status.name == feed)


_KILLED = st.sampled_from([False, False, False, True])
_STEPS = st.one_of(
    st.tuples(
        st.just(poll),
        st.sampled_from(FEEDS),
        st.integers(0, 4),
        st.integers(0, 2),
        st.sampled_from([False] * 3 + [True]),
        _KILLED,
    ),
    st.tuples(st.just(quiet), st.sampled_from(FEEDS), st.sampled_from([0, 30]), _KILLED),
    st.tuples(st.just(end), st.sampled_from(ENDED), st.sampled_from(["end", "document", "retry", "release"]), _KILLED),
    st.tuples(st.just(change), _KILLED),
    st.tuples(st.just(leave), _KILLED),
    st.tuples(st.just(next_day)),
    st.tuples(st.just(pack_all), _KILLED),
)


@pytest.mark.slow
@given(st.lists(_STEPS, max_size=30))
def test_every_entry_is_counted_once_and_all_sums_add_up(steps: list[tuple[object, ...]]) -> None:
    """In any order of polls, ends, retries, twins, changes, kills in between, feeds that leave and return, and days."""
    with TemporaryDirectory() as folder:
        engine = open_database(new_file(Path(folder) / "watcher.db"))
        with engine.begin() as tx:
            feeds.subscribe(tx, {feed: f"https://{feed}.example/feed" for feed in FEEDS}, now=NOW)
        model = Model(engine)
        for step, *arguments in steps:
            step(model, *arguments)  # type: ignore[operator]
            model.check()
        engine.dispose()


def counts_of(tx: Connection) -> dict[str, int]:
    """The counts of the only day that are not 0."""
    (row,) = coverage.read_days(tx, first=0, last=100_000)
    return {name: getattr(row.counts, name) for name in row.counts.__dataclass_fields__ if getattr(row.counts, name)}


def subscribed_and_polled(tx: Connection, *names: str) -> FeedId:
    feeds.subscribe(tx, {"a": "https://a.example/feed"}, now=NOW)
    feed = _feed(tx, "a")
    record = poll_record(tx, feed, new=[new_entry(name) for name in names], count=PollCount(day=100))
    polls.record_poll(tx, feed, record, now=NOW)
    return feed


def end_one(tx: Connection, read: Coverage) -> None:
    (one,) = entries.claim(tx, now=NOW + DAY, limit=1, lease=LEASE)
    entries.end(tx, [(one.id, EntryEnd(outcome=EntryOutcome.FAILED, coverage=read))], now=NOW)


def test_an_entry_whose_page_is_read_later_counts_as_read(tx: Connection) -> None:
    """The page was gone, then the feed changed the entry: the better of both counts, and it stays when it is gone."""
    feed = subscribed_and_polled(tx, "eins")
    changed = ChangedEntry(entry_id=EntryId(1), entry=new_entry("anders").entry, content_hash=2)
    for read, expected in (
        (Coverage.ERRORS, "errors"),
        (Coverage.WALLS, "errors"),
        (Coverage.PAGE, "page"),
        (Coverage.ERRORS, "page"),
    ):
        end_one(tx, read)
        polled = counts_of(tx).pop("polls")
        assert counts_of(tx) == {"polls": polled, "listed": 1, "new": 1, expected: 1}
        polls.record_poll(tx, feed, poll_record(tx, feed, changed=(changed,), count=PollCount(day=100)), now=NOW)


def test_an_entry_from_before_the_counts_is_left_out(tx: Connection) -> None:
    """A state of a former version has pending entries that no day counts; their end adds nothing."""
    subscribed_and_polled(tx, "eins", "zwei")
    tx.execute(schema.unread_entries.delete().where(schema.unread_entries.c.entry == 1))
    tx.execute(schema.coverage.update().values(new=1))
    for _ in range(2):
        end_one(tx, Coverage.PAGE)
    assert counts_of(tx) == {"polls": 1, "listed": 1, "new": 1, "page": 1}


def packed(tx: Connection, *, before: int, expired: int = 0) -> None:
    place: FeedId | None = FeedId(0)
    while place is not None:
        place = coverage_blocks.pack(tx, before=before, expired=expired, after=place, limit=1)


def test_counts_are_kept_for_a_year(tx: Connection) -> None:
    """Packed when they are old, in whole blocks; a later end of an entry is added; after a year they are gone."""
    subscribed_and_polled(tx, "eins", "zwei")
    packed(tx, before=127)
    assert tx.execute(select(schema.coverage_blocks)).all() == []
    for _ in range(2):
        packed(tx, before=128)
        assert tx.execute(select(schema.coverage)).all() == []
        end_one(tx, Coverage.ROBOTS)
    assert counts_of(tx) == {"polls": 1, "listed": 2, "new": 2, "robots": 2}
    packed(tx, before=500, expired=127)
    assert counts_of(tx) == {"polls": 1, "listed": 2, "new": 2, "robots": 2}
    packed(tx, before=500, expired=128)
    assert coverage.read_days(tx, first=0, last=100_000) == []


def test_the_rows_of_entries_go_with_these(tx: Connection) -> None:
    """Retention of entries deletes them, too; the newest entry stays."""
    subscribed_and_polled(tx, "eins", "zwei")
    for _ in range(2):
        end_one(tx, Coverage.ROBOTS)
    retention.drop_entries(tx, before=NOW + 400 * DAY, limit=10)
    assert tx.execute(select(schema.unread_entries.c.entry)).scalars().all() == [2]


@pytest.mark.slow
@on_sqlite
def test_a_year_of_a_feed_takes_a_few_kilobytes(tx: Connection) -> None:
    """Of 20 feeds with some of everything, 366 days each, packed as the daemon does."""
    dice, feeds_made = random.Random(1), 20
    feeds.subscribe(tx, {f"f{number}": f"https://f{number}.example/" for number in range(feeds_made)}, now=NOW)
    before = size(tx)
    for day in range(366):
        for feed in range(1, feeds_made + 1):
            count = PollCount(day=day, known=dice.randrange(3), rolled_over=dice.choice((0, 0, 0, 9)))
            feeds_coverage.count_poll(tx, FeedId(feed), count, failed=dice.random() < 0.2, new=dice.randrange(40))
        packed(tx, before=day - 40)
    assert (size(tx) - before) / feeds_made < 6_000


def size(tx: Connection) -> int:
    """The bytes of all pages that hold something."""
    pages = [
        tx.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "freelist_count", "page_size")
    ]
    return int((pages[0] - pages[1]) * pages[2])


def test_nothing_is_counted_that_is_not_committed(engine: Engine) -> None:
    """A poll and an end that are rolled back leave no trace."""
    with closing(engine.connect()) as connection, connection.begin() as transaction:
        subscribed_and_polled(connection, "eins")
        end_one(connection, Coverage.PAGE)
        transaction.rollback()
    with engine.begin() as tx:
        assert coverage.read_days(tx, first=0, last=100_000) == []
        assert tx.execute(select(schema.unread_entries)).all() == []
