"""The process pool that parses hostile bytes under limits, and kills what hangs. No policy; knows no other room.

`pool.py` hands tasks out, `process.py` is one child as its parent sees it, `line.py` the parent's end of what they say
to each other, `child.py` what runs inside it under `limits.py`, `frames.py` what is said and the child's end, `tray.py`
where a page is laid for it. Nothing that a child says is ever unpickled.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.parsing.pool import ParserPool

__all__ = ["ParserPool"]


def __getattr__(name: str) -> Any:
    """Loads the pool when it is asked for: a child is imported from here too, and asyncio would cost it 9 MB."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from watcher.parsing.pool import ParserPool

    return ParserPool
