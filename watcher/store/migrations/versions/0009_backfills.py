"""Backfills, the entries that are ingested for them, and the deliveries of their summaries.

Revision: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("watch", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "backfill_entries",
        sa.Column("backfill", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("link_key", sa.BigInteger(), nullable=False),
        sa.Column("variant", sa.BigInteger(), nullable=False),
        sa.Column("reopened", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=9), nullable=False),
        sa.Column("document", sa.Integer(), nullable=True),
        sa.Column("from_seen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["backfill"], ["backfills.id"]),
        sa.PrimaryKeyConstraint("backfill", "entry"),
        sqlite_with_rowid=False,
    )
    op.create_index("backfill_entries_open", "backfill_entries", ["entry"], sqlite_where=sa.text("outcome = ''"))
    op.create_index("backfill_entries_left", "backfill_entries", ["backfill"], sqlite_where=sa.text("outcome = ''"))
    op.add_column("deliveries", sa.Column("backfill", sa.Integer(), nullable=True))
