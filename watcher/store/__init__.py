"""The state: schema, migrations, claims with leases, one transaction per step. No policy.

The only importer of SQLAlchemy.

The modules `feeds`, `entries`, `documents`, `deliveries` (what is to be told), `collecting` (windows and digests),
`outbox` (claims, attempts), `outbox_list`, `outbox_edit` and `troubles` hold plain functions that take the open
transaction first; `StoreThread.run` calls them and commits.
"""

from watcher.store.database import open_database
from watcher.store.lock import StateLock
from watcher.store.reader import StoreEditor, StoreReader, editing, reading
from watcher.store.thread import StoreThread

__all__ = ["StateLock", "StoreEditor", "StoreReader", "StoreThread", "editing", "open_database", "reading"]
