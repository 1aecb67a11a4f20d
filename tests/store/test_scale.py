"""What runs every second must not read whole tables: its cost may not grow with what is long done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from tests.databases import on_sqlite
from tests.store.rows import LEASE, NOW, new_entry, record
from watcher.model import FeedId
from watcher.store.commands import entries, feeds, outbox
from watcher.store.commands.outbox import QueueLimits
from watcher.store.queries import feed_status, known_entries, stored_documents

EVERY_SECOND: dict[str, Callable[[Connection], object]] = {
    "due feeds": lambda tx: feeds.claim(tx, now=NOW, limit=8, lease=LEASE),
    "due entries": lambda tx: entries.claim(tx, now=NOW, limit=8, lease=LEASE),
    "open first polls": lambda tx: feed_status.first_polls_open(tx, now=NOW),
    "lapsed claims": lambda tx: entries.free_expired(tx, now=NOW),
    "owed files": stored_documents.unwritten,
    "due deliveries": lambda tx: outbox.claim_due(
        tx,
        {"slack": timedelta(hours=4), "haken": None},
        gate=lambda _channel, _kind, _urgent, _told: (NOW, ""),
        quiet={"slack": (NOW + timedelta(hours=1), "")},
        limits=QueueLimits(in_order=5, after_outage=100),
        now=NOW,
        lease=LEASE,
    ),
    "known entries": lambda tx: known_entries.find_known(tx, FeedId(1), new_entry("a").keys.all),
}


@on_sqlite
@pytest.mark.parametrize("name", EVERY_SECOND)
def test_nothing_long_done_is_read(engine: Engine, name: str) -> None:
    """SQLite answers from an index that holds open rows only, or by key; never by a look at every entry."""
    statements: list[tuple[str, Any]] = []
    with engine.begin() as tx:
        record(tx, "blatt", *(new_entry(str(number)) for number in range(3)))
        event.listen(tx, "before_cursor_execute", lambda _c, _u, sql, given, _x, _m: statements.append((sql, given)))
        EVERY_SECOND[name](tx)
        plans = [
            row[3]
            for sql, given in list(statements)
            if sql.startswith(("SELECT", "UPDATE"))
            for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)
        ]
    scans = [
        plan for plan in plans if plan.startswith(("SCAN entries", "SCAN documents", "SCAN known", "SCAN deliveries"))
    ]
    assert [plan for plan in scans if "USING INDEX" not in plan] == []
    assert plans


@on_sqlite
def test_due_feeds_come_from_their_index(tx: Connection) -> None:
    """100,000 feeds that are not due cost nothing."""
    sql = "SELECT id FROM feeds WHERE feeds.active AND next_poll_at <= ? AND lease_until IS NULL ORDER BY next_poll_at"
    (plan,) = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (1,))
    assert "feeds_due" in plan[3]
    names = [f"f{number}" for number in range(3000)]
    feeds.subscribe(tx, {name: f"https://{name}.example/" for name in names}, now=NOW + timedelta(hours=1))
    assert feeds.claim(tx, now=NOW, limit=48, lease=LEASE) == []
    assert tx.execute(text("SELECT count(*) FROM feeds")).scalar_one() == 3000
