"""Counts of what was read and what was not, by feed and day, and the counted entries whose page was not read.

Revision: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNTS = (
    *("polls", "failures", "known", "new", "page", "feed_only", "walls", "paywalls", "robots", "errors"),
    *("rolled_over", "seconds_lost"),
)


def upgrade() -> None:
    op.create_table(
        "coverage",
        sa.Column("feed_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("feed_id", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "coverage_blocks",
        sa.Column("feed_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("days", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("feed_id", "block"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unread_entries",
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("coverage", sa.String(9), nullable=False),
        sa.PrimaryKeyConstraint("entry"),
    )
