"""Keeps the pages of documents and the rights that they reserve."""

from __future__ import annotations

from dataclasses import dataclass

import zstandard
from sqlalchemy import Connection, bindparam, select

from watcher.model import NO_RIGHTS, EntryId, KeptPage, Rights
from watcher.store import schema
from watcher.store.dialect import upsert

_LEVEL = 3
_DOCUMENT_OF = select(schema.entries.c.document).where(schema.entries.c.id == bindparam("entry"))
_KEEP = upsert(schema.document_pages).on_conflict_do_nothing()
_RESERVE = upsert(schema.document_rights).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedPage:
    """A page whose body is compressed, if that makes it shorter: `body`, instead of that of the page."""

    page: KeptPage
    body: bytes
    compressed: bool


def pack(page: KeptPage) -> PackedPage:
    """Compresses the body of a page. It takes some milliseconds, which the store's thread should not spend."""
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(page.body)
    if len(packed) < len(page.body):
        return PackedPage(page=page, body=packed, compressed=True)
    return PackedPage(page=page, body=page.body, compressed=False)


def keep(tx: Connection, entry_id: EntryId, packed: PackedPage) -> None:
    """Keeps the page of the document of an entry, unless it has one.

    The entry is named because the document may get another number until its file is written.
    """
    page = packed.page
    row = {
        "document": tx.execute(_DOCUMENT_OF, {"entry": entry_id}).scalar_one(),
        "url": page.url,
        "fetched_at": page.fetched_at,
        "request_head": page.request_head,
        "response_head": page.response_head,
        "body": packed.body,
        "compressed": packed.compressed,
    }
    tx.execute(_KEEP, row)


def record_rights(tx: Connection, number: int, rights: Rights) -> None:
    """Records the reservations of a document's page, if there are any."""
    if rights != NO_RIGHTS:
        row = {
            "document": number,
            "robots": rights.robots,
            "tdm_reservation": rights.tdm_reservation,
            "tdm_policy": rights.tdm_policy,
        }
        tx.execute(_RESERVE, row)
