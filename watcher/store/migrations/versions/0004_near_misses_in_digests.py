"""The near misses that a digest shows.

Revision: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delivery_near_misses",
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("near_miss", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.sequence"]),
        sa.PrimaryKeyConstraint("delivery", "near_miss"),
    )
    op.create_index("delivery_near_misses_by_near_miss", "delivery_near_misses", ["near_miss"])
