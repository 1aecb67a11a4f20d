"""Workers, holds and shards, on PostgreSQL.

Revision: 0014
"""

from __future__ import annotations

from alembic import op

from watcher.store.dialect import is_postgresql
from watcher.store.schema import cluster as cluster_tables

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if is_postgresql(connection):
        cluster_tables.create(connection)
