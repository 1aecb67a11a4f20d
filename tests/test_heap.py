"""The memory of a process: garbage collection is paused and resumed."""

from __future__ import annotations

import gc
from contextlib import suppress

from watcher import heap


def test_garbage_collection_resumes_after_a_pause() -> None:
    """Also if the body raises."""
    with suppress(ValueError), heap.gc_paused():
        assert not gc.isenabled()
        raise ValueError("broken")
    assert gc.isenabled()


def test_a_pause_within_a_pause_does_not_end_it() -> None:
    """The outer pause goes on."""
    with heap.gc_paused():
        with heap.gc_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
