"""The state: schema, migrations, claims with leases, one transaction per step. No policy.

The only importer of SQLAlchemy.

The modules `feeds`, `entries`, `documents` and `deliveries` hold plain functions that take the open transaction
first; `StoreThread.run` calls them and commits.
"""

from watcher.store.database import open_database
from watcher.store.lock import StateLock
from watcher.store.reader import StoreReader, reading
from watcher.store.thread import StoreThread

__all__ = ["StateLock", "StoreReader", "StoreThread", "open_database", "reading"]
