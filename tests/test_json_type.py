"""Values that are read from JSON leave nothing behind."""

from __future__ import annotations

import gc
import tracemalloc

from watcher.json_type import JsonType
from watcher.parsing.messages import ADDRESSES

STRINGS = 5_000


def _kept(adapter: JsonType[tuple[str, ...]], name: str) -> int:
    """Bytes that are in use after many strings were read, one after the other."""
    adapter.validate_json("[]")  # builds it
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(STRINGS):
            adapter.validate_json(f'["{name} {number} of a feed"]')
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_no_string_is_kept() -> None:
    """Neither by an adapter, nor by those of the answers of parser processes."""
    assert _kept(JsonType(tuple[str, ...]), "entry") < 50_000
    assert _kept(ADDRESSES, "address") < 50_000
