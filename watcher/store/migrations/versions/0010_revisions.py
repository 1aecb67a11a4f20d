"""The pages of documents that are read again, and the later versions of their texts.

Revision: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revisits",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("validated", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
        sa.Column("track", sa.LargeBinary(), nullable=True),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"]),
        sa.PrimaryKeyConstraint("document"),
    )
    op.create_index("revisits_due", "revisits", ["due_at"], sqlite_where=sa.text("due_at IS NOT NULL"))
    op.create_table(
        "revisions",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("changes", sa.LargeBinary(), nullable=True),
        sa.Column("classes", sa.Text(), nullable=False),
        sa.Column("passages", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.Column("admitted", sa.Boolean(), nullable=True),
        sa.Column("dropped_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["document"], ["documents.number"]),
        sa.PrimaryKeyConstraint("document", "version"),
    )
    op.create_index("revisions_by_time", "revisions", ["seen_at"])
    op.create_index("revisions_by_record", "revisions", ["recorded_at"], sqlite_where=sa.text("text IS NOT NULL"))
    op.create_table(
        "delivery_revisions",
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.sequence"]),
        sa.PrimaryKeyConstraint("delivery", "document", "version"),
    )
    op.create_index("delivery_revisions_by_document", "delivery_revisions", ["document"])
