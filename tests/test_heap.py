"""The memory of a process: garbage collection is paused and resumed."""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import suppress

import pytest

from watcher import heap

MANY_THREADS = """
import ctypes, threading
from watcher import heap
if {limited}:
    heap.limit_free_memory(kept=2**20, large=2**20)
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
alive = threading.Barrier(8)
def work():
    block = libc.malloc(2**16)
    alive.wait()
    libc.free(block)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_stats()
"""


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


@pytest.mark.parametrize("limited", [True, False])
def test_threads_keep_no_free_memory_of_their_own(limited: bool) -> None:
    """All share one arena of glibc; without the limit they have several."""
    ended = subprocess.run(
        [sys.executable, "-c", MANY_THREADS.format(limited=limited)], capture_output=True, text=True, check=True
    )
    arenas = ended.stderr.count("Arena ")
    assert arenas == 1 if limited else arenas > 1


def test_modules_are_exempt_from_garbage_collection_once_imported() -> None:
    """Collection is paused meanwhile, and skips afterwards what was made: cycles of that time stay."""
    gc.unfreeze()
    try:
        with heap.importing():
            assert not gc.isenabled()
            cycle: list[object] = []
            cycle.append(cycle)
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert not any(each is cycle for each in gc.get_objects())
    finally:
        gc.unfreeze()
