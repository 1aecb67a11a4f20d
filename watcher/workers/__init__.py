"""The process pool that parses hostile bytes under limits, and kills what hangs. No policy; knows no other room.

`pool.py` hands tasks out, `process.py` is one child as its parent sees it, `child.py` what runs inside it under
`limits.py`, `frames.py` what they say to each other. Nothing that a child says is ever unpickled.
"""

from watcher.workers.pool import WorkerPool

__all__ = ["WorkerPool"]
