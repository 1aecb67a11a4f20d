"""Deliveries, channels, and the incidents of which the operator was notified."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from watcher.store.dialect import Id, Instant, identity
from watcher.store.schema.metadata import metadata

# One row per delivery of an alert to a channel. `payload` is stored before the first attempt. `urgent` breaks through
# quiet hours; `uncertain`: it may have been shown although no answer confirms it; `reference`: the channel's id of the
# message; `told_in`: the digest that carries it instead; `backfill`: the backfill that the summary is of.
deliveries = Table(
    "deliveries",
    metadata,
    Column("sequence", Id, identity(), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("channel", String, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("story", Id),
    Column("message", Text, nullable=False, default=""),
    Column("state", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("release_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("attempts", Integer, nullable=False, default=0),
    Column("payload", LargeBinary),
    Column("simplified", Boolean, nullable=False, default=False),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("uncertain", Boolean, nullable=False, default=False),
    Column("reference", Text, nullable=False, default=""),
    Column("told_in", Id),
    Column("last_answer", Text, nullable=False, default=""),
    Column("ended_at", Instant),
    Column("backfill", Id),
    Index("deliveries_by_state", "state", "channel", "sequence"),
    Index("deliveries_ended", "ended_at"),
)

delivery_documents = Table(
    "delivery_documents",
    metadata,
    Column("delivery", ForeignKey("deliveries.sequence"), primary_key=True),
    Column("document", ForeignKey("documents.number"), primary_key=True),
    Column("watches", Text, nullable=False),  # a JSON list: the reasons to notify the channel
    Index("delivery_documents_by_document", "document"),
)

# The near misses of a digest.
delivery_near_misses = Table(
    "delivery_near_misses",
    metadata,
    Column("delivery", ForeignKey("deliveries.sequence"), primary_key=True),
    Column("near_miss", BigInteger, primary_key=True, autoincrement=False),
    Index("delivery_near_misses_by_near_miss", "near_miss"),
)

# The stories of which a channel was (or will be) notified: once per story and watch.
notified = Table(
    "told",
    metadata,
    Column("channel", String, primary_key=True),
    Column("story", Id, primary_key=True),
    Column("watch", String, primary_key=True),
    Column("delivery", Id, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, identity(), primary_key=True),
    Column("delivery", ForeignKey("deliveries.sequence"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("status", Integer),
    Column("wait_seconds", Float),
    Column("seconds", Float, nullable=False),
    Column("answer", Text, nullable=False, default=""),
    Index("attempts_by_delivery", "delivery"),
)

# The state of a channel between deliveries. `failing_since`: the moment from which nothing has arrived there.
channels = Table(
    "channels",
    metadata,
    Column("name", String, primary_key=True),
    Column("parked_at", Instant),
    Column("parked_reason", Text, nullable=False, default=""),
    Column("paused_until", Instant),
    Column("failing_since", Instant),
)

# The incidents of which the operator was notified and that have not ended.
incidents = Table(
    "troubles",
    metadata,
    Column("name", String, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("message", Text, nullable=False),
)
