"""Kept pages of documents, and the rights that they reserve."""

from __future__ import annotations

import json
from collections.abc import Iterable

import zstandard
from sqlalchemy import Connection, bindparam, select

from watcher.model import DocumentNumber, KeptPage, Rights
from watcher.store import schema
from watcher.store.dialect import values_of

_PAGE = select(schema.document_pages).where(schema.document_pages.c.document == bindparam("of"))
_RIGHTS = select(schema.document_rights).where(schema.document_rights.c.document.in_(values_of("numbers")))


def kept_page(tx: Connection, number: int) -> KeptPage | None:
    """Reads the page of a document, None if none is kept."""
    row = tx.execute(_PAGE, {"of": number}).first()
    if row is None:
        return None
    return KeptPage(
        url=row.url,
        fetched_at=row.fetched_at,
        request_head=row.request_head,
        response_head=row.response_head,
        body=zstandard.decompress(row.body) if row.compressed else row.body,
    )


def rights_of(tx: Connection, numbers: Iterable[int]) -> dict[DocumentNumber, Rights]:
    """Reads the reservations of these documents; those without one are missing."""
    rows = tx.execute(_RIGHTS, {"numbers": json.dumps(list(numbers))})
    return {
        DocumentNumber(row.document): Rights(
            robots=row.robots, tdm_reservation=row.tdm_reservation, tdm_policy=row.tdm_policy
        )
        for row in rows
    }
