"""Kept pages and recorded rights: what comes back, stays with its document, and is deleted in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from tests.store.rows import MATCHED, NOW, SILENT, adopted, claimed_entry, draft
from watcher.corpus import file_name
from watcher.model import DocumentId, DocumentNumber, KeptPage, Rights
from watcher.store import schema
from watcher.store.commands import document_pages, documents, retention
from watcher.store.queries.document_pages import kept_page, rights_of

RIGHTS = Rights(robots="noarchive", tdm_reservation="1", tdm_policy="https://blatt.example/tdm")
PAGE = KeptPage(
    url="https://blatt.example/a",
    fetched_at=NOW,
    request_head=b"GET /a HTTP/1.1\r\n\r\n",
    response_head=b"HTTP/1.1 200 OK\r\nX: \xff\r\n\r\n",
    body=b"<p>Das Schiff</p>" * 1000,
)


def recorded(tx: Connection, text: str = "Ein Text", *, rights: Rights = RIGHTS) -> DocumentNumber:
    entry = claimed_entry(tx, text)
    made = replace(draft(text), rights=rights)
    document = documents.record(tx, entry.id, made, MATCHED, SILENT, highest_in_folder=-1, now=NOW)
    assert document is not None
    return document.number


def keep(tx: Connection, number: DocumentNumber, page: KeptPage) -> None:
    """Keeps a page for the entry of that document."""
    entry = tx.execute(select(schema.entries.c.id).where(schema.entries.c.document == number)).scalar_one()
    document_pages.keep(tx, entry, document_pages.pack(page))


@pytest.mark.parametrize("body", [PAGE.body, b"\x1f\x8bkurz", b""], ids=["long", "short", "empty"])
def test_page_comes_back_as_it_was(tx: Connection, body: bytes) -> None:
    """Whether or not it could be compressed."""
    page = replace(PAGE, body=body)
    number = recorded(tx)
    keep(tx, number, page)
    assert kept_page(tx, number) == page
    assert kept_page(tx, number + 1) is None


def test_compressible_page_takes_less_room(tx: Connection) -> None:
    """An uncompressed page is compressed in the state."""
    keep(tx, recorded(tx), PAGE)
    assert tx.execute(select(func.length(schema.document_pages.c.body))).scalar_one() < len(PAGE.body) / 10


def test_first_page_stays(tx: Connection) -> None:
    """The document is made of it."""
    number = recorded(tx)
    keep(tx, number, PAGE)
    keep(tx, number, replace(PAGE, body=b"sp\xc3\xa4ter"))
    assert kept_page(tx, number) == PAGE


def test_rights_are_recorded_with_the_document(tx: Connection) -> None:
    """A page that reserves nothing has no row."""
    first = recorded(tx)
    second = recorded(tx, "Ein anderer Text von heute", rights=Rights())
    assert rights_of(tx, [first, second]) == {first: RIGHTS}


def test_both_follow_a_document_to_its_new_number(tx: Connection) -> None:
    """A file of others has taken its own."""
    number = recorded(tx)
    keep(tx, number, PAGE)
    renamed = documents.renumber(
        tx,
        number,
        lambda new: file_name(new, DocumentId("0" * 16)),
        [adopted(number, "Fremder Text")],
        highest_in_folder=number,
        now=NOW,
    )
    assert kept_page(tx, renamed.number) == PAGE
    assert rights_of(tx, [number, renamed.number]) == {renamed.number: RIGHTS}


def test_pages_are_deleted_in_time_and_documents_stay(tx: Connection) -> None:
    """The oldest first, so many at once."""
    numbers = [recorded(tx, f"Der Text Nummer {number} von {number * 7}") for number in range(3)]
    for days, number in enumerate(numbers):
        page = replace(PAGE, fetched_at=NOW + timedelta(days=days))
        keep(tx, number, page)
    assert retention.drop_pages(tx, before=NOW + timedelta(days=2), limit=1) == 1
    assert retention.drop_pages(tx, before=NOW + timedelta(days=2), limit=50) == 1
    assert [kept_page(tx, number) is not None for number in numbers] == [False, False, True]
    assert tx.execute(select(func.count()).select_from(schema.documents)).scalar_one() == 3
