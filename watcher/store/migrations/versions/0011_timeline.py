"""Counts of articles by date, the live matches of watches that look for spikes, and an index of documents by date.

Entries that ended before cannot be counted: what is known of their dates is in their feeds. `counted_since` says so.

Revision: 0011
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("documents_by_date", "documents", ["date"])
    op.create_table(
        "entry_dates",
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("date", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("entry"),
    )
    op.create_table(
        "article_counts",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("date", sa.String(10), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "date"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counted_since",
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("what"),
    )
    op.create_table(
        "spike_days",
        sa.Column("watch", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("matches", sa.Integer(), nullable=False),
        sa.Column("notified_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("watch", "day"),
        sqlite_with_rowid=False,
    )
    now = sa.bindparam("now", int(datetime.now(UTC).timestamp() * 1_000_000), type_=sa.BigInteger())
    found = "INSERT INTO counted_since SELECT 'articles', :now WHERE EXISTS (SELECT 1 FROM entries WHERE outcome <> '')"
    op.execute(sa.text(found).bindparams(now))
