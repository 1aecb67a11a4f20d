"""Lists of documents."""

from __future__ import annotations

from pathlib import Path

from tests.inquiry.test_search import Desk
from watcher.inquiry.document_list import list_documents
from watcher.store import reading
from watcher.store.queries.listed_documents import DocumentFilter


def test_a_filter_by_text_shows_what_it_found_in_time(tmp_path: Path) -> None:
    """Highest number first, and says that there may be more."""
    desk = Desk(folder=tmp_path)
    for link in range(1, 4):
        desk.document(f"Deich {link}", link=link)
    looks = iter([False, False])
    with reading(desk.places.state) as store:
        whole = list_documents(store, DocumentFilter(), query="Deich", is_over=lambda: False)
        part = list_documents(store, DocumentFilter(), query="Deich", is_over=lambda: next(looks, True))
        none = list_documents(store, DocumentFilter(), query="Deich", is_over=lambda: True)
    assert ([each.number for each in whole.documents], whole.is_complete) == ([2, 1, 0], True)
    assert ([each.number for each in part.documents], part.is_complete) == ([2, 1], False)
    assert (none.total, none.is_complete) == (0, False)
