"""Sentences outside of articles that hold a term of a watch, the entries whose pages showed them, and feeds' languages.

Revision: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "near_misses",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("watch", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("feed", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("near_misses_by_time", "near_misses", ["last_seen_at"])
    op.create_table(
        "near_miss_entries",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("near_miss", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("entry", "near_miss"),
        sqlite_with_rowid=False,
    )
    op.create_index("near_miss_entries_by_near_miss", "near_miss_entries", ["near_miss"])
    op.create_table(
        "feed_languages",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"]),
        sa.PrimaryKeyConstraint("feed_id"),
    )
