"""The pages of documents as received, and the reservations of rights that they declare.

Revision: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_rights",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("robots", sa.Text(), nullable=False),
        sa.Column("tdm_reservation", sa.String(length=1), nullable=False),
        sa.Column("tdm_policy", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"]),
        sa.PrimaryKeyConstraint("document"),
    )
    op.create_table(
        "document_pages",
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("request_head", sa.LargeBinary(), nullable=False),
        sa.Column("response_head", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("compressed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.number"]),
        sa.PrimaryKeyConstraint("document"),
    )
    op.create_index("document_pages_by_time", "document_pages", ["fetched_at"])
