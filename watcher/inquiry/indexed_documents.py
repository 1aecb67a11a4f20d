"""Which documents may match a query, as the index of their words says: the matcher decides about each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from watcher.seen import open_index
from watcher.store import StoreReader
from watcher.store.queries import indexable_documents
from watcher.text.index import Condition


def proposed_documents(
    store: StoreReader, index: Path, condition: Condition | None, *, is_over: Callable[[], bool]
) -> list[int] | None:
    """Returns the numbers of the documents that may satisfy a condition, lowest first; None: any may.

    Documents that are not indexed yet are among them. An index that does not agree with the store, because documents
    changed since, is not used: the daemon renews it within seconds. Raises SeenError, TimeIsUp.
    """
    if condition is None:
        return None
    with open_index(index, is_over) as reader:
        extent = reader.extent()
        tally = store.read(indexable_documents.tally, highest=extent.highest)
        if tally != (extent.documents, extent.matches, extent.recorded):
            return None
        found = reader.numbers(condition)
    if found is None:
        return None
    return sorted(found) + list(store.read(indexable_documents.numbers_above, extent.highest))


def index_notes(index: Path | None, problem: str, *, is_complete: bool) -> list[str]:
    """Returns what a person has to know about an index that could not be used: damage, or why a search ended early."""
    if not problem or index is None or (is_complete and not index.exists()):
        return []
    return [f"{problem}; each document was read instead"]
