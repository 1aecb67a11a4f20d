"""The state: schema, migrations, claims with leases, one transaction per step. No policy.

The only importer of SQLAlchemy. From the bottom up:

- `dialect`: column types, and what differs between SQLite and PostgreSQL; `schema`: the tables; `codec`: the JSON form
  of values; `raw_sql`: SQL text; `migrations`: Alembic's.
- `engine`: `database` opens a state (`sqlite`, `postgresql`, `tables`), `thread` runs transactions for the daemon,
  `reader` beside it; `lock`, `backup`, `recovery`, `copying`.
- `queries`: functions that read. `feed_status`, `entry_status`, `known_entries`, `stored_documents`, `overlaps`,
  `repeats`, `watch_definitions`, `outbox_status`, `health`, `statistics`, `coverage`, `feed_incidents`.
- `commands`: functions that change something. `feeds` and `polled_entries` (polls), `entries` and `pages` (ingestion),
  `documents` and `stories` (archive), `outbox` (deliveries), `watches`, `incidents` and `feed_incidents`,
  `coverage` and `coverage_blocks`, `retention`, `clock_skew`.
- `fencing`: the hold under which a worker works. For workers, on PostgreSQL only: `raw_cluster_sql`, the commands
  `workers`, `holds`, `membership`, `jobs`, `shards`, `sweep` and `shared_hosts`, the queries `workers`, `holds` and
  `due_work`.

A query or command takes an open transaction first; `StoreThread.run` calls it and commits. A module makes its
statements once, at its top: making one takes longer than executing it. SQL text is in `raw_sql` and
`raw_cluster_sql` only.
"""

from watcher.store.engine.database import Location, is_there, open_database
from watcher.store.engine.lock import StateLock
from watcher.store.engine.reader import StoreEditor, StoreReader, editing, reading, reading_in_time
from watcher.store.engine.thread import StoreThread

__all__ = [
    "Location",
    "StateLock",
    "StoreEditor",
    "StoreReader",
    "StoreThread",
    "editing",
    "is_there",
    "open_database",
    "reading",
    "reading_in_time",
]
