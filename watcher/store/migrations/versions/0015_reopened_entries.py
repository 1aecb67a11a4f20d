"""Entries that are reopened forget their shard, and new ids follow those that backfills assigned; on PostgreSQL.

Revision: 0015
"""

from __future__ import annotations

from alembic import op

from watcher.store.dialect import is_postgresql
from watcher.store.schema.cluster import ENTRIES_REOPENED

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if is_postgresql(connection):
        connection.exec_driver_sql(ENTRIES_REOPENED)
        connection.exec_driver_sql("UPDATE entries SET shard = NULL WHERE state <> 'done' AND shard IS NOT NULL")
        connection.exec_driver_sql(
            "SELECT setval(sequence, highest) FROM pg_get_serial_sequence('entries', 'id') AS sequence, "
            "(SELECT max(id) AS highest FROM entries) AS ids "
            "WHERE highest > coalesce(pg_sequence_last_value(sequence::regclass), 0)"
        )
